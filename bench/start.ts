/**
 * How long it takes from an import to the first result: in fresh processes of Deno, and in workerd, of which the time
 * until it answers is compared with that for a worker that only answers.
 *
 * Run with `deno run -A bench/start.ts [ROUNDS]`. What is compared takes turns; shown are the least time and the median,
 * in milliseconds. The operator is the DCT-II of 256 points, which is read from a file before the clock starts.
 */
import { fileURLToPath } from "node:url";
import { bundle } from "../scripts/bundle.ts";
import { freePort, Unavailable, workerd } from "../scripts/runtimes/tools.ts";
import { dct2, saveCompiled, saveOperator } from "../src/mod.ts";

const rounds = Number(Deno.args[0] ?? 20), root = fileURLToPath(new URL("../", import.meta.url));
const folder = await Deno.makeTempDir();

/** What loads an operator and applies it. */
interface Door {
  readonly name: string;
  readonly module: string;
  readonly load: "loadCompiled" | "loadOperator";
}

const compiled = "loadCompiled", plain = "loadOperator";
const doors: Door[] = [
  { name: "core, bundle", module: "./core.js", load: compiled },
  { name: "core, sources", module: `file://${root}src/core.ts`, load: compiled },
  { name: "load, bundle", module: "./load.js", load: plain },
  { name: "load, sources", module: `file://${root}src/load.ts`, load: plain },
  { name: "all, bundle", module: "./mod.js", load: plain },
  { name: "all, sources", module: `file://${root}src/mod.ts`, load: plain },
];

const show = (name: string, times: number[]): void => {
  times.sort((a, b) => a - b);
  const [least, middle] = [times[0], times[times.length >> 1]];
  console.log(`${name.padEnd(24)} ${least.toFixed(1).padStart(8)} ${middle.toFixed(1).padStart(8)}`);
};

/** Milliseconds from the import to the first result in a fresh Deno. */
async function inDeno({ module, load }: Door): Promise<number> {
  const text = `
const file = Deno.readFileSync("${load}.safetensors"), x = new Float32Array(256).fill(1);
const start = performance.now();
const papillon = await import("${module}");
const y = papillon.${load}(file).apply(x);
const time = performance.now() - start;
if (!(Math.abs(y[0] - 512) < 1e-3)) throw new Error("wrong");
console.log(time);`;
  await Deno.writeTextFile(`${folder}/main.mjs`, text);
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--no-config", "main.mjs"],
    cwd: folder,
    stdin: "null",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return Number(new TextDecoder().decode(stdout));
}

/** Milliseconds until a fresh workerd answers. */
async function inWorkerd(program: string, config: string, port: number): Promise<number> {
  const start = performance.now();
  const child = new Deno.Command(program, { args: ["serve", config], stdin: "null", stderr: "null" }).spawn();
  try {
    for (;;) {
      try {
        const answer = await fetch(`http://127.0.0.1:${port}`);
        if (await answer.text() !== "512") throw new Error(`workerd answers ${answer.status}`);
        return performance.now() - start;
      } catch (fault) {
        if (!(fault instanceof TypeError) || performance.now() - start > 10_000) throw fault;
        await new Promise((done) => setTimeout(done, 1));
      }
    }
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
}

/** Writes what workerd serves: a worker that applies the operator while it starts, or one that only answers. */
async function writeWorker(name: string, script: string): Promise<[config: string, port: number]> {
  const port = freePort(), at = `${folder}/${name}`;
  await Deno.mkdir(at);
  await Deno.writeTextFile(`${at}/main.js`, script);
  await Deno.writeTextFile(
    `${at}/config.capnp`,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ ( name = "main", worker = (
    modules = [ ( name = "main.js", esModule = embed "main.js" ),
      ( name = "core.js", esModule = embed "../core.js" ), ( name = "load.js", esModule = embed "../load.js" ),
      ( name = "core.bin", data = embed "../${compiled}.safetensors" ),
      ( name = "load.bin", data = embed "../${plain}.safetensors" ) ],
    compatibilityDate = "2025-09-01" ) ) ],
  sockets = [ ( name = "main", address = "127.0.0.1:${port}", http = (), service = "main" ) ] );
`,
  );
  return [`${at}/config.capnp`, port];
}

try {
  for (const entry of ["core", "load", "mod"] as const) {
    await Deno.writeTextFile(`${folder}/${entry}.js`, (await bundle(`src/${entry}.ts`)).text);
  }
  await Deno.writeFile(`${folder}/${compiled}.safetensors`, saveCompiled(dct2(256)));
  await Deno.writeFile(`${folder}/${plain}.safetensors`, saveOperator(dct2(256)));
  const times = doors.map((): number[] => []);
  // The first run fills Deno's cache of what it made of the sources.
  for (let round = -1; round < rounds; round++) {
    for (const [i, door] of doors.entries()) {
      const time = await inDeno(door);
      if (round >= 0) times[i].push(time);
    }
  }
  console.log(`${`Deno ${Deno.version.deno}`.padEnd(24)}    least   median`);
  doors.forEach(({ name }, i) => show(name, times[i]));

  const program = await workerd();
  const answer = (y: string): string =>
    `export default { fetch: () => new Response(String(Math.round(${y}))) };`;
  const using = (entry: string, load: string): string =>
    `import { ${load} } from "./${entry}.js";\nimport file from "./${entry}.bin";\n` +
    `const y = ${load}(new Uint8Array(file)).apply(new Float32Array(256).fill(1));\n${answer("y[0]")}`;
  const names = ["only answers", "core", "load"];
  const workers = [
    await writeWorker("empty", answer("512")),
    await writeWorker("core", using("core", compiled)),
    await writeWorker("load", using("load", plain)),
  ];
  const starts = workers.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, [config, port]] of workers.entries()) {
      starts[i].push(await inWorkerd(program, config, port));
    }
  }
  console.log("\nworkerd, until it answers");
  names.forEach((name, i) => show(name, starts[i]));
} catch (fault) {
  if (!(fault instanceof Unavailable)) throw fault;
  console.log(`workerd is skipped: ${fault.message}`);
} finally {
  await Deno.remove(folder, { recursive: true });
}
