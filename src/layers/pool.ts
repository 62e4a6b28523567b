/**
 * Pooling of images [channels][rows][columns].
 *
 * @module
 */

import { placesOf, type Slide, slideOf, type SlideOptions } from "./image.ts";
import { checkCotangent, checkInput, Layer, refuse, sizeOf, type Tensor } from "./layer.ts";

/** The largest number, or the mean, of each window; windows that reach over the border are left out. */
export class Pool2d extends Layer {
  /** What it is. */
  readonly name: string;
  readonly #kind: "max" | "average";
  readonly #slide: Slide;
  #kept: { readonly input: readonly number[]; readonly from: Int32Array | undefined } | undefined;
  #shape: readonly number[] | undefined;

  /**
   * A pooling.
   *
   * @param size of the window: rows and columns, or one number for both
   * @param options.stride the size when absent
   * @throws {RangeError} when a size is out of range
   */
  constructor(
    kind: "max" | "average",
    size: number | readonly [number, number],
    { stride = size }: Pick<SlideOptions, "stride"> = {},
  ) {
    super();
    if (kind !== "max" && kind !== "average") {
      throw new TypeError(
        `Cannot make a pooling: kind must be "max" or "average", got ${JSON.stringify(kind)}`,
      );
    }
    this.#kind = kind;
    this.#slide = slideOf("a pooling", size, { stride });
    this.name = `${kind} pooling of ${this.#slide.size.join("×")}`;
  }

  /** Places of the window. */
  outputShape(input: readonly number[]): number[] {
    if (input.length !== 3) refuse(this, "images of channels, rows and columns", input);
    const places = placesOf(this.#slide, input[1], input[2]);
    if (places.some((count) => count < 1)) {
      refuse(this, `images of at least ${this.#slide.size.join("×")}`, input);
    }
    return [input[0], ...places];
  }

  /** The output. */
  forward(x: Tensor, training = false): Tensor {
    const shape = checkInput(this, x), y = new Float32Array(sizeOf(shape)), [, , rows, columns] = x.shape;
    const max = this.#kind === "max", from = training && max ? new Int32Array(y.length) : undefined;
    const { size: [tall, wide] } = this.#slide, { data } = x, share = 1 / (tall * wide);
    this.#each(shape, rows, columns, (to, at) => {
      let best = data[at], where = at, sum = 0;
      for (let u = 0; u < tall; u++) {
        for (let v = 0; v < wide; v++) {
          const place = at + u * columns + v, value = data[place];
          sum += value;
          // A NaN wins, and stays one.
          if (!(value <= best)) [best, where] = [value, place];
        }
      }
      y[to] = max ? best : sum * share;
      if (from) from[to] = where;
    });
    if (training) [this.#kept, this.#shape] = [{ input: x.shape, from }, shape];
    return { data: y, shape };
  }

  /** The cotangent of the input. */
  backward(g: Tensor): Tensor {
    const { input, from } = checkCotangent(this, g, this.#shape, this.#kept);
    const gx = new Float32Array(sizeOf(input)),
      { size: [tall, wide] } = this.#slide,
      [, , rows, columns] = input;
    if (from) from.forEach((place, i) => gx[place] += g.data[i]);
    else {
      const share = 1 / (tall * wide);
      this.#each(g.shape, rows, columns, (to, at) => {
        const slope = g.data[to] * share;
        for (let u = 0; u < tall; u++) for (let v = 0; v < wide; v++) gx[at + u * columns + v] += slope;
      });
    }
    return { data: gx, shape: input };
  }

  #each(
    [batch, channels, height, width]: readonly number[],
    rows: number,
    columns: number,
    work: (to: number, at: number) => void,
  ): void {
    const { stride: [down, right] } = this.#slide;
    for (let plane = 0, to = 0; plane < batch * channels; plane++) {
      for (let i = 0; i < height; i++) {
        for (let j = 0; j < width; j++) work(to++, (plane * rows + i * down) * columns + j * right);
      }
    }
  }
}

/** The mean of each channel over all places: [channels]… to [channels]. */
export class GlobalPool extends Layer {
  /** "global pooling" */
  readonly name = "global pooling";
  #kept: { readonly input: readonly number[]; readonly output: readonly number[] } | undefined;

  /** The channels. */
  outputShape(input: readonly number[]): number[] {
    if (input.length < 2) refuse(this, "channels of places", input);
    return [input[0]];
  }

  /** The output. */
  forward(x: Tensor, training = false): Tensor {
    const shape = checkInput(this, x), y = new Float32Array(sizeOf(shape)), places = x.data.length / y.length;
    for (let i = 0; i < y.length; i++) {
      let sum = 0;
      for (let k = i * places; k < (i + 1) * places; k++) sum += x.data[k];
      y[i] = sum / places;
    }
    if (training) this.#kept = { input: x.shape, output: shape };
    return { data: y, shape };
  }

  /** The cotangent of the input. */
  backward(g: Tensor): Tensor {
    const { input } = checkCotangent(this, g, this.#kept?.output, this.#kept);
    const gx = new Float32Array(sizeOf(input)), places = gx.length / g.data.length;
    g.data.forEach((slope, i) => gx.fill(slope / places, i * places, (i + 1) * places));
    return { data: gx, shape: input };
  }
}
