/**
 * fft.js (Indutny): plain JavaScript, radix 4, twiddles and sums in float64.
 *
 * Natural call: `transform(out, data)`, out of place, interleaved, on any indexable numbers; here Float32Arrays, which
 * papillon's users have, and which at n ≥ 256 are faster than the plain arrays of its README. Nothing is converted. Only
 * one kind of array is used in the whole process: with two, the engine's code for it gets half as fast.
 * `realTransform` fills the lower half of the spectrum; the upper half is left out, as r2c leaves it out.
 */
import FFT from "fft.js";
import type { Subject } from "../lib/measure.ts";
import { fourierProblem } from "../lib/problem.ts";
import type { AvailablePeer, Peer } from "./peer.ts";

interface Transform {
  transform(out: Float32Array, data: Float32Array): void;
  realTransform(out: Float32Array, data: Float32Array): void;
}

function subjects(n: number, batch: number): Subject[] {
  const fft = new FFT(n) as Transform;
  const complex = fourierProblem(n, batch, "complex");
  const real = fourierProblem(n, batch, "real");
  const rows = [...Array(batch).keys()];
  const inputs = rows.map((r) => complex.x.slice(r * 2 * n, (r + 1) * 2 * n));
  const outputs = rows.map(() => new Float32Array(2 * n));
  const realInputs = rows.map((r) => real.x.slice(r * n, (r + 1) * n));
  const realOutputs = rows.map(() => new Float32Array(2 * n));

  return [
    {
      name: "fft.js",
      group: "complex transforms",
      n,
      batch,
      run(): void {
        for (let r = 0; r < batch; r++) fft.transform(outputs[r], inputs[r]);
      },
      verify(): void {
        outputs.forEach((y) => y.fill(0));
        this.run();
        complex.check("fft.js", outputs.flatMap((y) => Array.from(y)));
      },
    },
    {
      name: "fft.js",
      group: "real transforms",
      n,
      batch,
      run(): void {
        for (let r = 0; r < batch; r++) fft.realTransform(realOutputs[r], realInputs[r]);
      },
      verify(): void {
        realOutputs.forEach((y) => y.fill(0));
        this.run();
        const half = realOutputs.flatMap((y) => Array.from(y.subarray(0, n + 2)));
        real.check("fft.js real", half, n / 2 + 1);
      },
    },
  ];
}

/** fft.js 4. */
export const fftJs: Peer = {
  name: "fft.js",
  kind: "js",
  load: (): Promise<AvailablePeer> =>
    Promise.resolve({
      available: true,
      create: (n, batch = 1) => Promise.resolve(n >= 4 ? subjects(n, batch) : []),
    }),
};
