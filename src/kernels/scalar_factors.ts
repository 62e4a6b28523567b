/**
 * Twins of assembly/factors.ts: factors of any pattern on one row, and their weight gradients. Indices in elements.
 *
 * @module
 */

import { Field } from "./record.ts";
import type { Memory } from "./scalar.ts";

/** Calls `visit` for each vector in the order of the weights: where x and y (or g) are found for its lanes. */
function eachVector(
  i32: Int32Array,
  r: number,
  most: number,
  unit: number,
  visit: (x: number, y: number, slot: number, gamma: number) => void,
): void {
  const slots = i32[r + Field.stride[0]], c = i32[r + Field.stride[1]];
  const xStep = i32[r + Field.stride[2]] >>> 2, yStep = i32[r + Field.stride[3]] >>> 2;
  const lastSlot = i32[r + Field.extra[1]] >>> 2, lastChunk = i32[r + Field.extra[2]] >>> 2;
  for (let n = slots, first = 0; n > 0;) {
    const some = n >= most ? most : n > 4 ? (n + 1) >> 1 : n;
    let x = 0, y = 0;
    for (let i = i32[r + Field.count]; i > 0; i--, x += c * xStep, y += lastSlot + yStep) {
      for (let chunk = 0;; chunk = Math.min(chunk + 4 * unit, lastChunk)) {
        for (let gamma = 0; gamma < c; gamma++) {
          for (let k = 0; k < some; k++) {
            visit(x + chunk + gamma * xStep, y + chunk + Math.min((first + k) * yStep, lastSlot), k, gamma);
          }
        }
        if (chunk === lastChunk) break;
      }
    }
    first += some;
    n -= some;
  }
}

/** Which number a lane takes: all the first (1), a pair twice (2), each its own (0, 3). */
function laneOf(mode: number, lane: number): number {
  return mode === 1 ? 0 : mode === 2 ? lane & 1 : lane;
}

/** Twin of `factorReal` and `factorComplex`. */
export function factor(
  { f32, i32 }: Memory,
  unit: 1 | 2,
  r: number,
  w: number,
  src: number,
  dst: number,
): void {
  const mode = i32[r + Field.extra[0]] & 3, lanes = i32[r + Field.extra[0]] >> 2 || 4;
  const c = i32[r + Field.stride[1]];
  // Of the slots done together, each lane's sum so far; written with the last γ.
  const sums = new Float32Array(64);
  eachVector(i32, r, unit === 1 ? 8 : 4, unit, (x, y, slot, gamma) => {
    for (let lane = 0; lane < lanes; lane++) {
      const s = slot * 8 + lane * 2, p = src + x + laneOf(mode, lane) * unit, q = dst + y + lane * unit;
      if (gamma === 0) sums[s] = sums[s + 1] = 0;
      if (unit === 1) sums[s] += f32[w + lane] * f32[p];
      else {
        const vr = f32[w + lane], vi = f32[w + lane + 4];
        sums[s] += vr * f32[p] - vi * f32[p + 1];
        sums[s + 1] += vr * f32[p + 1] + vi * f32[p];
      }
      if (gamma < c - 1) continue;
      f32[q] = sums[s];
      if (unit === 2) f32[q + 1] = sums[s + 1];
    }
    w += 4 * unit;
  });
}

/** Twin of `factorBackReal` and `factorBackComplex`, one row: the first one writes. */
export function factorBack(
  { f32, i32 }: Memory,
  unit: 1 | 2,
  r: number,
  src: number,
  g: number,
  gw: number,
  first: boolean,
): void {
  const mode = i32[r + Field.extra[0]] & 3, lanes = i32[r + Field.extra[0]] >> 2;
  eachVector(i32, r, unit === 1 ? 4 : 2, unit, (x, y) => {
    for (let lane = 0; lane < 4; lane++) {
      const real = gw + lane, imaginary = real + 4;
      if (first) f32[real] = 0;
      if (first && unit === 2) f32[imaginary] = 0;
      // Lanes that count for nothing are kept as the kernels keep them.
      if (lane === 3 && (mode === 3 || lanes === 3)) continue;
      const p = src + x + laneOf(mode, lane) * unit, q = g + y + laneOf(lanes, lane) * unit;
      if (unit === 1) f32[real] += f32[q] * f32[p];
      else {
        f32[real] += f32[q] * f32[p] + f32[q + 1] * f32[p + 1];
        f32[imaginary] += f32[q + 1] * f32[p] - f32[q] * f32[p + 1];
      }
    }
    gw += 4 * unit;
  });
}
