import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import fc from "fast-check";
import { fromStrideAngles, fromStrideTwiddle, fromTiedTwiddle } from "../src/io/old_layouts.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Diagonal } from "../src/operator/diagonal.ts";
import type { Operator } from "../src/operator/operator.ts";
import { bitReversal } from "../src/operator/permutation.ts";
import { product } from "../src/operator/product.ts";
import { Random } from "../src/program/random.ts";
import { learnPermutation } from "../src/learn/permutations/learn_permutation.ts";
import { RelaxedPermutation } from "../src/learn/permutations/relaxed.ts";
import { entropyBits, sinkhorn, totalVariation } from "../src/learn/permutations/smoothness.ts";
import { sampleChoices, StochasticButterfly } from "../src/learn/permutations/stochastic.ts";
import { floats, golden, type GoldenArray, values } from "./golden/golden.ts";
import { assertEntries } from "./helpers.ts";

interface Vectors {
  permutation: {
    n: number;
    share_logit: boolean;
    increasing_stride: boolean;
    logit?: GoldenArray;
    input: GoldenArray;
    grad_output: GoldenArray;
    output: GoldenArray;
    d_logit: GoldenArray;
    d_input: GoldenArray;
    hard_bits?: number[];
    argmax: number[];
  }[];
  permutation_factor: {
    n: number;
    logit: GoldenArray;
    input: GoldenArray;
    output: GoldenArray;
    argmax: number[];
  };
  tied: {
    n: number;
    complex: boolean;
    increasing_stride: boolean;
    twiddle_tied: GoldenArray;
    input: GoldenArray;
    output: GoldenArray;
  }[];
  untied_old_layout: {
    n: number;
    increasing_stride: boolean;
    twiddle_by_log_stride: GoldenArray;
    input: GoldenArray;
    output: GoldenArray;
  }[];
  ortho_untied: {
    n: number;
    increasing_stride: boolean;
    angles_by_log_stride: GoldenArray;
    input: GoldenArray;
    output: GoldenArray;
  }[];
  odo_tied: {
    n: number;
    angles: GoldenArray;
    angles1: GoldenArray;
    diag: GoldenArray;
    input: GoldenArray;
    output: GoldenArray;
  };
  bbt_untied: { n: number; twiddle: GoldenArray; input: GoldenArray; output: GoldenArray };
  doubly_stochastic: {
    n: number;
    strides: number[];
    logit: GoldenArray;
    mean_perm: GoldenArray;
    grad_output: GoldenArray;
    d_logit: GoldenArray;
    mle_perm: number[];
  }[];
  tv: Record<string, number> & { input: GoldenArray };
  entropy: { matrix: GoldenArray; entropy_bits: number };
  sinkhorn: { logit: GoldenArray; n_iters: number; output: GoldenArray };
}

const file = golden<Vectors>("learnable_permutation");
const close = (got: ArrayLike<number>, want: Float64Array, what: string): void =>
  assertEntries(Float64Array.from(got), want, 1e-8, 1e-8, what);
const near = (got: number, want: number, what: string): void => close([got], Float64Array.of(want), what);

Deno.test("relaxed permutations agree with the papers' code, forward and backward", () => {
  ok(file.permutation.length > 4);
  for (const c of file.permutation) {
    const relaxed = new RelaxedPermutation(c.n, { tied: c.share_logit, increasing: c.increasing_stride });
    const what = `n=${c.n} tied=${c.share_logit} increasing=${c.increasing_stride}`;
    if (c.hard_bits !== undefined) {
      deepEqual([...relaxed.rounded(Float64Array.from(c.hard_bits, (bit) => bit - 0.5))], c.argmax, what);
      continue;
    }
    const logits = values(c.logit!), x = values(c.input), unit = c.input.complex ? 2 : 1;
    close(relaxed.apply(logits, x, unit), values(c.output), what);
    deepEqual([...relaxed.rounded(logits)], c.argmax, what);
    const gradient = relaxed.gradient(logits, x, values(c.grad_output), unit);
    close(gradient.input, values(c.d_input), `d_input ${what}`);
    close(gradient.logits, values(c.d_logit), `d_logit ${what}`);
  }
});

