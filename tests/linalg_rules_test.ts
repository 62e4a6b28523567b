import assert from "node:assert/strict";
import {
  applyFunction,
  circulant,
  cond,
  ConvergenceError,
  defaultRules,
  dense,
  det,
  diagonal,
  eig,
  eigvals,
  exp,
  explain,
  householder,
  identity,
  inv,
  kron,
  kronSum,
  logdet,
  lowRankUpdate,
  lstsq,
  operatorFrom,
  permutation,
  pinv,
  plan,
  pow,
  product,
  type Rule,
  RuleSet,
  scale,
  slogdet,
  solve,
  sqrt,
  sum,
  toeplitz,
  trace,
  tridiagonal,
} from "../src/linalg/mod.ts";
import { Random } from "../src/program/random.ts";
import {
  assertMatrix,
  assertNear,
  flat,
  identityOf,
  multiply,
  normals,
  randomDense,
  randomPositive,
  rowsOf,
} from "./linalg.ts";

const random = new Random(8);

Deno.test("rules of one's own come first, and change nothing elsewhere", () => {
  const mine: Rule<"trace"> = {
    name: "mine",
    of: "trace",
    why: "because I say so",
    applies: (A) => A.kind === "User" || "it is not mine",
    cost: () => 1,
    run: () => ({ value: 42, imaginary: 0, standardError: 0 }),
  };
  const rules = defaultRules.extend([mine]), A = operatorFrom({ rows: 3, cols: 3, apply: (x) => x });
  assert.equal(trace(A, { rules }).value, 42);
  assert.equal(trace(A).value, 3);
  assert.equal(trace(kron(A, identity(2)), { rules }).value, 84, "parts are asked with the same rules");
  assert.match(explain("trace", A, { rules }), /mine, about 1 multiply-adds\n {2}because: because I say so/);
  assert.match(explain("trace", dense([[1]]), { rules }), /refused: mine: it is not mine/);
  assert.equal(defaultRules.rules.includes(mine), false);
  assert.throws(() => new RuleSet([{} as Rule<"trace">]), /a rule needs applies, cost and run/);
  assert.throws(() => trace(A, { rules: new RuleSet([]) }), /no rule applies \(there is none for its type\)/);
});

Deno.test("an operator and a rule of one's own solve together", () => {
  // A shift around a circle, whose inverse is the shift back.
  const shift = (by: number) =>
    operatorFrom({
      rows: 8,
      cols: 8,
      kind: `Shift${by}`,
      apply: (x) => x.map((_, i) => x[(i + by + 8) % 8]),
      applyAdjoint: (y) => y.map((_, i) => y[(i - by + 8) % 8]),
      cost: 0,
    });
  const back: Rule<"inv"> = {
    name: "shift back",
    of: "inv",
    why: "a shift is undone by the opposite one",
    applies: (A) => A.kind.startsWith("Shift") || "it is no shift",
    cost: () => 0,
    run: (A) => shift(-Number(A.kind.slice(5))),
  };
  const rules = defaultRules.extend([back]),
    A = product(shift(3), diagonal([1, 2, 3, 4, 5, 6, 7, 8])),
    x = normals(random, 8);
  assertNear(solve(A, A.apply(x), { rules }), x, 1e-15);
  assert.equal(inv(shift(3), { rules }).kind, "Shift-3");
});

Deno.test("explain is a tree with costs, reasons and refusals; plan is its data", () => {
  const P = randomPositive(random, 4), A = kron(P, product(diagonal([1, 2]), permutation([1, 0])));
  const text = explain("solve", A), { rule, parts, cost } = plan("solve", A);
  assert.equal(rule, "Kronecker product factor by factor");
  assert.deepEqual(parts.map((part) => part.rule), ["dense Cholesky", "product in the opposite order"]);
  assert.ok(cost > 0 && cost === parts.reduce((sum, part) => sum + part.cost, 0));
  assert.match(
    text,
    /^solve of 8×8 Kronecker operator: Kronecker product factor by factor, about \d+ multiply-adds/,
  );
  assert.match(text, /\n {2}inv of 4×4 Dense operator \[SelfAdjoint, PSD\]: dense Cholesky/);
  assert.match(
    text,
    /\n {4}inv of 2×2 Permutation operator \[SelfAdjoint, Unitary, Stiefel\]: unitary, about 0/,
  );
  assert.match(explain("det", dense([[1, 2]])), /not square/);
  assert.match(explain(Math.cbrt, A), /^cbrt of/);
  assert.throws(() => explain("nonsense" as "solve", A), /it is no function of operators/);
});

