import assert from "node:assert/strict";
import fc from "fast-check";
import { loadCheckpoint, saveCheckpoint } from "../src/io/checkpoint.ts";
import { saveOperator } from "../src/io/operator_file.ts";
import { type Tensor, writeSafetensors } from "../src/io/safetensors.ts";
import { type Imported, importTrained, type TrainedOptions } from "../src/io/trained/mod.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
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

interface BoftCase {
  boft_block_size: number;
  boft_block_num: number;
  boft_n_butterfly_factor: number;
  keys: string[];
  boft_R: GoldenArray;
  boft_s: GoldenArray;
  weight: GoldenArray;
  bias: GoldenArray;
  input: GoldenArray;
  output: GoldenArray;
}

Deno.test("BOFT adapters that PEFT itself saved give what PEFT itself computed", () => {
  for (const one of golden<{ cases: BoftCase[] }>("boft").cases) {
    const { boft_block_size, boft_block_num, boft_n_butterfly_factor } = one;
    const config = { peft_type: "BOFT", boft_block_size, boft_block_num, boft_n_butterfly_factor };
    const tensors = Object.fromEntries(one.keys.map((key) => [
      key,
      tensor(key.endsWith("boft_R") ? one.boft_R : one.boft_s),
    ]));
    const label = JSON.stringify(config),
      base = writeSafetensors([
        ["0.weight", tensor(one.weight)],
        ["0.bias", tensor(one.bias)],
      ]);
    const map = imported(tensors, { config, base }).operators.get("0")!;
    assertClose(map.apply(floats(one.input)), values(one.output), 2e-6, label);
    // The parts around a layer of one's own.
    const parts = imported(tensors, { config }).operators,
      outputs = one.bias.shape[0],
      inputs = one.weight.shape[1];
    const turned = parts.get("0.rotation")!.apply(floats(one.input)),
      bias = values(one.bias),
      w = values(one.weight);
    const y = Float32Array.from({ length: 2 * outputs }, (_, k) => {
      let sum = 0;
      for (let j = 0; j < inputs; j++) {
        sum += w[k % outputs * inputs + j] * turned[Math.floor(k / outputs) * inputs + j];
      }
      return sum;
    });
    const scaled = parts.get("0.scale")!.apply(y).map((v, k) => v + bias[k % outputs]);
    assertClose(scaled, values(one.output), 2e-6, label);
  }
});

