/**
 * Reverse mode: the instructions that take a cotangent of the output to the cotangent of the input and to the
 * gradients of all weights, by walking the list of steps backwards.
 *
 * Only the input of the program is kept between forward and backward. For each tile of rows the intermediate values
 * are computed again, so that memory is O(batch·n) plus one tile.
 *
 * Complex gradients follow the convention of PyTorch: for z = x + iy the gradient is ∂L/∂x + i·∂L/∂y, so that the
 * cotangent of the input is the adjoint applied to that of the output.
 *
 * @module
 */

import { type Instruction, Op, Space, type View } from "../kernels/record.ts";
import { findRuns, planStages, type Run, type Stage } from "./chain.ts";
import {
  boundary,
  copy,
  countReaders,
  emitPermutation,
  emitWindow,
  storeWeights,
  tileRows,
} from "./compile.ts";
import { asFactor, emitFactor, emitFactorBack, factorCollector, packedLength } from "./factors.ts";
import { type Image, ImageBuilder } from "./image.ts";
import type { Program } from "./program.ts";
import { inputsOf, isWeighted, type Step, type WeightedStep } from "./step.ts";

/** A compiled backward direction. */
export interface Derivative {
  readonly image: Image;
  /** Copies the weight gradients at an element index of memory to arrays in the order of `program.weights`. */
  readonly collect: (memory: Float32Array, at: number, gradients: readonly Float32Array[]) => void;
  /** The same in new arrays, of which those that need no change share one buffer: one copy of them all. */
  readonly take: (memory: Float32Array, at: number) => Float32Array<ArrayBuffer>[];
}

type Collector = (memory: Float32Array, at: number, gradient: Float32Array) => void;

/** The gradient of a step: its byte offset, and how it gets out of there. */
interface Collected {
  readonly step: number;
  readonly at: number;
  readonly collect: Collector;
}

/** Compiles the backward direction of a program, for single vectors or, with `rows`, for batches. */
export function differentiate(program: Program, rows: boolean): Derivative {
  return new Differentiator(program, rows).build();
}

/** Bytes that the values of one tile of a batch may take: a share of a third-level cache. */
const VALUES_BYTES = 8 << 20;

/**
 * Rows in a tile of a batch. The more, the less often weights are read and gradients written; but the values of a tile,
 * of which there is one for each step, should stay in the cache.
 */
function tileOf({ steps, widths, output }: Program): number {
  const total = widths.reduce((sum, width) => sum + width * 4, 0);
  // Without butterflies most of the time goes to gradients of many weights, which each tile adds to.
  if (findRuns(steps, output, false).length === 0) {
    return Math.min(32, Math.max(1, Math.floor(VALUES_BYTES / total)));
  }
  const few = Math.min(8, Math.max(1, Math.floor(VALUES_BYTES / total)));
  return Math.max(few, tileRows(Math.max(...widths) * 4));
}

class Differentiator {
  readonly #program: Program;
  readonly #rows: boolean;
  readonly #image: ImageBuilder;
  readonly #runs: Map<number, Run>;
  readonly #readers: Map<number, number>;
  /** The values that gradients are made of, and those that they are computed from. */
  readonly #needed: ReadonlySet<number>;
  /** Where each value is kept; the members of a complex run are kept split. */
  readonly #values: View[] = [];
  /** Where the cotangent of the input goes. */
  #result!: View;
  readonly #cotangents = new Map<number, View>();
  /** For each weighted step, what to do on the way back. */
  readonly #back: (() => void)[] = [];
  readonly #collectors: Collected[] = [];

  constructor(program: Program, rows: boolean) {
    this.#program = program;
    this.#rows = rows;
    this.#image = new ImageBuilder(rows ? tileOf(program) : 1);
    this.#runs = new Map(findRuns(program.steps, program.output, false).map((run) => [run.first, run]));
    this.#readers = countReaders(program.steps, program.output);
    this.#needed = findNeeded(program.steps, this.#readers);
  }

