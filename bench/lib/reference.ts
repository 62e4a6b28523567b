/**
 * Float64 references for everything the benchmarks time, written for clarity and independence: no code shared with the
 * library, no fast path. All complex data is interleaved (re, im, re, im …).
 *
 * @module
 */

/** Real or complex numbers. */
export type Field = "real" | "complex";

/** Numbers a reference can read. */
export type Numbers = ArrayLike<number>;

/**
 * The unnormalized forward DFT, y[k] = Σ x[j]·exp(−2πi·jk/n), of one complex vector: radix-2, decimation in time, with
 * every twiddle factor from its own sine and cosine (error about 1e-16·log₂ n).
 *
 * @param x interleaved, 2n numbers, n a power of two.
 * @returns interleaved, 2n numbers.
 */
export function fourier(x: Numbers): Float64Array {
  const n = x.length / 2;
  if (!Number.isInteger(Math.log2(n))) {
    throw new RangeError(`Cannot transform ${n} complex numbers: expected a power of two`);
  }
  const y = new Float64Array(2 * n);
  const bits = Math.log2(n);
  for (let i = 0; i < n; i++) {
    let reversed = 0;
    for (let b = 0; b < bits; b++) reversed |= ((i >> b) & 1) << (bits - 1 - b);
    y[2 * reversed] = x[2 * i];
    y[2 * reversed + 1] = x[2 * i + 1];
  }
  for (let half = 1; half < n; half *= 2) {
    for (let j = 0; j < half; j++) {
      const angle = -Math.PI * j / half;
      const c = Math.cos(angle);
      const s = Math.sin(angle);
      for (let p = j; p < n; p += 2 * half) {
        const q = p + half;
        const re = y[2 * q] * c - y[2 * q + 1] * s;
        const im = y[2 * q] * s + y[2 * q + 1] * c;
        y[2 * q] = y[2 * p] - re;
        y[2 * q + 1] = y[2 * p + 1] - im;
        y[2 * p] += re;
        y[2 * p + 1] += im;
      }
    }
  }
  return y;
}

/** The matrix–vector product of a row-major matrix (interleaved if complex), in float64. */
export function denseProduct(
  matrix: Numbers,
  rows: number,
  cols: number,
  x: Numbers,
  field: Field,
): Float64Array {
  if (field === "real") {
    const y = new Float64Array(rows);
    for (let i = 0; i < rows; i++) {
      let sum = 0;
      for (let j = 0; j < cols; j++) sum += matrix[i * cols + j] * x[j];
      y[i] = sum;
    }
    return y;
  }
  const y = new Float64Array(2 * rows);
  for (let i = 0; i < rows; i++) {
    let re = 0;
    let im = 0;
    for (let j = 0; j < cols; j++) {
      const at = 2 * (i * cols + j);
      re += matrix[at] * x[2 * j] - matrix[at + 1] * x[2 * j + 1];
      im += matrix[at] * x[2 * j + 1] + matrix[at + 1] * x[2 * j];
    }
    y[2 * i] = re;
    y[2 * i + 1] = im;
  }
  return y;
}

/**
 * A chain of butterfly factors applied to one vector, in float64: what a butterfly is checked against where its dense
 * matrix would not fit into memory.
 *
 * @param factors weights in the order of application, each laid out [a][b][c][d] for the pattern (n/2s, 2, 2, s).
 * @param strides the stride s of each factor.
 * @param x one vector of n elements of the field.
 */
