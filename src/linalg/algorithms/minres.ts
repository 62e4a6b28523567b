/**
 * MINRES.
 *
 * @module
 */
import { product } from "./product.ts";
import type { LinearMap, Vector } from "../types.ts";
import { probeHermitian } from "./check.ts";
import type { CGOptions } from "./cg.ts";
import {
  checkSystem,
  eachSide,
  residualOf,
  solved,
  type SolveResult,
  type System,
  tamedSide,
} from "./iteration.ts";
import { dot, norm } from "./vectors.ts";

/** How often the iteration starts anew when its own residual and the true one have drifted apart. */
const RESTARTS = 4;

/**
 * Solves A·x = b for a Hermitian operator, which may be indefinite, by MINRES (Paige and Saunders 1975); the
 * preconditioner must be positive definite. Several right sides are solved one by one. Of a singular system that has
 * solutions it finds one.
 *
 * It has converged when ‖b − A·x‖ ≤ tolerance·‖b‖ (1e-10 if not given), calculated anew in the end.
 *
 * @throws RangeError if shapes do not meet, b is not finite, the operator is not Hermitian (as far as a probe shows),
 * the preconditioner is not positive definite, or NaN comes up.
 */
export function minres(map: LinearMap, b: Float64Array, options: CGOptions = {}): SolveResult {
  const what = "solve by MINRES";
  const system = checkSystem(what, map, b, options, (n) => 10 * n + 100);
  if ((options.probe ?? true) && b.some((value) => value !== 0)) probeHermitian(what, map, options.seed);
  if (system.count !== 1) {
    return eachSide(system, b, options, (side, rest) => minres(map, side, { ...rest, probe: false }));
  }
  const { tolerance, maxIterations, watch } = system, size = norm(b);
  const x: Vector = options.x0 ? new Float64Array(options.x0) : new Float64Array(b.length);
  if (size === 0) {
    return { x: x.fill(0), converged: true, iterations: 0, residual: 0, history: [], reason: "b is zero" };
  }
  const tamed = tamedSide(b, options, (side, rest) => minres(map, side, { ...rest, probe: false }));
  if (tamed) return tamed;
  let stopped = "", before = Infinity;
  for (let start = 0;; start++) {
    const r = residualOf(map, b, x), left = norm(r);
    watch.finite(left);
    if (left <= tolerance * size || watch.history.length >= maxIterations) break;
    if (start > RESTARTS || left > 0.9 * before) {
      stopped =
        `the residual stays at ${(left / size).toExponential(1)}: the operator is singular and b is ` +
        `not in its range, or rounding keeps it there`;
      break;
    }
    before = left;
    cycle(system, map, r, x, size, options.preconditioner);
  }
  return solved(map, b, x, system, stopped);
}

/** Runs until the estimate of the residual is small, or nothing more is gained. */
function cycle(
  { unit, n, tolerance, maxIterations, watch }: System,
  map: LinearMap,
  r: Vector,
  x: Vector,
  size: number,
  M?: LinearMap,
): void {
  const length = n * unit, precondition = (v: Vector): Vector => M ? product(M, v) : new Float64Array(v);
  let r1 = new Float64Array(r), r2 = new Float64Array(r), y = precondition(r);
  const beta1 = root(dot(unit, n, r, 0, y, 0)[0], watch.finite.bind(watch));
  if (beta1 === 0) return;
  let w = new Float64Array(length), w2 = new Float64Array(length);
  let old = 0, beta = beta1, dbar = 0, epsilon = 0, phibar = beta1, cs = -1, sn = 0, norm2 = 0;
  const scaleBack = norm(r) / beta1;
  while (watch.history.length < maxIterations) {
    const v = y.map((value) => value / beta) as Vector;
    y = product(map, v);
    if (old !== 0) { for (let i = 0; i < length; i++) y[i] -= (beta / old) * r1[i]; }
    const alpha = dot(unit, n, v, 0, y, 0)[0];
    watch.finite(alpha);
    for (let i = 0; i < length; i++) y[i] -= (alpha / beta) * r2[i];
    r1 = r2;
    r2 = y;
    y = precondition(r2);
    old = beta;
    beta = root(dot(unit, n, r2, 0, y, 0)[0], watch.finite.bind(watch));
    norm2 += alpha * alpha + old * old + beta * beta;
    const before = epsilon, delta = cs * dbar + sn * alpha, gbar = sn * dbar - cs * alpha;
    epsilon = sn * beta;
    dbar = -cs * beta;
    const scale = Math.sqrt(norm2), gamma = Math.max(Math.hypot(gbar, beta), 2 ** -52 * scale);
    // On a singular operator the last step would go to infinity along its null space.
    const end = Math.hypot(gbar, beta) <= 1e-14 * scale;
    cs = gbar / gamma;
    sn = beta / gamma;
    const phi = cs * phibar;
    phibar *= sn;
    if (!end) {
      const w1 = w2;
      w2 = w;
      w = new Float64Array(length);
      for (let i = 0; i < length; i++) {
        w[i] = (v[i] - before * w1[i] - delta * w2[i]) / gamma;
        x[i] += phi * w[i];
      }
    }
    const residual = (Math.abs(phibar) * scaleBack) / size;
    watch.step(residual);
    if (end || residual <= tolerance || beta <= 1e-15 * scale) return;
    // ‖A·r‖ is as good as zero: a least-squares solution, no more can be had.
    if (Math.hypot(gbar, dbar) <= 1e-15 * scale) return;
  }
}

function root(square: number, finite: (value: number) => void): number {
  finite(square);
  if (square < 0) {
    throw new RangeError(
      `Cannot solve by MINRES: the preconditioner is not positive definite, rᴴMr is ${square}`,
    );
  }
  return Math.sqrt(square);
}
