import fc from "fast-check";
import { Executable } from "../src/program/executable.ts";
import { Random } from "../src/program/random.ts";
import { machines } from "./helpers.ts";
import { assertRounded, differentiateBatch, evaluateBatch, roundings } from "./oracle.ts";
import { programOf, recipes, vectors } from "./programs.ts";

/** Runs of one property; the seed is fixed so that a failure can be repeated. */
const parameters = { seed: 2020, numRuns: 150 };

for (const machine of machines) {
  Deno.test(`any program computes what its steps say in the ${machine.name} build`, () => {
    fc.assert(
      fc.property(recipes(), (recipe) => {
        const { program, complex } = programOf(recipe);
        const { batch } = recipe;
        const x = vectors(new Random(recipe.seed + 1), batch * program.inputWidth);
        const { y, bound } = evaluateBatch(program, x, batch, complex);
        const out = new Float32Array(y.length);
        new Executable(program, machine).apply(x, out, batch);
        assertRounded(out, y, bound, roundings(program), "output");
      }),
      parameters,
    );
  });

  Deno.test(`the gradient of any program is that of its steps in the ${machine.name} build`, () => {
    fc.assert(
      fc.property(recipes({ batches: 20 }), (recipe) => {
        const { program, complex } = programOf(recipe);
        const { batch } = recipe, random = new Random(recipe.seed + 1);
        const x = vectors(random, batch * program.inputWidth),
          g = vectors(random, batch * program.outputWidth);
        const { value, bound } = differentiateBatch(program, x, g, batch, complex);
        const gx = new Float32Array(x.length);
        const gradients = program.weights.map((w) => new Float32Array(w.length));
        new Executable(program, machine).gradient(x, g, gx, gradients, batch);
        const count = 2 * roundings(program) + 2 * batch + 10;
        assertRounded(gx, value.input, bound.input, count, "cotangent of the input");
        gradients.forEach((gradient, i) => {
          assertRounded(gradient, value.weights[i], bound.weights[i], count, `gradient of weights ${i}`);
        });
      }),
      parameters,
    );
  });

  Deno.test(`the transpose and the adjoint of any program are those of its matrix in the ${machine.name} build`, () => {
    fc.assert(
      fc.property(recipes({ batches: 5 }), (recipe) => {
        const { program, complex } = programOf(recipe);
        const { batch } = recipe, random = new Random(recipe.seed + 1);
        const x = new Float32Array(batch * program.inputWidth),
          g = vectors(random, batch * program.outputWidth);
        // Reverse mode applies the adjoint; the transpose is the adjoint between two conjugations.
        const { value, bound } = differentiateBatch(program, x, g, batch, complex);
        const conjugate = <T extends Float32Array | Float64Array>(v: T): T =>
          (complex ? v.map((a, k) => k % 2 ? -a : a) : v) as T;
        const out = new Float32Array(x.length), count = 2 * roundings(program) + 10;
        new Executable(program.transpose(true), machine).apply(g, out, batch);
        assertRounded(out, value.input, bound.input, count, "adjoint");
        new Executable(program.transpose(false), machine).apply(conjugate(g), out, batch);
        assertRounded(conjugate(out), value.input, bound.input, count, "transpose");
      }),
      parameters,
    );
  });
}
