/**
 * `papillon learn`: from a dense matrix to a fast operator.
 *
 * @module
 */

import { quote } from "../io/bytes.ts";
import { saveOperator } from "../io/operator_file.ts";
import type { ButterflyFit } from "../learn/fit.ts";
import { learn } from "../learn/learn.ts";
import { toOperator } from "../learn/operator.ts";
import { checkTarget } from "../learn/target.ts";
import type { Operator } from "../operator/operator.ts";
import { type Arguments, integer, parse } from "./args.ts";
import { readMatrix } from "./arrays.ts";
import { compare, type Times } from "./compare.ts";
import { EXIT, InputError, refusing } from "./errors.ts";
import { checkExtension, checkOutput, type Output, writeFiles } from "./files.ts";
import { drawFactors } from "./plot/factors.ts";
import { ProgressBar } from "./progress.ts";
import { type Matrix, TARGETS } from "./targets.ts";
import { cancelled, found, measured, type Names, report } from "./report.ts";
import { count, small } from "./text.ts";

/** What `papillon learn --help` prints. */
export const LEARN_HELP = `Finds the fast algorithm of a linear transform from its dense matrix alone.

Usage: papillon learn [--target dft|hadamard|FILE] [--n N] [--out FILE] [--plot FILE.svg]
                      [--seed S] [--method auto|gradient|closed-form] [--json]

  --target   dft: the unitary discrete Fourier transform (the default);
             hadamard: the orthonormal Hadamard transform;
             FILE: a square matrix whose size is a power of two, .npy, .csv or .safetensors
  --n        size of a target given by name, a power of two up to ${count(4096)}; 256
  --out      where to write the operator, .safetensors; learned-TARGET-N.safetensors
  --plot     where to write a picture of its factors, .svg
             (without --out and --plot both are written: learned-TARGET-N.svg)
  --seed     of all that is random, a whole number; 0
  --method   closed-form: by splitting the matrix into factors; gradient: by descent from random
             starts; auto: the first, and the second where that is not enough
  --json     print one JSON object

Exit code 0: found; 1: no butterfly is the matrix to a relative error of 1e-6 (the nearest found is
written all the same); 2: bad input, nothing is written; 130: cancelled, nothing is written.

Examples:
  papillon learn
  papillon learn --target hadamard --n 1024 --out h.safetensors --plot h.svg
  papillon learn --target matrix.npy --json`;

const METHODS = ["auto", "gradient", "closed-form"] as const;
const LARGEST = 4096;

interface Plan extends Names {
  readonly matrix: Matrix;
  readonly seed: number;
  readonly method: (typeof METHODS)[number];
  readonly json: boolean;
}

/** Runs the command; returns the exit code. */
export async function runLearn(args: readonly string[]): Promise<number> {
  const plan = planned(args);
  const { name, matrix } = plan;
  const target = refusing(() => checkTarget(matrix.values, matrix.n, matrix.field));
  const abort = new AbortController();
  const interrupt = (): void => {
    // A second Ctrl-C does not wait.
    if (abort.signal.aborted) Deno.exit(EXIT.cancelled);
    abort.abort();
  };
  Deno.addSignalListener("SIGINT", interrupt);
  const bar = new ProgressBar(matrix.n);
  try {
    const begin = performance.now();
    bar.show(`learning ${name}`);
    const { seed, method } = plan;
    const fit = await learn(target, {
      seed,
      method,
      signal: abort.signal,
      onProgress: (p) => bar.learning(p),
    });
    const seconds = (performance.now() - begin) / 1000;
    const operator = toOperator(fit);
    if (abort.signal.aborted) {
      bar.clear();
      const stopped = { ...fit, stopped: "cancelled" as const };
      if (plan.json) console.log(JSON.stringify(report(plan, stopped, operator, seconds)));
      else console.error(cancelled(fit, seconds));
      return EXIT.cancelled;
    }

    writeFiles(await outputs(plan, fit, operator));
    bar.clear();
    if (!plan.json) console.log(found(plan, fit, operator, seconds));

    let times: Times | undefined;
    // What is not the target has nothing to be compared with.
    if (fit.stopped === "converged") {
      bar.show("measuring", 1);
      times = await compare(operator, matrix, name === "dft", abort.signal);
      bar.clear();
    }
    if (plan.json) console.log(JSON.stringify(report(plan, fit, operator, seconds, times)));
    else console.log(measured(plan, times));
    if (abort.signal.aborted) return EXIT.cancelled;
    return fit.stopped === "converged" ? EXIT.ok : EXIT.notFound;
  } finally {
    bar.clear();
    Deno.removeSignalListener("SIGINT", interrupt);
  }
}

