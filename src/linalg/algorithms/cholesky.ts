/**
 * Cholesky factors.
 *
 * @module
 */
import type { Matrix, Vector } from "../types.ts";
import { checkHermitian, checkMatrix, checkVectors, shapeOf } from "./check.ts";
import type { LogDeterminant } from "./lu.ts";
import { addProduct, adjointMatrix, matrixOf } from "./matrix.ts";
import { substitute } from "./triangular.ts";
import { dot, dotReal, entry } from "./vectors.ts";

/** A = L·Lᴴ. */
export interface Cholesky {
  /** Lower triangular, with a positive diagonal. */
  readonly L: Matrix;
  /** log det A; the sign is 1. */
  readonly logdet: LogDeterminant;
  /** A⁻¹·b for right sides one after another. */
  solve(b: Float64Array, count?: number): Vector;
}

/** Columns that are factored before the rest of the matrix is brought up to date. */
const PANEL = 32;

/**
 * Factors a Hermitian positive definite matrix as A = L·Lᴴ (Golub and Van Loan, 4.2). Reads the lower triangle, after
 * it was compared with the upper one.
 *
 * @throws RangeError if the matrix is not square, not Hermitian or not positive definite; the message names the
 * entries or the pivot.
 */
export function cholesky(matrix: Matrix): Cholesky {
  const what = `factor a ${shapeOf(matrix)} matrix by Cholesky`;
  const unit = checkMatrix(what, matrix), { rows: n, field } = matrix;
  checkHermitian(what, matrix);
  const l = matrix.values.slice();
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, l[i * (n + 1) * unit]);
  for (let k = 0; k < n; k += PANEL) {
    const end = Math.min(n, k + PANEL);
    for (let i = k; i < n; i++) {
      for (let j = k; j < Math.min(i, end); j++) {
        const pivot = l[j * (n + 1) * unit], at = (i * n + j) * unit;
        if (unit === 1) {
          l[at] = (l[at] - dotReal(j - k, l, j * n + k, l, i * n + k)) / pivot;
          continue;
        }
        // Row i of L by row j of L, conjugated.
        const [re, im] = dot(unit, j - k, l, (j * n + k) * unit, l, (i * n + k) * unit);
        l[at] = (l[at] - re) / pivot;
        l[at + 1] = (l[at + 1] - im) / pivot;
      }
      if (i >= end) continue;
      const at = i * (n + 1) * unit, row = (i * n + k) * unit;
      const pivot = l[at] - dot(unit, i - k, l, row, l, row)[0];
      // A pivot of rounding size is a zero that was not calculated exactly.
      if (!(pivot > n * 2 ** -53 * Math.abs(matrix.values[at]))) {
        throw new RangeError(`Cannot ${what}: it is not positive definite, pivot ${i} is ${pivot}`);
      }
      l[at] = Math.sqrt(pivot);
      if (unit === 2) l[at + 1] = 0;
    }
    update(matrix, l, k, end);
  }
  for (let i = 0; i < n; i++) l.fill(0, (i * n + i + 1) * unit, (i + 1) * n * unit);
  const solve = (b: Float64Array, count?: number): Vector => {
    const x = new Float64Array(b),
      found = checkVectors(`solve with a ${n}×${n} matrix`, "b", b, n, unit, count);
    for (let c = 0; c < found; c++) {
      substitute(unit, n, l, x, c * n * unit, { triangle: "lower" });
      substitute(unit, n, l, x, c * n * unit, { triangle: "lower", adjoint: true });
    }
    return x;
  };
  let logabs = 0;
  for (let i = 0; i < n; i++) logabs += 2 * Math.log(entry(unit, l, i * (n + 1))[0]);
  const sign = new Float64Array(unit);
  sign[0] = 1;
  return { L: matrixOf(n, n, field, l), logdet: { sign, logabs }, solve };
}

/** Subtracts what the columns k … end − 1 contribute to the lower triangle below, in strips of rows. */
function update({ field }: Matrix, l: Vector, k: number, end: number): void {
  const unit = field === "complex" ? 2 : 1, n = Math.sqrt(l.length / unit), width = end - k;
  if (end === n) return;
  const below = matrixOf(n - end, width, field);
  for (let i = end; i < n; i++) {
    const at = (i * n + k) * unit;
    below.values.set(l.subarray(at, at + width * unit), (i - end) * width * unit);
  }
  const { values: turned } = adjointMatrix(below);
  for (let i = end; i < n; i += PANEL) {
    const last = Math.min(n, i + PANEL), first = (i - end) * width * unit;
    const at = (i * n + end) * unit;
    addProduct(
      unit,
      last - i,
      last - end,
      width,
      -1,
      below.values,
      first,
      width,
      turned,
      0,
      n - end,
      l,
      at,
      n,
    );
  }
}
