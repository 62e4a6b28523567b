import assert from "node:assert/strict";
import { createGpu, GpuDivergedError, GpuLostError, GpuTrainer } from "../src/gpu/mod.ts";
import { Adam } from "../src/learn/adam.ts";
import { blockDiagonal } from "../src/operator/block_diagonal.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import type { Operator } from "../src/operator/operator.ts";
import { Permutation } from "../src/operator/permutation.ts";
import { product } from "../src/operator/product.ts";
import { Random } from "../src/program/random.ts";
import { gpu, gpuTest, limitedTo } from "./gpu.ts";
import { assertClose } from "./helpers.ts";
import { vectors } from "./programs.ts";

const n = 8, batch = 12;

/** Pairs of vectors for an operator: what another one makes of random ones. */
async function pairs(operator: Operator, teacher: Operator) {
  const x = vectors(new Random(1), batch * operator.program.inputWidth), y = teacher.apply(x);
  return {
    x,
    y,
    ax: await gpu.array(x, operator.program.inputWidth),
    ay: await gpu.array(y, operator.program.outputWidth),
  };
}

/** The loss and the gradients on the processor. */
function expected(
  operator: Operator,
  x: Float32Array,
  y: Float32Array,
): { loss: number; weights: Float32Array[] } {
  const off = operator.apply(x).map((value, k) => value - y[k]);
  const loss = off.reduce((sum, value) => sum + value * value, 0) / (2 * batch);
  return { loss, weights: operator.gradient(x, off.map((value) => value / batch)).weights };
}

for (const field of ["real", "complex"] as const) {
  gpuTest(`a step on a ${field} operator has the loss and the gradients of the processor`, async () => {
    const start = Butterfly.random(n, { seed: 2, field, bias: true, rows: 20 });
    const { x, y, ax, ay } = await pairs(start, Butterfly.random(n, { seed: 3, field, rows: 20 }));
    const trainer = await GpuTrainer.create(gpu, start, { optimizer: "sgd", rate: 0.1 });
    assert.deepEqual(await trainer.weights(), start.weights.map((w) => Float32Array.from(w)));
    assert.ok(Number.isNaN(await trainer.loss()));
    await trainer.step(ax, ay);
    const want = expected(start, x, y);
    assert.ok(Math.abs(await trainer.loss() - want.loss) < 1e-5 * want.loss);
    const gradient = await trainer.gradient(), weights = await trainer.weights();
    want.weights.forEach((slope, i) => {
      assertClose(gradient[i], slope, 1e-5, `gradient ${i}`);
      assertClose(weights[i], start.weights[i].map((w, k) => w - 0.1 * slope[k]), 1e-6, `weights ${i}`);
    });
    trainer.dispose();
  });
}

gpuTest("a batch that is split makes the same step", async () => {
  const start = Butterfly.random(n, { seed: 2 });
  const { ax, ay } = await pairs(start, Butterfly.random(n, { seed: 3 }));
  const whole = await GpuTrainer.create(gpu, start),
    split = await GpuTrainer.create(gpu, start, { bytes: 5 * 4 * n });
  await whole.step(ax, ay);
  await split.step(ax, ay);
  const want = await whole.gradient(), loss = await whole.loss();
  (await split.gradient()).forEach((gradient, i) => assertClose(gradient, want[i], 1e-6, `gradient ${i}`));
  assert.ok(Math.abs(await split.loss() - loss) < 1e-6 * loss);
  await assert.rejects(
    GpuTrainer.create(gpu, start, { bytes: 31 }),
    /Cannot compile a gradient for the GPU: one vector takes 32 bytes, and there is room for 31/,
  );
});

gpuTest("Adam takes the steps that it takes on the processor", async () => {
  const start = Butterfly.random(n, { seed: 2 }),
    { x, y, ax, ay } = await pairs(start, Butterfly.random(n, { seed: 3 }));
  const trainer = await GpuTrainer.create(gpu, start, { rate: 0.02 });
  let current = start;
  const adams = start.weights.map((w) => new Adam(w.length));
  for (let step = 0; step < 4; step++) {
    await trainer.step(ax, ay);
    const { weights } = expected(current, x, y);
    const next = current.weights.map((w) => Float32Array.from(w));
    next.forEach((w, i) => adams[i].step(w, weights[i], 0.02));
    current = new Butterfly(n, next);
  }
  (await trainer.weights()).forEach((w, i) => assertClose(w, current.weights[i], 1e-4, `weights ${i}`));
  trainer.dispose();
});

