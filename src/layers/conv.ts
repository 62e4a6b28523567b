/**
 * Convolutions of images (cross-correlations, as networks have them), ordinary and grouped, as products on the kernels.
 *
 * @module
 */

import { checkSize } from "../operator/check.ts";
import { ProgramBuilder } from "../program/program.ts";
import { Random } from "../program/random.ts";
import { placesOf, type Slide, slideOf, type SlideOptions } from "./image.ts";
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
import { TrainedMap, type Wiring } from "./map.ts";
import { transposed } from "./shapes.ts";

/** How a convolution is made. */
export interface ConvOptions extends SlideOptions {
  /** Channels see only those of their own group, of equally many; 1. */
  readonly groups?: number;
  /** Whether a number is added to each channel, at first zero; true. */
  readonly bias?: boolean;
  /** What the deviation is multiplied with: 1, or √2 in front of a ReLU. */
  readonly gain?: number;
  /** The same seed gives the same weights. 0 when absent. */
  readonly seed?: number;
}

/** Floats of patches that are made at a time: they stay in a cache. */
const PATCH_FLOATS = 1 << 18;

/**
 * A convolution of images [channels][rows][columns]. The patches under the window are the input vectors of a factor with as
 * many blocks as there are groups. One axis is that of images of one row.
 *
 * @example
 * ```ts
 * import { Conv2d } from "@papillon/papillon/layers";
 * const layer = new Conv2d(1, 4, 3, { padding: 1, seed: 1 });
 * const y = layer.forward({ data: new Float32Array(2 * 64).fill(1), shape: [2, 1, 8, 8] });
 * console.assert(y.shape.join() === "2,4,8,8");
 * ```
 */
export class Conv2d extends Layer {
  /** What it is. */
  readonly name: string;
  readonly #inputs: number;
  readonly #outputs: number;
  readonly #slide: Slide;
  readonly #map: TrainedMap;
  #x: Tensor | undefined;
  #shape: readonly number[] | undefined;

  /**
   * A convolution with random weights.
   *
   * @param size of the window: rows and columns, or one number for both
   * @throws {RangeError} when a size is out of range, or groups do not divide the channels
   */
  constructor(
    inputs: number,
    outputs: number,
    size: number | readonly [number, number],
    options: ConvOptions = {},
  ) {
    super();
    const { groups = 1, bias = true, gain = 1, seed = 0 } = options, what = "a convolution";
    for (const [name, value] of Object.entries({ inputs, outputs, groups })) {
      checkSize(what, name, value, 2 ** 20);
    }
    if (inputs % groups !== 0 || outputs % groups !== 0) {
      throw new RangeError(
        `Cannot make ${what}: ${groups} groups do not divide ${inputs} and ${outputs} channels`,
      );
    }
    this.#slide = slideOf(what, size, options);
    this.#inputs = inputs;
    this.#outputs = outputs;
    const [height, width] = this.#slide.size, area = height * width;
    this.name = `convolution ${inputs}→${outputs} of ${height}×${width}${
      groups > 1 ? ` in ${groups} groups` : ""
    }`;
    const pattern = { a: groups, b: outputs / groups, c: inputs / groups * area, d: 1 };
    const weights = parameter(
      "weights",
      normals(outputs * pattern.c, gain / Math.sqrt(pattern.c), new Random(seed)),
      true,
    );
    const builder = new ProgramBuilder(inputs * area),
      shift = bias ? [parameter("bias", new Float32Array(outputs))] : [];
    let value = builder.factor(0, pattern, "real", weights.value);
    if (bias) value = builder.bias(value, "real", shift[0].value);
    const parameters = [weights, ...shift];
    // Patches come in parts, so that gradients are added up.
    const gradients = parameters.map(({ gradient }) => new Float32Array(gradient.length));
    const wiring: Wiring = {
      program: builder.build(value),
      parameters,
      gradients,
      write() {},
      fold() {
        gradients.forEach((part, k) => {
          const whole = parameters[k].gradient;
          for (let i = 0; i < part.length; i++) whole[i] += part[i];
        });
      },
    };
    this.#map = new TrainedMap(wiring);
  }

  /** The window [outputs][inputs/groups][rows][columns], and the bias. */
  override get parameters(): readonly Parameter[] {
    return this.#map.wiring.parameters;
  }

