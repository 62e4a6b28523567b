/** Matrices for the tests of learning, each from its definition. Row-major float64, interleaved if complex. */
import { Random } from "../src/program/random.ts";
import { checkTarget, type Field, type Target } from "../src/learn/target.ts";

export function dft(n: number, scale = 1 / Math.sqrt(n)): Target {
  const values = new Float64Array(2 * n * n);
  for (let k = 0; k < n * n; k++) {
    const angle = (-2 * Math.PI * ((Math.floor(k / n) * (k % n)) % n)) / n;
    values[2 * k] = scale * Math.cos(angle);
    values[2 * k + 1] = scale * Math.sin(angle);
  }
  return checkTarget(values, n, "complex");
}

export function hadamard(n: number, scale = 1 / Math.sqrt(n)): Target {
  const values = new Float64Array(n * n);
  for (let k = 0; k < n * n; k++) {
    let common = Math.floor(k / n) & (k % n);
    let odd = 0;
    for (; common > 0; common >>= 1) odd ^= common & 1;
    values[k] = odd ? -scale : scale;
  }
  return checkTarget(values, n);
}

export function identity(n: number): Target {
  return checkTarget(
    Float64Array.from({ length: n * n }, (_, k) => (Math.floor(k / n) === k % n ? 1 : 0)),
    n,
  );
}

/** Random factors in the order of application, laid out [a][b][c][d]. */
export function randomFactors(n: number, field: Field, random: Random): Float64Array[] {
  const size = 2 * n * (field === "complex" ? 2 : 1);
  return Array.from(
    { length: Math.log2(n) },
    () => Float64Array.from({ length: size }, () => random.normal()),
  );
}

/**
 * The dense matrix of factors listed as they are applied, preceded by bit reversal if asked: unit vectors are
 * pushed through the definition y[i,β,δ] = Σγ w[i,β,γ,δ]·x[i,γ,δ], by sums over every γ. Slow and plain.
 */
export function denseButterfly(
  factors: readonly (Float64Array | Float32Array)[],
  n: number,
  field: Field,
  increasing: boolean,
  bitReversal = false,
): Target {
  const width = field === "complex" ? 2 : 1;
  const bits = Math.log2(n);
  const values = new Float64Array(n * n * width);
  for (let column = 0; column < n; column++) {
    let re = new Float64Array(n);
    let im = new Float64Array(n);
    // P x = x[br(i)]: the unit vector of a column goes where the reversed index is that column.
    const reversed = parseInt([...column.toString(2).padStart(bits, "0")].reverse().join(""), 2);
    re[bitReversal ? reversed : column] = 1;
    factors.forEach((factor, index) => {
      const s = 2 ** (increasing ? index : bits - 1 - index);
      const nextRe = new Float64Array(n);
      const nextIm = new Float64Array(n);
      for (let row = 0; row < n; row++) {
        const i = Math.floor(row / (2 * s));
        const beta = Math.floor(row / s) % 2;
        const delta = row % s;
        for (let gamma = 0; gamma < 2; gamma++) {
          const at = (((i * 2 + beta) * 2 + gamma) * s + delta) * width;
          const wr = factor[at];
          const wi = width === 2 ? factor[at + 1] : 0;
          const from = i * 2 * s + gamma * s + delta;
          nextRe[row] += wr * re[from] - wi * im[from];
          nextIm[row] += wr * im[from] + wi * re[from];
        }
      }
      re = nextRe;
      im = nextIm;
    });
    for (let row = 0; row < n; row++) {
      values[(row * n + column) * width] = re[row];
      if (width === 2) values[(row * n + column) * 2 + 1] = im[row];
    }
  }
  return checkTarget(values, n, field);
}

/** The target times a number, plus noise of the given standard deviation an entry (each part). */
export function altered(target: Target, scale: number, noise = 0, seed = 0): Target {
  const random = new Random(seed);
  const values = target.values.map((value) => value * scale + (noise > 0 ? noise * random.normal() : 0));
  return checkTarget(values, target.n, target.field);
}

/** D₁·T·D₂ with random normal diagonals. */
export function scaledRowsAndColumns(target: Target, random: Random): Target {
  const { n, field } = target;
  const width = field === "complex" ? 2 : 1;
  const rows = Array.from({ length: n }, () => random.normal());
  const columns = Array.from({ length: n }, () => random.normal());
  const values = target.values.map((value, at) => {
    const entry = Math.floor(at / width);
    return value * rows[Math.floor(entry / n)] * columns[entry % n];
  });
  return checkTarget(values, n, field);
}

/** A matrix of independent normal numbers: no butterfly at all. */
export function noise(n: number, field: Field, seed: number): Target {
  const random = new Random(seed);
  const length = n * n * (field === "complex" ? 2 : 1);
  return checkTarget(Float64Array.from({ length }, () => random.normal()), n, field);
}

/** ‖A − B‖_F / n: the root mean square difference of entries. */
export function rmse(a: Target, b: Target): number {
  return Math.sqrt(a.values.reduce((sum, value, i) => sum + (value - b.values[i]) ** 2, 0)) / a.n;
}
