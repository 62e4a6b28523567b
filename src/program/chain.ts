/**
 * Runs of butterfly factors: how they are found in a program and cut into passes.
 *
 * @module
 */

import type { Lanes } from "../kernels/record.ts";
import { type FactorStep, inputsOf, type PermutationStep, type Step } from "./step.ts";

/** Consecutive radix-2 factors on n points, each read only by the next. */
export interface Run {
  /** Index of the first step, that of the absorbed permutation included. */
  readonly first: number;
  /** How many steps of the program it stands for. */
  readonly length: number;
  /** The value it reads. */
  readonly from: number;
  readonly factors: readonly FactorStep[];
  readonly complex: boolean;
  /** Points, a multiple of 4. */
  readonly n: number;
  /** A bit reversal that the passes do on the way: in front of the factors, behind them, or none. */
  readonly reversal: "before" | "after" | undefined;
}

/**
 * What one pass over the data does. A `pass` holds 2, 4 or 8 vectors in registers and applies one factor for each
 * stride (in points, multiples of 4); `lanes` says what happens to the factors of stride 1 and 2. A `lane` is a single
 * factor of stride 1 or 2.
 */
export interface Pass {
  readonly kind: "pass" | "lane";
  /** The first factor of the run that it applies, and how many. */
  readonly first: number;
  readonly count: number;
  readonly lanes: Lanes;
  /** Distances of the registers in points, where they are read and where they are written. */
  readonly strides: readonly number[];
  readonly targets: readonly number[];
  /** Whether the point at address p of the result is number p, or number bit reversal of p. */
  readonly reversed: boolean;
}

function isButterflyFactor(step: Step | undefined): step is FactorStep {
  if (step?.kind !== "factor") return false;
  const { a, b, c, d } = step.pattern;
  return b === 2 && c === 2 && (a * d) % 2 === 0 && (d % 4 === 0 || (d <= 2 && (a * b * d) % 4 === 0));
}

/** Whether a permutation of n points is the bit reversal, n a power of two from 16 on. */
function isReversal(step: Step | undefined, n: number, unit: number): step is PermutationStep {
  if (step?.kind !== "permutation" || step.index.length !== n || step.unit !== unit) return false;
  if (n < 16 || (n & (n - 1)) !== 0) return false;
  const shift = Math.clz32(n) + 1;
  return step.index.every((from, to) => reverse(to, shift) === from);
}

/** The bits of `value` in reverse; `shift` is 32 minus their number. */
export function reverse(value: number, shift: number): number {
  value = (value >>> 1 & 0x55555555) | (value & 0x55555555) << 1;
  value = (value >>> 2 & 0x33333333) | (value & 0x33333333) << 2;
  value = (value >>> 4 & 0x0f0f0f0f) | (value & 0x0f0f0f0f) << 4;
  value = (value >>> 8 & 0x00ff00ff) | (value & 0x00ff00ff) << 8;
  return (value >>> 16 | value << 16) >>> shift;
}

/**
 * The runs of a program, in order: maximal, and cut where a value is read twice. With `absorb` a bit reversal next to a
 * whole butterfly (in front of increasing strides, or behind decreasing ones) becomes part of the run.
 */
export function findRuns(steps: readonly Step[], output: number, absorb: boolean): Run[] {
  const readers = new Map<number, number>([[output, 1]]);
  for (const step of steps) {
    for (const value of inputsOf(step)) readers.set(value, (readers.get(value) ?? 0) + 1);
  }
  /** Whether step i reads only what step i − 1 made, and nothing else does. */
  const follows = (i: number): boolean => {
    const step = steps[i];
    return "from" in step && step.from === i && readers.get(i) === 1;
  };
  const runs: Run[] = [];
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i];
    if (!isButterflyFactor(step)) continue;
    const factors = [step];
    for (let next = steps[i + 1]; isButterflyFactor(next); next = steps[i + factors.length]) {
      if (next.field !== step.field || !follows(i + factors.length)) break;
      factors.push(next);
    }
    const n = 2 * step.pattern.a * step.pattern.d, complex = step.field === "complex", unit = complex ? 2 : 1;
    let reversal: Run["reversal"];
    const strides = factors.map((factor) => factor.pattern.d);
    if (absorb && strides.length === Math.log2(n)) {
      const before = steps[i - 1], after = steps[i + factors.length];
      const taken = runs.length > 0 && runs[runs.length - 1].first + runs[runs.length - 1].length === i;
      if (!taken && isReversal(before, n, unit) && follows(i) && strides.every((s, k) => s === 2 ** k)) {
        reversal = "before";
      } else if (
        isReversal(after, n, unit) && follows(i + factors.length) &&
        strides.every((s, k) => s === n / 2 ** (k + 1))
      ) reversal = "after";
    }
    const first = reversal === "before" ? i - 1 : i;
    const length = factors.length + (reversal ? 1 : 0);
    const from = reversal === "before" ? (steps[i - 1] as PermutationStep).from : step.from;
    runs.push({ first, length, from, factors, complex, n, reversal });
    i = first + length - 1;
  }
  return runs;
}

