/**
 * Schur's triangular form, by Hessenberg's form and shifted QR.
 *
 * @module
 */
import type { Matrix, Vector } from "../types.ts";
import { checkMatrix, checkSquare, shapeOf, unitOf } from "./check.ts";
import { reflectColumns, reflection, reflectRows } from "./householder.ts";
import { complexMatrix, identityMatrix, matrixOf, tamed, transposeMatrix } from "./matrix.ts";
import { divide, norm, type Scalar, squareRoot, times } from "./vectors.ts";

/** A = Z·T·Zᴴ. */
export interface Schur {
  /** Upper triangular, complex; the eigenvalues are on its diagonal. */
  readonly T: Matrix;
  /** Unitary, complex. */
  readonly Z: Matrix;
}

/** Steps at most for one eigenvalue. */
const STEPS = 60;
const EPSILON = 2 ** -52;

/**
 * The complex Schur form of a square matrix, real ones included: Householder's reduction to Hessenberg's form, then
 * QR with Wilkinson's shifts (Golub and Van Loan, 7.5). The eigenvalues of a real matrix are real or come in exactly
 * conjugate pairs.
 *
 * @throws RangeError if the matrix is not square or not finite.
 */
export function schur(matrix: Matrix): Schur {
  const what = `find the Schur form of a ${shapeOf(matrix)} matrix`;
  checkMatrix(what, matrix);
  const n = checkSquare(what, matrix), { matrix: near, factor } = tamed(matrix), reduced = hessenberg(near);
  const T = complexMatrix(reduced.H), { values: t } = T;
  // Columns of Z are rotated: rows of its transpose.
  const { values: z } = transposeMatrix(complexMatrix(reduced.Q));
  const size = norm(t);
  for (let high = n - 1, steps = 0; high > 0;) {
    const low = split(t, n, high, size);
    if (low === high) {
      high--;
      steps = 0;
      continue;
    }
    if (steps === STEPS) {
      throw new RangeError(`Cannot ${what}: QR found no eigenvalue number ${high} in ${STEPS} steps`);
    }
    sweep(t, z, n, low, high, shift(t, n, high, ++steps));
  }
  if (matrix.field === "real") pairUp(t, n, size);
  if (factor !== 1) { for (let i = 0; i < t.length; i++) t[i] /= factor; }
  return { T, Z: transposeMatrix(matrixOf(n, n, "complex", z)) };
}

/** A = Q·H·Qᴴ, H zero below the first subdiagonal. */
export function hessenberg(matrix: Matrix): { H: Matrix; Q: Matrix } {
  const { rows: n, field } = matrix, unit = unitOf(matrix), h = matrix.values.slice();
  const Q = identityMatrix(n, field), work = new Float64Array(n * unit), v = new Float64Array(n * unit);
  for (let k = 0; k < n - 2; k++) {
    const length = n - k - 1;
    for (let i = 0; i < length; i++) {
      for (let u = 0; u < unit; u++) v[i * unit + u] = h[((k + 1 + i) * n + k) * unit + u];
    }
    const { beta, head } = reflection(unit, length, v, 0);
    if (beta === 0) continue;
    for (let i = 0; i < length; i++) {
      for (let u = 0; u < unit; u++) h[((k + 1 + i) * n + k) * unit + u] = i === 0 ? head[u] : 0;
    }
    const corner = ((k + 1) * n + k + 1) * unit, right = (k + 1) * unit;
    reflectRows(unit, beta, v, 0, { values: h, at: corner, rows: length, cols: length, step: n }, work);
    reflectColumns(unit, beta, v, 0, { values: h, at: right, rows: n, cols: length, step: n });
    reflectColumns(unit, beta, v, 0, { values: Q.values, at: right, rows: n, cols: length, step: n });
  }
  return { H: matrixOf(n, n, field, h), Q };
}

/** Where the last block that is not split begins; clears the entry that splits it off. */
function split(t: Vector, n: number, high: number, size: number): number {
  let low = high;
  for (; low > 0; low--) {
    const at = 2 * (low * n + low - 1), own = norm(t, at, 2);
    const near = norm(t, 2 * (low - 1) * (n + 1), 2) + norm(t, 2 * low * (n + 1), 2);
    if (own <= EPSILON * near || own <= EPSILON * EPSILON * size) {
      t.fill(0, at, at + 2);
      break;
    }
  }
  return low;
}

/** The eigenvalue of the last 2×2 block that is nearer to its last entry; now and then something else. */
function shift(t: Vector, n: number, high: number, step: number): Scalar {
  const at = 2 * high * (n + 1), above = at - 2 * n;
  const d: Scalar = [t[at], t[at + 1]];
  if (step % 10 === 0) return [d[0] + 0.75 * norm(t, at - 2, 2), d[1]];
  const a: Scalar = [t[above - 2], t[above - 1]];
  const bc = times([t[above], t[above + 1]], [t[at - 2], t[at - 1]]);
  if (bc[0] === 0 && bc[1] === 0) return d;
  const half: Scalar = [(a[0] - d[0]) / 2, (a[1] - d[1]) / 2], square = times(half, half);
  const root = squareRoot([square[0] + bc[0], square[1] + bc[1]]);
  const sign = half[0] * root[0] + half[1] * root[1] < 0 ? -1 : 1;
  // d − bc / (half ± root), the sign so that nothing cancels.
  const below: Scalar = [half[0] + sign * root[0], half[1] + sign * root[1]];
  const [re, im] = divide(bc, below);
  return [d[0] - re, d[1] - im];
}

