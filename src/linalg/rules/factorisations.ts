/**
 * Cholesky, LU and QR by structure.
 *
 * @module
 */
import { cholesky } from "../algorithms/cholesky.ts";
import { lu } from "../algorithms/lu.ts";
import { qr } from "../algorithms/qr.ts";
import { blockDiag, kron, scale } from "../compose.ts";
import type { LinearOperator } from "../operator.ts";
import { ScaledOperator } from "../operators/composite.ts";
import { DenseOperator, TriangularOperator } from "../operators/dense.ts";
import { BlockDiagOperator, KroneckerOperator } from "../operators/kronecker.ts";
import { PermutationOperator } from "../operators/permutation.ts";
import { DiagonalOperator, identity, IdentityOperator } from "../operators/simple.ts";
import { unitOf } from "../scalar.ts";
import { type AnyRule, isSmall, OTHER } from "./rule_set.ts";
import { exactly } from "./solvers.ts";
import { allSquare, general, typed } from "./typed.ts";

/** That an operator has no Cholesky factor. */
function indefinite(A: LinearOperator, why: string): RangeError {
  return new RangeError(`Cannot factor ${A.describe()} by Cholesky: it is not positive definite, ${why}`);
}

/** Refusals, and small operators written as matrices. */
function last(of: "cholesky" | "lu" | "qr"): AnyRule[] {
  if (of === "cholesky") {
    return [general<"cholesky">({
      of,
      name: "dense",
      why: "small, and without a structure that helps",
      applies: isSmall,
      cost: (A) => A.rows ** 3 / 6 + A.rows * A.cost,
      run: (A) => {
        if (!A.isSquare) throw new RangeError(`Cannot factor ${A.describe()} by Cholesky: it is not square`);
        return new TriangularOperator(cholesky(A.toDense()).L, true);
      },
    })];
  }
  if (of === "lu") {
    return [general<"lu">({
      of,
      name: "dense",
      why: "small, and without a structure that helps",
      applies: isSmall,
      cost: (A) => A.rows ** 3 / 3 + A.rows * A.cost,
      run: (A) => {
        if (!A.isSquare) throw new RangeError(`Cannot factor ${A.describe()} by LU: it is not square`);
        const { L, U, permutation } = lu(A.toDense());
        return {
          P: new PermutationOperator(permutation, "real"),
          L: new TriangularOperator(L, true),
          U: new TriangularOperator(U, false),
        };
      },
    })];
  }
  return [general<"qr">({
    of,
    name: "dense",
    why: "small, and without a structure that helps",
    // A tall matrix is as large as its narrow side lets it be.
    applies: (A, call) => {
      const small = isSmall(A, call);
      if (small === true) return true;
      const { below } = call.options.dense;
      return A.rows * A.cols <= below * below ? true : small;
    },
    cost: (A) => 2 * A.rows * A.cols * Math.min(A.rows, A.cols),
    run: (A) => {
      const { Q, R } = qr(A.toDense());
      const upper = R.rows === R.cols ? new TriangularOperator(R, false) : new DenseOperator(R);
      return { Q: new DenseOperator(Q).annotate("Stiefel"), R: upper };
    },
  })];
}

/** Rules for `cholesky`. */
const choleskys = (): readonly AnyRule[] => [
  exactly("cholesky"),
  typed("cholesky", IdentityOperator, { name: "identity", why: "the identity is its own", run: (A) => A }),
  typed("cholesky", DiagonalOperator, {
    name: "diagonal",
    why: "square roots of the entries",
    cost: (A) => A.rows,
    run: (A) => {
      const unit = unitOf(A.field);
      for (let i = 0; i < A.rows; i++) {
        const re = A.values[i * unit], im = unit === 2 ? A.values[2 * i + 1] : 0;
        if (!(re > 0) || im !== 0) throw indefinite(A, `entry ${i} is ${re}${im === 0 ? "" : ` + ${im}i`}`);
      }
      return new DiagonalOperator(A.values.map(Math.sqrt), A.field);
    },
  }),
  typed("cholesky", ScaledOperator, {
    name: "multiple",
    why: "√c times that of A",
    applies: ({ factor: [re, im] }) => (re > 0 && im === 0) || `the factor is not positive`,
    parts: (A, call) => [call.plan("cholesky", A.of)],
    run: (A, call) => scale(Math.sqrt(A.factor[0]), call.run("cholesky", A.of)),
  }),
  typed("cholesky", KroneckerOperator, {
    name: "Kronecker product factor by factor",
    why: "the product of the factors of the parts",
    applies: (A) => A.factors.every((part) => part.is("PSD")) || "not all factors are annotated PSD",
    parts: (A, call) => A.factors.map((part) => call.plan("cholesky", part)),
    run: (A, call) => kron(...A.factors.map((part) => call.run("cholesky", part))),
  }),
  typed("cholesky", BlockDiagOperator, {
    name: "block diagonal block by block",
    why: "every block has its own",
    applies: (A) => allSquare(A.blocks, "block"),
    parts: (A, call) => A.blocks.map((part) => call.plan("cholesky", part)),
    run: (A, call) => blockDiag(...A.blocks.map((part) => call.run("cholesky", part))),
  }),
  ...last("cholesky"),
];

