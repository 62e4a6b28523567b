/**
 * GMRES.
 *
 * @module
 */
import { product } from "./product.ts";
import type { LinearMap, Vector } from "../types.ts";
import { project } from "./block.ts";
import {
  checkSystem,
  countOf,
  eachSide,
  residualOf,
  solved,
  type SolveOptions,
  type SolveResult,
  type System,
} from "./iteration.ts";
import { axpy, divide, entry, norm, type Scalar, scale, times } from "./vectors.ts";

/** Options of {@link gmres}. */
export interface GMRESOptions extends SolveOptions {
  /** Vectors that are kept before it starts anew; 50 if not given, and never more than n. */
  readonly restart?: number;
}

/**
 * Solves A·x = b for any square operator by GMRES with restarts (Saad and Schultz 1986), preconditioned from the
 * right, so that the residual is that of the system itself. Several right sides are solved one by one.
 *
 * It has converged when ‖b − A·x‖ ≤ tolerance·‖b‖ (1e-10 if not given), calculated anew in the end.
 *
 * @throws RangeError if shapes do not meet, b is not finite, or NaN comes up.
 */
export function gmres(map: LinearMap, b: Float64Array, options: GMRESOptions = {}): SolveResult {
  const what = "solve by GMRES";
  const system = checkSystem(what, map, b, options, (n) => 10 * n + 100);
  if (system.count !== 1) {
    return eachSide(system, b, options, (side, rest) => gmres(map, side, rest));
  }
  const { n, tolerance, maxIterations, watch } = system;
  const size = norm(b), x: Vector = options.x0 ? new Float64Array(options.x0) : new Float64Array(b.length);
  if (size === 0) {
    return { x: x.fill(0), converged: true, iterations: 0, residual: 0, history: [], reason: "b is zero" };
  }
  const restart = Math.min(n, countOf(what, "restart", options.restart, 50, 1));
  let r = options.x0 ? residualOf(map, b, x) : new Float64Array(b), stuck = 0, stopped = "";
  for (let left = norm(r);;) {
    watch.finite(left);
    if (left <= tolerance * size || watch.history.length >= maxIterations) break;
    const said = cycle(system, map, r, x, size, restart, options.preconditioner);
    r = residualOf(map, b, x);
    const now = norm(r);
    // A cycle may gain nothing once; not three times.
    stuck = now > 0.999 * left ? stuck + 1 : 0;
    left = now;
    if (said !== "" && left > tolerance * size) stopped = said;
    if (stuck >= 3) {
      stopped =
        `the residual stays at ${(left / size).toExponential(1)} from restart to restart: the operator is ` +
        `singular, or more vectors must be kept`;
    }
    if (stopped) break;
  }
  return solved(map, b, x, system, stopped);
}

/** One cycle; changes x. Gives why nothing more can be gained, or "". */
function cycle(
  { unit, n, tolerance, maxIterations, watch }: System,
  map: LinearMap,
  r: Vector,
  x: Vector,
  size: number,
  restart: number,
  M?: LinearMap,
): string {
  const length = n * unit, basis = new Float64Array((restart + 1) * length);
  const columns: Vector[] = [], turns: { c: number; s: Scalar }[] = [];
  const g = new Float64Array((restart + 1) * unit);
  g[0] = norm(r);
  basis.set(r);
  scale(unit, n, [1 / g[0], 0], basis, 0);
  let k = 0, said = "";
  while (k < restart && watch.history.length < maxIterations) {
    const v = basis.subarray(k * length, (k + 1) * length);
    const w = product(map, M ? product(M, v) : v), h = new Float64Array((k + 2) * unit), before = norm(w);
    watch.finite(before);
    project(unit, n, basis, k + 1, w, 0, h);
    const rest = norm(w), breakdown = !(rest > 1e-14 * before);
    h[(k + 1) * unit] = breakdown ? 0 : rest;
    if (!breakdown) {
      basis.set(w, (k + 1) * length);
      scale(unit, n, [1 / rest, 0], basis, (k + 1) * length);
    }
    turns.forEach((turn, i) => apply(unit, turn, h, i));
    const turn = rotation(entry(unit, h, k), h[(k + 1) * unit]);
    if (turn.size <= 1e-15 * before) {
      // The new column is dependent: A maps the space into less than itself.
      said = "the operator is singular on the space that b spans";
      watch.step(norm(g, k * unit, unit) / size);
      break;
    }
    apply(unit, turn, h, k);
    apply(unit, turn, g, k);
    turns.push(turn);
    columns.push(h);
    k++;
    const residual = norm(g, k * unit, unit) / size;
    watch.step(residual);
    if (residual <= tolerance || breakdown) break;
  }
  combine(unit, n, k, columns, g, basis, x, M);
  return said;
}

/** x += M·V·y, R·y = g. */
function combine(
  unit: 1 | 2,
  n: number,
  k: number,
  columns: readonly Vector[],
  g: Vector,
  basis: Vector,
  x: Vector,
  M?: LinearMap,
): void {
  const y = g.slice(0, k * unit), sum = new Float64Array(n * unit);
  for (let j = k - 1; j >= 0; j--) {
    const value = divide(entry(unit, y, j), entry(unit, columns[j], j));
    axpy(unit, j, [-value[0], -value[1]], columns[j], 0, y, 0);
    axpy(unit, n, value, basis, j * n * unit, sum, 0);
  }
  const step = M ? product(M, sum) : sum;
  for (let i = 0; i < x.length; i++) x[i] += step[i];
}

/** The rotation [c, s; −s̄, c] that takes (a, b), b real, to (·, 0). */
function rotation([re, im]: Scalar, b: number): { c: number; s: Scalar; size: number } {
  const a = Math.hypot(re, im), size = Math.hypot(a, b);
  if (size === 0) return { c: 1, s: [0, 0], size };
  if (a === 0) return { c: 0, s: [1, 0], size };
  return { c: a / size, s: [(re / a) * (b / size), (im / a) * (b / size)], size };
}

/** Rotates the entries i and i + 1. */
function apply(unit: 1 | 2, { c, s }: { c: number; s: Scalar }, h: Vector, i: number): void {
  const x = entry(unit, h, i), y = entry(unit, h, i + 1);
  const sy = times(s, y), sx = times([s[0], -s[1]], x);
  h[i * unit] = c * x[0] + sy[0];
  h[(i + 1) * unit] = c * y[0] - sx[0];
  if (unit === 1) return;
  h[2 * i + 1] = c * x[1] + sy[1];
  h[2 * i + 3] = c * y[1] - sx[1];
}
