/**
 * Dense matrices: making, turning and multiplying them.
 *
 * @module
 */
import type { Field, LinearMap, Matrix, Vector } from "../types.ts";
import { checkMatrix, checkVectors, shapeOf, unitOf } from "./check.ts";
import { complexVector, dot, norm, type Unit } from "./vectors.ts";

/** A matrix around values that are there already, or of zeros. */
export function matrixOf(
  rows: number,
  cols: number,
  field: Field,
  values: Vector = new Float64Array(rows * cols * (field === "complex" ? 2 : 1)),
): Matrix {
  return { rows, cols, field, values };
}

/** The identity. */
export function identityMatrix(n: number, field: Field = "real"): Matrix {
  const out = matrixOf(n, n, field), unit = unitOf(out);
  for (let i = 0; i < n; i++) out.values[i * (n + 1) * unit] = 1;
  return out;
}

/** The diagonal matrix of some real or complex numbers. */
export function diagonalMatrix(entries: Float64Array, field: Field = "real"): Matrix {
  const unit = field === "complex" ? 2 : 1, n = entries.length / unit, out = matrixOf(n, n, field);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < unit; k++) out.values[i * (n + 1) * unit + k] = entries[i * unit + k];
  }
  return out;
}

/** The matrix with rows and columns exchanged, and conjugated: Aᴴ. */
export function adjointMatrix(matrix: Matrix): Matrix {
  return turned(matrix, -1);
}

/** The matrix with rows and columns exchanged: Aᵀ. */
export function transposeMatrix(matrix: Matrix): Matrix {
  return turned(matrix, 1);
}

function turned({ rows, cols, field, values }: Matrix, sign: 1 | -1): Matrix {
  const out = matrixOf(cols, rows, field), unit = unitOf(out);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      const from = (i * cols + j) * unit, to = (j * rows + i) * unit;
      out.values[to] = values[from];
      if (unit === 2) out.values[to + 1] = sign * values[from + 1];
    }
  }
  return out;
}

/** The same matrix as a complex one. */
export function complexMatrix(matrix: Matrix): Matrix {
  const { rows, cols, values } = matrix;
  return matrixOf(rows, cols, "complex", complexVector(unitOf(matrix), values));
}

/** The real parts. */
export function realMatrix({ rows, cols, field, values }: Matrix): Matrix {
  if (field === "real") return matrixOf(rows, cols, field, values.slice());
  return matrixOf(rows, cols, "real", values.filter((_, i) => i % 2 === 0));
}

/** Σ w_k·A_k of matrices of one shape and field, with real weights. */
export function combineMatrices(...terms: readonly (readonly [number, Matrix])[]): Matrix {
  const { rows, cols, field } = terms[0][1], out = matrixOf(rows, cols, field);
  for (const [w, { values }] of terms) for (let i = 0; i < values.length; i++) out.values[i] += w * values[i];
  return out;
}

/** (A + Aᴴ)/2, of a matrix that is Hermitian but for rounding. */
export function hermitianPart(matrix: Matrix): Matrix {
  return combineMatrices([0.5, matrix], [0.5, adjointMatrix(matrix)]);
}

/**
 * The matrix times a power of two that brings its entries near 1, and that power; the matrix itself with 1 unless its
 * numbers are so large or small that products of them over- or underflow.
 */
export function tamed(matrix: Matrix): { matrix: Matrix; factor: number } {
  let most = 0;
  for (const value of matrix.values) most = Math.max(most, Math.abs(value));
  if (most === 0 || (most > 2 ** -200 && most < 2 ** 200)) return { matrix, factor: 1 };
  const factor = 2 ** Math.max(-1000, Math.min(1000, -Math.round(Math.log2(most))));
  return { matrix: { ...matrix, values: matrix.values.map((value) => value * factor) }, factor };
}

/** The largest sum of sizes of a column: ‖A‖₁. */
export function norm1(matrix: Matrix): number {
  const { rows, cols, values } = matrix, unit = unitOf(matrix), sums = new Float64Array(cols);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      const at = (i * cols + j) * unit;
      sums[j] += unit === 1 ? Math.abs(values[at]) : Math.hypot(values[at], values[at + 1]);
    }
  }
  return sums.reduce((most, sum) => Math.max(most, sum), 0);
}

/** ‖A‖_F. */
export function frobenius({ values }: Matrix): number {
  return norm(values);
}

/**
 * A·B.
 *
 * @throws RangeError if the shapes do not meet.
 */
export function multiply(a: Matrix, b: Matrix): Matrix {
  if (a.cols !== b.rows) {
    throw new RangeError(`Cannot multiply a ${shapeOf(a)} by a ${shapeOf(b)} matrix`);
  }
  if (a.field !== b.field) return multiply(complexMatrix(a), complexMatrix(b));
  const out = matrixOf(a.rows, b.cols, a.field), unit = unitOf(a);
  const { rows: m, cols: k } = a, n = b.cols;
  addProduct(unit, m, n, k, 1, a.values, 0, k, b.values, 0, n, out.values, 0, n);
  return out;
}

