/**
 * The library in every runtime it is for, in the real thing: a table of runtimes and of what works there.
 *
 * Run with `deno task test:runtimes`, or name some rows: `deno task test:runtimes workerd bun`. Node, Bun and workerd
 * come from npm the first time; what cannot be had is skipped with the reason. Exits with 1 when anything fails.
 */
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { buildNpm } from "./build_npm.ts";
import { bundle } from "./bundle.ts";
import { type Feature, FEATURES } from "./runtimes/exercise.ts";
import { load, summary } from "./runtimes/load.ts";
import { type Sent, serveSite, type Site } from "./runtimes/site.ts";
import { speechLoad } from "./runtimes/speech.ts";
import { bun, chromium, folder, install, node, output, tsc, Unavailable } from "./runtimes/tools.ts";
import { serving, type Worker } from "./runtimes/workers.ts";

const root = fileURLToPath(new URL("../", import.meta.url)), project = `${folder}project`;

/** The doors other than the main one and the core, which have rows of their own. */
const DOORS = ["load", "layers", "linalg", "trained", "gpu"];

/** A row of the table. */
interface Row {
  readonly name: string;
  /** Builds of the kernels, one of which must have served there. */
  readonly kernels: readonly string[];
  readonly run: () => Promise<Sent>;
}

/** What a program prints in its last line. */
async function printed(program: string, args: readonly string[], cwd: string): Promise<Sent> {
  const lines = (await output(program, args, cwd)).trim().split("\n");
  return JSON.parse(lines[lines.length - 1]) as Sent;
}

/** A module that imports the library from `where`, times that, tries everything, and prints the outcome. */
const script = (where: string, exercise: string, stored: string): string => `
import { exercise } from ${JSON.stringify(exercise)};
${stored}
const names = Reflect.ownKeys(globalThis).length, start = performance.now();
const papillon = await import(${JSON.stringify(where)});
papillon.Butterfly.random(64, { seed: 1 }).apply(new Float32Array(64));
const first = performance.now() - start;
if (Reflect.ownKeys(globalThis).length !== names) throw new Error("the library has left something in globalThis");
console.log(JSON.stringify({ ...await exercise(papillon, stored), first }));
`;

/** The same with the core, which applies what was compiled. */
const coreScript = (where: string, exercise: string, stored: string): string => `
import { exerciseCore } from ${JSON.stringify(exercise)};
${stored}
const { compiled } = stored.operators[0], file = Uint8Array.from(atob(compiled), (letter) => letter.charCodeAt(0));
const names = Reflect.ownKeys(globalThis).length, start = performance.now();
const core = await import(${JSON.stringify(where)});
core.loadCompiled(file).apply(new Float32Array(40));
const first = performance.now() - start;
if (Reflect.ownKeys(globalThis).length !== names) throw new Error("the core has left something in globalThis");
console.log(JSON.stringify({ ...await exerciseCore(core, stored), first }));
`;

/** All other doors as one module, from wherever they are. */
const doorsModule = (place: (door: string) => string): string =>
  DOORS.map((door) => `export * as ${door} from ${JSON.stringify(place(door))};`).join("\n");

/** Tries them. */
const doorsScript = (where: string, exercise: string, stored: string): string => `
import { exerciseDoors } from ${JSON.stringify(exercise)};
import * as doors from ${JSON.stringify(where)};
${stored}
console.log(JSON.stringify(await exerciseDoors(doors, stored)));
`;

/** Asks the edge example's server for the DCT-II of ones, which is 16 at zero. */
const ASK = `
import server from "./server.ts";
const body = new Uint8Array(new Float32Array(256).fill(1).buffer);
const headers = { "content-type": "application/octet-stream" };
const answer = await server.fetch(new Request("http://edge.test/apply", { method: "POST", headers, body }));
const [first, ...rest] = new Float32Array(await answer.arrayBuffer());
const error = Math.hypot(first - 16, ...rest) / 16;
console.log(JSON.stringify({ machine: "", features: { load: 0, apply: error < 8e-6 ? error : "the error is " + error } }));
`;

