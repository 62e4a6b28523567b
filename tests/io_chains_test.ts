import { deepEqual, ok, throws } from "node:assert/strict";
import { loadOperator, saveOperator } from "../src/io/operator_file.ts";
import { Bft, BftLayer } from "../src/kaleidoscope/bft.ts";
import { Chain } from "../src/operator/chain.ts";
import { mixedRadixPatterns, withRank } from "../src/operator/pattern.ts";

Deno.test("operator file: chains and butterfly transforms of channels come back as they were", () => {
  for (const field of ["real", "complex"] as const) {
    const map = Chain.random(withRank(mixedRadixPatterns([2, 3, 5]), 2), { field, seed: 1 });
    const loaded = loadOperator(saveOperator(map));
    ok(loaded instanceof Chain);
    deepEqual([loaded.patterns, loaded.factors, loaded.field], [map.patterns, map.factors, field]);
  }
  const bft = Bft.random(12, 12, { base: 2, seed: 1, residual: true }),
    layer = BftLayer.random(12, 8, { base: 4, seed: 2 });
  const one = loadOperator(saveOperator(bft)), other = loadOperator(saveOperator(layer));
  ok(one instanceof Bft && one.residual && one.base === 2);
  ok(other instanceof BftLayer);
  deepEqual([one.flat, other.weights], [bft.flat, layer.weights]);
});

Deno.test("operator file: a chain that does not meet, or says more factors than there are, is refused", () => {
  const bytes = saveOperator(Chain.random(mixedRadixPatterns([2, 3]), { seed: 1 }));
  const patched = (from: string, to: string): Uint8Array => {
    const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
    ok(text.includes(from));
    return Uint8Array.from(text.replace(from, to), (char) => char.charCodeAt(0));
  };
  throws(() => loadOperator(patched('\\"factors\\":2', '\\"factors\\":3')), /tensor 'factor.2' is missing/);
  throws(
    () => loadOperator(patched("[3,2,2,1]", "[6,2,1,1]")),
    /cannot make a chain: factor 1 .* has 12 rows/,
  );
});
