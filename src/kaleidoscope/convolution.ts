/**
 * Circular convolution along any number of axes, of one or many channels: Fourier butterflies with the spectrum of
 * the kernel between them. Circulant matrices are the case of one axis and one channel.
 *
 * @module
 */

import { checkField, checkSize, checkWeights, LARGEST } from "../operator/check.ts";
import { Operator } from "../operator/operator.ts";
import { type Program, ProgramBuilder } from "../program/program.ts";
import { type Field, floats } from "../program/step.ts";
import { fourierButterfly } from "./fourier.ts";
import { negatedFrequencies, packedSpectrum, reversedSpectrum } from "./spectrum.ts";

/** More axes than anybody has. */
const MOST_AXES = 8;

/** The shape of a {@link Convolution}. */
export interface ConvolutionOptions {
  /**
   * Points of a channel along each axis, the last one contiguous: [n] for lines, [n2, n1] for images of n2 rows, which
   * lie one after another, [n3, n2, n1] for volumes, and so on.
   */
  size: readonly number[];
  /** Channels of the input; 1 when absent. */
  inputs?: number;
  /** Channels of the output; 1 when absent. */
  outputs?: number;
  /** "real" when absent. */
  field?: Field;
}

/**
 * A circular convolution, y[o,p] = Σ k[o,i,q]·x[i,p−q] over all channels i and all points q, indices modulo the size;
 * vectors are [channel][…][n2][n1]. In O(n log n): a Fourier butterfly of decreasing strides on each channel, at each
 * frequency a product with a small matrix, and a butterfly of increasing strides. Both leave out their bit
 * reversals, which would meet in the middle.
 *
 * A real convolution takes neighbouring points for the two parts of complex numbers, so that it costs half of what
 * a complex one does. Sizes that are no power of two are extended to the next but one. Vectors may have up to 2²¹ floats
 * then.
 *
 * @example
 * ```ts
 * import { Convolution } from "@papillon/papillon";
 * // Each point of a 4×4 image with its right neighbour taken away from it.
 * const kernel = new Float32Array(16);
 * kernel[0] = 1;
 * kernel[3] = -1;
 * const edges = new Convolution(kernel, { size: [4, 4] });
 * console.assert(edges.apply(new Float32Array(16).fill(1)).every((v) => Math.abs(v) < 1e-6));
 * ```
 */
export class Convolution extends Operator {
  /** Points of a channel along each axis: [n], [n2, n1], [n3, n2, n1] … */
  readonly size: readonly number[];
  /** Channels of the input. */
  readonly inputs: number;
  /** Channels of the output. */
  readonly outputs: number;
  /** What it convolves with, [outputs][inputs][…][n2][n1], interleaved if complex. Not to be changed. */
  readonly kernel: Float32Array<ArrayBuffer>;

  /**
   * A convolution with a kernel as large as a channel; see also `conv1d` and `conv2d`, which take small ones, and
   * `linearConvolution`, which does not go round.
   *
   * @param kernel [outputs][inputs][…][n2][n1] numbers, copied
   * @throws {RangeError} when sizes or the kernel do not fit, a number is not finite, or it would be too large
   */
  constructor(kernel: Float32Array, options: ConvolutionOptions) {
    const { size, inputs = 1, outputs = 1, field = "real" } = options;
    checkField("a convolution", field);
    checkShape("a convolution", options);
    const points = count(size);
    checkWeights("a convolution", "kernel", kernel, outputs * inputs * points * floats(field));
    super(outputs * points, inputs * points, field);
    this.size = [...size];
    this.inputs = inputs;
    this.outputs = outputs;
    this.kernel = new Float32Array(kernel);
  }

