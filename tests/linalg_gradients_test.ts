import assert from "node:assert/strict";
import {
  cg,
  combineMatrices,
  expm,
  type Field,
  funm,
  gmres,
  identityMatrix,
  type LinearMap,
  lu,
  type Matrix,
  matrixMap,
  matrixOf,
} from "../src/linalg/algorithms/mod.ts";
import {
  functionGradient,
  functionTimesGradient,
  logdetGradient,
  type ParameterGradient,
  solveGradient,
  type TraceGradient,
  traceGradient,
} from "../src/linalg/gradients.ts";
import { assertClose } from "./helpers.ts";
import { fields, randomHermitian, randomMatrix, randomPositive, randomVectors } from "./linalg_matrices.ts";

/** Re⟨x, y⟩. */
function inner(x: Float64Array, y: Float64Array): number {
  return x.reduce((sum, value, i) => sum + value * y[i], 0);
}

/** The gradient of Re⟨g, A·x⟩ with respect to the entries of A: g·xᴴ, summed over the vectors. */
function entries(n: number, field: Field): ParameterGradient {
  return (x, g) => {
    const out = matrixOf(n, n, field).values, unit = field === "complex" ? 2 : 1;
    for (let c = 0; c < x.length; c += n * unit) {
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) {
          const a = c + i * unit, b = c + j * unit, to = (i * n + j) * unit;
          if (unit === 1) out[to] += g[a] * x[b];
          else {
            out[to] += g[a] * x[b] + g[a + 1] * x[b + 1];
            out[to + 1] += g[a + 1] * x[b] - g[a] * x[b + 1];
          }
        }
      }
    }
    return [out];
  };
}

/** A family A₀ + Σ θ_k·B_k of Hermitian matrices with real parameters. */
function family(n: number, field: Field, seed: number) {
  const base = randomPositive(n, field, seed, 3),
    terms = [1, 2, 3].map((k) => randomHermitian(n, field, seed + k));
  const at = (theta: Float64Array): Matrix =>
    combineMatrices([1, base], ...terms.map((B, k) => [theta[k], B] as [number, Matrix]));
  const gradient: ParameterGradient = (x, g) => [
    Float64Array.from(terms, (B) => inner(g, matrixMap(B).apply(x))),
  ];
  return { at, gradient, theta: Float64Array.of(0.1, -0.2, 0.05) };
}

/** Central differences of a real function. */
function differences(f: (theta: Float64Array) => number, theta: Float64Array, h = 1e-5): Float64Array {
  return theta.map((_, k) => {
    const moved = (by: number): number => f(theta.map((value, i) => i === k ? value + by : value));
    return (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h);
  });
}

Deno.test("solve: gradients of the entries and of the right side agree with finite differences", () => {
  for (const field of fields) {
    const n = 5, A = combineMatrices([1, randomMatrix(n, n, field, 1)], [4, identityMatrix(n, field)]);
    const b = randomVectors(n, 2, field, 2), w = randomVectors(n, 2, field, 3);
    const loss = (values: Float64Array, side: Float64Array): number =>
      inner(w, lu(matrixOf(n, n, field, new Float64Array(values))).solve(side));
    const { solve, solveAdjoint } = lu(A);
    const { right, parameters } = solveGradient(entries(n, field), solve(b), w, solveAdjoint);
    assertClose(right, differences((side) => loss(A.values, side), b), 1e-8);
    assertClose(parameters[0], differences((values) => loss(values, b), A.values), 1e-8);
  }
});

Deno.test("solve: by iterations the gradient is the same, and costs one solve with the adjoint however many steps it takes", () => {
  for (const field of fields) {
    const n = 30, { at, gradient, theta } = family(n, field, 5), A = at(theta), map = matrixMap(A);
    const b = randomVectors(n, 1, field, 6), w = randomVectors(n, 1, field, 7);
    let solves = 0;
    const adjoint: LinearMap = { ...map, apply: map.applyAdjoint, applyAdjoint: map.apply };
    const { parameters } = solveGradient(gradient, cg(map, b, { tolerance: 1e-13 }).x, w, (g) => {
      solves++;
      return gmres(adjoint, g, { tolerance: 1e-13 }).x;
    });
    assert.equal(solves, 1);
    assertClose(parameters[0], differences((t) => inner(w, lu(at(t)).solve(b)), theta), 1e-8);
  }
});

