/**
 * Baseline: the best matrix of rank r, by a truncated singular value decomposition.
 *
 * @module
 */
import { lowRank } from "../../kaleidoscope/low_rank.ts";
import type { Operator } from "../../operator/operator.ts";
import { LowRank } from "../low_rank.ts";
import { type CheckedMatrix, checkMatrix, type DenseMatrix } from "../matrix.ts";
import type { Field } from "../target.ts";

/** A matrix approximated by U·Vᵀ. */
export interface LowRankFit {
  /** Rows. */
  readonly rows: number;
  /** Columns. */
  readonly cols: number;
  /** The field of both factors. */
  readonly field: Field;
  /** r. */
  readonly rank: number;
  /** r vectors of `rows` numbers, one after another: the columns of U, that is, σ·u. */
  readonly left: Float64Array;
  /** r orthonormal vectors of `cols` numbers, one after another: the columns of V, conjugates of singular vectors. */
  readonly right: Float64Array;
  /** Numbers in both: r·(rows + cols). */
  readonly parameters: number;
  /** ‖M − U·Vᵀ‖_F / ‖M‖_F; 0 for the zero matrix. */
  readonly error: number;
}

/**
 * The matrix of rank r (or less) nearest to a dense one (Eckart and Young 1936), by subspace iteration; for flat spectra
 * the error is that of the best one within a part in a thousand.
 *
 * @param rank from 1 to the smaller side
 * @throws {RangeError} when the rank is larger than a side, or the matrix not finite
 *
 * @example
 * ```ts
 * import { approximateLowRank } from "@papillon/papillon";
 * const { error } = approximateLowRank({ rows: 2, cols: 3, values: [1, 2, 3, 2, 4, 6] }, 1);
 * console.assert(error < 1e-12);
 * ```
 */
export function approximateLowRank(matrix: DenseMatrix, rank: number): LowRankFit {
  const checked = checkMatrix("approximate a matrix by low rank", matrix);
  checkRank("approximate a matrix by low rank", checked, rank);
  const { rows, cols, field, values, norm } = checked;
  const work = new LowRank(rows, cols, field, rank);
  const scale = norm > 0 ? 1 / norm : 1;
  for (let i = 0; i < values.length; i++) work.matrix[i] = values[i] * scale;
  const { energy, rest } = work.approximate(rows, cols);
  const width = field === "complex" ? 2 : 1;
  return {
    rows,
    cols,
    field,
    rank,
    left: work.left.slice(0, rank * rows * width).map((value) => value / scale),
    right: work.right.slice(0, rank * cols * width),
    parameters: rank * (rows + cols),
    error: energy > 0 ? Math.sqrt(Math.max(0, rest) / energy) : 0,
  };
}

/** Refuses ranks that a matrix cannot have. */
export function checkRank(what: string, { rows, cols }: CheckedMatrix, rank: number): void {
  if (!Number.isInteger(rank) || rank < 1 || rank > Math.min(rows, cols)) {
    throw new RangeError(
      `Cannot ${what}: rank is ${rank}, expected a whole number from 1 to ${Math.min(rows, cols)}`,
    );
  }
}

/** The fit as an operator: two thin dense matrices. */
export function lowRankOperator({ rows, cols, field, rank, left, right }: LowRankFit): Operator {
  const width = field === "complex" ? 2 : 1;
  const columns = (vectors: Float64Array, size: number, conjugate: boolean): Float32Array => {
    const result = new Float32Array(vectors.length);
    for (let k = 0; k < rank; k++) {
      for (let i = 0; i < size; i++) {
        for (let part = 0; part < width; part++) {
          const value = vectors[(k * size + i) * width + part];
          result[(i * rank + k) * width + part] = conjugate && part === 1 ? -value : value;
        }
      }
    }
    return result;
  };
  return lowRank(columns(left, rows, false), columns(right, cols, true), rank, field);
}
