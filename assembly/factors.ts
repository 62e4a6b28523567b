// Factors of any pattern: y[i,β,δ] = Σγ w[i,β,γ,δ]·x[i,γ,δ], and their weight gradients.
//
// A vector holds four outputs that need the same γ: of four δ where d ≥ 4, and where d is 1 or 2, of four (β, δ), which
// lie one after another; then x is repeated over the lanes. Either way each block i is cut into chunks of the inputs and
// slots of the outputs, and a few slots share what is read of x. Where a number is no multiple of four, the last chunk
// or slot begins earlier and overlaps the one before. src/program/factors.ts packs the weights in the order of reading:
// for each group of slots, block, chunk, γ, slot, a vector (complex: of real parts, then of imaginary ones).
//
// Fields: COUNT blocks, A slots, B = c, C and D bytes from one γ and from one slot to the next, EXTRA what `read` and
// `write` do (0 where d ≥ 4), EXTRA1 offset of the last slot, EXTRA2 of the last chunk.

import { A, B, C, COUNT, D, EXTRA, EXTRA1, EXTRA2, G_ROW, SRC_ROW, WEIGHTS, field } from "./record.ts";
import { add, evens, get, getSplat, madd, nmadd, odds, put, splat, zipHigh, zipLow } from "./vec.ts";

/** What lies at p of x for four lanes: four numbers (0), one for all (1), a pair twice (2), three (3). */
// @ts-ignore: decorator
@inline
function read(mode: i32, p: usize): v128 {
  if (mode == 0) return get(p, 0);
  if (mode == 1) return getSplat(p);
  if (mode == 2) return v128.load64_splat(p);
  return v128.load_lane<u32>(p, v128.load_zero<u64>(p), 2, 8);
}

/** Writes a slot: four lanes (0), or the first one to three. */
// @ts-ignore: decorator
@inline
function write(lanes: i32, q: usize, y: v128): void {
  if (lanes == 0) put(q, y);
  else writeSome(lanes, q, y);
}

function writeSome(lanes: i32, q: usize, y: v128): void {
  if (lanes == 1) return v128.store_lane<u32>(q, y, 0);
  v128.store_lane<u64>(q, y, 0);
  if (lanes == 3) v128.store_lane<u32>(q, y, 2, 8);
}

// @ts-ignore: decorator
@inline
function readRe(mode: i32, p: usize): v128 {
  if (mode == 0) return evens(get(p, 0), get(p, 16));
  if (mode == 1) return getSplat(p);
  const x = get(p, 0);
  return evens(x, mode == 2 ? x : v128.load_zero<u64>(p, 16));
}

// @ts-ignore: decorator
@inline
function readIm(mode: i32, p: usize): v128 {
  if (mode == 0) return odds(get(p, 0), get(p, 16));
  if (mode == 1) return v128.load32_splat(p, 4);
  const x = get(p, 0);
  return odds(x, mode == 2 ? x : v128.load_zero<u64>(p, 16));
}

// @ts-ignore: decorator
@inline
function writeComplex(lanes: i32, q: usize, re: v128, im: v128): void {
  if (lanes == 0) {
    put(q, zipLow(re, im));
    v128.store(q, zipHigh(re, im), 16);
  } else writeSomeComplex(lanes, q, re, im);
}

function writeSomeComplex(lanes: i32, q: usize, re: v128, im: v128): void {
  if (lanes == 1) return v128.store_lane<u64>(q, zipLow(re, im), 0);
  put(q, zipLow(re, im));
  if (lanes == 3) v128.store_lane<u64>(q, zipHigh(re, im), 0, 16);
}

/** How many of n slots are done together: as many as allowed, then what is left in few parts. */
// @ts-ignore: decorator
@inline
function together(n: i32, most: i32): i32 {
  return n >= most ? most : n > 4 ? (n + 1) >> 1 : n;
}

