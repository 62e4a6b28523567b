/**
 * Operators: linear maps as a user sees them.
 *
 * @module
 */

import type { Machine } from "../kernels/machine.ts";
import { batchOf, describe, kindOf, outputFor } from "../kernels/vectors.ts";
import { Executable } from "../program/executable.ts";
import { explain } from "../program/explain.ts";
import type { Program } from "../program/program.ts";
import { type Field, floats } from "../program/step.ts";

/** What reverse mode gives: see {@link Operator.gradient}. */
export interface Gradient {
  /** The cotangent of the input: the adjoint applied to the cotangent of the output. */
  readonly input: Float32Array<ArrayBuffer>;
  /** The gradient of each array in {@link Operator.weights}, summed over the batch. They may share one buffer. */
  readonly weights: Float32Array<ArrayBuffer>[];
}

/**
 * A linear map from vectors of `cols` numbers to vectors of `rows` numbers.
 *
 * Vectors are `Float32Array`s; complex numbers lie interleaved (re, im, re, im …). A batch is vectors one after
 * another. Operators never change: what changes weights makes a new operator.
 *
 * @example
 * ```ts
 * import { Butterfly } from "@papillon/papillon";
 * const map = Butterfly.random(8, { seed: 1 });
 * const y = map.apply(new Float32Array(8).fill(1));
 * console.assert(y.length === 8);
 * ```
 */
export abstract class Operator {
  /** Numbers in an output vector. */
  readonly rows: number;
  /** Numbers in an input vector. */
  readonly cols: number;
  /** Whether vectors are real or complex. */
  readonly field: Field;
  #program: Program | undefined;
  #executable: Executable | undefined;

  /** Sets the shape. */
  constructor(rows: number, cols: number, field: Field) {
    this.rows = rows;
    this.cols = cols;
    this.field = field;
  }

  /** Makes the program of this operator; called once, when it is first needed. */
  protected abstract build(): Program;

  /** The arrays of weights, in the order in which the program uses them. Not to be changed. */
  get weights(): readonly Float32Array[] {
    return this.program.weights;
  }

  /** How many numbers (of the operator's field) describe this map: its weights and, where it has one, its bias. */
  get parameters(): number {
    return this.weights.reduce((sum, w) => sum + w.length, 0) / floats(this.field);
  }

  /** Multiply-adds (of the operator's field) to apply it to one vector. */
  get operations(): number {
    return this.program.operations;
  }

  /** The program of steps that this operator is. */
  get program(): Program {
    return this.#program ??= this.build();
  }

