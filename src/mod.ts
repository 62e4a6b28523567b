/**
 * papillon: structured linear maps in WebAssembly SIMD. Butterfly matrices and their products, built, learned from a
 * dense matrix, saved and run in n·log n.
 *
 * @example
 * ```ts
 * import { Butterfly, checkTarget, learn, toOperator } from "@papillon/papillon";
 * // A dense 64×64 matrix that hides a butterfly …
 * const dense = Butterfly.random(64, { seed: 1 }).toDense();
 * // … is found again from its entries, and runs in n·log n.
 * const map = toOperator(await learn(checkTarget(dense, 64)));
 * console.assert(map.operations < 64 * 64 / 4);
 * ```
 *
 * @module
 */

export type { Host, Kernels, Twin } from "./kernels/host.ts";
export type { Support } from "./kernels/cut.ts";
export { createMachine, type Machine, machine, type MachineName, type Run } from "./kernels/machine.ts";
export { Arena, type Block } from "./kernels/arena.ts";
export type { Bases, Instruction, View } from "./kernels/record.ts";
export type {
  AddStep,
  BiasStep,
  ConcatStep,
  DenseStep,
  DiagonalStep,
  FactorStep,
  Field,
  Pattern,
  PermutationStep,
  Step,
  WindowStep,
} from "./program/step.ts";
export { Program, ProgramBuilder } from "./program/program.ts";
export { Executable } from "./program/executable.ts";
export type { Image, Words } from "./program/image.ts";
export { explain } from "./program/explain.ts";
export { simplify } from "./program/simplify.ts";
export { Random } from "./program/random.ts";
export { type Gradient, Operator, Transposed } from "./operator/operator.ts";
export { Butterfly, type ButterflyOptions, type RandomButterflyOptions } from "./operator/butterfly.ts";
export type { Initial } from "./operator/blocks.ts";
export { rotationBlocks, type UnitaryAngles, unitaryBlocks } from "./operator/angles.ts";
export {
  type AngleGradient,
  OrthogonalButterfly,
  type OrthogonalButterflyOptions,
} from "./operator/orthogonal.ts";
export { Base4Butterfly, type Base4Factor, toBase4 } from "./operator/base4.ts";
export { bitReversal, Permutation } from "./operator/permutation.ts";
export { Bias } from "./operator/bias.ts";
export { Diagonal } from "./operator/diagonal.ts";
export { Dense } from "./operator/dense.ts";
export { KroneckerFactor } from "./operator/factor.ts";
export {
  blockButterflyPatterns,
  butterflyPatterns,
  checkChain,
  checkPattern,
  deformablePatterns,
  fusePatterns,
  isChainable,
  mixedRadixPatterns,
  monarchPatterns,
  patternColumns,
  patternRows,
  patternWeights,
  pieceRank,
  primeFactors,
  radixPatterns,
  rectangularPatterns,
  type StrideOptions,
  transposePattern,
  withRank,
} from "./operator/pattern.ts";
export { Chain, type RandomChainOptions } from "./operator/chain.ts";
export { realPart } from "./operator/real_part.ts";
export { RealView } from "./operator/real_view.ts";
export { Product, product } from "./operator/product.ts";
export { BlockDiagonal, blockDiagonal } from "./operator/block_diagonal.ts";
export { Window } from "./operator/window.ts";
export { Sum, sum } from "./operator/sum.ts";
export { Corner, corner } from "./operator/corner.ts";
export { Kronecker, kronecker } from "./operator/kronecker.ts";
export {
  addButterflies,
  blockDiagonalButterflies,
  flipStrides,
  foldDiagonal,
  invertButterfly,
  kroneckerButterflies,
  kroneckerPermutations,
  multiplyButterflies,
} from "./kaleidoscope/closure.ts";
export { classOf, type KaleidoscopeClass, toKaleidoscope } from "./kaleidoscope/hierarchy.ts";
export { householder, orthogonalProduct, singularProduct } from "./kaleidoscope/reflections.ts";
export { Rotation, rotation, type RotationOptions, type RotationStage } from "./kaleidoscope/rotation.ts";
export { fourierButterfly, type FourierOptions } from "./kaleidoscope/fourier.ts";
export {
  invertPermutation,
  permutationButterfly,
  type PermutationButterflyOptions,
  waveletPermutation,
} from "./kaleidoscope/permutation.ts";
export {
  type HalfBalance,
  halfBalance,
  type ModularBalance,
  modularBalance,
} from "./kaleidoscope/balance.ts";
export { dft, idft } from "./kaleidoscope/transforms/dft.ts";
export { dct1, dst1 } from "./kaleidoscope/transforms/cosine_one.ts";
export { dct2, dct3, dct4, dst2, dst3, dst4 } from "./kaleidoscope/transforms/cosine.ts";
export { hartley } from "./kaleidoscope/transforms/hartley.ts";
export {
  hadamard,
  type HadamardOrder,
  walsh,
  type WalshOptions,
} from "./kaleidoscope/transforms/hadamard.ts";
export { haar, type HaarOptions } from "./kaleidoscope/transforms/haar.ts";
export { overAxes, Repeated } from "./kaleidoscope/transforms/axes.ts";
export type { Shape, TransformOptions } from "./kaleidoscope/transforms/shape.ts";
export { Convolution, type ConvolutionOptions } from "./kaleidoscope/convolution.ts";
export { linearConvolution, type LinearConvolutionOptions } from "./kaleidoscope/linear_convolution.ts";
export { circulant, toeplitz } from "./kaleidoscope/circulant.ts";
export { acdc, afdf, fastfood, hadamardDiagonal, type HadamardOptions } from "./kaleidoscope/diagonals.ts";
export { Bft, BftLayer, type BftOptions, type Layer as BftFactor } from "./kaleidoscope/bft.ts";
export { fromKsValues, type KsValues, toKsValues } from "./kaleidoscope/ks_values.ts";
export { fromMonarch, type MonarchWeights, toMonarch } from "./kaleidoscope/monarch.ts";
export { lowRank, type LowRankOptions } from "./kaleidoscope/low_rank.ts";
export { stepMatrix, type StepMatrixOptions } from "./kaleidoscope/step_matrix.ts";
export { Sparse, sparse, type SparseEntries } from "./kaleidoscope/sparse.ts";
export {
  circuit,
  CircuitBuilder,
  type Gate,
  type LinearCircuit,
  type Scalar,
} from "./kaleidoscope/circuit.ts";
export { conv1d, type Conv1dOptions, conv2d, type Conv2dOptions } from "./kaleidoscope/layers.ts";
export { checkTarget, type Target } from "./learn/target.ts";
export { learn } from "./learn/learn.ts";
export {
  gaussianStep,
  learnRotation,
  type LearnRotationOptions,
  type RotationFit,
} from "./learn/rotation.ts";
export {
  type Attempt,
  Fit,
  type FitData,
  type LearnOptions,
  type Method,
  type ModelName,
  MODELS,
  type Stopped,
} from "./learn/fit.ts";
export type { Explained } from "./learn/explain.ts";
export type { FitPart, Model } from "./learn/parts.ts";
export type { FunctionSource, LearnSource, SampleSource } from "./learn/source.ts";
export type { Samples } from "./learn/samples.ts";
export type { GradientOptions, Start, Starter, StartProblem } from "./learn/gradient.ts";
export type { FrontPermutation, Hypothesis } from "./learn/hypothesis.ts";
export type { LossAndGradient } from "./learn/objective.ts";
export {
  search,
  type SearchCheckpoint,
  type SearchOptions,
  type SearchPlan,
  type SearchResult,
  type SearchRow,
  type SearchTable,
} from "./learn/search/search.ts";
export { readCheckpoint, writeCheckpoint } from "./learn/search/checkpoint.ts";
export { finishedOperator } from "./learn/search/operator.ts";
export type { Finished, Trial, TrialState } from "./learn/search/trial.ts";
export type { WorkerLike } from "./learn/search/executor.ts";
export {
  type LearnedPermutation,
  learnPermutation,
  type PermutationLoss,
  type PermutationOptions,
} from "./learn/permutations/learn_permutation.ts";
export {
  type RelaxedGradient,
  RelaxedPermutation,
  type RelaxedPermutationOptions,
} from "./learn/permutations/relaxed.ts";
export {
  sampleChoices,
  StochasticButterfly,
  type StochasticGradient,
} from "./learn/permutations/stochastic.ts";
export {
  entropyBits,
  sinkhorn,
  totalVariation,
  type VariationOptions,
} from "./learn/permutations/smoothness.ts";
export type { Progress, RunOptions, StopReason } from "./learn/task.ts";
export { factorizationOperator, toOperator } from "./learn/operator.ts";
export { type Factorization, factorize, type FactorizeOptions } from "./learn/factorize.ts";
export { findStructure, type Structure, type StructureOptions } from "./learn/structure.ts";
export { digitReversal } from "./learn/orders.ts";
export {
  compress,
  type Compressed,
  type Compression,
  type CompressOptions,
  type Tried,
} from "./learn/compress.ts";
export type { StructureName } from "./learn/plans.ts";
export { approximateLowRank, type LowRankFit, lowRankOperator } from "./learn/baselines/low_rank.ts";
export { approximateSparse, type SparseFit, sparseOperator } from "./learn/baselines/sparse.ts";
export {
  approximateSparseLowRank,
  type SparseLowRankFit,
  sparseLowRankOperator,
} from "./learn/baselines/sparse_low_rank.ts";
export type { DenseMatrix } from "./learn/matrix.ts";
export {
  peel,
  type PeelFit,
  peelMisfit,
  type PeelMisfitOptions,
  peelOperator,
  type PeelOptions,
} from "./learn/peel.ts";
export type { PeelFactors } from "./learn/peel_factors.ts";
export { loadOperator, saveOperator } from "./io/operator_file.ts";
export { saveCompiled } from "./io/compiled_file.ts";
export { type Checkpoint, loadCheckpoint, saveCheckpoint } from "./io/checkpoint.ts";
export {
  fromStrideAngles,
  fromStrideTwiddle,
  fromTiedTwiddle,
  type OldLayoutOptions,
} from "./io/old_layouts.ts";
export * from "./io/safetensors.ts";
export { readNpy, writeNpy } from "./io/npy.ts";
export { readCsv, writeCsv } from "./io/csv.ts";
export { frames, readWav, type Wav, writeWav } from "./io/wav.ts";
export { type ArrayFormat, type NumericArray, readArray, writeArray } from "./io/array.ts";
