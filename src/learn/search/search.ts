/**
 * Successive halving over trials (Jamieson and Talwalkar 2016), in brackets of different breadth (Hyperband, Li et al.
 * 2018), as Dao et al. 2019 search for seeds and learning rates.
 *
 * @module
 */
import { Random } from "../../program/random.ts";
import { checkPowerOfTwo, type Target } from "../target.ts";
import type { StopReason } from "../task.ts";
import { type Executor, LocalExecutor, WorkerExecutor, type WorkerLike } from "./executor.ts";
import {
  beginTrial,
  errorOf,
  type Finished,
  finishTrial,
  modelParts,
  type Trial,
  trialSize,
  type TrialState,
  type TrialTarget,
  trialTarget,
} from "./trial.ts";

/** How a search works. */
export interface SearchOptions {
  /**
   * The models among which trials are dealt out, products of B (a butterfly), B* (one of falling strides), R (a real chain
   * of rank 2) and P (a permutation); "BP", "BPP", "BPBP" for complex targets, "RPP", "BPBP" for real ones.
   */
  readonly models?: readonly string[];
  /** The field of the butterflies; complex. A real target is then the real part. */
  readonly field?: "real" | "complex";
  /** Seed of everything random; 0. */
  readonly seed?: number;
  /** Trials in the broadest bracket; 36. Every second one has half as many, and gives each twice the steps. */
  readonly trials?: number;
  /** Steps that each trial of the broadest bracket begins with; 60. */
  readonly firstSteps?: number;
  /** Learning rates are drawn from this range, evenly in their logarithm; 0.04 to 0.12. */
  readonly rates?: readonly [number, number];
  /** Good enough: the relative error ‖M − product‖/‖M‖; 1e-6. */
  readonly tolerance?: number;
  /**
   * A trial that is brought to its end is given up once its squared error falls by less than this part in 100 iterations of
   * L-BFGS; 0.1. Less is worth while where the best approximation is wanted, rather than one that is exact.
   */
  readonly stall?: number;
  /** Brackets at most; without end, until the budget is spent. */
  readonly brackets?: number;
  /** Stops after this many seconds with the best so far; 120. */
  readonly budgetSeconds?: number;
  /** Stops when aborted, with the best so far. */
  readonly signal?: AbortSignal;
  /** Called when trials have got on, at least after each piece of work. */
  readonly onProgress?: (table: SearchTable) => void;
  /** Called after each round with what is needed to go on from there. */
  readonly onCheckpoint?: (checkpoint: SearchCheckpoint) => void;
  /** Makes a worker that runs `search/worker.ts`; together with `workers`. Without them all runs on this thread. */
  readonly createWorker?: () => WorkerLike;
  /** How many workers. */
  readonly workers?: number;
  /** Goes on from here; see {@link SearchResult.checkpoint}. All other options that matter come from it. */
  readonly resume?: SearchCheckpoint;
}

/** Where a search stands, for display. */
export interface SearchTable {
  /** The bracket, from 0. */
  readonly bracket: number;
  /** The round of halving in it, from 0. */
  readonly round: number;
  /** Every trial of the bracket: those still in the race first, in the order of their errors. */
  readonly rows: readonly SearchRow[];
  /** The lowest relative error of a finished trial; ∞ while there is none. */
  readonly best: number;
}

/** One trial of the table. */
export interface SearchRow {
  /** The trial. */
  readonly trial: Trial;
  /** Steps taken. */
  readonly steps: number;
  /** Its relative error. */
  readonly error: number;
  /** Whether it is still in the race. */
  readonly racing: boolean;
  /** Its errors on the way. */
  readonly errors: readonly number[];
}

