/**
 * The pieces of a sparse matrix, all of them: how much they hold beyond each rank.
 *
 * @module
 */
import type { CheckedMatrix } from "./matrix.ts";
import { inverseOrder } from "./parts.ts";
import type { Orders } from "./piece_rank.ts";
import { singularEnergies } from "./singular.ts";
import { isSparse } from "./sparse.ts";
import type { Cut } from "./split.ts";

/** More entries than this for each row, and looking at all of them takes too long. */
const MOST = 32;
/** Rows or columns of a piece that are looked at, whichever are fewer. */
const SIDE = 48;
/** Pieces of more than one row and column in a quick look. */
const QUICK = 40;
const GOLDEN = 0.618;

/** The entries of a sparse matrix that are not zero. */
export class SparsePieces {
  readonly #rows: Uint32Array;
  readonly #columns: Uint32Array;
  readonly #values: Float64Array;
  readonly #width: 1 | 2;
  readonly #inverses = new WeakMap<object, Uint32Array>();

  private constructor(rows: Uint32Array, columns: Uint32Array, values: Float64Array, width: 1 | 2) {
    this.#rows = rows;
    this.#columns = columns;
    this.#values = values;
    this.#width = width;
  }

  /** Of a sparse matrix; undefined for others. */
  static of(matrix: CheckedMatrix): SparsePieces | undefined {
    const { rows, cols, values, field, norm } = matrix, width = field === "complex" ? 2 : 1;
    if (!isSparse(matrix, MOST * rows)) return undefined;
    const places: number[] = [], kept: number[] = [], scale = Math.sqrt(cols) / norm;
    for (let at = 0; at < values.length; at += width) {
      if (values[at] === 0 && (width === 1 || values[at + 1] === 0)) continue;
      places.push(at / width);
      for (let part = 0; part < width; part++) kept.push(values[at + part] * scale);
    }
    return new SparsePieces(
      Uint32Array.from(places, (k) => Math.floor(k / cols)),
      Uint32Array.from(places, (k) => k % cols),
      Float64Array.from(kept),
      width,
    );
  }

  #place(order: ArrayLike<number> | undefined, index: number): number {
    if (!order) return index;
    let inverse = this.#inverses.get(order);
    if (!inverse) this.#inverses.set(order, inverse = inverseOrder(order));
    return inverse[index];
  }

  /** The part of the energy that lies beyond rank 0, 1, 2 … `most`; in a quick look that of some pieces. */
  beyond({ left, right }: Cut, orders: Orders, most: number, quick: boolean): Float64Array {
    const count = this.#rows.length, lanes = left.d, total = right.a * lanes;
    const piece = new Uint32Array(count), row = new Uint32Array(count), column = new Uint32Array(count);
    const starts = new Uint32Array(total + 1);
    for (let k = 0; k < count; k++) {
      const i = this.#place(orders.rows, this.#rows[k]), j = this.#place(orders.columns, this.#columns[k]);
      piece[k] = Math.floor(j / right.c) * lanes + i % lanes;
      row[k] = Math.floor(i / lanes);
      column[k] = j % right.c;
      starts[piece[k] + 1]++;
    }
    for (let p = 0; p < total; p++) starts[p + 1] += starts[p];
    const sorted = new Uint32Array(count), next = starts.slice();
    for (let k = 0; k < count; k++) sorted[next[piece[k]]++] = k;
    const sum = new Float64Array(most + 1);
    // All pieces, in an order in which any number of them are spread evenly.
    const step = Math.round(GOLDEN * total), stride = greatestDivisor(step, total) === 1 ? step : 1;
    for (
      let k = 0, p = 0, looked = 0;
      k < total && !(quick && looked > QUICK);
      k++, p = (p + stride) % total
    ) {
      const entries = sorted.subarray(starts[p], starts[p + 1]);
      if (entries.length > 0 && this.#add(sum, entries, row, column)) looked++;
    }
    return sum[0] > 0 ? sum.map((rest) => rest / sum[0]) : sum;
  }

  /** One piece: its rows and columns that hold anything, as a dense matrix; false when its rank is plain. */
  #add(sum: Float64Array, entries: Uint32Array, row: Uint32Array, column: Uint32Array): boolean {
    if (entries.length === 1) {
      for (let part = 0; part < this.#width; part++) {
        sum[0] += this.#values[entries[0] * this.#width + part] ** 2;
      }
      return false;
    }
    const rows = new Map<number, number>(), columns = new Map<number, number>(), width = this.#width;
    for (const k of entries) {
      if (!rows.has(row[k])) rows.set(row[k], rows.size);
      if (!columns.has(column[k])) columns.set(column[k], columns.size);
    }
    const least = Math.min(rows.size, columns.size);
    if (least === 1) {
      for (const k of entries) {
        for (let part = 0; part < width; part++) sum[0] += this.#values[k * width + part] ** 2;
      }
      return false;
    }
    const down = rows.size > columns.size ? rows.size : Math.min(SIDE, rows.size);
    const along = rows.size > columns.size ? Math.min(SIDE, columns.size) : columns.size;
    const dense = new Float64Array(down * along * width);
    for (const k of entries) {
      const i = rows.get(row[k])!, j = columns.get(column[k])!;
      if (i >= down || j >= along) continue;
      for (let part = 0; part < width; part++) {
        dense[(i * along + j) * width + part] = this.#values[k * width + part];
      }
    }
    const energies = singularEnergies(dense, down, along, width);
    for (let rank = energies.length - 1, rest = 0; rank >= 0; rank--) {
      rest += energies[rank];
      if (rank < sum.length) sum[rank] += rest;
    }
    return true;
  }
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
