/**
 * Block-diagonal operators.
 *
 * @module
 */

import { type Program, ProgramBuilder, promote } from "../program/program.ts";
import { floats } from "../program/step.ts";
import { Operator } from "./operator.ts";

/** Operators side by side on the diagonal: see {@link blockDiagonal}. */
export class BlockDiagonal extends Operator {
  /** The blocks, from the first rows and columns on. */
  readonly operators: readonly Operator[];

  /** Use {@link blockDiagonal}. */
  constructor(operators: readonly Operator[]) {
    const sum = (size: (operator: Operator) => number): number =>
      operators.reduce((all, o) => all + size(o), 0);
    super(
      sum((o) => o.rows),
      sum((o) => o.cols),
      operators.some((o) => o.field === "complex") ? "complex" : "real",
    );
    this.operators = operators;
  }

  /** The steps of this operator. */
  protected build(): Program {
    const unit = floats(this.field);
    const builder = new ProgramBuilder(this.cols * unit);
    let at = 0;
    const parts = this.operators.map((operator) => {
      const part = builder.window(0, operator.cols * unit, at);
      at += operator.cols * unit;
      return builder.append(
        part,
        operator.field === this.field ? operator.program : promote(operator.program),
      );
    });
    return builder.build(builder.concat(parts));
  }

  /** Numbers of each block in its own field, added up. */
  override get parameters(): number {
    return this.operators.reduce((sum, o) => sum + o.parameters, 0);
  }

  /** Multiply-adds of each block in its own field, added up. */
  override get operations(): number {
    return this.operators.reduce((sum, o) => sum + o.operations, 0);
  }

  /** The adjoints of the blocks, on the diagonal. */
  override adjoint(): Operator {
    return blockDiagonal(...this.operators.map((o) => o.adjoint()));
  }

  /** The transposes of the blocks, on the diagonal. */
  override transpose(): Operator {
    return blockDiagonal(...this.operators.map((o) => o.transpose()));
  }
}

/**
 * The block-diagonal operator: the first block takes the first numbers of a vector to the first numbers of the result,
 * and so on. Blocks may be rectangular and of different sizes; next to complex blocks a real one works on complex
 * vectors. Weights are those of the blocks in order.
 *
 * @throws {TypeError} when an argument is not an operator
 * @throws {RangeError} when there is none
 *
 * @example
 * ```ts
 * import { blockDiagonal, Butterfly } from "@papillon/papillon";
 * const map = blockDiagonal(Butterfly.random(8), Butterfly.random(5, { rows: 3 }));
 * console.assert(map.rows === 11 && map.cols === 13);
 * ```
 */
export function blockDiagonal(...operators: Operator[]): Operator {
  if (operators.length === 0) throw new RangeError("Cannot make a block diagonal of no operators");
  for (const operator of operators) {
    if (!(operator instanceof Operator)) {
      throw new TypeError("Cannot make a block diagonal: an argument is not an operator");
    }
  }
  return operators.length === 1 ? operators[0] : new BlockDiagonal(operators);
}
