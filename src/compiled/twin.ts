/**
 * The twin of assembly/core.ts in plain TypeScript.
 *
 * @module
 */

import type { Run, Twin } from "../kernels/host.ts";
import { Field, FIELDS, Op } from "../kernels/record.ts";
import type { Memory } from "../kernels/scalar.ts";
import { factor, type Together } from "../kernels/scalar_factors.ts";
import { complexPass, realPass } from "../kernels/scalar_passes.ts";
import * as steps from "../kernels/scalar_steps.ts";

/** How many slots of a factor go together, real and complex: as in assembly/core_factors.ts. */
const fours: readonly Together[] = [(left) => left < 4 ? 1 : 4, () => 1];

/** Runs the records of compiled operators. */
export function compiledTwin(): Twin {
  const m: Memory = { f32: new Float32Array(0), i32: new Int32Array(0) };

  const step = (r: number, src: number, dst: number): void => {
    const op = m.i32[r], w = m.i32[r + Field.weights] >>> 2;
    switch (op) {
      case Op.realFactor:
      case Op.complexFactor:
        return factor(m, op === Op.realFactor ? 1 : 2, r, w, src, dst, fours[op - Op.realFactor]);
      case Op.diagonal:
        return steps.diagonal(m, r, w, src, dst);
      case Op.permute:
        return steps.permute(m, r, m.i32[r + Field.table] >>> 2, src, dst);
      case Op.window:
        return steps.window(m, r, src, dst);
      case Op.accumulate:
        return steps.accumulate(m, r, src, dst);
      case Op.bias:
        return steps.bias(m, r, w, src, dst);
    }
    if (op < Op.complexPass) realPass(m, op, r, src, dst);
    else complexPass(m, op - Op.complexPass, r, src, dst);
  };

  const run: Run = (code, count, rows, tile) => {
    for (let row = 0; row < rows; row += tile) {
      for (let i = 0, r = code >>> 2; i < count; i++, r += FIELDS) {
        for (let k = 0; k < Math.min(tile, rows - row); k++) {
          const at = (address: number, advance: number, stride: number): number =>
            (m.i32[r + address] + row * m.i32[r + advance] + k * m.i32[r + stride]) >>> 2;
          step(
            r,
            at(Field.src, Field.srcAdvance, Field.srcRow),
            at(Field.dst, Field.dstAdvance, Field.dstRow),
          );
        }
      }
    }
  };

  return {
    run,
    memory: (f32, i32) => {
      m.f32 = f32;
      m.i32 = i32;
    },
  };
}
