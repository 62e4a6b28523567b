// The trained network: which digit a clip is.
import { readSafetensors } from "@papillon/papillon";
import type { Clip } from "./clip.ts";
import { CLIP, digitNetwork, FRONT_ENDS } from "./network.ts";

/** What is heard. */
export interface Heard {
  /** The likeliest digit. */
  readonly digit: number;
  /** How likely each of the ten is; their sum is 1. */
  readonly probabilities: number[];
}

/** A network that was loaded. */
export interface Digits {
  /** The front end that it was trained with. */
  readonly front: string;
  /** How many numbers were trained. */
  readonly parameters: number;
  /** Tells the digit. */
  tell(clip: Clip): Heard;
  /** What the front end makes of a clip: the logarithm of the power, [frames][frequencies]. */
  spectrogram(clip: Clip): { readonly frames: number; readonly bins: number; readonly values: Float32Array };
}

/**
 * Loads what `deno task report speech --save FILE` wrote.
 *
 * @throws {RangeError} when it is no such file
 */
export function loadDigits(file: Uint8Array, name = "the network"): Digits {
  const { tensors, metadata } = readSafetensors(file, name);
  const front = FRONT_ENDS.find((one) => one === metadata.front);
  if (front === undefined || front === "raw") {
    throw new RangeError(`Cannot load ${name}: its metadata names no front end, got ${metadata.front}`);
  }
  const network = digitNetwork(front), [cut, spectral] = network.layers;
  network.load({ tensors, metadata });
  const input = ({ samples }: Clip) => ({ data: samples, shape: [1, CLIP] });
  const digits: Digits = {
    front,
    parameters: network.parameterCount,
    tell(clip) {
      const { data } = network.forward(input(clip)), most = Math.max(...data);
      const powers = Array.from(data, (v) => Math.exp(v - most)), sum = powers.reduce((a, b) => a + b);
      return { digit: data.indexOf(most), probabilities: powers.map((v) => v / sum) };
    },
    spectrogram(clip) {
      const { data, shape: [, frames, bins] } = spectral.forward(cut.forward(input(clip)));
      return { frames, bins, values: data };
    },
  };
  // Programs and weights go to the memory of the kernels now, not for the first request.
  digits.tell({ samples: new Float32Array(CLIP), begin: 0, length: CLIP });
  return digits;
}
