/**
 * Functions of operators: each chooses its algorithm by structure; `explain` says which.
 *
 * @module
 */
import { conditionEstimate } from "./algorithms/norm_estimate.ts";
import { kindOf } from "../operator/check.ts";
import { power } from "./compose.ts";
import { LinearOperator } from "./operator.ts";
import { defaultRules } from "./rules/default.ts";
import { eigenvaluesOf } from "./rules/eigen.ts";
import type {
  Eigen,
  Estimate,
  FunctionName,
  Functions,
  LinalgOptions,
  LogDet,
  SingularValues,
  Which,
} from "./rules/functions.ts";
import { unitOf } from "./scalar.ts";
import { exponential, logarithm, named, powerOf, type ScalarFunction } from "./spectral_functions.ts";
import type { Field, Vector } from "./types.ts";

function run<F extends FunctionName>(
  name: F,
  A: LinearOperator,
  options: LinalgOptions | undefined,
  ...args: Functions[F]["args"]
): Functions[F]["result"] {
  return (options?.rules ?? defaultRules).run(name, A, args, options);
}

/** Right sides, checked: one vector or several. */
function rightSides(what: string, A: LinearOperator, b: ArrayLike<number>): Vector {
  if (!(A instanceof LinearOperator)) {
    throw new TypeError(`Cannot ${what}: the first argument is not a linear operator but ${kindOf(A)}`);
  }
  const width = A.rows * unitOf(A.field);
  if (!Array.isArray(b) && !(ArrayBuffer.isView(b) && "length" in b)) {
    throw new TypeError(`Cannot ${what} with ${A.describe()}: b is not a list of numbers but ${kindOf(b)}`);
  }
  if (b.length === 0 || b.length % width !== 0) {
    throw new RangeError(
      `Cannot ${what} with ${A.describe()}: b has ${b.length} numbers, which is no multiple of ${width}` +
        (A.field === "complex" ? ` (${A.rows} complex numbers)` : ""),
    );
  }
  const numbers = Float64Array.from(b);
  const at = numbers.findIndex((v) => !Number.isFinite(v));
  if (at >= 0) {
    throw new RangeError(
      `Cannot ${what} with ${A.describe()}: b[${at}] is ${numbers[at]}, not a finite number`,
    );
  }
  return numbers;
}

/** Refuses results that are no numbers: an operator of a user's own may give them. */
function finite(what: string, A: LinearOperator, x: Vector): Vector {
  const at = x.findIndex((v) => !Number.isFinite(v));
  if (at < 0) return x;
  throw new RangeError(
    `Cannot ${what} with ${A.describe()}: entry ${at} of the result is ${
      x[at]
    }; the operator is singular, or overflows`,
  );
}

/**
 * Solves A·x = b, for one right side or several, one after another. For many calls with one operator, keep
 * {@link inv} and apply it: it is factored once.
 *
 * @throws {RangeError} when A is not square or is singular, shapes do not meet, or a number is not finite
 * @throws {ConvergenceError} when an iteration did not reach its tolerance; it carries the best x
 *
 * @example
 * ```ts
 * import { diagonal, kronSum, solve, tridiagonal } from "@papillon/papillon/linalg";
 * const line = tridiagonal(new Array(31).fill(-1), new Array(32).fill(2)); // Poisson on a line …
 * const x = solve(kronSum(line, line), new Float64Array(1024).fill(1)); // … and on a square
 * console.assert(x.length === 1024 && diagonal([2]).rows === 1);
 * ```
 */
export function solve(A: LinearOperator, b: ArrayLike<number>, options?: LinalgOptions): Vector {
  if (A?.isSquare === false) {
    throw new RangeError(`Cannot solve with ${A.describe()}: it is not square; lstsq finds least squares`);
  }
  const sides = rightSides("solve", A, b);
  return finite("solve", A, run("inv", A, options).apply(sides));
}

/** The least-squares solution of least norm: pinv(A)·b. */
export function lstsq(A: LinearOperator, b: ArrayLike<number>, options?: LinalgOptions): Vector {
  const sides = rightSides("solve least squares", A, b);
  return finite("solve least squares", A, run("pinv", A, options).apply(sides));
}

