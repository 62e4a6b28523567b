import assert from "node:assert/strict";
import { Request } from "../src/cli/build/construction.ts";
import { relativeError } from "../src/cli/build/reference.ts";
import { CONSTRUCTIONS } from "../src/cli/build/table.ts";
import { runBuild } from "../src/cli/build.ts";
import { InputError } from "../src/cli/errors.ts";
import { near } from "../src/cli/text.ts";
import { type NumericArray, readArray, writeArray } from "../src/io/array.ts";
import { loadOperator, saveOperator } from "../src/io/operator_file.ts";
import { classOf } from "../src/kaleidoscope/hierarchy.ts";
import { rotation } from "../src/kaleidoscope/rotation.ts";
import type { Operator } from "../src/operator/operator.ts";
import { Random } from "../src/program/random.ts";
import { floats } from "../src/program/step.ts";
import { assertClose } from "./helpers.ts";
import { inFolder, names, papillon } from "./cli_run.ts";
import { type Matrix, matrixOf, multiply, number, transpose } from "./operators.ts";

/** What `runBuild` prints, without a process of its own. */
async function built(...args: string[]): Promise<string> {
  const lines: string[] = [], log = console.log;
  console.log = (line: string) => void lines.push(line);
  try {
    assert.equal(await runBuild(args), 0);
  } finally {
    console.log = log;
  }
  return lines.join("\n");
}

const numbers = (length: number, seed = 1): Float64Array => {
  const random = new Random(seed);
  return Float64Array.from({ length }, () => random.normal());
};
const array = (shape: number[], field: NumericArray["field"], data: NumericArray["data"]): NumericArray => {
  return { shape, field, data };
};
const random = (shape: number[], field: NumericArray["field"] = "real", seed = 1): NumericArray =>
  array(shape, field, numbers(shape.reduce((all, n) => all * n, floats(field)), seed));

/** Builds by name from an array. */
function from(
  name: string,
  data: NumericArray,
  given: { n?: number; normalized?: boolean; seed?: number } = {},
) {
  const one = CONSTRUCTIONS.get(name)!;
  return one.build(new Request(one, { ...given, data, path: "x.npy" }));
}

/** Asserts that an operator is a matrix, in complex numbers. */
function assertMatrix(operator: Operator, want: Matrix, label: string): void {
  assert.deepEqual([operator.rows, operator.cols], [want.rows, want.cols], label);
  const dense = operator.toDense();
  const got = matrixOf(want.rows, want.cols, (i, j) => number(dense, i * want.cols + j, operator.field));
  assertClose(got.values, want.values, 2e-6, label);
}

/** The sizes that a construction takes. */
function sizesOf(name: string): number[] {
  if (name === "dct1") return [2, 3, 5, 33];
  if (name === "dst1") return [1, 3, 31];
  return ["orthogonal", "matrix"].includes(name) ? [1, 2, 8] : [1, 2, 4, 32];
}

Deno.test("every construction is its dense matrix, has a class or dense blocks, and survives a file", () => {
  assert.equal(CONSTRUCTIONS.size, 27);
  for (const [name, construction] of CONSTRUCTIONS) {
    for (const normalized of construction.normalized ? [false, true] : [false]) {
      for (const n of sizesOf(name)) {
        const label = `${name}, n = ${n}${normalized ? ", normalized" : ""}`;
        const { operator, reference } = construction.build(
          new Request(construction, { n, normalized, seed: 5 }),
        );
        const error = relativeError(operator.toDense(), reference());
        assert.ok(error < 1e-6, `${label}: ${error}`);
        assert.deepEqual([operator.rows, operator.cols], [n, n], label);
        const bytes = saveOperator(operator), loaded = loadOperator(bytes);
        assert.deepEqual(saveOperator(loaded), bytes, label);
        const x = Float32Array.from(numbers(n * floats(operator.field)));
        assert.deepEqual(loaded.apply(x), operator.apply(x), label);
        assert.equal(classOf(operator) === undefined, ["lowrank", "rotation"].includes(name) && n > 2, label);
        const norm = Math.hypot(...operator.apply(x)) / Math.hypot(...x);
        const kept = normalized && name !== "fastfood" ||
          ["orthogonal", "householder", "permutation", "rotation"].includes(name);
        if (kept) assert.ok(Math.abs(norm - 1) < 1e-5, `${label} keeps norms`);
      }
    }
  }
});

