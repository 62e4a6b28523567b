/**
 * Circulant and Toeplitz matrices.
 *
 * @module
 */

import { checkField, checkWeights, LARGEST } from "../operator/check.ts";
import type { Operator } from "../operator/operator.ts";
import { product } from "../operator/product.ts";
import { Window } from "../operator/window.ts";
import { conjugated } from "../program/program.ts";
import { type Field, floats } from "../program/step.ts";
import { Convolution } from "./convolution.ts";

/**
 * The circulant matrix with a given first column, C[i,j] = column[(i − j) mod n]: circular convolution with it.
 * Its transpose is the circulant matrix whose first row is `column`. The class OBB with D where n is a power of two.
 *
 * @param column n numbers, interleaved if complex; any n up to 2²⁰ (complex: a power of two, or up to 2¹⁹)
 * @throws {RangeError} when the column is empty, too long or not finite
 *
 * @example
 * ```ts
 * import { circulant } from "@papillon/papillon";
 * const shift = circulant(new Float32Array([0, 1, 0, 0])); // by one place
 * const [first] = shift.apply(new Float32Array([5, 6, 7, 8]));
 * console.assert(Math.abs(first - 8) < 1e-5);
 * ```
 */
export function circulant(column: Float32Array, field: Field = "real"): Convolution {
  return new Convolution(column, { size: [length("a circulant", "column", column, field)], field });
}

/**
 * The Toeplitz matrix with a given first column and first row, T[i,j] = column[i − j] on and below the diagonal and
 * row[j − i] above it: the corner of a circulant matrix on the smallest power of two of points that holds both; the
 * class OBB_2 with D where it is square.
 *
 * @param column as many numbers as there are rows, interleaved if complex
 * @param row as many as there are columns; row[0] is not looked at. When absent, the conjugates of `column`, which
 * makes a Hermitian matrix up to its diagonal
 * @throws {RangeError} when one is empty or not finite, or both together are longer than 2²⁰ + 1
 *
 * @example
 * ```ts
 * import { toeplitz } from "@papillon/papillon";
 * const map = toeplitz(new Float32Array([1, 2]), new Float32Array([0, 3, 4])); // [[1, 3, 4], [2, 1, 3]]
 * const y = map.apply(new Float32Array([1, 1, 1]));
 * console.assert(Math.abs(y[0] - 8) < 1e-5 && Math.abs(y[1] - 6) < 1e-5);
 * ```
 */
export function toeplitz(column: Float32Array, row?: Float32Array, field: Field = "real"): Operator {
  const what = "a Toeplitz matrix", unit = floats(field);
  const rows = length(what, "column", column, field);
  const cols = row === undefined ? rows : length(what, "row", row, field);
  row ??= field === "complex" ? conjugated(column) : column;
  if (rows + cols - 1 > LARGEST) {
    throw new RangeError(
      `Cannot make ${what}: ${rows} rows and ${cols} columns are too many; together at most ${LARGEST + 1}`,
    );
  }
  let n = 1;
  while (n < rows + cols - 1) n *= 2;
  const extended = new Float32Array(n * unit);
  extended.set(column);
  for (let k = 1; k < cols; k++) {
    extended.set(row.subarray(k * unit, (k + 1) * unit), (n - k) * unit);
  }
  const whole = circulant(extended, field);
  if (n === 1) return whole;
  return product(new Window(rows, n, { field }), whole, new Window(n, cols, { field }));
}

/** The number of entries of an argument, which must be finite. */
function length(what: string, name: string, values: Float32Array, field: Field): number {
  checkField(what, field);
  const n = values?.length / floats(field);
  if (values instanceof Float32Array && (!Number.isInteger(n) || n < 1 || n > LARGEST)) {
    throw new RangeError(
      `Cannot make ${what}: ${name} must have from 1 to ${LARGEST} ${field} numbers, got ${values.length} floats`,
    );
  }
  checkWeights(what, name, values, values?.length);
  return n;
}