  /** Sizes on which it is calculated, powers of two from 2 on: axes of one point make no difference. */
  get #extended(): number[] {
    return this.size.map(extend).filter((n) => n > 1);
  }

  /** Its program: pad, butterflies, frequencies, butterflies, cut. */
  protected build(): Program {
    const { inputs, outputs, field, kernel, cols, rows } = this, unit = floats(field);
    const axes = this.#extended, points = count(axes);
    const builder = new ProgramBuilder(cols * unit);
    if (points === 1 && inputs === 1 && outputs === 1) {
      return builder.build(builder.diagonal(0, field, kernel));
    }
    if (points === 1) {
      const pattern = { a: 1, b: outputs, c: inputs, d: 1 };
      return builder.build(builder.factor(0, pattern, field, kernel));
    }
    let value = 0;
    const whole = points * inputs === cols,
      slots = whole ? undefined : slotsOf(this.size, this.size.map(extend));
    if (slots) {
      value = builder.window(value, inputs * points * unit, 0);
      value = builder.permutation(value, gridIndex(slots, inputs, points), unit);
    }
    // A row of real numbers is a row of half as many complex ones.
    if (field === "real") axes[axes.length - 1] /= 2;
    value = butterfly(builder, value, inputs, axes, false);
    value = this.#frequencies(builder, value, axes);
    value = butterfly(builder, value, outputs, axes, true);
    if (slots) {
      value = builder.permutation(value, gridIndex(slots, outputs, points), unit, true);
      value = builder.window(value, rows * unit, 0);
    }
    return builder.build(value);
  }

  /** At each frequency the matrix [outputs][inputs] of the spectra. */
  #frequencies(builder: ProgramBuilder, value: number, axes: readonly number[]): number {
    const { inputs, outputs, field } = this, size = count(axes);
    const real = field === "real", sources = real ? 2 * inputs : inputs;
    const weights = new Float32Array(2 * outputs * sources * size);
    const places = whereFrom(this.size, this.size.map(extend));
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < inputs; i++) {
        const kernel = this.#extendedKernel(o * inputs + i, places);
        const at = 2 * (o * sources + i) * size;
        if (real) {
          const { a, b } = packedSpectrum(kernel, axes);
          weights.set(a, at);
          weights.set(b, at + 2 * inputs * size);
        } else {
          reversedSpectrum(kernel, axes);
          weights.set(kernel, at);
        }
      }
    }
    if (!real && inputs === 1 && outputs === 1) return builder.diagonal(value, "complex", weights);
    if (real) value = withMirror(builder, value, inputs, axes);
    return builder.factor(value, { a: 1, b: outputs, c: sources, d: size }, "complex", weights);
  }

  /** The kernel of a pair of channels on the extended sizes, in float64. */
  #extendedKernel(pair: number, places: Int32Array): Float64Array<ArrayBuffer> {
    const unit = floats(this.field), from = pair * count(this.size);
    const result = new Float64Array(places.length * unit);
    places.forEach((p, q) => {
      if (p < 0) return;
      for (let part = 0; part < unit; part++) result[q * unit + part] = this.kernel[(from + p) * unit + part];
    });
    return result;
  }

  /** A convolution too: with the kernel mirrored, conjugated, and its channels exchanged. */
  override adjoint(): Convolution {
    return this.#mirrored(true);
  }

  /** A convolution too: with the kernel mirrored and its channels exchanged. */
  override transpose(): Convolution {
    return this.#mirrored(false);
  }

  #mirrored(conjugate: boolean): Convolution {
    const { inputs, outputs, field, size, kernel } = this, unit = floats(field);
    const points = count(size), opposite = indexOver(size, (n, p) => (n - p) % n);
    const mirrored = new Float32Array(kernel.length);
    for (let k = 0; k < kernel.length / unit; k++) {
      const pair = Math.floor(k / points), q = opposite[k % points];
      const to = (pair % inputs) * outputs + Math.floor(pair / inputs);
      for (let part = 0; part < unit; part++) {
        const v = kernel[k * unit + part];
        mirrored[(to * points + q) * unit + part] = conjugate && part === 1 ? -v : v;
      }
    }
    return new Convolution(mirrored, { size, inputs: outputs, outputs: inputs, field });
  }

  /** A short name for messages: "a 1024×1024 convolution". */
  override describe(): string {
    return `a ${this.rows}×${this.cols} ${this.field === "complex" ? "complex " : ""}convolution`;
  }
}

/** Refuses sizes and channels that make no convolution, or one too large to be made. */
export function checkShape(what: string, { size, inputs = 1, outputs = 1, field }: ConvolutionOptions): void {
  if (!Array.isArray(size) || size.length < 1 || size.length > MOST_AXES) {
    throw new RangeError(
      `Cannot make ${what}: size must be the points along each of 1 to ${MOST_AXES} axes, got ${
        JSON.stringify(size)
      }`,
    );
  }
  for (const n of size) checkSize(what, "each size", n, LARGEST);
  checkSize(what, "inputs", inputs, LARGEST);
  checkSize(what, "outputs", outputs, LARGEST);
  const width = size.reduce((all, n) => all * extend(n), floats(field ?? "real"));
  if (width * Math.max(inputs, outputs) > 2 * LARGEST || width * inputs * outputs > 2 ** 26) {
    throw new RangeError(
      `Cannot make ${what}: ${inputs} to ${outputs} channels of ${
        size.join("×")
      } points are too many; extended to ` +
        `${width} floats each, at most ${2 * LARGEST} floats a vector and ${2 ** 26} of spectra are allowed`,
    );
  }
}

