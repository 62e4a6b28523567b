/**
 * Tridiagonal operators, and Householder reflections.
 *
 * @module
 */
import { SELF, UNITARY } from "../annotations.ts";
import { LinearOperator } from "../operator.ts";
import { conjugate, numbersOf, pair, type Scalar, sizeOf, unitOf } from "../scalar.ts";
import type { Field, Vector } from "../types.ts";

/** Three diagonals. */
export class TridiagonalOperator extends LinearOperator {
  /** What it is. */
  readonly kind = "Tridiagonal";
  /** A[i+1, i], n − 1 entries. */
  readonly lower: Vector;
  /** A[i, i]. */
  readonly diagonal: Vector;
  /** A[i, i+1], n − 1 entries. */
  readonly upper: Vector;

  /** Keeps the given arrays; use {@link tridiagonal}. */
  constructor(lower: Vector, diagonal: Vector, upper: Vector, field: Field) {
    const n = diagonal.length / unitOf(field);
    const other = conjugate(upper, field);
    const self = lower.every((v, k) => v === other[k]) &&
      (field === "real" || diagonal.every((v, k) => k % 2 === 0 || v === 0));
    super(n, n, field, self ? SELF : 0);
    this.lower = lower;
    this.diagonal = diagonal;
    this.upper = upper;
  }

  /** Multiply-adds to apply it to one vector. */
  get cost(): number {
    return 3 * this.rows - 2;
  }

  /** How many numbers describe it. */
  override get parameters(): number {
    return 3 * this.rows - 2;
  }

  /** Writes A·x for `count` vectors. */
  forward(x: Float64Array, out: Vector, count: number): void {
    const unit = unitOf(this.field), n = this.rows;
    out.fill(0);
    for (let k = 0; k < count; k++) {
      const at = k * n;
      band(this.diagonal, x, at, out, at, n, unit);
      band(this.lower, x, at, out, at + 1, n - 1, unit);
      band(this.upper, x, at + 1, out, at, n - 1, unit);
    }
  }

  /** Its transpose, conjugated if asked. */
  flip(conjugated: boolean): LinearOperator {
    const map = (v: Vector): Vector => conjugated ? conjugate(v, this.field) : v;
    return new TridiagonalOperator(map(this.upper), map(this.diagonal), map(this.lower), this.field);
  }
}

/** out[to + i] += w[i]·x[from + i]. */
function band(
  w: Vector,
  x: Float64Array,
  from: number,
  out: Vector,
  to: number,
  count: number,
  unit: 1 | 2,
): void {
  for (let i = 0; i < count; i++) {
    if (unit === 1) out[to + i] += w[i] * x[from + i];
    else {
      const re = x[2 * (from + i)], im = x[2 * (from + i) + 1];
      out[2 * (to + i)] += w[2 * i] * re - w[2 * i + 1] * im;
      out[2 * (to + i) + 1] += w[2 * i] * im + w[2 * i + 1] * re;
    }
  }
}

/**
 * The tridiagonal operator with A[i+1, i] = lower[i], A[i, i] = diagonal[i], A[i, i+1] = upper[i].
 *
 * @param upper the conjugates of `lower` when absent
 * @throws {RangeError} when lengths do not fit, or an entry is not finite
 */
export function tridiagonal(
  lower: ArrayLike<number>,
  diagonal: ArrayLike<number>,
  upper?: ArrayLike<number>,
  field: Field = "real",
): TridiagonalOperator {
  const what = "make a tridiagonal operator";
  const middle = numbersOf(what, "the diagonal", diagonal, field);
  const n = sizeOf(what, "the number of entries", middle.length / unitOf(field));
  const low = numbersOf(what, "the lower diagonal", lower, field, n - 1);
  const high = upper === undefined
    ? conjugate(low.slice(), field)
    : numbersOf(what, "the upper diagonal", upper, field, n - 1);
  return new TridiagonalOperator(low, middle, high, field);
}

/** I − β·v·vᴴ. */
export class HouseholderOperator extends LinearOperator {
  /** What it is. */
  readonly kind = "Householder";
  /** v. */
  readonly vector: Vector;
  /** β, [re, im]. */
  readonly beta: readonly [number, number];
  /** ‖v‖². */
  readonly squared: number;

  /** Keeps the given array; use {@link householder}. */
  constructor(vector: Vector, beta: readonly [number, number], field: Field) {
    const n = vector.length / unitOf(field), squared = vector.reduce((sum, v) => sum + v * v, 0);
    const unitary =
      Math.abs(2 * beta[0] - (beta[0] ** 2 + beta[1] ** 2) * squared) <= 4 * 2 ** -52 * Math.abs(beta[0]);
    super(n, n, field, (beta[1] === 0 ? SELF : 0) | (unitary ? UNITARY : 0));
    this.vector = vector;
    this.beta = beta;
    this.squared = squared;
  }

  /** Multiply-adds to apply it to one vector. */
  get cost(): number {
    return 2 * this.rows;
  }

  /** How many numbers describe it. */
  override get parameters(): number {
    return this.rows + 1;
  }

  /** Writes A·x for `count` vectors. */
  forward(x: Float64Array, out: Vector, count: number): void {
    const { vector: v, beta } = this, width = v.length;
    for (let k = 0; k < count; k++) {
      const at = k * width;
      let re = 0, im = 0;
      if (this.field === "real") {
        for (let i = 0; i < width; i++) re += v[i] * x[at + i];
        re *= beta[0];
        for (let i = 0; i < width; i++) out[at + i] = x[at + i] - re * v[i];
      } else {
        for (let i = 0; i < width; i += 2) {
          re += v[i] * x[at + i] + v[i + 1] * x[at + i + 1];
          im += v[i] * x[at + i + 1] - v[i + 1] * x[at + i];
        }
        [re, im] = [re * beta[0] - im * beta[1], re * beta[1] + im * beta[0]];
        for (let i = 0; i < width; i += 2) {
          out[at + i] = x[at + i] - re * v[i] + im * v[i + 1];
          out[at + i + 1] = x[at + i + 1] - re * v[i + 1] - im * v[i];
        }
      }
    }
  }

  /** Its transpose, conjugated if asked. */
  flip(conjugated: boolean): LinearOperator {
    const { vector, beta, field } = this;
    return conjugated
      ? new HouseholderOperator(vector, [beta[0], 0 - beta[1]], field)
      : new HouseholderOperator(conjugate(vector, field), beta, field);
  }
}

/**
 * The reflection I − β·v·vᴴ, β = 2/‖v‖² when it is not given: unitary and self-adjoint.
 *
 * @throws {RangeError} when v is zero and β is not given, or β is complex and v is real
 */
export function householder(v: ArrayLike<number>, beta?: Scalar, field: Field = "real"): HouseholderOperator {
  const what = "make a Householder reflection";
  const vector = numbersOf(what, "v", v, field);
  sizeOf(what, "the length of v", vector.length / unitOf(field));
  const squared = vector.reduce((sum, value) => sum + value * value, 0);
  if (beta === undefined && !(squared > 0)) {
    throw new RangeError(`Cannot ${what}: v is zero, which has no direction`);
  }
  const factor = pair(what, "beta", beta ?? 2 / squared);
  if (field === "real" && factor[1] !== 0) {
    throw new RangeError(`Cannot ${what}: beta is complex and v is real`);
  }
  return new HouseholderOperator(vector, factor, field);
}
