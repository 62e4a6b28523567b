import { equal, ok, throws } from "node:assert/strict";
import { Adam, cosineRate } from "../src/learn/adam.ts";

Deno.test("the first steps are those of the paper's algorithm, worked out by hand", () => {
  const weights = Float64Array.of(1, 1, 1);
  const adam = new Adam(3, { epsilon: 0 });
  // Without bias the first step is rate · sign(gradient).
  adam.step(weights, Float64Array.of(0.5, -2, 1e-6), 0.1);
  for (const [i, expected] of [0.9, 1.1, 0.9].entries()) ok(Math.abs(weights[i] - expected) < 1e-12);
  // The second gradient of weight 0 is −0.5: mean (0.9·0.05 − 0.05)/(1 − 0.81), mean square 0.25.
  adam.step(weights, Float64Array.of(-0.5, -2, 1e-6), 0.1);
  const mean = (0.9 * 0.05 - 0.1 * 0.5) / (1 - 0.81);
  ok(Math.abs(weights[0] - (0.9 - 0.1 * mean / 0.5)) < 1e-12);
});

Deno.test("a quadratic of very different curvatures is minimised, in float64 and in float32", () => {
  for (const weights of [new Float64Array(4).fill(1), new Float32Array(4).fill(1)]) {
    const adam = new Adam(4);
    const gradient = weights.slice();
    for (let step = 0; step < 2000; step++) {
      for (let i = 0; i < 4; i++) gradient[i] = 10 ** (2 * i - 3) * weights[i];
      adam.step(weights, gradient, cosineRate(step, 2000, 0.05));
    }
    ok(weights.every((x) => Math.abs(x) < 1e-3), weights.join());
  }
});

Deno.test("a weight without gradient stays where it is", () => {
  const weights = Float64Array.of(3, 4);
  const adam = new Adam(2);
  for (let i = 0; i < 5; i++) adam.step(weights, Float64Array.of(0, 1), 0.1);
  equal(weights[0], 3);
  ok(weights[1] < 4);
});

Deno.test("arrays of another length are refused", () => {
  const adam = new Adam(4);
  throws(
    () => adam.step(new Float64Array(3), new Float64Array(4), 1),
    /step 3 weights with 4 slopes: expected 4/,
  );
  throws(() => adam.step(new Float64Array(4), new Float64Array(5), 1), RangeError);
});

Deno.test("the cosine falls from the peak to the floor and stays there", () => {
  equal(cosineRate(0, 10, 0.3, 0.1), 0.3);
  ok(Math.abs(cosineRate(5, 10, 0.3, 0.1) - 0.2) < 1e-15);
  equal(cosineRate(10, 10, 0.3, 0.1), 0.1);
  equal(cosineRate(20, 10, 0.3, 0.1), 0.1);
});
