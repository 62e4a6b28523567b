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
} from "../../src/mod.ts";
import { differentiateBatch, evaluateBatch } from "../../tests/oracle.ts";
import type { Stored, StoredOperator } from "./exercise.ts";

/** Seven digits are more than the tolerance sees. */
const short = (values: Iterable<number>): number[] => Array.from(values, (v) => Number(v.toPrecision(9)));

function store(name: string, operator: Operator, batch: number): StoredOperator {
  const { program, rows, cols, field } = operator, complex = field === "complex", width = complex ? 2 : 1;
  const random = new Random(7);
  const normal = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal());
  const x = normal(batch * cols * width), g = normal(batch * rows * width);
  const { y } = evaluateBatch(program, x, batch, complex);
  const { input, weights } = differentiateBatch(program, x, g, batch, complex).value;
  const text = (bytes: Uint8Array): string =>
    btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return {
    name,
    file: text(saveOperator(operator)),
    compiled: text(saveCompiled(operator)),
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

const stored: Stored = {
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
