/**
 * Mini-batches: rows of vectors on the device in a random order, gathered there.
 *
 * @module
 */

import { Random } from "../program/random.ts";
import { emptyArray, GpuArray } from "./array.ts";
import type { GpuContext } from "./context.ts";
import { gatherKernel } from "./wgsl/train.ts";

/** Pairs of vectors in parts, each pair once in an epoch; the order of each epoch follows from the seed. */
export class Batches {
  readonly #context: GpuContext;
  readonly #pipeline: GPUComputePipeline;
  readonly #sources: readonly GpuArray[];
  readonly #parts: readonly GpuArray[];
  readonly #index: GPUBuffer;
  readonly #batch: number;
  readonly #seed: number;
  #epoch = -1;
  #order: Uint32Array = new Uint32Array();

  private constructor(
    context: GpuContext,
    pipeline: GPUComputePipeline,
    sources: readonly GpuArray[],
    parts: readonly GpuArray[],
    index: GPUBuffer,
    batch: number,
    seed: number,
  ) {
    this.#context = context;
    this.#pipeline = pipeline;
    this.#sources = sources;
    this.#parts = parts;
    this.#index = index;
    this.#batch = batch;
    this.#seed = seed;
  }

  /** Room for batches of arrays with as many vectors each. */
  static async create(sources: readonly GpuArray[], batch: number, seed: number): Promise<Batches> {
    const what = "gather a batch on the GPU", [{ context }] = sources;
    const pipeline = await context.pipeline("gather vectors", gatherKernel()), parts: GpuArray[] = [];
    for (const { shape } of sources) parts.push(await emptyArray(context, batch, shape[1], what));
    const index = await context.guard(what, () => context.storage(batch * 4));
    return new Batches(context, pipeline, sources, parts, index, batch, seed);
  }

  /** The vectors of a step, the same of each array. They are there until the next call. */
  async take(step: number): Promise<GpuArray[]> {
    const [count] = this.#sources[0].shape, batch = this.#batch, each = Math.ceil(count / batch);
    const epoch = Math.floor(step / each), first = step % each * batch, context = this.#context;
    if (epoch !== this.#epoch) {
      this.#epoch = epoch;
      this.#order = new Random(this.#seed * 2 ** 20 + epoch).permutation(count);
    }
    const rows = Uint32Array.from(this.#order.subarray(first, first + batch));
    await context.guard("gather a batch on the GPU", () => {
      const { device } = context, encoder = device.createCommandEncoder();
      device.queue.writeBuffer(this.#index, 0, rows);
      this.#sources.forEach((source, k) => this.#gather(encoder, source, this.#parts[k], rows));
      device.queue.submit([encoder.finish()]);
    });
    return this.#parts.map((part) => new GpuArray(context, part.span.buffer, [rows.length, part.shape[1]]));
  }

  #gather(encoder: GPUCommandEncoder, source: GpuArray, part: GpuArray, rows: Uint32Array): void {
    const context = this.#context, { device } = context, [, width] = source.shape;
    const buffers = [part.span.buffer, source.span.buffer];
    // More than a kernel may read is copied vector by vector.
    if (buffers.some(({ size }) => size > device.limits.maxStorageBufferBindingSize)) {
      rows.forEach((row, i) =>
        encoder.copyBufferToBuffer(buffers[1], row * width * 4, buffers[0], i * width * 4, width * 4)
      );
      return;
    }
    const count = rows.length * width, layout = this.#pipeline.getBindGroupLayout(0);
    const entries = [context.uniform([count, width]), ...buffers, this.#index].map((buffer, binding) => ({
      binding,
      resource: { buffer },
    }));
    const pass = encoder.beginComputePass();
    pass.setPipeline(this.#pipeline);
    pass.setBindGroup(0, device.createBindGroup({ layout, entries }));
    pass.dispatchWorkgroups(...context.grid(Math.ceil(count / 64)));
    pass.end();
  }

  /** Gives its memory back. */
  dispose(): void {
    for (const part of this.#parts) part.dispose();
    this.#index.destroy();
  }
}
