/**
 * Matrices of low rank.
 *
 * @module
 */

import { Butterfly } from "../operator/butterfly.ts";
import { checkField, checkSize, checkWeights, LARGEST } from "../operator/check.ts";
import { corner } from "../operator/corner.ts";
import { Dense } from "../operator/dense.ts";
import { Diagonal } from "../operator/diagonal.ts";
import type { Operator } from "../operator/operator.ts";
import { product } from "../operator/product.ts";
import { type Field, floats } from "../program/step.ts";
import { addButterflies, foldDiagonal } from "./closure.ts";

/** How {@link lowRank} makes a matrix. */
export interface LowRankOptions {
  /**
   * Whether to make it of butterflies, which shows where it lies: U·Vᴴ = Σ uₖ·vₖᴴ, each term a butterfly (that of all
   * ones between two diagonals), and their sum one of expansion e, the power of two not below the rank: the class B for
   * rank 1, BB*_e for more. (The published bound is a width of 8r with expansion 4.)
   */
  butterflies?: boolean;
}

/**
 * The matrix U·Vᴴ of rank r (or less): two thin dense matrices, r·(rows + cols) numbers and operations; or with `butterflies` a
 * kaleidoscope matrix, which takes more.
 *
 * @param u rows · r numbers, row-major, interleaved if complex
 * @param v cols · r numbers
 * @param rank r, at least 1
 * @throws {RangeError} when a length is no multiple of the rank or a number is not finite
 *
 * @example
 * ```ts
 * import { lowRank } from "@papillon/papillon";
 * const outer = lowRank(new Float32Array([1, 2]), new Float32Array([3, 4, 5]), 1);
 * console.assert(outer.apply(new Float32Array([1, 0, 1]))[1] === 16);
 * ```
 */
export function lowRank(
  u: Float32Array,
  v: Float32Array,
  rank: number,
  field: Field = "real",
  { butterflies = false }: LowRankOptions = {},
): Operator {
  const what = "a matrix of low rank";
  checkField(what, field);
  checkSize(what, "rank", rank);
  const [left, right] = Object.entries({ u, v }).map(([name, values]) => {
    checkWeights(what, name, values, values?.length);
    const size = values.length / (rank * floats(field));
    if (!Number.isInteger(size) || size < 1) {
      throw new RangeError(
        `Cannot make ${what}: ${name} must have a multiple of ${rank} ${field} numbers, got ${values.length} floats`,
      );
    }
    return new Dense(size, rank, values, field);
  });
  if (!butterflies) return product(left, right.adjoint());
  let n = 2;
  while (n < Math.max(left.rows, right.rows)) n *= 2;
  if (2 ** Math.ceil(Math.log2(rank)) * n > LARGEST) {
    throw new RangeError(
      `Cannot make ${what}: as a butterfly, ${rank} terms of ${n} points take more than ${LARGEST} points`,
    );
  }
  const terms = Array.from({ length: rank }, (_, k) => outer(n, column(left, k), column(right, k), field));
  return corner(addButterflies(...terms), left.rows, right.rows);
}

/** Column k of a matrix. */
function column({ rows, cols, field, values }: Dense, k: number): Float32Array {
  const unit = floats(field), result = new Float32Array(rows * unit);
  for (let i = 0; i < rows; i++) {
    for (let part = 0; part < unit; part++) result[i * unit + part] = values[(i * cols + k) * unit + part];
  }
  return result;
}

/** u·vᴴ on n points: the butterfly of all ones, with v on its columns and u on its rows. */
function outer(n: number, u: Float32Array, v: Float32Array, field: Field): Butterfly {
  const unit = floats(field);
  const ones = Float32Array.from({ length: 2 * n * unit }, (_, i) => unit === 2 && i & 1 ? 0 : 1);
  const all = new Butterfly(n, Array.from({ length: Math.log2(n) }, () => ones), { field });
  const diagonal = (values: Float32Array): Diagonal => {
    const padded = new Float32Array(n * unit);
    padded.set(values);
    return new Diagonal(padded, field);
  };
  return foldDiagonal(foldDiagonal(all, diagonal(v).adjoint(), "first"), diagonal(u), "last");
}
