import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { Butterfly } from "../src/operator/butterfly.ts";
import { butterflyPatterns } from "../src/operator/pattern.ts";
import { Random } from "../src/program/random.ts";
import { explainFit } from "../src/learn/explain.ts";
import { learn } from "../src/learn/learn.ts";
import { modelError, modelMatrix, realFreedom } from "../src/learn/parts.ts";
import { entryPicker, isSparse, withoutNoise } from "../src/learn/sparse.ts";
import { checkTarget, inField } from "../src/learn/target.ts";
import { circulant, haar, hilbert, legendre, permutation, REAL } from "./learn_families.ts";
import { altered, noise, rmse } from "./learn_targets.ts";

Deno.test("Legendre polynomials, the DCT-I and the DST-I of any power of two are chains with ranks of their own in each cut", async () => {
  for (const n of [8, 32, 64]) {
    for (const target of [legendre(n), REAL["DCT-I"](n), REAL["DST-I"](n)]) {
      const fit = await learn(target, { method: "closed-form" });
      equal(fit.stopped, "converged", fit.explain());
      ok(fit.rmse < 1e-6);
      ok(fit.parameters <= n * n / 2 + 2 * n, `${fit.parameters} at ${n}`);
      ok(rmse(checkTarget(modelMatrix(fit, n), n), target) < 1e-6);
    }
  }
});

Deno.test("the Hilbert matrix of 8 points is of rank 4 to a root mean square error of 1e-5", async () => {
  const fit = await learn(hilbert(8), { method: "closed-form" });
  ok(fit.rmse < 1e-5, fit.explain());
  equal(fit.parameters, 64);
});

Deno.test("with as many numbers as a complex butterfly, Legendre polynomials come nearer than Dao et al. report", async () => {
  for (const [n, theirs] of [[64, 0.01378]] as const) {
    const most = 4 * n * Math.log2(n);
    const fit = await learn(legendre(n), { method: "closed-form", maxParameters: most });
    ok(fit.parameters <= most);
    ok(fit.rmse < theirs, `${fit.rmse} at ${n}`);
    // More numbers, less error.
    const less = await learn(legendre(n), { method: "closed-form", maxParameters: most / 2 });
    ok(less.parameters <= most / 2 && less.rmse > fit.rmse);
  }
  await rejects(learn(legendre(8), { maxParameters: 0 }), /maxParameters is 0, expected a positive number/);
});

Deno.test("sparse matrices are recovered under noise: Haar, permutations", async () => {
  for (const n of [32, 64]) {
    for (const level of n === 32 ? [1e-3] : [1e-6]) {
      for (const clean of [haar(n), permutation(n, new Random(n))]) {
        const noisy = altered(clean, 1, level * clean.norm / n, 3);
        const fit = await learn(noisy, { method: "closed-form" });
        const error = rmse(checkTarget(modelMatrix(fit, n), n), clean) * n / clean.norm;
        ok(error < level, `${error} at ${level}: ${fit.explain()}`);
      }
    }
  }
});

Deno.test("noise is told from entries where there is a gap between them, and nowhere else", () => {
  const clean = haar(64),
    noisy = altered(clean, 1, 1e-3 / 8, 1),
    { target, noise: level } = withoutNoise(noisy);
  ok(target.values.every((value, i) => (value === 0) === (clean.values[i] === 0)));
  ok(Math.abs(level - 1e-3) < 1e-4, `${level}`);
  ok(isSparse({ ...target, rows: 64, cols: 64 }) && !isSparse({ ...noisy, rows: 64, cols: 64 }));
  for (const other of [clean, REAL["DCT-II"](64), noise(64, "real", 1), noise(64, "complex", 1)]) {
    deepEqual(withoutNoise(other), { target: other, noise: 0 });
  }
  const both = withoutNoise(inField(noisy, "complex"));
  deepEqual(both.target.values.filter((_, i) => i % 2 === 0), target.values);
  // Entries by their energy: never one that is zero.
  const pick = entryPicker({ ...clean, rows: 64, cols: 64 })!, random = new Random(2);
  for (let k = 0; k < 50; k++) {
    const [row, column] = pick(random);
    ok(clean.values[row * 64 + column] !== 0);
  }
  equal(entryPicker({ ...noisy, rows: 64, cols: 64 }), undefined);
});

