import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import fc from "fast-check";
import { Random } from "../src/program/random.ts";
import type { Fit, ModelName } from "../src/learn/fit.ts";
import { modelMatrix } from "../src/learn/parts.ts";
import {
  butterfly,
  circulant,
  columns,
  haar,
  HIDINGS,
  hilbert,
  kaleidoscope,
  legendre,
  lowRank,
  permutation,
  REAL,
  rows,
} from "./learn_families.ts";
import { HYPOTHESES } from "../src/learn/hypothesis.ts";
import { learn } from "../src/learn/learn.ts";
import { checkTarget, type Field, type Target } from "../src/learn/target.ts";
import {
  altered,
  denseButterfly,
  dft,
  hadamard,
  identity,
  noise,
  randomFactors,
  rmse,
  scaledRowsAndColumns,
} from "./learn_targets.ts";

/** The dense matrix of a fit, from its float32 parts. */
function dense(fit: Fit): Target {
  return checkTarget(modelMatrix(fit, fit.n), fit.n, fit.realPart ? "real" : fit.field);
}

/** Checks everything that must hold of a fit to a member of the class. */
function recovered(fit: Fit, target: Target, what = ""): void {
  equal(fit.stopped, "converged", `${what}: ${fit.explain()}`);
  ok(fit.relativeError < 1e-6);
  const matrix = dense(fit);
  if (matrix.field !== target.field) return;
  const measured = rmse(matrix, target);
  ok(Math.abs(measured - fit.rmse) <= 1e-9 * (target.norm / target.n), `${measured}, said ${fit.rmse}`);
  // The operator is the same, in float32.
  const { operator } = fit;
  equal(operator.field, target.field);
  ok(
    rmse(checkTarget(operator.toDense(), fit.n, target.field), target) < 3e-6 * target.norm / target.n,
    what,
  );
}

Deno.test("the DFT and the Hadamard transform are recovered from their matrix, n = 2 … 256, to 1e-6", async () => {
  for (const n of [2, 4, 8, 16, 32, 64, 128, 256]) {
    const fourier = await learn(dft(n));
    recovered(fourier, dft(n));
    ok(fourier.rmse < 1e-6);
    equal(fourier.field, n > 2 ? "complex" : "real");
    if (n > 8) ok(/^a butterfly: bit reversal, then strides 1, 2/.test(fourier.model), fourier.model);
    const walsh = await learn(hadamard(n));
    recovered(walsh, hadamard(n));
    ok(walsh.rmse < 1e-6);
    deepEqual([walsh.field, walsh.method], ["real", "closed-form"]);
    equal(walsh.parameters, 2 * n * Math.log2(n));
  }
});

Deno.test("random butterflies of every form are recovered, and the form is found", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 6 }),
      fc.constantFrom<Field>("real", "complex"),
      fc.constantFrom(...HYPOTHESES),
      fc.nat(),
      async (bits, field, form, seed) => {
        const n = 2 ** bits;
        const { increasing, permutation } = form;
        const factors = randomFactors(n, field, new Random(seed));
        const target = denseButterfly(factors, n, field, increasing, permutation === "bit-reversal");
        const fit = await learn(target, { seed });
        recovered(fit, target);
        equal(fit.parameters, 2 * n * bits);
      },
    ),
    { numRuns: 40 },
  );
});

Deno.test("a butterfly of order 256 is recovered in both fields", async () => {
  for (const field of ["real", "complex"] as const) {
    const target = denseButterfly(randomFactors(256, field, new Random(9)), 256, field, false);
    recovered(await learn(target), target);
  }
});

Deno.test("scale, diagonals on both sides and float32 entries do not prevent recovery", async () => {
  const targets = [
    altered(dft(64), 8),
    altered(dft(64), 1e-8),
    altered(hadamard(64), 1e30),
    altered(hadamard(64), 1e-30),
    scaledRowsAndColumns(dft(64), new Random(1)),
    scaledRowsAndColumns(hadamard(128), new Random(2)),
    checkTarget(Float32Array.from(dft(128).values), 128, "complex"),
    identity(32),
  ];
  for (const target of targets) recovered(await learn(target), target);
});

