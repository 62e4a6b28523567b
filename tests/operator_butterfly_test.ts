import assert from "node:assert/strict";
import fc from "fast-check";
import { toBase4 } from "../src/operator/base4.ts";
import { Butterfly, type ButterflyOptions } from "../src/operator/butterfly.ts";
import { createMachine } from "../src/kernels/machine.ts";
import { Random } from "../src/program/random.ts";
import { assertClose, machines, runOn } from "./helpers.ts";
import { assertRounded, evaluateBatch, roundings } from "./oracle.ts";
import { vectors } from "./programs.ts";

/** Relative error allowed in the 2-norm for butterflies on n points. */
function tolerance(n: number): number {
  return 1e-6 * Math.max(1, Math.log2(n));
}

interface Shape {
  cols: number;
  rows: number;
  field: "real" | "complex";
  increasing: boolean;
  blocks: number;
  bias: boolean;
  init: "normal" | "orthogonal";
  seed: number;
}

const size = fc.oneof(
  fc.integer({ min: 1, max: 9 }),
  fc.integer({ min: 1, max: 300 }),
  fc.constantFrom(64, 128, 256),
);

const shapes: fc.Arbitrary<Shape> = fc.record({
  cols: size,
  rows: size,
  field: fc.constantFrom("real" as const, "complex" as const),
  increasing: fc.boolean(),
  blocks: fc.integer({ min: 1, max: 3 }),
  bias: fc.boolean(),
  init: fc.constantFrom("normal" as const, "orthogonal" as const),
  seed: fc.nat(1000),
});

/**
 * The papers' definition in float64, from the twiddle [stacks, blocks, log₂n, n/2, 2, 2] alone: pad, apply each stack
 * to the same vector, concatenate, cut, add the bias.
 */
function butterfly64(map: Butterfly, twiddle: Float32Array, x: Float32Array | Float64Array): Float64Array {
  const { n, stacks, blocks, rows, cols } = map, unit = map.field === "complex" ? 2 : 1;
  const levels = Math.log2(n), result = new Float64Array(stacks * n * unit);
  for (let stack = 0; stack < stacks; stack++) {
    const re = new Float64Array(n), im = new Float64Array(n);
    for (let k = 0; k < cols; k++) {
      re[k] = x[k * unit];
      if (unit === 2) im[k] = x[k * unit + 1];
    }
    let increasing = map.increasing;
    for (let block = 0; block < blocks; block++, increasing = !increasing) {
      for (let idx = 0; idx < levels; idx++) {
        const stride = 2 ** (increasing ? idx : levels - 1 - idx);
        for (let i = 0; i < n / 2; i++) {
          const low = i % stride, p = 2 * (i - low) + low, q = p + stride;
          const at = (((stack * blocks + block) * levels + idx) * (n / 2) + i) * 4;
          const w = (entry: number): [number, number] => [
            twiddle[(at + entry) * unit],
            unit === 2 ? twiddle[(at + entry) * unit + 1] : 0,
          ];
          const [a, b, c, d] = [w(0), w(1), w(2), w(3)];
          const pr = re[p], pi = im[p], qr = re[q], qi = im[q];
          re[p] = a[0] * pr - a[1] * pi + b[0] * qr - b[1] * qi;
          im[p] = a[0] * pi + a[1] * pr + b[0] * qi + b[1] * qr;
          re[q] = c[0] * pr - c[1] * pi + d[0] * qr - d[1] * qi;
          im[q] = c[0] * pi + c[1] * pr + d[0] * qi + d[1] * qr;
        }
      }
    }
    for (let k = 0; k < n; k++) {
      result[(stack * n + k) * unit] = re[k];
      if (unit === 2) result[(stack * n + k) * unit + 1] = im[k];
    }
  }
  return result.slice(0, rows * unit).map((v, k) => v + (map.bias?.[k] ?? 0));
}

function batch64(map: Butterfly, x: Float32Array, batch: number): Float64Array {
  const twiddle = map.toTwiddle(), width = x.length / batch;
  const rows = Array.from(
    { length: batch },
    (_, i) => butterfly64(map, twiddle, x.slice(i * width, (i + 1) * width)),
  );
  return Float64Array.from(rows.flatMap((row) => [...row]));
}

