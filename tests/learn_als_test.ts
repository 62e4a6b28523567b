import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { Random } from "../src/program/random.ts";
import { alternate } from "../src/learn/als.ts";
import { Chain64 } from "../src/learn/chain64.ts";
import { splitChain } from "../src/learn/closed_form.ts";
import { orthogonalWeights } from "../src/learn/initial.ts";
import { finish } from "../src/learn/task.ts";
import type { Field } from "../src/learn/target.ts";
import { noise } from "./learn_targets.ts";

Deno.test("the error never grows from one pair of sweeps to the next, whatever the target", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.constantFrom<Field>("real", "complex"),
      fc.nat(),
      (bits, field, seed) => {
        const n = 2 ** bits;
        const { values } = noise(n, field, seed);
        const weights = orthogonalWeights(n, field, new Random(seed));
        const errors = [...alternate(values, weights, n, field, { maxSweeps: 12, stall: 0 })].map((p) =>
          p.rmse
        );
        errors.push(Math.sqrt(new Chain64(n, field).squaredError(weights, values)) / n);
        for (let i = 1; i < errors.length; i++) ok(errors[i] <= errors[i - 1] * (1 + 1e-12) + 1e-15);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("where it is stationary the gradient of the loss vanishes", () => {
  for (const field of ["real", "complex"] as const) {
    const n = 16;
    const { values, norm } = noise(n, field, 5);
    const weights = finish(splitChain(values, n, field));
    const end = finish(alternate(values, weights, n, field, { maxSweeps: 3000, stall: 1e-14 }));
    equal(end.reason, "stationary");
    const gradient = new Float64Array(weights.length);
    const loss = new Chain64(n, field).loss(values)(weights, gradient);
    ok(Math.hypot(...gradient) < 1e-5 * norm, `gradient ${Math.hypot(...gradient)}`);
    ok(Math.abs(Math.sqrt(2 * loss) / norm - end.relativeError) < 1e-12);
  }
});

Deno.test("a butterfly is found from almost any start in one pair of sweeps", () => {
  for (const field of ["real", "complex"] as const) {
    const n = 64;
    const chain = new Chain64(n, field);
    const matrix = chain.product(orthogonalWeights(n, field, new Random(1))).slice();
    const weights = orthogonalWeights(n, field, new Random(2));
    const end = finish(alternate(matrix, weights, n, field, { tolerance: 1e-12 }));
    equal(end.reason, "tolerance");
    ok(end.sweeps <= 2 && end.relativeError <= 1e-12);
  }
});

Deno.test("a closed form of a noisy butterfly is improved, slightly", () => {
  const n = 64;
  const matrix = new Chain64(n, "real").product(orthogonalWeights(n, "real", new Random(3))).slice();
  const random = new Random(4);
  for (let i = 0; i < matrix.length; i++) matrix[i] += (0.1 * random.normal()) / 8;
  const weights = finish(splitChain(matrix, n, "real"));
  const before = new Chain64(n, "real").squaredError(weights, matrix);
  finish(alternate(matrix, weights, n, "real"));
  const after = new Chain64(n, "real").squaredError(weights, matrix);
  ok(after < before && after > 0.9 * before);
});

Deno.test("it stops when told to, and a zero matrix gives zero weights", () => {
  const { values } = noise(8, "real", 1);
  const weights = orthogonalWeights(8, "real", new Random(1));
  const task = alternate(values, weights, 8, "real", { stall: 0 });
  task.next();
  const end = task.next("cancelled");
  ok(end.done && end.value.reason === "cancelled");
  const zero = new Float64Array(64);
  const swept = finish(alternate(zero, weights, 8, "real"));
  equal(swept.relativeError, 0);
  ok(new Chain64(8, "real").product(weights).every((value) => value === 0));
});
