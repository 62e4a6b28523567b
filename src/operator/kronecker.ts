/**
 * Kronecker products of operators.
 *
 * @module
 */

import { type Program, ProgramBuilder, promote } from "../program/program.ts";
import { floats, type Step } from "../program/step.ts";
import { Operator } from "./operator.ts";

/** A Kronecker product A⊗B: see {@link kronecker}. */
export class Kronecker extends Operator {
  /** A, which works on the slow index. */
  readonly left: Operator;
  /** B, which works on the fast index. */
  readonly right: Operator;

  /** Use {@link kronecker}. */
  constructor(left: Operator, right: Operator) {
    const complex = left.field === "complex" || right.field === "complex";
    super(left.rows * right.rows, left.cols * right.cols, complex ? "complex" : "real");
    this.left = left;
    this.right = right;
  }

  /** Whether B comes first: (A⊗I)·(I⊗B) or (I⊗B)·(A⊗I), the one with fewer operations. */
  get #rightFirst(): boolean {
    const { left: a, right: b } = this;
    return a.cols * b.operations + b.rows * a.operations <= b.cols * a.operations + a.rows * b.operations;
  }

  /** Its program. */
  protected build(): Program {
    const { left, right, field } = this, unit = floats(field);
    const lifted = (o: Operator): Program => o.field === field ? o.program : promote(o.program);
    const builder = new ProgramBuilder(this.cols * unit);
    if (this.#rightFirst) {
      const value = tile(builder, 0, lifted(right), left.cols, unit);
      return builder.build(interleave(builder, value, lifted(left), right.rows, unit));
    }
    const value = interleave(builder, 0, lifted(left), right.cols, unit);
    return builder.build(tile(builder, value, lifted(right), left.rows, unit));
  }

  /** Numbers of A and B, each in its own field. {@link Operator.weights} repeats them as the program needs them. */
  override get parameters(): number {
    return this.left.parameters + this.right.parameters;
  }

  /** Aᴴ⊗Bᴴ */
  override adjoint(): Operator {
    return kronecker(this.left.adjoint(), this.right.adjoint());
  }

  /** Aᵀ⊗Bᵀ */
  override transpose(): Operator {
    return kronecker(this.left.transpose(), this.right.transpose());
  }
}

/**
 * The Kronecker product A⊗B, of entries A[i,j]·B[k,l] in row i·B.rows + k and column j·B.cols + l: a vector is a
 * row-major array [A.cols][B.cols], B works along its last axis and A along its first. Of more than two operators the
 * first works on the slowest index.
 *
 * @throws {TypeError} when an argument is not an operator
 * @throws {RangeError} when there is none, or one has a bias, which makes it not linear
 *
 * @example
 * ```ts
 * import { Dense, kronecker } from "@papillon/papillon";
 * const map = kronecker(new Dense(1, 2, new Float32Array([1, 10])), new Dense(1, 2, new Float32Array([1, 100])));
 * console.assert(map.toDense().join() === "1,100,10,1000");
 * ```
 */
export function kronecker(...operators: Operator[]): Operator {
  if (operators.length === 0) throw new RangeError("Cannot make a Kronecker product of no operators");
  operators.forEach((operator, i) => {
    if (!(operator instanceof Operator)) {
      throw new TypeError("Cannot make a Kronecker product: an argument is not an operator");
    }
    if (operator.program.steps.some((step) => step.kind === "bias")) {
      throw new RangeError(`Cannot make a Kronecker product: factor ${i + 1} has a bias`);
    }
  });
  return operators.reduceRight((right, left) => new Kronecker(left, right));
}

