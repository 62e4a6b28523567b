// Factors of any pattern for compiled operators: as factors.ts and complex_factors.ts have them, with less of the same
// written out. Slots go four together, and what is left one by one.

import { read, readIm, readRe, write, writeComplex } from "./factor_vectors.ts";
import { A, B, C, COUNT, D, EXTRA, EXTRA1, EXTRA2, WEIGHTS, field } from "./record.ts";
import { get, madd, nmadd, splat } from "./vec.ts";

/** A real factor on one row. */
export function realFactor(r: usize, src: usize, dst: usize): void {
  const c = field(r, B), xStep = field(r, C), yStep = field(r, D), lastSlot = field(r, EXTRA1);
  const mode = field(r, EXTRA) & 3, lanes = field(r, EXTRA) >> 2, lastChunk = field(r, EXTRA2);
  let w: usize = field(r, WEIGHTS);
  for (let n = field(r, A), at = 0; n > 0; ) {
    const four = n >= 4;
    let x: usize = src, y: usize = dst;
    for (let i = field(r, COUNT); i > 0; i--, x += c * xStep, y += lastSlot + yStep) {
      for (let chunk = 0; ; chunk = min(chunk + 16, lastChunk)) {
        let p = x + chunk, y0 = splat(0), y1 = splat(0), y2 = splat(0), y3 = splat(0);
        for (let k = c; k > 0; k--, p += xStep, w += 16) {
          const v = read(mode, p);
          y0 = madd(get(w, 0), v, y0);
          if (four) {
            y1 = madd(get(w, 16), v, y1);
            y2 = madd(get(w, 32), v, y2);
            y3 = madd(get(w, 48), v, y3);
            w += 48;
          }
        }
        const q = y + chunk;
        write(lanes, q + min(at, lastSlot), y0);
        if (four) {
          write(lanes, q + (at + yStep), y1);
          write(lanes, q + (at + yStep * 2), y2);
          write(lanes, q + min(at + yStep * 3, lastSlot), y3);
        }
        if (chunk == lastChunk) break;
      }
    }
    at += four ? yStep * 4 : yStep;
    n -= four ? 4 : 1;
  }
}

/** A complex factor on one row: its slots go one by one. */
export function complexFactor(r: usize, src: usize, dst: usize): void {
  const c = field(r, B), xStep = field(r, C), yStep = field(r, D), lastSlot = field(r, EXTRA1);
  const mode = field(r, EXTRA) & 3, lanes = field(r, EXTRA) >> 2, lastChunk = field(r, EXTRA2);
  let w: usize = field(r, WEIGHTS);
  for (let n = field(r, A), at = 0; n > 0; n--, at += yStep) {
    let x: usize = src, y: usize = dst + min(at, lastSlot);
    for (let i = field(r, COUNT); i > 0; i--, x += c * xStep, y += lastSlot + yStep) {
      for (let chunk = 0; ; chunk = min(chunk + 32, lastChunk)) {
        let p = x + chunk, re = splat(0), im = splat(0);
        for (let k = c; k > 0; k--, p += xStep, w += 32) {
          const xr = readRe(mode, p), xi = readIm(mode, p), wr = get(w, 0), wi = get(w, 16);
          re = nmadd(wi, xi, madd(wr, xr, re));
          im = madd(wi, xr, madd(wr, xi, im));
        }
        writeComplex(lanes, y + chunk, re, im);
        if (chunk == lastChunk) break;
      }
    }
  }
}
