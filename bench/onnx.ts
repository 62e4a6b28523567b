/**
 * What ONNX models of operators take in onnxruntime-web, beside the same maps as one dense product, and beside papillon.
 *
 * Run with `deno run -A bench/onnx.ts`. Least times of some runs, microseconds for a vector, one thread; each result is
 * compared with papillon's first.
 */
import * as ort from "onnxruntime-web";
import { exportOnnx } from "../src/io/onnx/export.ts";
import { dft } from "../src/kaleidoscope/transforms/dft.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Dense } from "../src/operator/dense.ts";
import type { Operator } from "../src/operator/operator.ts";
import { Random } from "../src/program/random.ts";
import { floats } from "../src/program/step.ts";

const RUNS = 80;

/** Microseconds for a vector in onnxruntime, and in papillon. */
async function times(map: Operator, batch: number): Promise<[onnx: number, own: number]> {
  const session = await ort.InferenceSession.create(exportOnnx(map), { executionProviders: ["wasm"] });
  const unit = floats(map.field), random = new Random(1);
  const values = Float32Array.from({ length: batch * map.cols * unit }, () => random.normal());
  const x = new ort.Tensor("float32", values, [batch, map.cols, ...unit === 2 ? [2] : []]);
  const want = map.apply(values), out = new Float32Array(want.length);
  let onnx = Infinity, own = Infinity, error = 0, size = 0;
  for (let i = 0; i < RUNS; i++) {
    let start = performance.now();
    const { y } = await session.run({ x });
    onnx = Math.min(onnx, performance.now() - start);
    start = performance.now();
    map.apply(values, out);
    own = Math.min(own, performance.now() - start);
    if (i === 0) {
      (y.data as Float32Array).forEach((v, k) => {
        error += (v - want[k]) ** 2;
        size += want[k] ** 2;
      });
      if (!(error <= 1e-10 * size)) throw new Error(`${map.describe()} is wrong in onnxruntime-web`);
    }
  }
  await session.release();
  return [1000 * onnx / batch, 1000 * own / batch];
}

ort.env.wasm.numThreads = 1;
console.log(
  "| n | vectors | real butterfly | as a dense MatMul | in papillon | Fourier transform | in papillon |",
);
console.log("| --: | --: | --: | --: | --: | --: | --: |");
for (const batch of [1, 64]) {
  for (const n of [64, 256, 1024, 4096]) {
    const map = Butterfly.random(n, { seed: 1 });
    const [real, own] = await times(map, batch), [complex, ownComplex] = await times(dft(n), batch);
    const [dense] = n > 2048 ? [NaN] : await times(new Dense(n, n, map.toDense()), batch);
    const cells = [real, dense, own, complex, ownComplex].map((t) =>
      isNaN(t) ? "–" : t >= 10 ? t.toFixed() : t.toPrecision(2)
    );
    console.log(`| ${[n, batch, ...cells].join(" | ")} |`);
  }
}
