/** The adapter to TensorFlow.js: gradients beside its own, and training by it. */
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import * as parts from "@tensorflow/tfjs-layers";
import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { BatchNorm, Linear, LINEAR_STRUCTURES } from "../src/layers/mod.ts";
import { tfjsLayer, tfjsOperation } from "../src/layers/tfjs.ts";
import { Random } from "../src/program/random.ts";
import { assertClose } from "./helpers.ts";

await tf.setBackend("cpu");

const random = new Random(5);
const normals = (length: number): Float32Array => Float32Array.from({ length }, () => random.normal());

const total = (x: tf.Tensor): tf.Scalar => tf.sum(x);

Deno.test("tfjs: values and gradients of an operation are those of TensorFlow's own matrix product", () => {
  for (const structure of LINEAR_STRUCTURES) {
    const layer = new Linear(6, 5, { structure, rank: 2, seed: 1 }), apply = tfjsOperation(tf, layer);
    layer.parameters.at(-1)!.value.set(normals(5));
    const weights = layer.parameters.map(({ value }) => tf.tensor1d(value.slice()));
    // Rows of the matrix, from unit vectors; the bias is what zero gives.
    const none = layer.forward({ data: new Float32Array(6), shape: [1, 6] }).data;
    const units = Float32Array.from({ length: 36 }, (_, k) => k % 7 === 0 ? 1 : 0);
    const matrix = tf.tensor2d(
      layer.forward({ data: units, shape: [6, 6] }).data.map((v, k) => v - none[k % 5]),
      [6, 5],
    );
    const x = tf.tensor2d(normals(24), [4, 6]), bias = tf.tensor1d(none);
    const own = tf.valueAndGrads((x, ...rest) => total(tf.square(apply(x, ...rest))))([
      x,
      ...weights,
    ]);
    const theirs = tf.valueAndGrads((x, w, b) => {
      return total(tf.square(tf.add(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D), b)));
    })([x, matrix, bias]);
    assertClose(own.value.dataSync(), theirs.value.dataSync(), 1e-5, structure);
    assertClose(own.grads[0].dataSync(), theirs.grads[0].dataSync(), 1e-5, structure);
    assertClose(own.grads.at(-1)!.dataSync(), theirs.grads[2].dataSync(), 1e-5, structure);
    if (structure === "dense") {
      const transposed = tf.transpose(theirs.grads[1]);
      assertClose(own.grads[1].dataSync(), transposed.dataSync(), 1e-5);
    }
  }
});

Deno.test("tfjs: an operation twice in one loss, with other weights, has the gradients of both", () => {
  const layer = new Linear(8, 8, { structure: "butterfly", seed: 1, bias: false }),
    apply = tfjsOperation(tf, layer);
  const [first] = layer.parameters,
    others = new Linear(8, 8, { structure: "butterfly", seed: 2, bias: false });
  equal(layer.parameters.length, 3);
  const one = layer.parameters.map(({ value }) => tf.tensor1d(value.slice())),
    two = others.parameters.map(({ value }) => tf.tensor1d(value.slice()));
  const x = tf.tensor2d(normals(16), [2, 8]);
  // ‖W₂·W₁·x‖²: by hand with two layers.
  const grads = tf.grads((...all) => total(tf.square(apply(apply(x, ...all.slice(0, 3)), ...all.slice(3)))))([
    ...one,
    ...two,
  ]);
  const fresh = new Linear(8, 8, { structure: "butterfly", seed: 1, bias: false });
  const y = others.forward(fresh.forward({ data: x.dataSync() as Float32Array, shape: [2, 8] }, true), true);
  fresh.backward(others.backward({ data: y.data.map((v) => 2 * v), shape: y.shape }));
  [...fresh.parameters, ...others.parameters].forEach(({ gradient }, i) =>
    assertClose(grads[i].dataSync(), gradient, 1e-5)
  );
  ok(first.value.length === 16);
});

