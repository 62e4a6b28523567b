/**
 * Gradient descent on the weights of any product of Kronecker-sparse factors, chainable or not: for kaleidoscope matrices,
 * which the closed form of chains does not reach.
 *
 * @module
 */
import { patternColumns, patternRows, patternWeights } from "../operator/pattern.ts";
import type { Pattern } from "../program/step.ts";
import { lbfgs } from "./lbfgs.ts";
import type { LossAndGradient } from "./objective.ts";
import type { Field } from "./target.ts";
import type { StopReason, Task } from "./task.ts";

/**
 * The loss ½·‖product − matrix‖²_F and its gradient as a function of all weights, factor after factor in the order of
 * application, each laid out [a][b][c][d]. Pushes the unit vectors through: columns × weights multiply-adds, and as many
 * numbers of memory as all products of the first factors have.
 *
 * @param matrix row-major, of the size of the product
 */
export function productLoss(
  matrix: Float64Array,
  patterns: readonly Pattern[],
  field: Field,
): LossAndGradient {
  const width = field === "complex" ? 2 : 1;
  const columns = patternColumns(patterns[0]);
  const run = columns * width;
  const partial = [new Float64Array(columns * run)];
  for (let k = 0; k < columns; k++) partial[0][k * run + k * width] = 1;
  for (const pattern of patterns) partial.push(new Float64Array(patternRows(pattern) * run));
  const slopes = partial.map((values) => new Float64Array(values.length));
  const forward = field === "complex" ? addComplex : addReal;
  const last = patterns.length;
  return (weights, gradient) => {
    let at = 0;
    patterns.forEach((pattern, level) => {
      partial[level + 1].fill(0);
      eachWeight(pattern, (weight, output, input) => {
        forward(
          partial[level],
          input * run,
          partial[level + 1],
          output * run,
          run,
          weights,
          at + weight * width,
        );
      });
      at += patternWeights(pattern) * width;
    });
    let sum = 0;
    for (let i = 0; i < matrix.length; i++) {
      const difference = partial[last][i] - matrix[i];
      slopes[last][i] = difference;
      sum += difference * difference;
    }
    for (let level = last - 1; level >= 0; level--) {
      at -= patternWeights(patterns[level]) * width;
      const back = field === "complex" ? pullComplex : pullReal;
      slopes[level].fill(0);
      eachWeight(patterns[level], (weight, output, input) => {
        const index = at + weight * width;
        const upper = slopes[level + 1];
        back(partial[level], slopes[level], input * run, upper, output * run, run, weights, gradient, index);
      });
    }
    return sum / 2;
  };
}

/** What {@link descend} gives. */
export interface Descended {
  /** Improved weights of each factor in the order of application. */
  readonly factors: Float64Array[];
  /** ‖M − product‖_F. */
  readonly error: number;
  /** Whether the caller stopped it. */
  readonly stopped: boolean;
}

/**
 * Improves the factors of a product towards a matrix by L-BFGS until nothing is gained, `maxIterations` are over or
 * `seconds` have passed.
 */
export function* descend(
  matrix: Float64Array,
  patterns: readonly Pattern[],
  factors: readonly Float64Array[],
  field: Field,
  { maxIterations = 500, seconds = Infinity }: { maxIterations?: number; seconds?: number } = {},
): Task<Descended> {
  const weights = new Float64Array(factors.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const factor of factors) {
    weights.set(factor, at);
    at += factor.length;
  }
  const norm = matrix.reduce((sum, value) => sum + value * value, 0);
  const run = lbfgs(productLoss(matrix, patterns, field), weights, {
    maxIterations,
    stall: 1e-5,
    targetLoss: 1e-26 * norm,
  });
  const begin = performance.now();
  let stop: StopReason | undefined;
  let loss = norm / 2;
  let step = run.next();
  for (let k = 0; !step.done; k++) {
    loss = step.value;
    stop = yield { phase: "lbfgs", step: k, rmse: Math.sqrt(2 * loss / matrix.length), restart: 0 };
    if (stop === undefined && performance.now() - begin > 1000 * seconds) step = run.next("budget");
    else step = run.next(stop);
  }
  loss = step.value.loss;
  at = 0;
  const result = factors.map(({ length }) => weights.slice(at, at += length));
  return { factors: result, error: Math.sqrt(2 * loss), stopped: stop !== undefined };
}

/** Calls back for each weight of a factor with its number, its row and its column. */
export function eachWeight(
  { a, b, c, d }: Pattern,
  visit: (weight: number, output: number, input: number) => void,
): void {
  let weight = 0;
  for (let i = 0; i < a; i++) {
    for (let beta = 0; beta < b; beta++) {
      for (let gamma = 0; gamma < c; gamma++) {
        for (let delta = 0; delta < d; delta++) {
          visit(weight++, (i * b + beta) * d + delta, (i * c + gamma) * d + delta);
        }
      }
    }
  }
}

/** y[to …] += w·x[from …] over `run` floats. */
export function addReal(
  x: Float64Array,
  from: number,
  y: Float64Array,
  to: number,
  run: number,
  weights: Float64Array,
  at: number,
): void {
  const w = weights[at];
  for (let k = 0; k < run; k++) y[to + k] += w * x[from + k];
}

/** As {@link addReal}, of complex numbers. */
export function addComplex(
  x: Float64Array,
  from: number,
  y: Float64Array,
  to: number,
  run: number,
  weights: Float64Array,
  at: number,
): void {
  const re = weights[at], im = weights[at + 1];
  for (let k = 0; k < run; k += 2) {
    y[to + k] += re * x[from + k] - im * x[from + k + 1];
    y[to + k + 1] += re * x[from + k + 1] + im * x[from + k];
  }
}

/** The slope of one weight, and its part of the slope of what it was applied to. */
function pullReal(
  x: Float64Array,
  lower: Float64Array,
  from: number,
  upper: Float64Array,
  to: number,
  run: number,
  weights: Float64Array,
  gradient: Float64Array,
  at: number,
): void {
  const w = weights[at];
  let sum = 0;
  for (let k = 0; k < run; k++) {
    const p = upper[to + k];
    sum += p * x[from + k];
    lower[from + k] += w * p;
  }
  gradient[at] = sum;
}

function pullComplex(
  x: Float64Array,
  lower: Float64Array,
  from: number,
  upper: Float64Array,
  to: number,
  run: number,
  weights: Float64Array,
  gradient: Float64Array,
  at: number,
): void {
  const re = weights[at], im = weights[at + 1];
  let sumRe = 0, sumIm = 0;
  for (let k = 0; k < run; k += 2) {
    const p = upper[to + k], q = upper[to + k + 1];
    const u = x[from + k], v = x[from + k + 1];
    sumRe += p * u + q * v;
    sumIm += q * u - p * v;
    lower[from + k] += re * p + im * q;
    lower[from + k + 1] += re * q - im * p;
  }
  gradient[at] = sumRe;
  gradient[at + 1] = sumIm;
}
