import { equal, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import { Random } from "../src/program/random.ts";
import { estimateMatrix, matrixOf } from "../src/learn/samples.ts";
import type { Field } from "../src/learn/target.ts";
import { finish } from "../src/learn/task.ts";
import { assertClose } from "./helpers.ts";

/** Random vectors, a random matrix, and what it makes of them plus noise. */
function pairs(n: number, count: number, field: Field, seed: number, noise = 0) {
  const random = new Random(seed), unit = field === "complex" ? 2 : 1;
  const draw = (size: number): Float64Array => Float64Array.from({ length: size }, () => random.normal());
  const matrix = draw(n * n * unit), x = draw(count * n * unit), y = new Float64Array(x.length);
  for (let k = 0; k < count; k++) {
    for (let row = 0; row < n; row++) {
      for (let column = 0; column < n; column++) {
        const m = (row * n + column) * unit, c = (k * n + column) * unit, to = (k * n + row) * unit;
        y[to] += matrix[m] * x[c] - (unit === 2 ? matrix[m + 1] * x[c + 1] : 0);
        if (unit === 2) y[to + 1] += matrix[m] * x[c + 1] + matrix[m + 1] * x[c];
      }
    }
  }
  for (let i = 0; i < y.length; i++) y[i] += noise * random.normal();
  return { matrix, x, y };
}

Deno.test("the matrix is found from samples, real and complex, with just enough of them and with more", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 5 }),
      fc.integer({ min: 0, max: 20 }),
      fc.constantFrom<Field>("real", "complex"),
      fc.integer(),
      (levels, more, field, seed) => {
        const n = 2 ** levels, { matrix, x, y } = pairs(n, n + more, field, seed);
        const found = finish(estimateMatrix({ x, y }, n, field));
        // A square system of random numbers may be badly conditioned.
        assertClose(found!.values, matrix, more > 2 ? 1e-9 : 1e-5);
      },
    ),
    { numRuns: 40 },
  );
});

Deno.test("with noise, the error is that of least squares", () => {
  const n = 16, count = 64, noise = 1e-3, { matrix, x, y } = pairs(n, count, "real", 1, noise);
  const { values } = finish(estimateMatrix({ x, y }, n))!;
  const error = Math.sqrt(values.reduce((sum, v, i) => sum + (v - matrix[i]) ** 2, 0) / matrix.length);
  const expected = noise / Math.sqrt(count - n - 1);
  ok(error > 0.7 * expected && error < 1.4 * expected, `${error} against ${expected}`);
});

Deno.test("samples that cannot tell the matrix are refused with a sentence", () => {
  const { x, y } = pairs(4, 6, "real", 1);
  const attempt = (xs: ArrayLike<number>, ys: ArrayLike<number>) => (): unknown =>
    finish(estimateMatrix({ x: xs, y: ys }, 4));
  throws(attempt(x.subarray(0, 12), y.subarray(0, 12)), /from 3 samples: each row has 4 unknowns/);
  throws(attempt(x, y.subarray(0, 20)), /x holds 6 vectors of 4 numbers and y 5/);
  throws(attempt(x.subarray(0, 5), y), /x has 5 numbers, expected a multiple of 4/);
  throws(attempt(x.with(9, NaN), y), /x is NaN in vector 2/);
  throws(attempt(x.map((v, i) => i % 4 === 2 ? 0 : v), y), /do not span all vectors: number 2/);
  // @ts-expect-error what JavaScript may pass
  throws(attempt(undefined, y), /x is not an array/);
});

Deno.test("the matrix of a function is found, and what is not linear refused", () => {
  const reverse = (x: Float32Array): Float32Array => x.slice().reverse();
  equal(matrixOf(reverse, 4).values.join(), "0,0,0,1,0,0,1,0,0,1,0,0,1,0,0,0");
  const turn = (x: Float32Array): Float32Array =>
    Float32Array.from(x, (_, i) => i % 2 ? x[i - 1] : -x[i + 1]);
  equal(matrixOf(turn, 2, "complex").values.join(), "0,1,0,0,0,0,0,1");
  equal(matrixOf(() => new Float32Array(2), 2).norm, 0);
  throws(() => matrixOf((x) => x.map(Math.abs), 4), /not linear/);
  throws(() => matrixOf((x) => x.map((v) => v + 1), 4), /not linear/);
  throws(() => matrixOf((x) => x.subarray(1), 4), /for 4 numbers it returned 3/);
  throws(() => matrixOf((x) => x.map(() => NaN), 4), /not finite|finite/);
});
