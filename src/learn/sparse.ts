/**
 * Matrices most of whose entries are zero, or noise: which these are, and where the others lie.
 *
 * @module
 */
import type { Random } from "../program/random.ts";
import type { CheckedMatrix } from "./matrix.ts";
import type { Target } from "./target.ts";

/** With fewer entries than this part of all a matrix is sparse. */
const SPARSE = 0.25;
/** What is noise is at most so many times as large as its root mean square, */
const PEAK = 7;
/** and all that is not, so many times as large as the largest of it. */
const GAP = 3;

/**
 * The matrix with zeros where there is nothing but noise: where most entries are of the size that normal noise has, and
 * all others much larger; and about how large the noise of all entries is, relative to the matrix. Other matrices come
 * back as they are.
 */
export function withoutNoise(target: Target): { target: Target; noise: number } {
  const { field, values } = target, width = field === "complex" ? 2 : 1, count = values.length / width;
  const sizes = new Float64Array(count);
  for (let k = 0; k < count; k++) {
    sizes[k] = width === 2 ? Math.hypot(values[2 * k], values[2 * k + 1]) : Math.abs(values[k]);
  }
  const sorted = sizes.toSorted(), most = Math.floor((1 - SPARSE) * count);
  if (!(sorted[most] > 0) || sorted[0] === 0 && sorted[count >> 1] === 0) return { target, noise: 0 };
  let energy = 0, limit = 0, noise = 0;
  for (let k = 0; k + 1 < count; k++) {
    energy += sorted[k] ** 2;
    if (k < most || sorted[k + 1] < GAP * sorted[k]) continue;
    const mean = Math.sqrt(energy / (k + 1));
    if (sorted[k] <= PEAK * mean) [limit, noise] = [sorted[k], mean * Math.sqrt(count) / target.norm];
    break;
  }
  if (limit === 0) return { target, noise };
  const kept = values.map((value, at) => sizes[Math.floor(at / width)] > limit ? value : 0);
  return { target: { ...target, values: kept }, noise };
}

/** Whether a matrix has few entries that are not zero: a quarter of all, and `most`. */
export function isSparse({ rows, cols, values, field }: Dense, most = Infinity): boolean {
  const width = field === "complex" ? 2 : 1;
  let nonzero = 0;
  for (let at = 0; at < values.length; at += width) {
    if (values[at] !== 0 || width === 2 && values[at + 1] !== 0) nonzero++;
  }
  return nonzero > 0 && nonzero <= Math.min(SPARSE * rows * cols, most);
}

type Dense = Pick<CheckedMatrix, "rows" | "cols" | "values" | "field">;

/** Chooses entries (row, column) at random, each by its energy. */
export type EntryPicker = (random: Random) => [row: number, column: number];

/** An {@link EntryPicker} of a sparse matrix; undefined for others. */
export function entryPicker(matrix: Dense): EntryPicker | undefined {
  if (!isSparse(matrix)) return undefined;
  const { rows, cols, values, field } = matrix, width = field === "complex" ? 2 : 1;
  let top = 0;
  for (const value of values) top = Math.max(top, Math.abs(value));
  const energy = (row: number, column: number): number => {
    const at = (row * cols + column) * width;
    return (values[at] / top) ** 2 + (width === 2 ? (values[at + 1] / top) ** 2 : 0);
  };
  const sums = new Float64Array(rows);
  let total = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) total += energy(i, j);
    sums[i] = total;
  }
  return (random) => {
    const level = random.uniform() * total, row = Math.min(rows - 1, sums.findIndex((sum) => sum > level));
    let left = level - (row > 0 ? sums[row - 1] : 0), column = 0;
    while (column < cols - 1 && !((left -= energy(row, column)) < 0)) column++;
    return [row, column];
  };
}
