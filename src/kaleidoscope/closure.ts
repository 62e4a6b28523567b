/**
 * What can be made of butterflies without leaving them: products with diagonals, products, inverses, Kronecker
 * products, block diagonals, sums (Kaleidoscope, appendix on closure). Each result is one butterfly, whose blocks are
 * stated, with factors that are diagonal or double folded into their neighbours.
 *
 * @module
 */

import { Butterfly } from "../operator/butterfly.ts";
import { corner } from "../operator/corner.ts";
import { Diagonal } from "../operator/diagonal.ts";
import type { Operator } from "../operator/operator.ts";
import { bitReversal, checkPermutation } from "../operator/permutation.ts";
import { type Field, floats } from "../program/step.ts";
import { arrange, blockStart, lifted, type Sheet, sheetsOf } from "./arrange.ts";

/**
 * A diagonal times a butterfly, at no cost: D·B ("last") or B·D ("first") as a butterfly of the same shape, the
 * entries multiplied into its last or first factors. A bias is scaled too with "last".
 *
 * @throws {RangeError} when the diagonal does not fit or the butterfly has one point, so that there is no factor
 *
 * @example
 * ```ts
 * import { Butterfly, Diagonal, foldDiagonal } from "@papillon/papillon";
 * const map = foldDiagonal(Butterfly.identity(4), new Diagonal(new Float32Array([1, 2, 3, 4])), "first");
 * console.assert(map.apply(new Float32Array([1, 1, 1, 1]))[3] === 4);
 * ```
 */
export function foldDiagonal(butterfly: Butterfly, diagonal: Diagonal, side: "first" | "last"): Butterfly {
  const what = "a butterfly times a diagonal";
  check(what, butterfly);
  if (!(diagonal instanceof Diagonal)) throw new TypeError(`Cannot make ${what}: the diagonal is none`);
  if (side !== "first" && side !== "last") {
    throw new TypeError(`Cannot make ${what}: side must be "first" or "last", got ${JSON.stringify(side)}`);
  }
  const { n, rows, cols, stacks, blocks, increasing, bias } = butterfly,
    size = side === "first" ? cols : rows;
  if (diagonal.rows !== size) {
    throw new RangeError(
      `Cannot make ${what}: the ${side} diagonal of ${butterfly.describe()} has ${size} entries, got ${diagonal.rows}`,
    );
  }
  if (n === 1) throw new RangeError(`Cannot make ${what}: a butterfly on one point has no factors`);
  const field = common(butterfly, diagonal),
    unit = floats(field),
    perStack = butterfly.factors.length / stacks;
  const factors = butterfly.factors.map((w) => Float32Array.from(lifted(w, butterfly.field, field)));
  const values = lifted(diagonal.values, diagonal.field, field);
  const shift = bias && lifted(bias, butterfly.field, field);
  const scale = (array: Float32Array | Float64Array, k: number, d: number): void => {
    if (d >= size) return;
    if (unit === 1) array[k] *= values[d];
    else {
      const re = array[2 * k], im = array[2 * k + 1];
      array[2 * k] = re * values[2 * d] - im * values[2 * d + 1];
      array[2 * k + 1] = re * values[2 * d + 1] + im * values[2 * d];
    }
  };
  for (let stack = 0; stack < stacks; stack++) {
    const which = side === "first" ? stack * perStack : (stack + 1) * perStack - 1;
    const weights = factors[which], s = butterfly.stride(which);
    for (let k = 0; k < 2 * n; k++) {
      const i = Math.floor(k / (4 * s)), beta = Math.floor(k / (2 * s)) % 2, gamma = Math.floor(k / s) % 2;
      const point = i * 2 * s + (side === "first" ? gamma : beta) * s + k % s;
      scale(weights, k, side === "first" ? point : stack * n + point);
    }
  }
  if (shift && side === "last") { for (let i = 0; i < rows; i++) scale(shift, i, i); }
  const options = { rows, field, increasing, blocks, bias: shift && Float32Array.from(shift) };
  return new Butterfly(cols, factors, options);
}

