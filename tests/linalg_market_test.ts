import assert from "node:assert/strict";
import {
  cholesky,
  cond,
  det,
  diag,
  eig,
  exp,
  inv,
  isqrt,
  type LinearOperator,
  log,
  lstsq,
  lu,
  norm,
  pinv,
  pow,
  product,
  qr,
  scale,
  slogdet,
  solve,
  sqrt,
  svd,
  trace,
} from "../src/linalg/mod.ts";
import { inField } from "../src/linalg/scalar.ts";
import { Random } from "../src/program/random.ts";
import { golden } from "./golden/golden.ts";
import {
  adjointOf,
  assertMatrix,
  assertNear,
  type Complex,
  detOf,
  expOf,
  flat,
  fromTree,
  identityOf,
  type MarketEntry,
  multiply,
  normals,
  type Rows,
  rowsOf,
} from "./linalg.ts";

const { operators } = golden<{ operators: MarketEntry[] }>("operator_market");

/** Direct answers in float64, and those of iterations. */
const DIRECT = 1e-10, ITERATIVE = 3e-5;

const market = operators.map(({ name, annotations, tree }) => {
  const { operator, matrix } = fromTree(tree);
  return { name, A: operator.annotate(...annotations), M: matrix };
});
const square = market.filter(({ A }) => A.isSquare);
const isRegular = (M: Rows): boolean => detOf(M).logabs > -Infinity;

function vector(A: LinearOperator, seed: number): Float64Array<ArrayBuffer> {
  return normals(new Random(seed), A.cols * (A.field === "complex" ? 2 : 1));
}

function times(M: Rows, x: Float64Array, complex: boolean): number[] {
  const column = M[0].map((_, j): [Complex] => [complex ? [x[2 * j], x[2 * j + 1]] : [x[j], 0]]);
  return multiply(M, column).flatMap(([[re, im]]) => complex ? [re, im] : [re]);
}

Deno.test("the market's operators apply as their matrices do, and so do adjoints and transposes", () => {
  for (const { name, A, M } of market) {
    const complex = A.field === "complex", x = vector(A, 1);
    assertNear(A.apply(x), times(M, x, complex), 1e-13, name);
    const y = normals(new Random(2), A.rows * (complex ? 2 : 1));
    assertNear(A.applyAdjoint(y), times(adjointOf(M), y, complex), 1e-13, `${name}, adjoint`);
    assertMatrix(A, M, 1e-14, name);
    assertMatrix(A.adjoint(), adjointOf(M), 1e-14, `${name}, adjoint`);
    assertMatrix(A.transpose(), adjointOf(M, false), 1e-14, `${name}, transpose`);
  }
});

Deno.test("solve and inv on the market, by structure and by iterations", () => {
  for (const { name, A, M } of square.filter(({ M }) => isRegular(M))) {
    const x = vector(A, 3), b = A.apply(x);
    assertNear(solve(A, b), x, DIRECT, name);
    assertMatrix(product(inv(A), A), identityOf(M.length), DIRECT, name);
    assertNear(inv(A).applyAdjoint(A.adjoint().apply(x)), x, DIRECT, `${name}, adjoint`);
    assertNear(solve(A, b, { dense: { below: 0 } }), x, ITERATIVE, `${name}, without dense matrices`);
  }
});

Deno.test("pseudo-inverses on the market fulfil the conditions of Moore and Penrose", () => {
  for (const { name, A, M } of market) {
    const P = rowsOf(pinv(A).toDense()), MP = multiply(M, P), PM = multiply(P, M);
    assertNear(flat(multiply(MP, M)), flat(M), DIRECT, `${name}: APA = A`);
    assertNear(flat(multiply(PM, P)), flat(P), DIRECT, `${name}: PAP = P`);
    assertNear(flat(adjointOf(MP)), flat(MP), DIRECT, `${name}: (AP)ᴴ = AP`);
    assertNear(flat(adjointOf(PM)), flat(PM), DIRECT, `${name}: (PA)ᴴ = PA`);
    const b = A.apply(vector(A, 4));
    assertNear(A.apply(lstsq(A, b, { dense: { below: 0 } })), b, ITERATIVE, `${name}: LSMR`);
  }
});

Deno.test("determinants, traces and diagonals on the market", () => {
  for (const { name, A, M } of square) {
    const want = detOf(M), got = slogdet(A), { value, imaginary } = det(A);
    if (want.logabs === -Infinity) {
      // Zero but for rounding: far below what entries of that size could span.
      const most = M.length * Math.log(Math.hypot(...flat(M)));
      assert.ok(got.logabs < most - 30, `${name}: log|det| of a singular matrix`);
    } else {
      assert.ok(Math.abs(got.logabs - want.logabs) < 1e-9, `${name}: log|det|`);
      assertNear(inField(got.sign, A.field, "complex"), want.sign, DIRECT, `${name}: sign`);
    }
    const size = Math.exp(want.logabs);
    if (size < 1e100) {
      assertNear([value, imaginary], want.sign.map((v) => v * size), DIRECT, name);
    }
    const diagonal = M.map((row, i) => row[i]), sum = diagonal.reduce(([a, b], [c, d]) => [a + c, b + d]);
    const made = trace(A);
    assert.ok(
      Math.hypot(made.value - sum[0], made.imaginary - sum[1]) < 1e-10 * Math.max(1, Math.hypot(...sum)),
      `${name}: trace`,
    );
    assert.equal(made.standardError, 0);
    assertNear(inField(diag(A), A.field, "complex"), diagonal.flat(), 1e-12, `${name}: diag`);
  }
});

