/**
 * Factors of 4×4 blocks between permutations, in one pass: the entries of neighbouring blocks lie in streams that run
 * forwards or backwards through the vector, as where the two halves of a spectrum mirror each other. Such are the
 * last steps of real transforms, and the first of their transposes.
 *
 * @module
 */

import { Op, type View } from "../kernels/record.ts";
import type { Run } from "./chain.ts";
import type { ImageBuilder } from "./image.ts";
import { gathered } from "./moves.ts";
import { type FactorStep, inputsOf, type PermutationStep, type Step } from "./step.ts";

/** Four streams: where entry δ of each lies, and what is the same for all δ of a range. */
interface Side {
  /** Where entry δ of stream s lies the i-th time: at[(i·4 + s)·d + δ]. */
  readonly at: Uint32Array;
  /** From one time to the next. */
  readonly further: number;
  /** From one δ to the next. */
  readonly steps: readonly number[];
  /** Whether streams 0 and 1, and 2 and 3, are interleaved. */
  readonly pairs: readonly [boolean, boolean];
}

/** A factor and the permutations that its pass takes along. */
export interface Mirrored {
  /** Index of the first step, and how many of the program it stands for. */
  readonly first: number;
  readonly length: number;
  /** The value it reads. */
  readonly from: number;
  readonly factor: FactorStep;
  readonly input: Side;
  readonly output: Side;
  /** The δ at which vectors of four blocks start; those that belong to none, block by block. */
  readonly starts: readonly number[];
  readonly rest: readonly number[];
  /** Whether blocks consist of rotations, with one stream of the input or the output negated or none. */
  readonly rotations: { readonly input: boolean; readonly output: boolean } | undefined;
}

/** Shorter streams are not worth it. */
const SHORTEST = 8;

/** The factors of a program that are run so; `runs` are taken already. */
export function findMirrored(steps: readonly Step[], output: number, runs: readonly Run[]): Mirrored[] {
  const taken = new Set(runs.flatMap(({ first, length }) => Array.from({ length }, (_, k) => first + k)));
  const readers = new Map<number, number>([[output, 1]]);
  for (const step of steps) {
    for (const value of inputsOf(step)) readers.set(value, (readers.get(value) ?? 0) + 1);
  }
  /** The permutation at i, if it is free, and if of it and the step after it one only reads the other. */
  const permutation = (i: number, reader: number): PermutationStep | undefined => {
    const step = steps[i], next = steps[reader];
    const follows = next !== undefined && "from" in next && next.from === reader && readers.get(reader) === 1;
    return step?.kind === "permutation" && !taken.has(i) && follows ? step : undefined;
  };
  const found: Mirrored[] = [];
  steps.forEach((factor, i) => {
    if (factor.kind !== "factor" || factor.field !== "real") return;
    const { b, c, d } = factor.pattern;
    if (b !== 4 || c !== 4 || d < SHORTEST) return;
    const before = permutation(i - 1, i), after = permutation(i + 1, i + 1);
    const input = before && side(gathered(before), d), result = after && side(gathered(after, true), d);
    const straight = straightSide(factor.pattern.a, d);
    const [low, high] = [input, result].reduce(
      ([low, high], one) => one ? [Math.max(low, one.low), Math.min(high, one.high)] : [low, high],
      [0, d],
    );
    if (high - low < SHORTEST / 2) return;
    // Unless they are a multiple of four, the second vector overlaps the first.
    const starts: number[] = (high - low) % 4 === 0 ? [] : [low], rest: number[] = [];
    for (let delta = low + (high - low) % 4; delta < high; delta += 4) starts.push(delta);
    for (let delta = 0; delta < d; delta++) if (delta < low || delta >= high) rest.push(delta);
    const first = input ? i - 1 : i;
    if (input) taken.add(i - 1);
    if (result) taken.add(i + 1);
    found.push({
      first,
      length: 1 + (input ? 1 : 0) + (result ? 1 : 0),
      from: input ? before!.from : factor.from,
      factor,
      input: input ?? straight,
      output: result ?? straight,
      starts,
      rest,
      rotations: rotations(factor, low, high),
    });
  });
  return found;
}

function straightSide(a: number, d: number): Side {
  const at = Uint32Array.from({ length: 4 * a * d }, (_, i) => i);
  return { at, further: 4 * d, steps: [1, 1, 1, 1], pairs: [false, false] };
}

/** The streams of a permutation, and the δ for which they are such; undefined where they are none. */
function side(at: Uint32Array, d: number): Side & { low: number; high: number } | undefined {
  const middle = d >> 1, streams = [0, 1, 2, 3], times = at.length / (4 * d);
  const further = times > 1 ? at[4 * d + middle] - at[middle] : 0;
  const steps = streams.map((s) => at[s * d + middle + 1] - at[s * d + middle]);
  const pair = (s: number): boolean =>
    Math.abs(steps[s]) === 2 && steps[s + 1] === steps[s] &&
    at[(s + 1) * d + middle] === at[s * d + middle] + 1;
  const pairs: [boolean, boolean] = [pair(0), pair(2)];
  if (!streams.every((s) => pairs[s >> 1] || Math.abs(steps[s]) === 1)) return undefined;
  /** Whether at δ all streams are where they should be, seen from the middle. */
  const regular = (delta: number): boolean => {
    for (let i = 0; i < 4 * times; i++) {
      const first = at[i % 4 * d + middle] + (i >> 2) * further;
      if (at[i * d + delta] !== first + steps[i % 4] * (delta - middle)) return false;
    }
    return true;
  };
  if (!regular(middle)) return undefined;
  let low = middle, high = middle;
  while (low > 0 && regular(low - 1)) low--;
  while (high < d && regular(high)) high++;
  return high - low < d - 4 ? undefined : { at, further, steps, pairs, low, high };
}

