/** Training: that it learns, stops, says where numbers were not finite, and resumes to the bit. */
import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { readSafetensors, writeSafetensors } from "../src/io/safetensors.ts";
import {
  adam,
  BatchNorm,
  Conv2d,
  Dropout,
  evaluate,
  Flatten,
  LearnedPermutation,
  Linear,
  type NetworkState,
  Pool2d,
  Relu,
  Reshape,
  Sequential,
  sgd,
  train,
  type TrainOptions,
  warmCosine,
} from "../src/layers/mod.ts";
import { Random } from "../src/program/random.ts";

/** Noisy copies of one random image for each class. */
function images(
  count: number,
  classes = 4,
  seed = 1,
): { inputs: { data: Float32Array; shape: number[] }; labels: number[] } {
  const random = new Random(1),
    own = Array.from({ length: classes }, () => Float32Array.from({ length: 64 }, () => random.normal()));
  const noise = new Random(seed), labels = Array.from({ length: count }, (_, i) => i % classes);
  const data = Float32Array.from(
    { length: count * 64 },
    (_, i) => own[labels[i >> 6]][i & 63] + 0.5 * noise.normal(),
  );
  return { inputs: { data, shape: [count, 1, 8, 8] }, labels };
}

/** Every kind of state there is: statistics, draws, structured and dense weights; the seed is that of the weights. */
function network(seed = 1): Sequential {
  return new Sequential([
    new LearnedPermutation([8, 8], { sample: true, deviation: 5 }),
    new Conv2d(1, 4, 3, { padding: 1, seed }),
    new BatchNorm(4),
    new Relu(),
    new Pool2d("max", 2),
    new Flatten(),
    new Linear(64, 64, { structure: "butterfly", gain: Math.SQRT2, seed }),
    new Relu(),
    new Dropout(0.2),
    new Linear(64, 4, { seed }),
  ]);
}

/** As a file would bring it. */
function throughFile({ tensors, metadata }: NetworkState): ReturnType<typeof readSafetensors> {
  return readSafetensors(writeSafetensors(tensors, metadata));
}

const bits = (model: Sequential): string => {
  const { tensors, metadata } = model.save();
  return writeSafetensors(tensors, metadata).join();
};

Deno.test("training: a small network of all kinds of layers learns to tell images apart", async () => {
  const model = network(), progress: number[] = [];
  const options = { epochs: 12, batch: 16, rate: warmCosine(1e-2, { warm: 5 }), seed: 3 };
  const result = await train(model, images(240), {
    ...options,
    onProgress: ({ loss }) => progress.push(loss),
  });
  equal(result.stopped, "epochs");
  equal(result.epochs.length, 12);
  equal(progress.length, 12 * 15);
  ok(result.epochs[11].loss < result.epochs[0].loss / 2);
  const { accuracy, predictions, loss } = evaluate(model, images(80, 4, 2));
  ok(accuracy > 0.9 && loss < 0.5, `${accuracy}`);
  equal(predictions.length, 80);
});

for (
  const [name, optimizer] of [["adam", () => adam({ decay: 1e-2 })], [
    "sgd",
    () => sgd({ decay: 1e-2 }),
  ]] as const
) {
  Deno.test(`training: interrupted anywhere and resumed from a file, ${name} comes to the same bits`, async () => {
    const data = images(50), base: TrainOptions = { epochs: 3, batch: 16, rate: 3e-3, seed: 5, clip: 1 };
    const whole = network(), straight = await train(whole, data, { ...base, optimizer: optimizer() });
    for (const stopAt of [1, 4, 6]) {
      const first = network(), controller = new AbortController();
      let steps = 0;
      const cut = await train(first, data, {
        ...base,
        optimizer: optimizer(),
        signal: controller.signal,
        onProgress: () => ++steps === stopAt && controller.abort(),
      });
      equal(cut.stopped, "cancelled");
      equal(steps, stopAt);
      // Another process: other first weights, another optimizer.
      const second = network(9);
      const rest = await train(second, data, {
        ...base,
        optimizer: optimizer(),
        resume: throughFile(cut.checkpoint),
      });
      equal(bits(second), bits(whole), `after ${stopAt} steps`);
      deepEqual(rest.epochs, straight.epochs);
    }
  });
}