  build(): Derivative {
    const { steps, output, inputWidth } = this.#program;
    const ends = boundary(this.#program);
    // The result is the cotangent of the input, so the two ends change places.
    const g: View = { space: Space.cotangent, offset: 0, row: ends.output.row };
    const result = this.#result = { space: Space.output, offset: 0, row: ends.input.row };
    this.#values[0] = ends.input;
    for (let i = 0; i < steps.length; i++) {
      const run = this.#runs.get(i);
      const last = run ? i + run.length : i + 1;
      if (this.#readers.has(last)) {
        if (run) this.#run(run);
        else this.#step(i, steps[i]);
      }
      i = last - 1;
    }
    this.#cotangents.set(output, g);
    for (const back of this.#back.reverse()) back();
    const input = this.#cotangents.get(0);
    if (input === undefined) {
      this.#image.emit({ op: Op.window, count: inputWidth, src: result, dst: result, extra: [0, 0] });
    } else if (input !== result) copy(this.#image, input, result, inputWidth);
    const image = this.#image.build();
    return { image, ...this.#collector(image) };
  }

  #collector({ gradient: bytes }: Image): Omit<Derivative, "image"> {
    const lengths: number[] = [], numbers = new Map<number, number>();
    this.#program.steps.forEach((step, i) => {
      if (!isWeighted(step)) return;
      numbers.set(i, lengths.length);
      lengths.push((step.original ?? step.weights).length);
    });
    const collectors: (Collected | undefined)[] = lengths.map(() => undefined);
    for (const one of this.#collectors) collectors[numbers.get(one.step)!] = one;
    return {
      collect(memory, at, gradients): void {
        gradients.forEach((gradient, i) => {
          const one = collectors[i];
          if (one) one.collect(memory, at + (one.at >> 2), gradient);
          else gradient.fill(0);
        });
      },
      take(memory, at): Float32Array<ArrayBuffer>[] {
        const whole = new Float32Array(memory.subarray(at, at + (bytes >> 2)));
        return collectors.map((one, i) => {
          if (one?.collect === copyPlain) return new Float32Array(whole.buffer, one.at, lengths[i]);
          const gradient = new Float32Array(lengths[i]);
          one?.collect(whole, one.at >> 2, gradient);
          return gradient;
        });
      },
    };
  }

  /**
   * Reserves the gradient of a step; returns its byte offset. Gradients that are not `written` by the first tile are
   * cleared before a run.
   */
  #gradient(number: number, step: WeightedStep, count: number, collect: Collector, written = false): number {
    const at = this.#image.gradient(count, written);
    const collector = step.original ? folded(step, collect) : collect;
    this.#collectors.push({ step: number, at, collect: collector });
    return at;
  }

  /** Gives the cotangent `view` (scratch that may be kept) to a value; sums where there is one already. */
  #give(value: number, view: View, width: number): void {
    const known = this.#cotangents.get(value);
    if (known === undefined) {
      this.#cotangents.set(value, view);
      return;
    }
    // The cotangent of the output belongs to the caller: add in scratch.
    let target = known;
    if (known.space !== Space.scratch) {
      target = this.#image.scratch(width);
      copy(this.#image, known, target, width);
      this.#cotangents.set(value, target);
    }
    this.#image.emit({ op: Op.accumulate, count: width, src: view, dst: target });
    this.#image.release(view);
  }

  /** Takes the cotangent of a value that will not be read again. */
  #take(value: number): View {
    const view = this.#cotangents.get(value)!;
    this.#cotangents.delete(value);
    return view;
  }

