/**
 * Permutations that move whole vectors: stretches of neighbours, forwards, backwards or every second one, and what
 * interleaves them. They are found in the numbers, not by name.
 *
 * @module
 */

import { Op, type View } from "../kernels/record.ts";
import type { ImageBuilder } from "./image.ts";
import type { PermutationStep } from "./step.ts";

/**
 * Two vectors of the source and the two of the destination that are made from them, by the offset of their first float.
 * `lanes` says for each lane of the destinations where it comes from: 0 to 3 the first source, 4 to 7 the second.
 */
interface Tile {
  readonly at: readonly number[];
  readonly lanes: readonly number[];
}

/** So many tiles, each a step further. */
export interface Segment extends Tile {
  count: number;
  step: readonly number[];
}

/** A permutation as segments, and the floats left over: pairs of destination and source. */
export interface Moves {
  readonly segments: readonly Segment[];
  readonly singles: readonly number[];
}

/** Nanoseconds of a segment, of a tile and of a float, as measured; and of a float of a plain gather. */
const SEGMENT_COST = 6, TILE_COST = 1, SINGLE_COST = 0.8, GATHER_COST = 0.5;

/** A permutation as a gather of floats: y[i] = x[index[i]]; with `adjoint` its inverse. */
export function gathered({ index, unit, scatter }: PermutationStep, adjoint = false): Uint32Array {
  const result = new Uint32Array(index.length * unit), inverse = scatter !== adjoint;
  for (let i = 0; i < index.length; i++) {
    for (let u = 0; u < unit; u++) {
      if (inverse) result[index[i] * unit + u] = i * unit + u;
      else result[i * unit + u] = index[i] * unit + u;
    }
  }
  return result;
}

/** Finds the stretches of a gather; undefined where moving them would take longer than moving floats. */
export function planMoves(index: Uint32Array): Moves | undefined {
  const n = index.length, most = GATHER_COST * n;
  // Vectors from one stretch of four, from two vectors that another destination reads too, and from any two stretches.
  const alone: Tile[] = [], closed: Tile[] = [], open: Tile[] = [], singles: number[] = [];
  const waiting = new Map<number, number>();
  let first = -1;
  for (let to = 0; to + 4 <= n; to += 4) {
    const [p, q] = windows(index, to, n);
    if (p < 0) {
      for (let i = to; i < to + 4; i++) singles.push(i, index[i]);
      if (singles.length / 2 * SINGLE_COST > most) return undefined;
    } else if (p === q) {
      if (first < 0) first = to;
      else {
        const other = windows(index, first, n)[0];
        alone.push(tile(index, other, p, first, to, true));
        first = -1;
      }
    } else if (p % 4 === 0 && q % 4 === 0) {
      const key = p / 4 * n + q / 4, partner = waiting.get(key);
      if (partner === undefined) waiting.set(key, to);
      else {
        waiting.delete(key);
        closed.push(tile(index, p, q, partner, to));
      }
    } else open.push(tile(index, p, q, to, to));
  }
  for (const to of [...waiting.values(), ...(first < 0 ? [] : [first])]) {
    open.push(tile(index, ...windows(index, to, n, false), to, to));
  }
  for (let i = n - n % 4; i < n; i++) singles.push(i, index[i]);
  const segments = [alone, closed, open].flatMap((some) => joined(some.sort((a, b) => a.at[2] - b.at[2])));
  const tiles = alone.length + closed.length + open.length;
  const cost = segments.length * SEGMENT_COST + tiles * TILE_COST + singles.length / 2 * SINGLE_COST;
  return cost < most ? { segments, singles } : undefined;
}

/**
 * Two stretches of four floats that hold the sources of four destinations: the same one twice where that is enough, and
 * negative where two are not. `whole` vectors are taken where possible, as another destination may share them; else they
 * lie close to what is needed, which is more regular.
 */
function windows(index: Uint32Array, to: number, n: number, whole = true): [number, number] {
  const a = index[to], b = index[to + 1], c = index[to + 2], d = index[to + 3];
  const low = Math.min(a, b, c, d), high = Math.max(a, b, c, d);
  if (high - low < 4) return [Math.min(low, n - 4), Math.min(low, n - 4)];
  const tight: [number, number] = [low, high - 3],
    vectors: [number, number] = [low - low % 4, high - high % 4];
  for (const [p, q] of whole ? [vectors, tight] : [tight, vectors]) {
    const fits = (i: number): boolean => (i >= p && i < p + 4) || (i >= q && i < q + 4);
    if (q + 4 <= n && fits(a) && fits(b) && fits(c) && fits(d)) return [p, q];
  }
  return [-1, -1];
}

