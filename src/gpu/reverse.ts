/**
 * The plan of the backward direction of a program: forward again with all values kept, then the list of steps walked
 * backwards, each to the cotangent of what it read and the gradient of its weights.
 *
 * @module
 */

import { countReaders } from "../program/compile.ts";
import { Program } from "../program/program.ts";
import { type FactorStep, floats, isWeighted, type Step, type WeightedStep } from "../program/step.ts";
import { isLargeDense, isPair, patternOf, suits, type Unary } from "./chain.ts";
import {
  addChain,
  addDense,
  addGroupsBack,
  gathered,
  ladderFrom,
  numbersOf,
  onlyReaders,
} from "./forward.ts";
import { type Numbers, packAdjoint, packFactor, packPoints } from "./pack.ts";
import { type Plan, Planner, type Tuning } from "./plan.ts";
import { WeightList, type Weights, ZERO } from "./weights.ts";
import { weightGradient } from "./wgsl/back.ts";
import { copyOp } from "./wgsl/fused.ts";
import type { ChainShape } from "./wgsl/group_back.ts";
import { wholeRow } from "./wgsl/ops.ts";
import { factorOp, gatherOp } from "./wgsl/steps.ts";

/** Gradients that a thread sums in registers at most. */
const MOST_SUMS = 96;
/** Threads of a workgroup that works on several short rows. */
const WIDE = 64;

/** Where the weights of a program lie in one flat array. */
export interface Flat {
  /** Floats in all. */
  readonly length: number;
  /** Where each array of `program.weights` begins. */
  readonly starts: readonly number[];
  /** Their lengths. */
  readonly lengths: readonly number[];
  /** For the weights of a kernel, where each packed number lies. */
  codes(weights: Weights): Uint32Array;
}

/** A backward plan. Outside lie: the input, the cotangent of the output, that of the input, and the output if it is wanted. */
export interface ReversePlan {
  readonly plan: Plan;
  /** How many kernels belong to the forward direction. */
  readonly split: number;
  readonly flat: Flat;
}

/**
 * Plans the backward direction.
 *
 * @param tied whether arrays of weights that occur twice are one, to which both gradients are added
 * @param output whether the output is wanted as well
 */
export function planReverse(given: Program, tuning: Tuning, tied: boolean, output: boolean): ReversePlan {
  // Each step has an array of its own, so that it can be told by it.
  const steps = given.steps.map((step): Step =>
    isWeighted(step) ? { ...step, weights: step.weights.subarray(0) } : step
  );
  const program = new Program(steps, given.widths, given.output);
  return new Reverser(program, { ...tuning, precision: "f32" }, flatOf(steps, tied)).build(output);
}

/** Lays out the weights of steps one after another. */
function flatOf(steps: readonly Step[], tied: boolean): Flat {
  const starts: number[] = [],
    lengths: number[] = [],
    places = new Map<Float32Array, [WeightedStep, number]>();
  const known = new Map<string, number>();
  let length = 0;
  for (const step of steps) {
    if (!isWeighted(step)) continue;
    const own = step.original ?? step.weights;
    // Arrays are one when they are the same part of the same memory.
    const key = `${identity(own.buffer)} ${own.byteOffset} ${own.length}`;
    const start = tied ? known.get(key) ?? length : length;
    known.set(key, start);
    starts.push(start);
    lengths.push(own.length);
    places.set(step.weights, [step, start]);
    length = Math.max(length, start + own.length);
  }
  const codes = ({ sources, index }: Weights): Uint32Array => {
    const all = new Uint32Array(sources.reduce((sum, { length }) => sum + length, 0));
    let to = 0;
    for (const source of sources) {
      const [{ original, field }, start] = places.get(source)!;
      for (let k = 0; k < source.length; k++) {
        if (original === undefined) all[to++] = start + k;
        else all[to++] = field === "complex" && k & 1 ? ZERO : start + (k >> 1);
      }
    }
    const codes = new Uint32Array(index.length).fill(ZERO);
    for (let k = 0; k < index.length; k++) {
      const at = index[k] & ZERO;
      if (at !== ZERO && all[at] !== ZERO) codes[k] = (all[at] | index[k] & ~ZERO) >>> 0;
    }
    return codes;
  };
  return { length, starts, lengths, codes };
}

const identities = new WeakMap<ArrayBufferLike, number>();
let buffers = 0;

/** A number for a piece of memory. */
function identity(buffer: ArrayBufferLike): number {
  let number = identities.get(buffer);
  if (number === undefined) identities.set(buffer, number = buffers++);
  return number;
}

class Reverser {
  readonly #program: Program;
  readonly #planner: Planner;
  readonly #flat: Flat;
  readonly #values: number[] = [];
  readonly #cotangents = new Map<number, number>();
  readonly #back: (() => void)[] = [];
  readonly #readers: Map<number, number>;
  readonly #only: Map<number, number>;
  readonly #result: number;

