/**
 * Files of compiled operators, as they are read: safetensors with two tensors of I32, `code` [records, 24] and
 * `data` [words], and in the metadata, under the key "papillon-compiled", the shape as JSON.
 *
 * A record is that of src/kernels/record.ts with these differences, so that it does not depend on addresses: where a
 * source or a destination moves on by bytes a row, there is the number of its space (0 scratch, 1 input, 2 output), and
 * its address counts from there; tables and weights are bytes from the start of `data`; and a factor of any pattern has
 * its numbers a, b, c and d in `count` and in the first three of `stride`, from which the other fields follow.
 *
 * @module
 */

import { cut, cutFields } from "../kernels/cut.ts";
import { Field, FIELDS, Op } from "../kernels/record.ts";

/** The key of the header's metadata, and the version of what it holds. */
export const KEY = "papillon-compiled", VERSION = 1;

/** Rows that scratch holds at most. */
const TILES = 64;
/** Numbers in a vector at most, and bytes of scratch: so much may be asked for, whatever a file says. */
const WIDEST = 1 << 24, SCRATCH = 1 << 28;
/** Bytes that a value takes in a tile of more than one row: as src/program/compile.ts has it. */
const TILE = 1 << 15;

/** What a file says of its operator. */
export interface Header {
  readonly rows: number;
  readonly cols: number;
  readonly field: "real" | "complex";
  /** Rows that scratch holds. */
  readonly tile: number;
}

/** A compiled operator that was found to be in order. */
export interface Compiled extends Header {
  /** The records. */
  readonly code: Int32Array;
  /** Tables and weights. */
  readonly data: Int32Array;
  /** Bytes of scratch. */
  readonly scratch: number;
}

type Json = Record<string, unknown>;

/** The parts of a file, not yet checked against each other; throws anything where it is none. */
function parse(bytes: Uint8Array): Compiled {
  const { buffer, byteOffset } = bytes;
  const start = 8 + Number(new DataView(buffer, byteOffset).getBigUint64(0, true));
  const text = new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(bytes.subarray(8, start)));
  const { __metadata__, code, data } = JSON.parse(text) as Record<string, Json>;
  const said = JSON.parse(__metadata__[KEY] as string) as Json;
  let end = 0;
  const words = ({ dtype, shape, data_offsets }: Json): Int32Array => {
    const [from, to] = data_offsets as number[], length = (to - from) / 4;
    const count = (shape as number[]).reduce((product, size) => product * size, 1);
    if (dtype !== "I32" || from !== end || count !== length) throw 0;
    end = to;
    // Not bytes.slice(): that of Node's Buffer does not copy.
    return new Int32Array(new Uint8Array(bytes.subarray(start + from, start + to)).buffer);
  };
  const { rows, cols, field, tile } = said as unknown as Header;
  const whole = (value: number, most: number): boolean =>
    Number.isInteger(value) && value > 0 && value <= most;
  const parts = { rows, cols, field, tile, code: words(code), data: words(data), scratch: 0 };
  const right = said.version === VERSION && start + end === bytes.length && parts.code.length % FIELDS === 0;
  if (right && (field === "real" || field === "complex") && whole(tile, TILES)) {
    if (whole(rows, WIDEST) && whole(cols, WIDEST)) return parts;
  }
  throw 0;
}

/** Bytes that a record reads and writes of a row. */
interface Reach {
  readonly src: number;
  readonly dst: number;
}

/**
 * How far the record at `r` of `code` reaches; undefined for one that there is not, or that reads weights or a table
 * beyond `data`. The fields of a factor are filled in.
 */
