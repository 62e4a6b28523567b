/**
 * How weights are trained on the graphics processor.
 *
 * @module
 */

import type { Stoppable } from "./context.ts";

/** How `GpuTrainer.create` trains. */
export interface TrainerOptions extends Stoppable {
  /** "adam" (default; Kingma and Ba 2015) or "sgd", plain gradient descent. */
  readonly optimizer?: "adam" | "sgd";
  /** Learning rate; 1e-3 for Adam, 1e-2 for gradient descent. A step can be given another one. */
  readonly rate?: number;
  /** Adam's decay of the mean of the gradient; 0.9. */
  readonly beta1?: number;
  /** Adam's decay of the mean of its square; 0.999. */
  readonly beta2?: number;
  /** Added to the root of the mean square; 1e-8. */
  readonly epsilon?: number;
  /** Bytes that a batch takes at most on its way through the device, in any step: longer ones are split. 2²⁷. */
  readonly bytes?: number;
}

/** How `GpuTrainer.fit` runs. */
export interface FitOptions extends Stoppable {
  /** Steps to take. */
  readonly steps: number;
  /** The learning rate of each step; that of the trainer if absent. */
  readonly rate?: (step: number) => number;
  /** Called every `every` steps and for the last one, with the loss before that step. */
  readonly onProgress?: (progress: { step: number; loss: number }) => void;
  /** How often the loss is read back; 50. Reading it waits for the device. */
  readonly every?: number;
  /** Pairs in each step, drawn in a random order, each once in an epoch; all of them if absent. */
  readonly batch?: number;
  /** What that order is drawn from; 0. */
  readonly seed?: number;
}