Deno.test("one relaxed step agrees with the papers' code: the last level alone", () => {
  const { n, logit, input, output, argmax } = file.permutation_factor;
  const relaxed = new RelaxedPermutation(n), logits = relaxed.logits.fill(-Infinity);
  logits.set(values(logit), logits.length - 3);
  close(relaxed.apply(logits, values(input)), values(output), "output");
  deepEqual([...relaxed.rounded(logits)], argmax);
});

Deno.test("separating alone at every level is the bit reversal", () => {
  for (const n of [2, 4, 16, 64]) {
    const relaxed = new RelaxedPermutation(n);
    deepEqual([...relaxed.rounded(relaxed.logits.map((_, i) => i % 3 === 0 ? 1 : -1))], [...bitReversal(n)]);
  }
});

/** Checks a gradient by central differences of ⟨g, f⟩. */
function differences(f: (w: Float64Array) => Float64Array, w: Float64Array, g: Float64Array): Float64Array {
  return w.map((_, i) => {
    const value = (step: number): number => {
      const moved = w.slice();
      moved[i] += step;
      return f(moved).reduce((sum, y, k) => sum + y * g[k], 0);
    };
    return (value(1e-5) - value(-1e-5)) / 2e-5;
  });
}

Deno.test("gradients of relaxed permutations and stochastic butterflies are those of finite differences", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 2 }),
      fc.boolean(),
      fc.integer(),
      (levels, batch, unit, flag, seed) => {
        const n = 2 ** levels, random = new Random(seed);
        const draw = (size: number): Float64Array =>
          Float64Array.from({ length: size }, () => random.normal());
        const x = draw(n * batch * unit), g = draw(x.length);
        const relaxed = new RelaxedPermutation(n, { tied: flag, increasing: !flag });
        const logits = draw(relaxed.logits.length), found = relaxed.gradient(logits, x, g, unit);
        const tolerance = 1e-7;
        assertEntries(
          found.logits,
          differences((l) => relaxed.apply(l, x, unit), logits, g),
          tolerance,
          tolerance,
        );
        assertEntries(
          found.input,
          differences((v) => relaxed.apply(logits, v, unit), x, g),
          tolerance,
          tolerance,
        );
        assertEntries(relaxed.adjoint(logits, g, unit), found.input, 1e-13, 1e-13);
        const mix = new StochasticButterfly(n, flag ? ["increasing"] : ["decreasing", "increasing"]);
        const p = mix.probabilities.map(() => random.uniform()), slopes = mix.gradient(p, x, g, unit);
        assertEntries(
          slopes.probabilities,
          differences((q) => mix.apply(q, x, unit), p, g),
          tolerance,
          tolerance,
        );
        assertEntries(slopes.input, differences((v) => mix.apply(p, v, unit), x, g), tolerance, tolerance);
      },
    ),
    { numRuns: 30 },
  );
});

Deno.test("butterflies of doubly stochastic blocks agree with the papers' code", () => {
  for (const { n, strides, logit, mean_perm, grad_output, d_logit, mle_perm } of file.doubly_stochastic) {
    const mix = new StochasticButterfly(n, strides.map((s) => s === 1 ? "increasing" : "decreasing"));
    const logits = values(logit), p = logits.map((l) => 1 / (1 + Math.exp(-l)));
    // Theirs lists what becomes of each unit vector: the transpose of the matrix.
    const transposed = (matrix: Float64Array): Float64Array =>
      matrix.map((_, k) => matrix[(k % n) * n + Math.floor(k / n)]);
    close(transposed(mix.mean(p)), values(mean_perm), "mean");
    const identity = Float64Array.from({ length: n * n }, (_, k) => k % (n + 1) === 0 ? 1 : 0);
    const slope = mix.gradient(p, identity, values(grad_output)).probabilities;
    close(slope.map((s, i) => s * p[i] * (1 - p[i])), values(d_logit), "d_logit");
    // mle_perm says where each point goes.
    const index = mix.rounded(p);
    deepEqual(mle_perm.map((to) => index[to]), [...index.keys()]);
  }
});

