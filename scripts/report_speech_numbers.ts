/** How sure a number is. */

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, v) => sum + v, 0) / values.length;

/** The deviation of a sample. */
export function deviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, v) => sum + (v - middle) ** 2, 0) / Math.max(1, values.length - 1));
}

/** The interval that holds a probability in 95 of 100 cases (Wilson 1927), from the part seen in so many. */
export function wilson(part: number, count: number): [low: number, high: number] {
  const z = 1.96, middle = (part + z * z / (2 * count)) / (1 + z * z / count);
  const half = z / (1 + z * z / count) * Math.sqrt(part * (1 - part) / count + (z / (2 * count)) ** 2);
  return [middle - half, middle + half];
}

/** How much more of the same examples one has right than the other, and half of the interval of 95 %. */
export interface Compared {
  readonly difference: number;
  readonly half: number;
}

/** Compares two lists of runs, each of 0 and 1 by example; what counts is the part of runs in which an example is right. */
export function compare(
  a: readonly (readonly number[])[],
  b: readonly (readonly number[])[],
): Compared {
  const share = (runs: readonly (readonly number[])[], i: number): number => mean(runs.map((run) => run[i]));
  const each = a[0].map((_, i) => share(a, i) - share(b, i));
  return { difference: mean(each), half: 1.96 * deviation(each) / Math.sqrt(each.length) };
}

/** The least time of a call in microseconds, of many short samples. */
export function fastest(work: () => unknown, milliseconds = 400): number {
  let least = Infinity;
  const begin = performance.now();
  for (let i = 0; i < 30 || performance.now() - begin < milliseconds; i++) {
    const start = performance.now();
    work();
    least = Math.min(least, performance.now() - start);
  }
  return 1000 * least;
}
