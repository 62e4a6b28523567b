/**
 * Gradients of products with respect to the parameters that an operator is made of.
 *
 * @module
 */
import { multiplyInto } from "./fourier.ts";
import type { ParameterGradient } from "./gradients.ts";
import { act, Conjugated, Flipped, type LinearOperator } from "./operator.ts";
import { LowRankOperator, ProductOperator, ScaledOperator, SumOperator } from "./operators/composite.ts";
import { DenseOperator, TriangularOperator } from "./operators/dense.ts";
import { FactorOperator } from "./operators/factor.ts";
import { CirculantOperator, FourierOperator, ToeplitzOperator } from "./operators/fourier.ts";
import { InverseOperator } from "./operators/inverse.ts";
import {
  BlockDiagOperator,
  KroneckerOperator,
  KronSumOperator,
  swapAxes,
  take,
} from "./operators/kronecker.ts";
import { ConcatenatedOperator, SlicedOperator } from "./operators/parts.ts";
import { PermutationOperator } from "./operators/permutation.ts";
import { KernelOperator, ProgramOperator } from "./operators/program.ts";
import { RealPartOperator } from "./operators/real_part.ts";
import { DiagonalOperator, IdentityOperator, ZeroOperator } from "./operators/simple.ts";
import { SparseOperator } from "./operators/sparse.ts";
import { HouseholderOperator, TridiagonalOperator } from "./operators/tridiagonal.ts";
import { ApplyOperator } from "./operators/user.ts";
import { complexify, conjugate, inField, split, unitOf } from "./scalar.ts";
import type { Field, Vector } from "./types.ts";

/**
 * The gradient of Re⟨g, A·x⟩ with respect to the numbers that A is made of, as {@link solveGradient} and the others take
 * it: one array for each array of numbers, in the order of the tree. Of a dense, sparse or diagonal operator and of a factor
 * that is `values`; of a tridiagonal one `lower`, `diagonal`, `upper`; of a circulant `column`; of a Toeplitz operator
 * `column` and `row` (row[0] counts as zero: it is that of the column); of a reflection `vector` and β; of a multiple the
 * factor, in front of what is multiplied; of butterflies and chains their factors. An operator that occurs several
 * times is listed as often: its gradient is the sum.
 *
 * @throws {TypeError} when it contains an operator of a user's own that has no `parameterGradient`
 *
 * @example
 * ```ts
 * import { diagonal, inv, parameterGradient, solve, solveGradient } from "@papillon/papillon/linalg";
 * const A = diagonal([2, 4]), x = solve(A, [1, 1]); // loss: the sum of x
 * const { parameters } = solveGradient(parameterGradient(A), x, Float64Array.of(1, 1), (g) => inv(A).applyAdjoint(g));
 * console.assert(parameters[0][0] === -1 / 4 && parameters[0][1] === -1 / 16);
 * ```
 */
export function parameterGradient(A: LinearOperator): ParameterGradient {
  return (x, g) => gradients(A, x, g);
}

/** For a part of another field: real parameters see real and imaginary parts as two vectors. */
function within(A: LinearOperator, x: Float64Array, g: Float64Array, field: Field): Vector[] {
  if (A.field === field) return gradients(A, x, g);
  return gradients(A, split(x, A.cols), split(g, A.rows));
}

