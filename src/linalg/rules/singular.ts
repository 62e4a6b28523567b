/**
 * What is said of systems that cannot be solved, and of iterations that did not get there.
 *
 * @module
 */
import type { LinearOperator } from "../operator.ts";

/** That an operator has no inverse, in a sentence. */
export function singular(A: LinearOperator, why: string, condition: number = Infinity): RangeError {
  const size = condition === Infinity ? "∞" : condition.toExponential(1);
  return new RangeError(
    `Cannot invert ${A.describe()}: it is singular (condition ${size}), ${why}; pinv and least squares still work`,
  );
}

/** An iteration that ended before its tolerance was met. It carries how far it came. */
export class ConvergenceError extends Error {
  /** The best that was found. */
  readonly x: Float64Array;
  /** The relative residual. */
  readonly residual: number;
  /** How many iterations were done. */
  readonly iterations: number;

  /** Made by functions that iterate. */
  constructor(message: string, x: Float64Array, residual: number, iterations: number) {
    super(message);
    this.name = "ConvergenceError";
    this.x = x;
    this.residual = residual;
    this.iterations = iterations;
  }
}
