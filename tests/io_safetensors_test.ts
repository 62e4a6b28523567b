import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import {
  type Dtype,
  floatTensor,
  readSafetensors,
  type Tensor,
  type TensorData,
  writeSafetensors,
} from "../src/io/safetensors.ts";

/** A file written by the Python package safetensors 0.8. */
const PYTHON =
  "8AEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJucCIsIm5vdGUiOiLDvCJ9LCJpIjp7ImR0eXBlIjoiSTY0Iiwic2hhcGUiOlsyXSwiZGF0YV9vZmZzZXRzIjpbMCwxNl19LCJkIjp7ImR0eXBlIjoiRjY0Iiwic2hhcGUiOlsxXSwiZGF0YV9vZmZzZXRzIjpbMTYsMjRdfSwiYyI6eyJkdHlwZSI6IkM2NCIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzI0LDMyXX0sIjEwIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsyLDJdLCJkYXRhX29mZnNldHMiOlszMiw0OF19LCJlIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlswLDJdLCJkYXRhX29mZnNldHMiOls0OCw0OF19LCIyIjp7ImR0eXBlIjoiRjE2Iiwic2hhcGUiOlsyXSwiZGF0YV9vZmZzZXRzIjpbNDgsNTJdfSwidSI6eyJkdHlwZSI6IlU4Iiwic2hhcGUiOlsxLDFdLCJkYXRhX29mZnNldHMiOls1Miw1M119LCJiIjp7ImR0eXBlIjoiQk9PTCIsInNoYXBlIjpbM10sImRhdGFfb2Zmc2V0cyI6WzUzLDU2XX19ICAgICAg//////////8AAAAAAAAAQJqZmZmZmbk/AACAPwAAAEAAAIA/AAAAQAAAQEAAAIBAAD4A/AcBAAE=";

const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

/** A file with any header (text, or an object for JSON) and so many bytes of data. */
function file(header: unknown, dataBytes = 0, claimed?: bigint): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const refused = (bytes: Uint8Array, sentence: RegExp, type: ErrorConstructor = RangeError): void =>
  assert.throws(() => readSafetensors(bytes, "w.safetensors"), (error) => {
    assert.ok(error instanceof type, String(error));
    assert.match(error.message, /^Cannot read 'w\.safetensors': /);
    assert.match(error.message, sentence);
    return true;
  });

const f32 = (...values: number[]): Tensor => ({
  dtype: "F32",
  shape: [values.length],
  data: new Float32Array(values),
});

Deno.test("a safetensors file of the Python package is read as it was written", () => {
  const { tensors, metadata } = readSafetensors(fromBase64(PYTHON));
  assert.deepEqual({ ...metadata }, { format: "np", note: "ü" });
  const expected: Record<string, Tensor> = {
    i: { dtype: "I64", shape: [2], data: new BigInt64Array([-1n, 2n ** 62n]) },
    d: { dtype: "F64", shape: [1], data: new Float64Array([0.1]) },
    c: { dtype: "C64", shape: [1], data: new Float32Array([1, 2]) },
    "10": { dtype: "F32", shape: [2, 2], data: new Float32Array([1, 2, 3, 4]) },
    e: { dtype: "F32", shape: [0, 2], data: new Float32Array() },
    "2": { dtype: "F16", shape: [2], data: new Float32Array([1.5, -Infinity]) },
    u: { dtype: "U8", shape: [1, 1], data: new Uint8Array([7]) },
    b: { dtype: "BOOL", shape: [3], data: new Uint8Array([1, 0, 1]) },
  };
  for (const [name, tensor] of tensors) assert.deepEqual(tensor, expected[name], name);
  assert.deepEqual([...tensors.keys()], ["i", "d", "c", "10", "e", "2", "u", "b"]);
});

Deno.test("bfloat16 tensors are read exactly", () => {
  const bytes = file({ w: { dtype: "BF16", shape: [2], data_offsets: [0, 4] } }, 4);
  bytes.set([0x80, 0x3f, 0x01, 0x80], bytes.length - 4);
  const { data } = readSafetensors(bytes).tensors.get("w")!;
  assert.deepEqual(data, new Float32Array([1, -(2 ** -133)]));
});

Deno.test("aligned safetensors data is a view of the file, in a part of a buffer too", () => {
  const bytes = writeSafetensors([["w", f32(1, 2, 3)]]);
  const { data } = readSafetensors(bytes).tensors.get("w")!;
  assert.equal(data.buffer, bytes.buffer);
  data[0] = 9;
  assert.equal(readSafetensors(bytes).tensors.get("w")!.data[0], 9);

  for (let shift = 0; shift < 8; shift++) {
    const part = new Uint8Array(bytes.length + 16).subarray(shift, shift + bytes.length);
    part.set(bytes);
    const { data } = readSafetensors(part).tensors.get("w")!;
    assert.deepEqual(data, new Float32Array([9, 2, 3]));
    assert.equal(data.buffer === part.buffer, shift % 4 === 0, `shifted by ${shift}`);
  }
});

