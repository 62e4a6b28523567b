/**
 * Butterflies as the code of the first papers kept them (Dao et al. 2019 and the `cnn` folder of 2020), before
 * `torch_butterfly`: weights shared within a stride, or listed by stride rather than by order of application.
 *
 * @module
 */
import { Butterfly, type ButterflyOptions } from "../operator/butterfly.ts";
import { checkPowerOfTwo } from "../operator/check.ts";
import { rotationBlocks } from "../operator/angles.ts";
import { floats } from "../program/step.ts";

/** The order of the strides, and the field. */
export type OldLayoutOptions = Pick<ButterflyOptions, "field" | "increasing">;

/**
 * A butterfly whose blocks are the same all along a stride, but for the offset within the block: `twiddle` [n − 1, 2, 2],
 * in which stride s has the rows s − 1 … 2s − 2.
 *
 * @throws {RangeError} when n is no power of two, or the length does not fit
 */
export function fromTiedTwiddle(n: number, twiddle: Float32Array, options: OldLayoutOptions = {}): Butterfly {
  const size = 4 * floats(options.field ?? "real");
  return ordered(n, options, twiddle.length, (n - 1) * size, size, (factor, stride) => {
    for (let pair = 0; pair < n / 2; pair++) {
      const row = stride - 1 + pair % stride;
      factor.set(twiddle.subarray(row * size, (row + 1) * size), pair * size);
    }
  });
}

/**
 * A butterfly from `twiddle` [log₂n, n/2, 2, 2] that is listed by stride, 1, 2, 4 …, whatever the order of application.
 *
 * @throws {RangeError} when n is no power of two, or the length does not fit
 */
export function fromStrideTwiddle(
  n: number,
  twiddle: Float32Array,
  options: OldLayoutOptions = {},
): Butterfly {
  const size = 4 * floats(options.field ?? "real"), factorSize = n / 2 * size;
  return ordered(n, options, twiddle.length, Math.log2(n) * factorSize, size, (factor, stride) => {
    const level = Math.log2(stride);
    factor.set(twiddle.subarray(level * factorSize, (level + 1) * factorSize));
  });
}

/**
 * A butterfly of rotations by angles in radians listed by stride: [log₂n, n/2], or, shared as in
 * {@link fromTiedTwiddle}, [n − 1].
 *
 * @throws {RangeError} when n is no power of two, or the number of angles does not fit
 */
export function fromStrideAngles(
  n: number,
  angles: ArrayLike<number>,
  options: Pick<OldLayoutOptions, "increasing"> & { readonly tied?: boolean } = {},
): Butterfly {
  const { tied = false, increasing } = options, blocks = rotationBlocks(angles);
  return tied ? fromTiedTwiddle(n, blocks, { increasing }) : fromStrideTwiddle(n, blocks, { increasing });
}

/** Fills a factor [n/2][2][2] for each stride and lists them as they are applied. */
function ordered(
  n: number,
  options: OldLayoutOptions,
  length: number,
  expected: number,
  size: number,
  fill: (factor: Float32Array, stride: number) => void,
): Butterfly {
  checkPowerOfTwo("a butterfly", "n", n);
  if (length !== expected) {
    throw new RangeError(
      `Cannot make a butterfly of ${n} points: expected ${expected} weights, got ${length}`,
    );
  }
  const levels = Math.log2(n), factorSize = n / 2 * size, { increasing = true } = options;
  const twiddle = new Float32Array(levels * factorSize);
  for (let i = 0; i < levels; i++) {
    fill(
      twiddle.subarray(i * factorSize, (i + 1) * factorSize),
      2 ** (increasing ? i : levels - 1 - i),
    );
  }
  return Butterfly.fromTwiddle(n, twiddle, options);
}
