/**
 * A permutation learned from what is good about permuted data: butterflies of doubly stochastic blocks, sampled, their
 * entropy annealed, and rounded (Dao et al. 2020, sections 3.2 and B.3).
 *
 * @module
 */
import { Random } from "../../program/random.ts";
import { Adam, cosineRate } from "../adam.ts";
import { isPowerOfTwo } from "../target.ts";
import { runTask, type StopReason } from "../task.ts";
import { sigmoid } from "./relaxed.ts";
import { sampleChoices, StochasticButterfly } from "./stochastic.ts";

/**
 * What is to be small: returns the loss of permuted data and writes its gradient with respect to them into `gradient`
 * (overwritten, not added to).
 */
export type PermutationLoss = (data: Float64Array, gradient: Float64Array) => number;

/** How {@link learnPermutation} works. */
export interface PermutationOptions {
  /**
   * The axes of a vector's positions, powers of two, each with a permutation of its own: [height, width] permutes rows
   * and columns. One axis of all positions otherwise.
   */
  readonly axes?: readonly number[];
  /** Butterflies of each axis; one decreasing and one increasing, which can be any permutation. */
  readonly orders?: readonly ("increasing" | "decreasing")[];
  /** Starts; 4. The best is returned. */
  readonly starts?: number;
  /** Steps of Adam of each start; 200. */
  readonly steps?: number;
  /** Permutations drawn at each step; 2. */
  readonly samples?: number;
  /** Adam's learning rate at the beginning; 0.2. */
  readonly rate?: number;
  /** The temperature of the draws at the beginning and at the end; 1 to 0.2. */
  readonly temperatures?: readonly [number, number];
  /** Weight of the entropy at the end, as a part of the loss at the beginning; it grows from zero. 0.1. */
  readonly entropy?: number;
  /** Seed of all that is random; 0. */
  readonly seed?: number;
  /** Stops with the best so far. */
  readonly signal?: AbortSignal;
  /** Stops after so many seconds with the best so far. */
  readonly budgetSeconds?: number;
  /** Called now and then with the loss of the best permutation so far. */
  readonly onProgress?: (start: number, step: number, loss: number) => void;
}

/** A permutation that was learned. */
export interface LearnedPermutation {
  /** Of all positions of a vector: y[i] = x[index[i]]. */
  readonly index: Uint32Array;
  /** That of each axis. */
  readonly axes: readonly Uint32Array[];
  /** The loss of the data so permuted. */
  readonly loss: number;
  /** The start that it comes from, from 0. */
  readonly start: number;
  /** Why it ended. */
  readonly stopped: "starts" | StopReason;
}

/** One axis: its butterfly and how the data lie for it. */
interface Axis {
  readonly mix: StochasticButterfly;
  /** Numbers that go together: positions behind this axis. */
  readonly unit: number;
  readonly logits: Float64Array;
}

/**
 * Learns a permutation of the positions of vectors that makes a loss small.
 *
 * Each start draws logits, then takes steps of Adam: at each, permutations are drawn (as binary Concrete variables, whose
 * temperature falls), the data are mixed by them, and the gradient of the loss goes back to the logits, to which that of
 * the entropy is added, with growing weight. At the end the likelier choice of each block is taken, and then stretches of
 * the permutation are reversed or change places as long as that makes the loss smaller (of the best start only, where an axis is
 * longer than 64). That matters most on one long axis, where mixtures of neighbours are smoother than any order of them.
 *
 * @param data vectors one after another, each of as many numbers as there are positions
 * @throws {RangeError} (as a rejection) when lengths do not fit or options make no sense
 *
 * @example
 * ```ts
 * import { bitReversal, learnPermutation, totalVariation } from "@papillon/papillon";
 * // Waves of eight points, in the order of bit reversal; in their own order they are smooth.
 * const shuffled = Float64Array.from({ length: 32 }, (_, i) => Math.sin(bitReversal(8)[i % 8] / 3 + (i >> 3)));
 * const shape = { channels: 1, height: 1, width: 8 };
 * const { index } = await learnPermutation(shuffled, 8, (x, gradient) => totalVariation(x, shape, { gradient }));
 * const found = [...index].map((i) => bitReversal(8)[i]).join();
 * console.assert(found === "0,1,2,3,4,5,6,7" || found === "7,6,5,4,3,2,1,0");
 * ```
 */
export async function learnPermutation(
  data: Float64Array,
  positions: number,
  loss: PermutationLoss,
  options: PermutationOptions = {},
): Promise<LearnedPermutation> {
  check(data, positions, options);
  const { signal, budgetSeconds, onProgress } = options;
  return await runTask(learning(data, positions, loss, options), {
    signal,
    budgetSeconds,
    onProgress: ({ restart, step, rmse }) => onProgress?.(restart, step, rmse),
  });
}

