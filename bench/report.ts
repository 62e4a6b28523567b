/**
 * Writes a run into this folder: results.json, plots/*.svg, and the tables between the markers of README.md.
 *
 *     deno run -A bench/report.ts               run everything, then write
 *     deno run -A bench/report.ts --from FILE   write what an earlier run found
 *     deno run -A bench/report.ts --quick       run quickly; the page then says so
 *
 * @module
 */
import { parseArgs } from "node:util";
import { CHAIN_GROUP } from "./chains.ts";
import { ROTATION_GROUP } from "./rotations.ts";
import { CHAINED, CONSTRUCTED, FIRST, goalTable, ROTATIONS, SPEED } from "./goals.ts";
import { alignTable } from "./lib/table.ts";
import { plots } from "./plots.ts";
import { DEFAULTS, type Result, runBenchmarks } from "./run.ts";
import { crossoverTable, relativeTable, tableKeys, timeTables } from "./tables.ts";
import { accuracyTable } from "./verify.ts";

/** Six digits are more than a time is worth. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(6)) : value;
}

/** Writes results.json and graphs into a folder, which is made if need be. */
export async function writeResult(
  result: Result,
  folder: string,
  graphs: ReadonlyMap<string, string>,
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/results.json`, JSON.stringify(result, rounded, 2) + "\n");
  for (const [file, text] of graphs) await Deno.writeTextFile(`${folder}/${file}`, text);
}

/** Where and with what a run was made. */
function setup(result: Result): string {
  const { environment, clock, notes, skipped, settings, seconds } = result;
  const rows = [
    ...Object.entries(environment).map(([key, value]) => [key, value]),
    ["clock", `${clock.toFixed(2)} GHz, measured with a chain of dependent additions`],
    ...Object.entries(notes),
    ...skipped.map(({ name, reason }) => [name, `skipped: ${reason}`]),
    ["the whole run", `${seconds.toFixed(0)} s`],
  ].map((row) => row.map((text) => text.replaceAll("|", "/")));
  const warning = settings.quick ? "**A quick run: these figures are only indicative.**\n\n" : "";
  return warning + alignTable(["what", "here"], rows, 2);
}

/** The generated parts of README.md, by the names of their markers. */
export function blocks(result: Result): Map<string, string> {
  const { rows, settings: { batches } } = result;
  return new Map([
    ["setup", setup(result)],
    ["accuracy", accuracyTable(result.accuracies)],
    ["first goals", goalTable(result.goals, FIRST)],
    ["speed goals", goalTable(result.goals, SPEED)],
    ["rotation goals", goalTable(result.goals, ROTATIONS)],
    ["chain goals", goalTable(result.goals, CHAINED)],
    ["construction goals", goalTable(result.goals, CONSTRUCTED)],
    ["times", timeTables(rows).join("\n\n")],
    [
      "ratios",
      tableKeys(rows).filter(({ group }) =>
        group !== "call overhead" && group !== ROTATION_GROUP && group !== CHAIN_GROUP
      ).map((
        key,
      ) => relativeTable(rows, key))
        .join("\n\n"),
    ],
    [
      "crossover",
      batches.map((batch) => crossoverTable(rows, batch)).filter((text) => text !== "").join("\n\n"),
    ],
  ]);
}

/**
 * Puts the generated parts between their markers, `<!-- begin NAME -->` and `<!-- end NAME -->`.
 *
 * @throws Error if a part has no marker or a marker no part, so that no stale table stays behind unseen.
 */
export function fill(page: string, parts: ReadonlyMap<string, string>): string {
  const used = new Set<string>();
  const filled = page.replace(
    /<!-- begin ([^>]+?) -->[\s\S]*?<!-- end \1 -->/g,
    (_match, name: string) => {
      const part = parts.get(name);
      if (part === undefined) throw new Error(`The page has a marker "${name}", but there is no such part`);
      used.add(name);
      return `<!-- begin ${name} -->\n\n${part}\n\n<!-- end ${name} -->`;
    },
  );
  const missing = [...parts.keys()].find((name) => !used.has(name));
  if (missing !== undefined) throw new Error(`The page has no marker for the part "${missing}"`);
  return filled;
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: { from: { type: "string" }, quick: { type: "boolean", default: false } },
  });
  const folder = new URL(".", import.meta.url);
  const result = values.from === undefined
    ? await runBenchmarks({ ...DEFAULTS, quick: values.quick }, (text) => {
      if (Deno.stderr.isTerminal()) Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${text}`));
    })
    : JSON.parse(await Deno.readTextFile(values.from)) as Result;
  await Deno.writeTextFile(new URL("results.json", folder), JSON.stringify(result, rounded, 2) + "\n");
  await Deno.mkdir(new URL("plots/", folder), { recursive: true });
  for (const [file, text] of plots(result)) await Deno.writeTextFile(new URL(`plots/${file}`, folder), text);
  const readme = new URL("README.md", folder);
  await Deno.writeTextFile(readme, fill(await Deno.readTextFile(readme), blocks(result)));
  for (const set of [FIRST, SPEED, ROTATIONS, CHAINED, CONSTRUCTED]) {
    console.log(`\n${goalTable(result.goals, set)}`);
  }
  console.log(`\nbench/README.md, results.json and plots/ are written (${result.seconds.toFixed(0)} s).`);
  Deno.exit(0);
}
