/** What the report on permuted digits measures and compares. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { bitReversal, Random, totalVariation } from "../src/mod.ts";
import {
  anywhere,
  blankLines,
  centred,
  compared,
  gathered,
  learnLines,
  lineDifferences,
  lineVariation,
  ofAxes,
  sameImages,
  unitVectors,
  variation,
} from "../scripts/report_permuted_lines.ts";

const SIDE = 8, AREA = SIDE * SIDE, ORDER = [...bitReversal(SIDE)];

/** Blobs that leave the first line, and the last, blank. */
function blobs(count: number, seed: number): Float64Array {
  const random = new Random(seed), images = new Float64Array(count * AREA);
  for (let at = 0; at < images.length; at += AREA) {
    const [row, column] = [2 + 3 * random.uniform(), 2 + 3 * random.uniform()];
    for (let i = SIDE; i < AREA - SIDE; i++) {
      const y = Math.floor(i / SIDE), x = i % SIDE;
      if (x > 0 && x < SIDE - 1) images[at + i] = Math.exp(-((y - row) ** 2 + (x - column) ** 2) / 3);
    }
  }
  return images;
}

/** Central differences of a function of an array. */
function slopes(f: (x: Float64Array) => number, x: Float64Array): Float64Array {
  return x.map((_, i) => {
    const at = (step: number): number => f(x.map((value, k) => k === i ? value + step : value));
    return (at(1e-6) - at(-1e-6)) / 2e-6;
  });
}

function near(got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number): void {
  equal(got.length, want.length);
  for (let i = 0; i < got.length; i++) {
    ok(Math.abs(got[i] - want[i]) <= tolerance, `${i}: ${got[i]} instead of ${want[i]}`);
  }
}

Deno.test("the variation of images is that of the same images in a black frame, and its gradient fits", () => {
  const random = new Random(1),
    images = Float64Array.from({ length: 2 * AREA }, () => random.uniform() + 0.1);
  const wide = SIDE + 2,
    framed = new Float64Array(2 * wide * wide),
    gradient = new Float64Array(images.length);
  images.forEach((value, i) => {
    const row = Math.floor(i % AREA / SIDE) + 1;
    framed[Math.floor(i / AREA) * wide * wide + row * wide + i % SIDE + 1] = value;
  });
  const want = totalVariation(framed, { channels: 1, height: wide, width: wide }, { norm: 1 });
  near([variation(images, SIDE, gradient)], [want], 1e-10);
  near(gradient, slopes((x) => variation(x, SIDE, new Float64Array(x.length)), images), 1e-7);
});

Deno.test("differences of lines tell the variation of images with permuted lines, and the gradient fits", () => {
  const images = blobs(5, 1), sums = lineDifferences({ data: images, side: SIDE }), random = new Random(2);
  for (let trial = 0; trial < 5; trial++) {
    const axes = [random.permutation(SIDE), random.permutation(SIDE)].map((axis) => [...axis]);
    const parts = axes.map((axis, k) =>
      lineVariation(sums[k], gathered(unitVectors(SIDE), axis), new Float64Array(AREA))
    );
    const permuted = gathered(images, ofAxes(axes));
    near([parts[0] + parts[1]], [variation(permuted, SIDE, new Float64Array(images.length))], 1e-10);
  }
  const mixed = Float64Array.from({ length: AREA }, () => random.uniform()),
    gradient = new Float64Array(AREA);
  lineVariation(sums[0], mixed, gradient);
  near(gradient, slopes((x) => lineVariation(sums[0], x, new Float64Array(AREA)), mixed), 1e-6);
});

Deno.test("lines are learned from their differences up to what these cannot see, and nothing else", async () => {
  const images = blobs(40, 3), permuted = gathered(images, ofAxes([ORDER, ORDER]));
  const blank = blankLines({ data: images, side: SIDE });
  deepEqual(blank[0], [true, ...Array(SIDE - 2).fill(false), true]);
  const options = {
    samples: 4,
    steps: 60,
    rate: 0.2,
    temperatures: [0.5, 0.1],
    entropy: 0.02,
    seed: 1,
  } as const;
  const found = [];
  for (const own of lineDifferences({ data: permuted, side: SIDE })) {
    found.push((await learnLines(own, options))!);
  }
  const lines = found.map(({ axis }, k) => centred(axis, ORDER.map((line) => blank[k][line])));
  const results = lines.map((axis, k) => compared(axis.map((line) => ORDER[line]), blank[k]));
  deepEqual(results.map(({ right, moved }) => [right, moved]), [[SIDE, 0], [SIDE, 0]]);
  equal(sameImages(gathered(permuted, ofAxes(lines)), images, results), 40);
  for (const { annealed, rounded, improved } of found) {
    equal(annealed.length, 60);
    equal(improved[0][1], rounded);
    ok(improved.at(-1)![1] <= rounded);
  }
  const [own] = lineDifferences({ data: permuted, side: SIDE });
  equal(await learnLines(own, { ...options, signal: AbortSignal.abort() }), undefined);
});

Deno.test("orders are compared forwards, backwards and moved; two lines that changed places are seen", () => {
  const blank = [true, false, false, false, false, false, true, true];
  const all = (lines: number[]): unknown[] => {
    const { right, flipped, moved } = compared(lines, blank);
    return [right, flipped, moved];
  };
  deepEqual(all([0, 1, 2, 3, 4, 5, 6, 7]), [8, false, 0]);
  deepEqual(all([7, 1, 2, 3, 4, 5, 0, 6]), [8, false, 0]);
  deepEqual(all([7, 6, 5, 4, 3, 2, 1, 0]), [8, true, 0]);
  deepEqual(all([7, 5, 4, 3, 2, 1, 6, 0]), [8, true, -1]);
  deepEqual(all([7, 6, 0, 1, 2, 3, 4, 5]), [8, false, 2]);
  deepEqual(all([0, 2, 1, 3, 4, 5, 6, 7]), [6, false, 0]);
  deepEqual(all([0, 1, 2, 6, 3, 4, 5, 7])[0] === 8, false);
});

Deno.test("blank lines come to both sides; where digits are torn apart they stay", () => {
  const blank = [true, false, false, false, true, true];
  deepEqual(centred([1, 2, 3, 0, 4, 5], blank), [4, 5, 1, 2, 3, 0]);
  deepEqual(centred([0, 4, 5, 3, 2, 1], blank), [4, 5, 3, 2, 1, 0]);
  deepEqual(centred([1, 0, 2, 3, 4, 5], blank), [1, 0, 2, 3, 4, 5]);
  deepEqual(centred([0, 1], [true, true]), [0, 1]);
});

Deno.test("digits that are put anywhere keep all of their ink and come to every line", () => {
  const images = Float32Array.from(blobs(200, 4).map((value) => value < 0.3 ? 0 : value));
  const moved = anywhere({ data: images, side: SIDE }, 1);
  const ink = (data: Float32Array, at: number): number[] =>
    [...data.subarray(at, at + AREA)].filter((value) => value > 0);
  for (let at = 0; at < images.length; at += AREA) deepEqual(ink(moved, at), ink(images, at));
  ok(blankLines({ data: moved, side: SIDE }).flat().every((blank) => !blank));
  deepEqual(anywhere({ data: new Float32Array(AREA), side: SIDE }, 1), new Float32Array(AREA));
});
