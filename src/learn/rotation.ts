/**
 * Rotations learned for quantisation: angles of Givens rotations behind a random one.
 *
 * @module
 */

import { rotation } from "../kaleidoscope/rotation.ts";
import { blockDiagonal } from "../operator/block_diagonal.ts";
import { rotationBlocks } from "../operator/angles.ts";
import { checkSize, LARGEST } from "../operator/check.ts";
import { KroneckerFactor } from "../operator/factor.ts";
import type { Operator } from "../operator/operator.ts";
import { product } from "../operator/product.ts";
import { Window } from "../operator/window.ts";
import { Random } from "../program/random.ts";
import { Adam, cosineRate } from "./adam.ts";
import { type RunOptions, runTask, type Task } from "./task.ts";

/** How {@link learnRotation} learns. */
export interface LearnRotationOptions extends RunOptions {
  /** Bits for each coordinate, 1 to 8; 4 when absent. */
  readonly bits?: number;
  /** Steps of Adam; 200 when absent. */
  readonly iterations?: number;
  /** Samples for each step; 256 when absent. */
  readonly batch?: number;
  /** Of the random rotation it starts from, and of the order of the samples; 0 when absent. */
  readonly seed?: number;
}

/** What {@link learnRotation} found. */
export interface RotationFit {
  /** The rotation, orthogonal up to rounding, of determinant 1. */
  readonly operator: Operator;
  /**
   * The mean of ‖y − q‖²/‖y‖² over the samples, q being what quantising leaves of the rotated sample y; with the random
   * rotation that learning starts from.
   */
  readonly before: number;
  /** The same with the learned one: never more. */
  readonly after: number;
  /** The same over the samples of each step. */
  readonly losses: readonly number[];
}

/** The steps of uniform quantisers of 1 to 8 bits for standard normal numbers of least error (Max 1960, table II). */
const STEPS = [1.5958, 0.9957, 0.586, 0.3352, 0.1881, 0.1041, 0.0569, 0.0308];
/** Adam's rate at the beginning and at the end, in radians. */
const RATE = 0.05, FLOOR = 0.001;

/**
 * The distance of the levels of the uniform quantiser of so many bits that is best for standard normal numbers. The
 * levels are (k + ½)·step for k from −2^(bits − 1) to 2^(bits − 1) − 1.
 *
 * @throws {RangeError} when bits is no whole number from 1 to 8
 *
 * @example
 * ```ts
 * import { gaussianStep } from "@papillon/papillon";
 * console.assert(Math.abs(gaussianStep(1) / 2 - Math.sqrt(2 / Math.PI)) < 1e-4); // two levels at ±0.798
 * ```
 */
export function gaussianStep(bits: number): number {
  if (!Number.isInteger(bits) || bits < 1 || bits > STEPS.length) {
    throw new RangeError(
      `Cannot quantise: bits must be a whole number from 1 to ${STEPS.length}, got ${bits}`,
    );
  }
  return STEPS[bits - 1];
}

/**
 * Learns a rotation after which vectors like the samples lose little by quantisation: each coordinate of y, the rotated
 * vector, to the nearest level of {@link gaussianStep} times ‖y‖/√n, and all of them times the number that is best.
 *
 * It is a random {@link rotation} with Givens rotations of coordinates 1, 2, 4 … apart behind it, a butterfly whose size
 * is not restricted. Their angles start at zero and follow the gradient by Adam, in float64. Vectors without structure
 * gain nothing; those that fill few dimensions, or whose coordinates are of few kinds, do. Subtract the mean of the
 * samples first where it is large.
 *
 * @param samples vectors one after another
 * @param n coordinates of a vector
 * @throws {RangeError} (as a rejection) when the length of the samples is not a multiple of n, there are fewer than
 * log₂n of them (twice as many numbers as angles), one is not finite, all are zero, or an option is out of range
 *
 * @example
 * ```ts
 * import { learnRotation, Random } from "@papillon/papillon";
 * const random = new Random(1), n = 24;
 * // Vectors along a few directions.
 * const samples = Float32Array.from({ length: 50 * n }, (_, i) => random.normal() * (i % n < 2 ? 1 : 0.05));
 * const { operator, before, after } = await learnRotation(samples, n, { bits: 1, iterations: 50 });
 * console.assert(after < 0.9 * before && operator.cols === n);
 * ```
 */
