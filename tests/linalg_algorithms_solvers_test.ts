import assert from "node:assert/strict";
import fc from "fast-check";
import {
  adjointMatrix,
  cg,
  combineMatrices,
  gmres,
  identityMatrix,
  type LinearMap,
  lsmr,
  lu,
  type Matrix,
  matrixMap,
  matrixOf,
  minres,
  multiply,
  qr,
  type SolveOptions,
  type SolveResult,
  svd,
  transposeMatrix,
  type Vector,
} from "../src/linalg/algorithms/mod.ts";
import { assertClose } from "./helpers.ts";
import {
  fields,
  problems,
  randomHermitian,
  randomMatrix,
  randomPositive,
  randomVectors,
  realDiagonal,
  withValues,
} from "./linalg_matrices.ts";

type Solver = (map: LinearMap, b: Float64Array, options?: SolveOptions) => SolveResult;
const solvers: readonly (readonly [string, Solver])[] = [["CG", cg], ["GMRES", gmres], ["MINRES", minres]];

/** The inverse of the diagonal. */
function jacobi({ rows, field, values }: Matrix): LinearMap {
  const unit = field === "complex" ? 2 : 1;
  return matrixMap(
    realDiagonal(Float64Array.from({ length: rows }, (_, i) => 1 / values[i * (rows + 1) * unit]), field),
  );
}

