/**
 * The constructions that need data, from a file or from the seed.
 *
 * @module
 */

import type { NumericArray } from "../../io/array.ts";
import { circulant, toeplitz } from "../../kaleidoscope/circulant.ts";
import { acdc, afdf, fastfood } from "../../kaleidoscope/diagonals.ts";
import { lowRank } from "../../kaleidoscope/low_rank.ts";
import { householder, orthogonalProduct, singularProduct } from "../../kaleidoscope/reflections.ts";
import { singularVectors } from "../../kaleidoscope/singular.ts";
import { sparse } from "../../kaleidoscope/sparse.ts";
import { Permutation } from "../../operator/permutation.ts";
import { conjugated } from "../../program/program.ts";
import { floats } from "../../program/step.ts";
import type { Built, Construction, Request } from "./construction.ts";
import { complexMatrix, doubled, gathered, hadamardTransform, realMatrix } from "./reference.ts";

/** The largest matrices that are taken apart into reflections, or by their singular values. */
const LARGEST_DENSE = 256;
/** Entries of sparse random matrices in a row, on average, and the rank of random ones of low rank. */
const PER_ROW = 2, RANK = 4;
/** Singular values below this part of the largest do not count for the rank of a matrix from a file. */
const NEGLIGIBLE = 1e-6;

function buildCirculant(request: Request): Built {
  const { data } = request;
  const column = data
    ? request.vector(data)
    : request.normal([request.size()], "real", request.size() ** -0.5);
  const n = request.agree(column.shape[0]);
  return {
    operator: circulant(request.single(column), column.field),
    reference: () => gathered(n, n, column, (i, j) => (i - j + n) % n),
  };
}

/** A file has the column; if it has more numbers than --n says there are rows, then the row without its first. */
function buildToeplitz(request: Request): Built {
  const { data } = request, n = request.size();
  const all = data ? request.vector(data) : request.normal([2 * n - 1], "real", n ** -0.5);
  const length = all.shape[0], unit = floats(all.field), values = request.single(all);
  const rows = data ? request.asked ?? length : n, cols = length > rows ? length - rows + 1 : rows;
  if (rows > length) throw request.refuse(`--n is ${rows}, but the file has ${length} numbers`);
  const column = values.subarray(0, rows * unit);
  const row = new Float32Array(cols * unit);
  if (length > rows) row.set(values.subarray(rows * unit), unit);
  else row.set(all.field === "complex" ? conjugated(column) : column);
  const whole = { ...all, data: new Float32Array(column.length + row.length) };
  whole.data.set(column);
  whole.data.set(row, column.length);
  return {
    operator: toeplitz(column, row, all.field),
    reference: () => gathered(rows, cols, whole, (i, j) => i >= j ? i - j : rows + j - i),
  };
}

/** Rows of a matrix in a file, or drawn, as lists of numbers. */
function rowsOf(request: Request, count: number, field: "real" | "complex"): Float32Array<ArrayBuffer>[] {
  const { data } = request;
  let array: NumericArray;
  if (data) {
    const matrix = request.matrix(data, count);
    array = field === "real" ? request.real(matrix) : request.complex(matrix);
  } else array = request.normal([count, request.size()], field);
  const n = request.agree(array.shape[1], `the file has ${array.shape[1]} columns`) * floats(field);
  const values = request.single(array);
  return Array.from({ length: count }, (_, i) => values.slice(i * n, (i + 1) * n));
}

function buildFastfood(request: Request): Built {
  const [first, second, third] = rowsOf(request, 3, "real"), n = first.length;
  const index = request.random.permutation(n), { normalized } = request;
  return {
    operator: fastfood({ first, second, third }, index, { normalized }),
    reference: () => {
      const values = new Float64Array(n * n), scale = normalized ? 1 / n : 1;
      for (let j = 0; j < n; j++) {
        const x = new Float64Array(n);
        x[j] = first[j];
        hadamardTransform(x);
        const y = Float64Array.from(index, (k, i) => second[i] * x[k]);
        hadamardTransform(y);
        for (let i = 0; i < n; i++) values[i * n + j] = scale * third[i] * y[i];
      }
      return values;
    },
  };
}

/** Cᵀ·D·C has the entries (c(i − j) + c(i + j + 1))/2 with the cosine sums c of D. */
function buildAcdc(request: Request): Built {
  const [a, d] = rowsOf(request, 2, "real"), n = a.length;
  return {
    operator: acdc(a, d),
    reference: () => {
      const sums = Float64Array.from({ length: 2 * n }, (_, m) => {
        let sum = 0;
        for (let k = 0; k < n; k++) sum += (k ? 2 : 1) / n * d[k] * Math.cos(Math.PI * (k * m % (2 * n)) / n);
        return sum;
      });
      return realMatrix(n, n, (i, j) => a[i] * (sums[Math.abs(i - j)] + sums[i + j + 1]) / 2);
    },
  };
}

