import assert from "node:assert/strict";
import { writeArray } from "../src/io/array.ts";
import { loadOperator } from "../src/io/operator_file.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Random } from "../src/program/random.ts";
import { dft, hadamard, TARGETS } from "../src/cli/targets.ts";
import { assertEntries } from "./helpers.ts";
import { golden, type GoldenArray, values } from "./golden/golden.ts";
import { inFolder, interrupted, names, papillon } from "./cli_run.ts";

Deno.test("learn without arguments learns the DFT of 256 points, and writes it and its picture here", () =>
  inFolder(async (folder) => {
    const { code, out, err } = await papillon(folder, "learn");
    assert.equal(err, "");
    assert.equal(code, 0);
    assert.deepEqual(names(folder), ["learned-dft-256.safetensors", "learned-dft-256.svg"]);
    assert.match(out, /^Learned dft, n = 256, in .* s: a butterfly: bit reversal, then strides 1, 2 … 128\n/);
    assert.match(out, /parameters {2}4 096 complex numbers, dense 65 536: 16 times fewer\n/);
    assert.match(out, /operations {2}4 096 complex multiply-adds, dense 65 536: 16 times fewer\n/);
    for (const name of ["learned operator", "fft.js", "dense product"]) {
      assert.match(out, new RegExp(`^ +${name} +[\\d. ]+ µs`, "m"));
    }
    assert.match(out, /\nWrote learned-dft-256.safetensors and learned-dft-256.svg\n$/);

    const operator = loadOperator(Deno.readFileSync(`${folder}/learned-dft-256.safetensors`));
    assertEntries(operator.toDense(), dft(256).values, 0, 1e-6);
    const svg = Deno.readTextFileSync(`${folder}/learned-dft-256.svg`);
    assert.match(svg, /^<svg [\s\S]*<\/svg>\n$/);
    assert.ok(svg.length < 1e6);
    for (const stride of [1, 2, 4, 8, 16, 32, 64, 128]) assert.ok(svg.includes(`>stride ${stride}</text>`));
    assert.ok(svg.includes(">bit reversal</text>"));
  }));

Deno.test("learn --json prints one JSON object with what was learned, and nothing else", () =>
  inFolder(async (folder) => {
    const args = ["--target", "hadamard", "--n=64", "--seed", "-7", "--out", "h.safetensors", "--json"];
    const { code, out, err } = await papillon(folder, "learn", ...args);
    assert.equal(err, "");
    assert.equal(code, 0);
    assert.equal(out.trimEnd().split("\n").length, 1);
    const { rmse, seconds, microseconds, ...rest } = JSON.parse(out);
    assert.ok(rmse < 1e-6 && seconds > 0 && microseconds.learned > 0 && microseconds.dense > 0);
    assert.equal(rest.target, "hadamard");
    assert.equal(rest.n, 64);
    assert.equal(rest.seed, -7);
    assert.equal(rest.parameters, 2 * 64 * 6);
    assert.equal(rest.operations, 2 * 64 * 6);
    assert.equal(rest.out, "h.safetensors");
    assert.equal(rest.plot, null);
    assert.equal(rest.converged, true);
    // With --out the picture is written only where it is asked for.
    assert.deepEqual(names(folder), ["h.safetensors"]);
  }));

Deno.test("a matrix in a file of any format is learned, by either method", () =>
  inFolder(async (folder) => {
    const real = Butterfly.random(16, { seed: 3 }),
      complex = Butterfly.random(16, { seed: 4, field: "complex" });
    const write = (name: string, operator: Butterfly, data: Float32Array | Float64Array): void => {
      const array = { shape: [16, 16], field: operator.field, data };
      Deno.writeFileSync(`${folder}/${name}`, writeArray(name, array));
    };
    write("real.csv", real, real.toDense());
    write("f4.npy", real, real.toDense());
    write("c16.npy", complex, Float64Array.from(complex.toDense()));
    write("c8.safetensors", complex, complex.toDense());
    const cases: [string, Butterfly, string][] = [
      ["real.csv", real, "auto"],
      ["f4.npy", real, "gradient"],
      ["c16.npy", complex, "closed-form"],
      ["c8.safetensors", complex, "auto"],
    ];
    for (const [name, operator, method] of cases) {
      const args = [
        "--target",
        name,
        "--method",
        method,
        "--out",
        "o.safetensors",
        "--plot",
        "o.svg",
        "--json",
      ];
      const { code, out, err } = await papillon(folder, "learn", ...args);
      assert.equal(err, "", name);
      assert.equal(code, 0, name);
      const result = JSON.parse(out);
      assert.equal(result.n, 16);
      assert.equal(result.field, operator.field);
      if (method !== "auto") assert.equal(result.method, method);
      const learned = loadOperator(Deno.readFileSync(`${folder}/o.safetensors`));
      assertEntries(learned.toDense(), operator.toDense(), 1e-5, 0, name);
    }
  }));

