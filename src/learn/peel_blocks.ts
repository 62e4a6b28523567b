/**
 * One level of a BB* product in float64: M = L · (M₁ ⊕ M₂) · R, where L and R are butterfly factors of stride h = n/2.
 *
 * For p, q < h the 2×2 matrix X of the entries (p,q), (p,q+h), (p+h,q), (p+h,q+h) is
 * L_p · diag(M₁[p,q], M₂[p,q]) · R_q: a combination of the two matrices l₁r₁ and l₂r₂, column times row. The gauge
 * is fixed by unit columns of L_p and unit rows of R_q: then white noise in M is white in M₁ and M₂ (up to their
 * correlation), and least squares for one of them, the other fixed, need no weights.
 *
 * All matrices are complex, interleaved, row-major; a real one stays exactly real, as 0 · x = 0. A 2×2 matrix is 8
 * numbers. This file has what is least squares in one of L, (M₁, M₂), R, each in one pass over M.
 *
 * @module
 */

/** Relative ridge of the 2×2 systems: they may be singular, and then the old value is kept. */
const RIDGE = 1e-14;

/** h identity matrices of order two. */
export function identities(h: number): Float64Array {
  const blocks = new Float64Array(8 * h);
  for (let p = 0; p < h; p++) blocks[8 * p] = blocks[8 * p + 6] = 1;
  return blocks;
}

/** For each R_q, ⟨r₁, r₂⟩: two numbers. */
export function rowCosines(right: Float64Array): Float64Array {
  const cosines = new Float64Array(right.length / 4);
  for (let i = 0, o = 0; i < right.length; i += 8, o += 2) {
    const a = right[i], b = right[i + 1], c = right[i + 2], d = right[i + 3];
    const e = right[i + 4], f = right[i + 5], g = right[i + 6], k = right[i + 7];
    cosines[o] = a * e + b * f + c * g + d * k;
    cosines[o + 1] = a * f - b * e + c * k - d * g;
  }
  return cosines;
}

/** For each L_p, ⟨l₁, l₂⟩: two numbers. */
export function columnCosines(left: Float64Array): Float64Array {
  const cosines = new Float64Array(left.length / 4);
  for (let i = 0, o = 0; i < left.length; i += 8, o += 2) {
    const a = left[i], b = left[i + 1], c = left[i + 4], d = left[i + 5];
    const e = left[i + 2], f = left[i + 3], g = left[i + 6], k = left[i + 7];
    cosines[o] = a * e + b * f + c * g + d * k;
    cosines[o + 1] = a * f - b * e + c * k - d * g;
  }
  return cosines;
}

/** The inner products of every X with l₁r₁ and l₂r₂, into `first` and `second`. */
export function correlate(
  matrix: Float64Array,
  n: number,
  left: Float64Array,
  right: Float64Array,
  first: Float64Array,
  second: Float64Array,
): void {
  const h = n / 2;
  for (let p = 0; p < h; p++) {
    const [a, b, c, d, e, f, g, k] = left.subarray(8 * p, 8 * p + 8);
    let o = 2 * h * p, low = 2 * n * p, high = 2 * n * (p + h);
    for (let i = 0; i < 8 * h; i += 8, o += 2, low += 2, high += 2) {
      const x = matrix[low], xi = matrix[low + 1], y = matrix[low + n], yi = matrix[low + n + 1];
      const z = matrix[high], zi = matrix[high + 1], w = matrix[high + n], wi = matrix[high + n + 1];
      // l₁ᴴX
      let s = a * x + b * xi + e * z + f * zi, si = a * xi - b * x + e * zi - f * z;
      let t = a * y + b * yi + e * w + f * wi, ti = a * yi - b * y + e * wi - f * w;
      let r = right[i], ri = right[i + 1], u = right[i + 2], ui = right[i + 3];
      first[o] = s * r + si * ri + t * u + ti * ui;
      first[o + 1] = si * r - s * ri + ti * u - t * ui;
      // l₂ᴴX
      s = c * x + d * xi + g * z + k * zi;
      si = c * xi - d * x + g * zi - k * z;
      t = c * y + d * yi + g * w + k * wi;
      ti = c * yi - d * y + g * wi - k * w;
      r = right[i + 4];
      ri = right[i + 5];
      u = right[i + 6];
      ui = right[i + 7];
      second[o] = s * r + si * ri + t * u + ti * ui;
      second[o + 1] = si * r - s * ri + ti * u - t * ui;
    }
  }
}

