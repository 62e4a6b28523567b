/**
 * What can be asked of an operator, and what comes back.
 *
 * @module
 */
import type { IterationOptions } from "../algorithms/iteration.ts";
import type { LinearOperator } from "../operator.ts";
import type { Field, LinearMap, Vector } from "../types.ts";
import type { RuleSet } from "./rule_set.ts";

/** A number, with its standard error where it is an estimate. */
export interface Estimate {
  /** The number, or its real part. */
  readonly value: number;
  /** The imaginary part; 0 where the number is real. */
  readonly imaginary: number;
  /** The standard error; 0 where nothing is estimated. */
  readonly standardError: number;
}

/** The logarithm of a determinant: det = sign·exp(logabs). */
export interface LogDet {
  /** ±1, or [re, im] of size 1 if complex; zero if the operator is singular. */
  readonly sign: Vector;
  /** log|det|; −∞ if the operator is singular. */
  readonly logabs: number;
  /** The standard error of `logabs`; 0 where nothing is estimated. */
  readonly standardError: number;
}

/** Which eigenvalues: by |λ|, or by λ itself, which must be real then. */
export type Which = "largest-magnitude" | "smallest-magnitude" | "largest" | "smallest";

/** A·V = V·diag(values). */
export interface Eigen {
  /** Eigenvalues, interleaved complex numbers unless `field` is "real". */
  readonly values: Vector;
  /** Whether the values are real or complex. */
  readonly field: Field;
  /** The eigenvectors as columns; annotated unitary where they are. */
  readonly vectors: LinearOperator;
}

/** A = U·diag(S)·Vᴴ. */
export interface SingularValues {
  /** Left singular vectors as columns. */
  readonly U: LinearOperator;
  /** Singular values, the largest first. */
  readonly S: Vector;
  /** Right singular vectors as columns: V, not Vᴴ. */
  readonly V: LinearOperator;
}

/** A function of one number, applied to eigenvalues. */
export interface SpectralFunction {
  /** For messages. */
  readonly name: string;
  /** Its value at a real number; NaN where it is not real there. */
  real(x: number): number;
  /** Its value at a complex number. */
  complex?(re: number, im: number): readonly [re: number, im: number];
  /** Whether f(x·y) = f(x)·f(y) for x, y ≥ 0, as of powers. */
  readonly multiplicative?: boolean;
}

/** Names of functions, with their further arguments and results. */
export interface Functions {
  /** The inverse as an operator. */
  inv: { args: []; result: LinearOperator };
  /** The pseudo-inverse as an operator. */
  pinv: { args: []; result: LinearOperator };
  /** The logarithm of the determinant. */
  slogdet: { args: []; result: LogDet };
  /** The trace. */
  trace: { args: []; result: Estimate };
  /** The diagonal, in the field of the operator. */
  diag: { args: []; result: Vector };
  /** Eigenvalues and eigenvectors: all of them, or k. */
  eig: { args: [k?: number, which?: Which]; result: Eigen };
  /** Singular values and vectors: all of them, or the k largest. */
  svd: { args: [k?: number]; result: SingularValues };
  /** L of A = L·Lᴴ. */
  cholesky: { args: []; result: LinearOperator };
  /** P·A = L·U. */
  lu: {
    args: [];
    result: { readonly P: LinearOperator; readonly L: LinearOperator; readonly U: LinearOperator };
  };
  /** A = Q·R. */
  qr: { args: []; result: { readonly Q: LinearOperator; readonly R: LinearOperator } };
  /** f(A). */
  function: { args: [f: SpectralFunction]; result: LinearOperator };
  /** A norm. */
  norm: { args: [p: 1 | 2 | "fro" | "inf"]; result: Estimate };
}

/** The name of a function that rules are for. */
export type FunctionName = keyof Functions;

/** What all functions take. */
export interface LinalgOptions extends IterationOptions {
  /** The rules to choose from; the default ones when absent. */
  readonly rules?: RuleSet;
  /**
   * What has no structure is written as a dense matrix up to `below` rows and columns (1000), and left to iterations above;
   * 0 for never, Infinity for always.
   */
  readonly dense?: { readonly below?: number };
  /** For iterations: an approximate inverse. */
  readonly preconditioner?: LinearMap;
  /**
   * For conjugate gradients on B + µI, B and µI positive: the rank of a Nyström approximation of B that serves as
   * preconditioner. It costs as many products, and pays where the eigenvalues of B fall fast. None when absent.
   */
  readonly nystrom?: number;
  /** Random vectors, for estimates; each method has its own number when absent. */
  readonly samples?: number;
  /** Steps of each of the iterations within an estimate or a function. */
  readonly steps?: number;
}

/** Options with what they mean when absent. */
export interface Settings extends LinalgOptions {
  /** See {@link LinalgOptions.rules}. */
  readonly rules: RuleSet;
  /** See {@link LinalgOptions.dense}. */
  readonly dense: { readonly below: number };
}
