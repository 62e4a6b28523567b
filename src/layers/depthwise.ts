/**
 * Depthwise convolutions, in loops over rows of places.
 *
 * @module
 */

import { checkSize } from "../operator/check.ts";
import { Random } from "../program/random.ts";
import type { ConvOptions } from "./conv.ts";
import { placesOf, type Slide, slideOf } from "./image.ts";
import { normals } from "./initial.ts";
import {
  checkCotangent,
  checkInput,
  Layer,
  type Parameter,
  parameter,
  refuse,
  type Tensor,
} from "./layer.ts";

/**
 * A convolution of each channel with a window of its own, [channels][rows][columns] to the same number of channels.
 */
export class DepthwiseConv2d extends Layer {
  /** What it is. */
  readonly name: string;
  readonly #channels: number;
  readonly #slide: Slide;
  readonly #weights: Parameter;
  readonly #bias: Parameter | undefined;
  #x: Tensor | undefined;
  #shape: readonly number[] | undefined;

  /**
   * A convolution with random weights.
   *
   * @param size of the window: rows and columns, or one number for both
   * @throws {RangeError} when a size is out of range
   */
  constructor(
    channels: number,
    size: number | readonly [number, number],
    options: Omit<ConvOptions, "groups"> = {},
  ) {
    super();
    const { bias = true, gain = 1, seed = 0 } = options, what = "a depthwise convolution";
    checkSize(what, "channels", channels, 2 ** 20);
    this.#slide = slideOf(what, size, options);
    this.#channels = channels;
    const [height, width] = this.#slide.size, area = height * width;
    this.name = `depthwise convolution of ${channels} by ${height}×${width}`;
    const weights = normals(channels * area, gain / Math.sqrt(area), new Random(seed));
    this.#weights = parameter("weights", weights, true);
    this.#bias = bias ? parameter("bias", new Float32Array(channels)) : undefined;
  }

  /** The windows [channels][rows][columns], and the bias. */
  override get parameters(): readonly Parameter[] {
    return this.#bias ? [this.#weights, this.#bias] : [this.#weights];
  }

