import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { Random } from "../src/program/random.ts";
import { closedForm, splitChain } from "../src/learn/closed_form.ts";
import { appliedFactors, HYPOTHESES, type Hypothesis } from "../src/learn/hypothesis.ts";
import type { Field, Target } from "../src/learn/target.ts";
import {
  altered,
  denseButterfly,
  dft,
  hadamard,
  identity,
  noise,
  randomFactors,
  rmse,
  scaledRowsAndColumns,
} from "./learn_targets.ts";

/** The dense matrix of a closed form, by pushing unit vectors through its factors. */
function rebuilt(target: Target, weights: Float64Array, hypothesis: Hypothesis): Target {
  const factors = appliedFactors(weights, target.n, target.field, hypothesis);
  const { increasing, permutation } = hypothesis;
  return denseButterfly(factors, target.n, target.field, increasing, permutation === "bit-reversal");
}

Deno.test("any random butterfly is factored to rounding, in both orders and fields, behind bit reversal or not", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.constantFrom<Field>("real", "complex"),
      fc.constantFrom(...HYPOTHESES),
      fc.nat(),
      (bits, field, hypothesis, seed) => {
        const n = 2 ** bits;
        const factors = randomFactors(n, field, new Random(seed));
        const { increasing, permutation } = hypothesis;
        const target = denseButterfly(factors, n, field, increasing, permutation === "bit-reversal");
        const { weights, error } = closedForm(target, hypothesis);
        ok(error <= 1e-13 * target.norm, `relative error ${error / target.norm}`);
        ok(rmse(rebuilt(target, weights, hypothesis), target) * n <= 1e-13 * target.norm);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("the DFT behind bit reversal and the Hadamard transform are factored at every size", () => {
  for (const n of [2, 4, 8, 16, 32, 64, 128, 256]) {
    const fourier = closedForm(dft(n), { increasing: true, permutation: "bit-reversal" });
    ok(fourier.rmse < 1e-15, `DFT ${n}: ${fourier.rmse}`);
    for (const increasing of [true, false]) {
      const walsh = closedForm(hadamard(n), { increasing, permutation: "none" });
      ok(walsh.rmse < 1e-15, `Hadamard ${n}: ${walsh.rmse}`);
    }
  }
});

Deno.test("the factors of a unitary target have all the same norm", () => {
  const { weights } = closedForm(dft(64), { increasing: true, permutation: "bit-reversal" });
  for (let level = 0; level < 6; level++) {
    const norm = Math.hypot(...weights.subarray(level * 256, (level + 1) * 256));
    ok(Math.abs(norm - 8) < 1e-12, `factor ${level} has norm ${norm}`);
  }
});

Deno.test("the scale of the target does not matter, and random diagonals on both sides do not either", () => {
  const form: Hypothesis = { increasing: true, permutation: "bit-reversal" };
  for (const scale of [1e-37, 1e-8, 1, 1e8, 1e37]) {
    const target = altered(dft(32), scale);
    ok(closedForm(target, form).error <= 1e-14 * target.norm);
  }
  const target = scaledRowsAndColumns(dft(64), new Random(8));
  ok(closedForm(target, form).error <= 1e-14 * target.norm);
});

Deno.test("sparse members of the class are exact: the identity, single entries, zero rows", () => {
  for (const n of [2, 8, 64]) {
    const target = identity(n);
    for (const { increasing } of HYPOTHESES) {
      equal(closedForm(target, { increasing, permutation: "none" }).error, 0);
    }
    target.values.fill(0);
    target.values[n + 1] = -3;
    ok(closedForm({ ...target, norm: 3 }, HYPOTHESES[0]).error < 1e-15);
  }
  const random = new Random(2);
  for (let trial = 0; trial < 20; trial++) {
    // Weights that are often zero: whole paths, rows and columns vanish.
    const factors = randomFactors(16, "real", random).map((factor) =>
      factor.map((weight) => (random.uniform() < 0.3 ? 0 : weight))
    );
    const target = denseButterfly(factors, 16, "real", true);
    const { error, weights } = closedForm(target, HYPOTHESES[0]);
    ok(error <= 1e-13 * Math.max(target.norm, 1e-300));
    ok(weights.every(Number.isFinite));
  }
});

Deno.test("noise on a butterfly is not amplified: the error is at most the noise", () => {
  for (const level of [1e-9, 1e-6, 1e-3, 1e-2]) {
    for (const n of [16, 128]) {
      const clean = altered(hadamard(n), Math.sqrt(n));
      const target = altered(clean, 1, level, n);
      const { rmse } = closedForm(target, HYPOTHESES[0]);
      ok(rmse < level, `noise ${level}, n ${n}: ${rmse}`);
      ok(rmse > level / 2, "more than the class can hold was fitted");
    }
  }
});

Deno.test("a matrix that is no butterfly gives finite factors and an error below its own norm", () => {
  for (const field of ["real", "complex"] as const) {
    const target = noise(32, field, 3);
    for (const hypothesis of HYPOTHESES) {
      const { error, weights } = closedForm(target, hypothesis);
      ok(weights.every(Number.isFinite));
      ok(error > 0.1 * target.norm && error < target.norm);
      const measured = rmse(rebuilt(target, weights, hypothesis), target) * 32;
      ok(Math.abs(measured - error) <= 1e-12 * target.norm);
    }
  }
});

Deno.test("the splitting can be stopped", () => {
  const task = splitChain(hadamard(64).values, 64, "real");
  equal(task.next().done, false);
  equal(task.next().done, false);
  const end = task.next("cancelled");
  equal(end.done, true);
});
