/**
 * Fourier transforms, circulant and Toeplitz operators, convolutions.
 *
 * @module
 */
import { PSD, SELF, UNITARY } from "../annotations.ts";
import { Fourier, multiplyInto } from "../fourier.ts";
import { LinearOperator } from "../operator.ts";
import { conjugate, inField, numbersOf, sizeOf, unitOf } from "../scalar.ts";
import type { Field, Matrix, Vector } from "../types.ts";

/** Multiply-adds of complex numbers for a transform of n. */
function fourierCost(n: number): number {
  const log = Math.max(1, Math.ceil(Math.log2(n)));
  return (n & (n - 1)) === 0 ? n * log / 2 : 4 * 2 ** log * (log + 1) / 2;
}

/** The discrete Fourier transform. */
export class FourierOperator extends LinearOperator {
  /** What it is. */
  readonly kind = "FFT";
  /** The sign of the exponent. */
  readonly sign: 1 | -1;
  /** What the sum is multiplied with: 1/√n makes it unitary. */
  readonly factor: number;
  /** Tables of its transforms. */
  readonly plan: Fourier;

  /** Use {@link fft}. */
  constructor(n: number, sign: 1 | -1, factor: number, plan: Fourier = new Fourier(n)) {
    super(n, n, "complex", factor === 1 / Math.sqrt(n) ? UNITARY : 0);
    this.sign = sign;
    this.factor = factor;
    this.plan = plan;
  }

  /** Multiply-adds to apply it to one vector. */
  get cost(): number {
    return fourierCost(this.rows);
  }

  /** Writes A·x for `count` vectors. */
  forward(x: Float64Array, out: Vector, count: number): void {
    out.set(x);
    for (let k = 0; k < count; k++) this.plan.transform(out, this.sign, 2 * k * this.rows);
    if (this.factor !== 1) { for (let i = 0; i < out.length; i++) out[i] *= this.factor; }
  }

  /** Its transpose, conjugated if asked. */
  flip(conjugated: boolean): LinearOperator {
    return conjugated
      ? new FourierOperator(this.rows, this.sign === 1 ? -1 : 1, this.factor, this.plan)
      : this;
  }
}

/**
 * The Fourier transform of n points, y[k] = Σ x[j]·exp(sign·2πi·jk/n), times 1/√n where `normalized` (the default),
 * which makes it unitary. Any n.
 */
export function fft(
  n: number,
  { normalized = true, sign = -1 }: { normalized?: boolean; sign?: 1 | -1 } = {},
): FourierOperator {
  sizeOf("make a Fourier transform", "n", n);
  if (sign !== 1 && sign !== -1) {
    throw new RangeError(`Cannot make a Fourier transform: sign must be 1 or −1, got ${String(sign)}`);
  }
  return new FourierOperator(n, sign, normalized ? 1 / Math.sqrt(n) : 1);
}

/** A circulant: C[i, j] = column[(i − j) mod n]. */
export class CirculantOperator extends LinearOperator {
  /** What it is. */
  readonly kind = "Circulant";
  /** The first column. */
  readonly column: Vector;
  /** The eigenvalues, interleaved: the transform of the column. */
  readonly eigenvalues: Vector;
  /** Tables of its transforms. */
  readonly plan: Fourier;

  /** Keeps the given array; use {@link circulant}. */
  constructor(column: Vector, field: Field, plan: Fourier = new Fourier(column.length / unitOf(field))) {
    const n = plan.n, unit = unitOf(field);
    const eigenvalues = inField(column.slice(), field, "complex");
    plan.transform(eigenvalues, -1);
    let self = true, positive = true;
    for (let k = 0; k < n && self; k++) {
      const a = k * unit, b = (n - k) % n * unit;
      self = column[a] === column[b] && (unit === 1 || column[a + 1] === 0 - column[b + 1]);
    }
    for (let k = 0; k < n && self && positive; k++) positive = eigenvalues[2 * k] >= 0;
    super(n, n, field, (self ? SELF : 0) | (self && positive ? PSD : 0));
    this.column = column;
    this.eigenvalues = eigenvalues;
    this.plan = plan;
  }

