/**
 * The closed form ({@link splitTask}) for the canonical butterfly of radix 2, in the gauge that learning uses.
 *
 * @module
 */
import { butterflyPatterns } from "../operator/pattern.ts";
import { Chain64, weightCount } from "./chain64.ts";
import { balance } from "./balance.ts";
import { canonicalMatrix, type Hypothesis } from "./hypothesis.ts";
import { splitTask } from "./split.ts";
import { finish, type Task } from "./task.ts";
import { checkPowerOfTwo, type Field, type Target } from "./target.ts";

/** What {@link closedForm} finds. */
export interface ClosedForm {
  /** Canonical weights in float64 (strides 1 … n/2 one after another), norms in balance. */
  readonly weights: Float64Array;
  /** ‖M − product‖_F, in float64. */
  readonly error: number;
  /** error / n: the root mean square error of an entry. */
  readonly rmse: number;
}

/**
 * Factors a target as a butterfly of the given form. Exact (to rounding) when it is one; otherwise the
 * error is within a constant of the best possible.
 *
 * @param target a checked matrix of order at least 2.
 * @param hypothesis the order of the strides and the permutation in front.
 */
export function closedForm(target: Target, hypothesis: Hypothesis): ClosedForm {
  const { n, field } = target;
  checkPowerOfTwo("factor a matrix as a butterfly", n);
  // Worked at Frobenius norm √n, that of a unitary matrix, so that no square under- or overflows.
  const scale = target.norm > 0 ? Math.sqrt(n) / target.norm : 1;
  const matrix = canonicalMatrix(target, hypothesis, scale);
  const weights = finish(splitChain(matrix, n, field));
  const error = Math.sqrt(new Chain64(n, field).squaredError(weights, matrix)) / scale;
  balance(weights, n, field, 1 / scale);
  return { weights, error, rmse: error / n };
}

/**
 * The work of {@link closedForm} as a task: canonical weights of a canonical matrix, in balance. Stopped
 * early it returns the factors found so far, with zeros for the others.
 */
export function* splitChain(matrix: Float64Array, n: number, field: Field): Task<Float64Array> {
  const { factors } = yield* splitTask(matrix, butterflyPatterns(n), field);
  const weights = new Float64Array(weightCount(n, field));
  factors.forEach((factor, level) => weights.set(factor, level * factor.length));
  balance(weights, n, field);
  return weights;
}
