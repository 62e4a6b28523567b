// Complex factors of any pattern, one row at a time, as factors.ts has real ones.

import { readIm, readRe, together, writeComplex } from "./factor_vectors.ts";
import { A, B, C, COUNT, D, EXTRA, EXTRA1, EXTRA2, WEIGHTS, field } from "./record.ts";
import { get, madd, nmadd, splat } from "./vec.ts";

function complex4(r: usize, w: usize, src: usize, dst: usize, at: i32): usize {
  const c = field(r, B), xStep = field(r, C), yStep = field(r, D), lastSlot = field(r, EXTRA1);
  const mode = field(r, EXTRA) & 3, lanes = field(r, EXTRA) >> 2;
  const lastChunk = field(r, EXTRA2), last = min(at + yStep * 3, lastSlot);
  for (let i = field(r, COUNT); i > 0; i--, src += c * xStep, dst += lastSlot + yStep) {
    for (let chunk = 0; ; chunk = min(chunk + 32, lastChunk)) {
      let p = src + chunk, r0 = splat(0), i0 = splat(0), r1 = splat(0), i1 = splat(0), r2 = splat(0), i2 = splat(0), r3 = splat(0), i3 = splat(0);
      let k = c;
      for (; k > 0; k--, p += xStep, w += 128) {
        let xr: v128, xi: v128, v: v128;
        xr = readRe(mode, p); xi = readIm(mode, p);
        v = get(w, 0); r0 = madd(v, xr, r0); i0 = madd(v, xi, i0);
        v = get(w, 16); r0 = nmadd(v, xi, r0); i0 = madd(v, xr, i0);
        v = get(w, 32); r1 = madd(v, xr, r1); i1 = madd(v, xi, i1);
        v = get(w, 48); r1 = nmadd(v, xi, r1); i1 = madd(v, xr, i1);
        v = get(w, 64); r2 = madd(v, xr, r2); i2 = madd(v, xi, i2);
        v = get(w, 80); r2 = nmadd(v, xi, r2); i2 = madd(v, xr, i2);
        v = get(w, 96); r3 = madd(v, xr, r3); i3 = madd(v, xi, i3);
        v = get(w, 112); r3 = nmadd(v, xi, r3); i3 = madd(v, xr, i3);
      }
      const q = dst + chunk + at;
      writeComplex(lanes, q, r0, i0);
      writeComplex(lanes, q + yStep, r1, i1);
      writeComplex(lanes, q + yStep * 2, r2, i2);
      writeComplex(lanes, dst + chunk + last, r3, i3);
      if (chunk == lastChunk) break;
    }
  }
  return w;
}

function complex3(r: usize, w: usize, src: usize, dst: usize, at: i32): usize {
  const c = field(r, B), xStep = field(r, C), yStep = field(r, D), lastSlot = field(r, EXTRA1);
  const mode = field(r, EXTRA) & 3, lanes = field(r, EXTRA) >> 2;
  const lastChunk = field(r, EXTRA2), last = min(at + yStep * 2, lastSlot);
  for (let i = field(r, COUNT); i > 0; i--, src += c * xStep, dst += lastSlot + yStep) {
    for (let chunk = 0; ; chunk = min(chunk + 32, lastChunk)) {
      let p = src + chunk, r0 = splat(0), i0 = splat(0), r1 = splat(0), i1 = splat(0), r2 = splat(0), i2 = splat(0);
      let k = c;
      for (; k > 0; k--, p += xStep, w += 96) {
        let xr: v128, xi: v128, v: v128;
        xr = readRe(mode, p); xi = readIm(mode, p);
        v = get(w, 0); r0 = madd(v, xr, r0); i0 = madd(v, xi, i0);
        v = get(w, 16); r0 = nmadd(v, xi, r0); i0 = madd(v, xr, i0);
        v = get(w, 32); r1 = madd(v, xr, r1); i1 = madd(v, xi, i1);
        v = get(w, 48); r1 = nmadd(v, xi, r1); i1 = madd(v, xr, i1);
        v = get(w, 64); r2 = madd(v, xr, r2); i2 = madd(v, xi, i2);
        v = get(w, 80); r2 = nmadd(v, xi, r2); i2 = madd(v, xr, i2);
      }
      const q = dst + chunk + at;
      writeComplex(lanes, q, r0, i0);
      writeComplex(lanes, q + yStep, r1, i1);
      writeComplex(lanes, dst + chunk + last, r2, i2);
      if (chunk == lastChunk) break;
    }
  }
  return w;
}

