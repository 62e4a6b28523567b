/**
 * Twins of the fused butterfly passes: assembly/real.ts, complex.ts, signs.ts and twiddles.ts.
 *
 * @module
 */

import { Field } from "./record.ts";
import type { Memory } from "./scalar.ts";

/** The registers of one iteration, 4 lanes each: 16 real ones, or 4 complex ones with the imaginary parts apart. */
const re = /* @__PURE__ */ new Float64Array(64), im = /* @__PURE__ */ new Float64Array(16);
/** Element offsets of the registers, at the source and at the destination. */
const from = /* @__PURE__ */ new Int32Array(16), to = /* @__PURE__ */ new Int32Array(16);

function offsets(m: Memory, r: number, factors: number): number {
  const registers = 1 << factors;
  for (let t = 0; t < registers; t++) {
    let x = 0, y = 0;
    for (let k = 0; k < factors; k++) {
      if ((t >> k & 1) === 0) continue;
      x += m.i32[r + Field.stride[k]] >>> 2;
      y += m.i32[r + (k < 3 ? Field.dstStride[k] : Field.stride[k])] >>> 2;
    }
    from[t] = x;
    to[t] = y;
  }
  return registers;
}

/**
 * One factor between elements k and k xor s of the `size` elements in `re`; returns the next weight. Weights: four
 * lanes of o for each register, or four of d and then four of o; the registers of a pair after each other.
 */
function realFactor(f32: Float32Array, w: number, size: number, s: number, unit: boolean): number {
  if (s < 4) return unit ? unitLanes(f32, w, size, s) : generalLanes(f32, w, size, s);
  return unit ? unitPairs(f32, w, size, s) : generalPairs(f32, w, size, s);
}

// Four loops rather than one with branches: an engine compiles each to straight code.

function unitPairs(f32: Float32Array, w: number, size: number, s: number): number {
  for (let block = 0; block < size; block += 2 * s) {
    for (let k = block; k < block + s; k += 4, w += 8) {
      const a = re[k], b = re[k + 1], c = re[k + 2], d = re[k + 3];
      const e = re[k + s], f = re[k + s + 1], g = re[k + s + 2], h = re[k + s + 3];
      re[k] = a + f32[w] * e;
      re[k + 1] = b + f32[w + 1] * f;
      re[k + 2] = c + f32[w + 2] * g;
      re[k + 3] = d + f32[w + 3] * h;
      re[k + s] = e + f32[w + 4] * a;
      re[k + s + 1] = f + f32[w + 5] * b;
      re[k + s + 2] = g + f32[w + 6] * c;
      re[k + s + 3] = h + f32[w + 7] * d;
    }
  }
  return w;
}

function generalPairs(f32: Float32Array, w: number, size: number, s: number): number {
  for (let block = 0; block < size; block += 2 * s) {
    for (let first = block; first < block + s; first += 4, w += 16) {
      for (let v = 0; v < 4; v++) {
        const k = first + v, x = re[k], y = re[k + s];
        re[k] = f32[w + v] * x + f32[w + v + 4] * y;
        re[k + s] = f32[w + v + 8] * y + f32[w + v + 12] * x;
      }
    }
  }
  return w;
}

function unitLanes(f32: Float32Array, w: number, size: number, s: number): number {
  for (let k = 0; k < size; k += 4, w += 4) {
    const a = re[k], b = re[k + 1], c = re[k + 2], d = re[k + 3];
    re[k] = a + f32[w] * (s === 1 ? b : c);
    re[k + 1] = b + f32[w + 1] * (s === 1 ? a : d);
    re[k + 2] = c + f32[w + 2] * (s === 1 ? d : a);
    re[k + 3] = d + f32[w + 3] * (s === 1 ? c : b);
  }
  return w;
}

function generalLanes(f32: Float32Array, w: number, size: number, s: number): number {
  for (let k = 0; k < size; k += 4, w += 8) {
    const a = re[k], b = re[k + 1], c = re[k + 2], d = re[k + 3];
    re[k] = f32[w] * a + f32[w + 4] * (s === 1 ? b : c);
    re[k + 1] = f32[w + 1] * b + f32[w + 5] * (s === 1 ? a : d);
    re[k + 2] = f32[w + 2] * c + f32[w + 6] * (s === 1 ? d : a);
    re[k + 3] = f32[w + 3] * d + f32[w + 7] * (s === 1 ? c : b);
  }
  return w;
}