/** `own` − ⟨own piece, other piece⟩ · `other`, in place: what one half has to fit when the other is given. */
export function exclude(
  own: Float64Array,
  other: Float64Array,
  left: Float64Array,
  right: Float64Array,
  second: boolean,
): void {
  const alpha = columnCosines(left), beta = rowCosines(right), h = left.length / 8;
  const sign = second ? -1 : 1;
  for (let p = 0, o = 0; p < h; p++) {
    const a = alpha[2 * p], b = sign * alpha[2 * p + 1];
    for (let i = 0; i < 2 * h; i += 2, o += 2) {
      const c = beta[i], d = sign * beta[i + 1];
      const re = a * c - b * d, im = a * d + b * c;
      own[o] -= re * other[o] - im * other[o + 1];
      own[o + 1] -= re * other[o + 1] + im * other[o];
    }
  }
}

/** The best M₁ and M₂ for given L and R, entry by entry; in place of the correlations. */
export function solveHalves(
  first: Float64Array,
  second: Float64Array,
  left: Float64Array,
  right: Float64Array,
): void {
  const alpha = columnCosines(left), beta = rowCosines(right), h = left.length / 8;
  for (let p = 0, o = 0; p < h; p++) {
    const a = alpha[2 * p], b = alpha[2 * p + 1];
    for (let i = 0; i < 2 * h; i += 2, o += 2) {
      const c = beta[i], d = beta[i + 1];
      const re = a * c - b * d, im = a * d + b * c;
      const scale = 1 / Math.max(RIDGE, 1 - re * re - im * im);
      const x = first[o], xi = first[o + 1], y = second[o], yi = second[o + 1];
      first[o] = scale * (x - re * y + im * yi);
      first[o + 1] = scale * (xi - re * yi - im * y);
      second[o] = scale * (y - re * x - im * xi);
      second[o + 1] = scale * (yi - re * xi + im * x);
    }
  }
}

/** M = L · (M₁ ⊕ M₂) · R. */
export function compose(
  left: Float64Array,
  first: Float64Array,
  second: Float64Array,
  right: Float64Array,
  matrix: Float64Array,
): void {
  const h = left.length / 8, n = 2 * h;
  for (let p = 0; p < h; p++) {
    const [a, b, c, d, e, f, g, k] = left.subarray(8 * p, 8 * p + 8);
    let o = 2 * h * p, low = 2 * n * p, high = 2 * n * (p + h);
    for (let i = 0; i < 8 * h; i += 8, o += 2, low += 2, high += 2) {
      const x = first[o], xi = first[o + 1], y = second[o], yi = second[o + 1];
      let r = right[i], ri = right[i + 1], s = right[i + 4], si = right[i + 5];
      let u = x * r - xi * ri, ui = x * ri + xi * r, v = y * s - yi * si, vi = y * si + yi * s;
      matrix[low] = a * u - b * ui + c * v - d * vi;
      matrix[low + 1] = a * ui + b * u + c * vi + d * v;
      matrix[high] = e * u - f * ui + g * v - k * vi;
      matrix[high + 1] = e * ui + f * u + g * vi + k * v;
      r = right[i + 2];
      ri = right[i + 3];
      s = right[i + 6];
      si = right[i + 7];
      u = x * r - xi * ri;
      ui = x * ri + xi * r;
      v = y * s - yi * si;
      vi = y * si + yi * s;
      matrix[low + n] = a * u - b * ui + c * v - d * vi;
      matrix[low + n + 1] = a * ui + b * u + c * vi + d * v;
      matrix[high + n] = e * u - f * ui + g * v - k * vi;
      matrix[high + n + 1] = e * ui + f * u + g * vi + k * v;
    }
  }
}

/**
 * The best L for given M₁, M₂ and R, in place.
 *
 * @returns the norms that were taken out of the columns: those of l₁ for all p, then those of l₂; M₁ and M₂ must be
 * multiplied by them, row by row.
 */