function real8(r: usize, w: usize, src: usize, dst: usize, at: i32): usize {
  const c = field(r, B), xStep = field(r, C), yStep = field(r, D), lastSlot = field(r, EXTRA1);
  const mode = field(r, EXTRA) & 3, lanes = field(r, EXTRA) >> 2;
  const lastChunk = field(r, EXTRA2), last = min(at + yStep * 7, lastSlot);
  for (let i = field(r, COUNT); i > 0; i--, src += c * xStep, dst += lastSlot + yStep) {
    for (let chunk = 0; ; chunk = min(chunk + 16, lastChunk)) {
      let p = src + chunk, y0 = splat(0), y1 = splat(0), y2 = splat(0), y3 = splat(0), y4 = splat(0), y5 = splat(0), y6 = splat(0), y7 = splat(0);
      let k = c;
      for (; k > 0; k--, p += xStep, w += 128) {
        let x: v128;
        x = read(mode, p);
        y0 = madd(get(w, 0), x, y0);
        y1 = madd(get(w, 16), x, y1);
        y2 = madd(get(w, 32), x, y2);
        y3 = madd(get(w, 48), x, y3);
        y4 = madd(get(w, 64), x, y4);
        y5 = madd(get(w, 80), x, y5);
        y6 = madd(get(w, 96), x, y6);
        y7 = madd(get(w, 112), x, y7);
      }
      const q = dst + chunk + at;
      write(lanes, q, y0);
      write(lanes, q + yStep, y1);
      write(lanes, q + yStep * 2, y2);
      write(lanes, q + yStep * 3, y3);
      write(lanes, q + yStep * 4, y4);
      write(lanes, q + yStep * 5, y5);
      write(lanes, q + yStep * 6, y6);
      write(lanes, dst + chunk + last, y7);
      if (chunk == lastChunk) break;
    }
  }
  return w;
}

function real4(r: usize, w: usize, src: usize, dst: usize, at: i32): usize {
  const c = field(r, B), xStep = field(r, C), yStep = field(r, D), lastSlot = field(r, EXTRA1);
  const mode = field(r, EXTRA) & 3, lanes = field(r, EXTRA) >> 2;
  const lastChunk = field(r, EXTRA2), last = min(at + yStep * 3, lastSlot);
  for (let i = field(r, COUNT); i > 0; i--, src += c * xStep, dst += lastSlot + yStep) {
    for (let chunk = 0; ; chunk = min(chunk + 16, lastChunk)) {
      let p = src + chunk, y0 = splat(0), y1 = splat(0), y2 = splat(0), y3 = splat(0);
      let k = c;
      for (; k >= 4; k -= 4, p += xStep * 4, w += 256) {
        let x: v128;
        x = read(mode, p);
        y0 = madd(get(w, 0), x, y0);
        y1 = madd(get(w, 16), x, y1);
        y2 = madd(get(w, 32), x, y2);
        y3 = madd(get(w, 48), x, y3);
        x = read(mode, p + xStep);
        y0 = madd(get(w, 64), x, y0);
        y1 = madd(get(w, 80), x, y1);
        y2 = madd(get(w, 96), x, y2);
        y3 = madd(get(w, 112), x, y3);
        x = read(mode, p + xStep * 2);
        y0 = madd(get(w, 128), x, y0);
        y1 = madd(get(w, 144), x, y1);
        y2 = madd(get(w, 160), x, y2);
        y3 = madd(get(w, 176), x, y3);
        x = read(mode, p + xStep * 3);
        y0 = madd(get(w, 192), x, y0);
        y1 = madd(get(w, 208), x, y1);
        y2 = madd(get(w, 224), x, y2);
        y3 = madd(get(w, 240), x, y3);
      }
      for (; k > 0; k--, p += xStep, w += 64) {
        let x: v128;
        x = read(mode, p);
        y0 = madd(get(w, 0), x, y0);
        y1 = madd(get(w, 16), x, y1);
        y2 = madd(get(w, 32), x, y2);
        y3 = madd(get(w, 48), x, y3);
      }
      const q = dst + chunk + at;
      write(lanes, q, y0);
      write(lanes, q + yStep, y1);
      write(lanes, q + yStep * 2, y2);
      write(lanes, dst + chunk + last, y3);
      if (chunk == lastChunk) break;
    }
  }
  return w;
}

