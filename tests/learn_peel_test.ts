import assert from "node:assert/strict";
import fc from "fast-check";
import { bitReversal } from "../src/operator/permutation.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Random } from "../src/program/random.ts";
import {
  peel,
  type PeelFit,
  peelMisfit,
  peelOperator,
  type PeelOptions,
  peelTask,
} from "../src/learn/peel.ts";
import { checkTarget, type Field, type Target } from "../src/learn/target.ts";
import { finish } from "../src/learn/task.ts";
import { assertClose } from "./helpers.ts";
import { dft, hadamard } from "./learn_targets.ts";

/** A matrix from a function of row and column that gives (re, im) or a real number. */
function matrix(n: number, field: Field, entry: (i: number, j: number) => number | number[]): Target {
  const values = new Float64Array(n * n * (field === "complex" ? 2 : 1));
  for (let k = 0; k < n * n; k++) {
    const value = entry(Math.floor(k / n), k % n);
    if (field === "real") values[k] = value as number;
    else values.set(typeof value === "number" ? [value, 0] : value, 2 * k);
  }
  return checkTarget(values, n, field);
}

/** Entry (i, j) as a complex number. */
function at({ n, field, values }: Target, i: number, j: number): [number, number] {
  const k = n * i + j;
  return field === "complex" ? [values[2 * k], values[2 * k + 1]] : [values[k], 0];
}

function circulant(n: number, field: Field, seed: number): Target {
  const random = new Random(seed);
  const column = Array.from({ length: n }, () => [random.normal(), random.normal()]);
  return matrix(n, field, (i, j) => {
    const value = column[(i - j + n) % n];
    return field === "real" ? value[0] : value;
  });
}

/** Multiplies rows and columns by random numbers. */
function scaled(target: Target, seed: number): Target {
  const { n, field } = target, random = new Random(seed);
  const draw = () =>
    Array.from({ length: n }, () => [random.normal(), field === "complex" ? random.normal() : 0]);
  const rows = draw(), columns = draw();
  return matrix(n, field, (i, j) => {
    let value: number[] = at(target, i, j);
    for (const [a, b] of [rows[i], columns[j]]) {
      value = [value[0] * a - value[1] * b, value[0] * b + value[1] * a];
    }
    return field === "real" ? value[0] : value;
  });
}

/** The dense product of factors in the order of application, from their definition, complex. */
function dense(
  n: number,
  field: Field,
  factors: readonly ArrayLike<number>[],
  strides: readonly number[],
): Float64Array {
  const unit = field === "complex" ? 2 : 1;
  let product = new Float64Array(2 * n * n);
  for (let i = 0; i < n; i++) product[2 * (n * i + i)] = 1;
  factors.forEach((weights, f) => {
    const s = strides[f], next = new Float64Array(2 * n * n);
    for (let a = 0; a < n / (2 * s); a++) {
      for (let entry = 0; entry < 4; entry++) {
        for (let d = 0; d < s; d++) {
          const w = ((4 * a + entry) * s + d) * unit;
          const re = weights[w], im = unit === 2 ? weights[w + 1] : 0;
          const to = 2 * n * (2 * a * s + (entry >> 1) * s + d),
            from = 2 * n * (2 * a * s + (entry & 1) * s + d);
          for (let k = 0; k < 2 * n; k += 2) {
            const x = product[from + k], y = product[from + k + 1];
            next[to + k] += re * x - im * y;
            next[to + k + 1] += re * y + im * x;
          }
        }
      }
    }
    product = next;
  });
  return product;
}

/** A random product of the class. */
function randomProduct(
  n: number,
  field: Field,
  init: "normal" | "orthogonal",
  seed: number,
  increasing = false,
): Target {
  const map = Butterfly.random(n, { field, init, seed, blocks: 2, increasing });
  const product = dense(n, field, map.factors, map.factors.map((_, i) => map.stride(i)));
  return matrix(n, field, (i, j) => {
    const k = 2 * (n * i + j);
    return field === "real" ? product[k] : [product[k], product[k + 1]];
  });
}

function noisy(target: Target, size: number, seed: number): Target {
  const random = new Random(seed), noise = target.values.map(() => random.normal());
  const scale = size * target.norm / Math.hypot(...noise);
  return checkTarget(target.values.map((x, i) => x + scale * noise[i]), target.n, target.field);
}

