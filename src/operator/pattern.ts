/**
 * Patterns of Kronecker-sparse factors, and chains of them: sizes, what meets, what can be split again, presets.
 *
 * Lists of patterns are in the order of application, the first applied first; `left` and `right` are as in the written
 * product left·right, in which the right one is applied first.
 *
 * Source: Le, Zheng, Riccietti, Gribonval, Butterfly Factorization with Error Guarantees, 2024 (chainability, fusing).
 *
 * @module
 */

import type { Pattern } from "../program/step.ts";
import { checkList, checkSize } from "./check.ts";

/** Rows of a factor: a·b·d. */
export function patternRows({ a, b, d }: Pattern): number {
  return a * b * d;
}

/** Columns of a factor: a·c·d. */
export function patternColumns({ a, c, d }: Pattern): number {
  return a * c * d;
}

/** Weights of a factor: a·b·c·d. */
export function patternWeights({ a, b, c, d }: Pattern): number {
  return a * b * c * d;
}

/** A pattern in words. */
export function patternText({ a, b, c, d }: Pattern): string {
  return `(${a}, ${b}, ${c}, ${d})`;
}

/**
 * Refuses patterns that are not of positive whole numbers.
 *
 * @throws {RangeError} when a part is no positive safe integer, or their product is none
 */
export function checkPattern(what: string, p: Pattern): void {
  if (typeof p !== "object" || p === null) {
    throw new TypeError(`Cannot make ${what}: a pattern is an object with a, b, c and d, got ${p}`);
  }
  for (const [name, size] of [["a", p.a], ["b", p.b], ["c", p.c], ["d", p.d]] as const) {
    if (!Number.isSafeInteger(size) || size < 1) {
      throw new RangeError(
        `Cannot make ${what}: ${name} of a pattern must be a positive whole number, got ${size}`,
      );
    }
  }
  if (!Number.isSafeInteger(patternWeights(p))) {
    throw new RangeError(`Cannot make ${what}: a factor ${patternText(p)} has too many weights`);
  }
}

/**
 * Refuses lists of patterns, in the order of application, that are no product of factors.
 *
 * @throws {RangeError} when there is none, one is no pattern, or the rows of one are not the columns of the next
 */
export function checkChain(what: string, patterns: readonly Pattern[]): void {
  if (!Array.isArray(patterns)) throw new TypeError(`Cannot make ${what}: patterns is not an array`);
  if (patterns.length === 0) throw new RangeError(`Cannot make ${what} of no factors`);
  for (const pattern of patterns) checkPattern(what, pattern);
  for (let i = 1; i < patterns.length; i++) {
    const rows = patternRows(patterns[i - 1]), columns = patternColumns(patterns[i]);
    if (rows === columns) continue;
    throw new RangeError(
      `Cannot make ${what}: factor ${i} ${patternText(patterns[i - 1])} has ${rows} rows, and factor ${
        i + 1
      } ` +
        `${patternText(patterns[i])}, applied to its result, has ${columns} columns`,
    );
  }
}

/**
 * The rank of the pieces into which a product left·right of two factors falls apart, when it can be split again:
 * a_l divides a_r, d_r divides d_l, and r = a_l·c_l / a_r = b_r·d_r / d_l is a whole number. Otherwise undefined.
 * Butterflies of any radix have 1.
 *
 * Source: Le, Zheng, Riccietti, Gribonval 2024, chainable pairs of patterns.
 *
 * @example
 * ```ts
 * import { butterflyPatterns, pieceRank } from "@papillon/papillon";
 * const [first, second] = butterflyPatterns(8);
 * console.assert(pieceRank(second, first) === 1);
 * ```
 */
export function pieceRank(left: Pattern, right: Pattern): number | undefined {
  if (right.a % left.a !== 0 || left.d % right.d !== 0) return undefined;
  const rank = left.a * left.c / right.a;
  return Number.isInteger(rank) && rank * left.d === right.b * right.d ? rank : undefined;
}

/** {@link pieceRank} of two factors or, for decreasing strides, of their transposes. */
export function neighbourRank(left: Pattern, right: Pattern): number | undefined {
  return pieceRank(left, right) ?? pieceRank(transposePattern(right), transposePattern(left));
}

/** Whether all neighbours in a list of patterns, in the order of application, have a {@link pieceRank}. */
export function isChainable(patterns: readonly Pattern[]): boolean {
  return patterns.every((right, i) =>
    i + 1 === patterns.length || pieceRank(patterns[i + 1], right) !== undefined
  );
}

/**
 * The support of the product left·right of two factors that are chainable: (a_l, b_l·d_l/d_r, a_r·c_r/a_l, d_r). Where
 * instead their transposes are chainable, as in a butterfly with decreasing strides, that of the transpose.
 *
 * @throws {RangeError} when neither they nor their transposes are chainable
 *
 * @example
 * ```ts
 * import { butterflyPatterns, fusePatterns } from "@papillon/papillon";
 * const [first, second] = butterflyPatterns(8);
 * const { a, b, c, d } = fusePatterns(second, first); // blocks of four, dense
 * console.assert(a === 2 && b === 4 && c === 4 && d === 1);
 * ```
 */
