import { Butterfly } from "../src/operator/butterfly.ts";
import { Executable } from "../src/program/executable.ts";
import { toTwiddle } from "../src/operator/twiddle.ts";
import { floats, golden, type GoldenArray, values } from "./golden/golden.ts";
import { assertEntries, machines } from "./helpers.ts";

interface MultiplyCase {
  n: number;
  twiddle: GoldenArray;
  input: GoldenArray;
  grad_output: GoldenArray;
  results: {
    increasing_stride: boolean;
    nblocks: number;
    output: GoldenArray;
    d_input?: GoldenArray;
    d_twiddle?: GoldenArray;
    d_twiddle_every_13th?: GoldenArray;
  }[];
}

/** The part of a [batch, stacks, n] array that belongs to one stack. */
function ofStack<T extends Float32Array | Float64Array>(
  array: T,
  batch: number,
  stack: number,
  size: number,
): T {
  const parts: number[] = [];
  for (let b = 0; b < batch; b++) {
    for (let k = 0; k < size; k++) parts.push(array[(b * 2 + stack) * size + k]);
  }
  return (array instanceof Float32Array ? Float32Array.from(parts) : Float64Array.from(parts)) as T;
}

for (const field of ["real", "complex"] as const) {
  const unit = field === "complex" ? 2 : 1;
  const { cases } = golden<{ cases: MultiplyCase[] }>(`butterfly_multiply_${field}`);
  for (const machine of machines) {
    Deno.test(`butterfly_multiply_${field} agrees with the papers' code in the ${machine.name} build`, () => {
      for (const { n, twiddle, input, grad_output, results } of cases) {
        const batch = input.shape[0], size = n * unit, perStack = twiddle.shape[1];
        const all = floats(twiddle), perBlock = all.length / 2 / perStack;
        for (const result of results) {
          const { nblocks: blocks, increasing_stride: increasing } = result;
          const dTwiddle = new Float64Array(2 * blocks * perBlock);
          for (let stack = 0; stack < 2; stack++) {
            const own = all.slice(stack * perStack * perBlock, (stack * perStack + blocks) * perBlock);
            const map = Butterfly.fromTwiddle(n, own, { field, increasing, blocks });
            const run = new Executable(map.program, machine);
            const x = ofStack(floats(input), batch, stack, size);
            const y = new Float32Array(x.length);
            run.apply(x, y, batch);
            const label = `n=${n} blocks=${blocks} increasing=${increasing} stack=${stack}`;
            assertEntries(y, ofStack(values(result.output), batch, stack, size), 1e-4, 1e-5, label);
            const gx = new Float32Array(x.length);
            const gradients = map.weights.map((w) => new Float32Array(w.length));
            run.gradient(x, ofStack(floats(grad_output), batch, stack, size), gx, gradients, batch);
            if (result.d_input) {
              assertEntries(
                gx,
                ofStack(values(result.d_input), batch, stack, size),
                1e-4,
                1e-5,
                `d_input ${label}`,
              );
            }
            gradients.forEach((gradient, i) => {
              const theirs = new Float32Array(gradient.length);
              toTwiddle(gradient, theirs, map.stride(i), field);
              dTwiddle.set(theirs, stack * blocks * perBlock + i * theirs.length);
            });
          }
          const label = `d_twiddle n=${n} blocks=${blocks} increasing=${increasing}`;
          if (result.d_twiddle) assertEntries(dTwiddle, values(result.d_twiddle), 1e-4, 1e-5, label);
          if (result.d_twiddle_every_13th) {
            const every: number[] = [];
            for (let k = 0; k < dTwiddle.length / unit; k += 13) {
              for (let part = 0; part < unit; part++) every.push(dTwiddle[k * unit + part]);
            }
            assertEntries(every, values(result.d_twiddle_every_13th), 1e-4, 1e-5, label);
          }
        }
      }
    });
  }
}