function gradients(A: LinearOperator, x: Float64Array, g: Float64Array): Vector[] {
  const unit = unitOf(A.field), count = x.length / (A.cols * unit), { field } = A;
  if (A instanceof IdentityOperator || A instanceof ZeroOperator || A instanceof PermutationOperator) {
    return [];
  }
  if (A instanceof FourierOperator) return [];
  if (A instanceof DenseOperator || A instanceof DiagonalOperator || A instanceof SparseOperator) {
    return entries(A, x, g);
  }
  if (A instanceof TridiagonalOperator || A instanceof FactorOperator) return entries(A, x, g);
  if (A instanceof CirculantOperator || A instanceof ToeplitzOperator) return correlations(A, x, g, count);
  if (A instanceof HouseholderOperator) return reflection(A, x, g, count);
  if (A instanceof ScaledOperator) {
    const made = act(A.of, x, field), [re, im] = A.factor;
    const [a, b] = dot(made, g, field), back = timesConstant(g, re, -im, field);
    return [Float64Array.of(...unit === 1 ? [a] : [a, b]), ...within(A.of, x, back, field)];
  }
  if (A instanceof SumOperator) return A.terms.flatMap((part) => within(part, x, g, field));
  if (A instanceof ProductOperator) return chained(A.factors, x, g, field);
  if (A instanceof LowRankOperator) {
    const all = chained([A.left, A.core, A.right.adjoint()], x, g, field, A.right);
    if (A.left !== A.right) return all;
    // One operator on both sides.
    const own =
      within(A.left, new Float64Array(A.left.cols * unit), new Float64Array(A.rows * unit), field).length;
    const last = all.slice(all.length - own);
    return all.slice(0, all.length - own).map((w, i) => i < own ? w.map((v, k) => v + last[i][k]) : w);
  }
  if (A instanceof KroneckerOperator) return kronecker(A, x, g, count);
  if (A instanceof KronSumOperator) {
    let outer = count, inner = A.rows;
    return A.terms.flatMap((part) => {
      inner /= part.rows;
      const [from, to] = [x, g].map((v) => swapAxes(v, outer, part.rows, inner, unit));
      outer *= part.rows;
      return within(part, from, to, field);
    });
  }
  if (A instanceof BlockDiagOperator) {
    let row = 0, column = 0;
    return A.blocks.flatMap((part) => {
      const from = take(x, count, A.cols * unit, column * unit, part.cols * unit);
      const to = take(g, count, A.rows * unit, row * unit, part.rows * unit);
      row += part.rows;
      column += part.cols;
      return within(part, from, to, field);
    });
  }
  if (A instanceof ConcatenatedOperator) {
    let at = 0;
    return A.parts.flatMap((part) => {
      const size = A.axis === 0 ? part.rows : part.cols, begin = at * unit;
      at += size;
      return A.axis === 0
        ? within(part, x, take(g, count, A.rows * unit, begin, size * unit), field)
        : within(part, take(x, count, A.cols * unit, begin, size * unit), g, field);
    });
  }
  if (A instanceof SlicedOperator) {
    return gradients(A.of, spread(x, A.columnIndex, A.of.cols, unit), spread(g, A.rowIndex, A.of.rows, unit));
  }
  if (A instanceof Flipped) {
    // ⟨g, Aᴴx⟩ is the conjugate of ⟨x, Ag⟩.
    if (A.conjugated || field === "real") return gradients(A.of, g, x);
    return gradients(A.of, conjugate(new Float64Array(g), field), conjugate(new Float64Array(x), field));
  }
  if (A instanceof Conjugated) {
    return gradients(A.of, conjugate(new Float64Array(x), field), conjugate(new Float64Array(g), field));
  }
  if (A instanceof RealPartOperator) return gradients(A.of, complexify(x), complexify(g));
  if (A instanceof InverseOperator && A.kind === "Inverse") {
    return gradients(A.of, A.apply(x), A.applyAdjoint(g).map((v) => -v));
  }
  if (A instanceof ProgramOperator || A instanceof KernelOperator) {
    return A.of.gradient(Float32Array.from(x), Float32Array.from(g)).weights.map((w) => Float64Array.from(w));
  }
  if (A instanceof ApplyOperator && A.of.parameterGradient) {
    return A.of.parameterGradient(x, g).map((w) => Float64Array.from(w));
  }
  throw new TypeError(`Cannot differentiate ${A.describe()}: it has no parameterGradient`);
}

