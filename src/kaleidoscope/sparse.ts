/**
 * Sparse matrices as permutations and step matrices (Kaleidoscope, appendices F and I).
 *
 * A sparse matrix takes the columns that are not empty to the front, repeats each as often as it has entries,
 * multiplies by these, sorts the products by rows, sums those of each row, and takes the sums to their rows.
 *
 * @module
 */

import { checkField, checkList, checkSize, checkWeights, kindOf, LARGEST } from "../operator/check.ts";
import { Diagonal } from "../operator/diagonal.ts";
import type { Operator } from "../operator/operator.ts";
import { Permutation } from "../operator/permutation.ts";
import { Product, product } from "../operator/product.ts";
import { Window } from "../operator/window.ts";
import { type Field, floats } from "../program/step.ts";
import { stepMatrix } from "./step_matrix.ts";

/** The entries of a sparse matrix, in any order; entries at the same place are added up. */
export interface SparseEntries {
  /** The row of each entry, from 0. */
  rows: ArrayLike<number>;
  /** The column of each entry, from 0. */
  cols: ArrayLike<number>;
  /** Its value, interleaved if complex. */
  values: Float32Array;
}

/** A sparse matrix: a product that knows the entries that it was made of. See {@link sparse}. */
export class Sparse extends Product {
  /** The row of each entry, rising. */
  readonly entryRows: Uint32Array;
  /** The column of each entry. */
  readonly entryCols: Uint32Array;
  /** The entries, interleaved if complex. */
  readonly values: Float32Array;

  /** Use {@link sparse}. */
  constructor(operators: readonly Operator[], rows: Uint32Array, cols: Uint32Array, values: Float32Array) {
    super(operators);
    this.entryRows = rows;
    this.entryCols = cols;
    this.values = values;
  }

  /** The entries: where they are is not counted. */
  override get parameters(): number {
    return this.entryRows.length;
  }
}

/**
 * A sparse matrix of any number of entries, in O(N log N) operations, N the smallest power of two not below rows,
 * columns and the number of entries.
 *
 * The product P₁·H·P₂·D·V·P₃: permutations P, a horizontal and a vertical step matrix H and V, and the values on the
 * diagonal D; the class (BB*)^4 of N points (or less), as `classOf` tells (the published bound is (BB*)^5 on n points for
 * each n entries).
 *
 * @throws {RangeError} when an index is out of range, lengths differ, a value is not finite, or N exceeds 2²⁰
 *
 * @example
 * ```ts
 * import { sparse } from "@papillon/papillon";
 * const map = sparse(2, 3, { rows: [0, 0, 1], cols: [0, 2, 2], values: new Float32Array([1, 2, 3]) });
 * console.assert(map.apply(new Float32Array([10, 20, 30])).join() === "70,90");
 * ```
 */
export function sparse(rows: number, cols: number, entries: SparseEntries, field: Field = "real"): Sparse {
  const what = "a sparse matrix";
  checkField(what, field);
  checkSize(what, "rows", rows, LARGEST);
  checkSize(what, "cols", cols, LARGEST);
  if (typeof entries !== "object" || entries === null) {
    throw new TypeError(`Cannot make ${what}: expected { rows, cols, values }, got ${kindOf(entries)}`);
  }
  checkList(what, "rows of entries", entries.rows);
  checkList(what, "cols of entries", entries.cols);
  const count = entries.rows.length, unit = floats(field);
  if (count > LARGEST) {
    throw new RangeError(`Cannot make ${what}: at most ${LARGEST} entries are allowed, got ${count}`);
  }
  checkIndices(what, "rows", entries.rows, count, rows);
  checkIndices(what, "cols", entries.cols, count, cols);
  checkWeights(what, "values", entries.values, count * unit);
  let n = 2;
  while (n < Math.max(rows, cols, count)) n *= 2;

  // By rows first, as they lie in files, so that what is loaded adds in the same order.
  const own = Uint32Array.from({ length: count }, (_, t) => t);
  const sorted = own.slice().sort((s, t) => entries.rows[s] - entries.rows[t] || s - t);
  const entryRows = sorted.map((t) => entries.rows[t]), entryCols = sorted.map((t) => entries.cols[t]);
  const kept = new Float32Array(count * unit);
  sorted.forEach((t, at) => kept.set(entries.values.subarray(t * unit, (t + 1) * unit), at * unit));
  const byColumn = own.slice().sort((s, t) => entryCols[s] - entryCols[t] || s - t);
  const columns = stretches(byColumn.map((t) => entryCols[t]));
  const lines = stretches(entryRows);
  const place = new Uint32Array(count), values = new Float32Array(n * unit);
  byColumn.forEach((t, at) => {
    place[t] = at;
    for (let part = 0; part < unit; part++) values[at * unit + part] = kept[t * unit + part];
  });
  const { operators } = product(
    new Window(rows, n),
    new Permutation(completed(lines.keys, n)).adjoint(),
    stepMatrix(lines.numbers, { size: n }),
    new Permutation(completed(place, n)),
    new Diagonal(values, field),
    stepMatrix(columns.numbers, { size: n, vertical: true }),
    new Permutation(completed(columns.keys, n)),
    new Window(n, cols),
  ) as Product;
  return new Sparse(operators, entryRows, entryCols, kept);
}

/** The different keys of a sorted list, and for each entry the number of its key. */
function stretches(sorted: Uint32Array): { keys: Uint32Array; numbers: Uint32Array } {
  const keys: number[] = [];
  const numbers = sorted.map((key, t) => {
    if (t === 0 || key !== sorted[t - 1]) keys.push(key);
    return keys.length - 1;
  });
  return { keys: Uint32Array.from(keys), numbers };
}

/** A permutation of n points that begins with certain ones. */
function completed(first: Uint32Array, n: number): Uint32Array {
  const used = new Uint8Array(n), index = new Uint32Array(n);
  for (const i of first) used[i] = 1;
  index.set(first);
  for (let i = 0, at = first.length; i < n; i++) if (!used[i]) index[at++] = i;
  return index;
}

function checkIndices(
  what: string,
  name: string,
  indices: ArrayLike<number>,
  count: number,
  size: number,
): void {
  if (indices.length !== count) {
    throw new RangeError(`Cannot make ${what}: ${name} has ${indices.length} entries, but rows has ${count}`);
  }
  for (let t = 0; t < count; t++) {
    if (!Number.isInteger(indices[t]) || indices[t] < 0 || indices[t] >= size) {
      throw new RangeError(
        `Cannot make ${what}: ${name}[${t}] is ${indices[t]}, which is not a whole number below ${size}`,
      );
    }
  }
}
