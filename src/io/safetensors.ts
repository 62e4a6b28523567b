/**
 * Reading and writing safetensors: 8 bytes of header length (little-endian), a JSON header, then the tensors'
 * data without gaps (https://huggingface.co/docs/safetensors). A file is untrusted input: all of the header
 * is checked before anything is made of it, and what is made is never larger than twice the file.
 *
 * @module
 */

import type { NumericArray } from "./array.ts";
import { countElements, fileLabel, isSize, quote, viewOf, type ViewType } from "./bytes.ts";
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from "./half.ts";

/** The element types that are read, by their safetensors names. C64 is two float32: re, im. */
export type Dtype =
  | "F64"
  | "F32"
  | "F16"
  | "BF16"
  | "C64"
  | "I64"
  | "I32"
  | "I16"
  | "I8"
  | "U64"
  | "U32"
  | "U16"
  | "U8"
  | "BOOL";

/** The typed arrays that hold a tensor's elements. */
export type TensorData =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | BigUint64Array
  | Uint32Array
  | Uint16Array
  | Uint8Array;

/** One tensor, row-major. */
export interface Tensor {
  /** The element type in the file. */
  dtype: Dtype;
  /** Sizes, outermost first; empty for a single number. */
  shape: number[];
  /**
   * The elements: for F32, and for C64 (re, im, re, im …), F16 and BF16 (converted, exactly), a Float32Array;
   * for F64 a Float64Array; for BOOL a Uint8Array; for the integers the typed array of their kind.
   */
  data: TensorData;
}

/** What a safetensors file holds. */
export interface SafetensorsFile {
  /** The tensors by name, in the order of their data. */
  tensors: Map<string, Tensor>;
  /** The header's free-form strings. An object without a prototype, so that only the file's keys are found. */
  metadata: Record<string, string>;
}

const TYPES: Readonly<Record<Dtype, ViewType<TensorData>>> = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  C64: Float32Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U64: BigUint64Array,
  U32: Uint32Array,
  U16: Uint16Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
};

/** The reference implementation's limit, kept so that each reader takes the files that the other takes. */
const MAX_HEADER = 100_000_000;

const isDtype = (value: unknown): value is Dtype => typeof value === "string" && Object.hasOwn(TYPES, value);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const partsOf = (dtype: Dtype): number => dtype === "C64" ? 2 : 1;

/**
 * The first key of the header or of an object in it that is there twice, or is `__proto__`; undefined if
 * there is none. JSON.parse silently keeps the last of two equal keys, so that one file could hold two
 * different tensors for two readers. `json` has been parsed before, so it is well formed.
 */
function unsafeKey(json: string): string | undefined {
  const seen = [new Set<string>(), new Set<string>()];
  let depth = 0;
  for (let i = 0; i < json.length; i++) {
    if (json[i] === "{") seen[depth++]?.clear();
    else if (json[i] === "}") depth--;
    else if (json[i] === '"') {
      const start = i;
      while (json[++i] !== '"') if (json[i] === "\\") i++;
      let next = i + 1;
      while (" \t\r\n".includes(json[next])) next++;
      const keys = seen[depth - 1];
      if (json[next] !== ":" || !keys) continue;
      const key: string = JSON.parse(json.slice(start, i + 1));
      if (keys.has(key) || key === "__proto__") return key;
      keys.add(key);
    }
  }
}

/**
 * Reads a safetensors file.
 *
 * Data of 4-byte numbers that is 4-byte aligned in memory (as that of {@linkcode writeSafetensors} is) is not
 * copied: the arrays are views of `bytes`, and writing to the one changes the other. Values are not judged:
 * NaN and Infinity come through.
 *
 * @param bytes The whole file; may be a part of a larger buffer.
 * @param name What messages call the file.
 * @throws {RangeError} Where the file is not a well-formed safetensors file: a sentence that begins "Cannot
 * read".
 * @throws {TypeError} Where `bytes` is no Uint8Array, or a tensor's dtype is not one of {@linkcode Dtype}.
 *
 * @example
 * ```ts
 * import { readSafetensors, type Tensor, writeSafetensors } from "./safetensors.ts";
 *
 * const w: Tensor = { dtype: "F32", shape: [2], data: new Float32Array([1, 2]) };
 * const bytes = writeSafetensors([["w", w]], { by: "me" });
 * const { tensors, metadata } = readSafetensors(bytes);
 * console.log(tensors.get("w")?.data, metadata.by); // Float32Array [1, 2] me
 * ```
 */
