import assert from "node:assert/strict";
import { loadCompiled } from "../src/compiled/operator.ts";
import { saveCompiled } from "../src/io/compiled_file.ts";
import { saveCheckpoint } from "../src/io/checkpoint.ts";
import { saveOperator } from "../src/io/operator_file.ts";
import { dct2 } from "../src/kaleidoscope/transforms/cosine.ts";
import { hadamard } from "../src/kaleidoscope/transforms/hadamard.ts";
import { inFolder, papillon } from "./cli_run.ts";

Deno.test("compile writes what saveCompiled makes, of an operator or of one in a checkpoint", () =>
  inFolder(async (folder) => {
    Deno.writeFileSync(`${folder}/dct.safetensors`, saveOperator(dct2(16)));
    const { code, out, err } = await papillon(
      folder,
      "compile",
      "dct.safetensors",
      "--out",
      "out.safetensors",
    );
    assert.equal(err, "");
    assert.equal(code, 0);
    const bytes = Deno.readFileSync(`${folder}/out.safetensors`);
    assert.deepEqual(bytes, saveCompiled(dct2(16)));
    assert.match(out, /^Compiled a 16×16 operator; wrote out\.safetensors, [\d ]+ bytes\n$/);

    const operators = new Map([["w", hadamard(4)]]);
    Deno.writeFileSync(
      `${folder}/model.safetensors`,
      saveCheckpoint({ tensors: new Map(), operators, metadata: {} }),
    );
    const args = ["compile", "model.safetensors", "--tensor", "w", "--out", "w.safetensors", "--json"];
    const said = JSON.parse((await papillon(folder, ...args)).out) as Record<string, unknown>;
    const { length } = Deno.readFileSync(`${folder}/w.safetensors`);
    assert.deepEqual(said, {
      operator: "model.safetensors",
      out: "w.safetensors",
      rows: 4,
      cols: 4,
      field: "real",
      bytes: length,
    });
    const map = loadCompiled(Deno.readFileSync(`${folder}/w.safetensors`));
    assert.deepEqual([...map.apply(new Float32Array([1, 2, 3, 4]))], [10, -2, -4, 0]);
  }));

Deno.test("compile refuses what it cannot do in a sentence, and writes nothing", () =>
  inFolder(async (folder) => {
    Deno.writeFileSync(`${folder}/dct.safetensors`, saveOperator(dct2(16)));
    Deno.writeFileSync(`${folder}/compiled.safetensors`, saveCompiled(dct2(16)));
    const cases: [string[], RegExp][] = [
      [["dct.safetensors"], /^Cannot compile: --out is missing/],
      [["--out", "new.safetensors"], /^Cannot compile: .*OPERATOR/],
      [["dct.safetensors", "--out", "new.npy"], /\.safetensors/],
      [["dct.safetensors", "--out", "dct.safetensors"], /dct\.safetensors/],
      [["none.safetensors", "--out", "new.safetensors"], /^Cannot read 'none\.safetensors'/],
      [["compiled.safetensors", "--out", "new.safetensors"], /holds a compiled operator/],
    ];
    for (const [args, sentence] of cases) {
      const { code, out, err } = await papillon(folder, "compile", ...args);
      assert.equal(code, 2, args.join(" "));
      assert.equal(out, "");
      assert.match(err, sentence);
    }
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
      "compiled.safetensors",
      "dct.safetensors",
    ]);
  }));