  constructor(program: Program, tuning: Tuning, flat: Flat) {
    this.#program = program;
    this.#planner = new Planner(tuning);
    this.#flat = flat;
    this.#readers = countReaders(program.steps, program.output);
    this.#only = onlyReaders(program.steps, program.output);
    const { inputWidth, outputWidth } = program;
    this.#values[0] = this.#planner.value(inputWidth);
    this.#cotangents.set(program.output, this.#planner.value(outputWidth));
    this.#result = this.#planner.value(inputWidth);
  }

  build(wanted: boolean): ReversePlan {
    const planner = this.#planner, { steps, output } = this.#program, result = this.#result;
    const y = planner.value(this.#program.outputWidth), g = this.#cotangents.get(output)!;
    if (output !== 0) this.#values[output] = y;
    const done = new Set<number>();
    steps.forEach((_, i) => {
      if (done.has(i) || !this.#readers.has(i + 1)) return;
      this.#forward(i, done);
    });
    if (output === 0) planner.copy(this.#values[0], y);
    const forward = planner.kernels.length;
    for (const back of this.#back.reverse()) back();
    const input = this.#cotangents.get(0);
    if (input === undefined) planner.window(g, result, planner.width(g));
    else if (input !== result) planner.copy(input, result);
    const outside = [this.#values[0], g, result, ...(wanted ? [y] : [])];
    const split = planner.sweep(outside.slice(2), forward);
    return { plan: planner.build(outside), split, flat: this.#flat };
  }

  #value(number: number): number {
    return this.#values[number] ??= this.#planner.value(this.#program.widths[number]);
  }

  /** Where the cotangent of a value is made: in the result, where it is all of that. */
  #target(value: number): number {
    const whole = value === 0 && this.#readers.get(0) === 1;
    return whole ? this.#result : this.#planner.value(this.#program.widths[value]);
  }

  /** Adds a cotangent to a value. */
  #give(value: number, from: number): void {
    const known = this.#cotangents.get(value);
    let sum = from;
    if (known !== undefined) {
      sum = this.#planner.value(this.#program.widths[value]);
      this.#planner.add([known, from], sum);
    }
    this.#cotangents.set(value, sum);
  }

  /** The cotangent of a value, where pairs of floats can be read together if `unit` is 2. */
  #cotangent(value: number, unit: 1 | 2): number {
    const planner = this.#planner, g = this.#cotangents.get(value)!;
    if (unit === 1 || planner.even(g)) return g;
    const copy = planner.value(planner.width(g));
    planner.copy(g, copy);
    return copy;
  }

  #forward(i: number, done: Set<number>): void {
    const { steps, widths } = this.#program, planner = this.#planner, step = steps[i];
    if (step.kind === "add" || step.kind === "concat") {
      const target = this.#value(i + 1);
      if (step.kind === "add") planner.add(step.inputs.map((value) => this.#values[value]), target);
      let at = 0;
      for (const value of step.kind === "concat" ? step.inputs : []) {
        planner.copy(this.#values[value], planner.value(widths[value], { value: target, at }));
        at += widths[value];
      }
      this.#back.push(() => this.#joined(i, step.kind, step.inputs));
      return;
    }
    const unit = suits(step, 2, widths[step.from], true) ? 2 : 1;
    const groups = isPair(step) ? this.#groups(i, unit) : [[i]], indices = groups.flat();
    indices.forEach((k) => done.add(k));
    const last = indices[indices.length - 1] + 1,
      source = this.#values[step.from],
      target = this.#value(last);
    addChain(planner, { steps: indices, unit, cut: undefined }, steps, widths, source, target, "general");
    this.#back.push(() => {
      const g = this.#cotangent(last, unit);
      if (isPair(step)) {
        const to = this.#target(step.from);
        const factors = groups.map((group) => group.map((k) => steps[k] as FactorStep));
        const shape = groups.length > 1 ? this.#shape(widths[step.from] / unit, unit)?.shape : undefined;
        addGroupsBack(planner, factors, unit, source, g, to, shape);
        this.#give(step.from, to);
      } else this.#backward(step, unit, source, g);
    });
  }

  /** Factors that one kernel goes back through: groups that run in registers, several where rows fit into workgroup memory. */
  #groups(first: number, unit: 1 | 2): number[][] {
    const { steps, widths } = this.#program, begin = steps[first] as FactorStep, run = [first];
    for (;;) {
      const i = this.#only.get(run[run.length - 1] + 1), step = i === undefined ? undefined : steps[i];
      if (i === undefined || step?.kind !== "factor" || !isPair(step)) break;
      if (step.field !== begin.field || !suits(step, unit, widths[step.from], true)) break;
      run.push(i);
    }
    const factors = run.map((k) => steps[k] as FactorStep);
    // Alone, a group has its weights, gradients and values in registers.
    const most = Math.min(this.#planner.tuning.bits, unit === 2 ? 2 : 3);
    const alone = [run.slice(0, Math.min(most, ladderFrom(factors, 0, unit)))];
    const chain = this.#shape(widths[begin.from] / unit, unit);
    if (chain === undefined) return alone;
    const sums = 2 * 2 ** chain.bits * floats(begin.field), groups: number[][] = [];
    let room = Math.floor(MOST_SUMS / sums);
    for (let at = 0; at < run.length && room > 0;) {
      const size = Math.min(chain.bits, ladderFrom(factors, at, unit), room);
      groups.push(run.slice(at, at + size));
      at += size;
      room -= size;
    }
    return groups.length > 1 ? groups : alone;
  }

  /** How chains of groups on rows of so many points are spread; undefined where the rows or the groups are too large. */
  #shape(points: number, unit: 1 | 2): { bits: number; shape: ChainShape } | undefined {
    const { memory, threads: most } = this.#planner.tuning.shape, bytes = 4 * unit * points;
    if (bytes > memory) return undefined;
    for (let bits = 2; bits <= this.#planner.tuning.bits; bits++) {
      const threads = points >> bits;
      if (threads > most) continue;
      if (threads < 1 || threads << bits !== points) return undefined;
      // Short rows: enough of them for a workgroup of a size that devices like.
      const lanes = Math.max(1, Math.floor(Math.min(WIDE, most) / threads));
      return { bits, shape: { threads, lanes: Math.min(lanes, Math.floor(memory / bytes)) } };
    }
    return undefined;
  }

  #joined(i: number, kind: "add" | "concat", inputs: readonly number[]): void {
    const g = this.#cotangents.get(i + 1)!, { widths } = this.#program;
    let at = 0;
    for (const value of inputs) {
      this.#give(value, kind === "add" ? g : this.#planner.value(widths[value], { value: g, at }));
      at += widths[value];
    }
  }

