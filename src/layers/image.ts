/**
 * Sizes of images and of what slides over them.
 *
 * @module
 */

import { checkSize } from "../operator/check.ts";

/** How a window slides over an image; one number stands for both axes. */
export interface SlideOptions {
  /** From one place of the window to the next; 1. */
  readonly stride?: number | readonly [number, number];
  /** Zeros around the image; 0. */
  readonly padding?: number | readonly [number, number];
}

/** A window of two axes: rows first. */
export interface Slide {
  /** Its size. */
  readonly size: readonly [number, number];
  /** From one place to the next. */
  readonly stride: readonly [number, number];
  /** Zeros around the image. */
  readonly padding: readonly [number, number];
}

/** Checks how a window slides. */
export function slideOf(
  what: string,
  size: number | readonly [number, number],
  { stride = 1, padding = 0 }: SlideOptions,
): Slide {
  const both = (name: string, value: number | readonly [number, number]): readonly [number, number] => {
    const pair = typeof value === "number" ? [value, value] as const : value;
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw new TypeError(
        `Cannot make ${what}: ${name} must be a number or two, got ${JSON.stringify(value)}`,
      );
    }
    for (const one of pair) checkSize(what, name, name === "padding" ? one + 1 : one, 2 ** 16);
    return [pair[0], pair[1]];
  };
  return { size: both("size", size), stride: both("stride", stride), padding: both("padding", padding) };
}

/** Places of a window along both axes of an image; less than 1 where it does not fit. */
export function placesOf({ size, stride, padding }: Slide, rows: number, columns: number): [number, number] {
  const along = (axis: 0 | 1, length: number): number =>
    Math.floor((length + 2 * padding[axis] - size[axis]) / stride[axis]) + 1;
  return [along(0, rows), along(1, columns)];
}
