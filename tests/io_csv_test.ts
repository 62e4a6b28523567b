import assert from "node:assert/strict";
import fc from "fast-check";
import type { NumericArray } from "../src/io/array.ts";
import { readCsv, writeCsv } from "../src/io/csv.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (text: string): NumericArray => readCsv(bytes(text));
const real = (shape: number[], ...values: number[]): NumericArray => ({
  shape,
  field: "real",
  data: new Float64Array(values),
});
const complex = (shape: number[], ...values: number[]): NumericArray => ({
  ...real(shape, ...values),
  field: "complex",
});
const refused = (file: string | Uint8Array, message: string): void =>
  assert.throws(() => readCsv(typeof file === "string" ? bytes(file) : file, "m.csv"), {
    name: "RangeError",
    message: `Cannot read 'm.csv': ${message}`,
  });

Deno.test("commas, semicolons, tabs and blanks separate the entries of a row", () => {
  const expected = real([2, 2], 1, -2.5, 3e-2, 4);
  for (
    const text of [
      "1,-2.5\n3e-2,4\n",
      " 1 , -2.5 \r\n.03,+4.",
      "1;-2.5\n3E-2;4",
      "1\t-2.5\r3e-2\t4\r",
      "  1   -2.5\n0.03 4  ",
      "\ufeff# heading, and; so\n\n1,-2.5 # first\n \t\n3e-2,4\n#end",
    ]
  ) assert.deepEqual(read(text), expected, JSON.stringify(text));
});

Deno.test("one column is a vector and one row is a matrix of one row", () => {
  assert.deepEqual(read("1\n2\n3"), real([3], 1, 2, 3));
  assert.deepEqual(read("1,2,3"), real([1, 3], 1, 2, 3));
  assert.deepEqual(read("7"), real([1], 7));
});

Deno.test("complex entries are read in all their forms and make the whole array complex", () => {
  assert.deepEqual(
    read("1+2i,1-2j,3i,(1+2j)\n-i,+i,2,1e-3-1E+2i"),
    complex([2, 4], 1, 2, 1, -2, 0, 3, 1, 2, 0, -1, 0, 1, 2, 0, 1e-3, -100),
  );
  assert.deepEqual(read("1 + 2i, ( -3.5 - .5J )"), complex([1, 2], 1, 2, -3.5, -0.5));
  assert.deepEqual(read("2+i\n(4)\n1+-2j"), complex([3], 2, 1, 4, 0, 1, -2));
  assert.deepEqual(read("1e5i\n1e+5+1e-5i"), complex([2], 0, 1e5, 1e5, 1e-5));
  assert.deepEqual(read("1,i\n3,4"), complex([2, 2], 1, 0, 0, 1, 3, 0, 4, 0));
  // What numpy.savetxt writes.
  assert.deepEqual(
    read(
      " (1.000000000000000000e+00-2.000000000000000000e+00j)  (3.000000000000000000e+00+0.000000000000000000e+00j)",
    ),
    complex([1, 2], 1, -2, 3, 0),
  );
});

Deno.test("NaN and infinities are kept", () => {
  assert.deepEqual(
    read("NaN,-nan,inf,-Infinity,1e999"),
    real([1, 5], NaN, NaN, Infinity, -Infinity, Infinity),
  );
  assert.deepEqual(
    read("nan+nanj\ninfi\n-inf-infinityi"),
    complex([3], NaN, NaN, 0, Infinity, -Infinity, -Infinity),
  );
});

Deno.test("what is no number is refused by line and column", () => {
  const expected = "expected a number such as -1.5e3 or 1+2i (headings and comments begin with #)";
  refused("a,b\n1,2", `line 1, column 1 is 'a', ${expected}`);
  refused("# a\n\n1,2\n3,x", `line 4, column 2 is 'x', ${expected}`);
  refused("1;2\n3;4,5", `line 2, column 2 is '4,5', ${expected}`);
  refused("1,2,\n", "line 1, column 3 is empty, expected a number");
  refused("1,,2", "line 1, column 2 is empty, expected a number");
  for (
    const text of [
      "0x10",
      "1_000",
      "1e",
      "e5",
      ".",
      "+",
      "--1",
      "1+2",
      "1+2k",
      "ii",
      "(1",
      "1)",
      "()",
      "٣",
      '"1"',
    ]
  ) {
    refused(text, `line 1, column 1 is '${text}', ${expected}`);
  }
  assert.throws(
    () => readCsv(bytes("\x1b[2J" + "9".repeat(1e6) + "x")),
    (error: Error) => error.message.length < 300,
  );
});

