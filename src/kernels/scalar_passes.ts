/**
 * Twins of the fused butterfly passes (assembly/real.ts, assembly/complex.ts).
 *
 * @module
 */

import { Field } from "./record.ts";
import type { Memory } from "./scalar.ts";

/** The registers of one iteration: 8 vectors of 4 lanes; for complex numbers the imaginary parts apart. */
const re = new Float64Array(32), im = new Float64Array(32);
/** Element offsets of the registers, at the source and at the destination. */
const from = new Int32Array(8), to = new Int32Array(8);

function offsets(m: Memory, r: number, factors: number): number {
  const registers = 1 << factors;
  for (let t = 0; t < registers; t++) {
    let x = 0, y = 0;
    for (let k = 0; k < factors; k++) {
      if ((t >> k & 1) === 0) continue;
      x += m.i32[r + Field.stride[k]] >> 2;
      y += m.i32[r + Field.dstStride[k]] >> 2;
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
  const width = unit ? 4 : 8;
  let pair = w;
  for (let k = 0; k < size; k++) {
    if (k & s) continue;
    const x = re[k], y = re[k + s];
    let v = w + (k >> 2) * width + (k & 3), u = v + s;
    if (s >= 4) {
      v = pair + (k & 3);
      u = v + width;
      if ((k & 3) === 3) pair += 2 * width;
    }
    if (unit) {
      re[k] = x + f32[v] * y;
      re[k + s] = y + f32[u] * x;
    } else {
      re[k] = f32[v] * x + f32[v + 4] * y;
      re[k + s] = f32[u] * y + f32[u + 4] * x;
    }
  }
  return w + (size >> 2) * width;
}

/** Twin of `realPass`. */
export function realPass(m: Memory, kind: number, r: number, base: number, src: number, dst: number): void {
  const { f32, i32 } = m;
  const lanes = kind % 3, unit = (kind / 3 & 1) === 1, factors = (kind / 6 | 0) + 1;
  const registers = offsets(m, r, factors), size = registers * 4;
  const scaled = (i32[r + Field.extra[0]] & 4) !== 0;
  let w = base + (i32[r + Field.weights] >> 2);
  let table = base + (i32[r + Field.table] >> 2);
  for (let left = i32[r + Field.count]; left > 0; left--, table += 2) {
    const p = src + (i32[table] >> 2), q = dst + (i32[table + 1] >> 2);
    for (let t = 0; t < registers; t++) {
      const at = p + from[t];
      for (let v = 0; v < 4; v++) re[t * 4 + v] = f32[at + v];
    }
    if (lanes === 1) w = realFactor(f32, realFactor(f32, w, size, 1, unit), size, 2, unit);
    for (let k = 0; k < factors; k++) w = realFactor(f32, w, size, 4 << k, unit);
    if (lanes === 2) w = realFactor(f32, realFactor(f32, w, size, 2, unit), size, 1, unit);
    if (scaled) { for (let k = 0; k < size; k++) re[k] *= f32[w++]; }
    for (let t = 0; t < registers; t++) {
      const at = q + to[t];
      for (let v = 0; v < 4; v++) f32[at + v] = re[t * 4 + v];
    }
  }
}

/** As realFactor, with weights of four real and four imaginary parts. */
function complexFactor(f32: Float32Array, w: number, size: number, s: number, unit: boolean): number {
  const width = unit ? 8 : 16;
  let pair = w;
  for (let k = 0; k < size; k++) {
    if (k & s) continue;
    const xr = re[k], xi = im[k], yr = re[k + s], yi = im[k + s];
    let v = w + (k >> 2) * width + (k & 3), u = v + s;
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
  return w + (size >> 2) * width;
}

/** Twin of `complexPass`. */
export function complexPass(m: Memory, kind: number, r: number, base: number, src: number, dst: number): void {
  const { f32, i32 } = m;
  const lanes = kind % 3, unit = (kind / 3 & 1) === 1, factors = (kind / 6 | 0) + 1;
  const registers = offsets(m, r, factors), size = registers * 4;
  const format = i32[r + Field.extra[0]];
  // Lane v of a vector: interleaved numbers lie two apart, split ones next to each other, imaginary parts 4 later.
  const readStep = format & 1 ? 2 : 1, readIm = format & 1 ? 1 : 4;
  const writeStep = format & 2 ? 2 : 1, writeIm = format & 2 ? 1 : 4;
  let w = base + (i32[r + Field.weights] >> 2);
  let table = base + (i32[r + Field.table] >> 2);
  for (let left = i32[r + Field.count]; left > 0; left--, table += 2) {
    const p = src + (i32[table] >> 2), q = dst + (i32[table + 1] >> 2);
    for (let t = 0; t < registers; t++) {
      for (let v = 0, at = p + from[t]; v < 4; v++, at += readStep) {
        re[t * 4 + v] = f32[at];
        im[t * 4 + v] = f32[at + readIm];
      }
    }
    if (lanes === 1) w = complexFactor(f32, complexFactor(f32, w, size, 1, unit), size, 2, unit);
    for (let k = 0; k < factors; k++) w = complexFactor(f32, w, size, 4 << k, unit);
    if (lanes === 2) w = complexFactor(f32, complexFactor(f32, w, size, 2, unit), size, 1, unit);
    if (format & 4) {
      for (let k = 0; k < size; k++) {
        const x = re[k], v = w + (k >> 2) * 8 + (k & 3);
        re[k] = f32[v] * x - f32[v + 4] * im[k];
        im[k] = f32[v] * im[k] + f32[v + 4] * x;
      }
      w += size * 2;
    }
    for (let t = 0; t < registers; t++) {
      for (let v = 0, at = q + to[t]; v < 4; v++, at += writeStep) {
        f32[at] = re[t * 4 + v];
        f32[at + writeIm] = im[t * 4 + v];
      }
    }
  }
}
