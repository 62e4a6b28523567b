/**
 * The peel: the factors of a BB* product from its matrix alone, level by level from the outside, without search.
 *
 * Each level is one linear problem (intertwiner.ts), finished by least squares (peel_level.ts); the whole is then
 * improved against the matrix (peel_tree.ts). All in O(n²) a round, in complex float64. Exact members are found to
 * rounding, noise of the size ε leaves an error below ε for well conditioned members.
 *
 * @module
 */

import { permutationSwaps } from "../kaleidoscope/permutation.ts";
import { Butterfly } from "../operator/butterfly.ts";
import { Diagonal } from "../operator/diagonal.ts";
import type { Operator } from "../operator/operator.ts";
import { Random } from "../program/random.ts";
import { energy, squaredDistance } from "./peel_blocks.ts";
import { factorsOf, type PeelFactors, reversed } from "./peel_factors.ts";
import { placeIn } from "./piece_rank.ts";
import { PeelNode, Scratch } from "./peel_tree.ts";
import { checkPowerOfTwo, type Field, inField, log2, reverseBits, type Target } from "./target.ts";
import { type Progress, type RunOptions, runTask, type StopReason, type Task } from "./task.ts";

/** How {@link peel} works. */
export interface PeelOptions extends RunOptions {
  /**
   * Whether the strides are 1, 2 … n/2 … 2, 1 (a member of B*B) instead of n/2 … 1 … n/2 (of BB*, the default).
   */
  readonly increasing?: boolean;
  /** Rounds of least squares over all factors at most; 24. */
  readonly rounds?: number;
  /** No more rounds at this relative error; 1e-13. */
  readonly tolerance?: number;
  /** Seed of the small random part of a start; 0. */
  readonly seed?: number;
}

/** A BB* (or B*B) product fitted to a matrix. */
export interface PeelFit extends PeelFactors {
  /** The order. */
  readonly n: number;
  /** Only when n = 1: the one entry (two numbers when complex). */
  readonly scalar?: Float64Array;
  /** Whether the strides increase first. */
  readonly increasing: boolean;
  /** Root mean square error of an entry, ‖M − product‖_F/n. */
  readonly rmse: number;
  /** ‖M − product‖_F/‖M‖_F; 0 for the zero matrix. */
  readonly relativeError: number;
  /** For each order n, n/2 … 4 the largest part of a matrix at that level that its two halves could not explain. */
  readonly misfits: readonly { readonly n: number; readonly misfit: number }[];
  /** Rounds of least squares over all factors. */
  readonly rounds: number;
  /** Why it ended early; the factors are then the best so far. */
  readonly stopped: StopReason | undefined;
}

/** A round that lowers the error by less than this part is the last. */
const GAIN = 0.005;
/** With a larger error the matrix is no BB* product, and rounds are a waste. */
const HOPELESS = 0.3;
/** Less than this outside of one entry in each row and column, and it is a (scaled) permutation. */
const MONOMIAL = 1e-12;

/**
 * Fits a product of the class BB* (or B*B): factors of strides n/2 … 2, 1, 2 … n/2 in the order of application.
 *
 * The matrix is told by nothing but its entries. Circulants, any permutation with scaled rows, every single butterfly,
 * D₁·T·D₂ for such T and diagonals D are members. Real members can need complex factors; the fit is real when it can
 * be. For other matrices the result is some approximation, with its error.
 *
 * @param target a checked matrix, see `checkTarget`
 * @throws RangeError (as a rejection) for options that make no sense
 * @see maths.md, 4(b); no source is known
 * @example
 * ```ts
 * import { checkTarget, peel, peelOperator } from "@papillon/papillon";
 * const column = [1, 2, 3, 4, 5, 6, 7, 8]; // a circulant
 * const matrix = Float64Array.from({ length: 64 }, (_, k) => column[((k >> 3) - k + 64) % 8]);
 * const fit = await peel(checkTarget(matrix));
 * console.assert(fit.rmse < 1e-12 && fit.factors.length === 5);
 * console.assert(peelOperator(fit).rows === 8);
 * ```
 */
export async function peel(target: Target, options: PeelOptions = {}): Promise<PeelFit> {
  return await runTask(peelTask(target, options), options);
}