/**
 * The product left·right of two butterflies (right is applied first) as one. Where the orders of strides do not
 * alternate, factors of the left one move on to the next block; the first block keeps the order of `right`. In all it
 * has at most one block more than both together, and fewer where factors are diagonal or meet one of their stride.
 *
 * @throws {RangeError} when the sizes do not meet, or one has more than one stack or a bias
 *
 * @example
 * ```ts
 * import { Butterfly, multiplyButterflies } from "@papillon/papillon";
 * const b = Butterfly.random(8, { seed: 1 });
 * console.assert(multiplyButterflies(b, b.adjoint() as Butterfly).blocks === 2); // BB*
 * console.assert(multiplyButterflies(b, b).blocks === 3);
 * ```
 */
export function multiplyButterflies(left: Butterfly, right: Butterfly): Butterfly {
  const what = "a product of butterflies";
  for (const one of [left, right]) checkSimple(what, one);
  if (left.cols !== right.rows) {
    throw new RangeError(
      `Cannot make ${what}: the left one is ${left.rows}×${left.cols} and the right one ${right.rows}×${right.cols}`,
    );
  }
  if (left.n !== right.n) {
    throw new RangeError(
      `Cannot make ${what}: the left one has ${left.n} points and the right one ${right.n}`,
    );
  }
  const { n } = left, field = common(left, right), unit = floats(field);
  const sheets = sheetsOf(right, field);
  if (right.rows < n) {
    // What the right one cuts off must not come through.
    const mask = new Float64Array(n * unit);
    for (let i = 0; i < right.rows; i++) mask[i * unit] = 1;
    sheets.push({ stride: undefined, weights: mask });
  }
  if (n === 1) return Butterfly.identity(1, { field });
  return reshaped(
    arrange(n, [...sheets, ...sheetsOf(left, field)], field, right.increasing),
    left.rows,
    right.cols,
  );
}

/**
 * The inverse of a butterfly: its blocks inverted, its factors in the opposite order. That of a B is a B*.
 *
 * @throws {RangeError} naming the factor and the 2×2 block that is singular, as far as float32 can tell; or when it is not
 * square on n points
 *
 * @example
 * ```ts
 * import { Butterfly, invertButterfly } from "@papillon/papillon";
 * const b = Butterfly.random(8, { init: "orthogonal" });
 * console.assert(Math.abs(invertButterfly(b).apply(b.apply(new Float32Array(8).fill(1)))[3] - 1) < 1e-5);
 * ```
 */
export function invertButterfly(butterfly: Butterfly): Butterfly {
  const what = "an inverse butterfly";
  checkSquare(what, butterfly);
  const { n, field, blocks, increasing } = butterfly, unit = floats(field);
  const factors = butterfly.factors.map((weights, factor) => {
    const s = butterfly.stride(factor), inverse = new Float32Array(weights.length);
    for (let i = 0; i < n / 2; i++) {
      const at = blockStart(i, s);
      const [a, b, c, d] = [0, 1, 2, 3].map((e): Complex => {
        const k = (at + e * s) * unit;
        return [weights[k], unit === 2 ? weights[k + 1] : 0];
      });
      const ad = times(a, d), bc = times(b, c), det = minus(ad, bc), size = det[0] * det[0] + det[1] * det[1];
      // Rounding of the four entries to float32 can change the determinant by as much.
      const largest = Math.max(Math.hypot(...ad), Math.hypot(...bc));
      if (!(Math.sqrt(size) > largest * 2 ** -23)) {
        throw new RangeError(
          `Cannot make ${what}: block ${i} of factor ${factor} (stride ${s}) is singular${
            size === 0 ? "" : " within the rounding of its entries"
          }`,
        );
      }
      [d, minus([0, 0], b), minus([0, 0], c), a].forEach((entry, e) => {
        const [re, im] = times(entry, [det[0] / size, -det[1] / size]);
        inverse[(at + e * s) * unit] = re;
        if (unit === 2) inverse[(at + e * s) * unit + 1] = im;
      });
    }
    return inverse;
  });
  const last = increasing === (blocks % 2 === 1);
  return new Butterfly(n, factors.reverse(), { field, blocks, increasing: !last });
}

/**
 * The Kronecker product left⊗right of butterflies as one: a vector is a row-major array [left.n][right.n]. It has as
 * many blocks as the one with more of them (in the order of strides of the left one).
 *
 * @throws {RangeError} when one is not square on n points, or has more than one stack or a bias
 */
