import assert from "node:assert/strict";
import fc from "fast-check";
import { dft } from "../src/kaleidoscope/transforms/dft.ts";
import { hadamard } from "../src/kaleidoscope/transforms/hadamard.ts";
import { Diagonal } from "../src/operator/diagonal.ts";
import type { Operator } from "../src/operator/operator.ts";
import { product } from "../src/operator/product.ts";
import { Executable } from "../src/program/executable.ts";
import { type Program, ProgramBuilder, promote } from "../src/program/program.ts";
import { Random } from "../src/program/random.ts";
import { dropUnread, realWeights, simplify } from "../src/program/simplify.ts";
import { type Field, floats, type Step } from "../src/program/step.ts";
import { assertRuns, assertSameMap, factors, kinds, pattern, strides } from "./chains.ts";
import { assertClose, machines } from "./helpers.ts";
import { differentiate, evaluate } from "./oracle.ts";
import { blocks, programOf, recipes, vectors, weights } from "./programs.ts";

/** Appends a step to a program. */
type Make = (builder: ProgramBuilder, from: number) => number;

/** A program of steps after each other on `width` floats. */
function line(width: number, ...steps: Make[]): Program {
  const builder = new ProgramBuilder(width);
  return builder.build(steps.reduce((at, step) => step(builder, at), 0));
}

const diagonal = (field: Field, values: ArrayLike<number>): Make => (builder, from) =>
  builder.diagonal(from, field, Float32Array.from(values));
const gather = (index: readonly number[], unit: 1 | 2 = 1): Make => (builder, from) =>
  builder.permutation(from, Uint32Array.from(index), unit);
const scatter = (index: readonly number[], unit: 1 | 2 = 1): Make => (builder, from) =>
  builder.permutation(from, Uint32Array.from(index), unit, true);
const window = (width: number, shift: number): Make => (builder, from) => builder.window(from, width, shift);
const factor = ([a, b, c, d]: readonly number[], field: Field, values: ArrayLike<number>): Make =>
(
  builder,
  from,
) => builder.factor(from, { a, b, c, d }, field, Float32Array.from(values));
/** A factor of 2×2 blocks that are all the same. */
const block = ([a, d]: readonly number[], values: readonly number[]): Make =>
  factor([a, 2, 2, d], "real", Array.from({ length: 4 * a * d }, (_, k) => values[Math.floor(k / d) % 4]));

/** Normal weights. */
function normal(seed: number, count: number, field: Field = "real"): Float32Array {
  return weights(new Random(seed), count, field, "normal", 1);
}

/** Simplifies, checks which steps are left and that the map is the same, and returns what is left. */
function expect(program: Program, left: readonly Step["kind"][], complex = false): Program {
  const simple = simplify(program);
  assert.deepEqual(kinds(simple), left);
  assertSameMap(simple, program, complex);
  return simple;
}

/** Asserts that there is nothing to simplify: the very same program comes back. */
function untouched(program: Program): void {
  const simple = simplify(program);
  assert.ok(simple === program, `${kinds(program).join(" ")} became ${kinds(simple).join(" ") || "nothing"}`);
}

/**
 * Asserts that a pair of steps that becomes `left` stays as it is where the value between them is wanted: by a sum, or
 * as the result of the program; and that it is still found with other steps between the two.
 */
function onlyPairs(width: number, first: Make, second: Make, left: readonly Step["kind"][]): void {
  expect(line(width, first, second), left);
  const program = (finish: (builder: ProgramBuilder, one: number, two: number) => number): Program => {
    const builder = new ProgramBuilder(width), one = first(builder, 0), two = second(builder, one);
    return builder.build(finish(builder, one, two));
  };
  // (What comes behind the result of the program is left out.)
  const apart = program((_, one) => one);
  assert.deepEqual(simplify(apart).steps, apart.steps.slice(0, 1));
  untouched(program((builder, one, two) => builder.concat([one, two])));
  untouched(program((builder, one, two) => builder.concat([two, builder.concat([one, one])])));
  // The input may be read as often as one likes, and so may the result.
  const rest: Step["kind"][] = ["concat"];
  const reading = program((builder, _, two) => builder.concat([0, two, 0, two]));
  expect(reading, [...left, ...rest]);
  // Another step in between, also one that is simplified itself.
  const builder = new ProgramBuilder(width);
  const one = first(builder, 0), aside = builder.bias(0, "real", normal(9, width));
  const two = second(builder, one);
  const again = second(builder, first(builder, aside));
  expect(builder.build(builder.concat([two, again])), ["bias", ...left, ...left, "concat"]);
}

