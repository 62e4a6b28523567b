import assert from "node:assert/strict";
import fc from "fast-check";
import { rotationBlocks, unitaryBlocks } from "../src/operator/angles.ts";
import { Bias } from "../src/operator/bias.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Dense } from "../src/operator/dense.ts";
import { Diagonal } from "../src/operator/diagonal.ts";
import { loadOperator, saveOperator } from "../src/io/operator_file.ts";
import { bitReversal, Permutation } from "../src/operator/permutation.ts";
import { Random } from "../src/program/random.ts";
import { machines, runOn } from "./helpers.ts";
import { vectors } from "./programs.ts";

for (const machine of machines) {
  Deno.test(`permutations keep every bit of every number in the ${machine.name} build`, () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.boolean(), fc.nat(1000), (n, complex, seed) => {
        const random = new Random(seed), index = random.permutation(n), unit = complex ? 2 : 1;
        const map = new Permutation(index, complex ? "complex" : "real");
        // Any bit patterns, NaNs with payloads among them.
        const bits = Uint32Array.from({ length: n * unit }, () => random.word());
        const y = new Uint32Array(runOn(machine, map, new Float32Array(bits.buffer), n * unit, 1).buffer);
        for (let k = 0; k < n * unit; k++) {
          assert.equal(y[k], bits[index[Math.floor(k / unit)] * unit + k % unit]);
        }
        const back = runOn(machine, map.adjoint(), new Float32Array(y.buffer), n * unit, 1);
        assert.deepEqual(new Uint32Array(back.buffer), bits);
      }),
      { seed: 2035, numRuns: 60 },
    );
  });
}

Deno.test("bit reversals are their own inverses", () => {
  for (const n of [1, 2, 64, 1024]) {
    const index = bitReversal(n);
    index.forEach((j, i) => assert.equal(index[j], i));
  }
  assert.throws(() => bitReversal(6), /n must be a power of two, got 6/);
  assert.throws(() => Permutation.bitReversal(0), RangeError);
});

Deno.test("a bias is added, and is no part of matrix, transpose and adjoint", () => {
  for (const field of ["real", "complex"] as const) {
    const values = Float32Array.of(1, -2, 3, 0.5),
      map = new Bias(values, field),
      n = field === "complex" ? 2 : 4;
    values.fill(9);
    const x = Float32Array.of(10, 20, 30, 40),
      identity = [...Array(n * n).keys()].map((k) => k % (n + 1) ? 0 : 1);
    assert.deepEqual([...map.apply(x)], [11, 18, 33, 40.5]);
    assert.deepEqual([...map.adjoint().apply(x), ...map.transpose().apply(x)], [...x, ...x]);
    assert.deepEqual([...map.toDense()].filter((_, k) => n === 4 || k % 2 === 0), identity);
    const { input, weights } = map.gradient(x, Float32Array.of(1, 2, 3, 4));
    assert.deepEqual([[...input], weights.map((w) => [...w])], [[1, 2, 3, 4], [[1, 2, 3, 4]]]);
    const loaded = loadOperator(saveOperator(map));
    assert.ok(loaded instanceof Bias);
    assert.deepEqual([loaded.field, ...loaded.values], [field, 1, -2, 3, 0.5]);
  }
  assert.throws(() => new Bias(Float32Array.of(1, NaN)), /values\[1\] is NaN/);
  assert.throws(() => new Bias(new Float32Array(3), "complex"), RangeError);
});

Deno.test("what is no permutation is refused with the index that is wrong", () => {
  assert.throws(() => new Permutation([0, 3, 1]), {
    message: "Cannot make a permutation: entry 1 is 3, which is not a whole number below 3",
  });
  assert.throws(() => new Permutation([0, 2, 2]), {
    message: "Cannot make a permutation: index 2 is repeated at entry 2, and 1 is missing",
  });
  for (const bad of [[0, -1], [0, 0.5], [0, NaN], []]) assert.throws(() => new Permutation(bad), RangeError);
  assert.throws(() => new Permutation([0], "other" as "real"), TypeError);
});

