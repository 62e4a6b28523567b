/**
 * Random rotations by name.
 *
 * @module
 */

import { Rotation, rotation } from "../../kaleidoscope/rotation.ts";
import type { Dense } from "../../operator/dense.ts";
import type { Built, Construction, Request } from "./construction.ts";

function buildRotation(request: Request): Built {
  const operator = rotation(request.size(), { seed: request.seed });
  return {
    operator,
    reference: () =>
      operator instanceof Rotation
        ? stagesInFloat64(operator)
        : Float64Array.from((operator as Dense).values),
  };
}

/** What the stages say, applied to the identity in float64. */
function stagesInFloat64({ cols: n, stages, signs }: Rotation): Float64Array {
  const dense = new Float64Array(n * n);
  for (let i = 0; i < n; i++) dense[i * n + i] = 1;
  let at = 0;
  stages.forEach(({ offset, length, levels, stride }, index) => {
    const scale = 2 ** (-levels / 2);
    for (let level = 0; level < levels; level++) {
      const s = stride * 2 ** level;
      for (let k = 0; k < length; k++) {
        if (Math.floor(k / s) % 2 === 1) continue;
        for (let column = 0; column < n; column++) {
          const i = (offset + k) * n + column, j = i + s * n, difference = dense[i] - dense[j];
          dense[i] += dense[j];
          dense[j] = difference;
        }
      }
    }
    const last = index === stages.length - 1;
    for (let k = 0; k < length; k++) {
      const factor = scale * (last ? 1 : signs[at++]);
      for (let column = 0; column < n; column++) dense[(offset + k) * n + column] *= factor;
    }
  });
  return dense;
}

/** Rotations by name. */
export const ROTATIONS: readonly Construction[] = [
  {
    name: "rotation",
    about: "random rotation of any size, drawn from the seed",
    size: 768,
    random: true,
    build: buildRotation,
  },
];
