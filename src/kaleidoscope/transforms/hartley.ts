/**
 * The discrete Hartley transform.
 *
 * @module
 */

import { Dense } from "../../operator/dense.ts";
import type { Operator } from "../../operator/operator.ts";
import { overAxes } from "./axes.ts";
import { type Block, packed, rotation, times } from "./packed.ts";
import { checkShape, type Shape, type TransformOptions } from "./shape.ts";

/**
 * The discrete Hartley transform y[k] = Σⱼ x[j]·(cos 2πjk/n + sin 2πjk/n), divided by √n if normalized: then it is its own
 * inverse. Real arithmetic throughout. In several dimensions the transform of each axis.
 *
 * @param shape points, a power of two up to 2²⁰, or the sizes of several axes
 * @throws {RangeError} when a size is no power of two or there are more than 2²⁰ points
 *
 * @example
 * ```ts
 * import { hartley } from "@papillon/papillon";
 * const map = hartley(8, { normalized: true });
 * const back = map.apply(map.apply(new Float32Array([1, 2, 3, 4, 5, 6, 7, 8])));
 * console.assert(Math.abs(back[6] - 7) < 1e-5);
 * ```
 */
export function hartley(shape: Shape, { normalized = false }: TransformOptions = {}): Operator {
  const sizes = checkShape("a Hartley transform", shape);
  return overAxes(sizes, (n) => hartley1(n, normalized ? 1 / Math.sqrt(n) : 1));
}

/** The transform of n points times a scale. */
export function hartley1(n: number, scale: number): Operator {
  if (n === 1) return new Dense(1, 1, new Float32Array([scale]));
  if (n === 2) return new Dense(2, 2, new Float32Array([1, 1, 1, -1]).map((w) => w * scale));
  const h = n / 2;
  // (re, im) to (re − im, re + im): what V, and V at the opposite point, give.
  const cas: Block = [1, -1, 1, 1], sums: Block = [scale, scale, scale, -scale];
  return packed(n, {
    even: (k) => k === 0 ? sums : times(cas, rotation(0, scale)),
    odd: (k) => k === 0 ? sums : times(cas, rotation(-2 * Math.PI * k / n, scale)),
    sum: () => [1, 0, 0, 1],
    difference: () => [1, 0, 0, 1],
    places: (k) => k === 0 ? [0, h, h / 2, h + h / 2] : [k, n - k, h + k, h - k],
  });
}
