import { equal, ok } from "node:assert/strict";
import { Random } from "../src/program/random.ts";
import { balance } from "../src/learn/balance.ts";
import { Chain64, weightCount } from "../src/learn/chain64.ts";
import { canonicalWeights, HYPOTHESES } from "../src/learn/hypothesis.ts";
import { orthogonalWeights } from "../src/learn/initial.ts";
import type { Field } from "../src/learn/target.ts";
import { denseButterfly, noise, randomFactors } from "./learn_targets.ts";

const FIELDS: Field[] = ["real", "complex"];

function normalWeights(n: number, field: Field, seed: number): Float64Array {
  const random = new Random(seed);
  return Float64Array.from({ length: weightCount(n, field) }, () => random.normal());
}

Deno.test("the compact product is the dense matrix of the factors", () => {
  for (const field of FIELDS) {
    for (const n of [2, 4, 8, 32, 64]) {
      const factors = randomFactors(n, field, new Random(n));
      const dense = denseButterfly(factors, n, field, true);
      const chain = new Chain64(n, field);
      const weights = canonicalWeights(factors, n, field, HYPOTHESES[0]);
      ok(chain.squaredError(weights, dense.values) <= (1e-14 * dense.norm) ** 2);
      equal(chain.product(weights).length, dense.values.length);
    }
  }
});

Deno.test("the gradient of the loss matches central differences in every direction", () => {
  for (const field of FIELDS) {
    for (const n of [2, 4, 16]) {
      const weights = normalWeights(n, field, 7 * n);
      const loss = new Chain64(n, field).loss(noise(n, field, n).values);
      const gradient = new Float64Array(weights.length).fill(NaN);
      const unused = new Float64Array(weights.length);
      loss(weights, gradient);
      const size = Math.hypot(...gradient);
      const step = 1e-5;
      for (let i = 0; i < weights.length; i++) {
        const kept = weights[i];
        weights[i] = kept + step;
        const above = loss(weights, unused);
        weights[i] = kept - step;
        const below = loss(weights, unused);
        weights[i] = kept;
        const slope = (above - below) / (2 * step);
        ok(
          Math.abs(slope - gradient[i]) <= 1e-7 * size,
          `${field} n=${n} weight ${i}: ${slope}, ${gradient[i]}`,
        );
      }
    }
  }
});

Deno.test("the loss is half the squared error and vanishes with its gradient at a solution", () => {
  for (const field of FIELDS) {
    const chain = new Chain64(32, field);
    const weights = normalWeights(32, field, 1);
    const gradient = new Float64Array(weights.length);
    const other = noise(32, field, 2).values;
    const loss = chain.loss(other)(weights, gradient);
    ok(Math.abs(loss - chain.squaredError(weights, other) / 2) <= 1e-12 * loss);
    const own = chain.product(weights).slice();
    equal(chain.loss(own)(weights, gradient), 0);
    ok(gradient.every((slope) => slope === 0));
  }
});

Deno.test("balancing keeps the product, times the scale, and evens out the factors", () => {
  for (const field of FIELDS) {
    for (const n of [2, 8, 64]) {
      const chain = new Chain64(n, field);
      const weights = orthogonalWeights(n, field, new Random(n));
      const before = chain.product(weights).slice();
      // A gauge that float32 could not hold: factor 0 tiny, the last one huge.
      const width = field === "complex" ? 2 : 1;
      const size = 2 * n * width;
      for (let i = 0; i < size; i++) {
        weights[i] *= 1e-30;
        weights[weights.length - size + i] *= 1e30;
      }
      balance(weights, n, field, 100);
      const after = chain.product(weights);
      for (let i = 0; i < after.length; i++) ok(Math.abs(after[i] - 100 * before[i]) <= 1e-12);
      const expected = 100 ** (1 / Math.log2(n)) * Math.sqrt(n);
      for (let level = 0; level < chain.depth; level++) {
        const norm = Math.hypot(...chain.factor(weights, level));
        ok(Math.abs(norm / expected - 1) < 1e-9, `level ${level}: ${norm}, expected ${expected}`);
      }
    }
  }
});

Deno.test("balancing a chain with dead points and a zero chain leaves finite weights and the same product", () => {
  const n = 16;
  const chain = new Chain64(n, "real");
  const weights = normalWeights(n, "real", 3);
  // The weights of column 5 in the second factor: nothing passes through that point any more.
  const dead = chain.factor(weights, 1);
  dead[9] = dead[13] = 0;
  const before = chain.product(weights).slice();
  balance(weights, n, "real");
  ok(weights.every(Number.isFinite));
  chain.product(weights).forEach((value, i) => ok(Math.abs(value - before[i]) <= 1e-12));
  dead.fill(0);
  balance(weights, n, "real");
  ok(weights.every((weight) => weight === 0));
});

Deno.test("random starts are orthogonal chains that depend on the seed alone", () => {
  for (const field of FIELDS) {
    const n = 16;
    const width = field === "complex" ? 2 : 1;
    const weights = orthogonalWeights(n, field, new Random(5));
    const product = new Chain64(n, field).product(weights);
    for (let row = 0; row < n; row++) {
      for (let other = 0; other <= row; other++) {
        let re = 0;
        let im = 0;
        for (let k = 0; k < n; k++) {
          const [a, b] = [(row * n + k) * width, (other * n + k) * width];
          re += product[a] * product[b] + (width === 2 ? product[a + 1] * product[b + 1] : 0);
          im += width === 2 ? product[a + 1] * product[b] - product[a] * product[b + 1] : 0;
        }
        ok(Math.abs(re - (row === other ? 1 : 0)) < 1e-13 && Math.abs(im) < 1e-13);
      }
    }
    equal(orthogonalWeights(n, field, new Random(5)).join(), weights.join());
    ok(orthogonalWeights(n, field, new Random(6)).join() !== weights.join());
  }
});
