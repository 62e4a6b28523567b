/**
 * A few eigenvalues of a Hermitian operator, by Lanczos.
 *
 * @module
 */
import { product } from "./product.ts";
import type { LinearMap, Matrix, Vector } from "../types.ts";
import { gramian, orthonormalBasis, timesBlock } from "./block.ts";
import { checkVectors, probeHermitian, randomVector, shapeOf, unitOf } from "./check.ts";
import {
  checkEigen,
  type EigenOptions,
  type EigenResult,
  ordered,
  precedes,
  type Which,
} from "./eigen_options.ts";
import { eigh } from "./eigh.ts";
import { Watch } from "./iteration.ts";
import { Krylov } from "./krylov.ts";
import { columnsMatrix, hermitianPart, matrixOf } from "./matrix.ts";
import { norm, type Unit } from "./vectors.ts";
import { Random } from "../../program/random.ts";

/**
 * The k first eigenvalues of a Hermitian operator, and orthonormal eigenvectors, by Lanczos' process with thick
 * restarts (Wu and Simon 2000) and full reorthogonalisation.
 *
 * One sequence of Krylov spaces finds one vector of a multiple eigenvalue only. So what was found is locked, and the
 * search is repeated in what is orthogonal to it until nothing better turns up.
 *
 * It has converged when ‖A·v − λ·v‖ ≤ tolerance·‖A‖ for all of them (1e-10 if not given), with the largest eigenvalue
 * that was seen as ‖A‖. Eigenvalues inside the spectrum ("smallest-magnitude") converge slowly; those of an inverse,
 * "largest-magnitude", converge fast.
 *
 * @throws RangeError if the operator is not Hermitian, as far as a probe shows, or gives NaN.
 *
 * @example
 * ```ts
 * import { algorithms } from "@papillon/papillon/linalg";
 * const { lanczos, matrixMap } = algorithms;
 * const A = matrixMap({ rows: 3, cols: 3, field: "real", values: Float64Array.of(-3, 0, 0, 0, 2, 0, 0, 0, 1) });
 * console.assert(Math.abs(lanczos(A, { k: 1, which: "largest-magnitude" }).values[0] + 3) < 1e-12);
 * console.assert(Math.abs(lanczos(A, { k: 1, which: "largest" }).values[0] - 2) < 1e-12);
 * ```
 */
export function lanczos(map: LinearMap, options: EigenOptions = {}): EigenResult {
  const what = `find eigenvalues of a ${shapeOf(map)} Hermitian operator`, unit = unitOf(map), n = map.cols;
  probeHermitian(what, map, options.seed);
  const { k, which, basis, tolerance, maxIterations } = checkEigen(what, n, options);
  if (options.x0) checkVectors(what, "x0", options.x0, n, unit, 1);
  const watch = new Watch(what, options), random = new Random(options.seed ?? 0);
  const search: Search = { map, unit, n, which, tolerance, maxIterations, watch, random, seen: 0 };
  const first = options.x0 ? new Float64Array(options.x0) : randomVector(n * unit, random);
  let best = restarted(search, k, basis, first, new Float64Array(0));
  // More of the same eigenvalue, or any that hid from the first vector.
  while (best.converged && best.values.length < n) {
    const left = n - k, size = Math.min(left, Math.max(basis - k, 20));
    const next = restarted(search, 1, size, randomVector(n * unit, random), best.vectors);
    if (!next.converged) {
      best = { ...best, converged: false };
      break;
    }
    const slack = 10 * tolerance * search.seen;
    if (!precedes(which, next.values[0], best.values[k - 1], slack)) break;
    best = merged(search, k, best, next);
  }
  return finished(search, best);
}

/** What stays the same while it searches. */
interface Search {
  readonly map: LinearMap;
  readonly unit: Unit;
  readonly n: number;
  readonly which: Which;
  readonly tolerance: number;
  readonly maxIterations: number;
  readonly watch: Watch;
  readonly random: Random;
  /** The largest |eigenvalue| that was seen. */
  seen: number;
}

/** Eigenvalues and their vectors, one after another. */
interface Pairs {
  readonly values: Float64Array;
  readonly vectors: Vector;
  readonly converged: boolean;
}

