/**
 * Rotations beside the butterfly of 1024 points and the dense product of 768, in one go.
 *
 * @module
 */
import { Dense, type Rotation, rotation } from "../src/mod.ts";
import { butterflySample } from "./families.ts";
import type { Subject } from "./lib/measure.ts";
import { denseProblem, normal } from "./lib/problem.ts";
import { assertAccurate, type Numbers } from "./lib/reference.ts";
import { forwardSubject, type Machines } from "./papillon.ts";

/** Their group in the tables. */
export const ROTATION_GROUP = "rotations";

/** The sizes of embeddings that are timed. */
const SIZES: readonly number[] = [768, 1024, 1536];

/** The rows of all rotations, and of what they are compared with; one vector. */
export function rotationSubjects(machines: Machines): Subject[] {
  return (["relaxed", "simd"] as const).flatMap((build) => {
    const machine = machines.get(build);
    if (machine === undefined) return [];
    const butterfly = butterflySample(1024, "real", "Gaussian"), x = normal(1024, 1);
    const dense = denseProblem(768, 1, "real");
    return [
      ...SIZES.map((n) => {
        const operator = rotation(n, { seed: 1 }) as Rotation, x = normal(n, n), want = rotated(operator, x);
        const check = (who: string, y: Numbers): void => assertAccurate(who, y, want, n);
        const problem = { n, batch: 1, operator, x, check };
        return forwardSubject(`papillon rotation, ${build}`, ROTATION_GROUP, problem, machine);
      }),
      forwardSubject(`papillon butterfly, ${build}`, ROTATION_GROUP, {
        n: 1024,
        batch: 1,
        operator: butterfly.operator,
        x,
        check: (who, y) => assertAccurate(who, y, butterfly.reference(x), 1024),
      }, machine),
      forwardSubject(`papillon Dense, ${build}`, ROTATION_GROUP, {
        ...dense,
        operator: new Dense(768, 768, dense.matrix),
      }, machine),
    ];
  });
}

/** What a rotation computes, in float64, without the library: for each stage a Hadamard transform of each line of points. */
export function rotated({ stages, signs }: Rotation, x: Numbers): Float64Array {
  const y = Float64Array.from(x);
  let at = 0;
  stages.forEach(({ offset, length, levels, stride }, i) => {
    for (let s = stride; s < stride * 2 ** levels; s *= 2) {
      for (let k = 0; k < length; k++) {
        if (Math.floor(k / s) % 2 === 1) continue;
        const u = y[offset + k], v = y[offset + k + s];
        y[offset + k] = (u + v) * Math.SQRT1_2;
        y[offset + k + s] = (u - v) * Math.SQRT1_2;
      }
    }
    if (i === stages.length - 1) return;
    for (let k = 0; k < length; k++) y[offset + k] *= signs[at++];
  });
  return y;
}