  /** Multiply-adds to apply it to one vector. */
  get cost(): number {
    // Two real vectors share one complex transform.
    return (2 * fourierCost(this.rows) + this.rows) * (this.field === "real" ? 2 : 1);
  }

  /** How many numbers describe it. */
  override get parameters(): number {
    return this.rows;
  }

  /** Writes A·x for `count` vectors. */
  forward(x: Float64Array, out: Vector, count: number): void {
    filter(this.plan, this.eigenvalues, this.field, x, this.rows, out, this.rows, count);
  }

  /** Its transpose, conjugated if asked. */
  flip(conjugated: boolean): LinearOperator {
    const { rows: n, field } = this, unit = unitOf(field), flipped = new Float64Array(this.column.length);
    for (let k = 0; k < n; k++) {
      for (let part = 0; part < unit; part++) {
        flipped[(n - k) % n * unit + part] = this.column[k * unit + part];
      }
    }
    return new CirculantOperator(conjugated ? conjugate(flipped, field) : flipped, field, this.plan);
  }
}

/** Circular convolution by transforms: vectors of `width` numbers are padded, and `keep` numbers of each result kept. */
function filter(
  plan: Fourier,
  eigenvalues: Float64Array,
  field: Field,
  x: Float64Array,
  width: number,
  out: Vector,
  keep: number,
  count: number,
): void {
  const work = new Float64Array(2 * plan.n), real = field === "real";
  for (let k = 0; k < count; k += real ? 2 : 1) {
    work.fill(0);
    const two = real && k + 1 < count;
    if (real) {
      for (let i = 0; i < width; i++) {
        work[2 * i] = x[k * width + i];
        if (two) work[2 * i + 1] = x[(k + 1) * width + i];
      }
    } else work.set(x.subarray(2 * k * width, 2 * (k + 1) * width));
    plan.transform(work, -1);
    multiplyInto(work, eigenvalues);
    plan.transform(work, 1);
    for (let i = 0; i < keep; i++) {
      if (real) {
        out[k * keep + i] = work[2 * i] / plan.n;
        if (two) out[(k + 1) * keep + i] = work[2 * i + 1] / plan.n;
      } else {
        out[2 * (k * keep + i)] = work[2 * i] / plan.n;
        out[2 * (k * keep + i) + 1] = work[2 * i + 1] / plan.n;
      }
    }
  }
}

/**
 * The circulant with a given first column: circular convolution with it.
 *
 * @throws {RangeError} when it is empty or not finite
 */
export function circulant(column: ArrayLike<number>, field: Field = "real"): CirculantOperator {
  const numbers = numbersOf("make a circulant", "column", column, field);
  sizeOf("make a circulant", "the length of column", numbers.length / unitOf(field));
  return new CirculantOperator(numbers, field);
}

/** A Toeplitz matrix: T[i, j] depends on i − j. */
export class ToeplitzOperator extends LinearOperator {
  /** What it is. */
  readonly kind = "Toeplitz";
  /** The first column. */
  readonly column: Vector;
  /** The first row; its first number is that of the column. */
  readonly row: Vector;
  /** Tables of its transforms. */
  readonly plan: Fourier;
  /** The eigenvalues of the circulant that it is a corner of, interleaved. */
  readonly eigenvalues: Vector;

  /** Keeps the given arrays; use {@link toeplitz}. */
  constructor(column: Vector, row: Vector, field: Field) {
    const unit = unitOf(field), rows = column.length / unit, cols = row.length / unit;
    const other = conjugate(row, field);
    super(rows, cols, field, rows === cols && column.every((v, k) => v === other[k]) ? SELF : 0);
    this.column = column;
    this.row = row;
    let size = 1;
    while (size < rows + cols - 1) size *= 2;
    this.plan = new Fourier(size);
    this.eigenvalues = new Float64Array(2 * size);
    this.eigenvalues.set(inField(column, field, "complex"));
    const tail = inField(row, field, "complex");
    for (let k = 1; k < cols; k++) {
      this.eigenvalues[2 * (size - k)] = tail[2 * k];
      this.eigenvalues[2 * (size - k) + 1] = tail[2 * k + 1];
    }
    this.plan.transform(this.eigenvalues, -1);
  }