Deno.test("tfjs: a model with a butterfly layer trains by fit, and learns what a linear one cannot hide", async () => {
  // Which of two halves is larger, of 16 numbers.
  const count = 200,
    data = normals(count * 16),
    labels = Array.from({ length: count }, (_, i) => {
      const sum = (from: number): number =>
        data.subarray(i * 16 + from, i * 16 + from + 8).reduce((a, b) => a + b);
      return sum(0) > sum(8) ? 0 : 1;
    });
  const model = parts.sequential(), linear = new Linear(16, 16, { structure: "butterfly", seed: 1 });
  const before = linear.parameters[0].value.slice();
  const whole = { ...tf, layers: parts.layers };
  model.add(parts.layers.inputLayer({ inputShape: [16] }));
  model.add(tfjsLayer(whole, linear));
  model.add(tfjsLayer(whole, new BatchNorm(16)));
  model.add(parts.layers.reLU());
  model.add(
    parts.layers.dense({ units: 2, kernelInitializer: parts.initializers.glorotUniform({ seed: 1 }) }),
  );
  equal(model.countParams(), 4 * 32 + 16 + 2 * 16 + 34);
  deepEqual(model.outputShape, [null, 2]);
  model.compile(
    {
      optimizer: tf.train.adam(0.02),
      loss: (want: tf.Tensor, got: tf.Tensor) => parts.metrics.categoricalCrossentropy(want, tf.softmax(got)),
    } as Parameters<typeof model.compile>[0],
  );
  const x = tf.tensor2d(data, [count, 16]), y = tf.oneHot(tf.tensor1d(labels, "int32"), 2);
  const { history } = await model.fit(x, y, { epochs: 15, batchSize: 20, shuffle: false, verbose: 0 });
  const losses = history.loss as number[];
  ok(losses[14] < 0.35 && losses[14] < losses[0] / 1.5, losses.join());
  const predicted = tf.argMax(model.predict(x) as tf.Tensor, 1).dataSync();
  const right = labels.filter((label, i) => label === predicted[i]).length;
  ok(right > 0.9 * count, `${right}`);
  ok(
    linear.parameters[0].value.some((v, i) => v !== before[i]),
    "the weights of the layer are those that were trained",
  );
  // They come and go with the model's weights.
  const weights = model.getWeights().map((tensor) => tensor.clone());
  model.setWeights(weights.map((tensor) => tf.mul(tensor, 0)));
  const zero = (model.predict(x) as tf.Tensor).dataSync();
  ok(zero.every((v) => v === 0));
  model.setWeights(weights);
  deepEqual(tf.argMax(model.predict(x) as tf.Tensor, 1).dataSync(), predicted);
});

Deno.test("tfjs: nothing is left behind in its memory", () => {
  const layer = new Linear(8, 8, { structure: "kaleidoscope", seed: 1 }), apply = tfjsOperation(tf, layer);
  const weights = layer.parameters.map(({ value }) => tf.tensor1d(value.slice())),
    x = tf.tensor2d(normals(16), [2, 8]);
  const before = tf.memory().numTensors;
  tf.dispose(tf.tidy(() => tf.grad((x) => total(apply(x as tf.Tensor2D, ...weights)))(x)));
  equal(tf.memory().numTensors, before);
});

Deno.test("tfjs: what does not fit is refused in a sentence", () => {
  const layer = new Linear(4, 4, { structure: "dense" }), apply = tfjsOperation(tf, layer);
  const [weights, bias] = layer.parameters.map(({ value }) => tf.tensor1d(value.slice())),
    x = tf.zeros([2, 4]);
  throws(() => apply(x, weights), /expected tensors of 2 parameters, got 1/);
  throws(() => apply(x, bias, bias), /weights 0 has 16 numbers, got a tensor of 4/);
  throws(() => apply(tf.zeros([2, 3]), weights, bias), /expected vectors of 4 numbers, got examples of 3/);
});
