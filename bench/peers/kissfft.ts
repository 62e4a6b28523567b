/**
 * KISS FFT compiled to WebAssembly without SIMD (kissfft-wasm).
 *
 * Natural call for repeated transforms: `config.work(input, output)` on its own `ComplexArray`s, out of place,
 * interleaved, in the module's memory; planned once. (Its one-line `fft(x)` plans, allocates and frees at every call,
 * and would be slower.) Copies into and out of its memory are not counted.
 *
 * Version 1.1.2 predates the global `fetch` of Node and Deno: its loader sees `fetch`, asks it for a file path, gets
 * "Invalid URL: '…/kissfft.wasm'", and then aborts the process from a handler of unhandled rejections. So it is loaded
 * with `fetch` hidden (it then reads the file as it did in old Node versions), and its global handlers are removed.
 */
import process from "node:process";
import type { Subject } from "../lib/measure.ts";
import { fourierProblem } from "../lib/problem.ts";
import type { AvailablePeer, Peer } from "./peer.ts";

type KissFft = typeof import("kissfft-wasm");

/** Imports the package with `fetch` hidden; true once its Wasm module is there. */
async function importHidden(): Promise<KissFft> {
  const scope = globalThis as { fetch?: typeof fetch };
  const fetchBefore = scope.fetch;
  const events = ["uncaughtException", "unhandledRejection"] as const;
  const before = new Set(events.flatMap((event) => process.listeners(event as "exit") as unknown[]));
  scope.fetch = undefined;
  try {
    const kiss = await import("kissfft-wasm");
    // It exports no promise of being ready: its constructors throw "WASM is not loaded." until it is.
    for (let attempt = 0; attempt < 200; attempt++) {
      try {
        new kiss.ComplexArray(1).free();
        return kiss;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
    throw new Error("its WebAssembly module did not load within a second");
  } finally {
    scope.fetch = fetchBefore;
    for (const event of events) {
      for (const listener of process.listeners(event as "exit")) {
        if (!before.has(listener)) process.removeListener(event, listener);
      }
    }
  }
}

function subjects(kiss: KissFft, n: number, batch: number): Subject[] {
  const complex = fourierProblem(n, batch, "complex");
  const real = fourierProblem(n, batch, "real");
  const rows = [...Array(batch).keys()];

  const config = new kiss.FFTConfig(n, false);
  const inputs = rows.map((r) =>
    kiss.ComplexArray.fromDataArray(complex.x.subarray(r * 2 * n, (r + 1) * 2 * n))
  );
  const outputs = rows.map(() => new kiss.ComplexArray(n));
  const run = (): void => {
    for (let r = 0; r < batch; r++) config.work(inputs[r], outputs[r]);
  };

  const realConfig = new kiss.RealFFTConfig(n);
  const realInputs = rows.map((r) => kiss.RealArray.fromDataArray(real.x.subarray(r * n, (r + 1) * n)));
  // It asks for n complex numbers and fills n/2 + 1 of them.
  const realOutputs = rows.map(() => new kiss.ComplexArray(n));
  const runReal = (): void => {
    for (let r = 0; r < batch; r++) realConfig.work(realInputs[r], realOutputs[r]);
  };

  return [
    {
      name: "kissfft-wasm",
      group: "complex transforms",
      n,
      batch,
      run,
      verify(): void {
        outputs.forEach((y) => y.asFloat32Array().fill(0));
        run();
        complex.check("kissfft-wasm", outputs.flatMap((y) => Array.from(y.asFloat32Array())));
      },
      dispose(): void {
        [config, ...inputs, ...outputs].forEach((owned) => owned.free());
      },
    },
    {
      name: "kissfft-wasm",
      group: "real transforms",
      n,
      batch,
      run: runReal,
      verify(): void {
        realOutputs.forEach((y) => y.asFloat32Array().fill(0));
        runReal();
        const spectra = realOutputs.flatMap((y) => Array.from(y.asFloat32Array().subarray(0, n + 2)));
        real.check("kissfft-wasm real", spectra, n / 2 + 1);
      },
      dispose(): void {
        [realConfig, ...realInputs, ...realOutputs].forEach((owned) => owned.free());
      },
    },
  ];
}

/** KISS FFT in WebAssembly. */
export const kissfft: Peer = {
  name: "kissfft-wasm",
  kind: "wasm",
  async load(): Promise<AvailablePeer> {
    const kiss = await importHidden();
    return {
      available: true,
      create: (n, batch = 1) => Promise.resolve(n >= 2 ? subjects(kiss, n, batch) : []),
    };
  },
};
