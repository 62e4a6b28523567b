// Real butterfly passes: several factors between one load and one store.
//
// A pass holds R = 2, 4, 8 or 16 vectors in registers (of 16 some are spilled to the stack, which costs less than
// memory, whose accesses are checked) and applies log₂R factors between them, in the order of the distances a, b, c, d; `lanes` adds the factors of stride 1 and 2, which pair lanes inside a vector, before (1: first
// 1, then 2) or after (2: first 2, then 1) the others, and 3 exchanges the lanes with the registers first: lane v of
// register t becomes lane t of register v, with the registers 1 and 2 exchanged after that, which is how a bit reversal
// is done on the way (see src/program/chain.ts). One iteration loads vectors around src + table[0] and
// writes them around dst + table[1].
//
// Weights come in the order of reading: for each iteration, for each factor, for each output (the two of a pair after
// each other), four lanes of `o` (unit form: y = x + o·partner) or of `d` and then of `o` (general form:
// y = d·x + o·partner). With bit 4 of EXTRA a diagonal follows the last factor: four lanes more for each register.

import { A, A2, B, B2, C, C2, COUNT, D, EXTRA, TABLE, WEIGHTS, field } from "./record.ts";
import { get, highs, lows, madd, mul, put, swap1, swap2, zipHigh, zipLow } from "./vec.ts";

/** One output of one factor: weight number `i` from `w` applied to x and its partner. */
// @ts-ignore: decorator
@inline
function mix(unit: bool, x: v128, partner: v128, w: usize, i: i32): v128 {
  if (unit) return madd(get(w, i * 16), partner, x);
  return madd(get(w, i * 32 + 16), partner, mul(get(w, i * 32), x));
}

// @ts-ignore: decorator
@inline
function pass2(unit: bool, lanes: i32, r: usize, src: usize, dst: usize): void {
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
    if (lanes == 1) {
      x0 = mix(unit, x0, swap1(x0), w, 0);
      x1 = mix(unit, x1, swap1(x1), w, 1); w += unit ? 32 : 64;
      x0 = mix(unit, x0, swap2(x0), w, 0);
      x1 = mix(unit, x1, swap2(x1), w, 1); w += unit ? 32 : 64;
    }
    t = x0; x0 = mix(unit, x0, x1, w, 0); x1 = mix(unit, x1, t, w, 1); w += unit ? 32 : 64;
    if (lanes == 2) {
      x0 = mix(unit, x0, swap2(x0), w, 0);
      x1 = mix(unit, x1, swap2(x1), w, 1); w += unit ? 32 : 64;
      x0 = mix(unit, x0, swap1(x0), w, 0);
      x1 = mix(unit, x1, swap1(x1), w, 1); w += unit ? 32 : 64;
    }
    if (scaled) {
      x0 = mul(x0, get(w, 0));
      x1 = mul(x1, get(w, 16)); w += 32;
    }
    put(q, x0);
    put(q + a2, x1);
  }
}

