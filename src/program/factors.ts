/**
 * Factors of any pattern as instructions: how assembly/factors.ts cuts them into vectors, and how their weights are
 * packed for it.
 *
 * @module
 */

import { cut, cutFields } from "../kernels/cut.ts";
import { Op, type View } from "../kernels/record.ts";
import { type Together, upTo } from "../kernels/scalar_factors.ts";
import type { Target } from "./chain.ts";
import type { ImageBuilder } from "./image.ts";
import { type DenseStep, type FactorStep, type Field, floats, type Pattern } from "./step.ts";

/** What kernels do, by the field. */
const FORWARD: Readonly<Record<Field, Together>> = {
  real: /* @__PURE__ */ upTo(8),
  complex: /* @__PURE__ */ upTo(4),
};
const BACKWARD: Readonly<Record<Field, Together>> = {
  real: /* @__PURE__ */ upTo(4),
  complex: /* @__PURE__ */ upTo(2),
};
/** What those of compiled operators do: assembly/core_factors.ts. */
const CORE: Readonly<Record<Field, Together>> = { real: (left) => left < 4 ? 1 : 4, complex: () => 1 };

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

/** Floats of the packed weights of a factor, or of its gradient. */
export function packedLength(shape: Shape): number {
  return cut(shaped(shape)).packed * floats(shape.field);
}

/**
 * For each lane of the packed weights, in the order of reading, the number of its weight, or −1 where a lane does not
 * count. Complex weights have real parts in four floats and imaginary ones in the next four, and one entry here. A
 * weight may occur twice.
 *
 * @param together how many slots the kernel does together
 */
function packedIndex(shape: Shape, together: Together): Int32Array {
  const pattern = shaped(shape), { a, b, c, d } = pattern;
  const { slots, step, lastSlot, lastChunk, lanes, packed } = cut(pattern);
  // Distances in the weights: those of the adjoint are where the factor has them.
  const [toRow, toColumn] = shape.adjoint ? [d, b * d] : [c * d, d];
  // From the first weight of a block to that of each lane of each slot.
  const row = new Int32Array(slots * 4).fill(-1);
  for (let k = 0; k < slots * 4; k++) {
    const output = Math.min((k >> 2) * step, lastSlot) + k % 4;
    if (k % 4 < lanes) row[k] = Math.floor(output / d) * toRow + output % d;
  }
  const index = new Int32Array(packed);
  let at = 0;
  for (let slot = 0; slot < slots;) {
    const end = slot + together(slots - slot);
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
function storeFactor(
  image: ImageBuilder,
  shape: Shape,
  weights: Float32Array,
  together: Together,
): number {
  const sign = shape.adjoint ? -1 : 1;
  const indexOf = keptFromSecond(() => packedIndex(shape, together));
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

/** Emits a factor of any pattern, or with `adjoint` its conjugate transpose. */
export function emitFactor(
  image: ImageBuilder,
  { pattern, field, weights }: FactorLike,
  src: View,
  dst: View,
  adjoint = false,
  target: Target = "vector",
): void {
  const shape = { pattern, field, adjoint };
  image.emit({
    op: field === "real" ? Op.realFactor : Op.complexFactor,
    src,
    dst,
    weights: storeFactor(image, shape, weights, (target === "core" ? CORE : FORWARD)[field]),
    pattern: shaped(shape),
    ...cutFields(shaped(shape), 4 * floats(field)),
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
  image.emit({ op, src, g, gradient, ...cutFields(pattern, 4 * floats(field)) });
}

/** What copies a packed gradient at an element index of memory to the order of the weights. */
export function factorCollector(
  { pattern, field }: FactorLike,
): (memory: Float32Array, at: number, result: Float32Array) => void {
  const indexOf = keptFromSecond(() => packedIndex({ pattern, field }, BACKWARD[field]));
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
