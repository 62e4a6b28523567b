// Complex passes of factors whose blocks are all [[1, w], [1, −w]], those of a Fourier transform among them: one complex
// product serves two outputs. Otherwise as complex.ts, but an entry of the table has a third number, the offset of the
// weights of the iteration, so that iterations with the same weights share them. `lanes` is 0 or 3.

import { A, A2, B, B2, COUNT, EXTRA, TABLE, WEIGHTS, field } from "./record.ts";
import { add, evens, get, highs, lows, madd, mul, nmadd, odds, put, sub, zipHigh, zipLow } from "./vec.ts";

export function twiddle2(lanes: i32, r: usize, src: usize, dst: usize): void {
  const weights: usize = field(r, WEIGHTS);
  let table: usize = field(r, TABLE);
  const a = field(r, A);
  const a2 = field(r, A2);
  const end = table + <usize>field(r, COUNT) * 12;
  const format = field(r, EXTRA);
  while (table < end) {
    const p = src + load<u32>(table), q = dst + load<u32>(table, 4);
    let w = weights + load<u32>(table, 8);
    table += 12;
    let s: v128, t: v128, u: v128, v: v128, or: v128, oi: v128;
    let x0 = get(p, 0), y0 = get(p, 16);
    const p1 = p + a;
    let x1 = get(p1, 0), y1 = get(p1, 16);
    if (format & 1) {
      t = x0; x0 = evens(t, y0); y0 = odds(t, y0);
      t = x1; x1 = evens(t, y1); y1 = odds(t, y1);
    }
    or = get(w, 0); oi = get(w, 16);
    u = nmadd(oi, y1, mul(or, x1)); v = madd(oi, x1, mul(or, y1));
    x1 = sub(x0, u); y1 = sub(y0, v); x0 = add(x0, u); y0 = add(y0, v);
    w += 32;
    if (format & 4) {
      or = get(w, 0); oi = get(w, 16); s = x0;
      x0 = nmadd(oi, y0, mul(or, s)); y0 = madd(oi, s, mul(or, y0));
      or = get(w, 32); oi = get(w, 48); s = x1; w += 64;
      x1 = nmadd(oi, y1, mul(or, s)); y1 = madd(oi, s, mul(or, y1));
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

export function twiddle4(lanes: i32, r: usize, src: usize, dst: usize): void {
  const weights: usize = field(r, WEIGHTS);
  let table: usize = field(r, TABLE);
  const a = field(r, A), b = field(r, B);
  const a2 = field(r, A2), b2 = field(r, B2);
  const end = table + <usize>field(r, COUNT) * 12;
  const format = field(r, EXTRA);
  while (table < end) {
    const p = src + load<u32>(table), q = dst + load<u32>(table, 4);
    let w = weights + load<u32>(table, 8);
    table += 12;
    let s: v128, t: v128, u: v128, v: v128, or: v128, oi: v128;
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
    or = get(w, 0); oi = get(w, 16);
    u = nmadd(oi, y1, mul(or, x1)); v = madd(oi, x1, mul(or, y1));
    x1 = sub(x0, u); y1 = sub(y0, v); x0 = add(x0, u); y0 = add(y0, v);
    or = get(w, 32); oi = get(w, 48); w += 64;
    u = nmadd(oi, y3, mul(or, x3)); v = madd(oi, x3, mul(or, y3));
    x3 = sub(x2, u); y3 = sub(y2, v); x2 = add(x2, u); y2 = add(y2, v);
    or = get(w, 0); oi = get(w, 16);
    u = nmadd(oi, y2, mul(or, x2)); v = madd(oi, x2, mul(or, y2));
    x2 = sub(x0, u); y2 = sub(y0, v); x0 = add(x0, u); y0 = add(y0, v);
    or = get(w, 32); oi = get(w, 48); w += 64;
    u = nmadd(oi, y3, mul(or, x3)); v = madd(oi, x3, mul(or, y3));
    x3 = sub(x1, u); y3 = sub(y1, v); x1 = add(x1, u); y1 = add(y1, v);
    if (format & 4) {
      or = get(w, 0); oi = get(w, 16); s = x0;
      x0 = nmadd(oi, y0, mul(or, s)); y0 = madd(oi, s, mul(or, y0));
      or = get(w, 32); oi = get(w, 48); s = x1; w += 64;
      x1 = nmadd(oi, y1, mul(or, s)); y1 = madd(oi, s, mul(or, y1));
      or = get(w, 0); oi = get(w, 16); s = x2;
      x2 = nmadd(oi, y2, mul(or, s)); y2 = madd(oi, s, mul(or, y2));
      or = get(w, 32); oi = get(w, 48); s = x3; w += 64;
      x3 = nmadd(oi, y3, mul(or, s)); y3 = madd(oi, s, mul(or, y3));
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