export async function learnRotation(
  samples: Float32Array | Float64Array,
  n: number,
  options: LearnRotationOptions = {},
): Promise<RotationFit> {
  const { bits = 4, iterations = 200, batch = 256, seed = 0 } = options;
  checkSize("a rotation", "n", n, LARGEST);
  checkSize("a rotation", "iterations", iterations);
  checkSize("a rotation", "batch", batch);
  const step = gaussianStep(bits);
  const vectors = checkSamples(samples, n), random = new Random(seed);
  const start = rotation(n, { seed });
  const rotated = Float64Array.from(start.apply(vectors));
  return await runTask(rotationTask(start, rotated, { step, iterations, batch, random, bits }), options);
}

/** The samples in float32, scaled so that none of them is out of its range, without those that are zero. */
function checkSamples(samples: Float32Array | Float64Array, n: number): Float32Array {
  const what = "Cannot learn a rotation";
  if (!(samples instanceof Float32Array || samples instanceof Float64Array)) {
    throw new TypeError(`${what}: samples must be a Float32Array or a Float64Array`);
  }
  const count = samples.length / n, least = Math.max(1, Math.ceil(Math.log2(n)));
  if (!Number.isInteger(count)) {
    throw new RangeError(
      `${what} of ${n} points: the length of samples, ${samples.length}, is not a multiple of ${n}`,
    );
  }
  if (count < least) {
    throw new RangeError(`${what} of ${n} points: expected at least ${least} samples, got ${count}`);
  }
  const kept: number[] = [], sizes: number[] = [];
  for (let i = 0; i < count; i++) {
    let most = 0;
    for (let k = i * n; k < (i + 1) * n; k++) {
      if (!Number.isFinite(samples[k])) {
        throw new RangeError(`${what}: samples[${k}] is ${samples[k]}, which is not a finite number`);
      }
      most = Math.max(most, Math.abs(samples[k]));
    }
    if (most > 0) {
      kept.push(i);
      sizes.push(most);
    }
  }
  if (kept.length === 0) throw new RangeError(`${what}: all samples are zero`);
  const result = new Float32Array(kept.length * n);
  kept.forEach((i, at) => {
    for (let k = 0; k < n; k++) result[at * n + k] = samples[i * n + k] / sizes[at];
  });
  return result;
}

/** Givens rotations of the coordinates k and k + stride, on `length` coordinates from `offset` on. */
interface Level {
  readonly offset: number;
  readonly length: number;
  readonly stride: number;
  /** Where its length/2 angles begin. */
  readonly at: number;
}

/**
 * The levels of a butterfly on n points of any number: each near a power of two apart, as long as possible, and where it
 * matters a multiple of 4 apart, which is what the kernels are fast at.
 */
function levelsOf(n: number): Level[] {
  const levels: Level[] = [];
  let at = 0;
  for (let target = 1; target < n; target *= 2) {
    const parts = Math.max(1, Math.round(n / (2 * target))), free = Math.floor(n / (2 * parts));
    const stride = target < 4 ? target : free < 4 ? free : free - free % 4;
    const unit = target < 4 && n >= 4 ? 4 : 2 * stride;
    const length = target < 4 ? n - n % unit : parts * unit;
    if (length === 0) continue;
    levels.push({ offset: levels.length % 2 ? n - length : 0, length, stride, at });
    at += length / 2;
  }
  return levels;
}

/** Calls `visit(k, partner, angle)` for each pair of a level. */
function eachPair(
  { offset, length, stride, at }: Level,
  visit: (k: number, j: number, angle: number) => void,
): void {
  for (let first = offset; first < offset + length; first += 2 * stride) {
    for (let k = first; k < first + stride; k++) visit(k, k + stride, at++);
  }
}

interface Settings {
  readonly step: number;
  readonly bits: number;
  readonly iterations: number;
  readonly batch: number;
  readonly random: Random;
}

