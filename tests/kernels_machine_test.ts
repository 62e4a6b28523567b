import assert from "node:assert/strict";
import { createMachine, machine } from "../src/kernels/machine.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { assertClose, machines, runOn } from "./helpers.ts";

Deno.test("there is one shared machine, of the best build that compiles here", () => {
  assert.equal(machine(), machine());
  assert.equal(machine().name, machines[0].name);
});

Deno.test("a machine of an unknown name is refused in a sentence", () => {
  assert.throws(
    () => createMachine("fast" as "simd"),
    { name: "TypeError", message: /machine named "fast": expected "relaxed", "simd" or "scalar"/ },
  );
});

Deno.test("all builds give the same result up to rounding, each in memory of its own", () => {
  const map = Butterfly.random(256, { field: "complex", seed: 3 });
  const x = Float32Array.from({ length: 512 }, (_, i) => Math.sin(i));
  const results = machines.map((one) => runOn(one, map, x, 512, 1));
  for (const result of results) assertClose(result, results[results.length - 1], 1e-6 * 8);
  assert.equal(new Set(machines.map((one) => one.f32.buffer)).size, machines.length);
});

for (const one of machines) {
  Deno.test(`areas of the ${one.name} machine keep their place until a larger one is asked for`, () => {
    const fresh = createMachine(one.name);
    const small = fresh.staging(0, 1000), other = fresh.staging(1, 1000);
    assert.equal(fresh.staging(0, 500), small);
    assert.ok(Math.abs(small - other) >= 1000);
    const large = fresh.staging(0, 300000);
    assert.ok(large % 16 === 0 && fresh.f32.byteLength >= large + 300000);
    fresh.f32[large >> 2] = 5;
    assert.equal(fresh.staging(0, 300000), large);
    // Growing must keep what lies in memory.
    fresh.staging(2, 3_000_000);
    assert.equal(fresh.f32[large >> 2], 5);
    assert.equal(fresh.i32.buffer, fresh.f32.buffer);
  });

  Deno.test(`memory that cannot be had is refused in a sentence in the ${one.name} machine`, () => {
    const fresh = createMachine(one.name);
    assert.throws(() => fresh.arena.allocate(2 ** 40, true), {
      name: "RangeError",
      message: /^Cannot hold this operator: \d+ bytes of memory are not to be had$/,
    });
    // It goes on working.
    const map = Butterfly.identity(8);
    assert.deepEqual([...runOn(fresh, map, new Float32Array(8).fill(2), 8, 1)], new Array(8).fill(2));
  });

  Deno.test(`an area that could not grow still belongs to the ${one.name} machine`, () => {
    const fresh = createMachine(one.name);
    fresh.staging(0, 1000);
    assert.throws(() => fresh.staging(0, 2 ** 40), RangeError);
    const block = fresh.arena.allocate(1000, true), area = fresh.staging(0, 1000);
    assert.ok(Math.abs(area - block.address) >= 1000, "the area overlaps another block");
  });
}