  /**
   * Applies the map to a vector or a batch of vectors.
   *
   * @param x batch · cols numbers
   * @param out where to write batch · rows numbers; nothing is allocated when it is given. It may be `x` itself.
   * @returns `out`, or a new array
   * @throws {TypeError} when `x` or `out` is not a Float32Array
   * @throws {RangeError} when a length does not fit; nothing is written then
   */
  apply(x: Float32Array, out?: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer>;
  /** The same, for any kind of Float32Array as `out`. */
  apply<T extends Float32Array>(x: Float32Array, out: T): T;
  apply(x: Float32Array, out?: Float32Array): Float32Array {
    const batch = batchOf(x, this);
    out = outputFor(out, batch, this);
    (this.#executable ??= new Executable(this.program)).apply(x, out, batch);
    return out;
  }

  /**
   * An executable of this operator on a machine of the caller's choice, for those who want a certain build.
   * Lengths are not checked there.
   */
  compile(machine?: Machine): Executable {
    return new Executable(this.program, machine);
  }

  /**
   * Reverse mode: for a loss L, takes the cotangent g = ∂L/∂y of y = this·x to the gradients of x and of all weights.
   * Complex gradients are ∂L/∂re + i·∂L/∂im, as in PyTorch.
   *
   * @param x batch · cols numbers
   * @param g batch · rows numbers
   * @throws {TypeError} when an argument is not a Float32Array
   * @throws {RangeError} when a length does not fit
   */
  gradient(x: Float32Array, g: Float32Array): Gradient {
    const batch = batchOf(x, this);
    const size = batch * this.rows * floats(this.field);
    if (!(g instanceof Float32Array)) {
      throw new TypeError(
        `Cannot differentiate ${this.describe()}: the cotangent is not a Float32Array but ${kindOf(g)}`,
      );
    }
    if (g.length !== size) {
      throw new RangeError(
        `Cannot differentiate ${this.describe()}: expected a cotangent of ${size} floats, got ${g.length}`,
      );
    }
    return (this.#executable ??= new Executable(this.program)).gradients(x, g, batch);
  }

  /** The conjugate transpose. A bias is left out: the adjoint is that of the linear part. */
  adjoint(): Operator {
    return new Transposed(this, true);
  }

  /** The transpose, without conjugation. */
  transpose(): Operator {
    return new Transposed(this, false);
  }

  /**
   * The dense matrix, row-major: rows · cols numbers, interleaved if complex. A bias is left out.
   *
   * @throws {RangeError} when the matrix is too large for one array
   */
  toDense(): Float32Array<ArrayBuffer> {
    const { rows, cols } = this, unit = floats(this.field);
    if (rows * cols * unit > 2 ** 30) {
      throw new RangeError(
        `Cannot write ${this.describe()} as a dense matrix: it has ${rows * cols} entries`,
      );
    }
    const dense = new Float32Array(rows * cols * unit);
    // The adjoint takes the i-th unit vector to the conjugates of the i-th row. (Made here: the adjoint of an adjoint is
    // the original, which may have a bias. Not the transpose: real parts of a program may take pairs of their numbers for
    // complex ones, whose adjoint is conjugated in any case.)
    const adjoint = new Transposed(this, true);
    const some = Math.max(1, Math.min(rows, Math.floor(2 ** 18 / rows)));
    for (let first = 0; first < rows; first += some) {
      const count = Math.min(some, rows - first);
      const units = new Float32Array(count * rows * unit);
      for (let k = 0; k < count; k++) units[(k * rows + first + k) * unit] = 1;
      adjoint.apply(units, dense.subarray(first * cols * unit, (first + count) * cols * unit));
    }
    if (unit === 2) { for (let k = 1; k < dense.length; k += 2) dense[k] = 0 - dense[k]; }
    return dense;
  }

  /**
   * Explains how this operator runs: its steps, what simplification makes of them, and the passes, each with its weights
   * and multiply-adds.
   */
  explain(): string {
    return explain(this.program);
  }

  /** A short name for messages: "a 1024×1024 complex operator". */
  describe(): string {
    return describe(this);
  }
}

/**
 * The transpose or the adjoint of an operator that has no simpler one, by walking its program backwards. Made by
 * {@link Operator.adjoint} and {@link Operator.transpose}; public so that what walks a tree of operators (to save
 * or draw it) can look inside.
 */
export class Transposed extends Operator {
  /** The operator that is transposed. */
  readonly of: Operator;
  /** Whether it is conjugated as well: the adjoint. */
  readonly conjugate: boolean;

  /** Use {@link Operator.adjoint} or {@link Operator.transpose}, which find simpler forms. */
  constructor(of: Operator, conjugate: boolean) {
    super(of.cols, of.rows, of.field);
    this.of = of;
    this.conjugate = conjugate;
  }

  /** Its program. What a real operator does with complex numbers inside is transposed as a map of their floats. */
  protected build(): Program {
    return this.of.program.transpose(this.conjugate || this.field === "real");
  }

  /** The operator itself where this is its adjoint. */
  override adjoint(): Operator {
    return this.conjugate && this.#linear() ? this.of : super.adjoint();
  }

  /** The operator itself where this is its transpose. */
  override transpose(): Operator {
    return !this.conjugate && this.#linear() ? this.of : super.transpose();
  }

  /** Whether the operator has no bias, which the transpose of a transpose must not bring back. */
  #linear(): boolean {
    return this.of.program.steps.every((step) => step.kind !== "bias");
  }
}
