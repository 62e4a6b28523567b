/** Matrices that learning should recover, each from its definition: the transforms of the papers' table, and relatives. */
import { Butterfly } from "../src/operator/butterfly.ts";
import type { Random } from "../src/program/random.ts";
import { checkTarget, type Field, reverseBits, type Target } from "../src/learn/target.ts";
import { dft, hadamard } from "./learn_targets.ts";

/** The matrix of an entry (row, column); a pair when complex. */
export function matrix(n: number, entry: (j: number, k: number) => number): Target {
  return checkTarget(Float64Array.from({ length: n * n }, (_, at) => entry(Math.floor(at / n), at % n)), n);
}

const { PI, cos, sin, sqrt } = Math;

/** Real transforms by name, of norm about √n. */
export const REAL: Readonly<Record<string, (n: number) => Target>> = {
  "DCT-I": (n) => matrix(n, (j, k) => sqrt(2 / n) * cos(PI * j * k / (n - 1))),
  "DCT-II": (n) => matrix(n, (j, k) => sqrt(2 / n) * cos(PI * j * (2 * k + 1) / (2 * n))),
  "DCT-III": (n) => matrix(n, (j, k) => sqrt(2 / n) * cos(PI * k * (2 * j + 1) / (2 * n))),
  "DCT-IV": (n) => matrix(n, (j, k) => sqrt(2 / n) * cos(PI * (2 * j + 1) * (2 * k + 1) / (4 * n))),
  "DST-I": (n) => matrix(n, (j, k) => sqrt(2 / n) * sin(PI * (j + 1) * (k + 1) / (n + 1))),
  "DST-II": (n) => matrix(n, (j, k) => sqrt(2 / n) * sin(PI * (j + 1) * (2 * k + 1) / (2 * n))),
  "DST-III": (n) => matrix(n, (j, k) => sqrt(2 / n) * sin(PI * (k + 1) * (2 * j + 1) / (2 * n))),
  "DST-IV": (n) => matrix(n, (j, k) => sqrt(2 / n) * sin(PI * (2 * j + 1) * (2 * k + 1) / (4 * n))),
  Hartley: (n) => matrix(n, (j, k) => (cos(2 * PI * j * k / n) + sin(2 * PI * j * k / n)) / sqrt(n)),
  Hadamard: (n) => hadamard(n),
  Walsh: (n) => {
    const natural = hadamard(n), bits = Math.log2(n);
    return rows(natural, (j) => reverseBits(j ^ (j >> 1), bits));
  },
  Haar: haar,
};

/** The orthonormal Haar transform. */
export function haar(n: number): Target {
  return matrix(n, (j, k) => {
    if (j === 0) return 1 / sqrt(n);
    const level = 2 ** Math.floor(Math.log2(j)), width = n / level, at = k - (j - level) * width;
    return at < 0 || at >= width ? 0 : (2 * at < width ? 1 : -1) / sqrt(width);
  });
}

/** A matrix with other rows: row i is row index(i). */
export function rows({ n, field, values }: Target, index: (i: number) => number): Target {
  const run = values.length / n;
  return checkTarget(
    Float64Array.from(values, (_, at) => values[index(Math.floor(at / run)) * run + at % run]),
    n,
    field,
  );
}

/** The same for columns. */
export function columns({ n, field, values }: Target, index: (k: number) => number): Target {
  const width = field === "complex" ? 2 : 1;
  return checkTarget(
    Float64Array.from(values, (_, at) => {
      const entry = Math.floor(at / width), row = Math.floor(entry / n);
      return values[(row * n + index(entry % n)) * width + at % width];
    }),
    n,
    field,
  );
}

/** A random circulant matrix. */
export function circulant(n: number, field: Field, random: Random): Target {
  const width = field === "complex" ? 2 : 1;
  const kernel = Float64Array.from({ length: n * width }, () => random.normal() / sqrt(n));
  return checkTarget(
    Float64Array.from({ length: n * n * width }, (_, at) => {
      const entry = Math.floor(at / width), place = (Math.floor(entry / n) - entry % n + n) % n;
      return kernel[place * width + at % width];
    }),
    n,
    field,
  );
}

/** A random BB* (or B*B) product with orthogonal blocks. */
export function kaleidoscope(n: number, field: Field, seed: number, increasing = false): Target {
  const operator = Butterfly.random(n, { field, seed, blocks: 2, increasing, init: "orthogonal" });
  return checkTarget(operator.toDense(), n, field);
}

/** A random butterfly. */
export function butterfly(n: number, field: Field, seed: number): Target {
  return checkTarget(Butterfly.random(n, { field, seed }).toDense(), n, field);
}

/** A random permutation. */
export function permutation(n: number, random: Random): Target {
  const index = random.permutation(n);
  return matrix(n, (j, k) => index[j] === k ? 1 : 0);
}

/** U·Vᵀ with random U and V. */
export function lowRank(n: number, rank: number, random: Random): Target {
  const u = Array.from({ length: n * rank }, () => random.normal());
  const v = Array.from({ length: n * rank }, () => random.normal());
  return matrix(n, (j, k) => {
    let sum = 0;
    for (let r = 0; r < rank; r++) sum += u[j * rank + r] * v[k * rank + r];
    return sum / sqrt(n);
  });
}

/** Legendre polynomials on a grid of n points inside of −1 … 1, divided by √n. */
export function legendre(n: number): Target {
  const values = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    const x = -1 + 2 * (j + 1) / (n + 1);
    for (let k = 0, before = 0, now = 1; k < n; k++) {
      values[k * n + j] = now / sqrt(n);
      [before, now] = [now, ((2 * k + 1) * x * now - k * before) / (k + 1)];
    }
  }
  return checkTarget(values, n);
}

/** 1/(i + j − 1), of norm about 1. */
export function hilbert(n: number): Target {
  return matrix(n, (j, k) => 1 / (j + k + 1));
}

/** What targets are hidden behind in tests. */
export const HIDINGS: Readonly<Record<string, (i: number, n: number) => number>> = {
  "bit reversal": (i, n) => reverseBits(i, Math.log2(n)),
  "even, odd": (i, n) => 2 * i < n ? 2 * i : 2 * i - n + 1,
  "even/odd": (i, n) => 2 * i < n ? 2 * i : 2 * n - 1 - 2 * i,
};

/** The DFT, for the table. */
export { dft };
