import assert from "node:assert/strict";
import fc from "fast-check";
import { arrayFrom, emptyArray } from "../src/gpu/array.ts";
import { GpuDerivative } from "../src/gpu/derivative.ts";
import type { Tuning } from "../src/gpu/plan.ts";
import { planReverse } from "../src/gpu/reverse.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Dense } from "../src/operator/dense.ts";
import type { Operator } from "../src/operator/operator.ts";
import { type Program, ProgramBuilder } from "../src/program/program.ts";
import { Random } from "../src/program/random.ts";
import type { Field } from "../src/program/step.ts";
import { gpu, gpuTest, small } from "./gpu.ts";
import { assertClose } from "./helpers.ts";
import { assertRounded, differentiateBatch, evaluateBatch, roundings } from "./oracle.ts";
import { programOf, recipes, vectors } from "./programs.ts";

/** The gradients of a program on the device. */
async function differentiate(
  program: Program,
  x: Float32Array,
  g: Float32Array,
  batch: number,
  tuning: Partial<Tuning>,
): Promise<{ input: Float32Array; weights: Float32Array[] }> {
  const derivative = await GpuDerivative.create(gpu, program, { tuning });
  const { flat } = derivative;
  const arrays = [
    await arrayFrom(gpu, x, program.inputWidth),
    await arrayFrom(gpu, g, program.outputWidth),
    await emptyArray(gpu, batch, program.inputWidth, "test"),
    await emptyArray(gpu, 1, Math.max(1, flat.length), "test"),
  ];
  await derivative.run(arrays[0].span, arrays[1].span, arrays[2].span, arrays[3].span.buffer, batch);
  const input = await arrays[2].read(), all = await arrays[3].read();
  const weights = flat.starts.map((start, i) => all.subarray(start, start + flat.lengths[i]));
  for (const array of arrays) array.dispose();
  derivative.dispose();
  return { input, weights };
}

gpuTest("the gradient of any program is that of its steps on the device", async () => {
  await fc.assert(
    fc.asyncProperty(recipes({ batches: 20, most: 4 }), async (recipe) => {
      const { program, complex } = programOf(recipe);
      const { batch } = recipe, random = new Random(recipe.seed + 1);
      const x = vectors(random, batch * program.inputWidth), g = vectors(random, batch * program.outputWidth);
      const { value, bound } = differentiateBatch(program, x, g, batch, complex);
      const got = await differentiate(program, x, g, batch, small);
      const count = 2 * roundings(program) + 2 * batch + 10;
      assertRounded(got.input, value.input, bound.input, count, "cotangent of the input");
      got.weights.forEach((gradient, i) => {
        assertRounded(gradient, value.weights[i], bound.weights[i], count, `gradient of weights ${i}`);
      });
    }),
    { seed: 2020, numRuns: 30 },
  );
});

/** The kernels of the gradient of an operator, for a device with 32 KiB of workgroup memory. */
function kernelsOf(map: Operator): string[] {
  const tuning: Tuning = {
    shape: { memory: 1 << 15, threads: 256, rows: 4 },
    bits: 3,
    precision: "f32",
    bytes: 1 << 27,
  };
  return planReverse(map.program, tuning, true, false).plan.kernels.map(({ label }) => label);
}

Deno.test("rows of up to 1024 floats go forward and back through all factors in one kernel", () => {
  for (const n of [8, 64, 1024]) {
    const levels = Math.log2(n);
    for (const increasing of [true, false]) {
      assert.deepEqual(kernelsOf(Butterfly.random(n, { increasing })), [
        `back through ${levels} factors on rows of ${n}`,
      ]);
    }
  }
  assert.equal(kernelsOf(Butterfly.random(64, { field: "complex" })).length, 1);
  // As many as have their gradients in registers: two kernels, and one that makes the value between them.
  assert.deepEqual(kernelsOf(Butterfly.random(2048)).slice(1), [
    "back through 5 factors on rows of 2048",
    "back through 6 factors on rows of 2048",
  ]);
});

gpuTest(
  "chains of factors go back through workgroup memory as float64 says, whatever does not divide",
  async () => {
    const random = new Random(8), some = { bits: 2, shape: { memory: 1 << 12, threads: 16, rows: 1 } };
    // Strides; points; vectors, of which chunks and lanes leave some over.
    const cases: [number[], number, number, Field, Partial<Tuning>][] = [
      [[1, 2, 4], 8, 5, "real", {}],
      [[4, 2, 1], 24, 37, "real", some],
      [[1, 2, 8, 16, 4], 32, 70, "real", some],
      [[2, 2, 1, 1, 4], 8, 131, "complex", some],
      [[4, 2, 1, 8], 16, 21, "complex", {}],
    ];
    for (const [strides, n, batch, field, tuning] of cases) {
      const unit = field === "complex" ? 2 : 1, builder = new ProgramBuilder(n * unit);
      const factor = (value: number, d: number): number =>
        builder.factor(value, { a: n / (2 * d), b: 2, c: 2, d }, field, vectors(random, 2 * n * unit));
      const program = builder.build(strides.reduce(factor, 0));
      const x = vectors(random, batch * program.inputWidth), g = vectors(random, batch * program.outputWidth);
      const { value } = differentiateBatch(program, x, g, batch, field === "complex");
      const got = await differentiate(program, x, g, batch, tuning), label = `strides ${strides}`;
      assertClose(got.input, value.input, 1e-5, label);
      got.weights.forEach((gradient, i) =>
        assertClose(gradient, value.weights[i], 1e-5, `${label}, weights ${i}`)
      );
    }
  },
);

for (const field of ["real", "complex"] as const) {
  gpuTest(`a large ${field} dense block has a kernel of its own, forward and back`, async () => {
    const random = new Random(6), unit = field === "complex" ? 2 : 1, batch = 35;
    const map = new Dense(70, 60, vectors(random, 70 * 60 * unit), field), { program } = map;
    const x = vectors(random, batch * program.inputWidth), g = vectors(random, batch * program.outputWidth);
    const { value } = differentiateBatch(program, x, g, batch, field === "complex");
    const got = await differentiate(program, x, g, batch, {});
    assertClose(got.input, value.input, 1e-5, "input");
    assertClose(got.weights[0], value.weights[0], 1e-5, "weights");
    const on = await gpu.compile(map);
    assert.match(on.explain(), new RegExp(`${field} dense block 70×60`));
    assertClose(await on.apply(x), evaluateBatch(program, x, batch, field === "complex").y, 1e-5, "output");
  });

  gpuTest(
    `the gradients of a ${field} butterfly in registers agree with float64, also in split batches`,
    async () => {
      const { program } = Butterfly.random(64, { seed: 3, field }), random = new Random(4), batch = 70;
      const x = vectors(random, batch * program.inputWidth), g = vectors(random, batch * program.outputWidth);
      const { value } = differentiateBatch(program, x, g, batch, field === "complex");
      for (const tuning of [{}, { bytes: 64 * 4 * program.inputWidth }]) {
        const got = await differentiate(program, x, g, batch, tuning);
        assertClose(got.input, value.input, 1e-5, "input");
        assert.equal(got.weights.length, value.weights.length);
        got.weights.forEach((gradient, i) => assertClose(gradient, value.weights[i], 1e-5, `weights ${i}`));
      }
    },
  );
}
