/**
 * Instructions of the machine that runs programs: what assembly/record.ts and assembly/index.ts read.
 *
 * An instruction says where its operands lie by a space and an offset; encoding it makes absolute addresses of them.
 *
 * @module
 */

import type { Support } from "./cut.ts";

/** Where an operand lies before it is linked. Rows advance from tile to tile except in scratch, which holds one tile. */
export const Space = { scratch: 0, input: 1, output: 2, cotangent: 3 } as const;

/** Addresses that the offsets in instructions count from. */
export interface Bases {
  /** Where tables and weights start. */
  readonly program: number;
  /** Where values of one tile lie. */
  readonly scratch: number;
  /** Where the vectors to read lie. */
  readonly input: number;
  /** Where results go. */
  readonly output: number;
  /** Where cotangents of the output lie. */
  readonly cotangent: number;
  /** Where weight gradients go. */
  readonly gradient: number;
}

/** The operations. Passes start at `realPass`, `complexPass` …: see {@link passOperation}. */
export const Op = {
  realPass: 0,
  complexPass: 32,
  signPass: 48,
  twiddlePass: 64,
  realPair: 128,
  realLane1: 129,
  realLane2: 130,
  complexPair: 131,
  complexLane1: 132,
  complexLane2: 133,
  realQuad: 134,
  realLanes12: 135,
  realLanes21: 136,
  realPairBack: 140,
  realLane1Back: 141,
  realLane2Back: 142,
  complexPairBack: 143,
  complexLane1Back: 144,
  complexLane2Back: 145,
  realQuadBack: 146,
  realLanes12Back: 147,
  realLanes21Back: 148,
  realFactor: 160,
  complexFactor: 161,
  diagonal: 162,
  diagonalBack: 163,
  permute: 164,
  realFactorBack: 165,
  complexFactorBack: 166,
  window: 167,
  accumulate: 168,
  bias: 169,
  biasBack: 170,
  split: 171,
  join: 172,
  move: 173,
  streams: 174,
  moveSums: 175,
} as const;

/** An operand in memory: rows of a tile or of the batch. */
export interface View {
  /** One of {@link Space}. */
  space: number;
  /** Byte offset of the first row. */
  offset: number;
  /** Bytes from one row to the next. */
  row: number;
}

/** Number of i32 fields in a record. */
export const FIELDS = 24;

/** Index of each field in a record; assembly/record.ts says why in this order. */
export const Field = {
  op: 0,
  srcAdvance: 1,
  src: 2,
  weights: 3,
  srcRow: 4,
  dstAdvance: 5,
  dst: 6,
  table: 7,
  dstRow: 8,
  gAdvance: 9,
  g: 10,
  gRow: 12,
  gradient: 13,
  stride: [11, 15, 19, 22],
  dstStride: [18, 20, 21],
  extra: [14, 16, 17],
  count: 23,
} as const;

/** One instruction before it is encoded. */
export interface Instruction {
  /** What to do: one of {@link Op}. */
  op: number;
  /** Iterations, elements or rows, as the operation counts. */
  count: number;
  /** What it reads. */
  src?: View;
  /** What it writes. */
  dst?: View;
  /** The cotangent that a gradient operation reads. */
  g?: View;
  /** Byte offset of the weights in the program. */
  weights?: number;
  /** Byte offset of the table of offsets (or of indices) in the program. */
  table?: number;
  /** Byte distances between registers; or what src/program/factors.ts says. Of 16 registers the targets lie as the sources do. */
  stride?: readonly number[];
  /** The same where registers are written; as `stride` when absent. */
  dstStride?: readonly number[];
  /** Flags and sizes that depend on the operation. */
  extra?: readonly number[];
  /** Byte offset of the weight gradient in the gradient space. */
  gradient?: number;
  /** Of a factor, the pattern that `count`, `stride` and `extra` follow from. */
  pattern?: Support;
}

/** Writes an instruction into 24 fields of `code`, from `at` on, with absolute addresses. */
export function encode(code: Int32Array, at: number, i: Instruction, bases: Bases): void {
  code.fill(0, at, at + FIELDS);
  const put = (field: number, value: number): number => code[at + field] = value;
  put(Field.op, i.op);
  put(Field.count, i.count);
  const starts = [bases.scratch, bases.input, bases.output, bases.cotangent];
  const operand = (view: View | undefined, advance: number, address: number, row: number): void => {
    if (view === undefined) return;
    put(advance, view.space === Space.scratch ? 0 : view.row);
    put(address, starts[view.space] + view.offset);
    put(row, view.row);
  };
  operand(i.src, Field.srcAdvance, Field.src, Field.srcRow);
  operand(i.dst, Field.dstAdvance, Field.dst, Field.dstRow);
  operand(i.g, Field.gAdvance, Field.g, Field.gRow);
  put(Field.weights, bases.program + (i.weights ?? 0));
  put(Field.table, bases.program + (i.table ?? 0));
  put(Field.gradient, bases.gradient + (i.gradient ?? 0));
  i.stride?.forEach((value, k) => put(Field.stride[k], value));
  (i.dstStride ?? i.stride)?.slice(0, 3).forEach((value, k) => put(Field.dstStride[k], value));
  i.extra?.forEach((value, k) => put(Field.extra[k], value));
}

/**
 * What the weights of a pass look like. "general": y = d·x + o·partner. "unit": y = x + o·partner. "signs" (real only):
 * blocks [[1, 1], [1, −1]]. "twiddles" (complex only): blocks [[1, w], [1, −w]].
 */
export type Form = "general" | "unit" | "signs" | "twiddles";

/**
 * How a pass treats lanes. 0: not at all. 1: the factors of stride 1 and 2 come first. 2: they come last, 2 before 1.
 * 3: lanes and registers are exchanged first.
 */
export type Lanes = 0 | 1 | 2 | 3;

/** The operation number of a butterfly pass of `factors` factors between registers (1 … 4 real, 1 … 2 complex). */
export function passOperation(complex: boolean, factors: number, form: Form, lanes: Lanes): number {
  if (form === "signs") return Op.signPass + (factors - 1) * 4 + lanes;
  if (form === "twiddles") return Op.twiddlePass + (factors - 1) * 4 + lanes;
  return (complex ? Op.complexPass : Op.realPass) + ((factors - 1) * 2 + (form === "unit" ? 1 : 0)) * 4 +
    lanes;
}
