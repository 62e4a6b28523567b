/**
 * papillon: structured linear maps in WebAssembly SIMD.
 *
 * @module
 */

export { createMachine, type Machine, machine, type MachineName } from "./kernels/machine.ts";
export type { Field, Pattern } from "./program/step.ts";
export { Program, ProgramBuilder } from "./program/program.ts";
export { Executable } from "./program/executable.ts";
export { Random } from "./program/random.ts";
export { type Gradient, Operator } from "./operator/operator.ts";
export { Butterfly, type ButterflyOptions, type RandomButterflyOptions } from "./operator/butterfly.ts";
export { bitReversal, Permutation } from "./operator/permutation.ts";
export { Diagonal } from "./operator/diagonal.ts";
export { Dense } from "./operator/dense.ts";
export { Product, product } from "./operator/product.ts";
