// Complex twins of the single factors in stages.ts, on vectors of four real parts and then four imaginary parts. Weights and
// gradients are interleaved in the plain layout [n/2s][2][2][s].

import { A, COUNT, DST_ROW, G_ROW, GRADIENT, SRC_ROW, WEIGHTS, field } from "./record.ts";
import {
  add, evens, get, give, highs, lows, madd, mul, nmadd, odds, put, splat, swap1, swap2, zipHigh, zipLow,
} from "./vec.ts";

// @ts-ignore: decorator
@inline
function swap(lane: i32, x: v128): v128 {
  return lane == 1 ? swap1(x) : swap2(x);
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

export function complexPair(r: usize, src: usize, dst: usize, rows: i32): void {
  const s: usize = field(r, A), srcRow: usize = field(r, SRC_ROW), dstRow: usize = field(r, DST_ROW);
  const srcRows = srcRow * rows;
  let w: usize = field(r, WEIGHTS);
  for (let block = field(r, COUNT); block > 0; block--) {
    const end = src + s;
    while (src < end) {
      const a0 = get(w, 0), a1 = get(w, 16), b0 = get(w + s, 0), b1 = get(w + s, 16);
      const dr = evens(a0, a1), di = odds(a0, a1), or = evens(b0, b1), oi = odds(b0, b1);
      const c0 = get(w + 2 * s, 0), c1 = get(w + 2 * s, 16), e0 = get(w + 3 * s, 0), e1 = get(w + 3 * s, 16);
      const pr = evens(c0, c1), pi = odds(c0, c1), er = evens(e0, e1), ei = odds(e0, e1);
      let p = src, q = dst;
      const last = p + srcRows;
      do {
        const x0 = get(p, 0), y0 = get(p, 16), x1 = get(p + s, 0), y1 = get(p + s, 16);
        put(q, re(dr, di, x0, y0, or, oi, x1, y1));
        put(q + 16, im(dr, di, x0, y0, or, oi, x1, y1));
        put(q + s, re(er, ei, x1, y1, pr, pi, x0, y0));
        put(q + s + 16, im(er, ei, x1, y1, pr, pi, x0, y0));
        p += srcRow;
        q += dstRow;
      } while (p < last);
      src += 32;
      dst += 32;
      w += 32;
    }
    src += s;
    dst += s;
    w += 3 * s;
  }
}

/** (d₀, d₁) as re re im im, from a block (d₀, o₀, o₁, d₁) of stride 1. */
// @ts-ignore: decorator
@inline
function ownPair(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 0, 6, 1, 7);
}

/** (o₀, o₁) as re re im im. */
// @ts-ignore: decorator
@inline
function partnerPair(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 2, 4, 3, 5);
}

/** The real parts of the own weights of four points at stride 1 or 2, from sixteen floats in plain layout. */
// @ts-ignore: decorator
@inline
function ownRe(lane: i32, a: v128, b: v128, c: v128, e: v128): v128 {
  return lane == 1 ? lows(ownPair(a, b), ownPair(c, e)) : evens(a, e);
}

/** The imaginary parts. */
// @ts-ignore: decorator
@inline
function ownIm(lane: i32, a: v128, b: v128, c: v128, e: v128): v128 {
  return lane == 1 ? highs(ownPair(a, b), ownPair(c, e)) : odds(a, e);
}

/** The real parts of the weights of their partners. */
// @ts-ignore: decorator
@inline
function partnerRe(lane: i32, a: v128, b: v128, c: v128, e: v128): v128 {
  return lane == 1 ? lows(partnerPair(a, b), partnerPair(c, e)) : evens(b, c);
}

/** The imaginary parts. */
// @ts-ignore: decorator
@inline
function partnerIm(lane: i32, a: v128, b: v128, c: v128, e: v128): v128 {
  return lane == 1 ? highs(partnerPair(a, b), partnerPair(c, e)) : odds(b, c);
}

