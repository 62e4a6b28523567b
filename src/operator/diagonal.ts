/**
 * Diagonal operators.
 *
 * @module
 */

import { conjugated, type Program, ProgramBuilder } from "../program/program.ts";
import { type Field, floats } from "../program/step.ts";
import { checkField, checkList, checkSize, checkWeights } from "./check.ts";
import { Operator } from "./operator.ts";

/**
 * An entrywise product: y[i] = values[i]·x[i].
 *
 * @example
 * ```ts
 * import { Diagonal } from "@papillon/papillon";
 * const d = new Diagonal(new Float32Array([2, 3]));
 * console.assert(d.apply(new Float32Array([1, 1]))[1] === 3);
 * ```
 */
export class Diagonal extends Operator {
  /** The entries, interleaved if complex. Not to be changed. */
  readonly values: Float32Array<ArrayBuffer>;

  /**
   * A diagonal operator from its entries.
   *
   * @param values the n entries; copied
   * @throws {RangeError} when an entry is not finite, or the floats of complex entries are odd in number
   */
  constructor(values: Float32Array, field: Field = "real") {
    checkField("a diagonal operator", field);
    checkList("a diagonal operator", "values", values);
    const n = values.length / floats(field);
    checkSize("a diagonal operator", "the number of entries", n);
    super(n, n, field);
    checkWeights("a diagonal operator", "values", values, values.length);
    this.values = new Float32Array(values);
  }

  /** Its program. */
  protected build(): Program {
    const builder = new ProgramBuilder(this.values.length);
    return builder.build(builder.diagonal(0, this.field, this.values));
  }

  /** The diagonal of the conjugates. */
  override adjoint(): Diagonal {
    return this.field === "real" ? this : new Diagonal(conjugated(this.values), this.field);
  }

  /** Itself. */
  override transpose(): Diagonal {
    return this;
  }
}
