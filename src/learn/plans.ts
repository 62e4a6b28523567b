/**
 * The structures that `compress` tries, each in the sizes that fit a number of parameters.
 *
 * @module
 */
import { corner } from "../operator/corner.ts";
import type { Operator } from "../operator/operator.ts";
import {
  butterflyPatterns,
  deformablePatterns,
  mixedRadixPatterns,
  monarchPatterns,
  patternColumns,
  patternRows,
  patternText,
  patternWeights,
  primeFactors,
  withRank,
} from "../operator/pattern.ts";
import { Random } from "../program/random.ts";
import type { Pattern } from "../program/step.ts";
import { approximateLowRank, lowRankOperator } from "./baselines/low_rank.ts";
import { approximateSparse, sparseOperator } from "./baselines/sparse.ts";
import { sparseLowRankOperator, sparseLowRankTask } from "./baselines/sparse_low_rank.ts";
import { descend } from "./descend.ts";
import { checkPatterns, type Factorization, factorizeTask } from "./factorize.ts";
import type { CheckedMatrix } from "./matrix.ts";
import { factorizationOperator } from "./operator.ts";
import type { Loop } from "./measure.ts";
import { PieceSampler } from "./piece_rank.ts";
import { cutAt } from "./split.ts";
import { mergedRadices, type Structure } from "./structure.ts";
import type { Task } from "./task.ts";

/** What `compress` can try. */
export type StructureName =
  | "butterfly"
  | "kaleidoscope"
  | "monarch"
  | "radix"
  | "found"
  | "low rank"
  | "sparse"
  | "sparse + low rank";

/** All of them. */
export const STRUCTURES: readonly StructureName[] = [
  "butterfly",
  "found",
  "radix",
  "monarch",
  "kaleidoscope",
  "low rank",
  "sparse",
  "sparse + low rank",
];

/** A structure of one size, not yet fitted. */
export interface Plan {
  /** Which one. */
  readonly structure: StructureName;
  /** The size in words. */
  readonly detail: string;
  /** Numbers that it has, of the field of the matrix. */
  readonly parameters: number;
  /** Fits it. Undefined when stopped. */
  readonly fit: () => Task<PlanFit | undefined>;
}

/** A plan carried out. */
export interface PlanFit {
  readonly error: number;
  readonly operator: Operator;
  /** What a plain loop needs, where a part is sparse. */
  readonly loop?: Loop;
}

/** A chain as a plan. */
interface ChainPlan extends Plan {
  /** The same for chains that differ in their rank alone. */
  readonly shape: string;
  /** An estimate of the error, from below. */
  readonly misfit: () => number;
}

/** Ranks tried. */
const RANKS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128];
/** Entries that a sparse operator can have. */
const MOST_ENTRIES = 2 ** 20;
/** Orders up to which gradients are affordable. */
const LARGEST_KALEIDOSCOPE = 512;

/** Makes plans for one matrix. */
export class Planner {
  readonly #matrix: CheckedMatrix;
  readonly #found: readonly Structure[];
  readonly #seconds: number;
  readonly #chains = new Map<StructureName, ChainPlan[]>();
  readonly #sampler?: PieceSampler;

  /**
   * @param found structures that the rank test saw in the matrix
   * @param seconds for the gradients of a kaleidoscope matrix
   */
  constructor(matrix: CheckedMatrix, found: readonly Structure[], seconds: number) {
    this.#matrix = matrix;
    this.#found = found;
    this.#seconds = seconds;
    if (matrix.norm > 0) this.#sampler = new PieceSampler(matrix);
  }

  /** Plans of a structure with at most this many parameters: the largest ones, and the most promising of the others. */
  plans(structure: StructureName, budget: number): Plan[] {
    const { rows, cols } = this.#matrix;
    if (structure === "low rank") return this.#lowRank(Math.floor(budget / (rows + cols)));
    if (structure === "sparse") return this.#sparse(Math.floor(budget));
    if (structure === "sparse + low rank") return this.#sparseLowRank(Math.floor(budget));
    let all = this.#chains.get(structure);
    if (!all) this.#chains.set(structure, all = this.#all(structure));
    const fitting = all.filter(({ parameters }) => parameters <= budget).sort((x, y) =>
      y.parameters - x.parameters
    );
    if (structure === "found" || fitting.length < 5) return fitting;
    // A chain of the same shape and higher rank holds those of lower rank.
    const shapes = new Set<string>();
    const largest = fitting.filter(({ shape }) => !shapes.has(shape) && shapes.add(shape));
    const likely = largest.slice(2).map((plan) => ({ plan, misfit: plan.misfit() }))
      .sort((x, y) => x.misfit - y.misfit);
    return [...largest.slice(0, 2), ...likely.slice(0, 2).map(({ plan }) => plan)];
  }

