/**
 * The networks of the report on hidden layers: 1024 → hidden layer of some structure → relu → 10.
 */
import { Linear, type LinearOptions, Relu, Sequential } from "../src/layers/mod.ts";
import type { Network } from "./report_layers_worker.ts";

/** Inputs of the hidden layer, and its outputs. */
export const WIDTH = 1024;

/** What a hidden layer is. */
export interface Hidden {
  readonly options: LinearOptions;
  /** The highest learning rate. */
  readonly rate: number;
  /** For readers. */
  readonly about: string;
}

/** Dense layers take smaller steps: one number of many changes the output as much as one of few. */
const DENSE_RATE = 1e-3, RATE = 1e-2;
/** Times that all images are learned from. */
export const EPOCHS = 20;

/** The hidden layers by name; those that take long to train first. */
export const HIDDEN: Readonly<Record<string, Hidden>> = {
  "dense": { options: {}, rate: DENSE_RATE, about: "all entries" },
  "BB*": {
    options: { structure: "kaleidoscope" },
    rate: RATE,
    about: "kaleidoscope: a butterfly of decreasing strides and one of increasing ones",
  },
  "BPBP": {
    options: { structure: "bpbp" },
    rate: RATE,
    about: "two butterflies, each behind a bit reversal, which stays",
  },
  "Monarch 32×32": {
    options: { structure: "monarch" },
    rate: RATE,
    about: "two factors of 32 blocks of 32×32",
  },
  "circulant": {
    options: { structure: "circulant" },
    rate: RATE,
    about: "one column, by Fourier transforms",
  },
  "butterfly": { options: { structure: "butterfly" }, rate: RATE, about: "ten factors of 2×2 blocks" },
  "Monarch": {
    options: { structure: "monarch", p: 64, q: 4 },
    rate: RATE,
    about: "4 blocks of 16×256, then 16 of 64×4",
  },
  "low rank 20": { options: { structure: "low rank", rank: 20 }, rate: RATE, about: "rank 20" },
  "low rank 10": { options: { structure: "low rank", rank: 10 }, rate: RATE, about: "rank 10" },
};

/** The hidden layer of a network. */
export function hiddenLayer(name: string, seed: number): Linear {
  return new Linear(WIDTH, WIDTH, { ...HIDDEN[name].options, gain: Math.SQRT2, seed: 2 * seed });
}

/** A network by the name of its hidden layer. */
export function makeNetwork(name: string, seed: number): Network {
  const last = new Linear(WIDTH, 10, { seed: 2 * seed + 1 });
  return {
    model: new Sequential([hiddenLayer(name, seed), new Relu(), last]),
    rate: HIDDEN[name].rate,
    epochs: EPOCHS,
  };
}
