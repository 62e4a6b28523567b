/**
 * How far the pieces of a matrix are from a rank: a cheap test, before any splitting, of whether it can be a chain.
 *
 * If M is a chain, every piece of every cut has the rank of that cut at most. What pieces hold beyond it no such chain
 * can represent, and the pieces of a cut are disjoint, so the part of the energy beyond the rank bounds the relative
 * error of every factorization from below. The test looks at a few pieces of every cut, and of large pieces at some rows
 * and columns: its answer is an estimate of that bound.
 *
 * @module
 */
import type { Random } from "../program/random.ts";
import type { CheckedMatrix } from "./matrix.ts";
import { SparsePieces } from "./sparse_pieces.ts";
import { RankOne } from "./rank_one.ts";
import { type Cut, placeInWhole } from "./split.ts";
import { singularEnergies } from "./singular.ts";

/** Pieces looked at for each cut, beside the one that holds the largest entry. */
const SAMPLES = 3;
/** Rows and columns looked at in a piece when more than its largest singular value is asked for. */
const SIDE = 40;

/** Which row and column of the matrix are row i and column j of the chain; the identity where absent. */
export interface Orders {
  /** Row `rows[i]` of the matrix is row i of the chain. */
  readonly rows?: ArrayLike<number>;
  /** Column `columns[j]` of the matrix is column j of the chain. */
  readonly columns?: ArrayLike<number>;
}

/** Reads pieces straight out of a matrix. */
export class PieceSampler {
  readonly #matrix: CheckedMatrix;
  readonly #width: 1 | 2;
  readonly #scale: number;
  readonly #largest: number;
  /** Of a sparse matrix, all that is in it: pieces taken at random would hold nothing. */
  readonly #sparse?: SparsePieces;

  /** A sampler of a matrix that is not zero. */
  constructor(matrix: CheckedMatrix) {
    const { values, rows, cols, norm } = matrix;
    const width = this.#width = matrix.field === "complex" ? 2 : 1;
    this.#matrix = matrix;
    this.#scale = Math.sqrt(Math.max(rows, cols)) / norm;
    let largest = -1;
    let best = 0;
    for (let i = 0; i < values.length; i += width) {
      const modulus = width === 2 ? Math.hypot(values[i], values[i + 1]) : Math.abs(values[i]);
      if (modulus > largest) [largest, best] = [modulus, i / width];
    }
    this.#largest = best;
    this.#sparse = SparsePieces.of(matrix);
  }

  /**
   * The part of the energy (0 … 1) of sampled pieces that lies beyond rank 0, 1, 2 … `most`.
   *
   * @param cut of a chain of the size of the matrix, its outermost a and d 1
   * @param side rows and columns looked at in a piece at most
   */
  beyond(
    cut: Cut,
    orders: Orders,
    most: number,
    random: Random,
    samples = SAMPLES,
    side?: number,
  ): Float64Array {
    const sum = new Float64Array(most + 1);
    if (this.#sparse) return this.#sparse.beyond(cut, orders, most, side !== undefined);
    const { cols } = this.#matrix, largest = this.#largest;
    const pieces = [pieceOf(cut, orders, Math.floor(largest / cols), largest % cols)];
    for (let sample = 0; sample < samples; sample++) {
      const lane = random.integer(cut.left.d);
      pieces.push([random.integer(cut.right.a), lane]);
    }
    for (const [block, lane] of pieces) this.#add(sum, cut, orders, block, lane, random, side);
    const energy = sum[0];
    return energy > 0 ? sum.map((rest) => Math.max(0, rest) / energy) : sum;
  }

  #add(
    sum: Float64Array,
    cut: Cut,
    orders: Orders,
    block: number,
    lane: number,
    random: Random,
    side?: number,
  ): void {
    const most = sum.length - 1;
    const cap = side ?? (most === 1 ? Infinity : Math.max(SIDE, 2 * most));
    const [first, down, along] = placeInWhole(cut, block, lane);
    const { cols, values } = this.#matrix;
    const width = this.#width;
    const at = (i: number, j: number): number => {
      const entry = first + i * down + j * along, row = Math.floor(entry / cols), column = entry % cols;
      return ((orders.rows?.[row] ?? row) * cols + (orders.columns?.[column] ?? column)) * width;
    };
    const rows = some(cut.left.b, cap, random), columns = some(cut.right.c, cap, random);
    const piece = new Float64Array(rows.length * columns.length * width);
    let to = 0;
    for (const i of rows) {
      for (const j of columns) {
        const source = at(i, j);
        for (let part = 0; part < width; part++) piece[to++] = values[source + part] * this.#scale;
      }
    }
    if (most === 1) {
      const one = new RankOne(rows.length, columns.length, this.#matrix.field);
      one.matrix.set(piece);
      const { energy, rest } = one.approximate(rows.length, columns.length);
      sum[0] += energy;
      sum[1] += rest;
      return;
    }
    const energies = singularEnergies(piece, rows.length, columns.length, width);
    // From the smallest up, so that small ones are not lost beside large ones.
    let rest = 0;
    for (let rank = energies.length - 1; rank >= 0; rank--) {
      rest += energies[rank];
      if (rank <= most) sum[rank] += rest;
    }
  }
}

/** Block and lane of the piece that holds an entry of the matrix. */
function pieceOf(cut: Cut, orders: Orders, row: number, column: number): [number, number] {
  return [Math.floor(placeIn(orders.columns, column) / cut.right.c), placeIn(orders.rows, row) % cut.left.d];
}

/** Where an order has an index. */
export function placeIn(order: ArrayLike<number> | undefined, index: number): number {
  return order ? Array.prototype.indexOf.call(order, index) : index;
}

/** All of 0 … size − 1, or `most` of them at random. */
function some(size: number, most: number, random: Random): Uint32Array {
  if (size <= most) return Uint32Array.from({ length: size }, (_, i) => i);
  return random.permutation(size).slice(0, most);
}
