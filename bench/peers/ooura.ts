/**
 * Ooura's FFT in plain JavaScript (npm `ooura`), float64 only.
 *
 * Natural calls: `fft(reIn, imIn, reOut, imOut)` on the buffers of split Float64Arrays, out of place; and, "for the
 * ultimate throughput", `fftInPlace(buffer)` on interleaved Float64Arrays. Both are shown on data that already is
 * float64: nothing is converted. Two remarks on the one in place: its sign is the other one (e^+), so the transform that
 * everybody else computes is its unscaled `ifftInPlace`, at the same cost; and as it works on its own output, the data
 * grows by √n at each call and is put back every 64 calls, long before float64 overflows.
 */
import Ooura from "ooura";
import type { Subject } from "../lib/measure.ts";
import { fourierProblem } from "../lib/problem.ts";
import type { AvailablePeer, Peer } from "./peer.ts";

interface Transform {
  fft(...buffers: ArrayBuffer[]): void;
  ifftInPlace(data: ArrayBuffer): void;
  vectorArrayFactory(): Float64Array<ArrayBuffer>;
}

const Constructor = Ooura as unknown as new (
  size: number,
  info: { type: "real" | "complex"; radix: number },
) => Transform;

/** Calls in place before the data is put back: at n = 16384 it has then grown by 128⁶⁴ ≈ 1e135. */
const CALLS_BETWEEN_RESETS = 64;

function interleave(re: Float64Array, im: Float64Array): number[] {
  return Array.from(re).flatMap((value, i) => [value, im[i]]);
}

function subjects(n: number, batch: number): Subject[] {
  const problem = fourierProblem(n, batch, "complex");
  const real = fourierProblem(n, batch, "real");
  const rows = [...Array(batch).keys()];
  const part = (offset: number) =>
    rows.map((r) => Float64Array.from({ length: n }, (_, i) => problem.x[2 * (r * n + i) + offset]));
  const re = part(0);
  const im = part(1);
  const outRe = rows.map(() => new Float64Array(n));
  const outIm = rows.map(() => new Float64Array(n));
  const split = new Constructor(2 * n, { type: "complex", radix: 4 });
  const runSplit = (): void => {
    for (let r = 0; r < batch; r++) split.fft(re[r].buffer, im[r].buffer, outRe[r].buffer, outIm[r].buffer);
  };

  const inPlace = new Constructor(2 * n, { type: "complex", radix: 4 });
  const fresh = rows.map((r) => Float64Array.from(problem.x.subarray(r * 2 * n, (r + 1) * 2 * n)));
  const data = fresh.map((x) => x.slice());
  let calls = 0;
  const runInPlace = (): void => {
    if (++calls % CALLS_BETWEEN_RESETS === 0) { for (let r = 0; r < batch; r++) data[r].set(fresh[r]); }
    for (let r = 0; r < batch; r++) inPlace.ifftInPlace(data[r].buffer);
  };

  const half = new Constructor(n, { type: "real", radix: 4 });
  const realIn = rows.map((r) => Float64Array.from(real.x.subarray(r * n, (r + 1) * n)));
  const halfRe = rows.map(() => half.vectorArrayFactory());
  const halfIm = rows.map(() => half.vectorArrayFactory());
  const runReal = (): void => {
    for (let r = 0; r < batch; r++) half.fft(realIn[r].buffer, halfRe[r].buffer, halfIm[r].buffer);
  };

  return [
    {
      name: "ooura, split float64",
      group: "complex transforms",
      n,
      batch,
      run: runSplit,
      verify(): void {
        [...outRe, ...outIm].forEach((y) => y.fill(0));
        runSplit();
        problem.check("ooura, split float64", rows.flatMap((r) => interleave(outRe[r], outIm[r])));
      },
    },
    {
      name: "ooura, in place float64",
      group: "complex transforms",
      n,
      batch,
      run: runInPlace,
      verify(): void {
        calls = 0;
        rows.forEach((r) => data[r].set(fresh[r]));
        runInPlace();
        problem.check("ooura, in place float64", data.flatMap((y) => Array.from(y)));
      },
    },
    {
      name: "ooura, float64",
      group: "real transforms",
      n,
      batch,
      run: runReal,
      verify(): void {
        [...halfRe, ...halfIm].forEach((y) => y.fill(0));
        runReal();
        real.check("ooura real", rows.flatMap((r) => interleave(halfRe[r], halfIm[r])), n / 2 + 1);
      },
    },
  ];
}

/** Ooura's FFT in JavaScript. */
export const ooura: Peer = {
  name: "ooura",
  kind: "js",
  load: (): Promise<AvailablePeer> =>
    Promise.resolve({
      available: true,
      create: (n, batch = 1) => Promise.resolve(n >= 8 ? subjects(n, batch) : []),
    }),
};
