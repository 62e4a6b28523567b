/**
 * Factors of any pattern as instructions: how assembly/factors.ts cuts them into vectors, and how their weights are
 * packed for it.
 *
 * @module
 */

import { type Instruction, Op, type View } from "../kernels/record.ts";
import type { ImageBuilder } from "./image.ts";
import { type DenseStep, type FactorStep, type Field, floats, type Pattern } from "./step.ts";

/**
 * How a factor is cut. Each block i has chunks of inputs and slots of outputs; a vector is one slot for one γ of one
 * chunk. With d ≥ 3 its lanes are neighbouring δ and the slots are the β; with d ≤ 2 its lanes are neighbouring (β, δ).
 * All sizes in numbers of the field.
 */
interface Cut {
  readonly slots: number;
  /** From one slot to the next in the outputs. */
  readonly step: number;
  /** Where the last slot and the last chunk start; they may overlap those before. */
  readonly lastSlot: number;
  readonly lastChunk: number;
  /** Lanes of a vector that count. */
  readonly lanes: number;
  /** How x is read: four numbers (0), one for all lanes (1), a pair twice (2), three (3). */
  readonly mode: number;
}

function cut({ b, d }: Pattern): Cut {
  if (d >= 3) {
    const lanes = Math.min(4, d);
    return { slots: b, step: d, lastSlot: (b - 1) * d, lastChunk: d - lanes, lanes, mode: d === 3 ? 3 : 0 };
  }
  const lanes = Math.min(4, b * d);
  return { slots: Math.ceil(b * d / 4), step: lanes, lastSlot: b * d - lanes, lastChunk: 0, lanes, mode: d };
}

/** How many slots the kernels do together: as `together` in assembly/factors.ts. */
function together(left: number, most: number): number {
  return left >= most ? most : left > 4 ? (left + 1) >> 1 : left;
}

/** Slots that a kernel does together at most. */
function mostTogether(field: Field, back: boolean): number {
  return field === "real" ? (back ? 4 : 8) : (back ? 2 : 4);
}

/** A factor or a dense block, which is the factor (1, rows, columns, 1). */
export type FactorLike = Pick<FactorStep, "pattern" | "field" | "weights">;

/** A dense block as a factor. */
export function asFactor(step: FactorStep | DenseStep): FactorLike {
  if (step.kind === "factor") return step;
  return { pattern: { a: 1, b: step.rows, c: step.columns, d: 1 }, field: step.field, weights: step.weights };
}

/** A factor, or its adjoint from the same weights. */
interface Shape {
  readonly pattern: Pattern;
  readonly field: Field;
  /** Whether it is the adjoint of the pattern that is meant. */
  readonly adjoint?: boolean;
}

function shaped({ pattern, adjoint }: Shape): Pattern {
  return adjoint ? { ...pattern, b: pattern.c, c: pattern.b } : pattern;
}

/** Lanes of the packed weights of a factor. */
function packedLanes(shape: Shape): number {
  const pattern = shaped(shape), { slots, lastChunk } = cut(pattern);
  return pattern.a * (Math.ceil(lastChunk / 4) + 1) * slots * pattern.c * 4;
}

/** Floats of the packed weights of a factor, or of its gradient. */
export function packedLength(shape: Shape): number {
  return packedLanes(shape) * floats(shape.field);
}

/**
 * For each lane of the packed weights, in the order of reading, the number of its weight, or −1 where a lane does not
 * count. Complex weights have real parts in four floats and imaginary ones in the next four, and one entry here. A
 * weight may occur twice.
 *
 * @param most slots that the kernel does together
 */
