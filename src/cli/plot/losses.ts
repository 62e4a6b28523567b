/**
 * The errors of the trials of a search against their steps, on two logarithmic axes.
 *
 * @module
 */
import type { SearchRow } from "../../learn/search/search.ts";
import { EVERY } from "../../learn/search/trial.ts";
import { document, short, text } from "./svg.ts";

const WIDTH = 760, HEIGHT = 420, LEFT = 66, RIGHT = 120, TOP = 56, BOTTOM = 50;
/** Of models, in the order in which they appear; readable on light and dark backgrounds. */
const COLOURS = ["#2f7fd0", "#c96a1e", "#2a9163", "#8d62c9", "#c9485a"];

/** Draws them: a line for each trial, in the colour of its model; those that were left out are fainter. */
export function drawLosses(rows: readonly SearchRow[], title: string): string {
  const lines = rows.map(({ trial, racing, errors }) => ({
    model: trial.model,
    racing,
    points: errors.map((error, i) => [1 + i * EVERY, error] as const).filter(([, error]) =>
      error > 0 && error < 1e3
    ),
  }));
  const all = lines.flatMap(({ points }) => points), models = [...new Set(lines.map(({ model }) => model))];
  const most = Math.max(EVERY, ...all.map(([step]) => step));
  const low = Math.floor(Math.log10(Math.min(0.1, ...all.map(([, error]) => error))));
  const high = Math.ceil(Math.log10(Math.max(1, ...all.map(([, error]) => error))));
  const x = (step: number): number => LEFT + (WIDTH - LEFT - RIGHT) * Math.log(step) / Math.log(most);
  const y = (error: number): number =>
    TOP + (HEIGHT - TOP - BOTTOM) * (high - Math.log10(error)) / (high - low);
  const elements = [
    text(LEFT, 26, title, { size: 15, tone: "bold" }),
    text(LEFT, 44, "relative error of each trial while it races; those left out are fainter", {
      tone: "faint",
    }),
    `<rect class="panel" x="${LEFT}" y="${TOP}" width="${WIDTH - LEFT - RIGHT}" height="${
      HEIGHT - TOP - BOTTOM
    }"/>`,
  ];
  for (let power = low; power <= high; power++) {
    const at = short(y(10 ** power));
    elements.push(
      `<line x1="${LEFT}" x2="${
        WIDTH - RIGHT
      }" y1="${at}" y2="${at}" stroke="var(--line)" stroke-width="0.5"/>`,
      text(LEFT - 8, y(10 ** power) + 4, String(Number(`1e${power}`)), { anchor: "end" }),
    );
  }
  for (let step = 1; step <= most; step *= 10) {
    elements.push(text(x(step), HEIGHT - BOTTOM + 18, String(step), { anchor: "middle" }));
  }
  elements.push(
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, "steps of Adam", { anchor: "middle", tone: "faint" }),
  );
  // Those still racing lie on top.
  for (const { model, racing, points } of [...lines].sort((a, b) => Number(a.racing) - Number(b.racing))) {
    if (points.length === 0) continue;
    const path = points.map(([step, error]) => `${short(x(step))},${short(y(error))}`).join(" ");
    const colour = COLOURS[models.indexOf(model) % COLOURS.length];
    elements.push(
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="${racing ? 2 : 1}" ` +
        `opacity="${racing ? 1 : 0.45}"/>`,
    );
  }
  models.forEach((model, i) => {
    const at = TOP + 14 + 20 * i, left = WIDTH - RIGHT + 14;
    elements.push(
      `<line x1="${left}" x2="${left + 18}" y1="${at}" y2="${at}" stroke="${COLOURS[i % COLOURS.length]}" ` +
        `stroke-width="3"/>`,
      text(left + 24, at + 4, model),
    );
  });
  return document(WIDTH, HEIGHT, title, elements);
}
