/**
 * Training of an operator's weights on the graphics processor: vectors, weights and gradients all stay there.
 *
 * @module
 */

import type { Operator } from "../operator/operator.ts";
import { emptyArray, GpuArray } from "./array.ts";
import { Batches } from "./batches.ts";
import { type GpuContext, GpuDivergedError, type Span, type Stoppable } from "./context.ts";
import { GpuDerivative } from "./derivative.ts";
import { aligned, chunksOf, rowsOf } from "./executor.ts";
import type { Gpu } from "./gpu.ts";
import type { FitOptions, TrainerOptions } from "./train_options.ts";
import { adamKernel, bitsOf, LOSS_THREADS, lossKernel, packKernel, sgdKernel } from "./wgsl/train.ts";

type Settings = Required<Omit<TrainerOptions, "signal" | "bytes">>;

/** Buffers that hold what a batch needs. */
interface Room {
  readonly rows: number;
  readonly y: GpuArray;
  readonly g: GpuArray;
  readonly gx: GpuArray;
}

/** What the trainer keeps on the device. */
interface State {
  readonly weights: GPUBuffer;
  readonly gradient: GPUBuffer;
  readonly means: GPUBuffer;
  readonly squares: GPUBuffer;
  readonly sums: GPUBuffer;
  /** Weights from which a finite loss came, and weights of which that is not known yet. */
  readonly kept: [good: GPUBuffer, open: GPUBuffer];
  /** For each kernel with weights: how its packed weights come from the flat ones. */
  readonly packs: { target: GPUBuffer; table: GPUBuffer; count: number }[];
}

/** The compiled kernels of training. */
interface Kernels {
  readonly pack: GPUComputePipeline;
  readonly loss: GPUComputePipeline;
  readonly step: GPUComputePipeline;
}

/**
 * Fits the weights of an operator to pairs of vectors: it lessens ½·‖A·x − y‖² / batch. Weights are all the arrays in
 * `operator.weights`; one that occurs twice stays one.
 *
 * @example
 * ```ts
 * import { Butterfly } from "@papillon/papillon";
 * import { createGpu, GpuTrainer, GpuUnavailableError } from "@papillon/papillon/gpu";
 * const teacher = Butterfly.random(8, { seed: 1 }), start = Butterfly.random(8, { seed: 2 });
 * const data = Float32Array.from({ length: 8 * 32 }, (_, i) => Math.sin(i * i));
 * try {
 *   const gpu = await createGpu();
 *   const trainer = await GpuTrainer.create(gpu, start, { rate: 0.02 });
 *   const x = await gpu.array(data, 8), y = await gpu.array(teacher.apply(data), 8);
 *   await trainer.step(x, y);
 *   const before = await trainer.loss();
 *   await trainer.fit(x, y, { steps: 20 });
 *   console.assert(await trainer.loss() < before);
 *   const trained = new Butterfly(8, await trainer.weights());
 *   console.assert(trained.rows === 8);
 *   gpu.dispose();
 * } catch (error) {
 *   if (!(error instanceof GpuUnavailableError)) throw error; // there is none here
 * }
 * ```
 */
export class GpuTrainer {
  /** The operator with the weights that training began with. */
  readonly operator: Operator;
  readonly #context: GpuContext;
  readonly #derivative: GpuDerivative;
  readonly #state: State;
  readonly #kernels: Kernels;
  readonly #options: Settings;
  #room: Room | undefined;
  #steps = 0;
  #batch = 0;

  private constructor(
    operator: Operator,
    context: GpuContext,
    derivative: GpuDerivative,
    state: State,
    kernels: Kernels,
    options: Settings,
  ) {
    this.operator = operator;
    this.#context = context;
    this.#derivative = derivative;
    this.#state = state;
    this.#kernels = kernels;
    this.#options = options;
  }