function* rotationTask(
  start: Operator,
  samples: Float64Array,
  { step, bits, iterations, batch, random }: Settings,
): Task<RotationFit> {
  const n = start.cols, count = samples.length / n, levels = levelsOf(n);
  const angles = new Float64Array(levels.reduce((sum, { length }) => sum + length / 2, 0));
  const adam = new Adam(angles.length), gradient = new Float64Array(angles.length);
  const y = new Float64Array(n), g = new Float64Array(n), losses: number[] = [];
  const cosines = new Float64Array(angles.length), sines = new Float64Array(angles.length);
  const turn = (): void =>
    angles.forEach((angle, i) => {
      cosines[i] = Math.cos(angle);
      sines[i] = Math.sin(angle);
    });
  /** Rotates a sample into y, and returns its error; g becomes the gradient of the error. */
  const forward = (sample: number): number => {
    y.set(samples.subarray(sample * n, (sample + 1) * n));
    for (const level of levels) {
      eachPair(level, (k, j, i) => {
        const u = y[k], v = y[j];
        y[k] = cosines[i] * u - sines[i] * v;
        y[j] = sines[i] * u + cosines[i] * v;
      });
    }
    return quantisationError(y, step, bits, g);
  };
  const mean = (): number => {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += forward(i);
    return sum / count;
  };

  turn();
  const before = mean(), order = random.permutation(count), size = Math.min(batch, count);
  let next = 0;
  for (let iteration = 0; iteration < iterations && angles.length > 0; iteration++) {
    gradient.fill(0);
    let loss = 0;
    for (let i = 0; i < size; i++) {
      if (next === count) {
        random.shuffle(order);
        next = 0;
      }
      loss += forward(order[next++]) / size;
      // The levels backwards: what they made is unmade, so that nothing has to be kept.
      for (const level of [...levels].reverse()) {
        eachPair(level, (k, j, angle) => {
          const u = y[k], v = y[j], gu = g[k], gv = g[j], c = cosines[angle], s = sines[angle];
          gradient[angle] += (gv * u - gu * v) / size;
          y[k] = c * u + s * v;
          y[j] = c * v - s * u;
          g[k] = c * gu + s * gv;
          g[j] = c * gv - s * gu;
        });
      }
    }
    losses.push(loss);
    if ((yield { phase: "adam", step: iteration, rmse: Math.sqrt(loss), restart: 0 }) !== undefined) break;
    adam.step(angles, gradient, cosineRate(iteration, iterations, RATE, FLOOR));
    turn();
  }
  const after = mean();
  if (!(after < before)) return { operator: start, before, after: before, losses };
  return { operator: product(...operatorsOf(levels, angles, n).reverse(), start), before, after, losses };
}

/**
 * ‖y − s·q‖²/‖y‖² for the levels q nearest to y and the best s; `g` becomes its gradient. The levels do not change with
 * y but where they jump, and s is the best, so that the gradient is that of the error for fixed s and q.
 */
function quantisationError(y: Float64Array, step: number, bits: number, g: Float64Array): number {
  const half = 2 ** (bits - 1);
  let square = 0, along = 0, levels = 0;
  for (let k = 0; k < y.length; k++) square += y[k] * y[k];
  const scale = Math.sqrt(y.length / square) / step;
  for (let k = 0; k < y.length; k++) {
    const q = Math.max(-half, Math.min(half - 1, Math.floor(y[k] * scale))) + 0.5;
    g[k] = q;
    along += q * y[k];
    levels += q * q;
  }
  const s = along / levels;
  for (let k = 0; k < y.length; k++) g[k] = 2 * (y[k] - s * g[k]) / square;
  return 1 - along * s / square;
}

/** The levels as operators, the first one first. */
function operatorsOf(levels: readonly Level[], angles: Float64Array, n: number): Operator[] {
  return levels.map(({ offset, length, stride: d, at }) => {
    const a = length / (2 * d), blocks = rotationBlocks(angles.subarray(at, at + length / 2));
    const values = new Float32Array(blocks.length);
    // From one block after another to the layout [a][2][2][d].
    for (let i = 0; i < a; i++) {
      for (let delta = 0; delta < d; delta++) {
        for (let entry = 0; entry < 4; entry++) {
          values[(i * 4 + entry) * d + delta] = blocks[4 * (i * d + delta) + entry];
        }
      }
    }
    const parts: Operator[] = [new KroneckerFactor({ a, b: 2, c: 2, d }, values)], end = offset + length;
    if (offset > 0) parts.unshift(new Window(offset, offset));
    if (end < n) parts.push(new Window(n - end, n - end));
    return blockDiagonal(...parts);
  });
}
