import assert from "node:assert/strict";
import fc from "fast-check";
import {
  arnoldi,
  arnoldiFunction,
  combineMatrices,
  complexMap,
  denseOf,
  diagonalMatrix,
  eig,
  type EigenResult,
  eigh,
  expm,
  type Field,
  frobenius,
  identityMatrix,
  lanczos,
  lanczosFunction,
  type LinearMap,
  lobpcg,
  logm,
  type Matrix,
  matrixMap,
  matrixOf,
  multiply,
  qr,
  sqrtm,
  type Which,
} from "../src/linalg/algorithms/mod.ts";
import { twoPassFunction } from "../src/linalg/algorithms/two_pass.ts";
import { assertClose } from "./helpers.ts";
import {
  assertOrthonormal,
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

const kinds: readonly Which[] = ["largest-magnitude", "smallest-magnitude", "largest", "smallest"];

/** What to sort by, the wanted first. */
const keys: Record<Which, (re: number, im?: number) => number> = {
  "largest-magnitude": (re, im = 0) => -Math.hypot(re, im),
  "smallest-magnitude": (re, im = 0) => Math.hypot(re, im),
  largest: (re) => -re,
  smallest: (re) => re,
};

/** A·V − V·Λ must be what the residuals say. */
function assertPairs(A: Matrix, { values, vectors, residuals }: EigenResult, hermitian: boolean): void {
  const V = matrixOf(vectors.rows, vectors.cols, vectors.field, vectors.values);
  const L = hermitian ? realDiagonal(values, V.field) : diagonalMatrix(values, "complex");
  const rest = combineMatrices(
    [1, multiply(denseOf(hermitian ? matrixMap(A) : complexMap(matrixMap(A))), V)],
    [
      -1,
      multiply(V, L),
    ],
  );
  assert.ok(Math.abs(frobenius(rest) - Math.hypot(...residuals)) <= 1e-12 * (frobenius(A) + 1));
}

/** The first eigenvalues of a Hermitian matrix, from all of them. */
function first(A: Matrix, k: number, which: Which): number[] {
  return [...eigh(A).values].sort((a, b) => keys[which](a) - keys[which](b)).slice(0, k);
}

Deno.test("Lanczos: the wanted eigenvalues, whichever, with orthonormal vectors", () => {
  fc.assert(
    fc.property(
      problems(40),
      fc.integer({ min: 1, max: 5 }),
      fc.constantFrom(...kinds),
      ([seed, n, field], some, which) => {
        const A = randomHermitian(n, field, seed), k = Math.min(n, some);
        const result = lanczos(matrixMap(A), { k, which, seed });
        assert.ok(result.converged, result.reason);
        const size = (value: number): number => keys[which](value);
        assert.ok(farthest(Array.from(result.values, size), first(A, k, which).map(size)) < 1e-9);
        assertOrthonormal(result.vectors);
        assertPairs(A, result, true);
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("Lanczos: restarts converge where the basis is much smaller than the space", () => {
  for (const field of fields) {
    const A = randomHermitian(150, field, 1);
    for (const which of ["largest", "smallest", "largest-magnitude"] as const) {
      const result = lanczos(matrixMap(A), { k: 3, which, basis: 12 });
      assert.ok(result.converged && result.iterations > 2, result.reason);
      assert.ok(farthest(result.values, first(A, 3, which)) < 1e-8);
    }
  }
});

Deno.test("Lanczos finds every copy of a multiple eigenvalue", () => {
  const values = Float64Array.from({ length: 100 }, (_, i) => Math.floor(i / 5));
  const found = lanczos(matrixMap(diagonalMatrix(values)), { k: 7, which: "largest", basis: 20 });
  assert.ok(found.converged);
  assert.ok(farthest(found.values, [19, 19, 19, 19, 19, 18, 18]) < 1e-9);
  assertOrthonormal(found.vectors);
  for (const field of fields) {
    assert.ok(farthest(lanczos(matrixMap(identityMatrix(30, field)), { k: 4 }).values, [1, 1, 1, 1]) < 1e-12);
    assert.deepEqual([...lanczos(matrixMap(matrixOf(30, 30, field)), { k: 2 }).values], [0, 0]);
  }
});

Deno.test("maths.md 6, fault 10: largest and smallest magnitude go by |λ|, not algebraically", () => {
  const values = Float64Array.of(-5, -0.1, 0.2, 1, 3, 4), A = matrixMap(diagonalMatrix(values));
  const real = (result: EigenResult): number[] => [...result.values].filter((_, i) => i % 2 === 0);
  const want: Record<Which, number[]> = {
    "largest-magnitude": [-5, 4],
    "smallest-magnitude": [-0.1, 0.2],
    largest: [4, 3],
    smallest: [-5, -0.1],
  };
  for (const which of kinds) {
    assert.ok(farthest(lanczos(A, { k: 2, which }).values, want[which]) < 1e-12);
    assert.ok(farthest(real(arnoldi(A, { k: 2, which })), want[which]) < 1e-12);
  }
});

Deno.test("Arnoldi: the wanted eigenvalues of general operators, real and complex", () => {
  fc.assert(
    fc.property(
      problems(30),
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom(...kinds),
      ([seed, n, field], some, which) => {
        const A = randomMatrix(n, n, field, seed), k = Math.min(n, some), { values } = eig(A);
        const size = (z: Float64Array) =>
          Array.from({ length: z.length / 2 }, (_, i) => keys[which](z[2 * i], z[2 * i + 1]));
        const result = arnoldi(matrixMap(A), { k, which, seed });
        assert.ok(result.converged, result.reason);
        assert.ok(farthest(size(result.values), size(values).sort((a, b) => a - b).slice(0, k)) < 1e-7);
        assertPairs(A, result, false);
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("Arnoldi: restarts converge where the basis is much smaller than the space", () => {
  for (const field of fields) {
    const n = 120, A = randomMatrix(n, n, field, 7), { values } = eig(A);
    const sizes = Array.from({ length: n }, (_, i) => Math.hypot(values[2 * i], values[2 * i + 1])).sort((
      a,
      b,
    ) => b - a);
    const result = arnoldi(matrixMap(A), { k: 2, basis: 14 });
    assert.ok(result.converged && result.iterations > 2, result.reason);
    const found = [0, 1].map((i) => Math.hypot(result.values[2 * i], result.values[2 * i + 1]));
    assert.ok(farthest(found, sizes.slice(0, 2)) < 1e-7);
  }
});

Deno.test("LOBPCG: both ends of the spectrum, multiple eigenvalues, and a preconditioner that helps", () => {
  fc.assert(
    fc.property(
      problems(30),
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      ([seed, n, field], some, large) => {
        const A = randomHermitian(n, field, seed),
          k = Math.min(n, some),
          which = large ? "largest" : "smallest";
        const result = lobpcg(matrixMap(A), { k, which, seed });
        assert.ok(result.converged, result.reason);
        assert.ok(farthest(result.values, first(A, k, which)) < 1e-9);
        assertOrthonormal(result.vectors);
        assertPairs(A, result, true);
      },
    ),
    { numRuns: 40 },
  );
  for (const field of fields) {
    const V = qr(randomMatrix(40, 40, field, 1)).Q;
    const values = Array.from({ length: 40 }, (_, i) => i < 3 ? 1 : 1.5 + i ** 3);
    const A = matrixMap(withValues(values, V, V)), plain = lobpcg(A, { k: 3 });
    assert.ok(plain.converged && farthest(plain.values, [1, 1, 1]) < 1e-7);
    const preconditioner = matrixMap(withValues(values.map((value) => 1 / (value * 1.2)), V, V));
    const helped = lobpcg(A, { k: 3, preconditioner });
    assert.ok(helped.converged && helped.iterations < plain.iterations);
  }
});

Deno.test("eigenvalue iterations: what does not converge says so, and bad input is refused", () => {
  const A = matrixMap(randomHermitian(200, "real", 1));
  const few = lanczos(A, { k: 3, basis: 8, maxIterations: 20, which: "smallest-magnitude" });
  assert.equal(few.converged, false);
  assert.match(few.reason, /no convergence in \d+ restarts, the largest relative residual is/);
  assert.ok(few.residual > 1e-10 && few.history.length === few.iterations);
  const general = arnoldi(matrixMap(randomMatrix(200, 200, "real", 1)), {
    k: 3,
    basis: 8,
    maxIterations: 20,
  });
  assert.equal(general.converged, false);
  assert.equal(lobpcg(A, { maxIterations: 2 }).converged, false);
  for (const find of [lanczos, lobpcg]) {
    assert.throws(() => find(matrixMap(randomMatrix(5, 5, "real", 1))), /the operator is not symmetric/);
    assert.throws(() => find(matrixMap(matrixOf(2, 3, "real"))), /expected a square one, got 2×3/);
    assert.throws(() => find(A, { k: 0 }), /k must be a whole number of 1 or more, got 0/);
    const broken: LinearMap = { ...A, apply: (x) => new Float64Array(x.length).fill(NaN) };
    assert.throws(() => find(broken), /gives NaN or infinities/);
    assert.throws(() => find(A, { signal: AbortSignal.abort(new Error("before")) }), /before/);
  }
  assert.throws(() => lanczos(A, { which: "biggest" as Which }), /which must be .* got "biggest"/);
  assert.throws(() => arnoldi(matrixMap(matrixOf(2, 3, "real"))), /expected a square one, got 2×3/);
});

/** f(A)·b by a dense function. */
function dense(f: (A: Matrix) => Matrix, A: Matrix, b: Float64Array): Float64Array {
  const map = matrixMap(f(A));
  return map.field === A.field
    ? map.apply(b)
    : map.apply(Float64Array.from({ length: 2 * b.length }, (_, i) => i % 2 ? 0 : b[i / 2]));
}

Deno.test("f(A)·b by Lanczos agrees with the dense function, and by two passes as well", () => {
  fc.assert(
    fc.property(problems(40), ([seed, n, field]) => {
      const A = randomPositive(n, field, seed), map = matrixMap(A), b = randomVectors(n, 2, field, seed + 1);
      for (
        const [f, matrix] of [[Math.exp, expm], [Math.log, logm], [Math.sqrt, sqrtm]] as const
      ) {
        const want = dense(matrix, A, b), { x, converged, reason } = lanczosFunction(map, f, b);
        assert.ok(converged, reason);
        assertClose(x, want, 1e-10);
        const one = twoPassFunction(map, f, b.subarray(0, b.length / 2));
        assert.ok(one.converged, one.reason);
        assertClose(one.x, want.subarray(0, want.length / 2), 1e-9);
      }
    }),
    { numRuns: 30 },
  );
});

Deno.test("maths.md 6, fault 6: f is taken at every Ritz value, small and zero ones too; exp(0) is 1", () => {
  for (const field of fields) {
    const b = randomVectors(6, 1, field, 1);
    assertClose(lanczosFunction(matrixMap(matrixOf(6, 6, field)), Math.exp, b).x, b, 1e-15);
    assertClose(arnoldiFunction(matrixMap(matrixOf(6, 6, field)), "exp", b).x, b, 1e-15);
    assertClose(twoPassFunction(matrixMap(matrixOf(6, 6, field)), Math.exp, b).x, b, 1e-15);
    const A = realDiagonal([0, 1e-18, 1e-12, 0, 1, 2], field), unit = field === "complex" ? 2 : 1;
    const want = b.map((x, i) => x * Math.exp([0, 1e-18, 1e-12, 0, 1, 2][Math.floor(i / unit)]));
    assertClose(lanczosFunction(matrixMap(A), Math.exp, b).x, want, 1e-14);
  }
});

Deno.test("f(A)·b by Arnoldi agrees with the dense function, complex results of real operators included", () => {
  fc.assert(
    fc.property(problems(25), ([seed, n, field]) => {
      const A = combineMatrices([1 / Math.sqrt(n), randomMatrix(n, n, field, seed)]), map = matrixMap(A);
      const b = randomVectors(n, 2, field, seed + 1);
      assertClose(arnoldiFunction(map, "exp", b).x, dense(expm, A, b), 1e-11);
      const shifted = combineMatrices([0.3, A], [2, identityMatrix(n, field)]);
      for (const [f, matrix] of [["log", logm], ["sqrt", sqrtm]] as const) {
        const { x, converged } = arnoldiFunction(matrixMap(shifted), f, b);
        assert.ok(converged);
        assertClose(x, dense(matrix, shifted, b), 1e-10);
      }
    }),
    { numRuns: 30 },
  );
  const { x, field } = arnoldiFunction(
    matrixMap(realDiagonal([4, -9], "real")),
    "sqrt",
    Float64Array.of(1, 1),
  );
  assert.equal(field, "complex");
  assertClose(x, [2, 0, 0, 3], 1e-14);
  // Defective: by the dense logarithm, and refused for a function without derivatives.
  const jordan = matrixMap({ rows: 2, cols: 2, field: "real", values: Float64Array.of(1, 1, 0, 1) });
  assertClose(arnoldiFunction(jordan, "log", Float64Array.of(0, 1)).x, [1, 0], 1e-13);
  assert.throws(() => arnoldiFunction(jordan, (re) => re, Float64Array.of(0, 1)), /defective or nearly so/);
});

Deno.test("f(A)·b: zero vectors, histories, a function that is not finite, and steps that run out", () => {
  const A = matrixMap(randomHermitian(60, "real", 1)), b = randomVectors(60, 1, "real", 2);
  const none = lanczosFunction(A, Math.exp, new Float64Array(60));
  assert.deepEqual([none.converged, none.iterations], [true, 0]);
  assert.throws(() => lanczosFunction(A, Math.log, b), /the function is not finite at the eigenvalue -/);
  const few = lanczosFunction(A, (x) => Math.exp(5 * x), b, { maxIterations: 5 });
  assert.equal(few.converged, false);
  assert.match(few.reason, /no convergence in 5 steps/);
  assert.throws(
    () => lanczosFunction(matrixMap(randomMatrix(5, 5, "real", 1)), Math.exp, b.slice(0, 5)),
    /not symmetric/,
  );
});

Deno.test("a real operator on complex vectors works on both of their parts", () => {
  const field: Field = "real", A = randomMatrix(4, 6, field, 1), map = complexMap(matrixMap(A));
  const x = randomVectors(6, 3, "complex", 2), y = map.apply(x);
  assert.equal(y.length, 3 * 2 * 4);
  const part = (v: Float64Array, u: number): Float64Array => v.filter((_, i) => i % 2 === u);
  for (const u of [0, 1]) assertClose(part(y, u), matrixMap(A).apply(part(x, u)), 1e-15);
  const w = randomVectors(4, 2, "complex", 3);
  for (const u of [0, 1]) {
    assertClose(part(map.applyAdjoint(w), u), matrixMap(A).applyAdjoint(part(w, u)), 1e-15);
  }
});
