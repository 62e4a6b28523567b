/**
 * The edge example in workerd under load: ten thousand requests over the loopback interface, each answer compared
 * with the transform in float64; memory as it goes; and what the operator adds to a request.
 */
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { serving, type Worker } from "./workers.ts";

const edge = fileURLToPath(new URL("../../examples/edge/", import.meta.url));

/** Requests before memory is watched, and those that are counted. */
const WARM = 6000, REQUESTS = 10_000;
const IN_FLIGHT = 8, SIZE = 256, MANY = 256;
/** Memory may move by so much from the first of the counted requests to the last: collections come and go. */
const FLAT = 8 << 20;
/**
 * A worker that only sends back what it gets grows to 200 MB as well, for the engine collects late. With a heap of
 * this many MB it collects early, so that what stays is what is kept.
 */
const ENGINE = ["--max-heap-size=32"];

/** What came out. */
export interface Load {
  /** Requests that were answered, each as it should be. */
  readonly served: number;
  /** Sentences of those that were not. */
  readonly failures: string[];
  readonly perSecond: number;
  /** Resident bytes of workerd after so many requests, where the system tells. */
  readonly memory: readonly { readonly after: number; readonly bytes: number }[];
  /** Whether memory stayed within {@link FLAT}; undefined where the system does not tell. */
  readonly flat: boolean | undefined;
  /** Median milliseconds of a request, one at a time. */
  readonly median: number;
  /** Median milliseconds that it takes more than the one after it, with a copy in place of the operator. */
  readonly added: number;
  /** The same for a request of {@link MANY} vectors, where it can be told from noise. */
  readonly addedToMany: number;
}

/** The worker of the example, or one of the same handler around a copy; `modules` is where the package lies. */
async function script(control: boolean, modules: string): Promise<string> {
  const contents = `
import { createHandler } from "./handler.ts";
const copy = { rows: ${SIZE}, cols: ${SIZE}, field: "real", apply: (x) => x.slice() };
const handler = createHandler(copy);
export default { fetch: (request) => handler(request) };`;
  try {
    const { outputFiles: [file] } = await esbuild.build({
      ...(control ? { stdin: { contents, resolveDir: edge } } : { entryPoints: [`${edge}worker.js`] }),
      bundle: true,
      minify: true,
      format: "esm",
      platform: "neutral",
      nodePaths: [modules],
      external: ["*.safetensors"],
      write: false,
      logLevel: "silent",
    });
    return file.text;
  } finally {
    await esbuild.stop();
  }
}

/** Input number i of the test, and its orthonormal DCT-II in float64. */
function sample(i: number): { x: Float32Array<ArrayBuffer>; y: Float64Array } {
  const x = Float32Array.from({ length: SIZE }, (_, k) => Math.sin((i + 1) * k * 0.7 + i));
  const y = Float64Array.from({ length: SIZE }, (_, j) => {
    let sum = 0;
    for (let k = 0; k < SIZE; k++) sum += x[k] * Math.cos(Math.PI * (k + 0.5) * j / SIZE);
    return sum * Math.sqrt((j === 0 ? 1 : 2) / SIZE);
  });
  return { x, y };
}

function distance(got: ArrayLike<number>, want: Float64Array): number {
  if (got.length !== want.length) return Infinity;
  let difference = 0, size = 0;
  want.forEach((v, i) => {
    difference += (got[i] - v) ** 2;
    size += v * v;
  });
  return Math.sqrt(difference / size);
}

/** Resident memory of a process, on Linux. */
async function resident(pid: number): Promise<number | undefined> {
  try {
    const found = /^VmRSS:\s*(\d+) kB/m.exec(await Deno.readTextFile(`/proc/${pid}/status`));
    return found ? Number(found[1]) * 1024 : undefined;
  } catch {
    return undefined;
  }
}

const RAW = { "content-type": "application/octet-stream" }, TEXT = { "content-type": "application/json" };

const middle = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1];

