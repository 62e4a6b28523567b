/**
 * What a kernel does to the points of a row, one operation after another: gathers of any kind ("map"), and groups of 2×2
 * factors in registers ("group"). Each reads and writes through expressions that say whether points lie in workgroup
 * memory or in a buffer.
 *
 * @module
 */

import { BLOCK_NUMBERS, type BlockForm } from "../forms.ts";
import { over, rest, times } from "./kernel.ts";

/** Which part of a row a workgroup works on: see {@link Tile}. */
export interface Tile {
  /** Tiles in a row. */
  readonly count: number;
  /** Points of a tile. */
  readonly points: number;
  /** The point of the row that point `p` of tile `tile` is, as an expression. */
  readonly address: (p: string) => string;
  /** The same, as a number. */
  readonly at: (p: number, tile: number) => number;
}

/** The whole row as one tile. */
export function wholeRow(points: number): Tile {
  return { count: 1, points, address: (p) => p, at: (p) => p };
}

/** Something done to each result of an operation where it is made: a diagonal or a bias. */
export interface Post {
  readonly kind: "diagonal" | "bias";
  readonly complex: boolean;
  /** Where its weights begin, in numbers of its field; one for each point of the row. */
  readonly weights: number;
}

/** One result from any points. */
export interface MapOp {
  readonly kind: "map";
  readonly inputs: number;
  readonly outputs: number;
  /** Statements that make `v0 … v(rows−1)` from `o`, the number of the result in the tile. */
  readonly code: (read: (p: string, row: number) => string, rows: number) => string;
  readonly posts: Post[];
}

/** One level of a group. */
export interface Level {
  /** Which bit of the number of a point in the group it pairs. */
  readonly bit: number;
  readonly form: BlockForm;
  /** Whether weights are complex. */
  readonly complex: boolean;
}

/** 2×2 factors on 2^bits points at distance `stride` in registers. */
export interface GroupOp {
  readonly kind: "group";
  readonly inputs: number;
  readonly outputs: number;
  readonly bits: number;
  readonly stride: number;
  readonly levels: readonly Level[];
  /** Where its weights begin, in vectors of four. */
  readonly weights: number;
  readonly posts: Post[];
}

/** One operation. */
export type Op = MapOp | GroupOp;

/** How an operation reads and writes points of the rows it holds, and how many rows at once. */
export interface Access {
  readonly unit: 1 | 2;
  readonly rows: number;
  readonly tile: Tile;
  readonly read: (p: string, row: number) => string;
  readonly write: (p: string, row: number, value: string) => string;
}

/** Vectors of four that hold the weights of one thread of a group. */
export function groupVectors(levels: readonly Level[], bits: number): number {
  const floats = levels.reduce(
    (sum, { form, complex }) => sum + BLOCK_NUMBERS[form] * (complex ? 2 : 1) * 2 ** (bits - 1),
    0,
  );
  return Math.ceil(floats / 4);
}

/** Names of weights in the order in which a thread reads them, with the statements that load them when first needed. */
class WeightReader {
  #count = 0;
  readonly #op: GroupOp;
  readonly #tile: Tile;
  constructor(op: GroupOp, tile: Tile) {
    this.#op = op;
    this.#tile = tile;
  }
  #next(lines: string[]): string {
    const vector = this.#count >> 2, part = this.#count & 3;
    if (part === 0) {
      const groups = this.#op.inputs >> this.#op.bits;
      const all = groupVectors(this.#op.levels, this.#op.bits) * groups;
      const tile = this.#tile.count === 1 ? "" : ` + ${times("tile", all)}`;
      lines.push(`let w${vector} = four(${this.#op.weights + vector * groups}u + q${tile});`);
    }
    this.#count++;
    return `w${vector}.${"xyzw"[part]}`;
  }
  number(lines: string[], complex: boolean): string {
    const re = this.#next(lines);
    return complex ? `vec2f(${re}, ${this.#next(lines)})` : re;
  }
}

