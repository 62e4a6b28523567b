/**
 * Eigenvalues and eigenvectors of Hermitian matrices.
 *
 * @module
 */
import type { Matrix } from "../types.ts";
import { checkHermitian, checkMatrix, shapeOf } from "./check.ts";
import { reflectAll } from "./householder.ts";
import { matrixOf, tamed, transposeMatrix } from "./matrix.ts";
import { tridiagonalEigen, tridiagonalise } from "./tridiagonal.ts";

/** Eigenvectors that are transformed together. */
const GROUP = 8;

/** A = V·diag(values)·Vᴴ. */
export interface HermitianEigen {
  /** Real, ascending. */
  readonly values: Float64Array<ArrayBuffer>;
  /** Unitary; column k belongs to eigenvalue k. */
  readonly vectors: Matrix;
}

/**
 * The eigenvalues of a Hermitian matrix, ascending, and orthonormal eigenvectors: Householder's reduction to a real
 * tridiagonal matrix, then implicit QL (Golub and Van Loan, 8.3). Reads the lower triangle, after it was compared
 * with the upper one.
 *
 * @throws RangeError if the matrix is not square or not Hermitian; the message names the entries.
 *
 * @example
 * ```ts
 * import { algorithms } from "@papillon/papillon/linalg";
 * const { eigh } = algorithms;
 * const { values, vectors } = eigh({ rows: 2, cols: 2, field: "real", values: Float64Array.of(2, 1, 1, 2) });
 * console.assert(Math.abs(values[0] - 1) < 1e-15 && Math.abs(values[1] - 3) < 1e-15);
 * console.assert(Math.abs(vectors.values[0] + vectors.values[2]) < 1e-15);
 * ```
 */
export function eigh(matrix: Matrix): HermitianEigen {
  const what = `find the eigenvalues of a ${shapeOf(matrix)} Hermitian matrix`;
  const unit = checkMatrix(what, matrix), n = matrix.rows;
  checkHermitian(what, matrix);
  const { matrix: near, factor } = tamed(matrix);
  const { diagonal, beside, reflections, betas, phases } = tridiagonalise(unit, n, near.values);
  const rows = new Float64Array(n * n);
  for (let i = 0; i < n; i++) rows[i * (n + 1)] = 1;
  tridiagonalEigen(diagonal, beside, rows, n);
  const order = Array.from(diagonal.keys()).sort((i, j) => diagonal[i] - diagonal[j]);
  const vectors = new Float64Array(n * n * unit);
  for (const [to, from] of order.entries()) {
    const at = to * n * unit;
    for (let i = 0; i < n; i++) {
      const x = rows[from * n + i];
      for (let u = 0; u < unit; u++) vectors[at + i * unit + u] = x * phases[i * unit + u];
    }
  }
  // A few vectors at a time stay in the nearest memory while all reflections go over them.
  for (let c = 0; c < n; c += GROUP) {
    const count = Math.min(GROUP, n - c), at = c * n * unit;
    for (let i = 1; i < n; i++) {
      reflectAll(unit, i, betas[i], reflections, i * n * unit, vectors, at, count, n * unit);
    }
  }
  return {
    values: Float64Array.from(order, (i) => diagonal[i] / factor),
    vectors: transposeMatrix(matrixOf(n, n, matrix.field, vectors)),
  };
}
