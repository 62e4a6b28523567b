import assert from "node:assert/strict";
import fc from "fast-check";
import { dct2, dct3, dst2, dst3 } from "../src/kaleidoscope/transforms/cosine.ts";
import { hartley } from "../src/kaleidoscope/transforms/hartley.ts";
import { Op } from "../src/kernels/record.ts";
import { compile } from "../src/program/compile.ts";
import { Executable } from "../src/program/executable.ts";
import { explain } from "../src/program/explain.ts";
import type { Program } from "../src/program/program.ts";
import { Random } from "../src/program/random.ts";
import { machines } from "./helpers.ts";
import { assertRounded, differentiateBatch, evaluateBatch, roundings } from "./oracle.ts";
import { streamsProgram, vectors } from "./programs.ts";

const arrangement = fc.constantFrom("single" as const, "pairs" as const, "none" as const);
const shape = fc.record({
  a: fc.integer({ min: 1, max: 3 }),
  d: fc.integer({ min: 1, max: 40 }),
  input: arrangement,
  output: arrangement,
  rotations: fc.boolean(),
  negated: fc.constantFrom("input" as const, "output" as const, undefined),
  turns: fc.boolean(),
});

function operations(program: Program): number[] {
  return compile(program).instructions.map(({ op }) => op);
}

for (const machine of machines) {
  Deno.test(`factors of 4×4 blocks between permutations compute what their steps say in the ${machine.name} build`, () => {
    fc.assert(
      fc.property(shape, fc.nat(10000), fc.integer({ min: 1, max: 12 }), (choice, seed, batch) => {
        const random = new Random(seed), program = streamsProgram(random, choice);
        const x = vectors(random, batch * program.inputWidth),
          g = vectors(random, batch * program.outputWidth);
        const { y, bound } = evaluateBatch(program, x, batch, false);
        const out = new Float32Array(y.length), executable = new Executable(program, machine);
        executable.apply(x, out, batch);
        assertRounded(out, y, bound, roundings(program), "output");
        const gx = new Float32Array(x.length), gw = new Float32Array(program.weights[0].length);
        executable.gradient(x, g, gx, [gw], batch);
        const want = differentiateBatch(program, x, g, batch, false),
          count = 2 * roundings(program) + 2 * batch + 10;
        assertRounded(gx, want.value.input, want.bound.input, count, "cotangent of the input");
        assertRounded(gw, want.value.weights[0], want.bound.weights[0], count, "gradient of the weights");
        // The transpose has its streams the other way round.
        new Executable(program.transpose(false), machine).apply(g, gx, batch);
        assertRounded(gx, want.value.input, want.bound.input, count, "transpose");
      }),
      { seed: 158, numRuns: 120 },
    );
  });
}

Deno.test("streams take along the permutations that they can", () => {
  const random = new Random(2), common = { a: 1, d: 32, rotations: true, negated: undefined, turns: true };
  const make = (input: "single" | "pairs" | "none", output: "single" | "pairs" | "none"): number[] =>
    operations(streamsProgram(random, { ...common, input, output }));
  assert.deepEqual(make("pairs", "single"), [Op.streams]);
  assert.deepEqual(make("single", "pairs"), [Op.streams]);
  assert.deepEqual(make("single", "single"), [Op.streams]);
  assert.deepEqual(make("none", "single"), [Op.permute, Op.streams]);
  assert.deepEqual(make("pairs", "none"), [Op.streams, Op.permute]);
  assert.deepEqual(make("none", "none"), [Op.permute, Op.streams, Op.permute]);
});

Deno.test("blocks of rotations have half the weights, others all", () => {
  const random = new Random(3);
  for (const negated of ["input", "output", undefined] as const) {
    for (const rotations of [true, false]) {
      const program = streamsProgram(random, {
        a: 1,
        d: 64,
        input: "none",
        output: "none",
        turns: false,
        rotations,
        negated,
      });
      assert.match(
        explain(program).split("\n").at(-2)!,
        rotations ? /of rotations: 512 weights/ : /blocks: 1024 weights/,
      );
    }
  }
});

Deno.test("real transforms read and write mirrored streams and need no other permutation than a regular one", () => {
  for (const make of [dct2, dct3, dst2, dst3, hartley]) {
    for (const n of [64, 128, 256, 1024]) {
      const program = make(n).program, used = operations(program);
      assert.equal(used.filter((op) => op === Op.streams).length, 1, make.name);
      // Where the Fourier transform has an odd number of factors, the first goes along with the permutation.
      const moves = used.filter((op) => op === Op.move || op === Op.moveSums);
      const summed = (make === dct2 || make === dst2) && Math.log2(n) % 2 === 0;
      assert.deepEqual(moves, make === hartley ? [] : [summed ? Op.moveSums : Op.move], make.name);
      assert.ok(!used.includes(Op.permute) && !used.includes(Op.realFactor), make.name);
      assert.match(explain(program), /four streams of blocks of rotations, two permutations on the way/);
    }
  }
});
