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
import { type Pass, type Run, weightIndex } from "./chain.ts";

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
 * by (nearly) zero or leave the range of float32.
 */
export function divide(run: Run, pass: Pass, columns: Float64Array): Divided | undefined {
  if (pass.kind === "lane") return undefined;
  if (run.complex ? pass.lanes === 0 || pass.lanes === 3 : pass.lanes !== 3) {
    const paired = each(run, pass, columns, true);
    if (paired) return { form: run.complex ? "twiddles" : "signs", ...paired };
  }
  const unit = each(run, pass, columns, false);
  return unit && { form: "unit", ...unit };
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

/** Unit form: rows divided by their diagonal entry. */
function divideByDiagonal(
  weights: Float32Array,
  stride: number,
  { n, complex }: Run,
  scale: Float64Array,
): DividedFactor | undefined {
  const partner = new Float64Array(scale.length), next = new Float64Array(scale.length);
  for (let k = 0; k < n; k++) {
    const j = k % (2 * stride) < stride ? k + stride : k - stride;
    const d = weightIndex(stride, k, false), o = weightIndex(stride, k, true);
    if (!complex) {
      const own = weights[d] * scale[k], other = weights[o] * scale[j];
      if (!divisible(Math.abs(own)) || !(Math.abs(other) <= Math.abs(own) * LARGEST)) return undefined;
      partner[k] = other / own;
      next[k] = own;
      continue;
    }
    const own = product(weights, d, scale, k), other = product(weights, o, scale, j);
    if (!set(next, k, own) || !set(partner, k, quotient(other, own))) return undefined;
    if (!divisible(size(own)) || !(size(other) <= size(own) * LARGEST)) return undefined;
  }
  return { partner, scale: next };
}

/** Twiddle form: both rows of a block divided by their entry in the first column. */
function divideByColumn(
  weights: Float32Array,
  stride: number,
  { n, complex }: Run,
  scale: Float64Array,
): DividedFactor | undefined {
  const partner = new Float64Array(scale.length), next = new Float64Array(scale.length);
  for (let k = 0; k < n; k++) {
    if (k % (2 * stride) >= stride) continue;
    const j = k + stride;
    const at = [[k, false], [k, true], [j, true], [j, false]] as const;
    const entries = at.map(([row, other]) => weightIndex(stride, row, other));
    if (!complex) {
      const [a, b, c, d] = entries.map((i, e) => weights[i] * scale[e === 0 || e === 2 ? k : j]);
      if (!divisible(Math.abs(a)) || !divisible(Math.abs(c))) return undefined;
      // Real blocks are worth it only when w is ±1: then there is nothing to multiply.
      if (b !== a || d !== -c) return undefined;
      partner[k] = partner[j] = 1;
      next[k] = a;
      next[j] = c;
      continue;
    }
    const [a, b, c, d] = entries.map((i, e) => product(weights, i, scale, e === 0 || e === 2 ? k : j));
    if (!divisible(size(a)) || !divisible(size(c))) return undefined;
    const up = quotient(b, a), down = quotient(d, c), w = size(up);
    if (!(size([up[0] + down[0], up[1] + down[1]]) <= CROSS * w) || !(w <= LARGEST)) return undefined;
    const mean: Complex = [(up[0] - down[0]) / 2, (up[1] - down[1]) / 2];
    set(partner, k, mean);
    set(partner, j, [-mean[0], -mean[1]]);
    set(next, k, a);
    set(next, j, c);
  }
  return { partner, scale: next };
}

type Complex = readonly [number, number];

/** Entry i of interleaved weights times entry k of interleaved scales. */
function product(weights: Float32Array, i: number, scale: Float64Array, k: number): Complex {
  const x = weights[2 * i], y = weights[2 * i + 1], u = scale[2 * k], v = scale[2 * k + 1];
  return [x * u - y * v, x * v + y * u];
}

function quotient([x, y]: Complex, [u, v]: Complex): Complex {
  const square = u * u + v * v;
  return [(x * u + y * v) / square, (y * u - x * v) / square];
}

function size([x, y]: Complex): number {
  return Math.hypot(x, y);
}

/** Stores a complex number; false when it is not finite. */
function set(values: Float64Array, k: number, [x, y]: Complex): boolean {
  values[2 * k] = x;
  values[2 * k + 1] = y;
  return x - x === 0 && y - y === 0;
}