/** Σ g·conj(m), over all vectors. */
function dot(m: Float64Array, g: Float64Array, field: Field): [number, number] {
  let re = 0, im = 0;
  if (field === "real") { for (let i = 0; i < g.length; i++) re += g[i] * m[i]; }
  else {
    for (let i = 0; i < g.length; i += 2) {
      re += g[i] * m[i] + g[i + 1] * m[i + 1];
      im += g[i + 1] * m[i] - g[i] * m[i + 1];
    }
  }
  return [re, im];
}

function timesConstant(x: Float64Array, re: number, im: number, field: Field): Vector {
  if (field === "real") return Float64Array.from(x, (v) => v * re);
  return Float64Array.from(x, (v, i) => i % 2 === 0 ? v * re - x[i + 1] * im : v * re + x[i - 1] * im);
}

/** g[i]·conj(x[j]) for each entry (i, j) that an operator keeps. */
function entries(A: LinearOperator, x: Float64Array, g: Float64Array): Vector[] {
  const unit = unitOf(A.field), { rows, cols } = A, count = x.length / (cols * unit);
  const fill = (size: number, each: (put: (at: number, i: number, j: number) => void) => void): Vector => {
    const result = new Float64Array(size);
    each((at, i, j) => {
      for (let k = 0; k < count; k++) {
        const a = (k * rows + i) * unit, b = (k * cols + j) * unit;
        if (unit === 1) result[at] += g[a] * x[b];
        else {
          result[2 * at] += g[a] * x[b] + g[a + 1] * x[b + 1];
          result[2 * at + 1] += g[a + 1] * x[b] - g[a] * x[b + 1];
        }
      }
    });
    return result;
  };
  if (A instanceof DiagonalOperator) {
    return [fill(A.values.length, (at) => {
      for (let i = 0; i < rows; i++) at(i, i, i);
    })];
  }
  if (A instanceof TridiagonalOperator) {
    const band = (size: number, low: number, high: number): Vector =>
      fill(size * unit, (at) => {
        for (let i = 0; i < size; i++) at(i, i + low, i + high);
      });
    return [band(rows - 1, 1, 0), band(rows, 0, 0), band(rows - 1, 0, 1)];
  }
  if (A instanceof SparseOperator) {
    return [fill(A.values.length, (at) => {
      for (let i = 0; i < rows; i++) {
        for (let e = A.starts[i]; e < A.starts[i + 1]; e++) at(e, i, A.columns[e]);
      }
    })];
  }
  if (A instanceof FactorOperator) {
    const { a, b, c, d } = A.pattern;
    return [fill(A.values.length, (at) => {
      for (let e = 0; e < a * b * c * d; e++) {
        const delta = e % d,
          gamma = Math.floor(e / d) % c,
          beta = Math.floor(e / (c * d)) % b,
          i = Math.floor(e / (b * c * d));
        at(e, (i * b + beta) * d + delta, (i * c + gamma) * d + delta);
      }
    })];
  }
  const lower = A instanceof TriangularOperator ? A.lower : undefined;
  return [fill(rows * cols * unit, (at) => {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++) {
        if (lower === undefined || (lower ? j <= i : j >= i)) at(i * cols + j, i, j);
      }
    }
  })];
}

/** Σ g[i]·conj(x[i − k]) for all k, by transforms. */
function correlations(
  A: CirculantOperator | ToeplitzOperator,
  x: Float64Array,
  g: Float64Array,
  count: number,
): Vector[] {
  const { plan, field, rows, cols } = A, unit = unitOf(field), n = plan.n, total = new Float64Array(2 * n);
  const lifted = (v: Float64Array, k: number, size: number): Vector => {
    const result = new Float64Array(2 * n);
    result.set(inField(v.slice(k * size * unit, (k + 1) * size * unit) as Vector, field, "complex"));
    plan.transform(result, -1);
    return result;
  };
  for (let k = 0; k < count; k++) {
    const spectrum = lifted(g, k, rows);
    multiplyInto(spectrum, conjugate(lifted(x, k, cols), "complex"));
    for (let i = 0; i < 2 * n; i++) total[i] += spectrum[i] / n;
  }
  plan.transform(total, 1);
  const list = (size: number, place: (i: number) => number): Vector => {
    const result = new Float64Array(size * unit);
    for (let i = 0; i < size; i++) {
      for (let p = 0; p < unit; p++) result[i * unit + p] = total[2 * place(i) + p];
    }
    return result;
  };
  if (A instanceof CirculantOperator) return [list(n, (i) => i)];
  const row = list(cols, (j) => (n - j) % n);
  row.fill(0, 0, unit);
  return [list(rows, (i) => i), row];
}

