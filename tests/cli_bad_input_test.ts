import assert from "node:assert/strict";
import { writeArray } from "../src/io/array.ts";
import { saveOperator } from "../src/io/operator_file.ts";
import { writeSafetensors } from "../src/io/safetensors.ts";
import { writeWav } from "../src/io/wav.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { inFolder, names, papillon } from "./cli_run.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const vector = (length: number, field: "real" | "complex" = "real"): Uint8Array => {
  const data = new Float32Array(field === "complex" ? 2 * length : length).fill(1);
  return writeArray("x.npy", { shape: [length], field, data });
};
const square = (n: number, entry = 1, rows = n): Uint8Array =>
  writeArray("m.npy", { shape: [rows, n], field: "real", data: new Float32Array(n * rows).fill(entry) });

/** A .npy file with a header of one's own. */
function npy(header: string, data: Uint8Array = new Uint8Array(64)): Uint8Array {
  const padded = header.padEnd(117) + "\n";
  return new Uint8Array([0x93, ...text("NUMPY"), 1, 0, padded.length, 0, ...text(padded), ...data]);
}

/** A safetensors file with a header of one's own. */
function safetensors(
  header: string,
  data: Uint8Array = new Uint8Array(64),
  length = header.length,
): Uint8Array {
  const bytes = new Uint8Array(8 + header.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text(header), 8);
  bytes.set(data, 8 + header.length);
  return bytes;
}

const operator = saveOperator(Butterfly.random(8, { seed: 1 }));
const wav = writeWav({ sampleRate: 8000, samples: new Float32Array(16) });
const FILES: Record<string, Uint8Array> = {
  "op.safetensors": operator,
  "complex.safetensors": saveOperator(Butterfly.random(8, { seed: 1, field: "complex" })),
  "x.npy": vector(8),
  "complex.npy": vector(8, "complex"),
  "long.npy": vector(16),
  "seven.npy": vector(7),
  "huge.csv": text("1e300,1,1,1,1,1,1,1\n"),
  "empty.npy": new Uint8Array(0),
  "empty.csv": new Uint8Array(0),
  "empty.wav": new Uint8Array(0),
  "empty.safetensors": new Uint8Array(0),
  "cut.npy": vector(8).subarray(0, 130),
  "cut.wav": wav.subarray(0, 50),
  "cut.safetensors": operator.subarray(0, operator.length - 5),
  "words.csv": text("one,two\n"),
  "swapped.csv": text("0\n1\n1\n"),
  "ragged.csv": text("1,2\n3\n"),
  "oblong.npy": square(8, 1, 4),
  "three.npy": square(3),
  "nan.npy": square(4, NaN),
  "infinite.npy": square(4, Infinity),
  "billion.npy": npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1000, 1000000), }"),
  "objects.npy": npy("{'descr': '|O', 'fortran_order': False, 'shape': (4, 4), }"),
  "odd.npy": npy("{'descr': '<c8', 'fortran_order': False, 'shape': (2, 2), }", new Uint8Array(28)),
  "long-header.safetensors": safetensors("{}", new Uint8Array(0), 2 ** 50),
  "overlap.safetensors": safetensors(
    `{"a":{"dtype":"F32","shape":[8],"data_offsets":[0,32]},"b":{"dtype":"F32","shape":[12],"data_offsets":[16,64]}}`,
  ),
  "negative.safetensors": safetensors(`{"a":{"dtype":"F32","shape":[16],"data_offsets":[-64,0]}}`),
  "dtype.safetensors": safetensors(`{"x":{"dtype":"Q4","shape":[16],"data_offsets":[0,64]}}`),
  "odd-complex.safetensors": safetensors(
    `{"x":{"dtype":"C64","shape":[15],"data_offsets":[0,60]}}`,
    new Uint8Array(60),
  ),
  "no-operator.safetensors": writeSafetensors([["x", {
    dtype: "F32",
    shape: [8],
    data: new Float32Array(8),
  }]]),
  "nan-operator.safetensors": operator.map((byte, i) => i >= operator.length - 4 ? 0xff : byte),
  "m.safetensors": writeArray("m.safetensors", {
    shape: [2, 2],
    field: "real",
    data: Float32Array.of(1, 1, 1, -1),
  }),
  "note.txt": text("1 2 3\n"),
};

