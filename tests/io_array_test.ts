import assert from "node:assert/strict";
import { arrayFormat, type NumericArray, readArray, writeArray } from "../src/io/array.ts";
import { writeSafetensors } from "../src/io/safetensors.ts";
import { writeWav } from "../src/io/wav.ts";

const matrix: NumericArray = {
  shape: [2, 2],
  field: "complex",
  data: new Float32Array([1, 2, 3, 4, 5, 6, 7, 8]),
};

Deno.test("the extension of a name chooses the format, in any case and after any path", () => {
  assert.equal(arrayFormat("a.b/m.NPY", "read"), "npy");
  assert.equal(arrayFormat("C:\\x\\m.csv", "write"), "csv");
  assert.equal(arrayFormat("s.wav", "read"), "wav");
  for (
    const [name, use, message] of [
      [
        "m.txt",
        "read",
        "Cannot read 'm.txt': its extension is '.txt', expected one of .npy, .csv, .safetensors, .wav",
      ],
      [
        "m.d/m",
        "read",
        "Cannot read 'm.d/m': it has no extension, expected one of .npy, .csv, .safetensors, .wav",
      ],
      [
        "s.wav",
        "write",
        "Cannot write 's.wav': its extension is '.wav', expected one of .npy, .csv, .safetensors",
      ],
      [
        "m.__proto__",
        "write",
        "Cannot write 'm.__proto__': its extension is '.__proto__', expected one of .npy, .csv, .safetensors",
      ],
    ] as const
  ) assert.throws(() => arrayFormat(name, use), { name: "RangeError", message });
});

Deno.test("a matrix comes back from each format", () => {
  for (const name of ["m.npy", "m.safetensors"]) {
    assert.deepEqual(readArray(name, writeArray(name, matrix)), matrix);
  }
  const data = new Float64Array(matrix.data);
  assert.deepEqual(readArray("m.csv", writeArray("m.csv", matrix)), { ...matrix, data });
  const real: NumericArray = { shape: [8], field: "real", data };
  for (const name of ["x.npy", "x.csv", "x.safetensors"]) {
    assert.deepEqual(readArray(name, writeArray(name, real)), real);
  }
});

Deno.test("the samples of a .wav file are read as a vector", () => {
  const samples = Float32Array.of(0.5, -0.25);
  assert.deepEqual(readArray("s.wav", writeWav({ sampleRate: 8000, samples })), {
    shape: [2],
    field: "real",
    data: samples,
  });
});

Deno.test("of several safetensors the one named x is read, else data, else none", () => {
  const tensor = (value: number) => ({ dtype: "F32" as const, shape: [1], data: Float32Array.of(value) });
  const read = (...names: string[]): number =>
    readArray("t.safetensors", writeSafetensors(names.map((name, k) => [name, tensor(k)] as const))).data[0];
  assert.equal(read("any"), 0);
  assert.equal(read("data", "a", "x"), 2);
  assert.equal(read("a", "data"), 1);
  assert.throws(() => read("a", "b"), {
    name: "RangeError",
    message: "Cannot read 't.safetensors': it has 2 tensors, expected one, or one named 'x' or 'data'",
  });
  assert.throws(() => read(), /it has 0 tensors/);
  const integers = writeSafetensors([["x", { dtype: "U8", shape: [1], data: new Uint8Array(1) }]]);
  assert.throws(() => readArray("t.safetensors", integers), {
    name: "TypeError",
    message:
      "Cannot read 't.safetensors': tensor 'x': its dtype is U8, expected one of F32, F64, F16, BF16, C64",
  });
});

Deno.test("messages about a file carry its name", () => {
  for (const name of ["a.npy", "a.csv", "a.safetensors", "a.wav"]) {
    assert.throws(() => readArray(name, new Uint8Array()), {
      name: "RangeError",
      message: `Cannot read '${name}': the file is empty`,
    });
  }
});

Deno.test("what a format cannot hold is refused before anything is written", () => {
  assert.throws(() => writeArray("m.safetensors", { ...matrix, data: new Float64Array(matrix.data) }), {
    name: "TypeError",
    message:
      "Cannot write 'm.safetensors': safetensors has no complex128, round the data to a Float32Array or write .npy",
  });
  for (const name of ["m.npy", "m.csv", "m.safetensors"]) {
    assert.throws(() => writeArray(name, { ...matrix, shape: [3] }), {
      name: "RangeError",
      message: `Cannot write '${name}': a complex array of shape [3] has 6 floats, got 8`,
    });
  }
});