/** The work of {@link peel} as a task. */
export function* peelTask(target: Target, options: PeelOptions = {}): Task<PeelFit> {
  const { increasing = false, rounds = 24, tolerance = 1e-13, seed = 0 } = options;
  if (!Number.isSafeInteger(rounds) || rounds < 0) {
    throw new RangeError(`Cannot peel: rounds is ${rounds}, expected an integer, at least 0`);
  }
  if (!(tolerance >= 0)) {
    throw new RangeError(`Cannot peel: tolerance is ${tolerance}, expected a number, at least 0`);
  }
  const { n, field, norm, values } = target;
  checkPowerOfTwo("peel a matrix", n);
  if (n === 1) return { ...outcome(target, increasing), scalar: values.slice() };
  if (norm === 0) {
    return { ...outcome(target, increasing), ...oriented(factorsOf(zero(n), 1), n, increasing) };
  }
  const scale = norm / Math.sqrt(n);
  const matrix = prepared(target, increasing, scale);
  const total = energy(matrix);
  const errorOf = (node: PeelNode): number => Math.sqrt(squaredDistance(matrix, node.product) / total);
  const report = (phase: Progress["phase"], step: number, error: number): Progress => ({
    phase,
    step,
    rmse: error * norm / n,
    restart: 0,
  });

  const monomial = monomialTree(matrix, n);
  let root = monomial, error = monomial ? errorOf(monomial) : Infinity;
  let stopped: StopReason | undefined;
  const misfits = new Map<number, number>();
  if (!(error <= MONOMIAL)) {
    const building = PeelNode.build(matrix, n, new Random(seed));
    let step = building.next();
    for (let count = 1; !step.done; count++) {
      const { n: order, misfit } = step.value;
      misfits.set(order, Math.max(misfits.get(order) ?? 0, misfit));
      stopped = (yield report("closed form", count, error)) ?? stopped;
      step = building.next(stopped);
    }
    const built = errorOf(step.value);
    if (!root || built < error) [root, error] = [step.value, built];
  }
  const scratch = new Scratch(), most = error > HOPELESS ? Math.min(rounds, 1) : rounds;
  let done = 0;
  while (done < most && error > tolerance && stopped === undefined) {
    stopped = yield report("alternating", done, error);
    if (stopped !== undefined) break;
    root!.refine(matrix, scratch);
    const before = error;
    error = errorOf(root!);
    done++;
    if (!(error < (1 - GAIN) * before)) break;
  }
  if (!(error <= 1)) [root, error] = [zero(n), 1];
  return {
    ...outcome(target, increasing),
    ...oriented(factorsOf(root!, scale), n, increasing),
    rmse: error * norm / n,
    relativeError: error,
    misfits: [...misfits].map(([n, misfit]) => ({ n, misfit })),
    rounds: done,
    stopped,
  };

  function outcome(target: Target, increasing: boolean): PeelFit {
    return {
      n: target.n,
      field,
      increasing,
      strides: [],
      factors: [],
      rmse: 0,
      relativeError: 0,
      misfits: [],
      rounds: 0,
      stopped: undefined,
    };
  }
}

function oriented(factors: PeelFactors, n: number, increasing: boolean): PeelFactors {
  return increasing ? reversed(n, factors) : factors;
}

/** The tree of the zero matrix. */
function zero(n: number): PeelNode {
  return PeelNode.fromSwaps(new Float64Array(2 * n * n), n, new Uint8Array(n * log2(n)));
}

/** The complex matrix divided by `scale`, rows and columns in bit-reversed order if the strides are to increase first. */
function prepared(target: Target, increasing: boolean, scale: number): Float64Array {
  const { n, values } = inField(target, "complex"), bits = log2(n);
  const matrix = new Float64Array(2 * n * n);
  for (let row = 0, o = 0; row < n; row++) {
    const i = increasing ? reverseBits(row, bits) : row;
    for (let column = 0; column < n; column++, o += 2) {
      const at = 2 * (n * i + (increasing ? reverseBits(column, bits) : column));
      matrix[o] = values[at] / scale;
      matrix[o + 1] = values[at + 1] / scale;
    }
  }
  return matrix;
}

/**
 * A tree with the swaps of a permutation when the largest entries of all rows lie in different columns and have most
 * of the energy; undefined otherwise. Rows without an entry take what columns are left.
 */
