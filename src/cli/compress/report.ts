/**
 * What `papillon compress` says at its end, in words and as JSON.
 *
 * @module
 */

import { quote } from "../../io/bytes.ts";
import type { Checkpoint } from "../../io/checkpoint.ts";
import type { Compressed, Compression } from "../../learn/compress.ts";
import type { Output } from "../files.ts";
import { count, microseconds, small, wrap } from "../text.ts";
import { type Matrix, unfit } from "./matrices.ts";

/** What became of a matrix. */
export interface Replacement {
  readonly matrix: Matrix;
  readonly compression: Compression;
}

/** What became of a checkpoint. */
export interface Summary {
  readonly path: string;
  /** Of the file that was read. */
  readonly bytes: number;
  readonly checkpoint: Checkpoint;
  readonly maxParameters: number | undefined;
  readonly maxError: number | undefined;
  readonly seed: number;
  readonly out: string | undefined;
  readonly plot: string | undefined;
  readonly done: readonly Replacement[];
  readonly outputs: readonly Output[];
  readonly seconds: number;
}

/** Widths of the lines of prose. */
const WIDTH = 98;

/** The object that --json prints. */
export function report(summary: Summary): unknown {
  const { path, bytes, maxParameters, maxError, seed, out, plot, done, outputs, seconds } = summary;
  const written = (path: string | undefined): Output | undefined => outputs.find((one) => one.path === path);
  return {
    model: path,
    maxParameters: maxParameters ?? null,
    maxError: maxError ?? null,
    seed,
    tensors: done.map(({ matrix: { name, rows, cols, field, dtype }, compression }) => ({
      name,
      rows,
      cols,
      field,
      dtype,
      parameters: rows * cols,
      microseconds: compression.dense.microseconds,
      best: compression.best ? entry(compression.best) : null,
      verdict: compression.verdict,
      table: compression.table.map(entry),
      tried: compression.tried,
    })),
    copied: [...summary.checkpoint.tensors].filter(([name]) => !replaced(done, name)).map((
      [name, { dtype, shape }],
    ) => ({ name, dtype, shape })),
    parameters: parameters(done),
    bytes: { before: bytes, after: written(out)?.bytes.length ?? null },
    seconds,
    out: written(out)?.path ?? null,
    plot: written(plot)?.path ?? null,
  };
}

function entry({ operator: _, ...rest }: Compressed): unknown {
  return rest;
}

function replaced(done: readonly Replacement[], name: string): boolean {
  return done.some(({ matrix, compression }) => matrix.name === name && compression.best);
}

/** Numbers of all matrices that were looked at, before and after. */
function parameters(done: readonly Replacement[]): { before: number; after: number } {
  const before = done.reduce((sum, { matrix: { rows, cols } }) => sum + rows * cols, 0);
  const after = done.reduce(
    (sum, { compression: { best, dense } }) => sum + (best ?? dense).parameters,
    0,
  );
  return { before, after };
}

/** A table for each matrix, and what became of the checkpoint, in lines. */
export function tables(summary: Summary): string[] {
  const { path, checkpoint: { tensors }, done, maxParameters, maxError } = summary;
  const limits = [
    ...maxParameters === undefined ? [] : [
      maxParameters <= 1
        ? `at most ${percent(maxParameters)} of the parameters`
        : `at most ${count(maxParameters)} parameters`,
    ],
    ...maxError === undefined ? [] : [`an error of at most ${percent(maxError)}`],
  ];
  return [
    `${path}: ${plural(tensors.size, "tensor")}, ${done.length} to compress to ${limits.join(" and ")} each`,
    ...done.flatMap((one) => ["", ...table(one)]),
    "",
    ...ending(summary),
  ];
}

function table({ matrix, compression: { best, table, dense, verdict } }: Replacement): string[] {
  const { name, rows, cols, field, dtype } = matrix;
  const cells = [...table, dense].map((one) => [
    one === best ? "*" : " ",
    one.structure,
    count(one.parameters),
    percent(one.parameters / dense.parameters),
    percent(one.error),
    time(one),
    brief(one.detail),
  ]);
  const lines = [["", "structure", "parameters", "", "error", "µs a vector", "size"], ...cells];
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  const right = [2, 3, 4, 5];
  return [
    `${quote(name)}, ${rows}×${cols}, ${dtype}${field === "complex" ? ", complex" : ""}`,
    ...lines.map((line) =>
      `  ${
        line.map((cell, i) => right.includes(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i])).join(
          "  ",
        )
      }`.trimEnd()
    ),
    ...wrap(best ? verdict.replace(best.detail, brief(best.detail)) : verdict, WIDTH, 2),
  ];
}

/** "2 400 (loop 83)": in brackets, where a part is sparse, with a plain loop over its entries. */
function time({ microseconds: operator, loopMicroseconds: loop }: Compressed): string {
  if (operator === undefined) return "–";
  return microseconds(operator) + (loop === undefined ? "" : ` (loop ${microseconds(loop)})`);
}

/** Long chains of factors in a few words. */
export function brief(detail: string): string {
  const factors = detail.split("·");
  return factors.length > 3 ? `${factors[0]}·…·${factors.at(-1)}, ${factors.length} factors` : detail;
}

function ending({ path, bytes, checkpoint, out, plot, done, outputs }: Summary): string[] {
  const { before, after } = parameters(done), kept = done.filter(({ compression }) => !compression.best);
  const names = new Set(done.map(({ matrix }) => matrix.name));
  const others = [...checkpoint.tensors].filter(([name]) => !names.has(name));
  const integers = others.filter(([, tensor]) =>
    tensor.shape.length === 2 && /^its dtype/.test(unfit(tensor) ?? "")
  );
  const lines = [
    `Replaced ${done.length - kept.length} of ${plural(done.length, "matrix", "matrices")}: ` +
    `${count(before)} numbers become ${count(after)}`,
  ];
  const list = (all: readonly string[]): string =>
    all.slice(0, 6).map(quote).join(", ") + (all.length > 6 ? ` and ${all.length - 6} others` : "");
  if (kept.length > 0) lines.push(`Kept dense: ${list(kept.map(({ matrix }) => matrix.name))}`);
  if (others.length > 0) {
    lines.push(
      `Not looked at: ${list(others.map(([name]) => name))}` +
        (integers.length > 0
          ? `; of these ${list(integers.map(([name]) => name))} of dtype ${
            [...new Set(integers.map(([, { dtype }]) => dtype))].join(", ")
          }, which is not compressed`
          : ""),
    );
  }
  if (outputs.length > 0) lines.push(`Wrote ${outputs.map(({ path }) => path).join(" and ")}`);
  const file = outputs.find((output) => output.path === out);
  if (file) {
    lines.push(
      `${path} has ${count(bytes)} bytes, ${out} ${count(file.bytes.length)}: operators are float32`,
    );
  } else if (outputs.length === 0) {
    lines.push(
      kept.length === done.length && (out ?? plot) !== undefined
        ? "Nothing is written"
        : "Nothing is written: --out FILE.safetensors keeps the operators, --plot FILE.svg draws errors",
    );
  }
  return lines;
}

function percent(part: number): string {
  const value = 100 * part;
  return `${value >= 10 && value < 1000 ? String(Number(value.toPrecision(3))) : small(value)} %`;
}

function plural(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}
