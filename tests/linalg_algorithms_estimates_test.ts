import assert from "node:assert/strict";
import fc from "fast-check";
import {
  adjointMatrix,
  cg,
  cholesky,
  combineMatrices,
  conditionEstimate,
  diagonalMatrix,
  eigh,
  type Field,
  hermitianPart,
  hutchinson,
  hutchPlusPlus,
  identityMatrix,
  type LinearMap,
  logdetEstimate,
  lu,
  type Matrix,
  matrixMap,
  matrixOf,
  multiply,
  nystrom,
  nystromPreconditioner,
  powerNorm,
  qr,
  randomSvd,
  svd,
  traceOfFunction,
} from "../src/linalg/algorithms/mod.ts";
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

/** Re tr A and Im tr A. */
function trace({ rows: n, field, values }: Matrix): [number, number] {
  const unit = field === "complex" ? 2 : 1;
  let re = 0, im = 0;
  for (let i = 0; i < n; i++) {
    re += values[i * (n + 1) * unit];
    if (unit === 2) im += values[i * (n + 1) * 2 + 1];
  }
  return [re, im];
}

/** How many standard errors an estimate may be off in a test of fixed seeds: beyond five is not chance. */
const SIGMAS = 5;

Deno.test("maths.md 6, fault 1: the iterative log-determinant is negative where det A < 1, and its sign is right", () => {
  const A = diagonalMatrix(Float64Array.of(0.5, 0.25, 0.1));
  const { logabs, sign, value, standardError } = logdetEstimate(matrixMap(A));
  assert.ok(Math.abs(logabs - Math.log(0.0125)) < 1e-12);
  assert.deepEqual([sign, value], [1, logabs]);
  assert.ok(standardError < 1e-12);
  for (const field of fields) {
    const P = combineMatrices([0.1, randomPositive(40, field, 1)]), exact = cholesky(P).logdet;
    const estimate = logdetEstimate(matrixMap(P), { samples: 40, seed: 3 });
    assert.ok(exact.logabs < -20 && estimate.logabs < -20);
    assert.ok(Math.abs(estimate.logabs - exact.logabs) < SIGMAS * estimate.standardError);
    assert.ok(estimate.converged && estimate.samples === 40);
    // With a sign or a phase it takes a factorisation, and is not guessed.
    const negative = matrixMap(combineMatrices([-1, P]));
    assert.throws(
      () => logdetEstimate(negative),
      /not positive definite, there is a Ritz value -.* takes a factorisation/,
    );
    assert.equal(lu(combineMatrices([-1, randomPositive(3, field, 1)])).logdet.sign[0], -1);
  }
});

Deno.test("stochastic Lanczos quadrature: error bars hold the truth, and functions are taken at zero as well", () => {
  for (const field of fields) {
    const A = randomHermitian(50, field, 2), { values } = eigh(A);
    for (const f of [Math.exp, (x: number) => x * x, Math.abs]) {
      const want = values.reduce((sum, x) => sum + f(x), 0);
      const { value, standardError } = traceOfFunction(matrixMap(A), f, { samples: 60, seed: 1 });
      assert.ok(Math.abs(value - want) < SIGMAS * standardError, `${value} ± ${standardError}, ${want}`);
      assert.ok(standardError > 0 && standardError < 0.2 * want);
    }
    // Without the vectors kept it is the same number.
    const options = { samples: 5, seed: 2 };
    const lean = traceOfFunction(matrixMap(A), Math.exp, { ...options, reorthogonalise: false, steps: 200 });
    const kept = traceOfFunction(matrixMap(A), Math.exp, options);
    assert.ok(lean.converged && Math.abs(lean.value / kept.value - 1) < 1e-7);
    const zero = traceOfFunction(matrixMap(matrixOf(7, 7, field)), Math.exp);
    assert.ok(Math.abs(zero.value - 7) < 1e-12);
  }
  const short = traceOfFunction(matrixMap(randomPositive(80, "real", 1, 1e-4)), Math.log, {
    steps: 5,
    samples: 3,
  });
  assert.equal(short.converged, false);
  assert.ok(short.bias > 1e-8);
});

Deno.test("Hutchinson and Hutch++: error bars hold the truth, complex traces too, and seeds repeat", () => {
  for (const field of fields) {
    for (const A of [randomMatrix(60, 60, field, 3), randomPositive(60, field, 4)]) {
      for (const estimate of [hutchinson, hutchPlusPlus]) {
        const options = { samples: 60, seed: 5 }, found = estimate(matrixMap(A), options);
        const [re, im] = trace(A), error = Math.hypot(found.value - re, found.imaginary - im);
        assert.ok(error < SIGMAS * found.standardError, `${error} and ${found.standardError}`);
        assert.deepEqual(estimate(matrixMap(A), options), found);
        assert.notEqual(estimate(matrixMap(A), { ...options, seed: 6 }).value, found.value);
      }
    }
  }
});

