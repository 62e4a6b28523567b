// Single factors, and the two that pair lanes together, in general form, forward and backward, with the rows of a batch inside: the weights (forward) and
// the sums of the weight gradient (backward) stay in registers while the rows go by. These are the steps of
// training; inference uses the fused passes.
//
// Weights and their gradients have the plain layout [n/2s][2][2][s] of a factor, so that nothing is packed while
// weights change. A stage of stride 1 or 2 pairs lanes, others pair two vectors.
//
// On the first tile of a batch the weight gradient is written, later it is added to.

import { A, COUNT, DST_ROW, EXTRA, G_ROW, GRADIENT, SRC_ROW, WEIGHTS, field } from "./record.ts";
import { get, give, madd, mul, put, splat, swap1, swap2, zipHigh, zipLow } from "./vec.ts";

// @ts-ignore: decorator
@inline
function swap(lane: i32, x: v128): v128 {
  return lane == 1 ? swap1(x) : swap2(x);
}

/** What a sum starts from: 0 on the first tile, else what is there. */
// @ts-ignore: decorator
@inline
function sum(first: bool, p: usize): v128 {
  return first ? splat(0) : get(p, 0);
}

/** d·x + o·partner for the pairs at distance s: COUNT blocks of 2s points. */
export function realPair(r: usize, src: usize, dst: usize, rows: i32): void {
  const s: usize = field(r, A), srcRow: usize = field(r, SRC_ROW), dstRow: usize = field(r, DST_ROW);
  const srcRows = srcRow * rows;
  let w: usize = field(r, WEIGHTS);
  for (let block = field(r, COUNT); block > 0; block--) {
    const end = src + s;
    while (src < end) {
      const d0 = get(w, 0), o0 = get(w + s, 0), o1 = get(w + 2 * s, 0), d1 = get(w + 3 * s, 0);
      let p = src, q = dst;
      const last = p + srcRows;
      do {
        const x0 = get(p, 0), x1 = get(p + s, 0);
        put(q, madd(o0, x1, mul(d0, x0)));
        put(q + s, madd(o1, x0, mul(d1, x1)));
        p += srcRow;
        q += dstRow;
      } while (p < last);
      src += 16;
      dst += 16;
      w += 16;
    }
    src += s;
    dst += s;
    w += 3 * s;
  }
}

/** The own weights of four points at stride 1 or 2, from eight floats in plain layout. */
// @ts-ignore: decorator
@inline
function ownLanes(lane: i32, u: v128, v: v128): v128 {
  return lane == 1 ? v128.shuffle<f32>(u, v, 0, 3, 4, 7) : v128.shuffle<f32>(u, v, 0, 1, 6, 7);
}

/** The weights of their partners. */
// @ts-ignore: decorator
@inline
function partnerLanes(lane: i32, u: v128, v: v128): v128 {
  return lane == 1 ? v128.shuffle<f32>(u, v, 1, 2, 5, 6) : v128.shuffle<f32>(u, v, 2, 3, 4, 5);
}

/** COUNT vectors of four points, stride 1 or 2. */
// @ts-ignore: decorator
@inline
function realLane(lane: i32, r: usize, src: usize, dst: usize, rows: i32): void {
  const srcRow = field(r, SRC_ROW), dstRow = field(r, DST_ROW);
  let w: usize = field(r, WEIGHTS);
  for (let left = field(r, COUNT); left > 0; left--) {
    const u = get(w, 0), v = get(w, 16);
    const d = ownLanes(lane, u, v), o = partnerLanes(lane, u, v);
    let p = src, q = dst;
    for (let i = rows; i > 0; i--) {
      const x = get(p, 0);
      put(q, madd(o, swap(lane, x), mul(d, x)));
      p += srcRow;
      q += dstRow;
    }
    src += 16;
    dst += 16;
    w += 32;
  }
}

export function realLane1(r: usize, src: usize, dst: usize, rows: i32): void {
  realLane(1, r, src, dst, rows);
}

