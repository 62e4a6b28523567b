/**
 * Which chains a matrix may be: a scan over orders of rows and columns, radices and ranks, by the rank of sampled pieces.
 *
 * Nothing here knows a transform by name. That the Fourier matrix is a chain of rank 1 behind a digit reversal, and that
 * the real cosine, sine and Hartley transforms are chains of rank 2, is what the test finds.
 *
 * @module
 */
import {
  mixedRadixPatterns,
  patternWeights,
  primeFactors,
  transposePattern,
  withRank,
} from "../operator/pattern.ts";
import { Random } from "../program/random.ts";
import type { Pattern } from "../program/step.ts";
import { type CheckedMatrix, checkMatrix, type DenseMatrix } from "./matrix.ts";
import { digitReversal, knownOrders, type NamedOrder, orderByColumns, orderByLevels } from "./orders.ts";
import { PieceSampler } from "./piece_rank.ts";
import { cutAt } from "./split.ts";
import { transpose } from "./vectors.ts";
import { type Progress, type RunOptions, runTask, type Task } from "./task.ts";

/** How {@link findStructure} works. */
export interface StructureOptions extends RunOptions {
  /** The part of the norm of a piece, beyond its rank, that counts as nothing; 1e-6. More for noisy matrices. */
  readonly tolerance?: number;
  /** Ranks tried at most; 16. */
  readonly maxRank?: number;
  /**
   * Where to look for orders. `known`: none, digit reversals, even/odd, both, on rows and columns. `levels` (the
   * default): where no known order fits, products of level-wise choices as well. `columns`: also any order of the columns,
   * or of the rows, of a chain of rank 1.
   */
  readonly search?: "known" | "levels" | "columns";
  /** Seed of what is sampled; 0. */
  readonly seed?: number;
}

/** A chain that a matrix may be, ready for `factorize(matrix, structure.patterns, structure)`. */
export interface Structure {
  /** The patterns in the order of application. */
  readonly patterns: readonly Pattern[];
  /** The rank of the pieces. */
  readonly rank: number;
  /** The order of the rows in words. */
  readonly rowName: string;
  /** The order of the columns in words. */
  readonly columnName: string;
  /** Row i of the chain is this row of the matrix; absent for the identity. */
  readonly rowOrder?: Uint32Array;
  /** Column j of the chain is this column of the matrix; absent for the identity. */
  readonly columnOrder?: Uint32Array;
  /** Weights of the chain, numbers of its field. */
  readonly parameters: number;
  /** The largest of `evidence`: an estimate, from below, of the relative error of such a chain. */
  readonly misfit: number;
  /** For each cut, in the order of application, what sampled pieces hold beyond the rank, relative to their norm. */
  readonly evidence: readonly number[];
  /** Whether the misfit is within the tolerance; never with as many parameters as the dense matrix has. */
  readonly fits: boolean;
}

/** Orders of radices tried at most. */
const ARRANGEMENTS = 24;
/** Pieces of each cut looked at in what seems to fit. */
const CLOSER = 24;
/** Candidates returned at most. */
const MOST = 16;

/**
 * Looks for chains that a square matrix may be, those that fit first and of these the cheapest; then those that do not,
 * by how far they are off.
 *
 * @param matrix a square dense matrix of any order from 4 on, real or complex.
 * @returns up to 16 candidates; none when the order is prime or below 4, or the matrix zero: there is no structure to find.
 * @throws TypeError or RangeError (as a rejection) for matrices that are not square or not finite, and bad options; the
 * reason of the signal when cancelled.
 *
 * @example
 * ```ts
 * import { findStructure } from "@papillon/papillon";
 * // The cosine transform of 32 points: real, of rank 2, behind two permutations of the columns.
 * const values = Float64Array.from({ length: 1024 }, (_, k) => Math.cos(Math.PI * (2 * (k % 32) + 1) * (k >> 5) / 64));
 * const [best] = await findStructure({ rows: 32, cols: 32, values });
 * console.assert(best.fits && best.rank === 2 && best.columnName === "even/odd, digit reversal");
 * ```
 */
export async function findStructure(
  matrix: DenseMatrix,
  options: StructureOptions = {},
): Promise<Structure[]> {
  const found = await runTask(structureTask(matrix, options), options);
  if (!found) throw options.signal?.reason ?? new Error("Stopped: the time for the search is used up");
  return found;
}

