import assert from "node:assert/strict";
import { loadCheckpoint, saveCheckpoint } from "../src/io/checkpoint.ts";
import { saveOperator } from "../src/io/operator_file.ts";
import { writeNpy } from "../src/io/npy.ts";
import { readSafetensors, type Tensor, writeSafetensors } from "../src/io/safetensors.ts";
import { approximateLowRank, lowRankOperator } from "../src/learn/baselines/low_rank.ts";
import { monarchPatterns } from "../src/operator/pattern.ts";
import { KroneckerFactor } from "../src/operator/factor.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { product } from "../src/operator/product.ts";
import { Random } from "../src/program/random.ts";
import { assertClose } from "./helpers.ts";
import { inFolder, interrupted, names, papillon } from "./cli_run.ts";

const random = new Random(1);
const normals = (length: number): Float32Array => Float32Array.from({ length }, () => random.normal());
const f32 = (shape: number[], data: Float32Array): Tensor => ({ dtype: "F32", shape, data });
/** Rounded to the upper halves of the words, as bfloat16 is. */
const bfloat16 = (data: Float32Array): Float32Array =>
  new Float32Array(new Uint32Array(data.slice().buffer).map((word) => word & 0xffff0000).buffer);

const monarch = product(
  ...monarchPatterns(48, 64).map((pattern) =>
    new KroneckerFactor(pattern, normals(pattern.a * pattern.b * pattern.c * pattern.d))
  ).reverse(),
).toDense();
const thin = lowRankOperator(approximateLowRank({ rows: 40, cols: 30, values: normals(1200) }, 2)).toDense();
const noise = normals(32 * 32);
/** A checkpoint as networks have: weights of several dtypes, biases, counters, a kernel of four sizes. */
const MODEL: [string, Tensor][] = [
  ["layer.weight", f32([48, 64], monarch)],
  ["layer.bias", f32([48], normals(48))],
  ["thin", { dtype: "F64", shape: [40, 30], data: Float64Array.from(thin) }],
  ["noise", { dtype: "BF16", shape: [32, 32], data: bfloat16(noise) }],
  ["half", { dtype: "F16", shape: [3], data: Float32Array.of(1, NaN, -0.5) }],
  ["ids", { dtype: "I64", shape: [2, 2], data: BigInt64Array.of(1n, 2n, 3n, 4n) }],
  ["conv", f32([2, 2, 2, 2], normals(16))],
  ["nothing", f32([0, 5], new Float32Array(0))],
];
const model = writeSafetensors(MODEL, { format: "pt" });

