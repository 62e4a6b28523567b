import assert from "node:assert/strict";
import { createHandler, type Served } from "../examples/edge/handler.ts";
import server from "../examples/edge/server.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Diagonal } from "../src/operator/diagonal.ts";
import { assertClose } from "./helpers.ts";

const map = Butterfly.random(12, { rows: 5, seed: 1 });
const handler = createHandler(map, { bytes: 1000 });
const x = Float32Array.from({ length: 24 }, (_, i) => Math.cos(i));
const y = map.apply(x);

type Body = NonNullable<RequestInit["body"]>;

/** Posts to /apply; an object goes as JSON, bytes go raw. */
function post(
  content: object | string | Uint8Array<ArrayBuffer>,
  type?: string,
  path = "/apply",
): Promise<Response> {
  const raw = content instanceof Uint8Array;
  const body: Body = raw || typeof content === "string" ? content : JSON.stringify(content);
  const headers = { "content-type": type ?? (raw ? "application/octet-stream" : "application/json") };
  return handler(new Request(`http://edge.test${path}`, { method: "POST", body, headers }));
}

/** Asserts that a request is refused, with the status and a sentence. */
async function refused(answer: Promise<Response>, status: number, sentence: RegExp): Promise<Response> {
  const response = await answer;
  assert.equal(response.status, status);
  assert.match((await response.json() as { error: string }).error, sentence);
  return response;
}

Deno.test("raw float32 goes in and comes out, one vector or a batch", async () => {
  for (const count of [1, 2]) {
    const response = await post(new Uint8Array(x.slice(0, 12 * count).buffer));
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "application/octet-stream");
    assertClose(new Float32Array(await response.arrayBuffer()), y.subarray(0, 5 * count), 1e-6);
  }
});

Deno.test("JSON goes in and comes out in the same shape", async () => {
  const flat = await (await post({ x: Array.from(x) })).json() as { y: number[] };
  assertClose(flat.y, y, 1e-6);
  const rows = [Array.from(x.subarray(0, 12)), Array.from(x.subarray(12))];
  const nested = await (await post({ x: rows }, "application/JSON; charset=utf-8")).json() as {
    y: number[][];
  };
  assert.deepEqual(nested.y.map((row) => row.length), [5, 5]);
  assertClose(nested.y.flat(), y, 1e-6);
});

Deno.test("complex vectors lie interleaved", async () => {
  const complex = createHandler(new Diagonal(new Float32Array([0, 1, 2, 0]), "complex"));
  const request = new Request("http://edge.test/apply", {
    method: "POST",
    body: JSON.stringify({ x: [1, 2, 3, 4] }),
    headers: { "content-type": "application/json" },
  });
  assert.deepEqual(await (await complex(request)).json(), { y: [-2, 1, 6, 8] });
});

Deno.test("what is served is told", async () => {
  const response = await handler(new Request("http://edge.test/"));
  assert.deepEqual(await response.json(), { rows: 5, cols: 12, field: "real", bytes: 1000 });
});

Deno.test("wrong lengths and things that are no numbers are refused with 400", async () => {
  await refused(post({ x: [1, 2, 3] }), 400, /^Got 3 numbers: expected 12, or a multiple of them\.$/);
  await refused(post({ x: [] }), 400, /^Got 0 numbers/);
  await refused(post(new Uint8Array(0)), 400, /^Got 0 numbers/);
  await refused(post(new Uint8Array(47)), 400, /^The body has 47 bytes/);
  await refused(post({ x: [...x.subarray(1, 12), "1"] }), 400, /^x\[11\] is not a number/);
  await refused(post({ x: [1e39, ...x.subarray(1, 12)] }), 400, /^x\[0\] is not a number that fits/);
  await refused(post({ x: [null] }), 400, /^x\[0\]/);
  await refused(post({ x: [Array.from(x.subarray(0, 12)), [1]] }), 400, /^x\[1\] is not a list of 12/);
  await refused(post({ x: [Array.from(x.subarray(0, 12)), 1] }), 400, /^x\[1\] is not a list of 12/);
  await refused(post({ x: [[{}, ...x.subarray(1, 12)]] }), 400, /^x\[0\]\[0\] is not a number/);
});

