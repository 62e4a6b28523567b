import assert from "node:assert/strict";
import fc from "fast-check";
import * as ort from "onnxruntime-web";
import { exportOnnx } from "../src/io/trained/mod.ts";
import { dft } from "../src/kaleidoscope/transforms/dft.ts";
import { type Base4Butterfly, toBase4 } from "../src/operator/base4.ts";
import { Bias } from "../src/operator/bias.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Chain } from "../src/operator/chain.ts";
import { Dense } from "../src/operator/dense.ts";
import { Diagonal } from "../src/operator/diagonal.ts";
import { Operator } from "../src/operator/operator.ts";
import { Permutation } from "../src/operator/permutation.ts";
import { product } from "../src/operator/product.ts";
import { sum } from "../src/operator/sum.ts";
import { blockDiagonal } from "../src/operator/block_diagonal.ts";
import { Window } from "../src/operator/window.ts";
import type { Program } from "../src/program/program.ts";
import { Random } from "../src/program/random.ts";
import { type Field, floats, type Step } from "../src/program/step.ts";
import { assertClose } from "./helpers.ts";
import { programOf, recipes, vectors } from "./programs.ts";

ort.env.wasm.numThreads = 1;

/** What onnxruntime-web makes of vectors with a model. */
async function run(model: Uint8Array, x: Float32Array, map: Operator, batch: number): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
  try {
    const parts = map.field === "complex" ? [2] : [];
    const { y } = await session.run({ x: new ort.Tensor("float32", x, [batch, map.cols, ...parts]) });
    assert.deepEqual([...y.dims], [batch, map.rows, ...parts]);
    return y.data as Float32Array;
  } finally {
    await session.release();
  }
}

/** Compares a model of an operator with the operator, for batches of one and of several. */
async function check(map: Operator, label = map.describe(), tolerance = 3e-6): Promise<void> {
  for (const [batch, block] of [[1, undefined], [3, undefined], [2, 1]] as const) {
    const model = exportOnnx(map, { block });
    const x = vectors(new Random(batch), batch * map.cols * floats(map.field));
    assertClose(await run(model, x, map, batch), map.apply(x), tolerance, `${label}, batch ${batch}`);
  }
}

/** An operator of any program. */
class Programmed extends Operator {
  constructor(readonly made: Program, field: Field) {
    super(made.outputWidth / floats(field), made.inputWidth / floats(field), field);
  }
  protected build(): Program {
    return this.made;
  }
}

function numbers(count: number, seed: number): Float32Array<ArrayBuffer> {
  return vectors(new Random(seed), count);
}

for (const field of ["real", "complex"] as const) {
  Deno.test(`each kind of ${field} step gives the same in onnxruntime as in papillon`, async () => {
    const unit = floats(field), seen = new Set<Step["kind"]>();
    const maps: Operator[] = [
      new Diagonal(numbers(5 * unit, 1), field),
      new Permutation([2, 0, 1, 4, 3], field),
      new Dense(3, 2, numbers(6 * unit, 2), field),
      new Dense(30, 20, numbers(600 * unit, 3), field),
      new Window(4, 7, { field, shift: 2 }),
      new Window(9, 4, { field, shift: -3 }),
      new Window(5, 6, { field, shift: 4 }),
      // Nothing of the input is left; a bias shows that there are zeros.
      product(new Bias(numbers(3 * unit, 4), field), new Window(3, 4, { field, shift: 6 })),
      new Bias(numbers(4 * unit, 5), field),
      blockDiagonal(new Dense(2, 3, numbers(6 * unit, 6), field), new Diagonal(numbers(2 * unit, 7), field)),
      sum(new Dense(3, 3, numbers(9 * unit, 8), field), new Diagonal(numbers(3 * unit, 9), field)),
      Butterfly.random(16, { field, seed: 1 }),
      Butterfly.random(13, { field, rows: 40, blocks: 3, increasing: false, bias: true, seed: 2 }),
      toBase4(Butterfly.random(32, { field, seed: 3 })) satisfies Base4Butterfly,
      new Butterfly(8, Butterfly.identity(8, { field }).factors, { field }),
    ];
    for (
      const [a, b, c, d] of [[2, 3, 5, 7], [1, 8, 9, 2], [3, 1, 1, 2], [2, 2, 1, 3], [4, 20, 30, 1], [
        1,
        5,
        5,
        6,
      ]]
    ) {
      maps.push(Chain.random([{ a, b, c, d }], { field, seed: a }));
    }
    for (const map of maps) {
      await check(map);
      for (const { kind } of map.program.steps) seen.add(kind);
    }
    assert.equal(seen.size, 8, `kinds of steps that were tried: ${[...seen]}`);
  });
}

Deno.test("transposes, real maps next to complex ones and transforms give the same in onnxruntime", async () => {
  const real = Butterfly.random(12, { rows: 20, seed: 1 });
  await check(real.transpose());
  await check(product(new Diagonal(numbers(40, 2), "complex"), real));
  await check(dft(64));
  await check(dft(1024), "dft", 1e-5);
});

Deno.test("any program gives the same in onnxruntime as in papillon", async () => {
  await fc.assert(
    fc.asyncProperty(recipes({ style: "normal", most: 5, batches: 4 }), async (recipe) => {
      const { program, complex } = programOf(recipe),
        map = new Programmed(program, complex ? "complex" : "real");
      const x = vectors(new Random(recipe.seed), recipe.batch * program.inputWidth);
      const got = await run(exportOnnx(map), x, map, recipe.batch);
      assertClose(got, map.apply(x), 1e-5, JSON.stringify(recipe));
    }),
    { numRuns: 80 },
  );
});

Deno.test("a model is the factors, not the dense matrix, and always the same bytes", () => {
  const map = Butterfly.random(1024, { seed: 1 }), model = exportOnnx(map, { name: "mix" });
  assert.ok(model.length < 4 * 1024 * 1024 / 15, `${model.length} bytes`);
  assert.deepEqual(exportOnnx(map, { name: "mix" }), model);
  assert.ok(exportOnnx(map, { block: 1 }).length < 4 * map.parameters + 6000);
});

Deno.test("what is no operator is not exported", () => {
  assert.throws(() => exportOnnx({} as Operator), /expected an operator, got an Object/);
  assert.throws(() => exportOnnx(new Diagonal(numbers(2, 1)), { name: "" }), /must be a text/);
  for (const block of [0, 2.5, 2000]) {
    assert.throws(
      () => exportOnnx(new Diagonal(numbers(2, 1)), { block }),
      /block must be a whole number from 1 to 1024/,
    );
  }
});
