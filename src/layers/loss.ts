/**
 * What training makes small.
 *
 * @module
 */

import { checkTensor, type Tensor } from "./layer.ts";

/** A loss of a batch. */
export interface LossValue {
  /** The mean over the batch. */
  readonly loss: number;
  /** Its gradient with respect to the output. */
  readonly gradient: Tensor;
  /** How many examples were right, where there is such a thing. */
  readonly correct?: number;
}

/**
 * The mean of −log softmax(logits)[label] over a batch.
 *
 * @param logits [batch][classes]
 * @param labels a class for each example
 * @throws {RangeError} when shapes do not fit or a label is no class
 *
 * @example
 * ```ts
 * import { softmaxCrossEntropy } from "@papillon/papillon/layers";
 * const { loss } = softmaxCrossEntropy({ data: new Float32Array(4), shape: [1, 4] }, [2]);
 * console.assert(Math.abs(loss - Math.log(4)) < 1e-12);
 * ```
 */
export function softmaxCrossEntropy(logits: Tensor, labels: ArrayLike<number>): LossValue {
  const what = "take a cross-entropy";
  checkTensor(what, "logits", logits);
  const { data, shape: [batch, classes] } = logits, gradient = new Float32Array(data.length);
  if (logits.shape.length !== 2 || labels.length !== batch) {
    throw new RangeError(
      `Cannot ${what}: expected logits of batch×classes and a label for each, got ${
        logits.shape.join("×")
      } and ${labels.length} labels`,
    );
  }
  checkLabels(labels, classes);
  let total = 0, correct = 0;
  for (let row = 0; row < batch; row++) {
    const at = row * classes, label = labels[row];
    let best = at, sum = 0;
    for (let k = at; k < at + classes; k++) if (data[k] > data[best]) best = k;
    for (let k = at; k < at + classes; k++) sum += Math.exp(data[k] - data[best]);
    for (let k = at; k < at + classes; k++) gradient[k] = Math.exp(data[k] - data[best]) / (sum * batch);
    gradient[at + label] -= 1 / batch;
    total += Math.log(sum) - (data[at + label] - data[best]);
    if (best === at + label) correct++;
  }
  return { loss: total / batch, gradient: { data: gradient, shape: logits.shape }, correct };
}

/** Refuses labels that are none of so many classes. */
export function checkLabels(labels: ArrayLike<number>, classes: number): void {
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row];
    if (!(Number.isInteger(label) && label >= 0 && label < classes)) {
      throw new RangeError(
        `Cannot take a cross-entropy: label ${row} is ${label}, expected one of 0 to ${classes - 1}`,
      );
    }
  }
}
