/**
 * Timing of many small routines side by side in one process.
 *
 * What makes the numbers comparable: every subject is verified, warmed up until the just-in-time compiler has settled,
 * and calibrated so that one sample lasts at least some milliseconds (the clock's resolution is then negligible). Samples
 * are taken round-robin over all subjects, so that a slow second of the machine hits all of them; the median of many
 * samples is reported, with the quartiles beside it.
 *
 * @module
 */
import process from "node:process";

/** One routine to verify and to time. */
export interface Subject {
  /** Who does it, as the tables print it. */
  readonly name: string;
  /** What is done: only subjects of one group, size and batch are comparable. */
  readonly group: string;
  /** Size of one vector, in elements of the field (complex numbers for a complex transform). */
  readonly n: number;
  /** Vectors in one call of `run`. */
  readonly batch: number;
  /** Runs once on a cleared output and compares with the float64 reference; throws if wrong. */
  verify(): void | Promise<void>;
  /** The call to time; must not use `this`. Its result must end up in memory, so that no compiler can drop the work. */
  run(): void | Promise<void>;
  /** True if `run` returns a promise that has to be awaited: the promise is then part of the cost. */
  readonly asynchronous?: boolean;
  /** Frees native memory, if there is any. */
  dispose?(): void;
}

/** The times of one subject, in microseconds per call of `run`. */
export interface Measurement {
  readonly name: string;
  readonly group: string;
  readonly n: number;
  readonly batch: number;
  /** Median over the samples, µs per call. */
  readonly median: number;
  /** First and third quartile, µs per call. */
  readonly q1: number;
  readonly q3: number;
  /** Fastest sample, µs per call. */
  readonly min: number;
  /** Median divided by the batch: µs per vector, the figure to compare. */
  readonly perVector: number;
  readonly samples: number;
  /** The samples, µs per call, by round; undefined in rounds that it sat out. */
  readonly rounds: readonly (number | undefined)[];
  /** Tells the calls of `measure` apart: rounds of the same run were taken at the same time. */
  readonly run: number;
  /** Calls in one sample. */
  readonly calls: number;
}

/**
 * Waits until this process leaves the processor alone. Engines compile large WebAssembly modules on other threads for
 * seconds after they were loaded; where two visible processors share one core, that makes everything else 1.5 times
 * slower, and not equally so.
 *
 * @param mostMs gives up after so many milliseconds.
 */
async function quiet(mostMs: number): Promise<void> {
  const start = performance.now();
  while (performance.now() - start < mostMs) {
    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const used = process.cpuUsage(before);
    if (used.user + used.system < 3000) return;
  }
}

/** How much time to spend. */
export interface MeasureOptions {
  /** Few and short samples, for smoke tests: the figures are then only indicative. */
  readonly quick?: boolean;
  /** Least duration of one sample, in milliseconds (2; quick: 0.5). */
  readonly sampleMs?: number;
  /** Samples of each subject (31; quick: 5). Subjects whose calls take more than some milliseconds get fewer. */
  readonly rounds?: number;
  /** Called when a subject has been verified and warmed up, and after each round. */
  readonly onProgress?: (text: string) => void;
}

type Loop = (calls: number) => void | Promise<void>;

let loops = 0;
let runs = 0;

/**
 * The timed loop, compiled anew for every subject. One shared loop would see many different `run` functions, so that the
 * engine could inline none of them, and its dispatch (some 5 ns) would blur the routines of 50 ns. The counter makes the
 * source unique: engines keep one compiled function, and one type profile, for equal sources.
 */
function compileLoop(subject: Subject): Loop {
  loops++;
  const [async, wait] = subject.asynchronous ? ["async", "await"] : ["", ""];
  const source =
    `return ${async} function timed${loops}(calls) { for (let i = 0; i < calls; i++) ${wait} run(); }`;
  return new Function("run", source)(subject.run) as Loop;
}

/** Microseconds per call over `calls` calls. */
async function sample(loop: Loop, calls: number, asynchronous: boolean): Promise<number> {
  const start = performance.now();
  const pending = loop(calls);
  // Awaiting the undefined of a synchronous loop would add a turn of the event loop to the sample.
  if (asynchronous) await pending;
  return (performance.now() - start) * 1000 / calls;
}

interface Runner {
  readonly subject: Subject;
  readonly loop: Loop;
  readonly calls: number;
  /** Takes part in one round of `every`. */
  readonly every: number;
  readonly rounds: (number | undefined)[];
}