Deno.test("a Node Buffer and memory shared between threads serve as a safetensors file", () => {
  const bytes = writeSafetensors([["a", { dtype: "U8", shape: [1], data: new Uint8Array(1) }], [
    "w",
    f32(5),
  ]]);
  assert.deepEqual(readSafetensors(Buffer.from(bytes)).tensors.get("w"), f32(5));
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  assert.deepEqual(readSafetensors(shared).tensors.get("w")?.data[0], 5);
});

Deno.test("safetensors data starts on 8 bytes and the order given is kept, for names like numbers too", () => {
  const tensors: [string, Tensor][] = [["b", f32(1)], ["10", f32(2, 3)], ["2", f32()], ["a", f32(4)]];
  const bytes = writeSafetensors(tensors, { z: "1", a: "2" });
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  assert.equal(length % 8, 0);
  const header = new TextDecoder().decode(bytes.subarray(8, 8 + length));
  assert.match(header, /^\{"__metadata__":\{"z":"1","a":"2"\},"b":.*"10":.*"2":.*"a":.*\} *$/);
  assert.deepEqual([...readSafetensors(bytes).tensors], tensors);
  assert.deepEqual(writeSafetensors(new Map(tensors), { z: "1", a: "2" }), bytes);
});

const ARRAYS: [Dtype, (values: number[]) => TensorData][] = [
  ["F32", (v) => new Float32Array(v)],
  ["F64", (v) => new Float64Array(v)],
  ["C64", (v) => new Float32Array([...v, ...v])],
  ["I64", (v) => BigInt64Array.from(v, (x) => BigInt(Math.trunc(x) || 0))],
  ["U64", (v) => BigUint64Array.from(v, (x) => BigInt(Math.abs(Math.trunc(x)) || 0))],
  ["I32", (v) => new Int32Array(v)],
  ["U32", (v) => new Uint32Array(v)],
  ["I16", (v) => new Int16Array(v)],
  ["U16", (v) => new Uint16Array(v)],
  ["I8", (v) => new Int8Array(v)],
  ["U8", (v) => new Uint8Array(v)],
  ["BOOL", (v) => Uint8Array.from(v, (x) => x > 0 ? 1 : 0)],
];

Deno.test("any tensors and metadata come back from safetensors as they were", () => {
  const name = fc.string({ unit: "grapheme" }).filter((s) => s !== "__proto__" && s !== "__metadata__");
  const tensor = fc.tuple(
    fc.constantFrom(...ARRAYS),
    fc.nat(4),
    fc.nat(3),
    fc.array(fc.double({ noDefaultInfinity: true, min: -1e9, max: 1e9 }), { minLength: 12, maxLength: 12 }),
  ).map(([[dtype, make], rows, columns, values]): Tensor => ({
    dtype,
    shape: [rows, columns],
    data: make(values.slice(0, rows * columns)),
  }));
  fc.assert(fc.property(
    fc.uniqueArray(fc.tuple(name, tensor), { selector: ([name]) => name, maxLength: 6 }),
    fc.dictionary(name, fc.string({ unit: "grapheme" })),
    (tensors, metadata) => {
      const bytes = writeSafetensors(tensors, metadata);
      const back = readSafetensors(bytes);
      assert.deepEqual(back.tensors, new Map(tensors));
      assert.deepEqual({ ...back.metadata }, { ...metadata });
      assert.deepEqual(writeSafetensors(tensors, metadata), bytes);
    },
  ));
});

Deno.test("a hostile header length is refused without allocating it", () => {
  const before = Deno.memoryUsage().external;
  refused(file({}, 0, 2n ** 64n - 1n), /header claims \d+ bytes, at most 100000000/);
  refused(file({}, 0, 2n ** 63n), /at most 100000000/);
  refused(file({}, 0, 100_000_001n), /claims 100000001 bytes, at most/);
  refused(file({}, 0, 100_000_000n), /claims 100000000 bytes but the file has 10: it is cut short/);
  refused(file({}, 0, 3n), /cut short/);
  assert.ok(Deno.memoryUsage().external - before < 1e7);
});

Deno.test("a tensor larger than the file is refused without allocating it", () => {
  const before = Deno.memoryUsage().external;
  const tensor = (dtype: string, shape: unknown, end: unknown): unknown => ({
    w: { dtype, shape, data_offsets: [0, end] },
  });
  refused(
    file(tensor("F32", [1e9], 4e9), 100),
    /claims bytes 0 to 4000000000 but the file has 100 bytes of data/,
  );
  refused(
    file(tensor("F32", [1e9], 100), 100),
    /has 100 bytes of data, its shape and dtype F32 need 4000000000/,
  );
  refused(file(tensor("F16", [1e9], 100), 100), /need 2000000000/);
  for (const shape of [[2 ** 40, 2 ** 40], [2 ** 53], [1e308, 1e308]]) {
    refused(file(tensor("F32", shape, 100), 100), /the shape of tensor 'w' is not a list of sizes/);
  }
  assert.ok(Deno.memoryUsage().external - before < 1e7);
});

