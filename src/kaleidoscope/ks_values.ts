/**
 * Chains as lists of four-dimensional arrays of values, as lazylinop has them.
 *
 * @module
 */

import { Chain } from "../operator/chain.ts";
import type { Field } from "../program/step.ts";

/** The values of one factor: an array of shape (a, b, c, d), row-major, interleaved if complex. */
export interface KsValues {
  /** a, b, c and d. */
  readonly shape: readonly number[];
  /** The a·b·c·d numbers. */
  readonly data: Float32Array;
}

/**
 * A chain from a list of values in the order of the written product, the last one applied first: what
 * `lazylinop.butterfly.ksm(ks_values)` takes. The numbers of a factor lie as here, only the order of the list differs.
 *
 * @throws {RangeError} when an array has not four sizes, does not fit them, or two neighbours do not meet
 *
 * @example
 * ```ts
 * import { Chain, fromKsValues, monarchPatterns, toKsValues } from "@papillon/papillon";
 * const map = Chain.random(monarchPatterns(4, 6), { seed: 1 });
 * const again = fromKsValues(toKsValues(map));
 * console.assert(again.toFlat().join() === map.toFlat().join());
 * ```
 */
export function fromKsValues(values: readonly KsValues[], field: Field = "real"): Chain {
  const inOrder = [...values].reverse();
  const patterns = inOrder.map(({ shape }, i) => {
    if (shape.length !== 4) {
      throw new RangeError(
        `Cannot make a chain: array ${
          values.length - i
        } of values has the shape [${shape}], expected [a, b, c, d]`,
      );
    }
    const [a, b, c, d] = shape;
    return { a, b, c, d };
  });
  return new Chain(patterns, inOrder.map(({ data }) => data), field);
}

/** The values of the factors of a chain, in the order of the written product: the inverse of {@link fromKsValues}. */
export function toKsValues(chain: Chain): KsValues[] {
  return chain.patterns.map(({ a, b, c, d }, i) => ({ shape: [a, b, c, d], data: chain.factors[i].slice() }))
    .reverse();
}
