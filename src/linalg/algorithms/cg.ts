/**
 * Conjugate gradients.
 *
 * @module
 */
import { product } from "./product.ts";
import type { LinearMap, Matrix, Vector } from "../types.ts";
import { addBlock, gramian, orthonormalBasis } from "./block.ts";
import { probeHermitian } from "./check.ts";
import { cholesky } from "./cholesky.ts";
import { hermitianPart, matrixOf } from "./matrix.ts";
import {
  checkSystem,
  largestRatio,
  normsOf,
  residualOf,
  solved,
  type SolveOptions,
  type SolveResult,
  type System,
  tamedSide,
} from "./iteration.ts";
import { dot, norm } from "./vectors.ts";

/** Options of {@link cg}. */
export interface CGOptions extends SolveOptions {
  /** Make sure first, by two products with random vectors, that the operator is Hermitian; true if not given. */
  readonly probe?: boolean;
}

/** How often the iteration starts anew when its own residual and the true one have drifted apart. */
const RESTARTS = 4;

/**
 * Solves A·x = b for a Hermitian positive definite operator by conjugate gradients (Hestenes and Stiefel 1952), with
 * a preconditioner if there is one; several right sides, one after another in b, by block conjugate gradients, which
 * share what they learn of the operator (Ji and Li 2017, with an orthonormal basis of search directions, so that
 * right sides that depend on each other do no harm).
 *
 * It has converged when ‖b − A·x‖ ≤ tolerance·‖b‖ for every right side (1e-10 if not given), calculated anew in the
 * end.
 *
 * @throws RangeError if shapes do not meet, b is not finite, the operator is not Hermitian (as far as a probe shows)
 * or not positive definite (as far as the iteration meets a direction p with pᴴAp ≤ 0), or NaN comes up.
 *
 * @example
 * ```ts
 * import { algorithms } from "@papillon/papillon/linalg";
 * const { cg, matrixMap } = algorithms;
 * const A = matrixMap({ rows: 2, cols: 2, field: "real", values: Float64Array.of(2, 1, 1, 3) });
 * const { x, converged } = cg(A, Float64Array.of(3, 4));
 * console.assert(converged && Math.abs(x[0] - 1) < 1e-9 && Math.abs(x[1] - 1) < 1e-9);
 * ```
 */
export function cg(map: LinearMap, b: Float64Array, options: CGOptions = {}): SolveResult {
  const what = "solve by conjugate gradients";
  const system = checkSystem(what, map, b, options, (n) => 10 * n + 100);
  const x: Vector = options.x0 ? new Float64Array(options.x0) : new Float64Array(b.length);
  const sizes = normsOf(b, system.count);
  if (sizes.every((size) => size === 0)) {
    return { x: x.fill(0), converged: true, iterations: 0, residual: 0, history: [], reason: "b is zero" };
  }
  const tamed = system.count === 1 ? tamedSide(b, options, (side, rest) => cg(map, side, rest)) : undefined;
  if (tamed) return tamed;
  if (options.probe ?? true) probeHermitian(what, map, options.seed);
  for (let c = 0; c < system.count; c++) {
    const length = system.n * system.unit;
    if (sizes[c] === 0) x.fill(0, c * length, (c + 1) * length);
  }
  let stopped = "";
  for (let start = 0; start <= RESTARTS; start++) {
    const r = options.x0 || start > 0 ? residualOf(map, b, x) : new Float64Array(b);
    const residual = largestRatio(normsOf(r, system.count), sizes);
    system.watch.finite(residual);
    if (residual <= system.tolerance || system.watch.history.length >= system.maxIterations) break;
    if (start === RESTARTS) {
      stopped = `rounding keeps the residual at ${residual.toExponential(1)}: the tolerance cannot be met`;
      break;
    }
    if (system.count === 1) single(system, map, r, x, sizes[0], options.preconditioner);
    else block(system, map, r, x, sizes, options.preconditioner);
  }
  return solved(map, b, x, system, stopped);
}

function refuse(curvature: number, iteration: number): never {
  throw new RangeError(
    `Cannot solve by conjugate gradients: the operator is not positive definite, pᴴAp is ` +
      `${curvature.toExponential(2)} for a direction p of norm 1 in iteration ${iteration + 1}; ` +
      `MINRES takes indefinite operators`,
  );
}

function refusePreconditioner(size: number): never {
  throw new RangeError(
    `Cannot solve by conjugate gradients: the preconditioner is not positive definite, rᴴMr is ${size}`,
  );
}

