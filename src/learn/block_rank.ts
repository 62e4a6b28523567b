/**
 * Can this matrix be a butterfly of that form? A cheap test before any splitting.
 *
 * The four forms that learning tries, by {@link PieceSampler}. If M is a chain with increasing strides, cut after l
 * factors, every block M[rows ≡ ρ mod 2^l, 2^l consecutive columns] has rank 1.
 *
 * @module
 */
import { butterflyPatterns } from "../operator/pattern.ts";
import { bitReversal } from "../operator/permutation.ts";
import { Random } from "../program/random.ts";
import { HYPOTHESES, type Hypothesis } from "./hypothesis.ts";
import { PieceSampler } from "./piece_rank.ts";
import { cutAt } from "./split.ts";
import { checkPowerOfTwo, type Target } from "./target.ts";

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
  const { n, norm, values, field } = target;
  checkPowerOfTwo("test a matrix", n);
  if (norm === 0) return 0;
  const random = new Random(seed);
  const sampler = new PieceSampler({ rows: n, cols: n, values, field, norm });
  const patterns = butterflyPatterns(n);
  // Strides decrease where, with rows and columns both in bit-reversed order, they increase.
  const reversed = bitReversal(n);
  const swapped = hypothesis.increasing === (hypothesis.permutation === "none");
  const orders = {
    rows: hypothesis.increasing ? undefined : reversed,
    columns: swapped ? undefined : reversed,
  };
  let worst = 0;
  for (let cut = 1; cut < patterns.length; cut++) {
    worst = Math.max(worst, sampler.beyond(cutAt(patterns, cut), orders, 1, random)[1]);
  }
  return Math.sqrt(worst);
}