const build = ["build", "--out", "new.safetensors", "--plot", "new.svg"];
const learn = ["learn", "--out", "new.safetensors", "--plot", "new.svg"];
const apply = (operator: string, input: string, output = "new.npy"): string[] => [
  "apply",
  `${operator}.safetensors`,
  ...["--in", input, "--out", output],
];

const CASES: [args: string[], sentence: RegExp][] = [
  // What is asked for.
  [
    [],
    /^No command given: the commands are learn, search, build, compress, import, compile, apply, dense, export, inspect/,
  ],
  [["fly"], /^The command 'fly' is unknown/],
  [[...learn, "--tagret", "dft"], /^Cannot learn: the flag '--tagret' is unknown, it takes --target, /],
  [[...learn, "-n", "8"], /^Cannot learn: the flag '-n' is unknown/],
  [[...learn, "--target"], /^Cannot learn: --target needs a value/],
  [[...learn, "--seed", "--json"], /^Cannot learn: --seed needs a value/],
  [[...learn, "--n", "8", "--n", "16"], /^Cannot learn: --n is given twice/],
  [[...learn, "--json=yes"], /^Cannot learn: --json takes no value/],
  [[...learn, "dft", "dct"], /^Cannot learn: the argument 'dct' is one too many/],
  [[...learn, "dft", "--target", "dct"], /^Cannot learn: the target is given twice/],
  [[...learn, "haar", "--n", "100"], /^Cannot learn haar: --n must be a power of two, got 100/],
  [
    [...learn, "--model", "chain,magic"],
    /^Cannot learn: there is no model 'magic', expected some of chain, /,
  ],
  [[...learn, "--budget", "soon"], /^--budget must be a number of seconds, got 'soon'/],
  [[...learn, "--n", "0"], /^--n must be a whole number from 1 to 4096, got '0'/],
  [[...learn, "--n", "1e2"], /^--n must be a whole number .* got '1e2'/],
  [[...learn, "--n", "8192"], /^--n must be a whole number from 1 to 4096/],
  [[...learn, "--seed", "1.5"], /^--seed must be a whole number .* got '1.5'/],
  [
    [...learn, "--method", "magic"],
    /^Cannot learn: --method must be one of auto, gradient, closed-form, got 'magic'/,
  ],
  [[...learn, "--target", "dct9"], /^Cannot learn 'dct9': the targets known by name are dft, idft, dct, /],
  [["learn", "--out", "new.npy"], /^Cannot write 'new.npy': an operator is written as .safetensors/],
  [["learn", "--plot", "new.png"], /^Cannot write 'new.png': a picture is written as .svg/],
  [
    ["learn", "--out", "none/new.safetensors"],
    /^Cannot write 'none\/new.safetensors': there is no folder 'none'/,
  ],
  [["learn", "--out", "folder.safetensors"], /^Cannot write 'folder.safetensors': it is a folder/],
  [[...learn, "--target", "op.safetensors"], /^Cannot learn 'op.safetensors': expected a square matrix/],
  [
    ["learn", "--target", "m.safetensors", "--out", "./m.safetensors"],
    /it is also 'm.safetensors', give another/,
  ],
  // Targets.
  [[...learn, "--target", "missing.npy"], /^Cannot read 'missing.npy': there is no such file/],
  [[...learn, "--target", "folder.safetensors"], /^Cannot read 'folder.safetensors': it is a folder/],
  [[...learn, "--target", "note.txt"], /^Cannot read 'note.txt': its extension is '.txt', expected one of/],
  [[...learn, "--target", "empty.npy"], /^Cannot read 'empty.npy': the file is empty/],
  [[...learn, "--target", "empty.csv"], /^Cannot read 'empty.csv': the file is empty/],
  [[...learn, "--target", "cut.npy"], /^Cannot read 'cut.npy': /],
  [[...learn, "--target", "billion.npy"], /^Cannot read 'billion.npy': /],
  [[...learn, "--target", "objects.npy"], /^Cannot read 'objects.npy': /],
  [[...learn, "--target", "odd.npy"], /^Cannot read 'odd.npy': /],
  [
    [...learn, "--target", "words.csv"],
    /^Cannot read 'words.csv': line 1, column 1 is 'one', expected a number/,
  ],
  [[...learn, "--target", "ragged.csv"], /^Cannot read 'ragged.csv': line 2 has 1 entries, expected 2/],
  [
    [...learn, "--target", "long-header.safetensors"],
    /^Cannot read 'long-header.safetensors': the header claims/,
  ],
  [[...learn, "--target", "overlap.safetensors"], /^Cannot read 'overlap.safetensors': .* overlaps another/],
  [[...learn, "--target", "negative.safetensors"], /^Cannot read 'negative.safetensors': /],
  [[...learn, "--target", "dtype.safetensors"], /^Cannot read 'dtype.safetensors': .* dtype "?'?"?Q4/],
  [[...learn, "--target", "odd-complex.safetensors"], /^Cannot read 'odd-complex.safetensors': /],
  [
    [...learn, "--target", "oblong.npy"],
    /^Cannot learn 'oblong.npy': expected a square matrix, got .* \[4, 8\]/,
  ],
  [[...learn, "--target", "x.npy"], /^Cannot learn 'x.npy': expected a square matrix, got .* \[8\]/],
  [[...learn, "--target", "nan.npy"], /^Cannot learn a target that is not finite: entry \(0, 0\) is NaN/],
  [[...learn, "--target", "infinite.npy"], /^Cannot learn a target that is not finite: .* Infinity/],
  [[...learn, "--target", "nan.npy", "--n", "8"], /^Cannot learn 'nan.npy': --n is 8, but the matrix is 4×4/],
  // Constructions; more of them in cli_build_test.ts.
  [[...build, "dct22"], /^Cannot build 'dct22': the name is unknown, did you mean dct2 or /],
  [[...build, "dct1", "--n", "1"], /^Cannot make a DCT-I of size 1/],
  [[...build, "dft", "--n", "12"], /^Cannot make a DFT: n must be a power of two, got 12/],
  [[...build, "permutation", "--weights", "swapped.csv"], /index 1 is repeated at entry 2, and 2 is missing/],
  [
    [...build, "circulant", "--weights", "oblong.npy"],
    /^Cannot build circulant from 'oblong.npy': expected a v/,
  ],
  [[...build, "circulant", "--weights", "x.npy", "--n", "4"], /--n is 4, but the file has 8 numbers/],
  [
    [...build, "circulant", "--weights", "x.npy", "--seed", "4"],
    /nothing in it is random then, leave out --s/,
  ],
  [["build", "circulant", "--weights", "x.npy", "--plot", "x.npy"], /^Cannot write 'x.npy': a picture is/],
  [
    ["build", "dft", "--out", "new.safetensors", "--plot", "none/new.svg"],
    /^Cannot write 'none\/new.svg': there is no folder 'none'/,
  ],
  // Vectors.
  [["apply"], /^Cannot apply: OPERATOR is missing/],
  [["apply", "op.safetensors", "--out", "new.npy"], /^Cannot apply: --in is missing/],
  [["apply", "op.safetensors", "--in", "x.npy"], /^Cannot apply: --out is missing/],
  [apply("op", "x.npy", "new.wav"), /^Cannot write 'new.wav': its extension is '.wav'/],
  [apply("op", "x.npy", "none/new.npy"), /^Cannot write 'none\/new.npy': there is no folder 'none'/],
  [apply("op", "x.npy", "x.npy"), /^Cannot write 'x.npy': it is also 'x.npy'/],
  [apply("op", "missing.npy"), /^Cannot read 'missing.npy': there is no such file/],
  [
    apply("op", "seven.npy"),
    /^Cannot apply an? 8×8 butterfly to 'seven.npy': expected a vector of 8 numbers, .* \[7\]/,
  ],
  [apply("op", "long.npy"), /or a matrix with one in each row, got an array of shape \[16\]/],
  [apply("op", "complex.npy"), /the operator is real, the numbers are complex/],
  [apply("op", "huge.csv"), /it has the number 1e\+300, and operators work in float32/],
  [apply("op", "empty.wav"), /^Cannot read 'empty.wav': the file is empty/],
  [apply("op", "cut.wav"), /^Cannot read 'cut.wav': .* cut short/],
  [[...apply("op", "x.npy"), "--hop", "4"], /^Cannot apply with --hop: 'x.npy' is no .wav file/],
  [[...apply("op", "whole.wav"), "--hop", "9"], /expected a hop from 1 to n = 8, got 9/],
  [[...apply("op", "whole.wav"), "--hop", "0"], /^--hop must be a whole number from 1/],
  // Operators.
  [apply("missing", "x.npy"), /^Cannot read 'missing.safetensors': there is no such file/],
  [apply("empty", "x.npy"), /^Cannot read 'empty.safetensors': the file is empty/],
  [apply("cut", "x.npy"), /^Cannot read 'cut.safetensors': /],
  [apply("long-header", "x.npy"), /^Cannot read 'long-header.safetensors': the header claims/],
  [
    apply("no-operator", "x.npy"),
    /^Cannot read 'no-operator.safetensors': it is a safetensors file without an oper/,
  ],
  [
    apply("nan-operator", "x.npy"),
    /^Cannot read 'nan-operator.safetensors': .* is NaN, which is not a finite/,
  ],
  [["dense", "op.safetensors"], /^Cannot dense: --out is missing/],
  [["dense", "op.safetensors", "--out", "new.txt"], /^Cannot write 'new.txt': its extension is '.txt'/],
  [["dense", "no-operator.safetensors", "--out", "new.npy"], /^Cannot read 'no-operator.safetensors'/],
  [["dense", "x.npy", "--out", "new.npy"], /^Cannot read 'x.npy': /],
  [["inspect"], /^Cannot inspect: OPERATOR is missing/],
  [["inspect", "op.safetensors", "more"], /^Cannot inspect: the argument 'more' is one too many/],
  [
    ["inspect", "op.safetensors", "--plot", "new.pdf"],
    /^Cannot write 'new.pdf': a picture is written as .svg/,
  ],
  [["inspect", "cut.safetensors", "--plot", "new.svg"], /^Cannot read 'cut.safetensors': /],
];

