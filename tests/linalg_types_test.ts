import assert from "node:assert/strict";
import fc from "fast-check";
import { Butterfly, butterflyPatterns, Chain, OrthogonalButterfly } from "../src/mod.ts";
import {
  blockDiag,
  circulant,
  concat,
  conjugated,
  convolution,
  dense,
  diag,
  diagonal,
  eig,
  fft,
  fromOperator,
  fromTriplets,
  householder,
  identity,
  inv,
  kron,
  kronSum,
  type LinearOperator,
  lowRank,
  lowRankUpdate,
  operatorFrom,
  permutation,
  product,
  scalar,
  scale,
  slice,
  slogdet,
  sum,
  svd,
  toeplitz,
  trace,
  triangular,
  tridiagonal,
  zero,
} from "../src/linalg/mod.ts";
import { inField } from "../src/linalg/scalar.ts";
import { Random } from "../src/program/random.ts";
import {
  add,
  adjointOf,
  assertMatrix,
  assertNear,
  type Complex,
  detOf,
  flat,
  identityOf,
  kronOf,
  multiply,
  normals,
  randomDense,
  randomPositive,
  type Rows,
  rowsOf,
} from "./linalg.ts";

const random = new Random(11);
const numbers = (n: number, complex: boolean): Float64Array<ArrayBuffer> =>
  normals(random, n * (complex ? 2 : 1));
const complexOf = (x: Float64Array<ArrayBuffer>, field: "real" | "complex"): Complex[] => {
  const pairs = inField(x, field, "complex");
  return Array.from({ length: pairs.length / 2 }, (_, i): Complex => [pairs[2 * i], pairs[2 * i + 1]]);
};
const build = (rows: number, cols: number, entry: (i: number, j: number) => Complex): Rows =>
  Array.from({ length: rows }, (_, i) => Array.from({ length: cols }, (_, j) => entry(i, j)));

