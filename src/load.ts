/**
 * Reads an operator from a file and applies it, without learning, the constructions and the other formats. Where
 * applying is all that is wanted, `@papillon/papillon/core` does it in a fifth of the bytes, from files of
 * `saveCompiled`.
 *
 * @example
 * ```ts
 * import { loadOperator } from "@papillon/papillon/load";
 * import { Butterfly, saveOperator } from "@papillon/papillon";
 * const file = saveOperator(Butterfly.random(8, { seed: 1 })); // somewhere, some time ago
 * const map = loadOperator(file);
 * console.assert(map.apply(new Float32Array(8).fill(1)).length === 8);
 * ```
 *
 * @module
 */

export type { Host, Kernels, Twin } from "./kernels/host.ts";
export type { Support } from "./kernels/cut.ts";
export { createMachine, type Machine, machine, type MachineName, type Run } from "./kernels/machine.ts";
export type { Arena, Block } from "./kernels/arena.ts";
export type { Bases, Instruction, View } from "./kernels/record.ts";
export type {
  AddStep,
  BiasStep,
  ConcatStep,
  DenseStep,
  DiagonalStep,
  FactorStep,
  Field,
  Pattern,
  PermutationStep,
  Step,
  WindowStep,
} from "./program/step.ts";
export type { Program } from "./program/program.ts";
export type { Executable } from "./program/executable.ts";
export type { Image, Words } from "./program/image.ts";
export type { Gradient, Operator } from "./operator/operator.ts";
export { loadOperator } from "./io/operator_file.ts";
