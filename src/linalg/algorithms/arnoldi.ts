/**
 * A few eigenvalues of any square operator, by Arnoldi.
 *
 * @module
 */
import { product } from "./product.ts";
import type { LinearMap, Matrix, Vector } from "../types.ts";
import { timesBlock } from "./block.ts";
import { checkSquare, checkVectors, randomVector, shapeOf, unitOf } from "./check.ts";
import { checkEigen, type EigenOptions, type EigenResult, ordered, type Which } from "./eigen_options.ts";
import { triangularVectors } from "./eig.ts";
import { Watch } from "./iteration.ts";
import { complexMap, Krylov } from "./krylov.ts";
import { columnsOf } from "./lanczos.ts";
import { columnsMatrix, matrixOf, multiply, transposeMatrix } from "./matrix.ts";
import { rotateColumns, rotateRows, rotationOf, schur } from "./schur.ts";
import { complexVector, norm, scale } from "./vectors.ts";
import { Random } from "../../program/random.ts";

/**
 * The k first eigenvalues of any square operator, with eigenvectors, by Arnoldi's process with restarts that keep the
 * wanted Schur vectors (Krylov–Schur, Stewart 2001). Values and vectors are complex, of real operators too.
 *
 * It has converged when ‖A·v − λ·v‖ ≤ tolerance·‖A‖ for all of them (1e-10 if not given), with the largest |λ| that was
 * seen as ‖A‖. A multiple eigenvalue may be found fewer times than it is there; of Hermitian operators
 * {@link lanczos} finds all.
 *
 * @throws RangeError if the operator is not square or gives NaN.
 */
export function arnoldi(map: LinearMap, options: EigenOptions = {}): EigenResult {
  const what = `find eigenvalues of a ${shapeOf(map)} operator`, n = checkSquare(what, map);
  const { k, which, basis, tolerance, maxIterations } = checkEigen(what, n, options);
  if (options.x0) checkVectors(what, "x0", options.x0, n, unitOf(map), 1);
  const watch = new Watch(what, options), random = new Random(options.seed ?? 0), lifted = complexMap(map);
  const krylov = new Krylov(lifted, Math.max(basis, Math.min(n, k + 1))), length = 2 * n;
  const first = options.x0 ? complexVector(unitOf(map), options.x0) : randomVector(length, random);
  if (krylov.start(first) === 0) krylov.refresh(random);
  let seen = 0;
  for (;;) {
    let full = false;
    while (krylov.steps < krylov.limit && !full) {
      watch.finite(krylov.step());
      if (krylov.rest === 0) full = !krylov.refresh(random);
    }
    const { steps, rest } = krylov, { T, Z } = orderedSchur(krylov.square(), which);
    for (let i = 0; i < steps; i++) seen = Math.max(seen, norm(T.values, 2 * i * (steps + 1), 2));
    const wanted = Math.min(k, steps), Y = multiply(Z, triangularVectors(T));
    let worst = 0;
    for (let j = 0; j < wanted; j++) {
      worst = Math.max(worst, rest * norm(Y.values, 2 * ((steps - 1) * steps + j), 2));
    }
    const residual = seen === 0 ? 0 : worst / seen, done = full || residual <= tolerance;
    watch.step(residual);
    if (done || watch.history.length * (krylov.limit - k) >= maxIterations) {
      const values = new Float64Array(2 * wanted);
      for (let j = 0; j < wanted; j++) {
        values.set(T.values.subarray(2 * j * (steps + 1), 2 * j * (steps + 1) + 2), 2 * j);
      }
      const keep = Array.from({ length: wanted }, (_, j) => j);
      const vectors = timesBlock(2, n, krylov.basis.subarray(0, steps * length), columnsOf(Y, keep));
      return finished(lifted, values, vectors, { watch, seen, tolerance, done });
    }
    restart(krylov, T, Z, Math.min(steps - 1, k + Math.floor((steps - k) / 2)));
    if (rest === 0) krylov.refresh(random);
  }
}