Deno.test("unnormalised transforms are those of scipy.fft", () => {
  // What scipy.fft 1.17.1 gives.
  const expected: Record<string, [x: number[], y: number[]]> = {
    dct1: [[1, 2, 3, 4, 5], [24.0, -6.82842712, 0.0, -1.17157288, 0.0]],
    dct2: [[1, 2, 3, 5], [22.0, -8.15640312, 1.41421356, -1.21370839]],
    dct3: [[1, 2, 3, 5], [12.76499314, -10.95070228, 4.46542091, -2.27971177]],
    dct4: [[1, 2, 3, 5], [10.57177363, -10.55783608, 6.6732374, -6.65113542]],
    dst1: [[1, 2, 3], [9.65685425, -4.0, 1.65685425]],
    dst2: [[1, 2, 3, 5], [13.83099651, -7.07106781, 7.25972007, -6.0]],
    dst3: [[1, 2, 3, 5], [14.13707118, -2.6199144, 1.72323135, -1.51978306]],
    dst4: [[1, 2, 3, 5], [17.40913205, -2.1098726, 2.11429116, 0.01821029]],
    hartley: [[1, 2, 3, 5], [11, -5, -3, 1]],
    hadamard: [[1, 2, 3, 5], [11, -3, -5, 1]],
    walsh: [[1, 2, 3, 5], [11, -5, 1, -3]],
  };
  for (const [name, [x, want]] of Object.entries(expected)) {
    const one = CONSTRUCTIONS.get(name)!, { operator } = one.build(new Request(one, { n: x.length }));
    assertEntriesClose(operator.apply(Float32Array.from(x)), want, name);
  }
  const dft = CONSTRUCTIONS.get("dft")!, idft = CONSTRUCTIONS.get("idft")!;
  const y = dft.build(new Request(dft, { n: 4 })).operator.apply(new Float32Array([1, 0, 2, 0, 3, 0, 5, 0]));
  assertEntriesClose(y, [11, 0, -2, 3, -3, 0, -2, -3], "dft");
  assertEntriesClose(
    idft.build(new Request(idft, { n: 4 })).operator.apply(y),
    [1, 0, 2, 0, 3, 0, 5, 0],
    "idft",
  );
});

function assertEntriesClose(got: ArrayLike<number>, want: readonly number[], label: string): void {
  want.forEach((value, i) =>
    assert.ok(Math.abs(got[i] - value) < 2e-5, `${label}: entry ${i} is ${got[i]}, not ${value}`)
  );
}

