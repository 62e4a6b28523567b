/**
 * Forms of butterfly factors that cost less than two multiply-adds for each output.
 *
 * With diagonals S before and T behind, T⁻¹·F·S is as good as F if the diagonals are carried along: they cost nothing
 * until the last one. For each factor T is chosen so that what is left has ones where a multiplication is saved.
 *
 * - unit: y[k] = x[k] + o·x[partner], whenever no diagonal entry is zero: T = diagonal of F·S.
 * - twiddles: blocks [[1, w], [1, −w]], when ad = −bc in every block [[a, b], [c, d]]: T = first column of F·S.
 * - signs: the same with w = 1, without any weights.
 *
 * @module
 */

import type { Form } from "../kernels/record.ts";
import type { Pass, Run } from "./chain.ts";
import type { FactorStep } from "./step.ts";

/** The factors of a pass with diagonals divided out: the partner weight of each point, and the diagonal left over. */
export interface Divided {
  readonly form: Exclude<Form, "general">;
  /** For each factor, the weight of the partner for each point, interleaved if complex. */
  readonly partners: readonly Float64Array[];
  readonly scale: Float64Array;
}

/** Scales may grow this far from 1 before they are brought back: they multiply values of any size the user has. */
const LARGEST = 2 ** 40;

/**
 * How far from −bc the product ad may be, relatively, for a block to count as [[1, w], [1, −w]]: as far as rounding the
 * four entries to float32 can take it.
 */
const CROSS = 2 ** -22;

/**
 * Divides the diagonals out of the factors of a pass, given the scale of the columns; undefined when that would divide
 * by (nearly) zero or leave the range of float32. Without `paired` only the unit form is tried.
 */
export function divide(run: Run, pass: Pass, columns: Float64Array, paired = true): Divided | undefined {
  if (pass.kind === "lane") return undefined;
  if (paired && (run.complex ? pass.lanes === 0 || pass.lanes === 3 : pass.lanes !== 3)) {
    const both = each(run, pass, columns, true);
    if (both) return { form: run.complex ? "twiddles" : "signs", ...both };
  }
  const unit = each(run, pass, columns, false);
  return unit && { form: "unit", ...unit };
}

/**
 * Whether all blocks of a factor, as it stands, are of the sign or the twiddle form: a diagonal multiplied into its columns
 * would spoil that.
 */
export function isPaired(step: FactorStep): boolean {
  return alone(step, divideByColumn);
}

/** Whether a butterfly factor, as it stands, allows the unit form. */
export function isDivisible(step: FactorStep): boolean {
  return alone(step, divideByDiagonal);
}

function alone(
  { pattern: { a, b, c, d }, field, weights }: FactorStep,
  divide: typeof divideByColumn,
): boolean {
  if (b !== 2 || c !== 2) return false;
  const n = 2 * a * d, complex = field === "complex";
  const scale = complex ? new Float64Array(2 * n).map((_, k) => 1 - (k & 1)) : new Float64Array(n).fill(1);
  return divide(weights, d, { n, complex }, scale) !== undefined;
}

function each(
  run: Run,
  pass: Pass,
  columns: Float64Array,
  paired: boolean,
): { partners: Float64Array[]; scale: Float64Array } | undefined {
  const partners: Float64Array[] = [];
  let scale = columns;
  for (let f = pass.first; f < pass.first + pass.count; f++) {
    const { pattern: { d: stride }, weights } = run.factors[f];
    const next = paired
      ? divideByColumn(weights, stride, run, scale)
      : divideByDiagonal(weights, stride, run, scale);
    if (!next) return undefined;
    partners.push(next.partner);
    scale = next.scale;
  }
  return { partners, scale };
}

interface DividedFactor {
  readonly partner: Float64Array;
  readonly scale: Float64Array;
}

/** Whether a number of this size may be divided by. */
function divisible(size: number): boolean {
  return size >= 1 / LARGEST && size <= LARGEST;
}

/**
 * Whether a complex number may be divided by, given the square of its size. Squares of float32 numbers and of scales are
 * well within float64, and a root for each weight takes longer than all the rest.
 */
function divisibleSquare(square: number): boolean {
  return square >= 1 / LARGEST ** 2 && square <= LARGEST ** 2;
}

/** Unit form: rows divided by their diagonal entry. */
function divideByDiagonal(
  weights: Float32Array,
  stride: number,
  { n, complex }: Pick<Run, "n" | "complex">,
  scale: Float64Array,
): DividedFactor | undefined {
  const partner = new Float64Array(scale.length), next = new Float64Array(scale.length);
  const row = complex ? complexRow : realRow;
  for (let base = 0; base < n; base += 2 * stride) {
    for (let delta = 0; delta < stride; delta++) {
      const k = base + delta, j = k + stride, at = 2 * base + delta;
      if (!row(weights, scale, partner, next, at, at + stride, k, j)) return undefined;
      if (!row(weights, scale, partner, next, at + 3 * stride, at + 2 * stride, j, k)) return undefined;
    }
  }
  return { partner, scale: next };
}

