// Complex butterfly passes: as the real ones (see real.ts), on two or four complex vectors.
//
// Between passes four complex numbers lie as four real parts and then four imaginary parts, so that a complex
// product is four multiply-adds and no shuffle. Format bit 1: the source is interleaved (re, im, re, im …); format
// bit 2: the destination is; bit 4: a diagonal follows the last factor. Each weight is four real parts and then four imaginary parts.

import { COUNT, DST_STRIDE, EXTRA, STRIDE, TABLE, WEIGHTS, field } from "./record";
import { evens, get, madd, mul, nmadd, odds, put, swap1, swap2, zipHigh, zipLow } from "./vec";

/** The real part of one output: weight number `i` applied to x = (xr, xi) and its partner (pr, pi). */
// @ts-ignore: decorator
@inline
function re(unit: bool, xr: v128, xi: v128, pr: v128, pi: v128, w: usize, i: i32): v128 {
  if (unit) return nmadd(get(w, i * 32 + 16), pi, madd(get(w, i * 32), pr, xr));
  const own = nmadd(get(w, i * 64 + 16), xi, mul(get(w, i * 64), xr));
  return nmadd(get(w, i * 64 + 48), pi, madd(get(w, i * 64 + 32), pr, own));
}

/** The imaginary part of the same output. */
// @ts-ignore: decorator
@inline
function im(unit: bool, xr: v128, xi: v128, pr: v128, pi: v128, w: usize, i: i32): v128 {
  if (unit) return madd(get(w, i * 32 + 16), pr, madd(get(w, i * 32), pi, xi));
  const own = madd(get(w, i * 64 + 16), xr, mul(get(w, i * 64), xi));
  return madd(get(w, i * 64 + 48), pr, madd(get(w, i * 64 + 32), pi, own));
}

// @ts-ignore: decorator
@inline
function pass2(unit: bool, lanes: i32, r: usize, base: usize, src: usize, dst: usize): void {
  const da = field(r, STRIDE + 0);
  const ea = field(r, DST_STRIDE + 0);
  const format = field(r, EXTRA);
  let w = base + field(r, WEIGHTS);
  let table = base + field(r, TABLE);
  const end = table + (<usize>field(r, COUNT) << 3);
  while (table < end) {
    const p = src + load<u32>(table), q = dst + load<u32>(table, 4);
    table += 8;
    let s: v128, t: v128, u: v128;
    let a0 = get(p, 0), b0 = get(p, 16);
    const p1 = p + da;
    let a1 = get(p1, 0), b1 = get(p1, 16);
    if (format & 1) {
      t = a0; a0 = evens(t, b0); b0 = odds(t, b0);
      t = a1; a1 = evens(t, b1); b1 = odds(t, b1);
    }
    if (lanes == 1) {
      t = swap1(a0); u = swap1(b0); s = a0;
      a0 = re(unit, a0, b0, t, u, w, 0); b0 = im(unit, s, b0, t, u, w, 0);
      t = swap1(a1); u = swap1(b1); s = a1;
      a1 = re(unit, a1, b1, t, u, w, 1); b1 = im(unit, s, b1, t, u, w, 1);
      t = swap2(a0); u = swap2(b0); s = a0;
      a0 = re(unit, a0, b0, t, u, w, 2); b0 = im(unit, s, b0, t, u, w, 2);
      t = swap2(a1); u = swap2(b1); s = a1;
      a1 = re(unit, a1, b1, t, u, w, 3); b1 = im(unit, s, b1, t, u, w, 3);
      w += unit ? 128 : 256;
    }
    t = a0; u = b0; s = a1;
    a0 = re(unit, a0, b0, a1, b1, w, 0); b0 = im(unit, t, b0, a1, b1, w, 0);
    a1 = re(unit, a1, b1, t, u, w, 1); b1 = im(unit, s, b1, t, u, w, 1);
    w += unit ? 64 : 128;
    if (lanes == 2) {
      t = swap2(a0); u = swap2(b0); s = a0;
      a0 = re(unit, a0, b0, t, u, w, 0); b0 = im(unit, s, b0, t, u, w, 0);
      t = swap2(a1); u = swap2(b1); s = a1;
      a1 = re(unit, a1, b1, t, u, w, 1); b1 = im(unit, s, b1, t, u, w, 1);
      t = swap1(a0); u = swap1(b0); s = a0;
      a0 = re(unit, a0, b0, t, u, w, 2); b0 = im(unit, s, b0, t, u, w, 2);
      t = swap1(a1); u = swap1(b1); s = a1;
      a1 = re(unit, a1, b1, t, u, w, 3); b1 = im(unit, s, b1, t, u, w, 3);
      w += unit ? 128 : 256;
    }
    if (format & 4) {
      t = get(w, 0); u = get(w, 16); s = a0;
      a0 = nmadd(u, b0, mul(t, s)); b0 = madd(u, s, mul(t, b0));
      t = get(w, 32); u = get(w, 48); s = a1;
      a1 = nmadd(u, b1, mul(t, s)); b1 = madd(u, s, mul(t, b1));
      w += 64;
    }
    if (format & 2) {
      t = a0; a0 = zipLow(t, b0); b0 = zipHigh(t, b0);
      t = a1; a1 = zipLow(t, b1); b1 = zipHigh(t, b1);
    }
    put(q, a0); put(q + 16, b0);
    const q1 = q + ea;
    put(q1, a1); put(q1 + 16, b1);
  }
}

