/**
 * One trial of a search: a model with learned permutations, a seed and a learning rate, advanced some steps at a time.
 *
 * @module
 */
import { Random } from "../../program/random.ts";
import { Adam, cosineRate } from "../adam.ts";
import { orthogonalWeights } from "../initial.ts";
import { lbfgs } from "../lbfgs.ts";
import { type ModelPart, PermutedModel } from "../permutations/model.ts";
import { sigmoid } from "../permutations/relaxed.ts";
import type { Target } from "../target.ts";
import type { StopReason, Task } from "../task.ts";

/** What tells one trial from another. */
export interface Trial {
  /** Counts the trials of a search, from 0. */
  readonly id: number;
  /** The model, written as a product: "BP", "BPP", "BPBP". */
  readonly model: string;
  /** Of its first weights. */
  readonly seed: number;
  /** Adam's learning rate at the beginning. */
  readonly rate: number;
}

/** A trial and how far it has come: plain data, which can be sent to a worker or written to a file. */
export interface TrialState {
  /** Which trial. */
  readonly trial: Trial;
  /** Steps of Adam taken. */
  readonly steps: number;
  /** Relative errors ‖M − product‖/‖M‖ on the way, one every {@link EVERY} steps. */
  readonly errors: readonly number[];
  /** All weights of the {@link PermutedModel}, for the target scaled to norm √n. */
  readonly weights: Float64Array;
  /** Adam's means. */
  readonly mean: Float64Array;
  /** Adam's mean squares. */
  readonly square: Float64Array;
}

/** The matrix that trials of one search fit: scaled to norm √n, so that orthogonal weights have its size. */
export interface TrialTarget {
  /** The order. */
  readonly n: number;
  /** The field of the butterflies; a real target may have complex ones, of which it is the real part. */
  readonly field: "real" | "complex";
  /** Its entries, scaled. */
  readonly matrix: Float64Array;
  /** What they were divided by. */
  readonly scale: number;
}

/** A trial brought to its end: permutations rounded, butterflies polished. */
export interface Finished {
  /** Which trial. */
  readonly trial: Trial;
  /** ‖M − product‖/‖M‖ of the rounded product; its real part where the target is real. */
  readonly relativeError: number;
  /** The parts as written: canonical weights of a butterfly, or y[i] = x[index[i]]. */
  readonly parts: readonly (
    | { readonly kind: "B"; readonly weights: Float64Array }
    | { readonly kind: "P"; readonly index: Uint32Array }
  )[];
}

/** How often an error is noted, in steps. */
export const EVERY = 20;
/** The rate falls to this part of itself, along half a cosine, over the horizon of a trial; then it stays. */
const FLOOR = 0.05;
/** How far from undecided the first choices are, in logits. */
const DECIDED = 2;
/** Weight of the entropy of the choices, rising along the horizon. */
const SHARPEN = 0.02;
/** L-BFGS iterations between two looks at whether a polish still gets on, and how many such rounds at most. */
const POLISH = 250;
const ROUNDS = 16;

/** The target as trials take it. */
export function trialTarget(target: Target, field: "real" | "complex"): TrialTarget {
  const scale = target.norm / Math.sqrt(target.n);
  return { n: target.n, field, matrix: target.values.map((value) => value / scale), scale };
}

/** The parts of a model by its name. */
export function modelParts(name: string): ModelPart[] {
  if (!/^[BP]+$/.test(name) || !name.includes("B")) {
    throw new RangeError(
      `Cannot search: there is no model "${name}", expected a product of B and P such as "BPBP"`,
    );
  }
  return [...name] as ModelPart[];
}

/** A trial before its first step. */
export function beginTrial(target: TrialTarget, trial: Trial): TrialState {
  const { n, field } = target, model = new PermutedModel(n, field, modelParts(trial.model));
  const random = new Random(trial.seed), weights = new Float64Array(model.size);
  for (const { kind, begin, end } of model.parts) {
    if (kind === "B") weights.set(orthogonalWeights(n, field, random), begin);
    else {
      // Whether to separate even from odd is drawn once for all levels and can be unlearned: of all choices it is the one
      // that a butterfly cannot make good (it absorbs reversals), and most known transforms agree on it at every level.
      const separate = random.uniform() < 0.5 ? DECIDED : -DECIDED;
      for (let i = begin; i < end; i++) {
        weights[i] = ((i - begin) % 3 === 0 ? separate : 0) + 0.1 * random.normal();
      }
    }
  }
  const zeros = new Float64Array(model.size);
  return { trial, steps: 0, errors: [], weights, mean: zeros, square: zeros.slice() };
}

/**
 * Takes `steps` more steps of Adam.
 *
 * @param horizon the number of steps over which the rate falls
 */
