import { deepEqual, equal, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import {
  blockButterflyPatterns,
  butterflyPatterns,
  checkChain,
  deformablePatterns,
  fusePatterns,
  isChainable,
  mixedRadixPatterns,
  monarchPatterns,
  patternColumns,
  patternRows,
  patternWeights,
  pieceRank,
  primeFactors,
  radixPatterns,
  transposePattern,
  withRank,
} from "../src/operator/pattern.ts";
import type { Pattern } from "../src/program/step.ts";

/** The support of a factor: how many ways lead from each column to each row. */
function support(p: Pattern): number[][] {
  const m = Array.from({ length: patternRows(p) }, () => new Array<number>(patternColumns(p)).fill(0));
  for (let k = 0; k < patternWeights(p); k++) {
    const delta = k % p.d, gamma = Math.floor(k / p.d) % p.c, row = Math.floor(k / (p.c * p.d));
    m[row * p.d + delta][(Math.floor(row / p.b) * p.c + gamma) * p.d + delta] = 1;
  }
  return m;
}

function multiply(x: number[][], y: number[][]): number[][] {
  return x.map((row) => y[0].map((_, j) => row.reduce((sum, v, k) => sum + v * y[k][j], 0)));
}

function isDense(patterns: readonly Pattern[]): boolean {
  return patterns.map(support).reduce((right, left) => multiply(left, right)).flat().every((v) => v > 0);
}

const few = fc.integer({ min: 1, max: 3 });

/** Pairs left·right that are chainable, of any rank. */
const pair = fc.tuple(few, few, few, few, few, few, few).map(([a, d, up, down, rank, b, c]) => {
  // a_r = up·a_l, d_l = down·d_r, r = c_l/up = b_r/down.
  const left = { a, b, c: rank * up, d: d * down }, right = { a: a * up, b: rank * down, c, d };
  return { left, right, rank };
});

Deno.test("pattern: chainable factors fuse to the support of their product, each entry a sum of as many as the rank", () => {
  fc.assert(
    fc.property(pair, ({ left, right, rank }) => {
      equal(patternColumns(left), patternRows(right));
      equal(pieceRank(left, right), rank);
      ok(isChainable([right, left]));
      const product = multiply(support(left), support(right));
      deepEqual(product, support(fusePatterns(left, right)).map((row) => row.map((v) => v * rank)));
      const other = fusePatterns(transposePattern(right), transposePattern(left));
      deepEqual(other, transposePattern(fusePatterns(left, right)));
    }),
    { seed: 1, numRuns: 100 },
  );
});

Deno.test("pattern: what is not chainable has no rank and is not fused", () => {
  const decreasing = butterflyPatterns(8, { increasing: false });
  equal(pieceRank(decreasing[1], decreasing[0]), undefined);
  ok(!isChainable(decreasing));
  const far = [{ a: 4, b: 2, c: 2, d: 1 }, { a: 1, b: 2, c: 2, d: 4 }];
  equal(pieceRank(far[1], far[0]), undefined);
  throws(
    () => fusePatterns(far[1], far[0]),
    /\(1, 2, 2, 4\) and \(4, 2, 2, 1\), applied first, are not chainable/,
  );
});

Deno.test("pattern: every preset is a dense chain between its sizes, of its rank", () => {
  const presets: [Pattern[], number, number, number][] = [
    [butterflyPatterns(16), 16, 16, 1],
    [radixPatterns(27, 3), 27, 27, 1],
    [radixPatterns(16, 4), 16, 16, 1],
    [mixedRadixPatterns([2, 2, 3, 5]), 60, 60, 1],
    [mixedRadixPatterns([7]), 7, 7, 1],
    [monarchPatterns(24, 36), 24, 36, 1],
    [monarchPatterns(24, 30, { p: 2, q: 3 }), 24, 30, 1],
    [deformablePatterns(20, 36), 20, 36, 1],
    [deformablePatterns(20, 36, { factors: 2 }), 20, 36, 1],
    [deformablePatterns(13, 30), 13, 30, 1],
    [deformablePatterns(1, 1), 1, 1, 1],
    [blockButterflyPatterns(24, 3), 24, 24, 3],
    [withRank(butterflyPatterns(16), 2), 16, 16, 2],
    [withRank(monarchPatterns(12, 20), 3), 12, 20, 3],
    [withRank(blockButterflyPatterns(24, 3), 2), 24, 24, 2],
  ];
  for (const [patterns, rows, columns, rank] of presets) {
    const text = JSON.stringify(patterns);
    checkChain("a preset", patterns);
    equal(patternColumns(patterns[0]), columns, text);
    equal(patternRows(patterns.at(-1)!), rows, text);
    ok(isChainable(patterns) && isDense(patterns), text);
    for (let i = 1; i < patterns.length; i++) equal(pieceRank(patterns[i], patterns[i - 1]), rank, text);
  }
  deepEqual(butterflyPatterns(8).map(({ a, d }) => [a, d]), [[4, 1], [2, 2], [1, 4]]);
  deepEqual(monarchPatterns(12, 20, { p: 3, q: 4 }), [{ a: 4, b: 4, c: 5, d: 1 }, {
    a: 1,
    b: 3,
    c: 4,
    d: 4,
  }]);
  deepEqual(primeFactors(360), [2, 2, 2, 3, 3, 5]);
});

Deno.test("pattern: what is no chain is refused in a sentence that names the two factors", () => {
  const eight = butterflyPatterns(8), meet = [...eight, { a: 3, b: 2, c: 2, d: 1 }];
  throws(() => checkChain("a chain", meet), {
    name: "RangeError",
    message:
      "Cannot make a chain: factor 3 (1, 2, 2, 4) has 8 rows, and factor 4 (3, 2, 2, 1), applied to its " +
      "result, has 6 columns",
  });
  throws(() => checkChain("a chain", []), /Cannot make a chain of no factors/);
  throws(() => checkChain("a chain", [{ a: 1, b: 2.5, c: 2, d: 1 }]), /b of a pattern must be .* got 2.5/);
  throws(() => checkChain("a chain", [{ a: 1, b: 2 ** 40, c: 2 ** 40, d: 1 }]), /too many weights/);
  throws(() => checkChain("a chain", [null as unknown as Pattern]), TypeError);
  throws(() => radixPatterns(12, 3), /n must be a power of 3, got 12/);
  throws(() => radixPatterns(8, 1), /k must be at least 2, got 1/);
  throws(() => radixPatterns(1, 2), /n must be a power of 2, got 1/);
  throws(() => butterflyPatterns(NaN), /n must be a whole number from 1 to 1073741824, got NaN/);
  throws(() => mixedRadixPatterns([]), /at least one, got 0 and 0/);
  throws(() => mixedRadixPatterns([2, 0]), /must be a whole number from 1 to 1073741824, got 0/);
  throws(() => monarchPatterns(12, 12, { p: 5 }), /p must divide the 12 rows, got 5/);
  throws(() => blockButterflyPatterns(10, 4), /n must be a multiple of 4, got 10/);
  throws(() => withRank(eight, 0), /rank must be a whole number from 1 to 1073741824, got 0/);
  throws(() => withRank([...eight].reverse(), 2), /neighbours are not chainable/);
});
