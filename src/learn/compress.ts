/**
 * A dense matrix made small and fast, and what that costs.
 *
 * @module
 */
import { Dense } from "../operator/dense.ts";
import type { Operator } from "../operator/operator.ts";
import { type CheckedMatrix, checkMatrix, type DenseMatrix } from "./matrix.ts";
import { type Loop, loopMicroseconds, microsecondsPerVector } from "./measure.ts";
import { type Plan, Planner, type StructureName, STRUCTURES } from "./plans.ts";
import { type Structure, structureTask } from "./structure.ts";
import { type RunOptions, runTask, type Task } from "./task.ts";

/** How {@link compress} works. */
export interface CompressOptions extends RunOptions {
  /**
   * As many numbers at most: a part of those of the dense matrix when at most 1, a count when more. 1/4 when neither this
   * nor `maxError` is given.
   */
  readonly maxParameters?: number;
  /** The largest relative error ‖W − approximation‖_F / ‖W‖_F; of what is within it the smallest is best. */
  readonly maxError?: number;
  /** What is tried; all when absent. */
  readonly structures?: readonly StructureName[];
  /**
   * More sizes to try, given as `maxParameters` is, so that {@link Compression.tried} is a curve; those above it are left
   * out. None when absent; with `maxError` alone many sizes are tried anyway.
   */
  readonly sizes?: readonly number[];
  /** Whether the time per vector is measured; true when absent. */
  readonly measure?: boolean;
  /** For the gradients of a kaleidoscope matrix, which stop then with the best so far; 10. */
  readonly gradientSeconds?: number;
  /** Seed of the rank test; 0. */
  readonly seed?: number;
}

/** A structure fitted to a matrix. */
export interface Compressed {
  /** Which one. */
  readonly structure: StructureName | "dense";
  /** Its size in words. */
  readonly detail: string;
  /** Numbers of it, of the field of the matrix. An entry of a sparse part counts as two real ones, itself and its place. */
  readonly parameters: number;
  /** ‖W − approximation‖_F / ‖W‖_F. */
  readonly error: number;
  /** Microseconds for one vector, measured here; undefined when not measured. */
  readonly microseconds?: number;
  /**
   * The same, where a part is sparse, with a plain loop over its nonzeros (compressed rows) in place of the product of
   * permutations and step matrices that its operator is: what other libraries would take.
   */
  readonly loopMicroseconds?: number;
  /** It, in float32. */
  readonly operator: Operator;
  /** Whether it keeps to `maxParameters` and `maxError`. */
  readonly fits: boolean;
}

/** One size of a structure that was tried. */
export type Tried = Pick<Compressed, "structure" | "detail" | "parameters" | "error" | "fits">;

/** What {@link compress} found. */
export interface Compression {
  /**
   * Of what fits, that of the smallest error, or with `maxError` that of the fewest parameters; undefined when nothing
   * fits.
   */
  readonly best: Compressed | undefined;
  /** For each structure the best of the sizes tried, those that fit first, then the best first. */
  readonly table: readonly Compressed[];
  /** All that was tried, each structure in rising sizes. */
  readonly tried: readonly Tried[];
  /** The matrix as it is. */
  readonly dense: Compressed;
  /** What to make of it, in a sentence or two: also when the dense matrix or low rank is the better choice. */
  readonly verdict: string;
}

/** Sizes tried for a given error: parts of the dense matrix. */
const LADDER = [
  1 / 128,
  1 / 90,
  1 / 64,
  1 / 45,
  1 / 32,
  1 / 22,
  1 / 16,
  1 / 11,
  1 / 8,
  0.18,
  0.25,
  0.35,
  0.5,
  0.7,
  0.95,
];
/** Sizes tried between the last that is not enough and the first that is. */
const REFINE = 4;
/** Errors this much apart count as the same. */
const SAME = 1.02;

/**
 * Tries to replace a dense matrix by something with fewer numbers: butterflies of higher rank, chains that the rank test
 * finds behind permutations, other radices, Monarch matrices, kaleidoscope matrices, low rank, sparse, and sparse plus
 * low rank, all at the same number of parameters; rectangular matrices too.
 *
 * @param matrix real or complex, of any shape; `{ rows, cols, values, field }`, a `Dense` for instance.
 * @throws TypeError or RangeError (as a rejection) for a matrix that is not finite, or options that make no sense; the
 * reason of the signal when cancelled.
 *
 * @example
 * ```ts
 * import { compress } from "@papillon/papillon";
 * const n = 32; // the Hilbert matrix, smooth, of low rank
 * const values = Float64Array.from({ length: n * n }, (_, k) => 1 / (Math.floor(k / n) + k % n + 1));
 * const { best } = await compress({ rows: n, cols: n, values }, { maxParameters: 0.5 });
 * console.assert(best !== undefined && best.error < 1e-4 && best.parameters <= n * n / 2);
 * ```
 */
export async function compress(matrix: DenseMatrix, options: CompressOptions = {}): Promise<Compression> {
  const result = await runTask(compressTask(matrix, options), options);
  if (!result) throw options.signal?.reason ?? new Error("Stopped: the time for compressing is used up");
  return result;
}

