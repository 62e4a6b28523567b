/**
 * The backward direction of a program on a device.
 *
 * @module
 */

import type { Program } from "../program/program.ts";
import type { GpuContext, Span, Stoppable } from "./context.ts";
import { aligned, chunksOf, LoadedPlan, rowsOf, type Sums } from "./executor.ts";
import { type Tuning, tuningFor } from "./plan.ts";
import { type Flat, planReverse } from "./reverse.ts";
import { packed, ZERO } from "./weights.ts";
import { collectKernel } from "./wgsl/back.ts";
import type { Kernel, Partial as PartialSums } from "./wgsl/kernel.ts";

/** Threads that keep a graphics processor busy. */
const BUSY = 1 << 16;
/** Floats that partial gradients of one kernel may take. */
const MOST_PARTIAL = 1 << 22;
/** Fewer rows are not worth a chunk of their own. */
const LEAST_ROWS = 8;

/** Options of {@link GpuDerivative.create}. */
export interface DerivativeOptions extends Stoppable {
  /** Whether arrays of weights that occur twice in the program are one; false. */
  readonly tied?: boolean;
  /** Whether the output is made too; false. */
  readonly output?: boolean;
  /** How kernels are cut, for measurements. */
  readonly tuning?: Partial<Tuning>;
}

/** Gradients of a program on a device. */
export class GpuDerivative {
  /** What is differentiated. */
  readonly program: Program;
  /** How weights lie in the flat gradient. */
  readonly flat: Flat;
  readonly loaded: LoadedPlan;
  readonly #split: number;
  readonly #collect: GPUComputePipeline;
  readonly #tables: Map<Kernel, { table: GPUBuffer; count: number }>;
  readonly #sums: GPUBuffer | undefined;
  readonly #most: number;

  private constructor(
    program: Program,
    flat: Flat,
    loaded: LoadedPlan,
    split: number,
    collect: GPUComputePipeline,
    tables: Map<Kernel, { table: GPUBuffer; count: number }>,
    sums: GPUBuffer | undefined,
    most: number,
  ) {
    this.program = program;
    this.flat = flat;
    this.loaded = loaded;
    this.#split = split;
    this.#collect = collect;
    this.#tables = tables;
    this.#sums = sums;
    this.#most = most;
  }

  /** Compiles the backward direction of a program for a device. */
  static async create(
    context: GpuContext,
    program: Program,
    { tied = false, output = false, tuning: changes, signal }: DerivativeOptions = {},
  ): Promise<GpuDerivative> {
    const what = "compile a gradient for the GPU", { limits } = context.device;
    const tuning = tuningFor(limits, changes);
    const { plan, split, flat } = planReverse(program, tuning, tied, output);
    const loaded = await LoadedPlan.load(
      context,
      plan,
      ({ weights }) => packed(weights!),
      tuning.bytes,
      signal,
    );
    loaded.check(what);
    const collect = await context.pipeline("collect gradients", collectKernel());
    const room = limits.maxStorageBufferBindingSize / 4;
    const summing = plan.kernels.filter(({ partial }) => partial !== undefined);
    const largest = Math.max(flat.length, ...summing.map(({ partial }) => partial!.floats));
    if (largest > room) {
      throw new RangeError(
        `Cannot ${what}: ${largest} gradients take more than the ${limits.maxStorageBufferBindingSize} bytes that a ` +
          "kernel on this device can read",
      );
    }
    const most = Math.min(room, Math.max(MOST_PARTIAL, largest));
    const lists = summing.map(({ partial }) => collectTable(flat.codes(partial!.weights)));
    const made = await context.guard(what, () => ({
      tables: lists.map(({ table, count }) => ({ table: context.storage(table.byteLength, table), count })),
      sums: summing.length > 0 ? context.storage(most * 4) : undefined,
    }));
    const tables = new Map(summing.map((kernel, i) => [kernel, made.tables[i]]));
    return new GpuDerivative(program, flat, loaded, split, collect, tables, made.sums, most);
  }

