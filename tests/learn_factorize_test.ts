import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import fc from "fast-check";
import {
  blockButterflyPatterns,
  butterflyPatterns,
  deformablePatterns,
  isChainable,
  mixedRadixPatterns,
  monarchPatterns,
  patternColumns,
  patternRows,
  patternWeights,
  pieceRank,
  radixPatterns,
  withRank,
} from "../src/operator/pattern.ts";
import type { Field, Pattern } from "../src/program/step.ts";
import { Random } from "../src/program/random.ts";
import { factorize, factorizeTask } from "../src/learn/factorize.ts";
import { factorizationOperator } from "../src/learn/operator.ts";
import { chainProduct } from "../src/learn/split.ts";
import type { Progress } from "../src/learn/task.ts";
import { dft, hadamard } from "./learn_targets.ts";

/** The dense product of factors by their definition: unit vectors, sums over γ. Slow and plain. */
function dense(patterns: readonly Pattern[], factors: readonly Float64Array[], field: Field): Float64Array {
  const width = field === "complex" ? 2 : 1;
  const rows = patternRows(patterns.at(-1)!), cols = patternColumns(patterns[0]);
  const result = new Float64Array(rows * cols * width);
  for (let column = 0; column < cols; column++) {
    let re = new Float64Array(cols), im = new Float64Array(cols);
    re[column] = 1;
    patterns.forEach((pattern, index) => {
      const { a, b, c, d } = pattern, w = factors[index];
      const nextRe = new Float64Array(a * b * d), nextIm = new Float64Array(a * b * d);
      for (let i = 0, at = 0; i < a; i++) {
        for (let beta = 0; beta < b; beta++) {
          for (let gamma = 0; gamma < c; gamma++) {
            for (let delta = 0; delta < d; delta++, at += width) {
              const from = (i * c + gamma) * d + delta, to = (i * b + beta) * d + delta;
              const wi = width === 2 ? w[at + 1] : 0;
              nextRe[to] += w[at] * re[from] - wi * im[from];
              nextIm[to] += w[at] * im[from] + wi * re[from];
            }
          }
        }
      }
      re = nextRe;
      im = nextIm;
    });
    for (let row = 0; row < rows; row++) {
      result[(row * cols + column) * width] = re[row];
      if (width === 2) result[(row * cols + column) * 2 + 1] = im[row];
    }
  }
  return result;
}

function norm(values: ArrayLike<number>): number {
  return Math.sqrt(Array.from(values).reduce((sum, value) => sum + value * value, 0));
}

function normals(length: number, random: Random): Float64Array {
  return Float64Array.from({ length }, () => random.normal());
}

function randomFactors(patterns: readonly Pattern[], field: Field, random: Random): Float64Array[] {
  return patterns.map((pattern) => normals(patternWeights(pattern) * (field === "complex" ? 2 : 1), random));
}

/**
 * A random chain from the left (last applied) to the right: a grows by q, d shrinks by p, ranks as the pieces allow. The
 * outermost a and d need not be 1.
 */