Deno.test("the smallest targets are learned and drawn", () =>
  inFolder(async (folder) => {
    for (const n of [1, 2, 4]) {
      for (const name of ["dft", "hadamard", "convolution"]) {
        const make = TARGETS.get(name)!;
        const { code, out } = await papillon(folder, "learn", "--target", name, "--n", `${n}`);
        assert.equal(code, 0, out);
        const operator = loadOperator(Deno.readFileSync(`${folder}/learned-${name}-${n}.safetensors`));
        assertEntries(operator.toDense(), make(n).values, 1e-6, 0, `${name} ${n}`);
      }
    }
  }));

Deno.test("a matrix that is no butterfly ends with exit code 1 and says so plainly", () =>
  inFolder(async (folder) => {
    const random = new Random(5);
    const data = Float32Array.from({ length: 32 * 32 }, () => random.normal());
    Deno.writeFileSync(`${folder}/m.npy`, writeArray("m.npy", { shape: [32, 32], field: "real", data }));
    const { code, out } = await papillon(folder, "learn", "--target", "m.npy", "--model", "B,low rank");
    assert.equal(code, 1);
    assert.match(out, /^Nothing found that is m\.npy, n = 32, .*The nearest: /);
    assert.match(out, /error +0\.\d+ root mean square/);
    assert.ok(!out.includes("µs"), "there is nothing to compare with");

    const json = await papillon(folder, "learn", "m.npy", "--model", "B,low rank", "--json");
    assert.equal(json.code, 1);
    const { converged, rmse } = JSON.parse(json.out);
    assert.equal(converged, false);
    // The error that is told is the error of what is written.
    const found = loadOperator(Deno.readFileSync(`${folder}/learned-m-32.safetensors`)).toDense();
    const squares = found.reduce((sum, value, i) => sum + (value - data[i]) ** 2, 0);
    assert.ok(Math.abs(Math.sqrt(squares) / 32 - rmse) < 1e-5 * rmse);
  }));

Deno.test("--max-parameters gives the nearest of so many numbers; what has no fewer than the dense matrix says so", () =>
  inFolder(async (folder) => {
    const few = await papillon(folder, "learn", "dct", "--n", "32", "--max-parameters", "200", "--json");
    assert.deepEqual([few.code, few.err], [1, ""]);
    const { parameters, relativeError } = JSON.parse(few.out);
    assert.ok(parameters > 64 && parameters <= 200 && relativeError < 1);
    const random = new Random(1), data = Float32Array.from({ length: 64 }, () => random.normal());
    Deno.writeFileSync(`${folder}/m.npy`, writeArray("m.npy", { shape: [8, 8], field: "real", data }));
    const { out } = await papillon(folder, "learn", "m.npy", "--model", "BPBP", "--budget", "1");
    assert.match(out, /parameters {2}96 complex numbers, dense 64 real ones: no fewer\n/);
    assert.match(out, /operations {2}\d+ complex multiply-adds, dense 64 real ones: no fewer\n/);
    const swap = await papillon(folder, "learn", "permutation", "--n", "8");
    assert.match(swap.out, /parameters {2}0 numbers, dense 64\n/);
  }));

