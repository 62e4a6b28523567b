/** Choices by option, and what is said where there is nothing to choose. */
import assert from "node:assert/strict";
import {
  algorithms,
  cond,
  dense,
  diagonal,
  eig,
  eigh,
  explain,
  householder,
  identity,
  inv,
  isqrt,
  kron,
  logdetGradient,
  norm,
  operatorFrom,
  parameterGradient,
  product,
  scale,
  slogdet,
  solve,
  sqrt,
  sum,
  toeplitz,
  tridiagonal,
} from "../src/linalg/mod.ts";
import { Random } from "../src/program/random.ts";

const ones = (n: number): Float64Array<ArrayBuffer> => new Float64Array(n).fill(1);
const near = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.hypot(...Array.from(a, (v, i) => v - b[i])) / Math.hypot(...Array.from(b));
/** u″ with u = 0 at both ends, negated. */
const line = (n: number) => tridiagonal(new Array(n - 1).fill(-1), new Array(n).fill(2)).annotate("PSD");
/** The eigenvalue j of {@link line}, from 1. */
const lineValue = (n: number, j: number): number => 4 * Math.sin(j * Math.PI / (2 * (n + 1))) ** 2;

Deno.test("conjugate gradients with Nyström's preconditioner are taken where a rank is given, and take fewer iterations", () => {
  const n = 1200, values = Float64Array.from({ length: n }, (_, i) => 1000 / (1 + i) ** 2);
  // Turned, so that no structure is seen.
  const turn = householder(Float64Array.from({ length: n }, (_, i) => Math.sin(i + 1)));
  const B = operatorFrom({
    rows: n,
    cols: n,
    apply: (x) => turn.apply(turn.apply(x).map((v, i) => v * values[i])),
    annotations: ["PSD"],
  });
  const A = sum(B, scale(1e-2, identity(n))), random = new Random(1), b = ones(n).map(() => random.normal());
  assert.match(explain("solve", A), /^solve .*iterations[^]*refused: .*Nyström.*option nystrom/);
  assert.match(explain("solve", A, { nystrom: 60 }), /^solve .*preconditioned by Nyström/);
  assert.match(explain("solve", B, { nystrom: 60 }), /refused: .*Nyström.*no sum with a multiple/);
  let plain = 0, better = 0;
  const x = solve(A, b, { onProgress: () => plain++ });
  const y = solve(A, b, { nystrom: 60, onProgress: () => better++ });
  assert.ok(near(A.apply(y), b) < 1e-9 && near(x, y) < 1e-6);
  assert.ok(3 * (better - 60) < plain, `${better} and ${plain}`);
  assert.throws(() => solve(A, b, { nystrom: 0 }), /nystrom.*must be/);
  assert.throws(() => solve(A, b, { nystrom: 1e9 }), /nystrom is a rank of 1000000000, more than its/);
});

Deno.test("LOBPCG is taken for the ends of a spectrum where a preconditioner is given", () => {
  const n = 60, A = sum(line(n), diagonal(Float64Array.from({ length: n }, (_, i) => i))).annotate("PSD");
  const hidden = operatorFrom({ rows: n, cols: n, apply: (x) => A.apply(x), annotations: ["PSD"] });
  const preconditioner = diagonal(Float64Array.from({ length: n }, (_, i) => 1 / (2 + i)));
  const options = { k: 3, which: "smallest", dense: { below: 10 }, preconditioner } as const;
  assert.match(explain("eig", hidden, options), /^eig .*LOBPCG/);
  const want = eigh(A, { k: 3, which: "smallest" }).values;
  assert.ok(near(eigh(hidden, options).values, want) < 1e-8);
  assert.doesNotMatch(explain("eig", hidden, { ...options, which: "largest-magnitude" }), /^eig .*LOBPCG/);
});

