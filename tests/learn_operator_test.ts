import assert from "node:assert/strict";
import { learn } from "../src/learn/learn.ts";
import { toOperator } from "../src/learn/operator.ts";
import { checkTarget } from "../src/learn/target.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Permutation } from "../src/operator/permutation.ts";
import { product } from "../src/operator/product.ts";
import { floats } from "../src/program/step.ts";
import { assertClose } from "./helpers.ts";

Deno.test("the operator of a fit is the matrix, in every form and field", async () => {
  for (const n of [2, 4, 16, 64]) {
    for (const field of ["real", "complex"] as const) {
      for (const increasing of [true, false]) {
        for (const reversed of [true, false]) {
          const butterfly = Butterfly.random(n, { field, increasing, seed: n, init: "orthogonal" });
          const map = reversed ? product(butterfly, Permutation.bitReversal(n, field)) : butterfly;
          const matrix = map.toDense();
          const operator = toOperator(await learn(checkTarget(matrix, n, field)));
          const name = `${n} ${field} ${increasing} ${reversed}`;
          assert.equal(operator.field, field, name);
          assert.equal(operator.parameters, 2 * n * Math.log2(n), name);
          assertClose(operator.toDense(), matrix, 1e-5, name);
        }
      }
    }
  }
});

Deno.test("the operator of a 1×1 fit is the number", async () => {
  for (const [values, field] of [[[3], "real"], [[3, -4], "complex"], [[0], "real"]] as const) {
    const operator = toOperator(await learn(checkTarget(values, 1, field)));
    assert.equal(operator.parameters, 1);
    assert.equal(operator.field, field);
    assert.deepEqual(
      [...operator.apply(floats(field) === 1 ? Float32Array.of(1) : Float32Array.of(1, 0))],
      values,
    );
  }
});

Deno.test("the operator does not change with the fit", async () => {
  const fit = await learn(checkTarget(Butterfly.random(4).toDense()));
  const operator = toOperator(fit), before = operator.toDense();
  for (const part of fit.parts) if (part.kind === "factor") part.weights.fill(0);
  assert.deepEqual(operator.toDense(), before);
  assert.deepEqual(toOperator(fit).toDense(), new Float32Array(16));
});
