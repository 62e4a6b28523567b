/**
 * Singular values.
 *
 * @module
 */
import type { Matrix, Vector } from "../types.ts";
import { bidiagonalSvd } from "./bidiagonal.ts";
import { checkMatrix, shapeOf, unitOf } from "./check.ts";
import { reflectAll, reflectColumns, reflection, reflectRows } from "./householder.ts";
import { adjointMatrix, matrixOf, multiply, tamed, transposeMatrix } from "./matrix.ts";
import { qr } from "./qr.ts";
import type { Scalar, Unit } from "./vectors.ts";

/** A = U·diag(S)·Vᴴ, with k = min(rows, cols). */
export interface SVD {
  /** rows × k, with orthonormal columns. */
  readonly U: Matrix;
  /** k singular values, the largest first. */
  readonly S: Float64Array<ArrayBuffer>;
  /** cols × k, with orthonormal columns: V itself, not Vᴴ. */
  readonly V: Matrix;
}

/** Singular vectors that are transformed together. */
const GROUP = 8;

/** A matrix with so many times more rows than columns is brought to triangular form first. */
const TALL = 1.6;

/**
 * The thin singular value decomposition of any matrix: Householder's reduction to a real bidiagonal matrix, then
 * implicit QR with shifts (Golub and Kahan 1965; Golub and Van Loan, 8.6).
 *
 * @throws RangeError if an entry is not finite.
 *
 * @example
 * ```ts
 * import { algorithms } from "@papillon/papillon/linalg";
 * const { svd } = algorithms;
 * const { S, U, V } = svd({ rows: 1, cols: 2, field: "real", values: Float64Array.of(3, 4) });
 * console.assert(S.length === 1 && Math.abs(S[0] - 5) < 1e-14);
 * console.assert(U.cols === 1 && V.rows === 2);
 * ```
 */
export function svd(matrix: Matrix): SVD {
  checkMatrix(`find the singular values of a ${shapeOf(matrix)} matrix`, matrix);
  const { rows: m, cols: n } = matrix, { matrix: near, factor } = tamed(matrix);
  if (factor !== 1) {
    const { U, S, V } = svd(near);
    return { U, S: S.map((s) => s / factor), V };
  }
  if (m < n) {
    const { U, S, V } = svd(adjointMatrix(matrix));
    return { U: V, S, V: U };
  }
  if (m > TALL * n) {
    const { Q, R } = qr(matrix), { U, S, V } = square(R);
    return { U: multiply(Q, U), S, V };
  }
  return square(matrix);
}

/** At least as many rows as columns. */
function square(matrix: Matrix): SVD {
  const { rows: m, cols: n, field } = matrix, unit = unitOf(matrix);
  const { diagonal, beside, left, right, betas, leftPhases, rightPhases } = bidiagonalise(matrix);
  const u = identityRows(n), v = identityRows(n);
  bidiagonalSvd(diagonal, beside, u, v, n);
  const order = Array.from(diagonal.keys()).sort((i, j) => diagonal[j] - diagonal[i]);
  const U = phased(unit, m, n, u, leftPhases, order), V = phased(unit, n, n, v, rightPhases, order);
  // A few vectors at a time stay in the nearest memory while all reflections go over them.
  for (let c = 0; c < n; c += GROUP) {
    const count = Math.min(GROUP, n - c);
    for (let k = n - 1; k >= 0; k--) {
      const start = k * (m + 1) * unit;
      reflectAll(unit, m - k, betas[2 * k], left, start, U, (c * m + k) * unit, count, m * unit);
      const length = n - k - 1, at = (k * n + k + 1) * unit, to = (c * n + k + 1) * unit;
      if (length > 0) reflectAll(unit, length, betas[2 * k + 1], right, at, V, to, count, n * unit);
    }
  }
  return {
    U: transposeMatrix(matrixOf(n, m, field, U)),
    S: Float64Array.from(order, (i) => diagonal[i]),
    V: transposeMatrix(matrixOf(n, n, field, V)),
  };
}

function identityRows(n: number): Vector {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) out[i * (n + 1)] = 1;
  return out;
}

