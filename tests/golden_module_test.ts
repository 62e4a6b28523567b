import assert from "node:assert/strict";
import { fourierButterfly } from "../src/kaleidoscope/fourier.ts";
import { rotationBlocks, unitaryBlocks } from "../src/operator/angles.ts";
import { toBase4 } from "../src/operator/base4.ts";
import { blockDiagonal } from "../src/operator/block_diagonal.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import type { Operator } from "../src/operator/operator.ts";
import { Permutation } from "../src/operator/permutation.ts";
import { product } from "../src/operator/product.ts";
import { toTwiddle } from "../src/operator/twiddle.ts";
import { floats, golden, type GoldenArray, values } from "./golden/golden.ts";
import { assertClose, assertEntries, machines, runOn } from "./helpers.ts";

interface Shape {
  complex: boolean;
  increasing_stride: boolean;
  nblocks: number;
}

interface ForwardCase extends Shape {
  in_size: number;
  out_size: number;
  n: number;
  nstacks: number;
  twiddle: GoldenArray;
  bias: GoldenArray;
  input: GoldenArray;
  grad_output: GoldenArray;
  output: GoldenArray;
  d_input: GoldenArray;
  d_bias: GoldenArray;
  d_twiddle?: GoldenArray;
}

interface Moments {
  E_abs2_entry: number;
  E_abs4_entry: number;
  mean_re: number;
  frac_det_plus1?: number;
  mean_det_abs?: number;
}

interface ModuleFile {
  forward: ForwardCase[];
  transpose_conjugate: (Shape & { twiddle: GoldenArray; matrix: GoldenArray })[];
  subtwiddle: (Shape & {
    in_size: number;
    twiddle: GoldenArray | string;
    bias: GoldenArray;
    input: GoldenArray;
    output: GoldenArray;
  })[];
  imul: (Shape & {
    scale: number;
    twiddle: GoldenArray;
    input: GoldenArray;
    output_scaled: GoldenArray;
    twiddle_multiplier: number;
  })[];
  init: Record<string, GoldenArray> & {
    ortho_real: { theta: GoldenArray; det: number[]; blocks: GoldenArray };
    ortho_complex: Record<"u" | "alpha" | "psi" | "chi" | "blocks", GoldenArray>;
    statistics: Record<string, Moments>;
  };
  bmm: (Shape & {
    in_size: number;
    out_size: number;
    matrix_batch: number;
    twiddle: GoldenArray;
    bias: GoldenArray;
    input: GoldenArray;
    output: GoldenArray;
  })[];
  base4: (Shape & {
    n: number;
    twiddle: GoldenArray;
    input: GoldenArray;
    output: GoldenArray;
    twiddle2: GoldenArray;
    twiddle4: GoldenArray;
  })[];
}

const file = golden<ModuleFile>("butterfly_module");

/** The tolerance that the files suggest for float32. */
function assertGolden(got: ArrayLike<number>, want: GoldenArray, label: string): void {
  assertEntries(got, values(want), 1e-4, 1e-5, label);
}

function options(shape: Partial<Shape>) {
  const field = shape.complex ? "complex" as const : "real" as const;
  return { field, increasing: shape.increasing_stride, blocks: shape.nblocks };
}

/** The matrix of an operator on a machine, by applying it to unit vectors: row-major. */
function matrixOn(machine: (typeof machines)[number], map: Operator): Float64Array {
  const unit = map.field === "complex" ? 2 : 1, { rows, cols } = map;
  const units = new Float32Array(cols * cols * unit);
  for (let j = 0; j < cols; j++) units[(j * cols + j) * unit] = 1;
  const columns = runOn(machine, map, units, cols * rows * unit, cols);
  const matrix = new Float64Array(rows * cols * unit);
  for (let j = 0; j < cols; j++) {
    for (let i = 0; i < rows; i++) {
      for (let u = 0; u < unit; u++) matrix[(i * cols + j) * unit + u] = columns[(j * rows + i) * unit + u];
    }
  }
  return matrix;
}

/** Rows and columns exchanged, imaginary parts turned if asked. */
function altered(
  matrix: Float64Array,
  n: number,
  unit: number,
  transpose: boolean,
  conjugate: boolean,
): Float64Array {
  return matrix.map((_, k) => {
    const part = k % unit, entry = Math.floor(k / unit), i = Math.floor(entry / n), j = entry % n;
    const value = matrix[(transpose ? j * n + i : entry) * unit + part];
    return conjugate && part === 1 ? -value : value;
  });
}