function check(data: Float64Array, positions: number, options: PermutationOptions): void {
  const { axes = [positions], starts = 4, steps = 200, samples = 2, temperatures = [1, 0.2] } = options;
  if (!axes.every((n) => isPowerOfTwo(n) && n >= 2) || axes.reduce((a, b) => a * b, 1) !== positions) {
    throw new RangeError(
      `Cannot learn a permutation of ${positions} positions: the axes are [${
        axes.join(", ")
      }], expected powers of two ` +
        "from 2 on with that product",
    );
  }
  if (data.length === 0 || data.length % positions !== 0) {
    throw new RangeError(
      `Cannot learn a permutation: data length ${data.length} is not a multiple of ${positions}`,
    );
  }
  if (!data.every(Number.isFinite)) {
    throw new RangeError("Cannot learn a permutation: the data hold numbers that are not finite");
  }
  for (const [name, value] of Object.entries({ starts, steps, samples })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`Cannot learn a permutation: ${name} is ${value}, expected a positive integer`);
    }
  }
  if (!temperatures.every((t) => t > 0 && t < Infinity)) {
    throw new RangeError(
      `Cannot learn a permutation: temperatures are ${temperatures.join(" to ")}, expected positive numbers`,
    );
  }
}

/** Progress of the work. */
interface Reported {
  readonly phase: "adam";
  readonly step: number;
  readonly rmse: number;
  readonly restart: number;
}

/** The permutations of the axes that a start was rounded to, and their loss. */
interface Rounded {
  readonly indices: Uint32Array[];
  readonly start: number;
  readonly reached: number;
}

/** Axes up to this length have all their neighbouring stretches exchanged. */
const SHORT = 32;
/** Of axes up to this length all starts are improved by small changes; of longer ones only the best. */
const MIDDLE = 64;

/** The work, with progress: `restart` is the start and `rmse` the best loss. */
function* learning(
  data: Float64Array,
  positions: number,
  loss: PermutationLoss,
  options: PermutationOptions,
): Generator<Reported, LearnedPermutation, StopReason | undefined> {
  const { starts = 4, steps = 200, seed = 0, axes: sizes = [positions], orders } = options;
  let best: LearnedPermutation | undefined, stop: StopReason | undefined;
  const ended: Rounded[] = [];
  const gradient = new Float64Array(data.length);
  for (let start = 0; start < starts && stop === undefined; start++) {
    const random = new Random(seed * 65537 + start);
    let unit = positions;
    const axes = sizes.map((n): Axis => {
      const mix = new StochasticButterfly(n, orders);
      unit /= n;
      return { mix, unit, logits: mix.probabilities.map(() => random.normal()) };
    });
    const step = stepper(data, axes, loss, options, random);
    for (let at = 0; at < steps && stop === undefined; at++) {
      step(at / steps);
      stop = yield { phase: "adam", step: at, rmse: best?.loss ?? Infinity, restart: start };
    }
    const indices = axes.map(({ mix, logits }) => mix.rounded(logits.map((logit) => logit > 0 ? 1 : 0)));
    ended.push({ indices, start, reached: loss(permuted(data, indices), gradient) });
    offer(ended[start]);
  }
  ended.sort((a, b) => a.reached - b.reached);
  for (const rounded of sizes.every((n) => n <= MIDDLE) ? ended : ended.slice(0, 1)) {
    if (stop === undefined) stop = yield* improve(rounded);
  }
  return { ...best!, stopped: stop ?? "starts" };

  function offer({ indices, start, reached }: Rounded): void {
    if (best !== undefined && reached >= best.loss) return;
    best = { index: combined(indices), axes: [...indices], loss: reached, start, stopped: "starts" };
  }

  /** Small changes as long as they help. */
  function* improve(
    { indices, start, reached }: Rounded,
  ): Generator<Reported, StopReason | undefined, StopReason | undefined> {
    for (let better = true; better;) {
      better = false;
      for (const k of indices.keys()) {
        for (const moved of moves(indices[k])) {
          const before = indices[k];
          indices[k] = moved(before);
          const changed = loss(permuted(data, indices), gradient);
          if (changed < reached) {
            [reached, better] = [changed, true];
            offer({ indices, start, reached });
          } else indices[k] = before;
          const stop = yield { phase: "adam", step: steps, rmse: best!.loss, restart: start };
          if (stop !== undefined) return stop;
        }
      }
    }
  }
}

/** So many moves of one kind at most are tried in a sweep of a long axis. */
const MOVES = 20_000;