/** The relative error of the product of the factors, computed here and not by the fit. */
function errorOf(fit: PeelFit, target: Target): number {
  const { n } = target, product = dense(n, fit.field, fit.factors, fit.strides);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const [x, y] = at(target, i, j), k = 2 * (n * i + j);
      sum += (x - product[k]) ** 2 + (y - product[k + 1]) ** 2;
    }
  }
  return Math.sqrt(sum) / target.norm;
}

function peeled(target: Target, options: PeelOptions = {}): PeelFit {
  return finish(peelTask(target, options));
}

const sizes = fc.constantFrom(2, 4, 8, 16, 32, 64);
const fields = fc.constantFrom<Field>("real", "complex");
const seeds = fc.integer({ min: 0, max: 1e6 });

Deno.test("circulants, with scaled rows and columns too, are found to rounding", () => {
  fc.assert(
    fc.property(sizes, fields, seeds, fc.boolean(), (n, field, seed, diagonals) => {
      const plain = circulant(n, field, seed), target = diagonals ? scaled(plain, seed + 1) : plain;
      const fit = peeled(target), error = errorOf(fit, target);
      assert.ok(error < 1e-10, `error ${error}`);
      assert.ok(Math.abs(error - fit.relativeError) < 1e-12, "the fit says what its error is");
      assert.ok(Math.abs(fit.rmse - fit.relativeError * target.norm / n) <= 1e-15 * target.norm);
    }),
    { numRuns: 60 },
  );
});

Deno.test("random products are found to rounding, and real factors of real matrices are real", () => {
  fc.assert(
    fc.property(sizes, fields, seeds, fc.boolean(), (n, field, seed, increasing) => {
      const target = randomProduct(n, field, "orthogonal", seed, increasing);
      const fit = peeled(target, { increasing }), error = errorOf(fit, target);
      assert.ok(error < 1e-11, `error ${error}`);
      if (field === "real") assert.equal(fit.field, "real");
      assert.equal(fit.factors.length, 2 * Math.log2(n) - 1);
      assert.equal(fit.strides[0], increasing ? 1 : n / 2);
    }),
    { numRuns: 60 },
  );
});

Deno.test("products of Gaussian blocks, some of them almost singular, are found", () => {
  fc.assert(
    fc.property(sizes, fields, seeds, (n, field, seed) => {
      const target = randomProduct(n, field, "normal", seed), error = errorOf(peeled(target), target);
      assert.ok(error < 1e-7, `error ${error}`);
    }),
    { numRuns: 40 },
  );
});

