/** Charts of the page on linear algebra: lines and points on linear or logarithmic axes, and pictures of grids. */
import { hex, hueOf, stepOf, STEPS, WHEEL } from "../../src/cli/plot/colour.ts";
import { pngUrl } from "../../src/cli/plot/png.ts";
import { document, short, text } from "../../src/cli/plot/svg.ts";

/** A line, or points. */
export interface Series {
  readonly name: string;
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  /** How it is drawn; "line". */
  readonly as?: "line" | "dashes" | "dots" | "both";
}

/** Axes and what is on them. */
export interface Chart {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly log?: "" | "x" | "y" | "xy";
  readonly series: readonly Series[];
}

/** Values on a grid, rows from the top: orange above zero, blue below. */
export interface Grid {
  readonly title: string;
  readonly rows: number;
  readonly cols: number;
  readonly values: ArrayLike<number>;
  /** The value with the full colour; the largest modulus when absent. */
  readonly full?: number;
}

const LEFT = 64, TOP = 62, HIGH = 240, BELOW = 70, GAP = 24, RIGHT = 20;
/** On light and on dark ground. */
const COLOURS = [["#1766ad", "#6cb2f0"], ["#b3480a", "#f5a05c"], ["#19754a", "#5ecb93"], [
  "#7442ad",
  "#bb9cf0",
]];

const rules = (shade: 0 | 1): string =>
  COLOURS.map((c, i) => `.line${i} { stroke: ${c[shade]} } .dot${i} { fill: ${c[shade]} }`).join("\n");
const STYLE = `<style>
path { fill: none; stroke-width: 1.8 }
.rule { stroke: var(--line); stroke-width: 0.6; opacity: 0.6 }
${rules(0)}
@media (prefers-color-scheme: dark) {
${rules(1)}
}
</style>`;

/** Panels beside each other under a title. */
export async function draw(title: string, panels: readonly (Chart | Grid)[], wide = 340): Promise<string> {
  const elements = [STYLE, text(20, 28, title, { size: 17, tone: "bold" })];
  let left = 20;
  for (const panel of panels) {
    if ("series" in panel) {
      elements.push(...chart(panel, left + LEFT, wide));
      left += LEFT + wide + RIGHT + GAP;
    } else {
      elements.push(
        await picture(panel, left),
        text(left, TOP - 10, panel.title, { size: 13, tone: "bold" }),
      );
      left += HIGH * panel.cols / panel.rows + GAP;
    }
  }
  return document(left, TOP + HIGH + BELOW, title, elements);
}

/** Places on an axis from 0 to 1, and where its ticks are. */
function axis(values: readonly number[], log: boolean): { at: (v: number) => number; ticks: number[] } {
  const finite = values.filter((v) => Number.isFinite(v) && (!log || v > 0));
  let low = Math.min(...finite), high = Math.max(...finite);
  if (log) {
    [low, high] = [Math.log10(low), Math.log10(high)];
    const pad = 0.04 * (high - low || 1), every = Math.max(1, Math.ceil((high - low) / 7));
    [low, high] = [low - pad, high + pad];
    const decades = Array.from(
      { length: Math.floor(high) - Math.ceil(low) + 1 },
      (_, i) => Math.ceil(low) + i,
    );
    // Within one decade, the steps between.
    const ticks = decades.length >= 2
      ? decades.filter((d) => d % every === 0).map((d) => 10 ** d)
      : Array.from({ length: Math.ceil(high) - Math.floor(low) }, (_, i) => 10 ** (Math.floor(low) + i))
        .flatMap((d) => [d, 2 * d, 5 * d]).filter((v) => Math.log10(v) >= low && Math.log10(v) <= high);
    return { at: (v) => (Math.log10(v) - low) / (high - low), ticks };
  }
  const pad = 0.04 * (high - low || 1),
    rough = (high - low) / 5 || 1,
    power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough)!;
  [low, high] = [low - pad, high + pad];
  const ticks: number[] = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) ticks.push(k * step);
  return { at: (v) => (v - low) / (high - low), ticks };
}

function label(value: number): string {
  const shown = Number(value.toPrecision(3)), size = Math.abs(shown);
  return size !== 0 && (size >= 1e5 || size < 1e-3) ? shown.toExponential().replace("e+", "e") : `${shown}`;
}

