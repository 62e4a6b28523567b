/**
 * Sums of operators.
 *
 * @module
 */

import { type Program, ProgramBuilder, promote } from "../program/program.ts";
import { floats } from "../program/step.ts";
import { Operator } from "./operator.ts";

/** A sum of operators: see {@link sum}. */
export class Sum extends Operator {
  /** The terms, in the order in which they are written. */
  readonly operators: readonly Operator[];

  /** Use {@link sum}. */
  constructor(operators: readonly Operator[]) {
    const field = operators.some((o) => o.field === "complex") ? "complex" : "real";
    super(operators[0].rows, operators[0].cols, field);
    this.operators = operators;
  }

  /** Its program. */
  protected build(): Program {
    const builder = new ProgramBuilder(this.cols * floats(this.field));
    const terms = this.operators.map((operator) =>
      builder.append(0, operator.field === this.field ? operator.program : promote(operator.program))
    );
    return builder.build(builder.add(terms));
  }

  /** Numbers of each operator in its own field, added up. */
  override get parameters(): number {
    return this.operators.reduce((total, o) => total + o.parameters, 0);
  }

  /** Multiply-adds of each operator in its own field, and the additions between them. */
  override get operations(): number {
    const own = this.operators.reduce((total, o) => total + o.operations, 0);
    return own + (this.operators.length - 1) * this.rows;
  }

  /** The sum of the adjoints. */
  override adjoint(): Operator {
    return sum(...this.operators.map((o) => o.adjoint()));
  }

  /** The sum of the transposes. */
  override transpose(): Operator {
    return sum(...this.operators.map((o) => o.transpose()));
  }
}

/**
 * The sum of operators of one shape. Sums of sums are flattened; next to complex terms a real one works on complex
 * vectors. Weights are those of the terms in order.
 *
 * @throws {TypeError} when an argument is not an operator
 * @throws {RangeError} when there is none, or shapes differ
 *
 * @example
 * ```ts
 * import { Diagonal, sum } from "@papillon/papillon";
 * const five = sum(new Diagonal(new Float32Array([2, 2])), new Diagonal(new Float32Array([3, 3])));
 * console.assert(five.apply(new Float32Array([1, 10]))[1] === 50);
 * ```
 */
export function sum(...operators: Operator[]): Operator {
  if (operators.length === 0) throw new RangeError("Cannot make a sum of no operators");
  operators.forEach((operator, i) => {
    if (!(operator instanceof Operator)) {
      throw new TypeError("Cannot make a sum: an argument is not an operator");
    }
    const { rows, cols } = operators[0];
    if (operator.rows !== rows || operator.cols !== cols) {
      throw new RangeError(
        `Cannot make a sum: term 1 is ${rows}×${cols} and term ${i + 1} is ${operator.rows}×${operator.cols}`,
      );
    }
  });
  const flat = operators.flatMap((o) => o instanceof Sum ? o.operators : [o]);
  return flat.length === 1 ? flat[0] : new Sum(flat);
}
