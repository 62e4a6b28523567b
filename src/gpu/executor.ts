/**
 * Programs on a graphics processor: their kernels compiled, their weights in place, run on batches.
 *
 * @module
 */

import type { Program } from "../program/program.ts";
import type { GpuContext, Span, Stoppable } from "./context.ts";
import { planForward } from "./forward.ts";
import { type Plan, type Tuning, tuningFor } from "./plan.ts";
import { fromHalf, halves, packed } from "./weights.ts";
import { Binding, type Kernel, type Partial as PartialSums, type Precision } from "./wgsl/kernel.ts";

/** Parts of buffers begin at multiples of 256 bytes, so chunks are multiples of 64 rows. */
const ROWS_TOGETHER = 64;

/** A kernel on a device. */
interface Loaded {
  readonly kernel: Kernel;
  readonly pipeline: GPUComputePipeline;
  readonly weights?: GPUBuffer;
  readonly tables?: GPUBuffer;
}

/** Options of {@link GpuExecutor.create}. */
export interface ExecutorOptions extends Stoppable {
  /** How weights are stored; "f32". Halves take half the memory; see {@link GpuExecutor.weightError}. */
  readonly weights?: Precision;
  /** How kernels are cut, for measurements. */
  readonly tuning?: Partial<Tuning>;
}

/** Where partial gradients go. */
export interface Sums {
  /** Room for the chunks of any kernel. */
  readonly span: Span;
  /** In how many chunks of rows a kernel sums. */
  chunks(partial: PartialSums, rows: number): number;
  /** Records what adds the chunks of a kernel to the gradient. */
  collect(pass: GPUComputePassEncoder, kernel: Kernel, chunks: number): void;
}

/** The buffers of a plan's kernels on a device. */
export class LoadedPlan {
  readonly context: GpuContext;
  readonly plan: Plan;
  readonly #kernels: Loaded[];
  readonly #bytes: number;
  #scratch: { rows: number; buffers: GPUBuffer[] } | undefined;

  private constructor(context: GpuContext, plan: Plan, kernels: Loaded[], bytes: number) {
    this.#bytes = bytes;
    this.context = context;
    this.plan = plan;
    this.#kernels = kernels;
  }

  /** Compiles the kernels of a plan; `write` says what is first in the buffer of packed weights. */
  static async load(
    context: GpuContext,
    plan: Plan,
    write: (kernel: Kernel) => Float32Array | Uint32Array | undefined,
    bytes: number,
    signal?: AbortSignal,
  ): Promise<LoadedPlan> {
    const what = "compile a program for the GPU",
      { maxStorageBufferBindingSize: most } = context.device.limits;
    signal?.throwIfAborted();
    const pipelines = await Promise.all(plan.kernels.map(({ label, code }) => context.pipeline(label, code)));
    signal?.throwIfAborted();
    const data = plan.kernels.map((kernel) => {
      const weights = kernel.weights && write(kernel);
      for (const bytes of [weights?.byteLength ?? 0, kernel.tables?.byteLength ?? 0]) {
        if (bytes > most) {
          throw new RangeError(
            `Cannot ${what}: the weights of "${kernel.label}" take ${bytes} bytes, and a kernel on this device can ` +
              `read at most ${most}`,
          );
        }
      }
      return weights;
    });
    const kernels = await context.guard(what, () =>
      plan.kernels.map((kernel, i): Loaded => ({
        kernel,
        pipeline: pipelines[i],
        weights: data[i] && context.storage(data[i].byteLength, data[i]),
        tables: kernel.tables && context.storage(kernel.tables.byteLength, kernel.tables),
      })));
    return new LoadedPlan(context, plan, kernels, bytes);
  }

  /** The buffer of the packed weights of kernel number `i`. */
  weights(i: number): GPUBuffer | undefined {
    return this.#kernels[i].weights;
  }

