/**
 * Householder's reflections H = I − β·v·vᴴ, which are Hermitian and unitary and their own inverse.
 *
 * @module
 */
import { axpy, dot, norm, type Scalar, type Unit } from "./vectors.ts";

/** What became of the vector that a reflection was made for. */
export interface Reflection {
  /** β in I − β·v·vᴴ; 0 where nothing is to be done. */
  readonly beta: number;
  /** The only entry of H·x that is not zero. */
  readonly head: Scalar;
}

/**
 * Makes the reflection that leaves of a vector x only the entry number `pivot`, and writes its v over x. The head gets
 * the opposite phase of the entry, so that nothing cancels.
 */
export function reflection(unit: Unit, n: number, x: Float64Array, at: number, pivot = 0): Reflection {
  const p = at + pivot * unit, re = x[p], im = unit === 2 ? x[p + 1] : 0;
  const size = norm(x, at, n * unit), own = Math.hypot(re, im);
  let others = 0;
  for (let i = at; i < at + n * unit && others === 0; i++) if (i < p || i >= p + unit) others = x[i];
  if (others === 0) return { beta: 0, head: [re, im] };
  const phase: Scalar = own === 0 ? [1, 0] : [re / own, im / own];
  // v = x + phase·‖x‖·e, brought to norm √2 by its own size so that β is 1: ‖v‖² = 2‖x‖(‖x‖ + |x_p|).
  x[p] += phase[0] * size;
  if (unit === 2) x[p + 1] += phase[1] * size;
  const length = Math.sqrt(size) * Math.sqrt(size + own);
  for (let i = at; i < at + n * unit; i++) x[i] /= length;
  return { beta: 1, head: [-phase[0] * size, -phase[1] * size] };
}

/** y −= β·v·(vᴴy) for one vector y. */
export function reflect(
  unit: Unit,
  n: number,
  beta: number,
  v: Float64Array,
  vAt: number,
  y: Float64Array,
  yAt: number,
): void {
  if (beta === 0) return;
  const [re, im] = dot(unit, n, v, vAt, y, yAt);
  axpy(unit, n, [-beta * re, -beta * im], v, vAt, y, yAt);
}

/** y −= β·v·(vᴴy) for several vectors, the first at yAt, `step` numbers apart; four real ones read v together. */
export function reflectAll(
  unit: Unit,
  n: number,
  beta: number,
  v: Float64Array,
  vAt: number,
  y: Float64Array,
  yAt: number,
  count: number,
  step: number,
): void {
  if (beta === 0) return;
  let c = 0;
  for (; unit === 1 && c + 3 < count; c += 4) {
    const p = yAt + c * step, q = p + step, r = q + step, s = r + step;
    let a = 0, b = 0, d = 0, e = 0;
    for (let i = 0; i < n; i++) {
      const w = v[vAt + i];
      a += w * y[p + i];
      b += w * y[q + i];
      d += w * y[r + i];
      e += w * y[s + i];
    }
    a *= beta;
    b *= beta;
    d *= beta;
    e *= beta;
    for (let i = 0; i < n; i++) {
      const w = v[vAt + i];
      y[p + i] -= a * w;
      y[q + i] -= b * w;
      y[r + i] -= d * w;
      y[s + i] -= e * w;
    }
  }
  for (; c < count; c++) reflect(unit, n, beta, v, vAt, y, yAt + c * step);
}

/** A part of a row-major matrix. */
export interface Part {
  readonly values: Float64Array;
  /** Where its first number lies. */
  readonly at: number;
  readonly rows: number;
  readonly cols: number;
  /** Entries from row to row. */
  readonly step: number;
}

/** M = H·M, row by row; `work` has room for a row. */
export function reflectRows(
  unit: Unit,
  beta: number,
  v: Float64Array,
  vAt: number,
  { values, at, rows, cols, step }: Part,
  work: Float64Array,
): void {
  if (beta === 0) return;
  work.fill(0, 0, cols * unit);
  for (let i = 0; i < rows; i++) {
    const p = vAt + i * unit, w: Scalar = [v[p], unit === 2 ? -v[p + 1] : 0];
    axpy(unit, cols, w, values, at + i * step * unit, work, 0);
  }
  for (let i = 0; i < rows; i++) {
    const p = vAt + i * unit, w: Scalar = [-beta * v[p], unit === 2 ? -beta * v[p + 1] : 0];
    axpy(unit, cols, w, work, 0, values, at + i * step * unit);
  }
}

/** M = M·H, row by row: each row loses its part along vᴴ. */
export function reflectColumns(
  unit: Unit,
  beta: number,
  v: Float64Array,
  vAt: number,
  { values, at, rows, cols, step }: Part,
): void {
  if (beta === 0) return;
  for (let i = 0; i < rows; i++) {
    const row = at + i * step * unit;
    if (unit === 1) {
      reflect(1, cols, beta, v, vAt, values, row);
      continue;
    }
    let re = 0, im = 0;
    for (let j = 0; j < 2 * cols; j += 2) {
      re += values[row + j] * v[vAt + j] - values[row + j + 1] * v[vAt + j + 1];
      im += values[row + j] * v[vAt + j + 1] + values[row + j + 1] * v[vAt + j];
    }
    re *= beta;
    im *= beta;
    for (let j = 0; j < 2 * cols; j += 2) {
      const a = v[vAt + j], b = v[vAt + j + 1];
      values[row + j] -= re * a + im * b;
      values[row + j + 1] -= im * a - re * b;
    }
  }
}
