import assert from "node:assert/strict";
import { fourierButterfly } from "../src/kaleidoscope/fourier.ts";
import type { Form } from "../src/kernels/record.ts";
import { Permutation } from "../src/operator/permutation.ts";
import { product } from "../src/operator/product.ts";
import { type PackedPass, packRun } from "../src/program/pack.ts";
import { Executable } from "../src/program/executable.ts";
import { type Program, ProgramBuilder } from "../src/program/program.ts";
import { Random } from "../src/program/random.ts";
import { simplify } from "../src/program/simplify.ts";
import { type Field, floats } from "../src/program/step.ts";
import {
  assertEachEntry,
  assertRuns,
  butterflyProgram,
  factors,
  hadamard,
  made,
  onlyRun,
  strides,
} from "./chains.ts";
import { machines } from "./helpers.ts";
import { assertRounded, evaluateBatch, roundings } from "./oracle.ts";
import { vectors, weights } from "./programs.ts";

const FIELDS = ["real", "complex"] as const;

/** The packed passes of a program that is a single run once it is simplified, for one vector or for a batch. */
function packed(program: Program, batch = false): PackedPass[] {
  return packRun(onlyRun(simplify(program)), batch ? "rows" : "vector");
}

/** The forms of those passes, a "·" behind those that a diagonal follows. */
function forms(program: Program): string[] {
  return packed(program).map(({ form, scaled }) => form + (scaled ? "·" : ""));
}

/** Normal weights, those on the diagonals times `scale(stride, block)`. */
function scaledDiagonals(
  n: number,
  field: Field,
  order: readonly number[],
  scale: (stride: number, delta: number, block: number) => number,
): Program {
  const random = new Random(n);
  return made(n, field, order, (stride, beta, gamma, delta, block) => {
    const factor = beta === gamma ? scale(stride, delta, block) : 1;
    return [random.normal() * factor, random.normal() * factor];
  });
}

Deno.test("each kind of blocks gets the cheapest form that it allows", () => {
  for (const n of [16, 64, 512]) {
    for (const increasing of [true, false]) {
      const reversal = increasing ? "before" : "after";
      const of = (field: Field, form: string, absorbed: boolean): string[] =>
        forms(butterflyProgram({ n, field, increasing, form, reversal: absorbed ? reversal : undefined }));
      const all = (found: string[], form: Form): void => {
        assert.ok(found.every((one) => one.replace("·", "") === form), `${found}`);
      };
      for (const field of FIELDS) {
        for (const form of ["any", "nearly"]) {
          for (const absorbed of [true, false]) all(of(field, form, absorbed), "unit");
        }
      }
      all(of("real", "signs", false), "signs");
      // Nothing is left to scale.
      assert.ok(of("real", "signs", false).every((form) => form === "signs"));
      all(of("complex", "twiddles", true), "twiddles");
      // Where lanes are paired in place there are no kernels for twiddles: those passes have unit diagonals.
      const natural = of("complex", "twiddles", false).map((form) => form.replace("·", ""));
      assert.equal(natural.filter((form) => form === "unit").length, 1);
      assert.ok(natural.every((form) => form === "unit" || form === "twiddles"));
      assert.equal(natural.indexOf("unit"), increasing ? 0 : natural.length - 1);
      // One block of another form, and its pass has unit diagonals; the others still need no weights.
      const builder = new ProgramBuilder(n), plain = hadamard(n, increasing);
      const spoilt = plain.weights.map((w) => w.slice());
      spoilt[1][3] = 0.5;
      const value = factors(builder, 0, n, "real", strides(n, increasing), (_, i) => spoilt[i]);
      const passes = packed(builder.build(value));
      const own = passes.find(({ pass }) => pass.first <= 1 && 1 < pass.first + pass.count);
      assert.equal(own?.form, "unit");
      assert.ok(passes.every(({ form }) => form === "unit" || form === "signs"));
    }
  }
});

Deno.test("a scale of 1 + i is applied like any other", () => {
  const n = 16;
  for (const d of [4, 1]) {
    // Unit diagonals leave 1 or 1 + i.
    const order = d === 4 ? [4] : strides(n);
    const unit = made(
      n,
      "complex",
      order,
      (
        stride,
        beta,
        gamma,
        delta,
      ) => [
        beta === gamma ? 1 : 0.5,
        beta === gamma && stride === order[order.length - 1] && delta === 0 ? 1 : 0,
      ],
    );
    // Twiddles do too: both rows of each block times 1 + i.
    const paired = made(n, "complex", order, (stride, beta, gamma) => {
      const sign = beta + gamma === 2 ? -1 : 1;
      return [sign, stride === order[order.length - 1] ? sign : 0];
    });
    for (const program of [unit, paired]) {
      assert.ok(packed(program).at(-1)?.scaled);
      assertEachEntry(program, true, 3, `${order}`);
    }
  }
});

