/**
 * What learning takes and gives: options, and a product of sparse factors as bare arrays.
 *
 * @module
 */
import { type Explained, explainFit } from "./explain.ts";
import type { GradientOptions, Starter } from "./gradient.ts";
import { modelOperator } from "./operator.ts";
import type { Operator } from "../operator/operator.ts";
import type { FitPart, Model } from "./parts.ts";
import type { Field } from "./target.ts";
import type { WorkerLike } from "./search/executor.ts";
import type { RunOptions, StopReason } from "./task.ts";

/**
 * What is looked for. `B`: one butterfly behind a permutation. `chain`: chains of any radix and rank between permutations
 * of rows and columns. `BB*`, `B*B`: kaleidoscope matrices between permutations. `low rank`: two thin matrices.
 * `BP`, `BPP`, `BPBP`: butterflies and learned permutations, by gradient; `RP`, `RPP`: the same with real chains of rank 2 for
 * real matrices. `BB*BB*`: four butterflies, by gradient.
 */
export type ModelName =
  | "B"
  | "chain"
  | "BB*"
  | "B*B"
  | "low rank"
  | "BP"
  | "BPP"
  | "BPBP"
  | "RP"
  | "RPP"
  | "BB*BB*";

/** All models. */
export const MODELS: readonly ModelName[] = [
  "chain",
  "B",
  "BB*",
  "B*B",
  "low rank",
  "BP",
  "BPP",
  "BPBP",
  "RP",
  "RPP",
  "BB*BB*",
];

/** How a fit was found. */
export type Method = "closed-form" | "gradient";

/** How `learn` works. */
export interface LearnOptions extends RunOptions {
  /**
   * The field of the matrix: by default that of the target, but real for a complex target without imaginary parts. A real
   * matrix may come as the real part of complex factors.
   */
  readonly field?: Field;
  /** What is looked for; by default all of {@link MODELS}, but `BB*BB*`. */
  readonly models?: readonly ModelName[];
  /**
   * `auto`: closed form, polish, and gradient where those are not enough. `closed-form`: without the
   * gradient. `gradient`: nothing else.
   */
  readonly method?: "auto" | Method;
  /** Seed of everything random: what is sampled, and the random starts; 0. */
  readonly seed?: number;
  /** Converged at this relative error ‖M − product‖_F/‖M‖_F, with factors rounded to float32; 1e-6. */
  readonly tolerance?: number;
  /** Rounds of random starts of one butterfly at most; 20, 5 before a search, and 1 after a closed form. */
  readonly restarts?: number;
  /**
   * Real numbers that the result may have, two for each complex one; any number when absent. The least error within them
   * is best.
   */
  readonly maxParameters?: number;
  /** Stops after this many seconds with the best so far; 60. */
  readonly budgetSeconds?: number;
  /** A faster executor of the gradient method's loss; see {@link GradientOptions.objective}. */
  readonly objective?: GradientOptions["objective"];
  /**
   * Trains the random starts of one butterfly on another device: `gpuStarter(gpu)` of `@papillon/papillon/gpu`. What it finds is
   * brought to its end here.
   */
  readonly starter?: Starter;
  /**
   * How many workers the search with learned permutations is spread over; 0, all on this thread. With `createWorker` only. The
   * result is the same.
   */
  readonly workers?: number;
  /** Makes a worker that runs `search/worker.ts`, as for `search`. */
  readonly createWorker?: () => WorkerLike;
}

/** One thing that was tried. */
export interface Attempt {
  /** How. */
  readonly method: Method;
  /** Of what, in words. */
  readonly model: string;
  /** A test's estimate of the relative error, before any fitting. */
  readonly misfit?: number;
  /** Relative error with factors rounded to float32; absent when the test made the attempt pointless. */
  readonly relativeError?: number;
  /** Numbers that it takes, two for a complex one. */
  readonly parameters?: number;
  /** Rounds of random starts. */
  readonly restarts?: number;
}

/**
 * `converged`: the tolerance is met. `stationary`: it is not, but the fit is close to the target, or to the best that is
 * possible: what is left is noise, or has no such structure. `budget`: time or random starts are used up. `cancelled`: by the
 * signal.
 */
export type Stopped = "converged" | "stationary" | StopReason;

/** What {@link Fit} is made of. */
export interface FitData extends Model, Explained {
  /** The seed used. */
  readonly seed: number;
}

