/**
 * What was learned beside the dense product and, for the DFT, beside fft.js: one vector each, in the same run.
 *
 * @module
 */

import { Dense } from "../operator/dense.ts";
import type { Operator } from "../operator/operator.ts";
import { Random } from "../program/random.ts";
import { floats } from "../program/step.ts";
import type { Matrix } from "./targets.ts";
import { medians } from "./timing.ts";

/** Median microseconds per vector. */
export interface Times {
  /** The learned operator. */
  readonly learned: number;
  /** The dense product with the target, by papillon's own kernel. */
  readonly dense: number;
  /** fft.js, complex; only for the DFT. */
  readonly fftjs?: number;
}

/** What of fft.js is used. */
interface FftJs {
  transform(out: Float32Array, data: Float32Array): void;
}

/** Results may differ by this relative error in the 2-norm: the tolerance of learning, and rounding. */
const TOLERANCE = 1e-5;

/**
 * Verifies that all give the same result, then times them.
 *
 * @param isDft whether the target is the unitary DFT, so that fft.js computes √n times the same
 * @returns nothing when aborted
 * @throws {Error} when results differ
 */
export async function compare(
  operator: Operator,
  target: Matrix,
  isDft: boolean,
  signal?: AbortSignal,
): Promise<Times | undefined> {
  const { n } = target, { field } = operator, unit = floats(field);
  const dense = new Dense(n, n, inField(target, field), field);
  const random = new Random(1);
  const x = Float32Array.from({ length: n * unit }, () => random.normal());
  const learned = new Float32Array(x.length), product = new Float32Array(x.length);
  const subjects: (() => void)[] = [() => operator.apply(x, learned), () => dense.apply(x, product)];
  for (const run of subjects) run();
  check("the learned operator", learned, product);

  const fft = isDft && field === "complex" ? await loadFftJs(n) : undefined;
  if (fft) {
    const spectrum = new Float32Array(x.length);
    subjects.push(() => fft.transform(spectrum, x));
    subjects[2]();
    check("fft.js", spectrum.map((value) => value / Math.sqrt(n)), product);
  }
  const times = await medians(subjects, signal);
  return times && { learned: times[0], dense: times[1], fftjs: times.at(2) };
}

/** fft.js for n points, or nothing where it is not installed; it takes n from 4 on. */
async function loadFftJs(n: number): Promise<FftJs | undefined> {
  if (n < 4) return undefined;
  try {
    const { default: FFT } = await import("fft.js") as { default: new (n: number) => FftJs };
    return new FFT(n);
  } catch {
    return undefined;
  }
}

/** The target as float32 in the field of what was learned: a complex target may have turned out to be real. */
function inField({ field, values }: Matrix, wanted: Matrix["field"]): Float32Array {
  if (field === wanted) return Float32Array.from(values);
  if (wanted === "real") return Float32Array.from({ length: values.length / 2 }, (_, i) => values[2 * i]);
  return Float32Array.from({ length: values.length * 2 }, (_, i) => i % 2 === 0 ? values[i / 2] : 0);
}

function check(name: string, got: Float32Array, want: Float32Array): void {
  let error = 0, size = 0;
  for (let i = 0; i < want.length; i++) {
    error += (got[i] - want[i]) ** 2;
    size += want[i] ** 2;
  }
  // Not `error > …`: a NaN must not pass.
  if (!(error <= TOLERANCE ** 2 * size)) {
    throw new Error(`${name} and the dense product differ by ${Math.sqrt(error / size)} (relative, 2-norm)`);
  }
}
