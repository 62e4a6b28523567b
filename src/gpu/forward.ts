/**
 * The plan of the forward direction of a program.
 *
 * @module
 */

import { countReaders } from "../program/compile.ts";
import type { Program } from "../program/program.ts";
import { simplify } from "../program/simplify.ts";
import {
  type DenseStep,
  type FactorStep,
  floats,
  inputsOf,
  type Pattern,
  type PermutationStep,
  type Step,
} from "../program/step.ts";
import { type Chain, findChain, isLargeDense, isPair, patternOf, type Unary } from "./chain.ts";
import { BLOCK_NUMBERS, type BlockForm, type Blocks, blocksOf } from "./forms.ts";
import { type BlockIndex, type Numbers, packAdjoint, packFactor, packGroup, packPoints } from "./pack.ts";
import { type Plan, Planner, type Tuning } from "./plan.ts";
import { WeightList } from "./weights.ts";
import { copyOp } from "./wgsl/fused.ts";
import { chainBack, type ChainShape, groupBack } from "./wgsl/group_back.ts";
import { type GroupOp, type Level, type Op, type Tile, wholeRow } from "./wgsl/ops.ts";
import { factorOp, gatherOp, windowOp } from "./wgsl/steps.ts";

/** Values 0 (the input) and 1 (the result) lie outside. */
export function planForward(program: Program, tuning: Tuning): Plan {
  const { steps, widths, output } = simplify(program);
  const planner = new Planner(tuning);
  const readers = countReaders(steps, output), only = onlyReaders(steps, output);
  const values: (number | undefined)[] = [planner.value(widths[0])];
  const result = planner.value(widths[output]);
  if (output === 0) {
    planner.copy(0, result);
    return planner.build([0, result]);
  }
  values[output] = result;
  const place = (value: number): number => values[value] ??= planner.value(widths[value]);
  // What only one concatenation reads is made in its place; the outer ones first.
  for (let i = steps.length - 1; i >= 0; i--) {
    const step = steps[i];
    if (step.kind !== "concat" || !readers.has(i + 1)) continue;
    const whole = place(i + 1), { stride } = planner.view(whole);
    let at = 0;
    for (const value of step.inputs) {
      const even = stride % 2 === 0 && (planner.view(whole).offset + at) % 2 === 0;
      if (readers.get(value) === 1 && value !== 0 && values[value] === undefined && even) {
        values[value] = planner.value(widths[value], { value: whole, at });
      }
      at += widths[value];
    }
  }
  const done = new Set<number>();
  steps.forEach((step, i) => {
    if (done.has(i) || !readers.has(i + 1)) return;
    if (step.kind === "add") return planner.add(step.inputs.map((v) => values[v]!), place(i + 1));
    if (step.kind === "concat") {
      let at = 0;
      const whole = place(i + 1), view = planner.view(whole);
      for (const value of step.inputs) {
        const from = values[value]!, own = planner.view(from);
        if (!planner.together(from, whole) || own.offset !== view.offset + at) {
          planner.copy(from, planner.value(widths[value], { value: whole, at }));
        }
        at += widths[value];
      }
      return;
    }
    const chain = findChain(steps, widths, i, (value) => only.get(value), tuning.shape.memory, false);
    chain.steps.forEach((k) => done.add(k));
    const last = chain.steps[chain.steps.length - 1];
    addChain(planner, chain, steps, widths, values[step.from]!, place(last + 1), "cheapest");
  });
  return planner.build([0, result]);
}

/** The only step that reads a value, for values that are read once and are not the result. */
export function onlyReaders(steps: readonly Step[], output: number): Map<number, number> {
  const readers = countReaders(steps, output), only = new Map<number, number>();
  steps.forEach((step, i) => {
    if (!readers.has(i + 1)) return;
    for (const value of inputsOf(step)) {
      if (readers.get(value) === 1 && value !== output) only.set(value, i);
    }
  });
  return only;
}

/** The tiles of a chain. */
function tileOf({ cut }: Chain, points: number): Tile {
  if (cut === undefined) return wholeRow(points);
  const { stride, span, width } = cut, length = span / stride;
  const size = length * width, count = points / size;
  if (width === stride) {
    return {
      count,
      points: size,
      address: (p) => `(tile * ${size}u + ${p})`,
      at: (p, tile) => tile * size + p,
    };
  }
  const side = stride / width;
  return {
    count,
    points: size,
    address: (p) =>
      `((tile / ${side}u) * ${span}u + (tile % ${side}u) * ${width}u + ((${p}) / ${width}u) * ${stride}u + (${p}) % ${width}u)`,
    at: (p, tile) =>
      Math.floor(tile / side) * span + tile % side * width + Math.floor(p / width) * stride + p % width,
  };
}

/**
 * Adds the kernel of a chain.
 *
 * @param forms "cheapest" for weights that stay as they are, "general" for weights that change
 */