/** One implicit QR step on the block low … high. */
function sweep(t: Vector, z: Vector, n: number, low: number, high: number, [re, im]: Scalar): void {
  const first = 2 * low * (n + 1);
  let x: Scalar = [t[first] - re, t[first + 1] - im], y: Scalar = [t[first + 2 * n], t[first + 2 * n + 1]];
  for (let k = low; k < high; k++) {
    const turn = rotationOf(x, y);
    rotateRows(t, n, k, k + 1, Math.max(low, k - 1), n, turn);
    rotateColumns(t, n, k, Math.min(k + 2, high) + 1, turn);
    rotateRows(z, n, k, k + 1, 0, n, { c: turn.c, s: [turn.s[0], -turn.s[1]] });
    if (k > low) t.fill(0, 2 * ((k + 1) * n + k - 1), 2 * ((k + 1) * n + k));
    if (k + 2 > high) break;
    const at = 2 * ((k + 1) * n + k);
    x = [t[at], t[at + 1]];
    y = [t[at + 2 * n], t[at + 2 * n + 1]];
  }
}

/** A rotation [c, s; −s̄, c]. */
export interface Turn {
  readonly c: number;
  readonly s: Scalar;
}

/** The rotation that takes (x, y) to (·, 0). */
export function rotationOf(x: Scalar, y: Scalar): Turn {
  const a = Math.hypot(x[0], x[1]), b = Math.hypot(y[0], y[1]), size = Math.hypot(a, b);
  if (b === 0) return { c: 1, s: [0, 0] };
  if (a === 0) return { c: 0, s: [y[0] / b, -y[1] / b] };
  const [re, im] = times([x[0] / a, x[1] / a], [y[0] / size, -y[1] / size]);
  return { c: a / size, s: [re, im] };
}

/** Rows i and j of complex numbers become c·i + s·j and c·j − s̄·i, in the columns from … to − 1. */
export function rotateRows(
  t: Float64Array,
  n: number,
  i: number,
  j: number,
  from: number,
  to: number,
  { c, s: [sr, si] }: Turn,
): void {
  const a = 2 * i * n, b = 2 * j * n;
  for (let k = 2 * from; k < 2 * to; k += 2) {
    const p = t[a + k], q = t[a + k + 1], x = t[b + k], y = t[b + k + 1];
    t[a + k] = c * p + sr * x - si * y;
    t[a + k + 1] = c * q + sr * y + si * x;
    t[b + k] = c * x - (sr * p + si * q);
    t[b + k + 1] = c * y - (sr * q - si * p);
  }
}

/** The columns k and k + 1 times the adjoint of the rotation, in the first rows. */
export function rotateColumns(
  t: Float64Array,
  n: number,
  k: number,
  rows: number,
  { c, s: [sr, si] }: Turn,
): void {
  for (let i = 0; i < rows; i++) {
    const at = 2 * (i * n + k), p = t[at], q = t[at + 1], x = t[at + 2], y = t[at + 3];
    t[at] = c * p + sr * x + si * y;
    t[at + 1] = c * q + sr * y - si * x;
    t[at + 2] = c * x - (sr * p - si * q);
    t[at + 3] = c * y - (sr * q + si * p);
  }
}

/**
 * Makes the eigenvalues of a real matrix real or exactly conjugate pairs, which they are but for rounding: each with a
 * positive imaginary part takes the nearest partner, unless less has to be changed to make it real; what finds no
 * partner is real.
 */
function pairUp(t: Vector, n: number, size: number): void {
  const at = (i: number): number => 2 * i * (n + 1), rest = new Set<number>();
  for (let i = 0; i < n; i++) {
    if (Math.abs(t[at(i) + 1]) <= 4 * n * EPSILON * size) t[at(i) + 1] = 0;
    else if (t[at(i) + 1] < 0) rest.add(i);
  }
  for (let i = 0; i < n; i++) {
    if (!(t[at(i) + 1] > 0)) continue;
    let best = -1, least = t[at(i) + 1];
    for (const j of rest) {
      const distance = Math.hypot(t[at(i)] - t[at(j)], t[at(i) + 1] + t[at(j) + 1]) / 2;
      if (distance < least) [best, least] = [j, distance];
    }
    if (best < 0) {
      t[at(i) + 1] = 0;
      continue;
    }
    rest.delete(best);
    const re = (t[at(i)] + t[at(best)]) / 2, im = (t[at(i) + 1] - t[at(best) + 1]) / 2;
    t.set([re, im], at(i));
    t.set([re, -im], at(best));
  }
  for (const j of rest) t[at(j) + 1] = 0;
}
