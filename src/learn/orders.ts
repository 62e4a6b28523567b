/**
 * Orders of rows and columns behind which fast transforms hide their chains, and a search for others.
 *
 * An order is a list of indices: entry j says which column of the matrix is column j of the chain.
 *
 * @module
 */
import type { Random } from "../program/random.ts";
import type { Pattern } from "../program/step.ts";
import type { CheckedMatrix } from "./matrix.ts";
import type { PieceSampler } from "./piece_rank.ts";
import { cutAt } from "./split.ts";

/** With a larger part of the energy beyond the rank there is no order to be found. */
const HOPELESS = 0.01;
/** Rows and columns of a piece that are looked at. */
const SIDE = 16;
/** Columns that are multiples of each other are as alike as this, at least. */
const ALIKE = 0.9;

/** An order by name. */
export interface NamedOrder {
  /** "none", "digit reversal", "even/odd", "even/odd, digit reversal", "levels" or "found". */
  readonly name: string;
  /** The indices; absent for "none". */
  readonly index?: Uint32Array;
}

/**
 * The digits of an index in the opposite order: the first of the radices belongs to the fastest digit of the position
 * and to the slowest of the index. Bit reversal when all radices are 2.
 *
 * @example
 * ```ts
 * import { digitReversal } from "@papillon/papillon";
 * console.assert(digitReversal([2, 3]).join() === "0,3,1,4,2,5");
 * ```
 */
export function digitReversal(radices: readonly number[]): Uint32Array {
  const n = radices.reduce((product, k) => product * k, 1);
  return Uint32Array.from({ length: n }, (_, position) => {
    let index = 0;
    let stride = n;
    for (const k of radices) {
      stride /= k;
      index += position % k * stride;
      position = Math.floor(position / k);
    }
    return index;
  });
}

/** The even indices, then the odd ones backwards (Makhoul 1980): 0, 2, 4 … 5, 3, 1. */
export function evenOdd(n: number): Uint32Array {
  return Uint32Array.from({ length: n }, (_, j) => 2 * j < n ? 2 * j : 2 * (n - 1 - j) + 1);
}

/** Orders that the fast algorithms of trigonometric transforms use, for one choice of radices. */
export function knownOrders(radices: readonly number[]): NamedOrder[] {
  const reversal = digitReversal(radices);
  const n = reversal.length;
  const orders: NamedOrder[] = [{ name: "none" }, { name: "digit reversal", index: reversal }];
  if (n % 2 === 0 && n > 2) {
    const folded = evenOdd(n);
    orders.push({ name: "even/odd, digit reversal", index: reversal.map((j) => folded[j]) });
    orders.push({ name: "even/odd", index: folded });
  }
  return orders;
}

/**
 * Columns ordered level by level for a radix-2 chain: at each cut, from the last factor to the first, the columns of
 * every group are split by the parity of some bits of their index, by those one or two bits that leave the lowest ranks.
 * This finds all products of even/odd separations, reversals and exchanges of bits, for any rank.
 *
 * @param patterns of a butterfly of radix 2
 * @param rows the order of the rows
 * @param most ranks above this are all the same
 * @param together how many splits are chosen together to begin with: 1, or 2 where the rank is 2 or 3 and the pieces of
 * the outermost cut, of two rows, tell nothing
 * @returns undefined when all splits of some level leave higher ranks
 */
export function orderByLevels(
  sampler: PieceSampler,
  patterns: readonly Pattern[],
  rows: ArrayLike<number> | undefined,
  most: number,
  random: Random,
  together: 1 | 2 = 1,
): Uint32Array | undefined {
  const bits = patterns.length;
  const n = 2 ** bits;
  const masks: number[] = [];
  for (let i = 0; i < bits; i++) masks.push(1 << i);
  for (let i = 0; i < bits; i++) for (let j = 0; j < i; j++) masks.push(1 << i | 1 << j);
  const parities = new Map(masks.map((mask) => [mask, parityOf(mask, n)]));
  let chosen: number[] = [];
  for (let level = bits - together; level > 0; level--) {
    const cut = cutAt(patterns, level);
    // Pieces of few rows have no rank beyond that to tell of.
    const rank = Math.min(most, cut.left.b);
    let best = Infinity, beyondBest = 0;
    const begin = chosen;
    const consider = (candidate: number[]): void => {
      if (dependent(candidate)) return;
      const columns = byParities(candidate, n, parities);
      const beyond = sampler.beyond(cut, { rows, columns }, rank, random, 2, SIDE);
      // Something like a rank: the logarithms tell 1e-30 from 1e-2, which a sum would not.
      let score = 0;
      for (let rank = 1; rank < beyond.length; rank++) {
        score += Math.max(0, Math.log10(beyond[rank] + 1e-24) + 24);
      }
      if (score >= best - 0.5) return;
      [best, chosen, beyondBest] = [score, candidate, beyond[Math.min(rank, cut.left.b - 1)]];
    };
    masks.forEach((mask, i) => {
      if (begin.length > 0 || together === 1) consider([...begin, mask]);
      else for (const other of masks.slice(0, i)) consider([other, mask]);
    });
    // No split at all helps here: then no later one will.
    if (beyondBest > HOPELESS) return undefined;
  }
  const last = masks.find((candidate) => !dependent([...chosen, candidate]))!;
  return byParities([...chosen, last], n, parities);
}

