/** Recordings of spoken digits, as the Free Spoken Digit Dataset has them: digit_speaker_index.wav, mono, 8 kHz. */
import { clipOf } from "../examples/speech/clip.ts";
import { CLIP, RATE } from "../examples/speech/network.ts";
import { type Random, readWav } from "../src/mod.ts";
import type { Examples, Tensor } from "../src/layers/mod.ts";

/** Clips with the digits that are said. */
export type Clips = Required<Examples> & { readonly labels: Uint8Array };

/** Recordings in two parts. */
export interface Recordings {
  readonly train: Clips;
  readonly test: Clips;
  readonly speakers: readonly string[];
}

/** What cannot be used, with the name of the file. */
export class BadRecording extends Error {}

/**
 * Reads a folder. Indices below 5 are the test set and all others are for training; or, to choose settings without the test
 * set, `validate` tests with those from 5 to 9 and leaves the former out. Undefined where there is no such folder.
 */
export async function readRecordings(folder: string, validate = false): Promise<Recordings | undefined> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) if (/\.wav$/i.test(name)) names.push(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const speakers = new Set<string>(), parts = { train: [] as Spoken[], test: [] as Spoken[] };
  for (const name of names.sort()) {
    const found = /^(\d)_([^_]+)_(\d+)\.wav$/.exec(name);
    if (found === null) {
      throw new BadRecording(`Cannot use ${folder}/${name}: expected a name like 7_speaker_12.wav`);
    }
    const [, digit, speaker, index] = found, number = Number(index);
    const part = number < (validate ? 10 : 5) ? (validate && number < 5 ? undefined : "test") : "train";
    if (part === undefined) continue;
    speakers.add(speaker);
    parts[part].push({ clip: await readClip(`${folder}/${name}`), digit: Number(digit) });
  }
  for (const [part, list] of Object.entries(parts)) {
    if (list.length === 0) {
      throw new BadRecording(`Cannot use ${folder}: there are no recordings to ${part} with`);
    }
  }
  return { train: together(parts.train), test: together(parts.test), speakers: [...speakers] };
}

interface Spoken {
  readonly clip: Float32Array;
  readonly digit: number;
}

async function readClip(path: string): Promise<Float32Array> {
  const bytes = await Deno.readFile(path);
  let wav;
  try {
    wav = readWav(bytes, path);
  } catch (error) {
    throw new BadRecording((error as Error).message);
  }
  if (wav.sampleRate !== RATE) {
    throw new BadRecording(`Cannot use ${path}: its rate is ${wav.sampleRate} Hz, expected ${RATE}`);
  }
  const clip = clipOf(wav.samples);
  if (clip === undefined) throw new BadRecording(`Cannot use ${path}: there is no sound in it`);
  return clip.samples;
}

function together(list: readonly Spoken[]): Clips {
  const data = new Float32Array(list.length * CLIP);
  list.forEach(({ clip }, i) => data.set(clip, i * CLIP));
  return {
    inputs: { data, shape: [list.length, CLIP] },
    labels: Uint8Array.from(list, ({ digit }) => digit),
  };
}

/** The most samples by which clips are moved in training. */
export const SHIFT = 640;
/** The most by which they are made longer or shorter. */
export const STRETCH = 0.1;
/** The loudest noise that is added; a clip has the loudness 1. */
export const NOISE = 0.1;

/** Clips as they could have been: earlier or later, slower or faster, with some noise. */
export function distorted({ data, shape }: Tensor, random: Random): Tensor {
  const out = new Float32Array(data.length), [count] = shape;
  for (let clip = 0; clip < count; clip++) {
    const from = data.subarray(clip * CLIP, (clip + 1) * CLIP),
      to = out.subarray(clip * CLIP, (clip + 1) * CLIP);
    const speed = 1 + STRETCH * (2 * random.uniform() - 1),
      middle = CLIP / 2 + SHIFT * (2 * random.uniform() - 1);
    const noise = NOISE * random.uniform() ** 2;
    for (let i = 0; i < CLIP; i++) {
      const at = middle + (i - CLIP / 2) * speed, k = Math.floor(at), part = at - k;
      const a = k >= 0 && k < CLIP ? from[k] : 0, b = k + 1 >= 0 && k + 1 < CLIP ? from[k + 1] : 0;
      // Uniform noise: cheaper than normal, and its spectrum is as flat.
      to[i] = a + part * (b - a) + noise * (random.word() / 2 ** 31 - 1) * 1.7;
    }
  }
  return { data: out, shape };
}
