/**
 * The matrix of a linear map that is only known by what it does: to sample vectors, or as a function.
 *
 * @module
 */
import { Random } from "../program/random.ts";
import { checkTarget, type Field, type Target } from "./target.ts";
import type { StopReason, Task } from "./task.ts";

/** Pairs of vectors x and y ≈ T·x, of which T is to be learned. */
export interface Samples {
  /** Inputs, one vector of n numbers after another (interleaved if complex). */
  readonly x: ArrayLike<number>;
  /** Outputs, as many. */
  readonly y: ArrayLike<number>;
}

/** Directions in which the samples are this small, beside the largest, are taken for missing. */
const SINGULAR = 1e-10;
/** A function must agree with its matrix on a random vector to this relative error; float32 arithmetic does. */
const LINEAR = 1e-3;

/**
 * The least-squares estimate of the matrix from samples: T minimises Σ‖T·x − y‖². With noise of standard deviation σ on
 * the outputs and k random samples of unit variance, its entries have an error of about σ/√(k − n).
 *
 * By Householder reflections of [x | y], k·n² multiply-adds twice over.
 *
 * @param n the order, a power of two
 * @returns the estimate, or undefined when the work was stopped
 * @throws {TypeError} when x or y is no array of numbers
 * @throws {RangeError} when lengths do not fit, there are fewer samples than unknowns, or they do not span all vectors
 */
export function* estimateMatrix(
  { x, y }: Samples,
  n: number,
  field: Field = "real",
): Task<Target | undefined> {
  const unit = field === "complex" ? 2 : 1, width = n * unit;
  for (const [name, array] of [["x", x], ["y", y]] as const) {
    if (typeof array !== "object" || array === null || typeof array.length !== "number") {
      throw new TypeError(`Cannot learn from samples: ${name} is not an array of numbers`);
    }
    if (array.length === 0 || array.length % width !== 0) {
      throw new RangeError(
        `Cannot learn from samples: ${name} has ${array.length} numbers, expected a multiple of ${width}`,
      );
    }
    const bad = Array.prototype.findIndex.call(array, (value: number) => !Number.isFinite(value));
    if (bad >= 0) {
      throw new RangeError(
        `Cannot learn from samples: ${name} is ${array[bad]} in vector ${
          Math.floor(bad / width)
        }, expected finite numbers`,
      );
    }
  }
  const count = x.length / width;
  if (y.length !== x.length) {
    throw new RangeError(
      `Cannot learn from samples: x holds ${count} vectors of ${n} numbers and y ${
        y.length / width
      }, expected as many`,
    );
  }
  if (count < n) {
    throw new RangeError(
      `Cannot learn an order ${n} map from ${count} samples: each row has ${n} unknowns, so at least ${n} samples are needed`,
    );
  }
  // [x | y], a row for each sample; reflections make x triangular.
  const rows = new Float64Array(count * 2 * width);
  for (let k = 0; k < count; k++) {
    for (let i = 0; i < width; i++) {
      rows[k * 2 * width + i] = x[k * width + i];
      rows[k * 2 * width + width + i] = y[k * width + i];
    }
  }
  const reduction = triangulate(rows, count, n, unit);
  for (let step = reduction.next();; step = reduction.next()) {
    if (step.done) break;
    const stop: StopReason | undefined = yield {
      phase: "samples",
      step: step.value,
      rmse: Infinity,
      restart: 0,
    };
    if (stop !== undefined) return undefined;
  }
  return checkTarget(backSubstitute(rows, n, unit), n, field);
}

/**
 * The matrix of a function x ↦ T·x, from its values at the unit vectors.
 *
 * @param map takes a vector of n numbers (interleaved if complex) and returns another
 * @throws {RangeError} when it returns other lengths or values that are not finite, or is not linear
 */
export function matrixOf(
  map: (x: Float32Array) => ArrayLike<number>,
  n: number,
  field: Field = "real",
): Target {
  const unit = field === "complex" ? 2 : 1, width = n * unit, values = new Float64Array(n * width);
  const at = (x: Float32Array): Float64Array => {
    const y = Float64Array.from(map(x));
    if (y.length !== width) {
      throw new RangeError(
        `Cannot learn from a function: for ${width} numbers it returned ${y.length}, expected ${width}`,
      );
    }
    return y;
  };
  for (let column = 0; column < n; column++) {
    const x = new Float32Array(width);
    x[column * unit] = 1;
    const y = at(x);
    for (let row = 0; row < n; row++) {
      for (let part = 0; part < unit; part++) values[(row * n + column) * unit + part] = y[row * unit + part];
    }
  }
  const target = checkTarget(values, n, field);
  const random = new Random(0), x = Float32Array.from({ length: width }, () => random.normal()), y = at(x);
  let error = 0, norm = 0;
  for (let row = 0; row < n; row++) {
    let re = 0, im = 0;
    for (let column = 0; column < n; column++) {
      const m = (row * n + column) * unit, c = column * unit;
      re += values[m] * x[c] - (unit === 2 ? values[m + 1] * x[c + 1] : 0);
      if (unit === 2) im += values[m] * x[c + 1] + values[m + 1] * x[c];
    }
    error += (y[row * unit] - re) ** 2 + (unit === 2 ? (y[row * unit + 1] - im) ** 2 : 0);
    norm += re * re + im * im;
  }
  // Not ≤: a NaN must not pass.
  if (!(Math.sqrt(error) <= LINEAR * (Math.sqrt(norm) + Number.MIN_VALUE))) {
    throw new RangeError(
      "Cannot learn from a function that is not linear: for a random vector it differs from the sum of what it makes of " +
        `unit vectors by ${Math.sqrt(error).toPrecision(2)}, of ${Math.sqrt(norm).toPrecision(2)}`,
    );
  }
  return target;
}

