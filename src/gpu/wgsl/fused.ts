/**
 * Kernels that apply operations one after another to rows, or to tiles of rows, in workgroup memory: one read and one
 * write of the data for all of them. A single operation needs no workgroup memory and is spread over all threads.
 *
 * @module
 */

import type { Weights } from "../weights.ts";
import {
  bindings,
  elementType,
  entry,
  type Kernel,
  over,
  type Precision,
  rest,
  times,
  type View,
} from "./kernel.ts";
import { type Access, groupCode, mapCode, type MapOp, type Op, type Tile } from "./ops.ts";

/** How much of a device a kernel may take, and how work is spread. */
export interface Shape {
  /** Bytes of workgroup memory. */
  readonly memory: number;
  /** Threads of a workgroup. */
  readonly threads: number;
  /** Rows whose values a thread holds at once, so that it reads each weight once for all of them. */
  readonly rows: number;
}

/** What a fused kernel is made of. */
export interface Fused {
  readonly label: string;
  readonly unit: 1 | 2;
  readonly ops: readonly Op[];
  readonly tile: Tile;
  readonly source: number;
  readonly target: number;
  readonly from: View;
  readonly to: View;
  readonly weights?: Weights;
  readonly tables?: Uint32Array;
  readonly precision: Precision;
  readonly shape: Shape;
}

/** Neighbours in a group at least this far apart are read straight from a buffer: threads still read side by side. */
const APART = 16;

/** A copy of the points of a tile. */
export function copyOp(points: number): MapOp {
  return {
    kind: "map",
    inputs: points,
    outputs: points,
    posts: [],
    code: (read, rows) =>
      Array.from({ length: rows }, (_, row) => `let v${row} = ${read("o", row)};`).join("\n"),
  };
}

/** The largest power of two not above a number, at least 1. */
function powerBelow(value: number): number {
  let power = 1;
  while (power * 2 <= value) power *= 2;
  return power;
}

/** Work items of an operation on one tile of one row. */
function items(op: Op): number {
  return op.kind === "group" ? op.inputs >> op.bits : op.outputs;
}

/** A kernel for operations on the tiles of rows. */
export function fused(spec: Fused): Kernel {
  return spec.ops.length === 1 ? spread(spec, spec.ops[0]) : shared(spec);
}

function head(spec: Fused): string {
  return bindings({
    unit: spec.unit,
    sources: 1,
    target: true,
    weights: spec.weights !== undefined,
    tables: spec.tables !== undefined,
    precision: spec.precision,
  });
}

/** Expressions for points in buffers. Offsets are parameters, so that equal parts of a row share a kernel. */
function buffers(
  { unit, from, to, tile }: Fused,
  rowOf: (row: number) => string,
): Pick<Access, "read" | "write"> {
  return {
    read: (p, row) => `x0[${times(rowOf(row), from.stride / unit)} + params.z + ${tile.address(p)}]`,
    write: (p, row, value) =>
      `if (${rowOf(row)} < rows) { y[${times(rowOf(row), to.stride / unit)} + params.w + ` +
      `${tile.address(p)}] = ${value}; }`,
  };
}

function result(spec: Fused, code: string, groups: (rows: number) => number): Kernel {
  const { label, source, target, weights, tables, unit, from, to } = spec;
  const offsets = [from.offset / unit, to.offset / unit] as const;
  return { label, code, sources: [source], target, weights, tables, groups, offsets };
}

function spread(spec: Fused, op: Op): Kernel {
  const { tile, shape } = spec, count = items(op) * tile.count;
  const rows = op.kind === "group" ? Math.max(1, Math.min(shape.rows, 32 >> op.bits)) : shape.rows;
  const threads = Math.min(64, shape.threads), blocks = Math.ceil(count / threads);
  const access: Access = { unit: spec.unit, rows, tile, ...buffers(spec, (row) => `(row0 + ${row}u)`) };
  const index = op.kind === "group" ? "q" : "o";
  const body = op.kind === "group"
    ? groupCode(op, access)
    : mapCode(op, access, (row, value) => access.write("o", row, value));
  const code = `${head(spec)}${entry(threads)}let item = ${times(rest("block", blocks), threads)} + thread;
let row0 = ${times(over("block", blocks), rows)};
if (item >= ${count}u) { return; }
let tile = ${over("item", items(op))};
let ${index} = ${rest("item", items(op))};
${body}}
`;
  return result(spec, code, (batch) => blocks * Math.ceil(batch / rows));
}

