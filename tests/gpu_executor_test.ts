import assert from "node:assert/strict";
import fc from "fast-check";
import { arrayFrom, emptyArray } from "../src/gpu/array.ts";
import { GpuExecutor } from "../src/gpu/executor.ts";
import type { Tuning } from "../src/gpu/plan.ts";
import { dct2 } from "../src/kaleidoscope/transforms/cosine.ts";
import { dft } from "../src/kaleidoscope/transforms/dft.ts";
import { hadamard } from "../src/kaleidoscope/transforms/hadamard.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Dense } from "../src/operator/dense.ts";
import type { Operator } from "../src/operator/operator.ts";
import { product } from "../src/operator/product.ts";
import { type Program, ProgramBuilder } from "../src/program/program.ts";
import { Random } from "../src/program/random.ts";
import { gpu, gpuTest, small, tiny } from "./gpu.ts";
import { assertClose } from "./helpers.ts";
import { apply64, chains, multiply } from "./operators.ts";
import { assertRounded, differentiateBatch, evaluate, evaluateBatch, roundings, row } from "./oracle.ts";
import { programOf, recipes, vectors } from "./programs.ts";

/** What a program makes of a batch on the device. */
async function run(
  program: Program,
  x: Float32Array,
  tuning?: Partial<Tuning>,
): Promise<{ y: Float32Array; kernels: string[] }> {
  const executor = await GpuExecutor.create(gpu, program, { tuning });
  const input = await arrayFrom(gpu, x, program.inputWidth), batch = input.shape[0];
  const output = await emptyArray(gpu, batch, program.outputWidth, "test");
  await executor.run(input.span, output.span, batch);
  const y = await output.read();
  executor.dispose();
  input.dispose();
  output.dispose();
  return { y, kernels: executor.kernels.map(({ label }) => label) };
}

for (const [name, tuning] of [["rows in workgroup memory", small], ["tiles", tiny]] as const) {
  gpuTest(`any program computes what its steps say on the device, with ${name}`, async () => {
    await fc.assert(
      fc.asyncProperty(recipes({ batches: 20 }), async (recipe) => {
        const { program, complex } = programOf(recipe);
        const { batch } = recipe;
        const x = vectors(new Random(recipe.seed + 1), batch * program.inputWidth);
        const { y, bound } = evaluateBatch(program, x, batch, complex);
        // Fused forms round weights once more.
        assertRounded((await run(program, x, tuning)).y, y, bound, 2 * roundings(program), "output");
      }),
      { seed: 2020, numRuns: 30 },
    );
  });
}

gpuTest("the adjoint and the transpose of any program are those of its matrix on the device", async () => {
  await fc.assert(
    fc.asyncProperty(recipes({ batches: 5, most: 4 }), async (recipe) => {
      const { program, complex } = programOf(recipe);
      const { batch } = recipe, random = new Random(recipe.seed + 1);
      const x = new Float32Array(batch * program.inputWidth),
        g = vectors(random, batch * program.outputWidth);
      const { value, bound } = differentiateBatch(program, x, g, batch, complex);
      const conjugate = <T extends Float32Array | Float64Array>(v: T): T =>
        (complex ? v.map((a, k) => k % 2 ? -a : a) : v) as T;
      const count = 2 * roundings(program) + 10;
      const adjoint = await run(program.transpose(true), g, small);
      assertRounded(adjoint.y, value.input, bound.input, count, "adjoint");
      const transpose = await run(program.transpose(false), conjugate(g), small);
      assertRounded(conjugate(transpose.y), value.input, bound.input, count, "transpose");
    }),
    { seed: 2021, numRuns: 12 },
  );
});

gpuTest("products of operators of all kinds compute the product of their matrices", async () => {
  await fc.assert(
    fc.asyncProperty(chains, async ({ samples, seed, batch }) => {
      const map = product(...samples.map((s) => s.map)),
        matrix = samples.map((s) => s.matrix).reduce(multiply);
      const x = vectors(new Random(seed), batch * map.program.inputWidth);
      const { y } = await run(map.program, x, small);
      assertClose(y, apply64(matrix, x, map.field, batch), 1e-5);
    }),
    { seed: 3, numRuns: 8 },
  );
});

/** The relative error of an operator on the device against float64, with the tuning that users get. */
async function agrees(map: Operator, batch: number): Promise<string[]> {
  const { program } = map, x = vectors(new Random(5), batch * program.inputWidth);
  const { y, kernels } = await run(program, x);
  const want = new Float64Array(batch * program.outputWidth);
  for (let i = 0; i < batch; i++) {
    want.set(evaluate(program, row(x, program.inputWidth, i))[program.output], i * program.outputWidth);
  }
  assertClose(y, want, 1e-5, map.describe());
  return kernels;
}

