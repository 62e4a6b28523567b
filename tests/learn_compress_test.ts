import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { approximateLowRank, lowRankOperator } from "../src/learn/baselines/low_rank.ts";
import { approximateSparse, sparseOperator } from "../src/learn/baselines/sparse.ts";
import { approximateSparseLowRank, sparseLowRankOperator } from "../src/learn/baselines/sparse_low_rank.ts";
import { compress, compressTask } from "../src/learn/compress.ts";
import { productLoss } from "../src/learn/descend.ts";
import type { DenseMatrix } from "../src/learn/matrix.ts";
import { singularEnergies } from "../src/learn/singular.ts";
import { STRUCTURES } from "../src/learn/plans.ts";
import { chainProduct } from "../src/learn/split.ts";
import { butterflyPatterns, monarchPatterns, patternWeights } from "../src/operator/pattern.ts";
import type { Operator } from "../src/operator/operator.ts";
import type { Field } from "../src/program/step.ts";
import { Random } from "../src/program/random.ts";

function normals(rows: number, cols: number, random: Random, field: Field = "real"): DenseMatrix {
  const length = rows * cols * (field === "complex" ? 2 : 1);
  return { rows, cols, values: Float64Array.from({ length }, () => random.normal()), field };
}

function made(rows: number, cols: number, entry: (i: number, j: number) => number): DenseMatrix {
  return {
    rows,
    cols,
    values: Float64Array.from({ length: rows * cols }, (_, k) => entry(Math.floor(k / cols), k % cols)),
  };
}

/** ‖matrix − operator‖ / ‖matrix‖, by applying the operator to the unit vectors. */
function distance({ values }: DenseMatrix, operator: Operator): number {
  const dense = operator.toDense();
  let error = 0, norm = 0;
  for (let i = 0; i < values.length; i++) {
    error += (values[i] - dense[i]) ** 2;
    norm += values[i] ** 2;
  }
  return Math.sqrt(error / norm);
}

Deno.test("low rank is as near as the singular values by Jacobi allow, for flat and for falling spectra, at any shape", () => {
  const random = new Random(1);
  const smooth = made(70, 45, (i, j) => 1 / (1 + i + 2 * j));
  const matrices = [
    normals(40, 40, random),
    normals(120, 150, random),
    normals(30, 45, random, "complex"),
    normals(
      110,
      100,
      random,
      "complex",
    ),
    smooth,
  ];
  for (const matrix of matrices) {
    const width = matrix.field === "complex" ? 2 : 1;
    const energies = singularEnergies(Float64Array.from(matrix.values), matrix.rows, matrix.cols, width);
    const all = energies.reduce((sum, value) => sum + value, 0);
    for (const rank of [1, 2, 7, 20]) {
      const fit = approximateLowRank(matrix, rank);
      const best = Math.sqrt(energies.slice(rank).reduce((sum, value) => sum + value, 0) / all);
      ok(
        fit.error >= best * (1 - 1e-9) - 1e-14 && fit.error <= 1.001 * best + 1e-13,
        `${rank}: ${fit.error}, ${best}`,
      );
      ok(Math.abs(distance(matrix, lowRankOperator(fit)) - fit.error) < 1e-6);
      equal(fit.parameters, rank * (matrix.rows + matrix.cols));
    }
  }
});

Deno.test("sparse keeps the largest entries, ties and zeros included", () => {
  const random = new Random(2);
  const matrix = normals(9, 14, random, "complex");
  const fit = approximateSparse(matrix, 20);
  equal(fit.places.length, 20);
  const moduli = Array.from(
    { length: 126 },
    (_, k) => Math.hypot(matrix.values[2 * k], matrix.values[2 * k + 1]),
  );
  const limit = moduli.toSorted((a, b) => b - a)[19];
  deepEqual([...fit.places], moduli.flatMap((modulus, k) => modulus >= limit ? [k] : []));
  ok(Math.abs(distance(matrix, sparseOperator(fit)) - fit.error) < 1e-6);
  equal(approximateSparse(made(4, 4, () => 1), 5).places.length, 5);
  deepEqual(approximateSparse(made(4, 4, (i, j) => i === j ? 2 : 0), 9).places.length, 4);
  equal(approximateSparse(made(3, 3, () => 0), 2).error, 0);
});

Deno.test("sparse plus low rank separates outliers from a matrix of low rank", () => {
  const random = new Random(3);
  for (const field of ["real", "complex"] as const) {
    const thin = approximateLowRank(normals(60, 50, random, field), 3);
    const values = Float64Array.from(lowRankOperator(thin).toDense());
    const width = field === "complex" ? 2 : 1;
    const places = [...random.permutation(3000).slice(0, 60)].sort((a, b) => a - b);
    for (const place of places) values[place * width] += 20;
    const matrix = { rows: 60, cols: 50, values, field };
    const fit = approximateSparseLowRank(matrix, { rank: 3, count: 60 });
    deepEqual([...fit.places], places);
    ok(fit.error < 1e-3, `error ${fit.error}`);
    ok(Math.abs(distance(matrix, sparseLowRankOperator(fit)) - fit.error) < 1e-6);
  }
});

