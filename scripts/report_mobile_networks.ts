/**
 * The networks of the report on pointwise convolutions: a MobileNet (Howard et al. 2017) small enough for digits.
 */
import {
  BatchNorm,
  Conv2d,
  DepthwiseConv2d,
  GlobalPool,
  type Layer,
  Linear,
  PointwiseMix,
  Relu,
  Reshape,
  Sequential,
} from "../src/layers/mod.ts";
import { SIDE } from "./report_layers_data.ts";
import type { Network } from "./report_layers_worker.ts";

/** Channels behind the first convolution and behind each block, and what each of these strides. */
const CHANNELS = [8, 16, 32, 64, 64], STRIDES = [2, 2, 1, 2, 1];
const RATE = 1e-2, EPOCHS = 6;

/** How channels are mixed: densely, or by a butterfly transform of some radix. */
export type Mixing = "dense" | 2 | 4 | 8;

/** A network, and what it takes. */
export interface Mobile {
  readonly model: Sequential;
  readonly channels: readonly number[];
  /** Multiply-adds for an image, and those of them that are for the mixing of channels. */
  readonly operations: number;
  readonly mixing: number;
}

/** Channels times a width, in fours, so that butterflies fit. */
function widened(width: number): number[] {
  return CHANNELS.map((count) => Math.max(4, 4 * Math.round(count * width / 4)));
}

/** A network with so many times the channels. */
export function mobile(mix: Mixing, width: number, seed: number): Mobile {
  const channels = widened(width), gain = Math.SQRT2, layers: Layer[] = [new Reshape([1, SIDE, SIDE])];
  let places = (SIDE / STRIDES[0]) ** 2, operations = 9 * channels[0] * places, mixing = 0;
  const add = (layer: Layer, count: number): void => {
    layers.push(layer, new BatchNorm(count), new Relu());
  };
  const options = { padding: 1, bias: false, gain };
  add(new Conv2d(1, channels[0], 3, { ...options, stride: STRIDES[0], seed: 100 * seed }), channels[0]);
  for (let i = 1; i < channels.length; i++) {
    const from = channels[i - 1], to = channels[i], stride = STRIDES[i];
    places /= stride ** 2;
    const deep = new DepthwiseConv2d(from, 3, { ...options, stride, seed: 100 * seed + 2 * i });
    const structure = mix === "dense" ? { structure: mix, gain } as const : { base: mix };
    const point = new PointwiseMix(from, to, { ...structure, bias: false, seed: 100 * seed + 2 * i + 1 });
    add(deep, from);
    add(point, to);
    const one = point.linear.operations * places;
    mixing += one;
    operations += 9 * from * places + one;
  }
  const last = channels[channels.length - 1];
  layers.push(new GlobalPool(), new Linear(last, 10, { seed: 100 * seed + 99 }));
  operations += 10 * last;
  return { model: new Sequential(layers), channels, operations, mixing };
}

/** Multiply-adds of the dense network, which the others get as well. */
const BUDGET = mobile("dense", 1, 0).operations;

/** The widest network of so many multiply-adds as the dense one. */
export function widest(mix: Mixing, budget = BUDGET): number {
  let width = 1;
  for (let next = 1; next <= 4; next += 1 / 16) {
    if (mobile(mix, next, 0).operations <= budget) width = next;
  }
  return width;
}

/** The networks by name. */
export const NETWORKS: Readonly<Record<string, (seed: number) => Mobile>> = {
  "dense": (seed) => mobile("dense", 1, seed),
  "BFT, k = 2": (seed) => mobile(2, widest(2), seed),
  "BFT, k = 4": (seed) => mobile(4, widest(4), seed),
  "BFT, k = 8": (seed) => mobile(8, widest(8), seed),
  "BFT, k = 4, as many channels": (seed) => mobile(4, 1, seed),
};

/** A network by its name. */
export function makeNetwork(name: string, seed: number): Network {
  return { model: NETWORKS[name](seed).model, rate: RATE, epochs: EPOCHS };
}
