/**
 * From a dense matrix to the butterfly that it is, or is nearest to.
 *
 * Nothing about any named transform is built in: a rank test says which forms are possible, the closed form
 * factors the matrix, alternating least squares polish what noise has left, and random starts with
 * gradients are for the rest.
 *
 * @module
 */
import { alternate } from "./als.ts";
import { balance } from "./balance.ts";
import { Chain64 } from "./chain64.ts";
import { splitChain } from "./closed_form.ts";
import { type Attempt, type ButterflyFit, checkOptions, type LearnOptions } from "./fit.ts";
import { type GradientFit, gradientTask } from "./gradient.ts";
import {
  appliedFactors,
  canonicalMatrix,
  canonicalWeights,
  HYPOTHESES,
  type Hypothesis,
} from "./hypothesis.ts";
import { misfit, ranked, type RankScore } from "./block_rank.ts";
import { inField, isReal, log2, type Target } from "./target.ts";
import { type Progress, runTask, type StopReason, type Task } from "./task.ts";

/** Forms with a larger misfit are hopeless, unless none is better. */
const HOPELESS = 0.5;
/**
 * The rank test looks at samples: a form is passed over only if its misfit is this much above what was
 * reached.
 */
const GUARD = 1.5;
/**
 * Closer than this, or this near to the bound of the rank test, random starts do not improve on a closed
 * form.
 */
const CLOSE = 0.05;
const NEAR_BOUND = 1.25;

/**
 * Finds a butterfly B, and a permutation P in front (none or bit reversal), with M ≈ B·P.
 *
 * Errors are relative to ‖M‖_F, so that a target's scale does not matter. The result depends on the target,
 * the options and the seed alone, unless the time budget or the signal ends the search.
 *
 * @param target a checked matrix, see `checkTarget`.
 * @throws RangeError or TypeError (as a rejection) for options that make no sense.
 * @example
 * ```ts
 * import { checkTarget, learn } from "@papillon/papillon";
 * const fit = await learn(checkTarget([1, 1, 1, -1]), { seed: 1 });
 * console.log(fit.rmse, fit.factors.length, fit.stopped); // 0 1 "converged"
 * ```
 */
export async function learn(target: Target, options: LearnOptions = {}): Promise<ButterflyFit> {
  checkOptions(options);
  const { budgetSeconds = 60 } = options;
  return await runTask(learnTask(target, options), { ...options, budgetSeconds });
}

/** The work of {@link learn} as a task, for callers with their own scheduling. */
export function* learnTask(target: Target, options: LearnOptions = {}): Task<ButterflyFit> {
  const { field = isReal(target) ? "real" : "complex", method = "auto" } = options;
  const search = new Search(inField(target, field), options);
  const settled = search.atOnce();
  if (settled) return settled;
  let outcome: ButterflyFit["stopped"] | undefined;
  if (method !== "gradient") {
    outcome = yield* search.closedForms();
    if (outcome === undefined && method === "closed-form") outcome = "stationary";
  }
  outcome ??= yield* search.gradient(options.restarts ?? (method === "gradient" ? 20 : 5));
  return search.result(outcome);
}

class Search {
  readonly #target: Target;
  readonly #options: LearnOptions;
  readonly #tolerance: number;
  readonly #seed: number;
  readonly #tried: Attempt[] = [];
  #factors: Float32Array[];
  #hypothesis: Hypothesis = HYPOTHESES[0];
  #relativeError = 1;
  #method: ButterflyFit["method"] = "closed-form";

  constructor(target: Target, options: LearnOptions) {
    this.#target = target;
    this.#options = options;
    this.#tolerance = options.tolerance ?? 1e-6;
    this.#seed = options.seed ?? 0;
    // Until there is something better: zero, of relative error 1.
    const { n, field } = target;
    const size = 2 * n * (field === "complex" ? 2 : 1);
    this.#factors = Array.from({ length: log2(n) }, () => new Float32Array(size));
  }

  /** The answer where there is nothing to search: the zero matrix, and the 1×1 matrix. */
  atOnce(): ButterflyFit | undefined {
    const { n, norm, values } = this.#target;
    if (norm > 0 && n > 1) return undefined;
    const result = this.result("converged");
    if (n > 1) return { ...result, rmse: 0, relativeError: 0 };
    const scalar = Float32Array.from(values);
    const rmse = Math.hypot(...scalar.map((value, part) => value - values[part]));
    return { ...result, scalar, rmse, relativeError: norm > 0 ? rmse / norm : 0 };
  }

