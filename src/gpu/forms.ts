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

type Complex = [number, number];

const LARGEST = 2 ** 40;
/** How far from −1 a ratio may be and count as it: what rounding four entries to float32 does. */
const ROUNDING = 2 ** -22;

const product = ([a, b]: Complex, [c, d]: Complex): Complex => [a * c - b * d, a * d + b * c];
const size = ([a, b]: Complex): number => Math.hypot(a, b);
function quotient([a, b]: Complex, [c, d]: Complex): Complex {
  const square = c * c + d * d;
  return [(a * c + b * d) / square, (b * c - a * d) / square];
}

/** Whether a diagonal may be divided out and carried on. */
function fits(values: readonly Complex[], most: number): boolean {
  return values.every((v) => size(v) >= 1 / most && size(v) <= most);
}

/** The blocks of a chain of 2×2 factors on the same points, each in the cheapest form that its weights allow. */
export function blocksOf(factors: readonly FactorStep[], precision: "f32" | "f16" = "f32"): Blocks[] {
  // Halves hold 2⁻¹⁴ … 2¹⁵ and no more.
  const most = precision === "f16" ? 2 ** 10 : LARGEST;
  const { pattern: { a, d }, field } = factors[0], unit = floats(field), n = 2 * a * d;
  let columns: Complex[] = Array.from({ length: n }, () => [1, 0]);
  return factors.map((factor, number) => {
    const { a, d } = factor.pattern, { weights } = factor;
    const entry = (block: number, delta: number, e: number): Complex => {
      const at = ((block * 4 + e) * d + delta) * unit;
      return [weights[at], unit === 2 ? weights[at + 1] : 0];
    };
    const forms: { form: BlockForm; rows: Complex[]; numbers: Complex[] }[] = [
      { form: "signs", rows: [], numbers: [] },
      { form: "twiddles", rows: [], numbers: [] },
      { form: "unit", rows: [], numbers: [] },
      { form: "general", rows: [], numbers: [] },
    ];
    const [signs, twiddles, units, general] = forms;
    let paired = true, plain = true;
    for (let block = 0; block < a; block++) {
      for (let delta = 0; delta < d; delta++) {
        const p = block * 2 * d + delta, q = p + d;
        const [w00, w01, w10, w11] = [0, 1, 2, 3].map((e) =>
          product(entry(block, delta, e), columns[e & 1 ? q : p])
        );
        general.numbers.push(w00, w01, w10, w11);
        units.rows[p] = w00;
        units.rows[q] = w11;
        units.numbers.push(quotient(w01, w00), quotient(w10, w11));
        const w = quotient(w01, w00), other = quotient(w11, w10);
        twiddles.rows[p] = signs.rows[p] = w00;
        twiddles.rows[q] = signs.rows[q] = w10;
        twiddles.numbers.push(w);
        paired &&= size([w[0] + other[0], w[1] + other[1]]) <= ROUNDING * size(w);
        plain &&= size([w[0] - 1, w[1]]) <= ROUNDING;
      }
    }
    const last = number === factors.length - 1;
    const allowed = forms.filter(({ form, rows, numbers }) => {
      if (form === "general") return true;
      if (form !== "unit" && !(paired && (form === "twiddles" || plain))) return false;
      // The last one must leave nothing over.
      if (last && !rows.every(([re, im]) => re === 1 && im === 0)) return false;
      if (form === "unit" && precision === "f16") return false;
      return fits(rows, most) && numbers.every((v) => size(v) <= most);
    });
    // Small or huge scales cannot be taken up by one multiplication, nor can NaN: stay general.
    const { form, rows, numbers } = allowed[0];
    columns = form !== "general" ? rows : Array.from({ length: n }, () => [1, 0]);
    const values = new Float32Array(numbers.length * unit);
    numbers.forEach((v, k) => {
      values[k * unit] = v[0];
      if (unit === 2) values[k * unit + 1] = v[1];
    });
    return { form, values };
  });
}