/** Exchanges lanes and registers: lane v of register t becomes lane t of register v, registers 1 and 2 swapped. */
function exchange(values: Float64Array): void {
  const old = values.slice(0, 16);
  for (let u = 0; u < 4; u++) {
    const lane = u === 1 || u === 2 ? 3 - u : u;
    for (let t = 0; t < 4; t++) values[u * 4 + t] = old[t * 4 + lane];
  }
}

/** One factor with blocks [[1, 1], [1, −1]]. */
function signFactor(size: number, s: number): void {
  for (let k = 0; k < size; k++) {
    if (k & s) continue;
    const x = re[k], y = re[k + s];
    re[k] = x + y;
    re[k + s] = x - y;
  }
}

/** Reads the registers of an iteration. */
function readReal(f32: Float32Array, p: number, registers: number): void {
  for (let t = 0; t < registers; t++) {
    const at = p + from[t], k = t * 4;
    re[k] = f32[at];
    re[k + 1] = f32[at + 1];
    re[k + 2] = f32[at + 2];
    re[k + 3] = f32[at + 3];
  }
}

/** Writes them, each times its entry of the diagonal when there is one; returns the next weight. */
function writeReal(f32: Float32Array, q: number, registers: number, scaled: boolean, w: number): number {
  if (scaled) { for (let k = 0; k < registers * 4; k++) re[k] *= f32[w++]; }
  for (let t = 0; t < registers; t++) {
    const at = q + to[t], k = t * 4;
    f32[at] = re[k];
    f32[at + 1] = re[k + 1];
    f32[at + 2] = re[k + 2];
    f32[at + 3] = re[k + 3];
  }
  return w;
}

/** Twin of `realPass`. */
export function realPass(m: Memory, kind: number, r: number, src: number, dst: number): void {
  const { f32, i32 } = m;
  const lanes = kind & 3, unit = (kind >>> 2 & 1) === 1, factors = (kind >> 3) + 1;
  const registers = offsets(m, r, factors), size = registers * 4;
  const scaled = (i32[r + Field.extra[0]] & 4) !== 0;
  let w = i32[r + Field.weights] >>> 2;
  let table = i32[r + Field.table] >>> 2;
  for (let left = i32[r + Field.count]; left > 0; left--, table += 2) {
    readReal(f32, src + (i32[table] >>> 2), registers);
    if (lanes === 3) exchange(re);
    if (lanes === 1) w = realFactor(f32, realFactor(f32, w, size, 1, unit), size, 2, unit);
    for (let k = 0; k < factors; k++) w = realFactor(f32, w, size, 4 << k, unit);
    if (lanes === 2) w = realFactor(f32, realFactor(f32, w, size, 2, unit), size, 1, unit);
    w = writeReal(f32, dst + (i32[table + 1] >>> 2), registers, scaled, w);
  }
}

/** Twin of `signPass`. */
export function signPass(m: Memory, kind: number, r: number, src: number, dst: number): void {
  const { f32, i32 } = m;
  const factors = (kind >>> 2) + 1;
  const registers = offsets(m, r, factors), size = registers * 4;
  const scaled = (i32[r + Field.extra[0]] & 4) !== 0;
  let w = i32[r + Field.weights] >>> 2;
  let table = i32[r + Field.table] >>> 2;
  for (let left = i32[r + Field.count]; left > 0; left--, table += 2) {
    readReal(f32, src + (i32[table] >>> 2), registers);
    for (let s = kind & 3 ? 1 : 4; s < size; s *= 2) signFactor(size, s);
    w = writeReal(f32, dst + (i32[table + 1] >>> 2), registers, scaled, w);
  }
}

/** As realFactor, with weights of four real and four imaginary parts. */
function complexFactor(f32: Float32Array, w: number, size: number, s: number, unit: boolean): number {
  const width = unit ? 8 : 16;
  let pair = w;
  for (let k = 0; k < size; k++) {
    if (k & s) continue;
    const xr = re[k], xi = im[k], yr = re[k + s], yi = im[k + s];
    let v = w + (k >>> 2) * width + (k & 3), u = v + s;
    if (s >= 4) {
      v = pair + (k & 3);
      u = v + width;
      if ((k & 3) === 3) pair += 2 * width;
    }
    let ar = xr, ai = xi, br = yr, bi = yi;
    if (!unit) {
      ar = f32[v] * xr - f32[v + 4] * xi;
      ai = f32[v] * xi + f32[v + 4] * xr;
      br = f32[u] * yr - f32[u + 4] * yi;
      bi = f32[u] * yi + f32[u + 4] * yr;
      v += 8;
      u += 8;
    }
    re[k] = ar + f32[v] * yr - f32[v + 4] * yi;
    im[k] = ai + f32[v] * yi + f32[v + 4] * yr;
    re[k + s] = br + f32[u] * xr - f32[u + 4] * xi;
    im[k + s] = bi + f32[u] * xi + f32[u + 4] * xr;
  }
  return w + (size >>> 2) * width;
}

