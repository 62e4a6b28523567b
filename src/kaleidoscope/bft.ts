/**
 * Butterfly transforms of channels (BFT), with the flat weights that its code trains.
 *
 * Source: Alizadeh, Prabhu, Farhadi, Rastegari, Butterfly Transform: An Efficient FFT Based Neural Architecture Design,
 * CVPR 2020, and its code, whose conventions these are.
 *
 * @module
 */

import { type Program, ProgramBuilder } from "../program/program.ts";
import { Random } from "../program/random.ts";
import type { Pattern } from "../program/step.ts";
import { checkSize, checkWeights } from "../operator/check.ts";
import { type Gradient, Operator } from "../operator/operator.ts";
import { patternWeights } from "../operator/pattern.ts";

/** How flat weights are read. */
export interface BftOptions {
  /** K, the radix of the factors: 4 by default. The original code knows 2, 4 and 8. */
  readonly base?: number;
  /** Whether the input is added to the output ("residual_stoe"): for as many outputs as inputs. */
  readonly residual?: boolean;
}

/**
 * One butterfly between channels: `Butterfly_general_matrix(in, out, butterfly_K)`.
 *
 * With n = max(inputs, outputs) and L = ⌈log_K n⌉ there are K·n·L weights, and the matrix is
 * W[j][i] = Π_l weights[l·K·n + d·n + m_l], l = 0 … L − 1, where m_l has the low L − l base-K digits of i and the top l
 * digits of j, and d is the last digit of j for every l. (The paper has the l-th digit there; in the code a slip of
 * operator precedence makes it the last one.) Where n is no power of K, m_l may be n or more, and the index runs on into
 * weights of another digit, which are then shared.
 *
 * It is run as L factors of radix K with decreasing strides, n·K·L multiply-adds: the first makes the last digit of j, each
 * other one a top digit; at the end the outputs are put in order. The gradient of a shared weight is the sum over
 * where it is used.
 *
 * @example
 * ```ts
 * import { Bft } from "@papillon/papillon";
 * const layer = Bft.random(12, 12, { base: 2, seed: 1 });
 * const x = new Float32Array(12).fill(1), y = layer.apply(x);
 * const { weights } = layer.gradient(x, y);
 * console.assert(weights[0].length === layer.flat.length); // one gradient for each flat weight
 * ```
 */
export class Bft extends Operator {
  /** The flat weights. Not to be changed. */
  readonly flat: Float32Array<ArrayBuffer>;
  /** K, the radix of the factors. */
  readonly base: number;
  /** Whether the input is added to the output. */
  readonly residual: boolean;
  #layers: readonly Layer[] | undefined;

  /**
   * A butterfly from its flat weights, which are copied.
   *
   * @throws {RangeError} when the weights do not fit or are not finite, or a residual is asked for where sizes differ
   */
  constructor(
    flat: Float32Array,
    inputs: number,
    outputs: number,
    { base = 4, residual = false }: BftOptions = {},
  ) {
    checkWeights("a butterfly transform", "weights", flat, flatLength(inputs, outputs, base));
    if (residual && inputs !== outputs) {
      throw new RangeError(
        `Cannot make a butterfly transform: a residual needs as many outputs as inputs, got ${outputs} and ${inputs}`,
      );
    }
    super(outputs, inputs, "real");
    this.flat = new Float32Array(flat);
    this.base = base;
    this.residual = residual;
  }

  /**
   * Weights as the original code draws them: uniform up to 2^((L−1)/L)·√(2/fan)^(1/L).
   *
   * @param options.fan the inputs by default
   * @throws {RangeError} when a size is no positive whole number, or both are 1
   */
  static random(
    inputs: number,
    outputs: number,
    options: BftOptions & { readonly seed: number; readonly fan?: number },
  ): Bft {
    const { base = 4, seed, fan = inputs } = options;
    const random = new Random(seed), length = flatLength(inputs, outputs, base);
    checkSize("a butterfly transform", "fan", fan);
    const levels = length / (base * Math.max(inputs, outputs));
    const most = 2 ** ((levels - 1) / levels) * Math.sqrt(2 / fan) ** (1 / levels);
    const flat = Float32Array.from({ length }, () => most * (2 * random.uniform() - 1));
    return new Bft(flat, inputs, outputs, options);
  }

