/**
 * L-BFGS: a quasi-Newton minimiser for smooth functions of many weights (Nocedal and Wright, algorithms
 * 7.4, 3.5, 3.6).
 *
 * @module
 */
import type { LossAndGradient } from "./objective.ts";
import type { StopReason } from "./task.ts";

/** When {@link lbfgs} is content. */
export interface LbfgsOptions {
  /** Pairs of steps and gradient changes that are remembered; 12. */
  readonly memory?: number;
  /** Iterations at most; 1000. */
  readonly maxIterations?: number;
  /** Done when the loss is at most this; 0. */
  readonly targetLoss?: number;
  /** Stalled when the loss falls by less than this fraction over `patience` iterations; 1e-9. */
  readonly stall?: number;
  /** 10. */
  readonly patience?: number;
}

/** Where {@link lbfgs} ended. */
export interface Minimum {
  /** The loss at the weights. */
  readonly loss: number;
  /** Steps taken. */
  readonly iterations: number;
  /** Calls of the loss. */
  readonly evaluations: number;
  /**
   * `target`: the loss asked for; `stalled`: no more progress, a minimum as far as float64 can tell;
   * `iterations`: the maximum of them; or why the caller stopped it.
   */
  readonly reason: "target" | "stalled" | "iterations" | StopReason;
}

/** Sufficient decrease and curvature constants of the strong Wolfe conditions. */
const DECREASE = 1e-4;
const CURVATURE = 0.9;

/**
 * Minimises `objective` from `weights`, which are changed in place and always hold the best point found.
 *
 * A generator: yields the loss after each iteration, and stops when it is sent a reason.
 *
 * @example
 * ```ts
 * const weights = new Float64Array([-1.2, 1]);
 * const rosenbrock = ([x, y]: Float64Array, gradient: Float64Array): number => {
 *   gradient.set([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)]);
 *   return (1 - x) ** 2 + 100 * (y - x * x) ** 2;
 * };
 * const run = lbfgs(rosenbrock, weights);
 * while (!run.next().done);
 * // weights are now [1, 1]
 * ```
 */
export function* lbfgs(
  objective: LossAndGradient,
  weights: Float64Array,
  options: LbfgsOptions = {},
): Generator<number, Minimum, StopReason | undefined> {
  const { memory = 12, maxIterations = 1000, targetLoss = 0, stall = 1e-9, patience = 10 } = options;
  const size = weights.length;
  const history = new History(size, memory);
  const direction = new Float64Array(size);
  const search = new LineSearch(objective, size);
  let gradient: Float64Array = new Float64Array(size);
  let loss = objective(weights, gradient);
  search.evaluations = 1;
  let reference = loss;
  let iterations = 0;
  let reason: Minimum["reason"] = "iterations";
  while (iterations < maxIterations) {
    if (loss <= targetLoss) {
      reason = "target";
      break;
    }
    history.direct(gradient, direction);
    let slope = dot(gradient, direction);
    let first = 1;
    if (history.empty || !(slope < 0)) {
      // Steepest descent, to begin with or when the memory has gone bad: a first step of moderate length.
      history.clear();
      for (let i = 0; i < size; i++) direction[i] = -gradient[i];
      slope = dot(gradient, direction);
      first = Math.min(1, (0.1 * Math.max(1, norm(weights))) / Math.sqrt(-slope));
    }
    if (!(slope < 0)) {
      reason = "stalled";
      break;
    }
    const found = search.run(weights, direction, loss, slope, first);
    if (!found) {
      if (history.empty) {
        reason = "stalled";
        break;
      }
      history.clear();
      continue;
    }
    history.push(weights, search.point, gradient, search.gradient);
    weights.set(search.point);
    [gradient, search.gradient] = [search.gradient, gradient];
    loss = search.loss;
    iterations++;
    const stop = yield loss;
    if (stop !== undefined) {
      reason = stop;
      break;
    }
    if (iterations % patience === 0) {
      if (loss > reference * (1 - stall)) {
        reason = "stalled";
        break;
      }
      reference = loss;
    }
  }
  return { loss, iterations, evaluations: search.evaluations, reason };
}

/** The last steps s and gradient changes y, and the product of their inverse Hessian with a vector. */
class History {
  readonly #steps: Float64Array[];
  readonly #changes: Float64Array[];
  readonly #inverse: Float64Array;
  readonly #alpha: Float64Array;
  #count = 0;
  #next = 0;

  constructor(size: number, memory: number) {
    this.#steps = Array.from({ length: memory }, () => new Float64Array(size));
    this.#changes = Array.from({ length: memory }, () => new Float64Array(size));
    this.#inverse = new Float64Array(memory);
    this.#alpha = new Float64Array(memory);
  }

  get empty(): boolean {
    return this.#count === 0;
  }

  clear(): void {
    this.#count = 0;
  }