function chart({ title, x, y, log = "", series }: Chart, left: number, wide: number): string[] {
  const bottom = TOP + HIGH,
    all = (key: "x" | "y"): number[] => series.flatMap((one) => Array.from(one[key]));
  const across = axis(all("x"), log.includes("x")), up = axis(all("y"), log.includes("y"));
  const px = (v: number): string => short(left + wide * across.at(v));
  const py = (v: number): string => short(bottom - HIGH * up.at(v));
  const out = [
    text(left, TOP - 10, title, { size: 13, tone: "bold" }),
    `<rect class="panel" x="${left}" y="${TOP}" width="${wide}" height="${HIGH}"/>`,
    text(left + wide / 2, bottom + 36, x, { size: 11, anchor: "middle", tone: "faint" }),
    `<g transform="rotate(-90 ${left - 48} ${TOP + HIGH / 2})">${
      text(left - 48, TOP + HIGH / 2, y, { size: 11, anchor: "middle", tone: "faint" })
    }</g>`,
  ];
  for (const v of across.ticks) {
    out.push(`<path class="rule" d="M${px(v)} ${TOP}V${bottom}"/>`);
    out.push(text(Number(px(v)), bottom + 16, label(v), { size: 11, anchor: "middle", tone: "faint" }));
  }
  for (const v of up.ticks) {
    out.push(`<path class="rule" d="M${left} ${py(v)}H${left + wide}"/>`);
    out.push(text(left - 6, Number(py(v)) + 4, label(v), { size: 11, anchor: "end", tone: "faint" }));
  }
  for (const [i, one] of series.entries()) {
    const { as = "line" } = one,
      points = Array.from(one.x, (v, k) => [v, one.y[k]] as const)
        .filter(([a, b]) => Number.isFinite(across.at(a)) && Number.isFinite(up.at(b)))
        .map(([a, b]) => [px(a), py(b)] as const);
    if (as !== "dots") {
      const dashes = as === "dashes" ? ` stroke-dasharray="5 3"` : "";
      out.push(`<path class="line${i}"${dashes} d="M${points.map((p) => p.join(" ")).join("L")}"/>`);
    }
    if (as === "dots" || as === "both") {
      const r = as === "both" ? 3 : 1.6;
      out.push(...points.map(([a, b]) => `<circle class="dot${i}" cx="${a}" cy="${b}" r="${r}"/>`));
    }
  }
  if (series.length > 1) out.push(...legend(series, left));
  return out;
}

/** In a row below the axis; what has no name is not in it. */
function legend(series: readonly Series[], left: number): string[] {
  let x = left;
  return series.flatMap(({ name, as }, i) => {
    if (name === "") return [];
    const from = x, y = TOP + HIGH + 58, dashes = as === "dashes" ? ` stroke-dasharray="5 3"` : "";
    x += 42 + 6 * name.length;
    const sign = as === "dots"
      ? `<circle class="dot${i}" cx="${short(from + 12)}" cy="${y - 4}" r="2.5"/>`
      : `<path class="line${i}"${dashes} d="M${short(from)} ${y - 4}h18"/>`;
    return [sign, text(from + 24, y, name, { size: 11 })];
  });
}

async function picture({ rows, cols, values, full }: Grid, left: number): Promise<string> {
  let largest = full ?? 0;
  if (full === undefined) { for (const v of Array.from(values)) largest = Math.max(largest, Math.abs(v)); }
  const pixels = new Uint8Array(4 * rows * cols);
  for (let i = 0; i < rows * cols; i++) {
    pixels.set([
      ...WHEEL[hueOf(values[i], 0)],
      Math.round(255 * stepOf(Math.abs(values[i]), largest) / STEPS),
    ], 4 * i);
  }
  const wide = short(HIGH * cols / rows), url = await pngUrl(cols, rows, pixels);
  const box = `x="${short(left)}" y="${TOP}" width="${wide}" height="${HIGH}"`;
  return `<rect class="panel" ${box}/><image ${box} preserveAspectRatio="none" style="image-rendering: pixelated" ` +
    `href="${url}"/><!-- ${hex(WHEEL[0])} above zero -->`;
}