function packedIndex(shape: Shape, most: number): Int32Array {
  const pattern = shaped(shape), { a, b, c, d } = pattern;
  const { slots, step, lastSlot, lastChunk, lanes } = cut(pattern);
  // Distances in the weights: those of the adjoint are where the factor has them.
  const [toRow, toColumn] = shape.adjoint ? [d, b * d] : [c * d, d];
  // From the first weight of a block to that of each lane of each slot.
  const row = new Int32Array(slots * 4).fill(-1);
  for (let k = 0; k < slots * 4; k++) {
    const output = Math.min((k >> 2) * step, lastSlot) + k % 4;
    if (k % 4 < lanes) row[k] = Math.floor(output / d) * toRow + output % d;
  }
  const index = new Int32Array(packedLanes(shape));
  let at = 0;
  for (let slot = 0; slot < slots;) {
    const end = slot + together(slots - slot, most);
    for (let i = 0; i < a; i++) {
      for (let chunk = 0;; chunk = Math.min(chunk + 4, lastChunk)) {
        for (let gamma = 0; gamma < c; gamma++) {
          const base = i * b * c * d + gamma * toColumn + chunk;
          for (let k = slot * 4; k < end * 4; k++) index[at++] = row[k] < 0 ? -1 : base + row[k];
        }
        if (chunk === lastChunk) break;
      }
    }
    slot = end;
  }
  return index;
}

/** Makes something when it is asked for; keeps it from the second time on, since then there will be more. */
function keptFromSecond<T>(make: () => T): () => T {
  let kept: T | undefined, asked = 0;
  return () => {
    if (kept !== undefined) return kept;
    const made = make();
    if (asked++ > 0) kept = made;
    return made;
  };
}

/** Reserves the packed weights of a factor; returns their byte offset. */
function storeFactor(image: ImageBuilder, shape: Shape, weights: Float32Array): number {
  const sign = shape.adjoint ? -1 : 1;
  const indexOf = keptFromSecond(() => packedIndex(shape, mostTogether(shape.field, false)));
  return image.weights(packedLength(shape), (memory, at) => {
    const index = indexOf();
    if (shape.field === "real") {
      for (let k = 0; k < index.length; k++) memory[at + k] = index[k] < 0 ? 0 : weights[index[k]];
    } else {
      for (let k = 0; k < index.length; k++) {
        const to = at + k + (k & ~3);
        memory[to] = index[k] < 0 ? 0 : weights[2 * index[k]];
        memory[to + 4] = index[k] < 0 ? 0 : sign * weights[2 * index[k] + 1];
      }
    }
  });
}

/** The fields that say how a factor is cut. */
function fields(shape: Shape): Pick<Instruction, "count" | "stride" | "extra"> {
  const pattern = shaped(shape), bytes = 4 * floats(shape.field);
  const { slots, step, lastSlot, lastChunk, lanes, mode } = cut(pattern);
  return {
    count: pattern.a,
    stride: [slots, pattern.c, pattern.d * bytes, step * bytes],
    extra: [mode | (lanes & 3) << 2, lastSlot * bytes, lastChunk * bytes],
  };
}

/** Emits a factor of any pattern, or with `adjoint` its conjugate transpose. */
export function emitFactor(
  image: ImageBuilder,
  { pattern, field, weights }: FactorLike,
  src: View,
  dst: View,
  adjoint = false,
): void {
  const shape = { pattern, field, adjoint };
  image.emit({
    op: field === "real" ? Op.realFactor : Op.complexFactor,
    src,
    dst,
    weights: storeFactor(image, shape, weights),
    ...fields(shape),
  });
}

/** Emits the weight gradient of a factor into `gradient`, where {@link packedLength} floats are reserved. */
export function emitFactorBack(
  image: ImageBuilder,
  { pattern, field }: FactorLike,
  src: View,
  g: View,
  gradient: number,
): void {
  const op = field === "real" ? Op.realFactorBack : Op.complexFactorBack;
  image.emit({ op, src, g, gradient, ...fields({ pattern, field }) });
}

/** What copies a packed gradient at an element index of memory to the order of the weights. */
export function factorCollector(
  { pattern, field }: FactorLike,
): (memory: Float32Array, at: number, result: Float32Array) => void {
  const indexOf = keptFromSecond(() => packedIndex({ pattern, field }, mostTogether(field, true)));
  return (memory, at, result) => {
    const index = indexOf();
    if (field === "real") {
      for (let k = 0; k < index.length; k++) if (index[k] >= 0) result[index[k]] = memory[at + k];
    } else {
      for (let k = 0; k < index.length; k++) {
        if (index[k] < 0) continue;
        const from = at + k + (k & ~3);
        result[2 * index[k]] = memory[from];
        result[2 * index[k] + 1] = memory[from + 4];
      }
    }
  };
}
