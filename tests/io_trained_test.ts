import assert from "node:assert/strict";
import fc from "fast-check";
import { loadCheckpoint, saveCheckpoint } from "../src/io/checkpoint.ts";
import { type Tensor, writeSafetensors } from "../src/io/safetensors.ts";
import { type Imported, importTrained, type TrainedOptions } from "../src/io/trained/mod.ts";
import { Random } from "../src/program/random.ts";
import { floats, golden, type GoldenArray, values } from "./golden/golden.ts";
import { assertClose, assertEntries } from "./helpers.ts";

/** A golden array as torch saves it: complex ones viewed as real, or as complex64. */
function tensor(array: GoldenArray, c64 = false): Tensor {
  const shape = array.complex && !c64 ? [...array.shape, 2] : array.shape;
  return { dtype: array.complex && c64 ? "C64" : "F32", shape, data: floats(array) };
}

function real(shape: number[], data: ArrayLike<number>): Tensor {
  return { dtype: "F32", shape, data: Float32Array.from(data) };
}

function random(shape: number[], seed: number): Tensor {
  const source = new Random(seed);
  return real(shape, Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => source.normal()));
}

/** Imports tensors through a file, with a prefix or none; saves and loads what came, and checks it. */
function imported(
  tensors: Record<string, Tensor>,
  options: TrainedOptions = {},
  metadata: Record<string, string> = {},
): Imported {
  const result = importTrained(writeSafetensors(Object.entries(tensors), metadata), options);
  for (const { name, check } of result.modules) {
    assert.ok(check() <= 3e-6, `module ${name} differs from its definition by ${check()}`);
  }
  const { operators } = loadCheckpoint(saveCheckpoint(result));
  for (const [name, operator] of result.operators) {
    assert.deepEqual(operators.get(name)!.toDense(), operator.toDense(), `saved ${name}`);
  }
  return result;
}

function assertGolden(
  result: Imported,
  name: string,
  input: GoldenArray,
  output: GoldenArray,
  label: string,
): void {
  const operator = result.operators.get(name);
  assert.ok(operator, `${label}: there is no ${name} in ${[...result.operators.keys()]}`);
  assertEntries(operator.apply(floats(input)), values(output), 1e-4, 1e-5, label);
}

interface TorchCase {
  in_size: number;
  out_size: number;
  increasing_stride: boolean;
  nblocks: number;
  matrix_batch: number;
  n: number;
  twiddle: GoldenArray;
  params: GoldenArray;
  bias: GoldenArray;
  input: GoldenArray;
  output: GoldenArray;
}

const torch = golden<{ forward: TorchCase[]; bmm: TorchCase[] }>("butterfly_module");
const unitary = golden<{ cases: TorchCase[]; module: TorchCase[] }>("butterfly_unitary");

Deno.test("butterflies that torch_butterfly saved are its modules", () => {
  for (const one of torch.forward) {
    for (const c64 of one.twiddle.complex ? [false, true] : [false]) {
      const tensors = { "fc.twiddle": tensor(one.twiddle, c64), "fc.bias": tensor(one.bias, c64) };
      const label =
        `${one.out_size}x${one.in_size} blocks=${one.nblocks} increasing=${one.increasing_stride}`;
      const options = { inputs: one.in_size, increasing: one.increasing_stride };
      const result = imported(tensors, { modules: { fc: options } });
      assert.equal(result.modules[0].layout, "torch-butterfly");
      assertGolden(result, "fc", one.input, one.output, label);
      // The same from the metadata, which Python can write as it prints its values.
      const metadata = {
        "fc.in_size": `${one.in_size}`,
        increasing_stride: one.increasing_stride ? "True" : "False",
      };
      assertGolden(imported(tensors, {}, metadata), "fc", one.input, one.output, label);
      // Without a bias the size is an option.
      const bare = imported({ twiddle: tensors["fc.twiddle"] }, { ...options, outputs: one.out_size });
      const full = result.operators.get("fc")!;
      assert.deepEqual(bare.operators.get("twiddle")!.toDense(), full.toDense());
    }
  }
});

Deno.test("batches of butterflies that torch_butterfly saved are block diagonals", () => {
  for (const one of torch.bmm) {
    const options = { inputs: one.in_size, increasing: one.increasing_stride };
    const tensors = { "a.b.twiddle": tensor(one.twiddle), "a.b.bias": tensor(one.bias) };
    assertGolden(imported(tensors, options), "a.b", one.input, one.output, `${one.matrix_batch} matrices`);
  }
});

