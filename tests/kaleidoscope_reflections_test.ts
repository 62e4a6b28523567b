import assert from "node:assert/strict";
import { householder } from "../src/kaleidoscope/householder.ts";
import { orthogonal, reflectionProduct } from "../src/kaleidoscope/reflections.ts";
import { Diagonal } from "../src/operator/diagonal.ts";
import { product } from "../src/operator/product.ts";
import { Random } from "../src/program/random.ts";
import { floats } from "../src/program/step.ts";
import { assertClose, machines, runOn } from "./helpers.ts";
import { apply64, matrixOf, number } from "./operators.ts";
import { vectors } from "./programs.ts";

const fields = ["real", "complex"] as const;

Deno.test("orthogonal and unitary matrices are products of reflections and a diagonal of signs or phases", () => {
  for (const field of fields) {
    for (const n of [1, 2, 3, 4, 5, 8, 13, 20]) {
      const random = new Random(n), unit = floats(field);
      // Some reflections and signs make a matrix that is orthogonal within rounding.
      const phases = Float32Array.from({ length: n * unit }, (_, k) => unit === 1 ? 1 - 2 * (k % 2) : k % 2);
      const some = Array.from({ length: 3 }, () => householder(vectors(random, n * unit), field));
      const matrix = product(...some, new Diagonal(phases, field)).toDense();
      const map = orthogonal(matrix, field), label = `n=${n}, ${field}`;
      assertClose(map.toDense(), matrix, 1e-5, label);
      const x = vectors(random, 2 * n * unit);
      const want = apply64(matrixOf(n, n, (i, j) => number(matrix, i * n + j, field)), x, field, 2);
      for (const machine of machines) assertClose(runOn(machine, map, x, x.length, 2), want, 1e-5, label);
      // Lengths are kept however often it is applied, as the factors are orthogonal, not only their product.
      let y = x;
      for (let i = 0; i < 50; i++) y = map.apply(y);
      assert.ok(Math.abs(Math.hypot(...y) / Math.hypot(...x) - 1) < 1e-4, label);
    }
  }
});

Deno.test("any matrix is a product of reflections, a diagonal, and reflections", () => {
  for (const field of fields) {
    for (
      const [rows, cols, rank] of [[1, 1, 1], [3, 3, 3], [5, 2, 2], [2, 7, 2], [6, 6, 2], [12, 9, 4], [
        4,
        4,
        0,
      ]]
    ) {
      const random = new Random(rows + 10 * cols), unit = floats(field);
      const u = vectors(random, rows * rank * unit), v = vectors(random, rank * cols * unit);
      const matrix = matrixOf(rows, cols, (i, j) => {
        let re = 0, im = 0;
        for (let k = 0; k < rank; k++) {
          const [a, b] = number(u, i * rank + k, field), [c, d] = number(v, k * cols + j, field);
          re += a * c - b * d;
          im += a * d + b * c;
        }
        return [re, im];
      });
      const values = Float32Array.from(matrix.values.filter((_, k) => unit === 2 || k % 2 === 0));
      const map = reflectionProduct(rows, cols, values, field), label = `${rows}×${cols}, ${field}`;
      assert.deepEqual([map.rows, map.cols, map.field], [rows, cols, field]);
      assertClose(map.toDense(), values, 1e-5, label);
      const x = vectors(random, cols * unit), want = apply64(matrix, x, field, 1);
      for (const machine of machines) assertClose(runOn(machine, map, x, want.length, 1), want, 1e-5, label);
    }
  }
});

Deno.test("an orthogonal matrix of 64 points, and a matrix of 48×64, are theirs within rounding", () => {
  const random = new Random(3), u = Array.from({ length: 5 }, () => householder(vectors(random, 64)));
  const matrix = product(...u).toDense();
  assertClose(orthogonal(matrix).toDense(), matrix, 3e-5);
  const values = vectors(random, 48 * 64);
  assertClose(reflectionProduct(48, 64, values).toDense(), values, 3e-5);
});

Deno.test("matrices that cannot be products of reflections are refused in sentences", () => {
  const refused = (make: () => unknown, message: RegExp): void =>
    assert.throws(make, { name: "RangeError", message });
  refused(() => orthogonal(new Float32Array(3)), /expected n·n real numbers, got 3 floats/);
  refused(
    () => orthogonal(new Float32Array([1, 1, 0, 1])),
    /the columns given are not orthonormal within 1e-4/,
  );
  refused(() => orthogonal(new Float32Array(4)), /not orthonormal/);
  refused(
    () => orthogonal(new Float32Array(257 * 257)),
    /its size must be a whole number from 1 to 256, got 257/,
  );
  refused(() => reflectionProduct(2, 2, new Float32Array(3)), /expected 4 floats of values, got 3/);
  refused(() => reflectionProduct(2, 0, new Float32Array(0)), /cols must be a whole number/);
});
