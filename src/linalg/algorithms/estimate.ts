/**
 * What estimates of traces share: random vectors, means with their errors.
 *
 * @module
 */
import type { Vector } from "../types.ts";
import type { IterationOptions } from "./iteration.ts";
import type { Unit } from "./vectors.ts";
import type { Random } from "../../program/random.ts";

/** Options of estimators. */
export interface EstimateOptions extends Omit<IterationOptions, "maxIterations" | "tolerance"> {
  /** How many random vectors; 30 if not given. */
  readonly samples?: number;
}

/** An estimate with its error bar. */
export interface Estimate {
  /** The mean of the samples; of complex quantities the real part, see `imaginary`. */
  readonly value: number;
  /** The imaginary part, 0 for real operators. */
  readonly imaginary: number;
  /**
   * The standard error of the mean, estimated from the scatter of the samples: about two estimates of three are off by
   * less, 19 of 20 by less than twice as much. NaN for one sample; 0 where the result is exact.
   */
  readonly standardError: number;
  /** How many samples were averaged. */
  readonly samples: number;
}

/** A vector of random signs, or of random numbers of size 1 if complex: the trace of diagonal operators is exact. */
export function probe(unit: Unit, n: number, random: Random): Vector {
  const x = new Float64Array(n * unit);
  for (let i = 0; i < n; i++) {
    if (unit === 1) x[i] = random.word() & 1 ? 1 : -1;
    else {
      const angle = 2 * Math.PI * random.uniform();
      x[2 * i] = Math.cos(angle);
      x[2 * i + 1] = Math.sin(angle);
    }
  }
  return x;
}

/** Mean and standard error of samples (re, im), to which a number known exactly may be added. */
export function meanOf(
  re: readonly number[],
  im: readonly number[] = [],
  known: readonly number[] = [0, 0],
): Estimate {
  const mean = (x: readonly number[]): number => x.length ? x.reduce((sum, v) => sum + v, 0) / x.length : 0;
  const value = mean(re), imaginary = mean(im), n = re.length;
  const scatter = re.reduce((sum, v, i) => sum + (v - value) ** 2 + ((im[i] ?? 0) - imaginary) ** 2, 0);
  const standardError = n === 0 ? 0 : n === 1 ? NaN : Math.sqrt(scatter / (n - 1) / n);
  return { value: value + known[0], imaginary: imaginary + known[1], standardError, samples: n };
}
