/**
 * Arrays from files as what commands need: square matrices and batches of vectors.
 *
 * @module
 */

import { arrayFormat, type NumericArray, readArray } from "../io/array.ts";
import { quote } from "../io/bytes.ts";
import { frames, readWav } from "../io/wav.ts";
import { asComplex } from "../program/program.ts";
import type { Operator } from "../operator/operator.ts";
import { InputError, refusing } from "./errors.ts";
import { readFile } from "./files.ts";
import type { Matrix } from "./targets.ts";

/** Reads an array of any format. */
export function readAny(path: string): NumericArray {
  refusing(() => arrayFormat(path, "read"));
  const bytes = readFile(path);
  return refusing(() => readArray(path, bytes));
}

/** Reads a square matrix. A file of one number is a 1×1 matrix. */
export function readMatrix(path: string): Matrix {
  const { shape, field, data } = readAny(path);
  const [rows, columns] = shape.length === 1 && shape[0] === 1 ? [1, 1] : shape;
  if (shape.length > 2 || rows !== columns || rows === 0) {
    throw new InputError(
      `Cannot learn ${quote(path)}: expected a square matrix, got an array of shape [${shape.join(", ")}]`,
    );
  }
  return { n: rows, field, values: data };
}

/** Vectors for an operator, in its field. */
export interface Batch {
  /** Sizes of the array but the last. */
  readonly leading: number[];
  /** The numbers, ready to be given to `apply`. */
  readonly values: Float32Array;
}

/**
 * Reads vectors for an operator: one vector, or an array whose last size is the operator's columns. The samples of a
 * .wav file are cut into frames. Real numbers are promoted where the operator is complex.
 *
 * @param hop from one frame's start to the next; the operator's columns when absent
 */
export function readBatch(path: string, operator: Operator, hop: number | undefined): Batch {
  const { cols, field } = operator;
  const wav = refusing(() => arrayFormat(path, "read")) === "wav";
  if (!wav && hop !== undefined) {
    throw new InputError(
      `Cannot apply with --hop: ${quote(path)} is no .wav file, only those are cut into frames`,
    );
  }
  const { shape, field: given, data } = wav ? readFrames(path, cols, hop ?? cols) : readAny(path);
  // One column of text is read as a vector: for an operator of one column it is a batch.
  const sizes = shape.length === 1 && cols === 1 ? [...shape, 1] : shape;
  const last = sizes.at(-1);
  if (last !== cols || data.length === 0) {
    throw new InputError(
      `Cannot apply ${operator.describe()} to ${
        quote(path)
      }: expected a vector of ${cols} numbers, or a matrix ` +
        `with one in each row, got an array of shape [${shape.join(", ")}]`,
    );
  }
  if (given === "complex" && field === "real") {
    throw new InputError(
      `Cannot apply ${operator.describe()} to ${
        quote(path)
      }: the operator is real, the numbers are complex; ` +
        "apply it to their real and imaginary parts one after the other",
    );
  }
  const single = toSingle(data, path);
  return { leading: sizes.slice(0, -1), values: given === field ? single : asComplex(single) };
}

function readFrames(path: string, n: number, hop: number): NumericArray {
  const bytes = readFile(path);
  return refusing(() => {
    const { samples } = readWav(bytes, path);
    const data = frames(samples, n, hop);
    return { shape: [data.length / n, n], field: "real", data };
  });
}

/** Rounded to float32; NaN and Infinity stay, but no finite number becomes infinite. */
function toSingle(data: Float32Array | Float64Array, path: string): Float32Array {
  if (data instanceof Float32Array) return data;
  const single = Float32Array.from(data);
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i]) && !Number.isFinite(single[i])) {
      throw new InputError(
        `Cannot apply an operator to ${quote(path)}: it has the number ${
          data[i]
        }, and operators work in float32, ` +
          "whose largest is 3.4e38",
      );
    }
  }
  return single;
}
