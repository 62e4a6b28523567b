/**
 * Learning by gradient alone: random starts, Adam, L-BFGS, all in float64.
 *
 * Each restart draws a random orthogonal chain for each form that the butterfly may take, lets Adam run
 * briefly on all of them, and then L-BFGS on the one with the lowest loss first: the right form is far
 * ahead by then. A run that has stalled is given up, one that is slow but close goes on; each round is
 * allowed twice as many iterations as the last.
 *
 * @module
 */
import { Random } from "../program/random.ts";
import { Adam, cosineRate } from "./adam.ts";
import { balance } from "./balance.ts";
import { Chain64 } from "./chain64.ts";
import { canonicalMatrix, canonicalWeights, HYPOTHESES, type Hypothesis } from "./hypothesis.ts";
import { orthogonalWeights } from "./initial.ts";
import { lbfgs } from "./lbfgs.ts";
import type { LossAndGradient } from "./objective.ts";
import type { Samples } from "./samples.ts";
import { checkPowerOfTwo, type Field, type Target } from "./target.ts";
import type { Progress, StopReason, Task } from "./task.ts";

/** Options of {@link gradientTask}. */
export interface GradientOptions {
  /** The forms to try; all. */
  readonly hypotheses?: readonly Hypothesis[];
  /** Seed of the random starts; 0. */
  readonly seed?: number;
  /** Rounds at most, each a random start for all forms or the continuation of a slow run; 20. */
  readonly restarts?: number;
  /** Done at this relative error ‖M − product‖/‖M‖; 1e-8, so that rounding to float32 is all that is left. */
  readonly tolerance?: number;
  /**
   * Makes ½·‖product − matrix‖²_F and its gradient over canonical weights, for a row-major canonical
   * matrix; by default the float64 chain. The hook for a faster executor.
   */
  readonly objective?: (matrix: Float64Array, n: number, field: Field) => LossAndGradient;
  /** Trains random starts elsewhere, in place of Adam here; such tasks are for {@link runTask}. */
  readonly starter?: Starter;
  /** Samples of the target, in its field, for a starter. */
  readonly samples?: Samples;
  /** Stops a starter. */
  readonly signal?: AbortSignal;
}

/** What a {@link Starter} is given. */
export interface StartProblem {
  /** The matrix to be learned; over its field. */
  readonly target: Target;
  /** Pairs of vectors that it was estimated from, if it was. */
  readonly samples?: Samples;
  /** The forms to try. */
  readonly hypotheses: readonly Hypothesis[];
  /** What everything random is drawn from: another number in each round. */
  readonly seed: number;
  /** Stops it. */
  readonly signal?: AbortSignal;
}

/** One start that was trained: the factors of a butterfly, for the target as it is. */
export interface Start {
  /** Which form it has. */
  readonly hypothesis: Hypothesis;
  /** The factors in the order in which they are applied, each laid out [a][b][c][d]. */
  readonly factors: readonly Float32Array[];
}

/**
 * Draws random starts and trains them on another device, as `gpuStarter` of `@papillon/papillon/gpu` does; returns the best of
 * each form that came near. They are brought to their end here, in float64.
 */
export type Starter = (problem: StartProblem) => Promise<readonly Start[]>;

/** What {@link gradientTask} returns: the best of all runs. */
export interface GradientFit {
  /** The form of the best run. */
  readonly hypothesis: Hypothesis;
  /** Canonical weights in balance, for the target as it is (not normalised). */
  readonly weights: Float64Array;
  /** ‖M − product‖_F / ‖M‖_F in float64. */
  readonly relativeError: number;
  /** Rounds used. */
  readonly restarts: number;
  /**
   * `tolerance`: reached. `stationary`: two starts ended at the same small error, so what is left is likely
   * no butterfly. `restarts`: all used. Or why the caller stopped it.
   */
  readonly reason: "tolerance" | "stationary" | "restarts" | StopReason;
}

