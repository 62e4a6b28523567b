/**
 * The door to a graphics processor: a device, arrays on it, and operators compiled for it.
 *
 * @module
 */

import type { Operator } from "../operator/operator.ts";
import { arrayFrom, type GpuArray } from "./array.ts";
import { GpuContext, type GpuOptions, openDevice, type Stoppable } from "./context.ts";
import { type GpuCompileOptions, GpuOperator } from "./operator.ts";

/**
 * A graphics processor.
 *
 * Everything that takes long is a promise; whatever the device refuses rejects it with a {@link GpuError}, and never
 * appears as zeros. A device can be lost at any time (a driver that crashed, a laptop that changed graphics cards): then
 * calls reject with a {@link GpuLostError}, and `createGpu` has to be called again.
 */
export class Gpu extends GpuContext {
  /**
   * Copies vectors to the device.
   *
   * @param data vectors, one after another
   * @param floats floats in each vector; a complex number is two. All of the data are one vector when absent
   * @throws {TypeError} when data is not a Float32Array
   * @throws {RangeError} when its length does not fit, or no buffer can be that long
   */
  array(data: Float32Array, floats: number = data.length): Promise<GpuArray> {
    return arrayFrom(this, data, floats);
  }

  /**
   * Compiles an operator for the device: its kernels are written for its program, its weights copied. The adjoint is the
   * compiled `operator.adjoint()`.
   *
   * @throws {RangeError} when one of its vectors, or the weights of one of its steps, exceed the limits of the device
   *
   * @example
   * ```ts
   * import { Butterfly } from "@papillon/papillon";
   * import { createGpu, GpuUnavailableError } from "@papillon/papillon/gpu";
   * const map = Butterfly.random(64, { seed: 1 });
   * try {
   *   const gpu = await createGpu();
   *   const fast = await gpu.compile(map);
   *   const batch = new Float32Array(64 * 100).fill(1);
   *   const y = await fast.apply(batch);
   *   console.assert(Math.abs(y[0] - map.apply(batch)[0]) < 1e-5);
   *   gpu.dispose();
   * } catch (error) {
   *   if (!(error instanceof GpuUnavailableError)) throw error; // there is none here
   * }
   * ```
   */
  compile(operator: Operator, options: GpuCompileOptions = {}): Promise<GpuOperator> {
    return GpuOperator.create(this, operator, options);
  }

  /** Waits until all that was submitted is done. */
  async finish({ signal }: Stoppable = {}): Promise<void> {
    signal?.throwIfAborted();
    await this.wait("wait for the GPU", this.device.queue.onSubmittedWorkDone(), signal);
  }
}

/**
 * Opens a graphics processor.
 *
 * @throws {GpuUnavailableError} when there is no WebGPU, no adapter, or no device
 */
export async function createGpu(options: GpuOptions = {}): Promise<Gpu> {
  const { device, info } = await openDevice(options);
  return new Gpu(device, info, options.device === undefined);
}