Deno.test("a permutation that moves nothing is dropped, gathering or scattering, and no other", () => {
  expect(line(4, gather([0, 1, 2, 3])), []);
  expect(line(8, scatter([0, 1, 2, 3], 2)), [], true);
  untouched(line(4, gather([0, 1, 3, 2])));
});

Deno.test("a diagonal of ones is dropped, and no other", () => {
  expect(line(3, diagonal("real", [1, 1, 1])), []);
  expect(line(4, diagonal("complex", [1, 0, 1, 0])), [], true);
  untouched(line(3, diagonal("real", [1, 1, 1 + 2 ** -23])));
  untouched(line(4, diagonal("complex", [1, 1, 1, 1])));
  untouched(line(4, diagonal("complex", [1, 0, 1, 2 ** -30])));
  untouched(line(2, diagonal("real", [1, NaN])));
});

Deno.test("a factor whose blocks are the identity is dropped, whatever its pattern, and no other", () => {
  for (const [a, b, d] of [[4, 2, 4], [1, 2, 1], [3, 5, 2], [8, 1, 2], [1, 32, 1]]) {
    for (const field of ["real", "complex"] as const) {
      const unit = floats(field), count = a * b * b * d, identity = new Float32Array(count * unit);
      for (let k = 0; k < count; k++) {
        if (Math.floor(k / d) % b === Math.floor(k / (b * d)) % b) identity[k * unit] = 1;
      }
      const program = (values: Float32Array): Program =>
        line(a * b * d * unit, factor([a, b, b, d], field, values));
      expect(program(identity), [], field === "complex");
      for (const off of [2 ** -16, NaN]) {
        for (const k of [0, 1, count >> 1, count - 1]) {
          for (let part = 0; part < unit; part++) {
            const other = Float32Array.from(identity);
            other[k * unit + part] += off;
            // (Complex factors whose weights are all real may become real ones.)
            const left = identity[k * unit] === 1 ? "diagonal" : "factor";
            assert.deepEqual(kinds(simplify(program(other))), [left], `${off} at ${k}, ${field}`);
          }
        }
      }
    }
  }
  // As many ones, but not square.
  untouched(line(2, factor([1, 3, 2, 1], "real", [1, 0, 0, 1, 0, 0])));
});

Deno.test("small weights next to an identity are part of the map and not taken for rounding", () => {
  // y₀ = x₀ + 1e-7·x₁ with x₁ = 1e7: twice x₀.
  untouched(line(4, block([2, 1], [1, 1e-7, 0, 1])));
  // A thousand of them in each row are worth 2e-4 of the result.
  const n = 1024, values = new Float32Array(n * n).fill(2e-7);
  for (let i = 0; i < n; i++) values[i * n + i] = 1;
  untouched(line(n, factor([1, n, n, 1], "real", values)));
});

Deno.test("two diagonals become one", () => {
  const real = expect(line(3, diagonal("real", [2, 3, 4]), diagonal("real", [5, 0, -1])), ["diagonal"]);
  assert.deepEqual(real.weights, [Float32Array.of(10, 0, -4)]);
  // (1 + 2i)·(3 − i) = 5 + 5i
  const complex = line(2, diagonal("complex", [1, 2]), diagonal("complex", [3, -1]));
  assert.deepEqual(expect(complex, ["diagonal"], true).weights, [Float32Array.of(5, 5)]);
  expect(line(2, diagonal("real", [2, 4]), diagonal("real", [0.5, 0.25])), []);
  const four = [1, 2, 3, 4].map((seed) => diagonal("complex", normal(seed, 32, "complex")));
  expect(line(64, ...four), ["diagonal"], true);
  onlyPairs(4, diagonal("real", normal(1, 4)), diagonal("real", normal(2, 4)), ["diagonal"]);
  untouched(line(4, diagonal("real", [1, 2, 3, 4]), diagonal("complex", [1, 2, 3, 4])));
});