export function fusePatterns(left: Pattern, right: Pattern): Pattern {
  for (const pattern of [left, right]) checkPattern("a fused factor", pattern);
  if (pieceRank(left, right) !== undefined) {
    return { a: left.a, b: left.b * left.d / right.d, c: right.a * right.c / left.a, d: right.d };
  }
  if (pieceRank(transposePattern(right), transposePattern(left)) !== undefined) {
    return { a: right.a, b: left.a * left.b / right.a, c: right.c * right.d / left.d, d: left.d };
  }
  throw new RangeError(
    `Cannot fuse two factors: ${patternText(left)} and ${
      patternText(right)
    }, applied first, are not chainable`,
  );
}

/** The pattern of the transposed factor. */
export function transposePattern({ a, b, c, d }: Pattern): Pattern {
  return { a, b: c, c: b, d };
}

/** The order of strides of a preset. */
export interface StrideOptions {
  /** Whether the smallest stride is applied first (the default); only then neighbours are chainable. */
  readonly increasing?: boolean;
}

/**
 * The butterfly on n points: (n/2s, 2, 2, s) for s = 1, 2, 4 … n/2.
 *
 * @throws {RangeError} when n is no power of two from 2 on
 */
export function butterflyPatterns(n: number, options: StrideOptions = {}): Pattern[] {
  return radixPatterns(n, 2, options);
}

/**
 * The butterfly of radix k on n = kᴸ points: (n/(k·s), k, k, s) for s = 1, k, k² … n/k. So are the layers of BFT with base k
 * (maths of radix-k Fourier transforms).
 *
 * @throws {RangeError} when n is no power of k
 */
export function radixPatterns(n: number, k: number, { increasing = true }: StrideOptions = {}): Pattern[] {
  checkSize("a radix butterfly", "n", n);
  checkSize("a radix butterfly", "k", k);
  if (k === 1) throw new RangeError("Cannot make a radix butterfly: k must be at least 2, got 1");
  const radices: number[] = [];
  let left = n;
  for (; left % k === 0; left /= k) radices.push(k);
  if (left !== 1 || radices.length === 0) {
    throw new RangeError(`Cannot make a radix butterfly: n must be a power of ${k}, got ${n}`);
  }
  const patterns = mixedRadixPatterns(radices);
  return increasing ? patterns : patterns.reverse();
}

/**
 * The butterfly of n = k₁·k₂ ⋯ points with a radix of its own in each factor: (n/(k·s), k, k, s), where s is the product
 * of the radices before. Any n has one: {@link primeFactors}. Radices that are no power of two run fastest when they
 * come last.
 *
 * @throws {RangeError} when there is no radix, or one is no positive whole number
 *
 * @example
 * ```ts
 * import { mixedRadixPatterns } from "@papillon/papillon";
 * const patterns = mixedRadixPatterns([2, 2, 3]); // 12 points
 * console.assert(patterns.map((p) => p.d).join() === "1,2,4");
 * ```
 */
export function mixedRadixPatterns(radices: readonly number[]): Pattern[] {
  return rectangularPatterns(radices, radices);
}

/**
 * A dense map of b₁·b₂ ⋯ rows and c₁·c₂ ⋯ columns as a chain of rank 1: factor i has b_i outputs for c_i inputs, is
 * interleaved b₁ ⋯ b_{i−1} times and repeated c_{i+1} ⋯ times. All presets of rank 1 are of this kind.
 *
 * Source: Lin et al., Deformable Butterfly: A Highly Structured and Sparse Linear Transform, NeurIPS 2021.
 *
 * @param outputs b_i of each factor, in the order of application
 * @param inputs c_i of each factor
 * @throws {RangeError} when the two lists have different lengths, or hold other than positive whole numbers
 */
export function rectangularPatterns(outputs: readonly number[], inputs: readonly number[]): Pattern[] {
  checkList("patterns", "outputs", outputs);
  checkList("patterns", "inputs", inputs);
  if (outputs.length === 0 || outputs.length !== inputs.length) {
    throw new RangeError(
      `Cannot make patterns: expected as many outputs as inputs, at least one, got ${outputs.length} and ${inputs.length}`,
    );
  }
  outputs.forEach((b) => checkSize("patterns", "outputs of a factor", b));
  inputs.forEach((c) => checkSize("patterns", "inputs of a factor", c));
  let a = inputs.reduce((product, c) => product * c, 1), d = 1;
  return outputs.map((b, i) => {
    const c = inputs[i];
    a /= c;
    const pattern = { a, b, c, d };
    checkPattern("patterns", pattern);
    d *= b;
    return pattern;
  });
}

