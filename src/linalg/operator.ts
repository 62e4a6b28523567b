/**
 * Linear operators in float64: what algorithms apply, and what rules look into.
 *
 * @module
 */
import { kindOf } from "../operator/check.ts";
import {
  ALL,
  type Annotation,
  annotationsOf,
  closed,
  flagsOf,
  PSD,
  SELF,
  STIEFEL,
  UNITARY,
} from "./annotations.ts";
import { conjugate, join, split, unitOf } from "./scalar.ts";
import type { Field, LinearMap, Matrix, Vector } from "./types.ts";

/** Adjoints and transposes, each linked with what it is made of, so that AᴴA is known to be one. */
const adjoints = new WeakMap<LinearOperator, LinearOperator>();
const transposes = new WeakMap<LinearOperator, LinearOperator>();

/**
 * A linear map in float64, lazily: from its parts it knows how to multiply, and what is known of it
 * ({@link Annotation}). Complex vectors lie interleaved. Operators never change.
 *
 * @example
 * ```ts
 * import { dense, kron, solve } from "@papillon/papillon/linalg";
 * const a = dense([[4, 1], [1, 3]]);
 * const map = kron(a, a, a); // 8×8, of twelve numbers
 * const x = solve(map, map.apply(new Float64Array(8).fill(1)));
 * console.assert(Math.abs(x[5] - 1) < 1e-12);
 * ```
 */
export abstract class LinearOperator implements LinearMap {
  /** What it is, in a word: "Dense", "Kronecker" … */
  abstract readonly kind: string;
  /** Numbers in an output vector. */
  readonly rows: number;
  /** Numbers in an input vector. */
  readonly cols: number;
  /** Whether entries and vectors are real or complex. */
  readonly field: Field;
  /** Annotations as bits. */
  readonly flags: number;

  /** Sets the shape and what is known. */
  constructor(rows: number, cols: number, field: Field, flags = 0) {
    this.rows = rows;
    this.cols = cols;
    this.field = field;
    this.flags = closed(flags, rows === cols);
  }

  /** Multiply-adds of the field to apply it to one vector. */
  abstract get cost(): number;

  /** How many numbers, each of its own field, describe it. */
  get parameters(): number {
    return this.children.reduce((sum, part) => sum + part.parameters, 0);
  }

  /** What it is made of. */
  get children(): readonly LinearOperator[] {
    return [];
  }

  /** Writes A·x for `count` vectors; `out` is another array, of any content. */
  abstract forward(x: Float64Array, out: Vector, count: number): void;

  /** Makes the transpose, conjugated if asked. The one walked backwards where a type knows no better. */
  abstract flip(conjugated: boolean): LinearOperator;

  /** What is known. */
  get annotations(): readonly Annotation[] {
    return annotationsOf(this.flags);
  }

  /** Whether this is known. False says nothing. */
  is(annotation: Annotation): boolean {
    return (this.flags & flagsOf([annotation])) !== 0;
  }

  /** Whether it has as many rows as columns. */
  get isSquare(): boolean {
    return this.rows === this.cols;
  }

  /**
   * The same operator with more known of it. What can be checked at once is checked, the rest is believed: results
   * are wrong where it is not true.
   *
   * @throws {RangeError} when it cannot be true
   */
  annotate(...annotations: Annotation[]): this {
    const flags = flagsOf(annotations);
    if (!this.isSquare && flags & (SELF | PSD | UNITARY)) {
      throw new RangeError(`Cannot annotate ${this.describe()} ${annotations.join(", ")}: it is not square`);
    }
    if (this.rows < this.cols && flags & STIEFEL) {
      throw new RangeError(
        `Cannot annotate ${this.describe()} Stiefel: it has more columns than rows, which cannot be orthonormal`,
      );
    }
    const doubt = this.doubt(closed(flags, this.isSquare));
    if (doubt !== undefined) {
      throw new RangeError(`Cannot annotate ${this.describe()} ${annotations.join(", ")}: ${doubt}`);
    }
    const copy = Object.create(Object.getPrototypeOf(this)) as this;
    return Object.assign(copy, this, { flags: closed(this.flags | flags, this.isSquare) });
  }

  /** Why annotations cannot be true, where a type can tell. */
  protected doubt(_flags: number): string | undefined {
    return undefined;
  }