/** F⁻¹·D·F is the circulant matrix whose column is the inverse transform of D. */
function buildAfdf(request: Request): Built {
  const [a, d] = rowsOf(request, 2, "complex"), n = a.length / 2;
  return {
    operator: afdf(a, d),
    reference: () => {
      const column = new Float64Array(2 * n);
      for (let m = 0; m < n; m++) {
        for (let k = 0; k < n; k++) {
          const angle = 2 * Math.PI * (k * m % n) / n, c = Math.cos(angle) / n, s = Math.sin(angle) / n;
          column[2 * m] += d[2 * k] * c - d[2 * k + 1] * s;
          column[2 * m + 1] += d[2 * k] * s + d[2 * k + 1] * c;
        }
      }
      return complexMatrix(n, n, (i, j) => {
        const m = 2 * ((i - j + n) % n), re = column[m], im = column[m + 1];
        return [a[2 * i] * re - a[2 * i + 1] * im, a[2 * i] * im + a[2 * i + 1] * re];
      });
    },
  };
}

function buildPermutation(request: Request): Built {
  const { data } = request;
  const index = data ? request.real(request.vector(data)).data : request.random.permutation(request.size());
  const n = request.agree(index.length);
  const operator = new Permutation(index);
  return { operator, reference: () => realMatrix(n, n, (i, j) => index[i] === j ? 1 : 0) };
}

function buildSparse(request: Request): Built {
  const { data } = request, matrix = data && request.matrix(data), field = matrix?.field ?? "real";
  const unit = floats(field), rows: number[] = [], cols: number[] = [], values: number[] = [];
  let [m, n] = matrix?.shape ?? [0, 0];
  if (matrix) {
    if (request.asked !== undefined) square(request, matrix);
    const all = request.single(matrix);
    for (let k = 0; k < m * n; k++) {
      const entry = all.subarray(k * unit, (k + 1) * unit);
      if (entry.every((value) => value === 0)) continue;
      rows.push(Math.floor(k / n));
      cols.push(k % n);
      values.push(...entry);
    }
  } else {
    m = n = request.size(2 ** 20 / PER_ROW);
    for (let k = 0; k < PER_ROW * n; k++) {
      rows.push(request.random.integer(n));
      cols.push(request.random.integer(n));
      values.push(request.random.normal());
    }
  }
  return {
    operator: sparse(m, n, { rows, cols, values: Float32Array.from(values) }, field),
    reference: () => {
      const dense = new Float64Array(m * n * unit);
      values.forEach((value, i) => {
        const k = Math.floor(i / unit);
        dense[(rows[k] * n + cols[k]) * unit + i % unit] += value;
      });
      return dense;
    },
    note: `${rows.length} entries`,
  };
}

function buildLowRank(request: Request): Built {
  const { data } = request;
  if (!data) {
    const n = request.size(2 ** 16), rank = Math.min(RANK, n);
    const [u, v] = [0, 1].map(() => request.normal([n, rank], "real", n ** -0.5).data as Float32Array);
    const dot = (i: number, j: number): number => {
      let sum = 0;
      for (let k = 0; k < rank; k++) sum += u[i * rank + k] * v[j * rank + k];
      return sum;
    };
    return { operator: lowRank(u, v, rank), reference: () => realMatrix(n, n, dot), note: `rank ${rank}` };
  }
  const matrix = request.matrix(data), [rows, cols] = matrix.shape, { field } = matrix, unit = floats(field);
  if (request.asked !== undefined) square(request, matrix);
  limit(request, matrix, 4 * LARGEST_DENSE);
  request.single(matrix);
  const { u, v, sigma } = singularVectors("a matrix of low rank", rows, cols, matrix.data, field);
  const rank = Math.max(1, sigma.filter((size) => size > NEGLIGIBLE * sigma[0]).length);
  // The root of each singular value on either side, so that neither has all of the size.
  const thin = (vectors: readonly Float64Array[], n: number): Float32Array =>
    Float32Array.from({ length: n * rank * unit }, (_, at) => {
      const k = Math.floor(at / unit) % rank, i = Math.floor(at / unit / rank);
      return k < vectors.length ? Math.sqrt(sigma[k]) * vectors[k][2 * i + at % unit] : 0;
    });
  return {
    operator: lowRank(thin(u, rows), thin(v, cols), rank, field),
    reference: () => doubled(matrix, field),
    note: `rank ${rank}`,
  };
}

function buildHouseholder(request: Request): Built {
  const { data } = request, u = data ? request.vector(data) : request.normal([request.size()]);
  const n = request.agree(u.shape[0]), { field } = u, values = u.data;
  request.single(u);
  return {
    operator: householder(values, field),
    reference: () => {
      let square = 0;
      for (const value of values) square += value * value;
      if (field === "real") {
        return realMatrix(n, n, (i, j) => (i === j ? 1 : 0) - 2 * values[i] * values[j] / square);
      }
      return complexMatrix(n, n, (i, j) => {
        const a = values[2 * i], b = values[2 * i + 1], c = values[2 * j], d = values[2 * j + 1];
        return [(i === j ? 1 : 0) - 2 * (a * c + b * d) / square, -2 * (b * c - a * d) / square];
      });
    },
  };
}

