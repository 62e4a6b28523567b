import { equal, notEqual, ok, throws } from "node:assert/strict";
import { Random } from "../src/program/random.ts";

Deno.test("the generator is xoshiro128**: state 1, 2, 3, 4 gives the sequence worked out from its definition", () => {
  const random = Random.fromState([1, 2, 3, 4]);
  // The first three by hand: rotl(5·2, 7)·9, then 0, then rotl(5·1029, 7)·9.
  equal(random.word(), 11520);
  equal(random.word(), 0);
  equal(random.word(), 5927040);
  // And further with exact integers, written down anew.
  let [a, b, c, d] = [1n, 2n, 3n, 4n];
  const mask = 0xffffffffn;
  const rotate = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (32n - k))) & mask;
  const again = Random.fromState([1, 2, 3, 4]);
  for (let i = 0; i < 1000; i++) {
    equal(again.word(), Number((rotate((b * 5n) & mask, 7n) * 9n) & mask));
    const t = (b << 9n) & mask;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = rotate(d, 11n);
  }
});

Deno.test("the same seed gives the same numbers, and other seeds others", () => {
  const first = (seed: number): string => {
    const random = new Random(seed);
    return Array.from({ length: 4 }, () => random.word()).join();
  };
  const seeds = [0, 1, 2, -1, -2, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
  const streams = new Set(seeds.map(first));
  equal(streams.size, seeds.length);
  for (const seed of seeds) equal(first(seed), first(seed));
});

Deno.test("uniform numbers lie in [0, 1) with mean 1/2 and variance 1/12", () => {
  const random = new Random(3);
  let sum = 0;
  let squares = 0;
  const count = 100_000;
  for (let i = 0; i < count; i++) {
    const x = random.uniform();
    ok(x >= 0 && x < 1);
    sum += x;
    squares += x * x;
  }
  ok(Math.abs(sum / count - 1 / 2) < 0.005);
  ok(Math.abs(squares / count - (sum / count) ** 2 - 1 / 12) < 0.002);
});

Deno.test("normal numbers have the moments of the standard normal distribution", () => {
  const random = new Random(4);
  const moments = [0, 0, 0, 0, 0];
  const count = 200_000;
  for (let i = 0; i < count; i++) {
    const x = random.normal();
    for (let power = 1; power <= 4; power++) moments[power] += x ** power / count;
  }
  ok(Math.abs(moments[1]) < 0.01);
  ok(Math.abs(moments[2] - 1) < 0.02);
  ok(Math.abs(moments[3]) < 0.05);
  ok(Math.abs(moments[4] - 3) < 0.15);
});

Deno.test("integers below n are all reached about equally often", () => {
  const random = new Random(5);
  const counts = new Array<number>(6).fill(0);
  for (let i = 0; i < 60_000; i++) counts[random.integer(6)]++;
  for (const count of counts) ok(Math.abs(count - 10_000) < 500);
  equal(random.integer(1), 0);
});

Deno.test("a permutation holds every index once, and shuffling works in place", () => {
  const random = new Random(6);
  const order = random.permutation(257);
  notEqual(order.join(), [...order].sort((a, b) => a - b).join());
  equal([...order].sort((a, b) => a - b).join(), Array.from({ length: 257 }, (_, i) => i).join());
  const letters = ["a", "b", "c"];
  equal(random.shuffle(letters), letters);
  equal(random.permutation(0).length, 0);
});

Deno.test("a seed that is no safe integer and an empty range are refused", () => {
  throws(() => new Random(0.5), /seed a random generator with 0.5: expected a safe integer/);
  throws(() => new Random(NaN), RangeError);
  throws(() => new Random(1).integer(0), /integer below 0/);
  throws(() => Random.fromState([0, 0, 0, 0]), /all-zero state/);
});
