/**
 * Butterfly matrices: products of log₂n sparse factors with two entries in each row (Dao et al. 2019; Dao et al.
 * 2020, section 2), square or rectangular, stacked, alternating, with a bias.
 *
 * @module
 */

import { type Program, ProgramBuilder, transposeFactor } from "../program/program.ts";
import { Random } from "../program/random.ts";
import { type Field, floats } from "../program/step.ts";
import { checkField, checkList, checkPowerOfTwo, checkSize, checkWeights, LARGEST } from "./check.ts";
import { Operator } from "./operator.ts";
import { fillBlocks } from "./blocks.ts";
import { fromTwiddle, toTwiddle } from "./twiddle.ts";

/** The shape of a {@link Butterfly}. */
export interface ButterflyOptions {
  /** Rows; as many as columns when absent. */
  rows?: number;
  /** "real" when absent. */
  field?: Field;
  /** Whether the first block applies strides 1, 2, 4 … (the default) or … 4, 2, 1. */
  increasing?: boolean;
  /** How many butterflies follow each other, their stride orders alternating: 2 make BB* or B*B. 1 when absent. */
  blocks?: number;
  /** A vector of `rows` numbers that is added to the result. */
  bias?: Float32Array;
}

/** How {@link Butterfly.random} draws its weights. */
export interface RandomButterflyOptions extends Omit<ButterflyOptions, "bias"> {
  /** The same seed gives the same weights. 0 when absent. */
  seed?: number;
  /**
   * "normal": independent, N(0, 1/2), complex with E|z|² = 1/2. "orthogonal": rotations and reflections by a uniform
   * angle, or Haar-distributed U(2) blocks. Both keep the size of vectors on average.
   */
  init?: "normal" | "orthogonal";
  /** Whether to add a bias, uniform in ±1/√cols. */
  bias?: boolean;
}

/**
 * A butterfly matrix, or several of them one after another (blocks) and on top of each other (stacks).
 *
 * With n the smallest power of two not below `cols`, a vector is padded with zeros to n, each of ⌈rows/n⌉ stacks is
 * applied to it, the results are concatenated and cut to `rows` numbers, and the bias is added, as the `Butterfly`
 * module of the papers' code does.
 *
 * @example
 * ```ts
 * import { Butterfly } from "@papillon/papillon";
 * const map = Butterfly.random(1024, { field: "complex", seed: 7 });
 * console.assert(map.parameters === 2 * 1024 * 10);
 * const y = map.apply(new Float32Array(2 * 1024).fill(1));
 * const back = map.adjoint().apply(y);
 * console.assert(back.length === 2048);
 * ```
 */
export class Butterfly extends Operator {
  /** Points of each butterfly: cols, rounded up to a power of two. */
  readonly n: number;
  /** Butterflies on top of each other: ⌈rows/n⌉. */
  readonly stacks: number;
  /** Butterflies after each other, with alternating order of strides. */
  readonly blocks: number;
  /** Whether the first block applies its strides in increasing order. */
  readonly increasing: boolean;
  /**
   * The factors: for each stack, for each block, in the order in which they are applied, one array of 2n numbers laid
   * out [n/2s][2][2][s] for stride s. Not to be changed.
   */
  readonly factors: readonly Float32Array<ArrayBuffer>[];
  /** What is added to the result, or undefined. */
  readonly bias: Float32Array<ArrayBuffer> | undefined;

  /**
   * A butterfly from its factors; see also {@link Butterfly.random}, {@link Butterfly.fromFactors} and
   * {@link Butterfly.fromTwiddle}.
   *
   * @param cols size of the input
   * @param factors stacks · blocks · log₂n arrays as {@link Butterfly.factors} describes them; not copied
   * @throws {RangeError} when the factors do not fit or are not finite
   */
  constructor(cols: number, factors: readonly Float32Array<ArrayBuffer>[], options: ButterflyOptions = {}) {
    const { rows = cols, field = "real", increasing = true, blocks = 1, bias } = options;
    checkSize("a butterfly", "cols", cols, LARGEST);
    checkSize("a butterfly", "rows", rows);
    checkSize("a butterfly", "blocks", blocks, 4096);
    checkField("a butterfly", field);
    checkList("a butterfly", "factors", factors);
    super(rows, cols, field);
    this.n = powerOfTwoAbove(cols);
    this.stacks = Math.ceil(rows / this.n);
    this.blocks = blocks;
    this.increasing = increasing;
    const expected = this.stacks * blocks * Math.log2(this.n);
    if (factors.length !== expected) {
      throw new RangeError(`Cannot make a butterfly: expected ${expected} factors, got ${factors.length}`);
    }
    factors.forEach((w, i) => checkWeights("a butterfly", `factor ${i}`, w, 2 * this.n * floats(field)));
    this.factors = factors;
    if (bias !== undefined) checkWeights("a butterfly", "bias", bias, rows * floats(field));
    this.bias = bias === undefined ? undefined : new Float32Array(bias);
  }

