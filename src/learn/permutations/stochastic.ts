/**
 * Butterflies of doubly stochastic blocks: distributions over permutations (Dao et al. 2020, sections 3.2 and B.3).
 *
 * @module
 */
import type { Random } from "../../program/random.ts";
import { isPowerOfTwo, log2 } from "../target.ts";
import { binaryEntropy, sigmoid } from "./relaxed.ts";

/** What reverse mode gives for a butterfly of doubly stochastic blocks. */
export interface StochasticGradient {
  /** The cotangent of the input. */
  readonly input: Float64Array;
  /** The gradient of the probabilities. */
  readonly probabilities: Float64Array;
}

/**
 * A chain of butterflies whose 2×2 blocks are [[p, 1 − p], [1 − p, p]]: each exchanges two points with probability
 * 1 − p, independently. As a matrix it is the mean of a distribution over permutations; with all p in {0, 1} it is one.
 *
 * It holds no weights: `probabilities` (and logits, p = 1/(1 + e^−logit)) are butterflies · log₂n · n/2 numbers,
 * [butterfly][log₂ of the stride][pair], in which pair number j·s + δ of stride s is that of the points 2js + δ and
 * 2js + δ + s.
 *
 * @example
 * ```ts
 * import { StochasticButterfly } from "@papillon/papillon";
 * const mix = new StochasticButterfly(4, ["decreasing", "increasing"]); // B*, then B: every permutation of 4 points
 * const even = mix.probabilities.fill(0.5);
 * console.assert(mix.apply(even, new Float64Array([4, 0, 0, 0])).join() === "1,1,1,1");
 * ```
 */
export class StochasticButterfly {
  /** Points, a power of two. */
  readonly n: number;
  /** The order of the strides of each butterfly, in the order of application. */
  readonly orders: readonly ("increasing" | "decreasing")[];
  readonly #levels: number;

  /**
   * Butterflies on n points.
   *
   * @throws {RangeError} when n is no power of two from 2 on, or there is no butterfly
   */
  constructor(n: number, orders: readonly ("increasing" | "decreasing")[] = ["decreasing", "increasing"]) {
    if (!isPowerOfTwo(n) || n < 2) {
      throw new RangeError(
        `Cannot make a stochastic butterfly: n is ${n}, expected a power of two from 2 on`,
      );
    }
    if (orders.length === 0) {
      throw new RangeError("Cannot make a stochastic butterfly: expected at least one butterfly, got none");
    }
    this.n = n;
    this.orders = [...orders];
    this.#levels = log2(n);
  }