  /** Channels and places of the window. */
  outputShape(input: readonly number[]): number[] {
    if (input.length !== 3 || input[0] !== this.#inputs) {
      refuse(this, `images of ${this.#inputs} channels`, input);
    }
    const places = placesOf(this.#slide, input[1], input[2]);
    if (places.some((count) => count < 1)) {
      refuse(this, `images of at least ${this.#slide.size.join("×")}`, input);
    }
    return [this.#outputs, ...places];
  }

  /** The output. */
  forward(x: Tensor, training = false): Tensor {
    const shape = checkInput(this, x), places = shape[2] * shape[3], size = this.#outputs * places;
    const result = new Float32Array(shape[0] * size);
    if (training) [this.#x, this.#shape] = [x, shape];
    this.#parts(x, shape, (patches, first, count) => {
      const y = this.#map.apply(patches, count * places);
      result.set(transposed(y, count, places, this.#outputs), first * size);
    });
    return { data: result, shape };
  }

  /** The cotangent of the input. */
  backward(g: Tensor): Tensor {
    const x = checkCotangent(this, g, this.#shape, this.#x), places = g.shape[2] * g.shape[3];
    const size = this.#outputs * places, gx = new Float32Array(x.data.length);
    const [, channels, rows, columns] = x.shape;
    for (const { gradient } of this.parameters) gradient.fill(0);
    this.#parts(x, g.shape, (patches, first, count) => {
      const part = g.data.subarray(first * size, (first + count) * size);
      const back = this.#map.back(patches, transposed(part, count, this.#outputs, places), count * places);
      const image = channels * rows * columns;
      slidePatches(
        gx.subarray(first * image, (first + count) * image),
        [count, channels, rows, columns],
        g.shape,
        this.#slide,
        back,
        true,
      );
    });
    return { data: gx, shape: x.shape };
  }

  /** Makes the patches of some images at a time. */
  #parts(
    x: Tensor,
    [, , height, width]: readonly number[],
    work: (patches: Float32Array, first: number, count: number) => void,
  ): void {
    const [batch, channels, rows, columns] = x.shape, image = channels * rows * columns;
    const floats = height * width * this.#map.wiring.program.inputWidth;
    const some = Math.min(batch, Math.max(1, Math.floor(PATCH_FLOATS / floats)));
    const room = new Float32Array(some * floats);
    for (let first = 0; first < batch; first += some) {
      const count = Math.min(some, batch - first), patches = room.subarray(0, count * floats);
      slidePatches(
        x.data.subarray(first * image, (first + count) * image) as Float32Array,
        [count, channels, rows, columns],
        [count, 0, height, width],
        this.#slide,
        patches,
        false,
      );
      work(patches, first, count);
    }
  }

  /** To be called after weights were changed. */
  override changed(): void {
    this.#map.changed();
  }

  /** Forgets the last input. */
  override forget(): void {
    this.#x = undefined;
  }
}

/**
 * Copies images into patches [image][place][channel][window], or with `back` adds patches to images.
 */
function slidePatches(
  images: Float32Array,
  [count, channels, rows, columns]: readonly number[],
  [, , height, width]: readonly number[],
  { size: [tall, wide], stride: [down, right], padding: [above, before] }: Slide,
  patches: Float32Array,
  back: boolean,
): void {
  const area = tall * wide, patch = channels * area;
  // A row of places at a time: its patches stay in the cache while each entry of the window goes over them.
  for (let n = 0; n < count; n++) {
    for (let i = 0; i < height; i++) {
      const place = (n * height + i) * width * patch;
      for (let c = 0; c < channels; c++) {
        const plane = (n * channels + c) * rows * columns;
        for (let u = 0; u < tall; u++) {
          const row = i * down + u - above, inside = row >= 0 && row < rows;
          for (let v = 0; v < wide; v++) {
            const at = place + c * area + u * wide + v, shift = v - before;
            const from = inside ? Math.min(width, Math.max(0, Math.ceil(-shift / right))) : width;
            const to = Math.max(from, Math.min(width, Math.floor((columns - 1 - shift) / right) + 1));
            const line = plane + row * columns + shift;
            if (back) {
              for (let j = from; j < to; j++) images[line + j * right] += patches[at + j * patch];
            } else {
              for (let j = 0; j < from; j++) patches[at + j * patch] = 0;
              for (let j = from; j < to; j++) patches[at + j * patch] = images[line + j * right];
              for (let j = to; j < width; j++) patches[at + j * patch] = 0;
            }
          }
        }
      }
    }
  }
}
