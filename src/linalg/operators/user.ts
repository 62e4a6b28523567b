/**
 * Operators of a user's own.
 *
 * @module
 */
import type { Annotation } from "../annotations.ts";
import { flagsOf, SELF } from "../annotations.ts";
import { Flipped, LinearOperator } from "../operator.ts";
import { conjugate, sizeOf, unitOf } from "../scalar.ts";
import type { Field, Vector } from "../types.ts";

/** What a linear operator of one's own needs. */
export interface UserOperator {
  /** Numbers in an output vector. */
  readonly rows: number;
  /** Numbers in an input vector. */
  readonly cols: number;
  /** "real" when absent. */
  readonly field?: Field;
  /** A·x for one vector. */
  apply(x: Vector): ArrayLike<number>;
  /** Aᴴ·y for one vector. */
  applyAdjoint?(y: Vector): ArrayLike<number>;
  /** The gradient of Re⟨g, A·x⟩ with respect to its parameters, for vectors one after another. */
  parameterGradient?(x: Float64Array, g: Float64Array): readonly (Float64Array | Float32Array)[];
  /** What is known. */
  readonly annotations?: readonly Annotation[];
  /** Multiply-adds to apply it; rows·cols when absent. */
  readonly cost?: number;
  /** How many numbers describe it; 0 when absent. */
  readonly parameters?: number;
  /** What to call it. */
  readonly kind?: string;
}

/** Without an adjoint, the matrix is found column by column up to this many columns. */
const COLUMNS = 1000;

/** An operator that a user's functions apply. */
export class ApplyOperator extends LinearOperator {
  /** What it is. */
  readonly kind: string;
  /** What the user gave. */
  readonly of: UserOperator;

  /** Use {@link operatorFrom}. */
  constructor(of: UserOperator) {
    super(of.rows, of.cols, of.field ?? "real", flagsOf(of.annotations ?? []));
    this.kind = of.kind ?? "User";
    this.of = of;
  }

  /** Multiply-adds to apply it to one vector. */
  get cost(): number {
    return this.of.cost ?? this.rows * this.cols;
  }

  /** How many numbers describe it. */
  override get parameters(): number {
    return this.of.parameters ?? 0;
  }

  /** Writes A·x for `count` vectors. */
  forward(x: Float64Array, out: Vector, count: number): void {
    each(this, "apply", x, out, count, this.cols, this.rows, (v) => this.of.apply(v));
  }

  /** Writes Aᴴ·y for `count` vectors. */
  override backward(y: Float64Array, out: Vector, count: number): void {
    const { of } = this;
    if (of.applyAdjoint) {
      each(this, "applyAdjoint", y, out, count, this.rows, this.cols, (v) => of.applyAdjoint!(v));
    } else if (this.flags & SELF) this.forward(y, out, count);
    else byColumns(this, y, out, count);
  }

  /** Its transpose, conjugated if asked. */
  flip(conjugated: boolean): LinearOperator {
    return new Flipped(this, conjugated);
  }
}

/** Calls a user's function for each vector, and checks what it gives. */
function each(
  A: ApplyOperator,
  name: string,
  x: Float64Array,
  out: Vector,
  count: number,
  from: number,
  to: number,
  run: (v: Vector) => ArrayLike<number>,
): void {
  const unit = unitOf(A.field);
  for (let k = 0; k < count; k++) {
    const made = run(x.slice(k * from * unit, (k + 1) * from * unit));
    if (made?.length !== to * unit) {
      throw new RangeError(
        `Cannot apply ${A.describe()}: its ${name} gave ${made?.length ?? made} numbers, expected ${
          to * unit
        }`,
      );
    }
    out.set(made, k * to * unit);
  }
}

/** Aᴴ·y from the columns of A. */
function byColumns(A: ApplyOperator, y: Float64Array, out: Vector, count: number): void {
  const { rows, cols } = A, unit = unitOf(A.field);
  if (cols > COLUMNS) {
    throw new RangeError(
      `Cannot apply the adjoint of ${A.describe()}: it has no applyAdjoint, and its ${cols} columns are too many to ` +
        `find it from them (${COLUMNS}). Give applyAdjoint, or annotate it SelfAdjoint where it is`,
    );
  }
  const basis = new Float64Array(cols * unit), column = new Float64Array(rows * unit);
  for (let j = 0; j < cols; j++) {
    basis.fill(0);
    basis[j * unit] = 1;
    A.forward(basis, column, 1);
    const entries = conjugate(column, A.field);
    for (let k = 0; k < count; k++) {
      let re = 0, im = 0;
      for (let i = 0; i < rows * unit; i += unit) {
        const at = k * rows * unit + i;
        if (unit === 1) re += entries[i] * y[at];
        else {
          re += entries[i] * y[at] - entries[i + 1] * y[at + 1];
          im += entries[i] * y[at + 1] + entries[i + 1] * y[at];
        }
      }
      out[(k * cols + j) * unit] = re;
      if (unit === 2) out[(k * cols + j) * unit + 1] = im;
    }
  }
}

/**
 * An operator from an object with `rows`, `cols` and `apply`, which is called for one vector at a time; with
 * `applyAdjoint` where adjoints are needed. Without one, a self-adjoint operator is its own; of others with up to 1000
 * columns the adjoint is found from all columns, at the cost of applying it to each.
 *
 * @throws {TypeError} when it has no `apply`
 * @throws {RangeError} when a size is no positive whole number, or an annotation cannot be true
 *
 * @example
 * ```ts
 * import { operatorFrom, solve } from "@papillon/papillon/linalg";
 * const laplace = operatorFrom({
 *   rows: 50,
 *   cols: 50,
 *   apply: (x) => x.map((v, i) => 2 * v - (x[i - 1] ?? 0) - (x[i + 1] ?? 0)),
 *   annotations: ["PSD"],
 * });
 * const x = solve(laplace, new Float64Array(50).fill(1));
 * console.assert(Math.abs(x[0] - 25) < 1e-6);
 * ```
 */
export function operatorFrom(of: UserOperator): LinearOperator {
  const what = "make an operator";
  if (typeof of?.apply !== "function") throw new TypeError(`Cannot ${what}: apply is not a function`);
  sizeOf(what, "rows", of.rows);
  sizeOf(what, "cols", of.cols);
  if (of.field !== undefined && of.field !== "real" && of.field !== "complex") {
    throw new TypeError(`Cannot ${what}: field must be "real" or "complex", got ${JSON.stringify(of.field)}`);
  }
  const plain = new ApplyOperator({
    ...of,
    apply: (x) => of.apply(x),
    applyAdjoint: of.applyAdjoint && ((y) => of.applyAdjoint!(y)),
    parameterGradient: of.parameterGradient && ((x, g) => of.parameterGradient!(x, g)),
    annotations: [],
  });
  return of.annotations?.length ? plain.annotate(...of.annotations) : plain;
}
