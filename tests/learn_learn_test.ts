import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import fc from "fast-check";
import { Random } from "../src/program/random.ts";
import type { ButterflyFit } from "../src/learn/fit.ts";
import { HYPOTHESES } from "../src/learn/hypothesis.ts";
import { learn } from "../src/learn/learn.ts";
import { checkTarget, type Field, type Target } from "../src/learn/target.ts";
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

/** The dense matrix of a fit, from its float32 factors. */
function dense(fit: ButterflyFit): Target {
  return denseButterfly(fit.factors, fit.n, fit.field, fit.increasing, fit.permutation === "bit-reversal");
}

/** Checks everything that must hold of a fit to a member of the class. */
function recovered(fit: ButterflyFit, target: Target): void {
  equal(fit.stopped, "converged");
  equal(fit.factors.length, Math.log2(target.n));
  ok(fit.factors.every((factor) => factor.length === 2 * target.n * (fit.field === "complex" ? 2 : 1)));
  ok(fit.relativeError < 1e-6);
  if (fit.field === target.field) {
    const measured = rmse(dense(fit), target);
    ok(Math.abs(measured - fit.rmse) <= 1e-9 * (target.norm / target.n), `${measured}, said ${fit.rmse}`);
  }
}

Deno.test("the DFT and the Hadamard transform are recovered from their matrix, n = 2 … 256, to 1e-6", async () => {
  for (const n of [2, 4, 8, 16, 32, 64, 128, 256]) {
    const fourier = await learn(dft(n));
    recovered(fourier, dft(n));
    ok(fourier.rmse < 1e-6);
    equal(fourier.field, n > 2 ? "complex" : "real");
    if (n > 2) equal(fourier.permutation, "bit-reversal");
    const walsh = await learn(hadamard(n));
    recovered(walsh, hadamard(n));
    ok(walsh.rmse < 1e-6);
    deepEqual([walsh.field, walsh.permutation, walsh.method], ["real", "none", "closed-form"]);
  }
});

Deno.test("random butterflies of every form are recovered, and the form is found", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 6 }),
      fc.constantFrom<Field>("real", "complex"),
      fc.constantFrom(...HYPOTHESES),
      fc.nat(),
      async (bits, field, form, seed) => {
        const n = 2 ** bits;
        const { increasing, permutation } = form;
        const factors = randomFactors(n, field, new Random(seed));
        const target = denseButterfly(factors, n, field, increasing, permutation === "bit-reversal");
        const fit = await learn(target, { seed });
        recovered(fit, target);
        if (n > 4) deepEqual([fit.increasing, fit.permutation], [increasing, permutation]);
      },
    ),
    { numRuns: 40 },
  );
});

Deno.test("a butterfly of order 256 is recovered in both fields", async () => {
  for (const field of ["real", "complex"] as const) {
    const target = denseButterfly(randomFactors(256, field, new Random(9)), 256, field, false);
    recovered(await learn(target), target);
  }
});

Deno.test("scale, diagonals on both sides and float32 entries do not prevent recovery", async () => {
  const targets = [
    altered(dft(64), 8),
    altered(dft(64), 1e-8),
    altered(hadamard(64), 1e30),
    altered(hadamard(64), 1e-30),
    scaledRowsAndColumns(dft(64), new Random(1)),
    scaledRowsAndColumns(hadamard(128), new Random(2)),
    checkTarget(Float32Array.from(dft(128).values), 128, "complex"),
    identity(32),
  ];
  for (const target of targets) recovered(await learn(target), target);
});

Deno.test("matrices of order 1 and 2 are exact, whatever they are", async () => {
  for (const target of [noise(2, "real", 1), noise(2, "complex", 1), checkTarget([0, 3, 0, 0])]) {
    recovered(await learn(target), target);
  }
  const one = await learn(checkTarget([-0.5]));
  deepEqual([one.factors, [...one.scalar ?? []], one.rmse, one.stopped], [[], [-0.5], 0, "converged"]);
  const complex = await learn(checkTarget([0.1, 2], 1, "complex"));
  deepEqual([...complex.scalar ?? []], [Math.fround(0.1), 2]);
  ok(complex.rmse < 1e-8 && complex.field === "complex");
});

Deno.test("a zero matrix is answered at once with zero factors", async () => {
  const target = altered(noise(16, "real", 1), 0);
  const fit = await learn(target, { method: "gradient" });
  deepEqual([fit.rmse, fit.relativeError, fit.stopped, fit.tried], [0, 0, "converged", []]);
  ok(dense(fit).values.every((value) => value === 0));
  equal(fit.factors.length, 4);
});

