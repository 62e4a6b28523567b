/**
 * What the core costs in speed: compiled operators, in its small build of the kernels, beside the whole library.
 *
 * Run with `deno run -A bench/core.ts`. Both take turns; shown are the least times of many, in microseconds for a
 * vector, and their ratio.
 */
import { loadCompiled } from "../src/core.ts";
import { Butterfly, dct2, Dense, dft, hadamard, type Operator, rotation, saveCompiled } from "../src/mod.ts";
import { assertClose } from "../tests/helpers.ts";

const complex = { field: "complex", seed: 1 } as const;
const matrix = Float32Array.from({ length: 128 * 128 }, (_, i) => Math.sin(i));
const operators: [name: string, operator: Operator][] = [
  ...[64, 256, 1024, 4096].map((
    n,
  ): [string, Operator] => [`butterfly ${n}`, Butterfly.random(n, { seed: 1 })]),
  ...[256, 1024].map((n): [string, Operator] => [`complex butterfly ${n}`, Butterfly.random(n, complex)]),
  ["butterfly 300×1000", Butterfly.random(1000, { rows: 300, seed: 1 })],
  ["dft 1024", dft(1024)],
  ["dct2 256", dct2(256)],
  ["hadamard 1024", hadamard(1024)],
  ["rotation 768", rotation(768, { seed: 1 })],
  ["dense 128", new Dense(128, 128, matrix)],
];

console.log(`${"".padEnd(24)} vectors    whole     core    ratio`);
for (const batch of [1, 16]) {
  for (const [name, operator] of operators) {
    const unit = operator.field === "complex" ? 2 : 1;
    const x = Float32Array.from({ length: batch * operator.cols * unit }, (_, i) => Math.sin(i * i));
    const y = new Float32Array(batch * operator.rows * unit),
      both = [operator, loadCompiled(saveCompiled(operator))];
    assertClose(both[1].apply(x), both[0].apply(x), 1e-5, name);
    const best = [Infinity, Infinity], repetitions = Math.max(1, Math.floor(160_000 / x.length));
    for (let sample = 0; sample < 100; sample++) {
      both.forEach((one, i) => {
        const start = performance.now();
        for (let r = 0; r < repetitions; r++) one.apply(x, y);
        best[i] = Math.min(best[i], 1000 * (performance.now() - start) / repetitions / batch);
      });
    }
    const cells = [batch, ...best.map((time) => time.toFixed(2)), (best[1] / best[0]).toFixed(2)];
    console.log(name.padEnd(24), cells.map((cell) => String(cell).padStart(8)).join(" "));
  }
}