/** The tile of destinations u and v; with `apart` each has a source of its own. */
function tile(index: Uint32Array, p: number, q: number, u: number, v: number, apart = false): Tile {
  const lanes: number[] = [];
  for (let k = 0; k < 8; k++) {
    const from = index[(k < 4 ? u : v) + k % 4];
    const second = apart ? k >= 4 : from < p || from >= p + 4;
    lanes.push(second ? from - q + 4 : from - p);
  }
  return { at: [p, q, u, v], lanes };
}

/** Joins tiles that follow each other at equal distances. */
function joined(tiles: readonly Tile[]): Segment[] {
  const segments: Segment[] = [];
  let last: Segment | undefined, end: Tile | undefined;
  for (const next of tiles) {
    const step = end && next.at.map((at, k) => at - end!.at[k]);
    const same = last && step && next.lanes.every((lane, k) => lane === last!.lanes[k]) &&
      (last.count === 1 || step.every((distance, k) => distance === last!.step[k]));
    if (last && step && same) {
      last.count++;
      last.step = step;
    } else segments.push(last = { ...next, count: 1, step: next.at.map(() => 0) });
    end = next;
  }
  return segments;
}

/** Integers of a segment in the table, and of one with sums. */
const SEGMENT = 28, SUMS = 32;
/** No lane. */
const NONE = 0x80808080 | 0;

/**
 * The sums and differences of the two halves of a permuted vector: tiles of four sources and two destinations, lanes 0 to
 * 7 of the first half and then of the second. Undefined where it is not regular.
 */
export function planSums(index: Uint32Array, negated: boolean): readonly Segment[] | undefined {
  const n = index.length, half = n / 2, tiles: Tile[] = [];
  if (n % 8 !== 0) return undefined;
  for (let to = 0; to < half; to += 4) {
    const x = windows(index, to, n), y = windows(index, half + to, n);
    if (x[0] < 0 || y[0] < 0) return undefined;
    const lanes = [
      ...tile(index, ...x, to, to).lanes.slice(0, 4),
      ...tile(index, ...y, half + to, 0).lanes.slice(0, 4),
    ];
    // Where the second half is subtracted first, its difference is the first half of the result.
    tiles.push({ at: [...x, ...y, ...(negated ? [half + to, to] : [to, half + to])], lanes });
  }
  const segments = joined(tiles);
  return segments.length * 4 <= tiles.length ? segments : undefined;
}

/** Writes the numbers of a segment and its masks, which follow after `size` integers. */
function writeSegment(
  memory: Int32Array,
  to: number,
  { at, count, step, lanes }: Segment,
  size: number,
): void {
  memory.fill(0, to, to + size);
  memory[to] = count;
  at.forEach((offset, k) => {
    memory[to + 1 + k] = offset * 4;
    memory[to + 1 + at.length + k] = step[k] * 4;
  });
  // Masks of bytes: for four lanes of a destination what it takes of the first source, and of the second.
  lanes.forEach((lane, k) => {
    const mask = 0x03020100 + (lane & 3) * 0x04040404, place = to + size + (k < 4 ? k : k + 4);
    memory[place] = lane < 4 ? mask : NONE;
    memory[place + 4] = lane < 4 ? NONE : mask;
  });
}

/** Emits the moves of a permutation. */
export function emitMoves(image: ImageBuilder, { segments, singles }: Moves, src: View, dst: View): void {
  const table = image.table(segments.length * SEGMENT + singles.length, (memory, to) => {
    for (const segment of segments) {
      writeSegment(memory, to, segment, SEGMENT - 16);
      to += SEGMENT;
    }
    singles.forEach((float, k) => memory[to + k] = float * 4);
  });
  image.emit({ op: Op.move, count: segments.length, src, dst, table, extra: [singles.length / 2] });
}

/** Emits the sums and differences of the halves of a permuted vector. */
export function emitSums(image: ImageBuilder, segments: readonly Segment[], src: View, dst: View): void {
  const table = image.table(segments.length * SUMS, (memory, to) => {
    segments.forEach((segment, k) => writeSegment(memory, to + k * SUMS, segment, SUMS - 16));
  });
  image.emit({ op: Op.moveSums, count: segments.length, src, dst, table });
}

/** A plan in words. */
export function describeMoves({ segments, singles }: Moves): string {
  const count = segments.length;
  const rest = singles.length ? `, ${singles.length / 2} floats one by one` : "";
  return `whole vectors, ${count} ${count === 1 ? "stretch" : "stretches"}${rest}`;
}