export function realLane2(r: usize, src: usize, dst: usize, rows: i32): void {
  realLane(2, r, src, dst, rows);
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
      const d0 = get(w, 0), o0 = get(w + s, 0), o1 = get(w + 2 * s, 0), d1 = get(w + 3 * s, 0);
      let e0 = sum(first, v), f0 = sum(first, v + s), f1 = sum(first, v + 2 * s), e1 = sum(first, v + 3 * s);
      let p = x, q = gx, t = g;
      const last = p + xRows;
      do {
        const x0 = get(p, 0), x1 = get(p + s, 0), g0 = get(t, 0), t1 = t + s, g1 = get(t1, 0);
        e0 = madd(g0, x0, e0);
        f0 = madd(g0, x1, f0);
        e1 = madd(g1, x1, e1);
        f1 = madd(g1, x0, f1);
        put(inPlace ? t : q, madd(o1, g1, mul(d0, g0)));
        put(inPlace ? t1 : q + s, madd(o0, g0, mul(d1, g1)));
        p += xRow;
        if (!inPlace) q += gxRow;
        t += gRow;
      } while (p < last);
      put(v, e0);
      put(v + s, f0);
      put(v + 2 * s, f1);
      put(v + 3 * s, e1);
      x += 16;
      gx += 16;
      g += 16;
      w += 16;
      v += 16;
    }
    x += s;
    gx += s;
    g += s;
    w += 3 * s;
    v += 3 * s;
  }
}

/** gx = Fᵀ·g and the weight gradient: d += g·x, o += g·partner of x. */
export function realPairBack(
  r: usize, x: usize, gx: usize, g: usize, rows: i32, first: bool,
): void {
  // In place, where the engine need not check the addresses again.
  if (gx == g) pairBack(true, r, x, g, g, rows, first);
  else pairBack(false, r, x, gx, g, rows, first);
}

/** Writes the sums for own and partner weights of four points in the plain layout. */
// @ts-ignore: decorator
@inline
function giveLanes(lane: i32, first: bool, p: usize, e: v128, f: v128): void {
  if (lane == 1) {
    const low = zipLow(e, f), high = zipHigh(e, f);
    give(first, p, v128.shuffle<f32>(low, low, 0, 1, 3, 2));
    give(first, p + 16, v128.shuffle<f32>(high, high, 0, 1, 3, 2));
  } else {
    give(first, p, v128.shuffle<f32>(e, f, 0, 1, 4, 5));
    give(first, p + 16, v128.shuffle<f32>(e, f, 6, 7, 2, 3));
  }
}

// @ts-ignore: decorator
@inline
function realLaneBack(
  lane: i32, r: usize, x: usize, gx: usize, g: usize, rows: i32, first: bool,
): void {
  const xRow = field(r, SRC_ROW), gxRow = field(r, DST_ROW), gRow = field(r, G_ROW);
  let w: usize = field(r, WEIGHTS);
  let v: usize = field(r, GRADIENT);
  for (let left = field(r, COUNT); left > 0; left--) {
    const w0 = get(w, 0), w1 = get(w, 16);
    const d = ownLanes(lane, w0, w1), o = partnerLanes(lane, w0, w1);
    let e = splat(0), f = splat(0);
    let p = x, q = gx, s = g;
    for (let i = rows; i > 0; i--) {
      const x0 = get(p, 0), g0 = get(s, 0);
      e = madd(g0, x0, e);
      f = madd(g0, swap(lane, x0), f);
      put(q, madd(d, g0, swap(lane, mul(o, g0))));
      p += xRow;
      q += gxRow;
      s += gRow;
    }
    giveLanes(lane, first, v, e, f);
    x += 16;
    gx += 16;
    g += 16;
    w += 32;
    v += 32;
  }
}

export function realLane1Back(
  r: usize, x: usize, gx: usize, g: usize, rows: i32, first: bool,
): void {
  realLaneBack(1, r, x, gx, g, rows, first);
}

