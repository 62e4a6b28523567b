/**
 * Forms of butterfly factors that need fewer weights, for the kernels of the graphics processor: the same idea as in
 * src/program/forms.ts, for whole chains of factors instead of passes.
 *
 * With diagonals carried from factor to factor: "unit" y[k] = x[k] + o·x[partner], "twiddles" [[1, w], [1, −w]],
 * "signs" [[1, 1], [1, −1]]. The last factor of a chain takes up what is left and keeps the general form, unless nothing is.
 *
 * @module
 */

import { type FactorStep, floats } from "../program/step.ts";

/** How the 2×2 blocks of a factor are written down. */
export type BlockForm = "general" | "unit" | "twiddles" | "signs";

/** Numbers that a block has in each form. */
export const BLOCK_NUMBERS: Record<BlockForm, number> = { general: 4, unit: 2, twiddles: 1, signs: 0 };

/** A factor as a kernel reads it: [block][number of the block], numbers of `unit` floats. */
export interface Blocks {
  readonly form: BlockForm;
  readonly values: Float32Array;
}

/** Scales may grow this far from 1: they multiply values of any size the user has. */
const LARGEST = 2 ** 40;
/** How far from −1 a ratio may be and count as it: what rounding four entries to float32 does. */
const ROUNDING = 2 ** -22;

/** The order in which forms are tried, and the entries of a block by which its rows are divided. */
const CHEAPER: readonly { form: Exclude<BlockForm, "general">; rows: readonly [number, number] }[] = [
  { form: "signs", rows: [0, 2] },
  { form: "twiddles", rows: [0, 2] },
  { form: "unit", rows: [0, 3] },
];

/** Numbers of [block][entry], re and im, the columns of the blocks scaled. */
function scaledBlocks(
  { pattern: { a, d }, field, weights }: FactorStep,
  columns: Float64Array,
): Float64Array {
  const unit = floats(field), result = new Float64Array(8 * a * d);
  for (let k = 0, to = 0; k < a * d; k++) {
    const block = Math.floor(k / d), delta = k % d, p = block * 2 * d + delta;
    for (let e = 0; e < 4; e++, to += 2) {
      const at = ((block * 4 + e) * d + delta) * unit, column = 2 * (e & 1 ? p + d : p);
      const re = weights[at],
        im = unit === 2 ? weights[at + 1] : 0,
        cr = columns[column],
        ci = columns[column + 1];
      result[to] = re * cr - im * ci;
      result[to + 1] = re * ci + im * cr;
    }
  }
  return result;
}

/** A factor in a cheaper form and the rows that were divided out; undefined where its weights do not allow it. */
function divided(
  blocks: Float64Array,
  d: number,
  unit: 1 | 2,
  { form, rows: [above, below] }: typeof CHEAPER[number],
  most: number,
  last: boolean,
): { values: Float32Array; rows: Float64Array } | undefined {
  const count = blocks.length / 8, rows = new Float64Array(4 * count);
  const values = new Float32Array(count * BLOCK_NUMBERS[form] * unit);
  const limit = most * most, rounding = ROUNDING * ROUNDING;
  let to = 0;
  for (let k = 0; k < count; k++) {
    const at = 8 * k, p = Math.floor(k / d) * 2 * d + k % d;
    // The other entry of each row over the one that it is divided by.
    let [firstRe, firstIm] = [0, 0];
    for (let row = 0; row < 2; row++) {
      const own = at + 2 * (row === 0 ? above : below), other = at + 4 * row + (own === at + 4 * row ? 2 : 0);
      const re = blocks[own], im = blocks[own + 1], square = re * re + im * im;
      if (!(square >= 1 / limit && square <= limit)) return undefined;
      // The last factor must leave nothing over.
      if (last && (re !== 1 || im !== 0)) return undefined;
      const to2 = 2 * (p + row * d);
      rows[to2] = re;
      rows[to2 + 1] = im;
      const qr = (blocks[other] * re + blocks[other + 1] * im) / square;
      const qi = (blocks[other + 1] * re - blocks[other] * im) / square, size = qr * qr + qi * qi;
      if (!(size <= limit)) return undefined;
      if (form === "unit" || (form === "twiddles" && row === 0)) {
        values[to++] = qr;
        if (unit === 2) values[to++] = qi;
      }
      if (form === "unit") continue;
      if (row === 0) {
        if (form === "signs" && (qr - 1) ** 2 + qi * qi > rounding) return undefined;
        firstRe = qr;
        firstIm = qi;
      } else if (
        (firstRe + qr) ** 2 + (firstIm + qi) ** 2 > rounding * (firstRe * firstRe + firstIm * firstIm)
      ) {
        return undefined;
      }
    }
  }
  return { values, rows };
}

/** A diagonal of ones. */
function ones(n: number): Float64Array {
  const result = new Float64Array(2 * n);
  for (let k = 0; k < 2 * n; k += 2) result[k] = 1;
  return result;
}

function realParts(values: Float64Array): Float32Array {
  const result = new Float32Array(values.length / 2);
  for (let k = 0; k < result.length; k++) result[k] = values[2 * k];
  return result;
}

/** The blocks of a chain of 2×2 factors on the same points, each in the cheapest form that its weights allow. */
export function blocksOf(factors: readonly FactorStep[], precision: "f32" | "f16" = "f32"): Blocks[] {
  // Halves hold 2⁻¹⁴ … 2¹⁵ and no more, and quotients would only lose bits.
  const most = precision === "f16" ? 2 ** 10 : LARGEST;
  const { pattern: { a, d }, field } = factors[0], unit = floats(field), n = 2 * a * d;
  let columns = ones(n);
  return factors.map((factor, number): Blocks => {
    const blocks = scaledBlocks(factor, columns), last = number === factors.length - 1;
    for (const candidate of CHEAPER) {
      if (candidate.form === "unit" && precision === "f16") continue;
      const found = divided(blocks, factor.pattern.d, unit, candidate, most, last);
      if (found === undefined) continue;
      columns = found.rows;
      return { form: candidate.form, values: found.values };
    }
    // Scales that are too small or too large are taken up here.
    columns = ones(n);
    return {
      form: "general",
      values: unit === 2 ? Float32Array.from(blocks) : realParts(blocks),
    };
  });
}