// @ts-ignore: decorator
@inline
function pass4(unit: bool, lanes: i32, r: usize, base: usize, src: usize, dst: usize): void {
  const da = field(r, STRIDE + 0), db = field(r, STRIDE + 1);
  const ea = field(r, DST_STRIDE + 0), eb = field(r, DST_STRIDE + 1);
  const format = field(r, EXTRA);
  let w = base + field(r, WEIGHTS);
  let table = base + field(r, TABLE);
  const end = table + (<usize>field(r, COUNT) << 3);
  while (table < end) {
    const p = src + load<u32>(table), q = dst + load<u32>(table, 4);
    table += 8;
    let s: v128, t: v128, u: v128;
    let a0 = get(p, 0), b0 = get(p, 16);
    const p1 = p + da;
    let a1 = get(p1, 0), b1 = get(p1, 16);
    const p2 = p + db;
    let a2 = get(p2, 0), b2 = get(p2, 16);
    const p3 = p + da + db;
    let a3 = get(p3, 0), b3 = get(p3, 16);
    if (format & 1) {
      t = a0; a0 = evens(t, b0); b0 = odds(t, b0);
      t = a1; a1 = evens(t, b1); b1 = odds(t, b1);
      t = a2; a2 = evens(t, b2); b2 = odds(t, b2);
      t = a3; a3 = evens(t, b3); b3 = odds(t, b3);
    }
    if (lanes == 1) {
      t = swap1(a0); u = swap1(b0); s = a0;
      a0 = re(unit, a0, b0, t, u, w, 0); b0 = im(unit, s, b0, t, u, w, 0);
      t = swap1(a1); u = swap1(b1); s = a1;
      a1 = re(unit, a1, b1, t, u, w, 1); b1 = im(unit, s, b1, t, u, w, 1);
      t = swap1(a2); u = swap1(b2); s = a2;
      a2 = re(unit, a2, b2, t, u, w, 2); b2 = im(unit, s, b2, t, u, w, 2);
      t = swap1(a3); u = swap1(b3); s = a3;
      a3 = re(unit, a3, b3, t, u, w, 3); b3 = im(unit, s, b3, t, u, w, 3);
      t = swap2(a0); u = swap2(b0); s = a0;
      a0 = re(unit, a0, b0, t, u, w, 4); b0 = im(unit, s, b0, t, u, w, 4);
      t = swap2(a1); u = swap2(b1); s = a1;
      a1 = re(unit, a1, b1, t, u, w, 5); b1 = im(unit, s, b1, t, u, w, 5);
      t = swap2(a2); u = swap2(b2); s = a2;
      a2 = re(unit, a2, b2, t, u, w, 6); b2 = im(unit, s, b2, t, u, w, 6);
      t = swap2(a3); u = swap2(b3); s = a3;
      a3 = re(unit, a3, b3, t, u, w, 7); b3 = im(unit, s, b3, t, u, w, 7);
      w += unit ? 256 : 512;
    }
    t = a0; u = b0; s = a1;
    a0 = re(unit, a0, b0, a1, b1, w, 0); b0 = im(unit, t, b0, a1, b1, w, 0);
    a1 = re(unit, a1, b1, t, u, w, 1); b1 = im(unit, s, b1, t, u, w, 1);
    t = a2; u = b2; s = a3;
    a2 = re(unit, a2, b2, a3, b3, w, 2); b2 = im(unit, t, b2, a3, b3, w, 2);
    a3 = re(unit, a3, b3, t, u, w, 3); b3 = im(unit, s, b3, t, u, w, 3);
    t = a0; u = b0; s = a2;
    a0 = re(unit, a0, b0, a2, b2, w, 4); b0 = im(unit, t, b0, a2, b2, w, 4);
    a2 = re(unit, a2, b2, t, u, w, 6); b2 = im(unit, s, b2, t, u, w, 6);
    t = a1; u = b1; s = a3;
    a1 = re(unit, a1, b1, a3, b3, w, 5); b1 = im(unit, t, b1, a3, b3, w, 5);
    a3 = re(unit, a3, b3, t, u, w, 7); b3 = im(unit, s, b3, t, u, w, 7);
    w += unit ? 256 : 512;
    if (lanes == 2) {
      t = swap2(a0); u = swap2(b0); s = a0;
      a0 = re(unit, a0, b0, t, u, w, 0); b0 = im(unit, s, b0, t, u, w, 0);
      t = swap2(a1); u = swap2(b1); s = a1;
      a1 = re(unit, a1, b1, t, u, w, 1); b1 = im(unit, s, b1, t, u, w, 1);
      t = swap2(a2); u = swap2(b2); s = a2;
      a2 = re(unit, a2, b2, t, u, w, 2); b2 = im(unit, s, b2, t, u, w, 2);
      t = swap2(a3); u = swap2(b3); s = a3;
      a3 = re(unit, a3, b3, t, u, w, 3); b3 = im(unit, s, b3, t, u, w, 3);
      t = swap1(a0); u = swap1(b0); s = a0;
      a0 = re(unit, a0, b0, t, u, w, 4); b0 = im(unit, s, b0, t, u, w, 4);
      t = swap1(a1); u = swap1(b1); s = a1;
      a1 = re(unit, a1, b1, t, u, w, 5); b1 = im(unit, s, b1, t, u, w, 5);
      t = swap1(a2); u = swap1(b2); s = a2;
      a2 = re(unit, a2, b2, t, u, w, 6); b2 = im(unit, s, b2, t, u, w, 6);
      t = swap1(a3); u = swap1(b3); s = a3;
      a3 = re(unit, a3, b3, t, u, w, 7); b3 = im(unit, s, b3, t, u, w, 7);
      w += unit ? 256 : 512;
    }
    if (format & 4) {
      t = get(w, 0); u = get(w, 16); s = a0;
      a0 = nmadd(u, b0, mul(t, s)); b0 = madd(u, s, mul(t, b0));
      t = get(w, 32); u = get(w, 48); s = a1;
      a1 = nmadd(u, b1, mul(t, s)); b1 = madd(u, s, mul(t, b1));
      t = get(w, 64); u = get(w, 80); s = a2;
      a2 = nmadd(u, b2, mul(t, s)); b2 = madd(u, s, mul(t, b2));
      t = get(w, 96); u = get(w, 112); s = a3;
      a3 = nmadd(u, b3, mul(t, s)); b3 = madd(u, s, mul(t, b3));
      w += 128;
    }
    if (format & 2) {
      t = a0; a0 = zipLow(t, b0); b0 = zipHigh(t, b0);
      t = a1; a1 = zipLow(t, b1); b1 = zipHigh(t, b1);
      t = a2; a2 = zipLow(t, b2); b2 = zipHigh(t, b2);
      t = a3; a3 = zipLow(t, b3); b3 = zipHigh(t, b3);
    }
    put(q, a0); put(q + 16, b0);
    const q1 = q + ea;
    put(q1, a1); put(q1 + 16, b1);
    const q2 = q + eb;
    put(q2, a2); put(q2 + 16, b2);
    const q3 = q + ea + eb;
    put(q3, a3); put(q3 + 16, b3);
  }
}

