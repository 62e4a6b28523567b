/**
 * f(A)·b without f(A).
 *
 * @module
 */
import type { LinearMap, Matrix, Vector } from "../types.ts";
import { checkSquare, checkVectors, probeHermitian, shapeOf, unitOf } from "./check.ts";
import { eigh } from "./eigh.ts";
import { expm } from "./expm.ts";
import { countOf, type IterationOptions, type IterationResult, toleranceOf, Watch } from "./iteration.ts";
import { Krylov } from "./krylov.ts";
import { complexMatrix, hermitianPart, matrixOf, realMatrix } from "./matrix.ts";
import { evaluate, funm, logm, type ScalarFunction, sqrtm } from "./matrix_functions.ts";
import { timesBlock } from "./block.ts";
import { complexVector, norm, type Unit } from "./vectors.ts";

/** f(A)·b of vectors one after another. */
export interface FunctionResult extends IterationResult {
  /** One vector for each vector b. */
  readonly x: Vector;
  /** Complex, if f gave complex numbers for a real operator. */
  readonly field: "real" | "complex";
}

/** Options of {@link lanczosFunction} and {@link arnoldiFunction}. */
export interface FunctionOptions extends IterationOptions {
  /** For {@link lanczosFunction}: make sure first that the operator is Hermitian; true if not given. */
  readonly probe?: boolean;
}

/** How many steps lie between two approximations that are compared. */
const STRIDE = 4;

/**
 * f(A)·b for a Hermitian operator, by Lanczos: ‖b‖·V·f(T)·e₁ with f at every Ritz value, none left out (so exp of the
 * zero operator is the identity).
 *
 * It has converged when the last four steps change the result by no more than tolerance·‖result‖ (1e-12 if not
 * given), or the space is invariant. Keeps as many vectors as it takes steps.
 *
 * @throws RangeError if the operator is not Hermitian, as far as a probe shows, or f is not finite at a Ritz value: it
 * is named. Ritz values lie between the smallest and the largest eigenvalue.
 *
 * @example
 * ```ts
 * import { algorithms } from "@papillon/papillon/linalg";
 * const { lanczosFunction, matrixMap } = algorithms;
 * const A = matrixMap({ rows: 2, cols: 2, field: "real", values: Float64Array.of(1, 0, 0, 4) });
 * const { x } = lanczosFunction(A, Math.sqrt, Float64Array.of(1, 1));
 * console.assert(Math.abs(x[0] - 1) < 1e-12 && Math.abs(x[1] - 2) < 1e-12);
 * ```
 */
export function lanczosFunction(
  map: LinearMap,
  f: (x: number) => number,
  b: Float64Array,
  options: FunctionOptions = {},
): FunctionResult {
  const what = `apply a function of a ${shapeOf(map)} Hermitian operator`;
  if ((options.probe ?? true) && b.some((value) => value !== 0)) probeHermitian(what, map, options.seed);
  return approximate(what, map, b, options, (H) => {
    const n = H.rows,
      unit = unitOf(H),
      { values, vectors } = eigh(hermitianPart(H)),
      y = new Float64Array(n * unit);
    for (let k = 0; k < n; k++) {
      const [value] = evaluate(what, f, values[k], 0);
      // The first row of the eigenvectors, conjugated.
      const re = value * vectors.values[k * unit], im = unit === 2 ? -value * vectors.values[2 * k + 1] : 0;
      for (let i = 0; i < n; i++) {
        const at = (i * n + k) * unit, x = vectors.values[at];
        if (unit === 1) y[i] += x * re;
        else {
          y[2 * i] += x * re - vectors.values[at + 1] * im;
          y[2 * i + 1] += x * im + vectors.values[at + 1] * re;
        }
      }
    }
    return matrixOf(n, 1, H.field, y);
  });
}

/**
 * f(A)·b for any square operator, by Arnoldi: ‖b‖·V·f(H)·e₁. `f` is "exp", "log" or "sqrt", for which the small
 * matrices may be defective, or any function of a complex number.
 *
 * It has converged as {@link lanczosFunction} has. The result is complex where f(H) is: of real operators, for
 * functions that give complex numbers for their eigenvalues.
 *
 * @throws RangeError if the operator is not square, NaN comes up, or f(H) cannot be calculated; the message says why.
 */
