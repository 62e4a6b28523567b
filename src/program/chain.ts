/**
 * Runs of butterfly factors: how they are found in a program and cut into passes.
 *
 * @module
 */

import type { FactorStep, Step } from "./step.ts";
import { inputsOf } from "./step.ts";

/** Consecutive radix-2 factors on n points, each read only by the next. */
export interface Run {
  /** Index of the first step. */
  readonly first: number;
  readonly factors: readonly FactorStep[];
  readonly complex: boolean;
  /** Points, a multiple of 4. */
  readonly n: number;
}

/**
 * What one pass over the data does. A `pass` holds 2, 4 or 8 vectors in registers and applies one factor for each of
 * `strides` (in points, multiples of 4) and, with `lanes`, the factors of stride 1 and 2 before (1) or after (2)
 * them. A `lane` is a single factor of stride 1 or 2.
 */
export type Pass =
  | { readonly kind: "pass"; readonly first: number; readonly lanes: 0 | 1 | 2; readonly strides: readonly number[] }
  | { readonly kind: "lane"; readonly first: number; readonly stride: 1 | 2 };

/** Factors that a pass applies. */
export function passFactors(pass: Pass): number {
  return pass.kind === "lane" ? 1 : pass.strides.length + (pass.lanes ? 2 : 0);
}

function isButterflyFactor(step: Step): step is FactorStep {
  if (step.kind !== "factor") return false;
  const { a, b, c, d } = step.pattern;
  return b === 2 && c === 2 && (a * d) % 2 === 0 && (d % 4 === 0 || (d <= 2 && (a * b * d) % 4 === 0));
}

/** The runs of a program, in order: maximal, and cut where a value is read twice. */
export function findRuns(steps: readonly Step[], output: number): Run[] {
  const readers = new Map<number, number>([[output, 1]]);
  for (const step of steps) {
    for (const value of inputsOf(step)) readers.set(value, (readers.get(value) ?? 0) + 1);
  }
  const runs: Run[] = [];
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i];
    if (!isButterflyFactor(step)) continue;
    const factors = [step];
    for (let next = steps[i + 1]; next !== undefined; next = steps[i + factors.length]) {
      if (!isButterflyFactor(next) || next.field !== step.field) break;
      if (next.from !== i + factors.length || readers.get(next.from) !== 1) break;
      factors.push(next);
    }
    const { a, d } = step.pattern;
    runs.push({ first: i, factors, complex: step.field === "complex", n: 2 * a * d });
    i += factors.length - 1;
  }
  return runs;
}

/**
 * Cuts a run into passes. A stretch of distinct strides ≥ 4, with the pair (1, 2) before it or (2, 1) after it, is
 * spread over as few passes as the registers allow, evenly; a stride that fits nowhere is a lane factor of its own.
 */
export function planPasses(run: Run): Pass[] {
  const strides = run.factors.map((factor) => factor.pattern.d);
  const most = run.complex ? 2 : 3;
  const passes: Pass[] = [];
  let i = 0;
  while (i < strides.length) {
    const start = i;
    const before = strides[i] === 1 && strides[i + 1] === 2 && strides[i + 2] >= 4;
    if (before) i += 2;
    const body = i;
    const seen = new Set<number>();
    while (i < strides.length && strides[i] >= 4 && !seen.has(strides[i])) seen.add(strides[i++]);
    if (i === body) {
      passes.push({ kind: "lane", first: start, stride: strides[start] === 1 ? 1 : 2 });
      i = start + 1;
      continue;
    }
    const count = i - body;
    const after = strides[i] === 2 && strides[i + 1] === 1;
    const parts = Math.ceil(count / most);
    let at = body;
    for (let part = 0; part < parts; part++) {
      // The pass that also has lane factors gets the smaller share.
      const share = after
        ? Math.ceil((count - (at - body)) / (parts - part))
        : Math.floor((count - (at - body)) / (parts - part));
      const lanes = before && part === 0 ? 1 : after && part === parts - 1 && !(before && parts === 1) ? 2 : 0;
      passes.push({
        kind: "pass",
        first: lanes === 1 ? start : at,
        lanes,
        strides: strides.slice(at, at + share),
      });
      at += share;
    }
    const last = passes[passes.length - 1];
    if (last.kind === "pass" && last.lanes === 2) i += 2;
  }
  return passes;
}

/** Passes of one factor each, as training runs them. */
export function planSingles(run: Run): Pass[] {
  return run.factors.map(({ pattern: { d } }, first) =>
    d === 1 || d === 2 ? { kind: "lane", first, stride: d } : { kind: "pass", first, lanes: 0, strides: [d] }
  );
}

/** First points of the iterations of a pass: multiples of 4 at which every register stride points upwards. */
export function iterations(pass: Pass, n: number): Uint32Array {
  const strides = pass.kind === "lane" ? [] : pass.strides;
  const result = new Uint32Array(n / 4 >> strides.length);
  let count = 0;
  for (let point = 0; point < n; point += 4) {
    if (strides.every((s) => Math.floor(point / s) % 2 === 0)) result[count++] = point;
  }
  return result;
}

/**
 * Calls `visit(factor, point)` for each vector of weights in the order in which the kernels read them: for each
 * iteration, for each factor, for each register (the two of a pair after each other); the vector belongs to the points
 * `point` … `point + 3`.
 */
export function eachVector(pass: Pass, n: number, visit: (factor: number, point: number) => void): void {
  const strides = pass.kind === "lane" ? [] : pass.strides;
  const registers = registerOffsets(strides);
  const before = pass.kind === "pass" && pass.lanes === 1 ? 2 : 0;
  const orders: number[][] = Array.from({ length: passFactors(pass) }, (_, f) => {
    const stride = strides[f - before];
    return stride === undefined ? registers : pairOrder(registers, f - before);
  });
  for (const base of iterations(pass, n)) {
    orders.forEach((order, f) => {
      for (const register of order) visit(pass.first + f, base + register);
    });
  }
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

/** Index, in numbers, of the weight that takes point `j` (k or its partner) to point k. */
export function weightIndex(stride: number, k: number, partner: boolean): number {
  const i = Math.floor(k / (2 * stride)), beta = Math.floor(k / stride) & 1;
  return ((i * 2 + beta) * 2 + (partner ? 1 - beta : beta)) * stride + k % stride;
}
