/**
 * Vectors and small matrices in float64, real and complex (interleaved): the innermost loops of the closed form.
 *
 * @module
 */

/** left = A·conj(right). */
export function timesReal(
  matrix: Float64Array,
  rows: number,
  columns: number,
  right: Float64Array,
  left: Float64Array,
): void {
  for (let row = 0, at = 0; row < rows; row++) {
    let sum = 0;
    for (let i = 0; i < columns; i++, at++) sum += matrix[at] * right[i];
    left[row] = sum;
  }
}

/** right = Aᵀ·conj(left). */
export function adjointReal(
  matrix: Float64Array,
  rows: number,
  columns: number,
  left: Float64Array,
  right: Float64Array,
): void {
  right.fill(0, 0, columns);
  for (let row = 0, at = 0; row < rows; row++) {
    const u = left[row];
    for (let i = 0; i < columns; i++, at++) right[i] += matrix[at] * u;
  }
}

/** As {@link timesReal}, of complex numbers. */
export function timesComplex(
  matrix: Float64Array,
  rows: number,
  columns: number,
  right: Float64Array,
  left: Float64Array,
): void {
  for (let row = 0, at = 0; row < rows; row++) {
    let re = 0;
    let im = 0;
    for (let i = 0; i < 2 * columns; i += 2, at += 2) {
      re += matrix[at] * right[i] + matrix[at + 1] * right[i + 1];
      im += matrix[at + 1] * right[i] - matrix[at] * right[i + 1];
    }
    left[2 * row] = re;
    left[2 * row + 1] = im;
  }
}

/** As {@link adjointReal}, of complex numbers. */
export function adjointComplex(
  matrix: Float64Array,
  rows: number,
  columns: number,
  left: Float64Array,
  right: Float64Array,
): void {
  right.fill(0, 0, 2 * columns);
  for (let row = 0, at = 0; row < rows; row++) {
    const re = left[2 * row];
    const im = left[2 * row + 1];
    for (let i = 0; i < 2 * columns; i += 2, at += 2) {
      right[i] += matrix[at] * re + matrix[at + 1] * im;
      right[i + 1] += matrix[at + 1] * re - matrix[at] * im;
    }
  }
}

/** Scales the first `length` numbers to norm 1 and returns their former norm. */
export function normalise(vector: Float64Array, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += vector[i] * vector[i];
  const norm = Math.sqrt(sum);
  if (norm > 0) { for (let i = 0; i < length; i++) vector[i] /= norm; }
  return norm;
}

/**
 * Makes vectors orthonormal, in place, by Gram and Schmidt, each twice so that rounding does not show. A vector that
 * depends on those before becomes zero.
 *
 * @param vectors `count` vectors of `length` floats each, one after another.
 * @param coefficients if given, receives R, count × count, with v_j = Σ_i q_i·R[i,j].
 */
export function orthonormalise(
  vectors: Float64Array,
  count: number,
  length: number,
  width: number,
  coefficients?: Float64Array,
): void {
  coefficients?.fill(0, 0, count * count * width);
  for (let j = 0; j < count; j++) {
    const v = j * length;
    let before = 0;
    for (let i = 0; i < length; i++) before += vectors[v + i] ** 2;
    if (before === 0) continue;
    for (let round = 0; round < 2; round++) {
      for (let k = 0; k < j; k++) {
        const q = k * length;
        let re = 0;
        let im = 0;
        if (width === 1) {
          for (let i = 0; i < length; i++) re += vectors[q + i] * vectors[v + i];
          for (let i = 0; i < length; i++) vectors[v + i] -= re * vectors[q + i];
        } else {
          for (let i = 0; i < length; i += 2) {
            re += vectors[q + i] * vectors[v + i] + vectors[q + i + 1] * vectors[v + i + 1];
            im += vectors[q + i] * vectors[v + i + 1] - vectors[q + i + 1] * vectors[v + i];
          }
          for (let i = 0; i < length; i += 2) {
            vectors[v + i] -= re * vectors[q + i] - im * vectors[q + i + 1];
            vectors[v + i + 1] -= re * vectors[q + i + 1] + im * vectors[q + i];
          }
        }
        if (coefficients) {
          coefficients[(k * count + j) * width] += re;
          if (width === 2) coefficients[(k * count + j) * 2 + 1] += im;
        }
      }
    }
    let after = 0;
    for (let i = 0; i < length; i++) after += vectors[v + i] ** 2;
    const norm = after > 1e-28 * before ? Math.sqrt(after) : 0;
    for (let i = 0; i < length; i++) vectors[v + i] = norm > 0 ? vectors[v + i] / norm : 0;
    if (coefficients) coefficients[(j * count + j) * width] = norm;
  }
}

