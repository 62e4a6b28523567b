// The machine: runs a list of instruction records over the rows of a batch, a tile of rows at a time.
//
// Spaces of an address: 0 the program (code, tables, weights), 1 scratch, 2 input, 3 output, 4 the cotangent of the
// output, 5 weight gradients. Rows advance in the spaces 2, 3 and 4; scratch holds one tile.

import { complexPass } from "./complex";
import { realPass } from "./real";
import { signPass } from "./signs";
import { twiddlePass } from "./twiddles";
import {
  complexLane1, complexLane1Back, complexLane2, complexLane2Back, complexPair, complexPairBack,
} from "./complex_stages";
import { realLane1, realLane1Back, realLane2, realLane2Back, realPair, realPairBack } from "./stages";
import {
  accumulate, bias, dense, denseBack, diagonal, diagonalBack, factor, factorBack, join, permute, split, window,
} from "./steps";
import {
  DST, DST_ROW, DST_SPACE, G, G_ROW, G_SPACE, GRADIENT, OP, RECORD, SRC, SRC_ROW, SRC_SPACE, WEIGHTS, field,
} from "./record";

let program: usize = 0, scratch: usize = 0, input: usize = 0, output: usize = 0, cotangent: usize = 0,
  gradient: usize = 0;

/** The address of row `row` of an operand. */
function address(space: i32, offset: i32, stride: i32, row: i32): usize {
  switch (space) {
    case 0: return program + offset;
    case 1: return scratch + offset;
    case 2: return input + offset + row * stride;
    case 3: return output + offset + row * stride;
    case 4: return cotangent + offset + row * stride;
  }
  return gradient + offset;
}

// Operations; src/kernels/record.ts names the same numbers.
const COMPLEX_PASS: i32 = 24;
const SIGN_PASS: i32 = 40;
const TWIDDLE_PASS: i32 = 52;
const STEP: i32 = 64;

function execute(r: usize, op: i32, src: usize, dst: usize, g: usize, rows: i32, first: bool): void {
  const srcRow = field(r, SRC_ROW), dstRow = field(r, DST_ROW);
  if (op < COMPLEX_PASS) {
    for (; rows > 0; rows--, src += srcRow, dst += dstRow) realPass(op, r, program, src, dst);
    return;
  }
  if (op < STEP) {
    for (; rows > 0; rows--, src += srcRow, dst += dstRow) {
      if (op < SIGN_PASS) complexPass(op - COMPLEX_PASS, r, program, src, dst);
      else if (op < TWIDDLE_PASS) signPass(op - SIGN_PASS, r, program, src, dst);
      else twiddlePass(op - TWIDDLE_PASS, r, program, src, dst);
    }
    return;
  }
  switch (op) {
    case 64: return realPair(r, program, src, dst, rows);
    case 65: return realLane1(r, program, src, dst, rows);
    case 66: return realLane2(r, program, src, dst, rows);
    case 67: return complexPair(r, program, src, dst, rows);
    case 68: return complexLane1(r, program, src, dst, rows);
    case 69: return complexLane2(r, program, src, dst, rows);
    case 70: return realPairBack(r, program, src, dst, g, gradient, rows, first);
    case 71: return realLane1Back(r, program, src, dst, g, gradient, rows, first);
    case 72: return realLane2Back(r, program, src, dst, g, gradient, rows, first);
    case 73: return complexPairBack(r, program, src, dst, g, gradient, rows, first);
    case 74: return complexLane1Back(r, program, src, dst, g, gradient, rows, first);
    case 75: return complexLane2Back(r, program, src, dst, g, gradient, rows, first);
  }
  const w = program + field(r, WEIGHTS), gw = gradient + field(r, GRADIENT), gRow = field(r, G_ROW);
  for (; rows > 0; rows--, src += srcRow, dst += dstRow, g += gRow) {
    switch (op) {
      case 80: factor(r, program, src, dst); break;
      case 81: factorBack(r, src, g, gw); break;
      case 82: diagonal(r, w, src, dst); break;
      case 83: diagonalBack(r, src, g, gw); break;
      case 84: permute(r, program, src, dst); break;
      case 85: dense(r, program, src, dst); break;
      case 86: denseBack(r, src, g, gw); break;
      case 87: window(r, src, dst); break;
      case 88: accumulate(r, src, dst); break;
      case 89: bias(r, w, src, dst); break;
      case 90: accumulate(r, g, gw); break;
      case 91: split(r, src, dst); break;
      case 92: join(r, src, dst); break;
    }
  }
}

/**
 * Runs `count` records at program + `code` over `rows` rows, `tile` rows at a time. With `fresh` the first tile writes
 * weight gradients, otherwise it adds to those that are there.
 */
export function run(
  base: usize, code: i32, count: i32, rows: i32, tile: i32, fresh: bool,
  scratchAt: usize, inputAt: usize, outputAt: usize, cotangentAt: usize, gradientAt: usize,
): void {
  program = base;
  scratch = scratchAt;
  input = inputAt;
  output = outputAt;
  cotangent = cotangentAt;
  gradient = gradientAt;
  for (let row = 0; row < rows; row += tile) {
    const some = min(tile, rows - row);
    let r = program + code;
    for (let i = 0; i < count; i++, r += RECORD) {
      const src = address(field(r, SRC_SPACE), field(r, SRC), field(r, SRC_ROW), row);
      const dst = address(field(r, DST_SPACE), field(r, DST), field(r, DST_ROW), row);
      const g = address(field(r, G_SPACE), field(r, G), field(r, G_ROW), row);
      execute(r, field(r, OP), src, dst, g, some, fresh && row == 0);
    }
  }
}