  /** Numbers that a sparse entry takes: itself, and where it is. */
  get #entry(): number {
    return this.#matrix.field === "complex" ? 1.5 : 2;
  }

  #lowRank(rank: number): Plan[] {
    const matrix = this.#matrix;
    const { rows, cols } = matrix;
    const most = Math.min(rank, rows, cols);
    if (most < 1) return [];
    return [{
      structure: "low rank",
      detail: `rank ${most}`,
      parameters: most * (rows + cols),
      fit: () => atOnce(() => approximateLowRank(matrix, most), lowRankOperator),
    }];
  }

  #sparse(budget: number): Plan[] {
    const matrix = this.#matrix;
    const entry = this.#entry;
    const count = Math.min(Math.floor(budget / entry), MOST_ENTRIES, matrix.rows * matrix.cols);
    if (count < 1) return [];
    return [{
      structure: "sparse",
      detail: `${count} entries`,
      parameters: entry * count,
      fit: () => atOnce(() => approximateSparse(matrix, count), sparseOperator, (fit) => fit),
    }];
  }

  #sparseLowRank(budget: number): Plan[] {
    const matrix = this.#matrix;
    const { rows, cols } = matrix;
    const entry = this.#entry;
    return [1 / 4, 3 / 4].flatMap((part) => {
      const rank = Math.min(Math.floor(part * budget / (rows + cols)), rows, cols);
      const left = budget - rank * (rows + cols);
      const count = Math.min(Math.floor(left / entry), MOST_ENTRIES, rows * cols);
      if (rank < 1 || count < 1) return [];
      return [{
        structure: "sparse + low rank" as const,
        detail: `${count} entries + rank ${rank}`,
        parameters: entry * count + rank * (rows + cols),
        *fit() {
          const task = sparseLowRankTask(matrix, { rank, count });
          let step = task.next();
          while (!step.done) {
            const stop = yield step.value;
            if (stop !== undefined) return undefined;
            step = task.next();
          }
          const { error, places, values } = step.value, rest = lowRankOperator(step.value);
          return { error, operator: sparseLowRankOperator(step.value), loop: { places, values, rest } };
        },
      }];
    });
  }

  #all(structure: StructureName): ChainPlan[] {
    const { rows, cols } = this.#matrix;
    const dense = rows * cols;
    const n = powerOfTwo(Math.max(rows, cols));
    if (structure === "kaleidoscope") {
      return n < 4 || n > LARGEST_KALEIDOSCOPE
        ? []
        : [this.#kaleidoscope(n)].filter((p) => p.parameters < dense);
    }
    const chains: Pattern[][] = [];
    let options: Pick<Structure, "rowOrder" | "columnOrder">[] = [];
    if (structure === "butterfly") {
      const radices = new Array(Math.log2(n)).fill(2);
      for (const rank of RANKS) {
        const merged = mergedRadices(radices, rank);
        if (!merged) break;
        chains.push(rank === 1 ? butterflyPatterns(n) : withRank(mixedRadixPatterns(merged), rank));
      }
    } else if (structure === "found") {
      const fitting = this.#found.filter(({ fits }) => fits).slice(0, 3);
      chains.push(...fitting.map(({ patterns }) => [...patterns]));
      options = fitting;
    } else {
      const [height, width] = [smooth(rows), smooth(cols)];
      if (structure === "monarch") chains.push(...monarchs(height, width));
      else chains.push(...groupings(height, width));
    }
    const plans = chains.map((patterns, i) => this.#chain(structure, patterns, options[i]));
    const seen = new Set<string>();
    return plans.filter(({ detail, parameters }) => {
      const fresh = parameters < dense && !seen.has(detail);
      seen.add(detail);
      return fresh;
    });
  }

  #chain(
    structure: StructureName,
    patterns: readonly Pattern[],
    orders: Pick<Structure, "rowOrder" | "columnOrder"> = {},
  ): ChainPlan {
    const matrix = this.#matrix;
    const height = patternRows(patterns.at(-1)!), width = patternColumns(patterns[0]);
    return {
      structure,
      detail: patterns.map(patternText).reverse().join("·"),
      parameters: count(patterns),
      shape: patterns.map(({ a, d }) => `${a},${d}`).join(" ") + structure,
      misfit: () => this.#misfit(patterns, height, width),
      *fit() {
        const found = yield* factorizeTask(padded(matrix, height, width), patterns, orders);
        if (!found) return undefined;
        return fitted(matrix, found);
      },
    };
  }

  /** The largest part, over the cuts, that sampled pieces have beyond their rank; of padded matrices nothing is known. */
  #misfit(patterns: readonly Pattern[], height: number, width: number): number {
    const { rows, cols } = this.#matrix;
    if (!this.#sampler || height !== rows || width !== cols) return 0;
    const random = new Random(0);
    let worst = 0;
    for (let middle = 1; middle < patterns.length; middle++) {
      const cut = cutAt(patterns, middle);
      worst = Math.max(worst, this.#sampler.beyond(cut, {}, cut.rank, random, 2)[cut.rank]);
    }
    return worst;
  }

  /** A butterfly in closed form behind an identity with the strides the other way round, and gradients on both. */
  #kaleidoscope(n: number): ChainPlan {
    const matrix = this.#matrix;
    const seconds = this.#seconds;
    const first = butterflyPatterns(n, { increasing: false });
    const patterns = [...first, ...butterflyPatterns(n)];
    return {
      structure: "kaleidoscope",
      detail: `BB* of ${n} points`,
      parameters: count(patterns),
      shape: "kaleidoscope",
      misfit: () => 0,
      *fit() {
        const large = padded(matrix, n, n);
        const start = yield* factorizeTask(large, butterflyPatterns(n));
        if (!start) return undefined;
        const unit = matrix.field === "complex" ? 2 : 1;
        const identities = first.map(() => new Float64Array(2 * n * unit));
        first.forEach(({ a, d }, level) => {
          for (let block = 0; block < a; block++) {
            for (let delta = 0; delta < d; delta++) {
              identities[level][(block * 4 * d + delta) * unit] = 1;
              identities[level][(block * 4 * d + 3 * d + delta) * unit] = 1;
            }
          }
        });
        // Worked at the norm of a unitary matrix; the factors of the start are those of the whole norm.
        const scale = matrix.norm > 0 ? Math.sqrt(n) / matrix.norm : 1;
        const goal = Float64Array.from(large.values, (value) => value * scale);
        const each = scale ** (1 / start.factors.length);
        const begin = [...identities, ...start.factors.map((factor) => factor.map((value) => value * each))];
        const better = yield* descend(goal, patterns, begin, matrix.field, { seconds });
        if (better.stopped) return undefined;
        const back = (1 / scale) ** (1 / patterns.length);
        return fitted(matrix, {
          ...start,
          patterns,
          factors: better.factors.map((factor) => factor.map((value) => value * back)),
          error: matrix.norm > 0 ? better.error / Math.sqrt(n) : 0,
        });
      },
    };
  }
}