function buildOrthogonal(request: Request): Built {
  const { data } = request;
  const matrix = data ? request.matrix(data) : randomOrthogonal(request), { field } = matrix;
  square(request, matrix);
  limit(request, matrix, LARGEST_DENSE);
  return { operator: orthogonalProduct(matrix.data, field), reference: () => doubled(matrix, field) };
}

function buildMatrix(request: Request): Built {
  const { data } = request, n = request.size(data ? undefined : LARGEST_DENSE);
  const matrix = data ? request.matrix(data) : request.normal([n, n], "real", n ** -0.5);
  const { field, shape: [rows, cols] } = matrix;
  if (data && request.asked !== undefined) square(request, matrix);
  limit(request, matrix, LARGEST_DENSE);
  request.single(matrix);
  const operator = singularProduct(rows, cols, matrix.data, field);
  return { operator, reference: () => doubled(matrix, field) };
}

/** Refuses a matrix that is not square, or of another size than --n. */
function square(request: Request, matrix: NumericArray): void {
  const [rows, cols] = matrix.shape;
  if (request.asked !== undefined) {
    const other = rows === cols ? rows : NaN;
    request.agree(other, `the matrix is ${rows}×${cols}`);
  }
  if (rows !== cols) throw request.misshapen("a square matrix", matrix);
}

function limit(request: Request, { shape: [rows, cols] }: NumericArray, most: number): void {
  if (Math.max(rows, cols) > most) {
    throw request.refuse(`the matrix is ${rows}×${cols}, at most ${most}×${most} is allowed`);
  }
}

/** Normal columns made orthonormal in float64, twice, which leaves nothing but rounding. */
function randomOrthogonal(request: Request): NumericArray {
  const n = request.size(LARGEST_DENSE),
    rows = Array.from({ length: n }, () => {
      return Float64Array.from({ length: n }, () => request.random.normal());
    });
  const dot = (a: Float64Array, b: Float64Array): number =>
    a.reduce((sum, value, k) => sum + value * b[k], 0);
  rows.forEach((row, i) => {
    for (let turn = 0; turn < 2; turn++) {
      for (const other of rows.slice(0, i)) {
        const share = dot(row, other);
        for (let k = 0; k < n; k++) row[k] -= share * other[k];
      }
      const size = Math.sqrt(dot(row, row));
      for (let k = 0; k < n; k++) row[k] /= size;
    }
  });
  return { shape: [n, n], field: "real", data: Float64Array.from(rows.flatMap((row) => [...row])) };
}

/** Structured maps by name. */
export const STRUCTURED: readonly Construction[] = [
  {
    name: "circulant",
    about: "circulant matrix",
    file: "its first column",
    size: 256,
    build: buildCirculant,
  },
  {
    name: "toeplitz",
    about: "Toeplitz matrix",
    file: "its first column, for a symmetric or Hermitian matrix; or, with --n rows, the column\n" +
      "and then the first row without the entry that both share",
    size: 256,
    build: buildToeplitz,
  },
  {
    name: "fastfood",
    about: "S·H·G·Π·H·B, diagonals around Hadamard matrices and a permutation Π of the seed",
    file: "three rows, the diagonals B, G, S",
    size: 256,
    normalized: true,
    build: buildFastfood,
  },
  {
    name: "acdc",
    about: "A·C⁻¹·D·C, diagonals and a cosine transform; real",
    file: "two rows, the diagonals A and D",
    size: 256,
    build: buildAcdc,
  },
  {
    name: "afdf",
    about: "A·F⁻¹·D·F, diagonals and a Fourier transform; complex",
    file: "two rows, the diagonals A and D",
    size: 256,
    build: buildAfdf,
  },
  {
    name: "permutation",
    about: "permutation, y[i] = x[index[i]]",
    file: "the list of indices, from 0",
    size: 256,
    build: buildPermutation,
  },
  {
    name: "sparse",
    about: "sparse matrix, as permutations and step matrices",
    file: "the matrix",
    size: 256,
    build: buildSparse,
  },
  {
    name: "lowrank",
    about: "matrix of low rank, U·Vᴴ",
    file: `the matrix; singular values below ${NEGLIGIBLE} of the largest are left out`,
    size: 256,
    build: buildLowRank,
  },
  {
    name: "householder",
    about: "Householder reflection I − 2uuᴴ/uᴴu",
    file: "the vector u",
    size: 256,
    build: buildHouseholder,
  },
  {
    name: "orthogonal",
    about: "orthogonal or unitary matrix, as reflections",
    file: "the matrix",
    size: 16,
    build: buildOrthogonal,
  },
  {
    name: "matrix",
    about: "any matrix, as reflections around its singular values",
    file: "the matrix",
    size: 16,
    build: buildMatrix,
  },
];