/** The inverse as an operator, structured where A is: that of a Kronecker product is one, that of a butterfly a chain. */
export function inv(A: LinearOperator, options?: LinalgOptions): LinearOperator {
  if (A?.isSquare === false) {
    throw new RangeError(`Cannot invert ${A.describe()}: it is not square; pinv finds the pseudo-inverse`);
  }
  return run("inv", A, options);
}

/** The pseudo-inverse as an operator. Singular values that are zero but for rounding count as zero. */
export function pinv(A: LinearOperator, options?: LinalgOptions): LinearOperator {
  return run("pinv", A, options);
}

/** The sign (or phase) of the determinant, and the logarithm of its modulus. */
export function slogdet(A: LinearOperator, options?: LinalgOptions): LogDet {
  return run("slogdet", A, options);
}

/**
 * The logarithm of a positive determinant.
 *
 * @throws {RangeError} when the determinant is negative, complex or zero: see {@link slogdet}
 */
export function logdet(A: LinearOperator, options?: LinalgOptions): number {
  const { sign, logabs } = slogdet(A, options);
  if (sign[0] > 0 && Math.abs(sign[1] ?? 0) < 1e-9) return logabs;
  const shown = sign.length === 1 ? `${sign[0]}` : `${sign[0]} + ${sign[1]}i`;
  throw new RangeError(
    `Cannot find the real logarithm of the determinant of ${A.describe()}: its sign is ${shown}; slogdet gives both`,
  );
}

/** The determinant. It may overflow where {@link slogdet} does not; then it is infinite. */
export function det(A: LinearOperator, options?: LinalgOptions): Estimate {
  const { sign, logabs, standardError } = slogdet(A, options), size = Math.exp(logabs);
  const times = (s: number): number => s === 0 ? 0 : s * size;
  return {
    value: times(sign[0]),
    imaginary: times(sign[1] ?? 0),
    standardError: standardError === 0 ? 0 : size * standardError,
  };
}

/** The trace. */
export function trace(A: LinearOperator, options?: LinalgOptions): Estimate {
  return run("trace", A, options);
}

/** The diagonal, in the field of the operator. */
export function diag(A: LinearOperator, options?: LinalgOptions): Vector {
  return run("diag", A, options);
}

/** Which eigenvalues, and how many. */
export interface EigenChoice extends LinalgOptions {
  /** How many; all when absent. */
  readonly k?: number;
  /** Which come first; "largest-magnitude" where `k` is given, else any order. */
  readonly which?: Which;
}

/**
 * Eigenvalues and eigenvectors as columns.
 *
 * @throws {RangeError} when A is not square, is defective, or so large that only some (`k`) can be found
 */
export function eig(A: LinearOperator, options: EigenChoice = {}): Eigen {
  return run("eig", A, options, options.k, options.which);
}

/**
 * Real eigenvalues and orthonormal eigenvectors of a self-adjoint operator.
 *
 * @throws {RangeError} when A is not known to be self-adjoint
 */
export function eigh(A: LinearOperator, options: EigenChoice = {}): Eigen {
  if (A?.is("SelfAdjoint") === false) {
    throw new RangeError(
      `Cannot find real eigenvalues of ${A.describe()}: it is not known to be self-adjoint (annotate it where it is)`,
    );
  }
  return eig(A, options);
}

/** All eigenvalues alone, of defective operators too; interleaved complex numbers unless `field` is "real". */
export function eigvals(A: LinearOperator, options: LinalgOptions = {}): { values: Vector; field: Field } {
  const { rule } = (options.rules ?? defaultRules).plan("eig", A, [], options);
  if (rule !== "dense") {
    const { values, field } = eig(A, options);
    return { values, field };
  }
  return eigenvaluesOf(A);
}

/** Singular values, the largest first, and vectors; the k largest where `k` is given. */
export function svd(
  A: LinearOperator,
  options: LinalgOptions & { readonly k?: number } = {},
): SingularValues {
  return run("svd", A, options, options.k);
}

