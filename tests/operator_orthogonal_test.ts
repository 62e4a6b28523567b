import { equal, ok, throws } from "node:assert/strict";
import { Butterfly } from "../src/operator/butterfly.ts";
import { OrthogonalButterfly } from "../src/operator/orthogonal.ts";
import { Executable } from "../src/program/executable.ts";
import { Random } from "../src/program/random.ts";
import type { Field } from "../src/program/step.ts";
import { floats, golden, type GoldenArray, values } from "./golden/golden.ts";
import { assertClose, assertEntries, machines, runOn } from "./helpers.ts";
import { evaluate } from "./oracle.ts";
import { vectors } from "./programs.ts";

interface UnitaryCase {
  n: number;
  increasing_stride: boolean;
  nblocks: number;
  params: GoldenArray;
  input: GoldenArray;
}

const file = golden<{
  cases: (UnitaryCase & Record<"grad_output" | "output" | "d_input" | "d_params", GoldenArray>)[];
  module: (UnitaryCase & {
    in_size: number;
    out_size: number;
    nstacks: number;
    bias: GoldenArray;
    output: GoldenArray;
  })[];
  adjoint: (UnitaryCase & { output_adjoint: GoldenArray })[];
}>("butterfly_unitary");

function unitary(one: UnitaryCase): OrthogonalButterfly {
  const { n, params, increasing_stride: increasing, nblocks: blocks } = one;
  return new OrthogonalButterfly(n, values(params), { field: "complex", increasing, blocks });
}

for (const machine of machines) {
  Deno.test(`unitary butterflies agree with the papers' code in the ${machine.name} build`, () => {
    for (const one of file.cases) {
      const map = unitary(one), x = floats(one.input), batch = one.input.shape[0];
      const label = `n=${one.n} blocks=${one.nblocks} increasing=${one.increasing_stride}`;
      assertEntries(runOn(machine, map, x, x.length, batch), values(one.output), 1e-4, 1e-5, label);
      const gx = new Float32Array(x.length), weights = map.weights.map((w) => new Float32Array(w.length));
      new Executable(map.program, machine).gradient(x, floats(one.grad_output), gx, weights, batch);
      assertEntries(gx, values(one.d_input), 1e-4, 1e-5, `d_input ${label}`);
    }
    for (const one of file.adjoint) {
      const x = floats(one.input),
        y = runOn(machine, unitary(one).adjoint(), x, x.length, one.input.shape[0]);
      assertEntries(y, values(one.output_adjoint), 1e-4, 1e-5, "adjoint");
    }
    for (const one of file.module) {
      const { in_size, out_size, increasing_stride: increasing, nblocks: blocks } = one;
      const options = {
        rows: out_size,
        field: "complex" as const,
        increasing,
        blocks,
        bias: floats(one.bias),
      };
      const map = new OrthogonalButterfly(in_size, values(one.params), options);
      equal(map.stacks, one.nstacks);
      const y = runOn(machine, map, floats(one.input), one.output.data.length, one.input.shape[0]);
      assertEntries(y, values(one.output), 1e-4, 1e-5, "module");
    }
  });
}

Deno.test("unitary butterflies: the gradients of angles are those of the papers' code", () => {
  for (const one of file.cases) {
    const { angles } = unitary(one).gradient(floats(one.input), floats(one.grad_output));
    assertEntries(angles, values(one.d_params), 1e-4, 1e-5, `n=${one.n} blocks=${one.nblocks}`);
  }
});

/** ‖Mᴴ·M − I‖ in the largest entry, in float64, of a square matrix. */
function defect(dense: Float32Array, n: number, field: Field): number {
  const unit = field === "complex" ? 2 : 1;
  const at = (i: number, j: number): [number, number] => {
    const k = (i * n + j) * unit;
    return [dense[k], unit === 2 ? dense[k + 1] : 0];
  };
  let worst = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let re = i === j ? -1 : 0, im = 0;
      for (let k = 0; k < n; k++) {
        const [a, b] = at(k, i), [c, d] = at(k, j);
        re += a * c + b * d;
        im += a * d - b * c;
      }
      worst = Math.max(worst, Math.hypot(re, im));
    }
  }
  return worst;
}

Deno.test("orthogonal butterflies are orthogonal for any angles, however large", () => {
  for (const field of ["real", "complex"] as const) {
    for (const n of [1, 2, 4, 16, 64]) {
      for (const [blocks, increasing] of [[1, true], [1, false], [2, false], [3, true]] as const) {
        const options = { field, blocks, increasing };
        const one = OrthogonalButterfly.random(n, { ...options, seed: n });
        ok(defect(one.toDense(), n, field) < 2e-6, `random n=${n} ${field}`);
        const wild = one.withAngles(one.angles.map((a, i) => 100 * a - 7 * i));
        ok(defect(wild.toDense(), n, field) < 2e-6, `wild n=${n} ${field}`);
      }
    }
  }
});

