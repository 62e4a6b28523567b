/** Matrices for the tests of linear algebra, and how far two of them are apart. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  adjointMatrix,
  combineMatrices,
  complexMatrix,
  type Field,
  frobenius,
  identityMatrix,
  type Matrix,
  matrixOf,
  multiply,
  type Vector,
} from "../src/linalg/algorithms/mod.ts";
import { Random } from "../src/program/random.ts";

/** A matrix of independent normal numbers. */
export function randomMatrix(rows: number, cols: number, field: Field, seed: number): Matrix {
  const random = new Random(seed), unit = field === "complex" ? 2 : 1;
  return matrixOf(
    rows,
    cols,
    field,
    Float64Array.from({ length: rows * cols * unit }, () => random.normal()),
  );
}

/** A random Hermitian matrix. */
export function randomHermitian(n: number, field: Field, seed: number): Matrix {
  const A = randomMatrix(n, n, field, seed);
  return combineMatrices([0.5, A], [0.5, adjointMatrix(A)]);
}

/** A random Hermitian matrix with eigenvalues of `shift` and more. */
export function randomPositive(n: number, field: Field, seed: number, shift = 0.5): Matrix {
  const A = randomMatrix(n, n, field, seed);
  return combineMatrices([1 / n, multiply(A, adjointMatrix(A))], [shift, identityMatrix(n, field)]);
}

/** A random unitary matrix times what its columns are to be scaled by: singular values of one's choice. */
export function withValues(values: readonly number[], U: Matrix, V: Matrix): Matrix {
  const unit = U.field === "complex" ? 2 : 1, scaled = U.values.slice(), k = values.length;
  for (let i = 0; i < scaled.length; i++) scaled[i] *= values[Math.floor(i / unit) % k];
  return multiply(matrixOf(U.rows, k, U.field, scaled), adjointMatrix(V));
}

/** ‖A − B‖ / ‖B‖ in Frobenius' norm. */
export function distance(a: Matrix, b: Matrix): number {
  if (a.field !== b.field) return distance(complexMatrix(a), complexMatrix(b));
  assert.deepEqual([a.rows, a.cols], [b.rows, b.cols]);
  const difference = frobenius(combineMatrices([1, a], [-1, b])), size = frobenius(b);
  return size === 0 ? difference : difference / size;
}

/** Asserts that two matrices agree. */
export function assertSame(a: Matrix, b: Matrix, tolerance: number, what = ""): void {
  const error = distance(a, b);
  // Not `error > …`: a NaN must fail.
  assert.ok(error <= tolerance, `${what}: relative error ${error} exceeds ${tolerance}`);
}

/** Asserts that columns are orthonormal. */
export function assertOrthonormal(Q: Matrix, what = ""): void {
  assertSame(multiply(adjointMatrix(Q), Q), identityMatrix(Q.cols, Q.field), 1e-13, what);
}

/** Real numbers on the diagonal of a matrix of a field. */
export function realDiagonal(values: ArrayLike<number>, field: Field): Matrix {
  const n = values.length, out = matrixOf(n, n, field), unit = field === "complex" ? 2 : 1;
  for (let i = 0; i < n; i++) out.values[i * (n + 1) * unit] = values[i];
  return out;
}

/** A seed, a size and a field. */
export function problems(most: number): fc.Arbitrary<[seed: number, n: number, field: Field]> {
  return fc.tuple(
    fc.integer({ min: 0, max: 2 ** 31 }),
    fc.integer({ min: 1, max: most }),
    fc.constantFrom<Field>("real", "complex"),
  );
}

/** Both fields. */
export const fields: readonly Field[] = ["real", "complex"];

/** The largest difference of two lists of numbers. */
export function farthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.equal(a.length, b.length);
  return Array.from(a).reduce((most, x, i) => {
    const d = Math.abs(x - b[i]);
    return d <= most ? most : d;
  }, 0);
}

/** Some random vectors, one after another. */
export function randomVectors(n: number, count: number, field: Field, seed: number): Vector {
  return randomMatrix(count, n, field, seed).values;
}
