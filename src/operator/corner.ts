/**
 * Corners of operators: S·E·Sᵀ.
 *
 * @module
 */

import { type Program, ProgramBuilder } from "../program/program.ts";
import { floats } from "../program/step.ts";
import { checkSize } from "./check.ts";
import { Operator } from "./operator.ts";

/** The first rows and columns of an operator: see {@link corner}. */
export class Corner extends Operator {
  /** The operator it is a corner of. */
  readonly of: Operator;

  /** Use {@link corner}. */
  constructor(of: Operator, rows: number, cols: number) {
    super(rows, cols, of.field);
    this.of = of;
  }

  /** Its program. */
  protected build(): Program {
    const unit = floats(this.field), builder = new ProgramBuilder(this.cols * unit);
    const whole = builder.append(builder.window(0, this.of.cols * unit, 0), this.of.program);
    return builder.build(builder.window(whole, this.rows * unit, 0));
  }

  /** The corner of the adjoint. */
  override adjoint(): Operator {
    return corner(this.of.adjoint(), this.cols, this.rows);
  }

  /** The corner of the transpose. */
  override transpose(): Operator {
    return corner(this.of.transpose(), this.cols, this.rows);
  }
}

/**
 * The upper left corner of an operator: vectors are padded with zeros to its columns, the result is cut to `rows`.
 *
 * @param rows of the corner, at most those of the operator
 * @param cols of the corner; as many as `rows` when absent
 * @throws {RangeError} when the corner is larger than the operator
 *
 * @example
 * ```ts
 * import { Butterfly, corner } from "@papillon/papillon";
 * const map = corner(Butterfly.random(16), 4); // a 4×4 matrix of expansion 4
 * console.assert(map.apply(new Float32Array(4)).length === 4);
 * ```
 */
export function corner(operator: Operator, rows: number, cols: number = rows): Operator {
  if (!(operator instanceof Operator)) {
    throw new TypeError("Cannot make a corner: the argument is not an operator");
  }
  checkSize("a corner", "rows", rows, operator.rows);
  checkSize("a corner", "cols", cols, operator.cols);
  return rows === operator.rows && cols === operator.cols ? operator : new Corner(operator, rows, cols);
}