export function fitLeft(
  matrix: Float64Array,
  left: Float64Array,
  first: Float64Array,
  second: Float64Array,
  right: Float64Array,
): Float64Array {
  const h = left.length / 8, n = 2 * h, beta = rowCosines(right), norms = new Float64Array(2 * h);
  const system = new Float64Array(12);
  for (let p = 0; p < h; p++) {
    let o = 2 * h * p, low = 2 * n * p, high = 2 * n * (p + h);
    let g11 = 0, g22 = 0, g12 = 0, g12i = 0;
    let h00 = 0, h00i = 0, h01 = 0, h01i = 0, h10 = 0, h10i = 0, h11 = 0, h11i = 0;
    for (let i = 0; i < 8 * h; i += 8, o += 2, low += 2, high += 2) {
      const d = first[o], di = first[o + 1], e = second[o], ei = second[o + 1];
      g11 += d * d + di * di;
      g22 += e * e + ei * ei;
      // ⟨D₂r₂, D₁r₁⟩, the product of D₁ and the conjugate of D₂ and of the cosine.
      const c = beta[i >> 2], ci = -beta[(i >> 2) + 1];
      const m = d * e + di * ei, mi = di * e - d * ei;
      g12 += m * c - mi * ci;
      g12i += m * ci + mi * c;
      const x = matrix[low], xi = matrix[low + 1], y = matrix[low + n], yi = matrix[low + n + 1];
      const z = matrix[high], zi = matrix[high + 1], w = matrix[high + n], wi = matrix[high + n + 1];
      let r = right[i], ri = right[i + 1], s = right[i + 2], si = right[i + 3];
      let t = x * r + xi * ri + y * s + yi * si, ti = xi * r - x * ri + yi * s - y * si;
      let u = z * r + zi * ri + w * s + wi * si, ui = zi * r - z * ri + wi * s - w * si;
      h00 += t * d + ti * di;
      h00i += ti * d - t * di;
      h10 += u * d + ui * di;
      h10i += ui * d - u * di;
      r = right[i + 4];
      ri = right[i + 5];
      s = right[i + 6];
      si = right[i + 7];
      t = x * r + xi * ri + y * s + yi * si;
      ti = xi * r - x * ri + yi * s - y * si;
      u = z * r + zi * ri + w * s + wi * si;
      ui = zi * r - z * ri + wi * s - w * si;
      h01 += t * e + ti * ei;
      h01i += ti * e - t * ei;
      h11 += u * e + ui * ei;
      h11i += ui * e - u * ei;
    }
    system.set([g11, g22, g12, g12i, h00, h00i, h10, h10i, h01, h01i, h11, h11i]);
    solvePair(system, left, 8 * p, 8 * p + 4, 2);
    norms[p] = normalise(left, 8 * p, 8 * p + 4);
    norms[h + p] = normalise(left, 8 * p + 2, 8 * p + 6);
  }
  return norms;
}

/** The same for R; the norms are to be multiplied into the columns of M₁ and M₂. */
export function fitRight(
  matrix: Float64Array,
  left: Float64Array,
  first: Float64Array,
  second: Float64Array,
  right: Float64Array,
): Float64Array {
  const h = left.length / 8, n = 2 * h, alpha = columnCosines(left), norms = new Float64Array(2 * h);
  const systems = new Float64Array(12 * h);
  for (let p = 0; p < h; p++) {
    const [a, b, c, d, e, f, g, k] = left.subarray(8 * p, 8 * p + 8);
    const co = alpha[2 * p], coi = -alpha[2 * p + 1];
    let o = 2 * h * p, low = 2 * n * p, high = 2 * n * (p + h);
    for (let i = 0; i < 12 * h; i += 12, o += 2, low += 2, high += 2) {
      const u = first[o], ui = first[o + 1], v = second[o], vi = second[o + 1];
      systems[i] += u * u + ui * ui;
      systems[i + 1] += v * v + vi * vi;
      const m = u * v + ui * vi, mi = ui * v - u * vi;
      systems[i + 2] += m * co - mi * coi;
      systems[i + 3] += m * coi + mi * co;
      const x = matrix[low], xi = matrix[low + 1], y = matrix[low + n], yi = matrix[low + n + 1];
      const z = matrix[high], zi = matrix[high + 1], w = matrix[high + n], wi = matrix[high + n + 1];
      let s = a * x + b * xi + e * z + f * zi, si = a * xi - b * x + e * zi - f * z;
      let t = a * y + b * yi + e * w + f * wi, ti = a * yi - b * y + e * wi - f * w;
      systems[i + 4] += s * u + si * ui;
      systems[i + 5] += si * u - s * ui;
      systems[i + 6] += t * u + ti * ui;
      systems[i + 7] += ti * u - t * ui;
      s = c * x + d * xi + g * z + k * zi;
      si = c * xi - d * x + g * zi - k * z;
      t = c * y + d * yi + g * w + k * wi;
      ti = c * yi - d * y + g * wi - k * w;
      systems[i + 8] += s * v + si * vi;
      systems[i + 9] += si * v - s * vi;
      systems[i + 10] += t * v + ti * vi;
      systems[i + 11] += ti * v - t * vi;
    }
  }
  for (let q = 0; q < h; q++) {
    solvePair(systems.subarray(12 * q, 12 * q + 12), right, 8 * q, 8 * q + 2, 4);
    norms[q] = normalise(right, 8 * q, 8 * q + 2);
    norms[h + q] = normalise(right, 8 * q + 4, 8 * q + 6);
  }
  return norms;
}

