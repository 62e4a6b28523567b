/**
 * Discrete cosine and sine transforms of the types II, III and IV, in real arithmetic: a complex Fourier transform of
 * half the size between permutations (Makhoul 1980 for II and III).
 *
 * @module
 */

import { Butterfly } from "../../operator/butterfly.ts";
import { Dense } from "../../operator/dense.ts";
import type { Operator } from "../../operator/operator.ts";
import { bitReversal, Permutation } from "../../operator/permutation.ts";
import { product } from "../../operator/product.ts";
import { RealView } from "../../operator/real_view.ts";
import { fourierFactors } from "../fourier.ts";
import { overAxes } from "./axes.ts";
import { packed } from "./packed.ts";
import { checkShape, type Shape, type TransformOptions } from "./shape.ts";

/**
 * The DCT-II, y[k] = 2·Σⱼ x[j]·cos(πk(2j+1)/2n); normalized it is orthonormal: times √(1/2n), and y[0] times √½ more.
 * In several dimensions the transform of each axis.
 *
 * @param shape points, a power of two up to 2²⁰, or the sizes of several axes
 * @throws {RangeError} when a size is no power of two or there are more than 2²⁰ points
 *
 * @example
 * ```ts
 * import { dct2 } from "@papillon/papillon";
 * const y = dct2(8, { normalized: true }).apply(new Float32Array(8).fill(1));
 * console.assert(Math.abs(y[0] - Math.sqrt(8)) < 1e-6 && Math.abs(y[1]) < 1e-6);
 * ```
 */
export function dct2(shape: Shape, { normalized = false }: TransformOptions = {}): Operator {
  const sizes = checkShape("a DCT-II", shape);
  return overAxes(sizes, (n) => typeTwo(n, false, normalized ? orthonormal(n) : () => 2));
}

/**
 * The DCT-III, y[k] = x[0] + 2·Σⱼ≥₁ x[j]·cos(πj(2k+1)/2n); normalized it is the inverse of the normalized DCT-II.
 * In several dimensions the transform of each axis.
 *
 * @param shape points, a power of two up to 2²⁰, or the sizes of several axes
 * @throws {RangeError} when a size is no power of two or there are more than 2²⁰ points
 */
export function dct3(shape: Shape, { normalized = false }: TransformOptions = {}): Operator {
  const sizes = checkShape("a DCT-III", shape);
  const scale = (n: number) => normalized ? orthonormal(n) : (k: number) => k === 0 ? 1 : 2;
  return overAxes(sizes, (n) => typeTwo(n, false, scale(n)).transpose());
}

/**
 * The DCT-IV, y[k] = 2·Σⱼ x[j]·cos(π(2k+1)(2j+1)/4n); normalized, times √(1/2n), it is orthonormal and its own inverse.
 * In several dimensions the transform of each axis.
 *
 * @param shape points, a power of two up to 2²⁰, or the sizes of several axes
 * @throws {RangeError} when a size is no power of two or there are more than 2²⁰ points
 */
export function dct4(shape: Shape, { normalized = false }: TransformOptions = {}): Operator {
  const sizes = checkShape("a DCT-IV", shape);
  return overAxes(sizes, (n) => typeFour(n, false, normalized ? Math.sqrt(2 / n) : 2));
}

/**
 * The DST-II, y[k] = 2·Σⱼ x[j]·sin(π(k+1)(2j+1)/2n); normalized it is orthonormal: times √(1/2n), and y[n−1] times √½
 * more. (Releases of scipy before 1.11 scale y[0] instead, which leaves it not orthonormal.) In several dimensions the transform of
 * each axis.
 *
 * @param shape points, a power of two up to 2²⁰, or the sizes of several axes
 * @throws {RangeError} when a size is no power of two or there are more than 2²⁰ points
 */
export function dst2(shape: Shape, { normalized = false }: TransformOptions = {}): Operator {
  const sizes = checkShape("a DST-II", shape);
  return overAxes(sizes, (n) => typeTwo(n, true, normalized ? orthonormal(n) : () => 2));
}

/**
 * The DST-III, y[k] = (−1)ᵏ·x[n−1] + 2·Σⱼ x[j]·sin(π(j+1)(2k+1)/2n) over j < n − 1; normalized it is the inverse of the
 * normalized DST-II. In several dimensions the transform of each axis.
 *
 * @param shape points, a power of two up to 2²⁰, or the sizes of several axes
 * @throws {RangeError} when a size is no power of two or there are more than 2²⁰ points
 */
export function dst3(shape: Shape, { normalized = false }: TransformOptions = {}): Operator {
  const sizes = checkShape("a DST-III", shape);
  const scale = (n: number) => normalized ? orthonormal(n) : (k: number) => k === 0 ? 1 : 2;
  return overAxes(sizes, (n) => typeTwo(n, true, scale(n)).transpose());
}

/**
 * The DST-IV, y[k] = 2·Σⱼ x[j]·sin(π(2k+1)(2j+1)/4n); normalized, times √(1/2n), it is orthonormal and its own inverse.
 * In several dimensions the transform of each axis.
 *
 * @param shape points, a power of two up to 2²⁰, or the sizes of several axes
 * @throws {RangeError} when a size is no power of two or there are more than 2²⁰ points
 */
export function dst4(shape: Shape, { normalized = false }: TransformOptions = {}): Operator {
  const sizes = checkShape("a DST-IV", shape);
  return overAxes(sizes, (n) => typeFour(n, true, normalized ? Math.sqrt(2 / n) : 2));
}