Deno.test("unitary butterflies are recognised by their angles", () => {
  for (const one of [...unitary.cases, ...unitary.module]) {
    const tensors: Record<string, Tensor> = { "u.twiddle": tensor(one.params) };
    if (one.bias) tensors["u.bias"] = tensor(one.bias);
    const result = imported(tensors, { inputs: one.in_size, increasing: one.increasing_stride });
    assert.equal(result.modules[0].layout, "butterfly-unitary");
    assertGolden(result, "u", one.input, one.output, `n=${one.n} blocks=${one.nblocks}`);
  }
});

interface OldCase {
  n: number;
  increasing_stride: boolean;
  share_logit: boolean;
  complex: boolean;
  twiddle_tied: GoldenArray;
  twiddle_by_log_stride: GoldenArray;
  angles_by_log_stride: GoldenArray;
  twiddle: GoldenArray;
  angles: GoldenArray;
  angles1: GoldenArray;
  diag: GoldenArray;
  logit: GoldenArray;
  argmax: number[];
  input: GoldenArray;
  output: GoldenArray;
}

const old = golden<{
  tied: OldCase[];
  untied: OldCase[];
  untied_old_layout: OldCase[];
  ortho_untied: OldCase[];
  odo_tied: OldCase;
  bbt_untied: OldCase;
  permutation: OldCase[];
}>("learnable_permutation");

Deno.test("butterflies of the older package are recognised: tied, by stride, of rotations, with a diagonal, BB*", () => {
  const cases: [string, OldCase, Record<string, Tensor>][] = [
    ...old.tied.map((one) => ["tied", one, { twiddle: tensor(one.twiddle_tied) }] as const),
    ...old.untied_old_layout.map((one) =>
      ["untied", one, { twiddle: tensor(one.twiddle_by_log_stride) }] as const
    ),
    ...old.ortho_untied.map((one) => ["ortho", one, { twiddle: tensor(one.angles_by_log_stride) }] as const),
    ["odo", old.odo_tied, {
      twiddle: tensor(old.odo_tied.angles),
      twiddle1: tensor(old.odo_tied.angles1),
      diag: tensor(old.odo_tied.diag),
    }],
    ["bbt", old.bbt_untied, { twiddle: tensor(old.bbt_untied.twiddle) }],
  ].map(([what, one, tensors]) => [what, one, tensors] as [string, OldCase, Record<string, Tensor>]);
  for (const [what, one, tensors] of cases) {
    const named = Object.fromEntries(Object.entries(tensors).map(([key, value]) => [`old.${key}`, value]));
    const result = imported(named, { increasing: one.increasing_stride });
    assert.equal(result.modules[0].layout, "old-butterfly", what);
    assertGolden(result, "old", one.input, one.output, `${what} increasing=${one.increasing_stride}`);
  }
});

Deno.test("permutations of the older package become what they are nearest to", () => {
  let tried = 0;
  for (const one of old.permutation) {
    if (!one.logit) continue;
    const bytes = writeSafetensors([["p.logit", tensor(one.logit)]]);
    const result = importTrained(bytes, { inputs: one.n, increasing: one.increasing_stride });
    const y = result.operators.get("p")!.apply(Float32Array.from({ length: one.n }, (_, i) => i));
    assert.deepEqual([...y], one.argmax);
    tried++;
  }
  assert.ok(tried > 0);
});

interface BftCase {
  in_channels: number;
  out_channels: number;
  K: number;
  residual: string;
  weight: GoldenArray;
  weights: GoldenArray[];
  input: GoldenArray;
  output: GoldenArray;
}

const bft = golden<{ general_matrix: BftCase[]; transform: BftCase[] }>("bft");

/** [N, C, H, W] as vectors of C channels. */
function channels({ shape: [n, c, h, w], data, den }: GoldenArray): GoldenArray {
  const all: number[] = [];
  for (let i = 0; i < n; i++) {
    for (let at = 0; at < h * w; at++) for (let j = 0; j < c; j++) all.push(data[(i * c + j) * h * w + at]);
  }
  return { shape: [n * h * w, c], data: all, den };
}

