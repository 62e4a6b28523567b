/**
 * A small line chart on two logarithmic axes, as an SVG that reads well on light and dark pages.
 *
 * @module
 */

/** One line of the chart. */
export interface Series {
  readonly name: string;
  /** (n, µs per vector), both positive. */
  readonly points: readonly (readonly [n: number, time: number])[];
  /** "strong": our own, drawn thicker; "floor": dashed and grey, a bound rather than a measurement. */
  readonly style?: "strong" | "floor";
}

/** What to draw. */
export interface Chart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
}

const WIDTH = 860;
const HEIGHT = 500;
const LEFT = 84;
const RIGHT = 226;
const TOP = 52;
const BOTTOM = 62;
const LABEL_GAP = 17;

/** [on light, on dark], of similar contrast (at least 4.5 : 1) against each background. */
const COLOURS: readonly (readonly [string, string])[] = [
  ["#1766ad", "#6cb2f0"],
  ["#b3480a", "#f5a05c"],
  ["#19754a", "#5ecb93"],
  ["#7442ad", "#bb9cf0"],
  ["#b52e38", "#f27f83"],
  ["#08737f", "#54c7d3"],
  ["#745522", "#d3ae7a"],
  ["#a33079", "#ee93d0"],
  ["#4d6a12", "#a9cc5e"],
  ["#4a55c4", "#a3acff"],
];

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c] ?? c);
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** "0.1", "10", "1000", and the axis says µs. */
function tick(value: number): string {
  return value >= 1 ? String(Math.round(value)) : String(Number(value.toPrecision(1)));
}

/** Moves label positions apart to at least `gap`, keeping their order and staying within the bounds where possible. */
function spread(wanted: readonly number[], gap: number, low: number, high: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b]);
  const at = [...wanted];
  let previous = low - gap;
  for (const i of order) previous = at[i] = Math.max(at[i], previous + gap);
  let next = high + gap;
  for (const i of order.toReversed()) next = at[i] = Math.min(at[i], next - gap);
  return at;
}

function styleSheet(count: number): string {
  const rules = (dark: 0 | 1): string =>
    Array.from({ length: count }, (_, i) => {
      const colour = COLOURS[i % COLOURS.length][dark];
      return `.s${i}{stroke:${colour}}.f${i}{fill:${colour}}`;
    }).join("");
  return [
    "text{font:13px system-ui,-apple-system,'Segoe UI',sans-serif;fill:#24292f}",
    ".title{font-size:15px;font-weight:600}.axis{fill:#57606a}.strong{font-weight:600}",
    ".page{fill:#fff}.grid{stroke:#d8dee4;stroke-width:1}.minor{stroke-opacity:.45}.frame{stroke:#8c959f;stroke-width:1;fill:none}",
    ".line{fill:none;stroke-width:1.8;stroke-linejoin:round}.thick{stroke-width:3.4}",
    ".lead{stroke-width:1;opacity:.55;fill:none}",
    ".floor{stroke:#6e7781;stroke-dasharray:6 4;fill:none;stroke-width:1.6}.floorlead{stroke:#6e7781}",
    rules(0),
    "@media (prefers-color-scheme:dark){text{fill:#e6edf3}.axis{fill:#9da7b1}.page{fill:#0d1117}",
    ".grid{stroke:#262c34}.frame{stroke:#57606a}.floor,.floorlead{stroke:#9da7b1}",
    rules(1),
    "}",
  ].join("");
}

/**
 * Draws the chart.
 *
 * @returns the text of an SVG file, 860 × 500.
 * @throws RangeError if there is no point, or one that has no logarithm.
 *
 * @example
 * ```ts
 * const text = lineChart({
 *   title: "Time per vector", xLabel: "n", yLabel: "time per vector (µs)",
 *   series: [{ name: "FFT", points: [[64, 0.05], [256, 0.2]] }],
 * });
 * await Deno.writeTextFile("chart.svg", text);
 * ```
 */
