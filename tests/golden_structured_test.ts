/** Structured maps against the papers' own code: tests/golden/special_structured.json. */
import assert from "node:assert/strict";
import { circulant, toeplitz } from "../src/kaleidoscope/circulant.ts";
import { acdc, fastfood, hadamardDiagonal } from "../src/kaleidoscope/diagonals.ts";
import { conv1d, conv2d } from "../src/kaleidoscope/layers.ts";
import type { Operator } from "../src/operator/operator.ts";
import { assertEntries, machines, runOn } from "./helpers.ts";
import { floats, golden, type GoldenArray, values } from "./golden/golden.ts";

interface Case {
  input: GoldenArray;
  output: GoldenArray;
}

interface Convolution extends Case {
  n: number;
  kernel_size: number;
  weight: GoldenArray;
}

const file = golden<{
  circulant: (Case & {
    n: number;
    complex: boolean;
    col: GoldenArray;
    output_transposed: GoldenArray;
    diagonal?: GoldenArray;
    n_extended?: number;
  })[];
  toeplitz: (Case & { n: number; m: number; complex: boolean; col: GoldenArray; row?: GoldenArray })[];
  hadamard_diagonal: {
    k: number;
    n: number;
    diagonals: GoldenArray;
    input: GoldenArray;
    output_normalized: GoldenArray;
  }[];
  conv1d_circular_singlechannel: Convolution[];
  conv1d_circular_multichannel: Convolution[];
  conv2d_circular_multichannel: (Case & { n1: number; n2: number; weight: GoldenArray })[];
  fastfood: {
    n: number;
    diag1: GoldenArray;
    diag2: GoldenArray;
    diag3: GoldenArray;
    permutation: number[];
    input: GoldenArray;
    output_normalized: GoldenArray;
    output_unnormalized: GoldenArray;
  }[];
  acdc: {
    n: number;
    diag1: GoldenArray;
    diag2: GoldenArray;
    input: GoldenArray;
    output_dct_first: GoldenArray;
    output_idct_first: GoldenArray;
  }[];
}>("special_structured");

for (const machine of machines) {
  /** Checks a batch in the tolerance that the file asks for. */
  const agree = (map: Operator, input: GoldenArray, output: GoldenArray, label: string): void => {
    const x = floats(input), want = values(output), unit = map.field === "complex" ? 2 : 1;
    const batch = x.length / (map.cols * unit);
    assert.equal(want.length, batch * map.rows * unit, label);
    assertEntries(runOn(machine, map, x, want.length, batch), want, 1e-5, 1e-6, label);
  };

  Deno.test(`structured: circulants and Toeplitz matrices agree in the ${machine.name} build`, () => {
    for (const { n, complex, col, input, output, output_transposed } of file.circulant) {
      const map = circulant(floats(col), complex ? "complex" : "real");
      agree(map, input, output, `n=${n}`);
      agree(map.transpose(), input, output_transposed, `n=${n}, transposed`);
    }
    for (const { n, m, complex, col, row, input, output } of file.toeplitz) {
      const map = toeplitz(floats(col), row && floats(row), complex ? "complex" : "real");
      agree(map, input, output, `${n}×${m}`);
    }
  });

  Deno.test(`structured: circular convolution layers agree in the ${machine.name} build`, () => {
    const lines = [...file.conv1d_circular_singlechannel, ...file.conv1d_circular_multichannel];
    for (const { n, kernel_size, weight, input, output } of lines) {
      const [outputs, inputs] = weight.shape, field = weight.complex ? "complex" : "real";
      const map = conv1d(floats(weight), { size: n, kernel: kernel_size, inputs, outputs, field });
      agree(map, input, output, `n=${n}, ${inputs} to ${outputs} channels`);
    }
    for (const { n1, n2, weight, input, output } of file.conv2d_circular_multichannel) {
      const [outputs, inputs, k2, k1] = weight.shape, field = weight.complex ? "complex" : "real";
      const map = conv2d(floats(weight), { size: [n2, n1], kernel: [k2, k1], inputs, outputs, field });
      agree(map, input, output, `${n2}×${n1}, ${inputs} to ${outputs} channels`);
    }
  });

  Deno.test(`structured: transforms with diagonals between them agree in the ${machine.name} build`, () => {
    for (const { k, n, diagonals, input, output_normalized } of file.hadamard_diagonal) {
      const all = floats(diagonals);
      const map = hadamardDiagonal(Array.from({ length: k }, (_, i) => all.subarray(i * n, (i + 1) * n)));
      agree(map, input, output_normalized, `Hadamard-diagonal, n=${n}, k=${k}`);
    }
    for (const one of file.fastfood) {
      const diagonals = { first: floats(one.diag1), second: floats(one.diag2), third: floats(one.diag3) };
      for (const normalized of [true, false]) {
        const map = fastfood(diagonals, one.permutation, { normalized });
        const want = normalized ? one.output_normalized : one.output_unnormalized;
        agree(map, one.input, want, `Fastfood, n=${one.n}`);
      }
    }
    for (const { n, diag1, diag2, input, output_dct_first, output_idct_first } of file.acdc) {
      const [d, a] = [floats(diag1), floats(diag2)];
      agree(acdc(a, d), input, output_dct_first, `ACDC, n=${n}`);
      agree(acdc(a, d, { inverseFirst: true }), input, output_idct_first, `ACDC of the inverse, n=${n}`);
    }
  });
}

Deno.test("structured: the spectrum inside of a circulant is the papers' diagonal, in bit-reversed order", () => {
  let count = 0;
  for (const { n, complex, col, diagonal, n_extended } of file.circulant) {
    if (!diagonal || !n_extended) continue;
    // A complex circulant has the spectrum as it is; a real one splits it in two.
    const column = floats(col);
    const map = circulant(
      complex ? column : Float32Array.from({ length: 2 * n }, (_, k) => k & 1 ? 0 : column[k / 2]),
      "complex",
    );
    const inside = map.program.steps.filter((step) => step.kind === "diagonal");
    assert.equal(inside.length, 1);
    assert.equal(inside[0].weights.length, 2 * n_extended);
    assertEntries(inside[0].weights, values(diagonal), 1e-6, 1e-6, `n=${n}`);
    count++;
  }
  assert.ok(count > 0);
});
