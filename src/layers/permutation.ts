/**
 * A permutation that is learned: butterflies of doubly stochastic blocks.
 *
 * @module
 */

import { sigmoid } from "../learn/permutations/relaxed.ts";
import { sampleChoices, StochasticButterfly } from "../learn/permutations/stochastic.ts";
import { Random } from "../program/random.ts";
import {
  checkCotangent,
  checkInput,
  Layer,
  type LayerState,
  type Parameter,
  parameter,
  refuse,
  sizeOf,
  type Tensor,
} from "./layer.ts";

/** How a {@link LearnedPermutation} works. */
export interface LearnedPermutationOptions {
  /** Butterflies of each axis in the order of application; one decreasing and one increasing, which can be anything. */
  readonly orders?: readonly ("increasing" | "decreasing")[];
  /** In training, whether choices are drawn, as binary Concrete variables, or their mean is applied (the default). */
  readonly sample?: boolean;
  /** The deviation of the first logits; 1. */
  readonly deviation?: number;
  /** The same seed gives the same logits and draws. 0 when absent. */
  readonly seed?: number;
}

/** One axis. */
interface Axis {
  readonly mix: StochasticButterfly;
  /** Numbers that go together: positions behind this axis. */
  readonly unit: number;
  readonly logits: Parameter;
}

/** What the backward direction needs. */
interface Kept {
  readonly values: readonly Float64Array[];
  readonly choices: readonly Float64Array[];
  readonly temperature: number;
}

/**
 * Permutes positions by butterflies whose blocks exchange two numbers with a probability that is learned (Dao et al. 2020,
 * sections 3.2 and B.3). In training it is their mean, doubly stochastic, or a draw; otherwise the likelier permutation.
 * {@link LearnedPermutation.temperature} and {@link LearnedPermutation.entropy} are to be changed on the way, so that it
 * becomes certain of one.
 *
 * @example
 * ```ts
 * import { LearnedPermutation } from "@papillon/papillon/layers";
 * const layer = new LearnedPermutation([4, 4], { seed: 1 }); // rows and columns of images
 * const image = { data: Float32Array.from({ length: 16 }, (_, i) => i), shape: [1, 4, 4] };
 * const { data } = layer.forward(image); // the permutation that is likeliest now
 * console.assert(data.join() === layer.index().join());
 * ```
 */
export class LearnedPermutation extends Layer {
  /** What it is. */
  readonly name: string;
  /** The temperature of draws, at most 1; the colder the closer to permutations. */
  temperature = 1;
  /** What the entropy of all blocks, in nats, is multiplied with and added to the loss. */
  entropy = 0;
  readonly #axes: readonly Axis[];
  readonly #positions: number;
  readonly #sample: boolean;
  readonly #seed: number;
  readonly #steps = new Float32Array(1);
  #kept: Kept | undefined;
  #shape: readonly number[] | undefined;

  /**
   * A permutation of positions along some axes, unknown at first.
   *
   * @param axes sizes of the last axes, powers of two, each of which gets a permutation of its own
   * @throws {RangeError} when a size is no power of two from 2 on, or there is no axis
   */
  constructor(axes: readonly number[], options: LearnedPermutationOptions = {}) {
    super();
    const { orders, sample = false, deviation = 1, seed = 0 } = options, random = new Random(seed);
    if (!Array.isArray(axes) || axes.length === 0) {
      throw new RangeError("Cannot make a learned permutation: expected at least one axis");
    }
    let unit = sizeOf(axes);
    this.#positions = unit;
    this.#axes = axes.map((n, i) => {
      const mix = new StochasticButterfly(n, orders);
      unit /= n;
      const logits = Float32Array.from(mix.probabilities, () => deviation * random.normal());
      return { mix, unit, logits: parameter(`logits ${i}`, logits) };
    });
    this.#sample = sample;
    this.#seed = seed;
    this.name = `learned permutation of ${axes.join("×")}`;
  }

  /** The logits of each axis. */
  override get parameters(): readonly Parameter[] {
    return this.#axes.map(({ logits }) => logits);
  }

  /** How many draws there were. */
  override get state(): readonly LayerState[] {
    return [{ name: "steps", value: this.#steps }];
  }

  /** Any shape of a multiple of all positions stays as it is. */
  outputShape(input: readonly number[]): number[] {
    if (sizeOf(input) % this.#positions !== 0) {
      refuse(this, `a multiple of ${this.#positions} numbers`, input);
    }
    return [...input];
  }

  /** The likelier permutation: y[i] = x[index[i]], over all positions. */
  index(): Uint32Array {
    return Uint32Array.from(
      this.#steps64(Float64Array.from({ length: this.#positions }, (_, i) => i)).at(-1)!,
    );
  }

  /** The input and the values behind each axis; those of the likelier permutation when there are no choices. */
  #steps64(x: Float64Array, choices?: readonly Float64Array[]): Float64Array[] {
    const values = [x];
    this.#axes.forEach(({ mix, unit, logits }, k) => {
      const own = choices?.[k] ?? Float64Array.from(logits.value, (logit) => logit > 0 ? 1 : 0);
      values.push(mix.apply(own, values[k], unit));
    });
    return values;
  }

  /** The output. */
  forward(x: Tensor, training = false): Tensor {
    const shape = checkInput(this, x), data = Float64Array.from(x.data);
    if (!training) return { data: new Float32Array(this.#steps64(data).at(-1)!), shape };
    const random = new Random(this.#seed * 2 ** 24 + ++this.#steps[0]);
    const temperature = this.#sample ? this.temperature : 1;
    const choices = this.#axes.map(({ logits }) => {
      const values = Float64Array.from(logits.value);
      return this.#sample ? sampleChoices(values, temperature, random) : values.map(sigmoid);
    });
    const values = this.#steps64(data, choices);
    this.#kept = { values, choices, temperature };
    this.#shape = shape;
    return { data: new Float32Array(values.at(-1)!), shape };
  }

  /** The cotangent of the input. */
  backward(g: Tensor): Tensor {
    const { values, choices, temperature } = checkCotangent(this, g, this.#shape, this.#kept);
    let cotangent: Float64Array = Float64Array.from(g.data);
    for (let k = this.#axes.length - 1; k >= 0; k--) {
      const { mix, unit, logits } = this.#axes[k];
      const { input, probabilities } = mix.gradient(choices[k], values[k], cotangent, unit);
      cotangent = input;
      probabilities.forEach((slope, i) => {
        const p = choices[k][i];
        logits.gradient[i] = slope * p * (1 - p) / temperature;
      });
    }
    return { data: new Float32Array(cotangent), shape: g.shape };
  }

  /** The entropy times its weight. */
  override penalize(): number {
    let sum = 0;
    if (this.entropy === 0) return 0;
    for (const { logits: { value, gradient } } of this.#axes) {
      value.forEach((logit, i) => {
        const p = sigmoid(logit);
        gradient[i] -= this.entropy * logit * p * (1 - p);
        if (p > 0 && p < 1) sum -= p * Math.log(p) + (1 - p) * Math.log(1 - p);
      });
    }
    return this.entropy * sum;
  }

  /** Forgets the last input. */
  override forget(): void {
    this.#kept = undefined;
  }
}
