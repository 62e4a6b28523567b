import assert from "node:assert/strict";
import { loadOperator, saveOperator } from "../src/io/operator_file.ts";
import { gaussianStep, learnRotation } from "../src/learn/rotation.ts";
import { Random } from "../src/program/random.ts";
import { assertClose } from "./helpers.ts";

/** Vectors that fill few of n dimensions, in a random position. */
function anisotropic(n: number, count: number, seed: number): Float32Array<ArrayBuffer> {
  const random = new Random(seed), rank = 3;
  const basis = Float64Array.from({ length: rank * n }, () => random.normal());
  const samples = new Float32Array(count * n);
  for (let i = 0; i < count; i++) {
    const along = Array.from({ length: rank }, () => random.normal());
    for (let k = 0; k < n; k++) {
      samples[i * n + k] = along.reduce((sum, a, r) => sum + a * basis[r * n + k], 0.1 * random.normal());
    }
  }
  return samples;
}

/** The error as it is described, from the operator alone. */
function error(y: ArrayLike<number>, bits: number): number {
  const n = y.length, size = Math.hypot(...Array.from(y)), unit = gaussianStep(bits) * size / Math.sqrt(n);
  const half = 2 ** (bits - 1),
    q = Array.from(y, (value) => {
      let best = 0, least = Infinity;
      for (let k = -half; k < half; k++) {
        const distance = Math.abs(value - (k + 0.5) * unit);
        if (distance < least) [best, least] = [(k + 0.5) * unit, distance];
      }
      return best;
    });
  const scale = q.reduce((sum, v, k) => sum + v * y[k], 0) / q.reduce((sum, v) => sum + v * v, 0);
  return q.reduce((sum, v, k) => sum + (y[k] - scale * v) ** 2, 0) / size ** 2;
}

Deno.test("a learned rotation is orthogonal, and loses less than the random one on samples and on others", async () => {
  for (const n of [13, 48, 100]) {
    for (const bits of [1, 2]) {
      const samples = anisotropic(n, 300, n),
        learning = samples.slice(0, 200 * n),
        others = samples.subarray(200 * n);
      const fit = await learnRotation(learning, n, { bits, iterations: 60, batch: 100, seed: 1 });
      assert.ok(fit.after < 0.93 * fit.before, `${n}, ${bits} bits: ${fit.before} to ${fit.after}`);
      assert.equal(fit.losses.length, 60);
      const none = await learnRotation(learning, n, { bits, iterations: 1, batch: 1, seed: 1 });
      assert.equal(none.before, fit.before);

      const units = new Float32Array(n * n);
      for (let i = 0; i < n; i++) units[i * n + i] = 1;
      assertClose(fit.operator.adjoint().apply(fit.operator.apply(units)), units, 1e-6, "orthogonal");

      const mean = (x: Float32Array): number => {
        const y = fit.operator.apply(x);
        let sum = 0;
        for (let i = 0; i < y.length; i += n) sum += error(y.subarray(i, i + n), bits) * n / y.length;
        return sum;
      };
      assert.ok(Math.abs(mean(learning) - fit.after) < 1e-3, "the error is that of the operator");
      assert.ok(mean(others) < 0.97 * fit.before, `${n}, ${bits} bits: ${mean(others)} on others`);
      assert.deepEqual(loadOperator(saveOperator(fit.operator)).apply(units), fit.operator.apply(units));
    }
  }
});

Deno.test("two coordinates along a line are turned onto the levels", async () => {
  // Of one direction in the plane, one bit a coordinate keeps everything once it is a diagonal.
  const samples = Float32Array.from({ length: 40 }, (_, i) => (i % 4 < 2 ? 1 : -3) * (i % 2 ? 0.28 : 0.96));
  const { before, after, operator } = await learnRotation(samples, 2, { bits: 1, iterations: 300, seed: 2 });
  assert.ok(after < 1e-4 && before > after);
  const [u, v] = operator.apply(new Float32Array([0.96, 0.28]));
  assert.ok(Math.abs(Math.abs(u) - Math.abs(v)) < 0.02, `${u}, ${v}`);
});

