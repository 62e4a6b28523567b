/**
 * What was learned, as data: a product of sparse factors, permutations and diagonals, of which the real part may be taken.
 *
 * @module
 */
import { butterflyPatterns, neighbourRank, patternRows, patternWeights } from "../operator/pattern.ts";
import type { Pattern } from "../program/step.ts";
import { addComplex, addReal, eachWeight } from "./descend.ts";
import { balance } from "./balance.ts";
import type { Field, Target } from "./target.ts";

/** One part of a {@link Model}. */
export type FitPart =
  /** A Kronecker-sparse factor; weights [a][b][c][d], interleaved if complex. */
  | { readonly kind: "factor"; readonly pattern: Pattern; readonly weights: Float32Array }
  /** y[i] = x[index[i]]. */
  | { readonly kind: "permutation"; readonly index: Uint32Array }
  /** One number for each entry. */
  | { readonly kind: "diagonal"; readonly weights: Float32Array };

/** A product of parts. */
export interface Model {
  /** The field of the parts. */
  readonly field: Field;
  /** In the order of application. */
  readonly parts: readonly FitPart[];
  /** Whether the matrix is the real part of the (complex) product. */
  readonly realPart: boolean;
}

/** Numbers in all parts, two for a complex one. Permutations have none. */
export function realParameters({ parts }: Model): number {
  return parts.reduce((sum, part) => sum + (part.kind === "permutation" ? 0 : part.weights.length), 0);
}

/**
 * Real numbers that can be told from the matrix: without those that change nothing, a factor of the pieces' rank times
 * itself at each point between two factors.
 */
export function realFreedom({ field, parts, ...rest }: Model): number {
  let gauge = 0;
  for (const [i, next] of parts.entries()) {
    const last = parts[i - 1];
    if (next.kind !== "factor" || last?.kind !== "factor") continue;
    gauge += patternRows(last.pattern) * (neighbourRank(next.pattern, last.pattern) ?? 1);
  }
  return realParameters({ field, parts, ...rest }) - (field === "complex" ? 2 : 1) * gauge;
}

/**
 * Float64 weights as factors in float32, the norms of the factors in balance so that no number over- or underflows.
 *
 * @param weights of each pattern, of the same field; not changed
 */
export function factorParts(
  patterns: readonly Pattern[],
  weights: readonly Float64Array[],
): FitPart[] {
  // The same norm for each, relative to the number of its weights.
  let logs = 0;
  const sizes = weights.map((w) => {
    const size = Math.sqrt(w.reduce((sum, x) => sum + x * x, 0) / w.length);
    logs += Math.log(size);
    return size;
  });
  const each = Math.exp(logs / weights.length);
  return patterns.map((pattern, i) => {
    const scale = sizes[i] > 0 && each > 0 ? each / sizes[i] : 1;
    return { kind: "factor", pattern, weights: Float32Array.from(weights[i], (x) => x * scale) };
  });
}

/** The same for the canonical weights of a radix-2 butterfly, whose paths are balanced one by one. */
export function balancedWeights(weights: Float64Array, n: number, field: Field, scale: number): Float64Array {
  const scaled = weights.slice();
  balance(scaled, n, field, scale);
  return scaled;
}

/** A permutation as a list of parts: none for the identity. */
export function orderParts(index: ArrayLike<number> | undefined): FitPart[] {
  if (index === undefined || Array.prototype.every.call(index, (j: number, i: number) => i === j)) return [];
  return [{ kind: "permutation", index: Uint32Array.from(index) }];
}

/** The index of the inverse permutation. */
export function inverseOrder(index: ArrayLike<number>): Uint32Array {
  const inverse = new Uint32Array(index.length);
  for (let i = 0; i < index.length; i++) inverse[index[i]] = i;
  return inverse;
}

