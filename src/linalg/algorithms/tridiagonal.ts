/**
 * Eigenvalues of real symmetric tridiagonal matrices, and the way there from Hermitian ones.
 *
 * @module
 */
import type { Vector } from "../types.ts";
import { reflection } from "./householder.ts";
import { rotateChain } from "./rotations.ts";
import { axpy, dot, type Scalar, type Unit } from "./vectors.ts";

/** Steps at most for one eigenvalue; two or three are usual. */
const STEPS = 60;

/**
 * The eigenvalues of the symmetric tridiagonal matrix with a diagonal and what is beside it, by implicit QL with
 * Wilkinson's shifts (EISPACK's imtql2; Golub and Van Loan, 8.3). In place: the diagonal becomes the eigenvalues,
 * unsorted; `beside[i]` lies between i and i + 1 and is destroyed.
 *
 * @param vectors n rows of `length` numbers that are rotated along: starting from the identity, row k becomes the
 * eigenvector of eigenvalue k.
 */
export function tridiagonalEigen(
  diagonal: Float64Array,
  beside: Float64Array,
  vectors: Float64Array,
  length: number,
): void {
  const n = diagonal.length, d = diagonal, e = beside;
  const cosines = new Float64Array(n), sines = new Float64Array(n);
  for (let l = 0; l < n; l++) {
    for (let step = 0;; step++) {
      let m = l;
      for (; m < n - 1; m++) {
        const size = Math.abs(d[m]) + Math.abs(d[m + 1]);
        if (Math.abs(e[m]) <= 2 ** -53 * size) break;
      }
      if (m === l) break;
      if (step === STEPS) {
        throw new RangeError(
          `Cannot find eigenvalues: implicit QL found no eigenvalue number ${l} in ${STEPS} steps`,
        );
      }
      let g = (d[l + 1] - d[l]) / (2 * e[l]), r = Math.hypot(g, 1);
      g = d[m] - d[l] + e[l] / (g + (g >= 0 ? r : -r));
      let s = 1, c = 1, p = 0, i = m - 1, count = 0;
      for (; i >= l; i--) {
        const f = s * e[i];
        const b = c * e[i];
        r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) {
          // The matrix falls apart here.
          d[i + 1] -= p;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        r = (d[i] - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        cosines[count] = c;
        sines[count++] = s;
      }
      rotateChain(vectors, length, m, -1, count, cosines, sines);
      if (r === 0 && i >= l) continue;
      d[l] -= p;
      e[l] = g;
      e[m] = 0;
    }
  }
}

/** A = H_{n−1} ⋯ H_1 · T · H_1 ⋯ H_{n−1}, T = D·(real tridiagonal)·Dᴴ. */
export interface Tridiagonalised {
  readonly diagonal: Vector;
  /** Not negative if complex; n numbers, the last 0. */
  readonly beside: Vector;
  /** The vectors of the reflections: H_i acts on the first i entries, its v is in row i. */
  readonly reflections: Vector;
  readonly betas: Float64Array;
  /** The phases D, entries of size 1. */
  readonly phases: Vector;
}

/** Reduces a Hermitian matrix, of which the lower triangle is read, from the last row on (EISPACK's tred2). */
export function tridiagonalise(unit: Unit, n: number, matrix: Float64Array): Tridiagonalised {
  const a = new Float64Array(matrix), betas = new Float64Array(n);
  const diagonal = new Float64Array(n), off: Scalar[] = new Array(n);
  const p = new Float64Array(n * unit);
  for (let i = n - 1; i >= 1; i--) {
    const row = i * n * unit;
    // The column above the diagonal is what H acts on: the conjugate of the row.
    if (unit === 2) { for (let j = 1; j < 2 * i; j += 2) a[row + j] = -a[row + j]; }
    const { beta, head } = reflection(unit, i, a, row, i - 1);
    betas[i] = beta;
    off[i] = head;
    if (beta === 0) continue;
    timesLower(unit, i, n, a, row, p);
    const half = -dot(unit, i, a, row, p, 0)[0] / 2;
    axpy(unit, i, [half, 0], a, row, p, 0);
    subtractRankTwo(unit, i, n, a, row, p);
  }
  for (let i = 0; i < n; i++) diagonal[i] = a[i * (n + 1) * unit];
  // off[i] is entry (i − 1, i) of T: with phases d, conj(d_{i−1})·off·d_i must be real.
  const beside = new Float64Array(n), phases = new Float64Array(n * unit);
  if (n > 0) phases[0] = 1;
  for (let i = 1; i < n; i++) {
    const [re, im] = off[i];
    if (unit === 1) {
      beside[i - 1] = re;
      phases[i] = 1;
      continue;
    }
    const size = Math.hypot(re, im), c = phases[2 * i - 2], s = phases[2 * i - 1];
    beside[i - 1] = size;
    phases[2 * i] = size === 0 ? 1 : (c * re + s * im) / size;
    phases[2 * i + 1] = size === 0 ? 0 : (s * re - c * im) / size;
  }
  return { diagonal, beside, reflections: a, betas, phases };
}

/** p = A·v for the leading i×i block, of which only the lower triangle is read; v begins at `at` in the same array. */
function timesLower(unit: Unit, i: number, n: number, a: Float64Array, at: number, p: Float64Array): void {
  p.fill(0, 0, i * unit);
  for (let r = 0; r < i; r++) {
    const row = r * n * unit;
    if (unit === 1) {
      const own = a[at + r];
      let sum = a[row + r] * own;
      for (let c = 0; c < r; c++) {
        sum += a[row + c] * a[at + c];
        p[c] += a[row + c] * own;
      }
      p[r] += sum;
      continue;
    }
    const vr = a[at + 2 * r], vi = a[at + 2 * r + 1], d = a[row + 2 * r];
    let re = d * vr, im = d * vi;
    for (let c = 0; c < 2 * r; c += 2) {
      const x = a[row + c], y = a[row + c + 1], u = a[at + c], w = a[at + c + 1];
      re += x * u - y * w;
      im += x * w + y * u;
      p[c] += x * vr + y * vi;
      p[c + 1] += x * vi - y * vr;
    }
    p[2 * r] += re;
    p[2 * r + 1] += im;
  }
}

/** A −= v·wᴴ + w·vᴴ on the lower triangle of the leading i×i block. */
function subtractRankTwo(
  unit: Unit,
  i: number,
  n: number,
  a: Float64Array,
  at: number,
  w: Float64Array,
): void {
  for (let r = 0; r < i; r++) {
    const row = r * n * unit;
    if (unit === 1) {
      const v = a[at + r], x = w[r];
      for (let c = 0; c <= r; c++) a[row + c] -= v * w[c] + x * a[at + c];
      continue;
    }
    const vr = a[at + 2 * r], vi = a[at + 2 * r + 1], xr = w[2 * r], xi = w[2 * r + 1];
    for (let c = 0; c <= 2 * r; c += 2) {
      const yr = w[c], yi = w[c + 1], ur = a[at + c], ui = a[at + c + 1];
      a[row + c] -= vr * yr + vi * yi + xr * ur + xi * ui;
      a[row + c + 1] -= vi * yr - vr * yi + xi * ur - xr * ui;
    }
    a[row + 2 * r + 1] = 0;
  }
}
