/**
 * One level of a BB* product found from its matrix: the intertwiner as a start, alternating least squares to finish.
 *
 * @module
 */

import { newtonStep } from "./peel_newton.ts";
import { halfWeights } from "./peel_weights.ts";
import type { Random } from "../program/random.ts";
import { blockEnergies, intertwine } from "./intertwiner.ts";
import { frames, loops, loopsOfFour, type Outer } from "./loops.ts";
import {
  compose,
  correlate,
  energy,
  fitLeft,
  fitRight,
  identities,
  scaleColumns,
  scaleRows,
  solveHalves,
  squaredDistance,
} from "./peel_blocks.ts";

/** M ≈ left · (first ⊕ second) · right; see peel_blocks.ts for the layout. */
export interface Level {
  /** L_p, unit columns. */
  readonly left: Float64Array;
  /** R_q, unit rows. */
  readonly right: Float64Array;
  /** M₁ and M₂. */
  readonly first: Float64Array;
  readonly second: Float64Array;
  /** ‖M − left·(first ⊕ second)·right‖ / ‖M‖. */
  readonly misfit: number;
}

/** Exact up to rounding: nothing better is looked for. */
const EXACT = 1e-13;
/** The linear problem's misfit is no better than this, the root of the rounding. */
const ROUNDING = 1e-8;
/** Times as large as that: suspicious. */
const WORSE = 3;
/** Real factors are preferred if their error is at most this many times that of the complex ones. */
const SAME = 1.5;
/** Gauss–Newton steps at most. */
const NEWTON = 20;
/** A step that lowers the error by less than this part is the last. */
const NEWTON_GAIN = 0.002;
/** A sweep that lowers the error by less than this part is the last. */
const GAIN = 0.01;

/**
 * Splits a complex matrix of order n = 2h.
 *
 * Rows and columns of very different size are a dilemma: as they are, the large ones drown what the small ones say;
 * brought to equal size, so is their noise. Both and the middle are tried when it makes a difference.
 *
 * @param noise the root mean square of the noise of an entry, as far as it is known: real factors may miss by that
 */
export function splitLevel(matrix: Float64Array, n: number, random: Random, noise = 0): Level {
  const total = energy(matrix), h = n / 2;
  if (!(total > 0)) {
    const left = identities(h), right = identities(h);
    return {
      left,
      right,
      first: new Float64Array(2 * h * h),
      second: new Float64Array(2 * h * h),
      misfit: 0,
    };
  }
  const weights = equilibrate(blockEnergies(matrix, n), h);
  let best: Level | undefined, expected = Infinity;
  const consider = (outer: Outer): boolean => {
    const level = alternate(matrix, n, total, outer);
    if (!best || level.misfit < best.misfit) best = level;
    return best.misfit <= EXACT;
  };
  const estimate = loops(matrix, n);
  let found = n === 4 && consider(loopsOfFour(matrix));
  for (const power of weights.spread > 4 ? [0, 0.5, 1] : [0]) {
    if (found) break;
    const rows = weights.rows.map((x) => x ** power), columns = weights.columns.map((x) => x ** power);
    const outer = intertwine(matrix, n, rows, columns, estimate, random);
    expected = Math.min(expected, outer.misfit);
    found = consider(outer);
  }
  // Much worse than the linear problem promised: eigenvectors that noise has pushed together.
  const suspicious = !found && best!.misfit > Math.max(ROUNDING, WORSE * expected);
  // Or eigenvectors that are complex for no reason, as every matrix would do.
  const needless = isReal(matrix) && !(isReal(best!.left) && isReal(best!.right));
  if (suspicious || needless) {
    const level = alternate(matrix, n, total, frames(matrix, n));
    const allowed = SAME * Math.max(best!.misfit, noise * n / Math.sqrt(total));
    const limit = needless ? Math.max(EXACT, allowed) : best!.misfit;
    if (level.misfit <= limit) best = level;
  }
  return polish(matrix, n, total, best!);
}

function isReal(values: Float64Array): boolean {
  for (let i = 1; i < values.length; i += 2) if (values[i] !== 0) return false;
  return true;
}

