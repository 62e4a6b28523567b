/** A Gaussian process on a grid of 100³ points: what its covariance is made of is three matrices of 100 × 100. */
import {
  dense,
  explain,
  identity,
  inv,
  kron,
  type LinearOperator,
  logdet,
  logdetGradient,
  parameterGradient,
  scale,
  sqrt,
  sum,
} from "../../src/linalg/mod.ts";
import { Adam, cosineRate } from "../../src/learn/adam.ts";
import { Random } from "../../src/program/random.ts";
import { draw } from "./plot.ts";
import { code, type Example, seconds, table } from "./example.ts";

/** PAPILLON_GRID=40 takes fewer points, where there is no time for all. */
const SIDE = Number(Deno.env.get("PAPILLON_GRID") ?? 100), N = SIDE ** 3;
/** What the data are made with, and where learning begins: length in cells, variance of the noise. */
const TRUE = { length: 8, noise: 0.5 }, FIRST = { length: 3, noise: 2 }, STEPS = 20;

/** Matérn's covariance of order 3/2 along one axis, and its derivative by log(length). */
function matern(length: number): { kernel: LinearOperator; derivative: Float64Array } {
  const kernel = new Float64Array(SIDE * SIDE), derivative = new Float64Array(SIDE * SIDE);
  for (let at = 0; at < kernel.length; at++) {
    const d = Math.sqrt(3) * Math.abs(at % SIDE - Math.floor(at / SIDE)) / length;
    kernel[at] = (1 + d) * Math.exp(-d);
    derivative[at] = d * d * Math.exp(-d);
  }
  const made = dense({ rows: SIDE, cols: SIDE, field: "real", values: kernel });
  return { kernel: made.annotate("PSD"), derivative };
}

/** K⊗K⊗K + noise·I. */
function covariance(length: number, noise: number): LinearOperator {
  const { kernel } = matern(length);
  return sum(kron(kernel, kernel, kernel), scale(noise, identity(N)));
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((total, v, i) => total + v * b[i], 0);

/** The log marginal likelihood of y, and its gradient by log(length) and log(noise). */
function likelihood(y: Float64Array<ArrayBuffer>, length: number, noise: number, seed: number) {
  const A = covariance(length, noise),
    inverse = inv(A),
    weights = inverse.apply(y),
    by = parameterGradient(A);
  const value = -0.5 * dot(y, weights) - 0.5 * logdet(A) - 0.5 * N * Math.log(2 * Math.PI);
  // d(yᵀA⁻¹y) = −wᵀ·dA·w with w = A⁻¹y; d(log det A) = tr(A⁻¹·dA), from two random vectors.
  const quadratic = by(weights, weights.map((w) => -w));
  const trace = logdetGradient(A, by, (g) => inverse.apply(g), { method: "estimate", samples: 2, seed });
  const { derivative } = matern(length);
  const chain = (parts: readonly (Float64Array | Float32Array)[]): [number, number] => [
    parts.slice(0, 3).reduce((total, part) => total + dot(Float64Array.from(part), derivative), 0),
    noise * parts[3][0],
  ];
  const [a, b] = [chain(quadratic), chain(trace.parameters)];
  return { value, gradient: [-0.5 * (a[0] + b[0]), -0.5 * (a[1] + b[1])], weights };
}

/** Draws data, learns the length and the noise, and takes the noise away. */
export async function gaussianProcess(): Promise<Example> {
  const random = new Random(1),
    normal = (): Float64Array<ArrayBuffer> => Float64Array.from({ length: N }, () => random.normal());
  const { kernel } = matern(TRUE.length);
  const clean = sqrt(kron(kernel, kernel, kernel)).apply(normal());
  const noise = normal(), y = clean.map((v, i) => v + Math.sqrt(TRUE.noise) * noise[i]);

  const start = performance.now(), theta = Float64Array.of(Math.log(FIRST.length), Math.log(FIRST.noise));
  const adam = new Adam(2, { beta1: 0.7, beta2: 0.9 }),
    path: { length: number; noise: number; value: number }[] = [];
  let mean = y;
  for (let step = 0; step <= STEPS; step++) {
    const [length, variance] = theta.map(Math.exp),
      { value, gradient, weights } = likelihood(y, length, variance, step);
    path.push({ length, noise: variance, value });
    console.error(`gaussian-process: step ${step} of ${STEPS}, ${seconds(performance.now() - start)}`);
    mean = y.map((v, i) => v - variance * weights[i]);
    if (step < STEPS) {
      adam.step(
        theta,
        Float64Array.from(gradient, (g) => -g / N),
        cosineRate(step, STEPS, 0.25),
      );
    }
  }
  const took = performance.now() - start, last = path[STEPS];
  const error = (a: Float64Array): number =>
    Math.sqrt(a.reduce((total, v, i) => total + (v - clean[i]) ** 2, 0) / N);

  const middle = (a: Float64Array): Float64Array =>
      a.slice(SIDE * SIDE * (SIDE >> 1), SIDE * SIDE * ((SIDE >> 1) + 1)),
    steps = path.map((_, i) => i);
  const grid = { rows: SIDE, cols: SIDE, full: 3.5 };
  const svg = await draw(`A Gaussian process on ${SIDE} × ${SIDE} × ${SIDE} points`, [
    { ...grid, title: "the truth, one slice", values: middle(clean) },
    { ...grid, title: "data", values: middle(y) },
    { ...grid, title: "posterior mean", values: middle(mean) },
    {
      title: "learning both by gradient",
      x: "step",
      y: "length in cells, noise variance",
      log: "y",
      series: [
        { name: "length", x: steps, y: path.map((p) => p.length), as: "both" },
        { name: "noise", x: steps, y: path.map((p) => p.noise), as: "both" },
        { name: "true values", x: [0, STEPS], y: [TRUE.length, TRUE.length], as: "dashes" },
        { name: "", x: [0, STEPS], y: [TRUE.noise, TRUE.noise], as: "dashes" },
      ],
    },
  ], 300);
  return {
    name: "gaussian-process",
    title: "Gaussian process regression on a grid",
    svg,
    text:
      `A function of three variables is seen with noise at ${SIDE} × ${SIDE} × ${SIDE} points. Its covariance
A = K⊗K⊗K + σ²I has ${
        (N * N).toExponential(0)
      } entries, of which nothing is stored but K (Matérn's of order 3/2, ${SIDE} × ${SIDE}).
\`inv\` goes through the eigenvectors of K; \`logdet\` is a sum over the same eigenvalues. The length of K
and the noise are learned by ascent on the log marginal likelihood: its gradient is one solve for the data, one for each
of two random vectors (\`logdetGradient\`), and \`parameterGradient\`.

${code(explain("solve", covariance(TRUE.length, TRUE.noise)))}

${
        table(["", "length in cells", "noise variance", "log marginal likelihood"], [
          ["true", TRUE.length.toFixed(2), TRUE.noise.toFixed(4), "–"],
          ["at first", path[0].length.toFixed(2), path[0].noise.toFixed(4), path[0].value.toExponential(5)],
          [
            `after ${STEPS} steps`,
            last.length.toFixed(2),
            last.noise.toFixed(4),
            last.value.toExponential(5),
          ],
        ])
      }

The error of the data is ${error(y).toFixed(3)}, that of the posterior mean ${
        error(mean).toFixed(3)
      } (root of the mean square; the
function has variance 1). All ${STEPS} steps, each with three solves of ${N} unknowns and three gradients, took ${
        seconds(took)
      }.`,
  };
}
