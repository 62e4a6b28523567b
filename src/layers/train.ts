/**
 * Training of networks.
 *
 * @module
 */

import { Random } from "../program/random.ts";
import { checkTensor, sizeOf, type Tensor } from "./layer.ts";
import { findBad, firstBad, gradientNorm, scale } from "./finite.ts";
import { checkLabels, type LossValue, softmaxCrossEntropy } from "./loss.ts";
import { adam, type Optimizer } from "./optimizer.ts";
import { Sequential } from "./sequential.ts";
import { type AnyState, findTensor, type NetworkState, readState, tensorOf, writeState } from "./state.ts";

/** What is learned from. */
export interface Examples {
  /** The inputs; the first axis counts them. */
  readonly inputs: Tensor;
  /** A class for each of them, for the loss that is used when no other is given. */
  readonly labels?: ArrayLike<number>;
}

/** Where training is. */
export interface TrainProgress {
  /** The epoch, from 0. */
  readonly epoch: number;
  /** Batches of this epoch that are done. */
  readonly batch: number;
  /** Batches of an epoch. */
  readonly batches: number;
  /** The mean loss of this epoch so far. */
  readonly loss: number;
  /** Which part of the examples of this epoch was right, where the loss counts that. */
  readonly accuracy: number | undefined;
}

/** An epoch in numbers; taken while the weights change. */
export interface Epoch {
  /** The mean loss of its examples. */
  readonly loss: number;
  /** Which part of them was right, where the loss counts that. */
  readonly accuracy: number | undefined;
}

/** Where numbers were not finite any more. */
export interface Divergence {
  /** The epoch, from 0. */
  readonly epoch: number;
  /** The batch of that epoch, from 0. */
  readonly batch: number;
  /** The first layer concerned, from 0; the number of layers for the loss itself. */
  readonly layer: number;
  /** What was not finite, in words: "the output of layer 3, relu". */
  readonly what: string;
}

/** What {@link train} returns. */
export interface Trained {
  /** Why it ended. */
  readonly stopped: "epochs" | "cancelled" | "diverged";
  /** The epochs that are complete. */
  readonly epochs: readonly Epoch[];
  /** Where training is to be resumed; when it diverged, the last good state, which the network has again. */
  readonly checkpoint: NetworkState;
  /** Where it diverged. */
  readonly divergence?: Divergence;
}

/** How {@link train} works. */
export interface TrainOptions {
  /** How many times it goes through all examples. */
  readonly epochs: number;
  /** Examples of a step; 64. */
  readonly batch?: number;
  /** The learning rate, or what makes it of the step and the number of all steps; 1e-3. See `warmCosine`. */
  readonly rate?: number | ((step: number, steps: number) => number);
  /** `adam()` when absent. */
  readonly optimizer?: Optimizer;
  /** The norm to which larger gradients, of all parameters together, are cut; none when absent. */
  readonly clip?: number;
  /** The same seed gives the same order of examples. 0 when absent. */
  readonly seed?: number;
  /** The loss of outputs for the examples of these numbers; the cross-entropy of labels when absent. */
  readonly loss?: (output: Tensor, rows: Uint32Array) => LossValue;
  /** Makes the input of the examples of these numbers, in place of copies: to distort them. */
  readonly augment?: (batch: Tensor, random: Random) => Tensor;
  /** Called before each step, as to change a temperature. */
  readonly beforeStep?: (step: number, steps: number) => void;
  /** Called after each step. */
  readonly onProgress?: (progress: TrainProgress) => void;
  /** Called with a checkpoint after each epoch, and after so many steps as `checkpointEvery` says. */
  readonly onCheckpoint?: (checkpoint: NetworkState) => void | Promise<void>;
  /** Steps between checkpoints within an epoch; none when absent. */
  readonly checkpointEvery?: number;
  /** A checkpoint to go on from: to the bit what would have come without the interruption. */
  readonly resume?: AnyState;
  /** Stops after the step that is under way, with a checkpoint. */
  readonly signal?: AbortSignal;
}

/** How long steps keep the event loop waiting, in milliseconds. */
const SLICE = 30;

/**
 * Trains a network by gradient descent on batches of examples in random order.
 *
 * Loss and gradients are looked at in each step. When one is not finite, training stops, says where that began, and the
 * network has the state of the last checkpoint again (that of the last epoch, or `checkpointEvery` steps ago at most).
 *
 * @throws {RangeError} (as a rejection) when data or options do not fit, or a checkpoint is that of other training
 *
 * @example
 * ```ts
 * import { Linear, Relu, Sequential, train } from "@papillon/papillon/layers";
 * // Is there more in the first half or in the second?
 * const inputs = { data: Float32Array.from({ length: 200 * 8 }, (_, i) => Math.sin(i * i)), shape: [200, 8] };
 * const labels = Array.from({ length: 200 }, (_, row) => {
 *   const part = inputs.data.subarray(8 * row, 8 * row + 8);
 *   return part.subarray(0, 4).reduce((a, b) => a + b) > part.subarray(4).reduce((a, b) => a + b) ? 0 : 1;
 * });
 * const model = new Sequential([
 *   new Linear(8, 16, { structure: "butterfly", gain: Math.SQRT2, seed: 1 }),
 *   new Relu(),
 *   new Linear(16, 2, { seed: 2 }),
 * ]);
 * const { epochs } = await train(model, { inputs, labels }, { epochs: 20, batch: 20, rate: 1e-2, seed: 1 });
 * console.assert(epochs.length === 20 && epochs[19].accuracy! > 0.95);
 * ```
 */
