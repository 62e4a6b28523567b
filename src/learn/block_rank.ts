/**
 * Can this matrix be a butterfly of that form? A cheap test before any splitting.
 *
 * If M is a chain with increasing strides, cut after l factors, every block M[rows ≡ ρ mod 2^l, 2^l
 * consecutive columns] has rank 1. What such blocks hold beyond rank 1 no chain of that form can represent,
 * so the part of the energy beyond rank 1, over disjoint blocks, bounds the relative error of every fit
 * from below. The test looks at a few blocks for every cut: its answer is an estimate of that bound.
 *
 * @module
 */
import { Random } from "../program/random.ts";
import { HYPOTHESES, type Hypothesis } from "./hypothesis.ts";
import { RankOne } from "./rank_one.ts";
import { log2, reverseBits, type Target } from "./target.ts";

/** The answer for one form. */
export interface RankScore {
  /** The form. */
  readonly hypothesis: Hypothesis;
  /**
   * 0 … 1: an estimate from below of the relative error ‖M − B·P‖/‖M‖ of the best butterfly of this form;
   * about 0 when the matrix may be one.
   */
  readonly misfit: number;
}

/** Blocks looked at for each cut, beside the one that holds the largest entry. */
const SAMPLES = 3;
/** Misfits below this may be the rounding of a target that was given in float32. */
const ROUNDING = 1e-6;

/**
 * Scores every form (bit reversal in front or not, strides increasing or decreasing), the most promising
 * first.
 *
 * @param target a checked matrix of order at least 2.
 * @param seed which blocks are looked at.
 */
export function rankTest(target: Target, seed = 0): RankScore[] {
  return ranked(HYPOTHESES.map((hypothesis) => ({ hypothesis, misfit: misfit(target, hypothesis, seed) })));
}

/**
 * Sorts scores, the most promising first; those at rounding level are equal and keep their order of
 * preference.
 */
export function ranked(scores: readonly RankScore[]): RankScore[] {
  return [...scores].sort((a, b) => Math.max(a.misfit, ROUNDING) - Math.max(b.misfit, ROUNDING));
}

/** The misfit of one form: the worst over the cuts, each an average over its sampled blocks. */
export function misfit(target: Target, hypothesis: Hypothesis, seed = 0): number {
  const { n } = target;
  const random = new Random(seed);
  if (target.norm === 0) return 0;
  const bits = log2(n);
  const sampler = new BlockSampler(target, hypothesis);
  // A sparse matrix has few blocks with anything in them: always look at one.
  const [largestRow, largestColumn] = sampler.largest();
  let worst = 0;
  for (let cut = 1; cut < bits; cut++) {
    const size = 2 ** cut;
    let energy = 0;
    let rest = 0;
    for (let sample = 0; sample <= SAMPLES; sample++) {
      const rho = sample === 0 ? largestRow % size : random.integer(size);
      const block = sample === 0 ? Math.floor(largestColumn / size) : random.integer(n / size);
      const found = sampler.approximate(size, rho, block);
      energy += found.energy;
      rest += found.rest;
    }
    worst = Math.max(worst, rest / energy);
  }
  return Math.sqrt(worst);
}

/** Reads blocks of the canonical matrix of a hypothesis straight out of the target. */
class BlockSampler {
  readonly #target: Target;
  readonly #hypothesis: Hypothesis;
  readonly #pieces: RankOne;
  readonly #bits: number;
  readonly #scale: number;

  constructor(target: Target, hypothesis: Hypothesis) {
    this.#target = target;
    this.#hypothesis = hypothesis;
    this.#pieces = new RankOne(target.n, target.n, target.field, target.n);
    this.#bits = log2(target.n);
    this.#scale = Math.sqrt(target.n) / target.norm;
  }

  /** Where the entry (row, column) of the canonical matrix lies in the target. */
  #index(row: number, column: number): number {
    const { n } = this.#target;
    const r = this.#hypothesis.increasing ? row : column;
    const c = this.#hypothesis.increasing ? column : row;
    return r * n + (this.#hypothesis.permutation === "none" ? c : reverseBits(c, this.#bits));
  }

  /** Row and column, in the canonical matrix, of the entry of largest modulus. */
  largest(): [number, number] {
    const { n, values, field } = this.#target;
    let best = 0;
    let largest = -1;
    for (let i = 0; i < n * n; i++) {
      const square = field === "complex" ? values[2 * i] ** 2 + values[2 * i + 1] ** 2 : values[i] ** 2;
      if (square > largest) {
        largest = square;
        best = i;
      }
    }
    const row = Math.floor(best / n);
    const source = best % n;
    const column = this.#hypothesis.permutation === "none" ? source : reverseBits(source, this.#bits);
    return this.#hypothesis.increasing ? [row, column] : [column, row];
  }

  approximate(size: number, rho: number, block: number): { energy: number; rest: number } {
    const { n, values, field } = this.#target;
    const width = field === "complex" ? 2 : 1;
    const piece = this.#pieces.matrix;
    let to = 0;
    for (let row = rho; row < n; row += size) {
      for (let column = block * size; column < (block + 1) * size; column++) {
        const from = this.#index(row, column) * width;
        for (let part = 0; part < width; part++) piece[to++] = values[from + part] * this.#scale;
      }
    }
    return this.#pieces.approximate(n / size, size);
  }
}
