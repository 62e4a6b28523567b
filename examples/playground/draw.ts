/// <reference lib="dom" />
/** Pictures on canvases: matrices, factors, the loss. Colours of numbers are those of the library's own pictures. */
import { hueOf, WHEEL } from "../../src/cli/plot/colour.ts";
import type { Panel } from "../../src/cli/plot/panels.ts";

/** Pixels of a canvas's longer side: twice what is seen, for sharp screens. */
const SIDE = 640, SMALL_SIDE = 320;

/** Prepares a canvas for a matrix; gives its context and the size of a cell. */
function prepare(
  canvas: HTMLCanvasElement,
  rows: number,
  cols: number,
  side: number,
): [CanvasRenderingContext2D, number] {
  const longer = Math.max(rows, cols), cell = side / longer;
  canvas.width = Math.max(4, Math.round(cols * cell));
  canvas.height = Math.max(4, Math.round(rows * cell));
  return [canvas.getContext("2d")!, cell];
}

/** A dense matrix as a heat map: row-major entries, complex and interleaved in any case. */
export function drawDense(
  canvas: HTMLCanvasElement,
  entries: ArrayLike<number>,
  rows: number,
  cols: number,
): void {
  const [context] = prepare(canvas, rows, cols, SIDE);
  const small = new ImageData(cols, rows), { data } = small;
  let largest = 0;
  for (let i = 0; i < 2 * rows * cols; i += 2) {
    largest = Math.max(largest, Math.hypot(entries[i], entries[i + 1]));
  }
  for (let i = 0; i < rows * cols; i++) {
    const re = entries[2 * i], im = entries[2 * i + 1], share = Math.hypot(re, im) / (largest || 1);
    data.set(WHEEL[hueOf(re, im)], 4 * i);
    data[4 * i + 3] = Math.round(255 * Math.sqrt(share));
  }
  const own = document.createElement("canvas");
  own.width = cols;
  own.height = rows;
  own.getContext("2d")!.putImageData(small, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(own, 0, 0, canvas.width, canvas.height);
}

/** A sparse factor: a square for each entry that may be nonzero. */
export function drawFactor(canvas: HTMLCanvasElement, panel: Panel, ink: string): void {
  const [context, cell] = prepare(canvas, panel.rows, panel.cols, SMALL_SIDE);
  const entries: number[] = [];
  let largest = 0;
  panel.entries?.((row, col, re, im) => {
    entries.push(row, col, re, im);
    largest = Math.max(largest, Math.hypot(re, im));
  });
  // Never so small that it could not be seen.
  const dot = Math.max(cell * 0.9, 4), inset = (cell - dot) / 2;
  for (let i = 0; i < entries.length; i += 4) {
    const [row, col, re, im] = [entries[i], entries[i + 1], entries[i + 2], entries[i + 3]];
    const share = Math.hypot(re, im) / (largest || 1);
    if (share === 0) continue;
    context.fillStyle = panel.ones ? ink : `rgb(${WHEEL[hueOf(re, im)].join(" ")} / ${Math.sqrt(share)})`;
    context.fillRect(col * cell + inset, row * cell + inset, dot, dot);
  }
}

/** A line of the plot: errors, and which of the four forms they are of. */
export interface Line {
  readonly form: number;
  readonly errors: readonly number[];
  /** An earlier random start: fainter. */
  readonly old: boolean;
}

/** What the plot takes from the page's style. */
export interface Ink {
  readonly line: string;
  readonly faint: string;
  readonly forms: readonly string[];
}

const LOWEST = 1e-8;
/** Where so many steps have not come below this, the axis does not go far below it either. */
const HIGH = 0.03, MANY = 1000;

/** Prepares the plot: logarithmic in the error, and in the steps where there are many. */
function axes(
  canvas: HTMLCanvasElement,
  most: number,
  ink: Ink,
  lowest: number,
): { context: CanvasRenderingContext2D; x: (step: number) => number; y: (error: number) => number } {
  const ratio = Math.min(3, devicePixelRatio || 1), { clientWidth: width, clientHeight: height } = canvas;
  canvas.width = Math.max(1, width * ratio);
  canvas.height = Math.max(1, height * ratio);
  const context = canvas.getContext("2d")!;
  context.scale(ratio, ratio);
  const left = 44, right = width - 10, top = 10, bottom = height - 24;
  // The end is where something happens: a root gives the beginning less room than many steps would.
  const bend = (step: number): number => most > 600 ? Math.sqrt(step / most) : step / most;
  const x = (step: number): number => left + (right - left) * bend(step);
  const y = (error: number): number =>
    top + (bottom - top) * Math.log10(Math.min(2, Math.max(error, lowest)) / 2) / Math.log10(lowest / 2);
  context.font = "11px system-ui, sans-serif";
  context.fillStyle = ink.faint;
  context.strokeStyle = ink.line;
  context.textAlign = "right";
  context.textBaseline = "middle";
  const every = lowest > LOWEST ? 1 : 2;
  for (let power = 0; 10 ** power >= 0.99 * lowest; power -= every) {
    const at = Math.round(y(10 ** power)) + 0.5;
    context.beginPath();
    context.moveTo(left, at);
    context.lineTo(right, at);
    context.stroke();
    context.fillText(power === 0 ? "1" : `1e${power}`, left - 8, at);
  }
  context.textBaseline = "alphabetic";
  context.textAlign = "left";
  context.fillText("0", left, height - 6);
  context.textAlign = "right";
  context.fillText(`${Math.round(most)} steps`, right, height - 6);
  return { context, x, y };
}

/** The errors of all lines against their steps, and a dot at the head of the last one. */
export function drawLoss(canvas: HTMLCanvasElement, lines: readonly Line[], head: number, ink: Ink): void {
  const most = Math.max(220, ...lines.map(({ errors }) => errors.length));
  const steps = lines.reduce((sum, { errors }) => sum + errors.length, 0);
  const high = steps > MANY && lines.every(({ errors }) => errors.every((error) => error > HIGH));
  const { context, x, y } = axes(canvas, most, ink, high ? HIGH / 3 : LOWEST);
  context.lineJoin = "round";
  const draw = ({ form, errors, old }: Line, at: number): void => {
    context.strokeStyle = context.fillStyle = ink.forms[form];
    context.globalAlpha = at === head ? 1 : old ? 0.25 : 0.6;
    context.lineWidth = at === head ? 2.2 : 1.4;
    context.beginPath();
    // As many points as there are pixels are enough.
    const every = Math.max(1, Math.floor(errors.length / 800));
    for (let i = 0; i < errors.length; i += every) context.lineTo(x(i), y(errors[i]));
    const last = errors.length - 1;
    context.lineTo(x(last), y(errors[last]));
    context.stroke();
    if (at !== head) return;
    context.beginPath();
    context.arc(x(last), y(errors[last]), 4.5, 0, 2 * Math.PI);
    context.fill();
  };
  // The one to look at lies on top.
  lines.forEach((line, at) => at === head || draw(line, at));
  if (lines[head] !== undefined) draw(lines[head], head);
  context.globalAlpha = 1;
}

/** The relative errors of what was tried, a row for each; hollow where a test said not to try. */
export function drawTried(
  canvas: HTMLCanvasElement,
  tried: readonly { readonly model: string; readonly error: number; readonly passed: boolean }[],
  ink: Ink,
): void {
  const ratio = Math.min(3, devicePixelRatio || 1), { clientWidth: width, clientHeight: height } = canvas;
  canvas.width = Math.max(1, width * ratio);
  canvas.height = Math.max(1, height * ratio);
  const context = canvas.getContext("2d")!, left = 14, right = width - 14, bottom = height - 26;
  context.scale(ratio, ratio);
  const x = (error: number): number =>
    left + (right - left) * Math.log10(Math.min(1, Math.max(error, LOWEST))) / Math.log10(LOWEST);
  context.font = "11px system-ui, sans-serif";
  context.textAlign = "center";
  context.fillStyle = ink.faint;
  context.strokeStyle = ink.line;
  for (let power = 0; power >= -8; power -= 2) {
    const at = Math.round(x(10 ** power)) + 0.5;
    context.beginPath();
    context.moveTo(at, 0);
    context.lineTo(at, bottom + 4);
    context.stroke();
    context.fillText(power === 0 ? "1" : `1e${power}`, at, height - 8);
  }
  // The last are the nearest; more rows than these could not be read.
  const shown = tried.slice(-6), each = Math.min(52, (bottom - 6) / Math.max(1, shown.length));
  shown.forEach(({ model, error, passed }, i) => {
    const y = Math.round((i + 0.5) * each) + 8;
    context.strokeStyle = context.fillStyle = ink.forms[passed ? 1 : 0];
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(left, y);
    context.lineTo(x(error), y);
    context.stroke();
    context.beginPath();
    context.arc(x(error), y, 4.5, 0, 2 * Math.PI);
    if (passed) context.stroke();
    else context.fill();
    context.fillStyle = ink.faint;
    context.font = "12.5px system-ui, sans-serif";
    context.textAlign = "left";
    let text = model;
    while (text.length > 4 && context.measureText(`${text} …`).width > right - left) text = text.slice(0, -2);
    context.fillText(text === model ? model : `${text} …`, left + 2, y - 9);
  });
}
