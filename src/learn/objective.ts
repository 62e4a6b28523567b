/**
 * What an optimizer is given: a function of many weights, with its gradient.
 *
 * @module
 */

/**
 * Returns the loss at `weights` and writes its gradient there into `gradient` (overwritten, not added to).
 *
 * A complex weight is two reals, its gradient ∂/∂re + i·∂/∂im. The float64 chain of `chain64.ts` is one such
 * function; anything differentiable can be another.
 */
export type LossAndGradient = (weights: Float64Array, gradient: Float64Array) => number;
