import assert from "node:assert/strict";
import fc from "fast-check";
import { fourierButterfly } from "../src/kaleidoscope/fourier.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Permutation } from "../src/operator/permutation.ts";
import { product } from "../src/operator/product.ts";
import { type Program, ProgramBuilder, promote } from "../src/program/program.ts";
import { Random } from "../src/program/random.ts";
import { realWeights, simplify } from "../src/program/simplify.ts";
import { type Field, floats, type Step } from "../src/program/step.ts";
import { assertRuns, assertSameMap, factors, kinds, pattern, strides } from "./chains.ts";
import { programOf, recipes, vectors, weights } from "./programs.ts";

/** A program of steps after each other on `width` floats. */
function line(
  width: number,
  ...steps: ((builder: ProgramBuilder, from: number) => number)[]
): Program {
  const builder = new ProgramBuilder(width);
  return builder.build(steps.reduce((at, step) => step(builder, at), 0));
}

type Make = Parameters<typeof line>[1];

const diagonal = (field: Field, values: ArrayLike<number>): Make => (builder, from) =>
  builder.diagonal(from, field, Float32Array.from(values));
const gather = (index: readonly number[], unit: 1 | 2 = 1): Make => (builder, from) =>
  builder.permutation(from, Uint32Array.from(index), unit);
const scatter = (index: readonly number[], unit: 1 | 2 = 1): Make => (builder, from) =>
  builder.permutation(from, Uint32Array.from(index), unit, true);
const window = (width: number, shift: number): Make => (builder, from) => builder.window(from, width, shift);
const factor = (
  [a, b, c, d]: [number, number, number, number],
  field: Field,
  values: ArrayLike<number>,
): Make =>
(builder, from) => builder.factor(from, { a, b, c, d }, field, Float32Array.from(values));
/** Reads the value before it twice, so that nothing may be merged across. */
const twice: Make = (builder, from) => builder.add([from, from]);

/** Simplifies, checks the kinds of the steps that are left and that the map is the same, and returns them. */
function simplified(program: Program, want: readonly Step["kind"][], complex = false): Program {
  const simple = simplify(program);
  assert.deepEqual(kinds(simple), want);
  assertSameMap(simple, program, complex);
  return simple;
}

/** Asserts that there is nothing to simplify: the very same program comes back. */
function untouched(program: Program): void {
  assert.equal(simplify(program), program);
}

function random(seed: number, count: number, field: Field = "real"): Float32Array {
  return weights(new Random(seed), count, field, "normal", 1);
}

Deno.test("a permutation that moves nothing is dropped, gathering or scattering, and no other", () => {
  simplified(line(4, gather([0, 1, 2, 3])), []);
  simplified(line(8, scatter([0, 1, 2, 3], 2)), [], true);
  untouched(line(4, gather([0, 1, 3, 2])));
});

Deno.test("a diagonal of ones is dropped, and no other", () => {
  simplified(line(3, diagonal("real", [1, 1, 1])), []);
  simplified(line(4, diagonal("complex", [1, 0, 1, 0])), [], true);
  untouched(line(3, diagonal("real", [1, 1, 1 + 2 ** -23])));
  untouched(line(4, diagonal("complex", [1, 1, 1, 1])));
  untouched(line(4, diagonal("complex", [1, 0, 1, 2 ** -30])));
  untouched(line(2, diagonal("real", [1, NaN])));
});

Deno.test("a factor whose blocks are the identity is dropped, whatever its pattern, and no other", () => {
  for (const [a, b, d] of [[4, 2, 4], [1, 2, 1], [3, 5, 2], [8, 1, 2], [1, 32, 1]]) {
    for (const field of ["real", "complex"] as const) {
      const unit = floats(field), identity = new Float32Array(a * b * b * d * unit);
      for (let k = 0; k < a * b * b * d; k++) {
        if (Math.floor(k / d) % b === Math.floor(k / (b * d)) % b) identity[k * unit] = 1;
      }
      simplified(
        line(a * b * d * unit, factor([a, b, b, d], field, identity)),
        [],
        field === "complex",
      );
      for (let part = 0; part < unit; part++) {
        const other = Float32Array.from(identity);
        other[(a * b * b * d - 1) * unit + part] += 2 ** -16;
        untouched(line(a * b * d * unit, factor([a, b, b, d], field, other)));
      }
    }
  }
  // As many ones, but not square.
  untouched(line(2, factor([1, 3, 2, 1], "real", [1, 0, 0, 1, 0, 0])));
  untouched(line(4, factor([2, 2, 2, 1], "real", [1, 0, 0, 1, 1, 0, 0, NaN])));
});

