import assert from "node:assert/strict";
import { CLIP } from "../examples/speech/network.ts";
import { distorted, readRecordings } from "../scripts/report_speech_data.ts";
import { compare, deviation, wilson } from "../scripts/report_speech_numbers.ts";
import { run } from "../scripts/report_speech_run.ts";
import { hum } from "../scripts/runtimes/speech.ts";
import { Random } from "../src/program/random.ts";
import { inFolder } from "./cli_run.ts";

/** A few recordings, of noise. */
async function record(folder: string): Promise<void> {
  const random = new Random(1);
  for (const digit of [0, 1, 2]) {
    for (const index of [0, 4, 5, 9, 10, 11, 49]) {
      const bytes = hum(8000, 0.2 + 0.1 * digit);
      for (let i = 44; i < bytes.length; i += 2) bytes[i] = random.word() & 255;
      await Deno.writeFile(`${folder}/${digit}_somebody_${index}.wav`, bytes);
    }
  }
  await Deno.writeTextFile(`${folder}/LICENSE.txt`, "not a recording");
}

Deno.test("recordings are read in two parts, by their indices", async () => {
  await inFolder(async (folder) => {
    await record(folder);
    const { train, test, speakers } = (await readRecordings(folder))!;
    assert.deepEqual(train.inputs.shape, [15, CLIP]);
    assert.deepEqual([...test.labels], [0, 0, 1, 1, 2, 2]);
    assert.deepEqual(speakers, ["somebody"]);
    const validated = (await readRecordings(folder, true))!;
    assert.deepEqual([validated.train.labels.length, validated.test.labels.length], [9, 6]);
    assert.equal(await readRecordings(`${folder}/none`), undefined);
  });
});

Deno.test("a recording that is cut short, silent, at another rate or misnamed is named, with the reason", async () => {
  const wrong: [name: string, bytes: Uint8Array, reason: RegExp][] = [
    ["1_somebody_6.wav", hum().slice(0, 2000), /1_somebody_6\.wav.*cut short/],
    ["1_somebody_6.wav", new TextEncoder().encode("404"), /1_somebody_6\.wav.*RIFF/],
    ["1_somebody_6.wav", new Uint8Array(0), /1_somebody_6\.wav.*empty/],
    ["1_somebody_6.wav", hum().fill(0, 44), /1_somebody_6\.wav: there is no sound/],
    ["1_somebody_6.wav", hum(16000), /1_somebody_6\.wav: its rate is 16000 Hz, expected 8000/],
    ["eleven.wav", hum(), /eleven\.wav: expected a name like/],
  ];
  await inFolder(async (folder) => {
    await record(folder);
    for (const [name, bytes, reason] of wrong) {
      await Deno.writeFile(`${folder}/${name}`, bytes);
      await assert.rejects(readRecordings(folder), reason);
      await Deno.remove(`${folder}/${name}`);
    }
  });
  await inFolder(async (folder) => {
    await assert.rejects(readRecordings(folder), /no recordings to train with/);
  });
});

Deno.test("a training that was interrupted goes on from its checkpoint, to the bit", async () => {
  await inFolder(async (folder) => {
    await record(folder);
    const recordings = (await readRecordings(folder))!,
      task = { front: "kaleidoscope", seed: 1, epochs: 5 } as const;
    const whole = (await run({ ...task, checkpoint: `${folder}/a` }, recordings))!;
    const stop = new AbortController(), checkpoint = `${folder}/b`;
    const onEpoch = (epoch: number): void => {
      if (epoch === 3) stop.abort();
    };
    assert.equal(await run({ ...task, checkpoint }, recordings, { signal: stop.signal, onEpoch }), undefined);
    const epochs: number[] = [];
    const rest = (await run({ ...task, checkpoint }, recordings, {
      onEpoch: (epoch) => epochs.push(epoch),
    }))!;
    assert.deepEqual(epochs, [4]);
    const { seconds: _, ...outcome } = whole.outcome, { seconds: __, ...again } = rest.outcome;
    assert.deepEqual(again, outcome);
    assert.deepEqual(again.tested.map(([epoch]) => epoch), [4, 5]);
    assert.deepEqual(
      rest.model.parameters.map(({ value }) => [...value]),
      whole.model.parameters.map(({ value }) => [...value]),
    );
    // A file that is broken is not taken for a checkpoint.
    await Deno.writeFile(checkpoint, (await Deno.readFile(checkpoint)).subarray(0, 3000));
    await assert.rejects(run({ ...task, checkpoint }, recordings), /Cannot read .*b/);
  });
});

Deno.test("a training whose numbers are not finite any more stops, and says where", async () => {
  await inFolder(async (folder) => {
    await record(folder);
    const recordings = (await readRecordings(folder))!;
    recordings.train.inputs.data[7 * CLIP + 3000] = NaN;
    const checkpoint = `${folder}/c`;
    const { outcome } = (await run({ front: "fft", seed: 0, epochs: 2, checkpoint }, recordings))!;
    assert.match(outcome.diverged!, /^the input, epoch 0, batch 0$/);
    assert.deepEqual(outcome.losses, []);
    assert.ok(outcome.accuracy >= 0 && outcome.accuracy <= 1);
  });
});

Deno.test("distorted clips are as long and nearly as loud, and depend on the seed alone", () => {
  const data = Float32Array.from({ length: 2 * CLIP }, (_, i) => {
    const t = i % CLIP - CLIP / 2;
    return Math.abs(t) < 1500 ? 2 * Math.sin(0.3 * t) : 0;
  });
  const clips = { data, shape: [2, CLIP] },
    size = (x: Float32Array): number => x.reduce((sum, v) => sum + v * v, 0);
  const one = distorted(clips, new Random(3)), two = distorted(clips, new Random(3));
  assert.deepEqual(one, two);
  assert.notDeepEqual(one.data, distorted(clips, new Random(4)).data);
  assert.ok(Math.abs(size(one.data) / size(data) - 1) < 0.15);
  assert.ok(one.data.every(Number.isFinite));
});

Deno.test("intervals and paired differences are those of the formulas", () => {
  // Wilson's interval of 294 of 300, as statistics packages give it.
  const [low, high] = wilson(0.98, 300);
  assert.ok(Math.abs(low - 0.9570) < 2e-4 && Math.abs(high - 0.9908) < 2e-4);
  assert.ok(Math.abs(deviation([1, 2, 3, 4]) - Math.sqrt(5 / 3)) < 1e-12);
  const { difference, half } = compare([[1, 1, 1, 0], [1, 1, 1, 1]], [[1, 0, 1, 0], [1, 0, 1, 0]]);
  assert.equal(difference, 1.5 / 4);
  assert.ok(Math.abs(half - 1.96 * deviation([0, 1, 0, 0.5]) / 2) < 1e-12);
});
