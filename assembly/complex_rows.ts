// Complex passes over the rows of a batch: as complex.ts (unit form) and twiddles.ts, but with the rows inside, so that
// the weights of an iteration are read once for all of them. What does not fit into registers the engine spills to the
// stack, where reading costs less than from memory, whose accesses are checked.

import { A, A2, B, B2, COUNT, DST_ROW, EXTRA, SRC_ROW, TABLE, WEIGHTS, field } from "./record.ts";
import { add, evens, get, highs, lows, madd, mul, nmadd, odds, put, sub, zipHigh, zipLow } from "./vec.ts";

/** x + o·partner, real part. */
// @ts-ignore: decorator
@inline
function re(x: v128, or: v128, oi: v128, pr: v128, pi: v128): v128 {
  return nmadd(oi, pi, madd(or, pr, x));
}

/** x + o·partner, imaginary part. */
// @ts-ignore: decorator
@inline
function im(y: v128, or: v128, oi: v128, pr: v128, pi: v128): v128 {
  return madd(oi, pr, madd(or, pi, y));
}

/** w·x, real part. */
// @ts-ignore: decorator
@inline
function reMul(wr: v128, wi: v128, x: v128, y: v128): v128 {
  return nmadd(wi, y, mul(wr, x));
}

/** w·x, imaginary part. */
// @ts-ignore: decorator
@inline
function imMul(wr: v128, wi: v128, x: v128, y: v128): v128 {
  return madd(wi, x, mul(wr, y));
}

export function complex4Rows(r: usize, src: usize, dst: usize, rows: i32): void {
  let w: usize = field(r, WEIGHTS), table: usize = field(r, TABLE);
  const a = field(r, A), b = field(r, B);
  const a2 = field(r, A2), b2 = field(r, B2);
  const srcRow: usize = field(r, SRC_ROW), dstRow: usize = field(r, DST_ROW);
  const end = table + (<usize>field(r, COUNT) << 3);
  const format = field(r, EXTRA);
  while (table < end) {
    let p = src + load<u32>(table), q = dst + load<u32>(table, 4);
    table += 8;
    const r0 = get(w, 0), i0 = get(w, 16); w += 32;
    const r1 = get(w, 0), i1 = get(w, 16); w += 32;
    const r2 = get(w, 0), i2 = get(w, 16); w += 32;
    const r3 = get(w, 0), i3 = get(w, 16); w += 32;
    const r4 = get(w, 0), i4 = get(w, 16); w += 32;
    const r5 = get(w, 0), i5 = get(w, 16); w += 32;
    const r6 = get(w, 0), i6 = get(w, 16); w += 32;
    const r7 = get(w, 0), i7 = get(w, 16); w += 32;
    for (let left = rows; left > 0; left--) {
      let s: v128, t: v128, u: v128;
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
      s = x0; t = y0;
      y0 = im(t, r0, i0, x1, y1); x0 = re(s, r0, i0, x1, y1);
      u = y1; y1 = im(u, r1, i1, s, t); x1 = re(x1, r1, i1, s, t);
      s = x2; t = y2;
      y2 = im(t, r2, i2, x3, y3); x2 = re(s, r2, i2, x3, y3);
      u = y3; y3 = im(u, r3, i3, s, t); x3 = re(x3, r3, i3, s, t);
      s = x0; t = y0;
      y0 = im(t, r4, i4, x2, y2); x0 = re(s, r4, i4, x2, y2);
      u = y2; y2 = im(u, r5, i5, s, t); x2 = re(x2, r5, i5, s, t);
      s = x1; t = y1;
      y1 = im(t, r6, i6, x3, y3); x1 = re(s, r6, i6, x3, y3);
      u = y3; y3 = im(u, r7, i7, s, t); x3 = re(x3, r7, i7, s, t);
      if (format & 4) {
        s = x0;
        x0 = reMul(get(w, 0), get(w, 16), s, y0); y0 = imMul(get(w, 0), get(w, 16), s, y0);
        s = x1;
        x1 = reMul(get(w, 32), get(w, 48), s, y1); y1 = imMul(get(w, 32), get(w, 48), s, y1);
        s = x2;
        x2 = reMul(get(w, 64), get(w, 80), s, y2); y2 = imMul(get(w, 64), get(w, 80), s, y2);
        s = x3;
        x3 = reMul(get(w, 96), get(w, 112), s, y3); y3 = imMul(get(w, 96), get(w, 112), s, y3);
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
      p += srcRow;
      q += dstRow;
    }
    if (format & 4) w += 128;
  }
}

/** `lanes` is 0 or 3. */
export function twiddle4Rows(lanes: i32, r: usize, src: usize, dst: usize, rows: i32): void {
  const weights: usize = field(r, WEIGHTS);
  let table: usize = field(r, TABLE);
  const a = field(r, A), b = field(r, B);
  const a2 = field(r, A2), b2 = field(r, B2);
  const srcRow: usize = field(r, SRC_ROW), dstRow: usize = field(r, DST_ROW);
  const end = table + <usize>field(r, COUNT) * 12;
  const format = field(r, EXTRA);
  while (table < end) {
    let p = src + load<u32>(table), q = dst + load<u32>(table, 4);
    let w = weights + load<u32>(table, 8);
    table += 12;
    const r0 = get(w, 0), i0 = get(w, 16); w += 32;
    const r1 = get(w, 0), i1 = get(w, 16); w += 32;
    const r2 = get(w, 0), i2 = get(w, 16); w += 32;
    const r3 = get(w, 0), i3 = get(w, 16); w += 32;
    for (let left = rows; left > 0; left--) {
      let s: v128, t: v128, u: v128;
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
      s = reMul(r0, i0, x1, y1); t = imMul(r0, i0, x1, y1);
      x1 = sub(x0, s); y1 = sub(y0, t); x0 = add(x0, s); y0 = add(y0, t);
      s = reMul(r1, i1, x3, y3); t = imMul(r1, i1, x3, y3);
      x3 = sub(x2, s); y3 = sub(y2, t); x2 = add(x2, s); y2 = add(y2, t);
      s = reMul(r2, i2, x2, y2); t = imMul(r2, i2, x2, y2);
      x2 = sub(x0, s); y2 = sub(y0, t); x0 = add(x0, s); y0 = add(y0, t);
      s = reMul(r3, i3, x3, y3); t = imMul(r3, i3, x3, y3);
      x3 = sub(x1, s); y3 = sub(y1, t); x1 = add(x1, s); y1 = add(y1, t);
      if (format & 4) {
        s = x0;
        x0 = reMul(get(w, 0), get(w, 16), s, y0); y0 = imMul(get(w, 0), get(w, 16), s, y0);
        s = x1;
        x1 = reMul(get(w, 32), get(w, 48), s, y1); y1 = imMul(get(w, 32), get(w, 48), s, y1);
        s = x2;
        x2 = reMul(get(w, 64), get(w, 80), s, y2); y2 = imMul(get(w, 64), get(w, 80), s, y2);
        s = x3;
        x3 = reMul(get(w, 96), get(w, 112), s, y3); y3 = imMul(get(w, 96), get(w, 112), s, y3);
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
      p += srcRow;
      q += dstRow;
    }
  }
}