  /** The flat weights, as the only array. */
  override get weights(): readonly Float32Array[] {
    return [this.flat];
  }

  /** As of any operator; the only gradient of weights is that of the flat ones. */
  override gradient(x: Float32Array, g: Float32Array): Gradient {
    const { input, weights } = super.gradient(x, g);
    return { input, weights: [this.fold(weights)] };
  }

  /** The gradient of the flat weights from those of the factors of the program. */
  fold(factors: readonly Float32Array[]): Float32Array<ArrayBuffer> {
    const sums = new Float64Array(this.flat.length);
    this.layers.forEach(({ index }, i) => index.forEach((to, k) => to >= 0 && (sums[to] += factors[i][k])));
    return new Float32Array(sums);
  }

  /** The factors: their patterns, and for each of their weights its index in the flat ones, or −1 where it is 0. */
  get layers(): readonly Layer[] {
    return this.#layers ??= layersOf(this.cols, this.rows, this.base);
  }

  /** Its program. */
  protected build(): Program {
    const builder = new ProgramBuilder(this.cols);
    return builder.build(this.append(builder, 0));
  }

  /** Appends its steps to a program. */
  append(builder: ProgramBuilder, from: number): number {
    const { layers, flat, rows, base } = this, { a, c, d } = layers[0].pattern;
    let value = builder.window(from, a * c * d, 0);
    for (const { pattern, index } of layers) {
      const weights = Float32Array.from(index, (at) => at < 0 ? 0 : flat[at]);
      value = builder.factor(value, pattern, "real", weights);
    }
    // The last digit of j comes first there.
    const width = builder.width(value), last = Math.min(base, rows), high = width / last;
    const order = Uint32Array.from({ length: width }, (_, j) => (j % last) * high + Math.floor(j / last));
    if (last > 1 && high > 1) value = builder.permutation(value, order, 1);
    value = builder.window(value, rows, 0);
    return this.residual ? builder.add([value, from]) : value;
  }
}

/** A factor of a {@link Bft}. */
export interface Layer {
  /** Where its nonzeros are. */
  readonly pattern: Pattern;
  /** For each weight its index in the flat ones, or −1. */
  readonly index: Int32Array;
}

/** L = ⌈log_K n⌉ */
function levelsOf(n: number, base: number): number {
  let levels = 0;
  for (let size = 1; size < n; size *= base) levels++;
  return levels;
}

function flatLength(inputs: number, outputs: number, base: number): number {
  const what = "a butterfly transform";
  checkSize(what, "inputs", inputs, 2 ** 20);
  checkSize(what, "outputs", outputs, 2 ** 20);
  checkSize(what, "base", base, 2 ** 20);
  const n = Math.max(inputs, outputs);
  if (base < 2 || n < 2) {
    throw new RangeError(`Cannot make ${what}: base must be at least 2, and so must inputs or outputs`);
  }
  return base * n * levelsOf(n, base);
}

/** How many values the digits 0 … levels − 1 of numbers below `count` take. */
function digitSizes(count: number, base: number, levels: number): number[] {
  return Array.from({ length: levels }, (_, p) => Math.min(base, Math.ceil(count / base ** p)));
}

/**
 * The factors. What is between them is numbered (d, top digits of j, low digits of i); digits that no channel has are
 * left out, so that sizes that are no power of K cost no more than others.
 */
