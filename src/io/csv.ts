/**
 * Numbers in text: comma-, semicolon-, tab- or blank-separated rows to a vector or a matrix, and back.
 *
 * @module
 */

import type { NumericArray } from "./array.ts";
import { checkArray, fileLabel, quote } from "./bytes.ts";

const NUMBER = "(?:(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:e[+-]?\\d+)?|inf(?:inity)?|nan)";
const REAL = /* @__PURE__ */ new RegExp(`^[+-]?${NUMBER}$`, "i");
/** An optional real part, the sign (`+-` as old versions of NumPy write it), an optional number, the unit. */
const COMPLEX = /* @__PURE__ */ new RegExp(
  `^(?:([+-]?${NUMBER})\\s*(?=[+-]))?([+]?-|[+])?\\s*(${NUMBER})?[ij]$`,
  "i",
);

/** The value of text that matched NUMBER, with or without a sign. */
function toNumber(text: string): number {
  if (/n/i.test(text)) return /a/i.test(text) ? NaN : text.startsWith("-") ? -Infinity : Infinity;
  return Number(text);
}

/** One entry as (re, im); `im` undefined if it is real, the whole undefined if it is no number. */
function parseEntry(entry: string): [number, number | undefined] | undefined {
  if (REAL.test(entry)) return [toNumber(entry), undefined];
  const inner = entry.startsWith("(") && entry.endsWith(")") ? entry.slice(1, -1).trim() : entry;
  const match = COMPLEX.exec(inner);
  if (!match) return inner !== entry && REAL.test(inner) ? [toNumber(inner), undefined] : undefined;
  const [, re = "0", sign = "+", size = "1"] = match;
  return [toNumber(re), sign.endsWith("-") ? -toNumber(size) : toNumber(size)];
}

/** What separates the entries, told by the first row. A blank stands for any run of blanks. */
function separatorOf(row: string): string {
  return [";", ",", "\t"].find((separator) => row.includes(separator)) ?? " ";
}

/**
 * Reads numbers from text in UTF-8.
 *
 * Each line is a row; empty lines, and all from a `#` to the end of a line, are skipped. The first row tells
 * the separator: semicolons, else commas, else tabs, else blanks. An entry is a number with a decimal point,
 * `inf`, `nan`, or complex in the form `1+2i`, `1-2j`, `3i` or `(1+2j)`; one complex entry makes the whole
 * array complex. NaN and Infinity are kept: callers refuse them where they make no sense.
 *
 * @param bytes The whole file.
 * @param name What messages call the file.
 * @returns Float64Array data; the shape is [rows] if there is one column, otherwise [rows, columns].
 * @throws {RangeError} Where the file is not UTF-8, has no numbers, rows of different lengths (named by
 * line), or an entry that is no number (named by line and column): "Cannot read …".
 * @throws {TypeError} If `bytes` is no Uint8Array.
 *
 * @example
 * ```ts
 * import { readCsv } from "./csv.ts";
 *
 * const { shape, field, data } = readCsv(new TextEncoder().encode("# a matrix\n1, 2i\n3, 4-1i\n"));
 * console.log(shape, field, data); // [2, 2] complex Float64Array [1, 0, 0, 2, 3, 0, 4, -1]
 * ```
 */
export function readCsv(bytes: Uint8Array, name?: string): NumericArray {
  const label = fileLabel(bytes, name, "the CSV file");
  const bad = (why: string): RangeError => new RangeError(`Cannot read ${label}: ${why}`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(bytes));
  } catch {
    throw bad("it is not text in UTF-8");
  }

  const values: number[] = []; // interleaved
  let complex = false;
  let separator = "";
  let columns = 0;
  let rows = 0;
  let firstLine = 0;
  let lineNumber = 0;
  for (const line of text.split(/\r\n|\n|\r/)) {
    lineNumber++;
    const row = line.replace(/#.*/s, "");
    if (row.trim() === "") continue;
    if (rows === 0) separator = separatorOf(row);
    const entries = separator === " " ? row.trim().split(/\s+/) : row.split(separator);
    for (const [column, padded] of entries.entries()) {
      const entry = padded.trim();
      const value = parseEntry(entry);
      if (!value) {
        throw bad(
          `line ${lineNumber}, column ${column + 1} ` +
            (entry === ""
              ? "is empty, expected a number"
              : `is ${
                quote(entry)
              }, expected a number such as -1.5e3 or 1+2i (headings and comments begin with #)`),
        );
      }
      complex ||= value[1] !== undefined;
      values.push(value[0], value[1] ?? 0);
    }
    if (rows++ === 0) {
      columns = entries.length;
      firstLine = lineNumber;
    } else if (entries.length !== columns) {
      throw bad(
        `line ${lineNumber} has ${entries.length} entries, expected ${columns} as on line ${firstLine}`,
      );
    }
  }
  if (rows === 0) throw bad("it has no numbers");

  const data = new Float64Array(complex ? values.length : values.length / 2);
  for (let i = 0; i < data.length; i++) data[i] = values[complex ? i : 2 * i];
  return { shape: columns === 1 ? [rows] : [rows, columns], field: complex ? "complex" : "real", data };
}

/** The shortest decimal that is the same number again when read (and rounded to float32, if it was one). */
function shortest(value: number, single: boolean): string {
  if (Object.is(value, -0)) return "-0";
  if (!single || !Number.isFinite(value)) return String(value);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}

/**
 * Writes numbers as text: a vector one entry a line, a matrix one row a line with commas, complex numbers as
 * `1+2i`. Reading gives the same numbers again: float64 exactly, float32 after rounding to float32.
 *
 * @throws {RangeError} If the shape does not fit the data, is empty, or has more than two dimensions.
 * @throws {TypeError} If the data is no Float32Array or Float64Array.
 */
export function writeCsv(array: NumericArray): Uint8Array {
  const cannot = "Cannot write the CSV file";
  checkArray(array, cannot);
  const { shape, field, data } = array;
  if (shape.length > 2 || data.length === 0) {
    throw new RangeError(
      `${cannot}: expected a vector or a matrix with entries, got the shape [${shape.join(", ")}]`,
    );
  }
  const single = data instanceof Float32Array;
  const columns = shape[1] ?? 1;
  const parts = field === "complex" ? 2 : 1;
  const lines: string[] = [];
  for (let at = 0; at < data.length;) {
    const row: string[] = [];
    for (let column = 0; column < columns; column++, at += parts) {
      const re = shortest(data[at], single);
      const im = parts === 2 ? shortest(data[at + 1], single) : "";
      row.push(parts === 1 ? re : `${re}${im.startsWith("-") ? "" : "+"}${im}i`);
    }
    lines.push(row.join());
  }
  return new TextEncoder().encode(lines.join("\n") + "\n");
}