/** Pairs of weights whose product float32 cannot hold, or which make what is no number. */
const UNSAFE = [
  [1e25, 1e25],
  [1e20, -1e20],
  // The products are zero in float32, but 1e38·1e-30·1e-20 is not.
  [1e-30, 1e-20],
  [1e-38, 1e-38],
  // Fewer bits than a float32 has.
  [1e-20, 1e-22],
  [Infinity, 2],
  [Infinity, 0],
  [NaN, 2],
];

for (const [first, second] of UNSAFE) {
  Deno.test(`steps with weights ${first} and ${second} stay apart: float32 does not hold the product`, () => {
    for (const [one, two] of [[first, second], [second, first]]) {
      untouched(line(2, diagonal("real", [3, one]), diagonal("real", [3, two])));
      untouched(line(4, diagonal("complex", [2, 1, 0, one]), diagonal("complex", [2, 1, 0, two])));
      // The other entries are such that blocks are no multiples of [[1, 1], [1, −1]].
      untouched(line(4, block([2, 1], [one, 2, 3, 4]), diagonal("real", [two, 3, 3, 3])));
      untouched(line(4, diagonal("real", [3, 3, two, 3]), block([2, 1], [one, 2, 3, 4])));
      untouched(line(4, block([2, 1], [one, 0, 2, 4]), block([2, 1], [two, 0, 2, 4])));
    }
  });
}

Deno.test("what two small diagonals make of a large value is not lost", () => {
  const program = line(1, diagonal("real", [1e-30]), diagonal("real", [1e-20]));
  for (const machine of machines) {
    const out = new Float32Array(1);
    new Executable(program, machine).apply(Float32Array.of(1e38), out, 1);
    assertClose(out, [1e-12], 1e-6, machine.name);
  }
});

Deno.test("permutations become one, gathered or scattered, and a permutation and its inverse vanish", () => {
  const index = fc.integer({ min: 2, max: 40 }).chain((n) =>
    fc.tuple(
      fc.shuffledSubarray([...Array(n).keys()], { minLength: n }),
      fc.shuffledSubarray([...Array(n).keys()], { minLength: n }),
    )
  );
  const unit = fc.constantFrom(1 as const, 2 as const);
  fc.assert(
    fc.property(index, fc.boolean(), fc.boolean(), unit, ([p, q], back, forth, unit) => {
      const moves = (index: readonly number[]): boolean => index.some((j, i) => i !== j);
      fc.pre(moves(p) && moves(q));
      const program = line(
        p.length * unit,
        (back ? scatter : gather)(p, unit),
        (forth ? scatter : gather)(q, unit),
      );
      const simple = simplify(program), x = Array.from({ length: p.length * unit }, (_, i) => i + 1);
      assert.ok(simple.steps.length <= 1);
      assert.deepEqual(evaluate(simple, x)[simple.output], evaluate(program, x)[program.output]);
      expect(line(p.length * unit, gather(p, unit), scatter(p, unit)), []);
      expect(line(p.length * unit, scatter(p, unit), gather(p, unit)), []);
    }),
    { seed: 41 },
  );
  onlyPairs(3, gather([1, 2, 0]), gather([0, 2, 1]), ["permutation"]);
  // One moves floats, the other pairs of them.
  untouched(line(4, gather([1, 0, 2, 3]), gather([1, 0], 2)));
});

