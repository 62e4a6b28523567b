/**
 * Blocks of a few long vectors that lie one after another: their inner products, sums, and orthonormal bases.
 *
 * @module
 */
import type { Matrix, Vector } from "../types.ts";
import { matrixOf } from "./matrix.ts";
import { axpy, dot, entry, norm, scale, type Unit } from "./vectors.ts";

/** Xᴴ·Y of two blocks of vectors with n entries: entry (i, j) is ⟨x_i, y_j⟩. */
export function gramian(unit: Unit, n: number, x: Float64Array, y: Float64Array): Matrix {
  const length = n * unit, k = x.length / length, l = y.length / length;
  const out = matrixOf(k, l, unit === 2 ? "complex" : "real");
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < l; j++) {
      const [re, im] = dot(unit, n, x, i * length, y, j * length), at = (i * l + j) * unit;
      out.values[at] = re;
      if (unit === 2) out.values[at + 1] = im;
    }
  }
  return out;
}

/** out += sign·X·C: vector j is increased by Σ_i x_i·c_ij. */
export function addBlock(
  unit: Unit,
  n: number,
  x: Float64Array,
  { rows, cols, values }: Matrix,
  out: Vector,
  sign: 1 | -1 = 1,
): Vector {
  const length = n * unit;
  for (let j = 0; j < cols; j++) {
    for (let i = 0; i < rows; i++) {
      const [re, im] = entry(unit, values, i * cols + j);
      if (re !== 0 || im !== 0) axpy(unit, n, [sign * re, sign * im], x, i * length, out, j * length);
    }
  }
  return out;
}

/** X·C. */
export function timesBlock(unit: Unit, n: number, x: Float64Array, c: Matrix): Vector {
  return addBlock(unit, n, x, c, new Float64Array(c.cols * n * unit));
}

/**
 * Takes the part along an orthonormal basis out of one vector, twice (once is not enough when much cancels), and adds
 * the coefficients to `sums`, if given. Classical Gram–Schmidt.
 */
export function project(
  unit: Unit,
  n: number,
  basis: Float64Array,
  count: number,
  x: Float64Array,
  at = 0,
  sums?: Float64Array,
): void {
  const length = n * unit;
  for (let pass = 0; pass < 2; pass++) {
    for (let i = 0; i < count; i++) {
      const [re, im] = dot(unit, n, basis, i * length, x, at);
      axpy(unit, n, [-re, -im], basis, i * length, x, at);
      if (!sums) continue;
      sums[i * unit] += re;
      if (unit === 2) sums[i * unit + 1] += im;
    }
  }
}

/**
 * An orthonormal basis of what some vectors span beyond an orthonormal basis that is there; vectors that add nothing
 * but rounding are left out.
 *
 * @param tolerance a vector is left out when less than this part of it is new
 */
export function orthonormalBasis(
  unit: Unit,
  n: number,
  vectors: Float64Array,
  before: Float64Array = new Float64Array(0),
  tolerance = 1e-12,
): Vector {
  const length = n * unit, count = vectors.length / length, old = before.length / length;
  const out = new Float64Array(Math.min(count, Math.max(0, n - old)) * length);
  const x = new Float64Array(length);
  let kept = 0;
  for (let c = 0; c < count && kept * length < out.length; c++) {
    x.set(vectors.subarray(c * length, (c + 1) * length));
    const size = norm(x);
    if (size === 0) continue;
    scale(unit, n, [1 / size, 0], x, 0);
    project(unit, n, before, old, x);
    project(unit, n, out, kept, x);
    const left = norm(x);
    if (!(left > tolerance)) continue;
    scale(unit, n, [1 / left, 0], x, 0);
    // What was small is not yet orthogonal to working precision.
    if (left < 1e-2) {
      project(unit, n, before, old, x);
      project(unit, n, out, kept, x);
      scale(unit, n, [1 / norm(x), 0], x, 0);
    }
    out.set(x, kept++ * length);
  }
  return out.slice(0, kept * length);
}

/** Vectors number from … to − 1 of a block. */
export function part(unit: Unit, n: number, x: Vector, from: number, to: number): Vector {
  return x.subarray(from * n * unit, to * n * unit);
}