for (const machine of machines) {
  const build = `in the ${machine.name} build`;

  Deno.test(`butterfly_module: forward and gradients agree with the papers' code ${build}`, () => {
    for (const one of file.forward) {
      const { in_size: cols, out_size: rows, complex, nblocks } = one;
      const label =
        `${rows}x${cols} blocks=${nblocks} complex=${complex} increasing=${one.increasing_stride}`;
      const map = Butterfly.fromTwiddle(cols, floats(one.twiddle), {
        ...options(one),
        rows,
        bias: floats(one.bias),
      });
      assert.deepEqual([map.n, map.stacks], [one.n, one.nstacks]);
      const batch = one.input.shape[0], x = floats(one.input), g = floats(one.grad_output);
      assertGolden(runOn(machine, map, x, g.length, batch), one.output, `output ${label}`);
      const gx = new Float32Array(x.length);
      const gradients = map.weights.map((w) => new Float32Array(w.length));
      map.compile(machine).gradient(x, g, gx, gradients, batch);
      assertGolden(gx, one.d_input, `d_input ${label}`);
      assertGolden(gradients.pop()!, one.d_bias, `d_bias ${label}`);
      if (!one.d_twiddle) continue;
      const dTwiddle = gradients.flatMap((gradient, i) => {
        const theirs = new Float32Array(gradient.length);
        toTwiddle(gradient, theirs, map.stride(i), map.field);
        return [...theirs];
      });
      assertGolden(dTwiddle, one.d_twiddle, `d_twiddle ${label}`);
    }
  });

  Deno.test(`butterfly_module: transposes and conjugates are those of the papers' code ${build}`, () => {
    for (const one of file.transpose_conjugate) {
      const n = one.matrix.shape[0], unit = one.complex ? 2 : 1, want = values(one.matrix);
      const map = Butterfly.fromTwiddle(n, floats(one.twiddle), options(one));
      const cases: [string, Operator, Float64Array][] = [
        ["M", map, want],
        ["transpose", map.transpose(), altered(want, n, unit, true, false)],
        ["conjugate", map.transpose().adjoint(), altered(want, n, unit, false, true)],
        ["adjoint", map.adjoint(), altered(want, n, unit, true, true)],
      ];
      for (const [name, operator, matrix] of cases) {
        const label =
          `${name} blocks=${one.nblocks} complex=${one.complex} increasing=${one.increasing_stride}`;
        assertEntries(matrixOn(machine, operator), matrix, 1e-4, 1e-5, label);
      }
    }
  });

  Deno.test(`butterfly_module: truncated and scaled butterflies agree with the papers' code ${build}`, () => {
    let twiddle = new Float32Array(0);
    for (const one of file.subtwiddle) {
      if (typeof one.twiddle !== "string") twiddle = floats(one.twiddle);
      const map = Butterfly.fromTwiddle(one.in_size, twiddle, {
        ...options(one),
        rows: one.bias.shape[0],
        bias: floats(one.bias),
      });
      const [batch, length] = one.input.shape;
      const sub = map.truncated(length);
      assert.equal(sub.rows, one.output.shape[1]);
      const y = runOn(machine, sub, floats(one.input), one.output.data.length, batch);
      assertGolden(
        y,
        one.output,
        `length ${length}, blocks ${one.nblocks}, increasing ${one.increasing_stride}`,
      );
    }
    for (const one of file.imul) {
      const n = 2 * one.twiddle.shape[3];
      const map = Butterfly.fromTwiddle(n, floats(one.twiddle), options(one));
      const scaled = map.scaled(one.scale);
      const y = runOn(machine, scaled, floats(one.input), one.output_scaled.data.length, one.input.shape[0]);
      assertGolden(y, one.output_scaled, `scale ${one.scale}`);
      const twiddle = floats(one.twiddle).map((w) => w * one.twiddle_multiplier);
      assertClose(scaled.toTwiddle(), twiddle, 1e-6, "scaled twiddle");
    }
  });

  Deno.test(`butterfly_module: a batch of different butterflies is a block diagonal ${build}`, () => {
    for (const one of file.bmm) {
      const { in_size, out_size: rows, matrix_batch: count } = one;
      const twiddle = floats(one.twiddle), bias = floats(one.bias);
      const blocks = Array.from({ length: count }, (_, m) => {
        const part = (array: Float32Array) =>
          array.slice(m * array.length / count, (m + 1) * array.length / count);
        return Butterfly.fromTwiddle(in_size, part(twiddle), { ...options(one), rows, bias: part(bias) });
      });
      const map = blockDiagonal(...blocks);
      assertGolden(
        runOn(machine, map, floats(one.input), one.output.data.length, one.input.shape[0]),
        one.output,
        "",
      );
    }
  });

  Deno.test(`butterfly_module: base 4 agrees with the papers' code ${build}`, () => {
    for (const one of file.base4) {
      const [batch, stacks, n] = one.input.shape;
      const label = `n=${n} blocks=${one.nblocks} increasing=${one.increasing_stride}`;
      const perStack = one.twiddle.data.length / stacks, unit = one.complex ? 2 : 1;
      const x = floats(one.input), want = values(one.output);
      const twiddle4: number[] = [], twiddle2: number[] = [];
      for (let stack = 0; stack < stacks; stack++) {
        const own = floats(one.twiddle).slice(stack * perStack, (stack + 1) * perStack);
        const map = toBase4(Butterfly.fromTwiddle(n, own, options(one)));
        twiddle4.push(...map.toTwiddle4());
        twiddle2.push(...map.toTwiddle2());
        for (let b = 0; b < batch; b++) {
          const at = (b * stacks + stack) * n * unit, end = at + n * unit;
          assertEntries(
            runOn(machine, map, x.slice(at, end), end - at, 1),
            want.slice(at, end),
            1e-4,
            1e-5,
            label,
          );
        }
      }
      assertGolden(twiddle4, one.twiddle4, `twiddle4 ${label}`);
      assertGolden(twiddle2, one.twiddle2, `twiddle2 ${label}`);
    }
  });

  Deno.test(`butterfly_module: Fourier butterflies and bit reversal make the unitary DFT ${build}`, () => {
    for (const n of [1, 2, 4, 16, 64]) {
      const reversal = Permutation.bitReversal(n, "complex");
      for (const inverse of [false, true]) {
        const dft = Float64Array.from({ length: 2 * n * n }, (_, k) => {
          const entry = k >> 1,
            angle = (inverse ? 2 : -2) * Math.PI * (Math.floor(entry / n) * (entry % n) % n) / n;
          return (k % 2 ? Math.sin(angle) : Math.cos(angle)) / Math.sqrt(n);
        });
        const label = `n=${n} inverse=${inverse}`, tolerance = 1e-6 * Math.max(1, Math.log2(n));
        const inTime = product(fourierButterfly(n, { inverse }), reversal);
        assertClose(matrixOn(machine, inTime), dft, tolerance, `decimation in time ${label}`);
        const inFrequency = product(reversal, fourierButterfly(n, { inverse, increasing: false }));
        assertClose(matrixOn(machine, inFrequency), dft, tolerance, `decimation in frequency ${label}`);
      }
    }
  });
}

