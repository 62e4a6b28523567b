/**
 * The layout of the papers' code for one butterfly factor, [n/2][2][2]: block i = j·s + δ pairs the points
 * 2·j·s + δ and 2·j·s + δ + s. Ours is [j][2][2][δ].
 *
 * @module
 */

import { type Field, floats } from "../program/step.ts";

/** Calls `move(ours, theirs)` for the index, in numbers, of each of the 2n weights of a factor. */
function each(length: number, stride: number, move: (ours: number, theirs: number) => void): void {
  for (let i = 0; i < length / 4; i++) {
    const j = Math.floor(i / stride), delta = i % stride;
    for (let entry = 0; entry < 4; entry++) move((j * 4 + entry) * stride + delta, i * 4 + entry);
  }
}

/** Fills `weights` [n/2s][2][2][s] from `twiddle` [n/2][2][2]. */
export function fromTwiddle(twiddle: Float32Array, weights: Float32Array, stride: number, field: Field): void {
  const unit = floats(field);
  each(weights.length / unit, stride, (ours, theirs) => {
    for (let part = 0; part < unit; part++) weights[ours * unit + part] = twiddle[theirs * unit + part];
  });
}

/** Fills `twiddle` [n/2][2][2] from `weights` [n/2s][2][2][s]. */
export function toTwiddle(weights: Float32Array, twiddle: Float32Array, stride: number, field: Field): void {
  const unit = floats(field);
  each(weights.length / unit, stride, (ours, theirs) => {
    for (let part = 0; part < unit; part++) twiddle[theirs * unit + part] = weights[ours * unit + part];
  });
}
