/**
 * papillon on graphics processors, by WebGPU: operators applied to large batches, gradients, and training, with vectors that
 * stay on the device between calls.
 *
 * @example
 * ```ts
 * import { Butterfly } from "@papillon/papillon";
 * import { createGpu, GpuUnavailableError } from "@papillon/papillon/gpu";
 * const map = Butterfly.random(64, { seed: 1 });
 * try {
 *   const gpu = await createGpu();
 *   const on = await gpu.compile(map);
 *   const x = await gpu.array(new Float32Array(64 * 1000).fill(1), 64); // a thousand vectors
 *   const y = await on.applyTo(await on.applyTo(x)); // twice, without coming back in between
 *   console.assert((await y.read()).length === x.length);
 *   gpu.dispose();
 * } catch (error) {
 *   if (!(error instanceof GpuUnavailableError)) throw error; // there is none here
 * }
 * ```
 *
 * @module
 */

export {
  GpuContext,
  GpuDivergedError,
  GpuError,
  GpuLostError,
  type GpuOptions,
  GpuUnavailableError,
} from "./context.ts";
export type { Span, Stoppable } from "./context.ts";
export { createGpu, Gpu } from "./gpu.ts";
export { GpuArray } from "./array.ts";
export { type GpuCompileOptions, GpuOperator } from "./operator.ts";
export {
  type Calibration,
  type DeviceChoice,
  DeviceOperator,
  type DeviceOptions,
  onDevice,
} from "./choose.ts";
export { GpuTrainer } from "./train.ts";
export type { FitOptions, TrainerOptions } from "./train_options.ts";
export { gpuStarter, type StarterOptions } from "./starter.ts";
