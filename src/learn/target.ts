/**
 * What is learned from: a dense square matrix of numbers, checked once, kept in float64.
 *
 * @module
 */

import type { Field } from "../program/step.ts";

export type { Field };

/** A checked dense square matrix. Made by {@link checkTarget}. */
export interface Target {
  /** The order: rows and columns. */
  readonly n: number;
  /** How the values are to be read. */
  readonly field: Field;
  /** Row-major: n² numbers, or 2·n² when complex (interleaved). All finite. */
  readonly values: Float64Array;
  /** Frobenius norm; 0 for the zero matrix, for which there is nothing to learn. */
  readonly norm: number;
}

/** Of larger matrices the entries would not fit into one array. */
const LARGEST_ORDER = 2 ** 14;
/** The largest finite float32, which a learned operator's output must not pass. */
const LARGEST = 3.4028234663852886e38;
/** The smallest normal float32: below it precision is lost, and soon everything. */
const SMALLEST = 1.1754943508222875e-38;

/**
 * Imaginary parts this small beside the largest entry are rounding dirt (sin π = 1.2e-16), not a complex
 * target.
 */
const DIRT = 1e-12;

/** True for 1, 2, 4, 8 … 2³⁰. */
export function isPowerOfTwo(n: number): boolean {
  return Number.isInteger(n) && n >= 1 && n <= 2 ** 30 && (n & (n - 1)) === 0;
}

/** Refuses orders that are no power of two, for the methods that need one. */
export function checkPowerOfTwo(what: string, n: number): void {
  if (!isPowerOfTwo(n)) throw new RangeError(`Cannot ${what}: its order is ${n}, expected a power of two`);
}

/** log₂ of a power of two, exactly; `Math.log2` need not be exact in every engine. */
export function log2(n: number): number {
  return 31 - Math.clz32(n);
}

/** The bits of `index` in the opposite order, of `bits` bits. */
export function reverseBits(index: number, bits: number): number {
  let reversed = 0;
  for (let bit = 0; bit < bits; bit++) reversed |= ((index >>> bit) & 1) << (bits - 1 - bit);
  return reversed;
}

/**
 * Checks a dense matrix and copies it to float64.
 *
 * @param values row-major entries: n² numbers when real, 2·n² (re, im interleaved) when complex.
 * @param n the order; taken from the length when undefined.
 * @param field how the numbers are to be read.
 * @throws TypeError if `values` is no array of numbers.
 * @throws RangeError if the matrix is not square, or an entry NaN, infinite, or
 * all of them outside the range of float32, in which the learned operator works.
 */
export function checkTarget(values: ArrayLike<number>, n?: number, field: Field = "real"): Target {
  if (field !== "real" && field !== "complex") {
    throw new TypeError(`Cannot read the target: field is ${String(field)}, expected "real" or "complex"`);
  }
  if (!isArrayOfNumbers(values)) {
    throw new TypeError(
      "Cannot read the target: expected an array of numbers (Float64Array, Float32Array, number[])",
    );
  }
  const width = field === "complex" ? 2 : 1;
  const order = n ?? Math.sqrt(values.length / width);
  if (!(Number.isSafeInteger(order) && order >= 1 && order <= LARGEST_ORDER)) {
    throw new RangeError(
      n === undefined
        ? `Cannot learn from a target of ${values.length} numbers: expected a ${field} n×n matrix`
        : `Cannot learn a target of order n = ${n}: expected a whole number from 1 to ${LARGEST_ORDER}`,
    );
  }
  if (values.length !== order * order * width) {
    throw new RangeError(
      `Cannot learn a ${order}×${order} ${field} target: expected ${
        order * order * width
      } numbers, got ${values.length}`,
    );
  }
  const copy = Float64Array.from(values);
  let largest = 0;
  for (let i = 0; i < copy.length; i++) {
    const value = copy[i];
    if (!Number.isFinite(value)) {
      const entry = Math.floor(i / width);
      throw new RangeError(
        `Cannot learn a target that is not finite: entry (${Math.floor(entry / order)}, ${
          entry % order
        }) is ${value}`,
      );
    }
    largest = Math.max(largest, Math.abs(value));
  }
  if (largest > LARGEST || (largest > 0 && largest < SMALLEST)) {
    throw new RangeError(
      `Cannot learn a target whose largest entry is ${largest}: the operator works in float32, ` +
        `scale the target between ${SMALLEST.toPrecision(2)} and ${LARGEST.toPrecision(2)}`,
    );
  }
  return { n: order, field, values: copy, norm: norm(copy) };
}

function isArrayOfNumbers(values: unknown): values is ArrayLike<number> {
  if (ArrayBuffer.isView(values)) return !(values instanceof DataView) && typeof at(values, 0) !== "bigint";
  return Array.isArray(values) && values.every((value) => typeof value === "number");
}

function at(values: ArrayBufferView, index: number): unknown {
  return (values as unknown as ArrayLike<unknown>)[index];
}

/** Frobenius norm. The squares of float32-sized numbers cannot overflow in float64. */
function norm(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return Math.sqrt(sum);
}

/** True when a complex target has no imaginary part beyond rounding dirt, so that real factors do. */
export function isReal(target: Target): boolean {
  if (target.field === "real") return true;
  let real = 0;
  let imaginary = 0;
  for (let i = 0; i < target.values.length; i += 2) {
    real = Math.max(real, Math.abs(target.values[i]));
    imaginary = Math.max(imaginary, Math.abs(target.values[i + 1]));
  }
  return imaginary <= DIRT * real;
}

/**
 * The same matrix in the field asked for.
 *
 * @throws RangeError if a target with imaginary parts is asked to be real.
 */
export function inField(target: Target, field: Field): Target {
  if (target.field === field) return target;
  const { n, values } = target;
  if (field === "complex") {
    const wide = new Float64Array(2 * n * n);
    for (let i = 0; i < n * n; i++) wide[2 * i] = values[i];
    return { n, field, values: wide, norm: target.norm };
  }
  if (!isReal(target)) {
    throw new RangeError(
      'Cannot fit real factors to a target with imaginary parts: leave field out or ask for "complex"',
    );
  }
  const narrow = new Float64Array(n * n);
  for (let i = 0; i < n * n; i++) narrow[i] = values[2 * i];
  return { n, field, values: narrow, norm: norm(narrow) };
}

/** The target whose entry (i, j) is entry (rows[i], columns[j]) of another. */
export function permuted(target: Target, rows?: ArrayLike<number>, columns?: ArrayLike<number>): Target {
  if (!rows && !columns) return target;
  const { n, field, values } = target, width = field === "complex" ? 2 : 1;
  const result = new Float64Array(values.length);
  for (let i = 0, to = 0; i < n; i++) {
    const row = n * (rows?.[i] ?? i);
    for (let j = 0; j < n; j++) {
      const from = (row + (columns?.[j] ?? j)) * width;
      for (let part = 0; part < width; part++) result[to++] = values[from + part];
    }
  }
  return { n, field, values: result, norm: target.norm };
}
