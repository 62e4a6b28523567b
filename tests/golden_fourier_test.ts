import { ok } from "node:assert/strict";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Diagonal } from "../src/operator/diagonal.ts";
import type { Operator } from "../src/operator/operator.ts";
import { OrthogonalButterfly } from "../src/operator/orthogonal.ts";
import { product } from "../src/operator/product.ts";
import { fourierButterfly } from "../src/kaleidoscope/fourier.ts";
import { dct2, dct3, dct4, dst2, dst4 } from "../src/kaleidoscope/transforms/cosine.ts";
import { dft, idft } from "../src/kaleidoscope/transforms/dft.ts";
import { haar } from "../src/kaleidoscope/transforms/haar.ts";
import { hadamard } from "../src/kaleidoscope/transforms/hadamard.ts";
import { floats, golden, type GoldenArray, values } from "./golden/golden.ts";
import { assertEntries, machines, runOn } from "./helpers.ts";

type Case = Record<string, GoldenArray> & { input: GoldenArray };

interface FourierFile {
  fft_ifft: (Case & { n: number })[];
  construction: Record<string, GoldenArray>;
  dct_dst: (Case & { n: number })[];
  fft2d_ifft2d: (Case & { n1: number; n2: number })[];
}

interface StructuredFile {
  hadamard: (Case & { n: number })[];
  wavelet_haar: (Case & { n: number })[];
}

const file = golden<FourierFile>("special_fourier");
const structured = golden<StructuredFile>("special_structured");

/** Applies an operator to the inputs of a case, in every build, and compares. */
function check(map: Operator, one: Case, want: GoldenArray, name: string): void {
  ok(want !== undefined, `the golden file has no ${name}`);
  const x = floats(one.input), expected = values(want), batch = x.length / map.program.inputWidth;
  for (const machine of machines) {
    const got = runOn(machine, map, x, expected.length, batch);
    assertEntries(got, expected, 1e-6, 1e-7, `${name}, ${machine.name} build`);
  }
}

Deno.test("golden: Fourier transforms and their inverses, normalized or not, are the papers'", () => {
  for (const one of file.fft_ifft) {
    for (const normalized of [false, true]) {
      const suffix = normalized ? "normalizedTrue" : "normalizedFalse";
      check(dft(one.n, { normalized }), one, one[`fft_${suffix}`], `fft ${one.n} ${suffix}`);
      check(idft(one.n, { normalized }), one, one[`ifft_${suffix}`], `ifft ${one.n} ${suffix}`);
    }
  }
});

Deno.test("golden: cosine and sine transforms are the papers' and scipy's", () => {
  const transforms = { dct2, dct3, dct4, dst2, dst4 };
  for (const one of file.dct_dst) {
    for (const [name, transform] of Object.entries(transforms)) {
      check(transform(one.n), one, one[`${name}_normalizedFalse`], `${name} ${one.n}`);
      const key = name === "dst2" ? "dst2_truly_orthonormal" : `${name}_normalizedTrue`;
      check(transform(one.n, { normalized: true }), one, one[key], `${key} ${one.n}`);
    }
  }
});

Deno.test("golden: the DST-II that older scipy calls normalized is ours with other ends", () => {
  for (const one of file.dct_dst) {
    const { n } = one;
    // They divide y[0], not y[n − 1], by √2.
    const scale = Float32Array.from(
      { length: n },
      (_, k) => Math.sqrt(1 / (k === 0 ? 4 * n : 2 * n)),
    );
    check(product(new Diagonal(scale), dst2(n)), one, one.dst2_normalizedTrue, `dst2_normalizedTrue ${n}`);
  }
});

Deno.test("golden: Fourier transforms of two dimensions, flattened, are the papers'", () => {
  for (const one of file.fft2d_ifft2d) {
    const shape = [one.n2, one.n1];
    for (const normalized of [false, true]) {
      const suffix = normalized ? "normalizedTrue" : "normalizedFalse";
      check(dft(shape, { normalized }), one, one[`fft2d_${suffix}`], `fft2d ${shape} ${suffix}`);
      check(idft(shape, { normalized }), one, one[`ifft2d_${suffix}`], `ifft2d ${shape} ${suffix}`);
    }
  }
});

Deno.test("golden: the factors of the Fourier transform are those of the papers' construction", () => {
  for (const increasing of [true, false]) {
    for (const [name, inverse] of [["fft", false], ["ifft", true]] as const) {
      const key = `${name}_n8_br_first${increasing ? "True" : "False"}_twiddle`;
      const twiddle = values(file.construction[key]);
      // Theirs are not normalized: ours times √2, or over √2 for the inverse.
      const unit = inverse ? Math.SQRT1_2 : Math.SQRT2;
      const map = fourierButterfly(8, { inverse, increasing });
      ok(map instanceof Butterfly);
      assertEntries(map.toTwiddle().map((w) => w * unit), twiddle, 0, 1e-6, key);
    }
  }
});

Deno.test("golden: the papers' angles of unitary Fourier butterflies make ours", () => {
  for (const increasing of [true, false]) {
    for (const [name, inverse] of [["fft", false], ["ifft", true]] as const) {
      const key = `${name}_unitary_n8_br_first${increasing ? "True" : "False"}_params`;
      const map = new OrthogonalButterfly(8, values(file.construction[key]), {
        field: "complex",
        increasing,
      });
      const want = fourierButterfly(8, { inverse, increasing }).toTwiddle();
      assertEntries(map.toTwiddle(), Float64Array.from(want), 0, 1e-6, key);
    }
  }
});

Deno.test("golden: Hadamard and Haar transforms are the papers'", () => {
  for (const one of structured.hadamard) {
    check(hadamard(one.n), one, one.output, `hadamard ${one.n}`);
    check(hadamard(one.n, { normalized: true }), one, one.output_normalized, `hadamard ${one.n} normalized`);
  }
  for (const one of structured.wavelet_haar) {
    check(haar(one.n, { normalized: true }), one, one.output, `haar ${one.n}`);
    const map = haar(one.n, { normalized: true, permutation: false });
    check(map, one, one.output_without_permutation, `haar ${one.n} without permutation`);
  }
});
