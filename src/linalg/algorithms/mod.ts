/**
 * Linear algebra in float64, real and complex: dense factorisations, and iterations that need of a matrix only its
 * products.
 *
 * The code is our own. A well-kept library would be better where one serves: but the core of this library has no
 * dependencies at run time, ml-matrix (the usual choice) knows no complex numbers, and the others that do convert
 * every entry into an object. What is here is compared with ml-matrix and mathjs in `bench/linalg.ts`.
 *
 * Everything is synchronous, so that an operator's `apply` can solve a system. Matrices are row-major; blocks of
 * vectors lie one after another; complex numbers are interleaved.
 *
 * @module
 */
export type { Field, LinearMap, Matrix, Vector } from "../types.ts";
export {
  adjointMatrix,
  columnsMatrix,
  combineMatrices,
  complexMatrix,
  denseOf,
  diagonalMatrix,
  frobenius,
  hermitianPart,
  identityMatrix,
  matrixMap,
  matrixOf,
  multiply,
  norm1,
  realMatrix,
  transposeMatrix,
} from "./matrix.ts";
export { type TriangularOptions, triangularSolve } from "./triangular.ts";
export { type LogDeterminant, type LU, lu } from "./lu.ts";
export { type Cholesky, cholesky } from "./cholesky.ts";
export { type QR, qr, type QROptions } from "./qr.ts";
export { eigh, type HermitianEigen } from "./eigh.ts";
export { type SVD, svd } from "./svd.ts";
export { type Schur, schur } from "./schur.ts";
export { eig, type Eigen } from "./eig.ts";
export { expm, solveMatrix } from "./expm.ts";
export { funm, isHermitian, logm, type ScalarFunction, sqrtm } from "./matrix_functions.ts";
export { estimateNorm1, type Product } from "./condition.ts";
export type { Scalar, Unit } from "./vectors.ts";
export type {
  IterationOptions,
  IterationProgress,
  IterationResult,
  SolveOptions,
  SolveResult,
} from "./iteration.ts";
export { cg, type CGOptions } from "./cg.ts";
export { gmres, type GMRESOptions } from "./gmres.ts";
export { minres } from "./minres.ts";
export { lsmr, type LSMROptions, type LSMRResult } from "./lsmr.ts";
export type { EigenOptions, EigenResult, Which } from "./eigen_options.ts";
export { lanczos } from "./lanczos.ts";
export { arnoldi } from "./arnoldi.ts";
export { lobpcg, type LOBPCGOptions } from "./lobpcg.ts";
export { complexMap } from "./krylov.ts";
export {
  arnoldiFunction,
  type FunctionOptions,
  type FunctionResult,
  lanczosFunction,
} from "./krylov_functions.ts";
export type { Estimate, EstimateOptions } from "./estimate.ts";
export { hutchinson, hutchPlusPlus, type HutchPlusPlusOptions } from "./trace.ts";
export {
  type LogDetEstimate,
  logdetEstimate,
  type QuadratureEstimate,
  type QuadratureOptions,
  type SpectralDensity,
  spectralDensity,
  traceOfFunction,
} from "./quadrature.ts";
export { randomSvd, type RandomSvdOptions, type RandomSvdResult } from "./random_svd.ts";
export { type Nystrom, nystrom, nystromPreconditioner } from "./nystrom.ts";
export { type ConditionEstimate, conditionEstimate, type NormResult, powerNorm } from "./norm_estimate.ts";