  /** A butterfly with seeded random weights; `cols` may be any size from 1 to 2²⁰. */
  static random(cols: number, options: RandomButterflyOptions = {}): Butterfly {
    const { seed = 0, init = "normal", bias = false, field = "real", rows = cols } = options;
    checkField("a butterfly", field);
    const random = new Random(seed);
    const { factors } = emptyFactors(cols, options);
    for (const factor of factors) fillBlocks(factor.weights, factor.stride, field, init, random);
    const bound = 1 / Math.sqrt(cols);
    const shift = bias
      ? Float32Array.from({ length: rows * floats(field) }, () => bound * (2 * random.uniform() - 1))
      : undefined;
    return new Butterfly(cols, factors.map((factor) => factor.weights), { ...options, bias: shift });
  }

  /** The butterfly whose factors are all identities. */
  static identity(cols: number, options: ButterflyOptions = {}): Butterfly {
    const { field = "real" } = options;
    checkField("a butterfly", field);
    const { factors } = emptyFactors(cols, options);
    for (const factor of factors) fillBlocks(factor.weights, factor.stride, field, "identity");
    return new Butterfly(cols, factors.map((factor) => factor.weights), options);
  }

  /**
   * A square butterfly from its factors, one array of 2n numbers for each in the order of application, laid out
   * [n/2s][2][2][s]; copied.
   *
   * @throws {RangeError} when n is no power of two or the factors do not fit
   */
  static fromFactors(n: number, factors: readonly Float32Array[], options: ButterflyOptions = {}): Butterfly {
    checkPowerOfTwo("a butterfly", "n", n);
    checkList("a butterfly", "factors", factors);
    return new Butterfly(n, factors.map((w) => new Float32Array(w)), options);
  }

  /**
   * A butterfly from the weights of the papers' code: `twiddle` [stacks, blocks, log₂n, n/2, 2, 2], row-major,
   * interleaved if complex; its third index counts factors in the order of application.
   *
   * @throws {RangeError} when the length does not fit
   */
  static fromTwiddle(cols: number, twiddle: Float32Array, options: ButterflyOptions = {}): Butterfly {
    const { field = "real" } = options;
    checkField("a butterfly", field);
    const { factors, n } = emptyFactors(cols, options);
    checkWeights("a butterfly", "twiddle", twiddle, factors.length * 2 * n * floats(field));
    const size = 2 * n * floats(field);
    factors.forEach(({ weights, stride }, i) => {
      fromTwiddle(twiddle.subarray(i * size, (i + 1) * size), weights, stride, field);
    });
    return new Butterfly(cols, factors.map((factor) => factor.weights), options);
  }

  /** The weights as the papers' code keeps them: [stacks, blocks, log₂n, n/2, 2, 2]. */
  toTwiddle(): Float32Array<ArrayBuffer> {
    const size = 2 * this.n * floats(this.field);
    const twiddle = new Float32Array(this.factors.length * size);
    this.factors.forEach((weights, i) => {
      toTwiddle(weights, twiddle.subarray(i * size, (i + 1) * size), this.stride(i), this.field);
    });
    return twiddle;
  }

  /** The stride of factor number `i` of {@link Butterfly.factors}. */
  stride(i: number): number {
    return strideOf(this.n, this.blocks, this.increasing, i);
  }

  /**
   * The butterfly on fewer points that the papers' code calls `subtwiddle`: with N the smallest power of two not
   * below `length`, of each block the first log₂N factors (the last ones if `increasing` is false), of each factor
   * the first N/2 blocks, and of the bias the first stacks·N entries. The result has stacks·N rows.
   *
   * The choice follows the order of the first block, as theirs does, so that in an alternating second block the
   * factors that are kept had larger strides before.
   *
   * @param length size of the input, at most n
   * @throws {RangeError} when `length` is no whole number from 1 to n
   */
  truncated(length: number): Butterfly {
    checkSize("a truncated butterfly", "length", length, this.n);
    const { n, stacks, blocks, increasing, field } = this;
    const size = powerOfTwoAbove(length), levels = Math.log2(n), kept = Math.log2(size), unit = floats(field);
    const rows = stacks * size, options: ButterflyOptions = { rows, field, increasing, blocks };
    const { factors } = emptyFactors(length, options);
    const whole = new Float32Array(2 * n * unit);
    factors.forEach(({ weights, stride }, i) => {
      const block = Math.floor(i / kept), level = i % kept + (increasing ? 0 : levels - kept);
      const from = block * levels + level;
      toTwiddle(this.factors[from], whole, this.stride(from), field);
      fromTwiddle(whole.subarray(0, weights.length), weights, stride, field);
    });
    const bias = this.bias && new Float32Array(rows * unit);
    bias?.set(this.bias!.subarray(0, bias.length));
    return new Butterfly(length, factors.map((factor) => factor.weights), { ...options, bias });
  }

