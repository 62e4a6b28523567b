/**
 * Vectors that stay on the graphics processor between calls.
 *
 * @module
 */

import { type GpuContext, GpuError, type Span, type Stoppable } from "./context.ts";

/** A batch of vectors on a graphics processor: see {@link Gpu.array}. */
export class GpuArray {
  /** Where it lies. */
  readonly context: GpuContext;
  /** Vectors, and floats in each; a complex number is two. */
  readonly shape: readonly [vectors: number, floats: number];
  #buffer: GPUBuffer | undefined;

  /** Use {@link Gpu.array}. */
  constructor(context: GpuContext, buffer: GPUBuffer, shape: readonly [number, number]) {
    this.context = context;
    this.shape = shape;
    this.#buffer = buffer;
  }

  /** Floats in all of it. */
  get length(): number {
    return this.shape[0] * this.shape[1];
  }

  /** The buffer that holds it. */
  get span(): Span {
    if (this.#buffer === undefined) {
      throw new GpuError("Cannot use a GpuArray after dispose(): its memory was given back");
    }
    return { buffer: this.#buffer, offset: 0, size: this.length * 4 };
  }

  /**
   * Copies the numbers to the processor's memory, once the work that makes them is done.
   *
   * @throws {GpuLostError} when the device is lost
   */
  read(options: Stoppable = {}): Promise<Float32Array<ArrayBuffer>> {
    return this.context.read(this.span, options.signal, "read a GpuArray");
  }

  /** Gives its memory back now, rather than when it is collected. Work that was submitted before still runs. */
  dispose(): void {
    this.#buffer?.destroy();
    this.#buffer = undefined;
  }
}

/** An array with undefined content. */
export async function emptyArray(
  context: GpuContext,
  vectors: number,
  floats: number,
  what: string,
): Promise<GpuArray> {
  context.checkSize(what, vectors * floats * 4);
  return await context.guard(
    what,
    () => new GpuArray(context, context.storage(vectors * floats * 4), [vectors, floats]),
  );
}

/** An array with the numbers of one in the processor's memory. */
export async function arrayFrom(context: GpuContext, data: Float32Array, floats: number): Promise<GpuArray> {
  const what = "make a GpuArray";
  if (!(data instanceof Float32Array)) throw new TypeError(`Cannot ${what}: data is not a Float32Array`);
  if (!Number.isInteger(floats) || floats < 1) {
    throw new RangeError(
      `Cannot ${what}: floats in a vector must be a whole number from 1 on, got ${floats}`,
    );
  }
  if (data.length === 0 || data.length % floats !== 0) {
    throw new RangeError(`Cannot ${what}: length ${data.length} is not a multiple of ${floats}`);
  }
  context.checkSize(what, data.byteLength);
  return await context.guard(
    what,
    () => new GpuArray(context, context.storage(data.byteLength, data), [data.length / floats, floats]),
  );
}
