/**
 * Normalisation of channels over a batch.
 *
 * @module
 */

import { checkSize } from "../operator/check.ts";
import {
  checkCotangent,
  checkInput,
  Layer,
  type LayerState,
  type Parameter,
  parameter,
  refuse,
  type Tensor,
} from "./layer.ts";

/** How a {@link BatchNorm} works. */
export interface BatchNormOptions {
  /** How much of the running statistics a new batch replaces; 0.1. */
  readonly momentum?: number;
  /** Added to the variance; 1e-5. */
  readonly epsilon?: number;
}

/** What the backward direction needs. */
interface Kept {
  readonly normal: Float32Array;
  readonly inverse: Float64Array;
}

/**
 * Batch normalisation (Ioffe and Szegedy 2015): each channel, the first axis of an example, is brought to mean 0 and variance
 * 1 over the batch and all other axes, then scaled and shifted by numbers that are trained. Outside of training, by the
 * running mean and variance.
 *
 * @example
 * ```ts
 * import { BatchNorm } from "@papillon/papillon/layers";
 * const norm = new BatchNorm(1);
 * const { data } = norm.forward({ data: new Float32Array([1, 2, 3, 6]), shape: [4, 1] }, true);
 * console.assert(Math.abs(data.reduce((sum, v) => sum + v, 0)) < 1e-6);
 * ```
 */
export class BatchNorm extends Layer {
  /** What it is. */
  readonly name: string;
  readonly #channels: number;
  readonly #momentum: number;
  readonly #epsilon: number;
  readonly #scale: Parameter;
  readonly #shift: Parameter;
  readonly #mean: Float32Array<ArrayBuffer>;
  readonly #variance: Float32Array<ArrayBuffer>;
  #kept: Kept | undefined;
  #shape: readonly number[] | undefined;

  /**
   * A normalisation of so many channels.
   *
   * @throws {RangeError} when a number is out of range
   */
  constructor(channels: number, { momentum = 0.1, epsilon = 1e-5 }: BatchNormOptions = {}) {
    super();
    checkSize("a batch normalisation", "channels", channels);
    if (!(momentum > 0 && momentum <= 1) || !(epsilon > 0 && epsilon < Infinity)) {
      throw new RangeError(
        `Cannot make a batch normalisation: momentum must be in (0, 1] and epsilon positive, got ${momentum} and ${epsilon}`,
      );
    }
    this.name = `batch normalisation of ${channels}`;
    this.#channels = channels;
    this.#momentum = momentum;
    this.#epsilon = epsilon;
    this.#scale = parameter("scale", new Float32Array(channels).fill(1));
    this.#shift = parameter("shift", new Float32Array(channels));
    this.#mean = new Float32Array(channels);
    this.#variance = new Float32Array(channels).fill(1);
  }

  /** Scale and shift. */
  override get parameters(): readonly Parameter[] {
    return [this.#scale, this.#shift];
  }

  /** The running statistics. */
  override get state(): readonly LayerState[] {
    return [{ name: "mean", value: this.#mean }, { name: "variance", value: this.#variance }];
  }

  /** The shape stays as it is. */
  outputShape(input: readonly number[]): number[] {
    if (input[0] !== this.#channels) refuse(this, `${this.#channels} channels`, input);
    return [...input];
  }

  /** The output. */
  forward(x: Tensor, training = false): Tensor {
    const shape = checkInput(this, x), channels = this.#channels, [batch] = shape;
    const places = x.data.length / (batch * channels), count = batch * places;
    if (!training) return { data: this.#inference(x.data, places), shape };
    const { data } = x, y = new Float32Array(data.length), normal = new Float32Array(data.length);
    const inverse = new Float64Array(channels), stride = channels * places;
    for (let c = 0; c < channels; c++) {
      let sum = 0, squares = 0;
      for (let at = c * places; at < data.length; at += stride) {
        for (let i = at; i < at + places; i++) sum += data[i];
      }
      const mean = sum / count;
      for (let at = c * places; at < data.length; at += stride) {
        for (let i = at; i < at + places; i++) squares += (data[i] - mean) * (data[i] - mean);
      }
      const variance = squares / count, factor = 1 / Math.sqrt(variance + this.#epsilon);
      inverse[c] = factor;
      const scale = this.#scale.value[c], shift = this.#shift.value[c];
      for (let at = c * places; at < data.length; at += stride) {
        for (let i = at; i < at + places; i++) {
          const v = (data[i] - mean) * factor;
          normal[i] = v;
          y[i] = scale * v + shift;
        }
      }
      this.#mean[c] += this.#momentum * (mean - this.#mean[c]);
      // The running variance is that of a sample.
      const unbiased = count > 1 ? squares / (count - 1) : variance;
      this.#variance[c] += this.#momentum * (unbiased - this.#variance[c]);
    }
    this.#kept = { normal, inverse };
    this.#shape = shape;
    return { data: y, shape };
  }

  /** What it does outside of training: each channel times a number of `scale`, plus one of `shift`. */
  #affine(): { readonly scale: Float32Array; readonly shift: Float32Array } {
    const scale = this.#scale.value.map((v, c) => v / Math.sqrt(this.#variance[c] + this.#epsilon));
    return { scale, shift: this.#shift.value.map((v, c) => v - scale[c] * this.#mean[c]) };
  }

  #inference(x: Float32Array, places: number): Float32Array {
    const y = new Float32Array(x.length), channels = this.#channels, { scale, shift } = this.#affine();
    for (let at = 0, c = 0; at < x.length; at += places, c = c + 1 === channels ? 0 : c + 1) {
      const a = scale[c], b = shift[c];
      for (let i = at; i < at + places; i++) y[i] = a * x[i] + b;
    }
    return y;
  }

  /** The cotangent of the input. */
  backward(g: Tensor): Tensor {
    const { normal, inverse } = checkCotangent(this, g, this.#shape, this.#kept);
    const { data } = g, channels = this.#channels, count = data.length / channels;
    const places = count / g.shape[0], stride = channels * places, gx = new Float32Array(data.length);
    for (let c = 0; c < channels; c++) {
      let sum = 0, dot = 0;
      for (let at = c * places; at < data.length; at += stride) {
        for (let i = at; i < at + places; i++) {
          sum += data[i];
          dot += data[i] * normal[i];
        }
      }
      this.#shift.gradient[c] = sum;
      this.#scale.gradient[c] = dot;
      const factor = this.#scale.value[c] * inverse[c], mean = sum / count, slope = dot / count;
      for (let at = c * places; at < data.length; at += stride) {
        for (let i = at; i < at + places; i++) gx[i] = factor * (data[i] - mean - normal[i] * slope);
      }
    }
    return { data: gx, shape: g.shape };
  }

  /** Forgets the last batch. */
  override forget(): void {
    this.#kept = undefined;
  }
}