Deno.test("compress replaces the matrices of a checkpoint within the error, and copies the rest to the bit", () =>
  inFolder(async (folder) => {
    Deno.writeFileSync(`${folder}/m.safetensors`, model);
    const args = [
      "compress",
      "m.safetensors",
      "--max-error",
      "1e-3",
      "--out",
      "s.safetensors",
      "--plot",
      "s.svg",
    ];
    const { code, out, err } = await papillon(folder, ...args);
    assert.equal(err, "");
    assert.equal(code, 0, out);
    assert.deepEqual(names(folder), ["m.safetensors", "s.safetensors", "s.svg"]);
    assert.match(out, /^m\.safetensors: 8 tensors, 3 to compress to an error of at most 0\.1 % each\n/);
    assert.match(
      out,
      /\n'layer\.weight', 48×64, F32\n {5}structure +parameters +error +µs a vector +size\n {2}\* {2}mon/,
    );
    assert.match(out, /\n {2}\* {2}low rank +140 +11\.7 % .*rank 2\n/);
    assert.match(out, /Nothing that was tried has an error of at most 0\.10 %/);
    assert.match(out, /\nReplaced 2 of 3 matrices: 5 296 numbers become [12] \d{3}\n/);
    assert.match(out, /\nKept dense: 'noise'\n/);
    assert.match(
      out,
      /\nNot looked at: 'layer\.bias', .*; of these 'ids' of dtype I64, which is not compressed\n/,
    );
    assert.match(out, /\nWrote s\.safetensors and s\.svg\n/);

    const bytes = Deno.readFileSync(`${folder}/s.safetensors`),
      { tensors, operators, metadata } = loadCheckpoint(bytes);
    assert.deepEqual([...operators.keys()], ["layer.weight", "thin"]);
    assertClose(operators.get("layer.weight")!.toDense(), monarch, 1e-3);
    assertClose(operators.get("thin")!.toDense(), thin, 1e-3);
    assert.deepEqual({ ...metadata }, { format: "pt" });
    const kept = new Map(MODEL.filter(([name]) => !operators.has(name)));
    const file = readSafetensors(bytes);
    for (const [name, tensor] of kept) assert.deepEqual(file.tensors.get(name), tensor, name);
    assert.deepEqual([...tensors.keys()].sort(), [...kept.keys()].sort());
    assert.ok(bytes.length < model.length);
    const svg = Deno.readTextFileSync(`${folder}/s.svg`);
    assert.match(svg, /^<svg [\s\S]*<\/svg>\n$/);
    for (const name of ["layer.weight, 48×64", "thin, 40×30", "noise, 32×32"]) {
      assert.ok(svg.includes(`>${name}<`));
    }

    // The other commands take an operator by the name of its tensor.
    const x = normals(30);
    Deno.writeFileSync(`${folder}/x.npy`, writeNpy({ shape: [30], field: "real", data: x }));
    const applied = await papillon(
      folder,
      "apply",
      "s.safetensors",
      "--tensor",
      "thin",
      "--in",
      "x.npy",
      "--out",
      "y.csv",
    );
    assert.equal(applied.code, 0, applied.err);
    const want = Array.from({ length: 40 }, (_, i) => x.reduce((sum, v, j) => sum + v * thin[i * 30 + j], 0));
    const got = Deno.readTextFileSync(`${folder}/y.csv`).trim().split(/[\n,]/).map(Number);
    assertClose(got, want, 1e-3);
    const inspected = await papillon(
      folder,
      "inspect",
      "s.safetensors",
      "--tensor",
      "layer.weight",
      "--json",
    );
    assert.deepEqual([JSON.parse(inspected.out).rows, JSON.parse(inspected.out).cols], [48, 64]);
    const dense = await papillon(folder, "dense", "s.safetensors", "--tensor", "thin", "--out", "t.npy");
    assert.equal(dense.code, 0, dense.err);
    const wrong = await papillon(folder, "inspect", "s.safetensors", "--tensor", "thim");
    assert.match(wrong.err, /it has no operator for the tensor 'thim', did you mean 'thin'\?/);
    const unnamed = await papillon(folder, "inspect", "s.safetensors");
    assert.match(
      unnamed.err,
      /it is a checkpoint, with operators for 'layer.weight', 'thin'; .*--tensor names one/,
    );
    const again = await papillon(folder, "compress", "s.safetensors", "--max-error", "0.1");
    assert.match(again.err, /^Cannot compress 's.safetensors': it has operators already, for 'layer.weight'/);
    assert.deepEqual([wrong.code, unnamed.code, again.code], [2, 2, 2]);
  }));

Deno.test("compress --json: only the tensors named and the structures asked for, at a part of the parameters", () =>
  inFolder(async (folder) => {
    Deno.writeFileSync(`${folder}/m.safetensors`, model);
    const { code, out, err } = await papillon(
      folder,
      ...[
        "compress",
        "m.safetensors",
        "--tensor",
        "noise",
        "--tensor=layer.weight",
        "--max-parameters",
        "0.3",
      ],
      ...["--structures", "monarch, low rank,sparse", "--json", "--seed", "-3"],
    );
    assert.equal(err, "");
    assert.equal(code, 0);
    const result = JSON.parse(out);
    assert.deepEqual(names(folder), ["m.safetensors"]);
    assert.deepEqual([result.out, result.plot, result.bytes.after, result.seed], [null, null, null, -3]);
    const [first, second] = result.tensors;
    assert.deepEqual([first.name, second.name, result.tensors.length], ["noise", "layer.weight", 2]);
    assert.match(first.verdict, /dense one is the better choice/);
    assert.deepEqual([first.dtype, second.best.structure, second.best.error < 1e-5], [
      "BF16",
      "monarch",
      true,
    ]);
    for (const { table, tried, best, parameters, microseconds } of result.tensors) {
      assert.deepEqual(table.map((one: { structure: string }) => one.structure).sort(), [
        "low rank",
        "monarch",
        "sparse",
      ]);
      assert.ok(tried.length >= 3 && best.parameters <= 0.3 * parameters && microseconds > 0);
      for (const one of table) assert.equal(one.loopMicroseconds > 0, one.structure === "sparse");
    }
    assert.equal(result.parameters.before, 48 * 64 + 32 * 32);
    assert.ok(result.parameters.after <= 0.3 * result.parameters.before);
    assert.deepEqual(result.copied.map(({ name }: { name: string }) => name), [
      ...["layer.bias", "thin", "half", "ids", "conv", "nothing"],
    ]);
  }));

