/**
 * Dense matrices.
 *
 * @module
 */

import { type Program, ProgramBuilder, transposeFactor } from "../program/program.ts";
import { type Field, floats } from "../program/step.ts";
import { checkField, checkSize, checkWeights } from "./check.ts";
import { Operator } from "./operator.ts";

/**
 * A dense matrix: y[i] = Σⱼ W[i,j]·x[j], at the full cost rows·cols.
 *
 * @example
 * ```ts
 * import { Dense } from "@papillon/papillon";
 * const w = new Dense(1, 2, new Float32Array([3, 4]));
 * console.assert(w.apply(new Float32Array([1, 1]))[0] === 7);
 * ```
 */
export class Dense extends Operator {
  /** The entries, row-major, interleaved if complex. Not to be changed. */
  readonly values: Float32Array<ArrayBuffer>;

  /**
   * A dense operator from its entries.
   *
   * @param values rows · cols entries, row-major; copied
   * @throws {RangeError} when the number of entries does not fit or one is not finite
   */
  constructor(rows: number, cols: number, values: Float32Array, field: Field = "real") {
    checkSize("a dense operator", "rows", rows);
    checkSize("a dense operator", "cols", cols);
    checkField("a dense operator", field);
    super(rows, cols, field);
    checkWeights("a dense operator", "values", values, rows * cols * floats(field));
    this.values = new Float32Array(values);
  }

  /** Its program. */
  protected build(): Program {
    const builder = new ProgramBuilder(this.cols * floats(this.field));
    return builder.build(builder.dense(0, this.rows, this.cols, this.field, this.values));
  }

  /** The dense conjugate transpose. */
  override adjoint(): Dense {
    return this.#transposed(true);
  }

  /** The dense transpose. */
  override transpose(): Dense {
    return this.#transposed(false);
  }

  #transposed(conjugate: boolean): Dense {
    const { rows, cols, field } = this;
    const values = transposeFactor({ a: 1, b: rows, c: cols, d: 1 }, field, this.values, conjugate);
    return new Dense(cols, rows, values, field);
  }
}
