/**
 * The discrete Fourier transform as an exact butterfly.
 *
 * @module
 */

import { Butterfly } from "../operator/butterfly.ts";
import { checkPowerOfTwo } from "../operator/check.ts";

/** Which Fourier butterfly {@link fourierButterfly} makes. */
export interface FourierOptions {
  /** Whether it is the inverse transform. */
  inverse?: boolean;
  /** Strides 1, 2, 4 … (decimation in time; the default) or … 4, 2, 1 (decimation in frequency). */
  increasing?: boolean;
}

/**
 * The butterfly part of the unitary DFT, F[j,k] = e^{−2πi·jk/n}/√n (its conjugate with `inverse`): the fast Fourier
 * transform without its bit reversal P.
 *
 * With increasing strides (decimation in time) F = B·P, with decreasing ones (decimation in frequency) F = P·B. Each
 * block is unitary, so that values keep their size on the way.
 *
 * @param n points, a power of two from 1 to 2²⁰
 * @throws {RangeError} when n is no power of two
 *
 * @example
 * ```ts
 * import { fourierButterfly, Permutation, product } from "@papillon/papillon";
 * const dft = product(fourierButterfly(8), Permutation.bitReversal(8, "complex"));
 * const flat = dft.apply(Float32Array.from({ length: 16 }, (_, i) => i === 0 ? 1 : 0));
 * console.assert(Math.abs(flat[6] - Math.SQRT1_2 / 2) < 1e-6);
 * ```
 */
export function fourierButterfly(
  n: number,
  { inverse = false, increasing = true }: FourierOptions = {},
): Butterfly {
  checkPowerOfTwo("a Fourier butterfly", "n", n);
  const tiles = fourierTiles(n, { inverse, increasing }, () => Math.SQRT1_2);
  const factors = tiles.map((tile) => repeated(new Float32Array(4 * n), tile));
  return new Butterfly(n, factors, { field: "complex", increasing });
}

/**
 * The factors of {@link fourierButterfly} in float64, the one of each level (counted from the first applied) multiplied
 * by `scale(level)` instead of √½: for those who fold more into them before they are rounded.
 */
export function fourierFactors(
  n: number,
  options: FourierOptions,
  scale?: (level: number) => number,
): Float64Array<ArrayBuffer>[] {
  return fourierTiles(n, options, scale).map((tile) => repeated(new Float64Array(4 * n), tile));
}

/**
 * What the factors of {@link fourierFactors} repeat: for each level the blocks [2][2][s] of one stretch of 2s points, s the
 * stride. The factor is that n/2s times.
 */
export function fourierTiles(
  n: number,
  { inverse = false, increasing = true }: FourierOptions,
  scale: (level: number) => number = () => 1,
): Float64Array<ArrayBuffer>[] {
  const levels = Math.log2(n), sign = inverse ? 1 : -1;
  return Array.from({ length: levels }, (_, level) => {
    const s = 2 ** (increasing ? level : levels - 1 - level);
    const tile = new Float64Array(8 * s), h = scale(level);
    for (let delta = 0; delta < s; delta++) {
      const [cosine, sine] = root(delta, 2 * s);
      const re = h * cosine, im = sign * h * sine, at = 2 * delta;
      // [[1, ω], [1, −ω]] or, with decreasing strides, [[1, 1], [ω, −ω]].
      const one = increasing ? at + 4 * s : at + 2 * s, omega = increasing ? at + 2 * s : at + 4 * s;
      tile[at] = h;
      tile[one] = h;
      tile[omega] = re;
      tile[omega + 1] = im;
      tile[at + 6 * s] = -re;
      tile[at + 6 * s + 1] = -im;
    }
    return tile;
  });
}

/** Fills an array with a tile again and again. */
function repeated<T extends Float32Array | Float64Array>(result: T, tile: Float64Array): T {
  result.set(tile);
  // Doubling what is there takes few calls.
  for (let done = tile.length; done < result.length; done *= 2) result.copyWithin(done, 0, done);
  return result;
}

/** cos and sin of 2πk/n for 0 ≤ k < n/2, exact where they are 0, ±1 or ±√½. */
export function root(k: number, n: number): [cosine: number, sine: number] {
  if (4 * k > n) {
    const [cosine, sine] = root(n / 2 - k, n);
    return [-cosine, sine];
  }
  if (8 * k > n) {
    const [cosine, sine] = root(n / 4 - k, n);
    return [sine, cosine];
  }
  const angle = 2 * Math.PI * k / n;
  return 8 * k === n ? [Math.SQRT1_2, Math.SQRT1_2] : [Math.cos(angle), Math.sin(angle)];
}