/**
 * Moves a pair of vectors of two entries (at `low` and `high`, the second vector `step` further) to the minimum of
 * the quadratic form with Gram matrix g and right sides: g₁₁, g₂₂, g₁₂, then the sides of the first vector and of the
 * second. A correction, not a new value: in directions of which the data say nothing the vectors stay.
 */
function solvePair(s: Float64Array, vectors: Float64Array, low: number, high: number, step: number): void {
  const ridge = RIDGE * (s[0] + s[1]) + 1e-300;
  const [g11, g22, g, gi] = s;
  const scale = 1 / ((g11 + ridge) * (g22 + ridge) - g * g - gi * gi);
  if (!(scale > 0 && scale < Infinity)) return;
  for (let entry = 0; entry < 2; entry++) {
    const at = entry === 0 ? low : high;
    const x = vectors[at], xi = vectors[at + 1], y = vectors[at + step], yi = vectors[at + step + 1];
    // The residual of the normal equations: [b₁ b₂] − [x y]·[[g₁₁, g₁₂], [ḡ₁₂, g₂₂]].
    const u = s[4 + 2 * entry] - (x * g11 + y * g + yi * gi);
    const ui = s[5 + 2 * entry] - (xi * g11 + yi * g - y * gi);
    const v = s[8 + 2 * entry] - (x * g - xi * gi + y * g22);
    const vi = s[9 + 2 * entry] - (x * gi + xi * g + yi * g22);
    vectors[at] += scale * (u * (g22 + ridge) - (v * g + vi * gi));
    vectors[at + 1] += scale * (ui * (g22 + ridge) - (vi * g - v * gi));
    vectors[at + step] += scale * (v * (g11 + ridge) - (u * g - ui * gi));
    vectors[at + step + 1] += scale * (vi * (g11 + ridge) - (u * gi + ui * g));
  }
}

/** Makes a vector of two complex entries one of norm 1 and returns its norm; e₁ when it is zero. */
function normalise(vectors: Float64Array, low: number, high: number): number {
  const norm = Math.hypot(vectors[low], vectors[low + 1], vectors[high], vectors[high + 1]);
  if (!(norm > 1e-150 && norm < Infinity)) {
    vectors[low] = 1;
    vectors[low + 1] = vectors[high] = vectors[high + 1] = 0;
    return 0;
  }
  for (const at of [low, low + 1, high, high + 1]) vectors[at] /= norm;
  return norm;
}

/** Multiplies the rows of an h×h matrix by h numbers that begin at `offset`. */
export function scaleRows(matrix: Float64Array, h: number, scales: Float64Array, offset: number): void {
  for (let p = 0, o = 0; p < h; p++) {
    const scale = scales[offset + p];
    for (let i = 0; i < 2 * h; i++, o++) matrix[o] *= scale;
  }
}

/** Multiplies the columns of an h×h matrix by h numbers that begin at `offset`. */
export function scaleColumns(matrix: Float64Array, h: number, scales: Float64Array, offset: number): void {
  for (let p = 0, o = 0; p < h; p++) {
    for (let q = 0; q < h; q++, o += 2) {
      const scale = scales[offset + q];
      matrix[o] *= scale;
      matrix[o + 1] *= scale;
    }
  }
}

/** ‖a − b‖². */
export function squaredDistance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return sum;
}

/** ‖a‖². */
export function energy(a: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * a[i];
  return sum;
}
