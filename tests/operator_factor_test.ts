import { deepEqual, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import { loadOperator, saveOperator } from "../src/io/operator_file.ts";
import { KroneckerFactor } from "../src/operator/factor.ts";
import type { Operator } from "../src/operator/operator.ts";
import { product } from "../src/operator/product.ts";
import { RealView } from "../src/operator/real_view.ts";
import { Random } from "../src/program/random.ts";
import { type Field, floats } from "../src/program/step.ts";
import { assertClose, machines, runOn } from "./helpers.ts";

const size = fc.integer({ min: 1, max: 5 });
const pattern = fc.record({ a: size, b: size, c: size, d: size });
const field = fc.constantFrom<Field>("real", "complex");

function draw(length: number, seed: number): Float32Array<ArrayBuffer> {
  const random = new Random(seed);
  return Float32Array.from({ length }, () => random.normal());
}

Deno.test("factor: a factor of any pattern is I ⊗ dense blocks ⊗ I, in every build", () => {
  fc.assert(
    fc.property(pattern, field, fc.nat(1000), ({ a, b, c, d }, field, seed) => {
      const unit = floats(field), w = draw(a * b * c * d * unit, seed), x = draw(a * c * d * unit, seed + 1);
      const map = new KroneckerFactor({ a, b, c, d }, w, field);
      ok(map.rows === a * b * d && map.cols === a * c * d && map.parameters === a * b * c * d);
      const want = new Float64Array(a * b * d * unit);
      for (let k = 0; k < a * b * c * d; k++) {
        const delta = k % d,
          gamma = Math.floor(k / d) % c,
          row = Math.floor(k / (c * d)),
          i = Math.floor(row / b);
        const to = (row * d + delta) * unit, from = ((i * c + gamma) * d + delta) * unit, v = k * unit;
        if (unit === 1) want[to] += w[v] * x[from];
        else {
          want[to] += w[v] * x[from] - w[v + 1] * x[from + 1];
          want[to + 1] += w[v] * x[from + 1] + w[v + 1] * x[from];
        }
      }
      for (const machine of machines) assertClose(runOn(machine, map, x, want.length, 1), want, 1e-6);
      const loaded = loadOperator(saveOperator(map));
      ok(loaded instanceof KroneckerFactor);
      deepEqual([...loaded.values], [...w]);
    }),
    { numRuns: 60, seed: 1 },
  );
});

Deno.test("factor: adjoint and transpose are those of the matrix", () => {
  fc.assert(
    fc.property(pattern, field, fc.nat(1000), (pattern, field, seed) => {
      const { a, b, c, d } = pattern, unit = floats(field);
      const map = new KroneckerFactor(pattern, draw(a * b * c * d * unit, seed), field);
      const m = map.toDense(), { rows, cols } = map;
      for (const [other, sign] of [[map.transpose(), 1], [map.adjoint(), -1]] as const) {
        const flipped = new Float64Array(m.length);
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < cols; j++) {
            for (let part = 0; part < unit; part++) {
              flipped[(j * rows + i) * unit + part] = (part ? sign : 1) * m[(i * cols + j) * unit + part];
            }
          }
        }
        assertClose(other.toDense(), flipped, 1e-7);
      }
    }),
    { numRuns: 30, seed: 2 },
  );
});

Deno.test("factor: a real view has the real matrix of a complex operator, and its adjoint the transpose", () => {
  const of = new KroneckerFactor({ a: 2, b: 3, c: 2, d: 2 }, draw(48, 3), "complex"), map = new RealView(of);
  const m = of.toDense(), { rows, cols } = map, want = new Float64Array(rows * cols), flipped = want.slice();
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      const at = 2 * ((i >> 1) * of.cols + (j >> 1)), same = i % 2 === j % 2;
      want[i * cols + j] = same ? m[at] : i % 2 ? m[at + 1] : -m[at + 1];
      flipped[j * rows + i] = want[i * cols + j];
    }
  }
  assertClose(map.toDense(), want, 1e-7);
  assertClose(map.adjoint().toDense(), flipped, 1e-7);
  assertClose(map.transpose().toDense(), flipped, 1e-7);
  ok(loadOperator(saveOperator(map)) instanceof RealView);
});

Deno.test("factor: real views in complex products in real views … are not saved, since they double each time", () => {
  const turn = new KroneckerFactor({ a: 2, b: 1, c: 1, d: 1 }, draw(4, 1), "complex");
  let map: Operator = new RealView(turn);
  const wide = new KroneckerFactor({ a: 1, b: 1, c: 1, d: 4 }, draw(8, 1), "complex");
  map = product(wide, map);
  ok(loadOperator(saveOperator(map)).cols === 4);
  for (let i = 0; i < 8; i++) {
    const { rows } = map = new RealView(map);
    map = product(new KroneckerFactor({ a: 1, b: 1, c: 1, d: rows }, draw(2 * rows, 1), "complex"), map);
  }
  throws(() => saveOperator(map), /nested more than 64 deep/);
});

Deno.test("factor: patterns and weights that do not fit are refused in a sentence", () => {
  const four = new Float32Array(4);
  throws(() => new KroneckerFactor({ a: 0, b: 2, c: 2, d: 1 }, four), /Cannot make a factor: a must be/);
  throws(() => new KroneckerFactor({ a: 1, b: 2, c: 2, d: 2 }, four), /expected 8 floats of values, got 4/);
  throws(() => new KroneckerFactor({ a: 1, b: 2, c: 2, d: 1 }, four.fill(NaN)), /values\[0\] is NaN/);
});