/** Divides row k, with weight d of its own and weight o of point j; false where that cannot be. */
function realRow(
  weights: Float32Array,
  scale: Float64Array,
  partner: Float64Array,
  next: Float64Array,
  d: number,
  o: number,
  k: number,
  j: number,
): boolean {
  const own = weights[d] * scale[k], other = weights[o] * scale[j], size = Math.abs(own);
  if (!divisible(size) || !(Math.abs(other) <= size * LARGEST)) return false;
  partner[k] = other / own;
  next[k] = own;
  return true;
}

/** The same for complex numbers. */
function complexRow(
  weights: Float32Array,
  scale: Float64Array,
  partner: Float64Array,
  next: Float64Array,
  d: number,
  o: number,
  k: number,
  j: number,
): boolean {
  const dr = weights[2 * d], di = weights[2 * d + 1], sr = scale[2 * k], si = scale[2 * k + 1];
  const or = weights[2 * o], oi = weights[2 * o + 1], tr = scale[2 * j], ti = scale[2 * j + 1];
  const re = dr * sr - di * si, im = dr * si + di * sr, square = re * re + im * im;
  const x = or * tr - oi * ti, y = or * ti + oi * tr;
  if (!divisibleSquare(square) || !(x * x + y * y <= square * LARGEST ** 2)) return false;
  partner[2 * k] = (x * re + y * im) / square;
  partner[2 * k + 1] = (y * re - x * im) / square;
  next[2 * k] = re;
  next[2 * k + 1] = im;
  return true;
}

/** Twiddle form, and that of signs: both rows of a block divided by their entry in the first column. */
function divideByColumn(
  weights: Float32Array,
  stride: number,
  { n, complex }: Pick<Run, "n" | "complex">,
  scale: Float64Array,
): DividedFactor | undefined {
  const partner = new Float64Array(scale.length), next = new Float64Array(scale.length);
  const block = complex ? twiddleBlock : signBlock;
  for (let base = 0; base < n; base += 2 * stride) {
    for (let delta = 0; delta < stride; delta++) {
      const k = base + delta;
      if (!block(weights, stride, scale, partner, next, 2 * base + delta, k, k + stride)) return undefined;
    }
  }
  return { partner, scale: next };
}

/** Divides the block of points k and j, whose first weight is number `at`, if that leaves [[1, 1], [1, −1]]. */
function signBlock(
  weights: Float32Array,
  stride: number,
  scale: Float64Array,
  partner: Float64Array,
  next: Float64Array,
  at: number,
  k: number,
  j: number,
): boolean {
  const a = weights[at] * scale[k], c = weights[at + 2 * stride] * scale[k];
  if (!divisible(Math.abs(a)) || !divisible(Math.abs(c))) return false;
  // Real blocks are worth it only when w is 1: then there is nothing to multiply.
  if (weights[at + stride] * scale[j] !== a || weights[at + 3 * stride] * scale[j] !== -c) return false;
  partner[k] = partner[j] = 1;
  next[k] = a;
  next[j] = c;
  return true;
}

/** Divides the complex block of points k and j, if that leaves [[1, w], [1, −w]]. */
function twiddleBlock(
  weights: Float32Array,
  stride: number,
  scale: Float64Array,
  partner: Float64Array,
  next: Float64Array,
  at: number,
  k: number,
  j: number,
): boolean {
  const kr = scale[2 * k], ki = scale[2 * k + 1], jr = scale[2 * j], ji = scale[2 * j + 1];
  let w = 2 * at;
  const ar = weights[w] * kr - weights[w + 1] * ki, ai = weights[w] * ki + weights[w + 1] * kr;
  w += 2 * stride;
  const br = weights[w] * jr - weights[w + 1] * ji, bi = weights[w] * ji + weights[w + 1] * jr;
  w += 2 * stride;
  const cr = weights[w] * kr - weights[w + 1] * ki, ci = weights[w] * ki + weights[w + 1] * kr;
  w += 2 * stride;
  const dr = weights[w] * jr - weights[w + 1] * ji, di = weights[w] * ji + weights[w + 1] * jr;
  const a = ar * ar + ai * ai, c = cr * cr + ci * ci;
  if (!divisibleSquare(a) || !divisibleSquare(c)) return false;
  // b/a and d/c.
  const ur = (br * ar + bi * ai) / a, ui = (bi * ar - br * ai) / a;
  const vr = (dr * cr + di * ci) / c, vi = (di * cr - dr * ci) / c;
  const x = ur + vr, y = ui + vi, square = ur * ur + ui * ui;
  if (!(x * x + y * y <= CROSS * CROSS * square) || !(square <= LARGEST ** 2)) return false;
  partner[2 * k] = (ur - vr) / 2;
  partner[2 * k + 1] = (ui - vi) / 2;
  partner[2 * j] = -partner[2 * k];
  partner[2 * j + 1] = -partner[2 * k + 1];
  next[2 * k] = ar;
  next[2 * k + 1] = ai;
  next[2 * j] = cr;
  next[2 * j + 1] = ci;
  return true;
}