function pass(first: number, lanes: Lanes, strides: readonly number[], reversed = false): Pass {
  const count = strides.length + (lanes === 1 || lanes === 2 ? 2 : 0);
  return { kind: "pass", first, count, lanes, strides, targets: strides, reversed };
}

/** Whether factors of these strides can share registers: the blocks of one must be cut evenly by the other. */
function nest(s: number, t: number): boolean {
  return Math.max(s, t) % (2 * Math.min(s, t)) === 0;
}

/** Whether all rows of a butterfly factor begin with the same number: whether its rows are not scaled differently. */
function isEven({ pattern: { a, d }, weights }: FactorStep): boolean {
  for (let row = 0; row < 2 * a; row++) {
    for (let k = 2 * row * d; k < (2 * row + 1) * d; k++) if (weights[k] !== weights[0]) return false;
  }
  return true;
}

/**
 * What a program is compiled for: single vectors; batches, whose rows share weights; or the small machine of compiled
 * operators, which knows fewer operations ("core").
 */
export type Target = "vector" | "rows" | "core";

/** How the factors between registers are shared out over passes. */
export type Sharing = "rows" | "narrow" | "wide" | "widest";

/** Cuts a run into passes. */
export function planPasses(run: Run, sharing: Sharing): Pass[] {
  return run.reversal ? planReversed(run, sharing) : planNatural(run, sharing);
}

/**
 * A stretch of strides ≥ 4 that nest, with the pair (1, 2) before it or (2, 1) after it, is spread evenly over passes; a
 * stride that fits nowhere is a lane factor of its own.
 */
function planNatural(run: Run, sharing: Sharing): Pass[] {
  const strides = run.factors.map((factor) => factor.pattern.d);
  const passes: Pass[] = [];
  let i = 0;
  while (i < strides.length) {
    const start = i;
    const before = strides[i] === 1 && strides[i + 1] === 2 && strides[i + 2] >= 4;
    if (before) i += 2;
    const body = i;
    const seen = new Set<number>();
    while (i < strides.length && strides[i] >= 4 && [...seen].every((s) => nest(s, strides[i]))) {
      seen.add(strides[i++]);
      // Without weights only the end of a pass can change signs.
      if (sharing === "widest" && !isEven(run.factors[i - 1])) break;
    }
    if (i === body) {
      const targets = [strides[start]];
      passes.push({
        kind: "lane",
        first: start,
        count: 1,
        lanes: 0,
        strides: targets,
        targets,
        reversed: false,
      });
      i = start + 1;
      continue;
    }
    const shares = share(i - body, run.complex, sharing);
    const after = strides[i] === 2 && strides[i + 1] === 1 && !(before && shares.length === 1);
    // The pass that also has lane factors gets the smaller share.
    if (after && !before) shares.reverse();
    let at = body;
    shares.forEach((share, part) => {
      const lanes = before && part === 0 ? 1 : after && part === shares.length - 1 ? 2 : 0;
      passes.push(pass(lanes === 1 ? start : at, lanes, strides.slice(at, at + share)));
      at += share;
    });
    if (after) i += 2;
  }
  return passes;
}

/**
 * How many factors each pass gets. Complex passes hold 4 vectors, real ones 8; 16 pay where they save a pass of few
 * factors: for 4 and 10 factors with weights ("wide"), for 4 and 7 without ("widest"; all measured). For batches ("rows")
 * real passes hold 4 too, whose kernels share weights between the rows.
 */
function share(count: number, complex: boolean, sharing: Sharing): number[] {
  if (complex || sharing === "rows") return spread(count, 2);
  if (sharing === "widest") return spread(count, count === 4 || count === 7 ? 4 : 3);
  if (sharing === "wide" && count === 4) return [4];
  if (sharing === "wide" && count === 10) return [4, 3, 3];
  return spread(count, 3);
}

/** `count` in as few parts of at most `most` as possible, as even as possible, the smaller first. */
function spread(count: number, most: number): number[] {
  const parts = Math.ceil(count / most);
  return Array.from({ length: parts }, (_, part) => Math.floor((count + part) / parts));
}

/**
 * A butterfly with a bit reversal in front or behind, in natural order at both ends, for the price of the butterfly.
 *
 * In front (increasing strides): the data stay where they are, so that the factor of stride s pairs addresses n/2s
 * apart: first the far ones, and the last two (addresses 2 and 1 apart, strides n/4 and n/2) would pair lanes. The last
 * pass reads the four vectors n/2 and n/4 apart, exchanges lanes and registers, applies these two factors between
 * registers, and finds in each vector four numbers that are neighbours in natural order; it writes them there.
 * Behind (decreasing strides): the same, except that numbers, not addresses, are natural until the last pass.
 */
