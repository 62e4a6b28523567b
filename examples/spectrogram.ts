/**
 * The spectrogram of a recording, drawn by a transform that was learned from its matrix:
 *
 *     deno run -A examples/spectrogram.ts IN.wav OUT.svg [--operator FILE]
 *
 * IN.wav is mono, 16-bit PCM. Without --operator the 256-point Fourier transform is learned first, which takes less
 * than a second. FILE may be any complex operator that `papillon learn` wrote.
 *
 * @module
 */

import { pngUrl } from "../src/cli/plot/png.ts";
import { document, short, text } from "../src/cli/plot/svg.ts";
import {
  checkTarget,
  frames,
  learn,
  loadOperator,
  type Operator,
  readWav,
  toOperator,
  type Wav,
} from "@papillon/papillon";

/** Samples from one frame to the next. */
const HOP = 64;
/** What lies so far below the loudest, in dB, is drawn as silence. */
const RANGE = 80;

/** The unitary Fourier matrix: all that learning is given. */
export function fourierMatrix(n: number): Float64Array {
  const matrix = new Float64Array(2 * n * n);
  for (let row = 0; row < n; row++) {
    for (let column = 0; column < n; column++) {
      const angle = -2 * Math.PI * ((row * column) % n) / n, at = 2 * (row * n + column);
      matrix[at] = Math.cos(angle) / Math.sqrt(n);
      matrix[at + 1] = Math.sin(angle) / Math.sqrt(n);
    }
  }
  return matrix;
}

/** Levels in dB below the loudest, 0 to −RANGE. */
export interface Levels {
  /** Frames, in time. */
  readonly count: number;
  /** Frequencies from 0 to half the sample rate. */
  readonly bins: number;
  /** One frame after another. */
  readonly decibels: Float32Array;
}

/** Frames under a Hann window, transformed all at once. */
export function spectrogram({ samples }: Wav, operator: Operator): Levels {
  const n = operator.cols, bins = n / 2 + 1;
  const cut = frames(samples, n, HOP);
  const complex = new Float32Array(2 * cut.length);
  for (let i = 0; i < cut.length; i++) {
    complex[2 * i] = cut[i] * (0.5 - 0.5 * Math.cos(2 * Math.PI * (i % n) / n));
  }

  const spectra = operator.apply(complex);

  const count = cut.length / n, decibels = new Float32Array(count * bins);
  let loudest = 0;
  for (let frame = 0; frame < count; frame++) {
    for (let bin = 0; bin < bins; bin++) {
      const at = 2 * (frame * n + bin), power = spectra[at] ** 2 + spectra[at + 1] ** 2;
      decibels[frame * bins + bin] = power;
      loudest = Math.max(loudest, power);
    }
  }
  for (let i = 0; i < decibels.length; i++) {
    // A silent recording has no loudest: it is silence throughout.
    const level = loudest > 0 ? 10 * Math.log10(decibels[i] / loudest) : -RANGE;
    decibels[i] = Math.max(-RANGE, level);
  }
  return { count, bins, decibels };
}

/** Dark to bright, evenly in lightness: the points of matplotlib's "magma" (CC0). */
const MAGMA = [
  [0, 0, 4],
  [28, 16, 68],
  [79, 18, 123],
  [129, 37, 129],
  [181, 54, 122],
  [229, 80, 100],
  [251, 135, 97],
  [254, 194, 135],
  [252, 253, 191],
];

/** The colour of a level between −RANGE and 0. */
function colour(level: number): number[] {
  const at = Math.min(1, Math.max(0, 1 + level / RANGE)) * (MAGMA.length - 1);
  const below = Math.min(Math.floor(at), MAGMA.length - 2), part = at - below;
  return [0, 1, 2].map((i) => Math.round(MAGMA[below][i] * (1 - part) + MAGMA[below + 1][i] * part));
}