/** Operators of all types, of either field, each with its matrix from the definition. */
function types(complex: boolean): { name: string; A: LinearOperator; M: Rows }[] {
  const field = complex ? "complex" as const : "real" as const, n = 6;
  const D = randomDense(random, 4, 6, complex),
    S = randomDense(random, 3, 3, complex),
    E = randomDense(random, 2, 3, complex);
  const d = numbers(n, complex), dz = complexOf(d, field);
  const column = numbers(n, complex),
    row = numbers(4, complex),
    c = complexOf(column, field),
    r = complexOf(row, field);
  const low = numbers(n - 1, complex),
    high = numbers(n - 1, complex),
    l = complexOf(low, field),
    h = complexOf(high, field);
  const v = numbers(n, complex), vz = complexOf(v, field), size = v.reduce((s, x) => s + x * x, 0);
  const index = [2, 0, 5, 1, 4, 3];
  const U = randomDense(random, 6, 2, complex),
    V = randomDense(random, 5, 2, complex),
    C = randomDense(random, 2, 2, complex);
  const m = (A: LinearOperator): Rows => rowsOf(A.toDense());
  const entries: [number, number, number | Complex][] = [
    [0, 1, 2],
    [3, 4, -1],
    [2, 0, complex ? [1, 2] : 5],
    [0, 1, 1],
  ];
  const sparse = build(4, 5, (i, j) =>
    entries.reduce<Complex>((s, [a, b, x]) => {
      const [re, im] = typeof x === "number" ? [x, 0] : x;
      return a === i && b === j ? [s[0] + re, s[1] + im] : s;
    }, [0, 0]));
  const factor = Chain.random([{ a: 2, b: 3, c: 2, d: 2 }, { a: 3, b: 2, c: 2, d: 2 }], { field, seed: 4 });
  const kernel = complexOf(column, field).slice(0, 3), k = column.slice(0, complex ? 6 : 3);
  const Sm = m(S), Em = m(E), Dm = m(D);
  return [
    { name: "Dense", A: D, M: rowsOf({ ...D.toDense() }) },
    {
      name: "Triangular",
      A: triangular(S.toDense(), { lower: false }),
      M: Sm.map((line, i) => line.map((x, j): Complex => j >= i ? x : [0, 0])),
    },
    { name: "Diagonal", A: diagonal(d, field), M: build(n, n, (i, j) => i === j ? dz[i] : [0, 0]) },
    { name: "Identity", A: identity(n, field), M: identityOf(n) },
    { name: "Zero", A: zero(3, 5, field), M: build(3, 5, () => [0, 0]) },
    {
      name: "ScalarMul",
      A: scalar(n, complex ? [2, -1] : 2, field),
      M: identityOf(n, complex ? [2, -1] : [2, 0]),
    },
    {
      name: "Tridiagonal",
      A: tridiagonal(low, d, high, field),
      M: build(n, n, (i, j) => i === j ? dz[i] : i === j + 1 ? l[j] : j === i + 1 ? h[i] : [0, 0]),
    },
    {
      name: "Permutation",
      A: permutation(index, field),
      M: build(n, n, (i, j) => [index[i] === j ? 1 : 0, 0]),
    },
    {
      name: "Householder",
      A: householder(v, undefined, field),
      M: build(n, n, (i, j) => {
        const re = vz[i][0] * vz[j][0] + vz[i][1] * vz[j][1], im = vz[i][1] * vz[j][0] - vz[i][0] * vz[j][1];
        return [(i === j ? 1 : 0) - 2 / size * re, -2 / size * im];
      }),
    },
    { name: "Sparse", A: fromTriplets(4, 5, entries, field), M: sparse },
    { name: "Circulant", A: circulant(column, field), M: build(n, n, (i, j) => c[(i - j + n) % n]) },
    {
      name: "Toeplitz",
      A: toeplitz(column, row, field),
      M: build(n, 4, (i, j) => i >= j ? c[i - j] : r[j - i]),
    },
    {
      name: "convolution, full",
      A: convolution(k, 5, { mode: "full", field }),
      M: build(7, 5, (i, j) => kernel[i - j] ?? [0, 0]),
    },
    {
      name: "convolution, same",
      A: convolution(k, 5, { field }),
      M: build(5, 5, (i, j) => kernel[i + 1 - j] ?? [0, 0]),
    },
    {
      name: "convolution, valid",
      A: convolution(k, 5, { mode: "valid", field }),
      M: build(3, 5, (i, j) => kernel[i + 2 - j] ?? [0, 0]),
    },
    {
      name: "convolution, circular",
      A: convolution(k, 5, { mode: "circular", field }),
      M: build(5, 5, (i, j) => kernel[(i - j + 5) % 5] ?? [0, 0]),
    },
    { name: "Product", A: product(E, S), M: multiply(Em, Sm) },
    { name: "Product of real and complex", A: product(randomized, S), M: multiply(m(randomized), Sm) },
    {
      name: "Sum",
      A: sum(S, scale(complex ? [0, 2] : -3, S), identity(3)),
      M: add(add(Sm, Sm, complex ? [0, 2] : [-3, 0]), identityOf(3)),
    },
    {
      name: "Scaled",
      A: scale([0.5, -2], S),
      M: Sm.map((line) => line.map(([a, b]): Complex => [a * 0.5 + 2 * b, b * 0.5 - 2 * a])),
    },
    { name: "Kronecker", A: kron(E, D, S), M: kronOf(kronOf(Em, Dm), Sm) },
    {
      name: "Kronecker with an identity",
      A: kron(identity(2), E, identity(3)),
      M: kronOf(kronOf(identityOf(2), Em), identityOf(3)),
    },
    {
      name: "KronSum",
      A: kronSum(S, C, randomized),
      M: add(
        add(kronOf(Sm, identityOf(6)), kronOf(kronOf(identityOf(3), m(C)), identityOf(3))),
        kronOf(identityOf(6), m(randomized)),
      ),
    },
    {
      name: "BlockDiag",
      A: blockDiag(E, D, randomized),
      M: build(
        9,
        12,
        (i, j) =>
          i < 2 && j < 3
            ? Em[i][j]
            : i >= 2 && i < 6 && j >= 3 && j < 9
            ? Dm[i - 2][j - 3]
            : i >= 6 && j >= 9
            ? m(randomized)[i - 6][j - 9]
            : [0, 0],
      ),
    },
    {
      name: "Sliced",
      A: slice(kron(E, S), [5, 0, 0], [1, 8, 3, 1]),
      M: [5, 0, 0].map((i) => [1, 8, 3, 1].map((j) => kronOf(Em, Sm)[i][j])),
    },
    { name: "Concatenated below", A: concat([E, S, randomized], 0), M: [...Em, ...Sm, ...m(randomized)] },
    {
      name: "Concatenated beside",
      A: concat([S, randomized], 1),
      M: Sm.map((line, i) => [...line, ...m(randomized)[i]]),
    },
    {
      name: "LowRank",
      A: lowRank({ left: U, core: C, right: V }),
      M: multiply(multiply(m(U), m(C)), adjointOf(m(V))),
    },
    {
      name: "low-rank update",
      A: lowRankUpdate(diagonal(d, field), { left: U }),
      M: add(build(n, n, (i, j) => i === j ? dz[i] : [0, 0]), multiply(m(U), adjointOf(m(U)))),
    },
    { name: "chain", A: fromOperator(factor), M: chainMatrix(factor) },
    {
      name: "User",
      A: operatorFrom({
        rows: 4,
        cols: 6,
        field,
        apply: (x) => D.apply(x),
        applyAdjoint: (y) => D.applyAdjoint(y),
      }),
      M: Dm,
    },
    {
      name: "User without adjoint",
      A: operatorFrom({ rows: 4, cols: 6, field, apply: (x) => D.apply(x) }),
      M: Dm,
    },
  ];
}

