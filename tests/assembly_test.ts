import assert from "node:assert/strict";
import { Field, FIELDS, Op, passOperation } from "../src/kernels/record.ts";
import { kernels as core } from "../src/compiled/bytes.generated.ts";
import { kernels } from "../src/kernels/bytes.generated.ts";
import { decodeKernels } from "../src/kernels/text.ts";

const root = new URL("../", import.meta.url);
const folder = new URL("assembly/", root);

/** The sources of the kernels by file name. */
function sources(): Map<string, string> {
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".ts"));
  return new Map(files.map((name) => [name, Deno.readTextFileSync(new URL(name, folder))]));
}

Deno.test("both sides of the machine number the fields of a record alike", () => {
  const text = sources().get("record.ts")!;
  const theirs = new Map(
    [...text.matchAll(/^export const (\w+): i32 = (\d+);/gm)].map(([, name, value]) => [name, Number(value)]),
  );
  assert.equal(Number(/RECORD: usize = (\d+);/.exec(text)![1]), FIELDS * 4);
  for (const [name, index] of Object.entries(Field)) {
    if (typeof index === "number") {
      const upper = name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
      assert.equal(theirs.get(upper), index, `field ${name}`);
    }
  }
  const named = (names: string, count: number): unknown[] =>
    names.split(" ").slice(0, count).map((name) => theirs.get(name));
  assert.deepEqual(named("A B C D", Field.stride.length), [...Field.stride]);
  assert.deepEqual(named("A2 B2 C2 D2", Field.dstStride.length), [...Field.dstStride]);
  assert.deepEqual(named("EXTRA EXTRA1 EXTRA2", Field.extra.length), [...Field.extra]);
  const ours = Object.values(Field).flat();
  assert.equal(theirs.size, ours.length, "a field is named on one side only");
  assert.equal(new Set(ours).size, ours.length, "two fields share a place");
  assert.ok(ours.every((index) => index >= 0 && index < FIELDS));
});

/** The operations of an entry point of the kernels, checked against ours; gives those that are no fused passes. */
function operations(entry: string): Set<number> {
  const cases = [...sources().get(entry)!.matchAll(/case (\d+): (?:return )?(\w+)\(/g)]
    .map(([, op, name]) => ({ op: Number(op), name }));
  assert.ok(cases.length > 0);
  const ours = new Map<string, number>(Object.entries(Op));
  const found = new Set<number>();
  for (const { op, name } of cases) {
    const pass = /^(real|complex|sign|twiddle)(\d+)(General|Unit)?$/.exec(name);
    if (pass) {
      // A fused pass is chosen by its number without the two bits for the lanes.
      const [, kind, registers, general] = pass;
      const form = ({ sign: "signs", twiddle: "twiddles" } as const)[kind] ??
        (general === "Unit" ? "unit" : "general");
      const complex = kind === "complex" || kind === "twiddle";
      assert.equal(op << 2, passOperation(complex, Math.log2(Number(registers)), form, 0), `pass ${name}`);
    } else {
      // The gradient of a bias is a sum of cotangents: one kernel has two numbers.
      const known = name === "accumulate" && op === Op.biasBack ? op : ours.get(name);
      assert.equal(op, known, `operation ${name}`);
      found.add(op);
    }
  }
  return found;
}

Deno.test("both sides of the machine number the operations alike", () => {
  const found = operations("index.ts");
  const steps = Object.entries(Op).filter(([name, op]) => !name.endsWith("Pass") && !found.has(op));
  assert.deepEqual(steps, [], "operations without a kernel");
  assert.ok(operations("core.ts").isSubsetOf(found));
});

Deno.test("kernels load, store and calculate in the words of vec.ts alone", () => {
  // Only lanes may be moved by hand: a shuffle that one kernel needs is clearer where it is used.
  const intrinsic = /\b(?:v128|[if](?:8x16|16x8|32x4|64x2))\.(?!shuffle|extract_lane|replace_lane)\w+/;
  const files = sources();
  assert.match(files.get("vec.ts")!, intrinsic);
  for (const [name, text] of files) {
    if (name !== "vec.ts") assert.doesNotMatch(text.replace(/\/\/.*$/gm, ""), intrinsic, name);
  }
});

for (const [which, text] of [["", kernels], [" of compiled operators", core]] as const) {
  Deno.test(`both builds of the kernels${which} ask for a memory, and run is their only function`, () => {
    for (const fused of [true, false]) {
      const module = new WebAssembly.Module(decodeKernels(text, fused));
      const memory = { module: "env", name: "memory", kind: "memory" } as const;
      assert.deepEqual(WebAssembly.Module.imports(module), [memory]);
      const functions = WebAssembly.Module.exports(module).filter(({ kind }) => kind !== "memory");
      assert.deepEqual(functions, [{ name: "run", kind: "function" }]);
    }
  });
}

/** Type-checks a copy of assembly/ in which one file is changed; gives the exit code and what was said. */
async function typeCheck(change: (text: string) => string): Promise<{ code: number; said: string }> {
  const copy = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${copy}/assembly`);
    await Deno.writeTextFile(`${copy}/deno.json`, JSON.stringify({ workspace: ["./assembly"] }));
    await Deno.copyFile(new URL("deno.json", folder), `${copy}/assembly/deno.json`);
    for (const [name, text] of sources()) {
      await Deno.writeTextFile(`${copy}/assembly/${name}`, name === "vec.ts" ? change(text) : text);
    }
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--no-lock", "assembly"],
      cwd: copy,
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
    return { code, said: new TextDecoder().decode(stderr) };
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
}

Deno.test("the kernels type-check as AssemblyScript", async () => {
  const { code, said } = await typeCheck((text) => text);
  assert.equal(code, 0, said);
});

Deno.test("the type check of the kernels finds an intrinsic that does not exist", async () => {
  const { code, said } = await typeCheck((text) => text.replace("f32x4.add(x, y)", "f32x4.plus(x, y)"));
  assert.notEqual(code, 0);
  assert.match(said, /Property 'plus' does not exist/);
});

Deno.test("the type check of the kernels knows nothing of a browser or of Deno", async () => {
  const { code, said } = await typeCheck((text) => `${text}\nexport const there: string = document.title;\n`);
  assert.notEqual(code, 0);
  assert.match(said, /Cannot find name 'document'/);
});
