import assert from "node:assert/strict";
import fc from "fast-check";
import { intertwine } from "../src/learn/intertwiner.ts";
import { loops } from "../src/learn/loops.ts";
import { compose, correlate, solveHalves, squaredDistance } from "../src/learn/peel_blocks.ts";
import { Random } from "../src/program/random.ts";

function normals(random: Random, count: number): Float64Array {
  return Float64Array.from({ length: count }, () => random.normal());
}

/** Random 2×2 matrices; left ones with unit columns or right ones with unit rows. */
function blocks(random: Random, h: number, [across, down]: [number, number]): Float64Array {
  const result = normals(random, 8 * h);
  for (let i = 0; i < result.length; i += 8) {
    for (const k of [0, across]) {
      const at = [i + k, i + k + 1, i + k + down, i + k + down + 1];
      const norm = Math.hypot(...at.map((j) => result[j]));
      for (const j of at) result[j] /= norm;
    }
  }
  return result;
}

/** L·(M₁ ⊕ M₂)·R of random parts. */
function product(h: number, random: Random): Float64Array {
  const matrix = new Float64Array(8 * h * h);
  const left = blocks(random, h, [2, 4]), right = blocks(random, h, [4, 2]);
  compose(left, normals(random, 2 * h * h), normals(random, 2 * h * h), right, matrix);
  return matrix;
}

/** The relative error that the best halves leave for given outer factors. */
function rest(matrix: Float64Array, h: number, left: Float64Array, right: Float64Array): number {
  const first = new Float64Array(2 * h * h), second = first.slice(), model = new Float64Array(matrix.length);
  correlate(matrix, 2 * h, left, right, first, second);
  solveHalves(first, second, left, right);
  compose(left, first, second, right, model);
  return Math.sqrt(squaredDistance(matrix, model) / squaredDistance(matrix, new Float64Array(matrix.length)));
}

const ones = (h: number): Float64Array => new Float64Array(h).fill(1);

Deno.test("the outer factors of a random product explain it", () => {
  fc.assert(
    fc.property(fc.constantFrom(2, 3, 4, 8, 16), fc.nat(1e6), (h, seed) => {
      const matrix = product(h, new Random(seed)), estimate = loops(matrix, 2 * h);
      const { left, right, misfit } = intertwine(matrix, 2 * h, ones(h), ones(h), estimate, new Random(1));
      assert.ok(misfit < 1e-6, `misfit ${misfit}`);
      // The normal equations square the condition, which is large in the smallest ones.
      const error = rest(matrix, h, left, right);
      assert.ok(error < (h > 3 ? 1e-8 : 1e-4), `error ${error}`);
    }),
  );
});

Deno.test("a random matrix has a large misfit", () => {
  for (const h of [4, 8, 16]) {
    const matrix = normals(new Random(h), 8 * h * h), estimate = loops(matrix, 2 * h);
    assert.ok(intertwine(matrix, 2 * h, ones(h), ones(h), estimate, new Random(1)).misfit > 0.2);
  }
});

Deno.test("weights of rows and columns do not change the solution of an exact problem", () => {
  const h = 8, random = new Random(4), matrix = product(h, random), estimate = loops(matrix, 2 * h);
  const weights = () => Float64Array.from({ length: h }, () => 0.5 + random.uniform());
  const { left, right } = intertwine(matrix, 2 * h, weights(), weights(), estimate, random);
  assert.ok(rest(matrix, h, left, right) < 1e-9);
});
