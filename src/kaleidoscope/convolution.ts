/**
 * Circular convolution in one and two dimensions, of one or many channels: Fourier butterflies with the spectrum of
 * the kernel between them. Circulant matrices are the case of one dimension and one channel.
 *
 * @module
 */

import { checkField, checkSize, checkWeights, LARGEST } from "../operator/check.ts";
import { Operator } from "../operator/operator.ts";
import { type Program, ProgramBuilder } from "../program/program.ts";
import { type Field, floats } from "../program/step.ts";
import { fourierButterfly } from "./fourier.ts";
import { negatedFrequencies, packedSpectrum, reversedSpectrum } from "./spectrum.ts";

/** The shape of a {@link Convolution}. */
export interface ConvolutionOptions {
  /** Points of a channel: [n] for lines, [n2, n1] for images of n2 rows, which lie one after another. */
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
 * vectors are [channel][n2][n1]. In O(n log n): a Fourier butterfly of decreasing strides on each channel, at each
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
  /** Points of a channel: [n] or [n2, n1]. */
  readonly size: readonly number[];
  /** Channels of the input. */
  readonly inputs: number;
  /** Channels of the output. */
  readonly outputs: number;
  /** What it convolves with, [outputs][inputs][n2][n1], interleaved if complex. Not to be changed. */
  readonly kernel: Float32Array<ArrayBuffer>;

  /**
   * A convolution with a kernel as large as a channel; see also `conv1d` and `conv2d`, which take small ones.
   *
   * @param kernel [outputs][inputs][n2][n1] numbers, copied
   * @throws {RangeError} when sizes or the kernel do not fit, a number is not finite, or it would be too large
   */
  constructor(kernel: Float32Array, options: ConvolutionOptions) {
    const { size, inputs = 1, outputs = 1, field = "real" } = options;
    checkField("a convolution", field);
    checkShape("a convolution", options);
    const points = size.reduce((all, n) => all * n, 1);
    checkWeights("a convolution", "kernel", kernel, outputs * inputs * points * floats(field));
    super(outputs * points, inputs * points, field);
    this.size = [...size];
    this.inputs = inputs;
    this.outputs = outputs;
    this.kernel = new Float32Array(kernel);
  }

