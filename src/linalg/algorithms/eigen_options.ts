/**
 * Which eigenvalues are wanted.
 *
 * @module
 */
import { countOf, type IterationOptions, type IterationResult, toleranceOf } from "./iteration.ts";
import type { Matrix, Vector } from "../types.ts";

/**
 * Which eigenvalues come first: by size, |λ|, or algebraically, by the real part. −3 has a larger magnitude than 2,
 * and is algebraically smaller.
 */
export type Which = "largest-magnitude" | "smallest-magnitude" | "largest" | "smallest";

/** Options of what finds a few eigenvalues. */
export interface EigenOptions extends IterationOptions {
  /** How many; 6 if not given, and never more than n. */
  readonly k?: number;
  /** Which ones; those of the largest magnitude if not given. */
  readonly which?: Which;
  /** Vectors that are kept before it starts anew; max(2k + 1, k + 30) if not given, and never more than n. */
  readonly basis?: number;
  /** Where to begin; random if not given. */
  readonly x0?: Float64Array;
}

/** A few eigenvalues with their vectors, in the order that was asked for. */
export interface EigenResult extends IterationResult {
  /** Eigenvalues: real numbers of Hermitian operators, else complex, interleaved. */
  readonly values: Vector;
  /** n × k; column j belongs to eigenvalue j. */
  readonly vectors: Matrix;
  /** ‖A·v − λ·v‖ of every pair, absolute. */
  readonly residuals: Float64Array<ArrayBuffer>;
}

/** Checks what is wanted. */
export function checkEigen(what: string, n: number, options: EigenOptions): {
  readonly k: number;
  readonly which: Which;
  readonly basis: number;
  readonly tolerance: number;
  readonly maxIterations: number;
} {
  const { which = "largest-magnitude" } = options;
  if (!["largest-magnitude", "smallest-magnitude", "largest", "smallest"].includes(which)) {
    throw new TypeError(
      `Cannot ${what}: which must be "largest-magnitude", "smallest-magnitude", "largest" or "smallest", got ` +
        JSON.stringify(which),
    );
  }
  const k = Math.min(n, countOf(what, "k", options.k, Math.min(n, 6), 1));
  const basis = Math.min(n, countOf(what, "basis", options.basis, Math.max(2 * k + 1, k + 30), k + 1));
  const tolerance = toleranceOf(what, options, 1e-10);
  const maxIterations = countOf(what, "maxIterations", options.maxIterations, 20 * n + 1000);
  return { k, which, basis, tolerance, maxIterations };
}

/** The places of eigenvalues (re, im), those first that are wanted. */
export function ordered(which: Which, re: ArrayLike<number>, im?: ArrayLike<number>): number[] {
  const key = (i: number): number => {
    if (which === "largest") return -re[i];
    if (which === "smallest") return re[i];
    const size = Math.hypot(re[i], im ? im[i] : 0);
    return which === "largest-magnitude" ? -size : size;
  };
  return Array.from({ length: re.length }, (_, i) => i).sort((i, j) => key(i) - key(j));
}

/** Whether the eigenvalue a comes clearly before b. */
export function precedes(which: Which, a: number, b: number, slack: number): boolean {
  if (which === "largest") return a > b + slack;
  if (which === "smallest") return a < b - slack;
  return which === "largest-magnitude"
    ? Math.abs(a) > Math.abs(b) + slack
    : Math.abs(a) < Math.abs(b) - slack;
}
