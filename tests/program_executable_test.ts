import assert from "node:assert/strict";
import fc from "fast-check";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Executable } from "../src/program/executable.ts";
import { ProgramBuilder } from "../src/program/program.ts";
import { Random } from "../src/program/random.ts";
import { assertClose, machines } from "./helpers.ts";
import { programOf, recipes, vectors } from "./programs.ts";

const x = Float32Array.from({ length: 64 }, (_, i) => Math.cos(i));

function run(executable: Executable): Float32Array {
  const out = new Float32Array(64);
  executable.apply(x, out, 1);
  return out;
}

for (const machine of machines) {
  Deno.test(`changed weights are taken up by renew, forward and in the gradient, in the ${machine.name} build`, () => {
    const map = Butterfly.random(64, { seed: 1 });
    const executable = new Executable(map.program, machine);
    run(executable);
    const gradients = map.weights.map((w) => new Float32Array(w.length));
    executable.gradient(x, x, new Float32Array(64), gradients, 1);
    // A zero on a diagonal changes the form of a pass, and with it the size of the program.
    for (const weights of map.factors) {
      weights[0] = 0;
      weights[5] = 3;
    }
    executable.renew();
    const fresh = new Executable(Butterfly.fromFactors(64, map.factors).program, machine);
    assert.deepEqual(run(executable), run(fresh));
    const both = [executable, fresh].map((one) => {
      const gx = new Float32Array(64), weights = map.weights.map((w) => new Float32Array(w.length));
      one.gradient(x, x, gx, weights, 1);
      return [...gx, ...weights.flatMap((w) => [...w])];
    });
    assert.deepEqual(both[0], both[1]);
  });

  Deno.test(`weights that are zero for a while are taken up by renew, of vectors and batches, in the ${machine.name} build`, () => {
    // What is dropped when a program is compiled with zeros or ones must come back, in whichever direction it was.
    const builder = new ProgramBuilder(6), weights = new Float32Array(24), scale = new Float32Array(4);
    const bias = new Float32Array(4), random = new Random(3);
    const scaled = builder.diagonal(builder.dense(0, 4, 6, "real", weights), "real", scale);
    const program = builder.build(builder.bias(scaled, "real", bias)),
      executable = new Executable(program, machine);
    const x = Float32Array.from({ length: 9 * 6 }, () => random.normal());
    const fill = (array: Float32Array, plain: number, some: boolean): void => {
      for (let k = 0; k < array.length; k++) array[k] = some ? random.normal() : plain;
    };
    for (
      const [w, s, b, batch] of [[1, 1, 1, 1], [1, 0, 0, 9], [1, 1, 1, 9], [0, 1, 0, 1], [1, 1, 1, 1], [
        1,
        1,
        1,
        9,
      ]]
    ) {
      fill(weights, 0, w === 1);
      fill(scale, 1, s === 1);
      fill(bias, 0, b === 1);
      executable.renew();
      const got = new Float32Array(batch * 4),
        want = got.map((_, k) => {
          const row = k % 4, at = Math.floor(k / 4) * 6;
          let sum = 0;
          for (let j = 0; j < 6; j++) sum += weights[row * 6 + j] * x[at + j];
          return scale[row] * sum + bias[row];
        });
      executable.apply(x.subarray(0, batch * 6), got, batch);
      assertClose(got, want, 1e-6, `${w}${s}${b}, ${batch}`);
      const gx = new Float32Array(batch * 6),
        gradients = program.weights.map(({ length }) => new Float32Array(length));
      executable.gradient(x.subarray(0, batch * 6), got, gx, gradients, batch);
      assertClose(
        gx,
        gx.map((_, k) => {
          let sum = 0;
          for (let row = 0; row < 4; row++) {
            sum += weights[row * 6 + k % 6] * scale[row] * got[Math.floor(k / 6) * 4 + row];
          }
          return sum;
        }),
        1e-6,
      );
    }
  });

  Deno.test(`an executable works after dispose in the ${machine.name} build`, () => {
    const executable = new Executable(Butterfly.random(64, { seed: 2 }).program, machine);
    const before = run(executable);
    executable.dispose();
    // Something else takes its place.
    run(new Executable(Butterfly.random(64, { seed: 3 }).program, machine));
    assert.deepEqual(run(executable), before);
  });

  Deno.test(`weights changed without renew never give a wrong result in the ${machine.name} build`, () => {
    const map = Butterfly.random(64, { seed: 4 });
    const executable = new Executable(map.program, machine);
    const before = run(executable);
    for (const weights of map.factors) weights[0] = 0;
    const after = run(new Executable(Butterfly.fromFactors(64, map.factors).program, machine));
    // Written again after dispose (as after an eviction), the packed weights have another size now. That may be
    // refused, but then each time: nothing half written may be left behind and run, on top of what lay there before.
    executable.dispose();
    const other = new Executable(Butterfly.random(64, { seed: 5 }).program, machine);
    run(other);
    other.dispose();
    for (let trial = 0; trial < 3; trial++) {
      let result: Float32Array;
      try {
        result = run(executable);
      } catch (error) {
        assert.match(String(error), /changed in place: call renew\(\)/);
        continue;
      }
      assert.ok(
        [before, after].some((one) => one.every((v, i) => v === result[i])),
        `trial ${trial}: neither the old result nor the new one`,
      );
    }
    executable.renew();
    assert.deepEqual(run(executable), after);
  });

  Deno.test(`the gradient of a batch is the sum over its rows, in tiles and chunks, in the ${machine.name} build`, () => {
    const map = Butterfly.random(64, { seed: 5, field: "complex" }), rows = 3000;
    const many = Float32Array.from({ length: rows * 128 }, (_, i) => Math.sin(i * 0.7));
    const g = Float32Array.from({ length: rows * 128 }, (_, i) => Math.cos(i * 0.3));
    const executable = new Executable(map.program, machine);
    const whole = map.weights.map((w) => new Float32Array(w.length)), gx = new Float32Array(g.length);
    executable.gradient(many, g, gx, whole, rows);
    const sum = map.weights.map((w) => new Float64Array(w.length)), parts = new Float32Array(g.length);
    for (let row = 0; row < rows; row += 50) {
      const part = map.weights.map((w) => new Float32Array(w.length));
      const slice = (array: Float32Array) => array.subarray(row * 128, (row + 50) * 128);
      executable.gradient(slice(many), slice(g), slice(parts), part, 50);
      part.forEach((w, i) => w.forEach((v, k) => sum[i][k] += v));
    }
    assertClose(gx, parts, 1e-7);
    whole.forEach((w, i) => assertClose(w, sum[i], 6e-6, `weights ${i}`));
  });

  Deno.test(`gradients in new arrays are those in given ones, and stay as they are, in the ${machine.name} build`, () => {
    const property = fc.property(recipes({ batches: 9 }), (recipe) => {
      const { program } = programOf(recipe), { batch } = recipe, random = new Random(recipe.seed);
      const x = vectors(random, batch * program.inputWidth), g = vectors(random, batch * program.outputWidth);
      const gx = new Float32Array(x.length), executable = new Executable(program, machine);
      const want = program.weights.map((w) => new Float32Array(w.length).fill(NaN));
      executable.gradient(x, g, gx, want, batch);
      const { input, weights } = executable.gradients(x, g, batch);
      // Another call must not write into what the first one gave.
      executable.gradients(x.map((v) => 2 * v + 1), g.map((v) => v - 3), batch);
      assert.deepEqual(input, gx);
      assert.deepEqual(weights, want);
      executable.dispose();
    });
    fc.assert(property, { seed: 2041, numRuns: 60 });
  });
}