Deno.test("a safetensors header that is no JSON object is refused", () => {
  refused(new Uint8Array(), /the file is empty/);
  refused(new Uint8Array(7), /7 bytes, expected 8/);
  refused(file(""), /not JSON in UTF-8/);
  refused(file("{"), /not JSON in UTF-8/);
  refused(file("\ufeff{}"), /not JSON in UTF-8/);
  refused(file('{"\xff":1}').with(10, 0xff), /not JSON in UTF-8/);
  refused(file("[]"), /not a JSON object/);
  refused(file("null"), /not a JSON object/);
  refused(file("3"), /not a JSON object/);
  assert.throws(() => readSafetensors("{}" as unknown as Uint8Array), {
    name: "TypeError",
    message: "Cannot read the safetensors file: expected a Uint8Array, got String",
  });
});

Deno.test("keys that are there twice or reach for the prototype are refused", () => {
  const entry = '{"dtype":"U8","shape":[0],"data_offsets":[0,0]}';
  refused(file(`{"a":${entry},"a":${entry}}`), /the key 'a' twice/);
  refused(file(`{"a":${entry}, "\\u0061" :${entry}}`), /the key 'a' twice/);
  refused(file(`{"a":{"dtype":"U8","shape":[0],"shape":[0],"data_offsets":[0,0]}}`), /the key 'shape' twice/);
  refused(file(`{"__metadata__":{},"__metadata__":{}}`), /the key '__metadata__' twice/);
  refused(file(`{"__proto__":${entry}}`), /the key '__proto__' \(never allowed\)/);
  refused(file(`{"__metadata__":{"__proto__":"x"}}`), /'__proto__'/);
  refused(file(`{"a":{"__proto__":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}}`), /'__proto__'/);

  // Equal strings that are no keys of one object are fine.
  const fine = readSafetensors(
    file(`{"__metadata__":{"a":"a","b\\"{":"a"},"a":${entry},"constructor":${entry},"b":${entry}}`),
  );
  assert.deepEqual([...fine.tensors.keys()], ["a", "constructor", "b"]);
  assert.deepEqual({ ...fine.metadata }, { a: "a", 'b"{': "a" });
  assert.equal(fine.metadata.toString, undefined);
});

Deno.test("bytes that belong to two tensors or to none are refused", () => {
  const header = (...offsets: [number, number][]): Record<string, unknown> =>
    Object.fromEntries(
      offsets.map(([a, b], k) => ["t" + k, { dtype: "U8", shape: [b - a], data_offsets: [a, b] }]),
    );
  refused(file(header([0, 4], [2, 6]), 6), /data of tensor 't1' overlaps/);
  refused(file(header([0, 4], [0, 4]), 4), /data of tensor 't1' overlaps/);
  refused(file(header([0, 4], [1, 1]), 4), /data of tensor 't1' overlaps/);
  refused(file(header([0, 2], [4, 6]), 6), /2 bytes before tensor 't1' belong to no tensor/);
  refused(file(header([1, 6]), 6), /1 bytes before tensor 't0' belong to no tensor/);
  refused(file(header([0, 5]), 6), /the last 1 bytes belong to no tensor/);
  refused(file({}, 6), /the last 6 bytes belong to no tensor/);
  // The order of the header's entries is free.
  assert.deepEqual([...readSafetensors(file(header([2, 6], [0, 2]), 6)).tensors.keys()], ["t1", "t0"]);
});

Deno.test("malformed entries of a safetensors header are refused by the tensor's name", () => {
  const entry = (part: Record<string, unknown>): Uint8Array =>
    file({ w: { dtype: "F32", shape: [1], data_offsets: [0, 4], ...part } }, 4);
  for (const value of [[4, 0]]) {
    refused(entry({ data_offsets: value }), /'w' ends at byte 0, before its start at byte 4/);
  }
  for (const value of [[-4, 0], [0.5, 4.5], [0], [0, 4, 8], "04", null, ["0", "4"], [0, 2 ** 53], {}]) {
    refused(entry({ data_offsets: value }), /offsets of tensor 'w' are not two integers/);
  }
  for (const value of [[-1], [0.5], ["1"], null, 1, { length: 1 }, [[1]], [null]]) {
    refused(entry({ shape: value }), /shape of tensor 'w' is not a list of sizes/);
  }
  refused(entry({ shape: [2] }), /has 4 bytes of data, its shape and dtype F32 need 8/);
  refused(entry({ dtype: "C64" }), /its shape and dtype C64 need 8/);
  for (const value of ["F8_E4M3", "f32", "toString", "__proto__", "", 32, null, undefined, ["F32"]]) {
    refused(entry({ dtype: value }), /tensor 'w' has the dtype .*, expected one of F64, F32/, TypeError);
  }
  for (const value of [null, 1, "x", []]) {
    refused(file({ w: value }), /entry of tensor 'w' is not a JSON object/);
  }
  refused(file({ __metadata__: { a: 1 } }), /the metadata 'a' is not a string/);
  refused(file({ __metadata__: { a: { b: "c" } } }), /the metadata 'a' is not a string/);
  refused(file({ __metadata__: ["a"] }), /the metadata is not a JSON object/);
  assert.equal(readSafetensors(file({ __metadata__: null })).tensors.size, 0);
});

