// How factors of any pattern are cut into vectors: y[i,β,δ] = Σγ w[i,β,γ,δ]·x[i,γ,δ], and their weight gradients.
//
// A vector holds four outputs that need the same γ: of four δ where d ≥ 4, and where d is 1 or 2, of four (β, δ), which
// lie one after another; then x is repeated over the lanes. Either way each block i is cut into chunks of the inputs and
// slots of the outputs, and a few slots share what is read of x. Where a number is no multiple of four, the last chunk
// or slot begins earlier and overlaps the one before. src/program/factors.ts packs the weights in the order of reading:
// for each group of slots, block, chunk, γ, slot, a vector (complex: of real parts, then of imaginary ones).
//
// Fields: COUNT blocks, A slots, B = c, C and D bytes from one γ and from one slot to the next, EXTRA what `read` and
// `write` do (0 where d ≥ 4), EXTRA1 offset of the last slot, EXTRA2 of the last chunk.

import {
  evens, get, getPair, getPairs, getSplat, getThree, odds, put, putOne, putPair, putThird, zipHigh, zipLow,
} from "./vec.ts";

/** What lies at p of x for four lanes: four numbers (0), one for all (1), a pair twice (2), three (3). */
// @ts-ignore: decorator
@inline
export function read(mode: i32, p: usize): v128 {
  if (mode == 0) return get(p, 0);
  if (mode == 1) return getSplat(p);
  return readFew(mode, p);
}

export function readFew(mode: i32, p: usize): v128 {
  if (mode == 2) return getPairs(p);
  return getThree(p);
}

/** Writes a slot: four lanes (0), or the first one to three. */
// @ts-ignore: decorator
@inline
export function write(lanes: i32, q: usize, y: v128): void {
  if (lanes == 0) put(q, y);
  else writeSome(lanes, q, y);
}

function writeSome(lanes: i32, q: usize, y: v128): void {
  if (lanes == 1) return putOne(q, y);
  putPair(q, y);
  if (lanes == 3) putThird(q, y);
}

// @ts-ignore: decorator
@inline
export function readRe(mode: i32, p: usize): v128 {
  if (mode == 0) return evens(get(p, 0), get(p, 16));
  if (mode == 1) return getSplat(p);
  return evens(get(p, 0), readRest(mode, p));
}

// @ts-ignore: decorator
@inline
export function readIm(mode: i32, p: usize): v128 {
  if (mode == 0) return odds(get(p, 0), get(p, 16));
  if (mode == 1) return getSplat(p + 4);
  return odds(get(p, 0), readRest(mode, p));
}

/** The two complex numbers again, or the third one. */
function readRest(mode: i32, p: usize): v128 {
  return mode == 2 ? get(p, 0) : getPair(p + 16);
}

// @ts-ignore: decorator
@inline
export function writeComplex(lanes: i32, q: usize, re: v128, im: v128): void {
  if (lanes == 0) {
    put(q, zipLow(re, im));
    put(q + 16, zipHigh(re, im));
  } else writeSomeComplex(lanes, q, re, im);
}

function writeSomeComplex(lanes: i32, q: usize, re: v128, im: v128): void {
  if (lanes == 1) return putPair(q, zipLow(re, im));
  put(q, zipLow(re, im));
  if (lanes == 3) putPair(q + 16, zipHigh(re, im));
}

/** How many of n slots are done together: as many as allowed, then what is left in few parts. */
// @ts-ignore: decorator
@inline
export function together(n: i32, most: i32): i32 {
  return n >= most ? most : n > 4 ? (n + 1) >> 1 : n;
}
