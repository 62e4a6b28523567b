// Permutations that move whole vectors, and factors of 4×4 blocks that read and write as a permutation would have it: the
// entries of a block lie in four streams, each of which runs forwards or backwards, alone or interleaved with another.
//
// Tables are made by src/program/moves.ts and src/program/streams.ts.

import { A, B, C, COUNT, EXTRA, EXTRA1, EXTRA2, TABLE, WEIGHTS, field } from "./record.ts";
import {
  add, backwards, either, evens, evensBackwards, get, getSplat, madd, mul, negate, nmadd, odds, oddsBackwards, pick, put, sub, zipHigh,
  zipHighBackwards, zipLow, zipLowBackwards,
} from "./vec.ts";

/** Bytes of a segment in the table: twelve numbers and four vectors of lanes. */
const SEGMENT: usize = 112;

/**
 * COUNT segments, and then EXTRA single floats. A segment takes, so many times, two vectors of the source and makes two of
 * the destination from them: its fields are how often, four offsets (two sources, two destinations), the distance that
 * each of them moves on, and the lanes that each source gives each destination. A float is an offset to and one from.
 */
export function move(r: usize, src: usize, dst: usize): void {
  let t: usize = field(r, TABLE);
  for (let i = field(r, COUNT); i > 0; i--, t += SEGMENT) {
    let p = src + load<u32>(t, 4), q = src + load<u32>(t, 8);
    let u = dst + load<u32>(t, 12), v = dst + load<u32>(t, 16);
    const a: usize = load<u32>(t, 20), b: usize = load<u32>(t, 24), c: usize = load<u32>(t, 28), d: usize = load<u32>(t, 32);
    const pu = get(t, 48), qu = get(t, 64), pv = get(t, 80), qv = get(t, 96);
    for (let k = load<i32>(t); k > 0; k--, p += a, q += b, u += c, v += d) {
      const x = get(p, 0), y = get(q, 0);
      put(u, either(pick(x, pu), pick(y, qu)));
      put(v, either(pick(x, pv), pick(y, qv)));
    }
  }
  for (const end = t + (<usize>field(r, EXTRA) << 3); t < end; t += 8) {
    store<u32>(dst + load<u32>(t), load<u32>(src + load<u32>(t, 4)));
  }
}

/** Bytes of a segment of `moveSums`: sixteen numbers and four vectors of lanes. */
const SUMS: usize = 128;

/**
 * As `move`, with four vectors of the source: two make x, two make y, and x + y and x − y are written. A segment has six
 * offsets (four sources, two destinations) and six distances.
 */
export function moveSums(r: usize, src: usize, dst: usize): void {
  let t: usize = field(r, TABLE);
  for (let i = field(r, COUNT); i > 0; i--, t += SUMS) {
    let p = src + load<u32>(t, 4), q = src + load<u32>(t, 8), s = src + load<u32>(t, 12), o = src + load<u32>(t, 16);
    let u = dst + load<u32>(t, 20), v = dst + load<u32>(t, 24);
    const a: usize = load<u32>(t, 28), b: usize = load<u32>(t, 32), c: usize = load<u32>(t, 36), d: usize = load<u32>(t, 40);
    const e: usize = load<u32>(t, 44), f: usize = load<u32>(t, 48);
    const xp = get(t, 64), xq = get(t, 80), ys = get(t, 96), yo = get(t, 112);
    for (let k = load<i32>(t); k > 0; k--, p += a, q += b, s += c, o += d, u += e, v += f) {
      const x = either(pick(get(p, 0), xp), pick(get(q, 0), xq)), y = either(pick(get(s, 0), ys), pick(get(o, 0), yo));
      put(u, add(x, y));
      put(v, sub(x, y));
    }
  }
}

/** Row 0 of two rotations [[a, −b], [b, a]], [[c, −d], [d, c]]; with `negated` x3 counts as −x3. */
// @ts-ignore: decorator
@inline
function upper(
  negated: bool, a: v128, b: v128, c: v128, d: v128, x0: v128, x1: v128, x2: v128, x3: v128,
): v128 {
  const y = madd(c, x2, nmadd(b, x1, mul(a, x0)));
  return negated ? madd(d, x3, y) : nmadd(d, x3, y);
}

/** Row 1 of the same. */
// @ts-ignore: decorator
@inline
function lower(
  negated: bool, a: v128, b: v128, c: v128, d: v128, x0: v128, x1: v128, x2: v128, x3: v128,
): v128 {
  const y = madd(d, x2, madd(a, x1, mul(b, x0)));
  return negated ? nmadd(c, x3, y) : madd(c, x3, y);
}

/**
 * COUNT times four blocks next to each other; the second four begin EXTRA1 blocks before the end of the first. All that
 * EXTRA2 times, each time A bytes further where it is read and B where it is written; and C blocks one by one. The table
 * has the offsets of the four streams that are read and of the four that are written, and how far each moves on. Bits of
 * EXTRA: 1, 2, streams 0 and 1 (2 and 3) that are read are interleaved; 4, 8, the same where they are written; 16 … 128, a
 * stream that is read runs backwards; 256 … 2048, one that is written; 4096, blocks consist of rotations [[r, −s], [s, r]],
 * for each of which only r and s are there; then 8192, stream 3 is read, and 16384, written, with the opposite sign.
 */
