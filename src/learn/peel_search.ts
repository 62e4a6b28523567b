/**
 * BB* products behind permutations of rows and columns: which permutations, then the peel.
 *
 * @module
 */
import { CLOSE, type Ledger } from "./ledger.ts";
import { knownOrders, type NamedOrder } from "./orders.ts";
import { between, factorParts } from "./parts.ts";
import { peelMisfit, peelTask } from "./peel.ts";
import { type EntryPicker, entryPicker } from "./sparse.ts";
import { orderFamily } from "./survey.ts";
import { isPowerOfTwo, permuted, type Target } from "./target.ts";
import type { StopReason, Task } from "./task.ts";
import { orderText, strideText } from "./words.ts";

/** A pair of orders and how well a BB* product fits there. */
interface Pair {
  /** Entry (i, j) of the product is entry (row[i], column[j]) of the matrix. */
  readonly row: NamedOrder;
  readonly column: NamedOrder;
  readonly misfit: number;
  /** The simplest pairs come first. */
  readonly place: number;
}

/** Sides of the minors in the three looks, each at the best of the one before, and how many go on. */
const SIDES = [8, 16, 32], ON = [40, 8, 8];
/** Sides for sparse matrices. */
const SPARSE_SIDES = [16, 64, 128], SPARSE_SAMPLES = 4, SURE_SAMPLES = 24;
/** Orders up to which more pairs are looked at. */
const WIDE = 32;
/** Misfits below this are rounding. */
const ROUNDING = 1e-9;
/** Misfits that are as good as exact. */
const SURE = 1e-7;
/** Pairs that are tried at most; more where a try takes milliseconds. */
const TRIES = 3, SMALL_TRIES = 8, SMALL = 32;
/** A BB* product is tried when the test says that it is this much better than what is there. */
const BETTER = 0.7;
/** With a larger misfit it is hopeless, unless nothing is better. */
const HOPELESS = 0.25;

/** The search for BB* products of one target. */
export class PeelSearch {
  readonly #target: Target;
  readonly #ledger: Ledger;
  readonly #seed: number;
  readonly #tolerance: number;
  #pairs: Pair[] | undefined;
  readonly #pick?: EntryPicker;
  readonly #done = new Set<Pair>();
  /** Pairs of a sparse target that were looked at once more. */
  readonly #sure = new Set<Pair>();

  /** Of a target of any order; where it is no power of two nothing is found. */
  constructor(target: Target, ledger: Ledger, options: { seed: number; tolerance: number }) {
    this.#target = target;
    this.#ledger = ledger;
    this.#seed = options.seed;
    this.#tolerance = options.tolerance;
    const { n, values, field } = target;
    this.#pick = entryPicker({ rows: n, cols: n, values, field });
  }

  /** Tries the pairs that seem to fit exactly. */
  *exact(): Task<StopReason | undefined> {
    return yield* this.#tryAll(({ misfit }) => misfit < Math.max(SURE, 10 * this.#tolerance));
  }

  /** Tries the pairs that may be better than what there is. */
  *promising(): Task<StopReason | undefined> {
    return yield* this.#tryAll(({ misfit }) => misfit < HOPELESS && misfit < BETTER * this.#error);
  }