/** The dense matrix as a linear map. */
export function matrixMap(matrix: Matrix): LinearMap {
  const unit = checkMatrix("use a matrix as a map", matrix), { rows, cols, field, values } = matrix;
  let adjoint: Matrix | undefined;
  const run = (what: string, a: Vector, m: number, n: number, x: Float64Array, out?: Vector): Vector => {
    const count = checkVectors(what, "x", x, n, unit);
    out ??= new Float64Array(count * m * unit);
    // x·Aᵀ row by row: rows of A and vectors both lie in one piece. The inner product conjugates the first.
    for (let c = 0; c < count; c++) {
      for (let i = 0; i < m; i++) {
        const [re, im] = dot(unit, n, x, c * n * unit, a, i * n * unit);
        const at = (c * m + i) * unit;
        out[at] = re;
        if (unit === 2) out[at + 1] = im;
      }
    }
    return out;
  };
  // dot(x, a) = Σ conj(x)·a = conj(Σ x·conj(a)): with conjugated rows and a conjugated result it is Σ x·a.
  const apply = (what: string, a: Vector, m: number, n: number, x: Float64Array, out?: Vector): Vector => {
    const y = run(what, a, m, n, x, out);
    if (unit === 2) { for (let i = 1; i < y.length; i += 2) y[i] = -y[i]; }
    return y;
  };
  const conjugated = unit === 1 ? values : values.map((v, i) => i % 2 === 1 ? -v : v);
  return {
    rows,
    cols,
    field,
    apply: (x, out) => apply(`apply a ${shapeOf(matrix)} matrix`, conjugated, rows, cols, x, out),
    applyAdjoint: (y, out) => {
      adjoint ??= transposeMatrix(matrix);
      return apply(
        `apply the adjoint of a ${shapeOf(matrix)} matrix`,
        adjoint.values,
        cols,
        rows,
        y,
        out,
      );
    },
  };
}

/** The dense matrix of a map: its columns one after another, turned. */
export function denseOf(map: LinearMap): Matrix {
  const { values } = identityMatrix(map.cols, map.field);
  return transposeMatrix(matrixOf(map.cols, map.rows, map.field, map.apply(values)));
}

/** Vectors of n entries that lie one after another, as the columns of a matrix. */
export function columnsMatrix(unit: Unit, n: number, count: number, block: Vector): Matrix {
  return transposeMatrix(matrixOf(count, n, unit === 2 ? "complex" : "real", block));
}

/**
 * C += sign·A·B, for parts of row-major arrays: C is m×n, A m×k, B k×n; each given by an array, where it begins and
 * how many entries lie between rows. Two rows of C take four rows of B at a time, so that C is seldom read.
 */
export function addProduct(
  unit: Unit,
  m: number,
  n: number,
  k: number,
  sign: 1 | -1,
  a: Float64Array,
  aAt: number,
  aStep: number,
  b: Float64Array,
  bAt: number,
  bStep: number,
  c: Float64Array,
  cAt: number,
  cStep: number,
): void {
  if (unit === 2) {
    return addComplex(m, n, k, sign, a, aAt, aStep, b, bAt, bStep, c, cAt, cStep);
  }
  let l = 0;
  for (; l + 3 < k; l += 4) {
    const b0 = bAt + l * bStep, b1 = b0 + bStep, b2 = b1 + bStep, b3 = b2 + bStep;
    let i = 0;
    for (; i + 1 < m; i += 2) {
      const at = aAt + i * aStep + l, next = at + aStep, row = cAt + i * cStep, row2 = row + cStep;
      const p0 = sign * a[at], p1 = sign * a[at + 1], p2 = sign * a[at + 2], p3 = sign * a[at + 3];
      const q0 = sign * a[next], q1 = sign * a[next + 1], q2 = sign * a[next + 2], q3 = sign * a[next + 3];
      for (let j = 0; j < n; j++) {
        const x0 = b[b0 + j], x1 = b[b1 + j], x2 = b[b2 + j], x3 = b[b3 + j];
        c[row + j] += p0 * x0 + p1 * x1 + (p2 * x2 + p3 * x3);
        c[row2 + j] += q0 * x0 + q1 * x1 + (q2 * x2 + q3 * x3);
      }
    }
    for (; i < m; i++) {
      const at = aAt + i * aStep + l, row = cAt + i * cStep;
      const p0 = sign * a[at], p1 = sign * a[at + 1], p2 = sign * a[at + 2], p3 = sign * a[at + 3];
      for (let j = 0; j < n; j++) {
        c[row + j] += p0 * b[b0 + j] + p1 * b[b1 + j] + (p2 * b[b2 + j] + p3 * b[b3 + j]);
      }
    }
  }
  for (; l < k; l++) {
    const b0 = bAt + l * bStep;
    for (let i = 0; i < m; i++) {
      const p = sign * a[aAt + i * aStep + l], row = cAt + i * cStep;
      for (let j = 0; j < n; j++) c[row + j] += p * b[b0 + j];
    }
  }
}

function addComplex(
  m: number,
  n: number,
  k: number,
  sign: 1 | -1,
  a: Float64Array,
  aAt: number,
  aStep: number,
  b: Float64Array,
  bAt: number,
  bStep: number,
  c: Float64Array,
  cAt: number,
  cStep: number,
): void {
  for (let l = 0; l < k; l += 2) {
    const b0 = bAt + 2 * l * bStep, two = l + 1 < k, b1 = two ? b0 + 2 * bStep : b0;
    for (let i = 0; i < m; i++) {
      const at = aAt + 2 * (i * aStep + l), row = cAt + 2 * i * cStep;
      const pr = sign * a[at], pi = sign * a[at + 1];
      const qr = two ? sign * a[at + 2] : 0, qi = two ? sign * a[at + 3] : 0;
      for (let j = 0; j < 2 * n; j += 2) {
        const xr = b[b0 + j], xi = b[b0 + j + 1], yr = b[b1 + j], yi = b[b1 + j + 1];
        c[row + j] += pr * xr - pi * xi + (qr * yr - qi * yi);
        c[row + j + 1] += pr * xi + pi * xr + (qr * yi + qi * yr);
      }
    }
  }
}
