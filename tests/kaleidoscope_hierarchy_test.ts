import { deepEqual, equal, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import { circulant, toeplitz } from "../src/kaleidoscope/circulant.ts";
import { addButterflies } from "../src/kaleidoscope/closure.ts";
import { acdc, afdf, fastfood } from "../src/kaleidoscope/diagonals.ts";
import { fourierButterfly } from "../src/kaleidoscope/fourier.ts";
import { classOf, toKaleidoscope } from "../src/kaleidoscope/hierarchy.ts";
import { conv1d, conv2d } from "../src/kaleidoscope/layers.ts";
import { lowRank } from "../src/kaleidoscope/low_rank.ts";
import { permutationButterfly } from "../src/kaleidoscope/permutation.ts";
import { householder, orthogonalProduct, singularProduct } from "../src/kaleidoscope/reflections.ts";
import { sparse } from "../src/kaleidoscope/sparse.ts";
import { dct2, dct3, dct4, dst2, dst3, dst4 } from "../src/kaleidoscope/transforms/cosine.ts";
import { dct1, dst1 } from "../src/kaleidoscope/transforms/cosine_one.ts";
import { dft, idft } from "../src/kaleidoscope/transforms/dft.ts";
import { haar } from "../src/kaleidoscope/transforms/haar.ts";
import { hadamard, walsh } from "../src/kaleidoscope/transforms/hadamard.ts";
import { hartley } from "../src/kaleidoscope/transforms/hartley.ts";
import { blockDiagonal } from "../src/operator/block_diagonal.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { corner } from "../src/operator/corner.ts";
import { Dense } from "../src/operator/dense.ts";
import { Diagonal } from "../src/operator/diagonal.ts";
import { KroneckerFactor } from "../src/operator/factor.ts";
import { kronecker } from "../src/operator/kronecker.ts";
import type { Operator } from "../src/operator/operator.ts";
import { OrthogonalButterfly } from "../src/operator/orthogonal.ts";
import { Permutation } from "../src/operator/permutation.ts";
import { product } from "../src/operator/product.ts";
import { sum } from "../src/operator/sum.ts";
import { Window } from "../src/operator/window.ts";
import { asComplex } from "../src/program/program.ts";
import { Random } from "../src/program/random.ts";
import { assertClose } from "./helpers.ts";
import { vectors } from "./programs.ts";

/** Asserts that the form of an operator is that map, in as many blocks as its class says. */
function assertForm(map: Operator, label = ""): void {
  const kind = classOf(map), whole = toKaleidoscope(map);
  ok(kind && whole, `${label} has a class`);
  equal(whole.blocks, Math.max(1, kind.blocks), label);
  equal(whole.increasing, kind.increasing, label);
  equal(whole.n, kind.n, label);
  ok(kind.blocks <= 2 * kind.width + (kind.increasing ? 1 : 0), label);
  const dense = map.toDense();
  const want = whole.field === map.field ? dense : asComplex(dense);
  assertClose(corner(whole, map.rows, map.cols).toDense(), want, 1e-5, label);
}

const name = (map: Operator): string | undefined => classOf(map)?.name;
const random = (n: number, seed = 1): Butterfly => Butterfly.random(n, { seed });
const diagonal = (n: number): Diagonal => new Diagonal(vectors(new Random(n), n));

Deno.test("hierarchy: each operator has the class that its factors show", () => {
  const n = 16, b = random(n), adjoint = b.adjoint(), o = OrthogonalButterfly.random(n, { seed: 1 });
  const o2 = OrthogonalButterfly.random(n, { seed: 2 });
  const reversal = Permutation.bitReversal(n), dft = fourierButterfly(n);
  const fourier = product(dft, Permutation.bitReversal(n, "complex"));
  const cases: [Operator, string | undefined][] = [
    [diagonal(n), "OB with D"],
    [b, "B"],
    [adjoint, "B*"],
    [product(diagonal(n), b, diagonal(n)), "B"],
    [product(b, adjoint), "BB*"],
    [product(adjoint, b), "B*B"],
    [product(b, diagonal(n), adjoint), "BB*"],
    [product(b, adjoint, b, adjoint), "(BB*)^2"],
    [product(b, b), "(BB*)^2"],
    [product(reversal, b, reversal), "B*"],
    [product(b, Butterfly.identity(n, { blocks: 5 })), "B"],
    [Butterfly.random(n, { blocks: 6, increasing: false }), "(BB*)^3"],
    [o, "OB"],
    [o.adjoint(), "OB*"],
    [product(o, o2.adjoint()), "OBB"],
    [product(o.adjoint(), o2), "OB*OB"],
    [product(o, diagonal(n), o2.adjoint()), "OBB with D"],
    [new OrthogonalButterfly(2, [1]), "OB"],
    [new Permutation(new Random(1).permutation(n)), "OBB"],
    [permutationButterfly(new Random(1).permutation(n), { increasing: true }), "OB*OB"],
    [dft, "OB"],
    [fourier, "(OBB)^2"],
    [
      product(fourier.adjoint(), new Diagonal(vectors(new Random(3), 2 * n), "complex"), fourier),
      "OBB with D",
    ],
    [product(fourier.adjoint(), fourier), "OBB"],
    [corner(product(b, adjoint), 5, 7), "BB*_2"],
    [corner(product(b, adjoint), 9), "BB*"],
    [corner(product(b, adjoint), 2), "BB*_8"],
    [sum(product(b, adjoint), product(random(n, 2), random(n, 3).adjoint())), "BB*_2"],
    [addButterflies(b, b, b), "BB*_4"],
    [sum(b, adjoint), "BB*_2"],
    [blockDiagonal(b, random(n, 2)), "B"],
    [blockDiagonal(b, adjoint), "BB*"],
    [kronecker(b, random(8)), "B"],
    [kronecker(product(b, adjoint), product(random(4), random(4).adjoint())), "BB*"],
    [kronecker(b.adjoint(), random(8).adjoint()), "B*"],
    // A rotation needs only some of the swaps, a permutation in general all.
    [kronecker(product(random(4), new Permutation([1, 2, 3, 0])), diagonal(4)), "BB*"],
    [kronecker(product(random(16), new Permutation(new Random(2).permutation(16))), diagonal(4)), "(BB*)^2"],
    [kronecker(diagonal(3), random(4)), "B"],
    [Butterfly.random(n, { rows: 17 }), undefined],
    [Butterfly.random(n, { bias: true }), undefined],
    [new Dense(2, 2, new Float32Array(4)), "B"],
    [new Dense(3, 3, new Float32Array(9)), undefined],
    [product(b, new Dense(n, n, new Float32Array(n * n))), undefined],
  ];
  cases.forEach(([map, want], i) => {
    equal(name(map), want, `case ${i}`);
    if (want) assertForm(map, `case ${i}, ${want}`);
    else equal(toKaleidoscope(map), undefined);
  });
});

Deno.test("hierarchy: a class tells points, width, expansion, field, parameters and operations", () => {
  const map = corner(product(Butterfly.random(64, { field: "complex" }), random(64).adjoint()), 20, 30);
  deepEqual(classOf(map), {
    name: "BB*_2",
    width: 1,
    expansion: 2,
    n: 64,
    blocks: 2,
    increasing: false,
    field: "complex",
    orthogonal: false,
    parameters: map.parameters,
    operations: map.operations,
  });
  throws(() => classOf({} as Operator), /the argument is not an operator/);
});

Deno.test("hierarchy: each construction has the class that is stated for it", () => {
  const n = 16, draw = new Random(7), v = (length: number): Float32Array => vectors(draw, length);
  const wide = (k: number): Float32Array => v(2 * k);
  const entries = (count: number) => ({
    rows: Array.from({ length: count }, () => draw.integer(n)),
    cols: Array.from({ length: count }, () => draw.integer(n)),
    values: v(count),
  });
  const orthonormal = OrthogonalButterfly.random(8, { seed: 3, blocks: 2 }).toDense();
  const cases: Record<string, [Operator, string]> = {
    dft: [dft(n), "(BB*)^2"],
    idft: [idft(n), "(BB*)^2"],
    dct1: [dct1(n + 1), "(BB*)^6"],
    dct2: [dct2(n), "(BB*)^5"],
    dct3: [dct3(n), "(BB*)^5"],
    dct4: [dct4(n), "(BB*)^3"],
    dst1: [dst1(n - 1), "(BB*)^6_2"],
    dst2: [dst2(n), "(BB*)^5"],
    dst3: [dst3(n), "(BB*)^5"],
    dst4: [dst4(n), "(BB*)^3"],
    hartley: [hartley(n), "(BB*)^5"],
    hadamard: [hadamard(n), "B*"],
    walsh: [walsh(n), "(BB*)^2"],
    haar: [haar(n), "(BB*)^2"],
    "dct2 of two dimensions": [dct2([4, 4]), "(BB*)^5"],
    "dct1 of two dimensions": [dct1([3, 5]), "(BB*)^12_2"],
    circulant: [circulant(v(n)), "OBB with D"],
    "complex circulant": [circulant(wide(n), "complex"), "OBB with D"],
    "circulant of 5 points": [circulant(v(5)), "OBB_2 with D"],
    "circulant of one point": [circulant(v(1)), "OB with D"],
    toeplitz: [toeplitz(v(n), v(n)), "OBB_2 with D"],
    "Toeplitz of another shape": [toeplitz(v(5), v(3)), "OBB with D"],
    fastfood: [fastfood({ first: v(n), second: v(n), third: v(n) }, draw.permutation(n)), "(BB*)^3"],
    acdc: [acdc(v(n), v(n)), "(BB*)^7"],
    afdf: [afdf(wide(n), wide(n)), "OBB with D"],
    sparse: [sparse(n, n, entries(n)), "(BB*)^4"],
    "sparse, of more entries": [sparse(n, n, entries(4 * n)), "(BB*)^3_4"],
    "low rank": [lowRank(v(3 * n), v(3 * n), 3, "real", { butterflies: true }), "BB*_4"],
    "rank one": [lowRank(v(n), v(n), 1, "real", { butterflies: true }), "B"],
    householder: [householder(v(n)), "OBB"],
    orthogonal: [orthogonalProduct(orthonormal), "(OBB)^7"],
    matrix: [singularProduct(8, 8, v(64)), "(OBB)^14 with D"],
    "a window": [new Window(7, 9, { shift: 2 }), "OB* with D"],
    "a window the other way": [new Window(9, 7, { shift: -2 }), "OB*"],
    "convolution from two to two channels": [
      conv1d(v(12), { size: 8, kernel: 3, inputs: 2, outputs: 2 }),
      "(BB*)^2",
    ],
    "convolution from three to two channels": [
      conv1d(v(18), { size: 8, kernel: 3, inputs: 3, outputs: 2 }),
      "(BB*)^3_4",
    ],
    "a factor of blocks of 3×5": [new KroneckerFactor({ a: 1, b: 3, c: 5, d: 4 }, v(60)), "BB*_8"],
  };
  for (const [label, [map, want]] of Object.entries(cases)) {
    equal(name(map), want, label);
    assertForm(map, label);
  }
  // Of two dimensions the order of strides, and so the width, is left to the convolution.
  assertForm(conv2d(v(27), { size: [4, 5], kernel: [3, 3], inputs: 3 }), "convolution of images");
  const large = new KroneckerFactor({ a: 1, b: 64, c: 64, d: 512 }, new Float32Array(2 ** 21));
  equal(classOf(large), undefined, "a factor whose form would be too large");
  equal(classOf(lowRank(v(n), v(n), 1)), undefined, "two thin dense matrices");
});

Deno.test("hierarchy: the factors of each construction have two entries in a row, and no more", () => {
  const n = 16, draw = new Random(9);
  for (
    const map of [
      dct2(n),
      toeplitz(vectors(draw, n)),
      hartley(n),
      dst1(n - 1),
      acdc(vectors(draw, n), vectors(draw, n)),
    ]
  ) {
    const kind = classOf(map)!, whole = toKaleidoscope(map)!, levels = Math.log2(whole.n);
    equal(kind.field, "complex", "real maps are seen through their complex factors");
    equal(whole.factors.length, kind.blocks * levels);
    whole.factors.forEach((weights, i) => {
      // [n/2s][2][2][s]: two numbers in each row, the strides those of the block.
      equal(weights.length, 2 * 2 * whole.n);
      const level = i % levels, up = whole.increasing === (Math.floor(i / levels) % 2 === 0);
      equal(whole.stride(i), 2 ** (up ? level : levels - 1 - level));
    });
  }
});

/** A random chain of everything that has a class. */
function chain(seed: number): Operator {
  const random = new Random(seed), parts: Operator[] = [];
  let rows = 1 + random.integer(20);
  for (let i = 1 + random.integer(5); i > 0; i--) {
    const field = random.integer(2) ? "real" : "complex", unit = field === "real" ? 1 : 2;
    const one = (): Operator => {
      switch (random.integer(6)) {
        case 0:
          return new Diagonal(vectors(random, rows * unit), field);
        case 1:
          return new Permutation(random.permutation(rows), field);
        case 2: {
          let n = 1;
          while (n < rows) n *= 2;
          const to = 1 + random.integer(n), shape = { rows: to, blocks: 1 + random.integer(3) };
          return Butterfly.random(rows, { ...shape, field, increasing: random.integer(2) === 0, seed: i });
        }
        case 3: {
          const wide = Butterfly.random(2 * rows, { field, seed, init: "orthogonal" });
          return corner(wide.adjoint(), rows);
        }
        case 4: {
          let n = 1;
          while (2 * n <= rows) n *= 2;
          const reversal = Permutation.bitReversal(n, field);
          return corner(product(reversal, Butterfly.random(n, { field, seed }), reversal), n, n);
        }
        default: {
          const terms = [1, 2, 3].map((k) => Butterfly.random(rows, { field, seed: seed + k }));
          return random.integer(2) ? sum(...terms) : sum(terms[0], terms[1].adjoint());
        }
      }
    };
    const next = one();
    if (next.cols !== rows) continue;
    parts.unshift(next);
    rows = next.rows;
  }
  return parts.length ? product(...parts) : diagonal(rows);
}

Deno.test("hierarchy: the form of any chain is the same map, of the class that was told", () => {
  let seen = 0;
  fc.assert(
    fc.property(fc.nat(100000), (seed) => {
      const map = chain(seed);
      assertForm(map, `seed ${seed}`);
      seen += classOf(map)!.expansion > 1 ? 1 : 0;
    }),
    { numRuns: 150 },
  );
  ok(seen > 0);
});

Deno.test("hierarchy: a permutation of 4096 points is classified without its matrix", () => {
  const kind = classOf(new Permutation(new Random(2).permutation(2 ** 12), "complex"));
  equal(kind?.name, "OBB");
  equal(kind?.n, 2 ** 12);
});