Deno.test("the Fourier transform takes one complex product for two outputs, and equal weights are kept once", () => {
  for (let n = 16; n <= 4096; n *= 4) {
    const program = product(fourierButterfly(n), Permutation.bitReversal(n, "complex")).program;
    const passes = packed(program);
    assert.ok(passes.every(({ form }) => form === "twiddles"));
    // The scale of the unitary transform is left for the last pass.
    assert.deepEqual(passes.map(({ scaled }) => scaled), passes.map((_, i) => i === passes.length - 1));
    // Without sharing it would be n·log₂n floats of w; the first passes have a few different ones only.
    const first = passes[0];
    if (n > 16) assert.ok(first.weights.length <= n / 2, `${first.weights.length} floats at n = ${n}`);
    for (const batch of [1, 5]) assertRuns(program, batch, 1e-6 * Math.log2(n), `n = ${n}`);
  }
});

Deno.test("blocks of twiddles that only look the same to a hash are told apart", () => {
  // Words are hashed as h ← (h ^ word)·0x01000193: another first word can be made up for by the second.
  const bits = new Uint32Array(1), float = new Float32Array(bits.buffer);
  const word = (value: number): number => (float[0] = value, bits[0]);
  let other: number[] | undefined;
  for (let first = 1.25; other === undefined; first += 2 ** -20) {
    bits[0] = word(1) ^ Math.imul(word(1), 0x01000193) ^ Math.imul(word(first), 0x01000193);
    if (Math.abs(float[0]) > 0.5 && Math.abs(float[0]) < 2) other = [first, float[0], 1, 1];
  }
  const program = made(16, "complex", [4], (_, beta, gamma, delta, block) => {
    const w = [block === 1 ? other[delta] : 1, 0.5];
    return gamma === 0 ? [1, 0] : beta === 0 ? w : [-w[0], -w[1]];
  });
  assert.deepEqual(forms(program), ["twiddles"]);
  assertEachEntry(program, true, 2, "colliding");
});

Deno.test("a Hadamard transform has no weights, and is right at all sizes, in both orders and all batches", () => {
  for (let n = 2; n <= 2 ** 14; n *= 2) {
    for (const increasing of [true, false]) {
      const plain = hadamard(n, increasing), normalised = hadamard(n, increasing, Math.SQRT1_2);
      if (n >= 8) {
        const passes = packed(plain);
        assert.ok(passes.every(({ form, weights }) => form === "signs" && weights.length === 0));
        assert.ok(packed(plain, true).every(({ form, weights }) => form === "signs" && weights.length === 0));
        assert.equal(passes.reduce((sum, { pass }) => sum + pass.count, 0), Math.log2(n));
        const last = packed(normalised).map(({ form, weights }) => [form, weights.length]);
        assert.deepEqual(last, passes.map((_, i) => ["signs", i === passes.length - 1 ? n : 0]));
      }
      for (const batch of n <= 1024 ? [1, 2, 3, 4, 5, 8, 17] : [1, 4]) {
        const label = `n = ${n}, increasing ${increasing}`, tolerance = 1e-6 * Math.log2(n);
        assertRuns(plain, batch, tolerance, label);
        if (batch <= 4) assertRuns(normalised, batch, tolerance, `normalised, ${label}`);
      }
    }
  }
});

Deno.test("small integers come out of a Hadamard transform exactly", () => {
  for (let n = 2; n <= 4096; n *= 4) {
    const x = Float32Array.from({ length: 3 * n }, (_, i) => (i * 7) % 11 - 5);
    for (const increasing of [true, false]) {
      const program = hadamard(n, increasing), { y } = evaluateBatch(program, x, 3, false);
      for (const machine of machines) {
        const out = new Float32Array(y.length);
        new Executable(program, machine).apply(x, out, 3);
        assert.deepEqual([...out], [...y]);
      }
    }
  }
});

Deno.test("64 and 4096 real points take passes of 16 registers in either order of strides, and they are right", () => {
  for (const n of [64, 4096]) {
    for (const increasing of [true, false]) {
      const program = butterflyProgram({ n, field: "real", increasing, form: "any" });
      const passes = packed(program);
      assert.ok(passes.some(({ pass }) => pass.strides.length === 4));
      assert.ok(passes.every(({ form }) => form === "unit"));
      for (const batch of [1, 2, 3, 4, 5, 16, 33]) {
        assertRuns(program, batch, 1e-6 * Math.log2(n), `n = ${n}`);
      }
      assertEachEntry(program, false, 2, `n = ${n}`);
    }
  }
});

