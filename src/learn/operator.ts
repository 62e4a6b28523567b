/**
 * From what was learned to an operator that runs.
 *
 * @module
 */

import { Butterfly } from "../operator/butterfly.ts";
import { Diagonal } from "../operator/diagonal.ts";
import type { Operator } from "../operator/operator.ts";
import { Permutation } from "../operator/permutation.ts";
import { product } from "../operator/product.ts";
import type { ButterflyFit } from "./fit.ts";

/**
 * The operator of a fitted butterfly: its factors, with the bit reversal in front (applied first) where the fit has
 * one; for n = 1 the number itself. Weights are copied.
 *
 * @example
 * ```ts
 * import { checkTarget, learn, toOperator } from "@papillon/papillon";
 * const map = toOperator(await learn(checkTarget([1, 1, 1, -1])));
 * console.log(map.apply(new Float32Array([3, 4]))); // 7, −1
 * ```
 */
export function toOperator(fit: ButterflyFit): Operator {
  const { n, field, factors, increasing, permutation, scalar } = fit;
  if (scalar !== undefined) return new Diagonal(scalar, field);
  const butterfly = Butterfly.fromFactors(n, factors, { field, increasing });
  // A bit reversal of 1 or 2 points is the identity.
  if (permutation === "none" || n <= 2) return butterfly;
  return product(butterfly, Permutation.bitReversal(n, field));
}