for (const [name, solve] of solvers) {
  Deno.test(`${name}: the true residual meets the tolerance, with and without preconditioner, for several right sides`, () => {
    fc.assert(
      fc.property(
        problems(30),
        fc.integer({ min: 1, max: 4 }),
        fc.boolean(),
        ([seed, n, field], count, M) => {
          const A = randomPositive(n, field, seed),
            map = matrixMap(A),
            b = randomVectors(n, count, field, seed + 1);
          const result = solve(map, b, { tolerance: 1e-11, ...(M ? { preconditioner: jacobi(A) } : {}) });
          assert.ok(result.converged && result.residual <= 1e-11, result.reason);
          assertClose(map.apply(result.x), b, 1e-11);
          assert.ok(result.iterations === result.history.length && result.iterations > 0);
        },
      ),
      { numRuns: 40 },
    );
  });

  Deno.test(`${name}: a zero right side is answered at once, and one among others with zeros`, () => {
    for (const field of fields) {
      const map = matrixMap(randomPositive(5, field, 1)), unit = field === "complex" ? 2 : 1;
      const refusing: LinearMap = { ...map, apply: () => assert.fail("there is nothing to apply") };
      const none = solve(refusing, new Float64Array(5 * unit), { x0: randomVectors(5, 1, field, 2) });
      assert.deepEqual([none.converged, none.iterations, none.residual], [true, 0, 0]);
      assert.ok(none.x.every((x) => x === 0));
      const b = randomVectors(5, 3, field, 3).fill(0, 5 * unit, 10 * unit);
      const { x, converged } = solve(map, b);
      assert.ok(converged && x.subarray(5 * unit, 10 * unit).every((value) => value === 0));
      assertClose(map.apply(x), b, 1e-9);
    }
  });

  Deno.test(`${name}: n = 1, and starting from the solution`, () => {
    for (const field of fields) {
      const map = matrixMap(combineMatrices([3, identityMatrix(1, field)])),
        b = randomVectors(1, 1, field, 4);
      const { x, iterations } = solve(map, b);
      assertClose(x, b.map((value) => value / 3), 1e-15);
      assert.ok(iterations <= 1);
      assert.equal(solve(map, b, { x0: x }).iterations, 0);
    }
  });

  Deno.test(`${name}: when iterations run out it says so, with the history and the best there is`, () => {
    const map = matrixMap(randomPositive(40, "real", 1, 1e-4)), b = randomVectors(40, 1, "real", 2);
    const { converged, iterations, history, reason, residual } = solve(map, b, { maxIterations: 3 });
    assert.deepEqual([converged, iterations, history.length], [false, 3, 3]);
    assert.match(reason, /no convergence in 3 iterations, the residual is/);
    assert.ok(residual > 1e-10);
    // A tolerance beyond what float64 can do ends, and is not claimed.
    const never = solve(map, b, { tolerance: 0 });
    assert.equal(never.converged, false);
  });

  Deno.test(`${name}: right sides of any size, none at all, and maps that return their argument`, () => {
    for (const field of fields) {
      const n = 6, map = matrixMap(randomPositive(n, field, 1)), b = randomVectors(n, 1, field, 2);
      const { x } = solve(map, b);
      for (const size of [1e-250, 1e-170, 1e200]) {
        const result = solve(map, b.map((value) => value * size));
        assert.ok(result.converged, result.reason);
        assertClose(result.x.map((value) => value / size), x, 1e-9);
      }
      const none = solve(map, new Float64Array(0));
      assert.deepEqual([none.converged, none.x.length], [true, 0]);
      // An identity that saves the copy, as operator and as preconditioner.
      const identity: LinearMap = { ...map, apply: (v) => v as Vector, applyAdjoint: (v) => v as Vector };
      assertClose(solve(identity, b).x, b, 1e-14);
      const two = randomVectors(n, 2, field, 3);
      assertClose(map.apply(solve(map, two, { preconditioner: identity }).x), two, 1e-9);
      const short: LinearMap = { ...map, apply: () => new Float64Array(3) };
      assert.throws(() => solve(short, b), /6×6 operator: its apply returned 3 numbers, expected/);
    }
  });

  Deno.test(`${name}: bad input is refused with a sentence`, () => {
    const map = matrixMap(randomPositive(3, "real", 1));
    const b = Float64Array.of(1, 2, 3);
    assert.throws(() => solve(map, Float64Array.of(1, 2)), /length 2 of b is not a multiple of 3/);
    assert.throws(() => solve(map, Float64Array.of(1, NaN, 2)), /b\[1\] is NaN/);
    assert.throws(
      () => solve(map, b, { x0: Float64Array.of(1) }),
      /length 1 of x0 is not 1 vectors of 3 numbers/,
    );
    assert.throws(() => solve(matrixMap(matrixOf(3, 2, "real")), b), /expected a square one, got 3×2/);
    assert.throws(() => solve(map, b, { tolerance: -1 }), /tolerance must be 0 or more, got -1/);
    assert.throws(() => solve(map, b, { maxIterations: 1.5 }), /maxIterations must be a whole number/);
    const wrong = matrixMap(identityMatrix(4));
    assert.throws(
      () => solve(map, b, { preconditioner: wrong }),
      /3×3 and real, its preconditioner 4×4 and real/,
    );
    const broken: LinearMap = { ...map, apply: (x) => new Float64Array(x.length).fill(NaN) };
    assert.throws(() => solve(broken, b), /NaN/);
    assert.throws(() => solve(map, b, { preconditioner: broken }), /NaN/);
  });

  Deno.test(`${name}: reports every iteration, and stops when it is told to`, () => {
    const map = matrixMap(randomPositive(30, "real", 1, 1e-3)), b = randomVectors(30, 1, "real", 2);
    const seen: number[] = [], controller = new AbortController();
    assert.throws(() =>
      solve(map, b, {
        signal: controller.signal,
        onProgress: ({ iteration, residual }) => {
          assert.ok(residual > 0);
          if (seen.push(iteration) === 4) controller.abort(new Error("enough"));
        },
      }), /enough/);
    assert.deepEqual(seen, [1, 2, 3, 4]);
    assert.throws(() => solve(map, b, { signal: AbortSignal.abort(new Error("before")) }), /before/);
  });
}

Deno.test("CG: right sides that depend on each other do no harm, and blocks need fewer steps than single ones", () => {
  for (const field of fields) {
    const n = 60,
      A = randomPositive(n, field, 1, 1e-3),
      map = matrixMap(A),
      unit = field === "complex" ? 2 : 1;
    const one = randomVectors(n, 1, field, 2), b = new Float64Array(4 * n * unit);
    for (let c = 0; c < 3; c++) b.set(one.map((x) => (c + 1) * x), c * n * unit);
    b.set(randomVectors(n, 1, field, 3), 3 * n * unit);
    const { x, converged } = cg(map, b);
    assert.ok(converged);
    assertClose(map.apply(x), b, 1e-9);
    const single = cg(map, one).iterations, block = cg(map, randomVectors(n, 8, field, 4));
    assert.ok(block.converged && block.iterations < single, `${block.iterations} and ${single}`);
  }
});