export function butterflyProduct(
  factors: readonly Numbers[],
  strides: readonly number[],
  x: Numbers,
  field: Field,
): Float64Array {
  const width = field === "complex" ? 2 : 1;
  const n = x.length / width;
  let from = Float64Array.from(x);
  factors.forEach((w, index) => {
    const s = strides[index];
    const to = new Float64Array(n * width);
    for (let i = 0; i < n / (2 * s); i++) {
      for (let beta = 0; beta < 2; beta++) {
        for (let delta = 0; delta < s; delta++) {
          const out = i * 2 * s + beta * s + delta;
          for (let gamma = 0; gamma < 2; gamma++) {
            const at = ((i * 2 + beta) * 2 + gamma) * s + delta;
            const source = i * 2 * s + gamma * s + delta;
            if (field === "real") {
              to[out] += w[at] * from[source];
            } else {
              const wr = w[2 * at];
              const wi = w[2 * at + 1];
              to[2 * out] += wr * from[2 * source] - wi * from[2 * source + 1];
              to[2 * out + 1] += wr * from[2 * source + 1] + wi * from[2 * source];
            }
          }
        }
      }
    }
    from = to;
  });
  return from;
}

/**
 * The gradients of a chain of butterfly factors, in float64, for one vector x and the cotangent g of the result: those
 * of the weights are added to `weights`, that of x is returned. Complex gradients are ∂L/∂re + i·∂L/∂im, so that the
 * gradient of a weight is g·conj(x) and the input's is the adjoint of the chain applied to g.
 */
export function butterflyGradient(
  factors: readonly Numbers[],
  strides: readonly number[],
  x: Numbers,
  g: Numbers,
  field: Field,
  weights: readonly Float64Array[],
): Float64Array {
  const width = field === "complex" ? 2 : 1;
  const n = x.length / width;
  const values: Float64Array[] = [Float64Array.from(x)];
  for (let i = 0; i + 1 < factors.length; i++) {
    values.push(butterflyProduct([factors[i]], [strides[i]], values[i], field));
  }
  let cotangent: Float64Array = Float64Array.from(g);
  for (let index = factors.length - 1; index >= 0; index--) {
    const w = factors[index], s = strides[index], from = values[index], gradient = weights[index];
    const next = new Float64Array(n * width);
    for (let at = 0; at < 2 * n; at++) {
      const base = Math.floor(at / (4 * s)) * 2 * s + at % s;
      const out = base + Math.floor(at / (2 * s)) % 2 * s;
      const source = base + Math.floor(at / s) % 2 * s;
      if (field === "real") {
        gradient[at] += cotangent[out] * from[source];
        next[source] += w[at] * cotangent[out];
      } else {
        const gr = cotangent[2 * out], gi = cotangent[2 * out + 1];
        const xr = from[2 * source], xi = from[2 * source + 1];
        const wr = w[2 * at], wi = w[2 * at + 1];
        gradient[2 * at] += gr * xr + gi * xi;
        gradient[2 * at + 1] += gi * xr - gr * xi;
        next[2 * source] += wr * gr + wi * gi;
        next[2 * source + 1] += wr * gi - wi * gr;
      }
    }
    cotangent = next;
  }
  return cotangent;
}

/** The relative error in the 2-norm, ‖got − want‖ / ‖want‖; NaN anywhere gives NaN. */
export function relativeError(got: Numbers, want: Numbers): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < want.length; i++) {
    difference += (got[i] - want[i]) ** 2;
    norm += want[i] ** 2;
  }
  return Math.sqrt(difference / norm);
}

/** The error a float32 routine of size n may have: 1e-6·log₂ n, relative, 2-norm. */
export function tolerance(n: number): number {
  return 1e-6 * Math.max(1, Math.log2(n));
}

/**
 * Throws unless `got` agrees with `want`.
 *
 * @param who names the routine in the message.
 * @param n size that sets the tolerance.
 * @param slack factor on the tolerance, for peers whose own arithmetic cannot do better; say why where it is used.
 */
export function assertAccurate(who: string, got: Numbers, want: Numbers, n: number, slack = 1): void {
  if (got.length !== want.length) {
    throw new Error(`${who}: expected ${want.length} numbers, got ${got.length}`);
  }
  const error = relativeError(got, want);
  const limit = tolerance(n) * slack;
  // Written so that NaN fails.
  if (!(error <= limit)) {
    throw new Error(
      `${who}: the result is wrong at n = ${n}: relative error ${error.toExponential(2)}, ` +
        `expected at most ${limit.toExponential(2)}`,
    );
  }
}
