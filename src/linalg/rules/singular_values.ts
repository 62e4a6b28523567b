/**
 * Singular values and vectors.
 *
 * @module
 */
import { randomSvd } from "../algorithms/random_svd.ts";
import { svd } from "../algorithms/svd.ts";
import { blockDiag, kron, product, slice } from "../compose.ts";
import { Flipped, type LinearOperator } from "../operator.ts";
import { LowRankOperator, ScaledOperator } from "../operators/composite.ts";
import { DenseOperator } from "../operators/dense.ts";
import { BlockDiagOperator, KroneckerOperator } from "../operators/kronecker.ts";
import { PermutationOperator } from "../operators/permutation.ts";
import { DiagonalOperator, identity } from "../operators/simple.ts";
import { inField, unitOf } from "../scalar.ts";
import type { Field, Matrix, Vector } from "../types.ts";
import type { FunctionName, SingularValues } from "./functions.ts";
import { type AnyRule, type Call, isSmall, OTHER } from "./rule_set.ts";
import { exactly, partsOf } from "./solvers.ts";
import { ConvergenceError } from "./singular.ts";
import { isNormal, real, spectralParts, spectrumOf } from "./spectrum.ts";
import { general, typed } from "./typed.ts";

/** Sorted, the largest first, and cut to k. */
function sorted({ U, S, V }: SingularValues, k?: number): SingularValues {
  const order = Array.from(S, (_, i) => i).sort((i, j) => S[j] - S[i]).slice(0, k);
  return {
    U: slice(U, undefined, order),
    S: Float64Array.from(order, (i) => S[i]),
    V: slice(V, undefined, order),
  };
}

/** A matrix with orthonormal columns. */
function columns(matrix: Matrix): LinearOperator {
  return new DenseOperator(matrix).annotate("Stiefel");
}

function ofMatrix(matrix: Matrix): SingularValues {
  const { U, S, V } = svd(matrix);
  return { U: columns(U), S, V: columns(V) };
}

/** z/|z|, 1 for zero. */
function phases(values: Vector, field: Field): LinearOperator {
  const unit = unitOf(field), result = new Float64Array(values.length);
  for (let i = 0; i < values.length; i += unit) {
    const size = unit === 1 ? Math.abs(values[i]) : Math.hypot(values[i], values[i + 1]);
    if (size === 0) result[i] = 1;
    else for (let p = 0; p < unit; p++) result[i + p] = values[i + p] / size;
  }
  return new DiagonalOperator(result, field).annotate("Unitary");
}

function moduli(values: Vector, field: Field): Vector {
  const pairs = inField(values, field, "complex");
  return Float64Array.from(
    { length: pairs.length / 2 },
    (_, i) => Math.hypot(pairs[2 * i], pairs[2 * i + 1]),
  );
}

/** The singular values of a combination, unordered. */
function combined(parts: readonly SingularValues[]): Vector {
  return parts.map(({ S }) => S).reduce(outer);
}

function outer(a: Vector, b: Vector): Vector {
  return Float64Array.from(
    { length: a.length * b.length },
    (_, i) => a[Math.floor(i / b.length)] * b[i % b.length],
  );
}

