/**
 * Dense and triangular operators.
 *
 * @module
 */
import { PSD, SELF, STIEFEL } from "../annotations.ts";
import { LinearOperator } from "../operator.ts";
import { numbersOf, type Scalar, sizeOf, unitOf } from "../scalar.ts";
import type { Field, Matrix, Vector } from "../types.ts";

/** A dense matrix as an operator; it is a {@link Matrix} too. */
export class DenseOperator extends LinearOperator implements Matrix {
  /** What it is. */
  readonly kind: string = "Dense";
  /** Row-major, interleaved if complex. Not to be changed. */
  readonly values: Vector;

  /**
   * A dense operator that keeps the given array. Whether it is self-adjoint is seen.
   */
  constructor({ rows, cols, field, values }: Matrix, flags = 0) {
    super(rows, cols, field, flags | (isHermitian({ rows, cols, field, values }) ? SELF : 0));
    this.values = values;
  }

  /** Multiply-adds to apply it to one vector. */
  get cost(): number {
    return this.rows * this.cols;
  }

  /** How many numbers describe it. */
  override get parameters(): number {
    return this.rows * this.cols;
  }

  /** Writes A·x for `count` vectors. */
  forward(x: Float64Array, out: Vector, count: number): void {
    multiply(this, x, out, count);
  }

  /** Its transpose, conjugated if asked. */
  flip(conjugated: boolean): LinearOperator {
    return new DenseOperator(flipped(this, conjugated));
  }

  /** A copy of the matrix. */
  override toDense(): Matrix {
    const { rows, cols, field, values } = this;
    return { rows, cols, field, values: values.slice() };
  }

  /** What its entries say against an annotation. */
  protected override doubt(flags: number): string | undefined {
    if (flags & SELF && !isHermitian(this, 1e-10)) {
      return "its entries are not those of their conjugate transposes";
    }
    if (flags & STIEFEL) {
      const unit = unitOf(this.field), sums = new Float64Array(this.cols);
      this.values.forEach((v, i) => sums[Math.floor(i / unit) % this.cols] += v * v);
      const at = sums.findIndex((sum) => !(Math.abs(sum - 1) < 1e-6));
      if (at >= 0) return `the norm of column ${at} is ${Math.sqrt(sums[at])}, not 1`;
    }
    if (flags & PSD) {
      const unit = unitOf(this.field);
      for (let i = 0; i < this.rows; i++) {
        const value = this.values[(i * this.cols + i) * unit];
        if (value < 0) return `entry (${i}, ${i}) is ${value}, which is negative`;
      }
    }
    return undefined;
  }
}

/** A triangular matrix; entries on the other side are taken for zero. */
export class TriangularOperator extends DenseOperator {
  /** What it is. */
  override readonly kind = "Triangular";
  /** Whether the entries lie on and below the diagonal. */
  readonly lower: boolean;
  /** The diagonal. */
  readonly diagonal: Vector;

  /** Keeps the given array, which must be zero on the other side. */
  constructor(matrix: Matrix, lower: boolean) {
    super(matrix);
    this.lower = lower;
    const unit = unitOf(matrix.field), n = matrix.rows;
    this.diagonal = Float64Array.from(
      { length: n * unit },
      (_, k) => matrix.values[Math.floor(k / unit) * (n + 1) * unit + k % unit],
    );
  }

  /** Multiply-adds to apply it to one vector. */
  override get cost(): number {
    return this.rows * (this.rows + 1) / 2;
  }

  /** How many numbers describe it. */
  override get parameters(): number {
    return this.cost;
  }

  /** Its transpose, conjugated if asked. */
  override flip(conjugated: boolean): LinearOperator {
    return new TriangularOperator(flipped(this, conjugated), !this.lower);
  }

  /** Writes A·x for `count` vectors. */
  override forward(x: Float64Array, out: Vector, count: number): void {
    multiply(this, x, out, count, this.lower ? "lower" : "upper");
  }
}

/** y = A·x for each of `count` vectors. */
export function multiply(
  { rows, cols, field, values }: Matrix,
  x: Float64Array,
  out: Float64Array,
  count: number,
  shape: "full" | "lower" | "upper" = "full",
): void {
  let k = 0;
  // Four vectors share each entry that is read.
  for (; field === "real" && k + 4 <= count; k += 4) {
    const b0 = k * cols, b1 = b0 + cols, b2 = b1 + cols, b3 = b2 + cols;
    for (let i = 0; i < rows; i++) {
      const first = shape === "upper" ? i : 0, last = shape === "lower" ? i + 1 : cols, row = i * cols;
      let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
      for (let j = first; j < last; j++) {
        const w = values[row + j];
        s0 += w * x[b0 + j];
        s1 += w * x[b1 + j];
        s2 += w * x[b2 + j];
        s3 += w * x[b3 + j];
      }
      out[k * rows + i] = s0;
      out[(k + 1) * rows + i] = s1;
      out[(k + 2) * rows + i] = s2;
      out[(k + 3) * rows + i] = s3;
    }
  }
  for (; k < count; k++) {
    for (let i = 0; i < rows; i++) {
      const first = shape === "upper" ? i : 0, last = shape === "lower" ? i + 1 : cols;
      if (field === "real") {
        const row = i * cols, base = k * cols;
        let sum = 0;
        for (let j = first; j < last; j++) sum += values[row + j] * x[base + j];
        out[k * rows + i] = sum;
      } else {
        let re = 0, im = 0;
        for (let j = first; j < last; j++) {
          const w = 2 * (i * cols + j), v = 2 * (k * cols + j);
          re += values[w] * x[v] - values[w + 1] * x[v + 1];
          im += values[w] * x[v + 1] + values[w + 1] * x[v];
        }
        out[2 * (k * rows + i)] = re;
        out[2 * (k * rows + i) + 1] = im;
      }
    }
  }
}

