/**
 * Programs of steps evaluated in float64, and on the kernels in float32.
 *
 * @module
 */
import type { Operator } from "../../operator/operator.ts";
import type { Program } from "../../program/program.ts";
import { inputsOf, type Step } from "../../program/step.ts";
import { LinearOperator } from "../operator.ts";
import type { Vector } from "../types.ts";
import { applyFactor } from "./factor.ts";

/** The steps of an operator of this library, in float64, with the float32 weights that it has. */
export class ProgramOperator extends LinearOperator {
  /** What it is. */
  readonly kind = "Program";
  /** The operator. */
  readonly of: Operator;

  /** Use `fromOperator`. */
  constructor(of: Operator) {
    super(of.rows, of.cols, of.field);
    this.of = of;
  }

  /** Multiply-adds to apply it to one vector. */
  get cost(): number {
    return this.of.operations;
  }

  /** How many numbers describe it. */
  override get parameters(): number {
    return this.of.parameters;
  }

  /** Writes A·x for `count` vectors. */
  forward(x: Float64Array, out: Vector, count: number): void {
    const { program } = this.of;
    for (let k = 0; k < count; k++) {
      const from = k * program.inputWidth;
      out.set(evaluate(program, x.subarray(from, from + program.inputWidth)), k * program.outputWidth);
    }
  }

  /** Its transpose, conjugated if asked. */
  flip(conjugated: boolean): LinearOperator {
    return new ProgramOperator(conjugated ? this.of.adjoint() : this.of.transpose());
  }
}

/** The result of a program for one vector. Biases are left out: the map is the linear part. */
function evaluate(program: Program, x: Float64Array): Float64Array {
  const values = [x];
  program.steps.forEach((step, i) => {
    const y = new Float64Array(program.widths[i + 1]);
    carryOut(step, values, y);
    values.push(y);
  });
  return values[program.output];
}

function carryOut(step: Step, values: readonly Float64Array[], y: Float64Array): void {
  const x = values[inputsOf(step)[0]];
  switch (step.kind) {
    case "factor":
      return applyFactor(step.pattern, step.field, step.weights, x, y, 1);
    case "diagonal": {
      const n = step.weights.length / (step.field === "complex" ? 2 : 1);
      return applyFactor({ a: 1, b: 1, c: 1, d: n }, step.field, step.weights, x, y, 1);
    }
    case "dense":
      return applyFactor({ a: 1, b: step.rows, c: step.columns, d: 1 }, step.field, step.weights, x, y, 1);
    case "permutation":
      for (let i = 0; i < step.index.length; i++) {
        const [to, from] = step.scatter ? [step.index[i], i] : [i, step.index[i]];
        for (let u = 0; u < step.unit; u++) y[to * step.unit + u] = x[from * step.unit + u];
      }
      return;
    case "window":
      for (let i = Math.max(0, -step.shift); i < step.width && i + step.shift < x.length; i++) {
        y[i] = x[i + step.shift];
      }
      return;
    case "add":
      for (const value of step.inputs) for (let i = 0; i < y.length; i++) y[i] += values[value][i];
      return;
    case "concat": {
      let at = 0;
      for (const value of step.inputs) {
        y.set(values[value], at);
        at += values[value].length;
      }
      return;
    }
    case "bias":
      return y.set(x);
  }
}

/** An operator applied by its kernels in float32; `exact` is the same map in float64. */
export class KernelOperator extends LinearOperator {
  /** What it is. */
  readonly kind = "Kernels";
  /** The operator. */
  readonly of: Operator;
  /** The same in float64. */
  readonly exact: LinearOperator;

  /** Use `fromOperator` with `precision: "float32"`. */
  constructor(of: Operator, exact: LinearOperator) {
    super(of.rows, of.cols, of.field, exact.flags);
    this.of = of;
    this.exact = exact;
  }

  /** Multiply-adds to apply it to one vector. */
  get cost(): number {
    return this.of.operations;
  }

  /** How many numbers describe it. */
  override get parameters(): number {
    return this.of.parameters;
  }

  /** Writes A·x for `count` vectors. */
  forward(x: Float64Array, out: Vector): void {
    out.set(this.of.apply(Float32Array.from(x)));
  }

  /** Its transpose, conjugated if asked. */
  flip(conjugated: boolean): LinearOperator {
    return conjugated
      ? new KernelOperator(this.of.adjoint(), this.exact.adjoint())
      : new KernelOperator(this.of.transpose(), this.exact.transpose());
  }
}
