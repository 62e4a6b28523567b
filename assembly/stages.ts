// Single factors in general form, forward and backward, with the rows of a batch inside: the weights (forward) and
// the sums of the weight gradient (backward) stay in registers while the rows go by. These are the steps of
// training; inference uses the fused passes.
//
// Weights as in real.ts and complex.ts: for each iteration, for each register, d and then o. Complex vectors are
// four real parts and then four imaginary parts. A stage of stride 1 or 2 pairs lanes, others pair two vectors.

import { A, COUNT, DST_ROW, G_ROW, GRADIENT, SRC_ROW, TABLE, WEIGHTS, field } from "./record";
import { add, get, madd, mul, nmadd, put, swap1, swap2 } from "./vec";

// @ts-ignore: decorator
@inline
function swap(lane: i32, x: v128): v128 {
  return lane == 1 ? swap1(x) : swap2(x);
}

// @ts-ignore: decorator
@inline
function accumulate(p: usize, x: v128): void {
  put(p, add(get(p, 0), x));
}

/** d·x + o·partner, real part. */
// @ts-ignore: decorator
@inline
function re(dr: v128, di: v128, xr: v128, xi: v128, or: v128, oi: v128, pr: v128, pi: v128): v128 {
  return nmadd(oi, pi, madd(or, pr, nmadd(di, xi, mul(dr, xr))));
}

/** d·x + o·partner, imaginary part. */
// @ts-ignore: decorator
@inline
function im(dr: v128, di: v128, xr: v128, xi: v128, or: v128, oi: v128, pr: v128, pi: v128): v128 {
  return madd(oi, pr, madd(or, pi, madd(di, xr, mul(dr, xi))));
}

/** conj(d)·x + conj(o)·partner, real part. */
// @ts-ignore: decorator
@inline
function reConj(dr: v128, di: v128, xr: v128, xi: v128, or: v128, oi: v128, pr: v128, pi: v128): v128 {
  return madd(oi, pi, madd(or, pr, madd(di, xi, mul(dr, xr))));
}

/** conj(d)·x + conj(o)·partner, imaginary part. */
// @ts-ignore: decorator
@inline
function imConj(dr: v128, di: v128, xr: v128, xi: v128, or: v128, oi: v128, pr: v128, pi: v128): v128 {
  return nmadd(oi, pr, madd(or, pi, nmadd(di, xr, mul(dr, xi))));
}

export function realPair(r: usize, base: usize, src: usize, dst: usize, rows: i32): void {
  const a = field(r, A), srcRow = field(r, SRC_ROW), dstRow = field(r, DST_ROW);
  let w = base + field(r, WEIGHTS);
  let table = base + field(r, TABLE);
  const end = table + (<usize>field(r, COUNT) << 3);
  for (; table < end; table += 8, w += 64) {
    const d0 = get(w, 0), o0 = get(w, 16), d1 = get(w, 32), o1 = get(w, 48);
    let p = src + load<u32>(table), q = dst + load<u32>(table, 4);
    for (let i = rows; i > 0; i--, p += srcRow, q += dstRow) {
      const x0 = get(p, 0), x1 = get(p + a, 0);
      put(q, madd(o0, x1, mul(d0, x0)));
      put(q + a, madd(o1, x0, mul(d1, x1)));
    }
  }
}

// @ts-ignore: decorator
@inline
function realLane(lane: i32, r: usize, base: usize, src: usize, dst: usize, rows: i32): void {
  const srcRow = field(r, SRC_ROW), dstRow = field(r, DST_ROW);
  let w = base + field(r, WEIGHTS);
  let table = base + field(r, TABLE);
  const end = table + (<usize>field(r, COUNT) << 3);
  for (; table < end; table += 8, w += 32) {
    const d = get(w, 0), o = get(w, 16);
    let p = src + load<u32>(table), q = dst + load<u32>(table, 4);
    for (let i = rows; i > 0; i--, p += srcRow, q += dstRow) {
      const x = get(p, 0);
      put(q, madd(o, swap(lane, x), mul(d, x)));
    }
  }
}

export function realLane1(r: usize, base: usize, src: usize, dst: usize, rows: i32): void {
  realLane(1, r, base, src, dst, rows);
}

export function realLane2(r: usize, base: usize, src: usize, dst: usize, rows: i32): void {
  realLane(2, r, base, src, dst, rows);
}

