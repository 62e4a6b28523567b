import { deepEqual, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import { loadOperator, saveOperator } from "../src/io/operator_file.ts";
import { kroneckerPermutations } from "../src/kaleidoscope/closure.ts";
import { waveletPermutation } from "../src/kaleidoscope/permutation.ts";
import { dct2, dct3, dct4, dst2, dst3, dst4 } from "../src/kaleidoscope/transforms/cosine.ts";
import { dct1, dst1 } from "../src/kaleidoscope/transforms/cosine_one.ts";
import { dft, idft } from "../src/kaleidoscope/transforms/dft.ts";
import { haar } from "../src/kaleidoscope/transforms/haar.ts";
import { hadamard, walsh } from "../src/kaleidoscope/transforms/hadamard.ts";
import { hartley } from "../src/kaleidoscope/transforms/hartley.ts";
import type { Shape, TransformOptions } from "../src/kaleidoscope/transforms/shape.ts";
import { Diagonal } from "../src/operator/diagonal.ts";
import type { Operator } from "../src/operator/operator.ts";
import { product } from "../src/operator/product.ts";
import { RealView } from "../src/operator/real_view.ts";
import { Random } from "../src/program/random.ts";
import { assertClose, machines, runOn } from "./helpers.ts";

interface Transform {
  make: (shape: Shape, options?: TransformOptions) => Operator;
  /** Entry (k, j) of the matrix of n points, not normalized, from the definition. */
  entry: (n: number, k: number, j: number) => number;
  /** What row k and column j are multiplied by to make it orthonormal. */
  scale: (n: number, k: number, j: number) => number;
  /** Sizes 2^level and the like. */
  size?: (level: number) => number;
}

const { PI, cos, sin, sqrt } = Math;
const half = (n: number) => sqrt(1 / (2 * n));
const ends = (n: number, k: number) => k === 0 || k === n - 1 ? Math.SQRT1_2 : 1;

/** The number of ones of k in binary. */
const ones = (k: number) => [...k.toString(2)].filter((bit) => bit === "1").length;
const reversed = (n: number, k: number) => {
  let r = 0;
  for (let bit = 1; bit < n; bit *= 2) r = 2 * r + (k & bit ? 1 : 0);
  return r;
};

const real: Record<string, Transform> = {
  dct1: {
    make: dct1,
    size: (level) => 2 ** level + 1,
    entry: (n, k, j) => (j === 0 || j === n - 1 ? 1 : 2) * cos(PI * j * k / (n - 1)),
    scale: (n, k, j) => half(n - 1) * ends(n, k) / ends(n, j),
  },
  dct2: {
    make: dct2,
    entry: (n, k, j) => 2 * cos(PI * k * (2 * j + 1) / (2 * n)),
    scale: (n, k) => half(n) * (k === 0 ? Math.SQRT1_2 : 1),
  },
  dct3: {
    make: dct3,
    entry: (n, k, j) => (j === 0 ? 1 : 2) * cos(PI * j * (2 * k + 1) / (2 * n)),
    scale: (n, _, j) => half(n) * (j === 0 ? Math.SQRT2 : 1),
  },
  dct4: {
    make: dct4,
    entry: (n, k, j) => 2 * cos(PI * (2 * k + 1) * (2 * j + 1) / (4 * n)),
    scale: (n) => half(n),
  },
  dst1: {
    make: dst1,
    size: (level) => 2 ** (level + 1) - 1,
    entry: (n, k, j) => 2 * sin(PI * (j + 1) * (k + 1) / (n + 1)),
    scale: (n) => half(n + 1),
  },
  dst2: {
    make: dst2,
    entry: (n, k, j) => 2 * sin(PI * (k + 1) * (2 * j + 1) / (2 * n)),
    scale: (n, k) => half(n) * (k === n - 1 ? Math.SQRT1_2 : 1),
  },
  dst3: {
    make: dst3,
    entry: (n, k, j) => j === n - 1 ? (-1) ** k : 2 * sin(PI * (j + 1) * (2 * k + 1) / (2 * n)),
    scale: (n, _, j) => half(n) * (j === n - 1 ? Math.SQRT2 : 1),
  },
  dst4: {
    make: dst4,
    entry: (n, k, j) => 2 * sin(PI * (2 * k + 1) * (2 * j + 1) / (4 * n)),
    scale: (n) => half(n),
  },
  hartley: {
    make: hartley,
    entry: (n, k, j) => cos(2 * PI * j * k / n) + sin(2 * PI * j * k / n),
    scale: (n) => 1 / sqrt(n),
  },
  hadamard: { make: hadamard, entry: (_, k, j) => (-1) ** ones(k & j), scale: (n) => 1 / sqrt(n) },
  dyadic: {
    make: (shape, options) => hadamard(shape, { ...options, order: "dyadic" }),
    entry: (n, k, j) => (-1) ** ones(reversed(n, k) & j),
    scale: (n) => 1 / sqrt(n),
  },
  walsh: {
    make: walsh,
    entry: (n, k, j) => (-1) ** ones(reversed(n, k ^ k >> 1) & j),
    scale: (n) => 1 / sqrt(n),
  },
  haar: {
    make: haar,
    // Row 0 is the sum of all; rows 2^l … 2^(l+1) − 1 are the differences of the halves of n/2^l numbers.
    entry: (n, k, j) => {
      const width = k === 0 ? n : n / 2 ** Math.floor(Math.log2(k));
      if (k === 0) return 1;
      if (Math.floor(j / width) !== k - n / width) return 0;
      return j % width < width / 2 ? 1 : -1;
    },
    scale: (n, k) => k === 0 ? 1 / sqrt(n) : sqrt(2 ** Math.floor(Math.log2(k)) / n),
  },
};

/** The matrix in float64. */
function matrix({ entry, scale }: Transform, n: number, normalized: boolean): Float64Array {
  return Float64Array.from({ length: n * n }, (_, i) => {
    const k = Math.floor(i / n), j = i % n;
    return entry(n, k, j) * (normalized ? scale(n, k, j) : 1);
  });
}

/** The matrix of the Fourier transform, interleaved, its sign +1 for the inverse. */
function fourierMatrix(n: number, inverse: boolean, scale: number): Float64Array {
  const values = new Float64Array(2 * n * n);
  for (let i = 0; i < n * n; i++) {
    const angle = (inverse ? 2 : -2) * PI * (Math.floor(i / n) * (i % n) % n) / n;
    values.set([scale * cos(angle), scale * sin(angle)], 2 * i);
  }
  return values;
}

/** A real matrix times each vector of a batch; with `transposed` its transpose. */
function times(m: Float64Array, n: number, x: Float32Array, transposed = false): Float64Array {
  const y = new Float64Array(x.length);
  for (let b = 0; b < x.length; b += n) {
    for (let k = 0; k < n; k++) {
      let sum = 0;
      for (let j = 0; j < n; j++) sum += m[transposed ? j * n + k : k * n + j] * x[b + j];
      y[b + k] = sum;
    }
  }
  return y;
}

function draw(length: number, seed: number): Float32Array<ArrayBuffer> {
  const random = new Random(seed);
  return Float32Array.from({ length }, () => random.normal());
}

for (const [name, transform] of Object.entries(real)) {
  const size = transform.size ?? ((level: number) => 2 ** level);

  Deno.test(`transforms: ${name} of 1 to 256 points is its definition, its adjoint the transpose, in every build`, () => {
    for (let level = 0; level <= 8; level++) {
      const n = size(level), x = draw(3 * n, level);
      for (const normalized of [false, true]) {
        const map = transform.make(n, { normalized }), m = matrix(transform, n, normalized);
        ok(map.field === "real" && map.rows === n && map.cols === n);
        const tolerance = 1e-6 * Math.max(1, level);
        for (const machine of machines) {
          const where = `${name} ${n} normalized=${normalized} ${machine.name}`;
          assertClose(runOn(machine, map, x, x.length, 3), times(m, n, x), tolerance, where);
          assertClose(
            runOn(machine, map.adjoint(), x, x.length, 3),
            times(m, n, x, true),
            tolerance,
            `${where}, adjoint`,
          );
        }
        // One vector alone takes other kernels than a batch.
        const one = x.slice(0, n);
        assertClose(map.apply(one), times(m, n, one), tolerance, `${name} ${n}, a single vector`);
      }
    }
  });

  Deno.test(`transforms: ${name} gives its matrix, and orthonormal means that`, () => {
    const n = size(4), map = transform.make(n, { normalized: true });
    const m = matrix(transform, n, true);
    assertClose(map.toDense(), m, 1e-6, name);
    const x = draw(n, 1), back = map.adjoint().apply(map.apply(x));
    assertClose(back, x, 2e-6, `${name}, there and back`);
    assertClose(map.transpose().toDense(), map.adjoint().toDense(), 1e-7, `${name}, transpose`);
  });
}

Deno.test("transforms: dft and idft of 1 to 256 points are their definition, with their adjoints, in every build", () => {
  for (let level = 0; level <= 8; level++) {
    const n = 2 ** level;
    for (const inverse of [false, true]) {
      for (const normalized of [false, true]) {
        const map = (inverse ? idft : dft)(n, { normalized });
        const m = fourierMatrix(n, inverse, normalized ? 1 / sqrt(n) : inverse ? 1 / n : 1);
        const conjugates = m.map((v, i) => i & 1 ? -v : v);
        const where = `n=${n} inverse=${inverse} normalized=${normalized}`;
        assertClose(map.toDense(), m, 1e-6 * Math.max(1, level), where);
        assertClose(map.adjoint().toDense(), conjugates, 1e-6 * Math.max(1, level), `adjoint, ${where}`);
        const x = new Float32Array(2 * n);
        x[2 * (n - 1)] = 1;
        const column = Float64Array.from({ length: 2 * n }, (_, i) => m[2 * ((i >> 1) * n + n - 1) + i % 2]);
        for (const machine of machines) {
          assertClose(runOn(machine, map, x, 2 * n, 1), column, 1e-6 * Math.max(1, level), where);
        }
      }
    }
  }
});

Deno.test("transforms: large ones are accurate and invert each other", () => {
  const n = 2 ** 14, x = draw(n, 5), complex = draw(2 * n, 6);
  assertClose(idft(n).apply(dft(n).apply(complex)), complex, 2e-5, "dft");
  for (const [there, back] of [[dct2, dct3], [dst2, dst3], [dct4, dct4], [dst4, dst4], [hartley, hartley]]) {
    const map = product(back(n, { normalized: true }), there(n, { normalized: true }));
    assertClose(map.apply(x), x, 2e-5, there.name);
  }
});

Deno.test("transforms: those of several dimensions are those of each axis", () => {
  const shapes = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 });
  const names = fc.constantFrom(...Object.keys(real));
  fc.assert(
    fc.property(shapes, names, fc.boolean(), (levels, name, normalized) => {
      const transform = real[name], sizes = levels.map(transform.size ?? ((level) => 2 ** level));
      const points = sizes.reduce((a, b) => a * b, 1), x = draw(points, 9);
      let want = Float64Array.from(x), inner = 1;
      for (const n of [...sizes].reverse()) {
        const m = matrix(transform, n, normalized), next = new Float64Array(points);
        for (let i = 0; i < points; i++) {
          const k = Math.floor(i / inner) % n, base = i - k * inner;
          for (let j = 0; j < n; j++) next[i] += m[k * n + j] * want[base + j * inner];
        }
        want = next;
        inner *= n;
      }
      const map = transform.make(sizes, { normalized });
      assertClose(map.apply(x), want, 4e-6, `${name} ${sizes}`);
      assertClose(map.toDense().subarray(0, points), map.adjoint().apply(unit(points)), 1e-6, "first row");
    }),
    { numRuns: 30, seed: 7 },
  );
});

