/**
 * Training of the networks of a report: two at a time, from checkpoints where there are some.
 */
import type { Message, Outcome, Task } from "./report_layers_worker.ts";

/** Trainings side by side. */
const WORKERS = 2;

/** The networks of a report. */
export interface Plan {
  /** Address of the module with `makeNetwork`. */
  readonly networks: string;
  /** Folder of the digits. */
  readonly data: string;
  /** Folder of the checkpoints. */
  readonly state: string;
  readonly names: readonly string[];
  readonly seeds: readonly number[];
}

/** The file of a checkpoint. */
export function checkpointPath(state: string, name: string, seed: number): string {
  return `${state}/${name.replace(/[^a-zA-Z0-9]+/g, "-")}-seed${seed}.safetensors`;
}

function train(task: Task): Promise<Outcome> {
  const who = `${task.name}, seed ${task.seed}`;
  const worker = new Worker(new URL("./report_layers_worker.ts", import.meta.url), { type: "module" });
  return new Promise<Outcome>((resolve, reject) => {
    worker.onerror = (event): void => {
      event.preventDefault();
      reject(new Error(`${who}: ${event.message}`));
    };
    worker.onmessage = ({ data }: MessageEvent<Message>): void => {
      if ("note" in data) console.error(`${who}: ${data.note}`);
      else if ("epoch" in data) {
        console.error(`${who}: epoch ${data.epoch} of ${data.epochs}, loss ${data.loss.toFixed(4)}`);
      } else if ("outcome" in data) resolve(data.outcome);
      else reject(new Error(`${who}: ${data.failure}`));
    };
    worker.postMessage(task);
  }).finally(() => worker.terminate());
}

/**
 * Trains each network from each seed. Checkpoints are written after each epoch, and stay: an interrupted report goes on
 * from them when it is called again, and those of networks that are ready are what they became.
 *
 * @returns outcomes by name, in the order of the seeds
 * @throws {Error} when a training fails or diverges; others that are under way are given up
 */
export async function trainAll(
  { networks, data, state, names, seeds }: Plan,
): Promise<Map<string, Outcome[]>> {
  await Deno.mkdir(state, { recursive: true });
  // Long ones are named first; the last to begin should be short.
  const tasks = names.flatMap((name) =>
    seeds.map((seed): Task => ({ networks, data, name, seed, checkpoint: checkpointPath(state, name, seed) }))
  );
  const outcomes = new Map(names.map((name): [string, Outcome[]] => [name, []]));
  let next = 0;
  const run = async (): Promise<void> => {
    while (next < tasks.length) {
      const task = tasks[next++], outcome = await train(task);
      outcomes.get(task.name)![seeds.indexOf(task.seed)] = outcome;
      console.error(
        `${task.name}, seed ${task.seed}: ${(100 * outcome.accuracy).toFixed(2)} % of the test digits`,
      );
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, run));
  return outcomes;
}