const randomized = randomDense(random, 3, 3, false);

/** The product of a chain's factors, written out. */
function chainMatrix(chain: Chain): Rows {
  const unit = chain.field === "complex" ? 2 : 1;
  return chain.patterns.map(({ a, b, c, d }, f) =>
    build(a * b * d, a * c * d, (i, j) => {
      const same = i % d === j % d && Math.floor(i / (b * d)) === Math.floor(j / (c * d));
      if (!same) return [0, 0];
      const at = ((Math.floor(i / (b * d)) * b + Math.floor(i / d) % b) * c + Math.floor(j / d) % c) * d +
        i % d;
      const w = chain.factors[f];
      return unit === 1 ? [w[at], 0] : [w[2 * at], w[2 * at + 1]];
    })
  ).reduce((all, factor) => multiply(factor, all));
}

for (const complex of [false, true]) {
  Deno.test(`every ${complex ? "complex" : "real"} type is its matrix, and so are adjoint, transpose and conjugate`, () => {
    for (const { name, A, M } of types(complex)) {
      assertMatrix(A, M, 1e-13, name);
      assertMatrix(A.adjoint(), adjointOf(M), 1e-13, `${name}, adjoint`);
      assertMatrix(A.transpose(), adjointOf(M, false), 1e-13, `${name}, transpose`);
      assertMatrix(conjugated(A), adjointOf(adjointOf(M), false), 1e-13, `${name}, conjugate`);
      assert.equal(A.adjoint().adjoint(), A, `${name}: the adjoint of the adjoint`);
      // Several vectors at once, and into an array that is there.
      const unit = A.field === "complex" ? 2 : 1, x = numbers(3 * A.cols, unit === 2), y = A.apply(x);
      const out = new Float64Array(y.length).fill(NaN);
      assert.equal(A.apply(x, out), out);
      assertNear(out, y, 0, name);
      const width = A.cols * unit;
      assertNear(y.slice(A.rows * unit, 2 * A.rows * unit), A.apply(x.slice(width, 2 * width)), 1e-13, name);
      // ⟨Ax, y⟩ = ⟨x, Aᴴy⟩
      const g = numbers(3 * A.rows, unit === 2), back = A.applyAdjoint(g);
      const dot = (a: Float64Array, b: Float64Array): number => a.reduce((s, v, i) => s + v * b[i], 0);
      assert.ok(
        Math.abs(dot(y, g) - dot(x, back)) < 1e-11 * Math.sqrt(dot(y, y) * dot(g, g)) + 1e-12,
        `${name}: ⟨Ax, y⟩`,
      );
      assert.ok(A.cost >= 0 && A.parameters >= 0 && Number.isFinite(A.cost), `${name}: cost`);
      assert.match(A.describe(), new RegExp(`${A.rows}×${A.cols}`));
    }
  });

  Deno.test(`determinant, trace, diagonal and inverse of every square ${complex ? "complex" : "real"} type`, () => {
    for (const { name, A, M } of types(complex).filter(({ A }) => A.isSquare)) {
      const diagonalOf = M.map((row, i) => row[i]), { value, imaginary } = trace(A);
      assertNear(inField(diag(A), A.field, "complex"), diagonalOf.flat(), 1e-12, `${name}: diag`);
      const want = diagonalOf.reduce((a, b): Complex => [a[0] + b[0], a[1] + b[1]]);
      assert.ok(
        Math.hypot(value - want[0], imaginary - want[1]) < 1e-12 * (1 + Math.hypot(...flat(M))),
        `${name}: trace`,
      );
      const { sign, logabs } = slogdet(A), det = detOf(M);
      if (det.logabs === -Infinity) {
        assert.equal(logabs, -Infinity, name);
        assert.throws(() => inv(A), /singular/, name);
        continue;
      }
      assert.ok(Math.abs(logabs - det.logabs) < 1e-9, `${name}: log|det|`);
      assertNear(inField(sign, A.field, "complex"), det.sign, 1e-9, `${name}: sign`);
      const inverse = rowsOf(inv(A).toDense());
      assertNear(flat(multiply(inverse, M)), flat(identityOf(M.length)), 1e-9, `${name}: A⁻¹A`);
      const x = numbers(A.rows, A.field === "complex");
      assertNear(inv(A).applyAdjoint(A.applyAdjoint(x)), x, 1e-9, `${name}: A⁻ᴴAᴴx`);
      assertNear(inv(A).transpose().apply(A.transpose().apply(x)), x, 1e-9, `${name}: A⁻ᵀAᵀx`);
    }
  });
}

