/**
 * What an operator consists of, in words.
 *
 * @module
 */

import { Butterfly } from "../operator/butterfly.ts";
import { type Operator, Transposed } from "../operator/operator.ts";
import { Permutation } from "../operator/permutation.ts";
import { Product } from "../operator/product.ts";
import { nameOf } from "./plot/panels.ts";

/** One part of an operator. */
export interface Part {
  /** What it is: "butterfly, strides 1, 2 … 128". */
  readonly what: string;
  /** Rows. */
  readonly rows: number;
  /** Columns. */
  readonly cols: number;
  /** Of its numbers. */
  readonly field: "real" | "complex";
  /** How many numbers it has. */
  readonly parameters: number;
}

/** The parts of an operator in the order in which they are applied. */
export function partsOf(operator: Operator): Part[] {
  if (operator instanceof Product) return operator.operators.toReversed().flatMap(partsOf);
  const { rows, cols, field, parameters } = operator;
  return [{ what: describe(operator), rows, cols, field, parameters }];
}

/** Whether something is added that the dense matrix leaves out. */
export function hasBias(operator: Operator): boolean {
  if (operator instanceof Product) return operator.operators.some(hasBias);
  return operator instanceof Butterfly && operator.bias !== undefined;
}

function describe(operator: Operator): string {
  if (operator instanceof Transposed) {
    return `${operator.conjugate ? "adjoint" : "transpose"} of: ${
      partsOf(operator.of).map((part) => part.what).join("; ")
    }`;
  }
  if (operator instanceof Permutation) return nameOf(operator);
  if (!(operator instanceof Butterfly)) return operator.constructor.name.toLowerCase();
  const { n, stacks, blocks, increasing, bias } = operator;
  const ends = increasing ? [1, n / 2] : [n / 2, 1];
  const strides = n === 1 ? "one point" : n === 2 ? "stride 1" : `strides ${ends[0]} … ${ends[1]}`;
  const more = [
    ...(blocks > 1 ? [`${blocks} blocks in alternating order`] : []),
    ...(stacks > 1 ? [`${stacks} stacks`] : []),
    ...(bias ? ["bias"] : []),
  ];
  return [`butterfly, ${strides}`, ...more].join(", ");
}
