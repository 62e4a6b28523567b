/**
 * From a program to instructions: the forward direction. Runs of butterfly factors become fused passes in
 * unit-diagonal form; other steps become one instruction each.
 *
 * @module
 */

import { Op, Space, type View } from "../kernels/record.ts";
import { findRuns, planPasses, type Run, type Target } from "./chain.ts";
import { asFactor, emitFactor } from "./factors.ts";
import { type Image, ImageBuilder } from "./image.ts";
import { emitRun } from "./emit_run.ts";
import { emitMoves, emitSums, gathered, planMoves, planSums, type Segment } from "./moves.ts";
import type { Program } from "./program.ts";
import { simplify } from "./simplify.ts";
import { emitMirrored, findMirrored, type Mirrored } from "./streams.ts";
import { inputsOf, isWeighted, type PermutationStep, type Step, type WindowStep } from "./step.ts";

/**
 * Bytes that a value takes in one tile: a first-level cache. More rows of a power of two of bytes would fall into the same
 * sets of it and drive each other out.
 */
const TILE_BYTES = 1 << 15;

/** Rows a tile should have when a row takes `bytes`. */
export function tileRows(bytes: number): number {
  return Math.max(1, Math.min(64, Math.floor(TILE_BYTES / Math.max(16, bytes))));
}

/** The operands of the input and of the output of a program. */
export function boundary(program: Program): { input: View; output: View } {
  return {
    input: { space: Space.input, offset: 0, row: program.inputWidth * 4 },
    output: { space: Space.output, offset: 0, row: program.outputWidth * 4 },
  };
}

/** Simplifies the forward direction of a program and compiles it, for single vectors if no other target is named. */
export function compile(program: Program, target: Target = "vector"): Image {
  const { steps, widths, output } = simplify(program);
  const image = new ImageBuilder(tileRows(Math.max(...widths) * 4));
  const ends = boundary(program);
  const { runs, mirrored, sums } = findPasses(steps, output, target);
  const lastUse = lastUses(steps, output);
  const views: (View | undefined)[] = [ends.input];
  const place = (value: number): View =>
    views[value] ??= value === output ? ends.output : image.scratch(widths[value]);
  // A value that only one concatenation reads is made in its place.
  const readers = countReaders(steps, output);
  steps.forEach((step, i) => {
    if (step.kind !== "concat" || readers.get(i + 1) === undefined) return;
    let at = 0;
    const whole = place(i + 1);
    for (const value of step.inputs) {
      if (readers.get(value) === 1 && value !== 0 && views[value] === undefined) {
        views[value] = { space: whole.space, offset: whole.offset + at * 4, row: whole.row };
      }
      at += widths[value];
    }
  });
  // A window that only cuts needs no copy: its value is part of another one, which is kept for as long.
  const wholes = new Map<number, number>();
  for (let i = steps.length - 1; i >= 0; i--) {
    const step = steps[i];
    if (step.kind !== "window" || i + 1 === output || views[i + 1] !== undefined) continue;
    if (step.shift < 0 || step.shift + step.width > widths[step.from]) continue;
    wholes.set(i + 1, step.from);
    lastUse.set(step.from, Math.max(lastUse.get(step.from)!, lastUse.get(i + 1) ?? 0));
  }
  const owned = new Set<View>();
  if (output === 0) copy(image, ends.input, ends.output, widths[0]);
  for (let i = 0; i < steps.length; i++) {
    const run = runs.get(i), streams = mirrored.get(i), half = sums.get(i), pass = run ?? streams ?? half;
    const last = pass ? i + pass.length : i + 1;
    if (readers.get(last) === undefined) {
      i = last - 1;
      continue;
    }
    const whole = wholes.get(last);
    if (whole !== undefined) {
      const view = views[whole]!;
      views[last] = { ...view, offset: view.offset + (steps[i] as WindowStep).shift * 4 };
      continue;
    }
    const fresh = views[last] === undefined && last !== output;
    const dst = place(last);
    if (fresh) owned.add(dst);
    if (run) emitRun(image, run, target, views[run.from]!, dst);
    else if (half) {
      const middle = image.scratch(widths[half.from]);
      emitSums(image, half.segments, views[half.from]!, middle);
      emitRun(image, half.run, target, middle, dst, 1);
      image.release(middle);
    } else if (streams) emitMirrored(image, streams, views[streams.from]!, dst);
    else emitStep(image, steps[i], views, dst, widths, target);
    for (const value of pass ? [pass.from] : inputsOf(steps[i])) {
      for (let v: number | undefined = value; v !== undefined; v = wholes.get(v)) {
        const view = views[v]!;
        if (lastUse.get(v)! < last && owned.delete(view)) image.release(view);
      }
    }
    i = last - 1;
  }
  const fixed = runs.size + mirrored.size + sums.size === 0 && sameWeights(program.steps, steps);
  return { ...image.build(), fixed };
}

