// Complex butterfly passes: as the real ones (see real.ts), on two or four complex vectors x + iy.
//
// Between passes four complex numbers lie as four real parts and then four imaginary parts, so that a complex
// product is four multiply-adds and no shuffle. Bits of EXTRA: 1, the source is interleaved (re, im, re, im …); 2, the
// destination is; 4, a diagonal follows the last factor. Each weight is four real parts and then four imaginary parts.

import { A, A2, B, B2, COUNT, EXTRA, TABLE, WEIGHTS, field } from "./record.ts";
import { evens, get, highs, lows, madd, mul, nmadd, odds, put, swap1, swap2, zipHigh, zipLow } from "./vec.ts";

/**
 * What the own weight d at `at` makes of x + iy: x in unit form, else the real part x·re − y·im, or with the two parts
 * exchanged and `real` false the imaginary part.
 */
// @ts-ignore: decorator
@inline
function own(unit: bool, x: v128, y: v128, w: usize, at: i32, real: bool): v128 {
  if (unit) return x;
  const product = mul(get(w, at), x);
  return real ? nmadd(get(w, at + 16), y, product) : madd(get(w, at + 16), y, product);
}

// @ts-ignore: decorator
@inline
function pass2(unit: bool, lanes: i32, r: usize, src: usize, dst: usize): void {
  let w: usize = field(r, WEIGHTS), table: usize = field(r, TABLE);
  const a = field(r, A);
  const a2 = field(r, A2);
  const end = table + (<usize>field(r, COUNT) << 3);
  const format = field(r, EXTRA);
  while (table < end) {
    const p = src + load<u32>(table), q = dst + load<u32>(table, 4);
    table += 8;
    let s: v128, t: v128, u: v128, or: v128, oi: v128;
    let x0 = get(p, 0), y0 = get(p, 16);
    const p1 = p + a;
    let x1 = get(p1, 0), y1 = get(p1, 16);
    if (format & 1) {
      t = x0; x0 = evens(t, y0); y0 = odds(t, y0);
      t = x1; x1 = evens(t, y1); y1 = odds(t, y1);
    }
    if (lanes == 1) {
      s = swap1(x0); t = swap1(y0);
      or = get(w, unit ? 0 : 32); oi = get(w, unit ? 16 : 48); u = own(unit, x0, y0, w, 0, true);
      y0 = madd(oi, s, madd(or, t, own(unit, y0, x0, w, 0, false))); x0 = nmadd(oi, t, madd(or, s, u));
      s = swap1(x1); t = swap1(y1);
      or = get(w, unit ? 32 : 96); oi = get(w, unit ? 48 : 112); u = own(unit, x1, y1, w, 64, true);
      y1 = madd(oi, s, madd(or, t, own(unit, y1, x1, w, 64, false))); x1 = nmadd(oi, t, madd(or, s, u));
      w += unit ? 64 : 128;
      s = swap2(x0); t = swap2(y0);
      or = get(w, unit ? 0 : 32); oi = get(w, unit ? 16 : 48); u = own(unit, x0, y0, w, 0, true);
      y0 = madd(oi, s, madd(or, t, own(unit, y0, x0, w, 0, false))); x0 = nmadd(oi, t, madd(or, s, u));
      s = swap2(x1); t = swap2(y1);
      or = get(w, unit ? 32 : 96); oi = get(w, unit ? 48 : 112); u = own(unit, x1, y1, w, 64, true);
      y1 = madd(oi, s, madd(or, t, own(unit, y1, x1, w, 64, false))); x1 = nmadd(oi, t, madd(or, s, u));
      w += unit ? 64 : 128;
    }
    s = x0; t = y0;
    or = get(w, unit ? 0 : 32); oi = get(w, unit ? 16 : 48); u = own(unit, x0, y0, w, 0, true);
    y0 = madd(oi, x1, madd(or, y1, own(unit, y0, x0, w, 0, false))); x0 = nmadd(oi, y1, madd(or, x1, u));
    or = get(w, unit ? 32 : 96); oi = get(w, unit ? 48 : 112); u = own(unit, x1, y1, w, 64, true);
    y1 = madd(oi, s, madd(or, t, own(unit, y1, x1, w, 64, false))); x1 = nmadd(oi, t, madd(or, s, u));
    w += unit ? 64 : 128;
    if (lanes == 2) {
      s = swap2(x0); t = swap2(y0);
      or = get(w, unit ? 0 : 32); oi = get(w, unit ? 16 : 48); u = own(unit, x0, y0, w, 0, true);
      y0 = madd(oi, s, madd(or, t, own(unit, y0, x0, w, 0, false))); x0 = nmadd(oi, t, madd(or, s, u));
      s = swap2(x1); t = swap2(y1);
      or = get(w, unit ? 32 : 96); oi = get(w, unit ? 48 : 112); u = own(unit, x1, y1, w, 64, true);
      y1 = madd(oi, s, madd(or, t, own(unit, y1, x1, w, 64, false))); x1 = nmadd(oi, t, madd(or, s, u));
      w += unit ? 64 : 128;
      s = swap1(x0); t = swap1(y0);
      or = get(w, unit ? 0 : 32); oi = get(w, unit ? 16 : 48); u = own(unit, x0, y0, w, 0, true);
      y0 = madd(oi, s, madd(or, t, own(unit, y0, x0, w, 0, false))); x0 = nmadd(oi, t, madd(or, s, u));
      s = swap1(x1); t = swap1(y1);
      or = get(w, unit ? 32 : 96); oi = get(w, unit ? 48 : 112); u = own(unit, x1, y1, w, 64, true);
      y1 = madd(oi, s, madd(or, t, own(unit, y1, x1, w, 64, false))); x1 = nmadd(oi, t, madd(or, s, u));
      w += unit ? 64 : 128;
    }
    if (format & 4) {
      or = get(w, 0); oi = get(w, 16); s = x0;
      x0 = nmadd(oi, y0, mul(or, s)); y0 = madd(oi, s, mul(or, y0));
      or = get(w, 32); oi = get(w, 48); s = x1;
      x1 = nmadd(oi, y1, mul(or, s)); y1 = madd(oi, s, mul(or, y1)); w += 64;
    }
    if (format & 2) {
      t = x0; x0 = zipLow(t, y0); y0 = zipHigh(t, y0);
      t = x1; x1 = zipLow(t, y1); y1 = zipHigh(t, y1);
    }
    put(q, x0); put(q + 16, y0);
    const q1 = q + a2;
    put(q1, x1); put(q1 + 16, y1);
  }
}

