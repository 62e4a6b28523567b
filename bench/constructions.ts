/**
 * Constructions that papillon is timed on, one vector at a time: real transforms, a permutation, circulant and Toeplitz
 * matrices. What the real transforms cost beside the complex Fourier transform of the same size is set in goals.ts.
 *
 * @module
 */
import {
  circulant,
  dct2,
  dct3,
  dct4,
  dst2,
  hartley,
  type Operator,
  Permutation,
  toeplitz,
} from "../src/mod.ts";
import type { Family } from "./families.ts";
import { normal } from "./lib/problem.ts";
import { fourier, type Numbers } from "./lib/reference.ts";

/** The group of their rows. */
export const GROUP = "constructions";

/** Σⱼ x[j]·e^{−iπj·(k + shift)/n} for k < n, as a Fourier transform of 2n points; interleaved. */
function halfPeriod(x: Numbers, shift: number): Float64Array {
  const n = x.length, padded = new Float64Array(4 * n);
  for (let j = 0; j < n; j++) {
    padded[2 * j] = x[j] * Math.cos(Math.PI * j * shift / n);
    padded[2 * j + 1] = -x[j] * Math.sin(Math.PI * j * shift / n);
  }
  return fourier(padded);
}

/** The real part of X[k]·e^{−iα}. */
function turned(spectrum: Float64Array, k: number, angle: number): number {
  return spectrum[2 * k] * Math.cos(angle) + spectrum[2 * k + 1] * Math.sin(angle);
}

/** The unnormalized DCT-II, 2·Σⱼ x[j]·cos(πk(2j+1)/2n), in float64. */
export function cosineTwo(x: Numbers): Float64Array {
  const n = x.length, spectrum = halfPeriod(x, 0);
  return Float64Array.from({ length: n }, (_, k) => 2 * turned(spectrum, k, Math.PI * k / (2 * n)));
}

function sineTwo(x: Numbers): Float64Array {
  const n = x.length, spectrum = halfPeriod(x, 0);
  // −Im z = Re(z·e^{iπ/2}).
  return Float64Array.from(
    { length: n },
    (_, k) => 2 * turned(spectrum, k + 1, Math.PI * (k + 1) / (2 * n) - Math.PI / 2),
  );
}

function cosineThree(x: Numbers): Float64Array {
  const n = x.length, spectrum = halfPeriod(x, 0.5);
  return Float64Array.from({ length: n }, (_, k) => 2 * turned(spectrum, k, 0) - x[0]);
}

function cosineFour(x: Numbers): Float64Array {
  const n = x.length, spectrum = halfPeriod(x, 0.5);
  return Float64Array.from({ length: n }, (_, k) => 2 * turned(spectrum, k, Math.PI * (2 * k + 1) / (4 * n)));
}

function hartleyOf(x: Numbers): Float64Array {
  const spectrum = fourier(complex(x));
  return Float64Array.from({ length: x.length }, (_, k) => spectrum[2 * k] - spectrum[2 * k + 1]);
}

function complex(x: Numbers): Float64Array {
  return Float64Array.from({ length: 2 * x.length }, (_, i) => i % 2 ? 0 : x[i >> 1]);
}

/** The circular convolution of two real vectors. */
function convolution(c: Numbers, x: Numbers): Float64Array {
  const n = x.length, a = fourier(complex(c)), b = fourier(complex(x));
  const product = new Float64Array(2 * n);
  for (let k = 0; k < 2 * n; k += 2) {
    product[k] = a[k] * b[k] - a[k + 1] * b[k + 1];
    product[k + 1] = -(a[k] * b[k + 1] + a[k + 1] * b[k]);
  }
  return fourier(product).filter((_, k) => k % 2 === 0).map((y) => y / n);
}

/** A Toeplitz matrix times a vector, by definition. */
function toeplitzProduct(column: Numbers, row: Numbers, x: Numbers): Float64Array {
  const n = x.length, y = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) y[i] += (i >= j ? column[i - j] : row[j - i]) * x[j];
  }
  return y;
}

/** A seeded random permutation of n points. */
export function shuffled(n: number): Uint32Array {
  const keys = normal(n, 77 + n);
  return Uint32Array.from({ length: n }, (_, i) => i).sort((i, j) => keys[i] - keys[j]);
}

function construction(
  label: string,
  make: (n: number) => { operator: Operator; reference: (x: Numbers) => Float64Array },
): Family {
  return { label, field: "real", builds: ["relaxed", "simd"], group: GROUP, sample: make };
}

/** In the order of the tables. */
export const CONSTRUCTIONS: readonly Family[] = [
  construction("DCT-II", (n) => ({ operator: dct2(n), reference: cosineTwo })),
  construction("DCT-III", (n) => ({ operator: dct3(n), reference: cosineThree })),
  construction("DCT-IV", (n) => ({ operator: dct4(n), reference: cosineFour })),
  construction("DST-II", (n) => ({ operator: dst2(n), reference: sineTwo })),
  construction("Hartley transform", (n) => ({ operator: hartley(n), reference: hartleyOf })),
  construction("permutation", (n) => {
    const index = shuffled(n);
    return {
      operator: new Permutation(index),
      reference: (x) => Float64Array.from(index, (from) => x[from]),
    };
  }),
  construction("circulant matrix", (n) => {
    const column = normal(n, 78 + n).map((c) => c / Math.sqrt(n));
    return { operator: circulant(column), reference: (x) => convolution(column, x) };
  }),
  // Of half as many points, so that it stands beside the Fourier transform of twice its own size.
  construction("Toeplitz matrix of n/2 points", (n) => {
    const [column, row] = [79, 80].map((seed) => normal(n / 2, seed + n).map((c) => c / Math.sqrt(n)));
    return { operator: toeplitz(column, row), reference: (x) => toeplitzProduct(column, row, x) };
  }),
];
