/**
 * How long the closed form takes, and how much memory: dense matrices of n points taken apart into butterfly factors.
 *
 *     deno run -A bench/factorize.ts [--sizes 256,1024] [--field real|complex] [--json]
 *
 * The goals: 1024 points in 2 s; 4096 in 60 s and 1 GB. Each size runs in a process of its own (`--one`), so that the most
 * memory that the process ever had is that of the size.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { Butterfly, butterflyPatterns, dft, factorize, type Field } from "../src/mod.ts";

/** One run. */
export interface ClosedForm {
  readonly n: number;
  readonly what: string;
  readonly seconds: number;
  /** The most memory of the process, in bytes, the matrix included. */
  readonly memory: number;
  /** Relative, in the Frobenius norm. */
  readonly error: number;
}

/** What is taken apart: a random butterfly, or the Fourier transform with its columns in bit-reversed order. */
async function one(n: number, field: Field): Promise<ClosedForm> {
  const operator = field === "real" ? Butterfly.random(n, { seed: 1 }) : unpermuted(n);
  const values = operator.toDense();
  const begin = performance.now();
  const { error } = await factorize({ rows: n, cols: n, values, field }, butterflyPatterns(n));
  const seconds = (performance.now() - begin) / 1000;
  const what = field === "real" ? "random butterfly, real" : "Fourier transform, complex";
  return { n, what, seconds, memory: peak(), error };
}

/** The butterfly of the Fourier transform, without its bit reversal. */
function unpermuted(n: number): Butterfly {
  const parts = dft(n) as { operators?: readonly unknown[] };
  const found = [parts, ...parts.operators ?? []].find((part) => part instanceof Butterfly);
  if (found instanceof Butterfly) return found;
  throw new Error("The Fourier transform is no product with a butterfly");
}

function peak(): number {
  try {
    const line = /VmHWM:\s+(\d+) kB/.exec(Deno.readTextFileSync("/proc/self/status"));
    if (line) return 1024 * Number(line[1]);
  } catch {
    // Only Linux says.
  }
  return Deno.memoryUsage().rss;
}

/** Runs each size and field in a process of its own, one after another. */
export async function closedForms(sizes: readonly number[], fields: readonly Field[]): Promise<ClosedForm[]> {
  const script = new URL(import.meta.url).pathname, found: ClosedForm[] = [];
  for (const n of sizes) {
    for (const field of fields) {
      const args = ["run", "-A", "--quiet", script, "--one", `${n}`, "--field", field];
      const { success, stdout } = await new Deno.Command(Deno.execPath(), { args, stderr: "inherit" })
        .output();
      if (!success) throw new Error(`The closed form of ${n} points, ${field}, failed`);
      found.push(JSON.parse(new TextDecoder().decode(stdout)) as ClosedForm);
    }
  }
  return found;
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      sizes: { type: "string", default: "256,1024" },
      field: { type: "string" },
      one: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const fields: Field[] = values.field === "real" || values.field === "complex"
    ? [values.field]
    : ["real", "complex"];
  if (values.one !== undefined) console.log(JSON.stringify(await one(Number(values.one), fields[0])));
  else {
    const found = await closedForms(values.sizes.split(",").map(Number), fields);
    if (values.json) console.log(JSON.stringify(found));
    else {
      for (const { n, what, seconds, memory, error } of found) {
        console.log(
          `${n}, ${what}: ${seconds.toPrecision(3)} s, ${(memory / 1e6).toFixed(0)} MB, error ${
            error.toExponential(1)
          }`,
        );
      }
    }
  }
}
