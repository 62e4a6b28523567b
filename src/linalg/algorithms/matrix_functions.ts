/**
 * Square roots, logarithms and other functions of matrices.
 *
 * @module
 */
import type { Matrix, Vector } from "../types.ts";
import { checkHermitian, checkMatrix, checkSquare, shapeOf, unitOf } from "./check.ts";
import { eig } from "./eig.ts";
import { eigh } from "./eigh.ts";
import { solveMatrix } from "./expm.ts";
import {
  adjointMatrix,
  combineMatrices,
  complexMatrix,
  identityMatrix,
  matrixOf,
  multiply,
  norm1,
  realMatrix,
  transposeMatrix,
} from "./matrix.ts";
import { type Schur, schur } from "./schur.ts";
import { divide, norm, type Scalar, squareRoot } from "./vectors.ts";

/** A function of a complex number z = re + i·im; a real result may be given as a number. */
export type ScalarFunction = (re: number, im: number) => number | Scalar;

/**
 * The principal square root of a square matrix, by its Schur form (Björck and Hammarling 1983), of a Hermitian one by
 * its eigenvalues. Of a real matrix it is
 * real, unless there is a negative eigenvalue.
 *
 * @throws RangeError if the matrix is not square, not finite, or has no square root: a Jordan block of zeros.
 */
export function sqrtm(matrix: Matrix): Matrix {
  const what = `take the square root of a ${shapeOf(matrix)} matrix`;
  checkMatrix(what, matrix);
  checkSquare(what, matrix);
  if (isHermitian(matrix)) {
    const rounding = matrix.rows * 2 ** -52 * norm(matrix.values);
    // An eigenvalue 0 may have come out a little below.
    return funm(matrix, (x) => x >= 0 ? Math.sqrt(x) : x >= -rounding ? 0 : [0, Math.sqrt(-x)]);
  }
  const { T, Z } = principal(matrix), root = triangularRoot(what, T);
  return turnBack(matrix, T, Z, root);
}

/**
 * The principal logarithm of a square matrix, by its Schur form, square roots and Padé approximants (Higham,
 * Functions of Matrices, algorithm 11.9). Of a real matrix it is real, unless there is a negative eigenvalue.
 *
 * @throws RangeError if the matrix is not square, not finite, or singular.
 */
export function logm(matrix: Matrix): Matrix {
  const what = `take the logarithm of a ${shapeOf(matrix)} matrix`;
  checkMatrix(what, matrix);
  checkSquare(what, matrix);
  if (isHermitian(matrix)) {
    const rounding = 2 ** -53 * norm(matrix.values);
    return funm(matrix, (x) => {
      if (Math.abs(x) <= rounding) {
        throw new RangeError(`Cannot ${what}: it is singular to working precision, an eigenvalue is ${x}`);
      }
      return x > 0 ? Math.log(x) : [Math.log(-x), Math.PI];
    });
  }
  const { T, Z } = principal(matrix), n = T.rows, smallest = n * 2 ** -52 * norm(T.values);
  for (let i = 0; i < n; i++) {
    const size = norm(T.values, 2 * i * (n + 1), 2);
    if (size === 0 || size < smallest * 2 ** -20) {
      throw new RangeError(`Cannot ${what}: it is singular, eigenvalue ${i} is ${size}`);
    }
  }
  const one = identityMatrix(n, "complex");
  let root = T, halvings = 0;
  for (; halvings < 100 && norm1(combineMatrices([1, root], [-1, one])) > 0.25; halvings++) {
    root = triangularRoot(what, root);
  }
  // r_m(X) = Σ w_j·X·(I + x_j·X)⁻¹ with the nodes of Gauss and Legendre on [0, 1].
  const x = combineMatrices([1, root], [-1, one]);
  let sum = matrixOf(n, n, "complex");
  for (const [node, weight] of legendre(7)) {
    const term = solveMatrix(combineMatrices([1, one], [node, x]), x);
    sum = combineMatrices([1, sum], [weight, term]);
  }
  const log = combineMatrices([2 ** halvings, sum]);
  for (let i = 0; i < n; i++) {
    const at = 2 * i * (n + 1), [re, im] = [T.values[at], T.values[at + 1]];
    log.values.set([Math.log(Math.hypot(re, im)), Math.atan2(im, re)], at);
  }
  return turnBack(matrix, T, Z, log);
}

/**
 * f(A) of a square matrix for any function of a number: of a Hermitian matrix by its eigenvalues, of another one by
 * its eigenvectors too, if they are a basis that float64 can work with. The result is real if the matrix is and f
 * gives conjugate numbers for conjugate ones.
 *
 * @throws RangeError if the matrix is not square or not finite, its eigenvectors are as good as dependent (it is
 * defective: {@link expm}, {@link logm} and {@link sqrtm} can do it), or f gives NaN or an infinity for an
 * eigenvalue; the message names it.
 */