/**
 * L of A = L·Lᴴ, lower triangular, structured where A is.
 *
 * @throws {RangeError} when A is not self-adjoint and positive definite
 */
export function cholesky(A: LinearOperator, options?: LinalgOptions): LinearOperator {
  return run("cholesky", A, options);
}

/** P·A = L·U. */
export function lu(A: LinearOperator, options?: LinalgOptions): Functions["lu"]["result"] {
  if (A?.isSquare === false) throw new RangeError(`Cannot factor ${A.describe()} by LU: it is not square`);
  return run("lu", A, options);
}

/** A = Q·R, Q with orthonormal columns. */
export function qr(A: LinearOperator, options?: LinalgOptions): Functions["qr"]["result"] {
  return run("qr", A, options);
}

/** f(A): of real functions only where all eigenvalues are real; else give { name, real, complex }. */
export function applyFunction(f: ScalarFunction, A: LinearOperator, options?: LinalgOptions): LinearOperator {
  return run("function", A, options, named(f));
}

/** The exponential of an operator. */
export function exp(A: LinearOperator, options?: LinalgOptions): LinearOperator {
  return run("function", A, options, exponential);
}

/** The principal logarithm. */
export function log(A: LinearOperator, options?: LinalgOptions): LinearOperator {
  return run("function", A, options, logarithm);
}

/** The principal square root. */
export function sqrt(A: LinearOperator, options?: LinalgOptions): LinearOperator {
  return run("function", A, options, powerOf(0.5));
}

/** The inverse of the principal square root. */
export function isqrt(A: LinearOperator, options?: LinalgOptions): LinearOperator {
  return run("function", A, options, powerOf(-0.5));
}

/** A^p: products and inverses for whole numbers, else the principal power. */
export function pow(A: LinearOperator, p: number, options?: LinalgOptions): LinearOperator {
  if (!Number.isFinite(p)) throw new RangeError(`Cannot find a power of an operator: the exponent is ${p}`);
  if (Number.isInteger(p)) return p >= 0 ? power(A, p) : power(inv(A, options), -p);
  return run("function", A, options, powerOf(p));
}

/** A norm: 2 (the largest singular value), "fro", 1 (columns), "inf" (rows). */
export function norm(A: LinearOperator, p: 1 | 2 | "fro" | "inf" = 2, options?: LinalgOptions): Estimate {
  if (p !== 1 && p !== 2 && p !== "fro" && p !== "inf") {
    throw new TypeError(`Cannot find a norm: p must be 1, 2, "fro" or "inf", got ${String(p)}`);
  }
  const found = run("norm", A, options, p);
  if (!Number.isNaN(found.value)) return found;
  throw new RangeError(
    `Cannot find the norm of ${A.describe()}: it is NaN; the operator gives what is not finite`,
  );
}

/**
 * The condition ‖A‖·‖A⁺‖ in a norm; infinite for what is singular. For p = 2 from the singular values, estimated where
 * those are too many.
 */
export function cond(A: LinearOperator, p: 1 | 2 | "fro" | "inf" = 2, options: LinalgOptions = {}): number {
  if (p === 2) {
    if ((options.rules ?? defaultRules).plan("svd", A, [], options).rule !== undefined) {
      const { S } = svd(A, options), least = S[S.length - 1];
      // A Kronecker product of matrices that are not square has fewer singular values: the rest are zero.
      return least === 0 || S.length < Math.min(A.rows, A.cols) ? Infinity : S[0] / least;
    }
    const { tolerance, maxIterations, seed, signal, onProgress } = options;
    return conditionEstimate(A, { tolerance, maxIterations, seed, signal, onProgress }).condition;
  }
  const size = norm(A, p, options).value;
  let inverse: LinearOperator;
  try {
    inverse = inv(A, options);
  } catch (error) {
    if (A.isSquare && error instanceof RangeError && /singular/.test(error.message)) return Infinity;
    throw error;
  }
  return size * norm(inverse, p, options).value;
}
