// The vector vocabulary: every kernel is written in these words and in no other intrinsic.
//
// A vector is four float32 lanes. Two builds come from this one source: in the relaxed build `madd` is a
// fused multiply-add where the processor has one; the simd build is made from that (src/kernels/text.ts) with a multiply
// and an add in its place.

/** Bytes in a vector. */
export const V: i32 = 16;

/** The four lanes at `p + offset`. The offset must be a constant. */
// @ts-ignore: decorator
@inline
export function get(p: usize, offset: i32): v128 {
  return v128.load(p + <usize>offset);
}

/** Stores four lanes. */
// @ts-ignore: decorator
@inline
export function put(p: usize, x: v128): void {
  v128.store(p, x);
}

/** Adds four lanes to those at `p`, or with `first` writes them. */
// @ts-ignore: decorator
@inline
export function give(first: bool, p: usize, x: v128): void {
  if (first) v128.store(p, x);
  else v128.store(p, f32x4.add(x, v128.load(p)));
}

/** One lane value in all four lanes. */
// @ts-ignore: decorator
@inline
export function splat(x: f32): v128 {
  return f32x4.splat(x);
}

/** The value at `p` in all four lanes. */
// @ts-ignore: decorator
@inline
export function getSplat(p: usize): v128 {
  return v128.load32_splat(p);
}

/** Two floats at `p` in the low lanes, zeros above. */
// @ts-ignore: decorator
@inline
export function getPair(p: usize): v128 {
  return v128.load_zero<u64>(p);
}

/** Two floats at `p`, twice. */
// @ts-ignore: decorator
@inline
export function getPairs(p: usize): v128 {
  return v128.load64_splat(p);
}

/** Three floats at `p` and a zero. */
// @ts-ignore: decorator
@inline
export function getThree(p: usize): v128 {
  return v128.load_lane<u32>(p, v128.load_zero<u64>(p), 2, 8);
}

/** The floats at four places. */
// @ts-ignore: decorator
@inline
export function gatherFour(a: usize, b: usize, c: usize, d: usize): v128 {
  const two = v128.load_lane<u32>(b, v128.load_zero<u32>(a), 1);
  return v128.load_lane<u32>(d, v128.load_lane<u32>(c, two, 2), 3);
}

/** The pairs of floats at two places. */
// @ts-ignore: decorator
@inline
export function gatherPairs(a: usize, b: usize): v128 {
  return v128.load_lane<u64>(b, v128.load_zero<u64>(a), 1);
}

/** Stores the lowest lane. */
// @ts-ignore: decorator
@inline
export function putOne(p: usize, x: v128): void {
  v128.store_lane<u32>(p, x, 0);
}

/** Stores the two low lanes. */
// @ts-ignore: decorator
@inline
export function putPair(p: usize, x: v128): void {
  v128.store_lane<u64>(p, x, 0);
}

/** Stores lane 2 where it belongs, two floats behind `p`. */
// @ts-ignore: decorator
@inline
export function putThird(p: usize, x: v128): void {
  v128.store_lane<u32>(p, x, 2, 8);
}

// @ts-ignore: decorator
@inline
export function add(x: v128, y: v128): v128 {
  return f32x4.add(x, y);
}

// @ts-ignore: decorator
@inline
export function sub(x: v128, y: v128): v128 {
  return f32x4.sub(x, y);
}

// @ts-ignore: decorator
@inline
export function mul(x: v128, y: v128): v128 {
  return f32x4.mul(x, y);
}

/** c + a·b */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  return f32x4.relaxed_madd(a, b, c);
}

/** c − a·b */
// @ts-ignore: decorator
@inline
export function nmadd(a: v128, b: v128, c: v128): v128 {
  return f32x4.relaxed_nmadd(a, b, c);
}

/** Lanes 1 0 3 2: the partner at stride 1. */
// @ts-ignore: decorator
@inline
export function swap1(x: v128): v128 {
  return v128.shuffle<f32>(x, x, 1, 0, 3, 2);
}

/** Lanes 2 3 0 1: the partner at stride 2. */
// @ts-ignore: decorator
@inline
export function swap2(x: v128): v128 {
  return v128.shuffle<f32>(x, x, 2, 3, 0, 1);
}

/** Lanes 0 2 of x and of y: the real parts of four interleaved complex numbers. */
// @ts-ignore: decorator
@inline
export function evens(x: v128, y: v128): v128 {
  return v128.shuffle<f32>(x, y, 0, 2, 4, 6);
}

/** Lanes 1 3 of x and of y: the imaginary parts of four interleaved complex numbers. */
// @ts-ignore: decorator
@inline
export function odds(x: v128, y: v128): v128 {
  return v128.shuffle<f32>(x, y, 1, 3, 5, 7);
}

/** x0 y0 x1 y1 */
// @ts-ignore: decorator
@inline
export function zipLow(x: v128, y: v128): v128 {
  return v128.shuffle<f32>(x, y, 0, 4, 1, 5);
}

/** x2 y2 x3 y3 */
// @ts-ignore: decorator
@inline
export function zipHigh(x: v128, y: v128): v128 {
  return v128.shuffle<f32>(x, y, 2, 6, 3, 7);
}

/** Lanes 0 1 of x and of y. */
// @ts-ignore: decorator
@inline
export function lows(x: v128, y: v128): v128 {
  return v128.shuffle<f32>(x, y, 0, 1, 4, 5);
}

/** Lanes 2 3 of x and of y. */
// @ts-ignore: decorator
@inline
export function highs(x: v128, y: v128): v128 {
  return v128.shuffle<f32>(x, y, 2, 3, 6, 7);
}

/** Lanes 3 2 1 0. */
// @ts-ignore: decorator
@inline
export function backwards(x: v128): v128 {
  return v128.shuffle<f32>(x, x, 3, 2, 1, 0);
}

/** Lanes 0 2 of x and of y, backwards. */
// @ts-ignore: decorator
@inline
export function evensBackwards(x: v128, y: v128): v128 {
  return v128.shuffle<f32>(x, y, 6, 4, 2, 0);
}

/** Lanes 1 3 of x and of y, backwards. */
// @ts-ignore: decorator
@inline
export function oddsBackwards(x: v128, y: v128): v128 {
  return v128.shuffle<f32>(x, y, 7, 5, 3, 1);
}

/** x3 y3 x2 y2 */
// @ts-ignore: decorator
@inline
export function zipHighBackwards(x: v128, y: v128): v128 {
  return v128.shuffle<f32>(x, y, 3, 7, 2, 6);
}

/** x1 y1 x0 y0 */
// @ts-ignore: decorator
@inline
export function zipLowBackwards(x: v128, y: v128): v128 {
  return v128.shuffle<f32>(x, y, 1, 5, 0, 4);
}

/** −x */
// @ts-ignore: decorator
@inline
export function negate(x: v128): v128 {
  return f32x4.neg(x);
}

/** The bytes of x whose numbers are in `bytes`, and 0 where those are 128 or more. None may be from 16 to 127. */
// @ts-ignore: decorator
@inline
export function pick(x: v128, bytes: v128): v128 {
  return i8x16.relaxed_swizzle(x, bytes);
}

/** All bits that are set in x or in y. */
// @ts-ignore: decorator
@inline
export function either(x: v128, y: v128): v128 {
  return v128.or(x, y);
}
