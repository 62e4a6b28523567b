/// <reference lib="deno.worker" />
/** Trains what it is told to, one task after another, so that two cores can be used: see report_speech.ts. */
import { writeSafetensors } from "../src/mod.ts";
import type { Recordings } from "./report_speech_data.ts";
import { type Outcome, run, type Task } from "./report_speech_run.ts";

/** What it is sent: the recordings once, and then tasks. */
export type Order = { readonly recordings: Recordings } | { readonly task: Task };

/** What it sends. */
export type Reply =
  | { readonly epoch: number; readonly loss: number; readonly accuracy: number; readonly task: Task }
  | { readonly outcome: Outcome; readonly model: Uint8Array }
  | { readonly fault: string };

let recordings: Recordings | undefined;
const reply = (message: Reply): void => self.postMessage(message);

self.onmessage = async ({ data }: MessageEvent<Order>) => {
  if ("recordings" in data) return void (recordings = data.recordings);
  const { task } = data;
  try {
    const onEpoch = (epoch: number, loss: number, accuracy: number): void =>
      reply({ epoch, loss, accuracy, task });
    const { outcome, model } = (await run(task, recordings!, { onEpoch }))!;
    const { tensors, metadata } = model.save();
    reply({ outcome, model: writeSafetensors(tensors, { ...metadata, front: task.front }) });
  } catch (error) {
    reply({ fault: `${task.front}, seed ${task.seed}: ${(error as Error).message}` });
  }
};