Deno.test("bad input is answered with one sentence and exit code 2, and leaves no file behind", () =>
  inFolder(async (folder) => {
    for (const [name, bytes] of Object.entries(FILES)) Deno.writeFileSync(`${folder}/${name}`, bytes);
    Deno.writeFileSync(`${folder}/whole.wav`, wav);
    Deno.mkdirSync(`${folder}/folder.safetensors`);
    const before = names(folder);
    for (const [args, sentence] of CASES) {
      const { code, out, err } = await papillon(folder, ...args);
      const label = `papillon ${args.join(" ")}`;
      assert.equal(code, 2, `${label}: ${err}`);
      assert.equal(out, "", label);
      assert.match(err, sentence, label);
      assert.equal(err.trimEnd().split("\n").length, 1, `${label}: ${err}`);
      assert.ok(err.length < 500, label);
      assert.deepEqual(names(folder), before, label);
    }
    for (const [name, bytes] of Object.entries(FILES)) {
      assert.deepEqual(Deno.readFileSync(`${folder}/${name}`), new Uint8Array(bytes), `${name} is as it was`);
    }
  }));

const lawless = Deno.build.os === "windows" || Deno.uid() === 0;
if (lawless) console.log("Skipped: files without permissions, as this user may read and write them all");

Deno.test({
  name: "files that cannot be read or written are refused, and what was there stays",
  ignore: lawless,
  fn: () =>
    inFolder(async (folder) => {
      Deno.writeFileSync(`${folder}/op.safetensors`, operator);
      Deno.mkdirSync(`${folder}/closed`, { mode: 0o500 });
      const write = await papillon(folder, "inspect", "op.safetensors", "--plot", "closed/p.svg");
      assert.equal(write.code, 2);
      assert.match(write.err, /^Cannot write 'closed\/p.svg': permission denied/);
      Deno.chmodSync(`${folder}/op.safetensors`, 0);
      const read = await papillon(folder, "inspect", "op.safetensors");
      assert.equal(read.code, 2);
      assert.match(read.err, /^Cannot read 'op.safetensors': permission denied/);
    }),
});
