/**
 * Norms.
 *
 * @module
 */
import { powerNorm } from "../algorithms/norm_estimate.ts";
import { hutchinson } from "../algorithms/trace.ts";
import { product } from "../compose.ts";
import { Flipped, type LinearOperator } from "../operator.ts";
import { ScaledOperator } from "../operators/composite.ts";
import { FactorOperator } from "../operators/factor.ts";
import { CirculantOperator, ToeplitzOperator } from "../operators/fourier.ts";
import { BlockDiagOperator, KroneckerOperator } from "../operators/kronecker.ts";
import { PermutationOperator } from "../operators/permutation.ts";
import { DiagonalOperator, ZeroOperator } from "../operators/simple.ts";
import { SparseOperator } from "../operators/sparse.ts";
import { norm2, unitOf } from "../scalar.ts";
import type { Matrix, Vector } from "../types.ts";
import type { Estimate } from "./functions.ts";
import { type AnyRule, type Call, isSmall, OTHER } from "./rule_set.ts";
import { exactly } from "./solvers.ts";
import { ConvergenceError } from "./singular.ts";
import { general, typed } from "./typed.ts";

function exact(value: number): Estimate {
  return { value, imaginary: 0, standardError: 0 };
}

function sizes(values: Vector, unit: 1 | 2): number[] {
  return Array.from(
    { length: values.length / unit },
    (_, i) => unit === 1 ? Math.abs(values[i]) : Math.hypot(values[2 * i], values[2 * i + 1]),
  );
}

/** The largest sum of moduli in a column (or row) of a matrix. */
function largestSum({ rows, cols, field, values }: Matrix, byRow: boolean): number {
  const entries = sizes(values, unitOf(field)), sums = new Float64Array(byRow ? rows : cols);
  entries.forEach((size, i) => sums[byRow ? Math.floor(i / cols) : i % cols] += size);
  return Math.max(...sums);
}

/** Sums of moduli of columns, some columns at a time. */
function columnNorm(A: LinearOperator, signal: AbortSignal | undefined): number {
  const unit = unitOf(A.field), { rows, cols } = A;
  const some = Math.max(1, Math.min(cols, Math.floor(2 ** 20 / (rows + cols))));
  let largest = 0;
  for (let first = 0; first < cols; first += some) {
    signal?.throwIfAborted();
    const count = Math.min(some, cols - first), units = new Float64Array(count * cols * unit);
    for (let k = 0; k < count; k++) units[(k * cols + first + k) * unit] = 1;
    const columns = A.apply(units);
    for (let k = 0; k < count; k++) {
      const sum = sizes(columns.subarray(k * rows * unit, (k + 1) * rows * unit), unit).reduce(
        (a, b) => a + b,
        0,
      );
      largest = Math.max(largest, sum);
    }
  }
  return largest;
}

/** Diagonals of a Toeplitz matrix have so many entries. */
function toeplitzFrobenius(A: ToeplitzOperator): number {
  const unit = unitOf(A.field), column = sizes(A.column, unit), row = sizes(A.row, unit);
  const below = column.map((size, i) => size * Math.sqrt(Math.min(A.rows - i, A.cols)));
  const above = row.slice(1).map((size, j) => size * Math.sqrt(Math.min(A.cols - 1 - j, A.rows)));
  return norm2(Float64Array.from([...below, ...above]));
}

