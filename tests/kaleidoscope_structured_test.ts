import assert from "node:assert/strict";
import fc from "fast-check";
import { acdc, afdf, fastfood, hadamardDiagonal } from "../src/kaleidoscope/diagonals.ts";
import { lowRank } from "../src/kaleidoscope/low_rank.ts";
import { householder } from "../src/kaleidoscope/reflections.ts";
import { classOf } from "../src/kaleidoscope/hierarchy.ts";
import { sparse } from "../src/kaleidoscope/sparse.ts";
import { stepMatrix } from "../src/kaleidoscope/step_matrix.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import type { Operator } from "../src/operator/operator.ts";
import { Window } from "../src/operator/window.ts";
import { Random } from "../src/program/random.ts";
import type { Field } from "../src/program/step.ts";
import { assertClose, machines, runOn } from "./helpers.ts";
import { apply64, entries, type Matrix, matrixOf, multiply, number, transpose } from "./operators.ts";
import { differentiate, evaluate } from "./oracle.ts";
import { vectors } from "./programs.ts";

const fields = ["real", "complex"] as const;
const unitOf = (field: Field): number => field === "complex" ? 2 : 1;

/** Checks a map in every build, its gradients, and its transposes against its matrix. */
function check(map: Operator, matrix: Matrix, random: Random, label: string): void {
  const { field } = map, unit = unitOf(field), batch = 1 + random.integer(3);
  assert.deepEqual([map.rows, map.cols], [matrix.rows, matrix.cols], label);
  const x = vectors(random, batch * map.cols * unit), g = vectors(random, batch * map.rows * unit);
  // Small entries next to large ones are as exact as the large ones.
  const scale = 1e-5 * Math.hypot(...matrix.values) + 1e-30;
  const near = (got: Float32Array, want: Float64Array, size: number, what: string): void =>
    want.forEach((v, k) =>
      assert.ok(
        Math.abs(got[k] - v) <= scale * size,
        `${label}, ${what}: entry ${k} is ${got[k]}, expected ${v}`,
      )
    );
  const want = apply64(matrix, x, field, batch), back = apply64(transpose(matrix, true), g, field, batch);
  for (const machine of machines) {
    near(runOn(machine, map, x, want.length, batch), want, Math.hypot(...x), machine.name);
    const gx = new Float32Array(x.length), gw = map.weights.map((w) => new Float32Array(w.length));
    map.compile(machine).gradient(x, g, gx, gw, batch);
    near(gx, back, Math.hypot(...g), `${machine.name}, gradient`);
    if (batch > 1 || machine !== machines[0]) continue;
    const { weights } = differentiate(map.program, evaluate(map.program, x), g);
    weights.forEach((w, i) => assertClose(gw[i], w, 1e-4, `${label}, gradient of weights ${i}`));
  }
  near(map.toDense(), entries(matrix, field), 1, "dense");
  near(map.adjoint().toDense(), entries(transpose(matrix, true), field), 1, "adjoint");
  near(map.transpose().toDense(), entries(transpose(matrix, false), field), 1, "transpose");
}

const diagonal = (values: ArrayLike<number>, field: Field): Matrix => {
  const n = values.length / unitOf(field);
  return matrixOf(n, n, (i, j) => i === j ? number(values, i, field) : [0, 0]);
};
const chain = (...all: Matrix[]): Matrix => all.reduce((left, right) => multiply(left, right));

/** The Hadamard matrix: the sign is the parity of the bits that i and j share. */
const hadamard = (n: number, normalized: boolean): Matrix =>
  matrixOf(n, n, (i, j) => {
    let parity = 0;
    for (let both = i & j; both; both >>= 1) parity ^= both & 1;
    return [(parity ? -1 : 1) / (normalized ? Math.sqrt(n) : 1), 0];
  });

const cosine = (n: number): Matrix =>
  matrixOf(n, n, (k, j) => [Math.sqrt((k ? 2 : 1) / n) * Math.cos(Math.PI * k * (2 * j + 1) / (2 * n)), 0]);