Deno.test("CG: refuses operators that are not Hermitian or not positive definite, and preconditioners that are not", () => {
  for (const field of fields) {
    const n = 12, b = randomVectors(n, 1, field, 1), two = randomVectors(n, 2, field, 1);
    assert.throws(
      () => cg(matrixMap(randomMatrix(n, n, field, 2)), b),
      /the operator is not (symmetric|Hermitian), ⟨x, Ay⟩/,
    );
    const indefinite = matrixMap(randomHermitian(n, field, 3));
    for (const side of [b, two]) {
      assert.throws(() => cg(indefinite, side), /not positive definite, pᴴAp is .* MINRES takes indefinite/);
    }
    assert.throws(() => cg(matrixMap(matrixOf(n, n, field)), b), /not positive definite, pᴴAp is 0/);
    const A = matrixMap(randomPositive(n, field, 4));
    const negative = matrixMap(combineMatrices([-1, identityMatrix(n, field)]));
    assert.throws(
      () => cg(A, b, { preconditioner: negative }),
      /the preconditioner is not positive definite/,
    );
  }
  // The probe is an option.
  const skew = matrixMap({ rows: 2, cols: 2, field: "real", values: Float64Array.of(1, 5, -5, 1) });
  assert.equal(cg(skew, Float64Array.of(1, 1), { probe: false, maxIterations: 5 }).converged, false);
});

Deno.test("MINRES: indefinite systems, and singular ones that have a solution", () => {
  fc.assert(
    fc.property(problems(20), ([seed, n, field]) => {
      const V = qr(randomMatrix(n, n, field, seed)).Q;
      const values = Array.from({ length: n }, (_, i) => (i % 2 === 0 ? 1 : -1) * (1 + i));
      const map = matrixMap(withValues(values, V, V)), b = randomVectors(n, 1, field, seed + 1);
      const { x, converged, reason } = minres(map, b);
      assert.ok(converged, reason);
      assertClose(map.apply(x), b, 1e-10);
      if (n > 1) {
        values[1] = 0;
        const singular = matrixMap(withValues(values, V, V)), possible = singular.apply(b);
        const result = minres(singular, possible, { tolerance: 1e-9 });
        assert.ok(result.converged, result.reason);
        assertClose(singular.apply(result.x), possible, 1e-9);
      }
    }),
    { numRuns: 40 },
  );
  const impossible = minres(matrixMap(realDiagonal([1, 0], "real")), Float64Array.of(1, 1));
  assert.equal(impossible.converged, false);
  assert.match(impossible.reason, /singular and b is not in its range/);
});

Deno.test("GMRES: general systems, with restarts, and singular ones are said", () => {
  fc.assert(
    fc.property(problems(25), fc.integer({ min: 1, max: 30 }), ([seed, n, field], restart) => {
      // The field of values stays in the right half-plane: any restart converges.
      const A = combineMatrices([1 / Math.sqrt(n), randomMatrix(n, n, field, seed)], [
        4,
        identityMatrix(n, field),
      ]);
      const map = matrixMap(A), b = randomVectors(n, 2, field, seed + 1);
      const { x, converged, reason } = gmres(map, b, { restart, maxIterations: 2000 });
      assert.ok(converged, reason);
      assertClose(map.apply(x), b, 1e-10);
    }),
    { numRuns: 40 },
  );
  // A shift of 6 points stands still until the last step.
  const cycle = matrixOf(6, 6, "real");
  for (let i = 0; i < 6; i++) cycle.values[((i + 1) % 6) * 6 + i] = 1;
  const e = Float64Array.of(1, 0, 0, 0, 0, 0);
  assert.ok(gmres(matrixMap(cycle), e).converged);
  const stuck = gmres(matrixMap(cycle), e, { restart: 3 });
  assert.equal(stuck.converged, false);
  assert.match(stuck.reason, /the residual stays at 1.0e\+0 from restart to restart/);
  for (const A of [realDiagonal([1, 0], "real"), matrixOf(2, 2, "real"), realDiagonal([0, 0], "complex")]) {
    const b = randomVectors(2, 1, A.field, 1), { converged, reason } = gmres(matrixMap(A), b);
    assert.equal(converged, false);
    assert.match(reason, /singular/);
  }
});

