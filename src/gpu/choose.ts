/**
 * The choice between the processor and the graphics processor, by measured times.
 *
 * @module
 */

import type { Operator } from "../operator/operator.ts";
import { Random } from "../program/random.ts";
import { GpuError, GpuLostError, GpuUnavailableError, type Stoppable } from "./context.ts";
import { createGpu, type Gpu } from "./gpu.ts";
import type { GpuOperator } from "./operator.ts";

/** Where an operator runs. */
export type DeviceChoice = "auto" | "cpu" | "gpu";

/** How {@link onDevice} chooses. */
export interface DeviceOptions {
  /** "auto" (default): whichever is faster for the batch at hand. */
  readonly device?: DeviceChoice;
  /** The graphics processor; one is opened when it is first needed if this is absent. */
  readonly gpu?: Gpu;
  /**
   * With "auto": from how many floats of input (batch · cols, twice that if complex) on the graphics processor is taken.
   * Measured when it is first needed if this is absent.
   */
  readonly crossover?: number;
  /** Whether the processor goes on when the device is lost or refuses; false: the error is the caller's. */
  readonly fallback?: boolean;
}

/** What {@link DeviceOperator.calibrate} measured, in milliseconds. */
export interface Calibration {
  /** Per million floats of input on the processor. */
  readonly cpu: number;
  /** Of one vector on the graphics processor, there and back. */
  readonly start: number;
  /** Per million floats of input more. */
  readonly gpu: number;
  /** From how many floats of input on the graphics processor is faster; Infinity if it never is. */
  readonly crossover: number;
}

/** Batches smaller than this never leave the processor, nor are they worth measuring anything. */
const SMALL = 1 << 14;
/** Floats of the larger batch that is measured. */
const LARGE = 1 << 18;
const REPEATS = 5;

/** An operator that runs where it is faster: see {@link onDevice}. */
export class DeviceOperator {
  /** The operator. */
  readonly operator: Operator;
  readonly #device: DeviceChoice;
  readonly #fallback: boolean;
  readonly #given: number | undefined;
  #gpu: Promise<Gpu> | undefined;
  #compiled: Promise<GpuOperator> | undefined;
  #calibration: Calibration | undefined;
  /** Why the graphics processor is not taken, where it cannot be. */
  #without: string | undefined;
  #last = "nothing was applied yet";

  /** Use {@link onDevice}. */
  constructor(operator: Operator, { device = "auto", gpu, crossover, fallback = false }: DeviceOptions) {
    this.operator = operator;
    this.#device = device;
    this.#fallback = fallback;
    this.#given = crossover;
    if (gpu) this.#gpu = Promise.resolve(gpu);
  }

