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

/** How channels are mixed: densely, or by a butterfly transform of some radix. */
export type Mixing = "dense" | 2 | 4 | 8;

/** What each of the convolutions strides: the first one, and that of each block. */
const STRIDES = [2, 2, 2, 1, 1];
/** The highest learning rate, and times that all images are learned from. */
export const RATE = 1e-2, EPOCHS = 6;

/** A network, and what it takes. */
export interface Mobile {
  readonly model: Sequential;
  readonly channels: readonly number[];
  /** Multiply-adds for an image, and those of them that are for the mixing of channels. */
  readonly operations: number;
  readonly mixing: number;
}

/** A network with so many channels behind the first convolution and behind each block. */
export function mobile(mix: Mixing, channels: readonly number[], seed: number): Mobile {
  const gain = Math.SQRT2, layers: Layer[] = [new Reshape([1, SIDE, SIDE])];
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

/** Channels of the dense network. */
const DENSE = [8, 16, 32, 64, 128];

/**
 * The networks by name. Those of butterflies have the channels of the dense one times a factor, in fours, with which their
 * multiply-adds are nearest to those of the dense one.
 */
export const NETWORKS: Readonly<Record<string, (seed: number) => Mobile>> = {
  "dense": (seed) => mobile("dense", DENSE, seed),
  "BFT, k = 2": (seed) => mobile(2, [12, 28, 56, 108, 220], seed),
  "BFT, k = 4": (seed) => mobile(4, [16, 32, 60, 124, 248], seed),
  "BFT, k = 8": (seed) => mobile(8, [12, 20, 40, 80, 160], seed),
  "BFT, k = 4, as many channels": (seed) => mobile(4, DENSE, seed),
};

/** A network by its name. */
export function makeNetwork(name: string, seed: number): Network {
  return { model: NETWORKS[name](seed).model, rate: RATE, epochs: EPOCHS };
}
