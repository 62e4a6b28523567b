/**
 * Bundles the library into one minified ECMAScript module for browsers and edge functions, inference alone into
 * another, and the core into a third.
 *
 * Run with `deno task build`, or alone with `deno run -A scripts/bundle.ts [--out FILE]`, which names the first of
 * them. The files need nothing beside them: the kernels are inside. With `--budgets` nothing is written, and the exit
 * status is 1 where a bundle is larger than it should be. `--typical` tells instead what users of bundlers get with some
 * imports, as a table; `--largest DOOR` which modules weigh most in one door's bundle.
 */
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

/**
 * What is bundled, how many bytes each may have after gzip, and how many it is meant to have, where that is not
 * reached. README.md says why.
 */
const BUNDLES = [
  { entry: "src/mod.ts", file: "dist/papillon.min.js", budget: 152_000, goal: 60_000 },
  { entry: "src/load.ts", file: "dist/papillon-load.min.js", budget: 66_000 },
  { entry: "src/core.ts", file: "dist/papillon-core.min.js", budget: 12_000 },
] as const;

/** One of the library's doors. */
type Entry = typeof BUNDLES[number]["entry"];

/** What is often imported, and how many bytes it may take after gzip; of names alone, from the main door. */
export const TYPICAL: readonly { import: string; door?: string; budget: number }[] = [
  { import: "Random", budget: 1500 },
  { import: "readSafetensors, writeSafetensors", budget: 4000 },
  { import: "Butterfly", budget: 50_000 },
  { import: "rotation", budget: 50_000 },
  { import: "dft, dct2, hadamard", budget: 53_000 },
  { import: "dft, loadOperator", budget: 67_000 },
  { import: "compress", budget: 73_000 },
  { import: "learn", budget: 101_000 },
  { import: "loadCompiled", door: "core", budget: 12_000 },
  { import: "loadOperator", door: "load", budget: 67_000 },
  { import: "Linear, Sequential", door: "layers", budget: 58_000 },
  { import: "dense, solve", door: "linalg", budget: 56_000 },
];

/** A bundle and what it weighs. */
export interface Bundle {
  /** The module's text. */
  text: string;
  /** Bytes as written. */
  raw: number;
  /** Bytes after gzip, as most servers send it. */
  gzip: number;
  /** Bytes of `raw` that each folder of src/ accounts for, largest first. */
  folders: [folder: string, bytes: number][];
  /** The same of each module. */
  modules: [path: string, bytes: number][];
}

const root = new URL("../", import.meta.url);

/** The bytes of a text in UTF-8 after gzip. */
export async function gzipSize(text: string): Promise<number> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).arrayBuffer()).byteLength;
}

/** Adds up what esbuild says each source file brought, by its folder in src/. */
function byFolder(inputs: Record<string, { bytesInOutput: number }>): [string, number][] {
  const sums = new Map<string, number>();
  for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
    const folder = path.split("/").slice(0, -1).join("/");
    sums.set(folder, (sums.get(folder) ?? 0) + bytesInOutput);
  }
  return [...sums].sort((x, y) => y[1] - x[1]);
}

/** Bundles one of the library's doors, or a text that imports from its sources. Leaves no process of esbuild's behind. */
export async function bundle(entry: Entry | { text: string } = "src/mod.ts"): Promise<Bundle> {
  const absWorkingDir = fileURLToPath(root);
  try {
    const { outputFiles: [file], metafile } = await esbuild.build({
      absWorkingDir,
      ...(typeof entry === "string"
        ? { entryPoints: [entry] }
        : { stdin: { contents: entry.text, resolveDir: absWorkingDir } }),
      bundle: true,
      minify: true,
      format: "esm",
      // Neutral: an import of a runtime's own module (node:fs …) is an error, not something left for later.
      platform: "neutral",
      target: "es2022",
      charset: "utf8",
      banner: { js: "/* papillon, MIT licence */" },
      write: false,
      metafile: true,
      logLevel: "silent",
    });
    const [output] = Object.values(metafile.outputs);
    return {
      text: file.text,
      raw: file.contents.length,
      gzip: await gzipSize(file.text),
      folders: byFolder(output.inputs),
      modules: Object.entries(output.inputs).map((
        [path, { bytesInOutput }],
      ): [string, number] => [path, bytesInOutput])
        .sort((x, y) => y[1] - x[1]),
    };
  } finally {
    // esbuild is a child process that would otherwise keep this one alive.
    await esbuild.stop();
  }
}

/** What is left of some imports from the sources, which nothing tells a bundler to be without side effects. */
export async function typical(): Promise<{ code: string; gzip: number; budget: number }[]> {
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root))) as {
    exports: Record<string, string>;
  };
  const table: { code: string; gzip: number; budget: number }[] = [];
  for (const { import: names, door, budget } of TYPICAL) {
    const path = exports[door === undefined ? "." : `./${door}`];
    const { gzip } = await bundle({ text: `export { ${names} } from "${path}";` });
    const from = `@papillon/papillon${door === undefined ? "" : `/${door}`}`;
    table.push({ code: `import { ${names} } from "${from}"`, gzip, budget });
  }
  return table;
}

/** Bundles all and says what they weigh; gives how many are too heavy. */
async function main(args: readonly string[]): Promise<number> {
  const at = args.indexOf("--out"), own = at < 0 ? undefined : args[at + 1];
  if (at >= 0 && own === undefined) {
    console.error("Cannot bundle: --out needs a file name");
    Deno.exit(2);
  }
  const check = args.includes("--budgets");
  let heavy = 0;
  if (check || args.includes("--typical")) {
    if (!check) console.log("| import | gzipped |\n| --- | ---: |");
    for (const { code, gzip, budget } of await typical()) {
      if (gzip > budget) heavy++;
      const over = gzip > budget ? `, OVER the budget of ${budget}` : "";
      if (!check) console.log(`| \`${code}\` | ${(gzip / 1000).toFixed(1)} kB${over} |`);
      else if (over) console.log(`${code}: ${gzip} bytes${over}`);
    }
    if (!check) return heavy;
  }
  const largest = args.indexOf("--largest");
  if (largest >= 0) {
    const one = BUNDLES.find(({ entry }) => entry === args[largest + 1]) ?? BUNDLES[0];
    for (const [path, bytes] of (await bundle(one.entry)).modules.slice(0, 30)) {
      console.log(`${String(bytes).padStart(6)} ${path}`);
    }
    return 0;
  }
  for (const { entry, file, budget, ...rest } of BUNDLES) {
    const { text, raw, gzip, folders } = await bundle(entry),
      named = entry === "src/mod.ts" ? own : undefined;
    if (!check) {
      if (named === undefined) await Deno.mkdir(new URL("dist", root), { recursive: true });
      await Deno.writeTextFile(named ?? new URL(file, root), text);
    }
    const verdict = gzip <= budget ? "within" : "OVER";
    if (gzip > budget) heavy++;
    const meant = "goal" in rest ? `; the goal is ${rest.goal}` : "";
    console.log(
      `bundle   ${raw} bytes (${gzip} gzipped, ${verdict} the budget of ${budget}${meant}): ${named ?? file}`,
    );
    for (const [folder, bytes] of folders) console.log(`         ${String(bytes).padStart(6)} ${folder}`);
  }
  return check ? heavy : 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args) > 0 ? 1 : 0);
