import assert from "node:assert/strict";
import fc from "fast-check";
import { fourierButterfly } from "../src/kaleidoscope/fourier.ts";
import type { Machine } from "../src/kernels/machine.ts";
import { type Form, type Instruction, type Lanes, Op, passOperation } from "../src/kernels/record.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Dense } from "../src/operator/dense.ts";
import { Diagonal } from "../src/operator/diagonal.ts";
import type { Operator } from "../src/operator/operator.ts";
import { Permutation } from "../src/operator/permutation.ts";
import { product } from "../src/operator/product.ts";
import { compile } from "../src/program/compile.ts";
import { Executable } from "../src/program/executable.ts";
import { explain } from "../src/program/explain.ts";
import { type Program, ProgramBuilder } from "../src/program/program.ts";
import { simplify } from "../src/program/simplify.ts";
import { hadamard } from "./chains.ts";
import { programOf, recipes } from "./programs.ts";

/** Weights and multiply-adds. */
interface Cost {
  weights: number;
  madds: number;
}

/** The numbers of one line of the text; nothing where it has none. */
function costIn(text: string): Cost {
  const found = text.match(/(\d+) weights, (\d+) multiply-adds/);
  return found ? { weights: Number(found[1]), madds: Number(found[2]) } : { weights: 0, madds: 0 };
}

/** The parts of an explanation: a headline with its cost, and the lines below it. */
function parts(text: string): { title: string; steps: number; cost: Cost; lines: string[] }[] {
  const found: ReturnType<typeof parts> = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("  ")) found[found.length - 1].lines.push(line.slice(2));
    else {
      const steps = Number(line.match(/(\d+) steps?,/)?.[1] ?? NaN);
      found.push({ title: line.split(":")[0], steps, cost: costIn(line), lines: [] });
    }
  }
  return found;
}

function sum(costs: readonly Cost[]): Cost {
  return {
    weights: costs.reduce((total, { weights }) => total + weights, 0),
    madds: costs.reduce((total, { madds }) => total + madds, 0),
  };
}

/** What a pass is, by its operation number. */
const PASSES = new Map<number, { complex: boolean; factors: number; form: Form; lanes: number }>();
for (const complex of [false, true]) {
  for (const form of ["general", "unit", complex ? "twiddles" : "signs"] as const) {
    for (let factors = 1; factors <= (complex ? 2 : 4); factors++) {
      for (const lanes of [0, 1, 2, 3] as Lanes[]) {
        PASSES.set(passOperation(complex, factors, form, lanes), { complex, factors, form, lanes });
      }
    }
  }
}

/** The multiply-adds that an instruction does for one vector, from what the kernels read in its record. */
function maddsOf({ op, count, stride = [], extra = [] }: Instruction): number {
  const pass = PASSES.get(op);
  if (pass !== undefined) {
    const { complex, factors, form, lanes } = pass;
    const points = count * 4 * 2 ** factors;
    const all = factors + (lanes === 1 || lanes === 2 ? 2 : 0);
    const each = { general: 2, unit: 1, signs: 0, twiddles: 0.5 }[form];
    return points * (complex ? 4 : 1) * (all * each + (extra[0] & 4 ? 1 : 0));
  }
  switch (op) {
    case Op.realLane1:
    case Op.realLane2:
      return count * 4 * 2;
    case Op.complexLane1:
    case Op.complexLane2:
      return count * 4 * 2 * 4;
    case Op.realFactor:
    case Op.complexFactor: {
      // Slots and chunks of four that may overlap, or one of fewer: how many outputs they are.
      const unit = op === Op.complexFactor ? 2 : 1,
        [, last, chunk] = extra.map((bytes) => bytes / (4 * unit));
      const lanes = extra[0] >> 2 || 4, d = stride[2] / (4 * unit);
      const outputs = d >= 3 ? last + chunk + lanes : last + lanes;
      return count * stride[1] * outputs * unit ** 2;
    }
    case Op.diagonal:
      return count * (extra[0] ? 2 : 1);
    case Op.streams:
      return count * 64 * extra[2] + stride[2] * 16;
    default:
      assert.ok(
        [Op.permute, Op.move, Op.window, Op.accumulate, Op.bias, Op.split, Op.join].some((other) =>
          other === op
        ),
      );
      return 0;
  }
}

