/**
 * Baseline: the entries of largest modulus, and zeros.
 *
 * @module
 */
import { sparse } from "../../kaleidoscope/sparse.ts";
import type { Operator } from "../../operator/operator.ts";
import { checkMatrix, type DenseMatrix } from "../matrix.ts";
import type { Field } from "../target.ts";

/** A matrix of few nonzeros. */
export interface SparseFit {
  /** Rows. */
  readonly rows: number;
  /** Columns. */
  readonly cols: number;
  /** The field of the values. */
  readonly field: Field;
  /** Where the entries are, row · cols + column, rising. */
  readonly places: Uint32Array;
  /** The entries, interleaved if complex. */
  readonly values: Float64Array;
  /** Numbers kept. That each needs its place, too, is not counted. */
  readonly parameters: number;
  /** ‖M − fit‖_F / ‖M‖_F; 0 for the zero matrix. */
  readonly error: number;
}

/**
 * The matrix of `count` nonzeros (or fewer) nearest to a dense one.
 *
 * @throws {RangeError} when the count is no positive whole number, or the matrix not finite
 *
 * @example
 * ```ts
 * import { approximateSparse } from "@papillon/papillon";
 * const { places } = approximateSparse({ rows: 2, cols: 2, values: [1, -7, 2, 3] }, 2);
 * console.assert(places.join() === "1,3");
 * ```
 */
export function approximateSparse(matrix: DenseMatrix, count: number): SparseFit {
  const what = "approximate a matrix by a sparse one";
  const { rows, cols, field, values, norm } = checkMatrix(what, matrix);
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`Cannot ${what}: count is ${count}, expected a positive whole number`);
  }
  const scale = norm > 0 ? norm : 1;
  const width = field === "complex" ? 2 : 1;
  const energies = new Float64Array(rows * cols);
  for (let i = 0; i < values.length; i++) energies[Math.floor(i / width)] += (values[i] / scale) ** 2;
  const places = largest(energies, count);
  const kept = new Float64Array(places.length * width);
  let rest = energies.reduce((sum, energy) => sum + energy, 0);
  // Summed anew: what subtraction would leave of a sparse matrix is rounding.
  const dropped = energies.slice();
  places.forEach((place, k) => {
    dropped[place] = 0;
    for (let part = 0; part < width; part++) kept[k * width + part] = values[place * width + part];
  });
  const all = rest;
  rest = dropped.reduce((sum, energy) => sum + energy, 0);
  return {
    rows,
    cols,
    field,
    places,
    values: kept,
    parameters: places.length,
    error: all > 0 ? Math.sqrt(rest / all) : 0,
  };
}

/** The places of the `count` largest numbers, rising; of those that are not 0. */
export function largest(numbers: Float64Array, count: number): Uint32Array {
  const sorted = numbers.slice().sort();
  const limit = count < sorted.length ? sorted[sorted.length - count] : 0;
  const places: number[] = [];
  let ties = count;
  for (const value of numbers) if (value > limit && value > 0) ties--;
  for (let i = 0; i < numbers.length; i++) {
    if (!(numbers[i] > 0)) continue;
    if (numbers[i] > limit || (numbers[i] === limit && ties-- > 0)) places.push(i);
  }
  return Uint32Array.from(places);
}

/** The fit as an operator: permutations and step matrices, see `sparse`. Up to 2²⁰ entries. */
export function sparseOperator({ rows, cols, field, places, values }: Omit<SparseFit, "error">): Operator {
  const entries = {
    rows: places.map((place) => Math.floor(place / cols)),
    cols: places.map((place) => place % cols),
    values: Float32Array.from(values),
  };
  return sparse(rows, cols, entries, field);
}
