import assert from "node:assert/strict";
import { type NumericArray, readArray, writeArray } from "../src/io/array.ts";
import { saveOperator } from "../src/io/operator_file.ts";
import { frames, readWav, writeWav } from "../src/io/wav.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import type { Operator } from "../src/operator/operator.ts";
import { Permutation } from "../src/operator/permutation.ts";
import { product } from "../src/operator/product.ts";
import { Random } from "../src/program/random.ts";
import { assertClose } from "./helpers.ts";
import { inFolder, names, papillon } from "./cli_run.ts";

const real = Butterfly.random(6, { rows: 5, seed: 1, bias: true });
const complex = product(
  Butterfly.random(8, { seed: 2, field: "complex" }),
  Permutation.bitReversal(8, "complex"),
);

function random(length: number, seed: number): Float32Array<ArrayBuffer> {
  const random = new Random(seed);
  return Float32Array.from({ length }, () => random.normal());
}

function write(folder: string, name: string, array: NumericArray): void {
  Deno.writeFileSync(`${folder}/${name}`, writeArray(name, array));
}

function read(folder: string, name: string): NumericArray {
  return readArray(name, Deno.readFileSync(`${folder}/${name}`));
}

function withOperators(work: (folder: string) => Promise<void>): Promise<void> {
  return inFolder(async (folder) => {
    Deno.writeFileSync(`${folder}/real.safetensors`, saveOperator(real));
    Deno.writeFileSync(`${folder}/complex.safetensors`, saveOperator(complex));
    await work(folder);
  });
}

Deno.test("apply takes vectors and batches in every format, and gives them back in the same arrangement", () =>
  withOperators(async (folder) => {
    const cases: [Operator, string, NumericArray["field"], number[], string, string][] = [
      [real, "real", "real", [6], "x.npy", "y.csv"],
      [real, "real", "real", [3, 6], "x.csv", "y.npy"],
      [real, "real", "real", [2, 2, 6], "x.safetensors", "y.safetensors"],
      [complex, "complex", "complex", [8], "x.csv", "y.npy"],
      [complex, "complex", "complex", [4, 8], "x.safetensors", "y.csv"],
      // Real numbers are promoted.
      [complex, "complex", "real", [4, 8], "x.npy", "y.safetensors"],
    ];
    for (const [operator, name, field, shape, input, output] of cases) {
      const unit = field === "complex" ? 2 : 1;
      const data = random(shape.reduce((a, b) => a * b, unit), shape.length);
      write(folder, input, { shape, field, data });
      const args = ["apply", `${name}.safetensors`, "--in", input, "--out", output];
      const { code, out, err } = await papillon(folder, ...args);
      assert.equal(err, "");
      assert.equal(code, 0);
      assert.match(out, /^Applied an? .* to \d+ vectors? in .* ms; wrote /);

      const promoted = operator.field === field ? data : data.reduce((all, value, i) => {
        all[2 * i] = value;
        return all;
      }, new Float32Array(2 * data.length));
      const got = read(folder, output);
      assert.equal(got.field, operator.field);
      assert.deepEqual(got.shape, [...shape.slice(0, -1), operator.rows]);
      assertClose(got.data, operator.apply(promoted), 1e-7, `${input} ${output}`);
    }
  }));

Deno.test("apply writes complex numbers as complex64", () =>
  withOperators(async (folder) => {
    write(folder, "x.csv", { shape: [8], field: "real", data: random(8, 1) });
    await papillon(folder, "apply", "complex.safetensors", "--in", "x.csv", "--out", "y.npy");
    assert.match(new TextDecoder("latin1").decode(Deno.readFileSync(`${folder}/y.npy`)), /'descr': '<c8'/);
  }));

Deno.test("apply cuts a .wav file into frames, by the operator's columns or by --hop", () =>
  withOperators(async (folder) => {
    const bytes = writeWav({ sampleRate: 8000, samples: random(100, 2).map((x) => x / 10) });
    Deno.writeFileSync(`${folder}/x.wav`, bytes);
    const { samples } = readWav(bytes);
    for (const hop of [8, 3]) {
      const more = hop === 8 ? [] : ["--hop", `${hop}`];
      const { code, out } = await papillon(
        folder,
        ...["apply", "complex.safetensors", "--in", "x.wav", "--out", "y.npy", "--json", ...more],
      );
      assert.equal(code, 0);
      const cut = frames(samples, 8, hop), count = cut.length / 8;
      assert.deepEqual(JSON.parse(out).shape, [count, 8]);
      assert.equal(JSON.parse(out).vectors, count);
      const x = new Float32Array(2 * cut.length);
      cut.forEach((value, i) => x[2 * i] = value);
      assertClose(read(folder, "y.npy").data, complex.apply(x), 1e-7);
    }
  }));

Deno.test("dense writes the matrix, and says that a bias is left out", () =>
  withOperators(async (folder) => {
    for (const [name, operator] of [["real", real], ["complex", complex]] as const) {
      const { code, out } = await papillon(folder, "dense", `${name}.safetensors`, "--out", "m.npy");
      assert.equal(code, 0);
      assert.equal(out.includes("bias is no part of the matrix"), name === "real");
      const { shape, field, data } = read(folder, "m.npy");
      assert.deepEqual([...shape, field], [operator.rows, operator.cols, operator.field]);
      assertClose(data, operator.toDense(), 1e-7);
      const json = JSON.parse(
        (await papillon(folder, "dense", `${name}.safetensors`, "--out=m.csv", "--json")).out,
      );
      assert.deepEqual([json.rows, json.cols, json.out], [operator.rows, operator.cols, "m.csv"]);
      assert.equal(json.biasLeftOut, name === "real");
    }
  }));

Deno.test("inspect tells the parts in the order of application, and draws them", () =>
  withOperators(async (folder) => {
    const { code, out } = await papillon(folder, "inspect", "complex.safetensors", "--plot", "c.svg");
    assert.equal(code, 0);
    assert.match(
      out,
      /1\. bit reversal \(8×8, complex, 0 numbers\)\n {2}2\. butterfly, strides 1 … 4 \(8×8, complex, 48/,
    );
    assert.match(out, /class {7}\(BB\*\)\^2 of the kaleidoscope hierarchy/);
    assert.match(Deno.readTextFileSync(`${folder}/c.svg`), /48 numbers, 1.3 times fewer/);

    const json = await papillon(folder, "inspect", "real.safetensors", "--json");
    const { rows, cols, field, parameters, operations, bias, class: kind, parts } = JSON.parse(json.out);
    assert.equal(kind, null); // An affine map has no class.
    assert.deepEqual([rows, cols, field, bias], [5, 6, "real", true]);
    assert.deepEqual([parameters, operations], [real.parameters, real.operations]);
    assert.deepEqual(parts.map((part: { what: string }) => part.what), ["butterfly, strides 1 … 4, bias"]);
    assert.deepEqual(names(folder), ["c.svg", "complex.safetensors", "real.safetensors"]);
  }));

Deno.test("every command explains itself with examples", () =>
  inFolder(async (folder) => {
    for (const name of [[], ["learn"], ["apply"], ["dense"], ["inspect"]]) {
      for (const flag of ["--help", "-h"]) {
        const { code, out, err } = await papillon(folder, ...name, flag);
        assert.equal(code, 0);
        assert.equal(err, "");
        assert.match(out, /Usage: papillon /);
        assert.match(out, /Examples?:\n {2}papillon /);
        assert.ok(out.split("\n").every((line) => line.length <= 100), "lines fit a terminal");
      }
    }
  }));
