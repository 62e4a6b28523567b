// Complex twins of quads.ts, on vectors of four real parts and then four imaginary parts; weights and gradients are
// interleaved.

import { giveComplex, im, imConj, re, reConj } from "./complex_stages.ts";
import { A, B, COUNT, EXTRA, GRADIENT, WEIGHTS, field } from "./record.ts";
import { evens, get, madd, mul, nmadd, odds, put } from "./vec.ts";

/** g·conj(x), real part. */
// @ts-ignore: decorator
@inline
function dotRe(gr: v128, gi: v128, xr: v128, xi: v128): v128 {
  return madd(gi, xi, mul(gr, xr));
}

/** g·conj(x), imaginary part. */
// @ts-ignore: decorator
@inline
function dotIm(gr: v128, gi: v128, xr: v128, xi: v128): v128 {
  return nmadd(gr, xi, mul(gi, xr));
}

/** Both factors. */
export function complexQuad(r: usize, src: usize, dst: usize): void {
  const a: usize = field(r, A), b: usize = field(r, B);
  const low = min(a, b), high = max(a, b), up = a < b;
  const nextA = up ? 2 * b : b, nextB = up ? a : 2 * a;
  let w: usize = field(r, WEIGHTS), v: usize = w + field(r, EXTRA);
  for (let block = field(r, COUNT); block > 0; block--) {
    const endHigh = src + high;
    while (src < endHigh) {
      const end = src + low;
      while (src < end) {
        let s: v128, t: v128, dr: v128, di: v128, or: v128, oi: v128, u = w;
        const x0r = get(src, 0), x0i = get(src, 16);
        const s1 = src + a, s2 = src + b, s3 = s1 + b;
        const x1r = get(s1, 0), x1i = get(s1, 16);
        s = get(u, 0); t = get(u, 16); dr = evens(s, t); di = odds(s, t);
        s = get(u + a, 0); t = get(u + a, 16); or = evens(s, t); oi = odds(s, t);
        const m0r = re(dr, di, x0r, x0i, or, oi, x1r, x1i), m0i = im(dr, di, x0r, x0i, or, oi, x1r, x1i);
        s = get(u + 3 * a, 0); t = get(u + 3 * a, 16); dr = evens(s, t); di = odds(s, t);
        s = get(u + 2 * a, 0); t = get(u + 2 * a, 16); or = evens(s, t); oi = odds(s, t);
        const m1r = re(dr, di, x1r, x1i, or, oi, x0r, x0i), m1i = im(dr, di, x1r, x1i, or, oi, x0r, x0i);
        u += nextA;
        const x2r = get(s2, 0), x2i = get(s2, 16);
        const x3r = get(s3, 0), x3i = get(s3, 16);
        s = get(u, 0); t = get(u, 16); dr = evens(s, t); di = odds(s, t);
        s = get(u + a, 0); t = get(u + a, 16); or = evens(s, t); oi = odds(s, t);
        const m2r = re(dr, di, x2r, x2i, or, oi, x3r, x3i), m2i = im(dr, di, x2r, x2i, or, oi, x3r, x3i);
        s = get(u + 3 * a, 0); t = get(u + 3 * a, 16); dr = evens(s, t); di = odds(s, t);
        s = get(u + 2 * a, 0); t = get(u + 2 * a, 16); or = evens(s, t); oi = odds(s, t);
        const m3r = re(dr, di, x3r, x3i, or, oi, x2r, x2i), m3i = im(dr, di, x3r, x3i, or, oi, x2r, x2i);
        u = v;
        const q1 = dst + a, q2 = dst + b, q3 = q1 + b;
        s = get(u, 0); t = get(u, 16); dr = evens(s, t); di = odds(s, t);
        s = get(u + b, 0); t = get(u + b, 16); or = evens(s, t); oi = odds(s, t);
        put(dst, re(dr, di, m0r, m0i, or, oi, m2r, m2i));
        put(dst + 16, im(dr, di, m0r, m0i, or, oi, m2r, m2i));
        s = get(u + 3 * b, 0); t = get(u + 3 * b, 16); dr = evens(s, t); di = odds(s, t);
        s = get(u + 2 * b, 0); t = get(u + 2 * b, 16); or = evens(s, t); oi = odds(s, t);
        put(q2, re(dr, di, m2r, m2i, or, oi, m0r, m0i));
        put(q2 + 16, im(dr, di, m2r, m2i, or, oi, m0r, m0i));
        u += nextB;
        s = get(u, 0); t = get(u, 16); dr = evens(s, t); di = odds(s, t);
        s = get(u + b, 0); t = get(u + b, 16); or = evens(s, t); oi = odds(s, t);
        put(q1, re(dr, di, m1r, m1i, or, oi, m3r, m3i));
        put(q1 + 16, im(dr, di, m1r, m1i, or, oi, m3r, m3i));
        s = get(u + 3 * b, 0); t = get(u + 3 * b, 16); dr = evens(s, t); di = odds(s, t);
        s = get(u + 2 * b, 0); t = get(u + 2 * b, 16); or = evens(s, t); oi = odds(s, t);
        put(q3, re(dr, di, m3r, m3i, or, oi, m1r, m1i));
        put(q3 + 16, im(dr, di, m3r, m3i, or, oi, m1r, m1i));
        src += 32;
        dst += 32;
        w += 32;
        v += 32;
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

/** gx = Aᴴ·Bᴴ·g and the gradients of both factors, from the input x of the first. */
export function complexQuadBack(r: usize, x: usize, gx: usize, g: usize, first: bool): void {
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
        let s: v128, t: v128, dr: v128, di: v128, or: v128, oi: v128, u = w, z: usize;
        const x0r = get(x, 0), x0i = get(x, 16);
        const p1 = x + a, p2 = x + b, p3 = p1 + b;
        const x1r = get(p1, 0), x1i = get(p1, 16);
        s = get(u, 0); t = get(u, 16); dr = evens(s, t); di = odds(s, t);
        s = get(u + a, 0); t = get(u + a, 16); or = evens(s, t); oi = odds(s, t);
        const m0r = re(dr, di, x0r, x0i, or, oi, x1r, x1i), m0i = im(dr, di, x0r, x0i, or, oi, x1r, x1i);
        s = get(u + 3 * a, 0); t = get(u + 3 * a, 16); dr = evens(s, t); di = odds(s, t);
        s = get(u + 2 * a, 0); t = get(u + 2 * a, 16); or = evens(s, t); oi = odds(s, t);
        const m1r = re(dr, di, x1r, x1i, or, oi, x0r, x0i), m1i = im(dr, di, x1r, x1i, or, oi, x0r, x0i);
        u += nextA;
        const x2r = get(p2, 0), x2i = get(p2, 16);
        const x3r = get(p3, 0), x3i = get(p3, 16);
        s = get(u, 0); t = get(u, 16); dr = evens(s, t); di = odds(s, t);
        s = get(u + a, 0); t = get(u + a, 16); or = evens(s, t); oi = odds(s, t);
        const m2r = re(dr, di, x2r, x2i, or, oi, x3r, x3i), m2i = im(dr, di, x2r, x2i, or, oi, x3r, x3i);
        s = get(u + 3 * a, 0); t = get(u + 3 * a, 16); dr = evens(s, t); di = odds(s, t);
        s = get(u + 2 * a, 0); t = get(u + 2 * a, 16); or = evens(s, t); oi = odds(s, t);
        const m3r = re(dr, di, x3r, x3i, or, oi, x2r, x2i), m3i = im(dr, di, x3r, x3i, or, oi, x2r, x2i);
        const t1 = g + a, t2 = g + b, t3 = t1 + b;
        const g0r = get(g, 0), g0i = get(g, 16);
        const g2r = get(t2, 0), g2i = get(t2, 16);
        u = v; z = u + toGradient;
        giveComplex(first, z, dotRe(g0r, g0i, m0r, m0i), dotIm(g0r, g0i, m0r, m0i));
        giveComplex(first, z + b, dotRe(g0r, g0i, m2r, m2i), dotIm(g0r, g0i, m2r, m2i));
        giveComplex(first, z + 2 * b, dotRe(g2r, g2i, m0r, m0i), dotIm(g2r, g2i, m0r, m0i));
        giveComplex(first, z + 3 * b, dotRe(g2r, g2i, m2r, m2i), dotIm(g2r, g2i, m2r, m2i));
        s = get(u, 0); t = get(u, 16); dr = evens(s, t); di = odds(s, t);
        s = get(u + 2 * b, 0); t = get(u + 2 * b, 16); or = evens(s, t); oi = odds(s, t);
        const h0r = reConj(dr, di, g0r, g0i, or, oi, g2r, g2i), h0i = imConj(dr, di, g0r, g0i, or, oi, g2r, g2i);
        s = get(u + 3 * b, 0); t = get(u + 3 * b, 16); dr = evens(s, t); di = odds(s, t);
        s = get(u + b, 0); t = get(u + b, 16); or = evens(s, t); oi = odds(s, t);
        const h2r = reConj(dr, di, g2r, g2i, or, oi, g0r, g0i), h2i = imConj(dr, di, g2r, g2i, or, oi, g0r, g0i);
        const g1r = get(t1, 0), g1i = get(t1, 16);
        const g3r = get(t3, 0), g3i = get(t3, 16);
        u += nextB; z += nextB;
        giveComplex(first, z, dotRe(g1r, g1i, m1r, m1i), dotIm(g1r, g1i, m1r, m1i));
        giveComplex(first, z + b, dotRe(g1r, g1i, m3r, m3i), dotIm(g1r, g1i, m3r, m3i));
        giveComplex(first, z + 2 * b, dotRe(g3r, g3i, m1r, m1i), dotIm(g3r, g3i, m1r, m1i));
        giveComplex(first, z + 3 * b, dotRe(g3r, g3i, m3r, m3i), dotIm(g3r, g3i, m3r, m3i));
        s = get(u, 0); t = get(u, 16); dr = evens(s, t); di = odds(s, t);
        s = get(u + 2 * b, 0); t = get(u + 2 * b, 16); or = evens(s, t); oi = odds(s, t);
        const h1r = reConj(dr, di, g1r, g1i, or, oi, g3r, g3i), h1i = imConj(dr, di, g1r, g1i, or, oi, g3r, g3i);
        s = get(u + 3 * b, 0); t = get(u + 3 * b, 16); dr = evens(s, t); di = odds(s, t);
        s = get(u + b, 0); t = get(u + b, 16); or = evens(s, t); oi = odds(s, t);
        const h3r = reConj(dr, di, g3r, g3i, or, oi, g1r, g1i), h3i = imConj(dr, di, g3r, g3i, or, oi, g1r, g1i);
        const q1 = gx + a, q2 = gx + b, q3 = q1 + b;
        u = w; z = u + toGradient;
        giveComplex(first, z, dotRe(h0r, h0i, x0r, x0i), dotIm(h0r, h0i, x0r, x0i));
        giveComplex(first, z + a, dotRe(h0r, h0i, x1r, x1i), dotIm(h0r, h0i, x1r, x1i));
        giveComplex(first, z + 2 * a, dotRe(h1r, h1i, x0r, x0i), dotIm(h1r, h1i, x0r, x0i));
        giveComplex(first, z + 3 * a, dotRe(h1r, h1i, x1r, x1i), dotIm(h1r, h1i, x1r, x1i));
        s = get(u, 0); t = get(u, 16); dr = evens(s, t); di = odds(s, t);
        s = get(u + 2 * a, 0); t = get(u + 2 * a, 16); or = evens(s, t); oi = odds(s, t);
        put(gx, reConj(dr, di, h0r, h0i, or, oi, h1r, h1i));
        put(gx + 16, imConj(dr, di, h0r, h0i, or, oi, h1r, h1i));
        s = get(u + 3 * a, 0); t = get(u + 3 * a, 16); dr = evens(s, t); di = odds(s, t);
        s = get(u + a, 0); t = get(u + a, 16); or = evens(s, t); oi = odds(s, t);
        put(q1, reConj(dr, di, h1r, h1i, or, oi, h0r, h0i));
        put(q1 + 16, imConj(dr, di, h1r, h1i, or, oi, h0r, h0i));
        u += nextA; z += nextA;
        giveComplex(first, z, dotRe(h2r, h2i, x2r, x2i), dotIm(h2r, h2i, x2r, x2i));
        giveComplex(first, z + a, dotRe(h2r, h2i, x3r, x3i), dotIm(h2r, h2i, x3r, x3i));
        giveComplex(first, z + 2 * a, dotRe(h3r, h3i, x2r, x2i), dotIm(h3r, h3i, x2r, x2i));
        giveComplex(first, z + 3 * a, dotRe(h3r, h3i, x3r, x3i), dotIm(h3r, h3i, x3r, x3i));
        s = get(u, 0); t = get(u, 16); dr = evens(s, t); di = odds(s, t);
        s = get(u + 2 * a, 0); t = get(u + 2 * a, 16); or = evens(s, t); oi = odds(s, t);
        put(q2, reConj(dr, di, h2r, h2i, or, oi, h3r, h3i));
        put(q2 + 16, imConj(dr, di, h2r, h2i, or, oi, h3r, h3i));
        s = get(u + 3 * a, 0); t = get(u + 3 * a, 16); dr = evens(s, t); di = odds(s, t);
        s = get(u + a, 0); t = get(u + a, 16); or = evens(s, t); oi = odds(s, t);
        put(q3, reConj(dr, di, h3r, h3i, or, oi, h2r, h2i));
        put(q3 + 16, imConj(dr, di, h3r, h3i, or, oi, h2r, h2i));
        x += 32;
        gx += 32;
        g += 32;
        w += 32;
        v += 32;
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