export function readSafetensors(bytes: Uint8Array, name?: string): SafetensorsFile {
  const label = fileLabel(bytes, name, "the safetensors file");
  const bad = (why: string): RangeError => new RangeError(`Cannot read ${label}: ${why}`);

  if (bytes.length < 8) throw bad(`it has ${bytes.length} bytes, expected 8 for the header length alone`);
  const head = new DataView(bytes.buffer, bytes.byteOffset, 8);
  const length = head.getUint32(0, true) + head.getUint32(4, true) * 2 ** 32;
  if (length > MAX_HEADER) {
    throw bad(
      `the header claims ${length} bytes, at most ${MAX_HEADER} are allowed (is it a safetensors file?)`,
    );
  }
  const room = bytes.length - 8 - length;
  if (room < 0) {
    throw bad(`the header claims ${length} bytes but the file has ${bytes.length}: it is cut short`);
  }

  let header: unknown;
  let json = "";
  try {
    // The copy is for memory shared between threads, which browsers' TextDecoder refuses.
    json = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(new Uint8Array(bytes.subarray(8, 8 + length)));
    header = JSON.parse(json);
  } catch {
    throw bad("the header is not JSON in UTF-8");
  }
  if (!isObject(header)) throw bad("the header is not a JSON object");
  const key = unsafeKey(json);
  if (key !== undefined) {
    throw bad(`the header has the key ${quote(key)} ${key === "__proto__" ? "(never allowed)" : "twice"}`);
  }

  const metadata: Record<string, string> = Object.create(null);
  const found: { name: string; dtype: Dtype; shape: number[]; count: number; start: number; end: number }[] =
    [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") {
      if (entry === null) continue; // the reference implementation takes that as none
      if (!isObject(entry)) throw bad("the metadata is not a JSON object");
      for (const [key, value] of Object.entries(entry)) {
        if (typeof value !== "string") throw bad(`the metadata ${quote(key)} is not a string`);
        metadata[key] = value;
      }
      continue;
    }
    const tensor = `tensor ${quote(name)}`;
    if (!isObject(entry)) throw bad(`the entry of ${tensor} is not a JSON object`);
    const { dtype, shape, data_offsets: offsets } = entry;
    if (!isDtype(dtype)) {
      throw new TypeError(
        `Cannot read ${label}: ${tensor} has the dtype ${
          quote(String(JSON.stringify(dtype)))
        }, expected one of ` +
          Object.keys(TYPES).join(", "),
      );
    }
    const count = Array.isArray(shape) ? countElements(shape) : NaN;
    if (Number.isNaN(count)) {
      throw bad(`the shape of ${tensor} is not a list of sizes with a product below 2⁵³`);
    }
    if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
      throw bad(`the offsets of ${tensor} are not two integers from 0 on`);
    }
    const [start, end] = offsets;
    if (start > end) throw bad(`${tensor} ends at byte ${end}, before its start at byte ${start}`);
    if (end > room) {
      throw bad(`${tensor} claims bytes ${start} to ${end} but the file has ${room} bytes of data`);
    }
    const size = count * partsOf(dtype) * TYPES[dtype].BYTES_PER_ELEMENT;
    if (size !== end - start) {
      throw bad(`${tensor} has ${end - start} bytes of data, its shape and dtype ${dtype} need ${size}`);
    }
    found.push({ name, dtype, shape: shape as number[], count, start, end });
  }

  // The format wants each byte to belong to exactly one tensor: nothing hidden, nothing shared.
  found.sort((a, b) => a.start - b.start || a.end - b.end);
  let covered = 0;
  for (const { name, start, end } of found) {
    if (start < covered) throw bad(`the data of tensor ${quote(name)} overlaps another tensor's`);
    if (start > covered) {
      throw bad(`${start - covered} bytes before tensor ${quote(name)} belong to no tensor`);
    }
    covered = end;
  }
  if (covered < room) throw bad(`the last ${room - covered} bytes belong to no tensor`);

  const tensors = new Map<string, Tensor>();
  for (const { name, dtype, shape, count, start } of found) {
    const raw = viewOf(TYPES[dtype], bytes, 8 + length + start, count * partsOf(dtype));
    const data = dtype === "F16"
      ? float16ToFloat32(raw as Uint16Array)
      : dtype === "BF16"
      ? bfloat16ToFloat32(raw as Uint16Array)
      : raw;
    tensors.set(name, { dtype, shape, data });
  }
  return { tensors, metadata };
}