Deno.test("windows become one, except where the first cuts off what the second would read", () => {
  const width = fc.integer({ min: 1, max: 9 }), shift = fc.integer({ min: -10, max: 10 });
  let merged = 0, kept = 0;
  fc.assert(
    fc.property(width, width, shift, width, shift, (n, w1, s1, w2, s2) => {
      const program = line(n, window(w1, s1), window(w2, s2));
      fc.pre(program.steps.length === 2);
      const simple = simplify(program), x = Array.from({ length: n }, (_, i) => i + 1);
      const want = evaluate(program, x)[program.output];
      assert.deepEqual(evaluate(simple, x)[simple.output], want);
      const single = line(n, window(w2, s1 + s2)), alike = evaluate(single, x)[single.output];
      if (alike.every((v, i) => v === want[i])) {
        assert.ok(simple.steps.length <= 1);
        merged++;
      } else {
        assert.equal(simple, program);
        kept++;
      }
    }),
    { seed: 42, numRuns: 2000 },
  );
  assert.ok(merged > 100 && kept > 100, `${merged} merged, ${kept} kept`);
  // A pad and the slice that undoes it vanish; a slice and a pad do not.
  expect(line(5, window(8, 0), window(5, 0)), []);
  untouched(line(5, window(3, 1), window(5, -1)));
  onlyPairs(5, window(8, -2), window(6, 1), ["window"]);
});

Deno.test("a diagonal behind a factor is multiplied into its rows, one in front into its columns", () => {
  const behind = line(2, factor([1, 2, 2, 1], "real", [1, 2, 3, 4]), diagonal("real", [10, 100]));
  assert.deepEqual(expect(behind, ["factor"]).weights, [Float32Array.of(10, 20, 300, 400)]);
  const before = line(2, diagonal("real", [10, 100]), factor([1, 2, 2, 1], "real", [1, 2, 3, 4]));
  assert.deepEqual(expect(before, ["factor"]).weights, [Float32Array.of(10, 200, 30, 400)]);
  for (const [a, b, c, d] of [[3, 2, 5, 4], [1, 7, 2, 3], [4, 1, 3, 1], [4, 2, 2, 8]]) {
    for (const field of ["real", "complex"] as const) {
      const unit = floats(field), [m, n] = [a * b * d, a * c * d];
      const [own, rows, columns] = [a * b * c * d, m, n].map((count, i) => normal(i, count, field));
      const middle = factor([a, b, c, d], field, own);
      expect(line(n * unit, middle, diagonal(field, rows)), ["factor"], unit === 2);
      expect(line(n * unit, diagonal(field, columns), middle), ["factor"], unit === 2);
      const all = line(n * unit, diagonal(field, columns), middle, diagonal(field, rows));
      expect(all, ["factor"], unit === 2);
      // Of another field it stays.
      const other = field === "real" ? "complex" : "real";
      if (m * unit % 2 === 0) {
        untouched(line(n * unit, middle, diagonal(other, normal(4, m * unit / floats(other), other))));
      }
    }
  }
  const middle = factor([2, 2, 2, 1], "real", normal(1, 8));
  onlyPairs(4, middle, diagonal("real", normal(2, 4)), ["factor"]);
  onlyPairs(4, diagonal("real", normal(2, 4)), middle, ["factor"]);
});

Deno.test("a diagonal between two factors goes to the rows of the first, or else to the columns of the second", () => {
  const one = normal(1, 8), two = normal(2, 8);
  const program = (values: Float32Array, scale: number): Program =>
    line(
      4,
      factor([2, 2, 2, 1], "real", values),
      diagonal("real", [scale, 2, 3, 4]),
      factor([1, 2, 2, 2], "real", two),
    );
  const small = program(one, 5), large = program(one.map((w) => w * 1e30), 1e25);
  assert.equal(expect(small, ["factor", "factor"]).weights[1], small.weights[2]);
  assert.equal(expect(large, ["factor", "factor"]).weights[0], large.weights[0]);
});

