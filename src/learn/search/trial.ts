/**
 * One trial of a search: a model with learned permutations, a seed and a learning rate, advanced some steps at a time.
 *
 * @module
 */
import { Random } from "../../program/random.ts";
import { Adam, cosineRate } from "../adam.ts";
import { lbfgs } from "../lbfgs.ts";
import { type ModelPart, PermutedModel } from "../permutations/model.ts";
import { sigmoid } from "../permutations/relaxed.ts";
import { chainStart, factorSizes } from "../permutations/wide_chain.ts";
import type { Target } from "../target.ts";
import type { Task } from "../task.ts";
import { assignmentStart } from "./assignment.ts";

/** What tells one trial from another. */
export interface Trial {
  /** Counts the trials of a search, from 0. */
  readonly id: number;
  /**
   * The model, written as a product: "BP", "BPP", "RPRP", "BB*"; B a butterfly, B* one of falling strides, R a real chain of
   * rank 2, P a permutation.
   */
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
  /** The parts as written: canonical weights of a butterfly or a chain, or y[i] = x[index[i]]. */
  readonly parts: readonly (
    | { readonly kind: "B" | "B*" | "R"; readonly weights: Float64Array }
    | { readonly kind: "P"; readonly index: Uint32Array }
  )[];
}

/** How often an error is noted, in steps. */
export const EVERY = 20;
/** The rate falls to this part of itself, along half a cosine, over the horizon of a trial; then it stays. */
const FLOOR = 0.05;
/** How far from undecided the first choices are, in logits: so far that a product of them is still nearly one permutation. */
const DECIDED = 4;
/** Weight of the entropy of the choices, rising along the horizon. */
const SHARPEN = 0.02;
/** L-BFGS iterations at most, and in how many of them the loss must fall by some part. */
const POLISH = { maxIterations: 5000, patience: 100 };
/** That part: what falls more slowly is given up for other trials. */
export const STALL = 0.1;

/** The target as trials take it. */
export function trialTarget(target: Target, field: "real" | "complex"): TrialTarget {
  const scale = target.norm / Math.sqrt(target.n);
  return { n: target.n, field, matrix: target.values.map((value) => value / scale), scale };
}

/** The parts of a model by its name. */
export function modelParts(name: string): ModelPart[] {
  if (!/^(B\*?|[RP])+$/.test(name) || !/[BR]/.test(name)) {
    throw new RangeError(
      `Cannot search: there is no model "${name}", expected a product of B, B*, R and P such as "BPBP" or "BB*"`,
    );
  }
  return name.match(/B\*?|[RP]/g) as ModelPart[];
}

/** The model of a trial; with real chains of rank 2 in it, its butterflies are real too. */
function modelOf({ n, field }: TrialTarget, { model }: Trial, parts = modelParts(model)): PermutedModel {
  return new PermutedModel(n, model.includes("R") ? "real" : field, parts);
}

/** How many weights a trial has. */
export function trialSize(target: TrialTarget, trial: Trial): number {
  return modelOf(target, trial).size;
}

/** A trial before its first step. */
export function beginTrial(target: TrialTarget, trial: Trial): TrialState {
  const model = modelOf(target, trial),
    random = new Random(trial.seed),
    weights = new Float64Array(model.size);
  const zeros = new Float64Array(model.size), begun = { trial, steps: 0, errors: [], weights, mean: zeros };
  if (/^(BB\*|B\*B)$/.test(trial.model) && (trial.id >> 1) % 2 === 1) {
    const [first, last] = assignmentStart(target, trial.model === "B*B", random);
    weights.set(last);
    weights.set(first, last.length);
    return { ...begun, square: zeros.slice() };
  }
  const reversals = random.uniform() < 2 / 3 ? DECIDED : 0;
  for (const { chain, begin, end } of model.parts) {
    weights.set(
      chain ? chainStart(chain, random) : choices((end - begin) / 3, reversals, random),
      begin,
    );
  }
  return { ...begun, square: zeros.slice() };
}

/**
 * First choices of a permutation, which learning can change. Whether to separate even from odd is what a chain cannot make
 * good (it absorbs reversals that are nested in its own blocks): it is drawn for all blocks down to some size, none, the
 * largest and all being likelier than those in between. Reversals are drawn one by one, or left undecided: the average of
 * both has nothing left of what is antisymmetric, so that products of two chains get nowhere from there, but one chain
 * finds the right ones.
 */
function choices(levels: number, reversals: number, random: Random): Float64Array {
  const logits = new Float64Array(3 * levels);
  const separations = [0, 1, levels, random.integer(levels + 1)][random.integer(4)];
  for (let level = 0; level < levels; level++) {
    const separate = levels - level <= separations ? DECIDED : -DECIDED;
    const [first, second] = [0, 0].map(() => random.uniform() < 0.5 ? reversals : -reversals);
    [separate, first, second].forEach((logit, k) => logits[3 * level + k] = logit + 0.1 * random.normal());
  }
  return logits;
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
  const { n, matrix } = target, { trial } = state, model = modelOf(target, trial), loss = model.loss(matrix);
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
    for (const { part, begin, end } of model.parts) {
      if (part === "P") {
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
 * @param stall by which part the loss must fall in 100 iterations
 */
export function* finishTrial(
  target: TrialTarget,
  state: TrialState,
  tolerance: number,
  stall: number = STALL,
): Task<Finished> {
  const { n, matrix } = target, { trial } = state, relaxed = modelOf(target, trial);
  const rounded = relaxed.parts.map((placed) =>
    placed.part === "P" ? relaxed.rounded(state.weights, placed) : placed.part
  );
  const model = modelOf(target, trial, rounded), loss = model.loss(matrix);
  const some = new Float64Array(model.size), gradient = new Float64Array(model.size);
  model.parts.forEach(({ chain, begin }, k) => {
    const from = relaxed.parts[k];
    if (chain) some.set(state.weights.subarray(from.begin, from.end), begin);
  });
  const targetLoss = n * tolerance * tolerance / 2;
  const run = lbfgs(loss, some, { ...POLISH, stall, targetLoss });
  let step = run.next();
  for (let count = 0; !step.done; count++) {
    const rmse = Math.sqrt(2 * step.value) * target.scale / n;
    step = run.next(yield { phase: "lbfgs", step: count, rmse, restart: trial.id });
  }
  const relativeError = Math.sqrt(2 * loss(some, gradient) / n);
  let rescaled = false;
  const parts = model.parts.map(({ part, chain, begin, end }) => {
    if (part instanceof Uint32Array) return { kind: "P" as const, index: part };
    const own = some.slice(begin, end);
    if (!rescaled) {
      // The target's own size goes into the first factor of the leftmost chain.
      const [first] = factorSizes(chain!);
      for (let i = 0; i < first; i++) own[i] *= target.scale;
      rescaled = true;
    }
    return { kind: part as "B" | "B*" | "R", weights: own };
  });
  return { trial, relativeError, parts };
}
