/**
 * Inference alone, in twelve kilobytes: read an operator that was compiled beforehand, and apply it. For edge functions
 * and pages. `saveCompiled` and `papillon compile` make such files; `@papillon/papillon/load` reads all others.
 *
 * @example
 * ```ts
 * import { loadCompiled } from "@papillon/papillon/core";
 * import { Butterfly, saveCompiled } from "@papillon/papillon";
 * const file = saveCompiled(Butterfly.random(8, { seed: 1 })); // somewhere, some time ago
 * const map = loadCompiled(file);
 * console.assert(map.apply(new Float32Array(8).fill(1)).length === 8);
 * ```
 *
 * @module
 */

export type { Host, Kernels, MachineName, Run, Twin } from "./kernels/host.ts";
export { type CompiledMachine, compiledMachine, sharedMachine } from "./compiled/machine.ts";
export { type CompiledOperator, loadCompiled, type LoadOptions } from "./compiled/operator.ts";
