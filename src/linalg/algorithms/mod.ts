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
export * from "./matrix.ts";
export * from "./triangular.ts";
export * from "./lu.ts";
export * from "./cholesky.ts";
export * from "./qr.ts";
export * from "./eigh.ts";
export * from "./svd.ts";
export { estimateNorm1, type Product } from "./condition.ts";
export {
  type IterationOptions,
  type IterationProgress,
  type IterationResult,
  type SolveOptions,
  type SolveResult,
} from "./iteration.ts";
export * from "./cg.ts";
export * from "./gmres.ts";
export * from "./minres.ts";
export * from "./lsmr.ts";
export { type Schur, schur } from "./schur.ts";
export { eig, type Eigen } from "./eig.ts";
export { expm, solveMatrix } from "./expm.ts";
export { funm, isHermitian, logm, type ScalarFunction, sqrtm } from "./matrix_functions.ts";
export { type EigenOptions, type EigenResult, type Which } from "./eigen_options.ts";
export { lanczos } from "./lanczos.ts";
export { arnoldi } from "./arnoldi.ts";
export { lobpcg, type LOBPCGOptions } from "./lobpcg.ts";
export {
  arnoldiFunction,
  type FunctionOptions,
  type FunctionResult,
  lanczosFunction,
} from "./krylov_functions.ts";
export { type Estimate, type EstimateOptions } from "./estimate.ts";
export { hutchinson, hutchPlusPlus, type HutchPlusPlusOptions } from "./trace.ts";
export {
  type LogDetEstimate,
  logdetEstimate,
  type QuadratureEstimate,
  type QuadratureOptions,
  traceOfFunction,
} from "./quadrature.ts";
export { randomSvd, type RandomSvdOptions, type RandomSvdResult } from "./random_svd.ts";
export { type Nystrom, nystrom, nystromPreconditioner } from "./nystrom.ts";
export { type ConditionEstimate, conditionEstimate, type NormResult, powerNorm } from "./norm_estimate.ts";
export { complexMap } from "./krylov.ts";