  /** Probabilities that are all zero, as many as there are blocks. A new array each time. */
  get probabilities(): Float64Array {
    return new Float64Array(this.orders.length * this.#levels * this.n / 2);
  }

  /** Applies the mean to vectors of n points of `unit` numbers each; a new array. */
  apply(probabilities: Float64Array, x: Float64Array, unit = 1): Float64Array {
    this.#check(probabilities, x, unit);
    const y = x.slice();
    for (const { at, stride } of this.#factors()) mix(probabilities, at, y, y, this.n, stride, unit);
    return y;
  }

  /** Reverse mode: from the cotangent `g` of the output for the input `x` to the gradients of both. */
  gradient(probabilities: Float64Array, x: Float64Array, g: Float64Array, unit = 1): StochasticGradient {
    this.#check(probabilities, x, unit);
    if (g.length !== x.length) {
      throw new RangeError(
        `Cannot differentiate a stochastic butterfly: expected a cotangent of ${x.length} numbers, got ${g.length}`,
      );
    }
    const factors = [...this.#factors()], values = [x];
    factors.forEach(({ at, stride }, i) => {
      const next = new Float64Array(x.length);
      mix(probabilities, at, values[i], next, this.n, stride, unit);
      values.push(next);
    });
    const slope = new Float64Array(probabilities.length), cotangent = g.slice();
    for (let i = factors.length - 1; i >= 0; i--) {
      const { at, stride } = factors[i];
      slopes(values[i], cotangent, slope, at, this.n, stride, unit);
      mix(probabilities, at, cotangent, cotangent, this.n, stride, unit); // the blocks are symmetric
    }
    return { input: cotangent, probabilities: slope };
  }

  /** The mean as a dense matrix, row-major, of what {@link StochasticButterfly.apply} does. */
  mean(probabilities: Float64Array): Float64Array {
    const { n } = this, dense = new Float64Array(n * n);
    // One vector of n points with n parts each: the rows of the identity.
    for (let i = 0; i < n; i++) dense[i * n + i] = 1;
    return this.apply(probabilities, dense, n);
  }

  /** The permutation that takes the likelier choice of every block (exchanges at one half): y[i] = x[index[i]]. */
  rounded(probabilities: Float64Array): Uint32Array {
    const certain = probabilities.map((p) => p > 0.5 ? 1 : 0);
    return Uint32Array.from(this.apply(certain, Float64Array.from({ length: this.n }, (_, i) => i)));
  }

  /** The entropy of all blocks in bits. */
  entropy(probabilities: Float64Array): number {
    let sum = 0;
    for (const p of probabilities) sum += binaryEntropy(p);
    return sum;
  }

  *#factors(): Generator<{ at: number; stride: number }> {
    for (const [butterfly, order] of this.orders.entries()) {
      for (let i = 0; i < this.#levels; i++) {
        const level = order === "increasing" ? i : this.#levels - 1 - i;
        yield { at: (butterfly * this.#levels + level) * this.n / 2, stride: 1 << level };
      }
    }
  }

  #check(probabilities: Float64Array, x: Float64Array, unit: number): void {
    const expected = this.orders.length * this.#levels * this.n / 2;
    if (probabilities.length !== expected) {
      throw new RangeError(
        `Cannot apply a stochastic butterfly: expected ${expected} probabilities, got ${probabilities.length}`,
      );
    }
    if (x.length === 0 || x.length % (this.n * unit) !== 0) {
      throw new RangeError(
        `Cannot apply a stochastic butterfly: input length ${x.length} is not a multiple of ${this.n * unit}`,
      );
    }
  }
}

/**
 * Samples choices that can be differentiated: p = σ((logit + noise)/temperature) with logistic noise, the binary Concrete
 * distribution (Maddison, Mnih and Teh 2017), whose gradient is p·(1 − p)/temperature. A temperature of 0 gives 0 or 1
 * exactly: a draw of the permutation itself.
 */
export function sampleChoices(logits: Float64Array, temperature: number, random: Random): Float64Array {
  return logits.map((logit) => {
    const u = Math.max(random.uniform(), Number.MIN_VALUE), noisy = logit + Math.log(u / (1 - u));
    return temperature > 0 ? sigmoid(noisy / temperature) : noisy > 0 ? 1 : 0;
  });
}

/** Applies one factor of blocks [[p, 1 − p], [1 − p, p]]; `to` may be `from`. */
function mix(
  probabilities: Float64Array,
  at: number,
  from: Float64Array,
  to: Float64Array,
  n: number,
  stride: number,
  unit: number,
): void {
  pairs(from.length, n, stride, unit, (pair, upper, lower) => {
    const p = probabilities[at + pair];
    for (let part = 0; part < unit; part++) {
      const x = from[upper + part], y = from[lower + part];
      to[upper + part] = p * x + (1 - p) * y;
      to[lower + part] = (1 - p) * x + p * y;
    }
  });
}

/** Adds ∂L/∂p = ⟨g, ∂y/∂p⟩ for each block. */
function slopes(
  x: Float64Array,
  g: Float64Array,
  slope: Float64Array,
  at: number,
  n: number,
  stride: number,
  unit: number,
): void {
  pairs(x.length, n, stride, unit, (pair, upper, lower) => {
    let sum = 0;
    for (let part = 0; part < unit; part++) {
      sum += (g[upper + part] - g[lower + part]) * (x[upper + part] - x[lower + part]);
    }
    slope[at + pair] += sum;
  });
}

function pairs(
  length: number,
  n: number,
  stride: number,
  unit: number,
  visit: (pair: number, upper: number, lower: number) => void,
): void {
  for (let row = 0; row < length; row += n * unit) {
    for (let pair = 0; pair < n / 2; pair++) {
      const upper = row + (2 * pair - pair % stride) * unit;
      visit(pair, upper, upper + stride * unit);
    }
  }
}