Deno.test("Woodbury and the determinant lemma, for updates of symmetric and of other bases", () => {
  const n = 30, U = randomDense(random, n, 2), V = randomDense(random, n, 2), C = randomDense(random, 2, 2);
  const bases = [
    diagonal(normals(random, n).map((v) => 2 + v * v)),
    tridiagonal(new Array(n - 1).fill(-1), new Array(n).fill(3), new Array(n - 1).fill(0.5)),
    kron(identity(15), dense([[2, 1], [0, 3]])),
  ];
  for (const base of bases) {
    for (const A of [lowRankUpdate(base, { left: U }), lowRankUpdate(base, { left: U, core: C, right: V })]) {
      assert.equal(plan("solve", A).rule, "Woodbury");
      assert.equal(plan("logdet", A).rule, "determinant lemma");
      const D = dense(A.toDense()), x = normals(random, n);
      assertNear(solve(A, A.apply(x)), x, 1e-10, String(A));
      assertNear(inv(A).applyAdjoint(A.applyAdjoint(x)), x, 1e-10, String(A));
      const got = slogdet(A), want = slogdet(D);
      assert.ok(Math.abs(got.logabs - want.logabs) < 1e-9 && got.sign[0] === want.sign[0], String(A));
    }
  }
  const singular = lowRankUpdate(identity(3), { left: dense([[1], [0], [0]]), core: dense([[-1]]) });
  assert.throws(() => inv(singular, { dense: { below: 0 } }), /singular/);
});

Deno.test("a Gaussian process on a grid of 100,000 points: solve and log-determinant by eigenvectors of the factors", () => {
  const kernel = (n: number) =>
    toeplitz(Float64Array.from({ length: n }, (_, k) => Math.exp(-0.5 * (k / 3) ** 2))).annotate("PSD");
  const A = sum(kron(kernel(100), kernel(100), kernel(10)), scale(0.1, identity(100_000)));
  assert.equal(plan("solve", A).rule, "eigenvectors of the parts");
  const x = normals(random, 100_000), b = A.apply(x);
  assertNear(solve(A, b), x, 1e-9);
  assert.ok(logdet(A) < 0);
});

Deno.test("Poisson on a grid is solved by the eigenvectors of lines, not symmetric ones too", () => {
  const line = tridiagonal(new Array(19).fill(-1), new Array(20).fill(2)),
    slanted = tridiagonal(
      new Array(19).fill(-1.2),
      new Array(20).fill(2.1),
      new Array(19).fill(-0.8),
    );
  for (
    const A of [
      kronSum(line, line),
      kronSum(line, slanted),
      sum(kronSum(line, slanted), scale(0.5, identity(400))),
    ]
  ) {
    assert.equal(plan("solve", A).rule, "eigenvectors of the parts");
    const x = normals(random, 400);
    assertNear(solve(A, A.apply(x)), x, 1e-9);
    assert.equal(inv(A).field, "real");
    const got = slogdet(A), want = slogdet(dense(A.toDense()));
    assert.ok(Math.abs(got.logabs - want.logabs) < 1e-8 && got.sign[0] === want.sign[0]);
  }
  // Rotations have complex eigenvalues; the inverse is real all the same.
  const turned = kronSum(dense([[1, -2], [2, 1]]), dense([[3, 1], [-1, 3]])), x = normals(random, 4);
  assertNear(solve(turned, turned.apply(x)), x, 1e-12);
  assert.equal(inv(turned).field, "real");
  assertMatrix(product(sqrt(turned), sqrt(turned)), rowsOf(turned.toDense()), 1e-12);
});

Deno.test("Toeplitz systems of 3000 rows by preconditioned iterations: positive definite, symmetric, any", () => {
  const n = 3000, decay = Float64Array.from({ length: n }, (_, k) => 0.7 ** k), x = normals(random, n);
  const positive = toeplitz(decay).annotate("PSD"),
    symmetric = toeplitz(decay.map((v, k) => k === 0 ? 1.5 : v * (k % 2 ? 1 : -1)));
  const any = toeplitz(decay, decay.map((v, k) => v * Math.cos(k)));
  for (const A of [positive, symmetric, any]) {
    assert.equal(plan("solve", A).rule, "Toeplitz by preconditioned iterations");
    assertNear(solve(A, A.apply(x)), x, 1e-8);
  }
  assert.match(
    explain("solve", toeplitz(decay.slice(0, 100))),
    /refused: Toeplitz by preconditioned iterations: it has 100 rows/,
  );
});