export async function train(model: Sequential, examples: Examples, options: TrainOptions): Promise<Trained> {
  const run = new Training(model, examples, options);
  let slice = performance.now();
  for (;;) {
    if (options.signal?.aborted) return run.result("cancelled");
    const made = run.step();
    if (made === "done") return run.result("epochs");
    if (made === "diverged") return run.result("diverged");
    if (made === "checkpoint") await options.onCheckpoint?.(run.checkpoint());
    if (performance.now() - slice >= SLICE) {
      await new Promise<void>((resolve) => setTimeout(resolve, 0));
      slice = performance.now();
    }
  }
}

/** A training that is under way. */
class Training {
  readonly #model: Sequential;
  readonly #examples: Examples;
  readonly #options: TrainOptions;
  readonly #optimizer: Optimizer;
  readonly #count: number;
  readonly #size: number;
  readonly #batch: number;
  readonly #batches: number;
  readonly #seed: number;
  readonly #epochs: Epoch[] = [];
  #epoch = 0;
  #at = 0;
  #loss = 0;
  #correct: number | undefined = 0;
  #order: Uint32Array | undefined;
  #good: NetworkState;
  #divergence: Divergence | undefined;

  constructor(model: Sequential, examples: Examples, options: TrainOptions) {
    const { epochs, batch = 64, optimizer = adam(), seed = 0, resume, checkpointEvery = 1, clip = 1 } =
      options;
    if (!(model instanceof Sequential)) throw new TypeError("Cannot train: the model is not a Sequential");
    checkTensor("train", "inputs", examples?.inputs);
    for (const [name, value] of Object.entries({ epochs, batch, checkpointEvery })) {
      if (!Number.isSafeInteger(value) || value < 1) {
        throw new RangeError(`Cannot train: ${name} must be a whole number from 1 on, got ${value}`);
      }
    }
    if (!(clip > 0)) throw new RangeError(`Cannot train: clip must be a positive number, got ${clip}`);
    if (!Number.isSafeInteger(seed * 2 ** 20)) {
      throw new RangeError(`Cannot train: seed must be a whole number, got ${seed}`);
    }
    const { shape: [count, ...example] } = examples.inputs;
    const [classes] = model.outputShape(example);
    if (options.loss === undefined && examples.labels?.length !== count) {
      throw new RangeError(
        `Cannot train: expected a label for each of ${count} examples, got ${
          examples.labels?.length ?? "none"
        }`,
      );
    }
    if (options.loss === undefined) checkLabels(examples.labels!, classes);
    this.#model = model;
    this.#examples = examples;
    this.#options = options;
    this.#optimizer = optimizer;
    this.#count = count;
    this.#size = sizeOf(example);
    this.#batch = Math.min(batch, count);
    this.#batches = Math.ceil(count / this.#batch);
    this.#seed = seed;
    if (resume) this.#resume(resume);
    this.#good = this.checkpoint();
  }