export function lineChart(chart: Chart): string {
  const points = chart.series.flatMap((series) => series.points);
  if (points.length === 0) {
    throw new RangeError(`Cannot draw '${chart.title}': expected at least one point, got none`);
  }
  for (const [n, time] of points) {
    if (!(n > 0 && time > 0 && Number.isFinite(n * time))) {
      throw new RangeError(`Cannot draw '${chart.title}': (${n}, ${time}) has no logarithm`);
    }
  }
  const sizes = [...new Set(points.map(([n]) => n))].sort((a, b) => a - b);
  const times = points.map(([, time]) => time);
  const [x0, x1] = [Math.log2(sizes[0]) - 0.3, Math.log2(sizes[sizes.length - 1]) + 0.3];
  const [y0, y1] = [Math.log10(Math.min(...times)) - 0.15, Math.log10(Math.max(...times)) + 0.15];
  const right = WIDTH - RIGHT;
  const bottom = HEIGHT - BOTTOM;
  const px = (n: number): number => LEFT + (Math.log2(n) - x0) / (x1 - x0) * (right - LEFT);
  const py = (time: number): number => bottom - (Math.log10(time) - y0) / (y1 - y0) * (bottom - TOP);

  const out: string[] = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" ` +
    `role="img" aria-label="${escape(chart.title)}">`,
    `<style>${styleSheet(chart.series.length)}</style>`,
    `<rect class="page" width="${WIDTH}" height="${HEIGHT}" rx="6"/>`,
    `<text class="title" x="${LEFT}" y="30">${escape(chart.title)}</text>`,
  ];
  for (let decade = Math.floor(y0); decade <= y1; decade++) {
    for (const step of [1, 2, 5]) {
      const value = step * 10 ** decade;
      if (Math.log10(value) < y0 || Math.log10(value) > y1) continue;
      const y = round(py(value));
      out.push(`<path class="grid${step === 1 ? "" : " minor"}" d="M${LEFT} ${y}H${right}"/>`);
      // Only a narrow axis needs the steps between the powers of ten.
      if (step > 1 && y1 - y0 > 2.6) continue;
      out.push(`<text class="axis" x="${LEFT - 8}" y="${y}" dy="4" text-anchor="end">${tick(value)}</text>`);
    }
  }
  for (const n of sizes) {
    const x = round(px(n));
    out.push(`<path class="grid" d="M${x} ${TOP}V${bottom}"/>`);
    out.push(`<text class="axis" x="${x}" y="${bottom + 20}" text-anchor="middle">${n}</text>`);
  }
  out.push(`<rect class="frame" x="${LEFT}" y="${TOP}" width="${right - LEFT}" height="${bottom - TOP}"/>`);
  const middle = [(LEFT + right) / 2, (TOP + bottom) / 2];
  out.push(`<text x="${middle[0]}" y="${HEIGHT - 18}" text-anchor="middle">${escape(chart.xLabel)}</text>`);
  out.push(
    `<text transform="translate(26 ${middle[1]}) rotate(-90)" text-anchor="middle">${
      escape(chart.yLabel)
    }</text>`,
  );

  const drawn = chart.series.filter((series) => series.points.length > 0);
  const sorted = drawn.map((series) => series.points.toSorted((a, b) => a[0] - b[0]));
  const ends = sorted.map((line) => line[line.length - 1]);
  const labels = spread(ends.map(([, time]) => py(time)), LABEL_GAP, TOP + 4, bottom - 2);
  drawn.forEach((series, i) => {
    const floor = series.style === "floor";
    const line = sorted[i].map(([n, time], k) => `${k === 0 ? "M" : "L"}${round(px(n))} ${round(py(time))}`)
      .join("");
    const kind = floor ? "floor" : `line s${i}${series.style === "strong" ? " thick" : ""}`;
    out.push(`<path class="${kind}" d="${line}"/>`);
    if (!floor) {
      const radius = series.style === "strong" ? 3.6 : 2.6;
      for (const [n, time] of sorted[i]) {
        out.push(`<circle class="f${i}" cx="${round(px(n))}" cy="${round(py(time))}" r="${radius}"/>`);
      }
    }
    // The label stands beside the end of its line, so no legend has to be matched by colour.
    const [x, y] = [px(ends[i][0]), py(ends[i][1])];
    const lead = `M${round(x + 5)} ${round(y)}L${right + 8} ${round(labels[i])}H${right + 16}`;
    out.push(`<path class="lead ${floor ? "floorlead" : `s${i}`}" d="${lead}"/>`);
    out.push(
      `<text${series.style === "strong" ? ' class="strong"' : ""} x="${right + 21}" y="${
        round(labels[i])
      }" dy="4">` +
        `${escape(series.name)}</text>`,
    );
  });
  out.push("</svg>", "");
  return out.join("\n");
}
