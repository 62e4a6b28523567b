import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { mixedRadixPatterns, patternWeights, withRank } from "../src/operator/pattern.ts";
import { Random } from "../src/program/random.ts";
import { factorize } from "../src/learn/factorize.ts";
import type { DenseMatrix } from "../src/learn/matrix.ts";
import { digitReversal, evenOdd } from "../src/learn/orders.ts";
import { chainProduct } from "../src/learn/split.ts";
import { findStructure, type Structure, structureTask } from "../src/learn/structure.ts";
import { noise } from "./learn_targets.ts";

function made(n: number, entry: (i: number, j: number) => number): DenseMatrix {
  return {
    rows: n,
    cols: n,
    values: Float64Array.from({ length: n * n }, (_, k) => entry(Math.floor(k / n), k % n)),
  };
}

function fourier(n: number): DenseMatrix {
  const values = new Float64Array(2 * n * n);
  for (let k = 0; k < n * n; k++) {
    const angle = -2 * Math.PI * (Math.floor(k / n) * (k % n) % n) / n;
    values.set([Math.cos(angle), Math.sin(angle)], 2 * k);
  }
  return { rows: n, cols: n, values, field: "complex" };
}

/** Row i and column j of the result are rows[i] and columns[j], times random numbers if asked. */
function disguised(
  matrix: DenseMatrix,
  rows?: ArrayLike<number>,
  columns?: ArrayLike<number>,
  random?: Random,
): DenseMatrix {
  const { rows: n, values, field } = matrix, width = field === "complex" ? 2 : 1;
  const [d1, d2] = [0, 1].map(() => Array.from({ length: n }, () => random ? random.normal() : 1));
  const result = new Float64Array(values.length);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const from = ((rows?.[i] ?? i) * n + (columns?.[j] ?? j)) * width;
      for (let part = 0; part < width; part++) {
        result[(i * n + j) * width + part] = d1[i] * d2[j] * values[from + part];
      }
    }
  }
  return { ...matrix, values: result };
}

const transforms: Record<string, (n: number) => DenseMatrix> = {
  "DCT-II": (n) => made(n, (i, j) => Math.cos(Math.PI * (2 * j + 1) * i / (2 * n))),
  "DCT-III": (n) => made(n, (i, j) => Math.cos(Math.PI * (2 * i + 1) * j / (2 * n))),
  "DCT-IV": (n) => made(n, (i, j) => Math.cos(Math.PI * (2 * j + 1) * (2 * i + 1) / (4 * n))),
  "DST-II": (n) => made(n, (i, j) => Math.sin(Math.PI * (2 * j + 1) * (i + 1) / (2 * n))),
  "DST-III": (n) => made(n, (i, j) => Math.sin(Math.PI * (2 * i + 1) * (j + 1) / (2 * n))),
  "DST-IV": (n) => made(n, (i, j) => Math.sin(Math.PI * (2 * j + 1) * (2 * i + 1) / (4 * n))),
  Hartley: (n) => made(n, (i, j) => Math.cos(2 * Math.PI * i * j / n) + Math.sin(2 * Math.PI * i * j / n)),
};

async function exact(matrix: DenseMatrix, structure: Structure): Promise<void> {
  const { error } = await factorize(matrix, structure.patterns, structure);
  ok(error < 1e-11, `error ${error} of ${structure.rowName} × ${structure.columnName}`);
  equal(structure.patterns.reduce((sum, p) => sum + patternWeights(p), 0), structure.parameters);
}

Deno.test("real cosine, sine and Hartley transforms come out as real chains of rank 2, between random diagonals too", async () => {
  for (const [name, transform] of Object.entries(transforms)) {
    for (const n of [32, 128]) {
      for (const random of [undefined, new Random(n)]) {
        const matrix = disguised(transform(n), undefined, undefined, random);
        const [best] = await findStructure(matrix);
        ok(best.fits && best.rank === 2, `${name} ${n}: rank ${best.rank}, misfit ${best.misfit}`);
        await exact(matrix, best);
      }
    }
  }
});

