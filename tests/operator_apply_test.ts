import assert from "node:assert/strict";
import { blockDiagonal } from "../src/operator/block_diagonal.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Dense } from "../src/operator/dense.ts";
import { Diagonal } from "../src/operator/diagonal.ts";
import type { Operator } from "../src/operator/operator.ts";
import { Permutation } from "../src/operator/permutation.ts";
import { product } from "../src/operator/product.ts";
import { machine } from "../src/kernels/machine.ts";
import { Random } from "../src/program/random.ts";
import { vectors } from "./programs.ts";

const random = new Random(9);

/** One operator of each kind, square and rectangular, real and complex. */
const operators: [string, Operator][] = [
  ["real butterfly", Butterfly.random(16)],
  ["complex butterfly", Butterfly.random(16, { field: "complex" })],
  ["two points", Butterfly.random(2)],
  ["one point", Butterfly.random(1)],
  ["wide butterfly", Butterfly.random(13, { rows: 5, bias: true })],
  ["tall butterfly", Butterfly.random(5, { rows: 13, field: "complex", bias: true })],
  ["permutation", Permutation.bitReversal(8)],
  ["complex permutation", new Permutation([2, 0, 1], "complex")],
  ["diagonal", new Diagonal(vectors(random, 7))],
  ["dense", new Dense(3, 5, vectors(random, 15))],
  ["complex dense", new Dense(5, 3, vectors(random, 30), "complex")],
  ["product", product(Butterfly.random(8, { field: "complex" }), Permutation.bitReversal(8))],
  ["block diagonal", blockDiagonal(Butterfly.random(3), new Dense(2, 2, vectors(random, 4)))],
  ["adjoint", Butterfly.random(4, { rows: 11, field: "complex" }).adjoint()],
];

/** Floats of a vector of the input and of the output. */
function widths(map: Operator): [number, number] {
  const unit = map.field === "complex" ? 2 : 1;
  return [map.cols * unit, map.rows * unit];
}

for (const [name, map] of operators) {
  const [input, output] = widths(map);

  Deno.test(`${name}: out may be larger, a view at an odd offset, or x itself`, () => {
    for (const batch of [1, 3, 70]) {
      const x = vectors(new Random(batch), batch * input), kept = x.slice();
      const want = map.apply(x);
      assert.equal(want.length, batch * output);
      assert.deepEqual(x, kept, "the input was changed");
      const larger = new Float32Array(batch * output + 3).fill(7);
      assert.equal(map.apply(x, larger), larger);
      assert.deepEqual(larger.subarray(0, want.length), want);
      assert.deepEqual([...larger.subarray(want.length)], [7, 7, 7], "more than the result was written");
      // Views that start at one float and end before the last.
      const around = new Float32Array(x.length + 2).fill(5);
      around.set(x, 1);
      const into = new Float32Array(want.length + 2).fill(6);
      map.apply(around.subarray(1, -1), into.subarray(1, -1));
      assert.deepEqual(into.subarray(1, -1), want);
      assert.deepEqual([into[0], into[into.length - 1]], [6, 6]);
      assert.deepEqual([around[0], around[around.length - 1]], [5, 5]);
      if (output > input) continue;
      map.apply(x, x);
      assert.deepEqual(x.subarray(0, want.length), want);
      assert.deepEqual(x.subarray(want.length), kept.subarray(want.length));
    }
  });

  Deno.test(`${name}: the gradient does not change its arguments`, () => {
    const x = vectors(random, 3 * input), g = vectors(random, 3 * output);
    const [keptX, keptG] = [x.slice(), g.slice()];
    const { input: gx, weights } = map.gradient(x, g);
    assert.deepEqual([x, g], [keptX, keptG]);
    assert.equal(gx.length, x.length);
    assert.deepEqual(weights.map((w) => w.length), map.weights.map((w) => w.length));
    // The input's gradient is the adjoint applied to the cotangent.
    const back = map.adjoint().apply(g);
    gx.forEach((v, k) => assert.ok(Math.abs(v - back[k]) <= 1e-5 * Math.max(1, Math.abs(back[k]))));
  });
}

/** Arrays of the right length whose buffer was transferred away. */
function detached(length: number): Float32Array<ArrayBuffer> {
  const array = new Float32Array(length);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}

