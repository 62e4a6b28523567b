/** Dense float64 oracles for linear operators, from the definitions; nothing of src/linalg is used to compute them. */
import assert from "node:assert/strict";
import type { Random } from "../src/program/random.ts";
import {
  blockDiag,
  dense,
  diagonal,
  fft,
  identity,
  kron,
  kronSum,
  type LinearOperator,
  type Matrix,
  permutation,
  product,
  type Scalar,
  scale,
  sum,
  triangular,
  tridiagonal,
} from "../src/linalg/mod.ts";

/** A complex number. */
export type Complex = readonly [re: number, im: number];

/** A dense complex matrix, row by row. */
export type Rows = Complex[][];

/** The rows of a matrix of either field. */
export function rowsOf({ rows, cols, field, values }: Matrix): Rows {
  return Array.from({ length: rows }, (_, i) =>
    Array.from({ length: cols }, (_, j): Complex => {
      const at = i * cols + j;
      return field === "real" ? [values[at], 0] : [values[2 * at], values[2 * at + 1]];
    }));
}

/** All entries, interleaved. */
export function flat(rows: Rows): number[] {
  return rows.flatMap((row) => row.flatMap(([re, im]) => [re, im]));
}

export function times([a, b]: Complex, [c, d]: Complex): Complex {
  return [a * c - b * d, a * d + b * c];
}

export function multiply(A: Rows, B: Rows): Rows {
  return A.map((row) =>
    B[0].map((_, j): Complex => {
      let re = 0, im = 0;
      for (let k = 0; k < row.length; k++) {
        const a = row[k], b = B[k][j];
        re += a[0] * b[0] - a[1] * b[1];
        im += a[0] * b[1] + a[1] * b[0];
      }
      return [re, im];
    })
  );
}

export function add(A: Rows, B: Rows, c: Complex = [1, 0]): Rows {
  return A.map((row, i) =>
    row.map(([re, im], j): Complex => {
      const [x, y] = times(c, B[i][j]);
      return [re + x, im + y];
    })
  );
}

export function adjointOf(A: Rows, conjugated = true): Rows {
  return A[0].map((_, j) => A.map((row): Complex => [row[j][0], conjugated ? -row[j][1] : row[j][1]]));
}

export function kronOf(A: Rows, B: Rows): Rows {
  return A.flatMap((a) => B.map((b) => a.flatMap((x) => b.map((y) => times(x, y)))));
}

export function identityOf(n: number, c: Complex = [1, 0]): Rows {
  return Array.from(
    { length: n },
    (_, i) => Array.from({ length: n }, (_, j): Complex => i === j ? c : [0, 0]),
  );
}

export function blocksOf(blocks: readonly Rows[]): Rows {
  const cols = blocks.reduce((all, block) => all + block[0].length, 0);
  let at = 0;
  return blocks.flatMap((block) => {
    const from = at;
    at += block[0].length;
    return block.map((row) => Array.from({ length: cols }, (_, j): Complex => row[j - from] ?? [0, 0]));
  });
}

/** The determinant by elimination with pivoting: its phase, and the logarithm of its modulus. */
export function detOf(A: Rows): { sign: Complex; logabs: number } {
  const a = A.map((row) => [...row]), n = a.length;
  let sign: Complex = [1, 0], logabs = 0;
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let i = k; i < n; i++) if (Math.hypot(...a[i][k]) > Math.hypot(...a[best][k])) best = i;
    const size = Math.hypot(...a[best][k]);
    if (size === 0) return { sign: [0, 0], logabs: -Infinity };
    if (best !== k) {
      [a[best], a[k]] = [a[k], a[best]];
      sign = [-sign[0], -sign[1]];
    }
    const unit: Complex = [a[k][k][0] / size, a[k][k][1] / size];
    sign = times(sign, unit);
    logabs += Math.log(size);
    for (let i = k + 1; i < n; i++) {
      if (a[i][k][0] === 0 && a[i][k][1] === 0) continue;
      const m = times(a[i][k], [unit[0] / size, -unit[1] / size]);
      for (let j = k; j < n; j++) {
        const [re, im] = times(m, a[k][j]);
        a[i][j] = [a[i][j][0] - re, a[i][j][1] - im];
      }
    }
  }
  return { sign, logabs };
}

