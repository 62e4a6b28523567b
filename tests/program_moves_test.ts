import assert from "node:assert/strict";
import fc from "fast-check";
import { Op } from "../src/kernels/record.ts";
import { Permutation } from "../src/operator/permutation.ts";
import { compile } from "../src/program/compile.ts";
import { Executable } from "../src/program/executable.ts";
import { explain } from "../src/program/explain.ts";
import { gathered, planMoves } from "../src/program/moves.ts";
import { type Program, ProgramBuilder } from "../src/program/program.ts";
import { Random } from "../src/program/random.ts";
import { machines } from "./helpers.ts";
import { assertRounded, evaluateBatch, roundings } from "./oracle.ts";
import { halvedProgram, stretches, vectors } from "./programs.ts";

/** A permutation of n elements, by what each takes. */
const NAMED: Record<string, (n: number, j: number) => number> = {
  "of Makhoul": (n, j) => j < n / 2 ? 2 * j : 2 * (n - 1 - j) + 1,
  "from both ends": (n, j) => j & 1 ? n - j : j,
  backwards: (n, j) => n - 1 - j,
  "by one": (n, j) => (j + 1) % n,
  "by four": (n, j) => (j + 4) % n,
  "of even and odd": (n, j) => j < n / 2 ? 2 * j : 2 * j - n + 1,
  interleaving: (n, j) => (j >> 1) + (j & 1 ? n / 2 : 0),
};

function programOf(index: Uint32Array, unit: 1 | 2, scatter = false): Program {
  const builder = new ProgramBuilder(index.length * unit);
  return builder.build(builder.permutation(0, index, unit, scatter));
}

function operations(program: Program): number[] {
  return compile(program).instructions.map(({ op }) => op);
}

for (const machine of machines) {
  Deno.test(`permutations of long stretches move every bit pattern where it belongs in the ${machine.name} build`, () => {
    fc.assert(
      fc.property(
        fc.nat(10000),
        fc.integer({ min: 1, max: 300 }),
        fc.constantFrom(1 as const, 2 as const),
        fc.boolean(),
        fc.integer({ min: 1, max: 5 }),
        (seed, n, unit, scatter, batch) => {
          const random = new Random(seed),
            index = stretches(random, n),
            program = programOf(index, unit, scatter);
          const x = new Float32Array(batch * n * unit),
            out = new Float32Array(x.length),
            gx = new Float32Array(x.length);
          // Numbers above 2^31 are NaN of many kinds, infinities and the smallest numbers.
          const bits = new Uint32Array(x.buffer).map(() => random.integer(2 ** 32));
          new Uint32Array(x.buffer).set(bits);
          const executable = new Executable(program, machine);
          executable.apply(x, out, batch);
          const got = new Uint32Array(out.buffer), want = new Uint32Array(got.length);
          for (let k = 0; k < got.length; k++) {
            const row = Math.floor(k / (n * unit)), i = Math.floor(k / unit) % n;
            const [to, from] = scatter ? [index[i], i] : [i, index[i]];
            want[(row * n + to) * unit + k % unit] = bits[(row * n + from) * unit + k % unit];
          }
          assert.deepEqual(got, want);
          // Its gradient takes all back.
          executable.gradient(x, out, gx, [], batch);
          assert.deepEqual(new Uint32Array(gx.buffer), bits);
        },
      ),
      { seed: 157, numRuns: 150 },
    );
  });
}

