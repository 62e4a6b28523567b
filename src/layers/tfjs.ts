/**
 * papillon's layers in TensorFlow.js: its tensors, its gradients and its training, papillon's kernels. TensorFlow.js is handed in,
 * so nothing depends on it.
 *
 * @module
 */

import { type Layer, sizeOf } from "./layer.ts";

/** A tensor of TensorFlow.js, as far as it is used here. */
export interface TfjsTensor {
  /** Sizes of the axes. */
  readonly shape: number[];
  /** The numbers. */
  dataSync(): ArrayLike<number>;
}

/** What of `@tensorflow/tfjs-core` is used: that module itself fits. */
export interface TfjsCore<T extends TfjsTensor> {
  /** Makes a tensor. */
  tensor(values: Float32Array, shape: number[]): T;
  /** Makes an operation with a gradient of its own. */
  customGrad(
    f: (...args: (T | ((tensors: T[]) => void))[]) => { value: T; gradFunc: (dy: T, saved: T[]) => T | T[] },
  ): (...args: T[]) => T;
}

/** What of `@tensorflow/tfjs` is used for layers: that module itself, or `{ ...core, layers }` of its parts. */
export interface TfjsLayers<T extends TfjsTensor> extends TfjsCore<T> {
  /** Of `@tensorflow/tfjs-layers`. */
  readonly layers: { readonly Layer: abstract new (...args: never[]) => object };
}

/**
 * A layer as an operation of TensorFlow.js that can be differentiated: it takes the input, the batch first, and then a
 * tensor for each parameter of the layer, whose values it takes over.
 *
 * Tensors are read synchronously, so a backend on the processor ("cpu", "wasm") is the one to use. Numbers that are not
 * trained, such as running statistics, change when it is applied with `training`.
 *
 * @throws {RangeError} (the operation) when a shape or the number of parameters does not fit
 *
 * @example
 * ```ts ignore
 * import * as tf from "@tensorflow/tfjs";
 * import { Linear, tfjsOperation } from "@papillon/papillon/layers";
 * const linear = new Linear(64, 64, { structure: "butterfly", seed: 1 });
 * const apply = tfjsOperation(tf, linear);
 * const weights = linear.parameters.map(({ value }) => tf.variable(tf.tensor(value.slice())));
 * const loss = () => apply(tf.ones([8, 64]), ...weights).square().mean();
 * tf.train.adam(0.01).minimize(loss); // changes the variables
 * ```
 */
export function tfjsOperation<T extends TfjsTensor>(
  tf: TfjsCore<T>,
  layer: Layer,
  { training = true }: { readonly training?: boolean } = {},
): (x: T, ...parameters: T[]) => T {
  const count = layer.parameters.length;
  // Which call the layer remembers: another one may come before the gradient is asked for.
  let last = 0;
  const forward = (
    x: T,
    parameters: readonly T[],
    keep: boolean,
  ): { data: Float32Array; shape: readonly number[] } => {
    take(layer, parameters);
    return layer.forward({ data: floats(x), shape: x.shape }, keep);
  };
  const operation = tf.customGrad((...args: (T | ((tensors: T[]) => void))[]) => {
    const tensors = args.slice(0, count + 1) as T[], save = args[count + 1] as (tensors: T[]) => void;
    const [x, ...parameters] = tensors, y = forward(x, parameters, training), call = ++last;
    save(tensors);
    return {
      value: tf.tensor(y.data, [...y.shape]),
      gradFunc: (dy: T, saved: T[]): T[] => {
        const [x, ...parameters] = saved;
        if (call !== last || !training) forward(x, parameters, true);
        last++;
        const gx = layer.backward({ data: floats(dy), shape: dy.shape });
        const slopes = layer.parameters.map(({ gradient }, i) =>
          tf.tensor(gradient.slice(), [...parameters[i].shape])
        );
        return [tf.tensor(gx.data, [...gx.shape]), ...slopes];
      },
    };
  });
  return (x, ...parameters) => {
    if (parameters.length !== count) {
      throw new RangeError(
        `Cannot apply ${layer.name}: expected tensors of ${count} parameters, got ${parameters.length}`,
      );
    }
    return operation(x, ...parameters);
  };
}

