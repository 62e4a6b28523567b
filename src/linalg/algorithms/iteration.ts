/**
 * What all iterations share: their options, what they report, and how they refuse.
 *
 * @module
 */
import { product } from "./product.ts";
import type { LinearMap, Vector } from "../types.ts";
import { checkSquare, checkVectors, shapeOf, unitOf } from "./check.ts";
import { norm, type Unit } from "./vectors.ts";

/** How far an iteration has come. */
export interface IterationProgress {
  /** Counts products with the operator, or blocks of them. */
  readonly iteration: number;
  /** What must fall below the tolerance; relative. */
  readonly residual: number;
}

/** Options of everything that iterates. */
export interface IterationOptions {
  /** What the residual must fall below, relative; each function says of what. */
  readonly tolerance?: number;
  /** Iterations at most. */
  readonly maxIterations?: number;
  /** Seed of everything random; 0 if not given. */
  readonly seed?: number;
  /**
   * Stops between two iterations, by throwing its reason. The work is synchronous: a timer cannot abort it, but
   * `onProgress` can.
   */
  readonly signal?: AbortSignal;
  /** Called after every iteration. */
  readonly onProgress?: (progress: IterationProgress) => void;
}

/** Options of solvers. */
export interface SolveOptions extends IterationOptions {
  /** An approximation of A⁻¹ that is cheap to apply; where the solver is for Hermitian operators, positive definite. */
  readonly preconditioner?: LinearMap;
  /** Where to begin; zeros if not given. */
  readonly x0?: Float64Array;
}

/** How an iteration ended. */
export interface IterationResult {
  /** Whether the tolerance was met. A result that is not converged is the best there is, and no answer. */
  readonly converged: boolean;
  /** How many iterations were done. */
  readonly iterations: number;
  /** The largest relative residual in the end, calculated anew from the result. */
  readonly residual: number;
  /** The relative residual after every iteration, as the iteration knows it. */
  readonly history: readonly number[];
  /** Why it ended, in words. */
  readonly reason: string;
}

/** Solutions, one after another as the right sides were. */
export interface SolveResult extends IterationResult {
  /** One solution for each right side. */
  readonly x: Vector;
}

/** Counts, reports, listens to the signal, and stops on NaN. */
export class Watch {
  readonly history: number[] = [];
  readonly #what: string;
  readonly #options: IterationOptions;

  constructor(what: string, options: IterationOptions) {
    this.#what = what;
    this.#options = options;
    options.signal?.throwIfAborted();
  }

  /** To be called after every iteration. */
  step(residual: number): void {
    this.finite(residual);
    this.history.push(residual);
    this.#options.onProgress?.({ iteration: this.history.length, residual });
    this.#options.signal?.throwIfAborted();
  }

  /** Refuses NaN and infinities. */
  finite(value: number): void {
    if (value - value !== 0) {
      throw new RangeError(
        `Cannot ${this.#what}: a number became ${value} in iteration ${this.history.length + 1}; ` +
          `the operator or the preconditioner gives what is not finite, or it overflowed`,
      );
    }
  }
}

/** A tolerance, checked. */
export function toleranceOf(what: string, { tolerance }: IterationOptions, usual: number): number {
  if (tolerance === undefined) return usual;
  if (!(tolerance >= 0 && tolerance < Infinity)) {
    throw new RangeError(`Cannot ${what}: tolerance must be 0 or more, got ${tolerance}`);
  }
  return tolerance;
}

/** A whole number among the options, checked. */
export function countOf(
  what: string,
  name: string,
  value: number | undefined,
  usual: number,
  least = 0,
): number {
  if (value === undefined) return usual;
  if (!Number.isInteger(value) || value < least) {
    throw new RangeError(`Cannot ${what}: ${name} must be a whole number of ${least} or more, got ${value}`);
  }
  return value;
}

/** A system, checked. */
export interface System {
  readonly unit: Unit;
  readonly n: number;
  /** How many right sides. */
  readonly count: number;
  readonly tolerance: number;
  readonly maxIterations: number;
  readonly watch: Watch;
}

