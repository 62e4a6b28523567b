/**
 * Bundles the library into one minified ECMAScript module for browsers and edge functions.
 *
 * Run with `deno task build`, or alone with `deno run -A scripts/bundle.ts [--out FILE]`. The file needs nothing
 * beside it: the kernels are inside.
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
async function gzipSize(text: string): Promise<number> {
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

/** Bundles src/mod.ts. Leaves no process of esbuild's behind. */
export async function bundle(): Promise<Bundle> {
  try {
    const { outputFiles: [file], metafile } = await esbuild.build({
      absWorkingDir: fileURLToPath(root),
      entryPoints: ["src/mod.ts"],
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

if (import.meta.main) {
  const at = Deno.args.indexOf("--out");
  const path = at < 0 ? new URL("dist/papillon.min.js", root) : Deno.args[at + 1];
  if (path === undefined) {
    console.error("Cannot bundle: --out needs a file name");
    Deno.exit(2);
  }
  const { text, raw, gzip, folders } = await bundle();
  if (path instanceof URL) await Deno.mkdir(new URL(".", path), { recursive: true });
  await Deno.writeTextFile(path, text);
  console.log(`bundle   ${raw} bytes (${gzip} gzipped): ${at < 0 ? "dist/papillon.min.js" : path}`);
  for (const [folder, bytes] of folders) console.log(`         ${String(bytes).padStart(6)} ${folder}`);
}
