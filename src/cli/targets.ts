/**
 * The matrices that can be learned by name. They are only matrices: learning is given their entries and nothing else.
 *
 * @module
 */

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

/** The targets by name. */
export const TARGETS: ReadonlyMap<string, (n: number) => Matrix> = new Map([["dft", dft], [
  "hadamard",
  hadamard,
]]);

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
