/**
 * `papillon compress`: the matrices of a checkpoint replaced by operators with fewer numbers.
 *
 * @module
 */

import { quote } from "../io/bytes.ts";
import { type Checkpoint, saveCheckpoint } from "../io/checkpoint.ts";
import { compress } from "../learn/compress.ts";
import { type StructureName, STRUCTURES } from "../learn/plans.ts";
import { integer, parse } from "./args.ts";
import { matricesOf, type Matrix, readCheckpoint } from "./compress/matrices.ts";
import { type Replacement, report, tables } from "./compress/report.ts";
import { EXIT, InputError, refusing } from "./errors.ts";
import { checkExtension, checkOutput, type Output, writeFiles } from "./files.ts";
import { drawErrors } from "./plot/errors.ts";
import { ProgressBar } from "./progress.ts";
import { suggestion } from "./text.ts";

/** What `papillon compress --help` prints. */
export const COMPRESS_HELP = `Replaces the matrices of a checkpoint by smaller and faster operators.

Usage: papillon compress MODEL [--tensor NAME …] --max-parameters F | --max-error F [--out FILE]
                         [--plot FILE.svg] [--structures A,B …] [--seed S] [--json]

  MODEL             a checkpoint, .safetensors: F32, F64, F16, BF16 or C64
  --tensor          a matrix to replace, may be given several times; all tensors of two sizes
                    with floating-point numbers when absent
  --max-parameters  of each matrix: a part of its numbers up to 1, a count above it
  --max-error       the largest relative error of each, ‖W − approximation‖_F / ‖W‖_F, from 0 to 1;
                    the smallest within it is taken, and with both flags only what keeps to both
  --out             where to write the checkpoint, .safetensors; without it there is only the report
  --plot            where to write a picture of error against parameters of all that was tried, .svg
  --structures      what to try: ${STRUCTURES.slice(0, 5).join(", ")},
                    ${STRUCTURES.slice(5).join(", ")}; all when absent
  --seed            of the test for structures, a whole number; 0
  --json            print one JSON object

A matrix that nothing fits stays as it is, as do all other tensors. The numbers of an operator are
float32, its tensors are named MATRIX#…; 'papillon inspect', 'apply' and 'dense' take it by
--tensor, programs by loadCheckpoint. Matrices of four million numbers take minutes.

Exit code 0: replaced some; 1: nothing fits any matrix, nothing is written; 2: bad input, nothing
is written; 130: cancelled, nothing is written.

Examples:
  papillon compress model.safetensors --max-parameters 0.25 --out small.safetensors --plot s.svg
  papillon compress model.safetensors --tensor fc1.weight --max-error 0.05
  papillon apply small.safetensors --tensor fc1.weight --in x.npy --out y.npy`;

/** More sizes that are tried for a picture, parts of the largest one. */
const SMALLER = [1 / 2, 1 / 4, 1 / 8, 1 / 16];

interface Plan {
  readonly path: string;
  readonly bytes: number;
  readonly checkpoint: Checkpoint;
  readonly matrices: readonly Matrix[];
  readonly maxParameters: number | undefined;
  readonly maxError: number | undefined;
  readonly structures: readonly StructureName[] | undefined;
  readonly seed: number;
  readonly out: string | undefined;
  readonly plot: string | undefined;
  readonly json: boolean;
}

/** Runs the command; returns the exit code. */
export async function runCompress(args: readonly string[]): Promise<number> {
  const plan = planned(args), begin = performance.now();
  const abort = new AbortController();
  const interrupt = (): void => {
    // A second Ctrl-C does not wait.
    if (abort.signal.aborted) Deno.exit(EXIT.cancelled);
    abort.abort();
  };
  Deno.addSignalListener("SIGINT", interrupt);
  const bar = new ProgressBar(1);
  try {
    const done: Replacement[] = [];
    const all = plan.matrices.reduce((sum, { rows, cols }) => sum + rows * cols, 0);
    let before = 0;
    for (const [i, matrix] of plan.matrices.entries()) {
      const size = matrix.rows * matrix.cols;
      const show = (what: string, share: number): void =>
        bar.show(
          `${quote(matrix.name)} (${i + 1} of ${plan.matrices.length}): ${what}`,
          (before + size * share) / all,
        );
      show("looking for structures", 0);
      done.push({ matrix, compression: await compressed(plan, matrix, abort.signal, show) });
      before += size;
    }
    bar.clear();
    const replaced = done.filter(({ compression }) => compression.best);
    const outputs = replaced.length > 0 ? files(plan, done) : [];
    if (abort.signal.aborted) throw abort.signal.reason;
    writeFiles(outputs);

    const seconds = (performance.now() - begin) / 1000;
    const summary = { ...plan, done, outputs, seconds };
    if (plan.json) console.log(JSON.stringify(report(summary)));
    else console.log(tables(summary).join("\n"));
    return replaced.length > 0 ? EXIT.ok : EXIT.notFound;
  } catch (error) {
    if (!abort.signal.aborted || error !== abort.signal.reason) throw error;
    bar.clear();
    console.error("Cancelled: nothing is written");
    return EXIT.cancelled;
  } finally {
    bar.clear();
    Deno.removeSignalListener("SIGINT", interrupt);
  }
}

