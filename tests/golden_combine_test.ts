import { deepEqual, equal } from "node:assert/strict";
import {
  flipStrides,
  foldDiagonal,
  kroneckerButterflies,
  kroneckerPermutations,
  multiplyButterflies,
} from "../src/kaleidoscope/closure.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Diagonal } from "../src/operator/diagonal.ts";
import { kronecker } from "../src/operator/kronecker.ts";
import type { Operator } from "../src/operator/operator.ts";
import { Permutation } from "../src/operator/permutation.ts";
import { product } from "../src/operator/product.ts";
import type { Field } from "../src/program/step.ts";
import { floats, golden, type GoldenArray, values } from "./golden/golden.ts";
import { assertEntries, machines, runOn } from "./helpers.ts";

type Arrays<K extends string> = Record<K, GoldenArray>;

const file = golden<{
  diagonal_butterfly: (
    & { in_size: number; out_size: number; complex: boolean; increasing_stride: boolean; nblocks: number }
    & Arrays<"twiddle" | "input" | "diagonal_first" | "output_first" | "diagonal_last" | "output_last">
    & Partial<Arrays<"twiddle_first" | "twiddle_last">>
  )[];
  butterfly_product: ({
    complex: boolean;
    increasing_stride1: boolean;
    increasing_stride2: boolean;
    in_size: number;
    n: number;
    nblocks1?: number;
    nblocks2?: number;
    product_nblocks: number;
    product_increasing_stride: boolean;
  } & Arrays<"twiddle1" | "twiddle2" | "input" | "output">)[];
  butterfly_kronecker: (
    & { complex: boolean; increasing_stride: boolean; n1: number; n2: number }
    & Arrays<
      "twiddle1" | "twiddle2" | "input" | "output" | "kronecker_twiddle"
    >
  )[];
  permutation_kronecker: { perm1: number[]; perm2: number[]; kronecker: number[] }[];
  flip_increasing_stride: (
    & { increasing_stride: boolean; nblocks: number; n: number }
    & Arrays<
      "twiddle" | "input" | "output" | "flipped_twiddle"
    >
  )[];
}>("combine");

const fieldOf = (complex: boolean): Field => complex ? "complex" : "real";

for (const machine of machines) {
  const expect = (map: Operator, input: GoldenArray, output: GoldenArray, label: string): void => {
    const batch = floats(input).length / map.cols / (map.field === "complex" ? 2 : 1);
    const y = runOn(machine, map, floats(input), output.data.length, batch);
    assertEntries(y, values(output), 1e-4, 1e-5, label);
  };

  Deno.test(`combine agrees with the papers' code in the ${machine.name} build`, () => {
    for (const one of file.diagonal_butterfly) {
      const field = fieldOf(one.complex);
      const options = {
        rows: one.out_size,
        field,
        increasing: one.increasing_stride,
        blocks: one.nblocks,
      };
      const map = Butterfly.fromTwiddle(one.in_size, floats(one.twiddle), options);
      for (const side of ["first", "last"] as const) {
        const folded = foldDiagonal(map, new Diagonal(floats(one[`diagonal_${side}`]), field), side);
        expect(folded, one.input, one[`output_${side}`], side);
        const twiddle = one[`twiddle_${side}`];
        if (twiddle) assertEntries(folded.toTwiddle(), values(twiddle), 1e-6, 1e-7, `twiddle ${side}`);
      }
    }
    for (const one of file.butterfly_product) {
      const field = fieldOf(one.complex), { n } = one;
      const first = Butterfly.fromTwiddle(one.in_size, floats(one.twiddle1), {
        rows: n,
        field,
        increasing: one.increasing_stride1,
        blocks: one.nblocks1,
      });
      const second = Butterfly.fromTwiddle(n, floats(one.twiddle2), {
        field,
        increasing: one.increasing_stride2,
        blocks: one.nblocks2,
      });
      const both = multiplyButterflies(second, first);
      equal(both.blocks, one.product_nblocks);
      equal(both.increasing, one.product_increasing_stride);
      expect(both, one.input, one.output, "product");
    }
    for (const one of file.butterfly_kronecker) {
      const options = { field: fieldOf(one.complex), increasing: one.increasing_stride };
      const right = Butterfly.fromTwiddle(one.n1, floats(one.twiddle1), options);
      const left = Butterfly.fromTwiddle(one.n2, floats(one.twiddle2), options);
      const map = kroneckerButterflies(left, right);
      expect(map, one.input, one.output, "Kronecker as a butterfly");
      expect(kronecker(left, right), one.input, one.output, "Kronecker");
      assertEntries(map.toTwiddle(), values(one.kronecker_twiddle), 1e-6, 0, "Kronecker twiddle");
    }
    for (const one of file.flip_increasing_stride) {
      const options = { increasing: one.increasing_stride, blocks: one.nblocks };
      const flipped = flipStrides(Butterfly.fromTwiddle(one.n, floats(one.twiddle), options));
      equal(flipped.increasing, !one.increasing_stride);
      assertEntries(flipped.toTwiddle(), values(one.flipped_twiddle), 1e-6, 0, "flipped twiddle");
      const reversal = Permutation.bitReversal(one.n);
      expect(product(reversal, flipped, reversal), one.input, one.output, "flipped");
    }
  });
}

Deno.test("combine: the Kronecker product of permutations is that of the papers' code", () => {
  for (const { perm1, perm2, kronecker } of file.permutation_kronecker) {
    deepEqual([...kroneckerPermutations(perm2, perm1)], kronecker);
  }
});