for (const machine of machines) {
  Deno.test(`a permutation that takes the first pass of a run along changes nothing in the ${machine.name} build`, () => {
    const random = new Random(8);
    for (const n of [8, 16, 32, 128, 512]) {
      for (const form of ["any", "zeros", "twiddles", "scaled"]) {
        for (let k = 0; k < 4; k++) {
          const program = halvedProgram(random, n, form), batch = 1 + random.integer(9);
          const summed = operations(program).includes(Op.moveSums);
          // Only an odd number of factors leaves the first one alone; and eight numbers are too few to be regular.
          if (Math.log2(n) % 2 === 0) assert.ok(!summed);
          if (n >= 128 && Math.log2(n) % 2 === 1) {
            assert.ok(summed);
            assert.match(explain(program), /sums and differences of its halves on the way/);
          }
          const x = vectors(random, batch * 2 * n), { y, bound } = evaluateBatch(program, x, batch, true);
          const out = new Float32Array(y.length);
          new Executable(program, machine).apply(x, out, batch);
          assertRounded(out, y, bound, roundings(program), `n = ${n}, ${form}`);
        }
      }
    }
  });
}

Deno.test("a plan moves every element to its place, once or twice the same", () => {
  fc.assert(
    fc.property(fc.nat(10000), fc.integer({ min: 1, max: 400 }), (seed, n) => {
      const index = stretches(new Random(seed), n), plan = planMoves(index);
      if (!plan) return;
      const y = new Int32Array(n).fill(-1);
      const put = (to: number, from: number): void => {
        assert.ok(from >= 0 && from < n && (y[to] === -1 || y[to] === from));
        y[to] = from;
      };
      for (const { at, step, count, lanes } of plan.segments) {
        for (let k = 0; k < count; k++) {
          const [p, q, u, v] = at.map((start, i) => start + k * step[i]);
          // Whole vectors are read, all of them inside.
          assert.ok([p, q, u, v].every((start) => start >= 0 && start + 4 <= n));
          lanes.forEach((lane, i) => put((i < 4 ? u : v) + i % 4, lane < 4 ? p + lane : q + lane - 4));
        }
      }
      for (let k = 0; k < plan.singles.length; k += 2) put(plan.singles[k], plan.singles[k + 1]);
      assert.deepEqual([...y], [...index]);
    }),
    { seed: 3, numRuns: 300 },
  );
});

Deno.test("stretches of known permutations are found, few of them, at any size", () => {
  for (const n of [64, 256, 1024, 100, 1002]) {
    for (const [name, from] of Object.entries(NAMED)) {
      const index = Uint32Array.from({ length: n }, (_, j) => from(n, j)), plan = planMoves(index);
      assert.ok(plan, `${name}, ${n}`);
      assert.ok(plan.segments.length <= 5 && plan.singles.length <= 16, `${name}, ${n}`);
      assert.deepEqual(operations(programOf(index, 1)), [Op.move]);
      assert.match(explain(programOf(index, 1)), /permutation of \d+: whole vectors, \d stretch/);
    }
  }
});

Deno.test("permutations without stretches move one number at a time", () => {
  for (
    const [what, index] of [["random", new Random(1).permutation(1024)], [
      "small",
      Uint32Array.of(3, 2, 1, 0),
    ]] as const
  ) {
    assert.equal(planMoves(index), undefined, what);
    assert.deepEqual(operations(programOf(index, 1)), [Op.permute]);
    assert.match(explain(programOf(index, 1)), /permutation of \d+\n/);
  }
});

Deno.test("a permutation step as a gather of floats, and its inverse", () => {
  const index = Uint32Array.of(2, 0, 1);
  const step = { kind: "permutation", from: 0, index, unit: 2, scatter: false } as const;
  assert.deepEqual([...gathered(step)], [4, 5, 0, 1, 2, 3]);
  assert.deepEqual([...gathered(step, true)], [2, 3, 4, 5, 0, 1]);
  assert.deepEqual([...gathered({ ...step, scatter: true })], [2, 3, 4, 5, 0, 1]);
  assert.deepEqual([...gathered({ ...step, scatter: true }, true)], [4, 5, 0, 1, 2, 3]);
});

Deno.test("a permutation of stretches and its transpose are inverses", () => {
  const map = new Permutation(stretches(new Random(9), 512)), x = new Float32Array(512).map((_, i) => i);
  assert.deepEqual(map.transpose().apply(map.apply(x)), x);
});
