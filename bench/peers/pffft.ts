/**
 * pffft compiled to WebAssembly SIMD (@echogarden/pffft-wasm, its `simd` entry).
 *
 * Natural call: `_pffft_transform_ordered(setup, in, out, work, direction)` on buffers that the user has allocated in the
 * module's memory, out of place, interleaved. `_pffft_transform` leaves the spectrum in an internal order, which is
 * enough for convolutions; both are shown. Copies into and out of the module's memory are not counted: the fair
 * counterpart is papillon's zero-copy `run`. Real transforms pack the n/2 + 1 bins into n floats (bin 0 and bin n/2,
 * both real, come first). The work area is given, since without it pffft takes n floats of a 64 KiB stack.
 */
import PFFFT from "@echogarden/pffft-wasm/simd";
import type { Subject } from "../lib/measure.ts";
import { fourierProblem } from "../lib/problem.ts";
import type { AvailablePeer, Peer } from "./peer.ts";

type Transform = (setup: number, input: number, output: number, work: number, direction: number) => void;

interface PffftModule {
  readonly HEAPF32: Float32Array;
  _pffft_simd_size(): number;
  _pffft_new_setup(n: number, kind: number): number;
  _pffft_destroy_setup(setup: number): void;
  _pffft_aligned_malloc(bytes: number): number;
  _pffft_aligned_free(pointer: number): void;
  readonly _pffft_transform: Transform;
  readonly _pffft_transform_ordered: Transform;
  _pffft_zreorder(setup: number, input: number, output: number, direction: number): void;
}

const REAL = 0;
const COMPLEX = 1;
const FORWARD = 0;

/** Brings pffft's packed real spectrum into n/2 + 1 interleaved bins. */
function unpackReal(y: Float32Array, n: number): number[] {
  return [y[0], 0, ...y.subarray(2, n), y[1], 0];
}

function subject(module: PffftModule, n: number, batch: number, kind: number, ordered: boolean): Subject {
  const field = kind === REAL ? "real" : "complex";
  const floats = kind === REAL ? n : 2 * n;
  const problem = fourierProblem(n, batch, field);
  const name = `pffft-wasm simd, ${ordered ? "ordered" : "unordered"}`;
  const setup = module._pffft_new_setup(n, kind);
  const input = module._pffft_aligned_malloc(4 * floats * batch);
  const output = module._pffft_aligned_malloc(4 * floats * batch);
  const work = module._pffft_aligned_malloc(4 * floats);
  const transform = ordered ? module._pffft_transform_ordered : module._pffft_transform;
  const rowBytes = 4 * floats;
  const run = (): void => {
    for (let r = 0; r < batch; r++) {
      transform(setup, input + r * rowBytes, output + r * rowBytes, work, FORWARD);
    }
  };
  // The view is fetched anew each time: growing the memory detaches it.
  const row = (r: number): Float32Array =>
    module.HEAPF32.subarray(output / 4 + r * floats).subarray(0, floats);
  return {
    name,
    group: `${field} transforms`,
    n,
    batch,
    run,
    verify(): void {
      module.HEAPF32.set(problem.x, input / 4);
      module.HEAPF32.fill(0, output / 4, output / 4 + floats * batch);
      run();
      const spectra: number[] = [];
      for (let r = 0; r < batch; r++) {
        let y = row(r).slice();
        if (!ordered) {
          module._pffft_zreorder(setup, output + r * rowBytes, work, FORWARD);
          y = module.HEAPF32.slice(work / 4, work / 4 + floats);
        }
        for (const value of kind === REAL ? unpackReal(y, n) : y) spectra.push(value);
      }
      problem.check(name, spectra, kind === REAL ? n / 2 + 1 : n);
    },
    dispose(): void {
      module._pffft_destroy_setup(setup);
      for (const pointer of [input, output, work]) module._pffft_aligned_free(pointer);
    },
  };
}

async function load(): Promise<AvailablePeer> {
  const module = await (PFFFT as unknown as () => Promise<PffftModule>)();
  // `_pffft_transform` is replaced by the bare export on its first call: call both once, then read them.
  const setup = module._pffft_new_setup(32, COMPLEX);
  const scratch = module._pffft_aligned_malloc(4 * 64 * 3);
  for (const transform of [module._pffft_transform, module._pffft_transform_ordered]) {
    transform(setup, scratch, scratch + 256, scratch + 512, FORWARD);
  }
  module._pffft_aligned_free(scratch);
  module._pffft_destroy_setup(setup);
  let width = module._pffft_simd_size();
  if (width !== 4) throw new Error(`expected the 4-lane build of pffft, got ${width} lanes`);
  const empty = module._pffft_simd_size;
  return {
    available: true,
    create(n, batch = 1): Promise<Subject[]> {
      // The smallest sizes of its 4-lane kernels: 16 complex, 32 real.
      const kinds = [...(n >= 16 ? [COMPLEX] : []), ...(n >= 32 ? [REAL] : [])];
      return Promise.resolve(
        kinds.flatMap((kind) => [true, false].map((ordered) => subject(module, n, batch, kind, ordered))),
      );
    },
    overhead: () => [{
      name: "Wasm: empty call (pffft_simd_size)",
      group: "call overhead",
      n: 1,
      batch: 1,
      run(): void {
        width = empty();
      },
      verify(): void {
        if (width !== 4) throw new Error(`expected 4 lanes, got ${width}`);
      },
    }],
  };
}

/** pffft in WebAssembly. */
export const pffft: Peer = { name: "pffft-wasm", kind: "wasm", load };
