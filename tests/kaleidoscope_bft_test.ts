/** Butterfly transforms against the original code's results (tests/golden/bft.json) and against its formula. */
import { deepEqual, equal, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import { Bft, BftLayer } from "../src/kaleidoscope/bft.ts";
import { isChainable, transposePattern } from "../src/operator/pattern.ts";
import { Executable } from "../src/program/executable.ts";
import { Random } from "../src/program/random.ts";
import { floats, golden, type GoldenArray, values } from "./golden/golden.ts";
import { assertClose, assertEntries, machines, runOn } from "./helpers.ts";

interface Case {
  in_channels: number;
  out_channels: number;
  K: number;
  input: GoldenArray;
  grad_output: GoldenArray;
  output: GoldenArray;
  d_input: GoldenArray;
}

interface MatrixCase extends Case {
  log_n: number;
  residual: "no_residual" | "residual_stoe";
  weight: GoldenArray;
  d_weight: GoldenArray;
  matrix?: GoldenArray;
}

interface LayerCase extends Case {
  num_bfts: number;
  weights: GoldenArray[];
  d_weights: GoldenArray[];
}

const file = golden<{ general_matrix: MatrixCase[]; transform: LayerCase[] }>("bft");

/** [N, C, H, W] to [N, H, W, C]: a vector of channels for each place. */
function channelsLast<T extends Float32Array | Float64Array>(array: T, shape: readonly number[]): T {
  const [batch, channels, ...size] = shape, places = size.reduce((all, length) => all * length, 1);
  const result = array.slice() as T;
  for (let i = 0; i < batch; i++) {
    for (let c = 0; c < channels; c++) {
      for (let k = 0; k < places; k++) {
        result[(i * places + k) * channels + c] = array[(i * channels + c) * places + k];
      }
    }
  }
  return result;
}

function checkCase(map: Bft | BftLayer, { input, grad_output, output, d_input }: Case, label: string): void {
  const x = channelsLast(floats(input), input.shape),
    g = channelsLast(floats(grad_output), grad_output.shape);
  const want = channelsLast(values(output), output.shape), batch = x.length / map.cols;
  for (const machine of machines) {
    assertEntries(runOn(machine, map, x, want.length, batch), want, 1e-6, 1e-7, `${label}, ${machine.name}`);
  }
  const wantInput = channelsLast(values(d_input), d_input.shape);
  assertEntries(map.gradient(x, g).input, wantInput, 1e-6, 1e-7, `${label}, input`);
}

for (const one of file.general_matrix) {
  const { in_channels, out_channels, K, weight, grad_output, input } = one;
  const label = `bft: ${in_channels} to ${out_channels} channels, base ${K}`;
  Deno.test(`${label}: output and gradients are those of the original code`, () => {
    const map = new Bft(floats(weight), in_channels, out_channels, {
      base: K,
      residual: one.residual !== "no_residual",
    });
    equal(map.layers.length, one.log_n);
    checkCase(map, one, label);
    const x = channelsLast(floats(input), input.shape),
      g = channelsLast(floats(grad_output), grad_output.shape);
    assertEntries(map.gradient(x, g).weights[0], values(one.d_weight), 1e-6, 1e-7, `${label}, weights`);
    if (one.matrix) assertEntries(map.toDense(), values(one.matrix), 1e-6, 1e-7, `${label}, matrix`);
  });
}

for (const one of file.transform) {
  const { in_channels, out_channels, K, weights, grad_output, input } = one;
  const label = `bft layer: ${in_channels} to ${out_channels} channels, base ${K}`;
  Deno.test(`${label}: output and gradients are those of the original code`, () => {
    const map = new BftLayer(weights.map(floats), in_channels, out_channels, { base: K });
    equal(map.parts.length, one.num_bfts);
    checkCase(map, one, label);
    const x = channelsLast(floats(input), input.shape),
      g = channelsLast(floats(grad_output), grad_output.shape);
    const gradients = map.gradient(x, g).weights;
    equal(gradients.length, one.d_weights.length);
    one.d_weights.forEach((want, i) =>
      assertEntries(gradients[i], values(want), 1e-6, 1e-7, `${label}, ${i}`)
    );
  });
}

/** The indices of the weights that make W[j][i], from the formula. */
function indices(i: number, j: number, n: number, base: number, levels: number): number[] {
  return Array.from({ length: levels }, (_, l) => {
    const cut = base ** (levels - l);
    return l * base * n + (j % base) * n + i % cut + (j - j % cut);
  });
}

const size = fc.integer({ min: 1, max: 40 });

Deno.test("bft: any number of channels and any base follow the formula, forward and backward", () => {
  fc.assert(
    fc.property(
      size,
      size,
      fc.constantFrom(2, 3, 4, 5, 8, 16),
      fc.boolean(),
      (inputs, outputs, base, twice) => {
        const n = Math.max(inputs, outputs);
        fc.pre(n > 1);
        const map = Bft.random(inputs, outputs, { base, seed: 1, residual: inputs === outputs && twice });
        const levels = map.layers.length, random = new Random(2), batch = 2;
        equal(map.flat.length, base * n * levels);
        const x = Float32Array.from({ length: batch * inputs }, () => random.normal());
        const g = Float32Array.from({ length: batch * outputs }, () => random.normal());
        const y = new Float64Array(g.length),
          gx = new Float64Array(x.length),
          gw = new Float64Array(map.flat.length);
        for (let j = 0; j < outputs; j++) {
          for (let i = 0; i < inputs; i++) {
            const at = indices(i, j, n, base, levels), w = at.reduce((all, k) => all * map.flat[k], 1);
            const entry = w + (map.residual && i === j ? 1 : 0);
            for (let row = 0; row < batch; row++) {
              y[row * outputs + j] += entry * x[row * inputs + i];
              gx[row * inputs + i] += entry * g[row * outputs + j];
              const both = g[row * outputs + j] * x[row * inputs + i];
              at.forEach((k, l) =>
                gw[k] += both * at.reduce((all, k, m) => m === l ? all : all * map.flat[k], 1)
              );
            }
          }
        }
        const got = map.gradient(x, g);
        assertClose(map.apply(x), y, 1e-5, "output");
        assertClose(got.input, gx, 1e-5, "input");
        assertClose(got.weights[0], gw, 1e-5, "weights");
      },
    ),
    { seed: 4, numRuns: 120 },
  );
});

Deno.test("bft: costs n·K·log_K n and no more for sizes that are no power of K", () => {
  for (
    const [inputs, outputs, base] of [[4096, 4096, 4], [1000, 1000, 2], [513, 513, 8], [65, 7, 4], [
      3,
      300,
      2,
    ]]
  ) {
    const map = new Bft(Bft.random(inputs, outputs, { base, seed: 1 }).flat, inputs, outputs, { base });
    const n = Math.max(inputs, outputs), levels = map.layers.length;
    // Between powers of K, what the top digit leaves over is at most as much again.
    ok(map.operations <= 2 * base * n * levels, `${inputs} ${outputs} ${base}: ${map.operations}`);
    if (n === base ** levels && inputs === outputs) equal(map.operations, base * n * levels);
    equal(map.parameters, base * n * levels);
  }
  const { layers } = Bft.random(64, 64, { base: 4, seed: 1 });
  deepEqual(layers.map(({ pattern: { d } }) => d), [16, 4, 1]);
  ok(isChainable(layers.map(({ pattern }) => transposePattern(pattern)).reverse().slice(0, 2)));
});

Deno.test("bft: the adjoint of a layer is the transpose of its matrix, in every build its gradients agree", () => {
  const map = BftLayer.random(12, 8, { base: 2, seed: 3 }),
    dense = map.toDense(),
    flipped = map.adjoint().toDense();
  const want = dense.map((_, k) => dense[(k % 8) * 12 + Math.floor(k / 8)]);
  assertClose(flipped, want, 1e-6);
  const random = new Random(1), x = Float32Array.from({ length: 36 }, () => random.normal());
  const g = Float32Array.from({ length: 24 }, () => random.normal()), gradients = map.gradient(x, g).weights;
  for (const machine of machines) {
    const weights = map.program.weights.map(({ length }) => new Float32Array(length));
    new Executable(map.program, machine).gradient(x, g, new Float32Array(36), weights, 3);
    const each = weights.length / 2;
    map.parts.forEach((part, i) => {
      assertClose(part.fold(weights.slice(i * each, (i + 1) * each)), gradients[i], 1e-6, machine.name);
    });
  }
});

Deno.test("bft: weights that do not fit are refused in a sentence", () => {
  const flat = new Float32Array(24);
  throws(() => new Bft(flat, 8, 8, { base: 2 }), /expected 48 floats of weights, got 24/);
  throws(() => new Bft(new Float32Array(48).fill(NaN), 8, 8, { base: 2 }), /weights\[0\] is NaN/);
  throws(() => new Bft(flat, 1, 1), /base must be at least 2, and so must inputs or outputs/);
  throws(() => new Bft(flat, 4, 4, { base: 1 }), /base must be at least 2/);
  throws(() => new Bft(flat, 2.5, 4), /inputs must be a whole number/);
  throws(
    () => new Bft(new Float32Array(48), 8, 4, { base: 2, residual: true }),
    /as many outputs as inputs, got 4 and 8/,
  );
  throws(() => new BftLayer([flat], 8, 12, { base: 2 }), /expected weights of 2 butterflies, got 1/);
});