/** Whether all blocks consist of rotations [[r, −s], [s, r]], once the signs of stream 3 are changed or not. */
function rotations(
  { pattern: { a, d }, weights }: FactorStep,
  low: number,
  high: number,
): Mirrored["rotations"] {
  const fits = (input: boolean, output: boolean): boolean => {
    for (let i = 0; i < a; i++) {
      for (let block = 0; block < 4; block++) {
        const corner = (i * 4 + (block & 2)) * 4 + (block & 1) * 2;
        // Column 3 is negated on the way in, row 3 on the way out.
        const column = input && block & 1 ? -1 : 1, row = output && block & 2 ? -1 : 1;
        for (let delta = low; delta < high; delta++) {
          const entry = (k: number): number => weights[(corner + k) * d + delta];
          if (entry(0) !== entry(5) * column * row || entry(4) * row !== -entry(1) * column) return false;
        }
      }
    }
    return true;
  };
  for (const output of [false, true]) {
    for (const input of [false, true]) if (fits(input, output)) return { input, output };
  }
  return undefined;
}

/** The pass in words. */
export function describeMirrored(
  { factor: { pattern: { a, b, c, d } }, length, rotations }: Mirrored,
): string {
  const on = length === 1
    ? ""
    : length === 2
    ? ", a permutation on the way"
    : ", two permutations on the way";
  return `real factor (${a}, ${b}, ${c}, ${d}), four streams of blocks${
    rotations ? " of rotations" : ""
  }${on}`;
}

/** Weights of the pass, and its multiply-adds. */
export function mirroredCost(mirrored: Mirrored): { weights: number; madds: number } {
  const { factor: { pattern: { a } }, starts, rest } = mirrored;
  return {
    weights: a * (starts.length * entries(mirrored).length * 4 + rest.length * 16),
    madds: a * (starts.length * 64 + rest.length * 16),
  };
}

/** The entries of a block that a vector of blocks needs, in the order of the kernel. */
function entries({ rotations }: Mirrored): readonly { row: number; column: number; sign: number }[] {
  if (!rotations) return Array.from({ length: 16 }, (_, k) => ({ row: k >> 2, column: k & 3, sign: 1 }));
  // Of each rotation its first column. The second row of the last ones is written with the opposite sign.
  return [0, 2].flatMap((row) =>
    [0, 2].flatMap((column) => [
      { row, column, sign: 1 },
      { row: row + 1, column, sign: rotations.output && row === 2 ? -1 : 1 },
    ])
  );
}

/** Emits the pass: the vectors, and then the blocks that belong to none. */
export function emitMirrored(image: ImageBuilder, mirrored: Mirrored, src: View, dst: View): void {
  const { factor: { pattern: { a, d }, weights }, input, output, starts, rest, rotations } = mirrored;
  const wanted = entries(mirrored);
  const sides = [input, output];
  const blocks = Array.from({ length: a }, (_, i) => i);
  const table = image.table(16 + 8 * a * rest.length, (memory, to) => {
    sides.forEach(({ at, steps, pairs }, k) => {
      for (let s = 0; s < 4; s++) {
        const even = pairs[s >> 1] ? s & ~1 : s, backwards = steps[s] < 0;
        // A stream that runs backwards begins with the entry of the fourth block; of a pair, the second has the next vector.
        const first = at[even * d + starts[0] + (backwards ? 3 : 0)] + (s === even ? 0 : 4);
        memory[to + k * 4 + s] = first * 4;
        memory[to + 8 + k * 4 + s] = steps[s] * 16;
      }
    });
    to += 16;
    for (const i of blocks) {
      for (const delta of rest) {
        for (const { at } of sides) {
          for (let s = 0; s < 4; s++) memory[to++] = at[(i * 4 + s) * d + delta] * 4;
        }
      }
    }
  });
  let flags = 0;
  sides.forEach(({ steps, pairs }, k) => {
    pairs.forEach((pair, p) => flags |= pair ? 1 << (2 * k + p) : 0);
    steps.forEach((step, s) => flags |= step < 0 ? 1 << (4 + 4 * k + s) : 0);
  });
  if (rotations) flags |= 4096 | (rotations.input ? 8192 : 0) | (rotations.output ? 16384 : 0);
  image.emit({
    op: Op.streams,
    count: starts.length,
    src,
    dst,
    table,
    weights: image.weights(mirroredCost(mirrored).weights, (memory, to) => {
      const entry = (i: number, row: number, column: number, delta: number): number =>
        weights[((i * 4 + row) * 4 + column) * d + delta];
      for (const i of blocks) {
        for (const delta of starts) {
          for (const { row, column, sign } of wanted) {
            for (let lane = 0; lane < 4; lane++) memory[to++] = sign * entry(i, row, column, delta + lane);
          }
        }
      }
      for (const i of blocks) {
        for (const delta of rest) {
          for (let k = 0; k < 16; k++) memory[to++] = entry(i, k & 3, k >> 2, delta);
        }
      }
    }),
    stride: [input.further * 4, output.further * 4, a * rest.length],
    extra: [flags, starts.length > 1 ? starts[0] + 4 - starts[1] : 0, a],
  });
}