Deno.test("butterflies of the older package average where there are fewer outputs, and take several stacks and diagonals", () => {
  // n = 8 for 5 inputs; 3 outputs: the halves of four are averaged, and three are kept.
  const twiddle = random([1, 3, 4, 2, 2], 1),
    bias = random([3], 2),
    tensors = { "f.twiddle": twiddle, "f.bias": bias };
  const whole = imported({ "f.twiddle": twiddle }, { inputs: 5 }).operators.get("f")!;
  const x = random([5], 3).data as Float32Array, full = whole.apply(x);
  const halves = (share: number): number[] =>
    [0, 1, 2].map((i) => share * (full[i] + full[i + 4]) + Number(bias.data[i]));
  assertClose(imported(tensors, { inputs: 5 }).operators.get("f")!.apply(x), halves(0.5), 1e-6);
  assertClose(imported(tensors, { inputs: 5, reduce: "sum" }).operators.get("f")!.apply(x), halves(1), 1e-6);

  // With expansion there are more stacks than outputs, and they are averaged too.
  const two = random([2, 3, 4, 2, 2], 11);
  const [a, b] = [0, 1].map((s) => {
    const half = real([1, 3, 4, 2, 2], (two.data as Float32Array).subarray(48 * s, 48 * s + 48));
    return imported({ twiddle: half }).operators.get("twiddle")!.toDense();
  });
  const mean = imported({ twiddle: two }, { outputs: 8 }).operators.get("twiddle")!.toDense();
  assertClose(mean, a.map((v, i) => (v + b[i]) / 2), 1e-6);

  // Three stacks of angles with diagonals of their own, seven outputs of the 12.
  const odo = {
    "g.twiddle": random([3, 2, 2], 4),
    "g.twiddle1": random([3, 2, 2], 5),
    "g.diag": random([3, 4], 6),
    "g.diag_l": random([3, 4], 7),
    "g.diag_r": random([3, 4], 8),
  };
  const result = imported(odo, { outputs: 11 }), map = result.operators.get("g")!;
  assert.deepEqual([map.rows, map.cols, result.tensors.size], [11, 4, 0]);
  const each = [0, 1, 2].map((s) => {
    const own = Object.fromEntries(
      Object.entries(odo).map(([name, { shape, data }]) => {
        const size = data.length / 3;
        return [
          name,
          real([1, ...shape.slice(1)], (data as Float32Array).subarray(s * size, (s + 1) * size)),
        ];
      }),
    );
    return [...imported(own).operators.get("g")!.toDense()];
  });
  assertClose(map.toDense(), each.flat().slice(0, 44), 1e-6);

  // The same map by other parameters: rotations as two angles and two singular values of one.
  const angles = random([1, 3, 4], 9), zero = (angles.data as Float32Array).constructor;
  assert.equal(zero, Float32Array);
  const svd = real([1, 3, 4, 2, 2], [...angles.data].flatMap((a) => [Number(a) - 0.3, 0.3, 1, 1]));
  assertClose(
    imported({ twiddle: svd }, { param: "svd" }).operators.get("twiddle")!.toDense(),
    imported({ twiddle: angles }).operators.get("twiddle")!.toDense(),
    2e-6,
  );
  const logits = random([1, 3, 4], 10), p = [...logits.data].map((v) => 1 / (1 + Math.exp(-Number(v))));
  assertClose(
    imported({ twiddle: logits }, { param: "logit" }).operators.get("twiddle")!.toDense(),
    imported({ twiddle: real([1, 3, 4, 2, 2], p.flatMap((v) => [v, 1 - v, 1 - v, v])) }).operators.get(
      "twiddle",
    )!.toDense(),
    1e-6,
  );
});

Deno.test("several modules of one file are told apart, and all other tensors are given back", () => {
  const index: Tensor = { dtype: "I64", shape: [2], data: new BigInt64Array([1n, 2n]) };
  const result = imported(
    {
      "a.twiddle": random([1, 2, 2, 2, 2, 2], 1),
      "a.twiddle.extra": random([2], 2),
      "b.0.twiddle": random([2, 1, 1, 1, 2, 2], 3),
      "b.0.bias": random([3], 4),
      "b.1.weight": random([3, 3], 5),
      "b.1.bias": random([3], 6),
      "c.weight1": random([2, 2], 7),
      "d.weight1": random([16], 8),
      index,
    },
    {},
    { format: "pt" },
  );
  assert.deepEqual(result.modules.map(({ name, layout }) => `${name} ${layout}`), [
    "a torch-butterfly",
    "b.0 torch-butterfly",
    "d bft",
  ]);
  assert.deepEqual([...result.tensors.keys()].sort(), [
    "a.twiddle.extra",
    "b.1.bias",
    "b.1.weight",
    "c.weight1",
    "index",
  ]);
  assert.deepEqual([result.tensors.get("index")!.data, result.metadata], [index.data, { format: "pt" }]);
  // What two layouts share is taken as the newer package's, unless it is said.
  const other = imported({ twiddle: random([1, 2, 2, 2, 2, 2], 1) }, { layout: "old-butterfly" });
  assert.equal(other.operators.get("twiddle")!.field, "complex");
});

