/// <reference lib="dom" />
/** Where recordings come from: files and the microphone. */
import { readWav } from "@papillon/papillon";
import { resample } from "../clip.ts";
import { RATE } from "../network.ts";

/** Bytes of a file, and seconds of what is in it, that are still looked at. */
const MOST_BYTES = 50 << 20, MOST_SECONDS = 60;

/** What a recording holds, at 8 kHz. */
export async function decode(blob: Blob): Promise<Float32Array> {
  if (blob.size > MOST_BYTES) throw new Error(`it has more than ${MOST_BYTES >> 20} MiB`);
  const buffer = await blob.arrayBuffer();
  let samples;
  try {
    // What the server takes is read as the server does.
    const wav = readWav(new Uint8Array(buffer));
    samples = resample(wav.samples.subarray(0, MOST_SECONDS * wav.sampleRate), wav.sampleRate, RATE);
  } catch {
    samples = await decodeAny(buffer);
  }
  return samples.subarray(0, MOST_SECONDS * RATE);
}

/** Whatever else the browser knows; it changes the rate as well. */
async function decodeAny(buffer: ArrayBuffer): Promise<Float32Array> {
  let sound;
  try {
    sound = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(buffer);
  } catch {
    throw new Error("this browser knows no recording of that kind");
  }
  const mix = new Float32Array(sound.length);
  for (let channel = 0; channel < sound.numberOfChannels; channel++) {
    sound.getChannelData(channel).forEach((v, i) => mix[i] += v / sound.numberOfChannels);
  }
  return mix;
}

/** A recording that is under way. */
export interface Recording {
  /** Ends it early. */
  stop(): void;
  /** What was recorded. */
  readonly done: Promise<Blob>;
}

/** Records for so many milliseconds; `onLevel` gets the loudness, from 0 to 1, while it lasts. */
export async function record(milliseconds: number, onLevel: (level: number) => void): Promise<Recording> {
  if (navigator.mediaDevices === undefined) {
    throw new Error("the microphone is only there on pages from https:// or localhost");
  }
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const context = new AudioContext(), meter = context.createAnalyser();
  context.createMediaStreamSource(stream).connect(meter);
  const samples = new Float32Array(meter.fftSize), recorder = new MediaRecorder(stream), parts: Blob[] = [];
  const timer = setInterval(() => {
    meter.getFloatTimeDomainData(samples);
    onLevel(Math.min(1, 4 * Math.sqrt(samples.reduce((sum, v) => sum + v * v, 0) / samples.length)));
  }, 50);
  const done = new Promise<Blob>((resolve, fail) => {
    recorder.ondataavailable = ({ data }) => void parts.push(data);
    recorder.onerror = () => fail(new Error("the recording broke off"));
    recorder.onstop = () => resolve(new Blob(parts, { type: recorder.mimeType }));
  }).finally(() => {
    clearInterval(timer);
    clearTimeout(end);
    for (const track of stream.getTracks()) track.stop();
    void context.close();
  });
  const stop = (): void => {
    if (recorder.state !== "inactive") recorder.stop();
  };
  recorder.start();
  const end = setTimeout(stop, milliseconds);
  return { stop, done };
}
