/**
 * Windows: what cuts vectors, pads them with zeros, or both.
 *
 * @module
 */

import { type Program, ProgramBuilder } from "../program/program.ts";
import { type Field, floats } from "../program/step.ts";
import { checkField, checkSize } from "./check.ts";
import { Operator } from "./operator.ts";

/**
 * A window: y[i] = x[i + shift] where there is such an entry, 0 elsewhere. It cuts where rows are fewer, pads with
 * zeros where they are more; the S and Sᵀ of maps that work on more points than they have columns.
 *
 * @example
 * ```ts
 * import { Window } from "@papillon/papillon";
 * const pad = new Window(4, 2);
 * console.assert(pad.apply(new Float32Array([5, 6])).join() === "5,6,0,0");
 * ```
 */
export class Window extends Operator {
  /** The entry of x that becomes the first of y; may be negative. */
  readonly shift: number;

  /**
   * A window of `rows` entries onto vectors of `cols`.
   *
   * @throws {RangeError} when a size is no positive whole number, or the shift no whole number
   */
  constructor(
    rows: number,
    cols: number,
    { shift = 0, field = "real" }: { shift?: number; field?: Field } = {},
  ) {
    checkSize("a window", "rows", rows);
    checkSize("a window", "cols", cols);
    checkField("a window", field);
    if (!Number.isInteger(shift) || Math.abs(shift) > 2 ** 30) {
      throw new RangeError(`Cannot make a window: shift must be a whole number within ±2³⁰, got ${shift}`);
    }
    super(rows, cols, field);
    this.shift = shift;
  }

  /** Its program. */
  protected build(): Program {
    const unit = floats(this.field);
    const builder = new ProgramBuilder(this.cols * unit);
    return builder.build(builder.window(0, this.rows * unit, this.shift * unit));
  }

  /** The window the other way. */
  override adjoint(): Window {
    return new Window(this.cols, this.rows, { shift: -this.shift, field: this.field });
  }

  /** The window the other way. */
  override transpose(): Window {
    return this.adjoint();
  }
}