/** Steps of Adam for every form and start, and its rate at the beginning and the end. */
const ADAM_STEPS = 200;
const ADAM_RATE = 0.1;
const ADAM_FLOOR = 0.002;
/** L-BFGS iterations of the first round; doubled for each next one, up to the second number. */
const ITERATIONS = 1000;
const MOST_ITERATIONS = 16000;
/** A run that ends below this relative error, its loss still falling, is continued rather than begun anew. */
const WORTH = 0.1;
/** Only below this relative error can two starts with equal results be taken for the noise floor. */
const FLOOR = 0.05;

/** Fits a butterfly to a target of order at least 2, not zero, by gradient alone. */
export function* gradientTask(target: Target, options: GradientOptions = {}): Task<GradientFit> {
  const { hypotheses = HYPOTHESES, seed = 0, restarts = 20, tolerance = 1e-8 } = options;
  checkPowerOfTwo("learn a butterfly", target.n);
  const race = new Race(target, hypotheses, options);
  const random = new Random(seed);
  let reason: GradientFit["reason"] = "restarts";
  let restart = 0;
  let floor = Infinity;
  while (restart < restarts && reason === "restarts") {
    restart++;
    const iterations = Math.min(ITERATIONS * 2 ** (restart - 1), MOST_ITERATIONS);
    const round = yield* race.round(random, restart, iterations, tolerance, seed);
    if (round.stop !== undefined) reason = round.stop;
    else if (race.best <= tolerance) reason = "tolerance";
    else if (settles(round.error, floor)) reason = "stationary";
    if (!race.unfinished) floor = Math.min(floor, round.error);
  }
  const { hypothesis, weights } = race.result();
  return { hypothesis, weights, relativeError: race.best, restarts: restart, reason };
}

/**
 * Whether a finished start ended where an earlier one had ended, near enough to the target to be its noise.
 */
function settles(error: number, floor: number): boolean {
  return error < FLOOR && floor < Infinity && Math.abs(error - floor) <= 0.01 * floor;
}

function chainObjective(matrix: Float64Array, n: number, field: Field): LossAndGradient {
  return new Chain64(n, field).loss(matrix);
}

/** One form in the race. */
interface Runner {
  readonly hypothesis: Hypothesis;
  readonly objective: LossAndGradient;
  weights: Float64Array;
  loss: number;
  /** The iterations ran out while the loss was still falling. */
  unfinished: boolean;
}

class Race {
  /** The lowest relative error so far. */
  best = Infinity;
  readonly #target: Target;
  readonly #scale: number;
  readonly #runners: Runner[];
  readonly #options: GradientOptions;
  #bestWeights: Float64Array;
  #bestHypothesis: Hypothesis;

