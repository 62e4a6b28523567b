/** Faults known of other libraries of composed operators, each as a test that it is not one here. */
import assert from "node:assert/strict";
import {
  algorithms,
  concat,
  dense,
  diagonal,
  eig,
  exp,
  explain,
  identity,
  inv,
  lu,
  negate,
  operatorFrom,
  permutation,
  pinv,
  product,
  scale,
  slogdet,
  solve,
  sum,
  svd,
  toeplitz,
  triangular,
  tridiagonal,
  zero,
} from "../src/linalg/mod.ts";
import { Random } from "../src/program/random.ts";
import { assertMatrix, assertNear, flat, normals, randomDense, rowsOf } from "./linalg.ts";

const random = new Random(5);
const never = { dense: { below: 0 } };

Deno.test("fault 1: the estimated log-determinant is negative where det < 1, and its sign is still 1", () => {
  const n = 200,
    A = operatorFrom({ rows: n, cols: n, apply: (x) => x.map((v) => 0.25 * v), annotations: ["PSD"] });
  const { sign, logabs, standardError } = slogdet(A, never);
  assert.deepEqual([...sign], [1]);
  assert.ok(Math.abs(logabs - n * Math.log(0.25)) < 1e-6 * n);
  assert.ok(standardError < 1e-6);
  // And of an operator that is not a multiple of the identity, within its error bar.
  const T = toeplitz([0.5, 0.1, ...new Array(298).fill(0)]).annotate("PSD");
  const want = slogdet(T), got = slogdet(T, { ...never, samples: 60, seed: 1 });
  assert.ok(want.logabs < 0 && got.sign[0] === 1);
  assert.ok(
    Math.abs(got.logabs - want.logabs) < 5 * got.standardError,
    `${got.logabs} ± ${got.standardError}, ${want.logabs}`,
  );
});

Deno.test("fault 1: what is not positive definite has no estimated sign, and says so", () => {
  const A = toeplitz([0, 1, ...new Array(298).fill(0)]);
  assert.throws(
    () => slogdet(A, never),
    /not annotated PSD, and the sign of a determinant cannot be estimated/,
  );
});

Deno.test("fault 2: the pseudo-inverse of a singular diagonal is finite", () => {
  const P = pinv(diagonal([2, 0, -4]));
  assert.deepEqual([...P.toDense().values].map((v) => v + 0), [0.5, 0, 0, 0, 0, 0, 0, 0, -0.25]);
  assert.throws(() => inv(diagonal([2, 0, -4])), /singular \(condition ∞\), entry 1 is 0/);
});

Deno.test("fault 2: damping belongs to AᴴA, not to the inverse", () => {
  const A = randomDense(random, 8, 3), b = normals(random, 8), damping = 0.7;
  const { x } = algorithms.lsmr(A, b, { damping, tolerance: 1e-14 });
  const normal = sum(product(A.adjoint(), A), scale(damping ** 2, identity(3)));
  assertNear(x, solve(normal, A.applyAdjoint(b)), 1e-9);
});

Deno.test("fault 3: LU of a diagonal with negative entries", () => {
  const { P, L, U } = lu(diagonal([-4, 9, -1]));
  assertMatrix(product(L, U), rowsOf(product(P, diagonal([-4, 9, -1])).toDense()), 0);
  assert.ok(flat(rowsOf(U.toDense())).every(Number.isFinite));
});

Deno.test("fault 4: the sign of a permutation", () => {
  assert.equal(slogdet(permutation([1, 0, 2])).sign[0], -1);
  assert.equal(slogdet(permutation([1, 2, 0])).sign[0], 1);
  assert.equal(slogdet(permutation([1, 0, 3, 2])).sign[0], 1);
  for (let k = 0; k < 20; k++) {
    const A = permutation(random.permutation(7));
    assert.equal(slogdet(A).sign[0], slogdet(dense(A.toDense())).sign[0]);
  }
});

Deno.test("fault 5: a negated PSD operator is not PSD", () => {
  const A = dense([[2, 1], [1, 2]]).annotate("PSD");
  assert.ok(A.is("PSD") && !negate(A).is("PSD") && negate(A).is("SelfAdjoint"));
  assert.ok(!scale(-0.5, A).is("PSD") && scale(0.5, A).is("PSD") && !scale([0, 1], A).is("SelfAdjoint"));
  assert.ok(negate(negate(A)).is("PSD"));
});

