import assert from "node:assert/strict";
import fc from "fast-check";
import { circulant, toeplitz } from "../src/kaleidoscope/circulant.ts";
import { Convolution } from "../src/kaleidoscope/convolution.ts";
import { linearConvolution, type LinearConvolutionOptions } from "../src/kaleidoscope/linear_convolution.ts";
import { conv1d, conv2d } from "../src/kaleidoscope/layers.ts";
import { Diagonal } from "../src/operator/diagonal.ts";
import type { Operator } from "../src/operator/operator.ts";
import { product } from "../src/operator/product.ts";
import { Random } from "../src/program/random.ts";
import type { Field } from "../src/program/step.ts";
import { assertClose, machines, runOn } from "./helpers.ts";
import { apply64, entries, type Matrix, matrixOf, multiply, number, transpose } from "./operators.ts";
import { differentiate, evaluate } from "./oracle.ts";
import { vectors } from "./programs.ts";

const fields = ["real", "complex"] as const;
const unitOf = (field: Field): number => field === "complex" ? 2 : 1;

/** Convolution from its definition. */
function convolutionMatrix(
  kernel: Float32Array,
  inputs: number,
  outputs: number,
  n2: number,
  n1: number,
  field: Field,
): Matrix {
  const points = n1 * n2;
  return matrixOf(outputs * points, inputs * points, (i, j) => {
    const o = Math.floor(i / points), p = i % points, c = Math.floor(j / points), q = j % points;
    const row = (Math.floor(p / n1) - Math.floor(q / n1) + n2) % n2, column = (p % n1 - q % n1 + n1) % n1;
    return number(kernel, ((o * inputs + c) * n2 + row) * n1 + column, field);
  });
}

function norm(values: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += values[k] ** 2;
  return Math.sqrt(sum);
}

/** Checks a map on a machine, forward and backward, against its matrix. */
function check(map: Operator, matrix: Matrix, random: Random, batch: number, label: string): void {
  assert.deepEqual([map.rows, map.cols], [matrix.rows, matrix.cols], label);
  const unit = unitOf(map.field), levels = 4 + Math.log2(map.rows + map.cols);
  const x = vectors(random, batch * map.cols * unit), g = vectors(random, batch * map.rows * unit);
  const want = apply64(matrix, x, map.field, batch),
    back = apply64(transpose(matrix, true), g, map.field, batch);
  // Entries that cancel make small results of large numbers: what counts is the size of the operator.
  const scale = (y: Float64Array, v: Float32Array): Float64Array =>
    Float64Array.of(...y, norm(matrix.values) * norm(v) / Math.sqrt(matrix.cols));
  const pad = (y: Float32Array, v: Float64Array): Float64Array => Float64Array.of(...y, v[v.length - 1]);
  const forward = scale(want, x), backward = scale(back, g);
  for (const machine of machines) {
    const where = `${label}, ${machine.name}`;
    assertClose(pad(runOn(machine, map, x, want.length, batch), forward), forward, 1e-6 * levels, where);
    const gx = new Float32Array(x.length), gw = map.weights.map((w) => new Float32Array(w.length));
    map.compile(machine).gradient(x, g, gx, gw, batch);
    assertClose(pad(gx, backward), backward, 1e-6 * levels, `${where}, gradient`);
  }
}

Deno.test("circulants of every size from 1 to 70 are the matrices of their columns", () => {
  const random = new Random(31);
  for (let n = 1; n <= 70; n++) {
    for (const field of fields) {
      const column = vectors(random, n * unitOf(field)), map = circulant(column, field);
      const matrix = matrixOf(n, n, (i, j) => number(column, (i - j + n) % n, field));
      check(map, matrix, random, 1 + n % 3, `n=${n}, ${field}`);
      const label = `n=${n}, ${field}`;
      assertClose(map.toDense(), entries(matrix, field), 1e-5, label);
      assertClose(map.transpose().toDense(), entries(transpose(matrix, false), field), 1e-5, label);
      assertClose(map.adjoint().toDense(), entries(transpose(matrix, true), field), 1e-5, label);
    }
  }
});