Deno.test("log-determinant: exact gradients agree with finite differences, of general complex matrices too", () => {
  for (const field of fields) {
    const n = 6, A = randomMatrix(n, n, field, 11), map = matrixMap(A);
    const { parameters, standardErrors, samples } = logdetGradient(
      map,
      entries(n, field),
      lu(A).solveAdjoint,
    );
    const want = differences(
      (values) => lu(matrixOf(n, n, field, new Float64Array(values))).logdet.logabs,
      A.values,
    );
    assertClose(parameters[0], want, 1e-7);
    assert.ok(samples === 0 && standardErrors[0].every((error) => error === 0));
    const zeros = matrixMap(matrixOf(n, n, field));
    assertClose(
      traceGradient(zeros, entries(n, field)).parameters[0],
      identityMatrix(n, field).values,
      1e-15,
    );
  }
});

Deno.test("log-determinant, trace and tr f(A): estimates agree with finite differences within their error bars", () => {
  for (const field of fields) {
    const n = 40, { at, gradient, theta } = family(n, field, 21), A = at(theta), map = matrixMap(A);
    const { solveAdjoint } = lu(A), options = { method: "estimate", samples: 200, seed: 4 } as const;
    const logdet = (t: Float64Array): number => lu(at(t)).logdet.logabs;
    const exp = (t: Float64Array): number => traceOf(expm(at(t)));
    const cases: readonly (readonly [TraceGradient, TraceGradient, Float64Array])[] = [
      [
        logdetGradient(map, gradient, solveAdjoint, options),
        logdetGradient(map, gradient, solveAdjoint),
        differences(logdet, theta),
      ],
      [
        traceGradient(map, gradient, options),
        traceGradient(map, gradient),
        differences((t) => traceOf(at(t)), theta),
      ],
      [
        functionGradient(map, Math.exp, gradient, options),
        functionGradient(map, Math.exp, gradient),
        differences(exp, theta),
      ],
    ];
    for (const [estimate, exact, want] of cases) {
      assertClose(exact.parameters[0], want, 1e-7);
      assert.ok(exact.converged && estimate.converged && estimate.samples === 200);
      estimate.parameters[0].forEach((value, k) => {
        const error = Math.abs(value - want[k]), bar = estimate.standardErrors[0][k];
        assert.ok(error < 5 * bar, `${error} and ${bar}`);
        assert.ok(bar > 0);
      });
    }
  }
});

function traceOf({ rows: n, field, values }: Matrix): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += values[i * (n + 1) * (field === "complex" ? 2 : 1)];
  return sum;
}

Deno.test("f(A)·b: gradients of entries and of b agree with finite differences, equal eigenvalues included", () => {
  for (const field of fields) {
    const n = 6, b = randomVectors(n, 1, field, 31), w = randomVectors(n, 1, field, 32);
    const { at, gradient, theta } = family(n, field, 33);
    const cases = [[Math.exp, Math.exp], [Math.sqrt, (x: number) => 0.5 / Math.sqrt(x)]] as const;
    for (const [f, derivative] of cases) {
      const dense = (A: Matrix, v: Float64Array): number =>
        inner(w, matrixMap(funm(A, (re) => f(re))).apply(v));
      const { right, parameters } = functionTimesGradient(
        matrixMap(at(theta)),
        f,
        derivative,
        b,
        w,
        gradient,
      );
      assertClose(parameters[0], differences((t) => dense(at(t), b), theta), 1e-7);
      assertClose(right, differences((v) => dense(at(theta), v), b), 1e-8);
    }
    // At a multiple of the identity f(A) changes as f′·dA; entries one by one make A no longer Hermitian.
    const two = matrixMap(combineMatrices([2, identityMatrix(n, field)]));
    const { parameters } = functionTimesGradient(two, Math.exp, Math.exp, b, w, entries(n, field));
    const scaled = entries(n, field)(b, w.map((x) => x * Math.exp(2)))[0];
    assertClose(parameters[0], scaled, 1e-12);
    const H = randomHermitian(n, field, 35);
    const general =
      functionTimesGradient(matrixMap(H), Math.exp, Math.exp, b, w, entries(n, field)).parameters[0];
    const want = differences(
      (values) => inner(w, matrixMap(expm(matrixOf(n, n, field, new Float64Array(values)))).apply(b)),
      H.values,
    );
    assertClose(general, want, 1e-7);
  }
});

Deno.test("gradients: a zero b or g, a signal", () => {
  const n = 4,
    A = matrixMap(randomHermitian(n, "real", 1)),
    w = randomVectors(n, 1, "real", 2),
    zero = new Float64Array(n);
  for (const [b, g] of [[zero, w], [w, zero]]) {
    const { parameters } = functionTimesGradient(A, Math.exp, Math.exp, b, g, entries(n, "real"));
    assert.ok(parameters[0].every((value) => value === 0));
  }
  const signal = AbortSignal.abort(new Error("stop"));
  assert.throws(() => traceGradient(A, entries(n, "real"), { signal }), /stop/);
  assert.throws(() => functionGradient(A, Math.log, entries(n, "real")), /not finite at the eigenvalue -/);
});
