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
import { orthogonalise } from "../program/jacobi.ts";
import type { Random } from "../program/random.ts";
import type { CheckedMatrix } from "./matrix.ts";
import { RankOne } from "./rank_one.ts";
import { type Cut, placeInWhole } from "./split.ts";
import { lines } from "./vectors.ts";

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
    // A sparse matrix has few pieces with anything in them: always look at one.
    const pieces = [this.#pieceOfLargest(cut, orders)];
    for (let sample = 0; sample < samples; sample++) {
      const lane = random.integer(cut.left.d);
      pieces.push([random.integer(cut.right.a), lane]);
    }
    for (const [block, lane] of pieces) this.#add(sum, cut, orders, block, lane, random, side);
    const energy = sum[0];
    return energy > 0 ? sum.map((rest) => Math.max(0, rest) / energy) : sum;
  }

  /** Block and lane of the piece that holds the entry of largest modulus. */
  #pieceOfLargest(cut: Cut, orders: Orders): [number, number] {
    const { cols } = this.#matrix;
    const at = (order: ArrayLike<number> | undefined, index: number): number =>
      order ? Array.prototype.indexOf.call(order, index) : index;
    const row = at(orders.rows, Math.floor(this.#largest / cols));
    const column = at(orders.columns, this.#largest % cols);
    return [Math.floor(column / cut.right.c), row % cut.left.d];
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
    const rows = some(cut.left.b, cap, random);
    const columns = some(cut.right.c, cap, random);
    const [first, down, along] = placeInWhole(cut, block, lane);
    const { cols, values } = this.#matrix;
    const width = this.#width;
    const piece = new Float64Array(rows.length * columns.length * width);
    let to = 0;
    for (const i of rows) {
      for (const j of columns) {
        const entry = first + i * down + j * along;
        const row = Math.floor(entry / cols);
        const column = entry % cols;
        const source = (orders.rows?.[row] ?? row) * cols + (orders.columns?.[column] ?? column);
        for (let part = 0; part < width; part++) {
          piece[to++] = values[source * width + part] * this.#scale;
        }
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

/** The squares of the singular values, the largest first. */
export function singularEnergies(
  matrix: Float64Array,
  rows: number,
  columns: number,
  width: number,
): Float64Array {
  const { work, step } = lines(matrix, rows, columns, width, rows <= columns);
  const count = Math.min(rows, columns);
  orthogonalise(work, count, step, width === 1);
  const energies = new Float64Array(count);
  for (let k = 0; k < count; k++) {
    for (let i = k * step; i < (k + 1) * step; i++) energies[k] += work[i] * work[i];
  }
  return energies.sort().reverse();
}

/** All of 0 … size − 1, or `most` of them at random. */
function some(size: number, most: number, random: Random): Uint32Array {
  if (size <= most) return Uint32Array.from({ length: size }, (_, i) => i);
  return random.permutation(size).slice(0, most);
}
