/**
 * Error against parameters of all that `compress` tried, a panel for each matrix, both axes logarithmic.
 *
 * @module
 */

import type { Tried } from "../../learn/compress.ts";
import { STRUCTURES } from "../../learn/plans.ts";
import { count, small } from "../text.ts";
import { document, short, text } from "./svg.ts";

/** What was tried of one matrix. */
export interface ErrorPanel {
  readonly title: string;
  /** Numbers of the dense matrix. */
  readonly dense: number;
  readonly tried: readonly Tried[];
  /** What was chosen. */
  readonly best?: Tried;
}

/** What is said besides. */
export interface ErrorsOptions {
  readonly title: string;
  /** Limits, drawn as dashed lines; as `compress` takes them. */
  readonly maxParameters?: number;
  /** As `compress` takes it. */
  readonly maxError?: number;
}

/** More panels than this are not drawn. */
const MOST = 60;
/** In px: the plot of a panel, what is around it, and around all. */
const WIDTH = 300, HEIGHT = 200, LEFT = 62, RIGHT = 18, ABOVE = 30, BELOW = 46, MARGIN = 20, HEAD = 84;
/** Errors below are rounding of float32, and drawn there. */
const LEAST = 1e-7;
/** Colours of the structures, on light and on dark ground, and whether the line is dashed: baselines are. */
const STYLES: readonly (readonly [light: string, dark: string, dashed?: boolean])[] = [
  ["#1766ad", "#6cb2f0"],
  ["#b52e38", "#f27f83"],
  ["#19754a", "#5ecb93"],
  ["#b3480a", "#f5a05c"],
  ["#7442ad", "#bb9cf0"],
  ["#454c56", "#b6bec8", true],
  ["#745522", "#d3ae7a", true],
  ["#a33079", "#ee93d0", true],
];

/** Draws the panels, in rows of three. The picture is readable on light and dark backgrounds. */
export function drawErrors(panels: readonly ErrorPanel[], options: ErrorsOptions): string {
  const shown = panels.slice(0, MOST), columns = Math.min(3, shown.length);
  // One alone has more room.
  const [wide, high] = shown.length === 1 ? [640, 340] : [WIDTH, HEIGHT];
  const pitch = LEFT + wide + RIGHT, rise = ABOVE + high + BELOW;
  const width = Math.max(2 * MARGIN + columns * pitch, 760);
  const height = HEAD + Math.ceil(shown.length / columns) * rise + MARGIN;
  const points = shown.flatMap(({ tried, dense }) =>
    tried.map((one) => ({ ...one, part: one.parameters / dense }))
  );
  const used = STRUCTURES.filter((name) => points.some(({ structure }) => structure === name));
  const x: Axis = { from: Math.log10(least(points.map(({ part }) => part), 0.3)) - 0.08, to: 0.02 };
  const ring = shown.some(({ best }) => best) ? "; a ring marks what was taken" : "";
  const more = shown.length < panels.length ? `, the first ${MOST} of ${panels.length} matrices` : "";
  const elements = [
    style(),
    text(MARGIN, 30, options.title, { size: 17, tone: "bold" }),
    text(MARGIN, 49, `error against parameters of each matrix${more}${ring}`, {
      tone: "faint",
    }),
    ...legend(used),
    ...shown.flatMap((panel, i) => {
      const left = MARGIN + LEFT + (i % columns) * pitch, top = HEAD + ABOVE + Math.floor(i / columns) * rise;
      return drawPanel(panel, options, { left, top, wide, high }, x);
    }),
  ];
  return document(width, height, `${options.title}: error against parameters`, elements);
}

/** Logarithms to base ten of both ends. */
interface Axis {
  readonly from: number;
  readonly to: number;
}

/** Where the plot of a panel is, in px. */
interface Box {
  readonly left: number;
  readonly top: number;
  readonly wide: number;
  readonly high: number;
}

