/**
 * Twins of the single factors of training (assembly/stages.ts), one row at a time. `kind` 0 pairs two vectors, 1 and
 * 2 pair the lanes of one vector at stride 1 and 2.
 *
 * @module
 */

import { Field } from "./record.ts";
import type { Memory } from "./scalar.ts";

/**
 * Calls `pair(k, j, v, u)` for each pair of elements k and j of an iteration, with the offset of their weights (v for
 * k, u for j) from the weights of the iteration; `size` is the number of floats of a vector's weights.
 */
function pairs(kind: number, size: number, distance: number): { k: number; j: number; v: number; u: number }[] {
  if (kind === 0) {
    return [0, 1, 2, 3].map((lane) => ({ k: lane, j: distance + lane, v: lane, u: size + lane }));
  }
  return (kind === 1 ? [0, 2] : [0, 1]).map((lane) => ({ k: lane, j: lane + kind, v: lane, u: lane + kind }));
}

/** Twin of `realPair`, `realLane1` and `realLane2`. */
export function realStage(m: Memory, kind: number, r: number, base: number, src: number, dst: number): void {
  const { f32, i32 } = m;
  const list = pairs(kind, 8, i32[r + Field.stride[0]] >> 2);
  let w = base + (i32[r + Field.weights] >> 2), table = base + (i32[r + Field.table] >> 2);
  for (let left = i32[r + Field.count]; left > 0; left--, table += 2, w += kind === 0 ? 16 : 8) {
    const p = src + (i32[table] >> 2), q = dst + (i32[table + 1] >> 2);
    for (const { k, j, v, u } of list) {
      const x = f32[p + k], y = f32[p + j];
      f32[q + k] = f32[w + v] * x + f32[w + v + 4] * y;
      f32[q + j] = f32[w + u] * y + f32[w + u + 4] * x;
    }
  }
}

/** Twin of `realPairBack`, `realLane1Back` and `realLane2Back`. */
export function realStageBack(
  m: Memory,
  kind: number,
  r: number,
  base: number,
  x: number,
  gx: number,
  g: number,
  gw: number,
): void {
  const { f32, i32 } = m;
  const list = pairs(kind, 8, i32[r + Field.stride[0]] >> 2);
  const step = kind === 0 ? 16 : 8;
  let w = base + (i32[r + Field.weights] >> 2), table = base + (i32[r + Field.table] >> 2);
  for (let left = i32[r + Field.count]; left > 0; left--, table += 2, w += step, gw += step) {
    const at = i32[table] >> 2;
    for (const { k, j, v, u } of list) {
      const x0 = f32[x + at + k], x1 = f32[x + at + j], g0 = f32[g + at + k], g1 = f32[g + at + j];
      f32[gw + v] += g0 * x0;
      f32[gw + v + 4] += g0 * x1;
      f32[gw + u] += g1 * x1;
      f32[gw + u + 4] += g1 * x0;
      f32[gx + at + k] = f32[w + v] * g0 + f32[w + u + 4] * g1;
      f32[gx + at + j] = f32[w + u] * g1 + f32[w + v + 4] * g0;
    }
  }
}

/** Twin of `complexPair`, `complexLane1` and `complexLane2`. */
export function complexStage(m: Memory, kind: number, r: number, base: number, src: number, dst: number): void {
  const { f32, i32 } = m;
  const list = pairs(kind, 16, i32[r + Field.stride[0]] >> 2);
  let w = base + (i32[r + Field.weights] >> 2), table = base + (i32[r + Field.table] >> 2);
  for (let left = i32[r + Field.count]; left > 0; left--, table += 2, w += kind === 0 ? 32 : 16) {
    const p = src + (i32[table] >> 2), q = dst + (i32[table + 1] >> 2);
    for (const { k, j, v, u } of list) {
      const xr = f32[p + k], xi = f32[p + k + 4], yr = f32[p + j], yi = f32[p + j + 4];
      const a = w + v, b = w + u;
      f32[q + k] = f32[a] * xr - f32[a + 4] * xi + f32[a + 8] * yr - f32[a + 12] * yi;
      f32[q + k + 4] = f32[a] * xi + f32[a + 4] * xr + f32[a + 8] * yi + f32[a + 12] * yr;
      f32[q + j] = f32[b] * yr - f32[b + 4] * yi + f32[b + 8] * xr - f32[b + 12] * xi;
      f32[q + j + 4] = f32[b] * yi + f32[b + 4] * yr + f32[b + 8] * xi + f32[b + 12] * xr;
    }
  }
}

/** Twin of `complexPairBack`, `complexLane1Back` and `complexLane2Back`. */
export function complexStageBack(
  m: Memory,
  kind: number,
  r: number,
  base: number,
  x: number,
  gx: number,
  g: number,
  gw: number,
): void {
  const { f32, i32 } = m;
  const list = pairs(kind, 16, i32[r + Field.stride[0]] >> 2);
  const step = kind === 0 ? 32 : 16;
  let w = base + (i32[r + Field.weights] >> 2), table = base + (i32[r + Field.table] >> 2);
  for (let left = i32[r + Field.count]; left > 0; left--, table += 2, w += step, gw += step) {
    const at = i32[table] >> 2;
    for (const { k, j, v, u } of list) {
      const p = x + at + k, q = x + at + j, s = g + at + k, t = g + at + j;
      const xr = f32[p], xi = f32[p + 4], yr = f32[q], yi = f32[q + 4];
      const gr = f32[s], gi = f32[s + 4], hr = f32[t], hi = f32[t + 4];
      const a = w + v, b = w + u, c = gw + v, d = gw + u;
      f32[c] += gr * xr + gi * xi;
      f32[c + 4] += gi * xr - gr * xi;
      f32[c + 8] += gr * yr + gi * yi;
      f32[c + 12] += gi * yr - gr * yi;
      f32[d] += hr * yr + hi * yi;
      f32[d + 4] += hi * yr - hr * yi;
      f32[d + 8] += hr * xr + hi * xi;
      f32[d + 12] += hi * xr - hr * xi;
      f32[gx + at + k] = f32[a] * gr + f32[a + 4] * gi + f32[b + 8] * hr + f32[b + 12] * hi;
      f32[gx + at + k + 4] = f32[a] * gi - f32[a + 4] * gr + f32[b + 8] * hi - f32[b + 12] * hr;
      f32[gx + at + j] = f32[b] * hr + f32[b + 4] * hi + f32[a + 8] * gr + f32[a + 12] * gi;
      f32[gx + at + j + 4] = f32[b] * hi - f32[b + 4] * hr + f32[a + 8] * gi - f32[a + 12] * gr;
    }
  }
}
