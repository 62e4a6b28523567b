/**
 * Kernels that go back through groups of 2×2 factors: the cotangent of what the first one read, and the gradients of all
 * their blocks. Gradients are summed over the rows of a chunk in registers and written once.
 *
 * @module
 */

import type { Weights } from "../weights.ts";
import { type BackOperands, CONJUGATED, element, rowsLoop } from "./back.ts";
import { bindings, elementType, entry, type Kernel, over, rest, times, type View } from "./kernel.ts";
import { swizzle } from "./fused.ts";
import { blockProduct, blockWeights, groupVectors, type Level, pairsOf } from "./ops.ts";

const THREADS = 64;

/** A group of 2×2 factors on 2^bits points at distance `stride`. */
export interface BackGroup {
  readonly inputs: number;
  readonly bits: number;
  readonly stride: number;
  readonly levels: readonly Level[];
  /** Where its weights, and its gradients, begin in a chunk, in vectors of four. */
  readonly weights: number;
}

/** The statements of one group on the points of one thread; `name` tells its variables from those of other groups. */
class Item {
  readonly #group: BackGroup;
  readonly #name: string;
  readonly #unit: 1 | 2;
  readonly #complex: boolean;
  readonly #blocks: { pair: [number, number]; w: string[]; d: string[] }[][];
  readonly #vectors: number;
  readonly #count: number;
  #inputs: string[][] = [];

  constructor(group: BackGroup, unit: 1 | 2, name: string) {
    this.#group = group;
    this.#name = name;
    this.#unit = unit;
    this.#complex = group.levels[0].complex;
    this.#vectors = groupVectors(group.levels, group.bits);
    this.#count = group.inputs >> group.bits;
    let floats = 0;
    const next = (): string => `${name}w${floats >> 2}.${"xyzw"[floats++ & 3]}`;
    this.#blocks = group.levels.map((level) =>
      pairsOf(group.bits, level.bit).map((pair) => {
        const w = blockWeights(level, () => this.#complex ? `vec2f(${next()}, ${next()})` : next());
        return { pair, w, d: w.map((_, e) => `${name}d${floats}_${e}`) };
      })
    );
  }

  /** The points, as expressions. */
  get points(): string[] {
    const { bits, stride } = this.#group;
    return Array.from(
      { length: 2 ** bits },
      (_, j) => j === 0 ? `${this.#name}p` : `${this.#name}p + ${j * stride}u`,
    );
  }

