/**
 * Twins of the factors of training (assembly/stages.ts, quads.ts and their complex twins), one row at a time. `kind` 0
 * pairs two vectors, 1 and 2 pair the lanes of one vector at stride 1 and 2. Of two factors at once (`both`), 0 takes two
 * that pair vectors, 1 the lanes at stride 1 and then 2, 2 those at stride 2 and then 1. Weights and gradients are in
 * plain layout.
 *
 * @module
 */

import { Field } from "./record.ts";
import type { Memory } from "./scalar.ts";

/** One factor: its stride in points, how many blocks of 2·stride points it has, where its weights and gradient are. */
interface Factor {
  readonly s: number;
  readonly blocks: number;
  readonly w: number;
  readonly v: number;
}

/** The factors of an instruction, in the order in which they are applied. */
function factors(i32: Int32Array, r: number, kind: number, both: boolean, pointBytes: number): Factor[] {
  const count = i32[r + Field.count], strides = Field.stride.slice(0, 2).map((k) => i32[r + k] / pointBytes);
  const points = kind === 0 ? count * 2 * (both ? Math.max(...strides) : strides[0]) : count * 4;
  const list = kind === 0 ? strides : [kind, 3 - kind], next = i32[r + Field.extra[0]] >>> 2;
  return list.slice(0, both ? 2 : 1).map((s, k) => ({
    s,
    blocks: points / (2 * s),
    w: (i32[r + Field.weights] >>> 2) + k * next,
    v: (i32[r + Field.gradient] >>> 2) + k * next,
  }));
}

/** Twin of `realPair`, `realLane1` and `realLane2`, and with `both` of `realQuad`, `realLanes12` and `realLanes21`. */
export function realStage(m: Memory, kind: number, both: boolean, r: number, src: number, dst: number): void {
  const [one, two] = factors(m.i32, r, kind, both, 4);
  if (two === undefined) return realFactor(m, one, src, m.f32, dst);
  const middle = new Float32Array(2 * one.s * one.blocks);
  realFactor(m, one, src, middle, 0);
  realFactor(m, two, 0, m.f32, dst, middle);
}

function realFactor(
  { f32 }: Memory,
  { s, blocks, w }: Factor,
  src: number,
  to: Float32Array,
  dst: number,
  from: Float32Array = f32,
): void {
  for (let block = 0; block < blocks; block++, src += s, dst += s, w += 3 * s) {
    for (let delta = 0; delta < s; delta++, src++, dst++, w++) {
      const x = from[src], y = from[src + s];
      to[dst] = f32[w] * x + f32[w + s] * y;
      to[dst + s] = f32[w + 2 * s] * x + f32[w + 3 * s] * y;
    }
  }
}

/** Twin of `realPairBack` … `realLanes21Back`, as {@link realStage}. */
export function realStageBack(
  m: Memory,
  kind: number,
  both: boolean,
  r: number,
  x: number,
  gx: number,
  g: number,
  first: boolean,
): void {
  const { f32 } = m, [one, two] = factors(m.i32, r, kind, both, 4), points = 2 * one.s * one.blocks;
  if (first) { for (const { v } of two ? [one, two] : [one]) f32.fill(0, v, v + 2 * points); }
  if (two === undefined) return realFactorBack(m, one, x, f32, f32, gx, f32, g);
  const middle = new Float32Array(points), back = new Float32Array(points);
  realFactor(m, one, x, middle, 0);
  realFactorBack(m, two, 0, middle, back, 0, f32, g);
  realFactorBack(m, one, x, f32, f32, gx, back, 0);
}