// @ts-ignore: decorator
@inline
function complexLane(lane: i32, r: usize, src: usize, dst: usize, rows: i32): void {
  const srcRow: usize = field(r, SRC_ROW), dstRow: usize = field(r, DST_ROW), srcRows = srcRow * rows;
  let w: usize = field(r, WEIGHTS);
  for (let left = field(r, COUNT); left > 0; left--) {
    const a = get(w, 0), b = get(w, 16), c = get(w, 32), e = get(w, 48);
    const dr = ownRe(lane, a, b, c, e), di = ownIm(lane, a, b, c, e);
    const or = partnerRe(lane, a, b, c, e), oi = partnerIm(lane, a, b, c, e);
    let p = src, q = dst;
    const last = p + srcRows;
    do {
      const x = get(p, 0), y = get(p, 16);
      const s = swap(lane, x), t = swap(lane, y);
      put(q, re(dr, di, x, y, or, oi, s, t));
      put(q + 16, im(dr, di, x, y, or, oi, s, t));
      p += srcRow;
      q += dstRow;
    } while (p < last);
    src += 32;
    dst += 32;
    w += 64;
  }
}

export function complexLane1(r: usize, src: usize, dst: usize, rows: i32): void {
  complexLane(1, r, src, dst, rows);
}

export function complexLane2(r: usize, src: usize, dst: usize, rows: i32): void {
  complexLane(2, r, src, dst, rows);
}

/** Adds four complex numbers (re, im) to the interleaved ones at p, or on the first tile writes them. */
// @ts-ignore: decorator
@inline
function giveComplex(first: bool, p: usize, re: v128, im: v128): void {
  give(first, p, zipLow(re, im));
  give(first, p + 16, zipHigh(re, im));
}

// @ts-ignore: decorator
@inline
function pairBack(
  inPlace: bool, r: usize, x: usize, gx: usize, g: usize, rows: i32, first: bool,
): void {
  const s: usize = field(r, A);
  const xRow: usize = field(r, SRC_ROW), gxRow: usize = field(r, DST_ROW), gRow: usize = field(r, G_ROW);
  const xRows = xRow * rows;
  let w: usize = field(r, WEIGHTS);
  let v: usize = field(r, GRADIENT);
  for (let block = field(r, COUNT); block > 0; block--) {
    const end = x + s;
    while (x < end) {
      const a0 = get(w, 0), a1 = get(w, 16), b0 = get(w + s, 0), b1 = get(w + s, 16);
      const dr = evens(a0, a1), di = odds(a0, a1), or = evens(b0, b1), oi = odds(b0, b1);
      const c0 = get(w + 2 * s, 0), c1 = get(w + 2 * s, 16), e0 = get(w + 3 * s, 0), e1 = get(w + 3 * s, 16);
      const pr = evens(c0, c1), pi = odds(c0, c1), er = evens(e0, e1), ei = odds(e0, e1);
      let ur = splat(0), ui = splat(0), vr = splat(0), vi = splat(0);
      let mr = splat(0), mi = splat(0), nr = splat(0), ni = splat(0);
      let p = x, q = gx, t = g;
      const last = p + xRows;
      do {
        const x0 = get(p, 0), y0 = get(p, 16), x1 = get(p + s, 0), y1 = get(p + s, 16);
        const t1 = t + s, q0 = inPlace ? t : q, q1 = inPlace ? t1 : q + s;
        const g0 = get(t, 0), h0 = get(t, 16), g1 = get(t1, 0), h1 = get(t1, 16);
        ur = madd(h0, y0, madd(g0, x0, ur));
        ui = nmadd(g0, y0, madd(h0, x0, ui));
        vr = madd(h0, y1, madd(g0, x1, vr));
        vi = nmadd(g0, y1, madd(h0, x1, vi));
        mr = madd(h1, y0, madd(g1, x0, mr));
        mi = nmadd(g1, y0, madd(h1, x0, mi));
        nr = madd(h1, y1, madd(g1, x1, nr));
        ni = nmadd(g1, y1, madd(h1, x1, ni));
        put(q0, reConj(dr, di, g0, h0, pr, pi, g1, h1));
        put(q0 + 16, imConj(dr, di, g0, h0, pr, pi, g1, h1));
        put(q1, reConj(er, ei, g1, h1, or, oi, g0, h0));
        put(q1 + 16, imConj(er, ei, g1, h1, or, oi, g0, h0));
        p += xRow;
        if (!inPlace) q += gxRow;
        t += gRow;
      } while (p < last);
      giveComplex(first, v, ur, ui);
      giveComplex(first, v + s, vr, vi);
      giveComplex(first, v + 2 * s, mr, mi);
      giveComplex(first, v + 3 * s, nr, ni);
      x += 32;
      gx += 32;
      g += 32;
      w += 32;
      v += 32;
    }
    x += s;
    gx += s;
    g += s;
    w += 3 * s;
    v += 3 * s;
  }
}