Deno.test("butterfly_module: identities and Fourier butterflies have the twiddles of the papers' code", () => {
  let found = 0;
  for (const [name, array] of Object.entries(file.init)) {
    const want = array as GoldenArray;
    const identity = /^identity_n(\d+)_nblocks(\d+)/.exec(name);
    const fourier = /^(i?)fft_no_br_n(\d+)_nblocks(\d+)_inc(True|False)$/.exec(name);
    if (identity) {
      const n = Number(identity[1]), blocks = Number(identity[2]), field = want.complex ? "complex" : "real";
      assertGolden(Butterfly.identity(n, { blocks, field }).toTwiddle(), want, name);
    } else if (fourier) {
      const n = Number(fourier[2]), blocks = Number(fourier[3]), increasing = fourier[4] === "True";
      // Their first block is the transform, the others are identities.
      const first = fourierButterfly(n, { inverse: fourier[1] === "i", increasing });
      const twiddle = Butterfly.identity(n, { blocks, increasing, field: "complex" }).toTwiddle();
      twiddle.set(first.toTwiddle());
      assertGolden(twiddle, want, name);
    } else continue;
    found++;
  }
  assert.ok(found > 0);
});

Deno.test("butterfly_module: orthogonal and unitary blocks follow from their angles as in the papers' code", () => {
  const { ortho_real, ortho_complex } = file.init;
  const { alpha, psi, chi } = ortho_complex;
  assertGolden(rotationBlocks(values(ortho_real.theta), ortho_real.det), ortho_real.blocks, "real");
  const phi = values(ortho_complex.u).map((u) => Math.asin(Math.sqrt(u)));
  const blocks = unitaryBlocks({ phi, alpha: values(alpha), psi: values(psi), chi: values(chi) });
  assertGolden(blocks, ortho_complex.blocks, "complex");
});

