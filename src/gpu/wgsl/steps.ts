/**
 * The steps of programs as operations of kernels, other than groups of 2×2 factors.
 *
 * @module
 */

import type { Pattern } from "../../program/step.ts";
import { elementType, over, rest, times } from "./kernel.ts";
import { type MapOp, scaled } from "./ops.ts";

/** `f(row)` for each row, in lines. */
function each(rows: number, f: (row: number) => string): string {
  return Array.from({ length: rows }, (_, row) => f(row)).join("\n");
}

/**
 * A factor of any pattern within a tile; a dense block is the factor (1, rows, columns, 1).
 *
 * @param weights where they begin, in numbers of their field, laid out [tile][c][result]
 */
export function factorOp(
  { a, b, c, d }: Pattern,
  unit: 1 | 2,
  complex: boolean,
  weights: number,
  tiles: number,
): MapOp {
  const outputs = a * b * d;
  const tile = tiles === 1 ? "" : ` + ${times("tile", c * outputs)}`;
  return {
    kind: "map",
    inputs: a * c * d,
    outputs,
    posts: [],
    code: (read, rows) =>
      `let first = ${times(over("o", b * d), c * d)} + ${rest("o", d)};
${each(rows, (row) => `var v${row} = ${elementType(unit)}(0);`)}
for (var k = 0u; k < ${c}u; k++) {
let w = ${complex ? "two" : "one"}(${weights}u + k * ${outputs}u + o${tile});
${each(rows, (row) => `v${row} += ${scaled("w", read(`first + k * ${d}u`, row), complex)};`)}
}`,
  };
}

/** y[o] = x[tables[at + o]], or the bit reversal of `bits` bits without a table. */
export function gatherOp(points: number, at: number, bits: number | undefined): MapOp {
  const from = bits === undefined ? `tables[${at}u + o]` : `reverseBits(o) >> ${32 - bits}u`;
  return {
    kind: "map",
    inputs: points,
    outputs: points,
    posts: [],
    code: (read, rows) =>
      `let source = ${from};\n${each(rows, (row) => `let v${row} = ${read("source", row)};`)}`,
  };
}

/** y[o] = x[o + shift] where that exists, zero elsewhere. */
export function windowOp(inputs: number, outputs: number, shift: number, unit: 1 | 2): MapOp {
  const zero = `${elementType(unit)}(0)`;
  return {
    kind: "map",
    inputs,
    outputs,
    posts: [],
    code: (read, rows) =>
      `let at = i32(o) + ${shift};
let inside = at >= 0 && at < ${inputs};
let source = u32(clamp(at, 0, ${inputs - 1}));
${each(rows, (row) => `let v${row} = select(${zero}, ${read("source", row)}, inside);`)}`,
  };
}
