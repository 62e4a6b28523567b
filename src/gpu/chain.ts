/**
 * Chains: consecutive steps with one input and one reader, which one kernel applies in workgroup memory; and how rows that
 * are too long for it are cut into tiles.
 *
 * @module
 */

import { type DenseStep, floats, inputsOf, type Pattern, type Step } from "../program/step.ts";
import { LARGE_DENSE } from "./wgsl/dense.ts";

/** A step with one input. */
export type Unary = Exclude<Step, { kind: "add" } | { kind: "concat" }>;

/** Steps that run in one kernel. */
export interface Chain {
  /** Indices of the steps. */
  readonly steps: readonly number[];
  /** Floats of an element. */
  readonly unit: 1 | 2;
  /** Which part of a row a workgroup takes; undefined for all of it. */
  readonly cut: Cut | undefined;
}

/** Tiles of points i = hi·span + j·stride + lo, all j, `width` neighbouring lo, all hi where lo does not matter. */
export interface Cut {
  readonly stride: number;
  readonly span: number;
  readonly width: number;
}

/** Whether each weight occurs twice, so that a real step treats real and imaginary parts alike. */
function isTwice(step: Unary, structural: boolean): boolean {
  if (step.kind !== "factor" && step.kind !== "diagonal") return false;
  if (step.original !== undefined) return true;
  return !structural && step.weights.every((w, k) => w === step.weights[k & ~1]);
}

/** Whether a kernel on elements of `unit` floats can apply a step. */
export function suits(step: Unary, unit: 1 | 2, width: number, structural: boolean): boolean {
  switch (step.kind) {
    case "factor":
      if (floats(step.field) === unit) return true;
      return unit === 2 && step.pattern.d % 2 === 0 && isTwice(step, structural);
    case "diagonal":
      if (floats(step.field) === unit) return true;
      return unit === 2 && width % 2 === 0 && isTwice(step, structural);
    case "dense":
      return floats(step.field) === unit;
    case "bias":
      return unit === 1 || width % 2 === 0;
    case "permutation":
      return unit === 1 || step.unit === 2;
    case "window":
      return unit === 1 || (width % 2 === 0 && step.width % 2 === 0 && step.shift % 2 === 0);
  }
}

/** The pattern of a factor or dense block in elements of `unit` floats. */
export function patternOf(step: Unary, unit: 1 | 2): Pattern | undefined {
  if (step.kind === "dense") return { a: 1, b: step.rows, c: step.columns, d: 1 };
  if (step.kind !== "factor") return undefined;
  const { a, b, c, d } = step.pattern;
  return floats(step.field) === unit ? step.pattern : { a, b, c, d: d / 2 };
}

/** Whether a step is a 2×2 factor. */
export function isPair(step: Step): boolean {
  return step.kind === "factor" && step.pattern.b === 2 && step.pattern.c === 2;
}

/** Whether a step is a dense block that is worth a kernel of its own. */
export function isLargeDense(step: Step): step is DenseStep {
  return step.kind === "dense" && step.rows * step.columns >= LARGE_DENSE;
}

/** Whether a step works on each element alone. */
function isPointwise(step: Step): boolean {
  return step.kind === "diagonal" || step.kind === "bias";
}

/** How many elements side by side a tile should have, so that reading it is not slower than reading a row. */
const SIDE_BY_SIDE = 16;

/** Extends a cut by a factor; undefined when the tile would not fit. */
function widen(cut: Cut | undefined, { a, b, c, d }: Pattern, capacity: number): Cut | undefined {
  if (b !== c) return undefined;
  const n = a * b * d;
  const stride = Math.min(d, cut?.stride ?? d), span = Math.max(b * d, cut?.span ?? 0);
  if (n % span !== 0 || span % stride !== 0 || d % stride !== 0 || span % (b * d) !== 0) return undefined;
  if (cut && cut.stride % stride !== 0) return undefined;
  if (cut && span % cut.span !== 0) return undefined;
  const length = span / stride, least = Math.min(stride, SIDE_BY_SIDE);
  if (length * least > capacity) return undefined;
  // The most neighbours that fit and divide evenly.
  let width = stride;
  while (width * length > capacity || stride % width !== 0) width--;
  return { stride, span, width };
}

/** The chain that begins with a step. `reader` gives the only step that reads a value, where there is one. */
export function findChain(
  steps: readonly Step[],
  widths: readonly number[],
  first: number,
  reader: (value: number) => number | undefined,
  memory: number,
  structural: boolean,
  most = Infinity,
): Chain {
  const capacity = Math.floor(memory / 4);
  const indices = [first];
  const widthOf = (i: number): number => widths[inputsOf(steps[i])[0]];
  let units = ([2, 1] as const).filter((unit) =>
    suits(steps[first] as Unary, unit, widthOf(first), structural)
  );
  const next = (): number | undefined => {
    const i = reader(indices[indices.length - 1] + 1);
    if (i === undefined || indices.length >= most) return undefined;
    const step = steps[i];
    return step.kind === "add" || step.kind === "concat" || isLargeDense(step) ? undefined : i;
  };
  if (isLargeDense(steps[first])) return { steps: indices, unit: units[0], cut: undefined };
  if (Math.max(widthOf(first), widths[first + 1]) <= capacity) {
    for (let i = next(); i !== undefined && widths[i + 1] <= capacity; i = next()) {
      const both = units.filter((unit) => suits(steps[i!] as Unary, unit, widthOf(i!), structural));
      if (both.length === 0) break;
      units = both;
      indices.push(i);
    }
    return { steps: indices, unit: units[0], cut: undefined };
  }
  // Too long for workgroup memory: factors whose blocks fit into a tile, of one kind of element.
  const unit = units[0], room = Math.floor(capacity / unit);
  const pattern = patternOf(steps[first] as Unary, unit);
  let cut = pattern && steps[first].kind === "factor" ? widen(undefined, pattern, room) : undefined;
  if (cut === undefined && !isPointwise(steps[first])) {
    for (let i = next(); i !== undefined && isPointwise(steps[i]); i = next()) {
      if (!suits(steps[i] as Unary, unit, widthOf(i), structural)) break;
      indices.push(i);
    }
    return { steps: indices, unit, cut: undefined };
  }
  for (let i = next(); i !== undefined; i = next()) {
    const step = steps[i] as Unary;
    if (!suits(step, unit, widthOf(i), structural)) break;
    if (!isPointwise(step)) {
      const own = patternOf(step, unit);
      const wider = own && step.kind === "factor" ? widen(cut, own, room) : undefined;
      if (wider === undefined) break;
      cut = wider;
    }
    indices.push(i);
  }
  return { steps: indices, unit, cut };
}