// @ts-ignore: decorator
@inline
function pass4(unit: bool, lanes: i32, r: usize, src: usize, dst: usize): void {
  let w: usize = field(r, WEIGHTS), table: usize = field(r, TABLE);
  const a = field(r, A), b = field(r, B);
  const a2 = field(r, A2), b2 = field(r, B2);
  const end = table + (<usize>field(r, COUNT) << 3);
  const format = field(r, EXTRA);
  while (table < end) {
    const p = src + load<u32>(table), q = dst + load<u32>(table, 4);
    table += 8;
    let s: v128, t: v128, u: v128, or: v128, oi: v128;
    let x0 = get(p, 0), y0 = get(p, 16);
    const p1 = p + a;
    let x1 = get(p1, 0), y1 = get(p1, 16);
    const p2 = p + b;
    let x2 = get(p2, 0), y2 = get(p2, 16);
    const p3 = p + a + b;
    let x3 = get(p3, 0), y3 = get(p3, 16);
    if (format & 1) {
      t = x0; x0 = evens(t, y0); y0 = odds(t, y0);
      t = x1; x1 = evens(t, y1); y1 = odds(t, y1);
      t = x2; x2 = evens(t, y2); y2 = odds(t, y2);
      t = x3; x3 = evens(t, y3); y3 = odds(t, y3);
    }
    if (lanes == 3) {
      s = zipHigh(x0, x1); u = zipHigh(x2, x3); t = zipLow(x0, x1); x3 = zipLow(x2, x3);
      x0 = lows(t, x3); x2 = highs(t, x3); x1 = lows(s, u); x3 = highs(s, u);
      s = zipHigh(y0, y1); u = zipHigh(y2, y3); t = zipLow(y0, y1); y3 = zipLow(y2, y3);
      y0 = lows(t, y3); y2 = highs(t, y3); y1 = lows(s, u); y3 = highs(s, u);
    }
    if (lanes == 1) {
      s = swap1(x0); t = swap1(y0);
      or = get(w, unit ? 0 : 32); oi = get(w, unit ? 16 : 48); u = own(unit, x0, y0, w, 0, true);
      y0 = madd(oi, s, madd(or, t, own(unit, y0, x0, w, 0, false))); x0 = nmadd(oi, t, madd(or, s, u));
      s = swap1(x1); t = swap1(y1);
      or = get(w, unit ? 32 : 96); oi = get(w, unit ? 48 : 112); u = own(unit, x1, y1, w, 64, true);
      y1 = madd(oi, s, madd(or, t, own(unit, y1, x1, w, 64, false))); x1 = nmadd(oi, t, madd(or, s, u));
      w += unit ? 64 : 128;
      s = swap1(x2); t = swap1(y2);
      or = get(w, unit ? 0 : 32); oi = get(w, unit ? 16 : 48); u = own(unit, x2, y2, w, 0, true);
      y2 = madd(oi, s, madd(or, t, own(unit, y2, x2, w, 0, false))); x2 = nmadd(oi, t, madd(or, s, u));
      s = swap1(x3); t = swap1(y3);
      or = get(w, unit ? 32 : 96); oi = get(w, unit ? 48 : 112); u = own(unit, x3, y3, w, 64, true);
      y3 = madd(oi, s, madd(or, t, own(unit, y3, x3, w, 64, false))); x3 = nmadd(oi, t, madd(or, s, u));
      w += unit ? 64 : 128;
      s = swap2(x0); t = swap2(y0);
      or = get(w, unit ? 0 : 32); oi = get(w, unit ? 16 : 48); u = own(unit, x0, y0, w, 0, true);
      y0 = madd(oi, s, madd(or, t, own(unit, y0, x0, w, 0, false))); x0 = nmadd(oi, t, madd(or, s, u));
      s = swap2(x1); t = swap2(y1);
      or = get(w, unit ? 32 : 96); oi = get(w, unit ? 48 : 112); u = own(unit, x1, y1, w, 64, true);
      y1 = madd(oi, s, madd(or, t, own(unit, y1, x1, w, 64, false))); x1 = nmadd(oi, t, madd(or, s, u));
      w += unit ? 64 : 128;
      s = swap2(x2); t = swap2(y2);
      or = get(w, unit ? 0 : 32); oi = get(w, unit ? 16 : 48); u = own(unit, x2, y2, w, 0, true);
      y2 = madd(oi, s, madd(or, t, own(unit, y2, x2, w, 0, false))); x2 = nmadd(oi, t, madd(or, s, u));
      s = swap2(x3); t = swap2(y3);
      or = get(w, unit ? 32 : 96); oi = get(w, unit ? 48 : 112); u = own(unit, x3, y3, w, 64, true);
      y3 = madd(oi, s, madd(or, t, own(unit, y3, x3, w, 64, false))); x3 = nmadd(oi, t, madd(or, s, u));
      w += unit ? 64 : 128;
    }
    s = x0; t = y0;
    or = get(w, unit ? 0 : 32); oi = get(w, unit ? 16 : 48); u = own(unit, x0, y0, w, 0, true);
    y0 = madd(oi, x1, madd(or, y1, own(unit, y0, x0, w, 0, false))); x0 = nmadd(oi, y1, madd(or, x1, u));
    or = get(w, unit ? 32 : 96); oi = get(w, unit ? 48 : 112); u = own(unit, x1, y1, w, 64, true);
    y1 = madd(oi, s, madd(or, t, own(unit, y1, x1, w, 64, false))); x1 = nmadd(oi, t, madd(or, s, u));
    w += unit ? 64 : 128;
    s = x2; t = y2;
    or = get(w, unit ? 0 : 32); oi = get(w, unit ? 16 : 48); u = own(unit, x2, y2, w, 0, true);
    y2 = madd(oi, x3, madd(or, y3, own(unit, y2, x2, w, 0, false))); x2 = nmadd(oi, y3, madd(or, x3, u));
    or = get(w, unit ? 32 : 96); oi = get(w, unit ? 48 : 112); u = own(unit, x3, y3, w, 64, true);
    y3 = madd(oi, s, madd(or, t, own(unit, y3, x3, w, 64, false))); x3 = nmadd(oi, t, madd(or, s, u));
    w += unit ? 64 : 128;
    s = x0; t = y0;
    or = get(w, unit ? 0 : 32); oi = get(w, unit ? 16 : 48); u = own(unit, x0, y0, w, 0, true);
    y0 = madd(oi, x2, madd(or, y2, own(unit, y0, x0, w, 0, false))); x0 = nmadd(oi, y2, madd(or, x2, u));
    or = get(w, unit ? 32 : 96); oi = get(w, unit ? 48 : 112); u = own(unit, x2, y2, w, 64, true);
    y2 = madd(oi, s, madd(or, t, own(unit, y2, x2, w, 64, false))); x2 = nmadd(oi, t, madd(or, s, u));
    w += unit ? 64 : 128;
    s = x1; t = y1;
    or = get(w, unit ? 0 : 32); oi = get(w, unit ? 16 : 48); u = own(unit, x1, y1, w, 0, true);
    y1 = madd(oi, x3, madd(or, y3, own(unit, y1, x1, w, 0, false))); x1 = nmadd(oi, y3, madd(or, x3, u));
    or = get(w, unit ? 32 : 96); oi = get(w, unit ? 48 : 112); u = own(unit, x3, y3, w, 64, true);
    y3 = madd(oi, s, madd(or, t, own(unit, y3, x3, w, 64, false))); x3 = nmadd(oi, t, madd(or, s, u));
    w += unit ? 64 : 128;
    if (lanes == 2) {
      s = swap2(x0); t = swap2(y0);
      or = get(w, unit ? 0 : 32); oi = get(w, unit ? 16 : 48); u = own(unit, x0, y0, w, 0, true);
      y0 = madd(oi, s, madd(or, t, own(unit, y0, x0, w, 0, false))); x0 = nmadd(oi, t, madd(or, s, u));
      s = swap2(x1); t = swap2(y1);
      or = get(w, unit ? 32 : 96); oi = get(w, unit ? 48 : 112); u = own(unit, x1, y1, w, 64, true);
      y1 = madd(oi, s, madd(or, t, own(unit, y1, x1, w, 64, false))); x1 = nmadd(oi, t, madd(or, s, u));
      w += unit ? 64 : 128;
      s = swap2(x2); t = swap2(y2);
      or = get(w, unit ? 0 : 32); oi = get(w, unit ? 16 : 48); u = own(unit, x2, y2, w, 0, true);
      y2 = madd(oi, s, madd(or, t, own(unit, y2, x2, w, 0, false))); x2 = nmadd(oi, t, madd(or, s, u));
      s = swap2(x3); t = swap2(y3);
      or = get(w, unit ? 32 : 96); oi = get(w, unit ? 48 : 112); u = own(unit, x3, y3, w, 64, true);
      y3 = madd(oi, s, madd(or, t, own(unit, y3, x3, w, 64, false))); x3 = nmadd(oi, t, madd(or, s, u));
      w += unit ? 64 : 128;
      s = swap1(x0); t = swap1(y0);
      or = get(w, unit ? 0 : 32); oi = get(w, unit ? 16 : 48); u = own(unit, x0, y0, w, 0, true);
      y0 = madd(oi, s, madd(or, t, own(unit, y0, x0, w, 0, false))); x0 = nmadd(oi, t, madd(or, s, u));
      s = swap1(x1); t = swap1(y1);
      or = get(w, unit ? 32 : 96); oi = get(w, unit ? 48 : 112); u = own(unit, x1, y1, w, 64, true);
      y1 = madd(oi, s, madd(or, t, own(unit, y1, x1, w, 64, false))); x1 = nmadd(oi, t, madd(or, s, u));
      w += unit ? 64 : 128;
      s = swap1(x2); t = swap1(y2);
      or = get(w, unit ? 0 : 32); oi = get(w, unit ? 16 : 48); u = own(unit, x2, y2, w, 0, true);
      y2 = madd(oi, s, madd(or, t, own(unit, y2, x2, w, 0, false))); x2 = nmadd(oi, t, madd(or, s, u));
      s = swap1(x3); t = swap1(y3);
      or = get(w, unit ? 32 : 96); oi = get(w, unit ? 48 : 112); u = own(unit, x3, y3, w, 64, true);
      y3 = madd(oi, s, madd(or, t, own(unit, y3, x3, w, 64, false))); x3 = nmadd(oi, t, madd(or, s, u));
      w += unit ? 64 : 128;
    }
    if (format & 4) {
      or = get(w, 0); oi = get(w, 16); s = x0;
      x0 = nmadd(oi, y0, mul(or, s)); y0 = madd(oi, s, mul(or, y0));
      or = get(w, 32); oi = get(w, 48); s = x1;
      x1 = nmadd(oi, y1, mul(or, s)); y1 = madd(oi, s, mul(or, y1)); w += 64;
      or = get(w, 0); oi = get(w, 16); s = x2;
      x2 = nmadd(oi, y2, mul(or, s)); y2 = madd(oi, s, mul(or, y2));
      or = get(w, 32); oi = get(w, 48); s = x3;
      x3 = nmadd(oi, y3, mul(or, s)); y3 = madd(oi, s, mul(or, y3)); w += 64;
    }
    if (format & 2) {
      t = x0; x0 = zipLow(t, y0); y0 = zipHigh(t, y0);
      t = x1; x1 = zipLow(t, y1); y1 = zipHigh(t, y1);
      t = x2; x2 = zipLow(t, y2); y2 = zipHigh(t, y2);
      t = x3; x3 = zipLow(t, y3); y3 = zipHigh(t, y3);
    }
    put(q, x0); put(q + 16, y0);
    const q1 = q + a2;
    put(q1, x1); put(q1 + 16, y1);
    const q2 = q + b2;
    put(q2, x2); put(q2 + 16, y2);
    const q3 = q + a2 + b2;
    put(q3, x3); put(q3 + 16, y3);
  }
}

// The loops are compiled once for each radix and form; `lanes` stays a branch, which keeps the module small.
export function complex2General(lanes: i32, r: usize, src: usize, dst: usize): void {
  pass2(false, lanes, r, src, dst);
}
export function complex2Unit(lanes: i32, r: usize, src: usize, dst: usize): void {
  pass2(true, lanes, r, src, dst);
}
export function complex4General(lanes: i32, r: usize, src: usize, dst: usize): void {
  pass4(false, lanes, r, src, dst);
}
export function complex4Unit(lanes: i32, r: usize, src: usize, dst: usize): void {
  pass4(true, lanes, r, src, dst);
}