Deno.test("operators keep copies of the values they are given", () => {
  const values = new Float32Array([1, 2]), index = [1, 0];
  const diagonal = new Diagonal(values),
    dense = new Dense(1, 2, values),
    permutation = new Permutation(index);
  values.fill(9);
  index[0] = 0;
  const x = new Float32Array([1, 10]);
  assert.deepEqual([...diagonal.apply(x)], [1, 20]);
  assert.deepEqual([...dense.apply(x)], [21]);
  assert.deepEqual([...permutation.apply(x)], [10, 1]);
});

Deno.test("dense operators give back their entries, and their adjoints the conjugate ones", () => {
  const values = vectors(new Random(1), 2 * 3 * 5), map = new Dense(3, 5, values, "complex");
  assert.deepEqual(map.toDense(), values);
  assert.deepEqual(map.adjoint().adjoint().values, values);
  assert.equal(map.adjoint().values[2 * 3 + 1], -values[2 * 1 + 1]);
  assert.equal(map.transpose().values[2 * 3 + 1], values[2 * 1 + 1]);
  assert.deepEqual([map.parameters, map.operations], [15, 15]);
});

Deno.test("the dense matrix and the adjoint of an operator leave its bias out", () => {
  const map = Butterfly.random(4, { rows: 9, seed: 1, bias: true });
  const linear = Butterfly.fromTwiddle(4, map.toTwiddle(), { rows: 9 });
  assert.deepEqual(map.toDense(), linear.toDense());
  assert.deepEqual(map.transpose().toDense(), linear.transpose().toDense());
  assert.deepEqual(map.adjoint().toDense(), linear.adjoint().toDense());
  const x = new Float32Array([1, 2, 3, 4]);
  assert.deepEqual(map.adjoint().adjoint().apply(x), linear.apply(x));
  assert.deepEqual(map.transpose().transpose().apply(x), linear.apply(x));
});

Deno.test("wrong diagonals and dense matrices are refused in a sentence", () => {
  assert.throws(
    () => new Diagonal(new Float32Array(3), "complex"),
    /number of entries must be a whole number/,
  );
  assert.throws(() => new Diagonal(new Float32Array(0)), RangeError);
  assert.throws(() => new Diagonal(new Float32Array([1, NaN])), /values\[1\] is NaN/);
  assert.throws(() => new Diagonal([1, 2] as unknown as Float32Array), TypeError);
  assert.throws(() => new Dense(2, 2, new Float32Array(3)), /expected 4 floats of values, got 3/);
  assert.throws(() => new Dense(0, 2, new Float32Array(0)), /rows must be/);
  assert.throws(() => new Dense(2, 2, new Float32Array([1, 2, Infinity, 4])), /values\[2\] is Infinity/);
  assert.throws(() => new Dense(2, 2, new Float32Array(4), "both" as "real"), TypeError);
});

Deno.test("blocks from angles are orthogonal or unitary, and wrong angles are refused", () => {
  const random = new Random(2), angles = () => Array.from({ length: 8 }, () => 7 * random.normal());
  const rotation = Butterfly.fromTwiddle(4, rotationBlocks(angles().slice(0, 4), [1, -1, -1, 1]));
  const unitary = Butterfly.fromTwiddle(
    4,
    unitaryBlocks({
      phi: angles().slice(0, 4),
      alpha: angles().slice(0, 4),
      psi: angles().slice(0, 4),
      chi: angles().slice(0, 4),
    }),
    { field: "complex" },
  );
  for (const map of [rotation, unitary]) {
    const x = vectors(random, map.field === "complex" ? 8 : 4);
    const back = map.adjoint().apply(map.apply(x));
    x.forEach((v, k) => assert.ok(Math.abs(back[k] - v) < 1e-6));
  }
  assert.throws(() => rotationBlocks([1], [1, 1]), /expected 1 determinants, got 2/);
  assert.throws(() => rotationBlocks([1], [0]), /determinants\[0\] must be 1 or -1, got 0/);
  assert.throws(() => rotationBlocks([NaN]), /angles\[0\] is NaN/);
  const one = [0];
  assert.throws(() => unitaryBlocks({ phi: one, alpha: one, psi: [], chi: one }), /expected 1 psi, got 0/);
  assert.throws(
    () => unitaryBlocks({ phi: one, alpha: [Infinity], psi: one, chi: one }),
    /alpha\[0\] is Infinity/,
  );
});