/** A plain project in TypeScript and JavaScript, with the package installed from its tarball. */
async function makeProject(exercise: string): Promise<void> {
  await install(project, await buildNpm());
  await Deno.writeTextFile(`${project}/exercise.js`, exercise);
  await Deno.copyFile(`${root}scripts/runtimes/stored.json`, `${project}/stored.json`);
  const stored = `import { readFileSync } from "node:fs";
const stored = JSON.parse(readFileSync(new URL("stored.json", import.meta.url), "utf8"));`;
  await Deno.writeTextFile(`${project}/main.js`, script("@papillon/papillon", "./exercise.js", stored));
  const core = coreScript("@papillon/papillon/core", "./exercise.js", stored);
  await Deno.writeTextFile(`${project}/core.js`, core);
  await Deno.writeTextFile(`${project}/doors.js`, doorsModule((door) => `@papillon/papillon/${door}`));
  await Deno.writeTextFile(`${project}/main-doors.js`, doorsScript("./doors.js", "./exercise.js", stored));
  await Deno.mkdir(`${project}/edge`, { recursive: true });
  for (const file of ["handler.ts", "server.ts", "operator.safetensors"]) {
    await Deno.copyFile(`${root}examples/edge/${file}`, `${project}/edge/${file}`);
  }
  await Deno.writeTextFile(`${project}/edge/ask.js`, ASK);
  await Deno.writeTextFile(
    `${project}/typed.ts`,
    `import { Butterfly, learn, checkTarget, toOperator, saveCompiled, saveOperator, type Operator } from "@papillon/papillon";
import { loadCompiled } from "@papillon/papillon/core";
import { loadOperator, type Machine } from "@papillon/papillon/load";
import kernels from "@papillon/papillon/kernels/simd.wasm";
const map: Operator = toOperator(await learn(checkTarget([1, 1, 1, -1])));
const y: Float32Array = loadOperator(saveOperator(map)).apply(new Float32Array(2));
loadCompiled(saveCompiled(map)).apply(new Float32Array(2), y);
export type Compiled = { machine: Machine; module: typeof kernels extends WebAssembly.Module ? true : never };
// @ts-expect-error: a size is a number
Butterfly.random("8");
export { y };
export { exportOnnx, importTrained } from "@papillon/papillon/trained";
import { Linear, Sequential } from "@papillon/papillon/layers";
export const model: Sequential = new Sequential([Linear.of(map)]);
import { dense, solve } from "@papillon/papillon/linalg";
export const solution: Float64Array = solve(dense([[2]]), Float64Array.of(1));
import { onDevice } from "@papillon/papillon/gpu";
export const answer: Promise<Float32Array> = onDevice(map, { fallback: true }).apply(y);
`,
  );
}

/** The exercise as plain JavaScript, and a worker around it with the package in it, by esbuild. */
async function scripts(): Promise<string> {
  const { outputFiles: [file] } = await esbuild.build({
    entryPoints: [`${root}scripts/runtimes/exercise.ts`],
    bundle: true,
    format: "esm",
    write: false,
    logLevel: "silent",
  });
  return file.text;
}

async function bundled(text: string): Promise<string> {
  try {
    const { outputFiles: [file] } = await esbuild.build({
      stdin: { contents: text, resolveDir: project },
      bundle: true,
      minify: true,
      format: "esm",
      platform: "neutral",
      external: ["*.wasm"],
      write: false,
      logLevel: "silent",
    });
    return file.text;
  } finally {
    await esbuild.stop();
  }
}

/** What esbuild makes of the package: nothing of nothing, little of little, and a script, which cannot wait at its top. */
async function shaken(): Promise<Sent> {
  const size = async (contents: string, format: "esm" | "iife"): Promise<number> => {
    const stdin = { contents, resolveDir: project };
    const { outputFiles: [file] } = await esbuild.build({
      stdin,
      bundle: true,
      minify: true,
      format,
      platform: "neutral",
      write: false,
      logLevel: "silent",
    });
    return file.contents.length;
  };
  try {
    const nothing = await size(`import "@papillon/papillon";`, "esm");
    if (nothing > 0) throw new Error(`an import that is not used leaves ${nothing} bytes`);
    const little = await size(`export { writeNpy } from "@papillon/papillon";`, "esm");
    if (little > 3000) throw new Error(`writeNpy alone takes ${little} bytes`);
    const core = await size(`export { loadCompiled } from "@papillon/papillon/core";`, "esm");
    if (core > 34_000) throw new Error(`loadCompiled takes ${core} bytes`);
    await size(`export * from "@papillon/papillon";`, "iife");
  } finally {
    await esbuild.stop();
  }
  return { machine: "", features: { load: 0 } };
}

