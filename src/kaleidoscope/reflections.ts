/**
 * Householder reflections as orthogonal butterflies, and any matrices as products of those.
 *
 * @module
 */

import { corner } from "../operator/corner.ts";
import { checkField, checkList, checkSize, LARGEST } from "../operator/check.ts";
import { Diagonal } from "../operator/diagonal.ts";
import type { Operator } from "../operator/operator.ts";
import { OrthogonalButterfly } from "../operator/orthogonal.ts";
import { product } from "../operator/product.ts";
import { type Field, floats } from "../program/step.ts";
import { inner, singularVectors } from "./singular.ts";

/**
 * The Householder reflection I − 2·u·uᴴ/(uᴴu) as an orthogonal butterfly of two blocks, the first decreasing (the
 * class OBB): pairs are rotated until all of u is in its first coordinate, that is negated, and all is rotated back.
 *
 * @param u the direction, of any length but zero, of any number n of entries up to 2²⁰; interleaved if complex
 * @param field "real" when absent
 * @returns an {@link OrthogonalButterfly}; for n = 1, where that has no factors, the diagonal −1
 * @throws {RangeError} when u is zero or not finite
 *
 * @example
 * ```ts
 * import { householder } from "@papillon/papillon";
 * const mirror = householder([1, -1, 0]); // swaps the first two coordinates
 * const y = mirror.apply(new Float32Array([5, 6, 7]));
 * console.assert(Math.abs(y[0] - 6) < 1e-5 && Math.abs(y[1] - 5) < 1e-5 && Math.abs(y[2] - 7) < 1e-5);
 * ```
 */
export function householder(u: ArrayLike<number>, field: Field = "real"): Operator {
  const what = "a Householder reflection";
  checkField(what, field);
  checkList(what, "u", u);
  const unit = floats(field), size = u.length / unit;
  checkSize(what, "the number of entries of u", size, LARGEST);
  let largest = 0;
  for (let i = 0; i < u.length; i++) {
    if (!Number.isFinite(u[i])) {
      throw new RangeError(`Cannot make ${what}: u[${i}] is ${u[i]}, which is not a finite number`);
    }
    largest = Math.max(largest, Math.abs(u[i]));
  }
  if (largest === 0) throw new RangeError(`Cannot make ${what}: u is zero, which has no direction`);
  if (size === 1) return new Diagonal(new Float32Array(unit === 2 ? [-1, 0] : [-1]), field);
  let n = 1;
  while (n < size) n *= 2;
  // Scaled, so that no square overflows or vanishes.
  const rest = Float64Array.from({ length: n * unit }, (_, i) => i < u.length ? u[i] / largest : 0);
  const perBlock = unit === 2 ? 4 : 1, levels = Math.log2(n), per = n / 2 * perBlock;
  const angles = new Float64Array(levels * per);
  for (let level = 0, s = n / 2; s >= 1; level++, s /= 2) {
    for (let k = 0; k < s; k++) {
      // Of this stride only the pairs (k, k + s) with k < s have anything left; they are the first s blocks.
      const at = level * per + k * perBlock, low = k * unit, high = (k + s) * unit;
      if (unit === 1) {
        angles[at] = -Math.atan2(rest[high], rest[low]);
        rest[low] = Math.hypot(rest[low], rest[high]);
      } else {
        const first = Math.hypot(rest[low], rest[low + 1]), second = Math.hypot(rest[high], rest[high + 1]);
        const psi = -Math.atan2(rest[low + 1], rest[low]), chi = -Math.atan2(rest[high + 1], rest[high]);
        angles.set([Math.atan2(second, first), 0, psi, chi], at);
        rest[low] = Math.hypot(first, second);
        rest[low + 1] = 0;
      }
    }
  }
  const there = new OrthogonalButterfly(n, angles, { field, increasing: false });
  const back = there.adjoint() as OrthogonalButterfly;
  const all = new Float64Array(2 * angles.length), determinants = new Int8Array(2 * angles.length).fill(1);
  all.set(angles);
  all.set(back.angles, angles.length);
  // The sign goes into the last block on the way there, of the points 0 and 1.
  const last = (levels - 1) * per;
  if (unit === 1) determinants[last] = -1;
  else for (let k = 1; k < 4; k++) all[last + k] += Math.PI / 2;
  const options = { field, increasing: false, blocks: 2 };
  return new OrthogonalButterfly(size, all, unit === 1 ? { ...options, determinants } : options);
}

/**
 * Any orthogonal or unitary n×n matrix as a product of n − 1 Householder reflections and a diagonal of signs or phases:
 * the class (OBB)^(n−1). This shows where the matrix lies; to calculate, it takes log n times as long as the dense
 * matrix.
 *
 * @param matrix the entries, row-major, n² numbers, interleaved if complex
 * @param field "real" when absent
 * @throws {RangeError} when it is not square, not finite, or not orthogonal within 1e-4
 *
 * @example
 * ```ts
 * import { orthogonalProduct } from "@papillon/papillon";
 * const turn = orthogonalProduct([0, -1, 1, 0]);
 * console.assert(Math.abs(turn.apply(new Float32Array([1, 0]))[1] - 1) < 1e-6);
 * ```
 */