function monomialTree(matrix: Float64Array, n: number): PeelNode | undefined {
  const permutation = new Int32Array(n).fill(-1), taken = new Uint8Array(n);
  let inside = 0;
  for (let row = 0; row < n; row++) {
    let most = 0, best = -1;
    for (let column = 0; column < n; column++) {
      const at = 2 * (n * row + column), size = matrix[at] ** 2 + matrix[at + 1] ** 2;
      if (size > most) [most, best] = [size, column];
    }
    if (best < 0) continue;
    if (taken[best]) return undefined;
    taken[best] = 1;
    permutation[row] = best;
    inside += most;
  }
  if (inside < (1 - HOPELESS ** 2) * energy(matrix)) return undefined;
  let free = 0;
  for (let row = 0; row < n; row++) {
    if (permutation[row] >= 0) continue;
    while (taken[free]) free++;
    taken[free] = 1;
    permutation[row] = free;
  }
  return PeelNode.fromSwaps(matrix, n, permutationSwaps(permutation));
}

/** The options of {@link peelMisfit}. */
export interface PeelMisfitOptions {
  /** Order of the samples, a power of two; 16, or n if that is less. */
  readonly size?: number;
  /** How many; 2. */
  readonly samples?: number;
  /** Seed of the choice of rows and columns; 0. */
  readonly seed?: number;
  /** Chooses an entry of the target that a sample must hold; uniform when absent. For sparse matrices. */
  readonly pick?: (random: Random) => readonly [row: number, column: number];
}

/**
 * A cheap test for a BB* product behind permuted rows and columns: the mean relative error of the peel of small
 * submatrices. Rows with equal low bits and columns with equal low bits of a BB* product are one again, of the smaller
 * order; other matrices give 0.1 and more. It takes milliseconds and sees the outer levels only.
 *
 * @param rows entry (i, j) of the matrix that is tested is entry (rows[i], columns[j]) of the target; none when absent
 * @returns from 0 to about 1
 */
export function peelMisfit(
  target: Target,
  rows?: ArrayLike<number>,
  columns?: ArrayLike<number>,
  options: PeelMisfitOptions = {},
): number {
  const { n, field, values } = target;
  const { samples = 2, seed = 0, pick } = options;
  const size = Math.min(n, options.size ?? 16);
  checkPowerOfTwo("test a matrix", n);
  if (n <= 4) return 0;
  const random = new Random(seed), step = n / size, complex = field === "complex";
  let sum = 0;
  for (let sample = 0; sample < samples; sample++) {
    const [row, column] = pick
      ? pick(random).map((index, k) => placeIn(k === 0 ? rows : columns, index) % step)
      : [Math.floor(random.uniform() * step), Math.floor(random.uniform() * step)];
    const matrix = new Float64Array(2 * size * size);
    let top = 0;
    for (let i = 0, o = 0; i < size; i++) {
      const from = i * step + row, r = rows ? rows[from] : from;
      for (let j = 0; j < size; j++, o += 2) {
        const to = j * step + column, at = n * r + (columns ? columns[to] : to);
        matrix[o] = complex ? values[2 * at] : values[at];
        matrix[o + 1] = complex ? values[2 * at + 1] : 0;
        top = Math.max(top, Math.abs(matrix[o]), Math.abs(matrix[o + 1]));
      }
    }
    if (top === 0) continue;
    for (let i = 0; i < matrix.length; i++) matrix[i] /= top;
    const building = PeelNode.build(matrix, size, random);
    let next = building.next();
    while (!next.done) next = building.next();
    sum += Math.min(1, squaredDistance(matrix, next.value.product) / energy(matrix));
  }
  return Math.sqrt(sum / samples);
}

/**
 * The operator of a fit: a butterfly of two blocks, in float32, of the fit's field (a real matrix with complex factors
 * makes a complex operator).
 */
export function peelOperator(fit: PeelFit): Operator {
  const { n, field, factors, strides, increasing, scalar } = fit;
  if (scalar !== undefined) return new Diagonal(Float32Array.from(scalar), field);
  const depth = log2(n), unit: Field = field;
  // The two blocks have a factor of each stride; the one in the middle is in the list once.
  const middle = depth - 1, identity = Butterfly.identity(n, { field: unit, increasing, blocks: 2 });
  const list = identity.factors.map((own, i) => {
    if (i === depth) return own;
    return Float32Array.from(factors[i < depth ? i : i - 1]);
  });
  if (strides[middle] !== identity.stride(middle)) {
    throw new RangeError("Cannot make an operator: wrong strides");
  }
  return new Butterfly(n, list, { field: unit, increasing, blocks: 2 });
}