/** Rules for `norm`. */
export const norms = (): readonly AnyRule[] => [
  exactly("norm"),
  general<"norm">({
    of: "norm",
    name: "orthonormal columns",
    why: "all singular values are 1",
    applies: (A, { args: [p] }) => A.is("Stiefel") && (p === 2 || p === "fro") || OTHER,
    cost: () => 0,
    run: (A, { args: [p] }) => exact(p === 2 ? 1 : Math.sqrt(A.cols)),
  }),
  typed("norm", ZeroOperator, { name: "zero", why: "it is 0", run: () => exact(0) }),
  typed("norm", PermutationOperator, { name: "permutation", why: "one 1 in each row", run: () => exact(1) }),
  typed("norm", ScaledOperator, {
    name: "multiple",
    why: "‖cA‖ = |c|·‖A‖",
    parts: (A, call) => [call.plan("norm", A.of, ...call.args)],
    run: (A, call) => {
      const { value, standardError } = call.run("norm", A.of, ...call.args), size = Math.hypot(...A.factor);
      return { value: size * value, imaginary: 0, standardError: size * standardError };
    },
  }),
  typed("norm", DiagonalOperator, {
    name: "diagonal",
    why: "from the moduli of the entries",
    cost: (A) => A.rows,
    run: (A, { args: [p] }) => {
      if (p === "fro") return exact(norm2(A.values));
      return exact(sizes(A.values, unitOf(A.field)).reduce((a, b) => Math.max(a, b), 0));
    },
  }),
  typed("norm", KroneckerOperator, {
    name: "Kronecker product factor by factor",
    why: "‖A⊗B‖ = ‖A‖·‖B‖",
    parts: (A, call) => A.factors.map((part) => call.plan("norm", part, ...call.args)),
    run: (A, call) =>
      A.factors.map((part) => call.run("norm", part, ...call.args)).reduce((a, b) => ({
        value: a.value * b.value,
        imaginary: 0,
        standardError: Math.hypot(a.standardError * b.value, b.standardError * a.value),
      })),
  }),
  typed("norm", BlockDiagOperator, {
    name: "block diagonal block by block",
    why: "the largest of the norms of the blocks, or the root of the sum of their squares",
    parts: (A, call) => A.blocks.map((part) => call.plan("norm", part, ...call.args)),
    run: (A, call) => {
      const all = A.blocks.map((part) => call.run("norm", part, ...call.args));
      if (call.args[0] !== "fro") return all.reduce((a, b) => b.value > a.value ? b : a);
      const value = norm2(Float64Array.from(all, (e) => e.value));
      const error = norm2(Float64Array.from(all, (e) => e.standardError * e.value)) / (value || 1);
      return { value, imaginary: 0, standardError: error };
    },
  }),
  typed("norm", Flipped, {
    name: "adjoint",
    why: "‖Aᴴ‖ = ‖A‖, rows and columns changing places",
    parts: (A, call) => [call.plan("norm", A.of, other(call))],
    run: (A, call) => call.run("norm", A.of, other(call)),
  }),
  typed("norm", CirculantOperator, {
    name: "circulant",
    why: "from its eigenvalues or its first column",
    cost: (A) => A.rows,
    run: (A, { args: [p] }) => {
      if (p === 2) return exact(sizes(A.eigenvalues, 2).reduce((a, b) => Math.max(a, b), 0));
      if (p === "fro") return exact(Math.sqrt(A.rows) * norm2(A.column));
      return exact(sizes(A.column, unitOf(A.field)).reduce((a, b) => a + b, 0));
    },
  }),
  general<"norm">({
    of: "norm",
    name: "entries",
    why: "the Frobenius norm from the entries at hand",
    applies: (A, { args: [p] }) =>
      p === "fro" &&
        (A instanceof ToeplitzOperator || A instanceof FactorOperator || A instanceof SparseOperator) ||
      OTHER,
    cost: (A) => A.parameters,
    run: (A) => {
      if (A instanceof ToeplitzOperator) return exact(toeplitzFrobenius(A));
      return exact(norm2((A as FactorOperator | SparseOperator).values));
    },
  }),
  general<"norm">({
    of: "norm",
    name: "dense",
    why: "small: from the entries, or the largest singular value",
    applies: isSmall,
    cost: (A, { args: [p] }) => p === 2 ? 4 * A.rows * A.cols * Math.min(A.rows, A.cols) : A.rows * A.cols,
    run: (A, call) => {
      const [p] = call.args;
      if (p === 2) return exact(call.run("svd", A, 1).S[0]);
      const matrix = A.toDense();
      return exact(p === "fro" ? norm2(matrix.values) : largestSum(matrix, p === "inf"));
    },
  }),
  general<"norm">({
    of: "norm",
    name: "all columns",
    why: "exact, by as many products as there are columns (or rows)",
    applies: (_, { args: [p] }) => p === 1 || p === "inf" || OTHER,
    cost: (A, { args: [p] }) => (p === 1 ? A.cols : A.rows) * A.cost,
    run: (A, { args: [p], options }) => exact(columnNorm(p === 1 ? A : A.adjoint(), options.signal)),
  }),
  general<"norm">({
    of: "norm",
    name: "power iteration",
    why: "large: the 2-norm from below, by products with A and Aᴴ",
    applies: (_, { args: [p] }) => p === 2 || OTHER,
    cost: (A) => 100 * A.cost,
    run: (A, call) => {
      const { tolerance, maxIterations, seed, signal, onProgress } = call.options;
      const { value, converged, residual, iterations } = powerNorm(A, {
        tolerance,
        maxIterations,
        seed,
        signal,
        onProgress,
      });
      if (converged) return { value, imaginary: 0, standardError: residual * value };
      throw new ConvergenceError(
        `Cannot find the norm of ${A.describe()}: the power iteration did not converge; its last steps raised ${value} by ${
          residual.toExponential(1)
        } after ${iterations} steps. Raise tolerance or maxIterations`,
        Float64Array.of(value),
        residual,
        iterations,
      );
    },
  }),
  general<"norm">({
    of: "norm",
    name: "Hutchinson",
    why: "large: ‖A‖²_F = tr AᴴA is estimated from random vectors, with a standard error",
    applies: (_, { args: [p] }) => p === "fro" || OTHER,
    cost: (A, call) => 2 * (call.options.samples ?? 30) * A.cost,
    run: (A, call) => {
      const { samples, seed, signal, onProgress } = call.options;
      const squared = hutchinson(product(A.adjoint(), A), { samples, seed, signal, onProgress });
      const value = Math.sqrt(Math.max(0, squared.value));
      return { value, imaginary: 0, standardError: value === 0 ? 0 : squared.standardError / (2 * value) };
    },
  }),
];

/** The norm of the adjoint that is this one of the operator. */
function other({ args: [p] }: Call<"norm">): 1 | 2 | "fro" | "inf" {
  return p === 1 ? "inf" : p === "inf" ? 1 : p;
}
