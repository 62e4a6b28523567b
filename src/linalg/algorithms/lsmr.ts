/**
 * LSMR.
 *
 * @module
 */
import { adjointProduct, product } from "./product.ts";
import type { LinearMap, Vector } from "../types.ts";
import { checkVectors, shapeOf, unitOf } from "./check.ts";
import {
  countOf,
  type IterationOptions,
  residualOf,
  type SolveResult,
  toleranceOf,
  Watch,
} from "./iteration.ts";
import { norm } from "./vectors.ts";

/** Options of {@link lsmr}. */
export interface LSMROptions extends IterationOptions {
  /** λ: minimise ‖A·x − b‖² + λ²·‖x‖². The damping belongs to AᴴA, as λ². 0 if not given. */
  readonly damping?: number;
  /** Where to begin; the damping is then on the distance from there. Zeros if not given. */
  readonly x0?: Float64Array;
}

/** Why and how LSMR ended. */
export interface LSMRResult extends SolveResult {
  /** ‖b − A·x‖ / ‖b‖, which need not become small where there is no solution; the largest of all right sides. */
  readonly misfit: number;
}

/**
 * The least-squares solution of A·x = b for operators of any shape and rank by LSMR (Fong and Saunders 2011): the x
 * of the smallest norm among those with the smallest ‖A·x − b‖, which is A⁺·b. Several right sides are solved one by
 * one. It never forms AᴴA.
 *
 * It has converged when the gradient is small, ‖Aᴴr − λ²x‖ ≤ tolerance·‖A‖·‖r‖, or the misfit itself is, ‖r‖ ≤
 * tolerance·‖b‖ (1e-10 if not given); the smaller of both ratios is `residual`. The norm of A is estimated on the way
 * (from above, in the Frobenius norm of what was seen of it).
 *
 * @throws RangeError if lengths do not meet, b is not finite, or NaN comes up.
 */
export function lsmr(map: LinearMap, b: Float64Array, options: LSMROptions = {}): LSMRResult {
  const what = `solve least squares with a ${shapeOf(map)} operator`, unit = unitOf(map);
  const count = checkVectors(what, "b", b, map.rows, unit), length = map.cols * unit;
  if (options.x0) checkVectors(what, "x0", options.x0, map.cols, unit, count);
  const { damping = 0 } = options;
  if (!(damping >= 0 && damping < Infinity)) {
    throw new RangeError(`Cannot ${what}: damping must be 0 or more, got ${damping}`);
  }
  const tolerance = toleranceOf(what, options, 1e-10);
  const usual = 10 * Math.max(map.rows, map.cols) + 100;
  const maxIterations = countOf(what, "maxIterations", options.maxIterations, usual);
  const watch = new Watch(what, options), x = new Float64Array(count * length);
  let residual = 0, misfit = 0, converged = true;
  for (let c = 0; c < count; c++) {
    const side = new Float64Array(b.subarray(c * map.rows * unit, (c + 1) * map.rows * unit)),
      size = norm(side);
    if (size === 0) continue;
    const x0 = options.x0?.subarray(c * length, (c + 1) * length);
    const limit = watch.history.length + maxIterations;
    const one = oneSide(map, side, x0, { damping, tolerance, limit, watch });
    x.set(one.x, c * length);
    residual = Math.max(residual, one.residual);
    misfit = Math.max(misfit, one.misfit);
    converged &&= one.residual <= tolerance;
  }
  const reason = converged
    ? `the gradient or the misfit is within the tolerance (${residual.toExponential(1)})`
    : `no convergence in ${maxIterations} iterations, the relative gradient is ${residual.toExponential(1)}`;
  return { x, converged, iterations: watch.history.length, residual, history: watch.history, reason, misfit };
}

interface Task {
  readonly damping: number;
  readonly tolerance: number;
  readonly limit: number;
  readonly watch: Watch;
}

/** Runs at most. */
const RUNS = 5;

/** One right side. */
function oneSide(
  map: LinearMap,
  b: Vector,
  x0: Float64Array | undefined,
  { damping, tolerance, limit, watch }: Task,
): { x: Vector; residual: number; misfit: number } {
  const size = norm(b), start = x0 ? new Float64Array(x0) : new Float64Array(map.cols * unitOf(map));
  const x = start.slice();
  let seen = 0;
  // What the run believes is compared with the truth after it; rounding may ask for another run.
  for (let run = 0;; run++) {
    const r = residualOf(map, b, x), gradient = adjointProduct(map, r);
    for (let i = 0; i < x.length; i++) gradient[i] -= damping * damping * (x[i] - start[i]);
    const steepness = norm(gradient), misfit = norm(r) / size;
    watch.finite(steepness);
    const all = Math.hypot(norm(r), damping * distance(x, start));
    const steep = steepness === 0 ? 0 : seen === 0 ? 1 : steepness / (seen * all);
    const residual = damping === 0 ? Math.min(steep, misfit) : steep;
    if (residual <= tolerance || run === RUNS || watch.history.length >= limit) {
      return { x, residual, misfit };
    }
    // Half the tolerance, so that what the run believes and the truth need not agree to the last digit.
    const task = { damping, tolerance: tolerance / 2, limit, watch };
    seen = Math.max(seen, bidiagonalise(map, r, x, start, size, task));
  }
}

