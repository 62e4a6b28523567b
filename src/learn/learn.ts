/**
 * From a dense matrix, samples or a function to the fast algorithm that it is, or is nearest to.
 *
 * Nothing about any named transform is built in: tests say which forms are possible, closed forms fit them, least squares
 * polish what noise has left, and random starts with gradients are for the rest.
 *
 * @module
 */
import { closedModels, closedTask } from "./closed_search.ts";
import { butterflyPatterns } from "../operator/pattern.ts";
import { checkOptions, Fit, type LearnOptions, type Stopped } from "./fit.ts";
import { gradientTask } from "./gradient.ts";
import { weightCount } from "./chain64.ts";
import { appliedFactors } from "./hypothesis.ts";
import { CLOSE, Ledger } from "./ledger.ts";
import { balancedWeights, type FitPart, orderParts } from "./parts.ts";
import { kaleidoscopeTask, searchedModels, searchProducts } from "./products.ts";
import { bitReversal } from "../operator/permutation.ts";
import { type LearnSource, targetTask } from "./source.ts";
import type { Samples } from "./samples.ts";
import { checkPowerOfTwo, type Field, inField, isPowerOfTwo, isReal, type Target } from "./target.ts";
import { runTask, type StopReason, type Task } from "./task.ts";
import { strideText } from "./words.ts";

/**
 * Finds what a linear map is made of: permutations, diagonals, butterflies, chains of sparse factors of any radix and rank,
 * kaleidoscope matrices BB*, low rank; exact ones with the fewest numbers, else the best.
 *
 * Errors are relative to ‖M‖_F, so that a target's scale does not matter. The result depends on the target,
 * the options and the seed alone, unless the time budget or the signal ends the search.
 *
 * @param source a matrix, of any order: `{ rows, cols, values, field }` or a checked one (`checkTarget`); samples
 * `{ samples: { x, y }, n, field }`; or a linear function `{ map, n, field }`.
 * @throws RangeError or TypeError (as a rejection) for a matrix that is not square or not finite, samples that are too few,
 * and options that make no sense.
 * @example
 * ```ts
 * import { learn } from "@papillon/papillon";
 * // A circular convolution, from its matrix.
 * const n = 16, kernel = Float64Array.from({ length: n }, (_, i) => 1 / (1 + i * i));
 * const values = Float64Array.from({ length: n * n }, (_, k) => kernel[(Math.floor(k / n) - k % n + n) % n]);
 * const fit = await learn({ rows: n, cols: n, values });
 * console.assert(fit.rmse < 1e-6 && fit.stopped === "converged");
 * console.log(fit.explain(), fit.operator.parameters);
 * ```
 */
export async function learn(source: LearnSource, options: LearnOptions = {}): Promise<Fit> {
  checkOptions(options);
  const { budgetSeconds = 60 } = options, begin = performance.now();
  const outcome = await runTask(stagesTask(source, options), { ...options, budgetSeconds });
  if (outcome instanceof Fit) return outcome;
  const { target, ledger, stopped } = outcome, { signal } = options;
  const left = budgetSeconds - (performance.now() - begin) / 1000;
  const unfinished = !ledger.converged && stopped !== "cancelled" && stopped !== "stationary" && left > 0;
  if (!unfinished || signal?.aborted || searchedModels(target, options).length === 0) {
    return ledger.fit(stopped ?? "stationary");
  }
  return ledger.fit(await searchProducts(target, ledger, options, left));
}

/** Larger targets are fitted by gradient only when that is asked for. */
const LARGEST = 256;

/** What is left for the search with learned permutations, which is no task. */
interface Unfinished {
  readonly target: Target;
  readonly ledger: Ledger;
  /** Why the last stage ended; undefined when there was none. */
  readonly stopped: Stopped | undefined;
}