Deno.test("transforms: Fourier transforms of any dimensions, normalized or not, and their inverses are those of each axis", () => {
  const shapes = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 4 })
    .filter((levels) => levels.reduce((a, b) => a + b) <= 6);
  fc.assert(
    fc.property(shapes, fc.boolean(), fc.boolean(), (levels, inverse, normalized) => {
      const sizes = levels.map((level) => 2 ** level), points = sizes.reduce((a, b) => a * b, 1);
      const sign = inverse ? 1 : -1, scale = normalized ? 1 / sqrt(points) : inverse ? 1 / points : 1;
      const want = new Float64Array(2 * points * points);
      for (let i = 0; i < points * points; i++) {
        let k = Math.floor(i / points), j = i % points, turns = 0;
        for (const n of [...sizes].reverse()) {
          turns += (k % n) * (j % n) / n;
          k = Math.floor(k / n);
          j = Math.floor(j / n);
        }
        want.set([scale * cos(2 * PI * turns), sign * scale * sin(2 * PI * turns)], 2 * i);
      }
      const map = (inverse ? idft : dft)(sizes, { normalized });
      assertClose(map.toDense(), want, 6e-6, `${sizes}, inverse ${inverse}, normalized ${normalized}`);
    }),
    { numRuns: 30, seed: 8, examples: [[[0, 0], true, true], [[1, 0, 1], false, true]] },
  );
});