Deno.test("eigenvalues next to zero come from the inverse where structure gives it", () => {
  const n = 3000, A = line(n);
  for (const which of ["smallest-magnitude", "smallest"] as const) {
    assert.match(explain("eig", A, { k: 4, which }), /^eig .*on the inverse[^]*tridiagonal elimination/);
    const { values, vectors } = eigh(A, { k: 4, which });
    assert.ok(near(values, [1, 2, 3, 4].map((j) => lineValue(n, j))) < 1e-7);
    const left = sum(product(A, vectors), scale(-1, product(vectors, diagonal(values)))).toDense().values;
    assert.ok(Math.hypot(...left) < 1e-9);
  }
  // Not symmetric, and complex.
  const m = 50, lower = Float64Array.from({ length: 2 * (m - 1) }, (_, i) => Math.sin(i));
  const T = tridiagonal(
    lower,
    Float64Array.from({ length: 2 * m }, (_, i) => 3 + (i >> 1)),
    lower,
    "complex",
  );
  const some = { k: 3, which: "smallest-magnitude", dense: { below: 10 } } as const;
  assert.match(explain("eig", T, some), /^eig .*on the inverse/);
  assert.ok(near(eig(T, some).values, eig(T, { k: 3, which: "smallest-magnitude" }).values) < 1e-8);
  // A singular one: without the inverse.
  const free = tridiagonal(new Array(m - 1).fill(-1), [1, ...new Array(m - 2).fill(2), 1]).annotate("PSD");
  assert.ok(Math.abs(eigh(free, some).values[0]) < 1e-10);
  // Its inverse would iterate: not taken.
  const hidden = operatorFrom({ rows: n, cols: n, apply: (x) => A.apply(x), annotations: ["PSD"] });
  assert.match(
    explain("eig", hidden, some),
    /^eig .*Lanczos[^]*refused: iterations on the inverse: its inverse takes/,
  );
});

Deno.test("an eigenvalue that is not found in time is told, a single one too", () => {
  const n = 2000,
    hidden = operatorFrom({ rows: n, cols: n, apply: (x) => line(n).apply(x), annotations: ["PSD"] });
  assert.throws(
    () => eigh(hidden, { k: 1, which: "smallest", maxIterations: 5 }),
    /ConvergenceError: .*Lanczos did not converge; the residual is/,
  );
});

Deno.test("several right sides go through one block iteration", () => {
  const n = 1500,
    hidden = operatorFrom({
      rows: n,
      cols: n,
      apply: (x) => line(n).apply(x).map((v, i) => v + x[i] * (0.01 + (i % 4))),
      annotations: ["PSD"],
    });
  const random = new Random(3), b = Float64Array.from({ length: 4 * n }, () => random.normal());
  let together = 0, alone = 0;
  const x = solve(hidden, b, { onProgress: () => together++ });
  for (let k = 0; k < 4; k++) {
    const one = solve(hidden, b.subarray(k * n, (k + 1) * n), { onProgress: () => alone++ });
    assert.ok(near(x.subarray(k * n, (k + 1) * n), one) < 1e-8);
  }
  assert.ok(2 * together < alone, `${together} and ${alone}`);
});

Deno.test("singular positive semidefinite operators are told with their condition, and false annotations too", () => {
  const half = dense([[1, 2], [3, 4], [5, 6], [7, 9]]), A = product(half, half.adjoint()).annotate("PSD");
  assert.throws(
    () => inv(A),
    /RangeError: Cannot invert a 4×4 .*singular \(condition .*e\+1\d\), its smallest eigenvalue/,
  );
  assert.throws(() => solve(dense([[0]]).annotate("PSD"), [1]), /singular \(condition ∞\)/);
  assert.throws(
    () => inv(operatorFrom({ rows: 2, cols: 2, apply: (x) => [x[0], -x[1]], annotations: ["PSD"] })),
    /annotated PSD, but has the eigenvalue -1/,
  );
  // Eigenvalues that are rounding make no inverse roots; as little as inverses.
  assert.throws(() => isqrt(dense([[1, 1], [1, 1]]).annotate("PSD")), /not finite at the eigenvalue 0/);
  assert.throws(() => isqrt(dense([[1, 2], [2, 4]])), /not finite at the eigenvalue 0|singular/);
  assert.throws(() => isqrt(dense([[1, 2, 0], [2, 4, 0], [1, 1, 1]])), /singular/);
  const wide = dense([[1, 2, 3], [0, 1, 1]]);
  assert.equal(cond(kron(wide, wide.adjoint())), Infinity);
});

