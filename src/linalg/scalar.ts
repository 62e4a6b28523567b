/**
 * Numbers and vectors of either field: how wide they are, how a real one becomes complex, what is refused.
 *
 * @module
 */
import { kindOf } from "../operator/check.ts";
import type { Field, Vector } from "./types.ts";

/** A number: real, or complex as [re, im]. */
export type Scalar = number | readonly [re: number, im: number];

/** Floats that one number takes. */
export function unitOf(field: Field): 1 | 2 {
  return field === "complex" ? 2 : 1;
}

/** A number as [re, im], checked to be finite. */
export function pair(what: string, name: string, value: Scalar): readonly [number, number] {
  const parts = typeof value === "number" ? [value, 0] as const : value;
  if (!Array.isArray(parts) || parts.length !== 2 || !parts.every(Number.isFinite)) {
    throw new TypeError(
      `Cannot ${what}: ${name} must be a finite number or [re, im] of two, got ${String(value)}`,
    );
  }
  return [parts[0], parts[1]];
}

/** The field of something made of things of several. */
export function joinFields(parts: readonly { readonly field: Field }[]): Field {
  return parts.some(({ field }) => field === "complex") ? "complex" : "real";
}

/** Real numbers as interleaved complex ones. */
export function complexify(x: ArrayLike<number>): Vector {
  const result = new Float64Array(2 * x.length);
  for (let i = 0; i < x.length; i++) result[2 * i] = x[i];
  return result;
}

/** Numbers of one field in another; complex ones lose nothing only where imaginary parts are zero. */
export function inField(x: Vector, from: Field, to: Field): Vector {
  if (from === to) return x;
  if (to === "complex") return complexify(x);
  const result = new Float64Array(x.length / 2);
  for (let i = 0; i < result.length; i++) result[i] = x[2 * i];
  return result;
}

/** Conjugates of interleaved numbers; the same array if they are real. */
export function conjugate(x: Vector, field: Field): Vector {
  if (field === "real") return x;
  const result = x.slice();
  for (let i = 1; i < result.length; i += 2) result[i] = 0 - result[i];
  return result;
}

/** Complex vectors of `n` numbers taken apart: for each, the vector of real parts and that of imaginary ones. */
export function split(x: Float64Array, n: number): Vector {
  const result = new Float64Array(x.length);
  for (let at = 0; at < x.length; at += 2 * n) {
    for (let i = 0; i < n; i++) {
      result[at + i] = x[at + 2 * i];
      result[at + n + i] = x[at + 2 * i + 1];
    }
  }
  return result;
}

/** The opposite of {@link split}. */
export function join(x: Float64Array, n: number): Vector {
  const result = new Float64Array(x.length);
  for (let at = 0; at < x.length; at += 2 * n) {
    for (let i = 0; i < n; i++) {
      result[at + 2 * i] = x[at + i];
      result[at + 2 * i + 1] = x[at + n + i];
    }
  }
  return result;
}

/** The 2-norm, without overflow. */
export function norm2(x: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < x.length; i++) {
    const size = Math.abs(x[i]);
    if (!(size <= largest)) largest = size;
  }
  if (!(largest > 0 && largest < Infinity)) return largest;
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += (x[i] / largest) ** 2;
  return largest * Math.sqrt(sum);
}

/**
 * Takes a list of numbers into a new vector.
 *
 * @throws {TypeError} when it is no list
 * @throws {RangeError} when a number is not finite, or there are not `length` of them
 */
export function vectorOf(what: string, name: string, values: ArrayLike<number>, length?: number): Vector {
  if (!Array.isArray(values) && !(ArrayBuffer.isView(values) && "length" in values)) {
    throw new TypeError(`Cannot ${what}: ${name} is not a list of numbers but ${kindOf(values)}`);
  }
  if (length !== undefined && values.length !== length) {
    throw new RangeError(`Cannot ${what}: expected ${length} numbers of ${name}, got ${values.length}`);
  }
  const result = new Float64Array(values.length);
  for (let i = 0; i < result.length; i++) {
    // Not `Number(…)`: null and strings are no numbers.
    if (typeof values[i] !== "number" || !Number.isFinite(values[i])) {
      throw new RangeError(
        `Cannot ${what}: ${name}[${i}] is ${String(values[i])}, which is not a finite number`,
      );
    }
    result[i] = values[i];
  }
  return result;
}

/** Refuses what is no size. */
export function sizeOf(what: string, name: string, value: number): number {
  if (!Number.isInteger(value) || value < 1 || value > 2 ** 31) {
    throw new RangeError(
      `Cannot ${what}: ${name} must be a whole number from 1 to 2³¹, got ${String(value)}`,
    );
  }
  return value;
}

/** Takes the real or complex numbers of `count` entries. */
export function numbersOf(
  what: string,
  name: string,
  values: ArrayLike<number>,
  field: Field,
  count?: number,
): Vector {
  if (field !== "real" && field !== "complex") {
    throw new TypeError(`Cannot ${what}: field must be "real" or "complex", got ${JSON.stringify(field)}`);
  }
  const unit = unitOf(field);
  const result = vectorOf(what, name, values, count === undefined ? undefined : count * unit);
  if (result.length % unit !== 0) {
    throw new RangeError(
      `Cannot ${what}: complex ${name} need an even number of floats (re, im), got ${result.length}`,
    );
  }
  return result;
}
