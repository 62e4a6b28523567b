import assert from "node:assert/strict";
import fc from "fast-check";
import { frames, readWav, writeWav } from "../src/io/wav.ts";

/** Written by Python's module wave: 8 kHz, samples 0, 1, -1, 32767, -32768. */
const PYTHON = "UklGRi4AAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQoAAAAAAAEA////fwCA";

const python = (): Uint8Array => Uint8Array.from(atob(PYTHON), (c) => c.charCodeAt(0));
const u16 = (value: number): number[] => [value & 255, value >> 8];
const u32 = (value: number): number[] => [...u16(value & 0xffff), ...u16(value >>> 16)];
const ascii = (text: string): number[] => [...text].map((c) => c.charCodeAt(0));

/** A chunk, padded to an even length, with any claimed size. */
const chunk = (id: string, body: number[], size = body.length): number[] => [
  ...ascii(id),
  ...u32(size),
  ...body,
  ...(body.length % 2 ? [0] : []),
];
const riff = (...chunks: number[][]): Uint8Array => {
  const body = [...ascii("WAVE"), ...chunks.flat()];
  return Uint8Array.from([...ascii("RIFF"), ...u32(body.length), ...body]);
};
const format = (tag = 1, channels = 1, bits = 16, rate = 8000): number[] => [
  ...u16(tag),
  ...u16(channels),
  ...u32(rate),
  ...u32(rate * channels * bits / 8),
  ...u16(channels * bits / 8),
  ...u16(bits),
];
const GUID_TAIL = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];
const extensible = (tag: number): number[] => [
  ...format(0xfffe),
  ...u16(22),
  ...u16(16),
  ...u32(4),
  ...u16(tag),
  ...GUID_TAIL,
];
const data = chunk("data", [0, 64, 0, 192]); // 0.5, -0.5

const refused = (bytes: Uint8Array, sentence: RegExp): void =>
  assert.throws(() => readWav(bytes, "s.wav"), (error) => {
    assert.ok(error instanceof RangeError, String(error));
    assert.match(error.message, /^Cannot read 's\.wav': /);
    assert.match(error.message, sentence);
    return true;
  });

Deno.test("a mono 16-bit .wav file is read, and written with the same bytes", () => {
  const wav = readWav(python());
  assert.equal(wav.sampleRate, 8000);
  assert.deepEqual(wav.samples, Float32Array.of(0, 1 / 32768, -1 / 32768, 32767 / 32768, -1));
  assert.deepEqual(writeWav(wav), python());
});

Deno.test("other chunks, of odd length too, are walked over", () => {
  const bytes = riff(chunk("LIST", [1, 2, 3]), chunk("fmt ", [...format(), 0, 0]), chunk("fact", [4]), data);
  assert.deepEqual(readWav(bytes).samples, Float32Array.of(0.5, -0.5));
  const after = riff(chunk("fmt ", format()), data, chunk("LIST", [1], 1e6));
  assert.deepEqual(readWav(after).samples, Float32Array.of(0.5, -0.5));
  const shifted = new Uint8Array(bytes.length + 1).subarray(1);
  shifted.set(bytes);
  assert.deepEqual(readWav(shifted).samples, Float32Array.of(0.5, -0.5));
});

Deno.test("an extensible format is read if its sub-format is PCM", () => {
  assert.deepEqual(readWav(riff(chunk("fmt ", extensible(1)), data)).samples, Float32Array.of(0.5, -0.5));
  refused(riff(chunk("fmt ", extensible(3)), data), /format 3, expected 1 \(PCM\)/);
  refused(riff(chunk("fmt ", extensible(1).with(30, 9)), data), /format 65534, expected 1/);
});

Deno.test("other kinds of sound are refused with a sentence", () => {
  refused(riff(chunk("fmt ", format(1, 2)), data), /it has 2 channels, expected 1 \(mono\)/);
  refused(riff(chunk("fmt ", format(1, 1, 24)), data), /it has 24 bits per sample, expected 16/);
  refused(riff(chunk("fmt ", format(1, 1, 8)), data), /it has 8 bits per sample/);
  refused(riff(chunk("fmt ", format(3, 1, 32)), data), /format 3, expected 1 \(PCM\)/);
  refused(riff(chunk("fmt ", format(7, 1, 8)), data), /format 7/);
  refused(riff(chunk("fmt ", format(1, 1, 16, 0)), data), /sample rate is 0/);
  refused(riff(chunk("fmt ", format().with(12, 4)), data), /contradicts itself/);
});