/** A copy of the numbers of a tensor. */
function floats(x: TfjsTensor): Float32Array {
  return Float32Array.from(x.dataSync());
}

/** Takes over the values of parameters. */
function take(layer: Layer, tensors: readonly TfjsTensor[]): void {
  const values = tensors.map((tensor) => tensor.dataSync());
  layer.parameters.forEach(({ name, value }, i) => {
    if (values[i].length !== value.length) {
      throw new RangeError(
        `Cannot apply ${layer.name}: ${name} has ${value.length} numbers, got a tensor of ${
          values[i].length
        }`,
      );
    }
  });
  let same = true;
  layer.parameters.forEach(({ value }, i) => {
    const given = values[i];
    for (let k = 0; k < value.length; k++) {
      if (value[k] === given[k]) continue;
      value[k] = given[k];
      same = false;
    }
  });
  if (!same) layer.changed();
}

/** A variable of a layer of TensorFlow.js. */
interface Variable<T> {
  read(): T;
}

/** What a layer of TensorFlow.js has that this one uses; some of it is protected there. */
interface Base<T> {
  addWeight(
    name: string,
    shape: number[],
    dtype: "float32",
    initializer: { apply(shape: number[]): T },
  ): Variable<T>;
  build(shape: unknown): void;
}

/**
 * A layer as one of TensorFlow.js, a `tf.layers.Layer` for its models: with the parameters as its weights, which begin as they
 * are now. It serves and trains as others do; models with it are saved by their weights.
 *
 * @param tf `@tensorflow/tfjs`, or `{ ...core, layers }` of its parts
 * @param layer of which this becomes the only user
 *
 * @example
 * ```ts ignore
 * import * as tf from "@tensorflow/tfjs";
 * import { Linear, tfjsLayer } from "@papillon/papillon/layers";
 * const model = tf.sequential();
 * model.add(tf.layers.inputLayer({ inputShape: [1024] }));
 * model.add(tfjsLayer(tf, new Linear(1024, 1024, { structure: "butterfly", seed: 1 })));
 * model.add(tf.layers.dense({ units: 10, activation: "softmax" }));
 * ```
 */
export function tfjsLayer<T extends TfjsTensor, F extends TfjsLayers<T>>(
  tf: F & TfjsLayers<T>,
  layer: Layer,
): InstanceType<F["layers"]["Layer"]> {
  const train = tfjsOperation(tf, layer), serve = tfjsOperation(tf, layer, { training: false });
  const Parent = tf.layers.Layer as unknown as new (config: object) => Base<T>;
  let variables: Variable<T>[] = [];
  class PapillonLayer extends Parent {
    static className = "Papillon";

    override build(shape: unknown): void {
      variables = layer.parameters.map(({ name, value }) =>
        this.addWeight(name.replaceAll(" ", "_"), [value.length], "float32", {
          apply: (shape) => tf.tensor(value.slice(), shape),
        })
      );
      super.build(shape);
    }

    computeOutputShape(shape: (number | null)[]): (number | null)[] {
      return [shape[0], ...layer.outputShape(shape.slice(1).map((size) => size ?? 1))];
    }

    call(inputs: T | T[], options?: { training?: boolean }): T {
      const x = Array.isArray(inputs) ? inputs[0] : inputs;
      // Gradients are asked for in training only; what is not trained must stay otherwise.
      const apply = options?.training === true ? train : serve;
      return apply(x, ...variables.map((variable) => variable.read()));
    }
  }
  if (layer.parameters.some(({ value }) => sizeOf([value.length]) === 0)) {
    throw new RangeError(`Cannot use ${layer.name} in TensorFlow.js: it has a parameter of no numbers`);
  }
  return new PapillonLayer({}) as InstanceType<F["layers"]["Layer"]>;
}