/** From x (in `from`) and g (in `out`) to gx (in `to`), and the gradient. */
function realFactorBack(
  { f32 }: Memory,
  { s, blocks, w, v }: Factor,
  x: number,
  from: Float32Array,
  to: Float32Array,
  gx: number,
  out: Float32Array,
  g: number,
): void {
  for (let block = 0; block < blocks; block++, x += s, gx += s, g += s, w += 3 * s, v += 3 * s) {
    for (let delta = 0; delta < s; delta++, x++, gx++, g++, w++, v++) {
      const x0 = from[x], x1 = from[x + s], g0 = out[g], g1 = out[g + s];
      f32[v] += g0 * x0;
      f32[v + s] += g0 * x1;
      f32[v + 2 * s] += g1 * x0;
      f32[v + 3 * s] += g1 * x1;
      to[gx] = f32[w] * g0 + f32[w + 2 * s] * g1;
      to[gx + s] = f32[w + s] * g0 + f32[w + 3 * s] * g1;
    }
  }
}

/** Where point k of split complex vectors lies: four real parts, then four imaginary parts. */
function point(k: number): number {
  return (k >>> 2) * 8 + (k & 3);
}

/** Twin of `complexPair`, `complexLane1` and `complexLane2`. */
export function complexStage(m: Memory, kind: number, r: number, src: number, dst: number): void {
  complexFactor(m, factors(m.i32, r, kind, false, 8)[0], src, dst);
}

function complexFactor({ f32 }: Memory, { s, blocks, w }: Factor, src: number, dst: number): void {
  for (let block = 0; block < blocks; block++, w += 6 * s) {
    for (let delta = 0; delta < s; delta++, w += 2) {
      const k = point(block * 2 * s + delta), j = point(block * 2 * s + delta + s);
      const xr = f32[src + k], xi = f32[src + k + 4], yr = f32[src + j], yi = f32[src + j + 4];
      for (const [at, a, b] of [[dst + k, w, w + 2 * s], [dst + j, w + 4 * s, w + 6 * s]]) {
        f32[at] = f32[a] * xr - f32[a + 1] * xi + f32[b] * yr - f32[b + 1] * yi;
        f32[at + 4] = f32[a] * xi + f32[a + 1] * xr + f32[b] * yi + f32[b + 1] * yr;
      }
    }
  }
}

/** Twin of `complexPairBack`, `complexLane1Back` and `complexLane2Back`. */
export function complexStageBack(
  m: Memory,
  kind: number,
  r: number,
  x: number,
  gx: number,
  g: number,
  first: boolean,
): void {
  const factor = factors(m.i32, r, kind, false, 8)[0];
  if (first) m.f32.fill(0, factor.v, factor.v + 8 * factor.s * factor.blocks);
  complexFactorBack(m, factor, x, gx, g);
}

function complexFactorBack(
  { f32 }: Memory,
  { s, blocks, w, v }: Factor,
  x: number,
  gx: number,
  g: number,
): void {
  for (let block = 0; block < blocks; block++, w += 6 * s, v += 6 * s) {
    for (let delta = 0; delta < s; delta++, w += 2, v += 2) {
      const k = point(block * 2 * s + delta), j = point(block * 2 * s + delta + s);
      const xr = f32[x + k], xi = f32[x + k + 4], yr = f32[x + j], yi = f32[x + j + 4];
      const gr = f32[g + k], gi = f32[g + k + 4], hr = f32[g + j], hi = f32[g + j + 4];
      f32[v] += gr * xr + gi * xi;
      f32[v + 1] += gi * xr - gr * xi;
      f32[v + 2 * s] += gr * yr + gi * yi;
      f32[v + 2 * s + 1] += gi * yr - gr * yi;
      f32[v + 4 * s] += hr * xr + hi * xi;
      f32[v + 4 * s + 1] += hi * xr - hr * xi;
      f32[v + 6 * s] += hr * yr + hi * yi;
      f32[v + 6 * s + 1] += hi * yr - hr * yi;
      for (const [at, a, b] of [[gx + k, w, w + 4 * s], [gx + j, w + 2 * s, w + 6 * s]]) {
        f32[at] = f32[a] * gr + f32[a + 1] * gi + f32[b] * hr + f32[b + 1] * hi;
        f32[at + 4] = f32[a] * gi - f32[a + 1] * gr + f32[b] * hi - f32[b + 1] * hr;
      }
    }
  }
}