  /** The most vectors that run at once. */
  get most(): number {
    return this.loaded.most;
  }

  /** Records the forward kernels. */
  forward(encoder: GPUCommandEncoder, outside: readonly Span[], rows: number): void {
    this.loaded.record(encoder, outside, rows, [0, this.#split]);
  }

  /** Records the backward kernels; gradients are added to `gradient`. */
  backward(
    encoder: GPUCommandEncoder,
    outside: readonly Span[],
    rows: number,
    gradient: GPUBuffer | undefined,
  ): void {
    const { context, plan } = this.loaded;
    const sums = this.#sums, most = this.#most;
    const where: Sums | undefined = sums && gradient && {
      span: { buffer: sums, offset: 0, size: sums.size },
      chunks: ({ floats, items }: PartialSums, rows: number): number =>
        Math.max(
          1,
          Math.min(Math.ceil(BUSY / items), Math.ceil(rows / LEAST_ROWS), Math.floor(most / floats)),
        ),
      collect: (pass: GPUComputePassEncoder, kernel: Kernel, chunks: number): void => {
        const { table, count } = this.#tables.get(kernel)!;
        const resources = [context.uniform([count, chunks, kernel.partial!.floats]), gradient, sums, table];
        const entries = resources.map((buffer, binding) => ({ binding, resource: { buffer } }));
        pass.setPipeline(this.#collect);
        const layout = this.#collect.getBindGroupLayout(0);
        pass.setBindGroup(0, context.device.createBindGroup({ layout, entries }));
        pass.dispatchWorkgroups(...context.grid(Math.ceil(count / 64)));
      },
    };
    this.loaded.record(encoder, outside, rows, [this.#split, plan.kernels.length], where);
  }

  /** Gradients for a batch: the cotangent of the input is written, those of the weights are written to a flat buffer. */
  async run(
    x: Span,
    g: Span,
    gx: Span,
    gradient: GPUBuffer | undefined,
    batch: number,
    { signal }: Stoppable = {},
  ) {
    const { context } = this.loaded, { inputWidth, outputWidth } = this.program;
    for (const { first, rows } of chunksOf(batch, this.most)) {
      signal?.throwIfAborted();
      await context.guard("run a gradient on the GPU", () => {
        const encoder = context.device.createCommandEncoder();
        if (first === 0 && gradient) encoder.clearBuffer(gradient);
        const parts = [
          aligned(context, encoder, rowsOf(x, inputWidth, first, rows), "in"),
          aligned(context, encoder, rowsOf(g, outputWidth, first, rows), "in"),
          aligned(context, encoder, rowsOf(gx, inputWidth, first, rows), "out"),
        ];
        const outside = parts.map(({ span }) => span);
        this.forward(encoder, outside, rows);
        this.backward(encoder, outside, rows, gradient);
        parts[2].finish();
        context.device.queue.submit([encoder.finish()]);
        for (const { free } of parts) free();
      });
    }
  }

  /** Gives its buffers back. */
  dispose(): void {
    this.loaded.dispose();
    this.#sums?.destroy();
    for (const { table } of this.#tables.values()) table.destroy();
  }
}

/** For each flat weight of a kernel, the positions of its partial gradients: flat indices, starts, positions. */
function collectTable(codes: Uint32Array): { table: Uint32Array; count: number } {
  const positions = new Map<number, number[]>();
  codes.forEach((code, position) => {
    if (code === ZERO) return;
    const known = positions.get(code);
    if (known) known.push(position);
    else positions.set(code, [position]);
  });
  const count = positions.size, table = new Uint32Array(2 * count + 1 + codes.length);
  let i = 0, at = 0;
  for (const [code, list] of positions) {
    table[i] = code;
    table[count + i] = at;
    table.set(list, 2 * count + 1 + at);
    at += list.length;
    i++;
  }
  table[2 * count] = at;
  return { table, count };
}