/** Whether simplification left all weighted steps with the arrays that they had. */
function sameWeights(before: readonly Step[], after: readonly Step[]): boolean {
  const arrays = before.filter(isWeighted).map(({ weights }) => weights);
  const left = after.filter(isWeighted).map(({ weights }) => weights);
  return left.length === arrays.length && left.every((weights, i) => weights === arrays[i]);
}

/** A permutation and a run behind it, whose first pass are sums and differences of halves. */
interface Halved {
  readonly first: number;
  readonly length: number;
  readonly from: number;
  readonly segments: readonly Segment[];
  readonly run: Run;
}

/**
 * The steps of a program that run together, by the index of the first: runs, factors between permutations, and
 * permutations that take the first pass of a run along.
 */
export function findPasses(
  steps: readonly Step[],
  output: number,
  target: Target = "vector",
): { runs: Map<number, Run>; mirrored: Map<number, Mirrored>; sums: Map<number, Halved> } {
  if (target === "core") {
    // Lane factors go one by one, as factors of any pattern.
    const whole = findRuns(steps, output, true)
      .filter((run) => planPasses(run, "rows").every(({ kind }) => kind === "pass"));
    return { runs: new Map(whole.map((run) => [run.first, run])), mirrored: new Map(), sums: new Map() };
  }
  const runs = findRuns(steps, output, true), mirrored = findMirrored(steps, output, runs);
  const taken = new Set(
    [...runs, ...mirrored].flatMap(({ first, length }) => Array.from({ length }, (_, k) => first + k)),
  );
  const sums = new Map<number, Halved>(), readers = countReaders(steps, output);
  for (const run of runs) {
    const first = run.first - 1, step = steps[first], sign = signOfHalves(run);
    if (sign === undefined || step?.kind !== "permutation" || taken.has(first)) continue;
    if (run.from !== run.first || readers.get(run.from) !== 1) continue;
    const segments = planSums(gathered(step), sign < 0);
    if (segments) sums.set(first, { first, length: run.length + 1, from: step.from, segments, run });
  }
  return {
    runs: new Map(runs.map((run) => [run.first, run])),
    mirrored: new Map(mirrored.map((one) => [one.first, one])),
    sums,
  };
}

/**
 * The w of a run whose first pass is its first factor alone, of blocks [[1, w], [1, −w]] with w = ±1, between the halves of
 * the vector: so begins a Fourier transform of an odd number of factors.
 */
function signOfHalves({ factors, complex, reversal }: Run): number | undefined {
  if (!complex || reversal !== "before" || factors.length < 3 || factors.length % 2 === 0) return undefined;
  // Behind the bit reversal its stride is 1: blocks of four numbers.
  const { weights } = factors[0], w = weights[2];
  const block = [1, 0, w, 0, 1, 0, -w, 0];
  return Math.abs(w) === 1 && weights.every((value, k) => value === block[k % 8]) ? w : undefined;
}