Deno.test("the DFT has rank 1 behind a digit reversal at any composite size, Hadamard needs none", async () => {
  for (const n of [12, 48, 60, 64, 81]) {
    const matrix = disguised(fourier(n), undefined, undefined, new Random(n));
    const [best] = await findStructure(matrix);
    deepEqual([best.fits, best.rank, best.rowName, best.columnName], [true, 1, "none", "digit reversal"]);
    await exact(matrix, best);
  }
  const bits = (k: number): number => k === 0 ? 0 : 1 - bits(k & (k - 1));
  const [best] = await findStructure(made(64, (i, j) => bits(i & j) ? -1 : 1));
  deepEqual([best.fits, best.rank, best.rowName, best.columnName], [true, 1, "none", "none"]);
});

Deno.test("smooth matrices have higher ranks: Legendre polynomials and Hilbert's matrix", async () => {
  const n = 256;
  const legendre = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    const x = (2 * j + 1) / n - 1;
    let [before, value] = [0, 1];
    for (let i = 0; i < n; i++) {
      legendre[i * n + j] = value * Math.sqrt((2 * i + 1) / n);
      [before, value] = [value, ((2 * i + 1) * x * value - i * before) / (i + 1)];
    }
  }
  const hilbert = made(n, (i, j) => 1 / (i + j + 1));
  const [smooth] = await findStructure(hilbert, { search: "known" });
  ok(smooth.fits && smooth.rank >= 3 && smooth.rank <= 6);
  ok((await factorize(hilbert, smooth.patterns, smooth)).error < 1e-5);
  const matrix = { rows: n, cols: n, values: legendre };
  const [polynomials] = await findStructure(matrix, { search: "known", tolerance: 1e-2 });
  ok(polynomials.fits && polynomials.rank >= 4 && polynomials.rank <= 8, `rank ${polynomials.rank}`);
  ok((await factorize(matrix, polynomials.patterns, polynomials)).error < 3e-2);
});

Deno.test("rows and columns in the known orders are put right again, with strides of either order", async () => {
  const n = 64, radices = [2, 2, 2, 2, 2, 2], random = new Random(11);
  const chain = mixedRadixPatterns(radices);
  const factors = chain.map((p) => Float64Array.from({ length: patternWeights(p) }, () => random.normal()));
  const plain = { rows: n, cols: n, values: chainProduct(chain, factors, "real") };
  const inverse = (order: Uint32Array): Uint32Array => {
    const result = new Uint32Array(order.length);
    order.forEach((j, i) => result[j] = i);
    return result;
  };
  const reversal = digitReversal(radices), folded = evenOdd(n);
  const both = reversal.map((j) => folded[j]);
  for (const rows of [undefined, reversal, folded, both]) {
    for (const columns of [undefined, reversal, folded, both]) {
      const matrix = disguised(plain, rows && inverse(rows), columns && inverse(columns));
      const [best] = await findStructure(matrix, { search: "known" });
      ok(best.fits && best.rank === 1);
      await exact(matrix, best);
      if (rows === reversal && columns === reversal) {
        deepEqual([best.rowName, best.columnName, best.patterns[0].d], ["none", "none", 32]);
      }
    }
  }
});

Deno.test("a chain of mixed radix is found with its radices in their order", async () => {
  const random = new Random(4);
  for (const radices of [[3, 2, 2, 2], [2, 3, 2, 2], [2, 5, 3]]) {
    const chain = mixedRadixPatterns(radices), n = radices.reduce((a, b) => a * b);
    const factors = chain.map((p) =>
      Float64Array.from({ length: 2 * patternWeights(p) }, () => random.normal())
    );
    const matrix = {
      rows: n,
      cols: n,
      values: chainProduct(chain, factors, "complex"),
      field: "complex" as const,
    };
    const [best] = await findStructure(matrix);
    ok(best.fits);
    deepEqual(best.patterns, chain);
  }
});

