import assert from "node:assert/strict";
import fc from "fast-check";
import {
  adjointMatrix,
  cholesky,
  columnsMatrix,
  combineMatrices,
  denseOf,
  eigh,
  identityMatrix,
  lu,
  type Matrix,
  matrixMap,
  matrixOf,
  multiply,
  norm1,
  qr,
  svd,
  transposeMatrix,
  triangularSolve,
} from "../src/linalg/algorithms/mod.ts";
import { assertClose } from "./helpers.ts";
import {
  assertOrthonormal,
  assertSame,
  farthest,
  fields,
  problems,
  randomHermitian,
  randomMatrix,
  randomPositive,
  randomVectors,
  realDiagonal,
  withValues,
} from "./linalg_matrices.ts";

/** The rows of a matrix in a new order. */
function rowsOf({ rows, cols, field, values }: Matrix, order: Uint32Array): Matrix {
  const width = cols * (field === "complex" ? 2 : 1), out = matrixOf(rows, cols, field);
  order.forEach((from, to) => out.values.set(values.subarray(from * width, (from + 1) * width), to * width));
  return out;
}

/** Asserts that what lies below (or above) the diagonal is exactly zero. */
function assertTriangular({ rows, cols, field, values }: Matrix, triangle: "lower" | "upper"): void {
  const unit = field === "complex" ? 2 : 1;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      if (triangle === "upper" ? j >= i : j <= i) continue;
      for (let u = 0; u < unit; u++) assert.equal(values[(i * cols + j) * unit + u], 0);
    }
  }
}

Deno.test("LU: P·A = L·U, with multipliers of at most 1, in blocks as well as below their size", () => {
  fc.assert(
    fc.property(problems(80), ([seed, n, field]) => {
      const A = randomMatrix(n, n, field, seed), { L, U, permutation } = lu(A);
      assertSame(multiply(L, U), rowsOf(A, permutation), 1e-14);
      assertTriangular(L, "lower");
      assertTriangular(U, "upper");
      const unit = field === "complex" ? 2 : 1;
      for (let i = 0; i < L.values.length; i += unit) {
        assert.ok(Math.hypot(...L.values.subarray(i, i + unit)) <= 1 + 1e-15);
      }
    }),
    { numRuns: 40 },
  );
});

Deno.test("LU: solve and solveAdjoint have small residuals, for several right sides", () => {
  fc.assert(
    fc.property(problems(50), fc.integer({ min: 0, max: 3 }), ([seed, n, field], count) => {
      const A = randomMatrix(n, n, field, seed), { solve, solveAdjoint, rcond } = lu(A);
      const b = randomVectors(n, count, field, seed + 1), map = matrixMap(A);
      assertClose(map.apply(solve(b)), b, 1e-14 / rcond);
      assertClose(map.applyAdjoint(solveAdjoint(b, count)), b, 1e-14 / rcond);
    }),
    { numRuns: 40 },
  );
});

Deno.test("LU: log-determinants are those of products, with sign and phase, and do not overflow", () => {
  fc.assert(
    fc.property(problems(12), ([seed, n, field]) => {
      const A = randomMatrix(n, n, field, seed), B = randomMatrix(n, n, field, seed + 1);
      const [a, b, ab] = [lu(A).logdet, lu(B).logdet, lu(multiply(A, B)).logdet];
      assert.ok(Math.abs(a.logabs + b.logabs - ab.logabs) < 1e-9);
      const product = field === "real" ? [a.sign[0] * b.sign[0]] : [
        a.sign[0] * b.sign[0] - a.sign[1] * b.sign[1],
        a.sign[0] * b.sign[1] + a.sign[1] * b.sign[0],
      ];
      assert.ok(farthest(product, ab.sign) < 1e-9);
    }),
  );
  const big = lu(realDiagonal(new Float64Array(400).fill(1e200), "real")).logdet;
  assert.ok(Math.abs(big.logabs - 400 * 200 * Math.LN10) < 1e-6);
  const swapped = lu({ rows: 2, cols: 2, field: "real", values: Float64Array.of(0, 1, 1, 0) });
  assert.deepEqual([...swapped.logdet.sign], [-1]);
  assert.equal(swapped.sign, -1);
});

Deno.test("LU: rcond is within a factor 10 of the condition that the inverse shows", () => {
  fc.assert(
    fc.property(problems(30), ([seed, n, field]) => {
      const A = randomMatrix(n, n, field, seed), { rcond, solve } = lu(A);
      const inverse = transposeMatrix(matrixOf(n, n, field, solve(identityMatrix(n, field).values)));
      const truth = 1 / (norm1(A) * norm1(inverse));
      assert.ok(rcond >= truth * (1 - 1e-10) && rcond <= 10 * truth, `${rcond} for ${truth}`);
    }),
  );
});

