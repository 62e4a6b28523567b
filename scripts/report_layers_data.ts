/**
 * Handwritten digits as the networks of the reports take them: 28×28 in the middle of 32×32.
 */
import type { Random } from "../src/mod.ts";
import type { Tensor } from "../src/layers/mod.ts";
import { readDigits } from "./mnist.ts";

/** Images to learn from, the first ones, and to test with, the last ones. */
export const TRAINED = 8000, TESTED = 2000;
/** Examples of a step of training, and pixels by which images are moved at most. */
export const BATCH = 50, SHIFT = 2;
/** Rows and columns of an image. */
export const SIDE = 32;

/** Images with labels. */
export interface LabelledImages {
  /** [count][32·32] */
  readonly inputs: Tensor;
  readonly labels: Uint8Array;
}

/** Two sets of images that have none in common. */
export interface DigitSets {
  readonly train: LabelledImages;
  readonly test: LabelledImages;
}

/**
 * The sets from a folder with the test images of MNIST, or undefined where they are not.
 *
 * @throws {RangeError} when the files hold something else; the message names the folder
 */
export async function digitSets(folder: string): Promise<DigitSets | undefined> {
  const digits = await readDigits(folder);
  if (digits === undefined) return undefined;
  const { images: { n, data }, labels } = digits, count = data.length / n, side = Math.sqrt(n);
  if (n !== 28 * 28 || count < TRAINED + TESTED) {
    throw new RangeError(
      `Cannot use the digits in ${folder}: expected at least ${
        TRAINED + TESTED
      } images of 28×28, got ${count} of ${n} pixels`,
    );
  }
  const border = (SIDE - side) / 2, size = SIDE * SIDE;
  const some = (from: number, to: number): LabelledImages => {
    const padded = new Float32Array((to - from) * size);
    for (let i = from; i < to; i++) {
      for (let row = 0; row < side; row++) {
        const line = data.subarray(i * n + row * side, i * n + (row + 1) * side);
        padded.set(line, (i - from) * size + (row + border) * SIDE + border);
      }
    }
    return { inputs: { data: padded, shape: [to - from, size] }, labels: labels.slice(from, to) };
  };
  return { train: some(0, TRAINED), test: some(count - TESTED, count) };
}

/** Moves each image by up to `most` pixels along both axes; what comes in is black. */
export function shifted({ data, shape }: Tensor, random: Random, most = SHIFT): Tensor {
  const size = SIDE * SIDE, moved = new Float32Array(data.length), span = 2 * most + 1;
  for (let at = 0; at < data.length; at += size) {
    const down = random.integer(span) - most, right = random.integer(span) - most;
    const from = Math.max(0, -right), to = Math.min(SIDE, SIDE - right);
    for (let row = Math.max(0, down); row < Math.min(SIDE, SIDE + down); row++) {
      const line = at + (row - down) * SIDE;
      moved.set(data.subarray(line + from, line + to), at + row * SIDE + from + right);
    }
  }
  return { data: moved, shape };
}
