import assert from "node:assert/strict";
import fc from "fast-check";
import { createMachine, type Machine } from "../src/kernels/machine.ts";
import { encode, FIELDS, type Instruction, Op, Space, type View } from "../src/kernels/record.ts";
import { bitReversal } from "../src/operator/permutation.ts";
import { compile } from "../src/program/compile.ts";
import { differentiate } from "../src/program/differentiate.ts";
import { ProgramBuilder } from "../src/program/program.ts";
import { Random } from "../src/program/random.ts";
import { type Field, floats } from "../src/program/step.ts";
import { machines } from "./helpers.ts";
import {
  blocks,
  halvedProgram,
  programOf,
  type Recipe,
  recipes,
  streamsProgram,
  stretches,
} from "./programs.ts";

/**
 * Each instruction that programs are compiled to is run alone, on a Wasm machine and on its twin in TypeScript, over
 * the same memory: operands moved to the batch spaces at odd offsets, with row distances wider than the rows, and
 * everything else filled with numbers that must survive.
 */
const RECIPES: fc.Arbitrary<Recipe> = recipes({ most: 4 });

/** Room for each operand, in bytes. */
const ROOM = 40 << 10;
/** Bytes between the parts of memory. */
const GAP = 256;

/** The operations that changed memory. */
const seen = new Set<number>();

/** What memory is filled with, from a random place on. */
const noise = Float32Array.from(
  { length: 1 << 19 },
  ((random) => () => random.uniform() - 0.5)(new Random(1)),
);

/** Names of the operations for messages. */
function nameOf(op: number): string {
  const names = Object.entries(Op).filter(([, value]) => value <= op);
  const [name, value] = names.reduce((a, b) => b[1] > a[1] ? b : a);
  return op === value ? name : `${name}+${op - value}`;
}

/** Runs instruction `i` of an image on both machines and compares all of memory. */
function compareOne(
  machine: Machine,
  twin: Machine,
  image: ReturnType<typeof compile>,
  instruction: Instruction,
  rows: number,
  random: Random,
): void {
  const block = machine.arena.allocate(image.bytes + FIELDS * 4 + 6 * (ROOM + GAP) + image.gradient, true);
  const end = block.address + block.bytes;
  if (twin.f32.byteLength < end) twin.arena.allocate(end, true);
  try {
    const base = block.address, code = image.bytes;
    image.write(machine, base);
    const areas = [0, 1, 2, 3].map((i) => base + code + FIELDS * 4 + GAP + i * (ROOM + GAP));
    // Distances of rows are those of the compiler, or wider: whole floats for what runs on floats, vectors otherwise.
    const grown = (view: View | undefined): number => view ? view.row + 16 * random.integer(3) : 0;
    const move = (view: View | undefined, space: number, row: number): View | undefined =>
      view && { space, offset: 4 * random.integer(16), row };
    const same = (one: View | undefined, other: View | undefined): boolean =>
      one !== undefined && other !== undefined && one.space === other.space && one.offset === other.offset;
    const src = move(instruction.src, Space.input, grown(instruction.src));
    const g = move(instruction.g, Space.cotangent, grown(instruction.g));
    // What the compiler lets happen in place stays in place.
    const dst = same(instruction.src, instruction.dst)
      ? src
      : same(instruction.g, instruction.dst)
      ? g
      : move(instruction.dst, Space.output, grown(instruction.dst));
    const [input, output, cotangent, gradient] = areas;
    const bases = { program: base, scratch: 0, input, output, cotangent, gradient };
    encode(machine.i32, (base + code) / 4, { ...instruction, src, dst, g }, bases);
    const from = (base + code) / 4 + FIELDS;
    const length = (end >> 2) - from, start = random.integer(noise.length - length);
    machine.f32.set(noise.subarray(start, start + length), from);
    twin.i32.set(machine.i32.subarray(base >> 2, end >> 2), base >> 2);
    const fresh = random.integer(2);
    const before = machine.f32.slice(base >> 2, end >> 2);
    for (const m of [machine, twin]) m.run(base + code, 1, rows, rows, fresh);
    const got = machine.f32.subarray(base >> 2, end >> 2), want = twin.f32.subarray(base >> 2, end >> 2);
    const name = nameOf(instruction.op);
    // Rounding is that of the largest number on the way: partner weights of the unit form may be large, and cancel.
    let largest = 1;
    for (let k = 0; k < want.length; k++) {
      if (want[k] !== before[k] && Math.abs(want[k]) > largest) largest = Math.abs(want[k]);
    }
    let changed = false;
    for (let k = 0; k < got.length; k++) {
      if (Object.is(got[k], want[k])) {
        changed ||= !Object.is(want[k], before[k]);
        continue;
      }
      // What one leaves alone the other must not touch, unless the result happens to be what was there before.
      const left = Object.is(want[k], before[k]), allowed = left ? 1e-6 : 1e-5 * largest;
      if (!(Math.abs(got[k] - want[k]) <= allowed)) {
        const was = left ? "which it left alone" : `it was ${before[k]}`;
        assert.fail(`${name}: float ${k} is ${got[k]}, in the twin ${want[k]} (${was})`);
      }
      changed = true;
    }
    if (changed) seen.add(instruction.op);
  } finally {
    machine.arena.free(block);
  }
}

