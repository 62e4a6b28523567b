// Passes of factors whose blocks are all [[1, 1], [1, −1]]: no weights, one addition for each output. Otherwise as
// real.ts. The factors commute, so `lanes` (those of stride 1 and 2) always come first.

import { A, A2, B, B2, C, C2, COUNT, D, EXTRA, TABLE, WEIGHTS, field } from "./record.ts";
import { add, get, madd, mul, put, sub, swap1, swap2 } from "./vec.ts";

// Read from memory at the start of a pass, so that they stay in registers: an engine makes a constant anew at each use.
const ALTERNATE = memory.data<f32>([1, -1, 1, -1, 1, 1, -1, -1], 16);

/** The factors of stride 1 and 2 on the lanes of a vector. */
// @ts-ignore: decorator
@inline
function signs(x: v128, one: v128, two: v128): v128 {
  x = madd(one, x, swap1(x));
  return madd(two, x, swap2(x));
}

export function sign2(lanes: i32, r: usize, src: usize, dst: usize): void {
  let w: usize = field(r, WEIGHTS), table: usize = field(r, TABLE);
  const a = field(r, A);
  const a2 = field(r, A2);
  const end = table + (<usize>field(r, COUNT) << 3);
  const scaled = (field(r, EXTRA) & 4) != 0;
  const one = get(ALTERNATE, 0), two = get(ALTERNATE, 16);
  while (table < end) {
    const p = src + load<u32>(table), q = dst + load<u32>(table, 4);
    table += 8;
    let x0 = get(p, 0);
    let x1 = get(p + a, 0);
    let t: v128;
    if (lanes) {
      x0 = signs(x0, one, two);
      x1 = signs(x1, one, two);
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
  const one = get(ALTERNATE, 0), two = get(ALTERNATE, 16);
  while (table < end) {
    const p = src + load<u32>(table), q = dst + load<u32>(table, 4);
    table += 8;
    let x0 = get(p, 0);
    let x1 = get(p + a, 0);
    let x2 = get(p + b, 0);
    let x3 = get(p + a + b, 0);
    let t: v128;
    if (lanes) {
      x0 = signs(x0, one, two);
      x1 = signs(x1, one, two);
      x2 = signs(x2, one, two);
      x3 = signs(x3, one, two);
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
  const one = get(ALTERNATE, 0), two = get(ALTERNATE, 16);
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
      x0 = signs(x0, one, two);
      x1 = signs(x1, one, two);
      x2 = signs(x2, one, two);
      x3 = signs(x3, one, two);
      x4 = signs(x4, one, two);
      x5 = signs(x5, one, two);
      x6 = signs(x6, one, two);
      x7 = signs(x7, one, two);
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

export function sign16(lanes: i32, r: usize, src: usize, dst: usize): void {
  let w: usize = field(r, WEIGHTS), table: usize = field(r, TABLE);
  const a = field(r, A), b = field(r, B), c = field(r, C), d = field(r, D);
  const end = table + (<usize>field(r, COUNT) << 3);
  const scaled = (field(r, EXTRA) & 4) != 0;
  const one = get(ALTERNATE, 0), two = get(ALTERNATE, 16);
  while (table < end) {
    const p = src + load<u32>(table), q = dst + load<u32>(table, 4);
    table += 8;
    const pc = p + c, pd = p + d, pe = pc + d, qc = q + c, qd = q + d, qe = qc + d;
    let x0 = get(p, 0);
    let x1 = get(p + a, 0);
    let x2 = get(p + b, 0);
    let x3 = get(p + a + b, 0);
    let x4 = get(pc, 0);
    let x5 = get(pc + a, 0);
    let x6 = get(pc + b, 0);
    let x7 = get(pc + a + b, 0);
    let x8 = get(pd, 0);
    let x9 = get(pd + a, 0);
    let x10 = get(pd + b, 0);
    let x11 = get(pd + a + b, 0);
    let x12 = get(pe, 0);
    let x13 = get(pe + a, 0);
    let x14 = get(pe + b, 0);
    let x15 = get(pe + a + b, 0);
    let t: v128;
    if (lanes) {
      x0 = signs(x0, one, two);
      x1 = signs(x1, one, two);
      x2 = signs(x2, one, two);
      x3 = signs(x3, one, two);
      x4 = signs(x4, one, two);
      x5 = signs(x5, one, two);
      x6 = signs(x6, one, two);
      x7 = signs(x7, one, two);
      x8 = signs(x8, one, two);
      x9 = signs(x9, one, two);
      x10 = signs(x10, one, two);
      x11 = signs(x11, one, two);
      x12 = signs(x12, one, two);
      x13 = signs(x13, one, two);
      x14 = signs(x14, one, two);
      x15 = signs(x15, one, two);
    }
    t = x0; x0 = add(t, x1); x1 = sub(t, x1);
    t = x2; x2 = add(t, x3); x3 = sub(t, x3);
    t = x4; x4 = add(t, x5); x5 = sub(t, x5);
    t = x6; x6 = add(t, x7); x7 = sub(t, x7);
    t = x8; x8 = add(t, x9); x9 = sub(t, x9);
    t = x10; x10 = add(t, x11); x11 = sub(t, x11);
    t = x12; x12 = add(t, x13); x13 = sub(t, x13);
    t = x14; x14 = add(t, x15); x15 = sub(t, x15);
    t = x0; x0 = add(t, x2); x2 = sub(t, x2);
    t = x1; x1 = add(t, x3); x3 = sub(t, x3);
    t = x4; x4 = add(t, x6); x6 = sub(t, x6);
    t = x5; x5 = add(t, x7); x7 = sub(t, x7);
    t = x8; x8 = add(t, x10); x10 = sub(t, x10);
    t = x9; x9 = add(t, x11); x11 = sub(t, x11);
    t = x12; x12 = add(t, x14); x14 = sub(t, x14);
    t = x13; x13 = add(t, x15); x15 = sub(t, x15);
    t = x0; x0 = add(t, x4); x4 = sub(t, x4);
    t = x1; x1 = add(t, x5); x5 = sub(t, x5);
    t = x2; x2 = add(t, x6); x6 = sub(t, x6);
    t = x3; x3 = add(t, x7); x7 = sub(t, x7);
    t = x8; x8 = add(t, x12); x12 = sub(t, x12);
    t = x9; x9 = add(t, x13); x13 = sub(t, x13);
    t = x10; x10 = add(t, x14); x14 = sub(t, x14);
    t = x11; x11 = add(t, x15); x15 = sub(t, x15);
    t = x0; x0 = add(t, x8); x8 = sub(t, x8);
    t = x1; x1 = add(t, x9); x9 = sub(t, x9);
    t = x2; x2 = add(t, x10); x10 = sub(t, x10);
    t = x3; x3 = add(t, x11); x11 = sub(t, x11);
    t = x4; x4 = add(t, x12); x12 = sub(t, x12);
    t = x5; x5 = add(t, x13); x13 = sub(t, x13);
    t = x6; x6 = add(t, x14); x14 = sub(t, x14);
    t = x7; x7 = add(t, x15); x15 = sub(t, x15);
    if (scaled) {
      x0 = mul(x0, get(w, 0));
      x1 = mul(x1, get(w, 16));
      x2 = mul(x2, get(w, 32));
      x3 = mul(x3, get(w, 48)); w += 64;
      x4 = mul(x4, get(w, 0));
      x5 = mul(x5, get(w, 16));
      x6 = mul(x6, get(w, 32));
      x7 = mul(x7, get(w, 48)); w += 64;
      x8 = mul(x8, get(w, 0));
      x9 = mul(x9, get(w, 16));
      x10 = mul(x10, get(w, 32));
      x11 = mul(x11, get(w, 48)); w += 64;
      x12 = mul(x12, get(w, 0));
      x13 = mul(x13, get(w, 16));
      x14 = mul(x14, get(w, 32));
      x15 = mul(x15, get(w, 48)); w += 64;
    }
    put(q, x0);
    put(q + a, x1);
    put(q + b, x2);
    put(q + a + b, x3);
    put(qc, x4);
    put(qc + a, x5);
    put(qc + b, x6);
    put(qc + a + b, x7);
    put(qd, x8);
    put(qd + a, x9);
    put(qd + b, x10);
    put(qd + a + b, x11);
    put(qe, x12);
    put(qe + a, x13);
    put(qe + b, x14);
    put(qe + a + b, x15);
  }
}
