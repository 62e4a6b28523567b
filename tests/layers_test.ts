import assert from "node:assert/strict";

/** The folders of src, from the lowest; folders in one line may import from each other. */
const layers = [
  ["kernels"],
  ["compiled"],
  ["program"],
  ["operator"],
  ["kaleidoscope", "learn", "linalg", "layers", "gpu"],
  ["io"],
  ["cli"],
];

const source = new URL("../src/", import.meta.url);

/** The modules that others import; they lie above all layers. */
const doors = ["mod.ts", "core.ts", "load.ts"];

/** Every module below a folder, relative to src. */
function modules(folder = ""): string[] {
  return [...Deno.readDirSync(new URL(folder, source))].flatMap(({ name, isDirectory }) =>
    isDirectory ? modules(`${folder}${name}/`) : name.endsWith(".ts") ? [folder + name] : []
  );
}

/** What a module imports or exports from. */
function specifiers(module: string): string[] {
  const text = Deno.readTextFileSync(new URL(module, source));
  // Only at the start of a line: examples in comments are none of it.
  const statements = text.matchAll(/^(?:import|export)\b[^;"]*?from\s*"([^"]+)";|^import\s*"([^"]+)";/gm);
  return [...statements].map(([, from, bare]) => from ?? bare);
}

/** The layer of a module, -1 if it has none. */
function layerOf(module: string): number {
  const folder = module.split("/")[0];
  return layers.findIndex((layer) => layer.includes(folder));
}

/** The module that a relative specifier means, relative to src. */
function resolved(specifier: string, module: string): string {
  return new URL(specifier, new URL(module, source)).href.slice(source.href.length);
}

Deno.test("no module imports from a layer above its own", () => {
  let checked = 0;
  for (const module of modules()) {
    if (doors.includes(module)) continue;
    assert.ok(layerOf(module) >= 0, `src/${module} lies in a folder that has no place in the layers`);
    for (const specifier of specifiers(module)) {
      if (!specifier.startsWith(".")) continue;
      const other = resolved(specifier, module);
      assert.ok(layerOf(other) >= 0, `src/${module} imports ${specifier}, which belongs to no layer`);
      assert.ok(layerOf(other) <= layerOf(module), `src/${module} imports upwards, from ${specifier}`);
      checked++;
    }
  }
  assert.ok(checked > 0);
});

Deno.test("the library depends on nothing: only the command line imports anything but its own modules", () => {
  for (const module of modules()) {
    if (module.startsWith("cli/")) continue;
    for (const specifier of specifiers(module)) assert.match(specifier, /^\.{1,2}\//, `src/${module}`);
  }
});

Deno.test("the doors re-export and do nothing else", () => {
  for (const door of doors) {
    const text = Deno.readTextFileSync(new URL(door, source)).replace(/\/\*[\s\S]*?\*\//g, "");
    const rest = text.replace(/export\s+(?:type\s+)?(?:\{[^}]*\}|\*)\s+from\s+"[^"]+";/g, "");
    assert.equal(rest.trim(), "", `src/${door}`);
  }
});

/** A module and all that it imports. */
function reached(door: string): Set<string> {
  const seen = new Set<string>([door]);
  // A set that grows while it is gone through.
  for (const module of seen) {
    for (const specifier of specifiers(module)) seen.add(resolved(specifier, module));
  }
  return seen;
}

Deno.test("the core pulls in nothing but compiled operators and kernels", () => {
  const seen = reached("core.ts");
  assert.ok(seen.has("compiled/operator.ts") && seen.has("kernels/host.ts"));
  seen.delete("core.ts");
  for (const module of seen) assert.match(module, /^(compiled|kernels)\//);
  assert.ok(!seen.has("kernels/bytes.generated.ts"), "the kernels are there twice");
});

Deno.test("inference alone pulls in neither learning nor linear algebra nor a GPU", () => {
  const seen = reached("load.ts");
  assert.ok(
    seen.has("kernels/machine.ts") && seen.has("program/compile.ts"),
    "the walk has found the machine",
  );
  for (const module of seen) assert.doesNotMatch(module, /^(learn|linalg|layers|gpu|cli)\//);
});