function instructionsOf(recipe: Recipe): { image: ReturnType<typeof compile>; instruction: Instruction }[] {
  const { program } = programOf(recipe);
  const list: { image: ReturnType<typeof compile>; instruction: Instruction }[] = [];
  for (
    const image of [compile(program), differentiate(program, false).image, differentiate(program, true).image]
  ) {
    for (const instruction of image.instructions) list.push({ image, instruction });
  }
  return list;
}

for (const machine of machines.filter((m) => m.name !== "scalar")) {
  const twin = createMachine("scalar");

  Deno.test(`each instruction of the ${machine.name} build does what its twin does, and writes nothing else`, () => {
    fc.assert(
      fc.property(RECIPES, fc.integer({ min: 1, max: 8 }), (recipe, rows) => {
        const random = new Random(recipe.seed);
        for (const { image, instruction } of instructionsOf(recipe)) {
          compareOne(machine, twin, image, instruction, rows, random);
        }
      }),
      { seed: 2024, numRuns: 60 },
    );
  });

  Deno.test(`permutations and streams of the ${machine.name} build do what their twins do`, () => {
    const random = new Random(6);
    for (const a of [1, 2]) {
      for (const d of [8, 9, 15, 64]) {
        for (const input of ["single", "pairs", "none"] as const) {
          for (const output of ["single", "pairs", "none"] as const) {
            for (const negated of ["input", "output", undefined] as const) {
              for (const turns of [false, true]) {
                const rotations = random.uniform() < 0.7;
                const program = streamsProgram(random, { a, d, input, output, rotations, negated, turns });
                const image = compile(program);
                for (const instruction of image.instructions) {
                  compareOne(machine, twin, image, instruction, 1 + random.integer(3), random);
                }
              }
            }
          }
        }
      }
    }
    for (const n of [16, 32, 64, 128]) {
      for (const form of ["any", "twiddles"]) {
        const image = compile(halvedProgram(random, n, form));
        for (const instruction of image.instructions) {
          compareOne(machine, twin, image, instruction, 2, random);
        }
      }
    }
    for (let k = 0; k < 60; k++) {
      const n = 4 + random.integer(300),
        unit = random.uniform() < 0.5 ? 1 : 2,
        builder = new ProgramBuilder(n * unit);
      const image = compile(builder.build(builder.permutation(0, stretches(random, n), unit)));
      for (const instruction of image.instructions) {
        compareOne(machine, twin, image, instruction, 1 + random.integer(3), random);
      }
    }
  });

  Deno.test(`each butterfly pass of the ${machine.name} build does what its twin does`, () => {
    // Every combination of lanes, radix, form and number field that the planner can make.
    const random = new Random(5);
    for (const field of ["real", "complex"] as const satisfies Field[]) {
      for (const n of [4, 8, 16, 32, 64, 128, 512]) {
        for (const order of ["increasing", "decreasing", "mixed", "reversed before", "reversed after"]) {
          for (const form of ["any", "zeros", "signs", "twiddles", "scaled"]) {
            const unit = floats(field), builder = new ProgramBuilder(n * unit);
            const strides = Array.from({ length: Math.log2(n) }, (_, i) => 2 ** i);
            if (order === "decreasing" || order === "reversed after") strides.reverse();
            if (order === "mixed") random.shuffle(strides);
            let value = 0;
            if (order === "reversed before") value = builder.permutation(value, bitReversal(n), unit);
            for (const d of strides) {
              const w = blocks(random, n, d, field, form === "zeros" ? "zeros" : "normal", form, false);
              value = builder.factor(value, { a: n / (2 * d), b: 2, c: 2, d }, field, w);
            }
            if (order === "reversed after") value = builder.permutation(value, bitReversal(n), unit);
            const program = builder.build(value);
            for (
              const image of [
                compile(program),
                compile(program, "rows"),
                differentiate(program, false).image,
                differentiate(program, true).image,
              ]
            ) {
              for (const instruction of image.instructions) {
                compareOne(
                  machine,
                  twin,
                  image,
                  instruction,
                  1 + random.integer(Math.max(8, Math.min(12, image.tile))),
                  random,
                );
              }
            }
          }
        }
      }
    }
    // All tests together must have run everything there is.
    const passes = [Op.realPass, Op.complexPass, Op.signPass, Op.twiddlePass, Op.realPair];
    for (const [name, op] of Object.entries(Op)) {
      if (op >= Op.realPair) assert.ok(seen.has(op), `${name} was not run`);
    }
    // The planner makes at least that many kinds of passes: real, complex, of signs, of twiddles.
    [15, 10, 5, 3].forEach((least, i) => {
      const run = [...seen].filter((op) => op >= passes[i] && op < passes[i + 1]);
      assert.ok(run.length >= least, `only ${run.map(nameOf)} were run`);
    });
    seen.clear();
  });
}
