/**
 * Twins of the single factors of training (assembly/stages.ts, assembly/complex_stages.ts), one row at a time. `kind` 0
 * pairs two vectors, 1 and 2 pair the lanes of one vector at stride 1 and 2. Weights and gradients are in plain layout.
 *
 * @module
 */

import { Field } from "./record.ts";
import type { Memory } from "./scalar.ts";

/** The stride in points and the number of blocks of 2·stride points of a stage. */
function shape(i32: Int32Array, r: number, kind: number, pointBytes: number): { s: number; blocks: number } {
  const count = i32[r + Field.count];
  if (kind === 0) return { s: i32[r + Field.stride[0]] / pointBytes, blocks: count };
  return { s: kind, blocks: count * 2 / kind };
}

/** Twin of `realPair`, `realLane1` and `realLane2`. */
export function realStage(m: Memory, kind: number, r: number, src: number, dst: number): void {
  const { f32, i32 } = m;
  const { s, blocks } = shape(i32, r, kind, 4);
  let w = i32[r + Field.weights] >>> 2;
  for (let block = 0; block < blocks; block++, src += s, dst += s, w += 3 * s) {
    for (let delta = 0; delta < s; delta++, src++, dst++, w++) {
      const x = f32[src], y = f32[src + s];
      f32[dst] = f32[w] * x + f32[w + s] * y;
      f32[dst + s] = f32[w + 2 * s] * x + f32[w + 3 * s] * y;
    }
  }
}

/** Twin of `realPairBack`, `realLane1Back` and `realLane2Back`. */
export function realStageBack(
  m: Memory,
  kind: number,
  r: number,
  x: number,
  gx: number,
  g: number,
  first: boolean,
): void {
  const { f32, i32 } = m;
  const { s, blocks } = shape(i32, r, kind, 4);
  let w = i32[r + Field.weights] >>> 2;
  let v = i32[r + Field.gradient] >>> 2;
  if (first) f32.fill(0, v, v + 4 * s * blocks);
  for (let block = 0; block < blocks; block++, x += s, gx += s, g += s, w += 3 * s, v += 3 * s) {
    for (let delta = 0; delta < s; delta++, x++, gx++, g++, w++, v++) {
      const x0 = f32[x], x1 = f32[x + s], g0 = f32[g], g1 = f32[g + s];
      f32[v] += g0 * x0;
      f32[v + s] += g0 * x1;
      f32[v + 2 * s] += g1 * x0;
      f32[v + 3 * s] += g1 * x1;
      f32[gx] = f32[w] * g0 + f32[w + 2 * s] * g1;
      f32[gx + s] = f32[w + s] * g0 + f32[w + 3 * s] * g1;
    }
  }
}

/** Where point k of split complex vectors lies: four real parts, then four imaginary parts. */
function point(k: number): number {
  return (k >>> 2) * 8 + (k & 3);
}

/** Twin of `complexPair`, `complexLane1` and `complexLane2`. */
export function complexStage(
  m: Memory,
  kind: number,
  r: number,
  src: number,
  dst: number,
): void {
  const { f32, i32 } = m;
  const { s, blocks } = shape(i32, r, kind, 8);
  let w = i32[r + Field.weights] >>> 2;
  for (let block = 0; block < blocks; block++, w += 6 * s) {
    for (let delta = 0; delta < s; delta++, w += 2) {
      const k = point(block * 2 * s + delta), j = point(block * 2 * s + delta + s);
      const xr = f32[src + k], xi = f32[src + k + 4], yr = f32[src + j], yi = f32[src + j + 4];
      for (const [to, a, b] of [[dst + k, w, w + 2 * s], [dst + j, w + 4 * s, w + 6 * s]]) {
        f32[to] = f32[a] * xr - f32[a + 1] * xi + f32[b] * yr - f32[b + 1] * yi;
        f32[to + 4] = f32[a] * xi + f32[a + 1] * xr + f32[b] * yi + f32[b + 1] * yr;
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
  const { f32, i32 } = m;
  const { s, blocks } = shape(i32, r, kind, 8);
  let w = i32[r + Field.weights] >>> 2;
  let v = i32[r + Field.gradient] >>> 2;
  if (first) f32.fill(0, v, v + 8 * s * blocks);
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
      for (const [to, a, b] of [[gx + k, w, w + 4 * s], [gx + j, w + 2 * s, w + 6 * s]]) {
        f32[to] = f32[a] * gr + f32[a + 1] * gi + f32[b] * hr + f32[b + 1] * hi;
        f32[to + 4] = f32[a] * gi - f32[a + 1] * gr + f32[b] * hi - f32[b + 1] * hr;
      }
    }
  }
}
