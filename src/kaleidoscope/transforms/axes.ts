/**
 * Transforms of several dimensions from those of one.
 *
 * @module
 */

import { blockDiagonal } from "../../operator/block_diagonal.ts";
import { checkList, checkSize, kindOf } from "../../operator/check.ts";
import { Operator } from "../../operator/operator.ts";
import { Permutation } from "../../operator/permutation.ts";
import { product } from "../../operator/product.ts";
import { type Program, ProgramBuilder } from "../../program/program.ts";
import type { Step } from "../../program/step.ts";

/**
 * The square operator that applies `make(n)` along each axis, of n points, of a row-major array; the last axis first. The
 * axis at work is brought to the end by a permutation, so that all of its lines are neighbours.
 *
 * @param sizes of the axes
 * @param make the transform of one axis, a square operator of n points; called once for each axis
 */
export function overAxes(sizes: readonly number[], make: (n: number) => Operator): Operator {
  checkList("an operator over axes", "sizes", sizes);
  const points = sizes.reduce((all, n) => all * n, 1);
  const parts: Operator[] = [];
  let inner = 1;
  for (const n of [...sizes].reverse()) {
    const lines = new Repeated(make(n), points / n), turn = lastAxis(n, inner, points);
    const { field } = lines;
    const there = new Permutation(turn, field);
    if (inner === 1) parts.push(sizes.length === 1 ? lines.of : lines);
    else parts.push(product(there.adjoint(), lines, there));
    inner *= n;
  }
  return product(...parts.reverse());
}

/** The gather that takes an array [outer][n][inner] to [outer][inner][n]. */
function lastAxis(n: number, inner: number, points: number): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length: points }, (_, i) => {
    const k = i % n, line = Math.floor(i / n);
    return (Math.floor(line / inner) * n + k) * inner + line % inner;
  });
}

/**
 * I ⊗ A: the same operator on each of several vectors that lie one after another in one.
 */
export class Repeated extends Operator {
  /** The operator. */
  readonly of: Operator;
  /** On how many vectors it works. */
  readonly count: number;

  /** Use {@link overAxes}. */
  constructor(of: Operator, count: number) {
    checkSize("a repeated operator", "count", count);
    if (!(of instanceof Operator)) {
      throw new TypeError(`Cannot make a repeated operator: expected an operator, got ${kindOf(of)}`);
    }
    super(of.rows * count, of.cols * count, of.field);
    this.of = of;
    this.count = count;
  }

  /** The program of the operator with each of its steps made `count` times as wide. */
  protected build(): Program {
    const { of: { program }, count } = this;
    if (!program.steps.every(isWide)) {
      return blockDiagonal(...Array.from({ length: count }, () => this.of)).program;
    }
    const builder = new ProgramBuilder(program.inputWidth * count), value = [0];
    for (const step of program.steps) {
      if (!isWide(step)) continue;
      const from = value[step.from];
      switch (step.kind) {
        case "factor": {
          const pattern = { ...step.pattern, a: step.pattern.a * count };
          value.push(builder.factor(from, pattern, step.field, tile(step.weights, count)));
          break;
        }
        case "diagonal":
          value.push(builder.diagonal(from, step.field, tile(step.weights, count)));
          break;
        case "permutation": {
          const n = step.index.length;
          const index = Uint32Array.from({ length: n * count }, (_, i) => step.index[i % n] + i - i % n);
          value.push(builder.permutation(from, index, step.unit, step.scatter));
          break;
        }
        case "dense": {
          const pattern = { a: count, b: step.rows, c: step.columns, d: 1 };
          value.push(builder.factor(from, pattern, step.field, tile(step.weights, count)));
          break;
        }
      }
    }
    return builder.build(value[program.output]);
  }

  /** The adjoint, repeated. */
  override adjoint(): Operator {
    return new Repeated(this.of.adjoint(), this.count);
  }

  /** The transpose, repeated. */
  override transpose(): Operator {
    return new Repeated(this.of.transpose(), this.count);
  }
}

type WideStep = Extract<Step, { kind: "factor" | "diagonal" | "permutation" | "dense" }>;

/** Whether a step can simply be made wider. */
function isWide(step: Step): step is WideStep {
  return ["factor", "diagonal", "permutation", "dense"].includes(step.kind);
}

/** The array, `count` times. */
function tile(weights: Float32Array, count: number): Float32Array {
  const result = new Float32Array(weights.length * count);
  for (let i = 0; i < count; i++) result.set(weights, i * weights.length);
  return result;
}
