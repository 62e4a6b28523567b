/**
 * What circular convolution is on the spectrum, in float64: the numbers between a Fourier butterfly of decreasing
 * strides and one of increasing strides. The first leaves frequencies in bit-reversed order, the second expects
 * them so; with these numbers in the same order no bit reversal is ever made.
 *
 * @module
 */

import { bitReversal } from "../operator/permutation.ts";

/** Interleaved complex numbers. */
type Complex = Float64Array<ArrayBuffer>;

/**
 * The unnormalised DFT of each row and each column of a row-major n2×n1 array of complex numbers, in place; powers of
 * two. Frequencies come out in bit-reversed order along both axes.
 */
export function reversedSpectrum(x: Complex, n2: number, n1: number): void {
  for (const [n, inner] of [[n2, n1], [n1, 1]]) {
    for (let s = n / 2; s >= 1; s /= 2) {
      for (let delta = 0; delta < s; delta++) {
        const angle = -Math.PI * delta / s, c = Math.cos(angle), d = Math.sin(angle);
        for (let base = delta; base < n1 * n2 / inner; base += 2 * s) {
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
 * For a real kernel c on n2×2·h1 points and vectors x taken two neighbours at a time for one complex number, z = x[2k]
 * + i·x[2k+1]: the numbers a and b with which the convolution takes the spectrum Z of z (n2×h1 points) to that of the
 * result, Y[k] = a[k]·Z[k] + b[k]·conj(Z[−k]). All in bit-reversed order.
 *
 * With E and O the spectra of the even and odd entries of c and w = e^{−2πi·k1/h1}, a = E + i·O·(1 − w)/2 and
 * b = i·O·(1 + w)/2: multiply out (E·Xe + w·O·Xo) + i·(O·Xe + E·Xo), the spectra of the even and odd entries of the
 * result.
 */
export function packedSpectrum(c: ArrayLike<number>, n2: number, h1: number): { a: Complex; b: Complex } {
  const size = n2 * h1;
  const even = new Float64Array(2 * size), odd = new Float64Array(2 * size);
  for (let k = 0; k < size; k++) {
    even[2 * k] = c[2 * k];
    odd[2 * k] = c[2 * k + 1];
  }
  reversedSpectrum(even, n2, h1);
  reversedSpectrum(odd, n2, h1);
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

/** Where frequency −k stands when frequencies of n2×h1 points are in bit-reversed order. */
export function negatedFrequencies(n2: number, h1: number): Uint32Array<ArrayBuffer> {
  const [row, column] = [n2, h1].map((n) => {
    const reverse = bitReversal(n);
    return reverse.map((k) => reverse[(n - k) % n]);
  });
  return Uint32Array.from({ length: n2 * h1 }, (_, p) => row[Math.floor(p / h1)] * h1 + column[p % h1]);
}
