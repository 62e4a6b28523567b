/**
 * The real part of a complex operator.
 *
 * @module
 */

import { KroneckerFactor } from "./factor.ts";
import type { Operator } from "./operator.ts";
import { product } from "./product.ts";
import { RealView } from "./real_view.ts";

/**
 * Re A, as a real operator: a real vector is taken for a complex one, A is applied, and imaginary parts are dropped. This
 * is how Dao et al. 2019 write real transforms by complex butterflies.
 *
 * @throws {TypeError} when the operator is not complex
 *
 * @example
 * ```ts
 * import { Diagonal, realPart } from "@papillon/papillon";
 * const map = realPart(new Diagonal(new Float32Array([2, 5, 0, 1]), "complex")); // 2 + 5i, i
 * console.assert(map.apply(new Float32Array([3, 4])).join() === "6,0");
 * ```
 */
export function realPart(operator: Operator): Operator {
  const parts = (size: number): Float32Array<ArrayBuffer> =>
    Float32Array.from({ length: 2 * size }, (_, i) => 1 - i % 2);
  const { rows, cols } = operator, view = new RealView(operator);
  return product(
    new KroneckerFactor({ a: rows, b: 1, c: 2, d: 1 }, parts(rows)),
    view,
    new KroneckerFactor({ a: cols, b: 2, c: 1, d: 1 }, parts(cols)),
  );
}
