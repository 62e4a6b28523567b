// The machine: runs a list of instruction records over the rows of a batch, a tile of rows at a time.

import {
  complexLane1, complexLane1Back, complexLane2, complexLane2Back, complexPair, complexPairBack,
} from "./complex_stages.ts";
import { complex4Rows, twiddle4Rows } from "./complex_rows.ts";
import { complex2General, complex2Unit, complex4General, complex4Unit } from "./complex.ts";
import { move, moveSums, streams } from "./moves.ts";
import { complexFactor } from "./complex_factors.ts";
import { realFactor } from "./factors.ts";
import { complexFactorBack, realFactorBack } from "./factors_back.ts";
import { real16Unit, real2General, real2Unit, real4General, real4Unit, real8General, real8Unit } from "./real.ts";
import { realQuad, realQuadBack } from "./quads.ts";
import { real4Rows, real4RowsLanes } from "./rows.ts";
import { sign16, sign2, sign4, sign8 } from "./signs.ts";
import {
  realLane1, realLane1Back, realLane2, realLane2Back, realLanes12, realLanes12Back, realLanes21, realLanes21Back,
  realPair, realPairBack,
} from "./stages.ts";
import {
  accumulate, bias, diagonal, diagonalBack, join, permute, split, window,
} from "./steps.ts";
import { twiddle2, twiddle4 } from "./twiddles.ts";
import {
  DST, DST_ADVANCE, DST_ROW, G, G_ADVANCE, G_ROW, GRADIENT, OP, RECORD, SRC, SRC_ADVANCE, SRC_ROW, WEIGHTS, field,
} from "./record.ts";

// Operations are numbered as in src/kernels/record.ts: fused passes below 128, factors of training below 160, then
// all other steps.
const SINGLE: i32 = 128;
const BACK: i32 = 140;
const STEP: i32 = 160;
/** From this many rows on, reading weights once for all rows pays: real ones, and complex ones, whose rows are longer. */
const ROWS: i32 = 4;
const COMPLEX_ROWS: i32 = 8;

/** A fused pass on one row. The two low bits of the operation say what happens to the lanes. */
// @ts-ignore: decorator
@inline
function pass(op: i32, r: usize, src: usize, dst: usize): void {
  const lanes = op & 3;
  switch (op >> 2) {
    case 0: real2General(lanes, r, src, dst); break;
    case 1: real2Unit(lanes, r, src, dst); break;
    case 2: real4General(lanes, r, src, dst); break;
    case 3: real4Unit(lanes, r, src, dst); break;
    case 4: real8General(lanes, r, src, dst); break;
    case 5: real8Unit(lanes, r, src, dst); break;
    case 7: real16Unit(lanes, r, src, dst); break;
    case 8: complex2General(lanes, r, src, dst); break;
    case 9: complex2Unit(lanes, r, src, dst); break;
    case 10: complex4General(lanes, r, src, dst); break;
    case 11: complex4Unit(lanes, r, src, dst); break;
    case 12: sign2(lanes, r, src, dst); break;
    case 13: sign4(lanes, r, src, dst); break;
    case 14: sign8(lanes, r, src, dst); break;
    case 15: sign16(lanes, r, src, dst); break;
    case 16: twiddle2(lanes, r, src, dst); break;
    case 17: twiddle4(lanes, r, src, dst); break;
    default: unreachable();
  }
}

/** A pass that reads its weights once for all rows of a tile, if there is a kernel for that and rows enough. */
// @ts-ignore: decorator
@inline
function shared(op: i32, r: usize, src: usize, dst: usize, rows: i32): bool {
  const lanes = op & 3, kind = op >> 2;
  if (rows < ROWS) return false;
  if (kind == 3 && lanes != 3) {
    if (lanes) real4RowsLanes(lanes, r, src, dst, rows);
    else real4Rows(r, src, dst, rows);
    return true;
  }
  if (rows < COMPLEX_ROWS) return false;
  if (op == 44) complex4Rows(r, src, dst, rows);
  else if (kind == 17) twiddle4Rows(lanes, r, src, dst, rows);
  else return false;
  return true;
}