Deno.test("data from a file make the matrix that they describe", () => {
  for (const field of ["real", "complex"] as const) {
    const entry = ({ data }: NumericArray, k: number): [number, number] => number(data, k, field);
    const column = random([5], field);
    const circulant = matrixOf(5, 5, (i, j) => entry(column, (i - j + 5) % 5));
    for (const shape of [[5], [5, 1], [1, 5]]) {
      assertMatrix(from("circulant", { ...column, shape }).operator, circulant, `circulant [${shape}]`);
    }
    // A column alone is that of a Hermitian matrix; with --n the row follows.
    const hermitian = matrixOf(5, 5, (i, j) => {
      const [re, im] = entry(column, Math.abs(i - j));
      return [re, i >= j ? im : -im];
    });
    assertMatrix(from("toeplitz", column).operator, hermitian, "Hermitian Toeplitz");
    const oblong = matrixOf(2, 4, (i, j) => entry(column, i >= j ? i - j : 1 + j - i));
    assertMatrix(from("toeplitz", column, { n: 2 }).operator, oblong, "2×4 Toeplitz");

    const any = random([3, 5], field, 2), whole = matrixOf(3, 5, (i, j) => entry(any, i * 5 + j));
    assertMatrix(from("matrix", any).operator, whole, "matrix");
    assertMatrix(from("lowrank", any).operator, whole, "of full rank");
    assert.equal(from("lowrank", any).note, "rank 3");
    any.data.fill(0, 4 * floats(field), 9 * floats(field));
    const holes = matrixOf(3, 5, (i, j) => entry(any, i * 5 + j));
    assertMatrix(from("sparse", any).operator, holes, "sparse");
    assert.equal(from("sparse", any).note, "10 entries");
    const u = random([6, 2], field, 3), v = random([2, 4], field, 4);
    const outer = multiply(
      matrixOf(6, 2, (i, j) => entry(u, 2 * i + j)),
      matrixOf(2, 4, (i, j) => entry(v, 4 * i + j)),
    );
    const values = field === "complex" ? outer.values : outer.values.filter((_, k) => k % 2 === 0);
    const low = from("lowrank", array([6, 4], field, values));
    assert.equal(low.note, "rank 2");
    assertMatrix(low.operator, outer, "rank 2");

    const square = Math.hypot(...column.data) ** 2;
    const mirror = matrixOf(5, 5, (i, j) => {
      const [a, b] = entry(column, i), [c, d] = entry(column, j);
      return [(i === j ? 1 : 0) - 2 * (a * c + b * d) / square, -2 * (b * c - a * d) / square];
    });
    const reflection = from("householder", column);
    assertMatrix(reflection.operator, mirror, "householder");
    const entries = field === "complex" ? mirror.values : mirror.values.filter((_, k) => k % 2 === 0);
    const again = from("orthogonal", array([5, 5], field, entries));
    assertMatrix(again.operator, mirror, "orthogonal");
  }
  const { operator } = from("permutation", array([4], "real", new Float64Array([2, 0, 3, 1])));
  assert.equal(operator.apply(new Float32Array([5, 6, 7, 8])).join(), "7,5,8,6");
});

Deno.test("products of diagonals and transforms are made of the rows of a file", () => {
  const n = 8, three = random([3, n]), two = random([2, n]);
  const h = matrixOf(n, n, (i, j) => {
    let ones = 0;
    for (let both = i & j; both; both >>= 1) ones += both & 1;
    return [(-1) ** ones, 0];
  });
  const row = ({ data, field }: NumericArray, k: number): Matrix =>
    matrixOf(n, n, (i, j) => i === j ? number(data, k * n + i, field) : [0, 0]);
  const chain = (...all: Matrix[]): Matrix => all.reduce(multiply);
  const index = new Random(7).permutation(n), p = matrixOf(n, n, (i, j) => [index[i] === j ? 1 : 0, 0]);
  const food = chain(row(three, 2), h, row(three, 1), p, h, row(three, 0));
  assertMatrix(from("fastfood", three, { seed: 7 }).operator, food, "fastfood");
  const eighth = { ...food, values: food.values.map((value) => value / n) };
  assertMatrix(
    from("fastfood", three, { seed: 7, normalized: true }).operator,
    eighth,
    "fastfood, normalized",
  );

  const c = matrixOf(
    n,
    n,
    (k, j) => [Math.sqrt((k ? 2 : 1) / n) * Math.cos(Math.PI * k * (2 * j + 1) / (2 * n)), 0],
  );
  assertMatrix(from("acdc", two).operator, chain(row(two, 0), transpose(c, false), row(two, 1), c), "acdc");
  const f = matrixOf(n, n, (j, k) => {
    const angle = -2 * Math.PI * j * k / n;
    return [Math.cos(angle) / Math.sqrt(n), Math.sin(angle) / Math.sqrt(n)];
  });
  for (const data of [two, random([2, n], "complex")]) {
    const want = chain(row(data, 0), transpose(f, true), row(data, 1), f);
    assertMatrix(from("afdf", data).operator, want, `afdf, ${data.field}`);
  }
});