Deno.test("training: checkpoints come in the epochs and after them, and each resumes to the same bits", async () => {
  const data = images(48), base = { epochs: 2, batch: 16, seed: 1 }, states: NetworkState[] = [];
  const whole = network();
  await train(whole, data, { ...base, checkpointEvery: 2, onCheckpoint: (state) => void states.push(state) });
  equal(states.length, 4); // after 2, 3 (an epoch), 4 and 6
  for (const state of states) {
    const model = network(2);
    await train(model, data, { ...base, resume: throughFile(state) });
    equal(bits(model), bits(whole));
  }
});

Deno.test("training: a loss that is not finite stops it, it says where, and the last good state is kept", async () => {
  const data = images(48), model = network();
  let good = "";
  const result = await train(model, data, {
    epochs: 9,
    batch: 16,
    seed: 1,
    onCheckpoint: () => void (good = bits(model)),
    rate: (step) => step < 7 ? 1e-3 : 1e30,
  });
  equal(result.stopped, "diverged");
  equal(result.epochs.length, 2);
  // Step 7 makes the weights huge; the next one finds out.
  const { epoch, batch, layer, what } = result.divergence!;
  deepEqual([epoch, batch], [2, 2]);
  ok(layer >= 0 && layer <= 9, `${layer}`);
  ok(/of layer \d|the loss/.test(what), what);
  equal(bits(model), good);
  const resumed = network(3);
  const next = await train(resumed, data, {
    epochs: 3,
    batch: 16,
    seed: 1,
    resume: throughFile(result.checkpoint),
  });
  equal(next.stopped, "epochs");
});

Deno.test("training: a NaN in a weight, in the data or in a gradient is found where it is", async () => {
  const data = images(32), options = { epochs: 1, batch: 16 };
  const poisoned = network();
  poisoned.parameters.at(-2)!.value[3] = NaN;
  poisoned.changed();
  const weight = await train(poisoned, data, options);
  deepEqual(weight.divergence, {
    epoch: 0,
    batch: 0,
    layer: 9,
    what: "weights 0 of layer 9, linear 64→4 (dense)",
  });
  const bad = images(32);
  bad.inputs.data[5] = Infinity;
  equal((await train(network(), bad, { ...options, batch: 32 })).divergence!.what, "the input");
  const gradient = await train(network(), data, {
    ...options,
    loss: (output) => ({ loss: 0, gradient: { data: output.data.map(() => NaN), shape: output.shape } }),
  });
  equal(gradient.stopped, "diverged");
  ok(/gradient of .* of layer 0/.test(gradient.divergence!.what), gradient.divergence!.what);
});

Deno.test("training: weight decay is for dense weights and not for structured ones, biases and scales", () => {
  const decayed = network().parameters.filter(({ decay }) => decay).map(({ name }) => name);
  deepEqual(decayed, ["1 weights", "9 weights 0"]);
  const weights = new Float32Array([2]),
    parameters = [
      { name: "a", value: weights, gradient: new Float32Array(1), decay: true },
      { name: "b", value: new Float32Array([2]), gradient: new Float32Array(1), decay: false },
    ];
  adam({ decay: 0.5 }).step(parameters, 0.1);
  sgd({ decay: 0.5 }).step(parameters, 0.1);
  ok(Math.abs(weights[0] - 2 * 0.95 ** 2) < 1e-6);
  equal(parameters[1].value[0], 2);
});

Deno.test("training: steps of sgd are those of its formula, and a schedule warms up and falls", () => {
  const one = { name: "a", value: new Float32Array([1]), gradient: new Float32Array([2]), decay: false };
  const optimizer = sgd({ momentum: 0.5 });
  optimizer.step([one], 0.25);
  optimizer.step([one], 0.25);
  equal(one.value[0], 1 - 0.5 - 0.75);
  const rate = warmCosine(1, { warm: 3, floor: 0.1 });
  deepEqual([0, 1, 2].map((step) => rate(step, 103)), [0.25, 0.5, 0.75]);
  equal(rate(3, 103), 1);
  ok(Math.abs(rate(53, 103) - 0.55) < 1e-12 && Math.abs(rate(103, 103) - 0.1) < 1e-12);
});

