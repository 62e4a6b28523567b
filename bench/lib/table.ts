/**
 * Aligned tables of measurements. They are Markdown at the same time, so what a run prints can be pasted into a page.
 *
 * @module
 */
import { type Measurement, timeRatio } from "./measure.ts";

/** A number of microseconds, with three significant digits. */
export function microseconds(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value >= 1000) return value.toFixed(0);
  return value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(value))));
}

/** A ratio: two decimals below 10, then three significant digits. */
export function ratio(value: number): string {
  if (!Number.isFinite(value)) return "–";
  return value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0);
}

/**
 * A Markdown table whose columns line up in a terminal too.
 *
 * @param header one title for each column.
 * @param rows cells; missing ones are left empty.
 * @param left how many columns are aligned to the left, the others to the right.
 */
export function alignTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  left = 1,
): string {
  const width = header.map((title, c) =>
    Math.max(3, title.length, ...rows.map((row) => (row[c] ?? "").length))
  );
  const pad = (text: string, c: number): string => c < left ? text.padEnd(width[c]) : text.padStart(width[c]);
  const line = (cells: readonly string[]): string =>
    `| ${header.map((_, c) => pad(cells[c] ?? "", c)).join(" | ")} |`;
  // The spacing that `deno fmt` wants, so that pages with these tables stay as they are written.
  const rule = line(width.map((w, c) => c < left ? "-".repeat(w) : "-".repeat(w - 1) + ":"));
  return [line(header), rule, ...rows.map(line)].join("\n");
}

/** The distinct values, in the order of their first appearance. */
function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

/** The measurement of one subject at one size, if there is one. */
export function find(
  measurements: readonly Measurement[],
  name: string,
  group: string,
  n: number,
  batch: number,
): Measurement | undefined {
  return measurements.find((m) => m.name === name && m.group === group && m.n === n && m.batch === batch);
}

/**
 * Times per vector of one group and batch: a row for each subject, a column for each size, in µs. With `spread`, the
 * quartiles stand behind each median, as a percentage of it.
 */
export function timeTable(
  measurements: readonly Measurement[],
  group: string,
  batch: number,
  spread = false,
): string {
  const these = measurements.filter((m) => m.group === group && m.batch === batch);
  const sizes = distinct(these.map((m) => m.n)).sort((a, b) => a - b);
  const rows = distinct(these.map((m) => m.name)).map((name) => [
    name,
    ...sizes.map((n) => {
      const m = find(these, name, group, n, batch);
      if (m === undefined) return "–";
      const quartiles = ` −${Math.round(100 * (1 - m.q1 / m.median))}/+${
        Math.round(100 * (m.q3 / m.median - 1))
      } %`;
      return microseconds(m.perVector) + (spread ? quartiles : "");
    }),
  ]);
  const title = batch === 1 ? `${group}, one vector` : `${group}, batch of ${batch}`;
  return alignTable([`${title} (µs per vector)`, ...sizes.map((n) => `n = ${n}`)], rows);
}

/** One side of a ratio: a subject, or several of which the fastest counts at each size. */
export interface Side {
  readonly label: string;
  readonly names: readonly string[];
  readonly group: string;
  readonly batch: number;
  /** The size, where it is the same for all sizes of the other side. */
  readonly n?: number;
}

/** The fastest subject of a side at size n, if one was measured. */
export function fastest(
  measurements: readonly Measurement[],
  side: Side,
  n: number,
): Measurement | undefined {
  return side.names
    .map((name) => find(measurements, name, side.group, side.n ?? n, side.batch))
    .filter((m) => m !== undefined)
    .sort((a, b) => a.perVector - b.perVector)[0];
}

/** The ratio of two sides at size n; NaN if one was not measured. */
export function sideRatio(measurements: readonly Measurement[], of: Side, to: Side, n: number): number {
  const [a, b] = [fastest(measurements, of, n), fastest(measurements, to, n)];
  return a === undefined || b === undefined ? NaN : timeRatio(a, b);
}
