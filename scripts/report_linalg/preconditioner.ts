/**
 * A preconditioner that is learned: M = W·Wᵀ, W a kaleidoscope matrix BB*, so that conjugate gradients on A need
 * fewer iterations.
 */
import {
  diag,
  diagonal,
  fromTriplets,
  inv,
  type LinearOperator,
  logdet,
  logdetGradient,
  parameterGradient,
  product,
  slogdet,
  type Triplet,
} from "../../src/linalg/mod.ts";
import { cg } from "../../src/linalg/algorithms/mod.ts";
import { FactorOperator } from "../../src/linalg/operators/factor.ts";
import { Adam, cosineRate } from "../../src/learn/adam.ts";
import { Random } from "../../src/program/random.ts";
import { draw } from "./plot.ts";
import { type Example, seconds, table } from "./example.ts";

const SIDE = 16, N = SIDE * SIDE, STEPS = 200, RATE = 0.04;

/** Diffusion on a square whose conductivity varies by 10⁴, with a little absorption. */
function diffusion(): LinearOperator {
  const random = new Random(4), triplets: Triplet[] = [];
  const conductivity = Float64Array.from({ length: N }, () => 10 ** (4 * random.uniform() - 2));
  const join = (i: number, j: number): void => {
    const c = 2 / (1 / conductivity[i] + 1 / conductivity[j]);
    triplets.push([i, i, c], [j, j, c], [i, j, -c], [j, i, -c]);
  };
  for (let i = 0; i < N; i++) {
    if (i % SIDE < SIDE - 1) join(i, i + 1);
    if (i < N - SIDE) join(i, i + SIDE);
    triplets.push([i, i, 1e-3]);
  }
  return fromTriplets(N, N, triplets).annotate("PSD");
}

/** The strides of the factors of BB*: from the left those of a butterfly, and back. */
const STRIDES = ((up: number[]) => [...up.toReversed(), ...up])(
  Array.from({ length: Math.log2(N) }, (_, k) => 2 ** k),
);

/** W from all weights, one after another. */
function kaleidoscope(weights: Float64Array): LinearOperator {
  return product(
    ...STRIDES.map((s, k) =>
      new FactorOperator(
        { a: N / (2 * s), b: 2, c: 2, d: s },
        weights.slice(k * 2 * N, (k + 1) * 2 * N),
        "real",
      )
    ),
  );
}

/** The identity and a little noise. */
function initial(): Float64Array {
  const random = new Random(5);
  return Float64Array.from({ length: 2 * N * STRIDES.length }, (_, at) => {
    const k = Math.floor(at / (2 * N)), d = STRIDES[k], entry = Math.floor(at / d) % 4;
    return (entry === 0 || entry === 3 ? 1 : 0) + 0.02 * random.normal();
  });
}

/** Learns W, and counts iterations before and after. */
export async function preconditioner(): Promise<Example> {
  const A = diffusion(), roots = diagonal(diag(A).map((v) => 1 / Math.sqrt(v)));
  const scaled = product(roots, A, roots).annotate("PSD"), known = logdet(scaled) / N;
  const units = new Float64Array(N * N);
  for (let i = 0; i < N; i++) units[i * (N + 1)] = 1;

  // Kaporin's number of WᵀAW, log(mean of the eigenvalues) − mean of their logarithms: zero for M = A⁻¹.
  const weights = initial(), adam = new Adam(weights.length), losses: number[] = [];
  const start = performance.now();
  for (let step = 0; step < STEPS; step++) {
    const W = kaleidoscope(weights),
      by = parameterGradient(W),
      columns = W.apply(units),
      back = scaled.apply(columns);
    const trace = columns.reduce((sum, v, i) => sum + v * back[i], 0);
    losses.push(Math.log(trace / N) - (2 * slogdet(W).logabs / N + known));
    const inverse = inv(W.adjoint());
    const up = by(units, back.map((v) => 2 * v / trace));
    const down = logdetGradient(W, by, (g) => inverse.apply(g), { method: "exact" });
    const gradient = new Float64Array(weights.length);
    let at = 0;
    for (const [k, part] of up.entries()) {
      for (let i = 0; i < part.length; i++, at++) gradient[at] = part[i] - 2 / N * down.parameters[k][i];
    }
    adam.step(weights, gradient, cosineRate(step, STEPS, RATE));
  }
  const took = performance.now() - start;

  const W = product(roots, kaleidoscope(weights)), learned = product(W, W.adjoint()).annotate("PSD");
  const jacobi = product(roots, roots), random = new Random(6);
  const sides = Array.from({ length: 5 }, () => Float64Array.from({ length: N }, () => random.normal()));
  const ways = ([["none", undefined], ["Jacobi", jacobi], ["learned kaleidoscope", learned]] as const).map(
    ([name, M]) => {
      const runs = sides.map((b) => cg(A, b, { preconditioner: M, tolerance: 1e-8, maxIterations: 20000 }));
      if (!runs.every(({ converged }) => converged)) throw new Error(`${name} did not converge`);
      const counts = runs.map(({ iterations }) => iterations).sort((a, b) => a - b);
      return { name, history: runs[0].history, median: counts[2], cost: M?.cost ?? 0 };
    },
  );
  const svg = await draw("A learned preconditioner", [
    {
      title: "loss, Kaporin's number",
      x: "step of Adam",
      y: "log(mean λ) − mean(log λ)",
      log: "y",
      series: [{ name: "", x: losses.map((_, i) => i), y: losses }],
    },
    {
      title: "conjugate gradients on the same right side",
      x: "iteration",
      y: "relative residual",
      log: "xy",
      series: ways.map(({ name, history }) => ({ name, x: history.map((_, i) => i + 1), y: history })),
    },
  ], 400);
  return {
    name: "preconditioner",
    title: "Training a kaleidoscope preconditioner",
    svg,
    text:
      `Diffusion on a ${SIDE} × ${SIDE} grid whose conductivity varies by 10⁴. M = D⁻¹ᐟ²·W·Wᵀ·D⁻¹ᐟ² is learned, D the diagonal of A
and W = BB*, ${STRIDES.length} butterfly factors of ${N} points (${weights.length} weights), by the gradient of Kaporin's number,
log(tr(WᵀAW)/n) − log det(WᵀAW)/n, whose exponential bounds the iterations. The determinant of W and its inverse
are found factor by factor; \`parameterGradient\` and \`logdetGradient\` give the gradients. The right sides were not seen in training.

${
        table(["preconditioner", "iterations to 1e-8, median of 5", "multiply-adds of M"], [
          ...ways.map(({ name, median, cost }) => [name, `${median}`, `${cost}`]),
        ])
      }

Kaporin's number fell from ${losses[0].toFixed(3)} (Jacobi) to ${
        losses.at(-1)!.toFixed(4)
      } in ${STEPS} steps, ${seconds(took)}. That pays only for many
systems with one matrix; and a direct solver is the better choice at this size. It shows that gradients go through
determinants, inverses and products of factors.`,
  };
}