Deno.test("circulants of large powers of two agree with the sum", () => {
  for (const n of [128, 1024, 4096]) {
    const random = new Random(n), column = vectors(random, n), x = vectors(random, n);
    const want = Float64Array.from({ length: n }, (_, i) => {
      let sum = 0;
      for (let j = 0; j < n; j++) sum += column[(i - j + n) % n] * x[j];
      return sum;
    });
    assertClose(circulant(column).apply(x), want, 1e-6 * Math.log2(n), `n=${n}`);
  }
});

Deno.test("Toeplitz matrices of any shape are those of their column and row", () => {
  fc.assert(
    fc.property(
      fc.record({
        rows: fc.integer({ min: 1, max: 40 }),
        cols: fc.integer({ min: 1, max: 40 }),
        seed: fc.nat(9999),
      }),
      fc.constantFrom(...fields),
      fc.boolean(),
      ({ rows, cols, seed }, field, square) => {
        const random = new Random(seed), unit = unitOf(field);
        const column = vectors(random, rows * unit), row = square ? undefined : vectors(random, cols * unit);
        const map = toeplitz(column, row, field);
        const matrix = matrixOf(rows, square ? rows : cols, (i, j) => {
          if (i >= j) return number(column, i - j, field);
          const [re, im] = number(row ?? column, j - i, field);
          return [re, row ? im : -im];
        });
        check(map, matrix, random, 2, `${rows}×${cols}, ${field}`);
        assertClose(map.transpose().toDense(), entries(transpose(matrix, false), field), 1e-5);
      },
    ),
    { seed: 41, numRuns: 60 },
  );
});

Deno.test("convolutions of many channels, on lines and images of any size, are what their definition says", () => {
  const shape = fc.record({
    inputs: fc.integer({ min: 1, max: 3 }),
    outputs: fc.integer({ min: 1, max: 3 }),
    n2: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 6 })),
    n1: fc.integer({ min: 1, max: 9 }),
    seed: fc.nat(9999),
  });
  fc.assert(
    fc.property(shape, fc.constantFrom(...fields), ({ inputs, outputs, n2, n1, seed }, field) => {
      const random = new Random(seed);
      const kernel = vectors(random, inputs * outputs * n1 * n2 * unitOf(field));
      const size = n2 === 1 && seed % 2 ? [n1] : [n2, n1];
      const map = new Convolution(kernel, { size, inputs, outputs, field });
      const matrix = convolutionMatrix(kernel, inputs, outputs, n2, n1, field), label = JSON.stringify(size);
      check(map, matrix, random, 2, label);
      for (const conjugate of [true, false]) {
        const other = conjugate ? map.adjoint() : map.transpose();
        assertClose(other.toDense(), entries(transpose(matrix, conjugate), field), 1e-5, label);
      }
    }),
    { seed: 43, numRuns: 60 },
  );
});

/** The coordinates of a number in a row-major array. */
function coordinates(size: readonly number[], k: number): number[] {
  return [...size].reverse().map((n) => {
    const p = k % n;
    k = Math.floor(k / n);
    return p;
  }).reverse();
}

/** The number of coordinates in a row-major array, or −1 outside of it. */
function numberOf(size: readonly number[], at: readonly number[]): number {
  return at.reduce((all, p, axis) => all < 0 || p < 0 || p >= size[axis] ? -1 : all * size[axis] + p, 0);
}

const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 })
  .filter((size) => size.reduce((a, b) => a * b, 1) <= 60);
const channels = fc.integer({ min: 1, max: 2 });