/** exp by its series of A/2^s, squared s times. */
export function expOf(A: Rows): Rows {
  const size = Math.max(...A.map((row) => row.reduce((s, v) => s + Math.hypot(...v), 0)));
  const s = Math.max(0, Math.ceil(Math.log2(size)) + 4);
  const small = A.map((row) => row.map(([re, im]): Complex => [re / 2 ** s, im / 2 ** s]));
  let term = identityOf(A.length), total = term;
  for (let k = 1; k < 20; k++) {
    term = multiply(term, small).map((row) => row.map(([re, im]): Complex => [re / k, im / k]));
    total = add(total, term);
  }
  for (let k = 0; k < s; k++) total = multiply(total, total);
  return total;
}

/** ‖v − w‖/((‖v‖ + ‖w‖)/2), the tolerance rule of the market. */
export function relativeError(v: ArrayLike<number>, w: ArrayLike<number>): number {
  let difference = 0, a = 0, b = 0;
  for (let i = 0; i < w.length; i++) {
    difference += (v[i] - w[i]) ** 2;
    a += v[i] ** 2;
    b += w[i] ** 2;
  }
  const size = (Math.sqrt(a) + Math.sqrt(b)) / 2;
  return size === 0 ? 0 : Math.sqrt(difference) / size;
}

/** Asserts that two lists agree by {@link relativeError}; a NaN fails. */
export function assertNear(
  v: ArrayLike<number>,
  w: ArrayLike<number>,
  tolerance: number,
  message = "",
): void {
  assert.equal(v.length, w.length, `${message}: lengths differ`);
  const error = relativeError(v, w);
  assert.ok(error <= tolerance, `${message}: relative error ${error} exceeds ${tolerance}`);
}

/** Asserts that an operator is a matrix. */
export function assertMatrix(A: LinearOperator, want: Rows, tolerance: number, message = ""): void {
  assert.deepEqual([A.rows, A.cols], [want.length, want[0].length], `${message}: shapes differ`);
  assertNear(flat(rowsOf(A.toDense())), flat(want), tolerance, message);
}

/** Normal numbers. */
export function normals(random: Random, length: number): Float64Array<ArrayBuffer> {
  return Float64Array.from({ length }, () => random.normal());
}

/** A random dense operator. */
export function randomDense(random: Random, rows: number, cols: number, complex = false): LinearOperator {
  return dense({
    rows,
    cols,
    field: complex ? "complex" : "real",
    values: normals(random, rows * cols * (complex ? 2 : 1)),
  });
}

/** A random positive definite operator, annotated. */
export function randomPositive(random: Random, n: number, complex = false): LinearOperator {
  const A = randomDense(random, n, n, complex),
    made = multiply(rowsOf(A.toDense()), adjointOf(rowsOf(A.toDense())));
  const rows = add(made, identityOf(n, [n, 0]));
  // Rounding makes the two triangles differ.
  const even = rows.map((row, i) => row.map((v, j): Complex => i <= j ? v : [rows[j][i][0], -rows[j][i][1]]));
  even.forEach((row, i) => row[i] = [row[i][0], 0]);
  return dense(even.map((row) => row.map((v): Scalar => complex ? v : v[0]))).annotate("PSD");
}

/** A constructor tree of the operator market. */
export type Tree = Record<string, unknown>;

/** One entry of the market. */
export interface MarketEntry {
  name: string;
  annotations: ("PSD" | "SelfAdjoint" | "Unitary" | "Stiefel")[];
  tree: Tree;
}

