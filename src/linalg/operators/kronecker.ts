/**
 * Kronecker products and sums, and block-diagonal operators.
 *
 * @module
 */
import { ALL, PSD, SELF } from "../annotations.ts";
import { act, LinearOperator } from "../operator.ts";
import { joinFields, unitOf } from "../scalar.ts";
import type { Field, Vector } from "../types.ts";
import { costWithin } from "./composite.ts";

/** Row-major [outer][rows][cols] to [outer][cols][rows], of numbers of `unit` floats. */
export function swapAxes(x: Float64Array, outer: number, rows: number, cols: number, unit: 1 | 2): Vector {
  const result = new Float64Array(x.length), size = rows * cols;
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++) {
        const from = (o * size + i * cols + j) * unit, to = (o * size + j * rows + i) * unit;
        result[to] = x[from];
        if (unit === 2) result[to + 1] = x[from + 1];
      }
    }
  }
  return result;
}

/** Applies A (or its adjoint) along the middle axis of row-major [outer][A.cols][inner]. */
export function alongAxis(
  A: LinearOperator,
  x: Float64Array,
  outer: number,
  inner: number,
  field: Field,
  adjoint: boolean,
): Float64Array {
  if (A.kind === "Identity") return x;
  if (inner === 1) return act(A, x, field, adjoint);
  const unit = unitOf(field), [from, to] = adjoint ? [A.rows, A.cols] : [A.cols, A.rows];
  const made = act(A, swapAxes(x, outer, from, inner, unit), field, adjoint);
  return swapAxes(made, outer, inner, to, unit);
}

/** A⊗B⊗C: the first works on the slowest index. */
export class KroneckerOperator extends LinearOperator {
  /** What it is. */
  readonly kind = "Kronecker";
  /** The factors as they are written. */
  readonly factors: readonly LinearOperator[];

  /** Use `kron`. */
  constructor(factors: readonly LinearOperator[], flags = 0) {
    const rows = factors.reduce((all, part) => all * part.rows, 1);
    const cols = factors.reduce((all, part) => all * part.cols, 1);
    super(rows, cols, joinFields(factors), factors.reduce((all, part) => all & part.flags, ALL) | flags);
    this.factors = factors;
  }

  /** Multiply-adds to apply it to one vector. */
  get cost(): number {
    let cost = 0, before = 1, after = this.cols;
    for (const part of this.factors) {
      after /= part.cols;
      cost += before * after * costWithin(part, this.field);
      before *= part.rows;
    }
    return cost;
  }

  /** What it is made of. */
  override get children(): readonly LinearOperator[] {
    return this.factors;
  }

  /** Writes A·x for `count` vectors. */
  forward(x: Float64Array, out: Vector, count: number): void {
    let value = x, outer = count, inner = this.cols;
    for (const part of this.factors) {
      inner /= part.cols;
      value = alongAxis(part, value, outer, inner, this.field, false);
      outer *= part.rows;
    }
    out.set(value);
  }

  /** Writes Aᴴ·y for `count` vectors. */
  override backward(y: Float64Array, out: Vector, count: number): void {
    let value = y, outer = count, inner = this.rows;
    for (const part of this.factors) {
      inner /= part.rows;
      value = alongAxis(part, value, outer, inner, this.field, true);
      outer *= part.cols;
    }
    out.set(value);
  }

  /** Its transpose, conjugated if asked. */
  flip(conjugated: boolean): LinearOperator {
    return new KroneckerOperator(this.factors.map((part) => conjugated ? part.adjoint() : part.transpose()));
  }
}

/** A⊗I + I⊗B, and so on for more. */
export class KronSumOperator extends LinearOperator {
  /** What it is. */
  readonly kind = "KronSum";
  /** The terms as they are written. */
  readonly terms: readonly LinearOperator[];

  /** Use `kronSum`. */
  constructor(terms: readonly LinearOperator[]) {
    const n = terms.reduce((all, part) => all * part.rows, 1);
    super(n, n, joinFields(terms), terms.reduce((all, part) => all & part.flags, SELF | PSD));
    this.terms = terms;
  }

  /** Multiply-adds to apply it to one vector. */
  get cost(): number {
    return this.terms.reduce(
      (sum, part) => sum + this.rows / part.rows * costWithin(part, this.field) + this.rows,
      0,
    );
  }

  /** What it is made of. */
  override get children(): readonly LinearOperator[] {
    return this.terms;
  }

  /** Writes A·x for `count` vectors. */
  forward(x: Float64Array, out: Vector, count: number): void {
    addAxes(this, x, out, count, false);
  }

  /** Writes Aᴴ·y for `count` vectors. */
  override backward(y: Float64Array, out: Vector, count: number): void {
    addAxes(this, y, out, count, true);
  }

  /** Its transpose, conjugated if asked. */
  flip(conjugated: boolean): LinearOperator {
    return new KronSumOperator(this.terms.map((part) => conjugated ? part.adjoint() : part.transpose()));
  }
}

function addAxes(sum: KronSumOperator, x: Float64Array, out: Vector, count: number, adjoint: boolean): void {
  out.fill(0);
  let outer = count, inner = sum.rows;
  for (const part of sum.terms) {
    inner /= part.rows;
    const value = alongAxis(part, x, outer, inner, sum.field, adjoint);
    for (let i = 0; i < value.length; i++) out[i] += value[i];
    outer *= part.rows;
  }
}

/** Blocks on the diagonal. */
export class BlockDiagOperator extends LinearOperator {
  /** What it is. */
  readonly kind = "BlockDiag";
  /** The blocks, from the first rows and columns on. */
  readonly blocks: readonly LinearOperator[];

  /** Use `blockDiag`. */
  constructor(blocks: readonly LinearOperator[]) {
    const rows = blocks.reduce((all, part) => all + part.rows, 0);
    const cols = blocks.reduce((all, part) => all + part.cols, 0);
    super(rows, cols, joinFields(blocks), blocks.reduce((all, part) => all & part.flags, ALL));
    this.blocks = blocks;
  }

  /** Multiply-adds to apply it to one vector. */
  get cost(): number {
    return this.blocks.reduce((sum, part) => sum + costWithin(part, this.field), 0);
  }

  /** What it is made of. */
  override get children(): readonly LinearOperator[] {
    return this.blocks;
  }

  /** Writes A·x for `count` vectors. */
  forward(x: Float64Array, out: Vector, count: number): void {
    const unit = unitOf(this.field);
    let from = 0, to = 0;
    for (const part of this.blocks) {
      put(
        act(part, take(x, count, this.cols * unit, from, part.cols * unit), this.field),
        out,
        this.rows * unit,
        to,
        part.rows * unit,
      );
      from += part.cols * unit;
      to += part.rows * unit;
    }
  }

  /** Its transpose, conjugated if asked. */
  flip(conjugated: boolean): LinearOperator {
    return new BlockDiagOperator(this.blocks.map((part) => conjugated ? part.adjoint() : part.transpose()));
  }
}

/** Of each vector of `width` floats, `size` floats from number `at` on. */
export function take(x: Float64Array, count: number, width: number, at: number, size: number): Vector {
  const result = new Float64Array(count * size);
  for (let k = 0; k < count; k++) result.set(x.subarray(k * width + at, k * width + at + size), k * size);
  return result;
}

/** Writes vectors of `size` floats into vectors of `width`, from number `at` on. */
export function put(part: Float64Array, out: Vector, width: number, at: number, size: number): void {
  for (let k = 0; k * size < part.length; k++) {
    out.set(part.subarray(k * size, (k + 1) * size), k * width + at);
  }
}
