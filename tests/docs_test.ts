/** The pages about the library: what they name exists, and what the site links to is there. */
import assert from "node:assert/strict";
import { brokenLinks } from "../scripts/docs_links.ts";
import { anchor, highlight, type Page, relative, render, resolve, type Site } from "../scripts/docs_page.ts";
import { placeOf } from "../scripts/docs.ts";

const root = new URL("../", import.meta.url);
const read = (path: string): string => Deno.readTextFileSync(new URL(path, root));

Deno.test("a link that leads nowhere is found: a page, a picture, a place in a page, a path above the site", () => {
  const pages = new Map([
    [
      "index.html",
      `<a href="guides/a.html">a</a> <a href="guides/">b</a> <img src="no.svg"> <a href="https://x.test/">c</a>`,
    ],
    [
      "guides/index.html",
      `<a href="a.html#there">a</a> <a href="../index.html">b</a> <a href="../../index.html">c</a>`,
    ],
    [
      "guides/a.html",
      `<h2 id="there">x</h2> <a href="#nowhere">a</a> <a href="&#x2e;./yes.svg">b</a> <!-- <a href="c"> -->`,
    ],
  ]);
  assert.deepEqual(brokenLinks(pages, new Set(["yes.svg"])), [
    "index.html: no.svg",
    "guides/index.html: ../../index.html",
    "guides/a.html: #nowhere",
  ]);
  assert.deepEqual(brokenLinks(pages, new Set(["yes.svg"]), (page) => page !== "guides/a.html").length, 2);
});

Deno.test("paths are taken apart and put together", () => {
  assert.equal(relative("index.html", "guides/a.html"), "guides/a.html");
  assert.equal(relative("guides/a.html", "index.html"), "../index.html");
  assert.equal(relative("guides/a.html", "guides/b.html"), "b.html");
  assert.equal(relative("a/b/c.html", "a/d/e.html"), "../d/e.html");
  assert.equal(resolve("docs/guides/a.md", "../../README.md"), "README.md");
  assert.equal(resolve("README.md", "./docs/./x.svg"), "docs/x.svg");
  assert.equal(placeOf("docs/README.md"), "index.html");
  assert.equal(placeOf("README.md"), "readme.html");
  assert.equal(placeOf("docs/guides/learn.md"), "guides/learn.html");
  assert.equal(placeOf("bench/README.md"), "benchmarks/index.html");
  assert.equal(placeOf("bench/plots/real.svg"), "benchmarks/plots/real.svg");
  assert.equal(placeOf("examples/quickstart.ts"), "source/examples/quickstart.ts.txt");
});

Deno.test("headings have the names that GitHub gives them", () => {
  assert.equal(anchor("The DCT-II, and `more`"), "the-dct-ii-and-more");
  assert.equal(anchor("<code>a_b</code> — c"), "a_b--c");
});

Deno.test("code is shown as it is written, with its words marked", () => {
  const html = highlight(`const a = "<b>"; // 1 < 2\nlet c = 3.5e-2;`);
  assert.equal(
    html,
    `<span class="k">const</span> a = <span class="s">&#34;&#60;b&#62;&#34;</span>; <span class="c">// 1 &#60; 2</span>\n` +
      `<span class="k">let</span> c = <span class="n">3.5e-2</span>;`,
  );
});

Deno.test("a page's links lead to pages, copies and the API, and its headings can be led to", () => {
  const text =
    "# T\n\n[a](../README.md#x) `learn` `learnt` ![p](p.svg) [w](https://w.test/)\n\n## Same\n\n## Same\n\n```ts\nlet a = 1 < 2;\n```\n";
  const page: Page = { source: "docs/x/README.md", path: "x/index.html", title: "T", text };
  const site: Site = {
    navigation: [{ title: "All", links: [{ title: "T", path: "x/index.html" }] }],
    place: (file) => ({ "docs/README.md": "index.html", "docs/x/p.svg": "x/p.svg" })[file],
    symbol: (name) => name === "learn" ? "api/~/learn.html" : undefined,
  };
  const html = render(page, site);
  for (
    const part of [
      `<a href="../index.html#x">a</a>`,
      `<a class="api" href="../api/~/learn.html"><code>learn</code></a>`,
      `<code>learnt</code>`,
      `<img src="p.svg" alt="p"`,
      `<a href="https://w.test/">w</a>`,
      `<h2 id="same">`,
      `<h2 id="same-1">`,
      `<a href="index.html" aria-current="page">T</a>`,
      `1</span> &#60; <span`,
    ]
  ) assert.ok(html.includes(part), part);
});