Deno.test("real targets get real factors, also when given as complex; the field can be chosen", async () => {
  const wide = checkTarget(
    Float64Array.from(hadamard(8).values, (v) => v).reduce<number[]>((all, v) => {
      all.push(v, 0);
      return all;
    }, []),
    8,
    "complex",
  );
  equal((await learn(wide)).field, "real");
  const complex = await learn(wide, { field: "complex" });
  equal(complex.field, "complex");
  recovered(complex, wide);
  equal((await learn(hadamard(8), { field: "complex" })).field, "complex");
  await rejects(learn(dft(8), { field: "real" }), /real factors to a target with imaginary parts/);
});

Deno.test("noise of 1e-6 and 1e-3 is not amplified, and the search says that nothing is left to gain", async () => {
  for (const level of [1e-6, 1e-3]) {
    for (const n of [64, 256]) {
      const clean = dft(n);
      const fit = await learn(altered(clean, 1, level));
      equal(fit.stopped, "stationary");
      equal(fit.method, "closed-form");
      // Noise of that level in both parts of an entry; the fit averages most of it away.
      ok(fit.rmse < 1.5 * level);
      ok(rmse(dense(fit), clean) < 0.5 * level, `${rmse(dense(fit), clean)} from the clean one at ${level}`);
    }
  }
});

Deno.test("the gradient method alone recovers up to n = 32, with float32 factors, and says how", async () => {
  for (const target of [dft(8), dft(32), hadamard(32)]) {
    const fit = await learn(target, { method: "gradient", seed: 5 });
    recovered(fit, target);
    equal(fit.method, "gradient");
    ok(fit.rmse < 1e-6);
    deepEqual(fit.tried.map(({ method }) => method), ["gradient"]);
  }
});

Deno.test("a matrix that is no butterfly is answered with the best found, what was tried, and no claim", async () => {
  const target = noise(32, "real", 6);
  const closed = await learn(target, { method: "closed-form" });
  equal(closed.stopped, "stationary");
  ok(closed.relativeError > 0.5 && closed.relativeError < 1);
  equal(closed.tried.length, 4);
  ok(closed.tried.every(({ misfit }) => misfit !== undefined && misfit > 0.5));
  const both = await learn(target);
  ok(both.relativeError <= closed.relativeError);
  ok(Math.abs(rmse(dense(both), target) - both.rmse) < 1e-9);
  // The DCT-II of order 8 is far from butterflies, and from the bound of the rank test: gradients have their turn.
  const cosines = Float64Array.from(
    { length: 64 },
    (_, k) => Math.cos((Math.PI * (2 * (k % 8) + 1) * (k >> 3)) / 16),
  );
  const searched = await learn(checkTarget(cosines), { restarts: 2 });
  equal(searched.stopped, "budget");
  deepEqual([searched.tried.at(-1)?.method, searched.tried.at(-1)?.restarts], ["gradient", 2]);
});

Deno.test("the same seed gives the same fit", async () => {
  for (const method of ["auto", "gradient"] as const) {
    const target = scaledRowsAndColumns(dft(16), new Random(4));
    const first = await learn(target, { seed: 8, method });
    deepEqual(await learn(target, { seed: 8, method }), first);
    equal(first.seed, 8);
  }
});

Deno.test("cancelled before or in the middle it returns the best so far", async () => {
  const before = await learn(hadamard(16), { signal: AbortSignal.abort() });
  deepEqual([before.stopped, before.relativeError], ["cancelled", 1]);
  equal(before.factors.length, 4);
  const controller = new AbortController();
  const phases: string[] = [];
  const middle = await learn(noise(64, "complex", 2), {
    method: "gradient",
    restarts: 1000,
    signal: controller.signal,
    onProgress: ({ phase, rmse, restart }) => {
      phases.push(phase);
      ok(rmse > 0 && restart >= 1);
      if (phases.length === 3) controller.abort();
    },
  });
  equal(middle.stopped, "cancelled");
  equal(phases.length, 3);
  ok(middle.relativeError < 1);
  ok(Math.abs(rmse(dense(middle), noise(64, "complex", 2)) - middle.rmse) < 1e-9);
});

Deno.test("a budget of zero seconds returns at once, a short one soon", async () => {
  equal((await learn(dft(16), { budgetSeconds: 0 })).stopped, "budget");
  const short = await learn(noise(64, "real", 3), { method: "gradient", restarts: 1e6, budgetSeconds: 0.2 });
  equal(short.stopped, "budget");
  ok(short.relativeError < 1);
});

Deno.test("options that make no sense are refused with a sentence", async () => {
  const target = hadamard(4);
  await rejects(learn(target, { method: "magic" as "auto" }), /method is magic, expected "auto"/);
  await rejects(learn(target, { field: "octonion" as "real" }), TypeError);
  await rejects(learn(target, { seed: 1.5 }), /seed is 1.5, expected a safe integer/);
  await rejects(learn(target, { tolerance: 0 }), /tolerance is 0/);
  await rejects(learn(target, { tolerance: NaN }), RangeError);
  await rejects(learn(target, { restarts: 0 }), /restarts is 0/);
  await rejects(learn(target, { budgetSeconds: -1 }), /budgetSeconds is -1/);
});