/** Asks both in turn, one request at a time: the medians of a request and of the differences. */
async function latency(
  url: string,
  control: string,
  body: Uint8Array<ArrayBuffer>,
  rounds: number,
): Promise<[number, number]> {
  const timed = async (address: string): Promise<number> => {
    const start = performance.now();
    await (await fetch(`${address}/apply`, { method: "POST", headers: RAW, body })).arrayBuffer();
    return performance.now() - start;
  };
  const own: number[] = [], added: number[] = [];
  for (let i = 0; i < rounds; i++) {
    // Which comes first takes turns, or the second would have the warmer cache.
    const first = await timed(i % 2 === 0 ? url : control), second = await timed(i % 2 === 0 ? control : url);
    own.push(i % 2 === 0 ? first : second);
    added.push(i % 2 === 0 ? first - second : second - first);
  }
  return [middle(own), middle(added)];
}

/** Serves the example in workerd, with the package from `modules`, and asks it; `folder` is for its files. */
export async function load(folder: string, modules: string): Promise<Load> {
  const bytes = await Deno.readFile(`${edge}operator.safetensors`);
  const workers: Worker[] = [
    {
      name: "edge",
      script: await script(false, modules),
      files: { "./operator.safetensors": { kind: "data", bytes } },
    },
    { name: "control", script: await script(true, modules) },
  ];
  return await serving(folder, workers, async ([url, control], pid) => {
    const samples = Array.from({ length: 16 }, (_, i) => sample(i)), failures: string[] = [];
    const memory: { after: number; bytes: number }[] = [];
    let next = 0, done = 0;

    const ask = async (i: number): Promise<void> => {
      const { x, y } = samples[i % samples.length], raw = i % 2 === 0;
      const body = raw ? new Uint8Array(x.buffer) : JSON.stringify({ x: Array.from(x) });
      try {
        const response = await fetch(`${url}/apply`, { method: "POST", headers: raw ? RAW : TEXT, body });
        if (response.status !== 200) throw new Error(`status ${response.status}: ${await response.text()}`);
        const got = raw
          ? new Float32Array(await response.arrayBuffer())
          : (await response.json() as { y: number[] }).y;
        // 1e-6 for each of the eight doublings to 256 points.
        const error = distance(got, y);
        if (!(error < 8e-6)) throw new Error(`the relative error is ${error}`);
      } catch (fault) {
        failures.push(`request ${i}: ${(fault as Error).message}`);
      }
    };
    const stream = async (end: number): Promise<void> => {
      while (next < end) {
        await ask(next++);
        if (++done < WARM || done % 1000 > 0) continue;
        const used = await resident(pid);
        if (used !== undefined) memory.push({ after: done - WARM, bytes: used });
      }
    };
    const all = (end: number): Promise<void[]> =>
      Promise.all(Array.from({ length: IN_FLIGHT }, () => stream(end)));
    await all(WARM);
    const start = performance.now();
    await all(WARM + REQUESTS);
    const perSecond = 1000 * REQUESTS / (performance.now() - start);

    const flat = memory.length > 1 ? memory[memory.length - 1].bytes - memory[0].bytes <= FLAT : undefined;
    const [median, added] = await latency(url, control, new Uint8Array(samples[0].x.buffer), 1500);
    const many = Float32Array.from({ length: MANY * SIZE }, (_, i) => Math.sin(i));
    const [, addedToMany] = await latency(url, control, new Uint8Array(many.buffer), 500);
    return {
      served: done - failures.length,
      failures,
      perSecond,
      memory,
      flat,
      median,
      added,
      addedToMany,
    };
  }, ENGINE);
}

const micro = (milliseconds: number): string => `${(1000 * milliseconds).toFixed(0)} µs`;

/** The result in lines, and sentences for what must not be. */
export function summary({ served, failures, perSecond, memory, flat, median, added, addedToMany }: Load): {
  lines: string[];
  faults: string[];
} {
  const mega = memory.map(({ bytes }) => (bytes / 2 ** 20).toFixed(0));
  const lines = [
    `${served} of ${WARM + REQUESTS} requests answered as they should be, ${perSecond.toFixed(0)} a second`,
    flat === undefined
      ? "memory: this system does not tell"
      : `memory of workerd from request ${WARM} on, each thousand, in MiB: ${mega.join(" ")}`,
    `median of a request ${median.toFixed(3)} ms, of which the operator adds ${micro(added)}; ` +
    `to a request of ${MANY} vectors ${micro(addedToMany)}`,
  ];
  const faults = failures.slice(0, 3);
  if (flat === false) faults.push("memory is not flat");
  return { lines, faults };
}