  #backward(step: Unary, unit: 1 | 2, x: number, g: number): void {
    const planner = this.#planner;
    const operands = { unit, x, g, xView: planner.view(x), gView: planner.view(g) };
    switch (step.kind) {
      case "factor":
      case "dense": {
        const pattern = patternOf(step, unit)!,
          numbers = numbersOf(step, unit),
          complex = numbers.floats === 2;
        const { a, b, c, d } = pattern, list = new WeightList(), layout = new WeightList();
        const outputs = wholeRow(a * b * d);
        layout.add(packFactor(pattern, pattern, outputs, layout.source(step.weights), numbers));
        planner.kernels.push(weightGradient(operands, { pattern, complex }, layout.build()!));
        if (isLargeDense(step)) {
          const target = this.#target(step.from);
          addDense(planner, step, g, target, true);
          return this.#give(step.from, target);
        }
        list.add(packAdjoint(pattern, list.source(step.weights), numbers));
        const ops = [factorOp({ a, b: c, c: b, d }, unit, complex, 0, 1)], target = this.#target(step.from);
        const label = `adjoint of a factor (${a}, ${b}, ${c}, ${d})`;
        planner.fused({
          label,
          unit,
          ops,
          tile: wholeRow(a * c * d),
          source: g,
          target,
          weights: list.build(),
        });
        return this.#give(step.from, target);
      }
      case "diagonal": {
        const numbers = numbersOf(step, unit), complex = numbers.floats === 2;
        const points = step.weights.length / floats(step.field) / (numbers.step / floats(step.field));
        const layout = new WeightList(), list = new WeightList(), op = copyOp(points);
        layout.add(packPoints(points, layout.source(step.weights), numbers));
        const pattern = { a: points, b: 1, c: 1, d: 1 };
        planner.kernels.push(weightGradient(operands, { pattern, complex }, layout.build()!));
        list.add(packPoints(points, list.source(step.weights), numbers, true));
        op.posts.push({ kind: "diagonal", complex, weights: 0 });
        const target = this.#target(step.from);
        planner.fused({
          label: `adjoint of a diagonal of ${points}`,
          unit,
          ops: [op],
          tile: wholeRow(points),
          source: g,
          target,
          weights: list.build(),
        });
        return this.#give(step.from, target);
      }
      case "bias": {
        const numbers: Numbers = { floats: unit, step: unit }, points = step.weights.length / unit;
        const layout = new WeightList();
        layout.add(packPoints(points, layout.source(step.weights), numbers));
        planner.kernels.push(weightGradient(operands, { points }, layout.build()!));
        return this.#give(step.from, g);
      }
      case "permutation": {
        const { index, bits } = gathered(step, unit, true), target = this.#target(step.from);
        planner.fused({
          label: `inverse of a permutation of ${index.length}`,
          unit,
          ops: [gatherOp(index.length, 0, bits)],
          tile: wholeRow(index.length),
          source: g,
          target,
          tables: bits === undefined ? index : undefined,
        });
        return this.#give(step.from, target);
      }
      case "window": {
        const target = this.#target(step.from);
        planner.window(g, target, -step.shift);
        return this.#give(step.from, target);
      }
    }
  }
}
