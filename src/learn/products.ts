/**
 * Products of several butterflies by gradient: with learned permutations between them, and kaleidoscope matrices of width 2.
 *
 * @module
 */
import { butterflyPatterns } from "../operator/pattern.ts";
import { Random } from "../program/random.ts";
import { descend } from "./descend.ts";
import type { LearnOptions, ModelName, Stopped } from "./fit.ts";
import { appliedFactors } from "./hypothesis.ts";
import { orthogonalWeights } from "./initial.ts";
import type { Ledger } from "./ledger.ts";
import { factorParts } from "./parts.ts";
import { finishedModel } from "./search/operator.ts";
import { search } from "./search/search.ts";
import { type Field, inField, type Target } from "./target.ts";
import type { StopReason, Task } from "./task.ts";

/** Models with learned permutations, which a search after all else is for; R is for real matrices. */
const PERMUTED: readonly ModelName[] = ["RP", "RPP", "BP", "BPP", "BPBP"];
/** Models without, which it looks for where they are asked for. */
const KALEIDOSCOPE: readonly ModelName[] = ["BB*", "B*B"];
/** Larger targets are only searched when that is asked for: a step takes n²·log n. */
const LARGEST = 64;
/** Brackets of a search that comes after others, and trials in it. */
const BRACKETS = 1, TRIALS = 12;
/** Iterations of L-BFGS from one random start of BB*BB*, at least and at most, and multiplications in between. */
const ITERATIONS = 2000, MOST_ITERATIONS = 6000, WORK = 1e9;

/** The models that a search after all else is for. */
export function searchedModels({ n, field }: Target, options: LearnOptions): readonly ModelName[] {
  const { models, method, maxParameters = Infinity } = options;
  // Permuted butterflies are complex; those of a kaleidoscope matrix may be real, and chains are.
  const least = (model: ModelName): number => {
    const each = 2 * n * Math.log2(n), butterflies = model.match(/B/g)?.length ?? 1;
    return PERMUTED.includes(model) && !model.includes("R") ? 2 * each * butterflies : each * butterflies;
  };
  const fitting = (list: readonly ModelName[]): ModelName[] =>
    list.filter((model) => least(model) <= maxParameters);
  if (models) {
    const known = [...KALEIDOSCOPE, ...PERMUTED].filter((model) => models.includes(model));
    return fitting(known.filter((model) => field === "real" || !model.includes("R")));
  }
  if (n > LARGEST && method !== "gradient") return [];
  return fitting(field === "real" ? ["RPP", "BPBP"] : ["BP", "BPP", "BPBP"]);
}

/** Searches for butterflies and permutations, for as many seconds at most; keeps the best. */
export async function searchProducts(
  target: Target,
  ledger: Ledger,
  options: LearnOptions,
  budgetSeconds: number,
): Promise<Stopped> {
  const begin = performance.now(), models = searchedModels(target, options);
  const plain = models.filter((model) => KALEIDOSCOPE.includes(model)),
    permuted = models.filter((model) => !KALEIDOSCOPE.includes(model));
  // Real butterflies first; then those of which a real matrix is the real part.
  const stages: [readonly ModelName[], Field][] = [
    [plain, target.field],
    [target.field === "real" ? plain : [], "complex"],
    [permuted, "complex"],
  ];
  const wanted = stages.filter(([models]) => models.length > 0);
  let stopped: Stopped = "stationary";
  for (const [k, [models, field]] of wanted.entries()) {
    const left = budgetSeconds - (performance.now() - begin) / 1000, last = k === wanted.length - 1;
    // Without end when there is nothing else to be done.
    const brackets = last && options.method === "gradient" ? Infinity : BRACKETS;
    const seconds = left / (wanted.length - k);
    stopped = await searchModels(target, ledger, options, { models, field, brackets, seconds });
    if (ledger.converged || stopped === "cancelled") break;
  }
  return stopped;
}

async function searchModels(
  target: Target,
  ledger: Ledger,
  { method, seed, tolerance = 1e-6, signal, onProgress, workers, createWorker }: LearnOptions,
  plan: { models: readonly string[]; field: Field; brackets: number; seconds: number },
): Promise<Stopped> {
  const { n, field, norm } = target, { models, brackets, seconds } = plan;
  const { best, stopped } = await search(inField(target, field), {
    models,
    field: plan.field,
    seed,
    tolerance: tolerance / 10,
    budgetSeconds: seconds,
    signal,
    brackets,
    // A search that comes after all else is a short one.
    ...(method === "gradient" ? {} : { trials: TRIALS }),
    workers,
    createWorker,
    onProgress: (table) => {
      const rmse = Math.min(table.best, ...table.rows.map(({ error }) => error)) * norm / n;
      onProgress?.({ phase: "search", step: table.round, rmse, restart: table.bracket + 1, table });
    },
  });
  if (best) {
    const { model } = best.trial, chains = model.includes("R") ? "chains of rank 2" : "butterflies";
    const text = KALEIDOSCOPE.some((name) => name === model)
      ? `a kaleidoscope matrix ${model}, by descent`
      : `a product ${model} of ${chains} and learned permutations`;
    ledger.offer(finishedModel(best, target), text, "gradient");
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
