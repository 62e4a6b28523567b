/**
 * The best rank-1 approximation σ·u·vᴴ of a small matrix.
 *
 * Power iteration, which on a matrix that is nearly of rank one (the case that matters) is done after a
 * step or two, and one-sided Jacobi for all the others, which needs no luck: equal singular values, a start
 * orthogonal to the answer, or pure noise do not mislead it.
 *
 * @module
 */
import { orthogonalise } from "../program/jacobi.ts";
import { adjointComplex, adjointReal, lines, normalise, timesComplex, timesReal } from "./vectors.ts";
import type { Field } from "./target.ts";

/** What {@link RankOne.approximate} returns, beside the vectors. */
export interface Approximation {
  /** The largest singular value. */
  sigma: number;
  /** ‖A‖²_F. */
  energy: number;
  /** ‖A − σ·u·vᴴ‖²_F, the part that is not of rank one; never negative. */
  rest: number;
}

/** Power steps before Jacobi takes over. */
const POWER_STEPS = 24;

/**
 * A workspace for matrices of at most rows × columns. `matrix` is filled by the caller, row-major
 * (interleaved when complex) and kept; `left` and `right` then hold u and v̄, so that A ≈ σ·u·rightᵀ
 * without any conjugate.
 */
export class RankOne {
  /** The matrix to approximate, row-major. */
  readonly matrix: Float64Array;
  /** u, of norm 1. */
  readonly left: Float64Array;
  /** v̄, of norm 1. */
  readonly right: Float64Array;
  readonly #field: Field;
  readonly #before: Float64Array;

  /**
   * Makes room.
   *
   * @param rows the most rows of a matrix.
   * @param columns the most columns.
   * @param entries the most entries, if less than rows · columns.
   */
  constructor(rows: number, columns: number, field: Field, entries = rows * columns) {
    const width = field === "complex" ? 2 : 1;
    this.#field = field;
    this.matrix = new Float64Array(entries * width);
    this.left = new Float64Array(rows * width);
    this.right = new Float64Array(columns * width);
    this.#before = new Float64Array(columns * width);
  }

  /**
   * Approximates the matrix in `matrix`, of the given shape. Both vectors have norm 1; for the zero matrix
   * both are zero.
   */
  approximate(rows: number, columns: number): Approximation {
    const { left, right } = this;
    const width = this.#field === "complex" ? 2 : 1;
    left.fill(0, 0, rows * width);
    right.fill(0, 0, columns * width);
    const energy = this.#start(rows, columns, width);
    if (energy === 0) return { sigma: 0, energy, rest: 0 };
    const before = this.#before;
    let sigma = 0;
    for (let step = 0; step < POWER_STEPS; step++) {
      before.set(right);
      this.#times(rows, columns);
      normalise(left, rows * width);
      this.#adjoint(rows, columns);
      sigma = normalise(right, columns * width);
      if (sigma === 0) break;
      let change = 0;
      for (let i = 0; i < columns * width; i++) change += (right[i] - before[i]) ** 2;
      // All other singular values together have the energy `other`, so this one is the largest beyond doubt
      // when it has more than half, and each step shrinks the error by other/σ² at least.
      const other = Math.max(0, energy - sigma * sigma);
      if (other < 0.5 * energy && Math.sqrt(change) * (other / (sigma * sigma)) <= 1e-16) {
        return { sigma, energy, rest: this.#rest(rows, columns, sigma, energy, other) };
      }
    }
    sigma = this.#jacobi(rows, columns);
    return {
      sigma,
      energy,
      rest: this.#rest(rows, columns, sigma, energy, Math.max(0, energy - sigma * sigma)),
    };
  }

  /** Sets v̄ to the row of largest norm, normalised, and returns the energy of the matrix. */
  #start(rows: number, columns: number, width: number): number {
    const { matrix, right } = this;
    const length = columns * width;
    let energy = 0;
    let largest = 0;
    let best = 0;
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let i = row * length; i < (row + 1) * length; i++) sum += matrix[i] * matrix[i];
      energy += sum;
      if (sum > largest) {
        largest = sum;
        best = row;
      }
    }
    if (energy > 0) {
      for (let i = 0; i < length; i++) right[i] = matrix[best * length + i];
      normalise(right, length);
    }
    return energy;
  }

  /** The energy left over, by subtraction where that would otherwise be all cancellation. */
  #rest(rows: number, columns: number, sigma: number, energy: number, other: number): number {
    if (other > 1e-6 * energy) return other;
    const { matrix, left, right } = this;
    let sum = 0;
    if (this.#field === "real") {
      for (let row = 0, at = 0; row < rows; row++) {
        const u = sigma * left[row];
        for (let i = 0; i < columns; i++, at++) sum += (matrix[at] - u * right[i]) ** 2;
      }
      return sum;
    }
    for (let row = 0, at = 0; row < rows; row++) {
      const re = sigma * left[2 * row];
      const im = sigma * left[2 * row + 1];
      for (let i = 0; i < 2 * columns; i += 2, at += 2) {
        sum += (matrix[at] - re * right[i] + im * right[i + 1]) ** 2;
        sum += (matrix[at + 1] - re * right[i + 1] - im * right[i]) ** 2;
      }
    }
    return sum;
  }

  /**
   * By one-sided Jacobi over the rows, or over the columns if those are fewer: the longest of the
   * orthogonalised vectors is σ times a singular vector.
   */
  #jacobi(rows: number, columns: number): number {
    const { matrix, left, right } = this;
    const width = this.#field === "complex" ? 2 : 1;
    const byRows = rows <= columns;
    const count = byRows ? rows : columns;
    const { work, step } = lines(matrix, rows, columns, width, byRows);
    const best = orthogonalise(work, count, step, width === 1);
    const found = byRows ? right : left;
    const length = (byRows ? columns : rows) * width;
    for (let i = 0; i < length; i++) found[i] = work[best * step + i];
    normalise(found, length);
    // The other vector from this one, rather than from the accumulated rotations: exact for the one that we
    // have.
    if (byRows) {
      this.#times(rows, columns);
      return normalise(left, rows * width);
    }
    this.#adjoint(rows, columns);
    return normalise(right, columns * width);
  }

  /** left = A·conj(right). */
  #times(rows: number, columns: number): void {
    (this.#field === "complex" ? timesComplex : timesReal)(this.matrix, rows, columns, this.right, this.left);
  }

  /** right = Aᵀ·conj(left). */
  #adjoint(rows: number, columns: number): void {
    (this.#field === "complex" ? adjointComplex : adjointReal)(
      this.matrix,
      rows,
      columns,
      this.left,
      this.right,
    );
  }
}