Deno.test("where nothing fits, nothing is written, and the exit code is 1", () =>
  inFolder(async (folder) => {
    Deno.writeFileSync(`${folder}/m.safetensors`, model);
    const args = [
      "--tensor",
      "noise",
      "--max-error",
      "0.01",
      "--max-parameters",
      "0.5",
      "--out",
      "s.safetensors",
    ];
    const { code, out } = await papillon(folder, "compress", "m.safetensors", ...args);
    assert.equal(code, 1, out);
    assert.match(out, /1 to compress to at most 50 % of the parameters and an error of at most 1 % each/);
    assert.match(out, /Keep the dense matrix\.\n[^]*Replaced 0 of 1 matrix: [^]*\nNothing is written\n$/);
    assert.deepEqual(names(folder), ["m.safetensors"]);
  }));

Deno.test("zero matrices, single numbers and rows are compressed or kept, never a fault", () =>
  inFolder(async (folder) => {
    const tensors: [string, Tensor][] = [
      ["zero", f32([16, 8], new Float32Array(128))],
      ["complex zero", { dtype: "C64", shape: [8, 8], data: new Float32Array(128) }],
      ["one", f32([1, 1], Float32Array.of(3))],
      ["row", f32([1, 40], normals(40))],
      ["column", f32([40, 1], normals(40))],
      ["huge", { dtype: "F64", shape: [2, 2], data: Float64Array.of(1e38, 1, 1, 1) }],
    ];
    Deno.writeFileSync(`${folder}/m.safetensors`, writeSafetensors(tensors));
    const args = ["--max-parameters", "0.5", "--out", "s.safetensors", "--plot", "s.svg"];
    const { code, out, err } = await papillon(folder, "compress", "m.safetensors", ...args);
    assert.equal(code, 0, err + out);
    const { operators } = loadCheckpoint(Deno.readFileSync(`${folder}/s.safetensors`));
    for (const name of ["zero", "complex zero"]) {
      assert.ok(operators.get(name)!.toDense().every((v) => v === 0));
    }
    assert.ok(!operators.has("one"));
  }));

Deno.test("compress that is interrupted leaves nothing behind", () =>
  inFolder(async (folder) => {
    const big = writeSafetensors([["w", f32([512, 512], normals(512 * 512))]]);
    Deno.writeFileSync(`${folder}/m.safetensors`, big);
    const args = [
      "compress",
      "m.safetensors",
      "--max-parameters",
      "0.5",
      "--out",
      "s.safetensors",
      "--plot",
      "s.svg",
    ];
    const { code, out, err } = await interrupted(folder, 1500, ...args);
    assert.equal(code, 130, err);
    assert.equal(out, "");
    assert.equal(err, "Cancelled: nothing is written\n");
    assert.deepEqual(names(folder), ["m.safetensors"]);
    assert.deepEqual(Deno.readFileSync(`${folder}/m.safetensors`), big);
  }));

