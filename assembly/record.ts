// One instruction of the machine is a record of 24 i32 fields; src/kernels/record.ts lists the same ones.
//
// All addresses are absolute: the host writes them again when something moves. Rows of a tile lie ROW bytes apart; from
// tile to tile an operand moves on by ADVANCE bytes a row, which is ROW for the input and output of a program and 0 for
// scratch.
//
// Why the fields that every pass reads lie at 3, 7, 11 …: an engine without guard pages checks each access against
// (memory size − offset − width). It computes that difference once for each distinct end of an access and keeps it
// where an earlier access had the same end. Reading field 3 ends where a vector at offset 0 ends, field 7 where one at
// offset 16 does, and so on: so the passes, which read their weights at these offsets, find the differences ready.

/** Bytes in a record. */
export const RECORD: usize = 96;

// @ts-ignore: decorator
@inline
export function field(r: usize, index: i32): i32 {
  return load<i32>(r + ((<usize>index) << 2));
}

export const OP: i32 = 0;
export const SRC_ADVANCE: i32 = 1;
export const SRC: i32 = 2;
/** Address of the weights. */
export const WEIGHTS: i32 = 3;
export const SRC_ROW: i32 = 4;
export const DST_ADVANCE: i32 = 5;
export const DST: i32 = 6;
/** Address of the table of offsets (or of indices). */
export const TABLE: i32 = 7;
export const DST_ROW: i32 = 8;
/** The cotangent a gradient operation reads, and the weight gradient it adds to. */
export const G_ADVANCE: i32 = 9;
export const G: i32 = 10;
export const G_ROW: i32 = 12;
export const GRADIENT: i32 = 13;
/** Byte distances between the registers of a pass at the source; or what factors.ts says. */
export const A: i32 = 11;
export const B: i32 = 15;
export const C: i32 = 19;
export const D: i32 = 22;
/** The same at the destination. */
export const A2: i32 = 18;
export const B2: i32 = 20;
export const C2: i32 = 21;
/** Fields whose meaning depends on the operation. */
export const EXTRA: i32 = 14;
export const EXTRA1: i32 = 16;
export const EXTRA2: i32 = 17;
/** Iterations, elements or rows of a matrix: what the operation counts. */
export const COUNT: i32 = 23;
