/** The maps that can be chosen: their dense matrices, and the fast algorithm where it is known. */
import {
  Butterfly,
  circulant,
  dct2,
  dft as fastFourier,
  hadamard as fastHadamard,
  type Operator,
  Random,
} from "@papillon/papillon";
import { dft, hadamard } from "../../src/cli/targets.ts";
import type { How, Matrix } from "./messages.ts";

/** A map of the list. */
export interface MapKind {
  readonly name: string;
  readonly label: string;
  /** What it is, in a sentence or two. */
  readonly about: string;
  /** What one draws to make it. */
  readonly drawn?: "kernel" | "matrix";
  /** How it is learned unless one asks for something else. */
  readonly how: How;
  /** Its matrix; `drawing` holds n numbers of a kernel or n² of a matrix. */
  readonly matrix: (n: number, drawing: Float64Array) => Matrix;
  /** The exact operator, where there is a construction. */
  readonly exact?: (n: number, drawing: Float64Array) => Operator;
}

function real(n: number, entry: (i: number, j: number) => number): Matrix {
  const values = Float64Array.from({ length: n * n }, (_, at) => entry(Math.floor(at / n), at % n));
  return { n, field: "real", values };
}

/** The same numbers, in float64. */
function wide(n: number, { field, values }: { field: Matrix["field"]; values: ArrayLike<number> }): Matrix {
  return { n, field, values: Float64Array.from(values) };
}

const hidden = (n: number): Operator => Butterfly.random(n, { seed: 2027 });

/** In the order of the page. */
export const MAPS: readonly MapKind[] = [
  {
    name: "dft",
    label: "Fourier",
    about: "The discrete Fourier transform: every output is a wave. Colour is phase.",
    how: "gradient",
    matrix: (n) => wide(n, dft(n)),
    exact: (n) => fastFourier(n, { normalized: true }),
  },
  {
    name: "dct",
    label: "Cosine",
    about: "The DCT-II, the transform inside JPEG. Its fast form is a real chain, not a single butterfly.",
    how: "auto",
    matrix: (n) =>
      real(n, (k, j) => {
        const angle = Math.PI * (k * (2 * j + 1) % (4 * n)) / (2 * n);
        return Math.cos(angle) * Math.sqrt((k === 0 ? 1 : 2) / n);
      }),
    exact: (n) => dct2(n, { normalized: true }),
  },
  {
    name: "hadamard",
    label: "Hadamard",
    about: "Nothing but plus and minus one, scaled. Its fast form needs no multiplications.",
    how: "gradient",
    matrix: (n) => wide(n, hadamard(n)),
    exact: (n) => fastHadamard(n, { normalized: true }),
  },
  {
    name: "circulant",
    label: "Convolution",
    about: "Circular convolution with a kernel that you draw: every row is the kernel, moved by one.",
    drawn: "kernel",
    how: "auto",
    matrix: (n, kernel) => real(n, (i, j) => Math.fround(kernel[(i - j + n) % n])),
    exact: (_, kernel) => circulant(Float32Array.from(kernel)),
  },
  {
    name: "butterfly",
    label: "Butterfly",
    about: "A product of sparse random factors. It looks like noise, and is not.",
    how: "gradient",
    matrix: (n) => wide(n, { field: "real", values: hidden(n).toDense() }),
    exact: hidden,
  },
  {
    name: "noise",
    label: "Noise",
    about:
      "Independent random numbers. What fits them takes no fewer numbers than they are, or does not fit.",
    how: "auto",
    matrix: (n) => {
      const random = new Random(7);
      return real(n, () => Math.fround(random.normal() / Math.sqrt(n)));
    },
  },
  {
    name: "painted",
    label: "Paint",
    about: "Any matrix that you paint, cell by cell.",
    drawn: "matrix",
    how: "auto",
    matrix: (n, cells) => real(n, (i, j) => cells[i * n + j]),
  },
];

/** Kernels and paintings to begin with, by name: a value for each point or cell. */
export const STARTS: Record<
  "kernel" | "matrix",
  Record<string, (n: number, i: number, j: number) => number>
> = {
  kernel: {
    Blur: (n, i) => Math.exp(-((Math.min(i, n - i) / (n / 10)) ** 2)),
    Edge: (n, i) => i === 0 ? 1 : i === 1 ? -0.5 : i === n - 1 ? -0.5 : 0,
    Echo: (n, i) => i % Math.max(2, n / 4) === 0 ? 0.55 ** (i / Math.max(2, n / 4)) : 0,
  },
  matrix: {
    "Running sum": (_, i, j) => j <= i ? 1 : 0,
    Checks: (_, i, j) => (i + j) % 2 === 0 ? 1 : -1,
    Nothing: () => 0,
  },
};
