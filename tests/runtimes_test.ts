import assert from "node:assert/strict";
import {
  exercise,
  exerciseCore,
  exerciseDoors,
  type Library,
  type Stored,
} from "../scripts/runtimes/exercise.ts";
import stored from "../scripts/runtimes/stored.json" with { type: "json" };
import * as core from "../src/core.ts";
import * as gpu from "../src/gpu/mod.ts";
import * as trained from "../src/io/trained/mod.ts";
import * as layers from "../src/layers/mod.ts";
import * as linalg from "../src/linalg/mod.ts";
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

Deno.test("all other doors come to the stored results, and one that does not is seen", async () => {
  const doors = { load, layers, linalg, trained, gpu }, { features } = await exerciseDoors(doors, stored);
  assert.deepEqual(Object.keys(features), [
    "load",
    "apply",
    "gradient",
    "layers",
    "linalg",
    "trained",
    "gpu",
  ]);
  for (const [feature, error] of Object.entries(features)) {
    assert.equal(typeof error, "number", `${feature}: ${error}`);
  }
  const { solve, trained: file } = stored.doors;
  const off: Stored = {
    ...stored,
    doors: { solve: { ...solve, x: solve.x.map((v) => v + 1e-3) }, trained: { ...file, y: file.x } },
  };
  const { features: wrong } = await exerciseDoors(doors, off);
  assert.match(String(wrong.linalg), /relative error/);
  assert.match(String(wrong.trained), /relative error/);
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
