import assert from "node:assert/strict";
import * as ort from "onnxruntime-web";
import { loadCheckpoint } from "../src/io/checkpoint.ts";
import { loadOperator } from "../src/io/operator_file.ts";
import { type Tensor, writeSafetensors } from "../src/io/safetensors.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Random } from "../src/program/random.ts";
import { inFolder, names, papillon } from "./cli_run.ts";
import { assertClose } from "./helpers.ts";

ort.env.wasm.numThreads = 1;

function random(shape: number[], seed: number): Tensor {
  const source = new Random(seed), length = shape.reduce((a, b) => a * b, 1);
  return { dtype: "F32", shape, data: Float32Array.from({ length }, () => source.normal()) };
}

const map = Butterfly.random(7, { rows: 12, increasing: false, bias: true, seed: 1 });
const butterfly: [string, Tensor][] = [
  ["fc.twiddle", { dtype: "F32", shape: [2, 1, 3, 4, 2, 2], data: map.toTwiddle() }],
  ["fc.bias", { dtype: "F32", shape: [12], data: map.bias! }],
];

Deno.test("import writes one module as an operator, several as a checkpoint, and tells what it found", () =>
  inFolder(async (folder) => {
    const settings = ["--set", "fc:inputs=7", "--set", "increasing=false"];
    Deno.writeFileSync(`${folder}/one.safetensors`, writeSafetensors(butterfly));
    const others: [string, Tensor][] = [
      ["attention.boft_R", random([2, 2, 4, 4], 2)],
      ["attention.boft_s", random([5, 1], 3)],
      ["norm.weight", random([4], 4)],
    ];
    Deno.writeFileSync(
      `${folder}/many.safetensors`,
      writeSafetensors([...butterfly, ...others], { by: "me" }),
    );
    Deno.writeTextFileSync(
      `${folder}/adapter_config.json`,
      JSON.stringify({ peft_type: "BOFT", boft_block_size: 4 }),
    );

    const one = await papillon(folder, "import", "one.safetensors", ...settings, "--out", "op.safetensors");
    assert.deepEqual([one.code, one.err], [0, ""]);
    assert.match(
      one.out,
      /^ {2}module +layout +shape +parameters +check\n {2}fc +torch-butterfly +12×7 +108 +\d\.\de-\d\n/,
    );
    assert.match(one.out, /Wrote op.safetensors: one operator\n$/);
    assert.deepEqual(loadOperator(Deno.readFileSync(`${folder}/op.safetensors`)).toDense(), map.toDense());

    const config = ["--config", "adapter_config.json"];
    const many = await papillon(
      folder,
      "import",
      "many.safetensors",
      ...settings,
      ...config,
      "--out",
      "all.safetensors",
    );
    assert.deepEqual([many.code, many.err], [0, ""]);
    assert.match(
      many.out,
      /operators 'fc', 'attention.rotation', 'attention.scale', and one other tensor as it was/,
    );
    const { operators, tensors, metadata } = loadCheckpoint(Deno.readFileSync(`${folder}/all.safetensors`));
    assert.deepEqual([...operators.keys()], ["fc", "attention.rotation", "attention.scale"]);
    assert.deepEqual([[...tensors.keys()], metadata.by], [["norm.weight"], "me"]);

    const told = await papillon(folder, "import", "many.safetensors", ...settings, "--json");
    const { modules, out } = JSON.parse(told.out);
    assert.deepEqual([modules[0].layout, modules[1].operators, out], ["torch-butterfly", [
      "attention.rotation",
      "attention.scale",
    ], null]);
    assert.ok(modules.every(({ error }: { error: number }) => error < 1e-6));

    // And on to ONNX, out of the checkpoint.
    const exported = await papillon(
      folder,
      "export",
      "all.safetensors",
      "--tensor",
      "fc",
      "--onnx",
      "fc.onnx",
    );
    assert.deepEqual([exported.code, exported.err], [0, ""]);
    assert.match(exported.out, /^Wrote fc.onnx: a 12×7 butterfly, \d+ \d+ bytes\n$/);
    const session = await ort.InferenceSession.create(Deno.readFileSync(`${folder}/fc.onnx`), {
      executionProviders: ["wasm"],
    });
    const x = Float32Array.from({ length: 14 }, (_, i) => Math.sin(i));
    const { y } = await session.run({ x: new ort.Tensor("float32", x, [2, 7]) });
    assertClose(y.data as Float32Array, map.apply(x), 1e-6);
    await session.release();
  }));

Deno.test("import and export refuse with a sentence, exit code 2, and write nothing", () =>
  inFolder(async (folder) => {
    Deno.writeFileSync(`${folder}/one.safetensors`, writeSafetensors(butterfly));
    Deno.writeFileSync(`${folder}/plain.safetensors`, writeSafetensors([["fc.weight", random([2, 2], 1)]]));
    Deno.writeTextFileSync(`${folder}/bad.json`, "[]");
    const before = names(folder);
    const cases: [string[], RegExp][] = [
      [["import"], /^Cannot import: FILE is missing/],
      [
        ["import", "plain.safetensors"],
        /^Cannot import 'plain.safetensors': no tensor in it is named twiddle, .* it has 'fc.weight' \[2, 2\]/,
      ],
      [
        ["import", "one.safetensors", "--set", "speed=2"],
        /^Cannot import: --set 'speed=2' is not \[MODULE:\]OPTION=VALUE/,
      ],
      [["import", "one.safetensors", "--set", "fd:inputs=7"], /there is no module 'fd', there are 'fc'/],
      [
        ["import", "one.safetensors", "--set", "inputs=9"],
        /module 'fc': 12 outputs and 9 inputs do not fit .* take 5 to 8 inputs/,
      ],
      [["import", "one.safetensors", "--set", "increasing=up"], /increasing must be true or false, got 'up'/],
      [
        ["import", "one.safetensors", "--set", "layout=magic"],
        /layout must be one of torch-butterfly, .* got 'magic'/,
      ],
      [["import", "one.safetensors", "--config", "bad.json"], /configuration is not a JSON object/],
      [["import", "one.safetensors", "--out", "x.npy"], /an operator is written as .safetensors/],
      [["import", "one.safetensors", "--out", "one.safetensors"], /it is also 'one.safetensors'/],
      [["export", "one.safetensors"], /--onnx is missing/],
      [["export", "one.safetensors", "--onnx", "x.onnx"], /without an operator/],
      [["export", "one.safetensors", "--onnx", "x.txt"], /a model is written as .onnx/],
    ];
    for (const [args, sentence] of cases) {
      const { code, out, err } = await papillon(folder, ...args);
      assert.deepEqual([code, out], [2, ""], args.join(" "));
      assert.match(err, sentence);
    }
    assert.deepEqual(names(folder), before);
  }));
