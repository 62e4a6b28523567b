/**
 * Sound in RIFF/WAVE files, mono and 16-bit PCM only: what the examples transform. Also the cutting of a
 * signal into overlapping frames.
 *
 * @module
 */

import { fileLabel, isSize, quote, viewOf } from "./bytes.ts";

/** A mono recording. */
export interface Wav {
  /** Samples per second. */
  sampleRate: number;
  /** The samples, in [−1, 1). */
  samples: Float32Array;
}

/** The rest of the sub-format's GUID in an extensible format, after the 2 bytes that are the format tag. */
const GUID_TAIL = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];

/**
 * Reads a mono, 16-bit PCM .wav file.
 *
 * @param bytes The whole file.
 * @param name What messages call the file.
 * @throws {RangeError} Where the file is malformed or cut short, its length was never filled in, or it is of
 * another kind (stereo, other depths, compressed): "Cannot read …".
 * @throws {TypeError} If `bytes` is no Uint8Array.
 *
 * @example
 * ```ts
 * import { frames, readWav, writeWav } from "./wav.ts";
 *
 * const bytes = writeWav({ sampleRate: 8000, samples: new Float32Array(1000).fill(0.5) });
 * const { samples } = readWav(bytes);
 * console.log(frames(samples, 256, 128).length / 256); // 7
 * ```
 */
export function readWav(bytes: Uint8Array, name?: string): Wav {
  const label = fileLabel(bytes, name, "the .wav file");
  const bad = (why: string): RangeError => new RangeError(`Cannot read ${label}: ${why}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tag = (at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4));

  if (bytes.length < 12 || tag(0) !== "RIFF" || tag(8) !== "WAVE") {
    throw bad("it does not begin with RIFF … WAVE as a .wav file does");
  }
  let sampleRate = 0;
  for (let at = 12; at + 8 <= bytes.length;) {
    const id = tag(at);
    const size = view.getUint32(at + 4, true);
    at += 8;
    if (id === "data") {
      if (sampleRate === 0) throw bad("its data comes before its format");
      if (size === 0 || size === 0xffffffff) {
        throw bad(
          `its data chunk gives the length ${size}: it has no samples, or was streamed and its length never ` +
            "filled in (convert it to a plain .wav file first)",
        );
      }
    }
    if (size > bytes.length - at) {
      throw bad(
        `its chunk ${quote(id)} claims ${size} bytes but ${bytes.length - at} follow: the file is cut short`,
      );
    }
    if (id === "data") {
      if (size % 2 !== 0) throw bad(`its data has ${size} bytes, expected an even number for 16-bit samples`);
      const samples = Float32Array.from(viewOf(Int16Array, bytes, at, size / 2), (sample) => sample / 32768);
      return { sampleRate, samples };
    }
    if (id === "fmt ") {
      if (size < 16) throw bad(`its format chunk has ${size} bytes, expected at least 16`);
      let format = view.getUint16(at, true);
      if (format === 0xfffe && size >= 40 && GUID_TAIL.every((byte, i) => bytes[at + 26 + i] === byte)) {
        format = view.getUint16(at + 24, true);
      }
      const channels = view.getUint16(at + 2, true);
      const bits = view.getUint16(at + 14, true);
      if (format !== 1) throw bad(`its samples have the format ${format}, expected 1 (PCM)`);
      if (channels !== 1) throw bad(`it has ${channels} channels, expected 1 (mono)`);
      if (bits !== 16) throw bad(`it has ${bits} bits per sample, expected 16`);
      if (view.getUint16(at + 12, true) !== 2) {
        throw bad("its format chunk contradicts itself about the sample size");
      }
      sampleRate = view.getUint32(at + 4, true);
      if (sampleRate === 0) throw bad("its sample rate is 0");
    }
    at += size + size % 2; // chunks start on even bytes
  }
  throw bad(sampleRate === 0 ? "it has no format chunk" : "it has no data chunk");
}

/**
 * Writes a mono, 16-bit PCM .wav file. Samples are rounded to 1/32768; those outside [−1, 1) are clipped.
 *
 * @throws {RangeError} If a sample is NaN, the sample rate is no positive 31-bit integer, or the file would
 * exceed 4 GiB.
 */
export function writeWav({ sampleRate, samples }: Wav): Uint8Array {
  const cannot = "Cannot write the .wav file";
  if (!isSize(sampleRate) || sampleRate === 0 || sampleRate >= 2 ** 31) {
    throw new RangeError(`${cannot}: expected a sample rate from 1 to 2³¹ − 1, got ${sampleRate}`);
  }
  const size = 2 * samples.length;
  if (size > 0xffffffff - 36) {
    throw new RangeError(`${cannot}: ${samples.length} samples need more than 4 GiB`);
  }
  const out = new Uint8Array(44 + size);
  const view = new DataView(out.buffer);
  const text = new TextEncoder();
  out.set(text.encode("RIFF"));
  view.setUint32(4, 36 + size, true);
  out.set(text.encode("WAVEfmt "), 8);
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // mono
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, 2 * sampleRate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  out.set(text.encode("data"), 36);
  view.setUint32(40, size, true);
  for (let i = 0; i < samples.length; i++) {
    if (Number.isNaN(samples[i])) throw new RangeError(`${cannot}: sample ${i} is NaN`);
    view.setInt16(44 + 2 * i, Math.max(-32768, Math.min(32767, Math.round(32768 * samples[i]))), true);
  }
  return out;
}

/**
 * Cuts a signal into frames of `n` samples that begin `hop` samples apart, one frame after another: a batch
 * to apply an operator of n columns to. Every sample is in some frame; the last one is filled with zeros.
 *
 * @param samples The signal.
 * @param n The length of a frame.
 * @param hop From one frame's start to the next, 1 to n.
 * @returns No frame for an empty signal, otherwise ⌈max(0, length − n) / hop⌉ + 1 frames.
 * @throws {RangeError} If `n` or `hop` is out of range, or the frames would have more than 2³⁰ numbers.
 */
export function frames(samples: Float32Array, n: number, hop: number): Float32Array {
  if (!isSize(n) || n === 0) {
    throw new RangeError(`Cannot cut frames: expected a length n from 1 on, got ${n}`);
  }
  if (!isSize(hop) || hop === 0 || hop > n) {
    throw new RangeError(`Cannot cut frames: expected a hop from 1 to n = ${n}, got ${hop}`);
  }
  const count = samples.length === 0 ? 0 : Math.ceil(Math.max(0, samples.length - n) / hop) + 1;
  if (count * n > 2 ** 30) {
    throw new RangeError(
      `Cannot cut frames: ${count} frames of ${n} are more than 2³⁰ numbers, take a larger hop`,
    );
  }
  const out = new Float32Array(count * n);
  for (let i = 0; i < count; i++) out.set(samples.subarray(i * hop, i * hop + n), i * n);
  return out;
}
