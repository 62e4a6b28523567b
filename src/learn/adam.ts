/**
 * Adam (Kingma and Ba 2015) on a flat array of weights, and schedules for its learning rate.
 *
 * @module
 */

/** Constants of Adam; the defaults are those of the paper but for beta2, see {@link Adam}. */
export interface AdamOptions {
  /** Decay of the mean of the gradient; 0.9. */
  readonly beta1?: number;
  /** Decay of the mean of its square; 0.999. */
  readonly beta2?: number;
  /** Added to the root of the mean square, so that a weight without gradient stays; 1e-8. */
  readonly epsilon?: number;
}

/** What {@link Adam} remembers. */
export interface AdamState {
  /** Steps taken. */
  readonly steps: number;
  /** The running mean of the gradient. */
  readonly mean: Float64Array;
  /** That of its square. */
  readonly square: Float64Array;
}

/**
 * Adam's state for one array of weights.
 *
 * @example
 * ```ts
 * const weights = new Float64Array([3, -2]);
 * const adam = new Adam(2);
 * for (let step = 0; step < 500; step++) {
 *   adam.step(weights, weights.slice(), cosineRate(step, 500, 0.1)); // the gradient of ½‖w‖² is w
 * }
 * ```
 */
export class Adam {
  readonly #mean: Float64Array;
  readonly #square: Float64Array;
  readonly #beta1: number;
  readonly #beta2: number;
  readonly #epsilon: number;
  #steps = 0;

  /** Starts with zero means, for `size` weights. */
  constructor(size: number, options: AdamOptions = {}) {
    this.#mean = new Float64Array(size);
    this.#square = new Float64Array(size);
    this.#beta1 = options.beta1 ?? 0.9;
    this.#beta2 = options.beta2 ?? 0.999;
    this.#epsilon = options.epsilon ?? 1e-8;
  }

  /** Where it stands: for resuming, see {@link Adam.resume}. Views, which the next step changes. */
  get state(): AdamState {
    return { steps: this.#steps, mean: this.#mean, square: this.#square };
  }

  /**
   * Adam as it stood; the state is copied.
   *
   * @throws RangeError if the state does not fit together.
   */
  static resume(state: AdamState, options: AdamOptions = {}): Adam {
    const { steps, mean, square } = state;
    if (!Number.isSafeInteger(steps) || steps < 0 || square.length !== mean.length) {
      throw new RangeError(
        `Cannot resume Adam after ${steps} steps with ${mean.length} means and ${square.length} squares`,
      );
    }
    const adam = new Adam(mean.length, options);
    adam.#mean.set(mean);
    adam.#square.set(square);
    adam.#steps = steps;
    return adam;
  }

  /**
   * Takes one step: changes `weights` in place, given the gradient there and the learning rate.
   *
   * @throws RangeError if the lengths differ from the size given to the constructor.
   */
  step(weights: Float32Array | Float64Array, gradient: Float32Array | Float64Array, rate: number): void {
    const mean = this.#mean;
    const square = this.#square;
    if (weights.length !== mean.length || gradient.length !== mean.length) {
      throw new RangeError(
        `Cannot step ${weights.length} weights with ${gradient.length} slopes: ` +
          `expected ${mean.length} of each`,
      );
    }
    this.#steps++;
    const beta1 = this.#beta1;
    const beta2 = this.#beta2;
    // The means start at zero: dividing by 1 − βᵗ removes that bias.
    const scale = rate / (1 - beta1 ** this.#steps);
    const unbias = 1 / (1 - beta2 ** this.#steps);
    for (let i = 0; i < mean.length; i++) {
      const slope = gradient[i];
      mean[i] = beta1 * mean[i] + (1 - beta1) * slope;
      square[i] = beta2 * square[i] + (1 - beta2) * slope * slope;
      weights[i] -= (scale * mean[i]) / (Math.sqrt(square[i] * unbias) + this.#epsilon);
    }
  }
}

/** The rate at `step` of `steps` of half a cosine from `peak` to `floor`. */
export function cosineRate(step: number, steps: number, peak: number, floor = 0): number {
  return floor + (peak - floor) * 0.5 * (1 + Math.cos((Math.PI * Math.min(step, steps)) / steps));
}
