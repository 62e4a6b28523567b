/**
 * Each construction is in the class that the papers say (Kaleidoscope, appendices E to K): of sizes 1, 2 and others, its
 * factors are those of butterflies of no more width and expansion, and their product is the map.
 */
import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { circulant, toeplitz } from "../src/kaleidoscope/circulant.ts";
import { invertButterfly, kroneckerButterflies, multiplyButterflies } from "../src/kaleidoscope/closure.ts";
import { Convolution } from "../src/kaleidoscope/convolution.ts";
import { afdf, fastfood, hadamardDiagonal } from "../src/kaleidoscope/diagonals.ts";
import { classOf, type KaleidoscopeClass, toKaleidoscope } from "../src/kaleidoscope/hierarchy.ts";
import { permutationButterfly } from "../src/kaleidoscope/permutation.ts";
import { householder, orthogonalProduct, singularProduct } from "../src/kaleidoscope/reflections.ts";
import { dft, idft } from "../src/kaleidoscope/transforms/dft.ts";
import { haar } from "../src/kaleidoscope/transforms/haar.ts";
import { hadamard, walsh } from "../src/kaleidoscope/transforms/hadamard.ts";
import { blockDiagonal } from "../src/operator/block_diagonal.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { corner } from "../src/operator/corner.ts";
import { Diagonal } from "../src/operator/diagonal.ts";
import type { Operator } from "../src/operator/operator.ts";
import { Permutation } from "../src/operator/permutation.ts";
import { product } from "../src/operator/product.ts";
import { sum } from "../src/operator/sum.ts";
import { Random } from "../src/program/random.ts";
import { assertClose } from "./helpers.ts";
import { vectors } from "./programs.ts";

/** The class of a map, whose form in it is checked to be that map, and its factors to be those of butterflies. */
function classed(map: Operator, label: string): KaleidoscopeClass {
  const kind = classOf(map), whole = toKaleidoscope(map);
  ok(kind && whole, `${label} has a class`);
  const { n, field, blocks } = whole, unit = field === "complex" ? 2 : 1;
  ok(blocks <= Math.max(1, 2 * kind.width + (kind.increasing ? 1 : 0)), `${label}: ${blocks} blocks`);
  equal(whole.factors.length, blocks * Math.log2(n), label);
  whole.factors.forEach((weights, i) => {
    equal(weights.length, 2 * n * unit, label);
    const { a, b, c, d } =
      (whole.program.steps[i] as { pattern: Record<"a" | "b" | "c" | "d", number> }).pattern;
    // Two numbers in each row, one stride apart.
    ok(b === 2 && c === 2 && d === whole.stride(i) && 2 * a * d === n, label);
  });
  assertClose(corner(whole, map.rows, map.cols).toDense(), map.toDense(), 1e-5, label);
  return kind;
}

interface Claim {
  make: (n: number, random: Random) => Operator;
  width: number;
  expansion?: number;
  orthogonal?: boolean;
  /** One block alone, a B or a B*. */
  single?: boolean;
  /** Any size, not only powers of two. */
  any?: boolean;
}

const numbers = (random: Random, n: number): Float32Array<ArrayBuffer> =>
  vectors(random, n) as Float32Array<ArrayBuffer>;
const claims: Record<string, Claim> = {
  "permutation as BB*": {
    make: (n, r) => permutationButterfly(r.permutation(n)),
    width: 1,
    orthogonal: true,
    any: true,
  },
  "permutation as B*B": {
    make: (n, r) => permutationButterfly(r.permutation(n), { increasing: true }),
    width: 2,
    orthogonal: true,
    any: true,
  },
  permutation: { make: (n, r) => new Permutation(r.permutation(n)), width: 1, orthogonal: true, any: true },
  DFT: { make: (n) => dft(n, { normalized: true }), width: 2 },
  "inverse DFT": { make: (n) => idft(n), width: 2 },
  Hadamard: { make: (n) => hadamard(n), width: 1, single: true },
  Walsh: { make: (n) => walsh(n), width: 2 },
  "Haar in the order of the butterfly": {
    make: (n) => haar(n, { permutation: false }),
    width: 1,
    single: true,
  },
  Haar: { make: (n) => haar(n, { normalized: true }), width: 2 },
  circulant: { make: (n, r) => circulant(numbers(r, 2 * n), "complex"), width: 1, orthogonal: true },
  "circulant of any size": {
    make: (n, r) => circulant(numbers(r, 2 * n), "complex"),
    width: 1,
    expansion: 2,
    orthogonal: true,
    any: true,
  },
  Toeplitz: {
    make: (n, r) => toeplitz(numbers(r, 2 * n), undefined, "complex"),
    width: 1,
    expansion: 2,
    orthogonal: true,
    any: true,
  },
  "rectangular Toeplitz": {
    make: (n, r) => toeplitz(numbers(r, 2 * n), numbers(r, 6), "complex"),
    width: 1,
    expansion: 2,
    any: true,
  },
  "convolution of images": {
    make: (n, r) => new Convolution(numbers(r, 8 * n), { size: [4, n], field: "complex" }),
    width: 1,
    orthogonal: true,
  },
  Fastfood: {
    make: (n, r) => {
      const [first, second, third] = [1, 2, 3].map(() => numbers(r, n));
      return fastfood({ first, second, third }, r.permutation(n));
    },
    width: 3,
  },
  "Hadamard-diagonal": { make: (n, r) => hadamardDiagonal([1, 2, 3].map(() => numbers(r, n))), width: 3 },
  AFDF: { make: (n, r) => afdf(numbers(r, 2 * n), numbers(r, 2 * n)), width: 1, orthogonal: true },
  Householder: { make: (n, r) => householder(numbers(r, n)), width: 1, orthogonal: true, any: true },
};

