/**
 * How long an operator takes for a vector, here and now.
 *
 * @module
 */
import type { Operator } from "../operator/operator.ts";
import type { CheckedMatrix } from "./matrix.ts";

/** A sparse matrix, and what is added to it. */
export interface Loop {
  /** Where the entries are, row · cols + column, rising. */
  readonly places: Uint32Array;
  /** The entries. */
  readonly values: Float64Array;
  /** The other part. */
  readonly rest?: Operator;
}

/** Samples, and how long one lasts at least, in milliseconds. */
const SAMPLES = 15, SAMPLE_MS = 1;

/**
 * Microseconds that applying an operator to one vector takes: the least of some short samples, which is what is left
 * when nothing else disturbs the machine. Takes about 30 ms.
 */
export function microsecondsPerVector(operator: Operator): number {
  const floats = operator.field === "complex" ? 2 : 1;
  const x = new Float32Array(operator.cols * floats).fill(1);
  const y = new Float32Array(operator.rows * floats);
  return leastMicroseconds(() => operator.apply(x, y));
}

/** The same of a call of a function. */
function leastMicroseconds(run: () => void): number {
  const sample = (calls: number): number => {
    const begin = performance.now();
    for (let i = 0; i < calls; i++) run();
    return performance.now() - begin;
  };
  let calls = 1;
  sample(1);
  while (calls < 2 ** 20 && sample(calls) < SAMPLE_MS) calls *= 2;
  let least = Infinity;
  for (let i = 0; i < SAMPLES; i++) least = Math.min(least, sample(calls) / calls);
  return least * 1000;
}

/** Microseconds of a sparse part as a plain loop, and of what else there is. */
export function loopMicroseconds(
  { places, values, rest }: Loop,
  { rows, cols, field }: Pick<CheckedMatrix, "rows" | "cols" | "field">,
): number {
  const unit = field === "complex" ? 2 : 1, starts = new Uint32Array(rows + 1);
  for (const place of places) starts[Math.floor(place / cols) + 1]++;
  for (let i = 0; i < rows; i++) starts[i + 1] += starts[i];
  const columns = places.map((place) => place % cols), weights = Float32Array.from(values);
  const x = new Float32Array(cols * unit).fill(1), y = new Float32Array(rows * unit);
  const real = (): void => {
    for (let i = 0; i < rows; i++) {
      let sum = 0;
      for (let k = starts[i]; k < starts[i + 1]; k++) sum += weights[k] * x[columns[k]];
      y[i] = sum;
    }
  };
  const complex = (): void => {
    for (let i = 0; i < rows; i++) {
      let re = 0, im = 0;
      for (let k = starts[i]; k < starts[i + 1]; k++) {
        const a = weights[2 * k], b = weights[2 * k + 1], u = x[2 * columns[k]], v = x[2 * columns[k] + 1];
        re += a * u - b * v;
        im += a * v + b * u;
      }
      y[2 * i] = re;
      y[2 * i + 1] = im;
    }
  };
  const loop = leastMicroseconds(field === "complex" ? complex : real);
  return rest ? loop + microsecondsPerVector(rest) : loop;
}
