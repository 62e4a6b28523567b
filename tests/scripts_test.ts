import assert from "node:assert/strict";
import { buildKernels, kernelModule, MODULES } from "../scripts/build_kernels.ts";
import { type Bundle, bundle } from "../scripts/bundle.ts";
import { foreignTo } from "../scripts/check.ts";
import { CONSTRUCTIONS } from "../src/cli/build/table.ts";
import { saveCompiled } from "../src/io/compiled_file.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { script } from "./cli_run.ts";
import { assertClose } from "./helpers.ts";

const root = new URL("../", import.meta.url);
const read = (path: string): string => Deno.readTextFileSync(new URL(path, root));

Deno.test("the kernels build to the committed bytes, twice, and only the relaxed build fuses multiply-adds", async () => {
  for (const module of MODULES) {
    const builds = await buildKernels(module);
    // Not assert.equal: it would print a hundred thousand characters.
    assert.ok(kernelModule(builds) === kernelModule(await buildKernels(module)), "two builds differ");
    assert.ok(kernelModule(builds) === read(module.file), "run `deno task build` and commit the result");
    const [relaxed, simd] = builds;
    assert.deepEqual([relaxed.name, simd.name], ["relaxed", "simd"]);
    assert.equal(simd.counts.relaxed, 0);
    assert.ok(relaxed.counts.relaxed > 0 && simd.counts.simd > relaxed.counts.simd);
  }
});

let bundled: Bundle | undefined;

