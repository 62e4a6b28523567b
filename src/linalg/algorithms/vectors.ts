/**
 * Inner products, sums and norms of vectors that lie anywhere in arrays: what every algorithm here is made of.
 *
 * `unit` is 1 for real vectors and 2 for complex ones (interleaved); offsets count numbers, lengths count entries.
 *
 * @module
 */
import type { Vector } from "../types.ts";

/** Numbers that an entry takes: 1 if real, 2 if complex. */
export type Unit = 1 | 2;

/** A complex number; the imaginary part of a real one is 0. */
export type Scalar = readonly [re: number, im: number];

/** Σ conj(x)·y over n entries. */
export function dot(
  unit: Unit,
  n: number,
  x: Float64Array,
  xAt: number,
  y: Float64Array,
  yAt: number,
): Scalar {
  return unit === 1 ? [dotReal(n, x, xAt, y, yAt), 0] : dotComplex(n, x, xAt, y, yAt);
}

/** Σ x·y of real vectors, in four partial sums: they need not wait for each other. */
export function dotReal(n: number, x: Float64Array, xAt: number, y: Float64Array, yAt: number): number {
  let a = 0, b = 0, c = 0, d = 0, i = 0;
  for (; i + 3 < n; i += 4) {
    a += x[xAt + i] * y[yAt + i];
    b += x[xAt + i + 1] * y[yAt + i + 1];
    c += x[xAt + i + 2] * y[yAt + i + 2];
    d += x[xAt + i + 3] * y[yAt + i + 3];
  }
  for (; i < n; i++) a += x[xAt + i] * y[yAt + i];
  return a + b + (c + d);
}

function dotComplex(n: number, x: Float64Array, xAt: number, y: Float64Array, yAt: number): Scalar {
  let a = 0, b = 0, c = 0, d = 0;
  for (let i = 0; i < 2 * n; i += 2) {
    const xr = x[xAt + i], xi = x[xAt + i + 1], yr = y[yAt + i], yi = y[yAt + i + 1];
    a += xr * yr;
    b += xi * yi;
    c += xr * yi;
    d += xi * yr;
  }
  return [a + b, c - d];
}

/** y += (re + i·im)·x over n entries. */
export function axpy(
  unit: Unit,
  n: number,
  [re, im]: Scalar,
  x: Float64Array,
  xAt: number,
  y: Float64Array,
  yAt: number,
): void {
  if (unit === 1 || im === 0) {
    for (let i = 0; i < unit * n; i++) y[yAt + i] += re * x[xAt + i];
    return;
  }
  for (let i = 0; i < 2 * n; i += 2) {
    const xr = x[xAt + i], xi = x[xAt + i + 1];
    y[yAt + i] += re * xr - im * xi;
    y[yAt + i + 1] += re * xi + im * xr;
  }
}

/** x *= re + i·im over n entries. */
export function scale(unit: Unit, n: number, [re, im]: Scalar, x: Float64Array, at: number): void {
  if (unit === 1 || im === 0) {
    for (let i = at; i < at + unit * n; i++) x[i] *= re;
    return;
  }
  for (let i = at; i < at + 2 * n; i += 2) {
    const xr = x[i], xi = x[i + 1];
    x[i] = re * xr - im * xi;
    x[i + 1] = re * xi + im * xr;
  }
}

/** The 2-norm of `length` numbers (not entries); squares that under- or overflow are scaled first. */
export function norm(x: Float64Array, at = 0, length: number = x.length - at): number {
  let sum = 0;
  for (let i = at; i < at + length; i++) sum += x[i] * x[i];
  if (sum > 1e-280 && sum < Infinity) return Math.sqrt(sum);
  let largest = 0;
  for (let i = at; i < at + length; i++) {
    const size = Math.abs(x[i]);
    if (!(size <= largest)) largest = size;
  }
  // Not `=== 0`: infinities and NaN are themselves.
  if (!(largest > 0 && largest < Infinity)) return largest;
  sum = 0;
  for (let i = at; i < at + length; i++) sum += (x[i] / largest) ** 2;
  return largest * Math.sqrt(sum);
}

/** z·w. */
export function times([a, b]: Scalar, [c, d]: Scalar): Scalar {
  return [a * c - b * d, a * d + b * c];
}

/** z / w, scaled so that nothing overflows on the way (Smith 1962). */
export function divide([a, b]: Scalar, [c, d]: Scalar): Scalar {
  if (d === 0) return [a / c, b / c];
  if (Math.abs(c) >= Math.abs(d)) {
    const r = d / c, s = c + d * r;
    return [(a + b * r) / s, (b - a * r) / s];
  }
  const r = c / d, s = c * r + d;
  return [(a * r + b) / s, (b * r - a) / s];
}

/** The principal square root. */
export function squareRoot([a, b]: Scalar): Scalar {
  if (b === 0) return a >= 0 ? [Math.sqrt(a), 0] : [0, Math.sqrt(-a)];
  const size = Math.hypot(a, b), t = Math.sqrt((size + Math.abs(a)) / 2);
  return a >= 0 ? [t, b / (2 * t)] : [Math.abs(b) / (2 * t), b < 0 ? -t : t];
}

/** The entry number `i` of an array of entries. */
export function entry(unit: Unit, x: Float64Array, i: number): Scalar {
  return unit === 1 ? [x[i], 0] : [x[2 * i], x[2 * i + 1]];
}

/** A real vector as a complex one; a complex one is copied. */
export function complexVector(unit: Unit, x: Float64Array): Vector {
  if (unit === 2) return x.slice() as Vector;
  const out = new Float64Array(2 * x.length);
  for (let i = 0; i < x.length; i++) out[2 * i] = x[i];
  return out;
}
