/**
 * Twins of the factors of any pattern in assembly/: on one row, and their weight gradients. Indices in elements.
 *
 * @module
 */

import { Field } from "./record.ts";
import type { Memory } from "./scalar.ts";

/** What a record says of a factor: how many γ, their distance in x, and how x and y are read and written. */
interface Cut {
  readonly c: number;
  readonly xStep: number;
  /** What lanes of x are: see {@link laneOf}. */
  readonly mode: number;
  /** Lanes of y: four (0) or fewer. */
  readonly lanes: number;
}

/** How many of so many slots go together: see assembly/factor_vectors.ts and core_factors.ts. */
export type Together = (left: number) => number;

/** As many as `most`, then what is left in few parts. */
export function upTo(most: number): Together {
  return (left) => left >= most ? most : left > 4 ? (left + 1) >> 1 : left;
}

const byEight = /* @__PURE__ */ upTo(8), byFour = /* @__PURE__ */ upTo(4), byTwo = /* @__PURE__ */ upTo(2);

/**
 * Calls `visit` for what the kernels do together, in the order of the weights: where x starts, where each slot of y
 * (or g) does, and how many slots there are.
 */
function eachGroup(
  i32: Int32Array,
  r: number,
  together: Together,
  unit: number,
  visit: (x: number, slots: readonly number[], cut: Cut) => void,
): void {
  const slots = i32[r + Field.stride[0]], c = i32[r + Field.stride[1]];
  const xStep = i32[r + Field.stride[2]] >>> 2, yStep = i32[r + Field.stride[3]] >>> 2;
  const lastSlot = i32[r + Field.extra[1]] >>> 2, lastChunk = i32[r + Field.extra[2]] >>> 2;
  const cut = { c, xStep, mode: i32[r + Field.extra[0]] & 3, lanes: i32[r + Field.extra[0]] >> 2 };
  for (let n = slots, first = 0; n > 0;) {
    const some = together(n), at: number[] = new Array(some);
    let x = 0, y = 0;
    for (let i = i32[r + Field.count]; i > 0; i--, x += c * xStep, y += lastSlot + yStep) {
      for (let chunk = 0;; chunk = Math.min(chunk + 4 * unit, lastChunk)) {
        for (let k = 0; k < some; k++) at[k] = y + chunk + Math.min((first + k) * yStep, lastSlot);
        visit(x + chunk, at, cut);
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

/** Twin of `realFactor` and `complexFactor`. */
export function factor(
  { f32, i32 }: Memory,
  unit: 1 | 2,
  r: number,
  w: number,
  src: number,
  dst: number,
  together: Together = unit === 1 ? byEight : byFour,
): void {
  eachGroup(i32, r, together, unit, (x, slots, { c, xStep, mode, lanes }) => {
    const wStep = slots.length * 4 * unit;
    for (let k = 0; k < slots.length; k++) {
      for (let lane = 0; lane < (lanes || 4); lane++) {
        let p = src + x + laneOf(mode, lane) * unit, v = w + k * 4 * unit + lane, re = 0, im = 0;
        if (unit === 1) {
          for (let gamma = 0; gamma < c; gamma++, p += xStep, v += wStep) re += f32[v] * f32[p];
        } else {
          for (let gamma = 0; gamma < c; gamma++, p += xStep, v += wStep) {
            re += f32[v] * f32[p] - f32[v + 4] * f32[p + 1];
            im += f32[v] * f32[p + 1] + f32[v + 4] * f32[p];
          }
        }
        const q = dst + slots[k] + lane * unit;
        f32[q] = re;
        if (unit === 2) f32[q + 1] = im;
      }
    }
    w += c * wStep;
  });
}

/** Twin of `realFactorBack` and `complexFactorBack`, one row: the first one writes. */
export function factorBack(
  { f32, i32 }: Memory,
  unit: 1 | 2,
  r: number,
  src: number,
  g: number,
  gw: number,
  first: boolean,
): void {
  eachGroup(i32, r, unit === 1 ? byFour : byTwo, unit, (x, slots, { c, xStep, mode, lanes }) => {
    for (let gamma = 0; gamma < c; gamma++, x += xStep) {
      for (let k = 0; k < slots.length; k++, gw += 4 * unit) {
        for (let lane = 0; lane < 4; lane++) {
          const real = gw + lane, imaginary = real + 4;
          if (first) f32[real] = 0;
          if (first && unit === 2) f32[imaginary] = 0;
          // Lanes that count for nothing are kept as the kernels keep them.
          if (lane === 3 && (mode === 3 || lanes === 3)) continue;
          const p = src + x + laneOf(mode, lane) * unit, q = g + slots[k] + laneOf(lanes, lane) * unit;
          if (unit === 1) f32[real] += f32[q] * f32[p];
          else {
            f32[real] += f32[q] * f32[p] + f32[q + 1] * f32[p + 1];
            f32[imaginary] += f32[q + 1] * f32[p] - f32[q] * f32[p + 1];
          }
        }
      }
    }
  });
}
