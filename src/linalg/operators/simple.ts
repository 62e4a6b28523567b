/**
 * Identity, zero and diagonal operators.
 *
 * @module
 */
import { ALL, PSD, SELF, UNITARY } from "../annotations.ts";
import { LinearOperator } from "../operator.ts";
import { conjugate, numbersOf, sizeOf, unitOf } from "../scalar.ts";
import type { Field, Vector } from "../types.ts";

/** The identity. */
export class IdentityOperator extends LinearOperator {
  /** What it is. */
  readonly kind = "Identity";

  /** Use {@link identity}. */
  constructor(n: number, field: Field) {
    super(n, n, field, ALL);
  }

  /** Multiply-adds to apply it to one vector. */
  get cost(): number {
    return 0;
  }

  /** Writes A·x for `count` vectors. */
  forward(x: Float64Array, out: Vector): void {
    out.set(x);
  }

  /** Its transpose, conjugated if asked. */
  flip(): LinearOperator {
    return this;
  }
}

/** The identity on vectors of n numbers. */
export function identity(n: number, field: Field = "real"): IdentityOperator {
  return new IdentityOperator(sizeOf("make an identity", "n", n), field);
}

/** The map that takes everything to zero. */
export class ZeroOperator extends LinearOperator {
  /** What it is. */
  readonly kind = "Zero";

  /** Use {@link zero}. */
  constructor(rows: number, cols: number, field: Field) {
    super(rows, cols, field, rows === cols ? PSD : 0);
  }

  /** Multiply-adds to apply it to one vector. */
  get cost(): number {
    return 0;
  }

  /** Writes A·x for `count` vectors. */
  forward(_x: Float64Array, out: Vector): void {
    out.fill(0);
  }

  /** Its transpose, conjugated if asked. */
  flip(): LinearOperator {
    return new ZeroOperator(this.cols, this.rows, this.field);
  }
}

/** The zero map from vectors of `cols` numbers to vectors of `rows`. */
export function zero(rows: number, cols: number = rows, field: Field = "real"): ZeroOperator {
  sizeOf("make a zero operator", "rows", rows);
  return new ZeroOperator(rows, sizeOf("make a zero operator", "cols", cols), field);
}

/** A diagonal operator; that its entries are real, not negative, or of modulus 1 is seen. */
export class DiagonalOperator extends LinearOperator {
  /** What it is. */
  readonly kind = "Diagonal";
  /** The entries. Not to be changed. */
  readonly values: Vector;

  /** Keeps the given array; use {@link diagonal}. */
  constructor(values: Vector, field: Field) {
    const n = values.length / unitOf(field);
    super(n, n, field, knownOf(values, field));
    this.values = values;
  }

  /** Multiply-adds to apply it to one vector. */
  get cost(): number {
    return this.rows;
  }

  /** How many numbers describe it. */
  override get parameters(): number {
    return this.rows;
  }

  /** Writes A·x for `count` vectors. */
  forward(x: Float64Array, out: Vector, count: number): void {
    const { values } = this, width = values.length;
    for (let k = 0; k < count; k++) {
      const at = k * width;
      if (this.field === "real") { for (let i = 0; i < width; i++) out[at + i] = values[i] * x[at + i]; }
      else {
        for (let i = 0; i < width; i += 2) {
          const re = x[at + i], im = x[at + i + 1];
          out[at + i] = values[i] * re - values[i + 1] * im;
          out[at + i + 1] = values[i] * im + values[i + 1] * re;
        }
      }
    }
  }

  /** Its transpose, conjugated if asked. */
  flip(conjugated: boolean): LinearOperator {
    return conjugated ? new DiagonalOperator(conjugate(this.values, this.field), this.field) : this;
  }

  /** What its entries say against an annotation. */
  protected override doubt(flags: number): string | undefined {
    const missing = flags & (SELF | PSD | UNITARY) & ~knownOf(this.values, this.field);
    // Moduli of 1 may be rounded.
    if (missing & ~UNITARY) return "its entries say otherwise";
    return missing && !hasModulus(this.values, this.field, 1e-10)
      ? "its entries are not of modulus 1"
      : undefined;
  }
}

function knownOf(values: Vector, field: Field): number {
  const unit = unitOf(field);
  let real = true, positive = true;
  for (let i = 0; i < values.length; i += unit) {
    if (unit === 2 && values[i + 1] !== 0) real = false;
    if (!(values[i] >= 0)) positive = false;
  }
  return (real ? SELF : 0) | (real && positive ? PSD : 0) | (hasModulus(values, field, 0) ? UNITARY : 0);
}

function hasModulus(values: Vector, field: Field, tolerance: number): boolean {
  const unit = unitOf(field);
  for (let i = 0; i < values.length; i += unit) {
    const size = unit === 1 ? Math.abs(values[i]) : Math.hypot(values[i], values[i + 1]);
    if (!(Math.abs(size - 1) <= tolerance)) return false;
  }
  return true;
}

/**
 * The diagonal operator of its entries, interleaved if complex.
 *
 * @throws {RangeError} when there is none, or one is not finite
 */
export function diagonal(values: ArrayLike<number>, field: Field = "real"): DiagonalOperator {
  const entries = numbersOf("make a diagonal operator", "values", values, field);
  sizeOf("make a diagonal operator", "the number of entries", entries.length / unitOf(field));
  return new DiagonalOperator(entries, field);
}
