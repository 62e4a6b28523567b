/**
 * The matrices that can be learned by name. They are only matrices: learning is given their entries and nothing else.
 *
 * @module
 */

import { Random } from "../program/random.ts";
import type { Field } from "../program/step.ts";

/** A dense square matrix. */
export interface Matrix {
  /** Rows and columns. */
  readonly n: number;
  /** Real, or complex and interleaved. */
  readonly field: Field;
  /** Row-major entries. */
  readonly values: Float32Array | Float64Array;
}

/** The targets by name: those of Dao et al. 2019, table 4 and its code. */
export const TARGETS: ReadonlyMap<string, (n: number) => Matrix> = new Map([
  ["dft", dft],
  ["idft", idft],
  ["dct", dct],
  ["dst", dst],
  ["hadamard", hadamard],
  ["convolution", convolution],
  ["hartley", hartley],
  ["haar", haar],
  ["legendre", legendre],
  ["hilbert", hilbert],
  ["randn", randn],
  ["permutation", permutation],
]);

/** The unitary discrete Fourier transform: entry (j, k) is exp(−2πi·jk/n)/√n. Real for n = 1 and 2. */
export function dft(n: number): Matrix {
  const field = n <= 2 ? "real" : "complex", unit = n <= 2 ? 1 : 2;
  const values = new Float64Array(unit * n * n), scale = 1 / Math.sqrt(n);
  for (let j = 0; j < n; j++) {
    for (let k = 0; k < n; k++) {
      // Reduced first, for the exact angle; j·k is far below 2⁵³.
      const angle = -2 * Math.PI * ((j * k) % n) / n, at = unit * (j * n + k);
      values[at] = Math.cos(angle) * scale;
      if (unit === 2) values[at + 1] = Math.sin(angle) * scale;
    }
  }
  return { n, field, values };
}

/** The orthonormal Hadamard matrix in natural order: entry (j, k) is (−1)^(number of ones in j AND k)/√n. */
export function hadamard(n: number): Matrix {
  const values = new Float64Array(n * n), scale = 1 / Math.sqrt(n);
  for (let j = 0; j < n; j++) {
    for (let k = 0; k < n; k++) {
      let ones = 0;
      for (let bits = j & k; bits > 0; bits &= bits - 1) ones++;
      values[j * n + k] = ones % 2 === 0 ? scale : -scale;
    }
  }
  return { n, field: "real", values };
}

/** The conjugate transpose of the {@link dft}. */
export function idft(n: number): Matrix {
  const matrix = dft(n),
    values = matrix.values.map((v, i) => matrix.field === "complex" && i % 2 === 1 ? -v : v);
  return { ...matrix, values };
}

function real(n: number, entry: (j: number, k: number) => number): Matrix {
  const values = Float64Array.from({ length: n * n }, (_, at) => entry(Math.floor(at / n), at % n));
  return { n, field: "real", values };
}

/** The DCT-II, unnormalised, divided by √n: entry (k, j) is 2·cos(πk(2j+1)/2n)/√n. */
export function dct(n: number): Matrix {
  return real(n, (k, j) => 2 * Math.cos(Math.PI * (k * (2 * j + 1) % (4 * n)) / (2 * n)) / Math.sqrt(n));
}

/** The DST-II, likewise: 2·sin(π(k+1)(2j+1)/2n)/√n. */
export function dst(n: number): Matrix {
  return real(
    n,
    (k, j) => 2 * Math.sin(Math.PI * ((k + 1) * (2 * j + 1) % (4 * n)) / (2 * n)) / Math.sqrt(n),
  );
}

/** The Hartley transform: (cos + sin)(2πjk/n)/√n. */
export function hartley(n: number): Matrix {
  return real(n, (j, k) => {
    const angle = 2 * Math.PI * (j * k % n) / n;
    return (Math.cos(angle) + Math.sin(angle)) / Math.sqrt(n);
  });
}

/** A circular convolution: the circulant matrix of a first column of normal numbers of seed 0, divided by √n. */
export function convolution(n: number): Matrix {
  const random = new Random(0), column = Float64Array.from({ length: n }, () => random.normal());
  return real(n, (j, k) => column[(j - k + n) % n] / Math.sqrt(n));
}

/**
 * The Haar transform as the papers' code has it: entries 0 and ±1/√n, the finest level multiplied by √(n/2), so that it is
 * not orthogonal.
 */
export function haar(n: number): Matrix {
  return real(n, (j, k) => {
    const level = j === 0 ? 1 : 2 ** Math.floor(Math.log2(j)), width = n / level;
    const at = k - (j === 0 ? 0 : j - level) * width;
    if (at < 0 || at >= width) return 0;
    const size = (2 * j >= n ? Math.sqrt(n / 2) : 1) / Math.sqrt(n);
    return j === 0 || 2 * at < width ? size : -size;
  });
}

/** Legendre polynomials: entry (k, j) is P_k(x_j)/√n on n points inside of −1 … 1. */
export function legendre(n: number): Matrix {
  const values = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    const x = -1 + 2 * (j + 1) / (n + 1);
    for (let k = 0, before = 0, now = 1; k < n; k++) {
      values[k * n + j] = now / Math.sqrt(n);
      [before, now] = [now, ((2 * k + 1) * x * now - k * before) / (k + 1)];
    }
  }
  return { n, field: "real", values };
}

/** The Hilbert matrix 1/(i + j − 1) divided by its spectral norm. */
export function hilbert(n: number): Matrix {
  const matrix = real(n, (j, k) => 1 / (j + k + 1)), { values } = matrix;
  // By powers: the second singular value is far below the first.
  let vector = new Float64Array(n).fill(1), norm = 1;
  for (let round = 0; round < 60; round++) {
    const next = new Float64Array(n);
    for (let j = 0; j < n; j++) for (let k = 0; k < n; k++) next[j] += values[j * n + k] * vector[k];
    norm = Math.hypot(...next);
    vector = next.map((v) => v / norm);
  }
  return { ...matrix, values: values.map((v) => v / norm) };
}

/** Independent normal numbers of seed 0, divided by √n. */
export function randn(n: number): Matrix {
  const random = new Random(0);
  return real(n, () => random.normal() / Math.sqrt(n));
}

/** A random permutation of seed 0. */
export function permutation(n: number): Matrix {
  const index = new Random(0).permutation(n);
  return real(n, (j, k) => index[j] === k ? 1 : 0);
}