function reach(code: Int32Array, r: number, data: Int32Array): Reach | undefined {
  const op = code[r],
    count = code[r + Field.count],
    flags = code[r + Field.extra[0]],
    one = code[r + Field.extra[1]];
  const [a, b, c] = Field.stride.map((field) => code[r + field]);
  /** Whether so many words from a field on are there. */
  const has = (field: number, words: number): boolean => {
    const from = code[r + field];
    return from >= 0 && from % 4 === 0 && from / 4 + words <= data.length;
  };
  /** The largest of every `step`-th of so many words of the table, or NaN where one is negative or no multiple. */
  const largest = (first: number, step: number, words: number, multiple: number): number => {
    let most = 0;
    for (let i = code[r + Field.table] / 4, k = first; k < words; k += step) {
      const entry = data[i + k];
      if (entry < 0 || entry % multiple !== 0) return NaN;
      most = Math.max(most, entry);
    }
    return most;
  };
  if (count < 0) return undefined;
  if (op === Op.realFactor || op === Op.complexFactor) {
    const bytes = op === Op.realFactor ? 4 : 8, pattern = { a: count, b: a, c: b, d: c };
    if (Math.min(count, a, b, c) < 1 || count * a * c > WIDEST || count * b * c > WIDEST) return undefined;
    const { stride, extra } = cutFields(pattern, bytes);
    stride.forEach((value, k) => code[r + Field.stride[k]] = value);
    extra.forEach((value, k) => code[r + Field.extra[k]] = value);
    return has(Field.weights, cut(pattern).packed * bytes / 4)
      ? { src: count * b * c * bytes, dst: count * a * c * bytes }
      : undefined;
  }
  const whole = { src: 4 * count, dst: 4 * count };
  if (op === Op.accumulate) return whole;
  if (op === Op.bias) return has(Field.weights, count) ? whole : undefined;
  if (op === Op.diagonal) {
    return flags >>> 0 < 2 && count % (flags + 1) === 0 && has(Field.weights, count) ? whole : undefined;
  }
  if (op === Op.window) return flags >= 0 ? { src: 4 * flags, dst: 4 * count } : undefined;
  if (op === Op.permute) {
    if ((flags !== 1 && flags !== 2) || one >>> 0 > 1 || !has(Field.table, count)) return undefined;
    const bytes = 4 * flags, there = count > 0 ? (largest(0, 1, count, 1) + 1) * bytes : 0;
    return one ? { src: count * bytes, dst: there } : { src: there, dst: count * bytes };
  }
  const complex = op >= Op.complexPass ? 2 : 1, kind = op & 31, lanes = kind & 3, factors = (kind >> 3) + 1;
  if (op < 0 || op >= Op.complexPass + 16 || factors > 2 || (lanes === 3 && factors < 2) || flags >>> 0 > 7) {
    return undefined;
  }
  const passes = factors + (lanes % 3 ? 2 : 0), vectors = passes * (kind & 4 ? 1 : 2) + (flags >> 2);
  const strides = [a, b, ...Field.dstStride.slice(0, 2).map((field) => code[r + field])];
  if (strides.some((stride) => stride < 0 || stride % 4 !== 0)) return undefined;
  if (!has(Field.table, 2 * count) || !has(Field.weights, (count << factors) * vectors * 4 * complex)) {
    return undefined;
  }
  const span = (which: number): number =>
    count > 0
      ? largest(which, 2, 2 * count, 4) + strides[2 * which] + (factors > 1 ? strides[2 * which + 1] : 0) +
        16 * complex
      : 0;
  return { src: span(0), dst: span(1) };
}

/**
 * Reads a file and checks that no record reaches beyond its areas. Nothing in `bytes` is kept.
 *
 * @throws {RangeError} where it is none, or one that is not in order
 */
export function readCompiled(bytes: Uint8Array, label: string): Compiled {
  let parts: Compiled;
  try {
    parts = parse(bytes);
  } catch {
    throw new RangeError(
      `Cannot read ${label}: it is no compiled operator of version ${VERSION} (saveCompiled and \`papillon compile\` ` +
        "make one; loadOperator reads others)",
    );
  }
  const { code, data, tile, cols, rows, field } = parts, unit = field === "complex" ? 8 : 4;
  let scratch = 0, widest = 0;
  const widths = [0, cols * unit, rows * unit];
  /** Whether an operand of so many bytes a row lies in its area; makes scratch large enough. */
  const fits = (space: number, offset: number, row: number, bytes: number): boolean => {
    if (!(offset >= 0 && row >= bytes && offset % 4 === 0 && row % 4 === 0)) return false;
    if (space !== 0) return row === widths[space] && offset + bytes <= row;
    scratch = Math.max(scratch, offset + (tile - 1) * row + bytes);
    return scratch <= SCRATCH;
  };
  /** Whether what is read and what is written of the same space are apart, or the same and no harm to each other. */
  const apart = (r: number, far: Reach): boolean => {
    const read = code[r + Field.src], row = code[r + Field.srcRow];
    const written = code[r + Field.dst], other = code[r + Field.dstRow];
    const op = code[r], more = tile - 1;
    if (read + more * row + far.src <= written || written + more * other + far.dst <= read) return true;
    const ahead = ((written - read) % row + row) % row;
    return row === other && (
      (ahead >= far.src && ahead + far.dst <= row) ||
      (read === written && (op < Op.realFactor || op === Op.diagonal || op > Op.window))
    );
  };
  for (let r = 0; r < code.length; r += FIELDS) {
    const far = reach(code, r, data), from = code[r + Field.srcAdvance], to = code[r + Field.dstAdvance];
    if (
      !far || from >>> 0 > 2 || (to !== 0 && to !== 2) ||
      !fits(from, code[r + Field.src], code[r + Field.srcRow], far.src) ||
      !fits(to, code[r + Field.dst], code[r + Field.dstRow], far.dst) ||
      (from === to && !apart(r, far))
    ) {
      throw new RangeError(
        `Cannot read ${label}: record ${r / FIELDS} is unknown or reaches beyond what it may`,
      );
    }
    widest = Math.max(widest, far.src, far.dst);
  }
  // So that no small file asks for much memory: each record may have made one value, with some room beside it.
  const most = (code.length / FIELDS + 1) * (tile * (widest + 80) + 3072);
  if ((tile > 1 && tile * widest > TILE) || scratch > most) {
    throw new RangeError(`Cannot read ${label}: its scratch is larger than its records need`);
  }
  // Infinity and NaN less themselves are NaN.
  let spoilt = 0;
  for (const value of new Float32Array(data.buffer)) spoilt += value - value;
  if (spoilt !== 0) {
    throw new RangeError(`Cannot read ${label}: it has weights that are not finite`);
  }
  return { ...parts, scratch };
}
