/**
 * From a program to instructions: the forward direction. Runs of butterfly factors become fused passes in
 * unit-diagonal form; other steps become one instruction each.
 *
 * @module
 */

import { Op, Space, type View } from "../kernels/record.ts";
import { findRuns } from "./chain.ts";
import { asFactor, emitFactor } from "./factors.ts";
import { type Image, ImageBuilder } from "./image.ts";
import { emitRun } from "./emit_run.ts";
import type { Program } from "./program.ts";
import { simplify } from "./simplify.ts";
import { inputsOf, type PermutationStep, type Step, type WindowStep } from "./step.ts";

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

/** Simplifies the forward direction of a program and compiles it, for single vectors or, with `rows`, for batches. */
export function compile(program: Program, rows = false): Image {
  const { steps, widths, output } = simplify(program);
  const image = new ImageBuilder(tileRows(Math.max(...widths) * 4));
  const ends = boundary(program);
  const runs = new Map(findRuns(steps, output, true).map((run) => [run.first, run]));
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
  const owned = new Set<View>();
  if (output === 0) copy(image, ends.input, ends.output, widths[0]);
  for (let i = 0; i < steps.length; i++) {
    const run = runs.get(i);
    const last = run ? i + run.length : i + 1;
    if (readers.get(last) === undefined) {
      i = last - 1;
      continue;
    }
    const fresh = views[last] === undefined && last !== output;
    const dst = place(last);
    if (fresh) owned.add(dst);
    if (run) emitRun(image, run, rows, views[run.from]!, dst);
    else emitStep(image, steps[i], views, dst, widths);
    for (const value of run ? [run.from] : inputsOf(steps[i])) {
      const view = views[value]!;
      if (lastUse.get(value) === last - 1 && owned.delete(view)) image.release(view);
    }
    i = last - 1;
  }
  return image.build();
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
): void {
  switch (step.kind) {
    case "factor":
    case "dense":
      return emitFactor(image, asFactor(step), views[step.from]!, dst);
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
      return emitPermutation(image, step, storeIndex(image, step.index), views[step.from]!, dst);
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
export function storeIndex(image: ImageBuilder, index: Uint32Array): number {
  return image.table(index.length, (memory, at) => memory.set(index, at));
}

/** Emits a permutation, or with `adjoint` its inverse. */
export function emitPermutation(
  image: ImageBuilder,
  step: PermutationStep,
  table: number,
  src: View,
  dst: View,
  adjoint = false,
): void {
  const extra = [step.unit, step.scatter !== adjoint ? 1 : 0];
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
