import assert from "node:assert/strict";
import fc from "fast-check";
import { halfBalance, modularBalance } from "../src/kaleidoscope/balance.ts";
import { fourierButterfly } from "../src/kaleidoscope/fourier.ts";
import {
  invertPermutation,
  permutationButterfly,
  permutationSwaps,
  waveletPermutation,
} from "../src/kaleidoscope/permutation.ts";
import { Random } from "../src/program/random.ts";

const permutations = fc.record({ n: fc.integer({ min: 1, max: 300 }), seed: fc.nat(10000) })
  .map(({ n, seed }) => new Random(seed).permutation(n));

/** Where a network of swaps takes each input: the definition of the layout, one stage after another. */
function route(swaps: Uint8Array, n: number, increasing: boolean): Uint32Array {
  const levels = Math.log2(n);
  let x = Uint32Array.from({ length: n }, (_, i) => i);
  for (let stage = 0; stage < 2 * levels; stage++) {
    const level = stage % levels,
      up = increasing === (stage < levels),
      s = 2 ** (up ? level : levels - 1 - level);
    const y = x.slice();
    for (let i = 0; i < n / 2; i++) {
      if (!swaps[stage * (n / 2) + i]) continue;
      const low = i % s, p = 2 * (i - low) + low;
      y[p] = x[p + s];
      y[p + s] = x[p];
    }
    x = y;
  }
  return x;
}

Deno.test("every permutation is made by two butterflies of swaps, in either order of strides", () => {
  fc.assert(
    fc.property(permutations, fc.boolean(), (p, increasing) => {
      let n = 1;
      while (n < p.length) n *= 2;
      const swaps = permutationSwaps(p, { increasing });
      assert.equal(swaps.length, Math.log2(n) * n);
      const made = route(swaps, n, increasing);
      for (let i = 0; i < n; i++) assert.equal(made[i], i < p.length ? p[i] : i);
      const x = Float32Array.from(p, (_, i) => i + 0.5);
      const y = permutationButterfly(p, { increasing }).apply(x);
      p.forEach((from, i) => assert.equal(y[i], x[from]));
    }),
    { seed: 2036, numRuns: 100 },
  );
});

Deno.test("all 720 permutations of six points are made exactly", () => {
  const permute = (rest: number[], head: number[]): number[][] =>
    rest.length === 0 ? [head] : rest.flatMap((v) => permute(rest.filter((w) => w !== v), [...head, v]));
  const all = permute([0, 1, 2, 3, 4, 5], []);
  assert.equal(all.length, 720);
  for (const p of all) {
    for (const increasing of [false, true]) {
      assert.deepEqual([...route(permutationSwaps(p, { increasing }), 8, increasing)], [...p, 6, 7]);
    }
  }
});

Deno.test("a permutation of 2²⁰ points is routed", () => {
  const n = 2 ** 20, p = new Random(4).permutation(n);
  const made = route(permutationSwaps(p), n, false);
  assert.ok(made.every((from, i) => from === p[i]));
});

Deno.test("half-balanced halves have one of each residue, modular-balanced chunks too", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.nat(1000), (half, seed) => {
      const v = new Random(seed).permutation(2 * half), { swap, balanced } = halfBalance(v);
      swap.forEach((from, i) => {
        assert.ok(
          from === i || from === (i + half) % (2 * half),
          "only entries half the length apart may swap",
        );
        assert.equal(balanced[i], v[from]);
      });
      for (const part of [balanced.subarray(0, half), balanced.subarray(half)]) {
        assert.equal(new Set(Array.from(part, (j) => j % half)).size, half);
      }
    }),
    { seed: 2037, numRuns: 100 },
  );
  for (const n of [1, 2, 4, 64, 256]) {
    const v = new Random(n).permutation(n), { swaps, balanced } = modularBalance(v);
    assert.deepEqual(
      balanced,
      swaps.reduce((now, swap) => swap.map((from) => now[from]), Uint32Array.from(v)),
    );
    for (let j = 2; j <= n; j *= 2) {
      for (let chunk = 0; chunk < n; chunk += j) {
        assert.equal(new Set(Array.from(balanced.subarray(chunk, chunk + j), (k) => k % j)).size, j);
      }
    }
  }
});

Deno.test("inverses undo permutations, and wavelet orders are permutations", () => {
  fc.assert(
    fc.property(permutations, (p) => {
      const inverse = invertPermutation(p);
      p.forEach((j, i) => assert.equal(inverse[j], i));
    }),
    { seed: 2038, numRuns: 50 },
  );
  for (const n of [1, 2, 64, 512]) assert.equal(invertPermutation(waveletPermutation(n)).length, n);
});

Deno.test("what is no permutation, or of a wrong size, is refused in a sentence", () => {
  assert.throws(
    () => permutationSwaps([0, 0]),
    /Cannot make a permutation butterfly: index 0 is repeated at entry 1/,
  );
  assert.throws(() => permutationButterfly([3, 1, 2, 1]), /index 1 is repeated at entry 3, and 0 is missing/);
  assert.throws(() => invertPermutation([0, 1.5]), /entry 1 is 1.5, which is not a whole number below 2/);
  assert.throws(() => permutationButterfly(undefined as unknown as number[]), {
    name: "TypeError",
    message: "Cannot make a permutation butterfly: expected a list of indices, got undefined",
  });
  assert.throws(
    () => permutationButterfly([1, 0], { field: "half" as "real" }),
    /field must be "real" or "complex"/,
  );
  assert.throws(() => permutationButterfly([]), /its length must be a whole number/);
  assert.throws(() => permutationButterfly({ length: 2 ** 20 + 1 }), /its length must be .* got 1048577/);
  assert.throws(() => invertPermutation([1]), /entry 0 is 1/);
  assert.throws(() => waveletPermutation(12), /n must be a power of two, got 12/);
  assert.throws(() => halfBalance([0, 1, 2]), /expected an even number of entries, got 3/);
  assert.throws(() => modularBalance([0, 1, 2]), /must be a power of two, got 3/);
  assert.throws(() => fourierButterfly(10), /n must be a power of two, got 10/);
});

Deno.test("large Fourier butterflies are accurate: a single tone becomes a single peak", () => {
  const n = 2 ** 14, tone = 4567;
  const x = new Float32Array(2 * n);
  for (let k = 0; k < n; k++) {
    const angle = 2 * Math.PI * ((tone * k) % n) / n;
    x[2 * k] = Math.cos(angle) / Math.sqrt(n);
    x[2 * k + 1] = Math.sin(angle) / Math.sqrt(n);
  }
  const y = fourierButterfly(n, { increasing: false }).apply(x);
  // Decimation in frequency leaves the peak at the reversed index.
  const reversed = parseInt([...tone.toString(2).padStart(14, "0")].reverse().join(""), 2);
  y[2 * reversed] -= 1;
  assert.ok(Math.hypot(...y) < 14e-6);
});
