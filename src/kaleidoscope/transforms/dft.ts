/**
 * Discrete Fourier transforms of one and more dimensions.
 *
 * @module
 */

import { Butterfly } from "../../operator/butterfly.ts";
import type { Operator } from "../../operator/operator.ts";
import { bitReversal, Permutation } from "../../operator/permutation.ts";
import { product } from "../../operator/product.ts";
import { fourierTiles } from "../fourier.ts";
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
    for (const tile of fourierTiles(n, { inverse }, scale(n))) factors.push(spread(tile, inner, points));
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

/** The complex factor I ⊗ F ⊗ I of so many points: each weight of a tile `inner` times, all of that again and again. */
function spread(tile: Float64Array, inner: number, points: number): Float32Array<ArrayBuffer> {
  const block = tile.length * inner, result = new Float32Array(4 * points);
  // Repeating each number of [2][2][s] gives [2][2][s·inner].
  for (let k = 0, at = 0; k < tile.length; k += 2) {
    for (let i = 0; i < inner; i++, at += 2) {
      result[at] = tile[k];
      result[at + 1] = tile[k + 1];
    }
  }
  for (let done = block; done < result.length; done *= 2) result.copyWithin(done, 0, done);
  return result;
}