/** Real vectors in a new order, every entry with its phase, as vectors of `length` entries. */
function phased(
  unit: Unit,
  length: number,
  n: number,
  real: Vector,
  phases: Float64Array,
  order: readonly number[],
): Vector {
  const out = new Float64Array(n * length * unit);
  for (const [to, from] of order.entries()) {
    for (let i = 0; i < n; i++) {
      const x = real[from * n + i];
      for (let k = 0; k < unit; k++) out[(to * length + i) * unit + k] = x * phases[i * unit + k];
    }
  }
  return out;
}

/** A = H_0 ⋯ H_{n−1} · D·B·Eᴴ · G_{n−1} ⋯ G_0, B real upper bidiagonal, D and E phases. */
interface Bidiagonalised {
  readonly diagonal: Vector;
  readonly beside: Vector;
  /** The vector of H_k, from entry k on, in row k of m entries. */
  readonly left: Vector;
  /** The vector of G_k, from entry k + 1 on, in row k of n entries. */
  readonly right: Vector;
  /** Of H_k and G_k in turn. */
  readonly betas: Float64Array;
  readonly leftPhases: Float64Array;
  readonly rightPhases: Float64Array;
}

function bidiagonalise({ rows: m, cols: n, values, ...matrix }: Matrix): Bidiagonalised {
  const unit = unitOf(matrix), a = values.slice(), work = new Float64Array(n * unit);
  const left = new Float64Array(n * m * unit), right = new Float64Array(n * n * unit);
  const betas = new Float64Array(2 * n), heads: Scalar[] = [], besides: Scalar[] = [];
  for (let k = 0; k < n; k++) {
    const at = k * (m + 1) * unit;
    for (let i = k; i < m; i++) {
      for (let u = 0; u < unit; u++) left[at + (i - k) * unit + u] = a[(i * n + k) * unit + u];
    }
    const column = reflection(unit, m - k, left, at);
    betas[2 * k] = column.beta;
    heads.push(column.head);
    const width = n - k - 1;
    if (width === 0) continue;
    const part = { values: a, at: (k * n + k + 1) * unit, rows: m - k, cols: width, step: n };
    reflectRows(unit, column.beta, left, at, part, work);
    const to = (k * n + k + 1) * unit;
    right.set(a.subarray(part.at, part.at + width * unit), to);
    // Row·G: the reflection that takes the conjugate of the row to its head.
    if (unit === 2) { for (let i = to + 1; i < to + 2 * width; i += 2) right[i] = -right[i]; }
    const row = reflection(unit, width, right, to);
    betas[2 * k + 1] = row.beta;
    besides.push([row.head[0], -row.head[1]]);
    const below = { values: a, at: part.at + n * unit, rows: m - k - 1, cols: width, step: n };
    reflectColumns(unit, row.beta, right, to, below);
  }
  return { ...realBidiagonal(unit, n, heads, besides), left, right, betas };
}

/** Takes the phases out of a bidiagonal matrix: with row phases d and column phases e, conj(d_i)·b_ij·e_j is real. */
function realBidiagonal(unit: Unit, n: number, heads: readonly Scalar[], besides: readonly Scalar[]): Pick<
  Bidiagonalised,
  "diagonal" | "beside" | "leftPhases" | "rightPhases"
> {
  const diagonal = new Float64Array(n), beside = new Float64Array(n);
  const leftPhases = new Float64Array(n * unit), rightPhases = new Float64Array(n * unit);
  let e: Scalar = [1, 0];
  for (let k = 0; k < n; k++) {
    const [re, im] = heads[k], size = Math.hypot(re, im);
    // d = phase(b_kk·e_k)
    const d: Scalar = size === 0 ? [1, 0] : [(re * e[0] - im * e[1]) / size, (re * e[1] + im * e[0]) / size];
    diagonal[k] = size;
    leftPhases.set(d.slice(0, unit), k * unit);
    rightPhases.set(e.slice(0, unit), k * unit);
    if (k === n - 1) break;
    const [x, y] = besides[k], length = Math.hypot(x, y);
    beside[k] = length;
    // e_{k+1} = conj(b)·d / |b|
    e = length === 0 ? [1, 0] : [(x * d[0] + y * d[1]) / length, (x * d[1] - y * d[0]) / length];
  }
  return { diagonal, beside, leftPhases, rightPhases };
}
