import assert from "node:assert/strict";
import fc from "fast-check";
import { loadOperator, saveOperator } from "../src/io/operator_file.ts";
import { readSafetensors, writeSafetensors } from "../src/io/safetensors.ts";
import { Rotation, rotation, type RotationStage } from "../src/kaleidoscope/rotation.ts";
import type { Dense } from "../src/operator/dense.ts";
import { type Operator, Transposed } from "../src/operator/operator.ts";
import { Random } from "../src/program/random.ts";
import { assertClose, machines, runOn } from "./helpers.ts";

const normals = (length: number, seed: number): Float32Array<ArrayBuffer> => {
  const random = new Random(seed);
  return Float32Array.from({ length }, () => random.normal());
};

/** What a rotation computes, in float64, from its definition. */
function rotated({ cols: n, stages, signs }: Rotation, x: ArrayLike<number>): Float64Array {
  const y = Float64Array.from(x);
  let at = 0;
  stages.forEach(({ offset, length, levels, stride }, i) => {
    const size = 2 ** levels, before = y.slice();
    for (let k = 0; k < length; k++) {
      const row = Math.floor(k / stride) % size, first = k - row * stride;
      let sum = 0;
      for (let column = 0; column < size; column++) {
        let common = row & column, sign = 1;
        for (; common > 0; common &= common - 1) sign = -sign;
        sum += sign * before[offset + first + column * stride];
      }
      y[offset + k] = sum / Math.sqrt(size) * (i < stages.length - 1 ? signs[at + k] : 1);
    }
    at += length;
  });
  assert.equal(y.length, n);
  return y;
}

/** The determinant, by elimination in float64. */
function determinant(operator: Operator): number {
  const n = operator.cols, m = Float64Array.from(operator.toDense());
  let result = 1;
  for (let c = 0; c < n; c++) {
    let p = c;
    for (let i = c; i < n; i++) if (Math.abs(m[i * n + c]) > Math.abs(m[p * n + c])) p = i;
    if (p !== c) {
      for (let k = 0; k < n; k++) [m[c * n + k], m[p * n + k]] = [m[p * n + k], m[c * n + k]];
      result = -result;
    }
    result *= m[c * n + c];
    for (let i = c + 1; i < n; i++) {
      const part = m[i * n + c] / m[c * n + c];
      for (let k = c; k < n; k++) m[i * n + k] -= part * m[c * n + k];
    }
  }
  return result;
}

/** The largest entry of RᵀR − I in the columns of some unit vectors. */
function defect(operator: Operator, columns: readonly number[]): number {
  const n = operator.cols, units = new Float32Array(columns.length * n);
  columns.forEach((column, i) => units[i * n + column] = 1);
  const turned = operator.apply(units);
  // The transposed program as well as the inverse that the operator gives.
  return Math.max(
    ...[new Transposed(operator, true), operator.adjoint()].map((adjoint) =>
      adjoint.apply(turned).reduce((worst, value, k) => Math.max(worst, Math.abs(value - units[k])), 0)
    ),
  );
}

