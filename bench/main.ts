/**
 * The benchmarks.
 *
 *     deno task bench [--quick] [--sizes 64,256,…] [--batches 1,64] [--peers NAME,…] [--out DIR]
 *
 * Prints tables of times, then the goals. `--out` writes results.json and the graphs into a folder as well; `bench/report.ts`
 * puts them into this folder's README.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { CHAINED, CONSTRUCTED, FIRST, goalTable, ROTATIONS, SPEED } from "./goals.ts";
import { peerNames } from "./peers/index.ts";
import { plots } from "./plots.ts";
import { writeResult } from "./report.ts";
import { DEFAULTS, type Result, runBenchmarks, type Settings } from "./run.ts";
import { crossoverTable, timeTables } from "./tables.ts";
import { accuracyTable } from "./verify.ts";

const HELP = `deno task bench [options]

  --quick          few and short samples, for a smoke test: the figures are only indicative
  --sizes LIST     powers of two from 4 to 65536 (${DEFAULTS.sizes})
  --batches LIST   vectors in a call (${DEFAULTS.batches})
  --peers LIST     which of ${peerNames.join(", ")} (all); none with --peers ""
  --out DIR        write results.json and the graphs there
  --help           this text`;

/** The settings that the arguments ask for, and where to write. */
function parse(args: readonly string[]): { settings: Settings; out?: string } | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      sizes: { type: "string" },
      batches: { type: "string" },
      peers: { type: "string" },
      out: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return undefined;
  const numbers = (
    option: string,
    text: string | undefined,
    otherwise: readonly number[],
  ): readonly number[] => {
    const list = text?.split(",").map(Number) ?? otherwise;
    if (list.every((n) => Number.isInteger(n) && n >= 1)) return list;
    throw new RangeError(`--${option} expects whole numbers with commas between them, got "${text}"`);
  };
  const sizes = numbers("sizes", values.sizes, DEFAULTS.sizes);
  if (!sizes.every((n) => n >= 4 && n <= 65536 && Number.isInteger(Math.log2(n)))) {
    throw new RangeError(`--sizes expects powers of two from 4 to 65536, got "${values.sizes}"`);
  }
  const peers = values.peers?.split(",").filter((name) => name !== "") ?? DEFAULTS.peers;
  const unknown = peers.find((name) => !peerNames.includes(name));
  if (unknown !== undefined) {
    throw new RangeError(`--peers knows no "${unknown}": expected some of ${peerNames.join(", ")}`);
  }
  const batches = numbers("batches", values.batches, DEFAULTS.batches);
  return { settings: { quick: values.quick, sizes, batches, peers }, out: values.out };
}

/** Prints everything that a reader of the terminal wants to see. */
function print(result: Result): void {
  for (const [key, value] of Object.entries(result.environment)) console.log(`${key}: ${value}`);
  console.log(`clock: ${result.clock.toFixed(2)} GHz, measured`);
  for (const [name, note] of Object.entries(result.notes)) console.log(`${name}: ${note}`);
  for (const { name, reason } of result.skipped) console.log(`${name}: skipped, ${reason}`);
  console.log(`\nVerified before they were timed:\n\n${accuracyTable(result.accuracies)}`);
  for (const table of timeTables(result.rows, true)) console.log(`\n${table}`);
  for (const batch of result.settings.batches) {
    const table = crossoverTable(result.rows, batch);
    if (table !== "") console.log(`\n${table}`);
  }
  for (const set of [FIRST, SPEED, ROTATIONS, CHAINED, CONSTRUCTED]) {
    console.log(
      `\nThe ${set}, as ratios of times per vector in this run:\n\n${goalTable(result.goals, set)}`,
    );
  }
  if (result.settings.quick) console.log("\nA quick run: these figures are only indicative.");
  console.log(`\n${result.seconds.toFixed(0)} s`);
}

if (import.meta.main) {
  const encoder = new TextEncoder();
  const progress = Deno.stderr.isTerminal()
    ? (text: string): void => void Deno.stderr.writeSync(encoder.encode(`\r\x1b[K${text}`))
    : undefined;
  try {
    const wanted = parse(Deno.args);
    if (wanted === undefined) {
      console.log(HELP);
    } else {
      const result = await runBenchmarks(wanted.settings, progress);
      print(result);
      if (wanted.out !== undefined) await writeResult(result, wanted.out, plots(result));
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(error instanceof RangeError || error instanceof TypeError ? 2 : 1);
  }
  // Some peers leave workers behind.
  Deno.exit(0);
}
