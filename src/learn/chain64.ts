/**
 * The radix-2 chain F_{n/2} ⋯ F_2 · F_1 in float64: its dense product, loss and gradient, in O(n²).
 *
 * Why O(n²) and not the O(n² log n) of pushing n unit vectors through: after j factors, row k of the
 * partial product X_j = F_{2^{j−1}} ⋯ F_1 is zero outside the 2^j columns of its own block, and there is
 * exactly one path from a column to a row, so every entry is one product of weights, without a sum. Kept in
 * this compact form (n rows of 2^j numbers) the levels cost 2n, 4n … n², and so do the gradients on the way
 * back.
 *
 * @module
 */
import { type Field, log2 } from "./target.ts";
import type { LossAndGradient } from "./objective.ts";

/** The number of reals in the weights of a chain of order n: 2·n·log₂n, twice that when complex. */
export function weightCount(n: number, field: Field): number {
  return 2 * n * log2(n) * (field === "complex" ? 2 : 1);
}

/**
 * A workspace for chains of one order and field. Weights are one flat array: the factors of strides 1, 2 …
 * n/2 one after another, each laid out [a][b][c][d].
 */
export class Chain64 {
  /** The order. */
  readonly n: number;
  /** The field of weights and product. */
  readonly field: Field;
  /** Reals in one factor. */
  readonly factorSize: number;
  /** log₂n. */
  readonly depth: number;
  /** X_0 … X_depth in compact form; X_0 is the identity, n ones. */
  readonly #partial: Float64Array[] = [];

  /** Makes room for chains of order n, a power of two, at least 2: some 2·n² numbers. */
  constructor(n: number, field: Field) {
    const width = field === "complex" ? 2 : 1;
    this.n = n;
    this.field = field;
    this.depth = log2(n);
    this.factorSize = 2 * n * width;
    for (let level = 0; level <= this.depth; level++) {
      this.#partial.push(new Float64Array(n * 2 ** level * width));
    }
    for (let k = 0; k < n; k++) this.#partial[0][k * width] = 1;
  }

  /**
   * The dense product, row-major. The array is the workspace's own and is overwritten by the next call.
   */
  product(weights: Float64Array): Float64Array {
    for (let level = 0; level < this.depth; level++) this.advance(weights, level);
    return this.#partial[this.depth];
  }

  /** The partial product X_level, compact, as the last call of {@link Chain64.product} left it. */
  partial(level: number): Float64Array {
    return this.#partial[level];
  }

