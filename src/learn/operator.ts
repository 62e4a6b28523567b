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
import { realPart } from "../operator/real_part.ts";
import type { Factorization } from "./factorize.ts";
import { butterflyOrder, type Model } from "./parts.ts";

/**
 * The operator of what was learned, in float32; the same as `fit.operator`. Weights are copied.
 *
 * @example
 * ```ts
 * import { checkTarget, learn, toOperator } from "@papillon/papillon";
 * const map = toOperator(await learn(checkTarget([1, 1, 1, -1])));
 * console.assert(map.apply(new Float32Array([3, 4])).join() === "7,-1");
 * ```
 */
export function toOperator(fit: Model & { readonly n: number }): Operator {
  return modelOperator(fit, fit.n);
}

/** The operator of a product of parts of order n: butterflies where there are whole ones. */
export function modelOperator({ parts, field, realPart: real }: Model, n: number): Operator {
  const operators: Operator[] = [], depth = Math.log2(n);
  for (let at = 0; at < parts.length;) {
    const part = parts[at], increasing = butterflyOrder(parts.slice(at, at + depth), n);
    if (increasing !== undefined) {
      const factors: Float32Array[] = [];
      let blocks = 0;
      for (;; blocks++, at += depth) {
        const run = parts.slice(at, at + depth);
        if (butterflyOrder(run, n) !== (blocks % 2 === 0 ? increasing : !increasing)) break;
        for (const factor of run) if (factor.kind === "factor") factors.push(factor.weights);
        // Of two points both orders are the same.
        if (depth === 1) {
          blocks++, at++;
          break;
        }
      }
      operators.push(Butterfly.fromFactors(n, factors, { field, increasing, blocks }));
      continue;
    }
    if (part.kind === "factor") operators.push(new KroneckerFactor(part.pattern, part.weights, field));
    else if (part.kind === "diagonal") operators.push(new Diagonal(Float32Array.from(part.weights), field));
    else operators.push(new Permutation(part.index, field));
    at++;
  }
  if (operators.length === 0) {
    operators.push(new Permutation(Uint32Array.from({ length: n }, (_, i) => i), field));
  }
  const whole = product(...operators.reverse());
  return real ? realPart(whole) : whole;
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
