/**
 * The 2-norm and the condition of an operator.
 *
 * @module
 */
import { adjointProduct, product } from "./product.ts";
import type { LinearMap, Vector } from "../types.ts";
import { project } from "./block.ts";
import { randomVector, shapeOf, unitOf } from "./check.ts";
import { countOf, type IterationOptions, type IterationResult, toleranceOf, Watch } from "./iteration.ts";
import { matrixOf } from "./matrix.ts";
import { svd } from "./svd.ts";
import { norm, scale } from "./vectors.ts";
import { Random } from "../../program/random.ts";

/** An estimate of ‖A‖₂ from below. */
export interface NormResult extends IterationResult {
  /** The largest ‖A·x‖ / ‖x‖ that was met. */
  readonly value: number;
}

/**
 * The 2-norm of an operator of any shape, by power iteration on AᴴA. An estimate from below; it has converged when the
 * last step raised it by no more than the tolerance (1e-6 if not given), relative, which says little about how far it
 * is from the norm where singular values lie close together.
 *
 * @throws RangeError if NaN comes up.
 */
export function powerNorm(map: LinearMap, options: IterationOptions = {}): NormResult {
  const what = `estimate the norm of a ${shapeOf(map)} operator`, watch = new Watch(what, options);
  const tolerance = toleranceOf(what, options, 1e-6);
  const limit = countOf(what, "maxIterations", options.maxIterations, 500, 1);
  let x = randomVector(map.cols * unitOf(map), new Random(options.seed ?? 0)), value = 0, change = 1;
  scale(1, x.length, [1 / norm(x), 0], x, 0);
  while (watch.history.length < limit) {
    const y = product(map, x), now = norm(y);
    watch.finite(now);
    change = now === 0 ? 0 : Math.abs(now - value) / now;
    value = Math.max(value, now);
    watch.step(change);
    if (change <= tolerance) break;
    x = adjointProduct(map, y);
    const size = norm(x);
    watch.finite(size);
    if (size === 0) break;
    scale(1, x.length, [1 / size, 0], x, 0);
  }
  const converged = change <= tolerance, iterations = watch.history.length;
  const reason = converged
    ? "the last step changed less than the tolerance"
    : `no convergence in ${limit} iterations`;
  return { value, converged, iterations, residual: change, history: watch.history, reason };
}

/** Bounds of the extreme singular values. */
export interface ConditionEstimate {
  /** largest / smallest; a lower bound of the condition, unless `exact`. ∞ if the operator is singular. */
  readonly condition: number;
  /** A lower bound of the largest singular value, nearly always a good one. */
  readonly largest: number;
  /** An upper bound of the smallest singular value (of min(rows, cols)). */
  readonly smallest: number;
  /** The bidiagonalisation went to its end: both are exact but for rounding. */
  readonly exact: boolean;
  /** Steps of the bidiagonalisation. */
  readonly iterations: number;
}

/**
 * The 2-norm condition of an operator of any shape, by the bidiagonalisation of Golub and Kahan with full
 * reorthogonalisation. After fewer steps than min(rows, cols) it is a lower bound; `maxIterations` is 100 if not
 * given, and as many vectors are kept.
 *
 * @throws RangeError if NaN comes up.
 */
export function conditionEstimate(map: LinearMap, options: IterationOptions = {}): ConditionEstimate {
  const what = `estimate the condition of a ${shapeOf(map)} operator`, unit = unitOf(map);
  if (map.rows < map.cols) {
    const { rows, cols, field } = map,
      { apply, applyAdjoint } = {
        apply: (x: Float64Array, out?: Vector) => map.applyAdjoint(x, out),
        applyAdjoint: (x: Float64Array, out?: Vector) => map.apply(x, out),
      };
    return conditionEstimate({ rows: cols, cols: rows, field, apply, applyAdjoint }, options);
  }
  const { rows: m, cols: n } = map, watch = new Watch(what, options), random = new Random(options.seed ?? 0);
  const limit = Math.min(n, countOf(what, "maxIterations", options.maxIterations, 100, 1));
  const left = new Float64Array(limit * m * unit), right = new Float64Array(limit * n * unit);
  const alphas: number[] = [], betas: number[] = [];
  let v: Vector = randomVector(n * unit, random), singular = false;
  scale(unit, n, [1 / norm(v), 0], v, 0);
  for (let k = 0; k < limit; k++) {
    right.set(v, k * n * unit);
    const u = product(map, v), before = norm(u);
    watch.finite(before);
    project(unit, m, left, k, u);
    const alpha = norm(u);
    alphas.push(alpha > 1e-15 * before ? alpha : 0);
    // A·v lies in what is there already (or is zero): the columns are dependent.
    singular = alphas[k] === 0;
    watch.step(alpha);
    if (k === limit - 1 || singular) break;
    scale(unit, m, [1 / alpha, 0], u, 0);
    left.set(u, k * m * unit);
    v = adjointProduct(map, u);
    const size = norm(v);
    project(unit, n, right, k + 1, v);
    let beta = norm(v);
    if (!(beta > 1e-14 * size)) {
      // An invariant space; the rest of the spectrum is looked at from a new vector.
      beta = 0;
      v = randomVector(n * unit, random);
      project(unit, n, right, k + 1, v);
    }
    betas.push(beta);
    scale(unit, n, [1 / norm(v), 0], v, 0);
    project(unit, n, right, k + 1, v);
  }
  const k = alphas.length, B = matrixOf(k, k, "real");
  for (let i = 0; i < k; i++) {
    B.values[i * (k + 1)] = alphas[i];
    if (i + 1 < k) B.values[i * (k + 1) + 1] = betas[i];
  }
  const { S } = svd(B), largest = S[0], smallest = singular ? 0 : S[k - 1];
  return {
    condition: smallest === 0 ? Infinity : largest / smallest,
    largest,
    smallest,
    exact: singular || k === n,
    iterations: k,
  };
}