Deno.test("the mean of a stochastic butterfly is doubly stochastic, and the mean of its samples", () => {
  const mix = new StochasticButterfly(8), random = new Random(3);
  const logits = mix.probabilities.map(() => random.normal());
  const mean = mix.mean(logits.map((l) => 1 / (1 + Math.exp(-l))));
  for (let i = 0; i < 8; i++) {
    near(mean.subarray(8 * i, 8 * i + 8).reduce((a, b) => a + b), 1, "row");
    near(mean.filter((_, k) => k % 8 === i).reduce((a, b) => a + b), 1, "column");
  }
  const sum = new Float64Array(64), draws = 4000;
  for (let draw = 0; draw < draws; draw++) {
    const choices = sampleChoices(logits, 0, random);
    ok(choices.every((p) => p === 0 || p === 1));
    mix.rounded(choices).forEach((from, to) => sum[8 * to + from] += 1 / draws);
  }
  // Four standard deviations of a mean of 4000 coin tosses.
  assertEntries(sum, mean, 0, 4 * 0.5 / Math.sqrt(draws), "mean of samples");
  ok(sampleChoices(logits, 0.5, random).every((p) => p > 0 && p < 1));
  ok(mix.entropy(sampleChoices(logits, 0.01, random)) < mix.entropy(logits.map(() => 0.5)) / 4);
});

Deno.test("the total variation agrees with the papers' code, and its gradient with finite differences", () => {
  const { input } = file.tv, images = values(input), [, channels, height, width] = input.shape;
  const shape = { channels, height, width };
  near(totalVariation(images, shape), file.tv.tv_norm2_p1, "norm 2");
  near(totalVariation(images, shape, { norm: 1 }), file.tv.tv_norm1_p1, "norm 1");
  near(totalVariation(images, shape, { power: 2 }), file.tv.tv_norm2_p2, "squared");
  near(totalVariation(images, shape, { symmetric: true }), file.tv.tv_norm2_p1_symmetric, "symmetric");
  near(totalVariation(images, shape, { sum: true }), file.tv.tv_norm2_p1_sum, "sum");
  const random = new Random(1), smooth = images.map(() => random.normal());
  for (const options of [{}, { power: 2 }, { symmetric: true }, { norm: 1 as const }]) {
    const gradient = new Float64Array(images.length);
    totalVariation(smooth, shape, { ...options, gradient });
    const want = differences(
      (v) => Float64Array.of(totalVariation(v, shape, options)),
      smooth,
      Float64Array.of(1),
    );
    assertEntries(gradient, want, 1e-7, 1e-7, JSON.stringify(options));
  }
});

Deno.test("the entropy and Sinkhorn's normalisation agree with the papers' code", () => {
  const { entropy, sinkhorn: { logit, n_iters, output } } = file;
  near(entropyBits(values(entropy.matrix)), entropy.entropy_bits, "entropy");
  close(sinkhorn(values(logit), n_iters), values(output), "sinkhorn");
});

Deno.test("butterflies in the layouts of the first papers agree with their code", () => {
  const check = (map: Operator, input: GoldenArray, output: GoldenArray, what: string): void =>
    assertEntries(Float64Array.from(map.apply(floats(input))), values(output), 1e-5, 1e-5, what);
  for (const { n, complex, increasing_stride: increasing, twiddle_tied, input, output } of file.tied) {
    const field = complex ? "complex" : "real";
    check(fromTiedTwiddle(n, floats(twiddle_tied), { increasing, field }), input, output, "tied");
  }
  for (
    const { n, increasing_stride: increasing, twiddle_by_log_stride, input, output } of file.untied_old_layout
  ) {
    check(fromStrideTwiddle(n, floats(twiddle_by_log_stride), { increasing }), input, output, "untied");
  }
  for (const { n, increasing_stride: increasing, angles_by_log_stride, input, output } of file.ortho_untied) {
    check(fromStrideAngles(n, values(angles_by_log_stride), { increasing }), input, output, "ortho");
  }
  const { n, angles, angles1, diag, input, output } = file.odo_tied;
  const [first, second] = [angles, angles1].map((a, i) =>
    fromStrideAngles(n, values(a), { increasing: i === 1, tied: true })
  );
  check(product(second, new Diagonal(floats(diag)), first), input, output, "odo");
  const bbt = file.bbt_untied;
  const map = Butterfly.fromTwiddle(bbt.n, floats(bbt.twiddle), { blocks: 2, increasing: false });
  check(map, bbt.input, bbt.output, "bbt");
});

