/**
 * The 1-norm of a matrix that is only there as products, estimated: of an inverse, mostly.
 *
 * @module
 */
import type { Vector } from "../types.ts";
import { norm, type Unit } from "./vectors.ts";

/** Products with one vector, in place or not. */
export type Product = (x: Vector) => Vector;

/** Steps at most; two or three are usual. */
const STEPS = 6;

/**
 * A lower bound of ‖B‖₁ that is seldom off by more than a factor 3, from a few products with B and Bᴴ (Hager 1984;
 * Higham 1988, with his alternating vector against unlucky cancellation).
 */
export function estimateNorm1(unit: Unit, n: number, times: Product, adjointTimes: Product): number {
  if (n === 0) return 0;
  let x: Vector = new Float64Array(n * unit);
  for (let i = 0; i < n; i++) x[i * unit] = 1 / n;
  let estimate = 0, last = -1;
  for (let step = 0; step < STEPS; step++) {
    const y = times(x), size = sum(unit, y);
    if (!(size < Infinity)) return Infinity;
    if (step > 0 && size <= estimate) break;
    estimate = size;
    const z = adjointTimes(signs(unit, y));
    let best = 0, most = -1;
    for (let i = 0; i < n; i++) {
      const s = norm(z, i * unit, unit);
      if (s > most) [best, most] = [i, s];
    }
    if (best === last) break;
    last = best;
    x = new Float64Array(n * unit);
    x[best * unit] = 1;
  }
  const w = new Float64Array(n * unit);
  for (let i = 0; i < n; i++) w[i * unit] = (i % 2 === 0 ? 1 : -1) * (1 + (n > 1 ? i / (n - 1) : 0));
  return Math.max(estimate, (2 * sum(unit, times(w))) / (3 * n));
}

/** Σ|x|. */
function sum(unit: Unit, x: Vector): number {
  let total = 0;
  for (let i = 0; i < x.length; i += unit) total += unit === 1 ? Math.abs(x[i]) : Math.hypot(x[i], x[i + 1]);
  return total;
}

/** Every entry divided by its size; 1 for 0. */
function signs(unit: Unit, x: Vector): Vector {
  const out = new Float64Array(x.length);
  for (let i = 0; i < x.length; i += unit) {
    const size = norm(x, i, unit);
    out[i] = size === 0 ? 1 : x[i] / size;
    if (unit === 2) out[i + 1] = size === 0 ? 0 : x[i + 1] / size;
  }
  return out;
}