/** gx = Fᵀ·g and the weight gradient: d += g·x, o += g·partner of x. */
export function realPairBack(
  r: usize, base: usize, x: usize, gx: usize, g: usize, gw: usize, rows: i32,
): void {
  const a = field(r, A), xRow = field(r, SRC_ROW), gxRow = field(r, DST_ROW), gRow = field(r, G_ROW);
  let w = base + field(r, WEIGHTS);
  let v = gw + field(r, GRADIENT);
  let table = base + field(r, TABLE);
  const end = table + (<usize>field(r, COUNT) << 3);
  for (; table < end; table += 8, w += 64, v += 64) {
    const d0 = get(w, 0), o0 = get(w, 16), d1 = get(w, 32), o1 = get(w, 48);
    let e0 = get(v, 0), f0 = get(v, 16), e1 = get(v, 32), f1 = get(v, 48);
    const offset = load<u32>(table);
    let p = x + offset, q = gx + offset, s = g + offset;
    for (let i = rows; i > 0; i--, p += xRow, q += gxRow, s += gRow) {
      const x0 = get(p, 0), x1 = get(p + a, 0), g0 = get(s, 0), g1 = get(s + a, 0);
      e0 = madd(g0, x0, e0);
      f0 = madd(g0, x1, f0);
      e1 = madd(g1, x1, e1);
      f1 = madd(g1, x0, f1);
      put(q, madd(o1, g1, mul(d0, g0)));
      put(q + a, madd(o0, g0, mul(d1, g1)));
    }
    put(v, e0); put(v + 16, f0); put(v + 32, e1); put(v + 48, f1);
  }
}

// @ts-ignore: decorator
@inline
function realLaneBack(
  lane: i32, r: usize, base: usize, x: usize, gx: usize, g: usize, gw: usize, rows: i32,
): void {
  const xRow = field(r, SRC_ROW), gxRow = field(r, DST_ROW), gRow = field(r, G_ROW);
  let w = base + field(r, WEIGHTS);
  let v = gw + field(r, GRADIENT);
  let table = base + field(r, TABLE);
  const end = table + (<usize>field(r, COUNT) << 3);
  for (; table < end; table += 8, w += 32, v += 32) {
    const d = get(w, 0), o = get(w, 16);
    let e = get(v, 0), f = get(v, 16);
    const offset = load<u32>(table);
    let p = x + offset, q = gx + offset, s = g + offset;
    for (let i = rows; i > 0; i--, p += xRow, q += gxRow, s += gRow) {
      const x0 = get(p, 0), g0 = get(s, 0);
      e = madd(g0, x0, e);
      f = madd(g0, swap(lane, x0), f);
      put(q, madd(d, g0, swap(lane, mul(o, g0))));
    }
    put(v, e); put(v + 16, f);
  }
}

export function realLane1Back(r: usize, base: usize, x: usize, gx: usize, g: usize, gw: usize, rows: i32): void {
  realLaneBack(1, r, base, x, gx, g, gw, rows);
}

export function realLane2Back(r: usize, base: usize, x: usize, gx: usize, g: usize, gw: usize, rows: i32): void {
  realLaneBack(2, r, base, x, gx, g, gw, rows);
}

export function complexPair(r: usize, base: usize, src: usize, dst: usize, rows: i32): void {
  const a = field(r, A), srcRow = field(r, SRC_ROW), dstRow = field(r, DST_ROW);
  let w = base + field(r, WEIGHTS);
  let table = base + field(r, TABLE);
  const end = table + (<usize>field(r, COUNT) << 3);
  for (; table < end; table += 8, w += 128) {
    let p = src + load<u32>(table), q = dst + load<u32>(table, 4);
    for (let i = rows; i > 0; i--, p += srcRow, q += dstRow) {
      const pa = p + a, qa = q + a;
      const x0 = get(p, 0), y0 = get(p, 16), x1 = get(pa, 0), y1 = get(pa, 16);
      const dr = get(w, 0), di = get(w, 16), or = get(w, 32), oi = get(w, 48);
      put(q, re(dr, di, x0, y0, or, oi, x1, y1));
      put(q + 16, im(dr, di, x0, y0, or, oi, x1, y1));
      const er = get(w, 64), ei = get(w, 80), pr = get(w, 96), pi = get(w, 112);
      put(qa, re(er, ei, x1, y1, pr, pi, x0, y0));
      put(qa + 16, im(er, ei, x1, y1, pr, pi, x0, y0));
    }
  }
}

// @ts-ignore: decorator
@inline
function complexLane(lane: i32, r: usize, base: usize, src: usize, dst: usize, rows: i32): void {
  const srcRow = field(r, SRC_ROW), dstRow = field(r, DST_ROW);
  let w = base + field(r, WEIGHTS);
  let table = base + field(r, TABLE);
  const end = table + (<usize>field(r, COUNT) << 3);
  for (; table < end; table += 8, w += 64) {
    const dr = get(w, 0), di = get(w, 16), or = get(w, 32), oi = get(w, 48);
    let p = src + load<u32>(table), q = dst + load<u32>(table, 4);
    for (let i = rows; i > 0; i--, p += srcRow, q += dstRow) {
      const x = get(p, 0), y = get(p, 16);
      const s = swap(lane, x), t = swap(lane, y);
      put(q, re(dr, di, x, y, or, oi, s, t));
      put(q + 16, im(dr, di, x, y, or, oi, s, t));
    }
  }
}

export function complexLane1(r: usize, base: usize, src: usize, dst: usize, rows: i32): void {
  complexLane(1, r, base, src, dst, rows);
}