/**
 * Small changes of a permutation: a stretch is reversed, or changes places with another. Rounding leaves stretches that are
 * right in themselves in the wrong places. Up to {@link SHORT} positions, all neighbouring stretches are exchanged; of longer axes, short
 * stretches are moved anywhere, and stretches of equal length, single positions first, change places.
 */
function* moves({ length: n }: Uint32Array): Generator<(index: Uint32Array) => Uint32Array> {
  for (let begin = 0; begin < n; begin++) {
    for (let end = begin + 2; end <= n; end++) yield (index) => reversed(index, begin, end);
  }
  if (n <= SHORT) {
    for (let begin = 0; begin < n; begin++) {
      for (let middle = begin + 1; middle < n; middle++) {
        for (let end = middle + 1; end <= n; end++) yield (index) => exchanged(index, begin, middle, end);
      }
    }
    return;
  }
  for (let size = 1; size <= Math.min(8, MOVES / n ** 2); size++) {
    for (let begin = 0; begin + size <= n; begin++) {
      for (let end = begin + size + 1; end <= n; end++) {
        yield (index) => exchanged(index, begin, begin + size, end);
        yield (index) => exchanged(index, n - end, n - begin - size, n - begin);
      }
    }
  }
  for (let size = 1; size < n; size *= 2) {
    for (let first = 0; first < n; first += size) {
      for (let second = first + size; second < n; second += size) {
        yield (index) => {
          const moved = index.slice();
          moved.set(index.subarray(first, first + size), second);
          moved.set(index.subarray(second, second + size), first);
          return moved;
        };
      }
    }
  }
}

function reversed(index: Uint32Array, begin: number, end: number): Uint32Array {
  const moved = index.slice();
  moved.subarray(begin, end).reverse();
  return moved;
}

/** The stretches from begin to middle and from there to end change places. */
function exchanged(index: Uint32Array, begin: number, middle: number, end: number): Uint32Array {
  const moved = index.slice();
  moved.set(index.subarray(middle, end), begin);
  moved.set(index.subarray(begin, middle), begin + end - middle);
  return moved;
}

/** The permutation of all positions by those of their axes. */
function combined(axes: readonly Uint32Array[]): Uint32Array {
  return axes.reduce(
    (all, own) =>
      Uint32Array.from(
        { length: all.length * own.length },
        (_, i) => all[Math.floor(i / own.length)] * own.length + own[i % own.length],
      ),
    new Uint32Array(1),
  );
}

function permuted(data: Float64Array, axes: readonly Uint32Array[]): Float64Array {
  const index = combined(axes), y = new Float64Array(data.length);
  for (let at = 0; at < data.length; at += index.length) {
    for (let i = 0; i < index.length; i++) y[at + i] = data[at + index[i]];
  }
  return y;
}

/** The data after each axis, the data themselves first. */
function mixed(data: Float64Array, axes: readonly Axis[], choices: readonly Float64Array[]): Float64Array[] {
  const values = [data];
  axes.forEach(({ mix, unit }, k) => values.push(mix.apply(choices[k], values[k], unit)));
  return values;
}

/** One step of Adam on the logits of all axes, at a part of the way. */
function stepper(
  data: Float64Array,
  axes: readonly Axis[],
  loss: PermutationLoss,
  options: PermutationOptions,
  random: Random,
): (done: number) => void {
  const { samples = 2, rate = 0.2, temperatures: [hot, cold] = [1, 0.2], entropy = 0.1 } = options;
  const adams = axes.map(({ logits }) => new Adam(logits.length));
  const gradient = new Float64Array(data.length);
  let first: number | undefined;
  return (done) => {
    const temperature = hot * (cold / hot) ** done,
      slopes = axes.map(({ logits }) => new Float64Array(logits.length));
    for (let sample = 0; sample < samples; sample++) {
      const choices = axes.map(({ logits }) => sampleChoices(logits, temperature, random));
      const values = mixed(data, axes, choices), value = loss(values.at(-1)!, gradient);
      first ??= Math.abs(value);
      let cotangent: Float64Array = gradient;
      for (let k = axes.length - 1; k >= 0; k--) {
        const { mix, unit } = axes[k], back = mix.gradient(choices[k], values[k], cotangent, unit);
        cotangent = back.input;
        back.probabilities.forEach((slope, i) => {
          const p = choices[k][i];
          slopes[k][i] += slope * p * (1 - p) / temperature / samples;
        });
      }
    }
    const blocks = axes.reduce((sum, { logits }) => sum + logits.length, 0);
    axes.forEach(({ logits }, k) => {
      const weight = entropy * done * first! / blocks;
      logits.forEach((logit, i) => {
        const p = sigmoid(logit);
        slopes[k][i] -= weight * logit * p * (1 - p);
      });
      adams[k].step(logits, slopes[k], cosineRate(done, 1, rate, 0.1 * rate));
    });
  };
}