Deno.test("circular convolutions along any number of axes are what their definition says", () => {
  fc.assert(
    fc.property(
      sizes,
      channels,
      channels,
      fc.constantFrom(...fields),
      fc.nat(9999),
      (size, inputs, outputs, field, seed) => {
        const random = new Random(seed), points = size.reduce((a, b) => a * b, 1);
        const kernel = vectors(random, inputs * outputs * points * unitOf(field));
        const map = new Convolution(kernel, { size, inputs, outputs, field });
        const matrix = matrixOf(outputs * points, inputs * points, (i, j) => {
          const pair = Math.floor(i / points) * inputs + Math.floor(j / points);
          const p = coordinates(size, i % points), q = coordinates(size, j % points);
          const t = numberOf(size, p.map((v, axis) => (v - q[axis] + size[axis]) % size[axis]));
          return number(kernel, pair * points + t, field);
        });
        const label = `${size}, ${field}`;
        check(map, matrix, random, 2, label);
        for (const conjugate of [true, false]) {
          const other = conjugate ? map.adjoint() : map.transpose();
          assertClose(other.toDense(), entries(transpose(matrix, conjugate), field), 1e-5, label);
        }
      },
    ),
    {
      seed: 44,
      numRuns: 60,
      examples: [[[1, 1, 1], 2, 1, "real", 0], [[2, 1, 2, 1], 1, 1, "real", 1], [
        [3, 1, 1],
        1,
        1,
        "complex",
        2,
      ]],
    },
  );
});

Deno.test("linear convolutions along any number of axes, in all modes, are what their definition says", () => {
  const axis = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 7 }));
  const shapes = fc.array(axis, { minLength: 1, maxLength: 3 })
    .filter((shape) => shape.reduce((all, [n, k]) => all * (n + k), 1) < 400);
  fc.assert(
    fc.property(
      shapes,
      channels,
      channels,
      fc.constantFrom(...fields),
      fc.constantFrom("full" as const, "same" as const, "valid" as const),
      fc.nat(9999),
      (shape, inputs, outputs, field, mode, seed) => {
        const size = shape.map(([n]) => n),
          kernel = shape.map(([n, k]) => mode === "valid" ? Math.min(n, k) : k);
        const random = new Random(seed), own = kernel.reduce((a, b) => a * b, 1);
        const weight = vectors(random, inputs * outputs * own * unitOf(field));
        const map = linearConvolution(weight, { size, kernel, mode, inputs, outputs, field });
        const start = kernel.map((k) =>
          mode === "full" ? 0 : mode === "same" ? Math.floor((k - 1) / 2) : k - 1
        );
        const result = size.map((n, i) =>
          mode === "full" ? n + kernel[i] - 1 : mode === "same" ? n : n - kernel[i] + 1
        );
        const [rows, cols] = [result, size].map((s) => s.reduce((a, b) => a * b, 1));
        const matrix = matrixOf(outputs * rows, inputs * cols, (i, j) => {
          const pair = Math.floor(i / rows) * inputs + Math.floor(j / cols);
          const p = coordinates(result, i % rows), q = coordinates(size, j % cols);
          const t = numberOf(kernel, p.map((v, k) => v + start[k] - q[k]));
          return t < 0 ? [0, 0] : number(weight, pair * own + t, field);
        });
        check(map, matrix, random, 2, `${size} with ${kernel}, ${mode}, ${field}`);
      },
    ),
    {
      seed: 45,
      numRuns: 80,
      examples: [[[[1, 1]], 1, 1, "real", "full", 0], [[[1, 7]], 1, 1, "real", "same", 1]],
    },
  );
});

Deno.test("a linear convolution along one axis is the Toeplitz matrix of its kernel", () => {
  const random = new Random(6), n = 13, k = 5, weight = vectors(random, k);
  const column = new Float32Array(n + k - 1), row = new Float32Array(n);
  column.set(weight);
  row[0] = weight[0];
  assertClose(
    linearConvolution(weight, { size: [n], kernel: [k] }).toDense(),
    toeplitz(column, row).toDense(),
    1e-6,
  );
});

