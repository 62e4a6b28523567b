/**
 * Discrete Fourier transforms in float64, of any length.
 *
 * @module
 */

/**
 * Tables for transforms of n numbers: powers of two directly, others as a convolution with a chirp of the next power of
 * two (Bluestein 1970).
 */
export class Fourier {
  /** Numbers. */
  readonly n: number;
  readonly #inner: Fourier | undefined;
  readonly #roots: Float64Array;
  readonly #chirp: Float64Array;
  readonly #filter: Float64Array;

  /** Makes the tables. */
  constructor(n: number) {
    this.n = n;
    this.#roots = new Float64Array(n);
    for (let k = 0; k < n / 2; k++) {
      this.#roots[2 * k] = Math.cos(2 * Math.PI * k / n);
      this.#roots[2 * k + 1] = -Math.sin(2 * Math.PI * k / n);
    }
    this.#chirp = this.#filter = new Float64Array(0);
    if ((n & (n - 1)) === 0) return;
    let size = 1;
    while (size < 2 * n - 1) size *= 2;
    this.#inner = new Fourier(size);
    this.#chirp = new Float64Array(2 * n);
    this.#filter = new Float64Array(2 * size);
    for (let k = 0; k < n; k++) {
      // k² mod 2n, exactly: in float64 up to n = 2²⁶.
      const angle = Math.PI * (k * k % (2 * n)) / n, c = Math.cos(angle), s = Math.sin(angle);
      this.#chirp[2 * k] = c;
      this.#chirp[2 * k + 1] = -s;
      for (const at of k === 0 ? [0] : [k, size - k]) {
        this.#filter[2 * at] = c;
        this.#filter[2 * at + 1] = s;
      }
    }
    this.#inner.transform(this.#filter, -1);
  }

  /** Σ x[j]·exp(sign·2πi·jk/n), in place, of the n interleaved numbers from float number `at` on. Not scaled. */
  transform(x: Float64Array, sign: 1 | -1, at = 0): void {
    // The other sign: conjugate before and after.
    if (sign === 1) flipImaginary(x, at, this.n);
    if (this.#inner === undefined) this.#radix2(x, at);
    else this.#bluestein(x, at, this.#inner);
    if (sign === 1) flipImaginary(x, at, this.n);
  }

  #radix2(x: Float64Array, at: number): void {
    const { n } = this, roots = this.#roots;
    for (let i = 1, j = 0; i < n; i++) {
      let bit = n >> 1;
      for (; j & bit; bit >>= 1) j ^= bit;
      j ^= bit;
      if (i < j) {
        for (let part = 0; part < 2; part++) {
          const a = at + 2 * i + part, b = at + 2 * j + part, value = x[a];
          x[a] = x[b];
          x[b] = value;
        }
      }
    }
    for (let half = 1; half < n; half *= 2) {
      const step = n / half;
      for (let block = 0; block < n; block += 2 * half) {
        for (let k = 0, w = 0; k < half; k++, w += step) {
          const a = at + 2 * (block + k), b = a + 2 * half;
          const re = x[b] * roots[w] - x[b + 1] * roots[w + 1],
            im = x[b] * roots[w + 1] + x[b + 1] * roots[w];
          x[b] = x[a] - re;
          x[b + 1] = x[a + 1] - im;
          x[a] += re;
          x[a + 1] += im;
        }
      }
    }
  }

  #bluestein(x: Float64Array, at: number, inner: Fourier): void {
    const { n } = this, chirp = this.#chirp, work = new Float64Array(2 * inner.n);
    for (let k = 0; k < 2 * n; k += 2) {
      work[k] = x[at + k] * chirp[k] - x[at + k + 1] * chirp[k + 1];
      work[k + 1] = x[at + k] * chirp[k + 1] + x[at + k + 1] * chirp[k];
    }
    inner.transform(work, -1);
    multiplyInto(work, this.#filter);
    inner.transform(work, 1);
    for (let k = 0; k < 2 * n; k += 2) {
      const re = work[k] / inner.n, im = work[k + 1] / inner.n;
      x[at + k] = re * chirp[k] - im * chirp[k + 1];
      x[at + k + 1] = re * chirp[k + 1] + im * chirp[k];
    }
  }
}

function flipImaginary(x: Float64Array, at: number, n: number): void {
  for (let i = at + 1; i < at + 2 * n; i += 2) x[i] = -x[i];
}

/** x ← x∘w, of interleaved numbers. */
export function multiplyInto(x: Float64Array, w: Float64Array, at = 0): void {
  for (let k = 0; k < w.length; k += 2) {
    const re = x[at + k], im = x[at + k + 1];
    x[at + k] = re * w[k] - im * w[k + 1];
    x[at + k + 1] = re * w[k + 1] + im * w[k];
  }
}
