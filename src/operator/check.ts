/**
 * Checks of arguments that several operators share.
 *
 * @module
 */

import { kindOf } from "../kernels/vectors.ts";
import type { Field } from "../program/step.ts";

export { kindOf };

/** The largest butterfly: 2²⁰ points. */
export const LARGEST = 2 ** 20;

/** Refuses what is not a positive integer up to `most`. */
export function checkSize(what: string, name: string, value: number, most = 2 ** 30): void {
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new RangeError(
      `Cannot make ${what}: ${name} must be a whole number from 1 to ${most}, got ${value}`,
    );
  }
}

/** Refuses what is no power of two. */
export function checkPowerOfTwo(what: string, name: string, value: number, most = LARGEST): void {
  checkSize(what, name, value, most);
  if ((value & (value - 1)) !== 0) {
    throw new RangeError(`Cannot make ${what}: ${name} must be a power of two, got ${value}`);
  }
}

/** Refuses unknown fields. */
export function checkField(what: string, field: Field): void {
  if (field !== "real" && field !== "complex") {
    throw new TypeError(
      `Cannot make ${what}: field must be "real" or "complex", got ${JSON.stringify(field)}`,
    );
  }
}

/** Refuses what is no list: neither an array nor a typed one. */
export function checkList(what: string, name: string, values: ArrayLike<unknown>): void {
  if (Array.isArray(values) || (ArrayBuffer.isView(values) && "length" in values)) return;
  throw new TypeError(`Cannot make ${what}: ${name} is not a list but ${kindOf(values)}`);
}

/** Refuses arrays of the wrong type or length, and weights that are not finite. */
export function checkWeights(what: string, name: string, values: Float32Array, length: number): void {
  if (!(values instanceof Float32Array)) {
    throw new TypeError(`Cannot make ${what}: ${name} is not a Float32Array but ${kindOf(values)}`);
  }
  if (values.length !== length) {
    throw new RangeError(`Cannot make ${what}: expected ${length} floats of ${name}, got ${values.length}`);
  }
  for (let i = 0; i < length; i++) {
    // Subtraction is the cheapest test: Infinity and NaN give NaN.
    if (values[i] - values[i] !== 0) {
      throw new RangeError(
        `Cannot make ${what}: ${name}[${i}] is ${values[i]}, which is not a finite number`,
      );
    }
  }
}