const fourier = (n: number): Matrix =>
  matrixOf(n, n, (j, k) => {
    const angle = -2 * Math.PI * (j * k % n) / n;
    return [Math.cos(angle) / Math.sqrt(n), Math.sin(angle) / Math.sqrt(n)];
  });

Deno.test("products of Hadamard matrices with diagonals and permutations are what they say", () => {
  for (const n of [1, 2, 4, 8, 16, 64]) {
    for (const normalized of [true, false]) {
      const random = new Random(n), [a, b, c] = [0, 1, 2].map(() => vectors(random, n));
      const h = hadamard(n, normalized), [da, db, dc] = [a, b, c].map((d) => diagonal(d, "real"));
      const label = `n=${n}, ${normalized ? "normalized" : "±1"}`;
      check(hadamardDiagonal([a, b, c], { normalized }), chain(h, dc, h, db, h, da), random, label);
      const index = random.permutation(n), p = matrixOf(n, n, (i, j) => [index[i] === j ? 1 : 0, 0]);
      const map = fastfood({ first: a, second: b, third: c }, index, { normalized });
      check(map, chain(dc, h, db, p, h, da), random, `Fastfood, ${label}`);
    }
  }
});

Deno.test("AFDF and ACDC are diagonals around and between transforms", () => {
  for (const n of [1, 2, 4, 8, 16, 64]) {
    const random = new Random(n), a = vectors(random, 2 * n), d = vectors(random, 2 * n), f = fourier(n);
    const want = chain(diagonal(a, "complex"), transpose(f, true), diagonal(d, "complex"), f);
    check(afdf(a, d), want, random, `AFDF, n=${n}`);
    const [b, e] = [a.subarray(0, n), d.subarray(0, n)], c = cosine(n), back = transpose(c, false);
    const [db, de] = [diagonal(b, "real"), diagonal(e, "real")];
    check(acdc(b, e), chain(db, back, de, c), random, `ACDC, n=${n}`);
    check(acdc(b, e, { inverseFirst: true }), chain(db, c, de, back), random, `ACDC of the inverse, n=${n}`);
  }
});

Deno.test("Householder reflections of every size are orthogonal butterflies", () => {
  for (const field of fields) {
    for (const n of [1, 2, 3, 4, 5, 7, 8, 12, 16, 33, 64]) {
      const random = new Random(n), u = vectors(random, n * unitOf(field));
      if (n > 4) u.fill(0, unitOf(field), 3 * unitOf(field));
      const square = u.reduce((sum, v) => sum + v * v, 0);
      const want = matrixOf(n, n, (i, j) => {
        const [a, b] = number(u, i, field), [c, d] = number(u, j, field);
        return [(i === j ? 1 : 0) - 2 * (a * c + b * d) / square, -2 * (b * c - a * d) / square];
      });
      const map = householder(u, field);
      check(map, want, random, `n=${n}, ${field}`);
      assert.ok(n === 1 || map instanceof Butterfly);
      // Each block is unitary, so the reflection keeps lengths.
      const x = vectors(random, n * unitOf(field));
      assert.ok(Math.abs(Math.hypot(...map.apply(x)) / Math.hypot(...x) - 1) < 1e-5);
    }
  }
});

Deno.test("matrices of low rank are U·Vᴴ", () => {
  for (const field of fields) {
    for (const [rows, cols, rank] of [[1, 1, 1], [5, 3, 2], [7, 20, 3], [4, 4, 6]]) {
      const random = new Random(rows), unit = unitOf(field);
      const u = vectors(random, rows * rank * unit), v = vectors(random, cols * rank * unit);
      const [left, right] = [[u, rows] as const, [v, cols] as const].map(([values, n]) =>
        matrixOf(n, rank, (i, j) => number(values, i * rank + j, field))
      );
      const want = multiply(left, transpose(right, true)), label = `${rows}×${cols}, ${field}`;
      check(lowRank(u, v, rank, field), want, random, label);
      const map = lowRank(u, v, rank, field, { butterflies: true }), kind = classOf(map)!;
      check(map, want, random, `${label}, of butterflies`);
      const e = 2 ** Math.ceil(Math.log2(rank));
      assert.deepEqual([kind.expansion, kind.width], [e, 1], label);
      assert.equal(kind.name, e > 1 ? `BB*_${e}` : "B", label);
    }
  }
});