  push(before: Float64Array, after: Float64Array, oldSlope: Float64Array, newSlope: Float64Array): void {
    const step = this.#steps[this.#next];
    const change = this.#changes[this.#next];
    for (let i = 0; i < step.length; i++) {
      step[i] = after[i] - before[i];
      change[i] = newSlope[i] - oldSlope[i];
    }
    const curvature = dot(step, change);
    // Without positive curvature the pair would spoil the positive definite model.
    if (!(curvature > 1e-14 * norm(step) * norm(change))) return;
    this.#inverse[this.#next] = 1 / curvature;
    this.#next = (this.#next + 1) % this.#steps.length;
    this.#count = Math.min(this.#count + 1, this.#steps.length);
  }

  /** direction = −H·gradient by the two-loop recursion. */
  direct(gradient: Float64Array, direction: Float64Array): void {
    for (let i = 0; i < direction.length; i++) direction[i] = -gradient[i];
    if (this.#count === 0) return;
    const memory = this.#steps.length;
    const newest = (this.#next + memory - 1) % memory;
    for (let age = 0; age < this.#count; age++) {
      const at = (newest + memory - age) % memory;
      const alpha = this.#inverse[at] * dot(this.#steps[at], direction);
      this.#alpha[at] = alpha;
      add(direction, -alpha, this.#changes[at]);
    }
    const change = this.#changes[newest];
    const scale = 1 / (this.#inverse[newest] * dot(change, change));
    for (let i = 0; i < direction.length; i++) direction[i] *= scale;
    for (let age = this.#count - 1; age >= 0; age--) {
      const at = (newest + memory - age) % memory;
      const beta = this.#inverse[at] * dot(this.#changes[at], direction);
      add(direction, this.#alpha[at] - beta, this.#steps[at]);
    }
  }
}

/**
 * Finds a step that meets the strong Wolfe conditions; where that fails, one that at least lowers the loss.
 */
class LineSearch {
  evaluations = 0;
  loss = 0;
  readonly point: Float64Array;
  gradient: Float64Array;
  readonly #objective: LossAndGradient;

  constructor(objective: LossAndGradient, size: number) {
    this.#objective = objective;
    this.point = new Float64Array(size);
    this.gradient = new Float64Array(size);
  }

  /** Evaluates at `start + step·direction`; returns the slope along the direction. */
  #probe(start: Float64Array, direction: Float64Array, step: number): number {
    const point = this.point;
    for (let i = 0; i < point.length; i++) point[i] = start[i] + step * direction[i];
    this.loss = this.#objective(point, this.gradient);
    this.evaluations++;
    return dot(this.gradient, direction);
  }

  /** True when `point`, `loss` and `gradient` hold a better point than `start`. */
  run(start: Float64Array, direction: Float64Array, loss0: number, slope0: number, first: number): boolean {
    // The end of the bracket with the lower loss, and the other end.
    let low = 0;
    let lowLoss = loss0;
    let lowSlope = slope0;
    let high = Infinity;
    let highLoss = NaN;
    let highSlope = NaN;
    let step = first;
    for (let trial = 0; trial < 25; trial++) {
      const slope = this.#probe(start, direction, step);
      const loss = this.loss;
      if (!(loss <= loss0 + DECREASE * step * slope0) || loss >= lowLoss) {
        high = step;
        highLoss = loss;
        highSlope = slope;
      } else {
        if (Math.abs(slope) <= -CURVATURE * slope0) return true;
        if (slope * (high - low) >= 0) {
          // The minimum lies on the side from which we came.
          high = low;
          highLoss = lowLoss;
          highSlope = lowSlope;
        }
        low = step;
        lowLoss = loss;
        lowSlope = slope;
      }
      if (high === Infinity) {
        step *= 4;
        continue;
      }
      const width = high - low;
      if (Math.abs(width) * Math.abs(lowSlope) <= 1e-16 * Math.abs(loss0)) break;
      let next = cubicMinimum(low, lowLoss, lowSlope, high, highLoss, highSlope);
      const nearest = low + 0.1 * width;
      const farthest = low + 0.9 * width;
      if (!((next - nearest) * (next - farthest) <= 0)) next = low + 0.5 * width;
      step = next;
    }
    // No Wolfe point in the allowed trials: take the best one seen, if it is better at all.
    if (low === 0) return false;
    this.#probe(start, direction, low);
    return this.loss < loss0;
  }
}

/** The minimum of the cubic through two points with their slopes; NaN when there is none. */
function cubicMinimum(a: number, fa: number, da: number, b: number, fb: number, db: number): number {
  const d1 = da + db - (3 * (fa - fb)) / (a - b);
  const inner = d1 * d1 - da * db;
  if (!(inner >= 0)) return NaN;
  const d2 = Math.sign(b - a) * Math.sqrt(inner);
  return b - ((b - a) * (db + d2 - d1)) / (db - da + 2 * d2);
}

function dot(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * y[i];
  return sum;
}

function norm(x: Float64Array): number {
  return Math.sqrt(dot(x, x));
}

/** x += scale·y. */
function add(x: Float64Array, scale: number, y: Float64Array): void {
  for (let i = 0; i < x.length; i++) x[i] += scale * y[i];
}
