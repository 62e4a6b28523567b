/**
 * Butterflies of radix 4: pairs of neighbouring factors multiplied together, as the papers' code does in its base-4
 * form. Twice the weights, half the passes over the data.
 *
 * @module
 */

import { type Program, ProgramBuilder } from "../program/program.ts";
import { type Field, floats } from "../program/step.ts";
import { Butterfly, type ButterflyOptions } from "./butterfly.ts";
import { checkField, checkSize, checkWeights, kindOf, LARGEST } from "./check.ts";
import { Operator } from "./operator.ts";
import { fromTwiddle, toTwiddle } from "./twiddle.ts";

/** One factor of a {@link Base4Butterfly}. */
export interface Base4Factor {
  /** 4 for two factors in one; 2 for the one left over in each block where log₂n is odd. */
  readonly radix: 2 | 4;
  /** Distance of neighbouring points of a block. */
  readonly stride: number;
  /** Weights [n/ks][k][k][s] for radix k and stride s, interleaved if complex. Not to be changed. */
  readonly weights: Float32Array<ArrayBuffer>;
}

/**
 * A butterfly in base 4: see {@link toBase4}.
 *
 * Padding, stacks, blocks and bias are those of the butterfly it was made from.
 */
export class Base4Butterfly extends Operator {
  /** Points of each butterfly. */
  readonly n: number;
  /** Butterflies on top of each other. */
  readonly stacks: number;
  /** Butterflies after each other, with alternating order of strides. */
  readonly blocks: number;
  /** For each stack, for each block, its factors in the order in which they are applied. */
  readonly factors: readonly Base4Factor[];
  /** Whether the first block applies its strides in increasing order. */
  readonly increasing: boolean;
  /** What is added to the result, or undefined. */
  readonly bias: Float32Array<ArrayBuffer> | undefined;

  /**
   * Use {@link toBase4} or {@link Base4Butterfly.fromTwiddles}.
   *
   * @throws {RangeError} when the factors do not fit or are not finite
   */
  constructor(cols: number, factors: readonly Base4Factor[], options: ButterflyOptions = {}) {
    const { rows = cols, field = "real", increasing = true, blocks = 1, bias } = options;
    const what = "a butterfly in base 4";
    checkSize(what, "cols", cols, LARGEST);
    checkSize(what, "rows", rows);
    checkSize(what, "blocks", blocks, 4096);
    checkField(what, field);
    super(rows, cols, field);
    const { n, stacks, shapes } = shapesOf(cols, options);
    if (factors.length !== shapes.length) {
      throw new RangeError(`Cannot make ${what}: expected ${shapes.length} factors, got ${factors.length}`);
    }
    factors.forEach(({ radix, stride, weights }, i) => {
      const shape = shapes[i];
      if (radix !== shape.radix || stride !== shape.stride) {
        throw new RangeError(
          `Cannot make ${what}: expected factor ${i} of radix ${shape.radix} and stride ${shape.stride}, got ${radix} and ${stride}`,
        );
      }
      checkWeights(what, `factor ${i}`, weights, radix * n * floats(field));
    });
    if (bias !== undefined) checkWeights(what, "bias", bias, rows * floats(field));
    this.n = n;
    this.stacks = stacks;
    this.blocks = blocks;
    this.increasing = increasing;
    this.factors = factors;
    this.bias = bias && new Float32Array(bias);
  }

  /**
   * A butterfly in base 4 from the weights of the papers' code, as {@link Base4Butterfly.toTwiddle4} and
   * {@link Base4Butterfly.toTwiddle2} give them.
   *
   * @throws {RangeError} when a length does not fit or a number is not finite
   */
  static fromTwiddles(
    cols: number,
    twiddle4: Float32Array,
    twiddle2: Float32Array,
    options: ButterflyOptions = {},
  ): Base4Butterfly {
    const { n, shapes } = shapesOf(cols, options), { field = "real" } = options, at = { 2: 0, 4: 0 };
    const from = { 2: twiddle2, 4: twiddle4 };
    for (const radix of [2, 4] as const) {
      const count = shapes.filter((shape) => shape.radix === radix).length;
      checkWeights(
        "a butterfly in base 4",
        `twiddle${radix}`,
        from[radix],
        count * radix * n * floats(field),
      );
    }
    const factors = shapes.map(({ radix, stride }) => {
      const weights = new Float32Array(radix * n * floats(field));
      fromTwiddle(
        from[radix].subarray(at[radix], at[radix] += weights.length),
        weights,
        stride,
        field,
        radix,
      );
      return { radix, stride, weights };
    });
    return new Base4Butterfly(cols, factors, options);
  }

  /** The steps of this operator. */
  protected build(): Program {
    const { n, field, stacks } = this, unit = floats(field);
    const builder = new ProgramBuilder(this.cols * unit);
    const padded = builder.window(0, n * unit, 0);
    const perStack = this.factors.length / stacks;
    const parts: number[] = [];
    for (let stack = 0; stack < stacks; stack++) {
      let value = padded;
      for (const { radix, stride, weights } of this.factors.slice(stack * perStack, (stack + 1) * perStack)) {
        const pattern = { a: n / (radix * stride), b: radix, c: radix, d: stride };
        value = builder.factor(value, pattern, field, weights);
      }
      parts.push(value);
    }
    let value = builder.window(builder.concat(parts), this.rows * unit, 0);
    if (this.bias) value = builder.bias(value, field, this.bias);
    return builder.build(value);
  }

