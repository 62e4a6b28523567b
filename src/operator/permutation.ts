/**
 * Permutations.
 *
 * @module
 */

import { type Program, ProgramBuilder } from "../program/program.ts";
import type { Field } from "../program/step.ts";
import { checkField, checkPowerOfTwo, checkSize } from "./check.ts";
import { Operator } from "./operator.ts";

/** The bit reversal of log₂n bits: entry i is i with its bits in the opposite order. n must be a power of two. */
export function bitReversal(n: number): Uint32Array<ArrayBuffer> {
  checkPowerOfTwo("a bit reversal", "n", n, 2 ** 30);
  const index = new Uint32Array(n);
  for (let size = 1; size < n; size *= 2) {
    for (let i = 0; i < size; i++) {
      index[i] *= 2;
      index[size + i] = index[i] + 1;
    }
  }
  return index;
}

/**
 * Refuses what is no permutation of 0 … n − 1.
 *
 * @throws {RangeError} naming the index that is out of range, or the one that is repeated and one that is missing
 * @throws {TypeError} when it is no list
 */
export function checkPermutation(what: string, index: ArrayLike<number>, most = 2 ** 30): void {
  if (index === null || typeof index !== "object") {
    throw new TypeError(`Cannot make ${what}: expected a list of indices, got ${index}`);
  }
  checkSize(what, "its length", index.length, most);
  const seen = new Uint8Array(index.length);
  for (let i = 0; i < index.length; i++) {
    const j = index[i];
    if (!Number.isInteger(j) || j < 0 || j >= index.length) {
      throw new RangeError(
        `Cannot make ${what}: entry ${i} is ${j}, which is not a whole number below ${index.length}`,
      );
    }
    if (seen[j]++) {
      const missing = firstMissing(index);
      throw new RangeError(
        `Cannot make ${what}: index ${j} is repeated at entry ${i}, and ${missing} is missing`,
      );
    }
  }
}

/**
 * A permutation: y[i] = x[index[i]].
 *
 * @example
 * ```ts
 * import { Permutation } from "@papillon/papillon";
 * const reverse = new Permutation(new Uint32Array([2, 1, 0]));
 * console.assert(reverse.apply(new Float32Array([1, 2, 3]))[0] === 3);
 * ```
 */
export class Permutation extends Operator {
  /** Where each output comes from. Not to be changed. */
  readonly index: Uint32Array<ArrayBuffer>;

  /**
   * The permutation of an index vector, which is copied.
   *
   * @param index each of 0 … n − 1 once
   * @param field of the vectors it permutes
   * @throws {RangeError} naming the index that is out of range or repeated
   */
  constructor(index: ArrayLike<number>, field: Field = "real") {
    checkPermutation("a permutation", index);
    checkField("a permutation", field);
    super(index.length, index.length, field);
    this.index = Uint32Array.from(index);
  }

  /** The bit reversal of n points, n a power of two. */
  static bitReversal(n: number, field: Field = "real"): Permutation {
    return new Permutation(bitReversal(n), field);
  }

  /** The steps of this operator. */
  protected build(): Program {
    const unit = this.field === "complex" ? 2 : 1;
    const builder = new ProgramBuilder(this.cols * unit);
    return builder.build(builder.permutation(0, this.index, unit));
  }

  /** The inverse permutation. */
  override adjoint(): Permutation {
    const inverse = new Uint32Array(this.rows);
    this.index.forEach((j, i) => inverse[j] = i);
    return new Permutation(inverse, this.field);
  }

  /** The inverse permutation. */
  override transpose(): Permutation {
    return this.adjoint();
  }
}

function firstMissing(index: ArrayLike<number>): number {
  const present = new Set(Array.from(index));
  let i = 0;
  while (present.has(i)) i++;
  return i;
}
