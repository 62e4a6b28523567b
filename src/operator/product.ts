/**
 * Products of operators.
 *
 * @module
 */

import { type Program, ProgramBuilder, promote } from "../program/program.ts";
import { floats } from "../program/step.ts";
import { Operator } from "./operator.ts";

/** A product of operators: see {@link product}. */
export class Product extends Operator {
  /** The factors in the order in which they are written: the last is applied first. */
  readonly operators: readonly Operator[];

  /** Use {@link product}. */
  constructor(operators: readonly Operator[]) {
    const field = operators.some((o) => o.field === "complex") ? "complex" : "real";
    super(operators[0].rows, operators[operators.length - 1].cols, field);
    this.operators = operators;
  }

  /** Its program. */
  protected build(): Program {
    const builder = new ProgramBuilder(this.cols * floats(this.field));
    let value = 0;
    for (const operator of [...this.operators].reverse()) {
      const lift = operator.field !== this.field;
      value = builder.append(value, lift ? promote(operator.program) : operator.program);
    }
    return builder.build(value);
  }

  /** Numbers of each operator in its own field, added up. */
  override get parameters(): number {
    return this.operators.reduce((sum, o) => sum + o.parameters, 0);
  }

  /** Multiply-adds of each operator in its own field, added up. */
  override get operations(): number {
    return this.operators.reduce((sum, o) => sum + o.operations, 0);
  }

  /** (A·B)ᴴ = Bᴴ·Aᴴ */
  override adjoint(): Operator {
    return product(...this.operators.map((o) => o.adjoint()).reverse());
  }

  /** (A·B)ᵀ = Bᵀ·Aᵀ */
  override transpose(): Operator {
    return product(...this.operators.map((o) => o.transpose()).reverse());
  }
}

/**
 * The product of operators, written as in mathematics: `product(A, B)` applies B first. Products of products are
 * flattened; a real operator next to complex ones works on complex vectors at half the cost of a complex one.
 *
 * @throws {RangeError} when the sizes of two neighbours do not meet
 *
 * @example
 * ```ts
 * import { Butterfly, Permutation, product } from "@papillon/papillon";
 * const map = product(Butterfly.random(8), Permutation.bitReversal(8));
 * console.assert(map.cols === 8);
 * ```
 */
export function product(...operators: Operator[]): Operator {
  if (operators.length === 0) throw new RangeError("Cannot make a product of no operators");
  for (const operator of operators) {
    if (!(operator instanceof Operator)) {
      throw new TypeError("Cannot make a product: an argument is not an operator");
    }
  }
  for (let i = 1; i < operators.length; i++) {
    const left = operators[i - 1], right = operators[i];
    if (left.cols !== right.rows) {
      throw new RangeError(
        `Cannot make a product: factor ${i} is ${left.rows}×${left.cols} and factor ${i + 1} is ` +
          `${right.rows}×${right.cols}; the columns of the one must be the rows of the other`,
      );
    }
  }
  const flat = operators.flatMap((o) => o instanceof Product ? o.operators : [o]);
  return flat.length === 1 ? flat[0] : new Product(flat);
}