  /** Which points thread number `q` has, and sums that are zero. */
  declare(q: string): string[] {
    const { bits, stride } = this.#group, type = this.#complex ? "vec2f" : "f32";
    const lines = [
      `let ${this.#name}q = ${q};`,
      `let ${this.#name}p = ${times(over(`${this.#name}q`, stride), stride * 2 ** bits)} + ${
        rest(`${this.#name}q`, stride)
      };`,
    ];
    for (const { d } of this.#blocks.flat()) for (const name of d) lines.push(`var ${name} = ${type}(0);`);
    return lines;
  }

  /** Loads its weights. */
  load(): string[] {
    const { weights } = this.#group;
    return Array.from(
      { length: this.#vectors },
      (_, v) => `let ${this.#name}w${v} = four(${weights + v * this.#count}u + ${this.#name}q);`,
    );
  }

  /** From the names of its inputs to those of its outputs; without `all` the last level, which nobody may read, is left out. */
  forward(values: string[], lines: string[], all: boolean): string[] {
    this.#inputs = this.#blocks.map((blocks, l) => {
      const before = values;
      if (l === this.#blocks.length - 1 && !all) return before;
      values = values.map((_, j) => `${this.#name}v${l + 1}_${j}`);
      for (const { pair, w } of blocks) {
        const y = blockProduct("general", w, pair.map((j) => before[j]), this.#complex);
        pair.forEach((j, side) => lines.push(`let ${values[j]} = ${y[side]};`));
      }
      return before;
    });
    return values;
  }

  /** From the names of the cotangents of its outputs to those of its inputs; adds to the gradients of its blocks. */
  backward(cotangents: string[], lines: string[]): string[] {
    const complex = this.#complex;
    const slope = (value: string, cotangent: string): string =>
      complex
        ? `conjugated(${value}, ${cotangent})`
        : this.#unit === 2
        ? `dot(${value}, ${cotangent})`
        : `${value} * ${cotangent}`;
    const back = (w: string, cotangent: string): string =>
      complex ? `conjugated(${w}, ${cotangent})` : `${w} * ${cotangent}`;
    for (let l = this.#blocks.length - 1; l >= 0; l--) {
      const after = cotangents, before = this.#inputs[l];
      cotangents = after.map((_, j) => `${this.#name}g${l}_${j}`);
      for (const { pair: [i, j], w, d } of this.#blocks[l]) {
        lines.push(
          `${d[0]} += ${slope(before[i], after[i])};`,
          `${d[1]} += ${slope(before[j], after[i])};`,
          `${d[2]} += ${slope(before[i], after[j])};`,
          `${d[3]} += ${slope(before[j], after[j])};`,
          `let ${cotangents[i]} = ${back(w[0], after[i])} + ${back(w[2], after[j])};`,
          `let ${cotangents[j]} = ${back(w[1], after[i])} + ${back(w[3], after[j])};`,
        );
      }
    }
    return cotangents;
  }

  /** Writes the gradients of a chunk of `floats` floats. */
  store(floats: number): string[] {
    const parts = this.#blocks.flat().flatMap(({ d }) =>
      d.flatMap((name) => this.#complex ? [`${name}.x`, `${name}.y`] : [name])
    );
    while (parts.length % 4 !== 0) parts.push("0.0");
    return Array.from(
      { length: this.#vectors },
      (_, v) =>
        `sums[chunk * ${floats / 4}u + ${this.#group.weights + v * this.#count}u + ${this.#name}q] = vec4f(${
          parts.slice(4 * v, 4 * v + 4).join(", ")
        });`,
    );
  }
}

function head(unit: 1 | 2): string {
  return bindings({ unit, sources: 2, target: true, weights: true, tables: false, sums: "vec4f" }) +
    CONJUGATED;
}

/** One group, of rows of any length: threads work alone. */
export function groupBack(
  { unit, x, g, xView, gView }: BackOperands,
  target: number,
  view: View,
  group: BackGroup,
  weights: Weights,
): Kernel {
  const { bits, stride } = group, groups = group.inputs >> bits, blocks = Math.ceil(groups / THREADS);
  const item = new Item(group, unit, ""), floats = weights.index.length, { points } = item;
  const body = points.map((p, j) => `let v0_${j} = ${element("x0", xView, unit, p)};`);
  item.forward(points.map((_, j) => `v0_${j}`), body, false);
  points.forEach((p, j) => body.push(`let g_${j} = ${element("x1", gView, unit, p)};`));
  const cotangents = item.backward(points.map((_, j) => `g_${j}`), body);
  points.forEach((p, j) => body.push(`${element("y", view, unit, p)} = ${cotangents[j]};`));
  const code = `${head(unit)}${entry(THREADS)}let chunk = ${over("block", blocks)};
${item.declare(`${times(rest("block", blocks), THREADS)} + thread`).join("\n")}
if (q >= ${groups}u || chunk >= params.y) { return; }
${item.load().join("\n")}
${rowsLoop(body.join("\n") + "\n")}${item.store(floats).join("\n")}
}
`;
  return {
    label: `back through ${bits} factors on ${2 ** bits} points at distance ${stride}`,
    code,
    sources: [x, g],
    target,
    weights,
    partial: { floats, items: groups, weights },
    groups: (_rows, chunks) => blocks * chunks,
  };
}

/** How a chain of groups is spread: see {@link chainBack}. */
export interface ChainShape {
  /** Threads of a row; each has the same points in each group as long as it works on that. */
  readonly threads: number;
  /** Rows that a workgroup works on at once, each of a chunk of its own. */
  readonly lanes: number;
}

/**
 * All groups of a row at once: forward, with what each group reads kept in registers, and back. Values go from thread to
 * thread in workgroup memory, in place; of each row x and g are read once and one cotangent is written.
 */
export function chainBack(
  { unit, x, g, xView, gView }: BackOperands,
  target: number,
  view: View,
  groups: readonly BackGroup[],
  weights: Weights,
  { threads, lanes }: ChainShape,
): Kernel {
  const points = groups[0].inputs, floats = weights.index.length, last = groups.length - 1;
  const swizzled = points % 32 === 0;
  const place = (p: string): string => `s[lane * ${points}u + ${swizzled ? `place(${p})` : p}]`;
  // A group of fewer factors has more groups of points than threads, so that a thread has several.
  const items = groups.map((group, k) =>
    Array.from(
      { length: (points >> group.bits) / threads },
      (_, i) => ({ item: new Item(group, unit, `s${k}i${i}`), name: `s${k}i${i}`, first: i * threads }),
    )
  );
  const declared = items.flat().flatMap(({ item, first }) => item.declare(`own + ${first}u`));
  const body: string[] = [];
  const zero = `${elementType(unit)}(0)`;
  const read = (source: string, where: View, p: string): string =>
    `select(${zero}, ${element(source, where, unit, p)}, inside)`;
  items.forEach((stage, k) => {
    for (const { item, name } of stage) {
      body.push(...item.load());
      item.points.forEach((p, j) =>
        body.push(`let ${name}v0_${j} = ${k === 0 ? read("x0", xView, p) : place(p)};`)
      );
      const values = item.forward(item.points.map((_, j) => `${name}v0_${j}`), body, k < last);
      if (k < last) item.points.forEach((p, j) => body.push(`${place(p)} = ${values[j]};`));
    }
    if (k < last) body.push("workgroupBarrier();");
  });
  for (let k = last; k >= 0; k--) {
    for (const { item, name } of items[k]) {
      item.points.forEach((p, j) =>
        body.push(`let ${name}h_${j} = ${k === last ? read("x1", gView, p) : place(p)};`)
      );
      const values = item.backward(item.points.map((_, j) => `${name}h_${j}`), body);
      if (k > 0) item.points.forEach((p, j) => body.push(`${place(p)} = ${values[j]};`));
      else {
        item.points.forEach((p, j) =>
          body.push(`if (inside) { ${element("y", view, unit, p)} = ${values[j]}; }`)
        );
      }
    }
    if (k > 0) body.push("workgroupBarrier();");
  }
  // The barriers must be met by all threads, so that the loop is as long for chunks that are shorter, or not there.
  const code = `${head(unit)}var<workgroup> s: array<${elementType(unit)}, ${points * lanes}>;
${swizzled ? swizzle(unit) : ""}${entry(threads * lanes)}let lane = ${over("thread", threads)};
let own = ${rest("thread", threads)};
let chunk = ${times("block", lanes)} + lane;
let each = (rows + params.y - 1u) / params.y;
${declared.join("\n")}
for (var step = 0u; step < each; step++) {
let inside = chunk < params.y && chunk * each + step < rows;
let row = select(0u, chunk * each + step, inside);
${body.join("\n")}
}
if (chunk >= params.y) { return; }
${items.flat().flatMap(({ item }) => item.store(floats)).join("\n")}
}
`;
  const levels = groups.reduce((sum, { bits }) => sum + bits, 0);
  return {
    label: `back through ${levels} factors on rows of ${points}`,
    code,
    sources: [x, g],
    target,
    weights,
    partial: { floats, items: threads, weights },
    groups: (_rows, chunks) => Math.ceil(chunks / lanes),
  };
}