function drawPanel(
  { title, dense, tried, best }: ErrorPanel,
  { maxParameters, maxError }: ErrorsOptions,
  { left, top, wide, high }: Box,
  x: Axis,
): string[] {
  const lowest = Math.max(LEAST, least(tried.map(({ error }) => error), 0.8));
  const y: Axis = { from: Math.log10(lowest) - (lowest > LEAST ? 0.1 : 0), to: 0.05 };
  const bottom = top + high, right = left + wide;
  const at = (parameters: number): number =>
    left + (Math.log10(parameters / dense) - x.from) / (x.to - x.from) * wide;
  const of = (error: number): number =>
    bottom - Math.max(0, (Math.log10(Math.max(error, LEAST / 2)) - y.from) / (y.to - y.from)) * high;
  const name = title.length > 44 ? `${title.slice(0, 28)}…${title.slice(-14)}` : title;
  const out = [
    text(left, top - 10, name, { size: 13, tone: "bold" }),
    `<rect class="panel" x="${left}" y="${top}" width="${wide}" height="${high}"/>`,
  ];
  for (const value of ticks(x)) {
    const p = short(at(value * dense));
    out.push(`<path class="rule" d="M${p} ${top}V${bottom}"/>`);
    out.push(text(Number(p), bottom + 15, percent(value), { size: 11, anchor: "middle", tone: "faint" }));
  }
  for (const value of ticks(y)) {
    const p = short(of(value));
    out.push(`<path class="rule" d="M${left} ${p}H${right}"/>`);
    out.push(text(left - 6, Number(p) + 4, percent(value), { size: 11, anchor: "end", tone: "faint" }));
  }
  out.push(text((left + right) / 2, bottom + 32, `parameters, of ${count(dense)}`, {
    size: 11,
    anchor: "middle",
    tone: "faint",
  }));
  const limit = (path: string): string => `<path class="limit" d="${path}"/>`;
  if (maxParameters !== undefined) {
    const p = at(maxParameters <= 1 ? maxParameters * dense : Math.min(maxParameters, dense));
    if (p >= left) out.push(limit(`M${short(p)} ${top}V${bottom}`));
  }
  if (maxError !== undefined && of(maxError) < bottom) {
    out.push(limit(`M${left} ${short(of(maxError))}H${right}`));
  }
  for (const [i, structure] of STRUCTURES.entries()) {
    const own = tried.filter((one) => one.structure === structure);
    let nearest = Infinity, line = "";
    for (
      const { parameters, error } of own.toSorted((a, b) => a.parameters - b.parameters || a.error - b.error)
    ) {
      const [px, py] = [short(at(parameters)), short(of(error))];
      out.push(`<circle class="fill${i}" cx="${px}" cy="${py}" r="2.6"/>`);
      // The line joins what is nearer than all that is smaller.
      if (error >= nearest) continue;
      nearest = error;
      line += `${line === "" ? "M" : "L"}${px} ${py}`;
    }
    if (line.includes("L")) out.push(`<path class="line${i}" d="${line}"/>`);
  }
  if (best) {
    out.push(`<circle class="ring" cx="${short(at(best.parameters))}" cy="${short(of(best.error))}" r="7"/>`);
  }
  return out;
}

function least(values: readonly number[], otherwise: number): number {
  return values.reduce((least, value) => Math.min(least, value), otherwise);
}

/** Powers of ten, with the steps between where there are few of them; not too many. */
function ticks({ from, to }: Axis): number[] {
  const span = to - from,
    steps = span > 2.6 ? [1] : span > 1 ? [1, 3] : [1, 2, 3, 5, 7],
    found: number[] = [];
  const every = Math.ceil(span / 8);
  for (let decade = 0; decade >= from - 1; decade -= every) {
    for (const step of steps) {
      const value = step * 10 ** decade;
      if (Math.log10(value) >= from && Math.log10(value) <= to) found.push(value);
    }
  }
  return found;
}

/** "100 %", "0.01 %", "1e-5 %" */
function percent(part: number): string {
  const value = Number((100 * part).toPrecision(2));
  return `${value >= 0.001 ? value : small(value).replace(".0e", "e")} %`;
}

function legend(used: readonly (typeof STRUCTURES)[number][]): string[] {
  let x = MARGIN;
  return used.flatMap((name) => {
    const i = STRUCTURES.indexOf(name), from = x;
    x += 44 + 6.7 * name.length;
    return [
      `<path class="line${i}" d="M${short(from)} 68H${short(from + 20)}"/>`,
      `<circle class="fill${i}" cx="${short(from + 10)}" cy="68" r="2.6"/>`,
      text(from + 25, 72, name),
    ];
  });
}

function style(): string {
  const rules = (dark: 0 | 1): string =>
    STYLES.map((colours, i) => `.line${i} { stroke: ${colours[dark]} } .fill${i} { fill: ${colours[dark]} }`)
      .join("\n");
  const lines = STYLES.map(([, , dashed], i) =>
    `.line${i} { fill: none; stroke-width: 1.8;${dashed ? " stroke-dasharray: 5 3" : ""} }`
  ).join("\n");
  return `<style>
${lines}
.rule { stroke: var(--line); stroke-width: 0.6; opacity: 0.6 }
.limit { stroke: var(--ink); stroke-dasharray: 2 4 }
.ring { fill: none; stroke: var(--ink); stroke-width: 1.6 }
${rules(0)}
@media (prefers-color-scheme: dark) {
${rules(1)}
}
</style>`;
}
