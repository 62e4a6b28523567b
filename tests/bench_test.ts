import assert from "node:assert/strict";
import { butterflySample, type Sample } from "../bench/families.ts";
import { evaluate, FIRST, type Goal, goalTable } from "../bench/goals.ts";
import { clock } from "../bench/lib/clock.ts";
import { measure, type Measurement, type Subject } from "../bench/lib/measure.ts";
import { tolerance } from "../bench/lib/reference.ts";
import { familySubjects, loadMachines } from "../bench/papillon.ts";
import { loadPeers } from "../bench/peers/index.ts";
import { floor, plots } from "../bench/plots.ts";
import { blocks, fill } from "../bench/report.ts";
import { runBenchmarks } from "../bench/run.ts";
import { rotationSubjects } from "../bench/rotations.ts";
import { crossoverTable } from "../bench/tables.ts";
import { accuracyTable, failures } from "../bench/verify.ts";
import { Butterfly } from "../src/mod.ts";

// No test here says how fast anything is: only that the harness measures, verifies and reports.

const close = (got: number, want: number): void =>
  assert.ok(Math.abs(got - want) < 1e-9, `${got}, not ${want}`);

Deno.test("a quick benchmark verifies, times and reports a butterfly beside fft.js", async () => {
  const result = await runBenchmarks({ quick: true, sizes: [64], batches: [1], peers: ["fft.js"] });
  const names = result.rows.map(({ name }) => name);
  for (
    const name of [
      "papillon butterfly, relaxed",
      "papillon butterfly, scalar",
      "papillon Dense, simd",
      "fft.js",
    ]
  ) {
    assert.ok(names.includes(name), `no row for ${name}`);
  }
  for (const { name, perVector, q1, q3, relative } of result.rows) {
    assert.ok(perVector > 0 && q1 <= q3, `${name}: ${perVector} µs`);
    assert.ok(relative !== undefined && relative > 0, `${name} is compared with nothing`);
  }
  assert.equal(result.rows.find(({ name }) => name === "papillon butterfly, relaxed")?.relative, 1);
  assert.equal(result.accuracies.length, 2 * 6);
  for (const { error } of result.accuracies) assert.ok(error > 0 && error < tolerance(64));
  const scalar = result.goals.find(({ what }) => what.includes("scalar"));
  assert.deepEqual(scalar?.at.map(({ n, met }) => [n, typeof met]), [[64, "boolean"]]);

  const readme = await Deno.readTextFile(new URL("../bench/README.md", import.meta.url));
  const page = fill(readme, blocks(result));
  assert.match(page, /A quick run/);
  assert.match(page, /\| papillon butterfly, relaxed +\|/);
  assert.match(page, new RegExp(accuracyTable(result.accuracies).split("\n")[2].replace(/[|.+]/g, "\\$&")));
  assert.deepEqual([...plots(result).keys()], ["overview.svg", "real.svg", "complex.svg", "dense.svg"]);
});

Deno.test("a subject that computes something wrong is refused before it is timed", async () => {
  let calls = 0;
  const wrong: Subject = {
    name: "wrong",
    group: "test",
    n: 1,
    batch: 1,
    run: () => void calls++,
    verify: () => {
      throw new Error("wrong: relative error 1");
    },
  };
  await assert.rejects(() => measure([wrong], { quick: true }), /relative error 1/);
  assert.equal(calls, 0);
});

Deno.test("a subject that spoils its result while it is timed is refused", async () => {
  let value = 1;
  const spoiling: Subject = {
    name: "spoiling",
    group: "test",
    n: 1,
    batch: 1,
    run: () => void (value *= 0.5),
    verify: () => assert.equal(value, 1),
  };
  await assert.rejects(() => measure([spoiling], { quick: true, sampleMs: 0.01, rounds: 2 }));
});

Deno.test("one wrong weight among 768 is refused, forward and backward, and so is NaN", async () => {
  const right = butterflySample(64, "real", "Gaussian");
  const weights = right.operator.weights.map((w) => new Float32Array(w));
  weights[3][17] += 0.01;
  const wrong = { ...right, operator: Butterfly.fromFactors(64, weights) };
  const family = { label: "butterfly", field: "real", builds: ["simd"], training: true } as const;
  const subjects = (sample: Sample): Subject[] =>
    familySubjects({ ...family, sample: () => sample }, 64, 3, loadMachines().machines);
  for (const subject of subjects(right)) await subject.verify();
  for (const { name, verify } of subjects(wrong)) {
    assert.throws(() => verify(), /is wrong at n = 64: relative error/, name);
  }
  const nan = { field: "real", kind: "Gaussian", n: 64, error: NaN, build: "simd", tolerance: 1 } as const;
  assert.equal(failures([nan]).length, 1);
});

