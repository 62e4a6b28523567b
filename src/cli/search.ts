/**
 * `papillon search`: by gradient alone, with learned permutations.
 *
 * @module
 */
import { quote } from "../io/bytes.ts";
import { saveOperator } from "../io/operator_file.ts";
import { readCheckpoint, writeCheckpoint } from "../learn/search/checkpoint.ts";
import { finishedOperator } from "../learn/search/operator.ts";
import { search, type SearchCheckpoint, type SearchTable } from "../learn/search/search.ts";
import { checkTarget } from "../learn/target.ts";
import { integer, parse } from "./args.ts";
import { readMatrix } from "./arrays.ts";
import { EXIT, InputError, refusing } from "./errors.ts";
import { checkExtension, checkOutput, type Output, readFile, writeFiles } from "./files.ts";
import { drawLosses } from "./plot/losses.ts";
import { LiveTable } from "./table.ts";
import { type Matrix, TARGETS } from "./targets.ts";
import { small } from "./text.ts";

/** What `papillon search --help` prints. */
export const SEARCH_HELP =
  `Searches by gradient alone, permutations learned with the weights, as Dao et al. 2019 do.

Usage: papillon search NAME|FILE [--n N] [--models LIST] [--budget SECONDS] [--workers N]
                       [--seed S] [--out FILE.safetensors] [--plot FILE.svg]
                       [--checkpoint FILE.json] [--resume FILE.json]

  NAME          any target of \`papillon learn\`: dft, dct, hadamard, convolution …
  --n           size of a target given by name, a power of two up to 256; 32
  --models      products of B (a butterfly), B* (one of strides n/2 … 1), R (a real chain of rank
                2) and P (a permutation), with commas; BP,BPP,BPBP for complex targets,
                RPP,BPBP for real ones
  --budget      seconds, then the best so far is kept; 120
  --workers     processors to use; 1
  --seed        of all that is random, a whole number; 0
  --out         where to write the operator, .safetensors
  --plot        where to draw the errors of the trials, .svg
  --checkpoint  where to write what is needed to go on, after each round and at the end
  --resume      goes on from such a file; --models and --seed are those of it

Exit code 0: found, to a relative error of 1e-4; 1: not (the best is written all the same);
2: bad input; 130: cancelled (the best and the checkpoint are written all the same).

Example:
  papillon search hadamard --n 32 --plot race.svg`;

const LARGEST = 256, TOLERANCE = 1e-4;