  /**
   * Compiles the directions of an operator and copies its weights to the device.
   *
   * @throws {RangeError} when the operator has no weights, or more than the device can hold
   */
  static async create(gpu: Gpu, operator: Operator, options: TrainerOptions = {}): Promise<GpuTrainer> {
    const what = `train ${operator.describe()} on the GPU`;
    const { optimizer = "adam", beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, bytes = 1 << 27, signal } =
      options;
    const { rate = optimizer === "adam" ? 1e-3 : 1e-2 } = options;
    if (optimizer !== "adam" && optimizer !== "sgd") {
      throw new TypeError(
        `Cannot ${what}: optimizer must be "adam" or "sgd", got ${JSON.stringify(optimizer)}`,
      );
    }
    if (operator.program.weights.length === 0) throw new RangeError(`Cannot ${what}: it has no weights`);
    const derivative = await GpuDerivative.create(gpu, operator.program, {
      tied: true,
      output: true,
      tuning: { bytes },
      signal,
    });
    const { flat, loaded } = derivative, values = new Float32Array(flat.length);
    operator.program.weights.forEach((weights, k) => values.set(weights, flat.starts[k]));
    const kernels = {
      pack: await gpu.pipeline("pack weights", packKernel()),
      loss: await gpu.pipeline("loss", lossKernel()),
      step: await gpu.pipeline(
        optimizer,
        optimizer === "sgd" ? sgdKernel() : adamKernel(beta1, beta2, epsilon),
      ),
    };
    const state = await gpu.guard(what, (): State => {
      const room = (): GPUBuffer => gpu.storage(flat.length * 4);
      const packs = loaded.plan.kernels.flatMap(({ weights }, i) => {
        const target = loaded.weights(i);
        if (weights === undefined || target === undefined) return [];
        const table = flat.codes(weights);
        return [{ target, table: gpu.storage(table.byteLength, table), count: table.length }];
      });
      return {
        weights: gpu.storage(flat.length * 4, values),
        gradient: room(),
        means: room(),
        squares: room(),
        sums: gpu.storage(LOSS_THREADS * 4),
        kept: [gpu.storage(flat.length * 4, values), room()],
        packs,
      };
    });
    return new GpuTrainer(operator, gpu, derivative, state, kernels, {
      optimizer,
      rate,
      beta1,
      beta2,
      epsilon,
    });
  }

  /**
   * Takes one step on a batch. Resolves when the work is submitted; nothing is read back.
   *
   * @param x input vectors
   * @param y what they should become, as many
   * @throws {RangeError} when shapes do not fit, or an array is on another device
   */
  async step(
    x: GpuArray,
    y: GpuArray,
    { rate = this.#options.rate, signal }: Stoppable & { readonly rate?: number } = {},
  ): Promise<void> {
    signal?.throwIfAborted();
    const what = this.#checkPairs(x, y), context = this.#context, [batch] = x.shape;
    const { inputWidth, outputWidth } = this.operator.program;
    if (!(rate >= 0 && rate < Infinity)) {
      throw new RangeError(`Cannot ${what}: rate must be a finite number not below 0, got ${rate}`);
    }
    const parts = chunksOf(batch, this.#derivative.most), room = await this.#roomFor(parts[0].rows, what);
    // All or nothing: the weights change in one submission, after the gradients of all parts.
    signal?.throwIfAborted();
    await context.guard(what, () => {
      const { device } = context, { gradient, sums } = this.#state;
      const encoder = device.createCommandEncoder(), copies: (() => void)[] = [];
      encoder.clearBuffer(gradient);
      encoder.clearBuffer(sums);
      for (const { first, rows } of parts) {
        const from = aligned(context, encoder, rowsOf(x.span, inputWidth, first, rows), "in");
        const to = aligned(context, encoder, rowsOf(y.span, outputWidth, first, rows), "in");
        copies.push(from.free, to.free);
        const part = (array: GpuArray): Span => rowsOf(array.span, array.shape[1], 0, rows);
        const outside = [from.span, part(room.g), part(room.gx), part(room.y)];
        this.#derivative.forward(encoder, outside, rows);
        this.#run(encoder, this.#kernels.loss, LOSS_THREADS, [rows * outputWidth, bitsOf(1 / batch)], [
          part(room.g),
          part(room.y),
          to.span,
          { buffer: sums, offset: 0, size: sums.size },
        ]);
        this.#derivative.backward(encoder, outside, rows, gradient);
      }
      this.#update(encoder, rate);
      device.queue.submit([encoder.finish()]);
      for (const free of copies) free();
    });
    this.#batch = batch;
  }

