/**
 * What runs records: kernels in WebAssembly, of the best build that the engine takes, or their twin in TypeScript; and
 * the memory that they work in.
 *
 * @module
 */

import { decodeKernels } from "./text.ts";

/** Which kernels run: Wasm with fused multiply-add, Wasm SIMD, or plain TypeScript. */
export type MachineName = "relaxed" | "simd" | "scalar";

/**
 * Runs `count` records from byte address `code` on over `rows` rows, `tile` at a time. With `fresh` (1) the first tile
 * writes weight gradients, otherwise (0) it adds to those that are there.
 */
export type Run = (code: number, count: number, rows: number, tile: number, fresh: number) => void;

/** The twin of kernels, which is told of its memory. */
export interface Twin {
  /** The entry point. */
  readonly run: Run;
  /** Sets the memory that later runs use. */
  memory(f32: Float32Array, i32: Int32Array): void;
}

/** Bytes in a page of memory. */
export const PAGE = 65536;

/** Kernels that were compiled, or none: then their twin serves. */
export interface Kernels {
  /** The build. */
  readonly name: MachineName;
  /** Its module. */
  readonly module?: WebAssembly.Module;
}

/** The best build in a text that the engine accepts, or none where compiling is forbidden or SIMD is missing. */
export function compileBest(text: string): Kernels {
  for (const name of ["relaxed", "simd"] as const) {
    try {
      return chooseKernels(text, name);
    } catch {
      // Not this build: try the next.
    }
  }
  return { name: "scalar" };
}

/**
 * A build by its name, compiled from a text unless its module is there.
 *
 * @throws {TypeError} for a name that is none
 * @throws {WebAssembly.CompileError} when the engine refuses the build asked for
 */
export function chooseKernels(text: string, name: MachineName, module?: WebAssembly.Module): Kernels {
  if (name === "scalar") return { name };
  if (name !== "relaxed" && name !== "simd") {
    throw new TypeError(`Cannot create a machine named "${name}": expected "relaxed", "simd" or "scalar"`);
  }
  return { name, module: module ?? new WebAssembly.Module(decodeKernels(text, name === "relaxed")) };
}

/** Memory, and what runs records that lie in it. */
export class Host {
  /** The build of its kernels. */
  readonly name: MachineName;
  /** The whole memory as floats; renewed when it grows, so never keep it. */
  f32!: Float32Array<ArrayBuffer>;
  /** The whole memory as integers; renewed when it grows, so never keep it. */
  i32!: Int32Array<ArrayBuffer>;
  /** Runs instructions that lie in its memory. */
  readonly run: Run;
  /** Makes addresses below its argument usable, or throws a RangeError. */
  readonly grow: (bytes: number) => void;

  /**
   * Instantiates kernels in memory of their own.
   *
   * @param twin makes what serves where there is no module
   */
  constructor({ name, module }: Kernels, twin: () => Twin) {
    this.name = name;
    let enlarge: (bytes: number) => ArrayBuffer;
    if (module) {
      const memory = new WebAssembly.Memory({ initial: 2 });
      this.run = new WebAssembly.Instance(module, { env: { memory } }).exports.run as Run;
      this.#renew(memory.buffer as ArrayBuffer);
      enlarge = (bytes) => {
        const missing = Math.ceil((bytes - memory.buffer.byteLength) / PAGE);
        // Grow by an eighth at least: growing is slow, and renews every view.
        const ample = Math.max(missing, memory.buffer.byteLength / PAGE >> 3);
        try {
          memory.grow(ample);
        } catch {
          memory.grow(missing);
        }
        return memory.buffer as ArrayBuffer;
      };
    } else {
      const { run, memory } = twin();
      this.run = run;
      const renew = (buffer: ArrayBuffer): void => {
        this.#renew(buffer);
        memory(this.f32, this.i32);
      };
      renew(new ArrayBuffer(2 * PAGE));
      enlarge = (bytes) => {
        const old = this.f32;
        renew(new ArrayBuffer(Math.ceil(Math.max(bytes, old.byteLength * 1.25) / PAGE) * PAGE));
        this.f32.set(old);
        return this.f32.buffer;
      };
    }
    this.grow = (bytes) => {
      if (bytes <= this.f32.byteLength) return;
      try {
        this.#renew(enlarge(bytes));
      } catch {
        throw new RangeError(`Cannot hold this operator: ${bytes} bytes of memory are not to be had`);
      }
    };
  }

  #renew(buffer: ArrayBuffer): void {
    this.f32 = new Float32Array(buffer);
    this.i32 = new Int32Array(buffer);
  }
}
