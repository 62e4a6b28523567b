import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { Random } from "../src/program/random.ts";
import { closedForm } from "../src/learn/closed_form.ts";
import { HYPOTHESES } from "../src/learn/hypothesis.ts";
import { misfit, ranked, rankTest } from "../src/learn/block_rank.ts";
import type { Field } from "../src/learn/target.ts";
import { altered, denseButterfly, dft, hadamard, identity, noise, randomFactors } from "./learn_targets.ts";

Deno.test("the form of a random butterfly is recognised, and it alone", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 3, max: 6 }),
      fc.constantFrom<Field>("real", "complex"),
      fc.constantFrom(...HYPOTHESES),
      fc.nat(),
      (bits, field, form, seed) => {
        const factors = randomFactors(2 ** bits, field, new Random(seed));
        const { increasing, permutation } = form;
        const target = denseButterfly(factors, 2 ** bits, field, increasing, permutation === "bit-reversal");
        const [first, second] = rankTest(target, seed);
        deepEqual(first.hypothesis, form);
        ok(first.misfit < 1e-6);
        ok(second.misfit > 1e-6);
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("the DFT needs bit reversal, Hadamard and the identity need nothing, at every size", () => {
  for (const n of [4, 8, 64, 256]) {
    const fourier = rankTest(dft(n));
    deepEqual(fourier[0].hypothesis, { increasing: true, permutation: "bit-reversal" });
    ok(fourier[0].misfit < 1e-13 && fourier[1].misfit > 0.3);
    for (const target of [hadamard(n), identity(n)]) {
      const scores = rankTest(target);
      deepEqual(scores.map(({ hypothesis }) => hypothesis.permutation).slice(0, 2), ["none", "none"]);
      ok(scores[0].misfit < 1e-13 && scores[1].misfit < 1e-13 && scores[2].misfit > 0.5);
    }
  }
});

Deno.test("a matrix of order 2 is a butterfly of any form, and the zero matrix fits everything", () => {
  equal(rankTest(noise(2, "real", 1))[0].misfit, 0);
  equal(misfit(altered(noise(8, "real", 1), 0), HYPOTHESES[0]), 0);
});

Deno.test("the misfit estimates the relative error from below: noise is seen as noise, scale is not seen", () => {
  const clean = hadamard(64, 1);
  const [{ misfit: small }] = rankTest(altered(clean, 1e-20, 1e-23));
  ok(small > 5e-4 && small < 1.5e-3, `misfit ${small}`);
  for (const field of ["real", "complex"] as const) {
    const target = noise(64, field, 9);
    for (const { hypothesis, misfit } of rankTest(target)) {
      ok(misfit < 1.1 * (closedForm(target, hypothesis).error / target.norm));
      ok(misfit > 0.5);
    }
  }
});

Deno.test("scores at rounding level keep the order of preference, and the seed decides which blocks are seen", () => {
  const scores = HYPOTHESES.map((hypothesis, i) => ({ hypothesis, misfit: [3e-8, 2e-8, 0.5, 0.4][i] }));
  deepEqual(ranked(scores).map(({ misfit }) => misfit), [3e-8, 2e-8, 0.4, 0.5]);
  const target = noise(64, "real", 4);
  deepEqual(rankTest(target, 5), rankTest(target, 5));
  ok(rankTest(target, 5)[0].misfit !== rankTest(target, 6)[0].misfit);
});
