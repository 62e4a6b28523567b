// Real factors of any pattern, one row at a time: factor_vectors.ts says how they are cut.

import { read, together, write } from "./factor_vectors.ts";
import { A, B, C, COUNT, D, EXTRA, EXTRA1, EXTRA2, WEIGHTS, field } from "./record.ts";
import { add, get, madd, mul, put, splat } from "./vec.ts";

function real8(r: usize, w: usize, src: usize, dst: usize, at: i32): usize {
  const c = field(r, B), xStep = field(r, C), yStep = field(r, D), lastSlot = field(r, EXTRA1);
  const mode = field(r, EXTRA) & 3, lanes = field(r, EXTRA) >> 2;
  const lastChunk = field(r, EXTRA2), last = min(at + yStep * 7, lastSlot);
  for (let i = field(r, COUNT); i > 0; i--, src += c * xStep, dst += lastSlot + yStep) {
    for (let chunk = 0; ; chunk = min(chunk + 16, lastChunk)) {
      let p = src + chunk, y0 = splat(0), y1 = splat(0), y2 = splat(0), y3 = splat(0), y4 = splat(0), y5 = splat(0), y6 = splat(0), y7 = splat(0);
      let k = c;
      for (; k >= 4 && mode < 2; k -= 4, p += xStep * 4, w += 512) {
        let x0: v128, x1: v128, x2: v128, x3: v128;
        if (mode == 0) {
          x0 = get(p, 0);
          x1 = get(p + xStep, 0);
          x2 = get(p + xStep * 2, 0);
          x3 = get(p + xStep * 3, 0);
        } else {
          const x = get(p, 0);
          x0 = v128.shuffle<f32>(x, x, 0, 0, 0, 0);
          x1 = v128.shuffle<f32>(x, x, 1, 1, 1, 1);
          x2 = v128.shuffle<f32>(x, x, 2, 2, 2, 2);
          x3 = v128.shuffle<f32>(x, x, 3, 3, 3, 3);
        }
        y0 = madd(get(w, 0), x0, y0);
        y1 = madd(get(w, 16), x0, y1);
        y2 = madd(get(w, 32), x0, y2);
        y3 = madd(get(w, 48), x0, y3);
        y4 = madd(get(w, 64), x0, y4);
        y5 = madd(get(w, 80), x0, y5);
        y6 = madd(get(w, 96), x0, y6);
        y7 = madd(get(w, 112), x0, y7);
        y0 = madd(get(w, 128), x1, y0);
        y1 = madd(get(w, 144), x1, y1);
        y2 = madd(get(w, 160), x1, y2);
        y3 = madd(get(w, 176), x1, y3);
        y4 = madd(get(w, 192), x1, y4);
        y5 = madd(get(w, 208), x1, y5);
        y6 = madd(get(w, 224), x1, y6);
        y7 = madd(get(w, 240), x1, y7);
        y0 = madd(get(w, 256), x2, y0);
        y1 = madd(get(w, 272), x2, y1);
        y2 = madd(get(w, 288), x2, y2);
        y3 = madd(get(w, 304), x2, y3);
        y4 = madd(get(w, 320), x2, y4);
        y5 = madd(get(w, 336), x2, y5);
        y6 = madd(get(w, 352), x2, y6);
        y7 = madd(get(w, 368), x2, y7);
        y0 = madd(get(w, 384), x3, y0);
        y1 = madd(get(w, 400), x3, y1);
        y2 = madd(get(w, 416), x3, y2);
        y3 = madd(get(w, 432), x3, y3);
        y4 = madd(get(w, 448), x3, y4);
        y5 = madd(get(w, 464), x3, y5);
        y6 = madd(get(w, 480), x3, y6);
        y7 = madd(get(w, 496), x3, y7);
      }
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
      for (; k >= 4 && mode < 2; k -= 4, p += xStep * 4, w += 256) {
        let x0: v128, x1: v128, x2: v128, x3: v128;
        if (mode == 0) {
          x0 = get(p, 0);
          x1 = get(p + xStep, 0);
          x2 = get(p + xStep * 2, 0);
          x3 = get(p + xStep * 3, 0);
        } else {
          const x = get(p, 0);
          x0 = v128.shuffle<f32>(x, x, 0, 0, 0, 0);
          x1 = v128.shuffle<f32>(x, x, 1, 1, 1, 1);
          x2 = v128.shuffle<f32>(x, x, 2, 2, 2, 2);
          x3 = v128.shuffle<f32>(x, x, 3, 3, 3, 3);
        }
        y0 = madd(get(w, 0), x0, y0);
        y1 = madd(get(w, 16), x0, y1);
        y2 = madd(get(w, 32), x0, y2);
        y3 = madd(get(w, 48), x0, y3);
        y0 = madd(get(w, 64), x1, y0);
        y1 = madd(get(w, 80), x1, y1);
        y2 = madd(get(w, 96), x1, y2);
        y3 = madd(get(w, 112), x1, y3);
        y0 = madd(get(w, 128), x2, y0);
        y1 = madd(get(w, 144), x2, y1);
        y2 = madd(get(w, 160), x2, y2);
        y3 = madd(get(w, 176), x2, y3);
        y0 = madd(get(w, 192), x3, y0);
        y1 = madd(get(w, 208), x3, y1);
        y2 = madd(get(w, 224), x3, y2);
        y3 = madd(get(w, 240), x3, y3);
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
      for (; k >= 3 && mode == 0; k -= 3, p += xStep * 3, w += 144) {
        let x0: v128, x1: v128, x2: v128;
        x0 = get(p, 0);
        x1 = get(p + xStep, 0);
        x2 = get(p + xStep * 2, 0);
        y0 = madd(get(w, 0), x0, y0);
        y1 = madd(get(w, 16), x0, y1);
        y2 = madd(get(w, 32), x0, y2);
        y0 = madd(get(w, 48), x1, y0);
        y1 = madd(get(w, 64), x1, y1);
        y2 = madd(get(w, 80), x1, y2);
        y0 = madd(get(w, 96), x2, y0);
        y1 = madd(get(w, 112), x2, y1);
        y2 = madd(get(w, 128), x2, y2);
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
  const lastChunk = field(r, EXTRA2), last = min(at + yStep, lastSlot);
  for (let i = field(r, COUNT); i > 0; i--, src += c * xStep, dst += lastSlot + yStep) {
    for (let chunk = 0; ; chunk = min(chunk + 16, lastChunk)) {
      let p = src + chunk, y0 = splat(0), y1 = splat(0);
      let k = c;
      for (; k >= 4 && mode < 2; k -= 4, p += xStep * 4, w += 128) {
        let x0: v128, x1: v128, x2: v128, x3: v128;
        if (mode == 0) {
          x0 = get(p, 0);
          x1 = get(p + xStep, 0);
          x2 = get(p + xStep * 2, 0);
          x3 = get(p + xStep * 3, 0);
        } else {
          const x = get(p, 0);
          x0 = v128.shuffle<f32>(x, x, 0, 0, 0, 0);
          x1 = v128.shuffle<f32>(x, x, 1, 1, 1, 1);
          x2 = v128.shuffle<f32>(x, x, 2, 2, 2, 2);
          x3 = v128.shuffle<f32>(x, x, 3, 3, 3, 3);
        }
        y0 = madd(get(w, 0), x0, y0);
        y1 = madd(get(w, 16), x0, y1);
        y0 = madd(get(w, 32), x1, y0);
        y1 = madd(get(w, 48), x1, y1);
        y0 = madd(get(w, 64), x2, y0);
        y1 = madd(get(w, 80), x2, y1);
        y0 = madd(get(w, 96), x3, y0);
        y1 = madd(get(w, 112), x3, y1);
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
  const lastChunk = field(r, EXTRA2), last = min(at, lastSlot);
  // Blocks of 4×4, the first factor of radix 4: the loops below would cost more than the arithmetic.
  if (c == 4 && mode == 1 && lanes == 0) {
    for (let i = field(r, COUNT); i > 0; i--, src += 16, dst += lastSlot + yStep, w += 64) {
      const x = get(src, 0);
      const y = madd(get(w, 16), v128.shuffle<f32>(x, x, 1, 1, 1, 1), mul(get(w, 0), v128.shuffle<f32>(x, x, 0, 0, 0, 0)));
      const z = madd(get(w, 48), v128.shuffle<f32>(x, x, 3, 3, 3, 3), mul(get(w, 32), v128.shuffle<f32>(x, x, 2, 2, 2, 2)));
      put(dst + last, add(y, z));
    }
    return w;
  }
  for (let i = field(r, COUNT); i > 0; i--, src += c * xStep, dst += lastSlot + yStep) {
    for (let chunk = 0; ; chunk = min(chunk + 16, lastChunk)) {
      let p = src + chunk, y0 = splat(0);
      let k = c;
      for (; k >= 4 && mode < 2; k -= 4, p += xStep * 4, w += 64) {
        let x0: v128, x1: v128, x2: v128, x3: v128;
        if (mode == 0) {
          x0 = get(p, 0);
          x1 = get(p + xStep, 0);
          x2 = get(p + xStep * 2, 0);
          x3 = get(p + xStep * 3, 0);
        } else {
          const x = get(p, 0);
          x0 = v128.shuffle<f32>(x, x, 0, 0, 0, 0);
          x1 = v128.shuffle<f32>(x, x, 1, 1, 1, 1);
          x2 = v128.shuffle<f32>(x, x, 2, 2, 2, 2);
          x3 = v128.shuffle<f32>(x, x, 3, 3, 3, 3);
        }
        y0 = madd(get(w, 0), x0, y0);
        y0 = madd(get(w, 16), x1, y0);
        y0 = madd(get(w, 32), x2, y0);
        y0 = madd(get(w, 48), x3, y0);
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
export function realFactor(r: usize, src: usize, dst: usize): void {
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
