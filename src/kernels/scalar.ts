/**
 * The machine in plain TypeScript: the twin of assembly/, used where WebAssembly SIMD is missing or forbidden, and
 * as the oracle of the kernels. Same records, same memory, same order of the weights.
 *
 * @module
 */

import { Field, FIELDS, Op } from "./record.ts";
import { factor, factorBack } from "./scalar_factors.ts";
import { complexPass, realPass, signPass, twiddlePass } from "./scalar_passes.ts";
import { complexStage, complexStageBack, realStage, realStageBack } from "./scalar_stages.ts";
import * as moves from "./scalar_moves.ts";
import * as steps from "./scalar_steps.ts";

/** Memory as the kernels see it. Indices are in elements of four bytes. */
export interface Memory {
  f32: Float32Array;
  i32: Int32Array;
}

/** Runs records in plain TypeScript over a memory that may be exchanged when it grows. */
export class ScalarRunner {
  readonly #memory: Memory = { f32: new Float32Array(0), i32: new Int32Array(0) };

  /** Sets the memory that later runs use. */
  readonly memory = (f32: Float32Array, i32: Int32Array): void => {
    this.#memory.f32 = f32;
    this.#memory.i32 = i32;
  };

  /** The entry point of the machine; see `Run`. */
  readonly run = (code: number, count: number, rows: number, tile: number, fresh: number): void => {
    for (let row = 0; row < rows; row += tile) {
      const some = Math.min(tile, rows - row);
      for (let i = 0; i < count; i++) {
        this.#execute((code >>> 2) + i * FIELDS, row, some, fresh === 1 && row === 0);
      }
    }
  };

  #execute(r: number, row: number, rows: number, fresh: boolean): void {
    const m = this.#memory, i32 = m.i32;
    /** An address, in elements, that moved on by some rows. */
    const moved = (address: number, advance: number): number =>
      (i32[r + address] + row * i32[r + advance]) >>> 2;
    const op = i32[r];
    const srcRow = i32[r + Field.srcRow] >>> 2,
      dstRow = i32[r + Field.dstRow] >>> 2,
      gRow = i32[r + Field.gRow] >>> 2;
    let src = moved(Field.src, Field.srcAdvance);
    let dst = moved(Field.dst, Field.dstAdvance);
    let g = moved(Field.g, Field.gAdvance);
    for (let k = 0; k < rows; k++, src += srcRow, dst += dstRow, g += gRow) {
      if (op < Op.complexPass) realPass(m, op - Op.realPass, r, src, dst);
      else if (op < Op.signPass) complexPass(m, op - Op.complexPass, r, src, dst);
      else if (op < Op.twiddlePass) signPass(m, op - Op.signPass, r, src, dst);
      else if (op < Op.realPair) twiddlePass(m, op - Op.twiddlePass, r, src, dst);
      else if (op < Op.realPairBack) {
        const both = op >= Op.realQuad, kind = op - (both ? Op.realQuad : Op.realPair);
        if (kind < 3) realStage(m, kind, both, r, src, dst);
        else complexStage(m, kind - 3, r, src, dst);
      } else if (op < Op.realFactor) {
        const both = op >= Op.realQuadBack, kind = op - (both ? Op.realQuadBack : Op.realPairBack);
        const first = fresh && k === 0;
        if (kind < 3) realStageBack(m, kind, both, r, src, dst, g, first);
        else complexStageBack(m, kind - 3, r, src, dst, g, first);
      } else this.#step(op, r, src, dst, g, fresh && k === 0);
    }
  }

  #step(op: number, r: number, src: number, dst: number, g: number, fresh: boolean): void {
    const m = this.#memory;
    const w = m.i32[r + Field.weights] >>> 2, gw = m.i32[r + Field.gradient] >>> 2;
    switch (op) {
      case Op.realFactor:
        return factor(m, 1, r, w, src, dst);
      case Op.complexFactor:
        return factor(m, 2, r, w, src, dst);
      case Op.realFactorBack:
        return factorBack(m, 1, r, src, g, gw, fresh);
      case Op.complexFactorBack:
        return factorBack(m, 2, r, src, g, gw, fresh);
      case Op.diagonal:
        return steps.diagonal(m, r, w, src, dst);
      case Op.diagonalBack:
        return steps.diagonalBack(m, r, src, g, gw);
      case Op.permute:
        return steps.permute(m, r, m.i32[r + Field.table] >>> 2, src, dst);
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
      case Op.move:
        return moves.move(m, r, src, dst);
      case Op.moveSums:
        return moves.moveSums(m, r, src, dst);
      case Op.streams:
        return moves.streams(m, r, w, src, dst);
    }
  }
}
