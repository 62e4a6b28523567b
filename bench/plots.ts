/**
 * The graphs of a run.
 *
 * @module
 */
import type { Field } from "./lib/reference.ts";
import { lineChart, type Series } from "./lib/svg.ts";
import { batchText } from "./tables.ts";
import type { Result, Row } from "./run.ts";

/**
 * The time that the multiplications alone take, in µs: n·log₂n/4 fused four-lane multiply-adds (in unit-diagonal form; four
 * times as many if complex), two in each cycle, with everything else for nothing.
 */
export function floor(n: number, field: Field, gigahertz: number): number {
  const madds = n * Math.log2(n) / 4 * (field === "complex" ? 4 : 1);
  return madds / 2 / gigahertz / 1000;
}

/** Which rows a line is made of: one name, or several of which the fastest counts at each size. */
interface Line {
  readonly label: string;
  readonly group: string;
  readonly names: readonly string[];
  readonly strong?: boolean;
}

function series(rows: readonly Row[], batch: number, { label, group, names, strong }: Line): Series[] {
  const these = rows.filter((row) => row.group === group && row.batch === batch && names.includes(row.name));
  const sizes = [...new Set(these.map(({ n }) => n))].sort((a, b) => a - b);
  if (sizes.length === 0) return [];
  const points = sizes.map((n) =>
    [n, Math.min(...these.filter((row) => row.n === n).map(({ perVector }) => perVector))] as const
  );
  return [{ name: label, points, style: strong ? "strong" : undefined }];
}

const REAL = "real transforms";
const COMPLEX = "complex transforms";
const DENSE = "real dense products";

const line = (group: string, name: string, label = name): Line => ({ label, group, names: [name] });
const own = (group: string, label: string, what = "butterfly"): Line => ({
  label,
  group,
  names: [`papillon ${what}, relaxed`],
  strong: true,
});

/** A graph: its file, its title, its lines, the floors drawn in. */
interface Plot {
  readonly file: string;
  readonly title: string;
  readonly batch: number;
  readonly lines: readonly Line[];
  readonly floors: readonly Field[];
}

const PLOTS: readonly Plot[] = [
  {
    file: "overview.svg",
    title: "Butterflies beside hand-written FFTs and the dense product",
    batch: 1,
    lines: [
      own(REAL, "papillon, real"),
      own(COMPLEX, "papillon, complex"),
      own(COMPLEX, "papillon, Fourier", "Fourier transform"),
      line(COMPLEX, "FFTW c2c", "FFTW, complex (native)"),
      line(REAL, "FFTW r2c", "FFTW, real (native)"),
      line(COMPLEX, "pffft-wasm simd, ordered", "pffft-wasm, complex"),
      line(COMPLEX, "fft.js", "fft.js, complex"),
      {
        label: "OpenBLAS sgemv (native)",
        group: DENSE,
        names: ["OpenBLAS sgemv, rows", "OpenBLAS sgemv, columns"],
      },
    ],
    floors: ["real"],
  },
  {
    file: "real.svg",
    title: "Real vectors",
    batch: 1,
    lines: [
      own(REAL, "papillon, relaxed"),
      own(REAL, "papillon, Hadamard", "Hadamard transform"),
      line(REAL, "papillon butterfly, simd", "papillon, simd"),
      line(REAL, "papillon butterfly, scalar", "papillon, scalar"),
      line(REAL, "papillon butterfly, apply()", "papillon, apply()"),
      line(REAL, "FFTW r2c"),
      line(REAL, "pffft-wasm simd, ordered", "pffft-wasm, ordered"),
      line(REAL, "kissfft-wasm"),
      line(REAL, "ooura, float64"),
      line(REAL, "fft.js"),
    ],
    floors: ["real"],
  },
  {
    file: "complex.svg",
    title: "Complex vectors",
    batch: 1,
    lines: [
      own(COMPLEX, "papillon, relaxed"),
      own(COMPLEX, "papillon, Fourier", "Fourier transform"),
      line(COMPLEX, "papillon butterfly, simd", "papillon, simd"),
      line(COMPLEX, "papillon butterfly, apply()", "papillon, apply()"),
      line(COMPLEX, "FFTW c2c"),
      line(COMPLEX, "pffft-wasm simd, ordered", "pffft-wasm, ordered"),
      line(COMPLEX, "kissfft-wasm"),
      line(COMPLEX, "ooura, in place float64"),
      line(COMPLEX, "webfft"),
      line(COMPLEX, "fft.js"),
    ],
    floors: ["complex"],
  },
  {
    file: "batch.svg",
    title: "Each vector of a batch",
    batch: 64,
    lines: [
      own(REAL, "papillon, real"),
      own(COMPLEX, "papillon, complex"),
      line(COMPLEX, "FFTW c2c", "FFTW, complex (native)"),
      line(REAL, "FFTW r2c", "FFTW, real (native)"),
      line(COMPLEX, "pffft-wasm simd, ordered", "pffft-wasm, complex"),
      line(REAL, "pffft-wasm simd, ordered", "pffft-wasm, real"),
      {
        label: "OpenBLAS sgemm (native)",
        group: DENSE,
        names: ["OpenBLAS sgemm, rows", "OpenBLAS sgemm, columns"],
      },
    ],
    floors: ["real", "complex"],
  },
  {
    file: "dense.svg",
    title: "Dense products beside a real butterfly",
    batch: 1,
    lines: [
      own(DENSE, "papillon, butterfly"),
      line(DENSE, "papillon Dense, relaxed", "papillon, Dense"),
      {
        label: "OpenBLAS sgemv (native)",
        group: DENSE,
        names: ["OpenBLAS sgemv, rows", "OpenBLAS sgemv, columns"],
      },
      line(DENSE, "onnxruntime-web"),
      line(DENSE, "tfjs wasm", "TensorFlow.js, wasm"),
      line(DENSE, "jax-js wasm", "jax-js, wasm"),
      line(DENSE, "TypeScript loops"),
    ],
    floors: ["real"],
  },
];

/** The graphs that a run has data for, by file name. */
export function plots(result: Result): Map<string, string> {
  const drawn = new Map<string, string>();
  for (const { file, title, batch, lines, floors } of PLOTS) {
    const shown = lines.flatMap((line) => series(result.rows, batch, line));
    if (shown.length === 0) continue;
    const sizes = [...new Set(shown.flatMap(({ points }) => points.map(([n]) => n)))].sort((a, b) => a - b);
    const bounds = floors.map((field): Series => ({
      name: floors.length === 1 ? "floor: multiply-adds" : `floor, ${field}`,
      points: sizes.map((n) => [n, floor(n, field, result.clock)] as const),
      style: "floor",
    }));
    const chart = lineChart({
      title: `${title}, ${batchText(batch)}`,
      xLabel: "size n",
      yLabel: "time per vector (µs)",
      series: [...shown, ...bounds],
    });
    drawn.set(file, chart);
  }
  return drawn;
}