Deno.test("what is seen of entries is annotated", () => {
  const is = (A: LinearOperator): string => A.annotations.join();
  assert.equal(is(dense([[1, 2], [2, 1]])), "SelfAdjoint");
  assert.equal(is(dense([[1, [0, 2]], [[0, -2], 1]])), "SelfAdjoint");
  assert.equal(is(dense([[1, [0, 2]], [[0, 2], 1]])), "");
  assert.equal(is(diagonal([1, 0])), "SelfAdjoint,PSD");
  assert.equal(is(diagonal([1, -1])), "SelfAdjoint,Unitary,Stiefel");
  assert.equal(is(diagonal([0, 1], "complex")), "Unitary,Stiefel");
  assert.equal(is(tridiagonal([1], [2, 3])), "SelfAdjoint");
  assert.equal(is(permutation([1, 0, 2])), "SelfAdjoint,Unitary,Stiefel");
  assert.equal(is(permutation([1, 2, 0])), "Unitary,Stiefel");
  assert.equal(is(householder([1, 2])), "SelfAdjoint,Unitary,Stiefel");
  assert.equal(is(householder([1, 2], 0.1)), "SelfAdjoint");
  assert.equal(is(fft(5)), "Unitary,Stiefel");
  assert.equal(is(fft(5, { normalized: false })), "");
  assert.equal(is(circulant([4, 1, 1])), "SelfAdjoint,PSD");
  assert.equal(is(circulant([0, 1, 1])), "SelfAdjoint");
  assert.equal(is(circulant([4, 1, 0])), "");
  assert.equal(is(toeplitz([2, 1])), "SelfAdjoint");
  assert.equal(is(identity(2)), "SelfAdjoint,PSD,Unitary,Stiefel");
  assert.equal(is(zero(2)), "SelfAdjoint,PSD");
  assert.equal(is(zero(2, 3)), "");
});