/** All but the search. */
function* stagesTask(source: LearnSource, options: LearnOptions): Task<Fit | Unfinished> {
  const given = yield* targetTask(source);
  if (given === undefined) return nothing(source, options);
  const { field = isReal(given) ? "real" : "complex", method = "auto", seed = 0, tolerance = 1e-6, models } =
    options;
  const { maxParameters: limit = Infinity } = options;
  const target = inField(given, field), ledger = new Ledger(target, tolerance, seed, limit);
  if (target.norm === 0) return ledger.fit("converged");
  if (target.n === 1) {
    const parts: FitPart[] = [{ kind: "diagonal", weights: Float32Array.from(target.values) }];
    ledger.offer({ field, parts, realPart: false }, "a number", "closed-form");
    return ledger.fit("stationary");
  }
  checkPossible(target, options);
  if (method !== "gradient") {
    const stop = yield* closedTask(target, ledger, { models: closedModels(options), tolerance, seed, limit });
    if (stop !== undefined) return ledger.fit(stop);
    if (ledger.converged || ledger.error <= CLOSE || method === "closed-form") {
      return ledger.fit("stationary");
    }
  }
  if (!isPowerOfTwo(target.n)) return ledger.fit("stationary");
  // Butterflies are in closed form what they are by gradient: what is left to try after that is little.
  const gradient = weightCount(target.n, field) <= limit &&
    (models ? models.includes("B") : method === "gradient" || target.n <= LARGEST);
  let stopped: Stopped | undefined;
  if (gradient) stopped = yield* butterflies(target, ledger, options, samplesOf(source, field));
  if (models?.includes("BB*BB*") && !ledger.converged && stopped !== "cancelled") {
    stopped = (yield* kaleidoscopeTask(target, ledger, options)) ?? "budget";
  }
  return { target, ledger, stopped };
}

/** Refuses what no method could find: a gradient of an order that is no power of two, real chains for complex matrices. */
function checkPossible(target: Target, options: LearnOptions): void {
  const { method = "auto", models } = options, { n, field } = target, descends = isPowerOfTwo(n);
  if (method === "gradient" && !descends) checkPowerOfTwo("learn by gradient", n);
  if (models === undefined) return;
  if (method !== "gradient" && closedModels({}).some((model) => models.includes(model))) return;
  const own = models.some((model) => model === "B" || model === "BB*BB*");
  const searched = searchedModels(target, { ...options, maxParameters: Infinity }).length > 0;
  if (method !== "closed-form" && descends && (own || searched)) return;
  const how = method === "auto" ? "" : ` by the method ${method}`;
  throw new RangeError(
    `Cannot learn: the target is ${field} and of order ${n}, which ${models.join(", ")} cannot be${how}`,
  );
}

/** The samples that were given, where they are over the field that is learned. */
function samplesOf(source: LearnSource, field: Field): Samples | undefined {
  return "samples" in source && (source.field ?? "real") === field ? source.samples : undefined;
}

/** One butterfly, with or without a bit reversal, by random starts and gradients over all forms. */
function* butterflies(
  target: Target,
  ledger: Ledger,
  options: LearnOptions,
  samples: Samples | undefined,
): Task<Stopped> {
  const { n, field } = target;
  const { method = "auto", tolerance = 1e-6, seed = 0, objective, starter, signal } = options;
  const searched = searchedModels(target, options).length > 0;
  const restarts = options.restarts ?? (method !== "gradient" ? 1 : searched ? 5 : 20);
  const fit = yield* gradientTask(target, {
    seed,
    restarts,
    tolerance: Math.min(1e-8, tolerance / 100),
    objective,
    starter,
    samples,
    signal,
  });
  const { increasing, permutation } = fit.hypothesis;
  const patterns = butterflyPatterns(n, { increasing });
  const parts: FitPart[] = appliedFactors(
    balancedWeights(fit.weights, n, field, 1),
    n,
    field,
    fit.hypothesis,
  ).map((weights, i) => ({ kind: "factor", pattern: patterns[i], weights: Float32Array.from(weights) }));
  const front = permutation === "none" || n <= 2 ? [] : orderParts(bitReversal(n));
  const text = front.length > 0 ? "a butterfly: bit reversal, then strides" : "a butterfly of strides";
  ledger.offer(
    { field, realPart: false, parts: [...front, ...parts] },
    `${text} ${strideText(n, increasing)}`,
    "gradient",
    { restarts: fit.restarts },
  );
  if (fit.reason === "cancelled" || fit.reason === "stationary") return fit.reason;
  return fit.reason === "tolerance" ? "stationary" : "budget";
}

/** Stopped before there was a matrix. */
function nothing(source: LearnSource, { seed = 0, field }: LearnOptions): Fit {
  const n = "n" in source ? source.n : 1, own = field ?? source.field ?? "real";
  const weights = new Float32Array(own === "complex" ? 2 * n : n);
  return new Fit({
    n,
    field: own,
    realPart: false,
    parts: [{ kind: "diagonal", weights }],
    model: "zero",
    rmse: Infinity,
    relativeError: 1,
    parameters: n,
    method: "closed-form",
    tried: [],
    seed,
    stopped: "budget" satisfies StopReason,
  });
}
