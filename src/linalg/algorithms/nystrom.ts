/**
 * Nyström's approximation of positive semidefinite operators, and preconditioning with it.
 *
 * @module
 */
import { product } from "./product.ts";
import type { LinearMap, Matrix, Vector } from "../types.ts";
import { gramian, orthonormalBasis } from "./block.ts";
import { checkVectors, probeHermitian, randomVector, shapeOf, unitOf } from "./check.ts";
import { cholesky } from "./cholesky.ts";
import { countOf, type IterationOptions, Watch } from "./iteration.ts";
import { columnsMatrix, hermitianPart, transposeMatrix } from "./matrix.ts";
import { svd } from "./svd.ts";
import { substitute } from "./triangular.ts";
import { axpy, dot, norm, type Unit } from "./vectors.ts";
import { Random } from "../../program/random.ts";

/** A ≈ U·diag(values)·Uᴴ. */
export interface Nystrom {
  /** n × rank, with orthonormal columns. */
  readonly U: Matrix;
  /** Not negative, the largest first. */
  readonly values: Float64Array<ArrayBuffer>;
}

/**
 * The randomised Nyström approximation of a positive semidefinite operator from `rank` products, A·Ω·(ΩᴴAΩ)⁺·(AΩ)ᴴ,
 * with a tiny shift for stability (Frangella, Tropp, Udell 2021, algorithm 2.1).
 *
 * @throws RangeError if the operator is not Hermitian, as far as a probe shows, or turns out not to be positive
 * semidefinite, or gives NaN.
 */
export function nystrom(
  map: LinearMap,
  rank: number,
  options: Pick<IterationOptions, "seed" | "signal"> = {},
): Nystrom {
  const what = `approximate a ${shapeOf(map)} operator by Nyström's method`, n = map.rows, unit = unitOf(map);
  countOf(what, "rank", rank, 1, 1);
  probeHermitian(what, map, options.seed);
  const watch = new Watch(what, options), random = new Random(options.seed ?? 0);
  const sketch = orthonormalBasis(unit, n, randomVector(Math.min(n, rank) * n * unit, random));
  const y = product(map, sketch), size = norm(y), count = sketch.length / (n * unit);
  watch.finite(size);
  // The shift makes the small matrix positive definite beyond rounding; it is taken away in the end.
  const shift = Math.sqrt(n) * 2 ** -52 * (size || 1);
  for (let i = 0; i < y.length; i++) y[i] += shift * sketch[i];
  let L: Matrix;
  try {
    L = cholesky(hermitianPart(gramian(unit, n, sketch, y))).L;
  } catch {
    throw new RangeError(`Cannot ${what}: it is not positive semidefinite`);
  }
  // Y·L⁻ᴴ, row by row: a row r solves conj(L)·xᵀ = rᵀ, so the conjugate of it does with L.
  const rows = columnsMatrix(unit, n, count, y), { values } = rows;
  conjugate(unit, values);
  for (let i = 0; i < n; i++) {
    substitute(unit, count, L.values, values, i * count * unit, { triangle: "lower" });
  }
  conjugate(unit, values);
  const { U, S } = svd(rows);
  return { U, values: S.map((s) => Math.max(0, s * s - shift)) };
}

function conjugate(unit: Unit, x: Vector): void {
  if (unit === 2) { for (let i = 1; i < x.length; i += 2) x[i] = -x[i]; }
}

/**
 * A preconditioner for (A + µ·I)·x = b from a Nyström approximation of A (same paper, section 5): it evens out the
 * eigenvalues that the approximation has found, and leaves the rest as it is. µ may be 0 if the approximation has no
 * eigenvalue 0.
 *
 * @throws RangeError if µ is negative, or the smallest eigenvalue of the approximation plus µ is not positive.
 */
export function nystromPreconditioner({ U, values }: Nystrom, mu: number): LinearMap {
  const what = "make a Nyström preconditioner", n = U.rows, rank = values.length, unit = unitOf(U);
  const last = values[rank - 1] + mu;
  if (!(mu >= 0 && last > 0 && last < Infinity)) {
    throw new RangeError(
      `Cannot ${what}: the shift is ${mu}, the smallest eigenvalue ${
        values[rank - 1]
      }; their sum must be positive`,
    );
  }
  const { values: u } = transposeMatrix(U);
  const run = (x: Float64Array, out?: Vector): Vector => {
    const count = checkVectors("apply a Nyström preconditioner", "x", x, n, unit);
    out ??= new Float64Array(x.length);
    out.set(x);
    for (let c = 0; c < count; c++) {
      for (let j = 0; j < rank; j++) {
        const [re, im] = dot(unit, n, u, j * n * unit, x, c * n * unit), w = last / (values[j] + mu) - 1;
        axpy(unit, n, [w * re, w * im], u, j * n * unit, out, c * n * unit);
      }
    }
    return out;
  };
  return { rows: n, cols: n, field: U.field, apply: run, applyAdjoint: run };
}
