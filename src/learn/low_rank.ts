/**
 * The best approximation of rank r of a matrix, as Σ left_ρ·right_ρᵀ.
 *
 * Rank 1 by {@link RankOne}. Otherwise small matrices by one-sided Jacobi; larger ones by subspace iteration from
 * random mixtures of their rows, a few more than r (Halko, Martinsson, Tropp 2011), with Jacobi on what is left, a
 * matrix of those few rows. A matrix of rank r or less is done after the first step.
 *
 * @module
 */
import { orthogonalise } from "../program/jacobi.ts";
import { Random } from "../program/random.ts";
import { RankOne } from "./rank_one.ts";
import type { Field } from "./target.ts";
import {
  adjointComplex,
  adjointReal,
  innerProducts,
  lines,
  orthonormalise,
  timesComplex,
  timesReal,
  transpose,
} from "./vectors.ts";

/** Vectors beyond the rank in the iteration. */
const MORE = 4;
/** Steps at most. */
const STEPS = 24;
/** Done when a step takes away less than this part of the energy that is left. */
const PROGRESS = 1e-4;
/** Matrices with more rows and columns are multiplied by several vectors at a time. */
const LARGE = 96;
/** Less than this part of the energy is rounding. */
const ROUNDING = 1e-28;

/**
 * A workspace. `matrix` is filled by the caller, row-major (interleaved when complex) and kept; `left` and `right` then
 * hold r vectors each, one after another, those in `right` orthonormal: A ≈ Σ left_ρ·right_ρᵀ, without any conjugate.
 */
