import assert from "node:assert/strict";
import fc from "fast-check";
import { fourierButterfly } from "../src/kaleidoscope/fourier.ts";
import { Op } from "../src/kernels/record.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { bitReversal, Permutation } from "../src/operator/permutation.ts";
import { product } from "../src/operator/product.ts";
import { findRuns, planPasses, type Sharing } from "../src/program/chain.ts";
import { compile } from "../src/program/compile.ts";
import { Executable } from "../src/program/executable.ts";
import { type Program, ProgramBuilder } from "../src/program/program.ts";
import { Random } from "../src/program/random.ts";
import { simplify } from "../src/program/simplify.ts";
import { type Field, floats } from "../src/program/step.ts";
import { assertRuns, assertSameMap, butterflyProgram, factors, kinds, strides } from "./chains.ts";
import { assertClose, machines } from "./helpers.ts";
import { evaluate } from "./oracle.ts";
import { blocks, vectors, weights } from "./programs.ts";

const FIELDS = ["real", "complex"] as const;

/** A permutation of n points. */
function shuffled(n: number, field: Field, seed: number): Permutation {
  return new Permutation(new Random(seed).permutation(n), field);
}

// ---- Pairs that cancel

Deno.test("an orthogonal or unitary butterfly and its adjoint vanish, in both orders", () => {
  for (const field of FIELDS) {
    for (let levels = 1; levels <= 12; levels++) {
      for (let seed = 0; seed < (levels < 9 ? 10 : 1); seed++) {
        const n = 2 ** levels;
        const map = Butterfly.random(n, { field, init: "orthogonal", seed, increasing: seed % 2 === 0 });
        for (const pair of [product(map.adjoint(), map), product(map, map.adjoint())]) {
          const simple = simplify(pair.program);
          assert.deepEqual(kinds(simple), [], `${field}, n = ${n}, seed ${seed}`);
          if (levels < 8) assertSameMap(simple, pair.program, field === "complex");
        }
      }
    }
  }
  // What is left copies its input.
  const map = Butterfly.random(64, { init: "orthogonal", seed: 3 });
  const x = vectors(new Random(1), 192);
  assert.deepEqual(product(map.adjoint(), map).apply(x), x);
});

Deno.test("a permutation and its transpose vanish, and so does a Fourier transform with its inverse", () => {
  for (const field of FIELDS) {
    for (const n of [1, 2, 7, 64, 1000]) {
      const some = shuffled(n, field, n);
      for (const pair of [product(some, some.transpose()), product(some.transpose(), some)]) {
        assert.deepEqual(kinds(simplify(pair.program)), []);
      }
    }
  }
  for (const increasing of [true, false]) {
    for (const n of [2, 8, 64, 4096]) {
      const reversal = Permutation.bitReversal(n, "complex"), part = fourierButterfly(n, { increasing });
      const transform = increasing ? product(part, reversal) : product(reversal, part);
      for (const pair of [product(transform.adjoint(), transform), product(transform, transform.adjoint())]) {
        assert.deepEqual(kinds(simplify(pair.program)), [], `n = ${n}, increasing ${increasing}`);
      }
    }
  }
});

Deno.test("a pair vanishes from the middle of a product, and what is around it meets", () => {
  const n = 16;
  for (const field of FIELDS) {
    const pair = Butterfly.random(n, { field, init: "orthogonal", seed: 1 });
    // Whether or not the outermost factors of the pair would go with those around it.
    for (const increasing of [true, false]) {
      const [left, right] = [2, 3].map((seed) => Butterfly.random(n, { field, seed, increasing }));
      const long = product(left, pair.adjoint(), pair, right).program, short = product(left, right).program;
      const simple = simplify(long);
      assert.deepEqual(simple.weights, simplify(short).weights);
      assertSameMap(simple, long, field === "complex");
    }
    // Pairs in pairs.
    const other = Butterfly.random(n, { field, init: "orthogonal", seed: 4 });
    const some = shuffled(n, field, 5);
    const nested = product(pair.adjoint(), some.transpose(), other, other.adjoint(), some, pair);
    assert.deepEqual(kinds(simplify(nested.program)), []);
  }
});

