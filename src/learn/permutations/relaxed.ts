/**
 * Permutations as products of relaxed choices (Dao et al. 2019, section 4 and appendix).
 *
 * @module
 */
import { isPowerOfTwo, log2 } from "../target.ts";

/** The shape of a {@link RelaxedPermutation}. */
export interface RelaxedPermutationOptions {
  /** One set of three choices for all levels, instead of one for each; false. */
  readonly tied?: boolean;
  /** Blocks of 4, 8 … n points in this order, instead of n … 4; false. */
  readonly increasing?: boolean;
}

/** What reverse mode gives for a relaxed permutation. */
export interface RelaxedGradient {
  /** The cotangent of the input. */
  readonly input: Float64Array;
  /** The gradient of the logits. */
  readonly logits: Float64Array;
}

/**
 * A product of log₂n − 1 relaxed permutations. The one for blocks of 2s points makes three choices, each with a
 * probability p = 1/(1 + e^−logit): p·A + (1 − p)·I where A
 *  a. puts the even points of each block before the odd ones,
 *  b. reverses the first half of each block,
 *  c. reverses the second half.
 *
 * With all p in {0, 1} it is a permutation; a alone at every level is the bit reversal. In float64, as all of
 * learning. The object holds no weights: `logits` are 3·levels numbers, (a, b, c) for blocks of 4 points, of 8 and so on
 * (whatever the order of application), or only three when tied.
 *
 * @example
 * ```ts
 * import { RelaxedPermutation } from "@papillon/papillon";
 * const relaxed = new RelaxedPermutation(8);
 * const certain = relaxed.logits.map((_, i) => i % 3 === 0 ? 50 : -50);
 * console.assert(relaxed.rounded(certain).join() === "0,4,2,6,1,5,3,7"); // the bit reversal
 * ```
 */
