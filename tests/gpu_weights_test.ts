import assert from "node:assert/strict";
import { type Blocks, blocksOf } from "../src/gpu/forms.ts";
import { fromHalf, halves, NEGATIVE, packed, ZERO } from "../src/gpu/weights.ts";
import { float16ToFloat32 } from "../src/io/half.ts";
import { Random } from "../src/program/random.ts";
import type { FactorStep, Field } from "../src/program/step.ts";
import { assertClose } from "./helpers.ts";
import { evaluate } from "./oracle.ts";
import { blocks, vectors } from "./programs.ts";
import { ProgramBuilder } from "../src/program/program.ts";

Deno.test("every half survives the way to float32 and back", () => {
  const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits), wide = float16ToFloat32(all);
  const words = halves(wide), back = new Uint16Array(words.buffer);
  all.forEach((bits) => {
    assert.ok(Object.is(fromHalf(bits), wide[bits]), `half ${bits}`);
    if (!Number.isNaN(wide[bits])) assert.equal(back[bits], bits);
    else assert.ok(Number.isNaN(fromHalf(back[bits])));
  });
});

Deno.test("numbers between two halves go to the nearer one, and to the even one from the middle", () => {
  const all = float16ToFloat32(Uint16Array.from({ length: 0x7c00 }, (_, bits) => bits));
  for (let bits = 0; bits + 1 < all.length; bits++) {
    const [low, high] = [all[bits], all[bits + 1]], middle = (low + high) / 2;
    const values = Float32Array.of(
      middle,
      low + (middle - low) * 0.99,
      high - (high - middle) * 0.99,
      -middle,
    );
    const words = new Uint16Array(halves(values).buffer), even = bits % 2 === 0 ? bits : bits + 1;
    assert.deepEqual([...words], [even, bits, bits + 1, even | 0x8000]);
  }
  const most = new Uint16Array(halves(Float32Array.of(65519, 65520, 1e30, -Infinity)).buffer);
  assert.deepEqual([...most], [0x7bff, 0x7c00, 0x7c00, 0xfc00]);
});

Deno.test("packed weights come from several arrays, with signs and zeros", () => {
  const sources = [Float32Array.of(1, 2), Float32Array.of(3)];
  const index = Uint32Array.of(2, (1 | NEGATIVE) >>> 0, ZERO, 0);
  assert.deepEqual([...packed({ sources, index })], [3, -2, 0, 1]);
});

/** What formed blocks make of a vector, as the kernels do it. */
function applied(factors: readonly FactorStep[], formed: readonly Blocks[], x: Float64Array): Float64Array {
  let values = x;
  factors.forEach(({ pattern: { a, d }, field }, k) => {
    const unit = field === "complex" ? 2 : 1,
      { form, values: w } = formed[k],
      y = new Float64Array(values.length);
    const many = { general: 4, unit: 2, twiddles: 1, signs: 0 }[form];
    const times = (block: number, e: number, p: number): number[] => {
      const at = (block * many + e) * unit, re = values[p * unit];
      if (unit === 1) return [w[at] * re];
      const im = values[p * unit + 1];
      return [w[at] * re - w[at + 1] * im, w[at] * im + w[at + 1] * re];
    };
    const own = (p: number): number[] => [...values.subarray(p * unit, (p + 1) * unit)];
    const put = (p: number, one: number[], other: number[], sign = 1): void => {
      one.forEach((v, i) => y[p * unit + i] = v + sign * other[i]);
    };
    for (let block = 0; block < a * d; block++) {
      const p = Math.floor(block / d) * 2 * d + block % d, q = p + d;
      if (form === "general") {
        put(p, times(block, 0, p), times(block, 1, q));
        put(q, times(block, 2, p), times(block, 3, q));
      } else if (form === "unit") {
        put(p, own(p), times(block, 0, q));
        put(q, own(q), times(block, 1, p));
      } else {
        const other = form === "twiddles" ? times(block, 0, q) : own(q);
        put(p, own(p), other);
        put(q, own(p), other, -1);
      }
    }
    values = y;
  });
  return values;
}

Deno.test("factors in cheaper forms compute the same, and each kind of block takes the form made for it", () => {
  const expected: Record<string, string> = {
    any: "unit",
    signs: "signs",
    twiddles: "twiddles",
    scaled: "twiddles",
    zeros: "general",
  };
  for (const field of ["real", "complex"] as Field[]) {
    for (const form of ["any", "signs", "twiddles", "scaled", "nearly", "zeros"]) {
      for (const spoilt of [false, true]) {
        const random = new Random(7),
          n = 16,
          unit = field === "complex" ? 2 : 1,
          builder = new ProgramBuilder(n * unit);
        let value = 0;
        const factors = [1, 2, 4, 8].map((d): FactorStep => {
          const weights = blocks(random, n, d, field, form === "zeros" ? "zeros" : "normal", form, spoilt);
          const pattern = { a: n / (2 * d), b: 2, c: 2, d };
          const step: FactorStep = { kind: "factor", from: value, pattern, field, weights };
          value = builder.step(step);
          return step;
        });
        const x = vectors(random, n * unit), program = builder.build(value);
        const formed = blocksOf(factors);
        const got = applied(factors, formed, Float64Array.from(x)), label = `${field} ${form} ${spoilt}`;
        assertClose(got, evaluate(program, x)[value], 1e-6, label);
        // Half precision: only forms whose numbers halves can hold.
        assertClose(applied(factors, blocksOf(factors, "f16"), Float64Array.from(x)), got, 1e-6, label);
        if (spoilt || form === "nearly" || (form === "twiddles" && unit === 1)) continue;
        if (form === "scaled" && unit === 1) continue;
        if (form === "zeros") assert.ok(formed.some((f) => f.form === expected[form]), label);
        else assert.equal(formed[1].form, expected[form], label);
      }
    }
  }
});