Deno.test("wrong inputs are refused in a sentence, and out is not touched", () => {
  const map = Butterfly.random(8, { field: "complex" });
  const refuse = (x: unknown, out: unknown, type: string, message: RegExp): void => {
    const before = out instanceof Float32Array && out.length > 0 ? out.slice() : undefined;
    assert.throws(() => map.apply(x as Float32Array, out as Float32Array), { name: type, message });
    if (before) assert.deepEqual(out, before, "out was written to");
  };
  const good = new Float32Array(16).fill(1), out = new Float32Array(16).fill(3);
  refuse(new Float32Array(15), out, "RangeError", /complex input needs an even number of floats .* got 15/);
  refuse(
    new Float32Array(18),
    out,
    "RangeError",
    /8×8 complex .*input length 18 is not a multiple of 16 \(8 complex/,
  );
  refuse(new Float32Array(0), out, "RangeError", /the input is empty or its buffer is detached/);
  refuse(detached(16), out, "RangeError", /the input is empty or its buffer is detached/);
  refuse(new Float64Array(16), out, "TypeError", /the input is not a Float32Array/);
  refuse([1, 2], out, "TypeError", /the input is not a Float32Array/);
  refuse(undefined, out, "TypeError", /the input is not a Float32Array/);
  refuse(good, new Float32Array(15).fill(3), "RangeError", /out needs 16 floats, but it has 15/);
  refuse(
    good,
    new Float32Array(0),
    "RangeError",
    /out needs 16 floats, but it is empty or its buffer is detached/,
  );
  refuse(good, detached(16), "RangeError", /out needs 16 floats, but it is empty or its buffer is detached/);
  refuse(good, new Float64Array(16), "TypeError", /out is not a Float32Array/);
  refuse(good, null, "TypeError", /out is not a Float32Array/);
  refuse(new Float32Array(32), out, "RangeError", /out needs 32 floats, but it has 16/);
  assert.throws(() => Butterfly.random(1000, { rows: 3 }).apply(new Float32Array(999)), {
    message: "Cannot apply a 3×1000 butterfly: input length 999 is not a multiple of 1000",
  });
});

Deno.test("wrong cotangents are refused in a sentence", () => {
  const map = Butterfly.random(8);
  const x = new Float32Array(16);
  assert.throws(() => map.gradient(x, new Float32Array(8)), {
    name: "RangeError",
    message: /expected a cotangent of 16/,
  });
  assert.throws(() => map.gradient(x, new Float32Array(24)), RangeError);
  assert.throws(() => map.gradient(x, detached(16)), RangeError);
  assert.throws(() => map.gradient(x, [] as unknown as Float32Array), TypeError);
  assert.throws(() => map.gradient(new Float32Array(3), x), RangeError);
  assert.throws(() => map.gradient(detached(16), x), RangeError);
});

Deno.test("NaN and Infinity pass through to the entries that depend on them", () => {
  const map = blockDiagonal(Butterfly.random(16, { seed: 1 }), Butterfly.random(16, { seed: 2 }));
  const x = new Float32Array(32).fill(1);
  for (const bad of [NaN, Infinity, -Infinity]) {
    x[3] = bad;
    const y = map.apply(x);
    assert.ok(y.subarray(0, 16).every((v) => !Number.isFinite(v)), `${bad}: ${y}`);
    assert.ok(y.subarray(16).every((v) => Number.isFinite(v)));
  }
});

Deno.test("a batch too large for one pass through memory agrees with its parts, in place too", () => {
  for (
    const map of [
      Butterfly.random(64, { seed: 1 }),
      Butterfly.random(64, { rows: 100, field: "complex", seed: 2 }),
    ]
  ) {
    const [input, output] = widths(map), batch = Math.ceil((5 << 20) / 4 / input);
    const x = Float32Array.from({ length: batch * input }, (_, i) => Math.sin(i % 1009));
    const y = map.apply(x);
    for (const row of [0, 1, Math.floor(batch / 2), batch - 1]) {
      const one = map.apply(x.slice(row * input, (row + 1) * input));
      const part = y.subarray(row * output, (row + 1) * output);
      one.forEach((v, k) =>
        assert.ok(Math.abs(v - part[k]) <= 1e-6 * Math.max(1, Math.abs(v)), `row ${row}, ${k}`)
      );
    }
    if (output > input) continue;
    map.apply(x, x);
    assert.deepEqual(x.subarray(0, y.length), y);
  }
});

Deno.test("overlapping views of one buffer give the same result as separate ones, for small and large batches", () => {
  for (const map of [Butterfly.random(64, { seed: 3 }), Butterfly.random(64, { rows: 100, seed: 3 })]) {
    for (const batch of [3, 30000]) {
      for (const shift of [-32, 0, 32, 64]) {
        const buffer = new Float32Array(batch * 100 + 128);
        const x = buffer.subarray(64, 64 + batch * 64);
        const out = buffer.subarray(64 + shift, 64 + shift + batch * map.rows);
        x.set(Float32Array.from({ length: x.length }, (_, i) => Math.sin(i % 1009)));
        const want = map.apply(x.slice());
        map.apply(x, out);
        const label = `${map.rows} rows, batch ${batch}, out shifted by ${shift}`;
        assert.ok(out.every((v, k) => Math.abs(v - want[k]) < 1e-5), label);
      }
    }
  }
});

Deno.test("an input that lies in the machine's own memory is read before that memory grows", () => {
  // Not that anyone should; but a crash would be worse than a copy.
  const map = Butterfly.random(8, { seed: 4 });
  const own = machine().f32.subarray(0, 8), want = map.apply(own.slice());
  assert.deepEqual(map.apply(own), want);
});
