import assert from "node:assert/strict";
import { createGpu, GpuLostError, gpuStarter } from "../src/gpu/mod.ts";
import { dft } from "../src/kaleidoscope/transforms/dft.ts";
import { hadamard } from "../src/kaleidoscope/transforms/hadamard.ts";
import { learn } from "../src/learn/learn.ts";
import type { Start } from "../src/learn/gradient.ts";
import { HYPOTHESES } from "../src/learn/hypothesis.ts";
import { checkTarget } from "../src/learn/target.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Random } from "../src/program/random.ts";
import { gpu, gpuTest } from "./gpu.ts";
import { assertClose } from "./helpers.ts";
import { vectors } from "./programs.ts";

const gradient = { method: "gradient", models: ["B"], seed: 1 } as const;

gpuTest("the Fourier transform is learned from samples, its starts trained on the device", async () => {
  const n = 8, map = dft(n), x = vectors(new Random(5), 24 * 2 * n);
  const source = { samples: { x, y: map.apply(x) }, n, field: "complex" } as const;
  const losses: number[] = [];
  const starter = gpuStarter(gpu, {
    starts: 4,
    steps: 150,
    every: 150,
    onProgress: ({ loss }) => losses.push(loss),
  });
  const fit = await learn(source, { ...gradient, restarts: 1, starter });
  assert.equal(fit.stopped, "converged");
  assert.ok(fit.relativeError < 1e-6);
  assert.match(fit.model, /a butterfly: bit reversal, then strides 1, 2, 4/);
  const fresh = vectors(new Random(6), 2 * n);
  assertClose(fit.operator.apply(fresh), map.apply(fresh), 1e-6);
  // Both orders of strides were trained there.
  assert.ok(losses.length >= 2 && losses.every((loss) => loss > 0 && Number.isFinite(loss)));
});

gpuTest("the Hadamard transform of 16 points is learned from its matrix", async () => {
  const n = 16, target = checkTarget(hadamard(n).toDense(), n);
  const fit = await learn(target, { ...gradient, starter: gpuStarter(gpu, { starts: 2, steps: 150 }) });
  assert.ok(fit.stopped === "converged" && fit.relativeError < 1e-6, fit.explain());
});

gpuTest("a start is trained from mini-batches of samples, and comes near by that alone", async () => {
  const n = 8,
    hidden = Butterfly.random(n, { seed: 3, increasing: false }),
    x = vectors(new Random(5), 60 * n);
  const y = hidden.apply(x), target = checkTarget(hidden.toDense(), n);
  const problem = { target, samples: { x, y }, hypotheses: [HYPOTHESES[1]], seed: 4 };
  const error = ([{ hypothesis, factors }]: readonly Start[]): number => {
    assert.deepEqual(hypothesis, HYPOTHESES[1]);
    const map = new Butterfly(n, factors.map((w) => Float32Array.from(w)), { increasing: false });
    return Math.hypot(...map.apply(x).map((value, k) => value - y[k])) / Math.hypot(...y);
  };
  const train = gpuStarter(gpu, { starts: 4, batch: 25, steps: 250 });
  const starts = await train(problem);
  assert.ok(error(starts) < 0.05, `${error(starts)}`);
  assert.deepEqual(await train(problem), starts, "the same seed gives the same");
});

gpuTest("starts that diverge are begun with as they were", async () => {
  const target = checkTarget(hadamard(4).toDense(), 4);
  const starter = gpuStarter(gpu, { rate: 1e30, starts: 1, steps: 20 });
  const fit = await learn(target, { ...gradient, starter });
  assert.ok(fit.stopped === "converged" && fit.relativeError < 1e-6, fit.explain());
});

gpuTest("learning that is stopped while the device trains returns what it has", async () => {
  const controller = new AbortController(), target = checkTarget(hadamard(8).toDense(), 8);
  const starter = gpuStarter(gpu, {
    steps: 1e6,
    every: 5,
    onProgress: () => controller.abort(),
  });
  const fit = await learn(target, { ...gradient, starter, signal: controller.signal });
  assert.equal(fit.stopped, "cancelled");
});

gpuTest(
  "a device that is lost while starts are trained is named, or learning goes on without it",
  async () => {
    const target = checkTarget(hadamard(8).toDense(), 8);
    for (const fallback of [false, true]) {
      const lost = await createGpu();
      const starter = gpuStarter(lost, {
        steps: 1e6,
        every: 5,
        fallback,
        onProgress: () => lost.device.destroy(),
      });
      const fitted = learn(target, { ...gradient, starter });
      if (fallback) assert.equal((await fitted).stopped, "converged");
      else {
        await assert.rejects(
          fitted,
          (error) => error instanceof GpuLostError && /was lost: it was destroyed/.test(error.message),
        );
      }
    }
  },
);

gpuTest("starts that make no sense are refused", async () => {
  assert.throws(
    () => gpuStarter(gpu, { starts: 0 }),
    /RangeError|starts must be a whole number from 1 on, got 0/,
  );
  assert.throws(() => gpuStarter(gpu, { batch: 1.5 }), /batch must be a whole number from 1 on, got 1.5/);
  assert.throws(() => gpuStarter(gpu, { rate: NaN }), /rate must be a positive number, got NaN/);
  const target = checkTarget(hadamard(8).toDense(), 8);
  await assert.rejects(
    learn(target, { starter: gpu as never }),
    /TypeError: Cannot learn: starter is .*, expected a function such as gpuStarter\(gpu\)/,
  );
});
