/**
 * Singular values of real bidiagonal matrices.
 *
 * @module
 */
import { rotateChain } from "./rotations.ts";

/** Steps at most for one singular value. */
const STEPS = 75;
const EPSILON = 2 ** -52;
/** What is smaller than this is as good as zero. */
const TINY = 2 ** -966;

/**
 * The singular values of the upper bidiagonal matrix with a diagonal s and e[k] above it, between k and k + 1, by
 * implicit QR (LINPACK's dsvdc). In place: s becomes the singular values, not negative, unsorted; e is destroyed.
 *
 * @param u rows of n numbers that are rotated along: from the identity, row k becomes the left singular vector k.
 * @param v the same for the right singular vectors.
 */
export function bidiagonalSvd(
  s: Float64Array,
  e: Float64Array,
  u: Float64Array,
  v: Float64Array,
  n: number,
): void {
  let steps = 0;
  for (let p = n; p > 0;) {
    if (steps > STEPS) {
      throw new RangeError(
        `Cannot find singular values: implicit QR found no value number ${p} in ${STEPS} steps`,
      );
    }
    // The last block that is not split by a zero above the diagonal: k + 1 … p − 1.
    let k = p - 2;
    for (; k >= 0; k--) {
      if (Math.abs(e[k]) <= TINY + EPSILON * (Math.abs(s[k]) + Math.abs(s[k + 1]))) {
        e[k] = 0;
        break;
      }
    }
    if (k === p - 2) {
      if (s[p - 1] < 0) {
        s[p - 1] = -s[p - 1];
        for (let i = (p - 1) * n; i < p * n; i++) v[i] = -v[i];
      }
      p--;
      steps = 0;
      continue;
    }
    let zero = p - 1;
    for (; zero > k; zero--) {
      const near = (zero < p - 1 ? Math.abs(e[zero]) : 0) + (zero > k + 1 ? Math.abs(e[zero - 1]) : 0);
      if (Math.abs(s[zero]) <= TINY + EPSILON * near) {
        s[zero] = 0;
        break;
      }
    }
    if (zero === p - 1) chaseUp(s, e, v, n, k + 1, p);
    else if (zero > k) chaseDown(s, e, u, n, zero, p);
    else {
      sweep(s, e, u, v, n, k + 1, p);
      steps++;
    }
  }
}

/** The last value is 0: what is above it is rotated away with the columns. */
function chaseUp(s: Float64Array, e: Float64Array, v: Float64Array, n: number, k: number, p: number): void {
  let f = e[p - 2];
  e[p - 2] = 0;
  for (let j = p - 2; j >= k; j--) {
    const t = Math.hypot(s[j], f), c = s[j] / t, q = f / t;
    s[j] = t;
    if (j !== k) {
      f = -q * e[j - 1];
      e[j - 1] *= c;
    }
    rotate(v, n, j, p - 1, c, q);
  }
}

/** Value `zero` is 0: what is beside it is rotated away with the rows. */
function chaseDown(
  s: Float64Array,
  e: Float64Array,
  u: Float64Array,
  n: number,
  zero: number,
  p: number,
): void {
  let f = e[zero];
  e[zero] = 0;
  for (let j = zero + 1; j < p; j++) {
    const t = Math.hypot(s[j], f), c = s[j] / t, q = f / t;
    s[j] = t;
    f = -q * e[j];
    e[j] *= c;
    rotate(u, n, j, zero, c, q);
  }
}

/** One step of QR on the block k … p − 1. */
function sweep(
  s: Float64Array,
  e: Float64Array,
  u: Float64Array,
  v: Float64Array,
  n: number,
  k: number,
  p: number,
): void {
  const scale = Math.max(
    Math.abs(s[p - 1]),
    Math.abs(s[p - 2]),
    Math.abs(e[p - 2]),
    Math.abs(s[k]),
    Math.abs(e[k]),
  );
  const turns = (): { c: Float64Array; s: Float64Array } => ({
    c: new Float64Array(p - k),
    s: new Float64Array(p - k),
  });
  const left = turns(), right = turns();
  const sp = s[p - 1] / scale, before = s[p - 2] / scale, ep = e[p - 2] / scale;
  const sk = s[k] / scale, ek = e[k] / scale;
  const b = ((before + sp) * (before - sp) + ep * ep) / 2, c = (sp * ep) * (sp * ep);
  let shift = 0;
  if (b !== 0 || c !== 0) {
    const root = Math.sqrt(b * b + c);
    shift = c / (b + (b < 0 ? -root : root));
  }
  let f = (sk + sp) * (sk - sp) + shift, g = sk * ek;
  for (let j = k; j < p - 1; j++) {
    let t = Math.hypot(f, g), cos = t === 0 ? 1 : f / t, sin = t === 0 ? 0 : g / t;
    if (j !== k) e[j - 1] = t;
    f = cos * s[j] + sin * e[j];
    e[j] = cos * e[j] - sin * s[j];
    g = sin * s[j + 1];
    s[j + 1] *= cos;
    right.c[j - k] = cos;
    right.s[j - k] = sin;
    t = Math.hypot(f, g);
    cos = t === 0 ? 1 : f / t;
    sin = t === 0 ? 0 : g / t;
    s[j] = t;
    f = cos * e[j] + sin * s[j + 1];
    s[j + 1] = -sin * e[j] + cos * s[j + 1];
    g = sin * e[j + 1];
    e[j + 1] *= cos;
    left.c[j - k] = cos;
    left.s[j - k] = sin;
  }
  rotateChain(v, n, k, 1, p - 1 - k, right.c, right.s);
  rotateChain(u, n, k, 1, p - 1 - k, left.c, left.s);
  e[p - 2] = f;
}

/** Rows i and j become c·i + s·j and c·j − s·i. */
function rotate(x: Float64Array, n: number, i: number, j: number, c: number, s: number): void {
  const a = i * n, b = j * n;
  for (let k = 0; k < n; k++) {
    const p = x[a + k], q = x[b + k];
    x[a + k] = c * p + s * q;
    x[b + k] = c * q - s * p;
  }
}
