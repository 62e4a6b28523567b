/**
 * Monarch matrices as pairs of block-diagonal weights, the form in which trained models keep them.
 *
 * @module
 */

import { Chain } from "../operator/chain.ts";
import { checkField, checkSize, checkWeights } from "../operator/check.ts";
import { patternText } from "../operator/pattern.ts";
import { type Field, floats } from "../program/step.ts";

/** The weights of a Monarch matrix: two arrays, row-major, interleaved if complex, with their shapes. */
export interface MonarchWeights {
  /** Blocks that are applied first, [k, q, p]: k blocks of q outputs and p inputs; k·p columns. */
  readonly first: Float32Array;
  /** k, q and p. */
  readonly firstShape: readonly [number, number, number];
  /** Blocks that are applied then, [l, s, r]: l·s rows, l·r = k·q. */
  readonly second: Float32Array;
  /** l, s and r. */
  readonly secondShape: readonly [number, number, number];
}

/**
 * A Monarch matrix from its two block-diagonal weights, in the convention of `blockdiag_butterfly_multiply(x, w1, w2)`
 * (HazyResearch's fly, safari and m2; `MonarchLinear.blkdiag1`, `blkdiag2`): with x as [k, p],
 * h[k·q + j] = Σ w1[k, j, p]·x[k, p], then y[σ·l + λ] = Σρ w2[λ, σ, ρ]·h[ρ·l + λ]. So both permutations of the paper are
 * strides here: the factors are (k, q, p, 1) and (1, s, r, l), and nothing is moved.
 *
 * Source: Dao et al., Monarch: Expressive Structured Matrices for Efficient and Accurate Training, 2022.
 *
 * @throws {RangeError} when a shape does not fit its array, l·r is not k·q, or a weight is not finite
 *
 * @example
 * ```ts
 * import { fromMonarch, toMonarch } from "@papillon/papillon";
 * const first = new Float32Array(2 * 3 * 2).fill(1), second = new Float32Array(3 * 2 * 2).fill(0.5);
 * const map = fromMonarch({ first, firstShape: [2, 3, 2], second, secondShape: [3, 2, 2] });
 * console.assert(map.cols === 4 && map.rows === 6);
 * console.assert(toMonarch(map).second.join() === second.join());
 * ```
 */
export function fromMonarch(weights: MonarchWeights, field: Field = "real"): Chain {
  const what = "a Monarch matrix", unit = floats(field);
  checkField(what, field);
  for (const name of ["first", "second"] as const) {
    const shape = weights[`${name}Shape`];
    if (!Array.isArray(shape) || shape.length !== 3) {
      throw new TypeError(`Cannot make ${what}: ${name}Shape must be three whole numbers, got ${shape}`);
    }
    for (const size of shape) checkSize(what, `each of ${name}Shape`, size);
    checkWeights(what, name, weights[name], shape[0] * shape[1] * shape[2] * unit);
  }
  const [k, q, p] = weights.firstShape, [l, s, r] = weights.secondShape;
  if (l * r !== k * q) {
    throw new RangeError(
      `Cannot make ${what}: the first blocks ${k}×${q}×${p} have ${k * q} outputs, the second ones ` +
        `${l}×${s}×${r} have ${l * r} inputs`,
    );
  }
  return new Chain(
    [{ a: k, b: q, c: p, d: 1 }, { a: 1, b: s, c: r, d: l }],
    [weights.first, rotated(weights.second, l, s * r, unit)],
    field,
  );
}

/**
 * The two block-diagonal weights of a chain of two factors (k, q, p, 1) and (1, s, r, l), as {@link monarchPatterns} makes
 * them: the inverse of {@link fromMonarch}.
 *
 * @throws {RangeError} when the chain is of another form
 */
export function toMonarch(chain: Chain): MonarchWeights {
  const [first, second] = chain.patterns;
  if (chain.patterns.length !== 2 || first.d !== 1 || second.a !== 1) {
    throw new RangeError(
      "Cannot write a chain as a Monarch matrix: expected factors (k, q, p, 1) and (1, s, r, l), got " +
        chain.patterns.map(patternText).join(" and "),
    );
  }
  const { b: s, c: r, d: l } = second;
  return {
    first: chain.factors[0].slice(),
    firstShape: [first.a, first.b, first.c],
    second: rotated(chain.factors[1], s * r, l, floats(chain.field)),
    secondShape: [l, s, r],
  };
}

/** The transpose of a rows×columns array of numbers of `unit` floats. */
function rotated(values: Float32Array, rows: number, columns: number, unit: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      for (let u = 0; u < unit; u++) result[(j * rows + i) * unit + u] = values[(i * columns + j) * unit + u];
    }
  }
  return result;
}