/** The product of a weight and a value. */
export function scaled(w: string, x: string, complex: boolean): string {
  return complex ? `mul(${w}, ${x})` : `${w} * ${x}`;
}

/** The pairs of a level: points without and with its bit. */
export function pairsOf(bits: number, bit: number): [number, number][] {
  return Array.from({ length: 2 ** bits }, (_, j): [number, number] => [j, j | 1 << bit])
    .filter(([j]) => (j >> bit & 1) === 0);
}

/** The weights of one 2×2 block, in the order of its form. */
export function blockWeights(level: Level, reader: () => string): string[] {
  return Array.from({ length: BLOCK_NUMBERS[level.form] }, reader);
}

/** y[0] and y[1] from x[0] and x[1]. */
export function blockProduct(form: BlockForm, w: string[], x: string[], complex: boolean): string[] {
  const t = (i: number, k: number): string => scaled(w[i], x[k], complex);
  switch (form) {
    case "general":
      return [`${t(0, 0)} + ${t(1, 1)}`, `${t(2, 0)} + ${t(3, 1)}`];
    case "unit":
      return [`${x[0]} + ${t(0, 1)}`, `${x[1]} + ${t(1, 0)}`];
    case "twiddles":
      return [`${x[0]} + ${t(0, 1)}`, `${x[0]} - ${t(0, 1)}`];
    case "signs":
      return [`${x[0]} + ${x[1]}`, `${x[0]} - ${x[1]}`];
  }
}

/** Applies what follows to a result at a point of the tile. */
function posted(value: string, posts: readonly Post[], p: string, tile: Tile): string {
  for (const { kind, complex, weights } of posts) {
    const w = `${complex ? "two" : "one"}(${weights}u + ${tile.address(p)})`;
    value = kind === "bias" ? `(${value}) + ${w}` : scaled(w, `(${value})`, complex);
  }
  return value;
}

/** The statements of a group for thread number `q` of the groups of a tile. */
export function groupCode(op: GroupOp, access: Access): string {
  const { bits, stride, levels, posts } = op, { rows, tile } = access, size = 2 ** bits;
  const lines = [`let p = ${times(over("q", stride), stride * size)} + ${rest("q", stride)};`];
  const at = (j: number): string => j === 0 ? "p" : `p + ${j * stride}u`;
  const names: string[][] = [];
  for (let row = 0; row < rows; row++) {
    names.push([]);
    for (let j = 0; j < size; j++) {
      names[row].push(`v${row}_0_${j}`);
      lines.push(`let ${names[row][j]} = ${access.read(at(j), row)};`);
    }
  }
  const reader = new WeightReader(op, tile);
  levels.forEach((level, number) => {
    for (const pair of pairsOf(bits, level.bit)) {
      const w = blockWeights(level, () => reader.number(lines, level.complex));
      for (const row of names) {
        const y = blockProduct(level.form, w, pair.map((j) => row[j]), level.complex);
        pair.forEach((j, side) => {
          lines.push(`let v${names.indexOf(row)}_${number + 1}_${j} = ${y[side]};`);
        });
        pair.forEach((j) => row[j] = `v${names.indexOf(row)}_${number + 1}_${j}`);
      }
    }
  });
  for (let j = 0; j < size; j++) {
    names.forEach((row, r) => lines.push(access.write(at(j), r, posted(row[j], posts, at(j), tile))));
  }
  return lines.join("\n") + "\n";
}

/** The statements of a map for result number `o` of a tile; `keep` says what to do with the results. */
export function mapCode(
  op: MapOp,
  access: Access,
  keep: (row: number, value: string) => string,
): string {
  const lines = [op.code(access.read, access.rows)];
  for (let row = 0; row < access.rows; row++) {
    lines.push(keep(row, posted(`v${row}`, op.posts, "o", access.tile)));
  }
  return lines.join("\n") + "\n";
}