export function kroneckerButterflies(left: Butterfly, right: Butterfly): Butterfly {
  const what = "a Kronecker product of butterflies";
  for (const one of [left, right]) checkSquare(what, one);
  const field = common(left, right), unit = floats(field), { increasing } = left, m = right.n, n = left.n * m;
  if (left.n === 1) return right;
  const [slow, fast] = aligned([left, right], field, increasing);
  const factors: Float32Array<ArrayBuffer>[] = [], size = 2 * n * unit;
  const slowLevels = Math.log2(left.n), fastLevels = Math.log2(m);
  for (let block = 0; block < slow.blocks; block++) {
    const inner = fast.factors.slice(block * fastLevels, (block + 1) * fastLevels).map((weights) => {
      const result = new Float32Array(size);
      for (let k = 0; k < size; k += weights.length) result.set(weights, k);
      return result;
    });
    const outer = slow.factors.slice(block * slowLevels, (block + 1) * slowLevels).map((weights) =>
      Float32Array.from({ length: size }, (_, k) => weights[Math.floor(k / unit / m) * unit + k % unit])
    );
    factors.push(...increasing === (block % 2 === 0) ? [...inner, ...outer] : [...outer, ...inner]);
  }
  return new Butterfly(n, factors, { field, increasing, blocks: slow.blocks });
}

/**
 * Butterflies of the same n on the diagonal, as one of size count·n on the next power of two of points. It has as many
 * blocks as the one with the most of them (in the order of strides of the first).
 *
 * @throws {RangeError} when there is none, sizes differ, or one is not square on n points, or has a bias
 */
export function blockDiagonalButterflies(...butterflies: Butterfly[]): Butterfly {
  const what = "a block diagonal of butterflies", { field, n, parts } = uniform(what, butterflies);
  const { increasing } = butterflies[0];
  if (butterflies.length === 1) return butterflies[0];
  return onDiagonal(aligned(parts, field, increasing), n, field);
}

/**
 * The sum of m butterflies of the same n, a kaleidoscope matrix of no more width than the widest of them and expansion
 * E, the power of two not below m: the n×n corner of a butterfly of E·n points that copies its input E times, applies
 * the terms side by side, and adds. (The published bound is m times the width and expansion 4.) As a way to calculate,
 * `sum` is cheaper.
 *
 * @throws {RangeError} when there is none, sizes differ, or one is not square on n points, or has a bias
 */
export function addButterflies(...butterflies: Butterfly[]): Operator {
  const what = "a sum of butterflies", { field, n, parts } = uniform(what, butterflies);
  if (butterflies.length === 1) return butterflies[0];
  const terms = aligned(parts, field, false, true);
  const whole = onDiagonal(terms, n, field), unit = floats(field), count = butterflies.length;
  const size = whole.n, levels = Math.log2(size);
  for (let stride = size / 2, i = 0; stride >= n; stride /= 2, i++) {
    const copy = whole.factors[i], add = whole.factors[whole.blocks * levels - 1 - i];
    for (let pair = 0; pair < size / 2; pair++) {
      const at = blockStart(pair, stride),
        to = Math.floor(pair / stride) * 2 * stride + pair % stride + stride;
      const used = to < count * n ? 1 : 0;
      copy[(at + 2 * stride) * unit] = used;
      copy[(at + 3 * stride) * unit] = 0;
      add[(at + stride) * unit] = used;
      add[(at + 3 * stride) * unit] = 0;
    }
  }
  return corner(whole, n);
}

/**
 * The butterfly of the opposite order of strides: b = P·flipped·P with P the bit reversal of n points.
 *
 * @throws {RangeError} when b is not square on n points, or has more than one stack or a bias
 */
export function flipStrides(butterfly: Butterfly): Butterfly {
  checkSquare("a flipped butterfly", butterfly);
  const { n, field, blocks, increasing } = butterfly, unit = 4 * floats(field);
  if (n === 1) return butterfly;
  const twiddle = butterfly.toTwiddle(),
    flipped = new Float32Array(twiddle.length),
    reverse = bitReversal(n / 2);
  for (let i = 0; i < twiddle.length / unit; i++) {
    const from = i - i % reverse.length + reverse[i % reverse.length];
    flipped.set(twiddle.subarray(from * unit, (from + 1) * unit), i * unit);
  }
  return Butterfly.fromTwiddle(n, flipped, { field, blocks, increasing: !increasing });
}