  /** The weights of radix 4 as the papers' code keeps them: [stacks, blocks, ⌊log₂n/2⌋, n/4, 4, 4]. */
  toTwiddle4(): Float32Array<ArrayBuffer> {
    return this.#twiddle(4);
  }

  /** The weights of radix 2 as the papers' code keeps them: [stacks, blocks, log₂n mod 2, n/2, 2, 2]. */
  toTwiddle2(): Float32Array<ArrayBuffer> {
    return this.#twiddle(2);
  }

  #twiddle(radix: 2 | 4): Float32Array<ArrayBuffer> {
    const factors = this.factors.filter((factor) => factor.radix === radix);
    const size = radix * this.n * floats(this.field);
    const twiddle = new Float32Array(factors.length * size);
    factors.forEach(({ weights, stride }, i) => {
      toTwiddle(weights, twiddle.subarray(i * size, (i + 1) * size), stride, this.field, radix);
    });
    return twiddle;
  }
}

/**
 * The same map in base 4: in each block, factors 0 and 1, 2 and 3 … become one factor of radix 4 each; the last one
 * of an odd number stays as it is.
 *
 * @example
 * ```ts
 * import { Butterfly, toBase4 } from "@papillon/papillon";
 * const map = toBase4(Butterfly.random(16));
 * console.assert(map.factors.length === 2);
 * ```
 */
export function toBase4(butterfly: Butterfly): Base4Butterfly {
  if (!(butterfly instanceof Butterfly)) {
    throw new TypeError(`Cannot make a butterfly in base 4: expected a butterfly, got ${kindOf(butterfly)}`);
  }
  const { rows, cols, n, field, increasing, blocks, bias } = butterfly, levels = Math.log2(n);
  const factors: Base4Factor[] = [];
  for (let first = 0; first < butterfly.factors.length; first += levels) {
    for (let i = first; i < first + levels; i += 2) {
      const stride = butterfly.stride(i), one = butterfly.factors[i];
      if (i + 1 === first + levels) {
        factors.push({ radix: 2, stride, weights: one });
        continue;
      }
      const weights = merge(one, butterfly.factors[i + 1], n, stride, butterfly.stride(i + 1), field);
      factors.push({ radix: 4, stride: Math.min(stride, butterfly.stride(i + 1)), weights });
    }
  }
  return new Base4Butterfly(cols, factors, { rows, field, increasing, blocks, bias });
}

/** Points, stacks, and what radix and stride each factor has: pairs of strides, and one that may be left over. */
function shapesOf(
  cols: number,
  { rows = cols, increasing = true, blocks = 1 }: ButterflyOptions,
): { n: number; stacks: number; shapes: { radix: 2 | 4; stride: number }[] } {
  let n = 1;
  while (n < cols) n *= 2;
  const stacks = Math.ceil(rows / n), levels = Math.log2(n), shapes: { radix: 2 | 4; stride: number }[] = [];
  for (let i = 0; i < stacks * blocks; i++) {
    const up = increasing === (i % blocks % 2 === 0);
    for (let level = 0; level < levels; level += 2) {
      const radix = level + 1 === levels ? 2 : 4, last = level + radix / 2;
      shapes.push({ radix, stride: up ? 2 ** level : n / 2 ** last });
    }
  }
  return { n, stacks, shapes };
}

/** The product of two factors of strides s and 2s (or 2s and s), the first applied first: weights [n/4s][4][4][s]. */
function merge(
  first: Float32Array,
  second: Float32Array,
  n: number,
  firstStride: number,
  secondStride: number,
  field: Field,
): Float32Array<ArrayBuffer> {
  const unit = floats(field), s = Math.min(firstStride, secondStride);
  const merged = new Float32Array(4 * n * unit);
  // Index, in numbers, of the weight that takes point `from` to point `to` in a factor of radix 2.
  const weight = (stride: number, to: number, from: number): number => {
    const bit = (point: number): number => Math.floor(point / stride) % 2;
    return ((Math.floor(to / (2 * stride)) * 2 + bit(to)) * 2 + bit(from)) * stride + to % stride;
  };
  for (let block = 0; block < n / (4 * s); block++) {
    for (let beta = 0; beta < 4; beta++) {
      for (let gamma = 0; gamma < 4; gamma++) {
        // Between the two factors the point has the bit of the first factor from `to`, the other one from `from`.
        const own = firstStride === s ? 1 : 2;
        const middle = (beta & own) | (gamma & ~own);
        for (let delta = 0; delta < s; delta++) {
          const at = (point: number): number => (block * 4 + point) * s + delta;
          const u = weight(secondStride, at(beta), at(middle)) * unit;
          const v = weight(firstStride, at(middle), at(gamma)) * unit;
          const k = (((block * 4 + beta) * 4 + gamma) * s + delta) * unit;
          if (unit === 1) merged[k] = second[u] * first[v];
          else {
            merged[k] = second[u] * first[v] - second[u + 1] * first[v + 1];
            merged[k + 1] = second[u] * first[v + 1] + second[u + 1] * first[v];
          }
        }
      }
    }
  }
  return merged;
}