/** Draws levels with their axes: seconds, Hz and dB. */
export async function drawSpectrogram(
  { count, bins, decibels }: Levels,
  sampleRate: number,
  title: string,
  note: string,
): Promise<string> {
  const n = 2 * (bins - 1), left = 68, top = 66, width = 720, height = 320, barLeft = left + width + 24;
  const right = left + width, bottom = top + height;
  const pixels = new Uint8Array(4 * count * bins);
  for (let frame = 0; frame < count; frame++) {
    for (let bin = 0; bin < bins; bin++) {
      pixels.set([...colour(decibels[frame * bins + bin]), 255], 4 * ((bins - 1 - bin) * count + frame));
    }
  }
  const scale = Uint8Array.from(
    { length: 4 * 128 },
    (_, i) => [...colour(-RANGE * (i >> 2) / 127), 255][i & 3],
  );
  const image = (x: number, y: number, w: number, h: number, url: string): string =>
    `<image x="${x}" y="${y}" width="${w}" height="${h}" preserveAspectRatio="none" href="${url}"/>\n` +
    `<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="none" style="stroke: var(--line)"/>`;
  const tick = (x: number, y: number, dx: number, dy: number): string =>
    `<path d="M${short(x)} ${short(y)}l${dx} ${dy}" style="stroke: var(--faint)"/>`;

  const elements = [
    text(left, 28, title, { size: 17, tone: "bold" }),
    text(left, 48, note, { size: 12.5, tone: "faint" }),
    image(left, top, width, height, await pngUrl(count, bins, pixels)),
    image(barLeft, top, 14, height, await pngUrl(1, 128, scale)),
  ];
  // A frame is drawn where its middle is, one hop wide; a bin around its frequency.
  const begin = (n - HOP) / 2 / sampleRate, seconds = count * HOP / sampleRate;
  for (const value of ticks(begin + seconds, 8)) {
    if (value < begin) continue;
    const x = left + width * (value - begin) / seconds;
    elements.push(tick(x, bottom, 0, 5), text(x, bottom + 19, String(value), { anchor: "middle" }));
  }
  for (const value of ticks(sampleRate / 2, 6)) {
    const y = bottom - height * (value * n / sampleRate + 0.5) / bins;
    elements.push(tick(left, y, -5, 0), text(left - 9, y + 4, String(value), { anchor: "end" }));
  }
  for (let level = 0; level >= -RANGE; level -= 20) {
    const y = top - height * level / RANGE;
    elements.push(tick(barLeft + 14, y, 5, 0), text(barLeft + 23, y + 4, String(level).replace("-", "−")));
  }
  elements.push(
    text((left + right) / 2, bottom + 40, "time in s", { size: 13, anchor: "middle" }),
    `<g transform="translate(18 ${top + height / 2}) rotate(-90)">` +
      `${text(0, 0, "frequency in Hz", { size: 13, anchor: "middle" })}</g>`,
    text(barLeft - 4, top - 12, "dB", { size: 13 }),
  );
  return document(barLeft + 66, bottom + 56, `${title}. ${note}`, elements);
}

/** Round numbers from 0 to `end`, at most about `most` of them. */
function ticks(end: number, most: number): number[] {
  const power = 10 ** Math.floor(Math.log10(end / most));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((step) => end / step <= most)!;
  // Rounded, for 3 · 0.1 is not 0.3.
  return Array.from(
    { length: Math.floor(end / step + 1e-9) + 1 },
    (_, i) => Number((i * step).toPrecision(6)),
  );
}

if (import.meta.main) {
  const args = [...Deno.args], at = args.indexOf("--operator");
  const [path] = at < 0 ? [] : args.splice(at, 2).slice(1);
  if (args.length !== 2 || (at >= 0 && path === undefined)) {
    console.error("Usage: deno run -A examples/spectrogram.ts IN.wav OUT.svg [--operator FILE]");
    Deno.exit(2);
  }
  const [input, output] = args;
  const wav = readWav(Deno.readFileSync(input), input);
  const operator = path === undefined
    ? toOperator(await learn(checkTarget(fourierMatrix(256), 256, "complex")))
    : loadOperator(Deno.readFileSync(path), path);
  if (operator.field !== "complex" || operator.rows !== operator.cols) {
    throw new TypeError(
      `Cannot draw a spectrogram with ${operator.describe()}: expected a square complex one`,
    );
  }
  const levels = spectrogram(wav, operator);
  const note = `${levels.count} frames of ${operator.cols} samples, ${HOP} apart, Hann window; ` +
    `by a learned butterfly of ${operator.parameters} numbers`;
  const name = input.replace(/^.*[/\\]/s, "");
  Deno.writeTextFileSync(output, await drawSpectrogram(levels, wav.sampleRate, name, note));
  console.log(`Wrote ${output}`);
}
