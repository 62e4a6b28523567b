/**
 * Discrete cosine and sine transforms of type I: Hartley transforms of vectors made even or odd.
 *
 * @module
 */

import { checkSize, LARGEST } from "../../operator/check.ts";
import { Diagonal } from "../../operator/diagonal.ts";
import { KroneckerFactor } from "../../operator/factor.ts";
import type { Operator } from "../../operator/operator.ts";
import { Permutation } from "../../operator/permutation.ts";
import { product } from "../../operator/product.ts";
import { Window } from "../../operator/window.ts";
import { overAxes } from "./axes.ts";
import { hartley1 } from "./hartley.ts";
import { checkPoints, type Shape, sizesOf, type TransformOptions } from "./shape.ts";

/**
 * The DCT-I, y[k] = x[0] + (−1)ᵏ·x[n−1] + 2·Σⱼ x[j]·cos(πjk/(n−1)) over 0 < j < n − 1; normalized it is orthonormal:
 * scipy.fft multiplies x[0] and x[n−1] by √2, y by √(1/2(n−1)), and y[0] and y[n−1] by √½ more. In several dimensions the transform
 * of each axis.
 *
 * @param shape points, 2ᵏ + 1 from 2 on (2, 3, 5, 9 … 524 289), or the sizes of several axes. It runs as a real transform
 * of 2(n − 1) points.
 * @throws {RangeError} when n is 1, for which there is no DCT-I, or n − 1 is no power of two
 *
 * @example
 * ```ts
 * import { dct1 } from "@papillon/papillon";
 * const y = dct1(3).apply(new Float32Array([1, 2, 3]));
 * console.assert(Math.abs(y[0] - 8) < 1e-5 && Math.abs(y[1] + 2) < 1e-5 && Math.abs(y[2]) < 1e-5);
 * ```
 */
export function dct1(shape: Shape, { normalized = false }: TransformOptions = {}): Operator {
  return overAxes(typeOneSizes("DCT-I", shape, -1), (n) => {
    const m = n - 1, cosines = symmetric(n, m, 1, 0, normalized ? 1 / Math.sqrt(2 * m) : 1);
    if (!normalized) return cosines;
    const ends = (scale: number): Diagonal =>
      new Diagonal(Float32Array.from({ length: n }, (_, k) => k === 0 || k === n - 1 ? scale : 1));
    return product(ends(Math.SQRT1_2), cosines, ends(Math.SQRT2));
  });
}

/**
 * The DST-I, y[k] = 2·Σⱼ x[j]·sin(π(j+1)(k+1)/(n+1)); normalized, times √(1/2(n+1)), it is orthonormal and its own inverse.
 * In several dimensions the transform of each axis.
 *
 * @param shape points, 2ᵏ − 1 (1, 3, 7, 15 … 524 287), or the sizes of several axes. It runs as a real transform of
 * 2(n + 1) points.
 * @throws {RangeError} when n + 1 is no power of two
 */
export function dst1(shape: Shape, { normalized = false }: TransformOptions = {}): Operator {
  return overAxes(
    typeOneSizes("DST-I", shape, 1),
    (n) => symmetric(n, n + 1, -1, 1, normalized ? 1 / Math.sqrt(2 * (n + 1)) : 1),
  );
}

/** Checks sizes that are a power of two when `more` is added. */
function typeOneSizes(name: string, shape: Shape, more: 1 | -1): readonly number[] {
  const what = `a ${name}`, sizes = sizesOf(what, shape);
  for (const n of sizes) {
    if (n === 1 && more === -1) {
      throw new RangeError(`Cannot make ${what} of size 1: it needs two points at least`);
    }
    checkSize(what, "n", n, LARGEST / 2 - more);
    const power = n + more;
    if ((power & (power - 1)) !== 0) {
      const rule = more === 1
        ? "one less than a power of two (1, 3, 7 …)"
        : "one more than a power of two (2, 3, 5, 9 …)";
      throw new RangeError(`Cannot make ${what}: n must be ${rule}, got ${n}`);
    }
  }
  checkPoints(what, sizes);
  return sizes;
}

/**
 * Makes vectors even or odd, transforms them, and takes the same entries out again: those from `first` on, of a period
 * of 2m points. Entries j and 2m − j are partners; 0 and m have only themselves.
 */
function symmetric(n: number, m: number, sign: 1 | -1, first: number, scale: number): Operator {
  const mirror = new Permutation(Uint32Array.from({ length: 2 * m }, (_, i) => i <= m ? i : 3 * m - i));
  const weights = new Float32Array(4 * m);
  for (let k = 0; k < m; k++) {
    weights[k] = 1;
    weights[(k === 0 ? 3 : 2) * m + k] = k === 0 ? 1 : sign;
  }
  const reflect = new KroneckerFactor({ a: 1, b: 2, c: 2, d: m }, weights);
  return product(
    new Window(n, 2 * m, { shift: first }),
    hartley1(2 * m, scale),
    mirror,
    reflect,
    mirror,
    new Window(2 * m, n, { shift: -first }),
  );
}