function shared(spec: Fused): Kernel {
  const { unit, tile, shape } = spec;
  const ops = [...spec.ops], first = ops[0], last = ops[ops.length - 1];
  if (first.kind === "group" && first.stride < APART) ops.unshift(copyOp(first.inputs));
  if (last.kind === "group" && last.stride < APART) ops.push(copyOp(last.outputs));
  // Values between two operations lie in workgroup memory.
  const points = Math.max(...ops.slice(1).map(({ inputs }) => inputs));
  const room = Math.floor(shape.memory / (4 * unit * points));
  // Small rows: enough of them to keep the threads busy.
  const rows = powerBelow(
    Math.max(1, Math.min(room, Math.max(shape.rows, Math.ceil(2048 / (points * unit))))),
  );
  const deepest = Math.max(...ops.map((op) => op.kind === "group" ? op.bits : 0));
  const held = Math.min(rows, powerBelow(Math.max(1, Math.min(shape.rows, (64 / unit) >> deepest))));
  const busiest = Math.max(...ops.map((op) => items(op) >> (op.kind === "group" ? 0 : 2))) * (rows / held);
  const threads = Math.min(shape.threads, Math.max(32, powerBelow(busiest)));
  const swizzled = points % 32 === 0;
  const place = (p: string): string => swizzled ? `place(${p})` : p;
  const local: Pick<Access, "read" | "write"> = {
    read: (p, row) => `s[(row0 + ${row}u) * ${points}u + ${place(p)}]`,
    write: (p, row, value) => `s[(row0 + ${row}u) * ${points}u + ${place(p)}] = ${value};`,
  };
  const outer = buffers(spec, (row) => `(base + row0 + ${row}u)`);
  const parts = ops.map((op, number) => {
    const read = number === 0 ? outer.read : local.read;
    const final = number === ops.length - 1;
    const write = final ? outer.write : local.write;
    const access: Access = { unit, rows: held, tile, read, write };
    const each = items(op), all = each * (rows / held);
    const index = op.kind === "group" ? "q" : "o";
    const begin = `let row0 = ${times(over("item", each), held)};\nlet ${index} = ${rest("item", each)};\n`;
    const loop = (body: string): string =>
      `for (var item = thread; item < ${all}u; item += ${threads}u) {\n${begin}${body}}\n`;
    if (op.kind === "group") return loop(groupCode(op, access));
    const inPlace = number > 0 && !final;
    if (!inPlace) return loop(mapCode(op, access, (row, value) => write("o", row, value)));
    // All are read before any is written.
    const turns = Math.ceil(all / threads);
    const type = elementType(unit);
    const body = mapCode(op, access, (row, value) => `kept[turn * ${held}u + ${row}u] = ${value};`);
    const back = Array.from({ length: held }, (_, row) => write("o", row, `kept[turn * ${held}u + ${row}u]`));
    const turn = (inner: string): string =>
      `for (var turn = 0u; turn < ${turns}u; turn++) {\nlet item = thread + turn * ${threads}u;\n` +
      `if (item < ${all}u) {\n${begin}${inner}}\n}\n`;
    return `{\nvar kept: array<${type}, ${turns * held}>;\n${turn(body)}workgroupBarrier();\n${
      turn(back.join("\n") + "\n")
    }}\n`;
  });
  const code = `${head(spec)}var<workgroup> s: array<${elementType(unit)}, ${points * rows}>;
${swizzled ? swizzle(unit) : ""}${entry(threads)}let tile = ${rest("block", tile.count)};
let base = ${times(over("block", tile.count), rows)};
${parts.join("workgroupBarrier();\n")}}
`;
  return result(spec, code, (batch) => tile.count * Math.ceil(batch / rows));
}

/**
 * Where a point lies in workgroup memory. Threads that read points at a distance of 8 or 64 would all meet in one bank;
 * exchanging points within each line of banks, by the number of the line, spreads them.
 */
export function swizzle(unit: 1 | 2): string {
  const line = unit === 1
    ? "let x = p >> 5u; return p ^ (((x & 6u) << 2u) ^ (x & 7u));"
    : "let x = p >> 4u; return p ^ (((x & 2u) << 2u) ^ (x & 7u));";
  return `fn place(p: u32) -> u32 { ${line} }\n`;
}