/** A baseline, which takes no breath in between, after one. */
function* atOnce<Fit extends { readonly error: number }>(
  fit: () => Fit,
  operator: (fit: Fit) => Operator,
  loop: (fit: Fit) => Loop | undefined = () => undefined,
): Task<PlanFit | undefined> {
  const stop = yield { phase: "compress", step: 0, rmse: Infinity, restart: 0 };
  if (stop !== undefined) return undefined;
  const fitted = fit();
  return { error: fitted.error, operator: operator(fitted), loop: loop(fitted) };
}

function fitted({ rows, cols }: CheckedMatrix, found: Factorization): { error: number; operator: Operator } {
  return { error: found.error, operator: corner(factorizationOperator(found), rows, cols) };
}

function count(patterns: readonly Pattern[]): number {
  return patterns.reduce((sum, pattern) => sum + patternWeights(pattern), 0);
}

/** The matrix with zeros below and to the right. */
function padded(matrix: CheckedMatrix, height: number, width: number): CheckedMatrix {
  const { rows, cols, values, field } = matrix;
  if (rows === height && cols === width) return matrix;
  const unit = field === "complex" ? 2 : 1;
  const large = new Float64Array(height * width * unit);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < cols * unit; k++) large[i * width * unit + k] = values[i * cols * unit + k];
  }
  return { ...matrix, rows: height, cols: width, values: large };
}

function powerOfTwo(size: number): number {
  let n = 1;
  while (n < size) n *= 2;
  return n;
}

/** A size with small prime factors that is not much larger. */
function smooth(size: number): number {
  if (size < 8 || primeFactors(size).at(-1)! ** 2 <= 2 * size) return size;
  const step = 2 ** Math.max(1, Math.floor(Math.log2(size) / 2));
  return Math.ceil(size / step) * step;
}

/** Monarch matrices of all shapes and some ranks. */
function monarchs(rows: number, cols: number): Pattern[][] {
  const chains: Pattern[][] = [];
  for (const p of divisors(rows)) {
    for (const q of divisors(cols)) {
      if (p === 1 || q === 1 || p === rows || q === cols) continue;
      const patterns = monarchPatterns(rows, cols, { p, q });
      for (const rank of RANKS) if (rank <= Math.min(p, cols / q)) chains.push(withRank(patterns, rank));
    }
  }
  return chains;
}

/** Chains of three factors and more, of rectangular blocks, and some ranks. */
function groupings(rows: number, cols: number): Pattern[][] {
  const chains: Pattern[][] = [];
  const most = Math.max(primeFactors(rows).length, primeFactors(cols).length);
  for (let factors = 3; factors <= most; factors++) {
    const patterns = deformablePatterns(rows, cols, { factors });
    for (const rank of RANKS) {
      const chain = withRank(patterns, rank);
      if (possible(rows, cols, chain)) chains.push(chain);
    }
  }
  return chains;
}

function possible(rows: number, cols: number, patterns: readonly Pattern[]): boolean {
  try {
    checkPatterns("plan a chain", rows, cols, patterns);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function divisors(n: number): number[] {
  const found: number[] = [];
  for (let k = 1; k <= n; k++) if (n % k === 0) found.push(k);
  return found;
}
