import assert from "node:assert/strict";
import {
  distances,
  encode,
  exactDistances,
  madeUp,
  nearest,
  readImages,
  recall,
  split,
  type Vectors,
} from "../examples/vector_codec.ts";
import { gaussianStep } from "../src/learn/rotation.ts";
import { writeNpy } from "../src/io/npy.ts";
import { rotation } from "../src/kaleidoscope/rotation.ts";
import { inFolder, script } from "./cli_run.ts";

Deno.test("distances from codes are those from the levels that they stand for", () => {
  for (const bits of [1, 2, 4, 8]) {
    for (const n of [1, 7, 13, 24]) {
      const { data } = madeUp(n, 12, n), codes = encode({ n, data }, bits), half = 2 ** (bits - 1);
      const query = data.slice(0, n);
      assert.equal(codes.bytes.length, 12 * Math.ceil(n * bits / 8));
      const got = distances(codes, query);
      for (let i = 0; i < 12; i++) {
        const x = Array.from(data.subarray(i * n, (i + 1) * n)),
          square = x.reduce((sum, v) => sum + v * v, 0);
        const unit = gaussianStep(bits) * Math.sqrt(square / n);
        const levels = x.map((v) => Math.max(-half, Math.min(half - 1, Math.floor(v / unit))) + 0.5);
        const inner = (a: ArrayLike<number>): number =>
          levels.reduce((sum, level, k) => sum + level * a[k], 0);
        const want = query.reduce((sum, v) => sum + v * v, 0) + square - 2 * square / inner(x) * inner(query);
        assert.ok(
          Math.abs(got[i] - want) < 1e-4 * (1 + Math.abs(want)),
          `${bits} bits, ${n}: ${got[i]}, ${want}`,
        );
      }
      // A vector is at distance zero from itself.
      assert.ok(Math.abs(got[0]) < 1e-4 * query.reduce((sum, v) => sum + v * v, 1));
    }
  }
});

Deno.test("vectors of zeros have codes too", () => {
  const codes = encode({ n: 3, data: new Float32Array(6) }, 2);
  assert.deepEqual([...distances(codes, new Float32Array([1, 2, 2]))], [9, 9]);
});

Deno.test("more bits find more, and a random rotation finds more than none", () => {
  const { base, queries } = split(madeUp(72, 500), 20);
  assert.equal(base.data.length, 480 * 72);
  const turn = rotation(72, { seed: 1 });
  const found = [1, 2, 4, 8].map((bits) => recall(base, queries, bits, turn));
  found.forEach((value, i) => assert.ok(i === 0 || value > found[i - 1], `${found}`));
  assert.ok(found[3] > 0.95);
  for (const bits of [1, 2, 4]) {
    assert.ok(recall(base, queries, bits, undefined) < recall(base, queries, bits, turn));
  }
});

Deno.test("the nearest are the nearest", () => {
  const vectors: Vectors = { n: 2, data: new Float32Array([0, 0, 3, 4, 1, 0]) };
  assert.deepEqual([...exactDistances(vectors, new Float32Array(2))], [0, 25, 1]);
  assert.deepEqual(nearest([0, 25, 1], 2), [0, 2]);
});

Deno.test("images are read, and what are none is refused", () => {
  const bytes = new Uint8Array([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 9, 8, 7, 255]);
  assert.deepEqual(readImages(bytes), { n: 2, data: new Float32Array([9, 8, 7, 255]) });
  assert.throws(() => readImages(bytes.subarray(0, 19)), /2 of 1×2 need 20 bytes, got 19/);
  assert.throws(() => readImages(bytes.subarray(0, 9)), /does not begin/);
  assert.throws(() => readImages(bytes.subarray(1)), /does not begin/);
});

Deno.test("the codec example prints its table for a file, and says so where it makes the vectors up", () =>
  inFolder(async (folder) => {
    const { n, data } = madeUp(20, 300);
    Deno.writeFileSync(`${folder}/v.npy`, writeNpy({ shape: [300, n], field: "real", data }));
    const { code, out, err } = await script("examples/vector_codec.ts", folder, "v.npy", "--iterations", "3");
    assert.equal(err, "");
    assert.equal(code, 0);
    assert.match(out, /^200 vectors of 20 numbers, 100 queries: recall of the ten nearest\n/);
    for (const start of ["   1 {14}11", "   2 {14}13", "   4 {14}18", "   8 {14}28", "  32 {14}80"]) {
      assert.match(out, new RegExp(`^${start}( +[01]\\.\\d{3}){1,3}`, "m"));
    }
    const made = await script("examples/vector_codec.ts", folder, "--iterations", "1");
    assert.match(made.out, /^No file of vectors is given: these are made up\.\n2000 vectors of 96 numbers/);
    for (const args of [["--iterations", "0"], ["a", "b"]]) {
      const wrong = await script("examples/vector_codec.ts", folder, ...args);
      assert.equal(wrong.code, 2);
      assert.match(wrong.err, /^Usage: /);
    }
  }));
