import assert from "node:assert/strict";
import fc from "fast-check";
import type { Machine } from "../src/kernels/machine.ts";
import { Op } from "../src/kernels/record.ts";
import { findRuns, planStages } from "../src/program/chain.ts";
import { differentiate } from "../src/program/differentiate.ts";
import { Executable } from "../src/program/executable.ts";
import { type Program, ProgramBuilder } from "../src/program/program.ts";
import { Random } from "../src/program/random.ts";
import { type Field, floats } from "../src/program/step.ts";
import { machines } from "./helpers.ts";
import { assertRounded, differentiateBatch, roundings } from "./oracle.ts";
import { vectors, weights } from "./programs.ts";

/** A chain of butterfly factors on n points with these strides. */
interface Chain {
  field: Field;
  n: number;
  strides: number[];
  seed: number;
}

/** Strides in any order: those of a whole butterfly, up or down, with some left out or repeated; not only powers of two. */
const chains: fc.Arbitrary<Chain> = fc.constantFrom(2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256).chain(
  (n) => {
    const all = Array.from({ length: n }, (_, i) => i + 1).filter((s) => n % (2 * s) === 0);
    const powers = all.filter((s) => (s & (s - 1)) === 0);
    return fc.record({
      field: fc.constantFrom("real" as const, "complex" as const),
      n: fc.constant(n),
      strides: fc.oneof(
        fc.constant(powers),
        fc.constant([...powers].reverse()),
        fc.subarray(powers, { minLength: 1 }),
        fc.subarray(powers, { minLength: 1 }).map((some) => some.reverse()),
        fc.array(fc.constantFrom(...all), { minLength: 1, maxLength: 9 }),
      ),
      seed: fc.nat(10000),
    });
  },
);

function programOf({ field, n, strides, seed }: Chain): Program {
  const random = new Random(seed), builder = new ProgramBuilder(n * floats(field));
  let value = 0;
  for (const d of strides) {
    const w = weights(random, 2 * n, field, "normal", Math.SQRT1_2);
    value = builder.factor(value, { a: n / (2 * d), b: 2, c: 2, d }, field, w);
  }
  return builder.build(value);
}

/** Compares the gradients of a chain with those in float64. */
function checkGradients(machine: Machine, chain: Chain, batch: number): void {
  const program = programOf(chain), random = new Random(chain.seed + 1);
  const x = vectors(random, batch * program.inputWidth), g = vectors(random, batch * program.outputWidth);
  const { value, bound } = differentiateBatch(program, x, g, batch, chain.field === "complex");
  const gx = new Float32Array(x.length), executable = new Executable(program, machine);
  const count = 2 * roundings(program) + 2 * batch + 10;
  // Twice: nothing of a run may be left in the sums of the next.
  for (let time = 0; time < 2; time++) {
    const gradients = program.weights.map((w) => new Float32Array(w.length).fill(NaN));
    executable.gradient(x, g, gx.fill(NaN), gradients, batch);
    assertRounded(gx, value.input, bound.input, count, "cotangent of the input");
    gradients.forEach((gradient, i) => {
      assertRounded(gradient, value.weights[i], bound.weights[i], count, `gradient of factor ${i}`);
    });
  }
  executable.dispose();
}

for (const machine of machines) {
  Deno.test(`gradients of any chain of factors and any batch are right in the ${machine.name} build`, () => {
    const batches = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 70 }));
    fc.assert(
      fc.property(chains, batches, (chain, batch) => checkGradients(machine, chain, batch)),
      { seed: 2025, numRuns: 120 },
    );
  });

  Deno.test(`gradients of rows that crowd the cache are right in the ${machine.name} build`, () => {
    for (const [field, n] of [["real", 1024], ["complex", 512]] as const) {
      const up = Array.from({ length: Math.log2(n) }, (_, i) => 2 ** i);
      for (const strides of [up, up.toReversed()]) {
        // One vector, a part of a tile, and a whole one with some more.
        for (const batch of [1, 3, 11]) checkGradients(machine, { field, n, strides, seed: 3 }, batch);
      }
    }
  });
}

Deno.test("stages hold every factor once and in order, and two only where these fit together", () => {
  fc.assert(
    fc.property(chains, fc.boolean(), (chain, rows) => {
      const { steps, output } = programOf(chain);
      for (const run of findRuns(steps, output, false)) {
        const stages = planStages(run, rows);
        const strides = run.factors.map(({ pattern: { d } }) => d);
        assert.deepEqual(stages.flatMap((stage) => stage.strides), strides);
        let first = 0;
        for (const stage of stages) {
          assert.equal(stage.first, first);
          first += stage.strides.length;
          if (stage.strides.length === 1) continue;
          const [s, t] = stage.strides.toSorted((a, b) => a - b);
          if (s === 1) assert.equal(t, 2);
          else assert.ok(!rows && s > 2 && t % (2 * s) === 0, `strides ${stage.strides}, rows ${rows}`);
        }
      }
    }),
    { seed: 2026 },
  );
});

Deno.test("the backward direction of a butterfly does not compute the last value again", () => {
  const names = new Map<number, string>(Object.entries(Op).map(([name, op]) => [op, name]));
  const named = (chain: Omit<Chain, "seed">, rows: boolean): string[] =>
    differentiate(programOf({ ...chain, seed: 1 }), rows).image.instructions.map(({ op }) => names.get(op)!);
  const field = "real", n = 64;
  assert.deepEqual(named({ field, n, strides: [1, 2, 4, 8, 16, 32] }, false), [
    "realLanes12",
    "realQuad",
    "realQuadBack",
    "realQuadBack",
    "realLanes12Back",
  ]);
  assert.deepEqual(named({ field, n, strides: [8, 4, 2, 1] }, true), [
    "realPair",
    "realPair",
    "realLanes21Back",
    "realPairBack",
    "realPairBack",
  ]);
  // A value that another gradient is made of is needed.
  const builder = new ProgramBuilder(n), w = new Float32Array(n).fill(2);
  const factor = builder.factor(0, { a: 1, b: 2, c: 2, d: 32 }, field, new Float32Array(2 * n).fill(1));
  const program = builder.build(builder.diagonal(builder.bias(factor, field, w), field, w));
  const ops = differentiate(program, false).image.instructions.map(({ op }) => names.get(op));
  assert.deepEqual(ops, [
    "realPair",
    "bias",
    "diagonal",
    "diagonalBack",
    "diagonal",
    "biasBack",
    "realPairBack",
  ]);
});
