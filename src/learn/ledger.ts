/**
 * What was fitted so far, and which of it is best.
 *
 * @module
 */
import { type Attempt, Fit, type Method, type Stopped } from "./fit.ts";
import { type Model, modelError, realFreedom, realParameters } from "./parts.ts";
import type { Field, Target } from "./target.ts";
import type { Progress } from "./task.ts";

/** With a larger relative error it is no matter of noise. */
export const CLOSE = 0.05;
/** Errors below this part of the tolerance are all the same. */
const FLOOR = 0.1;
/** Models of matrices that have no structure take at most this many numbers times n·log₂n, and half of the dense ones. */
const MOST = 16;
/** But this many even if that is more than half: as many as a complex butterfly, or a BB* product. */
const LEAST = 4;

/** Real numbers that are few for an approximation: as many as a complex butterfly has; twice that for complex matrices. */
export function fewNumbers(n: number, field: Field): number {
  return LEAST * (field === "complex" ? 2 : 1) * n * Math.log2(n);
}

/** A model and its error. */
interface Entry {
  readonly model: Model;
  readonly text: string;
  readonly method: Method;
  readonly error: number;
  readonly parameters: number;
  /** What of these can be told from the target. */
  readonly freedom: number;
}

/** Collects models of one target. */
export class Ledger {
  /** Everything that was tried. */
  readonly tried: Attempt[] = [];
  readonly #target: Target;
  readonly #tolerance: number;
  readonly #seed: number;
  readonly #limit: number;
  #entries: Entry[] = [];

  /**
   * Of a target that is not zero.
   *
   * @param limit models with more real numbers do not count
   */
  constructor(target: Target, tolerance: number, seed: number, limit = Infinity) {
    this.#limit = limit;
    this.#target = target;
    this.#tolerance = tolerance;
    this.#seed = seed;
  }

  /** Keeps a model, with its error in float32, and returns the error. */
  offer(model: Model, text: string, method: Method, more: Partial<Attempt> = {}): number {
    const error = modelError(model, this.#target), parameters = realParameters(model);
    this.tried.push({ method, model: text, parameters, relativeError: error, ...more });
    if (Number.isFinite(error) && parameters <= this.#limit) {
      this.#entries.push({ model, text, method, error, parameters, freedom: realFreedom(model) });
    }
    // The weights of those that cannot win any more are let go.
    const best = this.best();
    this.#entries = this.#entries.filter((entry) =>
      entry === best || entry.error < CLOSE || entry.error < 1.5 * (best?.error ?? 1)
    );
    return error;
  }

  /** Notes what was passed over because of a test. */
  pass(model: string, misfit: number, parameters?: number): void {
    this.tried.push({
      method: "closed-form",
      model,
      misfit,
      ...(parameters !== undefined && { parameters }),
    });
  }

  /** The least error so far; 1, that of nothing at all, at most. */
  get error(): number {
    return this.#entries.reduce((least, { error }) => Math.min(least, error), 1);
  }

  /** Whether the tolerance is met. */
  get converged(): boolean {
    return this.error <= this.#tolerance;
  }

  /** For progress reports. */
  progress(phase: Progress["phase"], step: number): Progress {
    return { phase, step, rmse: this.error * this.#target.norm / this.#target.n, restart: 0 };
  }

  /**
   * Prefers fewer numbers where they do as well. Within the tolerance: the fewest. Near the target: those beyond which the
   * error falls no more than it would for noise (the criterion of Schwarz 1978). Else the least error of those that are
   * small.
   */
  best(): Entry | undefined {
    const { n, field } = this.#target, entries = this.#entries;
    const least = (price: (entry: Entry) => number, of = entries): Entry | undefined =>
      of.reduce<Entry | undefined>((best, e) => best && price(best) <= price(e) ? best : e, undefined);
    if (this.converged) return least((e) => e.parameters, entries.filter((e) => e.error <= this.#tolerance));
    if (this.error < CLOSE) return least((e) => this.#criterion(e.error, e.freedom));
    const few = fewNumbers(n, field), half = this.#target.values.length / 2;
    const most = this.#limit < Infinity ? Infinity : Math.max(few, Math.min(MOST / LEAST * few, half));
    return least((e) => e.error, entries.filter((e) => e.parameters <= most)) ?? least((e) => e.error);
  }

  /** The lower, the better the number of parameters is worth its error; for models of this target only. */
  #criterion(error: number, freedom: number): number {
    const { values } = this.#target;
    return 2 * values.length * Math.log(Math.max(error, FLOOR * this.#tolerance)) +
      freedom * Math.log(values.length);
  }

  /** The best as a fit; of relative error 1, zero, when there is none. */
  fit(stopped: Stopped): Fit {
    const { n, field, norm } = this.#target, best = this.best();
    const zero = { kind: "diagonal" as const, weights: new Float32Array(field === "complex" ? 2 * n : n) };
    const model: Model = best?.model ?? { field, realPart: false, parts: [zero] };
    const error = best?.error ?? (norm > 0 ? 1 : 0);
    const width = model.field === "complex" ? 2 : 1;
    return new Fit({
      ...model,
      n,
      model: best?.text ?? "zero",
      rmse: error * norm / n,
      relativeError: error,
      parameters: realParameters(model) / width,
      method: best?.method ?? "closed-form",
      tried: this.tried,
      stopped: best && error <= this.#tolerance ? "converged" : stopped,
      seed: this.#seed,
    });
  }
}
