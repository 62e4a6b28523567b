/**
 * The part of learning without chance: tests say what a matrix may be, closed forms fit it.
 *
 * @module
 */
import { alternate } from "./als.ts";
import { butterflyPatterns } from "../operator/pattern.ts";
import { splitChain } from "./closed_form.ts";
import { factorizeTask } from "./factorize.ts";
import type { LearnOptions, ModelName } from "./fit.ts";
import { appliedFactors, canonicalMatrix } from "./hypothesis.ts";
import { CLOSE, fewNumbers, type Ledger } from "./ledger.ts";
import { checkMatrix } from "./matrix.ts";
import { balancedWeights, between, butterflyOrder, factorParts, type FitPart } from "./parts.ts";
import { PeelSearch } from "./peel_search.ts";
import { lowRankTask, MINOR, minorRanks, monomial } from "./simple_forms.ts";
import { isSparse, withoutNoise } from "./sparse.ts";
import { type Structure, structureTask } from "./structure.ts";
import { type Survey, surveyTask } from "./survey.ts";
import { permuted, type Target } from "./target.ts";
import type { StopReason, Task } from "./task.ts";
import { chainText } from "./words.ts";

/** What a search is for. */
export interface ClosedOptions {
  /** The models that are wanted. */
  readonly models: readonly ModelName[];
  /** Good enough. */
  readonly tolerance: number;
  /** Of what is sampled. */
  readonly seed: number;
  /** Real numbers that a model may have. */
  readonly limit: number;
}

/** Relative errors that may be noise, from the tolerance upwards. */
const LEVELS = [3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1];
/** What is nearer than so many times the noise is as near as it gets. */
const NOISE = 1.02;
/** Of what fits equally well, how many are tried; and of what does not. */
const CANDIDATES = 3, NEAREST = 2;

/** Tries closed forms; undefined when they are through without convergence. */
export function* closedTask(
  target: Target,
  ledger: Ledger,
  options: ClosedOptions,
): Task<StopReason | undefined> {
  const search = new ClosedSearch(target, ledger, options);
  return yield* search.run();
}

class ClosedSearch {
  readonly #target: Target;
  /** About the error that noise leaves, as far as it can be seen in the entries. */
  readonly #noise: number;
  readonly #ledger: Ledger;
  readonly #options: ClosedOptions;
  readonly #seen = new Set<string>();
  readonly #thin = new Set<number>();

  constructor(target: Target, ledger: Ledger, options: ClosedOptions) {
    // The errors in the ledger are those from the target as it is.
    const { target: clean, noise } = withoutNoise(target);
    this.#target = clean;
    this.#noise = noise;
    this.#ledger = ledger;
    this.#options = options;
  }