/** The transpose, conjugated if asked, of a matrix. */
export function flipped({ rows, cols, field, values }: Matrix, conjugated: boolean): Matrix {
  const unit = unitOf(field), result = new Float64Array(values.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      const from = (i * cols + j) * unit, to = (j * rows + i) * unit;
      result[to] = values[from];
      if (unit === 2) result[to + 1] = conjugated ? 0 - values[from + 1] : values[from + 1];
    }
  }
  return { rows: cols, cols: rows, field, values: result };
}

/** Whether A = Aᴴ, entry by entry within `tolerance` of the largest. */
export function isHermitian({ rows, cols, field, values }: Matrix, tolerance = 0): boolean {
  if (rows !== cols) return false;
  const unit = unitOf(field);
  let largest = 0;
  if (tolerance > 0) { for (const v of values) largest = Math.max(largest, Math.abs(v)); }
  const allowed = tolerance * largest;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j <= i; j++) {
      const a = (i * cols + j) * unit, b = (j * cols + i) * unit;
      if (Math.abs(values[a] - values[b]) > allowed) return false;
      if (unit === 2 && Math.abs(values[a + 1] + values[b + 1]) > allowed) return false;
    }
  }
  return true;
}

/** Rows of numbers, [re, im] where complex, or a {@link Matrix}. */
export type Entries = Matrix | readonly (readonly Scalar[])[];

/** Takes entries into a matrix of its own, checked. */
export function matrixOf(what: string, entries: Entries): Matrix {
  if (Array.isArray(entries)) {
    const list = entries as readonly (readonly Scalar[])[];
    const rows = sizeOf(what, "the number of rows", list.length);
    const cols = sizeOf(what, "the number of columns", list[0]?.length);
    const field: Field = list.some((row) => Array.from(row).some((v) => Array.isArray(v)))
      ? "complex"
      : "real";
    const flat: number[] = [];
    list.forEach((row, i) => {
      if (row.length !== cols) {
        throw new RangeError(`Cannot ${what}: row 0 has ${cols} entries and row ${i} has ${row.length}`);
      }
      for (const value of row) {
        if (field === "real") flat.push(value as number);
        else if (typeof value === "number") flat.push(value, 0);
        else flat.push(value[0], value[1]);
      }
    });
    return { rows, cols, field, values: numbersOf(what, "entries", flat, field, rows * cols) };
  }
  const matrix = entries as Matrix;
  if (typeof matrix !== "object" || matrix === null) {
    throw new TypeError(
      `Cannot ${what}: expected rows of numbers or { rows, cols, field, values }, got ${matrix}`,
    );
  }
  const { rows, cols, field = "real" } = matrix;
  sizeOf(what, "rows", rows);
  sizeOf(what, "cols", cols);
  return { rows, cols, field, values: numbersOf(what, "values", matrix.values, field, rows * cols) };
}

/**
 * A dense operator from rows of numbers ([re, im] where complex) or a matrix, which is copied.
 *
 * @throws {TypeError} when it is neither
 * @throws {RangeError} when rows differ in length, or an entry is not finite
 */
export function dense(entries: Entries): DenseOperator {
  return new DenseOperator(matrixOf("make a dense operator", entries));
}

/**
 * A triangular operator: the entries on one side of the diagonal, and it; what lies on the other side is not read.
 *
 * @throws {RangeError} when the matrix is not square
 */
export function triangular(entries: Entries, { lower = true }: { lower?: boolean } = {}): TriangularOperator {
  const matrix = matrixOf("make a triangular operator", entries);
  const { rows, cols, values } = matrix, unit = unitOf(matrix.field);
  if (rows !== cols) {
    throw new RangeError(
      `Cannot make a triangular operator: the matrix is ${rows}×${cols}, which is not square`,
    );
  }
  for (let i = 0; i < rows; i++) {
    const [from, to] = lower ? [i + 1, cols] : [0, i];
    values.fill(0, (i * cols + from) * unit, (i * cols + to) * unit);
  }
  return new TriangularOperator(matrix, lower);
}