Deno.test("orthogonal butterflies keep norms through 1000 factors", () => {
  for (const field of ["real", "complex"] as const) {
    const n = 1024, map = OrthogonalButterfly.random(n, { field, blocks: 100, seed: 3 });
    equal(map.factors.length, 1000);
    const x = vectors(new Random(1), 2 * n * (field === "complex" ? 2 : 1)), y = map.apply(x);
    const norm = (v: Float32Array): number => Math.sqrt(v.reduce((sum, value) => sum + value * value, 0));
    ok(Math.abs(norm(y) / norm(x) - 1) < 1e-5, `${field}: ${norm(y) / norm(x)}`);
    assertClose(map.adjoint().apply(y), x, 2e-5, `${field} and back`);
  }
});

Deno.test("orthogonal butterflies: gradients of angles agree with finite differences", () => {
  for (const field of ["real", "complex"] as const) {
    for (const [cols, rows, blocks] of [[2, 2, 1], [8, 8, 2], [6, 5, 1], [4, 7, 2]]) {
      const options = { field, rows, blocks, seed: cols, increasing: blocks === 1, bias: true };
      const map = OrthogonalButterfly.random(cols, options);
      const unit = field === "complex" ? 2 : 1, random = new Random(5);
      const x = vectors(random, cols * unit), g = vectors(random, rows * unit);
      // The factors of other angles are rounded to float32: a wide difference of fourth order, evaluated in float64.
      const loss = (angles: Float64Array): number => {
        const { program } = map.withAngles(angles);
        return evaluate(program, x)[program.output].reduce((sum, y, i) => sum + y * g[i], 0);
      };
      const want = map.angles.map((_, i) => {
        const at = (h: number): number => loss(map.angles.map((a, k) => k === i ? a + h : a));
        const h = 0.02;
        return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
      });
      assertClose(map.gradient(x, g).angles, want, 2e-5, `${field} ${rows}×${cols}`);
    }
  }
});

Deno.test("orthogonal butterflies: adjoints and transposes have angles of their own", () => {
  for (const field of ["real", "complex"] as const) {
    for (const [cols, rows, blocks] of [[8, 8, 1], [8, 8, 2], [7, 5, 3]]) {
      const map = OrthogonalButterfly.random(cols, { rows, field, blocks, increasing: false, seed: 2 });
      const plain = Butterfly.fromTwiddle(cols, map.toTwiddle(), { rows, field, blocks, increasing: false });
      for (const which of ["adjoint", "transpose"] as const) {
        const got = map[which]();
        ok(got instanceof OrthogonalButterfly);
        assertClose(got.toDense(), plain[which]().toDense(), 1e-6, which);
      }
    }
  }
});

Deno.test("orthogonal butterflies: Haar blocks have the right moments", () => {
  const map = OrthogonalButterfly.random(4096, { field: "complex", seed: 9 });
  const twiddle = map.toTwiddle(), blocks = twiddle.length / 8;
  let second = 0, fourth = 0, re = 0;
  for (let i = 0; i < blocks; i++) {
    const square = twiddle[8 * i] ** 2 + twiddle[8 * i + 1] ** 2;
    second += square / blocks;
    fourth += square * square / blocks;
    re += twiddle[8 * i] / blocks;
  }
  // On U(2), E|u|² = 1/2 and E|u|⁴ = 1/3; 24576 blocks.
  ok(Math.abs(second - 1 / 2) < 0.01 && Math.abs(fourth - 1 / 3) < 0.01 && Math.abs(re) < 0.015);
  const real = OrthogonalButterfly.random(256, { seed: 9 }), { determinants } = real;
  const mean = determinants!.reduce((sum, p) => sum + p, 0) / determinants!.length;
  ok(Math.abs(mean) < 0.12);
  equal(real.parameters, 128 * 8);
  equal(map.parameters, 2 * 2048 * 12);
});

Deno.test("orthogonal butterflies refuse what does not fit with a sentence", () => {
  throws(() => new OrthogonalButterfly(8, new Float64Array(11)), {
    name: "RangeError",
    message: "Cannot make an orthogonal butterfly: expected 12 angles, got 11",
  });
  throws(() => new OrthogonalButterfly(2, [NaN]), /angles\[0\] is NaN, which is not a finite number/);
  throws(
    () => new OrthogonalButterfly(2, [0], { determinants: [2] }),
    /determinants\[0\] must be 1 or -1, got 2/,
  );
  const complex = { field: "complex" as const, determinants: [1] };
  throws(() => new OrthogonalButterfly(2, [0, 0, 0, 0], complex), /complex blocks take no determinants/);
});