Deno.test("a peer that cannot be loaded is reported with its reason", async () => {
  const before = Deno.env.get("PAPILLON_FFTW");
  Deno.env.set("PAPILLON_FFTW", "libnowhere.so.0");
  try {
    const [fftw] = await loadPeers(["FFTW"]);
    assert.equal(fftw.available, false);
    assert.match(fftw.available ? "" : fftw.reason, /libnowhere\.so\.0/);
  } finally {
    if (before === undefined) Deno.env.delete("PAPILLON_FFTW");
    else Deno.env.set("PAPILLON_FFTW", before);
  }
});

/** A measurement of so many µs per vector, the samples given. */
function made(name: string, group: string, n: number, samples: readonly number[], batch = 1): Measurement {
  const median = samples.toSorted((a, b) => a - b)[samples.length >> 1];
  return {
    name,
    group,
    n,
    batch,
    median,
    q1: median,
    q3: median,
    min: median,
    perVector: median / batch,
    samples: samples.length,
    rounds: samples,
    run: 1,
    calls: 1,
  };
}

Deno.test("a goal is judged by the median of paired ratios, at its sizes only, for both builds", () => {
  const side = (name: string): Goal["of"] => ({ label: name, names: [name], group: "g", batch: 1 });
  const goal: Goal = { set: FIRST, of: side("a, relaxed"), to: side("b"), atMost: 0.5, sizes: [64] };
  const outcomes = evaluate([
    // Every sample of a is half of that of b, whatever the machine did meanwhile.
    made("a, relaxed", "g", 64, [1, 5, 2]),
    made("a, simd", "g", 64, [3, 15, 6]),
    made("b", "g", 64, [2, 10, 4]),
    made("a, relaxed", "g", 256, [9, 9, 9]),
    made("b", "g", 256, [3, 3, 3]),
  ], [goal]);
  assert.deepEqual(outcomes.map(({ build }) => build), ["relaxed", "simd"]);
  assert.deepEqual(outcomes[0].at, [{ n: 64, ratio: 0.5, met: true }, { n: 256, ratio: 3, met: undefined }]);
  assert.deepEqual(outcomes[1].at, [{ n: 64, ratio: 1.5, met: false }]);
  const lines = goalTable(outcomes, FIRST).split("\n");
  assert.match(lines[2], /≤ 0.5 at 64 \| 0.50 ✓ \| +3.00 \| +✓ \|/);
  assert.match(lines[3], /the same, simd build .* 1.50 ✗ \| +– \|/);
  const least = evaluate([made("a", "g", 64, [3]), made("b", "g", 64, [2])], [
    { set: FIRST, of: side("a"), to: side("b"), atLeast: { 64: 2 } },
  ]);
  assert.equal(least[0].at[0].met, false);
  assert.match(goalTable(evaluate([], [goal]), FIRST), /not measured/);
});

Deno.test("the crossover is the largest size at which the fastest way of a library beats the butterfly", () => {
  const group = "real dense products";
  const rows = [[4, 0.5, 0.9], [8, 2, 0.8], [16, 4, 3]].flatMap(([n, by, columns]) => [
    { ...made("OpenBLAS sgemv, rows", group, n, [by]), relative: by },
    { ...made("OpenBLAS sgemv, columns", group, n, [columns]), relative: columns },
    { ...made("TypeScript loops", group, n, [7]), relative: 7 },
  ]);
  const lines = crossoverTable(rows, 1).split("\n");
  assert.match(lines[2], /OpenBLAS .* 0.50 \| +0.80 \| +3.00 \| +up to 8 \|/);
  assert.match(lines[3], /TypeScript loops .* at no size \|/);
  assert.equal(crossoverTable(rows, 64), "");
});

Deno.test("a page is filled between its markers, and refused when the markers do not fit", () => {
  const page = "a\n<!-- begin x y -->\nold\n<!-- end x y -->\nb";
  const parts = new Map([["x y", "| $& |"]]);
  assert.equal(fill(page, parts), "a\n<!-- begin x y -->\n\n| $& |\n\n<!-- end x y -->\nb");
  assert.throws(() => fill(page, new Map()), /no such part/);
  assert.throws(() => fill("b", parts), /no marker for the part "x y"/);
});

Deno.test("the arithmetic floor counts two four-lane multiply-adds a cycle", () => {
  // 1024·10/4 = 2560 of them in 1280 cycles.
  close(floor(1024, "real", 1), 1.28);
  close(floor(1024, "complex", 2), 2.56);
});

Deno.test("the clock that is measured is that of a processor", () => {
  const gigahertz = clock(20);
  assert.ok(gigahertz > 0.05 && gigahertz < 10, `${gigahertz} GHz`);
});

Deno.test("rotations, and what they are compared with, are verified before they are timed", () => {
  const { machines } = loadMachines(), subjects = rotationSubjects(machines);
  for (const subject of subjects) {
    subject.verify();
    subject.dispose?.();
  }
  const names = subjects.map(({ name, n }) => `${name}, ${n}`);
  for (
    const name of ["rotation, simd, 768", "rotation, simd, 1536", "butterfly, simd, 1024", "Dense, simd, 768"]
  ) {
    assert.ok(names.includes(`papillon ${name}`), name);
  }
});