/** All that is needed to go on with a search: plain data. */
export interface SearchCheckpoint {
  /** Order and norm of the target, so that another one is noticed. */
  readonly target: { readonly n: number; readonly norm: number };
  /** The options that decide what is done. */
  readonly plan: SearchPlan;
  /** The bracket, from 0, and the round in it. */
  readonly bracket: number;
  /** See bracket. */
  readonly round: number;
  /** Trials in the race; empty at the beginning of a bracket. */
  readonly racing: readonly TrialState[];
  /** Trials of the bracket that are out. */
  readonly out: readonly TrialState[];
  /** The best of all that were brought to their end. */
  readonly best: Finished | undefined;
}

/** The options that decide what is done, complete; see {@link SearchOptions}. */
export interface SearchPlan {
  /** The models. */
  readonly models: readonly string[];
  /** The field of the butterflies. */
  readonly field: "real" | "complex";
  /** Seed of everything random. */
  readonly seed: number;
  /** Trials in the broadest bracket. */
  readonly trials: number;
  /** Steps that each of them begins with. */
  readonly firstSteps: number;
  /** The range of learning rates. */
  readonly rates: readonly [number, number];
}

/** What a search returns. */
export interface SearchResult {
  /** The best trial that was brought to its end; when there was no time for one, the leading one as it stood. */
  readonly best: Finished | undefined;
  /** Why it ended. */
  readonly stopped: "converged" | "brackets" | StopReason;
  /** The last table. */
  readonly table: SearchTable;
  /** For going on. */
  readonly checkpoint: SearchCheckpoint;
}

/** How many kinds of brackets follow each other: of n trials, n/2. */
const KINDS = 2;
/** A round leaves one trial in so many in the race, which get so many times the steps. */
const KEEP = 3;
/** So many trials at most are brought to their end. */
const FINALISTS = 4;

/**
 * Searches for a product of butterflies and permutations, all learned by gradient. An example is at `finishedOperator`.
 *
 * @throws {RangeError} (as a rejection) for options that make no sense or a checkpoint of another target
 */
export async function search(target: Target, options: SearchOptions = {}): Promise<SearchResult> {
  const { tolerance = 1e-6, stall, brackets = Infinity, budgetSeconds = 120, resume } = options;
  const plan = resume?.plan ?? planned(target, options);
  if (resume && (resume.target.n !== target.n || Math.abs(resume.target.norm / target.norm - 1) > 1e-9)) {
    throw new RangeError(
      `Cannot resume the search: it was for a target of order ${resume.target.n} and norm ${resume.target.norm}, ` +
        `not ${target.n} and ${target.norm}`,
    );
  }
  checkPowerOfTwo("search for a product of butterflies", target.n);
  if (!(target.norm > 0) || target.n < 2) {
    throw new RangeError("Cannot search for a zero matrix or a single number: there is nothing to learn");
  }
  const scaled = trialTarget(target, plan.field), { createWorker, workers = 0 } = options;
  for (const { trial, weights } of [...resume?.racing ?? [], ...resume?.out ?? []]) {
    const size = trialSize(scaled, trial);
    if (weights.length !== size) {
      throw new RangeError(
        `Cannot resume the search: trial ${trial.id} has ${weights.length} weights, expected ${size}`,
      );
    }
  }
  const executor = createWorker && workers > 0
    ? new WorkerExecutor(scaled, Array.from({ length: workers }, createWorker))
    : new LocalExecutor(scaled);
  const timer = new AbortController();
  const timeout = setTimeout(() => timer.abort("budget"), Math.min(budgetSeconds * 1000, 2 ** 31 - 1));
  const cancel = (): void => timer.abort("cancelled");
  if (options.signal?.aborted) cancel();
  options.signal?.addEventListener("abort", cancel, { once: true });
  const race = new Race(plan, executor, timer.signal, options.onProgress, resume);
  const keep = (): void => options.onCheckpoint?.(race.checkpoint(target));
  try {
    const stopped = await race.run(
      () => (trial) => beginTrial(scaled, trial),
      { tolerance, stall },
      brackets,
      keep,
    );
    const checkpoint = race.checkpoint(target);
    return {
      best: checkpoint.best ?? unpolished(scaled, checkpoint),
      stopped,
      table: race.table(),
      checkpoint,
    };
  } finally {
    clearTimeout(timeout);
    options.signal?.removeEventListener("abort", cancel);
    executor.close();
  }
}