Deno.test("a diagonal in front of blocks that need no weights, or half of them, is left alone", () => {
  for (const [field, form] of [["real", "signs"], ["complex", "twiddles"]] as const) {
    const n = 16, unit = floats(field), d = 4;
    const paired = factor(
      [n / (2 * d), 2, 2, d],
      field,
      blocks(new Random(1), n, d, field, "normal", form, false),
    );
    const spoilt = factor(
      [n / (2 * d), 2, 2, d],
      field,
      blocks(new Random(1), n, d, field, "normal", form, true),
    );
    const scale = diagonal(field, normal(2, n, field));
    untouched(line(n * unit, scale, paired));
    expect(line(n * unit, scale, spoilt), ["factor"], unit === 2);
    expect(line(n * unit, paired, scale), ["factor"], unit === 2);
    // But it goes to the rows of a factor before it, which is of no use to anybody else.
    const front = factor([n / 2, 2, 2, 1], field, normal(3, 2 * n, field));
    expect(line(n * unit, front, scale, paired), ["factor", "factor"], unit === 2);
  }
});

Deno.test("a diagonal with a zero does not take the cheap form from a factor that has one", () => {
  const zero = diagonal("real", [1, 0, 3, 4]), numbers = diagonal("complex", [1, 2, 0, 0, 0, 1, 3, 3]);
  const plain = block([2, 1], [1, 2, 3, 4]), swaps = block([2, 1], [0, 1, 1, 0]);
  untouched(line(4, plain, zero));
  untouched(line(4, zero, plain));
  expect(line(4, swaps, zero), ["factor"]);
  expect(line(4, zero, swaps), ["factor"]);
  const complex = factor([2, 2, 2, 1], "complex", normal(1, 8, "complex"));
  untouched(line(8, complex, numbers));
  expect(line(8, factor([1, 4, 4, 1], "complex", normal(1, 16, "complex")), numbers), ["factor"], true);
  // Half a zero is none.
  expect(line(8, complex, diagonal("complex", [1, 0, 0, 2, 0, 1, 3, 3])), ["factor"], true);
});

Deno.test("a diagonal of the other field goes into a factor where it is one of its field too", () => {
  // Real and imaginary parts scaled alike, as operators of both kinds next to each other do it.
  const twice = normal(1, 8).map((_, k, all) => all[k & ~1]);
  const complex = factor([2, 2, 2, 1], "complex", normal(2, 8, "complex"));
  expect(line(8, complex, diagonal("real", twice)), ["factor"], true);
  expect(line(8, diagonal("real", twice), complex), ["factor"], true);
  untouched(line(8, complex, diagonal("real", normal(1, 8))));
  const real = factor([2, 2, 2, 2], "real", normal(3, 16));
  expect(line(8, real, diagonal("complex", twice.map((w, k) => k & 1 ? 0 : w))), ["factor"], true);
  untouched(line(8, real, diagonal("complex", twice)));
});

Deno.test("a diagonal behind a permutation goes into the factor or diagonal in front of it", () => {
  fc.assert(
    fc.property(fc.nat(999), fc.boolean(), fc.boolean(), fc.boolean(), (seed, complex, gathering, dense) => {
      const field = complex ? "complex" : "real", unit = floats(field), random = new Random(seed);
      const move = (gathering ? gather : scatter)([...random.permutation(6)], unit);
      const first = dense
        ? factor([3, 2, 2, 1], field, normal(seed, 12, field))
        : diagonal(field, normal(seed, 6, field));
      const program = line(6 * unit, first, move, diagonal(field, normal(seed + 1, 6, field)));
      const simple = expect(
        program,
        dense ? ["factor", "permutation"] : ["diagonal", "permutation"],
        complex,
      );
      assert.equal(simple.weights.length, 1);
    }),
    { seed: 44, numRuns: 60, examples: [[1, true, true, true], [2, false, false, false]] },
  );
  // Floats of complex numbers are not taken apart, and what no factor takes up stays where it is.
  const apart = gather([1, 2, 3, 0]), scale = diagonal("complex", [1, 2, 3, 4]);
  untouched(line(4, factor([1, 2, 2, 1], "complex", normal(1, 4, "complex")), apart, scale));
  untouched(line(4, apart, scale));
  const huge = (w: number): Make => diagonal("real", [w, 2, 3, 4]);
  untouched(line(4, huge(1e30), gather([0, 2, 3, 1]), huge(1e30)));
});