Deno.test("every guide is in the list of the documentation's first page and of llms.txt", () => {
  const guides = [...Deno.readDirSync(new URL("docs/guides", root))].map(({ name }) => name);
  assert.ok(guides.length >= 8);
  for (const page of ["docs/README.md", "docs/llms.txt"]) {
    for (const guide of guides) assert.ok(read(page).includes(`(guides/${guide})`), `${page} lacks ${guide}`);
  }
});

interface Node {
  readonly name: string;
  readonly [key: string]: unknown;
}

/** What a door exports, and every name in it: members, options, parameters. */
async function documented(path: string): Promise<{ exports: Map<string, Node>; names: Set<string> }> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["doc", "--json", path], cwd: root })
    .output();
  const json = JSON.parse(new TextDecoder().decode(stdout)), names = new Set<string>();
  const exports = new Map<string, Node>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if ("name" in value && typeof value.name === "string") names.add(value.name);
    for (const part of Object.values(value)) visit(part);
  };
  visit(json);
  const symbols = Object.values(json.nodes as Record<string, { symbols: Node[] }>).flatMap((file) =>
    file.symbols
  );
  for (const symbol of symbols) exports.set(symbol.name, symbol);
  return { exports, names };
}

Deno.test("llms.txt names only what exists, with the parameters that it has", async () => {
  const text = read("docs/llms.txt"),
    { exports: map } = JSON.parse(read("deno.json")) as { exports: Record<string, string> };
  const doors = new Map<string, Awaited<ReturnType<typeof documented>>>();
  for (const [door, path] of Object.entries(map)) {
    doors.set(`@papillon/papillon${door.slice(1)}`, await documented(path));
  }
  const main = doors.get("@papillon/papillon")!;
  const section = (title: string): string => text.split(`## ${title}\n`)[1].split("\n## ")[0];

  // The doors, and what is said to come from each.
  const lines = section("Doors").trim().split("\n");
  for (const line of lines) {
    const [door, ...named] = [...line.matchAll(/`([^`]+)`/g)].map(([, code]) => code);
    assert.ok(doors.has(door), door);
    for (const name of named) assert.ok(doors.get(door)!.exports.has(name), `${door} has ${name}`);
  }

  // The calls.
  const calls = section("The ten calls needed most").trim().split("\n");
  assert.equal(calls.length, 10);
  const builtin = /^(?:Float32Array|Float64Array|Uint8Array|Promise|string|number|boolean|void)$/;
  for (const line of calls) {
    const [signature, ...rest] = [...line.matchAll(/`([^`]+)`/g)].map(([, code]) => code);
    const [, path, list, result] = /^([\w.]+)\((.*)\): (.*)$/.exec(signature)!, parts = path.split(".");
    const holder = parts[0] === "operator" ? "Operator" : parts[0];
    assert.ok(main.exports.has(holder), `${holder} is exported`);
    const found = JSON.stringify(main.exports.get(holder));
    if (parts.length > 1) assert.ok(found.includes(`"name":"${parts[1]}"`), `${holder} has ${parts[1]}`);
    for (const [, name, type] of list.matchAll(/(\w+)\??: (\w+)/g)) {
      // One that is taken apart at once has no name, but a type.
      const has = found.includes(`"name":"${name}"`) ||
        name === "options" && found.includes(`"typeName":"${type}"`);
      assert.ok(has, `${path} has the parameter ${name}`);
    }
    for (const [type] of `${list.replace(/\w+\??:/g, "")} ${result}`.matchAll(/[A-Za-z]\w*/g)) {
      assert.ok(builtin.test(type) || main.exports.has(type), `${type} is a type`);
      assert.ok(found.includes(`"${type}"`), `${path} takes or gives a ${type}`);
    }
    for (const code of rest) {
      for (const [word] of code.replace(/true|false/g, "").matchAll(/[A-Za-z]\w*/g)) {
        assert.ok(main.names.has(word), `${word}, in the line of ${path}`);
      }
    }
  }
});

Deno.test("the example in llms.txt holds", async () => {
  const [, code] = /```ts\n([\s\S]*?)```/.exec(read("docs/llms.txt"))!;
  const path = await Deno.makeTempFile({ suffix: ".ts" }), assertion = console.assert;
  let asserted = 0;
  console.assert = (condition) => {
    assert.ok(condition);
    asserted++;
  };
  try {
    await Deno.writeTextFile(path, code.replace(`"@papillon/papillon"`, `"${new URL("src/mod.ts", root)}"`));
    await import(new URL(path, "file:///").href);
    assert.equal(asserted, 1);
  } finally {
    console.assert = assertion;
    await Deno.remove(path);
  }
});
