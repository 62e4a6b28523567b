/**
 * Everything that must hold of the source before it is committed, apart from the tests.
 *
 * Run with `deno task check`, or `deno task check format types` for some of it. Prints one line for each check, and
 * what the tool said where it failed; exits with 1 then.
 */
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));

/** One check: what it is for, and how it is done; a result is the text to show on failure, or undefined. */
interface Check {
  readonly name: string;
  readonly about: string;
  readonly run: () => Promise<string | undefined>;
}

/** Runs this Deno with arguments; gives what it printed if it failed. */
async function deno(...args: string[]): Promise<string | undefined> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: root,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  if (success) return undefined;
  const decoder = new TextDecoder();
  const said = decoder.decode(stdout) + decoder.decode(stderr);
  // Deno lists every module that it checks: only what is wrong is of interest.
  return said.replace(/^.*\bCheck\b.* \S+\.ts(?:#\S+)?\s*\n/gm, "");
}

/** The modules that others can import, as deno.json lists them. */
async function publicModules(): Promise<string[]> {
  const { exports } = JSON.parse(await Deno.readTextFile(`${root}deno.json`)) as {
    exports: Record<string, string>;
  };
  return Object.values(exports);
}

/**
 * Type-checks the library as a browser's compiler would: without any of Deno's own types.
 */
async function browserTypes(): Promise<string | undefined> {
  const folder = await Deno.makeTempDir();
  try {
    const config = `${folder}/deno.json`;
    const lib = ["esnext", "dom", "dom.iterable"];
    await Deno.writeTextFile(config, JSON.stringify({ compilerOptions: { lib } }));
    const modules = (await publicModules()).map((module) => root + module);
    return await deno("check", "--no-lock", "--config", config, ...modules);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Where a text names what belongs to one machine only: "line 3: …", or undefined. */
export function foreignTo(text: string, names: readonly string[]): string | undefined {
  for (const [i, line] of text.split("\n").entries()) {
    const found = names.find((name) => line.includes(name));
    if (found !== undefined) return `line ${i + 1} names ${found}`;
  }
  return undefined;
}

/** The names that would tie a file to this machine: where the project and the home folder lie, where npm asks. */
function machineNames(): string[] {
  const names = [root];
  const home = Deno.env.get("HOME");
  if (home !== undefined && home.length > 1) names.push(`${home.replace(/\/$/, "")}/`);
  for (const variable of ["NPM_CONFIG_REGISTRY", "npm_config_registry"]) {
    const registry = Deno.env.get(variable);
    if (registry !== undefined && URL.canParse(registry)) names.push(new URL(registry).host);
  }
  return names.filter((name) => name !== "registry.npmjs.org");
}

/** Every file of the project, relative to its root, without what is made or fetched. */
async function files(folder = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(root + folder)) {
    const path = folder + entry.name;
    if ([".git", "dist", "out", "node_modules"].includes(entry.name)) continue;
    if (entry.isDirectory) found.push(...await files(`${path}/`));
    else if (entry.isFile) found.push(path);
  }
  return found;
}

/** Looks for this machine's paths and registry in all files, and for any address at all in the lock file. */
async function portable(): Promise<string | undefined> {
  const names = machineNames(), faults: string[] = [];
  for (const path of await files()) {
    const text = await Deno.readTextFile(root + path);
    // The lock file needs no address; one that has crept in is that of a mirror.
    const fault = foreignTo(text, path === "deno.lock" ? [...names, "://"] : names);
    if (fault !== undefined) faults.push(`${path}: ${fault}`);
  }
  return faults.length === 0 ? undefined : faults.join("\n");
}

const checks: Check[] = [
  { name: "format", about: "deno fmt", run: () => deno("fmt", "--check") },
  { name: "lint", about: "deno lint", run: () => deno("lint") },
  {
    name: "types",
    about: "every module, the kernels as AssemblyScript",
    run: () => deno("check"),
  },
  { name: "browser", about: "the library without Deno's types", run: browserTypes },
  {
    name: "kernels",
    about: "assembly/ compiles to the committed bytes",
    run: () => deno("run", "-A", "scripts/build_kernels.ts", "--check"),
  },
  {
    name: "examples",
    about: "the code in README.md, in the guides and in the documentation runs",
    run: () => deno("test", "-A", "--doc", "--preload", "./scripts/examples.ts", "README.md", "docs", "src"),
  },
  {
    name: "site",
    about: "the documentation's site and the playground build, and no link leads nowhere",
    run: () => deno("run", "-A", "scripts/docs.ts", "--check"),
  },
  {
    name: "documentation",
    about: "every public symbol is documented",
    run: async () => await deno("doc", "--lint", ...await publicModules()),
  },
  {
    name: "publish",
    about: "deno publish --dry-run: no slow types",
    run: () => deno("publish", "--dry-run", "--allow-dirty"),
  },
  { name: "portable", about: "no file names a place on this machine", run: portable },
];

/** Runs the checks named, or all; gives how many failed. */
async function main(names: readonly string[]): Promise<number> {
  const unknown = names.find((name) => !checks.some((check) => check.name === name));
  if (unknown !== undefined) {
    console.error(`Cannot check "${unknown}": the checks are ${checks.map(({ name }) => name).join(", ")}`);
    return 1;
  }
  let failures = 0;
  for (const { name, about, run } of checks) {
    if (names.length > 0 && !names.includes(name)) continue;
    const start = performance.now();
    const fault = await run();
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`${fault === undefined ? "ok    " : "FAILED"} ${name.padEnd(13)} ${seconds} s  ${about}`);
    if (fault !== undefined) {
      failures++;
      console.log(fault.trimEnd().replace(/^/gm, "       "));
    }
  }
  return failures;
}

if (import.meta.main) Deno.exit(await main(Deno.args) > 0 ? 1 : 0);
