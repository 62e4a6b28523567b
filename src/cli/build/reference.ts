/**
 * Dense matrices in float64 from the definitions of what `papillon build` makes.
 *
 * @module
 */

import type { NumericArray } from "../../io/array.ts";
import type { Field } from "../../program/step.ts";

/** The entry in row i and column j. */
export type Entry = (i: number, j: number) => number;

/** A real matrix by its entries. */
export function realMatrix(rows: number, cols: number, entry: Entry): Float64Array {
  const values = new Float64Array(rows * cols);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) values[i * cols + j] = entry(i, j);
  }
  return values;
}

/** A complex matrix by its entries, interleaved. */
export function complexMatrix(
  rows: number,
  cols: number,
  entry: (i: number, j: number) => readonly [number, number],
): Float64Array {
  const values = new Float64Array(2 * rows * cols);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) values.set(entry(i, j), 2 * (i * cols + j));
  }
  return values;
}

/** A matrix whose entries are numbers of an array. */
export function gathered(rows: number, cols: number, { data, field }: NumericArray, at: Entry): Float64Array {
  if (field === "real") return realMatrix(rows, cols, (i, j) => data[at(i, j)] ?? 0);
  return complexMatrix(rows, cols, (i, j) => {
    const k = 2 * at(i, j);
    return [data[k] ?? 0, data[k + 1] ?? 0];
  });
}

/** The numbers of an array in float64, in a field that holds them. */
export function doubled({ data, field }: NumericArray, into: Field): Float64Array {
  if (field === into) return Float64Array.from(data);
  return Float64Array.from({ length: 2 * data.length }, (_, k) => k % 2 === 0 ? data[k / 2] : 0);
}

/** The relative error in the 2-norm. */
export function relativeError(got: ArrayLike<number>, want: ArrayLike<number>): number {
  let error = 0, size = 0;
  for (let i = 0; i < want.length; i++) {
    error += (got[i] - want[i]) ** 2;
    size += want[i] ** 2;
  }
  return size === 0 ? Math.sqrt(error) : Math.sqrt(error / size);
}

/** The fast Walsh–Hadamard transform with entries ±1, in place. */
export function hadamardTransform(x: Float64Array): void {
  for (let s = 1; s < x.length; s *= 2) {
    for (let i = 0; i < x.length; i++) {
      if (i & s) continue;
      const a = x[i], b = x[i + s];
      x[i] = a + b;
      x[i + s] = a - b;
    }
  }
}

/** How many ones k has in binary. */
export function ones(k: number): number {
  let count = 0;
  for (let rest = k; rest > 0; rest &= rest - 1) count++;
  return count;
}
