/**
 * From the tree of a BB* product to its factors.
 *
 * @module
 */

import type { PeelNode } from "./peel_tree.ts";
import { type Field, log2, reverseBits } from "./target.ts";

/** Factors in the order of application, each laid out [n/2s][2][2][s] for its stride s; interleaved if complex. */
export interface PeelFactors {
  /** The field in which the factors can be written: real if no imaginary part is there. */
  readonly field: Field;
  /** n/2 … 2, 1, 2 … n/2, or n/2 for every one of these s, 1 … n/2 … 1. */
  readonly strides: number[];
  /** One array a stride, 2n numbers or 4n. */
  readonly factors: Float64Array[];
}

/** Reads the factors off a tree of order n ≥ 2; the middle one is multiplied by `scale`. */
export function factorsOf(root: PeelNode, scale: number): PeelFactors {
  const { n } = root, depth = log2(n), count = 2 * depth - 1;
  const factors = Array.from({ length: count }, () => new Float64Array(4 * n));
  const visit = (node: PeelNode, level: number, offset: number): void => {
    if (!node.children) {
      const middle = factors[depth - 1];
      for (let i = 0; i < 8; i++) middle[4 * offset + i] = scale * node.product[i];
      return;
    }
    const h = node.n / 2;
    place(node.right, factors[level], 4 * offset);
    place(node.left, factors[count - 1 - level], 4 * offset);
    node.children.forEach((child, k) => visit(child, level + 1, offset + k * h));
  };
  visit(root, 0, 0);
  const strides = factors.map((_, i) => 2 ** Math.abs(depth - 1 - i));
  if (factors.some((weights) => weights.some((x, i) => i % 2 === 1 && x !== 0))) {
    return { field: "complex", strides, factors };
  }
  return { field: "real", strides, factors: factors.map((w) => w.filter((_, i) => i % 2 === 0)) };
}

/** Writes h row-major 2×2 blocks as [2][2][h]. */
function place(blocks: Float64Array, weights: Float64Array, start: number): void {
  const h = blocks.length / 8;
  for (let p = 0; p < h; p++) {
    for (let entry = 0; entry < 4; entry++) {
      for (let part = 0; part < 2; part++) {
        weights[start + 2 * (entry * h + p) + part] = blocks[8 * p + 2 * entry + part];
      }
    }
  }
}

/** The factors of P·M·P for those of M, P the bit reversal: stride s becomes n/2s. */
export function reversed(n: number, { field, strides, factors }: PeelFactors): PeelFactors {
  const depth = log2(n), unit = field === "complex" ? 2 : 1;
  return {
    field,
    strides: strides.map((s) => n / 2 / s),
    factors: factors.map((weights, f) => {
      const s = strides[f], t = n / 2 / s, result = new Float64Array(weights.length);
      for (let i = 0; i < n / 2; i++) {
        const from = Math.floor(i / s) * 4 * s + i % s;
        const point = reverseBits(Math.floor(i / s) * 2 * s + i % s, depth);
        const to = Math.floor(point / (2 * t)) * 4 * t + point % t;
        for (let entry = 0; entry < 4; entry++) {
          for (let part = 0; part < unit; part++) {
            result[(to + entry * t) * unit + part] = weights[(from + entry * s) * unit + part];
          }
        }
      }
      return result;
    }),
  };
}
