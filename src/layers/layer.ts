/**
 * What all layers of a network have in common.
 *
 * @module
 */

import { kindOf } from "../operator/check.ts";

/** Numbers in rows, row-major; the first axis counts the examples of a batch. */
export interface Tensor {
  /** The numbers. */
  readonly data: Float32Array;
  /** Sizes of the axes, the batch first. */
  readonly shape: readonly number[];
}

/** Numbers that are trained. */
export interface Parameter {
  /** What they are, within their layer. */
  readonly name: string;
  /** The numbers; optimizers change them in place and then call {@link Layer.changed}. */
  readonly value: Float32Array<ArrayBuffer>;
  /** The gradient of the loss; each {@link Layer.backward} writes it anew. */
  readonly gradient: Float32Array<ArrayBuffer>;
  /** Whether weight decay is for it: not for structured weights, biases and scales. */
  readonly decay: boolean;
}

/** Numbers that belong to a layer and are not trained, such as running statistics. */
export interface LayerState {
  /** What they are, within their layer. */
  readonly name: string;
  /** The numbers; changed in place. */
  readonly value: Float32Array<ArrayBuffer>;
}

/**
 * A layer: a map of tensors with explicit forward and backward directions. {@link Layer.forward} in training keeps what
 * {@link Layer.backward} needs, until the next one, so a layer has one place in one network. Layers do not change their
 * arguments; the results may be views of them.
 */
export abstract class Layer {
  /** What it is, for messages: "linear 1024→10 (dense)". */
  abstract readonly name: string;

  /** What is trained; the same arrays for as long as the layer lives. */
  get parameters(): readonly Parameter[] {
    return [];
  }

  /** What is kept besides. */
  get state(): readonly LayerState[] {
    return [];
  }

  /**
   * The shape of the output for one of the input, both without the batch.
   *
   * @throws {RangeError} when the layer does not take that shape
   */
  abstract outputShape(input: readonly number[]): number[];

  /**
   * The output.
   *
   * @param training whether to keep what {@link Layer.backward} needs, and to behave as in training where that is different
   * @throws {RangeError} when the layer does not take that shape
   */
  abstract forward(x: Tensor, training?: boolean): Tensor;

  /**
   * From the cotangent of the last output made in training to that of its input; writes the gradients of the parameters.
   *
   * @throws {Error} when there was no forward step in training before, or `g` has another shape than its output
   */
  abstract backward(g: Tensor): Tensor;

  /** To be called after the values of parameters were changed. */
  changed(): void {}

  /** Adds the gradients of a penalty of its own to those of the parameters, and returns the penalty; 0 for most. */
  penalize(): number {
    return 0;
  }

  /** Forgets what is kept for the backward direction. */
  forget(): void {}
}

/** A parameter with a gradient of zeros. */
export function parameter(name: string, value: Float32Array<ArrayBuffer>, decay = false): Parameter {
  return { name, value, gradient: new Float32Array(value.length), decay };
}

/** Numbers in one example of a shape, or in all of it. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((all, size) => all * size, 1);
}

/** Sizes as they are written in messages: 3×32×32. */
export function shapeText(shape: readonly number[]): string {
  return shape.length === 0 ? "a single number" : shape.join("×");
}

/** Whether two shapes are the same. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}

/** Refuses what is no tensor with a batch of at least one. */
export function checkTensor(what: string, name: string, x: Tensor): void {
  if (typeof x !== "object" || x === null || !Array.isArray(x.shape)) {
    throw new TypeError(`Cannot ${what}: ${name} is not a tensor of data and shape but ${kindOf(x)}`);
  }
  if (!(x.data instanceof Float32Array)) {
    throw new TypeError(`Cannot ${what}: the data of ${name} is not a Float32Array but ${kindOf(x.data)}`);
  }
  if (x.shape.length === 0 || !x.shape.every((size) => Number.isSafeInteger(size) && size >= 1)) {
    throw new RangeError(
      `Cannot ${what}: the shape of ${name} must be positive whole numbers, the batch first, got [${x.shape}]`,
    );
  }
  if (x.data.length !== sizeOf(x.shape)) {
    throw new RangeError(
      `Cannot ${what}: ${name} of shape ${shapeText(x.shape)} needs ${
        sizeOf(x.shape)
      } numbers, got ${x.data.length}`,
    );
  }
}

/** Checks the input of a layer; returns the shape of its output, with the batch. */
export function checkInput(layer: Layer, x: Tensor): number[] {
  checkTensor(`apply ${layer.name}`, "the input", x);
  return [x.shape[0], ...layer.outputShape(x.shape.slice(1))];
}

/** Checks the cotangent of a layer against what the forward step kept, which it returns. */
export function checkCotangent<T>(
  layer: Layer,
  g: Tensor,
  shape: readonly number[] | undefined,
  kept: T | undefined,
): T {
  if (kept === undefined || shape === undefined) {
    throw new Error(`Cannot go backward through ${layer.name}: there was no forward step in training before`);
  }
  checkTensor(`go backward through ${layer.name}`, "the cotangent", g);
  if (!sameShape(g.shape, shape)) {
    throw new RangeError(
      `Cannot go backward through ${layer.name}: expected a cotangent of shape ${shapeText(shape)}, got ${
        shapeText(g.shape)
      }`,
    );
  }
  return kept;
}

/** The error of an input shape that a layer does not take. */
export function refuse(layer: Layer, expected: string, input: readonly number[]): never {
  throw new RangeError(
    `Cannot apply ${layer.name}: expected ${expected}, got examples of ${shapeText(input)}`,
  );
}