  /** Multiply-adds to apply it to one vector. */
  get cost(): number {
    return (2 * fourierCost(this.plan.n) + this.plan.n) * (this.field === "real" ? 2 : 1);
  }

  /** How many numbers describe it. */
  override get parameters(): number {
    return this.rows + this.cols - 1;
  }

  /** Writes A·x for `count` vectors. */
  forward(x: Float64Array, out: Vector, count: number): void {
    filter(this.plan, this.eigenvalues, this.field, x, this.cols, out, this.rows, count);
  }

  /** Its entries, which transforms would round: what is symmetric stays so. */
  override toDense(): Matrix {
    const { rows, cols, field, column, row } = this, unit = unitOf(field);
    const values = new Float64Array(rows * cols * unit);
    for (let i = 0, at = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++, at += unit) {
        const from = i >= j ? column : row, k = Math.abs(i - j) * unit;
        for (let p = 0; p < unit; p++) values[at + p] = from[k + p];
      }
    }
    return { rows, cols, field, values };
  }

  /** Its transpose, conjugated if asked. */
  flip(conjugated: boolean): LinearOperator {
    const map = (v: Vector): Vector => conjugated ? conjugate(v, this.field) : v;
    return new ToeplitzOperator(map(this.row), map(this.column), this.field);
  }
}

/**
 * The Toeplitz matrix T[i, j] = column[i − j] on and below the diagonal, row[j − i] above it.
 *
 * @param row row[0] is not looked at; when absent, the conjugates of `column`
 * @throws {RangeError} when one is empty or not finite, or the diagonal of a Hermitian one is not real
 */
export function toeplitz(
  column: ArrayLike<number>,
  row?: ArrayLike<number>,
  field: Field = "real",
): ToeplitzOperator {
  const what = "make a Toeplitz operator", unit = unitOf(field);
  const first = numbersOf(what, "column", column, field);
  sizeOf(what, "the length of column", first.length / unit);
  const top = row === undefined ? conjugate(first.slice(), field) : numbersOf(what, "row", row, field);
  sizeOf(what, "the length of row", top.length / unit);
  top.set(first.subarray(0, unit));
  return new ToeplitzOperator(first, top, field);
}

/**
 * Convolution of vectors of n numbers with a kernel of m. "full": all n + m − 1 numbers; "same": the middle n of
 * them, from number ⌊(m − 1)/2⌋ on; "valid": the n − m + 1 for which the kernel does not reach out; "circular": n,
 * around the end.
 *
 * @throws {RangeError} when the kernel is empty, not finite, or longer than what it is to lie within
 */
export function convolution(
  kernel: ArrayLike<number>,
  n: number,
  { mode = "same", field = "real" }: { mode?: "full" | "same" | "valid" | "circular"; field?: Field } = {},
): LinearOperator {
  const what = "make a convolution", unit = unitOf(field);
  const numbers = numbersOf(what, "kernel", kernel, field), m = numbers.length / unit;
  sizeOf(what, "n", n);
  sizeOf(what, "the length of kernel", m);
  if ((mode === "valid" || mode === "circular") && m > n) {
    throw new RangeError(`Cannot ${what}: a kernel of ${m} does not lie within ${n} numbers`);
  }
  if (mode === "circular") {
    const column = new Float64Array(n * unit);
    column.set(numbers);
    return new CirculantOperator(column, field);
  }
  const shifts = { full: 0, same: (m - 1) >> 1, valid: m - 1 },
    lengths = { full: n + m - 1, same: n, valid: n - m + 1 };
  if (!(mode in shifts)) {
    throw new TypeError(`Cannot ${what}: mode must be full, same, valid or circular, got ${String(mode)}`);
  }
  // Row i, column j: kernel[i + shift − j].
  const shift = shifts[mode],
    at = (k: number): Vector =>
      k >= 0 && k < m ? numbers.slice(k * unit, (k + 1) * unit) : new Float64Array(unit);
  const list = (length: number, index: (i: number) => number): Vector => {
    const result = new Float64Array(length * unit);
    for (let i = 0; i < length; i++) result.set(at(index(i)), i * unit);
    return result;
  };
  return new ToeplitzOperator(list(lengths[mode], (i) => i + shift), list(n, (j) => shift - j), field);
}
