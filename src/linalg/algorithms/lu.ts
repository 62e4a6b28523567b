/**
 * LU with partial pivoting.
 *
 * @module
 */
import type { Matrix, Vector } from "../types.ts";
import { checkMatrix, checkSquare, checkVectors, shapeOf } from "./check.ts";
import { estimateNorm1 } from "./condition.ts";
import { addProduct, norm1 } from "./matrix.ts";
import { substitute, triangleOf, type TriangularOptions } from "./triangular.ts";
import { axpy, divide, entry, norm, scale, type Unit } from "./vectors.ts";

/** A determinant that neither over- nor underflows: sign·exp(logabs). */
export interface LogDeterminant {
  /** ±1, or of size 1 if complex (re, im); 0 if the determinant is. */
  readonly sign: Vector;
  /** log|det A|; −∞ if the matrix is singular. */
  readonly logabs: number;
}

/** P·A = L·U: row i of P·A is row `permutation[i]` of A. */
export interface LU {
  /** Unit lower triangular. */
  readonly L: Matrix;
  /** Upper triangular. */
  readonly U: Matrix;
  /** Where the rows of L·U come from. */
  readonly permutation: Uint32Array;
  /** The determinant of the permutation. */
  readonly sign: 1 | -1;
  /** log det A with its sign or phase. */
  readonly logdet: LogDeterminant;
  /** An estimate of 1 / (‖A‖₁·‖A⁻¹‖₁); 0 if the matrix is singular. */
  readonly rcond: number;
  /**
   * A⁻¹·b for right sides one after another.
   *
   * @throws RangeError if the matrix is singular, exactly or to working precision: if no digit would be right.
   */
  solve(b: Float64Array, count?: number): Vector;
  /** A⁻ᴴ·b, otherwise as `solve`. */
  solveAdjoint(b: Float64Array, count?: number): Vector;
}

/** Columns that are factored before the rest of the matrix is brought up to date, all at once. */
const PANEL = 32;

/**
 * Factors a square matrix as P·A = L·U, with the largest entry of each column as its pivot (Golub and Van Loan,
 * Matrix Computations, 3.4, in blocks as in 3.2.11).
 *
 * @throws RangeError if the matrix is not square or not finite. A singular matrix can be factored; only its `solve`
 * refuses.
 *
 * @example
 * ```ts
 * import { algorithms } from "@papillon/papillon/linalg";
 * const { lu } = algorithms;
 * const values = Float64Array.of(0, 2, 3, 4);
 * const { solve, logdet } = lu({ rows: 2, cols: 2, field: "real", values });
 * console.assert(Math.abs(solve(Float64Array.of(2, 7))[1] - 1) < 1e-15);
 * console.assert(logdet.sign[0] === -1 && Math.abs(logdet.logabs - Math.log(6)) < 1e-15);
 * ```
 */
export function lu(matrix: Matrix): LU {
  const what = `factor a ${shapeOf(matrix)} matrix by LU`;
  const unit = checkMatrix(what, matrix), n = checkSquare(what, matrix);
  const a = matrix.values.slice(), permutation = Uint32Array.from({ length: n }, (_, i) => i);
  let sign: 1 | -1 = 1;
  for (let k = 0; k < n; k += PANEL) {
    const end = Math.min(n, k + PANEL);
    sign = (sign * panel(unit, n, a, k, end, permutation)) as 1 | -1;
    for (let i = k + 1; i < end; i++) {
      for (let l = k; l < i; l++) subtract(unit, n, a, i, l, end, n);
    }
    const rest = n - end, corner = (end * n + end) * unit;
    const left = (end * n + k) * unit, top = (k * n + end) * unit;
    addProduct(unit, rest, rest, end - k, -1, a, left, n, a, top, n, a, corner, n);
  }
  return new Factors(matrix, unit, a, permutation, sign);
}

/** Row i −= a[i, l]·row l, columns from … to. */
function subtract(
  unit: Unit,
  n: number,
  a: Float64Array,
  i: number,
  l: number,
  from: number,
  to: number,
): void {
  const [re, im] = entry(unit, a, i * n + l);
  if (re !== 0 || im !== 0) {
    axpy(unit, to - from, [-re, -im], a, (l * n + from) * unit, a, (i * n + from) * unit);
  }
}

/** Factors the columns from … end − 1, exchanging whole rows; gives the sign of the exchanges. */
function panel(
  unit: Unit,
  n: number,
  a: Float64Array,
  from: number,
  end: number,
  permutation: Uint32Array,
): number {
  let sign = 1;
  for (let j = from; j < end; j++) {
    let best = j, most = -1;
    for (let i = j; i < n; i++) {
      const at = (i * n + j) * unit, size = unit === 1 ? Math.abs(a[at]) : Math.hypot(a[at], a[at + 1]);
      if (size > most) {
        best = i;
        most = size;
      }
    }
    if (best !== j) {
      sign = -sign;
      const row = a.slice(j * n * unit, (j + 1) * n * unit);
      a.copyWithin(j * n * unit, best * n * unit, (best + 1) * n * unit);
      a.set(row, best * n * unit);
      [permutation[j], permutation[best]] = [permutation[best], permutation[j]];
    }
    if (most === 0) continue;
    const pivot = entry(unit, a, j * (n + 1));
    for (let i = j + 1; i < n; i++) {
      const at = (i * n + j) * unit;
      if (unit === 1) a[at] /= pivot[0];
      else [a[at], a[at + 1]] = divide([a[at], a[at + 1]], pivot);
      subtract(unit, n, a, i, j, j + 1, end);
    }
  }
  return sign;
}