/** Gives `use` a folder with the bundle in it, alone. */
async function withBundle(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/papillon.min.js`, (bundled ??= await bundle()).text);
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What the bundle must make of a fixed butterfly and input, by the library itself. */
function expected(): Float32Array {
  return Butterfly.random(64, { field: "complex", seed: 3 }).apply(
    Float32Array.from({ length: 128 }, (_, i) => Math.sin(i)),
  );
}

/** A module that does the same with the bundle beside it, and prints the result. */
const program = `
import { Butterfly, machine } from "./papillon.min.js";
const x = Float32Array.from({ length: 128 }, (_, i) => Math.sin(i));
const y = Butterfly.random(64, { field: "complex", seed: 3 }).apply(x);
console.log(JSON.stringify({ machine: machine().name, y: [...y] }));
`;

Deno.test("the bundle is one module that imports nothing and names no runtime", async () => {
  const { text, raw, gzip } = bundled ??= await bundle();
  assert.equal(new TextEncoder().encode(text).length, raw);
  assert.ok(gzip > 0 && gzip < raw);
  // The text of the kernels may hold any words.
  const code = text.replace(/"[^"]{1000,}"/g, '""');
  assert.ok(code.length < raw - 60_000, "the kernels are inside");
  assert.doesNotMatch(code, /\bimport\b|\brequire\b|\bDeno\b|\bprocess\b|\bnode:/);
  assert.match(code, /export\s*\{/);
});

Deno.test("of a door that is imported and not used, nothing stays but numbers with names", async () => {
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root))) as {
    exports: Record<string, string>;
  };
  for (const path of Object.values(exports)) {
    // What is made when a module is read must be marked pure, or all that it names would stay.
    const { text, raw } = await bundle({ text: `import "${path}";` });
    assert.ok(
      raw < 1000 && !/class|function|=>/.test(text),
      `${path} leaves ${raw} bytes: ${text.slice(0, 200)}`,
    );
  }
});

Deno.test("the bundle applies a butterfly in Deno without any permission", async () => {
  await withBundle(async (folder) => {
    await Deno.writeTextFile(`${folder}/main.mjs`, program);
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-config", "--no-prompt", `${folder}/main.mjs`],
      stdin: "null",
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const { y } = JSON.parse(new TextDecoder().decode(stdout)) as { y: number[] };
    assertClose(y, expected(), 1e-6);
  });
});

/** The version of Node, or undefined where there is none. */
async function nodeVersion(): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command("node", { args: ["--version"] }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

const node = await nodeVersion();
if (node === undefined) console.log("skipped: the bundle in Node, for there is no `node` on the path");

Deno.test("the core is within its twelve kilobytes, and applies what was compiled in Deno without any permission", async () => {
  const { text, gzip } = await bundle("src/core.ts"), folder = await Deno.makeTempDir();
  assert.ok(gzip <= 12_000, `${gzip} bytes`);
  try {
    await Deno.writeTextFile(`${folder}/core.js`, text);
    const file = saveCompiled(Butterfly.random(64, { field: "complex", seed: 3 }));
    const program = `
import { loadCompiled } from "./core.js";
const x = Float32Array.from({ length: 128 }, (_, i) => Math.sin(i));
console.log(JSON.stringify([...loadCompiled(new Uint8Array([${file}])).apply(x)]));`;
    await Deno.writeTextFile(`${folder}/main.mjs`, program);
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-config", "--no-prompt", `${folder}/main.mjs`],
      stdin: "null",
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    assertClose(JSON.parse(new TextDecoder().decode(stdout)) as number[], expected(), 1e-6);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test({
  name: "the bundle applies a butterfly in Node",
  ignore: node === undefined,
  fn: async () => {
    await withBundle(async (folder) => {
      await Deno.writeTextFile(`${folder}/main.mjs`, program);
      const { success, stdout, stderr } = await new Deno.Command("node", {
        args: [`${folder}/main.mjs`],
        stdin: "null",
      }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
      const { machine, y } = JSON.parse(new TextDecoder().decode(stdout)) as { machine: string; y: number[] };
      // Every Node that is still maintained has Wasm SIMD: the fallback would hide a broken loader.
      assert.notEqual(machine, "scalar");
      assertClose(y, expected(), 1e-6);
    });
  },
});

/** Runs the code blocks of a text as `deno task check` runs those of README.md; gives success and what was said. */
async function runExamples(markdown: string): Promise<{ success: boolean; said: string }> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/example.md`, markdown);
    const preload = new URL("scripts/examples.ts", root).href;
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--doc", "--no-lock", "--preload", preload, `${folder}/example.md`],
      cwd: folder,
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
    return { success, said: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("an example whose assertion holds passes", async () => {
  const { success, said } = await runExamples("```ts\nconsole.assert(1 + 1 === 2);\n```\n");
  assert.ok(success, said);
  assert.match(said, /1 passed/);
});

Deno.test("an example whose assertion is false fails", async () => {
  const { success, said } = await runExamples("```ts\nconsole.assert(1 + 1 === 3);\n```\n");
  assert.ok(!success);
  assert.match(said, /asserts what is false/);
});

Deno.test("an example that does not type-check fails", async () => {
  const { success, said } = await runExamples("```ts\nconst n: number = 'one';\nconsole.log(n);\n```\n");
  assert.ok(!success);
  assert.match(said, /TS2322/);
});

Deno.test("a file that names a place on one machine is found, with the line", () => {
  assert.equal(
    foreignTo("a\nsee /place/of/mine/x\n", ["/elsewhere/", "/place/of/mine/"]),
    "line 2 names /place/of/mine/",
  );
  assert.equal(foreignTo("a\nsee ../x\n", ["/place/of/mine/"]), undefined);
});

Deno.test("every task that the pages tell people to use exists", () => {
  const { tasks } = JSON.parse(read("deno.json")) as { tasks: Record<string, unknown> };
  for (const page of ["README.md", "CONTRIBUTING.md"]) {
    const named = [...read(page).matchAll(/deno task ([a-z:]+[a-z])/g)].map(([, task]) => task);
    assert.ok(named.length > 0, `${page} names no task`);
    for (const task of named) assert.ok(Object.hasOwn(tasks, task), `${page} names the task ${task}`);
  }
  for (const task of ["learn", "test", "bench", "check", "build", "papillon", "report"]) {
    assert.ok(Object.hasOwn(tasks, task));
  }
});

Deno.test("the gallery has a row, a section and a picture for every construction, and nothing else", () => {
  const page = read("docs/gallery/README.md");
  const sections = [...page.matchAll(/^## (.*)$/gm)].map(([, name]) => name);
  assert.deepEqual(sections, [...CONSTRUCTIONS.keys()]);
  for (const name of sections) {
    const row = new RegExp(String.raw`^\| \[${name}\]\(#${name}\) \| \d+ \|.* \|$`, "m").exec(page);
    assert.ok(row, `${name} has a row`);
    assert.equal(row[0].split(" | ").length, 10, "all columns");
    assert.ok(page.includes(`](${name}.svg)`), `${name} has a picture`);
  }
  const shown = [...page.matchAll(/\]\(([\w-]+\.svg)\)/g)].map(([, file]) => file).sort();
  const there = [...Deno.readDirSync(new URL("docs/gallery", root))].map(({ name }) => name);
  assert.deepEqual(there.filter((name) => name !== "README.md").sort(), shown);
});

Deno.test("a report that does not exist is refused with the list of those that do", async () => {
  const { code, err } = await script("scripts/report.ts", ".", "nothing");
  assert.equal(code, 2);
  assert.equal(
    err,
    "Usage: deno task report NAME [FOLDER] [FLAGS], where NAME is one of: compress, gallery, layers, mobile, " +
      "transforms, linalg, permuted, recovery, speech\n",
  );
});

Deno.test("there is no package.json at the root, which would make Deno look for node_modules", () => {
  assert.throws(() => Deno.statSync(new URL("package.json", root)), Deno.errors.NotFound);
});
