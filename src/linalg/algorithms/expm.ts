/**
 * The exponential of a matrix.
 *
 * @module
 */
import type { Matrix } from "../types.ts";
import { checkMatrix, checkSquare, shapeOf } from "./check.ts";
import { lu } from "./lu.ts";
import { combineMatrices, identityMatrix, matrixOf, multiply, norm1, transposeMatrix } from "./matrix.ts";

/** The 1-norm up to which a Padé approximant of a degree is exact in float64 (Higham 2005, table 2.3). */
const DEGREES: readonly (readonly [degree: number, norm: number])[] = [
  [3, 1.495585217958292e-2],
  [5, 2.53939833006323e-1],
  [7, 9.504178996162932e-1],
  [9, 2.097847961257068],
  [13, 5.371920351148152],
];

/**
 * exp(A) of a square matrix, by scaling and squaring with Padé approximants (Higham 2005).
 *
 * @throws RangeError if the matrix is not square or not finite, or the result overflows.
 */
export function expm(matrix: Matrix): Matrix {
  const what = `exponentiate a ${shapeOf(matrix)} matrix`;
  checkMatrix(what, matrix);
  checkSquare(what, matrix);
  const size = norm1(matrix), fit = DEGREES.find(([, most]) => size <= most);
  const [degree, most] = fit ?? DEGREES[DEGREES.length - 1];
  const squarings = fit ? 0 : Math.max(0, Math.ceil(Math.log2(size / most)));
  let result = pade(combineMatrices([2 ** -squarings, matrix]), degree);
  for (let k = 0; k < squarings; k++) result = multiply(result, result);
  if (result.values.some((value) => value - value !== 0)) {
    throw new RangeError(`Cannot ${what}: the result is too large for float64`);
  }
  return result;
}

/** The approximant of degree (m, m): q(A)⁻¹·p(A), with p = even + odd and q = even − odd powers. */
function pade(a: Matrix, m: number): Matrix {
  // Coefficients (2m − j)!·m! / ((2m)!·(m − j)!·j!), made so that the last is 1.
  const c = [1];
  for (let j = 1; j <= m; j++) c.push((c[j - 1] * (m - j + 1)) / (j * (2 * m - j + 1)));
  const b = c.map((value) => value / c[m]);
  const one = identityMatrix(a.rows, a.field), a2 = multiply(a, a);
  let odd: Matrix, even: Matrix;
  if (m === 13) {
    const a4 = multiply(a2, a2), a6 = multiply(a2, a4);
    const high = (k: number): Matrix =>
      multiply(a6, combineMatrices([b[8 + k], a2], [b[10 + k], a4], [b[12 + k] ?? 0, a6]));
    const low = (k: number): Matrix =>
      combineMatrices([b[k], one], [b[2 + k], a2], [b[4 + k], a4], [b[6 + k], a6]);
    odd = combineMatrices([1, high(1)], [1, low(1)]);
    even = combineMatrices([1, high(0)], [1, low(0)]);
  } else {
    const powers = [one, a2];
    while (powers.length <= (m - 1) / 2) powers.push(multiply(powers[powers.length - 1], a2));
    odd = combineMatrices(...powers.map((power, k) => [b[2 * k + 1], power] as const));
    even = combineMatrices(...powers.map((power, k) => [b[2 * k], power] as const));
  }
  odd = multiply(a, odd);
  return solveMatrix(combineMatrices([1, even], [-1, odd]), combineMatrices([1, even], [1, odd]));
}

/** A⁻¹·B. */
export function solveMatrix(a: Matrix, b: Matrix): Matrix {
  const { solve } = lu(a), { rows, cols, field } = b;
  return transposeMatrix(matrixOf(cols, rows, field, solve(transposeMatrix(b).values)));
}