/** The cost of what is run for one vector: the weights that are written into memory, the products of the instructions. */
function actual(program: Program): Cost {
  const image = compile(program);
  const f32 = new Float32Array(image.bytes / 4).fill(NaN);
  image.writeWeights({ f32 } as unknown as Machine, 0);
  return {
    weights: f32.filter((w) => !Number.isNaN(w)).length,
    madds: image.instructions.reduce((total, instruction) => total + maddsOf(instruction), 0),
  };
}

/** Asserts that the text of a program agrees with itself and with what runs; returns its parts. */
function check(program: Program): ReturnType<typeof parts> {
  const text = explain(program), found = parts(text), simple = simplify(program);
  assert.equal(found.length, 3);
  assert.equal(found[0].title, "as written");
  assert.equal(found[1].title, simple === program ? "nothing to simplify" : "simplified");
  assert.equal(found[2].title, "runs as");
  for (const part of found) assert.deepEqual(sum(part.lines.map(costIn)), part.cost, text);
  assert.equal(found[0].steps, program.steps.length);
  if (simple !== program) assert.equal(found[1].steps, simple.steps.length);
  assert.deepEqual(found[2].cost, actual(program), text);
  return found;
}

Deno.test("a butterfly behind a bit reversal is explained in three parts", () => {
  const map = product(
    Butterfly.random(64, { seed: 1 }),
    Permutation.bitReversal(64),
    new Diagonal(new Float32Array(64).fill(1)),
  );
  const [written, simplified, runs] = check(map.program);
  // 64 numbers of the diagonal, 2·64 of each factor.
  assert.deepEqual([written.steps, written.cost], [8, { weights: 64 + 768, madds: 64 + 768 }]);
  assert.deepEqual(written.lines, [
    "real diagonal: 64 weights, 64 multiply-adds",
    "permutation of 64",
    "6 real butterfly factors of 64 points, strides 1 2 4 8 16 32: 768 weights, 768 multiply-adds",
  ]);
  assert.deepEqual([simplified.steps, simplified.cost], [7, { weights: 768, madds: 768 }]);
  assert.equal(simplified.lines.length, 2);
  // Unit diagonals: one weight for each output of each factor, and the diagonal at the end.
  assert.deepEqual(runs.cost, { weights: 7 * 64, madds: 7 * 64 });
  assert.match(
    runs.lines.at(-1) ?? "",
    /^real pass, strides 16 32, unit diagonals, then a diagonal, bit reversal on the way: /,
  );
  assert.ok(runs.lines.every((line) => !line.includes("permutation")));
});

Deno.test("the forms of passes are named, with their weights", () => {
  const [, , signs] = check(hadamard(256, true));
  assert.deepEqual(signs.cost, { weights: 0, madds: 0 });
  assert.ok(signs.lines.every((line) => /^real pass, strides [\d ]+, ±1, no weights$/.test(line)));
  const dft = product(fourierButterfly(256), Permutation.bitReversal(256, "complex"));
  const [, , twiddles] = check(dft.program);
  assert.ok(
    twiddles.lines.every((line) =>
      line.startsWith("complex pass") && line.includes("one product for two outputs")
    ),
  );
  // Half of n·log₂n complex products, of four real ones each, and the scale at the end.
  assert.equal(twiddles.cost.madds, 4 * (128 * 8 + 256));
  const zero = Butterfly.fromFactors(
    16,
    Butterfly.random(16).factors.map((w) => w.map((v, k) => k === 0 ? 0 : v)),
  );
  const [, , general] = check(zero.program);
  assert.match(general.lines[0], /two weights for an output/);
  assert.deepEqual(general.cost, { weights: 128, madds: 128 });
  const [, , lanes] = check(Butterfly.random(4, { field: "complex" }).program);
  assert.deepEqual(lanes.cost, { weights: 32, madds: 64 });
});

