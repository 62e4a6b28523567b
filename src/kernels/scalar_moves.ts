/**
 * Twins of assembly/moves.ts: permutations of whole vectors, and factors of 4×4 blocks whose entries lie in streams.
 *
 * @module
 */

import { Field } from "./record.ts";
import type { Memory } from "./scalar.ts";

/** Elements of a segment in the table of `move`. */
const SEGMENT = 28;

/** For each lane of two destinations the lane of their sources, 4 and more for the second source; see `readLanes`. */
const lanes = /* @__PURE__ */ new Int32Array(8);

/** Takes the lanes from four vectors of masks. */
function readLanes(i32: Int32Array, masks: number): void {
  for (let j = 0; j < 8; j++) {
    const at = masks + (j & 4) * 2 + (j & 3), first = i32[at];
    lanes[j] = first < 0 ? 4 + (i32[at + 4] >> 2 & 3) : first >> 2 & 3;
  }
}

/** Twin of `moveSums`. */
export function moveSums({ f32, i32 }: Memory, r: number, src: number, dst: number): void {
  let t = i32[r + Field.table] >>> 2;
  for (let i = i32[r + Field.count]; i > 0; i--, t += 32) {
    readLanes(i32, t + 16);
    for (let k = 0; k < i32[t]; k++) {
      const p = src + (i32[t + 1] + k * i32[t + 7] >> 2), q = src + (i32[t + 2] + k * i32[t + 8] >> 2) - 4;
      const s = src + (i32[t + 3] + k * i32[t + 9] >> 2), o = src + (i32[t + 4] + k * i32[t + 10] >> 2) - 4;
      const u = dst + (i32[t + 5] + k * i32[t + 11] >> 2), v = dst + (i32[t + 6] + k * i32[t + 12] >> 2);
      for (let j = 0; j < 4; j++) {
        const x = f32[(lanes[j] < 4 ? p : q) + lanes[j]];
        const y = f32[(lanes[j + 4] < 4 ? s : o) + lanes[j + 4]];
        f32[u + j] = x + y;
        f32[v + j] = x - y;
      }
    }
  }
}

/** Twin of `move`. Through the integer view, so that every bit pattern (also of a NaN) is kept. */
export function move({ i32 }: Memory, r: number, src: number, dst: number): void {
  let t = i32[r + Field.table] >>> 2;
  for (let i = i32[r + Field.count]; i > 0; i--, t += SEGMENT) {
    readLanes(i32, t + 12);
    for (let k = 0; k < i32[t]; k++) {
      const p = src + (i32[t + 1] + k * i32[t + 5] >> 2), q = src + (i32[t + 2] + k * i32[t + 6] >> 2) - 4;
      const u = dst + (i32[t + 3] + k * i32[t + 7] >> 2), v = dst + (i32[t + 4] + k * i32[t + 8] >> 2);
      for (let j = 0; j < 4; j++) i32[u + j] = i32[(lanes[j] < 4 ? p : q) + lanes[j]];
      for (let j = 0; j < 4; j++) i32[v + j] = i32[(lanes[j + 4] < 4 ? p : q) + lanes[j + 4]];
    }
  }
  for (let left = i32[r + Field.extra[0]]; left > 0; left--, t += 2) {
    i32[dst + (i32[t] >>> 2)] = i32[src + (i32[t + 1] >>> 2)];
  }
}

const x = /* @__PURE__ */ new Float64Array(16), y = /* @__PURE__ */ new Float64Array(16);

/** Element of lane `lane` of stream s, whose vector (or, interleaved, whose pair of vectors) starts at `at`. */
function place(flags: number, s: number, lane: number, at: number): number {
  const along = flags >> 4 & 1 << s ? 3 - lane : lane;
  // The second of an interleaved pair starts one vector later.
  return flags & 1 << (s >> 1) ? at - (s & 1) * 4 + 2 * along + (s & 1) : at + along;
}

/** Twin of `streams`. */
export function streams(m: Memory, r: number, w: number, src: number, dst: number): void {
  const a = m.i32[r + Field.stride[0]] >>> 2, b = m.i32[r + Field.stride[1]] >>> 2;
  const floats = m.i32[r + Field.count] * (m.i32[r + Field.extra[0]] & 4096 ? 32 : 64);
  const times = m.i32[r + Field.extra[2]];
  for (let i = 0; i < times; i++) blocks(m, r, w + i * floats, src + i * a, dst + i * b);
  singles(m, (m.i32[r + Field.table] >>> 2) + 16, w + times * floats, src, dst, m.i32[r + Field.stride[2]]);
}

/** Blocks one by one. */
function singles({ f32, i32 }: Memory, t: number, w: number, src: number, dst: number, count: number): void {
  for (; count > 0; count--, t += 8, w += 16) {
    for (let row = 0; row < 4; row++) {
      let sum = 0;
      for (let s = 0; s < 4; s++) sum += f32[w + s * 4 + row] * f32[src + (i32[t + s] >>> 2)];
      f32[dst + (i32[t + 4 + row] >>> 2)] = sum;
    }
  }
}

function blocks({ f32, i32 }: Memory, r: number, w: number, src: number, dst: number): void {
  const t = i32[r + Field.table] >>> 2, flags = i32[r + Field.extra[0]];
  const read = flags & 3 | flags & 0xf0, written = flags >> 2 & 3 | flags >> 4 & 0xf0;
  for (let k = 0; k < i32[r + Field.count]; k++) {
    const on = k === 0 ? 0 : 4 * k - i32[r + Field.extra[1]];
    for (let s = 0; s < 4; s++) {
      const at = src + (i32[t + s] >> 2) + on * (i32[t + 8 + s] >> 4);
      const sign = s === 3 && flags & 8192 ? -1 : 1;
      for (let lane = 0; lane < 4; lane++) x[s * 4 + lane] = sign * f32[place(read, s, lane, at)];
    }
    y.fill(0);
    for (let row = 0; row < 4; row++) {
      for (let column = 0; column < 4; column++) {
        const rotated = (row ^ column) & 1, block = (row & 2) + (column >> 1);
        const from = flags & 4096 ? w + block * 8 + rotated * 4 : w + (row * 4 + column) * 4;
        const sign = flags & 4096 && rotated && column & 1 ? -1 : 1;
        for (let lane = 0; lane < 4; lane++) {
          y[row * 4 + lane] += sign * f32[from + lane] * x[column * 4 + lane];
        }
      }
    }
    w += flags & 4096 ? 32 : 64;
    for (let s = 0; s < 4; s++) {
      const at = dst + (i32[t + 4 + s] >> 2) + on * (i32[t + 12 + s] >> 4);
      const sign = s === 3 && flags & 16384 ? -1 : 1;
      for (let lane = 0; lane < 4; lane++) f32[place(written, s, lane, at)] = sign * y[s * 4 + lane];
    }
  }
}
