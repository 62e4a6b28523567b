/**
 * OpenBLAS, one thread, machine code through Deno's foreign function interface: the dense product at its best.
 *
 * Natural calls: `cblas_sgemv` (`cblas_cgemv` for complex) for a vector, `cblas_sgemm` (`cblas_cgemm`) for a batch of
 * rows, on fixed buffers at 64-byte boundaries; nothing is copied or converted. The matrix is kept by rows, and, as a
 * user who keeps weights is free to choose, by columns: compare with the faster of the two. One FFI call is part of each
 * figure; an empty one is measured beside it.
 *
 * OpenBLAS picks its kernels when it is loaded, from the processor's name; in virtual machines that it does not know it
 * falls back to those of 2004 (Prescott) and is three times too slow. So OPENBLAS_CORETYPE is set before loading, from the
 * instruction sets in /proc/cpuinfo, unless the user has set it; `note` says which kernels were really taken.
 */
import type { Subject } from "../lib/measure.ts";
import { denseFields, denseProblem } from "../lib/problem.ts";
import type { Field } from "../lib/reference.ts";
import { addressOf, alignedFloat32, cString, openLibrary } from "./native.ts";
import type { AvailablePeer, Peer } from "./peer.ts";

const NAMES = [
  "libopenblas.so.0",
  "libopenblas.0.dylib",
  "/opt/homebrew/opt/openblas/lib/libopenblas.dylib",
  "libopenblas.dll",
];
const HINT = "Debian and Ubuntu: apt-get install libopenblas0";

const SYMBOLS = {
  openblas_get_corename: { parameters: [], result: "pointer" },
  openblas_get_config: { parameters: [], result: "pointer" },
  openblas_set_num_threads: { parameters: ["i32"], result: "void" },
  openblas_get_num_threads: { parameters: [], result: "i32" },
  // order, trans, m, n, alpha, a, lda, x, incx, beta, y, incy
  cblas_sgemv: {
    parameters: [
      "i32",
      "i32",
      "i32",
      "i32",
      "f32",
      "pointer",
      "i32",
      "pointer",
      "i32",
      "f32",
      "pointer",
      "i32",
    ],
    result: "void",
  },
  cblas_cgemv: {
    parameters: [
      ...["i32", "i32", "i32", "i32"] as const,
      ...["pointer", "pointer", "i32", "pointer", "i32", "pointer", "pointer", "i32"] as const,
    ],
    result: "void",
  },
  // order, transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc
  cblas_sgemm: {
    parameters: [
      ...["i32", "i32", "i32", "i32", "i32", "i32"] as const,
      ...["f32", "pointer", "i32", "pointer", "i32", "f32", "pointer", "i32"] as const,
    ],
    result: "void",
  },
  cblas_cgemm: {
    parameters: [
      ...["i32", "i32", "i32", "i32", "i32", "i32"] as const,
      ...["pointer", "pointer", "i32", "pointer", "i32", "pointer", "pointer", "i32"] as const,
    ],
    result: "void",
  },
} as const;

const ROW_MAJOR = 101;
const NO_TRANS = 111;
const TRANS = 112;

type Symbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/**
 * The OpenBLAS core type for the processor at hand, or undefined where its own detection is to be trusted.
 *
 * @param cpuinfo the text of /proc/cpuinfo.
 */
export function coreType(cpuinfo: string): string | undefined {
  const flags = new Set(/^flags\s*:(.*)$/m.exec(cpuinfo)?.[1].trim().split(/\s+/) ?? []);
  const vendor = /^vendor_id\s*:\s*(\S+)/m.exec(cpuinfo)?.[1];
  if (!flags.has("avx2") || !flags.has("fma")) return undefined;
  // Zen 4 has AVX-512, but on it the Zen kernels are as fast for sgemv and a quarter faster for sgemm than SkylakeX's.
  if (vendor === "AuthenticAMD" || vendor === "HygonGenuine") return "Zen";
  if (flags.has("amx_tile") || flags.has("avx512_fp16")) return "SapphireRapids";
  if (flags.has("avx512_bf16")) return "Cooperlake";
  if (["avx512f", "avx512bw", "avx512dq", "avx512vl"].every((flag) => flags.has(flag))) return "SkylakeX";
  return "Haswell";
}

/** Sets the environment that OpenBLAS reads while it is loaded; returns the core type asked for. */
function prepareEnvironment(): string | undefined {
  let wanted = Deno.env.get("OPENBLAS_CORETYPE");
  if (wanted === undefined && Deno.build.os === "linux") {
    try {
      wanted = coreType(Deno.readTextFileSync("/proc/cpuinfo"));
    } catch {
      // Without permission to read it, or without /proc: OpenBLAS decides, and the note shows how.
    }
    if (wanted !== undefined) Deno.env.set("OPENBLAS_CORETYPE", wanted);
  }
  // Otherwise it starts one thread for each processor while it is loaded.
  Deno.env.set("OPENBLAS_NUM_THREADS", "1");
  return wanted;
}

