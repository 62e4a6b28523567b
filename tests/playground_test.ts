/** The playground in a real browser: chosen, learned, drawn, timed, saved and loaded, by mouse and by keyboard. */
import assert from "node:assert/strict";
import { writePlayground } from "../scripts/playground.ts";
import { dft } from "../src/cli/targets.ts";
import { loadOperator, saveOperator } from "../src/io/operator_file.ts";
import { dct2 } from "../src/kaleidoscope/transforms/cosine.ts";
import { Browser, findChromium, type Tab } from "./chromium.ts";
import { inFolder } from "./cli_run.ts";
import { assertClose } from "./helpers.ts";

const found = await findChromium();
if ("missing" in found) console.log(`skipped: the playground in a browser, for there is ${found.missing}`);

/** Serves a folder; under /strict/ with a policy that forbids to compile. */
function serve(folder: string): { url: string; close: () => Promise<void> } {
  const types: Record<string, string> = {
    html: "text/html",
    css: "text/css",
    js: "text/javascript",
    svg: "image/svg+xml",
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url), name = pathname.split("/").at(-1) || "index.html";
    const headers = new Headers({ "content-type": types[name.split(".").at(-1)!] ?? "text/plain" });
    if (pathname.startsWith("/strict/")) {
      headers.set(
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'",
      );
    }
    try {
      return new Response(await Deno.readTextFile(`${folder}/${name}`), { headers });
    } catch {
      return new Response(null, { status: 404 });
    }
  });
  return { url: `http://127.0.0.1:${server.addr.port}`, close: () => server.shutdown() };
}

const text = (tab: Tab, id: string): Promise<string> =>
  tab.evaluate(`document.getElementById("${id}").textContent`);
const chosen = (name: string, value: string): string =>
  `label:has(input[name=${name}][value="${value}"]) span`;
/** Whether learning has ended. */
const ENDED = "/^(Found|The nearest|Time or|You)/.test(document.getElementById('status').textContent)";
/** A number that changes with the pixels of a canvas. */
const pixels = (id: string): string =>
  `(() => { const c = document.getElementById("${id}");
    const { data } = c.getContext("2d").getImageData(0, 0, c.width, c.height);
    return data.reduce((sum, v, i) => (sum * 31 + v * (i % 251)) % 1000003, 7); })()`;

/** What is done on the page, and where: it is a site, one that forbids to compile, or a file. */
interface Visit {
  readonly name: string;
  readonly path: "/" | "/strict/" | "file";
  readonly use: (tab: Tab, folder: string) => Promise<void>;
}

const visits: Visit[] = [];
const test = (name: string, path: Visit["path"], use: Visit["use"]): void =>
  void visits.push({ name, path, use });

test(
  "the playground learns a Fourier transform while its curve and factors move, and saves what it learned",
  "/",
  async (tab, folder) => {
    await tab.click(chosen("size", "16"));
    const before = await tab.evaluate<number>(pixels("loss"));
    await tab.click("#learn");
    const seen = new Set<number>(), products = new Set<number>();
    while (!await tab.evaluate<boolean>(ENDED)) {
      seen.add(await tab.evaluate<number>(pixels("loss")));
      products.add(await tab.evaluate<number>(pixels("product")));
      // The page has something else to do than to be asked.
      await new Promise((done) => setTimeout(done, 50));
    }
    assert.ok(seen.size > 3 && !(seen.size === 1 && seen.has(before)), "the curve moved");
    assert.ok(products.size > 3, "the product moved");
    assert.match(
      await text(tab, "status"),
      /^Found in .* a butterfly: bit reversal, then strides 1, 2, 4, 8\./,
    );
    assert.equal(await tab.evaluate("document.querySelectorAll('#factors canvas').length"), 5);

    // Back to the beginning, and to the end again.
    const end = await tab.evaluate<number>(pixels("product"));
    await tab.evaluate("document.getElementById('scrub').focus()");
    await tab.keys("Home");
    await tab.until("document.getElementById('scrub').value === '0'");
    assert.notEqual(await tab.evaluate<number>(pixels("product")), end);
    await tab.keys("End");
    assert.equal(await tab.evaluate<number>(pixels("product")), end);

    await tab.click("#time");
    await tab.until("document.querySelectorAll('#times tr').length === 3");
    assert.match(
      await text(tab, "time-status"),
      /Medians on this machine: papillon is .* fft\.js, and .* dense product/,
    );

    await tab.downloads(folder);
    await tab.click("#save");
    let file: Uint8Array | undefined;
    for (let tries = 0; file === undefined && tries < 100; tries++) {
      await new Promise((done) => setTimeout(done, 50));
      file = await Deno.readFile(`${folder}/dft-16.safetensors`).catch(() => undefined);
    }
    assertClose(loadOperator(file!).toDense(), dft(16).values, 1e-6);
  },
);

test(
  "the playground finds a kernel that is drawn with the mouse, times it, and loads operators from files",
  "/",
  async (tab, folder) => {
    await tab.click(chosen("map", "circulant"));
    const before = await tab.evaluate<number>(pixels("target"));
    await tab.drag("#kernel", [-200, -40], [-150, 50], [0, -60], [100, 30]);
    assert.notEqual(await tab.evaluate<number>(pixels("target")), before);
    await tab.click("#learn");
    await tab.until(ENDED);
    assert.match(await text(tab, "status"), /^Found in/);
    await tab.click("#time");
    await tab.until("document.querySelectorAll('#times tr').length === 3");

    await Deno.writeFile(`${folder}/cosine.safetensors`, saveOperator(dct2(64)));
    await tab.choose("#load", `${folder}/cosine.safetensors`);
    await tab.until("document.getElementById('keep-status').textContent.startsWith('Loaded')");
    assert.match(await text(tab, "keep-status"), /^Loaded cosine\.safetensors: 64 × 64, /);
    await Deno.writeTextFile(`${folder}/broken.safetensors`, "this is none");
    await tab.choose("#load", `${folder}/broken.safetensors`);
    await tab.until("document.getElementById('keep-status').textContent.startsWith('broken')");
    assert.match(await text(tab, "keep-status"), /^broken\.safetensors cannot be loaded\. Cannot/);
  },
);

