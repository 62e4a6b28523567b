/** The operator against fft.js and a dense product: each verified in float64 first, then timed side by side. */
import { loadOperator, machine, type Operator } from "@papillon/papillon";
import FFT from "fft.js";
import { count } from "../../src/cli/text.ts";
import { medians } from "../../src/cli/timing.ts";
import type { Timed } from "./messages.ts";

/** What fft.js has, which comes without types. */
interface Transform {
  createComplexArray(): number[];
  transform(out: ArrayLike<number>, data: ArrayLike<number>): void;
  realTransform(out: ArrayLike<number>, data: ArrayLike<number>): void;
  completeSpectrum(spectrum: ArrayLike<number>): void;
  inverseTransform(out: ArrayLike<number>, data: ArrayLike<number>): void;
}

interface Subject {
  readonly name: string;
  readonly note: string;
  readonly run: () => void;
  readonly out: Float32Array;
  readonly want: Float64Array;
}

/** Wrong by more than this is not timed. */
const TOLERANCE = 1e-4;

/** y = A·x as a careful programmer writes it: rows in order, four sums. */
function dense(matrix: Float32Array, x: Float32Array, y: Float32Array, complex: boolean): void {
  const width = x.length;
  if (complex) {
    for (let i = 0, at = 0; i < y.length; i += 2, at += width) {
      let re = 0, im = 0, re2 = 0, im2 = 0;
      for (let j = 0; j < width; j += 2) {
        re += matrix[at + j] * x[j];
        re2 += matrix[at + j + 1] * x[j + 1];
        im += matrix[at + j] * x[j + 1];
        im2 += matrix[at + j + 1] * x[j];
      }
      y[i] = re - re2;
      y[i + 1] = im + im2;
    }
    return;
  }
  const whole = width - width % 4;
  for (let i = 0, at = 0; i < y.length; i++, at += width) {
    let a = 0, b = 0, c = 0, d = 0;
    for (let j = 0; j < whole; j += 4) {
      a += matrix[at + j] * x[j];
      b += matrix[at + j + 1] * x[j + 1];
      c += matrix[at + j + 2] * x[j + 2];
      d += matrix[at + j + 3] * x[j + 3];
    }
    for (let j = whole; j < width; j++) a += matrix[at + j] * x[j];
    y[i] = a + b + c + d;
  }
}

/** The same in float64, plainly: what the others must agree with. */
function reference(matrix: Float32Array, x: Float32Array, rows: number, complex: boolean): Float64Array {
  const width = x.length, y = new Float64Array(complex ? 2 * rows : rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < width; j += complex ? 2 : 1) {
      const a = matrix[i * width + j];
      if (!complex) y[i] += a * x[j];
      else {
        const b = matrix[i * width + j + 1];
        y[2 * i] += a * x[j] - b * x[j + 1];
        y[2 * i + 1] += a * x[j + 1] + b * x[j];
      }
    }
  }
  return y;
}

function relativeError(got: ArrayLike<number>, want: Float64Array): number {
  let difference = 0, norm = 0;
  want.forEach((value, i) => {
    difference += (got[i] - value) ** 2;
    norm += value ** 2;
  });
  return Math.sqrt(difference / (norm || 1));
}