Deno.test("sparse matrices of any shape and number of entries are those entries", () => {
  const shape = fc.record({
    rows: fc.integer({ min: 1, max: 40 }),
    cols: fc.integer({ min: 1, max: 40 }),
    count: fc.integer({ min: 0, max: 150 }),
    seed: fc.nat(9999),
  });
  fc.assert(
    fc.property(shape, fc.constantFrom(...fields), ({ rows, cols, count, seed }, field) => {
      const random = new Random(seed);
      const own = { rows: new Uint32Array(count), cols: new Uint32Array(count) };
      for (let t = 0; t < count; t++) {
        own.rows[t] = random.integer(rows);
        own.cols[t] = random.integer(cols);
      }
      const values = vectors(random, count * unitOf(field));
      const want = matrixOf(rows, cols, () => [0, 0]);
      for (let t = 0; t < count; t++) {
        const at = own.rows[t] * cols + own.cols[t];
        number(values, t, field).forEach((v, part) => want.values[2 * at + part] += v);
      }
      const map = sparse(rows, cols, { ...own, values }, field);
      check(map, want, random, `${rows}×${cols} with ${count}, ${field}`);
      // Nothing dense is inside, and what is sums no more than it says.
      assert.ok(map.program.steps.every((step) => step.kind !== "dense"));
    }),
    { seed: 47, numRuns: 60 },
  );
});

Deno.test("a step matrix sums or repeats stretches of neighbours, in the class B or B*", () => {
  const shape = fc.record({
    columns: fc.array(fc.constantFrom(0, 1, 1, 2), { minLength: 2, maxLength: 50 }),
    more: fc.nat(20),
    start: fc.nat(9),
    seed: fc.nat(999),
    field: fc.constantFrom(...fields),
    weighted: fc.boolean(),
    vertical: fc.boolean(),
  });
  fc.assert(
    fc.property(shape, ({ columns, more, start, seed, field, weighted, vertical }) => {
      // 0: no entry; 1: the row of the last one or the next; 2: the row that is as far away as the column.
      const random = new Random(seed), rows: number[] = [];
      let last = -1, at = 0;
      columns.forEach((kind, t) => {
        if (kind === 0) return void rows.push(-1);
        if (last < 0) at = start;
        else at += kind === 1 ? random.integer(2) : t - last;
        last = t;
        rows.push(at);
      });
      const size = Math.max(columns.length, ...rows.map((row) => row + 1)) + more, unit = unitOf(field);
      const values = vectors(random, columns.length * unit);
      const map = stepMatrix(rows, { size, vertical, field, values: weighted ? values : undefined });
      const horizontal = matrixOf(size, size, (i, j) => {
        return rows[j] !== i ? [0, 0] : weighted ? number(values, j, field) : [1, 0];
      });
      const label = `${rows}, ${size}`;
      check(map, vertical ? transpose(horizontal, false) : horizontal, random, label);
      const kind = classOf(map)!;
      assert.ok(kind.blocks <= 1 && kind.expansion === 1, label);
      assert.equal(map.blocks, 1);
      assert.equal(map.increasing, !vertical, "strides rise, or fall where it is vertical");
    }),
    { seed: 53, numRuns: 80 },
  );
  const refused = (rows: number[], options: Parameters<typeof stepMatrix>[1], message: RegExp): void =>
    assert.throws(() => stepMatrix(rows, options), { name: "RangeError", message });
  refused([0, 2], {}, /rows\[1\] is 2, which is neither -1 nor a whole number below 2/);
  refused([0, 2], { size: 4 }, /from column 0 to 1 the row goes from 0 to 2; it must not fall, and not rise/);
  refused([1, -1, 0], {}, /from column 0 to 2 the row goes from 1 to 0/);
  refused([0, 0.5], {}, /rows\[1\] is 0.5, which is neither/);
  refused([0, 1], { size: 1 }, /2 entries do not fit 1 columns/);
  refused([0, 1], { values: new Float32Array(1) }, /expected 2 floats of values, got 1/);
  refused(
    [0],
    { values: new Float32Array([2]) },
    /on one point: it has no factors, so that its entry must be 1/,
  );
  refused([], {}, /size must be a whole number/);
});

