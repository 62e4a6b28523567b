/**
 * The factors of a chain in closed form, without any search, for radix 2: after Zheng, Riccietti and
 * Gribonval (2022) and Le, Zheng, Riccietti and Gribonval (2024).
 *
 * A chain cut in two, M = X·Y, is a sum of pieces x_k·y_kᵀ, one for each point k between the halves, and
 * the pieces' supports are disjoint: rows ≡ ρ mod 2^l times 2^l consecutive columns. So each piece is a
 * submatrix of M, and its best rank-1 approximation gives column k of X and row k of Y. The halves are cut
 * again in the same way. With cuts in the middle the first one costs O(n²) and all the others together
 * less.
 *
 * Noise: the error of a node counts in M multiplied by the norms of the columns to its left and of the rows
 * to its right. The pieces of every pair (column, row) are disjoint, so with both of norm 1 (here: the left
 * half carries σ while it is cut, and hands it to the right half afterwards) each best approximation is
 * best for M too.
 *
 * @module
 */
import { Chain64 } from "./chain64.ts";
import { balance } from "./balance.ts";
import { canonicalMatrix, type Hypothesis } from "./hypothesis.ts";
import { RankOne } from "./rank_one.ts";
import { finish, type Task } from "./task.ts";
import { type Field, log2, type Target } from "./target.ts";

/** What {@link closedForm} finds. */
export interface ClosedForm {
  /** Canonical weights in float64 (strides 1 … n/2 one after another), norms in balance. */
  readonly weights: Float64Array;
  /** ‖M − product‖_F, in float64. */
  readonly error: number;
  /** error / n: the root mean square error of an entry. */
  readonly rmse: number;
}

/**
 * Factors a target as a butterfly of the given form. Exact (to rounding) when it is one; otherwise the
 * error is within a constant of the best possible.
 *
 * @param target a checked matrix of order at least 2.
 * @param hypothesis the order of the strides and the permutation in front.
 */
export function closedForm(target: Target, hypothesis: Hypothesis): ClosedForm {
  const { n, field } = target;
  // Worked at Frobenius norm √n, that of a unitary matrix, so that no square under- or overflows.
  const scale = target.norm > 0 ? Math.sqrt(n) / target.norm : 1;
  const matrix = canonicalMatrix(target, hypothesis, scale);
  const weights = finish(splitChain(matrix, n, field));
  const error = Math.sqrt(new Chain64(n, field).squaredError(weights, matrix)) / scale;
  balance(weights, n, field, 1 / scale);
  return { weights, error, rmse: error / n };
}

/**
 * The work of {@link closedForm} as a task: canonical weights of a canonical matrix, in balance. Stopped
 * early it returns the factors found so far, with zeros for the others.
 */
export function* splitChain(matrix: Float64Array, n: number, field: Field): Task<Float64Array> {
  const width = field === "complex" ? 2 : 1;
  const depth = log2(n);
  const weights = new Float64Array(2 * n * depth * width);
  const splitter = new Splitter(n, field, weights);
  yield* splitter.split(matrix, 0, depth);
  balance(weights, n, field);
  return weights;
}

class Splitter {
  readonly #n: number;
  readonly #width: number;
  readonly #weights: Float64Array;
  readonly #pieces: RankOne;
  #step = 0;
  #stopped = false;

  constructor(n: number, field: Field, weights: Float64Array) {
    this.#n = n;
    this.#width = field === "complex" ? 2 : 1;
    this.#weights = weights;
    // Pieces of a cut in the middle are at most √(2n) on a side, and of n entries.
    const side = 2 ** Math.ceil(log2(n) / 2);
    this.#pieces = new RankOne(side, side, field);
  }

