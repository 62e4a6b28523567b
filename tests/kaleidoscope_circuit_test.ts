import assert from "node:assert/strict";
import fc from "fast-check";
import { circuit, CircuitBuilder, type Gate, type Scalar } from "../src/kaleidoscope/circuit.ts";
import type { Product } from "../src/operator/product.ts";
import { Random } from "../src/program/random.ts";
import { assertClose, machines, runOn } from "./helpers.ts";
import { vectors } from "./programs.ts";

const fields = ["real", "complex"] as const;
type Complex = [number, number];

/** The values of a circuit from their definition, for one vector. */
function evaluate(gates: readonly Gate[], x: Complex[], outputs: readonly number[]): Complex[] {
  const known = new Map<number, Complex>(x.map((v, i) => [i, v]));
  const value = (i: number): Complex => {
    const found = known.get(i);
    if (found) return found;
    const gate = gates[i - x.length];
    let result: Complex = [0, 0];
    if ("add" in gate) {
      for (const of of gate.add) result = [result[0] + value(of)[0], result[1] + value(of)[1]];
    } else {
      const [a, b] = value(gate.scale), [c, d] = typeof gate.by === "number" ? [gate.by, 0] : gate.by;
      result = [a * c - b * d, a * d + b * c];
    }
    known.set(i, result);
    return result;
  };
  return outputs.map(value);
}

Deno.test("circuits of any gates calculate what their gates say", () => {
  const shape = fc.record({
    inputs: fc.integer({ min: 1, max: 6 }),
    count: fc.integer({ min: 0, max: 25 }),
    outs: fc.integer({ min: 1, max: 8 }),
    seed: fc.nat(9999),
  });
  fc.assert(
    fc.property(shape, fc.constantFrom(...fields), ({ inputs, count, outs, seed }, field) => {
      const random = new Random(seed), unit = field === "complex" ? 2 : 1, all = inputs + count;
      // Gates stand in any order: `place` says where the gate number i of an order without forward uses stands.
      const place = random.permutation(count);
      const name = (i: number): number => i < inputs ? i : inputs + place[i - inputs];
      const gates: Gate[] = new Array(count);
      for (let i = 0; i < count; i++) {
        const some = (): number => name(random.integer(inputs + i));
        const by: Scalar = unit === 2 ? [random.normal(), random.normal()] : random.normal();
        gates[place[i]] = random.integer(3) === 0
          ? { scale: some(), by }
          : { add: Array.from({ length: random.integer(4) }, some) };
      }
      const outputs = Array.from({ length: outs }, () => random.integer(all));
      const map = circuit({ inputs, gates, outputs, field });
      assert.deepEqual([map.rows, map.cols, map.field], [outs, inputs, field]);
      const x = vectors(random, inputs * unit);
      const numbers = Array.from(
        { length: inputs },
        (_, i): Complex => [x[i * unit], unit === 2 ? x[2 * i + 1] : 0],
      );
      const want = evaluate(gates, numbers, outputs).flatMap((v) => v.slice(0, unit));
      for (const machine of machines) {
        assertClose(runOn(machine, map, x, want.length, 1), want, 1e-4, `${machine.name}, seed ${seed}`);
      }
    }),
    { seed: 59, numRuns: 60 },
  );
});

Deno.test("a fast Fourier transform written gate by gate is one", () => {
  const n = 8, builder = new CircuitBuilder(n, "complex");
  const transform = (values: number[]): number[] => {
    if (values.length === 1) return values;
    const even = transform(values.filter((_, i) => i % 2 === 0)), half = even.length;
    const odd = transform(values.filter((_, i) => i % 2 === 1)).map((v, k) => {
      const angle = -Math.PI * k / half;
      return builder.scale(v, [Math.cos(angle), Math.sin(angle)]);
    });
    const low = even.map((v, k) => builder.add(v, odd[k]));
    return [...low, ...even.map((v, k) => builder.add(v, builder.scale(odd[k], -1)))];
  };
  const map = builder.outputs(...transform(Array.from({ length: n }, (_, i) => i)));
  const want = new Float64Array(2 * n * n);
  for (let j = 0; j < n; j++) {
    for (let k = 0; k < n; k++) {
      want[2 * (j * n + k)] = Math.cos(-2 * Math.PI * j * k / n);
      want[2 * (j * n + k) + 1] = Math.sin(-2 * Math.PI * j * k / n);
    }
  }
  assertClose(map.toDense(), want, 1e-5);
  // Three times products with roots, products with −1, and sums: nine sparse matrices of eight parts, no more.
  assert.equal((map as Product).operators.length, 9 * 8);
});

Deno.test("long chains of gates need no deep stack", () => {
  const gates = Array.from({ length: 300 }, (_, i): Gate => ({ scale: i, by: -1 }));
  assert.deepEqual([...circuit({ inputs: 1, gates, outputs: [300] }).apply(new Float32Array([5]))], [5]);
});

Deno.test("circuits with cycles, undefined gates or wrong numbers are refused in sentences", () => {
  const refused = (gates: Gate[], outputs: number[], message: RegExp): void =>
    assert.throws(() => circuit({ inputs: 2, gates, outputs }), { name: "RangeError", message });
  refused([{ add: [0, 3] }, { scale: 2, by: 2 }], [2], /its gates form a cycle, 2 of 3 of 2$/);
  refused([{ add: [0, 3] }, { add: [3] }], [2], /form a cycle, 3 of 3$/);
  refused([{ add: [0, 9] }], [2], /gate 2 uses value 9, which is undefined; there are 3, from 0 on/);
  refused([{ add: [0, 1] }], [3], /output 0 uses value 3, which is undefined/);
  refused([{ scale: 0, by: NaN }], [2], /gate 2 scales by NaN, which is no finite real number/);
  refused([{ scale: 0, by: [0, 1] }], [2], /gate 2 scales by \[0,1\], which is no finite real number/);
  refused([], [], /the number of outputs must be a whole number/);
  assert.throws(() => new CircuitBuilder(0).outputs(0), {
    name: "RangeError",
    message: /inputs must be a whole/,
  });
});
