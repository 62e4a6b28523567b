/**
 * jax-js, `wasm` device, one thread: a jitted product.
 *
 * Natural call: a `jit`ted function on arrays that already are in its memory. Arrays are lazy, so the result is read with
 * `dataSync()`, which runs the kernel on this thread (the asynchronous `data()` would hand it to one worker for each
 * processor); the copy that it makes is part of the call. It makes a new WebAssembly.Instance at every dispatch, which
 * is most of its time at small sizes. Real only.
 */
import * as jax from "@jax-js/jax";
import type { Subject } from "../lib/measure.ts";
import { denseProblem, LARGEST_DENSE } from "../lib/problem.ts";
import type { AvailablePeer, Peer } from "./peer.ts";

const np = jax.numpy;

function subject(n: number, batch: number): Subject {
  const problem = denseProblem(n, batch, "real");
  const w = np.array(new Float32Array(problem.matrix)).reshape([n, n]);
  const x = np.array(new Float32Array(problem.x)).reshape(batch === 1 ? [n] : [batch, n]);
  // Every function of jax-js takes over its arguments; `.ref` keeps one more reference for the next call.
  const product = jax.jit((a: jax.Array, b: jax.Array): jax.Array =>
    batch === 1 ? np.dot(a, b) : np.matmul(b, np.transpose(a))
  );
  let y: ArrayLike<number> = [];
  const run = (): void => {
    y = product(w.ref, x.ref).dataSync();
  };
  return {
    name: "jax-js wasm",
    group: "real dense products",
    n,
    batch,
    run,
    verify(): void {
      y = [];
      run();
      problem.check("jax-js wasm", y);
    },
    dispose(): void {
      w.dispose();
      x.dispose();
      product.dispose();
    },
  };
}

/** jax-js on its WebAssembly device. */
export const jaxJs: Peer = {
  name: "jax-js wasm",
  kind: "wasm",
  async load(): Promise<AvailablePeer> {
    const started = await jax.init("wasm");
    if (!started.includes("wasm")) {
      throw new Error(`its wasm device did not start, only ${started.join(", ")}`);
    }
    jax.defaultDevice("wasm");
    return {
      available: true,
      note: "jit, synchronous, one thread",
      create: (n, batch = 1) => Promise.resolve(n <= LARGEST_DENSE ? [subject(n, batch)] : []),
    };
  },
};