Deno.test("LSMR: solves tall systems in the least-squares sense, and wide ones with the smallest norm", () => {
  fc.assert(
    fc.property(problems(15), fc.integer({ min: 1, max: 15 }), ([seed, n, field], m) => {
      const A = randomMatrix(m, n, field, seed), map = matrixMap(A), b = randomVectors(m, 2, field, seed + 1);
      const { S, U, V } = svd(A);
      fc.pre(S[S.length - 1] > 1e-3 * S[0]);
      // A⁺·b = V·S⁻¹·Uᴴ·b
      const c = matrixMap(adjointMatrix(U)).apply(b), unit = field === "complex" ? 2 : 1;
      for (let i = 0; i < c.length; i++) c[i] /= S[Math.floor(i / unit) % S.length];
      const result = lsmr(map, b, { tolerance: 1e-14, maxIterations: 2000 });
      assertClose(result.x, matrixMap(V).apply(c), 1e-7);
    }),
    { numRuns: 50 },
  );
});

Deno.test("LSMR: a rank-deficient operator gives the pseudo-inverse, not an infinity", () => {
  for (const field of fields) {
    const U = qr(randomMatrix(6, 3, field, 1)).Q, V = qr(randomMatrix(5, 3, field, 2)).Q;
    const map = matrixMap(withValues([3, 1, 0], U, V)), b = randomVectors(6, 1, field, 3);
    const want = matrixMap(withValues([1 / 3, 1, 0], V, U)).apply(b);
    assertClose(lsmr(map, b, { tolerance: 1e-13 }).x, want, 1e-9);
  }
  const diagonal = lsmr(matrixMap(realDiagonal([2, 0], "real")), Float64Array.of(4, 4));
  assertClose(diagonal.x, [2, 0], 1e-12);
  assert.ok(diagonal.converged);
  assert.ok(Math.abs(diagonal.misfit - Math.SQRT1_2) < 1e-12);
});

Deno.test("maths.md 6, fault 2: the damping of the pseudo-inverse is in AᴴA, as λ², and not in the inverse", () => {
  fc.assert(
    fc.property(
      problems(12),
      fc.integer({ min: 1, max: 12 }),
      fc.constantFrom(0.01, 0.5, 3),
      ([seed, n, field], m, damping) => {
        const A = randomMatrix(m, n, field, seed),
          b = randomVectors(m, 2, field, seed + 1),
          map = matrixMap(A);
        const normal = combineMatrices([1, multiply(adjointMatrix(A), A)], [
          damping ** 2,
          identityMatrix(n, field),
        ]);
        const { x, converged, reason } = lsmr(map, b, { damping, tolerance: 1e-12, maxIterations: 5000 });
        assert.ok(converged, reason);
        assertClose(x, lu(normal).solve(map.applyAdjoint(b)), 1e-6);
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("LSMR: zero right sides, starting points, histories, and bad input", () => {
  const A = transposeMatrix(randomMatrix(3, 5, "real", 1)), map = matrixMap(A);
  const none = lsmr(map, new Float64Array(5));
  assert.deepEqual([none.converged, none.iterations, [...none.x]], [true, 0, [0, 0, 0]]);
  const x = Float64Array.of(1, 2, 3), b = map.apply(x);
  assert.equal(lsmr(map, b, { x0: x }).iterations, 0);
  // Damping pulls to the starting point.
  assertClose(lsmr(map, b, { x0: x, damping: 100 }).x, x, 1e-12);
  const few = lsmr(map, randomVectors(5, 1, "real", 2), { maxIterations: 1 });
  assert.deepEqual([few.converged, few.iterations], [false, 1]);
  assert.match(few.reason, /no convergence in 1 iterations/);
  assert.throws(() => lsmr(map, b, { damping: -1 }), /damping must be 0 or more, got -1/);
  assert.throws(() => lsmr(map, Float64Array.of(1)), /length 1 of b is not a multiple of 5/);
  const broken: LinearMap = { ...map, apply: (v) => new Float64Array((v.length / 3) * 5).fill(NaN) };
  assert.throws(() => lsmr(broken, b), /NaN/);
});