  /** How many rows fit in one run: what a kernel can read at once, and what scratch should take. */
  get most(): number {
    const { maxStorageBufferBindingSize, maxBufferSize } = this.context.device.limits;
    const bytes = Math.min(maxStorageBufferBindingSize, maxBufferSize, this.#bytes);
    const rows = Math.floor(bytes / (4 * Math.max(...this.plan.widths)));
    return rows >= ROWS_TOGETHER ? Math.floor(rows / ROWS_TOGETHER) * ROWS_TOGETHER : rows;
  }

  /** Checks that at least one row fits. */
  check(what: string): void {
    if (this.most >= 1) return;
    const { maxStorageBufferBindingSize, maxBufferSize } = this.context.device.limits;
    throw new RangeError(
      `Cannot ${what}: one vector takes ${4 * Math.max(...this.plan.widths)} bytes, and there is room for ` +
        `${Math.min(maxStorageBufferBindingSize, maxBufferSize, this.#bytes)}`,
    );
  }

  /**
   * Records the kernels for some rows. To be called in {@link GpuContext.guard}.
   *
   * @param outside the buffers from outside, each exactly as long as the rows
   * @param range the kernels, from and to
   * @param sums where partial gradients go
   */
  record(
    encoder: GPUCommandEncoder,
    outside: readonly Span[],
    rows: number,
    range: readonly [number, number] = [0, this.#kernels.length],
    sums?: Sums,
  ): void {
    const { context, plan } = this, { device } = context;
    const scratch = this.#room(rows);
    const spanOf = (value: number): Span => {
      const buffer = plan.buffers[value];
      if (buffer < plan.outside) return outside[buffer];
      return { buffer: scratch[buffer - plan.outside], offset: 0, size: plan.widths[buffer] * rows * 4 };
    };
    const pass = encoder.beginComputePass();
    this.#kernels.slice(...range).forEach(({ kernel, pipeline, weights, tables }) => {
      const chunks = kernel.partial && sums ? sums.chunks(kernel.partial, rows) : 1;
      const entries: GPUBindGroupEntry[] = [];
      const bind = (binding: number, { buffer, offset, size }: Span): void => {
        entries.push({ binding, resource: { buffer, offset, size: Math.ceil(size / 8) * 8 } });
      };
      const whole = (buffer: GPUBuffer): Span => ({ buffer, offset: 0, size: buffer.size });
      bind(Binding.rows, whole(context.uniform([rows, chunks, ...(kernel.offsets ?? [])])));
      if (kernel.target !== undefined) bind(Binding.target, spanOf(kernel.target));
      if (weights) bind(Binding.weights, whole(weights));
      if (tables) bind(Binding.tables, whole(tables));
      if (kernel.partial && sums) bind(Binding.sums, sums.span);
      kernel.sources.forEach((value, k) => bind(Binding.source + k, spanOf(value)));
      const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...context.grid(kernel.groups(rows, chunks)));
      if (kernel.partial) sums?.collect(pass, kernel, chunks);
    });
    pass.end();
  }

  /** Scratch for some rows; kept for the next run. */
  #room(rows: number): GPUBuffer[] {
    const { context, plan } = this;
    if (this.#scratch && this.#scratch.rows >= rows) return this.#scratch.buffers;
    this.#scratch?.buffers.forEach((buffer) => buffer.destroy());
    const buffers = plan.widths.slice(plan.outside).map((width) => context.storage(width * rows * 4));
    this.#scratch = { rows, buffers };
    return buffers;
  }

  /** Gives its buffers back. */
  dispose(): void {
    for (const { weights, tables } of this.#kernels) {
      weights?.destroy();
      tables?.destroy();
    }
    this.#scratch?.buffers.forEach((buffer) => buffer.destroy());
    this.#scratch = undefined;
  }
}

/** The rows of a batch in parts that fit. */
export function chunksOf(batch: number, most: number): { first: number; rows: number }[] {
  const parts: { first: number; rows: number }[] = [];
  for (let first = 0; first < batch; first += most) {
    parts.push({ first, rows: Math.min(most, batch - first) });
  }
  return parts;
}

/** Some rows of a span. */
export function rowsOf(span: Span, width: number, first: number, rows: number): Span {
  return { buffer: span.buffer, offset: span.offset + first * width * 4, size: rows * width * 4 };
}

/** The forward direction of a program on a device. */
export class GpuExecutor {
  /** What it runs. */
  readonly program: Program;
  /** Relative error of the weights by rounding them to halves; 0 for float32. */
  readonly weightError: number;
  readonly #loaded: LoadedPlan;