Deno.test("what a name cannot be built from is refused with a sentence", async () => {
  const refused = (name: string, data: NumericArray, message: RegExp, n?: number): void =>
    assert.throws(() => {
      try {
        from(name, data, { n });
      } catch (error) {
        // The library's own errors become input errors in the command.
        assert.ok(error instanceof InputError || error instanceof RangeError || error instanceof TypeError);
        throw error;
      }
    }, message);
  const vector = random([6]),
    matrix = random([2, 3]),
    list = (...data: number[]): NumericArray => array([data.length], "real", Float64Array.from(data));
  refused(
    "circulant",
    matrix,
    /^InputError: Cannot build circulant from 'x.npy': expected a vector, .* \[2, 3\]/,
  );
  refused("circulant", vector, /--n is 5, but the file has 6 numbers/, 5);
  refused("circulant", list(1, 1e300), /the file has the number 1e\+300, which is not finite in float32/);
  refused("toeplitz", vector, /--n is 7, but the file has 6 numbers/, 7);
  refused("fastfood", matrix, /expected a matrix of 3 rows, got an array of shape \[2, 3\]/);
  refused("fastfood", random([3, 4], "complex"), /it takes real numbers, those of the file are complex/);
  refused("fastfood", random([3, 6]), /entries of first must be a power of two, got 6/);
  refused("acdc", random([2, 8]), /--n is 4, but the file has 8 columns/, 4);
  refused("acdc", random([2, 8, 1]), /expected a matrix of 2 rows, got an array of shape \[2, 8, 1\]/);
  refused("permutation", list(0, 2, 2), /index 2 is repeated at entry 2, and 1 is missing/);
  refused("permutation", list(0, 3, 1), /entry 1 is 3, which is not a whole number below 3/);
  refused("permutation", list(0, 1.5), /entry 1 is 1.5, which is not a whole number/);
  refused("permutation", random([2], "complex"), /it takes real numbers/);
  refused("householder", list(0, 0), /u is zero, which has no direction/);
  refused("orthogonal", matrix, /expected a square matrix, got an array of shape \[2, 3\]/);
  refused(
    "orthogonal",
    random([3, 3]),
    /the matrix is not orthogonal, columns 0 and 0 have the inner product/,
  );
  refused("matrix", matrix, /--n is 3, but the matrix is 2×3/, 3);
  refused("matrix", random([300, 2]), /the matrix is 300×2, at most 256×256 is allowed/);
  refused("lowrank", list(NaN, 1), /the file has the number NaN, which is not finite/);
  refused(
    "sparse",
    array([0, 3], "real", new Float64Array(0)),
    /expected a matrix, got an array of shape \[0, 3\]/,
  );

  const sentence = async (message: RegExp, ...args: string[]): Promise<void> =>
    await assert.rejects(runBuild(args), (error) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, message);
      return true;
    });
  await sentence(/^Cannot build: NAME is missing; see/);
  await sentence(
    /^Cannot build 'dct5': the name is unknown, did you mean dct1 or dct2 or dct3 or dct4\?/,
    "dct5",
  );
  await sentence(/^Cannot build 'hadamrd': the name is unknown, did you mean hadamard\?/, "hadamrd");
  await sentence(/^Cannot build 'perm': the name is unknown, did you mean permutation\?/, "perm");
  await sentence(
    /^Cannot build 'zzzzzzzz': the name is unknown, the names are dft, idft, .* rotation$/,
    "zzzzzzzz",
  );
  await sentence(/^Cannot make a DCT-I of size 1: it needs two points at least/, "dct1", "--n", "1");
  await sentence(/^Cannot make a DCT-I: n must be one more than a power of two/, "dct1", "--n", "16");
  await sentence(/^Cannot make a DCT-II: n must be a power of two, got 100/, "dct2", "--n", "100");
  await sentence(/^Cannot make a bit reversal: n must be a power of two, got 3/, "bitreversal", "--n", "3");
  await sentence(/^Cannot build matrix: --n is 512, at most 256 is allowed/, "matrix", "--n", "512");
  await sentence(/^Cannot build orthogonal: --n is 512, at most 256/, "orthogonal", "--n", "512");
  await sentence(/^--n must be a whole number from 1 to 1048576, got '0'/, "dft", "--n", "0");
  await sentence(/^Cannot build dft: it takes no --weights, its size says all/, "dft", "--weights", "x.npy");
  await sentence(/^Cannot build dft: nothing in it is random, leave out --seed/, "dft", "--seed", "1");
  await sentence(/^Cannot build circulant: --normalized has no meaning for it/, "circulant", "--normalized");
  await sentence(/^Cannot write 'x.npy': an operator is written as .safetensors/, "dft", "--out", "x.npy");
  await sentence(/^Cannot read 'none.npy': there is no such file/, "circulant", "--weights", "none.npy");
});

