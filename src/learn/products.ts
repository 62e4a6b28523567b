/**
 * Products of several butterflies by gradient: with learned permutations between them, and kaleidoscope matrices of width 2.
 *
 * @module
 */
import { butterflyPatterns } from "../operator/pattern.ts";
import { Random } from "../program/random.ts";
import { descend } from "./descend.ts";
import type { LearnOptions, ModelName, Stopped } from "./fit.ts";
import { appliedFactors, HYPOTHESES } from "./hypothesis.ts";
import { orthogonalWeights } from "./initial.ts";
import type { Ledger } from "./ledger.ts";
import { balancedWeights, factorParts, type FitPart, orderParts } from "./parts.ts";
import { search } from "./search/search.ts";
import { inField, type Target } from "./target.ts";
import type { StopReason, Task } from "./task.ts";

/** Models that the search knows. */
const PERMUTED: readonly ModelName[] = ["BP", "BPP", "BPBP"];
/** Larger targets are only searched when that is asked for: a step takes n²·log n. */
const LARGEST = 64;
/** Brackets of a search that comes after others, and trials in it. */
const BRACKETS = 1, TRIALS = 12;
/** Iterations of L-BFGS from one random start of BB*BB*, at least and at most, and multiplications in between. */
const ITERATIONS = 2000, MOST_ITERATIONS = 6000, WORK = 1e9;

/** The models that a search after all else is for. */
export function searchedModels(target: Target, { models, method }: LearnOptions): readonly ModelName[] {
  if (models) return PERMUTED.filter((model) => models.includes(model));
  return target.n <= LARGEST || method === "gradient" ? PERMUTED : [];
}

/** Searches for butterflies and permutations, for as many seconds at most; keeps the best. */
export async function searchProducts(
  target: Target,
  ledger: Ledger,
  options: LearnOptions,
  budgetSeconds: number,
): Promise<Stopped> {
  const { n } = target, { seed, tolerance, signal, onProgress, method } = options;
  const models = searchedModels(target, options);
  const { best, stopped } = await search(inField(target, target.field), {
    models,
    seed,
    tolerance: (tolerance ?? 1e-6) / 10,
    budgetSeconds,
    signal,
    ...(method === "gradient" ? { brackets: Infinity } : { brackets: BRACKETS, trials: TRIALS }),
    onProgress: (table) => {
      const lowest = Math.min(table.best, ...table.rows.map(({ error }) => error));
      onProgress?.({
        phase: "search",
        step: table.round,
        rmse: lowest * target.norm / n,
        restart: table.bracket + 1,
      });
    },
  });
  if (best) {
    const parts = best.parts.toReversed().flatMap((part): FitPart[] => {
      if (part.kind === "P") return orderParts(part.index);
      const weights = balancedWeights(part.weights, n, "complex", 1);
      const patterns = butterflyPatterns(n);
      return appliedFactors(weights, n, "complex", HYPOTHESES[0]).map((w, i) => ({
        kind: "factor",
        pattern: patterns[i],
        weights: Float32Array.from(w),
      }));
    });
    const text = `a product ${best.trial.model} of butterflies and learned permutations`;
    ledger.offer({ field: "complex", realPart: target.field === "real", parts }, text, "gradient");
  }
  return stopped === "brackets" || stopped === "converged" ? "stationary" : stopped;
}

/** BB*BB* from random starts, by L-BFGS. */
export function* kaleidoscopeTask(
  target: Target,
  ledger: Ledger,
  { seed = 0, restarts = 5 }: LearnOptions,
): Task<StopReason | undefined> {
  const { n, field, values, norm } = target, random = new Random(seed), scale = Math.sqrt(n) / norm;
  const matrix = values.map((value) => value * scale);
  const patterns = [false, true, false, true].flatMap((increasing) => butterflyPatterns(n, { increasing }));
  const weights = patterns.length * 2 * n * (field === "complex" ? 2 : 1);
  for (let restart = 0; restart < restarts && !ledger.converged; restart++) {
    const starts = [0, 1, 2, 3].flatMap((block) =>
      appliedFactors(orthogonalWeights(n, field, random), n, field, {
        increasing: block % 2 === 1,
        permutation: "none",
      })
    );
    const { factors, stopped } = yield* descend(matrix, patterns, starts, field, {
      maxIterations: Math.max(ITERATIONS, Math.min(MOST_ITERATIONS, Math.floor(WORK / (n * weights)))),
    });
    factors[0].forEach((w, i) => factors[0][i] = w / scale);
    const model = { field, realPart: false, parts: factorParts(patterns, factors) };
    ledger.offer(model, "a kaleidoscope matrix of width 2, BB*BB*", "gradient", { restarts: restart + 1 });
    if (stopped) return "budget";
  }
}