Deno.test("the root of a large positive semidefinite operator with many zeros is real", () => {
  const n = 1200, mean = (x: Float64Array): number => x.reduce((a, b) => a + b) / n;
  const P = operatorFrom({ rows: n, cols: n, apply: (x) => x.map((v) => v - mean(x)), annotations: ["PSD"] });
  const b = Float64Array.from({ length: n }, (_, i) => Math.sin(i) + 2), want = P.apply(b);
  assert.match(explain("sqrt", P), /^sqrt .*Lanczos|^function .*Lanczos/);
  assert.ok(near(sqrt(P).apply(b), want) < 1e-7);
  const false_ = operatorFrom({
    rows: n,
    cols: n,
    apply: (x) => x.map((v, i) => i < 3 ? -v : v),
    annotations: ["PSD"],
  });
  assert.throws(() => sqrt(false_).apply(b), /not finite|NaN/);
});

Deno.test("determinants of large unitary operators without structure are refused, and why", () => {
  const n = 1500,
    flip = operatorFrom({ rows: n, cols: n, apply: (x) => x.toReversed(), annotations: ["Unitary"] });
  assert.throws(
    () => slogdet(flip),
    /modulus 1, but which sign or phase cannot be estimated; raise dense.below/,
  );
  assert.equal(slogdet(flip, { dense: { below: n } }).sign[0], n * (n - 1) / 2 % 2 === 0 ? 1 : -1);
});

Deno.test("a norm that is no number is refused", () => {
  const A = operatorFrom({ rows: 2, cols: 2, apply: () => [NaN, 1] });
  for (const p of [1, 2, "fro", "inf"] as const) assert.throws(() => norm(A, p), /NaN/);
});

Deno.test("Toeplitz matrices write their entries as they are", () => {
  const T = toeplitz([1, 0.1, 0.2, 0.3], [9, 0.4, 0.5]).toDense();
  assert.deepEqual([...T.values], [1, 0.4, 0.5, 0.1, 1, 0.4, 0.2, 0.1, 1, 0.3, 0.2, 0.1]);
  const H = toeplitz([2, 0, 1, -1], undefined, "complex").toDense();
  assert.deepEqual([...H.values], [2, 0, 1, 1, 1, -1, 2, 0]);
});

Deno.test("the spectral density: exact moments of diagonals, the trace of others within the scatter", () => {
  const { spectralDensity } = algorithms;
  const D = diagonal(Float64Array.from({ length: 40 }, (_, i) => i % 4));
  const { nodes, weights, samples } = spectralDensity(D, { samples: 5, seed: 2 });
  const moment = (p: number): number => nodes.reduce((all, x, i) => all + weights[i] * x ** p, 0);
  assert.equal(samples, 5);
  for (const [p, want] of [[0, 1], [1, 1.5], [2, 3.5]]) assert.ok(Math.abs(moment(p) - want) < 1e-12);
  const C = toeplitz([2, 0, 0, 1], undefined, "complex"),
    made = spectralDensity(C, { samples: 200, seed: 1 });
  const mean = made.nodes.reduce((all, x, i) => all + made.weights[i] * x, 0);
  assert.ok(Math.abs(mean - 2) < 1e-1); // eigenvalues 1 and 3
  assert.ok(made.nodes.every((x) => x > 1 - 1e-9 && x < 3 + 1e-9));
  const A = line(500), loose = spectralDensity(A, { samples: 3, steps: 30, reorthogonalise: false });
  assert.ok(Math.abs(loose.weights.reduce((a, b) => a + b) - 1) < 1e-9);
  assert.throws(() => spectralDensity(dense([[0, 1], [0, 0]])), /not (?:symmetric|Hermitian)/);
  assert.throws(() => spectralDensity(A, { samples: 0 }), /samples/);
});

Deno.test("the exact gradient of a log-determinant takes its unit vectors in blocks", () => {
  const n = 45, random = new Random(5), values = Float64Array.from({ length: n * n }, () => random.normal());
  const A = dense({ rows: n, cols: n, field: "real", values }), inverse = inv(A);
  const { parameters, samples } = logdetGradient(A, parameterGradient(A), (g) => inverse.applyAdjoint(g));
  assert.equal(samples, 0);
  assert.ok(near(parameters[0], inverse.adjoint().toDense().values) < 1e-9);
});
