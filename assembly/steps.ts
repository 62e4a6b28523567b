// Steps that are not butterfly passes, one row at a time: diagonals, permutations, windows, sums, and the change between
// interleaved and split complex vectors. Factors and dense blocks are in factors.ts.

import { COUNT, EXTRA, EXTRA1, TABLE, field } from "./record.ts";
import { add, evens, gatherFour, gatherPairs, get, madd, mul, odds, put, swap1, zipHigh, zipLow } from "./vec.ts";

/** −1 in the lanes of the real parts: turns (b, a) products into complex ones. */
// @ts-ignore: decorator
@inline
function sign(negative: bool): v128 {
  return negative ? f32x4(1, -1, 1, -1) : f32x4(-1, 1, -1, 1);
}

// @ts-ignore: decorator
@inline
function firsts(x: v128): v128 {
  return v128.shuffle<f32>(x, x, 0, 0, 2, 2);
}

// @ts-ignore: decorator
@inline
function seconds(x: v128): v128 {
  return v128.shuffle<f32>(x, x, 1, 1, 3, 3);
}

/** y = w∘x on COUNT floats. EXTRA: bit 1 complex, bit 2 conjugate w. */
export function diagonal(r: usize, w: usize, src: usize, dst: usize): void {
  const bytes = field(r, COUNT) << 2, flags = field(r, EXTRA);
  const vectors = bytes & ~15;
  const turn = sign((flags & 2) != 0);
  if (flags & 1) {
    for (let at = 0; at < vectors; at += 16) {
      const v = get(w + at, 0), x = get(src + at, 0);
      put(dst + at, madd(mul(seconds(v), turn), swap1(x), mul(firsts(v), x)));
    }
    if (vectors < bytes) {
      const vr = load<f32>(w + vectors), vi = flags & 2 ? -load<f32>(w + vectors, 4) : load<f32>(w + vectors, 4);
      const xr = load<f32>(src + vectors), xi = load<f32>(src + vectors, 4);
      store<f32>(dst + vectors, vr * xr - vi * xi);
      store<f32>(dst + vectors, vr * xi + vi * xr, 4);
    }
  } else {
    for (let at = 0; at < vectors; at += 16) put(dst + at, mul(get(w + at, 0), get(src + at, 0)));
    for (let at = vectors; at < bytes; at += 4) store<f32>(dst + at, load<f32>(w + at) * load<f32>(src + at));
  }
}

/** w += g∘conj(x), the weight gradient of a diagonal. */
export function diagonalBack(r: usize, x: usize, g: usize, gw: usize): void {
  const bytes = field(r, COUNT) << 2;
  if (field(r, EXTRA) & 1) {
    for (let at = 0; at < bytes; at += 8) {
      const gr = load<f32>(g + at), gi = load<f32>(g + at, 4), xr = load<f32>(x + at), xi = load<f32>(x + at, 4);
      store<f32>(gw + at, load<f32>(gw + at) + (gr * xr + gi * xi));
      store<f32>(gw + at, load<f32>(gw + at, 4) + (gi * xr - gr * xi), 4);
    }
  } else {
    for (let at = 0; at < bytes; at += 4) {
      store<f32>(gw + at, load<f32>(gw + at) + load<f32>(g + at) * load<f32>(x + at));
    }
  }
}

/** y[i] = x[index[i]] for COUNT elements of EXTRA floats (1 or 2), or with EXTRA1 = 1 the scatter y[index[i]] = x[i]. */
export function permute(r: usize, src: usize, dst: usize): void {
  const count = field(r, COUNT);
  const index: usize = field(r, TABLE);
  const end = index + (<usize>count << 2);
  // Two or four elements at a time: each access is checked by the engine, so what costs is how many there are.
  let i = index;
  if (field(r, EXTRA) == 2) {
    const pairs = index + (<usize>(count & ~1) << 2);
    if (field(r, EXTRA1)) {
      for (; i < end; i += 4, src += 8) store<u64>(dst + (load<u32>(i) << 3), load<u64>(src));
      return;
    }
    for (; i < pairs; i += 8, dst += 16) {
      const both = load<u64>(i);
      put(dst, gatherPairs(src + (<usize>both << 3), src + (<usize>(both >> 32) << 3)));
    }
    for (; i < end; i += 4, dst += 8) store<u64>(dst, load<u64>(src + (load<u32>(i) << 3)));
    return;
  }
  const fours = index + (<usize>(count & ~3) << 2);
  if (field(r, EXTRA1)) {
    for (; i < end; i += 4, src += 4) store<u32>(dst + (load<u32>(i) << 2), load<u32>(src));
    return;
  }
  for (; i < fours; i += 16, dst += 16) {
    const low = load<u64>(i), high = load<u64>(i, 8);
    const a = src + (<usize>low << 2), b = src + (<usize>(low >> 32) << 2);
    const c = src + (<usize>high << 2), d = src + (<usize>(high >> 32) << 2);
    put(dst, gatherFour(a, b, c, d));
  }
  for (; i < end; i += 4, dst += 4) store<u32>(dst, load<u32>(src + (load<u32>(i) << 2)));
}

/** y[i] = x[i + shift] where that exists and 0 elsewhere: COUNT floats out, EXTRA in, shift EXTRA1. */
export function window(r: usize, src: usize, dst: usize): void {
  const out = field(r, COUNT), width = field(r, EXTRA), shift = field(r, EXTRA1);
  const first = max(0, -shift), last = min(out, width - shift);
  if (last <= first) {
    memory.fill(dst, 0, <usize>out << 2);
    return;
  }
  if (first > 0) memory.fill(dst, 0, <usize>first << 2);
  memory.copy(dst + (<usize>first << 2), src + (<usize>(first + shift) << 2), <usize>(last - first) << 2);
  if (last < out) memory.fill(dst + (<usize>last << 2), 0, <usize>(out - last) << 2);
}

/** y += x on COUNT floats. */
export function accumulate(r: usize, src: usize, dst: usize): void {
  const bytes = field(r, COUNT) << 2;
  const vectors = bytes & ~15;
  for (let at = 0; at < vectors; at += 16) put(dst + at, add(get(dst + at, 0), get(src + at, 0)));
  for (let at = vectors; at < bytes; at += 4) store<f32>(dst + at, load<f32>(dst + at) + load<f32>(src + at));
}

/** y = x + w on COUNT floats. */
export function bias(r: usize, w: usize, src: usize, dst: usize): void {
  const bytes = field(r, COUNT) << 2;
  const vectors = bytes & ~15;
  for (let at = 0; at < vectors; at += 16) put(dst + at, add(get(w + at, 0), get(src + at, 0)));
  for (let at = vectors; at < bytes; at += 4) store<f32>(dst + at, load<f32>(w + at) + load<f32>(src + at));
}

/** Interleaved complex numbers to four real and four imaginary parts, COUNT vectors of four numbers. */
export function split(r: usize, src: usize, dst: usize): void {
  for (let i = field(r, COUNT); i > 0; i--, src += 32, dst += 32) {
    const x = get(src, 0), y = get(src, 16);
    put(dst, evens(x, y));
    put(dst + 16, odds(x, y));
  }
}

/** The inverse of `split`. */
export function join(r: usize, src: usize, dst: usize): void {
  for (let i = field(r, COUNT); i > 0; i--, src += 32, dst += 32) {
    const x = get(src, 0), y = get(src, 16);
    put(dst, zipLow(x, y));
    put(dst + 16, zipHigh(x, y));
  }
}
