import assert from "node:assert/strict";
import { Chain } from "../src/mod.ts";
import {
  blockDiag,
  circulant,
  concat,
  dense,
  diagonal,
  fromOperator,
  householder,
  inv,
  kron,
  kronSum,
  type LinearOperator,
  logdetGradient,
  lowRank,
  operatorFrom,
  parameterGradient,
  product,
  scale,
  slice,
  slogdet,
  solve,
  solveGradient,
  sparse,
  sum,
  toeplitz,
  triangular,
  tridiagonal,
} from "../src/linalg/mod.ts";
import { Random } from "../src/program/random.ts";
import { assertNear, normals } from "./linalg.ts";

type List = readonly Float64Array<ArrayBuffer>[];

/** How operators of both fields are made of arrays of parameters, and those. */
function makers(
  complex: boolean,
): { name: string; make: (p: List) => LinearOperator; sizes: number[] }[] {
  const field = complex ? "complex" as const : "real" as const, unit = complex ? 2 : 1;
  const d = (rows: number, cols: number, values: Float64Array<ArrayBuffer>): LinearOperator =>
    dense({ rows, cols, field, values });
  const factor = (c: Float64Array): number | readonly [number, number] => complex ? [c[0], c[1]] : c[0];
  const list: { name: string; make: (p: List) => LinearOperator; sizes: number[]; real?: number }[] = [
    { name: "Dense", make: ([v]) => d(2, 3, v), sizes: [6] },
    { name: "Triangular", make: ([v]) => triangular({ rows: 3, cols: 3, field, values: v }), sizes: [9] },
    { name: "Diagonal", make: ([v]) => diagonal(v, field), sizes: [4] },
    { name: "Tridiagonal", make: ([l, m, u]) => tridiagonal(l, m, u, field), sizes: [3, 4, 3] },
    {
      name: "Sparse",
      make: ([values]) => sparse({ rows: 2, cols: 3, starts: [0, 2, 3], columns: [0, 2, 1], values, field }),
      sizes: [3],
    },
    { name: "Circulant", make: ([v]) => circulant(v, field), sizes: [5] },
    { name: "Toeplitz", make: ([c, r]) => toeplitz(c, r, field), sizes: [4, 3] },
    { name: "Householder", make: ([v, b]) => householder(v, factor(b), field), sizes: [4, 1] },
    { name: "Scaled", make: ([c, v]) => scale(factor(c), d(2, 2, v)), sizes: [1, 4] },
    {
      name: "Scaled sum with a real one",
      make: ([v, c, r]) =>
        sum(d(3, 3, v), scale(factor(c), dense({ rows: 3, cols: 3, field: "real", values: r }))),
      sizes: [9, 1, 9],
      real: 2,
    },
    { name: "Product", make: ([a, b]) => product(d(2, 3, a), d(3, 2, b)), sizes: [6, 6] },
    { name: "Kronecker", make: ([a, b, c]) => kron(d(2, 3, a), d(3, 2, b), d(2, 2, c)), sizes: [6, 6, 4] },
    { name: "KronSum", make: ([a, b, c]) => kronSum(d(2, 2, a), d(3, 3, b), d(2, 2, c)), sizes: [4, 9, 4] },
    { name: "BlockDiag", make: ([a, b]) => blockDiag(d(2, 3, a), d(1, 2, b)), sizes: [6, 2] },
    { name: "Concatenated below", make: ([a, b]) => concat([d(2, 3, a), d(1, 3, b)], 0), sizes: [6, 3] },
    { name: "Concatenated beside", make: ([a, b]) => concat([d(2, 3, a), d(2, 1, b)], 1), sizes: [6, 2] },
    {
      name: "Sliced",
      make: ([a, b]) => slice(kron(d(2, 2, a), d(2, 2, b)), [3, 0, 0], [1, 2, 1]),
      sizes: [4, 4],
    },
    {
      name: "LowRank",
      make: ([a, c, b]) => lowRank({ left: d(4, 2, a), core: d(2, 2, c), right: d(3, 2, b) }),
      sizes: [8, 4, 6],
    },
    {
      name: "LowRank of one factor",
      make: ([a, c]) => {
        const left = d(4, 2, a);
        return lowRank({ left, core: d(2, 2, c) });
      },
      sizes: [8, 4],
    },
    { name: "inverse", make: ([a]) => inv(d(3, 3, a)), sizes: [9] },
    {
      name: "adjoint of a user's",
      make: ([a]) => {
        const A = d(2, 3, a);
        return operatorFrom({
          rows: 2,
          cols: 3,
          field,
          apply: (x) => A.apply(x),
          applyAdjoint: (y) => A.applyAdjoint(y),
          parameterGradient: (x, g) => parameterGradient(A)(Float64Array.from(x), Float64Array.from(g)),
        }).adjoint();
      },
      sizes: [6],
    },
    {
      name: "transpose of a user's",
      make: ([a]) => {
        const A = d(2, 3, a);
        return operatorFrom({
          rows: 2,
          cols: 3,
          field,
          apply: (x) => A.apply(x),
          applyAdjoint: (y) => A.applyAdjoint(y),
          parameterGradient: (x, g) => parameterGradient(A)(Float64Array.from(x), Float64Array.from(g)),
        }).transpose();
      },
      sizes: [6],
    },
  ];
  return list.map((entry) => ({
    ...entry,
    sizes: entry.sizes.map((size, i) => i === entry.real ? size : size * unit),
  }));
}

