/**
 * A WebGPU device and what every use of it needs: errors that surface, buffers, pipelines, reading back.
 *
 * @module
 */

/** What went wrong on a graphics processor, as a sentence. */
export class GpuError extends Error {
  /** The name of this kind of error. */
  override readonly name: string = "GpuError";
}

/** There is no adapter, or it gives no device. */
export class GpuUnavailableError extends GpuError {
  /** The name of this kind of error. */
  override readonly name: string = "GpuUnavailableError";
}

/** The device was lost: everything that was on it is gone, and a new one is needed. */
export class GpuLostError extends GpuError {
  /** The name of this kind of error. */
  override readonly name: string = "GpuLostError";
}

/** Training led to numbers that are not finite. */
export class GpuDivergedError extends GpuError {
  /** The name of this kind of error. */
  override readonly name: string = "GpuDivergedError";
}

/** Which device {@link createGpu} takes, and with which limits. */
export interface GpuOptions {
  /** A device of the caller's; it is asked for nothing and not destroyed by {@link Gpu.dispose}. */
  readonly device?: GPUDevice;
  /** Which adapter is preferred where there are several. */
  readonly powerPreference?: GPUPowerPreference;
  /** "highest" (default) asks for what the adapter has; "default" for the least that every WebGPU device has. */
  readonly limits?: "highest" | "default";
  /** Stops waiting for the device. */
  readonly signal?: AbortSignal;
}

/** What can be stopped. */
export interface Stoppable {
  /** Stops the call, which then rejects with the reason of the signal; nothing is half done. */
  readonly signal?: AbortSignal;
}

/** Usage bits of buffers; the globals that WebGPU gives for them have no types in a browser's library. */
export const Usage = { mapRead: 1, copySource: 4, copyTarget: 8, uniform: 64, storage: 128 } as const;

/** Limits that decide how programs are cut. */
const RAISED = [
  "maxComputeWorkgroupStorageSize",
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
] as const;

/** Kernels that are kept compiled; the oldest are dropped. */
const PIPELINES = 512;

/** A part of a buffer, in bytes. */
export interface Span {
  /** The buffer. */
  readonly buffer: GPUBuffer;
  /** Where the part begins; a multiple of 256. */
  readonly offset: number;
  /** How long it is. */
  readonly size: number;
}

/** A device of the caller's, or a new one of the best adapter. */
export async function openDevice(options: GpuOptions): Promise<{ device: GPUDevice; info: GPUAdapterInfo }> {
  const { device, powerPreference, limits = "highest", signal } = options;
  signal?.throwIfAborted();
  if (device !== undefined) return { device, info: device.adapterInfo };
  const gpu = (globalThis as { navigator?: { gpu?: GPU } }).navigator?.gpu;
  if (gpu === undefined) {
    throw new GpuUnavailableError(
      "Cannot use the GPU: this runtime has no WebGPU (navigator.gpu is missing)",
    );
  }
  const adapter = await unlessStopped(
    gpu.requestAdapter(powerPreference ? { powerPreference } : undefined),
    signal,
  );
  if (adapter === null) {
    throw new GpuUnavailableError(
      "Cannot use the GPU: WebGPU found no adapter here (no driver, or it is blocked)",
    );
  }
  const required: Record<string, number> = {};
  if (limits === "highest") { for (const name of RAISED) required[name] = adapter.limits[name]; }
  try {
    const opening = adapter.requestDevice({ requiredLimits: required });
    // One that comes too late is nobody's.
    opening.then((device) => signal?.aborted && device.destroy(), () => {});
    return { device: await unlessStopped(opening, signal), info: adapter.info };
  } catch (error) {
    signal?.throwIfAborted();
    throw new GpuUnavailableError(`Cannot use the GPU: the adapter gave no device: ${messageOf(error)}`);
  }
}

