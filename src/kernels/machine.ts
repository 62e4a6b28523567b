/**
 * The machine: memory, and `run`, which carries out a list of instruction records. There are two: WebAssembly
 * (relaxed or plain SIMD) and plain TypeScript; both run the same programs in the same memory layout.
 *
 * @module
 */

import { Arena, type Block } from "./arena.ts";
import { kernels } from "./bytes.generated.ts";
import { chooseKernels, compileBest, Host, type Kernels, type MachineName, PAGE, type Run } from "./host.ts";
import { ScalarRunner } from "./scalar.ts";

export type { MachineName, Run };

/** Memory of programs that are not in use may hold this much before the oldest are dropped (and made again). */
const BUDGET = 64 << 20;

/** Memory and the kernels that work in it. */
export class Machine extends Host {
  /** Gives out its memory. */
  readonly arena: Arena;
  readonly #staging: (Block | undefined)[] = [];

  /** Use {@link machine} or {@link createMachine}. */
  constructor(kernels: Kernels) {
    super(kernels, () => new ScalarRunner());
    this.arena = new Arena(PAGE, BUDGET, this.grow);
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

/**
 * Compiled when this file is imported, because some runtimes (workerd) allow compiling only then: the best build
 * that the engine accepts, or none where compiling is forbidden or SIMD is missing.
 */
const best = /* @__PURE__ */ compileBest(kernels);
let shared: Machine | undefined;

/** The machine that operators use when none is named: relaxed, else simd, else scalar. */
export function machine(): Machine {
  return shared ??= new Machine(best);
}

/**
 * A machine of its own memory with a chosen build. A runtime that forbids compiling from bytes can pass a module
 * that it compiled itself.
 *
 * @throws {WebAssembly.CompileError} when the engine refuses the build asked for
 */
export function createMachine(name: MachineName, module?: WebAssembly.Module): Machine {
  return new Machine(chooseKernels(kernels, name, module));
}