  constructor(
    target: Target,
    hypotheses: readonly Hypothesis[],
    options: GradientOptions,
  ) {
    const { n, field } = target, { objective = chainObjective } = options;
    this.#options = options;
    this.#target = target;
    // Fitted at Frobenius norm √n, that of an orthogonal chain, whatever the target's own scale is.
    this.#scale = Math.sqrt(n) / target.norm;
    this.#runners = hypotheses.map((hypothesis) => ({
      hypothesis,
      objective: objective(canonicalMatrix(target, hypothesis, this.#scale), n, field),
      weights: new Float64Array(0),
      loss: Infinity,
      unfinished: false,
    }));
    this.#bestHypothesis = hypotheses[0];
    this.#bestWeights = new Float64Array(0);
  }

  /** True when the last round left a run that is worth continuing. */
  get unfinished(): boolean {
    return this.#runners.some((runner) => runner.unfinished);
  }

  /**
   * One random start for every form, or more iterations for a run that was close and not done. `error` is
   * the lowest relative error of this round.
   */
  *round(
    random: Random,
    restart: number,
    maxIterations: number,
    tolerance: number,
    seed: number,
  ): Task<{ error: number; stop?: StopReason }> {
    let lowest = Infinity;
    let field = this.#runners.filter((runner) => runner.unfinished);
    if (field.length === 0 && this.#options.starter) {
      field = yield* this.#started(this.#options.starter, restart, seed);
    }
    if (field.length === 0) {
      for (const runner of this.#runners) {
        runner.weights = orthogonalWeights(this.#target.n, this.#target.field, random);
        const stop = yield* this.#adam(runner, restart);
        if (stop !== undefined) return { error: lowest, stop };
      }
      field = [...this.#runners].sort((a, b) => a.loss - b.loss);
    }
    for (const runner of field) {
      const stop = yield* this.#quasiNewton(runner, restart, maxIterations, tolerance);
      const error = this.#note(runner);
      lowest = Math.min(lowest, error);
      if (stop !== undefined) return { error: lowest, stop };
      if (error <= tolerance) break;
    }
    return { error: lowest };
  }

  /** Runners with the weights of starts that were trained elsewhere, the leader first. */
  *#started(starter: Starter, restart: number, seed: number): Task<Runner[]> {
    const { n, field } = this.#target, { samples, signal } = this.#options;
    const hypotheses = this.#runners.map(({ hypothesis }) => hypothesis);
    let starts: readonly Start[] = [];
    const until = starter({ target: this.#target, samples, hypotheses, seed: seed + restart - 1, signal })
      .then(
        (made) => {
          starts = made;
        },
        (error) => {
          if (!signal?.aborted) throw error;
        },
      );
    yield { ...this.#progress("adam", 0, Infinity, restart), until };
    const runners: Runner[] = [];
    for (const { hypothesis, factors } of starts) {
      const { increasing, permutation } = hypothesis;
      const runner = this.#runners.find(({ hypothesis: own }) =>
        own.increasing === increasing && own.permutation === permutation
      );
      const weights = canonicalWeights(factors, n, field, hypothesis);
      if (runner === undefined || runners.includes(runner) || !weights.every(Number.isFinite)) continue;
      balance(weights, n, field, this.#scale);
      runner.weights = weights;
      runner.loss = runner.objective(weights, new Float64Array(weights.length));
      this.#note(runner);
      runners.push(runner);
    }
    return runners.sort((a, b) => a.loss - b.loss);
  }

  *#quasiNewton(
    runner: Runner,
    restart: number,
    maxIterations: number,
    tolerance: number,
  ): Task<StopReason | undefined> {
    const targetLoss = (this.#target.n * tolerance * tolerance) / 2;
    const run = lbfgs(runner.objective, runner.weights, {
      maxIterations,
      targetLoss,
      stall: 1e-3,
      patience: 20,
    });
    let stop: StopReason | undefined;
    let step = run.next();
    for (let count = 1; !step.done; count++) {
      stop = yield this.#progress("lbfgs", count, step.value, restart);
      step = run.next(stop);
    }
    runner.loss = step.value.loss;
    runner.unfinished = step.value.reason === "iterations" && this.#error(runner) < WORTH;
    return stop;
  }

  *#adam(runner: Runner, restart: number): Task<StopReason | undefined> {
    const adam = new Adam(runner.weights.length);
    const gradient = new Float64Array(runner.weights.length);
    let stop: StopReason | undefined;
    for (let step = 0; step < ADAM_STEPS && stop === undefined; step++) {
      const loss = runner.objective(runner.weights, gradient);
      stop = yield this.#progress("adam", step, loss, restart);
      if (stop === undefined) {
        adam.step(runner.weights, gradient, cosineRate(step, ADAM_STEPS, ADAM_RATE, ADAM_FLOOR));
      }
    }
    runner.loss = runner.objective(runner.weights, gradient);
    this.#note(runner);
    return stop;
  }

  #error(runner: Runner): number {
    return Math.sqrt((2 * runner.loss) / this.#target.n);
  }

  /** Keeps the weights if they are the best so far; returns their relative error. */
  #note(runner: Runner): number {
    const error = this.#error(runner);
    if (error < this.best || this.#bestWeights.length === 0) {
      this.best = error;
      this.#bestWeights = runner.weights.slice();
      this.#bestHypothesis = runner.hypothesis;
    }
    return error;
  }

  #progress(phase: Progress["phase"], step: number, loss: number, restart: number): Progress {
    return { phase, step, rmse: Math.sqrt(2 * loss) / this.#target.n / this.#scale, restart };
  }

  result(): { hypothesis: Hypothesis; weights: Float64Array } {
    balance(this.#bestWeights, this.#target.n, this.#target.field, 1 / this.#scale);
    return { hypothesis: this.#bestHypothesis, weights: this.#bestWeights };
  }
}
