import assert from "node:assert/strict";
import { dft } from "../src/cli/targets.ts";
import { loadOperator, saveOperator } from "../src/io/operator_file.ts";
import { writeWav } from "../src/io/wav.ts";
import { learn } from "../src/learn/learn.ts";
import { toOperator } from "../src/learn/operator.ts";
import { checkTarget } from "../src/learn/target.ts";
import { fourierMatrix, spectrogram } from "../examples/spectrogram.ts";
import { inFolder, names, script } from "./cli_run.ts";

const fourier = toOperator(await learn(checkTarget(fourierMatrix(256), 256, "complex")));

/** Half a second of two tones, the second of them in the second half only. */
const tones = {
  sampleRate: 8000,
  samples: Float32Array.from({ length: 4000 }, (_, i) => {
    const tone = (frequency: number): number => Math.sin(2 * Math.PI * frequency * i / 8000);
    return 0.4 * tone(1000) + (i < 2000 ? 0 : 0.04 * tone(3000));
  }),
};

Deno.test("the quick start learns a matrix and saves the operator", () =>
  inFolder(async (folder) => {
    const { code, out, err } = await script("examples/quickstart.ts", folder, "map.safetensors");
    assert.equal(err, "");
    assert.equal(code, 0);
    assert.match(out, /^error \d.*e-\d+, 768 numbers instead of 4096, y\[0\] = (8|7\.9999\d*|8\.0000\d*)\n$/);
    assert.equal(loadOperator(Deno.readFileSync(`${folder}/map.safetensors`)).cols, 64);
  }));

Deno.test("the example's Fourier matrix is the unitary DFT", () => {
  assert.deepEqual(fourierMatrix(16), dft(16).values);
});

Deno.test("a spectrogram shows tones at their time, frequency and level", () => {
  const { count, bins, decibels } = spectrogram(tones, fourier);
  assert.equal(bins, 129);
  assert.equal(count, Math.ceil((4000 - 256) / 64) + 1);
  const at = (frame: number, frequency: number): number => decibels[frame * bins + frequency * 256 / 8000];
  for (const frame of [0, 10, 40, 50]) {
    assert.ok(Math.abs(at(frame, 1000)) < 0.1, "the first tone is the loudest");
    assert.equal(at(frame, 2000), -80);
    const second = at(frame, 3000);
    if (frame < 20) assert.equal(second, -80);
    else assert.ok(Math.abs(second + 20) < 0.1, "the second is 20 dB below");
  }
});

Deno.test("silence is drawn as silence", () => {
  const { decibels } = spectrogram({ sampleRate: 8000, samples: new Float32Array(300) }, fourier);
  assert.ok(decibels.every((level) => level === -80));
});

Deno.test("the spectrogram example draws a recording, with the learned or a given operator", () =>
  inFolder(async (folder) => {
    Deno.writeFileSync(`${folder}/in.wav`, writeWav(tones));
    Deno.writeFileSync(`${folder}/op.safetensors`, saveOperator(fourier));
    for (const more of [[], ["--operator", "op.safetensors"]]) {
      const args = ["in.wav", "out.svg", ...more];
      const { code, err } = await script("examples/spectrogram.ts", folder, ...args);
      assert.equal(err, "");
      assert.equal(code, 0);
      const svg = Deno.readTextFileSync(`${folder}/out.svg`);
      for (const label of ["time in s", "frequency in Hz", "dB", "−20", "4000", "0.3", "in.wav"]) {
        assert.ok(svg.includes(`>${label}</text>`), label);
      }
      assert.ok(svg.length < 1e6);
      Deno.removeSync(`${folder}/out.svg`);
    }
    const { code, err } = await script("examples/spectrogram.ts", folder, "in.wav");
    assert.equal(code, 2);
    assert.match(err, /^Usage: /);
    assert.deepEqual(names(folder), ["in.wav", "op.safetensors"]);
  }));
