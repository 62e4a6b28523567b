/**
 * Linear algebra that uses structure: operators by composition, in float64, and functions that choose their algorithm by it.
 *
 * @example
 * ```ts
 * import { explain, identity, kron, logdet, scale, solve, sum, toeplitz } from "@papillon/papillon/linalg";
 * const kernel = toeplitz(Array.from({ length: 50 }, (_, k) => Math.exp(-0.01 * k * k))).annotate("PSD");
 * const noisy = sum(kron(kernel, kernel), scale(0.1, identity(2500))); // a Gaussian process on a grid
 * const weights = solve(noisy, new Float64Array(2500).fill(1));
 * console.assert(weights.length === 2500 && Number.isFinite(logdet(noisy)));
 * console.assert(explain("solve", noisy).includes("eigenvectors of the parts"));
 * ```
 *
 * @module
 */
export * as algorithms from "./algorithms/mod.ts";
export type { Field, LinearMap, Matrix, Vector } from "./types.ts";
export type { EstimateOptions } from "./algorithms/estimate.ts";
export type { IterationOptions, IterationProgress } from "./algorithms/iteration.ts";
export type { Annotation } from "./annotations.ts";
export type { Scalar } from "./scalar.ts";
export { Conjugated, Flipped, LinearOperator } from "./operator.ts";
export { dense, DenseOperator, type Entries, triangular, TriangularOperator } from "./operators/dense.ts";
export {
  diagonal,
  DiagonalOperator,
  identity,
  IdentityOperator,
  zero,
  ZeroOperator,
} from "./operators/simple.ts";
export { permutation, PermutationOperator } from "./operators/permutation.ts";
export {
  householder,
  HouseholderOperator,
  tridiagonal,
  TridiagonalOperator,
} from "./operators/tridiagonal.ts";
export {
  type CompressedRows,
  fromTriplets,
  sparse,
  SparseOperator,
  type Triplet,
} from "./operators/sparse.ts";
export { parseMatrixMarket, writeMatrixMarket } from "./matrix_market.ts";
export {
  circulant,
  CirculantOperator,
  convolution,
  fft,
  FourierOperator,
  toeplitz,
  ToeplitzOperator,
} from "./operators/fourier.ts";
export { Fourier } from "./fourier.ts";
export { FactorOperator } from "./operators/factor.ts";
export { KernelOperator, ProgramOperator } from "./operators/program.ts";
export { fromOperator } from "./operators/from_operator.ts";
export { ApplyOperator, operatorFrom, type UserOperator } from "./operators/user.ts";
export { LowRankOperator, ProductOperator, ScaledOperator, SumOperator } from "./operators/composite.ts";
export { BlockDiagOperator, KroneckerOperator, KronSumOperator } from "./operators/kronecker.ts";
export { ConcatenatedOperator, SlicedOperator } from "./operators/parts.ts";
export { InverseOperator, type Solver } from "./operators/inverse.ts";
export { RealPartOperator } from "./operators/real_part.ts";
export {
  adjoint,
  blockDiag,
  concat,
  conjugated,
  kron,
  kronSum,
  lowRank,
  type LowRankParts,
  lowRankUpdate,
  negate,
  power,
  product,
  scalar,
  scale,
  type Selection,
  slice,
  sum,
  transpose,
} from "./compose.ts";
export {
  applyFunction,
  cholesky,
  cond,
  det,
  diag,
  eig,
  type EigenChoice,
  eigh,
  eigvals,
  exp,
  inv,
  isqrt,
  log,
  logdet,
  lstsq,
  lu,
  norm,
  pinv,
  pow,
  qr,
  slogdet,
  solve,
  sqrt,
  svd,
  trace,
} from "./functions.ts";
export { explain, type Explainable, type ExplainOptions, plan } from "./explain.ts";
export { parameterGradient } from "./parameters.ts";
export {
  functionGradient,
  functionTimesGradient,
  type FunctionTimesGradientOptions,
  logdetGradient,
  type ParameterGradient,
  type SolveGradient,
  solveGradient,
  type TraceGradient,
  traceGradient,
  type TraceGradientOptions,
} from "./gradients.ts";
export type { ScalarFunction } from "./spectral_functions.ts";
export type {
  Eigen,
  Estimate,
  FunctionName,
  Functions,
  LinalgOptions,
  LogDet,
  Settings,
  SingularValues,
  SpectralFunction,
  Which,
} from "./rules/functions.ts";
export { type AnyRule, type Call, OTHER, type Plan, type Rule, RuleSet } from "./rules/rule_set.ts";
export { defaultRules } from "./rules/default.ts";
export { ConvergenceError } from "./rules/singular.ts";
