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
 * L_p = I for one p, the others from it along the blocks that are farthest from singular (a maximum spanning tree):
 * R_q = L_p⁻¹·X_pq and L_p = X_pq·R_q⁻¹, brought to norm 1. Right when all 2×2 blocks are multiples of A_p·B_q, as in
 * the Hadamard matrix, real for real blocks, and well conditioned where noise would decide on the eigenvectors.
 */
export function frames(matrix: Float64Array, n: number): Outer {
  const h = n / 2, left = identities(h), right = identities(h);
  const strength = new Float64Array(h * h);
  for (let i = 0; i < h * h; i++) strength[i] = smallest(block(matrix, n, Math.floor(i / h), i % h));
  // Nodes are the p and then the q; each has its strongest neighbour among those that are done.
  const best = new Float64Array(2 * h).fill(-1), from = new Int32Array(2 * h).fill(-1);
  const done = new Uint8Array(2 * h);
  const inverse = new Float64Array(8), product = new Float64Array(8);
  for (let count = 0; count < 2 * h; count++) {
    let next = -1;
    for (let i = 0; i < 2 * h; i++) if (!done[i] && (next < 0 || best[i] > best[next])) next = i;
    done[next] = 1;
    // Otherwise the first of its component: the identity.
    if (best[next] > 0) {
      const other = from[next];
      if (next < h) {
        const q = other - h;
        adjugate(right.subarray(8 * q, 8 * q + 8), inverse);
        multiply(block(matrix, n, next, q), inverse, product);
        normaliseInto(product, left.subarray(8 * next, 8 * next + 8), 2, 4);
      } else {
        const q = next - h;
        adjugate(left.subarray(8 * other, 8 * other + 8), inverse);
        multiply(inverse, block(matrix, n, other, q), product);
        normaliseInto(product, right.subarray(8 * q, 8 * q + 8), 4, 2);
      }
    }
    for (let i = 0; i < h; i++) {
      const neighbour = next < h ? h + i : i;
      const amount = next < h ? strength[next * h + i] : strength[i * h + next - h];
      if (!done[neighbour] && amount > best[neighbour]) {
        best[neighbour] = amount;
        from[neighbour] = next;
      }
    }
  }
  return { left, right };
}

/** Copies a 2×2 matrix, its two vectors (`across` apart, their entries `down` apart) brought to norm 1. */
function normaliseInto(from: Float64Array, to: Float64Array, across: number, down: number): void {
  for (let k = 0; k < 2; k++) {
    const at = [k * across, k * across + 1, k * across + down, k * across + down + 1];
    const norm = Math.hypot(...at.map((i) => from[i]));
    if (norm > 0) { for (const i of at) to[i] = from[i] / norm; }
  }
}

/** About the smallest singular value: |det|/norm. */
function smallest(x: Float64Array): number {
  let size = 0;
  for (const v of x) size += v * v;
  const re = x[0] * x[6] - x[1] * x[7] - x[2] * x[4] + x[3] * x[5];
  const im = x[0] * x[7] + x[1] * x[6] - x[2] * x[5] - x[3] * x[4];
  return size > 0 ? Math.hypot(re, im) / Math.sqrt(size) : 0;
}