/** Rules for `svd`. */
export const singularValues = (): readonly AnyRule[] => [
  exactly("svd"),
  general<"svd">({
    of: "svd",
    name: "what cannot be asked",
    why: "there are min(rows, cols) singular values",
    applies: (A, { args: [k] }) =>
      !(k === undefined || (Number.isInteger(k) && k >= 1 && k <= Math.min(A.rows, A.cols))) || OTHER,
    cost: () => 0,
    run: (A, { args: [k] }) => {
      throw new RangeError(
        `Cannot find ${k} singular values of ${A.describe()}: k must be a whole number from 1 to ${
          Math.min(A.rows, A.cols)
        }`,
      );
    },
  }),
  general<"svd">({
    of: "svd",
    name: "orthonormal columns",
    why: "A·I·I is one already, all singular values are 1",
    applies: (A) => A.is("Stiefel") || OTHER,
    cost: () => 0,
    run: (A, { args: [k] }) => {
      const all = { U: A, S: new Float64Array(A.cols).fill(1), V: identity(A.cols) };
      return k === undefined ? all : sorted(all, k);
    },
  }),
  typed("svd", DiagonalOperator, {
    name: "diagonal",
    why: "the moduli of the entries, sorted",
    cost: (A) => A.rows * Math.log2(A.rows + 1),
    run: (A, { args: [k] }) => {
      const sizes = moduli(A.values, A.field),
        order = Array.from(sizes, (_, i) => i).sort((i, j) => sizes[j] - sizes[i]);
      const inverse = new Uint32Array(A.rows);
      order.forEach((i, j) => inverse[i] = j);
      const V = new PermutationOperator(inverse, "real");
      const all = {
        U: product(phases(A.values, A.field), V),
        S: Float64Array.from(order, (i) => sizes[i]),
        V,
      };
      return k === undefined ? all : sorted(all, k);
    },
  }),
  typed("svd", ScaledOperator, {
    name: "multiple",
    why: "those of cA are |c| times those of A",
    parts: (A, call) => [call.plan("svd", A.of, ...call.args)],
    run: (A, call) => {
      const { U, S, V } = call.run("svd", A.of, ...call.args), [re, im] = A.factor, size = Math.hypot(re, im);
      const turned = im === 0 && re > 0 ? U : new ScaledOperator([re / size, im / size], U);
      return { U: turned, S: S.map((s) => s * size), V };
    },
  }),
  typed("svd", KroneckerOperator, {
    name: "Kronecker product factor by factor",
    why: "all products of the singular values of the factors",
    cost: (A) => Math.min(A.rows, A.cols) * Math.log2(A.rows + 1),
    parts: (A, call) => A.factors.map((part) => call.plan("svd", part)),
    run: (A, call) => {
      const parts = A.factors.map((part) => call.run("svd", part));
      const U = kron(...parts.map((part) => part.U)), V = kron(...parts.map((part) => part.V));
      return sorted({ U, S: combined(parts), V }, call.args[0]);
    },
  }),
  typed("svd", BlockDiagOperator, {
    name: "block diagonal block by block",
    why: "those of all blocks together",
    cost: (A) => A.rows * Math.log2(A.rows + 1),
    applies: (A) => {
      // Tall blocks next to wide ones have more singular values together than one by one: the rest are zeros.
      const own = A.blocks.reduce((sum, part) => sum + Math.min(part.rows, part.cols), 0);
      return own === Math.min(A.rows, A.cols) || "there are tall blocks and wide ones";
    },
    parts: (A, call) => A.blocks.map((part) => call.plan("svd", part)),
    run: (A, call) => {
      const parts = A.blocks.map((part) => call.run("svd", part));
      const S = Float64Array.from(parts.flatMap((part) => [...part.S]));
      const U = blockDiag(...parts.map((part) => part.U)), V = blockDiag(...parts.map((part) => part.V));
      return sorted({ U, S, V }, call.args[0]);
    },
  }),
  typed("svd", Flipped, {
    name: "adjoint",
    why: "U and V change places",
    applies: (A) => A.conjugated || A.field === "real" || "it is a transpose without conjugation",
    parts: (A, call) => [call.plan("svd", A.of, ...call.args)],
    run: (A, call) => {
      const { U, S, V } = call.run("svd", A.of, ...call.args);
      return { U: V, S, V: U };
    },
  }),
  typed("svd", LowRankOperator, {
    name: "low rank",
    why: "the thin factors have orthonormal bases; what is between them is small",
    applies: (A, { args: [k] }) =>
      k !== undefined && k <= A.rank && A.rank <= Math.min(A.rows, A.cols) ||
      `its ${A.rank} singular values that are not zero are not all; ask for so many (k)`,
    cost: (A) => 2 * (A.rows + A.cols) * A.rank ** 2,
    parts: (A, call) => [call.plan("qr", A.left), call.plan("qr", A.right)],
    run: (A, call) => {
      const left = call.run("qr", A.left), right = A.right === A.left ? left : call.run("qr", A.right);
      const { U, S, V } = ofMatrix(product(left.R, A.core, right.R.adjoint()).toDense());
      return sorted({ U: product(left.Q, U), S, V: product(right.Q, V) }, call.args[0]);
    },
  }),
  general<"svd">({
    of: "svd",
    name: "eigenvectors of the parts",
    why: "of a normal operator, the singular values are the moduli of the eigenvalues",
    applies: (A, call) => {
      const parts = spectralParts(A);
      if (typeof parts === "string") return OTHER;
      if (parts.some((part) => !part.is("SelfAdjoint"))) return "not all parts are self-adjoint";
      const big = parts.map((part) => isSmall(part, call)).find((answer) => answer !== true);
      return big === undefined || `of a part, ${big}`;
    },
    cost: (A) => A.rows * Math.log2(A.rows + 1),
    parts: (A, call) => partsOf(A).map((part) => call.plan("eig", part)),
    run: (A, call) => {
      const spectrum = spectrumOf(A, call as unknown as Call<FunctionName>);
      if (!isNormal(spectrum)) {
        throw new RangeError(`Cannot find singular values of ${A.describe()} by its eigenvectors`);
      }
      const { values, field, vectors } = real(spectrum);
      const U = product(vectors, phases(values, field));
      return sorted({ U, S: moduli(values, field), V: vectors }, call.args[0]);
    },
  }),
  general<"svd">({
    of: "svd",
    name: "dense",
    why: "small: bidiagonal form and QR",
    applies: isSmall,
    cost: (A) => 10 * A.rows * A.cols * Math.min(A.rows, A.cols),
    run: (A, { args: [k] }) => {
      const all = ofMatrix(A.toDense());
      return k === undefined ? all : sorted(all, k);
    },
  }),
  general<"svd">({
    of: "svd",
    name: "randomised",
    why: "large: the largest singular values from a random sketch, refined until they stay",
    applies: (A, call) =>
      call.args[0] !== undefined ||
      `all singular values are asked for, and ${isSmall(A, call)}; ask for some (k), or raise dense.below`,
    cost: (A, call) => 10 * (call.args[0]! + 10) * A.cost,
    run: (A, call) => {
      const { tolerance, seed, signal, onProgress } = call.options, k = call.args[0]!;
      const { U, S, V, converged, residual, iterations } = randomSvd(A, k, {
        tolerance,
        seed,
        signal,
        onProgress,
      });
      if (!converged) {
        throw new ConvergenceError(
          `Cannot find ${k} singular values of ${A.describe()}: the randomised iteration did not converge; it is at ` +
            `${residual.toExponential(1)} after ${iterations} rounds. Raise tolerance`,
          S,
          residual,
          iterations,
        );
      }
      return { U: columns(U), S, V: columns(V) };
    },
  }),
];
