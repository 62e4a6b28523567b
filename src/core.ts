/**
 * Inference alone: read an operator from a file and apply it. For edge functions and pages that were given an
 * operator which was built or learned elsewhere; learning, the constructions and the other formats are left out.
 *
 * @example
 * ```ts
 * import { loadOperator } from "@papillon/papillon/core";
 * import { Butterfly, saveOperator } from "@papillon/papillon";
 * const file = saveOperator(Butterfly.random(8, { seed: 1 })); // somewhere, some time ago
 * const map = loadOperator(file);
 * console.assert(map.apply(new Float32Array(8).fill(1)).length === 8);
 * ```
 *
 * @module
 */

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
export type { Image } from "./program/image.ts";
export type { Gradient, Operator } from "./operator/operator.ts";
export { loadOperator } from "./io/operator_file.ts";
