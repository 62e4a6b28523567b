import { equal, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import { classOf } from "../src/kaleidoscope/hierarchy.ts";
import { householder, orthogonalProduct, singularProduct } from "../src/kaleidoscope/reflections.ts";
import { OrthogonalButterfly } from "../src/operator/orthogonal.ts";
import { Random } from "../src/program/random.ts";
import type { Field } from "../src/program/step.ts";
import { assertClose } from "./helpers.ts";
import { vectors } from "./programs.ts";

/** I − 2·u·uᴴ/(uᴴu), row-major, from its definition. */
function mirror(u: Float32Array, field: Field): Float64Array {
  const unit = field === "complex" ? 2 : 1, n = u.length / unit, result = new Float64Array(n * n * unit);
  const square = u.reduce((sum, v) => sum + v * v, 0);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const [a, b] = [u[i * unit], unit === 2 ? u[2 * i + 1] : 0], at = (i * n + j) * unit;
      const [c, d] = [u[j * unit], unit === 2 ? u[2 * j + 1] : 0];
      result[at] = (i === j ? 1 : 0) - 2 * (a * c + b * d) / square;
      if (unit === 2) result[at + 1] = -2 * (b * c - a * d) / square;
    }
  }
  return result;
}

Deno.test("householder: a reflection of any size is one orthogonal butterfly of class OBB", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.constantFrom("real" as const, "complex" as const),
      fc.nat(1000),
      fc.boolean(),
      (n, field, seed, sparse) => {
        const random = new Random(seed), u = vectors(random, n * (field === "complex" ? 2 : 1));
        if (sparse) u.forEach((_, i) => u[i] = i > 0 && random.integer(3) ? 0 : u[i]);
        if (u.every((v) => v === 0)) u[0] = 1;
        const map = householder(u, field);
        assertClose(map.toDense(), mirror(u, field), 2e-6, `n=${n} ${field}`);
        if (n > 1) {
          ok(map instanceof OrthogonalButterfly);
          equal(map.blocks, 2);
          const { orthogonal, width, expansion } = classOf(map)!;
          ok(orthogonal && width === 1 && expansion === 1);
        }
      },
    ),
    { numRuns: 100 },
  );
  for (const scale of [1e-30, 1e30]) {
    assertClose(householder([3 * scale, 4 * scale]).toDense(), [0.28, -0.96, -0.96, -0.28], 1e-6);
  }
});

Deno.test("orthogonal matrices are products of n − 1 reflections and a diagonal", () => {
  for (const field of ["real", "complex"] as const) {
    for (const n of [1, 2, 3, 5, 8, 16]) {
      // An orthogonal matrix that is no butterfly: a product of reflections in random directions.
      const unit = field === "complex" ? 2 : 1, random = new Random(n);
      let dense = householder(vectors(random, n * unit), field).toDense();
      for (let k = 0; k < 4; k++) {
        dense = householder(vectors(random, n * unit), field).apply(dense);
      }
      const map = orthogonalProduct(dense, field);
      assertClose(map.toDense(), dense, 1e-5, `n=${n} ${field}`);
      const { width, orthogonal, name } = classOf(map)!;
      ok(orthogonal && width <= Math.max(1, n - 1), `n=${n}: ${width}`);
      ok(!name.includes("with D"), name);
    }
  }
});

Deno.test("any matrix is a product of reflections, a diagonal, and reflections", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom("real" as const, "complex" as const),
      fc.integer({ min: 0, max: 9 }),
      (rows, cols, field, rank) => {
        const unit = field === "complex" ? 2 : 1, random = new Random(rows + 10 * cols + 100 * rank);
        const matrix = new Float32Array(rows * cols * unit);
        if (rank > Math.min(rows, cols)) matrix.set(vectors(random, matrix.length));
        else {
          for (let r = 0; r < rank; r++) {
            const a = vectors(random, rows), b = vectors(random, cols * unit);
            matrix.forEach((_, k) => matrix[k] += a[Math.floor(k / unit / cols)] * b[k % (cols * unit)]);
          }
        }
        const map = singularProduct(rows, cols, matrix, field);
        assertClose(map.toDense(), matrix, 1e-5, `${rows}×${cols} of rank ${rank}, ${field}`);
        const { orthogonal, width, expansion } = classOf(map)!;
        ok(orthogonal && expansion === 1 && width <= Math.max(1, 2 * Math.min(rows, cols)), `width ${width}`);
      },
    ),
    { numRuns: 60 },
  );
  throws(() => singularProduct(2, 2, [1, 2, 3]), /expected 4 floats of matrix, got 3/);
  throws(() => singularProduct(1, 2, [1, NaN]), /matrix\[1\] is NaN/);
});

Deno.test("reflections: what has no direction or is not orthogonal is refused with a sentence", () => {
  throws(() => householder([0, 0, 0]), {
    name: "RangeError",
    message: "Cannot make a Householder reflection: u is zero, which has no direction",
  });
  throws(() => householder([1, NaN]), /u\[1\] is NaN, which is not a finite number/);
  throws(() => householder([]), /must be a whole number from 1 to 1048576, got 0/);
  throws(() => orthogonalProduct([1, 2, 3]), /3 entries are not those of a square matrix/);
  throws(() => orthogonalProduct([1, 1, 0, 1]), /not orthogonal, columns 0 and 1 have the inner product 1/);
  throws(() => orthogonalProduct([1, 0, 0, NaN]), /not orthogonal, columns .* NaN/);
});
