/**
 * Linear convolution along any number of axes: circular convolution on powers of two of points, between a pad and a cut.
 *
 * @module
 */

import { checkField, checkSize, checkWeights, LARGEST } from "../operator/check.ts";
import type { Operator } from "../operator/operator.ts";
import { Permutation } from "../operator/permutation.ts";
import { product } from "../operator/product.ts";
import { Window } from "../operator/window.ts";
import { type Field, floats } from "../program/step.ts";
import { checkShape, Convolution, count, gridIndex, indexOver, slotsOf } from "./convolution.ts";

/** The shape of a {@link linearConvolution}. */
export interface LinearConvolutionOptions {
  /** Points of a channel of the input along each axis, the last one contiguous; any numbers. */
  size: readonly number[];
  /** Points of the kernel along each axis; any numbers. */
  kernel: readonly number[];
  /**
   * Which part of the result, as in scipy.signal.convolve: "full" (the default) has size + kernel − 1 points along each
   * axis, "same" the middle `size` of them, "valid" the size − kernel + 1 that depend on no point outside the input.
   */
  mode?: "full" | "same" | "valid";
  /** Channels of the input; 1 when absent. */
  inputs?: number;
  /** Channels of the output; 1 when absent. */
  outputs?: number;
  /** "real" when absent. */
  field?: Field;
}

/**
 * A linear convolution along k axes, y[o,p] = Σ w[o,i,t]·x[i,p−t] over all channels i and all points t of the kernel,
 * where points outside the input are zero; vectors are [channel][…][n2][n1]. Along one axis it is a Toeplitz matrix, along
 * two a Toeplitz matrix of Toeplitz blocks, and so on; in O(n log n) for kernels of any size.
 *
 * @param weight [outputs][inputs][…][k2][k1] numbers
 * @throws {RangeError} when sizes or weights do not fit, or the kernel of a "valid" one is larger than the input
 *
 * @example
 * ```ts
 * import { linearConvolution } from "@papillon/papillon";
 * // (1 + 2x + 3x²)·(4 + 5x) = 4 + 13x + 22x² + 15x³
 * const times = linearConvolution(new Float32Array([4, 5]), { size: [3], kernel: [2] });
 * const y = times.apply(new Float32Array([1, 2, 3]));
 * console.assert(y.length === 4 && Math.abs(y[2] - 22) < 1e-4);
 * ```
 */
export function linearConvolution(weight: Float32Array, options: LinearConvolutionOptions): Operator {
  const what = "a linear convolution";
  const { size, kernel, mode = "full", inputs = 1, outputs = 1, field = "real" } = options;
  checkField(what, field);
  const unit = floats(field), axes = axesOf(what, size, kernel, mode);
  const sizes = axes.map((axis) => axis.points);
  checkShape(what, { size: sizes, inputs, outputs, field });
  checkWeights(what, "weight", weight, outputs * inputs * count(kernel) * unit);
  const points = count(sizes), own = count(kernel);
  // Turned back, so that the part of the result that is wanted starts at point 0.
  const places = indexOver(kernel, (_, t, axis) => {
    const { start, points: n } = axes[axis];
    return ((t - start) % n + n) % n;
  }, sizes);
  const whole = new Float32Array(outputs * inputs * points * unit);
  for (let k = 0; k < outputs * inputs * own; k++) {
    const to = Math.floor(k / own) * points + places[k % own];
    // A kernel may go round more than once where only few points of the result are wanted.
    for (let part = 0; part < unit; part++) whole[to * unit + part] += weight[k * unit + part];
  }
  const circular = new Convolution(whole, { size: sizes, inputs, outputs, field });
  const put = (channels: number, part: readonly number[]): Operator[] => {
    const index = gridIndex(slotsOf(part, sizes), channels, points), n = index.length;
    const grid = index.every((from, to) => from === to) ? [] : [new Permutation(index, field)];
    const used = channels * count(part);
    return used === n ? grid : [...grid, new Window(n, used, { field })];
  };
  const cut = put(outputs, axes.map((axis) => axis.wanted)).map((operator) => operator.adjoint()).reverse();
  return product(...cut, circular, ...put(inputs, size));
}

/** What happens along an axis: which points of the full result are wanted, and on how many it is calculated. */
interface Axis {
  readonly start: number;
  readonly wanted: number;
  readonly points: number;
}

function axesOf(what: string, size: readonly number[], kernel: readonly number[], mode: string): Axis[] {
  if (!Array.isArray(size) || !Array.isArray(kernel) || size.length !== kernel.length) {
    throw new RangeError(
      `Cannot make ${what}: size and kernel must be lists of as many axes, got ${JSON.stringify(size)} and ${
        JSON.stringify(kernel)
      }`,
    );
  }
  if (mode !== "full" && mode !== "same" && mode !== "valid") {
    throw new TypeError(
      `Cannot make ${what}: mode must be "full", "same" or "valid", got ${JSON.stringify(mode)}`,
    );
  }
  return size.map((n: number, axis: number) => {
    const k: number = kernel[axis];
    checkSize(what, `size[${axis}]`, n, LARGEST);
    checkSize(what, `kernel[${axis}]`, k, LARGEST);
    if (mode === "valid" && k > n) {
      throw new RangeError(
        `Cannot make ${what}: a valid one needs a kernel no larger than the input, got kernel[${axis}] ${k} for size ${n}`,
      );
    }
    const start = mode === "full" ? 0 : mode === "same" ? Math.floor((k - 1) / 2) : k - 1;
    const wanted = mode === "full" ? n + k - 1 : mode === "same" ? n : n - k + 1;
    // What is beyond either end of the full result must not come round to where it is wanted.
    const least = Math.max(n, start + wanted, n + k - 1 - start);
    let points = 1;
    while (points < least) points *= 2;
    return { start, wanted, points };
  });
}