Deno.test("butterfly_module: random weights have the moments of the papers' initialisers", () => {
  for (const [name, want] of Object.entries(file.init.statistics)) {
    const [mode, field] = name.split("_") as ["randn" | "ortho", "real" | "complex"];
    const init = mode === "randn" ? "normal" : "orthogonal", unit = field === "complex" ? 2 : 1;
    const twiddle = Butterfly.random(4096, { field, init, seed: 5 }).toTwiddle();
    const entries = twiddle.length / unit;
    let two = 0, four = 0, mean = 0, positive = 0, determinant = 0, deviation = 0;
    for (let block = 0; block < entries / 4; block++) {
      const entry = (k: number): [number, number] => {
        const at = (block * 4 + k) * unit;
        return [twiddle[at], unit === 2 ? twiddle[at + 1] : 0];
      };
      const [a, b, c, d] = [0, 1, 2, 3].map(entry);
      for (const [re, im] of [a, b, c, d]) {
        two += re * re + im * im;
        four += (re * re + im * im) ** 2;
        mean += re;
      }
      const re = a[0] * d[0] - a[1] * d[1] - b[0] * c[0] + b[1] * c[1];
      const im = a[0] * d[1] + a[1] * d[0] - b[0] * c[1] - b[1] * c[0];
      if (re > 0) positive += 4 / entries;
      determinant += re * 4 / entries;
      deviation = Math.max(deviation, Math.abs(Math.hypot(re, im) - 1));
      deviation = Math.max(deviation, Math.abs(Math.hypot(...a, ...b) - 1));
      deviation = Math.max(
        deviation,
        Math.hypot(
          a[0] * c[0] + a[1] * c[1] + b[0] * d[0] + b[1] * d[1],
          a[1] * c[0] - a[0] * c[1] + b[1] * d[0] - b[0] * d[1],
        ),
      );
    }
    // 24576 blocks: about ten standard deviations of each moment.
    const near = (got: number, theirs: number, tolerance: number, what: string): void =>
      assert.ok(Math.abs(got - theirs) < tolerance, `${name} ${what}: ${got}, theirs ${theirs}`);
    near(two / entries, want.E_abs2_entry, 0.03, "E|z|²");
    near(four / entries, want.E_abs4_entry, 0.08, "E|z|⁴");
    near(mean / entries, want.mean_re, 0.03, "mean");
    if (mode === "ortho") assert.ok(deviation < 1e-6, `${name}: blocks deviate from unitary by ${deviation}`);
    if (want.frac_det_plus1 !== undefined) near(positive, want.frac_det_plus1, 0.04, "share of rotations");
    if (want.mean_det_abs !== undefined) {
      near(Math.abs(determinant), want.mean_det_abs, 0.05, "mean determinant");
    }
  }
});

Deno.test("butterfly_module: a random bias is uniform in ±1/√cols in each part", () => {
  for (const field of ["real", "complex"] as const) {
    const bias = Butterfly.random(100, { rows: 5000, field, bias: true, seed: 2 }).bias!;
    assert.equal(bias.length, field === "complex" ? 10000 : 5000);
    const largest = bias.reduce((most, b) => Math.max(most, Math.abs(b)), 0);
    assert.ok(largest <= 0.1 && largest > 0.099);
    const square = bias.reduce((sum, b) => sum + b * b, 0) / bias.length;
    assert.ok(Math.abs(square - 0.01 / 3) < 2e-4, `mean square ${square}`);
  }
});
