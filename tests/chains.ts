/** Programs made of butterflies for the tests of simplification and packing, and what compares them with float64. */
import assert from "node:assert/strict";
import { bitReversal } from "../src/operator/permutation.ts";
import { findRuns, type Run } from "../src/program/chain.ts";
import { Executable } from "../src/program/executable.ts";
import { type Program, ProgramBuilder } from "../src/program/program.ts";
import { Random } from "../src/program/random.ts";
import { type Field, floats, type Step } from "../src/program/step.ts";
import { assertClose, machines } from "./helpers.ts";
import { assertRounded, evaluate, evaluateBatch, roundings } from "./oracle.ts";
import { blocks, vectors } from "./programs.ts";

/** Strides 1, 2 … n/2, or the other way round. */
export function strides(n: number, increasing = true): number[] {
  const all = Array.from({ length: Math.log2(n) }, (_, i) => 2 ** i);
  return increasing ? all : all.reverse();
}

/** The butterfly pattern of a stride. */
export function pattern(n: number, d: number): { a: number; b: 2; c: 2; d: number } {
  return { a: n / (2 * d), b: 2, c: 2, d };
}

/** Appends a factor for each stride; the weights are made by `make`. */
export function factors(
  builder: ProgramBuilder,
  from: number,
  n: number,
  field: Field,
  order: readonly number[],
  make: (stride: number, index: number) => Float32Array,
): number {
  return order.reduce((at, d, i) => builder.factor(at, pattern(n, d), field, make(d, i)), from);
}

/** A butterfly whose blocks have a form of tests/programs.ts: "any", "signs", "twiddles", "scaled" or "nearly". */
export interface Shape {
  n: number;
  field: Field;
  increasing: boolean;
  form: string;
  /** A bit reversal in front of it, behind it, or none. */
  reversal?: "before" | "after" | "both";
  seed?: number;
}

/** The program of a butterfly with its bit reversals. */
export function butterflyProgram({ n, field, increasing, form, reversal, seed = 1 }: Shape): Program {
  const unit = floats(field), random = new Random(seed), builder = new ProgramBuilder(n * unit);
  const reverse = (from: number): number => builder.permutation(from, bitReversal(n), unit);
  let value = reversal === "before" || reversal === "both" ? reverse(0) : 0;
  value = factors(
    builder,
    value,
    n,
    field,
    strides(n, increasing),
    (d) => blocks(random, n, d, field, "normal", form, false),
  );
  return builder.build(reversal === "after" || reversal === "both" ? reverse(value) : value);
}

/** A program of butterfly factors whose weights are made by a function of stride, β, γ and δ. */
export function made(
  n: number,
  field: Field,
  order: readonly number[],
  entry: (stride: number, beta: number, gamma: number, delta: number, block: number) => readonly number[],
): Program {
  const unit = floats(field), builder = new ProgramBuilder(n * unit);
  return builder.build(factors(builder, 0, n, field, order, (d) => {
    const w = new Float32Array(2 * n * unit);
    for (let k = 0; k < 2 * n; k++) {
      w.set(
        entry(d, Math.floor(k / (2 * d)) % 2, Math.floor(k / d) % 2, k % d, Math.floor(k / (4 * d))).slice(
          0,
          unit,
        ),
        k * unit,
      );
    }
    return w;
  }));
}

/** [[1, 1], [1, −1]] times a size. */
export function hadamard(n: number, increasing: boolean, size = 1, field: Field = "real"): Program {
  return made(n, field, strides(n, increasing), (_, beta, gamma) => [beta + gamma === 2 ? -size : size, 0]);
}

/** The only run of a program, bit reversals absorbed. */
export function onlyRun(program: Program): Run {
  const runs = findRuns(program.steps, program.output, true);
  assert.equal(runs.length, 1);
  return runs[0];
}

/** The kinds of the steps, in order. */
export function kinds(program: Program): Step["kind"][] {
  return program.steps.map(({ kind }) => kind);
}

/** Runs a program in every build on a batch of normal vectors and compares with float64, in the 2-norm. */
export function assertRuns(program: Program, batch: number, tolerance: number, label: string): void {
  const x = vectors(new Random(97), batch * program.inputWidth);
  const want = new Float64Array(batch * program.outputWidth);
  for (let i = 0; i < batch; i++) {
    const values = evaluate(program, x.subarray(i * program.inputWidth, (i + 1) * program.inputWidth));
    want.set(values[program.output], i * program.outputWidth);
  }
  for (const machine of machines) {
    const out = new Float32Array(want.length).fill(NaN), executable = new Executable(program, machine);
    executable.apply(x, out, batch);
    executable.dispose();
    assertClose(out, want, tolerance, `${label}, batch ${batch}, ${machine.name}`);
  }
}

/** Runs a program in every build and compares each entry with float64, within what rounding may do. */
export function assertEachEntry(program: Program, complex: boolean, batch: number, label: string): void {
  const x = vectors(new Random(5), batch * program.inputWidth);
  const { y, bound } = evaluateBatch(program, x, batch, complex);
  for (const machine of machines) {
    const out = new Float32Array(y.length).fill(NaN);
    new Executable(program, machine).apply(x, out, batch);
    assertRounded(out, y, bound, roundings(program), `${label}, ${machine.name}`);
  }
}

/** Asserts that `simple` computes what `program` does, entry by entry, up to rounding; both in float64. */
export function assertSameMap(simple: Program, program: Program, complex: boolean, seed = 1): void {
  assert.equal(simple.inputWidth, program.inputWidth);
  assert.equal(simple.outputWidth, program.outputWidth);
  const x = vectors(new Random(seed), program.inputWidth);
  const { y, bound } = evaluateBatch(program, x, 1, complex);
  assertRounded(
    evaluate(simple, x)[simple.output],
    y,
    bound,
    roundings(program),
    kinds(program).join(" "),
  );
}