export function arnoldiFunction(
  map: LinearMap,
  f: "exp" | "log" | "sqrt" | ScalarFunction,
  b: Float64Array,
  options: IterationOptions = {},
): FunctionResult {
  const what = `apply a function of a ${shapeOf(map)} operator`;
  const dense = f === "exp" ? expm : f === "log" ? logm : f === "sqrt" ? sqrtm : (H: Matrix) => funm(H, f);
  const first = (H: Matrix): Matrix => {
    const { rows, field, values } = dense(H),
      unit = field === "complex" ? 2 : 1,
      y = new Float64Array(rows * unit);
    for (let i = 0; i < rows; i++) {
      for (let u = 0; u < unit; u++) y[i * unit + u] = values[i * rows * unit + u];
    }
    return matrixOf(rows, 1, field, y);
  };
  return approximate(what, map, b, options, first);
}

function approximate(
  what: string,
  map: LinearMap,
  b: Float64Array,
  options: IterationOptions,
  firstColumn: (H: Matrix) => Matrix,
): FunctionResult {
  const n = checkSquare(what, map), unit = unitOf(map), count = checkVectors(what, "b", b, n, unit);
  const tolerance = toleranceOf(what, options, 1e-12);
  const limit = Math.min(n, countOf(what, "maxIterations", options.maxIterations, Math.min(n, 500), 1));
  const watch = new Watch(what, options), length = n * unit;
  const parts = [new Float64Array(b.length), new Float64Array(b.length)];
  let residual = 0, complex = unit === 2;
  for (let c = 0; c < count; c++) {
    const side = b.subarray(c * length, (c + 1) * length), size = norm(side);
    if (size === 0) continue;
    const one = oneVector({ map, unit, n, limit, tolerance, watch, firstColumn }, side, size);
    one.parts.forEach((part, k) => parts[k].set(part, c * length));
    complex ||= one.parts.length > 1;
    residual = Math.max(residual, one.change);
  }
  const converged = residual <= tolerance, x = complex && unit === 1 ? interleaved(parts) : parts[0];
  return {
    x,
    field: complex ? "complex" : "real",
    converged,
    iterations: watch.history.length,
    residual,
    history: watch.history,
    reason: converged
      ? "the last steps changed nothing beyond the tolerance"
      : `no convergence in ${limit} steps, the last ones changed the result by ${residual.toExponential(1)}`,
  };
}

function interleaved([re, im]: readonly Vector[]): Vector {
  const out = complexVector(1, re);
  for (let i = 0; i < im.length; i++) out[2 * i + 1] = im[i];
  return out;
}

interface Task {
  readonly map: LinearMap;
  readonly unit: Unit;
  readonly n: number;
  readonly limit: number;
  readonly tolerance: number;
  readonly watch: Watch;
  readonly firstColumn: (H: Matrix) => Matrix;
}

function oneVector(
  { map, unit, n, limit, tolerance, watch, firstColumn }: Task,
  b: Float64Array,
  size: number,
): { parts: Vector[]; change: number } {
  // Room grows as it is needed: an early end must not cost the memory of a late one.
  let krylov = new Krylov(map, Math.min(limit, 32)),
    last: Vector = new Float64Array(0),
    change = 1,
    agreed = 0;
  krylov.start(b);
  for (;;) {
    if (krylov.steps === krylov.limit) krylov = krylov.enlarged(Math.min(limit, 2 * krylov.limit));
    watch.finite(krylov.step());
    const { steps, rest } = krylov, exact = rest === 0 || steps === n, end = exact || steps === limit;
    if (!end && steps % STRIDE !== 0) {
      watch.step(change);
      continue;
    }
    const y = complexMatrix(firstColumn(krylov.square())), values = y.values;
    const total = norm(values), moved = norm(values.map((v, i) => v - (last[i] ?? 0)));
    change = exact ? 0 : total === 0 ? moved : moved / total;
    last = values;
    watch.step(change);
    // Twice, because some functions rest for a while at a wrong value.
    agreed = change <= tolerance ? agreed + 1 : 0;
    if (!end && agreed < 2) continue;
    for (let i = 0; i < values.length; i++) values[i] *= size;
    const times = (Y: Matrix): Vector => timesBlock(unit, n, krylov.basis.subarray(0, steps * n * unit), Y);
    if (unit === 2) return { parts: [times(y)], change };
    const re = realMatrix(y), im = matrixOf(steps, 1, "real", values.filter((_, i) => i % 2 === 1));
    return { parts: im.values.some((v) => v !== 0) ? [times(re), times(im)] : [times(re)], change };
  }
}