Deno.test("butterfly transforms of channels are those of their code, alone and in layers", () => {
  for (const one of bft.general_matrix) {
    const options = { inputs: one.in_channels, outputs: one.out_channels, radix: one.K };
    const result = imported({ "conv.weight1": tensor(one.weight) }, options, {
      residual_method: one.residual,
    });
    assertGolden(result, "conv", channels(one.input), channels(one.output), `K=${one.K}`);
  }
  for (const one of bft.transform) {
    const tensors = Object.fromEntries(
      one.weights.map((weight, i) => [`features.3.conv.balanced_bfts.${i}.weight1`, tensor(weight)]),
    );
    const options = { inputs: one.in_channels, outputs: one.out_channels, radix: one.K };
    const result = imported(tensors, { modules: { "features.3.conv": options } });
    assertGolden(result, "features.3.conv", channels(one.input), channels(one.output), "layer");
  }
});

Deno.test("Monarch layers of any sizes are padded, multiplied and cut as their module does", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 23 }),
      fc.integer({ min: 1, max: 23 }),
      fc.boolean(),
      (blocks, inputs, outputs, withBias) => {
        const p = Math.ceil(inputs / blocks), o = Math.ceil(outputs / blocks), q = p < o ? p : o;
        const w1 = random([blocks, q, p], 1), w2 = random([blocks, o, q], 2), bias = random([outputs], 3);
        const tensors: Record<string, Tensor> = {
          "m.blkdiag1": w1,
          "m.blkdiag2": w2,
          "m.norm.weight": random([4], 4),
        };
        if (withBias) tensors["m.bias"] = bias;
        const result = imported(tensors, { inputs, ...withBias ? {} : { outputs } });
        assert.deepEqual([...result.tensors.keys()], ["m.norm.weight"]);
        // out1[k, j] = Σ w1[k, j, p]·x[k, p]; seen as [r, l] it is turned to [l, r]; out2[l, s], and turned to [s, l].
        const x = random([blocks * p], 5).data as Float32Array, y = new Float64Array(blocks * o);
        const h = new Float64Array(blocks * q);
        x.fill(0, inputs);
        for (let k = 0; k < blocks; k++) {
          for (let j = 0; j < q; j++) {
            for (let i = 0; i < p; i++) h[k * q + j] += Number(w1.data[(k * q + j) * p + i]) * x[k * p + i];
          }
        }
        for (let l = 0; l < blocks; l++) {
          for (let s = 0; s < o; s++) {
            for (let r = 0; r < q; r++) {
              y[s * blocks + l] += Number(w2.data[(l * o + s) * q + r]) * h[r * blocks + l];
            }
          }
        }
        if (withBias) bias.data.forEach((v, i) => y[i] += Number(v));
        assertClose(result.operators.get("m")!.apply(x.slice(0, inputs)), y.subarray(0, outputs), 3e-6);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("a block-diagonal layer is imported where it is said that it is one", () => {
  const weight = random([2, 3, 4], 1),
    tensors = { "gate.weight": weight, "other.weight": random([2, 2, 2], 2) };
  for (
    const result of [
      imported(tensors, { modules: { gate: { layout: "block-diagonal" } } }),
      imported(tensors, {}, { "gate.layout": "block-diagonal" }),
    ]
  ) {
    const map = result.operators.get("gate")!;
    assert.deepEqual([map.rows, map.cols, [...result.tensors.keys()]], [6, 8, ["other.weight"]]);
    const y = map.apply(Float32Array.from({ length: 8 }, (_, i) => i === 5 ? 1 : 0));
    assertClose(y, [0, 0, 0, 13, 17, 21].map((at) => at && Number(weight.data[at])), 1e-6);
  }
});

/** The dense float64 R and s of an adapter, step by step as PEFT makes them. */
function peft(r: Tensor): Float64Array {
  const [factors, blocks, b] = r.shape, n = blocks * b;
  let all: Float64Array = identity(n);
  for (let m = 0; m < factors; m++) {
    const diagonal = new Float64Array(n * n);
    for (let block = 0; block < blocks; block++) {
      const a = (i: number, j: number): number => Number(r.data[((m * blocks + block) * b + i) * b + j]);
      const skew = (i: number, j: number): number => 0.5 * (a(i, j) - a(j, i));
      const plus = Float64Array.from({ length: b * b }, (_, k) => {
        const i = Math.floor(k / b), j = k % b;
        return (i === j ? 1 : 0) + skew(i, j);
      });
      const minus = Float64Array.from({ length: b * b }, (_, k) => {
        const i = Math.floor(k / b), j = k % b;
        return (i === j ? 1 : 0) - skew(i, j);
      });
      const q = times(minus, inverse(plus, b), b);
      for (let i = 0; i < b; i++) {
        for (let j = 0; j < b; j++) diagonal[(block * b + i) * n + block * b + j] = q[i * b + j];
      }
    }
    const p = new Float64Array(n * n);
    butterflyOrder(n, Math.floor(blocks / 2 ** m), Math.floor(b / 2), factors - 1).forEach((j, i) =>
      p[i * n + j] = 1
    );
    all = times(times(times(p, diagonal, n), transposed(p, n), n), all, n);
  }
  return all;
}

/** The order in which PEFT's `block_butterfly_perm` puts indices. */
function butterflyOrder(n: number, count: number, piece: number, factors: number): number[] {
  if (factors === 0) return Array.from({ length: n }, (_, i) => i);
  const size = Math.floor(n / count), steps = size / piece, order: number[] = [];
  for (let start = 0; start < n; start += size) {
    for (const first of [0, 1]) {
      for (let at = first; at < steps; at += 2) {
        for (let k = 0; k < piece; k++) order.push(start + at * piece + k);
      }
    }
  }
  return order;
}

function identity(n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, k) => k % (n + 1) === 0 ? 1 : 0);
}

