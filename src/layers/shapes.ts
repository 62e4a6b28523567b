/**
 * Layers without weights: rectifier, reshaping, transposition, dropout.
 *
 * @module
 */

import { Random } from "../program/random.ts";
import {
  checkCotangent,
  checkInput,
  Layer,
  type LayerState,
  refuse,
  shapeText,
  sizeOf,
  type Tensor,
} from "./layer.ts";

/** max(x, 0), entry by entry. */
export class Relu extends Layer {
  /** "relu" */
  readonly name = "relu";
  #y: Tensor | undefined;

  /** Any shape stays as it is. */
  outputShape(input: readonly number[]): number[] {
    return [...input];
  }

  /** The output. */
  forward(x: Tensor, training = false): Tensor {
    const shape = checkInput(this, x), { data } = x, y = new Float32Array(data.length);
    // Written so that a NaN stays one, and is found.
    for (let i = 0; i < y.length; i++) y[i] = data[i] < 0 ? 0 : data[i];
    const result = { data: y, shape };
    if (training) this.#y = result;
    return result;
  }

  /** The cotangent of the input: 0 where it was not positive. */
  backward(g: Tensor): Tensor {
    const { data: y } = checkCotangent(this, g, this.#y?.shape, this.#y), gx = new Float32Array(y.length);
    const { data } = g;
    for (let i = 0; i < gx.length; i++) gx[i] = y[i] > 0 ? data[i] : 0;
    return { data: gx, shape: g.shape };
  }

  /** Forgets the last output. */
  override forget(): void {
    this.#y = undefined;
  }
}

/** The same numbers in another shape. */
export class Reshape extends Layer {
  /** What it is. */
  readonly name: string;
  readonly #shape: readonly number[] | undefined;
  #kept: { readonly input: readonly number[]; readonly output: readonly number[] } | undefined;

  /**
   * A change of shape.
   *
   * @param shape that of an example of the output; one axis of all numbers when absent
   * @throws {RangeError} when a size is no positive whole number
   */
  constructor(shape?: readonly number[]) {
    super();
    if (shape !== undefined && !shape.every((size) => Number.isSafeInteger(size) && size >= 1)) {
      throw new RangeError(`Cannot make a reshape: sizes must be positive whole numbers, got [${shape}]`);
    }
    this.#shape = shape === undefined ? undefined : [...shape];
    this.name = shape === undefined ? "flatten" : `reshape to ${shapeText(shape)}`;
  }

  /** The shape it was made for. */
  outputShape(input: readonly number[]): number[] {
    const shape = this.#shape ?? [sizeOf(input)];
    if (sizeOf(shape) !== sizeOf(input)) refuse(this, `${sizeOf(shape)} numbers`, input);
    return [...shape];
  }

  /** A view. */
  forward(x: Tensor, training = false): Tensor {
    const shape = checkInput(this, x);
    if (training) this.#kept = { input: x.shape, output: shape };
    return { data: x.data, shape };
  }

  /** A view, too. */
  backward(g: Tensor): Tensor {
    return { data: g.data, shape: checkCotangent(this, g, this.#kept?.output, this.#kept).input };
  }
}

/** Everything of an example along one axis. */
export class Flatten extends Reshape {
  /** Takes any shape. */
  constructor() {
    super();
  }
}

/** [count][rows][columns] to [count][columns][rows], in tiles that stay in the cache. */
export function transposed(
  x: Float32Array,
  count: number,
  rows: number,
  columns: number,
): Float32Array<ArrayBuffer> {
  const y = new Float32Array(x.length), size = rows * columns, tile = 16;
  for (let at = 0; at < count * size; at += size) {
    for (let top = 0; top < rows; top += tile) {
      const bottom = Math.min(rows, top + tile);
      for (let left = 0; left < columns; left += tile) {
        const right = Math.min(columns, left + tile);
        for (let j = left; j < right; j++) {
          const to = at + j * rows;
          for (let i = top; i < bottom; i++) y[to + i] = x[at + i * columns + j];
        }
      }
    }
  }
  return y;
}

/** Exchanges the last two axes of examples, as from frames of channels to channels of frames. */
export class Transpose extends Layer {
  /** "transpose" */
  readonly name = "transpose";
  #shape: readonly number[] | undefined;

  /** The last two sizes change places. */
  outputShape(input: readonly number[]): number[] {
    if (input.length < 2) refuse(this, "examples of at least two axes", input);
    return [...input.slice(0, -2), input[input.length - 1], input[input.length - 2]];
  }

  /** The output. */
  forward(x: Tensor, training = false): Tensor {
    const shape = checkInput(this, x);
    if (training) this.#shape = shape;
    return { data: this.#turn(x), shape };
  }

  /** The cotangent of the input. */
  backward(g: Tensor): Tensor {
    checkCotangent(this, g, this.#shape, this.#shape);
    return { data: this.#turn(g), shape: [g.shape[0], ...this.outputShape(g.shape.slice(1))] };
  }

  #turn({ data, shape }: Tensor): Float32Array {
    const [rows, columns] = shape.slice(-2);
    return transposed(data, data.length / (rows * columns), rows, columns);
  }
}

/**
 * In training each number is left out with some probability, and the others are divided by what is left of it; otherwise
 * nothing happens (Srivastava et al. 2014). What is left out depends on the seed and on how many steps there were before.
 */
export class Dropout extends Layer {
  /** What it is. */
  readonly name: string;
  readonly #probability: number;
  readonly #seed: number;
  readonly #steps = new Float32Array(1);
  #mask: Float32Array | undefined;
  #shape: readonly number[] | undefined;

  /**
   * A dropout.
   *
   * @param probability of being left out, from 0 to below 1
   * @throws {RangeError} when it is not
   */
  constructor(probability: number, { seed = 0 }: { readonly seed?: number } = {}) {
    super();
    if (!(probability >= 0 && probability < 1)) {
      throw new RangeError(
        `Cannot make a dropout: probability must be from 0 to below 1, got ${probability}`,
      );
    }
    this.#probability = probability;
    this.#seed = seed;
    this.name = `dropout ${probability}`;
  }

  /** How many steps of training there were. */
  override get state(): readonly LayerState[] {
    return [{ name: "steps", value: this.#steps }];
  }

  /** Any shape stays as it is. */
  outputShape(input: readonly number[]): number[] {
    return [...input];
  }

  /** The output. */
  forward(x: Tensor, training = false): Tensor {
    const shape = checkInput(this, x);
    if (!training) return { data: x.data, shape };
    const random = new Random(this.#seed * 2 ** 24 + this.#steps[0]++), kept = 1 / (1 - this.#probability);
    const limit = this.#probability * 2 ** 32;
    this.#mask = Float32Array.from({ length: x.data.length }, () => random.word() < limit ? 0 : kept);
    this.#shape = shape;
    return { data: times(x.data, this.#mask), shape };
  }

  /** The cotangent of the input. */
  backward(g: Tensor): Tensor {
    return { data: times(g.data, checkCotangent(this, g, this.#shape, this.#mask)), shape: g.shape };
  }
}

function times(x: Float32Array, mask: Float32Array): Float32Array {
  const y = new Float32Array(x.length);
  for (let i = 0; i < y.length; i++) y[i] = x[i] * mask[i];
  return y;
}