/** A product of sparse factors fitted to a matrix. */
export class Fit implements FitData {
  /** The order. */
  readonly n: number;
  /** The field of the parts; see {@link Fit.realPart}. */
  readonly field: Field;
  /** What it is, in words. */
  readonly model: string;
  /** Factors, permutations and diagonals in the order of application. */
  readonly parts: readonly FitPart[];
  /** Whether the matrix is real and the parts are complex: then the matrix is the real part of their product. */
  readonly realPart: boolean;
  /** Root mean square error of an entry, ‖M − product‖_F / n, of the rounded factors, evaluated in float64. */
  readonly rmse: number;
  /** ‖M − product‖_F / ‖M‖_F; 0 for the zero matrix. */
  readonly relativeError: number;
  /** Numbers that the parts hold, of their field. */
  readonly parameters: number;
  /** What gave the result. */
  readonly method: Method;
  /** Everything that was tried, in order. */
  readonly tried: readonly Attempt[];
  /** Why it ended. */
  readonly stopped: Stopped;
  /** The seed used. */
  readonly seed: number;
  #operator: Operator | undefined;

  /** A fit from what it is made of. */
  constructor(data: FitData) {
    this.n = data.n;
    this.field = data.field;
    this.model = data.model;
    this.parts = data.parts;
    this.realPart = data.realPart;
    this.rmse = data.rmse;
    this.relativeError = data.relativeError;
    this.parameters = data.parameters;
    this.method = data.method;
    this.tried = data.tried;
    this.stopped = data.stopped;
    this.seed = data.seed;
  }

  /** It as an operator, in float32; real where the matrix is. */
  get operator(): Operator {
    return this.#operator ??= modelOperator(this, this.n);
  }

  /** In words: what the matrix is, to which error, what it costs, what was tried, why it ended there. */
  explain(): string {
    return explainFit(this);
  }
}

/** Refuses options that make no sense. */
export function checkOptions(options: LearnOptions): void {
  const { field, method, models, seed = 0, tolerance = 1e-6, restarts = 1, budgetSeconds = 0 } = options;
  const { workers = 0, createWorker, maxParameters, starter } = options;
  if (starter !== undefined && typeof starter !== "function") {
    throw new TypeError(
      `Cannot learn: starter is ${String(starter)}, expected a function such as gpuStarter(gpu)`,
    );
  }
  if (field !== undefined && field !== "real" && field !== "complex") {
    throw new TypeError(`Cannot learn: field is ${String(field)}, expected "real" or "complex"`);
  }
  if (method !== undefined && !["auto", "closed-form", "gradient"].includes(method)) {
    throw new TypeError(
      `Cannot learn: method is ${String(method)}, expected "auto", "closed-form" or "gradient"`,
    );
  }
  if (models !== undefined) {
    if (!Array.isArray(models) || models.length === 0) {
      throw new TypeError(`Cannot learn: models is ${String(models)}, expected an array of names`);
    }
    const unknown = models.find((model: ModelName) => !MODELS.includes(model));
    if (unknown !== undefined) {
      throw new TypeError(
        `Cannot learn: there is no model "${unknown}", expected some of ${MODELS.join(", ")}`,
      );
    }
  }
  if (!Number.isSafeInteger(seed)) {
    throw new RangeError(`Cannot learn: seed is ${seed}, expected a safe integer`);
  }
  if (!(tolerance > 0 && tolerance < Infinity)) {
    throw new RangeError(`Cannot learn: tolerance is ${tolerance}, expected a positive number`);
  }
  if (!Number.isSafeInteger(restarts) || restarts < 1) {
    throw new RangeError(`Cannot learn: restarts is ${restarts}, expected a positive integer`);
  }
  if (!Number.isSafeInteger(workers) || workers < 0 || workers > 1024) {
    throw new RangeError(`Cannot learn: workers is ${workers}, expected a whole number from 0 to 1024`);
  }
  if (workers > 0 && typeof createWorker !== "function") {
    throw new TypeError("Cannot learn: workers need createWorker, a function that makes one");
  }
  if (maxParameters !== undefined && !(maxParameters >= 1)) {
    throw new RangeError(`Cannot learn: maxParameters is ${maxParameters}, expected a positive number`);
  }
  if (!(budgetSeconds >= 0)) {
    throw new RangeError(`Cannot learn: budgetSeconds is ${budgetSeconds}, expected seconds, at least 0`);
  }
}