// The loops below are compiled once for each radix and form; `lanes` stays a branch, which costs nothing
// measurable and keeps the module a third of the size.
function pass2General(lanes: i32, r: usize, base: usize, src: usize, dst: usize): void {
  pass2(false, lanes, r, base, src, dst);
}
function pass2Unit(lanes: i32, r: usize, base: usize, src: usize, dst: usize): void {
  pass2(true, lanes, r, base, src, dst);
}
function pass4General(lanes: i32, r: usize, base: usize, src: usize, dst: usize): void {
  pass4(false, lanes, r, base, src, dst);
}
function pass4Unit(lanes: i32, r: usize, base: usize, src: usize, dst: usize): void {
  pass4(true, lanes, r, base, src, dst);
}

/** Runs one pass on one row; kind = (log₂ radix − 1) · 6 + (unit form ? 3 : 0) + lanes. */
export function complexPass(kind: i32, r: usize, base: usize, src: usize, dst: usize): void {
  const lanes = kind % 3;
  switch (kind / 3) {
    case 0: return pass2General(lanes, r, base, src, dst);
    case 1: return pass2Unit(lanes, r, base, src, dst);
    case 2: return pass4General(lanes, r, base, src, dst);
    case 3: return pass4Unit(lanes, r, base, src, dst);
  }
}
