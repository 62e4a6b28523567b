/**
 * Initial weights that keep the variance of what passes through them, at any depth.
 *
 * @module
 */

import type { Random } from "../program/random.ts";
import type { Pattern } from "../program/step.ts";

/** `length` independent normal numbers of the given deviation. */
export function normals(length: number, deviation: number, random: Random): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length }, () => deviation * random.normal());
}

/**
 * Weights [a][b][c][d] of a factor whose blocks are random matrices with orthonormal rows (where there are at most as many
 * as columns) or columns, times √(b/c) then: entries of the result have the mean square of those of the input. Square
 * blocks are orthogonal, so that a chain of any length of them neither shrinks nor stretches anything.
 */
export function orthogonalFactor({ a, b, c, d }: Pattern, random: Random): Float32Array<ArrayBuffer> {
  const weights = new Float32Array(a * b * c * d), count = Math.min(b, c), size = Math.max(b, c);
  const scale = Math.sqrt(Math.max(1, b / c)), vectors = new Float64Array(count * size);
  for (let i = 0; i < a; i++) {
    for (let delta = 0; delta < d; delta++) {
      for (let k = 0; k < vectors.length; k++) vectors[k] = random.normal();
      orthonormalize(vectors, count, size);
      for (let beta = 0; beta < b; beta++) {
        for (let gamma = 0; gamma < c; gamma++) {
          const at = b <= c ? beta * c + gamma : gamma * b + beta;
          weights[((i * b + beta) * c + gamma) * d + delta] = scale * vectors[at];
        }
      }
    }
  }
  return weights;
}

/** Gram and Schmidt, in place; rows of random numbers are independent. */
function orthonormalize(rows: Float64Array, count: number, size: number): void {
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) {
      let dot = 0;
      for (let k = 0; k < size; k++) dot += rows[i * size + k] * rows[j * size + k];
      for (let k = 0; k < size; k++) rows[i * size + k] -= dot * rows[j * size + k];
    }
    let square = 0;
    for (let k = 0; k < size; k++) square += rows[i * size + k] * rows[i * size + k];
    const inverse = 1 / Math.sqrt(square);
    for (let k = 0; k < size; k++) rows[i * size + k] *= inverse;
  }
}

/** Multiplies all arrays so that their product is multiplied by `gain`, the share of each the same. */
export function shareGain(factors: readonly Float32Array[], gain: number): void {
  const each = gain ** (1 / factors.length);
  for (const weights of factors) for (let k = 0; k < weights.length; k++) weights[k] *= each;
}