  /** The same, and the best one where there is nothing; of few points all that may be worth it. */
  *near(): Task<StopReason | undefined> {
    const { n } = this.#target;
    const stop = yield* this.#tryAll(({ misfit }, tried) => {
      const error = this.#error;
      if (n <= SMALL) return error > CLOSE || misfit < error;
      return misfit < HOPELESS && misfit < BETTER * error || tried === 0 && error > CLOSE;
    });
    for (const pair of this.#pairs ?? []) {
      if (!this.#done.has(pair)) this.#ledger.pass(peelText(pair, n), pair.misfit);
    }
    return stop;
  }

  *#tryAll(wanted: (pair: Pair, tried: number) => boolean): Task<StopReason | undefined> {
    const { n } = this.#target;
    if (!isPowerOfTwo(n) || n < 4) return undefined;
    if (!this.#pairs) {
      const pairs = yield* this.#look();
      if (typeof pairs === "string") return pairs;
      this.#pairs = pairs;
    }
    while (this.#done.size < (n <= SMALL ? SMALL_TRIES : TRIES)) {
      const pair = this.#pairs.find((pair) => !this.#done.has(pair) && wanted(pair, this.#done.size));
      if (pair === undefined) return undefined;
      if (this.#pick && n > SPARSE_SIDES.at(-1)! && !this.#sure.has(pair)) {
        this.#lookAgain(pair);
        continue;
      }
      this.#done.add(pair);
      const stop = yield* this.#peel(pair);
      if (stop !== undefined || this.#ledger.converged) return stop;
    }
  }

  get #error(): number {
    return this.#ledger.best()?.error ?? 1;
  }

  /** Many samples of a sparse matrix, before it is peeled: few of them may have nothing to tell. */
  #lookAgain(pair: Pair): void {
    const options = {
      size: SPARSE_SIDES.at(-1),
      samples: SURE_SAMPLES,
      seed: this.#seed + 1,
      pick: this.#pick,
    };
    const misfit = Math.max(
      pair.misfit,
      peelMisfit(this.#target, pair.row.index, pair.column.index, options),
    );
    const again = { ...pair, misfit };
    this.#sure.add(again);
    this.#pairs = inOrder([...this.#pairs!.filter((other) => other !== pair), again]);
  }

  /** Pairs by their misfit, from small minors to larger ones; the usual orders first, all only if those do not fit. */
  *#look(): Task<Pair[] | StopReason> {
    const radices = new Array<number>(Math.log2(this.#target.n)).fill(2);
    const usual = knownOrders(radices), small = this.#target.n <= WIDE;
    // Larger cosine transforms are found as chains; here all orders are looked at where that takes little.
    const all = orderFamily(radices, small ? usual : usual.slice(0, 2));
    let best: Pair[] = [];
    for (const family of [usual, all]) {
      let pairs: Pair[] = family.flatMap((row, i) =>
        family.map((column, j) => ({ row, column, misfit: 0, place: i * family.length + j }))
      );
      for (const [look, size] of (this.#pick ? SPARSE_SIDES : SIDES).entries()) {
        for (const [k, pair] of pairs.entries()) {
          if (k % 16 === 0) {
            const stop = yield this.#ledger.progress("rank test", k);
            if (stop !== undefined) return stop;
          }
          // The whole matrix is one sample.
          const more = this.#pick && size < this.#target.n ? SPARSE_SAMPLES : 1;
          const samples = (look === 0 ? 1 : 2) * more;
          const options = { size, samples, seed: this.#seed, pick: this.#pick };
          const misfit = peelMisfit(this.#target, pair.row.index, pair.column.index, options);
          pairs[k] = { ...pair, misfit: Math.max(misfit, pair.misfit) };
        }
        pairs = inOrder(pairs).slice(0, small ? 2 * ON[look] : ON[look]);
        if (size >= this.#target.n) break;
      }
      best = pairs;
      // Noise, or something good enough already: others would have to be found without a hint.
      if (best[0].misfit < CLOSE || this.#ledger.error < CLOSE) break;
    }
    return best;
  }

  *#peel(pair: Pair): Task<StopReason | undefined> {
    const { n, field } = this.#target, { row, column, misfit } = pair;
    // Between two bit reversals the strides are the other way round.
    const increasing = turned(pair), rows = increasing ? undefined : row.index;
    const columns = increasing ? undefined : column.index, matrix = permuted(this.#target, rows, columns);
    const fit = yield* peelTask(matrix, { increasing, seed: this.#seed, tolerance: this.#tolerance / 100 });
    const patterns = fit.strides.map((d) => ({ a: n / 2 / d, b: 2, c: 2, d }));
    const parts = between(rows, factorParts(patterns, fit.factors), columns);
    const model = { field: fit.field, realPart: field === "real" && fit.field === "complex", parts };
    this.#ledger.offer(model, peelText(pair, n), "closed-form", { misfit });
    return fit.stopped;
  }
}

/** The smallest misfits first, of equal ones the simplest. */
function inOrder(pairs: readonly Pair[]): Pair[] {
  const level = ({ misfit }: Pair): number => Math.max(misfit, ROUNDING);
  return pairs.toSorted((a, b) => level(a) - level(b) || a.place - b.place);
}

/** Whether the pair is a bit reversal on both sides. */
function turned({ row, column }: Pair): boolean {
  return row.name === "digit reversal" && column.name === "digit reversal";
}

function peelText(pair: Pair, n: number): string {
  const increasing = turned(pair), { row, column } = pair;
  const again = strideText(n, !increasing).replace(/^\d+, /, "");
  const name = `a kaleidoscope matrix ${increasing ? "B*B" : "BB*"} of strides ${
    strideText(n, increasing)
  }, then ${again}`;
  return increasing ? name : name + orderText(row.name, column.name, true);
}
