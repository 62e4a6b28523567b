/**
 * Chains: products of Kronecker-sparse factors held as one operator.
 *
 * @module
 */

import { type Program, ProgramBuilder, transposeFactor } from "../program/program.ts";
import { Random } from "../program/random.ts";
import { type Field, floats, type Pattern } from "../program/step.ts";
import { checkField, checkSize, checkWeights } from "./check.ts";
import { Operator } from "./operator.ts";
import {
  checkChain,
  fusePatterns,
  isChainable,
  patternColumns,
  patternRows,
  patternText,
  patternWeights,
  pieceRank,
} from "./pattern.ts";

/** How to draw a {@link Chain.random}. */
export interface RandomChainOptions {
  /** Real by default. */
  readonly field?: Field;
  /** The same seed gives the same chain. */
  readonly seed: number;
}

/**
 * A product of Kronecker-sparse factors, listed in the order of application: radix-k and mixed-radix butterflies of any
 * size, Monarch matrices, deformable and block butterflies, real chains of higher rank. Patterns come from presets such
 * as {@link mixedRadixPatterns}, or are any that meet.
 *
 * The weights of a factor lie as [a][b][c][d], as in lazylinop, whose lists are in the opposite order: see
 * {@link fromKsValues}.
 *
 * @example
 * ```ts
 * import { Chain, mixedRadixPatterns } from "@papillon/papillon";
 * const map = Chain.random(mixedRadixPatterns([2, 2, 2, 3]), { seed: 1 }); // 24 points
 * console.assert(map.parameters === 24 * (2 + 2 + 2 + 3));
 * const y = map.apply(new Float32Array(24).fill(1));
 * console.assert(Math.abs(map.fuse(0).apply(y)[5] - map.apply(y)[5]) < 1e-4); // one factor fewer, the same map
 * ```
 */
export class Chain extends Operator {
  /** Where the nonzeros of each factor are, in the order of application. */
  readonly patterns: readonly Pattern[];
  /** The weights [a][b][c][d] of each factor, interleaved if complex. Not to be changed. */
  readonly factors: readonly Float32Array<ArrayBuffer>[];

  /**
   * A chain from its weights.
   *
   * @param patterns in the order of application
   * @param factors a·b·c·d weights for each pattern, laid out [a][b][c][d]; copied
   * @throws {RangeError} when the patterns do not meet, or weights do not fit or are not finite
   */
  constructor(patterns: readonly Pattern[], factors: readonly Float32Array[], field: Field = "real") {
    checkSizes(patterns);
    checkField("a chain", field);
    if (factors.length !== patterns.length) {
      throw new RangeError(
        `Cannot make a chain: expected weights of ${patterns.length} factors, got ${factors.length}`,
      );
    }
    factors.forEach((values, i) => {
      checkWeights("a chain", `factor ${i + 1}`, values, patternWeights(patterns[i]) * floats(field));
    });
    super(patternRows(patterns[patterns.length - 1]), patternColumns(patterns[0]), field);
    this.patterns = patterns.map(({ a, b, c, d }) => ({ a, b, c, d }));
    this.factors = factors.map((values) => new Float32Array(values));
  }

  /**
   * Normal weights of variance 1/c, E|w|² = 1/c if complex: a vector keeps its size in the mean.
   *
   * @throws {RangeError} when the patterns do not meet
   */
  static random(patterns: readonly Pattern[], { field = "real", seed }: RandomChainOptions): Chain {
    checkSizes(patterns);
    checkField("a chain", field);
    const random = new Random(seed), unit = floats(field);
    const factors = patterns.map((pattern) => {
      const deviation = 1 / Math.sqrt(pattern.c * unit);
      return Float32Array.from({ length: patternWeights(pattern) * unit }, () => deviation * random.normal());
    });
    return new Chain(patterns, factors, field);
  }

  /**
   * The identity, as a chain whose factors all are.
   *
   * @throws {RangeError} when the blocks of a pattern are not square, or the patterns do not meet
   */
  static identity(patterns: readonly Pattern[], field: Field = "real"): Chain {
    checkSizes(patterns);
    checkField("a chain", field);
    const unit = floats(field);
    const factors = patterns.map((pattern) => {
      const { a, b, c, d } = pattern, weights = new Float32Array(patternWeights(pattern) * unit);
      if (b !== c) {
        throw new RangeError(`Cannot make an identity: the blocks of ${patternText(pattern)} are not square`);
      }
      for (let k = 0; k < a * b; k++) {
        const row = (k * c + k % b) * d * unit;
        for (let delta = 0; delta < d; delta++) weights[row + delta * unit] = 1;
      }
      return weights;
    });
    return new Chain(patterns, factors, field);
  }

  /**
   * A chain from the weights of all factors one after another.
   *
   * @throws {RangeError} when their number does not fit
   */
  static fromFlat(patterns: readonly Pattern[], flat: Float32Array, field: Field = "real"): Chain {
    checkSizes(patterns);
    checkField("a chain", field);
    const lengths = patterns.map((pattern) => patternWeights(pattern) * floats(field));
    checkWeights("a chain", "weights", flat, lengths.reduce((sum, length) => sum + length, 0));
    let at = 0;
    return new Chain(patterns, lengths.map((length) => flat.subarray(at, at += length)), field);
  }