Deno.test("learn by gradient is spread over workers, and bad budgets, workers, models and orders are refused", () =>
  inFolder(async (folder) => {
    const args = ["learn", "dct", "--n", "8", "--method", "gradient", "--model", "RPP,BPBP", "--json"];
    const runs = ["1", "2"].map((count) =>
      papillon(folder, ...args, "--workers", count, "--out", `w${count}.safetensors`)
    );
    for (const { code, out, err } of await Promise.all(runs)) {
      assert.deepEqual([code, err], [0, ""], out);
      assert.match(JSON.parse(out).model, /learned permutations$/);
    }
    const [one, two] = ["1", "2"].map((count) => Deno.readFileSync(`${folder}/w${count}.safetensors`));
    assert.deepEqual(one, two);
    const cases: [string[], RegExp][] = [
      [["dct", "--workers", "0"], /--workers must be a whole number from 1 to 64/],
      [["dct", "--budget", "-1"], /--budget must be a number of seconds/],
      [["dct", "--max-parameters", "0"], /--max-parameters must be a whole number from 1/],
      [["dct", "--max-parameters", "0.5"], /--max-parameters must be a whole number from 1/],
      [["dft", "--n", "8", "--model", "RPP"], /complex and of order 8, which RPP cannot be/],
      [["dct", "--n", "12", "--method", "gradient"], /its order is 12, expected a power of two/],
    ];
    const refusals = cases.map(([args]) => papillon(folder, "learn", ...args));
    (await Promise.all(refusals)).forEach(({ code, err }, i) => {
      assert.equal(code, 2, err);
      assert.match(err, cases[i][1]);
    });
    assert.deepEqual(names(folder), ["w1.safetensors", "w2.safetensors"]);
  }));

Deno.test("the same seed gives the same bytes", () =>
  inFolder(async (folder) => {
    const args = ["learn", "--n", "16", "--method", "gradient", "--seed", "5", "--out"];
    for (const name of ["a.safetensors", "b.safetensors"]) {
      assert.equal((await papillon(folder, ...args, name)).code, 0);
    }
    const [a, b] = ["a", "b"].map((name) => Deno.readFileSync(`${folder}/${name}.safetensors`));
    assert.deepEqual(a, b);
  }));

Deno.test({
  name: "Ctrl-C ends learning at once with exit code 130, reports the best, and writes nothing",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      const random = new Random(6);
      const data = Float32Array.from({ length: 2 * 256 * 256 }, () => random.normal());
      const bytes = writeArray("m.npy", { shape: [256, 256], field: "complex", data });
      Deno.writeFileSync(`${folder}/m.npy`, bytes);
      for (const json of [[], ["--json"]]) {
        // The search goes on for a minute when it is not stopped.
        const args = ["learn", "--target", "m.npy", "--method", "gradient", ...json];
        const begin = performance.now();
        const { code, out, err } = await interrupted(folder, 1500, ...args);
        assert.equal(code, 130, out + err);
        assert.ok(performance.now() - begin < 20_000);
        if (json.length > 0) {
          const { stopped, out: written, rmse } = JSON.parse(out);
          assert.deepEqual([stopped, written], ["cancelled", null]);
          assert.ok(rmse > 0);
        } else {
          assert.equal(out, "");
          assert.match(
            err,
            /^Cancelled after .* The best found so far has an error of .*; nothing is written\n$/,
          );
        }
        assert.deepEqual(names(folder), ["m.npy"]);
      }
    }),
});

Deno.test("the matrices known by name are the unitary DFT and the orthonormal Hadamard matrix", () => {
  for (const n of [1, 2, 4, 16]) {
    for (const make of [dft, hadamard]) {
      const { values, field } = make(n), unit = field === "complex" ? 2 : 1;
      for (let j = 0; j < n; j++) {
        for (let k = 0; k < n; k++) {
          let re = 0, im = 0;
          for (let i = 0; i < n; i++) {
            const a = unit * (j * n + i), b = unit * (k * n + i);
            const ai = unit === 2 ? values[a + 1] : 0, bi = unit === 2 ? values[b + 1] : 0;
            re += values[a] * values[b] + ai * bi;
            im += ai * values[b] - values[a] * bi;
          }
          assert.ok(Math.abs(re - (j === k ? 1 : 0)) < 1e-12 && Math.abs(im) < 1e-12, `${make.name} ${n}`);
        }
      }
    }
  }
  // A row of each, by hand.
  const { values } = dft(4);
  assertEntries(values.subarray(8, 16), [0.5, 0, 0, -0.5, -0.5, 0, 0, 0.5], 0, 1e-15);
  assert.deepEqual([...hadamard(4).values.subarray(12)], [0.5, -0.5, -0.5, 0.5]);
});

Deno.test("the matrices known by name are those of the papers' code", () => {
  const file = golden<Record<string, Record<string, GoldenArray>>>("learning_targets");
  for (const n of [8, 16]) {
    for (const [name, array] of Object.entries(file[n])) {
      // These are random, and our random numbers are others.
      if (["convolution", "randn", "permutation"].includes(name)) continue;
      assertEntries(TARGETS.get(name)!(n).values, values(array), 0, 1e-8, `${name} ${n}`);
    }
  }
});