/** All that can be refused is refused here, before long work begins. */
function planned(args: readonly string[]): Plan {
  const values = ["target", "n", "out", "plot", "seed", "method"];
  const given = parse(args, { command: "learn", operands: [], values, switches: ["json"] });
  const name = given.values.get("target") ?? "dft";
  const method = METHODS.find((method) => method === (given.values.get("method") ?? "auto"));
  if (method === undefined) {
    throw new InputError(
      `Cannot learn: --method must be one of ${METHODS.join(", ")}, got ${
        quote(given.values.get("method")!)
      }`,
    );
  }
  const seed = integer(given, "seed", Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER) ?? 0;
  const matrix = matrixOf(name, given);

  const base = `learned-${stem(name)}-${matrix.n}`;
  const out = given.values.get("out") ?? `${base}.safetensors`;
  const plot = given.values.get("plot") ?? (given.values.has("out") ? undefined : `${base}.svg`);
  const inputs = TARGETS.has(name) ? [] : [name];
  checkExtension(out, ".safetensors", "an operator");
  checkOutput(out, inputs);
  if (plot !== undefined) {
    checkExtension(plot, ".svg", "a picture");
    checkOutput(plot, [...inputs, out]);
  }
  return { name, matrix, out, plot, seed, method, json: given.switches.has("json") };
}

function matrixOf(name: string, given: Arguments): Matrix {
  const make = TARGETS.get(name), n = integer(given, "n", 1, LARGEST);
  if (make) {
    const size = n ?? 256;
    if ((size & (size - 1)) !== 0) {
      throw new InputError(`Cannot learn: --n must be a power of two, got ${size}`);
    }
    return make(size);
  }
  let matrix: Matrix;
  try {
    matrix = readMatrix(name);
  } catch (error) {
    if (!(error instanceof InputError) || /[./\\]/.test(name)) throw error;
    const known = [...TARGETS.keys()].join(" and ");
    throw new InputError(
      `Cannot learn ${quote(name)}: the targets known by name are ${known}, others are files`,
    );
  }
  if (n !== undefined && n !== matrix.n) {
    throw new InputError(
      `Cannot learn ${quote(name)}: --n is ${n}, but the matrix is ${matrix.n}×${matrix.n}`,
    );
  }
  if (matrix.n > LARGEST) {
    throw new InputError(
      `Cannot learn ${quote(name)}: it is ${matrix.n}×${matrix.n}, at most ${LARGEST} is allowed`,
    );
  }
  return matrix;
}

/** The name of a file without folders and extension. */
function stem(path: string): string {
  return path.replace(/^.*[/\\]/s, "").replace(/\.[^.]*$/, "") || "matrix";
}

async function outputs(plan: Plan, fit: ButterflyFit, operator: Operator): Promise<Output[]> {
  const files: Output[] = [{ path: plan.out, bytes: saveOperator(operator) }];
  if (plan.plot !== undefined) {
    const title = `${stem(plan.name)}, n = ${fit.n}`;
    const note = `learned from the dense matrix alone, root mean square error ${small(fit.rmse)}`;
    files.push({
      path: plan.plot,
      bytes: new TextEncoder().encode(await drawFactors(operator, { title, note })),
    });
  }
  return files;
}
