/**
 * How well the entries of a level's matrices are known.
 *
 * Where l₁ and l₂ are nearly parallel and r₁ and r₂ as well, M₁[p,q] and M₂[p,q] are told apart badly: noise in M comes
 * back 1/√(1 − |G|²) times as large in each, G = ⟨l₁r₁, l₂r₂⟩. The next level must not take these entries for as good
 * as others. As M₁ and M₂ have one entry for each 2×2 block, a weight for a block is a factor on the block, taken out of
 * the two entries again.
 *
 * @module
 */

import { columnCosines, rowCosines } from "./peel_blocks.ts";

/**
 * Full weights would be right for each half alone, but forget that the sum of both is well known; measured on real
 * Gaussian factors, which are the worst, this is better than 1 and than 1/2.
 */
const POWER = 0.7;
/** If no weight is below this, weights are not worth their time. */
const UNIFORM = 0.3;

/** The weight of each 2×2 block from those of the entries of a matrix of order n: noise energies are averaged. */
export function blockWeights(weights: Float64Array, n: number): Float64Array {
  const h = n / 2, blocks = new Float64Array(h * h);
  for (let p = 0, o = 0; p < h; p++) {
    for (let q = 0; q < h; q++, o++) {
      const low = n * p + q, high = low + n * h;
      blocks[o] = 4 / (1 / weights[low] + 1 / weights[low + h] + 1 / weights[high] + 1 / weights[high + h]);
    }
  }
  return blocks;
}

/** A matrix of order n with each 2×2 block multiplied by the root of its weight. */
export function weighted(matrix: Float64Array, n: number, blocks: Float64Array): Float64Array {
  const h = n / 2, result = new Float64Array(matrix.length);
  for (let row = 0, i = 0; row < n; row++) {
    for (let column = 0; column < n; column++, i += 2) {
      const scale = Math.sqrt(blocks[(row % h) * h + column % h]);
      result[i] = scale * matrix[i];
      result[i + 1] = scale * matrix[i + 1];
    }
  }
  return result;
}

/** Divides the entries of M₁ or M₂ by the root of the weight of their block, in place. */
export function unweight(half: Float64Array, blocks: Float64Array): void {
  for (let i = 0; i < blocks.length; i++) {
    const scale = 1 / Math.sqrt(blocks[i]);
    half[2 * i] *= scale;
    half[2 * i + 1] *= scale;
  }
}

/**
 * The weights of the entries of M₁, the same as those of M₂, from those of the blocks (1 when undefined); undefined when
 * they are about equal.
 */
export function halfWeights(
  left: Float64Array,
  right: Float64Array,
  blocks: Float64Array | undefined,
): Float64Array | undefined {
  const alpha = columnCosines(left), beta = rowCosines(right), h = left.length / 8;
  const weights = new Float64Array(h * h);
  let least = Infinity, most = 0;
  for (let p = 0, o = 0; p < h; p++) {
    const a = alpha[2 * p] ** 2 + alpha[2 * p + 1] ** 2;
    for (let q = 0; q < h; q++, o++) {
      const b = beta[2 * q] ** 2 + beta[2 * q + 1] ** 2;
      const weight = (blocks ? blocks[o] : 1) * Math.max(1e-12, 1 - a * b) ** POWER;
      weights[o] = weight;
      if (weight < least) least = weight;
      if (weight > most) most = weight;
    }
  }
  return least > UNIFORM * most ? undefined : weights;
}