/** Appends program⊗I to a value: each number of a vector becomes `copies` neighbouring ones, all treated alike. */
function interleave(
  builder: ProgramBuilder,
  from: number,
  program: Program,
  copies: number,
  unit: 1 | 2,
): number {
  const value = [from];
  const repeated = (weights: Float32Array): Float32Array => {
    const result = new Float32Array(weights.length * copies);
    for (let i = 0; i < result.length; i++) {
      const number = Math.floor(i / unit);
      result[i] = weights[Math.floor(number / copies) * unit + i % unit];
    }
    return result;
  };
  for (const step of program.steps) {
    value.push(interleaved(builder, step, value, copies, repeated));
  }
  return value[program.output];
}

function interleaved(
  builder: ProgramBuilder,
  step: Step,
  value: readonly number[],
  copies: number,
  repeated: (weights: Float32Array) => Float32Array,
): number {
  switch (step.kind) {
    case "factor": {
      const { a, b, c, d } = step.pattern;
      const pattern = { a, b, c, d: d * copies };
      return builder.factor(value[step.from], pattern, step.field, repeated(step.weights));
    }
    case "diagonal":
      return builder.diagonal(value[step.from], step.field, repeated(step.weights));
    case "dense": {
      const pattern = { a: 1, b: step.rows, c: step.columns, d: copies };
      return builder.factor(value[step.from], pattern, step.field, repeated(step.weights));
    }
    case "permutation": {
      const index = new Uint32Array(step.index.length * copies);
      for (let i = 0; i < index.length; i++) {
        index[i] = step.index[Math.floor(i / copies)] * copies + i % copies;
      }
      return builder.permutation(value[step.from], index, step.unit, step.scatter);
    }
    case "window":
      return builder.window(value[step.from], step.width * copies, step.shift * copies);
    case "add":
      return builder.add(step.inputs.map((v) => value[v]));
    case "concat":
      return builder.concat(step.inputs.map((v) => value[v]));
    case "bias":
      return builder.bias(value[step.from], step.field, repeated(step.weights));
  }
}

/** Appends I⊗program to a value: the program works on each of `copies` vectors, one after another. */
function tile(
  builder: ProgramBuilder,
  from: number,
  program: Program,
  copies: number,
  unit: 1 | 2,
): number {
  if (copies === 1) return builder.append(from, program);
  if (program.steps.some(({ kind }) => kind === "window" || kind === "concat")) {
    // Those move numbers between vectors of different lengths: easier where the copies are interleaved.
    const gathered = builder.permutation(from, shuffle(copies, program.inputWidth / unit), unit);
    const made = interleave(builder, gathered, program, copies, unit);
    return builder.permutation(made, shuffle(program.outputWidth / unit, copies), unit);
  }
  const value = [from];
  const tiled = (weights: Float32Array): Float32Array => {
    const result = new Float32Array(weights.length * copies);
    for (let i = 0; i < copies; i++) result.set(weights, i * weights.length);
    return result;
  };
  for (const step of program.steps) {
    const next = (): number => {
      switch (step.kind) {
        case "factor": {
          const { a, b, c, d } = step.pattern;
          const pattern = { a: a * copies, b, c, d };
          return builder.factor(value[step.from], pattern, step.field, tiled(step.weights));
        }
        case "diagonal":
          return builder.diagonal(value[step.from], step.field, tiled(step.weights));
        case "dense": {
          const pattern = { a: copies, b: step.rows, c: step.columns, d: 1 };
          return builder.factor(value[step.from], pattern, step.field, tiled(step.weights));
        }
        case "permutation": {
          const n = step.index.length;
          const index = Uint32Array.from({ length: n * copies }, (_, i) => step.index[i % n] + i - i % n);
          return builder.permutation(value[step.from], index, step.unit, step.scatter);
        }
        case "add":
          return builder.add(step.inputs.map((v) => value[v]));
        default:
          throw new TypeError(`Cannot repeat a ${step.kind}`);
      }
    };
    value.push(next());
  }
  return value[program.output];
}

/** The transposition of a row-major array [rows][cols], as a gather. */
function shuffle(rows: number, cols: number): Uint32Array {
  return Uint32Array.from({ length: rows * cols }, (_, i) => i % rows * cols + Math.floor(i / rows));
}
