/**
 * Pseudo-inverses.
 *
 * @module
 */
import { lsmr } from "../algorithms/lsmr.ts";
import { svd } from "../algorithms/svd.ts";
import { blockDiag, kron, product, scale } from "../compose.ts";
import { Flipped, type LinearOperator } from "../operator.ts";
import { LowRankOperator, ScaledOperator } from "../operators/composite.ts";
import { DenseOperator, flipped } from "../operators/dense.ts";
import { CirculantOperator } from "../operators/fourier.ts";
import { InverseOperator } from "../operators/inverse.ts";
import { BlockDiagOperator, KroneckerOperator } from "../operators/kronecker.ts";
import { DiagonalOperator, zero, ZeroOperator } from "../operators/simple.ts";
import { unitOf } from "../scalar.ts";
import type { Matrix, Vector } from "../types.ts";
import type { Settings } from "./functions.ts";
import { exactly } from "./solvers.ts";
import { circulantOf, reciprocal } from "./reciprocal.ts";
import { type AnyRule, isSmall, OTHER } from "./rule_set.ts";
import { ConvergenceError } from "./singular.ts";
import { general, typed } from "./typed.ts";

/** Reciprocals, zero for what is zero but for rounding: below n·ε of the largest. */
function reciprocals(values: Vector, unit: 1 | 2): Vector {
  const result = new Float64Array(values.length),
    size = (i: number): number => unit === 1 ? Math.abs(values[i]) : Math.hypot(values[i], values[i + 1]);
  let largest = 0;
  for (let i = 0; i < values.length; i += unit) largest = Math.max(largest, size(i));
  const least = values.length / unit * 2 ** -52 * largest;
  for (let i = 0; i < values.length; i += unit) {
    if (size(i) > least) result.set(reciprocal(values[i], unit === 2 ? values[i + 1] : 0).slice(0, unit), i);
  }
  return result;
}

/** V·S⁺·Uᴴ of a matrix. */
export function pseudoInverse(matrix: Matrix): LinearOperator {
  const { U, S, V } = svd(matrix);
  const back = new DenseOperator(flipped(U, true));
  return product(new DenseOperator(V), new DiagonalOperator(pseudoReciprocals(S, matrix), "real"), back);
}

/** 1/s where s is above max(rows, cols)·ε of the largest, 0 elsewhere. */
function pseudoReciprocals(S: Vector, { rows, cols }: Matrix): Vector {
  const least = Math.max(rows, cols) * 2 ** -52 * (S[0] ?? 0);
  return S.map((s) => s > least ? 1 / s : 0);
}

/** Least squares by LSMR. */
function leastSquares(A: LinearOperator, settings: Settings): LinearOperator {
  const { tolerance, maxIterations, signal, onProgress } = settings;
  const solve = (B: LinearOperator, b: Float64Array): Vector => {
    const { x, converged, residual, iterations, reason } = lsmr(B, b, {
      tolerance,
      maxIterations,
      signal,
      onProgress,
    });
    if (converged) return x;
    throw new ConvergenceError(
      `Cannot solve least squares with ${A.describe()}: LSMR did not converge; its residual is ${
        residual.toExponential(1)
      } after ${iterations} iterations (${reason})`,
      x,
      residual,
      iterations,
    );
  };
  return new InverseOperator(
    A,
    {
      solve: (b) => solve(A, b),
      solveAdjoint: (b) => solve(A.adjoint(), b),
    },
    200 * A.cost,
    "PseudoInverse",
  );
}

/** Rules for `pinv`. */
export const pseudoInverses = (): readonly AnyRule[] => [
  exactly("pinv"),
  general<"pinv">({
    of: "pinv",
    name: "orthonormal columns",
    why: "AᴴA = I makes the adjoint the pseudo-inverse",
    applies: (A) => A.is("Stiefel") || OTHER,
    cost: () => 0,
    run: (A) => A.adjoint(),
  }),
  typed("pinv", ZeroOperator, {
    name: "zero",
    why: "that of zero is zero",
    run: (A) => zero(A.cols, A.rows, A.field),
  }),
  typed("pinv", ScaledOperator, {
    name: "multiple",
    why: "(cA)⁺ = c⁻¹A⁺",
    parts: (A, call) => [call.plan("pinv", A.of)],
    run: (A, call) => scale(reciprocal(A.factor[0], A.factor[1]), call.run("pinv", A.of)),
  }),
  typed("pinv", DiagonalOperator, {
    name: "diagonal",
    why: "reciprocals of the entries, zero for zero",
    cost: (A) => A.rows,
    run: (A) => new DiagonalOperator(reciprocals(A.values, unitOf(A.field)), A.field),
  }),
  typed("pinv", KroneckerOperator, {
    name: "Kronecker product factor by factor",
    why: "(A⊗B)⁺ = A⁺⊗B⁺",
    parts: (A, call) => A.factors.map((part) => call.plan("pinv", part)),
    run: (A, call) => kron(...A.factors.map((part) => call.run("pinv", part))),
  }),
  typed("pinv", BlockDiagOperator, {
    name: "block diagonal block by block",
    why: "every block has its own",
    parts: (A, call) => A.blocks.map((part) => call.plan("pinv", part)),
    run: (A, call) => blockDiag(...A.blocks.map((part) => call.run("pinv", part))),
  }),
  typed("pinv", Flipped, {
    name: "adjoint",
    why: "(Aᴴ)⁺ = (A⁺)ᴴ",
    parts: (A, call) => [call.plan("pinv", A.of)],
    run: (A, call) => {
      const of = call.run("pinv", A.of);
      return A.conjugated ? of.adjoint() : of.transpose();
    },
  }),
  typed("pinv", CirculantOperator, {
    name: "circulant by Fourier transforms",
    why: "its eigenvalues are the transform of its first column",
    cost: (A) => A.cost,
    run: (A) => circulantOf(A, reciprocals(A.eigenvalues, 2)),
  }),
  typed("pinv", LowRankOperator, {
    name: "low rank",
    why: "the thin factors have orthonormal bases; what is between them is small",
    applies: (A) => A.rank <= Math.min(A.rows, A.cols) || `its rank, ${A.rank}, is not low`,
    cost: (A) => 2 * (A.rows + A.cols) * A.rank ** 2,
    parts: (A, call) => [call.plan("qr", A.left), call.plan("qr", A.right)],
    run: (A, call) => {
      const left = call.run("qr", A.left), right = A.right === A.left ? left : call.run("qr", A.right);
      const inner = product(left.R, A.core, right.R.adjoint());
      return product(right.Q, pseudoInverse(inner.toDense()), left.Q.adjoint());
    },
  }),
  general<"pinv">({
    of: "pinv",
    name: "dense singular values",
    why: "small: singular values that are zero but for rounding count as zero",
    applies: isSmall,
    cost: (A) => 10 * A.rows * A.cols * Math.min(A.rows, A.cols),
    run: (A) => pseudoInverse(A.toDense()),
  }),
  general<"pinv">({
    of: "pinv",
    name: "least squares by LSMR",
    why: "large: the solution of least norm, by iterations",
    applies: () => true,
    cost: (A) => 200 * A.cost,
    run: (A, call) => leastSquares(A, call.options),
  }),
];
