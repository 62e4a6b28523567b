/**
 * Layers one after another: a network.
 *
 * @module
 */

import { Frozen } from "./frozen.ts";
import { checkInput, Layer, type LayerState, type Parameter, type Tensor } from "./layer.ts";
import { type AnyState, type NetworkState, readState, writeState } from "./state.ts";

/**
 * Layers one after another; the first is applied first.
 *
 * @example
 * ```ts
 * import { Linear, Relu, Sequential } from "@papillon/papillon/layers";
 * const model = new Sequential([
 *   new Linear(64, 64, { structure: "butterfly", gain: Math.SQRT2, seed: 1 }),
 *   new Relu(),
 *   new Linear(64, 10, { seed: 2 }),
 * ]);
 * const y = model.forward({ data: new Float32Array(2 * 64).fill(1), shape: [2, 64] });
 * console.assert(y.shape.join() === "2,10");
 * ```
 */
export class Sequential extends Layer {
  /** "a network of 3 layers" */
  readonly name: string;
  /** The layers. */
  readonly layers: readonly Layer[];

  /**
   * A network of layers.
   *
   * @throws {TypeError} when something in the list is no layer
   * @throws {RangeError} when the list is empty or a layer is in it twice
   */
  constructor(layers: readonly Layer[]) {
    super();
    if (!Array.isArray(layers) || !layers.every((layer) => layer instanceof Layer)) {
      throw new TypeError("Cannot make a network: expected a list of layers");
    }
    if (layers.length === 0 || new Set(layers).size < layers.length) {
      throw new RangeError("Cannot make a network: expected at least one layer, and each of them once");
    }
    this.layers = [...layers];
    this.name = `a network of ${layers.length} layer${layers.length === 1 ? "" : "s"}`;
  }

  /** Those of all layers; the number of the layer, from 0, comes before the name. */
  override get parameters(): readonly Parameter[] {
    return this.layers.flatMap((layer, i) =>
      layer.parameters.map((one) => ({ ...one, name: `${i} ${one.name}` }))
    );
  }

  /** That of all layers. */
  override get state(): readonly LayerState[] {
    return this.layers.flatMap((layer, i) =>
      layer.state.map((one) => ({ ...one, name: `${i} ${one.name}` }))
    );
  }

  /** How many numbers are trained. */
  get parameterCount(): number {
    return this.parameters.reduce((sum, { value }) => sum + value.length, 0);
  }

  /** The shape behind the last layer. */
  outputShape(input: readonly number[]): number[] {
    return this.layers.reduce<number[]>((shape, layer, i) => this.#place(i, () => layer.outputShape(shape)), [
      ...input,
    ]);
  }

  /** The output. */
  forward(x: Tensor, training = false): Tensor {
    checkInput(this, x);
    return this.layers.reduce((value, layer) => layer.forward(value, training), x);
  }

  /** The cotangent of the input. */
  backward(g: Tensor): Tensor {
    return this.layers.reduceRight((value, layer) => layer.backward(value), g);
  }

  /** As {@link Sequential.backward}, but only as far as there are parameters: the gradients alone. */
  backwardToParameters(g: Tensor): void {
    const first = this.layers.findIndex((layer) => layer.parameters.length > 0);
    for (let i = this.layers.length - 1; i >= 0 && i >= first && first >= 0; i--) {
      g = this.layers[i].backward(g);
    }
  }

  /** Says in which layer a shape does not fit. */
  #place<T>(i: number, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof RangeError) error.message += ` (layer ${i} of ${this.name})`;
      throw error;
    }
  }

  /** To be called after the values of parameters were changed. */
  override changed(): void {
    for (const layer of this.layers) layer.changed();
  }

  /** The penalties of all layers. */
  override penalize(): number {
    return this.layers.reduce((sum, layer) => sum + layer.penalize(), 0);
  }

  /** Forgets what is kept for the backward direction: for a network that only serves. */
  override forget(): void {
    for (const layer of this.layers) layer.forget();
  }

  /**
   * The network for inference alone, its linear layers compiled with the weights of now: see {@link Frozen}.
   *
   * @example
   * ```ts
   * import { Linear, Relu, Sequential } from "@papillon/papillon/layers";
   * const hidden = new Linear(64, 64, { structure: "butterfly", seed: 1 });
   * const model = new Sequential([hidden, new Relu(), new Linear(64, 10, { seed: 2 })]);
   * const frozen = model.freeze(), x = { data: new Float32Array(64).fill(1), shape: [1, 64] };
   * const y = frozen.apply(x), z = model.forward(x);
   * console.assert(y.data.every((v, i) => Math.abs(v - z.data[i]) < 1e-5));
   * ```
   */
  freeze(): Frozen {
    return new Frozen(this);
  }

  /**
   * Parameters and state, copied, as tensors: `writeSafetensors(tensors, metadata)` makes a file of them.
   *
   * @example
   * ```ts
   * import { readSafetensors, writeSafetensors } from "@papillon/papillon";
   * import { Linear, Sequential } from "@papillon/papillon/layers";
   * const make = (seed: number) => new Sequential([new Linear(8, 8, { structure: "butterfly", seed })]);
   * const trained = make(1), { tensors, metadata } = trained.save();
   * const file = writeSafetensors(tensors, metadata);
   * const served = make(0);
   * served.load(readSafetensors(file));
   * const x = { data: new Float32Array(8).fill(1), shape: [1, 8] };
   * console.assert(served.forward(x).data.join() === trained.forward(x).data.join());
   * ```
   */
  save(): NetworkState {
    return writeState(this);
  }

  /**
   * Takes parameters and state from tensors, as a safetensors file holds them; others are not looked at.
   *
   * @throws {RangeError} when a tensor is missing, has another size or holds a number that is not finite; nothing is
   * changed then
   */
  load(state: AnyState): void {
    readState(this, state);
  }
}

/** x + f(x), for layers that keep the shape. */
export class Residual extends Sequential {
  /** The shape stays as it is. */
  override outputShape(input: readonly number[]): number[] {
    const shape = super.outputShape(input);
    if (shape.join() !== input.join()) {
      throw new RangeError(
        `Cannot add ${this.name} to its input: it makes ${shape.join("×")} of ${input.join("×")}`,
      );
    }
    return shape;
  }

  /** The output. */
  override forward(x: Tensor, training = false): Tensor {
    return added(x, super.forward(x, training));
  }

  /** The cotangent of the input. */
  override backward(g: Tensor): Tensor {
    return added(g, super.backward(g));
  }
}

function added(x: Tensor, y: Tensor): Tensor {
  const data = new Float32Array(x.data.length);
  for (let i = 0; i < data.length; i++) data[i] = x.data[i] + y.data[i];
  return { data, shape: x.shape };
}