Deno.test("permutations meet across a diagonal, and vanish if they undo each other", () => {
  const scale = diagonal("real", [1, 2, 3, 4]), there = gather([1, 2, 3, 0]), back = scatter([1, 2, 3, 0]);
  assert.deepEqual(expect(line(4, there, scale, back), ["diagonal"]).weights, [Float32Array.of(4, 1, 2, 3)]);
  expect(line(4, there, scale, there), ["permutation", "diagonal"]);
  const numbers = diagonal("complex", normal(1, 4, "complex")), floatwise = diagonal("real", normal(2, 8));
  expect(line(8, gather([2, 0, 3, 1], 2), numbers, scatter([2, 0, 3, 1], 2)), ["diagonal"], true);
  expect(line(8, gather([2, 0, 3, 1], 2), floatwise, scatter([2, 0, 3, 1], 2)), ["diagonal"]);
  untouched(line(8, gather([2, 0, 3, 1], 2), floatwise, gather([2, 0, 3, 1, 4, 5, 6, 7])));
  untouched(line(4, there, diagonal("complex", [1, 2, 3, 4]), back));
});

Deno.test("a square factor whose blocks are all diagonal becomes a diagonal, and no other", () => {
  for (const [a, b, d] of [[4, 2, 4], [1, 2, 1], [3, 5, 2], [8, 1, 2]]) {
    for (const field of ["real", "complex"] as const) {
      const unit = floats(field), values = normal(a, a * b * b * d, field);
      for (let k = 0; k < a * b * b * d; k++) {
        if (Math.floor(k / d) % b !== Math.floor(k / (b * d)) % b) values.fill(0, k * unit, (k + 1) * unit);
      }
      const program = line(a * b * d * unit, factor([a, b, b, d], field, values));
      expect(program, ["diagonal"], field === "complex");
      if (b === 1) continue;
      values[d * unit] = 2 ** -40;
      untouched(line(a * b * d * unit, factor([a, b, b, d], field, values)));
    }
  }
  untouched(line(2, factor([1, 1, 2, 1], "real", [1, 0])));
});

Deno.test("a transform and its adjoint leave nothing but a scale, whatever is between them is one", () => {
  for (const n of [2, 8, 64]) {
    const unitary = dft(n, { normalized: true }), plain = dft(n);
    const scale = (value: number, field: Field): Diagonal =>
      new Diagonal(
        Float32Array.from({ length: n * floats(field) }, (_, k) => {
          return field === "complex" && k & 1 ? 0 : value;
        }),
        field,
      );
    const left = (...operators: Operator[]): Program => simplify(product(...operators).program);
    assert.deepEqual(kinds(left(unitary.adjoint(), unitary)), []);
    assert.deepEqual(kinds(left(unitary.adjoint(), scale(1, "complex"), unitary)), []);
    for (const field of ["real", "complex"] as const) {
      const tripled = left(unitary, scale(3, field), unitary.adjoint());
      assert.deepEqual(kinds(tripled), ["diagonal"]);
      assertClose(
        tripled.weights[0],
        scale(3, tripled.weights[0].length === n ? "real" : "complex").values,
        1e-6,
      );
    }
    for (const map of [plain, hadamard(n)]) {
      const whole = left(map.adjoint(), map), [weights] = whole.weights;
      assert.deepEqual(kinds(whole), ["diagonal"]);
      assertClose(
        weights,
        Float32Array.from(weights, (_, k) => map.field === "complex" && k & 1 ? 0 : n),
        1e-6,
      );
    }
  }
});