  /**
   * A·x for one vector or several, one after another.
   *
   * @throws {TypeError} when `x` is not a Float64Array
   * @throws {RangeError} when a length does not fit; nothing is written then
   */
  apply(x: Float64Array, out?: Vector): Vector {
    const count = countOf(this, "apply", x, this.cols);
    const [input, result] = targetOf(this, "apply", x, out, count * this.rows);
    this.forward(input, result, count);
    return result;
  }

  /** Aᴴ·y for one vector or several. */
  applyAdjoint(y: Float64Array, out?: Vector): Vector {
    const count = countOf(this, "apply the adjoint of", y, this.rows);
    const [input, result] = targetOf(this, "apply the adjoint of", y, out, count * this.cols);
    this.backward(input, result, count);
    return result;
  }

  /** Writes Aᴴ·y for `count` vectors. */
  backward(y: Float64Array, out: Vector, count: number): void {
    this.adjoint().forward(y, out, count);
  }

  /** The conjugate transpose. Its own adjoint is this very operator. */
  adjoint(): LinearOperator {
    if (this.flags & SELF) return this;
    return linked(this, adjoints, true);
  }

  /** The transpose, without conjugation. */
  transpose(): LinearOperator {
    if (this.field === "real") return this.adjoint();
    return linked(this, transposes, false);
  }

  /**
   * The dense matrix, row-major.
   *
   * @throws {RangeError} when it is too large for one array
   */
  toDense(): Matrix {
    const { rows, cols, field } = this, unit = unitOf(field);
    if (rows * cols * unit > 2 ** 29) {
      throw new RangeError(
        `Cannot write ${this.describe()} as a dense matrix: it has ${rows * cols} entries`,
      );
    }
    const values = new Float64Array(rows * cols * unit);
    const some = Math.max(1, Math.min(cols, Math.floor(2 ** 20 / (rows + cols))));
    for (let first = 0; first < cols; first += some) {
      const count = Math.min(some, cols - first), units = new Float64Array(count * cols * unit);
      for (let k = 0; k < count; k++) units[(k * cols + first + k) * unit] = 1;
      const columns = new Float64Array(count * rows * unit);
      this.forward(units, columns, count);
      for (let k = 0; k < count; k++) {
        for (let i = 0; i < rows; i++) {
          const from = (k * rows + i) * unit, to = (i * cols + first + k) * unit;
          values[to] = columns[from];
          if (unit === 2) values[to + 1] = columns[from + 1];
        }
      }
    }
    return { rows, cols, field, values };
  }

  /** A short name for messages: "a 64×64 complex Dense operator". */
  describe(): string {
    const { rows, cols, field, kind } = this;
    return `a ${rows}×${cols} ${field === "complex" ? "complex " : ""}${kind} operator`;
  }

  /** The tree of operators that it is made of, a line each. */
  toString(): string {
    const known = this.annotations.length === 0 ? "" : ` [${this.annotations.join(", ")}]`;
    const head = `${this.kind} ${this.rows}×${this.cols}${
      this.field === "complex" ? " complex" : ""
    }${known}`;
    return [head, ...this.children.map((part) => String(part).replace(/^/gm, "  "))].join("\n");
  }
}

// Functions, not private methods: annotated copies are made without the constructor and have none of those.

/** The adjoint of an operator if it has been made before. */
export function knownAdjoint(A: LinearOperator): LinearOperator | undefined {
  return A.flags & SELF ? A : adjoints.get(A);
}

function linked(
  A: LinearOperator,
  known: WeakMap<LinearOperator, LinearOperator>,
  conjugated: boolean,
): LinearOperator {
  let other = known.get(A);
  if (other === undefined) {
    other = A.flip(conjugated);
    if (other === A) return A;
    // What is known stays; only a rectangular Stiefel operator has an adjoint without orthonormal columns.
    const flags = (A.isSquare ? A.flags & ALL : 0) | other.flags;
    if (flags !== other.flags) {
      other = Object.assign(Object.create(Object.getPrototypeOf(other)) as LinearOperator, other, { flags });
    }
    known.set(A, other);
    if (known.get(other) === undefined) known.set(other, A);
  }
  return other;
}