Deno.test("windows cut, pad and shift", () => {
  for (const [rows, cols, shift] of [[3, 5, 0], [5, 3, 0], [4, 4, 2], [4, 6, -3], [2, 2, 9], [6, 4, -1]]) {
    for (const field of fields) {
      const map = new Window(rows, cols, { shift, field });
      const want = matrixOf(rows, cols, (i, j) => [j === i + shift ? 1 : 0, 0]);
      check(map, want, new Random(rows), `${rows}×${cols} by ${shift}`);
    }
  }
});

Deno.test("structured maps that cannot be are refused in sentences", () => {
  const three = new Float32Array(3), four = new Float32Array(4).fill(1), values = new Float32Array(2);
  const refused = (make: () => unknown, name: string, message: RegExp): void =>
    assert.throws(make, { name, message });
  const food = { first: four, second: four, third: four };
  refused(() => hadamardDiagonal([]), "RangeError", /diagonals must be a list of at least one/);
  refused(
    () => hadamardDiagonal([three]),
    "RangeError",
    /entries of diagonals\[0\] must be a power of two, got 3/,
  );
  refused(() => hadamardDiagonal([four, three]), "RangeError", /expected 4 floats of diagonals\[1\], got 3/);
  refused(
    () => fastfood({ ...food, second: three }, [0, 1, 2, 3]),
    "RangeError",
    /expected 4 floats of second/,
  );
  refused(() => fastfood(food, [0, 1, 2]), "RangeError", /expected a permutation of 4 points, got one of 3/);
  refused(
    () => fastfood(food, [0, 1, 1, 3]),
    "RangeError",
    /index 1 is repeated at entry 2, and 2 is missing/,
  );
  refused(() => afdf(three, three), "RangeError", /must be a whole number/);
  refused(() => afdf(four, three), "RangeError", /expected 4 floats of d, got 3/);
  refused(() => acdc(three, three), "RangeError", /entries of a must be a power of two, got 3/);
  refused(() => acdc(four, undefined as never), "TypeError", /d is not a Float32Array/);
  refused(() => householder(three), "RangeError", /u is zero, which has no direction/);
  refused(() => householder(new Float32Array(0)), "RangeError", /must be a whole number from 1/);
  refused(
    () => lowRank(four, three, 2),
    "RangeError",
    /v must have a multiple of 2 real numbers, got 3 floats/,
  );
  const long = new Float32Array(2 ** 20 + 2), wide = { butterflies: true };
  refused(
    () => lowRank(long, four, 2, "real", wide),
    "RangeError",
    /2 terms of 1048576 points take more than/,
  );
  refused(() => lowRank(four, four, 0), "RangeError", /rank must be a whole number/);
  refused(
    () => sparse(2, 2, { rows: [0, 2], cols: [0, 0], values }),
    "RangeError",
    /rows\[1\] is 2, .* below 2/,
  );
  refused(
    () => sparse(2, 2, { rows: [0, 1], cols: [0], values }),
    "RangeError",
    /cols has 1 entries, but rows has 2/,
  );
  refused(
    () => sparse(2, 2, { rows: [0], cols: [0], values }),
    "RangeError",
    /expected 1 floats of values, got 2/,
  );
  refused(() => sparse(0, 2, { rows: [], cols: [], values }), "RangeError", /rows must be a whole number/);
  refused(() => new Window(2, 2, { shift: 0.5 }), "RangeError", /shift must be a whole number within/);
});