for (const machine of machines) {
  Deno.test(`butterflies of any shape agree with their definition in float64 in the ${machine.name} build`, () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 1, max: 70 }), (shape, most) => {
        const map = Butterfly.random(shape.cols, shape), unit = shape.field === "complex" ? 2 : 1;
        const batch = Math.max(1, Math.min(most, Math.floor(20000 / map.n / map.stacks)));
        const x = vectors(new Random(shape.seed), batch * shape.cols * unit);
        const y = runOn(machine, map, x, batch * shape.rows * unit, batch), want = batch64(map, x, batch);
        // Few numbers may all cancel; then the bound of each entry is the measure.
        if (batch * shape.rows * unit >= 16) assertClose(y, want, tolerance(map.n));
        const { bound } = evaluateBatch(map.program, x, batch, unit === 2);
        assertRounded(y, want, bound, roundings(map.program), "each entry");
      }),
      { seed: 2026, numRuns: 100 },
    );
  });
}

/** Conjugate transpose, or transpose, of a row-major matrix. */
function transposed(
  matrix: Float32Array,
  rows: number,
  cols: number,
  unit: number,
  conjugate: boolean,
): Float32Array {
  const result = new Float32Array(matrix.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      for (let u = 0; u < unit; u++) {
        const v = matrix[(i * cols + j) * unit + u];
        result[(j * rows + i) * unit + u] = conjugate && u === 1 ? -v : v;
      }
    }
  }
  return result;
}

Deno.test("adjoints, transposes and dense matrices of butterflies belong together, rectangular ones included", () => {
  fc.assert(
    fc.property(shapes, (shape) => {
      const { rows, cols } = shape, unit = shape.field === "complex" ? 2 : 1;
      fc.pre(rows * cols < 20000);
      const map = Butterfly.random(cols, shape), dense = map.toDense(), limit = tolerance(map.n);
      for (const conjugate of [true, false]) {
        const other = conjugate ? map.adjoint() : map.transpose();
        assert.deepEqual([other.rows, other.cols, other.field], [cols, rows, shape.field]);
        const want = transposed(dense, rows, cols, unit, conjugate);
        if (want.length >= 16) assertClose(other.toDense(), want, 2 * limit);
        const back = conjugate ? other.adjoint() : other.transpose();
        assert.deepEqual([back.rows, back.cols], [rows, cols]);
        if (want.length >= 16) assertClose(back.toDense(), dense, 2 * limit);
      }
      // The columns are what the linear part makes of unit vectors.
      const zero = map.apply(new Float32Array(cols * unit)), j = shape.seed % cols;
      const e = new Float32Array(cols * unit);
      e[j * unit] = 1;
      const column = map.apply(e).map((v, k) => v - zero[k]);
      const want = Float32Array.from(
        column,
        (_, k) => dense[(Math.floor(k / unit) * cols + j) * unit + k % unit],
      );
      const scale = Math.max(1, ...zero.map(Math.abs));
      column.forEach((v, k) => assert.ok(Math.abs(v - want[k]) < 1e-5 * scale, `entry ${k} of column ${j}`));
    }),
    { seed: 2027, numRuns: 100 },
  );
});

Deno.test("the adjoint of a single stack is a butterfly with the factors in the opposite order", () => {
  const map = Butterfly.random(7, { rows: 6, field: "complex", blocks: 2, increasing: false });
  const adjoint = map.adjoint();
  assert.ok(adjoint instanceof Butterfly);
  // Strides 4 2 1 1 2 4 again.
  assert.deepEqual([adjoint.rows, adjoint.cols, adjoint.increasing], [7, 6, false]);
  assert.equal((Butterfly.random(8).adjoint() as Butterfly).increasing, false);
  // What needs sums or another padding is an operator of another kind, and true all the same.
  assert.ok(!(Butterfly.random(4, { rows: 9 }).adjoint() instanceof Butterfly));
  assert.ok(!(Butterfly.random(8, { rows: 3 }).adjoint() instanceof Butterfly));
  assert.equal((Butterfly.random(8, { bias: true }).adjoint() as Butterfly).bias, undefined);
});

