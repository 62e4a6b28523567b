/**
 * The dense product as a careful programmer writes it in TypeScript: Float32Arrays, rows of the matrix in order, four
 * independent sums (the engine computes in float64 and has no SIMD). For a batch, four vectors share each load of a weight.
 * Nothing is converted, out of place.
 */
import type { Subject } from "../lib/measure.ts";
import { denseFields, denseProblem } from "../lib/problem.ts";
import type { Field } from "../lib/reference.ts";
import type { AvailablePeer, Peer } from "./peer.ts";

/** Multiplications in one call: more take seconds, and teach nothing that a single vector of that size does not. */
const MOST_PRODUCTS = 2 ** 27;

/** y = A·x, real, n a multiple of 4. */
function multiplyReal(a: Float32Array, x: Float32Array, y: Float32Array, n: number): void {
  for (let i = 0; i < n; i++) {
    const at = i * n;
    let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (let j = 0; j < n; j += 4) {
      s0 += a[at + j] * x[j];
      s1 += a[at + j + 1] * x[j + 1];
      s2 += a[at + j + 2] * x[j + 2];
      s3 += a[at + j + 3] * x[j + 3];
    }
    y[i] = s0 + s1 + s2 + s3;
  }
}

/** Y = X·Aᵀ for rows of X, a multiple of 4 of them. */
function multiplyRealBatch(
  a: Float32Array,
  x: Float32Array,
  y: Float32Array,
  n: number,
  batch: number,
): void {
  for (let row = 0; row < batch; row += 4) {
    const x0 = row * n, x1 = x0 + n, x2 = x1 + n, x3 = x2 + n;
    for (let i = 0; i < n; i++) {
      const at = i * n;
      let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
      for (let j = 0; j < n; j++) {
        const w = a[at + j];
        s0 += w * x[x0 + j];
        s1 += w * x[x1 + j];
        s2 += w * x[x2 + j];
        s3 += w * x[x3 + j];
      }
      y[x0 + i] = s0;
      y[x1 + i] = s1;
      y[x2 + i] = s2;
      y[x3 + i] = s3;
    }
  }
}

/** y = A·x, complex interleaved. */
function multiplyComplex(a: Float32Array, x: Float32Array, y: Float32Array, n: number): void {
  for (let i = 0; i < n; i++) {
    const at = 2 * i * n;
    let rr = 0, ii = 0, ri = 0, ir = 0;
    for (let j = 0; j < 2 * n; j += 2) {
      const wr = a[at + j], wi = a[at + j + 1], xr = x[j], xi = x[j + 1];
      rr += wr * xr;
      ii += wi * xi;
      ri += wr * xi;
      ir += wi * xr;
    }
    y[2 * i] = rr - ii;
    y[2 * i + 1] = ri + ir;
  }
}

function subject(n: number, batch: number, field: Field): Subject {
  const problem = denseProblem(n, batch, field);
  const { matrix, x } = problem;
  const y = new Float32Array(x.length);
  const floats = x.length / batch;
  const rows = [...Array(batch).keys()];
  const inputs = rows.map((r) => x.subarray(r * floats, (r + 1) * floats));
  const outputs = rows.map((r) => y.subarray(r * floats, (r + 1) * floats));
  const one = field === "real" ? multiplyReal : multiplyComplex;
  const run = field === "real" && batch % 4 === 0
    ? (): void => multiplyRealBatch(matrix, x, y, n, batch)
    : batch === 1
    ? (): void => one(matrix, x, y, n)
    : (): void => {
      for (let r = 0; r < batch; r++) one(matrix, inputs[r], outputs[r], n);
    };
  return {
    name: "TypeScript loops",
    group: `${field} dense products`,
    n,
    batch,
    run,
    verify(): void {
      y.fill(0);
      run();
      problem.check(`TypeScript loops, ${field}`, y);
    },
  };
}

/** Dense products in plain TypeScript, real and complex. */
export const denseTs: Peer = {
  name: "TypeScript loops",
  kind: "js",
  load: (): Promise<AvailablePeer> =>
    Promise.resolve({
      available: true,
      create(n, batch = 1): Promise<Subject[]> {
        if (n % 4 !== 0 || n * n * batch > MOST_PRODUCTS) return Promise.resolve([]);
        return Promise.resolve(denseFields(n).map((field) => subject(n, batch, field)));
      },
    }),
};
