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
export function together(left: number, most: number): number {
  return left >= most ? most : left > 4 ? (left + 1) >> 1 : left;
}

/** Slots that a kernel does together at most. */
export function mostTogether(field: Field, back: boolean): number {
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

/** Vectors (complex: pairs of them) of the packed weights of a factor. */
function vectors(shape: Shape): number {
  const pattern = shaped(shape), { slots, lastChunk } = cut(pattern);
  return pattern.a * (Math.ceil(lastChunk / 4) + 1) * slots * pattern.c;
}

/** Floats of the packed weights of a factor, or of its gradient. */
export function packedLength(shape: Shape): number {
  return vectors(shape) * 4 * floats(shape.field);
}

/**
 * Calls `visit(weight, packed)` for each lane of the packed weights that counts, in the order of reading: the number of
 * the weight, and the index of its float in the packed ones (complex: its real part; the imaginary one is 4 floats
 * on). A weight may occur twice.
 */
export function eachLane(shape: Shape, most: number, visit: (weight: number, packed: number) => void): void {
  const pattern = shaped(shape), { a, b, c, d } = pattern, unit = floats(shape.field);
  const { slots, step, lastSlot, lastChunk, lanes } = cut(pattern);
  // Distances in the weights: those of the adjoint are where the factor has them.
  const [toRow, toColumn] = shape.adjoint ? [d, b * d] : [c * d, d];
  let at = 0;
  for (let slot = 0; slot < slots;) {
    const some = together(slots - slot, most);
    for (let i = 0; i < a; i++) {
      for (let chunk = 0;; chunk = Math.min(chunk + 4, lastChunk)) {
        for (let gamma = 0; gamma < c; gamma++) {
          for (let k = 0; k < some; k++, at += 4 * unit) {
            const first = Math.min((slot + k) * step, lastSlot) + chunk;
            for (let lane = 0; lane < lanes; lane++) {
              const beta = Math.floor((first + lane) / d), delta = (first + lane) % d;
              visit(i * b * c * d + beta * toRow + gamma * toColumn + delta, at + lane);
            }
          }
        }
        if (chunk === lastChunk) break;
      }
    }
    slot += some;
  }
}

/** Reserves the packed weights of a factor; returns their byte offset. */
function storeFactor(image: ImageBuilder, shape: Shape, weights: Float32Array): number {
  const length = packedLength(shape), sign = shape.adjoint ? -1 : 1;
  return image.weights(length, (memory, at) => {
    memory.fill(0, at, at + length);
    eachLane(shape, mostTogether(shape.field, false), (weight, packed) => {
      if (shape.field === "real") memory[at + packed] = weights[weight];
      else {
        memory[at + packed] = weights[2 * weight];
        memory[at + packed + 4] = sign * weights[2 * weight + 1];
      }
    });
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

/** Copies a packed gradient at an element index of memory to the order of the weights. */
export function collectFactor(
  { pattern, field }: FactorLike,
  memory: Float32Array,
  at: number,
  result: Float32Array,
): void {
  eachLane({ pattern, field }, mostTogether(field, true), (weight, packed) => {
    if (field === "real") result[weight] = memory[at + packed];
    else {
      result[2 * weight] = memory[at + packed];
      result[2 * weight + 1] = memory[at + packed + 4];
    }
  });
}
