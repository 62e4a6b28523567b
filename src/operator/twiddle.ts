/**
 * The layout of the papers' code for one butterfly factor of radix k, [n/k][k][k]: block i = j·s + δ takes the points
 * k·j·s + δ, k·j·s + δ + s, … Ours is [j][k][k][δ]. The radix is 2, or 4 in their base-4 form.
 *
 * @module
 */

import { type Field, floats } from "../program/step.ts";

/** Calls `move(ours, theirs)` for the index, in numbers, of each of the k·n weights of a factor. */
function each(
  length: number,
  stride: number,
  radix: number,
  move: (ours: number, theirs: number) => void,
): void {
  const entries = radix * radix;
  for (let i = 0; i < length / entries; i++) {
    const j = Math.floor(i / stride), delta = i % stride;
    for (let entry = 0; entry < entries; entry++) {
      move((j * entries + entry) * stride + delta, i * entries + entry);
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
  const unit = floats(field);
  each(weights.length / unit, stride, radix, (ours, theirs) => {
    for (let part = 0; part < unit; part++) weights[ours * unit + part] = twiddle[theirs * unit + part];
  });
}

/** Fills `twiddle` [n/k][k][k] from `weights` [n/ks][k][k][s]. */
export function toTwiddle(
  weights: Float32Array,
  twiddle: Float32Array,
  stride: number,
  field: Field,
  radix: 2 | 4 = 2,
): void {
  const unit = floats(field);
  each(weights.length / unit, stride, radix, (ours, theirs) => {
    for (let part = 0; part < unit; part++) twiddle[theirs * unit + part] = weights[ours * unit + part];
  });
}
