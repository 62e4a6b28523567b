/**
 * Traces of operators from a few products.
 *
 * @module
 */
import { product } from "./product.ts";
import type { LinearMap } from "../types.ts";
import { gramian, orthonormalBasis, project } from "./block.ts";
import { checkSquare, randomVector, shapeOf, unitOf } from "./check.ts";
import { type Estimate, type EstimateOptions, meanOf, probe } from "./estimate.ts";
import { countOf, Watch } from "./iteration.ts";
import { identityMatrix } from "./matrix.ts";
import { dot } from "./vectors.ts";
import { Random } from "../../program/random.ts";

/** Options of {@link hutchPlusPlus}. */
export interface HutchPlusPlusOptions extends EstimateOptions {
  /** Columns of the sketch; a third of the products if not given. */
  readonly sketch?: number;
}

/**
 * The trace of a square operator by Hutchinson's estimator (1990): the mean of xᴴAx over random signs x (random
 * phases, if complex). The error falls with the root of the number of samples; of a diagonal operator it is zero.
 *
 * @throws RangeError if the operator is not square or gives NaN.
 */
export function hutchinson(map: LinearMap, options: EstimateOptions = {}): Estimate {
  const what = `estimate the trace of a ${shapeOf(map)} operator`,
    n = checkSquare(what, map),
    unit = unitOf(map);
  const samples = countOf(what, "samples", options.samples, 30, 1), random = new Random(options.seed ?? 0);
  const watch = new Watch(what, options), re: number[] = [], im: number[] = [];
  while (re.length < samples) {
    const x = probe(unit, n, random), [a, b] = dot(unit, n, x, 0, product(map, x), 0);
    watch.finite(a + b);
    re.push(a);
    im.push(b);
    watch.step(relative(meanOf(re, im)));
  }
  return meanOf(re, im);
}

/**
 * The trace of a square operator by Hutch++ (Meyer, Musco, Musco, Woodruff 2021): exact on the range of a random
 * sketch, Hutchinson's estimator on what is left. Much better than {@link hutchinson} where few eigenvalues are large;
 * the error falls with the number of products itself for positive semidefinite operators. The result is exact, with
 * error 0, if the sketch spans everything.
 *
 * @throws RangeError if the operator is not square or gives NaN.
 *
 * @example
 * ```ts
 * import { algorithms } from "@papillon/papillon/linalg";
 * const { hutchPlusPlus, matrixMap } = algorithms;
 * const A = matrixMap({ rows: 3, cols: 3, field: "real", values: Float64Array.of(9, 1, 0, 1, 1, 0, 0, 0, 0) });
 * const { value, standardError } = hutchPlusPlus(A, { samples: 12, seed: 1 });
 * console.assert(Math.abs(value - 10) <= 4 * standardError + 1e-12);
 * ```
 */
export function hutchPlusPlus(map: LinearMap, options: HutchPlusPlusOptions = {}): Estimate {
  const what = `estimate the trace of a ${shapeOf(map)} operator`,
    n = checkSquare(what, map),
    unit = unitOf(map);
  const products = countOf(what, "samples", options.samples, 30, 3);
  const columns = Math.min(n, countOf(what, "sketch", options.sketch, Math.floor(products / 3), 1));
  const random = new Random(options.seed ?? 0), watch = new Watch(what, options), length = n * unit;
  // Normal numbers: a few vectors of signs may well be dependent.
  const image = product(map, randomVector(columns * length, random));
  for (const value of image) watch.finite(value);
  // A range of less than full rank is caught whole, so that the rest is zero; a whole sketch needs no image.
  const basis = columns === n ? identityMatrix(n, map.field).values : orthonormalBasis(unit, n, image);
  const rank = basis.length / length;
  const small = gramian(unit, n, basis, product(map, basis)), known = [0, 0];
  for (let i = 0; i < rank; i++) {
    for (let u = 0; u < unit; u++) known[u] += small.values[i * (rank + 1) * unit + u];
  }
  watch.finite(known[0] + known[1]);
  if (rank === n) return { value: known[0], imaginary: known[1], standardError: 0, samples: 0 };
  const samples = Math.max(2, products - 2 * columns), re: number[] = [], im: number[] = [];
  while (re.length < samples) {
    const x = probe(unit, n, random);
    project(unit, n, basis, rank, x);
    const [a, b] = dot(unit, n, x, 0, product(map, x), 0);
    watch.finite(a + b);
    re.push(a);
    im.push(b);
    watch.step(relative(meanOf(re, im, known)));
  }
  return meanOf(re, im, known);
}

/** For progress: the error bar as a part of the value. */
function relative({ value, imaginary, standardError }: Estimate): number {
  const size = Math.hypot(value, imaginary);
  return Number.isNaN(standardError) ? 1 : size === 0 ? standardError : standardError / size;
}
