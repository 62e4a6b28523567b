/**
 * The constructions that take a matrix apart, from a file or from the seed.
 *
 * @module
 */

import type { NumericArray } from "../../io/array.ts";
import { lowRank } from "../../kaleidoscope/low_rank.ts";
import { householder, orthogonalProduct, singularProduct } from "../../kaleidoscope/reflections.ts";
import { singularVectors } from "../../kaleidoscope/singular.ts";
import { sparse } from "../../kaleidoscope/sparse.ts";
import { floats } from "../../program/step.ts";
import type { Built, Construction, Request } from "./construction.ts";
import { complexMatrix, doubled, realMatrix } from "./reference.ts";

/** The largest matrices that are taken apart into reflections, or by their singular values. */
const LARGEST_DENSE = 256;
/** Entries of sparse random matrices in a row, on average, and the rank of random ones of low rank. */
const PER_ROW = 2, RANK = 4;
/** Singular values below this part of the largest do not count for the rank of a matrix from a file. */
const NEGLIGIBLE = 1e-6;

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

/** Matrices by name. */
export const FACTORED: readonly Construction[] = [
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
    file: `the matrix; singular values below ${NEGLIGIBLE.toExponential()} of the largest are left out`,
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