Deno.test("annotations of compositions are true: checked against their matrices", () => {
  const P = randomPositive(random, 3),
    Q = randomPositive(random, 3),
    H = dense([[0, 1, 2], [1, 0, 3], [2, 3, -1]]);
  const O = permutation([2, 0, 1]), B = randomDense(random, 3, 3), tall = slice(O, undefined, [0, 2]);
  const Z = randomPositive(random, 3, true), F = fft(3);
  const is = (A: LinearOperator): string => A.annotations.join();
  const cases: [LinearOperator, string][] = [
    [scale(-1, P), "SelfAdjoint"],
    [scale(2, P), "SelfAdjoint,PSD"],
    [scale([0, 1], P), ""],
    [scale([0, 1], F), "Unitary,Stiefel"],
    [scale(-1, O), "Unitary,Stiefel"],
    [scale(2, O), ""],
    [sum(P, Q), "SelfAdjoint,PSD"],
    [sum(P, scale(-1, Q)), "SelfAdjoint"],
    [sum(P, B), ""],
    [product(P, Q), ""],
    [product(B, B.adjoint()), "SelfAdjoint,PSD"],
    [product(B, P, B.adjoint()), "SelfAdjoint,PSD"],
    [product(B, H, B.adjoint()), "SelfAdjoint"],
    [product(H, H), "SelfAdjoint,PSD"],
    [product(O, F), "Unitary,Stiefel"],
    [product(O, tall), "Stiefel"],
    [kron(P, Q), "SelfAdjoint,PSD"],
    [kron(P, H), "SelfAdjoint"],
    [kron(O, F), "Unitary,Stiefel"],
    [kron(O, tall), "Stiefel"],
    [kronSum(P, Q), "SelfAdjoint,PSD"],
    [kronSum(P, H), "SelfAdjoint"],
    [blockDiag(P, Z), "SelfAdjoint,PSD"],
    [blockDiag(O, F), "Unitary,Stiefel"],
    [slice(P, [2, 0], [2, 0]), "SelfAdjoint,PSD"],
    [slice(kron(P, Q), [2, 0], [2, 1]), ""],
    [tall, "Stiefel"],
    [tall.adjoint(), ""],
    [P.transpose(), "SelfAdjoint,PSD"],
    [F.adjoint(), "Unitary,Stiefel"],
    [inv(P), "SelfAdjoint,PSD"],
    [lowRank({ left: tall, core: slice(P, [0, 1], [0, 1]) }), "SelfAdjoint,PSD"],
  ];
  for (const [A, want] of cases) {
    assert.equal(is(A), want, String(A));
    const M = rowsOf(A.toDense());
    if (A.is("SelfAdjoint")) assertNear(flat(adjointOf(M)), flat(M), 1e-12, String(A));
    if (A.is("Stiefel")) {
      assertNear(flat(multiply(adjointOf(M), M)), flat(identityOf(A.cols)), 1e-12, String(A));
    }
    if (A.is("PSD")) {
      const { values } = eig(dense(A.toDense()));
      assert.ok(values.every((v) => v > -1e-10), String(A));
    }
  }
});