Deno.test("butterflies that are not orthogonal do not vanish: only the two factors that meet become one", () => {
  for (const field of FIELDS) {
    const map = Butterfly.random(64, { field, seed: 1 }), pair = product(map.adjoint(), map).program;
    const simple = simplify(pair);
    assert.equal(simple.steps.length, 11);
    assertSameMap(simple, pair, field === "complex");
    for (const batch of [1, 7]) assertRuns(pair, batch, 1e-6 * 12, field);
  }
});

Deno.test("a pair with a bias, a diagonal or a second reader in between does not vanish", () => {
  const n = 16, levels = 4;
  const map = Butterfly.random(n, { init: "orthogonal", seed: 1 }).program, back = map.transpose(false);
  const between = (step: (builder: ProgramBuilder, from: number) => number): Program => {
    const builder = new ProgramBuilder(n);
    return builder.build(builder.append(step(builder, builder.append(0, map)), back));
  };
  const values = weights(new Random(2), n, "real", "normal", 1);
  const biased = between((builder, from) => builder.bias(from, "real", values));
  assert.equal(simplify(biased), biased);
  // The diagonal goes into the two factors that meet; what they make is no identity.
  const scaled = between((builder, from) => builder.diagonal(from, "real", values));
  assert.equal(simplify(scaled).steps.length, 2 * levels - 1);
  const builder = new ProgramBuilder(n);
  const value = builder.append(0, map);
  const read = builder.build(builder.concat([builder.append(value, back), value]));
  assert.equal(simplify(read), read);
  for (const program of [biased, scaled, read]) {
    assertSameMap(simplify(program), program, false);
    assertRuns(program, 3, 1e-6 * 8, kinds(program).join(" "));
  }
});

// ---- Bit reversals

/** The operations of the compiled program that move data about. */
function moves(program: Program): number {
  return compile(program).instructions.filter(({ op }) => op === Op.permute).length;
}

/** Asserts that a program has as many runs with a bit reversal as `reversals` says, in order. */
function assertReversals(
  program: Program,
  reversals: readonly ("before" | "after" | undefined)[],
  left: number,
): void {
  const { steps, output } = simplify(program);
  assert.deepEqual(findRuns(steps, output, true).map(({ reversal }) => reversal), reversals);
  assert.equal(moves(program), left);
}

for (let levels = 4; levels <= 16; levels++) {
  const n = 2 ** levels, tolerance = 1e-6 * levels;
  Deno.test(`a bit reversal costs no pass of its own at n = ${n}, in front of increasing and behind decreasing strides`, () => {
    const shapes = FIELDS.flatMap((field) =>
      ["any", "signs", "twiddles", "scaled"].flatMap((form) =>
        (["before", "after"] as const).map((reversal) => ({ field, form, reversal }))
      )
    );
    for (const [i, { field, form, reversal }] of shapes.entries()) {
      // Large sizes take long to check: there, some shapes at each size.
      if (levels > 12 && i % 5 !== levels % 5) continue;
      const program = butterflyProgram({ n, field, increasing: reversal === "before", form, reversal });
      // Complex factors with real weights become real ones on twice as many points: those have no such passes.
      if (field === "real" || form !== "signs") assertReversals(program, [reversal], 0);
      const label = `${field} ${form}, ${reversal}`;
      for (const batch of levels <= 9 ? [1, 2, 5, 37] : levels <= 12 ? [1, 4] : [1]) {
        assertRuns(program, batch, tolerance, label);
      }
    }
  });
}