/** Reads the registers of an iteration, interleaved (format bit 1) or split. */
function readComplex(f32: Float32Array, p: number, registers: number, format: number): void {
  // Lane v of a vector: interleaved numbers lie two apart, split ones next to each other, imaginary parts 4 later.
  const step = format & 1 ? 2 : 1, other = format & 1 ? 1 : 4;
  for (let t = 0; t < registers; t++) {
    for (let v = 0, at = p + from[t]; v < 4; v++, at += step) {
      re[t * 4 + v] = f32[at];
      im[t * 4 + v] = f32[at + other];
    }
  }
}

/** Writes them, interleaved (format bit 2) or split, times a diagonal (bit 4); returns the next weight. */
function writeComplex(f32: Float32Array, q: number, registers: number, format: number, w: number): number {
  const step = format & 2 ? 2 : 1, other = format & 2 ? 1 : 4;
  for (let t = 0; t < registers; t++) {
    for (let v = 0, at = q + to[t]; v < 4; v++, at += step) {
      let x = re[t * 4 + v], y = im[t * 4 + v];
      if (format & 4) {
        const real = f32[w + v] * x - f32[w + v + 4] * y;
        y = f32[w + v] * y + f32[w + v + 4] * x;
        x = real;
      }
      f32[at] = x;
      f32[at + other] = y;
    }
    if (format & 4) w += 8;
  }
  return w;
}

/** Twin of `complexPass`. */
export function complexPass(
  m: Memory,
  kind: number,
  r: number,
  src: number,
  dst: number,
): void {
  const { f32, i32 } = m;
  const lanes = kind & 3, unit = (kind >>> 2 & 1) === 1, factors = (kind >> 3) + 1;
  const registers = offsets(m, r, factors), size = registers * 4;
  const format = i32[r + Field.extra[0]];
  let w = i32[r + Field.weights] >>> 2;
  let table = i32[r + Field.table] >>> 2;
  for (let left = i32[r + Field.count]; left > 0; left--, table += 2) {
    readComplex(f32, src + (i32[table] >>> 2), registers, format);
    if (lanes === 3) {
      exchange(re);
      exchange(im);
    }
    if (lanes === 1) w = complexFactor(f32, complexFactor(f32, w, size, 1, unit), size, 2, unit);
    for (let k = 0; k < factors; k++) w = complexFactor(f32, w, size, 4 << k, unit);
    if (lanes === 2) w = complexFactor(f32, complexFactor(f32, w, size, 2, unit), size, 1, unit);
    w = writeComplex(f32, dst + (i32[table + 1] >>> 2), registers, format, w);
  }
}

/** One factor with blocks [[1, w], [1, −w]]; four lanes of w for each pair of registers. */
function twiddleFactor(f32: Float32Array, w: number, size: number, s: number): number {
  for (let k = 0; k < size; k++) {
    if (k & s) continue;
    const wr = f32[w + (k & 3)], wi = f32[w + 4 + (k & 3)];
    const tr = wr * re[k + s] - wi * im[k + s], ti = wr * im[k + s] + wi * re[k + s];
    re[k + s] = re[k] - tr;
    im[k + s] = im[k] - ti;
    re[k] += tr;
    im[k] += ti;
    if ((k & 3) === 3) w += 8;
  }
  return w;
}

/** Twin of `twiddlePass`. */
export function twiddlePass(
  m: Memory,
  kind: number,
  r: number,
  src: number,
  dst: number,
): void {
  const { f32, i32 } = m;
  const factors = (kind >>> 2) + 1;
  const registers = offsets(m, r, factors), size = registers * 4;
  const format = i32[r + Field.extra[0]];
  const weights = i32[r + Field.weights] >>> 2;
  let table = i32[r + Field.table] >>> 2;
  for (let left = i32[r + Field.count]; left > 0; left--, table += 3) {
    let w = weights + (i32[table + 2] >>> 2);
    readComplex(f32, src + (i32[table] >>> 2), registers, format);
    if ((kind & 3) === 3) {
      exchange(re);
      exchange(im);
    }
    for (let k = 0; k < factors; k++) w = twiddleFactor(f32, w, size, 4 << k);
    writeComplex(f32, dst + (i32[table + 1] >>> 2), registers, format, w);
  }
}
