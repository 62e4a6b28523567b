import { deepEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import { Random } from "../src/program/random.ts";
import { Chain64 } from "../src/learn/chain64.ts";
import {
  appliedFactors,
  canonicalMatrix,
  canonicalWeights,
  describe,
  HYPOTHESES,
} from "../src/learn/hypothesis.ts";
import type { Field } from "../src/learn/target.ts";
import { denseButterfly, randomFactors } from "./learn_targets.ts";

const forms = fc.record({
  bits: fc.integer({ min: 1, max: 6 }),
  field: fc.constantFrom<Field>("real", "complex"),
  hypothesis: fc.constantFrom(...HYPOTHESES),
  seed: fc.nat(),
});

Deno.test("the canonical matrix of a butterfly is the product of its canonical weights, for every form", () => {
  fc.assert(
    fc.property(forms, ({ bits, field, hypothesis, seed }) => {
      const n = 2 ** bits;
      const factors = randomFactors(n, field, new Random(seed));
      const { increasing, permutation } = hypothesis;
      const dense = denseButterfly(factors, n, field, increasing, permutation === "bit-reversal");
      const product = new Chain64(n, field).product(canonicalWeights(factors, n, field, hypothesis));
      const matrix = canonicalMatrix(dense, hypothesis, 2);
      for (let i = 0; i < matrix.length; i++) {
        ok(Math.abs(matrix[i] - 2 * product[i]) <= 1e-12 * dense.norm, `entry ${i}`);
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("canonical weights brought back as applied factors are the factors, for every form", () => {
  fc.assert(
    fc.property(forms, ({ bits, field, hypothesis, seed }) => {
      const n = 2 ** bits;
      const factors = randomFactors(n, field, new Random(seed));
      const weights = canonicalWeights(factors, n, field, hypothesis);
      deepEqual(appliedFactors(weights, n, field, hypothesis), factors);
    }),
    { numRuns: 40 },
  );
});

Deno.test("every form has its own description", () => {
  const words = HYPOTHESES.map(describe);
  deepEqual(new Set(words).size, 4);
  ok(words.includes("bit reversal, then increasing strides"));
});