const LOWER: TriangularOptions = { triangle: "lower", unitDiagonal: true };
const UPPER: TriangularOptions = { triangle: "upper" };

/** L and U in one array, as they come out. */
class Factors implements LU {
  readonly permutation: Uint32Array;
  readonly sign: 1 | -1;
  readonly #matrix: Matrix;
  readonly #unit: Unit;
  readonly #n: number;
  readonly #factors: Matrix;
  #rcond?: number;
  #refusal?: string;

  constructor(matrix: Matrix, unit: Unit, values: Vector, permutation: Uint32Array, sign: 1 | -1) {
    this.permutation = permutation;
    this.sign = sign;
    this.#unit = unit;
    this.#n = matrix.rows;
    this.#factors = { ...matrix, values };
    // What is asked later must not depend on what the caller writes into the matrix in the meantime.
    this.#matrix = { ...matrix, values: matrix.values.slice() };
    this.solve = this.solve.bind(this);
    this.solveAdjoint = this.solveAdjoint.bind(this);
  }

  get L(): Matrix {
    return triangleOf(this.#factors, "lower", true);
  }

  get U(): Matrix {
    return triangleOf(this.#factors, "upper");
  }

  get logdet(): LogDeterminant {
    const unit = this.#unit, n = this.#n, { values } = this.#factors;
    const sign = new Float64Array(unit);
    sign[0] = this.sign;
    let logabs = 0;
    for (let i = 0; i < n; i++) {
      const [re, im] = entry(unit, values, i * (n + 1)), size = Math.hypot(re, im);
      if (size === 0) return { sign: new Float64Array(unit), logabs: -Infinity };
      logabs += Math.log(size);
      scale(unit, 1, [re / size, im / size], sign, 0);
    }
    const size = norm(sign);
    for (let k = 0; k < unit; k++) sign[k] /= size;
    return { sign, logabs };
  }

  get rcond(): number {
    return this.#rcond ??= this.#estimate();
  }

  solve(b: Float64Array, count?: number): Vector {
    return this.#solve(b, count, false);
  }

  solveAdjoint(b: Float64Array, count?: number): Vector {
    return this.#solve(b, count, true);
  }

  #solve(b: Float64Array, count: number | undefined, adjoint: boolean): Vector {
    const n = this.#n, unit = this.#unit;
    const found = checkVectors(`solve with a ${n}×${n} matrix`, "b", b, n, unit, count);
    this.#refusal ??= this.#judge();
    if (this.#refusal) throw new RangeError(this.#refusal);
    const x = new Float64Array(found * n * unit);
    for (let c = 0; c < found; c++) this.#run(b, x, c * n * unit, adjoint);
    return x;
  }

  /** One right side, at the same place in b and x. */
  #run(b: Float64Array, x: Float64Array, at: number, adjoint: boolean): void {
    const n = this.#n, unit = this.#unit, { permutation } = this, { values } = this.#factors;
    const y = adjoint ? new Float64Array(n * unit) : x, start = adjoint ? 0 : at;
    if (adjoint) {
      y.set(b.subarray(at, at + n * unit));
      substitute(unit, n, values, y, 0, { ...UPPER, adjoint });
      substitute(unit, n, values, y, 0, { ...LOWER, adjoint });
    }
    for (let i = 0; i < n; i++) {
      const from = at + permutation[i] * unit, to = start + i * unit;
      for (let k = 0; k < unit; k++) {
        if (adjoint) x[from + k] = y[to + k];
        else y[to + k] = b[from + k];
      }
    }
    if (!adjoint) {
      substitute(unit, n, values, x, at, LOWER);
      substitute(unit, n, values, x, at, UPPER);
    }
  }

  #product(adjoint: boolean): (x: Vector) => Vector {
    return (x) => {
      const y = new Float64Array(x.length);
      this.#run(x, y, 0, adjoint);
      return y;
    };
  }

  #zeroPivot(): number {
    const n = this.#n, unit = this.#unit;
    for (let i = 0; i < n; i++) if (norm(this.#factors.values, i * (n + 1) * unit, unit) === 0) return i;
    return -1;
  }

  #estimate(): number {
    if (this.#zeroPivot() >= 0) return 0;
    const inverse = estimateNorm1(this.#unit, this.#n, this.#product(false), this.#product(true));
    return this.#n === 0 ? 1 : 1 / (norm1(this.#matrix) * inverse);
  }

  /**
   * Why the matrix is not fit for solving, "" if it is. What counts is the condition that does not mind how rows are
   * scaled, ‖ |A⁻¹|·|A| ‖∞ (Skeel 1979): diag(1, 1e-30) is harmless.
   */
  #judge(): string {
    const n = this.#n, unit = this.#unit, shape = `${n}×${n}`, zero = this.#zeroPivot();
    if (zero >= 0) {
      return `Cannot solve with a ${shape} matrix: it is singular (condition ∞), pivot ${zero} of its LU factors is 0`;
    }
    const sums = new Float64Array(n), { values } = this.#matrix;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) sums[i] += norm(values, (i * n + j) * unit, unit);
    }
    const weigh = (x: Vector): Vector => x.map((v, i) => v * sums[Math.floor(i / unit)]);
    const inverse = this.#product(false), adjoint = this.#product(true);
    // ‖A⁻¹·D‖∞ is the 1-norm of its adjoint.
    const condition = estimateNorm1(unit, n, (x) => weigh(adjoint(x)), (x) => inverse(weigh(x)));
    if (condition < 2 ** 52) return "";
    return `Cannot solve with a ${shape} matrix: it is singular to working precision, its condition is about ` +
      `${condition.toExponential(1)}`;
  }
}