  /** The closed form for every possible form; undefined when it takes more than that. */
  *closedForms(): Task<ButterflyFit["stopped"] | undefined> {
    const scores: RankScore[] = [];
    for (const hypothesis of HYPOTHESES) {
      const stop = yield this.#progress("rank test", scores.length);
      if (stop !== undefined) return stop;
      scores.push({ hypothesis, misfit: misfit(this.#target, hypothesis, this.#seed) });
    }
    for (const [index, score] of ranked(scores).entries()) {
      const pointless = index > 0 && (score.misfit > HOPELESS || score.misfit > GUARD * this.#relativeError);
      if (pointless) {
        this.#tried.push({ method: "closed-form", ...score });
        continue;
      }
      const stop = yield* this.#closedForm(score);
      if (stop !== undefined) return stop;
      if (this.#relativeError <= this.#tolerance) return "converged";
    }
    const bound = Math.min(...scores.map((score) => score.misfit));
    return this.#relativeError <= Math.max(CLOSE, NEAR_BOUND * bound) ? "stationary" : undefined;
  }

  *#closedForm(score: RankScore): Task<StopReason | undefined> {
    const { n, field, norm } = this.#target;
    const { hypothesis } = score;
    const scale = Math.sqrt(n) / norm;
    const matrix = canonicalMatrix(this.#target, hypothesis, scale);
    let stop: StopReason | undefined;
    // The stop is seen by the splitting, which then returns at once, and by us.
    const splitting = splitChain(matrix, n, field);
    let step = splitting.next();
    while (!step.done) {
      stop = yield { ...step.value, rmse: (this.#relativeError * norm) / n };
      step = splitting.next(stop);
    }
    const weights = step.value;
    let sweeps = 0;
    let relativeError = stop === undefined ? this.#offer(weights, 1 / scale, hypothesis, "closed-form") : 1;
    if (stop === undefined && relativeError > this.#tolerance) {
      const polished = yield* alternate(matrix, weights, n, field, { scale: 1 / scale });
      sweeps = polished.sweeps;
      relativeError = Math.min(relativeError, this.#offer(weights, 1 / scale, hypothesis, "closed-form"));
      if (polished.reason === "budget" || polished.reason === "cancelled") stop = polished.reason;
    }
    this.#tried.push({ method: "closed-form", ...score, relativeError, sweeps });
    return stop;
  }

  /** Random starts and gradients over all forms. */
  *gradient(restarts: number): Task<ButterflyFit["stopped"]> {
    const { objective } = this.#options;
    const tolerance = Math.min(1e-8, this.#tolerance / 100);
    const fit: GradientFit = yield* gradientTask(this.#target, {
      seed: this.#seed,
      restarts,
      tolerance,
      objective,
    });
    const relativeError = this.#offer(fit.weights, 1, fit.hypothesis, "gradient");
    this.#tried.push({
      method: "gradient",
      hypothesis: fit.hypothesis,
      relativeError,
      restarts: fit.restarts,
    });
    if (this.#relativeError <= this.#tolerance) return "converged";
    if (fit.reason === "cancelled" || fit.reason === "stationary") return fit.reason;
    return fit.reason === "tolerance" ? "stationary" : "budget";
  }

  /** Rounds weights to float32 and keeps them if they are the best so far; returns their relative error. */
  #offer(
    weights: Float64Array,
    scale: number,
    hypothesis: Hypothesis,
    method: ButterflyFit["method"],
  ): number {
    const { n, field, norm } = this.#target;
    const scaled = weights.slice();
    balance(scaled, n, field, scale);
    const factors = appliedFactors(scaled, n, field, hypothesis).map((factor) => Float32Array.from(factor));
    const rounded = canonicalWeights(factors, n, field, hypothesis);
    const matrix = canonicalMatrix(this.#target, hypothesis);
    const relativeError = Math.sqrt(new Chain64(n, field).squaredError(rounded, matrix)) / norm;
    if (relativeError < this.#relativeError) {
      this.#relativeError = relativeError;
      this.#factors = factors;
      this.#hypothesis = hypothesis;
      this.#method = method;
    }
    return relativeError;
  }

  #progress(phase: Progress["phase"], step: number): Progress {
    return { phase, step, rmse: (this.#relativeError * this.#target.norm) / this.#target.n, restart: 0 };
  }

  result(stopped: ButterflyFit["stopped"]): ButterflyFit {
    const { n, field, norm } = this.#target;
    const relativeError = this.#relativeError;
    return {
      n,
      field,
      factors: this.#factors,
      increasing: this.#hypothesis.increasing,
      permutation: this.#hypothesis.permutation,
      rmse: (relativeError * norm) / n,
      relativeError,
      method: this.#method,
      tried: this.#tried,
      seed: this.#seed,
      stopped,
    };
  }
}