/** Of I − βvvᴴ: with respect to v, and to β. */
function reflection(A: HouseholderOperator, x: Float64Array, g: Float64Array, count: number): Vector[] {
  const { vector: v, field, beta } = A, width = v.length, result = new Float64Array(width);
  let re = 0, im = 0;
  for (let k = 0; k < count; k++) {
    const own = x.subarray(k * width, (k + 1) * width), slope = g.subarray(k * width, (k + 1) * width);
    const [a, b] = dot(v, own, field), [c, d] = dot(slope, v, field); // vᴴx, gᴴv
    const s = timesConstant(Float64Array.of(a, b), beta[0], beta[1], "complex"); // β·vᴴx
    const t = timesConstant(Float64Array.of(c, d), beta[0], beta[1], "complex"); // β·gᴴv
    const first = timesConstant(slope, -s[0], s[1], field), second = timesConstant(own, -t[0], -t[1], field);
    for (let i = 0; i < width; i++) result[i] += first[i] + second[i];
    re -= a * c - b * d;
    im += a * d + b * c;
  }
  return [result, Float64Array.of(...field === "real" ? [re] : [re, im])];
}

/** Of a product; where the last factor is the adjoint of `right`, its parameters are those of `right`. */
function chained(
  factors: readonly LinearOperator[],
  x: Float64Array,
  g: Float64Array,
  field: Field,
  right?: LinearOperator,
): Vector[] {
  const inputs: Float64Array[] = [];
  let value = x, slope = g;
  for (let i = factors.length - 1; i >= 0; i--) {
    inputs[i] = value;
    if (i > 0) value = act(factors[i], value, field);
  }
  return factors.flatMap((part, i) => {
    const own = right !== undefined && i === factors.length - 1
      ? within(right, slope, inputs[i], field)
      : within(part, inputs[i], slope, field);
    if (i + 1 < factors.length) slope = act(part, slope, field, true);
    return own;
  });
}

/** Of a Kronecker product: a product of factors along the axes. */
function kronecker(A: KroneckerOperator, x: Float64Array, g: Float64Array, count: number): Vector[] {
  const { factors, field } = A,
    unit = unitOf(field),
    inputs: Float64Array[] = [],
    shapes: [number, number][] = [];
  let value: Float64Array = x, outer = count, inner = A.cols;
  factors.forEach((part, i) => {
    inner /= part.cols;
    shapes[i] = [outer, inner];
    inputs[i] = swapAxes(value, outer, part.cols, inner, unit);
    value = swapAxes(act(part, inputs[i], field), outer, inner, part.rows, unit);
    outer *= part.rows;
  });
  const result: Vector[][] = [];
  let slope: Float64Array = g;
  for (let i = factors.length - 1; i >= 0; i--) {
    const [before, after] = shapes[i], turned = swapAxes(slope, before, factors[i].rows, after, unit);
    result[i] = within(factors[i], inputs[i], turned, field);
    slope = swapAxes(act(factors[i], turned, field, true), before, after, factors[i].cols, unit);
  }
  return result.flat();
}

/** Numbers put where they belong in longer vectors, those of one place added. */
function spread(x: Float64Array, index: Uint32Array, size: number, unit: 1 | 2): Vector {
  const count = x.length / (index.length * unit), result = new Float64Array(count * size * unit);
  for (let k = 0; k < count; k++) {
    index.forEach((to, i) => {
      for (let p = 0; p < unit; p++) {
        result[(k * size + to) * unit + p] += x[(k * index.length + i) * unit + p];
      }
    });
  }
  return result;
}