/** Runs the command; returns the exit code. */
export async function runSearch(args: readonly string[]): Promise<number> {
  const values = ["n", "models", "budget", "workers", "seed", "out", "plot", "checkpoint", "resume"];
  const given = parse(args, { command: "search", operands: ["the target"], values, switches: [] });
  const [name] = given.operands, flag = (key: string): string | undefined => given.values.get(key);
  const matrix = matrixOf(name, integer(given, "n", 2, LARGEST));
  const seed = integer(given, "seed", Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  const workers = integer(given, "workers", 1, 64) ?? 1,
    budgetSeconds = integer(given, "budget", 0, 86400) ?? 120;
  const inputs = [...TARGETS.has(name) ? [] : [name]], taken = [...inputs];
  for (
    const [key, extension, what] of [["out", ".safetensors", "an operator"], ["plot", ".svg", "a picture"]]
  ) {
    if (flag(key) !== undefined) checkExtension(flag(key)!, extension, what);
  }
  for (const path of ["out", "plot", "checkpoint"].flatMap((key) => flag(key) ?? [])) {
    checkOutput(path, taken);
    taken.push(path);
  }
  const target = refusing(() => checkTarget(matrix.values, matrix.n, matrix.field));
  const resume = flag("resume") === undefined
    ? undefined
    : refusing(() => readCheckpoint(new TextDecoder().decode(readFile(flag("resume")!))));
  const abort = new AbortController();
  const interrupt = (): void => {
    if (abort.signal.aborted) Deno.exit(EXIT.cancelled);
    abort.abort();
  };
  Deno.addSignalListener("SIGINT", interrupt);
  const table = new LiveTable(), begin = performance.now(), encoder = new TextEncoder();
  const kept = (checkpoint: SearchCheckpoint): Output[] => {
    const path = flag("checkpoint");
    return path === undefined ? [] : [{ path, bytes: encoder.encode(writeCheckpoint(checkpoint)) }];
  };
  try {
    const { best, stopped, table: last, checkpoint } = await refused(() =>
      search(target, {
        models: flag("models")?.split(","),
        seed,
        budgetSeconds,
        resume,
        tolerance: TOLERANCE,
        signal: abort.signal,
        onCheckpoint: (checkpoint) => writeFiles(kept(checkpoint)),
        onProgress: (now) => table.show(() => linesOf(now, (performance.now() - begin) / 1000)),
        ...workers > 1 ? { workers, createWorker } : {},
      })
    );
    const files: Output[] = [];
    if (best && flag("out")) {
      files.push({ path: flag("out")!, bytes: saveOperator(finishedOperator(best, target)) });
    }
    if (flag("plot")) {
      const svg = drawLosses(last.rows, `Search for ${name.replace(/^.*[/\\]/s, "")}, n = ${matrix.n}`);
      files.push({ path: flag("plot")!, bytes: encoder.encode(svg) });
    }
    files.push(...kept(checkpoint));
    writeFiles(files);
    table.clear();
    const seconds = ((performance.now() - begin) / 1000).toFixed(1);
    const error = best === undefined ? Infinity : best.relativeError;
    console.log(
      best === undefined
        ? `Nothing found in ${seconds} s: no trial was brought to its end.`
        : `${error <= TOLERANCE ? "Found" : "Nearest"}: ${best.trial.model}, relative error ${
          small(error)
        }, in ${seconds} s ` +
          `(${stopped}; seed ${best.trial.seed}, rate ${best.trial.rate.toFixed(3)}).`,
    );
    for (const { path } of files) console.log(`Wrote ${path}`);
    if (stopped === "cancelled") return EXIT.cancelled;
    return error <= TOLERANCE ? EXIT.ok : EXIT.notFound;
  } finally {
    table.clear();
    Deno.removeSignalListener("SIGINT", interrupt);
  }
}

/** A worker for trials. */
export const createWorker = (): Worker =>
  new Worker(new URL("../learn/search/worker.ts", import.meta.url), { type: "module" });

/** What the library refuses is bad input. */
export async function refused<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RangeError) throw new InputError(error.message, { cause: error });
    throw error;
  }
}

function matrixOf(name: string, n: number | undefined): Matrix {
  const make = TARGETS.get(name), matrix = make ? make(n ?? 32) : readMatrix(name);
  if (n !== undefined && n !== matrix.n) {
    throw new InputError(
      `Cannot search ${quote(name)}: --n is ${n}, but the matrix is ${matrix.n}×${matrix.n}`,
    );
  }
  if (matrix.n > LARGEST || (matrix.n & (matrix.n - 1)) !== 0 || matrix.n < 2) {
    throw new InputError(
      `Cannot search ${
        quote(name)
      }: it is ${matrix.n}×${matrix.n}, expected a power of two from 2 to ${LARGEST}`,
    );
  }
  return matrix;
}

/** The table of a search as lines. */
export function linesOf({ bracket, round, rows, best }: SearchTable, seconds: number): string[] {
  const head = `bracket ${bracket + 1}, round ${round + 1}, ${seconds.toFixed(1)} s, best ${
    Number.isFinite(best) ? small(best) : "–"
  }`;
  const cells = rows.map(({ trial, steps, error, racing }) =>
    [
      trial.model.padEnd(6),
      trial.rate.toFixed(3).padStart(6),
      String(steps).padStart(6),
      (Number.isFinite(error) ? small(error) : "–").padStart(9),
      racing ? "racing" : "out",
    ].join("  ")
  );
  return [head, "model     rate   steps      error  ", ...cells];
}