/** How many steps read each value; the output of the program counts as read once more. */
export function countReaders(steps: readonly Step[], output: number): Map<number, number> {
  const readers = new Map<number, number>([[output, 1]]);
  // Backwards, so that what only an unread step reads does not count.
  for (let i = steps.length - 1; i >= 0; i--) {
    if (!readers.has(i + 1)) continue;
    for (const value of inputsOf(steps[i])) readers.set(value, (readers.get(value) ?? 0) + 1);
  }
  return readers;
}

function lastUses(steps: readonly Step[], output: number): Map<number, number> {
  const last = new Map<number, number>();
  steps.forEach((step, i) => inputsOf(step).forEach((value) => last.set(value, i)));
  last.set(output, steps.length);
  return last;
}

/** Emits a copy of `width` floats a row. */
export function copy(image: ImageBuilder, src: View, dst: View, width: number): void {
  image.emit({ op: Op.window, count: width, src, dst, extra: [width, 0] });
}

function emitStep(
  image: ImageBuilder,
  step: Step,
  views: readonly (View | undefined)[],
  dst: View,
  widths: readonly number[],
  target: Target,
): void {
  switch (step.kind) {
    case "factor":
    case "dense":
      return emitFactor(image, asFactor(step), views[step.from]!, dst, false, target);
    case "diagonal": {
      const weights = storeWeights(image, step.weights);
      const extra = [step.field === "complex" ? 1 : 0];
      return image.emit({
        op: Op.diagonal,
        count: step.weights.length,
        src: views[step.from]!,
        dst,
        weights,
        extra,
      });
    }
    case "permutation":
      return emitPermutation(image, step, views[step.from]!, dst, false, target !== "core");
    case "window":
      return emitWindow(image, step, widths[step.from], views[step.from]!, dst);
    case "add":
      copy(image, views[step.inputs[0]]!, dst, widths[step.inputs[0]]);
      for (const value of step.inputs.slice(1)) {
        image.emit({ op: Op.accumulate, count: widths[value], src: views[value]!, dst });
      }
      return;
    case "concat": {
      let at = 0;
      for (const value of step.inputs) {
        const src = views[value]!, offset = dst.offset + at * 4;
        if (src.space !== dst.space || src.offset !== offset) {
          copy(image, src, { ...dst, offset }, widths[value]);
        }
        at += widths[value];
      }
      return;
    }
    case "bias": {
      const weights = storeWeights(image, step.weights);
      return image.emit({ op: Op.bias, count: step.weights.length, src: views[step.from]!, dst, weights });
    }
  }
}

/** Reserves weights that are stored as they are. */
export function storeWeights(image: ImageBuilder, weights: Float32Array): number {
  return image.weights(weights.length, (memory, at) => memory.set(weights, at));
}

/** Reserves a table of indices. */
function storeIndex(image: ImageBuilder, index: Uint32Array): number {
  return image.table(index.length, (memory, at) => memory.set(index, at));
}

/**
 * Emits a permutation, or with `adjoint` its inverse: of whole vectors where it has stretches and `moves` may be used,
 * else of floats.
 */
export function emitPermutation(
  image: ImageBuilder,
  step: PermutationStep,
  src: View,
  dst: View,
  adjoint = false,
  moves = true,
): void {
  const plan = moves ? planMoves(gathered(step, adjoint)) : undefined;
  if (plan) return emitMoves(image, plan, src, dst);
  const extra = [step.unit, step.scatter !== adjoint ? 1 : 0];
  const table = storeIndex(image, step.index);
  image.emit({ op: Op.permute, count: step.index.length, src, dst, table, extra });
}

/** Emits a window, or with `adjoint` its transpose. */
export function emitWindow(
  image: ImageBuilder,
  step: WindowStep,
  width: number,
  src: View,
  dst: View,
  adjoint = false,
): void {
  if (adjoint) image.emit({ op: Op.window, count: width, src, dst, extra: [step.width, -step.shift] });
  else image.emit({ op: Op.window, count: step.width, src, dst, extra: [width, step.shift] });
}