Deno.test("LU: singular matrices are factored, but refuse to solve, and say their condition", () => {
  const zero = lu({ rows: 2, cols: 2, field: "real", values: Float64Array.of(1, 2, 2, 4) });
  assert.equal(zero.rcond, 0);
  assert.equal(zero.logdet.logabs, -Infinity);
  assert.deepEqual([...zero.logdet.sign], [0]);
  assert.throws(() => zero.solve(Float64Array.of(1, 1)), {
    name: "RangeError",
    message: "Cannot solve with a 2×2 matrix: it is singular (condition ∞), pivot 1 of its LU factors is 0",
  });
  const near = lu({ rows: 3, cols: 3, field: "real", values: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9) });
  assert.throws(
    () => near.solve(Float64Array.of(1, 1, 1)),
    /singular to working precision, its condition is about/,
  );
  // Badly scaled is not singular.
  const scaled = lu(realDiagonal([1, 1e-30, 1e30], "real"));
  assertClose(scaled.solve(Float64Array.of(1, 1, 1)), [1, 1e30, 1e-30], 1e-15);
});

Deno.test("LU, Cholesky, QR, SVD and eigenvalues of tiny and huge matrices are as good as of others", () => {
  for (const field of fields) {
    for (const scale of [1e-300, 1e-140, 1e140, 1e290]) {
      const A = combineMatrices([scale, randomMatrix(7, 7, field, 5)]);
      const { L, U, permutation } = lu(A);
      assert.ok(matrixError(multiply(L, U), rowsOf(A, permutation)) < 1e-14);
      const { Q, R } = qr(A);
      assert.ok(matrixError(multiply(Q, R), A) < 1e-14);
      const { U: left, S, V } = svd(A);
      assert.ok(matrixError(multiply(multiply(left, realDiagonal(S, field)), adjointMatrix(V)), A) < 1e-14);
      const H = combineMatrices([scale, randomPositive(7, field, 5)]), C = cholesky(H).L;
      assert.ok(matrixError(multiply(C, adjointMatrix(C)), H) < 1e-14);
      const { values, vectors } = eigh(H);
      const back = multiply(multiply(vectors, realDiagonal(values, field)), adjointMatrix(vectors));
      assert.ok(matrixError(back, H) < 1e-14);
    }
  }
});

/** Entry by entry, relative to the largest: squares of these numbers would overflow. */
function matrixError(a: Matrix, b: Matrix): number {
  const most = b.values.reduce((m, x) => Math.max(m, Math.abs(x)), 0);
  return farthest(a.values, b.values) / most;
}

Deno.test("Cholesky: A = L·Lᴴ, solves and determinants, in blocks as well as below their size", () => {
  fc.assert(
    fc.property(problems(80), ([seed, n, field]) => {
      const A = randomPositive(n, field, seed), { L, solve, logdet } = cholesky(A);
      assertSame(multiply(L, adjointMatrix(L)), A, 1e-14);
      assertTriangular(L, "lower");
      const x = randomVectors(n, 2, field, seed + 1);
      assertClose(solve(matrixMap(A).apply(x)), x, 1e-12);
      assert.ok(Math.abs(logdet.logabs - lu(A).logdet.logabs) < 1e-10);
      assert.equal(logdet.sign[0], 1);
    }),
    { numRuns: 40 },
  );
});

Deno.test("Cholesky: refuses what is not Hermitian and what is not positive definite, and names the place", () => {
  const of = (values: number[]): Matrix => ({
    rows: 2,
    cols: 2,
    field: "real",
    values: Float64Array.from(values),
  });
  assert.throws(() => cholesky(of([1, 2, 3, 4])), {
    name: "RangeError",
    message:
      "Cannot factor a 2×2 matrix by Cholesky: it is not symmetric, entries (1, 0) and (0, 1) differ by 1 from " +
      "being each other's conjugate",
  });
  assert.throws(() => cholesky(of([1, 2, 2, 1])), {
    name: "RangeError",
    message: "Cannot factor a 2×2 matrix by Cholesky: it is not positive definite, pivot 1 is -3",
  });
  assert.throws(() => cholesky(of([1, 1, 1, 1])), /not positive definite, pivot 1 is 0/);
  const phase = { rows: 1, cols: 1, field: "complex" as const, values: Float64Array.of(1, 1) };
  assert.throws(() => cholesky(phase), /not Hermitian, entries \(0, 0\)/);
  for (const field of fields) {
    // Beyond the first block of columns.
    const A = randomPositive(70, field, 1);
    A.values[50 * 71 * (field === "complex" ? 2 : 1)] = -1;
    assert.throws(() => cholesky(A), /not positive definite, pivot 50 is -/);
  }
});

