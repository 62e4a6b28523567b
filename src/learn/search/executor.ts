/**
 * Who carries out trials: this thread, or workers.
 *
 * @module
 */
import { finish as finishNow, type Progress, runTask } from "../task.ts";
import { advanceTrial, type Finished, finishTrial, type TrialState, type TrialTarget } from "./trial.ts";

/** A piece of work. */
export type Job =
  | { readonly kind: "advance"; readonly state: TrialState; readonly steps: number; readonly horizon: number }
  | {
    readonly kind: "finish";
    readonly state: TrialState;
    readonly tolerance: number;
    readonly stall?: number;
  };

/** What comes of a piece of work. */
export type Done<J extends Job> = J extends { kind: "advance" } ? TrialState : Finished;

/** Carries out pieces of work, as many at once as it is wide. */
export interface Executor {
  /** How many pieces of work run at the same time. */
  readonly width: number;
  /** Carries one out. After `signal` is aborted it returns what there is by then. */
  run<J extends Job>(
    job: J,
    signal?: AbortSignal,
    onProgress?: (progress: Progress) => void,
  ): Promise<Done<J>>;
  /** Ends it. */
  close(): void;
}

/** Work on this thread, with pauses for the event loop. */
export class LocalExecutor implements Executor {
  /** One thread. */
  readonly width = 1;
  readonly #target: TrialTarget;

  /** For trials of one target. */
  constructor(target: TrialTarget) {
    this.#target = target;
  }

  /** Carries out a piece of work in slices. */
  run<J extends Job>(
    job: J,
    signal?: AbortSignal,
    onProgress?: (progress: Progress) => void,
  ): Promise<Done<J>> {
    const task = job.kind === "advance"
      ? advanceTrial(this.#target, job.state, job.steps, job.horizon)
      : finishTrial(this.#target, job.state, job.tolerance, job.stall);
    return runTask<TrialState | Finished>(task, { signal, onProgress }) as Promise<Done<J>>;
  }

  /** Nothing to end. */
  close(): void {}
}

/** The part of `Worker` that is used, so that anything alike will do. */
export interface WorkerLike {
  /** Sends a message. */
  postMessage(message: unknown): void;
  /** Stops it. */
  terminate(): void;
  /** Called with each answer. */
  onmessage: ((event: MessageEvent) => void) | null;
  /** Called when it fails. */
  onerror: ((event: ErrorEvent) => void) | null;
}

/** What a worker is sent: the target once, then jobs. */
export type Message = { readonly target: TrialTarget } | { readonly job: Job };

/** What a worker answers. */
export type Answer = { readonly result: TrialState | Finished } | { readonly error: string };

/** Work spread over workers that run `worker.ts` of this folder. */
export class WorkerExecutor implements Executor {
  /** One piece of work for each worker. */
  readonly width: number;
  readonly #idle: WorkerLike[];
  readonly #all: readonly WorkerLike[];
  readonly #waiting: ((worker: WorkerLike) => void)[] = [];

  /** Takes the workers over: it terminates them. */
  constructor(target: TrialTarget, workers: readonly WorkerLike[]) {
    this.width = workers.length;
    this.#all = workers;
    this.#idle = [...workers];
    for (const worker of workers) worker.postMessage({ target } satisfies Message);
  }

  /**
   * Carries out a piece of work on the next worker that is free.
   *
   * @throws {Error} when the worker fails, or the work is cancelled: a worker does not hear while it works, so it is
   * the search that keeps what there was before
   */
  async run<J extends Job>(job: J, signal?: AbortSignal): Promise<Done<J>> {
    const worker = this.#idle.pop() ??
      await new Promise<WorkerLike>((resolve) => this.#waiting.push(resolve));
    try {
      return await new Promise<Done<J>>((resolve, reject) => {
        const cancel = (): void => reject(new DOMException("The search was cancelled", "AbortError"));
        if (signal?.aborted) return cancel();
        signal?.addEventListener("abort", cancel, { once: true });
        worker.onmessage = (event: MessageEvent<Answer>): void => {
          signal?.removeEventListener("abort", cancel);
          if ("error" in event.data) reject(new Error(event.data.error));
          else resolve(event.data.result as Done<J>);
        };
        worker.onerror = (event): void => {
          event.preventDefault();
          reject(new Error(`A worker of the search failed: ${event.message}`));
        };
        worker.postMessage({ job } satisfies Message);
      });
    } finally {
      const next = this.#waiting.shift();
      if (next) next(worker);
      else this.#idle.push(worker);
    }
  }

  /** Terminates the workers. */
  close(): void {
    for (const worker of this.#all) worker.terminate();
  }
}

/** What a worker does with a message; kept here so that it can be tested without one. */
export function answerer(): (message: Message) => Answer | undefined {
  let target: TrialTarget | undefined;
  return (message) => {
    if ("target" in message) {
      target = message.target;
      return undefined;
    }
    if (target === undefined) return { error: "A worker of the search got work before it got a target" };
    try {
      const { job } = message;
      const result = job.kind === "advance"
        ? finishNow(advanceTrial(target, job.state, job.steps, job.horizon))
        : finishNow(finishTrial(target, job.state, job.tolerance, job.stall));
      return { result };
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    }
  };
}