function layersOf(inputs: number, outputs: number, base: number): Layer[] {
  const n = Math.max(inputs, outputs), levels = levelsOf(n, base);
  const ofInput = digitSizes(inputs, base, levels), ofOutput = digitSizes(outputs, base, levels);
  const product = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1);
  return Array.from({ length: levels }, (_, l) => {
    const high = product(ofOutput.slice(levels - l + 1));
    const pattern = {
      a: l === 0 ? 1 : ofOutput[0] * high,
      b: ofOutput[l === 0 ? 0 : levels - l],
      c: ofInput[levels - 1 - l],
      d: product(ofInput.slice(0, levels - 1 - l)),
    };
    const { b, c, d } = pattern, index = new Int32Array(patternWeights(pattern)).fill(-1);
    for (let k = 0; k < index.length; k++) {
      const low = k % (c * d), beta = Math.floor(k / (c * d)) % b, block = Math.floor(k / (b * c * d));
      // Low digits of i as a number; the last digit of j; its top digits as a number.
      const i = Math.floor(low / d) * base ** (levels - 1 - l) + low % d;
      const digit = l === 0 ? beta : Math.floor(block / high);
      const top = l === 0 ? 0 : (block % high * b + beta) * base ** (levels - l);
      // The smallest channels that have these digits.
      if (i < inputs && top + digit < outputs) index[k] = (l * base + digit) * n + top + i;
    }
    return { pattern, index };
  });
}

/**
 * A layer of several square butterflies with residuals: `ButterflyTransform(in, out, butterfly_K)`. From few to many channels
 * each butterfly gets the whole input, and what they give is put one after another and cut to the outputs. From many to
 * few, butterfly r gets the inputs from r·outputs on, padded with zeros, and the results are added.
 *
 * @example
 * ```ts
 * import { BftLayer } from "@papillon/papillon";
 * const layer = BftLayer.random(8, 12, { base: 2, seed: 1 });
 * console.assert(layer.parts.length === 2 && layer.rows === 12);
 * ```
 */
export class BftLayer extends Operator {
  /** The butterflies, in order. */
  readonly parts: readonly Bft[];

  /**
   * A layer from the flat weights of its butterflies.
   *
   * @param weights ⌈outputs/inputs⌉ or ⌈inputs/outputs⌉ arrays for butterflies of min(inputs, outputs) channels
   * @throws {RangeError} when their number or a length does not fit, or a weight is not finite
   */
  constructor(
    weights: readonly Float32Array[],
    inputs: number,
    outputs: number,
    { base = 4 }: Pick<BftOptions, "base"> = {},
  ) {
    const count = partCount(inputs, outputs), size = Math.min(inputs, outputs);
    if (weights.length !== count) {
      throw new RangeError(
        `Cannot make a butterfly transform layer: expected weights of ${count} butterflies, got ${weights.length}`,
      );
    }
    super(outputs, inputs, "real");
    this.parts = weights.map((flat) => new Bft(flat, size, size, { base, residual: true }));
  }

  /** A layer of random weights, drawn as {@link Bft.random} does with the outputs as fan. */
  static random(
    inputs: number,
    outputs: number,
    { base = 4, seed }: Pick<BftOptions, "base"> & { readonly seed: number },
  ): BftLayer {
    const count = partCount(inputs, outputs), size = Math.min(inputs, outputs);
    const weights = Array.from(
      { length: count },
      (_, i) => Bft.random(size, size, { base, seed: seed + i, fan: size }).flat,
    );
    return new BftLayer(weights, inputs, outputs, { base });
  }

  /** The flat weights of each butterfly. */
  override get weights(): readonly Float32Array[] {
    return this.parts.map(({ flat }) => flat);
  }

  /** As of any operator; one gradient of flat weights for each butterfly. */
  override gradient(x: Float32Array, g: Float32Array): Gradient {
    const { input, weights } = super.gradient(x, g);
    const each = weights.length / this.parts.length;
    return {
      input,
      weights: this.parts.map((part, i) => part.fold(weights.slice(i * each, (i + 1) * each))),
    };
  }

  /** Its program. */
  protected build(): Program {
    const { parts, rows, cols } = this, builder = new ProgramBuilder(cols);
    if (cols <= rows) {
      const all = builder.concat(parts.map((part) => part.append(builder, 0)));
      return builder.build(builder.window(all, rows, 0));
    }
    const slices = parts.map((part, i) => part.append(builder, builder.window(0, rows, i * rows)));
    return builder.build(builder.add(slices));
  }
}

function partCount(inputs: number, outputs: number): number {
  checkSize("a butterfly transform layer", "inputs", inputs, 2 ** 20);
  checkSize("a butterfly transform layer", "outputs", outputs, 2 ** 20);
  return inputs <= outputs ? Math.ceil(outputs / inputs) : Math.ceil(inputs / outputs);
}