function planReversed(run: Run, sharing: Sharing): Pass[] {
  const { n, factors } = run, before = run.reversal === "before";
  const strides = factors.slice(0, -2).map(({ pattern: { d } }) => before ? n / (2 * d) : d);
  const passes: Pass[] = [];
  let at = 0;
  for (const share of spread(strides.length, run.complex || sharing === "rows" ? 2 : 3)) {
    passes.push(pass(at, 0, strides.slice(at, at + share), before));
    at += share;
  }
  const ends = { strides: [n / 2, n / 4], targets: [n / 4, n / 2] };
  passes.push({ kind: "pass", first: at, count: 2, lanes: 3, ...ends, reversed: !before });
  return passes;
}

/** A step of training: one factor of a run, or two neighbours whose common value stays in registers. */
export interface Stage {
  /** The first factor of the run that it applies. */
  readonly first: number;
  /** The stride of each of its factors, in points. */
  readonly strides: readonly number[];
}

/**
 * Cuts a run into stages. Of real factors two that pair lanes go together; two that pair vectors do so for single
 * vectors, while with `rows`, for batches, one by one they have their weights and the sums of their gradients in
 * registers. Complex ones go one by one: arithmetic sets their time.
 */
export function planStages(run: Run, rows: boolean): Stage[] {
  const strides = run.factors.map((factor) => factor.pattern.d);
  const alike = (s: number, t: number | undefined): t is number =>
    !run.complex && t !== undefined && (s <= 2 ? t === 3 - s : !rows && t > 2 && nest(s, t));
  const stages: Stage[] = [];
  for (let first = 0; first < strides.length;) {
    const s = strides[first], t = strides[first + 1];
    const both = alike(s, t);
    stages.push({ first, strides: both ? [s, t] : [s] });
    first += both ? 2 : 1;
  }
  return stages;
}

/** First points of the iterations of a pass, where they are read and where they are written. */
export function iterations(pass: Pass, n: number): { from: Uint32Array; to: Uint32Array } {
  const strides = pass.kind === "lane" ? [] : pass.strides;
  const from = new Uint32Array(n / 4 >> strides.length);
  let count = 0;
  for (let point = 0; point < n; point += 4) {
    if (strides.every((s) => Math.floor(point / s) % 2 === 0)) from[count++] = point;
  }
  if (pass.lanes !== 3) return { from, to: from };
  const shift = Math.clz32(n) + 1;
  return { from, to: from.map((point) => reverse(point, shift)) };
}

/** Distance of each register from the first point of its iteration. */
export function registerOffsets(strides: readonly number[]): number[] {
  const registers: number[] = [0];
  for (const stride of strides) registers.push(...registers.map((r) => r + stride));
  return registers;
}

/** The registers with the two that differ in bit `level` of their number next to each other. */
function pairOrder(registers: readonly number[], level: number): number[] {
  const order: number[] = [];
  for (let t = 0; t < registers.length; t++) {
    if ((t >> level & 1) === 0) order.push(registers[t], registers[t | 1 << level]);
  }
  return order;
}

/**
 * Calls `visit(factor, points)` for each vector of weights in the order in which the kernels read them: for each
 * iteration, for each factor, for each register (the two of a pair after each other); `points` are the numbers of the
 * four points that the vector belongs to. It is the same array in each call.
 */
export function eachVector(
  pass: Pass,
  n: number,
  visit: (factor: number, points: Uint32Array) => void,
): void {
  const registers = registerOffsets(pass.kind === "lane" ? [] : pass.targets);
  const before = pass.lanes === 1 ? 2 : 0;
  const orders = Array.from({ length: pass.count }, (_, f) => {
    const level = f - before;
    return pass.kind === "lane" || level < 0 || level >= pass.strides.length
      ? registers
      : pairOrder(registers, level);
  });
  const number = numbering(pass, n), points = new Uint32Array(4);
  for (const base of iterations(pass, n).to) {
    for (let f = 0; f < orders.length; f++) {
      for (const register of orders[f]) {
        for (let lane = 0; lane < 4; lane++) points[lane] = number(base + register + lane);
        visit(pass.first + f, points);
      }
    }
  }
}

/** The number of the point at an address of the result of a pass. */
export function numbering(pass: Pass, n: number): (address: number) => number {
  const shift = Math.clz32(n) + 1;
  return pass.reversed ? (address) => reverse(address, shift) : (address) => address;
}

/** Index, in numbers, of the weight that takes point k, or its partner, to point k. */
export function weightIndex(stride: number, k: number, partner: boolean): number {
  const i = Math.floor(k / (2 * stride)), beta = Math.floor(k / stride) & 1;
  return ((i * 2 + beta) * 2 + (partner ? 1 - beta : beta)) * stride + k % stride;
}
