/// <reference lib="dom" />
/** The pictures of a recording. */
import type { Clip } from "../clip.ts";
import { FRAME, HOP, RATE } from "../network.ts";

/** Gives a canvas the pixels that it is seen with. */
function prepare(canvas: HTMLCanvasElement): [CanvasRenderingContext2D, number, number] {
  const ratio = Math.min(3, devicePixelRatio || 1), { clientWidth: width, clientHeight: height } = canvas;
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  const context = canvas.getContext("2d")!;
  context.scale(ratio, ratio);
  return [context, width, height];
}

/** A colour that the canvas knows, of one that may be light-dark(). */
function resolved(name: string): string {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

/** The samples of a recording, and which part of them is the clip. */
export function drawWave(canvas: HTMLCanvasElement, samples: Float32Array, { begin, length }: Clip): void {
  const [context, width, height] = prepare(canvas), at = (i: number): number => width * i / samples.length;
  context.fillStyle = resolved("--accent");
  context.globalAlpha = 0.14;
  context.fillRect(at(begin), 0, at(length), height);
  context.globalAlpha = 1;
  const ink = resolved("--accent"), faint = resolved("--edge");
  const peak = samples.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-9), scale = 0.46 * height / peak;
  for (let x = 0; x < width; x++) {
    const from = Math.floor(samples.length * x / width);
    const to = Math.max(from + 1, Math.floor(samples.length * (x + 1) / width));
    let low = Infinity, high = -Infinity;
    for (let i = from; i < Math.min(to, samples.length); i++) {
      low = Math.min(low, samples[i]);
      high = Math.max(high, samples[i]);
    }
    const inside = from >= begin && from < begin + length;
    context.fillStyle = inside ? ink : faint;
    const top = height / 2 - high * scale;
    context.fillRect(x, top, 1, Math.max(1, (high - low) * scale));
  }
}

/** Logarithms of power, low frequencies at the bottom; the strongest in the darkest ink. */
export function drawSpectrogram(
  canvas: HTMLCanvasElement,
  { frames, bins, values }: { readonly frames: number; readonly bins: number; readonly values: Float32Array },
): void {
  const [context, width, height] = prepare(canvas), left = 40, bottom = height - 20;
  const picture = new ImageData(frames, bins), sorted = values.slice().sort();
  // Silence is as strong as the weakest; the last ones may be far above all others.
  const low = sorted[0], high = Math.max(low + 1, sorted[Math.floor(0.998 * (sorted.length - 1))]);
  const [red, green, blue] = (resolved("--ink").match(/[\d.]+/g) ?? [0, 0, 0]).map(Number);
  for (let frame = 0; frame < frames; frame++) {
    for (let bin = 0; bin < bins; bin++) {
      const at = 4 * ((bins - 1 - bin) * frames + frame);
      const strength = Math.min(1, Math.max(0, (values[frame * bins + bin] - low) / (high - low)));
      picture.data.set([red, green, blue, 255 * strength ** 1.4], at);
    }
  }
  const own = document.createElement("canvas");
  own.width = frames;
  own.height = bins;
  own.getContext("2d")!.putImageData(picture, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(own, left, 0, width - left, bottom);
  context.fillStyle = resolved("--faint");
  context.font = "11px system-ui, sans-serif";
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const khz of [0, 1, 2, 3]) {
    context.fillText(`${khz} kHz`, left - 5, Math.min(bottom - 6, bottom * (1 - khz / 4)));
  }
  context.textBaseline = "alphabetic";
  const seconds = ((frames - 1) * HOP + FRAME) / RATE;
  for (let tenth = 0; tenth / 10 < seconds; tenth += 2) {
    const x = left + (width - left) * tenth / 10 / seconds;
    context.textAlign = tenth === 0 ? "left" : "center";
    context.fillText(`${tenth / 10} s`, x, height - 5);
  }
}
