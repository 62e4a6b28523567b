/**
 * Long work that reports, breathes and can be stopped, without threads.
 *
 * The work is a generator: at each `yield` it hands out its progress and is told whether to stop. So the
 * same code runs to the end at once ({@link finish}) or a slice at a time with the event loop in between
 * ({@link runTask}), and a task that is stopped still returns the best it has.
 *
 * @module
 */

import type { SearchTable } from "./search/search.ts";

/** What is being done, for progress bars. */
export interface Progress {
  /** What the program is at. */
  readonly phase:
    | "samples"
    | "rank test"
    | "closed form"
    | "compress"
    | "alternating"
    | "adam"
    | "lbfgs"
    | "search";
  /** Counts up within the phase. */
  readonly step: number;
  /** Root mean square error of an entry, of the current weights; Infinity while there are none. */
  readonly rmse: number;
  /** Which random start this is, from 1; 0 outside the gradient method. */
  readonly restart: number;
  /** What `compress` is trying. */
  readonly structure?: string;
  /** Which part of the structures `compress` has behind it, from 0 to 1. */
  readonly share?: number;
  /** All trials of a search. */
  readonly table?: SearchTable;
  /** What the task waits for, as for another device; {@link runTask} goes on when it is there. */
  readonly until?: Promise<unknown>;
}

/** Why a task is asked to stop before its end. */
export type StopReason = "cancelled" | "budget";

/** A generator that yields progress, is sent a reason when it should stop, and returns its result. */
export type Task<T> = Generator<Progress, T, StopReason | undefined>;

/** How {@link runTask} runs. */
export interface RunOptions {
  /** Stops the task when aborted; its best result so far is returned. */
  readonly signal?: AbortSignal;
  /** Stops the task after this many seconds. */
  readonly budgetSeconds?: number;
  /** Called at most every 30 ms or so, and for the last step. */
  readonly onProgress?: (progress: Progress) => void;
}

/** How long a slice of work keeps the event loop waiting, in milliseconds. */
const SLICE = 30;

/** Runs a task to its end, at once, without reporting; not for tasks that wait for anything. */
export function finish<T>(task: Task<T>): T {
  for (;;) {
    const step = task.next(undefined);
    if (step.done) return step.value;
  }
}

/**
 * Runs a task in slices of about 30 ms, yielding to the event loop after each.
 *
 * @throws whatever the task or `onProgress` throws (as a rejection).
 */
export async function runTask<T>(task: Task<T>, options: RunOptions = {}): Promise<T> {
  const { signal, onProgress, budgetSeconds = Infinity } = options;
  const begin = performance.now();
  const deadline = begin + budgetSeconds * 1000;
  let slice = begin;
  let stop: StopReason | undefined;
  try {
    for (;;) {
      if (signal?.aborted) stop = "cancelled";
      else if (performance.now() >= deadline) stop = "budget";
      const step = task.next(stop);
      if (step.done) return step.value;
      await step.value.until;
      if (performance.now() - slice >= SLICE) {
        onProgress?.(step.value);
        await new Promise<void>((resolve) => setTimeout(resolve, 0));
        slice = performance.now();
      }
    }
  } finally {
    // Only matters when onProgress threw: let the generator run its own finally blocks.
    task.return(undefined as never);
  }
}