Deno.test("what is large and without structure is solved by the iteration that its annotations allow", () => {
  const n = 1500, line = tridiagonal(new Array(n - 1).fill(-1), new Array(n).fill(3));
  const wrapped = (annotations: ("PSD" | "SelfAdjoint")[]) =>
    operatorFrom({
      rows: n,
      cols: n,
      apply: (x) => line.apply(x),
      applyAdjoint: (y) => line.applyAdjoint(y),
      annotations,
    });
  const x = normals(random, n);
  for (const annotations of [["PSD"], ["SelfAdjoint"], []] as ("PSD" | "SelfAdjoint")[][]) {
    const A = wrapped(annotations), seen: number[] = [];
    assertNear(solve(A, A.apply(x), { onProgress: ({ iteration }) => seen.push(iteration) }), x, 1e-8);
    assert.ok(seen.length > 3);
    const { value, standardError } = trace(A, { samples: 60, seed: 2 });
    assert.ok(Math.abs(value - 3 * n) <= 6 * standardError + 1e-6);
  }
  const hard = wrapped(["PSD"]), b = hard.apply(x);
  assert.throws(
    () => solve(hard, b, { maxIterations: 2 }),
    (error) =>
      error instanceof ConvergenceError &&
      /conjugate gradients did not converge; the relative residual is/.test(error.message) &&
      error.x.length === n && error.residual > 1e-10 && error.iterations === 2,
  );
  const controller = new AbortController();
  assert.throws(
    () =>
      solve(hard, b, { signal: controller.signal, onProgress: () => controller.abort(new Error("enough")) }),
    /enough/,
  );
  assertNear(solve(hard, b, { preconditioner: inv(line) }), x, 1e-9);
});

Deno.test("functions of operators keep structure: exponentials of Kronecker sums, roots of Kronecker products", () => {
  const P = randomPositive(random, 3), Q = randomPositive(random, 4), B = dense([[0, 1], [0, 0]]);
  const E = exp(kronSum(scale(0.1, P), B)); // B is defective
  assert.equal(E.kind, "Kronecker");
  assertMatrix(E, rowsOf(kron(exp(scale(0.1, P)), dense([[1, 1], [0, 1]])).toDense()), 1e-12);
  const R = sqrt(kron(P, Q));
  assert.equal(R.kind, "Kronecker");
  assertMatrix(product(R, R), rowsOf(kron(P, Q).toDense()), 1e-12);
  const C = circulant([4, 1, 0, 1]);
  assert.equal(exp(C).kind, "Circulant");
  assertMatrix(exp(C), rowsOf(exp(dense(C.toDense())).toDense()), 1e-12);
  assert.equal(inv(C).kind, "Circulant");
  assertMatrix(applyFunction((x) => 1 / (1 + x), P), rowsOf(inv(sum(P, identity(3))).toDense()), 1e-12);
  assert.throws(
    () => applyFunction((x) => x, dense([[0, -1], [1, 0]])),
    /complex eigenvalues, and the function is given for real ones only/,
  );
  assert.throws(() => pow(dense([[1, 2], [2, 4]]).annotate("PSD"), -0.5), /not finite at the eigenvalue/);
  assertMatrix(product(pow(P, 1.5), pow(P, -1.5)), identityOf(3), 1e-12);
  // Negative eigenvalues have complex roots.
  const root = sqrt(diagonal([-4, 9]));
  assert.equal(root.field, "complex");
  assertMatrix(product(root, root), rowsOf(diagonal([-4, 9]).toDense()), 1e-15);
});

Deno.test("eigenvalues of defective operators alone, and conditions", () => {
  const jordan = dense([[2, 1], [0, 2]]);
  assert.throws(() => eig(jordan), /defective or nearly so/);
  assertNear(eigvals(jordan).values, [2, 2], 1e-7);
  assert.equal(cond(diagonal([1, 0])), Infinity);
  assertNear([cond(kron(diagonal([1, 10]), diagonal([1, 5])))], [50], 1e-14);
  assertNear([cond(dense([[1, 2], [3, 4]]), 1)], [21], 1e-12);
  assert.equal(cond(dense([[1, 2], [2, 4]]), 1), Infinity);
  const { value, imaginary } = det(householder([1, 2, 2]));
  assert.ok(Math.abs(value + 1) < 1e-15 && imaginary === 0);
});

Deno.test("the cyclic trace of products with a small size in the middle", () => {
  const U = randomDense(random, 2000, 3), V = randomDense(random, 2000, 3), A = product(U, V.adjoint());
  assert.equal(plan("trace", A).rule, "cyclic trace");
  const u = U.toDense().values, v = V.toDense().values;
  assertNear([trace(A).value], [u.reduce((s, x, i) => s + x * v[i], 0)], 1e-11);
});

Deno.test("least squares of tall, wide and rank-deficient operators", () => {
  for (const [rows, cols] of [[9, 4], [4, 9]]) {
    const A = randomDense(random, rows, cols), b = normals(random, rows), x = lstsq(A, b);
    assertNear(x, pinv(A).apply(b), 1e-12);
    const gradient = A.applyAdjoint(A.apply(x).map((v, i) => v - b[i]));
    assert.ok(Math.hypot(...gradient) < 1e-12);
  }
  const low = product(randomDense(random, 6, 2), randomDense(random, 2, 5)), M = rowsOf(low.toDense());
  const P = rowsOf(pinv(low).toDense());
  assertNear(flat(multiply(multiply(M, P), M)), flat(M), 1e-10);
});
