import { equal, ok } from "node:assert/strict";
import { Random } from "../src/program/random.ts";
import { lbfgs, type LbfgsOptions, type Minimum } from "../src/learn/lbfgs.ts";
import type { LossAndGradient } from "../src/learn/objective.ts";

function minimise(objective: LossAndGradient, weights: Float64Array, options?: LbfgsOptions): Minimum {
  const run = lbfgs(objective, weights, options);
  for (;;) {
    const step = run.next();
    if (step.done) return step.value;
  }
}

const rosenbrock: LossAndGradient = (w, gradient) => {
  let sum = 0;
  gradient.fill(0);
  for (let i = 0; i + 1 < w.length; i++) {
    const a = 1 - w[i];
    const b = w[i + 1] - w[i] * w[i];
    sum += a * a + 100 * b * b;
    gradient[i] += -2 * a - 400 * w[i] * b;
    gradient[i + 1] += 200 * b;
  }
  return sum;
};

Deno.test("Rosenbrock's valley is followed to its end, in 2 and in 50 dimensions", () => {
  for (const [size, most] of [[2, 100], [50, 500]]) {
    const weights = new Float64Array(size).map((_, i) => (i % 2 ? 1 : -1.2));
    const end = minimise(rosenbrock, weights, { targetLoss: 1e-20 });
    equal(end.reason, "target");
    ok(weights.every((x) => Math.abs(x - 1) < 1e-8));
    ok(end.iterations < most && end.evaluations < 2 * most, `${end.iterations}, ${end.evaluations}`);
  }
});

Deno.test("an ill-conditioned quadratic is minimised to rounding, and then the run says that it stalls", () => {
  const random = new Random(1);
  const curvature = Float64Array.from({ length: 100 }, (_, i) => 10 ** ((i / 99) * 3));
  const centre = curvature.map(() => random.normal());
  const weights = new Float64Array(100);
  const end = minimise((w, gradient) => {
    let sum = 7;
    for (let i = 0; i < 100; i++) {
      gradient[i] = curvature[i] * (w[i] - centre[i]);
      sum += gradient[i] * (w[i] - centre[i]) / 2;
    }
    return sum;
  }, weights);
  equal(end.reason, "stalled");
  ok(Math.abs(end.loss - 7) < 1e-8);
  ok(weights.every((x, i) => Math.abs(x - centre[i]) < 1e-3));
});

Deno.test("the loss falls at every step, and weights hold the point of the loss that was reported", () => {
  const weights = Float64Array.of(-1.2, 1, 3, -2);
  const unused = new Float64Array(4);
  let last = rosenbrock(weights, unused);
  for (const loss of lbfgs(rosenbrock, weights, { maxIterations: 40 })) {
    ok(loss < last);
    equal(rosenbrock(weights, unused), loss);
    last = loss;
  }
});

Deno.test("functions that bend the search are survived: walls of NaN and Infinity, a start at the minimum", () => {
  // −log(x) + x on x > 0, NaN elsewhere; the minimum is at 1.
  const barrier: LossAndGradient = ([x], gradient) => {
    gradient[0] = 1 - 1 / x;
    return x - Math.log(x);
  };
  const weights = Float64Array.of(30);
  minimise(barrier, weights);
  ok(Math.abs(weights[0] - 1) < 1e-6);
  // A quartic, flat around its minimum.
  const flat = Float64Array.of(2, -3);
  minimise(
    ([x, y], gradient) => {
      gradient.set([4 * x ** 3, 4 * y ** 3]);
      return x ** 4 + y ** 4;
    },
    flat,
    { targetLoss: 1e-16 },
  );
  ok(Math.max(...flat.map(Math.abs)) < 1e-3);
  const still = Float64Array.of(1, 1);
  equal(minimise(rosenbrock, still).reason, "target");
  equal(minimise((_, gradient) => (gradient.fill(0), 1), still).reason, "stalled");
  equal(minimise((_, gradient) => (gradient.fill(NaN), NaN), still).reason, "stalled");
  equal(still.join(), "1,1");
});

Deno.test("it ends after the iterations allowed, or when it is told to stop", () => {
  const start = (): Float64Array => new Float64Array(20).fill(-1);
  equal(minimise(rosenbrock, start(), { maxIterations: 3 }).iterations, 3);
  equal(minimise(rosenbrock, start(), { maxIterations: 3 }).reason, "iterations");
  const run = lbfgs(rosenbrock, start());
  run.next();
  const end = run.next("budget");
  ok(end.done && end.value.reason === "budget" && end.value.iterations === 1);
});
