/**
 * What can be learned from: a matrix in any dress, samples, a function.
 *
 * @module
 */
import { checkMatrix, type DenseMatrix } from "./matrix.ts";
import { estimateMatrix, matrixOf, type Samples } from "./samples.ts";
import { checkTarget, type Field, type Target } from "./target.ts";
import type { Task } from "./task.ts";

/** Pairs of vectors from which a map is learned. */
export interface SampleSource {
  /** The pairs. */
  readonly samples: Samples;
  /** The order of the map. */
  readonly n: number;
  /** "real" when absent. */
  readonly field?: Field;
}

/** A function x ↦ T·x, linear, on n numbers. */
export interface FunctionSource {
  /** Takes a vector of n numbers (interleaved if complex), and returns another. */
  readonly map: (x: Float32Array) => ArrayLike<number>;
  /** The order of the map. */
  readonly n: number;
  /** "real" when absent. */
  readonly field?: Field;
}

/** What `learn` learns from. */
export type LearnSource = Target | DenseMatrix | SampleSource | FunctionSource;

/** The matrix that is meant; undefined when it was stopped. */
export function* targetTask(source: LearnSource): Task<Target | undefined> {
  if (typeof source !== "object" || source === null) {
    throw new TypeError(
      `Cannot learn from ${
        String(source)
      }: expected a target, { rows, cols, values }, { samples, n } or { map, n }`,
    );
  }
  if ("samples" in source || "map" in source) {
    const { n, field = "real" } = source;
    // A size that makes sense, before anything is allocated for it.
    if (!Number.isSafeInteger(n) || n < 1) {
      throw new RangeError(`Cannot learn: n is ${n}, expected the order of the map, a positive integer`);
    }
    if ("samples" in source) return yield* estimateMatrix(source.samples, n, field);
    if (typeof source.map !== "function") {
      throw new TypeError(`Cannot learn from a function: map is ${String(source.map)}`);
    }
    return matrixOf(source.map, n, field);
  }
  if ("rows" in source) {
    const { rows, cols, values, field } = checkMatrix("learn a matrix", source);
    if (rows !== cols) {
      throw new RangeError(
        `Cannot learn a ${rows}×${cols} matrix: expected a square one (compress takes any shape)`,
      );
    }
    return checkTarget(values, rows, field);
  }
  if (!(source.values instanceof Float64Array) || !Number.isFinite(source.norm)) {
    throw new TypeError("Cannot learn: the target has no values; make one by checkTarget");
  }
  return source;
}
