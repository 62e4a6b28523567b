/**
 * The inputs that all subjects of one group share, with their float64 results, so that everybody is timed on, and
 * checked against, the same numbers.
 *
 * @module
 */
import { assertAccurate, denseProduct, type Field, fourier, type Numbers } from "./reference.ts";

/** The largest dense matrix the benchmarks use: 4096 real elements a side are 64 MiB in each peer. */
export const LARGEST_DENSE = 4096;

/** The largest complex one: larger ones take long, and show nothing that the real ones do not. */
export const LARGEST_COMPLEX_DENSE = 1024;

/** The fields in which dense products of size n are timed. */
export function denseFields(n: number): Field[] {
  return n <= LARGEST_COMPLEX_DENSE ? ["real", "complex"] : n <= LARGEST_DENSE ? ["real"] : [];
}

/** Seeded standard normal numbers (Box–Muller over mulberry32). */
export function normal(length: number, seed: number): Float32Array {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const out = new Float32Array(length);
  for (let i = 0; i < length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    out[i] = radius * Math.cos(angle);
    if (i + 1 < length) out[i + 1] = radius * Math.sin(angle);
  }
  return out;
}

/** A batch to transform, and the spectra. */
export interface FourierProblem {
  readonly n: number;
  readonly batch: number;
  /** Real: n numbers for each vector; complex: 2n, interleaved. */
  readonly x: Float32Array;
  /** The full complex spectrum of every vector, interleaved, unnormalized, forward (e^−). */
  readonly want: Float64Array;
  /**
   * Checks an output of interleaved complex spectra.
   *
   * @param bins complex numbers kept of each spectrum: n (default), or n/2 + 1 for real input.
   */
  check(who: string, y: Numbers, bins?: number): void;
}

/** A dense matrix, a batch, and the products. */
export interface DenseProblem {
  readonly n: number;
  readonly batch: number;
  readonly field: Field;
  /** Row-major, n × n. */
  readonly matrix: Float32Array;
  readonly x: Float32Array;
  /** Checks the products of some rows of the batch (all of them where that is cheap). */
  check(who: string, y: Numbers): void;
}

const fourierProblems = new Map<string, FourierProblem>();
const denseProblems = new Map<string, DenseProblem>();

/** Keeps the newest problems only: a dense one of 4096 holds 64 MiB. */
function remember<T>(cache: Map<string, T>, key: string, make: () => T, most: number): T {
  let found = cache.get(key);
  if (found === undefined) {
    found = make();
    for (const old of cache.keys()) if (cache.size >= most) cache.delete(old);
    cache.set(key, found);
  }
  return found;
}

/** The transform of `batch` random vectors of size n. */
export function fourierProblem(n: number, batch: number, field: Field): FourierProblem {
  return remember(fourierProblems, `${n} ${batch} ${field}`, () => {
    const width = field === "complex" ? 2 : 1;
    const x = normal(n * batch * width, n + 7 * batch + width);
    const want = new Float64Array(2 * n * batch);
    for (let row = 0; row < batch; row++) {
      const input = new Float64Array(2 * n);
      for (let i = 0; i < n; i++) {
        input[2 * i] = x[(row * n + i) * width];
        if (width === 2) input[2 * i + 1] = x[(row * n + i) * 2 + 1];
      }
      want.set(fourier(input), row * 2 * n);
    }
    return {
      n,
      batch,
      x,
      want,
      check(who, y, bins = n): void {
        for (let row = 0; row < batch; row++) {
          const got = Array.prototype.slice.call(y, row * 2 * bins, (row + 1) * 2 * bins) as number[];
          assertAccurate(who, got, want.subarray(row * 2 * n, row * 2 * n + 2 * bins), n);
        }
      },
    };
  }, 8);
}

/** The product of a random dense n × n matrix with `batch` random vectors. */
export function denseProblem(n: number, batch: number, field: Field): DenseProblem {
  return remember(denseProblems, `${n} ${batch} ${field}`, () => {
    const width = field === "complex" ? 2 : 1;
    const matrix = normal(n * n * width, 1000 + n + width);
    const scale = 1 / Math.sqrt(n);
    for (let i = 0; i < matrix.length; i++) matrix[i] *= scale;
    const x = normal(n * batch * width, 2000 + n + batch);
    // A float64 product of 64 rows at n = 4096 takes seconds: three rows are enough to see a wrong layout.
    const rows = n * n * batch <= 2 ** 22
      ? [...Array(batch).keys()]
      : [...new Set([0, batch >> 1, batch - 1])];
    const want = rows.map((row) =>
      denseProduct(matrix, n, n, x.subarray(row * n * width, (row + 1) * n * width), field)
    );
    return {
      n,
      batch,
      field,
      matrix,
      x,
      check(who, y): void {
        if (y.length !== n * batch * width) {
          throw new Error(`${who}: expected ${n * batch * width} numbers, got ${y.length}`);
        }
        rows.forEach((row, k) => {
          const got = Array.prototype.slice.call(y, row * n * width, (row + 1) * n * width) as number[];
          assertAccurate(who, got, want[k], n);
        });
      },
    };
  }, 2);
}

/** The transpose of a row-major real n × n matrix, for peers that want the weights on the right. */
export function transposed(matrix: Float32Array, n: number): Float32Array {
  const out = new Float32Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) out[j * n + i] = matrix[i * n + j];
  return out;
}