  /**
   * Cuts a node: the product of the factors of strides 2^low … 2^(high−1), of the pattern (a, q, q, d) with
   * a = n/2^high, q = 2^(high−low), d = 2^low.
   */
  *split(node: Float64Array, low: number, high: number): Task<void> {
    const width = this.#width;
    if (high - low === 1) {
      this.#weights.set(node, low * 2 * this.#n * width);
      return;
    }
    const middle = (low + high) >> 1;
    const rows = 2 ** (high - middle);
    const columns = 2 ** (middle - low);
    const left = new Float64Array(this.#n * rows * width);
    const right = new Float64Array(this.#n * columns * width);
    const sigmas = new Float64Array(this.#n);
    const copies = this.#n / 2 ** high;
    const d = 2 ** low;
    for (let copy = 0; copy < copies; copy++) {
      for (let offset = 0; offset < d; offset++) {
        for (let block = 0; block < rows; block++) {
          for (let rho = 0; rho < columns; rho++) {
            this.#piece(node, left, right, sigmas, { copy, offset, block, rho, rows, columns, d });
            const stop = yield { phase: "closed form", step: this.#step++, rmse: Infinity, restart: 0 };
            if (stop !== undefined) this.#stopped = true;
            if (this.#stopped) return;
          }
        }
      }
    }
    yield* this.split(left, middle, high);
    if (this.#stopped) return;
    this.#handOver(right, sigmas, middle, columns);
    yield* this.split(right, low, middle);
  }

  /** One piece: its approximation gives a column of the left half, with σ, and a row of the right half. */
  #piece(
    node: Float64Array,
    left: Float64Array,
    right: Float64Array,
    sigmas: Float64Array,
    at: {
      copy: number;
      offset: number;
      block: number;
      rho: number;
      rows: number;
      columns: number;
      d: number;
    },
  ): void {
    const { copy, offset, block, rho, rows, columns, d } = at;
    const width = this.#width;
    const pieces = this.#pieces;
    const q = rows * columns;
    let to = 0;
    for (let t = 0; t < rows; t++) {
      let from = (((copy * q + t * columns + rho) * q + block * columns) * d + offset) * width;
      for (let c = 0; c < columns; c++, from += d * width) {
        for (let part = 0; part < width; part++) pieces.matrix[to++] = node[from + part];
      }
    }
    const { sigma } = pieces.approximate(rows, columns);
    const middle = rho * d + offset;
    sigmas[(copy * rows + block) * columns * d + middle] = sigma;
    for (let t = 0; t < rows; t++) {
      const to = (((copy * rows + t) * rows + block) * columns * d + middle) * width;
      for (let part = 0; part < width; part++) left[to + part] = sigma * pieces.left[t * width + part];
    }
    for (let c = 0; c < columns; c++) {
      const to = ((((copy * rows + block) * columns + rho) * columns + c) * d + offset) * width;
      for (let part = 0; part < width; part++) right[to + part] = pieces.right[c * width + part];
    }
  }

  /**
   * Divides the columns of the left half, whose factors are done, by their norms σ, and multiplies the rows
   * of the right.
   */
  #handOver(right: Float64Array, sigmas: Float64Array, middle: number, columns: number): void {
    const width = this.#width;
    const n = this.#n;
    const stride = 2 ** middle;
    const factor = this.#weights.subarray(middle * 2 * n * width, (middle + 1) * 2 * n * width);
    for (let i = 0; i < 2 * n; i++) {
      const block = Math.floor(i / (4 * stride));
      const gamma = Math.floor(i / stride) % 2;
      const sigma = sigmas[block * 2 * stride + gamma * stride + (i % stride)];
      if (sigma > 0) { for (let part = 0; part < width; part++) factor[i * width + part] /= sigma; }
    }
    // Row k of the pattern (·, q, q, d) is the pairs (b, δ) of a: its entries lie d apart.
    const d = stride / columns;
    for (let k = 0; k < n; k++) {
      const a = Math.floor(k / stride);
      const b = Math.floor((k % stride) / d);
      for (let c = 0; c < columns; c++) {
        const to = (((a * columns + b) * columns + c) * d + (k % d)) * width;
        for (let part = 0; part < width; part++) right[to + part] *= sigmas[k];
      }
    }
  }
}