/** The operator of a tree, and its matrix from the definitions. */
export function fromTree(tree: Tree): { operator: LinearOperator; matrix: Rows } {
  const list = (key: string) => (tree[key] as Tree[]).map(fromTree);
  const real = (rows: number[][]): Rows => rows.map((row) => row.map((v): Complex => [v, 0]));
  if ("dense" in tree) {
    const rows = tree.dense as number[][];
    return { operator: dense(rows), matrix: real(rows) };
  }
  if ("denseComplex" in tree) {
    const rows = tree.denseComplex as Rows;
    return { operator: dense(rows), matrix: rows };
  }
  if ("triangular" in tree) {
    const rows = tree.triangular as number[][], lower = tree.lower as boolean;
    const matrix = real(rows.map((row, i) => row.map((v, j) => (lower ? j <= i : j >= i) ? v : 0)));
    return { operator: triangular(rows, { lower }), matrix };
  }
  if ("diagonal" in tree) {
    const values = tree.diagonal as number[];
    const matrix = identityOf(values.length).map((row, i) => row.map(([v]): Complex => [v * values[i], 0]));
    return { operator: diagonal(values), matrix };
  }
  if ("identity" in tree) {
    const n = tree.identity as number;
    return { operator: identity(n), matrix: identityOf(n) };
  }
  if ("scale" in tree) {
    const of = fromTree(tree.of as Tree), c = tree.scale as number;
    const matrix = of.matrix.map((row) => row.map(([re, im]): Complex => [c * re, c * im]));
    return { operator: scale(c, of.operator), matrix };
  }
  if ("sum" in tree) {
    const parts = list("sum");
    return {
      operator: sum(...parts.map((p) => p.operator)),
      matrix: parts.map((p) => p.matrix).reduce((a, b) => add(a, b)),
    };
  }
  if ("product" in tree) {
    const parts = list("product");
    return {
      operator: product(...parts.map((p) => p.operator)),
      matrix: parts.map((p) => p.matrix).reduce(multiply),
    };
  }
  if ("kron" in tree) {
    const parts = list("kron");
    return {
      operator: kron(...parts.map((p) => p.operator)),
      matrix: parts.map((p) => p.matrix).reduce(kronOf),
    };
  }
  if ("kronSum" in tree) {
    const parts = list("kronSum");
    const matrix = parts.map((p) => p.matrix).reduce((a, b) =>
      add(kronOf(a, identityOf(b.length)), kronOf(identityOf(a.length), b))
    );
    return { operator: kronSum(...parts.map((p) => p.operator)), matrix };
  }
  if ("blockDiag" in tree) {
    const parts = list("blockDiag");
    return {
      operator: blockDiag(...parts.map((p) => p.operator)),
      matrix: blocksOf(parts.map((p) => p.matrix)),
    };
  }
  if ("transpose" in tree) {
    const of = fromTree(tree.transpose as Tree);
    return { operator: of.operator.transpose(), matrix: adjointOf(of.matrix, false) };
  }
  if ("tridiagonal" in tree) {
    const { lower, diag, upper } = tree.tridiagonal as Record<string, number[]>;
    const matrix = diag.map((d, i) =>
      diag.map((_, j): Complex => [i === j ? d : i === j + 1 ? lower[j] : j === i + 1 ? upper[i] : 0, 0])
    );
    return { operator: tridiagonal(lower, diag, upper), matrix };
  }
  if ("permutation" in tree) {
    const index = tree.permutation as number[];
    const matrix = index.map((p) => index.map((_, j): Complex => [p === j ? 1 : 0, 0]));
    return { operator: permutation(index), matrix };
  }
  if ("fft" in tree) {
    const n = tree.fft as number, sign = tree.sign as 1 | -1, normalized = tree.normalized as boolean;
    const size = normalized ? 1 / Math.sqrt(n) : 1;
    const matrix = Array.from({ length: n }, (_, j) =>
      Array.from({ length: n }, (_, k): Complex => {
        const angle = sign * 2 * Math.PI * (j * k % n) / n;
        return [size * Math.cos(angle), size * Math.sin(angle)];
      }));
    return { operator: fft(n, { sign, normalized }), matrix };
  }
  throw new Error(`unknown tree: ${Object.keys(tree).join()}`);
}
