/**
 * Blocks of 4×4 as butterfly factors: every real 4×4 matrix is U·Σ·Vᵀ, and every orthogonal one of these a product of
 * three factors of pairs, near, far and near again, by the cosine–sine decomposition (Golub and Van Loan, 2.5.4).
 *
 * @module
 */

import { orthogonalise } from "../program/jacobi.ts";

/** Real 4×4 matrices, row-major. */
type Matrix4 = Float64Array;

/** A factor of pairs on the four points of each block. */
export interface PairFactor {
  /** Whether points 0 and 1, 2 and 3 are paired, or 0 and 2, 1 and 3. */
  readonly near: boolean;
  /** The weights of the factor (2a, 2, 2, d) where near, else (a, 2, 2, 2d). */
  readonly weights: Float32Array<ArrayBuffer>;
}

/** Beside the largest singular value, smaller ones are zero. */
const NOTHING = 1e-14;

/**
 * The factors, in the order of application, whose product is a real factor (a, 4, 4, d).
 *
 * @param blocks its weights [a][4][4][d]
 */
export function pairFactors(blocks: Float32Array, d: number): PairFactor[] {
  const factors = Array.from({ length: 5 }, (_, i): PairFactor => {
    return { near: i % 2 === 0, weights: new Float32Array(blocks.length / 2) };
  });
  for (let first = 0; first < blocks.length; first += 16 * d) {
    for (let delta = 0; delta < d; delta++) splitBlock(blocks, first + delta, d, factors);
  }
  return factors;
}

/** Splits the block whose first weight is at `at`, the others d apart. */
function splitBlock(blocks: Float32Array, at: number, d: number, factors: readonly PairFactor[]): void {
  const first = at - at % (16 * d), delta = at - first;
  const put = (factor: number, pairs: readonly Float64Array[]): void => {
    const { near, weights } = factors[factor];
    pairs.forEach((pair, p) => {
      pair.forEach((value, entry) => {
        weights[first / 2 + delta + (near ? p * 4 + entry : entry * 2 + p) * d] = value;
      });
    });
  };
  const block = Float64Array.from({ length: 16 }, (_, entry) => blocks[at + entry * d]);
  const { left, values, right } = singular(block);
  const u = cosineSine(left), v = cosineSine(transposed(right));
  put(0, v.first);
  put(1, v.middle);
  // Between both: the left near pairs of Vᵀ, the singular values, the right ones of U.
  put(2, [0, 1].map((p) => times(u.first[p], scaledRows(v.last[p], values.subarray(2 * p, 2 * p + 2)))));
  put(3, u.middle);
  put(4, u.last);
}

/** U, Σ, V of a matrix U·Σ·Vᵀ, both orthogonal to rounding whatever the singular values. */
function singular(matrix: Matrix4): { left: Matrix4; values: Float64Array; right: Matrix4 } {
  const work = matrix.slice();
  // The rows become those of Σ·Vᵀ.
  orthogonalise(work, 4, 4, true);
  const sizes = [0, 1, 2, 3].map((i) => Math.hypot(...work.subarray(4 * i, 4 * i + 4)));
  const order = [0, 1, 2, 3].sort((i, j) => sizes[j] - sizes[i]), largest = sizes[order[0]];
  const values = Float64Array.from(order, (i) => sizes[i] > NOTHING * largest ? sizes[i] : 0);
  const v = completed(order.map((i, k) => values[k] > 0 ? work.subarray(4 * i, 4 * i + 4) : undefined));
  const u = completed(v.map((row, k) => {
    if (values[k] === 0) return undefined;
    return Float64Array.from(
      { length: 4 },
      (_, i) => row.reduce((sum, x, j) => sum + matrix[4 * i + j] * x, 0),
    );
  }));
  const columns = (vectors: readonly Float64Array[]): Matrix4 =>
    Float64Array.from({ length: 16 }, (_, k) => vectors[k % 4][k >> 2]);
  return { left: columns(u), values, right: columns(v) };
}

