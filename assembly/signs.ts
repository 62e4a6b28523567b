// Passes of factors whose blocks are all [[1, 1], [1, −1]]: no weights, one addition for each output. Otherwise as
// real.ts. The factors commute, so `lanes` (those of stride 1 and 2) always come first.

import { A, A2, B, B2, C, C2, COUNT, EXTRA, TABLE, WEIGHTS, field } from "./record";
import { add, get, madd, mul, put, sub, swap1, swap2 } from "./vec";

// @ts-ignore: decorator
@inline
function signs1(x: v128): v128 {
  return madd(f32x4(1, -1, 1, -1), x, swap1(x));
}

// @ts-ignore: decorator
@inline
function signs2(x: v128): v128 {
  return madd(f32x4(1, 1, -1, -1), x, swap2(x));
}

export function sign2(lanes: i32, r: usize, src: usize, dst: usize): void {
  let w: usize = field(r, WEIGHTS), table: usize = field(r, TABLE);
  const a = field(r, A);
  const a2 = field(r, A2);
  const end = table + (<usize>field(r, COUNT) << 3);
  const scaled = (field(r, EXTRA) & 4) != 0;
  while (table < end) {
    const p = src + load<u32>(table), q = dst + load<u32>(table, 4);
    table += 8;
    let x0 = get(p, 0);
    let x1 = get(p + a, 0);
    let t: v128;
    if (lanes) {
      x0 = signs2(signs1(x0));
      x1 = signs2(signs1(x1));
    }
    t = x0; x0 = add(t, x1); x1 = sub(t, x1);
    if (scaled) {
      x0 = mul(x0, get(w, 0));
      x1 = mul(x1, get(w, 16)); w += 32;
    }
    put(q, x0);
    put(q + a2, x1);
  }
}

export function sign4(lanes: i32, r: usize, src: usize, dst: usize): void {
  let w: usize = field(r, WEIGHTS), table: usize = field(r, TABLE);
  const a = field(r, A), b = field(r, B);
  const a2 = field(r, A2), b2 = field(r, B2);
  const end = table + (<usize>field(r, COUNT) << 3);
  const scaled = (field(r, EXTRA) & 4) != 0;
  while (table < end) {
    const p = src + load<u32>(table), q = dst + load<u32>(table, 4);
    table += 8;
    let x0 = get(p, 0);
    let x1 = get(p + a, 0);
    let x2 = get(p + b, 0);
    let x3 = get(p + a + b, 0);
    let t: v128;
    if (lanes) {
      x0 = signs2(signs1(x0));
      x1 = signs2(signs1(x1));
      x2 = signs2(signs1(x2));
      x3 = signs2(signs1(x3));
    }
    t = x0; x0 = add(t, x1); x1 = sub(t, x1);
    t = x2; x2 = add(t, x3); x3 = sub(t, x3);
    t = x0; x0 = add(t, x2); x2 = sub(t, x2);
    t = x1; x1 = add(t, x3); x3 = sub(t, x3);
    if (scaled) {
      x0 = mul(x0, get(w, 0));
      x1 = mul(x1, get(w, 16));
      x2 = mul(x2, get(w, 32));
      x3 = mul(x3, get(w, 48)); w += 64;
    }
    put(q, x0);
    put(q + a2, x1);
    put(q + b2, x2);
    put(q + a2 + b2, x3);
  }
}

export function sign8(lanes: i32, r: usize, src: usize, dst: usize): void {
  let w: usize = field(r, WEIGHTS), table: usize = field(r, TABLE);
  const a = field(r, A), b = field(r, B), c = field(r, C);
  const a2 = field(r, A2), b2 = field(r, B2), c2 = field(r, C2);
  const end = table + (<usize>field(r, COUNT) << 3);
  const scaled = (field(r, EXTRA) & 4) != 0;
  while (table < end) {
    const p = src + load<u32>(table), q = dst + load<u32>(table, 4);
    table += 8;
    let x0 = get(p, 0);
    let x1 = get(p + a, 0);
    let x2 = get(p + b, 0);
    let x3 = get(p + a + b, 0);
    let x4 = get(p + c, 0);
    let x5 = get(p + a + c, 0);
    let x6 = get(p + b + c, 0);
    let x7 = get(p + a + b + c, 0);
    let t: v128;
    if (lanes) {
      x0 = signs2(signs1(x0));
      x1 = signs2(signs1(x1));
      x2 = signs2(signs1(x2));
      x3 = signs2(signs1(x3));
      x4 = signs2(signs1(x4));
      x5 = signs2(signs1(x5));
      x6 = signs2(signs1(x6));
      x7 = signs2(signs1(x7));
    }
    t = x0; x0 = add(t, x1); x1 = sub(t, x1);
    t = x2; x2 = add(t, x3); x3 = sub(t, x3);
    t = x4; x4 = add(t, x5); x5 = sub(t, x5);
    t = x6; x6 = add(t, x7); x7 = sub(t, x7);
    t = x0; x0 = add(t, x2); x2 = sub(t, x2);
    t = x1; x1 = add(t, x3); x3 = sub(t, x3);
    t = x4; x4 = add(t, x6); x6 = sub(t, x6);
    t = x5; x5 = add(t, x7); x7 = sub(t, x7);
    t = x0; x0 = add(t, x4); x4 = sub(t, x4);
    t = x1; x1 = add(t, x5); x5 = sub(t, x5);
    t = x2; x2 = add(t, x6); x6 = sub(t, x6);
    t = x3; x3 = add(t, x7); x7 = sub(t, x7);
    if (scaled) {
      x0 = mul(x0, get(w, 0));
      x1 = mul(x1, get(w, 16));
      x2 = mul(x2, get(w, 32));
      x3 = mul(x3, get(w, 48)); w += 64;
      x4 = mul(x4, get(w, 0));
      x5 = mul(x5, get(w, 16));
      x6 = mul(x6, get(w, 32));
      x7 = mul(x7, get(w, 48)); w += 64;
    }
    put(q, x0);
    put(q + a2, x1);
    put(q + b2, x2);
    put(q + a2 + b2, x3);
    put(q + c2, x4);
    put(q + a2 + c2, x5);
    put(q + b2 + c2, x6);
    put(q + a2 + b2 + c2, x7);
  }
}