/** The parts of M from those of the matrix whose entry (i, j) is entry (rows[i], columns[j]) of M. */
export function between(
  rows: ArrayLike<number> | undefined,
  parts: readonly FitPart[],
  columns: ArrayLike<number> | undefined,
): FitPart[] {
  return [...orderParts(columns), ...parts, ...orderParts(rows && inverseOrder(rows))];
}

/** The strides of a run of factors that is a butterfly: true for 1, 2 … n/2, false for n/2 … 1, undefined if it is none. */
export function butterflyOrder(parts: readonly FitPart[], n: number): boolean | undefined {
  const same = (patterns: readonly Pattern[]): boolean =>
    parts.length === patterns.length && parts.every((part, i) => {
      if (part.kind !== "factor") return false;
      const { a, b, c, d } = part.pattern;
      return a === patterns[i].a && b === 2 && c === 2 && d === patterns[i].d;
    });
  if (n < 2 || (n & (n - 1)) !== 0) return undefined;
  for (const increasing of [true, false]) {
    if (same(butterflyPatterns(n, { increasing }))) return increasing;
  }
  return undefined;
}

/** The dense matrix of a model of order n, row-major in float64; that of the real part where that is meant. */
export function modelMatrix({ field, parts, realPart }: Model, n: number): Float64Array {
  const width = field === "complex" ? 2 : 1, run = n * width;
  const [first] = parts, front = first?.kind === "permutation" ? first.index : undefined;
  let matrix = new Float64Array(n * run);
  // What lies outside of columns begin … end of a row is zero; the order of the columns comes last, to keep it so.
  let begin = Uint32Array.from({ length: n }, (_, k) => k), end = begin.map((k) => k + 1);
  for (let k = 0; k < n; k++) matrix[k * run + k * width] = 1;
  const add = field === "complex" ? addComplex : addReal;
  for (const part of front ? parts.slice(1) : parts) {
    if (part.kind === "permutation") {
      const next = new Float64Array(matrix.length);
      part.index.forEach((from, to) => next.set(matrix.subarray(from * run, (from + 1) * run), to * run));
      [matrix, begin, end] = [
        next,
        part.index.map((from) => begin[from]),
        part.index.map((from) => end[from]),
      ];
      continue;
    }
    const pattern = part.kind === "factor" ? part.pattern : { a: n, b: 1, c: 1, d: 1 };
    const rows = patternRows(pattern), next = new Float64Array(rows * run);
    const low = new Uint32Array(rows).fill(n), high = new Uint32Array(rows);
    const weights = Float64Array.from(part.weights), from = matrix;
    if (patternWeights(pattern) * width !== weights.length) throw new RangeError("A part has wrong weights");
    eachWeight(pattern, (weight, output, input) => {
      const at = weight * width, left = begin[input], right = end[input];
      if (left >= right || weights[at] === 0 && (width === 1 || weights[at + 1] === 0)) return;
      low[output] = Math.min(low[output], left);
      high[output] = Math.max(high[output], right);
      const skip = left * width;
      add(from, input * run + skip, next, output * run + skip, (right - left) * width, weights, at);
    });
    [matrix, begin, end] = [next, low, high];
  }
  if (front) {
    const from = matrix;
    matrix = new Float64Array(from.length);
    for (let row = 0; row < n * run; row += run) {
      for (let k = 0; k < n; k++) {
        const to = row + front[k] * width;
        for (let part = 0; part < width; part++) matrix[to + part] = from[row + k * width + part];
      }
    }
  }
  return realPart ? matrix.filter((_, i) => i % 2 === 0) : matrix;
}

/** ‖M − model‖_F / ‖M‖_F for a target that is not zero. */
export function modelError(model: Model, target: Target): number {
  const matrix = modelMatrix(model, target.n), { values, norm } = target;
  // A real model may stand for a complex target without imaginary parts, never the other way round.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += ((matrix[i] - values[i]) / norm) ** 2;
  return Math.sqrt(sum);
}
