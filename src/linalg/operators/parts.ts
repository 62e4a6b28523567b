/**
 * Parts of operators, and operators put next to each other.
 *
 * @module
 */
import { PSD, SELF, STIEFEL } from "../annotations.ts";
import { act, LinearOperator } from "../operator.ts";
import { joinFields, unitOf } from "../scalar.ts";
import type { Vector } from "../types.ts";
import { costWithin } from "./composite.ts";
import { put, take } from "./kronecker.ts";

/** Some rows and columns of an operator. */
export class SlicedOperator extends LinearOperator {
  /** What it is. */
  readonly kind = "Sliced";
  /** What it is a part of. */
  readonly of: LinearOperator;
  /** Which row each row is. */
  readonly rowIndex: Uint32Array;
  /** Which column each column is. */
  readonly columnIndex: Uint32Array;

  /** Use `slice`. */
  constructor(of: LinearOperator, rowIndex: Uint32Array, columnIndex: Uint32Array) {
    let flags = 0;
    if (same(rowIndex, columnIndex)) flags |= of.flags & (SELF | PSD);
    // Different columns of orthonormal ones, with all rows in some order, are orthonormal.
    if (rowIndex.length === of.rows && distinct(rowIndex) && distinct(columnIndex)) {
      flags |= of.flags & STIEFEL;
    }
    super(rowIndex.length, columnIndex.length, of.field, flags);
    this.of = of;
    this.rowIndex = rowIndex;
    this.columnIndex = columnIndex;
  }

  /** Multiply-adds to apply it to one vector. */
  get cost(): number {
    return this.of.cost;
  }

  /** What it is made of. */
  override get children(): readonly LinearOperator[] {
    return [this.of];
  }

  /** Writes A·x for `count` vectors. */
  forward(x: Float64Array, out: Vector, count: number): void {
    const { of, rowIndex, columnIndex, field } = this, unit = unitOf(field);
    const whole = new Float64Array(count * of.cols * unit);
    for (let k = 0; k < count; k++) {
      for (let j = 0; j < columnIndex.length * unit; j++) {
        // Added: a column may occur twice.
        const column = unit === 1 ? columnIndex[j] : 2 * columnIndex[j >> 1] + (j & 1);
        whole[k * of.cols * unit + column] += x[k * columnIndex.length * unit + j];
      }
    }
    const made = act(of, whole, field);
    for (let k = 0; k < count; k++) {
      for (let i = 0; i < rowIndex.length * unit; i++) {
        const row = unit === 1 ? rowIndex[i] : 2 * rowIndex[i >> 1] + (i & 1);
        out[k * rowIndex.length * unit + i] = made[k * of.rows * unit + row];
      }
    }
  }

  /** Its transpose, conjugated if asked. */
  flip(conjugated: boolean): LinearOperator {
    const { of, rowIndex, columnIndex } = this;
    return new SlicedOperator(conjugated ? of.adjoint() : of.transpose(), columnIndex, rowIndex);
  }
}

function same(a: Uint32Array, b: Uint32Array): boolean {
  return a.length === b.length && a.every((v, i) => v === b[i]);
}

function distinct(index: Uint32Array): boolean {
  return new Set(index).size === index.length;
}

/** Operators on top of each other (axis 0) or side by side (axis 1). */
export class ConcatenatedOperator extends LinearOperator {
  /** What it is. */
  readonly kind = "Concatenated";
  /** The parts, from the top or from the left. */
  readonly parts: readonly LinearOperator[];
  /** 0: rows add up; 1: columns do. */
  readonly axis: 0 | 1;

  /** Use `concat`. */
  constructor(parts: readonly LinearOperator[], axis: 0 | 1) {
    const total = (size: (part: LinearOperator) => number): number =>
      parts.reduce((sum, part) => sum + size(part), 0);
    const rows = axis === 0 ? total((part) => part.rows) : parts[0].rows;
    const cols = axis === 1 ? total((part) => part.cols) : parts[0].cols;
    super(rows, cols, joinFields(parts));
    this.parts = parts;
    this.axis = axis;
  }

  /** Multiply-adds to apply it to one vector. */
  get cost(): number {
    const additions = this.axis === 1 ? (this.parts.length - 1) * this.rows : 0;
    return this.parts.reduce((sum, part) => sum + costWithin(part, this.field), additions);
  }

  /** What it is made of. */
  override get children(): readonly LinearOperator[] {
    return this.parts;
  }

  /** Writes A·x for `count` vectors. */
  forward(x: Float64Array, out: Vector, count: number): void {
    const unit = unitOf(this.field);
    let at = 0;
    if (this.axis === 1) out.fill(0);
    for (const part of this.parts) {
      if (this.axis === 0) {
        put(act(part, x, this.field), out, this.rows * unit, at, part.rows * unit);
        at += part.rows * unit;
      } else {
        const value = act(part, take(x, count, this.cols * unit, at, part.cols * unit), this.field);
        for (let i = 0; i < out.length; i++) out[i] += value[i];
        at += part.cols * unit;
      }
    }
  }

  /** Its transpose, conjugated if asked. */
  flip(conjugated: boolean): LinearOperator {
    return new ConcatenatedOperator(
      this.parts.map((part) => conjugated ? part.adjoint() : part.transpose()),
      this.axis === 0 ? 1 : 0,
    );
  }
}
