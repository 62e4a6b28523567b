/** Networks frozen for inference: the same results, whatever comes after. */
import { deepEqual, throws } from "node:assert/strict";
import {
  BatchNorm,
  Conv2d,
  Dropout,
  Flatten,
  Linear,
  LINEAR_STRUCTURES,
  PointwiseMix,
  Relu,
  Reshape,
  Sequential,
  SpectralFrontEnd,
  type Tensor,
} from "../src/layers/mod.ts";
import { Random } from "../src/program/random.ts";
import { assertClose } from "./helpers.ts";

const random = new Random(8);
const tensor = (...shape: number[]): Tensor => ({
  data: Float32Array.from({ length: shape.reduce((all, n) => all * n, 1) }, () => random.normal()),
  shape,
});

/** Checks a frozen network on batches of all sizes, growing and shrinking. */
function check(layers: ConstructorParameters<typeof Sequential>[0], ...example: number[]): void {
  const model = new Sequential(layers);
  // Running statistics of some batches.
  for (let i = 0; i < 3; i++) model.forward(tensor(8, ...example), true);
  for (const { value } of model.parameters) value.forEach((v, i) => value[i] = v + 0.1 * random.normal());
  model.changed();
  const frozen = model.freeze();
  for (const batch of [1, 5, 2, 40, 1]) {
    const x = tensor(batch, ...example), kept = x.data.slice(), y = frozen.apply(x), want = model.forward(x);
    deepEqual(y.shape, want.shape);
    assertClose(y.data, want.data, 1e-5, layers.map(({ name }) => name).join(", "));
    deepEqual(x.data, kept);
  }
  frozen.dispose();
}

Deno.test("frozen networks give what the network gave, with layers of every structure joined", () => {
  for (const structure of LINEAR_STRUCTURES) {
    const linear = (a: number, b: number): Linear => new Linear(a, b, { structure, rank: 3, seed: 1 });
    check([linear(16, 24), new Relu(), linear(24, 8)], 16);
    check(
      [linear(16, 16), linear(16, 12), new BatchNorm(12), new Dropout(0.5), linear(12, 3), new Relu()],
      16,
    );
  }
});

Deno.test("frozen networks of other layers, in any order", () => {
  check([new Relu(), new Linear(6, 4, { seed: 1 })], 3, 6);
  check([new Linear(6, 4, { seed: 1 }), new BatchNorm(3), new Relu()], 3, 6);
  check([new Relu(), new Relu()], 5);
  check([new Flatten()], 2, 3);
  check(
    [
      new Conv2d(2, 3, 3, { padding: 1, seed: 1 }),
      new BatchNorm(3),
      new Relu(),
      new PointwiseMix(3, 4, { base: 2, seed: 1 }),
      new Relu(),
      new Flatten(),
      new Linear(64, 32, { structure: "butterfly", seed: 1 }),
      new Relu(),
      new Reshape([2, 4, 4]),
      new Conv2d(2, 1, 3, { seed: 1 }),
      new Relu(),
      new Linear(2, 5, { seed: 1 }),
    ],
    2,
    4,
    4,
  );
  check([new SpectralFrontEnd(16, { epsilon: 0.1 }), new Linear(9, 4, { seed: 1 })], 3, 16);
});

Deno.test("frozen networks do not change when training goes on", () => {
  const linear = new Linear(8, 8, { structure: "circulant", seed: 1 }), model = new Sequential([linear]);
  const frozen = model.freeze(), x = tensor(2, 8), before = frozen.apply(x).data;
  linear.parameters[0].value.fill(3);
  model.changed();
  model.forward(x, true);
  deepEqual(frozen.apply(x).data, before);
  throws(() => frozen.apply(tensor(2, 7)), /expected vectors of 8 numbers, got examples of 7/);
  throws(() => frozen.apply([1] as never), /not a tensor of data and shape but an Array/);
});