Deno.test("QR: A = Q·R of any shape, Q orthonormal, R triangular", () => {
  fc.assert(
    fc.property(problems(20), fc.integer({ min: 1, max: 20 }), fc.boolean(), ([seed, n, field], m, pivot) => {
      const A = randomMatrix(m, n, field, seed), { Q, R, permutation, rank } = qr(A, { pivot });
      assert.deepEqual([Q.rows, Q.cols, R.rows, R.cols], [m, Math.min(m, n), Math.min(m, n), n]);
      const columns = transposeMatrix(A), ordered = permutation ? rowsOf(columns, permutation) : columns;
      assertSame(multiply(Q, R), transposeMatrix(ordered), 1e-14);
      assertOrthonormal(Q);
      assertTriangular(R, "upper");
      assert.equal(rank, Math.min(m, n));
      assert.equal(permutation !== undefined, pivot);
    }),
  );
});

Deno.test("QR: with exchanged columns it finds the rank", () => {
  fc.assert(
    fc.property(problems(15), fc.integer({ min: 0, max: 15 }), ([seed, n, field], r) => {
      const rank = Math.min(n, r);
      const A = multiply(randomMatrix(n + 2, rank, field, seed), randomMatrix(rank, n, field, seed + 1));
      assert.equal(qr(A, { pivot: true }).rank, rank);
    }),
  );
});

Deno.test("SVD: A = U·S·Vᴴ of any shape, S falling, U and V orthonormal", () => {
  fc.assert(
    fc.property(problems(40), fc.integer({ min: 1, max: 40 }), ([seed, n, field], m) => {
      const A = randomMatrix(m, n, field, seed), { U, S, V } = svd(A), k = Math.min(m, n);
      assert.deepEqual([U.rows, U.cols, V.rows, V.cols, S.length], [m, k, n, k, k]);
      assertSame(multiply(multiply(U, realDiagonal(S, field)), adjointMatrix(V)), A, 1e-13);
      assertOrthonormal(U);
      assertOrthonormal(V);
      assert.ok(S.every((s, i) => s >= 0 && (i === 0 || s <= S[i - 1])));
    }),
  );
});

Deno.test("SVD: finds given singular values, repeated, graded over sixteen decades, and zero", () => {
  for (const field of fields) {
    const U = qr(randomMatrix(12, 8, field, 1)).Q, V = qr(randomMatrix(8, 8, field, 2)).Q;
    for (
      const values of [
        [3, 3, 3, 2, 2, 1, 1, 1],
        [1, 1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-14, 0],
        new Array(8).fill(0),
      ]
    ) {
      const A = withValues(values, U, V), found = svd(A);
      assert.ok(farthest(found.S, values) <= 1e-14 * (values[0] || 1));
      assertOrthonormal(found.U);
      assertOrthonormal(found.V);
    }
  }
  // Zeros on the diagonal of a bidiagonal matrix take their own way.
  const zeros = { rows: 4, cols: 4, field: "real" as const, values: new Float64Array(16) };
  zeros.values.set([1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0]);
  const { U, S, V } = svd(zeros);
  assertSame(multiply(multiply(U, realDiagonal(S, "real")), adjointMatrix(V)), zeros, 1e-14);
});

Deno.test("eigh: A = V·Λ·Vᴴ, values real and ascending, vectors orthonormal", () => {
  fc.assert(
    fc.property(problems(50), ([seed, n, field]) => {
      const A = randomHermitian(n, field, seed), { values, vectors } = eigh(A);
      assertSame(multiply(multiply(vectors, realDiagonal(values, field)), adjointMatrix(vectors)), A, 1e-13);
      assertOrthonormal(vectors);
      assert.ok(values.every((value, i) => i === 0 || value >= values[i - 1]));
    }),
    { numRuns: 40 },
  );
});

Deno.test("eigh: finds given eigenvalues, repeated, negative, zero and of very different size", () => {
  for (const field of fields) {
    const V = qr(randomMatrix(7, 7, field, 1)).Q;
    for (
      const values of [[-2, -2, 0, 1, 1, 1, 5], [0, 0, 0, 0, 0, 0, 0], [-1, -1e-9, 0, 1e-12, 1e-9, 1e-3, 1]]
    ) {
      const { values: found, vectors } = eigh(withValues(values, V, V));
      assert.ok(farthest(found, values) < 1e-14 * 10);
      assertOrthonormal(vectors);
    }
  }
});

Deno.test("eigh: refuses what is not Hermitian", () => {
  assert.throws(
    () => eigh({ rows: 2, cols: 2, field: "real", values: Float64Array.of(0, 1, -1, 0) }),
    /not symmetric, entries \(1, 0\) and \(0, 1\) differ by 2/,
  );
  assert.throws(() => eigh(matrixOf(2, 3, "real")), /expected a square one, got 2×3/);
});