/** Rules for `lu`. */
const lus = (): readonly AnyRule[] => [
  exactly("lu"),
  general<"lu">({
    of: "lu",
    name: "diagonal or upper triangular",
    why: "it is U, and P = L = I; negative entries need no square root",
    applies: (A) =>
      A instanceof DiagonalOperator || A instanceof IdentityOperator ||
      (A instanceof TriangularOperator && !A.lower) || OTHER,
    cost: () => 0,
    run: (A) => ({ P: identity(A.rows), L: identity(A.rows), U: A }),
  }),
  typed("lu", PermutationOperator, {
    name: "permutation",
    why: "Pᵀ takes it to the identity",
    run: (A) => ({ P: A.adjoint(), L: identity(A.rows), U: identity(A.rows) }),
  }),
  typed("lu", ScaledOperator, {
    name: "multiple",
    why: "the factor goes into U",
    parts: (A, call) => [call.plan("lu", A.of)],
    run: (A, call) => {
      const { P, L, U } = call.run("lu", A.of);
      return { P, L, U: scale(A.factor, U) };
    },
  }),
  typed("lu", KroneckerOperator, {
    name: "Kronecker product factor by factor",
    why: "(P₁⊗P₂)(A₁⊗A₂) = (L₁⊗L₂)(U₁⊗U₂)",
    applies: (A) => allSquare(A.factors, "factor"),
    parts: (A, call) => A.factors.map((part) => call.plan("lu", part)),
    run: (A, call) => {
      const parts = A.factors.map((part) => call.run("lu", part));
      return {
        P: kron(...parts.map(({ P }) => P)),
        L: kron(...parts.map(({ L }) => L)),
        U: kron(...parts.map(({ U }) => U)),
      };
    },
  }),
  typed("lu", BlockDiagOperator, {
    name: "block diagonal block by block",
    why: "every block has its own",
    applies: (A) => allSquare(A.blocks, "block"),
    parts: (A, call) => A.blocks.map((part) => call.plan("lu", part)),
    run: (A, call) => {
      const parts = A.blocks.map((part) => call.run("lu", part));
      return {
        P: blockDiag(...parts.map(({ P }) => P)),
        L: blockDiag(...parts.map(({ L }) => L)),
        U: blockDiag(...parts.map(({ U }) => U)),
      };
    },
  }),
  ...last("lu"),
];

/** Rules for `qr`. */
const qrs = (): readonly AnyRule[] => [
  exactly("qr"),
  general<"qr">({
    of: "qr",
    name: "orthonormal columns",
    why: "it is Q",
    applies: (A) => A.is("Stiefel") || OTHER,
    cost: () => 0,
    run: (A) => ({ Q: A, R: identity(A.cols) }),
  }),
  general<"qr">({
    of: "qr",
    name: "diagonal or upper triangular",
    why: "it is R",
    applies: (A) => A instanceof DiagonalOperator || (A instanceof TriangularOperator && !A.lower) || OTHER,
    cost: () => 0,
    run: (A) => ({ Q: identity(A.rows), R: A }),
  }),
  typed("qr", ScaledOperator, {
    name: "multiple",
    why: "the factor goes into R",
    parts: (A, call) => [call.plan("qr", A.of)],
    run: (A, call) => {
      const { Q, R } = call.run("qr", A.of);
      return { Q, R: scale(A.factor, R) };
    },
  }),
  typed("qr", KroneckerOperator, {
    name: "Kronecker product factor by factor",
    why: "(Q₁⊗Q₂)(R₁⊗R₂)",
    applies: (A) =>
      A.factors.every((part) => part.rows >= part.cols) || "a factor has more columns than rows",
    parts: (A, call) => A.factors.map((part) => call.plan("qr", part)),
    run: (A, call) => {
      const parts = A.factors.map((part) => call.run("qr", part));
      return { Q: kron(...parts.map(({ Q }) => Q)), R: kron(...parts.map(({ R }) => R)) };
    },
  }),
  typed("qr", BlockDiagOperator, {
    name: "block diagonal block by block",
    why: "every block has its own",
    applies: (A) => A.blocks.every((part) => part.rows >= part.cols) || "a block has more columns than rows",
    parts: (A, call) => A.blocks.map((part) => call.plan("qr", part)),
    run: (A, call) => {
      const parts = A.blocks.map((part) => call.run("qr", part));
      return { Q: blockDiag(...parts.map(({ Q }) => Q)), R: blockDiag(...parts.map(({ R }) => R)) };
    },
  }),
  ...last("qr"),
];

/** Rules for `cholesky`, `lu` and `qr`. */
export const factorisations = (): readonly AnyRule[] => [...choleskys(), ...lus(), ...qrs()];
