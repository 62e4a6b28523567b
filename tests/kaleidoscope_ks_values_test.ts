import { deepEqual, equal, throws } from "node:assert/strict";
import { fromKsValues, toKsValues } from "../src/kaleidoscope/ks_values.ts";
import { Chain } from "../src/operator/chain.ts";
import { KroneckerFactor } from "../src/operator/factor.ts";
import { deformablePatterns } from "../src/operator/pattern.ts";
import { product } from "../src/operator/product.ts";

Deno.test("ks values: the list is the written product, and comes back", () => {
  for (const field of ["real", "complex"] as const) {
    const map = Chain.random(deformablePatterns(12, 20), { field, seed: 1 }), values = toKsValues(map);
    const written = product(...values.map(({ shape: [a, b, c, d], data }) => {
      return new KroneckerFactor({ a, b, c, d }, data, field);
    }));
    deepEqual(written.toDense(), map.toDense());
    const again = fromKsValues(values, field);
    deepEqual([again.patterns, again.factors, again.field], [map.patterns, map.factors, field]);
  }
});

Deno.test("ks values: arrays of another shape, or that do not meet, are refused in a sentence", () => {
  const data = new Float32Array(8), two = { shape: [2, 2, 2, 1], data };
  throws(() => fromKsValues([two, { shape: [2, 4], data }]), /array 2 of values has the shape \[2,4\]/);
  throws(
    () => fromKsValues([{ shape: [1, 2, 4, 1], data }, { shape: [1, 2, 4, 1], data }]),
    /has 2 rows, and factor 2/,
  );
  throws(() => fromKsValues([{ shape: [2, 2, 2, 2], data }]), /expected 16 floats of factor 1, got 8/);
  equal(fromKsValues([two, two]).rows, 4);
});
