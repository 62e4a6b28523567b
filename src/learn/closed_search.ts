/**
 * The part of learning without chance: tests say what a matrix may be, closed forms fit it.
 *
 * @module
 */
import { approximateLowRank } from "./baselines/low_rank.ts";
import { alternate } from "./als.ts";
import { butterflyPatterns } from "../operator/pattern.ts";
import { splitChain } from "./closed_form.ts";
import { factorizeTask } from "./factorize.ts";
import type { LearnOptions, ModelName } from "./fit.ts";
import { appliedFactors, canonicalMatrix } from "./hypothesis.ts";
import { CLOSE, type Ledger } from "./ledger.ts";
import { checkMatrix } from "./matrix.ts";
import { balancedWeights, between, butterflyOrder, factorParts, type FitPart } from "./parts.ts";
import { peelTask } from "./peel.ts";
import { singularEnergies } from "./piece_rank.ts";
import { type Structure, structureTask } from "./structure.ts";
import { type PeelPair, peelPairsTask, type Survey, surveyTask } from "./survey.ts";
import { checkTarget, isPowerOfTwo, type Target } from "./target.ts";
import type { StopReason, Task } from "./task.ts";
import { Random } from "../program/random.ts";
import { chainText, orderText, strideText } from "./words.ts";

/** What a search is for. */
export interface ClosedOptions {
  /** The models that are wanted. */
  readonly models: readonly ModelName[];
  /** Good enough. */
  readonly tolerance: number;
  /** Of what is sampled. */
  readonly seed: number;
}

