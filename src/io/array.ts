/**
 * Vectors and matrices in files of any format that papillon knows: the common array type, and the choice of
 * the format by the file's extension. Bytes in, bytes out; nothing here opens a file.
 *
 * @module
 */

import { checkArray, quote } from "./bytes.ts";
import { readCsv, writeCsv } from "./csv.ts";
import { readNpy, writeNpy } from "./npy.ts";
import { floatTensor, readSafetensors, writeSafetensors } from "./safetensors.ts";
import { readWav } from "./wav.ts";

/** Real or complex numbers of any shape. */
export interface NumericArray {
  /** Sizes, outermost first, in complex numbers where the field is complex; empty for a single number. */
  shape: number[];
  /** Whether the numbers are complex. */
  field: "real" | "complex";
  /** The numbers, row-major; complex ones as re, im, re, im … */
  data: Float32Array | Float64Array;
}

/** The formats, by extension. */
export type ArrayFormat = "npy" | "csv" | "safetensors" | "wav";

/**
 * The format that a file name's extension (in any case) stands for. To be asked before long work begins, so
 * that its result does not fail to be written for a name.
 *
 * @param use What is going to be done: .wav files are only read.
 * @throws {RangeError} If the extension stands for no format, or for one that cannot be written.
 */
export function arrayFormat(name: string, use: "read" | "write"): ArrayFormat {
  const extension = /\.([^./\\]*)$/.exec(name)?.[1].toLowerCase();
  const known: ArrayFormat[] = ["npy", "csv", "safetensors"];
  if (use === "read") known.push("wav");
  const format = known.find((format) => format === extension);
  if (format) return format;
  const got = extension === undefined ? "it has no extension" : `its extension is ${quote("." + extension)}`;
  throw new RangeError(`Cannot ${use} ${quote(name)}: ${got}, expected one of .${known.join(", .")}`);
}

/**
 * Reads an array from the bytes of a file, by the extension of its name: .npy, .csv, .wav (the samples, as a
 * vector) or .safetensors (its only tensor, else the one named "x", else the one named "data").
 *
 * @param name The file's name or path, for its extension and for messages.
 * @param bytes The whole file. The array may be a view of it.
 * @throws {RangeError | TypeError} If the extension is unknown or the file is malformed: "Cannot read …".
 *
 * @example
 * ```ts
 * import { readArray, writeArray } from "./array.ts";
 *
 * const bytes = writeArray("m.csv", { shape: [1, 2], field: "real", data: new Float32Array([1, 2]) });
 * console.log(readArray("m.csv", bytes).shape); // [1, 2]
 * ```
 */
export function readArray(name: string, bytes: Uint8Array): NumericArray {
  const format = arrayFormat(name, "read");
  if (format === "npy") return readNpy(bytes, name);
  if (format === "csv") return readCsv(bytes, name);
  if (format === "wav") {
    const { samples } = readWav(bytes, name);
    return { shape: [samples.length], field: "real", data: samples };
  }
  const file = readSafetensors(bytes, name);
  const names = [...file.tensors.keys()];
  const only = names.length === 1 ? names[0] : ["x", "data"].find((name) => file.tensors.has(name));
  if (only === undefined) {
    throw new RangeError(
      `Cannot read ${quote(name)}: it has ${names.length} tensors, expected one, or one named 'x' or 'data'`,
    );
  }
  return floatTensor(file, only, name);
}

/**
 * Makes the bytes of a file that holds an array, by the extension of its name: .npy, .csv or .safetensors
 * (one tensor named "data").
 *
 * @throws {RangeError | TypeError} If the extension is unknown, the parts of the array do not fit together,
 * or the format cannot hold it (.csv: more than two dimensions, .safetensors: complex numbers of double
 * precision).
 */
export function writeArray(name: string, array: NumericArray): Uint8Array {
  const format = arrayFormat(name, "write");
  const cannot = `Cannot write ${quote(name)}`;
  checkArray(array, cannot);
  if (format === "npy") return writeNpy(array);
  if (format === "csv") return writeCsv(array);
  const { shape, field, data } = array;
  const single = data instanceof Float32Array;
  if (field === "complex" && !single) {
    throw new TypeError(
      `${cannot}: safetensors has no complex128, round the data to a Float32Array or write .npy`,
    );
  }
  const dtype = field === "complex" ? "C64" : single ? "F32" : "F64";
  return writeSafetensors([["data", { dtype, shape, data }]]);
}
