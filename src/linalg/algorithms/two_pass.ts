/**
 * f(A)·b by Lanczos in the memory of four vectors: the basis is made twice instead of being kept.
 *
 * @module
 */
import { product } from "./product.ts";
import type { LinearMap, Vector } from "../types.ts";
import { checkVectors, shapeOf, unitOf } from "./check.ts";
import { countOf, type IterationOptions, type IterationResult, toleranceOf, Watch } from "./iteration.ts";
import { evaluate } from "./matrix_functions.ts";
import { tridiagonalEigen } from "./tridiagonal.ts";
import { axpy, dot, norm, scale, type Unit } from "./vectors.ts";

/** f(A)·b, for one vector. */
export interface TwoPassResult extends IterationResult {
  /** The vector. */
  readonly x: Vector;
}

/**
 * f(A)·b for a Hermitian operator and one vector, with twice the products of {@link lanczosFunction} and memory that
 * does not depend on the number of steps. Without reorthogonalisation the basis loses its orthogonality; for
 * functions of the operator that costs steps and no accuracy (Druskin and Knizhnerman 1995).
 *
 * @throws RangeError if b has the wrong length, NaN comes up, or f is not finite at a Ritz value.
 */
export function twoPassFunction(
  map: LinearMap,
  f: (x: number) => number,
  b: Float64Array,
  options: IterationOptions = {},
): TwoPassResult {
  const what = `apply a function of a ${shapeOf(map)} Hermitian operator`, unit = unitOf(map), n = map.cols;
  checkVectors(what, "b", b, n, unit, 1);
  const tolerance = toleranceOf(what, options, 1e-12), watch = new Watch(what, options);
  const limit = countOf(what, "maxIterations", options.maxIterations, 2 * n + 200, 1);
  const size = norm(b), x = new Float64Array(b.length), alphas: number[] = [], betas: number[] = [];
  let y = new Float64Array(0), change = 1, agreed = 0, next = 4;
  if (size > 0) {
    recurrence(map, unit, n, b, (_, alpha, beta) => {
      watch.finite(alpha + beta);
      alphas.push(alpha);
      betas.push(beta);
      const steps = alphas.length, last = beta === 0 || steps === limit;
      if (!last && steps < next) {
        watch.step(change);
        return true;
      }
      // Comparing costs steps²: seldom, when there are many.
      next = steps + Math.max(4, Math.floor(steps / 8));
      const now = firstColumn(what, f, alphas, betas), total = norm(now);
      const moved = norm(now.map((v, i) => v - (y[i] ?? 0)));
      change = beta === 0 ? 0 : total === 0 ? moved : moved / total;
      y = now;
      watch.step(change);
      agreed = change <= tolerance ? agreed + 1 : 0;
      return !last && agreed < 2;
    });
    let j = 0;
    recurrence(map, unit, n, b, (v) => {
      axpy(unit, n, [size * y[j], 0], v, 0, x, 0);
      return ++j < y.length;
    });
  } else change = 0;
  const converged = change <= tolerance, iterations = watch.history.length;
  const reason = converged
    ? "the last steps changed nothing beyond the tolerance"
    : `no convergence in ${limit} steps`;
  return { x, converged, iterations, residual: change, history: watch.history, reason };
}

/** Lanczos' three terms, the same numbers each time; `visit` sees every vector and says whether to go on. */
export function recurrence(
  map: LinearMap,
  unit: Unit,
  n: number,
  b: Float64Array,
  visit: (v: Vector, alpha: number, beta: number) => boolean,
): void {
  let v: Vector = new Float64Array(b), before: Vector = new Float64Array(b.length), beta = 0, largest = 0;
  scale(unit, n, [1 / norm(b), 0], v, 0);
  for (;;) {
    const w = product(map, v);
    if (beta > 0) axpy(unit, n, [-beta, 0], before, 0, w, 0);
    const [alpha] = dot(unit, n, v, 0, w, 0);
    axpy(unit, n, [-alpha, 0], v, 0, w, 0);
    beta = norm(w);
    largest = Math.max(largest, Math.abs(alpha), beta);
    if (beta <= 1e-15 * largest) beta = 0;
    if (!visit(v, alpha, beta) || beta === 0) return;
    scale(unit, n, [1 / beta, 0], w, 0);
    before = v;
    v = w;
  }
}

/** f(T)·e₁. */
function firstColumn(
  what: string,
  f: (x: number) => number,
  alphas: readonly number[],
  betas: readonly number[],
): Vector {
  const m = alphas.length, diagonal = Float64Array.from(alphas), vectors = new Float64Array(m * m);
  for (let i = 0; i < m; i++) vectors[i * (m + 1)] = 1;
  tridiagonalEigen(diagonal, Float64Array.from(betas), vectors, m);
  const y = new Float64Array(m);
  for (let k = 0; k < m; k++) {
    const w = evaluate(what, f, diagonal[k], 0)[0] * vectors[k * m];
    for (let i = 0; i < m; i++) y[i] += w * vectors[k * m + i];
  }
  return y;
}
