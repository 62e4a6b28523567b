/**
 * The discrete Hartley transform.
 *
 * @module
 */

import { Dense } from "../../operator/dense.ts";
import type { Operator } from "../../operator/operator.ts";
import { overAxes } from "./axes.ts";
import { packed } from "./packed.ts";
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
  // (1 + i)·V has the parts re V − im V and re V + im V, which are y[k] and y[n−k].
  const cas = { size: scale * Math.SQRT2, angle: Math.PI / 4 };
  return packed(n, {
    sum: () => cas,
    difference: () => cas,
    rows: (k) => k === 0 ? [0, h, h / 2, h + h / 2] : [k, n - k, h + k, h - k],
  });
}
