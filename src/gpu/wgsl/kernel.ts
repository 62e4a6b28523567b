/**
 * What a compute kernel is before a device has seen it, and the text that all kernels begin with.
 *
 * @module
 */

import type { Weights } from "../weights.ts";

/** Where a value lies: floats between vectors, and floats before the first. */
export interface View {
  readonly stride: number;
  readonly offset: number;
}

/** Numbers of the bindings of a kernel; sources follow from {@link Binding.source} on. */
export const Binding = { rows: 0, target: 1, weights: 2, tables: 3, sums: 4, source: 5 } as const;

/** Partial gradients that a kernel makes. */
export interface Partial {
  /** Floats for each chunk of rows. */
  readonly floats: number;
  /** Threads that work on one chunk. */
  readonly items: number;
  /** To which weights they belong, position by position. */
  readonly weights: Weights;
}

/** A kernel over a batch of rows. */
export interface Kernel {
  /** What it does, for people. */
  readonly label: string;
  /** WGSL; the entry point is `main`. */
  readonly code: string;
  /** The values it reads, in the order of the bindings. */
  readonly sources: readonly number[];
  /** The value it writes; undefined if it only writes partial gradients. */
  readonly target: number | undefined;
  readonly weights?: Weights;
  readonly tables?: Uint32Array;
  readonly partial?: Partial;
  /** Where the first vector begins in the source and in the target, in elements, for kernels that take it as a parameter. */
  readonly offsets?: readonly [number, number];
  /** Workgroups for a number of rows, in `chunks` chunks where it makes partial gradients. */
  groups(rows: number, chunks: number): number;
}

/** How weights lie in memory: as floats, or as halves that kernels widen. */
export type Precision = "f32" | "f16";

/** The type of an element of `unit` floats. */
export function elementType(unit: 1 | 2): string {
  return unit === 2 ? "vec2f" : "f32";
}

/** A list of declarations for the bindings that a kernel has. */
export function bindings(
  { unit, sources, target, weights, tables, sums, precision = "f32" }: {
    unit: 1 | 2;
    sources: number;
    target: boolean;
    weights: boolean;
    tables: boolean;
    sums?: string;
    precision?: Precision;
  },
): string {
  const type = elementType(unit);
  const lines = [`@group(0) @binding(${Binding.rows}) var<uniform> params: vec4u;`];
  const add = (binding: number, access: string, name: string, of: string): void => {
    lines.push(`@group(0) @binding(${binding}) var<storage, ${access}> ${name}: array<${of}>;`);
  };
  if (target) add(Binding.target, "read_write", "y", type);
  if (weights) add(Binding.weights, "read", "packed", precision === "f16" ? "vec2u" : "vec4f");
  if (tables) add(Binding.tables, "read", "tables", "u32");
  if (sums) add(Binding.sums, "read_write", "sums", sums);
  for (let i = 0; i < sources; i++) add(Binding.source + i, "read", `x${i}`, type);
  if (weights) lines.push(weightFunctions(precision));
  if (unit === 2) {
    lines.push(
      "fn mul(a: vec2f, b: vec2f) -> vec2f { return vec2f(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x); }",
    );
  }
  return lines.join("\n") + "\n";
}

/** Four weights at once, and single ones. */
function weightFunctions(precision: Precision): string {
  const four = precision === "f16"
    ? "let p = packed[i]; return vec4f(unpack2x16float(p.x), unpack2x16float(p.y));"
    : "return packed[i];";
  return `fn four(i: u32) -> vec4f { ${four} }
fn one(i: u32) -> f32 { return four(i >> 2u)[i & 3u]; }
fn two(i: u32) -> vec2f { let v = four(i >> 1u); return select(v.xy, v.zw, (i & 1u) == 1u); }`;
}

/** The head of the entry point: `thread` in the workgroup, `block`, the number of the workgroup, and `rows`. */
export function entry(threads: number): string {
  return `@compute @workgroup_size(${threads})
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) many: vec3u) {
let rows = params.x;
let block = wid.x + wid.y * many.x;
`;
}

/** `expression / by`, where `by` is known. */
export function over(expression: string, by: number): string {
  return by === 1 ? expression : `(${expression} / ${by}u)`;
}

/** The remainder of `expression` by `by`, which is known. */
export function rest(expression: string, by: number): string {
  return by === 1 ? "0u" : `(${expression} % ${by}u)`;
}

/** `expression · by`, where `by` is known. */
export function times(expression: string, by: number): string {
  return by === 1 ? expression : by === 0 ? "0u" : `(${expression} * ${by}u)`;
}