/**
 * A rectangular butterfly between any two sizes (deformable butterfly): the prime factors of rows and columns, those of each
 * in `factors` groups of about equal products.
 *
 * Source: Lin et al. 2021.
 *
 * @param options.factors how many factors, by default as many as the larger number of primes
 * @throws {RangeError} when a size is no positive whole number
 */
export function deformablePatterns(
  rows: number,
  columns: number,
  { factors }: { readonly factors?: number } = {},
): Pattern[] {
  checkSize("a deformable butterfly", "rows", rows);
  checkSize("a deformable butterfly", "columns", columns);
  const of = (size: number): number[] => primeFactors(size);
  const count = factors ?? Math.max(1, of(rows).length, of(columns).length);
  checkSize("a deformable butterfly", "factors", count);
  return rectangularPatterns(grouped(of(rows), count), grouped(of(columns), count));
}

/**
 * A Monarch matrix of rows×columns: (q, rows/p, columns/q, 1) first, then (1, p, q, rows/p). Two factors, a dense
 * product.
 *
 * Source: Dao et al., Monarch: Expressive Structured Matrices for Efficient and Accurate Training, 2022.
 *
 * @param options.p outputs of the left factor, a divisor of rows; by default the largest up to √rows
 * @param options.q blocks of the right factor, a divisor of columns; by default the largest up to √columns
 * @throws {RangeError} when p or q does not divide
 */
export function monarchPatterns(
  rows: number,
  columns: number,
  { p, q }: { readonly p?: number; readonly q?: number } = {},
): Pattern[] {
  checkSize("a Monarch matrix", "rows", rows);
  checkSize("a Monarch matrix", "columns", columns);
  const outer = divisor("rows", rows, "p", p), blocks = divisor("columns", columns, "q", q);
  return rectangularPatterns([rows / outer, outer], [columns / blocks, blocks]);
}

/**
 * A block butterfly: that of n/block points whose weights are matrices of block×block, here a radix-2 chain of rank `block`:
 * (n/(2·s·block), 2·block, 2·block, s). The outputs come in the order of the points first, then of those in a block;
 * the block butterfly of the paper has them the other way round.
 *
 * Source: Chen, Dao et al., Pixelated Butterfly: Simple and Efficient Sparse Training for Neural Network Models, 2022.
 *
 * @throws {RangeError} when n is not block times a power of two from 2 on
 */
export function blockButterflyPatterns(n: number, block: number): Pattern[] {
  checkSize("a block butterfly", "n", n);
  checkSize("a block butterfly", "block", block);
  if (n % block !== 0) {
    throw new RangeError(`Cannot make a block butterfly: n must be a multiple of ${block}, got ${n}`);
  }
  const size = 2 * block;
  return butterflyPatterns(n / block).map(({ a, d }) => ({ a, b: size, c: size, d }));
}

/**
 * Sets the rank of all pieces of a chain. Outer sizes, a and d stay, all sizes in between change: a radix-2 chain of
 * rank 2 has 4×4 blocks inside and twice the width. Real cosine, sine and Hartley transforms are such chains.
 *
 * @throws {RangeError} when the rank is no positive whole number, or the chain is not chainable
 */
export function withRank(patterns: readonly Pattern[], rank: number): Pattern[] {
  checkChain("a chain of higher rank", patterns);
  checkSize("a chain of higher rank", "rank", rank);
  if (!isChainable(patterns)) {
    throw new RangeError("Cannot make a chain of higher rank: neighbours are not chainable");
  }
  return patterns.map(({ a, b, c, d }, i) => ({
    a,
    b: i + 1 < patterns.length ? rank * patterns[i + 1].d / d : b,
    c: i > 0 ? rank * patterns[i - 1].a / a : c,
    d,
  }));
}

/** The prime factors of a positive whole number, the smallest first; none of 1. */
export function primeFactors(n: number): number[] {
  checkSize("prime factors", "n", n);
  const factors: number[] = [];
  for (let p = 2; p * p <= n; p++) for (; n % p === 0; n /= p) factors.push(p);
  if (n > 1) factors.push(n);
  return factors;
}

/** Products of some of the numbers each: `count` of them, as equal as taking the largest first makes them; sorted. */
function grouped(numbers: readonly number[], count: number): number[] {
  const groups: number[] = new Array(count).fill(1);
  for (const number of [...numbers].reverse()) groups[groups.indexOf(Math.min(...groups))] *= number;
  return groups.sort((x, y) => x - y);
}

function divisor(what: string, size: number, name: string, value?: number): number {
  if (value === undefined) {
    value = 1;
    for (let i = 2; i * i <= size; i++) if (size % i === 0) value = i;
    return value;
  }
  checkSize("a Monarch matrix", name, value);
  if (size % value !== 0) {
    throw new RangeError(
      `Cannot make a Monarch matrix: ${name} must divide the ${size} ${what}, got ${value}`,
    );
  }
  return value;
}
