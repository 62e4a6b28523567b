import assert from "node:assert/strict";
import fc from "fast-check";
import {
  adjointMatrix,
  combineMatrices,
  complexMatrix,
  diagonalMatrix,
  eig,
  expm,
  type Field,
  frobenius,
  funm,
  identityMatrix,
  logm,
  lu,
  type Matrix,
  matrixOf,
  multiply,
  qr,
  schur,
  sqrtm,
} from "../src/linalg/algorithms/mod.ts";
import { assertClose } from "./helpers.ts";
import {
  assertOrthonormal,
  assertSame,
  distance,
  fields,
  problems,
  randomHermitian,
  randomMatrix,
  randomPositive,
  realDiagonal,
} from "./linalg_matrices.ts";

/** exp of a complex number. */
const exp = (re: number, im: number): [number, number] => [
  Math.exp(re) * Math.cos(im),
  Math.exp(re) * Math.sin(im),
];

/** A real matrix, row by row. */
function real(n: number, ...values: number[]): Matrix {
  return matrixOf(n, n, "real", Float64Array.from(values));
}

/** Entries of about the size 1/√n. */
function moderate(n: number, field: Field, seed: number): Matrix {
  return combineMatrices([1 / Math.sqrt(n), randomMatrix(n, n, field, seed)]);
}

Deno.test("Schur: A = Z·T·Zᴴ with a unitary Z and a triangular T", () => {
  fc.assert(
    fc.property(problems(25), ([seed, n, field]) => {
      const A = randomMatrix(n, n, field, seed), { T, Z } = schur(A);
      assertSame(multiply(multiply(Z, T), adjointMatrix(Z)), complexMatrix(A), 1e-13);
      assertOrthonormal(Z);
      for (let i = 0; i < n; i++) {
        assert.ok(T.values.subarray(2 * i * n, 2 * i * (n + 1)).every((x) => x === 0));
      }
    }),
  );
});

Deno.test("Schur: two real eigenvalues that rounding has moved off the axis are not taken for a conjugate pair", () => {
  const A = randomMatrix(4, 4, "real", 25), { T, Z } = schur(A);
  assertSame(multiply(multiply(Z, T), adjointMatrix(Z)), complexMatrix(A), 1e-13);
});

Deno.test("Schur and sqrtm of tiny and huge matrices are as good as of others", () => {
  for (const field of fields) {
    for (const scale of [1e-300, 1e160, 1e290]) {
      const A = combineMatrices([scale, randomMatrix(6, 6, field, 3)]), { T, Z } = schur(A), root = sqrtm(A);
      const back = (M: Matrix): Matrix => complexMatrix(combineMatrices([1 / scale, M]));
      assertSame(back(multiply(multiply(Z, T), adjointMatrix(Z))), back(A), 1e-13);
      assertSame(back(multiply(root, root)), back(A), 1e-13);
    }
  }
});

Deno.test("eig: A·V = V·Λ, and the eigenvalues of real matrices are real or exactly conjugate", () => {
  fc.assert(
    fc.property(problems(25), ([seed, n, field]) => {
      const A = randomMatrix(n, n, field, seed), { values, vectors } = eig(A);
      const left = multiply(complexMatrix(A), vectors),
        right = multiply(vectors, diagonalMatrix(values, "complex"));
      const error = frobenius(combineMatrices([1, left], [-1, right]));
      assert.ok(error <= 1e-12 * frobenius(A), `${error}`);
      for (let j = 0; j < n; j++) {
        let size = 0;
        for (let i = 0; i < n; i++) {
          size += Math.hypot(...vectors.values.subarray(2 * (i * n + j), 2 * (i * n + j) + 2)) ** 2;
        }
        assert.ok(Math.abs(size - 1) < 1e-13);
      }
      if (field === "complex") return;
      const all = new Set<string>();
      for (let i = 0; i < n; i++) all.add(`${values[2 * i]} ${values[2 * i + 1] + 0}`);
      for (let i = 0; i < n; i++) assert.ok(all.has(`${values[2 * i]} ${0 - values[2 * i + 1]}`));
    }),
  );
});

Deno.test("eig: known eigenvalues of permutations, companion and triangular matrices", () => {
  const cycle = eig(real(3, 0, 0, 1, 1, 0, 0, 0, 1, 0)).values;
  const turned = Array.from({ length: 3 }, (_, i) => Math.atan2(cycle[2 * i + 1], cycle[2 * i])).sort((
    a,
    b,
  ) => a - b);
  assertClose(turned, [-2 * Math.PI / 3, 0, 2 * Math.PI / 3], 1e-14);
  // (x − 1)(x − 2)(x − 3)
  const roots = eig(real(3, 6, -11, 6, 1, 0, 0, 0, 1, 0)).values.filter((_, i) => i % 2 === 0).sort();
  assertClose(roots, [1, 2, 3], 1e-13);
  assert.deepEqual([...eig(real(2, 1, 5, 0, 2)).values], [1, 0, 2, 0]);
});

Deno.test("eig: a defective matrix says so by the condition of its eigenvectors, a repeated eigenvalue alone does not", () => {
  const jordan = eig(real(3, 2, 1, 0, 0, 2, 1, 0, 0, 2));
  assertClose(jordan.values, [2, 0, 2, 0, 2, 0], 1e-14);
  assert.ok(jordan.rcond < 1e-14, `${jordan.rcond}`);
  const Q = qr(randomMatrix(4, 4, "real", 1)).Q;
  const repeated = multiply(multiply(Q, realDiagonal([2, 2, 2, 3], "real")), adjointMatrix(Q));
  assert.ok(eig(repeated).rcond > 1e-8);
  assert.ok(eig(identityMatrix(4)).rcond > 0.1);
});