Deno.test("orders by levels: products of separations and reversals, rank 2 as well, on columns and on rows", async () => {
  const n = 64;
  // Even and odd apart; in each half the second half backwards; in each quarter even and odd apart.
  const order = Array.from({ length: n }, (_, j) => 2 * (j % 32) + Math.floor(j / 32))
    .map((_, j, all) => all[j % 32 < 16 ? j : j - j % 16 + 15 - j % 16])
    .map((_, j, all) => all[j - j % 16 + (j % 8) * 2 + Math.floor(j % 16 / 8)]);
  const chain = withRank(mixedRadixPatterns([4, 2, 2, 4]), 2), random = new Random(6);
  const factors = chain.map((p) => Float64Array.from({ length: patternWeights(p) }, () => random.normal()));
  const plain = { rows: n, cols: n, values: chainProduct(chain, factors, "real") };
  for (const matrix of [disguised(plain, undefined, order), disguised(plain, order, undefined)]) {
    ok(!(await findStructure(matrix, { search: "known" }))[0].fits);
    const [best] = await findStructure(matrix);
    ok(best.fits && best.rank === 2, `${best.rowName} × ${best.columnName}, rank ${best.rank}`);
    await exact(matrix, best);
  }
});

Deno.test("any order of the columns, or of the rows, of a chain of rank 1 is found when asked for", async () => {
  const random = new Random(8);
  for (const n of [32, 60]) {
    const shuffled = random.permutation(n);
    for (
      const matrix of [disguised(fourier(n), undefined, shuffled), disguised(fourier(n), shuffled, undefined)]
    ) {
      ok(!(await findStructure(matrix))[0].fits);
      const [best] = await findStructure(matrix, { search: "columns" });
      ok(best.fits && best.rank === 1 && [best.rowName, best.columnName].includes("found"));
      await exact(matrix, best);
    }
  }
});

Deno.test("noise: with a tolerance above it the structure is found, without it nothing fits", async () => {
  const matrix = transforms["DCT-II"](64), random = new Random(3);
  const values = Float64Array.from(matrix.values, (value) => value + 0.007 * random.normal());
  ok((await findStructure({ ...matrix, values }, { search: "known" })).every(({ fits }) => !fits));
  const [best] = await findStructure({ ...matrix, values }, { tolerance: 0.03 });
  ok(best.fits && best.rank === 2 && best.columnName === "even/odd, digit reversal");
  const { error } = await factorize({ ...matrix, values }, best.patterns, best);
  ok(error < 0.0105, `error ${error}`);
  const nothing = await findStructure({ rows: 64, cols: 64, values: noise(64, "real", 1).values });
  ok(nothing.length > 0 && nothing.every(({ fits, misfit }) => !fits && misfit > 0.5));
});

Deno.test("where there is nothing to find the answer is empty, and what makes no sense is refused", async () => {
  deepEqual(await findStructure(made(7, () => 1)), []);
  deepEqual(await findStructure(made(8, () => 0)), []);
  deepEqual(await findStructure(made(1, () => 1)), []);
  const ones = made(8, () => 1);
  await rejects(
    findStructure({ rows: 2, cols: 4, values: ones.values.slice(0, 8) }),
    /of a 2×4 matrix: expected a square/,
  );
  await rejects(findStructure(made(8, () => NaN)), /entry \(0, 0\) is NaN/);
  await rejects(findStructure(ones, { tolerance: 0 }), /tolerance is 0/);
  await rejects(findStructure(ones, { maxRank: 0 }), /maxRank is 0/);
  await rejects(findStructure(ones, { search: "all" as "known" }), /search is all/);
  const task = structureTask(ones);
  equal(task.next().done, false);
  deepEqual(task.next("cancelled"), { done: true, value: undefined });
});