Deno.test("what does not fit is refused with the tensor, its shape and what was expected", () => {
  const nan = real([1, 1, 1, 1, 2, 2], [1, NaN, 0, 1]);
  const cases: [Record<string, Tensor>, TrainedOptions, RegExp][] = [
    [
      { "f.twiddle": random([1, 1, 3, 3, 2, 2], 1) },
      {},
      /module 'f': the tensor 'twiddle' of shape \[1, 1, 3, 3, 2, 2\].*expected \[stacks, blocks, log₂n, n\/2, 2, 2\]/,
    ],
    [{ "f.twiddle": random([2, 5, 2, 2], 1) }, {}, /of shape \[2, 5, 2, 2\]/],
    [{ "f.twiddle": nan }, {}, /module 'f': .*NaN, which is not a finite number/],
    [
      { "f.twiddle": random([1, 1, 1, 1, 2, 2], 1), "f.bias": random([5], 1) },
      {},
      /5 outputs and 2 inputs do not fit.*1 to 2 outputs/,
    ],
    [
      { "f.twiddle": random([1, 1, 1, 1, 2, 2], 1), "f.bias": random([2, 2, 2], 1) },
      {},
      /'bias' of shape \[2, 2, 2\].*expected \[outputs\]/,
    ],
    [
      { "f.twiddle": { dtype: "I32", shape: [1, 1, 1, 1, 2, 2], data: new Int32Array(4) } },
      {},
      /'twiddle' has the dtype I32, expected F32/,
    ],
    [{ "f.twiddle": random([2 ** 16, 1, 0, 0, 2, 2], 1) }, {}, /a butterfly of one point has 65536 stacks/],
    [{ "f.twiddle": random([3, 1, 1, 1, 2, 2], 1) }, { matrices: 2 }, /3 stacks are not those of 2 matrices/],
    [{ "c.weight1": random([31], 1) }, {}, /'weight1' of shape \[31\].*radix·n/],
    [{ "c.weight1": random([48], 1) }, { radix: 2, inputs: 9 }, /expected the larger of them to be 8/],
    [{ "c.balanced_bfts.0.weight1": random([48], 1), "c.balanced_bfts.1.weight1": random([48], 2) }, {
      radix: 2,
    }, /give inputs and outputs/],
    [{ "c.balanced_bfts.0.weight1": random([48], 1), "c.balanced_bfts.2.weight1": random([48], 2) }, {
      radix: 2,
    }, /there is no tensor 'balanced_bfts.1.weight1'/],
    [{ "m.blkdiag1": random([2, 2, 2], 1) }, {}, /there is no tensor 'blkdiag2' beside 'blkdiag1'/],
    [
      { "m.blkdiag1": random([2, 2, 2], 1), "m.blkdiag2": random([2, 2, 3], 1) },
      {},
      /'blkdiag2' of shape \[2, 2, 3\].*with 4 inputs in all/,
    ],
    [
      { "m.blkdiag1": random([2, 2, 0], 1), "m.blkdiag2": random([2, 2, 2], 1) },
      {},
      /'blkdiag1' of shape \[2, 2, 0\]/,
    ],
    [
      { "q.boft_R": random([1, 2, 3, 4], 1) },
      {},
      /'boft_R' of shape \[1, 2, 3, 4\].*expected real \[factors, blocks, b, b\]/,
    ],
    [{ "q.boft_R": random([3, 2, 2, 2], 1) }, {}, /their number a multiple of 4/],
    [{ "q.boft_R": random([2, 2, 3, 3], 1) }, {}, /blocks of even size/],
    [
      { "q.boft_R": random([1, 2, 2, 2], 1) },
      { config: { boft_block_size: 4 } },
      /boft_block_size '4', as the adapter's/,
    ],
    [
      { "q.boft_R": random([1, 2, 2, 2], 1) },
      { config: { peft_type: "LORA" } },
      /is for 'LORA', expected 'BOFT'/,
    ],
    [
      { "q.boft_R": random([1, 2, 2, 2], 1), "q.boft_s": random([2, 3], 1) },
      {},
      /'boft_s' of shape \[2, 3\]/,
    ],
    [
      { "q.boft_R": random([1, 2, 2, 2], 1) },
      { base: writeSafetensors([["q.weight", random([2, 3], 1)]]) },
      /base layer's weight is F32 \[2, 3\], expected real numbers \[outputs, 4\]/,
    ],
    [
      { "q.boft_R.a": random([1, 2, 2, 2], 1), "q.boft_R.b": random([1, 2, 2, 2], 1) },
      {},
      /several adapters, 'boft_R.a' and 'boft_R.b'/,
    ],
    [{ "p.logit": random([3], 1) }, {}, /does not follow from a 'logit' \[3\]/],
    [
      { "f.twiddle": random([1, 1, 1, 1, 2, 2], 1) },
      { inputs: 1.5 },
      /inputs must be a whole number from 1 on, got '1.5'/,
    ],
    [
      { "f.weight": random([1], 1) },
      { modules: { f: { layout: "block-diagonal" } } },
      /'weight' of shape \[1\].*expected \[blocks, outputs, inputs\]/,
    ],
  ];
  for (const [tensors, options, sentence] of cases) {
    const bytes = writeSafetensors(Object.entries(tensors));
    assert.throws(() => importTrained(bytes, options), (error: Error) => {
      assert.ok(error instanceof RangeError, `${error}`);
      assert.match(error.message, /^Cannot import the file/);
      assert.match(error.message, sentence);
      return true;
    });
  }
});