function complex2(r: usize, w: usize, src: usize, dst: usize, at: i32): usize {
  const c = field(r, B), xStep = field(r, C), yStep = field(r, D), lastSlot = field(r, EXTRA1);
  const mode = field(r, EXTRA) & 3, lanes = field(r, EXTRA) >> 2;
  const lastChunk = field(r, EXTRA2), last = min(at + yStep, lastSlot);
  for (let i = field(r, COUNT); i > 0; i--, src += c * xStep, dst += lastSlot + yStep) {
    for (let chunk = 0; ; chunk = min(chunk + 32, lastChunk)) {
      let p = src + chunk, r0 = splat(0), i0 = splat(0), r1 = splat(0), i1 = splat(0);
      let k = c;
      for (; k > 0; k--, p += xStep, w += 64) {
        let xr: v128, xi: v128, v: v128;
        xr = readRe(mode, p); xi = readIm(mode, p);
        v = get(w, 0); r0 = madd(v, xr, r0); i0 = madd(v, xi, i0);
        v = get(w, 16); r0 = nmadd(v, xi, r0); i0 = madd(v, xr, i0);
        v = get(w, 32); r1 = madd(v, xr, r1); i1 = madd(v, xi, i1);
        v = get(w, 48); r1 = nmadd(v, xi, r1); i1 = madd(v, xr, i1);
      }
      const q = dst + chunk + at;
      writeComplex(lanes, q, r0, i0);
      writeComplex(lanes, dst + chunk + last, r1, i1);
      if (chunk == lastChunk) break;
    }
  }
  return w;
}

function complex1(r: usize, w: usize, src: usize, dst: usize, at: i32): usize {
  const c = field(r, B), xStep = field(r, C), yStep = field(r, D), lastSlot = field(r, EXTRA1);
  const mode = field(r, EXTRA) & 3, lanes = field(r, EXTRA) >> 2;
  const lastChunk = field(r, EXTRA2), last = min(at, lastSlot);
  for (let i = field(r, COUNT); i > 0; i--, src += c * xStep, dst += lastSlot + yStep) {
    for (let chunk = 0; ; chunk = min(chunk + 32, lastChunk)) {
      let p = src + chunk, r0 = splat(0), i0 = splat(0);
      let k = c;
      for (; k >= 2; k -= 2, p += xStep * 2, w += 64) {
        let xr: v128, xi: v128, v: v128;
        xr = readRe(mode, p); xi = readIm(mode, p);
        v = get(w, 0); r0 = madd(v, xr, r0); i0 = madd(v, xi, i0);
        v = get(w, 16); r0 = nmadd(v, xi, r0); i0 = madd(v, xr, i0);
        xr = readRe(mode, p + xStep); xi = readIm(mode, p + xStep);
        v = get(w, 32); r0 = madd(v, xr, r0); i0 = madd(v, xi, i0);
        v = get(w, 48); r0 = nmadd(v, xi, r0); i0 = madd(v, xr, i0);
      }
      for (; k > 0; k--, p += xStep, w += 32) {
        let xr: v128, xi: v128, v: v128;
        xr = readRe(mode, p); xi = readIm(mode, p);
        v = get(w, 0); r0 = madd(v, xr, r0); i0 = madd(v, xi, i0);
        v = get(w, 16); r0 = nmadd(v, xi, r0); i0 = madd(v, xr, i0);
      }
      const q = dst + chunk + at;
      writeComplex(lanes, dst + chunk + last, r0, i0);
      if (chunk == lastChunk) break;
    }
  }
  return w;
}

/** A complex factor on one row. */
export function complexFactor(r: usize, src: usize, dst: usize): void {
  const yStep = field(r, D);
  let w: usize = field(r, WEIGHTS);
  for (let n = field(r, A), at = 0; n > 0; ) {
    const some = together(n, 4);
    switch (some) {
      case 4: w = complex4(r, w, src, dst, at); break;
      case 3: w = complex3(r, w, src, dst, at); break;
      case 2: w = complex2(r, w, src, dst, at); break;
      case 1: w = complex1(r, w, src, dst, at); break;
    }
    at += some * yStep;
    n -= some;
  }
}