Deno.test("every size and batch of every form is right, where rows share weights and where they do not", () => {
  for (const field of FIELDS) {
    for (const form of ["any", "signs", "twiddles", "scaled", "nearly"]) {
      for (let n = 4; n <= 2048; n *= 2) {
        for (const increasing of [true, false]) {
          const program = butterflyProgram({ n, field, increasing, form, seed: n });
          const batches = n <= 64
            ? [1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 64, 65]
            : n <= 512
            ? [1, 4, 7, 64]
            : [1, 5];
          for (const batch of batches) {
            assertRuns(program, batch, 1e-6 * Math.log2(n), `${field} ${form} ${n}`);
          }
        }
      }
    }
  }
});

for (const n of [64, 1024, 4096, 16384]) {
  Deno.test(`a zero on a diagonal makes its pass general and no other, and the result is right, at n = ${n}`, () => {
    const levels = Math.log2(n);
    for (const field of FIELDS) {
      for (const increasing of [true, false]) {
        const order = strides(n, increasing), where = n === 64 ? order : [1, 2, 4, n / 8, n / 2];
        for (const zero of where) {
          const program = scaledDiagonals(
            n,
            field,
            order,
            (stride, delta, block) => stride === zero && delta === 0 && block === 0 ? 0 : 1,
          );
          const passes = packed(program), at = order.indexOf(zero);
          const general = passes.filter(({ form }) => form === "general");
          assert.equal(general.length, 1, `stride ${zero}`);
          const { first, count } = general[0].pass;
          assert.ok(first <= at && at < first + count);
          assert.ok(passes.every(({ form }) => form === "general" || form === "unit"));
          // What is pending before the general pass is applied there.
          const index = passes.indexOf(general[0]);
          if (index > 0) assert.ok(passes[index - 1].scaled);
          const label = `${field}, zero in the factor of stride ${zero}, n = ${n}`;
          assertRuns(program, 1, 1e-6 * levels, label);
          if (n <= 1024) { for (const batch of [4, 7]) assertRuns(program, batch, 1e-6 * levels, label); }
          if (n <= 1024 || zero === 4) assertEachEntry(program, field === "complex", 1, label);
        }
      }
    }
  });

  Deno.test(`zeros on many diagonals, and factors that only swap, are right at n = ${n}`, () => {
    const levels = Math.log2(n);
    for (const field of FIELDS) {
      const complex = field === "complex";
      for (const increasing of [true, false]) {
        const order = strides(n, increasing), random = new Random(7);
        const many = scaledDiagonals(n, field, order, () => random.uniform() < 0.2 ? 0 : 1);
        const swaps = made(n, field, order, (_, beta, gamma) => [beta === gamma ? 0 : 1, 0]);
        const some = made(
          n,
          field,
          order,
          (stride, beta, gamma, delta) => [(beta === gamma) === ((delta + stride) % 3 === 0) ? 0 : 2, 0],
        );
        // The last factor leaves nothing at all.
        const nothing = made(n, field, order, (stride) => [stride === order[levels - 1] ? 0 : 1, 0]);
        for (const program of [many, swaps, some, nothing]) {
          const label = `${field}, n = ${n}`;
          for (const batch of n <= 1024 ? [1, 5] : [1]) assertRuns(program, batch, 1e-6 * levels, label);
          if (n <= 1024) assertEachEntry(program, complex, 1, label);
        }
        // A butterfly of swaps alone takes each element to the other end.
        const x = vectors(new Random(3), n * floats(field)), out = new Float32Array(x.length);
        new Executable(swaps).apply(x, out, 1);
        const numbers = Array.from(
          { length: n },
          (_, k) => [...x.subarray(k * floats(field), (k + 1) * floats(field))],
        );
        assert.deepEqual([...out], numbers.reverse().flat());
      }
    }
  });
}

