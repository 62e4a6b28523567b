/**
 * Builds the page of examples/speech to dist/speech: for any static host, or opened as a file (but microphones want https).
 *
 * Run with `deno task build:speech`. The network is inside the script.
 */
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { gzipSize } from "./bundle.ts";

const root = fileURLToPath(new URL("../", import.meta.url)), source = `${root}examples/speech`;

/** What a module of examples/speech comes to, with the library in it, for the browser or for a worker. */
export async function speechScript(
  contents: string,
  options: esbuild.BuildOptions,
): Promise<string> {
  try {
    const { outputFiles } = await esbuild.build({
      absWorkingDir: root,
      stdin: { contents, resolveDir: source, loader: "ts" },
      alias: {
        "@papillon/papillon/layers": `${root}src/layers/mod.ts`,
        "@papillon/papillon": `${root}src/mod.ts`,
      },
      bundle: true,
      minify: true,
      target: "es2022",
      charset: "utf8",
      write: false,
      logLevel: "silent",
      ...options,
    });
    return outputFiles![0].text;
  } finally {
    await esbuild.stop();
  }
}

/** The files of the page, by name. */
export async function speechPage(network = "./digits.safetensors"): Promise<Record<string, string>> {
  const script = await speechScript(
    `import { openPage } from "./page/page.ts";\nimport file from ${
      JSON.stringify(network)
    };\nopenPage(file);`,
    { format: "iife", platform: "browser", loader: { ".safetensors": "binary" } },
  );
  const files: Record<string, string> = { "speech.js": `/* papillon, MIT licence */\n${script}` };
  for (const name of ["index.html", "speech.css"]) {
    files[name] = await Deno.readTextFile(`${source}/page/${name}`);
  }
  for (const name of ["style.css", "icon.svg"]) {
    files[name] = await Deno.readTextFile(`${root}examples/playground/${name}`);
  }
  return files;
}

/** Writes the page into a folder; gives the bytes of each file after gzip. */
export async function writeSpeechPage(folder: string, network?: string): Promise<Map<string, number>> {
  await Deno.mkdir(folder, { recursive: true });
  const sizes = new Map<string, number>();
  for (const [name, text] of Object.entries(await speechPage(network))) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
    sizes.set(name, await gzipSize(text));
  }
  return sizes;
}

if (import.meta.main) {
  for (const [name, bytes] of await writeSpeechPage(`${root}dist/speech`)) {
    console.log(`speech ${String(bytes).padStart(7)} bytes gzipped: dist/speech/${name}`);
  }
}
