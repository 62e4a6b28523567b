/**
 * Complex operators seen as real ones.
 *
 * @module
 */

import type { Program } from "../program/program.ts";
import { Operator } from "./operator.ts";

/**
 * A complex operator on vectors of h numbers as the real operator on the 2h floats in which they lie (re, im, re, im
 * …). This is how real transforms use complex ones of half their size: neighbours of a real vector are taken for the
 * two parts of a complex number.
 *
 * @example
 * ```ts
 * import { Diagonal, RealView } from "@papillon/papillon";
 * const turn = new RealView(new Diagonal(new Float32Array([0, 1]), "complex")); // times i
 * console.assert(turn.apply(new Float32Array([3, 4])).join() === "-4,3");
 * ```
 */
export class RealView extends Operator {
  /** The complex operator. */
  readonly of: Operator;

  /**
   * The real view of a complex operator.
   *
   * @throws {TypeError} when it is not a complex operator
   */
  constructor(of: Operator) {
    if (!(of instanceof Operator) || of.field !== "complex") {
      throw new TypeError("Cannot make a real view: expected a complex operator");
    }
    super(2 * of.rows, 2 * of.cols, "real");
    this.of = of;
  }

  /** The same program: its widths are in floats. */
  protected build(): Program {
    return this.of.program;
  }

  /** The view of the adjoint, which is the transpose of the real matrix. */
  override adjoint(): RealView {
    return new RealView(this.of.adjoint());
  }

  /** As {@link RealView.adjoint}: real matrices have no conjugates. */
  override transpose(): RealView {
    return this.adjoint();
  }
}
