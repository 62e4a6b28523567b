/**
 * A walk along the steps of an operator, which makes butterfly factors of them.
 *
 * @module
 */

import { type Field, floats, type Step } from "../program/step.ts";
import { blockPoint, blockStart, type Sheet } from "./arrange.ts";
import { type Carried, carriedOut } from "./carried.ts";

/** An operator as a product of sheets on n points, in the order of application, of which it is a corner. */
export interface Unrolled {
  /** Points. */
  readonly n: number;
  /** Factors of any strides, and diagonals. */
  readonly sheets: readonly Sheet[];
  /** The field of the sheets: complex also for a real operator that takes pairs of its numbers for complex ones. */
  readonly field: Field;
  /** Whether each 2×2 block is orthogonal or unitary, within rounding. */
  readonly orthogonal: boolean;
  /** Whether there is a diagonal with an entry of modulus other than 1. */
  readonly scaled: boolean;
}

/** The largest deviation of a block from orthogonality that passes for rounding of its float32 entries. */
const ROUNDING = 1e-5;

/** [[1, i], [1, −i]]/√2 takes the two parts of z to z and its conjugate, over √2; and its adjoint. */
const PAIR = [Math.SQRT1_2, 0, 0, Math.SQRT1_2, Math.SQRT1_2, 0, 0, -Math.SQRT1_2];
const UNPAIR = [Math.SQRT1_2, 0, Math.SQRT1_2, 0, 0, -Math.SQRT1_2, 0, Math.SQRT1_2];

/** Complex weights as each of them and its conjugate. */
function withConjugates(weights: ArrayLike<number>): Float64Array {
  const result = new Float64Array(2 * weights.length);
  for (let k = 0; k < weights.length; k += 2) {
    result[2 * k] = result[2 * k + 2] = weights[k];
    result[2 * k + 1] = weights[k + 1];
    result[2 * k + 3] = 0 - weights[k + 1];
  }
  return result;
}

/** Whether neighbours are equal, as in a real step that was made to work on complex numbers. */
function inPairs(values: ArrayLike<number>): boolean {
  for (let i = 0; i < values.length; i += 2) if (values[i] !== values[i + 1]) return false;
  return true;
}

/** What a walk along a chain has seen. */
export class Walk {
  readonly #n: number;
  readonly #field: Field;
  readonly #sheets: Sheet[] = [];
  /** The permutations to be carried out, each with the number of sheets before it. */
  readonly #parts: Carried[] = [];
  #size: number;
  /** A cut that nothing has followed yet: numbers from here on are zero. */
  #cut: number | undefined;
  /**
   * The permutations so far are not carried out: number i of the walk is point index[i] of the sheets. Bit reversals
   * thus only change strides, and vanish if they come in pairs.
   */
  #index: Uint32Array<ArrayBuffer> | undefined;
  #orthogonal = true;
  #scaled = false;

  /**
   * Whether the pairs of a real vector are now seen as complex numbers z: then there is z/√2 in place of the real part
   * and its conjugate in place of the imaginary one, and what works on z works on both. So a complex step of a real
   * operator is a factor of twice its stride, between two of stride 1.
   */
  #paired = false;

  /** Begins with vectors of `size` numbers on n points. */
  constructor(n: number, size: number, field: Field) {
    this.#n = n;
    this.#field = field;
    this.#size = size;
  }