gpuTest("mini-batches take the steps, and have the losses, that they have on the processor", async () => {
  const start = Butterfly.random(n, { seed: 2 }), size = 5, steps = 24;
  const { x, y, ax, ay } = await pairs(start, Butterfly.random(n, { seed: 3 }));
  const trainer = await GpuTrainer.create(gpu, start), seen: number[] = [];
  const rate = (step: number): number => 0.05 / (1 + step);
  const onProgress = ({ loss }: { loss: number }): void => void seen.push(loss);
  await trainer.fit(ax, ay, { steps, rate, batch: size, seed: 9, every: 1, onProgress });
  let current = start, order = new Uint32Array() as Uint32Array;
  const adams = start.weights.map((w) => new Adam(w.length)), each = Math.ceil(batch / size);
  for (let step = 0; step < steps; step++) {
    if (step % each === 0) order = new Random(9 * 2 ** 20 + step / each).permutation(batch);
    const rows = [...order.subarray(step % each * size, (step % each + 1) * size)];
    const some = (all: Float32Array): Float32Array =>
      Float32Array.from(rows.flatMap((row) => [...all.subarray(row * n, (row + 1) * n)]));
    const want = some(y), off = current.apply(some(x)).map((value, k) => value - want[k]);
    const loss = off.reduce((sum, value) => sum + value * value, 0) / (2 * rows.length);
    assert.ok(Math.abs(seen[step] - loss) < 1e-4 * loss, `step ${step}: ${seen[step]}, expected ${loss}`);
    const { weights } = current.gradient(some(x), off.map((value) => value / rows.length));
    const next = current.weights.map((w) => Float32Array.from(w));
    next.forEach((w, i) => adams[i].step(w, weights[i], rate(step)));
    current = new Butterfly(n, next);
  }
  assert.equal(seen.length, steps);
  (await trainer.weights()).forEach((w, i) => assertClose(w, current.weights[i], 1e-4, `weights ${i}`));
  trainer.dispose();
});

gpuTest("training on more than a kernel may read at once takes the same steps", async () => {
  const start = Butterfly.random(n, { seed: 2 }),
    { x, y, ax, ay } = await pairs(start, Butterfly.random(n, { seed: 3 }));
  const options = { steps: 6, batch: 9, seed: 1 };
  const whole = await GpuTrainer.create(gpu, start);
  await whole.fit(ax, ay, options);
  // Weights take 192 bytes, the pairs twice as many, a batch 288.
  const device = limitedTo(gpu, { maxStorageBufferBindingSize: 256 });
  const small = await createGpu({ device }), trainer = await GpuTrainer.create(small, start);
  await trainer.fit(await small.array(x, n), await small.array(y, n), options);
  const want = await whole.weights();
  (await trainer.weights()).forEach((w, i) => assertClose(w, want[i], 1e-5, `weights ${i}`));
});

gpuTest("training that diverges says so, keeps the weights of before, and can go on", async () => {
  const start = Butterfly.random(n, { seed: 2 });
  const { ax, ay } = await pairs(start, Butterfly.random(n, { seed: 3 }));
  const trainer = await GpuTrainer.create(gpu, start, { rate: 0.02 });
  const diverges = (rate: (step: number) => number, steps: number, why: RegExp): Promise<void> =>
    assert.rejects(
      trainer.fit(ax, ay, { steps, rate, every: 5 }),
      (error) => error instanceof GpuDivergedError && why.test(error.message),
    );
  const initial = await trainer.weights();
  // Of the first look, at step 1, is known that it was good.
  await diverges(
    () => 1e25,
    20,
    /the loss of step 5 is (NaN|Infinity); the weights are those of before, try a lower/,
  );
  assert.deepEqual(await trainer.weights(), initial);
  await diverges((step) => step === 19 ? 3e38 : 1e-3, 20, /weights are not finite after step 20/);
  const kept = await trainer.weights();
  assert.ok(kept.every((w) => w.every(Number.isFinite)));
  assert.notDeepEqual(kept, initial);
  await trainer.step(ax, ay);
  const before = await trainer.loss();
  assert.ok(await trainer.fit(ax, ay, { steps: 40 }) < before);
  trainer.dispose();
});

gpuTest("a device that is lost in the middle of training is named", async () => {
  const start = Butterfly.random(n, { seed: 2 }), lost = await createGpu();
  const x = await lost.array(vectors(new Random(1), 4 * n), n),
    trainer = await GpuTrainer.create(lost, start);
  const onProgress = (): void => lost.device.destroy();
  await assert.rejects(
    trainer.fit(x, x, { steps: 1000, every: 3, onProgress }),
    (error) => error instanceof GpuLostError && /was lost: it was destroyed/.test(error.message),
  );
});

