import { deepEqual, equal } from "node:assert/strict";
import { halfBalance, modularBalance } from "../src/kaleidoscope/balance.ts";
import {
  invertPermutation,
  permutationButterfly,
  permutationSwaps,
  waveletPermutation,
} from "../src/kaleidoscope/permutation.ts";
import { bitReversal, Permutation } from "../src/operator/permutation.ts";
import { floats, golden, type GoldenArray, values } from "./golden/golden.ts";
import { assertEntries, machines, runOn } from "./helpers.ts";

interface PermutationFile {
  bitreversal: Record<string, number[]>;
  wavelet: Record<string, number[]>;
  perm2butterfly: { v: number[]; n: number; swap_incFalse: GoldenArray; swap_incTrue: GoldenArray }[];
  balance: {
    v: number[];
    inverse: number[];
    half_balance_perm: number[];
    half_balanced: number[];
    modular_balance_swaps: number[][];
    modular_balanced: number[];
  }[];
  fixed_permutation: {
    permutation: number[];
    input: GoldenArray;
    grad_output: GoldenArray;
    output: GoldenArray;
    d_input: GoldenArray;
  };
  perm_vec_to_mat: { p: number[]; right: number[][]; left: number[][] };
}

const file = golden<PermutationFile>("permutation");

Deno.test("permutation: the bit reversal and the wavelet order agree with the papers' code", () => {
  for (const [n, index] of Object.entries(file.bitreversal)) deepEqual([...bitReversal(Number(n))], index);
  for (const [n, index] of Object.entries(file.wavelet)) deepEqual([...waveletPermutation(Number(n))], index);
});

Deno.test("permutation: the swaps of two butterflies are those of the papers' code, bit for bit", () => {
  for (const { v, n, swap_incFalse, swap_incTrue } of file.perm2butterfly) {
    for (const [increasing, swaps] of [[false, swap_incFalse], [true, swap_incTrue]] as const) {
      deepEqual([...permutationSwaps(v, { increasing })], swaps.data, `n=${n} increasing=${increasing}`);
    }
  }
});

for (const machine of machines) {
  Deno.test(`permutation: butterflies of swaps permute exactly in the ${machine.name} build`, () => {
    for (const { v, n } of file.perm2butterfly) {
      for (const increasing of [false, true]) {
        for (const field of ["real", "complex"] as const) {
          const unit = field === "complex" ? 2 : 1;
          const map = permutationButterfly(v, { increasing, field });
          equal(map.cols, n);
          equal(map.increasing, increasing);
          const x = Float32Array.from({ length: v.length * unit }, (_, i) => 1.5 * i + 1);
          const want = v.flatMap((from) => [...x.subarray(from * unit, (from + 1) * unit)]);
          deepEqual([...runOn(machine, map, x, x.length, 1)], want);
          // The inverse is the adjoint, a butterfly of swaps too.
          deepEqual([...runOn(machine, map.adjoint(), Float32Array.from(want), x.length, 1)], [...x]);
        }
      }
    }
  });

  Deno.test(`permutation: a fixed permutation gathers and its gradient scatters in the ${machine.name} build`, () => {
    const { permutation, input, grad_output, output, d_input } = file.fixed_permutation;
    const x = floats(input), batch = input.shape[0];
    const map = new Permutation(permutation, input.complex ? "complex" : "real");
    assertEntries(runOn(machine, map, x, x.length, batch), values(output), 0, 1e-8, "output");
    const gx = new Float32Array(x.length);
    map.compile(machine).gradient(x, floats(grad_output), gx, [], batch);
    assertEntries(gx, values(d_input), 0, 1e-8, "d_input");
    assertEntries(
      runOn(machine, map.adjoint(), floats(grad_output), x.length, batch),
      values(d_input),
      0,
      1e-8,
    );
  });
}

Deno.test("permutation: inverses and the steps of balancing agree with the papers' code", () => {
  for (const one of file.balance) {
    deepEqual([...invertPermutation(one.v)], one.inverse);
    const { swap, balanced } = halfBalance(one.v);
    deepEqual([...swap], one.half_balance_perm);
    deepEqual([...balanced], one.half_balanced);
    const all = modularBalance(one.v);
    deepEqual(all.swaps.map((s) => [...s]), one.modular_balance_swaps);
    deepEqual([...all.balanced], one.modular_balanced);
  }
});

Deno.test("permutation: the matrix of a permutation is the papers' left format, its transpose the right one", () => {
  const { p, right, left } = file.perm_vec_to_mat;
  const map = new Permutation(p);
  deepEqual([...map.toDense()], left.flat());
  deepEqual([...map.transpose().toDense()], right.flat());
  deepEqual([...new Permutation(invertPermutation(p)).toDense()], right.flat());
});