Deno.test("training: what does not fit is refused in a sentence, and the network stays as it is", async () => {
  const data = images(16), model = network(), before = bits(model);
  const attempt = (options: Partial<TrainOptions>, other = data): Promise<unknown> =>
    train(model, other, { epochs: 1, ...options });
  await rejects(attempt({ epochs: 0 }), /epochs must be a whole number from 1 on, got 0/);
  await rejects(attempt({ batch: 1.5 }), /batch must be a whole number/);
  await rejects(attempt({ clip: -1 }), /clip must be a positive number/);
  await rejects(attempt({ seed: 0.1 }), /seed must be a whole number/);
  await rejects(attempt({}, { ...data, labels: [1] }), /a label for each of 16 examples, got 1/);
  await rejects(
    attempt({}, { ...data, labels: data.labels.map(() => 7) }),
    /label 0 is 7, expected one of 0 to 3/,
  );
  const shape = [16, 64];
  await rejects(
    attempt({}, { ...data, inputs: { data: data.inputs.data, shape } }),
    /expected images of 1 channels, got examples of 64 \(layer 1 of a network of 10 layers\)/,
  );
  const { checkpoint } = await train(network(), data, { epochs: 1 });
  await rejects(attempt({ resume: checkpoint, batch: 4 }), /batch is 4 here and was 16 there/);
  await rejects(attempt({ resume: checkpoint, seed: 4 }), /seed is 4 here and was 0 there/);
  await rejects(
    attempt({ resume: checkpoint, optimizer: sgd() }),
    /optimizer is sgd here and was adam there/,
  );
  await rejects(attempt({ resume: model.save() }), /optimizer is adam here and was not written there/);
  const tensors = new Map(checkpoint.tensors);
  tensors.delete("training");
  await rejects(attempt({ resume: { ...checkpoint, tensors } }), /there is no tensor "training"/);
  await rejects(train({} as never, data, { epochs: 1 }), /the model is not a Sequential/);
  await rejects(
    train(model, undefined as never, { epochs: 1 }),
    /inputs is not a tensor/,
  );
  throws(() => evaluate(model, data, { batch: 0 }), /batch must be a whole number from 1 on, got 0/);
  throws(() => evaluate(model, { ...data, labels: [1] }), /a label for each of 16 examples, got 1/);
  equal(bits(model), before);
});

Deno.test("a network is saved and loaded; files that do not fit change nothing", () => {
  const one = network(1), two = network(2), x = images(4).inputs;
  two.load(throughFile(one.save()));
  deepEqual(two.forward(x).data, one.forward(x).data);
  const before = bits(two), { tensors, metadata } = network(3).save();
  const wrong = new Map(tensors);
  wrong.set("parameter 9 bias", { dtype: "F32", shape: [3], data: new Float32Array(3) });
  throws(() => two.load({ tensors: wrong, metadata }), /tensor "parameter 9 bias" has 3 numbers, expected 4/);
  wrong.set("parameter 9 bias", { dtype: "F32", shape: [4], data: new Float32Array(4).fill(NaN) });
  throws(
    () => two.load({ tensors: wrong, metadata }),
    /"parameter 9 bias" holds numbers that are not finite/,
  );
  wrong.delete("parameter 9 bias");
  throws(() => two.load({ tensors: wrong, metadata }), /there is no tensor "parameter 9 bias"/);
  equal(bits(two), before);
});

Deno.test("a network can be cut off: what is trained behind fixed layers has the same gradients", () => {
  const make = (): Sequential =>
    new Sequential([new Reshape([8]), new Relu(), new Linear(8, 4, { seed: 1 })]);
  const x = { data: Float32Array.from({ length: 16 }, (_, i) => Math.sin(i)), shape: [2, 4, 2] };
  const one = make(), two = make(), g = { data: new Float32Array(8).fill(1), shape: [2, 4] };
  one.forward(x, true);
  two.forward(x, true);
  deepEqual(one.backward(g).shape, x.shape);
  two.backwardToParameters(g);
  deepEqual(two.parameters[0].gradient, one.parameters[0].gradient);
});
