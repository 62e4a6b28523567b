/**
 * How long things take, measured side by side.
 *
 * @module
 */

/** Turns of each subject, samples of a turn, and how long a sample lasts at least, about. */
const TURNS = 3, SAMPLES = 11, SAMPLE_MS = 3;

/**
 * The median time of one call of each function, in microseconds. The functions take turns, so that what disturbs the
 * machine disturbs all of them; each is called before its turn, so that caches are warm and what another has driven
 * out of memory is back. Between samples the event loop runs.
 *
 * @returns nothing where `signal` is aborted meanwhile
 */
export async function medians(
  subjects: readonly (() => void)[],
  signal?: AbortSignal,
): Promise<number[] | undefined> {
  const samples = subjects.map((): number[] => []);
  const sizes = subjects.map(() => 1);
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [i, run] of subjects.entries()) {
      run();
      // Calls enough for a sample; by the time they are, the engine has compiled the function, too.
      while (sizes[i] < 2 ** 24 && milliseconds(run, sizes[i]) < SAMPLE_MS) sizes[i] *= 2;
      for (let sample = 0; sample < SAMPLES; sample++) {
        samples[i].push(milliseconds(run, sizes[i]) / sizes[i] * 1000);
        await new Promise<void>((resolve) => setTimeout(resolve, 0));
        if (signal?.aborted) return undefined;
      }
    }
  }
  return samples.map((times) => times.sort((a, b) => a - b)[times.length >> 1]);
}

function milliseconds(run: () => void, calls: number): number {
  const begin = performance.now();
  for (let i = 0; i < calls; i++) run();
  return performance.now() - begin;
}