  /** One step, and what it came to. */
  step(): "step" | "checkpoint" | "done" | "diverged" {
    const { epochs, onProgress, beforeStep, checkpointEvery, rate = 1e-3 } = this.#options,
      model = this.#model;
    if (this.#epoch >= epochs) return "done";
    const number = this.#epoch * this.#batches + this.#at, steps = epochs * this.#batches;
    beforeStep?.(number, steps);
    this.#order ??= new Random(this.#seed * 2 ** 20 + this.#epoch).permutation(this.#count);
    const rows = this.#order.subarray(this.#at * this.#batch, (this.#at + 1) * this.#batch);
    const x = this.#take(rows, number), output = model.forward(x, true);
    // What is not finite is no loss; a loss of the caller may throw at it.
    const bad = firstBad(output.data) >= 0;
    const value = bad ? undefined : this.#lossOf(output, rows);
    if (value === undefined || !Number.isFinite(value.loss)) return this.#diverge(x);
    model.backwardToParameters(value.gradient);
    model.penalize();
    const norm = gradientNorm(model);
    if (!Number.isFinite(norm)) return this.#diverge(x);
    const { clip = Infinity } = this.#options;
    if (norm > clip) { for (const { gradient } of model.parameters) scale(gradient, clip / norm); }
    this.#optimizer.step(model.parameters, typeof rate === "number" ? rate : rate(number, steps));
    model.changed();
    this.#at++;
    this.#loss += value.loss * rows.length;
    this.#correct = value.correct === undefined || this.#correct === undefined
      ? undefined
      : this.#correct + value.correct;
    const done = Math.min(this.#at * this.#batch, this.#count), sums = this.#means(done);
    onProgress?.({ epoch: this.#epoch, batch: this.#at, batches: this.#batches, ...sums });
    const whole = this.#at === this.#batches;
    if (whole) {
      this.#epochs.push(sums);
      [this.#epoch, this.#at, this.#loss, this.#correct, this.#order] = [this.#epoch + 1, 0, 0, 0, undefined];
    }
    if (!whole && (checkpointEvery === undefined || (number + 1) % checkpointEvery !== 0)) return "step";
    // The step may have led to numbers that are not finite: such a state is not good.
    if (!model.parameters.every(({ value }) => firstBad(value) < 0)) return this.#diverge(x);
    this.#good = this.checkpoint();
    return "checkpoint";
  }

  #means(done: number): Epoch {
    return {
      loss: this.#loss / done,
      accuracy: this.#correct === undefined ? undefined : this.#correct / done,
    };
  }

  #lossOf(output: Tensor, rows: Uint32Array): LossValue {
    if (this.#options.loss) return this.#options.loss(output, rows);
    const labels = this.#examples.labels!;
    return softmaxCrossEntropy(output, Array.from(rows, (row) => labels[row]));
  }

  #take(rows: Uint32Array, number: number): Tensor {
    const { data, shape } = this.#examples.inputs,
      size = this.#size,
      some = new Float32Array(rows.length * size);
    rows.forEach((row, i) => some.set(data.subarray(row * size, (row + 1) * size), i * size));
    const batch = { data: some, shape: [rows.length, ...shape.slice(1)] }, { augment } = this.#options;
    return augment ? augment(batch, new Random(-1 - this.#seed * 2 ** 20 - number)) : batch;
  }

  /** Finds where numbers are not finite, and goes back to the last good state. */
  #diverge(x: Tensor): "diverged" {
    const { layer, what } = findBad(this.#model, x);
    this.#divergence = { epoch: this.#epoch, batch: this.#at, layer, what };
    this.#resume(this.#good, false);
    return "diverged";
  }

  /** The state of now, copied. */
  checkpoint(): NetworkState {
    const model = this.#model, { tensors, metadata } = writeState(model);
    for (const { name, value } of this.#optimizer.memory(model.parameters)) {
      tensors.set(`optimizer ${name}`, tensorOf(value));
    }
    const losses = this.#epochs.map(({ loss }) => loss),
      rights = this.#epochs.map(({ accuracy }) => accuracy ?? -1);
    const position = [this.#epoch, this.#at, this.#loss, this.#correct ?? -1];
    tensors.set("training", tensorOf(Float64Array.of(...position)));
    tensors.set("training losses", tensorOf(Float64Array.from(losses)));
    tensors.set("training accuracies", tensorOf(Float64Array.from(rights)));
    return { tensors, metadata: { ...metadata, ...this.#marks() } };
  }

  /** What must be the same when training is resumed. */
  #marks(): Record<string, string> {
    return {
      optimizer: this.#optimizer.name,
      examples: String(this.#count),
      batch: String(this.#batch),
      seed: String(this.#seed),
    };
  }

  /** Takes up a state; one of our own, which may be that of a network given with numbers that are not finite, as it is. */
  #resume(state: AnyState, finite = true): void {
    const what = "a checkpoint", model = this.#model, { parameters } = model;
    for (const [name, mark] of Object.entries(this.#marks())) {
      const other = state.metadata?.[name];
      if (other !== mark) {
        throw new RangeError(
          `Cannot resume training: ${name} is ${mark} here and was ${other ?? "not written"} there`,
        );
      }
    }
    const memory = this.#optimizer.memory(parameters).map(({ name, value }) =>
      findTensor(what, state, `optimizer ${name}`, value, finite)
    );
    const [epoch, at, loss, correct] = findTensor(what, state, "training", new Float64Array(4));
    if (
      !(Number.isSafeInteger(epoch) && epoch >= 0 && Number.isSafeInteger(at) && at >= 0 &&
        at < this.#batches)
    ) {
      throw new RangeError(`Cannot load ${what}: it stands at epoch ${epoch}, batch ${at}`);
    }
    const losses = findTensor(what, state, "training losses", new Float64Array(epoch));
    const rights = findTensor(what, state, "training accuracies", new Float64Array(epoch));
    readState(model, state, finite);
    this.#optimizer.restore(parameters, memory);
    [this.#epoch, this.#at, this.#loss, this.#order] = [epoch, at, loss, undefined];
    this.#correct = correct < 0 ? undefined : correct;
    const epochs = Array.from(
      losses,
      (loss, i) => ({ loss, accuracy: rights[i] < 0 ? undefined : rights[i] }),
    );
    this.#epochs.splice(0, this.#epochs.length, ...epochs);
  }

  result(stopped: Trained["stopped"]): Trained {
    const checkpoint = stopped === "diverged" ? this.#good : this.checkpoint(), divergence = this.#divergence;
    this.#model.forget();
    return { stopped, epochs: [...this.#epochs], checkpoint, ...(divergence ? { divergence } : {}) };
  }
}