/** The distance of the distribution of numbers from the standard normal one (Kolmogorov and Smirnov). */
function distance(values: Float64Array): number {
  values.sort();
  const m = values.length;
  let worst = 0;
  values.forEach((x, i) => {
    // Abramowitz and Stegun 7.1.26, to 1.5e-7.
    const z = Math.abs(x) / Math.SQRT2, t = 1 / (1 + 0.3275911 * z);
    const polynomial = t *
      (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
    const tail = polynomial * Math.exp(-z * z) / 2, below = x < 0 ? tail : 1 - tail;
    worst = Math.max(worst, Math.abs(below - i / m), Math.abs(below - (i + 1) / m));
  });
  return worst;
}

Deno.test("rotations of all sizes asked for are orthogonal to 1e-6, and the adjoint is the inverse", () => {
  for (const n of [1, 2, 3, 13, 64, 65, 127, 384, 768, 896, 1000, 1009, 1536, 3072, 13696]) {
    const random = new Random(n), all = n <= 1600;
    const columns = all
      ? Array.from({ length: n }, (_, i) => i)
      : [0, 1, n - 1, ...Array.from({ length: 60 }, () => random.integer(n))];
    const error = defect(rotation(n, { seed: 3 }), columns);
    assert.ok(error <= 1e-6, `${n}: ${error}`);
  }
});

Deno.test("any size has an exact rotation", () => {
  const check = (n: number): void => {
    const error = defect(rotation(n, { seed: n }), [0, n >> 1, n - 1]);
    assert.ok(error <= 1e-6, `${n}: ${error}`);
  };
  for (let n = 1; n <= 200; n += n < 24 ? 1 : 11) check(n);
  fc.assert(fc.property(fc.integer({ min: 201, max: 20000 }), check), { numRuns: 8 });
});

Deno.test("a rotation of 2^17 + 1 points keeps the length of a vector", () => {
  const x = normals(2 ** 17 + 1, 5), y = rotation(2 ** 17 + 1, { rounds: 1 }).apply(x);
  const norm = (v: Float32Array): number => Math.sqrt(v.reduce((sum, value) => sum + value * value, 0));
  assert.ok(Math.abs(norm(y) / norm(x) - 1) < 1e-6);
});

Deno.test("rotations have determinant 1", () => {
  for (const n of [1, 2, 3, 4, 5, 13, 33, 64, 65, 71, 96, 100, 127, 130]) {
    for (const seed of [0, 1, 2]) {
      const turn = rotation(n, { seed });
      assert.ok(Math.abs(determinant(turn) - 1) < 1e-4, `${n}, seed ${seed}: ${determinant(turn)}`);
      if (turn instanceof Rotation) assert.equal(turn.determinant, 1);
    }
  }
  assert.equal(rotation(1, { seed: 4 }).apply(new Float32Array([3]))[0], 3);
  const stage = { offset: 0, length: 2, levels: 1, stride: 1 };
  assert.equal(new Rotation(3, [stage], []).determinant, -1);
  assert.equal(new Rotation(3, [stage, stage], [1, -1]).determinant, -1);
  assert.ok(Math.abs(determinant(new Rotation(3, [stage, stage], [1, -1])) + 1) < 1e-6);
});

Deno.test("the same seed gives the same rotation, another seed another one", () => {
  for (const n of [13, 100, 768]) {
    const x = normals(n, 1), y = rotation(n, { seed: 7 }).apply(x);
    assert.deepEqual(rotation(n, { seed: 7 }).apply(x), y);
    assert.notDeepEqual(rotation(n, { seed: 8 }).apply(x), y);
  }
  assert.deepEqual(rotation(100).apply(normals(100, 1)), rotation(100, { seed: 0 }).apply(normals(100, 1)));
});

const stagesOf = (n: number): fc.Arbitrary<RotationStage> =>
  fc.record({
    levels: fc.integer({ min: 1, max: Math.min(6, Math.floor(Math.log2(n))) }),
    stride: fc.constantFrom(1, 2, 3, 4, 8, 12, 16),
    repeats: fc.integer({ min: 1, max: 9 }),
    shift: fc.nat(),
  }).map(({ levels, stride, repeats, shift }) => {
    if (stride * 2 ** levels > n) stride = 1;
    const block = stride * 2 ** levels, length = block * Math.min(repeats, Math.floor(n / block));
    return { offset: shift % (n - length + 1), length, levels, stride };
  });

Deno.test("any rotation is the product that it is defined as, in every build, forward and backward", () => {
  const any = fc.integer({ min: 2, max: 150 }).chain((n) =>
    fc.record({
      n: fc.constant(n),
      stages: fc.array(stagesOf(n), { minLength: 1, maxLength: 6 }),
      seed: fc.nat(),
      batch: fc.constantFrom(1, 3),
    })
  );
  fc.assert(
    fc.property(any, ({ n, stages, seed, batch }) => {
      const random = new Random(seed), count = stages.slice(0, -1).reduce((sum, s) => sum + s.length, 0);
      const turn = new Rotation(n, stages, Array.from({ length: count }, () => random.integer(2) * 2 - 1));
      const x = normals(n * batch, seed);
      const rows = Array.from({ length: batch }, (_, i) => [...rotated(turn, x.subarray(i * n, i * n + n))])
        .flat();
      for (const machine of machines) {
        assertClose(runOn(machine, turn, x, n * batch, batch), rows, 3e-6, machine.name);
        const back = runOn(machine, turn.adjoint(), Float32Array.from(rows), n * batch, batch);
        assertClose(back, x, 3e-6, `${machine.name}, adjoint`);
      }
      assert.equal(turn.adjoint().determinant, turn.determinant);
      assertClose(
        turn.adjoint().gradient(Float32Array.from(rows), x).input,
        rows,
        3e-6,
        "gradient of the adjoint",
      );
      assertClose(turn.gradient(x, Float32Array.from(rows)).input, x, 3e-6, "gradient");
    }),
    { numRuns: 60 },
  );
});

Deno.test("drawn rotations are what they are defined as, in every build", () => {
  for (const n of [96, 255, 768, 1000, 1009, 3072]) {
    const turn = rotation(n, { seed: 2 }) as Rotation, x = normals(n, n), want = rotated(turn, x);
    for (const machine of machines) {
      assertClose(runOn(machine, turn, x, n, 1), want, 1e-6 * Math.log2(n), `${n}, ${machine.name}`);
    }
  }
});

Deno.test("where n allows it, a rotation runs as passes of additions and of changes of sign alone", () => {
  for (const n of [96, 384, 768, 896, 1024, 1536, 3072]) {
    const lines = rotation(n).explain().split("runs as:")[1].split("\n").slice(1);
    assert.equal(lines.length, (rotation(n) as Rotation).stages.length);
    for (const line of lines) assert.match(line, /±1, no weights, then a diagonal/);
  }
});

Deno.test("coordinates of rotated unit vectors look Gaussian", () => {
  for (const n of [65, 127, 384, 768, 896, 1000, 1009, 1536, 3072, 13696]) {
    for (
      const [rounds, bound] of n > 1000
        ? [[undefined, 0.03] as const]
        : [[undefined, 0.03], [4, 0.015]] as const
    ) {
      const random = new Random(n), trials = Math.max(8, Math.ceil(20000 / n)), each = 8;
      const values = new Float64Array(trials * n);
      let turn = rotation(n, { rounds });
      for (let i = 0; i < trials; i++) {
        if (i % each === 0) turn = rotation(n, { seed: i, rounds });
        const unit = new Float32Array(n);
        unit[[0, n - 1, 1, n >> 1][i] ?? random.integer(n)] = 1;
        turn.apply(unit).forEach((value, k) => values[i * n + k] = value * Math.sqrt(n));
      }
      const fourth = values.reduce((sum, value) => sum + value ** 4, 0) / values.length;
      assert.ok(
        Math.abs(fourth - 3) < 0.3,
        `${n}: the mean fourth power is ${fourth}, of a Gaussian it is 3`,
      );
      const d = distance(values);
      assert.ok(d < bound, `${n}, ${rounds} rounds: ${d}`);
    }
  }
});

Deno.test("no vector of signs, row of a Hadamard matrix or unit vector leaves a spike", () => {
  for (const n of [128, 384, 768, 1000, 1009, 3072, 13696]) {
    const random = new Random(n), vectors: Float32Array[] = [];
    const add = (entry: (k: number) => number): void =>
      void vectors.push(Float32Array.from({ length: n }, (_, k) => entry(k)));
    add(() => 1);
    add((k) => k % 2 ? -1 : 1);
    add((k) => k < n / 2 ? 1 : -1);
    for (let i = 0; i < 6; i++) add(() => random.integer(2) ? 1 : -1);
    for (let i = 0; i < 12; i++) {
      const row = random.integer(n);
      add((k) => {
        let sign = 1;
        for (let common = k & row; common > 0; common &= common - 1) sign = -sign;
        return sign;
      });
    }
    // What single stages take to one coordinate.
    const { stages } = rotation(n) as Rotation;
    for (const { offset, length, levels, stride } of stages) {
      const first = offset +
        random.integer(Math.floor(length / (stride * 2 ** levels))) * stride * 2 ** levels;
      add((k) => k >= first && k < first + stride * 2 ** levels && (k - first) % stride === 0 ? 1 : 0);
      add((k) => k >= first && k < first + 2 ** levels ? 1 : 0);
    }
    for (const at of [0, 1, 7, n >> 1, n - 2, n - 1]) add((k) => k === at ? 1 : 0);
    // Of so many Gaussian numbers the largest is below this with a probability of 1 − 1e-3.
    const seeds = 4, bound = Math.sqrt(2 * Math.log(1000 * n * vectors.length * seeds));
    for (let seed = 0; seed < seeds; seed++) {
      const turn = rotation(n, { seed });
      vectors.forEach((x, i) => {
        const scale = Math.sqrt(n) / Math.hypot(...x), y = turn.apply(x);
        const worst = y.reduce((most, value) => Math.max(most, Math.abs(value)), 0) * scale;
        assert.ok(worst < bound, `${n}: vector ${i} has a coordinate of ${worst}, ${bound} is allowed`);
      });
    }
  }
});

Deno.test("up to 64 points rotations are of the Haar measure: any entry has mean 0 and mean square 1/n", () => {
  for (const n of [2, 3, 8]) {
    const trials = 3000, mean = new Float64Array(n * n), square = new Float64Array(n * n);
    for (let seed = 0; seed < trials; seed++) {
      (rotation(n, { seed }) as Dense).values.forEach((value, k) => {
        mean[k] += value / trials;
        square[k] += value * value / trials;
      });
    }
    for (const value of mean) assert.ok(Math.abs(value) < 5 / Math.sqrt(n * trials), `${n}: ${value}`);
    for (const value of square) assert.ok(Math.abs(value - 1 / n) < 5 / (n * Math.sqrt(trials)) * 1.5);
  }
});

Deno.test("a rotation is saved by its signs, and loaded as it was", () => {
  for (const n of [13, 100, 768, 1000]) {
    const turn = rotation(n, { seed: 5 }), bytes = saveOperator(turn), x = normals(n, 3);
    assert.deepEqual(loadOperator(bytes).apply(x), turn.apply(x));
    assert.ok(turn.adjoint().adjoint() instanceof turn.constructor);
    assert.deepEqual(loadOperator(saveOperator(turn.adjoint())).apply(x), turn.adjoint().apply(x));
    if (turn instanceof Rotation) assert.ok(bytes.length < turn.parameters + 1000);
  }
});

Deno.test("a file with a rotation that is none is refused with a sentence", () => {
  const good = readSafetensors(saveOperator(rotation(100, { seed: 1 })));
  const file = (
    change: (node: Record<string, unknown>) => void,
    signs = good.tensors.get("signs")!,
  ): Uint8Array => {
    const meta = JSON.parse(good.metadata.papillon);
    change(meta.operator);
    return writeSafetensors([["signs", signs]], { papillon: JSON.stringify(meta) });
  };
  assert.equal(loadOperator(file(() => {})).cols, 100);
  const refused = (bytes: Uint8Array, pattern: RegExp): void =>
    void assert.throws(
      () => loadOperator(bytes),
      (error) => error instanceof RangeError && pattern.test(error.message),
    );
  refused(
    file((node) => node.rows = 90),
    /^Cannot read operator: .*length must be a whole number from 1 to 90/,
  );
  refused(file((node) => node.rows = 2 ** 25), /n must be a whole number from 1 to 1048576/);
  refused(file((node) => node.stages = "none"), /stages are not a list/);
  refused(file((node) => node.inverse = 1), /inverse of a rotation is '1', expected true or false/);
  refused(file((node) => node.stages = []), /the number of stages must be/);
  refused(file((node) => node.stages = [[0, 96, 5]]), /stages\[0\] of a rotation is not a list of 4 numbers/);
  refused(file((node) => node.stages = [["0", 96, 5, 1]]), /does not fit/);
  refused(file((node) => node.stages = [[0, 96, 7, 1]]), /levels must be a whole number from 1 to 6/);
  refused(file((node) => node.stages = [[0, 96, 5, 2]]), /not a multiple of 2·2\^5/);
  refused(file((node) => node.stages = [[0, 96, 5, 1]]), /expected 0 signs, got/);
  const some = (value: number) => ({
    dtype: "I8" as const,
    shape: [96],
    data: new Int8Array(96).fill(value),
  });
  const two = (node: Record<string, unknown>): unknown => node.stages = [[0, 96, 5, 1], [4, 96, 5, 1]];
  assert.equal(loadOperator(file(two, some(-1))).cols, 100);
  refused(file(two, some(2)), /signs\[0\] must be 1 or -1, got 2/);
  assert.throws(
    () => loadOperator(file(two, { dtype: "F32", shape: [96], data: new Float32Array(96).fill(1) })),
    /^TypeError: Cannot read operator: tensor 'signs' is F32, expected I8/,
  );
});

Deno.test("sizes, rounds and seeds that mean nothing are refused with a sentence", () => {
  for (const n of [0, -1, 1.5, NaN, Infinity, 2 ** 20 + 1, "8" as unknown as number]) {
    assert.throws(
      () => rotation(n),
      /^RangeError: Cannot make a rotation: n must be a whole number from 1 to 1048576/,
    );
  }
  for (const rounds of [0, -1, 2.5, NaN, 17]) {
    assert.throws(
      () => rotation(100, { rounds }),
      /Cannot make a rotation: rounds must be a whole number from 1 to 16/,
    );
    assert.throws(() => rotation(10, { rounds }), /rounds must be/);
  }
  for (const seed of [0.5, NaN, 2 ** 60]) {
    assert.throws(() => rotation(100, { seed }), /expected a safe integer/);
  }
});