Deno.test("transforms: Haar transforms without their permutation leave coefficients where the butterfly does", () => {
  for (const sizes of [[1], [2], [64], [2, 8], [4, 1, 4]]) {
    for (const normalized of [false, true]) {
      const points = sizes.reduce((a, b) => a * b, 1), x = draw(points, points);
      const plain = haar(sizes, { normalized, permutation: false }).apply(x);
      const orders = sizes.map((n) => waveletPermutation(n));
      const order = orders.reduce((all, own) => kroneckerPermutations(all, own));
      assertClose(
        haar(sizes, { normalized }).apply(x),
        Float32Array.from(order, (k) => plain[k]),
        1e-6,
        `${sizes}`,
      );
    }
  }
});

Deno.test("transforms: a DFT of three dimensions is that of each axis, in one butterfly", () => {
  const map = dft([2, 4, 8]), points = 64, x = draw(2 * points, 3);
  const want = new Float64Array(2 * points);
  for (let k = 0; k < points; k++) {
    for (let j = 0; j < points; j++) {
      const turns = (k >> 5) * (j >> 5) / 2 + (k >> 3 & 3) * (j >> 3 & 3) / 4 + (k & 7) * (j & 7) / 8;
      const c = cos(2 * PI * turns), s = -sin(2 * PI * turns);
      want[2 * k] += c * x[2 * j] - s * x[2 * j + 1];
      want[2 * k + 1] += c * x[2 * j + 1] + s * x[2 * j];
    }
  }
  assertClose(map.apply(x), want, 6e-6);
  deepEqual(map.program.steps.map((step) => step.kind), ["permutation", ...Array(6).fill("factor")]);
  assertClose(idft([2, 4, 8]).apply(map.apply(x)), x, 6e-6, "inverse");
});