/** One or two factors of training on all rows of a tile. */
function single(op: i32, r: usize, src: usize, dst: usize, rows: i32): void {
  switch (op) {
    case 128: return realPair(r, src, dst, rows);
    case 129: return realLane1(r, src, dst, rows);
    case 130: return realLane2(r, src, dst, rows);
    case 131: return complexPair(r, src, dst, rows);
    case 132: return complexLane1(r, src, dst, rows);
    case 133: return complexLane2(r, src, dst, rows);
    case 134: return realQuad(r, src, dst, rows);
    case 135: return realLanes12(r, src, dst, rows);
    case 136: return realLanes21(r, src, dst, rows);
  }
  unreachable();
}

/** The backward direction of those. */
function back(
  op: i32, r: usize, x: usize, gx: usize, g: usize, rows: i32, first: bool,
): void {
  switch (op) {
    case 140: return realPairBack(r, x, gx, g, rows, first);
    case 141: return realLane1Back(r, x, gx, g, rows, first);
    case 142: return realLane2Back(r, x, gx, g, rows, first);
    case 143: return complexPairBack(r, x, gx, g, rows, first);
    case 144: return complexLane1Back(r, x, gx, g, rows, first);
    case 145: return complexLane2Back(r, x, gx, g, rows, first);
    case 146: return realQuadBack(r, x, gx, g, rows, first);
    case 147: return realLanes12Back(r, x, gx, g, rows, first);
    case 148: return realLanes21Back(r, x, gx, g, rows, first);
  }
  unreachable();
}

/** Any other step on all rows of a tile. */
function step(
  op: i32, r: usize, src: usize, dst: usize, g: usize, rows: i32, first: bool,
): void {
  const srcRow = field(r, SRC_ROW), dstRow = field(r, DST_ROW), gRow = field(r, G_ROW);
  const w: usize = field(r, WEIGHTS), gw: usize = field(r, GRADIENT);
  switch (op) {
    case 165: return realFactorBack(r, src, g, gw, rows, first);
    case 166: return complexFactorBack(r, src, g, gw, rows, first);
  }
  for (; rows > 0; rows--, src += srcRow, dst += dstRow, g += gRow) {
    switch (op) {
      case 160: realFactor(r, src, dst); break;
      case 161: complexFactor(r, src, dst); break;
      case 162: diagonal(r, w, src, dst); break;
      case 163: diagonalBack(r, src, g, gw); break;
      case 164: permute(r, src, dst); break;
      case 167: window(r, src, dst); break;
      case 168: accumulate(r, src, dst); break;
      case 169: bias(r, w, src, dst); break;
      case 170: accumulate(r, g, gw); break;
      case 171: split(r, src, dst); break;
      case 172: join(r, src, dst); break;
      case 173: move(r, src, dst); break;
      case 174: streams(r, src, dst); break;
      case 175: moveSums(r, src, dst); break;
      default: unreachable();
    }
  }
}

/**
 * Runs `count` records from address `code` on over `rows` rows, `tile` rows at a time. With `fresh` the first tile
 * writes weight gradients, otherwise it adds to those that are there.
 */
export function run(code: usize, count: i32, rows: i32, tile: i32, fresh: bool): void {
  for (let row = 0; row < rows; row += tile) {
    const some = min(tile, rows - row);
    let r = code;
    for (let i = count; i > 0; i--, r += RECORD) {
      const op = field(r, OP);
      let src: usize = field(r, SRC) + row * field(r, SRC_ADVANCE);
      let dst: usize = field(r, DST) + row * field(r, DST_ADVANCE);
      if (op < SINGLE) {
        if (shared(op, r, src, dst, some)) continue;
        const srcRow = field(r, SRC_ROW), dstRow = field(r, DST_ROW);
        for (let k = some; k > 0; k--, src += srcRow, dst += dstRow) pass(op, r, src, dst);
      } else if (op < BACK) {
        single(op, r, src, dst, some);
      } else {
        const g: usize = field(r, G) + row * field(r, G_ADVANCE);
        if (op < STEP) back(op, r, src, dst, g, some, fresh && row == 0);
        else step(op, r, src, dst, g, some, fresh && row == 0);
      }
    }
  }
}
