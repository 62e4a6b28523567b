/**
 * The machine: memory, and `run`, which carries out a list of instruction records. There are two: WebAssembly
 * (relaxed or plain SIMD) and plain TypeScript; both run the same programs in the same memory layout.
 *
 * @module
 */

import { Arena, type Block } from "./arena.ts";
import { ScalarRunner } from "./scalar.ts";
import { relaxed, simd } from "./bytes.generated.ts";

/** Which kernels run: Wasm with fused multiply-add, Wasm SIMD, or plain TypeScript. */
export type MachineName = "relaxed" | "simd" | "scalar";

/**
 * Runs `count` records from byte address `code` on over `rows` rows, `tile` at a time. With `fresh` (1) the first tile
 * writes weight gradients, otherwise (0) it adds to those that are there.
 */
export type Run = (code: number, count: number, rows: number, tile: number, fresh: number) => void;

/** Memory of programs that are not in use may hold this much before the oldest are dropped (and made again). */
const BUDGET = 64 << 20;
const PAGE = 65536;

/** Memory and the kernels that work in it. */
export class Machine {
  /** The build of its kernels. */
  readonly name: MachineName;
  /** Gives out its memory. */
  readonly arena: Arena;
  /** The whole memory as floats; renewed when it grows, so never keep it. */
  f32!: Float32Array<ArrayBuffer>;
  /** The whole memory as integers; renewed when it grows, so never keep it. */
  i32!: Int32Array<ArrayBuffer>;
  /** Runs instructions that lie in its memory. */
  readonly run: Run;
  readonly #staging: (Block | undefined)[] = [];

  /** Use {@link machine} or {@link createMachine}. */
  constructor(name: MachineName, module?: WebAssembly.Module) {
    this.name = name;
    if (module) {
      const memory = new WebAssembly.Memory({ initial: 2 });
      const instance = new WebAssembly.Instance(module, { env: { memory } });
      this.run = instance.exports.run as Run;
      const renew = (): void => this.#renew(memory.buffer as ArrayBuffer);
      renew();
      this.arena = new Arena(PAGE, BUDGET, (bytes) => {
        const missing = Math.ceil((bytes - memory.buffer.byteLength) / PAGE);
        if (missing <= 0) return;
        // Grow by an eighth at least: growing is slow, and renews every view.
        const ample = Math.max(missing, memory.buffer.byteLength / PAGE >> 3);
        try {
          memory.grow(ample);
        } catch {
          try {
            memory.grow(missing);
          } catch {
            throw outOfMemory(bytes);
          }
        }
        renew();
      });
    } else {
      const runner = new ScalarRunner();
      this.#renew(new ArrayBuffer(2 * PAGE));
      runner.memory(this.f32, this.i32);
      this.run = runner.run;
      this.arena = new Arena(PAGE, BUDGET, (bytes) => {
        const old = this.f32;
        if (bytes <= old.byteLength) return;
        let buffer: ArrayBuffer;
        try {
          buffer = new ArrayBuffer(Math.ceil(Math.max(bytes, old.byteLength * 1.25) / PAGE) * PAGE);
        } catch {
          throw outOfMemory(bytes);
        }
        this.#renew(buffer);
        this.f32.set(old);
        runner.memory(this.f32, this.i32);
      });
    }
  }

  #renew(buffer: ArrayBuffer): void {
    this.f32 = new Float32Array(buffer);
    this.i32 = new Int32Array(buffer);
  }

  /**
   * Addresses of shared areas, one for each size asked for (scratch, input, output …). They are good until the next
   * call: nothing is kept in them between two runs.
   */
  staging(slot: number, bytes: number): number {
    let block = this.#staging[slot];
    if (block === undefined || block.bytes < bytes) {
      if (block !== undefined) this.arena.free(block);
      delete this.#staging[slot];
      block = this.arena.allocate(bytes, true);
      this.#staging[slot] = block;
    }
    return block.address;
  }
}

function outOfMemory(bytes: number): RangeError {
  return new RangeError(`Cannot hold this operator: ${bytes} bytes of memory are not to be had`);
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/**
 * Compiled when this file is imported, because some runtimes (workerd) allow compiling only then: the best build
 * that the engine accepts, or none where compiling is forbidden or SIMD is missing.
 */
function compileBest(): { name: MachineName; module?: WebAssembly.Module } {
  for (const [name, base64] of [["relaxed", relaxed], ["simd", simd]] as const) {
    try {
      return { name, module: new WebAssembly.Module(decode(base64)) };
    } catch {
      // Not this build: try the next.
    }
  }
  return { name: "scalar" };
}

const best = compileBest();
let shared: Machine | undefined;

/** The machine that operators use when none is named: relaxed, else simd, else scalar. */
export function machine(): Machine {
  return shared ??= new Machine(best.name, best.module);
}

/**
 * A machine of its own memory with a chosen build. A runtime that forbids compiling from bytes can pass a module
 * that it compiled itself.
 *
 * @throws {WebAssembly.CompileError} when the engine refuses the build asked for
 */
export function createMachine(name: MachineName, module?: WebAssembly.Module): Machine {
  if (name === "scalar") return new Machine("scalar");
  if (name !== "relaxed" && name !== "simd") {
    throw new TypeError(`Cannot create a machine named "${name}": expected "relaxed", "simd" or "scalar"`);
  }
  return new Machine(name, module ?? new WebAssembly.Module(decode(name === "relaxed" ? relaxed : simd)));
}
