/**
 * Eigenvalues and eigenvectors of any square matrix.
 *
 * @module
 */
import type { Matrix, Vector } from "../types.ts";
import { lu } from "./lu.ts";
import { matrixOf, multiply } from "./matrix.ts";
import { schur } from "./schur.ts";
import { divide, norm, scale } from "./vectors.ts";

/** A·vectors = vectors·diag(values). */
export interface Eigen {
  /** Complex, interleaved (re, im), in no particular order. */
  readonly values: Vector;
  /** Complex; column k, of norm 1 and with its largest entry positive, belongs to eigenvalue k. */
  readonly vectors: Matrix;
  /**
   * Of the matrix of eigenvectors, as {@link lu} estimates it. It tells how far the vectors are from being dependent:
   * where it is about 1e-8 or less the matrix is as good as defective, has no basis of eigenvectors, and vectors in
   * `vectors` are repeated. The eigenvalues are then right to about the square root of the usual precision only.
   */
  readonly rcond: number;
}

/**
 * All eigenvalues and eigenvectors of a square matrix, by its Schur form (Golub and Van Loan, 7.5 and 7.6). Those of
 * a real matrix are real or come in conjugate pairs. For Hermitian matrices use {@link eigh}.
 *
 * @throws RangeError if the matrix is not square or not finite.
 *
 * @example
 * ```ts
 * import { algorithms } from "@papillon/papillon/linalg";
 * const { eig } = algorithms;
 * const { values } = eig({ rows: 2, cols: 2, field: "real", values: Float64Array.of(0, -1, 1, 0) });
 * console.assert(Math.abs(values[0]) < 1e-15 && Math.abs(Math.abs(values[1]) - 1) < 1e-15);
 * ```
 */
export function eig(matrix: Matrix): Eigen {
  const { T, Z } = schur(matrix), n = T.rows, vectors = multiply(Z, triangularVectors(T));
  const values = new Float64Array(2 * n), { values: v } = vectors;
  for (let k = 0; k < n; k++) {
    values.set(T.values.subarray(2 * k * (n + 1), 2 * k * (n + 1) + 2), 2 * k);
    const column = new Float64Array(2 * n);
    for (let i = 0; i < n; i++) column.set(v.subarray(2 * (i * n + k), 2 * (i * n + k) + 2), 2 * i);
    let best = 0, most = -1;
    for (let i = 0; i < n; i++) {
      const size = norm(column, 2 * i, 2);
      // The first of entries that are as large, up to rounding.
      if (size > most * (1 + 1e-10)) [best, most] = [i, size];
    }
    const size = norm(column), [re, im] = [column[2 * best] / most, -column[2 * best + 1] / most];
    scale(2, n, [re / size, im / size], column, 0);
    // Real vectors of real eigenvalues: what is left of the imaginary parts is rounding.
    const real = matrix.field === "real" && values[2 * k + 1] === 0;
    for (let i = 0; i < n; i++) {
      v[2 * (i * n + k)] = column[2 * i];
      v[2 * (i * n + k) + 1] = real || i === best ? 0 : column[2 * i + 1];
    }
  }
  return { values, vectors, rcond: n === 0 ? 1 : lu(vectors).rcond };
}

/** The eigenvectors of an upper triangular complex matrix, as columns, upper triangular too. */
export function triangularVectors({ rows: n, values: t }: Matrix): Matrix {
  const out = matrixOf(n, n, "complex"), smallest = Math.max(2 ** -52 * norm(t), Number.MIN_VALUE);
  for (let k = 0; k < n; k++) {
    const x = new Float64Array(2 * n), own = 2 * k * (n + 1);
    x[2 * k] = 1;
    for (let i = k - 1; i >= 0; i--) {
      let re = 0, im = 0;
      for (let j = i + 1; j <= k; j++) {
        const at = 2 * (i * n + j);
        re -= t[at] * x[2 * j] - t[at + 1] * x[2 * j + 1];
        im -= t[at] * x[2 * j + 1] + t[at + 1] * x[2 * j];
      }
      let dr = t[2 * i * (n + 1)] - t[own], di = t[2 * i * (n + 1) + 1] - t[own + 1];
      // Of equal eigenvalues the second has the same vector, or one of its own, if what is above is zero.
      if (Math.hypot(dr, di) < smallest) [dr, di] = [smallest, 0];
      [x[2 * i], x[2 * i + 1]] = divide([re, im], [dr, di]);
      const size = norm(x, 2 * i, 2);
      if (size > 1e100) scale(2, n, [1 / size, 0], x, 0);
    }
    const size = norm(x);
    for (let i = 0; i <= k; i++) {
      out.values[2 * (i * n + k)] = x[2 * i] / size;
      out.values[2 * (i * n + k) + 1] = x[2 * i + 1] / size;
    }
  }
  return out;
}
