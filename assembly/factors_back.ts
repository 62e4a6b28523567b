// Weight gradients of factors of any pattern: factor_vectors.ts says how they are cut.

import { read, readIm, readRe, together } from "./factor_vectors.ts";
import { A, B, C, COUNT, D, EXTRA, EXTRA1, EXTRA2, G_ROW, SRC_ROW, field } from "./record.ts";
import { add, get, madd, nmadd, put, splat } from "./vec.ts";

/** Writes a gradient, or adds it to the one that is there. */
// @ts-ignore: decorator
@inline
function keep(gw: usize, w: v128, first: bool): void {
  put(gw, first ? w : add(get(gw, 0), w));
}

/**
 * The weight gradient of a real factor over the rows of a tile, w[i,β,γ,δ] += g[i,β,δ]·x[i,γ,δ]; the first tile
 * writes.
 */
export function realFactorBack(r: usize, x: usize, g: usize, gw: usize, rows: i32, first: bool): void {
  const c = field(r, B), xStep = field(r, C), gStep = field(r, D);
  const mode = field(r, EXTRA) & 3, lanes = field(r, EXTRA) >> 2;
  const lastSlot = field(r, EXTRA1), lastChunk = field(r, EXTRA2);
  const xRow = field(r, SRC_ROW), gRow = field(r, G_ROW), span = c * xStep, block = lastSlot + gStep;
  for (let n = field(r, A), at = 0; n > 0; ) {
    const some = together(n, 4), last = min(at + (some - 1) * gStep, lastSlot);
    let from = x, to = g;
    for (let i = field(r, COUNT); i > 0; i--, from += span, to += block) {
      for (let chunk = 0; ; chunk = min(chunk + 16, lastChunk)) {
        for (let p = from + chunk, end = p + span; p < end; p += xStep, gw += some * 16) {
          let s = p, t = to + chunk + at, u = to + chunk + last;
          switch (some) {
            case 4: {
              let w0 = splat(0), w1 = splat(0), w2 = splat(0), w3 = splat(0);
              for (let row = rows; row > 0; row--, s += xRow, t += gRow, u += gRow) {
                const v = read(mode, s);
                w0 = madd(read(lanes, t), v, w0);
                w1 = madd(read(lanes, t + gStep), v, w1);
                w2 = madd(read(lanes, t + gStep * 2), v, w2);
                w3 = madd(read(lanes, u), v, w3);
              }
              keep(gw + 0, w0, first);
              keep(gw + 16, w1, first);
              keep(gw + 32, w2, first);
              keep(gw + 48, w3, first);
              break;
            }
            case 3: {
              let w0 = splat(0), w1 = splat(0), w2 = splat(0);
              for (let row = rows; row > 0; row--, s += xRow, t += gRow, u += gRow) {
                const v = read(mode, s);
                w0 = madd(read(lanes, t), v, w0);
                w1 = madd(read(lanes, t + gStep), v, w1);
                w2 = madd(read(lanes, u), v, w2);
              }
              keep(gw + 0, w0, first);
              keep(gw + 16, w1, first);
              keep(gw + 32, w2, first);
              break;
            }
            case 2: {
              let w0 = splat(0), w1 = splat(0);
              for (let row = rows; row > 0; row--, s += xRow, t += gRow, u += gRow) {
                const v = read(mode, s);
                w0 = madd(read(lanes, t), v, w0);
                w1 = madd(read(lanes, u), v, w1);
              }
              keep(gw + 0, w0, first);
              keep(gw + 16, w1, first);
              break;
            }
            case 1: {
              let w0 = splat(0);
              for (let row = rows; row > 0; row--, s += xRow, t += gRow, u += gRow) {
                const v = read(mode, s);
                w0 = madd(read(lanes, u), v, w0);
              }
              keep(gw + 0, w0, first);
              break;
            }
          }
        }
        if (chunk == lastChunk) break;
      }
    }
    at += some * gStep;
    n -= some;
  }
}

/**
 * The weight gradient of a complex factor over the rows of a tile, w[i,β,γ,δ] += g[i,β,δ]·conj(x[i,γ,δ]); the first tile
 * writes.
 */
export function complexFactorBack(r: usize, x: usize, g: usize, gw: usize, rows: i32, first: bool): void {
  const c = field(r, B), xStep = field(r, C), gStep = field(r, D);
  const mode = field(r, EXTRA) & 3, lanes = field(r, EXTRA) >> 2;
  const lastSlot = field(r, EXTRA1), lastChunk = field(r, EXTRA2);
  const xRow = field(r, SRC_ROW), gRow = field(r, G_ROW), span = c * xStep, block = lastSlot + gStep;
  for (let n = field(r, A), at = 0; n > 0; ) {
    const some = together(n, 2), last = min(at + (some - 1) * gStep, lastSlot);
    let from = x, to = g;
    for (let i = field(r, COUNT); i > 0; i--, from += span, to += block) {
      for (let chunk = 0; ; chunk = min(chunk + 32, lastChunk)) {
        for (let p = from + chunk, end = p + span; p < end; p += xStep, gw += some * 32) {
          let s = p, t = to + chunk + at, u = to + chunk + last;
          switch (some) {
            case 2: {
              let r0 = splat(0), i0 = splat(0), r1 = splat(0), i1 = splat(0);
              for (let row = rows; row > 0; row--, s += xRow, t += gRow, u += gRow) {
                const xr = readRe(mode, s), xi = readIm(mode, s);
                const gr0 = readRe(lanes, t), gi0 = readIm(lanes, t);
                r0 = madd(gi0, xi, madd(gr0, xr, r0));
                i0 = nmadd(gr0, xi, madd(gi0, xr, i0));
                const gr1 = readRe(lanes, u), gi1 = readIm(lanes, u);
                r1 = madd(gi1, xi, madd(gr1, xr, r1));
                i1 = nmadd(gr1, xi, madd(gi1, xr, i1));
              }
              keep(gw + 0, r0, first);
              keep(gw + 16, i0, first);
              keep(gw + 32, r1, first);
              keep(gw + 48, i1, first);
              break;
            }
            case 1: {
              let r0 = splat(0), i0 = splat(0);
              for (let row = rows; row > 0; row--, s += xRow, t += gRow, u += gRow) {
                const xr = readRe(mode, s), xi = readIm(mode, s);
                const gr0 = readRe(lanes, u), gi0 = readIm(lanes, u);
                r0 = madd(gi0, xi, madd(gr0, xr, r0));
                i0 = nmadd(gr0, xi, madd(gi0, xr, i0));
              }
              keep(gw + 0, r0, first);
              keep(gw + 16, i0, first);
              break;
            }
          }
        }
        if (chunk == lastChunk) break;
      }
    }
    at += some * gStep;
    n -= some;
  }
}