  /** Channels and places of the window. */
  outputShape(input: readonly number[]): number[] {
    if (input.length !== 3 || input[0] !== this.#channels) {
      refuse(this, `images of ${this.#channels} channels`, input);
    }
    const places = placesOf(this.#slide, input[1], input[2]);
    if (places.some((count) => count < 1)) {
      refuse(this, `images of at least ${this.#slide.size.join("×")}`, input);
    }
    return [this.#channels, ...places];
  }

  /** The output. */
  forward(x: Tensor, training = false): Tensor {
    const shape = checkInput(this, x), [batch, channels, height, width] = shape, { value } = this.#weights;
    const y = new Float32Array(batch * channels * height * width), bias = this.#bias?.value;
    const { size: [tall, wide], stride: [down, right] } = this.#slide, room = this.#padded(x.shape);
    if (training) [this.#x, this.#shape] = [x, shape];
    for (let plane = 0; plane < batch * channels; plane++) {
      const c = plane % channels;
      copyPlane(x.data, plane, room, true);
      if (bias) y.fill(bias[c], plane * height * width, (plane + 1) * height * width);
      for (let i = 0; i < height; i++) {
        for (let u = 0; u < tall; u++) {
          const line = (i * down + u) * room.width,
            to = (plane * height + i) * width,
            w = (c * tall + u) * wide;
          addTaps(room.data, line, right, value, w, wide, y, to, width);
        }
      }
    }
    return { data: y, shape };
  }

  /** The cotangent of the input. */
  backward(g: Tensor): Tensor {
    const x = checkCotangent(this, g, this.#shape, this.#x), gx = new Float32Array(x.data.length);
    const { value } = this.#weights, sums = new Float64Array(value.length);
    const [batch, channels, height, width] = g.shape,
      { size: [tall, wide], stride: [down, right] } = this.#slide;
    const room = this.#padded(x.shape), back = this.#padded(x.shape);
    for (let plane = 0; plane < batch * channels; plane++) {
      copyPlane(x.data, plane, room, true);
      back.data.fill(0);
      for (let i = 0; i < height; i++) {
        for (let u = 0; u < tall; u++) {
          const line = (i * down + u) * room.width, from = (plane * height + i) * width;
          const w = ((plane % channels) * tall + u) * wide;
          backTaps(room.data, back.data, line, right, value, sums, w, wide, g.data, from, width);
        }
      }
      copyPlane(gx, plane, back, false);
    }
    this.#weights.gradient.set(sums);
    if (this.#bias) channelSums(g, this.#bias.gradient);
    return { data: gx, shape: x.shape };
  }

  /** Room for a channel with zeros around it. */
  #padded([, , rows, columns]: readonly number[]): Padded {
    const { padding: [above, before] } = this.#slide, width = columns + 2 * before;
    return { data: new Float32Array((rows + 2 * above) * width), width, above, before, rows, columns };
  }

  /** Forgets the last input. */
  override forget(): void {
    this.#x = undefined;
  }
}

/** A channel with zeros around it. */
interface Padded {
  readonly data: Float32Array;
  readonly width: number;
  readonly above: number;
  readonly before: number;
  readonly rows: number;
  readonly columns: number;
}

/** Copies a channel between others into its room, or out of it. */
function copyPlane(planes: Float32Array, plane: number, room: Padded, into: boolean): void {
  const { data, width, above, before, rows, columns } = room;
  for (let row = 0; row < rows; row++) {
    const at = (plane * rows + row) * columns, inner = (above + row) * width + before;
    if (into) { for (let j = 0; j < columns; j++) data[inner + j] = planes[at + j]; }
    else for (let j = 0; j < columns; j++) planes[at + j] = data[inner + j];
  }
}

/** Adds to a row of places what one row of the window makes of a row of a channel. */
function addTaps(
  x: Float32Array,
  line: number,
  step: number,
  weights: Float32Array,
  at: number,
  wide: number,
  y: Float32Array,
  to: number,
  count: number,
): void {
  let v = 0;
  for (; v + 3 <= wide; v += 3) {
    const w0 = weights[at + v], w1 = weights[at + v + 1], w2 = weights[at + v + 2];
    for (let j = 0, k = line + v; j < count; j++, k += step) {
      y[to + j] += w0 * x[k] + w1 * x[k + 1] + w2 * x[k + 2];
    }
  }
  for (; v < wide; v++) {
    const w = weights[at + v];
    for (let j = 0, k = line + v; j < count; j++, k += step) y[to + j] += w * x[k];
  }
}

/** The backward direction of {@link addTaps}: adds to the cotangent of the row and to the slopes of the weights. */
function backTaps(
  x: Float32Array,
  gx: Float32Array,
  line: number,
  step: number,
  weights: Float32Array,
  slopes: Float64Array,
  at: number,
  wide: number,
  g: Float32Array,
  from: number,
  count: number,
): void {
  let v = 0;
  for (; v + 3 <= wide; v += 3) {
    const w0 = weights[at + v], w1 = weights[at + v + 1], w2 = weights[at + v + 2];
    let s0 = 0, s1 = 0, s2 = 0;
    for (let j = 0, k = line + v; j < count; j++, k += step) {
      const up = g[from + j];
      s0 += up * x[k];
      s1 += up * x[k + 1];
      s2 += up * x[k + 2];
      gx[k] += w0 * up;
      gx[k + 1] += w1 * up;
      gx[k + 2] += w2 * up;
    }
    slopes[at + v] += s0;
    slopes[at + v + 1] += s1;
    slopes[at + v + 2] += s2;
  }
  for (; v < wide; v++) {
    const w = weights[at + v];
    let sum = 0;
    for (let j = 0, k = line + v; j < count; j++, k += step) {
      const up = g[from + j];
      sum += up * x[k];
      gx[k] += w * up;
    }
    slopes[at + v] += sum;
  }
}

/** Sums of a tensor [batch][channels]… over everything but the channels. */
function channelSums({ data, shape: [batch, channels] }: Tensor, sums: Float32Array): void {
  const places = data.length / (batch * channels);
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    for (let at = c * places; at < data.length; at += channels * places) {
      for (let i = at; i < at + places; i++) sum += data[i];
    }
    sums[c] = sum;
  }
}