  /** Applies one factor to the compact X_level, writing X_{level+1}. */
  advance(weights: Float64Array, level: number): void {
    const forward = this.field === "complex" ? forwardComplex : forwardReal;
    forward(this.factor(weights, level), 2 ** level, this.#partial[level], this.#partial[level + 1]);
  }

  /** The weights of one factor, a view. */
  factor(weights: Float64Array, level: number): Float64Array {
    return weights.subarray(level * this.factorSize, (level + 1) * this.factorSize);
  }

  /** ‖matrix − product‖²_F. */
  squaredError(weights: Float64Array, matrix: Float64Array): number {
    const product = this.product(weights);
    let sum = 0;
    for (let i = 0; i < product.length; i++) {
      const difference = product[i] - matrix[i];
      sum += difference * difference;
    }
    return sum;
  }

  /**
   * The loss ½·‖product − matrix‖²_F as a function of the flat weights, with its gradient by reverse mode.
   */
  loss(matrix: Float64Array): LossAndGradient {
    const backward = this.field === "complex" ? backwardComplex : backwardReal;
    const slopes = [new Float64Array(matrix.length), new Float64Array(matrix.length / 2)];
    return (weights, gradient) => {
      const product = this.product(weights);
      let [upper, lower] = slopes;
      let sum = 0;
      for (let i = 0; i < product.length; i++) {
        const difference = product[i] - matrix[i];
        upper[i] = difference;
        sum += difference * difference;
      }
      for (let level = this.depth - 1; level >= 0; level--) {
        const slope = gradient.subarray(level * this.factorSize, (level + 1) * this.factorSize);
        backward(this.factor(weights, level), 2 ** level, upper, this.#partial[level], lower, slope);
        [upper, lower] = [lower, upper];
      }
      return sum / 2;
    };
  }
}

/** X_{j+1}[(i,β,δ), γ·s + c] = w[i,β,γ,δ] · X_j[(i,γ,δ), c]. */
function forwardReal(factor: Float64Array, s: number, from: Float64Array, to: Float64Array): void {
  let weight = 0;
  for (let row = 0; row < factor.length / 2; row += s) {
    const pair = row - (row % (2 * s));
    for (let source = pair; source <= pair + s; source += s) {
      for (let d = 0; d < s; d++, weight++) {
        const w = factor[weight];
        const input = (source + d) * s;
        const output = (row + d) * 2 * s + (source - pair);
        for (let c = 0; c < s; c++) to[output + c] = w * from[input + c];
      }
    }
  }
}

function forwardComplex(factor: Float64Array, s: number, from: Float64Array, to: Float64Array): void {
  let weight = 0;
  for (let row = 0; row < factor.length / 4; row += s) {
    const pair = row - (row % (2 * s));
    for (let source = pair; source <= pair + s; source += s) {
      for (let d = 0; d < s; d++, weight += 2) {
        const re = factor[weight];
        const im = factor[weight + 1];
        const input = (source + d) * 2 * s;
        const output = (row + d) * 4 * s + 2 * (source - pair);
        for (let c = 0; c < 2 * s; c += 2) {
          const x = from[input + c];
          const y = from[input + c + 1];
          to[output + c] = re * x - im * y;
          to[output + c + 1] = re * y + im * x;
        }
      }
    }
  }
}

/**
 * One factor of the way back. With Z_{j+1} = `upper` the slope at X_{j+1}: the slope of the weights, and
 * Z_j = `lower`, from which the next factor down goes on. Both are sums over disjoint runs of Z_{j+1}.
 */
export function backwardReal(
  factor: Float64Array,
  s: number,
  upper: Float64Array,
  partial: Float64Array,
  lower: Float64Array,
  slope: Float64Array,
): void {
  for (let block = 0; block < factor.length; block += 4 * s) {
    const pair = block / 2;
    for (let g = 0; g < 2; g++) {
      for (let d = 0; d < s; d++) {
        const first = block + g * s + d;
        const second = first + 2 * s;
        const w0 = factor[first];
        const w1 = factor[second];
        const z0 = (pair + d) * 2 * s + g * s;
        const z1 = z0 + 2 * s * s;
        const x = (pair + g * s + d) * s;
        let sum0 = 0;
        let sum1 = 0;
        for (let c = 0; c < s; c++) {
          const p = upper[z0 + c];
          const q = upper[z1 + c];
          const value = partial[x + c];
          sum0 += p * value;
          sum1 += q * value;
          lower[x + c] = w0 * p + w1 * q;
        }
        slope[first] = sum0;
        slope[second] = sum1;
      }
    }
  }
}

/** As {@link backwardReal}, with the conjugates of weights and partial products. */
export function backwardComplex(
  factor: Float64Array,
  s: number,
  upper: Float64Array,
  partial: Float64Array,
  lower: Float64Array,
  slope: Float64Array,
): void {
  for (let block = 0; block < factor.length; block += 8 * s) {
    const pair = block / 4;
    for (let g = 0; g < 2; g++) {
      for (let d = 0; d < s; d++) {
        const first = block + 2 * (g * s + d);
        const second = first + 4 * s;
        const re0 = factor[first];
        const im0 = factor[first + 1];
        const re1 = factor[second];
        const im1 = factor[second + 1];
        const z0 = 2 * ((pair + d) * 2 * s + g * s);
        const z1 = z0 + 4 * s * s;
        const x = 2 * (pair + g * s + d) * s;
        let sumRe0 = 0;
        let sumIm0 = 0;
        let sumRe1 = 0;
        let sumIm1 = 0;
        for (let c = 0; c < 2 * s; c += 2) {
          const pr = upper[z0 + c];
          const pi = upper[z0 + c + 1];
          const qr = upper[z1 + c];
          const qi = upper[z1 + c + 1];
          const xr = partial[x + c];
          const xi = partial[x + c + 1];
          sumRe0 += pr * xr + pi * xi;
          sumIm0 += pi * xr - pr * xi;
          sumRe1 += qr * xr + qi * xi;
          sumIm1 += qi * xr - qr * xi;
          lower[x + c] = re0 * pr + im0 * pi + re1 * qr + im1 * qi;
          lower[x + c + 1] = re0 * pi - im0 * pr + re1 * qi - im1 * qr;
        }
        slope[first] = sumRe0;
        slope[first + 1] = sumIm0;
        slope[second] = sumRe1;
        slope[second + 1] = sumIm1;
      }
    }
  }
}