Deno.test("a Fourier transform in natural order has no permutation left, for any power of two from 16 on", () => {
  for (const increasing of [true, false]) {
    for (let n = 16; n <= 1024; n *= 2) {
      const part = fourierButterfly(n, { increasing }), reversal = Permutation.bitReversal(n, "complex");
      const program = (increasing ? product(part, reversal) : product(reversal, part)).program;
      assertReversals(program, [increasing ? "before" : "after"], 0);
      // And it is the transform of the definition.
      const x = vectors(new Random(n), 2 * n), y = evaluate(program, x)[program.output];
      for (const k of [0, 1, n / 2, n - 1]) {
        let re = 0, im = 0;
        for (let j = 0; j < n; j++) {
          const angle = -2 * Math.PI * (j * k % n) / n, c = Math.cos(angle), s = Math.sin(angle);
          re += (c * x[2 * j] - s * x[2 * j + 1]) / Math.sqrt(n);
          im += (c * x[2 * j + 1] + s * x[2 * j]) / Math.sqrt(n);
        }
        assertClose([y[2 * k], y[2 * k + 1]], [re, im], 1e-5);
      }
      assertRuns(program, 3, 1e-6 * Math.log2(n), `n = ${n}`);
    }
  }
});

Deno.test("a bit reversal that scatters is one too, and two of them vanish", () => {
  const n = 64, unit = 2, builder = new ProgramBuilder(n * unit), random = new Random(1);
  const make = (d: number): Float32Array => blocks(random, n, d, "complex", "normal", "any", false);
  const value = builder.permutation(0, bitReversal(n), unit, true);
  const once = builder.build(factors(builder, value, n, "complex", strides(n), make));
  assertReversals(once, ["before"], 0);
  assertRuns(once, 5, 6e-6, "scattered");
  const twice = new ProgramBuilder(n * unit);
  const even = twice.build(twice.append(twice.permutation(0, bitReversal(n), unit), once));
  assertReversals(even, [undefined], 0);
  assertRuns(even, 5, 6e-6, "twice");
});

Deno.test("a reversal on the wrong side, of 4 or 8 points, or on both sides, is a permutation of its own", () => {
  for (const field of FIELDS) {
    for (const form of ["any", "signs", "twiddles"]) {
      for (const n of [16, 64, 256]) {
        const shape = { n, field, form };
        const cases = [
          [butterflyProgram({ ...shape, increasing: false, reversal: "before" }), [undefined], 1],
          [butterflyProgram({ ...shape, increasing: true, reversal: "after" }), [undefined], 1],
          [butterflyProgram({ ...shape, increasing: true, reversal: "both" }), ["before"], 1],
          [butterflyProgram({ ...shape, increasing: false, reversal: "both" }), ["after"], 1],
        ] as const;
        for (const [program, reversals, left] of cases) {
          if (field === "real" || form !== "signs") assertReversals(program, reversals, left);
          for (const batch of [1, 6]) {
            assertRuns(program, batch, 1e-6 * Math.log2(n), `${field} ${form} ${n}`);
          }
        }
      }
      for (const n of [4, 8]) {
        for (const reversal of ["before", "after", "both"] as const) {
          for (const increasing of [true, false]) {
            const program = butterflyProgram({ n, field, form, increasing, reversal });
            assert.ok(moves(program) > 0);
            for (const batch of [1, 6]) assertRuns(program, batch, 3e-6, `${field} ${form} ${n}`);
          }
        }
      }
    }
  }
});

