/**
 * The kaleidoscope hierarchy as values: which class an operator is of, seen from its factors, and its form in that
 * class.
 *
 * @module
 */

import type { Butterfly } from "../operator/butterfly.ts";
import { Operator } from "../operator/operator.ts";
import type { Field } from "../program/step.ts";
import { arrange, folded } from "./arrange.ts";
import { blocksOf, unroll, type Unrolled } from "./unroll.ts";

/** A class of the hierarchy; see {@link classOf}. */
export interface KaleidoscopeClass {
  /**
   * "B", "B*", "BB*", "B*B" or "(BB*)^w", with "_e" behind where the expansion e is not 1. Where all 2×2 blocks are
   * orthogonal or unitary "OB", "OB*", "OBB", "OB*OB" or "(OBB)^w", and " with D" behind where there are diagonals
   * that are not, as in M₁·D·M₂ᴴ.
   */
  readonly name: string;
  /** The least w with which it is found in (BB*)^w_e: two blocks for each. */
  readonly width: number;
  /** The points of the factors over those of the operator, each rounded up to a power of two. */
  readonly expansion: number;
  /** The points of the factors. */
  readonly n: number;
  /** How many blocks of alternating order of strides it takes; 0 for a diagonal. */
  readonly blocks: number;
  /** Whether the first of them to be applied is increasing. */
  readonly increasing: boolean;
  /**
   * The field of the factors: complex also for real operators that work with complex numbers on their way, such as
   * convolutions, cosine and Hartley transforms.
   */
  readonly field: Field;
  /** Whether all 2×2 blocks are orthogonal or unitary, within rounding. */
  readonly orthogonal: boolean;
  /** Numbers that describe the operator as it is. */
  readonly parameters: number;
  /** Multiply-adds of the operator as it is. */
  readonly operations: number;
}

/**
 * The class of an operator in the kaleidoscope hierarchy, or undefined for one that is not made of butterfly factors,
 * diagonals, permutations, paddings and cuts, and sums and block diagonals of those. A factor with one block of
 * more rows or columns, as between the channels of a convolution, is a sum of diagonals times permutations, which
 * takes expansion.
 *
 * Real operators that take pairs of numbers for complex ones are seen through: a complex factor of stride s on such
 * pairs is one of stride 2s on the numbers and their conjugates, to which a factor of stride 1 leads.
 *
 * It is decided by the factors alone, whatever the operator is called: their strides in the order of application are
 * placed in as few alternating blocks as hold them. Diagonals and factors that are diagonal cost nothing, neighbours
 * of one stride are one, bit reversals change strides and vanish in pairs, and any other permutation is made of two
 * blocks. An operator may have a form of less width that its factors do not show.
 *
 * @throws {TypeError} when the argument is not an operator
 *
 * @example
 * ```ts
 * import { Butterfly, classOf, Dense, Diagonal, fourierButterfly, Permutation, product } from "@papillon/papillon";
 * const dft = product(fourierButterfly(8), Permutation.bitReversal(8, "complex"));
 * const spectrum = new Diagonal(Float32Array.from({ length: 16 }, (_, i) => i), "complex");
 * const circulant = product(dft.adjoint(), spectrum, dft);
 * console.assert(classOf(Butterfly.random(8))?.name === "B");
 * console.assert(classOf(dft)?.name === "(OBB)^2");
 * console.assert(classOf(circulant)?.name === "OBB with D"); // the bit reversals meet around D
 * console.assert(classOf(new Dense(3, 3, new Float32Array(9))) === undefined);
 * ```
 */
export function classOf(operator: Operator): KaleidoscopeClass | undefined {
  const unrolled = unrolledOf(operator);
  return unrolled && classify(operator, unrolled);
}

/**
 * The form of an operator in its class: the butterfly of n points of which it is the corner, with the blocks that
 * {@link classOf} counts (but at least one); undefined where it has no class.
 *
 * @example
 * ```ts
 * import { Butterfly, corner, Permutation, product, toKaleidoscope } from "@papillon/papillon";
 * const map = product(new Permutation([2, 0, 1, 3]), Butterfly.random(3, { rows: 4 }));
 * const whole = toKaleidoscope(map)!;
 * const x = new Float32Array([1, 2, 3]);
 * const difference = corner(whole, map.rows, map.cols).apply(x)[0] - map.apply(x)[0];
 * console.assert(whole.n === 4 && Math.abs(difference) < 1e-5);
 * ```
 */
export function toKaleidoscope(operator: Operator): Butterfly | undefined {
  const unrolled = unrolledOf(operator);
  if (unrolled === undefined) return undefined;
  const { increasing } = classify(operator, unrolled);
  return arrange(unrolled.n, unrolled.sheets, unrolled.field, increasing);
}

/** The sheets of an operator, folded, on two points at least so that there is a factor. */
function unrolledOf(operator: Operator): Unrolled | undefined {
  if (!(operator instanceof Operator)) {
    throw new TypeError("Cannot tell the class: the argument is not an operator");
  }
  const unrolled = unroll(operator, 2);
  return unrolled && { ...unrolled, sheets: folded(unrolled.sheets, unrolled.field) };
}

function classify(operator: Operator, { n, sheets, field, orthogonal, scaled }: Unrolled): KaleidoscopeClass {
  const up = blocksOf(sheets, true), down = blocksOf(sheets, false);
  // (BB*)^w applies a B*, of decreasing strides, first.
  const width = Math.max(1, Math.ceil(down / 2));
  const increasing = up <= 1 || (up === 2 && down > 2), blocks = increasing ? up : down;
  let points = 2;
  while (points < Math.max(operator.rows, operator.cols)) points *= 2;
  const expansion = n / points, b = orthogonal ? "OB" : "B";
  let name: string;
  if (blocks <= 1) name = increasing ? b : `${b}*`;
  else if (blocks === 2) name = orthogonal ? (increasing ? "OB*OB" : "OBB") : increasing ? "B*B" : "BB*";
  else name = `(${orthogonal ? "OBB" : "BB*"})^${width}`;
  if (expansion > 1) name += `_${expansion}`;
  if (orthogonal && scaled) name += " with D";
  const { parameters, operations } = operator;
  return { name, width, expansion, n, blocks, increasing, field, orthogonal, parameters, operations };
}