Deno.test("a pad in front of a dense block takes its columns away, a cut behind it its rows", () => {
  const dense = (rows: number, columns: number, field: Field): Make => (builder, from) =>
    builder.dense(from, rows, columns, field, normal(rows, rows * columns, field));
  for (const field of ["real", "complex"] as const) {
    const unit = floats(field), block = dense(5, 7, field);
    const pads = [[3, 0], [3, 4], [3, 2], [7, 0]], complex = unit === 2;
    for (const [width, at] of pads) {
      if (width === 7) continue;
      const simple = expect(line(width * unit, window(7 * unit, -at * unit), block), ["dense"], complex);
      assert.equal(simple.weights[0].length, 5 * width * unit);
    }
    const both = line(3 * unit, window(7 * unit, -unit), block, window(2 * unit, 3 * unit));
    assert.equal(expect(both, ["dense"], complex).weights[0].length, 2 * 3 * unit);
    // Cuts in front and pads behind would have zeros to multiply with.
    untouched(line(9 * unit, window(7 * unit, unit), block));
    untouched(line(7 * unit, block, window(9 * unit, 0)));
    if (complex) untouched(line(3, window(14, 0), block));
  }
  onlyPairs(3, window(7, -2), dense(3, 7, "real"), ["dense"]);
});

Deno.test("factors lose whole rows and columns of their blocks to windows, unless they are butterfly factors", () => {
  const [a, b, c, d] = [1, 3, 4, 2],
    values = normal(1, a * b * c * d),
    middle = factor([a, b, c, d], "real", values);
  assert.equal(expect(line(4, window(8, -2), middle), ["factor"]).weights[0].length, 3 * 2 * 2);
  assert.equal(expect(line(8, middle, window(4, 2)), ["factor"]).weights[0].length, 2 * 4 * 2);
  // Parts of columns, and blocks that lie one behind another.
  untouched(line(3, window(8, 0), middle));
  untouched(line(8, window(16, 0), factor([2, 3, 4, 2], "real", normal(1, 48))));
  untouched(line(4, window(8, 0), block([1, 4], [1, 2, 3, 4])));
});

Deno.test("what nothing reads is left out first, so that its readers do not keep others apart", () => {
  const builder = new ProgramBuilder(4);
  const one = diagonal("real", [1, 2, 3, 4])(builder, 0), lost = builder.window(one, 2, 0);
  builder.concat([lost, one]);
  const two = diagonal("real", [4, 3, 2, 1])(builder, one), program = builder.build(two);
  assert.deepEqual(kinds(dropUnread(program)), ["diagonal", "diagonal"]);
  assert.deepEqual(expect(program, ["diagonal"]).weights, [Float32Array.of(4, 6, 6, 4)]);
  const all = line(4, gather([1, 0, 3, 2]));
  assert.equal(dropUnread(all), all);
});

Deno.test("two factors with the same square blocks become one, the second times the first", () => {
  const [one, two] = [[1, 2, 3, 4], [5, 6, 7, 8]].map((values) => factor([1, 2, 2, 1], "real", values));
  assert.deepEqual(expect(line(2, one, two), ["factor"]).weights, [Float32Array.of(23, 34, 31, 46)]);
  for (const [a, b, d] of [[4, 2, 8], [3, 5, 2], [2, 16, 1]]) {
    for (const field of ["real", "complex"] as const) {
      const some = [1, 2, 3].map((seed) => factor([a, b, b, d], field, normal(seed, a * b * b * d, field)));
      expect(line(a * b * d * floats(field), ...some), ["factor"], field === "complex");
    }
  }
  onlyPairs(4, factor([2, 2, 2, 1], "real", normal(1, 8)), factor([2, 2, 2, 1], "real", normal(2, 8)), [
    "factor",
  ]);
});

Deno.test("factors of different patterns or fields, and large blocks, stay apart", () => {
  const of = (seed: number, ...p: number[]): Make =>
    factor(p, "real", normal(seed, p[0] * p[1] * p[2] * p[3]));
  untouched(line(8, of(1, 4, 2, 2, 1), of(2, 2, 2, 2, 2)));
  untouched(line(8, of(1, 2, 4, 4, 1), of(2, 4, 2, 2, 1)));
  untouched(line(8, of(1, 2, 2, 4, 1), of(2, 2, 4, 2, 1)));
  untouched(line(34, of(1, 2, 17, 17, 1), of(2, 2, 17, 17, 1)));
  const complex = factor([1, 2, 2, 2], "complex", normal(3, 8, "complex"));
  untouched(line(8, factor([2, 2, 2, 2], "real", normal(1, 16)), complex));
});