Deno.test("triangular systems: all eight kinds, and a zero on the diagonal is said", () => {
  for (const field of fields) {
    const n = 9, unit = field === "complex" ? 2 : 1, A = randomMatrix(n, n, field, 3);
    for (let i = 0; i < n; i++) A.values[i * (n + 1) * unit] += 5;
    for (const triangle of ["lower", "upper"] as const) {
      for (const adjoint of [false, true]) {
        for (const unitDiagonal of [false, true]) {
          const T = matrixOf(n, n, field, A.values.slice());
          for (let i = 0; i < n; i++) {
            for (let j = 0; j < n; j++) {
              const at = (i * n + j) * unit;
              if (triangle === "lower" ? j > i : j < i) T.values.fill(0, at, at + unit);
              if (i === j && unitDiagonal) T.values.set(unit === 2 ? [1, 0] : [1], at);
            }
          }
          const x = randomVectors(n, 2, field, 4), map = matrixMap(T);
          const b = adjoint ? map.applyAdjoint(x) : map.apply(x);
          // The other triangle of A is full: it must not be read.
          assertClose(triangularSolve(A, b, { triangle, adjoint, unitDiagonal }), x, 1e-11);
        }
      }
    }
  }
  assert.throws(
    () => triangularSolve(realDiagonal([1, 0], "real"), Float64Array.of(1, 1), { triangle: "lower" }),
    /singular \(condition ∞\), entry 1 of the diagonal is 0/,
  );
});

Deno.test("a dense matrix as a map applies itself and its adjoint, and comes back as itself", () => {
  fc.assert(
    fc.property(problems(9), fc.integer({ min: 1, max: 9 }), ([seed, n, field], m) => {
      const A = randomMatrix(m, n, field, seed), map = matrixMap(A), x = randomVectors(n, 3, field, seed + 1);
      assertSame(denseOf(map), A, 0);
      const product = multiply(A, columnsMatrix(field === "complex" ? 2 : 1, n, 3, x));
      assertClose(map.apply(x), transposeMatrix(product).values, 1e-14);
      const identity = identityMatrix(m, field).values;
      const adjoint = transposeMatrix(matrixOf(m, n, field, map.applyAdjoint(identity)));
      assertSame(adjoint, adjointMatrix(A), 0);
    }),
  );
});

Deno.test("products of matrices agree with their definition, mixed fields included", () => {
  fc.assert(
    fc.property(problems(11), fc.integer({ min: 1, max: 11 }), ([seed, n, field], m) => {
      const A = randomMatrix(m, n, field, seed), B = randomMatrix(n, m + 1, "complex", seed + 1);
      const C = multiply(A, B), unit = field === "complex" ? 2 : 1;
      for (let i = 0; i < m; i++) {
        let re = 0, im = 0;
        for (let k = 0; k < n; k++) {
          const a = A.values[(i * n + k) * unit], b = unit === 2 ? A.values[(i * n + k) * unit + 1] : 0;
          const c = B.values[2 * (k * (m + 1) + m)], d = B.values[2 * (k * (m + 1) + m) + 1];
          re += a * c - b * d;
          im += a * d + b * c;
        }
        const at = 2 * (i * (m + 1) + m);
        assert.ok(Math.hypot(C.values[at] - re, C.values[at + 1] - im) < 1e-12);
      }
    }),
  );
  assert.throws(
    () => multiply(matrixOf(2, 3, "real"), matrixOf(2, 3, "real")),
    /multiply a 2×3 by a 2×3 matrix/,
  );
});

Deno.test("NaN, infinities, wrong lengths and types are refused with a sentence by every factorisation", () => {
  for (const factor of [lu, cholesky, qr, svd, eigh]) {
    const bad = { rows: 2, cols: 2, field: "real" as const, values: Float64Array.of(1, 2, NaN, 1) };
    assert.throws(() => factor(bad), /values\[2\] is NaN, which is not a finite number/);
    const short = { ...bad, values: Float64Array.of(1, 2, 3) };
    assert.throws(() => factor(short), /a 2×2 real matrix has 4 numbers, got 3/);
    const list = { ...bad, values: [1, 0, 0, 1] } as unknown as Matrix;
    assert.throws(() => factor(list), /are not a Float64Array/);
  }
  assert.throws(() => lu(matrixOf(2, 3, "real")), /by LU: expected a square one, got 2×3/);
  const { solve } = lu(identityMatrix(2));
  assert.throws(() => solve(Float64Array.of(1, 2, 3)), /length 3 of b is not a multiple of 2/);
  assert.throws(() => solve(Float64Array.of(1, 2), 2), /length 2 of b is not 2 vectors of 2 numbers/);
  assert.throws(() => solve(Float64Array.of(1, NaN)), /b\[1\] is NaN/);
});
