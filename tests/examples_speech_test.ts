import assert from "node:assert/strict";
import fc from "fast-check";
import { type Clip, clipAt, clipOf, clipOfWord, resample } from "../examples/speech/clip.ts";
import { loadDigits } from "../examples/speech/digits.ts";
import { createHandler } from "../examples/speech/handler.ts";
import { BINS, CLIP, digitNetwork, FRAMES, MEL, melFilters, RATE } from "../examples/speech/network.ts";
import { hum } from "../scripts/runtimes/speech.ts";
import { readSafetensors, writeSafetensors } from "../src/io/safetensors.ts";
import { readWav, writeWav } from "../src/io/wav.ts";
import { assertClose } from "./helpers.ts";

/** A network that has learned nothing, in a file. */
function file(metadata: Record<string, string> = { front: "kaleidoscope" }): Uint8Array {
  const { tensors, metadata: own } = digitNetwork("kaleidoscope", 1).save();
  return writeSafetensors(tensors, { ...own, ...metadata });
}

const digits = loadDigits(file()), handler = createHandler(digits, { bytes: 100_000 });
const tone = (hertz: number, rate: number, length: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(2 * Math.PI * hertz * i / rate));

function post(body: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Response> {
  const all = { "content-type": "audio/wav", ...headers };
  return handler(new Request("http://speech.test/digit", { method: "POST", body, headers: all }));
}

async function refused(answer: Promise<Response>, status: number, sentence: RegExp): Promise<Response> {
  const response = await answer, { error } = await response.json() as { error: string };
  assert.equal(response.status, status, error);
  assert.match(error, sentence);
  return response;
}

Deno.test("tones keep their height when the rate is changed, and those that the new rate cannot carry vanish", () => {
  for (const rate of [4000, 11025, 44100, 48000]) {
    const got = resample(tone(600, rate, Math.floor(rate / 4)), rate, RATE);
    assert.equal(got.length, Math.floor(Math.floor(rate / 4) * RATE / rate));
    // The ends lack half of what is around them.
    assertClose(got.subarray(100, -100), tone(600, RATE, got.length).subarray(100, -100), 3e-3);
  }
  const gone = resample(tone(6000, 44100, 11025), 44100, RATE).subarray(100, -100);
  assert.ok(gone.every((v) => Math.abs(v) < 5e-3));
  assert.equal(resample(new Float32Array(0), 44100, RATE).length, 1);
});

Deno.test("the clip of a long recording is its loudest part, that of a short one has zeros around it", () => {
  const long = new Float32Array(30_000);
  long.set(tone(500, RATE, 4000), 20_000);
  const { samples, begin, length } = clipOf(long)!;
  assert.ok(begin <= 20_000 && begin + length >= 24_000 && length === CLIP);
  assert.ok(Math.abs(samples.reduce((sum, v) => sum + v * v, 0) / CLIP - 1) < 0.01);

  const short = clipOf(tone(500, RATE, 1000).map((v) => 1e-3 * v + 0.2))!;
  const shift = (CLIP - 1000) >> 1, inside = short.samples.subarray(shift, shift + 1000);
  assert.ok(short.samples.every((v, i) => i >= shift && i < shift + 1000 || v === 0));
  assertClose(inside, tone(500, RATE, 1000).map((v) => v * Math.SQRT2), 1e-2);
  assert.equal(short.length, 1000);
});

Deno.test("of a longer recording the loudest word is taken, as if it had been cut out", () => {
  const word = tone(300, RATE, 2400).map((v, i) => v * Math.sin(Math.PI * i / 2400));
  for (const at of [0, 3000, 13_600]) {
    const long = Float32Array.from({ length: 16_000 }, (_, i) => 2e-3 * Math.sin(i * i));
    word.forEach((v, i) => long[at + i] += v);
    // Another one, not as loud, with half a second between.
    word.forEach((v, i) => long[(at + 6400) % 16_000 + i] += 0.3 * v);
    const { samples, begin, length } = clipOfWord(long)!;
    assert.ok(Math.abs(begin - at) <= 320 && Math.abs(begin + length - at - 2400) <= 320, `${at}: ${begin}`);
    const cut = clipOf(word)!.samples, size = Math.hypot(...cut);
    // Where it lies in the clip may differ by some samples.
    const best = Math.max(...Array.from({ length: 341 }, (_, k) => {
      let dot = 0;
      for (let i = 400; i < CLIP - 400; i++) dot += cut[i] * samples[i + k - 170];
      return dot / size / Math.hypot(...samples);
    }));
    assert.ok(best > 0.98, `alike to ${best}`);
  }
});

Deno.test("there is no clip where there is no sound", () => {
  for (const nothing of [new Float32Array(0), new Float32Array(9000), new Float32Array(100).fill(0.5)]) {
    assert.equal(clipOf(nothing), undefined);
    assert.equal(clipOfWord(nothing), undefined);
  }
  assert.equal(clipOf(new Float32Array(100).fill(NaN)), undefined);
  assert.equal(clipOfWord(new Float32Array(10_000).fill(NaN)), undefined);
  assert.equal(clipAt(new Float32Array(100), 44100), undefined);
});

Deno.test("mel filters are triangles of area 1 that follow each other", () => {
  const filters = melFilters(), middles: number[] = [];
  for (let f = 0; f < MEL; f++) {
    const column = Array.from({ length: BINS }, (_, k) => filters[k * MEL + f]);
    assert.ok(column.every((v) => v >= 0));
    assert.ok(Math.abs(column.reduce((a, b) => a + b) - 1) < 1e-5);
    middles.push(column.reduce((sum, v, k) => sum + v * k, 0));
  }
  assert.ok(middles.every((m, f) => f === 0 || m > middles[f - 1]));
});

Deno.test("a network in a file tells probabilities, and a spectrogram", () => {
  const { samples, sampleRate } = readWav(hum()), clip: Clip = clipAt(samples, sampleRate)!;
  const { digit, probabilities } = digits.tell(clip);
  assert.equal(probabilities.length, 10);
  assert.ok(Math.abs(probabilities.reduce((a, b) => a + b) - 1) < 1e-6);
  assert.equal(Math.max(...probabilities), probabilities[digit]);
  const { frames, bins, values } = digits.spectrogram(clip);
  assert.deepEqual([frames, bins, values.length], [FRAMES, BINS, FRAMES * BINS]);
  assert.ok(values.every(Number.isFinite));
});

Deno.test("files that hold no such network are refused in a sentence", () => {
  assert.throws(
    () => loadDigits(file({ front: "nothing" }), "x"),
    /^RangeError: Cannot load x: .*got nothing/,
  );
  assert.throws(() => loadDigits(file({ front: "dense" })), /^(Range|Type)Error: Cannot load/);
  assert.throws(() => loadDigits(file().subarray(0, 5000)), /^RangeError: Cannot read/);
  const { tensors, metadata } = readSafetensors(file());
  const some = new Map([...tensors].slice(1));
  assert.throws(() => loadDigits(writeSafetensors(some, metadata)), /there is no tensor/);
});

Deno.test("a WAV file goes in and a digit comes out, the same at any rate", async () => {
  const answer = await (await post(hum())).json() as Record<string, unknown>;
  const clip = clipOf(readWav(hum()).samples)!, { digit, probabilities } = digits.tell(clip);
  assert.deepEqual([answer.digit, answer.probabilities], [digit, probabilities]);
  assert.ok(typeof answer.ms === "number" && answer.ms >= 0);
  assert.ok(!("resampledFrom" in answer));

  const fast = await (await post(hum(48000), { "content-type": "application/octet-stream" })).json();
  assert.equal(fast.resampledFrom, 48000);
  assertClose(fast.probabilities, probabilities, 0.02);
  const about = await (await handler(new Request("http://speech.test/"))).json();
  assert.deepEqual([about.front, about.rate, about.bytes], ["kaleidoscope", 8000, 100_000]);
});

Deno.test("what is no WAV file, or another kind of one, is refused with 400", async () => {
  await refused(post(new Uint8Array(0)), 400, /^Cannot read the \.wav file: the file is empty\.$/);
  await refused(post(new TextEncoder().encode("ID3 this is an MP3")), 400, /RIFF/);
  await refused(post(hum().slice(0, 3000)), 400, /cut short/);
  const stereo = hum();
  new DataView(stereo.buffer).setUint16(22, 2, true);
  await refused(post(stereo), 400, /2 channels, expected 1/);
});

Deno.test("recordings without sound or at rates nobody records at are refused with 422", async () => {
  const silence = new Uint8Array(writeWav({ sampleRate: RATE, samples: new Float32Array(4000) }));
  await refused(post(silence), 422, /no sound/);
  for (const rate of [1, 3999, 192_001, 2 ** 31 - 1]) {
    const odd = hum();
    new DataView(odd.buffer).setUint32(24, rate, true);
    await refused(post(odd), 422, new RegExp(`The rate is ${rate} Hz`));
  }
});

Deno.test("what is too long, of another type, or elsewhere is refused with 413, 415, 404 and 405", async () => {
  await refused(post(new Uint8Array(100_001)), 413, /longer than 100000 bytes/);
  const other = await refused(post(hum(), { "content-type": "audio/mpeg" }), 415, /audio\/wav/);
  assert.match(other.headers.get("accept-post")!, /audio\/wav/);
  await refused(post(hum(), { "content-encoding": "gzip" }), 415, /not be compressed/);
  await refused(handler(new Request("http://speech.test/elsewhere")), 404, /\/digit/);
  const got = await refused(handler(new Request("http://speech.test/digit")), 405, /takes POST, not GET/);
  assert.equal(got.headers.get("allow"), "POST");
});

Deno.test("whatever bytes come, the answer is a digit or a refusal", async () => {
  const good = hum(8000, 0.1);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 6 }),
      fc.nat(good.length),
      async (changes, length) => {
        const bytes = good.slice(0, length);
        for (const [at, value] of changes) if (at < length) bytes[at] = value;
        const { status } = await post(bytes);
        assert.ok([200, 400, 422].includes(status), String(status));
      },
    ),
    { numRuns: 200, seed: 1 },
  );
});

const folder = Deno.env.get("PAPILLON_FSDD");
if (folder === undefined) console.log("skipped: real recordings, for PAPILLON_FSDD names no folder of them");
Deno.test({
  name: "the network of the example tells nearly all real recordings that it was not trained on",
  ignore: folder === undefined,
  fn: async () => {
    const { default: server } = await import("../examples/speech/server.ts");
    let right = 0, count = 0;
    for await (const { name } of Deno.readDir(folder!)) {
      const found = /^(\d)_\w+_([01])\.wav$/.exec(name);
      if (found === null) continue;
      const body = await Deno.readFile(`${folder}/${name}`), headers = { "content-type": "audio/wav" };
      const request = new Request("http://speech.test/digit", { method: "POST", body, headers });
      const { digit } = await (await server.fetch(request)).json();
      right += Number(digit === Number(found[1]));
      count++;
    }
    assert.ok(count >= 60 && right / count > 0.95, `${right} of ${count}`);
  },
});
