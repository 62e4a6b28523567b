/**
 * LOBPCG.
 *
 * @module
 */
import { product } from "./product.ts";
import type { LinearMap, Matrix, Vector } from "../types.ts";
import { addBlock, gramian, orthonormalBasis, part, timesBlock } from "./block.ts";
import { checkVectors, probeHermitian, randomVector, shapeOf, unitOf } from "./check.ts";
import { checkEigen, type EigenOptions, type EigenResult, ordered } from "./eigen_options.ts";
import { eigh } from "./eigh.ts";
import { Watch } from "./iteration.ts";
import { columnsOf } from "./lanczos.ts";
import { columnsMatrix, hermitianPart, matrixOf } from "./matrix.ts";
import { norm } from "./vectors.ts";
import { Random } from "../../program/random.ts";

/** Options of {@link lobpcg}. */
export interface LOBPCGOptions extends Omit<EigenOptions, "basis" | "which" | "x0"> {
  /** From which end of the spectrum, algebraically; "smallest" if not given. */
  readonly which?: "largest" | "smallest";
  /** A positive definite approximation of A⁻¹ (for the smallest eigenvalues of positive definite operators). */
  readonly preconditioner?: LinearMap;
  /** Where to begin: k vectors one after another. */
  readonly x0?: Float64Array;
}

/**
 * The k largest or smallest eigenvalues of a Hermitian operator, and orthonormal eigenvectors, by LOBPCG (Knyazev
 * 2001), with an orthonormal basis of the iterates, the preconditioned residuals and the last directions (after Hetmaniuk
 * and Lehoucq 2006). It iterates on a block, and so finds eigenvalues that are multiple, up to k times.
 *
 * It has converged when ‖A·v − λ·v‖ ≤ tolerance·‖A‖ for all of them (1e-8 if not given), with the largest eigenvalue
 * that was seen as ‖A‖.
 *
 * @throws RangeError if the operator is not Hermitian, as far as a probe shows, or gives NaN.
 */
export function lobpcg(map: LinearMap, options: LOBPCGOptions = {}): EigenResult {
  const what = `find eigenvalues of a ${shapeOf(map)} Hermitian operator`, unit = unitOf(map), n = map.cols;
  probeHermitian(what, map, options.seed);
  const { which = "smallest" } = options;
  const { k, tolerance } = checkEigen(what, n, { tolerance: 1e-8, ...options, which });
  if (options.x0) checkVectors(what, "x0", options.x0, n, unit, k);
  const limit = options.maxIterations ?? 1000, watch = new Watch(what, options), length = n * unit;
  const random = new Random(options.seed ?? 0), M = options.preconditioner;
  // A few vectors more than wanted: the last of a block converges as slowly as the next eigenvalue is near.
  const width = Math.min(n, k + Math.min(k, 4));
  const start = randomVector(width * length, random);
  if (options.x0) start.set(options.x0);
  let X = orthonormalBasis(unit, n, start), P: Vector = new Float64Array(0), seen = 0;
  for (;;) {
    // Rayleigh and Ritz in the span of X alone at first, and after every step.
    let AX = product(map, X);
    const small = eigh(hermitianPart(gramian(unit, n, X, AX)));
    const order = ordered(which, small.values), C = columnsOf(small.vectors, order);
    X = timesBlock(unit, n, X, C);
    AX = timesBlock(unit, n, AX, C);
    const values = Float64Array.from(order, (j) => small.values[j]);
    for (const value of values) seen = Math.max(seen, Math.abs(value));
    const R = AX;
    for (let j = 0; j < values.length; j++) {
      for (let i = j * length; i < (j + 1) * length; i++) R[i] -= values[j] * X[i];
    }
    const residuals = Float64Array.from({ length: k }, (_, j) => norm(R, j * length, length));
    const worst = Math.max(...residuals), residual = worst === 0 ? 0 : worst / (seen || 1);
    watch.step(residual);
    const iterations = watch.history.length, converged = residual <= tolerance;
    if (converged || iterations >= limit) {
      return {
        values: values.slice(0, k),
        vectors: columnsMatrix(unit, n, k, X.slice(0, k * length)),
        residuals,
        converged,
        iterations,
        residual,
        history: watch.history,
        reason: converged
          ? "all residuals are within the tolerance"
          : `no convergence in ${iterations} iterations, the largest relative residual is ${
            residual.toExponential(1)
          }`,
      };
    }
    const W = orthonormalBasis(unit, n, M ? product(M, R) : R, X, 1e-10);
    const known = joined(X, W), more = orthonormalBasis(unit, n, P, known, 1e-10), S = joined(known, more);
    const AS = product(map, S), H = hermitianPart(gramian(unit, n, S, AS)), all = eigh(H);
    for (const value of all.values) seen = Math.max(seen, Math.abs(value));
    const best = columnsOf(all.vectors, ordered(which, all.values).slice(0, width));
    const next = timesBlock(unit, n, S, best), rows = X.length / length;
    // The new direction is the part of the step outside of the old X.
    P = addBlock(
      unit,
      n,
      part(unit, n, S, rows, S.length / length),
      below(best, rows),
      new Float64Array(next.length),
    );
    X = orthonormalBasis(unit, n, next);
  }
}

/** A block followed by another. */
function joined(a: Vector, b: Vector): Vector {
  const out = new Float64Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

/** The rows of a matrix from a place on. */
function below({ rows, cols, field, values }: Matrix, from: number): Matrix {
  const unit = field === "complex" ? 2 : 1;
  return matrixOf(rows - from, cols, field, values.slice(from * cols * unit));
}
