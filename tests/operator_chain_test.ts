import { deepEqual, equal, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Chain } from "../src/operator/chain.ts";
import {
  butterflyPatterns,
  deformablePatterns,
  isChainable,
  mixedRadixPatterns,
  monarchPatterns,
  radixPatterns,
  rectangularPatterns,
  withRank,
} from "../src/operator/pattern.ts";
import { Executable } from "../src/program/executable.ts";
import { Random } from "../src/program/random.ts";
import { type Field, floats, type Pattern } from "../src/program/step.ts";
import { assertClose, machines, runOn } from "./helpers.ts";
import { differentiateBatch, evaluateBatch } from "./oracle.ts";

const sizes = fc.array(
  fc.tuple(fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 9, 16), fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 16)),
  {
    minLength: 1,
    maxLength: 4,
  },
);
const field = fc.constantFrom<Field>("real", "complex");

/** Chainable chains of rank 1 or more whose widths stay small. */
const chainable = fc.tuple(sizes, fc.integer({ min: 1, max: 3 })).map(([pairs, rank]) => {
  const kept: [number, number][] = [];
  for (const [b, c] of pairs) {
    const all = [...kept, [b, c]] as [number, number][];
    const product = (side: 0 | 1): number => all.reduce((size, pair) => size * pair[side], 1);
    if (product(0) <= 120 && product(1) <= 120) kept.push([b, c]);
  }
  const patterns = rectangularPatterns(kept.map(([b]) => b), kept.map(([, c]) => c));
  return withRank(patterns, rank);
}).filter((patterns) => patterns.length > 0);

/** Chains that meet, chainable or not: each factor splits the width before it in some way. */
const any = fc.tuple(
  fc.integer({ min: 1, max: 60 }),
  fc.array(fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 6 })), { minLength: 1, maxLength: 4 }),
).map(([start, choices]) => {
  let width = start;
  return choices.map(([p, q, b]): Pattern => {
    const of = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1).filter((v) => n % v === 0);
    const d = of(width)[p % of(width).length], c = of(width / d)[q % of(width / d).length];
    const a = width / (c * d), rows = a * d * b > 150 ? 1 : b;
    width = a * rows * d;
    return { a, b: rows, c, d };
  });
});

function draw(length: number, seed: number): Float32Array<ArrayBuffer> {
  const random = new Random(seed);
  return Float32Array.from({ length }, () => random.normal());
}

/** Forward, adjoint and gradients in every build against float64. */
function check(patterns: readonly Pattern[], field: Field, batch: number, seed: number): void {
  const map = Chain.random(patterns, { field, seed }), unit = floats(field), complex = field === "complex";
  const x = draw(batch * map.cols * unit, seed + 1), g = draw(batch * map.rows * unit, seed + 2);
  const { y } = evaluateBatch(map.program, x, batch, complex);
  const { value } = differentiateBatch(map.program, x, g, batch, complex);
  const tolerance = 1e-6 * Math.max(2, Math.log2(Math.max(map.rows, map.cols)));
  for (const machine of machines) {
    assertClose(runOn(machine, map, x, y.length, batch), y, tolerance, `forward, ${machine.name}`);
    assertClose(
      runOn(machine, map.adjoint(), g, x.length, batch),
      value.input,
      tolerance,
      `adjoint, ${machine.name}`,
    );
    const input = new Float32Array(x.length),
      weights = map.factors.map(({ length }) => new Float32Array(length));
    new Executable(map.program, machine).gradient(x, g, input, weights, batch);
    assertClose(input, value.input, tolerance, `gradient of the input, ${machine.name}`);
    weights.forEach((w, i) => assertClose(w, value.weights[i], tolerance, `gradient ${i}, ${machine.name}`));
  }
}

Deno.test("chain: chainable chains of any radix and rank, forward, adjoint and gradients, in every build", () => {
  fc.assert(
    fc.property(
      chainable,
      field,
      fc.integer({ min: 1, max: 9 }),
      fc.nat(1000),
      (patterns, field, batch, seed) => {
        ok(isChainable(patterns));
        check(patterns, field, batch, seed);
      },
    ),
    { seed: 1, numRuns: 60 },
  );
});

Deno.test("chain: chains of any patterns that meet, forward, adjoint and gradients, in every build", () => {
  fc.assert(
    fc.property(any, field, fc.integer({ min: 1, max: 9 }), fc.nat(1000), check),
    { seed: 2, numRuns: 80 },
  );
});

Deno.test("chain: every preset runs as its factors say", () => {
  for (const field of ["real", "complex"] as const) {
    for (
      const patterns of [
        radixPatterns(256, 4),
        radixPatterns(343, 7),
        mixedRadixPatterns([2, 2, 2, 2, 2, 2, 3]),
        mixedRadixPatterns([3, 2, 2, 2, 2]),
        monarchPatterns(100, 144),
        deformablePatterns(90, 128),
        withRank(butterflyPatterns(64), 2),
      ]
    ) check(patterns, field, 3, 5);
  }
});