export class RelaxedPermutation {
  /** Points, a power of two. */
  readonly n: number;
  /** Whether all levels share three logits. */
  readonly tied: boolean;
  /** Logits of zero: every choice at one half. A new array each time. */
  get logits(): Float64Array {
    return new Float64Array(this.#count);
  }
  /** How many steps it takes: one for each size of blocks from 4 points on. */
  get depth(): number {
    return this.#strides.length;
  }
  /** Half the size of the blocks of each step, in the order of application. */
  readonly #strides: readonly number[];
  readonly #count: number;

  /**
   * A relaxed permutation of n points.
   *
   * @param n points
   * @throws {RangeError} when n is no power of two from 2 on
   */
  constructor(n: number, options: RelaxedPermutationOptions = {}) {
    if (!isPowerOfTwo(n) || n < 2) {
      throw new RangeError(`Cannot make a relaxed permutation: n is ${n}, expected a power of two from 2 on`);
    }
    const { tied = false, increasing = false } = options;
    this.n = n;
    this.tied = tied;
    const strides = Array.from({ length: log2(n) - 1 }, (_, level) => 2 << level);
    this.#strides = increasing ? strides : strides.reverse();
    this.#count = tied ? 3 : 3 * strides.length;
  }

  /**
   * Applies it to vectors of n points, each of `unit` numbers (2 where they are complex).
   *
   * @returns a new array
   * @throws {RangeError} when a length does not fit
   */
  apply(logits: Float64Array, x: Float64Array, unit = 1): Float64Array {
    const values = this.steps(logits, x, unit);
    return values[values.length - 1].slice();
  }

  /**
   * Reverse mode: from the cotangent `g` of the output for the input `x` to the gradients of both.
   *
   * @throws {RangeError} when a length does not fit
   */
  gradient(logits: Float64Array, x: Float64Array, g: Float64Array, unit = 1): RelaxedGradient {
    if (g.length !== x.length) {
      throw new RangeError(
        `Cannot differentiate a relaxed permutation: expected a cotangent of ${x.length} numbers, got ${g.length}`,
      );
    }
    return this.back(logits, this.steps(logits, x, unit), g, unit);
  }

  /**
   * As {@link RelaxedPermutation.gradient}, where the values on the way are there already.
   *
   * @param values what {@link RelaxedPermutation.steps} gave
   * @param scratch two arrays of the length of `g`, of which one becomes the cotangent of the input; new ones otherwise
   */
  back(
    logits: Float64Array,
    values: readonly Float64Array[],
    g: Float64Array,
    unit = 1,
    scratch?: readonly [Float64Array, Float64Array],
  ): RelaxedGradient {
    const slope = new Float64Array(this.#count);
    let cotangent: Float64Array = g;
    for (let step = this.#strides.length - 1; step >= 0; step--) {
      const at = this.#offset(step), to = scratch?.[step % 2] ?? new Float64Array(g.length);
      backward(values[step], cotangent, to, this.#strides[step] * 2, unit, logits, slope, at);
      cotangent = to;
    }
    return { input: cotangent === g ? g.slice() : cotangent, logits: slope };
  }

  /**
   * The adjoint for given logits: its transpose applied to vectors of n points.
   *
   * @throws {RangeError} when a length does not fit
   */
  adjoint(logits: Float64Array, g: Float64Array, unit = 1): Float64Array {
    return this.gradient(logits, new Float64Array(g.length), g, unit).input;
  }

  /** The permutation of the likelier choices, those of exactly one half not taken: y[i] = x[index[i]]. */
  rounded(logits: Float64Array): Uint32Array {
    const certain = logits.map((logit) => logit > 0 ? Infinity : -Infinity);
    const index = this.apply(certain, Float64Array.from({ length: this.n }, (_, i) => i));
    return Uint32Array.from(index);
  }

  /** The entropy of all choices in bits: 0 when all are certain. */
  entropy(logits: Float64Array): number {
    let sum = 0;
    for (const logit of logits) sum += binaryEntropy(sigmoid(logit));
    return sum;
  }

  #offset(step: number): number {
    // Logits are listed by size of the block.
    return this.tied ? 0 : 3 * (log2(this.#strides[step]) - 1);
  }

  /**
   * All values on the way, the input first, the output last.
   *
   * @param into arrays for the values after the steps, as many as {@link RelaxedPermutation.depth}; new ones otherwise
   * @throws {RangeError} when a length does not fit
   */
  steps(
    logits: Float64Array,
    x: Float64Array,
    unit: number,
    into?: readonly Float64Array[],
  ): Float64Array[] {
    if (logits.length !== this.#count) {
      throw new RangeError(
        `Cannot apply a relaxed permutation of ${this.n} points: expected ${this.#count} logits, got ${logits.length}`,
      );
    }
    if (x.length === 0 || x.length % (this.n * unit) !== 0) {
      throw new RangeError(
        `Cannot apply a relaxed permutation: input length ${x.length} is not a multiple of ${this.n * unit}`,
      );
    }
    const values = [x];
    this.#strides.forEach((stride, step) => {
      const to = into?.[step] ?? new Float64Array(x.length);
      forward(values[step], to, 2 * stride, unit, logits, this.#offset(step));
      values.push(to);
    });
    return values;
  }
}

/** 1/(1 + e^−x), exact at ±∞. */
export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** −p·log₂p − (1 − p)·log₂(1 − p). */
export function binaryEntropy(p: number): number {
  return p <= 0 || p >= 1 ? 0 : -(p * Math.log2(p) + (1 - p) * Math.log2(1 - p));
}

/** Where point i of a block comes from once its even points are put first. */
function separated(i: number, size: number): number {
  return i < size / 2 ? 2 * i : 2 * i - size + 1;
}

/** The point of the same half that a reversal puts at i. */
function mirrored(i: number, size: number): number {
  const half = size / 2;
  return i < half ? half - 1 - i : size + half - 1 - i;
}

/** The four points of a block of which point i of the result is a mixture, and the logits' probabilities. */
interface Mixture {
  /** Points, from the beginning of the block: itself, and what comes there by a, by b or c, by both. */
  readonly from: readonly [number, number, number, number];
  /** Their shares; they add up to 1. */
  readonly share: readonly [number, number, number, number];
}

/** z = (1 − a)·x + a·(even points first); then each half h = (1 − p)·h + p·reversed, p = b or c. */
function mixture(i: number, size: number, a: number, p: number): Mixture {
  const other = mirrored(i, size);
  return {
    from: [i, separated(i, size), other, separated(other, size)],
    share: [(1 - p) * (1 - a), (1 - p) * a, p * (1 - a), p * a],
  };
}

/** The points that point j goes to, with its shares there. */
function transposed(j: number, size: number, a: number, b: number, c: number): Mixture {
  const half = size / 2, to = j % 2 === 0 ? j / 2 : half + (j - 1) / 2;
  const p = j < half ? b : c, q = to < half ? b : c;
  return {
    from: [j, to, mirrored(j, size), mirrored(to, size)],
    share: [(1 - p) * (1 - a), (1 - q) * a, p * (1 - a), q * a],
  };
}

function forward(
  x: Float64Array,
  y: Float64Array,
  size: number,
  unit: number,
  logits: Float64Array,
  at: number,
): void {
  const a = sigmoid(logits[at]), b = sigmoid(logits[at + 1]), c = sigmoid(logits[at + 2]);
  for (let i = 0; i < size; i++) blend(mixture(i, size, a, i < size / 2 ? b : c), x, y, i, size, unit);
}

/** Row i of all blocks of y. */
function blend(
  { from, share }: Mixture,
  x: Float64Array,
  y: Float64Array,
  i: number,
  size: number,
  unit: number,
): void {
  const [s0, s1, s2, s3] = share;
  for (let block = 0; block < x.length; block += size * unit) {
    const [p0, p1, p2, p3] = from.map((point) => block + point * unit), to = block + i * unit;
    for (let k = 0; k < unit; k++) {
      y[to + k] = s0 * x[p0 + k] + s1 * x[p1 + k] + s2 * x[p2 + k] + s3 * x[p3 + k];
    }
  }
}

/** Adds to the slopes of the three logits at `at`, and writes the cotangent of x into `gx`. */
function backward(
  x: Float64Array,
  g: Float64Array,
  gx: Float64Array,
  size: number,
  unit: number,
  logits: Float64Array,
  slope: Float64Array,
  at: number,
): void {
  const a = sigmoid(logits[at]), b = sigmoid(logits[at + 1]), c = sigmoid(logits[at + 2]);
  let da = 0, db = 0, dc = 0;
  for (let i = 0; i < size; i++) {
    blend(transposed(i, size, a, b, c), g, gx, i, size, unit);
    const first = i < size / 2, p = first ? b : c, { from } = mixture(i, size, a, p);
    let d0 = 0, d1 = 0, d2 = 0, d3 = 0;
    for (let block = 0; block < x.length; block += size * unit) {
      const [p0, p1, p2, p3] = from.map((point) => block + point * unit), own = block + i * unit;
      for (let k = 0; k < unit; k++) {
        const up = g[own + k];
        d0 += up * x[p0 + k];
        d1 += up * x[p1 + k];
        d2 += up * x[p2 + k];
        d3 += up * x[p3 + k];
      }
    }
    da += (1 - p) * (d1 - d0) + p * (d3 - d2);
    const change = (1 - a) * (d2 - d0) + a * (d3 - d1);
    if (first) db += change;
    else dc += change;
  }
  slope[at] += da * a * (1 - a);
  slope[at + 1] += db * b * (1 - b);
  slope[at + 2] += dc * c * (1 - c);
}
