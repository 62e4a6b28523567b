/**
 * Walsh–Hadamard transforms in their three orders.
 *
 * @module
 */

import { Butterfly } from "../../operator/butterfly.ts";
import type { Operator } from "../../operator/operator.ts";
import { bitReversal, Permutation } from "../../operator/permutation.ts";
import { product } from "../../operator/product.ts";
import { checkShape, type Shape, type TransformOptions, unitaryScale } from "./shape.ts";

/** Whether the order of the rows is that of the Kronecker product, of the number of changes of sign, or Paley's. */
export type HadamardOrder = "natural" | "sequency" | "dyadic";

/** How a Walsh–Hadamard transform is scaled and ordered. */
export interface WalshOptions extends TransformOptions {
  /**
   * "natural" (the default): Sylvester's order, H[k,j] = (−1)^{number of bits that k and j share}. "dyadic": row k is
   * row bit-reversed k of it. "sequency": row k changes its sign k times.
   */
  order?: HadamardOrder;
}

/**
 * The Walsh–Hadamard transform, entries ±1, or ±1/√n if normalized. A single butterfly without multiplications; the other
 * orders have one permutation behind it. In several dimensions the transform of each axis.
 *
 * @param shape points, a power of two up to 2²⁰, or the sizes of several axes
 * @throws {RangeError} when a size is no power of two or there are more than 2²⁰ points
 * @throws {TypeError} when the order is unknown
 *
 * @example
 * ```ts
 * import { hadamard } from "@papillon/papillon";
 * const y = hadamard(4, { order: "sequency" }).apply(new Float32Array([0, 1, 0, 0]));
 * console.assert(y.join() === "1,1,-1,-1");
 * ```
 */
export function hadamard(
  shape: Shape,
  { normalized = false, order = "natural" }: WalshOptions = {},
): Operator {
  const sizes = checkShape("a Hadamard transform", shape), n = sizes.reduce((all, size) => all * size, 1);
  if (!["natural", "sequency", "dyadic"].includes(order)) {
    throw new TypeError(
      `Cannot make a Hadamard transform: order must be "natural", "sequency" or "dyadic", got ${
        JSON.stringify(order)
      }`,
    );
  }
  const scale = normalized ? unitaryScale(n) : () => 1;
  const factors = Array.from({ length: Math.log2(n) }, (_, level) => {
    const s = n / 2 ** (level + 1), h = scale(level);
    const weights = new Float32Array(2 * n).fill(h);
    for (let at = 3 * s; at < weights.length; at += 4 * s) weights.fill(-h, at, at + s);
    return weights;
  });
  // Strides that fall, so that a bit reversal behind them costs nothing.
  const butterfly = new Butterfly(n, factors, { increasing: false });
  if (order === "natural") return butterfly;
  let index: Uint32Array<ArrayBuffer> = new Uint32Array(1), inner = 1;
  for (const size of [...sizes].reverse()) {
    const reversal = bitReversal(size), before = index, width = inner;
    const row = (k: number): number => reversal[order === "dyadic" ? k : k ^ k >>> 1];
    index = Uint32Array.from({ length: size * width }, (_, i) => {
      return row(Math.floor(i / width)) * width + before[i % width];
    });
    inner *= size;
  }
  return product(new Permutation(index), butterfly);
}

/**
 * The Walsh transform: {@link hadamard} in sequency order, where row k changes its sign k times.
 *
 * @throws {RangeError} when a size is no power of two or there are more than 2²⁰ points
 */
export function walsh(shape: Shape, { normalized = false }: TransformOptions = {}): Operator {
  return hadamard(shape, { normalized, order: "sequency" });
}
