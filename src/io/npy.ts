/**
 * Reading and writing NumPy's .npy files, versions 1.0 to 3.0
 * (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html). The header is a Python literal;
 * it is read by a parser that knows only the three entries a .npy header has.
 *
 * @module
 */

import type { NumericArray } from "./array.ts";
import { checkArray, countElements, fileLabel, quote, viewOf, type ViewType } from "./bytes.ts";
import { float16ToFloat32 } from "./half.ts";

type RawData =
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

/** What is read, by NumPy's kind and size: the array type of the raw words, and words per element. */
const TYPES: Readonly<Record<string, readonly [ViewType<RawData>, number]>> = {
  f2: [Uint16Array, 1],
  f4: [Float32Array, 1],
  f8: [Float64Array, 1],
  c8: [Float32Array, 2],
  c16: [Float64Array, 2],
  b1: [Uint8Array, 1],
  i1: [Int8Array, 1],
  i2: [Int16Array, 1],
  i4: [Int32Array, 1],
  i8: [BigInt64Array, 1],
  u1: [Uint8Array, 1],
  u2: [Uint16Array, 1],
  u4: [Uint32Array, 1],
  u8: [BigUint64Array, 1],
};

/** NumPy's own limit. */
const MAX_DIMENSIONS = 64;

interface Header {
  descr: string;
  fortran_order: boolean;
  shape: number[];
}

/** One word of a header; exactly one of the four is there. */
interface Token {
  string?: string;
  integer?: string;
  truth?: string;
  mark?: string;
}

/** Parses `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`, the entries in any order, no others. */
function parseHeader(text: string, bad: (why: string) => Error): Header {
  const pattern = /[ \t\r\n]*(?:'([^'\\]*)'|"([^"\\]*)"|(\d+)L?|(True|False)|([{}()[\]:,]))/y;
  const next = (): Token => {
    const match = pattern.exec(text);
    if (!match) throw bad("its header is not the Python dictionary that a .npy file has");
    return { string: match[1] ?? match[2], integer: match[3], truth: match[4], mark: match[5] };
  };
  const unexpected = ({ string, integer, truth, mark }: Token, expected: string): Error =>
    bad(`its header has ${quote(string ?? integer ?? truth ?? mark ?? "")} in place of ${expected}`);

  /** A tuple of integers, its "(" already read. As in Python, `(3)` is no tuple and `(3,)` is. */
  const tuple = (): number[] => {
    const sizes: number[] = [];
    let comma = false;
    for (let token = next(); token.mark !== ")";) {
      if (token.integer === undefined) throw unexpected(token, "a size");
      sizes.push(Number(token.integer));
      if (sizes.length > MAX_DIMENSIONS) throw bad(`its shape has more than ${MAX_DIMENSIONS} dimensions`);
      token = next();
      comma = token.mark === ",";
      if (comma) token = next();
      else if (token.mark !== ")") throw unexpected(token, "',' or ')'");
    }
    if (sizes.length === 1 && !comma) throw bad("its shape is a number, expected a tuple");
    return sizes;
  };

  const header: Partial<Header> = {};
  let token = next();
  if (token.mark !== "{") throw unexpected(token, "'{'");
  for (token = next(); token.mark !== "}";) {
    const key = token.string;
    if (key !== "descr" && key !== "fortran_order" && key !== "shape") {
      throw unexpected(token, "'descr', 'fortran_order' or 'shape'");
    }
    if (header[key] !== undefined) throw bad(`its header has ${quote(key)} twice`);
    token = next();
    if (token.mark !== ":") throw unexpected(token, "':'");
    token = next();
    if (key === "shape") {
      if (token.mark !== "(") throw unexpected(token, "the tuple of the shape");
      header.shape = tuple();
    } else if (key === "fortran_order") {
      if (token.truth === undefined) throw unexpected(token, "True or False");
      header.fortran_order = token.truth === "True";
    } else {
      if (token.mark === "[" || token.mark === "(") {
        throw new TypeError(bad("it has a structured dtype, expected plain numbers").message);
      }
      if (token.string === undefined) throw unexpected(token, "the dtype");
      header.descr = token.string;
    }
    token = next();
    if (token.mark === ",") token = next();
    else if (token.mark !== "}") throw unexpected(token, "',' or '}'");
  }
  if (text.slice(pattern.lastIndex).trim() !== "") throw bad("its header goes on after the closing '}'");
  const { descr, fortran_order, shape } = header;
  if (descr === undefined || fortran_order === undefined || shape === undefined) {
    throw bad("its header lacks one of 'descr', 'fortran_order' and 'shape'");
  }
  return { descr, fortran_order, shape };
}

/**
 * Reads a .npy file.
 *
 * float32, float64, complex64 and complex128 keep their precision; float16 becomes float32 (exactly);
 * integers of 1 to 8 bytes and bool (as 0 and 1) become float64, where an integer beyond ±(2⁵³ − 1) is
 * refused for it would be rounded. Both byte orders and both C and Fortran order are read; the result is
 * always in C order (row-major). Little-endian, C-ordered, aligned data is not copied: the array is then a
 * view of `bytes`.
 *
 * @param bytes The whole file; may be a part of a larger buffer.
 * @param name What messages call the file.
 * @throws {RangeError} Where the file is malformed, cut short or goes on after its data: "Cannot read …".
 * @throws {TypeError} Where its dtype holds no numbers (object, text, dates, records) or none that is read
 * here.
 *
 * @example
 * ```ts
 * import { readNpy, writeNpy } from "./npy.ts";
 *
 * const bytes = writeNpy({ shape: [2, 2], field: "real", data: new Float32Array([1, 2, 3, 4]) });
 * const { shape, data } = readNpy(bytes);
 * console.log(shape, data); // [2, 2] Float32Array [1, 2, 3, 4]
 * ```
 */