/** Householder reflections that make the first n columns of [x | y] upper triangular, in place. Yields columns. */
function* triangulate(rows: Float64Array, count: number, n: number, unit: number): Generator<number, void> {
  const stride = 2 * n * unit, products = new Float64Array(stride);
  let largest = 0;
  for (let column = 0; column < n; column++) {
    if (column % 16 === 0) yield column;
    const head = column * unit, top = column * stride + head;
    let norm = 0;
    for (let k = column; k < count; k++) {
      for (let part = 0; part < unit; part++) norm += rows[k * stride + head + part] ** 2;
    }
    norm = Math.sqrt(norm);
    largest = Math.max(largest, norm);
    if (norm <= SINGULAR * largest || norm === 0) {
      throw new RangeError(
        `Cannot learn from samples that do not span all vectors: number ${column} of x depends on those before it`,
      );
    }
    // v = x + e^{i·arg x₀}·‖x‖·e₀ is kept in place of x; the corner becomes −e^{i·arg x₀}·‖x‖ afterwards.
    const re = rows[top], im = unit === 2 ? rows[top + 1] : 0, size = Math.hypot(re, im);
    const phase = size === 0 ? [1, 0] : [re / size, im / size];
    rows[top] += phase[0] * norm;
    if (unit === 2) rows[top + 1] += phase[1] * norm;
    const scale = 1 / (norm * (norm + size)); // 2/‖v‖²
    products.fill(0);
    for (let k = column; k < count; k++) addRow(products, rows, k * stride, head, unit, stride, true, 1);
    for (let k = column; k < count; k++) {
      addRow(products, rows, k * stride, head, unit, stride, false, -scale);
    }
    rows[top] = -phase[0] * norm;
    if (unit === 2) rows[top + 1] = -phase[1] * norm;
  }
}

/**
 * With v the number at `head` of a row: products += conj(v)·row (`gather`), or row += scale·v·products, both for the
 * columns after the head.
 */
function addRow(
  products: Float64Array,
  rows: Float64Array,
  row: number,
  head: number,
  unit: number,
  stride: number,
  gather: boolean,
  scale: number,
): void {
  const v = scale * rows[row + head];
  if (unit === 1) {
    if (gather) { for (let i = head + 1; i < stride; i++) products[i] += v * rows[row + i]; }
    else for (let i = head + 1; i < stride; i++) rows[row + i] += v * products[i];
    return;
  }
  const w = (gather ? -scale : scale) * rows[row + head + 1];
  const from = gather ? rows : products, to = gather ? products : rows;
  const source = gather ? row : 0, goal = gather ? 0 : row;
  for (let i = head + 2; i < stride; i += 2) {
    const re = from[source + i], im = from[source + i + 1];
    to[goal + i] += v * re - w * im;
    to[goal + i + 1] += v * im + w * re;
  }
}

/** Solves R·Tᵀ = Q for T, row-major, with [R | Q] the first n rows. */
function backSubstitute(rows: Float64Array, n: number, unit: number): Float64Array {
  const width = n * unit, stride = 2 * width, solution = new Float64Array(n * width);
  // Row k of Tᵀ; solved from the last to the first, all right-hand sides at once.
  for (let k = n - 1; k >= 0; k--) {
    const own = rows.slice(k * stride + width, (k + 1) * stride);
    for (let j = k + 1; j < n; j++) {
      const at = k * stride + j * unit, re = rows[at], im = unit === 2 ? rows[at + 1] : 0;
      for (let i = 0; i < width; i += unit) {
        const x = solution[j * width + i], y = unit === 2 ? solution[j * width + i + 1] : 0;
        own[i] -= re * x - im * y;
        if (unit === 2) own[i + 1] -= re * y + im * x;
      }
    }
    const at = k * stride + k * unit, re = rows[at], im = unit === 2 ? rows[at + 1] : 0;
    const inverse = 1 / (re * re + im * im);
    for (let i = 0; i < width; i += unit) {
      const x = own[i], y = unit === 2 ? own[i + 1] : 0;
      solution[k * width + i] = (re * x + im * y) * inverse;
      if (unit === 2) solution[k * width + i + 1] = (re * y - im * x) * inverse;
    }
  }
  const matrix = new Float64Array(solution.length);
  for (let row = 0; row < n; row++) {
    for (let column = 0; column < n; column++) {
      for (let part = 0; part < unit; part++) {
        matrix[(row * n + column) * unit + part] = solution[(column * n + row) * unit + part];
      }
    }
  }
  return matrix;
}