/**
 * The rows of a matrix, or its columns, one after another, each padded to an even number of floats: what
 * `orthogonalise` takes.
 */
export function lines(
  matrix: Float64Array,
  rows: number,
  columns: number,
  width: number,
  byRows: boolean,
): { work: Float64Array; step: number } {
  const length = (byRows ? columns : rows) * width;
  const step = length + (length & 1);
  const work = new Float64Array((byRows ? rows : columns) * step);
  for (let row = 0, from = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const to = byRows ? row * step + column * width : column * step + row * width;
      for (let part = 0; part < width; part++) work[to + part] = matrix[from++];
    }
  }
  return { work, step };
}

/**
 * Inner products of all rows of one real matrix with all of another: out[j·rows + i] = A_i·B_j. Two by four at a time,
 * so that a number is loaded once for several products.
 */
export function innerProducts(
  A: Float64Array,
  rows: number,
  B: Float64Array,
  count: number,
  length: number,
  out: Float64Array,
): void {
  let j = 0;
  for (; j + 4 <= count; j += 4) {
    const b0 = j * length, b1 = b0 + length, b2 = b1 + length, b3 = b2 + length;
    let i = 0;
    for (; i + 2 <= rows; i += 2) {
      const a0 = i * length, a1 = a0 + length;
      let s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0;
      for (let k = 0; k < length; k++) {
        const x = A[a0 + k], y = A[a1 + k];
        const p = B[b0 + k], q = B[b1 + k], r = B[b2 + k], t = B[b3 + k];
        s00 += x * p;
        s01 += x * q;
        s02 += x * r;
        s03 += x * t;
        s10 += y * p;
        s11 += y * q;
        s12 += y * r;
        s13 += y * t;
      }
      out[j * rows + i] = s00;
      out[(j + 1) * rows + i] = s01;
      out[(j + 2) * rows + i] = s02;
      out[(j + 3) * rows + i] = s03;
      out[j * rows + i + 1] = s10;
      out[(j + 1) * rows + i + 1] = s11;
      out[(j + 2) * rows + i + 1] = s12;
      out[(j + 3) * rows + i + 1] = s13;
    }
    for (; i < rows; i++) for (let m = j; m < j + 4; m++) out[m * rows + i] = inner(A, i, B, m, length);
  }
  for (; j < count; j++) for (let i = 0; i < rows; i++) out[j * rows + i] = inner(A, i, B, j, length);
}

function inner(A: Float64Array, i: number, B: Float64Array, j: number, length: number): number {
  let sum = 0;
  for (let k = 0; k < length; k++) sum += A[i * length + k] * B[j * length + k];
  return sum;
}

/** The transpose of a row-major matrix, without conjugation. */
export function transpose(
  matrix: ArrayLike<number>,
  rows: number,
  columns: number,
  width: number,
): Float64Array {
  const turned = new Float64Array(rows * columns * width);
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      for (let part = 0; part < width; part++) turned[(j * rows + i) * width + part] = matrix[at++];
    }
  }
  return turned;
}
