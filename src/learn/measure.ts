/**
 * How long an operator takes for a vector, here and now.
 *
 * @module
 */
import type { Operator } from "../operator/operator.ts";

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
  const sample = (calls: number): number => {
    const begin = performance.now();
    for (let i = 0; i < calls; i++) operator.apply(x, y);
    return performance.now() - begin;
  };
  let calls = 1;
  sample(1);
  while (calls < 2 ** 20 && sample(calls) < SAMPLE_MS) calls *= 2;
  let least = Infinity;
  for (let i = 0; i < SAMPLES; i++) least = Math.min(least, sample(calls) / calls);
  return least * 1000;
}