Deno.test("what the freedom of a model is: a butterfly's numbers without a diagonal between two factors each", () => {
  const n = 16, factor = { kind: "factor" as const, weights: new Float32Array(2 * n) };
  const parts = butterflyPatterns(n).map((pattern) => ({ ...factor, pattern }));
  equal(realFreedom({ field: "real", parts, realPart: false }), 2 * n * 4 - 3 * n);
  const low = [{ a: 1, b: 3, c: n, d: 1 }, { a: 1, b: n, c: 3, d: 1 }].map((pattern) => ({
    kind: "factor" as const,
    pattern,
    weights: new Float32Array(3 * n),
  }));
  equal(realFreedom({ field: "real", parts: low, realPart: false }), 3 * (2 * n - 3));
});

Deno.test("matrices without structure end by themselves, soon, and the same every time", async () => {
  const target = noise(16, "complex", 5), options = { maxParameters: 200, budgetSeconds: 600 };
  const first = await learn(target, options), second = await learn(target, options);
  deepEqual(second, first);
  ok(modelError(first, target) < 1 && first.parameters <= 100);
});

Deno.test("products of two kaleidoscope matrices are learned when asked for; real parts of complex products are real", async () => {
  const operator = Butterfly.random(8, { seed: 2, blocks: 4, increasing: false, init: "orthogonal" });
  const fit = await learn(checkTarget(operator.toDense(), 8), { models: ["BB*BB*"], tolerance: 1e-5 });
  equal(fit.stopped, "converged", fit.explain());
  ok(/width 2, BB\*BB\*/.test(fit.model) && fit.method === "gradient");
  const target = circulant(32, "real", new Random(1)), real = await learn(target, { method: "closed-form" });
  deepEqual([real.stopped, real.realPart, real.field, real.operator.field], [
    "converged",
    true,
    "complex",
    "real",
  ]);
  ok(rmse(checkTarget(real.operator.toDense(), 32), target) < 1e-6);
});

Deno.test("a sparse transform behind noise is found as what it is, not as a large chain", async () => {
  const n = 64, clean = haar(n), random = new Random(7), each = 1e-3 * clean.norm / n;
  const noisy = checkTarget(clean.values.map((value) => value + each * random.normal()), n);
  const fit = await learn(noisy, { method: "closed-form" });
  equal(fit.parameters, 2 * n * (2 * Math.log2(n) - 1), fit.explain());
  ok(fit.relativeError < 1.1e-3, fit.explain());
});

Deno.test("explain says when the dense matrix takes no more, and counts complex numbers twice", async () => {
  const target = noise(8, "real", 3), chaos = await learn(target, { method: "closed-form", tolerance: 0.9 });
  equal(/times fewer/.test(chaos.explain()), chaos.parameters < 64);
  const text = (parameters: number, realPart: boolean): string =>
    explainFit({
      ...chaos,
      n: 8,
      field: realPart ? "complex" : "real",
      realPart,
      parameters,
      model: "a chain",
    });
  ok(/It takes 64 numbers, the dense matrix 64, no fewer: it is better left dense\./.test(text(64, false)));
  ok(/It takes 16 numbers, the dense matrix 64, 4 times fewer\./.test(text(16, false)));
  ok(/It takes 16 complex numbers, the dense matrix 64 real ones, 2 times fewer\./.test(text(16, true)));
  ok(/It takes 40 complex numbers, the dense matrix 64 real ones, no fewer/.test(text(40, true)));
});

Deno.test("nothing is descended that has more numbers than are allowed", async () => {
  const n = 16, target = noise(n, "real", 4), few = 2 * n * 4 - 1;
  const { tried } = await learn(target, { maxParameters: few });
  ok(tried.length > 0 && tried.every(({ method }) => method === "closed-form"));
  const none = await learn(target, { models: ["RPP", "BPBP"], method: "gradient", maxParameters: few });
  deepEqual([none.tried, none.relativeError, none.stopped], [[], 1, "stationary"]);
  const one = await learn(target, { models: ["B"], method: "gradient", maxParameters: few + 1, restarts: 1 });
  ok(one.relativeError < 1 && one.tried.length === 1);
});