function real3(r: usize, w: usize, src: usize, dst: usize, at: i32): usize {
  const c = field(r, B), xStep = field(r, C), yStep = field(r, D), lastSlot = field(r, EXTRA1);
  const mode = field(r, EXTRA) & 3, lanes = field(r, EXTRA) >> 2;
  const lastChunk = field(r, EXTRA2), last = min(at + yStep * 2, lastSlot);
  for (let i = field(r, COUNT); i > 0; i--, src += c * xStep, dst += lastSlot + yStep) {
    for (let chunk = 0; ; chunk = min(chunk + 16, lastChunk)) {
      let p = src + chunk, y0 = splat(0), y1 = splat(0), y2 = splat(0);
      let k = c;
      for (; k >= 3; k -= 3, p += xStep * 3, w += 144) {
        let x: v128;
        x = read(mode, p);
        y0 = madd(get(w, 0), x, y0);
        y1 = madd(get(w, 16), x, y1);
        y2 = madd(get(w, 32), x, y2);
        x = read(mode, p + xStep);
        y0 = madd(get(w, 48), x, y0);
        y1 = madd(get(w, 64), x, y1);
        y2 = madd(get(w, 80), x, y2);
        x = read(mode, p + xStep * 2);
        y0 = madd(get(w, 96), x, y0);
        y1 = madd(get(w, 112), x, y1);
        y2 = madd(get(w, 128), x, y2);
      }
      for (; k > 0; k--, p += xStep, w += 48) {
        let x: v128;
        x = read(mode, p);
        y0 = madd(get(w, 0), x, y0);
        y1 = madd(get(w, 16), x, y1);
        y2 = madd(get(w, 32), x, y2);
      }
      const q = dst + chunk + at;
      write(lanes, q, y0);
      write(lanes, q + yStep, y1);
      write(lanes, dst + chunk + last, y2);
      if (chunk == lastChunk) break;
    }
  }
  return w;
}

function real2(r: usize, w: usize, src: usize, dst: usize, at: i32): usize {
  const c = field(r, B), xStep = field(r, C), yStep = field(r, D), lastSlot = field(r, EXTRA1);
  const mode = field(r, EXTRA) & 3, lanes = field(r, EXTRA) >> 2;
  const lastChunk = field(r, EXTRA2), last = min(at + yStep * 1, lastSlot);
  for (let i = field(r, COUNT); i > 0; i--, src += c * xStep, dst += lastSlot + yStep) {
    for (let chunk = 0; ; chunk = min(chunk + 16, lastChunk)) {
      let p = src + chunk, y0 = splat(0), y1 = splat(0);
      let k = c;
      for (; k >= 2; k -= 2, p += xStep * 2, w += 64) {
        let x: v128;
        x = read(mode, p);
        y0 = madd(get(w, 0), x, y0);
        y1 = madd(get(w, 16), x, y1);
        x = read(mode, p + xStep);
        y0 = madd(get(w, 32), x, y0);
        y1 = madd(get(w, 48), x, y1);
      }
      for (; k > 0; k--, p += xStep, w += 32) {
        let x: v128;
        x = read(mode, p);
        y0 = madd(get(w, 0), x, y0);
        y1 = madd(get(w, 16), x, y1);
      }
      const q = dst + chunk + at;
      write(lanes, q, y0);
      write(lanes, dst + chunk + last, y1);
      if (chunk == lastChunk) break;
    }
  }
  return w;
}