function aligned(values: Float32Array): Float32Array<ArrayBuffer> {
  const copy = alignedFloat32(values.length);
  copy.set(values);
  return copy;
}

/** The same matrix by columns. */
function byColumns(matrix: Float32Array, n: number, width: number): Float32Array {
  const out = new Float32Array(matrix.length);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      for (let part = 0; part < width; part++) {
        out[(j * n + i) * width + part] = matrix[(i * n + j) * width + part];
      }
    }
  }
  return out;
}

function subject(blas: Symbols, n: number, batch: number, field: Field, columns: boolean): Subject {
  const problem = denseProblem(n, batch, field);
  const width = field === "complex" ? 2 : 1;
  const a = aligned(columns ? byColumns(problem.matrix, n, width) : problem.matrix);
  const x = aligned(problem.x);
  const y = alignedFloat32(problem.x.length);
  const one = aligned(Float32Array.of(1, 0));
  const zero = aligned(Float32Array.of(0, 0));
  const [pa, px, py, p1, p0] = [a, x, y, one, zero].map(addressOf);
  const { cblas_sgemv: sgemv, cblas_cgemv: cgemv, cblas_sgemm: sgemm, cblas_cgemm: cgemm } = blas;
  const vectorTrans = columns ? TRANS : NO_TRANS;
  // Y = X·Aᵀ: A by rows is used transposed, A by columns (the array of Aᵀ) as it is.
  const batchTrans = columns ? NO_TRANS : TRANS;
  const calls = {
    "real vector": (): void => sgemv(ROW_MAJOR, vectorTrans, n, n, 1, pa, n, px, 1, 0, py, 1),
    "complex vector": (): void => cgemv(ROW_MAJOR, vectorTrans, n, n, p1, pa, n, px, 1, p0, py, 1),
    "real batch": (): void => sgemm(ROW_MAJOR, NO_TRANS, batchTrans, batch, n, n, 1, px, n, pa, n, 0, py, n),
    "complex batch": (): void =>
      cgemm(ROW_MAJOR, NO_TRANS, batchTrans, batch, n, n, p1, px, n, pa, n, p0, py, n),
  };
  const run = calls[`${field} ${batch === 1 ? "vector" : "batch"}`];
  const routine = (field === "real" ? "s" : "c") + (batch === 1 ? "gemv" : "gemm");
  const name = `OpenBLAS ${routine}, ${columns ? "columns" : "rows"}`;
  // Native code holds only the addresses: the subject itself keeps the arrays alive until it is disposed of.
  const owned = [a, x, one, zero];
  return {
    name,
    group: `${field} dense products`,
    n,
    batch,
    run,
    verify(): void {
      y.fill(NaN);
      run();
      problem.check(name, y);
    },
    dispose(): void {
      owned.length = 0;
    },
  };
}

function load(): Promise<AvailablePeer> {
  const wanted = prepareEnvironment();
  const blas = openLibrary("PAPILLON_OPENBLAS", NAMES, SYMBOLS, HINT).symbols;
  blas.openblas_set_num_threads(1);
  const core = cString(blas.openblas_get_corename());
  const version = /OpenBLAS \S+/.exec(cString(blas.openblas_get_config()))?.[0] ?? "OpenBLAS";
  const doubt = core === "Prescott" || core === "generic"
    ? "; these are kernels of an old processor, too slow here"
    : "";
  const asked = wanted === undefined || wanted === core ? "" : ` (asked for ${wanted})`;
  const threads = blas.openblas_get_num_threads;
  let count = 1;
  return Promise.resolve({
    available: true,
    note: `${version}, ${threads()} thread, ${core} kernels${asked}${doubt}`,
    create(n, batch = 1): Promise<Subject[]> {
      return Promise.resolve(
        denseFields(n).flatMap((field) =>
          [false, true].map((columns) => subject(blas, n, batch, field, columns))
        ),
      );
    },
    overhead: () => [{
      name: "FFI: empty call (openblas_get_num_threads)",
      group: "call overhead",
      n: 1,
      batch: 1,
      run(): void {
        count = threads();
      },
      verify(): void {
        if (count !== 1) throw new Error(`expected 1 thread, got ${count}`);
      },
    }],
  });
}

/** OpenBLAS, real and complex. */
export const openblas: Peer = { name: "OpenBLAS", kind: "native", load };