/** Checks a square system and its options. */
export function checkSystem(
  what: string,
  map: LinearMap,
  b: Float64Array,
  options: SolveOptions,
  iterations: (n: number) => number,
): System {
  const n = checkSquare(what, map), unit = unitOf(map), count = checkVectors(what, "b", b, n, unit);
  if (options.x0) checkVectors(what, "x0", options.x0, n, unit, count);
  const { preconditioner: M } = options;
  if (M && (M.rows !== n || M.cols !== n || M.field !== map.field)) {
    throw new RangeError(
      `Cannot ${what}: the operator is ${shapeOf(map)} and ${map.field}, its preconditioner ${
        shapeOf(M)
      } and ${M.field}`,
    );
  }
  return {
    unit,
    n,
    count,
    tolerance: toleranceOf(what, options, 1e-10),
    maxIterations: countOf(what, "maxIterations", options.maxIterations, iterations(n)),
    watch: new Watch(what, options),
  };
}

/** b − A·x. */
export function residualOf(map: LinearMap, b: Float64Array, x: Float64Array): Vector {
  const ax = product(map, x);
  for (let i = 0; i < ax.length; i++) ax[i] = b[i] - ax[i];
  return ax;
}

/** The norms of `count` vectors. */
export function normsOf(x: Float64Array, count: number): number[] {
  const length = x.length / count;
  return Array.from({ length: count }, (_, c) => norm(x, c * length, length));
}

/** The largest of ‖r‖/‖b‖; of vectors b that are zero it is ‖r‖ itself. */
export function largestRatio(r: readonly number[], b: readonly number[]): number {
  return r.reduce((most, size, c) => Math.max(most, b[c] === 0 ? size : size / b[c]), 0);
}

/**
 * Solves for one right side that is brought near 1 by a power of two if it is so large or small that inner products
 * would over- or underflow; undefined if there is no need.
 */
export function tamedSide(
  b: Float64Array,
  options: SolveOptions,
  solve: (b: Float64Array, options: SolveOptions) => SolveResult,
): SolveResult | undefined {
  const size = norm(b);
  if (size === 0 || (size > 2 ** -300 && size < 2 ** 300)) return undefined;
  const factor = 2 ** Math.max(-1000, Math.min(1000, -Math.round(Math.log2(size))));
  const scaled = (x: Float64Array, by: number): Vector => Float64Array.from(x, (value) => value * by);
  const x0 = options.x0 && { x0: scaled(options.x0, factor) };
  const result = solve(scaled(b, factor), { ...options, ...x0 });
  return { ...result, x: scaled(result.x, 1 / factor) };
}

/** Solves for every right side by itself, and puts the results together. */
export function eachSide(
  system: System,
  b: Float64Array,
  options: SolveOptions,
  solve: (b: Float64Array, options: SolveOptions) => SolveResult,
): SolveResult {
  const length = system.n * system.unit, x = new Float64Array(b.length), results: SolveResult[] = [];
  for (let c = 0; c < system.count; c++) {
    const from = c * length, x0 = options.x0?.subarray(from, from + length);
    const result = solve(b.subarray(from, from + length), { ...options, ...(x0 ? { x0 } : {}) });
    x.set(result.x, from);
    results.push(result);
  }
  if (results.length === 0) {
    return { x, converged: true, iterations: 0, residual: 0, history: [], reason: "there is no right side" };
  }
  const worst = results.find((result) => !result.converged) ?? results[0];
  return {
    x,
    converged: worst.converged,
    iterations: results.reduce((sum, { iterations }) => sum + iterations, 0),
    residual: results.reduce((most, { residual }) => Math.max(most, residual), 0),
    history: results.flatMap(({ history }) => history),
    reason: worst.reason,
  };
}

/** The result of a solver, with the residual calculated anew. */
export function solved(
  map: LinearMap,
  b: Float64Array,
  x: Vector,
  { count, tolerance, watch, maxIterations }: System,
  stopped = "",
): SolveResult {
  const residual = largestRatio(normsOf(residualOf(map, b, x), count), normsOf(b, count));
  watch.finite(residual);
  const converged = residual <= tolerance, { history } = watch;
  const reason = converged ? `the residual ${residual.toExponential(1)} is within the tolerance` : stopped ||
    `no convergence in ${maxIterations} iterations, the residual is ${residual.toExponential(1)}`;
  return { x, converged, iterations: history.length, residual, history, reason };
}