Deno.test("transforms: the rows of walsh change their sign 0, 1, 2 … times", () => {
  const n = 32, m = walsh(n).toDense();
  for (let k = 0; k < n; k++) {
    let changes = 0;
    for (let j = 1; j < n; j++) if (m[k * n + j] !== m[k * n + j - 1]) changes++;
    ok(changes === k, `row ${k} changes its sign ${changes} times`);
  }
});

Deno.test("transforms: real ones have half the multiply-adds of a complex DFT, and compose with complex operators", () => {
  const n = 1024, complex = 4 * dft(n).operations;
  /** Multiply-adds of real numbers: a complex one counts four. */
  const count = (map: Operator): number =>
    map.program.steps.reduce((sum, step) => {
      if (step.kind !== "factor") return sum;
      return sum + (step.field === "complex" ? 2 : 1) * step.weights.length;
    }, 0);
  for (const make of [dct4, dst4]) ok(count(make(n)) < 0.5 * complex);
  for (const make of [dct2, dct3, dst2, dst3, hartley]) ok(count(make(n)) < 0.6 * complex);
  const turn = new Diagonal(new Float32Array(32).map((_, i) => i & 1), "complex");
  const x = draw(32, 4), re = x.filter((_, i) => i % 2 === 0), im = x.filter((_, i) => i % 2 === 1);
  const got = product(turn, dct2(16)).apply(x), [yr, yi] = [dct2(16).apply(re), dct2(16).apply(im)];
  assertClose(got, Float64Array.from({ length: 32 }, (_, i) => i & 1 ? yr[i >> 1] : -yi[i >> 1]), 1e-6);
});

Deno.test("transforms: gradients are those of the adjoint", () => {
  for (const make of [dct2, dst3, dct4, hartley]) {
    const map = make(32), x = draw(64, 1), g = draw(64, 2);
    assertClose(map.gradient(x, g).input, map.adjoint().apply(g), 2e-6, make.name);
  }
});

Deno.test("transforms: those of one dimension can be saved and loaded", () => {
  for (const make of [dft, dct2, dst3, dct4, hartley, walsh, haar]) {
    const map = make(64), loaded = loadOperator(saveOperator(map));
    deepEqual([...loaded.toDense()], [...map.toDense()], make.name);
  }
});

Deno.test("transforms: impossible sizes and options are refused in a sentence", () => {
  throws(() => dct1(1), /Cannot make a DCT-I of size 1: it needs two points at least/);
  throws(() => dct1([3, 1]), /Cannot make a DCT-I of size 1/);
  throws(() => dct1(8), /one more than a power of two \(2, 3, 5, 9 …\), got 8/);
  throws(() => dst1(8), /one less than a power of two \(1, 3, 7 …\), got 8/);
  throws(() => dct1(2.5), RangeError);
  throws(() => dst1([]), /no dimensions/);
  throws(() => dft(12), /Cannot make a DFT: n must be a power of two, got 12/);
  throws(() => dct2([4, 6]), /Cannot make a DCT-II: shape\[1\] must be a power of two, got 6/);
  throws(() => hartley([]), /no dimensions/);
  throws(() => haar([2048, 2048]), /2048×2048 has 4194304 points, at most 1048576/);
  throws(() => hadamard(8, { order: "random" as "natural" }), /order must be/);
  throws(() => new RealView(hadamard(8)), /expected a complex operator/);
});

/** The first unit vector. */
function unit(n: number): Float32Array<ArrayBuffer> {
  const x = new Float32Array(n);
  x[0] = 1;
  return x;
}