/** Whether some of the masks have exclusive or 0. */
function dependent(masks: readonly number[]): boolean {
  const rest: number[] = [];
  for (let mask of masks) {
    for (const other of rest) mask = Math.min(mask, mask ^ other);
    if (mask === 0) return true;
    rest.push(mask);
    rest.sort((a, b) => b - a);
  }
  return false;
}

/** For each index the parity of its bits under a mask. */
function parityOf(mask: number, n: number): Uint8Array {
  return Uint8Array.from({ length: n }, (_, j) => {
    let odd = 0;
    for (let common = j & mask; common > 0; common &= common - 1) odd ^= 1;
    return odd;
  });
}

/** Indices sorted by parities: those of the first mask decide first; equal ones keep their order. */
function byParities(
  masks: readonly number[],
  n: number,
  parities: ReadonlyMap<number, Uint8Array>,
): Uint32Array {
  const keys = new Uint32Array(n);
  for (const mask of masks) {
    const odd = parities.get(mask)!;
    for (let j = 0; j < n; j++) keys[j] = 2 * keys[j] + odd[j];
  }
  const places = new Uint32Array(2 ** masks.length + 1);
  for (const key of keys) places[key + 1]++;
  for (let k = 1; k < places.length; k++) places[k] += places[k - 1];
  const order = new Uint32Array(n);
  for (let j = 0; j < n; j++) order[places[keys[j]]++] = j;
  return order;
}

/**
 * Columns put in order by the matrix alone, for chains of rank 1: at each cut, from the last factor to the first, columns
 * that are multiples of each other on all rows ≡ ρ belong to one group. Any order of columns is undone, O(n²) a level;
 * that of the rows must be known.
 *
 * @param patterns a chain of rank 1 whose outermost a and d are 1
 * @returns undefined when few columns are multiples of each other
 */
export function orderByColumns(
  { cols, values, field }: CheckedMatrix,
  patterns: readonly Pattern[],
  rows: ArrayLike<number> | undefined,
): Uint32Array | undefined {
  const width = field === "complex" ? 2 : 1;
  let groups = [Array.from({ length: cols }, (_, j) => j)];
  for (let level = patterns.length - 1; level > 0; level--) {
    const { left, right } = cutAt(patterns, level);
    const lanes = left.d;
    const total = left.b * lanes;
    const next: number[][] = [];
    for (const group of groups) {
      let remaining = group;
      while (remaining.length > right.c) {
        const energy = (j: number): number => {
          let sum = 0;
          for (let i = 0; i < total; i++) {
            const at = ((rows?.[i] ?? i) * cols + j) * width;
            sum += values[at] ** 2 + (width === 2 ? values[at + 1] ** 2 : 0);
          }
          return sum;
        };
        const pivot = remaining.map((j) => ({ j, energy: energy(j) })).reduce((a, b) =>
          b.energy > a.energy ? b : a
        ).j;
        const likeness = (j: number): number => {
          const re = new Float64Array(lanes), im = new Float64Array(lanes);
          const own = new Float64Array(lanes), other = new Float64Array(lanes);
          for (let i = 0; i < total; i++) {
            const row = (rows?.[i] ?? i) * cols;
            const p = (row + pivot) * width;
            const q = (row + j) * width;
            const lane = i % lanes;
            const [a, b, c, d] = width === 2
              ? [values[p], values[p + 1], values[q], values[q + 1]]
              : [values[p], 0, values[q], 0];
            re[lane] += a * c + b * d;
            im[lane] += a * d - b * c;
            own[lane] += a * a + b * b;
            other[lane] += c * c + d * d;
          }
          let sum = 0;
          for (let k = 0; k < lanes; k++) {
            sum += own[k] > 0 && other[k] > 0 ? (re[k] ** 2 + im[k] ** 2) / (own[k] * other[k]) : 1;
          }
          return sum;
        };
        const sorted = remaining.map((j) => ({ j, value: j === pivot ? Infinity : likeness(j) }))
          .sort((a, b) => b.value - a.value || a.j - b.j);
        if (!(sorted[right.c >> 1].value >= ALIKE * lanes)) return undefined;
        const taken = new Set(sorted.slice(0, right.c).map(({ j }) => j));
        next.push(remaining.filter((j) => taken.has(j)));
        remaining = remaining.filter((j) => !taken.has(j));
      }
      next.push(remaining);
    }
    groups = next;
  }
  return Uint32Array.from(groups.flat());
}
