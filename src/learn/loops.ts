/**
 * Other ways to the outermost factors of a BB* product, for where intertwiner.ts has trouble: order four, and matrices
 * for which nearly every factor will do.
 *
 * @module
 */

import { adjugate, eigenvectors, multiply, transpose } from "./matrix2.ts";
import { identities } from "./peel_blocks.ts";

/** L_p and R_q, row-major, for all p and q. */
export interface Outer {
  readonly left: Float64Array;
  readonly right: Float64Array;
}

/** The block X_pq of a complex matrix of order n. */
function block(matrix: Float64Array, n: number, p: number, q: number): Float64Array {
  const x = new Float64Array(8), low = 2 * (n * p + q), high = low + n * n;
  for (let i = 0; i < 2; i++) {
    x[i] = matrix[low + i];
    x[2 + i] = matrix[low + n + i];
    x[4 + i] = matrix[high + i];
    x[6 + i] = matrix[high + n + i];
  }
  return x;
}

/**
 * Order four, where nearly every matrix is a BB* product and the equations leave nothing to average:
 * X₀₀·adj X₁₀·X₁₁·adj X₀₁ = L₀·(diagonal)·L₀⁻¹, and the same around the other three corners. Products of four, without
 * a division or a square.
 */
export function loopsOfFour(matrix: Float64Array): Outer {
  // Eighth powers follow: bring the largest entry to 1.
  let top = 0;
  for (const v of matrix) top = Math.max(top, Math.abs(v));
  const x = [0, 1, 2, 3].map((i) => block(matrix, 4, i >> 1, i & 1).map((v) => v / top));
  const adj = x.map((a) => {
    const out = new Float64Array(8);
    adjugate(a, out);
    return out;
  });
  const left = new Float64Array(16), right = new Float64Array(16), phases: number[] = [];
  for (let i = 0; i < 2; i++) {
    const j = 1 - i, sign = i === 0 ? 1 : -1;
    // Around corner (i, 0) and (0, i); the second ones go round the other way, hence the sign.
    const z = traceless([x[2 * i], adj[2 * j], x[2 * j + 1], adj[2 * i + 1]], sign);
    const w = traceless([adj[i], x[j], adj[2 + j], x[2 + i]], -sign);
    eigenvectors(z, phases, left.subarray(8 * i, 8 * i + 8));
    transpose(w);
    eigenvectors(w, phases, right.subarray(8 * i, 8 * i + 8));
    transpose(right.subarray(8 * i, 8 * i + 8));
  }
  return { left, right };
}

function traceless(chain: readonly Float64Array[], sign: number): Float64Array {
  let product = chain[0];
  for (const next of chain.slice(1)) {
    const out = new Float64Array(8);
    multiply(product, next, out);
    product = out;
  }
  const re = (product[0] - product[6]) / 2, im = (product[1] - product[7]) / 2;
  return Float64Array.of(re, im, product[2], product[3], product[4], product[5], -re, -im).map((v) =>
    sign * v
  );
}

/**
 * L_p = I for one p, R_q = X_pq (the rows brought to norm 1) and the other L from one R each: right when all 2×2
 * blocks are multiples of A_p·B_q, as in the Hadamard matrix, and well conditioned when they nearly are, where noise
 * would decide on the eigenvectors.
 */
export function frames(matrix: Float64Array, n: number): Outer {
  const h = n / 2, left = identities(h), right = identities(h);
  // The p whose blocks are farthest from singular.
  const strength = new Float64Array(h);
  let best = 0;
  for (let p = 0; p < h; p++) {
    for (let q = 0; q < h; q++) strength[p] += smallest(block(matrix, n, p, q));
    if (strength[p] > strength[best]) best = p;
  }
  const solid = new Float64Array(h);
  for (let q = 0; q < h; q++) {
    const x = block(matrix, n, best, q);
    solid[q] = smallest(x);
    for (let k = 0; k < 2; k++) {
      const row = x.subarray(4 * k, 4 * k + 4), norm = Math.hypot(...row);
      if (norm > 0) right.set(row.map((v) => v / norm), 8 * q + 4 * k);
    }
  }
  const inverse = new Float64Array(8), product = new Float64Array(8);
  for (let p = 0; p < h; p++) {
    if (p === best) continue;
    let pivot = 0, most = -1;
    for (let q = 0; q < h; q++) {
      const amount = Math.min(solid[q], smallest(block(matrix, n, p, q)));
      if (amount > most) [pivot, most] = [q, amount];
    }
    adjugate(right.subarray(8 * pivot, 8 * pivot + 8), inverse);
    multiply(block(matrix, n, p, pivot), inverse, product);
    for (let k = 0; k < 2; k++) {
      const at = 2 * k;
      const norm = Math.hypot(product[at], product[at + 1], product[at + 4], product[at + 5]);
      if (!(norm > 0)) continue;
      for (const i of [at, at + 1, at + 4, at + 5]) left[8 * p + i] = product[i] / norm;
    }
  }
  return { left, right };
}

/** About the smallest singular value: |det|/norm. */
function smallest(x: Float64Array): number {
  let size = 0;
  for (const v of x) size += v * v;
  const re = x[0] * x[6] - x[1] * x[7] - x[2] * x[4] + x[3] * x[5];
  const im = x[0] * x[7] + x[1] * x[6] - x[2] * x[5] - x[3] * x[4];
  return size > 0 ? Math.hypot(re, im) / Math.sqrt(size) : 0;
}