Deno.test("fault 6: exp of zero is the identity, by any method", () => {
  const b = normals(random, 40),
    Z = operatorFrom({ rows: 40, cols: 40, apply: (x) => x.map(() => 0), annotations: ["SelfAdjoint"] });
  assertNear(exp(Z, never).apply(b), b, 1e-12, "Lanczos");
  assertMatrix(exp(zero(3)), rowsOf(identity(3).toDense()), 1e-15, "dense");
  // Half of the eigenvalues are zero, half are not.
  const half = operatorFrom({
    rows: 40,
    cols: 40,
    apply: (x) => x.map((v, i) => i % 2 * v),
    annotations: ["SelfAdjoint"],
  });
  assertNear(exp(half, never).apply(b), b.map((v, i) => i % 2 ? Math.E * v : v), 1e-10, "half of them");
});

Deno.test("fault 7: the eigenvectors of a triangular operator are not unitary, and are not said to be", () => {
  const A = triangular([[1, 0], [3, -4]]), { vectors } = eig(A);
  assert.ok(!vectors.is("Unitary") && !vectors.is("Stiefel"));
  const B = eig(dense([[2, 1], [1, 3]])).vectors;
  assert.ok(B.is("Unitary"));
});

Deno.test("fault 8: concatenation along both axes", () => {
  const A = dense([[1, 2]]), B = dense([[3, 4], [5, 6]]), C = dense([[7], [8]]);
  assert.deepEqual([...concat([A, B], 0).toDense().values], [1, 2, 3, 4, 5, 6]);
  assert.deepEqual([...concat([B, C], 1).toDense().values], [3, 4, 7, 5, 6, 8]);
  assert.throws(() => concat([A, B], 1), /along axis 1: part 1 is 1×2 and part 2 is 2×2; their rows differ/);
  assert.throws(
    () => concat([B, C], 0),
    /along axis 0: part 1 is 2×2 and part 2 is 2×1; their columns differ/,
  );
});

Deno.test("fault 9: the randomised SVD of tall and of wide operators", () => {
  for (const [rows, cols] of [[60, 8], [8, 60]]) {
    const A = randomDense(random, rows, cols), want = svd(A), got = svd(A, { ...never, k: 3 });
    assertNear(got.S, want.S.slice(0, 3), 1e-6, `${rows}×${cols}`);
    assert.deepEqual([got.U.rows, got.V.rows], [rows, cols]);
  }
});

Deno.test("fault 10: by magnitude is not algebraically", () => {
  const A = dense(diagonal([3, -7, 0.5, -1]).toDense());
  const first = (which: "largest-magnitude" | "smallest-magnitude" | "largest" | "smallest"): number =>
    eig(A, { k: 1, which }).values[0];
  for (
    const [which, want] of [["largest-magnitude", -7], ["smallest-magnitude", 0.5], ["largest", 3], [
      "smallest",
      -7,
    ]] as const
  ) {
    assert.ok(Math.abs(first(which) - want) < 1e-12, which);
    const D = eig(diagonal([3, -7, 0.5, -1]), { k: 1, which });
    assert.equal(D.values[0], want);
    assert.equal(Math.abs(D.vectors.toDense().values[[3, -7, 0.5, -1].indexOf(want)]), 1, "its vector");
  }
  // By iterations as well.
  const L = tridiagonal(
    new Array(59).fill(1),
    Float64Array.from({ length: 60 }, (_, i) => i < 40 ? -i : i / 2),
  );
  const all = eig(dense(L.toDense())).values;
  for (const which of ["largest-magnitude", "largest", "smallest"] as const) {
    const want = which === "largest" ? Math.max(...all) : Math.min(...all);
    assert.ok(Math.abs(eig(L, { ...never, k: 1, which }).values[0] - want) < 1e-7, which);
  }
});

Deno.test("fault 11: nothing switches in silence; explain names the cutoff and the option that moves it", () => {
  const A = operatorFrom({ rows: 1200, cols: 1200, apply: (x) => x });
  assert.match(explain("solve", A), /iterations/);
  assert.match(
    explain("solve", A),
    /refused: dense LU: it is 1200×1200, and matrices are made dense up to 1000 \(option dense\.below\)/,
  );
  assert.match(explain("solve", A, { dense: { below: 2000 } }), /: dense LU/);
  assert.match(explain("trace", A), /Hutch\+\+/);
  assert.match(explain("trace", A, { dense: { below: 2000 } }), /all unit vectors/);
  // What is structured does not switch at all.
  const D = diagonal(new Float64Array(2 ** 20).fill(2));
  assert.match(explain("solve", D), /: diagonal/);
  assert.equal(solve(D, new Float64Array(2 ** 20).fill(1))[7], 0.5);
});
