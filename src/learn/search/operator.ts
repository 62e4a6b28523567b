/**
 * From a finished trial to an operator that runs.
 *
 * @module
 */
import { Butterfly } from "../../operator/butterfly.ts";
import { KroneckerFactor } from "../../operator/factor.ts";
import type { Operator } from "../../operator/operator.ts";
import { Permutation } from "../../operator/permutation.ts";
import { product } from "../../operator/product.ts";
import { realPart } from "../../operator/real_part.ts";
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
  const { n } = target, { parts, trial } = finished;
  const butterfly = parts.find((part) => part.kind !== "P");
  const complex = !trial.model.includes("R") && butterfly!.weights.length > 2 * n * log2(n);
  const field = complex ? "complex" : "real";
  const model = new PermutedModel(n, field, parts.map((part) => part.kind === "P" ? part.index : part.kind));
  // In the order of application.
  const operators: Operator[] = [];
  let order: Uint32Array | undefined, channels = 1;
  const permute = (inputs: number): void => {
    if (channels === 2 && inputs === 2 && !complex) {
      // A chain of rank 2 leaves one channel after the other, and the next one takes them point by point.
      const own = order ?? Uint32Array.from({ length: n }, (_, i) => i);
      operators.push(new Permutation(Uint32Array.from({ length: 2 * n }, (_, i) => i % 2 * n + own[i >> 1])));
    } else if (order) operators.push(new Permutation(order, field));
    order = undefined;
  };
  for (let k = parts.length - 1; k >= 0; k--) {
    const part = parts[k], { chain } = model.parts[k];
    if (part.kind === "P") {
      const before = order;
      order = before ? part.index.map((i) => before[i]) : part.index;
      continue;
    }
    permute(chain!.inputs);
    const weights = levelsOf(chain!).map(({ begin, end }) =>
      Float32Array.from(part.weights.subarray(begin, end))
    );
    if (chain!.kind !== "rank 2") {
      operators.push(Butterfly.fromFactors(n, weights, { field, increasing: part.kind === "B" }));
    } else {levelsOf(chain!).forEach((level, i) =>
        operators.push(new KroneckerFactor(levelPattern(chain!, level), weights[i]))
      );}
    channels = chain!.outputs;
  }
  permute(1);
  const whole = product(...operators.reverse());
  return complex && target.field === "real" ? realPart(whole) : whole;
}
