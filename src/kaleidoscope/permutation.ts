/**
 * Permutations as butterflies: every permutation is a product of two butterflies of 2×2 blocks that are the identity
 * or a swap (Beneš 1964; Kaleidoscope, appendix G).
 *
 * A permutation vector p acts by y[i] = x[p[i]].
 *
 * @module
 */

import { Butterfly } from "../operator/butterfly.ts";
import { checkField, checkPowerOfTwo, LARGEST } from "../operator/check.ts";
import { bitReversal, checkPermutation } from "../operator/permutation.ts";
import { type Field, floats } from "../program/step.ts";
import { halfBalanceInPlace } from "./balance.ts";

/** The permutation p⁻¹: inverse[p[i]] = i. */
export function invertPermutation(p: ArrayLike<number>): Uint32Array<ArrayBuffer> {
  checkPermutation("an inverse permutation", p);
  const inverse = new Uint32Array(p.length);
  for (let i = 0; i < p.length; i++) inverse[p[i]] = i;
  return inverse;
}

/**
 * The order of wavelet coefficients from coarse to fine: 0, n/2, then the odd multiples of n/4, of n/8 …, the odd
 * numbers last. For n = 8: 0 4 2 6 1 3 5 7.
 *
 * @throws {RangeError} when n is no power of two
 */
export function waveletPermutation(n: number): Uint32Array<ArrayBuffer> {
  checkPowerOfTwo("a wavelet permutation", "n", n, 2 ** 30);
  const index = new Uint32Array(n);
  let at = 1;
  for (let step = n / 2; step >= 1; step /= 2) {
    for (let i = step; i < n; i += 2 * step) index[at++] = i;
  }
  return index;
}

/** How {@link permutationSwaps} and {@link permutationButterfly} write a permutation. */
export interface PermutationButterflyOptions {
  /**
   * Whether the first butterfly has strides 1, 2, … n/2 and the second n/2, … 2, 1 (a member of B*B), or the other
   * way round (of BB*; the default).
   */
  increasing?: boolean;
}

/**
 * The switches of a Beneš network that makes a permutation: two butterflies of n points, n the smallest power of two
 * not below the length (what is added stays where it is).
 *
 * @returns 2·log₂n·n/2 entries, 1 for a swap: [block][factor in the order of application][2×2 block], the blocks
 * counted as in `Butterfly.fromTwiddle`
 * @throws {RangeError} when `p` is no permutation, or longer than 2²⁰
 */
export function permutationSwaps(
  p: ArrayLike<number>,
  { increasing = false }: PermutationButterflyOptions = {},
): Uint8Array<ArrayBuffer> {
  checkPermutation("a permutation butterfly", p, LARGEST);
  let n = 1;
  while (n < p.length) n *= 2;
  const padded = Uint32Array.from({ length: n }, (_, i) => i < p.length ? p[i] : i);
  if (!increasing) return benes(padded);
  // Reversing the bits of all positions turns strides n/2 … 1 into 1 … n/2.
  const reverse = bitReversal(n);
  const swaps = benes(reverse.map((i) => reverse[padded[i]]));
  if (n === 1) return swaps;
  const half = bitReversal(n / 2), result = new Uint8Array(swaps.length);
  for (let factor = 0; factor < swaps.length; factor += half.length) {
    for (let i = 0; i < half.length; i++) result[factor + i] = swaps[factor + half[i]];
  }
  return result;
}

/**
 * A butterfly of two blocks that makes a permutation, y[i] = x[p[i]], in O(n log n) time. Each 2×2 block is the
 * identity or a swap, so that the result is exact. Vectors whose size is no power of two are padded.
 *
 * @param p the permutation
 * @param options the order of the strides, and the field of the vectors ("real" when absent)
 * @throws {RangeError} when `p` is no permutation, or longer than 2²⁰
 *
 * @example
 * ```ts
 * import { permutationButterfly } from "@papillon/papillon";
 * const rotate = permutationButterfly([1, 2, 3, 4, 0]);
 * console.assert(rotate.apply(new Float32Array([10, 11, 12, 13, 14]))[4] === 10);
 * ```
 */
export function permutationButterfly(
  p: ArrayLike<number>,
  { increasing = false, field = "real" }: PermutationButterflyOptions & { field?: Field } = {},
): Butterfly {
  checkField("a permutation butterfly", field);
  const swaps = permutationSwaps(p, { increasing }), unit = floats(field);
  let half = 1;
  while (2 * half < p.length) half *= 2;
  const levels = p.length === 1 ? 0 : Math.log2(half) + 1;
  const factors = Array.from({ length: 2 * levels }, (_, factor) => {
    const up = increasing === (factor < levels), level = factor % levels;
    const s = 2 ** (up ? level : levels - 1 - level), weights = new Float32Array(4 * half * unit);
    for (let base = 0, i = factor * half; base < 4 * half; base += 4 * s) {
      for (let at = base; at < base + s; at++) {
        const swap = swaps[i++];
        weights[(at + swap * s) * unit] = 1;
        weights[(at + (3 - swap) * s) * unit] = 1;
      }
    }
    return weights;
  });
  return new Butterfly(p.length, factors, { increasing, blocks: 2, field });
}

/** The swaps of a permutation of n = 2^m points with strides n/2 … 1 and then 1 … n/2. */
function benes(p: Uint32Array): Uint8Array<ArrayBuffer> {
  const n = p.length, half = n / 2, levels = Math.log2(n);
  const swaps = new Uint8Array(levels * n);
  // Where each input has to go, while it moves through the network.
  const target = new Uint32Array(n);
  for (let i = 0; i < n; i++) target[p[i]] = i;
  // Inwards: at each stride the inputs part into two halves that each hold one of every pair of outputs.
  for (let level = 0, s = half; s >= 1; level++, s /= 2) {
    halfBalanceInPlace(target, s, (i) => swaps[level * half + i] = 1);
  }
  // Outwards: before stride s each input stands at its target modulo s in a chunk of s; bring it there modulo 2s.
  const next = new Uint32Array(n);
  for (let level = levels, s = 1; s < n; level++, s *= 2) {
    for (let base = 0; base < n; base += 2 * s) {
      for (let k = 0; k < s; k++) {
        const low = target[base + k], high = target[base + s + k];
        const swap = low % (2 * s) >= s;
        next[base + k] = swap ? high : low;
        next[base + s + k] = swap ? low : high;
        if (swap) swaps[level * half + base / 2 + k] = 1;
      }
    }
    target.set(next);
  }
  return swaps;
}