Deno.test("rows of different lengths are refused by line", () => {
  refused("# c\n1,2\n\n3,4,5", "line 4 has 3 entries, expected 2 as on line 2");
  refused("1 2\n3", "line 2 has 1 entries, expected 2 as on line 1");
});

Deno.test("a CSV file without numbers or without text is refused", () => {
  refused("", "the file is empty");
  refused("\n# nothing\n  \n", "it has no numbers");
  refused(Uint8Array.of(0x31, 0xff), "it is not text in UTF-8");
  refused(Uint8Array.of(0xff, 0xfe, 0x31, 0), "it is not text in UTF-8");
});

Deno.test("a line of a megabyte that is no number is refused without trying every split of it", () => {
  for (const filler of [" ", "1", "+", "1e", "(", ".", "\t", "#"]) {
    assert.throws(() => read("1" + filler.repeat(5e5) + "x\ny"), RangeError);
  }
});

const values = fc.double();
const arrays = fc.record({
  rows: fc.integer({ min: 1, max: 5 }),
  columns: fc.integer({ min: 2, max: 5 }),
  vector: fc.boolean(),
  field: fc.constantFrom("real", "complex" as const),
  seed: fc.array(values, { minLength: 1, maxLength: 50 }),
}).map(({ rows, columns, vector, field, seed }): NumericArray => {
  const shape = vector ? [rows] : [rows, columns];
  const length = shape.reduce((a, b) => a * b, field === "complex" ? 2 : 1);
  return { shape, field, data: Float64Array.from({ length }, (_, k) => seed[k % seed.length]) };
});

Deno.test("any vector or matrix comes back from CSV as it was", () => {
  fc.assert(fc.property(arrays, (array) => assert.deepEqual(readCsv(writeCsv(array)), array)));
});

Deno.test("float32 numbers are written short and come back from CSV after rounding", () => {
  fc.assert(fc.property(arrays, (array) => {
    const data = new Float32Array(array.data);
    assert.deepEqual(new Float32Array(readCsv(writeCsv({ ...array, data })).data), data);
  }));
  fc.assert(fc.property(fc.uint32Array({ minLength: 1, maxLength: 50 }), (bits) => {
    const data = new Float32Array(bits.buffer, bits.byteOffset, bits.length).map((v) =>
      Number.isNaN(v) ? 0 : v
    );
    const back = readCsv(writeCsv({ shape: [data.length], field: "real", data }));
    assert.deepEqual(new Float32Array(back.data), data);
  }));
  const text = (array: NumericArray): string => new TextDecoder().decode(writeCsv(array));
  assert.equal(
    text({ shape: [3], field: "real", data: new Float32Array([0.1, -0, 1e-45]) }),
    "0.1\n-0\n1.4013e-45\n",
  );
  assert.equal(
    text({ shape: [1, 2], field: "complex", data: new Float32Array([1, 2, 0, -0.5]) }),
    "1+2i,0-0.5i\n",
  );
});

Deno.test("what CSV cannot hold is not written", () => {
  const message = /^RangeError: Cannot write the CSV file: expected a vector or a matrix with entries/;
  assert.throws(() => writeCsv(real([1, 1, 1], 1)), message);
  assert.throws(() => writeCsv(real([0])), message);
  assert.throws(() => writeCsv(real([3, 0])), message);
  assert.throws(() => writeCsv(real([2], 1)), RangeError);
  assert.deepEqual(readCsv(writeCsv(real([], 4))), real([1], 4));
});
