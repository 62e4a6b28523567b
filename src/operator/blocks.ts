/**
 * Initial values of the 2×2 blocks of butterfly factors.
 *
 * @module
 */

import { rotationBlocks, unitaryBlocks } from "./angles.ts";
import type { Random } from "../program/random.ts";
import { type Field, floats } from "../program/step.ts";

/** How random blocks are drawn: see {@link fillBlocks}. */
export type Initial = "normal" | "orthogonal";

/**
 * Fills a factor [n/2s][2][2][s] with 2×2 blocks.
 *
 * "normal": entries N(0, 1/2), or complex with E|z|² = 1/2. "orthogonal", real: [[p·cosθ, −p·sinθ], [sinθ, cosθ]] with
 * θ uniform and p = ±1 by a fair coin; complex: Haar on U(2) by φ = asin√u and three uniform angles (Kaleidoscope's
 * code). "identity": identity blocks.
 */
export function fillBlocks(
  weights: Float32Array,
  stride: number,
  field: Field,
  init: Initial | "identity",
  random?: Random,
): void {
  const unit = floats(field), blocks = weights.length / unit / 4, entries = new Float64Array(4 * unit);
  if (init !== "identity" && (random === undefined || (init !== "normal" && init !== "orthogonal"))) {
    throw new TypeError(
      `Cannot make a butterfly: init must be "normal" or "orthogonal", got ${JSON.stringify(init)}`,
    );
  }
  if (init === "identity") entries[0] = entries[3 * unit] = 1;
  for (let base = 0; base < blocks; base += stride) {
    for (let delta = 0; delta < stride; delta++) {
      if (init !== "identity") draw(entries, field, init, random!);
      let at = (base * 4 + delta) * unit;
      for (let k = 0; k < entries.length; at += stride * unit) {
        for (let part = 0; part < unit; part++) weights[at + part] = entries[k++];
      }
    }
  }
}

/** Draws one block, row-major, interleaved if complex. */
function draw(entries: Float64Array, field: Field, init: Initial, random: Random): void {
  const complex = field === "complex";
  if (init === "normal") {
    const deviation = complex ? 0.5 : Math.SQRT1_2;
    for (let k = 0; k < entries.length; k++) entries[k] = deviation * random.normal();
    return;
  }
  const turn = (): number => 2 * Math.PI * random.uniform();
  if (!complex) {
    const theta = turn(), determinant = random.uniform() < 0.5 ? -1 : 1;
    return entries.set(rotationBlocks([theta], [determinant]));
  }
  const phi = Math.asin(Math.sqrt(random.uniform()));
  entries.set(unitaryBlocks({ phi: [phi], alpha: [turn()], psi: [turn()], chi: [turn()] }));
}
