/**
 * WebFFT: a collection of nine FFTs behind one interface.
 *
 * Natural call: `new webfft(n)`, once `profile()` to find the fastest of its sub-libraries, then `fft(x)`, which returns a
 * new interleaved Float32Array at every call (there is no way to give it an output, so the allocation counts).
 * `profile()` itself keeps its choice, without the size, in localStorage, which would outlive this run: the same
 * choice is made here instead, for each size, in the same way, and the winner is named. Its `fftr` transforms a complex
 * vector of twice the size and is not shown.
 */
import WebFFT from "webfft";
import type { Subject } from "../lib/measure.ts";
import { fourierProblem } from "../lib/problem.ts";
import type { AvailablePeer, Peer } from "./peer.ts";

interface Transform {
  fft(x: Float32Array): Float32Array;
  availableSubLibraries(): string[];
  dispose(): void;
}

const Constructor = WebFFT as unknown as new (
  n: number,
  subLibrary?: string,
  useProfile?: boolean,
) => Transform;

/** Calls per millisecond of one sub-library, warmed up, as its own `profile` measures it. */
function speed(fft: Transform, x: Float32Array): number {
  let calls = 0;
  let start = performance.now();
  while (performance.now() - start < 15) fft.fft(x);
  start = performance.now();
  for (; performance.now() - start < 15; calls++) fft.fft(x);
  return calls / (performance.now() - start);
}

function fastest(n: number, x: Float32Array): string {
  let best = "";
  let bestSpeed = 0;
  for (const name of new Constructor(n, "indutnyJavascript", false).availableSubLibraries()) {
    try {
      const fft = new Constructor(n, name, false);
      const s = speed(fft, x);
      if (s > bestSpeed) [best, bestSpeed] = [name, s];
      fft.dispose();
    } catch {
      // Some sub-libraries run out of their fixed memory at large sizes: they are then no candidates.
    }
  }
  return best;
}

function subjects(n: number, batch: number): Subject[] {
  const problem = fourierProblem(n, batch, "complex");
  const rows = [...Array(batch).keys()];
  const inputs = rows.map((r) => problem.x.slice(r * 2 * n, (r + 1) * 2 * n));
  const winner = fastest(n, inputs[0]);
  const fft = new Constructor(n, winner, false);
  const outputs: Float32Array[] = rows.map(() => new Float32Array(2 * n));
  const run = (): void => {
    for (let r = 0; r < batch; r++) outputs[r] = fft.fft(inputs[r]);
  };
  const name = `webfft (${winner})`;
  return [{
    name: "webfft",
    group: "complex transforms",
    n,
    batch,
    run,
    verify(): void {
      rows.forEach((r) => outputs[r] = new Float32Array(2 * n));
      run();
      problem.check(name, outputs.flatMap((y) => Array.from(y)));
    },
    dispose: () => fft.dispose(),
  }];
}

/** WebFFT 1. */
export const webfft: Peer = {
  name: "webfft",
  kind: "js",
  load: (): Promise<AvailablePeer> =>
    Promise.resolve({
      available: true,
      note: `best of ${
        new Constructor(64).availableSubLibraries().length
      } sub-libraries, chosen at each size`,
      create: (n, batch = 1) => Promise.resolve(n >= 4 && n <= 131072 ? subjects(n, batch) : []),
    }),
};