export function realLane2Back(
  r: usize, x: usize, gx: usize, g: usize, rows: i32, first: bool,
): void {
  realLaneBack(2, r, x, gx, g, rows, first);
}

/** The factors of stride 1 and 2, `one` first: COUNT vectors of four points. */
// @ts-ignore: decorator
@inline
function lanes(one: i32, r: usize, src: usize, dst: usize, rows: i32): void {
  const two = 3 - one, srcRow: usize = field(r, SRC_ROW), dstRow: usize = field(r, DST_ROW), srcRows = srcRow * rows;
  let w: usize = field(r, WEIGHTS), v: usize = w + field(r, EXTRA);
  for (let left = field(r, COUNT); left > 0; left--) {
    const w0 = get(w, 0), w1 = get(w, 16), v0 = get(v, 0), v1 = get(v, 16);
    const d = ownLanes(one, w0, w1), o = partnerLanes(one, w0, w1);
    const e = ownLanes(two, v0, v1), f = partnerLanes(two, v0, v1);
    let p = src, q = dst;
    const last = p + srcRows;
    do {
      const x = get(p, 0);
      const m = madd(o, swap(one, x), mul(d, x));
      put(q, madd(f, swap(two, m), mul(e, m)));
      p += srcRow;
      q += dstRow;
    } while (p < last);
    src += 16;
    dst += 16;
    w += 32;
    v += 32;
  }
}

export function realLanes12(r: usize, src: usize, dst: usize, rows: i32): void {
  lanes(1, r, src, dst, rows);
}

export function realLanes21(r: usize, src: usize, dst: usize, rows: i32): void {
  lanes(2, r, src, dst, rows);
}

// @ts-ignore: decorator
@inline
function lanesBack(one: i32, r: usize, x: usize, gx: usize, g: usize, rows: i32, first: bool): void {
  const two = 3 - one;
  const xRow: usize = field(r, SRC_ROW), gxRow: usize = field(r, DST_ROW), gRow: usize = field(r, G_ROW);
  const xRows = xRow * rows;
  let w: usize = field(r, WEIGHTS), v: usize = w + field(r, EXTRA);
  const toGradient: usize = field(r, GRADIENT) - w;
  for (let left = field(r, COUNT); left > 0; left--) {
    const w0 = get(w, 0), w1 = get(w, 16), v0 = get(v, 0), v1 = get(v, 16);
    const d = ownLanes(one, w0, w1), o = partnerLanes(one, w0, w1);
    const e = ownLanes(two, v0, v1), f = partnerLanes(two, v0, v1);
    let c0 = splat(0), c1 = splat(0), d0 = splat(0), d1 = splat(0);
    let p = x, q = gx, t = g;
    const last = p + xRows;
    do {
      const x0 = get(p, 0), g0 = get(t, 0), x1 = swap(one, x0);
      const m = madd(o, x1, mul(d, x0));
      d0 = madd(g0, m, d0);
      d1 = madd(g0, swap(two, m), d1);
      const h = madd(e, g0, swap(two, mul(f, g0)));
      c0 = madd(h, x0, c0);
      c1 = madd(h, x1, c1);
      put(q, madd(d, h, swap(one, mul(o, h))));
      p += xRow;
      q += gxRow;
      t += gRow;
    } while (p < last);
    giveLanes(one, first, w + toGradient, c0, c1);
    giveLanes(two, first, v + toGradient, d0, d1);
    x += 16;
    gx += 16;
    g += 16;
    w += 32;
    v += 32;
  }
}

export function realLanes12Back(r: usize, x: usize, gx: usize, g: usize, rows: i32, first: bool): void {
  lanesBack(1, r, x, gx, g, rows, first);
}

export function realLanes21Back(r: usize, x: usize, gx: usize, g: usize, rows: i32, first: bool): void {
  lanesBack(2, r, x, gx, g, rows, first);
}