/** The work of {@link findStructure} as a task; undefined when it was stopped. */
export function* structureTask(
  matrix: DenseMatrix,
  options: StructureOptions = {},
): Task<Structure[] | undefined> {
  const checked = checkMatrix("find the structure of a matrix", matrix);
  const { rows, cols, norm } = checked;
  if (rows !== cols) {
    throw new RangeError(`Cannot find the structure of a ${rows}×${cols} matrix: expected a square one`);
  }
  checkOptions(options);
  const primes = primeFactors(rows);
  if (primes.length < 2 || norm === 0) return [];
  const scan = new Scan(checked, options);
  const { search = "levels" } = options;
  for (const radices of arrangements(primes)) {
    const orders = knownOrders(radices);
    for (const row of orders) {
      for (const column of orders) {
        if ((yield scan.progress()) !== undefined) return undefined;
        scan.offer(radices, row, column);
      }
    }
    if (search === "known" || scan.fits) continue;
    if (primes.every((k) => k === 2)) {
      for (const together of [1, 2] as const) {
        for (const known of scan.fits ? [] : orders) {
          for (const transposed of [false, true]) {
            if ((yield scan.progress()) !== undefined) return undefined;
            if (radices.length > together) scan.offerLevels(radices, known, transposed, together);
          }
        }
      }
    }
    if (search === "levels" || scan.fits) continue;
    for (const known of orders) {
      for (const transposed of [false, true]) {
        if ((yield scan.progress()) !== undefined) return undefined;
        scan.offerColumns(radices, known, transposed);
      }
    }
  }
  return scan.result();
}

function checkOptions({ tolerance = 1e-6, maxRank = 1, search = "known" }: StructureOptions): void {
  if (!(tolerance > 0 && tolerance < 1)) {
    throw new RangeError(
      `Cannot find a structure: tolerance is ${tolerance}, expected a number between 0 and 1`,
    );
  }
  if (!Number.isSafeInteger(maxRank) || maxRank < 1) {
    throw new RangeError(`Cannot find a structure: maxRank is ${maxRank}, expected a positive integer`);
  }
  if (!["known", "levels", "columns"].includes(search)) {
    throw new TypeError(
      `Cannot find a structure: search is ${search}, expected "known", "levels" or "columns"`,
    );
  }
}

class Scan {
  fits = false;
  readonly #matrix: CheckedMatrix;
  readonly #sampler: PieceSampler;
  readonly #flipped: () => { matrix: CheckedMatrix; sampler: PieceSampler };
  readonly #tolerance: number;
  readonly #maxRank: number;
  readonly #seed: number;
  readonly #found: Structure[] = [];
  #step = 0;

