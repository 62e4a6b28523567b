/**
 * `papillon learn`: from a dense matrix to a fast operator.
 *
 * @module
 */

import { quote } from "../io/bytes.ts";
import { saveOperator } from "../io/operator_file.ts";
import { type Fit, type LearnOptions, type ModelName, MODELS } from "../learn/fit.ts";
import { learn } from "../learn/learn.ts";
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
import { createWorker, linesOf, refused } from "./search.ts";
import { LiveTable } from "./table.ts";
import { cancelled, found, measured, type Names, report } from "./report.ts";
import { count, small } from "./text.ts";

/** What `papillon learn --help` prints. */
export const LEARN_HELP = `Finds the fast algorithm of a linear transform from its dense matrix alone.

Usage: papillon learn [NAME|FILE] [--n N] [--out FILE] [--plot FILE.svg] [--seed S]
                      [--model M,M…] [--method auto|gradient|closed-form] [--budget SECONDS]
                      [--max-parameters N] [--workers N] [--json]

  NAME       dft (the default), idft, dct, dst, hadamard, convolution, hartley, haar, legendre,
             hilbert, randn, permutation: only their entries are used
  FILE       a square matrix, .npy, .csv or .safetensors
             (NAME or FILE can also be given as --target)
  --n        size of a target given by name, up to ${count(4096)}; 256
  --out      where to write the operator, .safetensors; learned-TARGET-N.safetensors
  --plot     where to write a picture of its factors, .svg
             (without --out and --plot both are written: learned-TARGET-N.svg)
  --seed     of all that is random, a whole number; 0
  --model    what to look for, separated by commas:
             ${MODELS.join(", ")}
  --method   closed-form: by tests and splitting the matrix into factors; gradient: by descent from
             random starts; auto: the first, and the second where that is not enough
  --budget   seconds after which the best so far is taken; 60
  --max-parameters
             real numbers that the result may have, a complex one counts as two; as many as it takes
  --workers  processors for the search with learned permutations; all of them
  --json     print one JSON object

Exit code 0: found; 1: nothing found is the matrix to a relative error of 1e-6 (the nearest is
written all the same); 2: bad input, nothing is written; 130: cancelled, nothing is written.

Examples:
  papillon learn
  papillon learn dct --n 1024 --out dct.safetensors --plot dct.svg
  papillon learn matrix.npy --model "chain,BB*" --budget 10 --json`;

const METHODS = ["auto", "gradient", "closed-form"] as const;
const LARGEST = 4096;

interface Plan extends Names {
  readonly matrix: Matrix;
  readonly seed: number;
  readonly method: (typeof METHODS)[number];
  readonly models: readonly ModelName[] | undefined;
  readonly budget: number;
  readonly workers: number;
  readonly maxParameters: number | undefined;
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
  const bar = new ProgressBar(matrix.n), table = new LiveTable();
  try {
    const begin = performance.now();
    bar.show(`learning ${name}`);
    const { seed, method, models, budget, workers, maxParameters } = plan;
    const options: LearnOptions = {
      seed,
      method,
      models,
      maxParameters,
      budgetSeconds: budget,
      signal: abort.signal,
      // One thread needs no workers.
      ...workers > 1 ? { workers, createWorker } : {},
      onProgress: (p) => {
        const rows = p.table;
        if (rows === undefined) return bar.learning(p);
        bar.clear();
        table.show(() => linesOf(rows, (performance.now() - begin) / 1000));
      },
    };
    const fit = await refused(() => learn(target, options));
    table.clear();
    const seconds = (performance.now() - begin) / 1000;
    const { operator } = fit;
    if (abort.signal.aborted) {
      bar.clear();
      if (plan.json) console.log(JSON.stringify(report(plan, fit, operator, seconds, undefined, true)));
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
    table.clear();
    bar.clear();
    Deno.removeSignalListener("SIGINT", interrupt);
  }
}

/** All that can be refused is refused here, before long work begins. */
function planned(args: readonly string[]): Plan {
  const values = [
    "target",
    "n",
    "out",
    "plot",
    "seed",
    "model",
    "method",
    "budget",
    "max-parameters",
    "workers",
  ];
  const operands = ["NAME or FILE"];
  const given = parse(args, { command: "learn", operands, optional: 1, values, switches: ["json"] });
  const [operand] = given.operands, flag = given.values.get("target");
  if (operand !== undefined && flag !== undefined) {
    throw new InputError(
      `Cannot learn: the target is given twice, as ${quote(operand)} and as ${quote(flag)}`,
    );
  }
  const name = operand ?? flag ?? "dft";
  const method = METHODS.find((method) => method === (given.values.get("method") ?? "auto"));
  if (method === undefined) {
    throw new InputError(
      `Cannot learn: --method must be one of ${METHODS.join(", ")}, got ${
        quote(given.values.get("method")!)
      }`,
    );
  }
  const models = given.values.get("model")?.split(",").map((name) => {
    const model = MODELS.find((model) => model === name.trim());
    if (model !== undefined) return model;
    throw new InputError(
      `Cannot learn: there is no model ${quote(name)}, expected some of ${MODELS.join(", ")}`,
    );
  });
  const budget = Number(given.values.get("budget") ?? 60);
  if (!(budget >= 0)) {
    throw new InputError(`--budget must be a number of seconds, got ${quote(given.values.get("budget")!)}`);
  }
  const seed = integer(given, "seed", Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER) ?? 0;
  const workers = integer(given, "workers", 1, 64) ?? Math.min(64, navigator.hardwareConcurrency);
  const maxParameters = integer(given, "max-parameters", 1, Number.MAX_SAFE_INTEGER);
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
  const json = given.switches.has("json");
  return { name, matrix, out, plot, seed, method, models, budget, workers, maxParameters, json };
}

function matrixOf(name: string, given: Arguments): Matrix {
  const make = TARGETS.get(name), n = integer(given, "n", 1, LARGEST);
  if (make) {
    const size = n ?? 256;
    if ((name === "hadamard" || name === "haar") && (size & (size - 1)) !== 0) {
      throw new InputError(`Cannot learn ${name}: --n must be a power of two, got ${size}`);
    }
    return make(size);
  }
  let matrix: Matrix;
  try {
    matrix = readMatrix(name);
  } catch (error) {
    if (!(error instanceof InputError) || /[./\\]/.test(name)) throw error;
    const known = [...TARGETS.keys()].join(", ");
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

async function outputs(plan: Plan, fit: Fit, operator: Operator): Promise<Output[]> {
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