  /** Pads or cuts vectors. */
  resize(size: number): void {
    if (size % 2 !== 0) this.#pair(false);
    if (size < this.#size) this.#cut = Math.min(size, this.#cut ?? size);
    this.#size = size;
  }

  /** Adds a step; false if it is of a kind that does not belong in a butterfly. */
  add(step: Step, field: Field): boolean {
    const unit = floats(field);
    if (step.kind === "window") {
      if (step.shift !== 0 && !this.#shift(step.shift / unit)) return false;
      this.resize(step.width / unit);
      return true;
    }
    this.#applyCut();
    if (step.kind === "permutation") {
      if (step.unit === 1) {
        if (unit === 2) return false;
        this.#pair(false);
        this.#permute(step.index, step.scatter);
      } else this.#permute(unit === 2 ? step.index : doubled(step.index), step.scatter);
      return true;
    }
    if (step.kind !== "diagonal" && step.kind !== "factor" && step.kind !== "dense") return false;
    const view = field === "real" && step.field === "complex";
    const twice = field === "complex" && step.field === "real" ? 2 : 1;
    if (twice === 2 && !inPairs(step.weights)) return false;
    this.#pair(view);
    const weights = view ? withConjugates(step.weights) : step.weights;
    if (step.kind === "diagonal") {
      this.#diagonal(weights, step.field, twice);
      return true;
    }
    if (step.kind === "dense") return this.#dense(step.rows, step.columns, weights, step.field, view ? 2 : 1);
    const { a, b, c, d } = step.pattern;
    if (b === 1 && c === 1) {
      this.#diagonal(weights, step.field, twice);
      return true;
    }
    const stride = view ? 2 * d : d / twice;
    if (b !== 2 || c !== 2 || !Number.isInteger(stride) || (stride & (stride - 1)) !== 0) return false;
    this.#factor(weights, step.field, a * stride, stride, twice);
    return true;
  }

  /** All that was seen. */
  finish(): Unrolled {
    this.#pair(false);
    // A cut at the end is the corner.
    if (this.#index) this.#carryOut();
    return {
      n: this.#n,
      sheets: carriedOut(this.#sheets, this.#parts, this.#field),
      field: this.#field,
      orthogonal: this.#orthogonal,
      scaled: this.#scaled,
    };
  }

  #point(i: number): number {
    return this.#index ? this.#index[i] : i;
  }

  #applyCut(): void {
    if (this.#cut === undefined) return;
    const mask = new Float32Array(this.#n).fill(1, 0, this.#cut);
    this.#cut = undefined;
    this.#diagonal(mask, "real", 1);
  }

  /** Begins or ends to see pairs as complex numbers. */
  #pair(on: boolean): void {
    if (this.#paired === on) return;
    this.#paired = on;
    const pairs = this.#size / 2, weights = new Float64Array(8 * pairs);
    for (let i = 0; i < pairs; i++) weights.set(on ? PAIR : UNPAIR, 8 * i);
    this.#factor(weights, "complex", pairs, 1, 1);
  }

  /** y[i] = x[i + shift]; what goes over the edge is lost, what comes in is zero. */
  #shift(shift: number): boolean {
    const n = this.#n, size = this.#size - shift;
    if (size < 1 || size > n) return false;
    this.#pair(false);
    this.#applyCut();
    if (shift > 0) this.#diagonal(Float64Array.from({ length: shift }, () => 0), "real", 1);
    this.#permute(Uint32Array.from({ length: n }, (_, i) => (i + shift + n) % n), false);
    this.#size = size;
    return true;
  }

  /** A dense matrix of at most two rows and columns, which is a factor; in a view on each number and its conjugate. */
  #dense(rows: number, cols: number, values: ArrayLike<number>, field: Field, copies: 1 | 2): boolean {
    if (rows > 2 || cols > 2) return false;
    if (rows * cols === 1) {
      this.#diagonal(values, field, 1);
      return true;
    }
    const unit = floats(field), weights = new Float64Array(4 * copies * unit);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++) {
        for (let k = 0; k < copies * unit; k++) {
          weights[(2 * i + j) * copies * unit + k] = values[(i * cols + j) * copies * unit + k];
        }
      }
    }
    this.#factor(weights, field, copies, copies, 1);
    this.#size = rows * copies;
    return true;
  }

