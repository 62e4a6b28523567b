import { deepEqual, equal, ok } from "node:assert/strict";
import { Random } from "../src/program/random.ts";
import { Chain64 } from "../src/learn/chain64.ts";
import { gradientTask } from "../src/learn/gradient.ts";
import { appliedFactors, HYPOTHESES } from "../src/learn/hypothesis.ts";
import { finish } from "../src/learn/task.ts";
import type { Field, Target } from "../src/learn/target.ts";
import {
  altered,
  denseButterfly,
  dft,
  hadamard,
  noise,
  randomFactors,
  rmse,
  scaledRowsAndColumns,
} from "./learn_targets.ts";

/** Runs the method, checks the reported error against a dense rebuild, and returns the relative error. */
function run(target: Target, seed: number): number {
  const fit = finish(gradientTask(target, { seed }));
  const { increasing, permutation } = fit.hypothesis;
  const factors = appliedFactors(fit.weights, target.n, target.field, fit.hypothesis);
  const dense = denseButterfly(factors, target.n, target.field, increasing, permutation === "bit-reversal");
  const error = (rmse(dense, target) * target.n) / target.norm;
  ok(Math.abs(error - fit.relativeError) < 1e-12 + 1e-3 * error);
  return error;
}

Deno.test("gradients alone recover the DFT and the Hadamard transform up to n = 32, from ten seeds of ten", () => {
  for (const n of [2, 4, 8, 16, 32]) {
    for (let seed = 0; seed < 10; seed++) {
      ok(run(dft(n), seed) <= 1e-8, `DFT ${n}, seed ${seed}`);
      ok(run(hadamard(n), seed) <= 1e-8, `Hadamard ${n}, seed ${seed}`);
    }
  }
});

Deno.test("gradients alone recover random butterflies of every form up to n = 32", () => {
  for (const n of [8, 16, 32]) {
    for (const field of ["real", "complex"] as Field[]) {
      for (const [seed, { increasing, permutation }] of HYPOTHESES.entries()) {
        const factors = randomFactors(n, field, new Random(100 * n + seed));
        const target = denseButterfly(factors, n, field, increasing, permutation === "bit-reversal");
        ok(run(target, seed) <= 1e-8, `${field} n=${n} ${increasing} ${permutation}`);
      }
    }
  }
});

Deno.test("the scale of the target and diagonals around it do not matter", () => {
  ok(run(altered(dft(16), 1e-8), 1) <= 1e-8);
  ok(run(altered(dft(16), 1e8), 1) <= 1e-8);
  ok(run(scaledRowsAndColumns(dft(16), new Random(3)), 1) <= 1e-8);
});

Deno.test("the same seed gives the same weights, another one others", () => {
  const weights = (seed: number): string => finish(gradientTask(hadamard(8), { seed })).weights.join();
  equal(weights(3), weights(3));
  ok(weights(3) !== weights(4));
});

Deno.test("on a noisy butterfly two starts that agree end the search at the noise", () => {
  const fit = finish(gradientTask(altered(dft(16), 1, 1e-4), { seed: 2 }));
  equal(fit.reason, "stationary");
  ok(fit.relativeError > 1e-4 && fit.relativeError < 1e-3);
});

Deno.test("on a matrix that is no butterfly the rounds run out, and the best of them is returned", () => {
  const target = noise(8, "real", 5);
  const few = finish(gradientTask(target, { restarts: 1 }));
  const many = finish(gradientTask(target, { restarts: 6 }));
  equal(many.reason, "restarts");
  equal(many.restarts, 6);
  ok(many.relativeError <= few.relativeError && many.relativeError > 0.1);
});

Deno.test("stopped at any moment it returns finite weights and their true error", () => {
  const target = hadamard(16);
  for (const moment of [1, 2, 150, 700, 820]) {
    const task = gradientTask(target, { seed: 1 });
    let step = task.next();
    for (let i = 1; i < moment && !step.done; i++) step = task.next();
    while (!step.done) step = task.next("cancelled");
    const { weights, hypothesis, relativeError, reason } = step.value;
    equal(reason, "cancelled", `moment ${moment}`);
    const factors = appliedFactors(weights, 16, "real", hypothesis);
    const { increasing, permutation } = hypothesis;
    const dense = denseButterfly(factors, 16, "real", increasing, permutation === "bit-reversal");
    ok(Math.abs((rmse(dense, target) * 16) / target.norm - relativeError) < 1e-9);
  }
});

Deno.test("the loss can come from elsewhere, and progress names phases and rounds", () => {
  let calls = 0;
  const phases = new Set<string>();
  const task = gradientTask(hadamard(8), {
    hypotheses: [HYPOTHESES[1]],
    objective: (matrix, n, field) => {
      const loss = new Chain64(n, field).loss(matrix);
      return (weights, gradient) => (calls++, loss(weights, gradient));
    },
  });
  let step = task.next();
  for (; !step.done; step = task.next()) {
    phases.add(step.value.phase);
    equal(step.value.restart, 1);
    ok(step.value.rmse >= 0);
  }
  ok(calls > 200);
  deepEqual([...phases], ["adam", "lbfgs"]);
  deepEqual(step.value.hypothesis, HYPOTHESES[1]);
});
