/**
 * Baseline: a sparse matrix plus one of low rank (robust principal components).
 *
 * @module
 */
import type { Operator } from "../../operator/operator.ts";
import { sum } from "../../operator/sum.ts";
import { LowRank, subtract } from "../low_rank.ts";
import { checkMatrix, type DenseMatrix } from "../matrix.ts";
import { checkRank, lowRankOperator } from "./low_rank.ts";
import { largest, sparseOperator } from "./sparse.ts";
import type { Field } from "../target.ts";
import { finish, type Task } from "../task.ts";

/** A matrix approximated by S + U·Vᵀ. */
export interface SparseLowRankFit {
  /** Rows. */
  readonly rows: number;
  /** Columns. */
  readonly cols: number;
  /** The field of both parts. */
  readonly field: Field;
  /** Where the entries of S are, row · cols + column, rising. */
  readonly places: Uint32Array;
  /** The entries of S. */
  readonly values: Float64Array;
  /** The rank of the other part. */
  readonly rank: number;
  /** As in `LowRankFit`. */
  readonly left: Float64Array;
  /** As in `LowRankFit`. */
  readonly right: Float64Array;
  /** Numbers in both parts; that each entry of S needs its place is not counted. */
  readonly parameters: number;
  /** ‖M − S − U·Vᵀ‖_F / ‖M‖_F; 0 for the zero matrix. */
  readonly error: number;
}

/** Rounds at most. */
const ROUNDS = 30;

/**
 * A sparse matrix of `count` nonzeros plus one of rank r near to a dense matrix: robust principal components with both sizes
 * given, by alternating between the two best approximations. The error never grows from round to round; that it ends at
 * the smallest possible one is not promised.
 *
 * Source: Zhou and Tao, GoDec: randomized low-rank and sparse matrix decomposition in noisy case, 2011.
 *
 * @throws {RangeError} when rank or count make no sense, or the matrix is not finite
 *
 * @example
 * ```ts
 * import { approximateSparseLowRank } from "@papillon/papillon";
 * const values = Float64Array.from({ length: 64 }, () => 1);
 * values[9] = 20; // rank 1, and one outlier
 * const { error, places } = approximateSparseLowRank({ rows: 8, cols: 8, values }, { rank: 1, count: 1 });
 * console.assert(error < 1e-3 && places[0] === 9);
 * ```
 */
export function approximateSparseLowRank(
  matrix: DenseMatrix,
  sizes: { readonly rank: number; readonly count: number },
): SparseLowRankFit {
  return finish(sparseLowRankTask(matrix, sizes));
}

/** The work of {@link approximateSparseLowRank} as a task; stopped, it returns what it has. */
export function* sparseLowRankTask(
  matrix: DenseMatrix,
  { rank, count }: { readonly rank: number; readonly count: number },
): Task<SparseLowRankFit> {
  const what = "approximate a matrix by a sparse one plus low rank";
  const checked = checkMatrix(what, matrix);
  checkRank(what, checked, rank);
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`Cannot ${what}: count is ${count}, expected a positive whole number`);
  }
  const { rows, cols, field, values, norm } = checked;
  const width = field === "complex" ? 2 : 1;
  const scale = norm > 0 ? 1 / norm : 1;
  const work = new LowRank(rows, cols, field, rank);
  const given = Float64Array.from(values, (value) => value * scale);
  const energies = new Float64Array(rows * cols);
  const line = new Float64Array(cols * width);
  let places: Uint32Array = new Uint32Array(0);
  let kept = new Float64Array(0);
  let rest = 0;
  // The part that is sparse comes first: large outliers would look like rank.
  for (let i = 0; i < given.length; i++) energies[Math.floor(i / width)] += given[i] ** 2;
  let left = given;
  const sparsePart = (): void => {
    places = largest(energies, count);
    kept = new Float64Array(places.length * width);
    places.forEach((place, k) => {
      energies[place] = 0;
      for (let part = 0; part < width; part++) kept[k * width + part] = left[place * width + part];
    });
  };
  sparsePart();
  rest = energies.reduce((total, energy) => total + energy, 0);
  for (let round = 0, before = Infinity; round < ROUNDS; round++) {
    const rmse = norm * Math.sqrt(Math.min(1, before) / (rows * cols));
    if ((yield { phase: "compress", step: round, rmse, restart: 0 }) !== undefined) break;
    work.matrix.set(given);
    places.forEach((place, k) => {
      for (let part = 0; part < width; part++) work.matrix[place * width + part] -= kept[k * width + part];
    });
    work.approximate(rows, cols, round > 0);
    // What U·Vᵀ leaves: the largest of it is the sparse part.
    energies.fill(0);
    left = new Float64Array(given.length);
    for (let row = 0; row < rows; row++) {
      line.set(given.subarray(row * cols * width, (row + 1) * cols * width));
      for (let rho = 0; rho < rank; rho++) {
        const at = (rho * rows + row) * width;
        subtract(
          line,
          work.right,
          rho * cols * width,
          work.left[at],
          width === 2 ? work.left[at + 1] : 0,
          width,
        );
      }
      left.set(line, row * cols * width);
      for (let i = 0; i < line.length; i++) energies[row * cols + Math.floor(i / width)] += line[i] ** 2;
    }
    sparsePart();
    rest = energies.reduce((total, energy) => total + energy, 0);
    if (!(rest > 1e-28) || before - rest <= 1e-3 * rest) break;
    before = rest;
  }
  return {
    rows,
    cols,
    field,
    places,
    values: kept.map((value) => value / scale),
    rank,
    left: work.left.slice(0, rank * rows * width).map((value) => value / scale),
    right: work.right.slice(0, rank * cols * width),
    parameters: places.length + rank * (rows + cols),
    error: norm > 0 ? Math.sqrt(rest) : 0,
  };
}

/** The fit as an operator: the sum of both parts. */
export function sparseLowRankOperator(fit: SparseLowRankFit): Operator {
  const thin = lowRankOperator(fit);
  return fit.places.length === 0 ? thin : sum(sparseOperator(fit), thin);
}