Deno.test("steps that nothing reads are said to be so, and count nothing", () => {
  const builder = new ProgramBuilder(8);
  const pattern = { a: 4, b: 2, c: 2, d: 1 };
  const used = builder.factor(0, pattern, "real", new Float32Array(16).fill(2));
  const lost = builder.factor(used, { ...pattern, a: 2, d: 2 }, "real", new Float32Array(16).fill(3));
  builder.diagonal(lost, "real", new Float32Array(8).fill(3));
  const program = builder.build(used), [written, simplified, runs] = check(program);
  assert.deepEqual([written.steps, written.cost], [3, { weights: 16, madds: 16 }]);
  assert.match(written.lines[1], /strides 2, which nothing reads$/);
  assert.equal(written.lines[2], "real diagonal, which nothing reads");
  assert.deepEqual([simplified.steps, simplified.lines.length], [1, 1]);
  assert.equal(runs.lines.length, 1);
});

Deno.test("what vanishes costs nothing, and what cannot be simplified is said to be so", () => {
  const map = Butterfly.random(32, { field: "complex", init: "orthogonal", seed: 1 });
  const text = explain(product(map.adjoint(), map).program);
  assert.match(text, /^as written: 10 steps, 1280 weights, 2560 multiply-adds\n/);
  assert.match(
    text,
    /\nsimplified: 0 steps, 0 weights, 0 multiply-adds\nruns as: 0 weights, 0 multiply-adds$/,
  );
  const [, nothing] = check(Butterfly.random(32).program);
  assert.equal(nothing.title, "nothing to simplify");
  assert.deepEqual(nothing.lines, []);
  assert.match(
    explain(new Diagonal(new Float32Array(3)).program),
    /^as written: 1 step, 3 weights, 3 multiply-adds\n {2}real diagonal: /,
  );
});

Deno.test("every kind of step has its line", () => {
  const builder = new ProgramBuilder(12);
  let value = builder.factor(0, { a: 2, b: 5, c: 3, d: 2 }, "real", new Float32Array(60).fill(2));
  value = builder.window(value, 12, 4);
  const other = builder.bias(value, "complex", new Float32Array(12).fill(1));
  value = builder.dense(other, 4, 6, "complex", new Float32Array(48).fill(3));
  value = builder.concat([builder.add([value, value]), other]);
  value = builder.permutation(value, Uint32Array.of(1, 0, 2, 3, 4, 5, 6, 7, 8, 9), 2);
  const program = builder.build(builder.diagonal(value, "complex", new Float32Array(20).fill(2)));
  const [written, , runs] = parts(explain(program));
  assert.deepEqual(written.lines, [
    "real factor (2, 5, 3, 2): 60 weights, 60 multiply-adds",
    "window of 12 floats from 4",
    "complex bias: 12 weights, 0 multiply-adds",
    "complex dense block 4×6: 48 weights, 96 multiply-adds",
    "sum of 2 values",
    "2 values one after another",
    "permutation of 10",
    "complex diagonal: 20 weights, 40 multiply-adds",
  ]);
  // The 5·2 outputs of a block of the factor are three vectors of four.
  assert.deepEqual(runs.lines.map((line) => line.replace("72 weights", "60 weights")), written.lines);
  assert.deepEqual(sum(runs.lines.map(costIn)), runs.cost);
  assert.equal(runs.cost.madds, actual(program).madds);
  // A dense block whose rows fill panels of four.
  assert.deepEqual(check(new Dense(8, 3, new Float32Array(24)).program)[2].cost, { weights: 24, madds: 24 });
});

Deno.test("operators, programs and executables give the same explanation", () => {
  const maps: Operator[] = [
    Butterfly.random(16),
    product(Butterfly.random(8, { field: "complex" }), Permutation.bitReversal(8, "complex")),
  ];
  for (const map of maps) {
    const text = explain(map.program);
    assert.equal(map.explain(), text);
    assert.equal(map.program.explain(), text);
    assert.equal(new Executable(map.program).explain(), text);
    assert.equal(map.compile().explain(), text);
  }
});

Deno.test("the explanation of any program agrees with its instructions and with the weights in memory", () => {
  fc.assert(
    fc.property(recipes({ most: 7 }), (recipe) => void check(programOf(recipe).program)),
    { seed: 45, numRuns: 300 },
  );
});
