/**
 * Checks of matrices and right sides, which the algorithms share; each refuses with a sentence.
 *
 * @module
 */
import { product } from "./product.ts";
import type { LinearMap, Matrix } from "../types.ts";
import { dot, norm, type Unit } from "./vectors.ts";
import { Random } from "../../program/random.ts";

/** Numbers that an entry of a matrix or map takes. */
export function unitOf({ field }: { readonly field: "real" | "complex" }): Unit {
  return field === "complex" ? 2 : 1;
}

/** "3×4", for messages. */
export function shapeOf({ rows, cols }: { readonly rows: number; readonly cols: number }): string {
  return `${rows}×${cols}`;
}

/** Refuses NaN and infinities. */
export function checkFinite(what: string, name: string, values: Float64Array): void {
  for (let i = 0; i < values.length; i++) {
    // Subtraction is the cheapest test: Infinity and NaN give NaN.
    if (values[i] - values[i] !== 0) {
      throw new RangeError(`Cannot ${what}: ${name}[${i}] is ${values[i]}, which is not a finite number`);
    }
  }
}

/** Refuses what is no dense matrix of finite numbers. */
export function checkMatrix(what: string, matrix: Matrix): Unit {
  const { rows, cols, field, values } = matrix;
  if (!(values instanceof Float64Array)) {
    throw new TypeError(`Cannot ${what}: the values of the matrix are not a Float64Array`);
  }
  if (field !== "real" && field !== "complex") {
    throw new TypeError(
      `Cannot ${what}: field must be "real" or "complex", got ${JSON.stringify(field)}`,
    );
  }
  const unit = unitOf(matrix);
  if (!(rows >= 0 && cols >= 0) || values.length !== rows * cols * unit) {
    throw new RangeError(
      `Cannot ${what}: a ${shapeOf(matrix)} ${field} matrix has ${
        rows * cols * unit
      } numbers, got ${values.length}`,
    );
  }
  checkFinite(what, "values", values);
  return unit;
}

/** Refuses what is not square. */
export function checkSquare(what: string, matrix: { readonly rows: number; readonly cols: number }): number {
  if (matrix.rows !== matrix.cols) {
    throw new RangeError(`Cannot ${what}: expected a square one, got ${shapeOf(matrix)}`);
  }
  return matrix.rows;
}

/** Rows and columns of a square that is compared with its mirror image. */
const SQUARE = 16;

/** Refuses matrices that differ from their adjoint by more than rounding. */
export function checkHermitian(what: string, matrix: Matrix): void {
  const n = checkSquare(what, matrix), unit = unitOf(matrix), { values: a } = matrix;
  let largest = 0;
  for (const value of a) largest = Math.max(largest, Math.abs(value));
  const tolerance = 1e-10 * largest;
  // In squares, because columns of large matrices are slow to read.
  for (let i0 = 0; i0 < n; i0 += SQUARE) {
    for (let j0 = 0; j0 <= i0; j0 += SQUARE) {
      for (let i = i0; i < Math.min(n, i0 + SQUARE); i++) {
        for (let j = j0; j < Math.min(i + 1, j0 + SQUARE); j++) {
          const at = (i * n + j) * unit, other = (j * n + i) * unit;
          const re = Math.abs(a[at] - a[other]), im = unit === 2 ? Math.abs(a[at + 1] + a[other + 1]) : 0;
          if (re <= tolerance && im <= tolerance) continue;
          throw new RangeError(
            `Cannot ${what}: it is not ${unit === 2 ? "Hermitian" : "symmetric"}, entries (${i}, ${j}) and ` +
              `(${j}, ${i}) differ by ${Math.max(re, im)} from being each other's conjugate`,
          );
        }
      }
    }
  }
}

/** Refuses right sides of the wrong length or with NaN; gives how many vectors there are. */
export function checkVectors(
  what: string,
  name: string,
  values: Float64Array,
  length: number,
  unit: Unit,
  count?: number,
): number {
  if (!(values instanceof Float64Array)) {
    throw new TypeError(`Cannot ${what}: ${name} is not a Float64Array`);
  }
  const one = length * unit;
  const expected = count === undefined ? `a multiple of ${one}` : `${count} vectors of ${one} numbers`;
  if (count === undefined ? values.length % one !== 0 && values.length > 0 : values.length !== count * one) {
    throw new RangeError(`Cannot ${what}: length ${values.length} of ${name} is not ${expected}`);
  }
  checkFinite(what, name, values);
  return count ?? (one === 0 ? 0 : values.length / one);
}

/**
 * Refuses maps that are not Hermitian, as far as one random probe can tell: ⟨x, Ay⟩ and ⟨Ax, y⟩ must agree. The
 * tolerance lets maps pass that calculate in float32.
 */
export function probeHermitian(what: string, map: LinearMap, seed = 0): void {
  const n = checkSquare(what, map), unit = unitOf(map);
  const random = new Random(seed);
  const x = randomVector(n * unit, random), y = randomVector(n * unit, random);
  const ax = product(map, x), ay = product(map, y);
  const [re, im] = dot(unit, n, x, 0, ay, 0), [re2, im2] = dot(unit, n, ax, 0, y, 0);
  const size = (norm(x) * norm(ay) + norm(y) * norm(ax)) / Math.sqrt(n);
  const difference = Math.hypot(re - re2, im - im2);
  if (!(size - size === 0)) throw new RangeError(`Cannot ${what}: the operator gives NaN or infinities`);
  if (difference > 3e-5 * size) {
    throw new RangeError(
      `Cannot ${what}: the operator is not ${
        unit === 2 ? "Hermitian" : "symmetric"
      }, ⟨x, Ay⟩ and ⟨Ax, y⟩ of two ` +
        `random vectors differ by ${(difference / size).toExponential(1)} relatively`,
    );
  }
}

/** Independent normal numbers. */
export function randomVector(length: number, random: Random): Float64Array<ArrayBuffer> {
  const x = new Float64Array(length);
  for (let i = 0; i < length; i++) x[i] = random.normal();
  return x;
}