Deno.test("what cannot be true is refused as an annotation, and what is annotated stays the same map", () => {
  assert.throws(
    () => dense([[1, 2], [3, 4]]).annotate("SelfAdjoint"),
    /Cannot annotate a 2×2 Dense operator SelfAdjoint/,
  );
  assert.throws(() => dense([[-1, 0], [0, 4]]).annotate("PSD"), /entry \(0, 0\) is -1, which is negative/);
  assert.throws(() => dense([[1, 2, 3]]).annotate("Unitary"), /not square/);
  assert.throws(() => dense([[1, 2, 3]]).annotate("Stiefel"), /more columns than rows/);
  assert.throws(() => diagonal([1, -1]).annotate("PSD"), /its entries say otherwise/);
  assert.throws(() => diagonal([1, 2]).annotate("Unitary"), /not of modulus 1/);
  assert.throws(() => dense([[1, 0], [0, 2]]).annotate("Unitary"), /the norm of column 1 is 2, not 1/);
  const A = kron(dense([[2, 1], [1, 2]]), dense([[2, 1], [1, 2]])), B = A.annotate("PSD");
  assert.equal(A.is("PSD"), false);
  assert.ok(B.is("PSD") && B.is("SelfAdjoint"));
  assert.deepEqual(B.toDense(), A.toDense());
  assert.deepEqual(B.apply(new Float64Array(4).fill(1)), A.apply(new Float64Array(4).fill(1)));
});

Deno.test("butterflies and chains become products of their factors: inverse and determinant are never dense", () => {
  for (const field of ["real", "complex"] as const) {
    const n = 16, map = Butterfly.random(n, { field, seed: 3 }), A = fromOperator(map);
    assert.equal(A.kind, "Product");
    assert.equal(A.children.length, 4);
    const inverse = inv(A);
    assert.ok(inverse.kind === "Product" && inverse.children.every(({ kind }) => kind === "Factor"));
    const M = rowsOf(A.toDense());
    assertNear(flat(multiply(rowsOf(inverse.toDense()), M)), flat(identityOf(n)), 1e-9, field);
    const { sign, logabs } = slogdet(A), want = detOf(M);
    assert.ok(Math.abs(logabs - want.logabs) < 1e-9);
    assertNear(inField(sign, field, "complex"), want.sign, 1e-9, field);
  }
  const large = fromOperator(OrthogonalButterfly.random(2 ** 14, { seed: 1 }));
  const x = normals(random, 2 ** 14);
  assertNear(inv(large).apply(large.apply(x)), x, 1e-12, "an inverse of 2¹⁴ points");
  assert.ok(Math.abs(slogdet(large).logabs) < 1e-3); // float32 weights
  const chain = fromOperator(Chain.random(butterflyPatterns(8), { seed: 1 }));
  assert.equal(inv(chain).children.length, 3);
});

Deno.test("rectangular butterflies are applied step by step, in float64", () => {
  const map = Butterfly.random(5, { rows: 7, seed: 2 }), A = fromOperator(map);
  assert.equal(A.kind, "Program");
  assertNear(rowsOf(A.toDense()).flatMap((row) => row.map(([v]) => v)), map.toDense(), 1e-6);
  const x = normals(random, 5), y = normals(random, 7);
  const dot = (a: Float64Array, b: Float64Array): number => a.reduce((s, v, i) => s + v * b[i], 0);
  assert.ok(Math.abs(dot(A.apply(x), y) - dot(x, A.applyAdjoint(y))) < 1e-14 * 20);
});

Deno.test("kernels in float32 inside give answers of float64 by refinement", () => {
  const map = OrthogonalButterfly.random(64, { seed: 5 }),
    rough = fromOperator(map, { precision: "float32" });
  const exact = fromOperator(map), x = normals(random, 64), b = exact.apply(x);
  assert.equal(rough.kind, "Kernels");
  assertNear(rough.apply(x), b, 1e-5);
  assertNear(inv(rough).apply(b), x, 1e-9);
  assert.ok(Math.abs(slogdet(rough).logabs - slogdet(exact).logabs) < 1e-12);
});

