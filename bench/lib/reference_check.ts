/**
 * Checks the references themselves, against the definitions written out: a reference that is wrong would pass a wrong
 * peer, or fail a right one.
 *
 * @module
 */
import {
  assertAccurate,
  butterflyGradient,
  butterflyProduct,
  denseProduct,
  type Field,
  fourier,
  relativeError,
} from "./reference.ts";
import { normal } from "./problem.ts";

const N = 32;

/** Float64 against float64: a few units in the last place. */
const CLOSE = 1e-14;

function close(what: string, got: ArrayLike<number>, want: ArrayLike<number>): void {
  const error = relativeError(got, want);
  if (!(error <= CLOSE)) throw new Error(`The reference of ${what} is wrong: relative error ${error}`);
}

function rejects(what: string, run: () => void): void {
  try {
    run();
  } catch {
    return;
  }
  throw new Error(`The reference check accepted ${what}`);
}

/**
 * The gradients of L = Re⟨g, Bx⟩ against differences. L is linear in each weight and in x, so that the difference over a
 * step of 1 is the derivative, but for rounding.
 */
function checkGradient(field: Field): void {
  const unit = field === "complex" ? 2 : 1;
  const n = 8;
  const strides = [1, 2, 4];
  const factors = strides.map((s) => Float64Array.from(normal(2 * n * unit, 10 + s)));
  const x = Float64Array.from(normal(n * unit, 20));
  const g = normal(n * unit, 30);
  const loss = (): number =>
    butterflyProduct(factors, strides, x, field).reduce((sum, y, i) => sum + y * g[i], 0);
  const at = loss();
  const differences = (values: Float64Array): Float64Array =>
    values.map((value, i) => {
      values[i] = value + 1;
      const difference = loss() - at;
      values[i] = value;
      return difference;
    });
  const want = factors.map((w) => new Float64Array(w.length));
  const input = butterflyGradient(factors, strides, x, g, field, want);
  const rounding = 1e-12;
  [...factors, x].forEach((values, i) => {
    const error = relativeError([...want, input][i], differences(values));
    if (!(error <= rounding)) {
      throw new Error(`The reference of a ${field} butterfly's gradient is wrong: relative error ${error}`);
    }
  });
}

/** Throws if one of the float64 references disagrees with the definition it stands for. */
export function checkReferences(): void {
  const x = normal(2 * N, 1);

  // y[k] = Σ x[j]·exp(−2πi·jk/N), written as a sum and as a matrix.
  const matrix = new Float64Array(2 * N * N);
  const sums = new Float64Array(2 * N);
  for (let k = 0; k < N; k++) {
    for (let j = 0; j < N; j++) {
      const c = Math.cos(2 * Math.PI * j * k / N);
      const s = -Math.sin(2 * Math.PI * j * k / N);
      matrix[2 * (k * N + j)] = c;
      matrix[2 * (k * N + j) + 1] = s;
      sums[2 * k] += c * x[2 * j] - s * x[2 * j + 1];
      sums[2 * k + 1] += c * x[2 * j + 1] + s * x[2 * j];
    }
  }
  close("the Fourier transform", fourier(x), sums);
  close("the complex dense product", denseProduct(matrix, N, N, x, "complex"), sums);

  // The Cooley–Tukey factors behind a bit reversal are the Fourier transform: this pins down the layout [a][b][c][d].
  const strides = [1, 2, 4, 8, 16];
  const reversed = new Float64Array(2 * N);
  for (let i = 0; i < N; i++) {
    const from = Number.parseInt(i.toString(2).padStart(5, "0").split("").reverse().join(""), 2);
    reversed[2 * i] = x[2 * from];
    reversed[2 * i + 1] = x[2 * from + 1];
  }
  const twiddles = strides.map((s) => {
    const w = new Float64Array(2 * 2 * N);
    for (let block = 0; block < N / (2 * s); block++) {
      for (let delta = 0; delta < s; delta++) {
        const angle = -Math.PI * delta / s;
        const put = (beta: number, gamma: number, re: number, im: number): void => {
          const at = 2 * (((block * 2 + beta) * 2 + gamma) * s + delta);
          w[at] = re;
          w[at + 1] = im;
        };
        put(0, 0, 1, 0);
        put(1, 0, 1, 0);
        put(0, 1, Math.cos(angle), Math.sin(angle));
        put(1, 1, -Math.cos(angle), -Math.sin(angle));
      }
    }
    return w;
  });
  close("a complex butterfly", butterflyProduct(twiddles, strides, reversed, "complex"), sums);

  // Hadamard: entry (i, j) is −1 to the number of common bits, and the order of its factors does not matter.
  const signs = new Float64Array(N * N);
  for (let i = 0; i < N; i++) {
    for (let j = 0; j < N; j++) {
      const bits = (i & j).toString(2).replaceAll("0", "").length;
      signs[i * N + j] = bits % 2 === 0 ? 1 : -1;
    }
  }
  const halves = strides.map((s) =>
    Float64Array.from({ length: 2 * N }, (_, at) => Math.floor(at / s) % 4 === 3 ? -1 : 1)
  );
  const real = x.subarray(0, N);
  const want = denseProduct(signs, N, N, real, "real");
  close("a real butterfly", butterflyProduct(halves, strides, real, "real"), want);
  close(
    "a real butterfly, decreasing",
    butterflyProduct(halves.toReversed(), strides.toReversed(), real, "real"),
    want,
  );

  checkGradient("real");
  checkGradient("complex");

  rejects(
    "an error of 1e-4",
    () => assertAccurate("test", Float64Array.of(1, 1e-4), Float64Array.of(1, 0), 2),
  );
  rejects("NaN", () => assertAccurate("test", Float64Array.of(NaN, 1), Float64Array.of(1, 1), 2));
  rejects("a missing element", () => assertAccurate("test", Float64Array.of(1), Float64Array.of(1, 1), 2));
}