Deno.test("one factor has unit diagonals as long as they stay within 2^±40, and so do their partners", () => {
  const n = 16, d = 4, up = 1 + 2 ** -23, down = 1 - 2 ** -24;
  const cases: [own: number, partner: number, form: string][] = [
    [1, 1, "unit"],
    [1, 0, "unit"],
    [3, 2 ** -120, "unit·"],
    [2 ** 40, 1, "unit·"],
    [2 ** 40 * up, 1, "general"],
    [-(2 ** 40), 1, "unit·"],
    [2 ** -40, 1, "unit·"],
    [2 ** -40 * down, 2 ** -40, "general"],
    [1e-30, 1e-30, "general"],
    [1, 2 ** 40, "unit"],
    [1, -(2 ** 40) * up, "general"],
    [2 ** -20, 2 ** 20, "unit·"],
    [2 ** -20, 2 ** 20 * up, "general"],
    [0, 1, "general"],
    [NaN, 1, "general"],
    [1, NaN, "general"],
    [Infinity, 1, "general"],
    [1, Infinity, "general"],
  ];
  for (const field of FIELDS) {
    for (const [own, partner, form] of cases) {
      // One block of many: the others would allow any form but ±1.
      const program = made(
        n,
        field,
        [d],
        (_, beta, gamma, delta, block) => [
          beta === gamma
            ? (delta === 1 && block === 1 && beta === 0 ? own : 1)
            : (delta === 1 && block === 1 && beta === 0 ? partner : 0.5),
          0,
        ],
      );
      // (Complex ones with real weights would become real: one of them is not.)
      if (field === "complex") program.weights[0][2 * (2 * n - 1) + 1] = 1;
      const found = forms(program);
      const scaled = field === "complex" && form === "unit" ? "unit·" : form;
      assert.deepEqual(found, [scaled], `${field}, ${own} beside ${partner}`);
      if (Number.isFinite(own) && Number.isFinite(partner)) {
        assertEachEntry(program, field === "complex", 2, `${field}, ${own} beside ${partner}`);
      }
    }
  }
});

Deno.test("blocks of ±1 need no weights up to a common size of 2^±40", () => {
  for (
    const [size, form] of [[2 ** 40, "signs·"], [2 ** 41, "general"], [2 ** -40, "signs·"], [
      2 ** -41,
      "general",
    ]]
  ) {
    const program = hadamard(8, true, 1);
    for (const w of program.weights.slice(0, 1)) w.forEach((v, k) => w[k] = v * Number(size));
    assert.deepEqual(forms(program), [form]);
    assertEachEntry(program, false, 2, `${size}`);
  }
});

Deno.test("scales that grow from factor to factor are brought back before they leave 2^±40", () => {
  for (const field of FIELDS) {
    for (const power of [7.9, 8, 13, 13.4, 39, -8, -13.4]) {
      for (const n of [32, 256, 1024]) {
        for (const increasing of [true, false]) {
          // Partners of the same size, so that what is left is ordinary.
          const random = new Random(n), size = 2 ** power;
          const program = made(
            n,
            field,
            strides(n, increasing),
            () => [random.normal() * size, random.normal() * size],
          );
          // As large an input as keeps the result in range.
          const total = power * Math.log2(n);
          const batch = 2,
            x = vectors(new Random(1), batch * program.inputWidth).map((v) => v * 2 ** -(total / 2));
          if (Math.abs(total) / 2 > 100) continue;
          const { y, bound } = evaluateBatch(program, x, batch, field === "complex");
          for (const machine of machines) {
            const out = new Float32Array(y.length);
            new Executable(program, machine).apply(x, out, batch);
            assertRounded(out, y, bound, roundings(program), `2^${power}, n = ${n}, ${machine.name}`);
          }
        }
      }
    }
  }
  // Five factors of 2^8 in the first pass make 2^40: the second pass starts anew.
  const fresh = scaledRun(256, 8), far = scaledRun(256, 4);
  assert.deepEqual(fresh, ["unit·", "unit·"]);
  // Of 2^4 each there is room for all eight.
  assert.deepEqual(far, ["unit", "unit·"]);
});

/** The forms of a real butterfly whose diagonals are all 2^power. */
function scaledRun(n: number, power: number): string[] {
  return forms(made(n, "real", strides(n), (_, beta, gamma) => [beta === gamma ? 2 ** power : 3, 0]));
}

Deno.test("weights over 24 powers of ten keep the accuracy of each entry at all sizes", () => {
  for (const field of FIELDS) {
    for (const n of [8, 64, 1024, 4096]) {
      for (const increasing of [true, false]) {
        const random = new Random(n + 1), builder = new ProgramBuilder(n * floats(field));
        const scales = Array.from(
          { length: Math.log2(n) + 1 },
          (_, i) => Array.from({ length: n }, () => i === 0 ? 1 : 10 ** (12 * random.uniform() - 6)),
        );
        const value = factors(builder, 0, n, field, strides(n, increasing), (d, i) => {
          const w = weights(random, 2 * n, field, "zeros", 1), unit = floats(field);
          for (let k = 0; k < 2 * n; k++) {
            const first = Math.floor(k / (4 * d)) * 2 * d + k % d;
            const row = first + Math.floor(k / (2 * d)) % 2 * d, column = first + Math.floor(k / d) % 2 * d;
            for (let part = 0; part < unit; part++) {
              w[k * unit + part] *= scales[i + 1][row] / scales[i][column];
            }
          }
          return w;
        });
        assertEachEntry(builder.build(value), field === "complex", 2, `${field}, n = ${n}`);
      }
    }
  }
});
