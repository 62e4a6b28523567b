/**
 * Products, sums and multiples. They are made by the functions of `compose.ts`, which simplify.
 *
 * @module
 */
import { PSD, SELF, STIEFEL, UNITARY } from "../annotations.ts";
import { act, knownAdjoint, LinearOperator } from "../operator.ts";
import { joinFields } from "../scalar.ts";
import type { Field, Vector } from "../types.ts";

/** Multiply-adds to apply a part within a map of another field. */
export function costWithin(part: LinearOperator, field: Field): number {
  // A real map on complex vectors works twice, at half of what complex multiply-adds are: counted as one.
  return part.field === field ? part.cost : part.cost / 2;
}

/** A·B·C: the last is applied first. */
export class ProductOperator extends LinearOperator {
  /** What it is. */
  readonly kind = "Product";
  /** The factors as they are written. */
  readonly factors: readonly LinearOperator[];

  /** Use `product`. */
  constructor(factors: readonly LinearOperator[], flags = 0) {
    const known = factors.reduce((all, { flags }) => all & flags, UNITARY | STIEFEL);
    super(
      factors[0].rows,
      factors[factors.length - 1].cols,
      joinFields(factors),
      known | palindrome(factors) | flags,
    );
    this.factors = factors;
  }

  /** Multiply-adds to apply it to one vector. */
  get cost(): number {
    return this.factors.reduce((sum, part) => sum + costWithin(part, this.field), 0);
  }

  /** What it is made of. */
  override get children(): readonly LinearOperator[] {
    return this.factors;
  }

  /** Writes A·x for `count` vectors. */
  forward(x: Float64Array, out: Vector): void {
    out.set(this.factors.reduceRight((value, part) => act(part, value, this.field), x));
  }

  /** Writes Aᴴ·y for `count` vectors. */
  override backward(y: Float64Array, out: Vector): void {
    out.set(this.factors.reduce((value, part) => act(part, value, this.field, true), y));
  }

  /** Its transpose, conjugated if asked. */
  flip(conjugated: boolean): LinearOperator {
    return new ProductOperator(
      this.factors.map((part) => conjugated ? part.adjoint() : part.transpose()).reverse(),
    );
  }
}

/** B·S·Bᴴ is self-adjoint, or PSD, where S is; B·Bᴴ is PSD. */
function palindrome(factors: readonly LinearOperator[]): number {
  const last = factors.length - 1;
  for (let i = 0; i < last - i; i++) if (!areAdjoint(factors[i], factors[last - i])) return 0;
  return factors.length % 2 === 0 ? SELF | PSD : factors[last / 2].flags & (SELF | PSD);
}

/** Whether one is known to be the adjoint of the other. */
export function areAdjoint(A: LinearOperator, B: LinearOperator): boolean {
  return A.rows === B.cols && A.cols === B.rows && (knownAdjoint(A) === B || knownAdjoint(B) === A);
}

/** A + B + C. */
export class SumOperator extends LinearOperator {
  /** What it is. */
  readonly kind = "Sum";
  /** The terms as they are written. */
  readonly terms: readonly LinearOperator[];

  /** Use `sum`. */
  constructor(terms: readonly LinearOperator[], flags = 0) {
    const known = terms.reduce((all, term) => all & term.flags, SELF | PSD);
    super(terms[0].rows, terms[0].cols, joinFields(terms), known | flags);
    this.terms = terms;
  }

  /** Multiply-adds to apply it to one vector. */
  get cost(): number {
    return this.terms.reduce(
      (sum, part) => sum + costWithin(part, this.field),
      (this.terms.length - 1) * this.rows,
    );
  }

  /** What it is made of. */
  override get children(): readonly LinearOperator[] {
    return this.terms;
  }

  /** Writes A·x for `count` vectors. */
  forward(x: Float64Array, out: Vector): void {
    addTerms(this, x, out, false);
  }

  /** Writes Aᴴ·y for `count` vectors. */
  override backward(y: Float64Array, out: Vector): void {
    addTerms(this, y, out, true);
  }

  /** Its transpose, conjugated if asked. */
  flip(conjugated: boolean): LinearOperator {
    return new SumOperator(this.terms.map((part) => conjugated ? part.adjoint() : part.transpose()));
  }
}