Deno.test("matrices of order 1 and 2 are exact, whatever they are", async () => {
  for (const target of [noise(2, "real", 1), noise(2, "complex", 1), checkTarget([0, 3, 0, 0])]) {
    recovered(await learn(target), target);
  }
  const one = await learn(checkTarget([-0.5]));
  deepEqual([[...one.operator.toDense()], one.rmse, one.stopped], [[-0.5], 0, "converged"]);
  const complex = await learn(checkTarget([0.1, 2], 1, "complex"));
  deepEqual([...complex.operator.toDense()], [Math.fround(0.1), 2]);
  ok(complex.rmse < 1e-8 && complex.field === "complex");
});

Deno.test("a zero matrix is answered at once with zeros", async () => {
  const target = altered(noise(16, "real", 1), 0);
  const fit = await learn(target, { method: "gradient" });
  deepEqual([fit.rmse, fit.relativeError, fit.stopped, fit.tried], [0, 0, "converged", []]);
  ok(dense(fit).values.every((value) => value === 0));
});

Deno.test("real targets get real factors, also when given as complex; the field can be chosen", async () => {
  const wide = checkTarget(
    Float64Array.from(hadamard(8).values, (v) => v).reduce<number[]>((all, v) => {
      all.push(v, 0);
      return all;
    }, []),
    8,
    "complex",
  );
  equal((await learn(wide)).field, "real");
  const complex = await learn(wide, { field: "complex" });
  equal(complex.field, "complex");
  recovered(complex, wide);
  equal((await learn(hadamard(8), { field: "complex" })).field, "complex");
  await rejects(learn(dft(8), { field: "real" }), /real factors to a target with imaginary parts/);
});

Deno.test("noise of 1e-6 and 1e-3 is not amplified, and the search says that nothing is left to gain", async () => {
  for (const level of [1e-6, 1e-3]) {
    for (const n of [64, 256]) {
      const clean = dft(n);
      const fit = await learn(altered(clean, 1, level));
      equal(fit.stopped, "stationary");
      equal(fit.method, "closed-form");
      // Noise of that level in both parts of an entry; the fit averages most of it away.
      ok(fit.rmse < 1.5 * level);
      ok(rmse(dense(fit), clean) < 0.5 * level, `${rmse(dense(fit), clean)} from the clean one at ${level}`);
    }
  }
});

Deno.test("the gradient method alone recovers up to n = 32, with float32 factors, and says how", async () => {
  for (const target of [dft(8), dft(32), hadamard(32)]) {
    const fit = await learn(target, { method: "gradient", seed: 5 });
    recovered(fit, target);
    equal(fit.method, "gradient");
    ok(fit.rmse < 1e-6);
    deepEqual(fit.tried.map(({ method }) => method), ["gradient"]);
  }
});

Deno.test("a matrix without structure is answered with the best found, what was tried, and no claim", async () => {
  const target = noise(32, "real", 6);
  const closed = await learn(target, { method: "closed-form" });
  equal(closed.stopped, "stationary");
  ok(closed.relativeError > 0.5 && closed.relativeError < 1);
  ok(closed.tried.some(({ misfit }) => misfit !== undefined && misfit > 0.3));
  ok(
    /^The nearest that was found/.test(closed.explain()) && /none of these structures/.test(closed.explain()),
  );
  const both = await learn(target, { restarts: 1, models: ["B"] });
  ok(Math.abs(rmse(dense(both), target) - both.rmse) < 1e-9);
  deepEqual([both.tried.at(-1)?.method, both.tried.at(-1)?.restarts], ["gradient", 1]);
});

/** What must be found at any power of two, from the matrix alone. */
function members(n: number, seed: number): Record<string, Target> {
  const random = new Random(seed);
  const plain = Object.entries(REAL).filter(([name]) => !/-I$/.test(name)).map((
    [name, make],
  ) => [name, make(n)]);
  return {
    ...Object.fromEntries(plain) as Record<string, Target>,
    DFT: dft(n),
    "real circulant": circulant(n, "real", random),
    "complex circulant": circulant(n, "complex", random),
    "BB*": kaleidoscope(n, "real", seed),
    "complex BB*": kaleidoscope(n, "complex", seed),
    "B*B": kaleidoscope(n, "real", seed, true),
    butterfly: butterfly(n, "complex", seed),
    permutation: permutation(n, random),
    "low rank": lowRank(n, 2, random),
  };
}

