/** What a number of test images allows to say. */
import type { Outcome } from "./report_layers_worker.ts";

/** A number with its deviation. */
export interface Spread {
  readonly mean: number;
  readonly deviation: number;
}

/** Mean and sample deviation. */
export function spread(values: readonly number[]): Spread {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / Math.max(1, values.length - 1)) };
}

/** Percentages of the images that are told, over the seeds. */
export function accuracySpread(outcomes: readonly Outcome[]): Spread {
  return spread(outcomes.map(({ accuracy }) => 100 * accuracy));
}

/** The standard error of a percentage of so many images. */
export function standardError(percent: number, images: number): number {
  return Math.sqrt(percent * (100 - percent) / images);
}

/**
 * How many points one kind of network is above another on the same images, and its standard error: for each image the part of
 * the seeds that tell it, differences of those, and their mean and deviation.
 */
export function difference(a: readonly Outcome[], b: readonly Outcome[], images: number): Spread {
  const each = new Float64Array(images);
  for (const { wrong } of a) for (const i of wrong) each[i] -= 100 / a.length;
  for (const { wrong } of b) for (const i of wrong) each[i] += 100 / b.length;
  const { mean, deviation } = spread([...each]);
  return { mean, deviation: deviation / Math.sqrt(images) };
}

/** "+0.12 ± 0.30" */
export function signed({ mean, deviation }: Spread): string {
  return `${mean < 0 ? "−" : "+"}${Math.abs(mean).toFixed(2)} ± ${deviation.toFixed(2)}`;
}
