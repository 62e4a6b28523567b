/**
 * Compiles operators for `@papillon/papillon/core`; src/compiled/file.ts tells what is in such a file.
 *
 * @module
 */

import { KEY, readCompiled, VERSION } from "../compiled/file.ts";
import { encode, Field, FIELDS } from "../kernels/record.ts";
import type { Operator } from "../operator/operator.ts";
import { compile } from "../program/compile.ts";
import { writeSafetensors } from "./safetensors.ts";

/**
 * Compiles an operator, and makes the bytes of a safetensors file of what came out, for `loadCompiled` of
 * `@papillon/papillon/core`, which can only apply it: with `saveOperator` keep what is to be changed, looked into,
 * differentiated or compiled anew, since there is no way back, and versions of papillon may differ in what they take.
 * The same operator gives the same bytes. Weights are rounded where the passes want them multiplied beforehand.
 *
 * @throws {RangeError} where the operator has no fast form within float32 that is finite, or is too large: more than
 * 2²⁴ numbers in a vector, or 2²⁸ bytes between two steps
 *
 * @example
 * ```ts
 * import { hadamard, saveCompiled } from "@papillon/papillon";
 * import { loadCompiled } from "@papillon/papillon/core";
 * const map = loadCompiled(saveCompiled(hadamard(4)));
 * console.assert(map.apply(new Float32Array([1, 0, 0, 0])).join() === "1,1,1,1");
 * ```
 */
export function saveCompiled(operator: Operator): Uint8Array {
  const { rows, cols, field, program } = operator, image = compile(program, "core"), { instructions } = image;
  const data = new Int32Array(image.code / 4), code = new Int32Array(instructions.length * FIELDS);
  image.write({ f32: new Float32Array(data.buffer), i32: data }, 0);
  const bases = { program: 0, scratch: 0, input: 0, output: 0, cotangent: 0, gradient: 0 };
  instructions.forEach((instruction, k) => {
    const r = k * FIELDS, { src, dst, pattern } = instruction;
    encode(code, r, instruction, bases);
    // Views of scratch stay where they are; the others count from an address that is not known yet.
    code[r + Field.srcAdvance] = src!.space;
    code[r + Field.dstAdvance] = dst!.space;
    if (!pattern) return;
    [...Field.stride, ...Field.dstStride, ...Field.extra].forEach((at) => code[r + at] = 0);
    [pattern.b, pattern.c, pattern.d].forEach((size, i) => code[r + Field.stride[i]] = size);
  });
  const json = JSON.stringify({ version: VERSION, rows, cols, field, tile: image.tile });
  const bytes = writeSafetensors([
    ["code", { dtype: "I32", shape: [instructions.length, FIELDS], data: code }],
    ["data", { dtype: "I32", shape: [data.length], data }],
  ], { [KEY]: json });
  try {
    readCompiled(bytes, "it again");
  } catch (error) {
    throw new RangeError(`Cannot compile ${operator.describe()}: ${(error as Error).message}`);
  }
  return bytes;
}