  *run(): Task<StopReason | undefined> {
    const { n } = this.#target, ledger = this.#ledger;
    const stop = yield ledger.progress("rank test", 0);
    if (stop !== undefined) return stop;
    monomial(this.#target, ledger);
    if (n === 2) this.#single();
    if (this.#done || n < 3) return undefined;
    const ranks = this.#wants("low rank") ? minorRanks(this.#target, this.#options.seed) : undefined;
    const survey = this.#wants("chain", "B") ? yield* this.#survey() : undefined;
    if (typeof survey === "string") return survey;
    const peels = new PeelSearch(this.#target, ledger, this.#options),
      product = 2 * n * (2 * Math.log2(n) - 1);
    const wanted = this.#wants("BB*", "B*B") && product <= this.#options.limit;
    // As many numbers as a BB* product, or twice: cheaper to find in a chain, but for sparse ones, where chains are large.
    const sparse = isSparse({ ...this.#target, rows: n, cols: n }), few = sparse ? product : 2 * product;
    const exact = (most: number) => () => this.#exact(survey, ranks, most),
      near = (most: number) => () => this.#near(survey, ranks, most);
    const stages = [
      exact(few),
      () => wanted ? peels.exact() : none(),
      // Of sparse matrices large chains are exact, noise or not; a BB* product that is near says more.
      ...sparse ? [near(few), () => wanted ? peels.promising() : none()] : [],
      exact(this.#most),
      near(this.#most),
      () => wanted ? peels.near() : none(),
      () => this.#wide(),
      () => this.#nearest(survey),
    ];
    for (const stage of stages) {
      const stop = yield* stage();
      if (stop !== undefined || this.#done) return stop;
    }
  }

  /** Whether nothing can be gained. */
  get #done(): boolean {
    return this.#ledger.converged || this.#ledger.error <= NOISE * this.#noise;
  }

  #wants(...names: ModelName[]): boolean {
    return names.some((name) => this.#options.models.includes(name));
  }

  /** Of two points every matrix is one butterfly factor. */
  #single(): void {
    const { field, values } = this.#target;
    const parts = factorParts(butterflyPatterns(2), [values]);
    this.#ledger.offer({ field, realPart: false, parts }, "a butterfly of stride 1", "closed-form");
  }

  *#survey(): Task<Survey | StopReason | undefined> {
    const { n, values, field } = this.#target,
      checked = checkMatrix("learn a matrix", { rows: n, cols: n, values, field });
    const task = surveyTask(checked, this.#options.seed);
    let stop: StopReason | undefined, step = task.next();
    while (!step.done) {
      stop = yield step.value;
      step = task.next(stop);
    }
    return step.value ?? stop;
  }

  /** As many weights as a chain may have: fewer than the dense matrix, or as many where a complex butterfly has no fewer. */
  get #most(): number {
    const { n, field } = this.#target, allowed = this.#options.limit / (field === "complex" ? 2 : 1);
    return Math.min(n ** 2 - (n > 16 ? 1 : 0), allowed);
  }

  /** Whatever is within the tolerance by the tests and has no more than `most` numbers, the cheapest first. */
  *#exact(
    survey: Survey | undefined,
    ranks: Float64Array | undefined,
    most: number,
  ): Task<StopReason | undefined> {
    const { tolerance } = this.#options;
    // The tests see samples: what was not exact is tried again with higher ranks.
    for (const level of [tolerance, tolerance / 10, tolerance / 100]) {
      const stop = yield* this.#fits(survey, ranks, level, most, CANDIDATES);
      if (stop !== undefined || this.#done) return stop;
    }
  }

  *#fits(
    survey: Survey | undefined,
    ranks: Float64Array | undefined,
    level: number,
    most: number,
    count: number,
  ): Task<StopReason | undefined> {
    const { n } = this.#target;
    let structures = survey?.structures(level, Math.min(most, this.#most)) ?? [];
    if (!this.#wants("chain")) {
      structures = structures.filter(({ patterns, rank }) => rank === 1 && patterns[0].b === 2);
    }
    const cheapest = structures[0]?.parameters ?? most;
    const rank = ranks ? ranks.findIndex((rest) => rest <= level) : -1;
    if (rank > 0 && (rank < MINOR / 2 || n <= MINOR)) {
      // A minor shows the rank of a random matrix, and less than that of a smooth one.
      const highest = Math.min(cheapest / (2 * n), n / 2, rank <= 4 ? rank : 2 * rank);
      for (let r = rank; r <= highest; r += Math.ceil(r / 4)) {
        if (this.#thin.has(r)) continue;
        this.#thin.add(r);
        const stop = yield* lowRankTask(this.#target, this.#ledger, r);
        if (stop !== undefined || this.#done) return stop;
        if (this.#ledger.error <= 2 * level) break;
      }
    }
    let tried = 0;
    for (const structure of structures) {
      // A level at a time: about the same number of weights.
      if (structure.parameters > 1.5 * cheapest || tried >= count) break;
      if (this.#known(structure)) continue;
      const stop = yield* this.#chain(structure);
      if (stop !== undefined || this.#done) return stop;
      tried += structure.parameters > n * n / 4 ? CANDIDATES : 1;
    }
    return undefined;
  }

  #known(structure: Structure): boolean {
    const { patterns, rank, rowName, columnName } = structure;
    const key = JSON.stringify([patterns, rank, rowName, columnName]);
    return this.#seen.has(key) || !this.#seen.add(key);
  }

  /** Fits that may be exact but for noise: from the smallest level upwards, until one fits. */
  *#near(
    survey: Survey | undefined,
    ranks: Float64Array | undefined,
    most: number,
  ): Task<StopReason | undefined> {
    for (const level of LEVELS) {
      if (level <= this.#options.tolerance) continue;
      const stop = yield* this.#fits(survey, ranks, level, most, 2);
      if (stop !== undefined || this.#done) return stop;
      // What fits at a level hardly above the noise may have more numbers than it needs.
      if (this.#ledger.error <= level / 2) return undefined;
    }
  }

  /** Orders that are found level by level, or column by column. */
  *#wide(): Task<StopReason | undefined> {
    const { n, field, values } = this.#target, { tolerance, seed } = this.#options;
    if (!this.#wants("chain", "B") || this.#ledger.error < CLOSE) return undefined;
    for (const search of ["levels", "columns"] as const) {
      // Chains of low rank only: others show in the known orders, or have too many numbers to be worth it.
      const options = { search, tolerance, seed, maxRank: search === "levels" ? 4 : 1 };
      const task = structureTask({ rows: n, cols: n, values, field }, options);
      let stop: StopReason | undefined, step = task.next();
      while (!step.done) {
        stop = yield step.value;
        step = task.next(stop);
      }
      if (stop !== undefined) return stop;
      const found = (step.value ?? []).filter(({ fits }) => fits).slice(0, CANDIDATES);
      for (const structure of found) {
        const stop = yield* this.#chain(structure);
        if (stop !== undefined || this.#done) return stop;
      }
    }
  }

  /** Nothing fits: the nearest chains and a matrix of low rank, of as many numbers as one butterfly has, or are allowed. */
  *#nearest(survey: Survey | undefined): Task<StopReason | undefined> {
    const { n, field } = this.#target, { limit } = this.#options, width = field === "complex" ? 2 : 1;
    if (this.#ledger.error < CLOSE) return undefined;
    const allowed = limit < Infinity ? limit : fewNumbers(n, field);
    const size = Math.min(n * n, Math.floor(allowed / width));
    const rank = Math.floor(size / (2 * n));
    if (this.#wants("low rank") && rank > 0) {
      const stop = yield* lowRankTask(this.#target, this.#ledger, rank);
      if (stop !== undefined) return stop;
    }
    // These take longer.
    for (const structure of survey?.nearest(size).slice(0, NEAREST) ?? []) {
      if (this.#known(structure)) continue;
      const stop = yield* this.#chain(structure);
      if (stop !== undefined) return stop;
    }
  }

  *#chain(structure: Structure): Task<StopReason | undefined> {
    const { n, field } = this.#target, { patterns, rowOrder, columnOrder, misfit } = structure;
    const shape = patterns.map((pattern): FitPart => ({
      kind: "factor",
      pattern,
      weights: new Float32Array(0),
    }));
    const increasing = butterflyOrder(shape, n);
    const { parts, stop } = increasing === undefined
      ? yield* this.#factorized(structure)
      : yield* this.#butterfly(structure, increasing);
    if (parts === undefined) return stop;
    const model = { field, realPart: false, parts: between(rowOrder, parts, columnOrder) };
    this.#ledger.offer(model, chainText(structure, n), "closed-form", { misfit });
    return stop;
  }

  *#factorized(structure: Structure): Task<{ parts?: FitPart[]; stop?: StopReason }> {
    const { n, field, values } = this.#target, { patterns } = structure;
    const task = factorizeTask({ rows: n, cols: n, values, field }, patterns, structure);
    let stop: StopReason | undefined, step = task.next();
    while (!step.done) {
      stop = yield { ...step.value, rmse: this.#ledger.progress("closed form", 0).rmse };
      step = task.next(stop);
    }
    return step.value ? { parts: factorParts(patterns, step.value.factors), stop } : { stop };
  }

  /** Radix 2 and rank 1: the closed form, and alternating least squares. */
  *#butterfly(structure: Structure, increasing: boolean): Task<{ parts?: FitPart[]; stop?: StopReason }> {
    const { n, field, norm } = this.#target, { patterns, rowOrder, columnOrder, misfit } = structure;
    const form = { increasing, permutation: "none" as const }, scale = Math.sqrt(n) / norm;
    const matrix = canonicalMatrix(permuted(this.#target, rowOrder, columnOrder), form, scale);
    const splitting = splitChain(matrix, n, field);
    let stop: StopReason | undefined, step = splitting.next();
    while (!step.done) {
      stop = yield { ...step.value, rmse: this.#ledger.progress("closed form", 0).rmse };
      step = splitting.next(stop);
    }
    if (stop !== undefined) return { stop };
    const weights = step.value;
    if (misfit > this.#options.tolerance / 10) {
      const { reason } = yield* alternate(matrix, weights, n, field, { scale: 1 / scale });
      if (reason === "budget" || reason === "cancelled") stop = reason;
    }
    const factors = appliedFactors(balancedWeights(weights, n, field, 1 / scale), n, field, form);
    const parts = patterns.map((pattern, i): FitPart => ({
      kind: "factor",
      pattern,
      weights: Float32Array.from(factors[i]),
    }));
    return { parts, stop };
  }
}

/** The models of the options. */
export function closedModels({ models }: LearnOptions): readonly ModelName[] {
  return models ?? ["chain", "B", "BB*", "B*B", "low rank"];
}

/** A stage that is left out. */
// deno-lint-ignore require-yield
function* none(): Task<undefined> {
  return undefined;
}
