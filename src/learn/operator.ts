/**
 * From what was learned to an operator that runs.
 *
 * @module
 */

import { Butterfly } from "../operator/butterfly.ts";
import { Diagonal } from "../operator/diagonal.ts";
import { KroneckerFactor } from "../operator/factor.ts";
import type { Operator } from "../operator/operator.ts";
import { Permutation } from "../operator/permutation.ts";
import { product } from "../operator/product.ts";
import type { Factorization } from "./factorize.ts";
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

/**
 * The operator of a factorization: its factors, rounded to float32, between the permutations that it has.
 *
 * @example
 * ```ts
 * import { factorizationOperator, factorize, monarchPatterns } from "@papillon/papillon";
 * const matrix = { rows: 4, cols: 4, values: [1, 1, 1, 1, 1, -1, 1, -1, 1, 1, -1, -1, 1, -1, -1, 1] };
 * const fast = factorizationOperator(await factorize(matrix, monarchPatterns(4, 4)));
 * console.assert(Math.abs(fast.apply(new Float32Array([1, 2, 3, 4]))[0] - 10) < 1e-5);
 * ```
 */
export function factorizationOperator(factorization: Factorization): Operator {
  const { patterns, factors, field, rowOrder, columnOrder } = factorization;
  const chain = patterns.map((pattern, i) =>
    new KroneckerFactor(pattern, Float32Array.from(factors[i]), field)
  );
  return product(
    ...(rowOrder ? [new Permutation(rowOrder, field).adjoint()] : []),
    ...chain.reverse(),
    ...(columnOrder ? [new Permutation(columnOrder, field)] : []),
  );
}
