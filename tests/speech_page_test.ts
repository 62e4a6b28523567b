/** The page of spoken digits in a real browser: files, the microphone, the keyboard, a phone. */
import assert from "node:assert/strict";
import { hum } from "../scripts/runtimes/speech.ts";
import { writeSpeechPage } from "../scripts/speech_page.ts";
import { Browser, findChromium, type Tab } from "./chromium.ts";
import { inFolder } from "./cli_run.ts";

const found = await findChromium();
if ("missing" in found) {
  console.log(`skipped: the page of spoken digits in a browser, for there is ${found.missing}`);
}

const text = (tab: Tab, id: string): Promise<string> =>
  tab.evaluate(`document.getElementById("${id}").textContent`);
const WORDS = "zero|one|two|three|four|five|six|seven|eight|nine";
/** A number that changes with the pixels of a canvas. */
const pixels = (id: string): string =>
  `(() => { const c = document.getElementById("${id}");
    const { data } = c.getContext("2d").getImageData(0, 0, c.width, c.height);
    return data.reduce((sum, v, i) => (sum * 31 + v * (i % 251)) % 1000003, 7); })()`;

/** Chooses a file and waits for what the page says to it. */
async function hear(tab: Tab, path: string): Promise<string> {
  const name = path.split("/").at(-1)!;
  await tab.evaluate("document.getElementById('status').textContent = ''");
  await tab.choose("#file", path);
  await tab.until(
    `/^${name}|in ${name}/.test(document.getElementById('status').textContent)`,
  );
  return await text(tab, "status");
}

const visits: [name: string, use: (tab: Tab, folder: string) => Promise<void>][] = [
  ["a recording from a file becomes a digit, bars and two pictures", async (tab, folder) => {
    assert.match(
      await hear(tab, `${folder}/hum.wav`),
      new RegExp(`^hum\\.wav: (perhaps )?(${WORDS}), \\d+ % likely.* Told in [\\d.]+ ms\\.$`),
    );
    const rows = await tab.evaluate<string[]>(
      "[...document.querySelectorAll('#probabilities tr')].map((row) => row.textContent)",
    );
    assert.equal(rows.length, 10);
    const parts = rows.map((row, i) => {
      const found = /^(\d)([\d.]+) %$/.exec(row)!;
      assert.equal(found[1], String(i));
      return Number(found[2]);
    });
    assert.ok(Math.abs(parts.reduce((a, b) => a + b) - 100) < 0.6);
    assert.equal(await text(tab, "digit"), String(parts.indexOf(Math.max(...parts))));
    const wave = await tab.evaluate<number>(pixels("wave")),
      spectrum = await tab.evaluate<number>(pixels("spectrum"));
    await hear(tab, `${folder}/fast.wav`);
    assert.match(await text(tab, "wave-caption"), /^1\.50 s at 8 kHz; coloured: the loudest word/);
    assert.notEqual(await tab.evaluate<number>(pixels("wave")), wave);
    assert.notEqual(await tab.evaluate<number>(pixels("spectrum")), spectrum);
  }],
  ["what is no recording, or silent, is said to be so, and the page goes on", async (tab, folder) => {
    assert.match(
      await hear(tab, `${folder}/text.wav`),
      /^text\.wav cannot be heard: this browser knows no recording/,
    );
    assert.match(await hear(tab, `${folder}/silent.wav`), /^There is no sound in silent\.wav\.$/);
    assert.equal(await tab.evaluate("document.getElementById('heard').hidden"), true);
    await hear(tab, `${folder}/hum.wav`);
    assert.equal(await tab.evaluate("document.getElementById('heard').hidden"), false);
  }],
  ["the microphone is recorded by keyboard, and stopped", async (tab) => {
    const focused = (): Promise<string> => tab.evaluate("document.activeElement.id");
    const order: string[] = [];
    for (let i = 0; i < 6; i++) {
      await tab.keys("Tab");
      order.push(await focused());
      const ring = await tab.evaluate<string>(
        "(e => getComputedStyle(e.matches('.file input') ? e.nextElementSibling : e).outlineStyle)(document.activeElement)",
      );
      if (order.at(-1) !== "") assert.notEqual(ring, "none", `${order.at(-1)} shows its focus`);
      if (order.at(-1) === "record") break;
    }
    assert.equal(order.at(-1), "record");
    await tab.keys("Enter");
    await tab.until("document.getElementById('record').textContent === 'Stop'");
    assert.equal(await focused(), "record", "the focus stays");
    await new Promise((done) => setTimeout(done, 600));
    await tab.keys("Enter");
    await tab.until("document.getElementById('record').textContent === 'Record'");
    // The browser's own microphone beeps.
    assert.match(await text(tab, "status"), new RegExp(`^The recording: (perhaps )?(${WORDS})`));
    assert.equal(await tab.evaluate("document.getElementById('level').hidden"), true);
  }],
  ["the page fits a phone, and is dark where one wants it dark", async (tab, folder) => {
    const ground = (): Promise<string> => tab.evaluate("getComputedStyle(document.body).backgroundColor");
    await tab.media({ "prefers-color-scheme": "light" });
    await tab.size(360, 740, true);
    await hear(tab, `${folder}/hum.wav`);
    assert.ok(await tab.evaluate<number>("document.documentElement.scrollWidth") <= 360);
    const light = await ground(), picture = await tab.evaluate<number>(pixels("spectrum"));
    await tab.media({ "prefers-color-scheme": "dark" });
    await tab.until(`getComputedStyle(document.body).backgroundColor !== ${JSON.stringify(light)}`);
    await tab.until(`${pixels("spectrum")} !== ${picture}`);
    await tab.click("#theme");
    assert.equal(await ground(), light);
    const small = await tab.evaluate<string[]>(
      "[...document.querySelectorAll('button, .file span')].filter(e => e.offsetHeight > 0 && e.offsetHeight < 28).map(e => e.textContent)",
    );
    assert.deepEqual(small, [], "everything can be touched");
  }],
];

Deno.test({
  name: "the page of spoken digits in Chromium",
  ignore: "missing" in found,
  fn: async (context) => {
    await inFolder(async (folder) => {
      await writeSpeechPage(`${folder}/page`);
      await Deno.writeFile(`${folder}/hum.wav`, hum());
      await Deno.writeFile(`${folder}/fast.wav`, hum(44100, 1.5));
      await Deno.writeFile(`${folder}/silent.wav`, hum().fill(0, 44));
      await Deno.writeTextFile(`${folder}/text.wav`, "this is none");
      const microphone = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];
      const browser = await Browser.start((found as { program: string }).program, ...microphone);
      try {
        for (const [name, use] of visits) {
          await context.step(name, async () => {
            const tab = await browser.open(`file://${folder}/page/index.html`);
            await use(tab, folder);
            assert.deepEqual(tab.faults, []);
            await tab.close();
          });
        }
      } finally {
        await browser.close();
      }
    });
  },
});