  /** Records the step of the optimizer, and packs the weights anew for the kernels. */
  #update(encoder: GPUCommandEncoder, rate: number): void {
    const { weights, gradient, means, squares } = this.#state,
      { optimizer, beta1, beta2 } = this.#options;
    const whole = (buffer: GPUBuffer): Span => ({ buffer, offset: 0, size: buffer.size });
    const count = this.#derivative.flat.length, t = ++this.#steps;
    if (optimizer === "sgd") {
      this.#run(encoder, this.#kernels.step, count, [count, bitsOf(rate)], [whole(weights), whole(gradient)]);
    } else {
      const params = [count, bitsOf(rate / (1 - beta1 ** t)), bitsOf(1 / (1 - beta2 ** t))];
      this.#run(encoder, this.#kernels.step, count, params, [weights, gradient, means, squares].map(whole));
    }
    this.#pack(encoder);
  }

  /** Records what brings the weights to where the kernels read them. */
  #pack(encoder: GPUCommandEncoder): void {
    const { weights, packs } = this.#state;
    for (const { target, table, count } of packs) {
      const spans = [target, weights, table].map((buffer): Span => ({
        buffer,
        offset: 0,
        size: buffer.size,
      }));
      this.#run(encoder, this.#kernels.pack, count, [count], spans);
    }
  }

  /** Keeps the weights of now, of which it is not known yet whether they are good. */
  async #keep(): Promise<void> {
    const { weights, kept: [, open] } = this.#state, context = this.#context;
    await context.guard("keep weights on the GPU", () => {
      const encoder = context.device.createCommandEncoder();
      encoder.copyBufferToBuffer(weights, 0, open, 0, weights.size);
      context.device.queue.submit([encoder.finish()]);
    });
  }

  /** Goes back to the last weights that were good; the optimizer begins anew. */
  async #restore(): Promise<void> {
    const { weights, means, squares, kept: [good] } = this.#state, context = this.#context;
    await context.guard("restore weights on the GPU", () => {
      const encoder = context.device.createCommandEncoder();
      encoder.copyBufferToBuffer(good, 0, weights, 0, weights.size);
      encoder.clearBuffer(means);
      encoder.clearBuffer(squares);
      this.#pack(encoder);
      context.device.queue.submit([encoder.finish()]);
    });
    this.#steps = 0;
  }

  #run(
    encoder: GPUCommandEncoder,
    pipeline: GPUComputePipeline,
    threads: number,
    params: readonly number[],
    spans: readonly Span[],
  ): void {
    const { device } = this.#context;
    const resources: GPUBindingResource[] = [{ buffer: this.#context.uniform(params) }, ...spans];
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    const entries = resources.map((resource, binding) => ({ binding, resource }));
    pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(...this.#context.grid(Math.ceil(threads / 64)));
    pass.end();
  }

  /** The loss ½·‖A·x − y‖² / batch of the last step, with the weights before it. Waits for the device. */
  async loss({ signal }: Stoppable = {}): Promise<number> {
    const { sums } = this.#state;
    const parts = await this.#context.read(
      { buffer: sums, offset: 0, size: sums.size },
      signal,
      "read the loss",
    );
    return this.#batch === 0 ? NaN : parts.reduce((sum, part) => sum + part, 0) / (2 * this.#batch);
  }

  /** The weights as they are now, in the order of `operator.weights`. */
  weights(options: Stoppable = {}): Promise<Float32Array<ArrayBuffer>[]> {
    return this.#arrays(this.#state.weights, options);
  }

  /** The gradient of the last step, in the same order. */
  gradient(options: Stoppable = {}): Promise<Float32Array<ArrayBuffer>[]> {
    return this.#arrays(this.#state.gradient, options);
  }

  async #arrays(buffer: GPUBuffer, { signal }: Stoppable): Promise<Float32Array<ArrayBuffer>[]> {
    const { starts, lengths, length } = this.#derivative.flat;
    const all = await this.#context.read({ buffer, offset: 0, size: length * 4 }, signal, "read the weights");
    return starts.map((start, k) => all.slice(start, start + lengths[k]));
  }

  /**
   * Takes steps on the same pairs, all at once or in batches of random ones.
   *
   * @returns the loss before the last step, of its batch
   * @throws the reason of the signal when it is aborted; the weights are then those of the last whole step
   * @throws {GpuDivergedError} when the loss or the weights are no longer finite; the weights are then the last ones that gave a finite
   * loss (of those looked at, every `every` steps), and the optimizer begins anew
   */
  async fit(
    x: GpuArray,
    y: GpuArray,
    { steps, rate, onProgress, every = 50, batch, seed = 0, signal }: FitOptions,
  ): Promise<number> {
    for (const [name, value] of Object.entries({ steps, every, batch: batch ?? 1 })) {
      if (!Number.isSafeInteger(value) || value < 1) {
        throw new RangeError(`Cannot train: ${name} must be a whole number from 1 on, got ${value}`);
      }
    }
    if (!Number.isSafeInteger(seed * 2 ** 20)) {
      throw new RangeError(`Cannot train: seed must be a whole number, got ${seed}`);
    }
    this.#checkPairs(x, y);
    const batches = batch !== undefined && batch < x.shape[0]
      ? await Batches.create([x, y], batch, seed)
      : undefined;
    try {
      for (let step = 0;; step++) {
        const last = step + 1 === steps, looks = step === 0 || last || (step + 1) % every === 0;
        if (looks) await this.#keep();
        signal?.throwIfAborted();
        const [bx, by] = await batches?.take(step) ?? [x, y];
        await this.step(bx, by, { rate: rate?.(step), signal });
        if (!looks) continue;
        // Reading also keeps the queue from growing without bound.
        const loss = await this.loss({ signal });
        if (!Number.isFinite(loss)) await this.#diverged(`the loss of step ${step + 1} is ${loss}`);
        this.#state.kept.reverse();
        // The last step may have led to weights that are not finite, of which no loss tells.
        if (last && !(await this.weights({ signal })).every((w) => w.every(Number.isFinite))) {
          await this.#diverged(`weights are not finite after step ${steps}`);
        }
        if (last || (step + 1) % every === 0) onProgress?.({ step: step + 1, loss });
        if (last) return loss;
      }
    } finally {
      batches?.dispose();
    }
  }

  async #diverged(why: string): Promise<never> {
    await this.#restore();
    throw new GpuDivergedError(
      `Cannot train ${this.operator.describe()} on the GPU: ${why}; the weights are those of before, try a lower rate`,
    );
  }

  async #roomFor(rows: number, what: string): Promise<Room> {
    if (this.#room && this.#room.rows >= rows) return this.#room;
    this.#free();
    const { inputWidth, outputWidth } = this.operator.program, context = this.#context;
    return this.#room = {
      rows,
      y: await emptyArray(context, rows, outputWidth, what),
      g: await emptyArray(context, rows, outputWidth, what),
      gx: await emptyArray(context, rows, inputWidth, what),
    };
  }

  #free(): void {
    this.#room?.y.dispose();
    this.#room?.g.dispose();
    this.#room?.gx.dispose();
    this.#room = undefined;
  }

  /** Checks pairs of vectors; returns what is done with them, for errors. */
  #checkPairs(x: GpuArray, y: GpuArray): string {
    const what = `train ${this.operator.describe()} on the GPU`,
      { inputWidth, outputWidth } = this.operator.program;
    this.#check(what, "x", x, inputWidth);
    this.#check(what, "y", y, outputWidth);
    if (y.shape[0] !== x.shape[0]) {
      throw new RangeError(`Cannot ${what}: x has ${x.shape[0]} vectors and y has ${y.shape[0]}`);
    }
    return what;
  }

  #check(what: string, name: string, array: GpuArray, width: number): void {
    if (!(array instanceof GpuArray)) throw new TypeError(`Cannot ${what}: ${name} is not a GpuArray`);
    if (array.context !== this.#context) {
      throw new RangeError(`Cannot ${what}: ${name} is on another device (${array.context.name})`);
    }
    if (array.shape[1] !== width) {
      throw new RangeError(
        `Cannot ${what}: ${name} has vectors of ${array.shape[1]} floats, expected ${width}`,
      );
    }
  }

  /** Gives the memory on the device back. */
  dispose(): void {
    this.#free();
    this.#derivative.dispose();
    const { weights, gradient, means, squares, sums, kept, packs } = this.#state;
    for (const buffer of [weights, gradient, means, squares, sums, ...kept]) buffer.destroy();
    for (const { table } of packs) table.destroy();
  }
}
