/**
 * Pairs of orders of rows and columns, many of them looked at quickly, the promising ones closely: for each its rank as a
 * function of the error.
 *
 * @module
 */
import { mixedRadixPatterns, primeFactors, transposePattern } from "../operator/pattern.ts";
import { Random } from "../program/random.ts";
import type { Pattern } from "../program/step.ts";
import type { CheckedMatrix } from "./matrix.ts";
import { digitReversal, evenOdd, knownOrders, type NamedOrder } from "./orders.ts";
import { inverseOrder } from "./parts.ts";
import { PieceSampler } from "./piece_rank.ts";
import { cutAt } from "./split.ts";
import { arrangements, chain, type Structure, weights } from "./structure.ts";
import type { Progress, Task } from "./task.ts";

/** Rows and columns of a piece in a quick look, and ranks that count there. */
const QUICK_SIDE = 8, QUICK_RANKS = 4;
/** Pairs that are looked at closely beside those of {@link knownOrders}. */
const CLOSE = 8;
/** Arrangements of radices for which more than the known orders are looked at. */
const WIDE = 2;
/** Ranks looked at. */
const MOST_RANK = 16;
/** Pieces of a cut in a close look. */
const PIECES = 5;
/** Energies below this are rounding. */
const ROUNDING = 1e-24;

/** A pair of orders that was looked at closely. */
interface Looked {
  readonly radices: readonly number[];
  readonly row: NamedOrder;
  readonly column: NamedOrder;
  /** For each cut (from 1) the part of the norm beyond rank 0, 1, 2 …, of sampled pieces. */
  readonly beyond: readonly Float64Array[];
}

function progress(step: number): Progress {
  return { phase: "rank test", step, rmse: Infinity, restart: 0 };
}

/** Permutations that targets may have been given, to be undone before anything else: closed under inversion. */
function undone(radices: readonly number[]): NamedOrder[] {
  const n = radices.reduce((product, k) => product * k, 1), reversal = digitReversal(radices);
  const list: NamedOrder[] = [{ name: "none" }, { name: "digit reversal", index: reversal }];
  list.push({ name: "digit reversal", index: inverseOrder(reversal) });
  if (n % 2 === 0) {
    const split = Uint32Array.from({ length: n }, (_, j) => 2 * j < n ? 2 * j : 2 * j - n + 1);
    list.push({ name: "interleaved halves", index: inverseOrder(split) }, {
      name: "even, odd",
      index: split,
    });
    const folded = evenOdd(n);
    list.push({ name: "unfolded", index: inverseOrder(folded) }, { name: "even/odd", index: folded });
  }
  return list;
}

/** The known orders first, then each of them behind one of {@link undone}; none twice. */
export function orderFamily(radices: readonly number[], bases = knownOrders(radices)): NamedOrder[] {
  const family = new Map<string, NamedOrder>();
  const n = radices.reduce((product, k) => product * k, 1);
  const identity = Uint32Array.from({ length: n }, (_, i) => i);
  const add = (order: NamedOrder): void => {
    const key = (order.index ?? identity).join();
    if (!family.has(key)) family.set(key, key === identity.join() ? { name: "none" } : order);
  };
  bases.forEach(add);
  for (const { name: own, index: undo } of undone(radices)) {
    for (const { name, index } of bases) {
      const composed = undo && index ? index.map((i) => undo[i]) : undo ?? index;
      add({ name: name === "none" ? own : own === "none" ? name : `${own}, ${name}`, index: composed });
    }
  }
  return [...family.values()];
}

/** What the scan of a square matrix of composite order saw; see {@link surveyTask}. */
export class Survey {
  readonly #looked: readonly Looked[];

  /** From pairs that were looked at. */
  constructor(looked: readonly Looked[]) {
    this.#looked = looked;
  }

  /**
   * Chains of the smallest rank whose misfit is within a tolerance, and that have no more weights than `most`: one for
   * each pair of orders that has any, those of the fewest parameters first, then of the least misfit.
   */
  structures(tolerance: number, most: number): Structure[] {
    const found: Structure[] = [];
    for (const looked of this.#looked) {
      const structure = smallest(looked, tolerance, most);
      if (structure) found.push(structure);
    }
    const price = ({ rowOrder, columnOrder }: Structure): number =>
      (rowOrder ? 1 : 0) + (columnOrder ? 1 : 0);
    const level = ({ misfit }: Structure): number => Math.round(Math.log10(misfit + 1e-9));
    return found.sort((a, b) =>
      a.parameters - b.parameters || level(a) - level(b) || price(a) - price(b) || a.misfit - b.misfit
    );
  }

  /** The chains of one rank, those of the least misfit first. */
  ofRank(rank: number, most: number): Structure[] {
    return this.#looked.flatMap((looked) => ofRank(looked, rank, most) ?? []).sort((a, b) =>
      a.misfit - b.misfit
    );
  }
}

/** Looks at a square matrix of any order that is no prime and is not zero. Undefined when stopped. */
export function* surveyTask(matrix: CheckedMatrix, seed: number): Task<Survey | undefined> {
  const sampler = new PieceSampler(matrix), primes = primeFactors(matrix.rows);
  const looked: Looked[] = [];
  let step = 0;
  for (const [number, radices] of arrangements(primes).entries()) {
    const patterns = mixedRadixPatterns(radices), known = knownOrders(radices).length;
    const family = number < WIDE ? orderFamily(radices) : knownOrders(radices);
    const chosen: { row: NamedOrder; column: NamedOrder; score: number; known: boolean }[] = [];
    for (const [i, row] of family.entries()) {
      if ((yield progress(step++)) !== undefined) return undefined;
      for (const [j, column] of family.entries()) {
        const score = quick(sampler, patterns, row, column, seed);
        chosen.push({ row, column, score, known: i < known && j < known });
      }
    }
    const best = new Set([...chosen].sort((a, b) => a.score - b.score).slice(0, CLOSE));
    for (const pair of chosen) {
      if (!pair.known && !best.has(pair)) continue;
      if ((yield progress(step++)) !== undefined) return undefined;
      looked.push(look(sampler, radices, patterns, pair.row, pair.column, seed));
    }
  }
  return new Survey(looked);
}