/** A promise, or the reason of the signal: some drivers never answer. */
async function unlessStopped<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await promise;
  signal.throwIfAborted();
  let stop = (): void => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([promise, stopped]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** The text of what was thrown. */
function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A device, its limits, its compiled kernels, and whether it still lives. */
export class GpuContext {
  /** The WebGPU device. */
  readonly device: GPUDevice;
  /** What the adapter calls itself. */
  readonly name: string;
  /** Whether the adapter is a processor's emulation, which is for correctness and not for speed. */
  readonly software: boolean;
  readonly #owned: boolean;
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();
  readonly #uniforms = new Map<string, GPUBuffer>();
  /** Resolves when the device is lost. */
  readonly #lost: Promise<void>;
  #reason: string | undefined;

  /** Use {@link createGpu}. */
  constructor(device: GPUDevice, info: GPUAdapterInfo | undefined, owned: boolean) {
    this.device = device;
    this.name = [info?.vendor, info?.architecture, info?.description].filter((s) => s).join(" ") ||
      "an unnamed adapter";
    this.software = info?.isFallbackAdapter === true || /llvmpipe|swiftshader|lavapipe/i.test(this.name);
    this.#owned = owned;
    this.#lost = device.lost.then(({ reason, message }) => {
      this.#reason ??= `${reason === "destroyed" ? "it was destroyed" : "its driver gave up"}` +
        (message ? ` (${message})` : "");
    });
  }

  /** Why the device is lost, or undefined while it lives. */
  get lost(): string | undefined {
    return this.#reason;
  }

  /** Throws when the device is lost. */
  check(what: string): void {
    if (this.#reason !== undefined) {
      throw new GpuLostError(`Cannot ${what}: the GPU device ${this.name} was lost: ${this.#reason}`);
    }
  }

  /**
   * Runs calls to the device and throws what it has to say about them: without this WebGPU answers errors with zeros.
   * The calls must not wait for anything, so that those of others do not come between.
   */
  async guard<T>(what: string, work: () => T): Promise<T> {
    this.check(what);
    const { device } = this;
    for (const filter of ["internal", "out-of-memory", "validation"] as const) device.pushErrorScope(filter);
    let result: T | undefined, thrown: unknown, failed = false;
    try {
      result = work();
    } catch (error) {
      failed = true;
      thrown = error;
    }
    const scopes = [0, 1, 2].map(() => device.popErrorScope());
    let errors: (GPUError | null)[];
    try {
      errors = await Promise.all(scopes);
    } catch (error) {
      await this.#settled(what);
      throw new GpuError(`Cannot ${what}: ${messageOf(error)}`);
    }
    this.check(what);
    if (failed || errors.some((error) => error !== null)) await this.#settled(what);
    if (failed) throw thrown;
    const [validation, memory, internal] = errors;
    if (memory) throw new GpuError(`Cannot ${what}: the GPU is out of memory: ${memory.message}`);
    const error = validation ?? internal;
    if (error) throw new GpuError(`Cannot ${what}: the GPU refused it: ${error.message.trim()}`);
    return result as T;
  }

  /** After an error: says that the device is lost if it is, which devices tell a moment later. */
  async #settled(what: string): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const moment = new Promise<void>((resolve) => timer = setTimeout(resolve, 20));
    await Promise.race([this.#lost, moment]);
    clearTimeout(timer);
    this.check(what);
  }

  /** Waits for something of the device's, or for its loss, or for the signal. */
  async wait<T>(what: string, promise: Promise<T>, signal?: AbortSignal): Promise<T> {
    promise.catch(() => {});
    const others: Promise<unknown>[] = [this.#lost];
    let stop: (() => void) | undefined;
    if (signal) {
      others.push(
        new Promise<void>((resolve) => {
          stop = () => resolve();
          signal.addEventListener("abort", stop, { once: true });
        }),
      );
    }
    try {
      const result = await Promise.race([promise, ...others]).catch(async (error) => {
        await this.#settled(what);
        throw new GpuError(`Cannot ${what}: ${messageOf(error)}`);
      });
      signal?.throwIfAborted();
      this.check(what);
      return result as T;
    } finally {
      if (stop) signal!.removeEventListener("abort", stop);
    }
  }

  /** A compiled kernel; the same text is compiled once. */
  pipeline(label: string, code: string): Promise<GPUComputePipeline> {
    const known = this.#pipelines.get(code);
    if (known) return known;
    const made = this.#compile(label, code);
    this.#pipelines.set(code, made);
    made.catch(() => this.#pipelines.delete(code));
    if (this.#pipelines.size > PIPELINES) this.#pipelines.delete(this.#pipelines.keys().next().value!);
    return made;
  }

  async #compile(label: string, code: string): Promise<GPUComputePipeline> {
    const what = `compile the kernel "${label}"`;
    const made = await this.guard(what, () => {
      const module = this.device.createShaderModule({ label, code });
      const promise = this.device.createComputePipelineAsync({
        label,
        layout: "auto",
        compute: { module, entryPoint: "main" },
      });
      promise.catch(() => {});
      return { promise };
    });
    return await this.wait(what, made.promise);
  }

  /** Refuses buffers that the device cannot have. */
  checkSize(what: string, bytes: number): void {
    const most = this.device.limits.maxBufferSize;
    if (bytes > most) {
      throw new RangeError(
        `Cannot ${what}: it takes ${bytes} bytes, and a buffer of this device at most ${most}`,
      );
    }
  }

  /** A new buffer for numbers, at least 16 bytes long. To be called in {@link GpuContext.guard}. */
  storage(bytes: number, data?: Float32Array | Uint32Array): GPUBuffer {
    const size = Math.max(16, Math.ceil(bytes / 16) * 16);
    const usage = Usage.storage | Usage.copySource | Usage.copyTarget;
    const buffer = this.device.createBuffer({ size, usage });
    if (data) this.device.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>);
    return buffer;
  }

  /** A uniform buffer of whole numbers and floats; kept, as there are few different ones. */
  uniform(numbers: readonly number[]): GPUBuffer {
    const key = numbers.join(" ");
    let buffer = this.#uniforms.get(key);
    if (buffer === undefined) {
      const data = new Uint32Array(Math.ceil(numbers.length / 4) * 4);
      data.set(numbers);
      buffer = this.device.createBuffer({ size: data.byteLength, usage: Usage.uniform | Usage.copyTarget });
      this.device.queue.writeBuffer(buffer, 0, data);
      if (this.#uniforms.size > 256) {
        // Not destroyed: work that is recorded may still read it.
        this.#uniforms.delete(this.#uniforms.keys().next().value!);
      }
      this.#uniforms.set(key, buffer);
    }
    return buffer;
  }

  /** How many workgroups to dispatch in x and y for `count` of them. */
  grid(count: number): [number, number] {
    const most = this.device.limits.maxComputeWorkgroupsPerDimension;
    const y = Math.ceil(count / most);
    return [Math.ceil(count / y), y];
  }

  /** Copies a part of a buffer to the processor's memory. */
  async read(
    { buffer, offset, size }: Span,
    signal?: AbortSignal,
    what = "read from the GPU",
  ): Promise<Float32Array<ArrayBuffer>> {
    signal?.throwIfAborted();
    const { device } = this;
    const staging = await this.guard(what, () => {
      const staging = device.createBuffer({ size, usage: Usage.mapRead | Usage.copyTarget });
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(buffer, offset, staging, 0, size);
      device.queue.submit([encoder.finish()]);
      return staging;
    });
    try {
      await this.wait(what, staging.mapAsync(Usage.mapRead), signal);
      return new Float32Array(staging.getMappedRange().slice(0));
    } finally {
      staging.destroy();
    }
  }

  /** Gives the device back: what is on it is gone, and later calls say so. A caller's own device is left alone. */
  dispose(): void {
    this.#reason ??= "it was disposed of";
    this.#pipelines.clear();
    for (const buffer of this.#uniforms.values()) buffer.destroy();
    this.#uniforms.clear();
    if (this.#owned) this.device.destroy();
  }
}