function compressed(
  { maxParameters, maxError, structures, seed, plot }: Plan,
  { rows, cols, values, field }: Matrix,
  signal: AbortSignal,
  show: (what: string, share: number) => void,
): ReturnType<typeof compress> {
  // For a given error many sizes are tried anyway.
  const curve = plot !== undefined && maxError === undefined && maxParameters !== undefined;
  const most = curve ? maxParameters <= 1 ? maxParameters : maxParameters / (rows * cols) : 0;
  return compress({ rows, cols, values, field }, {
    maxParameters,
    maxError,
    structures,
    seed,
    sizes: curve ? SMALLER.map((part) => part * most) : [],
    signal,
    onProgress: ({ structure, share = 0 }) => show(structure ?? "looking for structures", share),
  });
}

/** All files, made before any of them is written. */
function files(plan: Plan, done: readonly Replacement[]): Output[] {
  const outputs: Output[] = [];
  if (plan.out !== undefined) {
    const operators = new Map(
      done.flatMap(({ matrix, compression: { best } }) => best ? [[matrix.name, best.operator]] : []),
    );
    const tensors = new Map([...plan.checkpoint.tensors].filter(([name]) => !operators.has(name)));
    const { metadata } = plan.checkpoint;
    outputs.push({
      path: plan.out,
      bytes: refusing(() => saveCheckpoint({ tensors, operators, metadata })),
    });
  }
  if (plan.plot !== undefined) {
    const panels = done.map(({ matrix, compression: { tried, best } }) => ({
      title: `${matrix.name}, ${matrix.rows}×${matrix.cols}`,
      dense: matrix.rows * matrix.cols,
      tried,
      best,
    }));
    const svg = drawErrors(panels, { title: plan.path.replace(/^.*[/\\]/s, ""), ...plan });
    outputs.push({ path: plan.plot, bytes: new TextEncoder().encode(svg) });
  }
  return outputs;
}

/** All that can be refused is refused here, before long work begins. */
function planned(args: readonly string[]): Plan {
  const given = parse(args, {
    command: "compress",
    operands: ["MODEL"],
    values: ["max-parameters", "max-error", "out", "plot", "structures", "seed"],
    lists: ["tensor"],
    switches: ["json"],
  });
  const [path] = given.operands, { values } = given;
  const maxParameters = positive(values.get("max-parameters"), "max-parameters", 2 ** 53);
  const maxError = positive(values.get("max-error"), "max-error", 1);
  if (maxParameters === undefined && maxError === undefined) {
    throw new InputError("Cannot compress: --max-parameters or --max-error is missing, one says how far");
  }
  const seed = integer(given, "seed", Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER) ?? 0;
  const structures = values.get("structures")?.split(",").map((name) => structure(name.trim()));
  const out = values.get("out"), plot = values.get("plot");
  checkExtension(path, ".safetensors", "a checkpoint", "read");
  if (out !== undefined) {
    checkExtension(out, ".safetensors", "a checkpoint");
    checkOutput(out, [path]);
  }
  if (plot !== undefined) {
    checkExtension(plot, ".svg", "a picture");
    checkOutput(plot, out === undefined ? [path] : [path, out]);
  }
  const { checkpoint, bytes } = readCheckpoint(path);
  const matrices = matricesOf(path, checkpoint, given.lists.get("tensor"));
  const json = given.switches.has("json");
  return { path, bytes, checkpoint, matrices, maxParameters, maxError, structures, seed, out, plot, json };
}

function structure(name: string): StructureName {
  const found = STRUCTURES.find((known) => known === name);
  if (found) return found;
  throw new InputError(
    `Cannot compress: --structures has the unknown ${quote(name)}, ${suggestion(name, STRUCTURES)}`,
  );
}

/** A positive number below a limit, or exactly 1 as a part of all parameters. */
function positive(text: string | undefined, flag: string, below: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^[\d.]+(e[-+]?\d+)?$/i.test(text) ? Number(text) : NaN;
  if (value > 0 && value < below) return value;
  const range = below === 1 ? "between 0 and 1" : "above 0, a part of all up to 1, a count above it";
  throw new InputError(`--${flag} must be a number ${range}, got ${quote(text)}`);
}
