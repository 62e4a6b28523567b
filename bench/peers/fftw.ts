/**
 * FFTW, single precision, one thread, machine code through Deno's foreign function interface.
 *
 * Natural call: `fftwf_execute(plan)`, planned once (FFTW_PATIENT) for fixed buffers on 64-byte boundaries, out of place,
 * interleaved; a batch is one `fftwf_plan_many_*` plan, so that FFTW may use it. One FFI call with one pointer (some 6 ns)
 * is part of each figure; its cost is measured beside it. Nothing is copied or converted. Real input gives n/2 + 1 bins.
 *
 * Distributions build FFTW for old processors too: Debian 12's says "fftw-3.3.10-sse2-avx", so it uses neither fused madds
 * nor AVX-512. PAPILLON_FFTW may name another build of libfftw3f to be measured in its place.
 */
import type { Subject } from "../lib/measure.ts";
import { fourierProblem } from "../lib/problem.ts";
import type { Field } from "../lib/reference.ts";
import { addressOf, alignedFloat32, cString, openLibrary } from "./native.ts";
import type { AvailablePeer, LoadOptions, Peer } from "./peer.ts";

const NAMES = [
  "libfftw3f.so.3",
  "libfftw3f.3.dylib",
  "/opt/homebrew/lib/libfftw3f.3.dylib",
  "libfftw3f-3.dll",
];
const HINT = "Debian and Ubuntu: apt-get install libfftw3-single3";

const PLAN_MANY = {
  // rank, n, howmany, in, inembed, istride, idist, out, onembed, ostride, odist (, sign), flags
  c2c: [
    "i32",
    "buffer",
    "i32",
    "pointer",
    "pointer",
    "i32",
    "i32",
    "pointer",
    "pointer",
    "i32",
    "i32",
    "i32",
    "u32",
  ],
  r2c: [
    "i32",
    "buffer",
    "i32",
    "pointer",
    "pointer",
    "i32",
    "i32",
    "pointer",
    "pointer",
    "i32",
    "i32",
    "u32",
  ],
} as const;

const SYMBOLS = {
  fftwf_plan_many_dft: { parameters: PLAN_MANY.c2c, result: "pointer" },
  fftwf_plan_many_dft_r2c: { parameters: PLAN_MANY.r2c, result: "pointer" },
  fftwf_execute: { parameters: ["pointer"], result: "void" },
  fftwf_destroy_plan: { parameters: ["pointer"], result: "void" },
  fftwf_set_timelimit: { parameters: ["f64"], result: "void" },
  fftwf_alignment_of: { parameters: ["pointer"], result: "i32" },
  // A character array: Deno gives its address.
  fftwf_version: { type: "pointer" },
} as const;

const FFTW_FORWARD = -1;
const FFTW_MEASURE = 0;
const FFTW_PATIENT = 32;

/** Seconds that one plan may take: more than any needs on an idle machine (PATIENT, one vector of 16384: 4 s). */
const PLANNING_LIMIT = 60;

/** Batches of more numbers are planned with MEASURE: PATIENT would take most of a minute for 64 vectors of 16384. */
const MOST_PATIENT = 2 ** 18;

type Symbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

function subject(fftw: Symbols, n: number, batch: number, field: Field, quick: boolean): Subject {
  const problem = fourierProblem(n, batch, field);
  const name = field === "real" ? "FFTW r2c" : "FFTW c2c";
  const bins = field === "real" ? n / 2 + 1 : n;
  const input = alignedFloat32(problem.x.length);
  // Rows of n/2 + 1 bins would start on odd boundaries: they are laid out 16 floats apart, as FFTW's manual advises.
  const pitch = batch === 1 ? bins : Math.ceil(bins / 8) * 8;
  const output = alignedFloat32(2 * pitch * batch);
  const [from, to] = [addressOf(input), addressOf(output)];
  const flags = quick || n * batch > MOST_PATIENT ? FFTW_MEASURE : FFTW_PATIENT;
  const size = Int32Array.of(n);
  const plan = field === "real"
    ? fftw.fftwf_plan_many_dft_r2c(1, size, batch, from, null, 1, n, to, null, 1, pitch, flags)
    : fftw.fftwf_plan_many_dft(1, size, batch, from, null, 1, n, to, null, 1, pitch, FFTW_FORWARD, flags);
  if (plan === null) throw new Error(`${name} has no plan for n = ${n}, batch ${batch}`);
  // Planning tries routines on the buffers and leaves garbage in them.
  input.set(problem.x);
  const execute = fftw.fftwf_execute;
  const run = (): void => {
    execute(plan);
  };
  return {
    name,
    group: `${field} transforms`,
    n,
    batch,
    run,
    verify(): void {
      input.set(problem.x);
      output.fill(0);
      run();
      const spectra: number[] = [];
      for (let r = 0; r < batch; r++) {
        for (const value of output.subarray(2 * r * pitch, 2 * (r * pitch + bins))) spectra.push(value);
      }
      problem.check(name, spectra, bins);
    },
    dispose: () => fftw.fftwf_destroy_plan(plan),
  };
}

function load(options: LoadOptions): Promise<AvailablePeer> {
  const fftw = openLibrary("PAPILLON_FFTW", NAMES, SYMBOLS, HINT).symbols;
  fftw.fftwf_set_timelimit(PLANNING_LIMIT);
  const probe = alignedFloat32(16);
  const at = addressOf(probe);
  const quick = options.quick === true;
  const alignment = fftw.fftwf_alignment_of;
  let aligned = 0;
  return Promise.resolve({
    available: true,
    // For instance "fftw-3.3.10-sse2-avx": the instruction sets that it was built for.
    note: `${cString(fftw.fftwf_version)}, ${
      quick ? "MEASURE" : `PATIENT (MEASURE where a batch has more than ${MOST_PATIENT} numbers)`
    }, one thread`,
    create: (n, batch = 1) =>
      Promise.resolve((["complex", "real"] as const).map((field) => subject(fftw, n, batch, field, quick))),
    overhead: () => [{
      name: "FFI: one pointer (fftwf_alignment_of)",
      group: "call overhead",
      n: 1,
      batch: 1,
      run(): void {
        aligned = alignment(at);
      },
      verify(): void {
        if (aligned !== 0) {
          throw new Error(`expected an aligned buffer, got ${aligned} bytes past the boundary`);
        }
      },
    }],
  });
}

/** FFTW 3, complex (c2c) and real (r2c). */
export const fftw: Peer = { name: "FFTW", kind: "native", load };