export function streams(r: usize, src: usize, dst: usize): void {
  const flags = field(r, EXTRA), bytes: usize = field(r, COUNT) << (flags & 4096 ? 7 : 8);
  const a: usize = field(r, A), b: usize = field(r, B);
  // Real transforms and their transposes: pair 0 forwards, pair 1 backwards, and single streams by turns.
  const reads = flags & 0x00f0, writes = flags & 0x0f00;
  const spreads = (flags & ~0x0f00) == 0x30c3 && (writes == 0x0500 || writes == 0x0a00);
  const gathers = (flags & ~0x00f0) == 0x5c0c && (reads == 0x0050 || reads == 0x00a0);
  const from = src, to = dst;
  let w: usize = field(r, WEIGHTS);
  for (let i = field(r, EXTRA2); i > 0; i--, w += bytes, src += a, dst += b) {
    if (spreads) spread(r, w, src, dst);
    else if (gathers) gather(r, w, src, dst);
    else any(r, w, src, dst);
  }
  singles(field(r, TABLE) + 64, w, from, to, field(r, C));
}

/** Blocks one by one: eight offsets each, of what it reads and what it writes, and its weights, column by column. */
function singles(t: usize, w: usize, src: usize, dst: usize, count: i32): void {
  for (; count > 0; count--, t += 32, w += 64) {
    let y = mul(get(w, 0), getSplat(src + load<u32>(t)));
    y = madd(get(w, 16), getSplat(src + load<u32>(t, 4)), y);
    y = madd(get(w, 32), getSplat(src + load<u32>(t, 8)), y);
    y = madd(get(w, 48), getSplat(src + load<u32>(t, 12)), y);
    store<f32>(dst + load<u32>(t, 16), f32x4.extract_lane(y, 0));
    store<f32>(dst + load<u32>(t, 20), f32x4.extract_lane(y, 1));
    store<f32>(dst + load<u32>(t, 24), f32x4.extract_lane(y, 2));
    store<f32>(dst + load<u32>(t, 28), f32x4.extract_lane(y, 3));
  }
}

/** One of these times, whatever the flags. */
function any(r: usize, w: usize, src: usize, dst: usize): void {
  const t: usize = field(r, TABLE), back = field(r, EXTRA1), flags = field(r, EXTRA);
  let p0 = src + load<u32>(t), p1 = src + load<u32>(t, 4), p2 = src + load<u32>(t, 8), p3 = src + load<u32>(t, 12);
  let q0 = dst + load<u32>(t, 16), q1 = dst + load<u32>(t, 20), q2 = dst + load<u32>(t, 24), q3 = dst + load<u32>(t, 28);
  const a0 = load<i32>(t, 32), a1 = load<i32>(t, 36), a2 = load<i32>(t, 40), a3 = load<i32>(t, 44);
  const b0 = load<i32>(t, 48), b1 = load<i32>(t, 52), b2 = load<i32>(t, 56), b3 = load<i32>(t, 60);
  const count = field(r, COUNT);
  for (let k = 0; k < count; k++) {
    if (k == 1) {
      p0 -= back * (a0 >> 2); p1 -= back * (a1 >> 2); p2 -= back * (a2 >> 2); p3 -= back * (a3 >> 2);
      q0 -= back * (b0 >> 2); q1 -= back * (b1 >> 2); q2 -= back * (b2 >> 2); q3 -= back * (b3 >> 2);
    }
    let x0 = get(p0, 0), x1 = get(p1, 0), x2 = get(p2, 0), x3 = get(p3, 0);
    let s: v128;
    if (flags & 1) { s = x0; x0 = evens(s, x1); x1 = odds(s, x1); }
    if (flags & 2) { s = x2; x2 = evens(s, x3); x3 = odds(s, x3); }
    if (flags & 16) x0 = backwards(x0);
    if (flags & 32) x1 = backwards(x1);
    if (flags & 64) x2 = backwards(x2);
    if (flags & 128) x3 = backwards(x3);
    let y0: v128, y1: v128, y2: v128, y3: v128;
    if (flags & 4096) {
      if (flags & 8192) x3 = negate(x3);
      let a = get(w, 0), b = get(w, 16), c = get(w, 32), d = get(w, 48); w += 64;
      y0 = upper(false, a, b, c, d, x0, x1, x2, x3); y1 = lower(false, a, b, c, d, x0, x1, x2, x3);
      a = get(w, 0); b = get(w, 16); c = get(w, 32); d = get(w, 48); w += 64;
      y2 = upper(false, a, b, c, d, x0, x1, x2, x3); y3 = lower(false, a, b, c, d, x0, x1, x2, x3);
      if (flags & 16384) y3 = negate(y3);
    } else {
      y0 = madd(get(w, 48), x3, madd(get(w, 32), x2, madd(get(w, 16), x1, mul(get(w, 0), x0)))); w += 64;
      y1 = madd(get(w, 48), x3, madd(get(w, 32), x2, madd(get(w, 16), x1, mul(get(w, 0), x0)))); w += 64;
      y2 = madd(get(w, 48), x3, madd(get(w, 32), x2, madd(get(w, 16), x1, mul(get(w, 0), x0)))); w += 64;
      y3 = madd(get(w, 48), x3, madd(get(w, 32), x2, madd(get(w, 16), x1, mul(get(w, 0), x0)))); w += 64;
    }
    if (flags & 256) y0 = backwards(y0);
    if (flags & 512) y1 = backwards(y1);
    if (flags & 1024) y2 = backwards(y2);
    if (flags & 2048) y3 = backwards(y3);
    if (flags & 4) { s = y0; y0 = zipLow(s, y1); y1 = zipHigh(s, y1); }
    if (flags & 8) { s = y2; y2 = zipLow(s, y3); y3 = zipHigh(s, y3); }
    put(q0, y0); put(q1, y1); put(q2, y2); put(q3, y3);
    p0 += a0; p1 += a1; p2 += a2; p3 += a3;
    q0 += b0; q1 += b1; q2 += b2; q3 += b3;
  }
}

