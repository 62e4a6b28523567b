/**
 * Bundles the library into one minified ECMAScript module for browsers and edge functions, and inference alone into
 * another.
 *
 * Run with `deno task build`, or alone with `deno run -A scripts/bundle.ts [--out FILE]`, which names the first of
 * them. The files need nothing beside them: the kernels are inside. With `--budgets` nothing is written, and the exit
 * status is 1 where a bundle is larger than it should be.
 */
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

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

/** Bundles one of the library's doors. Leaves no process of esbuild's behind. */
export async function bundle(entry: "src/mod.ts" | "src/core.ts" = "src/mod.ts"): Promise<Bundle> {
  try {
    const { outputFiles: [file], metafile } = await esbuild.build({
      absWorkingDir: fileURLToPath(root),
      entryPoints: [entry],
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
    };
  } finally {
    // esbuild is a child process that would otherwise keep this one alive.
    await esbuild.stop();
  }
}

/** What is bundled, and how many bytes each may have after gzip. */
const BUNDLES = [
  { entry: "src/mod.ts", file: "dist/papillon.min.js", budget: 60_000 },
  { entry: "src/core.ts", file: "dist/papillon-core.min.js", budget: 12_000 },
] as const;

/** Bundles all and says what they weigh; gives how many are too heavy. */
async function main(args: readonly string[]): Promise<number> {
  const at = args.indexOf("--out"), own = at < 0 ? undefined : args[at + 1];
  if (at >= 0 && own === undefined) {
    console.error("Cannot bundle: --out needs a file name");
    Deno.exit(2);
  }
  const check = args.includes("--budgets");
  let heavy = 0;
  for (const { entry, file, budget } of BUNDLES) {
    const { text, raw, gzip, folders } = await bundle(entry),
      named = entry === "src/mod.ts" ? own : undefined;
    if (!check) {
      if (named === undefined) await Deno.mkdir(new URL("dist", root), { recursive: true });
      await Deno.writeTextFile(named ?? new URL(file, root), text);
    }
    const verdict = gzip <= budget ? "within" : "OVER";
    if (gzip > budget) heavy++;
    console.log(
      `bundle   ${raw} bytes (${gzip} gzipped, ${verdict} the budget of ${budget}): ${named ?? file}`,
    );
    for (const [folder, bytes] of folders) console.log(`         ${String(bytes).padStart(6)} ${folder}`);
  }
  return check ? heavy : 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args) > 0 ? 1 : 0);
