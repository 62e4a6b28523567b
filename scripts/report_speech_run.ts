/** One training of the spoken-digit network, which goes on where it was interrupted. */
import { digitNetwork, type FrontEnd } from "../examples/speech/network.ts";
import {
  adam,
  evaluate,
  type Optimizer,
  type Sequential,
  SpectralFrontEnd,
  train,
  warmCosine,
} from "../src/layers/mod.ts";
import { readSafetensors, writeSafetensors } from "../src/mod.ts";
import { distorted, type Recordings } from "./report_speech_data.ts";

/** What is trained. */
export interface Task {
  readonly front: FrontEnd;
  readonly seed: number;
  readonly epochs: number;
  /** Where its checkpoint lies while it is under way. */
  readonly checkpoint: string;
}

/** What came out. */
export interface Outcome {
  readonly front: FrontEnd;
  readonly seed: number;
  /** Which part of the test set is right. */
  readonly accuracy: number;
  /** 1 for each recording of the test set that is right, else 0. */
  readonly right: readonly (0 | 1)[];
  /** Where numbers were not finite any more, in words. */
  readonly diverged?: string;
  /** Losses and accuracies of training. */
  readonly losses: readonly number[];
  readonly accuracies: readonly number[];
  /** Test accuracies after some epochs: [epoch, accuracy]; looked at, never chosen by. */
  readonly tested: readonly (readonly [number, number])[];
  readonly seconds: number;
}

/** Epochs of a training. */
export const EPOCHS = 8;
/** The front end that is held against the others, and served. */
export const LEARNED: FrontEnd = "kaleidoscope";
/** What the front ends are, in words. */
export const NAMES: Readonly<Record<FrontEnd, string>> = {
  mel: "log-mel features, fixed",
  fft: "FFT, log power, fixed",
  raw: "none: raw frames",
  dense: "dense matrix, learned",
  butterfly: "butterfly, learned",
  kaleidoscope: "kaleidoscope, learned",
};

/** The largest rates: of the classifier, and of a front end that is trained. */
export const RATE = 4e-3, FRONT_RATE = 2e-4;
export const BATCH = 50;

/** Adam with a rate of its own for what is trained of the front end. */
function twoRates(model: Sequential, share: number): Optimizer {
  const inner = adam(),
    own = new Set(
      model.layers.flatMap((layer) =>
        layer instanceof SpectralFrontEnd ? layer.parameters.map(({ value }) => value) : []
      ),
    );
  return {
    ...inner,
    name: `adam, front end ${share}`,
    step(parameters, rate): void {
      inner.step(parameters.filter(({ value }) => !own.has(value)), rate);
      inner.step(parameters.filter(({ value }) => own.has(value)), rate * share);
    },
  };
}

/** Reads a file, if it is there. */
async function read(path: string): Promise<Uint8Array | undefined> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Writes a file so that it is never seen half. */
async function write(path: string, bytes: Uint8Array): Promise<void> {
  await Deno.writeFile(`${path}.part`, bytes);
  await Deno.rename(`${path}.part`, path);
}

/** Trains, and tests at the end; `signal` stops it after a step, with a checkpoint. */
export async function run(
  { front, seed, epochs, checkpoint }: Task,
  { train: examples, test }: Recordings,
  { onEpoch, signal, frontRate = FRONT_RATE }: {
    readonly onEpoch?: (epoch: number, loss: number, accuracy: number) => void;
    readonly signal?: AbortSignal;
    readonly frontRate?: number;
  } = {},
): Promise<{ readonly outcome: Outcome; readonly model: Sequential } | undefined> {
  const model = digitNetwork(front, 100 * seed), before = await read(checkpoint);
  const resume = before && readSafetensors(before, checkpoint);
  const tested: [number, number][] = JSON.parse(resume?.metadata.tested ?? "[]");
  const earlier = Number(resume?.metadata.seconds ?? 0), begin = performance.now();
  const seconds = (): number => earlier + (performance.now() - begin) / 1000;
  const { stopped, epochs: done, divergence, checkpoint: last } = await train(model, examples, {
    epochs,
    batch: BATCH,
    rate: warmCosine(RATE, { warm: 20 }),
    optimizer: twoRates(model, frontRate / RATE),
    clip: 5,
    seed,
    augment: distorted,
    ...(resume ? { resume } : {}),
    ...(signal ? { signal } : {}),
    onProgress: ({ epoch, batch, batches, loss, accuracy }) => {
      if (batch === batches) onEpoch?.(epoch, loss, accuracy ?? 0);
    },
    onCheckpoint: async ({ tensors, metadata }) => {
      const epoch = tensors.get("training")!.data[0];
      if (epoch % 4 === 0 && epoch < epochs) tested.push([epoch, evaluate(model, test).accuracy]);
      const more = { tested: JSON.stringify(tested), seconds: String(seconds()) };
      await write(checkpoint, writeSafetensors(tensors, { ...metadata, ...more }));
    },
  });
  if (stopped === "cancelled") {
    const more = { tested: JSON.stringify(tested), seconds: String(seconds()) };
    await write(checkpoint, writeSafetensors(last.tensors, { ...last.metadata, ...more }));
    return undefined;
  }
  const { accuracy, predictions } = evaluate(model, test);
  const right = Array.from(predictions, (digit, i): 0 | 1 => digit === test.labels[i] ? 1 : 0);
  const outcome: Outcome = {
    front,
    seed,
    accuracy,
    right,
    ...(divergence
      ? { diverged: `${divergence.what}, epoch ${divergence.epoch}, batch ${divergence.batch}` }
      : {}),
    losses: done.map(({ loss }) => loss),
    accuracies: done.map(({ accuracy }) => accuracy ?? 0),
    tested: [...tested, [done.length, accuracy]],
    seconds: seconds(),
  };
  return { outcome, model };
}
