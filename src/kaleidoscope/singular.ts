/**
 * The singular value decomposition of small matrices in float64.
 *
 * @module
 */

import { orthogonalise } from "../program/jacobi.ts";
import { type Field, floats } from "../program/step.ts";

/** What {@link singularVectors} gives: M = Σ sigma[k]·u[k]·v[k]ᴴ. */
export interface SingularVectors {
  /** Left singular vectors, complex and interleaved whatever the field. */
  readonly u: Float64Array[];
  /** Right singular vectors, likewise. */
  readonly v: Float64Array[];
  /** Singular values, falling. */
  readonly sigma: number[];
}

/**
 * The singular vectors of a matrix, without those whose singular value is below 1e-9 of the largest. O(n³) and more.
 *
 * @param matrix rows · cols numbers of a field, row-major
 * @throws {RangeError} when a number is not finite
 */
export function singularVectors(
  what: string,
  rows: number,
  cols: number,
  matrix: ArrayLike<number>,
  field: Field,
): SingularVectors {
  const unit = floats(field), length = rows * cols * unit;
  let largest = 0;
  for (let i = 0; i < length; i++) {
    if (!Number.isFinite(matrix[i])) {
      throw new RangeError(`Cannot make ${what}: matrix[${i}] is ${matrix[i]}, which is not a finite number`);
    }
    largest = Math.max(largest, Math.abs(matrix[i]));
  }
  const scale = largest || 1, work = new Float64Array(2 * rows * cols);
  for (let i = 0; i < rows * cols; i++) {
    for (let part = 0; part < unit; part++) work[2 * i + part] = matrix[i * unit + part] / scale;
  }
  const entries = work.slice();
  orthogonalise(work, rows, 2 * cols);
  // Each row is now σ·vᴴ; then u = M·v/σ.
  const right = Array.from({ length: rows }, (_, i) => work.subarray(2 * i * cols, 2 * (i + 1) * cols))
    .map((row) => ({ sigma: Math.sqrt(inner(row, row, 0)[0]), row }))
    .sort((a, b) => b.sigma - a.sigma)
    .filter(({ sigma }, i, all) => i < cols && sigma > 1e-9 * all[0].sigma);
  const v = right.map(({ sigma, row }) => row.map((value, k) => (k % 2 ? -value : value) / sigma));
  const u = right.map(({ sigma }, j) => {
    const column = new Float64Array(2 * rows);
    for (let i = 0; i < rows; i++) {
      const row = entries.subarray(2 * i * cols, 2 * (i + 1) * cols);
      const [re, im] = inner(row.map((value, k) => k % 2 ? -value : value), v[j], 0);
      column[2 * i] = re / sigma;
      column[2 * i + 1] = im / sigma;
    }
    return column;
  });
  return { u, v, sigma: right.map(({ sigma }) => sigma * scale) };
}

/** Σ conj(aᵢ)·bᵢ from entry `from` on. */
export function inner(a: Float64Array, b: Float64Array, from: number): [re: number, im: number] {
  let re = 0, im = 0;
  for (let i = 2 * from; i < a.length; i += 2) {
    re += a[i] * b[i] + a[i + 1] * b[i + 1];
    im += a[i] * b[i + 1] - a[i + 1] * b[i];
  }
  return [re, im];
}
