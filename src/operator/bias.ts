/**
 * Added vectors.
 *
 * @module
 */

import { type Program, ProgramBuilder } from "../program/program.ts";
import { type Field, floats } from "../program/step.ts";
import { checkField, checkList, checkSize, checkWeights } from "./check.ts";
import { Operator } from "./operator.ts";

/**
 * y[i] = x[i] + values[i], for what has a bias that is not a butterfly. The one operator that is not linear: matrix,
 * transpose and adjoint are those of the linear part, the identity.
 *
 * @example
 * ```ts
 * import { Bias, Dense, product } from "@papillon/papillon";
 * const layer = product(new Bias(new Float32Array([10])), new Dense(1, 2, new Float32Array([3, 4])));
 * console.assert(layer.apply(new Float32Array([1, 1]))[0] === 17);
 * ```
 */
export class Bias extends Operator {
  /** What is added, interleaved if complex. Not to be changed. */
  readonly values: Float32Array<ArrayBuffer>;

  /**
   * The addition of a vector, which is copied.
   *
   * @throws {RangeError} when a number is not finite, or the floats of complex numbers are odd in number
   */
  constructor(values: Float32Array, field: Field = "real") {
    checkField("a bias", field);
    checkList("a bias", "values", values);
    const n = values.length / floats(field);
    checkSize("a bias", "the number of entries", n);
    super(n, n, field);
    checkWeights("a bias", "values", values, values.length);
    this.values = new Float32Array(values);
  }

  /** Its program. */
  protected build(): Program {
    const builder = new ProgramBuilder(this.values.length);
    return builder.build(builder.bias(0, this.field, this.values));
  }
}