Deno.test("expm: by its series, its functional equation, and in cases known in closed form", () => {
  fc.assert(
    fc.property(problems(12), fc.constantFrom(1e-3, 0.1, 0.5, 1, 3), ([seed, n, field], size) => {
      const A = combineMatrices([size, moderate(n, field, seed)]);
      let term = identityMatrix(n, field), series = term;
      for (let k = 1; k < 60; k++) {
        term = combineMatrices([1 / k, multiply(term, A)]);
        series = combineMatrices([1, series], [1, term]);
      }
      assertSame(expm(A), series, 1e-11);
      assertSame(multiply(expm(A), expm(combineMatrices([-1, A]))), identityMatrix(n, field), 1e-9);
    }),
    { numRuns: 50 },
  );
  assertSame(expm(real(2, 0, -Math.PI, Math.PI, 0)), real(2, -1, 0, 0, -1), 1e-14);
  assert.deepEqual(expm(matrixOf(3, 3, "real")), identityMatrix(3));
  assertSame(expm(real(2, 0, 1, 0, 0)), real(2, 1, 1, 0, 1), 1e-15);
  assert.throws(() => expm(real(1, 1000)), /the result is too large for float64/);
});

Deno.test("logm is the inverse of expm, both ways", () => {
  fc.assert(
    fc.property(problems(15), ([seed, n, field]) => {
      // ‖A‖ < π makes A the principal logarithm.
      const A = combineMatrices([1 / frobenius(moderate(n, field, seed)), moderate(n, field, seed)]);
      assertSame(logm(expm(A)), A, 1e-12);
      assert.equal(logm(expm(A)).field, field);
      const B = randomMatrix(n, n, field, seed);
      assert.ok(distance(expm(logm(B)), B) <= 1e-13 / lu(B).rcond);
    }),
  );
  assert.throws(() => logm(real(2, 0, 1, 0, 0)), /singular, eigenvalue 0 is 0/);
  assertSame(logm(real(1, -1)), matrixOf(1, 1, "complex", Float64Array.of(0, Math.PI)), 1e-15);
});

Deno.test("sqrtm: its square is the matrix, and its eigenvalues lie in the right half-plane", () => {
  fc.assert(
    fc.property(problems(15), ([seed, n, field]) => {
      const A = randomMatrix(n, n, field, seed), root = sqrtm(A);
      assert.ok(
        distance(multiply(root, root), A) <= 1e-12 * Math.max(1, frobenius(root) ** 2 / frobenius(A)),
      );
      const { values } = eig(root);
      for (let i = 0; i < n; i++) assert.ok(values[2 * i] >= -1e-7 * frobenius(root));
      assert.equal(sqrtm(randomPositive(n, field, seed)).field, field);
    }),
  );
  // A projection has an eigenvalue 0 that rounding must not make imaginary.
  for (const field of fields) {
    const Q = qr(randomMatrix(9, 4, field, 8)).Q, P = multiply(Q, adjointMatrix(Q)), root = sqrtm(P);
    assert.equal(root.field, field);
    assertSame(root, P, 1e-7);
    assert.throws(() => logm(P), /singular to working precision, an eigenvalue is/);
  }
  assertSame(sqrtm(real(1, -4)), matrixOf(1, 1, "complex", Float64Array.of(0, 2)), 1e-15);
  assertSame(sqrtm(matrixOf(3, 3, "real")), matrixOf(3, 3, "real"), 0);
  assert.throws(() => sqrtm(real(2, 0, 1, 0, 0)), /it has none, its eigenvalue 0 is defective/);
});

Deno.test("funm: agrees with expm, for Hermitian and other matrices, and stays real where it can", () => {
  fc.assert(
    fc.property(problems(12), ([seed, n, field]) => {
      for (const A of [moderate(n, field, seed), randomHermitian(n, field, seed)]) {
        const result = funm(A, exp);
        assert.equal(result.field, field);
        assertSame(result, expm(A), 1e-9);
      }
    }),
    { numRuns: 50 },
  );
  assertSame(
    funm(real(2, 1, 0, 0, -1), (x) => x < 0 ? [0, 1] : 1),
    diagonalMatrix(Float64Array.of(1, 0, 0, 1), "complex"),
    1e-15,
  );
  // i·A, which is not real although A is.
  const turn = matrixOf(2, 2, "complex", Float64Array.of(0, 0, 0, -1, 0, 1, 0, 0));
  assertSame(funm(real(2, 0, -1, 1, 0), (re, im) => [-im, re]), turn, 1e-15);
});

Deno.test("funm: refuses defective matrices, and names the eigenvalue at which the function is not finite", () => {
  assert.throws(
    () => funm(real(2, 1, 1, 0, 1), Math.exp),
    /defective or nearly so \(condition of its eigenvectors/,
  );
  assert.throws(
    () => funm(real(2, -1, 0, 0, 1), Math.log),
    /the function is not finite at the eigenvalue -1/,
  );
  for (const f of [expm, logm, sqrtm, schur, eig]) {
    assert.throws(() => f(matrixOf(2, 3, "real")), /expected a square one, got 2×3/);
    assert.throws(() => f(real(1, NaN)), /values\[0\] is NaN/);
  }
});

Deno.test("functions of empty matrices are empty", () => {
  for (const field of fields) {
    const none = matrixOf(0, 0, field);
    for (const f of [expm, logm, sqrtm]) assert.equal(f(none).rows, 0);
    assert.equal(eig(none).values.length, 0);
  }
});
