/**
 * Makes the npm package: `dist/npm`, and the tarball of it that `npm publish` would send, in `dist`.
 *
 * Run with `deno task build:npm`. One JavaScript module and one declaration for each module of src, so that bundlers
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
const dist = `${root}dist`, out = `${dist}/npm`;

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
async function writeScripts(names: readonly string[]): Promise<void> {
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
function writeDeclarations(entries: readonly string[]): void {
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

/** Makes the package and its tarball; gives the path of that. */
export async function buildNpm(): Promise<string> {
  const manifest = JSON.parse(await Deno.readTextFile(`${root}deno.json`)) as Manifest;
  await Deno.remove(out, { recursive: true }).catch(() => {});
  await Deno.mkdir(out, { recursive: true });
  await writeScripts(modules());
  writeDeclarations(Object.values(manifest.exports));
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
  const npm = Deno.build.os === "windows" ? "npm.cmd" : "npm";
  const { success, stdout, stderr } = await new Deno.Command(npm, {
    args: ["pack", "--json", "--ignore-scripts", "--loglevel=error", "--pack-destination", dist],
    cwd: out,
    stdin: "null",
  }).output();
  if (!success) throw new Error(`npm cannot pack dist/npm:\n${new TextDecoder().decode(stderr)}`);
  const [{ filename, size, unpackedSize, entryCount }] = packed(new TextDecoder().decode(stdout));
  console.log(
    `dist/${filename}: ${entryCount} files, ${(size / 1e3).toFixed(0)} kB, ${
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

if (import.meta.main) await buildNpm();
