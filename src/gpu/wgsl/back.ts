/**
 * Kernels of the backward direction: cotangents and gradients of weights, summed over chunks of rows. Threads own their
 * weights and walk over the rows, so that no two add to the same number.
 *
 * @module
 */

import type { Pattern } from "../../program/step.ts";
import type { Weights } from "../weights.ts";
import { bindings, elementType, entry, type Kernel, over, rest, times, type View } from "./kernel.ts";

const THREADS = 64;

/** Where the operands of a backward kernel lie. */
export interface BackOperands {
  readonly unit: 1 | 2;
  /** The value that the step read in the forward direction. */
  readonly x: number;
  /** The cotangent of what it made. */
  readonly g: number;
  readonly xView: View;
  readonly gView: View;
}

/** `name[row][p]` in a buffer. */
export function element(name: string, { stride, offset }: View, unit: number, p: string): string {
  return `${name}[${times("row", stride / unit)} + ${offset / unit}u + ${p}]`;
}

/** The loop over the rows of a chunk. */
export function rowsLoop(body: string): string {
  return `let each = (rows + params.y - 1u) / params.y;
let end = min(rows, (chunk + 1u) * each);
for (var row = chunk * each; row < end; row++) {
${body}}
`;
}

/** conj(a)·b. */
export const CONJUGATED =
  "fn conjugated(a: vec2f, b: vec2f) -> vec2f { return vec2f(a.x * b.x + a.y * b.y, a.x * b.y - a.y * b.x); }\n";

/**
 * The gradients of the weights of a factor of any pattern, laid out [c][result]; without a pattern those of a bias.
 *
 * @param layout where each gradient belongs, as weights that nobody reads
 */
export function weightGradient(
  { unit, x, g, xView, gView }: BackOperands,
  step: { pattern: Pattern; complex: boolean } | { points: number },
  layout: Weights,
): Kernel {
  const bias = !("pattern" in step), complex = bias ? unit === 2 : step.complex;
  const type = complex ? "vec2f" : "f32",
    { b, c, d, a } = bias ? { a: step.points, b: 1, c: 1, d: 1 } : step.pattern;
  const outputs = a * b * d, count = outputs * c, blocks = Math.ceil(count / THREADS);
  const cotangent = element(bias ? "x0" : "x1", gView, unit, "o");
  const value = element("x0", xView, unit, "first");
  const slope = bias
    ? cotangent
    : complex
    ? `conjugated(${value}, ${cotangent})`
    : unit === 2
    ? `dot(${value}, ${cotangent})`
    : `${value} * ${cotangent}`;
  const head = bindings({
    unit,
    sources: bias ? 1 : 2,
    target: false,
    weights: false,
    tables: false,
    sums: type,
  });
  const chunkLength = layout.index.length / (complex ? 2 : 1);
  const code = `${head}${unit === 2 ? CONJUGATED : ""}${entry(THREADS)}let item = ${
    times(rest("block", blocks), THREADS)
  } + thread;
let chunk = ${over("block", blocks)};
if (item >= ${count}u || chunk >= params.y) { return; }
let o = ${rest("item", outputs)};
let first = ${times(over("o", b * d), c * d)} + ${rest("o", d)} + ${times(over("item", outputs), d)};
var sum = ${elementType(complex ? 2 : 1)}(0);
${rowsLoop(`sum += ${slope};\n`)}sums[chunk * ${chunkLength}u + item] = sum;
}
`;
  return {
    label: bias ? `gradient of a bias of ${count}` : `gradient of a factor (${a}, ${b}, ${c}, ${d})`,
    code,
    sources: bias ? [g] : [x, g],
    target: undefined,
    partial: { floats: layout.index.length, items: count, weights: layout },
    groups: (_rows, chunks) => blocks * chunks,
  };
}

/** Adds chunks of partial gradients to the flat gradient: tables hold flat indices, starts, and positions. */
export function collectKernel(): string {
  return `@group(0) @binding(0) var<uniform> params: vec4u;
@group(0) @binding(1) var<storage, read_write> gradient: array<f32>;
@group(0) @binding(2) var<storage, read> sums: array<f32>;
@group(0) @binding(3) var<storage, read> tables: array<u32>;
@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) many: vec3u) {
let i = (wid.x + wid.y * many.x) * 64u + thread;
let count = params.x;
if (i >= count) { return; }
var sum = 0.0;
for (var k = tables[count + i]; k < tables[count + i + 1u]; k++) {
let at = tables[2u * count + 1u + k];
for (var chunk = 0u; chunk < params.y; chunk++) { sum += sums[chunk * params.z + at]; }
}
gradient[tables[i]] += sum;
}
`;
}