Deno.test("weights go to the papers' layout and back unchanged", () => {
  fc.assert(
    fc.property(shapes, (shape) => {
      const map = Butterfly.random(shape.cols, shape);
      const { bias, ...options } = shape;
      const again = Butterfly.fromTwiddle(shape.cols, map.toTwiddle(), { ...options, bias: map.bias });
      assert.deepEqual(again.factors, map.factors);
      assert.deepEqual(again.bias === undefined, !bias);
    }),
    { seed: 2028, numRuns: 50 },
  );
});

Deno.test("base 4 is the same map, scaled butterflies are multiples of it", () => {
  fc.assert(
    fc.property(shapes, fc.constantFrom(0, 1e-3, 0.5, 2.75, 1000), (shape, scale) => {
      const map = Butterfly.random(shape.cols, shape), unit = shape.field === "complex" ? 2 : 1;
      const batch = 16, x = vectors(new Random(shape.seed), batch * shape.cols * unit);
      const y = map.apply(x), limit = 2 * tolerance(map.n);
      assertClose(toBase4(map).apply(x), y, limit, "base 4");
      assert.equal(toBase4(map).operations, toBase4(map).parameters - (map.bias ? shape.rows : 0));
      if (map.n === 1) return;
      const linear = Butterfly.fromTwiddle(shape.cols, map.toTwiddle(), { ...shape, bias: undefined });
      const want = linear.apply(x).map((v) => v * scale);
      // The root of the scale is rounded once in each of the factors.
      assertClose(linear.scaled(scale).apply(x), want, limit, `times ${scale}`);
    }),
    { seed: 2029, numRuns: 60 },
  );
});

Deno.test("a truncated butterfly with increasing strides is the corner of the whole one's inner levels", () => {
  for (const field of ["real", "complex"] as const) {
    const map = Butterfly.random(16, { field, seed: 4, bias: true, rows: 32 });
    for (const length of [1, 2, 3, 5, 8, 16]) {
      const sub = map.truncated(length), size = sub.n;
      assert.deepEqual([sub.cols, sub.rows, sub.stacks], [length, 2 * size, 2]);
      const levels = Math.log2(size), unit = field === "complex" ? 2 : 1;
      sub.factors.forEach((weights, i) => {
        const whole = map.factors[Math.floor(i / levels) * 4 + i % levels];
        assert.deepEqual(weights, whole.slice(0, weights.length));
      });
      assert.deepEqual(sub.bias, map.bias!.slice(0, 2 * size * unit));
    }
  }
  assert.throws(() => Butterfly.random(8).truncated(9), /length must be a whole number from 1 to 8, got 9/);
});

Deno.test("parameters and operations of a butterfly are counted", () => {
  const map = Butterfly.random(1024, { field: "complex", seed: 7 });
  assert.deepEqual([map.parameters, map.operations], [20480, 20480]);
  const other = Butterfly.random(5, { rows: 20, blocks: 2, bias: true });
  assert.deepEqual([other.parameters, other.operations], [3 * 2 * 3 * 16 + 20, 3 * 2 * 3 * 16]);
  assert.equal(Butterfly.random(1).parameters, 0);
});

Deno.test("the same seed gives the same butterfly, another seed another", () => {
  const weights = (seed: number) => [...Butterfly.random(8, { seed }).toTwiddle()];
  assert.deepEqual(weights(3), weights(3));
  assert.notDeepEqual(weights(3), weights(4));
});

Deno.test("identities leave vectors as they are, cut or padded", () => {
  const x = Float32Array.from({ length: 6 }, (_, i) => i + 1);
  assert.deepEqual([...Butterfly.identity(6).apply(x)], [1, 2, 3, 4, 5, 6]);
  assert.deepEqual([...Butterfly.identity(6, { rows: 3, blocks: 2 }).apply(x)], [1, 2, 3]);
  assert.deepEqual([...Butterfly.identity(3, { rows: 10 }).apply(x.subarray(0, 3))], [
    1,
    2,
    3,
    0,
    1,
    2,
    3,
    0,
    1,
    2,
  ]);
});

