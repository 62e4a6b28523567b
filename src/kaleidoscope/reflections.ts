/**
 * Any orthogonal matrix as a product of reflections, and any matrix as one of two such with a diagonal between them
 * (Kaleidoscope, appendix K).
 *
 * @module
 */

import { orthogonalise } from "../learn/jacobi.ts";
import { checkField, checkSize, checkWeights } from "../operator/check.ts";
import { Diagonal } from "../operator/diagonal.ts";
import type { Operator } from "../operator/operator.ts";
import { product } from "../operator/product.ts";
import { Window } from "../operator/window.ts";
import { type Field, floats } from "../program/step.ts";
import { householder } from "./householder.ts";

/** The largest size: an operator has up to 2n reflections of n·log n numbers each. */
const MOST = 256;

/** Columns one after another, interleaved complex numbers in float64. */
type Columns = Float64Array<ArrayBuffer>;

/** Reflections, the first written one first, and the diagonal of R in their product with it. */
interface Reduced {
  readonly vectors: Float32Array<ArrayBuffer>[];
  readonly diagonal: Columns;
  /** The largest entry of R above its diagonal. */
  readonly rest: number;
}

/**
 * An orthogonal (or unitary) matrix as n − 1 Householder reflections and a diagonal of signs (or phases). That it is
 * possible is what this shows: a dense product takes fewer operations.
 *
 * @param values n · n numbers, row-major, interleaved if complex; n up to 256
 * @throws {RangeError} when it is not square, too large, or not orthogonal within 1e-4
 *
 * @example
 * ```ts
 * import { orthogonal } from "@papillon/papillon";
 * const turn = orthogonal(new Float32Array([0.6, -0.8, 0.8, 0.6]));
 * console.assert(Math.abs(turn.apply(new Float32Array([1, 0]))[1] - 0.8) < 1e-6);
 * ```
 */
export function orthogonal(values: Float32Array, field: Field = "real"): Operator {
  const what = "an orthogonal matrix";
  checkField(what, field);
  checkWeights(what, "values", values, values?.length);
  const n = Math.sqrt(values.length / floats(field));
  if (!Number.isInteger(n) || n < 1) {
    throw new RangeError(`Cannot make ${what}: expected n·n ${field} numbers, got ${values.length} floats`);
  }
  checkSize(what, "its size", n, MOST);
  const reduced = reduce(columnsOf(values, n, n, n, field), n, field);
  for (let k = 0; k < n; k++) {
    const length = Math.hypot(reduced.diagonal[2 * k], reduced.diagonal[2 * k + 1]);
    if (!(Math.abs(length - 1) <= 1e-4 && reduced.rest <= 1e-4)) {
      throw new RangeError(`Cannot make ${what}: the columns given are not orthonormal within 1e-4`);
    }
    reduced.diagonal[2 * k] /= length;
    reduced.diagonal[2 * k + 1] /= length;
  }
  return product(...reflections(reduced, field), diagonal(reduced.diagonal, field));
}

/**
 * Any matrix by its singular value decomposition U·Σ·Vᴴ: reflections, a diagonal, and reflections. That it is possible
 * is what this shows: a dense product takes fewer operations.
 *
 * @param values rows · cols numbers, row-major, interleaved if complex; both sizes up to 256
 * @throws {RangeError} when a size is not allowed or the numbers do not fit
 *
 * @example
 * ```ts
 * import { reflectionProduct } from "@papillon/papillon";
 * const map = reflectionProduct(1, 2, new Float32Array([3, 4]));
 * console.assert(Math.abs(map.apply(new Float32Array([1, 1]))[0] - 7) < 1e-5);
 * ```
 */
export function reflectionProduct(
  rows: number,
  cols: number,
  values: Float32Array,
  field: Field = "real",
): Operator {
  const what = "a product of reflections";
  checkField(what, field);
  checkSize(what, "rows", rows, MOST);
  checkSize(what, "cols", cols, MOST);
  checkWeights(what, "values", values, rows * cols * floats(field));
  const n = Math.max(rows, cols), matrix = columnsOf(values, rows, cols, n, field);
  const right = reduce(rightVectors(matrix, n), n, field);
  for (let k = 0; k < n; k++) {
    // A phase, or where no singular vector was given any: 1.
    const d = right.diagonal.subarray(2 * k, 2 * k + 2), length = Math.hypot(...d);
    d.set(length > 0.5 ? [d[0] / length, d[1] / length] : [1, 0]);
  }
  // What M does to the columns of V, as it is calculated in float64 from the reflections that were made.
  const images = new Float64Array(2 * n * n), unit = new Float64Array(2 * n);
  for (let k = 0; k < n; k++) {
    unit.fill(0);
    unit.set(right.diagonal.subarray(2 * k, 2 * k + 2), 2 * k);
    for (const u of [...right.vectors].reverse()) reflect(unit, 0, u, 0, n, field);
    for (let j = 0; j < n; j++) {
      for (let i = 0; i < n; i++) {
        const at = 2 * (k * n + i), m = 2 * (j * n + i);
        images[at] += matrix[m] * unit[2 * j] - matrix[m + 1] * unit[2 * j + 1];
        images[at + 1] += matrix[m] * unit[2 * j + 1] + matrix[m + 1] * unit[2 * j];
      }
    }
  }
  const left = reduce(images, n, field);
  const turn = product(...reflections(right, field), diagonal(right.diagonal, field));
  const whole = [...reflections(left, field), diagonal(left.diagonal, field), turn.adjoint()];
  if (rows < n) whole.unshift(new Window(rows, n, { field }));
  if (cols < n) whole.push(new Window(n, cols, { field }));
  return product(...whole);
}

