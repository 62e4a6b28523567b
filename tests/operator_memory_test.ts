import assert from "node:assert/strict";
import { machine } from "../src/kernels/machine.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Random } from "../src/program/random.ts";

const MEBI = 2 ** 20;

Deno.test("operators made and dropped by the hundred thousand leave the memory of the machine bounded", () => {
  // Small ones, and others of changing sizes between them, forward and backward. A million end at the same size.
  const factors = Array.from({ length: 4 }, () => new Float32Array(32).fill(0.5));
  const x = new Float32Array(16).fill(1), out = new Float32Array(16);
  const random = new Random(1), other = Float32Array.from({ length: 8192 }, (_, i) => Math.sin(i));
  const total = 120_000, sizes: number[] = [];
  for (let i = 0; i < total; i++) {
    new Butterfly(16, factors).apply(x, out);
    if (i % 50 === 0) {
      const n = 2 ** (3 + random.integer(10)), field = random.integer(2) ? "real" : "complex";
      const map = Butterfly.identity(n, { field }), some = other.subarray(0, field === "real" ? n : 2 * n);
      map.apply(some);
      if (i % 200 === 0) map.gradient(some, some);
    }
    if ((i + 1) % (total / 4) === 0) sizes.push(machine().f32.byteLength / MEBI);
  }
  assert.ok(out.every((v) => v === 1));
  // 64 MiB for programs, some MiB for vectors, and what growing by an eighth leaves over.
  assert.ok(sizes[3] < 96, `MiB after each quarter: ${sizes}`);
  assert.ok(sizes[2] > 48 && sizes[3] <= 1.2 * sizes[2], `MiB after each quarter: ${sizes}`);
});

Deno.test("an operator that was evicted is made again and gives the same result", () => {
  const map = Butterfly.random(64, { seed: 3 }), x = Float32Array.from({ length: 64 }, (_, i) => Math.cos(i));
  const y = map.apply(x), { input, weights } = map.gradient(x, y);
  // More than the 64 MiB that programs may hold together.
  const others = Array.from(
    { length: 6 },
    (_, seed) => Butterfly.random(2 ** 15, { seed, field: "complex" }),
  );
  const large = new Float32Array(2 ** 16).fill(1);
  for (let round = 0; round < 2; round++) for (const other of others) other.apply(large);
  assert.deepEqual(map.apply(x), y);
  assert.deepEqual(map.gradient(x, y), { input, weights });
});

/** Bytes of heap that a call takes, as the median over many rounds of `calls`; collections only ever lower it. */
function heapPerCall(call: () => void): number {
  const calls = 2000, rounds: number[] = [];
  for (let i = 0; i < 3 * calls; i++) call();
  for (let round = 0; round < 41; round++) {
    const before = Deno.memoryUsage().heapUsed;
    for (let i = 0; i < calls; i++) call();
    rounds.push((Deno.memoryUsage().heapUsed - before) / calls);
  }
  return rounds.sort((a, b) => a - b)[20];
}

Deno.test("apply allocates nothing when out is given", () => {
  const map = Butterfly.random(64, { seed: 1 }),
    complex = Butterfly.random(64, { seed: 1, field: "complex" });
  const x = new Float32Array(64).fill(1), out = new Float32Array(64);
  const batch = new Float32Array(64 * 128), results = new Float32Array(64 * 128);
  const allocating = heapPerCall(() => void map.apply(x));
  // The measure sees a new array of 64 floats; without that the test would prove nothing.
  assert.ok(allocating > 100, `${allocating} bytes a call, with a new array each`);
  for (
    const call of [
      () => map.apply(x, out),
      () => map.apply(batch, results),
      () => complex.apply(batch, results),
    ]
  ) {
    const bytes = heapPerCall(call);
    assert.ok(bytes < 8, `${bytes} bytes a call`);
  }
});