export function readNpy(bytes: Uint8Array, name?: string): NumericArray {
  const label = fileLabel(bytes, name, "the .npy file");
  const bad = (why: string): RangeError => new RangeError(`Cannot read ${label}: ${why}`);

  if (!MAGIC.every((byte, i) => bytes[i] === byte)) throw bad("it does not begin as a .npy file does");
  const [major, minor] = [bytes[6], bytes[7]];
  const start = major === 1 ? 10 : 12;
  if (bytes.length < start) throw bad("it is cut short inside its header");
  if (major < 1 || major > 3 || minor !== 0) {
    throw bad(`it has the .npy version ${major}.${minor}, expected 1.0, 2.0 or 3.0`);
  }
  const head = new DataView(bytes.buffer, bytes.byteOffset, start);
  const dataStart = start + (major === 1 ? head.getUint16(8, true) : head.getUint32(8, true));
  if (dataStart > bytes.length) {
    throw bad(
      `its header claims ${dataStart - start} bytes but the file has ${bytes.length}: it is cut short`,
    );
  }
  const text = new TextDecoder().decode(new Uint8Array(bytes.subarray(start, dataStart)));
  const { descr, fortran_order, shape } = parseHeader(text, bad);

  const [, order, kind, size] = /^([<>|=]?)([A-Za-z?])(\d*)$/.exec(descr) ?? [];
  const type = kind + size;
  if (!Object.hasOwn(TYPES, type)) {
    const what = kind === "O" ? "Python objects" : "no numbers that are read here";
    throw new TypeError(
      `Cannot read ${label}: its dtype ${
        quote(descr)
      } is ${what}, expected float16/32/64, complex64/128, bool or ` +
        "an integer type",
    );
  }
  const [View, parts] = TYPES[type];
  const word = View.BYTES_PER_ELEMENT;
  if (order === "|" && word > 1) throw bad(`its dtype ${quote(descr)} gives no byte order`);

  const count = countElements(shape);
  if (Number.isNaN(count)) throw bad(`its shape (${shape.join(", ")}) has a product beyond 2⁵³`);
  const claimed = count * parts * word;
  const present = bytes.length - dataStart;
  if (claimed !== present) {
    throw bad(
      `the header claims ${count} elements (${claimed} bytes) but ` +
        (claimed > present ? `the file has ${bytes.length} bytes` : `${present} bytes of data follow it`),
    );
  }

  let raw: RawData;
  if (order === ">" && word > 1) {
    const swapped = new Uint8Array(bytes.subarray(dataStart));
    for (let i = 0; i < swapped.length; i += word) swapped.subarray(i, i + word).reverse();
    raw = viewOf(View, swapped, 0, count * parts);
  } else {
    raw = viewOf(View, bytes, dataStart, count * parts);
  }

  let data: Float32Array | Float64Array;
  if (raw instanceof Float32Array || raw instanceof Float64Array) data = raw;
  else if (type === "f2") data = float16ToFloat32(raw as Uint16Array);
  else data = integersToFloat64(raw, type === "b1", bad);
  if (fortran_order) data = toRowMajor(data, shape, parts);
  return { shape, field: parts === 2 ? "complex" : "real", data };
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY

function integersToFloat64(raw: RawData, truth: boolean, bad: (why: string) => Error): Float64Array {
  const out = new Float64Array(raw.length);
  for (let i = 0; i < raw.length; i++) {
    const value = Number(raw[i]);
    if (!Number.isSafeInteger(value)) {
      throw bad(`its element ${i} is the integer ${raw[i]}, which float64 cannot hold exactly`);
    }
    out[i] = truth && value !== 0 ? 1 : value;
  }
  return out;
}

/** Elements of `parts` words from Fortran order (first index fastest) to C order (last index fastest). */
function toRowMajor<A extends Float32Array | Float64Array>(
  data: A,
  shape: readonly number[],
  parts: number,
): A {
  const out = data.slice() as A;
  const index = shape.map(() => 0);
  const strides: number[] = [];
  let stride = parts;
  for (const size of shape) {
    strides.push(stride);
    stride *= size;
  }
  let from = 0;
  for (let to = 0; to < data.length; to += parts) {
    for (let part = 0; part < parts; part++) out[to + part] = data[from + part];
    // Count on, the last index fastest.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}

/**
 * Writes a .npy file, version 1.0, little-endian, in C order: a Float32Array as float32 or complex64 (`<f4`,
 * `<c8`), a Float64Array as float64 or complex128 (`<f8`, `<c16`). The data starts on a multiple of 64 bytes.
 *
 * @throws {RangeError} If the shape does not fit the data or has more than 64 dimensions.
 * @throws {TypeError} If the data is no Float32Array or Float64Array.
 */
export function writeNpy(array: NumericArray): Uint8Array {
  const cannot = "Cannot write the .npy file";
  checkArray(array, cannot);
  const { shape, field, data } = array;
  if (shape.length > MAX_DIMENSIONS) {
    throw new RangeError(
      `${cannot}: its shape has ${shape.length} dimensions, at most ${MAX_DIMENSIONS} are allowed`,
    );
  }
  const descr = field === "complex" ? `<c${2 * data.BYTES_PER_ELEMENT}` : `<f${data.BYTES_PER_ELEMENT}`;
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const start = Math.ceil((10 + header.length + 1) / 64) * 64;
  const out = new Uint8Array(start + data.byteLength);
  out.set([...MAGIC, 1, 0, (start - 10) & 255, (start - 10) >> 8]);
  out.set(new TextEncoder().encode(header.padEnd(start - 11) + "\n"), 10);
  out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
  return out;
}
