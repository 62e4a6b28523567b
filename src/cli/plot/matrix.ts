/**
 * One matrix as a square of a picture: dots for a sparse one, a heat map for a dense one.
 *
 * @module
 */

import type { Operator } from "../../operator/operator.ts";
import { floats } from "../../program/step.ts";
import { hex, hueOf, stepOf, STEPS, WHEEL } from "./colour.ts";
import type { Panel, Visit } from "./panels.ts";
import { pngUrl } from "./png.ts";
import { short } from "./svg.ts";

/** Cells of a sparse picture's side, and pixels of a dense one's, at most. */
const MOST_CELLS = 256, MOST_PIXELS = 512;
/** The side of a dot at least, in px, so that the two diagonals are seen at n = 256. */
const SMALLEST_DOT = 1.7;

/**
 * A frame of at most `size` px, in the middle of a square of that size, and the dots or the heat map in it.
 *
 * @returns its elements, and the y of its lower edge
 */
export async function drawMatrix(
  panel: Panel,
  x: number,
  y: number,
  size: number,
): Promise<{ elements: string; bottom: number }> {
  const { rows, cols } = panel;
  const cell = size / Math.max(rows, cols);
  // A matrix of one row would be a hair.
  const width = Math.max(cols * cell, 6), height = Math.max(rows * cell, 6);
  const left = x + (size - width) / 2, top = y + (size - height) / 2;
  const inside = panel.entries
    ? drawSparse(panel, panel.entries, left, top, width, height)
    : await drawDense(panel.operator!, left, top, width, height);
  const box = `x="${short(left)}" y="${short(top)}" width="${short(width)}" height="${short(height)}"`;
  return { elements: `<rect class="panel" ${box}/>\n${inside}`, bottom: top + height };
}

/** Dots; where many entries fall into one cell, the largest is drawn. */
function drawSparse(
  { rows, cols, ones }: Panel,
  entries: (visit: Visit) => void,
  left: number,
  top: number,
  width: number,
  height: number,
): string {
  const scale = Math.min(1, MOST_CELLS / Math.max(rows, cols));
  const across = Math.max(1, Math.ceil(cols * scale)), down = Math.max(1, Math.ceil(rows * scale));
  const cells = new Map<number, { re: number; im: number; modulus: number }>();
  let largest = 0;
  entries((row, column, re, im) => {
    const modulus = Math.hypot(re, im);
    if (modulus === 0) return;
    largest = Math.max(largest, modulus);
    const at = Math.floor(row * scale) * across + Math.floor(column * scale);
    const old = cells.get(at);
    if (old === undefined || modulus > old.modulus) cells.set(at, { re, im, modulus });
  });

  // One path for all dots of a colour: a dot is a line of no length with square ends.
  const paths = new Map<string, string[]>();
  for (const [at, { re, im, modulus }] of cells) {
    const colour = ones ? "" : `${hueOf(re, im)} ${Math.max(4, stepOf(modulus, largest))}`;
    let path = paths.get(colour);
    if (!path) paths.set(colour, path = []);
    path.push(`M${at % across} ${Math.floor(at / across)}h0`);
  }
  const unit = width / across;
  const dot = Math.max(Math.min(unit, height / down) * 0.86, SMALLEST_DOT);
  const drawn = [...paths].map(([colour, path]) => {
    const [hue, step] = colour.split(" ").map(Number);
    const stroke = ones
      ? `class="ink"`
      : `stroke="${hex(WHEEL[hue])}"${step < STEPS ? ` stroke-opacity="${short(step / STEPS)}"` : ""}`;
    return `<path ${stroke} d="${path.join("")}"/>`;
  });
  const place = `translate(${short(left + unit / 2)} ${short(top + height / down / 2)})`;
  const grow = `scale(${unit.toPrecision(5)} ${(height / down).toPrecision(5)})`;
  return `<g class="dots" transform="${place} ${grow}" stroke-width="${(dot / unit).toPrecision(4)}">\n` +
    `${drawn.join("\n")}\n</g>`;
}

/** A heat map; of a matrix with too many rows or columns, evenly spaced ones. */
async function drawDense(
  operator: Operator,
  left: number,
  top: number,
  width: number,
  height: number,
): Promise<string> {
  const { entries, across, down } = sample(operator, MOST_PIXELS);
  let largest = 0;
  for (let i = 0; i < entries.length; i += 2) {
    largest = Math.max(largest, Math.hypot(entries[i], entries[i + 1]));
  }
  const pixels = new Uint8Array(4 * across * down);
  for (let i = 0; i < across * down; i++) {
    const re = entries[2 * i], im = entries[2 * i + 1];
    const step = stepOf(Math.hypot(re, im), largest);
    // What is transparent has no hue, for the sake of packing.
    if (step > 0) pixels.set([...WHEEL[hueOf(re, im)], Math.round(255 * step / STEPS)], 4 * i);
  }
  const box = `x="${short(left)}" y="${short(top)}" width="${short(width)}" height="${short(height)}"`;
  const url = await pngUrl(across, down, pixels);
  return `<image ${box} preserveAspectRatio="none" style="image-rendering: pixelated" href="${url}"/>`;
}

/** How far apart the rows or columns are that are drawn of so many. */
export function spacing(size: number): number {
  return Math.ceil(size / MOST_PIXELS);
}

/** Entries of the linear part of an operator, row-major, complex and interleaved in any case. */
export function sample(
  operator: Operator,
  most: number,
): { entries: Float32Array; across: number; down: number } {
  const { rows, cols } = operator, unit = floats(operator.field);
  const right = Math.ceil(cols / most), below = Math.ceil(rows / most);
  const across = Math.ceil(cols / right), down = Math.ceil(rows / below);
  const entries = new Float32Array(2 * across * down);
  const shift = operator.apply(new Float32Array(cols * unit));
  const some = Math.max(1, Math.min(across, Math.floor(2 ** 18 / Math.max(rows, cols))));
  for (let first = 0; first < across; first += some) {
    const count = Math.min(some, across - first);
    const units = new Float32Array(count * cols * unit);
    for (let i = 0; i < count; i++) units[(i * cols + (first + i) * right) * unit] = 1;
    const columns = operator.apply(units);
    for (let i = 0; i < count; i++) {
      for (let row = 0; row < down; row++) {
        for (let part = 0; part < unit; part++) {
          const at = row * below * unit + part;
          entries[2 * (row * across + first + i) + part] = columns[i * rows * unit + at] - shift[at];
        }
      }
    }
  }
  return { entries, across, down };
}
