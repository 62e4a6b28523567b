/**
 * Makes the npm package: `dist/npm`, and the tarball of it that `npm publish` would send, in `dist`.
 *
 * Run with `deno task build:npm`, or with `--check`, which makes it in a folder that is thrown away, installs it there,
 * imports every door in Node and leaves nothing. One JavaScript module and one declaration for each module of src, so that bundlers
 * leave out what is not used; beside them the kernels as .wasm files, for runtimes that want them compiled
 * beforehand. The command line needs Deno and is not part of it.
 */
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import ts from "typescript";
import { kernels as core } from "../src/compiled/bytes.generated.ts";
import { kernels } from "../src/kernels/bytes.generated.ts";
import { decodeKernels } from "../src/kernels/text.ts";

/** The kernels as files, for runtimes that want them compiled beforehand. */
const BUILDS = [["relaxed", kernels, true], ["simd", kernels, false], ["core", core, false]] as const;

const root = fileURLToPath(new URL("../", import.meta.url));

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly exports: Record<string, string>;
}

/** The modules of the library, relative to src. */
function modules(folder = ""): string[] {
  return [...Deno.readDirSync(`${root}src/${folder}`)].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return folder === "" && name === "cli" ? [] : modules(`${folder}${name}/`);
    return name.endsWith(".ts") ? [folder + name] : [];
  });
}

/** Each module becomes one of JavaScript; what it imports stays where it is, under its new name. */
async function writeScripts(out: string, names: readonly string[]): Promise<void> {
  const rename: esbuild.Plugin = {
    name: "rename",
    setup(build) {
      build.onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, ({ kind, path }) => {
        return kind === "entry-point" ? undefined : { path: path.replace(/\.ts$/, ".js"), external: true };
      });
    },
  };
  try {
    await esbuild.build({
      absWorkingDir: root,
      entryPoints: names.map((name) => `${root}src/${name}`),
      outbase: "src",
      outdir: out,
      bundle: true,
      format: "esm",
      platform: "neutral",
      target: "es2022",
      charset: "utf8",
      plugins: [rename],
      logLevel: "silent",
    });
  } finally {
    await esbuild.stop();
  }
}

