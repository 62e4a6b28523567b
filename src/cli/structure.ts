/**
 * What an operator consists of, in words.
 *
 * @module
 */

import { classOf, type KaleidoscopeClass } from "../kaleidoscope/hierarchy.ts";
import { Repeated } from "../kaleidoscope/transforms/axes.ts";
import { Base4Butterfly } from "../operator/base4.ts";
import { Butterfly } from "../operator/butterfly.ts";
import { Corner } from "../operator/corner.ts";
import { KroneckerFactor } from "../operator/factor.ts";
import { Kronecker } from "../operator/kronecker.ts";
import { type Operator, Transposed } from "../operator/operator.ts";
import { OrthogonalButterfly } from "../operator/orthogonal.ts";
import { Permutation } from "../operator/permutation.ts";
import { Product } from "../operator/product.ts";
import { RealView } from "../operator/real_view.ts";
import { nameOf } from "./plot/panels.ts";
import { count, ratio } from "./text.ts";

/** Operators on more points are not classified: it takes memory for each factor in float64. */
const LARGEST_CLASS = 2 ** 14;

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
  return operator.program.steps.some((step) => step.kind === "bias");
}

/** The class of an operator, where it has one and is not too large to be looked through. */
export function classIn(operator: Operator): KaleidoscopeClass | undefined {
  return Math.max(operator.rows, operator.cols) > LARGEST_CLASS ? undefined : classOf(operator);
}

/** The same for --json. */
export function classReport(kind: KaleidoscopeClass | undefined): unknown {
  return kind === undefined ? null : { name: kind.name, width: kind.width, expansion: kind.expansion };
}

/** What an operator costs and where it lies, in lines of words. */
export function costs({ rows, cols, parameters, operations }: Operator, kind?: KaleidoscopeClass): string[] {
  const dense = rows * cols;
  const fewer = (mine: number): string =>
    mine > 0 && mine < dense ? `: ${ratio(dense / mine)} times fewer` : "";
  return [
    `  parameters  ${count(parameters)} numbers, dense ${count(dense)}${fewer(parameters)}`,
    `  operations  ${count(operations)} multiply-adds, dense ${count(dense)}${fewer(operations)}`,
    ...(kind === undefined ? [] : [
      `  class       ${kind.name} of the kaleidoscope hierarchy: width ${kind.width}, expansion ${kind.expansion}`,
    ]),
  ];
}

function describe(operator: Operator): string {
  if (operator instanceof Transposed) {
    return `${operator.conjugate ? "adjoint" : "transpose"} of: ${
      partsOf(operator.of).map((part) => part.what).join("; ")
    }`;
  }
  const inner = (of: Operator): string => partsOf(of).map((part) => part.what).join("; ");
  if (operator instanceof RealView) return `on pairs as complex numbers: ${inner(operator.of)}`;
  if (operator instanceof Corner) return `corner of: ${inner(operator.of)}`;
  if (operator instanceof Repeated) return `${operator.count} times: ${inner(operator.of)}`;
  if (operator instanceof Kronecker) return `(${inner(operator.left)}) ⊗ (${inner(operator.right)})`;
  if (operator instanceof KroneckerFactor) {
    const { a, b, c, d } = operator.pattern;
    return `factor ${a}, ${b}×${c}, ${d}`;
  }
  if (operator instanceof Permutation) return nameOf(operator);
  if (operator instanceof Base4Butterfly) return "butterfly in base 4";
  if (!(operator instanceof Butterfly)) return operator.constructor.name.toLowerCase();
  const { n, stacks, blocks, increasing, bias } = operator;
  const ends = increasing ? [1, n / 2] : [n / 2, 1];
  const strides = n === 1 ? "one point" : n === 2 ? "stride 1" : `strides ${ends[0]} … ${ends[1]}`;
  const more = [
    ...(blocks > 1 ? [`${blocks} blocks in alternating order`] : []),
    ...(stacks > 1 ? [`${stacks} stacks`] : []),
    ...(bias ? ["bias"] : []),
  ];
  const kind = operator instanceof OrthogonalButterfly ? "orthogonal butterfly" : "butterfly";
  return [`${kind}, ${strides}`, ...more].join(", ");
}