Deno.test("the standard error is as large as the errors are: over many seeds, two of three lie within it", () => {
  const A = matrixMap(randomPositive(40, "real", 1)), [truth] = trace(randomPositive(40, "real", 1));
  for (const estimate of [hutchinson, hutchPlusPlus]) {
    let within = 0;
    for (let seed = 0; seed < 200; seed++) {
      const { value, standardError } = estimate(A, { samples: 30, seed });
      if (Math.abs(value - truth) <= standardError) within++;
    }
    assert.ok(within > 110 && within < 160, `${within} of 200`);
  }
});

Deno.test("Hutchinson is exact for diagonal operators, Hutch++ for those of small rank and where its sketch is whole", () => {
  for (const field of fields) {
    const D = realDiagonal([1, -2, 3, 0.5], field);
    assert.ok(Math.abs(hutchinson(matrixMap(D)).value - 2.5) < 1e-12);
    const F = randomMatrix(50, 3, field, 1), low = multiply(F, adjointMatrix(F));
    const { value, standardError } = hutchPlusPlus(matrixMap(low), { samples: 15 });
    assert.ok(Math.abs(value - trace(low)[0]) < 1e-9 && standardError < 1e-9);
    const A = randomMatrix(4, 4, field, 2), whole = hutchPlusPlus(matrixMap(A));
    assert.ok(Math.abs(whole.value - trace(A)[0]) < 1e-12);
    assert.equal(whole.standardError, 0);
    // Few large eigenvalues: Hutch++ has a much smaller error for the same number of products.
    const V = qr(randomMatrix(60, 60, field, 3)).Q;
    const steep = matrixMap(withValues(Array.from({ length: 60 }, (_, i) => 1000 * 0.5 ** i), V, V));
    const [plain, better] = [hutchinson(steep, { samples: 45 }), hutchPlusPlus(steep, { samples: 45 })];
    assert.ok(better.standardError < plain.standardError / 20);
  }
});

Deno.test("maths.md 6, fault 9: the sketch of the random SVD has the right dimension for wide and tall operators", () => {
  for (const field of fields) {
    for (const [m, n] of [[5, 80], [80, 5], [40, 60], [60, 40], [1, 9], [9, 1]]) {
      const k = Math.min(m, n, 6), r = Math.min(m, n);
      const U = qr(randomMatrix(m, r, field, 1)).Q, V = qr(randomMatrix(n, r, field, 2)).Q;
      const values = Array.from({ length: r }, (_, i) => 10 * 0.6 ** i), A = withValues(values, U, V);
      const found = randomSvd(matrixMap(A), k);
      assert.ok(found.converged && found.residual <= 1e-8);
      assert.deepEqual([found.U.rows, found.U.cols, found.V.rows, found.V.cols], [m, k, n, k]);
      assert.ok(farthest(found.S, values.slice(0, k)) < 1e-9);
      assertOrthonormal(found.U);
      assertOrthonormal(found.V);
    }
  }
});

Deno.test("random SVD: ranks below k, the zero operator, and what does not converge", () => {
  for (const field of fields) {
    const low = multiply(randomMatrix(20, 2, field, 1), randomMatrix(2, 30, field, 2));
    const found = randomSvd(matrixMap(low), 4), exact = svd(low).S;
    assert.ok(found.converged && farthest(found.S, [exact[0], exact[1], 0, 0]) < 1e-10);
    assertOrthonormal(found.U);
    assertOrthonormal(found.V);
    const none = randomSvd(matrixMap(matrixOf(6, 4, field)), 2);
    assert.deepEqual([...none.S], [0, 0]);
    assertOrthonormal(none.V);
    const flat = randomSvd(matrixMap(randomMatrix(60, 60, field, 3)), 5, { powerIterations: 1 });
    assert.equal(flat.converged, false);
    assert.ok(flat.residual > 1e-8);
  }
  const A = matrixMap(matrixOf(6, 4, "real"));
  assert.throws(() => randomSvd(A, 5), /k must be a whole number from 1 to 4/);
  assert.throws(() => randomSvd(A, 0), /k must be a whole number from 1 to 4/);
});

Deno.test("Nyström: exact for operators of small rank, below the operator for others", () => {
  fc.assert(
    fc.property(problems(25), fc.integer({ min: 1, max: 25 }), ([seed, n, field], some) => {
      const rank = Math.min(n, some), F = randomMatrix(n, Math.max(1, Math.floor(rank / 2)), field, seed);
      const A = multiply(F, adjointMatrix(F)), { U, values } = nystrom(matrixMap(A), rank, { seed });
      assertOrthonormal(U);
      assertSame(multiply(multiply(U, realDiagonal(values, field)), adjointMatrix(U)), A, 1e-6);
      const P = randomPositive(n, field, seed), N = nystrom(matrixMap(P), rank, { seed });
      const back = multiply(multiply(N.U, realDiagonal(N.values, field)), adjointMatrix(N.U));
      assert.ok(eigh(hermitianPart(combineMatrices([1, P], [-1, back]))).values[0] > -1e-7);
    }),
    { numRuns: 40 },
  );
  assert.throws(
    () => nystrom(matrixMap(randomHermitian(8, "real", 1)), 8),
    /it is not positive semidefinite/,
  );
  assert.throws(() => nystrom(matrixMap(randomMatrix(8, 8, "real", 1)), 4), /not symmetric/);
});