gpuTest("a butterfly of 1024 points is one kernel: one read and one write", async () => {
  assert.equal((await agrees(Butterfly.random(1024, { seed: 1 }), 9)).length, 1);
});

gpuTest("a butterfly of 4096 points is one kernel, whose rows fit into workgroup memory", async () => {
  assert.equal((await agrees(Butterfly.random(4096, { seed: 1 }), 2)).length, 1);
});

gpuTest("a complex butterfly of 16384 points takes two passes", async () => {
  const map = Butterfly.random(16384, { seed: 1, field: "complex", increasing: false });
  assert.equal((await agrees(map, 1)).length, 2);
});

gpuTest("transforms agree with float64, and take the forms without weights", async () => {
  const [fourier] = await agrees(dft(64), 3);
  assert.match(fourier, /permutation.*twiddles/);
  const [signs] = await agrees(hadamard(64), 3);
  assert.match(signs, /signs/);
  await agrees(dct2(32), 3);
});

gpuTest(
  "butterflies with padding, several stacks and a bias, and dense blocks agree with float64",
  async () => {
    await agrees(Butterfly.random(20, { rows: 50, seed: 1, bias: true }), 5);
    const random = new Random(1);
    await agrees(new Dense(70, 130, vectors(random, 70 * 130)), 33);
  },
);

gpuTest("strides in any order are cut into groups whose points lie in a row", async () => {
  const random = new Random(9), n = 16;
  for (const strides of [[2, 4, 1], [4, 2, 8, 1], [1, 4, 2, 8], [8, 4, 8, 4], [2, 2, 1, 1, 2, 4, 8]]) {
    const builder = new ProgramBuilder(n);
    const factor = (value: number, d: number): number =>
      builder.factor(value, { a: n / (2 * d), b: 2, c: 2, d }, "real", vectors(random, 2 * n));
    const program = builder.build(strides.reduce(factor, 0)), x = vectors(random, 3 * n);
    const { y, bound } = evaluateBatch(program, x, 3, false);
    assertRounded((await run(program, x, small)).y, y, bound, 2 * roundings(program), `strides ${strides}`);
  }
});

gpuTest("factors of larger radix and of two sizes run in one kernel", async () => {
  const random = new Random(9), builder = new ProgramBuilder(48);
  let value = builder.factor(0, { a: 16, b: 3, c: 3, d: 1 }, "real", vectors(random, 144));
  value = builder.factor(value, { a: 4, b: 4, c: 4, d: 3 }, "real", vectors(random, 192));
  value = builder.factor(value, { a: 1, b: 2, c: 4, d: 12 }, "real", vectors(random, 96));
  const program = builder.build(value), x = vectors(random, 7 * 48);
  const { y, kernels } = await run(program, x);
  const { y: want, bound } = evaluateBatch(program, x, 7, false);
  assertRounded(y, want, bound, 2 * roundings(program), "output");
  assert.equal(kernels.length, 1);
});

gpuTest("a batch beyond what a kernel can read at once is split, and computes the same", async () => {
  const map = Butterfly.random(6, { seed: 4, rows: 10 }), x = vectors(new Random(2), 200 * 6);
  const whole = await run(map.program, x, small);
  for (const bytes of [64 * 64, 3 * 64, 64]) {
    const split = await run(map.program, x, { ...small, bytes });
    assert.deepEqual(split.y, whole.y, `${bytes} bytes`);
  }
});

gpuTest("NaN and infinities pass through as they do on the processor", async () => {
  const map = Butterfly.random(8, { seed: 4 });
  const { y } = await run(
    map.program,
    Float32Array.of(1, 2, NaN, 4, 5, 6, 7, 8, ...new Float32Array(8).fill(1)),
  );
  assert.ok(y.subarray(0, 8).every(Number.isNaN));
  assert.ok(y.subarray(8).every(Number.isFinite));
});

gpuTest("a batch needs more workgroups than one dimension of a dispatch has", async () => {
  const builder = new ProgramBuilder(1), batch = 70_000;
  const program = builder.build(builder.add([0, 0, 0])),
    x = Float32Array.from({ length: batch }, (_, i) => i);
  const { y } = await run(program, x);
  assert.deepEqual(y, x.map((value) => 3 * value));
});
