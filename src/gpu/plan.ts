/**
 * Plans: which kernels run, over which values, and where the values lie.
 *
 * @module
 */

import type { Fused, Shape } from "./wgsl/fused.ts";
import { copyOp, fused } from "./wgsl/fused.ts";
import { bindings, entry, type Kernel, over, type Precision, rest, times, type View } from "./wgsl/kernel.ts";
import { denseKernel, type DenseSpec } from "./wgsl/dense.ts";
import { wholeRow } from "./wgsl/ops.ts";
import { windowOp } from "./wgsl/steps.ts";

/** What a plan may use of a device, and how it cuts the work. */
export interface Tuning {
  readonly shape: Shape;
  /** Factors applied in registers at once, at most: 3 means groups of eight points. */
  readonly bits: number;
  readonly precision: Precision;
  /** Bytes that the vectors of one value take at most in one run; longer batches are split. */
  readonly bytes: number;
}

/** The tuning for the limits of a device. */
export function tuningFor(limits: GPUSupportedLimits, changes: Partial<Tuning> = {}): Tuning {
  const threads = Math.min(256, limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX);
  // More than this lets fewer workgroups run at a time.
  const memory = Math.min(limits.maxComputeWorkgroupStorageSize, 1 << 15);
  return { shape: { memory, threads, rows: 4 }, bits: 3, precision: "f32", bytes: 1 << 27, ...changes };
}

/** A finished plan. */
export interface Plan {
  readonly kernels: readonly Kernel[];
  /** For each value the number of its buffer: first those given from outside, then scratch. */
  readonly buffers: readonly number[];
  /** Floats that a row takes in each buffer. */
  readonly widths: readonly number[];
  /** How many buffers come from outside. */
  readonly outside: number;
}

/** Sources of a sum in one kernel: with the result not more bindings than every device has. */
const MOST_SUMMANDS = 4;

/** Collects kernels and the values between them. */
export class Planner {
  readonly tuning: Tuning;
  readonly kernels: Kernel[] = [];
  readonly #roots: number[] = [];
  readonly #offsets: number[] = [];
  readonly #widths: number[] = [];

  /** An empty plan. */
  constructor(tuning: Tuning) {
    this.tuning = tuning;
  }

  /** A new value; with `within` a part of another one. */
  value(width: number, within?: { value: number; at: number }): number {
    const value = this.#widths.push(width) - 1;
    this.#roots.push(within ? this.#roots[within.value] : value);
    this.#offsets.push(within ? this.#offsets[within.value] + within.at : 0);
    return value;
  }

  /** Floats in a value. */
  width(value: number): number {
    return this.#widths[value];
  }

  /** Where a value lies in its buffer. */
  view(value: number): View {
    return { stride: this.#widths[this.#roots[value]], offset: this.#offsets[value] };
  }

  /** Whether two values lie in one buffer. */
  together(one: number, other: number): boolean {
    return this.#roots[one] === this.#roots[other];
  }

  /** Whether pairs of its floats lie where a kernel for complex numbers can read them. */
  even(value: number): boolean {
    const { stride, offset } = this.view(value);
    return stride % 2 === 0 && offset % 2 === 0;
  }

  /** Adds a kernel of operations from one value to another. */
  fused(spec: Omit<Fused, "from" | "to" | "precision" | "shape">): void {
    const { shape, precision } = this.tuning;
    const from = this.view(spec.source), to = this.view(spec.target);
    this.kernels.push(fused({ ...spec, from, to, shape, precision }));
  }

  /** Adds the kernel of a large dense block. */
  dense(spec: Omit<DenseSpec, "from" | "to" | "precision">): void {
    const { precision } = this.tuning, from = this.view(spec.source), to = this.view(spec.target);
    this.kernels.push(denseKernel({ ...spec, from, to, precision }));
  }

  /** Copies a value to another one of the same width. */
  copy(source: number, target: number): void {
    const points = this.width(source);
    this.fused({
      label: `copy ${points} floats`,
      unit: 1,
      ops: [copyOp(points)],
      tile: wholeRow(points),
      source,
      target,
    });
  }

  /** y[i] = x[i + shift] where that exists, else 0. */
  window(source: number, target: number, shift: number): void {
    const inputs = this.width(source), outputs = this.width(target);
    const label = `window of ${outputs} floats from ${shift}`;
    const ops = [windowOp(inputs, outputs, shift, 1)];
    this.fused({ label, unit: 1, ops, tile: wholeRow(outputs), source, target });
  }

  /** The sum of values, written to `target`. */
  add(sources: readonly number[], target: number): void {
    const width = this.width(target), threads = 64;
    let some = [...sources];
    while (some.length > 1) {
      const now = some.slice(0, MOST_SUMMANDS), last = now.length === some.length;
      const to = last ? target : this.value(width), view = this.view(to), blocks = Math.ceil(width / threads);
      const terms = now.map((value, i) => {
        const { stride, offset } = this.view(value);
        return `x${i}[${times("row", stride)} + ${offset}u + o]`;
      });
      const code = `${
        bindings({ unit: 1, sources: now.length, target: true, weights: false, tables: false })
      }${entry(threads)}let o = ${times(rest("block", blocks), threads)} + thread;
let row = ${over("block", blocks)};
if (o >= ${width}u || row >= rows) { return; }
y[${times("row", view.stride)} + ${view.offset}u + o] = ${terms.join(" + ")};
}
`;
      this.kernels.push({
        label: `sum of ${now.length} values`,
        code,
        sources: now,
        target: to,
        groups: (rows) => blocks * rows,
      });
      some = [to, ...some.slice(now.length)];
    }
  }

  /** Leaves out kernels whose results nobody wants; returns how many of the first `count` are left. */
  sweep(wanted: readonly number[], count: number): number {
    const needed = new Set(wanted.map((value) => this.#roots[value]));
    const kept: boolean[] = [];
    for (let i = this.kernels.length - 1; i >= 0; i--) {
      const { target, partial, sources } = this.kernels[i];
      kept[i] = partial !== undefined || (target !== undefined && needed.has(this.#roots[target]));
      if (kept[i]) { for (const value of sources) needed.add(this.#roots[value]); }
    }
    const all = this.kernels.splice(0);
    this.kernels.push(...all.filter((_, i) => kept[i]));
    return kept.slice(0, count).filter((keep) => keep).length;
  }

  /** The plan; the values in `outside` lie in buffers of the caller's, the others in scratch that is used again. */
  build(outside: readonly number[]): Plan {
    const last = new Map<number, number>();
    this.kernels.forEach(({ sources, target }, i) => {
      for (const value of [...sources, ...(target === undefined ? [] : [target])]) {
        last.set(this.#roots[value], i);
      }
    });
    const widths = outside.map((value) => this.#widths[value]);
    const buffers = new Map<number, number>(outside.map((value, i) => [value, i]));
    const free: number[] = [];
    this.kernels.forEach((kernel, i) => {
      const touched = [kernel.target ?? -1, ...kernel.sources].filter((value) => value >= 0).map((v) =>
        this.#roots[v]
      );
      for (const root of touched) {
        if (buffers.has(root)) continue;
        const width = this.#widths[root], at = free.findIndex((buffer) => widths[buffer] === width);
        buffers.set(root, at >= 0 ? free.splice(at, 1)[0] : widths.push(width) - 1);
      }
      for (const root of new Set(touched)) {
        if (last.get(root) === i && !outside.includes(root)) free.push(buffers.get(root)!);
      }
    });
    return {
      kernels: this.kernels,
      buffers: this.#roots.map((root) => buffers.get(root) ?? -1),
      widths,
      outside: outside.length,
    };
  }
}