Deno.test("malformed .wav files are refused with a sentence", () => {
  refused(new Uint8Array(), /the file is empty/);
  refused(Uint8Array.from(ascii("RIFF")), /does not begin with RIFF … WAVE/);
  refused(Uint8Array.from([...ascii("RIFX"), ...u32(4), ...ascii("WAVE")]), /does not begin/);
  refused(riff(), /has no format chunk/);
  refused(riff(chunk("fmt ", format())), /has no data chunk/);
  refused(riff(data, chunk("fmt ", format())), /data comes before its format/);
  refused(riff(chunk("fmt ", [1, 0])), /format chunk has 2 bytes, expected at least 16/);
  refused(python().slice(0, -1), /chunk 'data' claims 10 bytes but 9 follow: the file is cut short/);
  refused(python().slice(0, 30), /chunk 'fmt ' claims 16 bytes but 10 follow/);
  refused(riff(chunk("fmt ", format()), chunk("data", [0, 0], 4e9)), /claims 4000000000 bytes but 2 follow/);
  refused(riff(chunk("fmt ", format()), chunk("data", [1, 2, 3])), /has 3 bytes, expected an even number/);
  for (const size of [0, 0xffffffff]) {
    const streamed = riff(chunk("fmt ", format()), chunk("data", [1, 2], size));
    refused(streamed, new RegExp(`gives the length ${size}: it has no samples, or was streamed`));
  }
});

Deno.test("samples come back from .wav within half a step and are clipped outside [-1, 1)", () => {
  fc.assert(fc.property(fc.array(fc.float({ min: -2, max: 2, noNaN: true }), { minLength: 1 }), (values) => {
    const samples = Float32Array.from(values);
    const back = readWav(writeWav({ sampleRate: 44100, samples }));
    assert.equal(back.sampleRate, 44100);
    assert.equal(back.samples.length, samples.length);
    for (const [k, value] of samples.entries()) {
      const clipped = Math.max(-1, Math.min(32767 / 32768, value));
      assert.ok(Math.abs(back.samples[k] - clipped) <= 0.5 / 32768);
    }
  }));
});

Deno.test("what is no sound is not written to .wav", () => {
  const samples = Float32Array.of(0, NaN);
  assert.throws(() => writeWav({ sampleRate: 8000, samples }), /^RangeError: .*sample 1 is NaN/);
  for (const sampleRate of [0, -1, 0.5, NaN, 2 ** 31]) {
    assert.throws(() => writeWav({ sampleRate, samples: new Float32Array(1) }), RangeError);
  }
});

Deno.test("frames overlap by the hop and the last is filled with zeros", () => {
  const samples = Float32Array.of(1, 2, 3, 4, 5, 6);
  assert.deepEqual(frames(samples, 4, 2), Float32Array.of(1, 2, 3, 4, 3, 4, 5, 6));
  assert.deepEqual(frames(samples, 4, 3), Float32Array.of(1, 2, 3, 4, 4, 5, 6, 0));
  assert.deepEqual(frames(samples, 4, 4), Float32Array.of(1, 2, 3, 4, 5, 6, 0, 0));
  assert.deepEqual(frames(samples, 8, 1), Float32Array.of(1, 2, 3, 4, 5, 6, 0, 0));
  assert.deepEqual(frames(new Float32Array(), 4, 2), new Float32Array());
});

Deno.test("every sample is in some frame and no frame is without samples", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 200 }),
    fc.integer({ min: 1, max: 40 }).chain((n) => fc.tuple(fc.constant(n), fc.integer({ min: 1, max: n }))),
    (length, [n, hop]) => {
      const out = frames(Float32Array.from({ length }, (_, k) => k + 1), n, hop);
      assert.equal(new Set(out.filter((v) => v > 0)).size, length);
      for (let at = 0, frame = 0; at < out.length; at += n, frame++) assert.equal(out[at], frame * hop + 1);
    },
  ));
});

Deno.test("frames of no length, with gaps between them or too many to hold are refused", () => {
  const samples = new Float32Array(100_000);
  for (const n of [0, -1, 1.5, NaN]) {
    assert.throws(() => frames(samples, n, 1), /^RangeError: Cannot cut frames: .* n /);
  }
  for (const hop of [0, -1, 5, 0.5]) assert.throws(() => frames(samples, 4, hop), /hop from 1 to n = 4/);
  assert.throws(() => frames(samples, 50_000, 1), /50001 frames of 50000 are more than 2³⁰/);
});