  constructor(matrix: CheckedMatrix, { tolerance = 1e-6, maxRank = 16, seed = 0 }: StructureOptions) {
    this.#matrix = matrix;
    this.#sampler = new PieceSampler(matrix);
    this.#tolerance = tolerance;
    this.#maxRank = maxRank;
    this.#seed = seed;
    let flipped: { matrix: CheckedMatrix; sampler: PieceSampler } | undefined;
    this.#flipped = () => {
      if (!flipped) {
        const { rows, cols, values, field } = matrix;
        const turned = {
          ...matrix,
          rows: cols,
          cols: rows,
          values: transpose(values, rows, cols, field === "complex" ? 2 : 1),
        };
        flipped = { matrix: turned, sampler: new PieceSampler(turned) };
      }
      return flipped;
    };
  }

  progress(): Progress {
    return { phase: "rank test", step: this.#step++, rmse: Infinity, restart: 0 };
  }

  /** Tests one pair of orders, and keeps the smallest rank that fits, or rank 1. */
  offer(radices: readonly number[], row: NamedOrder, column: NamedOrder, flip = false): void {
    const sampler = flip ? this.#flipped().sampler : this.#sampler;
    const orders = { rows: row.index, columns: column.index };
    const patterns = mixedRadixPatterns(radices);
    const random = new Random(this.#seed);
    const middle = radices.length >> 1;
    const dense = this.#matrix.rows ** 2;
    // Squares of what lies beyond each rank, for each cut; the middle one decides whether to go on.
    const beyond: Float64Array[] = [];
    const most = (cut: number): number => {
      const { left, right } = cutAt(patterns, cut);
      return Math.min(this.#maxRank, left.b, right.c);
    };
    const measure = (cut: number, samples?: number): void => {
      if (beyond[cut] && samples === undefined) return;
      beyond[cut] = sampler.beyond(cutAt(patterns, cut), orders, most(cut), random, samples);
    };
    let confirmed = false;
    measure(middle);
    const limit = this.#tolerance ** 2;
    const at = (cut: number, rank: number): number => rank < beyond[cut].length ? beyond[cut][rank] : 0;
    for (let rank = 1;; rank++) {
      if (rank < this.#maxRank && at(middle, rank) > limit) continue;
      const merged = mergedRadices(radices, rank);
      const cheap = merged && weights(chain(merged, rank)) < dense;
      if (!cheap || rank > this.#maxRank) {
        // Nothing fits: how far off rank 1 is.
        for (let cut = 1; cut < radices.length; cut++) measure(cut);
        return this.#keep(radices, 1, row, column, flip, beyond.slice(1).map((rests) => Math.sqrt(rests[1])));
      }
      const weigh = (samples?: number): number[] => {
        let place = 0;
        return merged.slice(0, -1).map((radix) => {
          for (let k = 1; k < radix; place++) k *= radices[place];
          measure(place, samples);
          return Math.sqrt(at(place, rank));
        });
      };
      let evidence = weigh();
      const fits = (): boolean => Math.max(...evidence) <= this.#tolerance;
      // A closer look, once, at what seems to fit.
      if (fits() && !confirmed) {
        evidence = weigh(CLOSER);
        confirmed = true;
      }
      if (fits()) return this.#keep(merged, rank, row, column, flip, evidence);
    }
  }

  /** A row order is known, the columns are ordered by levels; or with `flip` the other way round. */
  offerLevels(radices: readonly number[], known: NamedOrder, flip: boolean, together: 1 | 2): void {
    const { sampler } = flip ? this.#flipped() : { sampler: this.#sampler };
    const patterns = mixedRadixPatterns(radices);
    const most = Math.min(this.#maxRank, 8);
    const index = orderByLevels(sampler, patterns, known.index, most, new Random(this.#seed), together);
    if (!index) return;
    this.offer(radices, known, { name: "levels", index }, flip);
  }

  /** A row order is known, the columns are ordered by their likeness; or with `flip` the other way round. */
  offerColumns(radices: readonly number[], known: NamedOrder, flip: boolean): void {
    const matrix = flip ? this.#flipped().matrix : this.#matrix;
    const index = orderByColumns(matrix, mixedRadixPatterns(radices), known.index);
    if (!index) return;
    this.offer(radices, known, { name: "found", index }, flip);
  }

  #keep(
    radices: readonly number[],
    rank: number,
    row: NamedOrder,
    column: NamedOrder,
    flip: boolean,
    evidence: readonly number[],
  ): void {
    const misfit = Math.max(...evidence);
    const fits = misfit <= this.#tolerance;
    this.fits ||= fits;
    let patterns = chain(radices, rank);
    let decreasing = false;
    // Digit reversals on both sides are a chain with the strides the other way round.
    const reversal = digitReversal(radices);
    if (row.name.endsWith("digit reversal") && column.name.endsWith("digit reversal")) {
      patterns = chain([...radices].reverse(), rank).map(transposePattern).reverse();
      decreasing = true;
      [row, column] = [withoutReversal(row, reversal), withoutReversal(column, reversal)];
    }
    if (flip) {
      // The chain of the transpose: the transposed factors, backwards.
      patterns = patterns.map(transposePattern).reverse();
      [row, column] = [column, row];
      evidence = [...evidence].reverse();
    }
    this.#found.push({
      patterns,
      rank,
      rowName: row.name,
      columnName: column.name,
      ...(row.index && { rowOrder: row.index }),
      ...(column.index && { columnOrder: column.index }),
      parameters: weights(patterns),
      misfit,
      evidence: decreasing ? [...evidence].reverse() : evidence,
      fits,
    });
  }

  result(): Structure[] {
    const price = ({ rowOrder, columnOrder }: Structure): number =>
      (rowOrder ? 1 : 0) + (columnOrder ? 1 : 0);
    return this.#found.sort((a, b) => {
      if (a.fits !== b.fits) return a.fits ? -1 : 1;
      return a.fits ? a.parameters - b.parameters || price(a) - price(b) : a.misfit - b.misfit;
    }).slice(0, MOST);
  }
}

/** Without the digit reversal that comes last: order[reversal⁻¹]. */
function withoutReversal({ name, index }: NamedOrder, reversal: Uint32Array): NamedOrder {
  if (name === "digit reversal") return { name: "none" };
  const bare = new Uint32Array(reversal.length);
  reversal.forEach((j, i) => bare[j] = index![i]);
  return { name: name.replace(", digit reversal", ""), index: bare };
}

/** The patterns of a mixed radix chain of a rank, or of one for each cut, in the order of application. */
export function chain(radices: readonly number[], rank: number | readonly number[]): Pattern[] {
  const patterns = mixedRadixPatterns(radices);
  if (typeof rank === "number") return rank === 1 ? patterns : withRank(patterns, rank);
  return patterns.map(({ a, b, c, d }, i) => ({ a, b: b * (rank[i] ?? 1), c: c * (rank[i - 1] ?? 1), d }));
}

/** Weights of all patterns. */
export function weights(patterns: readonly Pattern[]): number {
  return patterns.reduce((sum, pattern) => sum + patternWeights(pattern), 0);
}

/**
 * The radices with those at both ends merged until their pieces have more rows and columns than the rank: cuts further out
 * would save nothing. Undefined when nothing is left to cut.
 */
export function mergedRadices(radices: readonly number[], rank: number): number[] | undefined {
  const merged = [...radices];
  while (merged.length > 1 && merged[0] <= rank) merged.splice(0, 2, merged[0] * merged[1]);
  while (merged.length > 1 && merged.at(-1)! <= rank) merged.splice(-2, 2, merged.at(-2)! * merged.at(-1)!);
  return merged.length > 1 ? merged : undefined;
}

/** The different orders of radices, ascending and descending first, 24 at most. */
export function arrangements(primes: readonly number[]): number[][] {
  const all: number[][] = [];
  const place = (left: readonly number[], placed: number[]): void => {
    if (all.length >= ARRANGEMENTS - 1) return;
    if (left.length === 0) return void all.push(placed);
    left.forEach((k, i) => {
      if (k !== left[i - 1]) place(left.toSpliced(i, 1), [...placed, k]);
    });
  };
  place(primes, []);
  const last = [...primes].reverse();
  if (!all.some((other) => other.join() === last.join())) all.splice(1, 0, last);
  return all;
}
