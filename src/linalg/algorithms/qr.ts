/**
 * QR by Householder's reflections, with exchanged columns where the rank is wanted.
 *
 * @module
 */
import type { Matrix, Vector } from "../types.ts";
import { checkMatrix, shapeOf } from "./check.ts";
import { reflectAll, reflection } from "./householder.ts";
import { matrixOf, transposeMatrix } from "./matrix.ts";
import { norm, type Unit } from "./vectors.ts";

/** A = Q·R, or A·P = Q·R: column j of Q·R is column `permutation[j]` of A. */
export interface QR {
  /** rows × min(rows, cols), with orthonormal columns. */
  readonly Q: Matrix;
  /** min(rows, cols) × cols, upper triangular. */
  readonly R: Matrix;
  /** Where the columns of Q·R come from, if they were exchanged. */
  readonly permutation?: Uint32Array;
  /** How many entries on the diagonal of R are larger than rounding. Reliable with `pivot` only. */
  readonly rank: number;
}

/** How to factor. */
export interface QROptions {
  /** Take the longest column that is left in every step: |R_kk| falls, and shows the rank. */
  readonly pivot?: boolean;
  /** What part of the largest |R_kk| still counts for the rank; max(rows, cols)·2⁻⁵² if not given. */
  readonly tolerance?: number;
}

/**
 * Factors any matrix as A = Q·R (Golub and Van Loan, 5.2; with `pivot` 5.4.2). The factors are the thin ones.
 *
 * @throws RangeError if an entry is not finite.
 *
 * @example
 * ```ts
 * import { algorithms } from "@papillon/papillon/linalg";
 * const { qr } = algorithms;
 * const values = Float64Array.of(1, 2, 2, 4, 3, 6);
 * const { rank, Q } = qr({ rows: 3, cols: 2, field: "real", values }, { pivot: true });
 * console.assert(rank === 1 && Q.rows === 3 && Q.cols === 2);
 * ```
 */
export function qr(matrix: Matrix, { pivot = false, tolerance }: QROptions = {}): QR {
  const unit = checkMatrix(`factor a ${shapeOf(matrix)} matrix by QR`, matrix);
  const { rows: m, cols: n, field } = matrix, k = Math.min(m, n);
  // Columns lie in one piece in the transpose.
  const { values: columns } = transposeMatrix(matrix);
  const permutation = Uint32Array.from({ length: n }, (_, i) => i);
  const v = new Float64Array(k * m * unit), betas = new Float64Array(k);
  const R = matrixOf(k, n, field), length = m * unit;
  for (let j = 0; j < k; j++) {
    if (pivot) exchange(columns, length, permutation, j, j * unit);
    const start = j * length + j * unit;
    const { beta, head } = reflection(unit, m - j, columns, start);
    v.set(columns.subarray(start, (j + 1) * length), start);
    betas[j] = beta;
    columns.fill(0, start, (j + 1) * length);
    columns[start] = head[0];
    if (unit === 2) columns[start + 1] = head[1];
    const next = (j + 1) * length + j * unit;
    reflectAll(unit, m - j, beta, v, start, columns, next, n - j - 1, length);
  }
  for (let j = 0; j < n; j++) {
    for (let i = 0; i <= Math.min(j, k - 1); i++) {
      for (let u = 0; u < unit; u++) R.values[(i * n + j) * unit + u] = columns[j * length + i * unit + u];
    }
  }
  const Q = transposeMatrix(matrixOf(k, m, field, unfold(unit, m, k, v, betas)));
  let most = 0, rank = 0;
  const sizes = Array.from({ length: k }, (_, i) => norm(R.values, i * (n + 1) * unit, unit));
  for (const size of sizes) most = Math.max(most, size);
  const least = most * (tolerance ?? Math.max(m, n) * 2 ** -52);
  for (const size of sizes) if (size > least) rank++;
  return { Q, R, rank, ...(pivot ? { permutation } : {}) };
}

/** Brings the column that is longest below row `from / unit` to place j. Norms are new: no downdating that drifts. */
function exchange(
  columns: Vector,
  length: number,
  permutation: Uint32Array,
  j: number,
  from: number,
): void {
  let best = j, most = -1;
  for (let c = j; c < permutation.length; c++) {
    const size = norm(columns, c * length + from, length - from);
    if (size > most) [best, most] = [c, size];
  }
  if (best === j) return;
  const kept = columns.slice(j * length, (j + 1) * length);
  columns.copyWithin(j * length, best * length, (best + 1) * length);
  columns.set(kept, best * length);
  [permutation[j], permutation[best]] = [permutation[best], permutation[j]];
}

/** The first k columns of H₀·H₁ ⋯, one after another; reflection j acts from entry j on. */
function unfold(unit: Unit, m: number, k: number, v: Float64Array, betas: Float64Array): Vector {
  const q = new Float64Array(k * m * unit);
  for (let c = 0; c < k; c++) q[(c * m + c) * unit] = 1;
  for (let j = k - 1; j >= 0; j--) {
    const at = j * (m + 1) * unit;
    reflectAll(unit, m - j, betas[j], v, at, q, at, k - j, m * unit);
  }
  return q;
}