  /**
   * This butterfly times `scale`, shared evenly between its factors: each is multiplied by
   * scale^(1/(blocks·log₂n)). A bias stays as it is.
   *
   * @throws {RangeError} when `scale` is negative or not finite, or there is no factor to scale (n = 1)
   */
  scaled(scale: number): Butterfly {
    if (!(scale >= 0 && scale < Infinity)) {
      throw new RangeError(
        `Cannot scale a butterfly: scale must be a finite number not below 0, got ${scale}`,
      );
    }
    const count = this.blocks * Math.log2(this.n);
    if (count === 0 && scale !== 1) {
      throw new RangeError("Cannot scale a butterfly on one point: it has no factors");
    }
    const each = Math.pow(scale, 1 / count);
    return this.#with(this.factors.map((weights) => weights.map((w) => w * each)), { bias: this.bias });
  }

  /** A butterfly of other factors. */
  #with(
    factors: readonly Float32Array<ArrayBuffer>[],
    changes: ButterflyOptions & { cols?: number },
  ): Butterfly {
    const { rows, cols, field, increasing, blocks } = this;
    return new Butterfly(changes.cols ?? cols, factors, { rows, field, increasing, blocks, ...changes });
  }

  /**
   * The conjugate transpose. That of a single stack is a butterfly too: the blocks of its factors transposed, the
   * factors in the opposite order. A bias is left out.
   */
  override adjoint(): Operator {
    return this.#transposed(true) ?? super.adjoint();
  }

  /** The transpose, without conjugation; a butterfly too if this has a single stack. A bias is left out. */
  override transpose(): Operator {
    return this.#transposed(false) ?? super.transpose();
  }

  #transposed(conjugate: boolean): Butterfly | undefined {
    const { n, rows, cols, blocks, increasing, field } = this;
    if (this.stacks !== 1 || powerOfTwoAbove(rows) !== n) return undefined;
    const factors = this.factors.map((weights, i) => {
      const d = this.stride(i);
      const transposed = transposeFactor({ a: n / (2 * d), b: 2, c: 2, d }, field, weights, conjugate);
      return transposed as Float32Array<ArrayBuffer>;
    });
    const last = increasing === (blocks % 2 === 1);
    return this.#with(factors.reverse(), { rows: cols, cols: rows, increasing: !last });
  }

  /** The steps of this operator. */
  protected build(): Program {
    const { n, field } = this, unit = floats(field);
    const builder = new ProgramBuilder(this.cols * unit);
    const padded = builder.window(0, n * unit, 0);
    const perStack = this.blocks * Math.log2(n);
    const parts: number[] = [];
    for (let stack = 0; stack < this.stacks; stack++) {
      let value = padded;
      for (let i = stack * perStack; i < (stack + 1) * perStack; i++) {
        const d = this.stride(i);
        value = builder.factor(value, { a: n / (2 * d), b: 2, c: 2, d }, field, this.factors[i]);
      }
      parts.push(value);
    }
    let value = builder.window(builder.concat(parts), this.rows * unit, 0);
    if (this.bias) value = builder.bias(value, field, this.bias);
    return builder.build(value);
  }

  /** A short name for messages: "a 1024×1024 complex butterfly". */
  override describe(): string {
    return `a ${this.rows}×${this.cols} ${this.field === "complex" ? "complex " : ""}butterfly`;
  }
}

/** The smallest power of two not below `size`. */
function powerOfTwoAbove(size: number): number {
  let n = 1;
  while (n < size) n *= 2;
  return n;
}

/** The stride of factor number `i`: strides go up or down in a block, and the order alternates. */
function strideOf(n: number, blocks: number, increasing: boolean, i: number): number {
  const levels = Math.log2(n);
  const block = Math.floor(i / levels) % blocks, level = i % levels;
  return 2 ** (increasing === (block % 2 === 0) ? level : levels - 1 - level);
}

/** Arrays of zeros for the factors of a butterfly, with their strides. */
function emptyFactors(
  cols: number,
  { rows = cols, field = "real", increasing = true, blocks = 1 }: Omit<ButterflyOptions, "bias">,
): { n: number; factors: { weights: Float32Array<ArrayBuffer>; stride: number }[] } {
  checkSize("a butterfly", "cols", cols, LARGEST);
  checkSize("a butterfly", "rows", rows);
  checkSize("a butterfly", "blocks", blocks, 4096);
  const n = powerOfTwoAbove(cols);
  const count = Math.ceil(rows / n) * blocks * Math.log2(n);
  const factors = Array.from({ length: count }, (_, i) => ({
    weights: new Float32Array(2 * n * floats(field)),
    stride: strideOf(n, blocks, increasing, i),
  }));
  return { n, factors };
}