function distance(x: Vector, y: Vector): number {
  return norm(x.map((v, i) => v - y[i]));
}

/** One run of LSMR on A·d = r; adds d to x, and gives the estimate of ‖A‖. In the names of the paper. */
function bidiagonalise(
  map: LinearMap,
  r: Vector,
  x: Vector,
  start: Vector,
  size: number,
  { damping, tolerance, limit, watch }: Task,
): number {
  // A later run with damping must pull to `start`, not to where it is now: rows λ·I with right side −λ(x − start).
  const lower = damping > 0 ? x.map((v, i) => -damping * (v - start[i])) : undefined;
  const extra = lower !== undefined && norm(lower) > 0;
  const lambda = extra ? 0 : damping;
  const forward = (
    v: Vector,
  ): [Vector, Vector?] => [product(map, v), extra ? v.map((w) => damping * w) : undefined];
  const adjoint = ([u, w]: [Vector, Vector?]): Vector => {
    const out = adjointProduct(map, u);
    if (w) { for (let i = 0; i < out.length; i++) out[i] += damping * w[i]; }
    return out;
  };
  const size2 = ([u, w]: [Vector, Vector?]): number => Math.hypot(norm(u), w ? norm(w) : 0);
  const shrink = (u: Vector, by: number): void => {
    for (let i = 0; i < u.length; i++) u[i] /= by;
  };
  const shrinkAll = (pair: [Vector, Vector?], by: number): void => pair.forEach((u) => u && shrink(u, by));
  let u: [Vector, Vector?] = [new Float64Array(r), extra ? lower : undefined];
  let beta = size2(u);
  shrinkAll(u, beta);
  let v = adjoint(u), alpha = norm(v);
  if (alpha === 0) return 0;
  shrink(v, alpha);
  const h = new Float64Array(v), hbar = new Float64Array(v.length);
  let zetabar = alpha * beta, alphabar = alpha, rho = 1, rhobar = 1, cbar = 1, sbar = 0;
  let betadd = beta, betad = 0, rhodold = 1, tautildeold = 0, thetatilde = 0, zeta = 0, d = 0;
  let normA2 = alpha * alpha;
  while (watch.history.length < limit) {
    const av = forward(v);
    for (const [k, part] of av.entries()) {
      const old = u[k];
      if (part && old) { for (let i = 0; i < part.length; i++) part[i] -= alpha * old[i]; }
    }
    u = av;
    beta = size2(u);
    watch.finite(beta);
    if (beta > 0) {
      shrinkAll(u, beta);
      const next = adjoint(u);
      for (let i = 0; i < next.length; i++) next[i] -= beta * v[i];
      v = next;
      alpha = norm(v);
      if (alpha > 0) shrink(v, alpha);
    } else alpha = 0;
    const alphahat = Math.hypot(alphabar, lambda), chat = alphabar / alphahat, shat = lambda / alphahat;
    const rhoold = rho;
    rho = Math.hypot(alphahat, beta);
    const c = alphahat / rho, s = beta / rho, thetanew = s * alpha;
    alphabar = c * alpha;
    const rhobarold = rhobar, zetaold = zeta, thetabar = sbar * rho, rhotemp = cbar * rho;
    rhobar = Math.hypot(rhotemp, thetanew);
    cbar = rhotemp / rhobar;
    sbar = thetanew / rhobar;
    zeta = cbar * zetabar;
    zetabar = -sbar * zetabar;
    const back = (thetabar * rho) / (rhoold * rhobarold), along = zeta / (rho * rhobar);
    for (let i = 0; i < h.length; i++) {
      hbar[i] = h[i] - back * hbar[i];
      x[i] += along * hbar[i];
      h[i] = v[i] - (thetanew / rho) * h[i];
    }
    // An estimate of ‖r‖, section 3.2 of the paper.
    const betaacute = chat * betadd, betacheck = -shat * betadd, betahat = c * betaacute;
    betadd = -s * betaacute;
    const thetatildeold = thetatilde, rhotildeold = Math.hypot(rhodold, thetabar);
    const ctildeold = rhodold / rhotildeold, stildeold = thetabar / rhotildeold;
    thetatilde = stildeold * rhobar;
    rhodold = ctildeold * rhobar;
    betad = -stildeold * betad + ctildeold * betahat;
    tautildeold = (zetaold - thetatildeold * tautildeold) / rhotildeold;
    const taud = (zeta - thetatilde * tautildeold) / rhodold;
    d += betacheck * betacheck;
    const rest = Math.sqrt(d + (betad - taud) ** 2 + betadd * betadd);
    normA2 += beta * beta;
    const normA = Math.sqrt(normA2);
    normA2 += alpha * alpha;
    const steep = rest === 0 ? 0 : Math.abs(zetabar) / (normA * rest), misfit = rest / size;
    const ratio = damping === 0 ? Math.min(steep, misfit) : steep;
    watch.step(ratio);
    if (ratio <= tolerance || alpha === 0 || Math.abs(zetabar) === 0) break;
  }
  return Math.sqrt(normA2);
}