  /**
   * Applies the operator to a batch, here or on the graphics processor.
   *
   * @throws what {@link Operator.apply} and {@link GpuOperator.apply} throw
   */
  async apply(x: Float32Array, { signal }: Stoppable = {}): Promise<Float32Array<ArrayBuffer>> {
    signal?.throwIfAborted();
    const why = await this.#onGpu(x, signal);
    if (why === undefined) return this.operator.apply(x);
    try {
      return await (await this.#ready(signal)).apply(x, { signal });
    } catch (error) {
      if (!this.#fallback || !(error instanceof GpuError)) throw error;
      this.#without = error.message;
      this.#last = `on the processor, since the graphics processor failed: ${error.message}`;
      return this.operator.apply(x);
    }
  }

  /** Why a batch goes to the graphics processor; undefined if it does not. */
  async #onGpu(x: Float32Array, signal?: AbortSignal): Promise<string | undefined> {
    const here = (why: string): undefined => {
      this.#last = `${x.length} floats on the processor: ${why}`;
    };
    const there = (why: string): string =>
      this.#last = `${x.length} floats on the graphics processor: ${why}`;
    if (this.#device === "cpu") return here("as asked");
    if (this.#device === "gpu") {
      return this.#without !== undefined && this.#fallback ? here(this.#without) : there("as asked");
    }
    if (this.#without !== undefined) return here(this.#without);
    let crossover = this.#given;
    if (crossover === undefined) {
      if (x.length < SMALL) return here(`below ${SMALL} floats a batch is never worth the way`);
      try {
        const gpu = await this.#opened();
        signal?.throwIfAborted();
        if (gpu.software) {
          return here(this.#without = `${gpu.name} is an emulation on this same processor`);
        }
        crossover = (this.#calibration ?? await this.calibrate({ signal })).crossover;
      } catch (error) {
        if (error instanceof GpuUnavailableError) return here(this.#without = error.message);
        if (error instanceof GpuLostError && this.#fallback) return here(this.#without = error.message);
        throw error;
      }
    }
    const how = this.#given === undefined ? "measured" : "given";
    return x.length >= crossover
      ? there(`the ${how} crossover is ${crossover} floats`)
      : here(`the ${how} crossover is ${crossover} floats`);
  }

  #opened(): Promise<Gpu> {
    return this.#gpu ??= createGpu();
  }

  async #ready(signal?: AbortSignal): Promise<GpuOperator> {
    const gpu = await this.#opened();
    this.#compiled ??= gpu.compile(this.operator, { signal });
    const made = this.#compiled;
    try {
      return await made;
    } catch (error) {
      if (this.#compiled === made) this.#compiled = undefined;
      throw error;
    }
  }

  /**
   * Measures on both, with vectors in the processor's memory there and back: what a batch of n floats takes on the graphics
   * processor is start + gpu·n, on the processor cpu·n.
   */
  async calibrate({ signal }: Stoppable = {}): Promise<Calibration> {
    const compiled = await this.#ready(signal), { inputWidth } = this.operator.program;
    const random = new Random(1), batch = Math.max(2, Math.ceil(LARGE / inputWidth));
    const many = Float32Array.from({ length: batch * inputWidth }, () => random.normal());
    const one = many.subarray(0, inputWidth), most = many.length, million = 1e6;
    const here = await fastest(() => this.operator.apply(many), signal);
    const start = await fastest(() => compiled.apply(one, { signal }), signal);
    const there = await fastest(() => compiled.apply(many, { signal }), signal);
    const cpu = here / most, gpu = Math.max(0, there - start) / (most - inputWidth);
    const crossover = cpu > gpu ? Math.max(SMALL, Math.ceil(start / (cpu - gpu))) : Infinity;
    return this.#calibration = { cpu: cpu * million, start, gpu: gpu * million, crossover };
  }

  /** Says where batches go and why, what was measured, and where the last one went. */
  explain(): string {
    const lines = [`${this.operator.describe()}, device "${this.#device}"`];
    const c = this.#calibration;
    if (this.#without !== undefined) lines.push(`no graphics processor: ${this.#without}`);
    if (this.#given !== undefined) lines.push(`crossover given: ${this.#given} floats`);
    else if (c) {
      lines.push(
        `measured: processor ${c.cpu.toFixed(3)} ms per million floats; graphics processor ${
          c.start.toFixed(3)
        } ms and ` +
          `${c.gpu.toFixed(3)} ms per million floats; crossover ${c.crossover} floats`,
      );
    } else if (this.#device === "auto") {
      lines.push(`not measured yet; batches below ${SMALL} floats stay on the processor in any case`);
    }
    lines.push(`last: ${this.#last}`);
    return lines.join("\n");
  }

  /** Gives the memory on the device back; the device itself is left open. */
  dispose(): void {
    this.#compiled?.then((compiled) => compiled.dispose(), () => {});
    this.#compiled = undefined;
  }
}

/** The least time of some calls, in milliseconds; the first one, which compiles and warms up, does not count. */
async function fastest(call: () => unknown, signal?: AbortSignal): Promise<number> {
  await call();
  let best = Infinity;
  for (let i = 0; i < REPEATS; i++) {
    signal?.throwIfAborted();
    const begin = performance.now();
    await call();
    best = Math.min(best, performance.now() - begin);
  }
  return best;
}

/**
 * An operator that runs on the processor or on the graphics processor, whichever is faster for the batch at hand. A single
 * small vector never makes the way to the device and back; software adapters are never chosen.
 *
 * @throws {TypeError} when device is none of "auto", "cpu" and "gpu"
 * @throws {RangeError} when crossover is not a number from 0 on
 *
 * @example
 * ```ts
 * import { Butterfly } from "@papillon/papillon";
 * import { onDevice } from "@papillon/papillon/gpu";
 * const map = onDevice(Butterfly.random(16, { seed: 1 }));
 * const y = await map.apply(new Float32Array(16).fill(1));
 * console.assert(y.length === 16 && map.explain().includes("on the processor"));
 * ```
 */
export function onDevice(operator: Operator, options: DeviceOptions = {}): DeviceOperator {
  const { device = "auto", crossover } = options;
  if (device !== "auto" && device !== "cpu" && device !== "gpu") {
    throw new TypeError(
      `Cannot choose a device: device must be "auto", "cpu" or "gpu", got ${JSON.stringify(device)}`,
    );
  }
  if (crossover !== undefined && !(crossover >= 0)) {
    throw new RangeError(`Cannot choose a device: crossover must be a number from 0 on, got ${crossover}`);
  }
  return new DeviceOperator(operator, options);
}