test(
  "the playground is used by keyboard alone, its focus is seen, and learning can be cancelled",
  "/",
  async (tab) => {
    const focused = (): Promise<string> =>
      tab.evaluate(
        "document.activeElement.id || document.activeElement.name || document.activeElement.className",
      );
    const order: string[] = [];
    for (let i = 0; i < 20; i++) {
      await tab.keys("Tab");
      order.push(await focused());
      const ring = await tab.evaluate<string>(
        "(e => getComputedStyle(e.matches('.chip input, .file input') ? e.nextElementSibling : e).outlineStyle)(document.activeElement)",
      );
      assert.notEqual(ring, "none", `${order.at(-1)} shows its focus`);
      if (order.at(-1) === "load") break;
    }
    const wanted = [
      "skip",
      "top",
      "theme",
      "map",
      "size",
      "learn",
      "known",
      "how",
      "time",
      "time-size",
      "load",
    ];
    assert.deepEqual(order.filter((name) => wanted.includes(name)), wanted);

    // The last map is the painted one: a cell of it, by keys.
    await tab.evaluate("document.querySelector('input[name=map]').focus()");
    for (let i = 0; i < 6; i++) await tab.keys("ArrowRight");
    assert.equal(await tab.evaluate("document.querySelector('input[name=map]:checked').value"), "painted");
    await tab.evaluate("document.getElementById('cells').focus()");
    const before = await tab.evaluate<number>(pixels("cells"));
    await tab.keys("ArrowDown", "ArrowRight", "ArrowRight", " ");
    assert.equal(await text(tab, "editor-said"), "row 2, column 3: 1.0");
    assert.notEqual(await tab.evaluate<number>(pixels("cells")), before);

    // Noise takes all of its time, unless it is told to stop.
    await tab.evaluate("document.querySelector('input[value=noise]').click()");
    await tab.evaluate("document.getElementById('learn').focus()");
    await tab.keys("Enter");
    await new Promise((done) => setTimeout(done, 300));
    assert.equal(await focused(), "cancel", "the focus goes along");
    await tab.keys("Enter");
    await tab.until(ENDED, 10_000);
    assert.match(await text(tab, "status"), /^You cancelled\. The nearest/);
    assert.equal(await focused(), "learn", "and comes back");
  },
);

test(
  "the playground fits a phone, is dark where one wants it dark, and stands still where nothing shall move",
  "/",
  async (tab) => {
    const ground = (): Promise<string> => tab.evaluate("getComputedStyle(document.body).backgroundColor");
    await tab.media({ "prefers-color-scheme": "light", "prefers-reduced-motion": "reduce" });
    const light = await ground();
    await tab.media({ "prefers-color-scheme": "dark", "prefers-reduced-motion": "reduce" });
    const dark = await ground();
    assert.notEqual(light, dark);
    await tab.click("#theme");
    assert.equal(await text(tab, "theme-name"), "Light");
    assert.equal(await ground(), light);
    await tab.click("#theme");
    assert.equal(await ground(), dark);

    await tab.size(360, 740, true);
    for (const map of ["circulant", "painted", "hadamard"]) {
      await tab.click(chosen("map", map));
      if (map === "hadamard") await tab.click("#learn");
      if (map === "hadamard") await tab.until(ENDED);
      const wide = await tab.evaluate<number>("document.documentElement.scrollWidth");
      assert.ok(wide <= 360, `${map} is ${wide} px wide`);
    }
    const small = await tab.evaluate<string[]>(
      "[...document.querySelectorAll('button, .chip span, select')].filter(e => e.offsetHeight > 0 && e.offsetHeight < 28).map(e => e.textContent)",
    );
    assert.deepEqual(small, [], "everything can be touched");
  },
);

test("the playground works where nothing may be compiled, slower", "/strict/", async (tab) => {
  assert.match(await text(tab, "foot"), /plain TypeScript/);
  await tab.media({ "prefers-reduced-motion": "reduce" });
  await tab.click("#learn");
  await tab.until(ENDED);
  assert.match(await text(tab, "status"), /^Found in .* a butterfly/);
  await tab.click(chosen("map", "dct"));
  await tab.click("#known");
  await tab.click("#time");
  await tab.until("document.querySelectorAll('#times tr').length === 3");
});

test("the playground works when it is opened as a file", "file", async (tab) => {
  await tab.click(chosen("map", "dct"));
  await tab.click("#learn");
  await tab.until(ENDED);
  assert.match(await text(tab, "status"), /^Found in .* a chain/);
});

Deno.test({
  name: "the playground in Chromium",
  ignore: "missing" in found,
  fn: async (context) => {
    await inFolder(async (folder) => {
      await writePlayground(`${folder}/page`, "guides.html");
      const site = serve(`${folder}/page`),
        browser = await Browser.start((found as { program: string }).program);
      try {
        for (const { name, path, use } of visits) {
          await context.step(name, async () => {
            const tab = await browser.open(
              path === "file" ? `file://${folder}/page/index.html` : site.url + path,
            );
            await use(tab, folder);
            assert.deepEqual(tab.faults, []);
            await tab.close();
          });
        }
      } finally {
        await browser.close();
        await site.close();
      }
    });
  },
});
