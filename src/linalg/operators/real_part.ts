/**
 * Real parts of complex operators.
 *
 * @module
 */
import { LinearOperator } from "../operator.ts";
import { complexify, inField } from "../scalar.ts";
import type { Vector } from "../types.ts";

/** Re A of a complex A, as a real operator; made where imaginary parts are known to be zero but for rounding. */
export class RealPartOperator extends LinearOperator {
  /** What it is. */
  readonly kind = "RealPart";
  /** A. */
  readonly of: LinearOperator;

  /** The real part; `flags` are what is known of it. */
  constructor(of: LinearOperator, flags = 0) {
    super(of.rows, of.cols, "real", flags);
    this.of = of;
  }

  /** Multiply-adds to apply it to one vector. */
  get cost(): number {
    return 2 * this.of.cost;
  }

  /** What it is made of. */
  override get children(): readonly LinearOperator[] {
    return [this.of];
  }

  /** Writes A·x for `count` vectors. */
  forward(x: Float64Array, out: Vector): void {
    out.set(inField(this.of.apply(complexify(x)), "complex", "real"));
  }

  /** Its transpose, conjugated if asked. */
  flip(): LinearOperator {
    return new RealPartOperator(this.of.adjoint());
  }
}