Deno.test("permutations that are nearly a bit reversal are not taken for one", () => {
  const n = 64, reversal = [...bitReversal(n)];
  const swapped = reversal.slice();
  [swapped[5], swapped[6]] = [swapped[6], swapped[5]];
  const base4 = Array.from({ length: n }, (_, i) => (i & 3) << 4 | i & 12 | i >> 4);
  const rotated = Array.from({ length: n }, (_, i) => reversal[(i + 1) % n]);
  // That of the two halves, and that of the floats of n/2 complex numbers.
  const halves = [...bitReversal(n / 2)].flatMap((j) => [2 * j, 2 * j + 1]);
  for (const index of [swapped, base4, rotated, halves, new Random(3).permutation(n)]) {
    for (const increasing of [true, false]) {
      const inner = butterflyProgram({ n, field: "real", increasing, form: "any" });
      const builder = new ProgramBuilder(n),
        permute = (from: number): number => builder.permutation(from, Uint32Array.from(index), 1);
      const program = builder.build(
        increasing ? builder.append(permute(0), inner) : permute(builder.append(0, inner)),
      );
      assertReversals(program, [undefined], 1);
      assertRuns(program, 3, 6e-6, "nearly");
    }
  }
  // A reversal of floats in front of complex factors, and of numbers in front of real ones.
  for (const [field, unit] of [["complex", 1], ["real", 2]] as const) {
    const inner = butterflyProgram({ n, field, increasing: true, form: "any" }), width = n * floats(field);
    const builder = new ProgramBuilder(width);
    const value = builder.permutation(0, bitReversal(width / unit), unit);
    const program = builder.build(builder.append(value, inner));
    assertReversals(program, [undefined], 1);
    assertRuns(program, 3, 6e-6, `${field} ${unit}`);
  }
});

Deno.test("a reversal is not absorbed where somebody else reads what it makes or takes, and the result is right", () => {
  const n = 32, reversal = bitReversal(n);
  const front = butterflyProgram({ n, field: "real", increasing: true, form: "any" });
  const behind = butterflyProgram({ n, field: "real", increasing: false, form: "any" });
  const before = new ProgramBuilder(n), permuted = before.permutation(0, reversal, 1);
  const after = new ProgramBuilder(n), value = after.append(0, behind);
  const last = after.permutation(value, reversal, 1);
  for (
    const program of [
      before.build(before.concat([before.append(permuted, front), permuted])),
      after.build(after.concat([last, value])),
      after.build(value),
    ]
  ) {
    assert.deepEqual(findRuns(program.steps, program.output, true).map((run) => run.reversal), [undefined]);
    for (const batch of [1, 5]) assertRuns(program, batch, 5e-6, kinds(program).join(" "));
  }
  // Two butterflies that read one reversal, and a reversal between two that both could take.
  const two = new ProgramBuilder(n), shared = two.permutation(0, reversal, 1);
  const both = two.build(two.add([two.append(shared, front), two.append(shared, front)]));
  assertReversals(both, [undefined, undefined], 1);
  const row = new ProgramBuilder(n);
  const middle = row.build(row.append(row.permutation(row.append(0, behind), reversal, 1), front));
  assertReversals(middle, ["after", undefined], 0);
  // The value that it takes may be read again: it stays where it is.
  const input = new ProgramBuilder(n);
  const sum = input.build(input.add([input.append(input.permutation(0, reversal, 1), front), 0]));
  assertReversals(sum, ["before"], 0);
  for (const program of [both, middle, sum]) assertRuns(program, 5, 1e-5, kinds(program).join(" "));
});

Deno.test("a reversal next to part of a butterfly, or to more than one, gives the right result", () => {
  const n = 32, random = new Random(1);
  const orders = [
    [1, 2, 4, 8],
    [2, 4, 8, 16],
    [1, 2, 4, 16, 8],
    [...strides(n), ...strides(n)],
    [...strides(n), ...strides(n, false)],
    [...strides(n, false), ...strides(n)],
  ];
  for (const field of FIELDS) {
    for (const order of orders) {
      const unit = floats(field), builder = new ProgramBuilder(n * unit);
      const value = builder.permutation(0, bitReversal(n), unit);
      const end = factors(
        builder,
        value,
        n,
        field,
        order,
        (d) => blocks(random, n, d, field, "normal", "any", false),
      );
      const program = builder.build(builder.permutation(end, bitReversal(n), unit));
      for (const batch of [1, 5]) assertRuns(program, batch, 1e-6 * order.length, `${field}, ${order}`);
    }
  }
});

