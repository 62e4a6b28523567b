/**
 * Products of butterflies and relaxed permutations, B·P, B·P·P, B·P·B·P …, as functions of all their weights with the
 * gradient, in float64 (Dao et al. 2019, section 4).
 *
 * @module
 */
import { weightCount } from "../chain64.ts";
import type { LossAndGradient } from "../objective.ts";
import { type Field, log2 } from "../target.ts";
import { RelaxedPermutation } from "./relaxed.ts";

/** One factor of a {@link PermutedModel}: a butterfly, or a relaxed permutation. */
export type ModelPart = "B" | "P";

/** A factor and where its weights lie. */
interface Placed {
  readonly kind: ModelPart;
  readonly begin: number;
  readonly end: number;
}

/**
 * A product of butterflies (strides 1, 2 … n/2, canonical weights as in `chain64.ts`) and relaxed permutations,
 * written as in mathematics: the last part is applied first. All weights are one flat array, part after part.
 */
export class PermutedModel {
  /** Points. */
  readonly n: number;
  /** The field of the butterflies. */
  readonly field: Field;
  /** The parts with the places of their weights, as written. */
  readonly parts: readonly Placed[];
  /** How many weights there are. */
  readonly size: number;
  readonly #permutation: RelaxedPermutation;

  /** A product of `parts` on n points, a power of two from 2 on. */
  constructor(n: number, field: Field, parts: readonly ModelPart[]) {
    this.n = n;
    this.field = field;
    this.#permutation = new RelaxedPermutation(n);
    const logits = this.#permutation.logits.length;
    let at = 0;
    this.parts = parts.map((kind) => {
      const begin = at;
      at += kind === "B" ? weightCount(n, field) : logits;
      return { kind, begin, end: at };
    });
    this.size = at;
  }

  /** The permutation that a part rounds to: y[i] = x[index[i]]. */
  rounded(weights: Float64Array, part: Placed): Uint32Array {
    return this.#permutation.rounded(weights.subarray(part.begin, part.end));
  }

  /** The dense product, row-major. */
  product(weights: Float64Array): Float64Array {
    return this.#forward(weights).at(-1)!;
  }

  /**
   * ½·‖product − matrix‖²_F and its gradient. A real matrix is compared with the real part of a complex product.
   *
   * @param matrix n² numbers, or 2·n² when complex
   */
  loss(matrix: Float64Array): LossAndGradient {
    const { n, field } = this, skip = field === "complex" && matrix.length === n * n ? 2 : 1;
    return (weights, gradient) => {
      const values = this.#forward(weights), product = values.at(-1)!;
      let cotangent: Float64Array = new Float64Array(product.length), sum = 0;
      for (let i = 0; i < matrix.length; i++) {
        const difference = product[i * skip] - matrix[i];
        cotangent[i * skip] = difference;
        sum += difference * difference;
      }
      gradient.fill(0);
      const unit = product.length / n;
      for (let k = 0; k < this.parts.length; k++) {
        const { kind, begin, end } = this.parts[k], own = weights.subarray(begin, end);
        const x = values[this.parts.length - 1 - k], slope = gradient.subarray(begin, end);
        if (kind === "P") {
          const back = this.#permutation.gradient(own, x, cotangent, unit);
          slope.set(back.logits);
          cotangent = back.input;
        } else {
          cotangent = butterflyBackward(own, x, cotangent, slope, n, field);
        }
      }
      return sum / 2;
    };
  }

  /** The partial products from the identity on. */
  #forward(weights: Float64Array): Float64Array[] {
    const { n, field } = this, width = field === "complex" ? 2 : 1;
    const identity = new Float64Array(n * n * width);
    for (let i = 0; i < n; i++) identity[(i * n + i) * width] = 1;
    const values: Float64Array[] = [identity];
    for (let k = this.parts.length - 1; k >= 0; k--) {
      const { kind, begin, end } = this.parts[k], own = weights.subarray(begin, end), x = values.at(-1)!;
      values.push(
        kind === "P" ? this.#permutation.apply(own, x, n * width) : butterfly(own, x, n, field),
      );
    }
    return values;
  }
}

/** Applies a butterfly to the rows of a matrix: X ↦ B·X. */
function butterfly(weights: Float64Array, x: Float64Array, n: number, field: Field): Float64Array {
  const y = x.slice(), factor = weights.length / log2(n);
  for (let level = 0; level < log2(n); level++) {
    multiply(weights.subarray(level * factor, (level + 1) * factor), 2 ** level, y, y, n, field);
  }
  return y;
}