Deno.test("noise of 1e-6 and 1e-3 is amplified less than tenfold", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(8, 16, 32, 64),
      fields,
      seeds,
      fc.constantFrom(1e-6, 1e-3),
      fc.constantFrom("circulant", "scaled", "orthogonal", "hadamard", "permutation"),
      (n, field, seed, size, kind) => {
        const permutation = new Random(seed).permutation(n);
        const target = kind === "circulant"
          ? circulant(n, field, seed)
          : kind === "scaled"
          ? scaled(circulant(n, field, seed), seed + 1)
          : kind === "hadamard"
          ? hadamard(n)
          : kind === "permutation"
          ? matrix(n, "real", (i, j) => permutation[i] === j ? 1 : 0)
          : randomProduct(n, field, "orthogonal", seed);
        const error = errorOf(peeled(noisy(target, size, seed + 2)), target);
        assert.ok(error < 10 * size, `${kind}: error ${error / size} times the noise`);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("permutations with scaled rows, and rows of zeros, are exact", () => {
  fc.assert(
    fc.property(sizes, fields, seeds, (n, field, seed) => {
      const random = new Random(seed), permutation = random.permutation(n);
      const values = Array.from(
        { length: n },
        () => random.uniform() < 0.2 ? [0, 0] : [random.normal(), random.normal()],
      );
      values[0] = [1, 0];
      const target = matrix(n, field, (i, j) => {
        if (permutation[i] !== j) return 0;
        return field === "real" ? values[i][0] : values[i];
      });
      const error = errorOf(peeled(target), target);
      assert.ok(error < 1e-15, `error ${error}`);
    }),
    { numRuns: 40 },
  );
});

/** Matrices with blocks that are singular, zero, or all alike. */
const singular: Record<string, (n: number) => Target> = {
  "the identity": (n) => matrix(n, "real", (i, j) => i === j ? 1 : 0),
  "Hadamard": (n) => hadamard(n),
  "Hadamard with scaled rows and columns": (n) => scaled(hadamard(n), 5),
  "DFT in bit-reversed order": (n) => {
    const source = dft(n), reverse = bitReversal(n);
    return matrix(n, "complex", (i, j) => at(source, i, reverse[j]));
  },
  "all ones": (n) => matrix(n, "real", () => 1),
  "one entry": (n) => matrix(n, "real", (i, j) => i === 1 && j === 2 ? 3 : 0),
  "rank one": (n) => matrix(n, "real", (i, j) => Math.cos(i * i) * Math.sin(1 + j)),
  "a shift added to the identity": (n) =>
    matrix(n, "real", (i, j) => i === j ? 1 : (i - j + n) % n === 1 ? 0.5 : 0),
  "a smooth kernel": (n) =>
    matrix(n, "real", (i, j) => Math.exp(-(Math.min((i - j + n) % n, (j - i + n) % n) ** 2) / 8)),
  "a circulant with three frequencies": (n) =>
    matrix(n, "complex", (i, j) => {
      const angle = 2 * Math.PI * (i - j) / n;
      return [0, 1, 3].reduce(([x, y], k) => [x + Math.cos(k * angle), y + Math.sin(k * angle)], [0, 0]);
    }),
  "blocks of Hadamard matrices": (n) =>
    matrix(n, "real", (i, j) => i >> 2 === j >> 2 ? at(hadamard(4), i & 3, j & 3)[0] : 0),
  "a Hadamard matrix of blocks": (n) =>
    matrix(n, "real", (i, j) => i % 4 === j % 4 ? at(hadamard(n / 4), i >> 2, j >> 2)[0] : 0),
};

Deno.test("singular, sparse and degenerate members are found to rounding", () => {
  for (const [name, make] of Object.entries(singular)) {
    for (const n of [4, 8, 32, 64]) {
      const target = make(n), error = errorOf(peeled(target), target);
      assert.ok(error < 1e-12, `${name}, n = ${n}: error ${error}`);
    }
  }
});

Deno.test("matrices of which every factor will do get real factors", () => {
  for (
    const name of [
      "the identity",
      "Hadamard",
      "Hadamard with scaled rows and columns",
      "a Hadamard matrix of blocks",
    ]
  ) {
    assert.equal(peeled(singular[name](32)).field, "real", name);
  }
});

Deno.test("single butterflies of both orders are members", () => {
  for (const increasing of [true, false]) {
    for (const field of ["real", "complex"] as const) {
      const n = 32, map = Butterfly.random(n, { field, seed: 3, increasing });
      const product = dense(n, field, map.factors, map.factors.map((_, i) => map.stride(i)));
      const target = matrix(n, field, (i, j) => {
        const k = 2 * (n * i + j);
        return field === "real" ? product[k] : [product[k], product[k + 1]];
      });
      assert.ok(errorOf(peeled(target), target) < 1e-11);
    }
  }
});

Deno.test("larger matrices: 256 points to rounding and with noise", () => {
  for (const target of [scaled(circulant(256, "real", 1), 2), randomProduct(256, "real", "orthogonal", 3)]) {
    assert.ok(errorOf(peeled(target), target) < 1e-11);
    assert.ok(errorOf(peeled(noisy(target, 1e-3, 4)), target) < 1e-3);
  }
});

Deno.test("a convolution of 1024 points is found to rounding", () => {
  const target = circulant(1024, "real", 1), fit = peeled(target);
  assert.ok(fit.relativeError < 1e-12, `error ${fit.relativeError}`);
});

Deno.test("what is no member is answered with finite factors and an honest error, never worse than zero", () => {
  const random = new Random(1);
  for (const n of [8, 32, 64]) {
    const matrices = [
      matrix(n, "real", (i, j) => 1 / (i + j + 1)),
      matrix(n, "real", () => random.normal()),
      matrix(n, "real", (i, j) => j <= i ? 1 : 0),
      matrix(n, "complex", () => [random.normal(), random.normal()]),
    ];
    for (const target of matrices) {
      const fit = peeled(target);
      assert.ok(fit.factors.every((factor) => factor.every(Number.isFinite)));
      assert.ok(fit.relativeError <= 1 && Math.abs(errorOf(fit, target) - fit.relativeError) < 1e-9);
    }
  }
});

Deno.test("the scale of the matrix does not matter", () => {
  const source = circulant(16, "complex", 7);
  for (const scale of [1e-30, 1e30]) {
    const target = checkTarget(source.values.map((x) => scale * x), 16, "complex");
    assert.ok(errorOf(peeled(target), target) < 1e-12);
  }
});

Deno.test("the zero matrix and orders one and two", () => {
  for (const field of ["real", "complex"] as const) {
    const zero = peeled(matrix(8, field, () => 0));
    assert.equal(zero.relativeError, 0);
    assert.ok(dense(8, zero.field, zero.factors, zero.strides).every((x) => x === 0));
    const one = peeled(matrix(1, field, () => [3, 4].slice(0, field === "real" ? 1 : 2) as number[]));
    assert.equal(one.scalar?.[0], 3);
    assert.deepEqual(
      [...peelOperator(one).apply(new Float32Array(field === "real" ? [2] : [2, 0]))].slice(0, 1),
      [6],
    );
    const two = randomProduct(2, field, "normal", 1);
    assert.ok(errorOf(peeled(two), two) < 1e-15);
  }
});

Deno.test("the operator of a fit is the matrix", () => {
  fc.assert(
    fc.property(sizes, fields, seeds, fc.boolean(), (n, field, seed, increasing) => {
      const target = randomProduct(n, field, "orthogonal", seed, increasing);
      const map = peelOperator(peeled(target, { increasing }));
      assert.equal(map.field, field);
      const unit = field === "complex" ? 2 : 1, j = seed % n, x = new Float32Array(n * unit);
      x[j * unit] = 1;
      const want = Array.from({ length: n }, (_, i) => at(target, i, j).slice(0, unit)).flat();
      assertClose(map.apply(x), want, 1e-6 * Math.max(1, Math.log2(n)) * 2);
    }),
    { numRuns: 30 },
  );
});

Deno.test("the misfit tells members from others, behind permutations as well", () => {
  const n = 64, target = circulant(n, "real", 1), reverse = bitReversal(n);
  const hidden = matrix(n, "real", (i, j) => at(target, reverse[i], reverse[j])[0]);
  assert.ok(peelMisfit(target) < 1e-10);
  assert.ok(peelMisfit(hidden, reverse, reverse) < 1e-10);
  assert.ok(peelMisfit(target, new Random(2).permutation(n)) > 0.1);
  const random = new Random(3), none = matrix(n, "real", () => random.normal());
  assert.ok(peelMisfit(none) > 0.1);
  const some = peelMisfit(noisy(target, 1e-3, 4));
  assert.ok(some > 1e-4 && some < 3e-3, `misfit under noise ${some}`);
});

Deno.test("the same matrix gives the same factors", () => {
  const target = noisy(randomProduct(16, "complex", "normal", 5), 1e-3, 6);
  assert.deepEqual(peeled(target).factors, peeled(target).factors);
});

Deno.test("progress is reported, and a stop returns what there is", async () => {
  const target = noisy(randomProduct(64, "real", "normal", 5), 1e-2, 6);
  const task = peelTask(target);
  const first = task.next(undefined);
  assert.ok(!first.done && first.value.phase === "closed form");
  let step = task.next("cancelled");
  while (!step.done) step = task.next("cancelled");
  assert.equal(step.value.stopped, "cancelled");
  assert.equal(step.value.factors.length, 11);
  assert.ok(step.value.relativeError <= 1);
  const aborted = await peel(target, { signal: AbortSignal.abort() });
  assert.equal(aborted.stopped, "cancelled");
});

Deno.test("options that make no sense are refused", async () => {
  const target = hadamard(4);
  await assert.rejects(peel(target, { rounds: -1 }), /rounds is -1, expected an integer/);
  await assert.rejects(peel(target, { tolerance: NaN }), /tolerance is NaN/);
});