/** `streams` where numbers and their mirror images are read, and four parts of the result are written. */
function spread(r: usize, w: usize, src: usize, dst: usize): void {
  const t: usize = field(r, TABLE), back = field(r, EXTRA1), down = (field(r, EXTRA) & 256) != 0;
  let p = src + load<u32>(t), q = src + load<u32>(t, 8);
  let q0 = dst + load<u32>(t, 16), q1 = dst + load<u32>(t, 20), q2 = dst + load<u32>(t, 24), q3 = dst + load<u32>(t, 28);
  const step = down ? -16 : 16;
  // How far the streams move on, at first less.
  let ahead = 32 - (back << 3), along = step - back * (step >> 2);
  for (let k = field(r, COUNT); k > 0; k--) {
    let s = get(p, 0), u = get(p, 16);
    const x0 = evens(s, u), x1 = odds(s, u);
    s = get(q, 0); u = get(q, 16);
    const x2 = evensBackwards(s, u), x3 = oddsBackwards(s, u);
    let a = get(w, 0), b = get(w, 16), c = get(w, 32), d = get(w, 48); w += 64;
    let y0 = upper(true, a, b, c, d, x0, x1, x2, x3), y1 = lower(true, a, b, c, d, x0, x1, x2, x3);
    a = get(w, 0); b = get(w, 16); c = get(w, 32); d = get(w, 48); w += 64;
    let y2 = upper(true, a, b, c, d, x0, x1, x2, x3), y3 = lower(true, a, b, c, d, x0, x1, x2, x3);
    if (down) {
      y0 = backwards(y0); y2 = backwards(y2);
    } else {
      y1 = backwards(y1); y3 = backwards(y3);
    }
    put(q0, y0); put(q1, y1); put(q2, y2); put(q3, y3);
    p += ahead; q -= ahead;
    q0 += along; q1 -= along; q2 += along; q3 -= along;
    ahead = 32; along = step;
  }
}

/** The transpose of `spread`. */
function gather(r: usize, w: usize, src: usize, dst: usize): void {
  const t: usize = field(r, TABLE), back = field(r, EXTRA1), down = (field(r, EXTRA) & 16) != 0;
  let p0 = src + load<u32>(t), p1 = src + load<u32>(t, 4), p2 = src + load<u32>(t, 8), p3 = src + load<u32>(t, 12);
  let p = dst + load<u32>(t, 16), q = dst + load<u32>(t, 24);
  const step = down ? -16 : 16;
  // How far the streams move on, at first less.
  let ahead = 32 - (back << 3), along = step - back * (step >> 2);
  for (let k = field(r, COUNT); k > 0; k--) {
    let x0 = get(p0, 0), x1 = get(p1, 0), x2 = get(p2, 0), x3 = get(p3, 0);
    if (down) {
      x0 = backwards(x0); x2 = backwards(x2);
    } else {
      x1 = backwards(x1); x3 = backwards(x3);
    }
    let a = get(w, 0), b = get(w, 16), c = get(w, 32), d = get(w, 48); w += 64;
    const y0 = upper(false, a, b, c, d, x0, x1, x2, x3), y1 = lower(false, a, b, c, d, x0, x1, x2, x3);
    put(p, zipLow(y0, y1)); put(p + 16, zipHigh(y0, y1));
    a = get(w, 0); b = get(w, 16); c = get(w, 32); d = get(w, 48); w += 64;
    const y2 = upper(false, a, b, c, d, x0, x1, x2, x3), y3 = negate(lower(false, a, b, c, d, x0, x1, x2, x3));
    put(q, zipHighBackwards(y2, y3)); put(q + 16, zipLowBackwards(y2, y3));
    p += ahead; q -= ahead;
    p0 += along; p1 -= along; p2 += along; p3 -= along;
    ahead = 32; along = step;
  }
}
