/**
 * The constructions that are made of a few vectors, from a file or from the seed.
 *
 * @module
 */

import type { NumericArray } from "../../io/array.ts";
import { circulant, toeplitz } from "../../kaleidoscope/circulant.ts";
import { acdc, afdf, fastfood } from "../../kaleidoscope/diagonals.ts";
import { Permutation } from "../../operator/permutation.ts";
import { conjugated } from "../../program/program.ts";
import { floats } from "../../program/step.ts";
import type { Built, Construction, Request } from "./construction.ts";
import { complexMatrix, gathered, hadamardTransform, realMatrix } from "./reference.ts";

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
    file: "its first column, for a symmetric or Hermitian matrix; or, with --n rows, the\n" +
      "column and then the first row without the entry that both share",
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
];