  /** A diagonal; each entry stands `twice` times in `values`. */
  #diagonal(values: ArrayLike<number>, field: Field, twice: 1 | 2): void {
    const unit = floats(this.#field), own = floats(field), weights = new Float64Array(this.#n * unit);
    for (let i = 0; i < this.#n; i++) weights[i * unit] = 1;
    for (let i = 0; i < values.length / own / twice; i++) {
      const to = this.#point(i) * unit, from = i * own * twice;
      weights[to] = values[from];
      if (own === 2) weights[to + 1] = values[from + 1];
      const size = Math.hypot(weights[to], own === 2 ? weights[to + 1] : 0);
      if (!(Math.abs(size - 1) <= ROUNDING)) this.#scaled = true;
    }
    this.#sheets.push({ stride: undefined, weights });
  }

  #permute(index: Uint32Array, scatter: boolean): void {
    const before = this.#index ?? Uint32Array.from({ length: this.#n }, (_, i) => i);
    const next = Uint32Array.from(before);
    index.forEach((j, i) => scatter ? next[j] = before[i] : next[i] = before[j]);
    this.#index = next.every((j, i) => j === i) ? undefined : next;
  }

  /** Takes the permutation so far for two butterflies: of which order of strides first, is decided at the end. */
  #carryOut(): void {
    this.#parts.push({ index: this.#index!, before: this.#sheets.length });
    this.#index = undefined;
  }

  /** A factor with blocks for the first 2·`blocks` points. */
  #factor(values: ArrayLike<number>, field: Field, blocks: number, stride: number, twice: 1 | 2): void {
    let to = stride;
    if (this.#index) {
      to = this.#index[0] ^ this.#index[stride];
      let pairs = (to & (to - 1)) === 0;
      for (let i = 0; i < blocks && pairs; i++) {
        const low = blockPoint(i, stride);
        pairs = (this.#index[low] ^ this.#index[low + stride]) === to;
      }
      if (!pairs) {
        this.#carryOut();
        to = stride;
      }
    }
    const unit = floats(this.#field), own = floats(field), weights = new Float64Array(2 * this.#n * unit);
    for (let i = 0; i < this.#n / 2; i++) {
      const at = blockStart(i, to);
      weights[at * unit] = weights[(at + 3 * to) * unit] = 1;
    }
    for (let i = 0; i < blocks; i++) {
      const low = this.#point(blockPoint(i, stride)), high = this.#point(blockPoint(i, stride) + stride);
      const first = Math.min(low, high), from = blockStart(i, stride);
      const at = Math.floor(first / (2 * to)) * 4 * to + first % to;
      const block: number[] = [];
      for (let entry = 0; entry < 4; entry++) {
        const source = (from + entry * stride) * own * twice;
        // With the points of a pair the other way round, so are rows and columns.
        const target = (at + (low < high ? entry : 3 - entry) * to) * unit;
        weights[target] = values[source];
        if (own === 2) weights[target + 1] = values[source + 1];
        block.push(values[source], own === 2 ? values[source + 1] : 0);
      }
      if (!isUnitary(block)) this.#orthogonal = false;
    }
    this.#sheets.push({ stride: to, weights });
  }
}

/** A permutation of pairs as one of numbers. */
function doubled(index: Uint32Array): Uint32Array {
  return Uint32Array.from({ length: 2 * index.length }, (_, i) => 2 * index[i >> 1] + (i & 1));
}

/** Whether a 2×2 block (interleaved, row-major) has orthonormal columns, within rounding. */
function isUnitary([a, b, c, d, e, f, g, h]: readonly number[]): boolean {
  const first = a * a + b * b + e * e + f * f, second = c * c + d * d + g * g + h * h;
  const re = a * c + b * d + e * g + f * h, im = a * d - b * c + e * h - f * g;
  return Math.abs(first - 1) <= ROUNDING && Math.abs(second - 1) <= ROUNDING &&
    Math.hypot(re, im) <= ROUNDING;
}