/** The same map by fft.js, where there is a way; its arrays are what it is fastest with. */
function byFft(map: string, kernel: readonly number[], x: Float32Array, n: number): Omit<Subject, "want"> {
  const fft = new FFT(n) as Transform;
  if (map === "circulant") {
    const spectrum = new Float32Array(2 * n), of = new Float32Array(2 * n), out = new Float32Array(2 * n);
    // One kind of arrays: with two, the engine's code for fft.js gets half as fast.
    fft.realTransform(of, Float32Array.from(kernel));
    fft.completeSpectrum(of);
    const y = new Float32Array(n);
    const run = (): void => {
      fft.realTransform(spectrum, x);
      fft.completeSpectrum(spectrum);
      for (let k = 0; k < 2 * n; k += 2) {
        const re = spectrum[k], im = spectrum[k + 1];
        spectrum[k] = re * of[k] - im * of[k + 1];
        spectrum[k + 1] = re * of[k + 1] + im * of[k];
      }
      fft.inverseTransform(out, spectrum);
      for (let i = 0; i < n; i++) y[i] = out[2 * i];
    };
    return { name: "fft.js", note: "there, times the spectrum of the kernel, and back", run, out: y };
  }
  if (map === "dct") {
    // Makhoul 1980: one Fourier transform of the even points forward and the odd ones backward.
    const order = Uint32Array.from({ length: n }, (_, i) => 2 * i < n ? 2 * i : 2 * (n - i) - 1);
    const turns = new Float32Array(2 * n).map((_, i) => {
      const k = i >> 1, angle = -Math.PI * k / (2 * n), scale = Math.sqrt((k === 0 ? 1 : 2) / n);
      return (i % 2 === 0 ? Math.cos(angle) : Math.sin(angle)) * scale;
    });
    const sorted = new Float32Array(n), spectrum = new Float32Array(2 * n), y = new Float32Array(n);
    const run = (): void => {
      for (let i = 0; i < n; i++) sorted[i] = x[order[i]];
      fft.realTransform(spectrum, sorted);
      fft.completeSpectrum(spectrum);
      for (let k = 0; k < n; k++) {
        y[k] = spectrum[2 * k] * turns[2 * k] - spectrum[2 * k + 1] * turns[2 * k + 1];
      }
    };
    return { name: "fft.js", note: "a cosine transform from one real Fourier transform", run, out: y };
  }
  const out = new Float32Array(2 * n), scale = map === "dft" ? 1 / Math.sqrt(n) : 1;
  const input = map === "dft" ? x : Float32Array.from({ length: 2 * n }, (_, i) => x[i % x.length]);
  const run = (): void => {
    fft.transform(out, input);
    if (scale !== 1) { for (let i = 0; i < 2 * n; i++) out[i] *= scale; }
  };
  return map === "dft"
    ? { name: "fft.js", note: "the same transform, and its scale", run, out }
    : { name: "fft.js", note: "another map: a Fourier transform of this size, to compare with", run, out };
}

/** The Fourier transform of the input that fft.js gets as a yardstick, from its definition. */
function fourier(x: Float32Array, n: number): Float64Array {
  const y = new Float64Array(2 * n);
  for (let k = 0; k < n; k++) {
    for (let j = 0; j < n; j++) {
      const angle = -2 * Math.PI * ((j * k) % n) / n, c = Math.cos(angle), s = Math.sin(angle);
      const re = x[(2 * j) % x.length], im = x[(2 * j + 1) % x.length];
      y[2 * k] += re * c - im * s;
      y[2 * k + 1] += re * s + im * c;
    }
  }
  return y;
}

function subjects(operator: Operator, map: string, kernel: readonly number[]): Subject[] {
  const { rows, cols } = operator, complex = operator.field === "complex", unit = complex ? 2 : 1;
  const x = Float32Array.from({ length: cols * unit }, (_, i) => Math.sin(1 + 2.7 * i + 0.01 * i * i));
  const matrix = operator.toDense(), want = reference(matrix, x, rows, complex);
  // The dense matrix leaves a bias out.
  const bias = operator.apply(new Float32Array(x.length)), sum = want.map((value, i) => value + bias[i]);
  const y = new Float32Array(rows * unit), z = new Float32Array(rows * unit);
  const found: Subject[] = [
    {
      name: "papillon",
      note: `${count(operator.parameters)} numbers`,
      run: () => void operator.apply(x, y),
      out: y,
      want: sum,
    },
  ];
  if (rows === cols && cols >= 4 && (cols & (cols - 1)) === 0) {
    const same = ["dft", "dct", "circulant"].includes(map);
    found.push({ ...byFft(map, kernel, x, cols), want: same ? want : fourier(x, cols) });
  }
  found.push({
    name: "the dense product",
    note: bias.some((value) => value !== 0) ? "JavaScript, without the bias" : "JavaScript, Float32Array",
    run: () => dense(matrix, x, z, complex),
    out: z,
    want,
  });
  return found;
}

/** Verifies and times. */
export async function time(
  file: Uint8Array,
  map: string,
  kernel: readonly number[],
  signal: AbortSignal,
): Promise<{ rows: Timed[]; kernels: string } | undefined> {
  const all = subjects(loadOperator(file), map, kernel);
  const errors = all.map(({ name, run, out, want }) => {
    out.fill(0);
    run();
    const error = relativeError(out, want);
    if (!(error < TOLERANCE)) {
      throw new Error(`${name} is wrong by ${error.toExponential(1)}: it is not timed`);
    }
    return error;
  });
  const times = await medians(all.map(({ run }) => run), signal);
  return times && {
    rows: all.map(({ name, note }, i) => ({ name, note, micros: times[i], error: errors[i] })),
    kernels: machine().name,
  };
}
