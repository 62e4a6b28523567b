/**
 * The tables of a run, in the terminal and in README.md.
 *
 * @module
 */
import { alignTable, microseconds, ratio } from "./lib/table.ts";
import type { Row } from "./run.ts";

/** The distinct values, in the order of their first appearance. */
function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

/** The groups and batch sizes of a run, in the order of their tables. */
export function tableKeys(rows: readonly Row[]): { group: string; batch: number }[] {
  return distinct(rows.map(({ batch }) => batch)).flatMap((batch) =>
    distinct(rows.map(({ group }) => group))
      .filter((group) => rows.some((row) => row.group === group && row.batch === batch))
      .map((group) => ({ group, batch }))
  );
}

/** Finds a row. */
export function findRow(
  rows: readonly Row[],
  name: string,
  group: string,
  n: number,
  batch: number,
): Row | undefined {
  return rows.find((row) => row.name === name && row.group === group && row.n === n && row.batch === batch);
}

/**
 * One group and batch: a row for each subject, a column for each size.
 *
 * @param title of the first column.
 * @param cell the text for one measurement.
 */
export function groupTable(
  rows: readonly Row[],
  { group, batch }: { group: string; batch: number },
  title: string,
  cell: (row: Row) => string,
): string {
  const these = rows.filter((row) => row.group === group && row.batch === batch);
  const sizes = distinct(these.map(({ n }) => n)).sort((a, b) => a - b);
  const lines = distinct(these.map(({ name }) => name)).map((name) => [
    name,
    ...sizes.map((n) => {
      const row = findRow(these, name, group, n, batch);
      return row === undefined ? "–" : cell(row);
    }),
  ]);
  return alignTable([title, ...sizes.map((n) => `n = ${n}`)], lines);
}

/** "one vector", or the size of the batch. */
export function batchText(batch: number): string {
  return batch === 1 ? "one vector" : `batch of ${batch}`;
}

/** µs per vector of every group; with `spread`, the quartiles stand behind each median, as a percentage of it. */
export function timeTables(rows: readonly Row[], spread = false): string[] {
  const cell = (row: Row): string => {
    const low = Math.round(100 * (1 - row.q1 / row.median)),
      high = Math.round(100 * (row.q3 / row.median - 1));
    return microseconds(row.perVector) + (spread ? ` −${low}/+${high} %` : "");
  };
  return tableKeys(rows).map((key) =>
    groupTable(rows, key, `${key.group}, ${batchText(key.batch)} (µs per vector)`, cell)
  );
}

/** Times of one group and batch as multiples of the relaxed butterfly's. */
export function relativeTable(rows: readonly Row[], key: { group: string; batch: number }): string {
  const title = `${key.group}, ${batchText(key.batch)}: time / papillon butterfly, relaxed`;
  return groupTable(rows, key, title, (row) => row.relative === undefined ? "–" : ratio(row.relative));
}

/** The ways of one library to make a dense product count as one: the fastest at each size. */
const DENSE = [
  "OpenBLAS",
  "onnxruntime-web",
  "tfjs wasm",
  "jax-js wasm",
  "TypeScript loops",
  "papillon Dense",
];

/** Where the dense product of each library is overtaken by the real butterfly, or an empty text. */
export function crossoverTable(rows: readonly Row[], batch: number): string {
  const dense = rows.filter((row) => row.group === "real dense products" && row.batch === batch);
  const sizes = distinct(dense.map(({ n }) => n)).sort((a, b) => a - b);
  const lines = DENSE.flatMap((library) => {
    const best = sizes.map((n) => {
      const ways = dense.filter((row) =>
        row.n === n && row.name.startsWith(library) && row.relative !== undefined
      );
      return Math.min(...ways.map((row) => row.relative!));
    });
    if (!best.some(Number.isFinite)) return [];
    const last = best.findLastIndex((value) => value < 1);
    return [[library, ...best.map(ratio), last === -1 ? "at no size" : `up to ${sizes[last]}`]];
  });
  if (lines.length === 0) return "";
  const title = `dense product / real butterfly, ${batchText(batch)}`;
  return alignTable([title, ...sizes.map((n) => `n = ${n}`), "dense is faster"], lines);
}