  private constructor(program: Program, loaded: LoadedPlan, weightError: number) {
    this.program = program;
    this.#loaded = loaded;
    this.weightError = weightError;
  }

  /** Compiles a program for a device. */
  static async create(
    context: GpuContext,
    program: Program,
    { weights: precision = "f32", tuning: changes, signal }: ExecutorOptions = {},
  ): Promise<GpuExecutor> {
    signal?.throwIfAborted();
    const tuning = { ...tuningFor(context.device.limits, changes), precision };
    const plan = planForward(program, tuning);
    let error = 0, size = 0;
    const loaded = await LoadedPlan.load(
      context,
      plan,
      (kernel) => {
        const values = packed(kernel.weights!);
        if (precision === "f32") return values;
        const words = halves(values);
        values.forEach((value, k) => {
          const half = fromHalf(words[k >> 1] >>> (k & 1 ? 16 : 0) & 0xffff);
          if (!Number.isFinite(half) && Number.isFinite(value)) {
            throw new RangeError(
              `Cannot compile a program with f16 weights: a weight is ${value}, the largest half 65504`,
            );
          }
          error += (half - value) ** 2;
          size += value ** 2;
        });
        return words;
      },
      tuning.bytes,
      signal,
    );
    loaded.check("compile a program for the GPU");
    return new GpuExecutor(program, loaded, size > 0 ? Math.sqrt(error / size) : 0);
  }

  /** The most vectors that run at once; longer batches are split. */
  get most(): number {
    return this.#loaded.most;
  }

  /** Descriptions of the kernels, in order. */
  get kernels(): readonly Kernel[] {
    return this.#loaded.plan.kernels;
  }

  /** y = program(x) for a batch, both on the device; resolves when the work is submitted. */
  async run(x: Span, y: Span, batch: number, { signal }: Stoppable = {}): Promise<void> {
    const { context } = this.#loaded;
    for (const { first, rows } of chunksOf(batch, this.most)) {
      signal?.throwIfAborted();
      await context.guard("run a program on the GPU", () => {
        const encoder = context.device.createCommandEncoder();
        const done = this.#part(encoder, x, y, first, rows);
        context.device.queue.submit([encoder.finish()]);
        done();
      });
    }
  }

  /** Records the whole of {@link GpuExecutor.run}, for those who submit it themselves; returns what to call after that. */
  record(encoder: GPUCommandEncoder, x: Span, y: Span, batch: number): () => void {
    const done = chunksOf(batch, this.most).map(({ first, rows }) => this.#part(encoder, x, y, first, rows));
    return () => done.forEach((free) => free());
  }

  #part(encoder: GPUCommandEncoder, x: Span, y: Span, first: number, rows: number): () => void {
    const { context } = this.#loaded, { inputWidth, outputWidth } = this.program;
    const from = aligned(context, encoder, rowsOf(x, inputWidth, first, rows), "in");
    const to = aligned(context, encoder, rowsOf(y, outputWidth, first, rows), "out");
    this.#loaded.record(encoder, [from.span, to.span], rows);
    to.finish();
    return () => {
      from.free();
      to.free();
    };
  }

  /** Gives its buffers back. */
  dispose(): void {
    this.#loaded.dispose();
  }
}

/**
 * A span that can be bound: itself, or a copy where it begins at an odd place, as parts of fewer than 64 rows may.
 */
export function aligned(
  context: GpuContext,
  encoder: GPUCommandEncoder,
  span: Span,
  way: "in" | "out",
): { span: Span; finish: () => void; free: () => void } {
  const { buffer, offset, size } = span;
  if (offset % context.device.limits.minStorageBufferOffsetAlignment === 0) {
    return { span, finish: () => {}, free: () => {} };
  }
  const copy = context.storage(size);
  if (way === "in") encoder.copyBufferToBuffer(buffer, offset, copy, 0, size);
  return {
    span: { buffer: copy, offset: 0, size },
    finish: () => encoder.copyBufferToBuffer(copy, 0, buffer, offset, size),
    free: () => copy.destroy(),
  };
}
