/**
 * Triangular systems.
 *
 * @module
 */
import type { Matrix, Vector } from "../types.ts";
import { checkMatrix, checkSquare, checkVectors, unitOf } from "./check.ts";
import { axpy, divide, dot, entry, type Scalar, scale, type Unit } from "./vectors.ts";

/** Which triangular system. */
export interface TriangularOptions {
  /** Only this triangle of the matrix is read. */
  readonly triangle: "lower" | "upper";
  /** Solve with Tᴴ instead of T. */
  readonly adjoint?: boolean;
  /** The diagonal is taken to be 1 and not read. */
  readonly unitDiagonal?: boolean;
}

/**
 * Solves T·x = b (or Tᴴ·x = b) for right sides one after another, by substitution.
 *
 * @throws RangeError if T is not square, b has the wrong length, or a number on the diagonal is zero: the system is
 * singular then.
 */
export function triangularSolve(T: Matrix, b: Float64Array, options: TriangularOptions): Vector {
  const what = "solve a triangular system";
  const unit = checkMatrix(what, T), n = checkSquare(what, T);
  const count = checkVectors(what, "b", b, n, unit), x = new Float64Array(b);
  for (let i = 0; i < n && !options.unitDiagonal; i++) {
    const [re, im] = entry(unit, T.values, i * (n + 1));
    if (re === 0 && im === 0) {
      throw new RangeError(
        `Cannot solve a triangular system: it is singular (condition ∞), entry ${i} of the diagonal is 0`,
      );
    }
  }
  for (let c = 0; c < count; c++) substitute(unit, n, T.values, x, c * n * unit, options);
  return x;
}

/** Substitution in place, without checks, of one vector that begins at `at`. */
export function substitute(
  unit: Unit,
  n: number,
  t: Float64Array,
  x: Float64Array,
  at: number,
  { triangle, adjoint = false, unitDiagonal = false }: TriangularOptions,
): void {
  const lower = triangle === "lower";
  // T and b of lower systems are gone through downwards; the adjoint turns that round.
  const down = lower !== adjoint;
  for (let step = 0; step < n; step++) {
    const i = down ? step : n - 1 - step, row = i * n * unit, xi = at + i * unit;
    // The rest of row i within its triangle.
    const from = lower ? 0 : i + 1, length = lower ? i : n - 1 - i;
    const diagonal = entry(unit, t, i * (n + 1));
    if (!adjoint) {
      const sum = product(unit, length, t, row + from * unit, x, at + from * unit);
      store(unit, x, xi, divideUnless(unitDiagonal, [x[xi] - sum[0], value(unit, x, xi) - sum[1]], diagonal));
    } else {
      const solved = divideUnless(unitDiagonal, [x[xi], value(unit, x, xi)], [diagonal[0], -diagonal[1]]);
      store(unit, x, xi, solved);
      conjugateAxpy(unit, length, solved, t, row + from * unit, x, at + from * unit);
    }
  }
}

const value = (unit: Unit, x: Float64Array, i: number): number => unit === 2 ? x[i + 1] : 0;

function store(unit: Unit, x: Float64Array, i: number, [re, im]: Scalar): void {
  x[i] = re;
  if (unit === 2) x[i + 1] = im;
}

function divideUnless(skip: boolean, z: Scalar, w: Scalar): Scalar {
  return skip ? z : divide(z, w);
}

/** Σ x·y, nothing conjugated. */
export function product(
  unit: Unit,
  n: number,
  x: Float64Array,
  xAt: number,
  y: Float64Array,
  yAt: number,
): Scalar {
  if (unit === 1) return dot(1, n, x, xAt, y, yAt);
  let re = 0, im = 0;
  for (let i = 0; i < 2 * n; i += 2) {
    const a = x[xAt + i], b = x[xAt + i + 1], c = y[yAt + i], d = y[yAt + i + 1];
    re += a * c - b * d;
    im += a * d + b * c;
  }
  return [re, im];
}

/** y −= z·conj(x). */
function conjugateAxpy(
  unit: Unit,
  n: number,
  [re, im]: Scalar,
  x: Float64Array,
  xAt: number,
  y: Float64Array,
  yAt: number,
): void {
  if (unit === 1) return axpy(1, n, [-re, 0], x, xAt, y, yAt);
  for (let i = 0; i < 2 * n; i += 2) {
    const a = x[xAt + i], b = x[xAt + i + 1];
    y[yAt + i] -= re * a + im * b;
    y[yAt + i + 1] -= im * a - re * b;
  }
}

/** A copy of one triangle, zeros elsewhere. */
export function triangleOf(matrix: Matrix, triangle: "lower" | "upper", unitDiagonal = false): Matrix {
  const { rows, cols, field } = matrix, unit = unitOf(matrix), values = new Float64Array(matrix.values);
  for (let i = 0; i < rows; i++) {
    const [from, to] = triangle === "lower" ? [i + 1, cols] : [0, Math.min(i, cols)];
    if (to > from) values.fill(0, (i * cols + from) * unit, (i * cols + to) * unit);
    if (unitDiagonal && i < cols) {
      scale(unit, 1, [0, 0], values, (i * cols + i) * unit);
      values[(i * cols + i) * unit] = 1;
    }
  }
  return { rows, cols, field, values };
}