export function orthogonalProduct(matrix: ArrayLike<number>, field: Field = "real"): Operator {
  const what = "an orthogonal product";
  checkField(what, field);
  checkList(what, "matrix", matrix);
  const unit = floats(field), n = Math.sqrt(matrix.length / unit);
  if (!Number.isInteger(n) || n < 1) {
    throw new RangeError(
      `Cannot make ${what}: ${matrix.length / unit} entries are not those of a square matrix`,
    );
  }
  // As complex columns in float64.
  const columns = Array.from({ length: n }, (_, j) => {
    const column = new Float64Array(2 * n);
    for (let i = 0; i < n; i++) {
      for (let part = 0; part < unit; part++) column[2 * i + part] = matrix[(i * n + j) * unit + part];
    }
    return column;
  });
  checkOrthonormal(what, columns);
  // All on a power of two of points, with nothing to cut in between.
  let points = 1;
  while (points < n) points *= 2;
  const { reflections, phases } = reflectionsOf(columns, field, points);
  return corner(product(...reflections, new Diagonal(phases, field)), n);
}

/**
 * Any matrix as U·Σ·Vᴴ, by its singular values, U and V products of at most `rank` Householder reflections each: the
 * class (OBB)^(2·rank) with a diagonal in the middle, rank ≤ n (2n − 2 reflections for a square matrix). This shows
 * where the matrix lies; to calculate, it takes longer than the dense matrix. Singular values below 1e-9 of the
 * largest are left out. O(n³) time and more.
 *
 * @param rows up to 4096
 * @param cols up to 4096
 * @param matrix the entries, row-major, rows · cols numbers, interleaved if complex
 * @param field "real" when absent
 * @throws {RangeError} when the number of entries does not fit or one is not finite
 *
 * @example
 * ```ts
 * import { singularProduct } from "@papillon/papillon";
 * const map = singularProduct(2, 3, [1, 2, 3, 4, 5, 6]);
 * console.assert(Math.abs(map.apply(new Float32Array([1, 1, 1]))[1] - 15) < 1e-4);
 * ```
 */
export function singularProduct(
  rows: number,
  cols: number,
  matrix: ArrayLike<number>,
  field: Field = "real",
): Operator {
  const what = "a singular product";
  checkField(what, field);
  checkSize(what, "rows", rows, 4096);
  checkSize(what, "cols", cols, 4096);
  checkList(what, "matrix", matrix);
  const unit = floats(field), length = rows * cols * unit;
  if (matrix.length !== length) {
    throw new RangeError(`Cannot make ${what}: expected ${length} floats of matrix, got ${matrix.length}`);
  }
  const { u, v, sigma } = singularVectors(what, rows, cols, matrix, field);
  let points = 1;
  while (points < Math.max(rows, cols)) points *= 2;
  const left = reflectionsOf(u, field, points), other = reflectionsOf(v, field, points);
  const middle = new Float32Array(points * unit);
  sigma.forEach((size, k) => {
    const [a, b] = unit === 2 ? left.phases.subarray(2 * k) : [left.phases[k], 0];
    const [c, d] = unit === 2 ? other.phases.subarray(2 * k) : [other.phases[k], 0];
    middle[k * unit] = size * (a * c + b * d);
    if (unit === 2) middle[2 * k + 1] = size * (b * c - a * d);
  });
  const back = other.reflections.map((one) => one.adjoint()).reverse();
  return corner(product(...left.reflections, new Diagonal(middle, field), ...back), rows, cols);
}

/** Refuses columns that are not orthonormal within 1e-4. */
function checkOrthonormal(what: string, columns: readonly Float64Array[]): void {
  for (let i = 0; i < columns.length; i++) {
    for (let j = 0; j <= i; j++) {
      const [re, im] = inner(columns[i], columns[j], 0);
      const error = Math.hypot(re - (i === j ? 1 : 0), im);
      if (!(error <= 1e-4)) {
        throw new RangeError(
          `Cannot make ${what}: the matrix is not orthogonal, columns ${j} and ${i} have the inner product ` +
            `${re}${im ? ` + ${im}i` : ""}`,
        );
      }
    }
  }
}

/**
 * Reflections H₁·H₂·… that take each coordinate vector eₖ, times phase k, to column k: QR of orthonormal columns, which
 * are overwritten. In the real case the last of n columns needs no reflection, only a sign; so does a last complex one.
 */
function reflectionsOf(
  columns: readonly Float64Array[],
  field: Field,
  points: number,
): { reflections: Operator[]; phases: Float32Array } {
  const unit = floats(field), reflections: Operator[] = [];
  const phases = new Float32Array(points * unit);
  for (let k = columns.length; k < points; k++) phases[k * unit] = 1;
  columns.forEach((column, k) => {
    const n = column.length / 2;
    const re = column[2 * k], im = column[2 * k + 1], size = Math.hypot(re, im);
    const cosine = size > 0 ? re / size : 1, sine = size > 0 ? im / size : 0;
    const last = k === n - 1;
    // x goes to −phase·‖x‖·eₖ, so that nothing cancels; the last one stays.
    const sign = last ? 1 : -1;
    phases[k * unit] = sign * cosine;
    if (unit === 2) phases[k * unit + 1] = sign * sine;
    if (last) return;
    const u = new Float64Array(2 * n);
    u.set(column.subarray(2 * k), 2 * k);
    const norm = Math.sqrt(inner(u, u, k)[0]);
    u[2 * k] += cosine * norm;
    u[2 * k + 1] += sine * norm;
    const square = inner(u, u, k)[0];
    for (let j = k; j < columns.length; j++) {
      const other = columns[j], [a, b] = inner(u, other, k), c = 2 * a / square, d = 2 * b / square;
      for (let i = k; i < n; i++) {
        other[2 * i] -= u[2 * i] * c - u[2 * i + 1] * d;
        other[2 * i + 1] -= u[2 * i] * d + u[2 * i + 1] * c;
      }
    }
    const padded = new Float64Array(points * unit);
    padded.set(unit === 2 ? u : u.filter((_, i) => i % 2 === 0));
    reflections.push(householder(padded, field));
  });
  return { reflections, phases };
}