Deno.test("near names are those that were probably meant", () => {
  assert.deepEqual(near("DFT", ["dft", "idft", "haar"]), ["dft", "idft"]);
  assert.deepEqual(near("har", ["dft", "haar", "hartley"]), ["haar", "hartley"]);
  assert.deepEqual(near("x".repeat(1000), ["dft", "haar"]), []);
  assert.deepEqual(near("", ["dft"]), []);
});

Deno.test("build writes an operator and its picture, which the other commands understand", () =>
  inFolder(async (folder) => {
    const column = random([8]);
    Deno.writeFileSync(`${folder}/c.csv`, writeArray("c.csv", column));
    const args = ["--weights", "c.csv", "--out", "c.safetensors", "--plot", "c.svg"];
    const { code, out, err } = await papillon(folder, "build", "circulant", ...args);
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /^circulant, n = 8: a 8×8 convolution\n/);
    assert.match(out, /class {7}OBB with D of the kaleidoscope hierarchy: width 1, expansion 1/);
    assert.match(out, /error {7}[\d.]+e-[78] relative to the dense matrix in float64/);
    assert.match(out, /Wrote c.safetensors and c.svg\n$/);
    assert.match(Deno.readTextFileSync(`${folder}/c.svg`), /stride 4/);
    const inspected = await papillon(folder, "inspect", "c.safetensors", "--json");
    assert.deepEqual(JSON.parse(inspected.out).class, { name: "OBB with D", width: 1, expansion: 1 });
    const unit = new Float32Array(8);
    unit[0] = 1;
    Deno.writeFileSync(`${folder}/x.npy`, writeArray("x.npy", { shape: [8], field: "real", data: unit }));
    const applied = await papillon(folder, "apply", "c.safetensors", "--in", "x.npy", "--out", "y.npy");
    assert.equal(applied.code, 0, applied.err);
    assertClose(readArray("y.npy", Deno.readFileSync(`${folder}/y.npy`)).data, column.data, 1e-6);
    const bad = await papillon(folder, "build", "circulant", "--weights", "c.csv", "--out", "c.csv");
    assert.equal(bad.code, 2);
    const help = await papillon(folder, "build", "--help");
    assert.equal(help.code, 0);
    for (const name of CONSTRUCTIONS.keys()) assert.match(help.out, new RegExp(`^  ${name} `, "m"));
    assert.ok(help.out.split("\n").every((line) => line.length <= 100), "lines are not too long");
    assert.deepEqual(names(folder), ["c.csv", "c.safetensors", "c.svg", "x.npy", "y.npy"]);
  }));

Deno.test("build tells as JSON what it made, and writes nothing where nothing is asked", () =>
  inFolder(async (folder) => {
    const { out } = await papillon(folder, "build", "dct2", "--n", "16", "--normalized", "--json");
    const { relativeError, ...rest } = JSON.parse(out);
    assert.ok(relativeError < 1e-6);
    assert.deepEqual(rest, {
      name: "dct2",
      rows: 16,
      cols: 16,
      field: "real",
      normalized: true,
      parameters: 160,
      operations: 112,
      class: { name: "(BB*)^5", width: 5, expansion: 1 },
      out: null,
      plot: null,
    });
    assert.deepEqual(names(folder), []);
    assert.match(
      await built("sparse", "--n", "4096", "--seed", "2"),
      /error {7}not measured: the dense matrix/,
    );
    assert.match(
      await built("permutation", "--seed", "2"),
      /Nothing is written: --out FILE.safetensors keeps/,
    );
    const errors: number[] = [];
    for (const more of [[], ["--seed", "0"], ["--seed", "1"]]) {
      errors.push(JSON.parse(await built("circulant", "--json", ...more)).relativeError);
    }
    assert.ok(errors[0] === errors[1] && errors[0] !== errors[2], "the seed decides");
    await papillon(folder, "build", "rotation", "--n", "100", "--seed", "-7", "--out", "r.safetensors");
    const turn = loadOperator(Deno.readFileSync(`${folder}/r.safetensors`));
    assert.deepEqual(
      turn.toDense(),
      rotation(100, { seed: -7 }).toDense(),
      "the seed is that of the library",
    );
  }));
