import assert from "node:assert/strict";
import { Random } from "../src/mod.ts";
import { digitSets, shifted } from "../scripts/report_layers_data.ts";
import { HIDDEN, hiddenLayer } from "../scripts/report_layers_networks.ts";
import { bars, scatter } from "../scripts/report_layers_plot.ts";
import { difference, signed, spread, standardError } from "../scripts/report_layers_statistics.ts";
import { checkpointPath, trainAll } from "../scripts/report_layers_train.ts";
import { type Message, work } from "../scripts/report_layers_worker.ts";
import { NETWORKS } from "../scripts/report_mobile_networks.ts";

const networks = new URL("./report_layers_networks.ts", import.meta.url).href;

async function zipped(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function idx(magic: number, sizes: readonly number[], data: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4 + 4 * sizes.length + data.length), view = new DataView(bytes.buffer);
  [magic, ...sizes].forEach((size, i) => view.setUint32(4 * i, size));
  bytes.set(data, 4 + 4 * sizes.length);
  return bytes;
}

/** A folder of made-up digits: a bright row tells which it is. */
async function digits(
  change: (name: string, bytes: Uint8Array) => Uint8Array = (_, bytes) => bytes,
): Promise<string> {
  const folder = await Deno.makeTempDir(), count = 10000;
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10), images = new Uint8Array(count * 784);
  labels.forEach((label, i) =>
    images.fill(255, i * 784 + (2 * label + 4) * 28, i * 784 + (2 * label + 5) * 28)
  );
  const files = { images: idx(0x803, [count, 28, 28], images), labels: idx(0x801, [count], labels) };
  for (const [name, bytes] of Object.entries(files)) {
    const axes = name === "images" ? 3 : 1;
    await Deno.writeFile(`${folder}/t10k-${name}-idx${axes}-ubyte.gz`, change(name, await zipped(bytes)));
  }
  return folder;
}