/** The core in a worker; `module` is the build that the platform compiled beforehand. */
async function coreWorker(name: string, module: string | undefined, date: string): Promise<Sent> {
  const text = `
import * as core from "@papillon/papillon/core";
import { exerciseCore } from "./exercise.js";
import stored from "./stored.json";
${module === undefined ? "" : `import kernels from "./${module}.wasm";`}
const machine = ${module === undefined ? "core.sharedMachine()" : `core.compiledMachine("simd", kernels)`};
export default { fetch: async () => Response.json(await exerciseCore(core, stored, machine)) };`;
  const files: Record<string, { kind: "wasm"; bytes: Uint8Array }> = {};
  if (module !== undefined) {
    const bytes = await Deno.readFile(`${project}/node_modules/@papillon/papillon/kernels/${module}.wasm`);
    files[`./${module}.wasm`] = { kind: "wasm", bytes };
  }
  const one: Worker = { name, script: await bundled(text), files, date };
  return await serving(`${folder}workers`, [one], async ([url]) => await (await fetch(url)).json() as Sent);
}

/** All other doors in a worker. */
async function doorsWorker(name: string, date: string): Promise<Sent> {
  const text = `
import * as doors from "./doors.js";
import { exerciseDoors } from "./exercise.js";
import stored from "./stored.json";
export default { fetch: async () => Response.json(await exerciseDoors(doors, stored)) };`;
  const one: Worker = { name, script: await bundled(text), date };
  return await serving(`${folder}workers`, [one], async ([url]) => await (await fetch(url)).json() as Sent);
}

async function worker(name: string, precompiled: boolean, date: string): Promise<Sent> {
  const text = `
import * as papillon from "@papillon/papillon";
import { exercise } from "./exercise.js";
import stored from "./stored.json";
${
    precompiled
      ? `import kernels from "./simd.wasm";\nconst machine = papillon.createMachine("simd", kernels);`
      : ""
  }
export default {
  fetch: async () => Response.json(await exercise(papillon, stored${precompiled ? ", machine" : ""})),
};`;
  const bytes = await Deno.readFile(`${project}/node_modules/@papillon/papillon/kernels/simd.wasm`);
  const files: Worker["files"] = precompiled ? { "./simd.wasm": { kind: "wasm", bytes } } : {};
  const one: Worker = { name, script: await bundled(text), files, date };
  return await serving(`${folder}workers`, [one], async ([url]) => await (await fetch(url)).json() as Sent);
}