/** Relative errors that may be noise, from the tolerance upwards. */
const LEVELS = [3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1];
/** Of what fits equally well, how many are tried. */
const CANDIDATES = 3;
/** A BB* product is tried when the test says that it is this much better than what is there. */
const BETTER = 0.3;
/** With a larger misfit a BB* product is hopeless, unless nothing is better. */
const HOPELESS = 0.25;
/** Rows and columns of the minor that tells the rank. */
const MINOR = 48;

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
  readonly #ledger: Ledger;
  readonly #options: ClosedOptions;
  readonly #seen = new Set<string>();

  constructor(target: Target, ledger: Ledger, options: ClosedOptions) {
    this.#target = target;
    this.#ledger = ledger;
    this.#options = options;
  }

  *run(): Task<StopReason | undefined> {
    const { n } = this.#target, ledger = this.#ledger;
    const stop = yield ledger.progress("rank test", 0);
    if (stop !== undefined) return stop;
    this.#monomial();
    if (n === 2) this.#single();
    if (ledger.converged || n < 3) return undefined;
    const ranks = this.#wants("low rank") ? this.#ranks() : undefined;
    const survey = this.#wants("chain", "B") ? yield* this.#survey() : undefined;
    if (typeof survey === "string") return survey;
    for (
      const stage of [
        () => this.#exact(survey, ranks),
        () => this.#near(survey, ranks),
        () => this.#peels(),
        () => this.#wide(),
        () => this.#nearest(survey),
      ]
    ) {
      const stop = yield* stage();
      if (stop !== undefined || ledger.converged) return stop;
    }
  }

  #wants(...names: ModelName[]): boolean {
    return names.some((name) => this.#options.models.includes(name));
  }

  /** A scaled permutation, where the largest entries of all rows lie in different columns and have most of the energy. */
  #monomial(): void {
    const { n, field, values, norm } = this.#target, width = field === "complex" ? 2 : 1;
    const columns = new Int32Array(n).fill(-1), taken = new Uint8Array(n);
    const weights = new Float32Array(n * width);
    let inside = 0;
    for (let row = 0; row < n; row++) {
      let most = 0;
      for (let column = 0; column < n; column++) {
        const at = (n * row + column) * width;
        const size = width === 2 ? Math.hypot(values[at], values[at + 1]) : Math.abs(values[at]);
        if (size > most) [most, columns[row]] = [size, column];
      }
      if (columns[row] < 0) continue;
      if (taken[columns[row]]++) return;
      for (let part = 0; part < width; part++) {
        weights[row * width + part] = values[(n * row + columns[row]) * width + part];
      }
      inside += (most / norm) ** 2;
    }
    if (1 - inside > CLOSE ** 2) return;
    let free = 0;
    for (let row = 0; row < n; row++) {
      if (columns[row] >= 0) continue;
      while (taken[free]) free++;
      taken[columns[row] = free] = 1;
    }
    const still = columns.every((column, row) => column === row);
    const unit = weights.every((w, i) => i % width === 0 ? w === 1 : w === 0);
    const parts: FitPart[] = [
      ...(still ? [] : [{ kind: "permutation" as const, index: Uint32Array.from(columns) }]),
      ...(unit ? [] : [{ kind: "diagonal" as const, weights }]),
    ];
    const text = still
      ? unit ? "the identity" : "a diagonal"
      : unit
      ? "a permutation"
      : "a scaled permutation";
    this.#ledger.offer({ field, realPart: false, parts }, text, "closed-form");
  }

  /** Of two points every matrix is one butterfly factor. */
  #single(): void {
    const { field, values } = this.#target;
    const parts = factorParts(butterflyPatterns(2), [values]);
    this.#ledger.offer({ field, realPart: false, parts }, "a butterfly of stride 1", "closed-form");
  }

  /** The part of the norm of a sampled minor beyond each rank. */
  #ranks(): Float64Array {
    const { n, field, values, norm } = this.#target, width = field === "complex" ? 2 : 1;
    const random = new Random(this.#options.seed), size = Math.min(n, MINOR);
    const pick = (): Uint32Array => random.permutation(n).slice(0, size);
    const rows = pick(), columns = pick(), minor = new Float64Array(size * size * width);
    let to = 0;
    for (const i of rows) {
      for (const j of columns) {
        for (let part = 0; part < width; part++) minor[to++] = values[(i * n + j) * width + part] * n / norm;
      }
    }
    const energies = singularEnergies(minor, size, size, width);
    const beyond = new Float64Array(size + 1);
    for (let rank = size - 1; rank >= 0; rank--) beyond[rank] = beyond[rank + 1] + energies[rank];
    return beyond.map((rest) => beyond[0] > 0 ? Math.sqrt(rest / beyond[0]) : 1);
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

  /** As many weights as a chain may have: fewer than the dense matrix, or as many if they are the fewest. */
  get #most(): number {
    return this.#target.n ** 2 - (this.#target.n > 4 ? 1 : 0);
  }

  /** Whatever is within the tolerance by the tests, the cheapest first. */
  *#exact(survey: Survey | undefined, ranks?: Float64Array): Task<StopReason | undefined> {
    const { tolerance } = this.#options;
    // The tests see samples: what was not exact is tried again with higher ranks.
    for (const level of [tolerance, tolerance / 10, tolerance / 100]) {
      const stop = yield* this.#fits(survey, ranks, level, CANDIDATES);
      if (stop !== undefined || this.#ledger.converged) return stop;
    }
  }

  *#fits(
    survey: Survey | undefined,
    ranks: Float64Array | undefined,
    level: number,
    count: number,
  ): Task<StopReason | undefined> {
    const { n, field } = this.#target;
    const rank = ranks ? ranks.findIndex((rest) => rest <= level) : -1;
    const thin = rank > 0 && 4 * rank < n && (rank < MINOR / 2 || n <= MINOR) ? 2 * n * rank : Infinity;
    const width = field === "complex" ? 2 : 1;
    let structures = survey?.structures(level, this.#most) ?? [];
    if (!this.#wants("chain")) {
      structures = structures.filter(({ patterns, rank }) => rank === 1 && patterns[0].b === 2);
    }
    // A level at a time: the same number of weights.
    const cheapest = structures[0]?.parameters ?? Infinity;
    if (thin < cheapest) {
      const stop = yield* this.#lowRank(rank);
      if (stop !== undefined || this.#ledger.converged) return stop;
    }
    let tried = 0;
    for (const structure of structures) {
      if (structure.parameters > 1.5 * cheapest || tried >= count) break;
      if (this.#known(structure, width)) continue;
      const stop = yield* this.#chain(structure);
      if (stop !== undefined || this.#ledger.converged) return stop;
      tried++;
    }
    return undefined;
  }

  #known(structure: Structure, width: number): boolean {
    const { patterns, rank, rowName, columnName, parameters } = structure;
    const key = JSON.stringify([patterns, rank, rowName, columnName, parameters * width]);
    return this.#seen.has(key) || !this.#seen.add(key);
  }

  /** Fits that may be exact but for noise: from the smallest level upwards, until one fits. */
  *#near(survey: Survey | undefined, ranks: Float64Array | undefined): Task<StopReason | undefined> {
    for (const level of LEVELS) {
      if (level <= this.#options.tolerance) continue;
      const stop = yield* this.#fits(survey, ranks, level, 2);
      if (stop !== undefined || this.#ledger.converged) return stop;
      if (this.#ledger.error <= 3 * level) return undefined;
    }
  }

  /** BB* products between permutations, those that the test holds for possible. */
  *#peels(): Task<StopReason | undefined> {
    if (!this.#wants("BB*", "B*B") || !isPowerOfTwo(this.#target.n)) return undefined;
    const pairs = yield* peelPairsTask(this.#target, this.#options.seed);
    if (typeof pairs === "string") return pairs;
    let tried = 0;
    for (const pair of pairs) {
      const text = peelText(pair, this.#target.n), error = this.#ledger.error;
      const promising = pair.misfit < HOPELESS && pair.misfit < BETTER * error;
      // Where nothing has any structure the first one may still be the nearest.
      if (!promising && !(tried === 0 && error > CLOSE) || tried >= CANDIDATES) {
        this.#ledger.pass(text, pair.misfit);
        continue;
      }
      tried++;
      const stop = yield* this.#peel(pair, text);
      if (stop !== undefined || this.#ledger.converged) return stop;
    }
  }

  *#peel({ row, column, misfit }: PeelPair, text: string): Task<StopReason | undefined> {
    const { n, field } = this.#target;
    const matrix = permuted(this.#target, row.index, column.index);
    const fit = yield* peelTask(matrix, {
      seed: this.#options.seed,
      tolerance: this.#options.tolerance / 100,
    });
    const patterns = fit.strides.map((d) => ({ a: n / 2 / d, b: 2, c: 2, d }));
    const parts = between(row.index, factorParts(patterns, fit.factors), column.index);
    const model = { field: fit.field, realPart: field === "real" && fit.field === "complex", parts };
    this.#ledger.offer(model, text, "closed-form", { misfit });
    return fit.stopped;
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
        if (stop !== undefined || this.#ledger.converged) return stop;
      }
    }
  }

  /** Nothing fits: the nearest chains of rank 1 and 2, and a matrix of low rank of about the same size. */
  *#nearest(survey: Survey | undefined): Task<StopReason | undefined> {
    const { n } = this.#target;
    if (this.#ledger.error < CLOSE) return undefined;
    for (const rank of [1, 2]) {
      const [structure] = survey?.ofRank(rank, this.#most) ?? [];
      if (!structure || this.#known(structure, 1)) continue;
      const stop = yield* this.#chain(structure);
      if (stop !== undefined) return stop;
    }
    if (this.#wants("low rank")) {
      return yield* this.#lowRank(Math.max(1, Math.floor(Math.min(n / 4, 2 * Math.log2(n)))));
    }
  }

  *#lowRank(rank: number): Task<StopReason | undefined> {
    const { n, field, values } = this.#target;
    const stop = yield this.#ledger.progress("closed form", 0);
    if (stop !== undefined) return stop;
    const { left, right } = approximateLowRank({ rows: n, cols: n, values, field }, rank);
    const width = field === "complex" ? 2 : 1, rows = new Float64Array(left.length);
    for (let k = 0; k < rank; k++) {
      for (let i = 0; i < n; i++) {
        for (let part = 0; part < width; part++) {
          rows[(i * rank + k) * width + part] = left[(k * n + i) * width + part];
        }
      }
    }
    const patterns = [{ a: 1, b: rank, c: n, d: 1 }, { a: 1, b: n, c: rank, d: 1 }];
    const parts = factorParts(patterns, [right, rows]);
    this.#ledger.offer({ field, realPart: false, parts }, `a matrix of rank ${rank}`, "closed-form");
    return undefined;
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

/** The target whose entry (i, j) is entry (rows[i], columns[j]) of another. */
function permuted(target: Target, rows?: ArrayLike<number>, columns?: ArrayLike<number>): Target {
  if (!rows && !columns) return target;
  const { n, field, values } = target, width = field === "complex" ? 2 : 1;
  const result = new Float64Array(values.length);
  for (let i = 0, to = 0; i < n; i++) {
    const row = n * (rows?.[i] ?? i);
    for (let j = 0; j < n; j++) {
      const from = (row + (columns?.[j] ?? j)) * width;
      for (let part = 0; part < width; part++) result[to++] = values[from + part];
    }
  }
  return checkTarget(result, n, field);
}

/** A BB* product in words. */
function peelText({ row, column }: PeelPair, n: number): string {
  const strides = `strides ${strideText(n, false)}, then ${strideText(n, true)}`;
  return `a kaleidoscope matrix BB* of ${strides}${orderText(row.name, column.name, true)}`;
}

/** The models of the options. */
export function closedModels({ models }: LearnOptions): readonly ModelName[] {
  return models ?? ["chain", "B", "BB*", "B*B", "low rank"];
}
