/**
 * Real blocks of 4×4 that are complex ones of 2×2: what real transforms do to pairs of numbers of a spectrum.
 *
 * @module
 */

import { Diagonal } from "../operator/diagonal.ts";
import { KroneckerFactor } from "../operator/factor.ts";
import type { Operator } from "../operator/operator.ts";
import { Permutation } from "../operator/permutation.ts";
import { product } from "../operator/product.ts";
import { RealView } from "../operator/real_view.ts";
import type { FactorStep } from "../program/step.ts";

/** What passes for rounding of float32 weights, relative to the largest of a block. */
const ROUNDING = 1e-6;

/**
 * A real factor (a, 4, 4, d) as a complex one (a, 2, 2, d) between permutations and real diagonals; undefined where
 * its blocks are others. The rows and columns of a block are taken for the parts of two complex numbers each, some of
 * them conjugated: up to scales of the imaginary parts, each quarter [[x, y], [u, v]] is then [[c, −s], [s, c]].
 */
export function conjugatePairs({ pattern: { a, b, c, d }, weights }: FactorStep): Operator | undefined {
  if (b !== 4 || c !== 4) return undefined;
  return fromRows(weights, a, d) ?? fromRows(transposed(weights, d), a, d)?.adjoint();
}

/** The weights of the transposed factor. */
function transposed(weights: Float32Array, d: number): Float32Array {
  return weights.map((_, i) => {
    const entry = Math.floor(i / d);
    return weights[((entry & ~15) + 4 * (entry & 3) + (entry >> 2 & 3)) * d + i % d];
  });
}

/** The same where the columns of blocks have signs only for scales. */
function fromRows(weights: Float32Array, a: number, d: number): Operator | undefined {
  const n = 4 * a * d, blocks = new Float32Array(2 * n);
  const before = new Float32Array(n).fill(1), behind = new Float32Array(n).fill(1);
  for (let at = 0; at < a * d; at++) {
    const own = Math.floor(at / d), k = at % d;
    const block = Float64Array.from({ length: 16 }, (_, entry) => weights[(16 * own + entry) * d + k]);
    const scales = partScales(block);
    if (scales === undefined) return undefined;
    for (let i = 0; i < 2; i++) {
      const number = (2 * own + i) * d + k;
      behind[2 * number + 1] = scales.rows[i];
      before[2 * number + 1] = scales.columns[i];
      for (let j = 0; j < 2; j++) {
        const from = 8 * i + 2 * j, to = 2 * ((4 * own + 2 * i + j) * d + k);
        blocks[to] = block[from];
        blocks[to + 1] = 0 - block[from + 1] * scales.columns[j];
      }
    }
  }
  // The two parts of a number lie d apart in the factor, and next to each other in the view.
  const together = new Permutation(Uint32Array.from({ length: n }, (_, i) => {
    const number = i >> 1;
    return (2 * Math.floor(number / d) + (i & 1)) * d + number % d;
  }));
  return product(
    together.adjoint(),
    new Diagonal(behind),
    new RealView(new KroneckerFactor({ a, b: 2, c: 2, d }, blocks, "complex")),
    new Diagonal(before),
    together,
  );
}

/**
 * The scales of the imaginary parts: rows q and columns e = ±1 with v = q·e·x and u = −q·e·y in each quarter of a
 * block, row-major; undefined where there are none.
 */
function partScales(block: Float64Array): { rows: number[]; columns: number[] } | undefined {
  const largest = block.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const ratios = [0, 1, 2, 3].map((quarter): number | undefined => {
    const at = 8 * (quarter >> 1) + 2 * (quarter & 1), x = block[at], y = block[at + 1];
    const ratio = Math.abs(x) >= Math.abs(y) ? block[at + 5] / x : -block[at + 4] / y;
    // Nothing in both rows: any scale will do.
    if (x === 0 && y === 0 && block[at + 4] === 0 && block[at + 5] === 0) return undefined;
    const off = Math.max(Math.abs(block[at + 5] - ratio * x), Math.abs(block[at + 4] + ratio * y));
    return off <= ROUNDING * largest ? ratio : NaN;
  });
  // Columns of opposite sign, where one row tells; all rows must then agree.
  const both = [0, 2].find((row) => ratios[row] !== undefined && ratios[row + 1] !== undefined);
  const sign = both === undefined ? 1 : Math.sign(ratios[both]! * ratios[both + 1]!);
  const rows: number[] = [];
  for (const row of [0, 2]) {
    const first = ratios[row], second = ratios[row + 1] === undefined ? undefined : ratios[row + 1]! * sign;
    const scale = first ?? second ?? 1;
    if (!(Math.abs((second ?? scale) - scale) <= ROUNDING * Math.abs(scale))) return undefined;
    // Rounding must not look like a diagonal.
    rows.push(Math.abs(Math.abs(scale) - 1) <= ROUNDING ? Math.sign(scale) : scale);
  }
  return { rows, columns: [1, sign] };
}
