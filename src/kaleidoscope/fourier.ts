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
  const factors = fourierFactors(n, { inverse, increasing }, () => Math.SQRT1_2);
  return new Butterfly(n, factors.map((w) => Float32Array.from(w)), { field: "complex", increasing });
}

/**
 * The factors of {@link fourierButterfly} in float64, the one of each level (counted from the first applied) multiplied
 * by `scale(level)` instead of √½: for those who fold more into them before they are rounded.
 */
export function fourierFactors(
  n: number,
  { inverse = false, increasing = true }: FourierOptions,
  scale: (level: number) => number = () => 1,
): Float64Array<ArrayBuffer>[] {
  const levels = Math.log2(n), sign = inverse ? 1 : -1;
  return Array.from({ length: levels }, (_, level) => {
    const s = 2 ** (increasing ? level : levels - 1 - level);
    const weights = new Float64Array(4 * n), h = scale(level);
    for (let delta = 0; delta < s; delta++) {
      const [cosine, sine] = root(delta, 2 * s);
      const re = h * cosine, im = sign * h * sine;
      for (let i = 0; i < n / (2 * s); i++) {
        const put = (beta: number, gamma: number, re: number, im: number): void => {
          weights.set([re, im], 2 * (((i * 2 + beta) * 2 + gamma) * s + delta));
        };
        put(0, 0, h, 0);
        if (increasing) {
          // [[1, ω], [1, −ω]]
          put(0, 1, re, im);
          put(1, 0, h, 0);
        } else {
          // [[1, 1], [ω, −ω]]
          put(0, 1, h, 0);
          put(1, 0, re, im);
        }
        put(1, 1, -re, -im);
      }
    }
    return weights;
  });
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