Deno.test("transforms, circulants, kaleidoscope matrices and permutations are recovered without being told which", async () => {
  for (const n of [8, 32]) {
    for (const [name, target] of Object.entries(members(n, n))) {
      recovered(await learn(target, { method: "closed-form" }), target, `${name} ${n}`);
    }
  }
});

Deno.test("so are they behind random diagonals and permuted rows and columns", async () => {
  const n = 16, names = Object.keys(HIDINGS);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(
        "DCT-II",
        "DCT-III",
        "DST-IV",
        "Hartley",
        "Hadamard",
        "Walsh",
        "DFT",
        "real circulant",
        "BB*",
      ),
      fc.constantFrom("none", ...names),
      fc.constantFrom("none", ...names),
      fc.boolean(),
      fc.nat(1000),
      async (name, row, column, diagonals, seed) => {
        let target = members(n, seed)[name];
        if (row !== "none") target = rows(target, (i) => HIDINGS[row](i, n));
        if (column !== "none") target = columns(target, (k) => HIDINGS[column](k, n));
        if (diagonals) target = scaledRowsAndColumns(target, new Random(seed));
        const fit = await learn(target, { method: "closed-form", tolerance: 1e-5 });
        equal(fit.stopped, "converged", `${name}, rows ${row}, columns ${column}: ${fit.explain()}`);
      },
    ),
    { numRuns: 8, seed: 5 },
  );
});

Deno.test("larger ones: n = 256, and a cosine transform of 1024 points", async () => {
  for (
    const [name, target] of [
      ["DST-II", REAL["DST-II"](256)],
      ["Haar", haar(256)],
      [
        "circulant",
        circulant(256, "real", new Random(1)),
      ],
      ["BB*", kaleidoscope(256, "complex", 2)],
      ["Hilbert", hilbert(256)],
    ] as const
  ) {
    const fit = await learn(target, { method: "closed-form" });
    recovered(fit, target, name);
    ok(fit.parameters < 256 * 256 / 5);
  }
  const target = REAL["DCT-II"](1024), fit = await learn(target);
  recovered(fit, target);
  ok(fit.parameters <= 65536);
});

Deno.test("orders that are no power of two: Fourier transforms of 12, 48 and 60 points", async () => {
  for (const n of [12, 48, 60]) {
    const fit = await learn(dft(n));
    recovered(fit, dft(n));
    ok(fit.parameters < n * n);
  }
  equal((await learn(noise(7, "real", 1))).stopped, "stationary");
});

Deno.test("noise of any structure is not amplified: rank 2, BB*, permutations, low rank", async () => {
  const n = 32,
    cases = {
      "DCT-II": REAL["DCT-II"](n),
      circulant: circulant(n, "real", new Random(1)),
      "BB*": kaleidoscope(n, "complex", 3),
      permutation: permutation(n, new Random(2)),
      "low rank": lowRank(n, 2, new Random(3)),
    };
  for (const [name, clean] of Object.entries(cases)) {
    for (const level of name === "DCT-II" ? [1e-6, 1e-3] : [1e-3]) {
      const noisy = altered(clean, 1, level * clean.norm / Math.sqrt(clean.values.length), 4);
      const fit = await learn(noisy, { method: "closed-form", tolerance: 1e-7 });
      equal(fit.stopped, "stationary", name);
      const error = rmse(dense(fit), clean) * n / clean.norm;
      ok(error < level, `${name} at ${level}: ${error}`);
    }
  }
});

Deno.test("Legendre polynomials take a chain of higher rank", async () => {
  const target = legendre(256), fit = await learn(target, { method: "closed-form" });
  ok(fit.rmse < 1e-5, fit.explain());
  ok(fit.parameters < 256 * 256);
});

