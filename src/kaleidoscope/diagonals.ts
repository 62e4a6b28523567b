/**
 * Fast transforms with diagonals between them, as networks use them in place of dense layers.
 *
 * @module
 */

import { checkPowerOfTwo, checkWeights } from "../operator/check.ts";
import { Diagonal } from "../operator/diagonal.ts";
import type { Operator } from "../operator/operator.ts";
import { bitReversal, Permutation } from "../operator/permutation.ts";
import { product } from "../operator/product.ts";
import { fourierButterfly } from "./fourier.ts";
import { dct2 } from "./transforms/cosine.ts";
import { hadamard } from "./transforms/hadamard.ts";

/** Whether {@link hadamardDiagonal} and {@link fastfood} take the Hadamard matrix with entries ±1/√n or ±1. */
export interface HadamardOptions {
  /** ±1/√n, which makes it orthogonal; true when absent. */
  normalized?: boolean;
}

/**
 * H·D_k · … · H·D_2·H·D_1 with the Hadamard matrix H in natural (Sylvester) order.
 *
 * @param diagonals D_1, which is applied first, to D_k, each of n numbers, n a power of two
 * @throws {RangeError} when there are none, they differ in length, or n is no power of two
 *
 * @example
 * ```ts
 * import { hadamardDiagonal } from "@papillon/papillon";
 * const map = hadamardDiagonal([new Float32Array([1, 1]), new Float32Array([1, -1])]);
 * console.assert(Math.abs(map.apply(new Float32Array([3, 4]))[1] - 4) > 0.9); // [[0, 1], [1, 0]]
 * ```
 */
export function hadamardDiagonal(
  diagonals: readonly Float32Array[],
  { normalized = true }: HadamardOptions = {},
): Operator {
  const what = "a Hadamard-diagonal product";
  if (!Array.isArray(diagonals) || diagonals.length === 0) {
    throw new RangeError(`Cannot make ${what}: diagonals must be a list of at least one`);
  }
  const n = size(what, "diagonals[0]", diagonals[0]);
  diagonals.forEach((d, i) => checkWeights(what, `diagonals[${i}]`, d, n));
  const h = hadamard(n, { normalized });
  return product(...[...diagonals].reverse().flatMap((d) => [h, new Diagonal(d)]));
}

/**
 * Fastfood (Le, Sarlós, Smola 2013): S·H·G·Π·H·B with the diagonals B, G, S and a permutation Π, (Πx)[i] =
 * x[permutation[i]], H the Hadamard matrix; the class (BB*)^3.
 *
 * @param diagonals B, G and S: `first`, `second` and `third` in the order of application, n numbers each, n a power
 * of two
 * @param permutation of n points
 * @throws {RangeError} when sizes differ, n is no power of two, or the permutation is none
 *
 * @example
 * ```ts
 * import { fastfood } from "@papillon/papillon";
 * const ones = new Float32Array(4).fill(1);
 * const map = fastfood({ first: ones, second: ones, third: ones }, [0, 1, 2, 3]); // H·H = I
 * console.assert(Math.abs(map.apply(new Float32Array([5, 6, 7, 8]))[3] - 8) < 1e-5);
 * ```
 */
export function fastfood(
  diagonals: { first: Float32Array; second: Float32Array; third: Float32Array },
  permutation: ArrayLike<number>,
  { normalized = true }: HadamardOptions = {},
): Operator {
  const what = "a Fastfood map", { first, second, third } = diagonals ?? {};
  const n = size(what, "first", first);
  checkWeights(what, "second", second, n);
  checkWeights(what, "third", third, n);
  if (permutation?.length !== n) {
    throw new RangeError(
      `Cannot make ${what}: expected a permutation of ${n} points, got one of ${permutation?.length}`,
    );
  }
  const h = hadamard(n, { normalized }), move = new Permutation(permutation);
  return product(new Diagonal(third), h, new Diagonal(second), move, h, new Diagonal(first));
}

/**
 * AFDF (Moczulski et al. 2016): A·F⁻¹·D·F with the DFT F. Complex. The bit reversals of both transforms meet at D and
 * are not made, so that it is of the class OBB with D.
 *
 * @param a the diagonal A, n complex numbers, n a power of two
 * @param d the diagonal D, n complex numbers, in natural order of frequencies
 * @throws {RangeError} when sizes differ or n is no power of two
 *
 * @example
 * ```ts
 * import { afdf } from "@papillon/papillon";
 * const map = afdf(new Float32Array([1, 0, 1, 0]), new Float32Array([1, 0, 1, 0])); // F⁻¹·F = I
 * console.assert(Math.abs(map.apply(new Float32Array([1, 2, 3, 4]))[3] - 4) < 1e-5);
 * ```
 */
export function afdf(a: Float32Array, d: Float32Array): Operator {
  const what = "an AFDF map", n = size(what, "a", a, 2);
  checkWeights(what, "d", d, 2 * n);
  const reversed = new Float32Array(2 * n);
  bitReversal(n).forEach((k, i) => reversed.set(d.subarray(2 * k, 2 * k + 2), 2 * i));
  return product(
    new Diagonal(a, "complex"),
    fourierButterfly(n, { inverse: true }),
    new Diagonal(reversed, "complex"),
    fourierButterfly(n, { increasing: false }),
  );
}

/**
 * ACDC (Moczulski et al. 2016): A·C⁻¹·D·C with the orthonormal DCT-II C, or with `inverseFirst` A·C·D·C⁻¹. Real; seen
 * through its complex factors of the class (BB*)^7.
 *
 * @param a the diagonal A, n numbers, n a power of two
 * @param d the diagonal D, n numbers
 * @throws {RangeError} when sizes differ or n is no power of two
 *
 * @example
 * ```ts
 * import { acdc } from "@papillon/papillon";
 * const map = acdc(new Float32Array(8).fill(1), new Float32Array(8).fill(2)); // twice C⁻¹·C
 * console.assert(Math.abs(map.apply(new Float32Array(8).fill(3))[5] - 6) < 1e-5);
 * ```
 */
export function acdc(
  a: Float32Array,
  d: Float32Array,
  { inverseFirst = false }: { inverseFirst?: boolean } = {},
): Operator {
  const what = "an ACDC map", n = size(what, "a", a);
  checkWeights(what, "d", d, n);
  const c = dct2(n, { normalized: true }), back = c.adjoint();
  const [last, first] = inverseFirst ? [c, back] : [back, c];
  return product(new Diagonal(a), last, new Diagonal(d), first);
}

/** The number of entries of a diagonal, a power of two. */
function size(what: string, name: string, values: Float32Array, unit = 1): number {
  checkWeights(what, name, values, values?.length);
  const n = values.length / unit;
  checkPowerOfTwo(what, `the number of entries of ${name}`, n);
  return n;
}