/** A page in headless Chromium. */
async function browse(site: Site, name: string): Promise<Sent> {
  const program = await chromium(), profile = await Deno.makeTempDir();
  const child = new Deno.Command(program, {
    args: ["--headless", "--no-sandbox", "--disable-gpu", `--user-data-dir=${profile}`].concat(
      // Keeps it open until the page has sent what came out.
      "--remote-debugging-port=0",
      `${site.url}/${name}.html`,
    ),
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<Sent>((done) => {
    timer = setTimeout(() => done({ fault: "the page has sent nothing for a minute" }), 60_000);
  });
  try {
    return await Promise.race([site.result(name), late]);
  } finally {
    clearTimeout(timer);
    child.kill("SIGTERM");
    await child.status;
    // Its helpers may still write for a moment.
    await Deno.remove(profile, { recursive: true }).catch(() => {});
  }
}

/** Type-checks the plain project; there is nothing to apply. */
async function types(): Promise<Sent> {
  const args = "--noEmit --strict --target es2022 --module nodenext --lib es2023,dom typed.ts".split(" ");
  await output(await node(24), [await tsc(), ...args], project);
  return { machine: "", features: { load: 0 } };
}

function rows(site: Site, local: string): Row[] {
  const anyDeno = ["run", "--no-prompt", "--no-config", "--no-lock", "--quiet"];
  const wasm = ["relaxed", "simd"];
  const installed = (name: string, program: () => Promise<string>): Row => ({
    name,
    kernels: wasm,
    run: async () => await printed(await program(), [`${project}/main.js`], project),
  });
  return [
    {
      name: "deno, by file",
      kernels: wasm,
      run: () => printed(Deno.execPath(), [...anyDeno, local], folder),
    },
    {
      name: "deno, by URL",
      kernels: wasm,
      run: () => printed(Deno.execPath(), [...anyDeno, "--reload", `${site.url}/main.ts`], folder),
    },
    ...[20, 22, 24].map((major) => installed(`node ${major}, npm package`, () => node(major))),
    installed("bun, npm package", bun),
    {
      name: "core: deno, bundle",
      kernels: wasm,
      run: () => printed(Deno.execPath(), [...anyDeno, `${folder}core.js`], folder),
    },
    ...[["node 24", () => node(24)] as const, ["bun", bun] as const].map(([name, program]): Row => ({
      name: `core: ${name}, npm package`,
      kernels: wasm,
      run: async () => await printed(await program(), [`${project}/core.js`], project),
    })),
    {
      name: "core: workerd, inlined kernels",
      kernels: wasm,
      run: () => coreWorker("core-inlined", undefined, "2025-09-01"),
    },
    {
      name: "core: workerd, precompiled",
      kernels: ["simd"],
      run: () => coreWorker("core-precompiled", "core", "2025-05-01"),
    },
    {
      name: "core: workerd, forbidden",
      kernels: ["scalar"],
      run: () => coreWorker("core-forbidden", undefined, "2025-05-01"),
    },
    { name: "core: chromium, strict policy", kernels: ["scalar"], run: () => browse(site, "core") },
    {
      name: "doors: deno, by file",
      kernels: wasm,
      run: () => printed(Deno.execPath(), [...anyDeno, `${folder}local-doors.ts`], folder),
    },
    {
      name: "doors: deno, by URL",
      kernels: wasm,
      run: () => printed(Deno.execPath(), [...anyDeno, "--reload", `${site.url}/main-doors.ts`], folder),
    },
    ...[...[20, 22, 24].map((major) => [`node ${major}`, () => node(major)] as const), ["bun", bun] as const]
      .map(([name, program]): Row => ({
        name: `doors: ${name}, npm package`,
        kernels: wasm,
        run: async () => await printed(await program(), [`${project}/main-doors.js`], project),
      })),
    {
      name: "doors: workerd, inlined kernels",
      kernels: wasm,
      run: () => doorsWorker("doors-inlined", "2025-09-01"),
    },
    {
      name: "doors: workerd, forbidden",
      kernels: ["scalar"],
      run: () => doorsWorker("doors-forbidden", "2025-05-01"),
    },
    { name: "doors: chromium, page", kernels: wasm, run: () => browse(site, "doors") },
    { name: "doors: chromium, strict policy", kernels: ["scalar"], run: () => browse(site, "doors-strict") },
    { name: "doors: chromium, web worker", kernels: wasm, run: () => browse(site, "doors-worker") },
    { name: "typescript, npm package", kernels: [""], run: types },
    ...[["node 24", () => node(24)] as const, ["bun", bun] as const].map(([name, program]): Row => ({
      name: `edge example, ${name}`,
      kernels: [""],
      run: async () => await printed(await program(), [`${project}/edge/ask.js`], project),
    })),
    { name: "esbuild, tree shaking", kernels: [""], run: shaken },
    {
      name: "workerd, inlined kernels",
      kernels: wasm,
      run: () => worker("inlined", false, "2025-09-01"),
    },
    {
      name: "workerd, precompiled module",
      kernels: ["simd"],
      run: () => worker("precompiled", true, "2025-05-01"),
    },
    {
      name: "workerd, compiling forbidden",
      kernels: ["scalar"],
      run: () => worker("forbidden", false, "2025-05-01"),
    },
    { name: "chromium, page", kernels: wasm, run: () => browse(site, "page") },
    { name: "chromium, strict policy", kernels: ["scalar"], run: () => browse(site, "strict") },
    { name: "chromium, web worker", kernels: wasm, run: () => browse(site, "worker") },
  ];
}

/** What one row shows, and sentences for what is not green. */
interface Shown {
  readonly cells: string[];
  readonly faults: string[];
  readonly skipped?: string;
}

function shown({ kernels }: Row, sent: Sent): Shown {
  if ("fault" in sent) return { cells: ["", ...FEATURES.map(() => "FAILED"), ""], faults: [sent.fault] };
  const { machine, features, first } = sent, faults: string[] = [];
  const cell = (feature: Feature): string => {
    const value = features[feature];
    if (value === undefined) return "–";
    if (typeof value === "number") return value === 0 ? "ok" : `ok ${value.toExponential(0)}`;
    faults.push(`${feature}: ${value}`);
    return "FAILED";
  };
  const right = kernels.includes(machine);
  if (!right) faults.push(`the kernels are ${machine}, expected ${kernels.join(" or ")}`);
  const cells = [right ? machine : `FAILED ${machine}`, ...FEATURES.map(cell), first?.toFixed(0) ?? ""];
  return { cells, faults };
}

async function tried(row: Row): Promise<Shown> {
  const nothing = FEATURES.map(() => "");
  try {
    return shown(row, await row.run());
  } catch (fault) {
    const { message } = fault as Error;
    if (fault instanceof Unavailable) {
      return { cells: ["skipped", ...nothing, ""], faults: [], skipped: message };
    }
    return { cells: ["FAILED", ...nothing, ""], faults: [message.slice(-1000)] };
  }
}

/** Lines about an example that is served, and sentences for what is not as it should be. */
interface Served {
  readonly lines: string[];
  readonly faults: string[];
  readonly skipped?: string;
}

/** Examples under load. */
const SERVED: readonly (readonly [name: string, serve: () => Promise<Served>])[] = [
  [
    "edge example, workerd under load",
    async () => summary(await load(`${folder}edge`, `${project}/node_modules`)),
  ],
  ["speech example, Deno, workerd", speechLoad],
];

async function loaded(serve: () => Promise<Served>): Promise<Served> {
  try {
    return await serve();
  } catch (fault) {
    const { message } = fault as Error;
    return fault instanceof Unavailable
      ? { lines: [], faults: [], skipped: message }
      : { lines: [], faults: [message] };
  }
}

/** Tries the rows whose names contain one of `wanted`, or all; gives how many failed. */
async function main(wanted: readonly string[]): Promise<number> {
  await Deno.mkdir(folder, { recursive: true });
  const exercise = await scripts();
  const { text } = await bundle();
  await makeProject(exercise);
  const local = `${folder}local.ts`;
  const stored = (where: string): string => `import stored from "${where}" with { type: "json" };`;
  const at = "scripts/runtimes/",
    file = (path: string): string => new URL(`../${path}`, import.meta.url).href;
  await Deno.writeTextFile(
    local,
    script(file("src/mod.ts"), file(`${at}exercise.ts`), stored(file(`${at}stored.json`))),
  );
  const core = (await bundle("src/core.ts")).text;
  await Deno.writeTextFile(`${folder}papillon-core.min.js`, core);
  await Deno.writeTextFile(`${folder}exercise.js`, exercise);
  await Deno.writeTextFile(
    `${folder}core.js`,
    coreScript("./papillon-core.min.js", "./exercise.js", stored(file(`${at}stored.json`))),
  );
  const { exports } = JSON.parse(await Deno.readTextFile(`${root}deno.json`)) as {
    exports: Record<string, string>;
  };
  const source = (door: string): string => exports[`./${door}`].slice("./".length);
  await Deno.writeTextFile(`${folder}doors.ts`, doorsModule((door) => file(source(door))));
  await Deno.writeTextFile(
    `${folder}local-doors.ts`,
    doorsScript("./doors.ts", file(`${at}exercise.ts`), stored(file(`${at}stored.json`))),
  );
  const site = serveSite({
    "/doors.min.js": await bundled(await Deno.readTextFile(`${project}/doors.js`)),
    "/doors.ts": doorsModule((door) => `./${source(door)}`),
    "/main-doors.ts": doorsScript("./doors.ts", `./${at}exercise.ts`, stored(`./${at}stored.json`)),
    "/papillon-core.min.js": core,
    "/main.ts": script("./src/mod.ts", `./${at}exercise.ts`, stored(`./${at}stored.json`)),
    "/exercise.js": exercise,
    "/papillon.min.js": text,
  });
  const line = (name: string, cells: readonly string[]): string =>
    [name.padEnd(32), ...cells.map((cell) => cell.padEnd(9))].join(" ").trimEnd();
  let failed = 0;
  try {
    console.log(line("runtime", ["kernels", ...FEATURES, "first result, ms"]));
    const reasons: string[] = [];
    for (const row of rows(site, local)) {
      if (wanted.length > 0 && !wanted.some((part) => row.name.includes(part))) continue;
      const { cells, faults, skipped } = await tried(row);
      console.log(line(row.name, cells));
      if (faults.length > 0) failed++;
      for (const fault of skipped === undefined ? faults : [skipped]) reasons.push(`${row.name}: ${fault}`);
    }
    for (const [name, serve] of SERVED) {
      if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
      const { lines, faults, skipped } = await loaded(serve);
      console.log(line(name, [skipped !== undefined ? "skipped" : faults.length > 0 ? "FAILED" : "ok"]));
      if (faults.length > 0) failed++;
      for (const reason of [...lines, ...faults, skipped ?? []].flat()) reasons.push(`${name}: ${reason}`);
    }
    for (const reason of reasons) console.log(reason);
  } finally {
    await site.close();
  }
  return failed;
}

if (import.meta.main) Deno.exit(await main(Deno.args) > 0 ? 1 : 0);