export function funm(matrix: Matrix, f: ScalarFunction): Matrix {
  const what = `take a function of a ${shapeOf(matrix)} matrix`;
  checkMatrix(what, matrix);
  checkSquare(what, matrix);
  if (isHermitian(matrix)) {
    const { values, vectors } = eigh(matrix), fs = Array.from(values, (value) => evaluate(what, f, value, 0));
    const real = matrix.field === "real" && fs.every(([, im]) => im === 0);
    const V = real ? vectors : complexMatrix(vectors);
    return multiply(columnsTimes(V, fs), adjointMatrix(V));
  }
  const { values, vectors, rcond } = eig(matrix);
  if (rcond < 1e-8) {
    throw new RangeError(
      `Cannot ${what}: it is defective or nearly so (condition of its eigenvectors ${
        (1 / rcond).toExponential(1)
      }), ` +
        `which needs derivatives of the function`,
    );
  }
  const fs = Array.from(
    { length: matrix.rows },
    (_, i) => evaluate(what, f, values[2 * i], values[2 * i + 1]),
  );
  const result = transposeMatrix(
    solveMatrix(transposeMatrix(vectors), transposeMatrix(columnsTimes(vectors, fs))),
  );
  const conjugates = fs.every(([re, im], i) => {
    const [a, b] = evaluate(what, f, values[2 * i], -values[2 * i + 1]);
    return Math.hypot(a - re, b + im) <= 1e-12 * Math.hypot(re, im);
  });
  return matrix.field === "real" && conjugates ? realMatrix(result) : result;
}

/** f(z), refused if it is not finite. */
export function evaluate(what: string, f: ScalarFunction, re: number, im: number): Scalar {
  const value = f(re, im), pair: Scalar = typeof value === "number" ? [value, 0] : value;
  if (pair[0] - pair[0] !== 0 || pair[1] - pair[1] !== 0) {
    const z = im === 0 ? `${re}` : `${re} ${im < 0 ? "−" : "+"} ${Math.abs(im)}i`;
    throw new RangeError(`Cannot ${what}: the function is not finite at the eigenvalue ${z}`);
  }
  return pair;
}

/** Whether a matrix is its own adjoint, up to rounding. */
export function isHermitian(matrix: Matrix): boolean {
  try {
    checkHermitian("", matrix);
    return true;
  } catch {
    return false;
  }
}

/** A·diag(d), complex numbers d. */
function columnsTimes(matrix: Matrix, d: readonly Scalar[]): Matrix {
  const { rows, cols, field } = matrix, unit = unitOf(matrix), values = matrix.values.slice();
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      const at = (i * cols + j) * unit, re = values[at], im = unit === 2 ? values[at + 1] : 0;
      values[at] = re * d[j][0] - im * d[j][1];
      if (unit === 2) values[at + 1] = re * d[j][1] + im * d[j][0];
    }
  }
  return matrixOf(rows, cols, field, values);
}

/**
 * The Schur form, in which negative eigenvalues are real if they are but for rounding: otherwise rounding would decide
 * for each on which side of the cut it lies.
 */
function principal(matrix: Matrix): Schur {
  const form = schur(matrix), { rows: n, values: t } = form.T, rounding = 4 * n * 2 ** -52 * norm(t);
  for (let i = 0; i < n; i++) {
    const at = 2 * i * (n + 1);
    if (t[at] < 0 && Math.abs(t[at + 1]) <= rounding) t[at + 1] = 0;
  }
  return form;
}

/** Z·F·Zᴴ, real if the matrix is and has no negative eigenvalue. */
function turnBack(matrix: Matrix, T: Matrix, Z: Matrix, F: Matrix): Matrix {
  const full = multiply(multiply(Z, F), adjointMatrix(Z)), n = T.rows;
  let real = matrix.field === "real";
  for (let i = 0; i < n; i++) {
    real &&= !(T.values[2 * i * (n + 1)] < 0 && T.values[2 * i * (n + 1) + 1] === 0);
  }
  return real ? realMatrix(full) : full;
}

/** The square root of an upper triangular complex matrix, column by column. */
function triangularRoot(what: string, { rows: n, values: t }: Matrix): Matrix {
  const R = matrixOf(n, n, "complex"), r: Vector = R.values, smallest = n * 2 ** -52 * norm(t);
  for (let j = 0; j < n; j++) {
    const own = 2 * j * (n + 1);
    r.set(squareRoot([t[own], t[own + 1]]), own);
    for (let i = j - 1; i >= 0; i--) {
      const at = 2 * (i * n + j), diagonal = 2 * i * (n + 1);
      let re = t[at], im = t[at + 1];
      for (let k = i + 1; k < j; k++) {
        const a = 2 * (i * n + k), b = 2 * (k * n + j);
        re -= r[a] * r[b] - r[a + 1] * r[b + 1];
        im -= r[a] * r[b + 1] + r[a + 1] * r[b];
      }
      const sum: Scalar = [r[diagonal] + r[own], r[diagonal + 1] + r[own + 1]];
      if (sum[0] === 0 && sum[1] === 0) {
        if (Math.hypot(re, im) > smallest) {
          throw new RangeError(`Cannot ${what}: it has none, its eigenvalue 0 is defective`);
        }
        continue;
      }
      r.set(divide([re, im], sum), at);
    }
  }
  return R;
}

/** Nodes and weights of Gauss and Legendre on [0, 1], from the eigenvalues of a tridiagonal matrix. */
function legendre(m: number): [node: number, weight: number][] {
  const jacobi = matrixOf(m, m, "real");
  for (let k = 1; k < m; k++) {
    const beside = k / Math.sqrt(4 * k * k - 1);
    jacobi.values[k * m + k - 1] = jacobi.values[(k - 1) * m + k] = beside;
  }
  const { values, vectors } = eigh(jacobi);
  return Array.from(values, (x, j) => [(x + 1) / 2, vectors.values[j] ** 2]);
}