Deno.test("learned permutations refuse what does not fit with a sentence", () => {
  throws(() => new RelaxedPermutation(6), /n is 6, expected a power of two/);
  throws(() => new StochasticButterfly(1), /n is 1/);
  throws(() => new StochasticButterfly(4, []), /at least one butterfly/);
  const relaxed = new RelaxedPermutation(8);
  throws(() => relaxed.apply(new Float64Array(5), new Float64Array(8)), /expected 6 logits, got 5/);
  throws(() => relaxed.apply(relaxed.logits, new Float64Array(9)), /length 9 is not a multiple of 8/);
  throws(() => relaxed.gradient(relaxed.logits, new Float64Array(8), new Float64Array(7)), /cotangent of 8/);
  const mix = new StochasticButterfly(8);
  throws(() => mix.apply(new Float64Array(3), new Float64Array(8)), /expected 24 probabilities, got 3/);
  throws(() => totalVariation(new Float64Array(7), { channels: 1, height: 2, width: 2 }), /no images/);
  throws(() => sinkhorn(new Float64Array(6), 1), /square/);
  throws(() => fromTiedTwiddle(8, new Float32Array(27)), /expected 28 weights, got 27/);
  throws(() => fromStrideTwiddle(6, new Float32Array(27)), /power of two/);
});

/** Smooth images, and the same with rows and columns in the order of bit reversal. */
function blurred(size: number, count: number, seed: number): Float64Array {
  const random = new Random(seed), order = bitReversal(size), images = new Float64Array(count * size * size);
  for (let at = 0; at < images.length; at += size * size) {
    const [row, column, width] = [size, size, 0.5].map((most) => random.uniform() * most);
    images.subarray(at, at + size * size).forEach((_, i) => {
      const y = order[Math.floor(i / size)] - row, x = order[i % size] - column;
      images[at + i] = Math.exp(-(y * y + x * x) / (size * (width + 0.2)));
    });
  }
  return images;
}

Deno.test("rows and columns in the order of bit reversal are put right again from the smoothness of images", async () => {
  const size = 8, order = bitReversal(size), shape = { channels: 1, height: size, width: size };
  const loss = (x: Float64Array, gradient: Float64Array): number => totalVariation(x, shape, { gradient });
  for (const seed of [1, 2, 3]) {
    const images = blurred(size, 8, seed), options = { axes: [size, size], seed, starts: 2, steps: 100 };
    const { index, axes, loss: reached } = await learnPermutation(images, size * size, loss, options);
    for (const axis of axes) {
      // Forwards or backwards: neither is smoother.
      const found = [...axis].map((i) => order[i]);
      if (found[0] > 0) found.reverse();
      deepEqual(found, [...found.keys()]);
    }
    const permuted = images.map((_, i) => images[i - i % 64 + index[i % 64]]);
    near(loss(permuted, new Float64Array(permuted.length)), reached, "loss");
  }
  const abort = AbortSignal.abort(), images = blurred(size, 2, 1);
  const none = await learnPermutation(images, 64, loss, { axes: [8, 8], signal: abort });
  deepEqual([none.stopped, [...none.index].sort((a, b) => a - b)], ["cancelled", [...Array(64).keys()]]);
  await rejects(learnPermutation(images, 64, loss, { axes: [8, 4] }), /the axes are \[8, 4\]/);
  await rejects(
    learnPermutation(images, 256, loss, { axes: [16, 16] }),
    /length 128 is not a multiple of 256/,
  );
  await rejects(learnPermutation(images.fill(NaN), 64, loss), /not finite/);
  await rejects(learnPermutation(blurred(8, 1, 1), 64, loss, { starts: 0 }), /starts is 0/);
});

Deno.test("one long axis without any structure given is put in order, up to its direction", async () => {
  const n = 64, random = new Random(3), order = random.permutation(n), count = 16;
  const waves = new Float64Array(count * n);
  for (let at = 0; at < waves.length; at += n) {
    const phase = 7 * random.uniform(), pace = (2 + 10 * random.uniform()) / n;
    for (let i = 0; i < n; i++) waves[at + i] = Math.sin(phase + pace * order[i]);
  }
  const shape = { channels: 1, height: 1, width: n };
  const loss = (x: Float64Array, gradient: Float64Array): number => totalVariation(x, shape, { gradient });
  const { index, stopped } = await learnPermutation(waves, n, loss, { starts: 1, steps: 60 });
  const found = [...index].map((i) => order[i]);
  if (found[0] > 0) found.reverse();
  deepEqual(found, [...found.keys()]);
  equal(stopped, "starts");
});
