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
  const unit = floats(field), blocks = weights.length / unit / 4;
  for (let i = 0; i < blocks; i++) {
    const block = draw(field, init, random);
    const at = (Math.floor(i / stride) * 4 * stride + i % stride) * unit;
    for (let entry = 0; entry < 4; entry++) {
      for (let part = 0; part < unit; part++) {
        weights[at + entry * stride * unit + part] = block[entry * unit + part];
      }
    }
  }
}

/** One block, row-major, interleaved if complex. */
function draw(field: Field, init: Initial | "identity", random?: Random): ArrayLike<number> {
  const complex = field === "complex";
  if (init === "identity") return complex ? [1, 0, 0, 0, 0, 0, 1, 0] : [1, 0, 0, 1];
  if (random === undefined || (init !== "normal" && init !== "orthogonal")) {
    throw new TypeError(
      `Cannot make a butterfly: init must be "normal" or "orthogonal", got ${JSON.stringify(init)}`,
    );
  }
  if (init === "normal") {
    const deviation = complex ? 0.5 : Math.SQRT1_2;
    return Array.from({ length: complex ? 8 : 4 }, () => deviation * random.normal());
  }
  const turn = (): number => 2 * Math.PI * random.uniform();
  if (!complex) {
    const theta = turn(), determinant = random.uniform() < 0.5 ? -1 : 1;
    return rotationBlocks([theta], [determinant]);
  }
  const phi = Math.asin(Math.sqrt(random.uniform()));
  return unitaryBlocks({ phi: [phi], alpha: [turn()], psi: [turn()], chi: [turn()] });
}