/** The smallest power of two on which a circular convolution of n points can be made: n itself, or at least 2n − 1. */
function extend(n: number): number {
  let power = 1;
  while (power < n) power *= 2;
  return power === n ? n : 2 * power;
}

/** Points of all axes together. */
export function count(sizes: readonly number[]): number {
  return sizes.reduce((all, n) => all * n, 1);
}

/**
 * For each point of a row-major array of the first sizes, the number that `where` of its coordinates makes in an array of
 * `others` (the same sizes when absent); −1 where one of them is −1.
 */
export function indexOver(
  sizes: readonly number[],
  where: (n: number, p: number, axis: number) => number,
  others: readonly number[] = sizes,
): Int32Array<ArrayBuffer> {
  let index: Int32Array<ArrayBuffer> = new Int32Array(1);
  sizes.forEach((n, axis) => {
    const own = Int32Array.from({ length: n }, (_, p) => where(n, p, axis)), before = index;
    index = Int32Array.from({ length: before.length * n }, (_, k) => {
      const outer = before[Math.floor(k / n)], inner = own[k % n];
      return outer < 0 || inner < 0 ? -1 : outer * others[axis] + inner;
    });
  });
  return index;
}

/** Where each point of a channel stands in a larger one. */
export function slotsOf(size: readonly number[], larger: readonly number[]): Int32Array<ArrayBuffer> {
  return indexOver(size, (_, p) => p, larger);
}

/** For each point of an extended kernel the one whose number it has, or −1: both ends of an axis hold the kernel. */
function whereFrom(size: readonly number[], extended: readonly number[]): Int32Array<ArrayBuffer> {
  return indexOver(extended, (e, q, axis) => {
    const n = size[axis];
    return q < n ? q : q >= e - n ? q - (e - n) : -1;
  }, size);
}

/** Unitary Fourier butterflies along all axes, in the order in which all strides together increase or decrease. */
function butterfly(
  builder: ProgramBuilder,
  from: number,
  channels: number,
  sizes: readonly number[],
  inverse: boolean,
): number {
  let value = from;
  const points = count(sizes), axes = sizes.map((n, axis) => ({ n, inner: count(sizes.slice(axis + 1)) }));
  for (const { n, inner } of inverse ? axes.reverse() : axes) {
    const one = fourierButterfly(n, { inverse, increasing: inverse });
    const outer = channels * points / (n * inner);
    one.factors.forEach((weights, i) => {
      const d = one.stride(i);
      const pattern = { a: outer * n / (2 * d), b: 2, c: 2, d: d * inner };
      value = builder.factor(value, pattern, "complex", repeated(weights, outer, inner));
    });
  }
  return value;
}

/** Complex weights, each `inner` times, all of it `outer` times. */
function repeated(weights: Float32Array, outer: number, inner: number): Float32Array {
  if (outer * inner === 1) return weights;
  const result = new Float32Array(weights.length * outer * inner), size = weights.length * inner;
  for (let k = 0, at = 0; k < weights.length; k += 2) {
    for (let copy = 0; copy < inner; copy++, at += 2) {
      result[at] = weights[k];
      result[at + 1] = weights[k + 1];
    }
  }
  for (let copy = 1; copy < outer; copy++) result.copyWithin(copy * size, 0, size);
  return result;
}

/** A value and behind it the conjugates of its frequencies in mirrored order. */
function withMirror(
  builder: ProgramBuilder,
  value: number,
  channels: number,
  axes: readonly number[],
): number {
  const size = count(axes), negated = negatedFrequencies(axes);
  const index = Uint32Array.from(
    { length: channels * size },
    (_, k) => k - k % size + negated[k % size],
  );
  const signs = Float32Array.from({ length: 2 * channels * size }, (_, k) => k & 1 ? -1 : 1);
  const mirrored = builder.diagonal(builder.permutation(value, index, 2), "real", signs);
  return builder.concat([value, mirrored]);
}

/** The permutation that spreads channels onto extended ones: what comes behind all channels is zero and fills the rest. */
export function gridIndex(slots: ArrayLike<number>, channels: number, points: number): Uint32Array {
  const index = new Uint32Array(channels * points).fill(0xffffffff);
  let next = 0;
  for (let channel = 0; channel < channels; channel++) {
    for (let p = 0; p < slots.length; p++) index[channel * points + slots[p]] = next++;
  }
  for (let i = 0; i < index.length; i++) if (index[i] === 0xffffffff) index[i] = next++;
  return index;
}