/** Keeps the first `count` Schur vectors and the vector that comes next. */
function restart(krylov: Krylov, T: Matrix, Z: Matrix, count: number): void {
  const { n, steps, rest, basis, coefficients, limit } = krylov, length = 2 * n;
  const keep = Array.from({ length: count }, (_, j) => j);
  const kept = timesBlock(2, n, basis.subarray(0, steps * length), columnsOf(Z, keep));
  const next = basis.slice(steps * length, (steps + 1) * length);
  basis.set(kept);
  basis.set(next, kept.length);
  coefficients.fill(0);
  for (let i = 0; i < count; i++) {
    coefficients.set(T.values.subarray(2 * i * steps, 2 * (i * steps + count)), 2 * i * limit);
    const last = 2 * ((steps - 1) * steps + i);
    coefficients.set([rest * Z.values[last], rest * Z.values[last + 1]], 2 * (count * limit + i));
  }
  krylov.steps = count;
}

/** A Schur form with the wanted eigenvalues first: neighbours change places by a rotation each. */
export function orderedSchur(matrix: Matrix, which: Which): { T: Matrix; Z: Matrix } {
  const form = schur(matrix), { T } = form, n = T.rows, t = T.values;
  const z = transposeMatrix(form.Z).values;
  const part = (u: number): number[] => Array.from({ length: n }, (_, i) => t[2 * i * (n + 1) + u]);
  for (let to = 0; to < n; to++) {
    const re = part(0), im = part(1);
    const best = ordered(which, re.slice(to), im.slice(to))[0] + to;
    for (let i = best - 1; i >= to; i--) {
      const a = 2 * i * (n + 1), b = 2 * (i + 1) * (n + 1);
      const turn = rotationOf([t[a + 2], t[a + 3]], [t[b] - t[a], t[b + 1] - t[a + 1]]);
      const [first, second] = [t.slice(a, a + 2), t.slice(b, b + 2)];
      rotateRows(t, n, i, i + 1, i, n, turn);
      rotateColumns(t, n, i, i + 2, turn);
      rotateRows(z, n, i, i + 1, 0, n, { c: turn.c, s: [turn.s[0], -turn.s[1]] });
      t.set(second, a);
      t.set(first, b);
      t.fill(0, b - 2, b);
    }
  }
  return { T, Z: transposeMatrix(matrixOf(n, n, "complex", z)) };
}

interface Ending {
  readonly watch: Watch;
  readonly seen: number;
  readonly tolerance: number;
  readonly done: boolean;
}

/** Vectors of norm 1, and residuals calculated anew. */
function finished(
  map: LinearMap,
  values: Vector,
  vectors: Vector,
  { watch, seen, tolerance, done }: Ending,
): EigenResult {
  const n = map.cols, k = values.length / 2, length = 2 * n, residuals = new Float64Array(k);
  for (let j = 0; j < k; j++) scale(2, n, [1 / norm(vectors, j * length, length), 0], vectors, j * length);
  const products = product(map, vectors);
  for (let j = 0; j < k; j++) {
    const [re, im] = [values[2 * j], values[2 * j + 1]];
    for (let i = j * length; i < (j + 1) * length; i += 2) {
      products[i] -= re * vectors[i] - im * vectors[i + 1];
      products[i + 1] -= re * vectors[i + 1] + im * vectors[i];
    }
    residuals[j] = norm(products, j * length, length);
  }
  const worst = Math.max(0, ...residuals), residual = worst === 0 ? 0 : worst / seen;
  watch.finite(residual);
  const converged = done && residual <= Math.max(tolerance, n * 2 ** -50);
  const iterations = watch.history.length;
  return {
    values,
    vectors: columnsMatrix(2, n, k, vectors),
    residuals,
    converged,
    iterations,
    residual,
    history: watch.history,
    reason: converged
      ? "all residuals are within the tolerance"
      : `no convergence in ${iterations} restarts, the largest relative residual is ${
        residual.toExponential(1)
      }`,
  };
}