Deno.test("absorbed reversals work in place and into a part of a longer value", () => {
  for (const field of FIELDS) {
    for (const reversal of ["before", "after"] as const) {
      for (const n of [16, 256]) {
        const program = butterflyProgram({
          n,
          field,
          increasing: reversal === "before",
          form: "any",
          reversal,
        });
        const width = program.inputWidth, batch = 5, x = vectors(new Random(1), batch * width);
        for (const machine of machines) {
          const want = new Float32Array(x.length), own = x.slice();
          new Executable(program, machine).apply(x, want, batch);
          new Executable(program, machine).apply(own, own, batch);
          assert.deepEqual(own, want);
        }
        const builder = new ProgramBuilder(width), one = builder.append(0, program);
        const parts = builder.build(
          builder.concat([builder.append(one, program), builder.append(0, program), 0]),
        );
        assertRuns(parts, batch, 2e-6 * Math.log2(n), `${field} ${reversal} ${n}`);
      }
    }
  }
});

// ---- Runs and passes

Deno.test("passes take each factor of a run once, in order, and never hold more registers than there are", () => {
  const shape = fc.record({
    levels: fc.integer({ min: 1, max: 6 }),
    odd: fc.constantFrom(1, 3, 5),
    field: fc.constantFrom(...FIELDS),
    picks: fc.array(fc.nat(100), { minLength: 1, maxLength: 14 }),
    sharing: fc.constantFrom<Sharing>("rows", "narrow", "wide", "widest"),
    ordered: fc.constantFrom("up", "down", "any"),
  });
  fc.assert(
    fc.property(shape, ({ levels, odd, field, picks, sharing, ordered }) => {
      const n = odd * 2 ** (levels + 1), unit = floats(field);
      const possible = Array.from({ length: n }, (_, i) => i + 1).filter((d) => n % (2 * d) === 0);
      const order = picks.map((pick, i) => {
        const at = i % possible.length;
        return possible[
          ordered === "any" ? pick % possible.length : ordered === "up" ? at : possible.length - 1 - at
        ];
      });
      const builder = new ProgramBuilder(n * unit);
      const program = builder.build(
        factors(builder, 0, n, field, order, () => new Float32Array(2 * n * unit)),
      );
      const runs = findRuns(program.steps, program.output, true);
      let next = 0;
      for (const run of runs) {
        assert.ok(run.first >= next && run.length === run.factors.length);
        assert.deepEqual(run.factors, program.steps.slice(run.first, run.first + run.length));
        let factor = 0;
        for (const { kind, first, count, lanes, strides } of planPasses(run, sharing)) {
          assert.equal(first, factor);
          const taken: number[] = run.factors.slice(first, first + count).map((f) => f.pattern.d);
          const want = lanes === 1 ? [1, 2, ...strides] : lanes === 2 ? [...strides, 2, 1] : strides;
          assert.deepEqual(taken, want);
          const most = kind === "lane"
            ? 1
            : field === "complex" || sharing === "rows"
            ? 2
            : sharing === "narrow"
            ? 3
            : 4;
          assert.ok(strides.length >= 1 && strides.length <= most);
          assert.equal(kind === "lane", strides[0] <= 2 && lanes === 0);
          factor += count;
        }
        assert.equal(factor, run.factors.length);
        next = run.first + run.length;
      }
      // What is left over has an odd number of blocks or of copies, in which four lanes do not fit.
      const left = program.steps.filter((_, i) =>
        !runs.some((run) => i >= run.first && i < run.first + run.length)
      );
      for (const step of left) {
        assert.ok(step.kind === "factor");
        const { a, d } = step.pattern;
        assert.ok(d % 4 !== 0 && !(d <= 2 && (2 * a * d) % 4 === 0) || a * d % 2 !== 0);
      }
    }),
    { seed: 44, numRuns: 500 },
  );
});