  #run(run: Run): void {
    const image = this.#image, vectors = run.n / 4, width = run.n * (run.complex ? 2 : 1);
    const { from: input } = run.factors[0], last = run.first + run.factors.length;
    let from = this.#values[input];
    if (run.complex) {
      const split = image.scratch(width);
      image.emit({ op: Op.split, count: vectors, src: from, dst: split });
      from = split;
    }
    // Weights and gradients of the factors lie one after another: a stage of two finds the second factor's behind the first's.
    const length = distance(run);
    const weights = image.weights(length * run.factors.length, (memory, at) => {
      run.factors.forEach((factor, i) => memory.set(factor.weights, at + i * length));
    });
    const gradients = run.factors.map((factor, i) => {
      return this.#gradient(run.first + i, factor, length, copyPlain, true);
    });
    const stages = planStages(run, this.#rows).map((stage) => ({
      stage,
      x: from,
      weights: weights + stage.first * length * 4,
      gradient: gradients[stage.first],
    }));
    stages.forEach((current, i) => {
      current.x = from;
      // The value after the last factor is needed only by what follows.
      if (i === stages.length - 1 && !this.#needed.has(last)) return;
      const dst = image.scratch(width);
      image.emit({ ...stageOf(current.stage, run, false), src: from, dst, weights: current.weights });
      from = dst;
    });
    if (run.complex && this.#needed.has(last)) {
      image.emit({ op: Op.join, count: vectors, src: from, dst: from });
    }
    this.#values[last] = from;
    this.#back.push(() => {
      let g = this.#take(last);
      if (run.complex) {
        const split = image.scratch(width);
        image.emit({ op: Op.split, count: vectors, src: g, dst: split });
        image.release(g);
        g = split;
      }
      // Rows of the caller a multiple of 4096 bytes apart share the sets of a cache: scratch lies better.
      const crowded = this.#rows && width % 1024 === 0;
      if (crowded && !run.complex && g.space !== Space.scratch) {
        const own = image.scratch(width);
        copy(image, g, own, width);
        g = own;
      }
      // The cotangent of the input is made in its place where it is not a sum.
      const direct = input === 0 && this.#readers.get(0) === 1 && (!crowded || run.complex);
      const place = direct ? this.#result : undefined;
      for (const { stage, x, weights, gradient } of stages.reverse()) {
        const whole = stage.first === 0 && !run.complex ? place : undefined;
        const dst = whole ?? (g.space === Space.scratch ? g : image.scratch(width));
        image.emit({ ...stageOf(stage, run, true), src: x, dst, g, weights, gradient });
        g = dst;
      }
      if (run.complex) {
        image.emit({ op: Op.join, count: vectors, src: g, dst: place ?? g });
        g = place ?? g;
      }
      this.#give(input, g, width);
    });
  }

  /** A value of the caller, whose rows may share the sets of a cache, in scratch, where they do not. */
  #apart(view: View, width: number): View {
    if (!this.#rows || width % 256 !== 0 || view.space === Space.scratch) return view;
    const own = this.#image.scratch(width);
    copy(this.#image, view, own, width);
    return own;
  }

  #step(number: number, step: Step): void {
    const image = this.#image, { widths } = this.#program;
    const out = number + 1, width = widths[out];
    const dst = image.scratch(width);
    this.#values[out] = dst;
    const view = (value: number): View => this.#values[value];
    switch (step.kind) {
      case "factor":
      case "dense": {
        const factor = asFactor(step);
        const gradient = this.#gradient(number, step, packedLength(factor), factorCollector(factor), true);
        const src = this.#apart(view(step.from), widths[step.from]);
        if (this.#needed.has(out)) emitFactor(image, factor, src, dst);
        this.#back.push(() => {
          const g = this.#apart(this.#take(out), width), gx = image.scratch(widths[step.from]);
          emitFactorBack(image, factor, src, g, gradient);
          emitFactor(image, factor, g, gx, true);
          image.release(g);
          this.#give(step.from, gx, widths[step.from]);
        });
        return;
      }
      case "diagonal": {
        const complex = step.field === "complex" ? 1 : 0;
        const weights = storeWeights(image, step.weights);
        const gradient = this.#gradient(number, step, width, copyPlain);
        const src = view(step.from);
        image.emit({ op: Op.diagonal, count: width, src, dst, weights, extra: [complex] });
        this.#back.push(() => {
          const g = this.#take(out), gx = image.scratch(width);
          image.emit({ op: Op.diagonalBack, count: width, src, g, gradient, extra: [complex] });
          image.emit({ op: Op.diagonal, count: width, src: g, dst: gx, weights, extra: [complex * 3] });
          image.release(g);
          this.#give(step.from, gx, width);
        });
        return;
      }
      case "permutation": {
        emitPermutation(image, step, view(step.from), dst);
        this.#back.push(() => {
          const g = this.#take(out), gx = image.scratch(width);
          emitPermutation(image, step, g, gx, true);
          image.release(g);
          this.#give(step.from, gx, width);
        });
        return;
      }
      case "window":
        emitWindow(image, step, widths[step.from], view(step.from), dst);
        this.#back.push(() => {
          const g = this.#take(out), gx = image.scratch(widths[step.from]);
          emitWindow(image, step, widths[step.from], g, gx, true);
          image.release(g);
          this.#give(step.from, gx, widths[step.from]);
        });
        return;
      case "bias": {
        const weights = storeWeights(image, step.weights);
        const gradient = this.#gradient(number, step, width, copyPlain);
        image.emit({ op: Op.bias, count: width, src: view(step.from), dst, weights });
        this.#back.push(() => {
          const g = this.#take(out);
          image.emit({ op: Op.biasBack, count: width, g, gradient });
          this.#give(step.from, g, width);
        });
        return;
      }
      case "add":
      case "concat":
        return this.#join(number, step.kind, inputsOf(step), dst);
    }
  }

  #join(number: number, kind: "add" | "concat", inputs: readonly number[], dst: View): void {
    const image = this.#image, { widths } = this.#program, out = number + 1;
    let at = 0;
    inputs.forEach((value, i) => {
      const src = this.#values[value], width = widths[value];
      if (kind === "concat") copy(image, src, { ...dst, offset: dst.offset + at * 4 }, width);
      else if (i === 0) copy(image, src, dst, width);
      else image.emit({ op: Op.accumulate, count: width, src, dst });
      at += width;
    });
    this.#back.push(() => {
      const g = this.#take(out);
      let at = 0;
      for (const value of inputs) {
        const width = widths[value], gx = image.scratch(width);
        copy(image, kind === "concat" ? { ...g, offset: g.offset + at * 4 } : g, gx, width);
        this.#give(value, gx, width);
        at += width;
      }
      image.release(g);
    });
  }
}