function transposed(a: Float64Array, n: number): Float64Array {
  return a.map((_, k) => a[(k % n) * n + Math.floor(k / n)]);
}

function times(a: Float64Array, b: Float64Array, n: number): Float64Array {
  return a.map((_, k) => {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += a[Math.floor(k / n) * n + j] * b[j * n + k % n];
    return sum;
  });
}

/** By Newton's iteration, which has nothing in common with elimination. */
function inverse(a: Float64Array, n: number): Float64Array {
  const norm = a.reduce((sum, v) => sum + v * v, 0);
  let x: Float64Array = transposed(a, n).map((v) => v / norm);
  for (let i = 0; i < 60; i++) {
    const ax = times(a, x, n);
    x = times(x, identity(n).map((v, k) => 2 * v - ax[k]), n);
  }
  return x;
}

Deno.test("BOFT adapters are the rotations and scales that PEFT makes of them", () => {
  for (
    const [factors, blocks, b, outputs] of [[1, 3, 3, 5], [1, 1, 4, 4], [2, 2, 2, 3], [2, 6, 4, 7], [
      3,
      8,
      2,
      9,
    ], [3, 4, 6, 24]]
  ) {
    const n = blocks * b, r = random([factors, blocks, b, b], factors + b), s = random([outputs, 1], 2);
    const path = "base_model.model.model.layers.0.self_attn.q_proj";
    const config = JSON.stringify({
      peft_type: "BOFT",
      boft_block_size: b,
      boft_block_num: 0,
      boft_n_butterfly_factor: factors,
    });
    const tensors = { [`${path}.boft_R`]: r, [`${path}.boft_s`]: s };
    const result = imported(tensors, { config }),
      matrix = peft(r),
      label = `${factors} factors of ${blocks} blocks ${b}`;
    const short = "model.layers.0.self_attn.q_proj";
    assert.deepEqual([...result.operators.keys()], [`${short}.rotation`, `${short}.scale`]);
    assertClose(result.operators.get(`${short}.rotation`)!.toDense(), transposed(matrix, n), 2e-6, label);
    assertClose(
      result.operators.get(`${short}.scale`)!.apply(new Float32Array(outputs).fill(1)),
      s.data as Float32Array,
      1e-7,
    );

    // With the layer: W ← (R·Wᵀ)ᵀ with rows scaled.
    const w = random([outputs, n], 7), bias = random([outputs], 8);
    const base = writeSafetensors([[`${short}.weight`, w], [`${short}.bias`, bias], [
      "lm_head.weight",
      random([2, 2], 1),
    ]]);
    const whole = imported(tensors, { base }).operators.get(short)!, x = random([n], 9).data as Float32Array;
    const want = Float64Array.from({ length: outputs }, (_, i) => {
      let sum = 0;
      for (let j = 0; j < n; j++) {
        let rotated = 0;
        for (let k = 0; k < n; k++) rotated += matrix[j * n + k] * Number(w.data[i * n + k]);
        sum += rotated * x[j];
      }
      return sum * Number(s.data[i]) + Number(bias.data[i]);
    });
    assertClose(whole.apply(x), want, 3e-6, label);
  }
});