Deno.test("bad input to compress is answered with one sentence and exit code 2, and leaves no file behind", () =>
  inFolder(async (folder) => {
    const nan = normals(12);
    nan[7] = NaN;
    const header = (json: string, data = 0): Uint8Array => {
      const bytes = new Uint8Array(8 + json.length + data);
      new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
      bytes.set(new TextEncoder().encode(json), 8);
      return bytes;
    };
    const files: Record<string, Uint8Array> = {
      "m.safetensors": model,
      "nan.safetensors": writeSafetensors([["w", f32([3, 4], nan)]]),
      "infinite.safetensors": writeSafetensors([["w", {
        ...f32([1, 2], Float32Array.of(1, -Infinity)),
        dtype: "F16",
      }]]),
      "large.safetensors": writeSafetensors([["w", {
        dtype: "F64",
        shape: [1, 2],
        data: Float64Array.of(1, 1e39),
      }]]),
      "none.safetensors": writeSafetensors([]),
      "vectors.safetensors": writeSafetensors([["v", f32([3], normals(3))], ["i", MODEL[5][1]]]),
      "operator.safetensors": saveOperator(Butterfly.random(8)),
      "replaced.safetensors": saveCheckpoint({
        tensors: new Map(),
        operators: new Map([["w", Butterfly.random(8)]]),
        metadata: {},
      }),
      "empty.safetensors": new Uint8Array(0),
      "cut.safetensors": model.subarray(0, model.length - 3),
      "long.safetensors": header("{}").fill(0xff, 0, 8),
      "fp8.safetensors": header(`{"w":{"dtype":"F8_E4M3","shape":[2,2],"data_offsets":[0,4]}}`, 4),
      "lies.safetensors": header(`{"w":{"dtype":"F32","shape":[900000,900000],"data_offsets":[0,4]}}`, 4),
      "m.npy": writeNpy({ shape: [2, 2], field: "real", data: normals(4) }),
    };
    for (const [name, bytes] of Object.entries(files)) Deno.writeFileSync(`${folder}/${name}`, bytes);
    const before = names(folder);
    const of = (file: string, ...more: string[]): string[] => [
      ...[
        "compress",
        `${file}.safetensors`,
        "--max-error",
        "0.1",
        "--out",
        "new.safetensors",
        "--plot",
        "new.svg",
      ],
      ...more,
    ];
    const cases: [string[], RegExp][] = [
      [["compress"], /^Cannot compress: MODEL is missing/],
      [["compress", "m.safetensors"], /^Cannot compress: --max-parameters or --max-error is missing/],
      [of("m", "--max-error", "0.2"), /^Cannot compress: --max-error is given twice/],
      [
        ["compress", "m.safetensors", "--max-error", "1"],
        /^--max-error must be a number between 0 and 1, got '1'/,
      ],
      [["compress", "m.safetensors", "--max-error", "0"], /^--max-error must be a number between 0 and 1/],
      [of("m", "--max-parameters", "-1"), /^--max-parameters must be a number above 0, .* got '-1'/],
      [of("m", "--max-parameters", "25%"), /^--max-parameters must be a number above 0, .* got '25%'/],
      [of("m", "--max-parameters", "0x10"), /^--max-parameters must be a number above 0/],
      [
        of("m", "--structures", "svd"),
        /^Cannot compress: --structures has the unknown 'svd', there are 'butterfly'/,
      ],
      [of("m", "--structures", "monarchs"), /unknown 'monarchs', did you mean 'monarch'\?/],
      [of("m", "--tensor"), /^Cannot compress: --tensor needs a value/],
      [
        of("m", "--tensor", "layer.wieght"),
        /tensor 'layer.wieght': the file has no such tensor, did you mean 'layer.weight'\?/,
      ],
      [of("m", "--tensor", "xyz"), /the file has no such tensor, there are 'layer.weight', .*, …/],
      [
        of("m", "--tensor", "thin", "--tensor", "ids"),
        /tensor 'ids': its dtype is I64, expected one of F32, F64/,
      ],
      [of("m", "--tensor", "layer.bias"), /tensor 'layer.bias': its shape is \[48\], expected a matrix/],
      [of("m", "--tensor", "conv"), /tensor 'conv': its shape is \[2, 2, 2, 2\], expected a matrix/],
      [of("m", "--tensor", "nothing"), /tensor 'nothing': its shape is \[0, 5\], it has no numbers/],
      [
        of("nan"),
        /^Cannot compress 'nan.safetensors': tensor 'w' has the number NaN at \(1, 3\), which is no finite/,
      ],
      [of("infinite"), /tensor 'w' has the number -Infinity at \(0, 1\)/],
      [of("large"), /tensor 'w' has the number 1e\+39 at \(0, 1\), which is no finite float32/],
      [of("none"), /^Cannot compress 'none.safetensors': it has no tensors/],
      [of("vectors"), /^Cannot compress 'vectors.safetensors': none of its 2 tensors is a matrix of floats/],
      [of("operator"), /^Cannot read 'operator.safetensors': it holds a single operator/],
      [of("replaced"), /^Cannot compress 'replaced.safetensors': it has operators already, for 'w'/],
      [of("missing"), /^Cannot read 'missing.safetensors': there is no such file/],
      [of("empty"), /^Cannot read 'empty.safetensors': the file is empty/],
      [of("cut"), /^Cannot read 'cut.safetensors': /],
      [of("long"), /^Cannot read 'long.safetensors': the header claims/],
      [of("fp8"), /^Cannot read 'fp8.safetensors': tensor 'w' has the dtype '"F8_E4M3"'/],
      [
        of("lies"),
        /^Cannot read 'lies.safetensors': tensor 'w' has 4 bytes of data, its shape and dtype F32 need/,
      ],
      [
        ["compress", "m.npy", "--max-error", "0.1"],
        /^Cannot read 'm.npy': a checkpoint is read from .safetensors/,
      ],
      [
        ["compress", "m.safetensors", "--max-error", "0.1", "--out", "new.npy"],
        /^Cannot write 'new.npy': a check/,
      ],
      [
        ["compress", "m.safetensors", "--max-error", "0.1", "--out", "m.safetensors"],
        /it is also 'm.safetensors'/,
      ],
      [["compress", "m.safetensors", "--max-error", "0.1", "--plot", "no/p.svg"], /there is no folder 'no'/],
    ];
    for (const [args, sentence] of cases) {
      const { code, out, err } = await papillon(folder, ...args), label = `papillon ${args.join(" ")}`;
      assert.equal(code, 2, `${label}: ${err}`);
      assert.equal(out, "", label);
      assert.match(err, sentence, label);
      assert.equal(err.trimEnd().split("\n").length, 1, label);
      assert.ok(err.length < 500, label);
      assert.deepEqual(names(folder), before, label);
    }
  }));
