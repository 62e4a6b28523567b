/**
 * What the constructions are compared with: the npm package `dct`, which evaluates the definition; a DCT-II as those make
 * it who want a fast one in JavaScript, by Makhoul's permutation, the real transform of fft.js and a turn of each
 * frequency; and a plain loop that gathers.
 */
import dct from "dct";
import FFT from "fft.js";
import { cosineTwo, GROUP, shuffled } from "../constructions.ts";
import type { Subject } from "../lib/measure.ts";
import { normal } from "../lib/problem.ts";
import { assertAccurate, type Numbers } from "../lib/reference.ts";
import type { AvailablePeer, Peer } from "./peer.ts";

/** The package takes n² steps: larger ones take long, and show nothing that these do not. */
const LARGEST_QUADRATIC = 256;

function subject(
  name: string,
  n: number,
  y: () => Numbers,
  want: () => Float64Array,
  run: () => void,
): Subject {
  return {
    name,
    group: GROUP,
    n,
    batch: 1,
    run,
    verify(): void {
      run();
      assertAccurate(name, y(), want(), n);
    },
  };
}

function quadratic(n: number): Subject {
  const x = Array.from(normal(n, 81 + n));
  let y: number[] = [];
  return subject("dct (npm), DCT-II", n, () => y, () => cosineTwo(x), () => {
    y = (dct as (signal: readonly number[]) => number[])(x);
  });
}

function makhoul(n: number): Subject {
  const x = normal(n, 82 + n),
    v = new Float32Array(n),
    spectrum = new Float32Array(2 * n),
    y = new Float32Array(n);
  const cosines = new Float32Array(n / 2 + 1).map((_, k) => 2 * Math.cos(Math.PI * k / (2 * n)));
  const sines = new Float32Array(n / 2 + 1).map((_, k) => 2 * Math.sin(Math.PI * k / (2 * n)));
  const fft = new FFT(n) as { realTransform(out: Float32Array, data: Float32Array): void };
  const run = (): void => {
    for (let j = 0; j < n / 2; j++) {
      v[j] = x[2 * j];
      v[n - 1 - j] = x[2 * j + 1];
    }
    fft.realTransform(spectrum, v);
    y[0] = 2 * spectrum[0];
    for (let k = 1; k <= n / 2; k++) {
      const re = spectrum[2 * k], im = spectrum[2 * k + 1], c = cosines[k], s = sines[k];
      y[k] = c * re + s * im;
      y[n - k] = s * re - c * im;
    }
  };
  return subject("fft.js, DCT-II by Makhoul", n, () => y, () => cosineTwo(x), run);
}

function gather(n: number): Subject {
  const index = shuffled(n), x = normal(n, 83 + n), y = new Float32Array(n);
  return subject("plain gather loop", n, () => y, () => Float64Array.from(index, (from) => x[from]), () => {
    for (let i = 0; i < n; i++) y[i] = x[index[i]];
  });
}

/** Loops and packages in plain JavaScript. */
export const constructions: Peer = {
  name: "constructions",
  kind: "js",
  load: (): Promise<AvailablePeer> =>
    Promise.resolve({
      available: true,
      create: (n, batch = 1) =>
        Promise.resolve(
          batch > 1 ? [] : [...(n <= LARGEST_QUADRATIC ? [quadratic(n)] : []), makhoul(n), gather(n)],
        ),
    }),
};