export function* advanceTrial(
  target: TrialTarget,
  state: TrialState,
  steps: number,
  horizon: number,
): Task<TrialState> {
  const { n, field, matrix } = target, { trial } = state;
  const model = new PermutedModel(n, field, modelParts(trial.model)), loss = model.loss(matrix);
  const weights = state.weights.slice(), gradient = new Float64Array(model.size), errors = [...state.errors];
  const adam = Adam.resume(state);
  let at = state.steps;
  for (const end = at + steps; at < end; at++) {
    const value = loss(weights, gradient), error = Math.sqrt(2 * value / n);
    if (at % EVERY === 0) {
      errors.push(error);
      const stop = yield {
        phase: "adam",
        step: at,
        rmse: error * target.scale / Math.sqrt(n),
        restart: trial.id,
      };
      if (stop !== undefined) break;
    }
    if (!Number.isFinite(value)) break;
    const sharpen = SHARPEN * Math.min(1, at / horizon);
    for (const { kind, begin, end } of model.parts) {
      if (kind === "P") {
        for (let i = begin; i < end; i++) gradient[i] += sharpen * entropySlope(weights[i]);
      }
    }
    adam.step(weights, gradient, cosineRate(at, horizon, trial.rate, FLOOR * trial.rate));
  }
  const { mean, square } = adam.state;
  return { trial, steps: at, errors, weights, mean, square };
}

/** ∂H/∂logit of the entropy of a choice, in nats: −logit·p·(1 − p). */
function entropySlope(logit: number): number {
  const p = sigmoid(logit);
  return -logit * p * (1 - p);
}

/** The last error of a trial; ∞ before its first step and where it has run away. */
export function errorOf(state: TrialState): number {
  const error = state.errors.at(-1) ?? Infinity;
  return Number.isNaN(error) ? Infinity : error;
}

/**
 * Rounds the permutations of a trial and fits its butterflies by L-BFGS for as long as it gets on.
 *
 * @param tolerance the relative error that is good enough
 */
export function* finishTrial(target: TrialTarget, state: TrialState, tolerance: number): Task<Finished> {
  const { n, field, matrix } = target, { trial } = state;
  const model = new PermutedModel(n, field, modelParts(trial.model)), loss = model.loss(matrix);
  const weights = state.weights.slice(), gradient = new Float64Array(model.size);
  const free: { begin: number; end: number }[] = [];
  for (const part of model.parts) {
    if (part.kind === "B") free.push(part);
    else for (let i = part.begin; i < part.end; i++) weights[i] = weights[i] > 0 ? Infinity : -Infinity;
  }
  // Decided choices have no slope; L-BFGS is only shown the butterflies.
  const gather = (from: Float64Array, to: Float64Array): void => {
    let at = 0;
    for (const { begin, end } of free) {
      to.set(from.subarray(begin, end), at);
      at += end - begin;
    }
  };
  const spread = (from: Float64Array): void => {
    let at = 0;
    for (const { begin, end } of free) {
      weights.set(from.subarray(at, at + end - begin), begin);
      at += end - begin;
    }
  };
  const some = new Float64Array(free.reduce((sum, { begin, end }) => sum + end - begin, 0));
  gather(weights, some);
  const targetLoss = n * tolerance * tolerance / 2;
  let last = Infinity, stop: StopReason | undefined;
  for (let round = 0; round < ROUNDS && stop === undefined; round++) {
    const run = lbfgs(
      (x, slope) => {
        spread(x);
        const value = loss(weights, gradient);
        gather(gradient, slope);
        return value;
      },
      some,
      { maxIterations: POLISH, targetLoss, stall: 1e-3, patience: 30 },
    );
    let step = run.next();
    for (let count = 0; !step.done; count++) {
      const rmse = Math.sqrt(2 * step.value) * target.scale / n;
      stop = yield { phase: "lbfgs", step: round * POLISH + count, rmse, restart: trial.id };
      step = run.next(stop);
    }
    const { loss: reached, reason } = step.value;
    // Half the loss in so many iterations, or it is not worth the time.
    if (reason !== "iterations" || reached > last / 2) {
      last = reached;
      break;
    }
    last = reached;
  }
  spread(some);
  const relativeError = Math.sqrt(2 * loss(weights, gradient) / n);
  let rescaled = false;
  const parts = model.parts.map((part) => {
    if (part.kind === "P") return { kind: "P" as const, index: model.rounded(weights, part) };
    const own = weights.slice(part.begin, part.end);
    if (!rescaled) {
      // The target's own size goes into one factor of the first butterfly.
      const factor = own.length / Math.log2(n);
      for (let i = 0; i < factor; i++) own[i] *= target.scale;
      rescaled = true;
    }
    return { kind: "B" as const, weights: own };
  });
  return { trial, relativeError, parts };
}
