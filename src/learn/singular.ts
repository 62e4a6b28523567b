/**
 * Singular values of small matrices.
 *
 * @module
 */
import { orthogonalise } from "../program/jacobi.ts";
import { lines } from "./vectors.ts";

/** The squares of the singular values, the largest first. */
export function singularEnergies(
  matrix: Float64Array,
  rows: number,
  columns: number,
  width: number,
): Float64Array {
  const { work, step } = lines(matrix, rows, columns, width, rows <= columns);
  const count = Math.min(rows, columns);
  orthogonalise(work, count, step, width === 1);
  const energies = new Float64Array(count);
  for (let k = 0; k < count; k++) {
    for (let i = k * step; i < (k + 1) * step; i++) energies[k] += work[i] * work[i];
  }
  return energies.sort().reverse();
}
