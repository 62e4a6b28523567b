/**
 * Other ways to the outermost factors of a BB* product, for where intertwiner.ts has trouble: order four, and matrices
 * for which nearly every factor will do.
 *
 * @module
 */

import { adjugate, eigenvectors, multiply, transpose } from "./matrix2.ts";
import { identities } from "./peel_blocks.ts";

/** Y if all will do: real eigenvalues, well separated, nearly symmetric. */
const FALLBACK = [0.8, 0, 0.2, 0, 0.8, 0, -0.8, 0];

/** L_p and R_q, row-major, for all p and q. */
export interface Outer {
  readonly left: Float64Array;
  readonly right: Float64Array;
}

/** The block X_pq of a complex matrix of order n. */
function block(
  matrix: Float64Array,
  n: number,
  p: number,
  q: number,
  x: Float64Array = new Float64Array(8),
): Float64Array {
  const low = 2 * (n * p + q), high = low + n * n;
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

/** What {@link propagate} gives. */
interface Frames extends Outer {
  /** Which tree each p, and then each q, belongs to: connected by blocks that are not singular. */
  readonly component: Int32Array;
}

/**
 * L_p = I for one p, the others from it along the blocks: R_q = L_p⁻¹·X_pq and L_p = X_pq·R_q⁻¹, up to a number. The
 * condition numbers on the way multiply, so every node is reached on the way on which their product is least
 * (Dijkstra); blocks much smaller than others in their row and column, which may be nothing but noise, are avoided.
 * Real for real blocks.
 */
function propagate(matrix: Float64Array, n: number): Frames {
  const h = n / 2, left = identities(h), right = identities(h), costs = stepCosts(matrix, n);
  // Nodes are the p and then the q.
  const distance = new Float64Array(2 * h).fill(Infinity), from = new Int32Array(2 * h).fill(-1);
  const component = new Int32Array(2 * h).fill(-1);
  const inverse = new Float64Array(8), product = new Float64Array(8);
  let components = 0;
  distance[center(costs, h)] = 0;
  for (let count = 0; count < 2 * h; count++) {
    let next = -1;
    for (let i = 0; i < 2 * h; i++) {
      if (component[i] < 0 && (next < 0 || distance[i] < distance[next])) next = i;
    }
    // Without a neighbour, the first of its tree: the identity.
    const other = from[next];
    if (other < 0) distance[next] = 0;
    component[next] = other >= 0 ? component[other] : components++;
    if (other >= 0) {
      const p = Math.min(next, other), q = Math.max(next, other) - h, x = block(matrix, n, p, q);
      if (next < h) {
        adjugate(right.subarray(8 * q, 8 * q + 8), inverse);
        multiply(x, inverse, product);
      } else {
        adjugate(left.subarray(8 * p, 8 * p + 8), inverse);
        multiply(inverse, x, product);
      }
      const norm = Math.hypot(...product);
      if (norm > 0) (next < h ? left : right).set(product.map((v) => v / norm), 8 * (next < h ? p : q));
    }
    for (let i = 0; i < h; i++) {
      const neighbour = next < h ? h + i : i;
      const total = distance[next] + (next < h ? costs[next * h + i] : costs[i * h + next - h]);
      if (component[neighbour] < 0 && total < distance[neighbour]) {
        distance[neighbour] = total;
        from[neighbour] = next;
      }
    }
  }
  return { left, right, component };
}

/** A block this much smaller than the largest of its row and column is avoided. */
const SMALL = 0.1;
/** How much, and what any step costs. */
const AVOID = 10, STEP = 1e-3;

/** About the logarithm of the condition number of each block; Infinity for singular ones. */
function stepCosts(matrix: Float64Array, n: number): Float64Array {
  const h = n / 2, costs = new Float64Array(h * h), norms = new Float64Array(h * h);
  const x = new Float64Array(8);
  const rows = new Float64Array(h), columns = new Float64Array(h);
  for (let p = 0, i = 0; p < h; p++) {
    for (let q = 0; q < h; q++, i++) {
      const size = squaredNorm(block(matrix, n, p, q, x));
      norms[i] = Math.sqrt(size);
      const ratio = size > 0 ? smallest(x) / norms[i] : 0;
      costs[i] = ratio > 1e-12 ? STEP - Math.log(Math.min(1, 2 * ratio)) : Infinity;
      rows[p] = Math.max(rows[p], norms[i]);
      columns[q] = Math.max(columns[q], norms[i]);
    }
  }
  for (let i = 0; i < h * h; i++) {
    if (costs[i] === Infinity) continue;
    const part = norms[i] / Math.sqrt(rows[Math.floor(i / h)] * columns[i % h]);
    if (part < SMALL) costs[i] += AVOID * Math.log(SMALL / part);
  }
  return costs;
}

/** The p from which the most steps are cheap. */
function center(costs: Float64Array, h: number): number {
  let best = 0, most = -1;
  for (let p = 0; p < h; p++) {
    let sum = 0;
    for (let q = 0; q < h; q++) sum += Math.exp(-costs[p * h + q]);
    if (sum > most) [best, most] = [p, sum];
  }
  return best;
}

/**
 * The factors of {@link propagate}. Right when all 2×2 blocks are multiples of A_p·B_q, as in the Hadamard matrix, and
 * well conditioned where noise would decide on the eigenvectors.
 */
export function frames(matrix: Float64Array, n: number): Outer {
  const { left, right } = propagate(matrix, n);
  for (let i = 0; i < left.length; i += 8) {
    normaliseVectors(left.subarray(i, i + 8), 2, 4);
    normaliseVectors(right.subarray(i, i + 8), 4, 2);
  }
  return { left, right };
}

/** Brings two vectors, `across` apart, their entries `down` apart, to norm 1. */
function normaliseVectors(x: Float64Array, across: number, down: number): void {
  for (let k = 0; k < 2; k++) {
    const at = [k * across, k * across + 1, k * across + down, k * across + down + 1];
    const norm = Math.hypot(...at.map((i) => x[i]));
    if (norm > 0) { for (const i of at) x[i] /= norm; }
  }
}

/**
 * Estimates of W_q (see intertwiner.ts) from a spanning tree and the loops that the other blocks close: in the frames
 * of {@link propagate} the blocks C of a tree all commute with one matrix Y, so that the parts of trace zero of all
 * C are multiples of Y. W_q = R_q⁻¹·Y·R_q. Where all C are multiples of I, Y is some matrix.
 *
 * Exact but for rounding when the blocks on the tree are well conditioned, however long the way from one end to the
 * other, where Lanczos would need many steps to carry anything across; noise adds up on the way, and that Lanczos
 * removes.
 */
export function loops(matrix: Float64Array, n: number): Float64Array {
  const h = n / 2, { left, right, component } = propagate(matrix, n);
  let components = 0;
  for (const c of component) components = Math.max(components, c + 1);
  // For each tree, Σ c·cᴴ over the traceless parts c = (a, b, c) of normalised C, and the sum of all weights.
  const grams = new Float64Array(19 * components);
  const adj = new Float64Array(8), half = new Float64Array(8), c = new Float64Array(8);
  const x = new Float64Array(8);
  const inverses = Array.from({ length: h }, (_, q) => {
    const out = new Float64Array(8);
    adjugate(right.subarray(8 * q, 8 * q + 8), out);
    return out;
  });
  for (let p = 0; p < h; p++) {
    const gram = grams.subarray(19 * component[p], 19 * component[p] + 19);
    adjugate(left.subarray(8 * p, 8 * p + 8), adj);
    for (let q = 0; q < h; q++) {
      if (component[p] !== component[h + q]) continue;
      const weight = squaredNorm(block(matrix, n, p, q, x));
      if (!(weight > 0)) continue;
      multiply(adj, x, half);
      multiply(half, inverses[q], c);
      const size = squaredNorm(c);
      if (size > 0) accumulate(gram, c, weight, size);
    }
  }
  const result = new Float64Array(8 * h), y = new Float64Array(8);
  for (let q = 0; q < h; q++) {
    y.set(dominant(grams.subarray(19 * component[h + q], 19 * component[h + q] + 19)) ?? FALLBACK);
    const r = right.subarray(8 * q, 8 * q + 8);
    adjugate(r, adj);
    multiply(adj, y, half);
    multiply(half, r, c);
    // adj(R) is R⁻¹ times the determinant; the solution has the same eigenvalues everywhere.
    const re = r[0] * r[6] - r[1] * r[7] - r[2] * r[4] + r[3] * r[5];
    const im = r[0] * r[7] + r[1] * r[6] - r[2] * r[5] - r[3] * r[4];
    const modulus = re * re + im * im;
    if (!(modulus > 1e-200)) {
      result.set(FALLBACK, 8 * q);
      continue;
    }
    for (let i = 0; i < 8; i += 2) {
      result[8 * q + i] = (c[i] * re + c[i + 1] * im) / modulus;
      result[8 * q + i + 1] = (c[i + 1] * re - c[i] * im) / modulus;
    }
  }
  return result;
}

function accumulate(gram: Float64Array, c: Float64Array, weight: number, size: number): void {
  const scale = weight / size;
  // The diagonal of a traceless part is one number.
  c[0] = (c[0] - c[6]) / 2;
  c[1] = (c[1] - c[7]) / 2;
  for (let i = 0; i < 6; i += 2) {
    for (let j = 0; j < 6; j += 2) {
      const a = c[i], b = c[i + 1], e = c[j], f = c[j + 1];
      gram[3 * i + j] += scale * (a * e + b * f);
      gram[3 * i + j + 1] += scale * (b * e - a * f);
    }
  }
  gram[18] += weight;
}

/** The traceless matrix of the largest eigenvalue, by power iteration; undefined when there is nothing but rounding. */
function dominant(gram: Float64Array): Float64Array | undefined {
  const trace = gram[0] + gram[8] + gram[16];
  if (!(trace > 1e-26 * gram[18])) return undefined;
  // The column of the largest diagonal entry is not orthogonal to the eigenvector.
  const column = gram[0] >= gram[8] && gram[0] >= gram[16] ? 0 : gram[8] >= gram[16] ? 1 : 2;
  let v = Float64Array.from({ length: 6 }, (_, i) => gram[6 * (i >> 1) + 2 * column + i % 2]);
  for (let step = 0; step < 40; step++) {
    const next = new Float64Array(6);
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) {
        const re = gram[6 * i + 2 * j], im = gram[6 * i + 2 * j + 1];
        next[2 * i] += re * v[2 * j] - im * v[2 * j + 1];
        next[2 * i + 1] += re * v[2 * j + 1] + im * v[2 * j];
      }
    }
    const norm = Math.hypot(...next);
    if (!(norm > 0)) return undefined;
    v = next.map((x) => x / norm);
  }
  return Float64Array.of(v[0], v[1], v[2], v[3], v[4], v[5], -v[0], -v[1]);
}

/** About the smallest singular value: |det|/norm. */
function smallest(x: Float64Array): number {
  const size = squaredNorm(x);
  const re = x[0] * x[6] - x[1] * x[7] - x[2] * x[4] + x[3] * x[5];
  const im = x[0] * x[7] + x[1] * x[6] - x[2] * x[5] - x[3] * x[4];
  return size > 0 ? Math.hypot(re, im) / Math.sqrt(size) : 0;
}

function squaredNorm(x: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * x[i];
  return sum;
}