/** Writes the gradient of the weights into `slope`; returns the cotangent of x. */
function butterflyBackward(
  weights: Float64Array,
  x: Float64Array,
  g: Float64Array,
  slope: Float64Array,
  n: number,
  field: Field,
): Float64Array {
  const levels = log2(n), size = weights.length / levels, values = [x];
  for (let level = 0; level < levels - 1; level++) {
    const y = new Float64Array(x.length);
    multiply(weights.subarray(level * size, (level + 1) * size), 2 ** level, values[level], y, n, field);
    values.push(y);
  }
  const back = field === "complex" ? backComplex : backReal;
  for (let level = levels - 1; level >= 0; level--) {
    const begin = level * size, end = begin + size;
    back(weights.subarray(begin, end), 2 ** level, values[level], g, slope.subarray(begin, end), n);
  }
  return g;
}

/** Calls `visit` with the first weight and the first rows of each pair of points, in numbers. */
function eachPair(n: number, s: number, visit: (weight: number, upper: number, lower: number) => void): void {
  for (let block = 0; block < n; block += 2 * s) {
    for (let d = 0; d < s; d++) visit(2 * block + d, block + d, block + s + d);
  }
}

function multiply(
  w: Float64Array,
  s: number,
  from: Float64Array,
  to: Float64Array,
  n: number,
  field: Field,
): void {
  const row = from.length / n, unit = field === "complex" ? 2 : 1;
  eachPair(n, s, (weight, upper, lower) => {
    const p = upper * row, q = lower * row, at = (k: number): number => (weight + k * s) * unit;
    const a = w[at(0)], b = w[at(1)], c = w[at(2)], d = w[at(3)];
    if (unit === 1) {
      for (let i = 0; i < row; i++) {
        const x = from[p + i], y = from[q + i];
        to[p + i] = a * x + b * y;
        to[q + i] = c * x + d * y;
      }
      return;
    }
    const ai = w[at(0) + 1], bi = w[at(1) + 1], ci = w[at(2) + 1], di = w[at(3) + 1];
    for (let i = 0; i < row; i += 2) {
      const x = from[p + i], xi = from[p + i + 1], y = from[q + i], yi = from[q + i + 1];
      to[p + i] = a * x - ai * xi + b * y - bi * yi;
      to[p + i + 1] = a * xi + ai * x + b * yi + bi * y;
      to[q + i] = c * x - ci * xi + d * y - di * yi;
      to[q + i + 1] = c * xi + ci * x + d * yi + di * y;
    }
  });
}

/** One factor of the way back: the slopes of its weights; `g` becomes the cotangent of its input. */
function backReal(
  w: Float64Array,
  s: number,
  x: Float64Array,
  g: Float64Array,
  slope: Float64Array,
  n: number,
): void {
  const row = x.length / n;
  eachPair(n, s, (weight, upper, lower) => {
    const p = upper * row, q = lower * row;
    const a = w[weight], b = w[weight + s], c = w[weight + 2 * s], d = w[weight + 3 * s];
    let da = 0, db = 0, dc = 0, dd = 0;
    for (let i = 0; i < row; i++) {
      const u = g[p + i], v = g[q + i], xp = x[p + i], xq = x[q + i];
      da += u * xp;
      db += u * xq;
      dc += v * xp;
      dd += v * xq;
      g[p + i] = a * u + c * v;
      g[q + i] = b * u + d * v;
    }
    slope[weight] = da;
    slope[weight + s] = db;
    slope[weight + 2 * s] = dc;
    slope[weight + 3 * s] = dd;
  });
}

/** As {@link backReal}, with conjugates. */
function backComplex(
  w: Float64Array,
  s: number,
  x: Float64Array,
  g: Float64Array,
  slope: Float64Array,
  n: number,
): void {
  const row = x.length / n;
  eachPair(n, s, (weight, upper, lower) => {
    const p = upper * row, q = lower * row, at = [0, 1, 2, 3].map((k) => 2 * (weight + k * s));
    const [a, b, c, d] = at.map((k) => w[k]), [ai, bi, ci, di] = at.map((k) => w[k + 1]);
    let da = 0, db = 0, dc = 0, dd = 0, dai = 0, dbi = 0, dci = 0, ddi = 0;
    for (let i = 0; i < row; i += 2) {
      const u = g[p + i], ui = g[p + i + 1], v = g[q + i], vi = g[q + i + 1];
      const xp = x[p + i], xpi = x[p + i + 1], xq = x[q + i], xqi = x[q + i + 1];
      da += u * xp + ui * xpi;
      dai += ui * xp - u * xpi;
      db += u * xq + ui * xqi;
      dbi += ui * xq - u * xqi;
      dc += v * xp + vi * xpi;
      dci += vi * xp - v * xpi;
      dd += v * xq + vi * xqi;
      ddi += vi * xq - v * xqi;
      g[p + i] = a * u + ai * ui + c * v + ci * vi;
      g[p + i + 1] = a * ui - ai * u + c * vi - ci * v;
      g[q + i] = b * u + bi * ui + d * v + di * vi;
      g[q + i + 1] = b * ui - bi * u + d * vi - di * v;
    }
    slope.set([da, dai], at[0]);
    slope.set([db, dbi], at[1]);
    slope.set([dc, dci], at[2]);
    slope.set([dd, ddi], at[3]);
  });
}