for (const [name, { make, width, expansion = 1, orthogonal, single, any }] of Object.entries(claims)) {
  Deno.test(`classes: ${name} has no more width than the papers say, at sizes 1, 2 and others`, () => {
    const size = any ? fc.integer({ min: 1, max: 33 }) : fc.nat(5).map((level) => 2 ** level);
    fc.assert(
      fc.property(size, fc.nat(9999), (n, seed) => {
        const label = `${name}, n=${n}, seed ${seed}`, kind = classed(make(n, new Random(seed)), label);
        ok(kind.width <= width, `${label}: width ${kind.width}`);
        ok(kind.expansion <= expansion, `${label}: expansion ${kind.expansion}`);
        if (orthogonal) ok(kind.orthogonal, `${label} is orthogonal up to diagonals`);
        if (single) ok(kind.blocks <= 1, `${label}: ${kind.blocks} blocks`);
      }),
      { seed: 71, numRuns: 12, examples: [[1, 0], [2, 1]] },
    );
  });
}

Deno.test("classes: orthogonal and other matrices have the width of their reflections", () => {
  for (const n of [1, 2, 3, 6]) {
    const random = new Random(n),
      q = householder(numbers(random, n)).apply(householder(numbers(random, n)).toDense());
    ok(classed(orthogonalProduct(q), `orthogonal, n=${n}`).width <= Math.max(1, n - 1));
    const matrix = numbers(random, n * n), kind = classed(singularProduct(n, n, matrix), `any, n=${n}`);
    ok(kind.width <= Math.max(1, 2 * n - 1), `any, n=${n}: width ${kind.width}`);
  }
});

/** A generic member of (BB*)^w. */
const member = (n: number, w: number, seed: number): Butterfly =>
  Butterfly.random(n, { blocks: 2 * w, increasing: false, seed, init: "orthogonal" });

Deno.test("classes: widths add in products, stay in diagonals, adjoints and block diagonals, and fold on two points", () => {
  const widths = fc.integer({ min: 1, max: 3 }), levels = fc.integer({ min: 1, max: 4 });
  fc.assert(
    fc.property(levels, widths, widths, fc.nat(999), (level, v, w, seed) => {
      const n = 2 ** level, left = member(n, v, seed), right = member(n, w, seed + 1);
      // All factors on two points have one stride, and become one.
      const width = (value: number): number => n === 2 ? 1 : value;
      const is = (map: Operator, value: number, label: string): void => {
        equal(classed(map, `${label}, n=${n}`).width, width(value), `${label}, n=${n}`);
      };
      is(left, v, "alone");
      is(product(left, right), v + w, "product");
      equal(multiplyButterflies(left, right).blocks, n === 2 ? 1 : 2 * (v + w));
      const diagonal = new Diagonal(numbers(new Random(seed), n).map((x) => x + Math.sign(x)));
      is(product(diagonal, left, diagonal), v, "diagonals");
      is(left.adjoint(), v, "adjoint");
      is(left.transpose(), v, "transpose");
      is(product(left, Butterfly.identity(n, { blocks: 7 }), right), v + w, "an identity between");
      if (n > 2) {
        is(blockDiagonal(left, member(n, v, seed + 2)), v, "block diagonal");
        const total = classed(sum(left, right), `sum, n=${n}`);
        ok(total.width <= Math.max(v, w) && total.expansion === 2, `sum: ${total.name}`);
      }
      equal(classed(multiplyButterflies(invertButterfly(left), left), "inverse").n, n);
      const kronecker = kroneckerButterflies(left, member(2 ** (level % 2 + 1), w, seed));
      ok(classed(kronecker, "Kronecker").width <= Math.max(v, w));
    }),
    { seed: 72, numRuns: 30 },
  );
});

Deno.test("classes: the inverse of a B is a B*, that of a B* a B, and that of a BB* a BB*", () => {
  for (const n of [1, 2, 4, 16]) {
    for (const field of ["real", "complex"] as const) {
      for (const increasing of [true, false]) {
        const map = Butterfly.random(n, { field, increasing, init: "orthogonal", seed: n });
        const kind = classed(invertButterfly(map), `n=${n}`);
        if (n > 2) equal(kind.name, increasing ? "OB*" : "OB");
        ok(kind.blocks <= 1 && kind.orthogonal);
      }
      if (n > 2) equal(classed(invertButterfly(member(n, 1, n)), `n=${n}`).name, "OBB");
    }
  }
});
