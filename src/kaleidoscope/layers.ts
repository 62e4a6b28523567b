/**
 * Convolution layers with circular padding.
 *
 * @module
 */

import { checkField, checkSize, checkWeights } from "../operator/check.ts";
import { type Field, floats } from "../program/step.ts";
import { checkShape, Convolution, type ConvolutionOptions } from "./convolution.ts";

/** The shape of a layer that {@link conv1d} makes. */
export interface Conv1dOptions {
  /** Points of a channel; any number. */
  size: number;
  /** Points of the kernel, an odd number not above `size`. */
  kernel: number;
  /** Channels of the input; 1 when absent. */
  inputs?: number;
  /** Channels of the output; 1 when absent. */
  outputs?: number;
  /** "real" when absent. */
  field?: Field;
}

/** The shape of a layer that {@link conv2d} makes. */
export interface Conv2dOptions {
  /** Rows and columns of an image: [n2, n1], of which the columns are contiguous. */
  size: readonly [number, number];
  /** Rows and columns of the kernel, odd numbers not above those of the image. */
  kernel: readonly [number, number];
  /** Channels of the input; 1 when absent. */
  inputs?: number;
  /** Channels of the output; 1 when absent. */
  outputs?: number;
  /** "real" when absent. */
  field?: Field;
}

/**
 * A one-dimensional convolution layer with circular padding, as networks mean it (a cross-correlation):
 * y[o,p] = Σ weight[o,i,t]·x[i, (p + t − (kernel−1)/2) mod size]; vectors are [channel][size].
 *
 * @param weight [outputs][inputs][kernel] numbers
 * @throws {RangeError} when a size is not allowed or the weights do not fit
 *
 * @example
 * ```ts
 * import { conv1d } from "@papillon/papillon";
 * const blur = conv1d(new Float32Array([0.25, 0.5, 0.25]), { size: 8, kernel: 3 });
 * const y = blur.apply(new Float32Array([1, 0, 0, 0, 0, 0, 0, 0]));
 * console.assert(Math.abs(y[0] - 0.5) < 1e-6 && Math.abs(y[7] - 0.25) < 1e-6);
 * ```
 */
export function conv1d(weight: Float32Array, options: Conv1dOptions): Convolution {
  const { size, kernel, ...channels } = options;
  return layer("a one-dimensional convolution", weight, [1, kernel], [1, size], {
    ...channels,
    size: [size],
  });
}

/**
 * A two-dimensional convolution layer with circular padding, as networks mean it (a cross-correlation):
 * y[o,p,q] = Σ weight[o,i,s,t]·x[i, (p + s − (k2−1)/2) mod n2, (q + t − (k1−1)/2) mod n1]; vectors are
 * [channel][n2][n1].
 *
 * @param weight [outputs][inputs][k2][k1] numbers
 * @throws {RangeError} when a size is not allowed or the weights do not fit
 *
 * @example
 * ```ts
 * import { conv2d } from "@papillon/papillon";
 * const mean = conv2d(new Float32Array(9).fill(1 / 9), { size: [16, 16], kernel: [3, 3] });
 * const y = mean.apply(new Float32Array(256).fill(2));
 * console.assert(Math.abs(y[100] - 2) < 1e-5);
 * ```
 */
export function conv2d(weight: Float32Array, options: Conv2dOptions): Convolution {
  const { size, kernel, ...channels } = options, what = "a two-dimensional convolution";
  for (const [name, pair] of Object.entries({ size, kernel })) {
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw new RangeError(
        `Cannot make ${what}: ${name} must be a pair of numbers, got ${JSON.stringify(pair)}`,
      );
    }
  }
  return layer(what, weight, kernel, size, { ...channels, size });
}

/** The convolution with a small kernel turned round and laid around point 0. */
function layer(
  what: string,
  weight: Float32Array,
  [k2, k1]: readonly [number, number],
  [n2, n1]: readonly [number, number],
  options: ConvolutionOptions,
): Convolution {
  const { inputs = 1, outputs = 1, field = "real" } = options, unit = floats(field);
  checkField(what, field);
  checkShape(what, options);
  for (const [k, n] of [[k2, n2], [k1, n1]]) {
    checkSize(what, "a side of the kernel", k, n);
    if (k % 2 === 0) {
      throw new RangeError(`Cannot make ${what}: a side of the kernel must be an odd number, got ${k}`);
    }
  }
  checkWeights(what, "weight", weight, outputs * inputs * k2 * k1 * unit);
  const kernel = new Float32Array(outputs * inputs * n2 * n1 * unit);
  for (let k = 0; k < weight.length / unit; k++) {
    const t = k % k1, s = Math.floor(k / k1) % k2, pair = Math.floor(k / (k1 * k2));
    const row = ((k2 - 1) / 2 - s + n2) % n2, column = ((k1 - 1) / 2 - t + n1) % n1;
    const at = (pair * n2 + row) * n1 + column;
    kernel.set(weight.subarray(k * unit, (k + 1) * unit), at * unit);
  }
  return new Convolution(kernel, options);
}
