/**
 * What circular convolution is on the spectrum, in float64: the numbers between a Fourier butterfly of decreasing
 * strides and one of increasing strides. The first leaves frequencies in bit-reversed order, the second expects
 * them so; with these numbers in the same order no bit reversal is ever made.
 *
 * @module
 */

import { bitReversal } from "../operator/permutation.ts";
import { root } from "./fourier.ts";

/** Interleaved complex numbers. */
type Complex = Float64Array<ArrayBuffer>;

/**
 * The unnormalised DFT along each axis of a row-major array of complex numbers, in place; powers of two. Frequencies come
 * out in bit-reversed order along all axes.
 */
export function reversedSpectrum(x: Complex, sizes: readonly number[]): void {
  const points = x.length / 2;
  let inner = points;
  for (const n of sizes) {
    inner /= n;
    for (let s = n / 2; s >= 1; s /= 2) {
      for (let delta = 0; delta < s; delta++) {
        const [c, sine] = root(delta, 2 * s), d = -sine;
        for (let base = delta; base < points / inner; base += 2 * s) {
          for (let k = 0; k < inner; k++) {
            const i = 2 * (base * inner + k), j = i + 2 * s * inner;
            const re = x[i] - x[j], im = x[i + 1] - x[j + 1];
            x[i] += x[j];
            x[i + 1] += x[j + 1];
            x[j] = c * re - d * im;
            x[j + 1] = c * im + d * re;
          }
        }
      }
    }
  }
}

/**
 * For a real kernel c on … × n2 × 2·h1 points and vectors x taken two neighbours at a time for one complex number, z =
 * x[2k] + i·x[2k+1]: the numbers a and b with which the convolution takes the spectrum Z of z (… × n2 × h1 points, the
 * sizes that are given) to that of the result, Y[k] = a[k]·Z[k] + b[k]·conj(Z[−k]). All in bit-reversed order.
 *
 * With E and O the spectra of the even and odd entries of c and w = e^{−2πi·k1/h1}, a = E + i·O·(1 − w)/2 and
 * b = i·O·(1 + w)/2: multiply out (E·Xe + w·O·Xo) + i·(O·Xe + E·Xo), the spectra of the even and odd entries of the
 * result.
 */
export function packedSpectrum(
  c: ArrayLike<number>,
  sizes: readonly number[],
): { a: Complex; b: Complex } {
  const size = sizes.reduce((all, n) => all * n, 1), h1 = sizes[sizes.length - 1];
  const even = new Float64Array(2 * size), odd = new Float64Array(2 * size);
  for (let k = 0; k < size; k++) {
    even[2 * k] = c[2 * k];
    odd[2 * k] = c[2 * k + 1];
  }
  reversedSpectrum(even, sizes);
  reversedSpectrum(odd, sizes);
  const a = new Float64Array(2 * size), b = new Float64Array(2 * size), reverse = bitReversal(h1);
  for (let k = 0; k < size; k++) {
    const angle = -2 * Math.PI * reverse[k % h1] / h1, re = Math.cos(angle), im = Math.sin(angle);
    const x = odd[2 * k], y = odd[2 * k + 1];
    a[2 * k] = even[2 * k] + (im * x - (1 - re) * y) / 2;
    a[2 * k + 1] = even[2 * k + 1] + ((1 - re) * x + im * y) / 2;
    b[2 * k] = (-im * x - (1 + re) * y) / 2;
    b[2 * k + 1] = ((1 + re) * x - im * y) / 2;
  }
  return { a, b };
}

/** Where frequency −k stands when frequencies are in bit-reversed order along all axes. */
export function negatedFrequencies(sizes: readonly number[]): Uint32Array<ArrayBuffer> {
  let index: Uint32Array<ArrayBuffer> = new Uint32Array(1);
  for (const n of sizes) {
    const reverse = bitReversal(n), before = index;
    const own = reverse.map((k) => reverse[(n - k) % n]);
    index = Uint32Array.from(
      { length: before.length * n },
      (_, p) => before[Math.floor(p / n)] * n + own[p % n],
    );
  }
  return index;
}
