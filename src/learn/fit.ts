/**
 * What learning takes and gives: options, and a butterfly as bare arrays, free of any operator.
 *
 * @module
 */
import type { GradientOptions } from "./gradient.ts";
import type { FrontPermutation, Hypothesis } from "./hypothesis.ts";
import type { Field } from "./target.ts";
import type { RunOptions, StopReason } from "./task.ts";

/** How `learn` works. */
export interface LearnOptions extends RunOptions {
  /**
   * The field of the factors: by default that of the target, but real for a complex target without
   * imaginary parts.
   */
  readonly field?: Field;
  /**
   * `auto`: closed form, polish, and gradient where those are not enough. `closed-form`: without the
   * gradient. `gradient`: nothing else.
   */
  readonly method?: "auto" | "closed-form" | "gradient";
  /** Seed of everything random: the sampled blocks and the random starts; 0. */
  readonly seed?: number;
  /** Converged at this relative error ‖M − product‖_F/‖M‖_F, with factors rounded to float32; 1e-6. */
  readonly tolerance?: number;
  /** Rounds of random starts of the gradient method at most; 20, and 5 after a closed form. */
  readonly restarts?: number;
  /** Stops after this many seconds with the best so far; 60. */
  readonly budgetSeconds?: number;
  /** A faster executor of the gradient method's loss; see {@link GradientOptions.objective}. */
  readonly objective?: GradientOptions["objective"];
}

/** One thing that was tried. */
export interface Attempt {
  /** How. */
  readonly method: "closed-form" | "gradient";
  /** The form; for the gradient method, which races all forms, that of the best run. */
  readonly hypothesis: Hypothesis;
  /** The rank test's estimate, from below, of the relative error of any butterfly of this form. */
  readonly misfit?: number;
  /**
   * Relative error with factors rounded to float32; undefined when the rank test made the attempt
   * pointless.
   */
  readonly relativeError?: number;
  /** Sweeps of alternating least squares after the closed form. */
  readonly sweeps?: number;
  /** Rounds of random starts. */
  readonly restarts?: number;
}

/** A butterfly fitted to a target: M ≈ B·P. */
export interface ButterflyFit {
  /** The order. */
  readonly n: number;
  /** The field of the factors. */
  readonly field: Field;
  /** One array per factor in the order of application, laid out [a][b][c][d]; none when n = 1. */
  readonly factors: Float32Array[];
  /** Strides 1, 2 … n/2 in the order of application, or n/2 … 1. */
  readonly increasing: boolean;
  /** Applied before the factors. */
  readonly permutation: FrontPermutation;
  /**
   * Only when n = 1: the one entry (two numbers when complex). A butterfly of one point has no weights to
   * hold it.
   */
  readonly scalar?: Float32Array;
  /** Root mean square error of an entry, ‖M − B·P‖_F / n, of the rounded factors, evaluated in float64. */
  readonly rmse: number;
  /** ‖M − B·P‖_F / ‖M‖_F; 0 for the zero matrix. */
  readonly relativeError: number;
  /** What gave the result. */
  readonly method: "closed-form" | "gradient";
  /** Everything that was tried, in order. */
  readonly tried: readonly Attempt[];
  /** The seed used. */
  readonly seed: number;
  /**
   * `converged`: the tolerance is met. `stationary`: it is not, but the polished fit is close to the
   * target, or to the best that the rank test allows: what is left is noise, or no butterfly. `budget`:
   * time or random starts are used up. `cancelled`: by the signal.
   */
  readonly stopped: "converged" | "stationary" | StopReason;
}

/** Refuses options that make no sense. */
export function checkOptions(options: LearnOptions): void {
  const { field, method, seed = 0, tolerance = 1e-6, restarts = 1, budgetSeconds = 0 } = options;
  if (field !== undefined && field !== "real" && field !== "complex") {
    throw new TypeError(`Cannot learn: field is ${String(field)}, expected "real" or "complex"`);
  }
  if (method !== undefined && !["auto", "closed-form", "gradient"].includes(method)) {
    throw new TypeError(
      `Cannot learn: method is ${String(method)}, expected "auto", "closed-form" or "gradient"`,
    );
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
  if (!(budgetSeconds >= 0)) {
    throw new RangeError(`Cannot learn: budgetSeconds is ${budgetSeconds}, expected seconds, at least 0`);
  }
}