/** The leading trial as it stands, its permutations rounded: for a search that had no time to end one. */
function unpolished(target: TrialTarget, { racing }: SearchCheckpoint): Finished | undefined {
  const [leader] = [...racing].sort((a, b) => errorOf(a) - errorOf(b));
  if (leader === undefined) return undefined;
  const task = finishTrial(target, leader, 1);
  for (let step = task.next();; step = task.next("cancelled")) if (step.done) return step.value;
}

function planned(target: Target, options: SearchOptions): SearchPlan {
  const { field = "complex", seed = 0, trials = 36, firstSteps = 60, rates = [0.04, 0.12] } = options;
  const { models = target.field === "real" ? ["RPP", "BPBP"] : ["BP", "BPP", "BPBP"] } = options;
  if (models.length === 0) throw new RangeError("Cannot search: expected at least one model, got none");
  models.forEach(modelParts);
  const real = models.find((model) => model.includes("R"));
  if (target.field === "complex" && (real !== undefined || field === "real")) {
    throw new RangeError(
      `Cannot search: ${
        real === undefined ? "real butterflies" : `the model ${real}`
      } cannot be a complex matrix`,
    );
  }
  if (options.stall !== undefined && !(options.stall >= 0 && options.stall < 1)) {
    throw new RangeError(`Cannot search: stall is ${options.stall}, expected a part from 0 to below 1`);
  }
  for (const [name, value] of Object.entries({ trials, firstSteps })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`Cannot search: ${name} is ${value}, expected a positive integer`);
    }
  }
  if (!(rates[0] > 0 && rates[0] <= rates[1] && rates[1] < Infinity)) {
    throw new RangeError(
      `Cannot search: rates are ${rates.join(" to ")}, expected a range of positive numbers`,
    );
  }
  if (!Number.isSafeInteger(seed)) {
    throw new RangeError(`Cannot search: seed is ${seed}, expected a safe integer`);
  }
  return { models: [...models], field, seed, trials, firstSteps, rates };
}

/** When a trial is at its end. */
interface End {
  readonly tolerance: number;
  readonly stall: number | undefined;
}

class Race {
  readonly #plan: SearchPlan;
  readonly #executor: Executor;
  readonly #signal: AbortSignal;
  readonly #onProgress: ((table: SearchTable) => void) | undefined;
  #bracket = 0;
  #round = 0;
  #racing: TrialState[] = [];
  #out: TrialState[] = [];
  #best: Finished | undefined;

  constructor(
    plan: SearchPlan,
    executor: Executor,
    signal: AbortSignal,
    onProgress?: (table: SearchTable) => void,
    from?: SearchCheckpoint,
  ) {
    this.#plan = plan;
    this.#executor = executor;
    this.#signal = signal;
    this.#onProgress = onProgress;
    if (from === undefined) return;
    this.#bracket = from.bracket;
    this.#round = from.round;
    this.#racing = [...from.racing];
    this.#out = [...from.out];
    this.#best = from.best;
  }