Deno.test("what is no JSON, or has no list, is refused with 400", async () => {
  for (const text of ["", "{", "\u0000"]) await refused(post(text, "application/json"), 400, /not JSON/);
  await refused(post(new Uint8Array([0x22, 0xff, 0x22]), "application/json"), 400, /not JSON/);
  for (const value of ["1", "null", "[]", '{"y":[1]}', '{"x":{"length":12}}']) {
    await refused(post(value, "application/json"), 400, /no list "x"/);
  }
});

Deno.test("a result that JSON cannot hold is refused with 422", async () => {
  const large = createHandler(new Diagonal(new Float32Array([1e30])));
  const request = new Request("http://edge.test/apply", {
    method: "POST",
    body: '{"x":[1e30]}',
    headers: { "content-type": "application/json" },
  });
  await refused(large(request), 422, /too large/);
});

Deno.test("a body that is too long is refused with 413, and not read further than that", async () => {
  await refused(post(new Uint8Array(1004)), 413, /longer than 1000 bytes/);
  let pulled = 0, cancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled++;
      controller.enqueue(new Uint8Array(100));
    },
    cancel() {
      cancelled = true;
    },
  });
  const headers = { "content-type": "application/octet-stream" };
  const request = new Request("http://edge.test/apply", { method: "POST", body: endless, headers });
  await refused(handler(request), 413, /longer than 1000 bytes/);
  assert.ok(cancelled && pulled < 20, `pulled ${pulled} times`);
  // One that announces its length is not read at all.
  const announced = new Request("http://edge.test/apply", {
    method: "POST",
    body: "x",
    headers: { ...headers, "content-length": "1001" },
  });
  await refused(handler(announced), 413, /longer than 1000 bytes/);
});

Deno.test("a body that breaks off is refused with 400", async () => {
  const broken = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error("gone")),
  });
  const headers = { "content-type": "application/octet-stream" };
  await refused(
    handler(new Request("http://edge.test/apply", { method: "POST", body: broken, headers })),
    400,
    /broke off/,
  );
});

Deno.test("other types, paths and methods are refused with 415, 404 and 405", async () => {
  const response = await refused(post("1,2,3", "text/csv"), 415, /application\/json/);
  assert.match(response.headers.get("accept-post")!, /octet-stream/);
  const compressed = new Request("http://edge.test/apply", {
    method: "POST",
    body: "{}",
    headers: { "content-type": "application/json", "content-encoding": "gzip" },
  });
  await refused(handler(compressed), 415, /not be compressed: got a compressed one/);
  await refused(post("1,2,3", "text/csv"), 415, /got text\/csv/);
  await refused(post({ x: [] }, undefined, "/elsewhere"), 404, /\/apply/);
  const got = await refused(handler(new Request("http://edge.test/apply")), 405, /takes POST, not GET/);
  assert.equal(got.headers.get("allow"), "POST");
  await refused(post({ x: [] }, undefined, "/"), 405, /takes GET, not POST/);
  assert.equal((await handler(new Request("http://edge.test/", { method: "HEAD" }))).status, 200);
});

Deno.test("a fault of the operator is not told to the world as if the request were wrong", async () => {
  let calls = 0;
  const faulty: Served = {
    rows: 1,
    cols: 1,
    field: "real",
    apply: (x) => {
      if (calls++ > 0) throw new Error("out of memory");
      return new Float32Array(x);
    },
  };
  const request = new Request("http://edge.test/apply", {
    method: "POST",
    body: '{"x":[1]}',
    headers: { "content-type": "application/json" },
  });
  await assert.rejects(createHandler(faulty)(request), /out of memory/);
});

Deno.test("the server of the example serves a cosine transform from its file", async () => {
  const ones = new Float32Array(256).fill(1);
  const response = await server.fetch(
    new Request("http://edge.test/apply", {
      method: "POST",
      body: new Uint8Array(ones.buffer),
      headers: { "content-type": "application/octet-stream" },
    }),
  );
  const spectrum = new Float32Array(await response.arrayBuffer());
  assert.ok(Math.abs(spectrum[0] - 16) < 1e-4);
  assert.ok(spectrum.subarray(1).every((v) => Math.abs(v) < 1e-4));
});
