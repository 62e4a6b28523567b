// The network that tells spoken digits: from a recording to a clip, and from clips to digits. It is what
// `deno task report speech` trains, and what handler.ts and the page serve.
import {
  BatchNorm,
  Conv2d,
  Dropout,
  GlobalPool,
  Layer,
  Linear,
  Pool2d,
  Relu,
  Reshape,
  Sequential,
  SpectralFrontEnd,
  type Tensor,
  Transpose,
} from "@papillon/papillon/layers";

/** Samples a second, as in the Free Spoken Digit Dataset. */
export const RATE = 8000;
/** Samples of a clip, of a frame, and from one frame to the next: 0.656 s, 32 ms, 16 ms. */
export const CLIP = 5248, FRAME = 256, HOP = 128;
/** Frames of a clip. */
export const FRAMES = (CLIP - FRAME) / HOP + 1;
/** Frequencies of a frame, and filters of the mel scale. */
export const BINS = FRAME / 2 + 1, MEL = 40;
/** Powers much below this are the same to the network; those of a clip are about 1. */
const FLOOR = 1e-2;

/** What stands between frames and the classifier. */
export const FRONT_ENDS = ["mel", "fft", "raw", "dense", "butterfly", "kaleidoscope"] as const;
/** One of them; "mel", "fft" and "raw" are not trained. */
export type FrontEnd = typeof FRONT_ENDS[number];

/** Cuts clips into overlapping frames; nothing is trained before it. */
class Frames extends Layer {
  readonly name = `frames of ${FRAME}`;

  outputShape(input: readonly number[]): number[] {
    if (input.length !== 1 || input[0] !== CLIP) {
      throw new RangeError(`Cannot cut frames: expected clips of ${CLIP}, got ${input.join("×")}`);
    }
    return [FRAMES, FRAME];
  }

  forward({ data, shape: [count] }: Tensor): Tensor {
    const out = new Float32Array(count * FRAMES * FRAME);
    for (let clip = 0, to = 0; clip < count; clip++) {
      for (let i = 0; i < FRAMES; i++, to += FRAME) {
        const at = clip * CLIP + i * HOP;
        out.set(data.subarray(at, at + FRAME), to);
      }
    }
    return { data: out, shape: [count, FRAMES, FRAME] };
  }

  backward(): Tensor {
    throw new Error("Cannot go backward through frames: samples are not trained");
  }
}

/** Triangles that are equally wide on the mel scale, [bins][filters]; the area of each is 1. */
export function melFilters(): Float32Array {
  const mel = (hertz: number): number => 2595 * Math.log10(1 + hertz / 700);
  const hertz = (mel: number): number => 700 * (10 ** (mel / 2595) - 1);
  const low = mel(60), high = mel(RATE / 2), filters = new Float32Array(BINS * MEL);
  const corner = (i: number): number => hertz(low + (high - low) * i / (MEL + 1)) * FRAME / RATE;
  for (let f = 0; f < MEL; f++) {
    const [left, top, right] = [corner(f), corner(f + 1), corner(f + 2)];
    let sum = 0;
    // Triangles between two frequencies would be empty: they are sampled finely, each sample going to its two neighbours.
    for (let x = left; x < right; x += 1 / 64) {
      const height = x < top ? (x - left) / (top - left) : (right - x) / (right - top), k = Math.floor(x);
      sum += height;
      filters[k * MEL + f] += height * (k + 1 - x);
      if (k + 1 < BINS) filters[(k + 1) * MEL + f] += height * (x - k);
    }
    for (let k = 0; k < BINS; k++) filters[k * MEL + f] /= sum;
  }
  return filters;
}

/** How many numbers a front end makes of a frame. */
function widthOf(front: FrontEnd): number {
  return front === "raw" ? FRAME : front === "mel" ? MEL : BINS;
}

/** The front end itself; none for raw frames. */
function frontEnd(front: FrontEnd): SpectralFrontEnd[] {
  if (front === "raw") return [];
  const fixed = front === "mel" || front === "fft";
  const structure = fixed ? "butterfly" : front, filters = front === "mel" ? { filters: melFilters() } : {};
  return [new SpectralFrontEnd(FRAME, { structure, trainable: !fixed, epsilon: FLOOR, ...filters })];
}

/**
 * The whole network, from clips [samples] to ten numbers, the largest for the likeliest digit: frames, the front end, three
 * convolutions over time, the mean over time. All but the front end, and the width that it makes, is the same.
 */
export function digitNetwork(front: FrontEnd, seed = 0): Sequential {
  const width = widthOf(front), gain = Math.SQRT2, time = (size: number): [number, number] => [1, size];
  const convolution = (from: number, to: number, stride: number, k: number): Layer[] => [
    new Conv2d(from, to, time(3), {
      padding: [0, 1],
      stride: time(stride),
      bias: false,
      gain,
      seed: seed + k,
    }),
    new BatchNorm(to),
    new Relu(),
  ];
  return new Sequential([
    new Frames(),
    ...frontEnd(front),
    new Transpose(),
    new Reshape([width, 1, FRAMES]),
    new BatchNorm(width),
    ...convolution(width, 32, 2, 1),
    ...convolution(32, 48, 1, 2),
    new Pool2d("max", time(2)),
    ...convolution(48, 64, 1, 3),
    new GlobalPool(),
    new Dropout(0.2, { seed }),
    new Linear(64, 10, { seed: seed + 4 }),
  ]);
}
