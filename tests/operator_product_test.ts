import assert from "node:assert/strict";
import fc from "fast-check";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Dense } from "../src/operator/dense.ts";
import { Diagonal } from "../src/operator/diagonal.ts";
import type { Operator } from "../src/operator/operator.ts";
import { Permutation } from "../src/operator/permutation.ts";
import { Product, product } from "../src/operator/product.ts";
import { Random } from "../src/program/random.ts";
import { assertClose, machines, runOn } from "./helpers.ts";
import { apply64, chains, entries, multiply, transpose } from "./operators.ts";
import { assertRounded, differentiateBatch, evaluateBatch, roundings } from "./oracle.ts";
import { vectors } from "./programs.ts";

for (const machine of machines) {
  Deno.test(`products of operators of any kind and field multiply as matrices do in the ${machine.name} build`, () => {
    fc.assert(
      fc.property(chains, ({ samples, seed, batch }) => {
        const map = product(...samples.map((s) => s.map));
        const matrix = samples.map((s) => s.matrix).reduce(multiply);
        const complex = map.field === "complex", unit = complex ? 2 : 1;
        assert.equal(complex, samples.some((s) => s.map.field === "complex"));
        assert.deepEqual([map.rows, map.cols], [matrix.rows, matrix.cols]);
        const x = vectors(new Random(seed), batch * map.cols * unit),
          want = apply64(matrix, x, map.field, batch);
        const { bound } = evaluateBatch(map.program, x, batch, complex);
        const y = runOn(machine, map, x, want.length, batch);
        assertRounded(y, want, bound, roundings(map.program), "product");
      }),
      { seed: 2030, numRuns: 60 },
    );
  });

  Deno.test(`gradients of products reach the weights of each operator, promoted ones too, in the ${machine.name} build`, () => {
    fc.assert(
      fc.property(chains, ({ samples, seed, batch: most }) => {
        const batch = Math.min(most, 20);
        const map = product(...samples.map((s) => s.map)), random = new Random(seed);
        const complex = map.field === "complex", unit = complex ? 2 : 1;
        const x = vectors(random, batch * map.cols * unit), g = vectors(random, batch * map.rows * unit);
        const gx = new Float32Array(x.length), gradients = map.weights.map((w) => new Float32Array(w.length));
        map.compile(machine).gradient(x, g, gx, gradients, batch);
        // Arrays of weights are those of the operators, the last operator first, each in its own field.
        const own = [...samples].reverse().flatMap((s) => [...s.map.weights]);
        assert.deepEqual(map.weights.map((w) => w.length), own.map((w) => w.length));
        const { value, bound } = differentiateBatch(map.program, x, g, batch, complex);
        const count = 2 * roundings(map.program) + 2 * batch + 10;
        assertRounded(gx, value.input, bound.input, count, "input");
        gradients.forEach((w, i) =>
          assertRounded(w, value.weights[i], bound.weights[i], count, `weights ${i}`)
        );
      }),
      { seed: 2031, numRuns: 60 },
    );
  });
}

Deno.test("adjoints, transposes and dense matrices of products are those of their matrices", () => {
  fc.assert(
    fc.property(chains, ({ samples }) => {
      const map = product(...samples.map((s) => s.map));
      const matrix = samples.map((s) => s.matrix).reduce(multiply);
      const close = (got: Operator, want: typeof matrix, label: string): void => {
        assert.deepEqual([got.rows, got.cols, got.field], [want.rows, want.cols, map.field], label);
        // Entries may cancel: compare with the size that the product of the norms allows.
        const norms = samples.map((s) => Math.hypot(...s.matrix.values)).reduce((a, b) => a * b);
        const values = entries(want, map.field), dense = got.toDense();
        const error = Math.hypot(...dense.map((v, k) => v - values[k]));
        assert.ok(error <= 1e-6 * norms, `${label}: error ${error}, product of norms ${norms}`);
      };
      close(map, matrix, "matrix");
      close(map.adjoint(), transpose(matrix, true), "adjoint");
      close(map.transpose(), transpose(matrix, false), "transpose");
      close(map.adjoint().adjoint(), matrix, "adjoint of the adjoint");
    }),
    { seed: 2032, numRuns: 60 },
  );
});

Deno.test("finite differences agree with the gradient of a real weight in a complex product", () => {
  const w = new Float32Array([0.5, -1, 2, 0.25]);
  const make = (values: Float32Array): Operator =>
    product(
      Butterfly.random(4, { field: "complex", seed: 1 }),
      new Diagonal(values),
      Permutation.bitReversal(4),
      new Dense(4, 4, vectors(new Random(1), 16)),
      Butterfly.random(4, { field: "complex", seed: 2 }),
    );
  const random = new Random(3), x = vectors(random, 24), g = vectors(random, 24);
  const map = make(w), at = map.weights.findIndex((array) => array.length === 4);
  const { weights } = map.gradient(x, g);
  for (let k = 0; k < 4; k++) {
    const loss = (step: number): number => {
      const y = make(w.map((v, i) => i === k ? v + step : v)).apply(x);
      return y.reduce((sum, v, i) => sum + v * g[i], 0);
    };
    // The loss is affine in each weight, so that the step may be large.
    const difference = (loss(4) - loss(-4)) / 8;
    assert.ok(
      Math.abs(weights[at][k] - difference) < 1e-4 * Math.max(1, Math.abs(difference)),
      `${k}: ${difference}`,
    );
  }
});

Deno.test("products of products are flat, and counts are those of the operators in their own fields", () => {
  const a = Butterfly.random(8),
    b = Butterfly.random(8, { field: "complex" }),
    p = Permutation.bitReversal(8);
  const map = product(product(a, b), product(p, a));
  assert.ok(map instanceof Product);
  assert.deepEqual(map.operators, [a, b, p, a]);
  assert.deepEqual([map.parameters, map.operations], [3 * 48, 3 * 48]);
  assert.equal(product(a), a);
  // The same operator twice has its weights twice.
  assert.equal(map.weights.length, 9);
});

Deno.test("products that do not meet, of nothing, or of something else are refused in a sentence", () => {
  assert.throws(() => product(), /product of no operators/);
  assert.throws(() => product({} as Operator), { name: "TypeError", message: /not an operator/ });
  assert.throws(() => product(Butterfly.random(4), Butterfly.random(8)), {
    name: "RangeError",
    message: /factor 1 is 4×4 and factor 2 is 8×8; the columns of the one must be the rows of the other/,
  });
});

Deno.test("a product of unitary butterflies keeps the size of vectors", () => {
  const map = product(
    ...[1, 2, 3].map((seed) => Butterfly.random(256, { field: "complex", init: "orthogonal", seed })),
  );
  const x = vectors(new Random(1), 512);
  assertClose([Math.hypot(...map.apply(x))], [Math.hypot(...x)], 8e-6);
  assertClose(map.adjoint().apply(map.apply(x)), x, 8e-6);
});