Deno.test("wrong shapes, weights and options are refused in a sentence", () => {
  const refuse = (make: () => unknown, message: RegExp, type: ErrorConstructor = RangeError): void =>
    assert.throws(make, (error) => error instanceof type && message.test(error.message));
  refuse(() => Butterfly.random(0), /cols must be a whole number from 1 to 1048576, got 0/);
  refuse(() => Butterfly.random(2 ** 20 + 1), /cols must be .* got 1048577/);
  refuse(() => Butterfly.random(2.5), /cols must be/);
  refuse(() => Butterfly.random(NaN), /cols must be/);
  refuse(() => Butterfly.random(4, { rows: -1 }), /rows must be/);
  refuse(() => Butterfly.random(4, { blocks: 0 }), /blocks must be/);
  refuse(() => Butterfly.random(4, { seed: 0.5 }), /expected a safe integer/);
  refuse(
    () => Butterfly.random(4, { field: "quaternion" as "real" }),
    /field must be "real" or "complex"/,
    TypeError,
  );
  refuse(() => Butterfly.random(4, { init: "best" as "normal" }), /init must be/, TypeError);
  refuse(() => Butterfly.fromFactors(12, []), /n must be a power of two, got 12/);
  refuse(() => Butterfly.fromFactors(4, [new Float32Array(8)]), /expected 2 factors, got 1/);
  refuse(() => Butterfly.fromFactors(2, [new Float32Array(5)]), /expected 4 floats of factor 0, got 5/);
  refuse(() => Butterfly.fromFactors(2, [new Float32Array([1, 0, NaN, 1])]), /factor 0\[2\] is NaN/);
  refuse(() => Butterfly.fromTwiddle(2, new Float32Array([1, 0, 0, Infinity])), /twiddle\[3\] is Infinity/);
  refuse(() => Butterfly.fromTwiddle(2, new Float32Array(3)), /expected 4 floats of twiddle, got 3/);
  const options: ButterflyOptions = { bias: new Float32Array(3) };
  refuse(() => Butterfly.identity(4, options), /expected 4 floats of bias, got 3/);
  refuse(() => Butterfly.identity(4).scaled(-1), /scale must be a finite number not below 0, got -1/);
  refuse(() => Butterfly.identity(4).scaled(NaN), /got NaN/);
  refuse(() => Butterfly.identity(1).scaled(2), /it has no factors/);
});

/** Random weights that cost little to draw, for large n: rotations by angles from a linear congruence. */
function largeFactors(n: number, field: "real" | "complex"): Float32Array<ArrayBuffer>[] {
  const unit = field === "complex" ? 2 : 1;
  let state = 12345;
  return Array.from({ length: Math.log2(n) }, () => {
    const weights = new Float32Array(2 * n * unit);
    for (let k = 0; k < weights.length; k++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      weights[k] = state / 2 ** 31;
    }
    return weights;
  });
}

for (
  const [n, field, names] of [
    [2 ** 16, "real", ["relaxed", "simd", "scalar"]],
    [2 ** 16, "complex", ["relaxed", "scalar"]],
    [2 ** 20, "real", ["relaxed"]],
  ] as const
) {
  for (const increasing of [true, false]) {
    Deno.test(`a ${field} butterfly on ${n} points agrees with float64 loops, increasing: ${increasing}`, () => {
      const factors = largeFactors(n, field), unit = field === "complex" ? 2 : 1;
      const map = new Butterfly(n, factors, { field, increasing });
      const x = vectors(new Random(1), 512).map((v) => v);
      const input = Float32Array.from({ length: n * unit }, (_, k) => x[k % 509]);
      let y = Float64Array.from(input);
      factors.forEach((w, i) => {
        const s = map.stride(i), next = new Float64Array(n * unit);
        for (let k = 0; k < n; k++) {
          const partner = k ^ s, beta = k & s ? 1 : 0, base = Math.floor(k / (2 * s)) * 4 * s + k % s;
          const d = (base + 3 * beta * s) * unit, o = (base + (2 * beta + 1 - beta) * s) * unit;
          if (unit === 1) next[k] = w[d] * y[k] + w[o] * y[partner];
          else {
            const p = 2 * k, q = 2 * partner;
            next[p] = w[d] * y[p] - w[d + 1] * y[p + 1] + w[o] * y[q] - w[o + 1] * y[q + 1];
            next[p + 1] = w[d] * y[p + 1] + w[d + 1] * y[p] + w[o] * y[q + 1] + w[o + 1] * y[q];
          }
        }
        y = next;
      });
      for (const name of names) {
        if (!machines.some((machine) => machine.name === name)) continue;
        assertClose(runOn(createMachine(name), map, input, n * unit, 1), y, tolerance(n), name);
      }
    });
  }
}
