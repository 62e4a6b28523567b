/**
 * The processor's clock while the benchmark runs, which the arithmetic floor of the graphs needs.
 *
 * @module
 */

/** Dependent operations in one round of the loop, so that counting the rounds costs next to nothing. */
const UNROLLED = 512;

function leb128(value: number): number[] {
  const out: number[] = [];
  for (; value > 127; value >>>= 7) out.push(value & 127 | 128);
  return [...out, value];
}

const section = (id: number, bytes: readonly number[]): number[] => [id, ...leb128(bytes.length), ...bytes];

/**
 * A WebAssembly function run(count, a, b) whose additions and exclusive ors wait for one another. They alternate so
 * that no compiler can fold them, and each takes one cycle on every processor of these decades.
 */
function chain(): (count: number, a: number, b: number) => number {
  const body = [1, 1, 0x7f, 0x03, 0x40, 0x20, 3]; // one local i32; loop; local.get 3
  // local.get 1, i32.add, local.get 2, i32.xor
  for (let k = 0; k < UNROLLED / 2; k++) body.push(0x20, 1, 0x6a, 0x20, 2, 0x73);
  // local.set 3; count = count − 1; branch if it is not 0; end; local.get 3; end
  body.push(0x21, 3, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b, 0x20, 3, 0x0b);
  const bytes = [
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 3, 0x7f, 0x7f, 0x7f, 1, 0x7f]),
    ...section(3, [1, 0]),
    ...section(7, [1, 3, 0x72, 0x75, 0x6e, 0, 0]),
    ...section(10, [1, ...leb128(body.length), ...body]),
  ];
  const instance = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(bytes)));
  return instance.exports.run as (count: number, a: number, b: number) => number;
}

/** What {@link chain} computes, in plain TypeScript. */
function expected(count: number, a: number, b: number): number {
  let s = 0;
  for (let k = 0; k < count * UNROLLED / 2; k++) s = ((s + a) | 0) ^ b;
  return s;
}

/**
 * The clock in GHz: the fastest of many samples of a chain of one-cycle operations, each a tenth of a millisecond, so
 * that at least some of them are not interrupted.
 *
 * @param milliseconds how long to try.
 * @throws Error if the chain computes something else, since then it says nothing about the clock.
 */
export function clock(milliseconds = 200): number {
  const run = chain();
  const [a, b] = [0x9e3779b9 | 0, 0x1234567];
  if (run(3, a, b) !== expected(3, a, b)) throw new Error("The chain of the clock computes something else");
  const count = 700;
  const start = performance.now();
  let best = 0;
  let sink = 0;
  while (performance.now() - start < milliseconds) {
    const from = performance.now();
    sink ^= run(count, a, b);
    const nanoseconds = (performance.now() - from) * 1e6;
    best = Math.max(best, count * UNROLLED / nanoseconds);
  }
  return sink === 0.5 ? 0 : best;
}