/** One right side, until the residual that is carried along is small; x and r in place. */
function single(
  { unit, n, tolerance, maxIterations, watch }: System,
  map: LinearMap,
  r: Vector,
  x: Vector,
  size: number,
  M?: LinearMap,
): void {
  const p = new Float64Array(r.length), length = r.length;
  let rho = 1, q: Vector | undefined, z: Vector | undefined, first = true;
  while (watch.history.length < maxIterations) {
    // An exact solution: squares of what is left would underflow.
    if (norm(r) <= 2 ** -300 * size) return;
    z = M ? product(M, r, z) : r;
    const old = rho;
    rho = dot(unit, n, r, 0, z, 0)[0];
    watch.finite(rho);
    if (!(rho > 0)) refusePreconditioner(rho);
    const beta = first ? 0 : rho / old;
    first = false;
    for (let i = 0; i < length; i++) p[i] = z[i] + beta * p[i];
    q = product(map, p, q);
    const curvature = dot(unit, n, p, 0, q, 0)[0];
    watch.finite(curvature);
    if (!(curvature > 0)) refuse(curvature / norm(p) ** 2, watch.history.length);
    const alpha = rho / curvature;
    for (let i = 0; i < length; i++) x[i] += alpha * p[i];
    for (let i = 0; i < length; i++) r[i] -= alpha * q[i];
    const residual = norm(r) / size;
    watch.step(residual);
    if (residual <= tolerance) return;
  }
}

/** All right sides together. */
function block(
  { unit, n, count, tolerance, maxIterations, watch }: System,
  map: LinearMap,
  r: Vector,
  x: Vector,
  sizes: readonly number[],
  M?: LinearMap,
): void {
  const length = n * unit;
  let p: Vector | undefined, factor: ((c: Matrix) => Matrix) | undefined, q: Vector | undefined;
  while (watch.history.length < maxIterations) {
    const z = M ? product(M, r) : new Float64Array(r);
    // β takes out of the new directions what is conjugate to the old ones.
    if (p && q && factor) addBlock(unit, n, p, factor(gramian(unit, n, q, z)), z, -1);
    // Only right sides that are not done yet give directions.
    const norms = normsOf(r, count);
    const open = norms.flatMap((norm, c) => norm > tolerance * sizes[c] ? [c] : []);
    const directions = new Float64Array(open.length * length);
    for (const [to, c] of open.entries()) {
      directions.set(z.subarray(c * length, (c + 1) * length), to * length);
    }
    p = orthonormalBasis(unit, n, directions);
    if (p.length === 0) return;
    q = product(map, p);
    factor = solver(gramian(unit, n, p, q), watch.history.length, watch.finite.bind(watch));
    const alpha = factor(gramian(unit, n, p, r));
    addBlock(unit, n, p, alpha, x);
    addBlock(unit, n, q, alpha, r, -1);
    const residual = largestRatio(normsOf(r, count), sizes);
    watch.step(residual);
    if (residual <= tolerance) return;
  }
}

/** What solves with PᴴAP, a small matrix that must be positive definite. */
function solver(small: Matrix, iteration: number, finite: (value: number) => void): (c: Matrix) => Matrix {
  const { rows, field, values } = small, unit = field === "complex" ? 2 : 1;
  for (let i = 0; i < rows; i++) {
    finite(values[i * (rows + 1) * unit]);
    if (!(values[i * (rows + 1) * unit] > 0)) refuse(values[i * (rows + 1) * unit], iteration);
  }
  // Rounding makes it a little unsymmetric.
  let factors;
  try {
    factors = cholesky(hermitianPart(small));
  } catch {
    refuse(0, iteration);
  }
  const { solve } = factors;
  return (c) => {
    // Right sides one after another are the columns of c: rows of its transpose; adjoint and back conjugates twice.
    const columns = new Float64Array(c.values.length), back = matrixOf(c.rows, c.cols, field);
    move(c, columns, back.values, true);
    move(c, solve(columns), back.values, false);
    return back;
  };
}

function move({ rows, cols, field, values }: Matrix, columns: Vector, out: Vector, there: boolean): void {
  const unit = field === "complex" ? 2 : 1;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      for (let u = 0; u < unit; u++) {
        const at = (i * cols + j) * unit + u, to = (j * rows + i) * unit + u;
        if (there) columns[to] = values[at];
        else out[at] = columns[to];
      }
    }
  }
}