/** Householder's reduction to triangular form: A = H₁·…·R, columns changed in place. */
function reduce(columns: Columns, n: number, field: Field): Reduced {
  const vectors: Float32Array<ArrayBuffer>[] = [], unit = floats(field);
  let rest = 0;
  for (let k = 0; k < n - 1; k++) {
    const at = 2 * (k * n + k), below = columns.subarray(at, 2 * (k + 1) * n);
    const length = Math.hypot(...below), first = Math.hypot(below[0], below[1]);
    if (!(length > first)) continue;
    // u = a + e^{i·arg a₀}·‖a‖·e₀, which cancels nothing.
    const u = new Float32Array(n * unit);
    for (let i = k; i < n; i++) {
      for (let part = 0; part < unit; part++) u[i * unit + part] = below[2 * (i - k) + part] / length;
    }
    const phase = first === 0 ? [1, 0] : [below[0] / first, below[1] / first];
    for (let part = 0; part < unit; part++) u[k * unit + part] += phase[part];
    vectors.push(u);
    for (let column = k; column < n; column++) reflect(columns, column * n, u, k, n, field);
  }
  const diagonal = new Float64Array(2 * n);
  for (let k = 0; k < n; k++) {
    diagonal.set(columns.subarray(2 * (k * n + k), 2 * (k * n + k) + 2), 2 * k);
    for (let i = 0; i < k; i++) rest = Math.max(rest, Math.abs(columns[2 * (k * n + i)]));
    for (let i = 0; i < k; i++) rest = Math.max(rest, Math.abs(columns[2 * (k * n + i) + 1]));
  }
  return { vectors, diagonal, rest };
}

/** x − 2·u·(uᴴx)/‖u‖² in place, for the numbers from `first` on of the vector at `base`. */
function reflect(x: Columns, base: number, u: Float32Array, first: number, n: number, field: Field): void {
  const complex = field === "complex";
  let re = 0, im = 0, square = 0;
  for (let i = first; i < n; i++) {
    const [a, b] = complex ? [u[2 * i], u[2 * i + 1]] : [u[i], 0], at = 2 * (base + i);
    re += a * x[at] + b * x[at + 1];
    im += a * x[at + 1] - b * x[at];
    square += a * a + b * b;
  }
  re *= 2 / square;
  im *= 2 / square;
  for (let i = first; i < n; i++) {
    const [a, b] = complex ? [u[2 * i], u[2 * i + 1]] : [u[i], 0], at = 2 * (base + i);
    x[at] -= a * re - b * im;
    x[at + 1] -= a * im + b * re;
  }
}

/** The right singular vectors of a matrix as columns, those of the largest singular values first. */
function rightVectors(columns: Columns, n: number): Columns {
  // The rows of M, made orthogonal, are σ·vᴴ.
  const work = new Float64Array(2 * n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      work.set(columns.subarray(2 * (j * n + i), 2 * (j * n + i) + 2), 2 * (i * n + j));
    }
  }
  orthogonalise(work, n, 2 * n);
  const rows = Array.from({ length: n }, (_, i) => work.subarray(2 * i * n, 2 * (i + 1) * n));
  const lengths = rows.map((row) => Math.hypot(...row));
  const order = lengths.map((_, i) => i).sort((i, j) => lengths[j] - lengths[i]);
  const vectors = new Float64Array(2 * n * n), largest = lengths[order[0]];
  order.forEach((i, k) => {
    // Where nothing is left any direction will do: the reflections complete the others.
    if (!(lengths[i] > largest * 2 ** -40)) return;
    rows[i].forEach((v, part) => vectors[2 * k * n + part] = (part & 1 ? -v : v) / lengths[i]);
  });
  return vectors;
}

/** The columns of a row-major matrix, padded with zeros to n×n. */
function columnsOf(values: Float32Array, rows: number, cols: number, n: number, field: Field): Columns {
  const unit = floats(field), columns = new Float64Array(2 * n * n);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      for (let part = 0; part < unit; part++) {
        columns[2 * (j * n + i) + part] = values[(i * cols + j) * unit + part];
      }
    }
  }
  return columns;
}

function reflections({ vectors }: Reduced, field: Field): Operator[] {
  return vectors.map((u) => householder(u, field));
}

function diagonal(values: Columns, field: Field): Diagonal {
  return new Diagonal(
    field === "complex" ? Float32Array.from(values) : Float32Array.from(values.filter((_, k) => k % 2 === 0)),
    field,
  );
}
