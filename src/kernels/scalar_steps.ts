/**
 * Twins of assembly/steps.ts: one row of each step that is not a butterfly pass. Indices in elements.
 *
 * @module
 */

import { Field } from "./record.ts";
import type { Memory } from "./scalar.ts";

/** Twin of `diagonal`. */
export function diagonal({ f32, i32 }: Memory, r: number, w: number, src: number, dst: number): void {
  const count = i32[r + Field.count], flags = i32[r + Field.extra[0]];
  if (flags & 1) {
    for (let k = 0; k < count; k += 2) {
      const vr = f32[w + k], vi = flags & 2 ? -f32[w + k + 1] : f32[w + k + 1];
      const xr = f32[src + k], xi = f32[src + k + 1];
      f32[dst + k] = vr * xr - vi * xi;
      f32[dst + k + 1] = vr * xi + vi * xr;
    }
  } else for (let k = 0; k < count; k++) f32[dst + k] = f32[w + k] * f32[src + k];
}

/** Twin of `diagonalBack`: w += g∘conj(x). */
export function diagonalBack({ f32, i32 }: Memory, r: number, x: number, g: number, gw: number): void {
  const count = i32[r + Field.count];
  if (i32[r + Field.extra[0]] & 1) {
    for (let k = 0; k < count; k += 2) {
      f32[gw + k] += f32[g + k] * f32[x + k] + f32[g + k + 1] * f32[x + k + 1];
      f32[gw + k + 1] += f32[g + k + 1] * f32[x + k] - f32[g + k] * f32[x + k + 1];
    }
  } else for (let k = 0; k < count; k++) f32[gw + k] += f32[g + k] * f32[x + k];
}

/** Twin of `permute`: gather, or scatter. */
export function permute({ i32 }: Memory, r: number, index: number, src: number, dst: number): void {
  const count = i32[r + Field.count], unit = i32[r + Field.extra[0]], scatter = i32[r + Field.extra[1]] === 1;
  // Through the integer view, so that every bit pattern (also of a NaN) is kept.
  for (let k = 0; k < count; k++) {
    const j = i32[index + k];
    for (let u = 0; u < unit; u++) {
      if (scatter) i32[dst + j * unit + u] = i32[src + k * unit + u];
      else i32[dst + k * unit + u] = i32[src + j * unit + u];
    }
  }
}

/** Twin of `window`: y[i] = x[i + shift] where that exists, 0 elsewhere. */
export function window({ i32 }: Memory, r: number, src: number, dst: number): void {
  const out = i32[r + Field.count], width = i32[r + Field.extra[0]], shift = i32[r + Field.extra[1]];
  const first = Math.max(0, -shift), last = Math.min(out, width - shift);
  if (last <= first) {
    i32.fill(0, dst, dst + out);
    return;
  }
  i32.fill(0, dst, dst + first);
  i32.copyWithin(dst + first, src + first + shift, src + last + shift);
  i32.fill(0, dst + last, dst + out);
}

/** Twin of `accumulate`: y += x. */
export function accumulate({ f32, i32 }: Memory, r: number, src: number, dst: number): void {
  const count = i32[r + Field.count];
  for (let k = 0; k < count; k++) f32[dst + k] += f32[src + k];
}

/** Twin of `bias`: y = x + w. */
export function bias({ f32, i32 }: Memory, r: number, w: number, src: number, dst: number): void {
  const count = i32[r + Field.count];
  for (let k = 0; k < count; k++) f32[dst + k] = f32[src + k] + f32[w + k];
}

/** Twin of `split`: interleaved complex numbers to four real and four imaginary parts. */
export function split({ f32, i32 }: Memory, r: number, src: number, dst: number): void {
  for (let left = i32[r + Field.count]; left > 0; left--, src += 8, dst += 8) {
    const [a, b, c, d, e, f, g, h] = f32.subarray(src, src + 8);
    f32.set([a, c, e, g, b, d, f, h], dst);
  }
}

/** Twin of `join`, the inverse of `split`. */
export function join({ f32, i32 }: Memory, r: number, src: number, dst: number): void {
  for (let left = i32[r + Field.count]; left > 0; left--, src += 8, dst += 8) {
    const [a, c, e, g, b, d, f, h] = f32.subarray(src, src + 8);
    f32.set([a, b, c, d, e, f, g, h], dst);
  }
}
