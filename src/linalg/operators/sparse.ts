/**
 * Sparse operators: compressed rows.
 *
 * @module
 */
import { LinearOperator } from "../operator.ts";
import { numbersOf, pair, type Scalar, sizeOf, unitOf } from "../scalar.ts";
import type { Field, Vector } from "../types.ts";

/** One entry: row, column, value. */
export type Triplet = readonly [row: number, column: number, value: Scalar];

/** A sparse matrix in compressed rows (CSR). */
export class SparseOperator extends LinearOperator {
  /** What it is. */
  readonly kind = "Sparse";
  /** Where each row begins in `columns`; rows + 1 numbers. */
  readonly starts: Uint32Array;
  /** The column of each entry. */
  readonly columns: Uint32Array;
  /** The entries. */
  readonly values: Vector;

  /** Keeps the given arrays; use {@link sparse} or {@link fromTriplets}. */
  constructor(
    rows: number,
    cols: number,
    starts: Uint32Array,
    columns: Uint32Array,
    values: Vector,
    field: Field,
  ) {
    super(rows, cols, field);
    this.starts = starts;
    this.columns = columns;
    this.values = values;
  }

  /** As many multiply-adds as entries. */
  get cost(): number {
    return this.columns.length;
  }

  /** How many numbers describe it. */
  override get parameters(): number {
    return this.columns.length;
  }

  /** Writes A·x for `count` vectors. */
  forward(x: Float64Array, out: Vector, count: number): void {
    const { rows, cols, starts, columns, values } = this;
    for (let k = 0; k < count; k++) {
      for (let i = 0; i < rows; i++) {
        let re = 0, im = 0;
        if (this.field === "real") {
          for (let e = starts[i]; e < starts[i + 1]; e++) re += values[e] * x[k * cols + columns[e]];
          out[k * rows + i] = re;
        } else {
          for (let e = starts[i]; e < starts[i + 1]; e++) {
            const at = 2 * (k * cols + columns[e]);
            re += values[2 * e] * x[at] - values[2 * e + 1] * x[at + 1];
            im += values[2 * e] * x[at + 1] + values[2 * e + 1] * x[at];
          }
          out[2 * (k * rows + i)] = re;
          out[2 * (k * rows + i) + 1] = im;
        }
      }
    }
  }

  /** Its transpose, conjugated if asked. */
  flip(conjugated: boolean): LinearOperator {
    const { rows, cols, starts, columns, values, field } = this, unit = unitOf(field);
    const begin = new Uint32Array(cols + 1);
    for (const column of columns) begin[column + 1]++;
    for (let j = 0; j < cols; j++) begin[j + 1] += begin[j];
    const next = begin.slice(),
      index = new Uint32Array(columns.length),
      flat = new Float64Array(values.length);
    for (let i = 0; i < rows; i++) {
      for (let e = starts[i]; e < starts[i + 1]; e++) {
        const to = next[columns[e]]++;
        index[to] = i;
        flat[to * unit] = values[e * unit];
        if (unit === 2) flat[2 * to + 1] = conjugated ? 0 - values[2 * e + 1] : values[2 * e + 1];
      }
    }
    return new SparseOperator(cols, rows, begin, index, flat, field);
  }
}

/** What {@link sparse} takes: compressed rows. */
export interface CompressedRows {
  /** Rows. */
  readonly rows: number;
  /** Columns. */
  readonly cols: number;
  /** Where each row begins; rows + 1 numbers, the first 0, the last the number of entries. */
  readonly starts: ArrayLike<number>;
  /** The column of each entry. */
  readonly columns: ArrayLike<number>;
  /** The entries, interleaved if complex. */
  readonly values: ArrayLike<number>;
  /** "real" when absent. */
  readonly field?: Field;
}

/**
 * A sparse operator from compressed rows. Entries of one place are added.
 *
 * @throws {RangeError} when an index is out of range, rows begin after they end, or an entry is not finite
 */
export function sparse(
  { rows, cols, starts, columns, values, field = "real" }: CompressedRows,
): SparseOperator {
  const what = "make a sparse operator";
  sizeOf(what, "rows", rows);
  sizeOf(what, "cols", cols);
  if (starts.length !== rows + 1 || starts[0] !== 0 || starts[rows] !== columns.length) {
    throw new RangeError(
      `Cannot ${what}: starts must be ${rows + 1} numbers from 0 to the number of entries, ${columns.length}`,
    );
  }
  for (let i = 0; i < rows; i++) {
    if (!Number.isInteger(starts[i + 1]) || starts[i + 1] < starts[i]) {
      throw new RangeError(`Cannot ${what}: row ${i} begins at ${starts[i]} and ends at ${starts[i + 1]}`);
    }
  }
  for (let e = 0; e < columns.length; e++) checkIndex(what, "column", columns[e], cols);
  const numbers = numbersOf(what, "values", values, field, columns.length);
  // Norms and traces count on one entry a place.
  for (let i = 0; i < rows; i++) {
    const own = Array.from({ length: starts[i + 1] - starts[i] }, (_, e) => columns[starts[i] + e]);
    if (new Set(own).size !== own.length) return merged(rows, cols, starts, columns, numbers, field);
  }
  return new SparseOperator(rows, cols, Uint32Array.from(starts), Uint32Array.from(columns), numbers, field);
}

/** The same with one entry a place. */
function merged(
  rows: number,
  cols: number,
  starts: ArrayLike<number>,
  columns: ArrayLike<number>,
  numbers: Vector,
  field: Field,
): SparseOperator {
  const triplets: Triplet[] = [];
  for (let i = 0; i < rows; i++) {
    for (let e = starts[i]; e < starts[i + 1]; e++) {
      triplets.push([i, columns[e], field === "real" ? numbers[e] : [numbers[2 * e], numbers[2 * e + 1]]]);
    }
  }
  return fromTriplets(rows, cols, triplets, field);
}

function checkIndex(what: string, name: string, index: number, size: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= size) {
    throw new RangeError(`Cannot ${what}: ${name} ${index} is not a whole number below ${size}`);
  }
}

/**
 * A sparse operator from its entries, in any order; those of one place are added. It is complex where an entry is, or
 * when `field` says so.
 *
 * @throws {RangeError} when an index is out of range or a value is not finite
 */
export function fromTriplets(
  rows: number,
  cols: number,
  triplets: Iterable<Triplet>,
  field: Field = "real",
): SparseOperator {
  const what = "make a sparse operator";
  sizeOf(what, "rows", rows);
  sizeOf(what, "cols", cols);
  const list = [...triplets].map(([i, j, value]): [number, number, readonly [number, number]] => {
    checkIndex(what, "row", i, rows);
    checkIndex(what, "column", j, cols);
    return [i, j, pair(what, `entry (${i}, ${j})`, value)];
  });
  const complex = field === "complex" || list.some(([, , value]) => value[1] !== 0);
  list.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const starts = new Uint32Array(rows + 1), columns: number[] = [], values: number[] = [];
  let last = -1;
  for (const [i, j, [re, im]] of list) {
    if (last === i * cols + j) {
      values[values.length - (complex ? 2 : 1)] += re;
      if (complex) values[values.length - 1] += im;
      continue;
    }
    last = i * cols + j;
    starts[i + 1]++;
    columns.push(j);
    values.push(re);
    if (complex) values.push(im);
  }
  for (let i = 0; i < rows; i++) starts[i + 1] += starts[i];
  return sparse({ rows, cols, starts, columns, values, field: complex ? "complex" : "real" });
}
