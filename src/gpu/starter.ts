/**
 * The random starts of learning, trained on the graphics processor: many at once, as one chain of sparse factors.
 *
 * @module
 */

import type { Start, Starter, StartProblem } from "../learn/gradient.ts";
import type { Hypothesis } from "../learn/hypothesis.ts";
import { Butterfly } from "../operator/butterfly.ts";
import { Chain } from "../operator/chain.ts";
import { bitReversal, Permutation } from "../operator/permutation.ts";
import { Random } from "../program/random.ts";
import { floats } from "../program/step.ts";
import type { GpuArray } from "./array.ts";
import { GpuDivergedError, GpuError } from "./context.ts";
import type { Gpu } from "./gpu.ts";
import { GpuTrainer } from "./train.ts";
import type { FitOptions } from "./train_options.ts";

/** How {@link gpuStarter} trains. */
export interface StarterOptions {
  /** Random starts of each form in a round; 8. */
  readonly starts?: number;
  /** Steps of Adam; 400. */
  readonly steps?: number;
  /** The learning rate at the beginning, from which it falls as half a cosine; 0.1. */
  readonly rate?: number;
  /** Pairs of vectors in each step; all of them, which are the columns of a matrix, or the samples. */
  readonly batch?: number;
  /** Whether learning goes on without the device when that fails or is lost; false: the error is the caller's. */
  readonly fallback?: boolean;
  /** Called now and then with the loss, ½·‖A·x − y‖² / pairs of all starts together; see {@link FitOptions.every}. */
  readonly onProgress?: FitOptions["onProgress"];
  /** How often; 50. */
  readonly every?: number;
}

/** The rate falls to this part of what it begins with. */
const FLOOR = 0.02;
/** Vectors by which starts are compared. */
const COMPARED = 256;

/**
 * Trains the random starts of the gradient method of `learn` on a graphics processor: all starts of all forms at once, from
 * the columns of the matrix or from the samples themselves. `learn` brings the best of each form to its end in float64.
 *
 * @throws {RangeError} when an option is no positive number
 *
 * @example
 * ```ts
 * import { Butterfly, learn } from "@papillon/papillon";
 * import { createGpu, gpuStarter, GpuUnavailableError } from "@papillon/papillon/gpu";
 * const n = 8, hidden = Butterfly.random(n, { seed: 1 });
 * const x = Float32Array.from({ length: 64 * n }, (_, i) => Math.sin(i * i));
 * try {
 *   const gpu = await createGpu();
 *   const starter = gpuStarter(gpu);
 *   const fit = await learn({ samples: { x, y: hidden.apply(x) }, n }, { method: "gradient", models: ["B"], starter });
 *   console.assert(fit.relativeError < 1e-5);
 *   gpu.dispose();
 * } catch (error) {
 *   if (!(error instanceof GpuUnavailableError)) throw error; // there is none here
 * }
 * ```
 */
export function gpuStarter(gpu: Gpu, options: StarterOptions = {}): Starter {
  const { starts = 8, steps = 400, rate = 0.1, batch = 1, every = 50, fallback = false } = options;
  for (const [name, value] of Object.entries({ starts, steps, batch, every })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`Cannot train starts: ${name} must be a whole number from 1 on, got ${value}`);
    }
  }
  if (!(rate > 0 && rate < Infinity)) {
    throw new RangeError(`Cannot train starts: rate must be a positive number, got ${rate}`);
  }
  const given = { ...options, starts, steps, rate, every };
  return async (problem) => {
    try {
      const found: Start[] = [];
      for (const increasing of [true, false]) {
        const forms = problem.hypotheses.filter((hypothesis) => hypothesis.increasing === increasing);
        if (forms.length > 0) found.push(...await trained(gpu, problem, forms, given));
      }
      return found;
    } catch (error) {
      if (fallback && error instanceof GpuError) return [];
      throw error;
    }
  };
}

