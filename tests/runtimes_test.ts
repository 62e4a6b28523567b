import assert from "node:assert/strict";
import { exercise, exerciseCore, type Library, type Stored } from "../scripts/runtimes/exercise.ts";
import stored from "../scripts/runtimes/stored.json" with { type: "json" };
import * as core from "../src/core.ts";
import * as load from "../src/load.ts";
import * as papillon from "../src/mod.ts";
import { machines } from "./helpers.ts";

Deno.test("all builds of the kernels come to the stored results", async () => {
  for (const machine of machines) {
    const { machine: name, features } = await exercise(papillon, stored, machine);
    assert.equal(name, machine.name);
    for (const [feature, error] of Object.entries(features)) {
      assert.equal(typeof error, "number", `${feature}: ${error}`);
    }
    assert.deepEqual(Object.keys(features), ["load", "apply", "gradient", "learn"]);
  }
});

Deno.test("inference alone loads and applies as the whole library does", async () => {
  const { features } = await exercise(load, stored);
  for (const [feature, error] of Object.entries(features)) {
    assert.equal(typeof error, "number", `${feature}: ${error}`);
  }
  assert.ok(!("learn" in features));
});

Deno.test("the core comes to the stored results in all builds, from files that were compiled some time ago", async () => {
  for (const { name } of machines) {
    const { machine, features } = await exerciseCore(core, stored, core.compiledMachine(name));
    assert.equal(machine, name);
    assert.deepEqual(Object.keys(features), ["load", "apply"]);
    for (const [feature, error] of Object.entries(features)) {
      assert.equal(typeof error, "number", `${feature}: ${error}`);
    }
  }
});

Deno.test("what differs from the stored results, is no number, or throws is seen", async () => {
  const [first] = stored.operators, y = [...first.y];
  y[0] += 0.01;
  const off: Stored = { ...stored, operators: [{ ...first, y }] };
  assert.match(
    String((await exercise(papillon, off)).features.apply),
    /^RangeError: the relative error is 0\.0/,
  );
  const none: Stored = { ...stored, operators: [{ ...first, y: y.map(() => NaN) }] };
  assert.match(String((await exercise(papillon, none)).features.apply), /relative error is NaN/);
  const fewer: Stored = { ...stored, operators: [{ ...first, weights: first.weights.map(() => []) }] };
  assert.match(String((await exercise(papillon, fewer)).features.gradient), /instead of 0/);
  const broken: Library = {
    ...papillon,
    loadOperator: () => {
      throw new TypeError("not today");
    },
  };
  assert.equal((await exercise(broken, stored)).features.load, "TypeError: not today");
});