/**
 * One tensor of a file as real or complex numbers.
 *
 * @param label What messages call the file.
 * @returns The shape, the field, and the data (not copied): a Float32Array, or for F64 a Float64Array.
 * @throws {RangeError} If the file has no such tensor.
 * @throws {TypeError} If the tensor holds integers or truth values.
 */
export function floatTensor(file: SafetensorsFile, name: string, label?: string): NumericArray {
  const tensor = file.tensors.get(name);
  const cannot = `Cannot read ${label === undefined ? "" : `${quote(label)}: `}tensor ${quote(name)}`;
  if (!tensor) {
    const names = [...file.tensors.keys()];
    const list = names.slice(0, 5).map(quote).join(", ") + (names.length > 5 ? ", …" : "");
    throw new RangeError(`${cannot}: the file has no tensor of this name, it has ${list || "none"}`);
  }
  const { dtype, shape, data } = tensor;
  if (!(data instanceof Float32Array || data instanceof Float64Array)) {
    throw new TypeError(`${cannot}: its dtype is ${dtype}, expected one of F32, F64, F16, BF16, C64`);
  }
  return { shape, field: dtype === "C64" ? "complex" : "real", data };
}

/**
 * Writes a safetensors file: the tensors in the order given, the same bytes for the same input. The header is
 * padded with spaces so that the data starts on a multiple of 8 bytes.
 *
 * @param tensors Names and tensors (a Map serves). Those of F16 and BF16 are Float32Arrays as they were read; nothing is
 * rounded, numbers that do not fit are refused.
 * @param metadata Strings for the header.
 * @throws {TypeError} If a dtype and its array do not fit together, or metadata is not a string.
 * @throws {RangeError} If a shape does not fit its data, or a name is given twice or cannot be used.
 */
export function writeSafetensors(
  tensors: Iterable<readonly [string, Tensor]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  // Joined by hand, for an object would put names such as "10" first.
  const entries: string[] = [];
  const arrays = new Map<string, TensorData>();
  let size = 0;
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== "string") {
      throw new TypeError(`Cannot write metadata ${quote(key)}: expected a string`);
    }
    if (key === "__proto__") {
      throw new RangeError(`Cannot write metadata ${quote(key)}: the name is reserved`);
    }
  }
  if (Object.keys(metadata).length > 0) entries.push(`"__metadata__":${JSON.stringify(metadata)}`);
  for (const [name, { dtype, shape, data }] of tensors) {
    const cannot = `Cannot write tensor ${quote(name)}`;
    if (name === "__proto__" || name === "__metadata__") {
      throw new RangeError(`${cannot}: the name is reserved`);
    }
    if (arrays.has(name)) throw new RangeError(`${cannot}: the name is given twice`);
    if (!isDtype(dtype)) {
      throw new TypeError(
        `${cannot}: its dtype is ${dtype}, expected one of ${Object.keys(TYPES).join(", ")}`,
      );
    }
    const half = dtype === "F16" || dtype === "BF16";
    if (!(data instanceof (half ? Float32Array : TYPES[dtype] as unknown as NewableFunction))) {
      throw new TypeError(`${cannot}: its data is not of the typed array that dtype ${dtype} needs`);
    }
    const length = countElements(shape) * partsOf(dtype);
    if (data.length !== length) {
      throw new RangeError(
        `${cannot}: its shape [${shape}] and dtype ${dtype} need ${length} numbers, got ${data.length}`,
      );
    }
    const stored = half ? halves(dtype, data as Float32Array) : data;
    if (!stored) {
      throw new RangeError(`${cannot}: it has numbers that ${dtype} does not have, and nothing is rounded`);
    }
    arrays.set(name, stored);
    const offsets = [size, size += stored.byteLength];
    entries.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: offsets })}`);
  }

  const header = new TextEncoder().encode(`{${entries.join()}}`);
  const start = Math.ceil((8 + header.length) / 8) * 8;
  if (start - 8 > MAX_HEADER) {
    throw new RangeError(
      `Cannot write the safetensors file: its header would have ${
        start - 8
      } bytes, at most ${MAX_HEADER} are allowed`,
    );
  }
  const out = new Uint8Array(start + size);
  out.fill(0x20, 8, start);
  out.set(header, 8);
  new DataView(out.buffer).setUint32(0, start - 8, true);
  let at = start;
  for (const data of arrays.values()) {
    out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return out;
}

function halves(dtype: "F16" | "BF16", data: Float32Array): Uint16Array | undefined {
  return dtype === "F16" ? float32ToFloat16(data) : float32ToBfloat16(data);
}