  /** The weights of all factors one after another, in the order of application. */
  toFlat(): Float32Array<ArrayBuffer> {
    const flat = new Float32Array(this.factors.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const values of this.factors) {
      flat.set(values, at);
      at += values.length;
    }
    return flat;
  }

  /** Whether each two neighbours are chainable: see {@link pieceRank}. */
  get isChainable(): boolean {
    return isChainable(this.patterns);
  }

  /** The rank of the pieces between each two neighbours, the first applied first; undefined where there is none. */
  get ranks(): (number | undefined)[] {
    return this.patterns.slice(1).map((left, i) => pieceRank(left, this.patterns[i]));
  }

  /**
   * The same map with factor i (counted from 0, in the order of application) and the next one multiplied into one.
   *
   * @throws {RangeError} when there are no such two, they are not chainable, or the product is more than float32 holds
   */
  fuse(i: number): Chain {
    const { patterns, factors, field } = this;
    if (!Number.isInteger(i) || i < 0 || i + 1 >= patterns.length) {
      throw new RangeError(
        `Cannot fuse factors of a chain: there are ${patterns.length}, and ${i} is not one that has a next`,
      );
    }
    const pattern = fusePatterns(patterns[i + 1], patterns[i]);
    const weights = multiply(pattern, patterns[i + 1], factors[i + 1], patterns[i], factors[i], field);
    return new Chain(patterns.toSpliced(i, 2, pattern), factors.toSpliced(i, 2, weights), field);
  }

  /** Its program. */
  protected build(): Program {
    const builder = new ProgramBuilder(this.cols * floats(this.field));
    return builder.build(this.patterns.reduce(
      (value, pattern, i) => builder.factor(value, pattern, this.field, this.factors[i]),
      0,
    ));
  }

  /** The chain of the conjugate transposes of its factors, in the opposite order. */
  override adjoint(): Chain {
    return this.#transposed(true);
  }

  /** The chain of the transposes of its factors, in the opposite order. */
  override transpose(): Chain {
    return this.#transposed(false);
  }

  #transposed(conjugate: boolean): Chain {
    const { patterns, factors, field } = this;
    return new Chain(
      patterns.map(({ a, b, c, d }) => ({ a, b: c, c: b, d })).reverse(),
      factors.map((values, i) => transposeFactor(patterns[i], field, values, conjugate)).reverse(),
      field,
    );
  }

  /** A short name for messages: "a 768×768 chain of 9 factors". */
  override describe(): string {
    const { rows, cols, field, patterns } = this, kind = field === "complex" ? "complex " : "";
    return `a ${rows}×${cols} ${kind}chain of ${patterns.length} factor${patterns.length === 1 ? "" : "s"}`;
  }
}

/** Refuses what is no chain, and factors larger than an array may be. */
function checkSizes(patterns: readonly Pattern[]): void {
  checkChain("a chain", patterns);
  for (const pattern of patterns) {
    checkSize("a chain", `the number of weights of ${patternText(pattern)}`, patternWeights(pattern));
    checkSize("a chain", `rows of ${patternText(pattern)}`, patternRows(pattern));
    checkSize("a chain", `columns of ${patternText(pattern)}`, patternColumns(pattern));
  }
}

/** The weights of the product left·right, whose pattern is known. */
function multiply(
  pattern: Pattern,
  left: Pattern,
  leftWeights: Float32Array,
  right: Pattern,
  rightWeights: Float32Array,
  field: Field,
): Float32Array<ArrayBuffer> {
  const unit = floats(field), result = new Float64Array(patternWeights(pattern) * unit);
  // For each number between the two: the rows of left that read it, the columns of right that it is made of.
  for (let middle = 0; middle < patternColumns(left); middle++) {
    const delta = middle % left.d, gamma = Math.floor(middle / left.d) % left.c;
    const i = Math.floor(middle / (left.c * left.d));
    const epsilon = middle % right.d, beta = Math.floor(middle / right.d) % right.b;
    const j = Math.floor(middle / (right.b * right.d));
    for (let k = 0; k < left.b; k++) {
      const row = (i * left.b + k) * left.d + delta, l = ((i * left.b + k) * left.c + gamma) * left.d + delta;
      // Row of the product: block and β in one number.
      const block = Math.floor(row / pattern.d), at = row % pattern.d;
      for (let m = 0; m < right.c; m++) {
        const column = (j * right.c + m) * right.d + epsilon;
        const r = ((j * right.b + beta) * right.c + m) * right.d + epsilon;
        const to = ((block * pattern.c + Math.floor(column / pattern.d) % pattern.c) * pattern.d + at) * unit;
        if (unit === 1) result[to] += leftWeights[l] * rightWeights[r];
        else {
          const lr = leftWeights[2 * l], li = leftWeights[2 * l + 1];
          const rr = rightWeights[2 * r], ri = rightWeights[2 * r + 1];
          result[to] += lr * rr - li * ri;
          result[to + 1] += lr * ri + li * rr;
        }
      }
    }
  }
  return new Float32Array(result);
}
