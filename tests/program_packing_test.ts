import fc from "fast-check";
import { Executable } from "../src/program/executable.ts";
import { type Program, ProgramBuilder } from "../src/program/program.ts";
import { Random } from "../src/program/random.ts";
import { type Field, floats } from "../src/program/step.ts";
import { bitReversal } from "../src/operator/permutation.ts";
import { assertClose, machines } from "./helpers.ts";
import { assertRounded, evaluate, evaluateBatch, roundings } from "./oracle.ts";
import { blocks, vectors } from "./programs.ts";

/**
 * A butterfly whose diagonals are of any size: each entry on a diagonal is normal times 10^e, e uniform in ±`decades`;
 * a share of them is zero. Partners off the diagonal are of size 1, or follow the diagonal.
 */
interface Scaled {
  levels: number;
  field: Field;
  increasing: boolean;
  blocks: number;
  decades: number;
  zeros: number;
  follow: boolean;
  seed: number;
}

const scaled: fc.Arbitrary<Scaled> = fc.record({
  levels: fc.integer({ min: 2, max: 8 }),
  field: fc.constantFrom("real" as const, "complex" as const),
  increasing: fc.boolean(),
  blocks: fc.integer({ min: 1, max: 2 }),
  decades: fc.constantFrom(0, 1, 3, 6, 12),
  zeros: fc.constantFrom(0, 0, 0.01, 0.3),
  follow: fc.boolean(),
  seed: fc.nat(1000),
});

function programOf({ levels, field, increasing, blocks, decades, zeros, follow, seed }: Scaled): Program {
  const n = 2 ** levels, unit = floats(field), random = new Random(seed);
  const builder = new ProgramBuilder(n * unit);
  let value = 0;
  for (let block = 0; block < blocks; block++) {
    for (let level = 0; level < levels; level++) {
      const d = 2 ** (increasing === (block % 2 === 0) ? level : levels - 1 - level);
      const w = new Float32Array(2 * n * unit);
      for (let k = 0; k < 2 * n; k++) {
        const entry = Math.floor(k / d) % 4, diagonal = entry === 0 || entry === 3;
        let size = diagonal || follow ? 10 ** (decades * (2 * random.uniform() - 1)) : 1;
        if (diagonal && random.uniform() < zeros) size = 0;
        for (let part = 0; part < unit; part++) w[k * unit + part] = size * random.normal();
      }
      value = builder.factor(value, { a: n / (2 * d), b: 2, c: 2, d }, field, w);
    }
  }
  return builder.build(value);
}

/** The largest size of any entry. */
function largest(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]));
  return most;
}

for (const machine of machines) {
  Deno.test(`packing keeps the accuracy of each entry whatever the size of the diagonals in the ${machine.name} build`, () => {
    fc.assert(
      fc.property(scaled, (shape) => {
        const program = programOf(shape), batch = 2, complex = shape.field === "complex";
        const x = vectors(new Random(shape.seed + 1), batch * program.inputWidth);
        const { y, bound } = evaluateBatch(program, x, batch, complex);
        // What overflows float32 in any form says nothing about packing.
        fc.pre(largest(bound) < 1e30);
        const out = new Float32Array(y.length);
        new Executable(program, machine).apply(x, out, batch);
        assertRounded(out, y, bound, roundings(program), "output");
      }),
      { seed: 2021, numRuns: 200 },
    );
  });

  Deno.test(`packing keeps the relative error of large and small vectors in the ${machine.name} build`, () => {
    // The unit-diagonal form has values of up to 2⁴⁰ times the size; 1e±25 leaves room for that in float32.
    const sizes = fc.constantFrom(-25, -20, -10, 10, 20, 25);
    fc.assert(
      fc.property(scaled, sizes, (shape, exponent) => {
        // From 16 points on: of a few numbers all may cancel, in any form.
        const levels = Math.max(4, shape.levels);
        const program = programOf({
          ...shape,
          levels,
          decades: Math.min(shape.decades, 3),
          zeros: 0,
          follow: true,
        });
        const x = vectors(new Random(shape.seed + 1), program.inputWidth).map((v) => v * 10 ** exponent);
        const values = evaluate(program, x);
        fc.pre(values.every((value) => largest(value) < 1e26 && largest(value) > 1e-26));
        const y = values[program.output], size = largest(y);
        const out = new Float32Array(y.length);
        new Executable(program, machine).apply(x, out, 1);
        const normal = (v: ArrayLike<number>): number[] => Array.from(v, (a) => a / size);
        assertClose(normal(out), normal(y), 1e-6 * levels, `x of size 1e${exponent}`);
      }),
      { seed: 2022, numRuns: 100 },
    );
  });

  Deno.test(`every form of butterfly keeps the relative error, with bit reversals around it, in the ${machine.name} build`, () => {
    const shape = fc.record({
      levels: fc.integer({ min: 4, max: 9 }),
      field: fc.constantFrom("real" as const, "complex" as const),
      increasing: fc.boolean(),
      before: fc.boolean(),
      after: fc.boolean(),
      form: fc.constantFrom("any", "signs", "twiddles", "scaled", "nearly"),
      spoilt: fc.boolean(),
      // With and without the kernels that share weights between rows.
      batch: fc.constantFrom(3, 11),
      seed: fc.nat(1000),
    });
    fc.assert(
      fc.property(shape, ({ levels, field, increasing, before, after, form, spoilt, batch, seed }) => {
        const n = 2 ** levels, unit = floats(field), random = new Random(seed);
        const builder = new ProgramBuilder(n * unit);
        let value = before ? builder.permutation(0, bitReversal(n), unit) : 0;
        for (let i = 0; i < levels; i++) {
          const d = 2 ** (increasing ? i : levels - 1 - i);
          const w = blocks(random, n, d, field, "normal", form, spoilt);
          value = builder.factor(value, { a: n / (2 * d), b: 2, c: 2, d }, field, w);
        }
        const program = builder.build(after ? builder.permutation(value, bitReversal(n), unit) : value);
        const x = vectors(random, batch * n * unit), { y } = evaluateBatch(program, x, batch, unit === 2);
        const out = new Float32Array(y.length);
        new Executable(program, machine).apply(x, out, batch);
        assertClose(out, y, 1e-6 * levels, form);
      }),
      { seed: 2039, numRuns: 120 },
    );
  });
}
