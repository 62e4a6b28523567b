/**
 * Layers for networks on papillon's kernels: linear maps of any structure, mixing of channels, learned permutations, a
 * spectral front end, and what else small networks need, each with an explicit forward and backward direction; optimizers, and
 * training that can be interrupted and resumed to the bit.
 *
 * @example
 * ```ts
 * import { Linear, Relu, Sequential, softmaxCrossEntropy } from "@papillon/papillon/layers";
 * const model = new Sequential([
 *   new Linear(256, 256, { structure: "kaleidoscope", gain: Math.SQRT2, seed: 1 }),
 *   new Relu(),
 *   new Linear(256, 10, { seed: 2 }),
 * ]);
 * const x = { data: new Float32Array(4 * 256).fill(0.1), shape: [4, 256] };
 * const { loss, gradient } = softmaxCrossEntropy(model.forward(x, true), [0, 1, 2, 3]);
 * model.backward(gradient);
 * console.assert(loss > 0 && model.parameters.every(({ gradient }) => gradient.some((slope) => slope !== 0)));
 * ```
 *
 * @module
 */

export { Layer, type LayerState, type Parameter, type Tensor } from "./layer.ts";
export { TrainedMap, type WireOptions, type Wiring } from "./map.ts";
export { Linear, type LinearOfOptions, type LinearOptions } from "./linear.ts";
export { LINEAR_STRUCTURES, type LinearStructure, type StructureOptions } from "./structures.ts";
export { PointwiseMix, type PointwiseOptions } from "./pointwise.ts";
export { LearnedPermutation, type LearnedPermutationOptions } from "./permutation.ts";
export { SpectralFrontEnd, type SpectralOptions } from "./spectral.ts";
export { Conv2d, type ConvOptions } from "./conv.ts";
export { DepthwiseConv2d } from "./depthwise.ts";
export type { SlideOptions } from "./image.ts";
export { GlobalPool, Pool2d } from "./pool.ts";
export { BatchNorm, type BatchNormOptions } from "./normalize.ts";
export { Dropout, Flatten, Relu, Reshape, Transpose } from "./shapes.ts";
export { Frozen } from "./frozen.ts";
export { Residual, Sequential } from "./sequential.ts";
export { type LossValue, softmaxCrossEntropy } from "./loss.ts";
export type { AdamOptions } from "../learn/adam.ts";
export { adam, type DecayOptions, type Optimizer, sgd, warmCosine } from "./optimizer.ts";
export type { AnyState, NetworkState, StateTensor } from "./state.ts";
export {
  type Divergence,
  type Epoch,
  type Examples,
  train,
  type Trained,
  type TrainOptions,
  type TrainProgress,
} from "./train.ts";
export { evaluate, type Evaluation } from "./evaluate.ts";
export { type TfjsCore, tfjsLayer, type TfjsLayers, tfjsOperation, type TfjsTensor } from "./tfjs.ts";
