// Two neighbouring factors of training at once, forward and backward, for single vectors: what lies between the two is
// in registers only, and is computed again on the way back. For several rows single factors (stages.ts) are faster,
// because their weights and sums fit into registers; so they are for complex numbers, where arithmetic sets the time
// rather than accesses to memory. Weights and gradients have the plain layout.
//
// Four vectors x0 … x3 lie at p, p + a, p + b, p + a + b, where a and b are the strides of the first and of the second
// factor, one a multiple of twice the other. The first factor takes the pairs (x0, x1) and (x2, x3), the second the pairs
// (x0, x2) and (x1, x3). In the plain layout the weights of point k of stride s begin at 2k − k mod s; so those of the
// second pair lie 2b (if a < b) or b after those of the first pair, and alike for the second factor.

import { A, B, COUNT, DST_ROW, EXTRA, G_ROW, GRADIENT, SRC_ROW, WEIGHTS, field } from "./record.ts";
import { get, give, madd, mul, put } from "./vec.ts";

/** Both factors, on one row. */
function quad(r: usize, src: usize, dst: usize): void {
  const a: usize = field(r, A), b: usize = field(r, B);
  const low = min(a, b), high = max(a, b), up = a < b;
  const nextA = up ? 2 * b : b, nextB = up ? a : 2 * a;
  let w: usize = field(r, WEIGHTS), v: usize = w + field(r, EXTRA);
  for (let block = field(r, COUNT); block > 0; block--) {
    const endHigh = src + high;
    while (src < endHigh) {
      const end = src + low;
      while (src < end) {
        let u = w;
        const x0 = get(src, 0), x1 = get(src + a, 0);
        const m0 = madd(get(u + a, 0), x1, mul(get(u, 0), x0));
        const m1 = madd(get(u + 2 * a, 0), x0, mul(get(u + 3 * a, 0), x1));
        u += nextA;
        const x2 = get(src + b, 0), x3 = get(src + a + b, 0);
        const m2 = madd(get(u + a, 0), x3, mul(get(u, 0), x2));
        const m3 = madd(get(u + 2 * a, 0), x2, mul(get(u + 3 * a, 0), x3));
        u = v;
        put(dst, madd(get(u + b, 0), m2, mul(get(u, 0), m0)));
        put(dst + b, madd(get(u + 2 * b, 0), m0, mul(get(u + 3 * b, 0), m2)));
        u += nextB;
        put(dst + a, madd(get(u + b, 0), m3, mul(get(u, 0), m1)));
        put(dst + a + b, madd(get(u + 2 * b, 0), m1, mul(get(u + 3 * b, 0), m3)));
        src += 16;
        dst += 16;
        w += 16;
        v += 16;
      }
      src += low;
      dst += low;
      w += up ? 3 * low : low;
      v += up ? low : 3 * low;
    }
    src += high;
    dst += high;
    w += up ? 2 * high : 3 * high;
    v += up ? 3 * high : 2 * high;
  }
}

export function realQuad(r: usize, src: usize, dst: usize, rows: i32): void {
  const srcRow = field(r, SRC_ROW), dstRow = field(r, DST_ROW);
  for (; rows > 0; rows--, src += srcRow, dst += dstRow) quad(r, src, dst);
}

/** The way back through both, on one row. */
function quadBack(r: usize, x: usize, gx: usize, g: usize, first: bool): void {
  const a: usize = field(r, A), b: usize = field(r, B);
  const low = min(a, b), high = max(a, b), up = a < b;
  const nextA = up ? 2 * b : b, nextB = up ? a : 2 * a;
  let w: usize = field(r, WEIGHTS), v: usize = w + field(r, EXTRA);
  const toGradient: usize = field(r, GRADIENT) - w;
  for (let block = field(r, COUNT); block > 0; block--) {
    const endHigh = x + high;
    while (x < endHigh) {
      const end = x + low;
      while (x < end) {
        let u = w;
        const a0 = get(u, 0), a1 = get(u + a, 0), a2 = get(u + 2 * a, 0), a3 = get(u + 3 * a, 0); u += nextA;
        const a4 = get(u, 0), a5 = get(u + a, 0), a6 = get(u + 2 * a, 0), a7 = get(u + 3 * a, 0);
        const x0 = get(x, 0), x1 = get(x + a, 0), x2 = get(x + b, 0), x3 = get(x + a + b, 0);
        u = v;
        let t = v + toGradient;
        const g0 = get(g, 0), g2 = get(g + b, 0);
        const m0 = madd(a1, x1, mul(a0, x0)), m2 = madd(a5, x3, mul(a4, x2));
        give(first, t, mul(g0, m0));
        give(first, t + b, mul(g0, m2));
        give(first, t + 2 * b, mul(g2, m0));
        give(first, t + 3 * b, mul(g2, m2));
        const h0 = madd(get(u + 2 * b, 0), g2, mul(get(u, 0), g0));
        const h2 = madd(get(u + b, 0), g0, mul(get(u + 3 * b, 0), g2));
        u += nextB;
        t += nextB;
        const g1 = get(g + a, 0), g3 = get(g + a + b, 0);
        const m1 = madd(a2, x0, mul(a3, x1)), m3 = madd(a6, x2, mul(a7, x3));
        give(first, t, mul(g1, m1));
        give(first, t + b, mul(g1, m3));
        give(first, t + 2 * b, mul(g3, m1));
        give(first, t + 3 * b, mul(g3, m3));
        const h1 = madd(get(u + 2 * b, 0), g3, mul(get(u, 0), g1));
        const h3 = madd(get(u + b, 0), g1, mul(get(u + 3 * b, 0), g3));
        put(gx, madd(a2, h1, mul(a0, h0)));
        put(gx + a, madd(a1, h0, mul(a3, h1)));
        put(gx + b, madd(a6, h3, mul(a4, h2)));
        put(gx + a + b, madd(a5, h2, mul(a7, h3)));
        t = w + toGradient;
        give(first, t, mul(h0, x0));
        give(first, t + a, mul(h0, x1));
        give(first, t + 2 * a, mul(h1, x0));
        give(first, t + 3 * a, mul(h1, x1));
        t += nextA;
        give(first, t, mul(h2, x2));
        give(first, t + a, mul(h2, x3));
        give(first, t + 2 * a, mul(h3, x2));
        give(first, t + 3 * a, mul(h3, x3));
        x += 16;
        gx += 16;
        g += 16;
        w += 16;
        v += 16;
      }
      x += low;
      gx += low;
      g += low;
      w += up ? 3 * low : low;
      v += up ? low : 3 * low;
    }
    x += high;
    gx += high;
    g += high;
    w += up ? 2 * high : 3 * high;
    v += up ? 3 * high : 2 * high;
  }
}

/** gx = Aᵀ·Bᵀ·g and the gradients of both factors, from the input x of the first. */
export function realQuadBack(
  r: usize, x: usize, gx: usize, g: usize, rows: i32, first: bool,
): void {
  const xRow = field(r, SRC_ROW), gxRow = field(r, DST_ROW), gRow = field(r, G_ROW);
  for (; rows > 0; rows--, x += xRow, gx += gxRow, g += gRow, first = false) quadBack(r, x, gx, g, first);
}