Deno.test("linear convolutions that cannot be are refused in sentences", () => {
  const four = new Float32Array(4);
  const refused = (options: unknown, message: RegExp): void =>
    assert.throws(() => linearConvolution(four, options as LinearConvolutionOptions), message);
  refused(
    { size: [4], kernel: [2, 2] },
    /size and kernel must be lists of as many axes, got \[4\] and \[2,2\]/,
  );
  refused({ size: [], kernel: [] }, /along each of 1 to 8 axes/);
  refused(
    { size: [3], kernel: [4], mode: "valid" },
    /no larger than the input, got kernel\[0\] 4 for size 3/,
  );
  refused({ size: [3], kernel: [4], mode: "half" }, /mode must be "full", "same" or "valid", got "half"/);
  refused({ size: [3], kernel: [3] }, /expected 3 floats of weight, got 4/);
  refused({ size: [0], kernel: [4] }, /size\[0\] must be a whole number/);
  refused({ size: [3], kernel: [1.5] }, /kernel\[0\] must be a whole number/);
  refused({ size: [2 ** 11, 2 ** 11], kernel: [2, 2] }, /4096×4096 points are too many/);
  refused(
    { size: [2 ** 20], kernel: [4] },
    /each size must be a whole number from 1 to 1048576, got 2097152/,
  );
});

Deno.test("layers are cross-correlations with circular padding", () => {
  const random = new Random(5), [o, i, n2, n1, k2, k1] = [2, 3, 5, 8, 3, 5];
  const weight = vectors(random, o * i * k2 * k1), x = vectors(random, i * n2 * n1);
  const want = Float64Array.from({ length: o * n2 * n1 }, (_, at) => {
    const out = Math.floor(at / (n1 * n2)), p = Math.floor(at / n1) % n2, q = at % n1;
    let sum = 0;
    for (let c = 0; c < i; c++) {
      for (let s = 0; s < k2; s++) {
        for (let t = 0; t < k1; t++) {
          const row = (p + s - 1 + n2) % n2, column = (q + t - 2 + n1) % n1;
          sum += weight[((out * i + c) * k2 + s) * k1 + t] * x[(c * n2 + row) * n1 + column];
        }
      }
    }
    return sum;
  });
  const map = conv2d(weight, { size: [n2, n1], kernel: [k2, k1], inputs: i, outputs: o });
  assertClose(map.apply(x), want, 1e-5);
  const line = conv1d(weight.subarray(0, k1), { size: n1, kernel: k1 });
  const image = conv2d(weight.subarray(0, k1), { size: [1, n1], kernel: [1, k1] });
  assertClose(line.toDense(), image.toDense(), 1e-6);
});

Deno.test("layers of any size, channels and field are what their definition says", () => {
  const side = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.nat(4));
  fc.assert(
    fc.property(
      fc.array(side, { minLength: 1, maxLength: 2 }),
      channels,
      channels,
      fc.constantFrom(...fields),
      fc.nat(9999),
      (sides, inputs, outputs, field, seed) => {
        const size = sides.map(([n]) => n);
        const kernel = sides.map(([n, k]) => Math.min(2 * k + 1, n - 1 + n % 2));
        const random = new Random(seed),
          points = size.reduce((a, b) => a * b),
          own = kernel.reduce((a, b) => a * b);
        const weight = vectors(random, inputs * outputs * own * unitOf(field)),
          shape = { inputs, outputs, field };
        const map = size.length === 1
          ? conv1d(weight, { size: size[0], kernel: kernel[0], ...shape })
          : conv2d(weight, { size: [size[0], size[1]], kernel: [kernel[0], kernel[1]], ...shape });
        const matrix = matrixOf(outputs * points, inputs * points, () => [0, 0]);
        for (let row = 0; row < matrix.rows; row++) {
          for (let t = 0; t < own * inputs; t++) {
            const p = coordinates(size, row % points), s = coordinates(kernel, t % own);
            const q = p.map((v, axis) => (v + s[axis] - (kernel[axis] - 1) / 2 + size[axis]) % size[axis]);
            const at = row * matrix.cols + Math.floor(t / own) * points + numberOf(size, q);
            const pair = Math.floor(row / points) * inputs + Math.floor(t / own);
            number(weight, pair * own + t % own, field).forEach((v, part) =>
              matrix.values[2 * at + part] += v
            );
          }
        }
        check(map, matrix, random, 2, `${size} with ${kernel}, ${field}`);
      },
    ),
    {
      seed: 46,
      numRuns: 50,
      examples: [[[[1, 0]], 1, 1, "real", 0], [[[2, 0], [1, 0]], 2, 1, "complex", 1]],
    },
  );
});

