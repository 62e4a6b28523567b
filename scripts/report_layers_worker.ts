/**
 * Trains one network of a report, in a worker: from a checkpoint where there is one. See `trainAll`.
 */
import { adam, type AnyState, evaluate, type Sequential, train, warmCosine } from "../src/layers/mod.ts";
import { readSafetensors, writeSafetensors } from "../src/mod.ts";
import { BATCH, digitSets, SHIFT, shifted } from "./report_layers_data.ts";

/** A network that is to be trained. */
export interface Network {
  readonly model: Sequential;
  /** The highest learning rate. */
  readonly rate: number;
  readonly epochs: number;
}

/** What networks of a report are made by: the export `makeNetwork` of its module. */
export type MakeNetwork = (name: string, seed: number) => Network;

/** What a worker is told to do. */
export interface Task {
  /** Address of the module with `makeNetwork`. */
  readonly networks: string;
  readonly name: string;
  readonly seed: number;
  /** Folder of the digits. */
  readonly data: string;
  /** File of the checkpoint. */
  readonly checkpoint: string;
}

/** What came of it. */
export interface Outcome {
  /** Parts of the test images that are told: 0 … 1. */
  readonly accuracy: number;
  /** The mean cross-entropy of the test images. */
  readonly loss: number;
  /** Numbers of the test images that are not told. */
  readonly wrong: readonly number[];
}

/** What a worker says. */
export type Message =
  | { readonly note: string }
  | { readonly epoch: number; readonly epochs: number; readonly loss: number }
  | { readonly outcome: Outcome }
  | { readonly failure: string };

/** A checkpoint of the same training, or undefined. */
function readCheckpoint(
  path: string,
  settings: string,
  say: (message: Message) => void,
): AnyState | undefined {
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  try {
    const state = readSafetensors(bytes);
    if (state.metadata.settings === settings) return state;
    say({ note: `${path} is of other settings; training begins anew` });
  } catch (error) {
    say({ note: `${path} cannot be read, training begins anew: ${(error as Error).message}` });
  }
  return undefined;
}

/** Trains, and returns what came of it. */
export async function work(task: Task, say: (message: Message) => void): Promise<Outcome> {
  const { makeNetwork } = await import(task.networks) as { makeNetwork: MakeNetwork };
  const { model, rate, epochs } = makeNetwork(task.name, task.seed), path = task.checkpoint;
  const sets = await digitSets(task.data);
  if (sets === undefined) throw new Error(`There are no digits in ${task.data}`);
  const sizes = model.parameters.map(({ name, value }) => `${name}: ${value.length}`);
  const settings = JSON.stringify({
    network: task.name,
    sizes,
    rate,
    epochs,
    seed: task.seed,
    batch: BATCH,
    shift: SHIFT,
  });
  const resume = readCheckpoint(path, settings, say);
  const options = {
    epochs,
    batch: BATCH,
    rate: warmCosine(rate, { warm: 100, floor: 0.01 }),
    optimizer: adam(),
    seed: task.seed,
    clip: 5,
    augment: (batch: Parameters<typeof shifted>[0], random: Parameters<typeof shifted>[1]) =>
      shifted(batch, random, SHIFT),
    onCheckpoint({ tensors, metadata }: ReturnType<Sequential["save"]>): void {
      // An interruption leaves the old file or the new one.
      Deno.writeFileSync(`${path}.part`, writeSafetensors(tensors, { ...metadata, settings }));
      Deno.renameSync(`${path}.part`, path);
    },
    onProgress(
      { epoch, batch, batches, loss }: { epoch: number; batch: number; batches: number; loss: number },
    ): void {
      if (batch === batches) say({ epoch: epoch + 1, epochs, loss });
    },
  };
  const { divergence } = await train(
    model,
    sets.train,
    resume ? { ...options, resume } : options,
  );
  if (divergence) {
    const { epoch, batch, what } = divergence;
    throw new Error(
      `Training stopped in batch ${batch} of epoch ${epoch}: ${what} is not finite; the last good state is in ${path}`,
    );
  }
  const { accuracy, loss, predictions } = evaluate(model, sets.test), { labels } = sets.test;
  return { accuracy, loss, wrong: [...labels.keys()].filter((i) => predictions[i] !== labels[i]) };
}

const scope = globalThis as unknown as { onmessage?: unknown; postMessage?: (message: Message) => void };
if (typeof scope.postMessage === "function") {
  const say = (message: Message): void => scope.postMessage!(message);
  scope.onmessage = async ({ data }: MessageEvent<Task>): Promise<void> => {
    try {
      say({ outcome: await work(data, say) });
    } catch (error) {
      say({ failure: (error as Error).message });
    }
  };
}
