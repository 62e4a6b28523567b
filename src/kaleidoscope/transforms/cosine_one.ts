/**
 * Discrete cosine and sine transforms of type I: Hartley transforms of vectors made even or odd.
 *
 * @module
 */

import { checkSize, LARGEST } from "../../operator/check.ts";
import { Diagonal } from "../../operator/diagonal.ts";
import { Operator } from "../../operator/operator.ts";
import { product } from "../../operator/product.ts";
import { Window } from "../../operator/window.ts";
import { type Program, ProgramBuilder } from "../../program/program.ts";
import { overAxes } from "./axes.ts";
import { hartley1 } from "./hartley.ts";
import type { Shape, TransformOptions } from "./shape.ts";

/**
 * The DCT-I, y[k] = x[0] + (−1)ᵏ·x[n−1] + 2·Σⱼ x[j]·cos(πjk/(n−1)) over 0 < j < n − 1; normalized it is orthonormal:
 * scipy.fft multiplies x[0] and x[n−1] by √2, y by √(1/2(n−1)), and y[0] and y[n−1] by √½ more. In several dimensions the transform
 * of each axis.
 *
 * @param shape points, 2ᵏ + 1 from 2 on (2, 3, 5, 9 … 524 289), or the sizes of several axes. It runs as a real transform
 * of 2(n − 1) points.
 * @throws {RangeError} when n is 1, for which there is no DCT-I, or n − 1 is no power of two
 *
 * @example
 * ```ts
 * import { dct1 } from "@papillon/papillon";
 * const y = dct1(3).apply(new Float32Array([1, 2, 3]));
 * console.assert(Math.abs(y[0] - 8) < 1e-5 && Math.abs(y[1] + 2) < 1e-5 && Math.abs(y[2]) < 1e-5);
 * ```
 */
export function dct1(shape: Shape, { normalized = false }: TransformOptions = {}): Operator {
  return overAxes(typeOneSizes("DCT-I", shape, -1), (n) => {
    const points = 2 * (n - 1), period = new Extension(n, "even");
    const cosines = product(
      period.window(0),
      hartley1(points, normalized ? 1 / Math.sqrt(points) : 1),
      period,
    );
    if (!normalized) return cosines;
    const ends = (scale: number): Diagonal =>
      new Diagonal(Float32Array.from({ length: n }, (_, k) => k === 0 || k === n - 1 ? scale : 1));
    return product(ends(Math.SQRT1_2), cosines, ends(Math.SQRT2));
  });
}

/**
 * The DST-I, y[k] = 2·Σⱼ x[j]·sin(π(j+1)(k+1)/(n+1)); normalized, times √(1/2(n+1)), it is orthonormal and its own inverse.
 * In several dimensions the transform of each axis.
 *
 * @param shape points, 2ᵏ − 1 (1, 3, 7, 15 … 524 287), or the sizes of several axes. It runs as a real transform of
 * 2(n + 1) points.
 * @throws {RangeError} when n + 1 is no power of two
 */
export function dst1(shape: Shape, { normalized = false }: TransformOptions = {}): Operator {
  return overAxes(typeOneSizes("DST-I", shape, 1), (n) => {
    const points = 2 * (n + 1), period = new Extension(n, "odd");
    return product(period.window(1), hartley1(points, normalized ? 1 / Math.sqrt(points) : 1), period);
  });
}

/** Checks sizes that are a power of two when `more` is added. */
function typeOneSizes(name: string, shape: Shape, more: 1 | -1): readonly number[] {
  const sizes = typeof shape === "number" ? [shape] : [...shape], what = `a ${name}`;
  if (sizes.length === 0) throw new RangeError(`Cannot make ${what}: its shape has no dimensions`);
  for (const n of sizes) {
    if (n === 1 && more === -1) {
      throw new RangeError(`Cannot make ${what} of size 1: it needs two points at least`);
    }
    checkSize(what, "n", n, LARGEST / 2 - more);
    const power = n + more;
    if ((power & (power - 1)) !== 0) {
      const rule = more === 1
        ? "one less than a power of two (1, 3, 7 …)"
        : "one more than a power of two (2, 3, 5, 9 …)";
      throw new RangeError(`Cannot make ${what}: n must be ${rule}, got ${n}`);
    }
  }
  const points = sizes.reduce((all, n) => all * n, 1);
  if (points > LARGEST) {
    throw new RangeError(
      `Cannot make ${what}: its shape ${sizes.join("×")} has ${points} points, at most ${LARGEST}`,
    );
  }
  return sizes;
}

/**
 * A vector continued to one period of an even or an odd sequence: x[0] … x[n−1], x[n−2] … x[1], or
 * 0, x[0] … x[n−1], 0, −x[n−1] … −x[0].
 */
class Extension extends Operator {
  readonly #parity: "even" | "odd";

  constructor(n: number, parity: "even" | "odd") {
    super(parity === "even" ? 2 * (n - 1) : 2 * (n + 1), n, "real");
    this.#parity = parity;
  }

  /** The first entries of the period from `first` on, as many as the vector has. */
  window(first: number): Operator {
    return new Window(this.cols, this.rows, { shift: first });
  }

  protected build(): Program {
    const { rows, cols: n } = this, builder = new ProgramBuilder(n);
    const backwards = builder.permutation(0, Uint32Array.from({ length: n }, (_, i) => n - 1 - i), 1);
    if (this.#parity === "even") {
      return builder.build(builder.concat([0, builder.window(backwards, n - 2, 1)].slice(0, n > 2 ? 2 : 1)));
    }
    const negative = builder.diagonal(backwards, "real", new Float32Array(n).fill(-1));
    const first = builder.window(0, n + 1, -1), second = builder.window(negative, rows - n - 1, -1);
    return builder.build(builder.concat([first, second]));
  }
}
