/**
 * What the file readers share: how a file is named in a message, sizes that cannot overflow, and typed
 * views of bytes. Everything that comes in is untrusted, so nothing here allocates by what a file claims.
 *
 * @module
 */

import type { NumericArray } from "./array.ts";

/**
 * Quotes text from a file or a user for a message: cut to 60 characters, control characters escaped, so that
 * a hostile name can neither flood nor repaint a terminal.
 */
export function quote(text: string): string {
  const short = text.length > 60 ? text.slice(0, 60) + "…" : text;
  return `'${short.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (c) => `\\u{${c.codePointAt(0)?.toString(16)}}`)}'`;
}

/**
 * Refuses what is not a `Uint8Array` (TypeError) and what is empty (RangeError), and otherwise gives the name
 * that messages about the file use: the quoted `name`, or `kind` where the caller gave none.
 */
export function fileLabel(bytes: Uint8Array, name: string | undefined, kind: string): string {
  const label = name === undefined ? kind : quote(name);
  // The tag, not instanceof: bytes may come from another realm (a worker, a test runner's sandbox).
  const tag = Object.prototype.toString.call(bytes).slice(8, -1);
  if (tag !== "Uint8Array") throw new TypeError(`Cannot read ${label}: expected a Uint8Array, got ${tag}`);
  if (bytes.length === 0) throw new RangeError(`Cannot read ${label}: the file is empty`);
  return label;
}

/** Whether a value can be a length or an offset: an integer from 0 to 2⁵³ − 1. */
export function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The number of elements of a shape, or NaN where an entry is no size or the product passes 2⁵³ − 1. */
export function countElements(shape: readonly unknown[]): number {
  let count = 1;
  for (const size of shape) {
    if (!isSize(size) || !isSize(count *= size)) return NaN;
  }
  return count + 0; // a size of −0 must not make a count of −0
}

/** A typed array constructor, as far as {@linkcode viewOf} needs it. */
export interface ViewType<A> {
  /** Makes a view of a buffer. */
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): A;
  /** Bytes of one element, and the alignment of a view. */
  readonly BYTES_PER_ELEMENT: number;
}

/**
 * `length` elements of `bytes` from byte `start` on: a view of the same memory where that is aligned, a copy
 * where it is not. Little-endian machines are assumed, as everywhere that JavaScript runs today.
 */
export function viewOf<A>(type: ViewType<A>, bytes: Uint8Array, start: number, length: number): A {
  const size = type.BYTES_PER_ELEMENT;
  const at = bytes.byteOffset + start;
  if (at % size === 0) return new type(bytes.buffer, at, length);
  // Not bytes.slice(): that of Node's Buffer does not copy.
  return new type(new Uint8Array(bytes.subarray(start, start + length * size)).buffer, 0, length);
}

/**
 * Refuses an array whose parts do not fit together.
 *
 * @param cannot How the message begins: "Cannot …".
 * @throws {TypeError} If the data is no Float32Array or Float64Array, or the field none of the two.
 * @throws {RangeError} If the shape needs another number of floats than the data has.
 */
export function checkArray({ shape, field, data }: NumericArray, cannot: string): void {
  if (field !== "real" && field !== "complex") {
    throw new TypeError(`${cannot}: expected the field "real" or "complex", got ${quote(String(field))}`);
  }
  if (!(data instanceof Float32Array || data instanceof Float64Array)) {
    throw new TypeError(`${cannot}: expected the data as a Float32Array or Float64Array`);
  }
  const length = countElements(shape) * (field === "complex" ? 2 : 1);
  if (length !== data.length) {
    throw new RangeError(
      `${cannot}: a ${field} array of shape [${shape.join(", ")}] has ${length} floats, got ${data.length}`,
    );
  }
}