/**
 * The Kronecker product of permutations, left⊗right, for a row-major array [left.length][right.length]: `left`
 * permutes its rows and `right` its columns; y[i] = x[result[i]].
 *
 * @throws {RangeError} when one is no permutation
 */
export function kroneckerPermutations(
  left: ArrayLike<number>,
  right: ArrayLike<number>,
): Uint32Array<ArrayBuffer> {
  checkPermutation("a Kronecker product of permutations", left);
  checkPermutation("a Kronecker product of permutations", right);
  const m = right.length;
  return Uint32Array.from(
    { length: left.length * m },
    (_, i) => left[Math.floor(i / m)] * m + right[i % m],
  );
}

type Complex = readonly [number, number];

function times([a, b]: Complex, [c, d]: Complex): Complex {
  return [a * c - b * d, a * d + b * c];
}

function minus([a, b]: Complex, [c, d]: Complex): Complex {
  return [a - c, b - d];
}

function common(...operators: Operator[]): Field {
  return operators.some((o) => o.field === "complex") ? "complex" : "real";
}

function check(what: string, butterfly: Butterfly): void {
  if (!(butterfly instanceof Butterfly)) {
    throw new TypeError(`Cannot make ${what}: an argument is not a butterfly`);
  }
}

function checkSimple(what: string, butterfly: Butterfly): void {
  check(what, butterfly);
  if (butterfly.stacks !== 1) {
    throw new RangeError(`Cannot make ${what}: one has ${butterfly.stacks} stacks, expected 1`);
  }
  if (butterfly.bias) throw new RangeError(`Cannot make ${what}: one has a bias`);
}

function checkSquare(what: string, butterfly: Butterfly): void {
  checkSimple(what, butterfly);
  const { n, rows, cols } = butterfly;
  if (rows !== n || cols !== n) {
    throw new RangeError(`Cannot make ${what}: expected a square one of a power of two, got ${rows}×${cols}`);
  }
}

function uniform(what: string, parts: readonly Butterfly[]): { field: Field; n: number; parts: Butterfly[] } {
  if (parts.length === 0) throw new RangeError(`Cannot make ${what}: there is none`);
  for (const part of parts) {
    checkSquare(what, part);
    if (part.n !== parts[0].n) {
      throw new RangeError(`Cannot make ${what}: one has ${parts[0].n} points and another ${part.n}`);
    }
  }
  return { field: common(...parts), n: parts[0].n, parts: [...parts] };
}

/** The same maps in one order of strides with one number of blocks, an even one where asked. */
function aligned(
  butterflies: readonly Butterfly[],
  field: Field,
  increasing: boolean,
  even = false,
): Butterfly[] {
  const lists: Sheet[][] = butterflies.map((b) => sheetsOf(b, field));
  const first = butterflies.map((b, i) => b.n === 1 ? b : arrange(b.n, lists[i], field, increasing));
  let blocks = Math.max(...first.map((b) => b.blocks));
  if (even && blocks % 2 === 1) blocks++;
  return first.map((b, i) => {
    if (b.n === 1) return Butterfly.identity(1, { field, increasing, blocks });
    return b.blocks === blocks ? b : arrange(b.n, lists[i], field, increasing, blocks);
  });
}

/** Aligned butterflies of n points after each other; what is added to make a power of two is the identity. */
function onDiagonal(parts: readonly Butterfly[], n: number, field: Field): Butterfly {
  const { increasing, blocks } = parts[0];
  const whole = Butterfly.identity(parts.length * n, { field, increasing, blocks });
  const levels = Math.log2(whole.n), own = Math.log2(n);
  for (let block = 0; block < blocks; block++) {
    const skip = increasing === (block % 2 === 0) ? 0 : levels - own;
    for (let level = 0; level < own; level++) {
      const to = whole.factors[block * levels + skip + level];
      parts.forEach((part, i) => {
        const from = part.factors[block * own + level];
        to.set(from, i * from.length);
      });
    }
  }
  return whole;
}

/** The same factors, with vectors padded and cut to other sizes that round up to the same power of two. */
function reshaped(butterfly: Butterfly, rows: number, cols: number): Butterfly {
  const { field, increasing, blocks } = butterfly;
  return new Butterfly(cols, butterfly.factors as Float32Array<ArrayBuffer>[], {
    rows,
    field,
    increasing,
    blocks,
  });
}
