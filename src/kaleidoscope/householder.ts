/**
 * Reflections and matrices of low rank.
 *
 * @module
 */

import { Butterfly } from "../operator/butterfly.ts";
import { checkField, checkSize, checkWeights, LARGEST } from "../operator/check.ts";
import { Dense } from "../operator/dense.ts";
import { Diagonal } from "../operator/diagonal.ts";
import type { Operator } from "../operator/operator.ts";
import { product } from "../operator/product.ts";
import { type Field, floats } from "../program/step.ts";

/**
 * The Householder reflection I − 2·u·uᴴ/‖u‖²: Mᴴ·D·M, where M is an orthogonal (or unitary) butterfly whose blocks
 * turn pairs of entries of u until one entry is left, and D turns the sign of that one.
 *
 * @param u n numbers that are not all zero, interleaved if complex; any n up to 2²⁰
 * @throws {RangeError} when u is empty, zero, or not finite
 *
 * @example
 * ```ts
 * import { householder } from "@papillon/papillon";
 * const reflect = householder(new Float32Array([1, 1]));
 * console.assert(Math.abs(reflect.apply(new Float32Array([3, 5]))[0] + 5) < 1e-5);
 * ```
 */
export function householder(u: Float32Array, field: Field = "real"): Operator {
  const what = "a Householder reflection";
  checkField(what, field);
  checkWeights(what, "u", u, u?.length);
  const unit = floats(field), cols = u.length / unit;
  checkSize(what, "the number of entries of u", cols, LARGEST);
  if (u.every((v) => v === 0)) throw new RangeError(`Cannot make ${what}: u must not be zero`);
  const turn = Butterfly.identity(cols, { rows: powerOfTwoAbove(cols), field });
  const { n } = turn, left = new Float64Array(2 * n);
  for (let k = 0; k < cols; k++) {
    left[2 * k] = u[k * unit];
    if (unit === 2) left[2 * k + 1] = u[2 * k + 1];
  }
  turn.factors.forEach((weights, factor) => {
    const s = turn.stride(factor);
    for (let k = 0; k < n; k += 2 * s) {
      const j = k + s, [a, b, c, d] = [left[2 * k], left[2 * k + 1], left[2 * j], left[2 * j + 1]];
      if (c === 0 && d === 0) continue;
      const r = Math.hypot(a, b, c, d);
      // [[ā, b̄], [−b, a]]/r takes (a, b) to (r, 0).
      [[a, -b], [c, -d], [-c, -d], [a, b]].forEach(([re, im], entry) => {
        const at = (2 * k + entry * s) * unit;
        weights[at] = re / r;
        if (unit === 2) weights[at + 1] = im / r;
      });
      left.set([r, 0], 2 * k);
      left.set([0, 0], 2 * j);
    }
  });
  const signs = new Float32Array(n).fill(1);
  signs[0] = -1;
  return product(turn.adjoint(), new Diagonal(signs), turn);
}

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

function powerOfTwoAbove(size: number): number {
  let n = 1;
  while (n < size) n *= 2;
  return n;
}
