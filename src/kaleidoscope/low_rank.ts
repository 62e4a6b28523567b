/**
 * Matrices of low rank.
 *
 * @module
 */

import { checkField, checkSize, checkWeights } from "../operator/check.ts";
import { Dense } from "../operator/dense.ts";
import type { Operator } from "../operator/operator.ts";
import { product } from "../operator/product.ts";
import { type Field, floats } from "../program/step.ts";

/**
 * The matrix U·Vᴴ of rank r (or less): two thin dense matrices, r·(rows + cols) numbers and operations.
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
export function lowRank(u: Float32Array, v: Float32Array, rank: number, field: Field = "real"): Operator {
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
  return product(left, right.adjoint());
}
