/**
 * What a butterfly for a matrix may look like: the order of its strides, and a fixed permutation in front.
 *
 * Everything in this folder works on one canonical form, the chain with increasing strides and no
 * permutation. A hypothesis says how a target is brought to that form, and how the fitted weights are
 * brought back: M = B·P gives B = M·Pᵀ, a matter of reading columns in another order; and a butterfly with
 * decreasing strides is the transpose of one with increasing strides.
 *
 * @module
 */
import { type Field, log2, reverseBits, type Target } from "./target.ts";

/**
 * The fixed permutation in front of the butterfly (applied first): M = B·P, with P x = x[bit-reversed
 * index].
 */
export type FrontPermutation = "none" | "bit-reversal";

/** One form that the butterfly may take. */
export interface Hypothesis {
  /** Strides 1, 2, 4 … n/2 in the order of application, or n/2 … 1. */
  readonly increasing: boolean;
  /** What is applied before the factors. */
  readonly permutation: FrontPermutation;
}

/** All forms that are tried, in the order of preference among equals. */
export const HYPOTHESES: readonly Hypothesis[] = [
  { increasing: true, permutation: "none" },
  { increasing: false, permutation: "none" },
  { increasing: true, permutation: "bit-reversal" },
  { increasing: false, permutation: "bit-reversal" },
];

/** "bit reversal, then strides 1 … n/2", for messages. */
export function describe(hypothesis: Hypothesis): string {
  const strides = hypothesis.increasing ? "increasing strides" : "decreasing strides";
  return hypothesis.permutation === "none" ? strides : `bit reversal, then ${strides}`;
}

/**
 * The matrix that must be a chain with increasing strides if the hypothesis is right, row-major, times
 * `scale`.
 */
export function canonicalMatrix(target: Target, hypothesis: Hypothesis, scale = 1): Float64Array {
  const { n, values } = target;
  const width = target.field === "complex" ? 2 : 1;
  const bits = log2(n);
  const out = new Float64Array(values.length);
  for (let column = 0; column < n; column++) {
    const source = hypothesis.permutation === "none" ? column : reverseBits(column, bits);
    for (let row = 0; row < n; row++) {
      const from = (row * n + source) * width;
      const to = (hypothesis.increasing ? row * n + column : column * n + row) * width;
      for (let part = 0; part < width; part++) out[to + part] = values[from + part] * scale;
    }
  }
  return out;
}

/**
 * The factors of the hypothesis, in the order in which they are applied, from the weights of the canonical
 * chain.
 *
 * @param weights the factors of strides 1, 2 … n/2 one after another, each laid out [a][b][c][d].
 */
export function appliedFactors(
  weights: Float64Array,
  n: number,
  field: Field,
  hypothesis: Hypothesis,
): Float64Array[] {
  const size = 2 * n * (field === "complex" ? 2 : 1);
  const factors: Float64Array[] = [];
  for (let stride = 1, at = 0; stride < n; stride *= 2, at += size) {
    const factor = weights.slice(at, at + size);
    if (!hypothesis.increasing) transposeBlocks(factor, stride, field);
    factors.push(factor);
  }
  return hypothesis.increasing ? factors : factors.reverse();
}

/** The inverse of {@link appliedFactors}: the canonical weights of factors listed as they are applied. */
export function canonicalWeights(
  factors: readonly (Float32Array | Float64Array)[],
  n: number,
  field: Field,
  hypothesis: Hypothesis,
): Float64Array {
  const size = 2 * n * (field === "complex" ? 2 : 1);
  const weights = new Float64Array(size * factors.length);
  factors.forEach((factor, index) => {
    const level = hypothesis.increasing ? index : factors.length - 1 - index;
    const part = weights.subarray(level * size, (level + 1) * size);
    part.set(factor);
    if (!hypothesis.increasing) transposeBlocks(part, 2 ** level, field);
  });
  return weights;
}

/** Transposes (without conjugation) each 2×2 block of a factor of the given stride, in place. */
function transposeBlocks(factor: Float64Array, stride: number, field: Field): void {
  const run = stride * (field === "complex" ? 2 : 1);
  for (let block = 0; block < factor.length; block += 4 * run) {
    for (let k = 0; k < run; k++) {
      const upper = block + run + k;
      const lower = block + 2 * run + k;
      const kept = factor[upper];
      factor[upper] = factor[lower];
      factor[lower] = kept;
    }
  }
}
