import { deepEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { fromMonarch, toMonarch } from "../src/kaleidoscope/monarch.ts";
import { Chain } from "../src/operator/chain.ts";
import { butterflyPatterns, monarchPatterns } from "../src/operator/pattern.ts";
import { Random } from "../src/program/random.ts";
import { type Field, floats } from "../src/program/step.ts";
import { assertClose, machines, runOn } from "./helpers.ts";

const few = fc.integer({ min: 1, max: 6 });

Deno.test("monarch: block-diagonal pairs act as blockdiag_butterfly_multiply does, and are found again", () => {
  fc.assert(
    fc.property(
      few,
      few,
      few,
      few,
      few,
      fc.constantFrom<Field>("real", "complex"),
      (k, q, p, s, pick, field) => {
        const unit = floats(field), divisors = [1, 2, 3, 4, 5, 6].filter((v) => (k * q) % v === 0);
        const l = divisors[pick % divisors.length], r = k * q / l, random = new Random(k + 10 * q);
        const draw = (length: number): Float32Array =>
          Float32Array.from({ length: length * unit }, () => random.normal());
        const first = draw(k * q * p), second = draw(l * s * r), x = draw(k * p);
        // The reference: einsum("kqp,kp->kq"), then [k q] read as [r l], einsum("lsr,lr->sl").
        const h = new Float64Array(k * q * unit), y = new Float64Array(l * s * unit);
        const madd = (
          to: Float64Array,
          at: number,
          w: Float32Array,
          i: number,
          v: ArrayLike<number>,
          j: number,
        ): void => {
          if (unit === 1) to[at] += w[i] * v[j];
          else {
            to[2 * at] += w[2 * i] * v[2 * j] - w[2 * i + 1] * v[2 * j + 1];
            to[2 * at + 1] += w[2 * i] * v[2 * j + 1] + w[2 * i + 1] * v[2 * j];
          }
        };
        for (let i = 0; i < k * q * p; i++) {
          madd(
            h,
            Math.floor(i / p),
            first,
            i,
            x,
            Math.floor(i / (q * p)) * p + i % p,
          );
        }
        for (let i = 0; i < l * s * r; i++) {
          const lambda = Math.floor(i / (s * r)), sigma = Math.floor(i / r) % s, rho = i % r;
          madd(y, sigma * l + lambda, second, i, h, rho * l + lambda);
        }
        const weights = { first, firstShape: [k, q, p], second, secondShape: [l, s, r] } as const;
        const map = fromMonarch(weights, field);
        for (const machine of machines) {
          assertClose(
            runOn(machine, map, x, y.length, 1),
            y,
            1e-5,
            machine.name,
          );
        }
        const back = toMonarch(map);
        deepEqual([[...back.first], [...back.second]], [[...first], [...second]]);
        deepEqual([back.firstShape, back.secondShape], [[k, q, p], [l, s, r]]);
      },
    ),
    { seed: 1, numRuns: 60 },
  );
});

Deno.test("monarch: the preset has that form", () => {
  const { firstShape, secondShape } = toMonarch(Chain.random(monarchPatterns(24, 36), { seed: 1 }));
  deepEqual([firstShape, secondShape], [[6, 6, 6], [6, 4, 6]]);
});

Deno.test("monarch: pairs that do not meet and chains of another form are refused in a sentence", () => {
  const eight = new Float32Array(8), shape = [2, 2, 2] as const;
  throws(
    () => fromMonarch({ first: eight, firstShape: shape, second: eight, secondShape: [1, 8, 1] }),
    /the first blocks 2×2×2 have 4 outputs, the second ones 1×8×1 have 1 inputs/,
  );
  throws(
    () => fromMonarch({ first: eight, firstShape: [2, 2, 3], second: eight, secondShape: shape }),
    /expected 12 floats of first, got 8/,
  );
  throws(
    () =>
      fromMonarch({ first: eight.map(() => Infinity), firstShape: shape, second: eight, secondShape: shape }),
    /first\[0\] is Infinity/,
  );
  const flat = [2, 4] as unknown as [number, number, number];
  throws(() => fromMonarch({ first: eight, firstShape: flat, second: eight, secondShape: shape }), TypeError);
  throws(() => toMonarch(Chain.random(butterflyPatterns(8), { seed: 1 })), /expected factors \(k, q, p, 1\)/);
});