/** The work of {@link compress} as a task; undefined when it was stopped. */
export function* compressTask(
  matrix: DenseMatrix,
  options: Omit<CompressOptions, keyof RunOptions> = {},
): Task<Compression | undefined> {
  const checked = checkMatrix("compress a matrix", matrix);
  const limits = checkOptions(checked, options);
  const { structures = STRUCTURES, measure = true, gradientSeconds = 10, seed = 0 } = options;
  let found: Structure[] = [];
  if (structures.includes("found") && checked.rows === checked.cols) {
    const seen = yield* structureTask(checked, { search: "known", tolerance: limits.tolerance, seed });
    if (!seen) return undefined;
    found = seen;
  }
  const planner = new Planner(checked, found, gradientSeconds);
  const fits = ({ parameters, error }: { parameters: number; error: number }): boolean =>
    parameters <= limits.parameters && error <= limits.error;
  const better = (a: Compressed, b: Compressed): number => {
    if (a.fits !== b.fits) return a.fits ? -1 : 1;
    return limits.byParameters && a.fits ? a.parameters - b.parameters : a.error - b.error;
  };
  const timed = (operator: Operator, loop?: Loop): { microseconds?: number; loopMicroseconds?: number } => {
    if (!measure) return {};
    const microseconds = microsecondsPerVector(operator);
    return loop ? { microseconds, loopMicroseconds: loopMicroseconds(loop, checked) } : { microseconds };
  };
  const table: Compressed[] = [], all: Tried[] = [];
  for (const [at, structure] of structures.entries()) {
    const tried = new Map<string, Compressed>(), loops = new Map<string, Loop | undefined>();
    const attempt = function* (budget: number): Task<boolean | undefined> {
      for (const plan of planner.plans(structure, budget)) {
        if (tried.has(plan.detail)) continue;
        const fit = yield* named(plan.fit(), structure, at / structures.length);
        if (!fit) return undefined;
        const { loop, ...fitted } = fit;
        loops.set(plan.detail, loop);
        const entry = { ...plain(plan), ...fitted, fits: false };
        tried.set(plan.detail, { ...entry, fits: fits(entry) });
      }
      return [...tried.values()].some((one) => one.fits && one.parameters <= budget);
    };
    if (limits.byParameters) {
      // Errors fall with the size: the first step of the ladder that is enough, by halving.
      const sizes = LADDER.map((part) => part * checked.rows * checked.cols).filter((s) =>
        s < limits.parameters
      );
      sizes.push(Math.min(limits.parameters, 0.98 * checked.rows * checked.cols));
      for (let low = 0, high = sizes.length; low < high;) {
        const middle = (low + high) >> 1;
        const enough = yield* attempt(sizes[middle]);
        if (enough === undefined) return undefined;
        if (enough) high = middle;
        else low = middle + 1;
        if (low < high || !enough && low === sizes.length) continue;
        // Sizes between two steps, where there are such.
        let [under, over] = [sizes[low - 1] ?? sizes[low] / 2, sizes[low]];
        for (let k = 0; k < REFINE && (structure === "low rank" || structure === "sparse"); k++) {
          const between = (under + over) / 2;
          const suffices = yield* attempt(between);
          if (suffices === undefined) return undefined;
          if (suffices) over = between;
          else under = between;
        }
      }
    } else {
      for (const size of [limits.parameters, ...limits.sizes]) {
        if ((yield* attempt(size)) === undefined) return undefined;
      }
    }
    const entries = [...tried.values()], [first] = entries.toSorted(better);
    if (first) table.push({ ...first, ...timed(first.operator, loops.get(first.detail)) });
    all.push(
      ...entries.sort((a, b) => a.parameters - b.parameters).map(({ operator: _, ...rest }) => rest),
    );
  }
  table.sort(better);
  const operator = new Dense(checked.rows, checked.cols, Float32Array.from(checked.values), checked.field);
  const dense: Compressed = {
    structure: "dense",
    detail: `${checked.rows}×${checked.cols}`,
    parameters: checked.rows * checked.cols,
    error: 0,
    operator,
    fits: checked.rows * checked.cols <= limits.parameters,
    ...timed(operator),
  };
  const best = table.length > 0 && table[0].fits ? table[0] : undefined;
  return { best, table, tried: all, dense, verdict: verdict(best, table, dense, limits) };
}

/** Says of the steps of a task what it is about. */
function* named<T>(task: Task<T>, structure: StructureName, share: number): Task<T> {
  for (let step = task.next();;) {
    if (step.done) return step.value;
    step = task.next(yield { ...step.value, structure, share });
  }
}

function plain(
  { structure, detail, parameters }: Plan,
): Pick<Compressed, "structure" | "detail" | "parameters"> {
  return { structure, detail, parameters };
}

interface Limits {
  readonly parameters: number;
  readonly error: number;
  /** Whether the smallest is best, rather than the nearest. */
  readonly byParameters: boolean;
  readonly tolerance: number;
  /** More sizes to try, numbers of parameters. */
  readonly sizes: readonly number[];
}

