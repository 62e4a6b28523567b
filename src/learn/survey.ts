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
import { arrangements, chain, type Structure } from "./structure.ts";
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
/** Tolerances for approximations: the ratio of one to the next, and the last. */
const FINER = 0.93, FINEST = 1e-3;
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

  /** The nearest chains that have no more weights than `most`, by the estimate of their errors; none twice. */
  nearest(most: number): Structure[] {
    const found = new Map<string, { structure: Structure; estimate: number }>();
    for (const [i, looked] of this.#looked.entries()) {
      for (let tolerance = 1; tolerance > FINEST; tolerance *= FINER) {
        const structure = smallest(looked, tolerance, most);
        if (!structure) break;
        const estimate = Math.hypot(...structure.evidence);
        found.set(`${i} ${JSON.stringify(structure.patterns)}`, { structure, estimate });
      }
    }
    return [...found.values()].sort((a, b) => a.estimate - b.estimate).map(({ structure }) => structure);
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
    beyond.push(
      sampler.beyond(at, orders, Math.max(2, most), random, PIECES).map(Math.sqrt),
    );
  }
  return { radices, row, column, beyond };
}

/** The cheapest chain whose ranks, each cut's own, leave no more than a tolerance. */
function smallest(looked: Looked, tolerance: number, most: number): Structure | undefined {
  return structureOf(
    looked,
    looked.beyond.map((rests) => rests.findIndex((rest, rank) => rank > 0 && rest <= tolerance)),
    most,
  );
}

/**
 * Neighbouring radices merged so that a chain has the fewest weights, the most factors among equals, when a cut behind i
 * radices needs pieces of rank `ranks[i]`, −1 for none possible: the shortest way from one end of the chain to the other,
 * since a factor of radix k between ranks r and s has n·k·r·s weights. Undefined when it cannot be cut anywhere.
 */
function cheapestCuts(
  radices: readonly number[],
  ranks: readonly number[],
): { cuts: readonly number[]; weights: number } | undefined {
  const n = radices.reduce((product, k) => product * k, 1), end = radices.length;
  const rank = (cut: number): number => cut === 0 || cut === end ? 1 : ranks[cut];
  const ways: { cuts: readonly number[]; weights: number }[] = [{ cuts: [], weights: 0 }];
  for (let to = 1; to <= end; to++) {
    ways.push({ cuts: [], weights: Infinity });
    if (rank(to) < 1) continue;
    for (let from = to - 1, k = 1; from >= 0; from--) {
      k *= radices[from];
      // One factor from end to end is the dense matrix.
      if (rank(from) < 1 || from === 0 && to === end) continue;
      const weights = ways[from].weights + n * k * rank(from) * rank(to);
      const more = ways[from].cuts.length + 1 > ways[to].cuts.length;
      if (weights > ways[to].weights || weights === ways[to].weights && !more) continue;
      ways[to] = { cuts: to < end ? [...ways[from].cuts, to] : ways[from].cuts, weights };
    }
  }
  return ways[end].weights < Infinity ? ways[end] : undefined;
}

/**
 * The cheapest chain with pieces of the given ranks, if it has no more weights than `most`. Digit reversals on both sides
 * are a chain with the strides the other way round: then it is that one.
 */
function structureOf(
  { radices, row, column, beyond }: Looked,
  ranks: readonly number[],
  most: number,
): Structure | undefined {
  const found = cheapestCuts(radices, ranks);
  if (!found || found.weights > most) return undefined;
  const { cuts, weights: parameters } = found;
  const places = [0, ...cuts, radices.length];
  const merged = places.slice(1).map((to, i) =>
    radices.slice(places[i], to).reduce((product, k) => product * k, 1)
  );
  const chosen = cuts.map((cut) => ranks[cut]), evidence = cuts.map((cut) => beyond[cut][ranks[cut]]);
  const reversal = digitReversal(radices);
  const plain = [row, column], bare = plain.map((order) => withoutReversal(order, reversal));
  const price = (orders: NamedOrder[]): number => orders.filter(({ index }) => index).length;
  const decreasing = price(bare) < price(plain);
  const [rows, columns] = decreasing ? bare : plain;
  const patterns = decreasing
    ? chain(merged.toReversed(), chosen.toReversed()).map(transposePattern).reverse()
    : chain(merged, chosen);
  return {
    patterns,
    rank: Math.max(...chosen),
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