function addTerms(sum: SumOperator, x: Float64Array, out: Vector, adjoint: boolean): void {
  out.fill(0);
  for (const part of sum.terms) {
    const value = act(part, x, sum.field, adjoint);
    for (let i = 0; i < value.length; i++) out[i] += value[i];
  }
}

/** c·A. */
export class ScaledOperator extends LinearOperator {
  /** What it is. */
  readonly kind: string;
  /** c, [re, im]. */
  readonly factor: readonly [number, number];
  /** A. */
  readonly of: LinearOperator;

  /** Use `scale`. */
  constructor(factor: readonly [number, number], of: LinearOperator) {
    const [re, im] = factor;
    let flags = 0;
    if (im === 0) flags |= of.flags & SELF;
    // A negated PSD operator is not PSD.
    if (im === 0 && re >= 0) flags |= of.flags & PSD;
    if (Math.abs(Math.hypot(re, im) - 1) <= 2 ** -51) flags |= of.flags & (UNITARY | STIEFEL);
    super(of.rows, of.cols, im === 0 ? of.field : "complex", flags);
    this.kind = of.kind === "Identity" ? "ScalarMul" : "Scaled";
    this.factor = factor;
    this.of = of;
  }

  /** Multiply-adds to apply it to one vector. */
  get cost(): number {
    return costWithin(this.of, this.field) + this.rows;
  }

  /** How many numbers describe it. */
  override get parameters(): number {
    return this.of.parameters + 1;
  }

  /** What it is made of. */
  override get children(): readonly LinearOperator[] {
    return [this.of];
  }

  /** Writes A·x for `count` vectors. */
  forward(x: Float64Array, out: Vector): void {
    out.set(act(this.of, x, this.field));
    times(out, this.factor[0], this.factor[1]);
  }

  /** Writes Aᴴ·y for `count` vectors. */
  override backward(y: Float64Array, out: Vector): void {
    out.set(act(this.of, y, this.field, true));
    times(out, this.factor[0], 0 - this.factor[1]);
  }

  /** Its transpose, conjugated if asked. */
  flip(conjugated: boolean): LinearOperator {
    const [re, im] = this.factor;
    return conjugated
      ? new ScaledOperator([re, 0 - im], this.of.adjoint())
      : new ScaledOperator(this.factor, this.of.transpose());
  }
}

/** x ← (re + i·im)·x; real numbers where im is 0. */
function times(x: Vector, re: number, im: number): void {
  if (im === 0) { for (let i = 0; i < x.length; i++) x[i] *= re; }
  else {
    for (let i = 0; i < x.length; i += 2) {
      [x[i], x[i + 1]] = [re * x[i] - im * x[i + 1], re * x[i + 1] + im * x[i]];
    }
  }
}

/** U·C·Vᴴ with few columns: C is left out where it is the identity. */
export class LowRankOperator extends LinearOperator {
  /** What it is. */
  readonly kind = "LowRank";
  /** U, rows × r. */
  readonly left: LinearOperator;
  /** C, r × r. */
  readonly core: LinearOperator;
  /** V, cols × r. */
  readonly right: LinearOperator;

  /** Use `lowRank`. */
  constructor(left: LinearOperator, core: LinearOperator, right: LinearOperator) {
    super(
      left.rows,
      right.rows,
      joinFields([left, core, right]),
      left === right ? core.flags & (SELF | PSD) : 0,
    );
    this.left = left;
    this.core = core;
    this.right = right;
  }

  /** r. */
  get rank(): number {
    return this.core.rows;
  }

  /** Multiply-adds to apply it to one vector. */
  get cost(): number {
    return this.children.reduce((sum, part) => sum + costWithin(part, this.field), 0);
  }

  /** What it is made of. */
  override get children(): readonly LinearOperator[] {
    return [this.left, this.core, this.right];
  }

  /** Writes A·x for `count` vectors. */
  forward(x: Float64Array, out: Vector): void {
    const { left, core, right, field } = this;
    out.set(act(left, act(core, act(right, x, field, true), field), field));
  }

  /** Its transpose, conjugated if asked. */
  flip(conjugated: boolean): LinearOperator {
    const { left, core, right } = this;
    if (conjugated) return new LowRankOperator(right, core.adjoint(), left);
    return new LowRankOperator(right.transpose().adjoint(), core.transpose(), left.transpose().adjoint());
  }
}