/** Sweeps of least squares for L, R and the halves in turn. */
function alternate(
  matrix: Float64Array,
  n: number,
  total: number,
  { left, right }: { left: Float64Array; right: Float64Array },
): Level {
  const h = n / 2;
  const first = new Float64Array(2 * h * h), second = new Float64Array(2 * h * h);
  const model = new Float64Array(matrix.length);
  const halves = (): number => fitHalves(matrix, n, total, { left, right, first, second }, model);
  let misfit = halves();
  const sweeps = 3;
  for (let sweep = 0; sweep < sweeps && misfit > 1e-15; sweep++) {
    const kept = { left: left.slice(), right: right.slice() }, before = misfit;
    let norms = fitLeft(matrix, left, first, second, right);
    scaleRows(first, h, norms, 0);
    scaleRows(second, h, norms, h);
    norms = fitRight(matrix, left, first, second, right);
    scaleColumns(first, h, norms, 0);
    scaleColumns(second, h, norms, h);
    misfit = halves();
    if (!(misfit < before)) {
      left.set(kept.left);
      right.set(kept.right);
      misfit = halves();
      break;
    }
    if (misfit > (1 - GAIN) * before) break;
  }
  return { left, right, first, second, misfit };
}

/**
 * Gauss–Newton with adaptive damping (Levenberg and Marquardt), for levels whose columns and rows are nearly parallel
 * here and there: those on which alternating least squares stop too early.
 */
function polish(matrix: Float64Array, n: number, total: number, level: Level): Level {
  const { left, right, first, second } = level;
  if (level.misfit <= EXACT || !halfWeights(left, right, undefined)) return level;
  const model = new Float64Array(matrix.length);
  let { misfit } = level, damping = 1e-3;
  for (let step = 0; step < NEWTON && damping < 1; step++) {
    const kept = { left: left.slice(), right: right.slice() }, before = misfit;
    newtonStep(matrix, n, left, right, first, second, damping);
    misfit = fitHalves(matrix, n, total, { left, right, first, second }, model);
    if (misfit < before) {
      damping *= 0.1;
      if (misfit > (1 - NEWTON_GAIN) * before) break;
      continue;
    }
    damping *= 10;
    left.set(kept.left);
    right.set(kept.right);
    misfit = fitHalves(matrix, n, total, { left, right, first, second }, model);
  }
  return { left, right, first, second, misfit };
}

/** Sets the halves to the best ones for L and R, and returns the relative error; `model` is room for the product. */
function fitHalves(
  matrix: Float64Array,
  n: number,
  total: number,
  { left, right, first, second }: Omit<Level, "misfit">,
  model: Float64Array,
): number {
  correlate(matrix, n, left, right, first, second);
  solveHalves(first, second, left, right);
  compose(left, first, second, right, model);
  return Math.sqrt(squaredDistance(matrix, model) / total);
}

/** Weights for rows and columns that give all blocks together the same energy in each row and each column. */
function equilibrate(
  energies: Float64Array,
  h: number,
): { rows: Float64Array; columns: Float64Array; spread: number } {
  const rows = new Float64Array(h).fill(1), columns = new Float64Array(h).fill(1);
  const sums = new Float64Array(h);
  for (let sweep = 0; sweep < 6; sweep++) {
    sums.fill(0);
    for (let p = 0; p < h; p++) {
      let sum = 0;
      for (let q = 0; q < h; q++) sum += energies[p * h + q] * columns[q];
      rows[p] = sum > 0 ? 1 / sum : 0;
      for (let q = 0; q < h; q++) sums[q] += energies[p * h + q] * rows[p];
    }
    for (let q = 0; q < h; q++) columns[q] = sums[q] > 0 ? 1 / sums[q] : 0;
  }
  const spread = Math.sqrt(range(rows) * range(columns));
  return { rows: rows.map(Math.sqrt), columns: columns.map(Math.sqrt), spread };
}

function range(weights: Float64Array): number {
  let low = Infinity, high = 0;
  for (const x of weights) {
    if (x > 0) low = Math.min(low, x);
    high = Math.max(high, x);
  }
  return high > 0 ? high / low : 1;
}