Deno.test("the gradient of a product of any factors agrees with finite differences", () => {
  const random = new Random(4);
  for (const field of ["real", "complex"] as const) {
    const patterns = [
      ...butterflyPatterns(4, { increasing: false }),
      ...monarchPatterns(6, 4, { p: 3, q: 2 }),
    ];
    const width = field === "complex" ? 2 : 1;
    const length = patterns.reduce((sum, pattern) => sum + patternWeights(pattern), 0) * width;
    const loss = productLoss(Float64Array.from(normals(6, 4, random, field).values), patterns, field);
    const weights = Float64Array.from({ length }, () => random.normal());
    const gradient = new Float64Array(length), none = new Float64Array(length);
    loss(weights, gradient);
    for (let i = 0; i < length; i++) {
      const at = (step: number): number => loss(weights.map((w, k) => k === i ? w + step : w), none);
      const slope = (at(1e-5) - at(-1e-5)) / 2e-5;
      ok(
        Math.abs(slope - gradient[i]) < 1e-6 * (1 + Math.abs(slope)),
        `weight ${i}: ${slope}, ${gradient[i]}`,
      );
    }
  }
});

Deno.test("at equal parameters: the structure that a matrix has wins, its error is that of its operator", async () => {
  const random = new Random(5), n = 48;
  const patterns = monarchPatterns(n, n);
  const factors = patterns.map((p) =>
    Float64Array.from({ length: patternWeights(p) }, () => random.normal())
  );
  const monarch = { rows: n, cols: n, values: chainProduct(patterns, factors, "real") };
  const cosine = made(128, 128, (i, j) => Math.cos(Math.PI * (2 * j + 1) * i / 256));
  const thin = { ...approximateLowRank(normals(30, 44, random), 2) };
  const low = { rows: 30, cols: 44, values: Float64Array.from(lowRankOperator(thin).toDense()) };
  for (const [matrix, expected] of [[monarch, "monarch"], [cosine, "found"], [low, "low rank"]] as const) {
    const budget = matrix.rows * matrix.cols * 0.4;
    const { best, table, dense, verdict } = await compress(matrix, {
      maxParameters: 0.4,
      gradientSeconds: 0.1,
    });
    equal(best?.structure, expected);
    equal(best, table[0]);
    ok(best.error < 1e-6 && verdict.startsWith(expected));
    for (const { structure, parameters, error, operator, microseconds, fits } of table) {
      ok(parameters <= budget && fits && microseconds! > 0, structure);
      ok(error >= best.error);
      ok(
        Math.abs(distance(matrix, operator) - error) < 2e-6,
        `${structure}: ${error}, ${distance(matrix, operator)}`,
      );
      // Of sparse parts the operator has other numbers than were counted.
      if (!structure.startsWith("sparse") && structure !== "kaleidoscope") {
        equal(operator.parameters, parameters);
      }
    }
    ok(dense.error === 0 && dense.parameters === matrix.rows * matrix.cols && dense.microseconds! > 0);
  }
});

Deno.test("for a given error the smallest is best, and low rank is cut to the very rank", async () => {
  const random = new Random(6);
  const values = Float64Array.from(lowRankOperator(approximateLowRank(normals(40, 40, random), 5)).toDense());
  const matrix = { rows: 40, cols: 40, values: values.map((value) => value + 1e-3 * random.normal()) };
  const { best, table } = await compress(matrix, { maxError: 0.01, gradientSeconds: 0.1, measure: false });
  deepEqual([best?.structure, best?.parameters], ["low rank", 400]);
  ok(best!.error <= 0.01 && best!.microseconds === undefined);
  ok(
    table.every(({ fits, error, parameters }) => !fits || (error <= 0.01 && parameters >= best!.parameters)),
  );
});

Deno.test("rectangular and complex matrices, and sizes that have no factors, get every kind of chain", async () => {
  const random = new Random(7);
  for (
    const matrix of [normals(24, 40, random), normals(16, 16, random, "complex"), normals(29, 31, random)]
  ) {
    const { table } = await compress(matrix, { maxParameters: 0.9, gradientSeconds: 0.1, measure: false });
    const names = table.map(({ structure }) => structure);
    for (const name of ["monarch", "radix", "low rank", "sparse", "sparse + low rank"] as const) {
      ok(names.includes(name), `${matrix.rows}×${matrix.cols} has no ${name}`);
    }
    for (const { operator, error } of table) {
      deepEqual([operator.rows, operator.cols], [matrix.rows, matrix.cols]);
      ok(error > 0.01 && error < 1 && Math.abs(distance(matrix, operator) - error) < 2e-6);
    }
  }
});

