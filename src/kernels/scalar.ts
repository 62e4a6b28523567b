/**
 * The machine in plain TypeScript: the twin of assembly/, used where WebAssembly SIMD is missing or forbidden, and
 * as the oracle of the kernels. Same records, same memory, same order of the weights.
 *
 * @module
 */

import { Field, FIELDS, Op, Space } from "./record.ts";
import { complexPass, realPass, signPass, twiddlePass } from "./scalar_passes.ts";
import { complexStage, complexStageBack, realStage, realStageBack } from "./scalar_stages.ts";
import * as steps from "./scalar_steps.ts";

/** Memory as the kernels see it. Indices are in elements of four bytes. */
export interface Memory {
  f32: Float32Array;
  i32: Int32Array;
}

/** Runs records in plain TypeScript over a memory that may be exchanged when it grows. */
export class ScalarRunner {
  readonly #memory: Memory = { f32: new Float32Array(0), i32: new Int32Array(0) };
  /** Base of each space, in elements. */
  readonly #bases: number[] = [0, 0, 0, 0, 0, 0];

  /** Sets the memory that later runs use. */
  memory(f32: Float32Array, i32: Int32Array): void {
    this.#memory.f32 = f32;
    this.#memory.i32 = i32;
  }

  /** The entry point of the machine; see `Run`. */
  readonly run = (
    program: number,
    code: number,
    count: number,
    rows: number,
    tile: number,
    fresh: number,
    scratch: number,
    input: number,
    output: number,
    cotangent: number,
    gradient: number,
  ): void => {
    const bases = this.#bases;
    [program, scratch, input, output, cotangent, gradient].forEach((base, i) => bases[i] = base >> 2);
    for (let row = 0; row < rows; row += tile) {
      const some = Math.min(tile, rows - row);
      for (let i = 0; i < count; i++) {
        this.#execute(((program + code) >> 2) + i * FIELDS, row, some, fresh === 1 && row === 0);
      }
    }
  };

  /** The element index of row `row` of an operand. */
  #address(space: number, offset: number, step: number, row: number): number {
    const advance = space >= Space.input && space <= Space.cotangent ? row * step : 0;
    return this.#bases[space] + (offset >> 2) + advance;
  }

  #execute(r: number, row: number, rows: number, fresh: boolean): void {
    const m = this.#memory, i32 = m.i32;
    const op = i32[r];
    const base = this.#bases[0], gradient = this.#bases[5] + (i32[r + Field.gradient] >> 2);
    const srcRow = i32[r + Field.srcRow] >> 2,
      dstRow = i32[r + Field.dstRow] >> 2,
      gRow = i32[r + Field.gRow] >> 2;
    let src = this.#address(i32[r + Field.srcSpace], i32[r + Field.src], srcRow, row);
    let dst = this.#address(i32[r + Field.dstSpace], i32[r + Field.dst], dstRow, row);
    let g = this.#address(i32[r + Field.gSpace], i32[r + Field.g], gRow, row);
    for (let k = 0; k < rows; k++, src += srcRow, dst += dstRow, g += gRow) {
      if (op < Op.complexPass) realPass(m, op - Op.realPass, r, base, src, dst);
      else if (op < Op.signPass) complexPass(m, op - Op.complexPass, r, base, src, dst);
      else if (op < Op.twiddlePass) signPass(m, op - Op.signPass, r, base, src, dst);
      else if (op < Op.realPair) twiddlePass(m, op - Op.twiddlePass, r, base, src, dst);
      else if (op <= Op.realLane2) realStage(m, op - Op.realPair, r, base, src, dst);
      else if (op <= Op.complexLane2) complexStage(m, op - Op.complexPair, r, base, src, dst);
      else if (op <= Op.realLane2Back) {
        realStageBack(m, op - Op.realPairBack, r, base, src, dst, g, gradient, fresh && k === 0);
      } else if (op <= Op.complexLane2Back) {
        complexStageBack(m, op - Op.complexPairBack, r, base, src, dst, g, gradient, fresh && k === 0);
      } else this.#step(op, r, base, src, dst, g, gradient);
    }
  }

  #step(op: number, r: number, base: number, src: number, dst: number, g: number, gw: number): void {
    const m = this.#memory;
    const w = base + (m.i32[r + Field.weights] >> 2);
    switch (op) {
      case Op.factor:
        return steps.factor(m, r, w, src, dst);
      case Op.factorBack:
        return steps.factorBack(m, r, src, g, gw);
      case Op.diagonal:
        return steps.diagonal(m, r, w, src, dst);
      case Op.diagonalBack:
        return steps.diagonalBack(m, r, src, g, gw);
      case Op.permute:
        return steps.permute(m, r, base + (m.i32[r + Field.table] >> 2), src, dst);
      case Op.dense:
        return steps.dense(m, r, w, src, dst);
      case Op.denseBack:
        return steps.denseBack(m, r, src, g, gw);
      case Op.window:
        return steps.window(m, r, src, dst);
      case Op.accumulate:
        return steps.accumulate(m, r, src, dst);
      case Op.bias:
        return steps.bias(m, r, w, src, dst);
      case Op.biasBack:
        return steps.accumulate(m, r, g, gw);
      case Op.split:
        return steps.split(m, r, src, dst);
      case Op.join:
        return steps.join(m, r, src, dst);
    }
  }
}