Deno.test("Nyström's preconditioner makes conjugate gradients fast where few eigenvalues are large", () => {
  for (const field of fields) {
    const V = qr(randomMatrix(80, 80, field, 1)).Q, mu = 1e-3;
    const A = withValues(Array.from({ length: 80 }, (_, i) => 100 * 0.5 ** i), V, V);
    const shifted = matrixMap(combineMatrices([1, A], [mu, identityMatrix(80, field)]));
    const preconditioner = nystromPreconditioner(nystrom(matrixMap(A), 25), mu),
      b = randomVectors(80, 1, field, 2);
    const plain = cg(shifted, b), fast = cg(shifted, b, { preconditioner });
    assert.ok(plain.converged && fast.converged);
    assert.ok(3 * fast.iterations < plain.iterations, `${fast.iterations} and ${plain.iterations}`);
  }
  assert.throws(
    () => nystromPreconditioner(nystrom(matrixMap(matrixOf(3, 3, "real")), 2), 0),
    /their sum must be positive/,
  );
});

Deno.test("power iteration bounds the norm from below, and comes close where there is a gap", () => {
  fc.assert(
    fc.property(problems(25), fc.integer({ min: 1, max: 25 }), ([seed, n, field], m) => {
      const A = randomMatrix(m, n, field, seed), [norm] = svd(A).S;
      const { value, converged } = powerNorm(matrixMap(A), { seed });
      assert.ok(value <= norm * (1 + 1e-12) && (!converged || value > 0.9 * norm));
    }),
  );
  const gap = powerNorm(matrixMap(realDiagonal([10, 1, -3], "real")), { tolerance: 1e-12 });
  assert.ok(gap.converged && Math.abs(gap.value - 10) < 1e-9);
  assert.equal(powerNorm(matrixMap(matrixOf(3, 4, "real"))).value, 0);
});

Deno.test("the condition is exact when the bidiagonalisation ends, else a lower bound", () => {
  fc.assert(
    fc.property(problems(20), fc.integer({ min: 1, max: 20 }), ([seed, n, field], m) => {
      const A = randomMatrix(m, n, field, seed), { S } = svd(A), truth = S[0] / S[S.length - 1];
      const whole = conditionEstimate(matrixMap(A), { seed });
      assert.ok(whole.exact);
      assert.ok(
        Math.abs(whole.condition / truth - 1) < 1e-12 * truth + 1e-10,
        `${whole.condition} for ${truth}`,
      );
      const part = conditionEstimate(matrixMap(A), { seed, maxIterations: 3 });
      assert.ok(part.condition <= truth * (1 + 1e-9));
    }),
  );
  for (const field of fields as readonly Field[]) {
    assert.equal(conditionEstimate(matrixMap(identityMatrix(9, field))).condition.toFixed(9), "1.000000000");
    const singular = conditionEstimate(matrixMap(matrixOf(4, 4, field)));
    assert.equal(singular.condition, Infinity);
    assert.ok(conditionEstimate(matrixMap(realDiagonal([1, 2, 0], field))).condition > 1e15);
  }
});

Deno.test("estimators refuse NaN, non-square operators and bad options, and stop when told to", () => {
  const A = matrixMap(randomPositive(5, "real", 1));
  const broken: LinearMap = {
    ...A,
    apply: (x) => new Float64Array(x.length).fill(NaN),
    applyAdjoint: (x) => new Float64Array(x.length).fill(NaN),
  };
  const estimators: ((map: LinearMap, options?: { samples?: number; signal?: AbortSignal }) => unknown)[] = [
    hutchinson,
    hutchPlusPlus,
    logdetEstimate,
    (map, options) => traceOfFunction(map, Math.exp, options),
  ];
  for (const estimate of estimators) {
    assert.throws(() => estimate(broken), /NaN/);
    assert.throws(() => estimate(matrixMap(matrixOf(2, 3, "real"))), /expected a square one, got 2×3/);
    assert.throws(() => estimate(A, { samples: 0.5 }), /samples must be a whole number/);
    assert.throws(() => estimate(A, { signal: AbortSignal.abort(new Error("before")) }), /before/);
  }
  for (const find of [powerNorm, conditionEstimate, (map: LinearMap) => randomSvd(map, 2)]) {
    assert.throws(() => find(broken), /NaN/);
  }
});