Deno.test("it says when the dense matrix is the better choice, and when low rank is", async () => {
  const options = { gradientSeconds: 0.1, measure: false };
  const noise = await compress(normals(32, 32, new Random(8)), { ...options, maxParameters: 0.25 });
  ok(/what noise would lose too.*dense one is the better choice/.test(noise.verdict), noise.verdict);
  const none = await compress(normals(32, 32, new Random(8)), { ...options, maxError: 0.01 });
  equal(none.best, undefined);
  ok(
    /^Nothing that was tried has an error of at most 1.0 %.*Keep the dense matrix\.$/.test(none.verdict),
    none.verdict,
  );
  const smooth = await compress(made(32, 32, (i, j) => 1 / (i + j + 1)), { ...options, maxParameters: 0.5 });
  ok(smooth.verdict.includes("low rank is the better choice"), smooth.verdict);
  ok(!smooth.verdict.includes("noise"), smooth.verdict);
  for (const maxParameters of [0.1, 0.25, 0.5, 0.75]) {
    const { verdict } = await compress(normals(48, 48, new Random(8)), { ...options, maxParameters });
    ok(/what noise would lose too/.test(verdict), verdict);
  }
  const zero = await compress(made(8, 8, () => 0), { ...options, maxParameters: 0.5 });
  equal(zero.best?.error, 0);
  equal(zero.verdict, "The matrix is zero: it takes no parameters at all.");
  const thin = approximateLowRank(normals(16, 16, new Random(3)), 4);
  const exact = await compress({ rows: 16, cols: 16, values: lowRankOperator(thin).toDense() }, {
    ...options,
    maxParameters: 0.6,
  });
  ok((exact.best?.error ?? 1) < 1e-6 && !exact.verdict.includes("noise"), exact.verdict);
  const tiny = await compress(made(1, 1, () => 3), options);
  ok(tiny.best === undefined && tiny.verdict.startsWith("Nothing that was tried fits"));
});

Deno.test("only the structures asked for are tried, and what makes no sense is refused with a sentence", async () => {
  const matrix = normals(16, 16, new Random(9));
  const { table } = await compress(matrix, {
    structures: ["monarch", "low rank"],
    measure: false,
    maxParameters: 150,
  });
  deepEqual(table.map(({ structure }) => structure).sort(), ["low rank", "monarch"]);
  const curve = await compress(matrix, {
    structures: ["sparse", "low rank"],
    measure: false,
    maxParameters: 0.5,
    sizes: [0.25, 40, 0.75],
  });
  // Each structure in rising sizes, up to the largest that is allowed.
  deepEqual(curve.tried.map(({ parameters }) => parameters), [40, 64, 128, 32, 64, 128]);
  ok(curve.tried.every(({ error }, i) => i % 3 === 0 || error < curve.tried[i - 1].error));
  equal(curve.best?.parameters, 128);
  ok(table.every(({ parameters }) => parameters <= 150));
  const refused = (options: Parameters<typeof compress>[1], message: RegExp) =>
    rejects(compress(matrix, options), message);
  await refused({ maxParameters: 0 }, /maxParameters is 0, expected a positive number/);
  await refused({ maxError: 1 }, /maxError is 1, expected a number between 0 and 1/);
  await refused({ structures: [] }, /structures is not a list of at least one name/);
  await refused({ structures: ["svd" as "sparse"] }, /no structure "svd", expected some of butterfly, found/);
  await refused({ sizes: [0.1, 0] }, /sizes is not a list of positive numbers/);
  await refused({ gradientSeconds: NaN }, /gradientSeconds is NaN/);
  await rejects(compress({ ...matrix, rows: 15 }), /expected 240 numbers of a 15×16 real matrix, got 256/);
  throws(() => approximateLowRank(matrix, 17), /rank is 17, expected a whole number from 1 to 16/);
  throws(() => approximateSparse(matrix, 0), /count is 0/);
  throws(() => approximateSparseLowRank(matrix, { rank: 1, count: 1.5 }), /count is 1.5/);
  const stop = new AbortController();
  stop.abort(new Error("enough"));
  await rejects(compress(matrix, { signal: stop.signal }), { message: "enough" });
  for (const structure of STRUCTURES) {
    const task = compressTask(matrix, { structures: [structure], maxParameters: 0.9, measure: false });
    task.next();
    deepEqual(task.next("cancelled"), { done: true, value: undefined }, structure);
  }
});
