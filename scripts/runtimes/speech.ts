/**
 * The spoken-digit example served: sizes of network and bundle, and the time of a request in Deno and in workerd.
 *
 * Run with `deno run -A scripts/runtimes/speech.ts`, or as a row of `deno task test:runtimes speech`.
 */
import { fileURLToPath } from "node:url";
import { writeWav } from "../../src/mod.ts";
import { gzipSize } from "../bundle.ts";
import { speechScript } from "../speech_page.ts";
import { beside, folder, freePort, Unavailable } from "./tools.ts";
import { serving, type Worker } from "./workers.ts";

const source = fileURLToPath(new URL("../../examples/speech/", import.meta.url));
const WARM = 200, REQUESTS = 500;

/** What was seen. */
export interface SpeechLoad {
  readonly lines: string[];
  readonly faults: string[];
}

/** A recording that nobody made: tones that move, half a second of them. */
export function hum(rate = 8000, seconds = 0.5): Uint8Array<ArrayBuffer> {
  const samples = Float32Array.from({ length: rate * seconds }, (_, i) => {
    const t = i / rate, loud = Math.sin(Math.PI * t / seconds);
    return 0.3 * loud *
      (Math.sin(2 * Math.PI * (140 + 40 * t) * t) + 0.6 * Math.sin(2 * Math.PI * (700 + 900 * t) * t));
  });
  return new Uint8Array(writeWav({ sampleRate: rate, samples }));
}

/** What the example answers. */
export interface Answer {
  readonly digit: number;
  readonly probabilities: number[];
  readonly ms: number;
}

async function ask(url: string, body: Uint8Array<ArrayBuffer>): Promise<Answer> {
  const response = await fetch(`${url}/digit`, {
    method: "POST",
    headers: { "content-type": "audio/wav" },
    body,
  });
  if (response.status !== 200) throw new Error(`status ${response.status}: ${await response.text()}`);
  return await response.json() as Answer;
}

/** Milliseconds of requests, one at a time; each answer must be the one expected. */
async function times(url: string, body: Uint8Array<ArrayBuffer>, expected: Answer): Promise<string> {
  const whole: number[] = [], own: number[] = [];
  for (let i = 0; i < WARM + REQUESTS; i++) {
    const start = performance.now(), { digit, probabilities, ms } = await ask(url, body);
    if (i >= WARM) {
      whole.push(performance.now() - start);
      own.push(ms);
    }
    if (
      digit !== expected.digit || probabilities.some((p, k) => Math.abs(p - expected.probabilities[k]) > 1e-4)
    ) {
      throw new Error(`it tells ${digit} where the library tells ${expected.digit}`);
    }
  }
  const text = (list: number[]): string => {
    list.sort((a, b) => a - b);
    return `median ${list[REQUESTS >> 1].toFixed(2)} ms, least ${list[0].toFixed(2)} ms`;
  };
  return `a request ${text(whole)}; of that its own ms, ${text(own)}`;
}

/** The worker as one script. */
export function speechWorker(): Promise<string> {
  return speechScript(`export { default } from "./worker.js";`, {
    format: "esm",
    platform: "neutral",
    external: ["*.safetensors"],
  });
}

/** Serves it in both, asks, and gives lines; throws {@link Unavailable} where there is no workerd. */
export async function speechLoad(): Promise<SpeechLoad> {
  const bytes = await Deno.readFile(`${source}digits.safetensors`),
    body = hum(),
    script = await speechWorker();
  const { default: server } = await import("../../examples/speech/server.ts");
  const headers = { "content-type": "audio/wav" };
  const request = new Request("http://speech.test/digit", { method: "POST", headers, body });
  const expected = await (await server.fetch(request)).json() as Answer;
  const lines = [
    `network ${bytes.length} bytes, worker ${script.length} bytes without it (${await gzipSize(
      script,
    )} gzipped)`,
  ];
  const port = freePort(), url = `http://127.0.0.1:${port}`;
  const args = [
    "serve",
    "-A",
    "--quiet",
    "--no-check",
    `--port=${port}`,
    "--host=127.0.0.1",
    `${source}server.ts`,
  ];
  await beside(Deno.execPath(), args, url, async () => {
    lines.push(`Deno: ${await times(url, body, expected)}`);
  });
  const worker: Worker = {
    name: "speech",
    script,
    files: { "./digits.safetensors": { kind: "data", bytes } },
  };
  try {
    await serving(`${folder}speech`, [worker], async ([url]) => {
      lines.push(`workerd: ${await times(url, body, expected)}`);
      const refused = await fetch(`${url}/digit`, { method: "POST", headers, body: "no recording" });
      if (refused.status !== 400) throw new Error(`what is no WAV file is answered with ${refused.status}`);
      await refused.body?.cancel();
    });
  } catch (fault) {
    if (!(fault instanceof Unavailable)) throw fault;
    lines.push(`workerd: skipped, ${fault.message}`);
  }
  return { lines, faults: [] };
}

if (import.meta.main) { for (const line of (await speechLoad()).lines) console.log(line); }
