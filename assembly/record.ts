// One instruction of the machine is a record of 24 i32 fields; src/kernels/record.ts lists the same ones.
//
// An address is a space and a byte offset in it. Rows of a batch lie `row` bytes apart.

/** Bytes in a record. */
export const RECORD: usize = 96;

// @ts-ignore: decorator
@inline
export function field(r: usize, index: i32): i32 {
  return load<i32>(r + ((<usize>index) << 2));
}

export const OP: i32 = 0;
/** Iterations, elements or rows of a matrix: what the operation counts. */
export const COUNT: i32 = 1;
export const SRC_SPACE: i32 = 2;
export const SRC: i32 = 3;
export const SRC_ROW: i32 = 4;
export const DST_SPACE: i32 = 5;
export const DST: i32 = 6;
export const DST_ROW: i32 = 7;
/** Offset of the weights and of the table of offsets in the program. */
export const WEIGHTS: i32 = 8;
export const TABLE: i32 = 9;
/** Byte distance between the registers of a pass at the source (three fields) and the destination (three). */
export const STRIDE: i32 = 10;
export const DST_STRIDE: i32 = 13;
/** Fields whose meaning depends on the operation. */
export const EXTRA: i32 = 16;
/** The cotangent a gradient operation reads, and the offset of the weight gradient it adds to. */
export const G_SPACE: i32 = 19;
export const G: i32 = 20;
export const G_ROW: i32 = 21;
export const GRADIENT: i32 = 22;