// @ts-ignore: decorator
@inline
function pass4(unit: bool, lanes: i32, r: usize, src: usize, dst: usize): void {
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
    if (lanes == 3) {
      const u = zipHigh(x0, x1), v = zipHigh(x2, x3);
      t = zipLow(x0, x1);
      x3 = zipLow(x2, x3);
      x0 = lows(t, x3);
      x2 = highs(t, x3);
      x1 = lows(u, v);
      x3 = highs(u, v);
    }
    if (lanes == 1) {
      x0 = mix(unit, x0, swap1(x0), w, 0);
      x1 = mix(unit, x1, swap1(x1), w, 1); w += unit ? 32 : 64;
      x2 = mix(unit, x2, swap1(x2), w, 0);
      x3 = mix(unit, x3, swap1(x3), w, 1); w += unit ? 32 : 64;
      x0 = mix(unit, x0, swap2(x0), w, 0);
      x1 = mix(unit, x1, swap2(x1), w, 1); w += unit ? 32 : 64;
      x2 = mix(unit, x2, swap2(x2), w, 0);
      x3 = mix(unit, x3, swap2(x3), w, 1); w += unit ? 32 : 64;
    }
    t = x0; x0 = mix(unit, x0, x1, w, 0); x1 = mix(unit, x1, t, w, 1); w += unit ? 32 : 64;
    t = x2; x2 = mix(unit, x2, x3, w, 0); x3 = mix(unit, x3, t, w, 1); w += unit ? 32 : 64;
    t = x0; x0 = mix(unit, x0, x2, w, 0); x2 = mix(unit, x2, t, w, 1); w += unit ? 32 : 64;
    t = x1; x1 = mix(unit, x1, x3, w, 0); x3 = mix(unit, x3, t, w, 1); w += unit ? 32 : 64;
    if (lanes == 2) {
      x0 = mix(unit, x0, swap2(x0), w, 0);
      x1 = mix(unit, x1, swap2(x1), w, 1); w += unit ? 32 : 64;
      x2 = mix(unit, x2, swap2(x2), w, 0);
      x3 = mix(unit, x3, swap2(x3), w, 1); w += unit ? 32 : 64;
      x0 = mix(unit, x0, swap1(x0), w, 0);
      x1 = mix(unit, x1, swap1(x1), w, 1); w += unit ? 32 : 64;
      x2 = mix(unit, x2, swap1(x2), w, 0);
      x3 = mix(unit, x3, swap1(x3), w, 1); w += unit ? 32 : 64;
    }
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

// @ts-ignore: decorator
@inline
function pass8(unit: bool, lanes: i32, r: usize, src: usize, dst: usize): void {
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
    if (lanes == 1) {
      x0 = mix(unit, x0, swap1(x0), w, 0);
      x1 = mix(unit, x1, swap1(x1), w, 1); w += unit ? 32 : 64;
      x2 = mix(unit, x2, swap1(x2), w, 0);
      x3 = mix(unit, x3, swap1(x3), w, 1); w += unit ? 32 : 64;
      x4 = mix(unit, x4, swap1(x4), w, 0);
      x5 = mix(unit, x5, swap1(x5), w, 1); w += unit ? 32 : 64;
      x6 = mix(unit, x6, swap1(x6), w, 0);
      x7 = mix(unit, x7, swap1(x7), w, 1); w += unit ? 32 : 64;
      x0 = mix(unit, x0, swap2(x0), w, 0);
      x1 = mix(unit, x1, swap2(x1), w, 1); w += unit ? 32 : 64;
      x2 = mix(unit, x2, swap2(x2), w, 0);
      x3 = mix(unit, x3, swap2(x3), w, 1); w += unit ? 32 : 64;
      x4 = mix(unit, x4, swap2(x4), w, 0);
      x5 = mix(unit, x5, swap2(x5), w, 1); w += unit ? 32 : 64;
      x6 = mix(unit, x6, swap2(x6), w, 0);
      x7 = mix(unit, x7, swap2(x7), w, 1); w += unit ? 32 : 64;
    }
    t = x0; x0 = mix(unit, x0, x1, w, 0); x1 = mix(unit, x1, t, w, 1); w += unit ? 32 : 64;
    t = x2; x2 = mix(unit, x2, x3, w, 0); x3 = mix(unit, x3, t, w, 1); w += unit ? 32 : 64;
    t = x4; x4 = mix(unit, x4, x5, w, 0); x5 = mix(unit, x5, t, w, 1); w += unit ? 32 : 64;
    t = x6; x6 = mix(unit, x6, x7, w, 0); x7 = mix(unit, x7, t, w, 1); w += unit ? 32 : 64;
    t = x0; x0 = mix(unit, x0, x2, w, 0); x2 = mix(unit, x2, t, w, 1); w += unit ? 32 : 64;
    t = x1; x1 = mix(unit, x1, x3, w, 0); x3 = mix(unit, x3, t, w, 1); w += unit ? 32 : 64;
    t = x4; x4 = mix(unit, x4, x6, w, 0); x6 = mix(unit, x6, t, w, 1); w += unit ? 32 : 64;
    t = x5; x5 = mix(unit, x5, x7, w, 0); x7 = mix(unit, x7, t, w, 1); w += unit ? 32 : 64;
    t = x0; x0 = mix(unit, x0, x4, w, 0); x4 = mix(unit, x4, t, w, 1); w += unit ? 32 : 64;
    t = x1; x1 = mix(unit, x1, x5, w, 0); x5 = mix(unit, x5, t, w, 1); w += unit ? 32 : 64;
    t = x2; x2 = mix(unit, x2, x6, w, 0); x6 = mix(unit, x6, t, w, 1); w += unit ? 32 : 64;
    t = x3; x3 = mix(unit, x3, x7, w, 0); x7 = mix(unit, x7, t, w, 1); w += unit ? 32 : 64;
    if (lanes == 2) {
      x0 = mix(unit, x0, swap2(x0), w, 0);
      x1 = mix(unit, x1, swap2(x1), w, 1); w += unit ? 32 : 64;
      x2 = mix(unit, x2, swap2(x2), w, 0);
      x3 = mix(unit, x3, swap2(x3), w, 1); w += unit ? 32 : 64;
      x4 = mix(unit, x4, swap2(x4), w, 0);
      x5 = mix(unit, x5, swap2(x5), w, 1); w += unit ? 32 : 64;
      x6 = mix(unit, x6, swap2(x6), w, 0);
      x7 = mix(unit, x7, swap2(x7), w, 1); w += unit ? 32 : 64;
      x0 = mix(unit, x0, swap1(x0), w, 0);
      x1 = mix(unit, x1, swap1(x1), w, 1); w += unit ? 32 : 64;
      x2 = mix(unit, x2, swap1(x2), w, 0);
      x3 = mix(unit, x3, swap1(x3), w, 1); w += unit ? 32 : 64;
      x4 = mix(unit, x4, swap1(x4), w, 0);
      x5 = mix(unit, x5, swap1(x5), w, 1); w += unit ? 32 : 64;
      x6 = mix(unit, x6, swap1(x6), w, 0);
      x7 = mix(unit, x7, swap1(x7), w, 1); w += unit ? 32 : 64;
    }
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

// @ts-ignore: decorator
@inline
function pass16(unit: bool, lanes: i32, r: usize, src: usize, dst: usize): void {
  let w: usize = field(r, WEIGHTS), table: usize = field(r, TABLE);
  const a = field(r, A), b = field(r, B), c = field(r, C), d = field(r, D);
  const end = table + (<usize>field(r, COUNT) << 3);
  const scaled = (field(r, EXTRA) & 4) != 0;
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
    if (lanes == 1) {
      x0 = mix(unit, x0, swap1(x0), w, 0);
      x1 = mix(unit, x1, swap1(x1), w, 1); w += unit ? 32 : 64;
      x2 = mix(unit, x2, swap1(x2), w, 0);
      x3 = mix(unit, x3, swap1(x3), w, 1); w += unit ? 32 : 64;
      x4 = mix(unit, x4, swap1(x4), w, 0);
      x5 = mix(unit, x5, swap1(x5), w, 1); w += unit ? 32 : 64;
      x6 = mix(unit, x6, swap1(x6), w, 0);
      x7 = mix(unit, x7, swap1(x7), w, 1); w += unit ? 32 : 64;
      x8 = mix(unit, x8, swap1(x8), w, 0);
      x9 = mix(unit, x9, swap1(x9), w, 1); w += unit ? 32 : 64;
      x10 = mix(unit, x10, swap1(x10), w, 0);
      x11 = mix(unit, x11, swap1(x11), w, 1); w += unit ? 32 : 64;
      x12 = mix(unit, x12, swap1(x12), w, 0);
      x13 = mix(unit, x13, swap1(x13), w, 1); w += unit ? 32 : 64;
      x14 = mix(unit, x14, swap1(x14), w, 0);
      x15 = mix(unit, x15, swap1(x15), w, 1); w += unit ? 32 : 64;
      x0 = mix(unit, x0, swap2(x0), w, 0);
      x1 = mix(unit, x1, swap2(x1), w, 1); w += unit ? 32 : 64;
      x2 = mix(unit, x2, swap2(x2), w, 0);
      x3 = mix(unit, x3, swap2(x3), w, 1); w += unit ? 32 : 64;
      x4 = mix(unit, x4, swap2(x4), w, 0);
      x5 = mix(unit, x5, swap2(x5), w, 1); w += unit ? 32 : 64;
      x6 = mix(unit, x6, swap2(x6), w, 0);
      x7 = mix(unit, x7, swap2(x7), w, 1); w += unit ? 32 : 64;
      x8 = mix(unit, x8, swap2(x8), w, 0);
      x9 = mix(unit, x9, swap2(x9), w, 1); w += unit ? 32 : 64;
      x10 = mix(unit, x10, swap2(x10), w, 0);
      x11 = mix(unit, x11, swap2(x11), w, 1); w += unit ? 32 : 64;
      x12 = mix(unit, x12, swap2(x12), w, 0);
      x13 = mix(unit, x13, swap2(x13), w, 1); w += unit ? 32 : 64;
      x14 = mix(unit, x14, swap2(x14), w, 0);
      x15 = mix(unit, x15, swap2(x15), w, 1); w += unit ? 32 : 64;
    }
    t = x0; x0 = mix(unit, x0, x1, w, 0); x1 = mix(unit, x1, t, w, 1); w += unit ? 32 : 64;
    t = x2; x2 = mix(unit, x2, x3, w, 0); x3 = mix(unit, x3, t, w, 1); w += unit ? 32 : 64;
    t = x4; x4 = mix(unit, x4, x5, w, 0); x5 = mix(unit, x5, t, w, 1); w += unit ? 32 : 64;
    t = x6; x6 = mix(unit, x6, x7, w, 0); x7 = mix(unit, x7, t, w, 1); w += unit ? 32 : 64;
    t = x8; x8 = mix(unit, x8, x9, w, 0); x9 = mix(unit, x9, t, w, 1); w += unit ? 32 : 64;
    t = x10; x10 = mix(unit, x10, x11, w, 0); x11 = mix(unit, x11, t, w, 1); w += unit ? 32 : 64;
    t = x12; x12 = mix(unit, x12, x13, w, 0); x13 = mix(unit, x13, t, w, 1); w += unit ? 32 : 64;
    t = x14; x14 = mix(unit, x14, x15, w, 0); x15 = mix(unit, x15, t, w, 1); w += unit ? 32 : 64;
    t = x0; x0 = mix(unit, x0, x2, w, 0); x2 = mix(unit, x2, t, w, 1); w += unit ? 32 : 64;
    t = x1; x1 = mix(unit, x1, x3, w, 0); x3 = mix(unit, x3, t, w, 1); w += unit ? 32 : 64;
    t = x4; x4 = mix(unit, x4, x6, w, 0); x6 = mix(unit, x6, t, w, 1); w += unit ? 32 : 64;
    t = x5; x5 = mix(unit, x5, x7, w, 0); x7 = mix(unit, x7, t, w, 1); w += unit ? 32 : 64;
    t = x8; x8 = mix(unit, x8, x10, w, 0); x10 = mix(unit, x10, t, w, 1); w += unit ? 32 : 64;
    t = x9; x9 = mix(unit, x9, x11, w, 0); x11 = mix(unit, x11, t, w, 1); w += unit ? 32 : 64;
    t = x12; x12 = mix(unit, x12, x14, w, 0); x14 = mix(unit, x14, t, w, 1); w += unit ? 32 : 64;
    t = x13; x13 = mix(unit, x13, x15, w, 0); x15 = mix(unit, x15, t, w, 1); w += unit ? 32 : 64;
    t = x0; x0 = mix(unit, x0, x4, w, 0); x4 = mix(unit, x4, t, w, 1); w += unit ? 32 : 64;
    t = x1; x1 = mix(unit, x1, x5, w, 0); x5 = mix(unit, x5, t, w, 1); w += unit ? 32 : 64;
    t = x2; x2 = mix(unit, x2, x6, w, 0); x6 = mix(unit, x6, t, w, 1); w += unit ? 32 : 64;
    t = x3; x3 = mix(unit, x3, x7, w, 0); x7 = mix(unit, x7, t, w, 1); w += unit ? 32 : 64;
    t = x8; x8 = mix(unit, x8, x12, w, 0); x12 = mix(unit, x12, t, w, 1); w += unit ? 32 : 64;
    t = x9; x9 = mix(unit, x9, x13, w, 0); x13 = mix(unit, x13, t, w, 1); w += unit ? 32 : 64;
    t = x10; x10 = mix(unit, x10, x14, w, 0); x14 = mix(unit, x14, t, w, 1); w += unit ? 32 : 64;
    t = x11; x11 = mix(unit, x11, x15, w, 0); x15 = mix(unit, x15, t, w, 1); w += unit ? 32 : 64;
    t = x0; x0 = mix(unit, x0, x8, w, 0); x8 = mix(unit, x8, t, w, 1); w += unit ? 32 : 64;
    t = x1; x1 = mix(unit, x1, x9, w, 0); x9 = mix(unit, x9, t, w, 1); w += unit ? 32 : 64;
    t = x2; x2 = mix(unit, x2, x10, w, 0); x10 = mix(unit, x10, t, w, 1); w += unit ? 32 : 64;
    t = x3; x3 = mix(unit, x3, x11, w, 0); x11 = mix(unit, x11, t, w, 1); w += unit ? 32 : 64;
    t = x4; x4 = mix(unit, x4, x12, w, 0); x12 = mix(unit, x12, t, w, 1); w += unit ? 32 : 64;
    t = x5; x5 = mix(unit, x5, x13, w, 0); x13 = mix(unit, x13, t, w, 1); w += unit ? 32 : 64;
    t = x6; x6 = mix(unit, x6, x14, w, 0); x14 = mix(unit, x14, t, w, 1); w += unit ? 32 : 64;
    t = x7; x7 = mix(unit, x7, x15, w, 0); x15 = mix(unit, x15, t, w, 1); w += unit ? 32 : 64;
    if (lanes == 2) {
      x0 = mix(unit, x0, swap2(x0), w, 0);
      x1 = mix(unit, x1, swap2(x1), w, 1); w += unit ? 32 : 64;
      x2 = mix(unit, x2, swap2(x2), w, 0);
      x3 = mix(unit, x3, swap2(x3), w, 1); w += unit ? 32 : 64;
      x4 = mix(unit, x4, swap2(x4), w, 0);
      x5 = mix(unit, x5, swap2(x5), w, 1); w += unit ? 32 : 64;
      x6 = mix(unit, x6, swap2(x6), w, 0);
      x7 = mix(unit, x7, swap2(x7), w, 1); w += unit ? 32 : 64;
      x8 = mix(unit, x8, swap2(x8), w, 0);
      x9 = mix(unit, x9, swap2(x9), w, 1); w += unit ? 32 : 64;
      x10 = mix(unit, x10, swap2(x10), w, 0);
      x11 = mix(unit, x11, swap2(x11), w, 1); w += unit ? 32 : 64;
      x12 = mix(unit, x12, swap2(x12), w, 0);
      x13 = mix(unit, x13, swap2(x13), w, 1); w += unit ? 32 : 64;
      x14 = mix(unit, x14, swap2(x14), w, 0);
      x15 = mix(unit, x15, swap2(x15), w, 1); w += unit ? 32 : 64;
      x0 = mix(unit, x0, swap1(x0), w, 0);
      x1 = mix(unit, x1, swap1(x1), w, 1); w += unit ? 32 : 64;
      x2 = mix(unit, x2, swap1(x2), w, 0);
      x3 = mix(unit, x3, swap1(x3), w, 1); w += unit ? 32 : 64;
      x4 = mix(unit, x4, swap1(x4), w, 0);
      x5 = mix(unit, x5, swap1(x5), w, 1); w += unit ? 32 : 64;
      x6 = mix(unit, x6, swap1(x6), w, 0);
      x7 = mix(unit, x7, swap1(x7), w, 1); w += unit ? 32 : 64;
      x8 = mix(unit, x8, swap1(x8), w, 0);
      x9 = mix(unit, x9, swap1(x9), w, 1); w += unit ? 32 : 64;
      x10 = mix(unit, x10, swap1(x10), w, 0);
      x11 = mix(unit, x11, swap1(x11), w, 1); w += unit ? 32 : 64;
      x12 = mix(unit, x12, swap1(x12), w, 0);
      x13 = mix(unit, x13, swap1(x13), w, 1); w += unit ? 32 : 64;
      x14 = mix(unit, x14, swap1(x14), w, 0);
      x15 = mix(unit, x15, swap1(x15), w, 1); w += unit ? 32 : 64;
    }
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

// The loops are compiled once for each radix and form; `lanes` stays a branch, which keeps the module small.
export function real2General(lanes: i32, r: usize, src: usize, dst: usize): void {
  pass2(false, lanes, r, src, dst);
}
export function real2Unit(lanes: i32, r: usize, src: usize, dst: usize): void {
  pass2(true, lanes, r, src, dst);
}
export function real4General(lanes: i32, r: usize, src: usize, dst: usize): void {
  pass4(false, lanes, r, src, dst);
}
export function real4Unit(lanes: i32, r: usize, src: usize, dst: usize): void {
  pass4(true, lanes, r, src, dst);
}
export function real8General(lanes: i32, r: usize, src: usize, dst: usize): void {
  pass8(false, lanes, r, src, dst);
}
export function real8Unit(lanes: i32, r: usize, src: usize, dst: usize): void {
  pass8(true, lanes, r, src, dst);
}
export function real16Unit(lanes: i32, r: usize, src: usize, dst: usize): void {
  pass16(true, lanes, r, src, dst);
}