Deno.test("a real circulant next to complex operators acts on real and imaginary parts alike", () => {
  for (const n of [2, 4, 5, 8, 16, 33]) {
    const random = new Random(n), column = vectors(random, n), scale = vectors(random, 2 * n);
    const map = product(new Diagonal(scale, "complex"), circulant(column));
    const matrix = multiply(
      matrixOf(n, n, (i, j) => i === j ? number(scale, i, "complex") : [0, 0]),
      matrixOf(n, n, (i, j) => [column[(i - j + n) % n], 0]),
    );
    check(map, matrix, random, 3, `n=${n}`);
    assertClose(map.toDense(), matrix.values, 1e-5, `n=${n}`);
    assertClose(map.transpose().toDense(), transpose(matrix, false).values, 1e-5, `n=${n}`);
  }
});

Deno.test("the gradients of a convolution's weights are those of its program in float64", () => {
  for (const [n, field] of [[8, "real"], [32, "real"], [6, "real"], [16, "complex"]] as const) {
    const random = new Random(n), map = circulant(vectors(random, n * unitOf(field)), field);
    const x = vectors(random, n * unitOf(field)), g = vectors(random, x.length);
    const want = differentiate(map.program, evaluate(map.program, x), g);
    map.gradient(x, g).weights.forEach((w, i) =>
      assertClose(w, want.weights[i], 1e-5, `n=${n}, weights ${i}`)
    );
  }
});

Deno.test("convolutions that cannot be are refused in sentences", () => {
  const one = new Float32Array(1), four = new Float32Array(4);
  const refused = (make: () => unknown, name: string, message: RegExp): void =>
    assert.throws(make, { name, message });
  refused(
    () => circulant(new Float32Array(0)),
    "RangeError",
    /a circulant: column must have from 1 to 1048576 real/,
  );
  refused(() => circulant(new Float32Array(3), "complex"), "RangeError", /complex numbers, got 3 floats/);
  refused(() => circulant(new Float32Array([1, NaN])), "RangeError", /column\[1\] is NaN/);
  refused(() => circulant([1, 2] as unknown as Float32Array), "TypeError", /column is not a Float32Array/);
  refused(() => circulant(four, "quaternion" as Field), "TypeError", /field must be/);
  refused(() => toeplitz(four, new Float32Array(0)), "RangeError", /a Toeplitz matrix: row must have from 1/);
  refused(() => toeplitz(new Float32Array(2 ** 20), four), "RangeError", /together at most 1048577/);
  refused(() => conv1d(four, { size: 8, kernel: 4 }), "RangeError", /must be an odd number, got 4/);
  refused(
    () => conv1d(four, { size: 3, kernel: 5 }),
    "RangeError",
    /kernel must be a whole number from 1 to 3/,
  );
  refused(() => conv1d(four, { size: 8, kernel: 3 }), "RangeError", /expected 3 floats of weight, got 4/);
  refused(
    () => conv2d(one, { size: [4, 4], kernel: [1] as never }),
    "RangeError",
    /kernel must be a pair of numbers/,
  );
  for (const size of [[], Array(9).fill(1), 4 as unknown as number[]]) {
    refused(
      () => new Convolution(four, { size }),
      "RangeError",
      /size must be the points along each of 1 to 8 axes/,
    );
  }
  refused(() => new Convolution(four, { size: [2, 0, 2] }), "RangeError", /each size must be a whole number/);
  refused(
    () => new Convolution(four, { size: [4], inputs: 0 }),
    "RangeError",
    /inputs must be a whole number/,
  );
  refused(() => new Convolution(four, { size: [1024, 1024], inputs: 64 }), "RangeError", /64 to 1 channels/);
  // Extended to 2²¹ complex points.
  refused(
    () => circulant(new Float32Array(2 ** 21 - 2), "complex"),
    "RangeError",
    /of 1048575 points are too many/,
  );
});
