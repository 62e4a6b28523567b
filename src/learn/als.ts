/**
 * Alternating least squares: each factor in turn is set to the best one for the others as they are.
 *
 * For a radix-2 chain this is exact and cheap. There is one path from a column to a row, so a weight w of
 * one factor touches n/2 entries of the product, no other weight of that factor touches them, and the 2n
 * unknowns decouple: with x the row of the product to the right and z the column to the left,
 *
 *     w = zᴴ·M·x̄ / (‖z‖²·‖x‖²).
 *
 * All factors once, up or down, cost O(n²), like one gradient; there is no step size, and the error never
 * grows.
 *
 * @module
 */
import { backwardComplex, backwardReal, Chain64 } from "./chain64.ts";
import type { Field } from "./target.ts";
import type { StopReason, Task } from "./task.ts";

/** When {@link alternate} is content. */
export interface AlternateOptions {
  /** Done when the relative error ‖M − product‖/‖M‖ is at most this; 0. */
  readonly tolerance?: number;
  /** Pairs of sweeps at most; 200. */
  readonly maxSweeps?: number;
  /** Stationary when a pair of sweeps lowers the error by less than this fraction; 1e-4. */
  readonly stall?: number;
  /** Multiplies the error in progress reports: the scale of the target over that of `matrix`; 1. */
  readonly scale?: number;
}

/** Where {@link alternate} ended. */
export interface Alternated {
  /** ‖M − product‖_F / ‖M‖_F. */
  readonly relativeError: number;
  /** Pairs of sweeps, down and up. */
  readonly sweeps: number;
  /** Why it ended: the tolerance, no more progress, the maximum of sweeps, or the caller. */
  readonly reason: "tolerance" | "stationary" | "sweeps" | StopReason;
}

/** Improves canonical weights, in place, towards a canonical matrix by sweeps up and down the chain. */
export function* alternate(
  matrix: Float64Array,
  weights: Float64Array,
  n: number,
  field: Field,
  options: AlternateOptions = {},
): Task<Alternated> {
  const { tolerance = 0, maxSweeps = 200, stall = 1e-4, scale = 1 } = options;
  const sweeper = new Sweeper(matrix, weights, n, field);
  const norm = Math.sqrt(matrix.reduce((sum, value) => sum + value * value, 0));
  let error = sweeper.error();
  let sweeps = 0;
  let reason: Alternated["reason"] = "sweeps";
  while (sweeps < maxSweeps) {
    if (error <= tolerance * norm) {
      reason = "tolerance";
      break;
    }
    const stop = yield { phase: "alternating", step: sweeps, rmse: (scale * error) / n, restart: 0 };
    if (stop !== undefined) {
      reason = stop;
      break;
    }
    sweeper.down();
    sweeper.up();
    sweeps++;
    const next = sweeper.error();
    const stalled = !(next < error * (1 - stall));
    error = next;
    if (stalled && !(error <= tolerance * norm)) {
      reason = "stationary";
      break;
    }
  }
  return { relativeError: norm > 0 ? error / norm : 0, sweeps, reason };
}

class Sweeper {
  readonly #chain: Chain64;
  readonly #matrix: Float64Array;
  readonly #weights: Float64Array;
  /** Z_j = (F_m ⋯ F_{j+1})ᴴ·M in compact form: row k on the 2^j columns that can reach it. */
  readonly #above: Float64Array[] = [];
  readonly #scratch: Float64Array;
  readonly #slope: Float64Array;
  readonly #backward: typeof backwardReal;
  readonly #width: number;

  constructor(matrix: Float64Array, weights: Float64Array, n: number, field: Field) {
    this.#chain = new Chain64(n, field);
    this.#matrix = matrix;
    this.#weights = weights;
    this.#width = field === "complex" ? 2 : 1;
    for (let level = 0; level < this.#chain.depth; level++) {
      this.#above.push(new Float64Array(n * 2 ** level * this.#width));
    }
    this.#above.push(matrix);
    this.#scratch = new Float64Array((n * n * this.#width) / 2);
    this.#slope = new Float64Array(this.#chain.factorSize);
    this.#backward = field === "complex" ? backwardComplex : backwardReal;
  }

