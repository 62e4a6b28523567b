/**
 * Discrete Fourier transforms of one and more dimensions.
 *
 * @module
 */

import { Butterfly } from "../../operator/butterfly.ts";
import type { Operator } from "../../operator/operator.ts";
import { bitReversal, Permutation } from "../../operator/permutation.ts";
import { product } from "../../operator/product.ts";
import { fourierFactors } from "../fourier.ts";
import { checkShape, type Shape, type TransformOptions, unitaryScale } from "./shape.ts";

/**
 * The discrete Fourier transform y[k] = Σⱼ x[j]·e^{−2πi·jk/n}, divided by √n if normalized; in several dimensions that
 * of each axis. One flat butterfly behind a bit reversal, in natural order at both ends.
 *
 * @param shape points, a power of two up to 2²⁰, or the sizes of several axes
 * @throws {RangeError} when a size is no power of two or there are more than 2²⁰ points
 *
 * @example
 * ```ts
 * import { dft, idft } from "@papillon/papillon";
 * const x = Float32Array.from({ length: 16 }, (_, i) => i);
 * const back = idft(8).apply(dft(8).apply(x));
 * console.assert(back.every((value, i) => Math.abs(value - i) < 1e-5));
 * ```
 */
export function dft(shape: Shape, { normalized = false }: TransformOptions = {}): Operator {
  return fourier("a DFT", shape, false, normalized ? unitaryScale : () => () => 1);
}

/**
 * The inverse discrete Fourier transform y[j] = 1/n·Σₖ x[k]·e^{2πi·jk/n}, with 1/√n if normalized; in several
 * dimensions that of each axis.
 *
 * @param shape points, a power of two up to 2²⁰, or the sizes of several axes
 * @throws {RangeError} when a size is no power of two or there are more than 2²⁰ points
 */
export function idft(shape: Shape, { normalized = false }: TransformOptions = {}): Operator {
  return fourier("an inverse DFT", shape, true, normalized ? unitaryScale : () => () => 1 / 2);
}

/** The transform whose factors are multiplied by `scale(n)(level)`. */
function fourier(what: string, shape: Shape, inverse: boolean, scale: typeof unitaryScale): Operator {
  const sizes = checkShape(what, shape), points = sizes.reduce((all, n) => all * n, 1);
  const factors: Float32Array<ArrayBuffer>[] = [];
  let index: Uint32Array<ArrayBuffer> = new Uint32Array(1), inner = 1;
  for (const n of [...sizes].reverse()) {
    for (const weights of fourierFactors(n, { inverse }, scale(n))) {
      factors.push(spread(weights, inner, points / (n * inner)));
    }
    // The reversal of this axis outside, those of the axes after it inside.
    const reversal = bitReversal(n), before = index, width = inner;
    index = Uint32Array.from({ length: n * width }, (_, i) => {
      return reversal[Math.floor(i / width)] * width + before[i % width];
    });
    inner *= n;
  }
  const outer = new Permutation(index, "complex");
  const butterfly = new Butterfly(points, factors, { field: "complex" });
  return product(butterfly, outer);
}

/** The complex factor I ⊗ F ⊗ I: each weight `inner` times, all of that `outer` times. */
function spread(weights: Float64Array, inner: number, outer: number): Float32Array<ArrayBuffer> {
  const block = weights.length * inner, result = new Float32Array(block * outer);
  // Repeating each number of [n/2s][2][2][s] gives [n/2s][2][2][s·inner].
  for (let k = 0; k < weights.length / 2; k++) {
    for (let i = 0; i < inner; i++) {
      result[2 * (k * inner + i)] = weights[2 * k];
      result[2 * (k * inner + i) + 1] = weights[2 * k + 1];
    }
  }
  for (let at = block; at < result.length; at += block) result.copyWithin(at, 0, block);
  return result;
}
