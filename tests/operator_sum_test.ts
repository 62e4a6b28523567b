import { deepEqual, equal, throws } from "node:assert/strict";
import fc from "fast-check";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Corner, corner } from "../src/operator/corner.ts";
import { Dense } from "../src/operator/dense.ts";
import { Diagonal } from "../src/operator/diagonal.ts";
import { type Sum, sum } from "../src/operator/sum.ts";
import { Random } from "../src/program/random.ts";
import { assertClose } from "./helpers.ts";
import { apply64, entries, type Matrix, sample, transpose } from "./operators.ts";
import { vectors } from "./programs.ts";

Deno.test("sums and corners agree with their dense matrices, and so do their adjoints", () => {
  fc.assert(
    fc.property(fc.nat(10000), fc.integer({ min: 1, max: 12 }), (seed, cols) => {
      const random = new Random(seed), field = random.integer(2) ? "real" : "complex";
      const one = sample(random, cols, field);
      const { rows } = one.map, other = random.integer(2) ? "real" : "complex";
      const values = vectors(random, rows * cols * (other === "complex" ? 2 : 1));
      const dense = new Dense(rows, cols, values, other), map = sum(one.map, dense, one.map);
      const complex = map.field === "complex", unit = complex ? 2 : 1;
      const want: Matrix = {
        rows,
        cols,
        values: one.matrix.values.map((v, k) =>
          2 * v + (other === "complex" ? values[k] : k % 2 === 0 ? values[k / 2] : 0)
        ),
      };
      const x = vectors(random, 3 * cols * unit);
      assertClose(map.apply(x), apply64(want, x, map.field, 3), 1e-5, "sum");
      assertClose(map.adjoint().toDense(), entries(transpose(want, true), map.field), 1e-5, "adjoint");
      assertClose(map.transpose().toDense(), entries(transpose(want, false), map.field), 1e-5, "transpose");
      equal(map.parameters, 2 * one.map.parameters + rows * cols);

      const height = 1 + random.integer(rows), width = 1 + random.integer(cols);
      const piece = corner(map, height, width);
      const kept: Matrix = {
        rows: height,
        cols: width,
        values: Float64Array.from({ length: 2 * height * width }, (_, k) => {
          const i = Math.floor(k / 2 / width), j = Math.floor(k / 2) % width;
          return want.values[2 * (i * cols + j) + k % 2];
        }),
      };
      assertClose(piece.toDense(), entries(kept, map.field), 1e-5, "corner");
      assertClose(piece.adjoint().toDense(), entries(transpose(kept, true), map.field), 1e-5, "its adjoint");
    }),
    { numRuns: 40 },
  );
});

Deno.test("sums differentiate through each term", () => {
  const d = new Diagonal(new Float32Array([1, 2])), e = new Diagonal(new Float32Array([3, 4]));
  const { input, weights } = sum(d, e).gradient(new Float32Array([5, 6]), new Float32Array([1, 10]));
  deepEqual([...input], [4, 60]);
  deepEqual(weights.map((w) => [...w]), [[5, 60], [5, 60]]);
});

Deno.test("sums of sums are flat; shapes that differ are refused with a sentence", () => {
  const a = Butterfly.random(4), nested = sum(sum(a, a), a);
  equal((nested as Sum).operators.length, 3);
  equal(sum(a), a);
  equal(corner(a, 4), a);
  equal(corner(a, 3) instanceof Corner, true);
  throws(() => sum(a, Butterfly.random(4, { rows: 3 })), {
    name: "RangeError",
    message: "Cannot make a sum: term 1 is 4×4 and term 2 is 3×4",
  });
  throws(() => sum(), /no operators/);
  throws(() => corner(a, 5), /rows must be a whole number from 1 to 4, got 5/);
});