function checkOptions(
  { rows, cols }: CheckedMatrix,
  options: Omit<CompressOptions, keyof RunOptions>,
): Limits {
  const { maxError, structures = STRUCTURES, gradientSeconds = 0, sizes = [] } = options;
  const maxParameters = options.maxParameters ?? (maxError === undefined ? 0.25 : 1);
  if (!(maxParameters > 0 && maxParameters < Infinity)) {
    throw new RangeError(
      `Cannot compress a matrix: maxParameters is ${maxParameters}, expected a positive number`,
    );
  }
  if (maxError !== undefined && !(maxError > 0 && maxError < 1)) {
    throw new RangeError(
      `Cannot compress a matrix: maxError is ${maxError}, expected a number between 0 and 1`,
    );
  }
  if (!(gradientSeconds >= 0)) {
    throw new RangeError(
      `Cannot compress a matrix: gradientSeconds is ${gradientSeconds}, expected seconds, at least 0`,
    );
  }
  if (!Array.isArray(structures) || structures.length === 0) {
    throw new TypeError("Cannot compress a matrix: structures is not a list of at least one name");
  }
  for (const name of structures) {
    if (!STRUCTURES.includes(name)) {
      throw new TypeError(
        `Cannot compress a matrix: there is no structure ${JSON.stringify(name)}, expected some of ${
          STRUCTURES.join(", ")
        }`,
      );
    }
  }
  if (!Array.isArray(sizes) || !sizes.every((size) => size > 0 && size < Infinity)) {
    throw new RangeError("Cannot compress a matrix: sizes is not a list of positive numbers");
  }
  const numbers = (size: number): number => size <= 1 ? size * rows * cols : size;
  const parameters = numbers(maxParameters);
  return {
    parameters,
    sizes: sizes.map(numbers).filter((size) => size < parameters),
    error: maxError ?? Infinity,
    byParameters: maxError !== undefined,
    tolerance: Math.max(1e-6, Math.min(0.1, maxError ?? 0.02)),
  };
}

function verdict(
  best: Compressed | undefined,
  table: readonly Compressed[],
  dense: Compressed,
  limits: Limits,
): string {
  const percent = (part: number): string =>
    part < 1e-6 ? "less than 0.0001 %" : `${(100 * part).toPrecision(2)} %`;
  if ((dense.operator as Dense).values.every((value) => value === 0)) {
    return "The matrix is zero: it takes no parameters at all.";
  }
  if (!best) {
    const nearest = table[0];
    if (!nearest) return "Nothing that was tried fits into so few parameters: keep the dense matrix.";
    return `Nothing that was tried has an error of at most ${
      percent(limits.error)
    } within the parameters allowed; nearest is ` +
      `${nearest.structure} with ${percent(nearest.error)} at ${
        percent(nearest.parameters / dense.parameters)
      } of ` +
      "the parameters. Keep the dense matrix.";
  }
  const part = best.parameters / dense.parameters;
  const sentences = [
    `${best.structure} (${best.detail}) has ${percent(part)} of the parameters and an error of ${
      percent(best.error)
    }.`,
  ];
  if (1 - best.error ** 2 < noiseKeeps(part)) {
    sentences.push(
      `That is what noise would lose too: the matrix has none of the structures tried, and the dense one is the better ` +
        "choice unless training goes on.",
    );
  }
  const thin = table.find(({ structure, fits }) => structure === "low rank" && fits);
  if (thin && thin !== best && !limits.byParameters && thin.error <= SAME * best.error) {
    sentences.push(`Low rank is as good (${percent(thin.error)}) and simpler.`);
  } else if (best.structure === "low rank") {
    sentences.push("No butterfly is nearer: low rank is the better choice.");
  }
  if (best.microseconds !== undefined && dense.microseconds! <= best.microseconds) {
    const loop = best.loopMicroseconds === undefined
      ? ""
      : ` (${best.loopMicroseconds.toPrecision(2)} µs with a plain loop over its entries)`;
    sentences.push(
      `For speed the dense matrix is the better choice: ${
        dense.microseconds!.toPrecision(2)
      } µs a vector against ` +
        `${best.microseconds.toPrecision(2)} µs${loop}, measured here.`,
    );
  }
  return sentences.join(" ");
}

/**
 * The part of its energy, generously, that a matrix of independent normal numbers keeps in a part of its parameters: low
 * rank and chains keep less than twice that part, and half as many entries, the largest, what is summed up here.
 */
function noiseKeeps(part: number): number {
  let entries = 0;
  let energy = 0;
  for (let t = 8, dt = 0.01; t > 0 && entries < part / 2; t -= dt) {
    const density = 2 * Math.exp(-t * t / 2) / Math.sqrt(2 * Math.PI) * dt;
    entries += density;
    energy += t * t * density;
  }
  // Towards all of the parameters that would be all of the energy, of which noise always loses some.
  return Math.min(1.2 * Math.max(1.8 * part, energy), 1 - (1 - part) ** 2 / 2);
}
