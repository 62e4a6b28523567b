/**
 * The machine of compiled operators: a small build of the kernels, and memory in which operators lie as long as there
 * is room.
 *
 * @module
 */

import { chooseKernels, compileBest, Host, type Kernels, type MachineName, PAGE } from "../kernels/host.ts";
import { kernels } from "./bytes.generated.ts";
import { compiledTwin } from "./twin.ts";

/** Where operators lie in memory; and all of them together may take so much before all have to be written again. */
const START = PAGE, BUDGET = 64 << 20;

/** What runs compiled operators: see {@link compiledMachine}. */
export class CompiledMachine extends Host {
  /** Goes up when all that lies in memory is given up. */
  epoch = 0;
  #end = START;

  /** Use {@link compiledMachine}. */
  constructor(kernels: Kernels) {
    super(kernels, compiledTwin);
  }

  /** Room for so many bytes, a multiple of 16, cleared; good for as long as {@link CompiledMachine.epoch} stays. */
  allocate(bytes: number): number {
    if (this.#end > START && this.#end + bytes > BUDGET) {
      this.epoch++;
      this.#end = START;
    }
    const address = this.#end;
    this.grow(address + bytes);
    this.#end = address + bytes;
    this.i32.fill(0, address >>> 2, this.#end >>> 2);
    return address;
  }
}

/** Compiled when this file is imported, because some runtimes (workerd) allow compiling only then. */
const best = /* @__PURE__ */ compileBest(kernels);
let shared: CompiledMachine | undefined;

/** The machine that compiled operators use when none is named: relaxed, else simd, else scalar. */
export function sharedMachine(): CompiledMachine {
  return shared ??= new CompiledMachine(best);
}

/**
 * A machine of its own memory with a chosen build. A runtime that forbids compiling from bytes can pass a module
 * that it compiled itself: `kernels/core.wasm` of the npm package, as `"simd"`.
 *
 * @throws {TypeError} for a name that is none
 * @throws {WebAssembly.CompileError} when the engine refuses the build asked for
 */
export function compiledMachine(name: MachineName, module?: WebAssembly.Module): CompiledMachine {
  return new CompiledMachine(chooseKernels(kernels, name, module));
}