/** The declarations, by TypeScript itself, as a browser's compiler sees the sources. */
function writeDeclarations(out: string, entries: readonly string[]): void {
  const program = ts.createProgram(entries.map((path) => `${root}${path}`), {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
    types: [],
    strict: true,
    allowImportingTsExtensions: true,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: `${root}src`,
    outDir: out,
  });
  const emitted = program.emit(undefined, (path, text) => {
    Deno.writeTextFileSync(path, text.replace(/((?:from|import)\s*\(?"\.{1,2}\/[^"]*)\.ts"/g, '$1.js"'));
  });
  const faults = [...ts.getPreEmitDiagnostics(program), ...emitted.diagnostics];
  if (faults.length > 0) {
    const host = {
      getCanonicalFileName: (name: string): string => name,
      getCurrentDirectory: (): string => root,
      getNewLine: (): string => "\n",
    };
    throw new Error(`TypeScript refuses the sources:\n${ts.formatDiagnostics(faults, host)}`);
  }
}

const NPM = Deno.build.os === "windows" ? "npm.cmd" : "npm", QUIET = ["--ignore-scripts", "--loglevel=error"];

/** Runs a program; gives what it printed, or throws what it complained of. */
async function run(cwd: string, program: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, cwd, stdin: "null" }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`${program} ${args[0]} failed:\n${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

/** What package.json says, from what deno.json says. */
function packageJson({ name, version, license, exports }: Manifest): Record<string, unknown> {
  const built = (path: string, end: string): string => path.replace("./src/", "./").replace(/\.ts$/, end);
  const entries = Object.entries(exports).map(([key, path]) =>
    [key, { types: built(path, ".d.ts"), default: built(path, ".js") }] as const
  );
  return {
    name,
    version,
    description: "Structured linear maps in WebAssembly SIMD: butterfly matrices, built, learned and applied",
    keywords: ["butterfly", "structured matrices", "fft", "dct", "wasm", "simd", "linear algebra"],
    license,
    type: "module",
    sideEffects: false,
    engines: { node: ">=20" },
    exports: {
      ...Object.fromEntries(entries),
      ...Object.fromEntries(BUILDS.map(([build]) => {
        const file = `./kernels/${build}.wasm`;
        return [file, { types: "./kernels/wasm.d.ts", default: file }];
      })),
      "./package.json": "./package.json",
    },
  };
}

/** Makes the package and its tarball in a folder; gives the path of that. */
export async function buildNpm(dist = `${root}dist`): Promise<string> {
  const out = `${dist}/npm`;
  const manifest = JSON.parse(await Deno.readTextFile(`${root}deno.json`)) as Manifest;
  await Deno.remove(out, { recursive: true }).catch(() => {});
  await Deno.mkdir(out, { recursive: true });
  await writeScripts(out, modules());
  writeDeclarations(out, Object.values(manifest.exports));
  for (const [name, text, fused] of BUILDS) {
    await Deno.writeFile(`${out}/kernels/${name}.wasm`, decodeKernels(text, fused));
  }
  await Deno.writeTextFile(
    `${out}/kernels/wasm.d.ts`,
    "declare const module: WebAssembly.Module;\nexport default module;\n",
  );
  for (const file of ["README.md", "LICENSE", "CHANGELOG.md"]) {
    await Deno.copyFile(root + file, `${out}/${file}`);
  }
  await Deno.writeTextFile(`${out}/package.json`, JSON.stringify(packageJson(manifest), undefined, 2) + "\n");
  const said = await run(out, NPM, "pack", "--json", ...QUIET, "--pack-destination", dist);
  const [{ filename, size, unpackedSize, entryCount }] = packed(said);
  console.log(
    `${dist.replace(root, "")}/${filename}: ${entryCount} files, ${(size / 1e3).toFixed(0)} kB, ${
      (unpackedSize / 1e3).toFixed(0)
    } kB unpacked`,
  );
  return `${dist}/${filename}`;
}

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly entryCount: number;
}

/** What `npm pack --json` printed: a list, or in newer versions an object by the name of the package. */
function packed(json: string): Packed[] {
  return Object.values(JSON.parse(json) as Packed[] | Record<string, Packed>);
}

/**
 * Makes the package, installs it as others would, and imports every door in Node; throws where that fails, or where a
 * declaration is missing. Leaves nothing.
 */
export async function checkNpm(): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const tarball = await buildNpm(folder), project = `${folder}/project`;
    await Deno.mkdir(project);
    await Deno.writeTextFile(`${project}/package.json`, `{ "private": true, "type": "module" }`);
    await run(project, NPM, "install", ...QUIET, "--offline", "--no-audit", "--no-fund", tarball);
    const { name, exports } = JSON.parse(await Deno.readTextFile(`${folder}/npm/package.json`)) as {
      name: string;
      exports: Record<string, string | { types: string; default: string }>;
    };
    const doors: string[] = [];
    for (const [key, to] of Object.entries(exports)) {
      for (const file of typeof to === "string" ? [to] : [to.types, to.default]) {
        await Deno.stat(`${project}/node_modules/${name}/${file}`);
      }
      if (typeof to !== "string" && to.default.endsWith(".js")) doors.push(key.replace(/^\./, name));
    }
    const script = doors.map((door) =>
      `if (Object.keys(await import("${door}")).length === 0) throw new Error("${door} exports nothing");`
    );
    await Deno.writeTextFile(`${project}/main.js`, script.join("\n"));
    await run(project, "node", "main.js");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) await (Deno.args.includes("--check") ? checkNpm() : buildNpm());