Deno.test("a hostile tensor name neither floods nor repaints the message", () => {
  assert.throws(() => readSafetensors(file({ ["\x1b[2J\u202e\n" + "x".repeat(1e5)]: 1 })), (error: Error) => {
    assert.ok(error.message.length < 200);
    assert.doesNotMatch(error.message, /\p{C}/u);
    return true;
  });
});

Deno.test("a deeply nested header ends in a sentence", () => {
  refused(file(`{"w":${"[".repeat(1e5)}${"]".repeat(1e5)}}`), /entry of tensor 'w' is not|not JSON/);
  refused(file(`${'{"w":'.repeat(1e5)}1${"}".repeat(1e5)}`), /dtype|not JSON/, Error);
});

Deno.test("a tensor of floats is given with its field, integers are refused by name", () => {
  const file = readSafetensors(fromBase64(PYTHON));
  assert.deepEqual(floatTensor(file, "c"), { shape: [1], field: "complex", data: new Float32Array([1, 2]) });
  assert.deepEqual(floatTensor(file, "2"), {
    shape: [2],
    field: "real",
    data: new Float32Array([1.5, -Infinity]),
  });
  assert.deepEqual(floatTensor(file, "d"), { shape: [1], field: "real", data: new Float64Array([0.1]) });
  for (const [name, dtype] of [["i", "I64"], ["u", "U8"], ["b", "BOOL"]]) {
    assert.throws(() => floatTensor(file, name), {
      name: "TypeError",
      message:
        `Cannot read tensor '${name}': its dtype is ${dtype}, expected one of F32, F64, F16, BF16, C64`,
    });
  }
  assert.throws(() => floatTensor(file, "z", "w.safetensors"), {
    name: "RangeError",
    message: "Cannot read 'w.safetensors': tensor 'z': the file has no tensor of this name, " +
      "it has 'i', 'd', 'c', '10', 'e', …",
  });
});

Deno.test("what does not fit together is not written to safetensors", () => {
  const write = (name: string, tensor: unknown) => (): Uint8Array =>
    writeSafetensors([[name, tensor as Tensor]]);
  assert.throws(write("w", { ...f32(1, 2), shape: [3] }), {
    name: "RangeError",
    message: "Cannot write tensor 'w': its shape [3] and dtype F32 need 3 numbers, got 2",
  });
  assert.throws(write("w", { ...f32(1), shape: [-1] }), RangeError);
  assert.throws(write("w", { ...f32(1), dtype: "F64" }), TypeError);
  for (const [dtype, value] of [["F16", 0.1], ["F16", 65536], ["F16", 1e-30], ["BF16", 1.001]] as const) {
    assert.throws(
      write("w", { ...f32(1), dtype, data: Float32Array.of(value) }),
      new RegExp(`^RangeError: Cannot write tensor 'w': it has numbers that ${dtype} does not have`),
    );
  }
  assert.throws(write("w", { ...f32(1), dtype: "F16", data: Uint16Array.of(1) }), /not of the typed array/);
  assert.throws(write("w", { ...f32(1), dtype: "toString" }), TypeError);
  assert.throws(write("w", { ...f32(1), dtype: "C64" }), /need 2 numbers, got 1/);
  assert.throws(write("__proto__", f32(1)), /the name is reserved/);
  assert.throws(write("__metadata__", f32(1)), /the name is reserved/);
  assert.throws(() => writeSafetensors([["w", f32(1)], ["w", f32(1)]]), /the name is given twice/);
  assert.throws(() => writeSafetensors([], { a: 1 } as unknown as Record<string, string>), TypeError);
  assert.throws(() => writeSafetensors([], JSON.parse('{"__proto__":"x"}')), /the name is reserved/);
  const gone = f32(1);
  structuredClone(gone.data, { transfer: [gone.data.buffer as ArrayBuffer] });
  assert.throws(write("w", gone), /need 1 numbers, got 0/);
});