const chains: fc.Arbitrary<Pattern[]> = fc.record({
  outer: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
  links: fc.array(
    fc.record({
      q: fc.integer({ min: 1, max: 3 }),
      p: fc.integer({ min: 1, max: 3 }),
      rank: fc.integer({ min: 1, max: 3 }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  ends: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
}).map(({ outer, links, ends }) => {
  const left: Pattern[] = [];
  let a = outer[0], d = links.reduce((all, { p }) => all * p, outer[1]), b = ends[0];
  for (const { q, p, rank } of links) {
    left.push({ a, b, c: rank * q, d });
    a *= q;
    d /= p;
    b = rank * p;
  }
  left.push({ a, b, c: ends[1], d });
  return left.reverse();
}).filter((patterns) => {
  const sizes = patterns.map(patternRows).concat(patternColumns(patterns[0]));
  return Math.max(...sizes) <= 150 && possible(patterns);
});

/** Whether no rank is larger than the pieces, from the formulas for the fused halves. */
function possible(patterns: readonly Pattern[]): boolean {
  return patterns.every((right, i) => {
    if (i + 1 === patterns.length) return true;
    const rank = pieceRank(patterns[i + 1], right)!, first = patterns[0], last = patterns.at(-1)!;
    const outputs = patternRows(last) / last.a / patterns[i + 1].d;
    const inputs = patternColumns(first) / first.d / right.a;
    return rank <= Math.min(outputs, inputs);
  });
}

Deno.test("any product of a random chainable chain is factored to rounding, and the factors give it back", async () => {
  await fc.assert(
    fc.asyncProperty(
      chains,
      fc.constantFrom<Field>("real", "complex"),
      fc.nat(),
      fc.boolean(),
      async (chain, field, seed, flip) => {
        ok(isChainable(chain));
        const patterns = flip ? chain.map(({ a, b, c, d }) => ({ a, b: c, c: b, d })).reverse() : chain;
        const values = dense(patterns, randomFactors(patterns, field, new Random(seed)), field);
        const rows = patternRows(patterns.at(-1)!), cols = patternColumns(patterns[0]);
        const found = await factorize({ rows, cols, values, field }, patterns);
        ok(found.error <= 1e-10, `relative error ${found.error}`);
        const rebuilt = dense(patterns, found.factors as Float64Array[], field);
        ok(norm(rebuilt.map((value, i) => value - values[i])) <= 1e-10 * norm(values));
      },
    ),
    { numRuns: 150 },
  );
});

Deno.test("one per cent of noise on a chain stays below one per cent in the error, and the bound is just below", async () => {
  const cases: [Pattern[], Field][] = [
    [butterflyPatterns(64), "real"],
    [butterflyPatterns(32), "complex"],
    [radixPatterns(81, 3), "real"],
    [mixedRadixPatterns([2, 3, 2, 5]), "complex"],
    [withRank(mixedRadixPatterns([4, 2, 2, 4]), 2), "real"],
    [withRank(mixedRadixPatterns([4, 2, 4]), 3), "complex"],
    [monarchPatterns(48, 60), "real"],
    [deformablePatterns(48, 36), "real"],
    [blockButterflyPatterns(64, 4), "real"],
  ];
  const random = new Random(5);
  for (const [patterns, field] of cases) {
    const clean = dense(patterns, randomFactors(patterns, field, random), field);
    const dirt = normals(clean.length, random);
    const level = 0.01 * norm(clean) / norm(dirt);
    const values = clean.map((value, i) => value + level * dirt[i]);
    const rows = patternRows(patterns.at(-1)!), cols = patternColumns(patterns[0]);
    const { error, bound, constant } = await factorize({ rows, cols, values, field }, patterns);
    const text = `${JSON.stringify(patterns)}: error ${error}, bound ${bound}`;
    ok(error < 0.0101 && bound <= error && error <= constant * bound * (1 + 1e-9), text);
    ok(error > 0.003, "more than the class can hold was fitted");
  }
});

Deno.test("no chain that descent finds is nearer than the bound, and the error is at most constant × the best", async () => {
  const random = new Random(3);
  for (
    const patterns of [
      butterflyPatterns(8),
      withRank(mixedRadixPatterns([2, 3, 2]), 2),
      deformablePatterns(8, 12),
    ]
  ) {
    const rows = patternRows(patterns.at(-1)!), cols = patternColumns(patterns[0]);
    const values = normals(rows * cols, random);
    const found = await factorize({ rows, cols, values }, patterns);
    const factors = found.factors.map((factor) => factor.slice());
    const loss = (): number =>
      norm(chainProduct(patterns, factors, "real").map((value, i) => value - values[i])) / norm(values);
    ok(Math.abs(loss() - found.error) < 1e-12);
    // Coordinate descent: the loss is a parabola in each weight.
    for (let sweep = 0; sweep < 60; sweep++) {
      for (const factor of factors) {
        for (let i = 0; i < factor.length; i++) {
          const [at, square] = [factor[i], (x: number): number => {
            factor[i] = x;
            return loss() ** 2;
          }];
          const [minus, zero, plus] = [square(at - 1), square(at), square(at + 1)];
          const bend = plus + minus - 2 * zero;
          factor[i] = bend > 1e-14 ? at - (plus - minus) / (2 * bend) : at;
        }
      }
      if (rows * cols > 64 && sweep > 10) break;
    }
    const best = loss();
    ok(
      best <= found.error + 1e-12 && found.bound <= best,
      `bound ${found.bound}, best ${best}, error ${found.error}`,
    );
    ok(found.error <= found.constant * best);
  }
});

Deno.test("the DFT behind its digit reversal, at powers of two and at 12, 48 and 60", async () => {
  for (const radices of [[2, 2, 2, 2, 2, 2], [4, 4, 4], [2, 2, 3], [2, 2, 2, 2, 3], [5, 3, 2, 2]]) {
    const n = radices.reduce((a, b) => a * b);
    const values = new Float64Array(2 * n * n);
    const columnOrder = Uint32Array.from({ length: n }, (_, j) => {
      let index = 0, rest = j, stride = n;
      for (const k of radices) {
        stride /= k;
        index += rest % k * stride;
        rest = Math.floor(rest / k);
      }
      return index;
    });
    for (let i = 0; i < n * n; i++) {
      const angle = -2 * Math.PI * (Math.floor(i / n) * (i % n) % n) / n;
      values.set([Math.cos(angle), Math.sin(angle)], 2 * i);
    }
    const matrix = { rows: n, cols: n, values, field: "complex" as const };
    const found = await factorize(matrix, mixedRadixPatterns(radices), { columnOrder });
    ok(found.error < 1e-14, `${radices}: ${found.error}`);
    const made = factorizationOperator(found).toDense();
    ok(norm(made.map((value, i) => value - values[i])) < 1e-6 * Math.log2(n) * n);
    if (n > 12) ok((await factorize(matrix, mixedRadixPatterns(radices))).bound > 0.3);
  }
});

Deno.test("exact at 1024: the DFT, the Hadamard transform, a Monarch matrix", async () => {
  const n = 1024;
  const columnOrder = Uint32Array.from({ length: n }, (_, i) => {
    return parseInt([...i.toString(2).padStart(10, "0")].reverse().join(""), 2);
  });
  const fourier = { rows: n, cols: n, ...dft(n) };
  ok((await factorize(fourier, butterflyPatterns(n), { columnOrder })).error < 1e-13);
  const walsh = { rows: n, cols: n, ...hadamard(n) };
  ok((await factorize(walsh, butterflyPatterns(n))).error < 1e-13);
  const monarch = monarchPatterns(n, n);
  const values = chainProduct(monarch, randomFactors(monarch, "real", new Random(1)), "real");
  ok((await factorize({ rows: n, cols: n, values }, monarch)).error < 1e-13);
});

Deno.test("entries outside the support of a chain count in error and bound", async () => {
  const values = Float64Array.from({ length: 16 }, (_, i) => i + 1);
  const patterns = [{ a: 2, b: 2, c: 2, d: 1 }];
  const { error, bound } = await factorize({ rows: 4, cols: 4, values }, patterns);
  const outside = [3, 4, 7, 8, 9, 10, 13, 14];
  ok(Math.abs(error - norm(outside) / norm(values)) < 1e-14 && Math.abs(bound - error) < 1e-14);
});

Deno.test("zero matrices, single entries and any scale are exact", async () => {
  const patterns = withRank(mixedRadixPatterns([4, 2, 4]), 2);
  const zero = await factorize({ rows: 32, cols: 32, values: new Float32Array(1024) }, patterns);
  equal(zero.error, 0);
  ok(zero.factors.every((factor) => factor.every((weight) => weight === 0)));
  const single = new Float64Array(1024);
  single[77] = -3;
  ok((await factorize({ rows: 32, cols: 32, values: single }, patterns)).error < 1e-15);
  const walsh = hadamard(32).values;
  for (const scale of [1e-200, 1e-30, 1e30, 1e200]) {
    const values = walsh.map((value) => value * scale);
    const { error, factors } = await factorize({ rows: 32, cols: 32, values }, patterns);
    ok(error < 1e-14 && factors.every((factor) => factor.every(Number.isFinite)));
  }
});

Deno.test("what cannot be factored is refused with a sentence", async () => {
  const values = new Float64Array(64).fill(1);
  const matrix = { rows: 8, cols: 8, values };
  const refused = (
    what: Parameters<typeof factorize>[0],
    patterns: readonly Pattern[],
    message: RegExp,
    options = {},
  ) => rejects(() => factorize(what, patterns, options), { message });
  const chain = butterflyPatterns(8);
  for (const bad of [NaN, Infinity]) {
    const spoilt = values.slice();
    spoilt[10] = bad;
    await refused(
      { ...matrix, values: spoilt },
      chain,
      /^Cannot factorize a matrix: entry \(1, 2\) is (NaN|Infinity), not/,
    );
  }
  await refused(
    { ...matrix, values: values.slice(1) },
    chain,
    /expected 64 numbers of a 8×8 real matrix, got 63/,
  );
  await refused(matrix, butterflyPatterns(16), /it is 8×8, and the chain 16×16/);
  await refused(matrix, [], /no factors/);
  await refused(
    matrix,
    [chain[0], chain[2], chain[1]],
    /factors 1 \(4, 2, 2, 1\) and 2 \(1, 2, 2, 4\) are not chainable/,
  );
  await refused(
    matrix,
    withRank(butterflyPatterns(8), 3),
    /between factors 1 and 2 the rank is 3, but the pieces are 4×2; merge/,
  );
  await refused(matrix, chain, /rowOrder has 7 entries, expected 8/, { rowOrder: [0, 1, 2, 3, 4, 5, 6] });
  await refused(matrix, chain, /index 0 is repeated/, { columnOrder: new Uint32Array(8) });
});

Deno.test("it reports progress, and a signal stops it with its reason", async () => {
  const matrix = { rows: 128, cols: 128, ...hadamard(128) };
  const task = factorizeTask(matrix, butterflyPatterns(128));
  equal((task.next().value as Progress).phase, "closed form");
  deepEqual(task.next("cancelled"), { done: true, value: undefined });
  const stop = new AbortController();
  stop.abort(new Error("enough"));
  await rejects(() => factorize(matrix, butterflyPatterns(128), { signal: stop.signal }), {
    message: "enough",
  });
});
