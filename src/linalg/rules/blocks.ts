/**
 * Many small blocks: their inverses and determinants, without an object for each.
 *
 * @module
 */
import { FactorOperator } from "../operators/factor.ts";
import { unitOf } from "../scalar.ts";
import type { LogDet } from "./functions.ts";
import { singular } from "./singular.ts";

/** What elimination finds of a factor of square blocks. */
export interface Eliminated {
  /** The factor of the inverses; undefined where a block is singular. */
  readonly inverse: FactorOperator | undefined;
  /** Which block is singular, and how nearly. */
  readonly worst: { readonly block: number; readonly ratio: number };
  /** The product of the determinants: [re, im] of size 1, and the logarithm. */
  readonly sign: readonly [number, number];
  readonly logabs: number;
}

/** Gauss and Jordan with pivots, block by block, in complex numbers if need be. */
export function eliminate(factor: FactorOperator): Eliminated {
  const { pattern: { a, b, d }, field, values } = factor, unit = unitOf(field), width = 2 * b;
  const result = new Float64Array(values.length),
    re = new Float64Array(b * width),
    im = new Float64Array(b * width);
  let sign: [number, number] = [1, 0], logabs = 0, ratio = Infinity, block = 0;
  for (let k = 0; k < a * d; k++) {
    const first = (Math.floor(k / d) * b * b * d + k % d) * unit;
    let largest = 0;
    re.fill(0);
    im.fill(0);
    for (let i = 0; i < b; i++) {
      for (let j = 0; j < b; j++) {
        const from = first + (i * b + j) * d * unit;
        re[i * width + j] = values[from];
        if (unit === 2) im[i * width + j] = values[from + 1];
        largest = Math.max(largest, Math.hypot(re[i * width + j], im[i * width + j]));
      }
      re[i * width + b + i] = 1;
    }
    for (let j = 0; j < b; j++) {
      let best = j, size = -1;
      for (let i = j; i < b; i++) {
        const own = unit === 1
          ? Math.abs(re[i * width + j])
          : Math.hypot(re[i * width + j], im[i * width + j]);
        if (own > size) [best, size] = [i, own];
      }
      const now = largest === 0 ? 0 : size / largest;
      if (now < ratio) [ratio, block] = [now, k];
      if (size === 0) {
        return { inverse: undefined, worst: { block: k, ratio: 0 }, sign: [0, 0], logabs: -Infinity };
      }
      if (best !== j) {
        swap(re, best * width, j * width, width);
        swap(im, best * width, j * width, width);
        sign = [-sign[0], -sign[1]];
      }
      const c = re[j * width + j] / size, s = im[j * width + j] / size;
      sign = [sign[0] * c - sign[1] * s, sign[0] * s + sign[1] * c];
      logabs += Math.log(size);
      turn(re, im, j * width, width, c / size, -s / size);
      for (let i = 0; i < b; i++) {
        if (i === j) continue;
        const x = re[i * width + j], y = im[i * width + j];
        for (let l = j; l < width; l++) {
          const u = re[j * width + l], v = im[j * width + l];
          re[i * width + l] -= x * u - y * v;
          im[i * width + l] -= x * v + y * u;
        }
      }
    }
    for (let i = 0; i < b; i++) {
      for (let j = 0; j < b; j++) {
        const to = first + (i * b + j) * d * unit;
        result[to] = re[i * width + b + j];
        if (unit === 2) result[to + 1] = im[i * width + b + j];
      }
    }
  }
  return {
    inverse: new FactorOperator(factor.pattern, result, field),
    worst: { block, ratio },
    sign,
    logabs,
  };
}

/** The factor of the inverse blocks, refused where one is singular. */
export function inverseBlocks(factor: FactorOperator): FactorOperator {
  const { inverse, worst: { block, ratio } } = eliminate(factor);
  if (inverse !== undefined && ratio > 2 ** -52) return inverse;
  throw singular(factor, `block ${block} is`, ratio === 0 ? Infinity : 1 / ratio);
}

/** The product of the determinants of all blocks. */
export function blockDeterminant(factor: FactorOperator): LogDet {
  const { sign: [re, im], logabs } = eliminate(factor), size = Math.hypot(re, im) || 1;
  const sign = factor.field === "real"
    ? Float64Array.of(Math.sign(re))
    : Float64Array.of(re / size, im / size);
  return { sign, logabs, standardError: 0 };
}

function swap(x: Float64Array, a: number, b: number, count: number): void {
  for (let i = 0; i < count; i++) [x[a + i], x[b + i]] = [x[b + i], x[a + i]];
}

/** A row times c + i·s. */
function turn(re: Float64Array, im: Float64Array, at: number, count: number, c: number, s: number): void {
  for (let i = at; i < at + count; i++) [re[i], im[i]] = [re[i] * c - im[i] * s, re[i] * s + im[i] * c];
}