/** How many vectors an input holds, once checked. */
function countOf(A: LinearOperator, what: string, x: Float64Array, size: number): number {
  if (!(x instanceof Float64Array)) {
    throw new TypeError(`Cannot ${what} ${A.describe()}: the input is not a Float64Array but ${kindOf(x)}`);
  }
  const width = size * unitOf(A.field);
  if (x.length === 0 || x.length % width !== 0) {
    throw new RangeError(
      `Cannot ${what} ${A.describe()}: input length ${x.length} is not a multiple of ${width}` +
        (A.field === "complex" ? ` (${size} complex numbers)` : ""),
    );
  }
  return x.length / width;
}

/** Where to write, and the input, apart from it. */
function targetOf(
  A: LinearOperator,
  what: string,
  x: Float64Array,
  out: Vector | undefined,
  numbers: number,
): [Float64Array, Vector] {
  const size = numbers * unitOf(A.field);
  if (out === undefined) return [x, new Float64Array(size)];
  if (!(out instanceof Float64Array)) {
    throw new TypeError(`Cannot ${what} ${A.describe()}: out is not a Float64Array but ${kindOf(out)}`);
  }
  if (out.length !== size) {
    throw new RangeError(
      `Cannot ${what} ${A.describe()}: out needs ${size} numbers, but it has ${out.length}`,
    );
  }
  return [x.buffer === (out as Float64Array).buffer ? x.slice() : x, out];
}

/** A·x, or Aᴴ·x, where vectors may be complex though A is real. */
export function act(A: LinearOperator, x: Float64Array, field: Field, adjoint = false): Vector {
  const [from, to] = adjoint ? [A.rows, A.cols] : [A.cols, A.rows];
  const lift = A.field !== field, input = lift ? split(x, from) : x;
  const count = input.length / (from * unitOf(A.field));
  const out = new Float64Array(count * to * unitOf(A.field));
  if (adjoint) A.backward(input, out, count);
  else A.forward(input, out, count);
  return lift ? join(out, to) : out;
}

/** The transpose or adjoint of an operator that knows no simpler one: it is walked backwards. */
export class Flipped extends LinearOperator {
  /** What it is. */
  readonly kind: string;
  /** What is transposed. */
  readonly of: LinearOperator;
  /** Whether it is conjugated too. */
  readonly conjugated: boolean;

  /** Use `adjoint` and `transpose`. */
  constructor(of: LinearOperator, conjugated: boolean) {
    super(of.cols, of.rows, of.field);
    this.kind = conjugated ? "Adjoint" : "Transpose";
    this.of = of;
    this.conjugated = conjugated;
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
    walk(this, x, out, (input) => this.of.backward(input, out, count));
  }

  /** Writes Aᴴ·y for `count` vectors. */
  override backward(y: Float64Array, out: Vector, count: number): void {
    walk(this, y, out, (input) => this.of.forward(input, out, count));
  }

  /** Its transpose, conjugated if asked. */
  flip(conjugated: boolean): LinearOperator {
    if (conjugated === this.conjugated || this.field === "real") return this.of;
    // The adjoint of the transpose and the transpose of the adjoint: the conjugate.
    return new Conjugated(this.of);
  }
}

/** Aᵀx is the conjugate of Aᴴ applied to the conjugate. */
function walk(A: Flipped, x: Float64Array, out: Vector, run: (input: Float64Array) => void): void {
  const plain = A.conjugated || A.field === "real";
  run(plain ? x : conjugate(new Float64Array(x), "complex"));
  if (!plain) { for (let i = 1; i < out.length; i += 2) out[i] = 0 - out[i]; }
}

/** The operator of the conjugate entries. */
export class Conjugated extends LinearOperator {
  /** What it is. */
  readonly kind = "Conjugate";
  /** What is conjugated. */
  readonly of: LinearOperator;

  /** Conjugates a complex operator that knows no simpler way. */
  constructor(of: LinearOperator) {
    super(of.rows, of.cols, of.field, of.flags);
    this.of = of;
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
    this.of.forward(conjugate(new Float64Array(x), this.field), out, count);
    out.set(conjugate(out, this.field));
  }

  /** Writes Aᴴ·y for `count` vectors. */
  override backward(y: Float64Array, out: Vector, count: number): void {
    this.of.backward(conjugate(new Float64Array(y), this.field), out, count);
    out.set(conjugate(out, this.field));
  }

  /** Its transpose, conjugated if asked. */
  flip(conjugated: boolean): LinearOperator {
    return conjugated ? this.of.transpose() : this.of.adjoint();
  }
}
