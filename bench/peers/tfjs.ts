/**
 * TensorFlow.js, WebAssembly SIMD backend, one thread: `tf.matMul(x, w)`.
 *
 * Natural call: `matMul` on tensors that already are in its memory; the result stays there, as it does between the layers
 * of a network, and is disposed of, as its users have to. Reading it into JavaScript is not counted. The product is
 * written y = x·Aᵀ with Aᵀ stored: here four times as fast as A·x, eight times as fast as its `transposeB`. Real only.
 */
import * as tf from "@tensorflow/tfjs-core";
import { setThreadsCount } from "@tensorflow/tfjs-backend-wasm";
import type { Subject } from "../lib/measure.ts";
import { denseProblem, LARGEST_DENSE, transposed } from "../lib/problem.ts";
import type { AvailablePeer, Peer } from "./peer.ts";

function subject(n: number, batch: number): Subject {
  const problem = denseProblem(n, batch, "real");
  const w = tf.tensor2d(transposed(problem.matrix, n), [n, n]);
  const x = tf.tensor2d(problem.x, [batch, n]);
  return {
    name: "tfjs wasm",
    group: "real dense products",
    n,
    batch,
    run: () => tf.matMul(x, w).dispose(),
    verify(): void {
      const y = tf.matMul(x, w);
      problem.check("tfjs wasm", y.dataSync());
      y.dispose();
    },
    dispose(): void {
      w.dispose();
      x.dispose();
    },
  };
}

/** TensorFlow.js on its WebAssembly backend. */
export const tfjs: Peer = {
  name: "tfjs wasm",
  kind: "wasm",
  async load(): Promise<AvailablePeer> {
    // Before the backend starts. The Wasm file comes from the package: in Deno it resolves to its Node entry.
    setThreadsCount(1);
    if (!await tf.setBackend("wasm")) throw new Error("its wasm backend did not start");
    const simd = await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT");
    return {
      available: true,
      note: `${tf.version_core}, one thread, ${simd ? "SIMD" : "no SIMD"}`,
      create: (n, batch = 1) => Promise.resolve(n <= LARGEST_DENSE ? [subject(n, batch)] : []),
    };
  },
};
