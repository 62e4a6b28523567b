/**
 * Computes in float64 what all runtimes must come to, and writes it to stored.json beside this file; run again only
 * when the arrangement of operators in files changes: `deno run -A scripts/runtimes/store.ts`.
 */
import {
  Butterfly,
  dct2,
  Diagonal,
  type Operator,
  product,
  Random,
  saveCompiled,
  saveOperator,
  writeSafetensors,
} from "../../src/mod.ts";
import { differentiateBatch, evaluateBatch } from "../../tests/oracle.ts";
import type { Stored, StoredOperator } from "./exercise.ts";

/** Seven digits are more than the tolerance sees. */
const short = (values: Iterable<number>): number[] => Array.from(values, (v) => Number(v.toPrecision(9)));

const base64 = (bytes: Uint8Array): string =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

function store(name: string, operator: Operator, batch: number): StoredOperator {
  const { program, rows, cols, field } = operator, complex = field === "complex", width = complex ? 2 : 1;
  const random = new Random(7);
  const normal = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal());
  const x = normal(batch * cols * width), g = normal(batch * rows * width);
  const { y } = evaluateBatch(program, x, batch, complex);
  const { input, weights } = differentiateBatch(program, x, g, batch, complex).value;
  return {
    name,
    file: base64(saveOperator(operator)),
    compiled: base64(saveCompiled(operator)),
    x: short(x),
    y: short(y),
    g: short(g),
    input: short(input),
    weights: weights.map(short),
  };
}

const n = 16, matrix = new Float64Array(2 * n * n), x = new Float64Array(2 * n), y = new Float64Array(2 * n);
for (let k = 0; k < n; k++) {
  x[2 * k] = Math.sin(k * k);
  x[2 * k + 1] = Math.cos(3 * k);
}
for (let j = 0; j < n; j++) {
  for (let k = 0; k < n; k++) {
    const angle = -2 * Math.PI * j * k / n, re = Math.cos(angle), im = Math.sin(angle);
    matrix.set([re, im], 2 * (j * n + k));
    y[2 * j] += re * x[2 * k] - im * x[2 * k + 1];
    y[2 * j + 1] += re * x[2 * k + 1] + im * x[2 * k];
  }
}

/** A module of torch_butterfly without bias, eight points, and its product with a vector by the oracle. */
function trained(): Stored["doors"]["trained"] {
  const map = Butterfly.random(8, { seed: 3 }), random = new Random(8);
  const x = Float32Array.from({ length: 8 }, () => random.normal());
  const data = map.toTwiddle();
  return {
    file: base64(writeSafetensors([["fc.twiddle", { dtype: "F32", shape: [1, 1, 3, 4, 2, 2], data }]])),
    x: short(x),
    y: short(evaluateBatch(map.program, x, 1, false).y),
  };
}

/** A system of which the solution is known, for the right side is made of it. */
function solve(): Stored["doors"]["solve"] {
  const matrix = (n: number, shift: number): number[][] =>
    Array.from(
      { length: n },
      (_, i) => short(Array.from({ length: n }, (_, j) => 1 / (1 + i + j) + (i === j ? shift : 0))),
    );
  const a = matrix(4, 1), b = matrix(3, 2), x = short(Array.from({ length: 12 }, (_, k) => Math.sin(k + 1)));
  const right = Array.from(
    { length: 12 },
    (_, row) =>
      x.reduce(
        (sum, v, col) => sum + a[Math.floor(row / 3)][Math.floor(col / 3)] * b[row % 3][col % 3] * v,
        0,
      ),
  );
  return { a, b, right: right.map((v) => Number(v.toPrecision(12))), x };
}

const stored: Stored = {
  doors: { trained: trained(), solve: solve() },
  operators: [
    store(
      "map.safetensors",
      product(
        new Diagonal(Float32Array.from({ length: 24 }, (_, i) => 1 + i / 8)),
        Butterfly.random(40, { rows: 24, seed: 1, bias: true }),
      ),
      9,
    ),
    store("complex.safetensors", Butterfly.random(32, { field: "complex", seed: 2 }), 1),
    store("dct2.safetensors", dct2(32, { normalized: true }), 2),
  ],
  transform: { n, matrix: short(matrix), x: short(x), y: short(y) },
};
const path = new URL("stored.json", import.meta.url);
await Deno.writeTextFile(path, JSON.stringify(stored) + "\n");
console.log(`stored.json: ${(await Deno.stat(path)).size} bytes`);