export class LowRank {
  /** The matrix to approximate, row-major. */
  readonly matrix: Float64Array;
  /** The left vectors, r of as many entries as there are rows. */
  readonly left: Float64Array;
  /** The right vectors, r of as many entries as there are columns. */
  readonly right: Float64Array;
  readonly #width: 1 | 2;
  readonly #rank: number;
  readonly #one?: RankOne;
  /** The transpose of a large matrix. */
  #turned?: Float64Array;
  readonly #more: {
    left: Float64Array;
    right: Float64Array;
    coefficients: Float64Array;
    random: Float64Array;
  };

  /**
   * Makes room for matrices of at most rows × columns with `entries` entries, and approximations of one rank.
   */
  constructor(rows: number, columns: number, field: Field, rank: number, entries = rows * columns) {
    const width = this.#width = field === "complex" ? 2 : 1;
    this.#rank = rank;
    this.#one = rank === 1 ? new RankOne(rows, columns, field, entries) : undefined;
    this.matrix = this.#one?.matrix ?? new Float64Array(entries * width);
    this.left = this.#one?.left ?? new Float64Array(rank * rows * width);
    this.right = this.#one?.right ?? new Float64Array(rank * columns * width);
    const count = this.#one ? 0 : Math.min(rank + MORE, Math.max(rank, Math.min(rows, columns)));
    const random = new Random(1);
    this.#more = {
      left: new Float64Array(count * rows * width),
      right: new Float64Array(count * columns * width),
      coefficients: new Float64Array(count * count * width),
      random: Float64Array.from({ length: count * rows * width }, () => random.normal()),
    };
  }

  /**
   * Approximates the matrix in `matrix`, of the given shape; returns ‖A‖²_F and ‖A − Σ left·rightᵀ‖²_F.
   *
   * @param warm begin with the vectors of the last call, for a matrix that has changed little, and take one step
   */
  approximate(rows: number, columns: number, warm = false): { energy: number; rest: number } {
    if (this.#one) {
      const { sigma, energy, rest } = this.#one.approximate(rows, columns);
      for (let i = 0; i < rows * this.#width; i++) this.left[i] *= sigma;
      return { energy, rest };
    }
    const energy = squares(this.matrix, rows * columns * this.#width);
    const large = Math.min(rows, columns) > LARGE;
    this.#turned = large ? transpose(this.matrix, rows, columns, this.#width) : undefined;
    this.left.fill(0);
    this.right.fill(0);
    if (energy === 0) return { energy, rest: 0 };
    const smaller = Math.min(rows, columns);
    if (smaller <= this.#rank + MORE) this.#jacobi(rows, columns);
    else this.#iterate(rows, columns, energy, warm);
    this.#times(rows, columns, this.#rank, this.right, this.left);
    return { energy, rest: smaller <= this.#rank ? 0 : this.#rest(rows, columns, energy) };
  }

  /** Right vectors of a small matrix, the longest first. */
  #jacobi(rows: number, columns: number): void {
    const width = this.#width;
    const byRows = rows <= columns;
    const { work, step } = lines(this.matrix, rows, columns, width, byRows);
    const length = (byRows ? columns : rows) * width;
    const count = byRows ? rows : columns;
    if (byRows) return this.#longest(work, count, length, step, this.right);
    // Of the columns we get left vectors; those of Aᵀ·conj(left) are the right ones, orthogonal, of length σ.
    this.#longest(work, count, length, step, this.left);
    this.#adjoint(rows, columns, this.#rank, this.left, this.right);
    orthonormalise(this.right, this.#rank, columns * width, width);
  }

  /** Orthogonalises `count` vectors and writes the longest, as many as the rank, with norm 1. */
  #longest(work: Float64Array, count: number, length: number, step: number, to: Float64Array): void {
    orthogonalise(work, count, step, this.#width === 1);
    const norms = Array.from({ length: count }, (_, k) => {
      return { from: k * step, norm: Math.sqrt(squares(work, length, k * step)) };
    }).sort((a, b) => b.norm - a.norm).slice(0, this.#rank);
    norms.forEach(({ from, norm }, k) => {
      if (!(norm > 1e-15 * norms[0].norm)) return;
      for (let i = 0; i < length; i++) to[k * length + i] = work[from + i] / norm;
    });
    // Vectors that are as good as zero are not orthogonal to the others.
    orthonormalise(to, this.#rank, length, this.#width);
  }

  /** Right vectors of a larger matrix. */
  #iterate(rows: number, columns: number, energy: number, warm: boolean): void {
    const width = this.#width;
    const count = Math.min(this.#rank + MORE, rows, columns);
    const { left, right, random } = this.#more;
    if (!warm) {
      left.set(random.subarray(0, count * rows * width));
      this.#adjoint(rows, columns, count, left, right);
    }
    let before = Infinity;
    for (let step = 0; step < STEPS; step++) {
      orthonormalise(right, count, columns * width, width);
      this.#times(rows, columns, count, right, left);
      orthonormalise(left, count, rows * width, width);
      this.#adjoint(rows, columns, count, left, right);
      const rest = energy - squares(right, count * columns * width);
      const enough = (this.#turned ? 5 : 1) * PROGRESS * rest;
      if (warm || !(rest > 1e-14 * energy) || before - rest <= enough) break;
      before = rest;
    }
    // A ≈ left·right with orthonormal left vectors: the singular vectors of the one are those of the other.
    const length = columns * width;
    const { work, step } = lines(right, count, columns, width, true);
    this.#longest(work, count, length, step, this.right);
  }

  /** The energy left over, without subtraction where that would be all cancellation. */
  #rest(rows: number, columns: number, energy: number): number {
    const other = energy - squares(this.left, this.#rank * rows * this.#width);
    if (other > 1e-6 * energy) return other;
    const { matrix, left, right } = this;
    const width = this.#width;
    const line = new Float64Array(columns * width);
    let sum = 0;
    for (let row = 0; row < rows; row++) {
      line.set(matrix.subarray(row * columns * width, (row + 1) * columns * width));
      for (let rho = 0; rho < this.#rank; rho++) {
        const at = (rho * rows + row) * width;
        const from = rho * columns * width;
        subtract(line, right, from, left[at], width === 2 ? left[at + 1] : 0, width);
      }
      sum += squares(line, line.length);
    }
    return sum > ROUNDING * energy ? sum : 0;
  }

  /** left_k = A·conj(right_k) for `count` vectors. */
  #times(rows: number, columns: number, count: number, right: Float64Array, left: Float64Array): void {
    const width = this.#width;
    if (this.#turned) return products(this.matrix, rows, columns, right, count, width, left);
    const times = width === 2 ? timesComplex : timesReal;
    for (let k = 0; k < count; k++) {
      const from = right.subarray(k * columns * width, (k + 1) * columns * width);
      times(this.matrix, rows, columns, from, left.subarray(k * rows * width, (k + 1) * rows * width));
    }
  }

  /** right_k = Aᵀ·conj(left_k) for `count` vectors. */
  #adjoint(rows: number, columns: number, count: number, left: Float64Array, right: Float64Array): void {
    const width = this.#width;
    if (this.#turned) return products(this.#turned, columns, rows, left, count, width, right);
    const adjoint = width === 2 ? adjointComplex : adjointReal;
    for (let k = 0; k < count; k++) {
      const to = right.subarray(k * columns * width, (k + 1) * columns * width);
      adjoint(this.matrix, rows, columns, left.subarray(k * rows * width, (k + 1) * rows * width), to);
    }
  }
}

/** to_k = A·conj(from_k) for `count` vectors of a large matrix. */
function products(
  A: Float64Array,
  rows: number,
  columns: number,
  from: Float64Array,
  count: number,
  width: number,
  to: Float64Array,
): void {
  if (width === 1) return innerProducts(A, rows, from, count, columns, to);
  // The real part of a·conj(v) is the inner product of the floats; the imaginary one that with i·v.
  const parts = new Float64Array(2 * count * 2 * columns);
  const out = new Float64Array(2 * count * rows);
  for (let k = 0; k < count; k++) {
    const at = k * 2 * columns;
    parts.set(from.subarray(at, at + 2 * columns), 2 * at);
    for (let i = 0; i < 2 * columns; i += 2) {
      parts[2 * at + 2 * columns + i] = -from[at + i + 1];
      parts[2 * at + 2 * columns + i + 1] = from[at + i];
    }
  }
  innerProducts(A, rows, parts, 2 * count, 2 * columns, out);
  for (let k = 0; k < count; k++) {
    for (let i = 0; i < rows; i++) {
      to[(k * rows + i) * 2] = out[2 * k * rows + i];
      to[(k * rows + i) * 2 + 1] = out[(2 * k + 1) * rows + i];
    }
  }
}

/** line −= factor · vector, `vector` beginning at `from`. */
export function subtract(
  line: Float64Array,
  vectors: Float64Array,
  from: number,
  re: number,
  im: number,
  width: number,
): void {
  if (width === 1) {
    for (let i = 0; i < line.length; i++) line[i] -= re * vectors[from + i];
    return;
  }
  for (let i = 0; i < line.length; i += 2) {
    line[i] -= re * vectors[from + i] - im * vectors[from + i + 1];
    line[i + 1] -= re * vectors[from + i + 1] + im * vectors[from + i];
  }
}

function squares(values: Float64Array, length: number, from = 0): number {
  let sum = 0;
  for (let i = from; i < from + length; i++) sum += values[i] * values[i];
  return sum;
}