export function addChain(
  planner: Planner,
  chain: Chain,
  steps: readonly Step[],
  widths: readonly number[],
  source: number,
  target: number,
  forms: "cheapest" | "general",
): void {
  const { unit, cut } = chain, { bits, precision } = planner.tuning;
  const width = widths[inputsOf(steps[chain.steps[0]])[0]], tile = tileOf(chain, width / unit);
  const local = (distance: number): number => cut ? distance / cut.stride * cut.width : distance;
  const list = new WeightList(), tables: number[] = [], ops: Op[] = [], words: string[] = [];
  const own = chain.steps.map((i) => steps[i] as Unary);
  if (isLargeDense(own[0])) return addDense(planner, own[0], source, target, false);
  for (let i = 0; i < own.length; i++) {
    const step = own[i], inputs = widths[step.from] / unit;
    if (isPair(step)) {
      const first = step as FactorStep;
      let run = 1;
      while (
        i + run < own.length && isPair(own[i + run]) &&
        (own[i + run] as FactorStep).field === first.field
      ) run++;
      const factors = own.slice(i, i + run) as FactorStep[];
      const formed = forms === "cheapest" ? blocksOf(factors, precision) : undefined;
      addGroups(factors, formed);
      i += run - 1;
      continue;
    }
    const previous = ops[ops.length - 1];
    switch (step.kind) {
      case "factor":
      case "dense": {
        const pattern = patternOf(step, unit)!;
        const inTile = cut
          ? { ...pattern, d: local(pattern.d), a: tile.points / (pattern.b * local(pattern.d)) }
          : pattern;
        const start = list.source(step.weights), numbers = numbersOf(step, unit);
        const rows = cut ? tile : wholeRow(pattern.a * pattern.b * pattern.d);
        const at = list.add(packFactor(pattern, inTile, rows, start, numbers));
        ops.push(factorOp(inTile, unit, numbers.floats === 2, at / numbers.floats, tile.count));
        const { a, b, c, d } = pattern;
        words.push(step.kind === "dense" ? `dense ${b}×${c}` : `factor (${a}, ${b}, ${c}, ${d})`);
        break;
      }
      case "permutation": {
        const { index, bits } = gathered(step, unit);
        ops.push(gatherOp(inputs, tables.length, bits));
        if (bits === undefined) { for (const from of index) tables.push(from); }
        words.push("permutation");
        break;
      }
      case "window":
        ops.push(windowOp(inputs, step.width / unit, step.shift / unit, unit));
        words.push(`window of ${step.width} floats`);
        break;
      case "diagonal":
      case "bias": {
        if (previous === undefined) ops.push(copyOp(cut ? tile.points : inputs));
        const numbers: Numbers = step.kind === "bias" ? { floats: unit, step: unit } : numbersOf(step, unit);
        const at = list.add(packPoints(inputs, list.source(step.weights), numbers)) / numbers.floats;
        const op = ops[ops.length - 1];
        op.posts.push({ kind: step.kind, complex: numbers.floats === 2, weights: at });
        words.push(step.kind);
        break;
      }
    }
  }
  planner.fused({
    label: `${unit === 2 ? "complex" : "real"} ${
      cut ? `tiles of ${tile.points}` : `rows of ${width / unit}`
    }: ${words.join(", ")}`,
    unit,
    ops,
    tile: ops.length === 1 && cut === undefined
      ? wholeRow(ops[0].kind === "group" ? ops[0].inputs : ops[0].outputs)
      : tile,
    source,
    target,
    weights: list.build(),
    tables: tables.length > 0 ? Uint32Array.from(tables) : undefined,
  });

  /** Groups of neighbouring strides, as equal as can be. */
  function addGroups(factors: readonly FactorStep[], formed: readonly Blocks[] | undefined): void {
    for (let i = 0; i < factors.length;) {
      const ladder = ladderFrom(factors, i, unit), count = Math.ceil(ladder / bits);
      for (let part = 0; part < count; part++) {
        const size = Math.floor(ladder * (part + 1) / count) - Math.floor(ladder * part / count);
        addGroup(factors.slice(i, i + size), formed?.slice(i, i + size));
        i += size;
      }
    }
  }

  function addGroup(factors: readonly FactorStep[], formed: readonly Blocks[] | undefined): void {
    const { a, d } = patternOf(factors[0], unit)!;
    const op = groupOf(factors, unit, formed, list, cut ? tile : wholeRow(2 * a * d), local);
    ops.push(op);
    words.push(`strides ${op.strides.join(" ")}${formsOf(op.levels)}`);
  }
}

/** Adds the kernel of a large dense block, or of its adjoint. */
export function addDense(
  planner: Planner,
  step: DenseStep,
  source: number,
  target: number,
  adjoint: boolean,
): void {
  const { rows, columns, field } = step, unit = floats(field), list = new WeightList();
  const pattern: Pattern = { a: 1, b: rows, c: columns, d: 1 }, numbers = numbersOf(step, unit);
  const start = list.source(step.weights);
  list.add(
    adjoint
      ? packAdjoint(pattern, start, numbers)
      : packFactor(pattern, pattern, wholeRow(rows), start, numbers),
  );
  planner.dense({
    label: `${field} dense block ${rows}×${columns}${adjoint ? ", adjoint" : ""}`,
    unit,
    inputs: adjoint ? rows : columns,
    outputs: adjoint ? columns : rows,
    source,
    target,
    weights: list.build()!,
  });
}

