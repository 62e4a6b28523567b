/**
 * The constructions that need nothing but a size.
 *
 * @module
 */

import { dct2, dct3, dct4, dst2, dst3, dst4 } from "../../kaleidoscope/transforms/cosine.ts";
import { dct1, dst1 } from "../../kaleidoscope/transforms/cosine_one.ts";
import { dft, idft } from "../../kaleidoscope/transforms/dft.ts";
import { haar } from "../../kaleidoscope/transforms/haar.ts";
import { hadamard, walsh } from "../../kaleidoscope/transforms/hadamard.ts";
import { hartley } from "../../kaleidoscope/transforms/hartley.ts";
import type { TransformOptions } from "../../kaleidoscope/transforms/shape.ts";
import type { Operator } from "../../operator/operator.ts";
import { bitReversal, Permutation } from "../../operator/permutation.ts";
import type { Construction } from "./construction.ts";
import { complexMatrix, ones, realMatrix } from "./reference.ts";

const { PI, cos, sin, sqrt, SQRT1_2, SQRT2 } = Math;

/** Entry (k, j) of the matrix of n points, or what it is multiplied by to be orthonormal. */
type Entry = (k: number, j: number, n: number) => number;

/** A real transform: its entries without normalization, and what they are multiplied by with it. */
function real(
  name: string,
  about: string,
  make: (n: number, options: TransformOptions) => Operator,
  entry: Entry,
  scale: Entry,
  size = 256,
): Construction {
  return {
    name,
    about,
    size,
    normalized: true,
    build: (request) => {
      const n = request.size(), { normalized } = request;
      return {
        operator: make(n, { normalized }),
        reference: () => realMatrix(n, n, (k, j) => entry(k, j, n) * (normalized ? scale(k, j, n) : 1)),
      };
    },
  };
}

/** A Fourier transform of one sign; `scale` where it is not normalized. */
function fourier(
  name: string,
  about: string,
  make: typeof dft,
  sign: 1 | -1,
  scale: (n: number) => number,
): Construction {
  return {
    name,
    about,
    size: 256,
    normalized: true,
    build: (request) => {
      const n = request.size(), { normalized } = request, size = normalized ? 1 / sqrt(n) : scale(n);
      return {
        operator: make(n, { normalized }),
        reference: () =>
          complexMatrix(n, n, (k, j) => {
            const angle = sign * 2 * PI * ((j * k) % n) / n;
            return [size * cos(angle), size * sin(angle)];
          }),
      };
    },
  };
}

const half = (n: number): number => sqrt(1 / (2 * n));
/** The ends of a DCT-I. */
const end = (k: number, n: number): number => k === 0 || k === n - 1 ? SQRT1_2 : 1;

/** k with its bits in the opposite order. */
function reversed(k: number, n: number): number {
  let r = 0;
  for (let bit = 1; bit < n; bit *= 2) r = 2 * r + (k & bit ? 1 : 0);
  return r;
}

/** The Haar matrix: row 0 sums all, rows 2^l … 2^(l+1) − 1 are differences of the halves of n/2^l numbers. */
function haarEntry(k: number, j: number, n: number): number {
  if (k === 0) return 1;
  const width = n / 2 ** Math.floor(Math.log2(k));
  if (Math.floor(j / width) !== k - n / width) return 0;
  return j % width < width / 2 ? 1 : -1;
}

/** Transforms by name. */
export const TRANSFORMS: readonly Construction[] = [
  fourier("dft", "discrete Fourier transform", dft, -1, () => 1),
  fourier("idft", "inverse discrete Fourier transform", idft, 1, (n) => 1 / n),
  real(
    "dct1",
    "discrete cosine transform, type I; n = 2ᵏ + 1",
    dct1,
    (k, j, n) => (j === 0 || j === n - 1 ? 1 : 2) * cos(PI * j * k / (n - 1)),
    (k, j, n) => half(n - 1) * end(k, n) / end(j, n),
    257,
  ),
  real(
    "dct2",
    "discrete cosine transform, type II",
    dct2,
    (k, j, n) => 2 * cos(PI * k * (2 * j + 1) / (2 * n)),
    (k, _, n) => half(n) * (k === 0 ? SQRT1_2 : 1),
  ),
  real(
    "dct3",
    "discrete cosine transform, type III",
    dct3,
    (k, j, n) => (j === 0 ? 1 : 2) * cos(PI * j * (2 * k + 1) / (2 * n)),
    (_, j, n) => half(n) * (j === 0 ? SQRT2 : 1),
  ),
  real(
    "dct4",
    "discrete cosine transform, type IV",
    dct4,
    (k, j, n) => 2 * cos(PI * (2 * k + 1) * (2 * j + 1) / (4 * n)),
    (_k, _j, n) => half(n),
  ),
  real(
    "dst1",
    "discrete sine transform, type I; n = 2ᵏ − 1",
    dst1,
    (k, j, n) => 2 * sin(PI * (j + 1) * (k + 1) / (n + 1)),
    (_k, _j, n) => half(n + 1),
    255,
  ),
  real(
    "dst2",
    "discrete sine transform, type II",
    dst2,
    (k, j, n) => 2 * sin(PI * (k + 1) * (2 * j + 1) / (2 * n)),
    (k, _, n) => half(n) * (k === n - 1 ? SQRT1_2 : 1),
  ),
  real(
    "dst3",
    "discrete sine transform, type III",
    dst3,
    (k, j, n) => j === n - 1 ? (-1) ** k : 2 * sin(PI * (j + 1) * (2 * k + 1) / (2 * n)),
    (_, j, n) => half(n) * (j === n - 1 ? SQRT2 : 1),
  ),
  real(
    "dst4",
    "discrete sine transform, type IV",
    dst4,
    (k, j, n) => 2 * sin(PI * (2 * k + 1) * (2 * j + 1) / (4 * n)),
    (_k, _j, n) => half(n),
  ),
  real(
    "hartley",
    "discrete Hartley transform",
    hartley,
    (k, j, n) => cos(2 * PI * j * k / n) + sin(2 * PI * j * k / n),
    (_k, _j, n) => 1 / sqrt(n),
  ),
  real(
    "hadamard",
    "Walsh-Hadamard transform in natural order",
    hadamard,
    (k, j) => (-1) ** ones(k & j),
    (_k, _j, n) => 1 / sqrt(n),
  ),
  real(
    "walsh",
    "Walsh-Hadamard transform in sequency order",
    walsh,
    (k, j, n) => (-1) ** ones(reversed(k ^ k >> 1, n) & j),
    (_k, _j, n) => 1 / sqrt(n),
  ),
  real(
    "haar",
    "Haar wavelet transform over all levels",
    haar,
    haarEntry,
    (k, _, n) => k === 0 ? 1 / sqrt(n) : sqrt(2 ** Math.floor(Math.log2(k)) / n),
  ),
  {
    name: "bitreversal",
    about: "bit reversal permutation",
    size: 256,
    build: (request) => {
      const n = request.size();
      return {
        operator: new Permutation(bitReversal(n)),
        reference: () => realMatrix(n, n, (i, j) => reversed(i, n) === j ? 1 : 0),
      };
    },
  },
];
