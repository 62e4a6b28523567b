import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { Random } from "../src/program/random.ts";
import { orthogonalise } from "../src/program/jacobi.ts";
import { RankOne } from "../src/learn/rank_one.ts";
import type { Field } from "../src/learn/target.ts";

/** Squared distance of the matrix from σ·u·rightᵀ, by complex arithmetic written out. */
function distance(pieces: RankOne, sigma: number, rows: number, columns: number, field: Field): number {
  const width = field === "complex" ? 2 : 1;
  let sum = 0;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const [ur, vr] = [pieces.left[r * width], pieces.right[c * width]];
      const [ui, vi] = width === 2 ? [pieces.left[2 * r + 1], pieces.right[2 * c + 1]] : [0, 0];
      const at = (r * columns + c) * width;
      sum += (pieces.matrix[at] - sigma * (ur * vr - ui * vi)) ** 2;
      if (width === 2) sum += (pieces.matrix[at + 1] - sigma * (ur * vi + ui * vr)) ** 2;
    }
  }
  return sum;
}

/** Fills with a sum of outer products of random unit-scale vectors with the given weights. */
function fill(
  pieces: RankOne,
  rows: number,
  columns: number,
  field: Field,
  weights: readonly number[],
  seed: number,
): void {
  const random = new Random(seed);
  const width = field === "complex" ? 2 : 1;
  pieces.matrix.fill(0);
  for (const weight of weights) {
    const u = Float64Array.from({ length: 2 * rows }, () => random.normal());
    const v = Float64Array.from({ length: 2 * columns }, () => random.normal());
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        const at = (r * columns + c) * width;
        if (width === 1) pieces.matrix[at] += weight * u[r] * v[c];
        else {
          pieces.matrix[at] += weight * (u[2 * r] * v[2 * c] - u[2 * r + 1] * v[2 * c + 1]);
          pieces.matrix[at + 1] += weight * (u[2 * r] * v[2 * c + 1] + u[2 * r + 1] * v[2 * c]);
        }
      }
    }
  }
}

Deno.test("matrices of rank one are reproduced to rounding, whatever their shape and scale", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom<Field>("real", "complex"),
      fc.constantFrom(1, 1e-100, 1e100),
      fc.nat(),
      (rows, columns, field, scale, seed) => {
        const pieces = new RankOne(rows, columns, field);
        fill(pieces, rows, columns, field, [scale], seed);
        const { sigma, energy, rest } = pieces.approximate(rows, columns);
        ok(Math.abs(sigma ** 2 / energy - 1) < 1e-12);
        ok(distance(pieces, sigma, rows, columns, field) <= 1e-28 * energy);
        ok(rest <= 1e-28 * energy);
      },
    ),
    { numRuns: 100 },
  );
});

Deno.test("the approximation is the best one: sigma is the largest singular value, and no more can be taken off", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 8 }),
      fc.integer({ min: 2, max: 8 }),
      fc.constantFrom<Field>("real", "complex"),
      fc.constantFrom([1, 1, 1, 1], [1, 1e-3], [1, 0.99], [1, 1e-9, 1e-9]),
      fc.nat(),
      (rows, columns, field, weights, seed) => {
        const pieces = new RankOne(rows, columns, field);
        fill(pieces, rows, columns, field, weights, seed);
        const { sigma, energy, rest } = pieces.approximate(rows, columns);
        // The reference: all singular values, by Jacobi over the rows.
        const width = field === "complex" ? 2 : 1;
        const work = new Float64Array(2 * rows * columns);
        for (let i = 0; i < rows * columns; i++) {
          work[2 * i] = pieces.matrix[i * width];
          if (width === 2) work[2 * i + 1] = pieces.matrix[2 * i + 1];
        }
        const longest = orthogonalise(work, rows, 2 * columns);
        const values = Array.from(
          { length: rows },
          (_, k) => Math.hypot(...work.subarray(2 * k * columns, 2 * (k + 1) * columns)),
        );
        equal(values[longest], Math.max(...values));
        ok(Math.abs(sigma / values[longest] - 1) < 1e-9, `${sigma} of ${values}`);
        const left = values.reduce((sum, value, k) => sum + (k === longest ? 0 : value ** 2), 0);
        ok(Math.abs(rest - left) <= 1e-9 * energy + 1e-6 * left);
        ok(Math.abs(distance(pieces, sigma, rows, columns, field) - left) <= 1e-9 * energy);
      },
    ),
    { numRuns: 150 },
  );
});

Deno.test("a start orthogonal to the answer and equal singular values do not mislead", () => {
  const pieces = new RankOne(4, 4, "real");
  // The longest row is (1, 0, 0, 0), but three rows along (0, 1, 0, 0) hold more: σ = 0.9·√3.
  pieces.matrix.set([1, 0, 0, 0, 0, 0.9, 0, 0, 0, 0.9, 0, 0, 0, 0.9, 0, 0]);
  ok(Math.abs(pieces.approximate(4, 4).sigma - 0.9 * Math.sqrt(3)) < 1e-14);
  pieces.matrix.set([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
  const { sigma, rest } = pieces.approximate(4, 4);
  ok(Math.abs(sigma - 1) < 1e-14 && Math.abs(rest - 3) < 1e-13);
});

Deno.test("the zero matrix has zero vectors, and a single entry is found", () => {
  const pieces = new RankOne(3, 5, "complex");
  deepEqual(pieces.approximate(3, 5), { sigma: 0, energy: 0, rest: 0 });
  ok(pieces.left.every((x) => x === 0) && pieces.right.every((x) => x === 0));
  pieces.matrix[2 * 7 + 1] = -2;
  equal(pieces.approximate(3, 5).sigma, 2);
  equal(distance(pieces, 2, 3, 5, "complex"), 0);
});
