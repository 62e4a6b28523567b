/**
 * The largest eigenvalue of a growing symmetric tridiagonal matrix, as Lanczos needs it.
 *
 * @module
 */

/** A symmetric tridiagonal matrix that grows by a row and a column at a time. */
export class TridiagonalTop {
  readonly #diagonal: number[] = [];
  readonly #off: number[] = [];
  #value = 0;
  readonly #vector: Float64Array;

  /** Makes room for an order. */
  constructor(order: number) {
    this.#vector = new Float64Array(order);
  }

  /** Adds a diagonal entry, and the entry that will stand between it and the next one. */
  push(diagonal: number, off: number): void {
    this.#diagonal.push(diagonal);
    this.#off.push(off);
  }

  /**
   * The largest eigenvalue, its unit vector, and the residual of the Ritz pair: the last `off` times the last entry.
   */
  solve(): { value: number; residual: number; vector: Float64Array } {
    const d = this.#diagonal, e = this.#off, k = d.length;
    // Interlacing: the new largest eigenvalue is not below the old one; Gershgorin bounds it from above.
    let low = k === 1 ? d[0] : Math.max(this.#value, d[k - 1]), high = low;
    for (let i = 0; i < k; i++) high = Math.max(high, d[i] + (i > 0 ? e[i - 1] : 0) + (i < k - 1 ? e[i] : 0));
    for (let step = 0; step < 80 && high - low > 1e-17 * high; step++) {
      const middle = (low + high) / 2;
      if (middle <= low || middle >= high) break;
      if (this.#above(middle)) low = middle;
      else high = middle;
    }
    this.#value = low;
    const vector = this.#inverseIteration((low + high) / 2);
    return { value: low, residual: e[k - 1] * Math.abs(vector[k - 1]), vector };
  }

  /** Whether an eigenvalue lies above x: a sign change in the Sturm sequence of x·I − T. */
  #above(x: number): boolean {
    const d = this.#diagonal, e = this.#off;
    let pivot = 1;
    for (let i = 0; i < d.length; i++) {
      pivot = x - d[i] - (i > 0 ? e[i - 1] * e[i - 1] / pivot : 0);
      if (pivot <= 0) return true;
    }
    return false;
  }

  #inverseIteration(shift: number): Float64Array {
    const d = this.#diagonal, e = this.#off, k = d.length;
    const x = this.#vector.subarray(0, k), pivots = new Float64Array(k);
    // (shift − T) is positive definite up to rounding: elimination needs no pivoting, only no zero.
    for (let i = 0; i < k; i++) {
      const pivot = shift - d[i] - (i > 0 ? e[i - 1] * e[i - 1] / pivots[i - 1] : 0);
      pivots[i] = Math.abs(pivot) < 1e-17 ? 1e-17 : pivot;
    }
    for (let i = 0; i < k; i++) x[i] = 1;
    for (let pass = 0; pass < 3; pass++) {
      for (let i = 1; i < k; i++) x[i] += e[i - 1] / pivots[i - 1] * x[i - 1];
      for (let i = k - 1; i >= 0; i--) x[i] = (x[i] + (i < k - 1 ? e[i] * x[i + 1] : 0)) / pivots[i];
      let norm = 0;
      for (let i = 0; i < k; i++) norm = Math.max(norm, Math.abs(x[i]));
      let sum = 0;
      for (let i = 0; i < k; i++) sum += (x[i] / norm) ** 2;
      norm *= Math.sqrt(sum);
      for (let i = 0; i < k; i++) x[i] /= norm;
    }
    return x;
  }
}