/**
 * Floats from the weights (or the gradient) of one factor of a run to those of the next. Those a multiple of 4096 bytes
 * apart would share the sets of a cache: some lines more keep them apart.
 */
function distance(run: Run): number {
  const length = 2 * run.n * (run.complex ? 2 : 1);
  return length % 1024 === 0 ? length + 272 : length;
}

/** The operation of one or two factors, forward or back. */
function stageOf(
  { strides }: Stage,
  run: Run,
  back: boolean,
): Pick<Instruction, "op" | "count" | "stride" | "extra"> {
  const forward = run.complex ? Op.complexPair : strides.length === 2 ? Op.realQuad : Op.realPair;
  const first = back ? forward + Op.realPairBack - Op.realPair : forward;
  const bytes = run.complex ? 8 : 4, extra = strides.length === 2 ? [distance(run) * 4] : [];
  if (strides[0] <= 2) return { op: first + strides[0], count: run.n / 4, stride: [], extra };
  const count = run.n / (2 * Math.max(...strides));
  return { op: first, count, stride: strides.map((s) => s * bytes), extra };
}

const copyPlain: Collector = (memory, at, result) => result.set(memory.subarray(at, at + result.length));

/** The values whose numbers the gradients depend on. */
function findNeeded(steps: readonly Step[], readers: ReadonlyMap<number, number>): Set<number> {
  const needed = new Set<number>();
  for (let i = steps.length - 1; i >= 0; i--) {
    const step = steps[i];
    if (!readers.has(i + 1)) continue;
    if ((isWeighted(step) && step.kind !== "bias") || needed.has(i + 1)) {
      for (const value of inputsOf(step)) needed.add(value);
    }
  }
  return needed;
}

/** Folds the gradient of weights that were made from real ones back onto those. */
function folded(step: WeightedStep, collect: Collector): Collector {
  return (memory, at, result) => {
    const whole = new Float32Array(step.weights.length);
    collect(memory, at, whole);
    const both = step.field === "real";
    for (let k = 0; k < result.length; k++) result[k] = whole[2 * k] + (both ? whole[2 * k + 1] : 0);
  };
}