Deno.test("the algebra of Kronecker products, products and adjoints", () => {
  const size = fc.integer({ min: 1, max: 4 });
  fc.assert(
    fc.property(size, size, size, size, fc.integer(), fc.boolean(), (m, n, k, l, seed, complex) => {
      const r = new Random(seed), A = randomDense(r, m, n, complex), B = randomDense(r, k, l, complex);
      const C = randomDense(r, n, l),
        D = randomDense(r, l, m, complex),
        m1 = rowsOf(A.toDense()),
        m2 = rowsOf(B.toDense());
      const left = product(kron(A, B), kron(C, D));
      assertMatrix(
        left,
        kronOf(multiply(m1, rowsOf(C.toDense())), multiply(m2, rowsOf(D.toDense()))),
        1e-12,
        "(A⊗B)(C⊗D)",
      );
      assert.ok(
        left.kind !== "Product" || m * k === 1 || left.children.every(({ kind }) => kind !== "Kronecker"),
      );
      assertMatrix(
        product(A, C).adjoint(),
        multiply(adjointOf(rowsOf(C.toDense())), adjointOf(m1)),
        1e-12,
        "(AC)ᴴ",
      );
      const S = randomDense(r, m, m, complex), T = randomDense(r, k, k, complex);
      const s = slogdet(S), t = slogdet(T), both = slogdet(kron(S, T));
      assert.ok(Math.abs(both.logabs - k * s.logabs - m * t.logabs) < 1e-9, "det(A⊗B)");
      const R = randomDense(r, m, m, complex), x = normals(r, m * (complex ? 2 : 1));
      const inverse = inv(product(S, R)).apply(x), other = inv(R).apply(inv(S).apply(x));
      assertNear(inverse, other, 1e-12, "(SR)⁻¹ = R⁻¹S⁻¹");
    }),
    { numRuns: 60 },
  );
});

Deno.test("compositions simplify as they are built", () => {
  const A = randomDense(random, 3, 3),
    B = randomDense(random, 3, 3),
    I = identity(3),
    O = permutation([1, 2, 0]);
  assert.equal(product(I, A, I), A);
  assert.equal(product(A, product(B, A)).children.length, 3);
  assert.equal(product(diagonal([1, 2, 3]), diagonal([2, 2, 2])).kind, "Diagonal");
  assert.equal(product(O, O).kind, "Permutation");
  assert.equal(product(O, O.adjoint()).kind, "Identity");
  assert.equal(product(scale(2, A), scale(3, B)).kind, "Scaled");
  assert.equal(product(A, zero(3)).kind, "Zero");
  assert.equal(sum(A, zero(3)), A);
  assert.equal(sum(A, A, A).kind, "Scaled");
  assert.equal(sum(A, scale(-1, A)).kind, "Zero");
  assert.equal(sum(I, diagonal([1, 2, 3]), I).kind, "Diagonal");
  assert.equal(sum(A, sum(B, A)).children.length, 2);
  assert.equal(scale(0.5, scale(2, A)), A);
  assert.equal(kron(I, identity(2)).kind, "Identity");
  assert.equal(kron(A, kron(B, A)).children.length, 3);
  assert.equal(kron(scale(2, A), scale(3, B)).kind, "Scaled");
  assert.equal(blockDiag(I, I).kind, "Identity");
  assert.equal(product(blockDiag(A, B), blockDiag(B, A)).kind, "BlockDiag");
  assert.equal(slice(slice(kron(A, B), [0, 4, 8]), [1, 2]).children[0].kind, "Kronecker");
  assert.equal(slice(A), A);
});

Deno.test("singular values of structured operators keep their structure", () => {
  const A = randomDense(random, 4, 3), B = randomDense(random, 2, 2, true), { U, S, V } = svd(kron(A, B));
  assert.equal(U.kind, "Sliced");
  assert.equal(U.children[0].kind, "Kronecker");
  const scaled = product(U, diagonal(S), V.adjoint());
  assertMatrix(scaled, kronOf(rowsOf(A.toDense()), rowsOf(B.toDense())), 1e-12);
});
