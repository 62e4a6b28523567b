/**
 * Step matrices (Kaleidoscope, lemma I.2): those that sum stretches of neighbouring entries, or repeat entries.
 *
 * @module
 */

import { Butterfly } from "../operator/butterfly.ts";
import { checkField, checkList, checkSize, checkWeights, LARGEST } from "../operator/check.ts";
import { type Field, floats } from "../program/step.ts";

/** How {@link stepMatrix} makes one. */
export interface StepMatrixOptions {
  /** Rows and columns; as many as there are entries in the list when absent. */
  size?: number;
  /** The entry of each column, interleaved if complex; 1 when absent. */
  values?: Float32Array;
  /** Whether to make the transpose, a vertical step matrix, which repeats entries instead of summing them. */
  vertical?: boolean;
  /** "real" when absent. */
  field?: Field;
}

/**
 * The horizontal step matrix with one entry in each column t, in row rows[t], or none where that is −1: it sums
 * stretches of neighbours. From one entry to the next the row rises by at most as much as the column, and never falls.
 * Such a matrix is a butterfly of increasing strides, the class B; with `vertical` its transpose, y[t] =
 * values[t]·x[rows[t]], of decreasing strides, the class B*.
 *
 * A block of s neighbours keeps the sum for row g at place g mod s. The rows of a block span less than s, so that no
 * two meet, and a factor of stride s brings each sum of both halves of 2s neighbours to its place modulo 2s.
 *
 * @param rows for each column the row of its entry, or −1
 * @throws {RangeError} where a row is none, falls, or rises too fast, or a value does not fit
 *
 * @example
 * ```ts
 * import { stepMatrix } from "@papillon/papillon";
 * const sums = stepMatrix([0, 0, 0, 1, 1, 2, 2, 2]);
 * console.assert(sums.apply(new Float32Array([1, 1, 1, 1, 1, 1, 1, 1])).join() === "3,2,3,0,0,0,0,0");
 * const copies = stepMatrix([0, 0, 1, 1], { vertical: true });
 * console.assert(copies.apply(new Float32Array([5, 6, 7, 8])).join() === "5,5,6,6");
 * ```
 */
export function stepMatrix(rows: ArrayLike<number>, options: StepMatrixOptions = {}): Butterfly {
  const what = "a step matrix";
  checkList(what, "rows", rows);
  const { size = rows.length, values, vertical = false, field = "real" } = options;
  checkField(what, field);
  checkSize(what, "size", size, LARGEST);
  checkRows(what, rows, size);
  const unit = floats(field);
  if (values !== undefined) checkWeights(what, "values", values, rows.length * unit);
  let n = 1;
  while (n < size) n *= 2;
  if (n === 1 && (rows[0] !== 0 || (values && (values[0] !== 1 || (unit === 2 && values[1] !== 0))))) {
    throw new RangeError(`Cannot make ${what} on one point: it has no factors, so that its entry must be 1`);
  }
  const factors = Array.from({ length: Math.log2(n) }, (_, level) => {
    const s = 2 ** level, weights = new Float32Array(2 * n * unit);
    for (let t = 0; t < rows.length; t++) {
      const g = rows[t];
      if (g < 0) continue;
      // Of the block that t is in, half γ, to the place of g modulo 2s, in its half β.
      const block = Math.floor(t / (2 * s)), gamma = Math.floor(t / s) % 2, beta = Math.floor(g / s) % 2;
      const at = ((block * 2 + beta) * 2 + gamma) * s + g % s;
      if (level > 0 || values === undefined) weights[at * unit] = 1;
      else for (let part = 0; part < unit; part++) weights[at * unit + part] = values[t * unit + part];
    }
    return weights;
  });
  const horizontal = new Butterfly(size, factors, { field });
  return vertical ? horizontal.transpose() as Butterfly : horizontal;
}

function checkRows(what: string, rows: ArrayLike<number>, size: number): void {
  if (rows.length > size) {
    throw new RangeError(`Cannot make ${what}: ${rows.length} entries do not fit ${size} columns`);
  }
  let last = -1;
  for (let t = 0; t < rows.length; t++) {
    const g = rows[t];
    if (!Number.isInteger(g) || g < -1 || g >= size) {
      throw new RangeError(
        `Cannot make ${what}: rows[${t}] is ${g}, which is neither -1 nor a whole number below ${size}`,
      );
    }
    if (g === -1) continue;
    if (last >= 0 && (g < rows[last] || g - rows[last] > t - last)) {
      throw new RangeError(
        `Cannot make ${what}: from column ${last} to ${t} the row goes from ${
          rows[last]
        } to ${g}; it must not fall, ` +
          "and not rise by more than the column",
      );
    }
    last = t;
  }
}