  /** Sizes on which it is calculated, [n2, n1], powers of two: a line is an image of one row. */
  get #extended(): [number, number] {
    const [n1, n2 = 1] = [...this.size].reverse().map(extend);
    return n1 === 1 ? [1, n2] : [n2, n1];
  }

  /** Its program: pad, butterflies, frequencies, butterflies, cut. */
  protected build(): Program {
    const { inputs, outputs, field, kernel, cols, rows } = this, unit = floats(field);
    const [n2, n1] = this.#extended, points = n2 * n1;
    const builder = new ProgramBuilder(cols * unit);
    if (points === 1) {
      const pattern = { a: 1, b: outputs, c: inputs, d: 1 };
      return builder.build(builder.factor(0, pattern, field, kernel));
    }
    let value = 0;
    const whole = points * inputs === cols, slots = whole ? undefined : this.#slots();
    if (slots) {
      value = builder.window(value, inputs * points * unit, 0);
      value = builder.permutation(value, gridIndex(slots, inputs, points), unit);
    }
    // A row of real numbers is a row of half as many complex ones.
    const m1 = field === "real" ? n1 / 2 : n1;
    value = butterfly(builder, value, inputs, n2, m1, false);
    value = this.#frequencies(builder, value, n2, m1);
    value = butterfly(builder, value, outputs, n2, m1, true);
    if (slots) {
      value = builder.permutation(value, gridIndex(slots, outputs, points), unit, true);
      value = builder.window(value, rows * unit, 0);
    }
    return builder.build(value);
  }

  /** Where each point of a channel stands in the extended one. */
  #slots(): Uint32Array {
    const own = this.size[this.size.length - 1], width = extend(own);
    const points = this.size.reduce((all, n) => all * n, 1);
    return Uint32Array.from({ length: points }, (_, p) => Math.floor(p / own) * width + p % own);
  }

  /** At each frequency the matrix [outputs][inputs] of the spectra. */
  #frequencies(builder: ProgramBuilder, value: number, n2: number, m1: number): number {
    const { inputs, outputs, field } = this, size = n2 * m1;
    const real = field === "real", sources = real ? 2 * inputs : inputs;
    const weights = new Float32Array(2 * outputs * sources * size);
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < inputs; i++) {
        const kernel = this.#extendedKernel(o * inputs + i);
        const at = 2 * (o * sources + i) * size;
        if (real) {
          const { a, b } = packedSpectrum(kernel, n2, m1);
          weights.set(a, at);
          weights.set(b, at + 2 * inputs * size);
        } else {
          reversedSpectrum(kernel, n2, m1);
          weights.set(kernel, at);
        }
      }
    }
    if (!real && inputs === 1 && outputs === 1) return builder.diagonal(value, "complex", weights);
    if (real) value = withMirror(builder, value, inputs, n2, m1);
    return builder.factor(value, { a: 1, b: outputs, c: sources, d: size }, "complex", weights);
  }

  /** The kernel of a pair of channels on the extended size, in float64. */
  #extendedKernel(pair: number): Float64Array<ArrayBuffer> {
    const [n1, n2 = 1] = [...this.size].reverse(), [e1, e2 = 1] = [n1, n2].map(extend);
    const unit = floats(this.field), from = pair * n1 * n2;
    const result = new Float64Array(e1 * e2 * unit);
    for (let p2 = 0; p2 < n2; p2++) {
      for (let p1 = 0; p1 < n1; p1++) {
        for (const q2 of e2 === n2 ? [p2] : [p2, e2 - n2 + p2]) {
          for (const q1 of e1 === n1 ? [p1] : [p1, e1 - n1 + p1]) {
            for (let part = 0; part < unit; part++) {
              result[(q2 * e1 + q1) * unit + part] = this.kernel[(from + p2 * n1 + p1) * unit + part];
            }
          }
        }
      }
    }
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
    const [n1, n2 = 1] = [...size].reverse(), points = n1 * n2;
    const mirrored = new Float32Array(kernel.length);
    for (let k = 0; k < kernel.length / unit; k++) {
      const p = k % points, pair = Math.floor(k / points);
      const to = (pair % inputs) * outputs + Math.floor(pair / inputs);
      const q = (n2 - Math.floor(p / n1)) % n2 * n1 + (n1 - p % n1) % n1;
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
  if (!Array.isArray(size) || (size.length !== 1 && size.length !== 2)) {
    throw new RangeError(`Cannot make ${what}: size must be [n] or [n2, n1], got ${JSON.stringify(size)}`);
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

/** Unitary Fourier butterflies on images of n2×n1 complex numbers, the rows first if strides decrease. */
function butterfly(
  builder: ProgramBuilder,
  from: number,
  channels: number,
  n2: number,
  n1: number,
  inverse: boolean,
): number {
  let value = from;
  const axes = inverse ? [[n2, n1], [n1, 1]] : [[n1, 1], [n2, n1]];
  for (const [n, inner] of axes) {
    const one = fourierButterfly(n, { inverse, increasing: inverse });
    const outer = channels * n1 * n2 / (n * inner);
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
  for (let k = 0; k < weights.length / 2; k++) {
    for (let copy = 0; copy < inner; copy++) {
      result.set(weights.subarray(2 * k, 2 * k + 2), 2 * (k * inner + copy));
    }
  }
  for (let copy = 1; copy < outer; copy++) result.copyWithin(copy * size, 0, size);
  return result;
}

/** A value and behind it the conjugates of its frequencies in mirrored order. */
export function withMirror(
  builder: ProgramBuilder,
  value: number,
  channels: number,
  n2: number,
  m1: number,
): number {
  const size = n2 * m1, negated = negatedFrequencies(n2, m1);
  const index = Uint32Array.from(
    { length: channels * size },
    (_, k) => k - k % size + negated[k % size],
  );
  const signs = Float32Array.from({ length: 2 * channels * size }, (_, k) => k & 1 ? -1 : 1);
  const mirrored = builder.diagonal(builder.permutation(value, index, 2), "real", signs);
  return builder.concat([value, mirrored]);
}

/** The permutation that spreads channels onto extended ones: what comes behind all channels is zero and fills the rest. */
function gridIndex(slots: Uint32Array, channels: number, points: number): Uint32Array {
  const index = new Uint32Array(channels * points).fill(0xffffffff);
  let next = 0;
  for (let channel = 0; channel < channels; channel++) {
    for (const slot of slots) index[channel * points + slot] = next++;
  }
  for (let i = 0; i < index.length; i++) if (index[i] === 0xffffffff) index[i] = next++;
  return index;
}
