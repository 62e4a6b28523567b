import assert from "node:assert/strict";
import fc from "fast-check";
import { Executable } from "../src/program/executable.ts";
import { Random } from "../src/program/random.ts";
import { machines } from "./helpers.ts";
import { differentiate, evaluate } from "./oracle.ts";
import { programOf, recipes, vectors } from "./programs.ts";

/**
 * The loss L = Σ g·y, taken over floats, so that its derivative by the real and imaginary part of a number is the
 * real and imaginary part of the gradient. It is affine in each single weight and in each input: central differences
 * with a step of any size have no error but rounding.
 */
Deno.test("gradients in float64 are those of finite differences, and those of the kernels agree with them", () => {
  fc.assert(
    fc.property(recipes({ batches: 1 }), (recipe) => {
      const { program } = programOf(recipe);
      const random = new Random(recipe.seed + 1);
      const x = vectors(random, program.inputWidth), g = vectors(random, program.outputWidth);
      const loss = (input: Float64Array, weights: Float64Array[]): number =>
        evaluate(program, input, weights)[program.output].reduce((sum, y, k) => sum + y * g[k], 0);
      const input = Float64Array.from(x), weights = program.weights.map((w) => Float64Array.from(w));
      const analytic = differentiate(program, evaluate(program, x), g);
      const scale = Math.max(
        1,
        ...analytic.input.map(Math.abs),
        ...analytic.weights.flatMap((w) => [...w]).map(Math.abs),
      );
      const executables = machines.map((machine) => new Executable(program, machine));
      const computed = executables.map((executable) => {
        const gx = new Float32Array(x.length), gradients = weights.map((w) => new Float32Array(w.length));
        executable.gradient(x, g, gx, gradients, 1);
        return { gx, gradients };
      });
      const check = (
        array: Float64Array,
        at: number,
        want: number,
        kernels: number[],
        label: string,
      ): void => {
        const kept = array[at], step = 0.5;
        array[at] = kept + step;
        const up = loss(input, weights);
        array[at] = kept - step;
        const down = loss(input, weights);
        array[at] = kept;
        const difference = (up - down) / (2 * step);
        const size = Math.max(scale, Math.abs(up), Math.abs(down));
        assert.ok(
          Math.abs(difference - want) <= 1e-12 * size,
          `${label}: difference ${difference}, gradient ${want}`,
        );
        kernels.forEach((got, i) => {
          const name = machines[i].name;
          assert.ok(
            Math.abs(got - difference) <= 1e-5 * size,
            `${label}, ${name}: ${got}, difference ${difference}`,
          );
        });
      };
      for (let trial = 0; trial < 8; trial++) {
        const at = random.integer(x.length);
        check(input, at, analytic.input[at], computed.map((c) => c.gx[at]), `input ${at}`);
        if (weights.length === 0) continue;
        const which = random.integer(weights.length), entry = random.integer(weights[which].length);
        const kernels = computed.map((c) => c.gradients[which][entry]);
        check(weights[which], entry, analytic.weights[which][entry], kernels, `weight ${which}[${entry}]`);
      }
    }),
    { seed: 2023, numRuns: 200 },
  );
});