Deno.test("the DFT of 64 points is recovered from 128 noisy pairs, and from a function", async () => {
  const n = 64, { values } = dft(n), random = new Random(3), count = 128, level = 1e-3;
  const times = (x: ArrayLike<number>): Float64Array => {
    const y = new Float64Array(2 * n);
    for (let j = 0; j < n; j++) {
      for (let k = 0; k < n; k++) {
        const [a, b] = [values[2 * (j * n + k)], values[2 * (j * n + k) + 1]];
        y[2 * j] += a * x[2 * k] - b * x[2 * k + 1];
        y[2 * j + 1] += a * x[2 * k + 1] + b * x[2 * k];
      }
    }
    return y;
  };
  const x = new Float64Array(2 * n * count).map(() => random.normal() * Math.SQRT1_2),
    y = new Float64Array(x.length);
  for (let k = 0; k < count; k++) y.set(times(x.subarray(2 * n * k, 2 * n * (k + 1))), 2 * n * k);
  const noisy = y.map((value) => value + level * random.normal());
  const fit = await learn({ samples: { x, y: noisy }, n, field: "complex" });
  ok(/^a butterfly: bit reversal/.test(fit.model), fit.model);
  // Relative to the norm √n: the least-squares estimate alone has about √n times as much.
  ok(rmse(dense(fit), dft(n)) < level, `${rmse(dense(fit), dft(n))}`);
  recovered(
    await learn({ map: times, n, field: "complex" }, { tolerance: 1e-5 }).then((fit) => {
      equal(fit.stopped, "converged");
      return learn(dft(n));
    }),
    dft(n),
  );
  await rejects(
    learn({
      samples: { x: x.subarray(0, 2 * n * 63), y: noisy.subarray(0, 2 * n * 63) },
      n,
      field: "complex",
    }),
    /from 63 samples: each row has 64 unknowns/,
  );
});

Deno.test("what is no square finite matrix is refused with a sentence", async () => {
  await rejects(learn({ rows: 2, cols: 3, values: [1, 2, 3, 4, 5, 6] }), /2×3 matrix: expected a square one/);
  await rejects(learn({ rows: 2, cols: 2, values: [1, NaN, 3, 4] }), /entry \(0, 1\) is NaN/);
  await rejects(learn({ rows: 2, cols: 2, values: [1, 2, 3] }), RangeError);
  await rejects(learn(null as unknown as Target), /expected a target/);
  await rejects(learn({ map: () => [1], n: 2 }), /for 2 numbers it returned 1/);
  await rejects(learn(noise(4, "real", 1), { models: ["magic" as ModelName] }), /no model "magic"/);
});

Deno.test("the same seed gives the same fit", async () => {
  for (const method of ["auto", "gradient"] as const) {
    const target = scaledRowsAndColumns(dft(16), new Random(4));
    const first = await learn(target, { seed: 8, method, models: ["chain", "B"] });
    deepEqual(await learn(target, { seed: 8, method, models: ["chain", "B"] }), first);
    equal(first.seed, 8);
  }
});

Deno.test("cancelled before or in the middle it returns the best so far", async () => {
  const before = await learn(hadamard(16), { signal: AbortSignal.abort() });
  deepEqual([before.stopped, before.relativeError], ["cancelled", 1]);
  ok(before.operator.toDense().every((value) => value === 0));
  const controller = new AbortController();
  const phases: string[] = [];
  const middle = await learn(noise(64, "complex", 2), {
    method: "gradient",
    restarts: 1000,
    signal: controller.signal,
    onProgress: ({ phase, rmse, restart }) => {
      phases.push(phase);
      ok(rmse > 0 && restart >= 1);
      if (phases.length === 3) controller.abort();
    },
  });
  equal(middle.stopped, "cancelled");
  equal(phases.length, 3);
  ok(middle.relativeError < 1);
  ok(Math.abs(rmse(dense(middle), noise(64, "complex", 2)) - middle.rmse) < 1e-9);
});

Deno.test("a budget of zero seconds returns at once, a short one soon", async () => {
  equal((await learn(dft(16), { budgetSeconds: 0 })).stopped, "budget");
  const short = await learn(noise(64, "real", 3), { method: "gradient", restarts: 1e6, budgetSeconds: 0.2 });
  equal(short.stopped, "budget");
  ok(short.relativeError < 1);
});

Deno.test("options that make no sense are refused with a sentence", async () => {
  const target = hadamard(4);
  await rejects(learn(target, { method: "magic" as "auto" }), /method is magic, expected "auto"/);
  await rejects(learn(target, { field: "octonion" as "real" }), TypeError);
  await rejects(learn(target, { seed: 1.5 }), /seed is 1.5, expected a safe integer/);
  await rejects(learn(target, { tolerance: 0 }), /tolerance is 0/);
  await rejects(learn(target, { tolerance: NaN }), RangeError);
  await rejects(learn(target, { restarts: 0 }), /restarts is 0/);
  await rejects(learn(target, { budgetSeconds: -1 }), /budgetSeconds is -1/);
});