gpuTest("training finds a butterfly behind a permutation, and reports on the way", async () => {
  const seen: number[] = [], reversal = Permutation.bitReversal(n);
  const start = product(Butterfly.random(n, { seed: 2 }), reversal);
  const { ax, ay } = await pairs(start, product(Butterfly.random(n, { seed: 3 }), reversal));
  const trainer = await GpuTrainer.create(gpu, start, { rate: 0.03 });
  const onProgress = ({ step, loss }: { step: number; loss: number }): void => {
    seen.push(step);
    assert.ok(loss >= 0);
  };
  await trainer.step(ax, ay);
  const before = await trainer.loss();
  const after = await trainer.fit(ax, ay, {
    steps: 120,
    every: 40,
    onProgress,
    rate: (step) => 0.03 * (1 - step / 120),
  });
  assert.ok(after < before / 20, `${before} → ${after}`);
  assert.deepEqual(seen, [40, 80, 120]);
  trainer.dispose();
});

gpuTest("weights that occur twice stay one", async () => {
  const part = Butterfly.random(n, { seed: 2 }), start = blockDiagonal(part, part);
  const { x, y, ax, ay } = await pairs(start, blockDiagonal(part, Butterfly.random(n, { seed: 4 })));
  const trainer = await GpuTrainer.create(gpu, start, { optimizer: "sgd", rate: 0.1 });
  await trainer.step(ax, ay);
  const weights = await trainer.weights(),
    { weights: slopes } = expected(start, x, y),
    half = weights.length / 2;
  for (let i = 0; i < half; i++) {
    assert.deepEqual(weights[i], weights[i + half]);
    const both = part.weights[i].map((w, k) => w - 0.1 * (slopes[i][k] + slopes[i + half][k]));
    assertClose(weights[i], both, 1e-6, `weights ${i}`);
  }
});

gpuTest("training stops at once when it is aborted, with the weights of a whole step", async () => {
  const start = Butterfly.random(n, { seed: 2 }),
    { ax, ay } = await pairs(start, Butterfly.random(n, { seed: 3 }));
  const trainer = await GpuTrainer.create(gpu, start), controller = new AbortController();
  const onProgress = (): void => controller.abort(new Error("enough"));
  const running = trainer.fit(ax, ay, { steps: 1000, every: 2, onProgress, signal: controller.signal });
  await assert.rejects(running, /enough/);
  assert.ok((await trainer.weights()).every((w) => w.every(Number.isFinite)));
});

gpuTest("what does not fit is refused in a sentence", async () => {
  const start = Butterfly.random(n, { seed: 2 }), trainer = await GpuTrainer.create(gpu, start);
  const x = await gpu.array(new Float32Array(2 * n), n), one = await gpu.array(new Float32Array(n), n);
  const wide = await gpu.array(new Float32Array(2 * n), 2 * n), other = await createGpu();
  const refused: [() => Promise<unknown>, RegExp][] = [
    [
      () => trainer.step(x, one),
      /RangeError: Cannot train a 8×8 butterfly on the GPU: x has 2 vectors and y has 1/,
    ],
    [() => trainer.step(wide, one), /RangeError: .*x has vectors of 16 floats, expected 8/],
    [() => trainer.step(one, wide), /RangeError: .*y has vectors of 16 floats, expected 8/],
    [() => trainer.step(one, {} as never), /TypeError: .*y is not a GpuArray/],
    [
      () => other.array(new Float32Array(n)).then((far) => trainer.step(far, one)),
      /RangeError: .*x is on another device/,
    ],
    [
      () => trainer.step(one, one, { rate: NaN }),
      /RangeError: .*rate must be a finite number not below 0, got NaN/,
    ],
    [
      () => trainer.fit(one, one, { steps: 0 }),
      /RangeError: .*steps must be a whole number from 1 on, got 0/,
    ],
    [
      () => trainer.fit(one, one, { steps: 1, batch: 0 }),
      /RangeError: .*batch must be a whole number from 1 on, got 0/,
    ],
    [
      () => trainer.fit(one, one, { steps: 1, seed: 0.1 }),
      /RangeError: .*seed must be a whole number, got 0.1/,
    ],
    [() => trainer.fit(x, one, { steps: 1, batch: 1 }), /RangeError: .*x has 2 vectors and y has 1/],
    [() => GpuTrainer.create(gpu, Permutation.bitReversal(8)), /RangeError: .*it has no weights/],
    [
      () => GpuTrainer.create(gpu, start, { optimizer: "lion" as "sgd" }),
      /TypeError: .*optimizer must be .* got "lion"/,
    ],
  ];
  for (const [promise, message] of refused) {
    await assert.rejects(promise, (error) => message.test(String(error)));
  }
  other.dispose();
});