export function complexLane2(r: usize, base: usize, src: usize, dst: usize, rows: i32): void {
  complexLane(2, r, base, src, dst, rows);
}

/** gx = Fᴴ·g and the weight gradient: d += g·conj(x), o += g·conj(partner of x). */
export function complexPairBack(
  r: usize, base: usize, x: usize, gx: usize, g: usize, gw: usize, rows: i32,
): void {
  const a = field(r, A), xRow = field(r, SRC_ROW), gxRow = field(r, DST_ROW), gRow = field(r, G_ROW);
  let w = base + field(r, WEIGHTS);
  let v = gw + field(r, GRADIENT);
  let table = base + field(r, TABLE);
  const end = table + (<usize>field(r, COUNT) << 3);
  for (; table < end; table += 8, w += 128, v += 128) {
    const offset = load<u32>(table);
    let p = x + offset, q = gx + offset, s = g + offset;
    for (let i = rows; i > 0; i--, p += xRow, q += gxRow, s += gRow) {
      const pa = p + a, qa = q + a, sa = s + a;
      const x0 = get(p, 0), y0 = get(p, 16), x1 = get(pa, 0), y1 = get(pa, 16);
      const g0 = get(s, 0), h0 = get(s, 16), g1 = get(sa, 0), h1 = get(sa, 16);
      put(v, madd(h0, y0, madd(g0, x0, get(v, 0))));
      put(v + 16, nmadd(g0, y0, madd(h0, x0, get(v, 16))));
      put(v + 32, madd(h0, y1, madd(g0, x1, get(v, 32))));
      put(v + 48, nmadd(g0, y1, madd(h0, x1, get(v, 48))));
      put(v + 64, madd(h1, y1, madd(g1, x1, get(v, 64))));
      put(v + 80, nmadd(g1, y1, madd(h1, x1, get(v, 80))));
      put(v + 96, madd(h1, y0, madd(g1, x0, get(v, 96))));
      put(v + 112, nmadd(g1, y0, madd(h1, x0, get(v, 112))));
      const dr = get(w, 0), di = get(w, 16), pr = get(w, 96), pi = get(w, 112);
      put(q, reConj(dr, di, g0, h0, pr, pi, g1, h1));
      put(q + 16, imConj(dr, di, g0, h0, pr, pi, g1, h1));
      const er = get(w, 64), ei = get(w, 80), or = get(w, 32), oi = get(w, 48);
      put(qa, reConj(er, ei, g1, h1, or, oi, g0, h0));
      put(qa + 16, imConj(er, ei, g1, h1, or, oi, g0, h0));
    }
  }
}

// @ts-ignore: decorator
@inline
function complexLaneBack(
  lane: i32, r: usize, base: usize, x: usize, gx: usize, g: usize, gw: usize, rows: i32,
): void {
  const xRow = field(r, SRC_ROW), gxRow = field(r, DST_ROW), gRow = field(r, G_ROW);
  let w = base + field(r, WEIGHTS);
  let v = gw + field(r, GRADIENT);
  let table = base + field(r, TABLE);
  const end = table + (<usize>field(r, COUNT) << 3);
  for (; table < end; table += 8, w += 64, v += 64) {
    const dr = get(w, 0), di = get(w, 16), or = get(w, 32), oi = get(w, 48);
    let er = get(v, 0), ei = get(v, 16), fr = get(v, 32), fi = get(v, 48);
    const offset = load<u32>(table);
    let p = x + offset, q = gx + offset, s = g + offset;
    for (let i = rows; i > 0; i--, p += xRow, q += gxRow, s += gRow) {
      const xr = get(p, 0), xi = get(p, 16), gr = get(s, 0), gi = get(s, 16);
      const sr = swap(lane, xr), si = swap(lane, xi);
      er = madd(gi, xi, madd(gr, xr, er));
      ei = nmadd(gr, xi, madd(gi, xr, ei));
      fr = madd(gi, si, madd(gr, sr, fr));
      fi = nmadd(gr, si, madd(gi, sr, fi));
      // conj(o)·g belongs to the partner: swap after the product.
      const tr = swap(lane, madd(oi, gi, mul(or, gr)));
      const ti = swap(lane, nmadd(oi, gr, mul(or, gi)));
      put(q, add(tr, madd(di, gi, mul(dr, gr))));
      put(q + 16, add(ti, nmadd(di, gr, mul(dr, gi))));
    }
    put(v, er); put(v + 16, ei); put(v + 32, fr); put(v + 48, fi);
  }
}

export function complexLane1Back(r: usize, base: usize, x: usize, gx: usize, g: usize, gw: usize, rows: i32): void {
  complexLaneBack(1, r, base, x, gx, g, gw, rows);
}

export function complexLane2Back(r: usize, base: usize, x: usize, gx: usize, g: usize, gw: usize, rows: i32): void {
  complexLaneBack(2, r, base, x, gx, g, gw, rows);
}
