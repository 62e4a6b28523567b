/**
 * Spoken digits with a learned front end: the speech table of Dao et al. 2020 (Kaleidoscope, section 3.1.1 and appendix B.1),
 * small. One classifier behind six front ends, several seeds each.
 */
import { CLIP, digitNetwork, FRONT_ENDS, type FrontEnd } from "../examples/speech/network.ts";
import { small } from "../src/cli/text.ts";
import { type Sequential, SpectralFrontEnd } from "../src/layers/mod.ts";
import { readSafetensors } from "../src/mod.ts";
import { BadRecording, readRecordings, type Recordings } from "./report_speech_data.ts";
import { fastest, mean } from "./report_speech_numbers.ts";
import { page, percent, type Row } from "./report_speech_page.ts";
import { drawAccuracies, drawFilters, drawLearning, matrixOf, moved } from "./report_speech_plot.ts";
import {
  BATCH,
  EPOCHS,
  FRONT_RATE,
  LEARNED,
  NAMES,
  type Outcome,
  RATE,
  type Task,
} from "./report_speech_run.ts";
import type { Order, Reply } from "./report_speech_worker.ts";

const SEEDS = [0, 1, 2], WORKERS = 3;

/** Writes README.md and plots into a folder. */
export async function speech(folder: string, more: readonly string[]): Promise<void> {
  const { save, validate } = flags(more), source = Deno.env.get("PAPILLON_FSDD");
  if (source === undefined) {
    console.error("Skipped: PAPILLON_FSDD does not name a folder of the Free Spoken Digit Dataset");
    return;
  }
  let recordings;
  try {
    recordings = await readRecordings(source, validate);
  } catch (error) {
    if (!(error instanceof BadRecording)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
  if (recordings === undefined) {
    console.error(`Skipped: there is no folder ${source}, which PAPILLON_FSDD names`);
    return;
  }
  const work = `out/speech-${[validate ? "validate" : "test", EPOCHS, RATE, FRONT_RATE, BATCH].join("-")}`;
  const tasks = SEEDS.flatMap((seed) =>
    FRONT_ENDS.map((front): Task => ({
      front,
      seed,
      epochs: EPOCHS,
      checkpoint: `${work}/${front}-${seed}.checkpoint`,
    }))
  );
  const { outcomes, models } = await trainAll(tasks, recordings, work);
  const minutes = outcomes.reduce((sum, { seconds }) => sum + seconds, 0) / 60;
  const rows = FRONT_ENDS.map((front) => summary(front, outcomes.filter((one) => one.front === front)));
  if (validate) {
    for (const { front, accuracies } of rows) console.log(front.padEnd(14), percent(mean(accuracies)));
    return;
  }
  await Deno.mkdir(folder, { recursive: true });
  const model = models.get(`${LEARNED}-${SEEDS[0]}`)!, learned = digitNetwork(LEARNED);
  learned.load(readSafetensors(model));
  const [first, last] = [digitNetwork("fft"), learned].map((network) => matrixOf(frontOf(network)!));
  const facts = { ...recordings, minutes, moved: moved(first, last) };
  const named = rows.map((row) => ({ ...row, name: NAMES[row.front] }));
  for (
    const [name, text] of Object.entries({
      "accuracy.svg": drawAccuracies(named),
      "learning.svg": drawLearning(named),
      "filters.svg": drawFilters(first, last),
      "README.md": page(rows, facts),
    })
  ) await Deno.writeTextFile(`${folder}/${name}`, text);
  if (save !== undefined) {
    await Deno.writeFile(save, model);
    console.error(`${NAMES[LEARNED]}, seed ${SEEDS[0]}: saved as ${save}`);
  }
  await Deno.remove(work, { recursive: true });
}

function flags(more: readonly string[]): { readonly save: string | undefined; readonly validate: boolean } {
  const at = more.indexOf("--save"), save = at < 0 ? undefined : more[at + 1];
  const known = more.filter((word, i) =>
    word === "--validate" || word === "--save" || i - 1 === at && at >= 0
  );
  if (known.length < more.length || at >= 0 && save === undefined) {
    console.error("Usage: deno task report speech [FOLDER] [--save FILE] [--validate]");
    Deno.exit(2);
  }
  return { save, validate: more.includes("--validate") };
}

/** The front end of a network, if it has one. */
function frontOf(network: Sequential): SpectralFrontEnd | undefined {
  return network.layers.find((layer) => layer instanceof SpectralFrontEnd);
}

/** Runs tasks on two threads; what is done already is read, and what was begun goes on. */
async function trainAll(
  tasks: readonly Task[],
  recordings: Recordings,
  work: string,
): Promise<{ outcomes: Outcome[]; models: Map<string, Uint8Array> }> {
  await Deno.mkdir(work, { recursive: true });
  const outcomes: Outcome[] = [], models = new Map<string, Uint8Array>(), left: Task[] = [];
  const file = ({ front, seed }: { front: FrontEnd; seed: number }): string => `${work}/${front}-${seed}`;
  const take = (outcome: Outcome, model: Uint8Array): void => {
    outcomes.push(outcome);
    models.set(`${outcome.front}-${outcome.seed}`, model);
  };
  for (const task of tasks) {
    try {
      const outcome = JSON.parse(await Deno.readTextFile(`${file(task)}.json`)) as Outcome;
      take(outcome, await Deno.readFile(`${file(task)}.safetensors`));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      left.push(task);
    }
  }
  if (outcomes.length > 0) {
    console.error(`${outcomes.length} of ${tasks.length} are done already, in ${work}`);
  }
  const terminal = Deno.stderr.isTerminal();
  const thread = async (): Promise<void> => {
    const worker = new Worker(new URL("report_speech_worker.ts", import.meta.url), { type: "module" });
    const send = (order: Order): void => worker.postMessage(order);
    try {
      send({ recordings });
      for (let task = left.shift(); task !== undefined; task = left.shift()) {
        send({ task });
        const { outcome, model } = await new Promise<Extract<Reply, { outcome: Outcome }>>((done, fail) => {
          worker.onerror = (event) => fail(new Error(event.message));
          worker.onmessage = ({ data }: MessageEvent<Reply>) => {
            if ("fault" in data) fail(new Error(data.fault));
            else if ("outcome" in data) done(data);
            else if (terminal) {
              const { task: { front, seed, epochs }, epoch, loss } = data;
              console.error(`${front}, seed ${seed}: epoch ${epoch + 1} of ${epochs}, loss ${small(loss)}`);
            }
          };
        });
        // The model first: where there is an outcome, there is a model.
        await Deno.writeFile(`${file(task)}.safetensors`, model);
        await Deno.writeTextFile(`${file(task)}.json`, JSON.stringify(outcome));
        await Deno.remove(task.checkpoint);
        take(outcome, model);
        const { front, seed, accuracy, seconds, diverged } = outcome;
        console.error(
          `${outcomes.length} of ${tasks.length}: ${front}, seed ${seed}: ${percent(accuracy)} % in ${
            seconds.toFixed(0)
          } s${diverged === undefined ? "" : `, diverged: ${diverged}`}`,
        );
      }
    } finally {
      worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, thread));
  return { outcomes, models };
}

function summary(front: FrontEnd, outcomes: readonly Outcome[]): Row {
  const network = digitNetwork(front), layer = frontOf(network);
  const data = Float32Array.from({ length: CLIP }, (_, i) => Math.sin(i * i)),
    clip = { data, shape: [1, CLIP] };
  const frames = network.layers[0].forward(clip), sorted = [...outcomes].sort((a, b) => a.seed - b.seed);
  return {
    front,
    outcomes: sorted,
    accuracies: sorted.map(({ accuracy }) => accuracy),
    own: layer?.parameters.reduce((sum, { value }) => sum + value.length, 0) ?? 0,
    all: network.parameterCount,
    time: layer === undefined ? 0 : fastest(() => layer.forward(frames)),
    whole: fastest(() => network.forward(clip)),
  };
}