Deno.test("a run of complex factors whose weights are all real becomes one of real factors at half the cost", () => {
  for (const [n, increasing] of [[8, true], [64, false], [1024, true], [2, true], [4, false]] as const) {
    const random = new Random(n), builder = new ProgramBuilder(2 * n);
    const value = factors(builder, 0, n, "complex", strides(n, increasing), () => {
      return weights(random, 2 * n, "complex", "normal", 1).map((w, k) => k & 1 ? 0 : w);
    });
    const program = builder.build(value), simple = simplify(program);
    if (n === 2) {
      // A single block is no run.
      assert.equal(simple, program);
      continue;
    }
    assert.deepEqual(
      simple.steps.map((step) => step.kind === "factor" && [step.field, step.pattern]),
      strides(n, increasing).map((d) => ["real", pattern(2 * n, 2 * d)]),
    );
    assertSameMap(simple, program, true);
    for (const batch of [1, 5]) assertRuns(program, batch, 1e-6 * Math.log2(n), `n = ${n}`);
    // What is real already stays as it is.
    const real = new ProgramBuilder(n);
    const plain = real.build(factors(real, 0, n, "real", strides(n), () => normal(1, 2 * n)));
    assert.equal(realWeights(plain), plain);
    assert.equal(simplify(promote(plain)).steps.length, Math.log2(n));
  }
});

Deno.test("a run with one imaginary part that is not zero stays complex", () => {
  const n = 16;
  for (let spoilt = 0; spoilt < 4; spoilt++) {
    const builder = new ProgramBuilder(2 * n);
    const value = factors(builder, 0, n, "complex", strides(n), (_, i) => {
      const w = normal(i, 2 * n, "complex").map((v, k) => k & 1 ? -0 : v);
      if (i === spoilt) w[2 * n + 1] = 1e-30;
      return w;
    });
    untouched(builder.build(value));
  }
});

Deno.test("the gradient is that of the program as written, not of what simplification makes of it", () => {
  // Real weights of complex factors have imaginary parts in their gradient; a scale and its inverse have one each.
  const n = 8, builder = new ProgramBuilder(2 * n), scale = normal(7, n).map((v) => 1 + Math.abs(v));
  const split = (values: Float32Array): number[] => [...values].flatMap((v) => [v, 0]);
  let value = diagonal("complex", split(scale))(builder, 0);
  value = diagonal("complex", split(scale.map((v) => 1 / v)))(builder, value);
  value = factors(
    builder,
    value,
    n,
    "complex",
    strides(n),
    (_, i) => normal(i, 2 * n, "complex").map((v, k) => k & 1 ? 0 : v),
  );
  const program = builder.build(value);
  assert.ok(kinds(simplify(program)).length < program.steps.length);
  const x = vectors(new Random(1), 2 * n), g = vectors(new Random(2), 2 * n);
  const want = differentiate(program, evaluate(program, x), g);
  for (const machine of machines) {
    const gx = new Float32Array(2 * n), gradients = program.weights.map((w) => new Float32Array(w.length));
    new Executable(program, machine).gradient(x, g, gx, gradients, 1);
    assertClose(gx, want.input, 2e-6, machine.name);
    gradients.forEach((got, i) => assertClose(got, want.weights[i], 2e-6, `${machine.name}, weights ${i}`));
  }
});

for (const style of ["normal", "zeros", "scaled"] as const) {
  Deno.test(`simplification keeps the map of any program with ${style} weights, and has nothing to do afterwards`, () => {
    let shorter = 0;
    fc.assert(
      fc.property(recipes({ style, most: 8 }), (recipe) => {
        const { program, complex } = programOf(recipe), simple = simplify(program);
        assert.ok(simple.steps.length <= program.steps.length);
        if (simple.steps.length < program.steps.length) shorter++;
        assert.equal(simplify(simple), simple);
        assertSameMap(simple, program, complex, recipe.seed);
      }),
      { seed: 43, numRuns: 300 },
    );
    assert.ok(shorter > 30, `only ${shorter} became shorter`);
  });
}
