/**
 * How good a network is.
 *
 * @module
 */

import { checkTensor, type Layer, sizeOf } from "./layer.ts";
import { softmaxCrossEntropy } from "./loss.ts";
import type { Examples } from "./train.ts";

/** How a network does on examples. */
export interface Evaluation {
  /** The mean cross-entropy. */
  readonly loss: number;
  /** Which part is right. */
  readonly accuracy: number;
  /** The likeliest class of each example. */
  readonly predictions: Uint32Array;
}

/**
 * Applies a network that tells classes to examples with labels, outside of training.
 *
 * @param batch how many at a time
 * @throws {RangeError} when shapes or labels do not fit
 */
export function evaluate(
  model: Layer,
  { inputs, labels }: Required<Examples>,
  { batch = 256 }: { readonly batch?: number } = {},
): Evaluation {
  checkTensor("evaluate", "inputs", inputs);
  const [count, ...example] = inputs.shape, size = sizeOf(example), predictions = new Uint32Array(count);
  if (labels.length !== count) {
    throw new RangeError(
      `Cannot evaluate: expected a label for each of ${count} examples, got ${labels.length}`,
    );
  }
  if (!Number.isSafeInteger(batch) || batch < 1) {
    throw new RangeError(`Cannot evaluate: batch must be a whole number from 1 on, got ${batch}`);
  }
  let loss = 0, correct = 0;
  for (let first = 0; first < count; first += batch) {
    const some = Math.min(batch, count - first);
    const data = inputs.data.subarray(first * size, (first + some) * size);
    const output = model.forward({ data, shape: [some, ...example] });
    const value = softmaxCrossEntropy(output, Array.from({ length: some }, (_, i) => labels[first + i]));
    loss += value.loss * some;
    correct += value.correct!;
    const [, classes] = output.shape;
    for (let i = 0; i < some; i++) {
      const row = output.data.subarray(i * classes, (i + 1) * classes);
      predictions[first + i] = row.reduce((best, v, k) => v > row[best] ? k : best, 0);
    }
  }
  return { loss: loss / count, accuracy: correct / count, predictions };
}
