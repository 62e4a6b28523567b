/**
 * The Haar wavelet transform.
 *
 * @module
 */

import { Butterfly } from "../../operator/butterfly.ts";
import type { Operator } from "../../operator/operator.ts";
import { Permutation } from "../../operator/permutation.ts";
import { product } from "../../operator/product.ts";
import { waveletPermutation } from "../permutation.ts";
import { overAxes } from "./axes.ts";
import { checkShape, type Shape, type TransformOptions } from "./shape.ts";

/** How a Haar transform is scaled and ordered. */
export interface HaarOptions extends TransformOptions {
  /**
   * Whether the coefficients come in the order approximation, coarsest detail … finest detail (the default), or where
   * the butterfly leaves them: those of level l at the odd multiples of 2^(l−1).
   */
  permutation?: boolean;
}

/**
 * The Haar wavelet transform over all levels: sums and differences a + b, a − b of neighbours, then of the sums, and so
 * on; each divided by √2 if normalized, which makes it orthonormal. In several dimensions the transform of each axis
 * (the standard decomposition).
 *
 * @param shape points, a power of two up to 2²⁰, or the sizes of several axes
 * @throws {RangeError} when a size is no power of two or there are more than 2²⁰ points
 *
 * @example
 * ```ts
 * import { haar } from "@papillon/papillon";
 * const y = haar(4).apply(new Float32Array([1, 2, 3, 5]));
 * console.assert(y.join() === "11,-5,-1,-2");
 * ```
 */
export function haar(
  shape: Shape,
  { normalized = false, permutation = true }: HaarOptions = {},
): Operator {
  const sizes = checkShape("a Haar transform", shape);
  return overAxes(sizes, (n) => haar1(n, normalized, permutation));
}

function haar1(n: number, normalized: boolean, permutation: boolean): Operator {
  const levels = Math.log2(n);
  const factors = Array.from({ length: levels }, (_, level) => {
    const s = 2 ** level, weights = new Float32Array(2 * n);
    // Two divisions by √2 in a row make one by 2, which rounds nothing; only what leaves in between is divided by √2.
    const even = level % 2 === 0;
    const difference = !normalized ? 1 : even ? Math.SQRT1_2 : 1 / 2;
    const sum = normalized && (!even || level === levels - 1) ? difference : 1;
    for (let at = 0; at < weights.length; at += 4 * s) {
      // Only the sums of the level before, at multiples of s, are taken further.
      weights.fill(1, at, at + s).fill(1, at + 3 * s, at + 4 * s);
      weights[at] = weights[at + s] = sum;
      weights[at + 2 * s] = difference;
      weights[at + 3 * s] = -difference;
    }
    return weights;
  });
  const butterfly = new Butterfly(n, factors);
  return permutation ? product(new Permutation(waveletPermutation(n)), butterfly) : butterfly;
}