/** Warms up until three samples in a row bring less than 3 % over the best so far, then fixes the number of calls. */
async function prepare(subject: Subject, sampleMs: number, quick: boolean): Promise<Runner> {
  const asynchronous = subject.asynchronous === true;
  const loop = compileLoop(subject);
  const leastMs = quick ? 5 : 40;
  const mostMs = quick ? 60 : 600;
  const start = performance.now();
  let calls = 1;
  let best = Infinity;
  let settled = 0;
  for (;;) {
    const time = await sample(loop, calls, asynchronous);
    const spent = performance.now() - start;
    settled = time > best * 0.97 ? settled + 1 : 0;
    best = Math.min(best, time);
    if (spent > mostMs || (spent > leastMs && settled >= 3)) break;
    // Grow step by step: the first calls run in the interpreter, hundreds of times slower than the last ones.
    const wanted = Math.ceil(sampleMs * 1000 / Math.max(time, 1e-3));
    calls = Math.max(1, Math.min(wanted, calls * 8));
  }
  calls = Math.max(1, Math.ceil(sampleMs * 1000 / Math.max(best, 1e-3)));
  const blockMs = calls * best / 1000;
  return { subject, loop, calls, every: Math.max(1, Math.min(6, Math.round(blockMs / 5))), rounds: [] };
}

/**
 * How many times longer `a` takes for a vector than `b`. Measured in one run, it is the median of the ratios of
 * neighbouring samples, which a machine that slows down for a second hardly touches; otherwise that of the medians.
 */
export function timeRatio(a: Measurement, b: Measurement): number {
  if (a.run === b.run) {
    const ratios = a.rounds.flatMap((time, round) => {
      const other = b.rounds[round];
      return time === undefined || other === undefined ? [] : [time / a.batch / (other / b.batch)];
    });
    if (ratios.length >= 3) return quantile(ratios.sort((x, y) => x - y), 0.5);
  }
  return a.perVector / b.perVector;
}

function quantile(sorted: readonly number[], q: number): number {
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  const high = Math.ceil(at);
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low);
}

function summarize(runner: Runner, run: number): Measurement {
  const { subject, calls, rounds } = runner;
  const times = rounds.filter((time) => time !== undefined).sort((a, b) => a - b);
  const median = quantile(times, 0.5);
  return {
    name: subject.name,
    group: subject.group,
    n: subject.n,
    batch: subject.batch,
    median,
    q1: quantile(times, 0.25),
    q3: quantile(times, 0.75),
    min: times[0],
    perVector: median / subject.batch,
    samples: times.length,
    calls,
    rounds,
    run,
  };
}

/**
 * Verifies and times subjects, interleaved.
 *
 * @param subjects what to compare; keep together what will be divided by each other.
 * @param options how long to measure.
 * @returns one measurement for each subject, in the same order.
 * @throws Error if a subject gives a wrong result, before or after it was timed.
 *
 * @example
 * ```ts
 * const x = new Float32Array(64).fill(1);
 * let sum = 0;
 * const [m] = await measure([{
 *   name: "sum", group: "demo", n: 64, batch: 1,
 *   verify: () => { if (x.length !== 64) throw new Error("wrong"); },
 *   run: () => { for (let i = 0; i < 64; i++) sum += x[i]; },
 * }]);
 * console.log(m.perVector, "µs", sum > 0);
 * ```
 */
export async function measure(
  subjects: readonly Subject[],
  options: MeasureOptions = {},
): Promise<Measurement[]> {
  const quick = options.quick === true;
  const sampleMs = options.sampleMs ?? (quick ? 0.5 : 2);
  const rounds = options.rounds ?? (quick ? 5 : 31);
  const runners: Runner[] = [];
  for (const subject of subjects) {
    await subject.verify();
    runners.push(await prepare(subject, sampleMs, quick));
    options.onProgress?.(`ready: ${subject.name}, n = ${subject.n}, batch ${subject.batch}`);
  }
  if (!quick) await quiet(10_000);
  for (let round = 0; round < rounds; round++) {
    for (const runner of runners) runner.rounds.push(undefined);
    for (let k = 0; k < runners.length; k++) {
      // Every other round backwards, so that nobody always runs behind the same neighbour (caches, clock, heat).
      const runner = runners[round % 2 === 0 ? k : runners.length - 1 - k];
      if (round % runner.every !== 0) continue;
      runner.rounds[round] = await sample(runner.loop, runner.calls, runner.subject.asynchronous === true);
    }
    options.onProgress?.(`round ${round + 1} of ${rounds}`);
  }
  // A routine that destroys its own input or tables while it is timed would be caught here.
  for (const subject of subjects) await subject.verify();
  runs++;
  return runners.map((runner) => summarize(runner, runs));
}