Deno.test("the same seed learns the same rotation, and scaled samples do too", async () => {
  const samples = anisotropic(20, 40, 3), options = { bits: 2, iterations: 10, seed: 5 };
  const fit = await learnRotation(samples, 20, options);
  assert.deepEqual((await learnRotation(samples, 20, options)).losses, fit.losses);
  const scaled = Float64Array.from(samples, (value) => value * 2 ** 300);
  assert.deepEqual((await learnRotation(scaled, 20, options)).losses, fit.losses);
  assert.notDeepEqual((await learnRotation(samples, 20, { ...options, seed: 6 })).losses, fit.losses);
});

Deno.test("one coordinate, more levels than it needs, and samples of zero do no harm", async () => {
  const one = await learnRotation(new Float32Array([1, -2, 3]), 1, { bits: 8 });
  assert.equal(one.operator.apply(new Float32Array([5]))[0], 5);
  assert.deepEqual(one.losses, []);
  const samples = anisotropic(16, 20, 4), zeros = new Float32Array(2 * samples.length);
  zeros.set(samples, samples.length);
  const options = { iterations: 3, bits: 3 };
  assert.deepEqual(
    (await learnRotation(zeros, 16, options)).losses,
    (await learnRotation(samples, 16, options)).losses,
  );
});

Deno.test("learning a rotation reports, and stops with the best it has", async () => {
  const controller = new AbortController(), steps: number[] = [];
  const fit = await learnRotation(anisotropic(256, 300, 1), 256, {
    iterations: 1e6,
    signal: controller.signal,
    onProgress: ({ step, rmse }) => {
      assert.ok(rmse > 0 && rmse < 1);
      steps.push(step);
      if (steps.length === 3) controller.abort();
    },
  });
  assert.equal(steps.length, 3);
  assert.ok(fit.after <= fit.before && fit.losses.length < 1000);
});

Deno.test("the steps are those of the least error for Gaussian numbers", () => {
  const loss = (bits: number, step: number): number => {
    const half = 2 ** (bits - 1);
    let sum = 0;
    for (let x = -7 + 1 / 4096; x < 7; x += 1 / 2048) {
      const q = (Math.max(-half, Math.min(half - 1, Math.floor(x / step))) + 0.5) * step;
      sum += (x - q) ** 2 * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI) / 2048;
    }
    return sum;
  };
  for (const bits of [1, 2, 3, 4, 5, 6, 7, 8]) {
    const step = gaussianStep(bits), here = loss(bits, step);
    for (const other of [0.97, 1.03]) assert.ok(loss(bits, step * other) > here, `${bits} bits`);
  }
});

Deno.test("samples and options that mean nothing are refused with a sentence", async () => {
  const good = anisotropic(8, 10, 1);
  const refused = (samples: Float32Array, n: number, options: object, pattern: RegExp): Promise<void> =>
    assert.rejects(() => learnRotation(samples, n, options), pattern);
  await refused(good.subarray(1), 8, {}, /^RangeError: .*the length of samples, 79, is not a multiple of 8/);
  await refused(good.subarray(0, 16), 8, {}, /expected at least 3 samples, got 2/);
  await refused(new Float32Array(0), 8, {}, /expected at least 3 samples, got 0/);
  await refused(new Float32Array(80), 8, {}, /all samples are zero/);
  await refused(good.map((v, i) => i === 9 ? NaN : v), 8, {}, /samples\[9\] is NaN/);
  await refused(good.map((v, i) => i === 9 ? -Infinity : v), 8, {}, /samples\[9\] is -Infinity/);
  await refused([1, 2] as unknown as Float32Array, 2, {}, /^TypeError: .*Float32Array or a Float64Array/);
  for (const n of [0, 1.5, NaN]) await refused(good, n, {}, /n must be a whole number/);
  for (const bits of [0, 9, 2.5, NaN]) {
    await refused(good, 8, { bits }, /bits must be a whole number from 1 to 8/);
  }
  for (const iterations of [0, 1.5]) {
    await refused(good, 8, { iterations }, /iterations must be a whole number/);
  }
  await refused(good, 8, { batch: 0 }, /batch must be a whole number/);
  await refused(good, 8, { seed: 0.5 }, /expected a safe integer/);
});
