/**
 * Builds the playground: examples/playground to dist/playground, a page for any static host, or opened as a file.
 *
 * Run with `deno task build:playground`. One script serves as page and as worker, and is wrapped in a function, so that a
 * worker can begin with its text where nothing can be fetched.
 */
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
// So that it is there when esbuild asks for it.
import "fft.js";
import { gzipSize } from "./bundle.ts";

const root = fileURLToPath(new URL("../", import.meta.url)), source = `${root}examples/playground`;

/** What is copied as it is. */
const COPIED = ["index.html", "style.css", "icon.svg"];

/** The files of the page, by name. */
export async function playground(): Promise<Record<string, string>> {
  const npm: esbuild.Plugin = {
    name: "npm",
    setup(build) {
      build.onResolve(
        { filter: /^fft\.js$/ },
        () => ({ path: fileURLToPath(import.meta.resolve("fft.js")) }),
      );
    },
  };
  try {
    const { outputFiles: [file] } = await esbuild.build({
      absWorkingDir: root,
      entryPoints: [`${source}/main.ts`],
      alias: { "@papillon/papillon": `${root}src/mod.ts` },
      bundle: true,
      minify: true,
      format: "iife",
      platform: "browser",
      target: "es2022",
      charset: "utf8",
      plugins: [npm],
      write: false,
      logLevel: "silent",
    });
    const script = `/* papillon, MIT licence; fft.js by Fedor Indutny, MIT licence */
function papillonPlayground() {
${file.text}}
papillonPlayground();
`;
    const files: Record<string, string> = { "playground.js": script };
    for (const name of COPIED) files[name] = await Deno.readTextFile(`${source}/${name}`);
    return files;
  } finally {
    await esbuild.stop();
  }
}

/** Writes the page into a folder, with a link to `guides` if given; gives the bytes of each file after gzip. */
export async function writePlayground(folder: string, guides?: string): Promise<Map<string, number>> {
  await Deno.mkdir(folder, { recursive: true });
  const sizes = new Map<string, number>();
  for (const [name, own] of Object.entries(await playground())) {
    const text = own.replace("<!-- site -->", guides === undefined ? "" : `<a href="${guides}">Guides</a>`);
    await Deno.writeTextFile(`${folder}/${name}`, text);
    sizes.set(name, await gzipSize(text));
  }
  return sizes;
}

if (import.meta.main) {
  const sizes = await writePlayground(`${root}dist/playground`);
  let sum = 0;
  for (const [name, bytes] of sizes) {
    sum += bytes;
    console.log(`playground ${String(bytes).padStart(7)} bytes gzipped: dist/playground/${name}`);
  }
  console.log(`playground ${String(sum).padStart(7)} bytes gzipped in all`);
}