/** gx = Fᴴ·g and the weight gradient: d += g·conj(x), o += g·conj(partner of x). */
export function complexPairBack(
  r: usize, x: usize, gx: usize, g: usize, rows: i32, first: bool,
): void {
  // In place, where the engine need not check the addresses again.
  if (gx == g) pairBack(true, r, x, g, g, rows, first);
  else pairBack(false, r, x, gx, g, rows, first);
}

/** Writes the sums for own (u) and partner (v) weights of four points in the plain layout. */
// @ts-ignore: decorator
@inline
function giveLanes(lane: i32, first: bool, p: usize, ur: v128, ui: v128, vr: v128, vi: v128): void {
  if (lane == 1) {
    const t = lows(ur, ui), u = highs(ur, ui), f = lows(vr, vi), h = highs(vr, vi);
    give(first, p, evens(t, f));
    give(first, p + 16, odds(f, t));
    give(first, p + 32, evens(u, h));
    give(first, p + 48, odds(h, u));
  } else {
    give(first, p, zipLow(ur, ui));
    give(first, p + 16, zipLow(vr, vi));
    give(first, p + 32, zipHigh(vr, vi));
    give(first, p + 48, zipHigh(ur, ui));
  }
}

// @ts-ignore: decorator
@inline
function complexLaneBack(
  lane: i32, r: usize, x: usize, gx: usize, g: usize, rows: i32, first: bool,
): void {
  const xRow: usize = field(r, SRC_ROW), gxRow: usize = field(r, DST_ROW), gRow: usize = field(r, G_ROW);
  const xRows = xRow * rows;
  let w: usize = field(r, WEIGHTS);
  let v: usize = field(r, GRADIENT);
  for (let left = field(r, COUNT); left > 0; left--) {
    const a = get(w, 0), b = get(w, 16), c = get(w, 32), e = get(w, 48);
    const dr = ownRe(lane, a, b, c, e), di = ownIm(lane, a, b, c, e);
    const or = partnerRe(lane, a, b, c, e), oi = partnerIm(lane, a, b, c, e);
    let ur = splat(0), ui = splat(0), vr = splat(0), vi = splat(0);
    let p = x, q = gx, s = g;
    const last = p + xRows;
    do {
      const xr = get(p, 0), xi = get(p, 16), gr = get(s, 0), gi = get(s, 16);
      const sr = swap(lane, xr), si = swap(lane, xi);
      ur = madd(gi, xi, madd(gr, xr, ur));
      ui = nmadd(gr, xi, madd(gi, xr, ui));
      vr = madd(gi, si, madd(gr, sr, vr));
      vi = nmadd(gr, si, madd(gi, sr, vi));
      // conj(o)·g belongs to the partner: swap after the product.
      const tr = swap(lane, madd(oi, gi, mul(or, gr)));
      const ti = swap(lane, nmadd(oi, gr, mul(or, gi)));
      put(q, add(tr, madd(di, gi, mul(dr, gr))));
      put(q + 16, add(ti, nmadd(di, gr, mul(dr, gi))));
      p += xRow;
      q += gxRow;
      s += gRow;
    } while (p < last);
    giveLanes(lane, first, v, ur, ui, vr, vi);
    x += 32;
    gx += 32;
    g += 32;
    w += 64;
    v += 64;
  }
}

export function complexLane1Back(
  r: usize, x: usize, gx: usize, g: usize, rows: i32, first: bool,
): void {
  complexLaneBack(1, r, x, gx, g, rows, first);
}

export function complexLane2Back(
  r: usize, x: usize, gx: usize, g: usize, rows: i32, first: bool,
): void {
  complexLaneBack(2, r, x, gx, g, rows, first);
}