Deno.test("a file that papillon wrote is not imported again, and loses nothing so", () => {
  const bytes = saveOperator(Butterfly.random(7, { rows: 12, increasing: false, seed: 1 }));
  assert.throws(
    () => importTrained(bytes, { name: "mine" }),
    /^RangeError: Cannot import 'mine': papillon wrote it/,
  );
});

Deno.test("whatever shapes a file has, it is imported or refused, and asks for little memory", () => {
  const sizes = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constantFrom(7, 8, 2 ** 20));
  const names = fc.constantFrom(
    ...[
      "twiddle",
      "twiddle1",
      "diag",
      "diag_l",
      "bias",
      "weight1",
      "balanced_bfts.0.weight1",
      "balanced_bfts.1.weight1",
    ],
    ...["blkdiag1", "blkdiag2", "boft_R", "boft_R.default", "boft_s", "logit", "weight"],
  );
  const valid = fc.constantFrom(
    ...[
      [1, 1, 2, 2, 2, 2],
      [2, 1, 1, 1, 2, 2],
      [1, 2, 1, 1, 4],
      [1, 1, 0, 0, 2, 2],
      [1, 3, 2, 2],
      [2, 2, 2],
      [1, 2, 2],
    ],
    ...[[16], [48], [2, 2, 2, 2], [3, 1], [2, 3], [3], [2, 4], [1, 2, 2, 2, 2]],
  );
  const small = fc.oneof(valid, fc.array(sizes, { maxLength: 7 })).filter((shape) =>
    shape.reduce((a, b) => a * b, 1) <= 500 && shape.reduce((a, b) => a * (b || 1), 1) < 2 ** 53
  );
  const layouts = fc.constantFrom("torch-butterfly", "old-butterfly", "block-diagonal", "monarch", undefined);
  let taken = 0;
  fc.assert(
    fc.property(
      fc.dictionary(names, small, { minKeys: 1, maxKeys: 4 }),
      layouts,
      fc.boolean(),
      (shapes, layout, c64) => {
        const tensors = Object.entries(shapes).map((
          [name, shape],
        ): [string, Tensor] => [name, random(shape, 1)]);
        if (c64) {
          for (const [, t] of tensors) {
            if (t.shape.at(-1) === 2) {
              Object.assign(t, { dtype: "C64", shape: t.shape.slice(0, -1) });
            }
          }
        }
        const external = Deno.memoryUsage().external;
        try {
          const { operators, modules } = importTrained(writeSafetensors(tensors), {
            layout,
            modules: layout && { "": { layout } },
          });
          for (const operator of operators.values()) assert.ok(operator.rows * operator.cols < 1e7);
          for (const { check, layout } of modules) assert.ok(layout === "old-permutation" || check() < 1e-5);
          taken++;
        } catch (error) {
          if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
          assert.match(error.message, /^Cannot (import|read) /);
        }
        assert.ok(Deno.memoryUsage().external - external < 3e7, "it allocated too much");
      },
    ),
    { numRuns: 1500 },
  );
  assert.ok(taken > 0);
});