for (const complex of [false, true]) {
  Deno.test(`gradients of ${complex ? "complex" : "real"} products agree with differences, for every parameter`, () => {
    const random = new Random(3);
    for (const { name, make, sizes } of makers(complex)) {
      const theta = sizes.map((size) => normals(random, size)),
        A = make(theta),
        unit = A.field === "complex" ? 2 : 1;
      const x = normals(random, 2 * A.cols * unit), g = normals(random, 2 * A.rows * unit);
      const loss = (p: List): number => make(p).apply(x).reduce((s, v, i) => s + v * g[i], 0);
      const got = parameterGradient(A)(x, g);
      assert.deepEqual(got.map(({ length }) => length), sizes, name);
      const h = 1e-5;
      const want = theta.map((values, a) =>
        values.map((_, i) => {
          const moved = (by: number): List =>
            theta.map((v, b) => b === a ? v.map((w, k) => k === i ? w + by : w) : v);
          return (loss(moved(h)) - loss(moved(-h))) / (2 * h);
        })
      );
      got.forEach((values, a) => assertNear(values, want[a], 1e-7, `${name}, parameter ${a}`));
    }
  });
}

Deno.test("gradients of chains are those of their factors", () => {
  const patterns = [{ a: 2, b: 2, c: 2, d: 1 }, { a: 1, b: 2, c: 2, d: 2 }], random = new Random(4);
  const chain = Chain.random(patterns, { seed: 2 }),
    A = fromOperator(chain),
    x = normals(random, 4),
    g = normals(random, 4);
  const want = chain.gradient(Float32Array.from(x), Float32Array.from(g)).weights;
  // Products list their factors as they are written, chains as they are applied.
  parameterGradient(A)(x, g).toReversed().forEach((w, i) => assertNear(w, want[i], 1e-6));
});

Deno.test("the gradients through a solution and through a log-determinant, of a structured operator", () => {
  const random = new Random(6), theta = [normals(random, 9), normals(random, 4)];
  const make = (p: List): LinearOperator =>
    kron(
      dense({ rows: 3, cols: 3, field: "real", values: p[0] }),
      dense({ rows: 2, cols: 2, field: "real", values: p[1] }),
    );
  const A = make(theta), b = normals(random, 6), g = normals(random, 6), x = solve(A, b);
  const back = inv(A), adjoint = (v: Float64Array): Float64Array<ArrayBuffer> => back.applyAdjoint(v);
  const solved = solveGradient(parameterGradient(A), x, g, adjoint);
  const log = logdetGradient(A, parameterGradient(A), adjoint);
  const h = 1e-6;
  const differences = (loss: (p: List) => number): Float64Array[] =>
    theta.map((values, a) =>
      values.map((_, i) => {
        const moved = (by: number): List =>
          theta.map((v, c) => c === a ? v.map((w, k) => k === i ? w + by : w) : v);
        return (loss(moved(h)) - loss(moved(-h))) / (2 * h);
      })
    );
  differences((p) => solve(make(p), b).reduce((s, v, i) => s + v * g[i], 0))
    .forEach((w, a) => assertNear(solved.parameters[a], w, 1e-5));
  differences((p) => slogdet(make(p)).logabs).forEach((w, a) => assertNear(log.parameters[a], w, 1e-5));
  assert.throws(
    () =>
      parameterGradient(operatorFrom({ rows: 1, cols: 1, apply: (v) => v }))(
        Float64Array.of(1),
        Float64Array.of(1),
      ),
    /Cannot differentiate a 1×1 User operator: it has no parameterGradient/,
  );
});