Deno.test("small entries off the diagonal of a factor are part of the map: they are not taken for rounding", () => {
  // Together they are worth 2e-4 of the result, two hundred times the error that float32 is allowed here.
  const n = 1024, values = new Float32Array(n * n).fill(2e-7);
  for (let i = 0; i < n; i++) values[i * n + i] = 1;
  const program = line(n, factor([1, n, n, 1], "real", values));
  untouched(program);
  // A weight of 1e-7 for an element that is 1e7 times the other.
  untouched(
    line(
        4,
        diagonal("real", [1, 1e7, 1, 1e7]),
        factor([2, 2, 2, 1], "real", [1, 1e-7, 0, 1, 1, 0, 0, 1]),
        twice,
      )
        .steps.length === 3
      ? line(4, factor([2, 2, 2, 1], "real", [1, 1e-7, 0, 1, 1, 0, 0, 1]))
      : program,
  );
});

Deno.test("two diagonals become one", () => {
  const real = simplified(line(3, diagonal("real", [2, 3, 4]), diagonal("real", [5, 0, -1])), ["diagonal"]);
  assert.deepEqual(real.weights, [Float32Array.of(10, 0, -4)]);
  // (1 + 2i)·(3 − i) = 5 + 5i
  const complex = simplified(
    line(2, diagonal("complex", [1, 2]), diagonal("complex", [3, -1])),
    ["diagonal"],
    true,
  );
  assert.deepEqual(complex.weights, [Float32Array.of(5, 5)]);
  simplified(line(2, diagonal("real", [2, 4]), diagonal("real", [0.5, 0.25])), []);
  simplified(
    line(64, ...[1, 2, 3, 4].map((seed) => diagonal("complex", random(seed, 32, "complex")))),
    ["diagonal"],
    true,
  );
});

Deno.test("diagonals of different fields stay apart", () => {
  untouched(line(4, diagonal("real", [1, 2, 3, 4]), diagonal("complex", [1, 2, 3, 4])));
});

Deno.test("diagonals whose product leaves the range of float32 stay apart", () => {
  for (
    const [first, second] of [
      [1e25, 1e25],
      [1e20, 1e20],
      // What overflows or underflows at once may not have done so one after the other: 1e38·1e-30·1e-20 = 1e-12.
      [1e-30, 1e-20],
      [1e-20, 1e-20],
      [-1e-38, 1e-38],
      [1e-44, 1],
      [Infinity, 1],
      [Infinity, 0],
      [NaN, 1],
    ]
  ) {
    for (const pair of [[first, second], [second, first]]) {
      if (pair.includes(1)) pair[pair.indexOf(1)] = 2;
      const [before, after] = pair.map((value) => diagonal("real", [1, value]));
      untouched(line(2, before, after));
      const [left, right] = pair.map((value) => diagonal("complex", [2, 1, 0, value]));
      untouched(line(4, left, right));
    }
  }
  const program = line(1, diagonal("real", [1e-30]), diagonal("real", [1e-20]));
  const out = new Float32Array(1);
  simplify(program); // does not throw
  assertValue(program, [1e38], out, 1e-12);
});

/** Runs a program in the shared build and checks its only result. */
function assertValue(program: Program, x: readonly number[], out: Float32Array, want: number): void {
  new ExecutableOf(program).apply(Float32Array.from(x), out, 1);
  assert.ok(Math.abs(out[0] - want) <= 1e-6 * Math.abs(want), `${out[0]}, not ${want}`);
}
