import assert from "node:assert/strict";
import fc from "fast-check";
import { type NumericArray, readArray, writeArray } from "../src/io/array.ts";
import { writeSafetensors } from "../src/io/safetensors.ts";
import { writeWav } from "../src/io/wav.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const matrix: NumericArray = { shape: [3, 2], field: "real", data: Float32Array.of(1, -2, 3.5, 4e9, 5, 0.1) };
const single = new Float32Array(4);
const VALID: [string, Uint8Array][] = [
  ["m.npy", writeArray("m.npy", matrix)],
  ["c.npy", writeArray("c.npy", { ...matrix, shape: [3], field: "complex" })],
  ["m.csv", writeArray("m.csv", matrix)],
  ["c.csv", text("# complex\n1+2i, (3-4j)\n-5e-1i, 6\n")],
  ["m.safetensors", writeArray("m.safetensors", matrix)],
  [
    "several.safetensors",
    writeSafetensors([
      ["x", { dtype: "C64", shape: [2, 1], data: single }],
      ["i", { dtype: "U16", shape: [3], data: new Uint16Array(3) }],
      ["d", { dtype: "F64", shape: [], data: new Float64Array(1) }],
    ], { note: "any" }),
  ],
  ["s.wav", writeWav({ sampleRate: 8000, samples: single })],
];

/** Reads, and passes only if the array is whole, or if the error is of the documented kind. */
function readsOrRefuses(name: string, bytes: Uint8Array): "read" | "refused" {
  const before = bytes.slice();
  const external = Deno.memoryUsage().external;
  let outcome: "read" | "refused" = "read";
  try {
    const { shape, field, data } = readArray(name, bytes);
    assert.ok(data instanceof Float32Array || data instanceof Float64Array);
    assert.equal(data.length, shape.reduce((a, b) => a * b, field === "complex" ? 2 : 1));
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    assert.match(error.message, /^Cannot read /);
    assert.ok(error.message.length < 400, error.message);
    outcome = "refused";
  }
  assert.ok(Deno.memoryUsage().external - external < 1e6 + 20 * bytes.length, "it allocated too much");
  assert.deepEqual(bytes, before);
  return outcome;
}

/** Edits in order: each sets, inserts or removes bytes somewhere, or cuts the file. */
const edits = fc.array(
  fc.record({
    kind: fc.constantFrom("set", "set", "set", "insert", "remove", "cut"),
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    bytes: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 4 }),
      fc.constantFrom(
        ..."{}[]()\",:'0189-+.eijL \n".split("").map(text),
        text("99999999999"),
        text("__proto__"),
      ),
    ),
  }),
  { minLength: 1, maxLength: 4 },
);

function edit(bytes: Uint8Array, list: { kind: string; at: number; bytes: Uint8Array }[]): Uint8Array {
  let out = [...bytes];
  for (const { kind, at, bytes } of list) {
    const index = Math.floor(at * out.length);
    if (kind === "cut") out = out.slice(0, index);
    else out.splice(index, kind === "insert" ? 0 : bytes.length, ...(kind === "remove" ? [] : bytes));
  }
  return Uint8Array.from(out);
}

for (const [name, valid] of VALID) {
  Deno.test(`a damaged ${name} is read or refused with a sentence, and nothing else happens`, () => {
    assert.equal(readsOrRefuses(name, valid), "read");
    let refusals = 0;
    fc.assert(
      fc.property(edits, (list) => {
        if (readsOrRefuses(name, edit(valid, list)) === "refused") refusals++;
      }),
      { numRuns: 1500 },
    );
    assert.ok(refusals > 100, `only ${refusals} of 1500 damaged files were refused`);
  });

  Deno.test(`${name} cut short anywhere is read or refused with a sentence`, () => {
    for (let length = 0; length < valid.length; length++) {
      const outcome = readsOrRefuses(name, valid.slice(0, length));
      // A text may be cut and still be a text of numbers; the binary formats give their lengths.
      if (!name.endsWith(".csv")) assert.equal(outcome, "refused", `${length} bytes`);
    }
  });
}

Deno.test("bytes at random are refused with a sentence by every reader", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.constantFrom("npy", "safetensors", "wav"),
      (bytes, kind) => {
        assert.equal(readsOrRefuses(`x.${kind}`, bytes), "refused");
      },
    ),
  );
  fc.assert(fc.property(fc.string({ unit: "binary" }), (value) => void readsOrRefuses("x.csv", text(value))));
});

Deno.test("any JSON as a safetensors header is read or refused with a sentence", () => {
  const size = fc.oneof(fc.nat(8), fc.constantFrom(-1, 0.5, 2 ** 53, 1e300, "4", null));
  const entry = fc.oneof(
    fc.jsonValue(),
    fc.record({
      dtype: fc.constantFrom("F32", "F16", "U8", "C64", "X", 1),
      shape: fc.oneof(fc.array(size, { maxLength: 3 }), size),
      data_offsets: fc.oneof(fc.array(size, { minLength: 1, maxLength: 3 }), size),
    }, { requiredKeys: [] }),
  );
  const name = fc.constantFrom("x", "data", "__metadata__", "__proto__", "1", "");
  fc.assert(
    fc.property(fc.array(fc.tuple(name, entry), { maxLength: 3 }), fc.nat(16), (entries, dataBytes) => {
      const json = text(
        `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)}}`,
      );
      const bytes = new Uint8Array(8 + json.length + dataBytes);
      bytes.set(json, 8);
      new DataView(bytes.buffer).setUint32(0, json.length, true);
      readsOrRefuses("x.safetensors", bytes);
    }),
    { numRuns: 2000 },
  );
});
