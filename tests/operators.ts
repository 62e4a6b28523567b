/** Random operators of every kind for the tests, and their dense matrices in float64 from their definitions. */
import fc from "fast-check";
import { blockDiagonal } from "../src/operator/block_diagonal.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Dense } from "../src/operator/dense.ts";
import { Diagonal } from "../src/operator/diagonal.ts";
import type { Operator } from "../src/operator/operator.ts";
import { Permutation } from "../src/operator/permutation.ts";
import { product } from "../src/operator/product.ts";
import { Random } from "../src/program/random.ts";
import type { Field } from "../src/program/step.ts";
import { vectors } from "./programs.ts";

/** A complex matrix, row-major and interleaved, whatever the field of its operator. */
export interface Matrix {
  rows: number;
  cols: number;
  values: Float64Array;
}

export interface Sample {
  map: Operator;
  matrix: Matrix;
}

/** A matrix from its entries. */
export function matrixOf(
  rows: number,
  cols: number,
  entry: (i: number, j: number) => readonly [number, number],
): Matrix {
  const values = new Float64Array(2 * rows * cols);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) values.set(entry(i, j), 2 * (i * cols + j));
  }
  return { rows, cols, values };
}

/** Number `k` of real or interleaved values. */
export function number(values: ArrayLike<number>, k: number, field: Field): [number, number] {
  return field === "complex" ? [values[2 * k], values[2 * k + 1]] : [values[k], 0];
}

/** A·B */
export function multiply(a: Matrix, b: Matrix): Matrix {
  return matrixOf(a.rows, b.cols, (i, j) => {
    let re = 0, im = 0;
    for (let k = 0; k < a.cols; k++) {
      const [ar, ai] = number(a.values, i * a.cols + k, "complex");
      const [br, bi] = number(b.values, k * b.cols + j, "complex");
      re += ar * br - ai * bi;
      im += ar * bi + ai * br;
    }
    return [re, im];
  });
}

/** Aᴴ, or Aᵀ. */
export function transpose(a: Matrix, conjugate: boolean): Matrix {
  return matrixOf(a.cols, a.rows, (i, j) => {
    const [re, im] = number(a.values, j * a.cols + i, "complex");
    return [re, conjugate ? -im : im];
  });
}

/** The matrices on the diagonal of a larger one. */
export function onDiagonal(parts: readonly Matrix[]): Matrix {
  const rows = parts.reduce((sum, p) => sum + p.rows, 0), cols = parts.reduce((sum, p) => sum + p.cols, 0);
  const values = new Float64Array(2 * rows * cols);
  let top = 0, left = 0;
  for (const part of parts) {
    for (let i = 0; i < part.rows; i++) {
      const row = part.values.subarray(2 * i * part.cols, 2 * (i + 1) * part.cols);
      values.set(row, 2 * ((top + i) * cols + left));
    }
    top += part.rows;
    left += part.cols;
  }
  return { rows, cols, values };
}

/** A·x for a batch of vectors of a field; a real result takes the real parts. */
export function apply64(a: Matrix, x: ArrayLike<number>, field: Field, batch: number): Float64Array {
  const unit = field === "complex" ? 2 : 1, y = new Float64Array(batch * a.rows * unit);
  for (let b = 0; b < batch; b++) {
    for (let i = 0; i < a.rows; i++) {
      for (let j = 0; j < a.cols; j++) {
        const [wr, wi] = number(a.values, i * a.cols + j, "complex"),
          [xr, xi] = number(x, b * a.cols + j, field);
        const at = (b * a.rows + i) * unit;
        y[at] += wr * xr - wi * xi;
        if (unit === 2) y[at + 1] += wr * xi + wi * xr;
      }
    }
  }
  return y;
}

/** The entries of a matrix as `toDense` of a field gives them. */
export function entries(a: Matrix, field: Field): Float64Array {
  return field === "complex" ? a.values : a.values.filter((_, k) => k % 2 === 0);
}

/** A butterfly's matrix: the product of the matrices of its factors. */
function butterflyMatrix(map: Butterfly): Matrix {
  const { n, field } = map, perStack = map.factors.length / map.stacks;
  const stacks = Array.from({ length: map.stacks }, (_, stack) => {
    let whole = matrixOf(n, n, (i, j) => [i === j ? 1 : 0, 0]);
    for (let f = stack * perStack; f < (stack + 1) * perStack; f++) {
      const s = map.stride(f);
      const factor = matrixOf(n, n, (i, j) => {
        if (i !== j && (i ^ j) !== s) return [0, 0];
        const bit = (k: number): number => k & s ? 1 : 0;
        return number(
          map.factors[f],
          ((Math.floor(i / (2 * s)) * 2 + bit(i)) * 2 + bit(j)) * s + i % s,
          field,
        );
      });
      whole = multiply(factor, whole);
    }
    return whole;
  });
  return matrixOf(
    map.rows,
    map.cols,
    (i, j) => number(stacks[Math.floor(i / n)].values, (i % n) * n + j, "complex"),
  );
}

/** A random operator with `cols` columns and no bias. */
export function sample(random: Random, cols: number, field: Field, depth = 1): Sample {
  const unit = field === "complex" ? 2 : 1, rows = 1 + random.integer(20);
  const kind = random.integer(depth > 0 ? 6 : 4);
  if (kind === 0) {
    const options = { rows, field, increasing: random.integer(2) === 0, blocks: 1 + random.integer(2) };
    const map = Butterfly.random(cols, { ...options, seed: random.integer(1000) });
    return { map, matrix: butterflyMatrix(map) };
  }
  if (kind === 1) {
    const index = random.permutation(cols), map = new Permutation(index, field);
    return { map, matrix: matrixOf(cols, cols, (i, j) => [index[i] === j ? 1 : 0, 0]) };
  }
  if (kind === 2) {
    const values = vectors(random, cols * unit), map = new Diagonal(values, field);
    return { map, matrix: matrixOf(cols, cols, (i, j) => i === j ? number(values, i, field) : [0, 0]) };
  }
  if (kind === 3) {
    const values = vectors(random, rows * cols * unit), map = new Dense(rows, cols, values, field);
    return { map, matrix: matrixOf(rows, cols, (i, j) => number(values, i * cols + j, field)) };
  }
  const other: Field = field === "complex" && random.integer(2) ? "real" : field;
  if (kind === 4) {
    const right = sample(random, cols, other, depth - 1),
      left = sample(random, right.map.rows, field, depth - 1);
    return { map: product(left.map, right.map), matrix: multiply(left.matrix, right.matrix) };
  }
  const first = random.integer(cols);
  const parts = [sample(random, cols - first, field, depth - 1)];
  if (first > 0) parts.push(sample(random, first, other, depth - 1));
  return { map: blockDiagonal(...parts.map((p) => p.map)), matrix: onDiagonal(parts.map((p) => p.matrix)) };
}

/** Random lists of operators whose sizes meet, the last one applied first; fields mixed. */
export const chains: fc.Arbitrary<{ samples: Sample[]; seed: number; batch: number }> = fc.record({
  seed: fc.nat(100000),
  length: fc.integer({ min: 1, max: 4 }),
  cols: fc.integer({ min: 1, max: 24 }),
  batch: fc.integer({ min: 1, max: 70 }),
}).map(({ seed, length, cols, batch }) => {
  const random = new Random(seed), samples: Sample[] = [];
  for (let i = 0; i < length; i++) {
    const one = sample(random, samples[0]?.map.rows ?? cols, random.integer(2) ? "real" : "complex", 2);
    samples.unshift(one);
  }
  return { samples, seed, batch };
});
