/**
 * The largest singular values of an operator, from a random sketch of its range.
 *
 * @module
 */
import { adjointProduct, product } from "./product.ts";
import type { LinearMap, Vector } from "../types.ts";
import { orthonormalBasis, timesBlock } from "./block.ts";
import { randomVector, shapeOf, unitOf } from "./check.ts";
import { countOf, type IterationOptions, toleranceOf, Watch } from "./iteration.ts";
import { columnsOf } from "./lanczos.ts";
import { adjointMatrix, columnsMatrix, matrixOf, transposeMatrix } from "./matrix.ts";
import { type SVD, svd } from "./svd.ts";
import { norm } from "./vectors.ts";
import { Random } from "../../program/random.ts";

/** Options of {@link randomSvd}. */
export interface RandomSvdOptions extends Omit<IterationOptions, "maxIterations"> {
  /** Vectors in the sketch beyond the rank; 10 if not given. */
  readonly oversampling?: number;
  /** Products with A·Aᴴ at most; 20 if not given. 0 trusts the sketch. */
  readonly powerIterations?: number;
}

/** The singular values, and how good they are. */
export interface RandomSvdResult extends SVD {
  /** The largest ‖A·v − σ·u‖ and ‖Aᴴ·u − σ·v‖ of all triples, relative to the largest σ. */
  readonly residual: number;
  /** Whether the residual met the tolerance. */
  readonly converged: boolean;
  /** Products with A·Aᴴ. */
  readonly iterations: number;
}

/**
 * The k largest singular values of an operator of any shape (Halko, Martinsson, Tropp 2011): a random sketch of its
 * range, made better by power iterations with orthonormal bases in between. The sketch consists of vectors that A is
 * applied to, of `cols` entries; its image has `rows`.
 *
 * It stops when the residual of all triples is within the tolerance (1e-8 if not given), relative to the largest
 * singular value. Power iterations converge as (σ_{l+1}/σ_k)², l being k and the oversampling.
 *
 * @throws RangeError if k is not a whole number from 1 to min(rows, cols), or NaN comes up.
 */
export function randomSvd(map: LinearMap, k: number, options: RandomSvdOptions = {}): RandomSvdResult {
  const what = `find ${k} singular values of a ${shapeOf(map)} operator`,
    { rows, cols } = map,
    unit = unitOf(map);
  const most = Math.min(rows, cols);
  if (!Number.isInteger(k) || k < 1 || k > most) {
    throw new RangeError(`Cannot ${what}: k must be a whole number from 1 to ${most}`);
  }
  const width = Math.min(most, k + countOf(what, "oversampling", options.oversampling, 10));
  const limit = countOf(what, "powerIterations", options.powerIterations, 20);
  const tolerance = toleranceOf(what, options, 1e-8), watch = new Watch(what, options);
  const sketch = randomVector(width * cols * unit, new Random(options.seed ?? 0));
  let basis = orthonormalBasis(unit, rows, finite(watch, product(map, sketch)));
  for (let iterations = 0;; iterations++) {
    // B = QᴴA: its adjoint has the columns Aᴴ·q.
    const image = finite(watch, adjointProduct(map, basis)), l = basis.length / (rows * unit);
    if (l === 0) return zero(map, k, iterations);
    const small = svd(adjointMatrix(columnsMatrix(unit, cols, l, image)));
    const found = Math.min(k, l), S = small.S.slice(0, found), keep = Array.from(S.keys());
    const U = timesBlock(unit, rows, basis, columnsOf(small.U, keep));
    const V = columnsOf(small.V, keep), right = transposeMatrix(V).values;
    const residual = residualOfTriples(map, U, S, right);
    watch.step(residual);
    const converged = residual <= tolerance;
    if (converged || iterations >= limit) {
      const result = { U: columnsMatrix(unit, rows, found, U), S, V };
      return found === k
        ? { ...result, residual, converged, iterations }
        : { ...padded(map, k, result), residual, converged, iterations };
    }
    const again = orthonormalBasis(unit, cols, image);
    basis = orthonormalBasis(unit, rows, finite(watch, product(map, again)));
  }
}

function finite(watch: Watch, x: Vector): Vector {
  for (const value of x) watch.finite(value);
  return x;
}

/** The largest ‖A·v − σ·u‖ and ‖Aᴴ·u − σ·v‖ over the largest σ. */
function residualOfTriples(map: LinearMap, U: Vector, S: Float64Array, V: Vector): number {
  const k = S.length, left = product(map, V), right = adjointProduct(map, U);
  let worst = 0;
  for (const [x, y, length] of [[left, U, U.length / k], [right, V, V.length / k]] as const) {
    for (let j = 0; j < k; j++) {
      for (let i = j * length; i < (j + 1) * length; i++) x[i] -= S[j] * y[i];
      worst = Math.max(worst, norm(x, j * length, length));
    }
  }
  return S[0] === 0 ? 0 : worst / S[0];
}

/** The operator is zero. */
function zero(map: LinearMap, k: number, iterations: number): RandomSvdResult {
  const none = {
    U: matrixOf(map.rows, 0, map.field),
    S: new Float64Array(0),
    V: matrixOf(map.cols, 0, map.field),
  };
  return { ...padded(map, k, none), residual: 0, converged: true, iterations };
}

/** Completes the triples of an operator of smaller rank with singular values 0 and any orthonormal vectors. */
function padded({ rows, cols, field }: LinearMap, k: number, { U, S, V }: SVD): SVD {
  const unit = field === "complex" ? 2 : 1, random = new Random(1), values = new Float64Array(k);
  values.set(S);
  const complete = (n: number, known: Vector): SVD["U"] => {
    const more = k - S.length, next = orthonormalBasis(unit, n, randomVector(more * n * unit, random), known);
    const all = new Float64Array(k * n * unit);
    all.set(known);
    all.set(next, known.length);
    return columnsMatrix(unit, n, k, all);
  };
  return {
    U: complete(rows, transposeMatrix(U).values),
    S: values,
    V: complete(cols, transposeMatrix(V).values),
  };
}