Deno.test("eigenvalues and eigenvectors on the market", () => {
  for (const { name, A, M } of square) {
    const { values, field, vectors } = eig(A), V = rowsOf(vectors.toDense());
    const pairs = inField(values, field, "complex");
    const scaled = V.map((row) =>
      row.map(([re, im], j): Complex => {
        const [a, b] = [pairs[2 * j], pairs[2 * j + 1]];
        return [re * a - im * b, re * b + im * a];
      })
    );
    assertNear(flat(multiply(M, V)), flat(scaled), DIRECT, `${name}: AV = VΛ`);
    if (vectors.is("Unitary")) {
      assertNear(flat(multiply(adjointOf(V), V)), flat(identityOf(M.length)), 1e-12, name);
    }
    if (A.is("SelfAdjoint")) assert.equal(field, "real", name);
  }
});

Deno.test("singular values and norms on the market", () => {
  for (const { name, A, M } of market) {
    const { U, S, V } = svd(A), u = rowsOf(U.toDense()), v = rowsOf(V.toDense());
    const us = u.map((row) => row.map(([re, im], j): Complex => [re * S[j], im * S[j]]));
    assertNear(flat(multiply(us, adjointOf(v))), flat(M), DIRECT, `${name}: USVᴴ = A`);
    assertNear(flat(multiply(adjointOf(u), u)), flat(identityOf(S.length)), 1e-12, `${name}: UᴴU = I`);
    assertNear(flat(multiply(adjointOf(v), v)), flat(identityOf(S.length)), 1e-12, `${name}: VᴴV = I`);
    assert.ok(S.every((s, i) => s >= 0 && (i === 0 || s <= S[i - 1])), `${name}: sorted`);
    const entries = flat(M), sizes = M.map((row) => row.map((z) => Math.hypot(...z)));
    assertNear([norm(A, "fro").value], [Math.hypot(...entries)], DIRECT, `${name}: Frobenius`);
    assertNear([norm(A, 2).value], [S[0]], DIRECT, `${name}: 2`);
    assertNear(
      [norm(A, "inf").value],
      [Math.max(...sizes.map((row) => row.reduce((a, b) => a + b)))],
      DIRECT,
      `${name}: ∞`,
    );
    const columns = sizes[0].map((_, j) => sizes.reduce((sum, row) => sum + row[j], 0));
    assertNear([norm(A, 1).value], [Math.max(...columns)], DIRECT, `${name}: 1`);
    const least = S[S.length - 1];
    if (least > 1e-12) assertNear([cond(A)], [S[0] / least], DIRECT, `${name}: condition`);
  }
});

Deno.test("Cholesky, LU and QR on the market", () => {
  for (const { name, A, M } of market) {
    if (A.is("PSD")) {
      const L = rowsOf(cholesky(A).toDense());
      assertNear(flat(multiply(L, adjointOf(L))), flat(M), DIRECT, `${name}: LLᴴ = A`);
      assert.ok(L.every((row, i) => row.every((z, j) => j <= i || Math.hypot(...z) === 0)), `${name}: lower`);
    }
    if (A.isSquare) {
      const { P, L, U } = lu(A), [p, l, u] = [P, L, U].map((part) => rowsOf(part.toDense()));
      assertNear(flat(multiply(p, M)), flat(multiply(l, u)), DIRECT, `${name}: PA = LU`);
      assert.ok(l.every((row, i) => row.every((z, j) => j <= i || Math.hypot(...z) === 0)), `${name}: L`);
      assert.ok(u.every((row, i) => row.every((z, j) => j >= i || Math.hypot(...z) === 0)), `${name}: U`);
    }
    const { Q, R } = qr(A), q = rowsOf(Q.toDense()), r = rowsOf(R.toDense());
    assertNear(flat(multiply(q, r)), flat(M), DIRECT, `${name}: QR = A`);
    assertNear(flat(multiply(adjointOf(q), q)), flat(identityOf(q[0].length)), 1e-12, `${name}: QᴴQ = I`);
  }
});

Deno.test("exponentials, logarithms, roots and powers on the market", () => {
  for (const { name, A, M } of square) {
    const size = Math.hypot(...flat(M)),
      small = M.map((row) => row.map(([re, im]): Complex => [re / size, im / size]));
    if (M.length < 60) assertMatrix(exp(scale(1 / size, A)), expOf(small), 1e-12, `${name}: exp, scaled`);
    if (size < 100) assertMatrix(exp(A), expOf(M), 1e-9, `${name}: exp`);
    if (!isRegular(M)) continue;
    const root = rowsOf(sqrt(A).toDense());
    assertNear(flat(multiply(root, root)), flat(M), DIRECT, `${name}: sqrt`);
    const inverse = rowsOf(isqrt(A).toDense());
    assertNear(
      flat(multiply(multiply(inverse, inverse), M)),
      flat(identityOf(M.length)),
      1e-9,
      `${name}: isqrt`,
    );
    const back = M.length < 60 ? expOf(rowsOf(log(A).toDense())) : rowsOf(exp(log(A)).toDense());
    assertNear(flat(back), flat(M), 1e-9, `${name}: exp(log)`);
    assertMatrix(pow(A, 3), multiply(M, multiply(M, M)), DIRECT, `${name}: cube`);
    assertMatrix(product(pow(A, -2), A, A), identityOf(M.length), 1e-9, `${name}: negative powers`);
    const third = rowsOf(pow(A, 1 / 3).toDense());
    assertNear(flat(multiply(third, multiply(third, third))), flat(M), 1e-9, `${name}: third root`);
  }
});