/** Orthonormal vectors along the given ones, in this order; where there is none, or nothing is left of it, any. */
function completed(vectors: readonly (Float64Array | undefined)[]): Float64Array[] {
  const basis: Float64Array[] = [];
  const rest = (vector: Float64Array): Float64Array => {
    const left = vector.slice();
    for (let turn = 0; turn < 2; turn++) {
      for (const known of basis) {
        const along = known.reduce((sum, x, i) => sum + x * left[i], 0);
        known.forEach((x, i) => left[i] -= along * x);
      }
    }
    return left;
  };
  for (const vector of vectors) {
    let left = vector && rest(vector), size = left ? Math.hypot(...left) : 0;
    if (left === undefined || !(size > 1e-8 * Math.hypot(...vector!))) {
      // The unit vector of which most is left; in four dimensions at least half of one is.
      const units = [0, 1, 2, 3].map((i) =>
        rest(Float64Array.from({ length: 4 }, (_, k) => k === i ? 1 : 0))
      );
      left = units.reduce((best, unit) => Math.hypot(...unit) > Math.hypot(...best) ? unit : best);
      size = Math.hypot(...left);
    }
    basis.push(left.map((x) => x / size));
  }
  return basis;
}

/** An orthogonal matrix as last·middle·first: near pairs, far pairs (cosines and sines), near pairs. */
function cosineSine(q: Matrix4): { first: Float64Array[]; middle: Float64Array[]; last: Float64Array[] } {
  const quarter = (row: number, column: number): Float64Array =>
    Float64Array.from([0, 1, 4, 5], (k) => q[8 * row + 2 * column + k]);
  // The upper left quarter is U₁·C·V₁ᵀ.
  const { u: u1, v: v1, c } = singular2(quarter(0, 0));
  const lower = times(quarter(1, 0), v1),
    s = [Math.hypot(lower[0], lower[2]), Math.hypot(lower[1], lower[3])];
  const u2 = new Float64Array(4), larger = s[0] >= s[1] ? 0 : 1;
  // The columns of U₂·S; of the smaller one only what is at right angles to the larger is sure.
  const [x, y] = s[larger] > 0 ? [lower[larger] / s[larger], lower[2 + larger] / s[larger]] : [1, 0];
  const across = -y * lower[1 - larger] + x * lower[3 - larger], sign = across < 0 ? -1 : 1;
  u2[larger] = x;
  u2[2 + larger] = y;
  u2[1 - larger] = -y * sign;
  u2[3 - larger] = x * sign;
  s[1 - larger] = Math.abs(across);
  // Row i of V₂ᵀ from both quarters on the right: −S·V₂ᵀ and C·V₂ᵀ.
  const upper = times(transposed2(u1), quarter(0, 1)), right = times(transposed2(u2), quarter(1, 1));
  const v2t = upper.map((value, k) => c[k >> 1] * right[k] - s[k >> 1] * value);
  const middle = [0, 1].map((i) => Float64Array.of(c[i], -s[i], s[i], c[i]));
  return { first: [transposed2(v1), v2t], middle, last: [u1, u2] };
}

/** U, C, V of a 2×2 matrix U·C·Vᵀ. */
function singular2([a, b, c, d]: Float64Array): { u: Float64Array; v: Float64Array; c: Float64Array } {
  // A rotation makes the columns orthogonal (one-sided Jacobi).
  const angle = 0.5 * Math.atan2(2 * (a * b + c * d), a * a + c * c - b * b - d * d);
  const v = Float64Array.of(Math.cos(angle), -Math.sin(angle), Math.sin(angle), Math.cos(angle));
  const columns = times(Float64Array.of(a, b, c, d), v);
  const first = Math.hypot(columns[0], columns[2]), second = Math.hypot(columns[1], columns[3]);
  // The angle puts the larger one first.
  const [x, y] = first > 0 ? [columns[0] / first, columns[2] / first] : [1, 0];
  const sign = -y * columns[1] + x * columns[3] < 0 ? -1 : 1;
  return { u: Float64Array.of(x, -y * sign, y, x * sign), v, c: Float64Array.of(first, second) };
}

function times(x: Float64Array, y: Float64Array): Float64Array {
  return Float64Array.of(
    x[0] * y[0] + x[1] * y[2],
    x[0] * y[1] + x[1] * y[3],
    x[2] * y[0] + x[3] * y[2],
    x[2] * y[1] + x[3] * y[3],
  );
}

function scaledRows(x: Float64Array, scales: Float64Array): Float64Array {
  return x.map((value, k) => value * scales[k >> 1]);
}

function transposed2([a, b, c, d]: Float64Array): Float64Array {
  return Float64Array.of(a, c, b, d);
}

function transposed(matrix: Matrix4): Matrix4 {
  return matrix.map((_, k) => matrix[4 * (k % 4) + (k >> 2)]);
}