/** Pairs of vectors, scaled so that the map has the norm of an orthogonal one; and by how much. */
function pairsOf({ target, samples }: StartProblem): { x: Float32Array; y: Float32Array; scale: number } {
  const { n, field, values, norm } = target, unit = floats(field), scale = Math.sqrt(n) / norm;
  if (samples) {
    return { x: Float32Array.from(samples.x), y: Float32Array.from(samples.y, (v) => v * scale), scale };
  }
  const x = new Float32Array(n * n * unit), y = new Float32Array(n * n * unit);
  for (let column = 0; column < n; column++) {
    x[(column * n + column) * unit] = 1;
    for (let row = 0; row < n; row++) {
      for (let part = 0; part < unit; part++) {
        y[(column * n + row) * unit + part] = scale * values[(row * n + column) * unit + part];
      }
    }
  }
  return { x, y, scale };
}

/** The best start of each of some forms with the same order of strides. */
async function trained(
  gpu: Gpu,
  problem: StartProblem,
  forms: readonly Hypothesis[],
  { starts, steps, rate, batch, every, onProgress }:
    & StarterOptions
    & Required<Pick<StarterOptions, "starts" | "steps" | "rate">>,
): Promise<Start[]> {
  const { target: { n, field }, seed, signal } = problem, { increasing } = forms[0];
  const { x, y, scale } = pairsOf(problem), width = n * floats(field), many = forms.length * starts;
  // Chains side by side are one chain: its factors have as many more blocks.
  const drawn = Array.from({ length: many }, (_, k) => {
    const random = new Random(seed * 1024 + 2 * k + (increasing ? 0 : 1));
    return Butterfly.random(n, { seed: random.integer(2 ** 31), init: "orthogonal", field, increasing })
      .factors;
  });
  const patterns = drawn[0].map((_, level) => {
    const d = increasing ? 2 ** level : n >> level + 1;
    return { a: many * n / (2 * d), b: 2, c: 2, d };
  });
  const size = drawn[0][0].length;
  const stacked = drawn[0].map((_, level) => {
    const all = new Float32Array(many * size);
    drawn.forEach((factors, k) => all.set(factors[level], k * size));
    return all;
  });
  const inputs = forms.map(({ permutation }) =>
    permutation === "none" ? x : new Permutation(bitReversal(n), field).apply(x)
  );
  const trainer = await GpuTrainer.create(gpu, new Chain(patterns, stacked, field), { rate, signal });
  const arrays: GpuArray[] = [];
  try {
    arrays.push(
      await gpu.array(beside(inputs.flatMap((one) => Array(starts).fill(one)), width), many * width),
    );
    arrays.push(await gpu.array(beside(Array(many).fill(y), width), many * width));
    const fall = (step: number): number =>
      rate * (FLOOR + (1 - FLOOR) * 0.5 * (1 + Math.cos(Math.PI * step / steps)));
    try {
      await trainer.fit(arrays[0], arrays[1], { steps, rate: fall, batch, seed, every, onProgress, signal });
    } catch (error) {
      // One of many starts is enough for that; the weights of before are starts, too.
      if (!(error instanceof GpuDivergedError)) throw error;
    }
    const weights = await trainer.weights({ signal });
    return forms.map((hypothesis, f): Start => {
      const own = Array.from({ length: starts }, (_, s) => {
        const k = f * starts + s, factors = weights.map((w) => w.slice(k * size, (k + 1) * size));
        const some = Math.min(x.length, COMPARED * width);
        const map = new Butterfly(n, factors, { field, increasing });
        const got = map.apply(inputs[f].subarray(0, some));
        return { factors, loss: got.reduce((sum, value, i) => sum + (value - y[i]) ** 2, 0) };
      });
      const { factors } = own.reduce((best, one) => one.loss < best.loss ? one : best);
      return { hypothesis, factors: factors.map((w, level) => level === 0 ? w.map((v) => v / scale) : w) };
    });
  } finally {
    for (const array of arrays) array.dispose();
    trainer.dispose();
  }
}

/** Batches of vectors side by side: the first vector of each, then the second ones. */
function beside(batches: readonly Float32Array[], width: number): Float32Array {
  const count = batches[0].length / width, all = new Float32Array(batches.length * batches[0].length);
  batches.forEach((batch, k) => {
    for (let row = 0; row < count; row++) {
      all.set(batch.subarray(row * width, (row + 1) * width), (row * batches.length + k) * width);
    }
  });
  return all;
}