  /** ‖M − product‖_F; leaves all partial products of the present weights in the chain. */
  error(): number {
    return Math.sqrt(this.#chain.squaredError(this.#weights, this.#matrix));
  }

  /** From the last factor applied to the first. Needs the partial products of the factors below. */
  down(): void {
    const { n, depth } = this.#chain;
    const rows = this.#rowNorms();
    let columns: Float64Array = new Float64Array(n).fill(1);
    for (let level = depth - 1; level >= 0; level--) {
      this.#solve(level, columns, rows[level]);
      // A second time, for Z under the new factor.
      this.#pull(level, this.#above[level]);
      columns = this.#columnNorms(level, columns);
    }
  }

  /**
   * From the first factor applied to the last. Needs the Z of the factors above, as {@link Sweeper.down}
   * leaves them.
   */
  up(): void {
    const { n, depth } = this.#chain;
    const columns: Float64Array[] = [];
    columns[depth] = new Float64Array(n).fill(1);
    for (let level = depth - 1; level >= 0; level--) {
      columns[level] = this.#columnNorms(level, columns[level + 1]);
    }
    let rows: Float64Array = new Float64Array(n).fill(1);
    for (let level = 0; level < depth; level++) {
      this.#solve(level, columns[level + 1], rows);
      this.#chain.advance(this.#weights, level);
      rows = this.#nextRowNorms(level, rows);
    }
  }

  /** The slope of one factor and Z below it. */
  #pull(level: number, lower: Float64Array): void {
    const factor = this.#chain.factor(this.#weights, level);
    this.#backward(
      factor,
      2 ** level,
      this.#above[level + 1],
      this.#chain.partial(level),
      lower,
      this.#slope,
    );
  }

  /** Sets one factor to the least-squares solution. */
  #solve(level: number, columns: Float64Array, rows: Float64Array): void {
    this.#pull(level, this.#scratch);
    const factor = this.#chain.factor(this.#weights, level);
    this.#each(level, (at, row, column) => {
      const norms = columns[row] * rows[column];
      for (let part = 0; part < this.#width; part++) {
        factor[at + part] = norms > 0 ? this.#slope[at + part] / norms : 0;
      }
    });
  }

  #rowNorms(): Float64Array[] {
    const norms: Float64Array[] = [new Float64Array(this.#chain.n).fill(1)];
    for (let level = 0; level < this.#chain.depth; level++) {
      norms.push(this.#nextRowNorms(level, norms[level]));
    }
    return norms;
  }

  #nextRowNorms(level: number, rows: Float64Array): Float64Array {
    const next = new Float64Array(this.#chain.n);
    this.#each(level, (_, row, column, square) => void (next[row] += square * rows[column]));
    return next;
  }

  #columnNorms(level: number, columns: Float64Array): Float64Array {
    const next = new Float64Array(this.#chain.n);
    this.#each(level, (_, row, column, square) => void (next[column] += square * columns[row]));
    return next;
  }

  #each(level: number, visit: (at: number, row: number, column: number, square: number) => void): void {
    const factor = this.#chain.factor(this.#weights, level);
    const s = 2 ** level;
    for (let weight = 0; weight < 2 * this.#chain.n; weight++) {
      const delta = weight & (s - 1);
      const pair = (weight >> (level + 2)) * 2 * s;
      const row = pair + ((weight >> (level + 1)) & 1) * s + delta;
      const column = pair + ((weight >> level) & 1) * s + delta;
      const at = weight * this.#width;
      visit(at, row, column, factor[at] ** 2 + (this.#width === 2 ? factor[at + 1] ** 2 : 0));
    }
  }
}