/** Adds the kernel that goes back through groups of 2×2 factors: several at once where a shape is given. */
export function addGroupsBack(
  planner: Planner,
  groups: readonly (readonly FactorStep[])[],
  unit: 1 | 2,
  x: number,
  g: number,
  target: number,
  shape: ChainShape | undefined,
): void {
  const list = new WeightList(), tile = wholeRow(planner.width(x) / unit);
  const packed = groups.map((factors) =>
    groupOf(factors, unit, undefined, list, tile, (distance) => distance)
  );
  const operands = { unit, x, g, xView: planner.view(x), gView: planner.view(g) };
  const view = planner.view(target), weights = list.build()!;
  planner.kernels.push(
    shape
      ? chainBack(operands, target, view, packed, weights, shape)
      : groupBack(operands, target, view, packed[0], weights),
  );
}

/** Packs the weights of a group; its strides in the tile are given by `local`. */
function groupOf(
  factors: readonly FactorStep[],
  unit: 1 | 2,
  formed: readonly Blocks[] | undefined,
  list: WeightList,
  tile: Tile,
  local: (distance: number) => number,
): GroupOp & { strides: readonly number[] } {
  const strides = factors.map((factor) => patternOf(factor, unit)!.d), least = Math.min(...strides);
  const numbers = numbersOf(factors[0], unit);
  const levels: Level[] = factors.map((_, k) => ({
    bit: Math.log2(strides[k] / least),
    form: formed?.[k].form ?? "general",
    complex: numbers.floats === 2,
  }));
  const inputs = tile.points;
  const op = { inputs, outputs: inputs, bits: factors.length, stride: local(least), levels };
  const index = packGroup(
    op,
    tile,
    factors.map((factor, k) => ({
      stride: strides[k],
      form: levels[k].form,
      floats: numbers.floats,
      at: blockIndex(list, factor, strides[k], numbers, formed?.[k]),
    })),
  );
  return { kind: "group", ...op, weights: list.add(index) / 4, posts: [], strides };
}

/** Where the numbers of the blocks of a factor are. */
function blockIndex(
  list: WeightList,
  factor: FactorStep,
  d: number,
  { step }: Numbers,
  formed: Blocks | undefined,
): BlockIndex {
  if (formed) {
    // Formed blocks of real factors on complex vectors are written for each float: the even ones suffice.
    const start = list.source(formed.values), many = BLOCK_NUMBERS[formed.form];
    const unit = floats(factor.field), spread = step / unit;
    return { first: (block) => start + formedBlock(block, d, spread) * many * unit, step: unit };
  }
  const start = list.source(factor.weights);
  return {
    first: (block) => start + (Math.floor(block / d) * 4 * d + block % d) * step,
    step: d * step,
  };
}

/** The number of a block of points among the blocks of floats. */
function formedBlock(block: number, d: number, spread: number): number {
  return Math.floor(block / d) * d * spread + block % d * spread;
}

function formsOf(levels: readonly Level[]): string {
  const forms = new Set<BlockForm>(levels.map(({ form }) => form));
  return forms.size === 1 && forms.has("general") ? "" : ` (${[...forms].join(", ")})`;
}

/** How many factors from `first` on have strides that double, or halve, from one to the next. */
export function ladderFrom(factors: readonly FactorStep[], first: number, unit: 1 | 2): number {
  const stride = (i: number): number => patternOf(factors[i], unit)!.d;
  const step = first + 1 < factors.length ? stride(first + 1) / stride(first) : 1;
  if (step !== 2 && step !== 0.5) return 1;
  let count = 2;
  while (first + count < factors.length && stride(first + count) === step * stride(first + count - 1)) {
    count++;
  }
  return count;
}

/** How the weights of a step are read. */
export function numbersOf(step: Unary, unit: 1 | 2): Numbers {
  const complex = "field" in step && step.field === "complex";
  return { floats: complex ? 2 : 1, step: unit };
}

/** A permutation as a gather of elements; `bits` where it is the bit reversal. */
export function gathered(
  step: PermutationStep,
  unit: 1 | 2,
  back = false,
): { index: Uint32Array; bits: number | undefined } {
  let { index } = step;
  if (step.scatter !== back) {
    const inverse = new Uint32Array(index.length);
    index.forEach((to, from) => inverse[to] = from);
    index = inverse;
  }
  if (step.unit > unit) {
    const floats = new Uint32Array(index.length * 2);
    index.forEach((from, to) => floats.set([2 * from, 2 * from + 1], 2 * to));
    index = floats;
  }
  const bits = Math.log2(index.length);
  const reversed = Number.isInteger(bits) && bits >= 1 &&
    index.every((from, to) => from === reverseBits(to) >>> (32 - bits));
  return { index, bits: reversed ? bits : undefined };
}

function reverseBits(value: number): number {
  let result = 0;
  for (let bit = 0; bit < 32; bit++) result = result << 1 | value >>> bit & 1;
  return result >>> 0;
}
