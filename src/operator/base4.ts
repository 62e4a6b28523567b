/**
 * Butterflies of radix 4: pairs of neighbouring factors multiplied together, as the papers' code does in its base-4
 * form. Twice the weights, half the passes over the data.
 *
 * @module
 */

import { type Program, ProgramBuilder } from "../program/program.ts";
import { type Field, floats } from "../program/step.ts";
import type { Butterfly } from "./butterfly.ts";
import { Operator } from "./operator.ts";
import { toTwiddle } from "./twiddle.ts";

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
  readonly #bias: Float32Array | undefined;

  /** Use {@link toBase4}. */
  constructor(butterfly: Butterfly) {
    super(butterfly.rows, butterfly.cols, butterfly.field);
    const { n, stacks, blocks, field } = butterfly;
    this.n = n;
    this.stacks = stacks;
    this.blocks = blocks;
    this.#bias = butterfly.bias;
    const levels = Math.log2(n), factors: Base4Factor[] = [];
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
    this.factors = factors;
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
    if (this.#bias) value = builder.bias(value, field, this.#bias);
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
  return new Base4Butterfly(butterfly);
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
