// From a recording to what the network takes: samples at 8 kHz, the loudest 0.656 s of them, at one loudness.
import { CLIP, RATE } from "./network.ts";

/** Zeros of the sinc on each side of a sample when the rate is changed, and entries of its table from one to the next. */
const ZEROS = 12, STEPS = 512;
/** The sinc under a cosine window, from its middle on. */
const TABLE = Float32Array.from({ length: ZEROS * STEPS + 2 }, (_, i) => {
  const x = i / STEPS;
  if (x === 0) return 1;
  return x >= ZEROS ? 0 : Math.sin(Math.PI * x) / (Math.PI * x) * (0.5 + 0.5 * Math.cos(Math.PI * x / ZEROS));
});

/**
 * Samples at another rate: a sinc of the lower of both rates, so that what the new rate cannot carry is left out.
 */
export function resample(samples: Float32Array, from: number, to: number): Float32Array {
  if (from === to) return samples;
  const cutoff = Math.min(1, to / from), reach = ZEROS / cutoff;
  const out = new Float32Array(Math.max(1, Math.floor(samples.length * to / from)));
  for (let i = 0; i < out.length; i++) {
    const middle = i * from / to, last = Math.min(samples.length - 1, Math.floor(middle + reach));
    let sum = 0;
    for (let k = Math.max(0, Math.ceil(middle - reach)); k <= last; k++) {
      const x = Math.abs(k - middle) * cutoff * STEPS, at = Math.floor(x);
      sum += samples[k] * (TABLE[at] + (x - at) * (TABLE[at + 1] - TABLE[at]));
    }
    out[i] = sum * cutoff;
  }
  return out;
}

/** A part of a recording. */
export interface Clip {
  /** Its samples: without their mean, with a mean square of 1; zeros around them where the recording is shorter. */
  readonly samples: Float32Array;
  /** Where it begins in the recording, and how much of that it is. */
  readonly begin: number;
  readonly length: number;
}

/** The clip of a recording at 8 kHz: the part with the most energy, or all of it. Undefined where there is no sound. */
export function clipOf(recording: Float32Array): Clip | undefined {
  const { length } = recording, mean = recording.reduce((sum, v) => sum + v, 0) / length;
  let energy = 0, most = 0, begin = 0;
  for (let i = 0; i < length; i++) {
    energy += (recording[i] - mean) ** 2;
    if (i >= CLIP) energy -= (recording[i - CLIP] - mean) ** 2;
    if (energy > most) [most, begin] = [energy, Math.max(0, i + 1 - CLIP)];
  }
  const taken = Math.min(length, CLIP), samples = new Float32Array(CLIP), shift = (CLIP - taken) >> 1;
  const deviation = Math.sqrt(most / taken);
  // A quarter of the last of 16 bits.
  if (!(deviation > 2 ** -17)) return undefined;
  for (let i = 0; i < taken; i++) samples[shift + i] = (recording[begin + i] - mean) / deviation;
  return { samples, begin, length: taken };
}

/** Samples of the blocks in which loudness is looked at, 20 ms, and how many quiet ones may lie within a word. */
const BLOCK = 160, PAUSE = 10;

/**
 * The loudest word of a recording at 8 kHz that is longer than a clip: the network was trained with recordings that were cut
 * where the word begins and ends, as nobody's own are. Shorter ones stay as they are.
 */
export function wordOf(recording: Float32Array): { readonly begin: number; readonly end: number } {
  const { length } = recording;
  if (length <= CLIP) return { begin: 0, end: length };
  const mean = recording.reduce((sum, v) => sum + v, 0) / length;
  const levels = Array.from({ length: Math.ceil(length / BLOCK) }, (_, i) => {
    const block = recording.subarray(i * BLOCK, (i + 1) * BLOCK);
    return Math.sqrt(block.reduce((sum, v) => sum + (v - mean) ** 2, 0) / block.length);
  });
  const loudest = Math.max(...levels), quiet = levels.toSorted((a, b) => a - b)[levels.length >> 2];
  const least = Math.min(0.5 * loudest, Math.max(0.04 * loudest, 1.6 * quiet));
  const reach = (way: 1 | -1): number => {
    let last = levels.indexOf(loudest);
    for (let i = last; i >= 0 && i < levels.length && Math.abs(i - last) <= PAUSE; i += way) {
      if (levels[i] > least) last = i;
    }
    return last;
  };
  return { begin: Math.max(0, reach(-1) - 1) * BLOCK, end: Math.min(length, (reach(1) + 2) * BLOCK) };
}

/** The clip of the loudest word of a recording at 8 kHz. */
export function clipOfWord(recording: Float32Array): Clip | undefined {
  const { begin, end } = wordOf(recording), clip = clipOf(recording.subarray(begin, end));
  return clip && { ...clip, begin: clip.begin + begin };
}

/** The same of a recording at any rate; where it lies is told at 8 kHz. */
export function clipAt(recording: Float32Array, rate: number): Clip | undefined {
  return clipOfWord(resample(recording, rate, RATE));
}
