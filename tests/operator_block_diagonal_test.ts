import assert from "node:assert/strict";
import fc from "fast-check";
import { BlockDiagonal, blockDiagonal } from "../src/operator/block_diagonal.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Dense } from "../src/operator/dense.ts";
import type { Operator } from "../src/operator/operator.ts";
import { Random } from "../src/program/random.ts";
import { machines, runOn } from "./helpers.ts";
import { apply64, entries, onDiagonal, sample, transpose } from "./operators.ts";
import { assertRounded, differentiateBatch, evaluateBatch, roundings } from "./oracle.ts";
import { vectors } from "./programs.ts";

const blocks = fc.record({
  seed: fc.nat(100000),
  sizes: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 }),
  batch: fc.integer({ min: 1, max: 30 }),
}).map(({ seed, sizes, batch }) => {
  const random = new Random(seed);
  const samples = sizes.map((cols) => sample(random, cols, random.integer(2) ? "real" : "complex"));
  return { map: blockDiagonal(...samples.map((s) => s.map)), samples, random, batch };
});

for (const machine of machines) {
  Deno.test(`blocks of any shape and field act each on their own part in the ${machine.name} build`, () => {
    fc.assert(
      fc.property(blocks, ({ map, samples, random, batch }) => {
        const matrix = onDiagonal(samples.map((s) => s.matrix));
        const complex = map.field === "complex", unit = complex ? 2 : 1;
        assert.deepEqual([map.rows, map.cols], [matrix.rows, matrix.cols]);
        const x = vectors(random, batch * map.cols * unit), g = vectors(random, batch * map.rows * unit);
        const want = apply64(matrix, x, map.field, batch);
        const { bound } = evaluateBatch(map.program, x, batch, complex);
        assertRounded(
          runOn(machine, map, x, want.length, batch),
          want,
          bound,
          roundings(map.program),
          "output",
        );
        const back = differentiateBatch(map.program, x, g, batch, complex);
        const count = 2 * roundings(map.program) + 2 * batch + 10;
        const gx = new Float32Array(x.length), gradients = map.weights.map((w) => new Float32Array(w.length));
        map.compile(machine).gradient(x, g, gx, gradients, batch);
        const adjoint = apply64(transpose(matrix, true), g, map.field, batch);
        assertRounded(gx, adjoint, back.bound.input, count, "gradient of the input");
        gradients.forEach((w, i) => {
          assertRounded(w, back.value.weights[i], back.bound.weights[i], count, `gradient of weights ${i}`);
        });
      }),
      { seed: 2033, numRuns: 60 },
    );
  });
}

Deno.test("adjoints and transposes of block diagonals are block diagonals", () => {
  fc.assert(
    fc.property(blocks, ({ map, samples }) => {
      const matrix = onDiagonal(samples.map((s) => s.matrix));
      const size = Math.max(1, ...matrix.values.map(Math.abs));
      for (const conjugate of [true, false]) {
        const other = conjugate ? map.adjoint() : map.transpose();
        const want = entries(transpose(matrix, conjugate), map.field), got = other.toDense();
        got.forEach((v, k) =>
          assert.ok(Math.abs(v - want[k]) <= 4e-6 * size, `entry ${k}: ${v}, expected ${want[k]}`)
        );
      }
    }),
    { seed: 2034, numRuns: 60 },
  );
});

Deno.test("block diagonals count the parameters and operations of their blocks", () => {
  const a = Butterfly.random(8), b = Butterfly.random(4, { field: "complex" });
  const map = blockDiagonal(a, b, new Dense(1, 3, new Float32Array(3)));
  assert.ok(map instanceof BlockDiagonal);
  assert.deepEqual([map.rows, map.cols, map.field], [13, 15, "complex"]);
  assert.deepEqual([map.parameters, map.operations], [48 + 16 + 3, 48 + 16 + 3]);
  assert.equal(blockDiagonal(a), a);
});

Deno.test("a block diagonal of nothing, or of something else, is refused in a sentence", () => {
  assert.throws(() => blockDiagonal(), { name: "RangeError", message: /block diagonal of no operators/ });
  assert.throws(() => blockDiagonal(undefined as unknown as Operator), {
    name: "TypeError",
    message: /not an operator/,
  });
});
