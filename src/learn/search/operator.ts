/**
 * From a finished trial to an operator that runs.
 *
 * @module
 */
import type { Operator } from "../../operator/operator.ts";
import { butterflyPatterns } from "../../operator/pattern.ts";
import { appliedFactors, canonicalWeights } from "../hypothesis.ts";
import { modelOperator } from "../operator.ts";
import { balancedWeights, factorParts, type FitPart, type Model, orderParts } from "../parts.ts";
import { PermutedModel } from "../permutations/model.ts";
import { levelPattern, levelsOf } from "../permutations/wide_chain.ts";
import { log2, type Target } from "../target.ts";
import type { Finished } from "./trial.ts";

/**
 * The operator that a search has found: its butterflies, chains and permutations, rounded to float32; of complex
 * butterflies for a real target the real part.
 *
 * @param target what was searched for; only its order and field count
 *
 * @example
 * ```ts
 * import { checkTarget, finishedOperator, search } from "@papillon/papillon";
 * const target = checkTarget(new Float64Array([1, 1, 1, 1, 1, -1, 1, -1, 1, 1, -1, -1, 1, -1, -1, 1]), 4);
 * const { best } = await search(target, { trials: 6, tolerance: 1e-4 });
 * const fast = finishedOperator(best!, target);
 * console.assert(Math.abs(fast.apply(new Float32Array([1, 2, 3, 4]))[0] - 10) < 1e-2);
 * ```
 */
export function finishedOperator(finished: Finished, target: Pick<Target, "n" | "field">): Operator {
  return modelOperator(finishedModel(finished, target), target.n);
}

/** The same as factors and permutations in the order of application, of weights in balance. */
export function finishedModel({ parts, trial }: Finished, target: Pick<Target, "n" | "field">): Model {
  const { n } = target, butterfly = parts.find((part) => part.kind !== "P");
  const complex = !trial.model.includes("R") && butterfly!.weights.length > 2 * n * log2(n);
  const field = complex ? "complex" : "real";
  const model = new PermutedModel(n, field, parts.map((part) => part.kind === "P" ? part.index : part.kind));
  const applied: FitPart[] = [];
  let order: Uint32Array | undefined, channels = 1;
  const permute = (inputs: number): void => {
    if (channels === 2 && inputs === 2 && !complex) {
      // A chain of rank 2 leaves one channel after the other, and the next one takes them point by point.
      const own = order ?? Uint32Array.from({ length: n }, (_, i) => i);
      applied.push(...orderParts(Uint32Array.from({ length: 2 * n }, (_, i) => i % 2 * n + own[i >> 1])));
    } else applied.push(...orderParts(order));
    order = undefined;
  };
  for (let k = parts.length - 1; k >= 0; k--) {
    const part = parts[k], chain = model.parts[k].chain!;
    if (part.kind === "P") {
      const before = order;
      order = before ? part.index.map((i) => before[i]) : part.index;
      continue;
    }
    permute(chain.inputs);
    const levels = levelsOf(chain), own = levels.map(({ begin, end }) => part.weights.subarray(begin, end));
    if (part.kind === "R") applied.push(...factorParts(levels.map((l) => levelPattern(chain, l)), own));
    else {
      const increasing = part.kind === "B", order = { increasing, permutation: "none" } as const;
      const canonical = balancedWeights(canonicalWeights(own, n, field, order), n, field, 1);
      const patterns = butterflyPatterns(n, { increasing });
      appliedFactors(canonical, n, field, order).forEach((weights, i) =>
        applied.push({ kind: "factor", pattern: patterns[i], weights: Float32Array.from(weights) })
      );
    }
    channels = chain.outputs;
  }
  permute(1);
  return { field, parts: applied, realPart: complex && target.field === "real" };
}