/** The scale of each frequency that makes the type II orthonormal. */
function orthonormal(n: number): (k: number) => number {
  return (k) => Math.sqrt((k === 0 ? 1 : 2) / n);
}

/**
 * Σⱼ x[j]·cos(πk(2j+1)/2n) times scale(k). The sine transform is that of (−1)ʲ·x[j], its rows in the opposite order; its
 * scales are counted as those of the cosine transform.
 */
function typeTwo(n: number, sine: boolean, scale: (k: number) => number): Operator {
  const row = (k: number): number => sine ? n - 1 - k : k;
  if (n <= 2) {
    const values = new Float32Array(n * n);
    for (let k = 0; k < n; k++) {
      for (let j = 0; j < n; j++) {
        const sign = sine && j === 1 ? -1 : 1;
        values[row(k) * n + j] = sign * scale(k) * Math.cos(Math.PI * k * (2 * j + 1) / (2 * n));
      }
    }
    return new Dense(n, n, values);
  }
  // Even entries, then the odd ones backwards: with u = e^{−iπk/2n} and the DFT V of these, y[k] = re uV[k] and
  // y[n−k] = −im uV[k], the parts of iuV[k] the other way round.
  const order = Uint32Array.from({ length: n }, (_, j) => j < n / 2 ? 2 * j : 2 * (n - 1 - j) + 1);
  const h = n / 2, size = scale(1), angle = (k: number): number => -Math.PI * k / (2 * n);
  const rows = (
    ...k: [number, number, number, number]
  ): [number, number, number, number] => [row(k[0]), row(k[1]), row(k[2]), row(k[3])];
  const merge = packed(n, {
    // (1 + i)·conj Z[0] has the parts V[0] and V[h]; y[h] is the latter times √½.
    sum: (k) => k === 0 ? { size, angle: Math.PI / 4 } : { size, angle: angle(k) + Math.PI / 2 },
    // V[h/2] is conj Z[h/2].
    difference: (k) => ({ size, angle: k === 0 ? angle(h / 2) + Math.PI / 2 : angle(k) + Math.PI / 4 }),
    rows: (k) => k === 0 ? rows(0, h, h + h / 2, h / 2) : rows(n - k, k, h - k, h + k),
    // Without it y[0] would be multiplied by size·√½.
    scale: (k) => k === row(0) ? scale(0) / (size * Math.SQRT1_2) : 1,
  }, sine);
  return product(merge, new Permutation(order));
}

/**
 * Σⱼ x[j]·cos(π(2k+1)(2j+1)/4n) times a scale, or with sin: h complex numbers x[2j] + i·x[n−1−2j] (for sines the other way
 * round), times e^{−iπ(4j+1)/4n}, their DFT c, times e^{−iπk/n}. Then y[2k] = re c[k], y[n−1−2k] = ∓im c[k].
 */
function typeFour(n: number, sine: boolean, scale: number): Operator {
  if (n === 1) return new Dense(1, 1, new Float32Array([scale * Math.SQRT1_2]));
  const h = n / 2, order = new Uint32Array(n), place = new Uint32Array(n);
  for (let j = 0; j < h; j++) {
    order.set(sine ? [n - 1 - 2 * j, 2 * j] : [2 * j, n - 1 - 2 * j], 2 * j);
    // The cosine transform is taken times i: its parts are (−im c, re c) then, and no sign is left to change.
    place[2 * j] = sine ? 2 * j : 2 * j + 1;
    place[n - 1 - 2 * j] = sine ? 2 * j + 1 : 2 * j;
  }
  const before = (j: number): number => -Math.PI * (4 * j + 1) / (4 * n);
  const after = (k: number): number => -Math.PI * k / n + (sine ? 0 : Math.PI / 2);
  return product(
    new Permutation(place),
    new RealView(turned(h, before, after, scale)),
    new Permutation(order),
  );
}

/** The DFT of h points, its inputs and outputs turned by angles, and scaled: all folded into the first and last factors. */
function turned(
  h: number,
  before: (j: number) => number,
  after: (k: number) => number,
  scale: number,
): Operator {
  const reversal = bitReversal(h), factors = fourierFactors(h, {});
  if (h === 1) {
    const angle = before(0) + after(0);
    const weights = new Float32Array([scale * Math.cos(angle), scale * Math.sin(angle)]);
    return new Dense(1, 1, weights, "complex");
  }
  turn(factors[0], (i) => before(reversal[Math.floor(i / 4) * 2 + i % 2]), 1);
  turn(factors[factors.length - 1], (i) => after(Math.floor(i / h) * (h / 2) + i % (h / 2)), scale);
  const weights = factors.map((w) => Float32Array.from(w));
  return product(
    new Butterfly(h, weights, { field: "complex" }),
    new Permutation(reversal, "complex"),
  );
}

/** Multiplies complex numbers by a scale and e^{i·angle(index)}. */
function turn(values: Float64Array, angle: (i: number) => number, scale: number): void {
  for (let i = 0; i < values.length / 2; i++) {
    const cosine = scale * Math.cos(angle(i)), sine = scale * Math.sin(angle(i));
    const re = values[2 * i], im = values[2 * i + 1];
    values[2 * i] = re * cosine - im * sine;
    values[2 * i + 1] = re * sine + im * cosine;
  }
}
