/**
 * Products of a batch with a large dense block: tiles of both in workgroup memory, four by four results in the registers of
 * each thread.
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
import { scaled } from "./ops.ts";

/** Rows of the batch, and results, that a workgroup computes; inputs that it takes at a time. */
const SIDE = 32, DEPTH = 16;
/** Results of a thread in each direction. */
const OWN = 4;
const THREADS = (SIDE / OWN) ** 2;

/** Dense blocks with at least so many numbers get a kernel of their own. */
export const LARGE_DENSE = 1 << 12;

/** A dense block: weights are laid out [input][result]. */
export interface DenseSpec {
  readonly label: string;
  readonly unit: 1 | 2;
  readonly inputs: number;
  readonly outputs: number;
  readonly source: number;
  readonly target: number;
  readonly from: View;
  readonly to: View;
  readonly weights: Weights;
  readonly precision: Precision;
}

/** The kernel of a dense block. */
export function denseKernel(spec: DenseSpec): Kernel {
  const { label, unit, inputs, outputs, source, target, from, to, weights, precision } = spec;
  const type = elementType(unit),
    zero = `${type}(0)`,
    wide = Math.ceil(outputs / SIDE),
    each = SIDE * DEPTH / THREADS;
  const numbers = Array.from({ length: OWN }, (_, i) => i);
  const lines = (f: (i: number) => string): string => numbers.map(f).join("\n");
  const grid = (f: (i: number, j: number) => string): string => lines((i) => lines((j) => f(i, j)));
  const at = (view: View, row: string, p: string): string =>
    `${times(row, view.stride / unit)} + ${view.offset / unit}u + ${p}`;
  const head = bindings({ unit, sources: 1, target: true, weights: true, tables: false, precision });
  const code = `${head}var<workgroup> xs: array<${type}, ${DEPTH * (SIDE + 1)}>;
var<workgroup> ws: array<${type}, ${DEPTH * SIDE}>;
${entry(THREADS)}let o0 = ${times(rest("block", wide), SIDE)};
let row0 = ${times(over("block", wide), SIDE)};
let across = (thread % ${SIDE / OWN}u) * ${OWN}u;
let down = (thread / ${SIDE / OWN}u) * ${OWN}u;
${grid((i, j) => `var v${i}${j} = ${zero};`)}
for (var k0 = 0u; k0 < ${inputs}u; k0 += ${DEPTH}u) {
for (var i = 0u; i < ${each}u; i++) {
let item = thread + i * ${THREADS}u;
let k = item % ${DEPTH}u;
let r = item / ${DEPTH}u;
var x = ${zero};
if (row0 + r < rows && k0 + k < ${inputs}u) { x = x0[${at(from, "(row0 + r)", "k0 + k")}]; }
xs[k * ${SIDE + 1}u + r] = x;
let o = item % ${SIDE}u;
let line = item / ${SIDE}u;
var w = ${zero};
if (o0 + o < ${outputs}u && k0 + line < ${inputs}u) { w = ${
    unit === 2 ? "two" : "one"
  }((k0 + line) * ${outputs}u + o0 + o); }
ws[line * ${SIDE}u + o] = w;
}
workgroupBarrier();
for (var k = 0u; k < ${DEPTH}u; k++) {
${lines((i) => `let x${i + 1} = xs[k * ${SIDE + 1}u + down + ${i}u];`)}
${lines((j) => `let w${j} = ws[k * ${SIDE}u + across + ${j}u];`)}
${grid((i, j) => `v${i}${j} += ${scaled(`w${j}`, `x${i + 1}`, unit === 2)};`)}
}
workgroupBarrier();
}
${
    grid((i, j) =>
      `if (row0 + down + ${i}u < rows && o0 + across + ${j}u < ${outputs}u) { ` +
      `y[${at(to, `(row0 + down + ${i}u)`, `o0 + across + ${j}u`)}] = v${i}${j}; }`
    )
  }
}
`;
  return {
    label,
    code,
    sources: [source],
    target,
    weights,
    groups: (batch) => wide * Math.ceil(batch / SIDE),
  };
}