  async run(
    begin: () => (trial: Trial) => TrialState,
    end: End,
    brackets: number,
    keep: () => void,
  ): Promise<SearchResult["stopped"]> {
    const last = this.#bracket + brackets;
    while (this.#bracket < last) {
      if (this.#racing.length === 0) this.#racing = this.#deal().map(begin());
      while (!this.#signal.aborted) {
        await this.#advance();
        if (this.#signal.aborted) break;
        this.#racing.sort((a, b) => errorOf(a) - errorOf(b) || a.trial.id - b.trial.id);
        if (this.#racing.length <= FINALISTS) {
          keep();
          break;
        }
        this.#out.unshift(...this.#racing.splice(Math.ceil(this.#racing.length / KEEP)));
        this.#round++;
        keep();
      }
      if (!this.#signal.aborted) await this.#finish(end);
      if (this.#best !== undefined && this.#best.relativeError <= end.tolerance) return "converged";
      if (this.#signal.aborted) return this.#signal.reason === "budget" ? "budget" : "cancelled";
      this.#bracket++;
      this.#round = 0;
      this.#racing = [];
      this.#out = [];
      keep();
    }
    return "brackets";
  }

  /** The trials of a bracket; drawn from the seed and the number of the bracket alone. */
  #deal(): Trial[] {
    const { models, seed, trials, rates } = this.#plan, random = new Random(seed * 7919 + this.#bracket);
    const count = Math.max(models.length, trials >> this.#kind);
    return Array.from({ length: count }, (_, id) => ({
      id,
      model: models[id % models.length],
      seed: random.integer(2 ** 31),
      rate: rates[0] * (rates[1] / rates[0]) ** random.uniform(),
    }));
  }

  get #kind(): number {
    return this.#bracket % KINDS;
  }

  /** A round: everyone left gets steps until they are KEEP times as many as before, at first those of its kind of bracket. */
  async #advance(): Promise<void> {
    const { firstSteps, trials, models } = this.#plan, first = firstSteps << this.#kind;
    let horizon = first;
    for (let left = Math.max(models.length, trials >> this.#kind); left > FINALISTS;) {
      left = Math.ceil(left / KEEP);
      horizon *= KEEP;
    }
    // A resumed round has trials that are through with it.
    const goal = first * KEEP ** this.#round;
    await this.#each(this.#racing, async (state, index) => {
      if (state.steps >= goal) return;
      this.#racing[index] = await this.#executor.run(
        { kind: "advance", state, steps: goal - state.steps, horizon },
        this.#signal,
        () => this.#report(),
      );
      this.#report();
    });
  }

  /**
   * Brings those left to their end, the leader first, until one is good enough: of several at once, the one that would
   * have been the first.
   */
  async #finish(end: End): Promise<void> {
    const before = this.#best, ended: Finished[] = [];
    const good = (finished: Finished | undefined): boolean =>
      (finished?.relativeError ?? Infinity) <= end.tolerance;
    await this.#each(this.#racing, async (state, index) => {
      if (ended.some(good)) return;
      ended[index] = await this.#executor.run(
        { kind: "finish", state, ...end },
        this.#signal,
        () => this.#report(),
      );
      const all = [...(before ? [before] : []), ...ended.filter(Boolean)];
      this.#best = all.find(good) ??
        all.reduce((one, other) => other.relativeError < one.relativeError ? other : one);
      this.#report();
    });
  }

  /** Work on all of them, as many at once as the executor is wide; what is cancelled stays as it was. */
  async #each(
    states: readonly TrialState[],
    work: (state: TrialState, index: number) => Promise<void>,
  ): Promise<void> {
    const queue = [...states.entries()];
    const worker = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined && !this.#signal.aborted; next = queue.shift()) {
        try {
          await work(next[1], next[0]);
        } catch (error) {
          if (!(error instanceof DOMException && error.name === "AbortError")) throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: this.#executor.width }, worker));
  }

  #report(): void {
    this.#onProgress?.(this.table());
  }

  table(): SearchTable {
    const row = (racing: boolean) => (state: TrialState): SearchRow => {
      const { trial, steps, errors } = state;
      return { trial, steps, error: errorOf(state), racing, errors };
    };
    const rows = this.#racing.map(row(true)).sort((a, b) => a.error - b.error || a.trial.id - b.trial.id);
    return {
      bracket: this.#bracket,
      round: this.#round,
      rows: [...rows, ...this.#out.map(row(false))],
      best: this.#best?.relativeError ?? Infinity,
    };
  }

  checkpoint({ n, norm }: Target): SearchCheckpoint {
    return {
      target: { n, norm },
      plan: this.#plan,
      bracket: this.#bracket,
      round: this.#round,
      racing: this.#racing,
      out: this.#out,
      best: this.#best,
    };
  }
}