/** The lower, the smaller the ranks of small minors of some pieces are. */
function quick(
  sampler: PieceSampler,
  patterns: readonly Pattern[],
  row: NamedOrder,
  column: NamedOrder,
  seed: number,
): number {
  const random = new Random(seed), orders = { rows: row.index, columns: column.index };
  let score = 0;
  for (let cut = 1; cut < patterns.length; cut++) {
    const at = cutAt(patterns, cut), most = Math.min(QUICK_RANKS, at.left.b, at.right.c);
    const beyond = sampler.beyond(at, orders, Math.max(2, most), random, 1, QUICK_SIDE);
    for (let rank = 1; rank <= most; rank++) score += Math.log10((beyond[rank] ?? 0) + ROUNDING) + 24;
  }
  return score;
}

function look(
  sampler: PieceSampler,
  radices: readonly number[],
  patterns: readonly Pattern[],
  row: NamedOrder,
  column: NamedOrder,
  seed: number,
): Looked {
  const random = new Random(seed), orders = { rows: row.index, columns: column.index };
  const beyond = [new Float64Array(0)];
  for (let cut = 1; cut < radices.length; cut++) {
    const at = cutAt(patterns, cut), most = Math.min(MOST_RANK, at.left.b, at.right.c);
    beyond.push(sampler.beyond(at, orders, Math.max(2, most), random, PIECES).map(Math.sqrt));
  }
  return { radices, row, column, beyond };
}

function smallest(looked: Looked, tolerance: number, most: number): Structure | undefined {
  for (let rank = 1; rank <= MOST_RANK; rank++) {
    const structure = ofRank(looked, rank, most);
    if (!structure) return undefined;
    if (structure.misfit <= tolerance) return structure;
  }
}

/** The chain of a rank; undefined when no cut of that rank saves anything. */
function ofRank({ radices, row, column, beyond }: Looked, rank: number, most: number): Structure | undefined {
  const merged = cheapestRadices(radices, rank);
  if (!merged) return undefined;
  const parameters = weights(chain(merged, rank));
  if (parameters > most) return undefined;
  let place = 0;
  const evidence = merged.slice(0, -1).map((radix) => {
    for (let k = 1; k < radix; place++) k *= radices[place];
    return beyond[place][rank] ?? 0;
  });
  return structureOf(merged, rank, row, column, evidence, parameters);
}

const cheapest = new Map<string, readonly number[] | undefined>();

/**
 * Neighbouring radices merged so that a chain of a rank has the fewest weights, the most factors among equals. Undefined
 * when it cannot be cut anywhere.
 */
function cheapestRadices(radices: readonly number[], rank: number): readonly number[] | undefined {
  const key = `${radices.join()} ${rank}`;
  if (cheapest.has(key)) return cheapest.get(key);
  const n = radices.reduce((product, k) => product * k, 1);
  let best: number[] | undefined, least = Infinity;
  // Each grouping is a set of cuts; a cut needs pieces that have more rows and columns than the rank.
  for (let cuts = 1; cuts < 2 ** (radices.length - 1); cuts++) {
    const merged = [radices[0]];
    let before = 1, allowed = true;
    for (let i = 1; i < radices.length && allowed; i++) {
      before *= radices[i - 1];
      if ((cuts >> (i - 1) & 1) === 0) merged[merged.length - 1] *= radices[i];
      else {
        merged.push(radices[i]);
        allowed = Math.min(before, n / before) > rank || rank === 1;
      }
    }
    if (!allowed) continue;
    const size = weights(chain(merged, rank));
    if (size < least || size === least && merged.length > best!.length) [best, least] = [merged, size];
  }
  cheapest.set(key, best);
  return best;
}

/** Digit reversals on both sides are a chain with the strides the other way round: then it is that one. */
function structureOf(
  radices: readonly number[],
  rank: number,
  row: NamedOrder,
  column: NamedOrder,
  evidence: number[],
  parameters: number,
): Structure {
  const reversal = digitReversal(radices);
  const plain = [row, column], bare = plain.map((order) => withoutReversal(order, reversal));
  const price = (orders: NamedOrder[]): number => orders.filter(({ index }) => index).length;
  const decreasing = price(bare) < price(plain);
  const [rows, columns] = decreasing ? bare : plain;
  const patterns = decreasing
    ? chain([...radices].reverse(), rank).map(transposePattern).reverse()
    : chain(radices, rank);
  return {
    patterns,
    rank,
    rowName: rows.name,
    columnName: columns.name,
    ...(rows.index && { rowOrder: rows.index }),
    ...(columns.index && { columnOrder: columns.index }),
    parameters,
    misfit: Math.max(0, ...evidence),
    evidence: decreasing ? evidence.reverse() : evidence,
    fits: true,
  };
}

function withoutReversal({ name, index }: NamedOrder, reversal: Uint32Array): NamedOrder {
  const bare = new Uint32Array(reversal.length);
  reversal.forEach((j, i) => bare[j] = index ? index[i] : i);
  if (bare.every((j, i) => j === i)) return { name: "none" };
  const short = name.replace(/(, )?digit reversal$/, "");
  return {
    name: short !== name ? short || "none" : `${name}, digit reversal`.replace("none, ", ""),
    index: bare,
  };
}
