/**
 * One-sided Jacobi (Hestenes 1958): the singular values of a small matrix, slowly and surely.
 *
 * @module
 */

/** Sweeps at most; convergence is quadratic in the end, 6 to 10 suffice in practice. */
const SWEEPS = 30;
/**
 * A vector with less than this part of the energy is rounding dirt, for which there is nothing to be
 * orthogonal to; rotations would shrink it to subnormal numbers, whose inner products are wrong.
 */
const NEGLIGIBLE = 1e-32;

/**
 * Rotates pairs of complex vectors, in place, until all are orthogonal: then their norms are the singular
 * values of the matrix of which they were the rows, and the vectors themselves its right singular vectors
 * (conjugated) times those. Real vectors stay real.
 *
 * @param work `count` vectors of `length` reals each (re, im interleaved), one after another.
 * @param real the vectors are of `length` real numbers, which then must be an even number: half the work.
 * @returns the index of the longest vector.
 */
export function orthogonalise(work: Float64Array, count: number, length: number, real = false): number {
  let energy = 0;
  for (let i = 0; i < count * length; i++) energy += work[i] * work[i];
  const negligible = energy * NEGLIGIBLE;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let rotated = false;
    for (let p = 0; p < count - 1; p++) {
      for (let q = p + 1; q < count; q++) {
        rotated = rotate(work, p * length, q * length, length, negligible, real) || rotated;
      }
    }
    if (!rotated) break;
  }
  let best = 0;
  let largest = -1;
  for (let k = 0; k < count; k++) {
    let sum = 0;
    for (let i = k * length; i < (k + 1) * length; i++) sum += work[i] * work[i];
    if (sum > largest) {
      largest = sum;
      best = k;
    }
  }
  return best;
}

/** Makes the vectors at p and q orthogonal; false if they were, or if one of them is as good as zero. */
function rotate(
  work: Float64Array,
  p: number,
  q: number,
  length: number,
  negligible: number,
  real: boolean,
): boolean {
  let alpha = 0;
  let beta = 0;
  let re = 0;
  let im = 0;
  for (let i = 0; i < length; i += 2) {
    const a = work[p + i];
    const b = work[p + i + 1];
    const c = work[q + i];
    const d = work[q + i + 1];
    alpha += a * a + b * b;
    beta += c * c + d * d;
    re += a * c + b * d;
    im += a * d - b * c;
  }
  // Real numbers two by two are no complex ones: their inner product has no imaginary part.
  if (real) im = 0;
  const size = Math.hypot(re, im);
  if (!(alpha > negligible && beta > negligible) || size <= 1e-15 * Math.sqrt(alpha) * Math.sqrt(beta)) {
    return false;
  }
  // With the phase of the inner product taken out of vector q the problem is real.
  const cosPhase = re / size;
  const sinPhase = im / size;
  const zeta = (beta - alpha) / (2 * size);
  const t = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.hypot(1, zeta));
  const cos = 1 / Math.hypot(1, t);
  const sin = cos * t;
  for (let i = 0; i < length; i += 2) {
    const a = work[p + i];
    const b = work[p + i + 1];
    const c = work[q + i] * cosPhase + work[q + i + 1] * sinPhase;
    const d = work[q + i + 1] * cosPhase - work[q + i] * sinPhase;
    work[p + i] = cos * a - sin * c;
    work[p + i + 1] = cos * b - sin * d;
    work[q + i] = sin * a + cos * c;
    work[q + i + 1] = sin * b + cos * d;
  }
  return true;
}
