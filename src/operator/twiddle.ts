/**
 * The layout of the papers' code for one butterfly factor of radix k, [n/k][k][k]: block i = j·s + δ takes the points
 * k·j·s + δ, k·j·s + δ + s, … Ours is [j][k][k][δ]. The radix is 2, or 4 in their base-4 form.
 *
 * @module
 */

import { type Field, floats } from "../program/step.ts";

/** Copies a factor from one layout to the other. */
function move(
  from: Float32Array,
  to: Float32Array,
  stride: number,
  field: Field,
  radix: number,
  theirsFirst: boolean,
): void {
  const unit = floats(field), entries = radix * radix, blocks = to.length / unit / entries;
  for (let i = 0; i < blocks; i++) {
    let theirs = i * entries * unit, ours = ((i - i % stride) * entries + i % stride) * unit;
    for (let entry = 0; entry < entries; entry++, theirs += unit, ours += stride * unit) {
      for (let part = 0; part < unit; part++) {
        if (theirsFirst) to[ours + part] = from[theirs + part];
        else to[theirs + part] = from[ours + part];
      }
    }
  }
}

/** Fills `weights` [n/ks][k][k][s] from `twiddle` [n/k][k][k]. */
export function fromTwiddle(
  twiddle: Float32Array,
  weights: Float32Array,
  stride: number,
  field: Field,
  radix: 2 | 4 = 2,
): void {
  move(twiddle, weights, stride, field, radix, true);
}

/** Fills `twiddle` [n/k][k][k] from `weights` [n/ks][k][k][s]. */
export function toTwiddle(
  weights: Float32Array,
  twiddle: Float32Array,
  stride: number,
  field: Field,
  radix: 2 | 4 = 2,
): void {
  move(weights, twiddle, stride, field, radix, false);
}