/** The k first eigenvalues in what is orthogonal to some vectors. */
function restarted(search: Search, k: number, limit: number, x: Vector, locked: Vector): Pairs {
  const { map, unit, n, which, tolerance, maxIterations, watch, random } = search;
  const krylov = new Krylov(map, Math.max(limit, Math.min(n, k + 1)), locked), length = n * unit;
  if (krylov.start(x) === 0) krylov.refresh(random);
  for (;;) {
    let full = false;
    while (krylov.steps < krylov.limit && !full) {
      watch.finite(krylov.step());
      if (krylov.rest === 0) full = !krylov.refresh(random);
    }
    const { steps, rest } = krylov, H = hermitianPart(krylov.square()), { values, vectors } = eigh(H);
    for (const value of values) search.seen = Math.max(search.seen, Math.abs(value));
    const order = ordered(which, values);
    const errors = order.map((j) => rest * norm(vectors.values, ((steps - 1) * steps + j) * unit, unit));
    const wanted = Math.min(k, steps), worst = Math.max(0, ...errors.slice(0, wanted));
    const residual = search.seen === 0 ? 0 : worst / search.seen;
    watch.step(residual);
    const done = full || residual <= tolerance;
    const spent = watch.history.length * (krylov.limit - k) >= maxIterations;
    if (done || spent) {
      const keep = order.slice(0, wanted);
      return {
        values: Float64Array.from(keep, (j) => values[j]),
        vectors: timesBlock(unit, n, krylov.basis.subarray(0, steps * length), columnsOf(vectors, keep)),
        converged: done,
      };
    }
    // The restart keeps what is wanted and half of the room besides.
    const keep = order.slice(0, Math.min(steps - 1, k + Math.floor((steps - k) / 2)));
    const kept = timesBlock(unit, n, krylov.basis.subarray(0, steps * length), columnsOf(vectors, keep));
    const next = krylov.basis.slice(steps * length, (steps + 1) * length);
    krylov.basis.set(kept);
    krylov.basis.set(next, kept.length);
    krylov.coefficients.fill(0);
    for (const [to, j] of keep.entries()) {
      krylov.coefficients[(to * krylov.limit + to) * unit] = values[j];
      for (let u = 0; u < unit; u++) {
        const last = vectors.values[((steps - 1) * steps + j) * unit + u];
        krylov.coefficients[(keep.length * krylov.limit + to) * unit + u] = rest * last;
      }
    }
    krylov.steps = keep.length;
    if (rest === 0) krylov.refresh(random);
  }
}

/** Some columns of a matrix, in a new order. */
export function columnsOf({ rows, cols, field, values }: Matrix, which: readonly number[]): Matrix {
  const out = matrixOf(rows, which.length, field), unit = field === "complex" ? 2 : 1;
  for (let i = 0; i < rows; i++) {
    for (const [to, j] of which.entries()) {
      const from = (i * cols + j) * unit;
      out.values.set(values.subarray(from, from + unit), (i * which.length + to) * unit);
    }
  }
  return out;
}

/** The k best of both. */
function merged({ unit, n, which, map }: Search, k: number, a: Pairs, b: Pairs): Pairs {
  const all = new Float64Array(a.vectors.length + b.vectors.length);
  all.set(a.vectors);
  all.set(b.vectors, a.vectors.length);
  const basis = orthonormalBasis(unit, n, all);
  const small = eigh(hermitianPart(gramian(unit, n, basis, product(map, basis))));
  const order = ordered(which, small.values).slice(0, k);
  return {
    values: Float64Array.from(order, (j) => small.values[j]),
    vectors: timesBlock(unit, n, basis, columnsOf(small.vectors, order)),
    converged: true,
  };
}

/** Residuals calculated anew. */
function finished({ map, unit, n, tolerance, watch, seen }: Search, pairs: Pairs): EigenResult {
  const k = pairs.values.length, length = n * unit, products = product(map, pairs.vectors);
  const residuals = new Float64Array(k);
  for (let j = 0; j < k; j++) {
    for (let i = j * length; i < (j + 1) * length; i++) products[i] -= pairs.values[j] * pairs.vectors[i];
    residuals[j] = norm(products, j * length, length);
  }
  const worst = Math.max(0, ...residuals), residual = worst === 0 ? 0 : worst / seen;
  watch.finite(residual);
  // Of eigenvalues that rounding separates from their vectors, more than the tolerance cannot be asked.
  const converged = pairs.converged && residual <= Math.max(tolerance, n * 2 ** -50);
  return {
    values: new Float64Array(pairs.values),
    vectors: columnsMatrix(unit, n, k, pairs.vectors),
    residuals,
    converged,
    iterations: watch.history.length,
    residual,
    history: watch.history,
    reason: converged
      ? `all residuals are within the tolerance`
      : `no convergence in ${watch.history.length} restarts, the largest relative residual is ${
        residual.toExponential(1)
      }`,
  };
}
