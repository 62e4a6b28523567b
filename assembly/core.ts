// The machine of compiled operators (src/compiled): the same records as in index.ts, but only those operations without
// which there would be no inference, and none that does the same faster for some. It is optimised for size.

import { complex2General, complex2Unit, complex4General, complex4Unit } from "./complex.ts";
import { complexFactor, realFactor } from "./core_factors.ts";
import { real2General, real2Unit, real4General, real4Unit } from "./real.ts";
import {
  DST, DST_ADVANCE, DST_ROW, OP, RECORD, SRC, SRC_ADVANCE, SRC_ROW, WEIGHTS, field,
} from "./record.ts";
import { accumulate, bias, diagonal, permute, window } from "./steps.ts";

/** One record on one row. */
// @ts-ignore: decorator
@inline
function step(op: i32, r: usize, src: usize, dst: usize): void {
  const w: usize = field(r, WEIGHTS), lanes = op & 3;
  // Passes are numbered without the two bits for the lanes.
  switch (op < 128 ? op >> 2 : op) {
    case 0: real2General(lanes, r, src, dst); break;
    case 1: real2Unit(lanes, r, src, dst); break;
    case 2: real4General(lanes, r, src, dst); break;
    case 3: real4Unit(lanes, r, src, dst); break;
    case 8: complex2General(lanes, r, src, dst); break;
    case 9: complex2Unit(lanes, r, src, dst); break;
    case 10: complex4General(lanes, r, src, dst); break;
    case 11: complex4Unit(lanes, r, src, dst); break;
    case 160: realFactor(r, src, dst); break;
    case 161: complexFactor(r, src, dst); break;
    case 162: diagonal(r, w, src, dst); break;
    case 164: permute(r, src, dst); break;
    case 167: window(r, src, dst); break;
    case 168: accumulate(r, src, dst); break;
    case 169: bias(r, w, src, dst); break;
    default: unreachable();
  }
}

/** Runs `count` records from address `code` on over `rows` rows, `tile` rows at a time. */
export function run(code: usize, count: i32, rows: i32, tile: i32): void {
  for (let row = 0; row < rows; row += tile) {
    let r = code;
    for (let i = count; i > 0; i--, r += RECORD) {
      const op = field(r, OP), srcRow = field(r, SRC_ROW), dstRow = field(r, DST_ROW);
      let src: usize = field(r, SRC) + row * field(r, SRC_ADVANCE);
      let dst: usize = field(r, DST) + row * field(r, DST_ADVANCE);
      for (let k = min(tile, rows - row); k > 0; k--, src += srcRow, dst += dstRow) step(op, r, src, dst);
    }
  }
}