Deno.test("chain: fusing two neighbours keeps the map, of both kinds of butterflies", () => {
  const rules = [
    mixedRadixPatterns([2, 3, 2, 4]),
    butterflyPatterns(16, { increasing: false }),
    withRank(deformablePatterns(18, 24), 2),
  ];
  for (const field of ["real", "complex"] as const) {
    for (const patterns of rules) {
      let map = Chain.random(patterns, { field, seed: 3 });
      const want = Float64Array.from(map.toDense());
      while (map.patterns.length > 1) {
        map = map.fuse(map.patterns.length >> 2);
        assertClose(map.toDense(), want, 2e-6, `${map.describe()}`);
      }
      deepEqual({ ...map.patterns[0] }, { a: 1, b: map.rows, c: map.cols, d: 1 });
    }
  }
});

Deno.test("chain: a butterfly is a chain with the same weights, and takes the same passes", () => {
  const butterfly = Butterfly.random(64, { seed: 1 });
  const chain = new Chain(butterflyPatterns(64), butterfly.factors);
  deepEqual(chain.explain(), butterfly.explain());
  deepEqual(chain.apply(draw(64, 1)), butterfly.apply(draw(64, 1)));
  equal(chain.parameters, butterfly.parameters);
  // Factors of two around a radix 3 are passes as well.
  const mixed = Chain.random(mixedRadixPatterns([2, 2, 2, 2, 2, 2, 2, 2, 3]), { seed: 1 }).explain();
  equal(mixed.match(/real pass, strides/g)?.length, 2);
  ok(mixed.includes("real factor (1, 3, 3, 256): 2304 weights"));
});

Deno.test("chain: random weights keep the size of vectors, identities keep the vectors", () => {
  for (const field of ["real", "complex"] as const) {
    const patterns = mixedRadixPatterns([2, 3, 5]), unit = floats(field);
    const map = Chain.random(withRank(mixedRadixPatterns([4, 4, 4]), 2), { field, seed: 1 });
    const x = draw(400 * map.cols * unit, 2), y = map.apply(x);
    const norm = (v: Float32Array): number => v.reduce((sum, a) => sum + a * a, 0);
    ok(Math.abs(norm(y) / norm(x) - 1) < 0.3, `${norm(y) / norm(x)}`);
    deepEqual(Chain.identity(patterns, field).apply(x.slice(0, 30 * unit)), x.slice(0, 30 * unit));
    deepEqual(
      Chain.random(patterns, { field, seed: 7 }).toFlat(),
      Chain.random(patterns, { field, seed: 7 }).toFlat(),
    );
  }
});

Deno.test("chain: flat weights, ranks and transposes", () => {
  const patterns = monarchPatterns(6, 12), map = Chain.random(patterns, { field: "complex", seed: 1 });
  const again = Chain.fromFlat(patterns, map.toFlat(), "complex");
  deepEqual(again.factors, map.factors);
  deepEqual(map.ranks, [1]);
  ok(map.isChainable && !map.adjoint().isChainable);
  deepEqual(map.adjoint().adjoint().factors, map.factors);
  const dense = map.toDense(), flipped = map.transpose().toDense();
  const want = dense.map((_, k) => dense[((k >> 1) % 6 * 12 + Math.floor(k / 12)) * 2 + k % 2]);
  assertClose(flipped, want, 1e-6);
});

Deno.test("chain: what is no chain is refused in a sentence", () => {
  const patterns = butterflyPatterns(4), eight = new Float32Array(8);
  throws(() => new Chain([], []), /Cannot make a chain of no factors/);
  throws(
    () => new Chain([patterns[0], { a: 3, b: 2, c: 2, d: 1 }], [eight, eight]),
    /has 4 rows, and factor 2/,
  );
  throws(() => new Chain(patterns, [eight]), /expected weights of 2 factors, got 1/);
  throws(() => new Chain(patterns, [eight, eight.subarray(1)]), /expected 8 floats of factor 2, got 7/);
  throws(() => new Chain(patterns, [eight, eight.map(() => NaN)]), /factor 2\[0\] is NaN/);
  throws(
    () => new Chain(patterns, [eight, eight], "quaternion" as Field),
    /field must be "real" or "complex"/,
  );
  throws(() => Chain.fromFlat(patterns, eight), /expected 16 floats of weights, got 8/);
  throws(() => Chain.identity(monarchPatterns(4, 6)), /are not square/);
  throws(
    () => Chain.random([{ a: 2 ** 20, b: 2 ** 10, c: 2 ** 10, d: 1 }], { seed: 1 }),
    /number of weights/,
  );
  const map = Chain.random(patterns, { seed: 1 });
  for (const i of [-1, 1, 0.5]) throws(() => map.fuse(i), /there are 2, and .* is not one that has a next/);
  const apart = new Chain([{ a: 4, b: 2, c: 2, d: 1 }, { a: 1, b: 2, c: 2, d: 4 }], [
    new Float32Array(16),
    new Float32Array(16),
  ]);
  throws(() => apart.fuse(0), /are not chainable/);
  const large = new Chain(patterns, [eight.map(() => 1e30), eight.map(() => 1e30)]);
  throws(() => large.fuse(0), /is Infinity/);
});