function real1(r: usize, w: usize, src: usize, dst: usize, at: i32): usize {
  const c = field(r, B), xStep = field(r, C), yStep = field(r, D), lastSlot = field(r, EXTRA1);
  const mode = field(r, EXTRA) & 3, lanes = field(r, EXTRA) >> 2;
  const lastChunk = field(r, EXTRA2), last = min(at + yStep * 0, lastSlot);
  for (let i = field(r, COUNT); i > 0; i--, src += c * xStep, dst += lastSlot + yStep) {
    for (let chunk = 0; ; chunk = min(chunk + 16, lastChunk)) {
      let p = src + chunk, y0 = splat(0);
      let k = c;
      for (; k >= 4; k -= 4, p += xStep * 4, w += 64) {
        let x: v128;
        x = read(mode, p);
        y0 = madd(get(w, 0), x, y0);
        x = read(mode, p + xStep);
        y0 = madd(get(w, 16), x, y0);
        x = read(mode, p + xStep * 2);
        y0 = madd(get(w, 32), x, y0);
        x = read(mode, p + xStep * 3);
        y0 = madd(get(w, 48), x, y0);
      }
      for (; k > 0; k--, p += xStep, w += 16) {
        let x: v128;
        x = read(mode, p);
        y0 = madd(get(w, 0), x, y0);
      }
      const q = dst + chunk + at;
      write(lanes, dst + chunk + last, y0);
      if (chunk == lastChunk) break;
    }
  }
  return w;
}

/** A real factor on one row. */
export function factorReal(r: usize, src: usize, dst: usize): void {
  const yStep = field(r, D);
  let w: usize = field(r, WEIGHTS);
  for (let n = field(r, A), at = 0; n > 0; ) {
    const some = together(n, 8);
    switch (some) {
      case 8: w = real8(r, w, src, dst, at); break;
      case 4: w = real4(r, w, src, dst, at); break;
      case 3: w = real3(r, w, src, dst, at); break;
      case 2: w = real2(r, w, src, dst, at); break;
      case 1: w = real1(r, w, src, dst, at); break;
    }
    at += some * yStep;
    n -= some;
  }
}

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
  const lastChunk = field(r, EXTRA2), last = min(at + yStep * 1, lastSlot);
  for (let i = field(r, COUNT); i > 0; i--, src += c * xStep, dst += lastSlot + yStep) {
    for (let chunk = 0; ; chunk = min(chunk + 32, lastChunk)) {
      let p = src + chunk, r0 = splat(0), i0 = splat(0), r1 = splat(0), i1 = splat(0);
      let k = c;
      for (; k >= 2; k -= 2, p += xStep * 2, w += 128) {
        let xr: v128, xi: v128, v: v128;
        xr = readRe(mode, p); xi = readIm(mode, p);
        v = get(w, 0); r0 = madd(v, xr, r0); i0 = madd(v, xi, i0);
        v = get(w, 16); r0 = nmadd(v, xi, r0); i0 = madd(v, xr, i0);
        v = get(w, 32); r1 = madd(v, xr, r1); i1 = madd(v, xi, i1);
        v = get(w, 48); r1 = nmadd(v, xi, r1); i1 = madd(v, xr, i1);
        xr = readRe(mode, p + xStep); xi = readIm(mode, p + xStep);
        v = get(w, 64); r0 = madd(v, xr, r0); i0 = madd(v, xi, i0);
        v = get(w, 80); r0 = nmadd(v, xi, r0); i0 = madd(v, xr, i0);
        v = get(w, 96); r1 = madd(v, xr, r1); i1 = madd(v, xi, i1);
        v = get(w, 112); r1 = nmadd(v, xi, r1); i1 = madd(v, xr, i1);
      }
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
  const lastChunk = field(r, EXTRA2), last = min(at + yStep * 0, lastSlot);
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
export function factorComplex(r: usize, src: usize, dst: usize): void {
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
export function factorBackReal(r: usize, x: usize, g: usize, gw: usize, rows: i32, first: bool): void {
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
export function factorBackComplex(r: usize, x: usize, g: usize, gw: usize, rows: i32, first: bool): void {
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
