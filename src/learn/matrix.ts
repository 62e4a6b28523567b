/**
 * Dense matrices of any shape as they are given, checked once, kept in float64.
 *
 * @module
 */
import { checkField, checkSize } from "../operator/check.ts";
import { checkPermutation } from "../operator/permutation.ts";
import type { Field } from "./target.ts";

/** A dense matrix: a `Dense` operator is one. */
export interface DenseMatrix {
  /** Rows. */
  readonly rows: number;
  /** Columns. */
  readonly cols: number;
  /** Row-major entries, rows · cols numbers, twice as many (re, im interleaved) when complex. */
  readonly values: Float64Array | Float32Array | readonly number[];
  /** "real" when absent. */
  readonly field?: Field;
}

/** A dense matrix that was checked. */
export interface CheckedMatrix {
  /** Rows. */
  readonly rows: number;
  /** Columns. */
  readonly cols: number;
  /** Row-major, finite. */
  readonly values: Float64Array | Float32Array | readonly number[];
  /** How they are to be read. */
  readonly field: Field;
  /** Frobenius norm, 0 only for the zero matrix. */
  readonly norm: number;
}

/**
 * Checks a matrix; its entries are not copied.
 *
 * @param what for messages: "factorize a matrix"
 * @throws TypeError or RangeError naming what is wrong: the shape, the number of entries, an entry that is not finite.
 */
export function checkMatrix(what: string, matrix: DenseMatrix): CheckedMatrix {
  if (typeof matrix !== "object" || matrix === null) {
    throw new TypeError(`Cannot ${what}: expected { rows, cols, values }, got ${String(matrix)}`);
  }
  const { rows, cols, values, field = "real" } = matrix;
  const thing = `a matrix to ${what.split(" ")[0]}`;
  checkSize(thing, "rows", rows);
  checkSize(thing, "cols", cols);
  checkField(thing, field);
  if (!(values instanceof Float64Array || values instanceof Float32Array || Array.isArray(values))) {
    throw new TypeError(
      `Cannot ${what}: values must be a Float64Array, a Float32Array or an array of numbers`,
    );
  }
  const width = field === "complex" ? 2 : 1;
  if (values.length !== rows * cols * width) {
    throw new RangeError(
      `Cannot ${what}: expected ${
        rows * cols * width
      } numbers of a ${rows}×${cols} ${field} matrix, got ${values.length}`,
    );
  }
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      const entry = Math.floor(i / width);
      throw new RangeError(
        `Cannot ${what}: entry (${Math.floor(entry / cols)}, ${entry % cols}) is ${
          values[i]
        }, not a finite number`,
      );
    }
    largest = Math.max(largest, Math.abs(values[i]));
  }
  // Relative to the largest, so that no square overflows or vanishes.
  let sum = 0;
  for (let i = 0; i < values.length && largest > 0; i++) sum += (values[i] / largest) ** 2;
  return { rows, cols, values, field, norm: largest * Math.sqrt(sum) };
}

/** Refuses an order of rows or columns that is no permutation of `size` indices. */
export function checkOrder(
  what: string,
  name: string,
  order: ArrayLike<number> | undefined,
  size: number,
): void {
  if (order === undefined) return;
  if (order.length !== size) {
    throw new RangeError(`Cannot ${what}: ${name} has ${order.length} entries, expected ${size}`);
  }
  checkPermutation(`the ${name} of a chain`, order);
}
