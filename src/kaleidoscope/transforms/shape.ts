/**
 * What the transforms have in common: their options and the check of their sizes.
 *
 * @module
 */

import { checkPowerOfTwo, kindOf, LARGEST } from "../../operator/check.ts";

/** How a transform is scaled. */
export interface TransformOptions {
  /** Whether it is scaled to be unitary or, if real, orthonormal. Without, it is scipy.fft's default. */
  normalized?: boolean;
}

/**
 * Points of a transform: a number, or for a transform of several dimensions the size of each, the last one contiguous
 * (a row-major array, flattened).
 */
export type Shape = number | readonly number[];

/**
 * The sizes as a list.
 *
 * @throws {RangeError} when there is none, one is no power of two, or all together are more than 2²⁰ points
 */
export function checkShape(what: string, shape: Shape): readonly number[] {
  const sizes = sizesOf(what, shape);
  sizes.forEach((n, i) => checkPowerOfTwo(what, sizes.length === 1 ? "n" : `shape[${i}]`, n));
  checkPoints(what, sizes);
  return sizes;
}

/** A shape as a list, whatever its sizes. */
export function sizesOf(what: string, shape: Shape): readonly number[] {
  if (typeof shape !== "number" && !Array.isArray(shape)) {
    throw new TypeError(
      `Cannot make ${what}: expected a number of points or the sizes of several axes, got ${kindOf(shape)}`,
    );
  }
  const sizes = typeof shape === "number" ? [shape] : shape;
  if (sizes.length === 0) throw new RangeError(`Cannot make ${what}: its shape has no dimensions`);
  return sizes;
}

/** Refuses more points than 2²⁰. */
export function checkPoints(what: string, sizes: readonly number[]): void {
  const points = sizes.reduce((all, n) => all * n, 1);
  if (points > LARGEST) {
    throw new RangeError(
      `Cannot make ${what}: its shape ${sizes.join("×")} has ${points} points, at most ${LARGEST}`,
    );
  }
}

/**
 * What to multiply the factors of a transform of n points by, in the order of application, to divide it by √n: 1 and ½
 * in turn, so that only where log₂n is odd something is rounded, once.
 */
export function unitaryScale(n: number): (level: number) => number {
  const odd = Math.log2(n) % 2;
  return (level) => odd && level === 0 ? Math.SQRT1_2 : level % 2 === odd ? 1 : 1 / 2;
}
