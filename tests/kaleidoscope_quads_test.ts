import { ok } from "node:assert/strict";
import fc from "fast-check";
import { pairFactors } from "../src/kaleidoscope/quads.ts";
import { KroneckerFactor } from "../src/operator/factor.ts";
import { product } from "../src/operator/product.ts";
import { Random } from "../src/program/random.ts";
import { assertClose } from "./helpers.ts";

/** Blocks of all kinds: full, orthogonal-like, of low rank, sparse, zero. */
function blocks(random: Random, count: number, kind: string): Float32Array {
  return Float32Array.from({ length: 16 * count }, (_, k) => {
    const [row, column] = [Math.floor(k / count) >> 2, Math.floor(k / count) % 4];
    if (kind === "zero") return 0;
    if (kind === "identity") return row === column ? 1 : 0;
    if (kind === "swap") return row === (column ^ 3) ? 1 : 0;
    if (kind === "rank one") return (row + 1) * (column - 1.5);
    if (kind === "hadamard") return [0, 1, 1, 0][row & column] ? -1 : 1;
    if (kind === "scales") return random.normal() * 10 ** (-3 * row);
    return random.uniform() < 0.3 && kind === "sparse" ? 0 : random.normal();
  });
}

Deno.test("every real factor of 4×4 blocks is five factors of pairs", () => {
  const kinds = ["full", "zero", "identity", "swap", "rank one", "hadamard", "scales", "sparse"];
  fc.assert(
    fc.property(
      fc.constantFrom(...kinds),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer(),
      (kind, a, d, seed) => {
        const random = new Random(seed), weights = new Float32Array(16 * a * d);
        for (let i = 0; i < a; i++) weights.set(blocks(random, d, kind), 16 * d * i);
        const factors = pairFactors(weights, d);
        const parts = factors.map(({ near, weights }) => {
          return new KroneckerFactor(
            near ? { a: 2 * a, b: 2, c: 2, d } : { a, b: 2, c: 2, d: 2 * d },
            weights,
          );
        });
        const want = new KroneckerFactor({ a, b: 4, c: 4, d }, weights).toDense();
        const got = product(...parts.reverse()).toDense();
        ok(got.every(Number.isFinite));
        if (kind === "zero") ok(got.every((value) => value === 0));
        else assertClose(got, Float64Array.from(want), 1e-6, kind);
      },
    ),
    { numRuns: 200 },
  );
});