Deno.test("digits come with a border, in two sets, and where there are none there is nothing", async () => {
  const folder = await digits(), { train, test } = (await digitSets(folder))!;
  assert.deepEqual([train.inputs.shape, test.inputs.shape], [[8000, 1024], [2000, 1024]]);
  assert.equal(test.labels[3], 3);
  const image = test.inputs.data.subarray(3 * 1024, 4 * 1024);
  // Row 2·3 + 4 of 28, moved by 2.
  assert.deepEqual([...image.subarray(12 * 32, 13 * 32)], [0, 0, ...Array(28).fill(1), 0, 0]);
  assert.equal(image.reduce((sum, v) => sum + v, 0), 28);
  assert.equal(await digitSets(await Deno.makeTempDir()), undefined);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("files of digits that are cut off or something else are refused by name", async () => {
  const cases: [RegExp, (name: string, bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>][] = [
    [/images-idx3-ubyte\.gz: /, (name, bytes) => name === "images" ? bytes.subarray(0, 5000) : bytes],
    [/images-idx3-ubyte\.gz: /, (name, bytes) => name === "images" ? new Uint8Array([1, 2, 3]) : bytes],
    [
      /labels-idx1-ubyte\.gz: /,
      (name, bytes) => name === "labels" ? bytes.subarray(0, bytes.length - 9) : bytes,
    ],
  ];
  const labels = Uint8Array.from({ length: 10000 }, () => 3), bad = labels.slice();
  bad[77] = 12;
  const wrong: [RegExp, Uint8Array][] = [
    [/does not begin as idx1-ubyte files do/, await zipped(idx(0x803, [10000], labels))],
    [
      /expected labels of 10000 images, got 9000 in a file that says it has 10000/,
      await zipped(idx(0x801, [10000], labels.subarray(1000))),
    ],
    [/label 77 is 12, expected 0 to 9/, await zipped(idx(0x801, [10000], bad))],
  ];
  for (const [message, content] of wrong) {
    cases.push([message, (name, bytes) => name === "labels" ? content : bytes]);
  }
  for (const [message, change] of cases) {
    const folder = await digits(change as (name: string, bytes: Uint8Array) => Uint8Array);
    await assert.rejects(
      digitSets(folder),
      (error: Error) => error instanceof RangeError && message.test(error.message),
    );
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("images are moved by whole pixels, and stay whole inside of their border", () => {
  const data = new Float32Array(2 * 1024);
  data[10 * 32 + 10] = 1;
  data[1024 + 20 * 32 + 5] = 2;
  const places = new Set<string>();
  for (let seed = 0; seed < 200; seed++) {
    const { data: moved, shape } = shifted({ data, shape: [2, 1024] }, new Random(seed));
    assert.deepEqual(shape, [2, 1024]);
    assert.deepEqual(moved.filter((v) => v !== 0), new Float32Array([1, 2]));
    const at = moved.indexOf(1);
    places.add(`${Math.floor(at / 32) - 10},${at % 32 - 10}`);
  }
  assert.equal(places.size, 25);
  const corner = new Float32Array(1024);
  corner[0] = 1;
  for (let seed = 0; seed < 50; seed++) {
    const { data } = shifted({ data: corner, shape: [1, 1024] }, new Random(seed));
    // It may be moved out, but never comes in at another side.
    assert.ok([...data.keys()].every((at) => data[at] === 0 || (at % 32 <= 2 && at < 3 * 32)));
  }
});

Deno.test("an interrupted training goes on to the same result, and a checkpoint that cannot be read is left", async () => {
  const data = await digits(), state = await Deno.makeTempDir();
  const task = (checkpoint: string) => ({ networks, name: "small", seed: 1, data, checkpoint });
  const whole = await work(task(`${state}/whole`), () => {});
  assert.ok(whole.accuracy > 0.3, `${whole.accuracy}`);
  assert.equal(whole.wrong.length, Math.round(2000 * (1 - whole.accuracy)));
  let stop = true;
  const epochs: number[] = [], notes: string[] = [];
  const say = (message: Message): void => {
    if ("note" in message) notes.push(message.note);
    if (!("epoch" in message)) return;
    if (message.epoch === 2 && stop) throw new Error("interrupted");
    epochs.push(message.epoch);
  };
  await assert.rejects(work(task(`${state}/part`), say), /interrupted/);
  stop = false;
  assert.deepEqual(await work(task(`${state}/part`), say), whole);
  assert.deepEqual(epochs, [1, 2]);
  // A training that is complete is not repeated.
  assert.deepEqual(await work(task(`${state}/part`), say), whole);
  assert.deepEqual([epochs.length, notes.length], [2, 0]);
  await Deno.writeFile(`${state}/part`, (await Deno.readFile(`${state}/part`)).subarray(0, 100));
  assert.deepEqual(await work(task(`${state}/part`), say), whole);
  assert.match(notes.join(), /cannot be read, training begins anew/);
  await assert.rejects(
    work({ ...task(`${state}/wild`), name: "wild" }, () => {}),
    /Training stopped in batch \d+ of epoch 0: .* is not finite; the last good state is in/,
  );
  for (const folder of [data, state]) await Deno.remove(folder, { recursive: true });
});

Deno.test("workers train each network from each seed, and say whose training failed", async () => {
  const data = await digits(), state = `${await Deno.makeTempDir()}/new`;
  const plan = { networks, data, state, names: ["small"], seeds: [1, 2] };
  const outcomes = await trainAll(plan);
  assert.deepEqual([...outcomes.keys()], ["small"]);
  const [first, second] = outcomes.get("small")!;
  assert.ok(first.accuracy > 0.3 && second.accuracy > 0.3 && first.loss !== second.loss);
  assert.ok((await Deno.stat(checkpointPath(state, "small", 2))).isFile);
  await assert.rejects(trainAll({ ...plan, names: ["wild"], seeds: [4] }), /wild, seed 4: Training stopped/);
  for (const folder of [data, state]) await Deno.remove(folder, { recursive: true });
});

Deno.test("differences are taken image by image", () => {
  const outcome = (...wrong: number[]) => ({ accuracy: 1 - wrong.length / 10, loss: 1, wrong });
  assert.deepEqual(spread([1, 3]), { mean: 2, deviation: Math.SQRT2 });
  assert.deepEqual(difference([outcome(1, 2)], [outcome(1, 2)], 10), { mean: 0, deviation: 0 });
  const { mean, deviation } = difference([outcome(1)], [outcome(1, 2), outcome(1, 2, 3)], 10);
  // Half a point of ten for image 3, a whole one for image 2.
  assert.ok(Math.abs(mean - 15) < 1e-12);
  const squares = 85 ** 2 + 35 ** 2 + 8 * 15 ** 2;
  assert.ok(Math.abs(deviation - Math.sqrt(squares / 9 / 10)) < 1e-9);
  assert.equal(standardError(50, 100), 5);
  assert.equal(signed({ mean: -0.126, deviation: 0.3 }), "−0.13 ± 0.30");
});

Deno.test("hidden layers have the parameters that the page says, and multiply-adds are equal where they should be", () => {
  const sizes = Object.keys(HIDDEN).map((name) => [name, hiddenLayer(name, 1).parameterCount - 1024]);
  assert.deepEqual(Object.fromEntries(sizes), {
    "dense": 2 ** 20,
    "BB*": 40960,
    "BPBP": 40960,
    "Monarch 32×32": 65536,
    "circulant": 1024,
    "butterfly": 20480,
    "Monarch": 20480,
    "low rank 20": 40960,
    "low rank 10": 20480,
  });
  const { operations, channels } = NETWORKS["dense"](0);
  // 9 · 8 · 16² + 64 · 8 · (9 + 16) + 16 · (16 · (9 + 32) + 32 · (9 + 64) + 64 · (9 + 128)) + 1280
  assert.equal(operations, 220672);
  for (const k of [2, 4, 8]) {
    const wide = NETWORKS[`BFT, k = ${k}`](0);
    assert.ok(Math.abs(wide.operations / operations - 1) < 0.03, `${k}: ${wide.operations}`);
    assert.ok(wide.channels.every((count, i) => count > channels[i]));
  }
});

Deno.test("pictures have every name and no number that is none", () => {
  const points = [{ name: "a<b", x: 1000, y: 95, error: 0.4 }, {
    name: "c",
    x: 1e6,
    y: 98,
    error: 0.3,
    strong: true,
  }];
  const band = { from: 98, depth: 0.5, text: "near" };
  const pictures = [
    scatter(points, { title: "T", xLabel: "X", yLabel: "Y", band }),
    bars([{ name: "a<b", values: [1, 200] }, { name: "c", values: [3, 4] }], {
      title: "T",
      xLabel: "X",
      legend: ["1", "2"],
    }),
  ];
  for (const svg of pictures) {
    assert.match(svg, />a&lt;b</);
    assert.match(svg, />c</);
    assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
  }
});
